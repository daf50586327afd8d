# SPDX-License-Identifier: Apache-2.0
"""Notices come, signed, at least once, and go nowhere that they must not."""

import base64
import http.server
import json
import threading
import time

import pytest
import running
from test_answers import body

from zkinfer_server import webhooks


class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        data = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append((dict(self.headers), data))
        self.send_response(500 if len(self.server.got) == 1 else 200)
        self.end_headers()

    def log_message(self, *rest):
        pass


def test_a_proof_is_told(models, flowers, tmp_path):
    receiver = http.server.HTTPServer(("127.0.0.1", 0), Receiver)
    receiver.got = []
    threading.Thread(target=receiver.serve_forever, daemon=True).start()
    server = running.Running(models, tmp_path / "data", "--no-auth", "--private-webhooks")
    try:
        status, _, data = server.ask("POST", "/v1/webhooks", {"url": f"http://127.0.0.1:{receiver.server_port}/hook?x=1"})
        made = json.loads(data)
        assert status == 201
        answer = json.loads(server.ask("POST", "/v1/predict", body(flowers[0]))[2])
        end = time.monotonic() + 30
        while len(receiver.got) < 2 and time.monotonic() < end:
            time.sleep(0.05)
        (first, data), (second, again) = receiver.got[:2]  # the first was answered with an error
        assert first["webhook-id"] == second["webhook-id"] and data == again
        secret = base64.b64decode(made["secret"].removeprefix("whsec_"))
        assert second["webhook-signature"] == webhooks.signature(secret, second["webhook-id"], int(second["webhook-timestamp"]), again)
        said = json.loads(again)
        assert said["type"] == "proof.proven" and said["data"]["proof"] == answer["zkinfer"]["receipt"]["payload"]["proof"]["id"]
        assert server.ask("DELETE", f"/v1/webhooks/{made['id']}")[0] == 204
        assert server.ask("DELETE", f"/v1/webhooks/{made['id']}")[0] == 404
    finally:
        server.stop()
        receiver.shutdown()


@pytest.mark.parametrize(
    "url",
    ["http://example.org/", "https://127.0.0.1/", "https://localhost/", "https://10.1.2.3/", "https://192.168.0.1/", "https://169.254.169.254/latest/meta-data",
     "https://[::1]/", "https://[::ffff:127.0.0.1]/", "https://[fe80::1]/", "https://[fd00::1]/", "https://0.0.0.0/", "https://2130706433/", "https://127.1/",
     "https://u:p@example.org/", "https://[64:ff9b::7f00:1]/", "https://[2002:7f00:1::]/", "https://100.64.0.1/", "https://224.0.0.1/", "file:///etc/passwd", "https:///x", "",
     "https://8.8.8.8/\u00e4", "https://8.8.8.8/a b", "https://8.8.8.8/a\r\nx: y"],
)  # fmt: skip
def test_where_notices_do_not_go(server, url):
    with pytest.raises((webhooks.Refused, OSError, ValueError)):
        webhooks.addresses_of(url, False)
    status, _, data = server.ask("POST", "/v1/webhooks", {"url": url})
    problem = json.loads(data)
    assert status == 422 and problem["title"] == "Notices cannot be sent there" and problem["detail"].startswith("url: ") and "Errno" not in problem["detail"]


@pytest.mark.parametrize("raw", [b"", b"[]", b"{}", b'{"url":7}'])
def test_bad_registrations(server, raw):
    assert server.ask("POST", "/v1/webhooks", raw)[0] == 400
