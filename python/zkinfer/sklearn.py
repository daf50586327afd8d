# SPDX-License-Identifier: Apache-2.0
"""scikit-learn estimators and pipelines, XGBoost and LightGBM: how :func:`zkinfer.compile` reads them. No converter is needed for what is
known here; others go through skl2onnx where it is installed."""

from __future__ import annotations

from typing import Any

from . import _boosters, _data, _estimators, _options
from ._onnx_graph import Graph
from ._tables import Table
from .errors import CompileError, InputError

_OPSET = 17


def _num_features(estimator: Any, example: Any) -> int:
    if _boosters.library_of(estimator) is not None:
        return _boosters.num_features(estimator)
    known = getattr(estimator, "n_features_in_", None)
    if known is None and example is None:
        raise InputError(f"{type(estimator).__name__} is not fitted, or does not say how many features it takes; give calibration data (N, features)")
    if known is not None:
        return int(known)
    shape = _data.array(example, "example_inputs").shape
    if not shape:
        raise InputError("example_inputs: one number, expected rows (N, features)")
    return int(shape[-1])


def _check_fitted(estimator: Any) -> None:
    try:
        from sklearn.exceptions import NotFittedError  # type: ignore[import-untyped]
        from sklearn.utils.validation import check_is_fitted  # type: ignore[import-untyped]
    except ImportError:
        return
    try:
        check_is_fitted(estimator)
    except NotFittedError:
        raise InputError(f"{type(estimator).__name__} is not fitted; call its fit first") from None
    except TypeError:
        pass  # of no estimator


def _outputs(graph: Graph, made: _estimators.Prediction) -> None:
    if made.value is not None:
        graph.output(made.value, "value")
        return
    parts = made.several or [made]
    labels = [_estimators.label(graph, part.index or "", part.classes) for part in parts]
    graph.output(graph.add("Concat", *labels, axis=0) if made.several else labels[0], "label", whole=True)
    if made.probabilities is not None:
        graph.output(made.probabilities, "probabilities")
    elif made.several:
        for number, part in enumerate(parts):
            if part.probabilities is not None:
                graph.output(part.probabilities, f"probabilities_{number}")
    elif made.scores is not None:
        graph.output(made.scores, "scores")


def read(estimator: Any, width: int) -> bytes:
    """ONNX of a fitted estimator by the readers of this package alone. Raises CompileError for what they do not know."""
    graph = Graph()
    x = Table(graph.input("features", width), width)
    if _boosters.library_of(estimator) is not None:
        _outputs(graph, _boosters.predict(graph, x, estimator))
    elif _estimators.predicts(estimator):
        _outputs(graph, _estimators.predict(graph, x, estimator))
    else:
        graph.output(_estimators.transform(graph, x, estimator).name, "transformed")
    return graph.to_bytes(type(estimator).__name__)


def _by_skl2onnx(estimator: Any, width: int) -> bytes:
    from skl2onnx import to_onnx
    from skl2onnx.common.data_types import FloatTensorType

    options: dict[Any, Any] = {}
    last = estimator.steps[-1][1] if hasattr(estimator, "steps") else estimator
    if hasattr(last, "predict_proba"):
        options[id(estimator)] = {"zipmap": False}
    types = [("features", FloatTensorType([1, width]))]
    return bytes(to_onnx(estimator, initial_types=types, options=options or None, target_opset={"": _OPSET, "ai.onnx.ml": 3}).SerializeToString())


@_options.checked_call
def export_onnx(estimator: Any, example_inputs: Any = None) -> bytes:
    """The bytes of an ONNX file of a fitted estimator, pipeline or booster, for one row of float32 features.

    A classifier's outputs are "label" and "probabilities" (or "scores", where it gives no probabilities), the latter in the order of ``classes_``; the
    label of classes that are no whole numbers is its place there. A regressor's output is "value", a transformer's "transformed".

    Args:
        estimator: fitted.
        example_inputs: rows (N, features), for estimators that do not say how many features they take.
    Raises: CompileError for an estimator that neither a reader here nor an installed skl2onnx knows; InputError where it is not fitted.

    Examples:
        >>> model = zkinfer.compile(make_pipeline(StandardScaler(), SVC()).fit(x, y), calibration=x)
    """
    if _boosters.library_of(estimator) is None:
        _check_fitted(estimator)
    width = _num_features(estimator, example_inputs)
    try:
        return read(estimator, width)
    except _estimators.Unknown as error:
        unknown = error
    try:
        return _by_skl2onnx(estimator, width)
    except ImportError:
        raise CompileError(f"{unknown}, or install skl2onnx, which knows more (pip install skl2onnx)") from None
    except Exception as error:  # whatever the converter raises, it is said
        first = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise CompileError(f"{unknown}. skl2onnx says: {first}") from error
