# SPDX-License-Identifier: Apache-2.0
"""Arrays on their way in and out: NumPy arrays and torch tensors, by name, alone or many at once, or the files and folders that the program
reads. No values of arrays are changed here; a copy is made only where the memory is not dense and row-major or the type is none that the
library reads."""

from __future__ import annotations

import io
import math
import os
import sys
import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Iterator, Optional, Union

import numpy as np
import numpy.typing as npt

from . import _files, _native
from .errors import ClippingWarning, FileError, InputError, ModelWarning

#: A NumPy array, a torch tensor, or numbers in lists.
ArrayLike = Union[npt.ArrayLike, Any]
#: One array where the model has one input, else a dict by input name or a sequence in the model's order.
Inputs = Union[ArrayLike, Mapping[str, ArrayLike], Sequence[ArrayLike]]

_FILES = "the path of a .npy, .npz, .json, .png or IDX file or of a folder of these, or of a text what Tokenizer.windows makes of it"
_KINDS = {"f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4"}


def _is_tensor(value: object) -> bool:
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.Tensor)


def is_array(value: object) -> bool:
    """Also a table of pandas: whatever says its shape and turns into an array as a whole."""
    return isinstance(value, np.ndarray) or _is_tensor(value) or (hasattr(value, "__array__") and hasattr(value, "shape"))


def _check_finite(values: np.ndarray, where: str) -> None:
    """InputError for what float32 has no finite number for. Masks of minus infinity are large finite numbers here."""
    largest = np.finfo(np.float32).max
    good = np.isfinite(values) if values.dtype.itemsize == 4 else np.abs(values) <= largest
    if good.all():
        return
    first = int(np.argmin(good.ravel()))
    value = values.ravel()[first]
    what = "not a number" if np.isnan(value) else "infinite" if np.isinf(value) else f"{value:.3g}, beyond float32"
    raise InputError(f"{where}: element {first} is {what}; give finite numbers")


def _is_masked(value: Any) -> bool:
    """Whether some of its values are said not to be there, which the plain array of it does not show."""
    if isinstance(value, np.ma.MaskedArray):
        return bool(np.ma.is_masked(value))
    if _is_tensor(value) and hasattr(value, "get_mask"):  # torch.masked: true where there is a value
        return not bool(value.get_mask().all())
    return isinstance(value, (list, tuple)) and any(map(_is_masked, value))


def array(value: Any, where: str) -> np.ndarray:
    """value as a dense row-major array of a type that the library reads, the caller's own memory where that is possible."""
    if isinstance(value, (str, os.PathLike)):
        raise InputError(f"{where}: a path, expected an array: np.load('rows.npy') reads one, np.loadtxt('rows.csv', delimiter=',') a table of text")
    if _is_masked(value):
        raise InputError(f"{where}: some of its values are masked; put numbers in their places, as by .filled(0)")
    if _is_tensor(value) and hasattr(value, "get_mask"):
        value = value.get_data()
    if _is_tensor(value):
        try:
            value = value.detach().cpu()
            if str(value.dtype) in ("torch.bfloat16", "torch.float16"):
                value = value.float()
            value = value.numpy()
        except (TypeError, RuntimeError) as error:
            raise InputError(f"{where}: a torch tensor of {value.dtype}, {error}; expected a dense one of numbers") from None
    try:
        out = np.asarray(value)
    except MemoryError:
        raise
    except Exception as error:  # of an object's own __array__
        raise InputError(f"{where}: no array of numbers ({error}); give a NumPy array or a torch tensor") from None
    if out.dtype == np.bool_:
        out = out.astype(np.uint8)
    elif out.dtype == np.float16:
        out = out.astype(np.float32)  # every one of them is a float32
    elif out.dtype.kind == "u" and out.dtype.itemsize == 8:
        if out.size and out.max() > np.iinfo(np.int64).max:
            raise InputError(f"{where}: values above 2^63 - 1; give integers that fit into int64")
        out = out.astype(np.int64)
    if out.dtype.kind + str(out.dtype.itemsize) not in _KINDS:
        raise InputError(f"{where}: dtype {out.dtype}, expected float16, float32, float64, an integer type or bool; convert it, as by .astype('float32')")
    out = np.require(out, dtype=out.dtype.newbyteorder("="), requirements="C")
    if out.dtype.kind == "f":
        _check_finite(out, where)
    return out


def _shape_text(shape: Sequence[int]) -> str:
    return "(" + ", ".join(map(str, shape)) + ("," if len(shape) == 1 else "") + ")"


def _squeezed(shape: Sequence[int]) -> tuple[int, ...]:
    return tuple(n for n in shape if n != 1)


def _fits(shape: Sequence[int], expected: Sequence[int]) -> bool:
    """The same numbers in the same places: axes of length 1 may be more or fewer, or there is one axis only."""
    return _squeezed(shape) == _squeezed(expected) or tuple(shape) == (int(np.prod(expected, dtype=np.int64)),)


def _where(tensor: _native.TensorInfo) -> str:
    return f"input '{tensor.name}'"


def by_name(data: Mapping[str, Any], tensors: Sequence[_native.TensorInfo]) -> list[Any]:
    names = [tensor.name for tensor in tensors]
    missing, unknown = [name for name in names if name not in data], [str(name) for name in data if name not in names]
    if missing or unknown:
        say = ", ".join(
            part for part in ("missing: " + ", ".join(missing) if missing else "", "unknown: " + ", ".join(unknown) if unknown else "") if part
        )
        raise InputError(f"inputs by name: {say}; the model has the inputs {', '.join(names)}")
    return [data[name] for name in names]


def _one(value: ArrayLike, tensor: _native.TensorInfo) -> np.ndarray:
    out = array(value, _where(tensor))
    if not _fits(out.shape, tensor.shape):
        wrong = f"{_where(tensor)}: shape {_shape_text(out.shape)}, expected {_shape_text(tensor.shape)}"
        size = math.prod(tensor.shape)
        if out.size == size:
            raise InputError(f"{wrong}; reshape or transpose it first")
        if out.ndim == len(tensor.shape) and out.shape[1:] == tuple(tensor.shape[1:]) and tensor.shape[0] == 1:
            raise InputError(f"{wrong}; these are {len(out)} samples: give one, or all of them to Prover.prove_batch")
        raise InputError(f"{wrong}; it has {out.size} numbers, the input {size}: prepare it as the network's own were")
    return out


def file_paths(value: Any) -> Optional[list[str]]:
    """Paths of files or folders where value is one or a list of some, else None."""
    given = [value] if isinstance(value, (str, os.PathLike)) else value
    if not isinstance(given, (list, tuple)) or not given or not all(isinstance(path, (str, os.PathLike)) for path in given):
        return None
    return [_files.decoded(path) for path in given]


def _files_of(paths: Sequence[str], what: str) -> list[str]:
    """With the input files of folders in the order of their names."""
    out: list[str] = []
    for path in paths:
        if not os.path.isdir(path):
            if not os.path.exists(path):
                raise FileError(f"{what}: {_files.quoted(path)} is not there; give an array, {_FILES}")
            if _native.is_text_file(path):
                raise InputError(f"{what}: {_files.quoted(path)} is a text; give an array, {_FILES}")
            out.append(path)
            continue
        try:
            inside = sorted(entry.path for entry in os.scandir(path) if not entry.name.startswith(".") and entry.is_file())
        except OSError as error:
            raise FileError(f"{what}: the folder {_files.quoted(path)} cannot be read: {error.strerror or error}") from None
        good = [file for file in inside if _native.is_input_file(file)]
        if not good:
            raise InputError(f"{what}: no input files in the folder '{path}'; expected .npy, .npz, .json, .png or IDX files")
        if len(good) < len(inside):
            warnings.warn(f"{what}: {len(inside) - len(good)} files of the folder '{path}' are no inputs and are left out", ModelWarning, stacklevel=2)
        out += good
    return out


def _from_files(paths: Sequence[str], tensors: Sequence[_native.TensorInfo], what: str, preprocessing: _native.Preprocessing) -> list[list[np.ndarray]]:
    out: list[list[np.ndarray]] = []
    for path in _files_of(paths, what):
        out += _native.read_samples(path, list(tensors), preprocessing)
    return out


def example_from_files(paths: Sequence[str]) -> Any:
    """What the first file holds, for networks that are exported with an example."""
    path = _files_of(paths, "calibration")[0]
    arrays = _native.read_arrays(path)
    if any(is_picture for _, _, is_picture in arrays):
        raise InputError(f"calibration: the picture '{path}' does not say how the network takes it; give example_inputs=(x,) in the shape of forward's")
    return arrays[0][1] if len(arrays) == 1 else {name: values for name, values, _ in arrays}


def _are_several(data: Sequence[Any], tensor: _native.TensorInfo) -> bool:
    """Whether these are arrays that are no rows of one."""
    if len(data) < 2 or not all(is_array(part) and len(part.shape) > 0 for part in data):
        return False
    shapes = {tuple(part.shape) for part in data}
    return len(shapes) > 1 or not _fits((len(data), *shapes.pop()), tensor.shape)


def inputs(data: Inputs, tensors: Sequence[_native.TensorInfo], preprocessing: Optional[_native.Preprocessing] = None) -> list[np.ndarray]:
    """One inference: an array per input, in the model's order. preprocessing: of files; without it there are none."""
    paths = file_paths(data) if preprocessing is not None else None
    if paths is not None and preprocessing is not None:
        rows = _from_files(paths, tensors, "inputs", preprocessing)
        if len(rows) != 1:
            raise InputError(f"inputs: {', '.join(map(repr, paths))}: {len(rows)} samples, expected one; take prove_batch, or an array of one of them")
        return rows[0]
    if isinstance(data, Mapping):
        values = by_name(data, tensors)
    elif isinstance(data, (list, tuple)) and len(data) == 1 and is_array(data[0]) and len(tensors) == 1:
        values = list(data)
    elif len(tensors) == 1:
        if isinstance(data, (list, tuple)) and _are_several(data, tensors[0]):
            raise InputError(f"{len(data)} arrays, the model has 1 input ({tensors[0].name}); give one array, or a stack of samples to Prover.prove_batch")
        values = [data]
    elif isinstance(data, Sequence) and len(data) == len(tensors):
        values = list(data)
    else:
        raise InputError(
            f"the model has {len(tensors)} inputs ({', '.join(t.name for t in tensors)}); give a dict by name or a list of {len(tensors)} arrays"
        )
    return [_one(value, tensor) for value, tensor in zip(values, tensors)]


def _rows(value: ArrayLike, tensor: _native.TensorInfo) -> list[np.ndarray]:
    """The samples of a stack of them, or the one that it is."""
    stack, shape = array(value, _where(tensor)), tuple(tensor.shape)
    if stack.shape == shape:
        return [stack]
    if stack.ndim > 0 and _fits(stack.shape[1:], shape):
        return [stack[i] for i in range(len(stack))]
    if _fits(stack.shape, shape):
        return [stack]
    raise InputError(
        f"{_where(tensor)}: shape {_shape_text(stack.shape)}, expected {_shape_text(shape)}, or N of these along a first axis"
    )


def _item(item: Any, tensors: Sequence[_native.TensorInfo]) -> Iterator[list[np.ndarray]]:
    """What an iterable gives: a sample or a batch of them, perhaps with labels behind (as a DataLoader's)."""
    if isinstance(item, Mapping):
        columns = [_rows(value, tensor) for value, tensor in zip(by_name(item, tensors), tensors)]
    elif isinstance(item, (tuple, list)) and item and all(is_array(part) or np.isscalar(part) for part in item) and is_array(item[0]):
        if len(item) < len(tensors):
            raise InputError(f"a sample of {len(item)} arrays, expected {len(tensors)}: {', '.join(t.name for t in tensors)}")
        columns = [_rows(value, tensor) for value, tensor in zip(item, tensors)]
    elif len(tensors) == 1:
        columns = [_rows(item, tensors[0])]
    else:
        names = ", ".join(t.name for t in tensors)
        raise InputError(f"one array for a model with {len(tensors)} inputs; give a dict by name ({names}), or samples that are tuples of {len(tensors)} arrays")
    lengths = {len(column) for column in columns}
    if len(lengths) != 1:
        raise InputError(f"the inputs have different numbers of samples: {', '.join(str(len(c)) for c in columns)}")
    for row in zip(*columns):
        yield list(row)


def items(data: Any, what: str) -> Iterable[Any]:
    """What gives samples or batches one after another: also a Dataset, which has a length and indices only."""
    if isinstance(data, (str, bytes, io.IOBase)):
        raise InputError(f"{what}: {type(data).__name__}, expected an array (N, ..), a dict of them by name, an iterable of samples, or paths of files")
    if isinstance(data, Iterable):
        return data
    if hasattr(data, "__getitem__") and hasattr(data, "__len__"):
        return (data[i] for i in range(len(data)))
    raise InputError(f"{what}: {type(data).__name__}, expected an array (N, ..), a dict of them by name, or an iterable of samples")


def samples(data: Any, tensors: Sequence[_native.TensorInfo], what: str, preprocessing: Optional[_native.Preprocessing] = None) -> list[list[np.ndarray]]:
    """Many inferences, at least one: [sample][input]. data: a stack (N, ..) per input, by name or alone; an iterable of samples or
    batches; or, with the preprocessing of what they hold, paths of files or folders. what: the argument, for messages."""
    out: list[list[np.ndarray]] = []
    paths = file_paths(data) if preprocessing is not None else None
    if paths is not None and preprocessing is not None:
        out = _from_files(paths, tensors, what, preprocessing)
    elif isinstance(data, Mapping) or is_array(data):
        try:
            out.extend(_item(data, tensors))
        except InputError as error:
            raise InputError(f"{what}: {error}") from None
    else:
        for number, item in enumerate(items(data, what)):
            try:
                out.extend(_item(item, tensors))
            except InputError as error:
                raise InputError(f"{what}, sample {number}: {error}") from None
    if not out:
        raise InputError(f"{what}: no samples{f', shape {_shape_text(data.shape)}' if is_array(data) else ''}; give at least one")
    return out


def real(tensor: _native.TensorInfo, integers: np.ndarray) -> np.ndarray:
    """Integers of a tensor as the real numbers that they stand for, in the tensor's shape."""
    return np.asarray(np.asarray(integers, dtype=np.int64) * tensor.format.scale, dtype=np.float32).reshape(tuple(tensor.shape))


def num_clipped(clipping: Sequence[_native.Clipping]) -> int:
    return sum(input.num_clipped for input in clipping)


def warn_of_clipping(clipping: Sequence[_native.Clipping], what: str, stacklevel: int) -> None:
    """what: is of the nearest ends of the range."""
    for input in clipping:
        if input.num_clipped:
            warnings.warn(f"{input.text}; {what} the nearest ends of the range", ClippingWarning, stacklevel=stacklevel + 1)
