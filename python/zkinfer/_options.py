# SPDX-License-Identifier: Apache-2.0
"""Arguments as they must be, or an InputError that names them: nothing of the wrong type reaches the extension module, whose own
messages are about C++."""

from __future__ import annotations

import math
import numbers
import operator
from typing import Any, Optional

import numpy as np

from .errors import InputError


def shown(value: Any) -> str:
    """For a message: the value where it is short and plain, else its type."""
    text = repr(value)
    plain = isinstance(value, (str, bytes, int, float, bool, list, tuple, dict, type(None), np.generic)) and len(text) <= 60
    return text if plain else f"a {type(value).__name__}"


def integer(what: str, value: Any, least: int, most: int = (1 << 63) - 1) -> int:
    try:
        if isinstance(value, (bool, np.bool_)):
            raise TypeError
        out = operator.index(value)
    except TypeError:
        raise InputError(f"{what}={shown(value)}, expected a whole number") from None
    if not least <= out <= most:
        raise InputError(f"{what}={out}, expected " + (f"{least} to {most}" if most < 1 << 62 else f"at least {least}"))
    return out


def optional_integer(what: str, value: Any, least: int, most: int) -> Optional[int]:
    return None if value is None else integer(what, value, least, most)


def number(what: str, value: Any) -> float:
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, numbers.Real) and not (isinstance(value, np.ndarray) and value.ndim == 0):
        raise InputError(f"{what}={shown(value)}, expected a number")
    out = float(value)
    if not math.isfinite(out):
        raise InputError(f"{what}={shown(value)}, expected a finite number")
    return out


def flag(what: str, value: Any) -> bool:
    if not isinstance(value, (bool, np.bool_)):
        raise InputError(f"{what}={shown(value)}, expected True or False")
    return bool(value)


def text(what: str, value: Any) -> str:
    if not isinstance(value, str):
        raise InputError(f"{what}={shown(value)}, expected a str")
    return value


def data(what: str, value: Any) -> bytes:
    if not isinstance(value, (bytes, bytearray, memoryview)):
        raise InputError(f"{what}: {shown(value)}, expected bytes")
    return bytes(value)


def instance(what: str, value: Any, kind: type, made_by: str) -> Any:
    if not isinstance(value, kind):
        raise InputError(f"{what}: {shown(value)}, expected a {kind.__name__} ({made_by})")
    return value
