# SPDX-License-Identifier: Apache-2.0
"""Does a service lose, double or mix up anything while its processes are killed at any moment, requests come twice and in another order, and the disk is full?

python3 soak.py SECONDS [--seed N] [--postgres]: prints what it did; exit code 1 where something is wrong. `make soak` runs it for 20 minutes.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import pathlib
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from typing import Optional

import numpy as np
import postgres
import running

import zkinfer
from zkinfer_client.audit import check_proof, fetch
from zkinfer_client.canonical import Part, integers_of, nonce_hash, request_hash, response_hash
from zkinfer_client.http import Connection, ServiceError
from zkinfer_client.receipt import verify_receipt
from zkinfer_server import audit
from zkinfer_server.database import Database

BUDGET = 64  # so that commitments follow one another meanwhile
CLIENTS = 3


class Sent:
    """A request, and the one answer that it may have."""

    def __init__(self, number: int, random_: random.Random) -> None:
        self.key, self.nonce = f"soak-{number}", random_.randbytes(32)
        self.flower = np.array([random_.randint(0, 100) / 10 for _ in range(4)], dtype=np.float32)
        self.answers: list[dict] = []
        self.refusals: list[int] = []

    def send(self, url: str) -> bool:
        """Whether an answer came."""
        body = {"model": "mlp", "inputs": [{"name": "flower", "shape": [1, 4], "datatype": "FP32", "data": self.flower.tolist()}]}
        try:
            _, _, data = Connection(url, {}, 20).send("POST", "/v1/predict", json.dumps(body).encode(), {"Idempotency-Key": self.key, "X-Nonce": self.nonce.hex()})
        except ServiceError as error:
            if error.status not in (0, 429, 503):
                raise
            self.refusals.append(error.status)
            return False
        self.answers.append(json.loads(data)["zkinfer"])
        return True


class Soak:
    def __init__(self, work: pathlib.Path, seconds: float, seed: int, database: Optional[postgres.Postgres]) -> None:
        self.seconds, self.random = seconds, random.Random(seed)
        self.models = running.make_model(work / "models", budget=BUDGET)
        self.database = database
        self.server = running.Running(self.models, work / "data", "--no-auth", "--proofs-at-once", "2", "--proof-within", "3600", "--max-backlog", "10", *(["--database", database.url] if database else []))
        self.keys = self.server.keys()
        self.sent: list[Sent] = []
        self.lock, self.over = threading.Lock(), threading.Event()
        self.did: dict[str, int] = {}
        self.wrong: list[str] = []

    def count(self, what: str) -> None:
        self.did[what] = self.did.get(what, 0) + 1

    def client(self, seed: int) -> None:
        mine = random.Random(seed)
        try:
            while not self.over.is_set():
                with self.lock:
                    again = mine.random() < 0.25 and self.sent
                    request = mine.choice(self.sent) if again else Sent(len(self.sent), mine)
                    if not again:
                        self.sent.append(request)
                if mine.random() < 0.2:  # twice at once
                    twin = threading.Thread(target=request.send, args=(self.server.url,))
                    twin.start()
                    request.send(self.server.url)
                    twin.join()
                    self.count("twice at once")
                while not request.answers and not self.over.is_set():
                    if not request.send(self.server.url):
                        time.sleep(0.1)
                if again:
                    request.send(self.server.url)
                    self.count("sent again")
                time.sleep(mine.random() * 0.2)
        except Exception as error:  # an answer that no client may get
            self.wrong.append(f"client: {type(error).__name__}: {error}")

    def pids(self) -> list[int]:
        return [self.server.process.pid, *self.server.children()]

    def full_disk(self) -> None:
        """No file may grow, for a while."""
        pids = self.pids()
        for pid in pids:
            self.limit(pid, 0)
        time.sleep(self.random.uniform(0.3, 1.5))
        for pid in {*pids, *self.pids()}:
            self.limit(pid, resource.RLIM_INFINITY)
        self.count("disk full")

    @staticmethod
    def limit(pid: int, size: int) -> None:
        try:
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
        except (ProcessLookupError, PermissionError):
            pass

    def chaos(self) -> None:
        end = time.monotonic() + self.seconds
        while time.monotonic() < end and not self.wrong:
            time.sleep(self.random.uniform(0.05, 2.0))
            what = self.random.random()
            if what < 0.45:
                for pid in self.server.children():
                    try:
                        os.kill(pid, signal.SIGKILL)
                        self.count("worker killed")
                    except ProcessLookupError:
                        pass
            elif what < 0.7:
                self.server.kill()
                self.count("front end killed")
                self.server.start()
            elif what < 0.8:
                os.killpg(self.server.process.pid, signal.SIGKILL)
                self.server.process.wait()
                self.count("all killed")
                self.server.start()
            elif what < 0.9 and self.database is not None:
                self.database.crash()
                time.sleep(self.random.uniform(0, 1))
                self.database.start()
                self.count("database killed")
            elif what < 0.9:
                self.full_disk()
            else:
                if self.server.stop() != 0:
                    self.wrong.append("a stopped service ended with an error")
                self.count("stopped")
                self.server.start()

    def run(self) -> None:
        clients = [threading.Thread(target=self.client, args=(self.random.random(),)) for _ in range(CLIENTS)]
        for thread in clients:
            thread.start()
        try:
            self.chaos()
        finally:
            self.over.set()
            for thread in clients:
                thread.join()

    def check(self) -> None:
        """Every answer that went out is there, the same for each of its requests, and proven, under a slot of its own."""
        key = zkinfer.VerificationKey.load(self.models / "mlp.zkkey")
        model = zkinfer.Model.load(self.models / "mlp.zkmodel")
        info, out = key.info.input_tensors[0], key.info.output_tensors[0]
        connection = Connection(self.server.url, {}, 30)
        slots: set[tuple[str, int]] = set()
        answered = [request for request in self.sent if request.answers]
        for request in answered:
            while not request.send(self.server.url):
                time.sleep(0.1)
            first = request.answers[0]
            if any(answer != first for answer in request.answers):
                self.wrong.append(f"{request.key}: two answers to one request")
            payload = verify_receipt(first["receipt"], self.keys)
            asked = [Part.of(info, integers_of(info, request.flower)[0])]
            integers = np.frombuffer(base64.b64decode(first["integers"]["logits"]), "<i8")
            hashed = request_hash(bytes.fromhex(key.identity), asked, request.nonce)
            if payload["request_hash"] != hashed.hex() or payload["nonce_hash"] != nonce_hash(request.nonce).hex():
                self.wrong.append(f"{request.key}: the receipt of another request")
            if payload["response_hash"] != response_hash(hashed, [Part.of(out, integers)]).hex():
                self.wrong.append(f"{request.key}: the receipt of another answer")
            if not np.array_equal(integers, model.run(request.flower).integers[0].ravel()):
                self.wrong.append(f"{request.key}: another answer than the model's")
            state = self.proven(connection, payload["proof"]["id"])
            if state["state"] != "proven":
                self.wrong.append(f"{request.key}: its proof is {state['state']}")
                continue
            proof, path = fetch(connection, payload["proof"]["id"], "path_sha256" in state)
            statement = check_proof(payload, key, proof, path, asked)
            if (statement.serving_identity, statement.slot) in slots:
                self.wrong.append(f"{request.key}: slot {statement.slot} of {statement.serving_identity[:16]} was used before")
            slots.add((statement.serving_identity, statement.slot))
        refusals = [status for request in self.sent for status in request.refusals]
        print(", ".join(f"{refusals.count(status)} x {status or 'not reached'}" for status in sorted(set(refusals))))
        print(f"{len(answered)} answers, {sum(len(r.answers) for r in self.sent)} deliveries, {len(slots)} proofs under {len({k for k, _ in slots})} commitments")
        if len(answered) < 5:
            self.wrong.append("hardly anything was answered")
        self.check_slots(slots)

    @staticmethod
    def proven(connection: Connection, proof_id: str) -> dict:
        end = time.monotonic() + 300
        while True:
            state = json.loads(connection.send("GET", f"/v1/proofs/{proof_id}", allow=(404,))[2])
            if state["state"] in ("proven", "failed", "unknown") or time.monotonic() > end:
                return state
            time.sleep(0.05)

    def check_slots(self, slots: set[tuple[str, int]]) -> None:
        """The library's own count is beyond every slot that was published, and nothing that was published is counted as free."""
        status = json.loads(subprocess.run([running.PROGRAM, "commitment", "status", self.models / "mlp.zksecret", "--json"], capture_output=True, check=True).stdout)
        used = {row["identity"]: row["slots"][0] + row["used"] for row in status["commitments"]}
        for identity, slot in slots:
            if slot >= used.get(identity, 0):
                self.wrong.append(f"slot {slot} of {identity[:16]} was published, and is counted as free")
        audit.verify(Database(self.database.url if self.database else str(self.server.data / "server.db")))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("seconds", type=float)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--postgres", action="store_true", help="over a PostgreSQL of its own, which is killed too")
    given = parser.parse_args()
    if given.postgres and postgres.why_not():
        print(f"skipped: {postgres.why_not()}")
        return 77
    print(f"seed {given.seed}", flush=True)
    # A folder of its own: the one over SQLite and the one over PostgreSQL run at the same time.
    work = pathlib.Path(tempfile.mkdtemp(prefix="soak-", dir=os.environ["ZKINFER_WORK_DIR"]))
    database = postgres.Postgres() if given.postgres else None
    soak = Soak(work, given.seconds, given.seed, database)
    try:
        soak.run()
        print(", ".join(f"{number} x {what}" for what, number in sorted(soak.did.items())), flush=True)
        soak.check()
    finally:
        if soak.server.process.poll() is None:
            soak.server.stop()
        if database is not None:
            database.close()
    for problem in soak.wrong[:20]:
        print(f"WRONG: {problem}")
    if soak.wrong:
        print(f"what it left: {work}")
        return 1
    shutil.rmtree(work)
    return 0


if __name__ == "__main__":
    sys.exit(main())
