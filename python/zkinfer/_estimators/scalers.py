# SPDX-License-Identifier: Apache-2.0
"""Column by column: scalers, bins, and functions of one number."""

from __future__ import annotations

from typing import Any, Callable

import numpy as np

from .._onnx_graph import Graph
from .._tables import Table, joined
from .._trees import largest
from .base import TRANSFORMERS, reads, refuse


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


def _by_column(graph: Graph, x: Table, lo: np.ndarray, hi: np.ndarray, make: Callable[[str, int], str]) -> str:
    """What is made of each column, less lo and over hi - lo: the table as a whole, so that columns of unlike sizes keep their digits."""
    level = graph.shifted(x.name, lo, 1 / (hi - lo))
    return graph.joined([make(graph.columns(level, [i], x.width), i) for i in range(x.width)])


def _ends(lo: Any, hi: Any) -> tuple[np.ndarray, np.ndarray]:
    """Of columns; of those that are one number, from it to one more."""
    lo, hi = np.asarray(lo, dtype=np.float64), np.asarray(hi, dtype=np.float64)
    return lo, np.where(hi > lo, hi, lo + 1)


#: Of the shares that a QuantileTransformer makes normal.
_END = 2e-4


@reads(TRANSFORMERS, "QuantileTransformer")
def _quantiles(graph: Graph, x: Table, transformer: Any) -> Table:
    from scipy.stats import norm  # type: ignore[import-untyped]

    normal = transformer.output_distribution == "normal"
    edge = norm.ppf(1e-7 - np.spacing(1))  # where the library cuts off

    lo, hi = _ends(transformer.quantiles_[0], transformer.quantiles_[-1])

    def make(column: str, i: int) -> str:
        share = graph.interpolated(column, (transformer.quantiles_[:, i] - lo[i]) / (hi[i] - lo[i]), transformer.references_)
        if not normal:
            return share
        scores = np.linspace(edge, -edge, 513)
        # What integers do not tell from the ends is at them, as the least and the largest number of a column are.
        return graph.interpolated(share, np.clip(norm.cdf(scores), _END, 1 - _END), scores)

    def value(i: int) -> Callable[[np.ndarray], np.ndarray]:
        return lambda v: transformer._transform_col(np.array(v, dtype=np.float64), transformer.quantiles_[:, i], False)

    return x.rising(lambda: _by_column(graph, x, lo, hi, make), value)


def _yeo_johnson(graph: Graph, x: str, power: float) -> str:
    """Of numbers from zero up and below it apart, of which one is always zero (I.-K. Yeo, R. A. Johnson, Biometrika 87 (2000), page 954)."""
    up, down = graph.add("Relu", x), graph.add("Relu", graph.add("Neg", x))
    return graph.add("Sub", _box_cox(graph, _plus_one(graph, up), power), _box_cox(graph, _plus_one(graph, down), 2 - power))


def _plus_one(graph: Graph, x: str) -> str:
    return graph.add("Add", x, graph.constant(1.0))


def _box_cox(graph: Graph, x: str, power: float) -> str:
    if abs(power) < np.spacing(1.0):
        return graph.add("Log", x)
    return graph.shifted(x if power == 1 else graph.add("Pow", x, graph.constant(power)), 1.0, 1 / power)


@reads(TRANSFORMERS, "PowerTransformer")
def _powers(graph: Graph, x: Table, transformer: Any) -> Table:
    one = _box_cox if transformer.method == "box-cox" else _yeo_johnson
    scaler = transformer._scaler if transformer.standardize else None

    lo, hi = np.zeros(x.width), np.ones(x.width)
    if scaler is not None:  # where numbers are, as far as they are known
        with np.errstate(all="ignore"):
            near = np.asarray(transformer.inverse_transform(np.array([[-1.0] * x.width, [0.0] * x.width, [1.0] * x.width])))
        if np.isfinite(near).all():
            lo, hi = _ends(near[0], near[2])

    def of_column(column: str, i: int) -> str:
        return one(graph, graph.shifted(graph.shifted(column, None, hi[i] - lo[i]), -lo[i], None), float(transformer.lambdas_[i]))

    def make() -> str:
        y = _by_column(graph, x, lo, hi, of_column)
        return y if scaler is None else graph.shifted(y, scaler.mean_, 1 / scaler.scale_)

    def value(i: int) -> Callable[[np.ndarray], np.ndarray]:
        def transformed(v: np.ndarray) -> np.ndarray:
            table = np.ones((v.size, x.width))
            table[:, i] = np.ravel(v) if transformer.method != "box-cox" else np.maximum(np.ravel(v), np.finfo(np.float32).tiny)
            with np.errstate(all="ignore"):
                return np.nan_to_num(np.asarray(transformer.transform(table))[:, i].reshape(v.shape))

        return transformed

    return x.rising(make, value)


@reads(TRANSFORMERS, "KBinsDiscretizer")
def _bins(graph: Graph, x: Table, transformer: Any) -> Table:
    """The bin of a column: how many inner edges are not above it."""
    hot = transformer.encode != "ordinal"
    parts = []
    for i, edges in enumerate(transformer.bin_edges_):
        inner = np.asarray(edges[1:-1], dtype=np.float64)
        first = np.nextafter(largest(lambda v, inner=inner: v < inner, len(inner)), np.float32(np.inf)) if len(inner) else inner  # type: ignore[misc]

        def make(i: int = i, first: np.ndarray = first) -> str:
            column = graph.columns(x.name, [i], x.width)
            if not len(first):
                return graph.fixed([1.0 if hot else 0.0])
            passed = graph.as_float(graph.at_least(column, first[None]))
            if not hot:
                return graph.linear(passed, np.ones(len(first)))
            differences = np.eye(len(first) + 1, len(first), -1) - np.eye(len(first) + 1, len(first))
            return graph.linear(passed, differences, np.eye(len(first) + 1)[0])

        def value(v: np.ndarray, inner: np.ndarray = inner) -> np.ndarray:
            return np.searchsorted(inner, v, side="right").astype(np.float64)

        if hot:
            parts.append(Table(make, len(inner) + 1))
        else:
            parts.append(Table(make, 1, x.before, [x.columns[i].then(value)]))
    return joined(graph, parts)


def _square(graph: Graph, x: str) -> str:
    return graph.add("Mul", x, x)


def _operator(name: str) -> Callable[[Graph, str], str]:
    return lambda graph, x: graph.add(name, x)


#: Functions of NumPy and SciPy by name.
_FUNCTIONS: dict[str, Callable[[Graph, str], str]] = {
    "exp": _operator("Exp"), "log": _operator("Log"), "sqrt": _operator("Sqrt"), "absolute": _operator("Abs"), "tanh": _operator("Tanh"), "sin": _operator("Sin"),
    "cos": _operator("Cos"), "tan": _operator("Tan"), "arctan": _operator("Atan"), "sinh": _operator("Sinh"), "cosh": _operator("Cosh"), "arcsinh": _operator("Asinh"),
    "sign": _operator("Sign"), "floor": _operator("Floor"), "ceil": _operator("Ceil"), "rint": _operator("Round"), "negative": _operator("Neg"),
    "reciprocal": _operator("Reciprocal"), "expit": _operator("Sigmoid"), "square": _square, "positive": lambda graph, x: x,
    "log1p": lambda graph, x: graph.add("Log", _plus_one(graph, x)),
    "expm1": lambda graph, x: graph.shifted(graph.add("Exp", x), 1.0, None),
    "log2": lambda graph, x: graph.shifted(graph.add("Log", x), None, 1 / np.log(2)),
    "log10": lambda graph, x: graph.shifted(graph.add("Log", x), None, 1 / np.log(10)),
    "exp2": lambda graph, x: graph.add("Exp", graph.shifted(x, None, np.log(2))),
    "cbrt": lambda graph, x: graph.add("Mul", graph.add("Sign", x), graph.add("Pow", graph.add("Abs", x), graph.constant(1 / 3))),
    "deg2rad": lambda graph, x: graph.shifted(x, None, np.pi / 180),
    "rad2deg": lambda graph, x: graph.shifted(x, None, 180 / np.pi),
}  # fmt: skip


def function(graph: Graph, x: str, func: Any, of: Any) -> str:
    """A function of NumPy's or SciPy's of every number."""
    name = getattr(func, "__name__", None)
    if not isinstance(func, np.ufunc) or name not in _FUNCTIONS:
        raise refuse(of, f"a function of Python's ({name or type(func).__name__})", f"take one of NumPy's {', '.join(sorted(_FUNCTIONS))}, or compute it before")
    return _FUNCTIONS[name](graph, x)


@reads(TRANSFORMERS, "FunctionTransformer")
def _function(graph: Graph, x: Table, transformer: Any) -> Table:
    if transformer.func is None:
        return x
    if transformer.kw_args:
        raise refuse(transformer, "a function with arguments (kw_args)", "leave kw_args out, or compute it before")
    return Table(function(graph, x.name, transformer.func, transformer), x.width)
