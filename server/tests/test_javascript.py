# SPDX-License-Identifier: Apache-2.0
"""The JavaScript client, where `make web` has built the package: it accepts and refuses what the Python one does."""

import json
import shutil
import subprocess

import numpy as np
import pytest
import running

import zkinfer
from zkinfer_client.canonical import jcs

WEB = running.SOURCE / "build/web"


@pytest.mark.skipif(shutil.which("node") is None or not (WEB / "zkinfer/src/client.js").exists(), reason="there is no build/web/zkinfer: make web")
def test_the_client_of_javascript(server, tmp_path):
    (tmp_path / "keys.json").write_bytes(server.ask("GET", "/.well-known/zkinfer-keys.json")[2])
    check = running.SOURCE / "server/tests/client_check.mjs"
    done = subprocess.run(["node", check, WEB, server.url, server.models, tmp_path / "keys.json"], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    model = zkinfer.Model.load(server.models / "mlp.zkmodel")
    assert np.array_equal(np.array(said["output"], dtype=np.float32), model.run([5.1, 3.5, 1.4, 0.2]).output.ravel())
    assert said["proven"] and said["mode"] == "none"
    assert said["seated"] and max(said["seats"]) >= 8, said["seats"]
    assert jcs(json.loads(said["jcs"])).decode() == said["jcs"]
    wanted = {"other integers": "another answer", "other receipt": "another request", "no receipt": "no receipt", "other proof": "the proof: ", "late": "in time", "not pinned": "not pinned"}
    for name, words in said["refused"].items():
        assert words and wanted.get(name, "receipt") in words, (name, words)
    assert len(said["refused"]) > 12
    assert said["forms"] == 3
    wanted = {
        "keys": "signingKeys: no JSON", "empty keys": "no Ed25519 key", "key text": "'kid' is no public key", "address": "is no address", "option": "there is no 'apikey'", "nothing": "signingKeys",
        "no input": "expected numbers, of 'flower'", "other name": "'flowr', expected numbers, of 'flower'", "a word": "'5.1' is no number", "no number": "'NaN' is no number", "predict option": "there is no 'wiat'",
    }  # fmt: skip
    assert set(said["said"]) == set(wanted)
    for name, words in said["said"].items():
        assert words and wanted[name] in words, (name, words)


@pytest.mark.skipif(shutil.which("chromium") is None or not (WEB / "npm/complete").exists(), reason="there is no Chromium or no build/web/npm: make web")
def test_the_page(models, tmp_path):
    shutil.copytree(models, tmp_path / "models")
    path = f"{running.pathlib.Path(running.PROGRAM).parent}:/usr/bin:/bin"
    server = running.Running(tmp_path / "models", tmp_path / "data", "--no-auth", "--web", WEB, environment={"PATH": path})
    try:
        done = subprocess.run(["node", running.SOURCE / "server/tests/page_check.mjs", WEB, server.url, running.SOURCE / "examples/mlp"], capture_output=True, text=True, timeout=240)
        said = json.loads(done.stdout)
        assert "failed" not in said and said["complaints"] == [], said
        assert said["stale"] is False
        assert "128 bits" in said["asked"] and "403 parameters" in said["draft"]
        assert "script-src 'self'" in server.ask("GET", "/")[1]["Content-Security-Policy"]
        for name in ("/page/..%2Fapp.py", "/web/..%2F..%2FREADME.md", "/page/index", "/web/"):
            assert server.ask("GET", name)[0] == 404
    finally:
        server.stop()
