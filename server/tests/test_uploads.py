# SPDX-License-Identifier: Apache-2.0
"""A network that somebody brings: what it would cost, what of it cannot be proven, and then its service."""

import base64
import io
import json

import numpy as np
import pytest
import running

import zkinfer
from zkinfer_client import Client


def upload(name, network, calibration, suffix="json"):
    return {"name": name, "files": {"network": {"suffix": "onnx", "base64": base64.b64encode(network).decode()},
                                    "calibration": {"suffix": suffix, "base64": base64.b64encode(calibration).decode()}}}  # fmt: skip


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shop")
    (folder / "models").mkdir()
    path = f"{running.pathlib.Path(running.PROGRAM).parent}:/usr/bin:/bin"
    made = running.Running(folder / "models", folder / "data", "--no-auth", "--price", "0.5 EUR", environment={"PATH": path})
    yield made
    assert made.stop() == 0


EXAMPLE = running.SOURCE / "examples/mlp"


def test_from_a_file_to_a_proven_answer(shop, flowers):
    assert shop.ask("GET", "/readyz")[0] == 503
    status, _, data = shop.ask("POST", "/v1/models", upload("iris", (EXAMPLE / "mlp.onnx").read_bytes(), (EXAMPLE / "calibration.json").read_bytes()))
    draft = json.loads(data)
    assert status == 201 and draft["meets_target"] and draft["estimate"]["seconds_per_proof"] > 0 and draft["estimate"]["price_per_proof"].endswith(" EUR")
    assert [node["op"] for node in draft["nodes"]].count("MatMul") + len(draft["nodes"]) > 1 and draft["parameters"] == 403
    assert json.loads(shop.ask("GET", "/v1/models")[2])["data"] == []
    status, _, data = shop.ask("POST", f"/v1/models/{draft['draft']}/commit", {"inputs": "public:keccak256"})
    model = json.loads(data)
    assert status == 201 and model["id"] == "iris"
    key = zkinfer.VerificationKey(shop.ask("GET", "/v1/models/iris/key")[2], certificate=shop.ask("GET", "/v1/models/iris/certificate")[2])
    assert Client(shop.url, key, shop.keys()).predict(flowers[0]).proven
    assert shop.ask("POST", f"/v1/models/{draft['draft']}/commit", {})[0] == 404
    again = upload("iris", (EXAMPLE / "mlp.onnx").read_bytes(), (EXAMPLE / "calibration.json").read_bytes())
    assert shop.ask("POST", "/v1/models", again)[0] == 409
    listed = json.loads(shop.ask("GET", "/v1/answers")[2])["data"]
    assert listed[0]["job_state"] == "done"
    assert json.loads(shop.ask("GET", f"/v1/answers/{listed[0]['id']}")[2])["payload"]["id"] == listed[0]["id"]


def test_what_cannot_be_proven_is_listed(shop):
    onnx = pytest.importorskip("onnx")
    graph = onnx.helper.make_graph([onnx.helper.make_node("NonZero", ["x"], ["y"])], "g", [onnx.helper.make_tensor_value_info("x", 1, [2, 2])], [onnx.helper.make_tensor_value_info("y", 7, None)])
    numbers = io.BytesIO()
    np.save(numbers, np.ones((4, 2, 2), dtype=np.float32))
    status, _, data = shop.ask("POST", "/v1/models", upload("odd", onnx.helper.make_model(graph).SerializeToString(), numbers.getvalue(), "npy"))
    assert status == 422 and {"NonZero"} <= {part["op"] for part in json.loads(data)["refused"]}, data


@pytest.mark.parametrize("change", [{"name": "../x"}, {"name": "A"}, {"name": 7}, {"files": {}}, {"files": None}])
def test_bad_uploads(shop, change):
    assert shop.ask("POST", "/v1/models", {**upload("good", b"x", b"y"), **change})[0] == 400


@pytest.mark.parametrize(
    "change, said",
    [({"name": "A"}, "all lower case"), ({"files": {"network": {"suffix": "onnx", "base64": ""}}}, "files.calibration is missing: typical inputs"),
     ({"files": {"network": {"suffix": "pt", "base64": ""}, "calibration": {"suffix": "npy", "base64": ""}}}, "files.network.suffix: 'pt'"),
     ({"files": {"network": {"suffix": "onnx", "base64": "~"}, "calibration": {"suffix": "npy", "base64": ""}}}, "base64 expected"), ({"files": []}, "files.network is missing")],
)  # fmt: skip
def test_bad_uploads_are_told_what_is_wrong(shop, change, said):
    status, _, data = shop.ask("POST", "/v1/models", {**upload("good", b"x", b"y"), **change})
    assert status == 400 and said in json.loads(data)["detail"]


def test_a_commitment_takes_nothing_that_it_does_not_know(shop):
    status, _, data = shop.ask("POST", "/v1/models/00000000-0000-0000-0000-000000000000/commit", {"profil": "small"})
    assert status == 400 and "'profil'" in json.loads(data)["detail"]


def test_bytes_that_are_no_network(shop):
    for network in (b"", b"\x08\x07" + b"\xff" * 1000, b"<html>"):
        status, _, data = shop.ask("POST", "/v1/models", upload("bad", network, (EXAMPLE / "calibration.json").read_bytes()))
        assert status == 422 and json.loads(data)["detail"]
    assert shop.ask("POST", "/v1/models/00000000-0000-0000-0000-000000000000/commit", {})[0] == 404
    assert shop.ask("POST", "/v1/models/..%2F..%2Fdata/commit", {})[0] == 404


def test_a_network_that_takes_too_much_ends_alone(models, tmp_path):
    from zkinfer_server.problems import Problem
    from zkinfer_server.uploads import Uploads

    small = Uploads(tmp_path / "drafts", models, seconds=5, memory=100 << 20, price=None)
    body = json.dumps(upload("big", (EXAMPLE / "mlp.onnx").read_bytes(), (EXAMPLE / "calibration.json").read_bytes())).encode()
    with pytest.raises(Problem, match="it took more than"):
        small.draft("t", body)
    assert list((tmp_path / "drafts").iterdir()) == []
