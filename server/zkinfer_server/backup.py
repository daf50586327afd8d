# SPDX-License-Identifier: Apache-2.0
"""What is kept of a service elsewhere, and how it comes back without a slot being used twice."""

from __future__ import annotations

import contextlib
import os
import pathlib
import shutil
import sqlite3
import subprocess
from typing import Any, Optional

from .objects import FolderStore, Store
from .place import Place

_OF_A_MODEL = ("zkmodel", "zkkey", "zkcert", "md", "tokenizer.*")  # never the secret: a copy of it that proves would use slots twice


def _program(*words: Any) -> None:
    """Raises: ValueError with what the program says; it names no values of anybody's."""
    try:
        done = subprocess.run(["zkinfer", *map(str, words)], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    except FileNotFoundError:
        raise ValueError("the program `zkinfer` is not in PATH") from None
    if done.returncode != 0:
        raise ValueError(f"zkinfer {words[0]} {words[1]}: {done.stderr.strip()}")


def _new(folder: pathlib.Path) -> None:
    if folder.exists() and any(folder.iterdir()):
        raise ValueError(f"{folder} is there and not empty; give a new folder")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)


def backup(place: Place, models: pathlib.Path, to: pathlib.Path) -> None:
    """While the service runs: signing and storage keys, models with backups of their commitments, tables, then objects, so that every row finds its own."""
    if place.is_postgres:
        raise ValueError("tables in PostgreSQL are kept by pg_dump or its archive; then copy secrets and objects, and `zkinfer commitment backup` each secret")
    _new(to)
    shutil.copytree(place.secrets, to / "secrets")
    (to / "models").mkdir(mode=0o700)
    for secret in sorted(models.glob("*.zksecret")):
        for pattern in _OF_A_MODEL:
            for path in models.glob(f"{secret.stem}.{pattern}"):
                shutil.copy2(path, to / "models")
        _program("commitment", "backup", secret, "-o", to / "models" / f"{secret.stem}.zkbackup")
    with contextlib.closing(sqlite3.connect(place.address)) as source, contextlib.closing(sqlite3.connect(to / "server.db")) as copy:
        source.backup(copy)
    os.chmod(to / "server.db", 0o600)
    _copy(place.store(), FolderStore(to / "objects"))


def _copy(source: Store, to: Store) -> None:
    """Every object that is whole: what it holds is checked against its name."""
    for ref in source.every():
        data = source.get(ref)
        if data is not None:  # else it was removed meanwhile, and no row of the copy names it, or it is damaged and would be nobody's
            to.put(ref.split("/")[0], data)


def restore(source: pathlib.Path, data: pathlib.Path, models: pathlib.Path, margin: int, bucket: Optional[Store] = None) -> list[str]:
    """Into new folders, on a machine where the old ones are gone: the names of the models. Commitments below the roots begin anew, so that no slot is
    used that may have been used since. margin: of slots of a root for rotations since the backup. bucket: where objects go, if not into `data`."""
    for name in ("secrets", "models", "server.db"):
        if not (source / name).exists():
            raise ValueError(f"{source} is no backup: it lacks {name}")
    _new(data)
    _new(models)
    shutil.copytree(source / "secrets", data / "secrets")
    _copy(FolderStore(source / "objects"), bucket or FolderStore(data / "objects"))
    shutil.copy2(source / "server.db", data / "server.db")
    names = []
    for kept in sorted((source / "models").glob("*.zkbackup")):
        for pattern in _OF_A_MODEL:
            for path in (source / "models").glob(f"{kept.stem}.{pattern}"):
                shutil.copy2(path, models)
        paths = sorted((source / "objects" / "paths").glob("*/*"))
        published = ["--published", *paths] if paths else ["--none-published"]
        _program(
            "commitment", "restore", kept, "--key", models / f"{kept.stem}.zkkey", "--secret", models / f"{kept.stem}.zksecret", "--margin", margin, *published
        )
        names.append(kept.stem)
    return names
