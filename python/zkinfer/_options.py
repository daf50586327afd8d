# SPDX-License-Identifier: Apache-2.0
"""Arguments as they must be, or an InputError that names them: nothing of the wrong type reaches the extension module, whose own
messages are about C++."""

from __future__ import annotations

import difflib
import functools
import inspect
import math
import numbers
import operator
from collections.abc import Mapping
from typing import Any, Callable, Optional, TypeVar

import numpy as np

from .errors import InputError

_F = TypeVar("_F", bound=Callable[..., Any])
_C = TypeVar("_C", bound=type)

#: What others call it, or people look for.
_CALLED = {
    "bits": "activation_bits= and weight_bits=",
    "calibration_data": "calibration=",
    "data": "calibration=",
    "num_bits": "activation_bits= and weight_bits=",
    "epsilon": "float_target=",
    "error": "float_target=",
    "exact": 'float_target="exact"',
    "tolerance": "float_target=",
    "input_from": "input_formats=",
    "mean": 'preprocessing={"mean": ..}',
    "std": 'preprocessing={"std": ..}',
    "scale": 'preprocessing={"scale": ..}',
    "shape": "input_shapes=",
    "shapes": "input_shapes=",
    "no_zk": "zero_knowledge=False",
    "budget": "proofs=",
    "num_proofs": "proofs=",
    "public_input": 'inputs="public"',
    "public_inputs": 'inputs="public"',
    "public_model": "public_parameters=True",
    "security": "security_bits=",
    "slots": "proofs=",
    "unique_decoding": 'decoding="unique"',
    "nonce": "context=",
    "input": "inputs=",
    "output": "outputs=",
}


def _said(name: str, signature: inspect.Signature, args: Any, kwargs: Any, error: TypeError) -> InputError:
    known = [parameter.name for parameter in signature.parameters.values() if parameter.name not in ("self", "cls")]
    for word in kwargs:
        if word in known:
            continue
        meant = _CALLED.get(word)
        if meant is None or meant.split("=")[0] not in known:
            close = difflib.get_close_matches(word, known, 1)
            meant = f"{close[0]}=" if close else None
        hint = f"it is called {meant}" if meant else f"there are {', '.join(known)}" if known else "there are none"
        return InputError(f"{name}: no argument {word!r}; {hint}", reason=f"{name}: no argument {word!r}", remedy=hint)
    plain = [parameter.replace(annotation=parameter.empty) for parameter in signature.parameters.values() if parameter.name not in ("self", "cls")]
    return InputError(f"{name}: {error}; it is called as {name}{inspect.Signature(plain)}")


def checked_call(function: _F, name: Optional[str] = None) -> _F:
    """The function, which says as an InputError what is wrong with the arguments' number or names."""
    signature = inspect.signature(function)

    @functools.wraps(function)
    def checked(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except TypeError:
            # Arguments are looked at only where something is wrong: that takes as long as all else that Python does for a small proof.
            try:
                signature.bind(*args, **kwargs)
            except TypeError as error:
                raise _said(name or function.__qualname__, signature, args, kwargs, error) from None
            raise

    return checked  # type: ignore[return-value]


def checked_calls(cls: _C) -> _C:
    """The class, whose public methods are checked_call."""
    for name, member in list(vars(cls).items()):
        if name.startswith("_") and not (name == "__init__" and inspect.isfunction(member)):
            continue
        called = cls.__name__ if name == "__init__" else f"{cls.__name__}.{name}"
        if isinstance(member, classmethod):
            setattr(cls, name, classmethod(checked_call(member.__func__, called)))
        elif inspect.isfunction(member):
            setattr(cls, name, checked_call(member, called))
    return cls


def shown(value: Any) -> str:
    """For a message: the value where it is short and plain, else its type."""
    try:
        text = repr(value)
    except Exception:  # of a class of the caller's
        return f"a {type(value).__name__}"
    plain = isinstance(value, (str, bytes, int, float, bool, list, tuple, dict, type(None), np.generic)) and len(text) <= 60
    return text if plain else f"a {type(value).__name__}"


def choice(what: str, value: str, choices: Any) -> Any:
    if not isinstance(value, str) or value not in choices:
        raise InputError(f"{what}={shown(value)}, expected one of {', '.join(map(repr, choices))}")
    return choices[value] if isinstance(choices, Mapping) else value


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


def share(what: str, value: Any, words: Any) -> float:
    """0.01, "0.01" or "1%", or one of the words."""
    if not isinstance(value, str):
        return number(what, value)
    if value in words:
        return float(words[value])
    text = value.strip()
    try:
        out = float(text[:-1]) / 100 if text.endswith("%") else float(text)
    except ValueError:
        out = math.nan
    if not math.isfinite(out):
        raise InputError(f"{what}={shown(value)}, expected a share such as 0.001 or '0.1%', or {', '.join(map(repr, words))}")
    return out


def flag(what: str, value: Any) -> bool:
    if not isinstance(value, (bool, np.bool_)):
        raise InputError(f"{what}={shown(value)}, expected True or False")
    return bool(value)


def text(what: str, value: Any) -> str:
    if not isinstance(value, str):
        raise InputError(f"{what}={shown(value)}, expected a str")
    utf8(what, value)
    return value


def utf8(what: str, value: str) -> bytes:
    try:
        return value.encode()
    except UnicodeEncodeError as error:
        raise InputError(f"{what}: {error}; give a text without half characters (surrogates), or bytes") from None


def data(what: str, value: Any) -> bytes:
    if not isinstance(value, (bytes, bytearray, memoryview)):
        raise InputError(f"{what}: {shown(value)}, expected bytes")
    return bytes(value)


def instance(what: str, value: Any, kind: type, made_by: str) -> Any:
    if not isinstance(value, kind):
        raise InputError(f"{what}: {shown(value)}, expected a {kind.__name__} ({made_by})")
    return value
