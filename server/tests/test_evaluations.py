# SPDX-License-Identifier: Apache-2.0
"""Evaluations beside a model: the card names those that hold, and gives what a customer checks them with."""

import json
import shutil
import subprocess

import running

import zkinfer


def evaluate(folder, name, *options):
    subprocess.run([running.PROGRAM, "evaluate", folder / "mlp.zkmodel", "--data", folder / "flowers.zkset", "-o", folder / name, *options], check=True, capture_output=True)


def test_the_card_names_what_is_proven(tmp_path):
    folder = running.make_model(tmp_path / "models", budget=16)
    example = running.SOURCE / "examples/mlp"
    (tmp_path / "labels.json").write_text(json.dumps({"input_data": [[n % 3 for n in range(20)]]}))
    build = [running.PROGRAM, "dataset", "build", "-i", example / "calibration.json", "--labels", tmp_path / "labels.json"]
    subprocess.run([*build, "-o", folder / "flowers.zkset"], check=True, capture_output=True)
    evaluate(folder, "mlp.zkeval", "--chunk", "10")
    evaluate(folder, "mlp.matrix.zkeval", "--metric", "confusion")
    evaluate(folder, "other.zkeval")  # of no model of the folder
    evaluate(folder, "mlp.sample.zkeval", "--sample", "8", "--nonce", "5f" * 32)
    changed = bytearray((folder / "mlp.zkeval").read_bytes())
    changed[len(changed) // 2] ^= 1
    (folder / "mlp.changed.zkeval").write_bytes(changed)
    (folder / "mlp.cut.zkeval").write_bytes(changed[:60])
    server = running.Running(folder, tmp_path / "data", "--no-auth")
    try:
        (row,) = json.loads(server.ask("GET", "/v1/models")[2])["data"]
        shown = {one["metric"]: one for one in row["card"]["evaluations"]}
        assert sorted(shown) == ["accuracy", "confusion"] and len(row["card"]["evaluations"]) == 2
        log = server.log.read_text()
        for name in ("mlp.sample.zkeval", "mlp.changed.zkeval", "mlp.cut.zkeval"):
            assert f"not served: {name}: " in log, log
        assert "not served: mlp.zkeval" not in log and "other.zkeval" not in log
        for metric, entry in shown.items():
            at = f"/v1/models/mlp/evaluations/{entry['sha256']}"
            parts = {}
            for part, name in (("evaluation", "x.zkeval"), ("data", "x.zkset"), ("path", None)):
                status, _, parts[part] = server.ask("GET", f"{at}?part={part}")
                assert status == 200
                if name:
                    (tmp_path / name).write_bytes(parts[part])
            checked = zkinfer.verify_evaluation(tmp_path / "x.zkeval", folder / "mlp.zkkey", tmp_path / "x.zkset", path=parts["path"])
            first = checked.figures[0]
            assert (checked.metric, checked.num_rows, checked.data_set) == (metric, entry["rows"], entry["data_set"]) and entry["rows"] == 20
            assert entry["exact"] == f"{first.numerator}/{first.denominator}" and float(entry["value"]) == first.value and entry["weights"] == "certified"
        assert shown["accuracy"]["exact"] == shown["confusion"]["exact"]
        assert server.ask("GET", f"/v1/models/mlp/evaluations/{'0' * 64}")[0] == 404
        assert server.ask("GET", f"/v1/models/mlp/evaluations/{shown['accuracy']['sha256']}?part=key")[0] in (400, 422)
        # What was signed is of the card that names them.
        answer = server.client().predict([5.1, 3.5, 1.4, 0.2], wait=False)
        assert answer.receipt["payload"]["model"]["card_digest"] == row["card_digest"]
    finally:
        server.stop()
    # Without its data set nothing is shown, and the model serves on.
    (folder / "flowers.zkset").unlink()
    shutil.rmtree(tmp_path / "data")
    server = running.Running(folder, tmp_path / "data", "--no-auth")
    try:
        (row,) = json.loads(server.ask("GET", "/v1/models")[2])["data"]
        assert row["card"]["evaluations"] == [] and "is not in the folder" in server.log.read_text()
    finally:
        server.stop()
