# SPDX-License-Identifier: Apache-2.0
"""The queue: who proves what, and what is left of it when he dies. Every change names the epoch of its lease, so that a late one does nothing."""

from __future__ import annotations

import sqlite3
import time
from typing import Any, Iterable, Optional

from . import audit, webhooks
from .database import Transaction

LEASE_SECONDS = 30.0
MOST_ATTEMPTS = 5


class SlotUsedTwice(Exception):
    """A proof took a slot of which another proof is known: the commitment's files are an old copy. The proof must not leave the process."""


def pull(tx: Transaction, owner: str, roots: Iterable[str]) -> Optional[dict[str, Any]]:
    """The next job of these models, leased."""
    wanted = list(roots)
    if not wanted:
        return None
    now = time.time()
    # Whoever locks a row first has it; the others go on to the next.
    skip = " FOR UPDATE SKIP LOCKED" if tx.is_postgres else ""
    return tx.one(
        "UPDATE job SET state = 'leased', lease_owner = ?, lease_until = ?, epoch = epoch + 1, attempt = attempt + 1 WHERE id = (SELECT id FROM job"
        " WHERE (state = 'queued' OR (state = 'leased' AND lease_until < ?)) AND not_before <= ?"
        f" AND model_root IN ({', '.join('?' * len(wanted))}) ORDER BY prio, not_before LIMIT 1{skip}) RETURNING *",
        owner, now + LEASE_SECONDS, now, now, *wanted,
    )  # fmt: skip


def take_back(tx: Transaction, owner: str) -> int:
    """What a worker of this name had when it died."""
    return int(tx.run("UPDATE job SET state = 'queued', lease_until = NULL WHERE state = 'leased' AND lease_owner = ?", owner).rowcount)


def beat(tx: Transaction, job: dict[str, Any]) -> None:
    tx.run("UPDATE job SET lease_until = ? WHERE id = ? AND epoch = ? AND state = 'leased'", time.time() + LEASE_SECONDS, job["id"], job["epoch"])


def members(tx: Transaction, job: dict[str, Any]) -> list[dict[str, Any]]:
    """The requests that the proof is of, in their order. One so far; a proof of several clients' requests has more."""
    return tx.all("SELECT request.* FROM member JOIN request ON request.id = member.request_id WHERE member.job_id = ? ORDER BY member.i", job["id"])


def finish(tx: Transaction, job: dict[str, Any], proof: dict[str, Any]) -> bool:
    """The proof becomes public: job, requests, slot, notices, all or none. False where the lease was lost: then the proof is nobody's.
    Raises: SlotUsedTwice."""
    changed = tx.run(
        "UPDATE job SET state = 'done', serving_key = ?, slot = ?, proof_ref = ?, path_ref = ?, proof_bytes = ?, proven = ?, lease_until = NULL, error = NULL"
        " WHERE id = ? AND epoch = ? AND state = 'leased'",
        proof["serving_key"], proof["slot"], proof["proof_ref"], proof["path_ref"], proof["bytes"], time.time(), job["id"], job["epoch"],
    )  # fmt: skip
    if changed.rowcount != 1:
        return False
    if proof["slot"] is not None:
        tx.run(
            "INSERT INTO spent_slot(serving_key, slot, job_id, attempt) VALUES(?, ?, ?, ?)", proof["serving_key"], proof["slot"], job["id"], job["attempt"]
        )
    tx.run("UPDATE request SET state = 'proven' WHERE job_id = ?", job["id"])
    webhooks.notify(tx, job["id"], "proof.proven", {"proof": job["id"], "sha256": proof["proof_ref"].split("/")[1], "bytes": proof["bytes"]})
    audit.note(tx, "worker", event="proven", proof=job["id"], serving_key=proof["serving_key"], slot=proof["slot"] if proof["slot"] is not None else -1)
    return True


def is_used_twice(error: Exception) -> bool:
    """Of what `finish` raised: a row of that slot is there."""
    names = [kind.__name__ for kind in type(error).__mro__]
    return isinstance(error, sqlite3.IntegrityError) or "UniqueViolation" in names


def fail(tx: Transaction, job: dict[str, Any], why: str, *, counts: bool = True) -> str:
    """Later again, or given up after five attempts. counts: whether this was one."""
    gives_up = counts and job["attempt"] >= MOST_ATTEMPTS
    delay = min(60.0, 0.5 * 2 ** job["attempt"])
    tx.run(
        "UPDATE job SET state = ?, not_before = ?, attempt = ?, lease_until = NULL, error = ? WHERE id = ? AND epoch = ? AND state = 'leased'",
        "dead" if gives_up else "queued", time.time() + delay, job["attempt"] - (0 if counts else 1), why[:500], job["id"], job["epoch"],
    )  # fmt: skip
    if gives_up:
        tx.run("UPDATE request SET state = 'failed' WHERE job_id = ?", job["id"])
        webhooks.notify(tx, job["id"], "proof.failed", {"proof": job["id"]})
        audit.note(tx, "worker", event="given up", proof=job["id"])
    return "dead" if gives_up else "queued"
