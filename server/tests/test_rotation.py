# SPDX-License-Identifier: Apache-2.0
"""Commitments follow one another below the root: before a proof needs the next one, and where one needs it."""

import json
import subprocess
import time

import pytest
import running


@pytest.mark.parametrize("ahead", [True, False])
def test_commitments_follow(tmp_path, flowers, ahead):
    models = running.make_model(tmp_path / "models", budget=16)
    folder = str(running.pathlib.Path(running.PROGRAM).parent)
    server = running.Running(models, tmp_path / "data", "--no-auth", environment={"PATH": (folder + ":" if ahead else "") + "/usr/bin:/bin"})
    try:
        client = server.client()
        if ahead:
            for flower in flowers[:11]:
                client.predict(flower)
            end = time.monotonic() + 60
            while time.monotonic() < end and "the next commitment is made" not in server.log.read_text():
                time.sleep(0.2)
            status = json.loads(subprocess.run([running.PROGRAM, "commitment", "status", models / "mlp.zksecret", "--json"], capture_output=True, check=True).stdout)
            assert sum(row["role"] == "serving" for row in status["commitments"]) == 2
            time.sleep(11)  # and then no other one, as long as it lasts
            assert server.log.read_text().count("the next commitment is made") == 1
        answers = [client.predict(flowers[i % 20], wait=False) for i in range(24)]
        served = {answer.wait().statement.serving_identity for answer in answers}
        assert len(served) >= 2
    finally:
        assert server.stop() == 0
