"""The command line. Only click is loaded until a command runs."""

from __future__ import annotations

import os
import sys
import warnings


def main() -> int:
    """Entry point: runs a command and turns every expected error into one message and its exit code."""
    import click

    from mfbench.cli.app import app
    from mfbench.core.errors import MfbenchError

    words = sys.argv[1:]
    warnings.showwarning = _warn  # type: ignore[assignment]
    try:
        result = app.main(args=words, prog_name="mfbench", standalone_mode=False)
        return result if isinstance(result, int) else 0
    except MfbenchError as error:
        _tell(error, words)
        return error.exit_code
    except click.exceptions.Exit as leaving:
        return leaving.exit_code
    except click.Abort:
        return 130
    except KeyboardInterrupt:
        return 130
    except click.ClickException as error:
        error.show()
        if "--json" in words:
            _print_error({"type": "Usage", "message": error.format_message(), "where": None, "hint": None})
        return 2
    except BrokenPipeError:  # `mfbench runs | head`: nobody wants the rest
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 0
    except OSError as error:
        from mfbench.core.errors import from_os

        _tell(from_os(error, "the system refused"), words)
        return 1


def _warn(message: Warning | str, *_: object) -> None:
    print(f"warning: {message}", file=sys.stderr)


def _tell(error: object, words: list[str]) -> None:
    """One message on stderr; with --json the same as an object on stdout."""
    from mfbench.core.errors import MfbenchError

    assert isinstance(error, MfbenchError)
    colour = sys.stderr.isatty() and "NO_COLOR" not in os.environ
    head = f"\033[31m{error.title}:\033[0m" if colour else f"{error.title}:"
    print(f"{head} {error}", file=sys.stderr)
    if "--json" in words:
        _print_error(error.as_dict())


def _print_error(fields: dict[str, str | None]) -> None:
    import json

    print(json.dumps({"error": fields}, ensure_ascii=False))
