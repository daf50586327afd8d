# SPDX-License-Identifier: Apache-2.0
"""Tables to tables: what transform gives."""

from __future__ import annotations

from typing import Any, Callable

import numpy as np

from .._onnx_graph import Graph
from .._tables import Column, Table, joined
from .._trees import not_above_of_float64
from .base import TRANSFORMERS, reads, refuse, transform
from .layers import tried


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


@reads(
    TRANSFORMERS, "FactorAnalysis", "FastICA", "SparsePCA", "MiniBatchSparsePCA", "GaussianRandomProjection", "SparseRandomProjection", "FeatureAgglomeration",
    "LinearDiscriminantAnalysis", "NeighborhoodComponentsAnalysis", "PLSRegression", "PLSCanonical", "PLSSVD", "CCA",
)  # fmt: skip
def _linear_map(graph: Graph, x: Table, model: Any) -> Table:
    def compute(rows: Any) -> Any:
        made = model.transform(rows)
        return made.todense() if hasattr(made, "todense") else made

    weights, offsets = tried(compute, x.width, model)
    center = getattr(model, "mean_", None)
    if center is not None and np.shape(center) == (x.width,):  # large means cancel before, not behind
        return Table(graph.linear(graph.shifted(x.name, center, None), weights, offsets + weights @ center), len(weights))
    return Table(graph.linear(x.name, weights, offsets), len(weights))


def _is_nan(value: Any) -> bool:
    return value is None or isinstance(value, float) and bool(np.isnan(value))


@reads(TRANSFORMERS, "MissingIndicator")
def _indicator(graph: Graph, x: Table, indicator: Any) -> Table:
    """1 where a number stands for what is missing. Inputs that are not a number are never proven: none of them is."""
    features = [int(i) for i in indicator.features_]
    if _is_nan(indicator.missing_values):
        return Table(graph.fixed(np.zeros(len(features))), len(features))
    missing = float(indicator.missing_values)
    parts = []
    for feature in features:
        given = x.columns[feature]
        columns = [Column(given.index, equals=missing)] if given.is_given else []
        parts.append(Table(_equal(graph, x, feature, [missing]), 1, x.before if columns else None, columns))
    return joined(graph, parts)


def _equal(graph: Graph, x: Table, column: int, values: Any) -> Callable[[], str]:
    return lambda: graph.as_float(graph.add("Equal", graph.columns(x.name, [column], -1), graph.constant(np.asarray(values)[None])))


@reads(TRANSFORMERS, "SimpleImputer")
def _imputer(graph: Graph, x: Table, imputer: Any) -> Table:
    missing = imputer.missing_values
    try:
        statistics = np.asarray(imputer.statistics_, dtype=np.float64)
    except (TypeError, ValueError):
        raise refuse(imputer, "fills in text", "encode text as numbers first") from None
    empty = np.isnan(statistics)
    if getattr(imputer, "keep_empty_features", False):
        statistics, empty = np.nan_to_num(statistics), np.zeros_like(empty)
    kept = np.flatnonzero(~empty)
    filled = x
    # Inputs that are not a number are never proven: nothing is left of them to fill in.
    if not _is_nan(missing):
        y = graph.add("Where", graph.add("Equal", x.name, graph.constant(missing)), graph.constant(np.nan_to_num(statistics)[None]), x.name)
        columns = [Column(given.index, filled=(float(missing), float(value))) for given, value in zip(x.columns, np.nan_to_num(statistics))]
        is_given = all(given.is_given for given in x.columns)
        filled = Table(y, x.width, x.before if is_given else None, columns)
    out = filled.select(graph, kept)
    indicator = getattr(imputer, "indicator_", None)
    if indicator is None or len(indicator.features_) == 0:
        return out
    return joined(graph, [out, _indicator(graph, x, indicator)])


@reads(TRANSFORMERS, "KNNImputer", "IterativeImputer")
def _model_imputer(graph: Graph, x: Table, imputer: Any) -> Table:
    """Of inputs without NaN nothing is missing."""
    if not _is_nan(imputer.missing_values):
        raise refuse(imputer, "fills in what is missing by a model of its own", "take SimpleImputer, or leave missing_values at NaN: inputs of proofs have none")
    if getattr(imputer, "indicator_", None) is not None:
        raise refuse(imputer, "add_indicator=True", "leave it out")
    kept = np.flatnonzero(~np.isnan(imputer.initial_imputer_.statistics_)) if hasattr(imputer, "initial_imputer_") else np.flatnonzero(imputer._valid_mask)
    return x.select(graph, kept)


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
        given = x.columns[column]
        columns = [Column(given.index, equals=float(value)) for value in kept] if given.is_given else []
        parts.append(Table(_equal(graph, x, column, kept), len(kept), x.before if columns else None, columns))
    return joined(graph, parts)


@reads(TRANSFORMERS, "OrdinalEncoder")
def _ordinal(graph: Graph, x: Table, encoder: Any) -> Table:
    if getattr(encoder, "_infrequent_enabled", False):
        raise refuse(encoder, "infrequent categories", "leave min_frequency and max_categories out")
    parts = []
    for column, values in enumerate(_categories(encoder)):
        unknown = encoder.unknown_value if encoder.handle_unknown == "use_encoded_value" else 0
        if unknown is None or np.isnan(unknown):
            raise refuse(encoder, "unknown values become NaN", "take a number as unknown_value")
        parts.append(graph.linear(_equal(graph, x, column, values)(), np.arange(len(values)) - float(unknown), float(unknown)))
    return Table(graph.joined(parts), x.width)


@reads(TRANSFORMERS, "PolynomialFeatures")
def _polynomial(graph: Graph, x: Table, features: Any) -> Table:
    columns = [graph.columns(x.name, [i], -1) for i in range(x.width)]
    parts = []
    for powers in features.powers_:
        factors = [columns[i] for i, power in enumerate(powers) for _ in range(power)]
        if not factors:
            parts.append(graph.fixed([1.0]))
            continue
        product = factors[0]
        for factor in factors[1:]:
            product = graph.add("Mul", product, factor)
        parts.append(product)
    return Table(graph.joined(parts), len(parts))


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
