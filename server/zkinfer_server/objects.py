# SPDX-License-Identifier: Apache-2.0
"""Bytes outside of the tables: proofs by their content, and what customers sent, encrypted. In a folder, or (s3.py) in a bucket."""

from __future__ import annotations

import contextlib
import hashlib
import os
import pathlib
import re
import time
from typing import Any, Iterator, Optional, Protocol

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from .database import Transaction, Unavailable

_REF = re.compile(r"[a-z]+/[0-9a-f]{64}")
_ROOM = 32 << 20
_SMALL = 1 << 16  # up to this a blob lies in its table, and is durable with its row
MOST_BYTES = 1 << 30  # of an object; proofs of the largest models have some hundred MiB


class StoreUnavailable(Unavailable):
    """The object store did not take it, or does not give it now. The database is there."""


def check_ref(ref: str) -> bool:
    return _REF.fullmatch(ref) is not None


def ref_of(kind: str, data: bytes) -> str:
    """Raises: ValueError where it is too large."""
    if len(data) > MOST_BYTES:
        raise ValueError(f"an object of {len(data)} bytes, {MOST_BYTES} at most")
    return f"{kind}/{hashlib.sha256(data).hexdigest()}"


class Store(Protocol):
    """Where objects lie, by kind and SHA-256. What is there is whole. All raise StoreUnavailable."""

    def has_room(self) -> bool: ...  # for answers that are promised proofs now; cheap
    def problem(self) -> Optional[str]: ...  # why the service is not ready
    def check(self) -> None: ...  # at the start
    def put(self, kind: str, data: bytes) -> str: ...  # what is there already is young again
    def get(self, ref: str) -> Optional[bytes]: ...
    def remove(self, ref: str) -> None: ...
    def older_than(self, seconds: float) -> Iterator[str]: ...
    def every(self) -> Iterator[str]: ...


def seat_name(receipt_id: str, joint: str) -> str:
    """Of a request's seat in a joint proof, for `Vault`."""
    return f"{receipt_id}/seat/{joint}"


class FolderStore:
    """Objects by kind and SHA-256. What is there is whole: written beside, synced, then named."""

    def __init__(self, folder: pathlib.Path) -> None:
        self._folder = folder

    def has_room(self) -> bool:
        """Whether proofs of what is answered now will find some: 32 MiB."""
        found = os.statvfs(self._folder if self._folder.exists() else self._folder.parent)
        return found.f_bavail * found.f_frsize >= _ROOM

    def problem(self) -> Optional[str]:
        return None if self.has_room() else "the disk is full"

    def check(self) -> None:
        """A folder that cannot be written is said by the first object."""

    def _path(self, ref: str) -> pathlib.Path:
        if not check_ref(ref):
            raise ValueError(f"'{ref}' names no object")
        kind, digest = ref.split("/")
        return self._folder / kind / digest[:2] / digest

    def put(self, kind: str, data: bytes) -> str:
        """Raises: StoreUnavailable where it cannot be written."""
        ref = ref_of(kind, data)
        path = self._path(ref)
        with contextlib.suppress(FileNotFoundError):
            os.utime(path)  # it is young again, for `older_than`
            return ref
        beside = path.with_name(f".{path.name}.{os.getpid()}.{time.monotonic_ns()}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with open(beside, "wb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.replace(beside, path)
            folder = os.open(path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        except OSError as error:
            with contextlib.suppress(OSError):
                beside.unlink()
            raise StoreUnavailable(f"the object store does not take it: {error.strerror}") from error
        return ref

    def get(self, ref: str) -> Optional[bytes]:
        """None where it is not there, or is no longer what it was."""
        try:
            data = self._path(ref).read_bytes()
        except FileNotFoundError:
            return None
        return data if hashlib.sha256(data).hexdigest() == ref.split("/")[1] else None

    def remove(self, ref: str) -> None:
        with contextlib.suppress(FileNotFoundError):
            self._path(ref).unlink()

    def every(self) -> Iterator[str]:
        return (f"{path.parts[-3]}/{path.name}" for path in self._folder.glob("*/??/*") if not path.name.startswith("."))

    def older_than(self, seconds: float) -> Iterator[str]:
        """Objects, and what was left half written, by age."""
        limit = time.time() - seconds
        for path in self._folder.glob("*/??/*"):
            with contextlib.suppress(FileNotFoundError):
                if path.stat().st_mtime < limit:
                    if path.name.startswith("."):
                        path.unlink()
                    else:
                        yield f"{path.parts[-3]}/{path.name}"


class Vault:
    """What customers sent and got, at rest under AES-256-GCM with the row's name bound in; small ones in their table."""

    def __init__(self, key: bytes, store: Store) -> None:
        self._cipher, self._store = AESGCM(key), store

    def seal(self, name: str, data: bytes) -> tuple[str, Optional[bytes]]:
        """A reference, and what `keep` must write into the table, if anything. Large ones are in the store already."""
        nonce = os.urandom(12)
        sealed = nonce + self._cipher.encrypt(nonce, data, name.encode())
        return (f"blob:{name}", sealed) if len(sealed) <= _SMALL else (self._store.put("sealed", sealed), None)

    @staticmethod
    def keep(tx: Transaction, ref: str, sealed: Optional[bytes]) -> None:
        if sealed is not None:
            tx.run("INSERT INTO blob(ref, data) VALUES(?, ?)", ref, sealed)

    def open(self, tx: Transaction, ref: str, name: str) -> Optional[bytes]:
        """None where it was removed. Raises: InvalidTag where it was changed, or is another's."""
        row: Optional[dict[str, Any]] = tx.one("SELECT data FROM blob WHERE ref = ?", ref) if ref.startswith("blob:") else None
        sealed = row["data"] if row else None if ref.startswith("blob:") else self._store.get(ref)
        return None if sealed is None else self._cipher.decrypt(sealed[:12], sealed[12:], name.encode())

    def forget(self, tx: Transaction, ref: str) -> None:
        if ref.startswith("blob:"):
            tx.run("DELETE FROM blob WHERE ref = ?", ref)
        else:
            self._store.remove(ref)
