"""`python -m mfbench`."""

from __future__ import annotations

import sys

from mfbench.cli import main

sys.exit(main())
