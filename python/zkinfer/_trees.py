# SPDX-License-Identifier: Apache-2.0
"""Decision trees as ONNX, whose branches go the way that they go in the library, for every row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable, Sequence

import numpy as np

from ._onnx_graph import Graph
from ._tables import Column, Table, same

_MOST = np.finfo(np.float32).max


def not_above(threshold: Any) -> np.ndarray:
    """The largest float32 that is not above: of float32 features x <= threshold says the same of both."""
    exact = np.asarray(threshold, dtype=np.float64)
    near = np.clip(exact, -_MOST, _MOST).astype(np.float32)  # what is beyond splits nothing
    return np.where(near.astype(np.float64) > exact, np.nextafter(near, np.float32(-np.inf)), near).astype(np.float32)


def _decimal(x: np.ndarray) -> np.ndarray:
    """The number that a table had where float32 has x: the shortest decimal."""
    return np.array([float(str(value)) for value in x.ravel()]).reshape(x.shape)


def _ordered(keys: np.ndarray) -> np.ndarray:
    """float32 numbers by their place among all of them, 0 at 0."""
    bits = np.where(keys >= 0, keys, np.int64(-0x80000000) - keys)
    return bits.astype(np.int64).astype(np.uint32).view(np.float32)


def largest(holds: Callable[[np.ndarray], np.ndarray], count: int) -> np.ndarray:
    """For each of `count` conditions on decimals that hold up to some number: the largest float32 of which it holds; the lowest of all where
    there is none."""
    most = int(np.float32(_MOST).view(np.int32))
    low, high = np.full(count, -most - 1, dtype=np.int64), np.full(count, most, dtype=np.int64)
    while np.any(low < high):  # of the numbers themselves first: texts take long
        middle = (low + high + 1) >> 1
        good = holds(_ordered(middle).astype(np.float64))
        low, high = np.where(good, middle, low), np.where(good, high, middle - 1)
    found = np.maximum(low - 2, -most)
    for step in range(1, 5):
        place = np.clip(low - 2 + step, -most, most)
        found = np.where(holds(_decimal(_ordered(place))), np.maximum(found, place), found)
    return _ordered(found)


#: Doubles with so many trailing zero bits were learned from float32 numbers, of which they are the means.
_LEARNED_BITS = 12


def _learned_from_float32(threshold: float) -> bool:
    # LightGBM's thresholds are the doubles behind the means.
    return any(int(np.float64(x).view(np.int64)) % (1 << _LEARNED_BITS) == 0 for x in (threshold, np.nextafter(threshold, -np.inf)))


def not_above_of_float64(threshold: Any) -> np.ndarray:
    """The same for what a library compares as float64. A feature is read as float32, of whatever stands in the caller's table. Where the
    threshold was learned from float32 numbers, these are float32 too; else decimals, each the shortest one of its float32."""
    exact = np.atleast_1d(np.asarray(threshold, dtype=np.float64))
    out = np.atleast_1d(not_above(exact))
    decimal = [i for i, value in enumerate(exact) if abs(value) < _MOST and not _learned_from_float32(value)]
    if decimal:
        out[decimal] = largest(lambda x: x <= exact[decimal], len(decimal))
    return out.reshape(np.shape(threshold))


#: How libraries compare a feature with a threshold.
_CONDITIONS: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "float32 <=": lambda x, threshold: x.astype(np.float32) <= threshold,
    "float32 <": lambda x, threshold: x.astype(np.float32) < threshold.astype(np.float32),
    "float64 <=": lambda x, threshold: x <= threshold,
}


@dataclass(frozen=True)
class _Lost:
    """Which way a split goes where a column of a table has the number that stands for what is missing: nothing is compared."""

    table: str
    column: int
    stands: float
    goes_true: bool


class Trees:
    """Decision trees whose leaves are summed: one TreeEnsembleRegressor with a target for each class or value. compares: how the library asks
    for the branch that is called true, "float32 <=" (scikit-learn), "float32 <" (XGBoost) or "float64 <="."""

    def __init__(self, num_targets: int, compares: str) -> None:
        self.num_targets = num_targets
        self._compares = compares
        self._num_trees = 0
        self._nodes: dict[str, list[Any]] = {key: [] for key in ("treeids", "nodeids", "featureids", "modes", "values", "truenodeids", "falsenodeids")}
        self._leaves: dict[str, list[Any]] = {key: [] for key in ("treeids", "nodeids", "ids", "weights")}
        self._sets: dict[int, list[float]] = {}  # by place among the nodes, as _missing
        self._missing: dict[int, tuple[float, bool]] = {}
        self.base = np.zeros(num_targets)

    def add_tree(self) -> int:
        self._num_trees += 1
        return self._num_trees - 1

    def _add(self, *row: Any) -> None:
        for key, value in zip(self._nodes, row):
            self._nodes[key].append(value)

    def split(self, tree: int, node: int, feature: int, threshold: float, true: int, false: int) -> None:
        self._add(tree, node, int(feature), "BRANCH", float(threshold), int(true), int(false))

    def split_set(self, tree: int, node: int, feature: int, members: Sequence[float], true: int, false: int) -> None:
        """The branch that is called true where the feature is one of `members`."""
        self._sets[len(self._nodes["treeids"])] = [float(value) for value in members]
        self._add(tree, node, int(feature), "BRANCH", 0.0, int(true), int(false))

    def stands_for_missing(self, value: float, goes_true: bool) -> None:
        """Of the split that was added last: where the feature is `value`, which way it goes is not compared."""
        self._missing[len(self._nodes["treeids"]) - 1] = (float(value), goes_true)

    def leaf(self, tree: int, node: int, weights: Sequence[float], first_target: int = 0) -> None:
        self._add(tree, node, 0, "LEAF", 0.0, 0, 0)
        for target, weight in enumerate(weights):
            for key, value in zip(self._leaves, (tree, node, first_target + target, float(weight))):
                self._leaves[key].append(value)

    def _branches(self, column: Column, thresholds: np.ndarray) -> tuple[list[str], np.ndarray]:
        """Modes and float32 thresholds on the table before that go the way of `thresholds` on this column of it."""
        holds = _CONDITIONS[self._compares]
        if column.equals is not None:
            off, on = (holds(column.value(np.full(len(thresholds), bit)), thresholds) for bit in (0.0, 1.0))
            names = {(True, True): "BRANCH_LEQ", (True, False): "BRANCH_NEQ", (False, True): "BRANCH_EQ", (False, False): "BRANCH_GT"}
            modes = [names[bool(a), bool(b)] for a, b in zip(off, on)]
            return modes, np.where(off == on, _MOST, np.float32(column.equals)).astype(np.float32)
        if column.value is not same:
            return ["BRANCH_LEQ"] * len(thresholds), largest(lambda x: holds(column.value(x), thresholds), len(thresholds))
        if self._compares == "float32 <":
            return ["BRANCH_LT"] * len(thresholds), thresholds.astype(np.float32)
        return ["BRANCH_LEQ"] * len(thresholds), (not_above if self._compares == "float32 <=" else not_above_of_float64)(thresholds)

    def _fill(self, lost: dict[int, _Lost], table: str, column: Column, place: int, mode: str, limit: float) -> None:
        """Where the number that fills in goes another way at a split than what stands for it."""
        assert column.filled is not None
        stands, number = column.filled
        goes_true = bool(_CONDITIONS[self._compares](column.value(np.array([number])), np.array([self._nodes["values"][place]]))[0])
        if goes_true != (np.float32(stands) < limit if mode == "BRANCH_LT" else np.float32(stands) <= limit):
            lost[place] = _Lost(table, column.index, stands, goes_true)

    def write(self, graph: Graph, x: Table) -> str:
        """[1, num_targets]."""
        if self._num_trees == 0:
            return graph.fixed(self.base)
        if self._missing and any(column.filled for column in x.columns):
            x = Table(x.name, x.width)  # both say where nothing is compared
        nodes = {key: list(values) for key, values in self._nodes.items()}
        features, splits = np.array(nodes["featureids"]), np.array([mode == "BRANCH" for mode in nodes["modes"]])
        for place in self._sets:
            splits[place] = False
        lost = {place: _Lost(x.name, int(features[place]), stands, goes_true) for place, (stands, goes_true) in self._missing.items()}
        for feature in np.unique(features[splits]):
            places = np.flatnonzero(splits & (features == feature)).tolist()
            column = x.columns[feature]
            with np.errstate(over="ignore"):  # at the ends of float32
                modes, thresholds = self._branches(column, np.array([nodes["values"][place] for place in places]))
            for place, mode, threshold in zip(places, modes, thresholds):
                if column.filled is not None:
                    self._fill(lost, x.before.name, column, place, mode, threshold)
                nodes["featureids"][place], nodes["modes"][place], nodes["values"][place] = column.index, mode, float(threshold)
        source = x.before.name
        if self._sets or lost:
            source = self._bits(graph, x, nodes, features, lost)
        attributes = {f"nodes_{key}": values for key, values in nodes.items()}
        attributes.update({f"target_{key}": values for key, values in self._leaves.items()})
        if np.any(self.base):
            attributes["base_values"] = [float(value) for value in self.base]
        return graph.add(
            "TreeEnsembleRegressor", source, domain="ai.onnx.ml", n_targets=self.num_targets, aggregate_function="SUM", post_transform="NONE", **attributes
        )

    def _bits(self, graph: Graph, x: Table, nodes: dict[str, list[Any]], features: np.ndarray, lost: dict[int, _Lost]) -> str:
        """What each split asks, 1 or 0, [1, splits]; nodes then ask that. ONNX's trees know neither sets nor numbers that stand for what is missing."""
        places = [place for place, mode in enumerate(nodes["modes"]) if mode != "LEAF"]
        kinds: dict[str, list[int]] = {}
        for place in places:
            kinds.setdefault("set" if place in self._sets else nodes["modes"][place], []).append(place)
        parts, order = [], []
        for kind, of_kind in kinds.items():
            order += of_kind
            if kind == "set":
                asked = [(row, int(features[place]), value) for row, place in enumerate(of_kind) for value in self._sets[place]]
                hits = graph.as_float(
                    graph.add("Equal", graph.columns(x.name, [f for _, f, _ in asked], -1), graph.constant(np.array([v for _, _, v in asked])[None]))
                )
                which = np.zeros((len(of_kind), len(asked)))
                which[[row for row, _, _ in asked], np.arange(len(asked))] = 1
                parts.append(graph.linear(hits, which))
                continue
            values = graph.columns(x.before.name, [nodes["featureids"][place] for place in of_kind], -1)
            limits = graph.constant(np.array([nodes["values"][place] for place in of_kind], dtype=np.float32)[None])
            parts.append(graph.compared(values, kind, limits))
        bits = graph.joined(parts)
        for table in sorted({of.table for of in lost.values()}):
            known = [i for i, place in enumerate(order) if place in lost and lost[place].table == table]
            of_known = [lost[order[i]] for i in known]
            stand = np.array([of.stands for of in of_known])[None]
            is_lost = graph.as_float(graph.add("Equal", graph.columns(table, [of.column for of in of_known], -1), graph.constant(stand)))
            rest = [i for i in range(len(order)) if i not in set(known)]
            goes = np.array([1.0 if of.goes_true else 0.0 for of in of_known])[None]
            kept = graph.columns(bits, known, len(order))
            kept = graph.add("Add", graph.add("Mul", kept, graph.add("Sub", graph.constant(1.0), is_lost)), graph.shifted(is_lost, None, goes))
            bits = graph.joined([kept] + ([graph.columns(bits, rest, len(order))] if rest else []))
            order = [order[i] for i in known + rest]
        for number, place in enumerate(order):
            nodes["featureids"][place], nodes["modes"][place], nodes["values"][place] = number, "BRANCH_GT", 0.5
        return bits
