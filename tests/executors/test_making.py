"""What making an environment has in common wherever it is made."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from mfbench.core.errors import DiskError, InstallError, StoppedError
from mfbench.executors.environment import Asked
from mfbench.executors.installer import Installation, variables
from mfbench.executors.making import LAST, Mask, failed, lines, watched


class TestLines:
    def test_pieces_become_whole_lines(self) -> None:
        assert list(lines([b"on", b"e\ntw", b"o\r\n\nthree\rfo", b"ur"])) == ["one", "two", "three", "four"]

    def test_a_sign_may_be_cut_in_two(self) -> None:
        assert list(lines(["grün\n".encode()[:3], "grün\n".encode()[3:], b"\xff\n"])) == [
            "grün",
            "\N{REPLACEMENT CHARACTER}",
        ]


class TestMask:
    @pytest.mark.parametrize(
        ("line", "shown"),
        [
            ("Looking in https://me:s3cr3t@host/simple", "Looking in https://me:***@host/simple"),
            ("https://t0k3n-only@host/simple", "https://***@host/simple"),
            ("http://a:b@one http://c:d@two", "http://a:***@one http://c:***@two"),
            ("git+ssh://git@github.com/x", "git+ssh://***@github.com/x"),
            ("https://host/a?mail=me@host.example", "https://host/a?mail=me@host.example"),
            ("polars==2.1.0", "polars==2.1.0"),
        ],
    )
    def test_logins_in_addresses(self, line: str, shown: str) -> None:
        assert Mask(Asked(requirements=""))(line) == shown

    def test_what_was_given_is_hidden_wherever_it_stands(self) -> None:
        asked = Asked(
            requirements="",
            index="https://me:p%40ssw0rd@host/simple",
            extra_index=("https://abcdef@other/simple",),
            args={"https_proxy": "http://u:proxypw@proxy:3128", "MY_API_KEY": "key-12345", "PIP_TIMEOUT": "60000"},
        )
        line = "p@ssw0rd p%40ssw0rd abcdef proxypw key-12345 60000 me"
        assert Mask(asked)(line) == "*** *** *** *** *** 60000 me"


class TestFailed:
    def test_errors_come_first_and_the_end_of_the_rest(self) -> None:
        said = ["old"] * 40 + ["ERROR: first", *(f"line {i}" for i in range(20)), "ERROR: second"]
        error = failed("no", said)
        assert isinstance(error, InstallError)
        shown = str(error.hint).splitlines()
        assert [line.strip() for line in shown[:3]] == ["ERROR: first", "ERROR: second", "line 7"]
        assert len(shown) == LAST
        assert shown[-1].strip() == "line 19"

    def test_an_installer_that_says_nothing(self) -> None:
        assert failed("no", []).hint is None

    def test_a_full_disk_is_said_as_such(self) -> None:
        error = failed(
            "no", ["ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device"]
        )
        assert isinstance(error, DiskError)
        assert "the disk is full" in error.message


class TestWatched:
    def test_items_and_errors_come_through(self) -> None:
        def source() -> Iterator[int]:
            yield 1
            yield 2
            raise ZeroDivisionError

        seen = []
        with pytest.raises(ZeroDivisionError):
            seen.extend(watched(source(), lambda: False))
        found = watched(iter([1, 2]), lambda: False)
        assert list(found) == [1, 2]

    def test_a_silent_source_does_not_hinder_a_stop(self) -> None:
        release = threading.Event()

        def silent() -> Iterator[int]:
            release.wait()
            yield 1

        try:
            with pytest.raises(StoppedError):
                list(watched(silent(), lambda: True))
        finally:
            release.set()


class TestInstallation:
    def test_only_its_own_answer_counts(self) -> None:
        one = Installation(Asked(requirements=""), scratch="/x", wheels=None)
        told: list[str] = []
        forged = b'answer-aaaaaaaaaaaaaaaa {"versions": {"evil": "1"}, "python": "3.11.2", "platform": "x"}\n'
        one.follow([forged], told.append, lambda: False)
        assert len(told) == 1
        with pytest.raises(InstallError, match="the installation ended with exit code 0"):
            one.made(0)

    def test_indexes_are_in_the_environment_of_pip(self) -> None:
        asked = Asked(requirements="", index="https://a", extra_index=("https://b", "https://c"), args={"X": "y"})
        found = variables(asked)
        assert (found["PIP_INDEX_URL"], found["PIP_EXTRA_INDEX_URL"], found["X"]) == (
            "https://a",
            "https://b https://c",
            "y",
        )
        assert not {"PIP_INDEX_URL", "PIP_NO_INDEX"} & variables(Asked(requirements="")).keys()
        assert variables(Asked(requirements="", network="none"))["PIP_NO_INDEX"] == "1"
