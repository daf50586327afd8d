# SPDX-License-Identifier: Apache-2.0
"""Regressors whose target was transformed, and monotone regression."""

from __future__ import annotations

from typing import Any

from .._onnx_graph import Graph
from .._tables import Table
from .base import PREDICTORS, TRANSFORMERS, Prediction, predict, reads, refuse
from .layers import tried
from .scalers import function

_LINEAR = ("StandardScaler", "MinMaxScaler", "MaxAbsScaler", "RobustScaler", "PCA")


def _inverse(graph: Graph, y: str, transformer: Any, model: Any) -> str:
    """What transformer.inverse_transform makes of y."""
    kind = type(transformer).__name__
    if kind == "Pipeline":
        for _, step in reversed(transformer.steps):
            y = _inverse(graph, y, step, model)
        return y
    if kind == "FunctionTransformer":
        return y if transformer.inverse_func is None else function(graph, y, transformer.inverse_func, model)
    if kind in _LINEAR:
        return graph.linear(y, *tried(transformer.inverse_transform, int(transformer.n_features_in_), model))
    raise refuse(model, f"undoes a {kind} of its target", f"take {', '.join(_LINEAR)}, or a function of NumPy's with its inverse (func=numpy.log1p, inverse_func=numpy.expm1)")


@reads(PREDICTORS, "TransformedTargetRegressor")
def _transformed_target(graph: Graph, x: Table, model: Any) -> Prediction:
    made = predict(graph, x, model.regressor_)
    return Prediction(value=_inverse(graph, made.value or "", model.transformer_, model))


def _isotonic(graph: Graph, x: Table, model: Any) -> str:
    if model.out_of_bounds != "clip":
        raise refuse(model, f"out_of_bounds={model.out_of_bounds!r}", "take out_of_bounds='clip'")
    return graph.interpolated(x.name, model.X_thresholds_, model.y_thresholds_)


@reads(PREDICTORS, "IsotonicRegression")
def _isotonic_value(graph: Graph, x: Table, model: Any) -> Prediction:
    return Prediction(value=_isotonic(graph, x, model))


@reads(TRANSFORMERS, "IsotonicRegression")
def _isotonic_table(graph: Graph, x: Table, model: Any) -> Table:
    return Table(_isotonic(graph, x, model), 1)
