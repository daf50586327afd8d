# SPDX-License-Identifier: Apache-2.0
"""An ONNX graph in the making, as the readers of scikit-learn, XGBoost and LightGBM write it."""

from __future__ import annotations

from typing import Any, Optional, Sequence

import numpy as np

from .errors import CompileError

_OPSET, _ML_OPSET, _IR_VERSION = 17, 3, 8


def _onnx() -> Any:
    try:
        import onnx.helper
        import onnx.numpy_helper
    except ImportError:
        raise CompileError("estimators are read by way of ONNX, which is not installed; pip install onnx, or Debian's python3-onnx") from None
    return onnx


class Graph:
    """Nodes that are added one after another; names are made here."""

    def __init__(self) -> None:
        self._onnx = _onnx()
        self._nodes: list[Any] = []
        self._constants: list[Any] = []
        self._inputs: list[Any] = []
        self._outputs: list[Any] = []

    def _new(self, what: str) -> str:
        return f"{what}_{len(self._nodes) + len(self._constants)}"

    def input(self, name: str, width: int) -> str:
        self._inputs.append(self._onnx.helper.make_tensor_value_info(name, self._onnx.TensorProto.FLOAT, [1, width]))
        return name

    def output(self, tensor: str, name: str, whole: bool = False) -> None:
        self._nodes.append(self._onnx.helper.make_node("Identity", [tensor], [name]))
        kind = self._onnx.TensorProto.INT64 if whole else self._onnx.TensorProto.FLOAT
        self._outputs.append(self._onnx.helper.make_tensor_value_info(name, kind, None))

    def constant(self, value: Any, dtype: Any = np.float32) -> str:
        name = self._new("c")
        self._constants.append(self._onnx.numpy_helper.from_array(np.ascontiguousarray(np.asarray(value, dtype=dtype)), name))
        return name

    def add(self, op: str, *inputs: str, domain: str = "", **attributes: Any) -> str:
        """A node with one output, whose name is returned. Its name, for messages, is the operator's with a number."""
        name = self._new(op)
        self._nodes.append(self._onnx.helper.make_node(op, list(inputs), [name], name=name, domain=domain, **attributes))
        return name

    def to_bytes(self, name: str) -> bytes:
        helper = self._onnx.helper
        graph = helper.make_graph(self._nodes, name, self._inputs, self._outputs, self._constants)
        opsets = [helper.make_opsetid("", _OPSET), helper.make_opsetid("ai.onnx.ml", _ML_OPSET)]
        return bytes(helper.make_model(graph, opset_imports=opsets, ir_version=_IR_VERSION).SerializeToString())

    # What estimators are made of. x is [1, width] throughout.

    def linear(self, x: str, weights: Any, bias: Any = None) -> str:
        """x W^T + b, weights [rows, width]."""
        y = self.add("MatMul", x, self.constant(np.atleast_2d(weights).T))
        return y if bias is None or not np.any(bias) else self.add("Add", y, self.constant(np.atleast_1d(bias)))

    def shifted(self, x: str, offset: Any, factor: Any) -> str:
        """(x - offset) * factor, each per column or None."""
        if offset is not None and np.any(offset):
            x = self.add("Sub", x, self.constant(offset))
        return x if factor is None or np.all(np.asarray(factor) == 1) else self.add("Mul", x, self.constant(factor))

    def columns(self, x: str, indices: Sequence[int], width: int) -> str:
        indices = [int(i) for i in indices]
        if indices == list(range(width)):
            return x
        return self.add("Gather", x, self.constant(indices, np.int64), axis=1)

    def joined(self, parts: Sequence[str]) -> str:
        return parts[0] if len(parts) == 1 else self.add("Concat", *parts, axis=1)

    def row(self, x: str, width: int) -> str:
        """[1, width] of as many numbers."""
        return self.add("Reshape", x, self.constant([1, width], np.int64))

    def sum_last(self, x: str) -> str:
        return self.add("ReduceSum", x, self.constant([-1], np.int64), keepdims=0)

    def squared_distances(self, x: str, points: Any) -> str:
        """[1, points] of x to points [points, width]."""
        difference = self.add("Sub", x, self.constant(points))
        return self.row(self.sum_last(self.add("Mul", difference, difference)), len(points))

    def positive(self, x: str) -> str:
        """1 where x > 0, else 0, as whole numbers."""
        return self.add("Cast", self.add("Greater", x, self.constant(0.0)), to=self._onnx.TensorProto.INT64)

    def as_float(self, x: str) -> str:
        return self.add("Cast", x, to=self._onnx.TensorProto.FLOAT)

    def two_classes(self, p: str) -> str:
        """[1 - p, p]."""
        return self.joined([self.add("Sub", self.constant(1.0), p), p])

    def mean(self, parts: Sequence[str], weights: Optional[Sequence[float]] = None) -> str:
        factors = np.full(len(parts), 1.0) if weights is None else np.asarray(weights, dtype=float)
        scaled = [self.shifted(part, None, factor / factors.sum()) for part, factor in zip(parts, factors)]
        total = scaled[0]
        for part in scaled[1:]:
            total = self.add("Add", total, part)
        return total


def not_above(threshold: Any) -> np.ndarray:
    """The largest float32 that is not above: of float32 features x <= threshold says the same of both."""
    exact = np.asarray(threshold, dtype=np.float64)
    with np.errstate(over="ignore"):
        near = exact.astype(np.float32)
    return np.where(near.astype(np.float64) > exact, np.nextafter(near, np.float32(-np.inf)), near).astype(np.float32)


class Trees:
    """Decision trees whose leaves are summed: one TreeEnsembleRegressor with a target for each class or value."""

    def __init__(self, num_targets: int) -> None:
        self.num_targets = num_targets
        self._num_trees = 0
        self._nodes: dict[str, list[Any]] = {
            key: [] for key in ("treeids", "nodeids", "featureids", "modes", "values", "truenodeids", "falsenodeids")
        }
        self._leaves: dict[str, list[Any]] = {key: [] for key in ("treeids", "nodeids", "ids", "weights")}
        self.base = np.zeros(num_targets)

    def add_tree(self) -> int:
        self._num_trees += 1
        return self._num_trees - 1

    def split(self, tree: int, node: int, feature: int, mode: str, threshold: float, true: int, false: int) -> None:
        row = (tree, node, int(feature), mode, float(threshold), int(true), int(false))
        for key, value in zip(self._nodes, row):
            self._nodes[key].append(value)

    def leaf(self, tree: int, node: int, weights: Sequence[float], first_target: int = 0) -> None:
        self.split(tree, node, 0, "LEAF", 0.0, 0, 0)
        for target, weight in enumerate(weights):
            for key, value in zip(self._leaves, (tree, node, first_target + target, float(weight))):
                self._leaves[key].append(value)

    def write(self, graph: Graph, x: str) -> str:
        """[1, num_targets]."""
        if self._num_trees == 0:
            return graph.add("Add", graph.add("Mul", graph.columns(x, [0], -1), graph.constant(0.0)), graph.constant(self.base[None]))
        attributes = {f"nodes_{key}": values for key, values in self._nodes.items()}
        attributes.update({f"target_{key}": values for key, values in self._leaves.items()})
        if np.any(self.base):
            attributes["base_values"] = [float(value) for value in self.base]
        return graph.add(
            "TreeEnsembleRegressor", x, domain="ai.onnx.ml", n_targets=self.num_targets, aggregate_function="SUM", post_transform="NONE", **attributes
        )
