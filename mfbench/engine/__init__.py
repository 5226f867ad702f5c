"""The driver: plan, cache, gates, registration."""
