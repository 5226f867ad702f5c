"""[monitor] in config.toml: how models are watched here, laid over what their recipes say of it.

[monitor] is for all models, [monitor.models.NAME] for one. Strings of alerts may hold `${NAME}`, which stands for an
environment variable and is put in when an alert goes out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from mfbench.bundle.manifest import Manifest
from mfbench.core.errors import UsageError, WorkspaceError
from mfbench.core.structs import make_ready
from mfbench.core.text import did_you_mean, parse_duration
from mfbench.drift.settings import Settings, parse_rate

CHALLENGER = "challenger"
ALL = "all"  # as a window: all rows are one, whatever the recipe says
_NEVER = ("champion",)  # no alias that serves may be moved by a run that nobody has looked at
_LEAST_ROWS = 100  # of a window


class Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of tables in config.toml."""


class Email(Table, frozen=True, kw_only=True):
    """tls: STARTTLS, without which nothing is sent."""

    to: tuple[str, ...]
    sender: str = msgspec.field(name="from")
    host: str
    port: int = 587
    user: str | None = None
    password: str | None = None
    tls: bool = True


class Channel(Table, frozen=True, kw_only=True):
    """Where an alert goes; exactly one of the three. command: its words, no shell; the alert is JSON on its stdin."""

    command: tuple[str, ...] | None = None
    webhook: str | None = None
    email: Email | None = None


class Mitigation(Table, frozen=True, kw_only=True):
    """What is started after an alarm: the recipe with these `--set` words, relative to the workspace's folder.

    after: 'alarm', or 'worse': only where labels have shown that the model has become worse. min_labels: rows with a
    label that have to be there since the model was made.
    """

    recipe: str
    set: tuple[str, ...] = ()
    after: Literal["alarm", "worse"] = "alarm"
    min_labels: int = 1000
    alias: str = CHALLENGER


class ForAll(Table, frozen=True, kw_only=True):
    """Keys of [monitor]."""

    window: str | int | None = None
    false_alarms: str | None = None
    level: float | None = None
    min_effect: float | None = None
    margin: float | None = None
    metric: str | None = None
    label_delay: str | None = None
    cool_down: str = "1d"
    alerts: tuple[Channel, ...] = ()


class Watched(ForAll, frozen=True, kw_only=True):
    """Keys of [monitor.models.NAME]; what is not there is as in [monitor]. Paths are relative to the workspace's
    folder, the one that holds .mfbench."""

    data: str | tuple[str, ...] | None = None
    labels: str | None = None
    label: str | None = None
    time: str | None = None
    separator: str | None = None
    mitigation: Mitigation | None = None


def watched(config: Mapping[str, Any], model: str, where: str = "config.toml") -> Watched:
    """How a model is watched here. Raises WorkspaceError where the configuration says something else."""
    tables = config.get("monitor", {})
    if not isinstance(tables, dict) or not isinstance(tables.get("models", {}), dict):
        raise WorkspaceError("[monitor] and [monitor.models] must be tables", where=where)
    for_all = {key: value for key, value in tables.items() if key != "models"}
    own = tables.get("models", {}).get(model, {})
    _read(for_all, ForAll, "[monitor]", where)
    name = f"[monitor.models.{model}]"
    found = _read(own, Watched, name, where)
    found = msgspec.convert({**for_all, **own}, Watched)
    try:
        _check(found)
    except ValueError as error:
        raise WorkspaceError(f"{name if own else '[monitor]'} {error}", where=where) from None
    return found


def settings_for(
    manifest: Manifest, config: Mapping[str, Any], given: Mapping[str, Any], where: str = "config.toml", model: str = ""
) -> Settings:
    """Arguments before config.toml before the recipe. given: by the names of Settings; None: not said.

    model: its name in the registry, else the one in the manifest. Raises UsageError or WorkspaceError with what is
    wrong.
    """
    names = [field.name for field in msgspec.structs.fields(Settings)]
    layers = (manifest.monitored, watched(config, model or manifest.name, where))
    laid: dict[str, Any] = {}
    for name in names:
        for value in (*(getattr(layer, name) for layer in layers), given.get(name)):
            if value is not None:
                laid[name] = str(value).strip() if name == "window" else value
    try:
        found = msgspec.convert(laid, Settings)
        check_values({name: getattr(found, name) for name in names})
    except (msgspec.ValidationError, ValueError) as error:
        raise UsageError(f"the settings cannot be: {error}") from None
    return msgspec.structs.replace(found, window=None) if found.window == ALL else found


def check_values(values: Mapping[str, Any]) -> None:
    """Raises ValueError for the first that cannot be; None is no value."""
    window, rate = values.get("window"), values.get("false_alarms")
    if window is not None and str(window) != ALL:
        text = str(window)
        if text.isdecimal() and int(text) < _LEAST_ROWS:
            raise ValueError(f"window: {text} rows show nothing, at least {_LEAST_ROWS} are needed")
        if not text.isdecimal():
            _duration("window", text, "; or a number of rows, such as 5000")
    if rate is not None:
        try:
            parse_rate(rate)
        except ValueError as error:
            raise ValueError(f"false_alarms: {error}") from None
    for name, high in (("level", 0.5), ("min_effect", 1.0)):
        value = values.get(name)
        if value is not None and not 0 < value < high:
            raise ValueError(f"{name}: expected a share between 0 and {high:g}, found {value:g}")
    margin = values.get("margin")
    if margin is not None and not 0 < margin < float("inf"):
        raise ValueError(f"margin: expected what of the metric may be lost, above 0; found {margin:g}")


def _check(found: Watched) -> None:
    check_values({field: getattr(found, field) for field in found.__struct_fields__})
    for name in ("cool_down", "label_delay"):
        if getattr(found, name) is not None:
            _duration(name, getattr(found, name))
    for number, channel in enumerate(found.alerts, 1):
        given = [name for name in channel.__struct_fields__ if getattr(channel, name) is not None]
        if len(given) != 1:
            raise ValueError(f"alerts: number {number} must have one of command, webhook and email")
        if channel.command is not None and not (channel.command and channel.command[0]):
            raise ValueError(f"alerts: number {number}: the command has no word")
        if channel.email is not None and not channel.email.to:
            raise ValueError(f"alerts: number {number}: nobody is named in email.to")
    if found.mitigation is not None:
        _check_mitigation(found.mitigation)


def _check_mitigation(mitigation: Mitigation) -> None:
    from mfbench.registry.models import check_alias

    if mitigation.alias in _NEVER:
        raise ValueError(f"mitigation: alias {mitigation.alias!r} cannot be: it would go straight into use")
    try:
        check_alias(mitigation.alias)
    except UsageError as error:
        raise ValueError(f"mitigation: {error.message}") from None
    if any(word.partition("=")[0].strip().startswith("register") for word in mitigation.set):
        raise ValueError("mitigation: set cannot change [register]: the gates are the recipe's, the alias is `alias`")
    if mitigation.min_labels < 0:
        raise ValueError("mitigation: min_labels cannot be below 0")


def _duration(name: str, text: str, more: str = "") -> None:
    try:
        if parse_duration(text) <= 0:
            raise ValueError(f"{text!r} is no time")
    except ValueError as error:
        raise ValueError(f"{name}: {error}{more}") from None


def _read(table: Any, kind: type[ForAll], name: str, where: str) -> ForAll:
    if not isinstance(table, dict):
        raise WorkspaceError(f"{name} must be a table", where=where)
    known = [field.encode_name for field in msgspec.structs.fields(kind)]
    for key in table:
        if key not in known:
            raise WorkspaceError(f"{name} has no key {key!r}", where=where, hint=did_you_mean(key, known))
    try:
        return msgspec.convert(table, kind)
    except msgspec.ValidationError as error:
        raise WorkspaceError(f"{name} cannot be read: {error}", where=where) from None


make_ready(ForAll, Watched, Settings)
