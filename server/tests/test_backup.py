# SPDX-License-Identifier: Apache-2.0
"""A machine is lost, its service comes back: the same answers, and no slot twice."""

import json
import os
import shutil
import time

import running
from test_answers import body

from zkinfer_server import housekeeping
from zkinfer_server.database import Database
from zkinfer_server.objects import FolderStore, Vault


def test_a_service_comes_back(tmp_path, flowers):
    os.environ["PATH"] += f":{running.pathlib.Path(running.PROGRAM).parent}"
    models, data, kept = running.make_model(tmp_path / "models", budget=64), tmp_path / "data", tmp_path / "kept"
    server = running.Running(models, data, "--no-auth")
    common = ["--data", data, "--models", models]
    keys = server.keys()
    before = [server.client().predict(flower) for flower in flowers[:3]]
    headers = {"Idempotency-Key": "before", "X-Nonce": "ef" * 32}
    said = server.ask("POST", "/v1/predict", body(flowers[3]), headers)[2]
    made = running.command("backup", *common, "--to", kept)
    assert made.returncode == 0, made.stderr
    assert running.command("backup", *common, "--to", kept).returncode == 2  # never over another one
    assert not list(kept.rglob("*.zksecret")) and all(path.stat().st_mode & 0o077 == 0 for path in (kept / "secrets").rglob("*") if path.suffix in (".pem", ".key"))
    after = [server.client().predict(flower) for flower in flowers[:3]]  # which the backup does not know
    server.kill()
    assert running.command("restore", *common, "--source", kept).returncode == 2  # what is not lost is not restored
    shutil.rmtree(data)
    shutil.rmtree(models)
    restored = running.command("restore", *common, "--source", kept)
    assert restored.returncode == 0, restored.stderr
    server = running.Running(models, data, "--no-auth")
    try:
        assert server.keys() == keys
        assert server.ask("POST", "/v1/predict", body(flowers[3]), headers)[2] == said
        again = [server.client().predict(flower) for flower in flowers[:3]]
        used = {(a.statement.serving_identity, a.statement.slot) for a in before + after}
        fresh = {(a.statement.serving_identity, a.statement.slot) for a in again}
        assert not used & fresh and not {identity for identity, _ in used} & {identity for identity, _ in fresh}
        assert running.command("audit", "verify", "--data", data).returncode == 0
    finally:
        server.stop()


def test_what_is_over_is_removed(server, flowers, tmp_path):
    headers = {"Idempotency-Key": "old", "X-Nonce": "aa" * 32}
    assert server.ask("POST", "/v1/predict", body(flowers[0]), {**headers, "Prefer": "wait=30"})[0] == 200
    database, store = Database(str(server.data / "server.db")), FolderStore(server.data / "objects")
    vault = Vault((server.data / "secrets/storage.key").read_bytes(), store)
    orphan = store.put("proofs", b"nobody's")
    with database.read() as tx:
        named = tx.all("SELECT proof_ref, path_ref FROM job WHERE state = 'done'")
    assert housekeeping.sweep(database, store, older=3600) == 0
    assert housekeeping.sweep(database, store, older=-1) >= 1 and store.get(orphan) is None
    assert all(store.get(row["proof_ref"]) and store.get(row["path_ref"]) for row in named)
    assert housekeeping.forget_old(database, vault, 3600) == 0
    assert housekeeping.forget_old(database, vault, -1) >= 1
    assert server.ask("POST", "/v1/predict", body(flowers[0]), {**headers, "Prefer": "wait=30"})[0] == 410


def test_a_copy_on_the_same_machine_proves_nothing(tmp_path, flowers):
    """Its promises stay open instead of failing, until somebody has looked."""
    models, state = running.make_model(tmp_path / "models", budget=64), {"XDG_STATE_HOME": str(tmp_path / "state")}
    shutil.copytree(models, tmp_path / "copied")
    first = running.Running(models, tmp_path / "first", "--no-auth", environment=state)
    try:
        first.client().predict(flowers[0])
    finally:
        assert first.stop() == 0
    second = running.Running(tmp_path / "copied", tmp_path / "second", "--no-auth", environment=state)
    try:
        promised = json.loads(second.ask("POST", "/v1/predict", body(flowers[1]), {"X-Nonce": "ab" * 32})[2])
        proof = promised["zkinfer"]["receipt"]["payload"]["proof"]["id"]
        end = time.monotonic() + 60
        while "is a copy: " not in second.log.read_text():
            assert time.monotonic() < end, second.log.read_text()[-2000:]
            time.sleep(0.05)
        assert json.loads(second.ask("GET", f"/v1/proofs/{proof}", None, {})[2])["state"] not in ("proven", "failed")
    finally:
        second.stop()
