"""What can be dragged onto the canvas."""
