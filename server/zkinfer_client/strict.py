# SPDX-License-Identifier: Apache-2.0
"""JSON of strangers: what RFC 8259 says, and nothing that Python takes beyond it."""

from __future__ import annotations

import json
from typing import Any


def _no_number(text: str) -> Any:
    raise ValueError(f"{text} is no number of JSON")


def _check(value: Any) -> None:
    if isinstance(value, str):
        value.encode()
    elif isinstance(value, list):
        for inner in value:
            _check(inner)
    elif isinstance(value, dict):
        for name, inner in value.items():
            name.encode()
            _check(inner)


def loads(data: bytes) -> Any:
    """Texts can be written as UTF-8 again; there is no NaN and no infinity by name. Raises: ValueError, RecursionError."""
    value = json.loads(bytes(data).decode("utf-8"), parse_constant=_no_number)
    if b"\\ud" in data or b"\\uD" in data:  # only so can half a character come
        try:
            _check(value)
        except UnicodeEncodeError:
            raise ValueError("a text with half a character (a lone surrogate)") from None
    return value
