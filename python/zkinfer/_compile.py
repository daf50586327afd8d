# SPDX-License-Identifier: Apache-2.0
"""From a network to an integer model."""

from __future__ import annotations

import io
import os
import sys
import tempfile
import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Optional, Union

import numpy as np

from . import _data, _files, _native, _options, _progress
from ._model import Model
from ._words import in_python_words
from .errors import FileError, InputError, ModelWarning


def _keras_file(model: Any) -> bytes:
    """A Keras model as the bytes of its .keras file: no other way to read it is needed."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "network.keras")
        model.save(path)
        with open(path, "rb") as file:
            return file.read()


def _onnx_of(model: Any, calibration: Any, example_inputs: Any, input_names: Any) -> tuple[Union[str, bytes], Any]:
    """ONNX path or bytes of whatever compile() was given."""
    if example_inputs is not None and isinstance(model, (str, os.PathLike, bytes, bytearray, memoryview)):
        raise InputError("example_inputs: for networks that are exported; an ONNX file says its shapes, input_shapes= those of dynamic axes")
    if isinstance(model, (str, os.PathLike)):
        path = _files.name_of(model)
        if not os.path.exists(path):
            raise FileError(f"{_files.quoted(path)} is not there; give the path of a network's file, its bytes, or a network")
        return path, None
    if isinstance(model, (bytes, bytearray, memoryview)):
        return bytes(model), None
    torch = sys.modules.get("torch")
    paths = _data.file_paths(calibration)
    if paths is not None and example_inputs is None:
        calibration = _data.example_from_files(paths)
    if torch is not None and isinstance(model, torch.nn.Module):
        from . import torch as front

        example = example_inputs if example_inputs is not None else front.example_of(model, calibration)
        return front.export_onnx(model, example, input_names=input_names), type(front.unwrapped(model)).__name__
    if torch is not None and hasattr(torch, "export") and isinstance(model, getattr(torch.export, "ExportedProgram", ())):
        from . import torch as front

        return front.export_program(model), None
    sklearn = sys.modules.get("sklearn.base")
    if sklearn is not None and isinstance(model, sklearn.BaseEstimator) or type(model).__module__.split(".")[0] in ("xgboost", "lightgbm"):
        from . import sklearn as front_sklearn

        return front_sklearn.export_onnx(model, example_inputs if example_inputs is not None else calibration), type(model).__name__
    if any(kind.__module__.split(".")[0] in ("keras", "tf_keras") for kind in type(model).__mro__) and hasattr(model, "save"):
        return _keras_file(model), None
    serialize = getattr(model, "SerializeToString", None)
    if callable(serialize):
        return bytes(serialize()), None
    if isinstance(model, type):
        raise InputError(f"a model: the class {model.__name__}; give a trained instance of it")
    if isinstance(model, Mapping) and model and all(_data.is_array(value) for value in model.values()):
        raise InputError("a model: weights by name (a state_dict), which do not say what is computed; give the module, after load_state_dict")
    raise InputError(
        f"a model of type {type(model).__name__}; expected a path or bytes of a network's file, an onnx.ModelProto, a torch.nn.Module, a keras.Model, or an "
        "estimator of scikit-learn, XGBoost or LightGBM"
    )


def _mapping(what: str, value: Any, of: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise InputError(f"{what}: a {type(value).__name__}, expected a dict of {of}")
    for name in value:
        _options.utf8(what, name)
    return value


def _shapes(given: Any) -> list[tuple[str, list[int]]]:
    out = []
    for name, shape in _mapping("input_shapes", given, "whole shapes by input name").items():
        if not isinstance(shape, (list, tuple)):
            raise InputError(f"input_shapes={{{name!r}: ..}}: a {type(shape).__name__}, expected a tuple of whole numbers")
        out.append((name, [_options.integer(f"input_shapes={{{name!r}: ..}}, axis {axis}", n, 1) for axis, n in enumerate(shape)]))
    return out


def _formats(given: Any) -> list[tuple[str, _native.TensorFormat]]:
    wanted = "TensorFormat by input name, such as outputs_info[0].format of another model"
    return [
        (name, _options.instance(f"input_formats={{{name!r}: ..}}", value, _native.TensorFormat, "TensorInfo.format of another model's output"))
        for name, value in _mapping("input_formats", given, wanted).items()
    ]


def _preprocessing(given: Any) -> _native.Preprocessing:
    out = _native.Preprocessing()
    known = "{'scale': .., 'mean': .., 'std': ..}"
    for name, value in _mapping("preprocessing", given, f"the form {known}").items():
        if name not in ("scale", "mean", "std"):
            raise InputError(f"preprocessing: {name!r}, expected some of {known}")
        if name == "scale":
            out.scale = _options.number("preprocessing['scale']", value)
        else:
            values = value if isinstance(value, (list, tuple, np.ndarray)) else [value]
            setattr(out, name, [_options.number(f"preprocessing[{name!r}]", number) for number in values])
    return out


@_options.checked_call
def compile(
    model: Any,
    calibration: Any = None,
    *,
    example_inputs: Any = None,
    name: Optional[str] = None,
    input_shapes: Optional[Mapping[str, Sequence[int]]] = None,
    input_names: Optional[Sequence[str]] = None,
    tokens: Optional[int] = None,
    conversation: Optional[int] = None,
    head: Optional[str] = None,
    candidates: Optional[int] = None,
    hidden_text: bool = False,
    float_target: Union[None, float, str] = None,
    activation_bits: Optional[int] = None,
    weight_bits: Optional[int] = None,
    calibration_method: str = "mse",
    input_formats: Optional[Mapping[str, _native.TensorFormat]] = None,
    preprocessing: Optional[Mapping[str, Any]] = None,
    segments: Optional[int] = None,
    memory: Union[None, int, str] = None,
    progress: _progress.Progress = None,
) -> Model:
    """Compiles a network to an integer model.

    Args:
        model: path or bytes of an ONNX, Keras or TensorFlow Lite file or of a language model (GGUF, llama2.c), the path of a SavedModel or Hugging Face
            folder, an ``onnx.ModelProto``, a ``torch.nn.Module`` (in eval mode while it is exported),
            a ``torch.export`` program, a ``keras.Model``, or a fitted estimator, pipeline or booster of scikit-learn, XGBoost or LightGBM.
        calibration: a few dozen to a few hundred typical inputs, not those that you measure on: an array (N, ..), a dict of them by
            input name, an iterable of samples or batches such as a DataLoader (labels behind the inputs are left alone), or what the program
            takes: the path of a .npy, .npz, .json, .png or IDX file or of a folder of these, or a list of paths. They set the ranges of the integers; all of them
            are used (the program takes the first 256, unless ``--limit`` says otherwise).
        example_inputs: what a torch module or an estimator is exported with; the first calibration sample by default.
        name: shown to people; by default the file's, or the class of a module or estimator.
        input_shapes: whole shapes for dynamic axes, by input name.
        tokens: of a language model's file: how many tokens one inference reads.
        conversation: of a language model: how many tokens all turns of a conversation may have, each of at most ``tokens`` and proven from what the one
            before it has left (``Prover.generate(after=..)``). Calibration inputs have so many tokens.
        head: of a language model's file: "choice" (the most likely next token at each position, the default), "logits", "none" (hidden states), "mean" (of them) or "first" (the first of them).
        candidates: of a language model: its answers may be sampled, from this many best tokens at each position (``Model.generate(temperature=..)``).
        hidden_text: of a language model: proofs of its answers may hide prompt or answer (``Prover.generate(hide=..)``).
        input_names: names for the inputs of a torch module; those of forward's parameters by default.
        float_target: the largest error of an output element, relative to the output's largest, as 0.001, "0.1%" or "exact" (0.02 %); 0.001 by
            default. The cheapest program within it is made.
        activation_bits, weight_bits: instead of what measurement chooses: 4 to 21, 2 to 26.
        calibration_method: "mse", "minmax" or "percentile".
        input_formats: exact integer formats of inputs that are another model's outputs (``TensorInfo.format``).
        preprocessing: {"scale": 1 / 255, "mean": [..], "std": [..]} (each optional, one number or one per channel): (level * scale - mean) / std.
            Done to files; arrays are taken as they are, so to calibration arrays it was done already. Kept with the model, so that later files
            are treated the same.
        segments: cut the model into at most so many segments, each proven on its own (``Model.num_segments`` says how many it became); 1 by default.
        memory: instead, as few segments as keep the estimated memory of committing and proving within this: "1GiB", "512 MiB" or bytes.
        progress: True for a bar, or a function of (stage, fraction).
    Returns: a :class:`Model`. What was found wanting is warned of (ModelWarning) and kept in ``Model.record``.
    Raises: CompileError, with every part that is refused in ``parts``; InputError for calibration data that do not fit; FileError for files that
        cannot be read.

    Examples:
        >>> model = zkinfer.compile("network.onnx", calibration=numpy.load("typical.npy"))
    """
    options = _native.CompileOptions()
    if isinstance(calibration, Iterator) and not isinstance(calibration, io.IOBase):
        calibration = list(calibration)  # a generator gives its samples once
    if calibration is not None and _data.is_array(calibration) and 0 in np.shape(calibration):
        raise InputError(f"calibration: no samples, shape {tuple(np.shape(calibration))}; give a few dozen, or None for random ones")
    torch = sys.modules.get("torch")
    if torch is None or not isinstance(model, torch.nn.Module):
        if input_names is not None:
            raise InputError("input_names: for a torch.nn.Module; other models have names of their own")
    elif input_names is not None and (not isinstance(input_names, (list, tuple)) or not all(isinstance(name, str) for name in input_names)):
        raise InputError(f"input_names: {_options.shown(input_names)}, expected a list of str")
    onnx, default_name = _onnx_of(model, calibration, example_inputs, input_names)
    note = sys.modules["zkinfer.torch"].training_note(model) if torch is not None and isinstance(model, torch.nn.Module) else None
    if note is not None:
        warnings.warn(f"{type(model).__name__} {note}", ModelWarning, stacklevel=3)
    if name is not None:
        _options.text("name", name)
    options.name = name or default_name or ("" if isinstance(onnx, str) else type(model).__name__ if hasattr(model, "forward") else "")
    if input_shapes is not None:
        options.input_shapes = _shapes(input_shapes)
    options.conversation = _options.optional_integer("conversation", conversation, -(2**62), 2**62)
    options.tokens = _options.optional_integer("tokens", tokens, -(2**62), 2**62)  # the library names the bounds
    if head is not None:
        options.head = getattr(_native.LanguageHead, _options.choice("head", head, ("choice", "logits", "none", "mean", "first")))
    if float_target is not None:
        options.float_target = _options.share("float_target", float_target, {"exact": _native.exact_float_target})
    options.activation_bits = _options.optional_integer("activation_bits", activation_bits, -1000, 1000)  # the library names the bounds
    options.weight_bits = _options.optional_integer("weight_bits", weight_bits, -1000, 1000)
    if input_formats is not None:
        options.input_formats = _formats(input_formats)
    if preprocessing is not None:
        options.preprocessing = _preprocessing(preprocessing)
    if segments is not None:
        options.num_segments = _options.integer("segments", segments, 1, 2**32)  # the library names the bound
    if memory is not None:
        options.memory_bytes = _native.parse_memory(_options.text("memory", memory)) if isinstance(memory, str) else _options.integer("memory", memory, 1, 2**60)
    options.calibration_method = getattr(
        _native.CalibrationMethod, _options.choice("calibration_method", calibration_method, ("mse", "minmax", "percentile"))
    )
    samples = _data.samples(calibration, _native.network_inputs(onnx, options), "calibration", options.preprocessing) if calibration is not None else []
    with _progress.reporting(progress, "compile") as report:
        native = _native.compile_network(onnx, samples, options, report)
    if candidates is not None:
        native = _native.with_sampling(native, _options.integer("candidates", candidates, 1, 65535))
    if _options.flag("hidden_text", hidden_text):
        native = _native.with_hidden_text(native)
    compiled = Model(native)
    for note in compiled.record.notes:
        if note.is_warning or note.text.startswith("cut into "):
            warnings.warn(f"{compiled.name}: {in_python_words(note.text)}", ModelWarning, stacklevel=3)
    return compiled
