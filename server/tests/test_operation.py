# SPDX-License-Identifier: Apache-2.0
"""Keys, limits, queue, files: what an operator relies on."""

import json
import sqlite3
import time

import pytest
import running
from test_answers import body

import zkinfer_client
from zkinfer_client.canonical import sha256
from zkinfer_server import audit, jobs
from zkinfer_server.database import Database, Writer
from zkinfer_server.objects import FolderStore, Vault
from zkinfer_server.signing import Signer


def test_keys_scopes_budgets_and_rates(models, flowers, tmp_path):
    data = tmp_path / "data"

    def make(*options):
        made = running.command("keys", "create", "--data", data, "--tenant", "a", *options)
        assert made.returncode == 0, made.stderr
        return made.stdout.strip()

    token, poor, slow, reader = make(), make("--queries", "2"), make("--rps", "1"), make("--scopes", "models")
    server = running.Running(models, data)
    try:
        for bad in (None, "zki_0_0", token + "x", "x"):
            assert server.ask("POST", "/v1/predict", body(flowers[0]), token=bad)[0] == 401
        assert server.ask("POST", "/v1/predict", body(flowers[0]), token=reader)[0] == 403
        assert server.client(token).predict(flowers[0]).proven
        assert [server.ask("POST", "/v1/predict", body(flowers[0]), token=poor)[0] for _ in range(3)] == [200, 200, 402]
        answers = [server.ask("POST", "/v1/predict", body(flowers[0]), token=slow) for _ in range(3)]
        assert [status for status, _, _ in answers[:2]] == [200, 429] and int(answers[1][1]["Retry-After"]) >= 1
        assert server.ask("POST", "/admin/drain", token=token)[0] == 403
        # An Idempotency-Key is its tenant's alone, and answers that were paid for are not paid for again.
        headers = {"Idempotency-Key": "k", "X-Nonce": "00" * 32}
        assert [server.ask("POST", "/v1/predict", body(flowers[1]), headers, token)[0] for _ in range(2)] == [200, 200]
        name = token.split("_")[1]
        assert running.command("keys", "revoke", name, "--data", data).returncode == 0
        time.sleep(2.1)
        assert server.ask("POST", "/v1/predict", body(flowers[0]), token=token)[0] == 401
    finally:
        assert server.stop() == 0
    assert token.split("_", 2)[2].encode() not in (data / "server.db").read_bytes() + (data / "server.db-wal").read_bytes() if (data / "server.db-wal").exists() else True
    listed = running.command("keys", "list", "--data", data).stdout
    assert listed.count("\n") == 4 and '"queries_left": 0' in listed
    checked = running.command("audit", "verify", "--data", data)
    assert checked.returncode == 0
    last = checked.stdout.split()[-1]
    with sqlite3.connect(data / "server.db") as connection:
        connection.execute("DELETE FROM audit WHERE seq = (SELECT max(seq) FROM audit)")
    assert running.command("audit", "verify", "--data", data).returncode == 0
    assert running.command("audit", "verify", "--data", data, "--noted", last).returncode == 1
    with sqlite3.connect(data / "server.db") as connection:
        connection.execute("UPDATE audit SET actor = 'x' WHERE seq = 2")
    assert running.command("audit", "verify", "--data", data).returncode == 1


def test_a_full_queue_says_when_to_come_back(models, flowers, tmp_path):
    server = running.Running(models, tmp_path / "data", "--no-auth", "--workers", "0", "--max-backlog", "0.5")
    try:
        refused = None
        for _ in range(200):
            status, headers, data = server.ask("POST", "/v1/predict", body(flowers[0]))
            if status == 429:
                refused = json.loads(data)
                break
        assert refused is not None and refused["queued"] > 0 and int(headers["Retry-After"]) >= 1
        assert server.ask("POST", "/v1/predict", body(flowers[0], zkinfer={"prove": False}))[0] == 200
    finally:
        server.stop()


def test_a_folder_that_is_misspelled_is_not_begun(tmp_path):
    wrong, file = tmp_path / "dta", tmp_path / "file"
    file.write_text("x")
    for words in (["keys", "list"], ["keys", "revoke", "a"], ["audit", "verify"], ["signing", "show"], ["signing", "rotate"], ["backup", "--models", tmp_path, "--to", tmp_path / "kept"]):
        done = running.command(*words, "--data", wrong)
        assert done.returncode == 2 and done.stdout == "" and "no service was begun there" in done.stderr and not wrong.exists(), words
        done = running.command(*words, "--data", file)
        assert done.returncode == 2 and "is a file, expected the service's folder" in done.stderr, words
    made = running.command("keys", "create", "--data", wrong, "--tenant", "a")
    assert made.returncode == 0 and made.stdout.startswith("zki_") and "began a service in the new folder" in made.stderr
    assert running.command("keys", "list", "--data", wrong).stdout.count("\n") == 1


@pytest.mark.parametrize(
    "words, said",
    [(["--port", "99999"], "at most 65535"), (["--port", "x"], "invalid whole number value"), (["--web", "/nowhere"], "no verifier for pages is there"), (["--models", "FILE"], "is a file, expected the folder"),
     (["--workers", "-1"], "at least 0"), (["--proofs-at-once", "0"], "at least 1")],
)  # fmt: skip
def test_what_run_is_given_wrongly_is_said_at_once(models, tmp_path, words, said):
    words = [str(models / "mlp.zkmodel") if word == "FILE" else word for word in words]
    done = running.command("run", "--data", tmp_path / "data", "--models", models, *words)
    assert done.returncode == 2 and said in done.stderr and "Traceback" not in done.stderr and not (tmp_path / "data").exists()


def test_receipts_and_keys_that_are_none(server, models, flowers, tmp_path):
    server.client().predict(flowers[0]).save(tmp_path / "order")
    receipt, keys = tmp_path / "order/receipt.json", tmp_path / "keys.json"
    keys.write_bytes(server.ask("GET", "/.well-known/zkinfer-keys.json")[2])
    (tmp_path / "empty.json").write_text("{}")
    assert running.command("receipt", "verify", receipt, "--keys", keys).returncode == 0
    for what, pinned, code, said in (
        (tmp_path / "order/answer.zkproof", keys, 2, "is no JSON, expected a receipt"), (receipt, models / "mlp.zkkey", 2, "is no JSON, expected the JWK set"),
        (receipt, tmp_path / "empty.json", 2, "has no Ed25519 key"), (tmp_path / "none.json", keys, 2, "none.json': No such file"), (keys, keys, 1, "rejected: "), (receipt, receipt, 2, "has no Ed25519 key"),
    ):  # fmt: skip
        done = running.command("receipt", "verify", what, "--keys", pinned)
        assert done.returncode == code and said in done.stdout + done.stderr and "Errno" not in done.stderr, (what, pinned, done)
    away = running.command("receipt", "audit", receipt, "--keys", keys, "--key", models / "mlp.zkkey", "--input-data", tmp_path / "order/flower.bin", "--url", "http://127.0.0.1:1")
    assert away.returncode == 2 and "the service is not reached" in away.stderr and "Traceback" not in away.stderr


def test_a_key_of_a_model_that_hides_its_input_is_refused_by_clients(models, flowers, tmp_path):
    hidden = running.make_model(tmp_path / "models", "private")
    with pytest.raises(ValueError, match="do not say of which"):
        zkinfer_client.Client("http://127.0.0.1:1", hidden / "mlp.zkkey", {"k": bytes(32)})


@pytest.mark.parametrize(
    "headers, status", [({}, 200), ({"Origin": "https://evil.example"}, 403), ({"Host": "evil.example"}, 403), ({"Origin": "null"}, 403), ({"Host": "localhost:1"}, 200)]
)
def test_without_keys_other_sites_may_not_ask(server, flowers, headers, status):
    assert server.ask("POST", "/v1/predict", body(flowers[0]), headers)[0] == status


def test_only_one_serves_from_a_folder(server):
    second = running.command("run", "--models", server.models, "--data", server.data, "--no-auth", "--port", "0")
    assert second.returncode == 2 and "another one serves" in second.stderr
    assert running.command("run", "--models", server.models, "--data", server.data, "--no-auth", "--host", "0.0.0.0").returncode == 2


@pytest.fixture
def database(tmp_path):
    return Database(str(tmp_path / "server.db"))


def put_job(database, name):
    now = time.time()
    with database.write() as tx:
        tx.run("INSERT INTO job(id, kind, model_root, state, created, not_before) VALUES(?, 'predict', 'r', 'queued', ?, ?)", name, now, now)


def proof(slot=1, name="p"):
    return {"serving_key": "k", "slot": slot, "proof_ref": "proofs/" + sha256(name.encode()).hex(), "path_ref": None, "bytes": 1}


def test_a_late_worker_changes_nothing(database):
    put_job(database, "a")
    with database.write() as tx:
        first = jobs.pull(tx, "one", {"r": 1})[0]
    with database.write() as tx:
        assert jobs.pull(tx, "two", {"r": 1}) == []
        assert jobs.take_back(tx, "one") == 1
    with database.write() as tx:
        second = jobs.pull(tx, "two", {"r": 1})[0]
        jobs.beat(tx, first)
        assert not jobs.finish(tx, first, proof())
        assert jobs.finish(tx, second, proof(2))
        assert not jobs.finish(tx, second, proof(3))


def test_a_slot_is_published_once(database):
    put_job(database, "a")
    put_job(database, "b")
    with database.write() as tx:
        assert jobs.finish(tx, jobs.pull(tx, "one", {"r": 1})[0], proof(5))
    with pytest.raises(Exception) as raised:
        with database.write() as tx:
            jobs.finish(tx, jobs.pull(tx, "one", {"r": 1})[0], proof(5, "other"))
    assert jobs.is_used_twice(raised.value)
    with database.read() as tx:
        assert tx.one("SELECT state FROM job WHERE id = 'b'")["state"] == "queued"


def test_jobs_are_given_up_after_five_attempts(database):
    put_job(database, "a")
    states = []
    for _ in range(5):
        with database.write() as tx:
            tx.run("UPDATE job SET not_before = 0")
            states.append(jobs.fail(tx, jobs.pull(tx, "one", {"r": 1})[0], "why"))
    assert states == ["queued"] * 4 + ["dead"]


def test_the_writer_keeps_what_it_can(database):
    writer = Writer(database)
    good = [writer.submit(lambda tx, i=i: tx.run("INSERT INTO meta VALUES(?, 'x')", f"n{i}")) for i in range(20)]
    bad = writer.submit(lambda tx: tx.run("INSERT INTO meta VALUES('n1', 'y')"))
    for future in good:
        future.result()
    with pytest.raises(sqlite3.IntegrityError):
        bad.result()
    writer.close()


@pytest.mark.parametrize("size", [10, 100000])
def test_what_customers_sent_is_encrypted_and_bound_to_its_row(database, tmp_path, size):
    vault = Vault(bytes(32), FolderStore(tmp_path / "objects"))
    ref, sealed = vault.seal("a/input", b"my own" * size)
    with database.write() as tx:
        vault.keep(tx, ref, sealed)
        assert vault.open(tx, ref, "a/input") == b"my own" * size
        with pytest.raises(Exception):
            vault.open(tx, ref, "b/input")
        vault.forget(tx, ref)
        assert vault.open(tx, ref, "a/input") is None
    assert all(b"my own" not in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())


def test_objects_are_whole_or_absent(tmp_path):
    store = FolderStore(tmp_path)
    ref = store.put("proofs", b"x")
    assert store.put("proofs", b"x") == ref and store.get(ref) == b"x"
    next(tmp_path.rglob("*" + ref.split("/")[1])).write_bytes(b"y")
    assert store.get(ref) is None
    for bad in ("../../etc/passwd", "proofs/../x", "proofs/" + "0" * 63):
        with pytest.raises(ValueError):
            store.get(bad)


def test_signing_keys_turn_and_stay_published(tmp_path):
    first = Signer(tmp_path)
    first.rotate()
    second = Signer(tmp_path)
    assert second.kid != first.kid and {key["kid"] for key in second.jwks()["keys"]} == {first.kid, second.kid}
    assert all(path.stat().st_mode & 0o077 == 0 for path in tmp_path.glob("*.pem"))


def test_the_audit_log_is_a_chain(database):
    with database.write() as tx:
        for number in range(3):
            audit.note(tx, "a", number=number)
    assert audit.verify(database)[0] == 3
