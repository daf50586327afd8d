# SPDX-License-Identifier: Apache-2.0
"""What the readers of estimators share: tables on their way, predictions, and who reads what."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import Any, Callable, Optional, Sequence

import numpy as np

from .._onnx_graph import Graph
from .._tables import Table
from ..errors import CompileError


class Unknown(CompileError):
    """No reader here knows the estimator, or this way of using it."""


@dataclass
class Prediction:
    """What a last step says: a class with probabilities or scores, or values, or several classes at once."""

    value: Optional[str] = None  # [1, k] of a regressor
    index: Optional[str] = None  # of the class among classes, whole, one number
    classes: Any = None
    probabilities: Optional[str] = None  # [1, classes]; of several labels that are there or not, [1, labels]: of each that it is there
    scores: Optional[str] = None  # what decision_function says, [1, 1] of two classes; of estimators without one what they choose by
    several: Sequence["Prediction"] = ()  # one for each label


def refuse(estimator: Any, why: str, remedy: str) -> Unknown:
    return Unknown(f"{type(estimator).__name__}: {why}; {remedy}")


_COMPUTES = ("predict", "predict_proba", "decision_function", "transform")

Transformer = Callable[[Graph, Table, Any], Table]
Predictor = Callable[[Graph, Table, Any], Prediction]
TRANSFORMERS: dict[str, Transformer] = {}
PREDICTORS: dict[str, Predictor] = {}
#: Estimators that compute what another one computes, which the function finds.
STAND_FOR: dict[str, Callable[[Any], Any]] = {}
#: Why there is no reader, and what to do.
REFUSED: dict[str, tuple[str, str]] = {}


def reads(registry: dict[str, Any], *names: str) -> Callable[[Any], Any]:
    def keep(function: Any) -> Any:
        registry.update(dict.fromkeys(names, function))
        return function

    return keep


def _found(registry: dict[str, Any], estimator: Any) -> Any:
    """By class; by a base class only where the estimator does not compute anything of its own."""
    for cls in type(estimator).__mro__:
        if cls.__name__ in registry and cls.__module__.split(".")[0] == "sklearn":
            own = [name for name in _COMPUTES if inspect.getattr_static(type(estimator), name, None) is not inspect.getattr_static(cls, name, None)]
            return None if own else registry[cls.__name__]
    return None


def _stood_for(estimator: Any) -> Any:
    for _ in range(100):
        find = _found(STAND_FOR, estimator)
        if find is None:
            break
        estimator = find(estimator)
    return estimator


def _refusal(estimator: Any, what: str) -> Unknown:
    return refuse(estimator, *(_found(REFUSED, estimator) or (f"no reader for this {what}", "docs/python.md lists what is read")))


def transform(graph: Graph, x: Table, estimator: Any) -> Table:
    """What estimator.transform gives."""
    if estimator is None or isinstance(estimator, str) and estimator == "passthrough":
        return x
    estimator = _stood_for(estimator)
    reader = _found(TRANSFORMERS, estimator)
    if reader is None and hasattr(estimator, "get_support"):  # whatever chooses columns
        return x.select(graph, estimator.get_support(indices=True))
    if reader is None:
        raise _refusal(estimator, "transformer")
    made: Table = reader(graph, x, estimator)
    return made


def predict(graph: Graph, x: Table, estimator: Any) -> Prediction:
    """What estimator.predict, predict_proba and decision_function give."""
    estimator = _stood_for(estimator)
    reader = _found(PREDICTORS, estimator)
    if reader is None:
        raise _refusal(estimator, "estimator")
    made: Prediction = reader(graph, x, estimator)
    return made


def predicts(estimator: Any) -> bool:
    return hasattr(estimator, "predict")


def best_index(graph: Graph, scores: str) -> str:
    return graph.add("ArgMax", scores, axis=1, keepdims=0)


def single(graph: Graph, x: str) -> str:
    """One number as [1]."""
    return graph.add("Reshape", x, graph.constant([1], np.int64))


def label(graph: Graph, index: str, classes: Any) -> str:
    """The class itself where classes are whole numbers, else its place among them."""
    values = np.asarray(classes)
    if values.dtype.kind == "f" and np.array_equal(values, np.round(values)):
        values = values.astype(np.int64)
    if values.dtype.kind not in "iub" or np.array_equal(values, np.arange(len(values))):
        return index
    return graph.add("Gather", graph.constant(values.astype(np.int64), np.int64), index, axis=0)


def classified(graph: Graph, scores: str, classes: Any, link: Optional[str]) -> Prediction:
    """scores [1, 1] of two classes or [1, classes]."""
    out = Prediction(classes=classes, scores=scores)
    if len(classes) == 2:
        out.index = single(graph, graph.positive(scores))
        if link == "clipped":
            out.probabilities = graph.two_classes(graph.shifted(graph.clipped(scores, -1, 1), -1.0, 0.5))
        elif link is not None:
            out.probabilities = graph.two_classes(graph.add("Sigmoid", graph.shifted(scores, None, 2.0) if link == "softmax" else scores))
        return out
    out.index = best_index(graph, scores)
    if link == "softmax":
        out.probabilities = graph.add("Softmax", scores, axis=1)
    elif link == "logistic":
        out.probabilities = graph.shares(graph.add("Sigmoid", scores), len(classes))
    elif link == "clipped":
        out.probabilities = graph.shares(graph.shifted(graph.clipped(scores, -1, 1), -1.0, 0.5), len(classes), may_be_zero=True)
    return out


def chosen(graph: Graph, weights: str, classes: Any) -> Prediction:
    """The largest of probabilities [1, classes]."""
    return Prediction(index=best_index(graph, weights), classes=classes, probabilities=weights)


def voted(graph: Graph, votes: str, classes: Any) -> Prediction:
    """The largest of votes that nobody calls probabilities."""
    return Prediction(index=best_index(graph, votes), classes=classes, scores=votes)


def both_labels(graph: Graph, shares: str, num: int) -> Prediction:
    """Labels that are there or not, by the probability [1, num] of each."""
    labels = [
        Prediction(index=single(graph, graph.positive(graph.shifted(graph.columns(shares, [i], num), 0.5, None))), classes=np.arange(2)) for i in range(num)
    ]
    return Prediction(several=labels, probabilities=shares)


def inliers(graph: Graph, inside: str, scores: str) -> Prediction:
    """1 of what is like the rest and -1 of outliers. inside: 1 or 0, whole."""
    return Prediction(index=single(graph, inside), classes=np.array([-1, 1]), scores=scores)
