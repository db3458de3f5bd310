"""The numbers beside the canvas."""
