# SPDX-License-Identifier: Apache-2.0
"""Training a compiled model as the integers that are proven."""

from __future__ import annotations

import json
import math
import warnings
from typing import Any, Optional, Sequence, Union

import numpy as np
import torch
from torch import Tensor

from . import _data, _native, _options
from ._compile import compile
from ._model import Model
from ._program import Node, Table, Value, rounded
from .errors import InputError, ModelWarning

#: Operators whose parameters are numbers to train, not places or choices.
_TRAINED_IN = ("Conv", "MatMul", "Mul", "Linear")
#: Biases and the like may become so many times what they were.
_ROOM = 16
#: Beyond so many times its range a weight has lost its way.
_FAR = 4
_MOST_INTEGER = (1 << 31) - 1
_MOST_FLOAT = torch.finfo(torch.float32).max


def _check_trained(name: str, exact: Tensor, limit: int) -> None:
    """Of a weight in units of its integers: InputError where training left no numbers, a warning where it left the range."""
    if not bool(torch.isfinite(exact).all()):
        number = int((~torch.isfinite(exact)).sum())
        raise InputError(f"weight '{name}': {number} of {exact.numel()} are infinite or not a number; train from the last good state with a smaller learning rate")
    over = exact.abs() > _FAR * limit  # a little beyond is usual: forward cuts it off, and gradients lead back
    if bool(over.any()):
        warnings.warn(
            f"weight '{name}': {int(over.sum())} of {exact.numel()} have grown beyond {_FAR} times their range of {limit} units, at whose end they are cut off; train with a smaller learning rate, "
            "or compile again from the float network",
            ModelWarning,
            stacklevel=3,
        )


class IntegerModule(torch.nn.Module):
    """A compiled model as a ``torch.nn.Module``: forward computes, for a batch, exactly the integers that a proof is about, and gives them as real
    numbers; gradients pass straight through what rounds. So any training loop trains what is proven.

    Its parameters are the model's weights and biases as real numbers (float64, secret), each an integer of the model times its scale once rounded.
    Scales, widths and everything else of the program stay as compiled; :meth:`finish` gives the model with the trained weights. Batch
    normalization is part of the weights since compiling, dropout is gone.

    Args:
        model: of :func:`zkinfer.compile` or Model.load, also one that was trained before.
        weight_bits: what the weights of layers may use; by default what they have.
    Raises: InputError where the program has integers that are too large to be computed here (give activation_bits to compile), or cannot be trained.

    Examples:
        >>> net = zkinfer.torch.IntegerModule(model)
        >>> torch.nn.functional.cross_entropy(net(images), labels).backward()
    """

    def __init__(self, model: Model, *, weight_bits: Optional[int] = None) -> None:
        super().__init__()
        self._model: Model = _options.instance("model", model, Model, "zkinfer.compile, Model.load")
        bits = _options.optional_integer("weight_bits", weight_bits, 2, 24)
        program = json.loads(model._native.program())
        self._values = [
            Value(v["name"], v["kind"], tuple(v["shape"]), v["lo"], v["hi"], math.ldexp(v["scale"][0], v["scale"][1])) for v in program["values"]
        ]
        tables = [Table(table) for table in program["tables"]]
        self._nodes = [Node(node, self._values, tables) for node in program["nodes"]]
        self._inputs: list[int] = program["inputs"]
        self._outputs: list[int] = program["outputs"]
        self._limits: dict[int, int] = {}  # of what is trained
        self._names: dict[int, str] = {}
        # What is in units of one counts or points at something, but for the weights of integer networks.
        trained = {value for node in self._nodes if node.op in _TRAINED_IN for value in node.inputs if self._values[value].scale != 1}
        trained |= {node.inputs[0] for node in self._nodes if node.op == "Gather" and self._values[node.inputs[0]].scale != 1}
        weights = {node.inputs[i] for node in self._nodes if node.op in ("Conv", "MatMul") for i in (0, 1)}
        for value, integers in model._native.weights().items():
            about = self._values[value]
            whole = torch.from_numpy(integers.astype(np.float64)).reshape(about.shape)
            name = self._names[value] = self._new_name(about.name)
            if value not in trained | weights:
                self.register_buffer(name, whole)
                continue
            self.register_parameter(name, torch.nn.Parameter(whole * about.scale))
            limit = max(about.hi, (1 << (bits - 1)) - 1 if bits else 0) if value in weights else _ROOM * (about.hi + 1) - 1
            self._limits[value] = min(limit, _MOST_INTEGER)
        self._check_exact()

    def _new_name(self, name: str) -> str:
        """As attributes may be called; "" of nothing."""
        base = "".join(c if c.isalnum() else "_" for c in name).strip("_") or "weight"
        number, unique = 1, base
        while hasattr(self, unique):
            number, unique = number + 1, f"{base}_{number + 1}"
        return unique

    def _check_exact(self) -> None:
        largest = [max(abs(v.lo), abs(v.hi)) for v in self._values]
        for value, limit in self._limits.items():
            largest[value] = limit
        for node in self._nodes:
            largest[node.output] = node.largest(self._values, largest)

    @property
    def model(self) -> Model:
        """What it was made of."""
        return self._model

    def _integer_weights(self) -> dict[int, Tensor]:
        out: dict[int, Tensor] = {}
        for value, name in self._names.items():
            tensor: Tensor = getattr(self, name)
            if value in self._limits:
                limit = self._limits[value]
                tensor = rounded(tensor / self._values[value].scale, -limit, limit)
            out[value] = tensor
        return out

    def _taken(self, given: Any, value: int) -> Tensor:
        """An input as integers: [batch, shape..]."""
        about = self._values[value]
        where = f"input '{about.name}'"
        tensor = given if isinstance(given, torch.Tensor) else torch.from_numpy(np.array(_data.array(given, where)))
        if tensor.is_meta or tensor.is_complex():
            _data.array(tensor, where)  # says what is wrong with it
        numel = math.prod(about.shape)
        one = tuple(n for n in about.shape if n != 1)
        if tensor.ndim > 0 and tuple(n for n in tensor.shape[1:] if n != 1) == one:
            batch = tensor.shape[0]
        elif tensor.numel() == numel and tuple(n for n in tensor.shape if n != 1) == one:
            batch = 1
        else:
            raise InputError(f"input '{about.name}': shape {tuple(tensor.shape)}, expected a batch (N, ..) of {about.shape}")
        x = tensor.to(torch.float64).reshape((batch,) + about.shape)
        if not bool((x.detach().abs() <= _MOST_FLOAT).all()):
            _data.array(x, where)
        return rounded(x * (1.0 / about.scale), about.lo, about.hi)

    def run_integers(self, *inputs: Any) -> tuple[Tensor, ...]:
        """The outputs as whole numbers in float64, [batch, shape..] each, with gradients.

        Args:
            inputs: as of :meth:`forward`.
        Raises: InputError for a wrong number of inputs or shape, or a value that is no finite number.

        Examples:
            >>> qat.run_integers(points[:1])[0]
        """
        if len(inputs) == 1 and isinstance(inputs[0], dict):
            inputs = tuple(_data.by_name(inputs[0], self._model.inputs_info))
        if len(inputs) != len(self._inputs):
            names = ", ".join(self._values[value].name for value in self._inputs)
            raise InputError(f"{len(inputs)} inputs, the model has {len(self._inputs)}: {names}")
        made = self._integer_weights()
        batched = dict.fromkeys(made, False)
        for given, value in zip(inputs, self._inputs):
            made[value], batched[value] = self._taken(given, value), True
        batch = max(made[value].shape[0] for value in self._inputs)
        wholes: dict[int, Optional[Tensor]] = {}
        for node in self._nodes:
            operands = [(made[value], self._values[value].shape, batched[value]) for value in node.inputs]
            made[node.output], wholes[node.output] = node(operands, [wholes.get(value) for value in node.inputs])
            batched[node.output] = True
        return tuple(made[value].expand((batch,) + self._values[value].shape) for value in self._outputs)

    def forward(self, *inputs: Any) -> Union[Tensor, tuple[Tensor, ...]]:
        """The outputs as real numbers, float32; a tuple where the model has several. The program's first axis of length 1 is the batch here.

        Args:
            inputs: a batch (N, ..) of each of the model's inputs, or a dict by name.
        Raises: InputError for a wrong number of inputs or shape, or a value that is no finite number.

        Examples:
            >>> torch.nn.functional.cross_entropy(qat(points), labels).backward()
        """
        out = []
        for whole, value in zip(self.run_integers(*inputs), self._outputs):
            real = (whole * self._values[value].scale).to(torch.float32)
            shape = self._values[value].shape
            out.append(real.reshape((real.shape[0],) + shape[1:]) if shape and shape[0] == 1 else real)
        return out[0] if len(out) == 1 else tuple(out)

    def finish(self) -> Model:
        """The model with the weights as they are now: the same program, whose tables are widened where they need it. What forward computes, its
        proofs show, bit for bit. A ModelWarning says where weights have grown far beyond their ranges, at whose ends both cut them off.

        Raises: InputError where a weight is no finite number any more, CompileError where they have become too large to be proved.

        Examples:
            >>> key = qat.finish().commit()
        """
        with torch.no_grad():
            for value, limit in self._limits.items():
                _check_trained(self._names[value], getattr(self, self._names[value]) / self._values[value].scale, limit)
            weights = [(value, tensor.detach().cpu().to(torch.int64).reshape(-1).tolist()) for value, tensor in sorted(self._integer_weights().items())]
        return Model(self._model._native.with_weights(weights))

    def extra_repr(self) -> str:
        shapes = ", ".join(f"{t.name}{tuple(t.shape)}" for t in self._model.inputs_info)
        return f"{self._model.name!r}, {shapes}, {len(self._nodes)} integer operations"


@_options.checked_call
def prepare_qat(
    net: Any, calibration: Any, *, activation_bits: Optional[int] = 6, weight_bits: Optional[int] = 6, float_target: Union[float, str] = 0.5, **options: Any
) -> IntegerModule:
    """Compiles a network, which fixes scales and widths, and gives it as a module to train on.

    Args:
        net: as of :func:`zkinfer.compile`: a float network, trained already (training on from it takes few epochs).
        calibration, options: as of :func:`zkinfer.compile`.
        activation_bits, weight_bits: of every activation and weight; None: by measurement.
        float_target: as of :func:`zkinfer.compile`; few bits need room, which training wins back.
    Returns: an :class:`IntegerModule`; train it, then take ``finish()``.
    Raises: as :func:`zkinfer.compile` and :class:`IntegerModule`.

    Examples:
        >>> qat = zkinfer.torch.prepare_qat(net, images, activation_bits=6, weight_bits=6)
        >>> ...  # train qat as any module
        >>> key = qat.finish().commit()
    """
    with warnings.catch_warnings():
        # Training is there to mend it.
        warnings.filterwarnings("ignore", ".*the error target is missed", ModelWarning)
        model = compile(net, calibration, activation_bits=activation_bits, weight_bits=weight_bits, float_target=float_target, **options)
    return IntegerModule(model, weight_bits=weight_bits)
