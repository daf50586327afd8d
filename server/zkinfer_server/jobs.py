# SPDX-License-Identifier: Apache-2.0
"""The queue: who proves what, and what is left of it when he dies. Every change names the epoch of its lease, so that a late one does nothing."""

from __future__ import annotations

import sqlite3
import time
from typing import Any, Mapping, Optional, Sequence

from . import audit, webhooks
from .database import Transaction
from .objects import Vault

LEASE_SECONDS = 30.0
MOST_ATTEMPTS = 5
SIZES = (8, 32, 128)  # of joint proofs


class SlotUsedTwice(Exception):
    """A proof took a slot of which another proof is known: the commitment's files are an old copy. The proof must not leave the process."""


def pull(tx: Transaction, owner: str, seats: Mapping[str, int]) -> list[dict[str, Any]]:
    """The next job of these models, leased, with others that one joint proof is to be of. seats: of each model's joint proofs, at most."""
    if not seats:
        return []
    now, end = time.time(), time.time() + LEASE_SECONDS
    # Whoever locks a row first has it; the others go on to the next.
    skip = " FOR UPDATE SKIP LOCKED" if tx.is_postgres else ""
    lease = "UPDATE job SET state = 'leased', lease_owner = ?, lease_until = ?, epoch = epoch + 1, attempt = attempt + 1 WHERE"
    first = tx.one(
        f"{lease} id = (SELECT id FROM job WHERE (state = 'queued' OR (state = 'leased' AND lease_until < ?)) AND not_before <= ?"
        f" AND model_root IN ({', '.join('?' * len(seats))}) ORDER BY prio, not_before LIMIT 1{skip}) RETURNING *",
        owner, end, now, now, *seats,
    )  # fmt: skip
    if first is None:
        return []
    most = min(first["bucket"], seats[first["model_root"]])
    if most < 2 or (first["error"] is not None and first["attempt"] > 1):  # what went wrong once is proven alone
        return [first]
    alike = "state = 'queued' AND not_before <= ? AND model_root = ? AND kind = ? AND bucket >= ? AND (error IS NULL OR attempt = 0)"
    known = (now, first["model_root"], first["kind"], most)
    waiting = tx.one(f"SELECT count(*) AS n FROM (SELECT id FROM job WHERE {alike} LIMIT ?) AS waiting", *known, most)
    together = min(size_for(1 + waiting["n"], most), 1 + waiting["n"]) if waiting else 1
    if together == 1:
        return [first]
    others = tx.all(
        f"{lease} id IN (SELECT id FROM job WHERE {alike} ORDER BY prio, not_before LIMIT ?{skip}) RETURNING *", owner, end, *known, together - 1
    )
    return [first, *sorted(others, key=lambda job: (job["prio"], job["created"], job["id"]))]


def size_for(waiting: int, most: int) -> int:
    """Seats of the next proof of so many requests: of few sizes, since each owner learns it, and never more than half empty."""
    return max((size for size in SIZES if size <= most and 2 * waiting >= size), default=1)


def take_back(tx: Transaction, owner: str) -> int:
    """What a worker of this name had when it died."""
    return int(tx.run("UPDATE job SET state = 'queued', lease_until = NULL WHERE state = 'leased' AND lease_owner = ?", owner).rowcount)


def beat(tx: Transaction, job: dict[str, Any]) -> None:
    tx.run("UPDATE job SET lease_until = ? WHERE id = ? AND epoch = ? AND state = 'leased'", time.time() + LEASE_SECONDS, job["id"], job["epoch"])


def request_of(tx: Transaction, job: Mapping[str, Any]) -> dict[str, Any]:
    """What a job is about."""
    row = tx.one("SELECT request.* FROM member JOIN request ON request.id = member.request_id WHERE member.job_id = ?", job["id"])
    if row is None:
        raise ValueError("a job without a request")
    return row


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


def finish_joint(tx: Transaction, jobs: Sequence[Mapping[str, Any]], joint: str, proof: Mapping[str, Any], seats: Sequence[tuple[str, Optional[bytes]]]) -> int:
    """The same of a joint proof, for every job whose lease still holds: how many. The slot is of a job of its own, `joint`, under which the seats lie:
    references, and what `Vault.keep` writes. A job whose lease was lost has nothing of it, and will have other pads. Raises: SlotUsedTwice."""
    now, kept = time.time(), []
    for index, job in enumerate(jobs):
        changed = tx.run(
            "UPDATE job SET state = 'done', joint = ?, serving_key = ?, proof_ref = ?, path_ref = ?, proof_bytes = ?, proven = ?, lease_until = NULL, error = NULL"
            " WHERE id = ? AND epoch = ? AND state = 'leased'",
            joint, proof["serving_key"], proof["proof_ref"], proof["path_ref"], proof["bytes"], now, job["id"], job["epoch"],
        )  # fmt: skip
        if changed.rowcount == 1:
            kept.append(index)
    if not kept:
        return 0
    tx.run(
        "INSERT INTO job(id, kind, model_root, bucket, state, created, not_before, serving_key, slot, proof_ref, path_ref, proof_bytes, proven)"
        " VALUES(?, 'joint', ?, ?, 'done', ?, ?, ?, ?, ?, ?, ?, ?)",
        joint, jobs[0]["model_root"], proof["seats"], now, now, proof["serving_key"], proof["slot"], proof["proof_ref"], proof["path_ref"], proof["bytes"], now,
    )  # fmt: skip
    if proof["slot"] is not None:
        tx.run("INSERT INTO spent_slot(serving_key, slot, job_id, attempt) VALUES(?, ?, ?, 1)", proof["serving_key"], proof["slot"], joint)
    for index in kept:
        job, (ref, sealed) = jobs[index], seats[index]
        Vault.keep(tx, ref, sealed)
        tx.run("INSERT INTO member(job_id, i, request_id, seat_ref) SELECT ?, ?, request_id, ? FROM member WHERE job_id = ?", joint, index, ref, job["id"])
        tx.run("UPDATE request SET state = 'proven' WHERE job_id = ?", job["id"])
        webhooks.notify(tx, job["id"], "proof.proven", {"proof": job["id"], "sha256": proof["proof_ref"].split("/")[1], "bytes": proof["bytes"]})
    audit.note(
        tx, "worker", event="proven", proof=joint, proofs=[jobs[index]["id"] for index in kept], serving_key=proof["serving_key"],
        slot=proof["slot"] if proof["slot"] is not None else -1,
    )  # fmt: skip
    return len(kept)


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
