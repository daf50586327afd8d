# SPDX-License-Identifier: Apache-2.0
"""PyTorch modules: how :func:`zkinfer.compile` exports them, and how close a compiled model is to its module."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import inspect
import io
import logging
import os
import re
import sys
import threading
import traceback
import warnings
from collections.abc import Mapping, Sequence
from typing import Any, Iterator, Optional

import numpy as np
import torch

from . import _data, _native, _options, _progress
from ._model import Model
from ._qat import IntegerModule, prepare_qat
from .errors import CompileError, InputError, ModelWarning

__all__ = ["Comparison", "IntegerModule", "compare", "example_of", "export_onnx", "prepare_qat"]

_OPSET = 17
# An export changes what PyTorch prints to and what it traces, for the whole process, and the module's mode.
_EXPORTING = threading.Lock()


def _rows(value: Any, count: Optional[int]) -> torch.Tensor:
    tensor = value if isinstance(value, torch.Tensor) else torch.from_numpy(np.array(value))
    return tensor if count is None or tensor.ndim == 0 else tensor[:count]


def _parts(item: Any, count: Optional[int] = None) -> Any:
    """A sample or batch as forward's arguments: a dict by parameter, or a tuple."""
    if isinstance(item, Mapping):
        return {name: _rows(value, count) for name, value in item.items()}
    if isinstance(item, (tuple, list)) and item and _data.is_array(item[0]):
        return tuple(_rows(value, count) for value in item if _data.is_array(value))
    return (_rows(item, count),)


def _runs(module: torch.nn.Module, example: Any) -> bool:
    modes = [(part, part.training) for part in module.modules()]
    try:
        module.eval()
        with torch.no_grad():
            module(*_arguments(module, example)[1])
    except Exception:  # whatever it raises, it does not take this
        return False
    finally:
        for part, training in modes:
            part.training = training
    return True


def unwrapped(module: torch.nn.Module) -> torch.nn.Module:
    """The module that torch.compile or DataParallel has wrapped, whose forward exporters do not see through."""
    while True:
        inner = getattr(module, "_orig_mod", None)
        if inner is None and isinstance(module, (torch.nn.DataParallel, torch.nn.parallel.DistributedDataParallel)):
            inner = module.module
        if not isinstance(inner, torch.nn.Module):
            return module
        module = inner


def training_note(module: torch.nn.Module) -> Optional[str]:
    """What to say of a module in training mode that computes something else there; it is exported in eval mode."""
    kinds = (torch.nn.modules.dropout._DropoutNd, torch.nn.modules.batchnorm._BatchNorm, torch.nn.RReLU)
    for name, part in module.named_modules():
        drops = getattr(part, "p", 1) != 0 if isinstance(part, kinds) else isinstance(getattr(part, "dropout", None), float) and part.dropout > 0
        if part.training and drops:
            where = f"'{name}' ({type(part).__name__})" if name else type(part).__name__
            return (
                f"is in training mode, where {where} computes something else; compiled is what it computes after .eval(): call that first, and "
                "compare with that"
            )
    return None


def example_of(module: torch.nn.Module, calibration: Any) -> Any:
    """One sample of calibration data to export a module with: with a batch axis where the module takes one.

    Args:
        module: that will be exported. calibration: as of :func:`zkinfer.compile`.
    Raises: InputError where there is no sample.

    Examples:
        >>> zkinfer.torch.export_onnx(net, zkinfer.torch.example_of(net, loader))
    """
    module = unwrapped(module)
    if calibration is None:
        raise InputError(
            "a torch module is exported with an example of its inputs; give calibration data, or example_inputs=(x,) in the shape of forward's"
        )
    if isinstance(calibration, Mapping) or _data.is_array(calibration):
        return _parts(calibration, 1)
    for item in _data.items(calibration, "calibration"):
        # A DataLoader gives batches; others samples, usually without a batch axis.
        if isinstance(calibration, torch.utils.data.DataLoader):
            return _parts(item, 1)
        parts = _parts(item)
        lifted = {k: v[None] for k, v in parts.items()} if isinstance(parts, dict) else tuple(v[None] for v in parts)
        return lifted if _runs(module, lifted) else parts
    raise InputError("calibration: no samples; give a few dozen")


def _forward_names(module: torch.nn.Module) -> tuple[list[str], list[str]]:
    """Of forward's parameters: all, and those without a default."""
    try:
        parameters = inspect.signature(module.forward).parameters
    except ValueError:  # of TorchScript
        return [], []
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    names = [name for name, parameter in parameters.items() if parameter.kind in kinds]
    return names, [name for name in names if parameters[name].default is inspect.Parameter.empty]


def _arguments(module: torch.nn.Module, example: Any) -> tuple[list[str], tuple[torch.Tensor, ...]]:
    """Names and tensors of forward's parameters, of as many as it has."""
    names, needed = _forward_names(module)
    parts = _parts(example)
    if isinstance(parts, dict):
        unknown = [name for name in parts if name not in names]
        if unknown and names:
            raise InputError(f"example input {unknown[0]!r}: forward has the parameters {', '.join(names)}")
        used = [name for name in (names or list(parts)) if name in parts]
        values = tuple(parts[name] for name in used)
    else:
        # Without names (*args) all of them; else labels behind the inputs are left alone.
        required = len(names) if names else len(parts)
        values = parts[:required]
        used = names[: len(values)] if names else ["input"] if len(values) == 1 else [f"input_{i}" for i in range(len(values))]
    missing = [name for name in needed if name not in used]
    if missing:
        by_name = ", ".join(f"{name!r}: .." for name in needed)
        raise InputError(
            f"{type(module).__name__}: forward takes {', '.join(needed)}, and the samples have no {', '.join(missing)}; give calibration as a dict by "
            f"name, {{{by_name}}}, each (N, ..), or as samples that are tuples ({', '.join(needed)})"
        )
    floating = next((p.dtype for p in module.parameters() if p.dtype.is_floating_point), torch.float32)
    return used, tuple(v.to(floating) if v.dtype.is_floating_point else v for v in (value.detach() for value in values))


@_options.checked_call
def export_onnx(
    module: torch.nn.Module, example_inputs: Any, *, input_names: Optional[Sequence[str]] = None, exporter: Optional[str] = None
) -> bytes:
    """The bytes of an ONNX file of a module in eval mode; the module is left in the mode that it was in.

    Args:
        example_inputs: forward's arguments: a tensor, a tuple of them, or a dict by parameter; their shapes are those of the model.
        input_names: of the file's inputs; those of forward's parameters by default.
        exporter: "torchscript" (tried first) or "dynamo" (PyTorch 2.5 and later with onnxscript).
    Raises: InputError where forward does not take the example; CompileError where PyTorch cannot export it.

    Examples:
        >>> onnx = zkinfer.torch.export_onnx(net, x[:1])
    """
    module = unwrapped(module)
    names, arguments = _arguments(module, example_inputs)
    if input_names is not None:
        names = list(input_names)
        if len(names) != len(arguments):
            raise InputError(f"input_names: {len(names)} names, expected {len(arguments)}")
    has_dynamo = "dynamo" in inspect.signature(torch.onnx.export).parameters
    if exporter not in (None, "torchscript", "dynamo"):
        raise InputError(f"exporter={exporter!r}, expected 'torchscript' or 'dynamo'")
    if exporter == "dynamo" and not has_dynamo:
        raise InputError(f"exporter='dynamo': PyTorch {torch.__version__} has none; leave it out")
    failures = []
    with _EXPORTING:
        modes = [(part, part.training) for part in module.modules()]
        try:
            module.eval()
            outputs = [name if name not in names else name + "_" for name in _output_names(_run(module, names, arguments))]
            exported = _Given(module) if len(_forward_names(module)[0]) > len(arguments) else module
            for way in (exporter,) if exporter else ("torchscript", "dynamo") if has_dynamo else ("torchscript",):
                try:
                    return _export(exported, arguments, names, outputs, way, has_dynamo)
                except Exception as error:  # whatever PyTorch raises, it is said
                    failures.append(f"{way} exporter: {str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__}")
                    cause = _without_frames(error)
        finally:
            for part, training in modes:
                part.training = training
    reason, remedy = "; ".join(failures), _remedy(failures, has_dynamo)
    raise CompileError(f"PyTorch cannot export {type(module).__name__} to ONNX ({reason}); {remedy}", reason=reason, remedy=remedy) from cause


class _Given(torch.nn.Module):
    """A module of the arguments that are given: exporters make inputs of those that have a default."""

    def __init__(self, module: torch.nn.Module) -> None:
        super().__init__()
        self.given = module
        self.training = module.training

    def forward(self, *arguments: torch.Tensor) -> Any:
        return self.given(*arguments)


def _remedy(failures: Sequence[str], has_dynamo: bool) -> str:
    said = " ".join(failures)
    out = "write the part that it names with operators that ONNX has; torch.onnx.export alone says more of where it is"
    if re.search("onnxscript", said):
        out = "pip install onnxscript: PyTorch's dynamo exporter needs it, and knows more operators than the other; or " + out
    elif not has_dynamo:
        out = "PyTorch 2.5 or later with onnxscript has another exporter, which knows more operators; or " + out
    if "fft" in said:
        out += "; a Fourier transform of fixed length is a product with a constant matrix, torch.fft.fft(torch.eye(n)).real and .imag"
    return out


def export_program(program: Any) -> bytes:
    """The bytes of an ONNX file of a torch.export.ExportedProgram, which says its shapes itself. Raises: CompileError where PyTorch cannot export it."""
    try:
        with _quietly():
            return bytes(torch.onnx.export(program, dynamo=True, verbose=False).model_proto.SerializeToString())  # type: ignore[attr-defined]
    except Exception as error:  # whatever PyTorch raises, it is said
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        remedy = _remedy([reason], True)
        raise CompileError(f"PyTorch cannot export the program to ONNX ({reason}); {remedy}", reason=reason, remedy=remedy) from _without_frames(error)


def _without_frames(error: BaseException) -> BaseException:
    """The error without what its frames hold: as long as any of the graph's nodes that PyTorch 1.13 had in hand are there, every later
    export in the process may fail ("Unable to cast from non-held to held instance")."""
    seen: Optional[BaseException] = error
    while seen is not None:
        traceback.clear_frames(seen.__traceback__)
        seen.__traceback__ = None
        seen = seen.__cause__ or seen.__context__
    gc.collect()
    return error


_TAKES = {"in_features": "(.., {})", "in_channels": "{} channels, (N, {}, ..)", "num_features": "{} channels, (N, {}, ..)", "normalized_shape": "(.., {})"}


def _run(module: torch.nn.Module, names: list[str], arguments: tuple[torch.Tensor, ...]) -> Any:
    """forward's result; InputError, with the layer and its shapes, where it does not take these arguments."""
    entered: list[tuple[str, torch.nn.Module, Any]] = []
    hooks: list[Any] = []
    try:
        if not isinstance(module, torch.jit.ScriptModule):
            for name, part in module.named_modules():
                hooks.append(part.register_forward_pre_hook(lambda part, args, name=name: entered.append((name, part, args))))
                hooks.append(part.register_forward_hook(lambda *_: entered.pop() and None))
        with torch.no_grad():
            return module(*arguments)
    except Exception as error:  # whatever it raises, it does not take this
        given = ", ".join(f"{name} {tuple(value.shape)}" for name, value in zip(names, arguments))
        layer = where = ""
        if entered and entered[-1][2] and isinstance(entered[-1][2][0], torch.Tensor):
            name, part, (got, *_) = entered[-1]
            wanted = next((text.format(*[getattr(part, key)] * 2) for key, text in _TAKES.items() if hasattr(part, key)), None)
            layer = f" in layer '{name}' ({type(part).__name__}):"
            where = f"{layer} got {tuple(got.shape)}" + (f", expected {wanted};" if wanted else ";")
        said = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        small = next((p.dtype for p in module.parameters() if p.dtype in (torch.float16, torch.bfloat16)), None)
        if small is not None and re.search("not implemented|dtype|Half|BFloat16", said):
            raise InputError(
                f"{type(module).__name__}: its weights are {small}, with which PyTorch {torch.__version__} does not compute everything here{layer or ':'} "
                f"{said}; give a float32 copy, copy.deepcopy(net).float(): the weights stay as they are"
            ) from _without_frames(error)
        raise InputError(
            f"{type(module).__name__} does not take a sample of shape {given}:{where} {said}; give calibration or example_inputs of the shapes "
            "that forward takes"
        ) from _without_frames(error)
    finally:
        for hook in hooks:
            hook.remove()


def _output_names(out: Any) -> list[str]:
    """"output", or "output_0", ..; by key where forward gives a dict."""
    if isinstance(out, Mapping):
        return [str(key) for key in out]
    if isinstance(out, (tuple, list)):
        return [f"output_{i}" for i in range(len(out))] if len(out) > 1 else ["output"]
    return ["output"]


@contextlib.contextmanager
def _plain_layers() -> Iterator[None]:
    """Without PyTorch's fused transformer layers, which ONNX has not; 1.13 leaves them out by itself while gradients are on."""
    mha = getattr(torch.backends, "mha", None)
    before = mha.get_fastpath_enabled() if mha is not None else False
    try:
        if mha is not None:
            mha.set_fastpath_enabled(False)
        with torch.enable_grad():
            yield
    finally:
        if mha is not None:
            mha.set_fastpath_enabled(before)


@contextlib.contextmanager
def _quietly() -> Iterator[list[warnings.WarningMessage]]:
    """Without what PyTorch prints, logs and warns of on the way, which is in its exception too: its C++ prints whole graphs past sys.stdout.

    Gives the list of the tracer's warnings: what Python decided or computed by itself is a constant of what was traced."""
    logger = logging.getLogger("torch.onnx")
    level, flush = logger.level, ctypes.CDLL(None).fflush
    with contextlib.ExitStack() as after:
        try:
            sys.stdout.flush()
            flush(None)
            before, nothing = os.dup(1), os.open(os.devnull, os.O_WRONLY)
        except (OSError, ValueError, AttributeError):
            pass  # there is none
        else:
            after.callback(os.close, before)
            after.callback(os.dup2, before, 1)
            after.callback(flush, None)
            os.dup2(nothing, 1)
            os.close(nothing)
        after.callback(logger.setLevel, level)
        logger.setLevel(logging.ERROR)
        caught = after.enter_context(warnings.catch_warnings(record=True))
        after.enter_context(contextlib.redirect_stdout(io.StringIO()))
        warnings.simplefilter("ignore")
        warnings.simplefilter("always", torch.jit.TracerWarning)
        yield [] if caught is None else caught  # filled meanwhile


def _say_what_is_fixed(module: torch.nn.Module, caught: Sequence[warnings.WarningMessage]) -> None:
    """Warns of what the module's own code took from the example as it was; PyTorch's own layers look at shapes only."""
    inside = os.path.dirname(torch.__file__)
    places = list(dict.fromkeys(f"{w.filename}:{w.lineno}" for w in caught if not w.filename.startswith(inside)))
    if places:
        warnings.warn(
            f"{type(module).__name__}: Python decides or computes with values of tensors at {', '.join(places[:3])}{' and elsewhere' if len(places) > 3 else ''}: "
            "what it found for the first calibration input is a constant of the network, for all inputs; unless only shapes are looked at, use torch.where "
            "or other operators of PyTorch",
            ModelWarning,
            stacklevel=2,
        )


def _export(module: torch.nn.Module, arguments: tuple[torch.Tensor, ...], names: list[str], outputs: list[str], way: str, has_dynamo: bool) -> bytes:
    options: dict[str, Any] = {}
    if has_dynamo:
        options["dynamo"] = way == "dynamo"
    with _quietly() as caught, _plain_layers():
        buffer: Any = io.BytesIO()
        if way == "dynamo":
            program: Any = torch.onnx.export(module, arguments, input_names=names, output_names=outputs, verbose=False, **options)
            return bytes(program.model_proto.SerializeToString())
        torch.onnx.export(module, arguments, buffer, input_names=names, output_names=outputs, opset_version=_OPSET, do_constant_folding=True, **options)
    _say_what_is_fixed(module.given if isinstance(module, _Given) else module, caught)
    return bytes(buffer.getvalue())


class Comparison:
    """A compiled model beside its module, on the same inputs.

    Attributes:
        num_inputs: how many.
        agreement: share of them with the same largest output, or of equal choices; None where outputs are single numbers.
        errors: per input, the largest error of an output relative to the output's largest element; of an output of choices (an arg max, tokens), whose
            numbers have no distance, the share that differ.
        worst: the indices of the inputs, the largest errors first.
        layers: per layer that has the same name in both, its error (see TensorFidelity); none of a model that was trained on as integers.
        fidelity: all of it, as the library measures it; None likewise.
    """

    def __init__(self, expected: list[list[np.ndarray]], fidelity: Optional[_native.Fidelity], got: list[tuple[np.ndarray, ...]]) -> None:
        self.num_inputs = len(expected)
        self.fidelity = fidelity
        choices = [values.dtype.kind in "iub" for values in expected[0]] if fidelity is None else [o.kind == _native.OutputKind.labels for o in fidelity.outputs]
        self.agreement: Optional[float] = _agreement(expected, got, choices[0]) if fidelity is None else fidelity.agreement
        self.layers = fidelity.layers if fidelity is not None else []
        self.errors = np.array([max(_error(e, g, chosen) for e, g, chosen in zip(row, other, choices)) for row, other in zip(expected, got)])
        self.worst = np.argsort(-self.errors, kind="stable")

    def __repr__(self) -> str:
        agreement = "" if self.agreement is None else f"same answer on {100 * self.agreement:.1f} %, "
        largest = f"largest error {self.errors.max():.2g} at input {self.worst[0]}" if self.num_inputs else "no inputs"
        return f"<zkinfer.torch.Comparison: {self.num_inputs} inputs, {agreement}{largest}>"

    def __str__(self) -> str:
        return self.fidelity.text if self.fidelity is not None else repr(self)

    def _repr_html_(self) -> str:
        from . import _html

        return _html.comparison(self)


def _agreement(expected: list[list[np.ndarray]], got: list[tuple[np.ndarray, ...]], chosen: bool) -> Optional[float]:
    if chosen:
        return 1 - float(np.mean([_error(row[0], other[0], True) for row, other in zip(expected, got)]))
    if any(row[0].size < 2 for row in expected):
        return None
    return float(np.mean([np.argmax(row[0]) == np.argmax(other[0]) for row, other in zip(expected, got)]))


def _error(expected: np.ndarray, got: np.ndarray, chosen: bool) -> float:
    if chosen:
        return float(np.mean(expected.ravel() != np.round(got.ravel()))) if expected.size else 0.0
    scale = float(np.abs(expected).max()) if expected.size else 0.0
    return float(np.abs(expected.ravel() - got.ravel()).max()) / scale if scale else 0.0


@_options.checked_call
def compare(module: torch.nn.Module, model: Model, loader: Any, *, progress: _progress.Progress = None) -> Comparison:
    """How close `model` is to `module`, of which it was compiled.

    Args:
        model: also one whose weights were trained as integers since (IntegerModule.finish), whose layers are not the module's any more.
        loader: inputs that were not used for calibration: an array (N, ..), an iterable of samples or batches such as a DataLoader, or files or a
            folder of the kinds that calibration of :func:`zkinfer.compile` takes.
        progress: True for a bar, or a function of (stage, fraction).
    Returns: a :class:`Comparison`.
    Raises: InputError where the module is not the one that the model was compiled from.

    Examples:
        >>> found = zkinfer.torch.compare(net, model, test_loader)
        >>> found.agreement, found.worst[:5]
    """
    _options.instance("module", module, torch.nn.Module, "the network that the model was compiled from")
    _options.instance("model", model, Model, "zkinfer.compile, Model.load")
    tensors = model.inputs_info
    rows = _data.samples(loader, tensors, "loader", model._native.preprocessing)
    shaped = [[torch.from_numpy(np.array(value)).reshape(tuple(t.shape)) for value, t in zip(row, tensors)] for row in rows]
    modes = [(part, part.training) for part in module.modules()]
    expected: list[list[np.ndarray]] = []
    try:
        module.eval()
        with torch.no_grad():
            for row in shaped:
                out = module(*_arguments(module, tuple(row))[1])
                parts = list(out.values()) if isinstance(out, Mapping) else out if isinstance(out, (tuple, list)) else [out]
                expected.append([values if values.dtype.kind in "iub" else values.astype(np.float64) for values in (np.asarray(part.detach().cpu()) for part in parts)])
    finally:
        for part, training in modes:
            part.training = training
    fidelity: Optional[_native.Fidelity] = None
    if not model.trained:
        onnx = export_onnx(module, tuple(shaped[0]), input_names=[t.name for t in tensors])
        with _progress.reporting(progress, "compare") as report:
            fidelity = model._native.compare(onnx, rows, _native.CompileOptions(), report).fidelity
    return Comparison(expected, fidelity, [model.run(row).outputs for row in rows])
