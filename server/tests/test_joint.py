# SPDX-License-Identifier: Apache-2.0
"""Several customers' requests in one proof: each checks his own, and gets nothing of the others'."""

import json
import os
import pathlib
import re
import signal
import time

import numpy as np
import pytest
import running
from running import held, key_of

import zkinfer
import zkinfer_client
from zkinfer_client.canonical import sha256
from zkinfer_server import jobs, schema
from zkinfer_server.database import Database


@pytest.fixture(scope="module")
def service(models, tmp_path_factory):
    made = running.Running(models, tmp_path_factory.mktemp("joint") / "data", "--max-backlog", "1000")
    yield made
    assert made.stop() == 0


def test_each_customer_checks_his_own_of_one_proof(service, flowers, tmp_path):
    tokens = {tenant: key_of(service, tenant) for tenant in ("ada", "bob")}
    clients = {tenant: service.client(token) for tenant, token in tokens.items()}
    assert clients["ada"].predict(flowers[0], joint=True).statement.num_seats == 1  # alone: there was nobody else
    with held(service):
        answers = [(tenant, clients[tenant].predict(flowers[number], wait=False, joint=True)) for number, tenant in enumerate(["ada", "bob"] * 3)]
        apart = clients["bob"].predict(flowers[7], wait=False)
    for tenant, answer in answers:
        assert answer.receipt["payload"]["proof"]["bucket"] == 128
        assert answer.wait().statement.num_seats == 8
    assert len({answer.proof for _, answer in answers}) == 1 and len({answer.seat for _, answer in answers}) == 6
    assert apart.receipt["payload"]["proof"]["bucket"] == 1 and apart.wait().statement.num_seats == 1
    # His own seat and no other's; nobody's without a key.
    for tenant, answer in answers:
        path = f"/v1/proofs/{answer.receipt['payload']['proof']['id']}/seat"
        for other, token in tokens.items():
            assert service.ask("GET", path, token=token)[0] == (200 if other == tenant else 404)
        assert service.ask("GET", path)[0] == 401
    state = json.loads(service.ask("GET", f"/v1/proofs/{answers[0][1].receipt['payload']['proof']['id']}")[2])
    assert state["state"] == "proven" and state["seats"] == 8 and "seat" not in state and isinstance(state["slot"], int)
    # Another's seat, answer or receipt is refused.
    key = clients["ada"].key
    (_, first), (_, second) = answers[:2]
    from zkinfer_client.audit import audit_receipt, check_seat

    good = dict(payload=first.receipt["payload"], key=key, proof=first.proof, path=first._path, seat=first.seat, asked=first._asked, answered=first._answered)
    assert check_seat(**good).slot == state["slot"]
    for change in ({"seat": second.seat}, {"asked": second._asked}, {"payload": {**first.receipt["payload"], "request_hash": second.receipt["payload"]["request_hash"]}}):
        with pytest.raises((zkinfer.Rejected, zkinfer_client.ReceiptError)):
            check_seat(**{**good, **change})
    with pytest.raises(zkinfer_client.ReceiptError, match="at most"):
        check_seat(**{**good, "payload": {**first.receipt["payload"], "proof": {**first.receipt["payload"]["proof"], "bucket": 4}}})
    # A service that makes a joint proof of what was asked for alone, which others cannot check: the client takes no such receipt, and no such proof.
    alone = {**first.receipt["payload"], "proof": {**first.receipt["payload"]["proof"], "bucket": 1}}
    with pytest.raises(zkinfer_client.ReceiptError, match="alone"):
        check_seat(**{**good, "payload": alone})
    with pytest.raises(ValueError, match="give yours as --seat"):
        audit_receipt(first.receipt["payload"], key, service.url, clients["ada"]._keys)
    with pytest.raises(zkinfer_client.ReceiptError, match="alone"):
        audit_receipt(alone, key, service.url, clients["ada"]._keys)
    liar = service.client(tokens["ada"])
    send = liar._connection.send
    liar._connection.send = lambda method, path, body=b"", *rest, **more: send(method, path, re.sub(rb'("joint": ?)false', rb"\1true ", body), *rest, **more)
    with pytest.raises(zkinfer_client.Refused, match="others have seats"):
        liar.predict(flowers[8], wait=False)
    # What he saves shows others that it is so.
    first.save(tmp_path)
    seat = zkinfer.Seat(tmp_path / "answer.zkseat", {"flower": (tmp_path / "flower.bin").read_bytes()}, {"logits": (tmp_path / "logits.bin").read_bytes()})
    assert np.array_equal(zkinfer.verify_joint(tmp_path / "answer.zkjoint", seat, key)[0].output, first.output)


def test_an_auditor_checks_a_joint_proof(service, flowers, tmp_path):
    """With the seat that was kept, or with the API key of whoever asked; of another's data, and with another's seat or key, not."""
    tokens = {tenant: key_of(service, tenant) for tenant in ("eve", "fay")}
    (tmp_path / "keys.json").write_bytes(service.ask("GET", "/.well-known/zkinfer-keys.json")[2])
    with held(service):
        answers = {tenant: [service.client(token).predict(flowers[number], wait=False, joint=True) for number in range(first, first + 2)] for first, (tenant, token) in zip((0, 5), tokens.items())}
    for tenant, token in tokens.items():
        (tmp_path / f"{tenant}.key").write_text(token + "\n")
        answers[tenant][0].save(tmp_path / f"{tenant}-early")  # before its proof came
        assert answers[tenant][0].wait().statement.num_seats == 8
        answers[tenant][0].save(tmp_path / tenant)

    def audit(receipt="eve", given="eve", *more, inputs=True, outputs=True):
        data = [*(["--input-data", tmp_path / given / "flower.bin"] if inputs else []), *(["--output-data", tmp_path / given / "logits.bin"] if outputs else [])]
        return running.command("receipt", "audit", tmp_path / receipt / "receipt.json", "--keys", tmp_path / "keys.json", "--key", service.models / "mlp.zkkey", "--url", service.url, *data, *more)

    seat, own = ["--seat", tmp_path / "eve/answer.zkseat"], ["--api-key", tmp_path / "eve.key"]
    for done in (audit("eve", "eve", *seat), audit("eve-early", "eve-early", *own)):
        assert done.returncode == 0 and re.search(r"proven, jointly with others: \d+ bytes, slot \d+, a seat of 8, 128 bits", done.stdout), done.stdout + done.stderr
    for done, said in (
        (audit("eve", "eve", "--seat", tmp_path / "fay/answer.zkseat"), "rejected: "), (audit("fay", "fay", *seat), "rejected: "),
        (audit("eve", "fay", *seat), "rejected: the receipt is of another answer"), (audit("eve", "eve", "--seat", tmp_path / "eve/receipt.json"), "rejected: "),
    ):  # fmt: skip
        assert done.returncode == 1 and said in done.stdout, done.stdout + done.stderr
    for done, said in (
        (audit(), "give yours as --seat (answer.zkseat), or the file of your API key as --api-key"), (audit("eve", "eve", "--api-key", tmp_path / "fay.key"), "another customer's"),
        (audit("eve", "eve", *seat, inputs=False), "canonical bytes of 'flower', as --input-data in this order; 0 given"),
        (audit("eve", "eve", *seat, outputs=False), "canonical bytes of 'logits', as --output-data"),
        (audit("eve", "eve", *seat, "--input-data", tmp_path / "eve/flower.bin"), "2 given"),
        (audit("eve", "eve", "--seat", tmp_path / "none"), "No such file"),
        (audit("eve", "eve", *seat, "--input-data", tmp_path / "eve/logits.bin", inputs=False), "bytes, those of 'flower' are 4"),
    ):  # fmt: skip
        assert done.returncode == 2 and said in done.stderr, done.stdout + done.stderr


def test_sizes_are_few_and_at_least_half_full():
    assert [jobs.size_for(n, 128) for n in (1, 3, 4, 8, 15, 16, 40, 63, 64, 128, 500)] == [1, 1, 8, 8, 8, 32, 32, 32, 128, 128, 128]
    assert jobs.size_for(500, 32) == 32 and jobs.size_for(500, 7) == 1


@pytest.fixture
def database(tmp_path):
    return Database(str(tmp_path / "server.db"))


def put(database, count, bucket=128, root="r"):
    with database.write() as tx:
        for number in range(count):
            name = f"{root}{bucket}-{number:03}"
            tx.run("INSERT INTO job(id, kind, model_root, bucket, state, created, not_before) VALUES(?, 'predict', ?, ?, 'queued', ?, 0)", name, root, bucket, number)
            tx.run("INSERT INTO member(job_id, i, request_id) VALUES(?, 0, ?)", name, "of " + name)


def pull(database, seats):
    with database.write() as tx:
        return jobs.pull(tx, "one", seats)


def proof(slot=1):
    return {"serving_key": "k", "slot": slot, "seats": 8, "proof_ref": "proofs/" + sha256(b"p").hex(), "path_ref": None, "bytes": 1}


def seats_of(pulled):
    return [(f"blob:{job['id']}/seat", b"sealed") for job in pulled]


def test_only_those_who_take_joint_proofs_are_together(database):
    put(database, 10)
    put(database, 5, bucket=1)
    put(database, 5, root="other")
    assert len(pull(database, {"r": 1})) == 1
    together = pull(database, {"r": 128})
    assert len(together) == 8 and {job["bucket"] for job in together} == {128} and {job["model_root"] for job in together} == {"r"}
    assert [len(pull(database, {"r": 128})) for _ in range(6)] == [1] * 6 and pull(database, {"r": 128}) == []
    assert len(pull(database, {"r": 128, "other": 128})) == 5


def test_what_went_wrong_once_is_proven_alone(database):
    put(database, 8)
    with database.write() as tx:
        for job in jobs.pull(tx, "one", {"r": 128}):
            jobs.fail(tx, job, "why")
        tx.run("UPDATE job SET not_before = 0")
    assert [len(pull(database, {"r": 128})) for _ in range(8)] == [1] * 8
    # But not what found no disk.
    put(database, 8, root="s")
    with database.write() as tx:
        for job in jobs.pull(tx, "one", {"s": 128}):
            jobs.fail(tx, job, "FileError", counts=False)
        tx.run("UPDATE job SET not_before = 0")
    assert len(pull(database, {"s": 128})) == 8


def test_who_lost_his_lease_has_nothing_of_the_proof(database):
    put(database, 8)
    pulled = pull(database, {"r": 128})
    with database.write() as tx:  # three of them are another worker's by now
        for job in pulled[:3]:
            tx.run("UPDATE job SET state = 'queued' WHERE id = ?", job["id"])
        tx.run("UPDATE job SET epoch = epoch + 1 WHERE id = ?", pulled[1]["id"])
    with database.write() as tx:
        assert jobs.finish_joint(tx, pulled, "joint", proof(), seats_of(pulled)) == 5
        assert {row["request_id"] for row in tx.all("SELECT * FROM member WHERE job_id = 'joint'")} == {"of " + job["id"] for job in pulled[3:]}
        assert tx.one("SELECT count(*) AS n FROM blob")["n"] == 5
        assert tx.one("SELECT count(*) AS n FROM job WHERE joint = 'joint' AND state = 'done'")["n"] == 5
        assert jobs.finish_joint(tx, pulled, "again", proof(2), seats_of(pulled)) == 0


def test_a_slot_serves_one_joint_proof(database):
    put(database, 16)
    first, second = pull(database, {"r": 8}), pull(database, {"r": 8})
    assert len(first) == len(second) == 8
    with database.write() as tx:
        assert jobs.finish_joint(tx, first, "a", proof(5), seats_of(first)) == 8
    with pytest.raises(Exception) as raised:
        with database.write() as tx:
            jobs.finish_joint(tx, second, "b", proof(5), seats_of(second))
    assert jobs.is_used_twice(raised.value)
    with database.read() as tx:
        assert {row["state"] for row in tx.all("SELECT state FROM job WHERE joint IS NULL AND kind = 'predict'")} == {"leased"}
        assert tx.one("SELECT count(*) AS n FROM blob")["n"] == 8


@pytest.mark.parametrize("version", [1, 2])
def test_tables_of_versions_before_are_brought_up_to_date(tmp_path, version):
    path = str(tmp_path / "old.db")
    old = Database(path)
    with old.write() as tx:
        for since, table, column in ((2, "model", "seats"), (2, "job", "joint"), (2, "member", "seat_ref"), (3, "job", "trace"), (3, "outbox", "trace")):
            if version < since:
                tx.run(f"ALTER TABLE {table} DROP COLUMN {column}")
        tx.run("UPDATE meta SET value = ? WHERE name = 'schema'", str(version))
        tx.run("INSERT INTO job(id, kind, model_root, state, created, not_before) VALUES('a', 'predict', 'r', 'queued', 0, 0)")
    new = Database(path)
    with new.read() as tx:
        assert tx.one("SELECT joint, bucket, trace FROM job WHERE id = 'a'") == {"joint": None, "bucket": 1, "trace": None}
        assert tx.one("SELECT value FROM meta WHERE name = 'schema'")["value"] == str(schema.VERSION)


def test_a_killed_worker_makes_other_seats(service, flowers):
    """Whatever was proven before it died is nobody's; what comes has pads of its own."""
    client = service.client(key_of(service, "eve"))
    with held(service):
        answers = [client.predict(flower, wait=False, joint=True) for flower in flowers[:8]]
    time.sleep(0.05)
    for pid in service.children():
        os.kill(pid, signal.SIGKILL)
    assert all(answer.wait().proven for answer in answers)
    with Database(str(pathlib.Path(service.data) / "server.db")).read() as tx:
        slots = tx.all("SELECT serving_key, slot, count(*) AS n FROM job WHERE slot IS NOT NULL GROUP BY serving_key, slot")
    assert slots and all(row["n"] == 1 for row in slots)
