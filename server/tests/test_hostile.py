# SPDX-License-Identifier: Apache-2.0
"""Requests that nobody means well: each is refused in the words of the interface, and delays nobody else."""

import asyncio
import base64
import http.client
import json
import threading
import time
import types

import pytest
import running
from running import held, key_of
from test_answers import body
from test_uploads import EXAMPLE, shop, upload  # noqa: F401

from zkinfer_client import strict
from zkinfer_server import api_keys, language, uploads, webhooks
from zkinfer_server.database import Database
from zkinfer_server.objects import FolderStore
from zkinfer_server.problems import Problem
from zkinfer_server.worker import ProvenModel


def raw(server, method, path, data, headers):
    """Status and body of a request whose headers are bytes as they are."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.putrequest(method, path, skip_accept_encoding=True)
    for name, value in {"Content-Length": str(len(data)), **headers}.items():
        connection.putheader(name, value)
    connection.endheaders(data)
    response = connection.getresponse()
    return response.status, response.read()


HALF = b'"\\ud800"'


@pytest.mark.parametrize("path", ["/v1/predict", "/v2/models/mlp/infer", "/v1/completions", "/v1/chat/completions", "/v1/embeddings", "/v1/models", "/v1/webhooks"])
@pytest.mark.parametrize(
    "data",
    [b'{"model":%s,"inputs":[]}' % HALF, b'{%s:1}' % HALF, b'{"model":"mlp","zkinfer":{"a":[%s]},"inputs":[]}' % HALF, b'{"model":"\xed\xa0\x80"}', b'{"model":"\xff"}', b"{\"model\":NaN}",
     b'{"model":"mlp","inputs":[{"name":"flower","shape":[1,4],"datatype":"FP32","data":[NaN,1,1,1]}]}', b'{"url":%s}' % HALF, b'{"model":"mlp","temperature":Infinity}',
     b'{"model":"mlp","max_tokens":' + b"9" * 5000 + b"}", b"[" * 60000, b'{"model":' + b"9" * 5000 + b"}", b'{"name":"a\\n","files":{}}'],
)  # fmt: skip
def test_bodies_that_are_no_json(server, path, data):
    status, _, answer = server.ask("POST", path, data)
    assert 400 <= status < 500 and json.loads(answer)["type"].startswith("urn:zkinfer:problem:"), answer


@pytest.mark.parametrize("length", [b"\xb2", b"9" * 5000, b"-1", b"1e3", b"", b"\xd9\xa3", b"+5", b"0x10", b"999999999999"])
def test_lengths_that_are_no_numbers(server, length):
    status, answer = raw(server, "POST", "/v2/models/mlp/infer", b"{}", {"Inference-Header-Content-Length": length})
    assert status == 400 and json.loads(answer)["title"] == "The request cannot be read"


@pytest.mark.parametrize("headers", [{"Prefer": b"wait=\xb2"}, {"Idempotency-Key": b"\xb2"}, {"X-Nonce": b"\xb2" * 64}, {"Last-Event-ID": b"\xff"}, {"Authorization": b"Bearer zki_\xff_\xff"}])
def test_other_headers(server, flowers, headers):
    status, _ = raw(server, "POST", "/v1/predict", json.dumps(body(flowers[0])).encode(), headers)
    assert status in (200, 400)


def test_names_with_what_no_text_has(server):
    for name in ("%ED%A0%80", "%00", "a%0A", "..", "%2e%2e%2fx"):
        for path in (f"/v1/models/{name}", f"/v1/proofs/{name}", f"/v1/proofs/{name}/bytes", f"/v1/proofs/{name}/seat", f"/v1/answers/{name}", f"/v1/models/{name}/key"):
            assert server.ask("GET", path)[0] == 404, path


def test_a_body_is_no_larger_than_the_largest_model_takes(server):
    data = json.dumps({"model": "mlp", "inputs": [], "x": "y" * (1 << 17)}).encode()
    for path in ("/v1/predict", "/v2/models/mlp/infer"):
        assert server.ask("POST", path, data)[0] == 413


def test_json_is_what_the_standard_says():
    assert strict.loads(b'["\\ud83d\\ude00", 1e400]')[0] == "\U0001f600"
    for data in (b"NaN", b"-Infinity", b'"\\udc00"', b'{"\\ud800\\u0041":1}', b'[[{"a":["\\uDBFF"]}]]', b"\xef\xbb\xbf1", b"\xff"):
        with pytest.raises(ValueError):
            strict.loads(data)


@pytest.mark.parametrize("value", ["NaN", "1e999", "-1e999", "true", '"1"', "1" + "0" * 400, "[]"])
@pytest.mark.parametrize("name", ["temperature", "top_p"])
def test_numbers_of_language_models(name, value):
    with pytest.raises(Problem) as raised:
        assert language.TextRequest(b'{"model":"m","%s":%s}' % (name.encode(), value.encode()), {name}).rule is None
    assert raised.value.kind == "bad-request"


@pytest.mark.parametrize(
    "options", [["--rps", "0"], ["--rps", "-1"], ["--queries", "0"], ["--queries", "-5"], ["--scopes", ""], ["--scopes", "predict,,"], ["--tenant", ""], ["--tenant", " "], ["--tenant", "a\nb"]]
)
def test_keys_that_are_none(tmp_path, options):
    made = running.command("keys", "create", "--data", tmp_path / "data", *([] if "--tenant" in options else ["--tenant", "t"]), *options)
    assert made.returncode == 2 and "expected" in made.stderr and made.stdout == ""


def test_a_key_that_allows_nothing_is_no_fault(tmp_path):
    database = Database(str(tmp_path / "server.db"))
    with database.write() as tx:
        _, secret = api_keys.create(tx, "t", ["predict"], 5, None)
        tx.run("UPDATE api_key SET rps = 0")  # as earlier versions made them
    with pytest.raises(Problem) as raised:
        api_keys.ApiKeys(database).check(f"Bearer {secret}")
    assert raised.value.status == 429


@pytest.mark.parametrize("name", ["model", "network"])
def test_models_named_as_our_own_files(shop, flowers, name):  # noqa: F811
    status, _, data = shop.ask("POST", "/v1/models", upload(name, (EXAMPLE / "mlp.onnx").read_bytes(), (EXAMPLE / "calibration.json").read_bytes()))
    assert status == 201, data
    draft = json.loads(data)
    assert draft["estimate"]["processor_seconds_per_proof"] > 0
    assert shop.ask("POST", f"/v1/models/{draft['draft']}/commit", {})[0] == 201
    found = {path.suffix for path in shop.models.glob(f"{name}.*")}
    assert {".zkmodel", ".zkkey", ".zkcert", ".zksecret"} <= found and not found & {".onnx", ".json", ".npy"}
    status, _, data = shop.ask("POST", "/v1/models", upload(name, b"x", b"y"))
    assert status == 409 and json.loads(data)["title"] == "There is one of that name"


def test_what_is_said_of_an_upload_names_no_place_of_ours(shop):  # noqa: F811
    for network, calibration in ((b"", b"{}"), (b"\xff" * 100, b"{}"), ((EXAMPLE / "mlp.onnx").read_bytes(), b"{}"), ((EXAMPLE / "mlp.onnx").read_bytes(), b'{"input_data": [["x"]]}')):
        status, _, data = shop.ask("POST", "/v1/models", upload("bad", network, calibration))
        assert status == 422 and str(shop.data).encode() not in data and b"/drafts" not in data and b"/tmp" not in data, data


@pytest.mark.parametrize("name", ["a\n", "a\r", "\na", "a b", "a\x00"])
def test_names_of_uploads(name):
    with pytest.raises(Problem):
        uploads.decode(json.dumps({"name": name, "files": {w: {"suffix": s, "base64": ""} for w, s in (("network", "onnx"), ("calibration", "npy"))}}).encode())


def test_names_of_objects(tmp_path):
    for ref in ("proofs/" + "0" * 64 + "\n", "proofs/" + "0" * 64 + "/x", "Proofs/" + "0" * 64):
        with pytest.raises(ValueError):
            FolderStore(tmp_path).get(ref)


def test_one_customer_fills_half_of_the_queue_at_most(models, flowers, tmp_path):
    server = running.Running(models, tmp_path / "data", "--max-backlog", "4")
    try:
        ada, bob = (key_of(server, tenant) for tenant in ("ada", "bob"))
        assert server.client(ada).predict(flowers[0]).proven
        with held(server):
            statuses = []
            for _ in range(2000):
                status, headers, data = server.ask("POST", "/v1/predict", body(flowers[0]), token=ada)
                statuses.append(status)
                if status == 429:
                    break
            said = json.loads(data)
            assert statuses[-1] == 429 and int(headers["Retry-After"]) >= 1 and "your answers" in said["detail"] and said["queued"] > 1
            each = 1 / float(said["rate"])  # seconds, to three digits
            assert said["queued"] * each <= 1.02 * (4 / 2 + each)  # also in a burst that is shorter than the time between two measurements
            assert server.ask("POST", "/v1/predict", body(flowers[0]), token=bob)[0] == 200
    finally:
        server.process.kill()
        server.process.wait()


def test_the_first_proof_says_little_of_the_others():
    model = types.SimpleNamespace(seconds=None, _measured=0)
    ProvenModel.took(model, 9.0, 0.1)  # it made a commitment first
    assert model.seconds == 0.1
    for _ in range(3):
        ProvenModel.took(model, 0.2, 0.1)
    assert model.seconds == pytest.approx(0.2)
    for _ in range(100):
        ProvenModel.took(model, 0.5, 0.1)
    assert model.seconds == pytest.approx(0.5, rel=0.01)


def test_slow_receivers_delay_nobody_else(tmp_path, monkeypatch):
    database, came, free = Database(str(tmp_path / "server.db")), [], threading.Event()

    def deliver(url, secret, message_id, data, allow_private, trace):
        if "slow" in url:
            free.wait(20)
        came.append(url)
        return 200

    monkeypatch.setattr(webhooks, "deliver", deliver)
    with database.write() as tx:
        for tenant in ("slow", "quick"):
            name, _ = webhooks.register(tx, tenant, f"https://{tenant}.example/")
            for number in range(20):
                tx.run("INSERT INTO outbox(webhook_id, message_id, payload, next) VALUES(?, ?, '{}', 0)", name, f"{tenant}{number}")
    sender = webhooks.Sender(database, True)
    try:
        end = time.monotonic() + 15
        while len(came) < 20 and time.monotonic() < end:
            time.sleep(0.02)
        assert came == ["https://quick.example/"] * 20
        free.set()
        while len(came) < 40 and time.monotonic() < end:
            time.sleep(0.02)
        assert len(came) == 40
    finally:
        free.set()
        sender.stop()


def test_a_stream_that_nobody_reads_ends():
    """The model stops at the next token, and nothing is kept."""
    said, kept = [], []

    class Model:
        def generate(self, prompt, stream=None, **rest):
            for token in range(100000):
                said.append(token)
                time.sleep(0.001)
                if stream("x") is False:
                    break
            return types.SimpleNamespace(tokens=[1])

    async def run():
        loop = asyncio.get_running_loop()
        service = types.SimpleNamespace(receipt_of=lambda *rest: ("reply", "change"), kept=lambda *rest: kept.append(rest))

        async def computed(function, *arguments):
            return await loop.run_in_executor(None, function, *arguments)

        made = language.Language(types.SimpleNamespace(service=service, computed=computed))
        ask = types.SimpleNamespace(model=types.SimpleNamespace(root="00" * 32, model=Model(), tokenizer=None), nonce=bytes(32))
        asked = language.Generation([1, 2], 5, {})
        shape = types.SimpleNamespace(piece=lambda text, reason: {"text": text})
        pieces = made.stream(ask, asked, shape, None, 0.0)
        assert "x" in await pieces.__anext__()
        await pieces.aclose()
        await asyncio.sleep(0.2)
        count = len(said)
        await asyncio.sleep(0.2)
        assert len(said) == count < 1000 and kept == []

    asyncio.run(run())


def test_answers_come_while_a_large_upload_is_read(shop, flowers):  # noqa: F811
    """Its JSON is not parsed where all others are served."""
    junk = json.dumps(upload("large", base64.b64encode(b"\0" * (20 << 20)), b"{}")).encode()
    thread = threading.Thread(target=lambda: shop.ask("POST", "/v1/models", junk))
    thread.start()
    slowest = 0.0
    while thread.is_alive():
        began = time.monotonic()
        assert shop.ask("GET", "/healthz")[0] == 200
        slowest = max(slowest, time.monotonic() - began)
    thread.join()
    assert slowest < 5
