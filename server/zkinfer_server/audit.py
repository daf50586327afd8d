# SPDX-License-Identifier: Apache-2.0
"""A log whose rows are chained by hashes: what is changed or left out later shows, from the last hash that somebody noted."""

from __future__ import annotations

import time
from typing import Any, Iterator, Optional

from zkinfer_client.canonical import jcs, sha256

from .database import Database, Transaction

_FIRST = bytes(32)


def _hash(prev: bytes, at: float, actor: str, what: bytes) -> bytes:
    return sha256(b"zkinfer audit v1", prev, f"{at:.3f}".encode(), b"\0", actor.encode(), b"\0", what)


def hold(tx: Transaction) -> None:
    """Until this transaction ends nobody else notes anything. Whoever looks for something that another front end may be writing, and notes what it did, holds it first."""
    if tx.is_postgres:
        tx.run("SELECT pg_advisory_xact_lock(7309454)")


def note(tx: Transaction, actor: str, **what: Any) -> None:
    """One row, of this transaction."""
    hold(tx)  # one writer of the chain's end
    last = tx.one("SELECT hash FROM audit ORDER BY seq DESC LIMIT 1")
    prev, at, text = last["hash"] if last else _FIRST, round(time.time(), 3), jcs(what)
    tx.run("INSERT INTO audit(prev, at, actor, what, hash) VALUES(?, ?, ?, ?, ?)", prev, at, actor, text.decode(), _hash(prev, at, actor, text))


def verify(database: Database, noted: Optional[str] = None) -> tuple[int, str]:
    """How many rows hold, and the last hash. Raises: ValueError where the chain breaks, or `noted` (hexadecimal) is none of its hashes."""
    prev, count, found = _FIRST, 0, noted is None
    for row in _rows(database):
        count += 1
        if row["prev"] != prev or row["hash"] != _hash(prev, row["at"], row["actor"], row["what"].encode()):
            raise ValueError(f"row {row['seq']}: it does not follow from the one before")
        prev = row["hash"]
        found = found or prev.hex() == noted
    if not found:
        raise ValueError(f"the hash {noted} is not in the log: rows were removed or replaced")
    return count, prev.hex()


def _rows(database: Database) -> Iterator[dict[str, Any]]:
    last = -1
    while True:
        with database.read() as tx:
            rows = tx.all("SELECT * FROM audit WHERE seq > ? ORDER BY seq LIMIT 1000", last)
        if not rows:
            return
        yield from rows
        last = rows[-1]["seq"]
