# SPDX-License-Identifier: Apache-2.0
"""What the readers of estimators share: tables on their way, predictions, and who reads what."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import Any, Callable, Optional

import numpy as np

from .._onnx_graph import Graph
from .._tables import Table
from ..errors import CompileError


class Unknown(CompileError):
    """No reader here knows the estimator, or this way of using it."""


@dataclass
class Prediction:
    """What a last step says: a class with probabilities or scores, or values."""

    value: Optional[str] = None  # [1, k] of a regressor
    index: Optional[str] = None  # of the class among classes, whole, one number
    classes: Any = None
    probabilities: Optional[str] = None  # [1, classes]
    scores: Optional[str] = None  # where there are no probabilities


def refuse(estimator: Any, why: str, remedy: str) -> Unknown:
    return Unknown(f"{type(estimator).__name__}: {why}; {remedy}")


_COMPUTES = ("predict", "predict_proba", "decision_function", "transform")

TRANSFORMERS: dict[str, Callable[[Graph, Table, Any], Table]] = {}
PREDICTORS: dict[str, Callable[[Graph, Table, Any], Prediction]] = {}


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


def transform(graph: Graph, x: Table, estimator: Any) -> Table:
    """What estimator.transform gives."""
    if estimator is None or isinstance(estimator, str) and estimator == "passthrough":
        return x
    reader = _found(TRANSFORMERS, estimator)
    if reader is None and hasattr(estimator, "get_support"):  # whatever chooses columns
        chosen = estimator.get_support(indices=True)
        return x.select(graph, chosen)
    if reader is None:
        raise refuse(estimator, "no reader for this transformer", "docs/python.md lists what is read")
    made: Table = reader(graph, x, estimator)
    return made


def predict(graph: Graph, x: Table, estimator: Any) -> Prediction:
    """What estimator.predict and predict_proba give."""
    reader = _found(PREDICTORS, estimator)
    if reader is None:
        raise refuse(estimator, "no reader for this estimator", "docs/python.md lists what is read")
    made: Prediction = reader(graph, x, estimator)
    return made


def predicts(estimator: Any) -> bool:
    last = estimator
    while type(last).__name__ == "Pipeline":
        last = last.steps[-1][1]
    return hasattr(last, "predict") and _found(TRANSFORMERS, last) is None


def best_index(graph: Graph, scores: str) -> str:
    return graph.add("ArgMax", scores, axis=1, keepdims=0)


def single(graph: Graph, x: str) -> str:
    """One number as [1]."""
    return graph.add("Reshape", x, graph.constant([1], np.int64))


def classified(graph: Graph, scores: str, classes: Any, link: Optional[str]) -> Prediction:
    """scores [1, 1] of two classes or [1, classes]."""
    if len(classes) == 2:
        out = Prediction(index=single(graph, graph.positive(scores)), classes=classes)
        if link is not None:
            twice = graph.shifted(scores, None, 2.0) if link == "softmax" else scores
            out.probabilities = graph.two_classes(graph.add("Sigmoid", twice))
    else:
        out = Prediction(index=best_index(graph, scores), classes=classes)
        if link == "softmax":
            out.probabilities = graph.add("Softmax", scores, axis=1)
        elif link == "logistic":
            each = graph.add("Sigmoid", scores)
            out.probabilities = graph.add("Div", each, graph.add("ReduceSum", each, graph.constant([1], np.int64), keepdims=1))
    if out.probabilities is None:
        out.scores = scores
    return out
