# SPDX-License-Identifier: Apache-2.0
"""Tensors as KServe's protocol v2 writes them, in JSON and binary."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, Optional

import numpy as np

from .strict import loads

DTYPES = {
    "BOOL": np.dtype("?"), "UINT8": np.dtype("u1"), "UINT16": np.dtype("<u2"), "UINT32": np.dtype("<u4"), "UINT64": np.dtype("<u8"), "INT8": np.dtype("i1"),
    "INT16": np.dtype("<i2"), "INT32": np.dtype("<i4"), "INT64": np.dtype("<i8"), "FP16": np.dtype("<f2"), "FP32": np.dtype("<f4"), "FP64": np.dtype("<f8"),
}  # fmt: skip
_NAMES = {dtype: name for name, dtype in DTYPES.items()}
_MOST_AXES = 16
BINARY_HEADER = "Inference-Header-Content-Length"


def json_length(header: Optional[str]) -> Optional[int]:
    """What BINARY_HEADER says; None without it. Raises: TensorError."""
    if header is not None and not re.fullmatch(r"[0-9]{1,12}", header):
        raise TensorError(f"{BINARY_HEADER}: expected a whole number")
    return int(header) if header is not None else None


class TensorError(ValueError):
    """A body that is none of the protocol: where, what was expected, what was there."""


def _array(where: str, form: Any, raw: Optional[memoryview]) -> tuple[str, np.ndarray, int]:
    """One tensor of a request; how many of the raw bytes it took."""
    if not isinstance(form, dict) or not isinstance(form.get("name"), str):
        raise TensorError(f"{where}: expected an object with name, shape, datatype and data")
    where = f"{where} '{form['name']}'"
    dtype = DTYPES.get(form.get("datatype") if isinstance(form.get("datatype"), str) else "")
    if dtype is None:
        raise TensorError(f"{where}: datatype {form.get('datatype')!r}, expected one of {', '.join(DTYPES)}")
    shape = form.get("shape")
    if not isinstance(shape, list) or len(shape) > _MOST_AXES or not all(type(n) is int and 0 <= n < 1 << 31 for n in shape):
        raise TensorError(f"{where}: shape {shape!r}, expected a list of whole numbers")
    count = math.prod(shape)
    parameters = form.get("parameters") if isinstance(form.get("parameters"), dict) else {}
    size = parameters.get("binary_data_size")
    if size is not None:
        if type(size) is not int or size != count * dtype.itemsize or raw is None or size > len(raw):
            raise TensorError(f"{where}: binary_data_size {size!r}, expected {count * dtype.itemsize} bytes of its shape behind the JSON")
        return form["name"], np.frombuffer(raw[:size], dtype).reshape(shape), size
    data = form.get("data")
    if not isinstance(data, list):
        raise TensorError(f"{where}: no data, expected a list of {count} numbers")
    try:
        values = np.asarray(data)
        # Not through floats where integers are asked for: they would lose digits, or become others.
        if values.dtype.kind not in ("biuf" if dtype.kind == "f" else "b" if dtype.kind == "b" else "iu"):
            raise TensorError(f"{where}: data that is no array of {form['datatype']}")
        if values.size != count:
            raise TensorError(f"{where}: {values.size} numbers, expected {count} of shape {shape}")
        if dtype.kind in "iu" and count and not np.iinfo(dtype).min <= int(values.min()) <= int(values.max()) <= np.iinfo(dtype).max:
            raise TensorError(f"{where}: numbers outside of {form['datatype']}")
        with np.errstate(over="ignore"):
            return form["name"], values.astype(dtype).reshape(shape), 0
    except (ValueError, OverflowError, TypeError) as error:
        raise TensorError(str(error) if isinstance(error, TensorError) else f"{where}: {error}") from None


def parse(body: bytes, json_bytes: Optional[int], what: str = "inputs") -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """The object of a request or answer, and its tensors by name. json_bytes: of a binary body, where the JSON ends."""
    if json_bytes is not None and not 0 <= json_bytes <= len(body):
        raise TensorError(f"{BINARY_HEADER}: {json_bytes}, the body has {len(body)} bytes")
    try:
        form = loads(body[:json_bytes])
    except (ValueError, RecursionError) as error:
        raise TensorError(f"the body is no JSON: {error}") from None
    if not isinstance(form, dict) or not isinstance(form.get(what), list):
        raise TensorError(f"expected an object with the list '{what}'")
    raw = memoryview(body)[json_bytes:] if json_bytes is not None else None
    out: dict[str, np.ndarray] = {}
    for number, item in enumerate(form[what]):
        name, values, used = _array(f"{what}[{number}]", item, raw)
        if name in out:
            raise TensorError(f"{what}: '{name}' is there twice")
        out[name] = values
        raw = raw[used:] if raw is not None else None
    if raw is not None and len(raw):
        raise TensorError(f"{len(raw)} bytes behind the last tensor")
    return form, out


def write(form: Mapping[str, Any], tensors: Mapping[str, np.ndarray], binary: bool, what: str = "inputs") -> tuple[bytes, Optional[int]]:
    """A body, and of a binary one where its JSON ends."""
    items, raw = [], []
    for name, values in tensors.items():
        values = np.ascontiguousarray(values).astype(values.dtype.newbyteorder("<"))
        item = {"name": name, "shape": list(values.shape), "datatype": datatype(values.dtype)}
        if binary:
            raw.append(values.tobytes())
            items.append({**item, "parameters": {"binary_data_size": len(raw[-1])}})
        else:
            items.append({**item, "data": values.ravel().tolist()})
    text = json.dumps({**form, what: items}, separators=(",", ":")).encode()
    return text + b"".join(raw), len(text) if binary else None


def datatype(dtype: np.dtype) -> str:
    name = _NAMES.get(dtype.newbyteorder("<"))
    if name is None:
        raise TensorError(f"dtype {dtype}, expected one of {', '.join(DTYPES)}")
    return name


def pack(tensors: Mapping[str, np.ndarray]) -> bytes:
    """Tensors as they are kept: a binary body behind the length of its JSON."""
    body, length = write({}, tensors, True)
    return (length or 0).to_bytes(4, "little") + body


def unpack(data: bytes) -> dict[str, np.ndarray]:
    return parse(data[4:], int.from_bytes(data[:4], "little"))[1]


def names(tensors: Sequence[Any]) -> str:
    return ", ".join(f"'{tensor.name}'" for tensor in tensors)
