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
from collections.abc import Callable
from typing import Any, NamedTuple, Optional

import zkinfer
from zkinfer_client.audit import check_proof, seat_of
from zkinfer_client.canonical import Part, integers_of, proof_context, response_hash, uuid7
from zkinfer_client.tensors import unpack
from zkinfer_client.text import CONTEXT_BYTES, Generation, answer_parts, check_generation

from . import jobs, tracing
from .models import tokenizer_beside
from .database import Database, Transaction, Unavailable, Writer
from .objects import Store, StoreUnavailable, Vault, seat_name

log = logging.getLogger("zkinfer.worker")
_IDLE_SECONDS = 0.02
_SCAN_SECONDS = 5.0
_RATE_WEIGHT = 0.1
_ROTATE_SECONDS = 10.0
_COPY = "' is a copy: "  # what the library says of a secret whose next slot was used on this machine
_STORE_SECONDS = 600.0  # that a proof in hand waits for the object store; it has cost a slot
_READY = 64  # with fewer proofs left before the next commitment, or a quarter of one's, it is made


Change = Callable[[Transaction], Any]


class ProvenModel:
    """A model with its commitment's secret. seats: of a joint proof, at most; 1: each request is proven alone."""

    def __init__(self, path: pathlib.Path, seats: int) -> None:
        self.name, self.path, self.secret = path.stem, path, path.with_suffix(".zksecret")
        self.model = zkinfer.Model.load(path)
        self.prover = zkinfer.Prover.open(self.model, path.with_suffix(".zksecret"))
        self.key = zkinfer.VerificationKey.load(path.with_suffix(".zkkey"))
        if self.prover.public.identity != self.key.identity:
            raise ValueError(f"{path.stem}: the .zkkey beside the secret is another commitment's")
        self.root = self.key.identity
        self.tokenizer = tokenizer_beside(path)
        self.seats = 1
        if seats > 1 and self.tokenizer is None:
            with contextlib.suppress(zkinfer.ZkinferError):  # a circuit of many rows is too large: each is proven alone
                self.seats = min(seats, self.prover.usual_seats)
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
    """threads: proofs at a time. seats: of a joint proof, at most. owner: a name that its successor has too, so that it takes over what it left."""

    def __init__(
        self, database: Database, store: Store, vault: Vault, models: pathlib.Path, owner: str, *, threads: int = 1, priority: str = "low",
        seats: int = jobs.SIZES[-1],
    ) -> None:  # fmt: skip
        self.database, self.store, self.vault, self.folder, self.owner = database, store, vault, models, owner
        self.threads, self.priority, self.seats = threads, priority, seats
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
                model = ProvenModel(path, self.seats)
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
                rows.append((model.root, model.name, model.prover.num_proofs_left, model.seconds, model.problem, time.time(), model.seats))
        counts = tracing.counts()
        if counts is not None:
            said = json.dumps({"sent": counts[0], "dropped": counts[1]})
            self.writer.submit(
                lambda tx: tx.run("INSERT INTO meta(name, value) VALUES(?, ?) ON CONFLICT(name) DO UPDATE SET value = excluded.value", f"spans {self.owner}", said)
            ).result()
        self.writer.submit(
            lambda tx: [
                tx.run(
                    "INSERT INTO model(root, name, proofs_left, seconds_per_proof, problem, seen, seats) VALUES(?, ?, ?, ?, ?, ?, ?) ON CONFLICT(root) DO UPDATE SET"
                    " name = excluded.name, proofs_left = excluded.proofs_left, seconds_per_proof = COALESCE(excluded.seconds_per_proof, model.seconds_per_proof),"
                    " problem = excluded.problem, seen = excluded.seen, seats = excluded.seats",
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
        """Pulls a job, or as many as one joint proof is to be of, and ends it. False where there was none. Raises: Unavailable; then the lease runs out."""
        seats = {root: model.seats for root, model in self._models.items() if model.problem is None}
        with self.database.read() as tx:  # cheap where nothing waits
            if tx.one("SELECT id FROM job WHERE state IN ('queued', 'leased') AND not_before <= ? LIMIT 1", time.time()) is None:
                return False
        pulled = self.writer.submit(lambda tx: jobs.pull(tx, self.owner, seats)).result()
        if not pulled:
            return False
        with self._lock:
            self._in_hand.update((job["id"], job) for job in pulled)
        began = time.time_ns()
        try:
            with tracing.steps() as steps:
                self._prove(pulled)
        finally:
            for job in pulled:
                tracing.proof(job["trace"], job["not_before"], began, steps, **{"zkinfer.model": job["model_root"], "zkinfer.seats": len(pulled), "zkinfer.attempt": job["attempt"]})
            with self._lock:
                for job in pulled:
                    del self._in_hand[job["id"]]
        return True

    def _prove(self, pulled: list[dict[str, Any]]) -> None:
        """What went wrong with all of them is tried again, each alone: of which request it was, nobody sees."""
        model = self._models[pulled[0]["model_root"]]
        began = time.monotonic()

        def fails(job: dict[str, Any], error: BaseException, **how: bool) -> None:
            self._patiently(lambda tx: jobs.fail(tx, job, type(error).__name__, **how))

        given: list[Given] = []
        for job in pulled:
            try:
                one = self._given(model, job)
                if len(pulled) > 1:
                    _answer_of(model, one)  # before it joins others
                given.append(one)
            except StoreUnavailable as error:
                log.warning("%s waits: %s", job["id"], error)
                fails(job, error, counts=False)
            except Unavailable:
                raise
            except Exception as error:  # of this request alone
                log.exception("%s: attempt %d", job["id"], job["attempt"])
                fails(job, error)
        if not given:
            return
        try:
            try:
                proof, change = self._alone(model, given[0]) if len(given) == 1 else self._joint(model, given)
            except zkinfer.InputError as error:
                if _COPY in str(error):
                    raise jobs.SlotUsedTwice(str(error)) from error
                raise
            try:
                with tracing.step("publish"):
                    is_kept = self._patiently(change)
                if not is_kept:
                    log.warning("%s: the lease was lost, its proof is thrown away", given[0].job["id"])
            except Exception as error:
                if jobs.is_used_twice(error):
                    raise jobs.SlotUsedTwice(f"slot {proof['slot']} of {proof['serving_key'][:16]} was used before") from error
                raise
            model.took((time.monotonic() - began - proof["waited"]) / self.threads / len(given), proof["seconds"] / self.threads / len(given))
        except jobs.SlotUsedTwice as error:
            # Nobody has seen the proof. No other one is made until somebody has looked.
            model.problem = f"{error}: its secret is an old copy; see docs/server.md, Backup"
            log.critical("%s: %s", model.name, model.problem)
            for one in given:
                fails(one.job, error, counts=False)
        except StoreUnavailable as error:
            log.error("%s: its proof is given up, and made again: %s", given[0].job["id"], error)
            for one in given:
                fails(one.job, error, counts=False)
        except Unavailable:
            raise
        except (zkinfer.BudgetError, zkinfer.FileError) as error:  # a full disk, or no slot: the next attempt may find room
            log.error("%s: %s", given[0].job["id"], error)
            for one in given:
                fails(one.job, error, counts=False)
        except Exception as error:
            log.exception("%s: attempt %d", given[0].job["id"], given[0].job["attempt"])
            for one in given:
                fails(one.job, error)

    def _given(self, model: ProvenModel, job: dict[str, Any]) -> "Given":
        """What a job is about. Raises: ValueError where it is no longer there, or is not what the receipt says."""
        with self.database.read() as tx:
            request = jobs.request_of(tx, job)
            data = self.vault.open(tx, request["input_ref"], f"{request['id']}/input")
            answered = self.vault.open(tx, request["output_ref"], f"{request['id']}/output")
        if data is None or answered is None:
            raise ValueError("the input or the answer is no longer there")
        return Given(job, request, json.loads(request["receipt"])["payload"], unpack(data), unpack(answered))

    def _stored(self, kind: str, data: bytes, waited: list[float]) -> str:
        """In the object store, which may be away for a while: meanwhile no other proof is begun, so that no slots are spent. waited: gets the seconds of
        that. Raises: StoreUnavailable."""
        began, delay = time.monotonic(), 0.2
        end = began + _STORE_SECONDS
        while True:
            try:
                again = time.monotonic()
                with tracing.step("store"):
                    ref = self.store.put(kind, data)
                waited.append(again - began)
                return ref
            except StoreUnavailable as error:
                if time.monotonic() >= end or self.stopping.wait(delay):
                    raise
                log.warning("a proof waits: %s", error)
                delay = min(5.0, 2 * delay)

    def _kept(self, proof: Any, statement: zkinfer.Statement, model: ProvenModel) -> dict[str, Any]:
        waited: list[float] = []
        return {
            "serving_key": statement.serving_identity, "slot": None if model.key.info.public_parameters else statement.slot, "seats": statement.num_seats,
            "proof_ref": self._stored("proofs", proof.to_bytes(), waited), "path_ref": self._stored("paths", proof.path, waited) if proof.path else None, "bytes": len(proof),
            "seconds": proof.stats.total_seconds if proof.stats is not None else 0.0, "waited": sum(waited),
        }  # fmt: skip

    def _alone(self, model: ProvenModel, given: "Given") -> tuple[dict[str, Any], Change]:
        """Proves, checks the proof against receipt and root key as the client will, and stores it. The change makes it public."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            proof = self._kept(*_PROVERS[given.job["kind"]](model, given), model)
        return proof, lambda tx: jobs.finish(tx, given.job, proof)

    def _joint(self, model: ProvenModel, given: list["Given"]) -> tuple[dict[str, Any], Change]:
        """The same in one proof, of which each request gets a seat."""
        parts = [_answer_of(model, one) for one in given]
        with tracing.step("prove"):
            made = model.prover.prove_joint(
                [{info.name: one.inputs[info.name].reshape(tuple(info.shape)) for info in model.key.info.input_tensors} for one in given],
                [one.context for one in given], seats=min(size for size in jobs.SIZES if size >= len(given)), refuse_clipping=True,
            )  # fmt: skip
        seats = [seat_of(seat, one.payload, *own) for seat, one, own in zip(made.seats, given, parts)]
        with tracing.step("verify"):
            statement = zkinfer.verify_joint(made, seats, model.key)[0]
        proof = self._kept(made, statement, model)
        joint = uuid7()
        sealed = [self.vault.seal(seat_name(one.request["id"], joint), seat) for one, seat in zip(given, made.seats)]
        held = [one.job for one in given]
        return proof, lambda tx: jobs.finish_joint(tx, held, joint, proof, sealed)


class Given(NamedTuple):
    """A job and what it is about."""

    job: dict[str, Any]
    request: dict[str, Any]
    payload: dict[str, Any]
    inputs: Any
    answered: Any

    @property
    def context(self) -> bytes:
        return proof_context(self.request["id"], self.request["request_hash"])


def _answer_of(model: ProvenModel, given: Given) -> tuple[list[Part], list[Part]]:
    """Inputs and outputs as they are hashed."""
    asked = [Part.of(tensor, integers_of(tensor, given.inputs[tensor.name])[0]) for tensor in model.key.info.input_tensors]
    shown = [Part.of(tensor, given.answered[tensor.name]) for tensor in model.key.info.output_tensors]
    _check_answer(given.payload, shown)
    return asked, shown


def _predict(model: ProvenModel, given: Given) -> tuple[zkinfer.Proof, zkinfer.Statement]:
    with tracing.step("prove"):
        proof = model.prover.prove(dict(given.inputs), context=given.context, refuse_clipping=True)
    with tracing.step("verify"):
        return proof, check_proof(given.payload, model.key, proof.to_bytes(), proof.path, *_answer_of(model, given))


def _generate(model: ProvenModel, given: Given) -> tuple[zkinfer.Proof, zkinfer.Statement]:
    asked, tokens = Generation.of(given.inputs), given.answered["answer"].tolist()
    with tracing.step("prove"):
        answer = model.prover.generate(asked.prompt, tokens=asked.tokens, tokenizer=model.tokenizer, context=given.context[:CONTEXT_BYTES], **asked.rule)
    _check_answer(given.payload, answer_parts(tokens))
    assert answer.proof is not None
    with tracing.step("verify"):
        return answer.proof, check_generation(given.payload, model.key, asked, tokens, answer.proof.to_bytes(), answer.proof.path).statement


def _check_answer(payload: dict[str, Any], shown: list[Part]) -> None:
    if response_hash(bytes.fromhex(payload["request_hash"]), shown).hex() != payload["response_hash"]:
        raise ValueError("the stored answer is not the receipt's")


_PROVERS = {"predict": _predict, "generate": _generate}
