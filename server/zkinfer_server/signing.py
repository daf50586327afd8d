# SPDX-License-Identifier: Apache-2.0
"""The service's keys: Ed25519, one in use, earlier ones published for as long as receipts of them are checked."""

from __future__ import annotations

import json
import os
import pathlib
import time
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from zkinfer_client.canonical import jcs
from zkinfer_client.receipt import base64url, key_id


def write_secret(path: pathlib.Path, data: bytes) -> None:
    """A new file that its owner alone can read, whole or not at all; FileExistsError where there is one."""
    beside = path.with_name(path.name + f".{os.getpid()}.new")
    with open(beside, "wb", opener=lambda name, flags: os.open(name, flags | os.O_EXCL, 0o600)) as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(beside, path)
    finally:
        beside.unlink()


class Signer:
    """folder: holds KID.pem (PKCS #8, secret) and KID.json (its times). The key without an end is in use."""

    def __init__(self, folder: pathlib.Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._known: dict[str, dict[str, Any]] = {}
        for path in sorted(folder.glob("*.json")):
            self._known[path.stem] = json.loads(path.read_text())
        current = [kid for kid, times in self._known.items() if times.get("until") is None]
        if not current:
            current = [self._make()]
        self.kid = max(current, key=lambda kid: self._known[kid]["since"])
        key = serialization.load_pem_private_key((folder / f"{self.kid}.pem").read_bytes(), None)
        assert isinstance(key, Ed25519PrivateKey)
        self._key = key

    def _make(self) -> str:
        key = Ed25519PrivateKey.generate()
        public = key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        kid = key_id(public)
        pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        write_secret(self._folder / f"{kid}.pem", pem)
        self._note(kid, {"x": base64url(public), "since": int(time.time()), "until": None})
        return kid

    def _note(self, kid: str, times: dict[str, Any]) -> None:
        beside = self._folder / f".{kid}.json"
        beside.write_text(json.dumps(times))
        os.replace(beside, self._folder / f"{kid}.json")
        self._known[kid] = times

    def rotate(self) -> str:
        """A new key for what is signed from the next start on; the old one stays published."""
        old = self.kid
        kid = self._make()
        self._note(old, {**self._known[old], "until": int(time.time())})
        return kid

    def sign(self, tag: bytes, payload: dict[str, Any]) -> dict[str, Any]:
        """The envelope; payload['kid'] is set."""
        payload = {**payload, "kid": self.kid}
        return {"payload": payload, "signature": {"alg": "EdDSA", "kid": self.kid, "sig": base64url(self._key.sign(tag + jcs(payload)))}}

    def jwks(self) -> dict[str, Any]:
        return {
            "keys": [
                {"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": kid, "x": times["x"], "nbf": times["since"],
                 **({} if times["until"] is None else {"retired": times["until"]})}
                for kid, times in self._known.items()
            ]
        }  # fmt: skip
