# SPDX-License-Identifier: Apache-2.0
"""Estimators of estimators: pipelines, searches, votes, bags and stacks."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._onnx_graph import Graph
from .._tables import Table, joined
from . import members
from .base import PREDICTORS, STAND_FOR, Prediction, chosen, predict, reads, refuse, single, transform, voted


@reads(PREDICTORS, "Pipeline")
def _predicting_pipeline(graph: Graph, x: Table, pipeline: Any) -> Prediction:
    for _, step in pipeline.steps[:-1]:
        x = transform(graph, x, step)
    return predict(graph, x, pipeline.steps[-1][1])


@reads(PREDICTORS, "RFE", "RFECV")
def _selecting(graph: Graph, x: Table, model: Any) -> Prediction:
    return predict(graph, x.select(graph, model.get_support(indices=True)), model.estimator_)


@reads(STAND_FOR, "GridSearchCV", "RandomizedSearchCV", "HalvingGridSearchCV", "HalvingRandomSearchCV")
def _search(search: Any) -> Any:
    return search.best_estimator_


@reads(STAND_FOR, "RANSACRegressor")
def _ransac(model: Any) -> Any:
    return model.estimator_


@reads(STAND_FOR, "SelfTrainingClassifier")
def _self_training(model: Any) -> Any:
    return model.estimator_ if hasattr(model, "estimator_") else model.base_estimator_


@reads(STAND_FOR, "FrozenEstimator")
def _frozen(model: Any) -> Any:
    return model.estimator


@reads(PREDICTORS, "FixedThresholdClassifier", "TunedThresholdClassifierCV")
def _threshold(graph: Graph, x: Table, model: Any) -> Prediction:
    member = model.estimator_
    made = predict(graph, x, member)
    score = members.response(graph, member, made)
    method = getattr(model, "response_method", "auto")
    if method == "predict_proba" or method == "auto" and made.probabilities is not None:
        score = graph.columns(members.shares(member, made), [1], -1)
    automatic = 0.5 if made.probabilities is not None else 0.0
    limit = model.best_threshold_ if hasattr(model, "best_threshold_") else automatic if model.threshold == "auto" else model.threshold
    positive = getattr(model, "pos_label", None)
    if positive is None or positive == model.classes_[1]:
        made.index = single(graph, graph.at_least(score, limit))
        return made
    raise refuse(model, "pos_label is the first class", "name the classes so that it is the second")


@reads(PREDICTORS, "VotingClassifier")
def _voting_classifier(graph: Graph, x: Table, model: Any) -> Prediction:
    made, num = members.all_of(graph, x, model.estimators_), len(model.classes_)
    if isinstance(model.classes_, list):
        raise refuse(model, "several labels at once", "fit one classifier for each")
    weights = model._weights_not_none
    if model.voting == "soft":
        return chosen(graph, graph.mean([members.shares(*one) for one in made], weights), model.classes_)
    votes = [members.vote(graph, one, members.places(member, one, None), num) for member, one in made]
    return voted(graph, graph.mean(votes, weights), model.classes_)


@reads(PREDICTORS, "VotingRegressor")
def _voting_regressor(graph: Graph, x: Table, model: Any) -> Prediction:
    values = [made.value or "" for _, made in members.all_of(graph, x, model.estimators_)]
    return Prediction(value=graph.mean(values, model._weights_not_none))


@reads(PREDICTORS, "BaggingClassifier", "BaggingRegressor")
def _bagging(graph: Graph, x: Table, model: Any) -> Prediction:
    made = [
        (member, predict(graph, x.select(graph, columns), member)) for member, columns in zip(model.estimators_, model.estimators_features_)
    ]
    if not hasattr(model, "classes_"):
        return Prediction(value=graph.mean([one.value or "" for _, one in made]))
    parts, num = [], len(model.classes_)
    for member, one in made:
        at = members.places(member, one, None)
        if hasattr(member, "predict_proba"):
            parts.append(members.spread(graph, members.shares(member, one), at, num))
        else:
            parts.append(members.vote(graph, one, at, num))
    out = chosen(graph, graph.mean(parts), model.classes_)
    scores = [members.decision(member, one) or "" for member, one in made]
    if all(scores):
        out.scores = graph.mean(scores)
    return out


@reads(PREDICTORS, "StackingClassifier", "StackingRegressor")
def _stacking(graph: Graph, x: Table, model: Any) -> Prediction:
    parts = []
    for member, method in zip(model.estimators_, model.stack_method_):
        made = predict(graph, x, member)
        if made.several:
            raise refuse(model, "several labels at once", "fit one classifier for each")
        if method == "predict_proba":
            shares = members.shares(member, made)
            parts.append(graph.columns(shares, [1], -1) if len(made.classes) == 2 else shares)
        else:
            parts.append(made.scores or "" if method == "decision_function" else members.number(graph, made))
    width = sum(_width(member, method) for member, method in zip(model.estimators_, model.stack_method_))
    table = Table(lambda: graph.joined(parts), width)
    out = predict(graph, joined(graph, [table, x]) if model.passthrough else table, model.final_estimator_)
    if out.index is not None:  # of what the encoder made of the classes
        out.index, out.classes = graph.take(members.places(model.final_estimator_, out, None), out.index), model.classes_
    return out


def _width(member: Any, method: str) -> int:
    """Columns that a member of a stack gives."""
    if method == "predict":
        return 1
    return 1 if len(member.classes_) == 2 else len(member.classes_)


@reads(PREDICTORS, "MultiOutputRegressor")
def _several_values(graph: Graph, x: Table, model: Any) -> Prediction:
    return Prediction(value=graph.joined([made.value or "" for _, made in members.all_of(graph, x, model.estimators_)]))


@reads(PREDICTORS, "MultiOutputClassifier")
def _several_classes(graph: Graph, x: Table, model: Any) -> Prediction:
    return Prediction(several=[made for _, made in members.all_of(graph, x, model.estimators_)])


@reads(PREDICTORS, "ClassifierChain", "RegressorChain")
def _chain(graph: Graph, x: Table, model: Any) -> Prediction:
    method = getattr(model, "chain_method_", "predict")
    made: list[Prediction] = []
    said: list[str] = []
    for member in model.estimators_:
        table = joined(graph, [x, Table(graph.joined(list(said)), len(said))]) if said else x
        one = predict(graph, table, member)
        made.append(one)
        if method == "predict_proba":
            said.append(graph.columns(members.shares(member, one), [1], -1))
        elif method == "decision_function":
            said.append(members.response(graph, member, one))
        elif method == "predict":
            said.append(members.number(graph, one))
        else:
            raise refuse(model, f"chain_method={method!r}", "take 'predict' or 'predict_proba'")
    back = np.argsort(model.order_)
    if type(model).__name__ == "RegressorChain":
        return Prediction(value=graph.joined([made[i].value or "" for i in back]))
    out = Prediction(several=[made[i] for i in back])
    if all(one.probabilities is not None for one in made):
        out.probabilities = graph.joined([graph.columns(made[i].probabilities or "", [1], -1) for i in back])
    return out
