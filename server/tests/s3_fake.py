# SPDX-License-Identifier: Apache-2.0
"""An S3-compatible store in this process, for tests: one bucket, signatures and checksums looked at, and faults on demand."""

from __future__ import annotations

import base64
import datetime
import hashlib
import hmac
import sys
import threading
import time
import urllib.parse
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Optional
from xml.sax.saxutils import escape

KEY, SECRET = "AKIAZKINFERTEST", "a-secret-that-no-log-may-hold"
BUCKET = "proofs"
ENVIRONMENT = {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_REGION": "eu-central-1"}
_PAGE = 3  # rows of a listing, so that tests see several


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Whoever asked was killed: nobody's concern. A fault of the fake's is shown."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class FakeS3:
    """faults: of the requests to come, one each: a status with a code, or "hang", "cut" (half of a body), "drop" (no answer), "odd" (no XML), "change"
    (other bytes). outage: instead of everything, until it is None."""

    def __init__(self) -> None:
        self.objects: dict[str, tuple[bytes, float]] = {}
        self.faults: list[Any] = []
        self.outage: Any = None
        self.asked: list[str] = []
        self.denied: set[str] = set()
        self.skew = 0.0
        self._server = _Server(("127.0.0.1", 0), type("Handler", (_Handler,), {"store": self}))
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    store: FakeS3
    protocol_version = "HTTP/1.1"

    def log_message(self, *words: Any) -> None:
        pass

    def _handle(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        body = self.rfile.read(length)
        fault = self.store.outage or (self.store.faults.pop(0) if self.store.faults else None)
        self.store.asked.append(f"{self.command} {self.path}")
        if fault == "drop":
            self.connection.close()
            self.close_connection = True
        elif fault == "hang":
            time.sleep(3)
            self.close_connection = True
        elif fault == "odd":
            self._write(200, b"<html><p>welcome", {})
        elif isinstance(fault, tuple):
            self._refuse(*fault)
        else:
            self._answer(body, fault)

    do_GET = do_PUT = do_HEAD = do_DELETE = _handle

    def _answer(self, body: bytes, fault: Optional[str]) -> None:
        problem = self._signature(body)
        if problem is not None:
            return self._refuse(403, problem)
        parts = urllib.parse.urlsplit(self.path)
        bucket, _, key = urllib.parse.unquote(parts.path).lstrip("/").partition("/")
        query = dict(urllib.parse.parse_qsl(parts.query, keep_blank_values=True))
        if bucket != BUCKET:
            return self._refuse(404, "NoSuchBucket")
        if self.command in self.store.denied or (self.command == "GET" and not key and "LIST" in self.store.denied):
            return self._refuse(403, "AccessDenied")
        if not key:
            return self._list(query)
        if self.command == "PUT":
            md5 = self.headers.get("Content-MD5")
            if md5 is not None and base64.b64decode(md5) != hashlib.md5(body).digest():
                return self._refuse(400, "BadDigest")
            self.store.objects[key] = (body, time.time())
            return self._write(200, b"", {"ETag": '"x"'})
        if self.command == "DELETE":
            self.store.objects.pop(key, None)
            return self._write(204, b"", {})
        if key not in self.store.objects:
            return self._refuse(404, "NoSuchKey")
        data = self.store.objects[key][0]
        self._write(200, bytes([data[0] ^ 1]) + data[1:] if fault == "change" else data, {}, cut=fault == "cut")

    def _list(self, query: dict[str, str]) -> None:
        keys = sorted(key for key in self.store.objects if key.startswith(query.get("prefix", "")) and key > query.get("continuation-token", ""))
        page = keys[: min(_PAGE, int(query.get("max-keys", 1000)))]
        when: Callable[[str], str] = lambda key: datetime.datetime.fromtimestamp(self.store.objects[key][1], datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        rows = "".join(f"<Contents><Key>{escape(key)}</Key><LastModified>{when(key)}</LastModified><Size>{len(self.store.objects[key][0])}</Size></Contents>" for key in page)
        more = f"<IsTruncated>true</IsTruncated><NextContinuationToken>{page[-1]}</NextContinuationToken>" if len(keys) > len(page) else "<IsTruncated>false</IsTruncated>"
        self._write(200, f"<ListBucketResult><Name>{BUCKET}</Name>{rows}{more}</ListBucketResult>".encode(), {"Content-Type": "application/xml"})

    def _refuse(self, status: int, code: str) -> None:
        # As stores do, it tells the key that was given.
        self._write(status, f"<Error><Code>{code}</Code><Message>refused {KEY} {SECRET}</Message></Error>".encode(), {"Content-Type": "application/xml"})

    def _write(self, status: int, body: bytes, headers: dict[str, str], cut: bool = False) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body[: len(body) // 2] if cut else body)
        if cut:
            self.close_connection = True

    def _signature(self, body: bytes) -> Optional[str]:
        """AWS signature version 4, as Amazon's documentation of it says."""
        try:
            words = dict(word.split("=", 1) for word in self.headers["Authorization"].removeprefix("AWS4-HMAC-SHA256 ").replace(" ", "").split(","))
            identity, day, region, service, _ = words["Credential"].split("/")
        except (AttributeError, KeyError, ValueError):
            return "AccessDenied"
        if identity != KEY:
            return "InvalidAccessKeyId"
        when = datetime.datetime.strptime(self.headers["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=datetime.timezone.utc)
        if abs((datetime.datetime.now(datetime.timezone.utc) - when).total_seconds() + self.store.skew) > 900:
            return "RequestTimeTooSkewed"
        hashed = self.headers["X-Amz-Content-SHA256"]
        if hashed != hashlib.sha256(body).hexdigest():
            return "XAmzContentSHA256Mismatch"
        parts = urllib.parse.urlsplit(self.path)
        quote = lambda text: urllib.parse.quote(text, safe="-_.~")  # noqa: E731
        query = "&".join(f"{quote(name)}={quote(value)}" for name, value in sorted(urllib.parse.parse_qsl(parts.query, keep_blank_values=True)))
        names = words["SignedHeaders"].split(";")
        headers = "".join(f"{name}:{' '.join(self.headers[name].split())}\n" for name in names)
        request = "\n".join([self.command, parts.path, query, headers, ";".join(names), hashed])
        signed = "\n".join(["AWS4-HMAC-SHA256", self.headers["X-Amz-Date"], f"{day}/{region}/{service}/aws4_request", hashlib.sha256(request.encode()).hexdigest()])
        key = f"AWS4{SECRET}".encode()
        for part in (day, region, service, "aws4_request"):
            key = hmac.new(key, part.encode(), hashlib.sha256).digest()
        return None if hmac.new(key, signed.encode(), hashlib.sha256).hexdigest() == words["Signature"] else "SignatureDoesNotMatch"
