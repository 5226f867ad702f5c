"""The labels by which what we made is known again, whatever crashed meanwhile."""

from __future__ import annotations

RUN = "mfbench.run"  # a run's id, on its container
WORKSPACE = "mfbench.workspace"  # the id of the workspace that the run belongs to, on its container
ENVIRONMENT = "mfbench.environment"  # the hash of what was asked for, on images and on containers that install one
FACTS = "mfbench.facts"  # an Environment as JSON, on finished images
OWNER = "mfbench.owner"  # "host:boot:pid" of the process that made a container and waits for it
