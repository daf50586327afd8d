# SPDX-License-Identifier: Apache-2.0
"""Estimators of estimators: pipelines, searches, votes and bags."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._onnx_graph import Graph
from .._tables import Table
from .base import PREDICTORS, Prediction, best_index, predict, reads, refuse, transform


@reads(PREDICTORS, "Pipeline")
def _predicting_pipeline(graph: Graph, x: Table, pipeline: Any) -> Prediction:
    for _, step in pipeline.steps[:-1]:
        x = transform(graph, x, step)
    return predict(graph, x, pipeline.steps[-1][1])


@reads(PREDICTORS, "GridSearchCV", "RandomizedSearchCV", "HalvingGridSearchCV", "HalvingRandomSearchCV")
def _search(graph: Graph, x: Table, search: Any) -> Prediction:
    return predict(graph, x, search.best_estimator_)


def _shares(graph: Graph, member: Any, made: Prediction) -> str:
    if made.probabilities is None:
        raise refuse(member, "gives no probabilities to average", "take voting='hard', or another estimator")
    return made.probabilities


def _member_class(graph: Graph, made: Prediction, num: int) -> str:
    """1 at its class, [1, num]."""
    return graph.as_float(graph.add("Equal", graph.add("Reshape", made.index or "", graph.constant([1, 1], np.int64)), graph.constant(np.arange(num)[None], np.int64)))


@reads(PREDICTORS, "VotingClassifier")
def _voting_classifier(graph: Graph, x: Table, model: Any) -> Prediction:
    members = [predict(graph, x, member) for member in model.estimators_]
    weights = model._weights_not_none
    if model.voting == "soft":
        shares = graph.mean([_shares(graph, member, made) for member, made in zip(model.estimators_, members)], weights)
        return Prediction(index=best_index(graph, shares), classes=model.classes_, probabilities=shares)
    votes = graph.mean([_member_class(graph, made, len(model.classes_)) for made in members], weights)
    return Prediction(index=best_index(graph, votes), classes=model.classes_, scores=votes)


@reads(PREDICTORS, "VotingRegressor")
def _voting_regressor(graph: Graph, x: Table, model: Any) -> Prediction:
    values = [predict(graph, x, member).value or "" for member in model.estimators_]
    return Prediction(value=graph.mean(values, model._weights_not_none))


@reads(PREDICTORS, "BaggingClassifier", "BaggingRegressor")
def _bagging(graph: Graph, x: Table, model: Any) -> Prediction:
    members = [
        (member, predict(graph, x.select(graph, columns), member))
        for member, columns in zip(model.estimators_, model.estimators_features_)
    ]
    if type(model).__name__ == "BaggingRegressor":
        return Prediction(value=graph.mean([made.value or "" for _, made in members]))
    shares = graph.mean([_shares(graph, member, made) for member, made in members])
    return Prediction(index=best_index(graph, shares), classes=model.classes_, probabilities=shares)
