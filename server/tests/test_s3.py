# SPDX-License-Identifier: Apache-2.0
"""Objects in a bucket: the same as in a folder, whatever the store does, and never a key in what is said."""

import logging
import os
import re
import shutil
import time

import pytest
import running
import s3_fake
from test_answers import body
from test_disk import slots_used

from zkinfer_server import housekeeping
from zkinfer_server.database import Database
from zkinfer_server.objects import FolderStore, StoreUnavailable, Vault

pytest.importorskip("botocore", reason="python3-boto3 is not there (scripts/install_packages.sh server)")
from zkinfer_server import s3  # noqa: E402
from zkinfer_server.s3 import S3Store  # noqa: E402


@pytest.fixture
def fake():
    made = s3_fake.FakeS3()
    yield made
    made.close()


@pytest.fixture
def impatient(monkeypatch):
    """No rest after a failure, and hardly any between attempts."""
    monkeypatch.setattr(s3, "_REST_SECONDS", 0.0)
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda self, context: 0.01)


def store_of(fake, address=f"s3://{s3_fake.BUCKET}/live", **options):
    return S3Store(address, fake.url, {**s3_fake.ENVIRONMENT, **options}, timeout=0.5)


@pytest.fixture(params=["folder", "bucket"])
def store(request, tmp_path, fake):
    return FolderStore(tmp_path / "objects") if request.param == "folder" else store_of(fake)


def test_both_stores_are_one(store):
    store.check()
    assert list(store.every()) == [] and store.problem() is None and store.has_room()
    contents = [bytes([number]) * (number + 1) for number in range(10)] + [b"", os.urandom(1 << 20)]
    refs = [store.put("proofs" if number % 2 else "paths", data) for number, data in enumerate(contents)]
    assert [store.get(ref) for ref in refs] == contents
    assert sorted(store.every()) == sorted(refs) == sorted(store.older_than(-2)) and list(store.older_than(3600)) == []
    assert store.put("proofs", contents[1]) == refs[1]
    store.remove(refs[0])
    store.remove(refs[0])  # what is gone may be removed
    assert store.get(refs[0]) is None and sorted(store.every()) == sorted(refs[1:])
    for bad in ("../../etc/passwd", "proofs/../x", "proofs/" + "0" * 63, "proofs/" + "0" * 64 + "\n"):
        for use in (store.get, store.remove):
            with pytest.raises(ValueError):
                use(bad)


def test_a_vault_over_a_bucket(fake, tmp_path):
    database, vault = Database(str(tmp_path / "server.db")), Vault(bytes(32), store_of(fake))
    ref, sealed = vault.seal("a/input", b"my own" * 100000)
    assert sealed is None and all(b"my own" not in data for data, _ in fake.objects.values())
    with database.write() as tx:
        assert vault.open(tx, ref, "a/input") == b"my own" * 100000
        vault.forget(tx, ref)
        assert vault.open(tx, ref, "a/input") is None


@pytest.mark.parametrize("fault", [(500, "InternalError"), (503, "SlowDown"), (503, "ServiceUnavailable"), "drop", "hang"])
def test_a_fault_or_two_are_nobodys_concern(fake, impatient, fault):
    store = store_of(fake)
    fake.faults = [fault, fault]
    ref = store.put("proofs", b"x" * 1000)
    fake.faults = [fault]
    assert store.get(ref) == b"x" * 1000
    fake.faults = [fault]
    assert list(store.every()) == [ref]
    fake.faults = [fault]
    store.remove(ref)
    assert fake.objects == {} and fake.faults == []


@pytest.mark.parametrize("fault", ["cut", "change"])
def test_bodies_that_break_are_asked_for_again(fake, impatient, fault):
    store = store_of(fake)
    ref = store.put("proofs", b"x" * 100000)
    fake.faults = [fault]
    assert store.get(ref) == b"x" * 100000


def test_other_bytes_are_none(fake, impatient, caplog):
    store = store_of(fake)
    ref = store.put("proofs", b"x")
    key = next(iter(fake.objects))
    fake.objects[key] = (b"y", time.time())
    assert store.get(ref) is None and "holds other bytes" in caplog.text
    # What is too large is not read.
    fake.objects[key] = (bytes(1000), time.time())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(s3, "MOST_BYTES", 999)
        assert store.get(ref) is None and "more than any object of ours" in caplog.text
    # Keys of others in the bucket are nobody's objects.
    fake.objects.update({name: (b"", 0.0) for name in ("live/readme", "live/proofs/ab/cd", "else/proofs/00/" + "0" * 64, "live/proofs/zz/" + "0" * 64)})
    assert list(store.every()) == [ref]


@pytest.mark.parametrize("outage, said", [
    ((500, "InternalError"), "it answers 500 (InternalError) where it should put objects"), ((503, "SlowDown"), "it is overloaded (SlowDown)"),
    ((404, "NoSuchBucket"), "there is no bucket 'proofs'"), ((403, "AccessDenied"), "this access key may not put objects (s3:PutObject) (AccessDenied)"),
    ((301, "PermanentRedirect"), "the bucket is in another region; set AWS_REGION"), ("hang", "it does not answer in time"), ("drop", "it cannot be reached"),
    ("odd", "what answers there is no S3-compatible store"),
])  # fmt: skip
def test_what_stays_wrong_is_said(fake, impatient, outage, said, caplog):
    caplog.set_level(logging.INFO)
    store = store_of(fake)
    fake.outage = outage
    if outage == "odd":  # a PUT's answer is not read
        with pytest.raises(StoreUnavailable, match=re.escape(said)):
            list(store.every())
    else:
        with pytest.raises(StoreUnavailable, match=re.escape(said)) as error:
            store.put("proofs", b"x")
        assert fake.url in str(error.value) and "s3://proofs" in str(error.value)
        for secret in (s3_fake.SECRET, s3_fake.KEY):
            assert secret not in str(error.value) + repr(error.getrepr()) + caplog.text
    assert store.problem() is not None
    fake.outage = None
    assert store.put("proofs", b"x")


def test_nobody_waits_for_a_store_that_did_not_answer(fake):
    store = store_of(fake)
    fake.outage = "drop"
    with pytest.raises(StoreUnavailable):
        store.put("proofs", b"x")
    asked, began = len(fake.asked), time.monotonic()
    for _ in range(100):
        with pytest.raises(StoreUnavailable, match="cannot be reached"):
            store.put("proofs", b"x")
    assert len(fake.asked) == asked and time.monotonic() - began < 1


@pytest.mark.parametrize("denied, said", [("PUT", "s3:PutObject"), ("GET", "s3:GetObject"), ("LIST", "s3:ListBucket"), ("DELETE", "s3:DeleteObject")])
def test_the_start_looks_for_every_permission(fake, denied, said):
    fake.denied = {denied}
    with pytest.raises(StoreUnavailable, match=said):
        store_of(fake).check()


@pytest.mark.parametrize("address, endpoint, environment, said", [
    ("http://x", None, s3_fake.ENVIRONMENT, "expected s3://BUCKET"), ("s3://UPPER", None, s3_fake.ENVIRONMENT, "expected s3://BUCKET"),
    ("s3://proofs/../x", None, s3_fake.ENVIRONMENT, "expected s3://BUCKET"),
    ("s3://proofs", "ftp://x", s3_fake.ENVIRONMENT, "expected http"), ("s3://proofs", "http://name:word@x", s3_fake.ENVIRONMENT, "without names and passwords"),
    ("s3://proofs", None, {}, "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment"), ("s3://proofs", None, {"AWS_ACCESS_KEY_ID": "x"}, "set AWS_SECRET_ACCESS_KEY in"),
])  # fmt: skip
def test_what_is_given_wrongly(address, endpoint, environment, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        S3Store(address, endpoint, environment)


def test_keys_come_from_the_environment_only(fake, tmp_path, monkeypatch):
    files = {"AWS_SHARED_CREDENTIALS_FILE": "credentials", "AWS_CONFIG_FILE": "config"}
    for name, file in files.items():
        (tmp_path / file).write_text(f"[default]\naws_access_key_id={s3_fake.KEY}\naws_secret_access_key={s3_fake.SECRET}\nendpoint_url=http://127.0.0.1:1\n")
        monkeypatch.setenv(name, str(tmp_path / file))
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(ValueError, match="set AWS_ACCESS_KEY_ID"):
        S3Store("s3://proofs", fake.url, {})
    for environment in ({"AWS_SECRET_ACCESS_KEY": "wrong"}, {"AWS_ACCESS_KEY_ID": "another"}):
        with pytest.raises(StoreUnavailable, match="does not know this access key"):
            store_of(fake, **environment).check()
    store_of(fake).check()
    fake.skew = 10000.0
    with pytest.raises(StoreUnavailable, match="clock"):
        store_of(fake).check()


def test_a_service_over_a_bucket(fake, tmp_path, flowers):
    """Answers go on while the store is away, their proofs wait for it, and cost one slot each; a backup has everything."""
    os.environ["PATH"] += f":{running.pathlib.Path(running.PROGRAM).parent}"
    models, data = running.make_model(tmp_path / "models", budget=64), tmp_path / "data"
    where = ["--objects", f"s3://{s3_fake.BUCKET}", "--objects-endpoint", fake.url]
    server = running.Running(models, data, "--no-auth", *where, environment=s3_fake.ENVIRONMENT)
    try:
        first = server.client().predict(flowers[0])
        assert first.proven and len([key for key in fake.objects if key.startswith("proofs/")]) == 1 and not (data / "objects").exists()
        used = slots_used(models)
        fake.outage = (503, "SlowDown")
        waiting = [server.client().predict(flower, wait=False) for flower in flowers[:4]]
        end = time.monotonic() + 60
        while "a proof waits: the object store s3://proofs" not in server.log.read_text():
            assert time.monotonic() < end, server.log.read_text()[-2000:]
            time.sleep(0.1)
        status, _, said = server.ask("GET", "/readyz")
        assert status == 503 and b"overloaded (SlowDown)" in said
        assert server.ask("GET", f"/v1/proofs/{first.receipt['payload']['proof']['id']}/bytes")[0] == 503
        assert slots_used(models) <= used + 2  # of the proof in hand
        fake.outage = None
        assert all(answer.wait().proven for answer in waiting)
        assert slots_used(models) <= used + 5
        database, store = Database(str(data / "server.db")), store_of(fake, f"s3://{s3_fake.BUCKET}")
        orphan = store.put("proofs", b"nobody's")
        assert housekeeping.sweep(database, store, older=-2) >= 1 and store.get(orphan) is None
        headers = {"Idempotency-Key": "before", "X-Nonce": "ef" * 32}
        said = server.ask("POST", "/v1/predict", body(flowers[3]), headers)[2]
        common, kept = ["--data", data, "--models", models, *where], tmp_path / "kept"
        with pytest.MonkeyPatch.context() as patch:
            assert "set AWS_ACCESS_KEY_ID" in running.command("backup", *common, "--to", kept).stderr
            for name, value in s3_fake.ENVIRONMENT.items():
                patch.setenv(name, value)
            made = running.command("backup", *common, "--to", kept)
            assert made.returncode == 0, made.stderr
            server.kill()
            shutil.rmtree(data)
            shutil.rmtree(models)
            fake.objects.clear()
            made = running.command("restore", *common, "--source", kept)
            assert made.returncode == 0, made.stderr
        server = running.Running(models, data, "--no-auth", *where, environment=s3_fake.ENVIRONMENT)
        assert server.ask("POST", "/v1/predict", body(flowers[3]), headers)[2] == said
        proof = first.receipt["payload"]["proof"]["id"]
        assert server.ask("GET", f"/v1/proofs/{proof}/bytes")[2] == first.proof
    finally:
        server.stop()
    log = server.log.read_text()
    assert s3_fake.SECRET not in log and s3_fake.KEY not in log


def test_a_store_that_is_not_there_is_said_at_the_start(fake, tmp_path, models):
    fake.outage = (404, "NoSuchBucket")
    with pytest.raises(RuntimeError, match="zkinfer-server: the object store s3://proofs at .*: there is no bucket 'proofs'"):
        running.Running(models, tmp_path / "data", "--no-auth", "--objects", "s3://proofs", "--objects-endpoint", fake.url, environment=s3_fake.ENVIRONMENT)
