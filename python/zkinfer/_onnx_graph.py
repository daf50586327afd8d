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

