# SPDX-License-Identifier: Apache-2.0
"""Tables to tables: what transform gives."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._onnx_graph import Graph
from .._tables import Column, Table, joined
from .._trees import not_above_of_float64
from .base import TRANSFORMERS, reads, refuse, transform


def _scaled(graph: Graph, x: Table, offset: Any, scale: Any) -> Table:
    """(x - offset) / scale, each per column or None."""

    def value(i: int) -> Any:
        return lambda v: (v if offset is None else v - offset[i]) / (1.0 if scale is None else scale[i])

    return x.rising(lambda: graph.shifted(x.name, offset, None if scale is None else 1 / scale), value)


@reads(TRANSFORMERS, "StandardScaler")
def _standard_scaler(graph: Graph, x: Table, scaler: Any) -> Table:
    mean, scale = scaler.mean_ if scaler.with_mean else None, scaler.scale_ if scaler.with_std else None
    return _scaled(graph, x, mean, scale)


@reads(TRANSFORMERS, "RobustScaler")
def _robust_scaler(graph: Graph, x: Table, scaler: Any) -> Table:
    return _scaled(graph, x, scaler.center_ if scaler.with_centering else None, scaler.scale_ if scaler.with_scaling else None)


@reads(TRANSFORMERS, "MinMaxScaler")
def _min_max_scaler(graph: Graph, x: Table, scaler: Any) -> Table:
    clips, (lo, hi) = getattr(scaler, "clip", False), scaler.feature_range

    def make() -> str:
        y = graph.shifted(x.name, -scaler.min_ / scaler.scale_, scaler.scale_)
        return graph.add("Clip", y, graph.constant(lo), graph.constant(hi)) if clips else y

    def value(i: int) -> Any:
        return lambda v: np.clip(v * scaler.scale_[i] + scaler.min_[i], lo if clips else -np.inf, hi if clips else np.inf)

    return x.rising(make, value)


@reads(TRANSFORMERS, "MaxAbsScaler")
def _max_abs_scaler(graph: Graph, x: Table, scaler: Any) -> Table:
    end = 1.0 if getattr(scaler, "clip", False) else np.inf

    def make() -> str:
        y = graph.shifted(x.name, None, 1 / scaler.scale_)
        return graph.add("Clip", y, graph.constant(-1.0), graph.constant(1.0)) if end == 1 else y

    return x.rising(make, lambda i: lambda v: np.clip(v / scaler.scale_[i], -end, end))


@reads(TRANSFORMERS, "Normalizer")
def _normalizer(graph: Graph, x: Table, normalizer: Any) -> Table:
    return Table(graph.add("Normalizer", x.name, domain="ai.onnx.ml", norm=normalizer.norm.upper()), x.width)


@reads(TRANSFORMERS, "Binarizer")
def _binarizer(graph: Graph, x: Table, binarizer: Any) -> Table:
    def make() -> str:
        return graph.as_float(graph.add("Greater", x.name, graph.constant(not_above_of_float64(binarizer.threshold))))

    return x.rising(make, lambda i: lambda v: (v > binarizer.threshold).astype(np.float64))


@reads(TRANSFORMERS, "PCA", "IncrementalPCA", "TruncatedSVD")
def _projection(graph: Graph, x: Table, pca: Any) -> Table:
    y = x.name if getattr(pca, "mean_", None) is None else graph.shifted(x.name, pca.mean_, None)
    rows = pca.components_
    if getattr(pca, "whiten", False):
        rows = rows / np.sqrt(pca.explained_variance_)[:, None]
    return Table(graph.linear(y, rows), len(rows))


@reads(TRANSFORMERS, "SimpleImputer")
def _imputer(graph: Graph, x: Table, imputer: Any) -> Table:
    if getattr(imputer, "add_indicator", False):
        raise refuse(imputer, "add_indicator=True", "leave it out")
    missing = imputer.missing_values
    try:
        statistics = np.asarray(imputer.statistics_, dtype=np.float64)
    except (TypeError, ValueError):
        raise refuse(imputer, "fills in text", "encode text as numbers first") from None
    kept = np.flatnonzero(~np.isnan(statistics))
    # Inputs that are not a number are never proven: nothing is left of them to fill in.
    if missing is None or isinstance(missing, float) and np.isnan(missing):
        return x.select(graph, kept)
    y = graph.add("Where", graph.add("Equal", x.name, graph.constant(missing)), graph.constant(np.nan_to_num(statistics)[None]), x.name)
    return Table(y, x.width).select(graph, kept)


def _categories(encoder: Any) -> list[np.ndarray]:
    out = []
    for column, values in enumerate(encoder.categories_):
        try:
            out.append(np.asarray(values, dtype=np.float64))
        except (TypeError, ValueError):
            raise refuse(encoder, f"column {column} has text or mixed values as categories", "give numbers, such as an OrdinalEncoder's, to fit it") from None
    return out


@reads(TRANSFORMERS, "OneHotEncoder")
def _one_hot(graph: Graph, x: Table, encoder: Any) -> Table:
    if getattr(encoder, "_infrequent_enabled", False):
        raise refuse(encoder, "infrequent categories", "leave min_frequency and max_categories out")
    parts = []
    for column, values in enumerate(_categories(encoder)):
        dropped = encoder.drop_idx_[column] if getattr(encoder, "drop_idx_", None) is not None else None
        kept = np.delete(values, dropped) if dropped is not None else values
        if len(kept) == 0:
            continue

        def make(column: int = column, kept: np.ndarray = kept) -> str:
            return graph.as_float(graph.add("Equal", graph.columns(x.name, [column], -1), graph.constant(kept[None])))

        given = x.columns[column]
        if given.is_given:
            parts.append(Table(make, len(kept), x.before, [Column(given.index, equals=float(value)) for value in kept]))
        else:
            parts.append(Table(make, len(kept)))
    return joined(graph, parts)


@reads(TRANSFORMERS, "OrdinalEncoder")
def _ordinal(graph: Graph, x: Table, encoder: Any) -> Table:
    parts = []
    for column, values in enumerate(_categories(encoder)):
        hot = graph.as_float(graph.add("Equal", graph.columns(x.name, [column], -1), graph.constant(values[None])))
        unknown = encoder.unknown_value if encoder.handle_unknown == "use_encoded_value" else 0
        if unknown is None or np.isnan(unknown):
            raise refuse(encoder, "unknown values become NaN", "take a number as unknown_value")
        parts.append(graph.linear(hot, np.arange(len(values)) - float(unknown), float(unknown)))
    return Table(graph.joined(parts), x.width)


@reads(TRANSFORMERS, "PolynomialFeatures")
def _polynomial(graph: Graph, x: Table, features: Any) -> Table:
    columns = [graph.columns(x.name, [i], -1) for i in range(x.width)]
    parts, zero = [], graph.constant(0.0)
    for powers in features.powers_:
        factors = [columns[i] for i, power in enumerate(powers) for _ in range(power)]
        if not factors:
            parts.append(graph.add("Add", graph.add("Mul", columns[0], zero), graph.constant(1.0)))
            continue
        product = factors[0]
        for factor in factors[1:]:
            product = graph.add("Mul", product, factor)
        parts.append(product)
    return Table(graph.joined(parts), len(parts))


@reads(TRANSFORMERS, "FunctionTransformer")
def _function(graph: Graph, x: Table, transformer: Any) -> Table:
    known_functions = {np.exp: "Exp", np.log: "Log", np.sqrt: "Sqrt", np.abs: "Abs", np.tanh: "Tanh", np.square: "Square"}
    if transformer.func is None:
        return x
    if transformer.kw_args or transformer.func not in known_functions and transformer.func is not np.log1p:
        raise refuse(transformer, "a function of Python's", "take one of NumPy's exp, log, log1p, sqrt, abs, tanh, square, or compute it before")
    if transformer.func is np.log1p:
        return Table(graph.add("Log", graph.add("Add", x.name, graph.constant(1.0))), x.width)
    if transformer.func is np.square:
        return Table(graph.add("Mul", x.name, x.name), x.width)
    return Table(graph.add(known_functions[transformer.func], x.name), x.width)


def _indices(transformer: Any, name: str, columns: Any, width: int) -> list[int]:
    found = getattr(transformer, "_transformer_to_input_indices", {}).get(name)
    if found is not None:
        return [int(i) for i in found]
    if isinstance(columns, (str, int)):
        columns = [columns]
    if isinstance(columns, slice):
        return list(range(width))[columns]
    names = list(getattr(transformer, "feature_names_in_", []))
    return [names.index(column) if isinstance(column, str) else int(column) for column in columns]


def _weighted(graph: Graph, x: Table, weight: Any) -> Table:
    if weight == 1:
        return x
    if weight < 0:
        return Table(graph.shifted(x.name, None, weight), x.width)
    return x.rising(lambda: graph.shifted(x.name, None, weight), lambda i: lambda v: v * weight)


@reads(TRANSFORMERS, "ColumnTransformer")
def _column_transformer(graph: Graph, x: Table, transformer: Any) -> Table:
    parts = []
    for name, step, columns in transformer.transformers_:
        indices = _indices(transformer, name, columns, x.width)
        if not indices or isinstance(step, str) and step == "drop":
            continue
        made = transform(graph, x.select(graph, indices), step)
        parts.append(_weighted(graph, made, (transformer.transformer_weights or {}).get(name, 1)))
    return joined(graph, parts)


@reads(TRANSFORMERS, "FeatureUnion")
def _union(graph: Graph, x: Table, union: Any) -> Table:
    parts = []
    for name, step in union.transformer_list:
        if not (isinstance(step, str) and step == "drop"):
            made = transform(graph, x, step)
            parts.append(_weighted(graph, made, (union.transformer_weights or {}).get(name, 1)))
    return joined(graph, parts)


@reads(TRANSFORMERS, "Pipeline")
def _pipeline(graph: Graph, x: Table, pipeline: Any) -> Table:
    for _, step in pipeline.steps:
        x = transform(graph, x, step)
    return x
