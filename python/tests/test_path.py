# SPDX-License-Identifier: Apache-2.0
"""From a network to a verified proof, and files on the way."""
import os
import pickle
import shutil
import stat
import warnings

import numpy as np
import pytest

import zkinfer


def test_five_lines(onnx_path, flowers):
    model = zkinfer.compile(onnx_path, calibration=flowers)
    key = model.commit()
    proof = key.prove(flowers[3])
    statement = zkinfer.verify(proof, key.public)
    assert np.array_equal(statement.output, proof.output)
    assert np.array_equal(statement.output, model.run(flowers[3]).output)
    assert statement.output.dtype == np.float32 and statement.output.shape == (1, 3)
    assert statement.weights == "certified" and statement.security_bits >= 128
    assert statement.inputs == (None,)  # hidden


def test_profiles(model, flowers):
    sizes = {}
    for profile, pow_bits in {"fast": 12, "balanced": 16}.items():
        key = model.commit(profile=profile, public_parameters=True)
        assert key.public.info.profile.name == profile and key.public.info.pow_bits == pow_bits
        proof = key.prove(flowers[0])
        assert zkinfer.verify(proof, key.public).security_bits >= 128
        sizes[profile] = len(proof.to_bytes())
    assert sizes["fast"] > sizes["balanced"]


def test_real_values_are_the_librarys(model, flowers):
    result = model.run(flowers[0])
    native = model._native.real_outputs([[int(x) for x in values.ravel()] for values in result.integers])
    assert all(np.array_equal(a, b) for a, b in zip(native, result.outputs))


def test_onnx_bytes_give_the_same_model(onnx_path, flowers, model):
    with open(onnx_path, "rb") as file:
        again = zkinfer.compile(file.read(), calibration=flowers, name=model.name)
    assert again.to_bytes() == model.to_bytes()


def test_files(tmp_path, model, key, proof, flowers):
    names = {kind: tmp_path / f"network.{kind}" for kind in ("zkmodel", "zkkey", "zkcert", "zkproof", "zkbatch", "zksecret")}
    model.save(names["zkmodel"])
    assert stat.S_IMODE(os.stat(names["zkmodel"]).st_mode) == 0o600
    key.public.save(names["zkkey"])
    proof.save(names["zkproof"])
    key.prove_batch(flowers[:3]).save(names["zkbatch"])
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(path.name for kind, path in names.items() if kind != "zksecret")
    assert zkinfer.Model.load(names["zkmodel"]).to_bytes() == model.to_bytes()
    statement = zkinfer.verify(names["zkproof"], names["zkkey"], context=b"nonce")
    # Who asked for none is told which it carries, as by the program.
    assert "context b'nonce'" in repr(zkinfer.verify(names["zkproof"], names["zkkey"])) and statement.context == b"nonce" == statement.context
    assert statement.context == "nonce" and statement.context == b"nonce".ljust(32, b"\0") and statement.context != b"nonce2" and len(statement.context) == 32
    assert hash(statement.context) == hash(b"nonce") and repr(statement.context) == "b'nonce'" and pickle.loads(pickle.dumps(statement.context)) == "nonce"
    assert np.array_equal(statement.output, proof.output)
    assert len(zkinfer.verify_batch(names["zkbatch"], names["zkkey"])) == 3
    loaded = zkinfer.Proof.load(names["zkproof"])
    assert loaded.to_bytes() == proof.to_bytes()
    with pytest.raises(zkinfer.InputError, match="verify"):
        loaded.output


def test_commitment_that_was_saved(tmp_path, model, flowers):
    path = tmp_path / "network.zksecret"
    first = model.commit(proofs=16)
    first.save(path)
    left = first.num_proofs_left
    again = zkinfer.Prover.open(model, path)
    assert again.public.identity == first.public.identity and again.public.certified
    zkinfer.verify(again.prove(flowers[0]), first.public)
    zkinfer.verify(first.prove(flowers[1]), again.public)
    assert first.num_proofs_left == again.num_proofs_left == left - 2
    with pytest.raises(zkinfer.InputError, match="already"):
        first.save(tmp_path / "other.zksecret")


def test_batches(key, model, flowers):
    batch = key.prove_batch(flowers[:5], context="order 7")
    statements = zkinfer.verify_batch(batch, key.public, context="order 7")
    assert batch.output.shape == (5, 1, 3)
    for row, statement in zip(flowers, statements):
        assert np.array_equal(statement.output, model.run(row).output)
    with pytest.raises(zkinfer.InputError, match="batch proof"):
        zkinfer.Proof(batch.to_bytes())


def test_budget_ends(model, flowers):
    key = model.commit(proofs=4)
    while key.num_proofs_left:
        key.prove(flowers[0])
    with pytest.raises(zkinfer.BudgetError) as error:
        key.prove(flowers[0])
    assert "zkinfer rotate" in error.value.remedy or "proofs=" in error.value.remedy


def test_who_sees_what(model, flowers):
    shown = model.commit(inputs="public")
    statement = zkinfer.verify(shown.prove(flowers[0]), shown.public)
    assert statement.inputs[0].shape == (1, 4)
    assert np.allclose(statement.inputs[0], flowers[0], atol=statement.input_tensors[0].scale)
    public = model.commit(public_parameters=True)
    assert public.num_proofs_left is None
    assert zkinfer.verify(public.prove(flowers[0]), public.public).weights == "rederived"
    uncertified = model.commit(certify=False)
    proof = uncertified.prove(flowers[0])
    # As for the program: who lacks the certificate has not looked at the proof, good or bad.
    for given in (proof, proof.to_bytes()[:-1]):
        with pytest.raises(zkinfer.InputError) as error:
            zkinfer.verify(given, uncertified.public)
        assert "integers in their ranges" in error.value.reason and "accept_uncertified" in error.value.remedy
    assert zkinfer.verify(proof, uncertified.public, accept_uncertified=True).weights == "uncertified"
    uncertified.certify()
    assert zkinfer.verify(proof, uncertified.public).weights == "certified"


def test_committed_inputs(tmp_path, model, flowers):
    key = model.commit(inputs="committed")
    tensor = key.public.commit_tensor(flowers[0])
    tensor.save(tmp_path / "x.zktsecret")
    tensor.commitment.save(tmp_path / "x.zktensor")
    known = zkinfer.TensorCommitment.load(tmp_path / "x.zktensor")
    proof = key.prove(tensor)
    statement = zkinfer.verify(proof, key.public, inputs={"flower": known})
    assert statement.input_tensors[0].commitment == known and statement.inputs == (None,)
    other = key.public.commit_tensor(flowers[1])
    with pytest.raises(zkinfer.Rejected, match="wrong statement"):
        zkinfer.verify(proof, key.public, inputs={"flower": other.commitment})
    again = zkinfer.CommittedTensor.open(tmp_path / "x.zktsecret")
    zkinfer.verify(key.prove([again]), key.public, inputs={"flower": known})
    with pytest.raises(zkinfer.InputError, match="committed"):
        key.prove(flowers[0])


def test_reports(key, proof, model, flowers):
    soundness = key.public.soundness()
    assert soundness.bits >= 128 and "bits" in str(soundness) and soundness.terms
    sizes = proof.size_report()
    assert sum(sizes.values()) == len(proof)
    assert key.num_slots == 256 and key.price.opening_bytes > 0 and "columns" in key.circuit_report()
    report = model.report(flowers)
    assert report.num_inputs == len(flowers) and report.nodes and report.total_cost.seconds > 0
    batch = key.prove_batch(flowers[:2])
    for thing in (model, key, proof, key.public, batch, soundness, model.run(flowers[0]), zkinfer.verify(proof, key.public)):
        assert "zkinfer" in repr(thing) and "<table>" in thing._repr_html_()


def test_pickles(model, key, proof):
    assert pickle.loads(pickle.dumps(model)).to_bytes() == model.to_bytes()
    public = pickle.loads(pickle.dumps(key.public))
    assert public.certified
    zkinfer.verify(pickle.loads(pickle.dumps(proof)), public)
    with pytest.raises(zkinfer.InputError, match="save it"):
        pickle.dumps(key)


def test_choices_that_prove_or_hide_next_to_nothing(model):
    for options, words in (
        ({"outputs": "private"}, "inputs and outputs are private"),
        ({"inputs": "public", "outputs": "private"}, "some output for its input"),
        ({"inputs": "committed", "outputs": "private"}, "some output for its input"),
        ({"inputs": "public", "outputs": "committed", "public_parameters": True}, "inputs and weights are public"),
    ):
        with pytest.warns(zkinfer.ModelWarning, match=words):
            model.commit(certify=False, **options)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.commit(certify=False, inputs="public")
        model.commit(certify=False, inputs="public:sha256", outputs="committed")


def test_a_second_copy_of_a_secret_is_noticed(tmp_path, model, flowers):
    key = model.commit(certify=False)
    key.save(tmp_path / "a.zksecret")
    shutil.copy(tmp_path / "a.zksecret", tmp_path / "b.zksecret")
    key.prove(flowers[0])
    with pytest.raises(zkinfer.InputError, match="b.zksecret' is a copy: .*a.zksecret"):
        zkinfer.Prover.open(model, tmp_path / "b.zksecret").prove(flowers[0])
    key.prove(flowers[0])
