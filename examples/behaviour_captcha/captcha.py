#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A behaviour captcha: a site learns that its network takes the movements of a visitor's mouse for a hand's, and never sees the movements.

The network is public and the site names it by its key. The site gives a visitor a nonce, for one action and five minutes; the visitor's machine runs the network on its own trajectory and proves the verdict, in a
context made of site, action and nonce. The site verifies, sees one bit, and takes a nonce once. README.md says what that does not show.

    PYTHONPATH=build/release/python /usr/bin/python3 examples/behaviour_captcha/captcha.py
"""
import hashlib
import pathlib
import secrets
import sys
import time

import numpy as np

import zkinfer

HERE = pathlib.Path(__file__).resolve().parent
HAND = 1
LIFE = 300  # seconds of a nonce


def network() -> zkinfer.Model:
    """Everybody compiles the public network and makes the same key."""
    return zkinfer.compile(HERE / "captcha.onnx", calibration=np.load(HERE / "trajectories.npz")["calibration"])


def key_of(model: zkinfer.Model):
    return model.commit(public_parameters=True, inputs="private")


def context_of(site: str, action: str, nonce: str) -> bytes:
    return hashlib.sha256("\0".join(("captcha v1", site, action, nonce)).encode()).digest()


class Site:
    """Holds the key, and nonces that are neither used nor old."""

    def __init__(self, name: str, key, clock=time.monotonic) -> None:
        self.name, self._key, self._clock, self._given = name, key, clock, {}

    def ask(self, action: str) -> str:
        now = self._clock()
        self._given = {nonce: of for nonce, of in self._given.items() if of[1] > now}
        nonce = secrets.token_hex(16)
        self._given[nonce] = (action, now + LIFE)
        return nonce

    def admit(self, action: str, nonce: str, proof) -> bool:
        """Whether it was a hand. ValueError: the nonce is not one of this action's; zkinfer.Rejected: the proof is not for it, or false."""
        given, until = self._given.get(nonce, (None, 0))
        if given != action or until <= self._clock():
            raise ValueError("a nonce that was not given for this, was used, or is old")
        statement = zkinfer.verify(proof, self._key, context=context_of(self.name, action, nonce))
        # Only now: a visitor whose proof is broken may send another.
        del self._given[nonce]
        return int(statement.output.item()) == HAND


class Visitor:
    """The trajectory is used here and goes nowhere."""

    def __init__(self, key, trajectory: np.ndarray) -> None:
        self._key, self._trajectory = key, trajectory

    def answer(self, site: str, action: str, nonce: str):
        return self._key.prove(self._trajectory, context=context_of(site, action, nonce))


def refused(what: str, error, call) -> None:
    try:
        call()
    except error as found:
        print(f"site: refused {what}: {getattr(found, 'reason', None) or found}")
    else:
        raise SystemExit(f"{what} was accepted")


def main() -> None:
    paths = np.load(HERE / "trajectories.npz")
    key = key_of(network())
    now = [0.0]
    site, other = (Site(name, key.public, lambda: now[0]) for name in ("shop.example", "bank.example"))

    nonce = site.ask("sign up")
    ann = Visitor(key, paths["hands"][0])
    proof = ann.answer("shop.example", "sign up", nonce)
    print(f"site: a proof of {len(proof)} bytes; a hand: {site.admit('sign up', nonce, proof)}")
    robot = site.ask("sign up")
    print(f"site: a script; a hand: {site.admit('sign up', robot, Visitor(key, paths['robots'][0]).answer('shop.example', 'sign up', robot))}")
    # What the site has seen of two visitors differs in nothing but the verdict and random bytes.
    assert paths["hands"][0].tobytes() not in bytes(proof)

    refused("the same answer again", ValueError, lambda: site.admit("sign up", nonce, proof))
    fresh = site.ask("sign up")
    refused("an old proof under a new nonce", zkinfer.Rejected, lambda: site.admit("sign up", fresh, proof))
    refused("a nonce for another action", ValueError, lambda: site.admit("pay", fresh, ann.answer("shop.example", "pay", fresh)))
    bank = other.ask("sign up")
    refused("a proof that was made for another site", zkinfer.Rejected, lambda: other.admit("sign up", bank, ann.answer("shop.example", "sign up", bank)))
    late = site.ask("sign up")
    made = ann.answer("shop.example", "sign up", late)
    now[0] += LIFE
    refused("an answer after five minutes", ValueError, lambda: site.admit("sign up", late, made))
    # Whatever differs from the site's network, here how it was calibrated, has another key.
    lenient = key_of(zkinfer.compile(HERE / "captcha.onnx", calibration=paths["calibration"][32:]))
    mine = site.ask("sign up")
    refused("a proof of another network", zkinfer.Rejected, lambda: site.admit("sign up", mine, Visitor(lenient, paths["robots"][0]).answer("shop.example", "sign up", mine)))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        raise SystemExit(__doc__)
    main()
