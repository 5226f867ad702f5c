"""Models, versions and aliases: their rules, and what the ledger says of them.

A version is its bundle's digest; its number is local to this workspace. The state is read from the ledger
alone, so nothing here needs the database.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mfbench.bundle.manifest import MANIFEST, PROVENANCE, parse_manifest
from mfbench.core.errors import MfbenchError, NotFoundError, UsageError
from mfbench.core.text import did_you_mean
from mfbench.journal.blobs import Blobs
from mfbench.journal.ledger import Entry, LedgerWriter, open_ledger, read_ledger
from mfbench.journal.line import unpack_number
from mfbench.recipe.load import NAME
from mfbench.workspace.workspace import Workspace

CHAMPION = "champion"
ALIAS = "model.alias"


@dataclass(frozen=True)
class Version:
    """One registered bundle. `registered` is microseconds since the epoch, UTC."""

    model: str
    number: int
    digest: str
    run: str
    registered: int
    actor: str
    reason: str
    metrics: dict[str, float]
    data: str
    provenance: str
    origin: dict[str, Any] | None = None  # {workspace, version, registered, actor}, where it comes from another one

    @property
    def name(self) -> str:
        return f"{self.model}:{self.number}"


@dataclass
class RegisteredModel:
    name: str
    versions: dict[int, Version] = field(default_factory=dict)
    aliases: dict[str, int] = field(default_factory=dict)

    def champion(self) -> Version | None:
        number = self.aliases.get(CHAMPION)
        return self.versions[number] if number is not None else None

    def aliases_of(self, number: int) -> list[str]:
        return sorted(alias for alias, target in self.aliases.items() if target == number)


class ChampionMovedError(MfbenchError):
    """The champion is no longer the one that the gates compared with: evaluate them again."""


class Registry:
    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace

    def models(self) -> dict[str, RegisteredModel]:
        return reduce_models(read_ledger(self.workspace.ledger))

    def model(self, name: str) -> RegisteredModel:
        found = self.models()
        if name not in found:
            hint = did_you_mean(name, found) if found else "register one: mfbench run RECIPE"
            raise NotFoundError(f"there is no model {name!r}", hint=hint)
        return found[name]

    def history(self, name: str) -> list[Entry]:
        """Everything the ledger says about a model, oldest first; also of one that gates have always refused."""
        found = [entry for entry in read_ledger(self.workspace.ledger) if entry.body.get("model") == name]
        if not found:
            self.model(name)  # says what there is
        return found

    def decided(self, digest: str) -> list[Entry]:
        """What gates and people decided about one bundle, oldest first."""
        kinds = ("model.judged", "model.approval")
        entries = read_ledger(self.workspace.ledger)
        return [entry for entry in entries if entry.kind in kinds and entry.body["digest"] == digest]

    def find(self, text: str) -> Version:
        """The version that `name`, `name@alias` or `name:version` means."""
        name, at, alias = text.partition("@")
        if at:
            model = self.model(name)
            if alias not in model.aliases:
                raise NotFoundError(f"{name} has no alias {alias!r}", hint=did_you_mean(alias, model.aliases))
            return model.versions[model.aliases[alias]]
        name, colon, number = text.partition(":")
        model = self.model(name)
        if colon:
            if not number.isdecimal() or int(number) not in model.versions:
                hint = "versions: " + ", ".join(str(known) for known in model.versions)
                raise NotFoundError(f"{name} has no version {number!r}", hint=hint)
            return model.versions[int(number)]
        chosen = model.champion() or (next(iter(model.versions.values())) if len(model.versions) == 1 else None)
        if chosen is None:
            hint = "name one of " + ", ".join(version.name for version in model.versions.values())
            raise NotFoundError(f"{name} has several versions and no champion", hint=hint)
        return chosen

    def register(
        self,
        name: str,
        digest: str,
        facts: dict[str, Any],
        *,
        reason: str,
        alias: str | None,
        compared_with: str | None,
    ) -> tuple[Version, bool]:
        """Gives the bundle the model's next number: (version, whether it is new).

        `compared_with` is the digest of the champion that the gates have seen; another one by now raises
        ChampionMovedError. The same digest is the same version. The first version becomes the champion.
        """
        with open_ledger(self.workspace.ledger) as ledger:
            model = reduce_models(ledger.entries).get(name) or RegisteredModel(name)
            champion = model.champion()
            if (champion.digest if champion else None) != compared_with:
                raise ChampionMovedError(f"the champion of {name} has changed meanwhile")
            same = [version for version in model.versions.values() if version.digest == digest]
            if not same:
                return put_version(ledger, model, digest, facts, reason, alias), True
            number = same[0].number
            if alias and model.aliases.get(alias) != number:
                _append_alias(ledger, model, alias, number, reason)
            return same[0], False

    def set_alias(self, name: str, alias: str, number: int, reason: str = "") -> tuple[Version, int | None]:
        """Points `alias` at a version: (version, the number it pointed at before)."""
        check_alias(alias)
        self.workspace.require_writable("set an alias")
        version = self.find(f"{name}:{number}")
        with open_ledger(self.workspace.ledger) as ledger:
            model = reduce_models(ledger.entries)[name]
            before = model.aliases.get(alias)
            if before != number:
                _append_alias(ledger, model, alias, number, reason)
        return version, before

    def remove_alias(self, name: str, alias: str, reason: str = "") -> int:
        """Takes an alias away; the number it pointed at."""
        self.workspace.require_writable("take an alias away")
        number = self.find(f"{name}@{alias}").number
        with open_ledger(self.workspace.ledger) as ledger:
            model = reduce_models(ledger.entries)[name]
            number = model.aliases.get(alias, number)
            if alias in model.aliases:  # else another has just taken it away
                _append_alias(ledger, model, alias, None, reason)
        return number

    def checkout(self, version: Version, folder: Path) -> Path:
        """A private copy of the version's bundle in `folder`, every file checked against its digest."""
        blobs = Blobs(self.workspace.blobs)
        content = blobs.read(version.digest)
        manifest = parse_manifest(content, version.name)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / MANIFEST).write_bytes(content)
        for name, file in manifest.files.items():
            blobs.copy_out(file.sha256, folder / name)
        if version.provenance:
            (folder / PROVENANCE).write_bytes(blobs.read(version.provenance))
        return folder


def check_alias(alias: str) -> None:
    """Raises UsageError for what cannot be an alias."""
    if not NAME.fullmatch(alias) or alias.isdigit():
        raise UsageError(f"{alias!r} cannot be an alias", hint="a word such as champion or canary")


def put_version(
    ledger: LedgerWriter, model: RegisteredModel, digest: str, facts: dict[str, Any], reason: str, alias: str | None
) -> Version:
    """Gives a bundle that the model does not have yet its next number, and the alias; the first is the champion."""
    number = max(model.versions, default=0) + 1
    wanted = {alias: reason} if alias else {}
    if not model.versions:
        wanted.setdefault(CHAMPION, "the first version")
    body = {"model": model.name, "version": number, "digest": digest, **facts}
    aliases = [(ALIAS, _aliased(model, word, number), why) for word, why in wanted.items()]
    ledger.append_all([("model.version", body, reason), *aliases])
    return reduce_models(ledger.entries)[model.name].versions[number]


def _append_alias(ledger: LedgerWriter, model: RegisteredModel, alias: str, number: int | None, reason: str) -> None:
    ledger.append(ALIAS, _aliased(model, alias, number), reason=reason)


def _aliased(model: RegisteredModel, alias: str, number: int | None) -> dict[str, Any]:
    return {"model": model.name, "alias": alias, "version": number, "previous": model.aliases.get(alias)}


def reduce_models(entries: list[Entry]) -> dict[str, RegisteredModel]:
    """What stands after all entries, by model name."""
    models: dict[str, RegisteredModel] = {}
    for entry in entries:
        body = entry.body
        if entry.kind == "model.version":
            model = models.setdefault(body["model"], RegisteredModel(body["model"]))
            model.versions[body["version"]] = Version(
                model=body["model"],
                number=body["version"],
                digest=body["digest"],
                run=body["run"],
                registered=entry.time,
                actor=entry.actor,
                reason=entry.reason,
                metrics={key: unpack_number(value) for key, value in body["metrics"].items()},
                data=body.get("data", ""),
                provenance=body.get("provenance", ""),
                origin=body.get("origin"),
            )
        elif entry.kind == ALIAS and body["model"] in models:
            model = models[body["model"]]
            if body["version"] in model.versions:
                model.aliases[body["alias"]] = body["version"]
            else:  # taken away; or a version whose entry was lost when the ledger was repaired
                model.aliases.pop(body["alias"], None)
    return models
