#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Iris codes of committed pictures: registered once, compared later, and moved to a new version of the network, while the picture stays with the person.

A sensor commits to the picture that it takes and signs the commitment (Ed25519); the person keeps the picture and what opens the commitment. Registering, she proves that a code is what the network of
version 1 makes of the committed picture. To log in she has a fresh picture taken, with the registry's nonce, and proves that its code is near the registered one: one bit is shown. When version 2
comes she proves its code of the *same* commitment, with no sensor in sight, so nobody can move to somebody else's iris.

What it does not show: that a living eye was before the sensor, or how often strangers match: the irises are noise. The code itself is public here, and says something of the iris.

    PYTHONPATH=build/release/python /usr/bin/python3 examples/iris_match/match.py
"""
import pathlib
import secrets
import sys

import numpy as np
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

import zkinfer

HERE = pathlib.Path(__file__).resolve().parent
IRISES = np.load(HERE / "irises.npy")  # [4 persons, 3 takes, 1, 1, 32, 32]


class Networks:
    """Public: everybody compiles them, and makes the same keys."""

    def __init__(self) -> None:
        pictures = IRISES.reshape(-1, 1, 1, 32, 32)
        code = zkinfer.compile(HERE / "code_v1.onnx", calibration=pictures)
        # A person's own, and a stranger's.
        codes = np.array([code.run(picture).output for picture in pictures])
        self.models = {"code_v1": code, "code_v2": zkinfer.compile(HERE / "code_v2.onnx", calibration=pictures),
                       "match_v1": zkinfer.compile(HERE / "match_v1.onnx", calibration={"picture": np.tile(pictures, (2, 1, 1, 1, 1)), "registered": np.concatenate([codes, np.roll(codes, 3, 0)])})}
        self.keys = {name: model.commit(public_parameters=True, inputs="committed") for name, model in self.models.items()}


class Sensor:
    """Commits to what it takes and signs the commitment, and with it a nonce; gives the picture to the person alone."""

    def __init__(self) -> None:
        self._key = Ed25519PrivateKey.generate()
        self.public = self._key.public_key()

    def take(self, networks: Networks, picture: np.ndarray, nonce: bytes):
        committed = networks.keys["code_v1"].public.commit_tensor(picture, "picture")
        return committed, self._key.sign(b"iris v1" + nonce + bytes.fromhex(committed.commitment.id))


class Registry:
    def __init__(self, networks: Networks, sensor: Sensor) -> None:
        self._networks, self._sensor, self._rows, self._nonces = networks, sensor.public, {}, set()

    def nonce(self) -> bytes:
        nonce = secrets.token_bytes(16)
        self._nonces.add(nonce)
        return nonce

    def _signed(self, commitment, nonce: bytes, signature: bytes) -> None:
        if nonce not in self._nonces:
            raise ValueError("a nonce that was not given, or was used")
        self._sensor.verify(signature, b"iris v1" + nonce + bytes.fromhex(commitment.id))
        self._nonces.remove(nonce)

    def _verify(self, network: str, proof, commitment, who: str):
        return zkinfer.verify(proof, self._networks.keys[network].public, context=f"{network} {who}", inputs={"picture": commitment})

    def register(self, who: str, commitment, nonce: bytes, signature: bytes, proof) -> None:
        self._signed(commitment, nonce, signature)
        self._rows[who] = {"commitment": commitment, "code_v1": self._verify("code_v1", proof, commitment, who).output}

    def move(self, who: str, proof) -> None:
        row = self._rows[who]
        row["code_v2"] = self._verify("code_v2", proof, row["commitment"], who).output

    def log_in(self, who: str, commitment, nonce: bytes, signature: bytes, proof) -> bool:
        self._signed(commitment, nonce, signature)
        matches, shown = self._verify("match_v1", proof, commitment, who).outputs
        if not np.array_equal(shown, self._rows[who]["code_v1"]):
            raise ValueError("compared with another code than the registered one")
        return bool(matches.item())

    def code_of(self, who: str, version: int) -> np.ndarray:
        return self._rows[who][f"code_v{version}"]


def log_in(networks, sensor, registry, who: str, picture) -> bool:
    nonce = registry.nonce()
    committed, signature = sensor.take(networks, picture, nonce)
    key = networks.keys["match_v1"]
    code = key.public.commit_tensor(registry.code_of(who, 1), "registered")
    proof = key.prove({"picture": committed, "registered": code}, context=f"match_v1 {who}")
    return registry.log_in(who, committed.commitment, nonce, signature, proof)


def refused(what: str, error, call) -> None:
    try:
        call()
    except error as found:
        print(f"registry: rejected {what}, {getattr(found, 'reason', None) or str(found) or 'no signature of the sensor'}")
    else:
        raise SystemExit(f"{what} was accepted")


def main() -> None:
    networks, sensor = Networks(), Sensor()
    registry = Registry(networks, sensor)
    nonce = registry.nonce()
    committed, signature = sensor.take(networks, IRISES[0, 0], nonce)
    proof = networks.keys["code_v1"].prove(committed, context="code_v1 Ann")
    registry.register("Ann", committed.commitment, nonce, signature, proof)
    print(f"registry: Ann has a code of {registry.code_of('Ann', 1).size} bits, of a picture that it has not seen")
    print(f"registry: Ann again matches: {log_in(networks, sensor, registry, 'Ann', IRISES[0, 1])}")
    print(f"registry: Bob as Ann matches: {log_in(networks, sensor, registry, 'Ann', IRISES[1, 0])}")
    registry.move("Ann", networks.keys["code_v2"].prove(committed, context="code_v2 Ann"))
    print(f"registry: Ann has moved to a code of {registry.code_of('Ann', 2).size} bits, of the same picture")

    other, _ = sensor.take(networks, IRISES[1, 0], registry.nonce())
    refused("a move to Bob's iris", zkinfer.Rejected, lambda: registry.move("Ann", networks.keys["code_v2"].prove(other, context="code_v2 Ann")))
    refused("Ann's code under another name", zkinfer.Rejected, lambda: registry.register("Eve", committed.commitment, *again(sensor, networks, registry, committed), proof))
    refused("a picture that no sensor signed", InvalidSignature, lambda: registry.register("Eve", other.commitment, registry.nonce(), signature, proof))
    refused("a signature from before", ValueError, lambda: registry.log_in("Ann", committed.commitment, nonce, signature, proof))


def again(sensor: Sensor, networks: Networks, registry: Registry, committed):
    """The same commitment signed for another nonce, as a thief of the picture might get it."""
    nonce = registry.nonce()
    return nonce, sensor._key.sign(b"iris v1" + nonce + bytes.fromhex(committed.commitment.id))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        raise SystemExit(__doc__)
    main()
