# SPDX-License-Identifier: Apache-2.0
"""Proves what was answered. A process of its own, which holds the secrets and may die at any moment."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import pathlib
import subprocess
import threading
import time
import warnings
from typing import Any, Optional

import zkinfer
from zkinfer_client.audit import check_proof
from zkinfer_client.canonical import Part, integers_of, proof_context, response_hash
from zkinfer_client.tensors import unpack
from zkinfer_client.text import CONTEXT_BYTES, Generation, answer_parts, check_generation

from . import jobs
from .models import tokenizer_beside
from .database import Database, Unavailable, Writer
from .objects import FolderStore, Vault

log = logging.getLogger("zkinfer.worker")
_IDLE_SECONDS = 0.02
_SCAN_SECONDS = 5.0
_RATE_WEIGHT = 0.1
_ROTATE_SECONDS = 10.0
_READY = 64  # with fewer proofs left before the next commitment, or a quarter of one's, it is made


class ProvenModel:
    """A model with its commitment's secret."""

    def __init__(self, path: pathlib.Path) -> None:
        self.name, self.path, self.secret = path.stem, path, path.with_suffix(".zksecret")
        self.model = zkinfer.Model.load(path)
        self.prover = zkinfer.Prover.open(self.model, path.with_suffix(".zksecret"))
        self.key = zkinfer.VerificationKey.load(path.with_suffix(".zkkey"))
        if self.prover.public.identity != self.key.identity:
            raise ValueError(f"{path.stem}: the .zkkey beside the secret is another commitment's")
        self.root = self.key.identity
        self.tokenizer = tokenizer_beside(path)
        self.seconds: Optional[float] = None
        self._measured = 0
        self.problem: Optional[str] = None

    def took(self, seconds: float, proving: float) -> None:
        """What a request took. The first of a process does what the others find done (commitments, plans): of it only the proof itself counts, and the
        second forgets it."""
        self._measured += 1
        if self._measured == 1:
            self.seconds = proving
            return
        weight = max(_RATE_WEIGHT, 1 / (self._measured - 1))
        self.seconds = (1 - weight) * (self.seconds or 0.0) + weight * seconds


def lower_priority(how: str) -> None:
    """Of the calling thread and those that it starts: answers come first. "idle": only when nobody else wants the processor."""
    if how == "normal":
        return
    with contextlib.suppress(OSError):
        if how == "idle":
            os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
        else:
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 19)


class Worker:
    """threads: proofs at a time. owner: a name that its successor has too, so that it takes over what it left."""

    def __init__(
        self, database: Database, store: FolderStore, vault: Vault, models: pathlib.Path, owner: str, *, threads: int = 1, priority: str = "low"
    ) -> None:
        self.database, self.store, self.vault, self.folder, self.owner = database, store, vault, models, owner
        self.threads, self.priority = threads, priority
        self.writer = Writer(database)
        self.stopping = threading.Event()
        self._models: dict[str, ProvenModel] = {}
        self._rotating: dict[str, float] = {}
        self._seen: dict[pathlib.Path, float] = {}
        self._in_hand: dict[str, dict[str, Any]] = {}
        self._lock = threading.Lock()

    def run(self) -> None:
        self._patiently(lambda tx: jobs.take_back(tx, self.owner))
        self.scan()
        provers = [threading.Thread(target=self._prove_all, name=f"prove-{number}") for number in range(self.threads)]
        for thread in provers:
            thread.start()
        while not self.stopping.wait(2.0):
            with self._lock:
                held = list(self._in_hand.values())
            with contextlib.suppress(Unavailable):
                self.writer.submit(lambda tx: [jobs.beat(tx, job) for job in held]).result()
                self.scan()
                self._tell()
                self._rotate_ahead()
        for thread in provers:
            thread.join()
        with contextlib.suppress(Unavailable):
            self._tell()
        self.writer.close()

    def _patiently(self, change: Any) -> Any:
        """Again and again while the database is away, until it stops or it is done."""
        delay = 0.05
        while True:
            try:
                return self.writer.submit(change).result()
            except Unavailable as error:
                log.warning("the database does not answer: %s", error)
                if self.stopping.wait(delay):
                    raise
                delay = min(2.0, 2 * delay)

    def scan(self) -> None:
        """Opens models that are new."""
        for path in sorted(self.folder.glob("*.zkmodel")):
            if not path.with_suffix(".zksecret").is_file() or time.monotonic() - self._seen.get(path, -_SCAN_SECONDS) < _SCAN_SECONDS:
                continue
            if any(model.name == path.stem for model in self._models.values()):
                continue
            self._seen[path] = time.monotonic()
            try:
                model = ProvenModel(path)
            except (zkinfer.ZkinferError, ValueError) as error:
                log.error("%s: %s", path.name, error)
                continue
            self._models[model.root] = model
            log.info("proves %s, %s", model.name, model.root[:16])
            self._tell()

    def _rotate_ahead(self) -> None:
        """Makes the next commitment at a quiet moment instead of within a proof; without the program, the proof that needs it does."""
        for model in list(self._models.values()):
            if self._rotating.get(model.root, -_ROTATE_SECONDS) + _ROTATE_SECONDS > time.monotonic() or model.key.info.public_parameters:
                continue
            self._rotating[model.root] = time.monotonic()
            try:
                status = subprocess.run(["zkinfer", "commitment", "status", model.secret, "--json"], capture_output=True, stdin=subprocess.DEVNULL, timeout=30)
                ready = json.loads(status.stdout).get("proofs_ready")
                if ready is not None and ready <= min(_READY, (model.prover.num_slots or 0) // 4):
                    nice = ["nice", "-n", "19"] if self.priority != "normal" else []
                    done = subprocess.run([*nice, "zkinfer", "rotate", model.path], capture_output=True, stdin=subprocess.DEVNULL, timeout=600)
                    log.info("%s: %d proofs were ready, %s", model.name, ready, "the next commitment is made" if done.returncode == 0 else done.stderr[-300:])
            except (OSError, ValueError, AttributeError, subprocess.TimeoutExpired) as error:
                log.debug("%s: no rotation ahead: %s", model.name, error)

    def _tell(self) -> None:
        """What front ends show: proofs left, and how long one takes."""
        rows = []
        for model in list(self._models.values()):
            with contextlib.suppress(zkinfer.ZkinferError):
                rows.append((model.root, model.name, model.prover.num_proofs_left, model.seconds, model.problem, time.time()))
        self.writer.submit(
            lambda tx: [
                tx.run(
                    "INSERT INTO model(root, name, proofs_left, seconds_per_proof, problem, seen) VALUES(?, ?, ?, ?, ?, ?) ON CONFLICT(root) DO UPDATE SET"
                    " name = excluded.name, proofs_left = excluded.proofs_left, seconds_per_proof = COALESCE(excluded.seconds_per_proof, model.seconds_per_proof),"
                    " problem = excluded.problem, seen = excluded.seen",
                    *row,
                )
                for row in rows
            ]
        ).result()

    def _prove_all(self) -> None:
        lower_priority(self.priority)
        while not self.stopping.is_set():
            try:
                if not self.prove_one():
                    self.stopping.wait(_IDLE_SECONDS)
            except Unavailable as error:
                log.warning("the database does not answer: %s", error)
                self.stopping.wait(0.2)

    def prove_one(self) -> bool:
        """Pulls a job and ends it. False where there was none. Raises: Unavailable; then the lease runs out."""
        roots = [root for root, model in self._models.items() if model.problem is None]
        with self.database.read() as tx:  # cheap where nothing waits
            if tx.one("SELECT id FROM job WHERE state IN ('queued', 'leased') AND not_before <= ? LIMIT 1", time.time()) is None:
                return False
        job = self.writer.submit(lambda tx: jobs.pull(tx, self.owner, roots)).result()
        if job is None:
            return False
        with self._lock:
            self._in_hand[job["id"]] = job
        try:
            self._prove(job)
        finally:
            with self._lock:
                del self._in_hand[job["id"]]
        return True

    def _prove(self, job: dict[str, Any]) -> None:
        model = self._models[job["model_root"]]
        began = time.monotonic()
        try:
            proof = self._make(model, job)
            try:
                if not self._patiently(lambda tx: jobs.finish(tx, job, proof)):
                    log.warning("%s: the lease was lost, its proof is thrown away", job["id"])
            except Exception as error:
                if jobs.is_used_twice(error):
                    raise jobs.SlotUsedTwice(f"slot {proof['slot']} of {proof['serving_key'][:16]} was used before") from error
                raise
            model.took((time.monotonic() - began) / self.threads, proof["seconds"] / self.threads)
        except jobs.SlotUsedTwice as error:
            # Nobody has seen the proof. No other one is made until somebody has looked.
            model.problem = f"{error}: its secret is an old copy; see docs/server.md, Backup"
            log.critical("%s: %s", model.name, model.problem)
            self._patiently(lambda tx: jobs.fail(tx, job, "slot used twice", counts=False))
        except Unavailable:
            raise
        except (zkinfer.BudgetError, zkinfer.FileError) as error:  # a full disk, or no slot: the next attempt may find room
            log.error("%s: %s", job["id"], error)
            self._patiently(lambda tx: jobs.fail(tx, job, type(error).__name__, counts=False))
        except Exception as error:
            log.exception("%s: attempt %d", job["id"], job["attempt"])
            self._patiently(lambda tx: jobs.fail(tx, job, type(error).__name__))

    def _make(self, model: ProvenModel, job: dict[str, Any]) -> dict[str, Any]:
        """Proves, checks the proof against receipt and root key as the client will, and stores it."""
        with self.database.read() as tx:
            (request,) = jobs.members(tx, job)  # one, until there are proofs of several
            data = self.vault.open(tx, request["input_ref"], f"{request['id']}/input")
            answered = self.vault.open(tx, request["output_ref"], f"{request['id']}/output")
        if data is None or answered is None:
            raise ValueError("the input or the answer is no longer there")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            proof, statement = _PROVERS[job["kind"]](model, request, json.loads(request["receipt"])["payload"], unpack(data), unpack(answered))
        return {
            "serving_key": statement.serving_identity, "slot": None if model.key.info.public_parameters else statement.slot,
            "proof_ref": self.store.put("proofs", proof.to_bytes()), "path_ref": self.store.put("paths", proof.path) if proof.path else None, "bytes": len(proof),
            "seconds": proof.stats.total_seconds if proof.stats is not None else 0.0,
        }  # fmt: skip


def _predict(model: ProvenModel, request: dict[str, Any], payload: dict[str, Any], inputs: Any, integers: Any) -> tuple[zkinfer.Proof, zkinfer.Statement]:
    proof = model.prover.prove(dict(inputs), context=proof_context(request["id"], request["request_hash"]), refuse_clipping=True)
    asked = [Part.of(tensor, integers_of(tensor, inputs[tensor.name])[0]) for tensor in model.key.info.input_tensors]
    shown = [Part.of(tensor, integers[tensor.name]) for tensor in model.key.info.output_tensors]
    _check_answer(payload, shown)
    return proof, check_proof(payload, model.key, proof.to_bytes(), proof.path, asked, shown)


def _generate(model: ProvenModel, request: dict[str, Any], payload: dict[str, Any], inputs: Any, answered: Any) -> tuple[zkinfer.Proof, zkinfer.Statement]:
    asked, tokens = Generation.of(inputs), answered["answer"].tolist()
    context = proof_context(request["id"], request["request_hash"])[:CONTEXT_BYTES]
    answer = model.prover.generate(asked.prompt, tokens=asked.tokens, tokenizer=model.tokenizer, context=context, **asked.rule)
    _check_answer(payload, answer_parts(tokens))
    assert answer.proof is not None
    return answer.proof, check_generation(payload, model.key, asked, tokens, answer.proof.to_bytes(), answer.proof.path).statement


def _check_answer(payload: dict[str, Any], shown: list[Part]) -> None:
    if response_hash(bytes.fromhex(payload["request_hash"]), shown).hex() != payload["response_hash"]:
        raise ValueError("the stored answer is not the receipt's")


_PROVERS = {"predict": _predict, "generate": _generate}
