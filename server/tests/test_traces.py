# SPDX-License-Identifier: Apache-2.0
"""Traces reach a collector as OTLP has them, and a collector that is away, slow or odd costs nobody anything but spans."""

import http.server
import json
import socket
import threading
import time

import pytest
import running
from test_answers import body

from zkinfer_server import tracing

PARENT = "00-" + "ab" * 16 + "-" + "cd" * 8 + "-01"


class Collector(http.server.ThreadingHTTPServer):
    """answers: of the posts to come, status and body; then 200."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.spans, self.headers, self.answers = [], [], []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def wait_for(self, names, trace=None, seconds=30):
        """The spans by name, once all of these are there."""
        end = time.monotonic() + seconds
        while True:
            found = {span["name"]: span for span in list(self.spans) if trace in (None, span["traceId"])}
            if set(names) <= set(found):
                return found
            assert time.monotonic() < end, sorted(found)
            time.sleep(0.05)


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        data = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        status, said = self.server.answers.pop(0) if self.server.answers else (200, b"{}")
        assert self.path == "/v1/traces" and self.headers["Content-Type"] == "application/json"
        self.server.headers.append(dict(self.headers))
        if status == 200:
            for resource in data["resourceSpans"]:
                names = {row["key"]: row["value"]["stringValue"] for row in resource["resource"]["attributes"]}
                assert names["service.name"] == "zkinfer-server"
                self.server.spans += [{**span, "process": names["service.instance.id"]} for scope in resource["scopeSpans"] for span in scope["spans"]]
        self.send_response(status)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, *rest):
        pass


@pytest.fixture
def collector():
    made = Collector()
    yield made
    made.shutdown()
    made.server_close()


@pytest.fixture
def fast(monkeypatch):
    monkeypatch.setattr(tracing, "_EVERY_SECONDS", 0.02)
    yield
    tracing.start(None, "test")


@pytest.mark.parametrize("header, found", [
    (PARENT, tracing.Parent("ab" * 16, "cd" * 8, True)), (PARENT[:-1] + "0", tracing.Parent("ab" * 16, "cd" * 8, False)), ("01" + PARENT[2:] + "-more", tracing.Parent("ab" * 16, "cd" * 8, True)),
    (None, None), ("", None), ("ff" + PARENT[2:], None), (PARENT + "-more", None), (PARENT.upper(), None), (PARENT.replace("ab", "00"), None), (PARENT.replace("cd", "00"), None), (PARENT + "\n", None),
])  # fmt: skip
def test_what_a_traceparent_is(header, found):
    assert tracing.parent_of(header) == found


def test_a_request_and_its_proof_are_one_trace(collector, models, flowers, tmp_path):
    told = http.server.HTTPServer(("127.0.0.1", 0), _Told)
    told.got = []
    threading.Thread(target=told.serve_forever, daemon=True).start()
    environment = {"OTEL_EXPORTER_OTLP_HEADERS": "Authorization=Bearer%20a-secret"}
    server = running.Running(models, tmp_path / "data", "--no-auth", "--private-webhooks", "--traces", collector.url, environment=environment)
    try:
        assert server.ask("POST", "/v1/webhooks", {"url": f"http://127.0.0.1:{told.server_port}/"})[0] == 201
        sent = time.time_ns()
        answer = json.loads(server.ask("POST", "/v1/predict", body(flowers[0]), {"traceparent": PARENT})[2])
        proof = answer["zkinfer"]["receipt"]["payload"]["proof"]["id"]
        spans = collector.wait_for(["POST /v1/predict", "infer", "commit", "queue", "proof", "prove", "verify", "store", "publish"], "ab" * 16)
        request, made = spans["POST /v1/predict"], spans["proof"]
        assert request["parentSpanId"] == "cd" * 8 and request["kind"] == 2 and request["process"] == "front"
        assert {"key": "http.response.status_code", "value": {"intValue": "200"}} in request["attributes"]
        for name in ("infer", "commit", "queue", "proof"):
            assert spans[name]["parentSpanId"] == request["spanId"], name
        for name in ("prove", "verify", "store", "publish"):
            assert spans[name]["parentSpanId"] == made["spanId"] and spans[name]["process"] != "front", name
        order = [int(spans[name][end]) for name, end in (("POST /v1/predict", "startTimeUnixNano"), ("queue", "endTimeUnixNano"), ("prove", "startTimeUnixNano"), ("verify", "startTimeUnixNano"), ("publish", "endTimeUnixNano"))]
        assert order == sorted(order) and order[0] >= sent and order[-1] <= time.time_ns() and all("status" not in span for span in spans.values())
        assert proof not in json.dumps(collector.spans)  # by it anybody could fetch the proof
        # Those that come with nothing begin a trace of their own; those that say that they are not sampled are not.
        server.ask("POST", "/v1/predict", body(flowers[1]), {"traceparent": PARENT[:-1] + "0"})
        server.ask("POST", "/v1/predict", {"model": "nobody's"}, {"traceparent": "nonsense"})
        end = time.monotonic() + 30
        while not any(span["traceId"] != "ab" * 16 and {"key": "http.response.status_code", "value": {"intValue": "400"}} in span["attributes"] for span in collector.spans):
            assert time.monotonic() < end
            time.sleep(0.05)
        assert sum(span["name"] == "POST /v1/predict" and span["traceId"] == "ab" * 16 for span in collector.spans) == 1
        # Notices name the request's span.
        while len(told.got) < 2:
            assert time.monotonic() < end
            time.sleep(0.05)
        assert told.got[0] == f"00-{'ab' * 16}-{request['spanId']}-01" and told.got[1].endswith("-00")
        assert all(headers["Authorization"] == "Bearer a-secret" for headers in collector.headers)
        metrics = server.ask("GET", "/metrics")[2].decode()
        assert 'zkinfer_trace_spans_total{outcome="dropped",process="front"} 0.0' in metrics and "a-secret" not in server.log.read_text()
    finally:
        assert server.stop() == 0
        told.shutdown()


class _Told(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append(self.headers.get("traceparent"))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *rest):
        pass


def test_joint_proofs_are_in_each_request_s_trace(collector, models, flowers, tmp_path):
    server = running.Running(models, tmp_path / "data", "--no-auth", "--traces", collector.url)
    try:
        server.client().predict(flowers[0])
        with running.held(server):
            for number in range(8):
                parent = f"00-{number + 1:032x}-{'cd' * 8}-01"
                assert server.ask("POST", "/v1/predict", {**body(flowers[number]), "zkinfer": {"joint": True}}, {"traceparent": parent})[0] == 200
        for number in range(8):
            spans = collector.wait_for(["queue", "proof", "prove", "store"], f"{number + 1:032x}")
        assert any({"key": "zkinfer.seats", "value": {"intValue": "8"}} in span["attributes"] for span in collector.spans), spans["proof"]
    finally:
        server.stop()


@pytest.mark.parametrize("away", ["refused", "silent"])
def test_nobody_waits_for_a_collector(models, flowers, tmp_path, away):
    """One that is not there, and one that takes connections and says nothing."""
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    if away == "refused":
        listener.close()
    server = running.Running(models, tmp_path / "data", "--no-auth", "--traces", f"http://127.0.0.1:{port}")
    try:
        answers = [server.client().predict(flower, wait=False) for flower in flowers[:5]]
        assert all(answer.wait().proven for answer in answers)
        assert server.ask("GET", "/readyz")[0] == 200
        end = time.monotonic() + 60
        while away == "refused" and 'outcome="dropped",process="front"} 0.0' in server.ask("GET", "/metrics")[2].decode():
            assert time.monotonic() < end
            time.sleep(0.2)
        assert away == "silent" or "traces: " in server.log.read_text()
        begun = time.monotonic()
        assert server.stop() == 0 and time.monotonic() - begun < 15
    finally:
        listener.close()


def test_what_a_collector_does_not_take_is_counted(collector, fast, caplog):
    tracer = tracing.start(collector.url, "test")

    def send(count=1):
        before = tracer.sent + tracer.dropped
        for _ in range(count):
            with tracing.span("x", tracing.SERVER):
                pass
        end = time.monotonic() + 30
        while tracer.sent + tracer.dropped < before + count:
            assert time.monotonic() < end
            time.sleep(0.01)
        return tracer.sent, tracer.dropped

    assert send() == (1, 0)
    collector.answers = [(503, b"")]  # later again
    assert send() == (2, 0)
    collector.answers = [(400, b"no")]  # never again
    assert send() == (2, 1) and "the collector answers 400" in caplog.text
    collector.answers = [(200, b'{"partialSuccess": {"rejectedSpans": "1"}}')]
    assert send() == (2, 2)
    for said in (b"", b"[", b"[]", b'{"partialSuccess": 7}', b"\xff" * 100000):
        collector.answers = [(200, said)]
        sent, dropped = send()
        assert dropped == 2
    # A queue that is full takes no more, and nobody waits.
    collector.answers = [(503, b"")] * 2
    begun = time.monotonic()
    for _ in range(10000):
        with tracing.span("x", tracing.SERVER):
            pass
    assert time.monotonic() - begun < 5
    end = time.monotonic() + 30
    while tracer.sent + tracer.dropped < 10000 + sent + dropped:
        assert time.monotonic() < end
        time.sleep(0.01)
    assert tracer.dropped > dropped
    tracer.close()


def test_errors_and_shares(collector, fast):
    tracer = tracing.start(collector.url, "test", 0.0)
    with tracing.span("none", tracing.SERVER):
        pass
    with pytest.raises(KeyError), tracing.span("some", tracing.SERVER, PARENT), tracing.steps() as taken:
        with tracing.step("prove"):
            raise KeyError
    tracing.proof(PARENT, 1.0, 2 * 10**9, taken, seats=1)
    spans = collector.wait_for(["some", "queue", "proof", "prove"])
    assert "none" not in spans and spans["some"]["status"] == spans["prove"]["status"] == spans["proof"]["status"] == {"code": 2, "message": "KeyError"}
    assert (spans["queue"]["startTimeUnixNano"], spans["queue"]["endTimeUnixNano"]) == ("1000000000", "2000000000")
    tracer.close()


@pytest.mark.parametrize("url", ["collector:4318", "ftp://x", "http://name:word@x", "http://", "http://x:0x1", "http://x?y"])
def test_addresses_that_are_none(url):
    with pytest.raises(ValueError, match="--traces") as error:
        tracing.Tracer(url, "test")
    assert "word@" not in str(error.value)


def test_headers_that_are_none():
    with pytest.raises(ValueError, match="OTEL_EXPORTER_OTLP_HEADERS") as error:
        tracing.Tracer("http://127.0.0.1:1", "test", environment={"OTEL_EXPORTER_OTLP_HEADERS": "a-secret"})
    assert "a-secret" not in str(error.value)
