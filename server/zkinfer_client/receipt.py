# SPDX-License-Identifier: Apache-2.0
"""Receipts: what a service has said, signed (docs/formats/receipt.md)."""

from __future__ import annotations

import base64
import datetime
import json
import os
from typing import Any, Mapping, Union

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from .canonical import jcs, sha256

RECEIPT, STATE = b"zkinfer receipt v1\n", b"zkinfer proof state v1\n"
_FIELDS = {
    "v": int, "id": str, "iss": str, "kid": str, "iat": str, "model": dict, "key_bits": int, "request_hash": str, "response_hash": str,
    "nonce_hash": str, "proof": dict, "outcome": str,
}  # fmt: skip
_OPTIONAL = {"session": dict, "usage": dict}
_MODEL = {"root": str, "revision": str, "card_digest": str}
_PROOF = {"id": str, "mode": str, "by": str, "bucket": int}
_HASHES = ("request_hash", "response_hash", "nonce_hash")


class ReceiptError(ValueError):
    """A receipt that says nothing: not signed by the pinned key, or no receipt at all."""


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def from_base64url(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def key_id(public: bytes) -> str:
    """Names an Ed25519 key by its own bytes, so that who pins the kid pins the key."""
    return base64url(sha256(b"zkinfer kid v1", public)[:16])


def timestamp(seconds: float) -> str:
    """RFC 3339, to the millisecond, UTC."""
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def seconds_of(text: str) -> float:
    try:
        return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()
    except ValueError:
        raise ReceiptError(f"'{text}' is no time, expected RFC 3339") from None


def _closed(what: str, value: Any, fields: Mapping[str, type], optional: Mapping[str, type] = {}) -> None:
    if not isinstance(value, dict):
        raise ReceiptError(f"{what}: expected an object")
    for name, kind in fields.items():
        if not isinstance(value.get(name), kind) or isinstance(value.get(name), bool):
            raise ReceiptError(f"{what}: '{name}' is missing or no {kind.__name__}")
    unknown = set(value) - set(fields) - set(optional)
    if unknown:
        raise ReceiptError(f"{what}: unknown field '{sorted(unknown)[0]}'; the set of fields is closed")


def check_fields(payload: Any) -> None:
    """ReceiptError where a payload is none of version 1."""
    _closed("payload", payload, _FIELDS, _OPTIONAL)
    if payload["v"] != 1:
        raise ReceiptError(f"version {payload['v']}, expected 1")
    _closed("payload.model", payload["model"], _MODEL)
    _closed("payload.proof", payload["proof"], _PROOF)
    for name, text in [(name, payload[name]) for name in _HASHES] + [("model.root", payload["model"]["root"])]:
        if len(text) != 64 or text != text.lower() or not all(c in "0123456789abcdef" for c in text):
            raise ReceiptError(f"payload.{name}: expected 64 lower-case hexadecimal digits")
    if payload["proof"]["mode"] not in ("wait", "optimistic", "none") or payload["outcome"] not in ("OK", "REFUSED"):
        raise ReceiptError("payload: unknown proof mode or outcome")


def verify_envelope(envelope: Any, keys: Mapping[str, bytes], tag: bytes) -> dict[str, Any]:
    """The payload of {payload, signature} where one of the pinned keys (kid: 32 bytes) has signed it."""
    if not isinstance(envelope, dict) or not isinstance(envelope.get("payload"), dict) or not isinstance(envelope.get("signature"), dict):
        raise ReceiptError("expected an object with 'payload' and 'signature'")
    payload, signature = envelope["payload"], envelope["signature"]
    kid = signature.get("kid")
    if signature.get("alg") != "EdDSA" or not isinstance(kid, str) or not isinstance(signature.get("sig"), str):
        raise ReceiptError("signature: expected alg EdDSA, a kid and a sig")
    if payload.get("kid") != kid:
        raise ReceiptError("the signature's kid is not the payload's")
    if kid not in keys:
        raise ReceiptError(f"signed by the key '{kid}', which is not pinned")
    try:
        Ed25519PublicKey.from_public_bytes(keys[kid]).verify(from_base64url(signature["sig"]), tag + jcs(payload))
    except (InvalidSignature, ValueError) as error:
        raise ReceiptError(f"the signature is not that of '{kid}' over this payload {error}".rstrip()) from None
    return payload


def verify_receipt(envelope: Any, keys: Mapping[str, bytes]) -> dict[str, Any]:
    """The payload of a receipt that one of the pinned keys has signed. Raises: ReceiptError."""
    payload = verify_envelope(envelope, keys, RECEIPT)
    check_fields(payload)
    return payload


def keys_of(jwks: Any) -> dict[str, bytes]:
    """kid: public key, of a JWK set; keys whose kid is not their own name are left out."""
    out = {}
    for key in jwks.get("keys", []) if isinstance(jwks, dict) else []:
        if isinstance(key, dict) and key.get("kty") == "OKP" and key.get("crv") == "Ed25519" and isinstance(key.get("x"), str):
            public = from_base64url(key["x"])
            if len(public) == 32 and key.get("kid") == key_id(public):
                out[key["kid"]] = public
    return out


def load_json(path: Union[str, "os.PathLike[str]"], expected: str) -> Any:
    """Raises: ValueError where the file holds no JSON, saying what was expected; OSError."""
    with open(path, "rb") as file:
        try:
            return json.load(file)
        except ValueError:  # no UTF-8 either
            raise ValueError(f"'{os.fspath(path)}' is no JSON, expected {expected}") from None


def load_keys(path: Union[str, "os.PathLike[str]"]) -> dict[str, bytes]:
    """The pinned keys of a file, as `zkinfer-server signing show` prints them. Raises: ValueError where there is none in it, OSError."""
    expected = "the JWK set that `zkinfer-server signing show` prints"
    keys = keys_of(load_json(path, expected))
    if not keys:
        raise ValueError(f"'{os.fspath(path)}' has no Ed25519 key, expected {expected}")
    return keys
