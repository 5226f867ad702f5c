"""Questions, answered before anything else goes on."""
