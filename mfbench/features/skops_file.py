"""scikit-learn objects on disk without pickle, and the same bytes for the same object.

skops writes memory addresses and the time of day into its archive. They are replaced by running numbers and
a fixed date, so that a model trained twice from the same inputs has the same digest.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from mfbench.core.errors import DamageError, UsageError

# Types that ordinary scikit-learn models contain and skops does not vouch for by itself. Each was read:
# plain data, or a function that only checks an array. `partial` is harmless alone; what it holds is audited too.
TRUSTED = (
    "functools.partial",
    "numpy.dtype",
    "sklearn._loss.link.Interval",
    "sklearn._loss.link.IdentityLink",
    "sklearn._loss.link.LogitLink",
    "sklearn._loss.link.LogLink",
    "sklearn._loss.link.MultinomialLogit",
    "sklearn._loss.loss.AbsoluteError",
    "sklearn._loss.loss.HalfBinomialLoss",
    "sklearn._loss.loss.HalfMultinomialLoss",
    "sklearn._loss.loss.HalfGammaLoss",
    "sklearn._loss.loss.HalfPoissonLoss",
    "sklearn._loss.loss.HalfSquaredError",
    "sklearn._loss.loss.HalfTweedieLoss",
    "sklearn._loss.loss.HalfTweedieLossIdentity",
    "sklearn._loss.loss.HuberLoss",
    "sklearn._loss.loss.PinballLoss",
    "sklearn.calibration._CalibratedClassifier",
    "sklearn.calibration._SigmoidCalibration",
    "sklearn.compose._column_transformer._RemainderColsList",
    "sklearn.ensemble._hist_gradient_boosting.binning._BinMapper",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.gaussian_process._gpc._BinaryGaussianProcessClassifierLaplace",
    "sklearn.gaussian_process.kernels.ConstantKernel",
    "sklearn.gaussian_process.kernels.DotProduct",
    "sklearn.gaussian_process.kernels.Matern",
    "sklearn.gaussian_process.kernels.Product",
    "sklearn.gaussian_process.kernels.RBF",
    "sklearn.gaussian_process.kernels.RationalQuadratic",
    "sklearn.gaussian_process.kernels.Sum",
    "sklearn.gaussian_process.kernels.WhiteKernel",
    "sklearn.metrics._dist_metrics.EuclideanDistance64",
    "sklearn.neighbors._ball_tree.BallTree",
    "sklearn.neighbors._kd_tree.KDTree",
    "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
    "sklearn.neural_network._stochastic_optimizers.SGDOptimizer",
    "sklearn.tree._tree.Tree",
    "sklearn.utils._bunch.Bunch",
    "sklearn.utils.validation.check_array",
)
_EPOCH = (1980, 1, 1, 0, 0, 0)


def save_skops(value: Any, path: Path) -> list[str]:
    """Writes `value`; returns the types in it that neither skops nor mfbench vouches for.

    Raises UsageError where the object cannot be stored without pickle.
    """
    import skops.io as sio

    try:
        raw = sio.dumps(value)
        untrusted = sio.get_untrusted_types(data=raw)
    except Exception as error:
        kind = type(value).__name__
        hint = "mfbench stores no pickle; use an estimator that skops can write"
        raise UsageError(f"{kind} cannot be stored: {error}", hint=hint) from error
    path.write_bytes(_stable(raw))
    return sorted(set(untrusted) - set(TRUSTED))


def load_skops(path: Path, trusted: list[str]) -> Any:
    """The object, if every type in it is vouched for by skops, by mfbench or by the caller's list."""
    import skops.io as sio

    try:
        unknown = set(sio.get_untrusted_types(file=path)) - set(TRUSTED) - set(trusted)
        if unknown:
            types = ", ".join(sorted(unknown))
            hint = (
                "if you trust where it comes from, add them to config.toml of the workspace: "
                f"[trust] types = {json.dumps(sorted(unknown))}"
            )
            raise UsageError(f"the bundle contains types that are not trusted: {types}", where=path.name, hint=hint)
        return sio.load(path, trusted=[*TRUSTED, *trusted])
    except UsageError:
        raise
    except Exception as error:
        raise DamageError(f"the model cannot be read: {error}", where=str(path)) from error


def _stable(raw: bytes) -> bytes:
    """The archive with addresses renumbered in document order, members by their new names, one date."""
    import zipfile
    from io import BytesIO

    files: dict[str, str] = {}
    numbers: dict[int, int] = {}
    fresh = iter(range(10**9))

    def renumber(node: Any) -> Any:
        if isinstance(node, list):
            return [renumber(item) for item in node]
        if not isinstance(node, dict):
            return node
        result: dict[str, Any] = {}
        for key, item in node.items():
            if key == "__id__":
                # Plain values carry the address of whatever equal object Python had at hand: no identity
                # to keep, so each gets its own number.
                known = numbers if not node.get("is_json") else {}
                result[key] = known.setdefault(item, next(fresh))
            elif key == "file" and isinstance(item, str) and item in names:
                suffix = Path(item).suffix
                result[key] = files.setdefault(item, f"{len(files)}{suffix}")
            else:
                result[key] = renumber(item)
        return result

    with zipfile.ZipFile(BytesIO(raw)) as archive:
        names = set(archive.namelist())
        schema = renumber(json.loads(archive.read("schema.json")))
        members = {new: archive.read(old) for old, new in files.items()}
    members["schema.json"] = json.dumps(schema, separators=(",", ":")).encode()
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for name in sorted(members):
            info = zipfile.ZipInfo(name, _EPOCH)
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, members[name])
    return out.getvalue()
