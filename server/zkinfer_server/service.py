# SPDX-License-Identifier: Apache-2.0
"""What a request becomes: an answer, a receipt, a job. Nothing is given out before it is on the disk."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Mapping, Optional, Sequence

import numpy as np

from zkinfer_client.canonical import Part, nonce_hash, proof_context, request_hash, response_hash, sha256, uuid7
from zkinfer_client.receipt import RECEIPT, STATE, timestamp
from zkinfer_client.tensors import pack, unpack

from . import api_keys, audit, tracing
from .api_keys import Caller
from .database import Database, Transaction, Unavailable, Writer
from .models import Models, ServedModel
from .objects import Store, Vault, seat_name
from .problems import Problem
from .signing import Signer

_FIRST_RATE = 0.2  # seconds a proof, before one was measured


@dataclass(frozen=True)
class Policy:
    """How a service behaves, as `zkinfer-server run` is told."""

    issuer: str = "zkinfer-server"
    max_backlog: float = 30.0  # seconds of proving that may wait
    proof_within: float = 600.0  # what receipts promise, beyond the backlog
    max_body: int = 64 << 20
    max_wait: float = 60.0
    upload_seconds: int = 600  # of processor, to read and commit to a network that somebody brings
    upload_memory: int = 8 << 30
    keep_seconds: float = 7 * 86400.0  # how long answers can be asked for again, and inputs lie there
    price: Optional[str] = None  # of a second of proving: "0.00002 EUR"
    private_webhooks: bool = False  # for tests: to this machine, without TLS


@dataclass(frozen=True)
class Ask:
    """One request, read and checked."""

    caller: Caller
    model: ServedModel
    inputs: Mapping[str, np.ndarray]
    nonce: bytes
    idempotency: Optional[str]
    body_sha: bytes
    mode: str  # wait, optimistic or none
    joint: bool = False  # whether its proof may be one that others have seats in
    trace: Optional[str] = field(default_factory=tracing.current)  # the traceparent that its proof is made under


@dataclass(frozen=True)
class Reply:
    outputs: Mapping[str, np.ndarray]
    integers: Mapping[str, np.ndarray]
    receipt: dict[str, Any]
    replayed: bool = False

    @property
    def proof_id(self) -> str:
        return str(self.receipt["payload"]["proof"]["id"])

    def extension(self) -> dict[str, Any]:
        """What is added to an answer of the usual protocols: the receipt, and the outputs as the integers that are hashed and proven."""
        integers = {name: base64.b64encode(values.astype("<i8").tobytes()).decode() for name, values in self.integers.items()}
        return {"receipt": self.receipt, "integers": integers}


class Backlog:
    """Answers that wait for a proof, and the seconds that they need: of all, and of each tenant."""

    def __init__(self) -> None:
        self.count, self.seconds = 0, 0.0
        self.by_tenant: dict[str, float] = {}

    def add(self, tenant: str, count: int, seconds: float) -> None:
        self.count, self.seconds = self.count + count, self.seconds + seconds
        self.by_tenant[tenant] = self.by_tenant.get(tenant, 0.0) + seconds


class Service:
    """Of one front end process. All state is in the database and the store."""

    def __init__(self, database: Database, store: Store, vault: Vault, signer: Signer, models: Models, policy: Policy) -> None:
        self.database, self.store, self.vault, self.signer, self.models, self.policy = database, store, vault, signer, models, policy
        self.writer = Writer(database)
        self.compute = ThreadPoolExecutor(4, thread_name_prefix="answer")
        self.lookups = ThreadPoolExecutor(4, thread_name_prefix="lookup")
        self.apart = ThreadPoolExecutor(4, thread_name_prefix="apart")  # see Front.apart
        self.draining = False
        self._backlog = Backlog()
        self._measured = 0.0
        self._rates: dict[str, float] = {}  # seconds a proof of each model, as workers last said
        self._seats: dict[str, int] = {}  # of each model's joint proofs, as workers last said

    # -- answers

    async def answer(self, ask: Ask) -> Reply:
        """Raises: Problem; Unavailable where it cannot be kept."""
        found, backlog = await self.admit(ask)
        if found is not None:
            return found
        with tracing.span("infer"):
            reply, change = await asyncio.get_running_loop().run_in_executor(self.compute, self._compute, ask, backlog)
        return await self.kept(ask, reply, change)

    async def admit(self, ask: Ask) -> tuple[Optional[Reply], float]:
        """The answer that the request has already, or the seconds of proving that wait. Raises: Problem where it must come back later."""
        if self.draining:
            raise Problem("unavailable", "the service is stopping", retry_after=5)
        if not self.store.has_room():
            raise Problem("unavailable", "the disk is full", retry_after=10)
        if ask.idempotency is not None:
            found = await asyncio.get_running_loop().run_in_executor(self.lookups, self._replay, ask)
            if found is not None:
                return found, 0.0
        backlog = await self.backlog()
        ahead = backlog.seconds
        if ask.mode != "none":
            own, most = backlog.by_tenant.get(ask.caller.tenant, 0.0), self.policy.max_backlog
            if own > most / 2 and ask.caller is not api_keys.ANYBODY:  # the other half is for the others
                self._refuse("too many of your answers wait for their proofs", backlog, own - most / 2)
            if ahead > most:
                self._refuse(f"{backlog.count} answers wait for their proofs", backlog, ahead - most)
            backlog.add(ask.caller.tenant, 1, self._seconds(ask.model.root))  # so that no burst between two measurements is let in whole
        return None, ahead

    @staticmethod
    def _refuse(detail: str, backlog: "Backlog", seconds: float) -> None:
        raise Problem("too-many", detail, retry_after=seconds, queued=backlog.count, rate=f"{backlog.count / backlog.seconds:.3g}")

    async def kept(self, ask: Ask, reply: Reply, change: Any) -> Reply:
        """The reply, once it may be given out."""
        with tracing.span("commit"):
            earlier = await asyncio.wrap_future(self.writer.submit(change))
        if earlier is None:
            return reply
        found = await asyncio.get_running_loop().run_in_executor(self.lookups, self._replay, ask)  # somebody sent the same at the same time
        if found is None:
            raise Problem("unavailable", "the same request is being answered", retry_after=1)
        return found

    def _compute(self, ask: Ask, backlog: float) -> tuple[Reply, Any]:
        """The answer, and the change of the database after which it may be given out."""
        asked = ask.model.read(ask.inputs)
        outputs, integers, answered = ask.model.run(ask.inputs)
        return self.receipt_of(ask, asked, answered, outputs, integers, backlog, "predict", uuid7(), {})

    def receipt_of(
        self, ask: Ask, asked: Sequence[Part], answered: Sequence[Part], outputs: Mapping[str, np.ndarray], integers: Mapping[str, np.ndarray],
        backlog: float, kind: str, receipt_id: str, usage: Mapping[str, int],
    ) -> tuple[Reply, Any]:  # fmt: skip
        model, now, job_id = ask.model, time.time(), uuid7()
        request = request_hash(bytes.fromhex(model.root), asked, ask.nonce)
        proof_by = now + self.policy.proof_within + 2 * backlog
        bucket = self._seats.get(model.root, 1) if ask.joint and kind == "predict" and ask.mode != "none" else 1
        payload = {
            "v": 1, "id": receipt_id, "iss": self.policy.issuer, "iat": timestamp(now),
            "model": {"root": model.root, "revision": model.name, "card_digest": model.card_digest}, "key_bits": int(model.key.info.weakest_bits),
            "request_hash": request.hex(), "response_hash": response_hash(request, answered).hex(), "nonce_hash": nonce_hash(ask.nonce).hex(),
            "proof": {"id": job_id, "mode": ask.mode, "by": timestamp(proof_by), "bucket": bucket}, "outcome": "OK",
        }  # fmt: skip
        if usage:
            payload["usage"] = dict(usage)
        receipt = self.signer.sign(RECEIPT, payload)
        input_ref, input_sealed = self.vault.seal(f"{receipt_id}/input", pack(ask.inputs))
        output_ref, output_sealed = self.vault.seal(f"{receipt_id}/output", pack(integers))

        def change(tx: Transaction) -> Optional[str]:
            """None, or that an earlier request has the key."""
            audit.hold(tx)  # else the same request at another front end at the same moment is not seen
            if ask.idempotency is not None and tx.one("SELECT id FROM request WHERE tenant = ? AND idem = ?", ask.caller.tenant, ask.idempotency):
                return "earlier"
            api_keys.spend(tx, ask.caller)
            self.vault.keep(tx, input_ref, input_sealed)
            self.vault.keep(tx, output_ref, output_sealed)
            tx.run(
                "INSERT INTO request(id, tenant, kind, model_root, idem, body_sha, request_hash, input_ref, output_ref, receipt, proof_by, state, job_id, created)"
                " VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                receipt_id, ask.caller.tenant, kind, model.root, ask.idempotency, ask.body_sha, request, input_ref, output_ref,
                json.dumps(receipt, separators=(",", ":")), proof_by, "unproven" if ask.mode == "none" else "answered", job_id, now,
            )  # fmt: skip
            if ask.mode != "none":
                tx.run(
                    "INSERT INTO job(id, kind, model_root, bucket, state, prio, created, not_before, trace) VALUES(?, ?, ?, ?, 'queued', ?, ?, ?, ?)",
                    job_id, kind, model.root, bucket, 0 if ask.mode == "wait" else 1, now, now, ask.trace,
                )  # fmt: skip
                tx.run("INSERT INTO member(job_id, i, request_id) VALUES(?, 0, ?)", job_id, receipt_id)
            audit.note(tx, ask.caller.id, event="answer", receipt=receipt_id, request=request.hex(), model=model.root, signature=receipt["signature"]["sig"])
            return None

        return Reply(outputs, integers, receipt), change

    def _replay(self, ask: Ask) -> Optional[Reply]:
        """The stored answer of a request with the same Idempotency-Key. Raises: Problem where the request was another."""
        with self.database.read() as tx:
            row = tx.one("SELECT * FROM request WHERE tenant = ? AND idem = ?", ask.caller.tenant, ask.idempotency)
            if row is None:
                return None
            if row["body_sha"] != ask.body_sha:
                raise Problem("idempotency", "this Idempotency-Key came with another request before")
            data = self.vault.open(tx, row["output_ref"], f"{row['id']}/output")
        if data is None:
            raise Problem("gone", "the answer was removed when its time was over")
        return self._reply_of(ask.model, unpack(data), json.loads(row["receipt"]))

    @staticmethod
    def _reply_of(model: ServedModel, integers: dict[str, np.ndarray], receipt: dict[str, Any]) -> Reply:
        scales = {info.name: info.format.scale for info in model.key.info.output_tensors}
        reals = {name: np.asarray(values * scales.get(name, 1.0), dtype=np.float32) for name, values in integers.items()}
        return Reply(reals, integers, receipt, replayed=True)

    # -- proofs

    async def backlog(self) -> "Backlog":
        """What waits for a proof: as the database had it at most a fifth of a second ago, and what was let in since."""
        now = time.monotonic()
        if now - self._measured > 0.2:
            self._measured = now  # one asks, the others take the old one
            self._backlog = await asyncio.get_running_loop().run_in_executor(self.lookups, self._measure)
        return self._backlog

    def _measure(self) -> "Backlog":
        with self.database.read() as tx:
            rows = tx.all(
                "SELECT job.model_root AS root, request.tenant AS tenant, count(*) AS n FROM job JOIN request ON request.job_id = job.id"
                " WHERE job.state IN ('queued', 'leased') GROUP BY job.model_root, request.tenant"
            )
            models = tx.all("SELECT root, seconds_per_proof, seats FROM model")
        self._rates = {row["root"]: row["seconds_per_proof"] or _FIRST_RATE for row in models}
        self._seats = {row["root"]: row["seats"] or 1 for row in models}
        out = Backlog()
        for row in rows:
            out.add(row["tenant"], row["n"], row["n"] * self._seconds(row["root"]))
        return out

    def _seconds(self, root: str) -> float:
        return self._rates.get(root, _FIRST_RATE)

    def proof_state(self, proof_id: str) -> Optional[dict[str, Any]]:
        """What is said of a proof to whoever knows its id: unguessable, and in the receipt."""
        with self.database.read() as tx:
            job = tx.one("SELECT * FROM job WHERE id = ?", proof_id)
            if job is None:
                return None
            ahead = tx.one(
                "SELECT count(*) AS n FROM job WHERE state IN ('queued', 'leased') AND (prio < ? OR (prio = ? AND created < ?))", job["prio"], job["prio"], job["created"]
            )
            rate = tx.one("SELECT seconds_per_proof FROM model WHERE root = ?", job["model_root"])
            joint = tx.one("SELECT slot, bucket FROM job WHERE id = ?", job["joint"]) if job["joint"] else None
        state = {"queued": "queued", "leased": "proving", "done": "proven", "dead": "failed"}[job["state"]]
        out: dict[str, Any] = {"id": proof_id, "state": state, "model": job["model_root"]}
        if state in ("queued", "proving"):
            position = ahead["n"] if ahead else 0
            out.update(position=position, eta_ms=int(1000 * (position + 1) * ((rate or {}).get("seconds_per_proof") or _FIRST_RATE)))
        elif state == "proven":
            out.update(bytes=job["proof_bytes"], sha256=job["proof_ref"].split("/")[1], slot=(joint or job)["slot"], serving_key=job["serving_key"])
            if joint is not None:
                out["seats"] = joint["bucket"]
            if job["path_ref"]:
                out["path_sha256"] = job["path_ref"].split("/")[1]
        return out

    def signed_state(self, proof_id: str, state: Optional[dict[str, Any]]) -> dict[str, Any]:
        """The same under the service's key, so that what it said of a promise can be shown to others."""
        return self.signer.sign(STATE, {**(state or {"id": proof_id, "state": "unknown"}), "at": timestamp(time.time())})

    def proof_bytes(self, proof_id: str, what: str) -> bytes:
        """The proof or its path. Raises: Problem where it is not there, or not yet."""
        with self.database.read() as tx:
            job = tx.one("SELECT * FROM job WHERE id = ?", proof_id)
        if job is None:
            raise Problem("not-found", "no such proof")
        if job["state"] != "done":
            raise Problem("not-found", f"the proof is {'not made yet' if job['state'] != 'dead' else 'given up'}", state=job["state"])
        ref = job["proof_ref" if what == "proof" else "path_ref"]
        if ref is None:
            raise Problem("not-found", "this proof needs no path: it was made under the root key")
        data = self.store.get(ref)
        if data is None:
            raise Problem("gone", "the object store has lost it, or holds other bytes")
        return data

    def seat(self, proof_id: str, caller: Caller) -> bytes:
        """A request's seat in a joint proof, for the one who made the request. Raises: Problem."""
        with self.database.read() as tx:
            row = tx.one(
                "SELECT request.id AS id, job.joint AS joint, member.seat_ref AS ref FROM job JOIN request ON request.job_id = job.id"
                " JOIN member ON member.job_id = job.joint AND member.request_id = request.id WHERE job.id = ? AND request.tenant = ?",
                proof_id, caller.tenant,
            )  # fmt: skip
            data = self.vault.open(tx, row["ref"], seat_name(row["id"], row["joint"])) if row else None
        if data is None:
            raise Problem("not-found", "no such seat, or another customer's")
        return data

    async def wait_for(self, proof_id: str, seconds: float) -> Optional[dict[str, Any]]:
        """The state once the proof is made or given up, or what it is when the time is over."""
        end = time.monotonic() + min(seconds, self.policy.max_wait)
        loop = asyncio.get_running_loop()
        while True:
            state = await loop.run_in_executor(self.lookups, self.proof_state, proof_id)
            if state is None or state["state"] in ("proven", "failed") or time.monotonic() >= end:
                return state
            await asyncio.sleep(0.03)

    def budgets(self) -> dict[str, dict[str, Any]]:
        """What workers last said of their models."""
        with self.database.read() as tx:
            return {row["root"]: row for row in tx.all("SELECT * FROM model")}

    def ready(self) -> Optional[str]:
        """None, or why not."""
        if self.draining:
            return "stopping"
        problem = self.store.problem()
        if problem is not None:
            return problem
        if not len(self.models):
            return "no model can be served: " + ("; ".join(self.models.problems.values()) or "the folder has no .zkmodel")
        try:
            self.writer.submit(lambda tx: tx.run("UPDATE meta SET value = ? WHERE name = 'ready'", str(time.time()))).result(5)
        except (Unavailable, TimeoutError) as error:
            return f"the database does not take writes: {error}"
        return None

    def close(self) -> None:
        self.writer.close()
        self.compute.shutdown()
        self.lookups.shutdown()
        self.apart.shutdown(wait=False)


def body_digest(*parts: bytes) -> bytes:
    """Of what makes two requests the same."""
    return sha256(*(len(part).to_bytes(8, "little") + part for part in parts))


__all__ = ["Ask", "Policy", "Reply", "Service", "body_digest", "proof_context"]
