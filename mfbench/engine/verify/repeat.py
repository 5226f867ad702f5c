"""What of a run can be repeated, and the steps as they are then run."""

from __future__ import annotations

from pathlib import Path

import msgspec

from mfbench.core.errors import UsageError
from mfbench.engine.cache import CachedStep
from mfbench.engine.outcome import GATE
from mfbench.engine.verify.inputs import INGEST, Source, claim_given
from mfbench.engine.verify.recorded import Recorded
from mfbench.journal.blobs import Blobs
from mfbench.worker.job import JobStep


class Repeat:
    """What is repeated. not_repeated: step to why it cannot be; hits: of those, what later steps need."""

    def __init__(self, recorded: Recorded, source: Source, blobs: Blobs) -> None:
        self.not_repeated: dict[str, str] = {}
        self.hits: dict[str, CachedStep] = {}
        job = recorded.job
        steps = {step.name: _anew(step) for step in job.steps}
        if source.gone:
            self.not_repeated[INGEST] = f"{source.gone}: what it had made then is used"
            made = recorded.outputs[INGEST]
            if not all(blobs.claim(digest, size) for digest, size in made.values()):
                told = f"run {recorded.run} cannot be verified: {source.gone}, and what was read of it is gone too"
                raise UsageError(told, hint="bring the data back to where it was")
            self.hits[INGEST] = CachedStep(step=INGEST, run=recorded.run, seconds=0.0, outputs=made, events=[])
        else:
            config = source.config(steps[INGEST].config, Path(recorded.folder))
            steps[INGEST] = msgspec.structs.replace(steps[INGEST], config=config)
        self.given = job.given
        if not claim_given(recorded, blobs):
            self.not_repeated[GATE] = "the champion that it was judged by is gone"
            steps.pop(GATE, None)
            self.given = {}
        self.steps = list(steps.values())


def _anew(step: JobStep) -> JobStep:
    return msgspec.structs.replace(step, cached=False, outputs={})
