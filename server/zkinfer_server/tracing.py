# SPDX-License-Identifier: Apache-2.0
"""Traces for OpenTelemetry: spans as OTLP's JSON over HTTP, and W3C's `traceparent` (decision 110). Nothing waits for the collector.

Until `start` was called nothing is recorded, and what a client gave is passed on as it came. Spans name no customer, nor a proof's id, by which it could be
fetched."""

from __future__ import annotations

import contextlib
import contextvars
import http.client
import json
import logging
import os
import random
import re
import threading
import time
import urllib.parse
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Optional

log = logging.getLogger("zkinfer.tracing")
SERVER, INTERNAL = 2, 1  # kinds of spans
_PARENT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_MOST_WAITING, _MOST_TOGETHER = 4096, 512
_EVERY_SECONDS, _SECONDS, _TRIES = 1.0, 5.0, 3
_AGAIN = (429, 502, 503, 504)  # what OTLP says to send again
_MOST_ANSWER = 1 << 16


class Parent(NamedTuple):
    trace: str
    span: str
    sampled: bool

    def header(self) -> str:
        return f"00-{self.trace}-{self.span}-{int(self.sampled):02x}"


def parent_of(header: Optional[str]) -> Optional[Parent]:
    """None for what is no traceparent, of which W3C says that it is as if it was not there."""
    found = _PARENT.fullmatch(header or "")
    if found is None or found[1] == "ff" or (found[1] == "00" and found[5]) or not int(found[2], 16) or not int(found[3], 16):
        return None
    return Parent(found[2], found[3], bool(int(found[4], 16) & 1))


class Step(NamedTuple):
    """A part of what a worker does, of all requests whose proof it is."""

    name: str
    begin: int  # nanoseconds since 1970
    end: int
    error: Optional[str]


class Tracer:
    """A thread sends what the others put into a queue; what finds no place there, or no collector, is dropped and counted."""

    def __init__(self, url: str, process: str, share: float = 1.0, environment: Mapping[str, str] = os.environ) -> None:
        """url: of an OTLP/HTTP collector, to whose /v1/traces is sent. share: of requests that come without a traceparent. OTEL_EXPORTER_OTLP_HEADERS of the
        environment are sent along. Raises: ValueError in the words of the command line."""
        parts = urllib.parse.urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.username or parts.password:
            raise ValueError(f"--traces {url if '@' not in url else ''}: expected http(s)://HOST:PORT of a collector; what it asks for as a password goes into OTEL_EXPORTER_OTLP_HEADERS")
        try:
            self._port = parts.port
        except ValueError:
            raise ValueError(f"--traces {url}: expected a port of 1 to 65535") from None
        self._parts, self.share, self.process = parts, share, process
        self._path = parts.path.rstrip("/").removesuffix("/v1/traces") + "/v1/traces"
        self._headers = {"Content-Type": "application/json", "User-Agent": "zkinfer-server"}
        for pair in filter(None, environment.get("OTEL_EXPORTER_OTLP_HEADERS", "").split(",")):
            name, equals, value = pair.partition("=")
            if not equals or not re.fullmatch(r"[A-Za-z0-9-]+", name.strip()) or not urllib.parse.unquote(value).strip().isprintable():
                raise ValueError("OTEL_EXPORTER_OTLP_HEADERS: expected name=value, with commas between")
            self._headers[name.strip()] = urllib.parse.unquote(value).strip()
        self._waiting: deque[dict[str, Any]] = deque()
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self.sent = self.dropped = 0
        self._quiet = False
        self._thread = threading.Thread(target=self._run, name="traces", daemon=True)
        self._thread.start()

    def record(self, name: str, kind: int, parent: Optional[Parent], own: Parent, begin: int, end: int, attributes: Mapping[str, Any], error: Optional[str] = None) -> None:
        if not own.sampled:
            return
        span: dict[str, Any] = {
            "traceId": own.trace, "spanId": own.span, "name": name, "kind": kind, "startTimeUnixNano": str(begin), "endTimeUnixNano": str(max(begin, end)),
            "attributes": [_attribute(key, value) for key, value in attributes.items() if value is not None],
        }  # fmt: skip
        if parent is not None:
            span["parentSpanId"] = parent.span
        if error is not None:
            span["status"] = {"code": 2, "message": error}
        with self._lock:
            if len(self._waiting) < _MOST_WAITING:
                self._waiting.append(span)
            else:
                self.dropped += 1

    def close(self) -> None:
        """What waits is sent, once, in two seconds or not at all."""
        self._stopping.set()
        self._thread.join(2.0)

    def _run(self) -> None:
        while not self._stopping.wait(_EVERY_SECONDS):
            while self._send_some(_TRIES):
                pass
        self._send_some(1)

    def _send_some(self, tries: int) -> bool:
        """Whether more waits."""
        with self._lock:
            batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), _MOST_TOGETHER))]
            more = bool(self._waiting)
        if not batch:
            return False
        body = json.dumps({"resourceSpans": [{
            "resource": {"attributes": [_attribute("service.name", "zkinfer-server"), _attribute("service.instance.id", self.process)]},
            "scopeSpans": [{"scope": {"name": "zkinfer"}, "spans": batch}],
        }]}, separators=(",", ":")).encode()  # fmt: skip
        refused, why = len(batch), ""
        for attempt in range(tries):
            status, why, rejected = self._post(body)
            if status == 200:
                refused = min(rejected, len(batch))
                break
            if status not in (0, *_AGAIN) or self._stopping.wait(2.0**attempt):
                break
        self.sent += len(batch) - refused
        with self._lock:
            self.dropped += refused
        if refused and not self._quiet:
            log.warning("traces: %d spans are dropped: %s; what is dropped later is counted in /metrics", refused, why)
        self._quiet = bool(refused)
        return more

    def _post(self, body: bytes) -> tuple[int, str, int]:
        """Status (0: no answer), the reason, and how many spans it did not take."""
        kind = http.client.HTTPSConnection if self._parts.scheme == "https" else http.client.HTTPConnection
        try:
            with contextlib.closing(kind(self._parts.hostname or "", self._port, timeout=_SECONDS)) as connection:
                connection.request("POST", self._path, body, self._headers)
                answer = connection.getresponse()
                data = answer.read(_MOST_ANSWER)
        except (OSError, http.client.HTTPException) as error:
            return 0, f"the collector cannot be reached ({type(error).__name__})", 0
        if answer.status != 200:
            return answer.status, f"the collector answers {answer.status}", 0
        rejected = 0
        with contextlib.suppress(ValueError, AttributeError, TypeError, RecursionError):
            rejected = max(0, int(json.loads(data).get("partialSuccess", {}).get("rejectedSpans", 0)))
        return 200, "the collector does not take them", rejected


def _attribute(key: str, value: Any) -> dict[str, Any]:
    typed: dict[str, Any] = {"boolValue": value} if isinstance(value, bool) else {"intValue": str(value)} if isinstance(value, int) else {"stringValue": str(value)}
    return {"key": key, "value": typed}


_tracer: Optional[Tracer] = None
_current: contextvars.ContextVar[Optional[Parent]] = contextvars.ContextVar("traceparent", default=None)
_steps = threading.local()


def start(url: Optional[str], process: str, share: float = 1.0) -> Optional[Tracer]:
    """For this process, from now on; None: nothing is recorded. Raises: ValueError."""
    global _tracer
    _tracer = Tracer(url, process, share) if url is not None else None
    return _tracer


def counts() -> Optional[tuple[int, int]]:
    """Spans that were sent and dropped; None where none are recorded."""
    return None if _tracer is None else (_tracer.sent, _tracer.dropped)


def current() -> Optional[str]:
    """The traceparent of what is done now, to pass on."""
    parent = _current.get()
    return None if parent is None else parent.header()


def _child(parent: Optional[Parent]) -> Parent:
    sampled = parent.sampled if parent is not None else random.random() < (_tracer.share if _tracer is not None else 0.0)
    return Parent(parent.trace if parent is not None else os.urandom(16).hex(), os.urandom(8).hex(), sampled)


class Span:
    """What its attributes are may be known at its end only."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.attributes: dict[str, Any] = {}
        self.error: Optional[str] = None


@contextlib.contextmanager
def span(name: str, kind: int = INTERNAL, header: Optional[str] = None) -> Iterator[Span]:
    """Around what is done in this task. header: the traceparent that came with a request."""
    made, parent = Span(name), parent_of(header) if kind == SERVER else _current.get()
    own = parent if _tracer is None else _child(parent)
    token, begin = _current.set(own), time.time_ns()
    try:
        yield made
    except BaseException as error:
        made.error = type(error).__name__
        raise
    finally:
        _current.reset(token)
        if _tracer is not None and own is not None:
            _tracer.record(made.name, kind, parent, own, begin, time.time_ns(), made.attributes, made.error)


@contextlib.contextmanager
def steps() -> Iterator[list[Step]]:
    """The list of the steps that this thread takes within."""
    taken: list[Step] = []
    _steps.taken = taken
    try:
        yield taken
    finally:
        _steps.taken = None


@contextlib.contextmanager
def step(name: str) -> Iterator[None]:
    begin, failed = time.time_ns(), None
    try:
        yield
    except BaseException as error:
        failed = type(error).__name__
        raise
    finally:
        taken = getattr(_steps, "taken", None)
        if taken is not None:
            taken.append(Step(name, begin, time.time_ns(), failed))


def proof(header: Optional[str], waited_since: float, begin: int, taken: Sequence[Step], **attributes: Any) -> None:
    """The spans of a request's attempt at a proof, behind it: how long it waited, and the steps."""
    parent = parent_of(header)
    if _tracer is None or parent is None:
        return
    own, queue = _child(parent), _child(parent)
    _tracer.record("queue", INTERNAL, parent, queue, min(begin, int(waited_since * 1e9)), begin, attributes)
    error = next((one.error for one in taken if one.error is not None), None)
    _tracer.record("proof", INTERNAL, parent, own, begin, max([begin, *(one.end for one in taken)]), attributes, error)
    for one in taken:
        _tracer.record(one.name, INTERNAL, own, _child(own), one.begin, one.end, {}, one.error)
