# SPDX-License-Identifier: Apache-2.0
"""Many classes of classifiers for two, and probabilities that were calibrated afterwards."""

from __future__ import annotations

from typing import Any, Sequence

import numpy as np

from .._onnx_graph import Graph
from .._tables import Table
from . import members
from .base import PREDICTORS, Prediction, chosen, predict, reads, refuse, single, voted


@reads(PREDICTORS, "_ConstantPredictor")
def _constant(graph: Graph, x: Table, model: Any) -> Prediction:
    y = float(np.ravel(model.y_)[0])
    index = graph.as_whole(single(graph, graph.fixed([y])))
    return Prediction(index=index, classes=np.arange(2), probabilities=graph.fixed([1 - y, y]), scores=graph.fixed([y]))


def _last_index(graph: Graph, scores: str, num: int) -> str:
    """Of the largest; the last of equal ones."""
    return graph.add("Sub", graph.constant([num - 1], np.int64), graph.add("ArgMax", graph.columns(scores, range(num - 1, -1, -1), num), axis=1, keepdims=0))


@reads(PREDICTORS, "OneVsRestClassifier")
def _one_vs_rest(graph: Graph, x: Table, model: Any) -> Prediction:
    made, num = members.all_of(graph, x, model.estimators_), len(model.classes_)
    scores = graph.joined([members.response(graph, *one) for one in made])
    has_shares = all(one.probabilities is not None for _, one in made)
    positive = [graph.columns(members.shares(*one), [1], -1) for one in made] if has_shares else []
    if model.multilabel_:
        labels = [
            Prediction(index=single(graph, graph.above(members.response(graph, *one), members.threshold(*one))), classes=np.arange(2)) for one in made
        ]
        return Prediction(several=labels, probabilities=graph.joined(positive) if positive else None)
    out = Prediction(classes=model.classes_, scores=scores)
    if len(made) == 1:
        out.index = single(graph, graph.above(scores, members.threshold(*made[0])))
        out.probabilities = graph.two_classes(positive[0]) if positive else None
        return out
    out.index = _last_index(graph, scores, num)
    out.probabilities = graph.shares(graph.joined(positive), num) if positive else None
    return out


def pairs_won(graph: Graph, second: str, confidences: str, num: int) -> str:
    """What is decided of classes in pairs, [1, num]: votes, and where they are equal the sum of confidences. second [1, pairs]: 1 where the
    second of the pair won, confidences: how sure that is. Pairs in the order (0, 1), (0, 2), .., (1, 2), .."""
    first, then = np.triu_indices(num, 1)
    sides = np.zeros((num, len(first)))
    sides[first, np.arange(len(first))], sides[then, np.arange(len(first))] = -1, 1
    votes = graph.linear(second, sides, np.arange(num - 1, -1, -1))
    sums = graph.linear(confidences, sides)
    room = graph.add("Mul", graph.add("Add", graph.add("Abs", sums), graph.constant(1.0)), graph.constant(3.0))
    return graph.add("Add", votes, graph.add("Div", sums, room))


@reads(PREDICTORS, "OneVsOneClassifier")
def _one_vs_one(graph: Graph, x: Table, model: Any) -> Prediction:
    columns = model.pairwise_indices_ or [None] * len(model.estimators_)
    made = [
        (member, predict(graph, x if chosen_columns is None else x.select(graph, chosen_columns), member))
        for member, chosen_columns in zip(model.estimators_, columns)
    ]
    num = len(model.classes_)
    confidences = graph.joined([members.response(graph, *one) for one in made])
    second = graph.joined([members.number(graph, one) for _, one in made])
    out = voted(graph, pairs_won(graph, second, confidences, num), model.classes_)
    if num == 2:
        out.scores = graph.columns(out.scores or "", [1], num)
        out.index = single(graph, graph.above(out.scores, members.threshold(*made[0])))
    return out


@reads(PREDICTORS, "OutputCodeClassifier")
def _output_code(graph: Graph, x: Table, model: Any) -> Prediction:
    bits = graph.joined([members.response(graph, *one) for one in members.all_of(graph, x, model.estimators_)])
    code = np.asarray(model.code_book_, dtype=np.float64)
    # The nearest row of the code book: of |bits - row|^2 what differs between rows.
    return voted(graph, graph.linear(bits, 2 * code, -np.square(code).sum(axis=1)), model.classes_)


def _calibrated_column(graph: Graph, x: str, calibrator: Any, model: Any) -> str:
    kind = type(calibrator).__name__
    if kind == "_SigmoidCalibration":
        return graph.add("Sigmoid", graph.add("Add", graph.shifted(x, None, -float(calibrator.a_)), graph.constant(-float(calibrator.b_))))
    if kind == "IsotonicRegression":
        return graph.interpolated(x, calibrator.X_thresholds_, calibrator.y_thresholds_)
    raise refuse(model, f"calibrates by {kind}", "take method='sigmoid' or 'isotonic'")


def _calibrated(graph: Graph, x: Table, part: Any, model: Any) -> str:
    """Of one fold, [1, classes]."""
    made, num = predict(graph, x, part.estimator), len(part.classes)
    scores = members.decision(part.estimator, made)
    of_two = len(made.classes) == 2
    if part.method == "temperature":
        if scores is None:
            raise refuse(model, "calibrates the logarithm of probabilities by their temperature", "take method='sigmoid' or 'isotonic', or a member with decision_function")
        beta = float(part.calibrators[0].beta_)
        return graph.two_classes(graph.add("Sigmoid", graph.shifted(scores, None, 2 * beta))) if of_two else graph.add(
            "Softmax", graph.shifted(scores, None, beta), axis=1
        )
    if scores is None:
        scores = members.shares(part.estimator, made)
        scores = graph.columns(scores, [1], -1) if of_two else scores
    count = 1 if of_two else len(made.classes)
    columns = [_calibrated_column(graph, graph.columns(scores, [i], count), calibrator, model) for i, calibrator in enumerate(part.calibrators)]
    if num == 2:
        return graph.two_classes(columns[0])
    at = members.places(part.estimator, made, part.classes)
    return graph.shares(members.spread(graph, graph.joined(columns), at[1:] if of_two else at, num), num, may_be_zero=True)


@reads(PREDICTORS, "CalibratedClassifierCV")
def _calibrated_classifier(graph: Graph, x: Table, model: Any) -> Prediction:
    parts: Sequence[Any] = model.calibrated_classifiers_
    return chosen(graph, graph.mean([_calibrated(graph, x, part, model) for part in parts]), model.classes_)
