# SPDX-License-Identifier: Apache-2.0
"""The one byte string of everything that is hashed or signed (docs/formats/receipt.md)."""

from __future__ import annotations

import hashlib
import json
import math
import os
import struct
import time
from collections.abc import Sequence
from typing import Any

import numpy as np

NONCE_BYTES = 32
_LARGEST = (1 << 53) - 1


def jcs(value: Any) -> bytes:
    """RFC 8785 of texts, whole numbers below 2^53, booleans, lists and objects: all that we sign. ValueError for anything else."""
    _check(value)
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


def _check(value: Any) -> None:
    if isinstance(value, dict):
        for name, inner in value.items():
            # Sorted by code points, which is the order of UTF-16 for ASCII alone.
            if not isinstance(name, str) or not name.isascii():
                raise ValueError(f"the name {name!r}: expected ASCII")
            _check(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            _check(inner)
    elif isinstance(value, bool) or value is None or isinstance(value, str):
        pass
    elif not isinstance(value, int) or abs(value) > _LARGEST:
        raise ValueError(f"{value!r}: expected a text or a whole number below 2^53")


def sha256(*parts: bytes) -> bytes:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.digest()


def integers_of(tensor: Any, values: Any) -> tuple[np.ndarray, int]:
    """The integers that a model reads real numbers as (`quantize_input` in src/quant/scale.cc), in the tensor's shape, and how many values lay
    outside of its range."""
    form, given = tensor.format, np.asarray(values)
    if form.scale == 1.0 and given.dtype.kind in "iub":
        exact = given.astype(np.int64)
        clamped = np.clip(exact, form.lo, form.hi)
        return clamped.reshape(tuple(tensor.shape)), int((clamped != exact).sum())
    read = given.astype(np.float32).astype(np.float64) if form.scale != 1.0 else given.astype(np.float64)
    if not np.isfinite(read).all():
        raise ValueError(f"'{tensor.name}': a value that is no finite number")
    rounded = np.floor(read * (1.0 / form.scale) + 0.5)
    limited = np.clip(rounded, float(form.lo), float(form.hi))
    return limited.astype(np.int64).reshape(tuple(tensor.shape)), int((limited != rounded).sum())


def _width(form: Any) -> int:
    """Bytes of an entry: the fewest that hold the whole range."""
    for width in (1, 2, 4):
        bits = 8 * width
        if (form.lo >= 0 and form.hi < 1 << bits) or (form.lo >= -(1 << (bits - 1)) and form.hi < 1 << (bits - 1)):
            return width
    return 8


def canonical_bytes(tensor: Any, integers: np.ndarray) -> bytes:
    """docs/formats/tensor.md: little-endian, unsigned where the range has no negative number."""
    return np.asarray(integers, dtype=np.int64).astype(f"<{'u' if tensor.format.lo >= 0 else 'i'}{_width(tensor.format)}").tobytes()


def canonical_size(tensor: Any) -> int:
    return _width(tensor.format) * math.prod(int(n) for n in tensor.shape)


class Part:
    """One tensor of a request or an answer as it is hashed: a name, a shape, canonical bytes."""

    __slots__ = ("name", "shape", "data")

    def __init__(self, name: str, shape: Sequence[int], data: bytes) -> None:
        self.name, self.shape, self.data = name, tuple(int(n) for n in shape), data

    @classmethod
    def of(cls, tensor: Any, integers: np.ndarray) -> "Part":
        return cls(tensor.name, tensor.shape, canonical_bytes(tensor, integers))


def _headers(parts: Sequence[Part]) -> bytes:
    out = [struct.pack("<I", len(parts))]
    for part in parts:
        name = part.name.encode()
        out += [struct.pack("<I", len(name)), name, struct.pack(f"<I{len(part.shape)}q", len(part.shape), *part.shape), struct.pack("<Q", len(part.data))]
    return b"".join(out)


def request_hash(root: bytes, parts: Sequence[Part], nonce: bytes) -> bytes:
    if len(nonce) != NONCE_BYTES:
        raise ValueError(f"a nonce of {len(nonce)} bytes, expected {NONCE_BYTES}")
    return sha256(b"zkinfer req v1", root, _headers(parts), *(part.data for part in parts), nonce)


def response_hash(request: bytes, parts: Sequence[Part]) -> bytes:
    return sha256(b"zkinfer resp v1", request, _headers(parts), *(part.data for part in parts))


def nonce_hash(nonce: bytes) -> bytes:
    return sha256(b"zkinfer nonce v1", nonce)


def proof_context(receipt_id: str, request: bytes) -> bytes:
    """What the proof of a receipt is bound to. Known before the answer, so that what is drawn for it can come from the client's nonce; a language
    model's answer takes the first 16 bytes."""
    return sha256(b"zkinfer context v1", receipt_id.encode(), request)


def uuid7() -> str:
    """RFC 9562: milliseconds, then 74 random bits."""
    data = bytearray(int(time.time() * 1000).to_bytes(6, "big") + os.urandom(10))
    data[6], data[8] = 0x70 | (data[6] & 0x0F), 0x80 | (data[8] & 0x3F)
    text = data.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
