"""Drift reports in the workspace: the report itself a blob, beside it a line of the ledger that sums it up.

The line holds no row of the data, and names the blob, so that gc leaves it. Where ledgers of other workspaces came
along, their reports are found too; a version's number is that of its digest here.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec

from mfbench.care.needed import REPORT
from mfbench.core.errors import DamageError, MfbenchError, NotFoundError
from mfbench.core.hashing import is_digest
from mfbench.drift.findings import FORMAT, Report
from mfbench.journal.blobs import Blobs
from mfbench.journal.ledger import Entry, open_ledger, read_ledger
from mfbench.monitoring.summing import Summed, sum_up
from mfbench.registry.models import Registry, reduce_models
from mfbench.workspace.workspace import Workspace

_encoder = msgspec.json.Encoder(order="deterministic")  # NaN and infinities become null


class OvertakenError(MfbenchError):
    """Another has kept a report meanwhile that this one should have gone on from."""


def keep(workspace: Workspace, report: Report, *, after: str | None = "") -> Entry:
    """Stores a report and enters it in the ledger: from then on it counts. The entry.

    after: for `monitor`: the id of the model's report that this one goes on from, None for the first; raises
    OvertakenError where that is not its last one. Raises WorkspaceError where the workspace is read-only.
    """
    workspace.require_writable("keep a drift report")
    content = _encoder.encode(report)
    decode(content, f"drift report {report.id}")  # what cannot be read again is not worth keeping
    digest = Blobs(workspace.blobs).put(content)
    with open_ledger(workspace.ledger) as ledger:
        if after != "":
            last = last_watched(ledger.entries, report.model)
            if (last.body["id"] if last else None) != after:
                raise OvertakenError(f"another monitor of {report.model} has been here meanwhile")
        return ledger.append(REPORT, msgspec.to_builtins(sum_up(report, digest)))


def last_watched(entries: list[Entry], model: str) -> Entry | None:
    """The last report of `monitor` of a model in a workspace's own ledger."""
    of_it = (
        entry
        for entry in reversed(entries)
        if entry.kind == REPORT and entry.body.get("model") == model and entry.body.get("source") == "monitor"
    )
    return next(of_it, None)


def reports(
    workspace: Workspace, model: str | None = None, *, limit: int | None = None, alarms: bool = False
) -> list[dict[str, Any]]:
    """The kept reports, newest first: id, model, version, digest, made, actor, source, data, rows, windows, alarms,
    significant, effect, column, matters, metric, value, begins, ends.

    model: `name` (every version of it), `name@alias` or `name:version`. alarms: only those with an alarm. made,
    begins, ends: datetime, UTC. significant: windows. version: None where this workspace does not have it.
    """
    found = [pair for pair in _kept(workspace) if pair[1].alarms or not alarms]
    if model is not None:
        found = _of_model(workspace, found, model)
    found.sort(key=lambda pair: pair[1].id, reverse=True)
    numbers = _numbers(workspace)
    return [_row(entry, body, numbers) for entry, body in found[:limit]]


def find(workspace: Workspace, text: str = "last", model: str | None = None) -> Report:
    """The report that `text` means: an id, a unique beginning or end of one, or 'last' (of the model).

    Raises NotFoundError, and DamageError where its content is gone or not what was written.
    """
    own, everybodys = (
        {body.id: body for _, body in _kept(workspace, foreign=foreign) if model is None or body.model == model}
        for foreign in (False, True)
    )
    known = own if text == "last" and own else everybodys
    if text == "last" and known:
        return read(workspace, known[max(known)])
    found = sorted(name for name in known if text == name or name.startswith(text) or name.endswith(text))
    if text in known or len(found) == 1:
        return read(workspace, known[text if text in known else found[0]])
    if text and found:
        raise NotFoundError(f"{text!r} means {len(found)} drift reports", hint="among them: " + ", ".join(found[-5:]))
    hint = "list them with: mfbench drift list" if known else "make one: mfbench drift check MODEL DATA"
    raise NotFoundError(f"there is no drift report {text!r}" if known else "there is no drift report yet", hint=hint)


def read(workspace: Workspace, kept: Summed) -> Report:
    """Raises DamageError where the content is gone or not what was written."""
    if not is_digest(kept.report):
        raise DamageError(f"the ledger names no content for drift report {kept.id}", where=str(workspace.ledgers))
    return decode(Blobs(workspace.blobs).read(kept.report), f"drift report {kept.id}")


def decode(content: bytes, where: str) -> Report:
    """Keys of later versions are left out. Raises DamageError."""
    try:
        report = msgspec.json.decode(content, type=Report)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise DamageError(f"the report cannot be read: {error}", where=where) from None
    if report.format > FORMAT:
        hint = "install a newer mfbench"
        raise DamageError(f"the report has format {report.format}, known is {FORMAT}", where=where, hint=hint)
    return report


def _kept(workspace: Workspace, *, foreign: bool = True) -> list[tuple[Entry, Summed]]:
    """Entries of all ledgers with what they say; each report once, own ones first. What is no report is left out."""
    entries = read_ledger(workspace.ledger)
    for path in sorted(workspace.ledgers.glob("*.jsonl")) if foreign else ():
        if path != workspace.ledger:
            try:
                entries = [*entries, *read_ledger(path)]
            except DamageError:  # the doctor tells of it
                continue
    found: dict[str, tuple[Entry, Summed]] = {}
    for entry in entries:
        if entry.kind == REPORT:
            try:
                body = msgspec.convert(entry.body, Summed)
            except msgspec.ValidationError:
                continue
            found.setdefault(body.id, (entry, body))
    return list(found.values())


def _of_model(workspace: Workspace, found: list[tuple[Entry, Summed]], text: str) -> list[tuple[Entry, Summed]]:
    if "@" in text or ":" in text:
        version = Registry(workspace).find(text)
        return [pair for pair in found if (pair[1].model, pair[1].digest) == (version.model, version.digest)]
    of_it = [pair for pair in found if pair[1].model == text]
    if not of_it:
        Registry(workspace).model(text)  # says what there is
    return of_it


def _numbers(workspace: Workspace) -> dict[tuple[str, str], int]:
    models = reduce_models(read_ledger(workspace.ledger)).values()
    return {(model.name, version.digest): version.number for model in models for version in model.versions.values()}


def _row(entry: Entry, body: Summed, numbers: dict[tuple[str, str], int]) -> dict[str, Any]:
    row: dict[str, Any] = {
        **msgspec.structs.asdict(body),
        "version": numbers.get((body.model, body.digest)),
        "made": moment(body.made),
        "begins": moment(body.begins),
        "ends": moment(body.ends),
        "actor": entry.actor,
    }
    del row["report"]
    return row


def moment(microseconds: int | None) -> datetime | None:
    """None where there is none, or none that a calendar knows."""
    try:
        return None if microseconds is None else datetime.fromtimestamp(microseconds / 1e6, UTC)
    except (OverflowError, ValueError, OSError):
        return None
