"""Versions that come from another workspace: what its ledger says of them, and the numbers that they get here.

A version is its digest. One that this workspace does not know yet gets the model's next number and keeps its origin:
the workspace, number, time and actor of its first registration, wherever it has been since.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import msgspec

from mfbench.core.errors import DamageError
from mfbench.core.structs import make_ready
from mfbench.journal.ledger import Entry
from mfbench.journal.line import pack_number, unpack_number
from mfbench.registry.models import ALIAS, CHAMPION, RegisteredModel, reduce_models

VERSION = "model.version"
_Name = Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z0-9][A-Za-z0-9_.\-]{0,62}\Z")]
_Number = Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)]
_Digest = Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{64}\Z")]
_Text = Annotated[str, msgspec.Meta(max_length=10_000)]
_OWN = ("model", "version", "digest", "origin")  # of a version's entry; the rest are facts of the bundle
Item = tuple[str, dict[str, Any], str]


class Origin(msgspec.Struct, frozen=True):
    """`registered`: microseconds since the epoch, UTC."""

    workspace: _Text
    version: _Number
    registered: int
    actor: _Text


class _Body(msgspec.Struct):
    """What a version's entry must hold to be one. A digest becomes a file name, so it has to be one."""

    model: _Name
    version: _Number
    digest: _Digest
    run: Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z0-9][A-Za-z0-9_.\-]{0,127}\Z")]
    metrics: dict[str, float | str]
    data: _Text = ""
    provenance: Annotated[str, msgspec.Meta(pattern=r"\A([0-9a-f]{64})?\Z")] = ""
    origin: Origin | None = None


class Arrival(msgspec.Struct, frozen=True, kw_only=True):
    """A version as another workspace has it. `facts` are its entry's body beside name, number, digest and origin."""

    model: str
    number: int
    digest: str
    run: str
    provenance: str
    facts: dict[str, Any]
    reason: str
    champion: bool
    origin: Origin

    @property
    def name(self) -> str:
        return f"{self.model}:{self.number}"


def arrivals(entries: list[Entry], workspace: str, where: str) -> dict[str, Arrival]:
    """Every version in another workspace's ledger, by its name there. Raises DamageError for an entry that is none."""
    found: dict[str, Arrival] = {}
    try:
        models = reduce_models(entries)
        for entry in entries:
            if entry.kind == VERSION:
                arrival = _arrival(entry, workspace, models)
                found[arrival.name] = arrival
    except (msgspec.ValidationError, LookupError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise DamageError(f"the ledger tells of a version that cannot be: {error}", where=where) from None
    return found


def _arrival(entry: Entry, workspace: str, models: dict[str, RegisteredModel]) -> Arrival:
    body = msgspec.convert(entry.body, _Body)
    champion = models[body.model].champion()
    first = Origin(workspace, body.version, entry.time, entry.actor[:10_000])
    facts = {key: value for key, value in entry.body.items() if key not in _OWN}
    facts["metrics"] = {key: pack_number(unpack_number(value)) for key, value in body.metrics.items()}
    return Arrival(
        model=body.model,
        number=body.version,
        digest=body.digest,
        run=body.run,
        provenance=body.provenance,
        facts=facts,
        reason=entry.reason if body.origin else f"{body.model}:{body.version} of {workspace}: {entry.reason[:10_000]}",
        champion=champion is not None and champion.number == body.version,
        origin=body.origin or first,
    )


def numbered(entries: list[Entry], coming: Sequence[Arrival]) -> tuple[list[Item], dict[str, str], dict[str, str]]:
    """(what to write to the ledger that holds `entries`, new versions, known ones), both by their name there.

    A model that this ledger does not know gets its champion with it; other aliases are each workspace's own.
    """
    have = {
        name: {version.digest: version.number for version in model.versions.values()}
        for name, model in reduce_models(entries).items()
    }
    strangers = {arrival.model for arrival in coming} - have.keys()
    items: list[Item] = []
    new: dict[str, str] = {}
    known: dict[str, str] = {}
    for arrival in sorted(coming, key=lambda one: (one.model, one.number)):
        numbers = have.setdefault(arrival.model, {})
        if arrival.digest in numbers:
            known[arrival.name] = f"{arrival.model}:{numbers[arrival.digest]}"
            continue
        numbers[arrival.digest] = number = 1 + max(numbers.values(), default=0)
        new[arrival.name] = f"{arrival.model}:{number}"
        body = {"model": arrival.model, "version": number, "digest": arrival.digest, **arrival.facts}
        body["origin"] = msgspec.to_builtins(arrival.origin)
        items.append((VERSION, body, arrival.reason))
        if arrival.champion and arrival.model in strangers:
            aliased = {"model": arrival.model, "alias": CHAMPION, "version": number, "previous": None}
            items.append((ALIAS, aliased, "the champion where it comes from"))
    return items, new, known


make_ready(_Body)
