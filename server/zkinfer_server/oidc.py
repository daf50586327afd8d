# SPDX-License-Identifier: Apache-2.0
"""Bearer tokens of an OpenID Connect issuer in the place of API keys: JSON Web Tokens, signed (RFC 7515, 7519), with the issuer's keys as it publishes them."""

from __future__ import annotations

import http.client
import ipaddress
import logging
import re
import threading
import time
import urllib.parse
from typing import Any, Mapping, Optional

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from zkinfer_client.receipt import from_base64url
from zkinfer_client.strict import loads

from .problems import Problem

log = logging.getLogger("zkinfer.oidc")
_MOST_TOKEN, _MOST_BYTES, _MOST_KEYS = 1 << 14, 1 << 20, 64
_SECONDS = 5.0  # that the issuer may take
_KEEP, _AGAIN = 600.0, 10.0  # how long its keys are taken as they are, and how often it is asked at most
_SKEW = 60.0  # of clocks
_LEAST_RSA_BITS = 2048
_TOKEN = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
# Only these: nothing whose key could be taken for a shared secret, and no unsigned token.
_ALGORITHMS = {"RS256": "RSA", "ES256": "EC", "EdDSA": "OKP"}


def is_token(text: str) -> bool:
    return len(text) <= _MOST_TOKEN and _TOKEN.fullmatch(text) is not None


def _no(why: str) -> Problem:
    return Problem("unauthorized", f"the token is not taken: {why}")


def _address(what: str, url: str) -> urllib.parse.SplitResult:
    """https, or http of this machine. Raises: ValueError."""
    parsed = urllib.parse.urlsplit(url)
    try:
        is_local = parsed.hostname == "localhost" or ipaddress.ip_address(parsed.hostname or "").is_loopback
    except ValueError:
        is_local = False
    if not parsed.hostname or parsed.scheme not in ("https", "http") or (parsed.scheme == "http" and not is_local) or parsed.fragment or parsed.username:
        raise ValueError(f"{what} '{url}', expected https://..")
    return parsed


def _fetch(url: str) -> Any:
    """JSON, without following redirects. Raises: OSError, ValueError."""
    parsed = _address("the issuer's address", url)
    kind = http.client.HTTPSConnection if parsed.scheme == "https" else http.client.HTTPConnection
    connection = kind(parsed.hostname or "", parsed.port, timeout=_SECONDS)
    try:
        connection.request("GET", (parsed.path or "/") + (f"?{parsed.query}" if parsed.query else ""), headers={"Accept": "application/json"})
        response = connection.getresponse()
        data = response.read(_MOST_BYTES + 1)
    except http.client.HTTPException as error:
        raise OSError(f"{url}: {type(error).__name__}") from error
    finally:
        connection.close()
    if response.status != 200 or len(data) > _MOST_BYTES:
        raise ValueError(f"{url}: status {response.status}, {len(data)} bytes")
    return loads(data)


def _public_key(jwk: Mapping[str, Any]) -> Any:
    """Raises: ValueError, TypeError, KeyError for what is none of ours."""
    number = lambda name: int.from_bytes(from_base64url(jwk[name]), "big")  # noqa: E731
    kind = jwk["kty"]
    if kind == "RSA":
        key = rsa.RSAPublicNumbers(number("e"), number("n")).public_key()
        if key.key_size < _LEAST_RSA_BITS:
            raise ValueError(f"an RSA key of {key.key_size} bits")
        return key
    if kind == "EC" and jwk["crv"] == "P-256":
        return ec.EllipticCurvePublicNumbers(number("x"), number("y"), ec.SECP256R1()).public_key()
    if kind == "OKP" and jwk["crv"] == "Ed25519":
        return ed25519.Ed25519PublicKey.from_public_bytes(from_base64url(jwk["x"]))
    raise ValueError(f"a key of kind {kind!r}")


def _verify(algorithm: str, key: Any, signature: bytes, data: bytes) -> None:
    """Raises: InvalidSignature."""
    if algorithm == "RS256":
        key.verify(signature, data, padding.PKCS1v15(), SHA256())
    elif algorithm == "EdDSA":
        key.verify(signature, data)
    elif len(signature) != 64:
        raise InvalidSignature
    else:
        halves = [int.from_bytes(part, "big") for part in (signature[:32], signature[32:])]
        key.verify(encode_dss_signature(*halves), data, ec.ECDSA(SHA256()))


class Issuer:
    """Whose tokens are taken, and for whom they must be. tenant: the claim that names the customer. Raises: ValueError for addresses that nothing may come from."""

    def __init__(self, issuer: str, audience: str, tenant: str = "sub") -> None:
        _address("--oidc-issuer", issuer)
        if not audience:
            raise ValueError("--oidc-audience: give the name that the issuer has for this service; without it tokens for others would be taken")
        self.issuer, self.audience, self.tenant = issuer, audience, tenant
        self._lock = threading.Lock()
        self._keys: dict[Optional[str], tuple[str, Any]] = {}
        self._at = self._asked = -_KEEP

    def claims(self, token: str) -> dict[str, Any]:
        """Of a token that the issuer signed for this service, and that is in force. Raises: Problem."""
        try:
            head, body, signature = (from_base64url(part) for part in token.split("."))
            header, claims = loads(head), loads(body)
        except (ValueError, RecursionError):
            raise _no("it is no JSON Web Token") from None
        if not isinstance(header, dict) or not isinstance(claims, dict):
            raise _no("it is no JSON Web Token")
        algorithm, kid = header.get("alg"), header.get("kid")
        if not isinstance(algorithm, str) or algorithm not in _ALGORITHMS:
            raise _no(f"its algorithm is none of {', '.join(_ALGORITHMS)}")
        if "crit" in header or not isinstance(kid, (str, type(None))):
            raise _no("its header asks for what is not known here")
        kind, key = self._key(kid)
        if kind != _ALGORITHMS[algorithm]:
            raise _no("its algorithm is not that of its key")
        try:
            _verify(algorithm, key, signature, token.rpartition(".")[0].encode())
        except InvalidSignature:
            raise _no("its signature is not the issuer's") from None
        self._check(claims)
        return claims

    def _check(self, claims: Mapping[str, Any]) -> None:
        now = time.time()
        audience, ends, begins = claims.get("aud"), claims.get("exp"), claims.get("nbf", 0)
        if claims.get("iss") != self.issuer:
            raise _no("it is of another issuer")
        if self.audience not in (audience if isinstance(audience, list) else [audience]):
            raise _no("it is for another audience")
        if not all(isinstance(at, (int, float)) and not isinstance(at, bool) for at in (ends, begins)):
            raise _no("it does not say until when it holds")
        if not now < ends + _SKEW:  # type: ignore[operator]
            raise _no("it has expired")
        if begins > now + _SKEW:
            raise _no("it does not hold yet")

    def _key(self, kid: Optional[str]) -> tuple[str, Any]:
        with self._lock:
            now = time.monotonic()
            is_old = now - self._at >= _KEEP
            if (is_old or kid not in self._keys) and now - self._asked >= _AGAIN:
                self._asked = now
                try:
                    self._keys, self._at = self._published(), now
                except (OSError, ValueError, TypeError, KeyError) as error:
                    log.error("%s gives no keys: %s", self.issuer, error)
            if not self._keys:
                raise Problem("unavailable", "the issuer of tokens is not reached", retry_after=_AGAIN)
            found = self._keys.get(kid)
        if found is None:
            raise _no("the issuer has no such key" if kid is not None else "it does not say which of the issuer's keys signed it")
        return found

    def _published(self) -> dict[Optional[str], tuple[str, Any]]:
        """By kid; of one key alone without one, too. Raises: OSError, ValueError, TypeError, KeyError."""
        configuration = _fetch(self.issuer.rstrip("/") + "/.well-known/openid-configuration")
        if configuration["issuer"] != self.issuer:
            raise ValueError(f"its configuration is of {configuration['issuer']!r}")
        keys: dict[Optional[str], tuple[str, Any]] = {}
        for jwk in _fetch(configuration["jwks_uri"])["keys"][:_MOST_KEYS]:
            try:
                if jwk.get("use", "sig") == "sig" and _ALGORITHMS.get(jwk.get("alg"), jwk["kty"]) == jwk["kty"]:
                    keys[jwk.get("kid")] = (jwk["kty"], _public_key(jwk))
            except (ValueError, TypeError, KeyError, AttributeError):
                continue  # of other uses or kinds
        if len(keys) == 1:
            keys[None] = next(iter(keys.values()))
        if not keys:
            raise ValueError("no key that signs with " + ", ".join(_ALGORITHMS))
        return keys


def tenant_of(claims: Mapping[str, Any], name: str) -> str:
    """Raises: Problem."""
    value = claims.get(name)
    if not isinstance(value, str) or not value.strip() or not value.isprintable() or len(value) > 190:
        raise _no(f"its claim '{name}' names no customer")
    return f"oidc:{value}"


def scopes_of(claims: Mapping[str, Any], known: tuple[str, ...]) -> frozenset[str]:
    """Of "scope" (a text) or "scp" (a list): those that are named "zkinfer:predict" and the like."""
    found = claims.get("scope") or claims.get("scp") or ""
    words = found.split() if isinstance(found, str) else found if isinstance(found, list) else []
    return frozenset(one for one in known if f"zkinfer:{one}" in words)
