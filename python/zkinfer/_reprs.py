# SPDX-License-Identifier: Apache-2.0
"""What the extension module's records show of themselves: their members, by name; in notebooks as a table, and what of them is pickled."""

from __future__ import annotations

from html import escape
from typing import Any, Iterable, Iterator

import numpy as np

from . import _native
from ._words import in_python_words

_MOST_LENGTH, _MOST_RECORD = 60, 160  # of a member, in a line


def _members(record: Any) -> Iterator[tuple[str, Any]]:
    for name, member in vars(type(record)).items():
        if isinstance(member, property) and not name.startswith("_"):
            yield name, getattr(record, name)


def _short(value: Any) -> str:
    if isinstance(value, bytes):
        return value.hex() if len(value) <= 32 else f"{len(value)} bytes"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, np.ndarray):
        return f"array {value.shape}"
    if type(value).__module__ == _native.__name__ and isinstance(getattr(type(value), "__members__", None), dict):
        return str(value.name)
    text = repr(value)
    if len(text) <= (_MOST_RECORD if type(value).__module__ in (_native.__name__, __name__) else _MOST_LENGTH):
        return text
    if isinstance(value, str):
        return text[: _MOST_LENGTH - 3] + "'.."
    return f"{len(value)} of them" if isinstance(value, (list, tuple, dict)) else f"<{type(value).__name__}>"


def _shown(kind: str, members: Iterable[tuple[str, Any]]) -> str:
    shown = ", ".join(f"{name}={_short(value)}" for name, value in members)
    return f"<zkinfer.{kind}{': ' if shown else ''}{in_python_words(shown)}>"


def _table(kind: str, members: Iterable[tuple[str, Any]]) -> str:
    rows = "".join(
        f"<tr><th style='text-align:left'>{escape(name)}</th><td style='text-align:left'>{escape(in_python_words(_short(value)))}</td></tr>"
        for name, value in members
    )
    return f"<table><caption style='text-align:left'><b>zkinfer {escape(kind)}</b></caption>{rows}</table>"


def _repr(record: Any) -> str:
    return _shown(type(record).__name__, _members(record))


def _html(record: Any) -> str:
    return _table(type(record).__name__, _members(record))


class _Record:
    """What a record of the extension module is after it was pickled: its members, by their names."""

    _kind = ""

    def __init__(self, members: dict[str, Any]) -> None:
        vars(self).update(members)

    def __reduce__(self) -> Any:
        return _restored, (self._kind, vars(self))

    def __repr__(self) -> str:
        return _shown(self._kind, vars(self).items())

    def _repr_html_(self) -> str:
        return _table(self._kind, vars(self).items())


_KINDS: dict[str, type[_Record]] = {}


def _restored(kind: str, members: dict[str, Any]) -> Any:
    made = {
        "TensorFormat": lambda: _native.TensorFormat(members["lo"], members["hi"], members["scale_mantissa"], members["scale_exponent"]),
        "TensorPolicy": lambda: _native.TensorPolicy(members["exposure"], members["hash"]),
    }.get(kind)
    if made is not None:
        return made()
    if kind not in _KINDS:
        _KINDS[kind] = type(kind, (_Record,), {"_kind": kind, "__module__": __name__})
    return _KINDS[kind](members)


def _reduce(record: Any) -> Any:
    return _restored, (type(record).__name__, dict(_members(record)))


def _commitment(data: bytes) -> Any:
    """A function of this module, which has a name that pickle finds: of the extension module's static functions it finds none."""
    return _native.TensorCommitment.from_bytes(data)


def _is_record(cls: type) -> bool:
    """Nothing but members, which nobody changes: no key, model or file behind it."""
    members = [member for name, member in vars(cls).items() if not name.startswith("_")]
    return bool(members) and all(isinstance(member, property) and member.fset is None for member in members)


def give_reprs() -> None:
    for cls in list(vars(_native).values()):
        if isinstance(cls, type) and cls.__module__ == _native.__name__ and not hasattr(cls, "__members__"):
            if "__repr__" not in vars(cls):
                setattr(cls, "__repr__", _repr)
            if any(isinstance(member, property) for member in vars(cls).values()):
                setattr(cls, "_repr_html_", _html)
            if _is_record(cls):
                setattr(cls, "__reduce__", _reduce)
                setattr(cls, "__copy__", lambda self: self)
                setattr(cls, "__deepcopy__", lambda self, memo: self)
    commitment: Any = _native.TensorCommitment
    commitment.__reduce__ = lambda self: (_commitment, (self.to_bytes(),))
