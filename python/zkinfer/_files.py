# SPDX-License-Identifier: Apache-2.0
"""Files of ours: read with their kind checked, written so that they appear whole or not at all."""

from __future__ import annotations

import json
import os
import secrets
from typing import Any, Union

from . import _native, _options
from .errors import FileError, InputError

_LONGEST, _SHOWN = 255, 40  # characters of a path that is shown whole; of a text that is no path

Path = Union[str, "os.PathLike[str]"]


def state_folder() -> str:
    """Where used slots are remembered, as the program does: in $XDG_STATE_HOME, by default ~/.local/state; empty: there is no home."""
    state = os.environ.get("XDG_STATE_HOME", "")
    if not os.path.isabs(state):
        home = os.environ.get("HOME", "")
        state = os.path.join(home, ".local", "state") if os.path.isabs(home) else ""
    return os.path.join(state, "zkinfer", "slots") if state else ""


def decoded(path: Any) -> str:
    """A path as text, of which the system takes each character."""
    try:
        name = os.fsdecode(os.fspath(path))
    except TypeError:
        raise InputError(f"a path of type {type(path).__name__}, expected a str or os.PathLike") from None
    if "\0" in name:
        raise InputError("a path with a character of code 0, which no file's name has; give one without")
    return name


def name_of(path: Path) -> str:
    """The path as a str, or an InputError."""
    name = decoded(path)
    _options.utf8("a path", name)
    if any(len(part) > _LONGEST for part in name.split("/")):
        raise FileError(f"{quoted(name)} is no path: no file has so long a name")
    return name


def quoted(path: Path) -> str:
    """A path for messages; of a text that was given in its place, the beginning."""
    text = os.fsdecode(path)
    if len(text) <= _LONGEST and text.isprintable():
        return f"'{text}'"
    return f"'{text[:_SHOWN].splitlines()[0] if text.strip() else ''}..' (a text of {len(text)} characters)"


def _os_error(action: str, path: Path, error: OSError) -> FileError:
    return FileError(f"{quoted(path)} cannot be {action}: {error.strerror or error}")


def read(path: Path, *kinds: str) -> bytes:
    """The bytes of a file that says it is one of `kinds` ("proof", "verification key", ..); of any file without them."""
    name_of(path)  # never a file descriptor
    try:
        with open(path, "rb") as file:
            data = file.read()
    except OSError as error:
        raise _os_error("read", path, error) from None
    if kinds:
        check_kind(quoted(path), data, *kinds)
    return data


def one(kind: str) -> str:
    """A kind with its article: "an evaluation", "sealed weights"."""
    return kind if kind.endswith("s") else f"an {kind}" if kind[0] in "aeiou" else f"a {kind}"


def check_kind(where: str, data: bytes, *kinds: str) -> None:
    kind = _native.kind_of(data[:8])
    if kind not in kinds:
        found = one(kind) if kind else "empty" if not data else "no file of zkinfer's"
        raise InputError(f"{where} is {found}, expected {' or '.join(map(one, kinds))}")


def check_target(path: Path, kind: str) -> None:
    """InputError where a file of another kind, or no regular file, has the name."""
    path = name_of(path)
    if path.endswith(".lock") and os.path.lexists(path):
        raise InputError(f"{quoted(path)} is the lock of a commitment secret; name another file")
    try:
        if os.path.isdir(path):
            raise InputError(f"{quoted(path)} is a folder; name a file in it")
        if not os.path.isfile(path):
            if os.path.lexists(path):  # a device, a pipe, a link to nothing: writing would replace it
                raise InputError(f"{quoted(path)} is there already and is no regular file; name another one")
            return
        with open(path, "rb") as old:
            head = old.read(8)
    except OSError as error:
        if isinstance(error, InputError):
            raise
        raise _os_error("read", path, error) from None
    if head and _native.kind_of(head) != kind:
        raise InputError(f"{quoted(path)} is there already and is no {kind}; choose another name, or remove it first")


def check_new(path: Path) -> None:
    """InputError where there is anything of that name."""
    if os.path.lexists(name_of(path)):
        raise InputError(f"{quoted(path)} is there already, and may be the only secret of a commitment in use; name another file")


def certificate_beside(path: Path) -> str:
    """Where the certificate of a key or a commitment lies: network.zkcert beside network.zkkey and network.zksecret."""
    return os.path.splitext(name_of(path))[0] + ".zkcert"


def write(path: Path, data: bytes, kind: str, *, secret: bool = False) -> None:
    """Replaces only a file of the same kind. secret: readable by its owner only."""
    check_target(path, kind)
    _replace(name_of(path), data, secret)


def write_json(path: Path, content: dict[str, Any], mark: str, noun: str) -> None:
    """Replaces only a JSON object that has the key `mark`, as all of its kind do."""
    name = name_of(path)
    try:
        if os.path.lexists(name):
            if not os.path.isfile(name):
                raise InputError(f"{quoted(path)} is there already and is no regular file; name another one")
            with open(name, "rb") as old:
                text = old.read()
            if text and not _has_key(text, mark):
                raise InputError(f"{quoted(path)} is there already and is no {noun}; choose another name, or remove it first")
    except OSError as error:
        raise _os_error("read", path, error) from None
    _replace(name, (json.dumps(content, indent=1) + "\n").encode(), False)


def _has_key(text: bytes, key: str) -> bool:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(found, dict) and key in found


def _replace(path: str, data: bytes, secret: bool) -> None:
    try:
        folder = os.path.dirname(os.path.realpath(path)) or "."
        temporary = os.path.join(folder, f".{os.path.basename(path)}.{secrets.token_hex(8)}")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600 if secret else 0o666)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, os.path.realpath(path))
        except BaseException:
            os.unlink(temporary)
            raise
    except OSError as error:
        if isinstance(error, FileError):
            raise
        raise _os_error("written", path, error) from None
