"""Whether a warehouse and its model are sound, and what a model for a warehouse could be."""
