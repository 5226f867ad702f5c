"""A run as a page, as a comment, as a comparison: made from values alone."""
