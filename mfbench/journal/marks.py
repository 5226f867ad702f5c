"""The kinds of ledger entries in which people say something of a run.

Each body names its `run`. TAGGED: `tags`, texts by key, null takes one away; NOTED: `note`, '' takes it away; PINNED:
`pinned`. The last word counts.
"""

from __future__ import annotations

TAGGED, NOTED, PINNED = "run.tagged", "run.noted", "run.pinned"
