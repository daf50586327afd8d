# SPDX-License-Identifier: Apache-2.0
"""A model's integer program in PyTorch: every value is a float64 tensor of whole numbers, exactly those that a proof is about, and
gradients pass straight through what rounds. Where float64 does not hold all that a node computes (the sums of squares of normalizations), its
integers are computed as int64 beside it, and the float64 tensor, then within 2^-52 of them, carries the gradient alone. One function per operator of src/qir/qgraph.h, where its meaning is written down."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Callable, Optional, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from .errors import InputError

#: float64 holds every whole number up to here, and its half; int64 all sums of two up to there.
EXACT, WIDEST = 1 << 52, 1 << 62
#: What computes integers beyond EXACT, the same code on int64.
_WIDE = ("Concat", "Divide", "Linear", "Mul", "Pad", "ReduceSum", "Reshape", "Select", "Slice", "SquareRoot", "Transpose")


@dataclass
class Value:
    """Of the program: kind "input", "param" or "node"; entries in lo .. hi; real = integer * scale."""

    name: str
    kind: str
    shape: tuple[int, ...]
    lo: int
    hi: int
    scale: float


class Table:
    """T of a requantization. Outside of a list's domain it goes on as it ends, as in the program that comes out of training."""

    def __init__(self, data: dict[str, Any]) -> None:
        self.kind: str = data["kind"]
        self.first: int = data["first"]
        lo, hi = data["clamp"]
        self.clamp: tuple[int, int] = (lo, hi)
        self.piece_bits: int = data["piece_bits"]
        self.slope_shift: int = data["slope_shift"]
        self.last = self.first + (1 << data["log_size"]) - 1
        self.values = torch.tensor(data["values"], dtype=torch.int64)
        self.slopes = torch.tensor(data["slopes"], dtype=torch.int64)

    def largest(self, argument: int) -> int:
        """Of its values, for arguments of such magnitude."""
        if self.kind in ("range", "clamp"):
            return argument if self.kind == "range" else max(abs(end) for end in self.clamp)
        most = int(self.values.abs().max())
        return most + (int(self.slopes.abs().max()) << self.piece_bits >> self.slope_shift) + 1 if self.kind == "pieces" else most

    def __call__(self, argument: Tensor) -> tuple[Tensor, Optional[Tensor]]:
        """T of whole numbers, and its slope there; None: 1."""
        if self.kind == "range":
            return argument, None
        if self.kind == "clamp":
            lo, hi = self.clamp
            return argument.clamp(lo, hi), ((argument >= lo) & (argument <= hi)).to(argument.dtype)
        values, slopes = self.values.to(argument.device), self.slopes.to(argument.device)
        inside = (argument >= self.first) & (argument <= self.last)
        x = argument.clamp(self.first, self.last).long() - self.first
        if self.kind == "explicit":
            most = len(values) - 1
            slope = (values[(x + 1).clamp(max=most)] - values[(x - 1).clamp(min=0)]).to(argument.dtype) / 2
            return values[x].to(argument.dtype), slope * inside
        piece, low = x >> self.piece_bits, x & ((1 << self.piece_bits) - 1)
        rounding = (1 << self.slope_shift) >> 1
        y = values[piece] + ((slopes[piece] * low + rounding) >> self.slope_shift)
        return y.to(argument.dtype), slopes[piece].to(argument.dtype) / (1 << self.slope_shift) * inside


class _Straight(torch.autograd.Function):
    """`exact` on the way there, the gradient of `smooth` on the way back."""

    @staticmethod
    def forward(ctx: Any, smooth: Tensor, exact: Tensor) -> Tensor:  # type: ignore[override]
        return exact.view_as(exact)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:  # type: ignore[override]
        return gradient, None


def straight(smooth: Tensor, exact: Tensor) -> Tensor:
    out: Tensor = _Straight.apply(smooth, exact.detach())
    return out


class _Requantize(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, acc: Tensor, whole: Optional[Tensor], shift: int, table: Table) -> Tensor:  # type: ignore[override]
        if whole is None:
            # acc / 2^shift is exact, and so is the sum.
            argument = torch.floor(acc / (1 << shift) + (0.5 if shift > 0 else 0.0))
        else:
            # Tables end long before, so what lies beyond stays beyond.
            argument = ((whole + ((1 << shift) >> 1)) >> shift).clamp(-EXACT, EXACT).to(acc.dtype)
        y, slope = table(argument)
        ctx.shift = shift
        ctx.save_for_backward(slope)
        return y.clone() if y is acc else y

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None, None]:  # type: ignore[override]
        (slope,) = ctx.saved_tensors
        gradient = gradient / (1 << ctx.shift)
        return (gradient if slope is None else gradient * slope), None, None, None


class _Rounded(torch.autograd.Function):
    """To the nearest whole number in lo .. hi; outside, gradients only that lead back."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, lo: float, hi: float) -> Tensor:  # type: ignore[override]
        ctx.save_for_backward(x)
        ctx.ends = (lo, hi)
        return torch.floor(x + 0.5).clamp(lo, hi)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:  # type: ignore[override]
        (x,) = ctx.saved_tensors
        lo, hi = ctx.ends
        kept = ((x >= lo) | (gradient < 0)) & ((x <= hi) | (gradient > 0))
        return gradient * kept, None, None


def rounded(x: Tensor, lo: float, hi: float) -> Tensor:
    out: Tensor = _Rounded.apply(x, lo, hi)
    return out


#: A tensor, its shape in the program, and whether it has a batch axis before that.
Operand = tuple[Tensor, tuple[int, ...], bool]


def _lifted(operand: Operand, rank: int) -> Tensor:
    """With axes of length 1 between batch and shape, so that operands broadcast as their shapes do."""
    tensor, shape, batched = operand
    if not batched:
        return tensor.reshape((1,) * (1 + rank - len(shape)) + tuple(shape))
    return tensor.reshape((tensor.shape[0],) + (1,) * (rank - len(shape)) + tuple(shape))


def _batch(operand: Operand) -> Tensor:
    """With a batch axis: that of length 1 where it has none."""
    tensor, _, batched = operand
    out: Tensor = tensor if batched else tensor[None]
    return out


def _product(numbers: Sequence[int]) -> int:
    out = 1
    for number in numbers:
        out *= number
    return out


class Node:
    """One operation: call it with its operands; gives [batch, shape..]. wide: float64 does not hold all that it computes or reads."""

    def __init__(self, data: dict[str, Any], values: Sequence[Value], tables: Sequence[Table]) -> None:
        self.op: str = data["op"]
        self.name: str = data["name"]
        self.inputs: list[int] = data["inputs"]
        self.output: int = data["output"]
        self.shift: int = data["shift"]
        self.table = tables[data["table"]] if data["table"] >= 0 else None
        self.constant: int = data["constant"]
        self.groups: int = data["groups"]
        self.shape = values[self.output].shape
        self.wide = False
        for name in ("coefs", "kernel", "strides", "dilations", "pads_begin", "axes", "perm", "starts", "steps"):
            setattr(self, name, list(data.get(name, [])))
        self.coefs: list[int]
        self.kernel: list[int]
        self.strides: list[int]
        self.dilations: list[int]
        self.pads_begin: list[int]
        self.axes: list[int]
        self.perm: list[int]
        self.starts: list[int]
        self.steps: list[int]
        try:
            self._run = _OPERATORS[self.op]
        except KeyError:
            raise InputError(f"node '{self.name}': {self.op} cannot be trained through") from None

    def largest(self, values: Sequence[Value], of: Sequence[int]) -> int:
        """The largest magnitude of what comes out of operands of such magnitudes; InputError where its integers are too large to be computed here."""
        inputs = [of[value] for value in self.inputs]
        shapes = [values[value].shape for value in self.inputs]
        if self.op in ("Conv", "MatMul"):
            depth = shapes[0][-1] if self.op == "MatMul" else _product(shapes[1][1:])
            acc = depth * inputs[0] * inputs[1] + (inputs[2] if len(inputs) == 3 else 0)
        elif self.op == "Mul":
            acc = abs(self.coefs[0]) * inputs[0] * inputs[1]
        elif self.op == "Linear":
            acc = abs(self.constant) + sum(abs(coef) * most for coef, most in zip(self.coefs, inputs))
        elif self.op == "ReduceSum":
            acc = abs(self.coefs[0]) * inputs[0] * _product([shapes[0][axis] for axis in self.axes])
        elif self.op == "SumPool":
            acc = abs(self.coefs[0]) * inputs[0] * _product(self.kernel)
        elif self.op in ("ArgMax", "Sort"):
            acc = shapes[0][self.axes[0]]
        elif self.op == "Softmax":
            acc = self.table.largest(1 << 52) if self.coefs and self.table is not None else 1 << self.shift
        elif self.op == "Divide":
            acc = abs(self.coefs[0]) * inputs[0]
        elif self.op == "SquareRoot":
            acc = abs(self.coefs[0]) * inputs[0] + abs(self.constant)
        else:
            acc = max(inputs[1:] if self.op == "Select" else inputs[:1] if self.op == "Gather" else inputs)
        self.wide = max(acc, *inputs) >= EXACT
        most = 2 * acc + abs(self.coefs[1]) * inputs[1] if self.op == "Divide" else acc
        self._check_reach(most, WIDEST if self.op in _WIDE else EXACT)
        if self.op == "SquareRoot":
            return math.isqrt(acc)
        if self.table is not None and self.op != "Softmax":
            most = self.table.largest((acc >> self.shift) + 1)
            self._check_reach(most, EXACT)
            return most
        return acc

    def _check_reach(self, most: int, end: int) -> None:
        if most >= end or self.wide and end < WIDEST and self.op not in _WIDE:
            raise InputError(
                f"node '{self.name}' ({self.op}): the integers of its operands and sums may reach {most:.3g}, and are computed here to 2^{end.bit_length() - 1} only; "
                "compile with fewer activation_bits and weight_bits, or train the float network and compile it again"
            )

    def __call__(self, operands: Sequence[Operand], wholes: Sequence[Optional[Tensor]]) -> tuple[Tensor, Optional[Tensor]]:
        """wholes: of each operand as int64, where it reaches beyond float64; so is what comes out."""
        acc, whole = self._run(self, operands), None
        if self.wide:
            with torch.no_grad():
                whole = self._run(
                    self, [(x.detach().long() if exact is None else exact, shape, batched) for (x, shape, batched), exact in zip(operands, wholes)]
                )
        if self.table is not None and self.op != "Softmax":
            out: Tensor = _Requantize.apply(acc, whole, self.shift, self.table)
            return out, None
        return (acc, None) if whole is None else (straight(acc, whole.to(acc.dtype)), whole)


def _windowed(node: Node, x: Tensor, fill: float) -> Tensor:
    """x [n, c, spatial..] with the padding that the output's shape asks for."""
    pads: list[int] = []
    for axis in reversed(range(len(node.kernel))):
        reach = (node.shape[2 + axis] - 1) * node.strides[axis] + (node.kernel[axis] - 1) * node.dilations[axis] + 1
        begin = node.pads_begin[axis]
        pads += [begin, max(reach - x.shape[2 + axis] - begin, 0)]
        excess = x.shape[2 + axis] + begin - reach
        if excess > 0:
            x = x.narrow(2 + axis, 0, x.shape[2 + axis] - excess)
    return F.pad(x, pads, value=fill) if any(pads) else x


def _merged(operand: Operand) -> tuple[Tensor, int]:
    """[batch * n, ..] of [batch, n, ..], for PyTorch's windows."""
    x = _batch(operand)
    return x.reshape((x.shape[0] * x.shape[1],) + tuple(x.shape[2:])), x.shape[0]


def _conv(node: Node, operands: Sequence[Operand]) -> Tensor:
    if any(batched for _, _, batched in operands[1:]):
        raise InputError(f"node '{node.name}': a Conv with computed weights cannot be trained through")
    x, batch = _merged(operands[0])
    run: Callable[..., Tensor] = (F.conv1d, F.conv2d, F.conv3d)[len(node.kernel) - 1]
    bias = operands[2][0] if len(operands) == 3 else None
    y = run(_windowed(node, x, 0.0), operands[1][0], bias, stride=node.strides, dilation=node.dilations, groups=node.groups)
    return y.reshape((batch,) + node.shape)


def _matmul(node: Node, operands: Sequence[Operand]) -> Tensor:
    rank = max(len(operands[0][1]), len(operands[1][1]))
    y = torch.matmul(_lifted(operands[0], rank), _lifted(operands[1], rank))
    return y + operands[2][0] if len(operands) == 3 else y


def _mul(node: Node, operands: Sequence[Operand]) -> Tensor:
    return node.coefs[0] * (_lifted(operands[0], len(node.shape)) * _lifted(operands[1], len(node.shape)))


def _linear(node: Node, operands: Sequence[Operand]) -> Tensor:
    total: Any = node.constant
    for coef, operand in zip(node.coefs, operands):
        total = total + coef * _lifted(operand, len(node.shape))
    return total.expand((-1,) + node.shape)


def _reduce_sum(node: Node, operands: Sequence[Operand]) -> Tensor:
    x = _batch(operands[0])
    return (node.coefs[0] * x.sum([axis + 1 for axis in node.axes], keepdim=True)).reshape((x.shape[0],) + node.shape)


def _sum_pool(node: Node, operands: Sequence[Operand]) -> Tensor:
    x, batch = _merged(operands[0])
    x = _windowed(node, x, 0.0)
    planes = x.reshape((-1, 1) + tuple(x.shape[2:]))
    run: Callable[..., Tensor] = (F.conv1d, F.conv2d, F.conv3d)[len(node.kernel) - 1]
    y = run(planes, torch.ones([1, 1, *node.kernel], dtype=x.dtype, device=x.device), stride=node.strides, dilation=node.dilations)
    return node.coefs[0] * y.reshape((batch,) + node.shape)


def _max_pool(node: Node, operands: Sequence[Operand]) -> Tensor:
    x, batch = _merged(operands[0])
    run: Callable[..., Tensor] = (F.max_pool1d, F.max_pool2d, F.max_pool3d)[len(node.kernel) - 1]
    return run(_windowed(node, x, -float("inf")), node.kernel, node.strides, dilation=node.dilations).reshape((batch,) + node.shape)


def _reduce_max(node: Node, operands: Sequence[Operand]) -> Tensor:
    x = _batch(operands[0])
    return torch.amax(x, [axis + 1 for axis in node.axes], keepdim=True).reshape((x.shape[0],) + node.shape)


def _arg_max(node: Node, operands: Sequence[Operand]) -> Tensor:
    x, axis = _batch(operands[0]).detach(), node.axes[0] + 1
    length = x.shape[axis]
    places = torch.arange(length, device=x.device).reshape((-1,) + (1,) * (x.ndim - axis - 1))
    found = torch.where(x == x.amax(axis, keepdim=True), places, length).amin(axis)
    return found.reshape((x.shape[0],) + node.shape).to(x.dtype)


def _softmax(node: Node, operands: Sequence[Operand]) -> Tensor:
    x, axis = _batch(operands[0]), node.axes[0] + 1
    table = node.table
    assert table is not None
    argument = (x - x.amax(axis, keepdim=True).detach()).clamp(min=table.first)
    e: Tensor = _Requantize.apply(argument, None, 0, table)
    if node.coefs:
        return e
    s = e.sum(axis, keepdim=True)
    whole_e, whole_s = e.detach().long(), s.detach().long()
    exact = torch.div((whole_e << (node.shift + 1)) + whole_s, 2 * whole_s, rounding_mode="floor")
    return straight((1 << node.shift) * e / s, exact.to(x.dtype))


def _reshape(node: Node, operands: Sequence[Operand]) -> Tensor:
    x = _batch(operands[0])
    return x.reshape((x.shape[0],) + node.shape)


def _transpose(node: Node, operands: Sequence[Operand]) -> Tensor:
    return _batch(operands[0]).permute([0] + [axis + 1 for axis in node.perm])


def _slice(node: Node, operands: Sequence[Operand]) -> Tensor:
    x = _batch(operands[0])
    for axis, (start, step, count) in enumerate(zip(node.starts, node.steps, node.shape)):
        if (start, step, count) != (0, 1, x.shape[axis + 1]):
            x = x.index_select(axis + 1, start + step * torch.arange(count, device=x.device))
    return x


def _pad(node: Node, operands: Sequence[Operand]) -> Tensor:
    x = _batch(operands[0])
    pads: list[int] = []
    for axis in reversed(range(len(node.shape))):
        pads += [node.pads_begin[axis], node.shape[axis] - x.shape[axis + 1] - node.pads_begin[axis]]
    return F.pad(x, pads)


def _concat(node: Node, operands: Sequence[Operand]) -> Tensor:
    parts = [_batch(operand) for operand in operands]
    batch = max(part.shape[0] for part in parts)
    return torch.cat([part.expand((batch,) + tuple(part.shape[1:])) for part in parts], node.axes[0] + 1)


def _select(node: Node, operands: Sequence[Operand]) -> Tensor:
    c, a, b = (_lifted(operand, len(node.shape)) for operand in operands)
    return torch.where(c.detach() != 0, a, b).expand((-1,) + node.shape)


def _gather(node: Node, operands: Sequence[Operand]) -> Tensor:
    data, axis = _batch(operands[0]), node.axes[0] + 1
    indices, shape, batched = operands[1]
    indices = indices.detach().long()
    if node.coefs == [1]:  # an index for each element
        indices = _batch((indices, shape, batched))
        batch = max(data.shape[0], indices.shape[0])
        data = data.expand((batch,) + tuple(data.shape[1:]))
        return torch.gather(data, axis, indices.expand((batch,) + tuple(indices.shape[1:])))
    if not batched:
        return data.index_select(axis, indices.reshape(-1)).reshape((data.shape[0],) + node.shape)
    batch = max(data.shape[0], indices.shape[0])
    rows = [data[min(i, data.shape[0] - 1)].index_select(axis - 1, indices[min(i, indices.shape[0] - 1)].reshape(-1)) for i in range(batch)]
    return torch.stack(rows).reshape((batch,) + node.shape)


def _sort(node: Node, operands: Sequence[Operand]) -> Tensor:
    x = _batch(operands[0]).detach()
    return torch.sort(x, dim=node.axes[0] + 1, descending=node.coefs[0] < 0, stable=True).indices.to(x.dtype)


def _divide(node: Node, operands: Sequence[Operand]) -> Tensor:
    a, b = (_lifted(operand, len(node.shape)) for operand in operands)
    factor, half = node.coefs
    whole_a, whole_b = a.detach().long(), b.detach().long()
    exact = torch.div(2 * factor * whole_a + half * whole_b, 2 * whole_b, rounding_mode="floor")
    if not a.is_floating_point():
        return exact.expand((-1,) + node.shape)
    return straight(factor * a / b, exact.to(a.dtype)).expand((-1,) + node.shape)


def _square_root(node: Node, operands: Sequence[Operand]) -> Tensor:
    x = node.coefs[0] * _batch(operands[0]) + node.constant
    whole = x.detach().long()
    root = torch.sqrt(whole.to(torch.float64)).long()
    root = root - (root * root > whole).long()
    root = root + ((root + 1) * (root + 1) <= whole).long()
    return straight(torch.sqrt(x.clamp(min=1)), root.to(x.dtype)) if x.is_floating_point() else root


_OPERATORS: dict[str, Callable[[Node, Sequence[Operand]], Tensor]] = {
    "Conv": _conv,
    "MatMul": _matmul,
    "Mul": _mul,
    "Linear": _linear,
    "ReduceSum": _reduce_sum,
    "SumPool": _sum_pool,
    "MaxPool": _max_pool,
    "ReduceMax": _reduce_max,
    "ArgMax": _arg_max,
    "Softmax": _softmax,
    "Reshape": _reshape,
    "Transpose": _transpose,
    "Slice": _slice,
    "Pad": _pad,
    "Concat": _concat,
    "Select": _select,
    "Gather": _gather,
    "Sort": _sort,
    "Divide": _divide,
    "SquareRoot": _square_root,
}
