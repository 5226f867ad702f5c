"""Alerts on their way out: to every channel, each try that counts in the ledger, secrets nowhere."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from mfbench.core.errors import MfbenchError
from mfbench.core.hashing import digest_bytes
from mfbench.journal.ledger import Entry, open_ledger, read_ledger
from mfbench.monitoring import command, mail, webhook
from mfbench.monitoring.alerts import Alert
from mfbench.monitoring.settings import Channel
from mfbench.recipe.environment import UnsetVariableError, expand, names, redact
from mfbench.report.words import prose
from mfbench.workspace.workspace import Workspace

ALERT = "drift.alert"
Tell = Callable[[str], None]


def deliver(workspace: Workspace, alerts: Sequence[Alert], channels: Sequence[Channel], tell: Tell) -> list[Alert]:
    """Sends what has not gone out yet; the alerts that did not reach every channel, to be tried again.

    What went out is in the ledger before the next is sent: killed between the two, one alert may come twice.
    """
    done, failed = _told(read_ledger(workspace.ledger), [alert.id for alert in alerts])
    left = []
    for alert in alerts:
        for channel in channels:
            key = key_of(channel)
            if (alert.id, key) in done:
                continue
            error = send(channel, alert, workspace.root.parent)
            place = place_of(channel)
            if error:
                tell(f"alert not sent to {place}: {error}; the next pass tries again")
                left.append(alert)
            else:
                tell(f"alert sent to {place}: {alert.title}")
            if not error or (alert.id, key, error) not in failed:  # the same failure again is no news
                _enter(workspace, alert, key, place, error)
    return list(dict.fromkeys(left))


def send(channel: Channel, alert: Alert, folder: Path) -> str:
    """What went wrong, without secrets; '' where nothing did."""
    plain = msgspec.to_builtins(channel)
    secret = names(plain)
    try:
        filled = msgspec.convert(expand(plain), Channel)
        if filled.command is not None:
            command.run(filled.command, msgspec.json.encode(alert), folder)
        elif filled.webhook is not None:
            webhook.post(filled.webhook, msgspec.json.encode(alert))
        elif filled.email is not None:
            mail.send(filled.email, f"[mfbench] {alert.title}", alert.text)
        return ""
    except UnsetVariableError as error:
        return f"the environment variable {error.args[0]} is not set"
    except MfbenchError as error:
        return prose(redact(_without(error.message, channel), secret))


def place_of(channel: Channel) -> str:
    """The channel in words that hold no secret: what was written out in the configuration may be one too."""
    if channel.command is not None:
        return f"command {Path(channel.command[0]).name}"
    if channel.webhook is not None:
        return f"webhook {webhook.told(channel.webhook)}" if "://" in channel.webhook else "webhook"
    return f"e-mail by {channel.email.host}" if channel.email else "nowhere"


def key_of(channel: Channel) -> str:
    """Which channel it is, from its configuration before secrets are put in."""
    return digest_bytes(msgspec.json.encode(channel))[:12]


def _without(text: str, channel: Channel) -> str:
    """A password that stands in the configuration itself."""
    password = channel.email.password if channel.email else None
    return text.replace(password, "…") if password and len(password) >= 4 else text


def _told(entries: Sequence[Entry], ids: Sequence[str]) -> tuple[set[tuple[Any, ...]], set[tuple[Any, ...]]]:
    """((alert, channel) that went out, (alert, channel, error) that did not)."""
    about = [entry.body for entry in entries if entry.kind == ALERT and entry.body.get("id") in ids]
    sent = {(body["id"], body.get("key")) for body in about if body.get("ok")}
    return sent, {(body["id"], body.get("key"), body.get("error")) for body in about if not body.get("ok")}


def _enter(workspace: Workspace, alert: Alert, key: str, place: str, error: str) -> None:
    body = {"id": alert.id, "model": alert.model, "version": alert.version, "report": alert.report, "kind": alert.kind,
            "state": alert.state, "channel": place, "key": key, "ok": not error, "error": error or None}  # fmt: skip
    with open_ledger(workspace.ledger) as ledger:
        ledger.append(ALERT, body)
