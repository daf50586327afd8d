# SPDX-License-Identifier: Apache-2.0
"""Who may do what how often. Of a key only a hash is kept: its 256 random bits need no slow one. Whoever comes with an issuer's token (oidc.py) has a row
beside those of keys, for his budget and to be revoked."""

from __future__ import annotations

import copy
import hmac
import secrets
import threading
import time
from typing import Any, Iterable, Optional

from zkinfer_client.canonical import sha256

from . import audit, oidc
from .database import Database, Transaction
from .problems import Problem

SCOPES = ("predict", "models", "admin")
_CACHE_SECONDS = 2.0  # how long a revoked key may still be taken


class Caller:
    """Whoever asks: a row of api_key."""

    def __init__(self, row: dict[str, Any]) -> None:
        self.id: str = row["id"]
        self.tenant: str = row["tenant"]
        self.scopes = frozenset(row["scopes"].split())
        self.rps: Optional[int] = row["rps"]
        self.is_counted = row["queries_left"] is not None
        self.hash: bytes = row["hash"]

    def need(self, scope: str) -> None:
        if scope not in self.scopes and "admin" not in self.scopes:
            raise Problem("forbidden", f"the key '{self.id}' lacks the scope '{scope}'")


ANYBODY = Caller({"id": "-", "tenant": "-", "scopes": "predict models", "rps": None, "queries_left": None, "hash": b""})


def create(tx: Transaction, tenant: str, scopes: Iterable[str], rps: Optional[int], queries: Optional[int]) -> tuple[str, str]:
    """The key's name, and the key, which nothing shows again."""
    scopes = set(scopes)
    unknown = scopes - set(SCOPES)
    if unknown or not scopes:
        raise ValueError(f"scope '{min(unknown, default='')}', expected some of {', '.join(SCOPES)}")
    if not tenant.strip() or not tenant.isprintable() or len(tenant) > 200:
        raise ValueError(f"tenant {tenant!r}, expected a name")
    for what, number in (("rps", rps), ("queries", queries)):
        if number is not None and not 1 <= number < 1 << 62:
            raise ValueError(f"{what} {number}, expected at least 1")
    name, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
    tx.run(
        "INSERT INTO api_key(id, tenant, hash, scopes, rps, queries_left, created) VALUES(?, ?, ?, ?, ?, ?, ?)",
        name, tenant, sha256(secret.encode()), " ".join(sorted(scopes)), rps, queries, time.time(),
    )  # fmt: skip
    return name, f"zki_{name}_{secret}"


def spend(tx: Transaction, caller: Caller) -> None:
    """One query of the budget, in the transaction that keeps the answer."""
    if caller.is_counted and tx.run("UPDATE api_key SET queries_left = queries_left - 1 WHERE id = ? AND queries_left > 0", caller.id).rowcount != 1:
        raise Problem("budget", f"no query is left of the key '{caller.id}'")


class ApiKeys:
    """Checks keys, tokens and rates. database None: anybody may predict. issuer: whose tokens are taken too; of each of its customers rps and queries."""

    def __init__(self, database: Optional[Database], issuer: Optional[oidc.Issuer] = None, *, rps: Optional[int] = None, queries: Optional[int] = None) -> None:
        self._database, self._issuer, self._rps, self._queries = database, issuer, rps, queries
        self._lock = threading.Lock()
        self._seen: dict[str, tuple[float, Optional[Caller]]] = {}
        self._rates: dict[str, tuple[float, float]] = {}

    @property
    def is_open(self) -> bool:
        return self._database is None

    def check(self, header: Optional[str]) -> Caller:
        """The caller of an Authorization header. Raises: Problem."""
        if self._database is None:
            return ANYBODY
        scheme, _, token = (header or "").partition(" ")
        token = token.strip()
        if self._issuer is not None and scheme.lower() == "bearer" and oidc.is_token(token):
            caller = self._of_token(self._issuer, token)
            self._rate(caller)
            return caller
        parts = token.split("_", 2)
        if scheme.lower() != "bearer" or len(parts) != 3 or parts[0] != "zki":
            raise Problem("unauthorized", "expected the header 'Authorization: Bearer zki_..'" + (" or a token of the issuer" if self._issuer is not None else ""))
        caller = self._find(parts[1])
        if caller is None or not hmac.compare_digest(caller.hash, sha256(parts[2].encode())):
            raise Problem("unauthorized", "the API key is unknown or revoked")
        self._rate(caller)
        return caller

    def _of_token(self, issuer: oidc.Issuer, token: str) -> Caller:
        """The row of a token's customer, made when he first comes, with the token's scopes. Raises: Problem."""
        claims = issuer.claims(token)
        tenant = oidc.tenant_of(claims, issuer.tenant)
        name = "oidc-" + sha256(issuer.issuer.encode() + b"\0" + tenant.encode()).hex()[:24]
        found = self._find(name)
        if found is None:
            assert self._database is not None
            with self._database.write() as tx:
                if tx.one("SELECT id FROM api_key WHERE id = ?", name) is None:
                    # No key has this hash.
                    tx.run(
                        "INSERT INTO api_key(id, tenant, hash, scopes, rps, queries_left, created) VALUES(?, ?, ?, ?, ?, ?, ?)",
                        name, tenant, sha256(secrets.token_bytes(32)), "", self._rps, self._queries, time.time(),
                    )  # fmt: skip
                    audit.note(tx, "operator", event="customer of the issuer", key=name, tenant=tenant)
            found = self._find(name)
        if found is None:
            raise Problem("unauthorized", "this customer was revoked")
        caller = copy.copy(found)
        caller.scopes = oidc.scopes_of(claims, SCOPES)
        return caller

    def _find(self, name: str) -> Optional[Caller]:
        now = time.monotonic()
        with self._lock:
            at, caller = self._seen.get(name, (-_CACHE_SECONDS, None))
        if now - at < _CACHE_SECONDS and caller is not None:
            return caller
        assert self._database is not None
        with self._database.read() as tx:
            row = tx.one("SELECT * FROM api_key WHERE id = ? AND revoked IS NULL", name)
        caller = Caller(row) if row else None
        with self._lock:
            if len(self._seen) > 10000:
                self._seen.clear()
            self._seen[name] = (now, caller)
        return caller

    def _rate(self, caller: Caller) -> None:
        """A bucket of one second's requests, filled as time goes."""
        if caller.rps is None:
            return
        if caller.rps < 1:
            raise Problem("too-many", "this key allows no requests", retry_after=3600)
        now = time.monotonic()
        with self._lock:
            left, at = self._rates.get(caller.id, (float(caller.rps), now))
            left = min(float(caller.rps), left + (now - at) * caller.rps)
            if left < 1:
                raise Problem("too-many", f"more than {caller.rps} requests a second", retry_after=(1 - left) / caller.rps)
            self._rates[caller.id] = (left - 1, now)
