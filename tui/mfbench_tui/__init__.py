"""The terminal screen: every pane asks `mfbench.api`, and nothing else; no query runs on the event loop."""
