"""Taking away what nothing refers to.

In this order, each part seeing what the one before has done: trash that is old enough goes for good; all roots are
searched; blobs and cached steps that nothing names move to the trash, what something names again comes back from it;
what killed writers have left is removed; large finished journals are sealed. Nothing younger than `older_than` is
touched, and everything goes through the trash first: what is missed within that time can be brought back.

Safe beside everything else. Two collections exclude each other; deletions are kept out by the ledger's lock; writers
say that they are about to refer to a blob by `Blobs.claim`, and are never waited for.
"""

from __future__ import annotations

from pathlib import Path

from mfbench.care.cached import outputs
from mfbench.care.garbage import Collection, Garbage, period
from mfbench.care.leftovers import collect_markers, collect_staged, collect_trash, collect_work, listing
from mfbench.care.roots import Roots
from mfbench.core.errors import MfbenchError, StoreBusyError
from mfbench.core.hashing import is_digest
from mfbench.core.progress import Progress
from mfbench.core.text import plural
from mfbench.workspace.locks import locked
from mfbench.workspace.workspace import Workspace


def collect(
    workspace: Workspace, *, dry_run: bool = False, older_than: float = 86_400.0, progress: Progress | None = None
) -> list[Garbage]:
    """Takes away what nothing refers to, and says what and why; with `dry_run` it only says it.

    older_than: seconds since the last change or use, or since the move to the trash. Raises WorkspaceError where the
    workspace is read-only, StoreBusyError while another collection is at work, DamageError where the ledger is damaged:
    it says what is deleted.
    """
    if dry_run:
        return _collect(Collection(workspace, True, older_than, progress))
    workspace.require_writable("take anything away")
    try:
        with locked(workspace.root / "gc.lock", timeout=1.0):
            found = Collection(workspace, False, older_than, progress)
            try:
                return _collect(found)
            finally:
                found.empty()
    except StoreBusyError as error:
        if error.where == str(workspace.root / "gc.lock"):
            raise StoreBusyError("another gc is at work here", where=error.where, hint="wait for it") from None
        raise


def _collect(found: Collection) -> list[Garbage]:
    home = found.workspace
    runs = collect_trash(found)
    blobs, cached = _names(home.blobs, ""), _names(home.cache, ".json")
    trashed = _names(found.trash / "blobs", "")
    roots = Roots(home, blobs | cached | trashed)
    roots.search_ledgers()
    roots.search_runs(runs, found.tell)
    _empty(found, "cache", keep=set())
    _collect_cache(found, roots, cached, blobs | trashed)
    roots.follow()
    for path, reason in roots.unread:
        found.note("journal", path, 0, f"could not be read ({reason}): no blob was taken away", "keep")
    unnamed = {name.decode() for name in roots.unnamed} if not roots.unread else set()
    lying = trashed - blobs
    for digest in sorted(lying - {name.decode() for name in roots.unnamed}):
        found.put_back("blob", found.trash / "blobs" / digest, "something refers to it")
    _empty(found, "blobs", keep=lying - unnamed)
    going = sorted(unnamed & blobs)
    for number, digest in enumerate(going, 1):
        found.to_trash("blob", home.blobs / digest, "nothing refers to it")
        found.tell("moving blobs", number, len(going))
    collect_staged(found, roots.staged)
    collect_work(found, roots.work)
    collect_markers(found)
    _seal(found)
    return found.items


def _collect_cache(found: Collection, roots: Roots, keys: set[str], blobs: set[str]) -> None:
    """A step that no run names goes, and one that has lost an output. What one that stays names stays too."""
    for key in sorted(keys):
        path = found.workspace.cache / f"{key}.json"
        try:
            content = path.read_bytes()
            missing = any(digest not in blobs for digest, _ in outputs(content).values())
        except FileNotFoundError:
            continue
        except (OSError, ValueError):
            content, missing = b"", True
        named = key.encode() not in roots.unnamed
        reason = "what it made is gone" if missing else "" if named or roots.unread else "no run refers to it"
        if not reason or not found.to_trash("cache", path, reason):
            roots.search_text(content)


def _empty(found: Collection, kind: str, keep: set[str]) -> None:
    """What has lain in the trash's folder of this kind for long goes for good."""
    for entry in listing(found.trash / kind):
        if entry.name not in keep and found.is_old(entry.stat(follow_symlinks=False)):
            reason = f"in the trash for more than {period(found.older_than)}"
            found.remove("blob" if kind == "blobs" else kind, Path(entry.path), reason)


def _seal(found: Collection) -> None:
    """Finished journals that are large enough become one smaller file each."""
    from mfbench.journal.sealing import WORTH, seal, worth_sealing
    from mfbench.store.store import Store

    query = """
    SELECT run FROM run_base JOIN segments USING (run) WHERE status = 'finished' AND ended < ?
    GROUP BY run HAVING sum("offset") >= ? ORDER BY run
    """
    try:
        rows = Store(found.workspace).rows(query, [int((found.now - found.older_than) * 1e6), WORTH])
    except MfbenchError as error:
        found.note("journal", found.workspace.runs, 0, f"none was sealed: {error.message}", "keep")
        return
    for number, row in enumerate(rows, 1):
        events = found.workspace.run_folder(row["run"]) / "events"
        size = 0 if found.workspace.is_alive(row["run"]) else worth_sealing(events)
        try:
            saved = size * 4 // 5 if found.dry_run or not size else seal(events)
        except MfbenchError as error:
            found.note("journal", events, 0, f"could not be sealed: {error.message}", "keep")
            continue
        if saved:
            part = ", of which about four fifths are saved" if found.dry_run else ""
            found.note("journal", events, saved, f"finished, and {plural(size, 'byte')} of lines{part}", "seal")
        found.tell("sealing journals", number, len(rows))


def _names(folder: Path, suffix: str) -> set[str]:
    """The plain files whose name is a digest or key."""
    return {
        entry.name.removesuffix(suffix)
        for entry in listing(folder)
        if entry.name.endswith(suffix)
        and is_digest(entry.name.removesuffix(suffix))
        and entry.is_file(follow_symlinks=False)
    }
