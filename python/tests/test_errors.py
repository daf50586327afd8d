# SPDX-License-Identifier: Apache-2.0
"""Bad calls: a clear exception, and no broken file."""
import contextlib
import os

import numpy as np
import pytest

import zkinfer


@pytest.mark.parametrize(
    "inputs, says",
    [
        (np.zeros(3), "shape"),
        (np.zeros((4, 1, 2)), "shape"),
        (np.full(4, np.nan), "not a number"),
        (np.array(["a", "b", "c", "d"]), "dtype"),
        (np.zeros(4, dtype=complex), "dtype"),
        (None, "dtype"),
        ({"petal": np.zeros(4)}, "flower"),
        ({}, "flower"),
        ([[1, 2], [3]], "array of numbers"),
    ],
)
def test_inputs(key, inputs, says):
    left = key.num_proofs_left
    with pytest.raises(zkinfer.InputError, match=says):
        key.prove(inputs)
    assert key.num_proofs_left == left  # no slot was taken


def test_many_dtypes(key, model):
    whole = np.array([5, 3, 2, 1])
    expected = model.run(whole.astype(np.float32)).output
    for dtype in ("float16", "float32", "float64", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64", ">f4", ">i4"):
        assert np.array_equal(model.run(whole.astype(dtype)).output, expected), dtype
    assert np.array_equal(model.run([5, 3, 2, 1]).output, expected)
    strided = np.stack([whole, whole * 0], axis=1)[:, 0]
    assert np.array_equal(model.run(strided).output, expected)


def test_clipping_is_said(key):
    far = np.array([1e6, 3, 2, 1], dtype=np.float32)
    with pytest.warns(zkinfer.ClippingWarning, match="1 of 4 values of input 'flower'"):
        proof = key.prove(far)
    assert proof.clipping[0].num_clipped == 1
    left = key.num_proofs_left
    with pytest.raises(zkinfer.InputError, match="flower"):
        key.prove(far, refuse_clipping=True)
    assert key.num_proofs_left == left


def test_context(key, flowers):
    with pytest.raises(zkinfer.InputError, match="33 bytes"):
        key.prove(flowers[0], context=b"x" * 33)
    with pytest.raises(zkinfer.InputError, match="context: .*surrogates"):
        key.prove(flowers[0], context="\ud800")


def test_compile_says_which_node(flowers):
    onnx = pytest.importorskip("onnx")
    helper = onnx.helper
    graph = helper.make_graph(
        [helper.make_node("Unique", ["x"], ["y"], name="odd")],
        "g",
        [helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [1, 4])],
        [helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, None)],
    )
    data = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)]).SerializeToString()
    with pytest.raises(zkinfer.CompileError) as error:
        zkinfer.compile(data, calibration=flowers)
    assert error.value.node == "odd" and error.value.op == "Unique" and error.value.reason
    assert error.value.parts[0].node == "odd"


def test_compile_refuses(onnx_path, flowers, tmp_path):
    with pytest.raises(zkinfer.FileError, match="nowhere.onnx"):
        zkinfer.compile("nowhere.onnx")
    # What is no network, or is cut off, says what to do, whatever it begins like.
    (tmp_path / "empty").mkdir()
    whole = open(onnx_path, "rb").read()
    foreign = [b"", b"no onnx at all", b'{"a": 1}', b"PK\x03\x04", b"PK\x03\x04" + bytes(100), b"\x89HDF\r\n\x1a\n", b"GGUF", b"GGUF" + bytes(40), b"\0\0\0\0TFL3", b"\x1c\0\0\0TFL3" + bytes(50),
               b"\x80\x04\x95", b"ak42" + bytes(10), whole[: len(whole) // 2]]  # fmt: skip
    for number, data in enumerate(foreign):
        (tmp_path / f"{number}.bin").write_bytes(data)
        for given in (data, tmp_path / f"{number}.bin"):
            with pytest.raises(zkinfer.CompileError) as error:
                zkinfer.compile(given)
            assert error.value.remedy and error.value.reason and "; " not in error.value.remedy, (data[:20], str(error.value))
    with pytest.raises(zkinfer.CompileError) as error:
        zkinfer.compile(tmp_path / "empty")
    assert "ONNX" in error.value.remedy
    with pytest.raises(zkinfer.InputError, match="int"):
        zkinfer.compile(7)
    with pytest.raises(zkinfer.InputError, match=r"\(20, 3\), expected \(1, 4\)"):
        zkinfer.compile(onnx_path, calibration=flowers[:, :3])
    with pytest.raises(zkinfer.InputError, match="mse"):
        zkinfer.compile(onnx_path, calibration=flowers, calibration_method="best")
    with pytest.raises((zkinfer.InputError, zkinfer.CompileError), match="activation"):
        zkinfer.compile(onnx_path, calibration=flowers, activation_bits=99)
    with pytest.warns(zkinfer.ModelWarning, match="no calibration"):
        zkinfer.compile(onnx_path)


def test_commit_refuses(model):
    with pytest.raises(zkinfer.InputError, match="private"):
        model.commit(inputs="secret")
    with pytest.raises(zkinfer.InputError, match="security_bits"):
        model.commit(security_bits=-1)
    with pytest.raises(zkinfer.InputError):
        model.commit(security_bits=500)
    with pytest.raises(zkinfer.InputError):
        model.commit(zero_knowledge=False)
    with pytest.raises(zkinfer.InputError, match="profile"):
        model.commit(profile="fastest")


def test_proofs_are_rejected_with_reasons(key, model, proof, flowers):
    data = proof.to_bytes()
    with pytest.raises(zkinfer.Rejected) as error:
        zkinfer.verify(data[:-1], key.public)
    assert error.value.reason == "truncated" and error.value.where
    with pytest.raises(zkinfer.Rejected) as error:
        zkinfer.verify(data, key.public, context=b"another")
    assert error.value.reason == "wrong statement" and error.value.remedy
    other = model.commit()
    with pytest.raises(zkinfer.Rejected, match="wrong statement"):
        zkinfer.verify(data, other.public)
    changed = bytearray(data)
    changed[len(data) // 2] ^= 1
    with pytest.raises(zkinfer.Rejected):
        zkinfer.verify(bytes(changed), key.public)
    with pytest.raises(zkinfer.Rejected, match="another key"):
        zkinfer.VerificationKey(key.public.to_bytes(), certificate=other.public.certificate)
    for anything in (b"", b"x", bytes(1000)):
        with pytest.raises(zkinfer.Rejected):
            zkinfer.verify(anything, key.public)


def test_errors_say_what_to_do(key, model, proof, onnx_path, flowers, tmp_path):
    """Whatever is wrong with a call, its error has a remedy."""
    (tmp_path / "other.json").write_text('{"input_data": [[1]]}')
    key.public.save(tmp_path / "k.zkkey")
    (tmp_path / "cut.npy").write_bytes(b"\x93NUMPY" + bytes(20))
    data = proof.to_bytes()
    calls = [
        lambda: zkinfer.compile(tmp_path / "nothere.onnx"),
        lambda: zkinfer.compile(onnx_path, calibration=tmp_path / "cut.npy"),
        lambda: zkinfer.compile(onnx_path, calibration=flowers, activation_bits=99),
        lambda: zkinfer.compile(onnx_path, calibration=flowers, memory="1KiB"),
        lambda: zkinfer.compile(onnx_path, calibration=flowers, unknown=1),
        lambda: zkinfer.compile(len),
        lambda: zkinfer.Model.load(tmp_path / "nothere.zkmodel"),
        lambda: zkinfer.Model.load(tmp_path / "other.json"),
        lambda: zkinfer.Model.load(tmp_path / "k.zkkey"),
        lambda: zkinfer.Model.load(tmp_path),
        lambda: zkinfer.Prover.open(model, tmp_path / "nothere.zksecret"),
        lambda: model.save(tmp_path / "nothere" / "m.zkmodel"),
        lambda: model.save(tmp_path / "other.json"),
        lambda: model.run(np.full(4, np.nan)),
        lambda: model.run(np.zeros(3)),
        lambda: model.run(np.array(["a"] * 4)),
        lambda: model.run({"petal": np.zeros(4)}),
        lambda: model.commit(inputs="secret"),
        lambda: model.commit(proofs=0),
        lambda: model.commit(proofs=10**9),
        lambda: model.commit(profile="fastest"),
        lambda: key.prove(None),
        lambda: key.prove_batch([]),
        lambda: key.prove(flowers[0], context=b"x" * 33),
        lambda: zkinfer.verify(tmp_path / "nothere.zkproof", key.public),
        lambda: zkinfer.verify(tmp_path / "other.json", key.public),
        lambda: zkinfer.verify(data[:-1], key.public),
        lambda: zkinfer.verify(data + b"x", key.public),
        lambda: zkinfer.verify(b"garbage", key.public),
        lambda: zkinfer.verify(bytes(byte ^ (place == len(data) // 2) for place, byte in enumerate(data)), key.public),
        lambda: zkinfer.verify(data, key.public, context="another"),
        lambda: zkinfer.verify(data, model.commit().public),
        lambda: zkinfer.verify(data, key),
        lambda: zkinfer.verify_chain([(data[:-1], key.public), (data, key.public)]),
        lambda: zkinfer.verify_rotation(key.public, key.public, b"x"),
        lambda: key.public.follow(b"x"),
        lambda: zkinfer.VerificationKey(b"no key"),
        lambda: zkinfer.VerificationKey(key.public.to_bytes(), min_security_bits=200),
        lambda: zkinfer.VerificationKey(key.public.to_bytes(), max_seconds=1e-9),
    ]
    silent = []
    for number, call in enumerate(calls):
        with pytest.raises(zkinfer.ZkinferError) as error:
            call()
        if not error.value.remedy or not error.value.reason:
            silent.append((number, type(error.value).__name__, str(error.value)))
    assert silent == []


def test_keys_are_refused(key):
    with pytest.raises(zkinfer.InputError):
        zkinfer.VerificationKey(b"no key")
    with pytest.raises(zkinfer.InputError, match="bits"):
        zkinfer.VerificationKey(key.public.to_bytes(), min_security_bits=200)
    with pytest.raises(zkinfer.BudgetError):
        zkinfer.VerificationKey(key.public.to_bytes(), max_seconds=1e-9)
    with pytest.raises(zkinfer.InputError, match="VerificationKey"):
        zkinfer.verify(b"", key)  # the prover's side


def test_arguments_in_the_wrong_order(key, proof, tmp_path):
    proof.save(tmp_path / "x.zkproof")
    key.public.save(tmp_path / "x.zkkey")
    for first, second in (
        (key.public, proof),
        (key.public.to_bytes(), proof.to_bytes()),
        (tmp_path / "x.zkkey", tmp_path / "x.zkproof"),
        (key.public, tmp_path / "x.zkproof"),
    ):
        with pytest.raises(zkinfer.InputError, match="the proof comes first, then the key"):
            zkinfer.verify(first, second)
    with pytest.raises(zkinfer.FileError):
        zkinfer.verify(proof, tmp_path / "nowhere.zkkey")


def test_files_of_another_kind(tmp_path, model, key, proof):
    text = tmp_path / "notes.txt"
    text.write_text("mine")
    for save in (proof.save, model.save, key.public.save):
        with pytest.raises(zkinfer.InputError, match="notes.txt"):
            save(text)
    assert text.read_text() == "mine"
    with pytest.raises(zkinfer.InputError):
        key.save(text)
    with pytest.raises(zkinfer.InputError, match="no file of zkinfer's"):
        zkinfer.Proof.load(text)
    with pytest.raises(zkinfer.FileError, match="missing"):
        zkinfer.Proof.load(tmp_path / "missing.zkproof")
    with pytest.raises(zkinfer.FileError, match="folder"):
        proof.save(tmp_path / "folder" / "x.zkproof")
    proof.save(tmp_path / "x.zkproof")
    with pytest.raises(zkinfer.InputError, match="proof"):
        zkinfer.Model.load(tmp_path / "x.zkproof")
    with pytest.raises(zkinfer.InputError, match="proof"):
        zkinfer.VerificationKey.load(tmp_path / "x.zkproof")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["notes.txt", "x.zkproof"]


@pytest.mark.skipif(os.geteuid() == 0 and not os.path.exists("/dev/full"), reason="no /dev/full")
def test_disk_full(tmp_path, proof, monkeypatch):
    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(zkinfer.FileError, match="No space left"):
        proof.save(tmp_path / "x.zkproof")
    assert list(tmp_path.iterdir()) == []


def test_a_save_that_fails_can_be_done_again(tmp_path, model, monkeypatch):
    key = model.commit()

    def no_room(path, *_):
        raise zkinfer.FileError(f"'{path}' cannot be written: No space left on device")

    with monkeypatch.context() as full:
        full.setattr(zkinfer._files, "write", no_room)
        with pytest.raises(zkinfer.FileError, match="No space"):
            key.save(tmp_path / "k.zksecret")
    assert not list(tmp_path.iterdir())
    key.save(tmp_path / "k.zksecret")
    assert {file.suffix for file in tmp_path.iterdir()} >= {".zksecret", ".zkcert"}


def test_a_name_that_is_no_text(key):
    """What damaged files call their parts is quoted, not decoded: a service that catches ZkinferError catches these too."""
    good = key.public.to_bytes()
    at = good.index(b"logits")
    for place in range(at - 4, at + 12):
        for byte in (0xFF, 0x80, 0x01):
            bad = good[:place] + bytes([byte]) + good[place + 1 :]
            with pytest.raises(zkinfer.ZkinferError) if bad != good else contextlib.nullcontext():
                zkinfer.VerificationKey(bad)
