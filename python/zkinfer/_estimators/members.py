# SPDX-License-Identifier: Apache-2.0
"""What estimators of estimators ask of their members: the one way in which predictions are put together."""

from __future__ import annotations

from typing import Any, Optional, Sequence

import numpy as np

from .._onnx_graph import Graph
from .._tables import Table
from .base import Prediction, label, predict, refuse


def shares(member: Any, made: Prediction) -> str:
    """Probabilities, [1, classes]."""
    if made.probabilities is None or made.several:
        raise refuse(member, "gives no probabilities here", "take another estimator, or one that decides by the class alone (voting='hard', ..)")
    return made.probabilities


def decision(member: Any, made: Prediction) -> Optional[str]:
    """What decision_function says; None of members without it."""
    return made.scores if hasattr(member, "decision_function") else None


def response(graph: Graph, member: Any, made: Prediction) -> str:
    """By which members for one class against others are compared, [1, 1]: what decision_function says, else the second class's probability, else the value."""
    if made.value is not None:
        return made.value
    return decision(member, made) or graph.columns(shares(member, made), [1], -1)


def threshold(member: Any, made: Prediction) -> float:
    """Above which the response says that it is the second class."""
    return 0.0 if decision(member, made) is not None else 0.5


def number(graph: Graph, made: Prediction) -> str:
    """What predict says as numbers, [1, k]."""
    if made.value is not None:
        return made.value
    labels = [graph.row(graph.as_float(label(graph, one.index or "", one.classes)), 1) for one in made.several or [made]]
    return graph.joined(labels)


def places(member: Any, made: Prediction, classes: Optional[Sequence[Any]]) -> list[int]:
    """Of the member's classes among all: classes, or, where it is None, the numbers that the member knows them by."""
    own = np.asarray(made.classes)
    if classes is not None:
        return [int(i) for i in np.searchsorted(np.asarray(classes), own)]
    if own.dtype.kind not in "iufb":
        raise refuse(member, "has classes that are no numbers, and its ensemble numbers them", "fit the ensemble again")
    return [int(i) for i in own]


def spread(graph: Graph, x: str, at: Sequence[int], num: int) -> str:
    """Columns of x at their places among num, zeros between."""
    if list(at) == list(range(num)):
        return x
    matrix = np.zeros((num, len(at)))
    matrix[list(at), np.arange(len(at))] = 1
    return graph.linear(x, matrix)


def vote(graph: Graph, made: Prediction, at: Sequence[int], num: int) -> str:
    """1 at the class that it chooses, [1, num]."""
    hits = graph.add("Equal", graph.add("Reshape", made.index or "", graph.constant([1, 1], np.int64)), graph.constant(np.arange(len(at))[None], np.int64))
    return spread(graph, graph.as_float(hits), at, num)


def all_of(graph: Graph, x: Table, members: Sequence[Any]) -> list[tuple[Any, Prediction]]:
    return [(member, predict(graph, x, member)) for member in members]
