"""Where a worker runs. An executor sees a JobSpec, never the store."""
