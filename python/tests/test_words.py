# SPDX-License-Identifier: Apache-2.0
"""What the program takes, Python takes; arguments that are called otherwise are told their names; what is public says what it does."""
import copy
import inspect
import pathlib
import pickle
import re
import shutil
import warnings

import numpy as np
import pytest

import zkinfer
from zkinfer import _native, _words


def test_error_targets_as_the_program_takes_them(onnx_path, flowers):
    for given, target in (("1%", 0.01), ("0.5 %", 0.005), ("0.002", 0.002), ("exact", 0.0002), (0.01, 0.01)):
        assert zkinfer.compile(onnx_path, flowers, float_target=given).record.float_target == pytest.approx(target)
    for wrong in ("", "%", "1 percent", "nan", "inf%"):
        with pytest.raises(zkinfer.InputError, match="float_target="):
            zkinfer.compile(onnx_path, flowers, float_target=wrong)


def test_files_as_the_program_reads_them(source, onnx_path, flowers, tmp_path):
    folder = tmp_path / "typical"
    folder.mkdir()
    np.save(folder / "b.npy", flowers[10:])
    np.savez(folder / "a.npz", flowers[:10])
    whole = zkinfer.compile(onnx_path, flowers)
    for given in (source / "examples/mlp/calibration.json", str(folder), [folder / "a.npz", str(folder / "b.npy")]):
        model = zkinfer.compile(onnx_path, given)
        assert model.structure_digest == whole.structure_digest
        assert np.array_equal(model.run(flowers[3]).integers[0], whole.run(flowers[3]).integers[0])
    (folder / "notes.txt").write_text("no numbers")
    with pytest.warns(zkinfer.ModelWarning, match="1 files of the folder"):
        zkinfer.compile(onnx_path, folder)
    np.save(tmp_path / "one.npy", flowers[3])
    assert np.array_equal(whole.run(tmp_path / "one.npy").output, whole.run(flowers[3]).output)
    with pytest.raises(zkinfer.InputError, match="10 samples, expected one"):
        whole.run(folder / "b.npy")
    (tmp_path / "empty").mkdir()
    for path, says in ((tmp_path / "empty", "no input files"), (tmp_path / "nowhere", "is not there"), (folder / "notes.txt", "is a text")):
        for call in (whole.run, whole.report, lambda given: zkinfer.compile(onnx_path, given)):
            with pytest.raises(zkinfer.InputError, match=says):
                call(path)


def test_pictures_are_preprocessed(source):
    digits = source / "examples/digits"
    typical = np.load(digits / "calibration.npy")
    model = zkinfer.compile(digits / "digits.onnx", typical / np.float32(255), preprocessing={"scale": 1 / 255})
    for digit in (3, 7):
        assert model.run(digits / f"digit_{digit}.png").output.argmax() == digit


def test_proofs_of_files(key, flowers, tmp_path):
    np.save(tmp_path / "one.npy", flowers[0])
    np.save(tmp_path / "two.npy", flowers[:2])
    zkinfer.verify(key.prove(tmp_path / "one.npy"), key.public)
    assert len(zkinfer.verify_batch(key.prove_batch(str(tmp_path / "two.npy")), key.public)) == 2


def test_modules_from_files(tmp_path):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed (python3-torch)")
    np.save(tmp_path / "x.npy", np.random.default_rng(1).normal(size=(20, 5)).astype("float32"))
    assert zkinfer.compile(torch.nn.Linear(5, 2), tmp_path / "x.npy").inputs_info[0].shape == (1, 5)


def test_clipped_values_are_said(model, key, flowers):
    far = np.array([1e6, 3, -1e6, 1], dtype=np.float32)
    with pytest.warns(zkinfer.ClippingWarning, match="2 of 4 values of input 'flower'.*nearest ends"):
        assert model.run(far).num_clipped == 2
    with pytest.warns(zkinfer.ClippingWarning):
        assert key.prove(far).num_clipped == 2
    with pytest.warns(zkinfer.ClippingWarning):
        assert key.prove_batch([far, flowers[0]]).num_clipped == 2
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert model.run(flowers[0]).num_clipped == 0


def test_other_names_of_arguments(model, key, onnx_path, flowers):
    def compile(**options):
        return zkinfer.compile(onnx_path, flowers, **options)

    for call, options, says in (
        (compile, {"bits": 8}, "no argument 'bits'; it is called activation_bits= and weight_bits="),
        (compile, {"tolerance": 1}, "it is called float_target="),
        (compile, {"weigth_bits": 8}, "it is called weight_bits="),
        (compile, {"zzz": 8}, "there are model, calibration, "),
        (model.commit, {"public_model": True}, "it is called public_parameters=True"),
        (model.commit, {"budget": 3}, "it is called proofs="),
        (lambda **options: key.prove(flowers[0], **options), {"nonce": b"x"}, "it is called context="),
        (lambda **options: zkinfer.verify(b"", key.public, **options), {"nonce": b"x"}, "it is called context="),
        (model.run, {}, r"missing a required argument: 'inputs'; it is called as Model.run\(inputs, "),
    ):
        with pytest.raises(zkinfer.InputError, match=says) as error:
            call(**options)
        assert not re.search("_native|pybind|self", str(error.value))
    with pytest.raises(zkinfer.InputError, match="too many"):
        model.run(flowers[0], 1, 2)


def test_weights_that_are_lost_in_training(flowers):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed (python3-torch)")
    import zkinfer.torch

    net = zkinfer.torch.prepare_qat(torch.nn.Linear(4, 2), flowers)
    weight = next(net.parameters())
    with torch.no_grad():
        weight.view(-1)[0] = 1e30
    with pytest.warns(zkinfer.ModelWarning, match="1 of 8 have grown beyond"):
        net.finish()
    for value in (float("nan"), float("inf")):
        with torch.no_grad():
            weight.view(-1)[0] = value
        with pytest.raises(zkinfer.InputError, match="1 of 8 are infinite or not a number"):
            net.finish()


def public():
    """(name, function) of everything that people call."""
    modules = [zkinfer]
    for name in ("torch", "sklearn"):
        if shutil.which("python3") and __import__("importlib.util").util.find_spec(name) is not None:
            modules.append(__import__(f"zkinfer.{name}", fromlist=[name]))
    for module in modules:
        for name in getattr(module, "__all__", ["export_onnx"]):
            thing = getattr(module, name)
            if inspect.isclass(thing) and not issubclass(thing, (Exception, Warning)):
                yield f"{name}", thing
                for base in thing.__mro__:
                    if not base.__module__.startswith("zkinfer") or base.__module__ == "zkinfer._native":
                        continue
                    for member, function in vars(base).items():
                        if not member.startswith("_") and (inspect.isfunction(function) or isinstance(function, (classmethod, property))):
                            yield f"{name}.{member}", function
            elif inspect.isfunction(thing):
                yield name, thing


@pytest.mark.parametrize("name, thing", public(), ids=[name for name, _ in public()])
def test_docstrings(name, thing):
    text = inspect.getdoc(thing.__func__ if isinstance(thing, classmethod) else thing) or ""
    assert text, "no docstring"
    if isinstance(thing, property) or inspect.isclass(thing) or name.endswith("extra_repr"):
        return
    function = thing.__func__ if isinstance(thing, classmethod) else thing
    parameters = [p for p in inspect.signature(function).parameters if p not in ("self", "cls", "progress")]
    if parameters and name not in ("Soundness",):
        assert "Raises" in text, "does not say what it raises"
    for parameter in parameters:
        if len(parameters) > 1:
            assert re.search(rf"\b{parameter}\b", text), f"says nothing of {parameter}"


def test_examples_in_docstrings_of_what_people_begin_with():
    for thing in (zkinfer.compile, zkinfer.Model.commit, zkinfer.Model.run, zkinfer.Model.save, zkinfer.Prover.prove, zkinfer.Prover.prove_batch,
                  zkinfer.Prover.open, zkinfer.Prover.rotate, zkinfer.verify, zkinfer.verify_batch, zkinfer.verify_chain, zkinfer.verify_rotation,
                  zkinfer.VerificationKey.commit_tensor, zkinfer.VerificationKey.save):  # fmt: skip
        assert ">>> " in inspect.getdoc(thing), thing


def test_records_show_themselves(model, key, proof):
    for record, says in (
        (model.inputs_info[0], "name='flower'"), (model.record, "measured_error="), (proof.clipping[0], "num_clipped=0"), (proof.stats, "total_seconds="),
        (key.public.info, "model_name="), (key.price, "opening_bytes="), (model.report().nodes[0], "op="),
    ):  # fmt: skip
        assert says in repr(record) and " at 0x" not in repr(record)
        assert "<table>" in record._repr_html_()
    for cls in vars(_native).values():
        if isinstance(cls, type):
            assert cls.__repr__ is not object.__repr__, cls


def test_no_words_for_what_no_message_names(source):
    texts = "".join(path.read_text() for folder in ("src", "include", "tools/cli") for path in (source / folder).rglob("*") if path.suffix in (".cc", ".h"))
    for library in _words._WORDS:
        assert library in texts, library


def test_results_are_pickled_and_copied(model, key, proof, flowers):
    batch = key.prove_batch(flowers[:3])
    results = [
        model.run(flowers[0]), zkinfer.verify(proof, key.public, context=b"nonce"), zkinfer.verify_batch(batch, key.public), key.public.soundness(), key.public, key.public.info, model.record, model.report(),
        key.price, proof.stats, proof.clipping, model.outputs_info, model.outputs_info[0].format, model.inputs_info[0],
    ]  # fmt: skip
    for result in results:
        again = pickle.loads(pickle.dumps(result))
        assert repr(again) == repr(result) and repr(pickle.loads(pickle.dumps(again))) == repr(result)
        assert repr(copy.deepcopy(result)) == repr(result) and repr(copy.copy(result)) == repr(result)
        if hasattr(result, "_repr_html_"):
            assert again._repr_html_() == result._repr_html_()
    said = pickle.loads(pickle.dumps(results[1]))
    assert np.array_equal(said.output, results[1].output) and said.input_tensors[0].name == "flower"
    assert isinstance(pickle.loads(pickle.dumps(model.outputs_info[0].format)), type(model.outputs_info[0].format))
    for copied in (copy.copy(proof), copy.deepcopy(proof), copy.copy(batch), copy.deepcopy(batch)):
        assert np.array_equal(copied.output, (batch if isinstance(copied, zkinfer.Batch) else proof).output)
    several = model.commit(inputs="committed", outputs="committed")
    hidden = several.public.commit_tensor(flowers[0])
    made = several.prove(hidden)
    for result in (hidden.commitment, zkinfer.verify(made, several.public), zkinfer.verify_chain([(made, several.public)])):
        for again in (pickle.loads(pickle.dumps(result)), copy.copy(result), copy.deepcopy(result)):
            assert repr(again) == repr(result)
    assert pickle.loads(pickle.dumps(zkinfer.verify(made, several.public))).output_tensors[0].commitment == made.committed_outputs[0].commitment
    for secret in (hidden, made.committed_outputs[0]):
        for copied in (pickle.dumps, copy.copy, copy.deepcopy):
            with pytest.raises(zkinfer.InputError, match="a CommittedTensor counts"):
                copied(secret)
    with pytest.raises(zkinfer.InputError, match="a proof that was read"):
        pickle.loads(pickle.dumps(proof)).output


def test_the_cost_shown_is_that_of_a_whole_proof(model):
    """The report counts what depends on the model; small models' proofs take as long as what does not."""
    found = re.search(r"about ([0-9.]+) s of proving on two cores, of which ([0-9.]+) s do not depend on the model", model._repr_html_())
    assert float(found[1]) == pytest.approx(float(found[2]) + model.report().total_cost.seconds, rel=0.05) and float(found[2]) == 0.025


class Broken:
    shape = (4,)

    def __array__(self, *args, **kwargs):
        raise LookupError("mine")


def test_whatever_is_given_is_an_error_of_ours(key, model, proof, flowers, onnx_path, tmp_path):
    """What the interpreter, NumPy or torch would say of it otherwise, each in its own kind of exception."""
    odd = ["a\0b", b"a\0b", "\udc80", "a" * 5000, pathlib.Path("a\0b")]
    for path in odd:
        for call in (
            proof.save, model.save, key.save, key.public.save, zkinfer.Model.load, zkinfer.VerificationKey.load, zkinfer.Proof.load, zkinfer.CommittedTensor.open,
            lambda path: zkinfer.Prover.open(model, path), lambda path: zkinfer.verify(path, key.public), lambda path: zkinfer.verify(proof, path),
            key.prove, model.run, key.prove_batch, key.public.load,
            lambda path: zkinfer.compile(path, flowers), lambda path: zkinfer.compile(onnx_path, path), lambda path: zkinfer.verify(proof, key.public, path=path),
            lambda path: zkinfer.verify(proof, key.public, inputs={"flower": path}) if not isinstance(path, bytes) else zkinfer.Tokenizer(path),
        ):  # fmt: skip
            with pytest.raises((zkinfer.ZkinferError, FileNotFoundError)) as caught:
                call(path)
            assert isinstance(caught.value, zkinfer.ZkinferError), (path, caught.value)
    closed = open(onnx_path, "rb")
    closed.close()
    things = [Broken(), [Broken()], closed, (x for x in flowers[:1]), object(), {1: 2}, {"flower": closed}, None, {"flower": None}, [[]], [None] * 4, 1 + 2j]
    try:
        import torch
    except ImportError:
        pass
    else:
        things += [torch.rand(4, device="meta"), torch.rand(4).to_sparse(), [torch.rand(4, device="meta")], torch.rand(4, dtype=torch.complex64)]
    for thing in things:
        for call in (key.prove, model.run):
            with pytest.raises(zkinfer.InputError):
                call(thing)
    for thing in (closed, Broken(), [Broken()], object()):
        with pytest.raises(zkinfer.InputError):
            key.prove_batch(thing)
        with pytest.raises(zkinfer.InputError):
            zkinfer.compile(onnx_path, thing)
        with pytest.raises(zkinfer.InputError):
            zkinfer.compile(thing, flowers)
    class Unshown:
        def __repr__(self):
            raise LookupError("mine")

    for call in (
        lambda: model.commit(proofs=Unshown()), lambda: zkinfer.verify(proof, key.public, accept_uncertified=Unshown()), lambda: key.prove_joint(flowers[:1], None),
        lambda: key.prove_joint(flowers[:1], closed), lambda: zkinfer.DataSet(flowers[:1], Broken()), lambda: zkinfer.DataSet(flowers[:2], [[1, 2], [3]]),
    ):  # fmt: skip
        with pytest.raises(zkinfer.InputError):
            call()
    for progress in (lambda: 1, lambda stage: 1, lambda stage, fraction, more: 1):
        with pytest.raises(zkinfer.InputError, match=r"progress: .*give a function of \(stage, fraction\)"):
            key.prove(flowers[0], progress=progress)


def test_remedies_are_what_to_do(key, model, flowers, onnx_path, tmp_path):
    (tmp_path / "notes.txt").write_text("of ours")
    for path in ("nowhere.npy", tmp_path / "notes.txt"):
        for call in (key.prove, model.run, key.prove_batch, lambda path: zkinfer.compile(onnx_path, path)):
            with pytest.raises(zkinfer.InputError) as caught:
                call(path)
            assert caught.value.remedy.startswith("give an array, or the path of a .npy") or "give an array, the path of a .npy" in str(caught.value), str(caught.value)
            assert "give" not in caught.value.reason
    for several in ([flowers[0], flowers[1]], [flowers[0], flowers[1][:2]], (flowers[0],) * 3):
        with pytest.raises(zkinfer.InputError, match=r"arrays, the model has 1 input \(flower\); give one array"):
            key.prove(several)
    assert np.array_equal(model.run([np.float32(x) for x in flowers[0]]).output, model.run(flowers[0]).output)


def test_a_tensors_commitment_may_be_a_path(model, flowers, tmp_path):
    key = model.commit(inputs="committed")
    tensor, other = key.public.commit_tensor(flowers[0]), key.public.commit_tensor(flowers[1])
    tensor.commitment.save(tmp_path / "t.zktensor")
    other.commitment.save(tmp_path / "o.zktensor")
    proof = key.prove(tensor)
    for path in (tmp_path / "t.zktensor", str(tmp_path / "t.zktensor")):
        assert zkinfer.verify(proof, key.public, inputs={"flower": path}).input_tensors[0].commitment == tensor.commitment
    with pytest.raises(zkinfer.Rejected):
        zkinfer.verify(proof, key.public, inputs={"flower": tmp_path / "o.zktensor"})
    with pytest.raises(zkinfer.FileError):
        zkinfer.verify(proof, key.public, inputs={"flower": "nowhere.zktensor"})
    with pytest.raises(zkinfer.InputError, match="neither a hexadecimal digest nor the path of a .zktensor file"):
        zkinfer.verify(proof, key.public, inputs={"flower": "no digest"})
