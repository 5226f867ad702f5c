"""The database: a projection of the journals, which can be made anew at any time."""

from __future__ import annotations

from collections.abc import Iterator

from mfbench.care.findings import Finding, Look, beyond
from mfbench.core.errors import DamageError, DiskError, MfbenchError, StoreBusyError, UsageError, WorkspaceError
from mfbench.store.verify import verify


def examine_database(look: Look) -> Iterator[Finding]:
    """Also takes down what it knows, to be compared with the journals. One that is missing is made by this."""
    look.tell("reading the database", 0, 1)
    look.known = None
    where = "store.duckdb"
    try:
        look.known = verify(look.workspace)
    except WorkspaceError:  # where it lies cannot be said: told already
        return
    except UsageError as error:
        yield beyond("database.newer", where, error.message, error.hint or "install a newer mfbench")
    except DamageError as error:
        yield Finding("database.damaged", where, error.message)
    except StoreBusyError as error:
        yield beyond("database.busy", where, error.message, error.hint or "try again later")
    except DiskError as error:
        told = f"{error.message} ({error.where})" if error.where else error.message
        yield beyond("database.disk", where, told, error.hint or "make room there, or give yourself the right to it")
    except MfbenchError as error:
        yield beyond("database.unusable", where, error.message, error.hint or "mfbench doctor --rebuild")
    except OSError as error:  # a segment that nobody may read stops every fold
        told = f"it cannot be brought up to date: {error.filename}: {error.strerror}"
        yield beyond("database.stale", where, told, "give yourself the right to read that file, or move it away")
    look.tell("reading the database", 1, 1)
    for name, size in (look.known.ledgers if look.known else {}).items():
        remedy = "restore it from a copy; if it is meant to be so: mfbench doctor --rebuild"
        told = f"it does not go on from the {size:,} bytes that were read before: entries were taken away or replaced"
        yield beyond("ledger.cut", f"ledger/{name}.jsonl", told, remedy)
