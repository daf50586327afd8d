# SPDX-License-Identifier: Apache-2.0
"""What the extension module's records show of themselves: their members, by name; in notebooks as a table."""

from __future__ import annotations

from html import escape
from typing import Any, Iterator

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
    if len(text) <= (_MOST_RECORD if type(value).__module__ == _native.__name__ else _MOST_LENGTH):
        return text
    if isinstance(value, str):
        return text[: _MOST_LENGTH - 3] + "'.."
    return f"{len(value)} of them" if isinstance(value, (list, tuple, dict)) else f"<{type(value).__name__}>"


def _repr(record: Any) -> str:
    shown = ", ".join(f"{name}={_short(value)}" for name, value in _members(record))
    return f"<zkinfer.{type(record).__name__}{': ' if shown else ''}{in_python_words(shown)}>"


def _html(record: Any) -> str:
    rows = "".join(
        f"<tr><th style='text-align:left'>{escape(name)}</th><td style='text-align:left'>{escape(in_python_words(_short(value)))}</td></tr>"
        for name, value in _members(record)
    )
    return f"<table><caption style='text-align:left'><b>zkinfer {escape(type(record).__name__)}</b></caption>{rows}</table>"


def give_reprs() -> None:
    for cls in list(vars(_native).values()):
        if isinstance(cls, type) and cls.__module__ == _native.__name__ and not hasattr(cls, "__members__"):
            if "__repr__" not in vars(cls):
                cls.__repr__ = _repr  # type: ignore[method-assign]
            if any(isinstance(member, property) for member in vars(cls).values()):
                cls._repr_html_ = _html  # type: ignore[attr-defined]
