"""start_run and log_*: what people call from their own scripts."""
