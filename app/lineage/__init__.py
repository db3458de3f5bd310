"""Where numbers come from: columns, traits, events, audiences, destinations and what depends on what."""
