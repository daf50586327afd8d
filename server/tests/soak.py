# SPDX-License-Identifier: Apache-2.0
"""Does a service lose, double or mix up anything while its processes are killed or stand still at any moment, requests come twice and in another order, the disk is
full, its database is killed and its object store is away?

python3 soak.py SECONDS [--seed N] [--postgres] [--bucket]: prints what it did; exit code 1 where something is wrong. --postgres: two front ends over a PostgreSQL.
--bucket: objects in an S3-compatible store. `make soak` runs it with --all, for 20 minutes: without, with each and with both, a fourth of the time each.
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
import s3_fake

import zkinfer
from zkinfer_client.audit import check_proof, check_seat, fetch
from zkinfer_client.canonical import Part, integers_of, nonce_hash, request_hash, response_hash
from zkinfer_client.http import Connection, ServiceError
from zkinfer_client.receipt import verify_receipt
from zkinfer_server import audit, housekeeping
from zkinfer_server.database import Database
from zkinfer_server.objects import FolderStore, Store

BUDGET = 64  # so that commitments follow one another meanwhile
CLIENTS = 3
LEASE_SECONDS = 30.0


class Sent:
    """A request, and the one answer that it may have."""

    def __init__(self, number: int, random_: random.Random) -> None:
        self.key, self.nonce = f"soak-{number}", random_.randbytes(32)
        self.joint = random_.random() < 0.4
        self.flower = np.array([random_.randint(0, 100) / 10 for _ in range(4)], dtype=np.float32)
        self.answers: list[dict] = []
        self.refusals: list[int] = []

    def send(self, url: str) -> bool:
        """Whether an answer came."""
        body = {"model": "mlp", "zkinfer": {"joint": self.joint}, "inputs": [{"name": "flower", "shape": [1, 4], "datatype": "FP32", "data": self.flower.tolist()}]}
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
    def __init__(self, work: pathlib.Path, seconds: float, seed: int, database: Optional[postgres.Postgres], bucket: Optional[s3_fake.FakeS3]) -> None:
        self.seconds, self.random = seconds, random.Random(seed)
        self.models = running.make_model(work / "models", budget=BUDGET)
        self.database, self.bucket = database, bucket
        options = ["--no-auth", "--proofs-at-once", "2", "--proof-within", "3600", "--max-backlog", "10", *(["--database", database.url] if database else [])]
        options += ["--objects", f"s3://{s3_fake.BUCKET}/soak", "--objects-endpoint", bucket.url] if bucket else []
        environment = s3_fake.ENVIRONMENT if bucket else {}
        self.server = running.Running(self.models, work / "data", *options, *(["--workers", "2"] if database else []), environment=environment)
        self.servers = [self.server]
        if database is not None:  # another front end, as of another machine: what they share are secrets, objects and tables
            other = work / "other"
            other.mkdir()
            for name in ("secrets", "objects"):
                (work / "data" / name).mkdir(exist_ok=True)
                (other / name).symlink_to(work / "data" / name)
            self.servers.append(running.Running(self.models, other, *options, "--workers", "0", environment=environment))
        self.keys = self.server.keys()
        self.sent: list[Sent] = []
        self.lock, self.over = threading.Lock(), threading.Event()
        self.did: dict[str, int] = {}
        self.wrong: list[str] = []

    def count(self, what: str) -> None:
        self.did[what] = self.did.get(what, 0) + 1

    def url(self, random_: random.Random) -> str:
        return random_.choice(self.servers).url

    def client(self, seed: float) -> None:
        mine = random.Random(seed)
        try:
            while not self.over.is_set():
                with self.lock:
                    again = mine.random() < 0.25 and self.sent
                    request = mine.choice(self.sent) if again else Sent(len(self.sent), mine)
                    if not again:
                        self.sent.append(request)
                if mine.random() < 0.2:  # twice at once
                    twin = threading.Thread(target=request.send, args=(self.url(mine),))
                    twin.start()
                    request.send(self.url(mine))
                    twin.join()
                    self.count("twice at once")
                while not request.answers and not self.over.is_set():
                    if not request.send(self.url(mine)):
                        time.sleep(0.1)
                if again:
                    request.send(self.url(mine))
                    self.count("sent again")
                time.sleep(mine.random() * 0.2)
        except Exception as error:  # an answer that no client may get
            self.wrong.append(f"client: {type(error).__name__}: {error}")

    def pids(self) -> list[int]:
        return [pid for server in self.servers for pid in (server.process.pid, *server.children())]

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

    def store_away(self) -> None:
        """Refuses everything, is silent, or talks nonsense, for a while; or some requests go wrong."""
        assert self.bucket is not None
        if self.random.random() < 0.5:
            self.bucket.outage = self.random.choice([(503, "SlowDown"), (500, "InternalError"), (403, "AccessDenied"), "drop", "hang"])
            time.sleep(self.random.uniform(0.2, 3))
            self.bucket.outage = None
            self.count("object store away")
        else:
            self.bucket.faults += self.random.choices([(503, "SlowDown"), (500, "InternalError"), "drop", "cut", "change"], k=2)
            self.count("object store errs")

    def frozen(self) -> None:
        """A worker stands still, in long soaks also until its lease is over and others have its jobs."""
        workers = self.server.children()
        if not workers:
            return
        pid = self.random.choice(workers)
        seconds = LEASE_SECONDS + 2 if self.seconds >= 200 and self.random.random() < 0.05 else self.random.uniform(0.1, 1)
        try:
            os.kill(pid, signal.SIGSTOP)
            time.sleep(seconds)
            os.kill(pid, signal.SIGCONT)
            self.count("worker frozen" + (" beyond its lease" if seconds > LEASE_SECONDS else ""))
        except ProcessLookupError:
            pass

    @staticmethod
    def start(server: running.Running) -> None:
        """As systemd does: again where it cannot begin, since its database is still recovering."""
        end = time.monotonic() + 60
        while True:
            try:
                return server.start()
            except RuntimeError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.2)

    def worker_killed(self) -> None:
        for pid in self.server.children():
            try:
                os.kill(pid, signal.SIGKILL)
                self.count("worker killed")
            except ProcessLookupError:
                pass

    def front_end_killed(self) -> None:
        server = self.random.choice(self.servers)
        server.kill()
        self.count("front end killed")
        self.start(server)

    def all_killed(self) -> None:
        for server in self.servers:
            os.killpg(server.process.pid, signal.SIGKILL)
            server.process.wait()
        self.count("all killed")
        for server in self.servers:
            self.start(server)

    def database_killed(self) -> None:
        assert self.database is not None
        if self.random.random() < 0.5:
            self.database.kill_one(self.random)
            self.count("process of the database killed")
            time.sleep(1)
            return
        self.database.crash()
        time.sleep(self.random.uniform(0, 1))
        self.database.start()
        self.count("database killed")

    def stopped(self) -> None:
        server = self.random.choice(self.servers)
        if server.stop() != 0:
            self.wrong.append("a stopped service ended with an error")
        self.count("stopped")
        self.start(server)

    def chaos(self) -> None:
        weights = {self.worker_killed: 8, self.front_end_killed: 5, self.all_killed: 2, self.full_disk: 2, self.stopped: 2, self.frozen: 2}
        if self.database is not None:
            weights[self.database_killed] = 3
        if self.bucket is not None:
            weights[self.store_away] = 4
        end = time.monotonic() + self.seconds
        while time.monotonic() < end and not self.wrong:
            time.sleep(self.random.uniform(0.05, 2.0))
            self.random.choices(list(weights), list(weights.values()))[0]()

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
        slots: dict[tuple[str, int], bytes] = {}  # and the proof that took it
        seats: set[bytes] = set()
        alone: set[bytes] = set()
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
            if "seats" in state:
                seat = connection.send("GET", f"/v1/proofs/{payload['proof']['id']}/seat")[2]
                statement = check_seat(payload, key, proof, path, seat, asked, [Part.of(out, integers)])
                if seat in seats or not request.joint:
                    self.wrong.append(f"{request.key}: a seat that it must not have")
                seats.add(seat)
            else:
                statement = check_proof(payload, key, proof, path, asked)
            if slots.setdefault((statement.serving_identity, statement.slot), proof) != proof:
                self.wrong.append(f"{request.key}: slot {statement.slot} of {statement.serving_identity[:16]} was used before")
            if "seats" not in state and proof in alone:
                self.wrong.append(f"{request.key}: the proof of another request")
            alone.add(proof)
        refusals = [status for request in self.sent for status in request.refusals]
        print(", ".join(f"{refusals.count(status)} x {status or 'not reached'}" for status in sorted(set(refusals))))
        print(f"{len(answered)} answers, {sum(len(r.answers) for r in self.sent)} deliveries, {len(slots)} proofs, {len(seats)} seats, under {len({k for k, _ in slots})} commitments")
        if len(answered) < 5:
            self.wrong.append("hardly anything was answered")
        self.check_slots(set(slots))
        self.check_tables()

    def check_tables(self) -> None:
        """What was answered and never came to its client is proven too, and what the housekeeper removes was nobody's."""
        database = Database(self.database.url if self.database else str(self.server.data / "server.db"))
        end = time.monotonic() + 300
        while True:
            with database.read() as tx:
                states = {row["state"]: row["n"] for row in tx.all("SELECT state, count(*) AS n FROM request GROUP BY state")}
            if states.get("answered", 0) == 0 or time.monotonic() > end:
                break
            time.sleep(0.1)
        if set(states) != {"proven"}:
            self.wrong.append(f"requests that are not proven: {states}")
        store: Store = FolderStore(self.server.data / "objects")
        if self.bucket is not None:
            from zkinfer_server.s3 import S3Store

            self.bucket.faults.clear()
            store = S3Store(f"s3://{s3_fake.BUCKET}/soak", self.bucket.url, s3_fake.ENVIRONMENT)
        removed = housekeeping.sweep(database, store, older=-2)
        with database.read() as tx:
            named = {row[name] for row in tx.all("SELECT proof_ref, path_ref FROM job WHERE state = 'done'") for name in ("proof_ref", "path_ref")} - {None}
        lost = [ref for ref in named if store.get(ref) is None]
        print(f"{states.get('proven', 0)} requests in the tables, {len(named)} objects, {removed} that were nobody's")
        if lost or set(store.every()) != named:
            self.wrong.append(f"{len(lost)} objects are lost, {len(set(store.every()) - named)} are nobody's")
        audit.verify(database)

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


def soak(seconds: float, seed: int, over_postgres: bool, over_bucket: bool) -> int:
    print(f"seed {seed}, " + ("two front ends over PostgreSQL" if over_postgres else "SQLite") + (", objects in a bucket" if over_bucket else ""), flush=True)
    # A folder of its own: those of `make test` run at the same time.
    work = pathlib.Path(tempfile.mkdtemp(prefix="soak-", dir=os.environ["ZKINFER_WORK_DIR"]))
    database, bucket = postgres.Postgres() if over_postgres else None, s3_fake.FakeS3() if over_bucket else None
    made: Optional[Soak] = None
    try:
        made = Soak(work, seconds, seed, database, bucket)
        made.run()
        print(", ".join(f"{number} x {what}" for what, number in sorted(made.did.items())), flush=True)
        made.check()
    finally:
        for server in made.servers if made is not None else []:
            if server.process.poll() is None:
                server.stop()
        if database is not None:
            database.close()
        if bucket is not None:
            bucket.close()
    for problem in made.wrong[:20]:
        print(f"WRONG: {problem}")
    if made.wrong:
        print(f"what it left: {work}")
        return 1
    shutil.rmtree(work)
    return 0


def why_no_bucket() -> str:
    try:
        import botocore  # noqa: F401
    except ImportError:
        return "python3-boto3 is not installed (scripts/install_packages.sh server)"
    return ""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("seconds", type=float)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--postgres", action="store_true", help="over a PostgreSQL of its own, which is killed too")
    parser.add_argument("--bucket", action="store_true", help="objects in an S3-compatible store, which errs and is away for a while")
    parser.add_argument("--all", action="store_true", help="without, with each and with both, a fourth of the time each")
    given = parser.parse_args()
    results = []
    for over_postgres, over_bucket in [(False, False), (False, True), (True, False), (True, True)] if given.all else [(given.postgres, given.bucket)]:
        missing = (postgres.why_not() if over_postgres else "") or (why_no_bucket() if over_bucket else "")
        if missing:
            print(f"skipped{' with PostgreSQL' if over_postgres else ''}{' with a bucket' if over_bucket else ''}: {missing}", flush=True)
            results.append(77)
        else:
            results.append(soak(given.seconds / (4 if given.all else 1), given.seed, over_postgres, over_bucket))
    return 1 if 1 in results else 0 if 0 in results else 77


if __name__ == "__main__":
    sys.exit(main())
