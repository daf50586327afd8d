# SPDX-License-Identifier: Apache-2.0
"""Answers, receipts, proofs: what a client gets, and what it refuses."""

import base64
import copy
import json
import subprocess
import warnings

import numpy as np
import pytest
import running

import zkinfer
import zkinfer_client
from zkinfer_client import canonical, tensors
from zkinfer_client.receipt import ReceiptError, verify_receipt


def body(flower, **more):
    return {"model": "mlp", "inputs": [{"name": "flower", "shape": [1, 4], "datatype": "FP32", "data": [float(x) for x in flower]}], **more}


def test_an_answer_is_proven_and_checked(server, flowers):
    answer = server.client().predict(flowers[0])
    assert answer.proven and answer.statement.weights == "certified"
    model = zkinfer.Model.load(server.models / "mlp.zkmodel")
    assert np.array_equal(answer.output, model.run(flowers[0]).output)
    assert answer.statement.input_tensors[0].digest == model.input_digest(flowers[0], hash="keccak256")


def test_integers_are_those_of_the_library(models, flowers):
    key, model = zkinfer.VerificationKey.load(models / "mlp.zkkey"), zkinfer.Model.load(models / "mlp.zkmodel")
    info = key.info.input_tensors[0]
    random = np.random.default_rng(3)
    for row in [*flowers, *random.uniform(0, 12, (200, 4)).astype("f4"), *(random.integers(0, 120, (50, 4)) / 10 + 0.05)]:
        data = canonical.canonical_bytes(info, canonical.integers_of(info, row)[0])
        assert zkinfer._native.hash_data(zkinfer._native.TensorHash.sha256, data).hex() == model.input_digest(row)


def test_kserve_json_and_binary_say_the_same(server, flowers):
    status, _, data = server.ask("POST", "/v2/models/mlp/infer", body(flowers[1], id="seven"))
    form, outputs = tensors.parse(data, None, "outputs")
    assert status == 200 and form["id"] == "seven" and form["model_name"] == "mlp"
    raw, length = tensors.write({}, {"flower": flowers[1].reshape(1, 4)}, True)
    status, headers, data = server.ask("POST", "/v2/models/mlp/infer", raw, {tensors.BINARY_HEADER: str(length)})
    _, binary = tensors.parse(data, int(headers[tensors.BINARY_HEADER]), "outputs")
    assert status == 200 and np.array_equal(binary["logits"], outputs["logits"])


@pytest.mark.parametrize("switch", [{"prov": False}, {"prove": False, "jonit": True}, {"prove": "no"}, ["prove"]])
def test_switches_that_are_none_are_refused(server, flowers, switch):
    status, _, data = server.ask("POST", "/v1/predict", body(flowers[0], zkinfer=switch))
    assert status == 400 and "prove, joint" in json.loads(data)["detail"]


def test_what_a_client_is_given_wrongly_is_said_at_once(server, models, flowers, tmp_path):
    keys = tmp_path / "keys.json"
    keys.write_bytes(server.ask("GET", "/.well-known/zkinfer-keys.json")[2])
    # A file of an API key ends in a line break.
    assert zkinfer_client.Client(server.url, models / "mlp.zkkey", keys, api_key="zki_a_b\n").predict(flowers[0], prove=False).output.shape == (1, 3)
    (tmp_path / "empty.json").write_text("{}")
    for wrong, said in ((models / "mlp.zkkey", "is no JSON, expected the JWK set"), (tmp_path / "empty.json", "has no Ed25519 key")):
        with pytest.raises(ValueError, match=said):
            zkinfer_client.Client(server.url, models / "mlp.zkkey", wrong)
    with pytest.raises(ValueError, match="api_key: expected one word"):
        zkinfer_client.Client(server.url, models / "mlp.zkkey", keys, api_key="zki_a b")
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        with pytest.raises(ValueError, match="no finite number"):
            server.client().predict([float("nan"), 3.5, 1.4, 0.2])


def test_prefer_wait_gives_the_proof_with_the_answer(server, flowers):
    status, _, data = server.ask("POST", "/v1/predict", body(flowers[2]), {"Prefer": "respond-async, wait=30"})
    extension = json.loads(data)["zkinfer"]
    assert status == 200 and extension["proof"]["state"] == "proven" and extension["receipt"]["payload"]["proof"]["mode"] == "wait"
    assert len(server.ask("GET", f"/v1/proofs/{extension['proof']['id']}/bytes")[2]) == extension["proof"]["bytes"]


def test_events_end_with_the_proof(server, flowers):
    answer = server.client().predict(flowers[3], wait=False)
    text = server.ask("GET", f"/v1/proofs/{answer.receipt['payload']['proof']['id']}/events")[2].decode()
    assert text.rstrip().splitlines()[-2] == "event: proven"
    again = server.ask("GET", f"/v1/proofs/{answer.receipt['payload']['proof']['id']}/events", headers={"Last-Event-ID": "proven"})[2]
    assert again == b""


def test_the_same_request_has_one_answer(server, flowers):
    headers = {"Idempotency-Key": "order-17", "X-Nonce": "ab" * 32}
    first = json.loads(server.ask("POST", "/v1/predict", body(flowers[4]), headers)[2])
    status, got, data = server.ask("POST", "/v1/predict", body(flowers[4]), headers)
    assert status == 200 and got["Idempotent-Replayed"] == "true" and json.loads(data)["zkinfer"]["receipt"] == first["zkinfer"]["receipt"]
    assert json.loads(data)["outputs"] == first["outputs"]
    status, _, data = server.ask("POST", "/v1/predict", body(flowers[5]), headers)
    assert status == 409 and json.loads(data)["type"] == "urn:zkinfer:problem:idempotency"


def test_without_a_proof_there_is_a_receipt(server, flowers):
    answer = server.client().predict(flowers[6], prove=False)
    assert not answer.proven and answer.receipt["payload"]["proof"]["mode"] == "none"
    assert server.ask("GET", f"/v1/proofs/{answer.receipt['payload']['proof']['id']}")[0] == 404


@pytest.mark.parametrize(
    "change, status",
    [
        (lambda b: b.pop("inputs"), 400),
        (lambda b: b.update(model="other"), 404),
        (lambda b: b["inputs"][0].update(shape=[4, 1, 2]), 400),
        (lambda b: b["inputs"][0].update(data=[1, 2, 3]), 400),
        (lambda b: b["inputs"][0].update(data=[1, 2, 3, 1e9]), 422),
        (lambda b: b["inputs"][0].update(data=["1", 2, 3, 4]), 400),
        (lambda b: b["inputs"][0].update(data=[[[1]], 2, 3, 4]), 400),
        (lambda b: b["inputs"][0].update(datatype="INT8", data=[1, 2, 3, 300]), 400),
        (lambda b: b["inputs"][0].update(name="x"), 400),
        (lambda b: b["inputs"].append(b["inputs"][0]), 400),
        (lambda b: b.update(zkinfer={"prove": "no"}), 400),
    ],
)
def test_bad_requests_say_what_is_wrong(server, flowers, change, status):
    request = body(flowers[0])
    change(request)
    got, headers, data = server.ask("POST", "/v1/predict", request)
    problem = json.loads(data)
    assert got == status and headers["Content-Type"] == "application/problem+json" and problem["status"] == status and problem["detail"]


@pytest.mark.parametrize("raw, headers", [(b"", {}), (b"[" * 60000, {}), (b"\xff\xfe", {}), (b"{}", {tensors.BINARY_HEADER: "99"}), (b'{"inputs":[]}x', {tensors.BINARY_HEADER: "13"})])
def test_bodies_that_are_none(server, raw, headers):
    assert server.ask("POST", "/v2/models/mlp/infer", raw, headers)[0] == 400


def liar(server, flowers, change, number=7):
    """A client whose service changes what it says."""
    client = server.client()
    send = client._connection.send

    def changed(method, path, *rest, **more):
        status, headers, data = send(method, path, *rest, **more)
        return change(path, status, headers, data)

    client._connection.send = changed
    return lambda **options: client.predict(flowers[number], **options)


def in_answer(change):
    def apply(path, status, headers, data):
        if path != "/v1/predict":
            return status, headers, data
        form, reals = tensors.parse(data, int(headers[tensors.BINARY_HEADER]), "outputs")
        form.pop("outputs")
        change(form, reals)
        data, length = tensors.write(form, reals, True, "outputs")
        return status, {tensors.BINARY_HEADER: str(length)}, data

    return apply


def other_output(form, reals):
    integers = np.frombuffer(base64.b64decode(form["zkinfer"]["integers"]["logits"]), "<i8") + 1
    form["zkinfer"]["integers"]["logits"] = base64.b64encode(integers.tobytes()).decode()


@pytest.mark.parametrize(
    "change, says",
    [
        (lambda form, reals: reals.update(logits=reals["logits"] + 1), "not what its integers say"),
        (other_output, "another answer|not what its integers say"),
        (lambda form, reals: form["zkinfer"]["receipt"]["payload"].update(nonce_hash="0" * 64), "signature"),
        (lambda form, reals: form["zkinfer"].pop("receipt"), "receipt"),
        (lambda form, reals: form["zkinfer"]["integers"].clear(), "lacks"),
    ],
)
def test_a_client_refuses_changed_answers(server, flowers, change, says):
    with pytest.raises(zkinfer_client.Refused, match=says):
        liar(server, flowers, in_answer(change))()


def test_a_client_refuses_the_answer_to_another_request(server, flowers):
    first = []

    def replay(path, status, headers, data):
        if path == "/v1/predict":
            first.append((status, headers, data))
            return first[0]
        return status, headers, data

    ask = liar(server, flowers, replay)
    ask()
    with pytest.raises(zkinfer_client.Refused, match="another request"):
        ask()


def test_a_client_refuses_the_proof_of_another_answer(server, flowers):
    other = server.client().predict(flowers[7])
    swap = lambda path, status, headers, data: (status, headers, other.proof if path.endswith("/bytes") else data)  # noqa: E731
    with pytest.raises(zkinfer_client.Refused, match="the proof: "):
        liar(server, flowers, swap)()


def test_a_client_does_not_wait_for_ever(server, flowers):
    late = lambda path, status, headers, data: (status, headers, b'{"state":"queued"}' if path.startswith("/v1/proofs") else data)  # noqa: E731
    with pytest.raises(zkinfer_client.Refused, match="no proof by"):
        liar(server, flowers, late)(timeout=0.3)


def test_a_client_refuses_keys_that_are_not_pinned(server, flowers):
    client = zkinfer_client.Client(server.url, server.models / "mlp.zkkey", {"other": bytes(32)})
    with pytest.raises(zkinfer_client.Refused, match="not pinned"):
        client.predict(flowers[0])


def test_every_field_of_a_receipt_is_signed(server, flowers):
    receipt, keys = server.client().predict(flowers[8], wait=False).receipt, server.keys()
    verify_receipt(receipt, keys)

    def fields(form, path=()):
        for name, value in form.items():
            yield from fields(value, (*path, name)) if isinstance(value, dict) else [(*path, name)]

    for path in fields(receipt["payload"]):
        changed = copy.deepcopy(receipt)
        place = changed["payload"]
        for name in path[:-1]:
            place = place[name]
        place[path[-1]] = place[path[-1]] + (1 if isinstance(place[path[-1]], int) else "0")
        with pytest.raises(ReceiptError):
            verify_receipt(changed, keys)
    for extra in ({**receipt["payload"], "note": "x"}, {k: v for k, v in receipt["payload"].items() if k != "iat"}):
        with pytest.raises(ReceiptError):
            verify_receipt({**receipt, "payload": extra}, keys)


def test_receipts_are_checked_without_the_client(server, flowers, tmp_path):
    answer = server.client().predict(flowers[9])
    answer.save(tmp_path)
    (tmp_path / "keys.json").write_bytes(server.ask("GET", "/.well-known/zkinfer-keys.json")[2])
    common = [tmp_path / "receipt.json", "--keys", tmp_path / "keys.json"]
    assert running.command("receipt", "verify", *common).returncode == 0
    asking = ["receipt", "audit", *common, "--key", server.models / "mlp.zkkey", "--url", server.url]
    assert running.command(*asking).returncode == 2  # the proof holds a hash of its input
    (tmp_path / "other.bin").write_bytes(bytes(4))
    assert running.command(*asking, "--input-data", tmp_path / "other.bin").returncode == 1
    verified = [running.PROGRAM, "verify", tmp_path / "answer.zkproof", "--key", server.models / "mlp.zkkey", "--input-data", tmp_path / "flower.bin"]
    assert subprocess.run(verified, capture_output=True).returncode == 0
    asking += ["--input-data", tmp_path / "flower.bin"]
    audited = running.command(*asking)
    assert audited.returncode == 0 and "proven:" in audited.stdout
    unproven = server.client().predict(flowers[9], prove=False).receipt
    (tmp_path / "receipt.json").write_text(json.dumps(unproven))
    audited = running.command(*asking)
    assert audited.returncode == 1 and "state 'unknown'" in audited.stdout
    unproven["payload"]["iss"] = "other"
    (tmp_path / "receipt.json").write_text(json.dumps(unproven))
    assert running.command("receipt", "verify", *common).returncode == 1


def test_what_everybody_may_ask(server):
    listed = json.loads(server.ask("GET", "/v1/models")[2])["data"]
    assert [row["id"] for row in listed] == ["mlp"] and listed[0]["proofs_left"] > 0
    assert canonical.sha256(canonical.jcs(listed[0]["card"])).hex() == listed[0]["card_digest"]
    key = zkinfer.VerificationKey(server.ask("GET", "/v1/models/mlp/key")[2], certificate=server.ask("GET", "/v1/models/mlp/certificate")[2])
    assert key.identity == listed[0]["root"]
    assert server.ask("GET", "/healthz")[0] == server.ask("GET", "/readyz")[0] == server.ask("GET", "/v2/health/ready")[0] == 200
    assert b"zkinfer_answer_seconds_bucket" in server.ask("GET", "/metrics")[2]
    paths = json.loads(server.ask("GET", "/openapi.json")[2])["paths"]
    assert "/v1/predict" in paths and "requestBody" in paths["/v1/predict"]["post"]
    for path in ("/v1/models/none", "/v1/nothing", "/v1/proofs/none/bytes"):
        status, headers, _ = server.ask("GET", path)
        assert status == 404 and headers["Content-Type"] == "application/problem+json"
