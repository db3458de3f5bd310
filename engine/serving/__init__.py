"""What Convoke offers to other machines: the warehouse over Arrow Flight."""
