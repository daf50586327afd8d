# SPDX-License-Identifier: Apache-2.0
"""The exceptions of zkinfer. All are :class:`ZkinferError`; each says in its attributes where, why and what to do."""

from __future__ import annotations

import re
from typing import Sequence

from ._words import in_python_words


# What to do, where a message ends with what is there. Of the system's errors, by their words.
_SYSTEM = {
    "No such file or directory": "give the path of a file that is there, in a folder that is there",
    "Permission denied": "change the rights of the file or its folder, or choose another one",
    "Read-only file system": "choose a folder that can be written to",
    "Is a directory": "give the path of a file in it",
    "Not a directory": "give a path whose folders are folders",
    "No space left on device": "make room, and call again",
    "File name too long": "give a shorter name",
}
# "expected at least 1", ", not a model package (.zkmodel)"
_EXPECTED = re.compile(r"\bexpected (?P<what>.+?)(?:, got\b.*|, which\b.*)?$|, not (?P<kind>an? [^,]+)$", re.S)


def _remedy_in(message: str) -> str | None:
    for words, remedy in _SYSTEM.items():
        if message.endswith(words):
            return remedy
    found = _EXPECTED.search(message)
    return "give " + (found["what"] or found["kind"]) if found else None


class Refused:
    """A part of a model that cannot be proved: ``node`` and ``op`` of the ONNX graph (None where it is no node), ``reason``, ``remedy``."""

    __slots__ = ("node", "op", "reason", "remedy")

    def __init__(self, node: str | None, op: str | None, reason: str, remedy: str | None) -> None:
        self.node, self.op, self.reason, self.remedy = node, op, reason, remedy

    def __repr__(self) -> str:
        return f"Refused(node={self.node!r}, op={self.op!r}, reason={self.reason!r}, remedy={self.remedy!r})"


class ZkinferError(Exception):
    """What all exceptions of zkinfer are.

    Attributes:
        reason: what is wrong, without the remedy.
        remedy: what to do: what the message says behind its last semicolon, or else what it expected; None where there is nothing to be done.
        node, op: the ONNX node that it is about, None where it is about none.
    """

    def __init__(
        self, message: str, *, reason: str | None = None, remedy: str | None = None, node: str | None = None, op: str | None = None
    ) -> None:
        super().__init__(message)
        if reason is None:
            reason, _, after = message.rpartition("; ")
            reason, remedy = (reason, remedy or after) if reason else (message, remedy or _remedy_in(message))
        self.reason, self.remedy, self.node, self.op = reason, remedy, node, op


class CompileError(ZkinferError, ValueError):
    """A model that cannot be compiled. ``parts`` lists everything that is refused, as :class:`Refused`; the attributes
    of the exception are those of the first part."""

    parts: Sequence[Refused] = ()


class InputError(ZkinferError, ValueError):
    """An argument, array or file that cannot be served: wrong shape, dtype or range, another kind of file, an option that does
    not go with the others."""


class FileError(InputError, OSError):
    """The operating system said no: a file that is not there, a folder that cannot be written to, a full disk."""


class BudgetError(ZkinferError):
    """A commitment whose proofs are used up, or something that would need more memory or time than is allowed."""


class Rejected(ZkinferError):
    """A proof, certificate or path that does not show what it should. ``reason`` is one of a fixed list ("wrong statement", "merkle
    path", ..), ``where`` the part of the protocol and the message at which the verifier stopped."""

    def __init__(self, reason: str, where: str, remedy: str | None = None) -> None:
        super().__init__(
            f"{reason} ({where})" + (f"; {remedy}" if remedy else ""), reason=reason, remedy=remedy or ""
        )
        self.where = where
        self.remedy = remedy


class Cancelled(ZkinferError):
    """A progress function returned False. Nothing was written; a proof's slot is used."""


class InternalError(ZkinferError, RuntimeError):
    """A self check failed: a bug in zkinfer."""


class ModelWarning(UserWarning):
    """What people should know of a compiled model: poor likeness to the float network, values that are cut off; of a commitment, that what is
    chosen proves or hides next to nothing."""


class ClippingWarning(UserWarning):
    """Values of an input lie outside of the range that the model takes; the proof is about the nearest ends of the range."""


_KINDS: dict[str, type[ZkinferError]] = {
    "input/output": FileError,
    "resource limit": BudgetError,
    "internal": InternalError,
    "cancelled": Cancelled,
}


def from_status(code: str, message: str, parts: Sequence[Sequence[str]], about_model: bool) -> ZkinferError:
    """The exception for an error of the library. Called by the extension module."""
    message = in_python_words(message)
    kind = _KINDS.get(code)
    if not about_model:
        return (kind or (CompileError if code == "unsupported" else InputError))(message)
    error = (kind or CompileError)(message)
    refused = [
        Refused(node or None, op or None, in_python_words(reason), in_python_words(remedy) or None) for node, op, reason, remedy in parts
    ]
    if isinstance(error, CompileError):
        error.parts = tuple(refused)
    if refused:
        first = refused[0]
        error.node, error.op, error.reason, error.remedy = first.node, first.op, first.reason, first.remedy
    return error
