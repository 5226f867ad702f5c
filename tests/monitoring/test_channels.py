"""Alerts on their way out, to real servers and programs on this machine."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

import pytest

from mfbench.core.errors import MfbenchError
from mfbench.journal.ledger import read_ledger
from mfbench.monitoring import command, webhook
from mfbench.monitoring.alerts import Alert
from mfbench.monitoring.channels import deliver, place_of, send
from mfbench.monitoring.settings import Channel, Email
from mfbench.workspace.workspace import Workspace, create
from tests.monitoring.samples import NOW
from tests.monitoring.servers import mail_server, web_server

ALERT = Alert(id="r.drift.open.r", kind="drift", state="open", model="tiny", version=1, report="r", made=NOW,
              title="tiny:1: drift alarm, café", text="tiny:1\nSee: x", command="mfbench drift show r")  # fmt: skip


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return create(tmp_path)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhook, "BACK_OFF", 0.01)
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")  # nobody asked for it


def program(code: str, *words: str) -> Channel:
    return Channel(command=(sys.executable, "-c", code, *words))


def entries(workspace: Workspace) -> list[tuple[str, bool]]:
    found = [entry.body for entry in read_ledger(workspace.ledger) if entry.kind == "drift.alert"]
    return [(body["channel"].split()[0], body["ok"]) for body in found]


def test_each_channel_gets_it_once(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    target = workspace.root.parent / "got.json"
    with mail_server() as box, web_server() as site:
        monkeypatch.setenv("HOOK", f"{site.url}?token=s3cret-token")
        channels = [
            program("import sys; open('got.json', 'a').write(sys.stdin.read())"),
            Channel(webhook="${HOOK}"),
            Channel(email=Email(to=("a@b.example", "c@d.example"), sender="m@b.example", host="127.0.0.1",
                                port=box.port, tls=False)),
        ]  # fmt: skip
        told: list[str] = []
        assert deliver(workspace, [ALERT], channels, told.append) == []
        assert deliver(workspace, [ALERT], channels, told.append) == []
    assert json.loads(target.read_text())["id"] == ALERT.id
    assert [json.loads(body)["text"] for body in site.bodies] == [ALERT.text]
    assert site.types == ["application/json"]
    assert site.paths == ["/hook?token=s3cret-token"]
    (mail,) = box.mails
    assert "To: a@b.example, c@d.example" in mail
    assert "See: x" in mail
    assert entries(workspace) == [("command", True), ("webhook", True), ("e-mail", True)]
    assert "s3cret" not in workspace.ledger.read_text() + "".join(told)


def test_one_that_fails_is_told_tried_again_and_holds_up_no_other(workspace: Workspace) -> None:
    flag = workspace.root.parent / "fixed"
    fails = program("import os, sys; sys.exit(0 if os.path.exists('fixed') else 'no\\x1b[31m route')")
    works = program("open('works', 'a').write('x')")
    told: list[str] = []
    assert deliver(workspace, [ALERT], [fails, works], told.append) == [ALERT]
    assert "ended with status 1: no" in told[0]
    assert "\x1b" not in told[0] + workspace.ledger.read_text()
    assert deliver(workspace, [ALERT], [fails, works], told.append) == [ALERT]
    assert entries(workspace) == [("command", False), ("command", True)]  # the same failure is entered once
    flag.touch()
    assert deliver(workspace, [ALERT], [fails, works], told.append) == []
    assert entries(workspace)[-1] == ("command", True)
    assert (workspace.root.parent / "works").read_text() == "x"


def test_a_variable_that_is_not_set_is_named_and_no_secret_stands_in_an_error(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NOT_SET", raising=False)
    assert "NOT_SET is not set" in send(Channel(webhook="${NOT_SET}"), ALERT, Path.cwd())
    monkeypatch.setenv("TOKEN", "very-secret")
    code = "import sys; sys.exit('cannot reach ' + sys.argv[1])"
    error = send(program(code, "${TOKEN}"), ALERT, Path.cwd())
    assert error.endswith("cannot reach ${TOKEN}")
    with mail_server() as box:
        box.refuse = True
        email = Email(to=("a@b.example",), sender="m@b.example", host="127.0.0.1", port=box.port, tls=False)
        assert send(Channel(email=email), ALERT, Path.cwd()) == "the server refuses every address"
        safe = Email(to=("a@b.example",), sender="m@b.example", host="127.0.0.1", port=box.port, password="hunter22")
        error = send(Channel(email=safe), ALERT, Path.cwd())
        assert "STARTTLS" in error  # without it, nothing goes out
    assert box.mails == []
    assert "hunter22" not in error


def test_places_hold_no_secret() -> None:
    assert (
        place_of(Channel(webhook="https://hooks.example.com/services/T0/B0/xyz")) == "webhook https://hooks.example.com"
    )
    assert place_of(Channel(webhook="${HOOK}")) == "webhook"
    assert place_of(Channel(command=("/opt/notify", "--token", "abc"))) == "command notify"


def test_a_web_server_that_stumbles_is_asked_again_and_one_that_refuses_is_not() -> None:
    with web_server() as site:
        site.answers = [(503, {}), (500, {})]
        webhook.post(site.url, b"{}", back_off=0.01)
        assert len(site.bodies) == 3
        site.answers = [(503, {})] * 3
        with pytest.raises(MfbenchError, match="status 503, 3 times"):
            webhook.post(site.url, b"{}", back_off=0.01)
        site.bodies.clear()
        site.answers = [(404, {})]
        with pytest.raises(MfbenchError, match="status 404"):
            webhook.post(site.url, b"{}", back_off=0.01)
        assert len(site.bodies) == 1
    with pytest.raises(MfbenchError, match="no address may hold"):  # at once
        webhook.post(f"{site.url}/a b", b"{}", back_off=60)


def test_redirects_stay_with_the_host() -> None:
    with web_server() as site, web_server() as other:
        site.answers = [(307, {"Location": "/moved"})]
        webhook.post(site.url, b"{}", back_off=0.01)
        assert site.paths == ["/hook", "/moved"]
        site.answers = [(302, {"Location": other.url})]
        with pytest.raises(MfbenchError, match="another host"):
            webhook.post(site.url, b"{}", back_off=0.01)
        assert other.bodies == []
        site.answers = [(301, {"Location": "/hook"})] * 9
        with pytest.raises(MfbenchError, match="circle"):
            webhook.post(site.url, b"{}", back_off=0.01)


def test_a_web_server_that_hangs_or_is_not_there() -> None:
    with web_server() as site:
        site.before = lambda: time.sleep(0.5)
        with pytest.raises(MfbenchError, match=r"3 times"):
            webhook.post(site.url, b"{}", timeout=0.1, back_off=0.01)
    with pytest.raises(MfbenchError, match="cannot be reached"):
        webhook.post(site.url, b"{}", back_off=0.01)
    for url in ("ftp://x/y", "file:///etc/passwd", "hooks.example.com", "http://[", "http://"):
        with pytest.raises(MfbenchError, match="address is none"):
            webhook.post(url, b"{}")


def test_a_command_that_hangs_is_killed_with_its_children(tmp_path: Path) -> None:
    code = (
        "import os, subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "open('pids', 'w').write(f'{os.getpid()} {child.pid}')\n"
        "time.sleep(60)"
    )
    with pytest.raises(MfbenchError, match="did not end within"):
        command.run([sys.executable, "-c", code], b"{}", tmp_path, timeout=3)
    for pid in map(int, (tmp_path / "pids").read_text().split()):
        deadline = time.monotonic() + 10
        while _lives(pid):
            assert time.monotonic() < deadline
            time.sleep(0.02)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_command_may_print_much_read_nothing_or_not_be_there(tmp_path: Path) -> None:
    junk = "import sys; sys.stderr.write('x' * 5_000_000); sys.stdout.write('y' * 5_000_000); sys.exit(3)"
    with pytest.raises(MfbenchError, match=r"status 3: x+$") as raised:
        command.run([sys.executable, "-c", junk], b"{}" * 1_000_000, tmp_path)
    assert len(raised.value.message) < 600
    command.run([sys.executable, "-c", "pass"], b"x" * 1_000_000, tmp_path)
    with pytest.raises(MfbenchError, match="cannot be started"):
        command.run(["./no-such-program"], b"", tmp_path)
