# SPDX-License-Identifier: Apache-2.0
"""Arguments of the wrong type or range: an InputError in Python's words, whatever the argument, and no slot taken."""
import re

import numpy as np
import pytest

import zkinfer

WRONG = [object(), "word", b"bytes", 3, -1, 2.5, True, None, [], {}, (1, 2), np.zeros(3), len, "\ud800", np.ma.masked_array(np.ones(4), [0, 1, 0, 0])]
CPP = re.compile(r" at 0x|incompatible|_native|argument types|std::|CompileOptions|CommitOptions")


def calls(model, key, proof, onnx_path, flowers):
    public = key.public

    def compile(**options):
        return zkinfer.compile(onnx_path, calibration=flowers, **options)

    for name in ("name", "input_shapes", "input_names", "example_inputs", "tokens", "head", "float_target", "activation_bits", "weight_bits", "calibration_method", "input_formats",
                 "preprocessing", "segments", "memory", "progress"):  # fmt: skip
        yield f"compile({name}=)", lambda value, name=name: compile(**{name: value})
    yield "compile(model)", lambda value: zkinfer.compile(value, calibration=flowers)
    yield "compile(calibration)", lambda value: zkinfer.compile(onnx_path, calibration=value)
    for name in ("inputs", "outputs", "public_parameters", "proofs", "tensor_budget", "security_bits", "decoding", "profile", "pow_bits", "zero_knowledge",
                 "certify", "progress"):  # fmt: skip
        yield f"commit({name}=)", lambda value, name=name: model.commit(**{name: value})
    yield "prove(inputs)", key.prove
    yield "prove_batch(inputs)", key.prove_batch
    for name in ("context", "refuse_clipping", "progress"):
        yield f"prove({name}=)", lambda value, name=name: key.prove(flowers[0], **{name: value})
    yield "run", model.run
    yield "report", model.report
    yield "input_digest", model.input_digest
    yield "Model.load", zkinfer.Model.load
    yield "Model.from_bytes", zkinfer.Model.from_bytes
    yield "Model.save", model.save
    yield "Prover.open(model)", lambda value: zkinfer.Prover.open(value, "nowhere.zksecret")
    yield "Prover.open(path)", lambda value: zkinfer.Prover.open(model, value)
    yield "Prover.save", key.save
    yield "rotate", lambda value: key.rotate(proofs=value)
    yield "VerificationKey", zkinfer.VerificationKey
    for name in ("certificate", "model", "min_security_bits", "max_seconds", "max_memory_bytes"):
        yield f"VerificationKey({name}=)", lambda value, name=name: zkinfer.VerificationKey(public.to_bytes(), **{name: value})
    yield "VerificationKey.load", zkinfer.VerificationKey.load
    yield "follow", public.follow
    yield "commit_tensor", public.commit_tensor
    yield "Proof", zkinfer.Proof
    yield "Proof.load", zkinfer.Proof.load
    yield "size_report", proof.size_report
    yield "verify(proof)", lambda value: zkinfer.verify(value, public)
    yield "verify(key)", lambda value: zkinfer.verify(proof, value)
    for name in ("context", "inputs", "outputs", "path", "accept_uncertified"):
        yield f"verify({name}=)", lambda value, name=name: zkinfer.verify(proof, public, **{name: value})
    yield "verify_batch", lambda value: zkinfer.verify_batch(value, public)
    yield "verify_chain", zkinfer.verify_chain
    yield "verify_rotation", lambda value: zkinfer.verify_rotation(public, public, value)
    yield "TensorCommitment.from_bytes", zkinfer.TensorCommitment.from_bytes
    yield "CommittedTensor.open", zkinfer.CommittedTensor.open
    evm = zkinfer.evm
    address = "0x" + "11" * 20
    yield "evm.export(proof)", lambda value: evm.export(value, public)
    yield "evm.export(key)", lambda value: evm.export(proof, value)
    for name in ("inputs", "outputs", "path"):
        yield f"evm.export({name}=)", lambda value, name=name: evm.export(proof, public, **{name: value})
    for name, call in (("model_id", evm.model_id), ("calldata", evm.calldata), ("Exported", evm.Exported), ("Exported.load", evm.Exported.load), ("Deployment.load", evm.Deployment.load),
                       ("Deployment.save", evm.Deployment(1, address, address, address).save), ("Node", evm.Node)):  # fmt: skip
        yield f"evm.{name}", call
    yield "evm.check(exported)", lambda value: evm.check(value, public)
    yield "evm.deploy(node)", lambda value: evm.deploy(value, {}, address)
    yield "evm.deploy(artifacts)", lambda value: evm.deploy("http://127.0.0.1:9", value, address)
    yield "evm.verify(exported)", lambda value: evm.verify(value, "http://127.0.0.1:9", evm.Deployment(1, address, address, address))
    for place in range(5):
        arguments = [1, address, address, "price", 7]
        yield f"evm.context({place})", lambda value, place=place, arguments=arguments: evm.context(*arguments[:place], value, *arguments[place + 1 :])


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_every_argument(model, key, proof, onnx_path, flowers, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    refused = 0
    for name, call in calls(model, key, proof, onnx_path, flowers):
        for value in WRONG:
            if value is len and "progress" in name:
                continue  # a function: what it raises is the caller's
            try:
                call(value)
            except zkinfer.ZkinferError as error:
                refused += 1
                assert not CPP.search(str(error)), f"{name} of {value!r}: {error}"
            except Exception as error:
                raise AssertionError(f"{name} of {value!r}: {type(error).__name__}: {error}") from error
    assert refused > 950


def test_what_has_no_number(key, model, onnx_path, flowers):
    left = key.num_proofs_left
    for value, says in ((np.inf, "infinite"), (-np.inf, "infinite"), (np.nan, "not a number"), (1e300, "beyond float32")):
        row = np.array([5, value, 2, 1])
        for dtype in (np.float64, np.float32) if not 1e100 < value < np.inf else (np.float64,):
            for call in (key.prove, model.run, lambda row: key.prove_batch([row]), lambda row: model.report([row]), model.input_digest):
                with pytest.raises(zkinfer.InputError, match=f"'flower': element 1 is .*{says}"):
                    call(row.astype(dtype))
            with pytest.raises(zkinfer.InputError, match=says):
                zkinfer.compile(onnx_path, calibration=np.concatenate([flowers, row[None].astype(dtype)]))
    assert key.num_proofs_left == left


def test_masked_values(key, model, onnx_path, flowers):
    """A mask says that there is no value: what lies under it is not proven in its place."""
    left = key.num_proofs_left
    row = np.ma.masked_array(flowers[0], [0, 1, 0, 0])
    committed = model.commit(inputs="committed").public
    for call in (key.prove, model.run, model.input_digest, committed.commit_tensor, lambda row: key.prove_batch([row]), lambda row: model.report([row]),
                 lambda row: key.prove({"flower": row}), lambda row: key.prove([row]), lambda row: key.prove_batch(np.ma.stack([row, row])),
                 lambda row: zkinfer.compile(onnx_path, calibration=[row]), lambda row: zkinfer.compile(onnx_path, calibration=np.ma.stack([row, row]))):  # fmt: skip
        with pytest.raises(zkinfer.InputError, match="'flower': some of its values are masked; .*filled"):
            call(row)
    assert key.num_proofs_left == left
    unmasked = np.ma.masked_array(flowers[0], [0, 0, 0, 0])
    assert np.array_equal(model.run(unmasked).output, model.run(flowers[0]).output)


def test_proofs_of_another_kind(key, proof, flowers, tmp_path):
    batch = key.prove_batch(flowers[:2])
    batch.save(tmp_path / "b.zkbatch")
    proof.save(tmp_path / "p.zkproof")
    for one in (batch, batch.to_bytes(), tmp_path / "b.zkbatch"):
        with pytest.raises(zkinfer.InputError, match="expected a proof; it is checked by zkinfer.verify_batch"):
            zkinfer.verify(one, key.public)
        with pytest.raises(zkinfer.InputError, match="expected a proof"):
            zkinfer.verify_chain([(one, key.public)])
    for one in (proof, proof.to_bytes(), tmp_path / "p.zkproof"):
        with pytest.raises(zkinfer.InputError, match="expected a batch proof; it is checked by zkinfer.verify"):
            zkinfer.verify_batch(one, key.public)
    with pytest.raises(zkinfer.InputError, match="is a verification key, expected a proof"):
        zkinfer.verify(key.public.to_bytes(), key.public)


def test_numbers_of_proofs(model, flowers):
    for wrong in (0, -1, 2.5, "3", True):
        with pytest.raises(zkinfer.InputError, match="proofs="):
            model.commit(proofs=wrong)
    with pytest.raises(zkinfer.InputError, match="leave it out"):
        model.commit(public_parameters=True, proofs=4)
    for certify in (True, False):
        key = model.commit(proofs=3, certify=certify)
        assert key.num_proofs_left == 3
        for row in flowers[:3]:
            zkinfer.verify(key.prove(row), key.public, accept_uncertified=not certify)
        with pytest.raises(zkinfer.BudgetError):
            key.prove(flowers[0])


def test_rotation(model, flowers):
    key = model.commit(proofs=1)
    key.prove(flowers[0])
    fresh, rotation = key.rotate(proofs=5)
    zkinfer.verify_rotation(key.public, fresh.public, rotation)
    assert fresh.num_proofs_left == 4  # its slot of the rotation is one of them
    zkinfer.verify(fresh.prove(flowers[0]), fresh.public)
    with pytest.raises(zkinfer.Rejected):
        zkinfer.verify_rotation(fresh.public, key.public, rotation)
    with pytest.raises(zkinfer.BudgetError):
        key.rotate()
    with pytest.raises(zkinfer.InputError, match="public"):
        model.commit(public_parameters=True).rotate()


def test_no_samples(key, model, onnx_path, flowers):
    for nothing in (flowers[:0], [], iter(()), {"flower": flowers[:0]}):
        for call in (key.prove_batch, model.report, lambda data: zkinfer.compile(onnx_path, calibration=data)):
            with pytest.raises(zkinfer.InputError, match="no samples"):
                call(nothing)


def test_preprocessing_is_kept(onnx_path, flowers):
    given = {"scale": 1 / 255, "mean": [0.5], "std": [0.25]}
    model = zkinfer.compile(onnx_path, calibration=flowers, preprocessing=given)
    assert zkinfer.Model.from_bytes(model.to_bytes()).preprocessing == given
    assert zkinfer.compile(onnx_path, calibration=flowers).preprocessing == {}
    with pytest.raises(zkinfer.InputError, match="'means', expected"):
        zkinfer.compile(onnx_path, calibration=flowers, preprocessing={"means": 1})


def test_small_targets_are_shown(onnx_path, flowers):
    with pytest.raises((zkinfer.InputError, zkinfer.CompileError), match="float_target= .* is 1e-09"):
        zkinfer.compile(onnx_path, calibration=flowers, float_target=1e-9)
