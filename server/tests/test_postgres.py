# SPDX-License-Identifier: Apache-2.0
"""The same service over PostgreSQL, with front ends and workers in processes of their own."""

import subprocess
import sys
import threading
import time

import postgres
import pytest
import running
from test_answers import body
from test_operation import proof, put_job

import zkinfer_client
from zkinfer_server import audit, jobs
from zkinfer_server.database import Database, Unavailable, Writer

pytestmark = pytest.mark.skipif(bool(postgres.why_not()), reason=postgres.why_not() or "-")


@pytest.fixture(scope="module")
def cluster():
    made = postgres.Postgres()
    yield made
    made.close()


def test_two_front_ends_and_two_workers(models, flowers, cluster, tmp_path):
    data = tmp_path / "data"
    first = running.Running(models, data, "--no-auth", "--workers", "2", "--database", cluster.url)
    second = None
    try:
        # Front ends of one machine have a folder each; objects and secrets are shared.
        other = tmp_path / "other"
        other.mkdir()
        for name in ("secrets", "objects"):
            (data / name).mkdir(exist_ok=True)
            (other / name).symlink_to(data / name)
        second = running.Running(models, other, "--no-auth", "--workers", "0", "--database", cluster.url)
        answers = [server.client().predict(flower, wait=False) for flower in flowers[:8] for server in (first, second)]
        slots = {(a.wait().statement.serving_identity, a.statement.slot) for a in answers}
        assert len(slots) == 16
        headers = {"Idempotency-Key": "same", "X-Nonce": "cd" * 32}
        assert first.ask("POST", "/v1/predict", body(flowers[0]), headers)[2] == second.ask("POST", "/v1/predict", body(flowers[0]), headers)[2]
        # At the same moment at both: one answer all the same.
        for number in range(12):
            headers, got = {"Idempotency-Key": f"at once {number}".replace(" ", "-"), "X-Nonce": f"{number:064x}"}, []
            asking = [threading.Thread(target=lambda server=server: got.append(server.ask("POST", "/v1/predict", body(flowers[0]), headers))) for server in (first, second, first, second)]
            for thread in asking:
                thread.start()
            for thread in asking:
                thread.join()
            assert [status for status, _, _ in got] == [200] * 4 and len({said for _, _, said in got}) == 1, got
        assert audit.verify(Database(cluster.url))[0] >= 33
        cluster.crash()
        assert first.ask("POST", "/v1/predict", body(flowers[1]))[0] == 503 and first.ask("GET", "/readyz")[0] == 503
        cluster.start()
        assert first.client().predict(flowers[1]).proven
    finally:
        for server in (first, second):
            if server is not None:
                server.stop()


def test_leases_fences_and_slots(cluster):
    database = Database(cluster.url)
    with database.write() as tx:
        tx.run("DELETE FROM job")
        tx.run("DELETE FROM spent_slot")
    for name in "abc":
        put_job(database, name)
    with database.write() as tx:
        first = jobs.pull(tx, "one", {"r": 1})[0]
        # Another connection takes the next one instead of waiting.
        seen = []

        def pull() -> None:
            with Database(cluster.url).write() as theirs:
                seen.append(jobs.pull(theirs, "two", {"r": 1})[0])

        thread = threading.Thread(target=pull)
        thread.start()
        thread.join(10)
        assert seen and seen[0]["id"] != first["id"]
    with database.write() as tx:
        assert jobs.take_back(tx, "one") == 1
        again = jobs.pull(tx, "three", {"r": 1})[0]
        assert not jobs.finish(tx, first, proof(1)) and jobs.finish(tx, again, proof(1))
    with pytest.raises(Exception) as raised:
        with database.write() as tx:
            jobs.finish(tx, seen[0], proof(1, "other"))
    assert jobs.is_used_twice(raised.value)


def test_a_change_that_fails_takes_no_other_with_it(cluster):
    writer = Writer(Database(cluster.url))
    futures = [writer.submit(lambda tx, n=n: tx.run("INSERT INTO meta VALUES(?, 'x')", n).rowcount) for n in ("p", "q", "p", "r")]
    assert [f.exception() is None for f in futures] == [True, True, False, True]
    writer.close()


def test_a_database_that_is_not_there(tmp_path):
    with pytest.raises(Unavailable):
        Database(f"postgresql:///none?host={tmp_path}")
    done = running.command("keys", "list", "--data", tmp_path, "--database", f"postgresql:///none?host={tmp_path}")
    assert done.returncode == 2 and "Traceback" not in done.stderr


def test_a_worker_alone(models, flowers, cluster, tmp_path):
    """`zkinfer-server worker` proves what a front end without workers has answered."""
    server = running.Running(models, tmp_path / "data", "--no-auth", "--workers", "0", "--database", cluster.url)
    worker = subprocess.Popen(
        [sys.executable, "-m", "zkinfer_server", "worker", "--models", models, "--data", tmp_path / "data", "--database", cluster.url, "--name", "far", "--priority", "normal"],
        stdin=subprocess.PIPE,
    )
    try:
        answer = zkinfer_client.Client(server.url, models / "mlp.zkkey", server.keys()).predict(flowers[2])
        assert answer.proven
        worker.terminate()
        assert worker.wait(30) == 0
    finally:
        worker.kill()
        server.stop()
        time.sleep(0.1)
