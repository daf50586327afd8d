# SPDX-License-Identifier: Apache-2.0
"""scikit-learn estimators and pipelines: how :func:`zkinfer.compile` exports them, through skl2onnx."""

from __future__ import annotations

from typing import Any

from . import _data
from .errors import CompileError, InputError

_OPSET = 17


def _num_features(estimator: Any, example: Any) -> int:
    known = getattr(estimator, "n_features_in_", None)
    if known is None and example is None:
        raise InputError(f"{type(estimator).__name__} is not fitted, or does not say how many features it takes; give calibration data (N, features)")
    if known is not None:
        return int(known)
    return int(_data.array(example, "example_inputs").shape[-1])


def export_onnx(estimator: Any, example_inputs: Any = None) -> bytes:
    """The bytes of an ONNX file of a fitted estimator or pipeline, for one row of float32 features.

    A classifier's outputs are its label and its probabilities, as numbers in the order of ``classes_``.
    Raises: CompileError where skl2onnx is not installed or does not know the estimator; InputError where it is not fitted.
    """
    try:
        from skl2onnx import to_onnx  # type: ignore[import-untyped]
        from skl2onnx.common.data_types import FloatTensorType  # type: ignore[import-untyped]
    except ImportError:
        raise CompileError(
            f"{type(estimator).__name__}: scikit-learn estimators need skl2onnx, which is not installed; pip install skl2onnx"
        ) from None
    options: dict[Any, Any] = {}
    last = estimator.steps[-1][1] if hasattr(estimator, "steps") else estimator
    if hasattr(last, "predict_proba"):
        options[id(estimator)] = {"zipmap": False}
    types = [("features", FloatTensorType([1, _num_features(estimator, example_inputs)]))]
    try:
        return bytes(to_onnx(estimator, initial_types=types, options=options or None, target_opset={"": _OPSET, "ai.onnx.ml": 3}).SerializeToString())
    except Exception as error:  # whatever the converter raises, it is said
        first = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise CompileError(
            f"skl2onnx cannot convert {type(estimator).__name__}: {first}; see which estimators it knows, or export to ONNX another way"
        ) from error
