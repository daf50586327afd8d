# SPDX-License-Identifier: Apache-2.0
"""Sealed weights: the model comes back, and what a buyer must be told."""
import hashlib
import os
import stat

import numpy as np
import pytest

import zkinfer


@pytest.fixture(scope="module")
def sold(model):
    key = model.commit(proofs=6)
    return key, key.seal(sale="order-4711")


def test_the_model_comes_back(model, flowers, sold, tmp_path):
    key, (weights, proof, shares) = sold
    checked = zkinfer.verify_sealed(weights, proof, key.public, sale="order-4711")
    assert checked.c1 == shares.c1 == hashlib.sha256(shares.k1).hexdigest() and checked.c2 == shares.c2
    assert checked.sale == "order-4711" and checked.weights == "certified" and checked.identity == key.public.identity
    bought = zkinfer.unseal(weights, proof, key.public, zkinfer.KeyShares(k1=shares.k1, k2=shares.k2))
    for row in flowers[:4]:
        assert (bought.run(row).integers[0] == model.run(row).integers[0]).all()

    weights.save(tmp_path / "network.zksealed")
    proof.save(tmp_path / "network.zkenc")
    shares.save(tmp_path / "network.zkshares")
    shares.save(tmp_path / "network.zkshares")
    with pytest.raises(zkinfer.InputError, match="of another sealing"):  # money may be locked to them
        zkinfer.KeyShares(k1=bytes(30), k2=shares.k2).save(tmp_path / "network.zkshares")
    key.public.save(tmp_path / "network.zkkey")
    assert stat.S_IMODE(os.stat(tmp_path / "network.zkshares").st_mode) == 0o600
    assert shares.k1 not in weights.to_bytes() and shares.k2 not in proof.to_bytes()
    assert shares.k1.hex() not in repr(shares) and "secret" in repr(shares)
    files = [tmp_path / f"network.{name}" for name in ("zksealed", "zkenc", "zkkey", "zkshares")]
    again = zkinfer.unseal(*files)
    assert again.to_bytes() == bought.to_bytes()
    # The buyer's own commitment.
    fresh = again.commit(proofs=2)
    assert np.array_equal(zkinfer.verify(fresh.prove(flowers[0]), fresh.public).output, model.run(flowers[0]).output)


def test_what_is_refused(model, sold):
    key, (weights, proof, shares) = sold
    with pytest.raises(zkinfer.Rejected, match="context"):
        zkinfer.verify_sealed(weights, proof, key.public, sale="order-4712")
    changed = bytearray(weights.to_bytes())
    changed[200] ^= 1
    with pytest.raises(zkinfer.Rejected, match="about others"):
        zkinfer.verify_sealed(bytes(changed), proof, key.public)
    changed = bytearray(proof.to_bytes())
    changed[-20] ^= 1
    with pytest.raises(zkinfer.Rejected):
        zkinfer.unseal(weights, bytes(changed), key.public, shares)
    with pytest.raises(zkinfer.InputError, match="k2 of the key is missing"):
        zkinfer.unseal(weights, proof, key.public, zkinfer.KeyShares(k1=shares.k1))
    with pytest.raises(zkinfer.InputError, match="k1 is not the one"):
        zkinfer.unseal(weights, proof, key.public, zkinfer.KeyShares(k1=shares.k2, k2=shares.k1))
    with pytest.raises(zkinfer.InputError, match="30 bytes"):
        zkinfer.KeyShares(k1=b"short")
    # Without the certificate nothing is accepted, whatever the caller says.
    bare = zkinfer.VerificationKey(key.public.to_bytes())
    with pytest.raises(zkinfer.InputError, match="certificate"):
        zkinfer.verify_sealed(weights, proof, bare)
    with pytest.raises(zkinfer.InputError, match="public"):
        model.commit(public_parameters=True).seal()
