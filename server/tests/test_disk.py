# SPDX-License-Identifier: Apache-2.0
"""A disk that is really full: a small tmpfs, where it may be mounted."""

import json
import os
import subprocess
import time

import pytest
import running
from test_answers import body


@pytest.fixture
def small_disk(tmp_path):
    place = tmp_path / "disk"
    place.mkdir()
    if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=160m", "tmpfs", place], capture_output=True).returncode != 0:
        pytest.skip("no file system may be mounted here")
    yield place
    subprocess.run(["umount", "-l", place], check=True)


def slots_used(models):
    status = subprocess.run([running.PROGRAM, "commitment", "status", models / "mlp.zksecret", "--json"], capture_output=True, check=True)
    return sum(row["used"] for row in json.loads(status.stdout)["commitments"])


def test_a_full_disk_answers_nothing_and_loses_nothing(small_disk, flowers):
    models = running.make_model(small_disk / "models", budget=64)
    server = running.Running(models, small_disk / "data", "--no-auth", "--max-backlog", "1000")
    try:
        assert server.client().predict(flowers[0]).proven
        waiting = [server.client().predict(flower, wait=False) for flower in flowers[:12]]
        filler = open(small_disk / "filler", "wb", buffering=0)
        with pytest.raises(OSError):
            while True:
                filler.write(bytes(1 << 16))
        with pytest.raises(OSError):
            while True:
                filler.write(b"0")
        time.sleep(0.5)
        used = slots_used(models)
        assert {server.ask("POST", "/v1/predict", body(flowers[number % 20]))[0] for number in range(20)} == {503}
        assert server.ask("GET", "/readyz")[0] == 503
        time.sleep(2)
        assert slots_used(models) <= used + 8  # of what was being proven, and no more
        filler.close()
        (small_disk / "filler").unlink()
        answer = server.client().predict(flowers[1])
        assert answer.proven and server.ask("GET", "/readyz")[0] == 200
        for late in waiting:
            assert late.wait().proven
    finally:
        server.stop()
