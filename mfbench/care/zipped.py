"""Writing an archive whole or not at all, and reading one that may be anybody's.

Nothing of a zip file is believed: its entries have to be exactly those that export.json lists, each is read to the
size that stands there and no further, and counts only once its SHA-256 is right.
"""

from __future__ import annotations

import hashlib
import os
import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

from mfbench.care.archive import INDEX, LARGEST_INDEX, Content, Index, parse_index
from mfbench.core.errors import DamageError, UsageError, from_os
from mfbench.core.files import fsync
from mfbench.core.ids import random_text

CHUNK = 1 << 20
_PAYS = 0.9  # deflating pays where it leaves less than this
_DEFLATE_AT_BEST = 1100  # no entry grows more than about 1,032 times; beyond that, entries lie over one another
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, OverflowError)


class ArchiveWriter:
    """Writes beside `target` and gives it its name when it is whole and on disk. Raises UsageError where it exists."""

    def __init__(self, target: Path, *, force: bool) -> None:
        self._target, self._force = target, force
        if target.is_dir() or (target.exists() and not force):
            hint = "name another file" if target.is_dir() else "name another file, or replace it: --force"
            raise UsageError("there is something of that name already", where=str(target), hint=hint)
        if not target.parent.is_dir():
            raise UsageError("there is no such folder", where=str(target.parent), hint="make it, or name another")
        self._staged = target.with_name(f".{target.name[:100]}.{random_text(8)}")

    def __enter__(self) -> ArchiveWriter:
        try:
            self._zip = zipfile.ZipFile(self._staged, "x")
        except OSError as error:
            raise from_os(error, "the archive cannot be written") from error
        return self

    def put(self, name: str, content: bytes) -> None:
        self._zip.writestr(_entry(name, len(content), content[:CHUNK]), content)

    def put_file(self, name: str, path: Path, content: Content) -> None:
        """The first `content.bytes` of a file. Raises DamageError where they are not what they were."""
        left, digest = content.bytes, hashlib.sha256()
        try:
            with path.open("rb") as source:
                chunk = source.read(min(CHUNK, left))
                with self._zip.open(_entry(name, left, chunk), "w") as target:
                    while chunk:
                        digest.update(chunk)
                        target.write(chunk)
                        left -= len(chunk)
                        chunk = source.read(min(CHUNK, left))
        except FileNotFoundError:
            left = -1
        if left or digest.hexdigest() != content.sha256:
            hint = "export again; where that says the same: mfbench doctor"
            raise DamageError("the file has changed while it was exported, or is damaged", where=str(path), hint=hint)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        try:
            if error is None:
                self._finish()
            else:
                self._zip.fp = None  # nothing is added to what is thrown away
            if isinstance(error, OSError):
                raise from_os(error, "the archive cannot be written") from error
        finally:
            self._staged.unlink(missing_ok=True)

    def _finish(self) -> None:
        try:
            self._zip.close()
            fsync(self._staged)
            if self._force:
                self._staged.replace(self._target)
            else:
                os.link(self._staged, self._target)  # unlike a rename, this never takes the place of another file
            fsync(self._target.parent)
        except FileExistsError:
            raise UsageError("there is something of that name by now", where=str(self._target)) from None
        except OSError as error:
            raise from_os(error, "the archive cannot be written") from error


def _entry(name: str, size: int, sample: bytes) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.file_size = size
    info.external_attr = (stat.S_IFREG | 0o644) << 16
    pays = len(zlib.compress(sample[:65536], 1)) < _PAYS * len(sample[:65536])
    info.compress_type = zipfile.ZIP_DEFLATED if pays else zipfile.ZIP_STORED
    return info


class Archive:
    """An archive whose list of entries has been checked; their content is checked as it is read."""

    def __init__(self, zipped: zipfile.ZipFile, where: str, size: int, sha256: str) -> None:
        self._zip, self.where, self.sha256 = zipped, where, sha256
        self.index: Index = parse_index(self._index(), where)
        self._contents = self.index.entries()
        self._check_entries(zipped.infolist())
        self.bytes = sum(content.bytes for content in self._contents.values())
        if self.bytes > _DEFLATE_AT_BEST * size:
            raise DamageError("the archive says that it holds more than it can", where=where)

    def _index(self) -> bytes:
        entries = self._zip.infolist()
        if not entries or entries[0].filename != INDEX or entries[0].file_size > LARGEST_INDEX:
            raise UsageError("this is no archive of mfbench export", where=self.where)
        return b"".join(self._chunks(entries[0], entries[0].file_size))

    def _check_entries(self, entries: list[zipfile.ZipInfo]) -> None:
        names = [entry.filename for entry in entries[1:]]
        if len(set(names)) != len(names) or set(names) != set(self._contents):
            odd = sorted({*names} ^ {*self._contents})[:1] or ["an entry twice"]
            raise DamageError(f"the archive does not hold what it lists: {odd[0]!r}", where=self.where)
        for entry in entries:
            kind = stat.S_IFMT(entry.external_attr >> 16)
            plain = kind in (0, stat.S_IFREG) and not entry.flag_bits & 0x1 and entry.orig_filename == entry.filename
            if not plain or entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise DamageError(f"an entry of the archive is no plain file: {entry.filename!r}", where=self.where)
            if entry.filename != INDEX and entry.file_size != self._contents[entry.filename].bytes:
                raise DamageError(f"an entry has not the size that is listed: {entry.filename!r}", where=self.where)

    def extract(self, name: str, target: Path | None) -> int:
        """Writes an entry to a new file, or only checks it (None): its size. Raises DamageError where it is wrong."""
        content, digest = self._contents[name], hashlib.sha256()
        with target.open("xb") if target else open(os.devnull, "wb") as stream:  # noqa: PTH123
            for chunk in self._chunks(self._zip.getinfo(name), content.bytes):
                digest.update(chunk)
                stream.write(chunk)
        if digest.hexdigest() != content.sha256:
            raise DamageError(f"an entry of the archive is not what was exported: {name!r}", where=self.where)
        return content.bytes

    def _chunks(self, entry: zipfile.ZipInfo, size: int) -> Iterator[bytes]:
        """The content of an entry, which must not be longer than `size`."""
        with self._told(), self._zip.open(entry) as stream:
            while chunk := stream.read(min(CHUNK, size) + 1):
                size -= len(chunk)
                if size < 0:
                    raise DamageError(f"an entry is longer than listed: {entry.filename!r}", where=self.where)
                yield chunk
        if size:
            raise DamageError(f"an entry is shorter than listed: {entry.filename!r}", where=self.where)

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except _BROKEN as error:
            raise DamageError(f"the archive is damaged: {error}", where=self.where) from None


@contextmanager
def open_archive(path: Path) -> Iterator[Archive]:
    """Raises UsageError for a file that is no archive, DamageError for one that is damaged."""
    try:
        if path.exists() and not path.is_file() and not path.is_dir():  # opening a pipe would wait for its writer
            raise UsageError("the archive has to be a file", where=str(path))
        with path.open("rb") as stream:
            sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
            size = stream.seek(0, os.SEEK_END)
            try:
                zipped = zipfile.ZipFile(stream)
            except (*_BROKEN, OSError) as error:
                hint = "it is cut short or damaged, or was never written by mfbench export"
                raise UsageError(f"this is no archive: {error}", where=str(path), hint=hint) from None
            with zipped:
                yield Archive(zipped, str(path), size, sha256)
    except (FileNotFoundError, IsADirectoryError, PermissionError) as error:
        if error.filename != os.fspath(path):
            raise
        raise UsageError(f"the archive cannot be read: {error.strerror}", where=str(path)) from None
