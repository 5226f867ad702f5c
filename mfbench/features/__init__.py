"""One feature path for training and serving."""
