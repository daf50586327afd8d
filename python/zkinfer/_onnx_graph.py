# SPDX-License-Identifier: Apache-2.0
"""An ONNX graph in the making, as the readers of scikit-learn, XGBoost and LightGBM write it."""

from __future__ import annotations

from typing import Any, Optional, Sequence

import numpy as np

from .errors import CompileError

_OPSET, _ML_OPSET, _IR_VERSION = 17, 3, 8
#: Of the range of a piecewise line's points: two that are nearer are a step.
_NEAR = 1e-4


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
        self._shifts: dict[str, tuple[str, np.ndarray, np.ndarray]] = {}  # what shifted() made, of what
        self._outputs: list[Any] = []

    def _new(self, what: str) -> str:
        return f"{what}_{len(self._nodes) + len(self._constants)}"

    def input(self, name: str, width: int) -> str:
        self._inputs.append(self._onnx.helper.make_tensor_value_info(name, self._onnx.TensorProto.FLOAT, [1, width]))
        return name

    def output(self, tensor: str, name: str, whole: bool = False) -> None:
        if any(tensor == constant.name for constant in self._constants):  # outputs depend on inputs
            tensor = self.add("Add", self.add("Mul", self.columns(self._inputs[0].name, [0], -1), self.constant(0.0)), tensor)
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
        needed, nodes = {output.name for output in self._outputs}, []
        for node in reversed(self._nodes):  # what readers wrote that no output reads is left out
            if needed.intersection(node.output):
                needed.update(node.input)
                nodes.append(node)
        constants = [constant for constant in self._constants if constant.name in needed]
        graph = helper.make_graph(nodes[::-1], name, self._inputs, self._outputs, constants)
        opsets = [helper.make_opsetid("", _OPSET), helper.make_opsetid("ai.onnx.ml", _ML_OPSET)]
        return bytes(helper.make_model(graph, opset_imports=opsets, ir_version=_IR_VERSION).SerializeToString())

    # What estimators are made of. x is [1, width] throughout.

    def linear(self, x: str, weights: Any, bias: Any = None) -> str:
        """x W^T + b, weights [rows, width]."""
        y = self.add("MatMul", x, self.constant(np.atleast_2d(weights).T))
        return y if bias is None or not np.any(bias) else self.add("Add", y, self.constant(np.atleast_1d(bias)))

    def shifted(self, x: str, offset: Any, factor: Any) -> str:
        """(x - offset) * factor, each per column or None; of what was shifted already, both at once: its columns may be of unlike sizes before."""
        offset, factor = np.asarray(0.0 if offset is None else offset, dtype=float), np.asarray(1.0 if factor is None else factor, dtype=float)
        source, first, scale = self._shifts.get(x, (x, np.zeros(()), np.ones(())))
        if np.all(scale != 0):
            x, offset, factor = source, first + offset / scale, scale * factor
        y = x
        if np.any(offset):
            y = self.add("Sub", y, self.constant(offset))
        if np.any(factor != 1):
            y = self.add("Mul", y, self.constant(factor))
        self._shifts[y] = (x, offset, factor)
        return y

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

    def above(self, x: str, limit: Any) -> str:
        """1 where x > limit, else 0, as whole numbers."""
        return self.as_whole(self.add("Greater", x, self.constant(limit)))

    def at_least(self, x: str, limit: Any) -> str:
        return self.as_whole(self.add("GreaterOrEqual", x, self.constant(limit)))

    def positive(self, x: str) -> str:
        return self.above(x, 0.0)

    def compared(self, x: str, mode: str, limits: str) -> str:
        """1 where x is so beside the limits, else 0: a mode of ONNX's trees."""
        names = {"BRANCH_LEQ": "LessOrEqual", "BRANCH_LT": "Less", "BRANCH_GTE": "GreaterOrEqual", "BRANCH_GT": "Greater", "BRANCH_EQ": "Equal", "BRANCH_NEQ": "Equal"}
        bit = self.as_float(self.add(names[mode], x, limits))
        return self.add("Sub", self.constant(1.0), bit) if mode == "BRANCH_NEQ" else bit

    def as_whole(self, x: str) -> str:
        return self.add("Cast", x, to=self._onnx.TensorProto.INT64)

    def as_float(self, x: str) -> str:
        return self.add("Cast", x, to=self._onnx.TensorProto.FLOAT)

    def take(self, numbers: Sequence[int], index: str) -> str:
        """numbers[index]"""
        if list(numbers) == list(range(len(numbers))):
            return index
        return self.add("Gather", self.constant(numbers, np.int64), index, axis=0)

    def clipped(self, x: str, lo: float, hi: float) -> str:
        return self.add("Clip", x, self.constant(lo), self.constant(hi))

    def fixed(self, numbers: Any) -> str:
        """[1, numbers], whatever the input is."""
        return self.constant(np.asarray(numbers, dtype=float)[None])

    def shares(self, x: str, num: int, may_be_zero: bool = False) -> str:
        """[1, num] over their sum; where that may be zero, equal parts of it."""
        total = self.add("ReduceSum", x, self.constant([1], np.int64), keepdims=1)
        if may_be_zero:
            none = self.as_float(self.add("LessOrEqual", total, self.constant(0.0)))
            x, total = self.add("Add", x, none), self.add("Add", total, self.shifted(none, None, float(num)))
        return self.add("Div", x, total)

    def interpolated(self, x: str, at: Any, values: Any) -> str:
        """The line through the points (at, values), which rise in `at`, of x [1, 1]; level beyond its ends. Two points at one place are a step, in the
        middle of which that place is (at the ends: its outer value); points nearer than integers tell apart are one beside the rounder of the two."""
        at, values = np.asarray(at, dtype=np.float64), np.asarray(values, dtype=np.float64)
        rise, width = np.diff(values), np.diff(at)
        near = width <= _NEAR * (at[-1] - at[0])
        parts, factors = [], []
        sloped = np.flatnonzero(~near & (rise != 0))
        if len(sloped):
            over = self.add("Relu", self.add("Sub", x, self.constant(at[sloped][None])))
            parts.append(self.add("Min", over, self.constant(width[sloped][None])))
            factors.append(rise[sloped] / width[sloped])
        unit = 10.0 ** np.floor(np.log10(max(_NEAR * (at[-1] - at[0]), 1e-30)))
        off = np.abs(at - np.round(at / unit) * unit)
        ends = off[1:] <= off[:-1]  # the upper one is the rounder, so at its place the step is done
        first = np.where(width == 0, np.where(at[:-1] == at[0], 0.0, np.where(at[1:] == at[-1], 1.0, 0.5)), ends)  # of the step, at its place
        for share, place, compare in ((first, at[1:], self.at_least), (1 - first, at[:-1], self.above)):
            steps = np.flatnonzero(near & (rise * share != 0))
            if len(steps):
                parts.append(self.as_float(compare(x, place[steps].astype(np.float32)[None])))
                factors.append((rise * share)[steps])
        if not parts:
            return self.fixed(values[:1])
        return self.linear(self.joined(parts), np.concatenate(factors)[None], values[:1])

    def two_classes(self, p: str) -> str:
        """[1 - p, p]."""
        return self.joined([self.add("Sub", self.constant(1.0), p), p])

    def mean(self, parts: Sequence[str], weights: Optional[Sequence[float]] = None) -> str:
        factors = np.full(len(parts), 1.0) if weights is None else np.asarray(weights, dtype=float)
        scaled = [self.shifted(part, None, factor / factors.sum()) for part, factor in zip(parts, factors)]
        return self.total(scaled)

    def total(self, parts: Sequence[str]) -> str:
        total = parts[0]
        for part in parts[1:]:
            total = self.add("Add", total, part)
        return total

    def sorted(self, x: str, count: int) -> tuple[str, str]:
        """The `count` smallest of [1, width], rising, and where they are."""
        values, places = self._new("TopK"), self._new("places")
        inputs = [x, self.constant([count], np.int64)]
        self._nodes.append(self._onnx.helper.make_node("TopK", inputs, [values, places], name=values, axis=1, largest=0, sorted=1))
        return values, places

