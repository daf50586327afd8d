# SPDX-License-Identifier: Apache-2.0
"""The data folder of a service: where things lie, and that one process group has it."""

from __future__ import annotations

import fcntl
import os
import pathlib
from typing import IO, Optional

from .database import Database
from .objects import FolderStore, Store, Vault
from .signing import Signer, write_secret


class Place:
    """folder/secrets: keys of signatures and of what is encrypted. folder/objects: proofs, unless a bucket is named. folder/server.db: all else, unless a
    PostgreSQL is named."""

    def __init__(self, folder: pathlib.Path, database: Optional[str] = None, objects: Optional[str] = None, endpoint: Optional[str] = None, *, begin: bool = True) -> None:
        """objects: s3://.., at the endpoint. begin: a folder where there is none yet. Raises: ValueError where it is not to, or `folder` is none; OSError."""
        self.folder = folder.resolve()
        if folder.exists() and not folder.is_dir():
            raise ValueError(f"--data {folder} is a file, expected the service's folder")
        self._store: Store = FolderStore(self.folder / "objects")
        if objects is not None:
            from .s3 import S3Store

            self._store = S3Store(objects, endpoint)
        elif endpoint is not None:
            raise ValueError("--objects-endpoint: give --objects s3://BUCKET too")
        self.is_new = not (self.folder / "secrets").is_dir()
        if self.is_new and not begin:
            raise ValueError(f"--data {folder}: no service was begun there; `zkinfer-server keys create` and `run` begin one")
        self.secrets = self.folder / "secrets"
        self.secrets.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.address = database or str(self.folder / "server.db")
        storage = self.secrets / "storage.key"
        if not storage.exists():
            write_secret(storage, os.urandom(32))
        self._storage_key = storage.read_bytes()
        self._lock: Optional[IO[str]] = None

    @property
    def is_postgres(self) -> bool:
        return self.address.startswith(("postgresql://", "postgres://"))

    def lock(self) -> None:
        """Raises: BlockingIOError where another process serves from it."""
        self._lock = open(self.folder / "lock", "w")
        fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def database(self) -> Database:
        return Database(self.address)

    def store(self) -> Store:
        return self._store

    def vault(self) -> Vault:
        return Vault(self._storage_key, self.store())

    def signer(self) -> Signer:
        return Signer(self.secrets / "signing")
