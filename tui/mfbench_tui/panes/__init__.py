"""What the number keys open."""
