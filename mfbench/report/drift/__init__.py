"""Reports on drift and its audit: the same findings as words, as a page, as a comment."""
