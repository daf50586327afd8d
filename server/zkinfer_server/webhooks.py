# SPDX-License-Identifier: Apache-2.0
"""Notices to customers' own servers, signed as Standard Webhooks says: webhook-id, webhook-timestamp, webhook-signature (v1, HMAC-SHA256)."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import http.client
import ipaddress
import logging
import os
import socket
import ssl
import threading
import time
import urllib.parse
from typing import Any, Optional

from zkinfer_client.canonical import jcs, uuid7
from zkinfer_client.receipt import timestamp
from zkinfer_client.strict import loads

from .database import Database, Transaction, Unavailable
from .problems import Problem

log = logging.getLogger("zkinfer.webhooks")
SECONDS = 5.0
_MOST_BYTES = 1 << 16
_MOST_TRIES = 8
_LEASE = 60.0
_MOST_HOOKS = 16
_SENDERS, _OF_A_TENANT = 8, 2


class Refused(Exception):
    """An address that notices do not go to."""


def addresses_of(url: str, allow_private: bool) -> tuple[urllib.parse.SplitResult, list[str]]:
    """Where the host leads, once, so that nothing else is asked later. Raises: Refused, OSError."""
    if not (url.isascii() and url.isprintable()) or " " in url:
        raise Refused("expected ASCII without spaces: percent-encode what is none")
    parsed = urllib.parse.urlsplit(url)
    if parsed.scheme != "https" and not (allow_private and parsed.scheme == "http"):
        raise Refused("expected https://")
    if not parsed.hostname or parsed.username is not None or len(url) > 2000:
        raise Refused("expected https://host/path, without a user")
    found = [str(info[4][0]) for info in socket.getaddrinfo(parsed.hostname, parsed.port or (443 if parsed.scheme == "https" else 80), type=socket.SOCK_STREAM)]
    for address in found:
        if not allow_private and not is_public(address):
            raise Refused(f"{parsed.hostname} is in a network that notices do not go to")
    return parsed, found


def is_public(address: str) -> bool:
    """Not this machine, its networks, its neighbours, or what a cloud answers about its machines."""
    parsed = ipaddress.ip_address(address.split("%")[0])
    if isinstance(parsed, ipaddress.IPv6Address):
        inside = parsed.ipv4_mapped or parsed.sixtofour or (parsed.teredo[1] if parsed.teredo else None)
        if inside is None and parsed in ipaddress.ip_network("64:ff9b::/96"):
            inside = ipaddress.IPv4Address(int(parsed) & 0xFFFFFFFF)
        if inside is not None:
            return is_public(str(inside))
    return parsed.is_global and not (parsed.is_multicast or parsed.is_reserved or parsed.is_unspecified or parsed.is_link_local or parsed.is_loopback)


def signature(secret: bytes, message_id: str, at: int, body: bytes) -> str:
    return "v1," + base64.b64encode(hmac.new(secret, f"{message_id}.{at}.".encode() + body, hashlib.sha256).digest()).decode()


class _Pinned(http.client.HTTPConnection):
    """A connection to one address, whatever the name leads to by now; the certificate is the name's."""

    def __init__(self, parsed: urllib.parse.SplitResult, address: str) -> None:
        super().__init__(parsed.hostname or "", parsed.port or (443 if parsed.scheme == "https" else 80), timeout=SECONDS)
        self._address, self._tls = address, parsed.scheme == "https"

    def connect(self) -> None:
        plain = socket.create_connection((self._address, self.port), self.timeout)
        self.sock = ssl.create_default_context().wrap_socket(plain, server_hostname=self.host) if self._tls else plain


def deliver(url: str, secret: bytes, message_id: str, body: bytes, allow_private: bool, trace: Optional[str] = None) -> int:
    """The status. No redirect is followed, and of an answer little is read. Raises: Refused, OSError, HTTPException."""
    parsed, found = addresses_of(url, allow_private)
    at = int(time.time())
    headers = {
        "Content-Type": "application/json", "User-Agent": "zkinfer-server", "webhook-id": message_id, "webhook-timestamp": str(at),
        "webhook-signature": signature(secret, message_id, at, body),
        **({"traceparent": trace} if trace else {}),
    }  # fmt: skip
    connection = _Pinned(parsed, found[0])
    with contextlib.closing(connection):
        connection.request("POST", (parsed.path or "/") + (f"?{parsed.query}" if parsed.query else ""), body, headers)
        until = time.monotonic() + SECONDS
        response = connection.getresponse()
        left = _MOST_BYTES
        while left > 0 and time.monotonic() < until:  # the time is that of all of it, however slowly it comes
            piece = response.read1(min(left, 4096))
            if not piece:
                break
            left -= len(piece)
        return response.status


def register(tx: Transaction, tenant: str, url: str) -> tuple[str, str]:
    """The webhook's name, and the secret that its notices are signed with, which nothing shows again. Raises: Problem."""
    row = tx.one("SELECT count(*) AS n FROM webhook WHERE tenant = ?", tenant)
    if row is not None and row["n"] >= _MOST_HOOKS:
        raise Problem("too-many", f"at most {_MOST_HOOKS} webhooks")
    name, secret = "wh_" + uuid7(), os.urandom(24)
    tx.run("INSERT INTO webhook(id, tenant, url, secret, created) VALUES(?, ?, ?, ?, ?)", name, tenant, url, secret, time.time())
    return name, "whsec_" + base64.b64encode(secret).decode()


def notify(tx: Transaction, job_id: str, kind: str, data: dict[str, Any]) -> None:
    """Into the outbox, in the transaction of what it is about, for every webhook of the tenants that the job is for."""
    hooks = tx.all(
        "SELECT DISTINCT webhook.id AS id FROM webhook JOIN request ON request.tenant = webhook.tenant JOIN member ON member.request_id = request.id"
        " WHERE member.job_id = ?",
        job_id,
    )
    now = time.time()
    for hook in hooks:
        payload = jcs({"type": kind, "timestamp": timestamp(now), "data": data}).decode()
        tx.run(
            "INSERT INTO outbox(webhook_id, message_id, payload, next, trace) VALUES(?, ?, ?, ?, (SELECT trace FROM job WHERE id = ?))",
            hook["id"], "msg_" + uuid7(), payload, now, job_id,
        )  # fmt: skip


class Sender:
    """Threads that empty the outbox: at least once, with longer and longer pauses, eight times at most. Receivers tell repetitions by webhook-id. A tenant has
    two at a time, so that slow receivers delay nobody else's."""

    def __init__(self, database: Database, allow_private: bool) -> None:
        self._database, self._allow_private = database, allow_private
        self.stopping = threading.Event()
        self._lock = threading.Lock()
        self._busy: dict[str, int] = {}  # notices on their way, by tenant
        self._threads = [threading.Thread(target=self._run, name=f"webhooks-{number}", daemon=True) for number in range(_SENDERS)]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self.stopping.set()
        until = time.monotonic() + 2 * SECONDS
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))

    def _run(self) -> None:
        while not self.stopping.is_set():
            try:
                if not self.send_one():
                    self.stopping.wait(0.25)
            except Unavailable as error:
                log.warning("the database does not answer: %s", error)
                self.stopping.wait(1.0)
        self._database.close()

    def _next(self) -> Optional[dict[str, Any]]:
        """Counts its tenant as busy."""
        with self._database.read() as tx:
            if tx.one("SELECT seq FROM outbox WHERE done = 0 AND next <= ? LIMIT 1", time.time()) is None:
                return None
        with self._lock, self._database.write() as tx:
            skip = " FOR UPDATE OF outbox SKIP LOCKED" if tx.is_postgres else ""
            full = [tenant for tenant, count in self._busy.items() if count >= _OF_A_TENANT]
            row = tx.one(
                "UPDATE outbox SET next = ?, tries = tries + 1 WHERE seq = (SELECT outbox.seq FROM outbox LEFT JOIN webhook ON webhook.id = outbox.webhook_id"
                f" WHERE done = 0 AND next <= ? AND COALESCE(webhook.tenant, '') NOT IN ({', '.join(['?'] * (1 + len(full)))}) ORDER BY next LIMIT 1{skip})"
                " RETURNING *, (SELECT url FROM webhook WHERE id = webhook_id) AS url, (SELECT secret FROM webhook WHERE id = webhook_id) AS secret,"
                " (SELECT tenant FROM webhook WHERE id = webhook_id) AS tenant",
                time.time() + _LEASE, time.time(), "\x01", *full,
            )  # fmt: skip
            if row is not None:
                self._busy[row["tenant"] or ""] = self._busy.get(row["tenant"] or "", 0) + 1
        return row

    def send_one(self) -> bool:
        row = self._next()
        if row is None:
            return False
        try:
            self._send(row)
        finally:
            with self._lock:
                self._busy[row["tenant"] or ""] -= 1
        return True

    def _send(self, row: dict[str, Any]) -> None:
        good = row["url"] is None  # removed meanwhile
        if not good:
            try:
                status = deliver(row["url"], row["secret"], row["message_id"], row["payload"].encode(), self._allow_private, row["trace"])
                good = 200 <= status < 300
            except (Refused, OSError, http.client.HTTPException) as error:
                log.info("webhook %s: %s", row["webhook_id"], error)
            except Exception:  # one tenant's webhook is nothing to the others
                log.exception("webhook %s", row["webhook_id"])
        over = good or row["tries"] >= _MOST_TRIES
        with self._database.write() as tx:
            tx.run("UPDATE outbox SET done = ?, next = ? WHERE seq = ?", 1 if over else 0, time.time() + min(3600.0, 2.0 ** (2 * row["tries"])), row["seq"])


def body_of(data: bytes) -> str:
    """The URL of a registration. Raises: Problem."""
    try:
        url = loads(data)["url"]
        assert isinstance(url, str)
    except (ValueError, KeyError, TypeError, AssertionError, RecursionError):
        raise Problem("bad-request", "expected an object with 'url'") from None
    return url
