"""The champion beside the model to be judged: its answers to the same rows, and which of them it was trained on."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from mfbench.bundle.manifest import MANIFEST, Manifest, parse_manifest
from mfbench.bundle.model import Model
from mfbench.bundle.trained_rows import seen_rows
from mfbench.core.errors import DamageError, MfbenchError
from mfbench.core.hashing import digest_bytes
from mfbench.core.text import plural
from mfbench.stats.predicted import Predicted
from mfbench.steps.judging.answers import answers

CHAMPION = "champion"  # the input that holds its bundle, and the part of the configuration that names it


@dataclass(frozen=True)
class Champion:
    """`trouble` says why it cannot be compared with; else `predicted` are its answers to the n held-out rows.

    seen: (n,) whether it was trained on a row; None where its bundle does not tell.
    """

    name: str
    digest: str
    trouble: str | None = None
    model: Model | None = None
    predicted: Predicted | None = None
    seen: NDArray[np.bool_] | None = None


def summon(
    named: Mapping[str, str],
    files: Mapping[str, Path],
    trusted: Sequence[str],
    rows: pl.DataFrame,
    task: str,
    classes: Sequence[Any],
) -> Champion:
    """The champion with its answers to the held-out rows. Whatever is wrong with it is told, and never raised.

    But for damage, raised as DamageError: a verdict would be kept, and stand when the files are whole again.
    """
    name, digest = named["name"], named["digest"]
    try:
        with TemporaryDirectory(prefix="mfbench-") as place:
            folder = copy_bundle(files, "", Path(place))
            if digest_bytes((folder / MANIFEST).read_bytes()) != digest:
                raise DamageError("the manifest has another digest")
            model = Model.load(folder, list(trusted))
            trouble = _other(model.manifest, task, classes, rows.columns)
            if trouble:
                return Champion(name, digest, f"{name} {trouble}", model)
            seen = seen_rows(folder, model.manifest.trained, rows)
        predicted = answers(model.answer(rows), rows, classes)
        lost = int((~np.isfinite(predicted.values)).sum())
        if lost:
            return Champion(name, digest, f"{name} gives no number for {plural(lost, 'row')}", model)
        return Champion(name, digest, None, model, predicted, seen)
    except DamageError as error:
        hint = "bring its files back, or give the alias to another version: mfbench models alias"
        raise DamageError(f"the champion {name} is not what was registered: {error.message}", hint=hint) from None
    except MfbenchError as error:
        told = f"{error.message} ({error.hint})" if error.hint else error.message
    except Exception as error:  # a stranger's model may raise anything; the run goes on, and says so
        told = f"{type(error).__name__}: {error}"
    return Champion(name, digest, f"{name} cannot be asked about these rows: {told}")


def copy_bundle(files: Mapping[str, Path], prefix: str, folder: Path) -> Path:
    """The files of a bundle, handed in by name (with `prefix` before it), as a folder of copies: links are no bundle's.

    Raises DamageError where a name points outside of it.
    """
    manifest = parse_manifest(files[prefix + MANIFEST].read_bytes(), MANIFEST)
    for name in (MANIFEST, *manifest.files):
        if prefix + name in files:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(files[prefix + name], folder / name)
    return folder


def _other(manifest: Manifest, task: str, classes: Sequence[Any], columns: Sequence[str]) -> str | None:
    """Why it has no answers to the same question about the same rows."""
    if manifest.task != task:
        return f"is a model for {manifest.task}, this one for {task}"
    missing = [repr(field.name) for field in manifest.inputs if field.name not in columns]
    if missing:
        return f"needs {', '.join(missing[:5])}{' …' if len(missing) > 5 else ''}, which these rows lack"
    theirs = list(manifest.classes)
    if theirs == list(classes):
        return None
    if len(theirs) == len(classes) and all(label in classes for label in theirs):
        return f"has {theirs[-1]!r} for its positive class, this model {classes[-1]!r}"
    return f"knows other classes: {_some(theirs)}; this model {_some(list(classes))}"


def _some(classes: list[Any]) -> str:
    return ", ".join(repr(label) for label in classes[:5]) + (" …" if len(classes) > 5 else "")
