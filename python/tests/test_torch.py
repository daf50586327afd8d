# SPDX-License-Identifier: Apache-2.0
"""PyTorch modules. Skipped, and said so, where PyTorch is not installed (Debian: python3-torch)."""
import copy
import importlib.util
import inspect
import os
import threading
import warnings

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed (python3-torch)")

import zkinfer  # noqa: E402
from zkinfer.torch import compare, export_onnx  # noqa: E402

HAS_DYNAMO = "dynamo" in inspect.signature(torch.onnx.export).parameters and importlib.util.find_spec("onnxscript") is not None
needs_dynamo = pytest.mark.skipif(not HAS_DYNAMO, reason="the dynamo exporter needs PyTorch 2.5 or later and onnxscript (`scripts/test_full.sh .. torch`)")


@pytest.fixture(scope="module")
def net():
    torch.manual_seed(1)
    return torch.nn.Sequential(torch.nn.Conv2d(1, 4, 3), torch.nn.ReLU(), torch.nn.Flatten(), torch.nn.Linear(4 * 6 * 6, 5))


@pytest.fixture(scope="module")
def images():
    torch.manual_seed(2)
    return torch.rand(40, 1, 8, 8)


def test_five_lines(net, images):
    net.train()
    model = zkinfer.compile(net, calibration=images)
    assert net.training  # as it was
    key = model.commit()
    proof = key.prove(images[0])
    output = zkinfer.verify(proof, key.public).output
    with torch.no_grad():
        expected = net(images[:1]).numpy()
    assert np.abs(output - expected).max() < 0.002 * np.abs(expected).max()
    assert [t.name for t in model.inputs_info] == ["input"] and [t.name for t in model.outputs_info] == ["output"]


def test_calibration_of_every_kind(net, images):
    labels = torch.zeros(len(images), dtype=torch.long)
    data = torch.utils.data.TensorDataset(images, labels)
    whole = zkinfer.compile(net, calibration=images).to_bytes()
    for calibration in (
        torch.utils.data.DataLoader(data, batch_size=7),
        torch.utils.data.DataLoader(data, batch_size=1),
        [image for image in images],
        images.numpy(),
        {"input": images},
        data,
    ):
        assert zkinfer.compile(net, calibration=calibration).to_bytes() == whole


def test_several_inputs_and_outputs():
    class Two(torch.nn.Module):
        def forward(self, left, right):
            return {"product": left * right, "sum": (left + right).sum(dim=1)}

    data = {"left": torch.rand(30, 4), "right": torch.rand(30, 4)}
    model = zkinfer.compile(Two(), calibration=data)
    assert [t.name for t in model.inputs_info] == ["left", "right"]
    assert [t.name for t in model.outputs_info] == ["product", "sum"]
    key = model.commit()
    one = {"left": np.full(4, 0.5), "right": np.full(4, 0.25)}
    statement = zkinfer.verify(key.prove(one), key.public)
    assert np.allclose(statement.outputs[0], 0.125, atol=1e-3) and np.allclose(statement.outputs[1], 3.0, atol=3e-3)
    with pytest.raises(zkinfer.InputError, match="missing: right"):
        key.prove({"left": one["left"]})


def test_preprocessing_inside_is_proven(net, images):
    class Whole(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.net = net

        def forward(self, pixels):
            return self.net((pixels / 255.0 - 0.5) / 0.25)

    pixels = (images * 255).round()
    model = zkinfer.compile(Whole(), calibration=pixels)
    raw = pixels[0].to(torch.uint8)
    assert np.array_equal(model.run(raw).output, model.run(pixels[0]).output)


def test_modules_of_many_kinds():
    class Words(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.embed = torch.nn.Embedding(50, 8)
            self.layer = torch.nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
            self.head = torch.nn.Linear(8, 3)

        def forward(self, tokens):
            return self.head(self.layer(self.embed(tokens)).mean(1))

    torch.manual_seed(4)
    tokens, rows = torch.randint(0, 50, (30, 4)), torch.rand(30, 3)
    traced = torch.jit.trace(torch.nn.Linear(3, 2), rows[:1])
    double = torch.nn.Sequential(torch.nn.Linear(3, 2)).double()
    for module, data in ((Words(), tokens), (traced, rows), (double, rows.double()), (torch.nn.Linear(3, 2), rows.half())):
        model = zkinfer.compile(module, calibration=data)
        with torch.no_grad():
            example = data[:1] if data.dtype != torch.float16 else data[:1].float()
            expected = module.eval()(example).numpy()
        assert np.abs(model.run(data[0]).output - expected).max() < 0.005 * np.abs(expected).max()


def test_compare(net, images):
    model = zkinfer.compile(net, calibration=images)
    torch.manual_seed(3)
    found = compare(net, model, torch.rand(10, 1, 8, 8))
    assert found.num_inputs == 10 and found.agreement >= 0.9 and found.errors.max() < 0.01
    assert found.errors[found.worst[0]] == found.errors.max() and found.layers


def test_choices_have_no_distance(net, images):
    class Chooses(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.net = net

        def forward(self, x):
            scores = self.net(x)
            return 40 * scores.argmax(1), scores

    module = Chooses()
    model = zkinfer.compile(module, calibration=images)
    found = compare(module, model, images)
    choice, scores = found.fidelity.outputs
    assert choice.max_abs_error is choice.error_of_largest is choice.mean_abs_error is choice.relative_error is None and choice.agreement > 0.9
    assert found.fidelity.max_abs_error == scores.max_abs_error < 1 and found.errors.max() <= 1
    assert np.array_equal(zkinfer.verify(*(lambda key: (key.prove(images[0]), key.public))(model.commit())).output, model.run(images[0]).outputs[0])


def test_what_cannot_be_exported():
    class Odd(torch.nn.Module):
        def forward(self, x):
            return torch.linalg.eigvals(x).real

    with pytest.raises(zkinfer.CompileError) as error:
        zkinfer.compile(Odd(), calibration=torch.rand(10, 1, 4, 4))
    assert "Odd" in str(error.value) and error.value.reason
    with pytest.raises(zkinfer.InputError, match="example_inputs"):
        zkinfer.compile(Odd())


def test_a_failed_export_spoils_no_later_one(net, images):
    class Odd(torch.nn.Module):
        def forward(self, x):
            return torch.linalg.eigvals(x).real

    class Broken(torch.nn.Module):
        calls = 0

        def forward(self, x):
            self.calls += 1
            if self.calls > 1:  # the first is no exporter's
                raise RuntimeError("while it is traced")
            return x

    for _ in range(3):
        for bad in (Odd(), Broken()):
            with pytest.raises(zkinfer.CompileError):
                zkinfer.compile(bad, calibration=torch.rand(10, 1, 4, 4))
            zkinfer.compile(net, calibration=images)


def test_shapes_that_a_module_does_not_take(net, images):
    with pytest.raises(zkinfer.InputError, match=r"layer '0' \(Linear\): got \(1, 11\), expected \(\.\., 10\)"):
        zkinfer.compile(torch.nn.Sequential(torch.nn.Linear(10, 3)), calibration=torch.rand(20, 11))
    with pytest.raises(zkinfer.InputError, match="layer '0' .*expected 1 channels"):
        zkinfer.compile(net, calibration=images.permute(0, 2, 3, 1))


def test_generators_give_their_samples_once(net, images):
    whole = zkinfer.compile(net, calibration=images).to_bytes()
    assert zkinfer.compile(net, calibration=(image for image in images)).to_bytes() == whole
    with pytest.raises(zkinfer.InputError, match="no samples"):
        zkinfer.compile(net, calibration=images[:0])


class Of(torch.nn.Module):
    """A module of parts and what is done with them."""

    def __init__(self, forward, **parts):
        super().__init__()
        self.of = forward
        for name, part in parts.items():
            setattr(self, name, part)

    def forward(self, x):
        return self.of(self, x)


def kinds():
    """Modules that both exporters take, each with 30 samples."""
    torch.manual_seed(5)
    nn, words, images = torch.nn, torch.rand(30, 6, 8), torch.rand(30, 3, 12, 12)
    return {
        "conv": (nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4), nn.GELU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(144, 2)), images),
        "norms": (nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.GroupNorm(2, 4), nn.SiLU(), nn.AdaptiveAvgPool2d(2)), images),
        "transposed": (nn.Sequential(nn.ConvTranspose2d(3, 2, 3, stride=2), nn.Hardswish()), images),
        "shuffles": (nn.Sequential(nn.PixelUnshuffle(2), nn.PixelShuffle(2), nn.Upsample(scale_factor=2)), images),
        "padding": (Of(lambda self, x: torch.nn.functional.pad(x, (1, 2, 0, 1), mode="reflect")), images),
        "lstm": (Of(lambda self, x: self.rnn(x)[0][:, -1], rnn=nn.LSTM(8, 5, bidirectional=True, batch_first=True)), words),
        "gru": (Of(lambda self, x: self.rnn(x)[0], rnn=nn.GRU(8, 5, batch_first=True)), words),
        "attention": (Of(lambda self, x: self.mha(x, x, x)[0], mha=nn.MultiheadAttention(8, 2, batch_first=True)), words),
        "layer norm": (nn.Sequential(nn.LayerNorm(8), nn.Linear(8, 4), nn.PReLU(), nn.LogSoftmax(-1)), words),
        "products": (Of(lambda self, x: torch.einsum("bij,bkj->bik", x, x) + x.mean(-1, keepdim=True)), words),
        "choices": (Of(lambda self, x: torch.where(x > 0.5, x * 2, -x).cumsum(1).flip(2)), words),
        "pieces": (Of(lambda self, x: torch.cat([part * 2 for part in x.chunk(2, -1)], -1).roll(1, 1)), words),
        "words": (nn.Sequential(nn.Embedding(20, 4), nn.Flatten(), nn.Linear(24, 3)), torch.randint(0, 20, (30, 6))),
    }


def agrees(module, data, model, within=0.005):
    with torch.no_grad():
        expected = module.eval()(data[:1]).numpy()
    assert np.abs(model.run(data[0]).output - expected).max() < within * np.abs(expected).max()


@pytest.mark.parametrize("name", list(kinds()))
@pytest.mark.parametrize("exporter", ["torchscript", pytest.param("dynamo", marks=needs_dynamo)])
def test_both_exporters(name, exporter, capfd):
    module, data = kinds()[name]
    onnx = export_onnx(module, data[:1], exporter=exporter)
    said = capfd.readouterr()
    assert not said.out and not said.err  # PyTorch's words are for whoever exports
    model = zkinfer.compile(onnx, calibration=data)
    agrees(module, data, model)
    key = model.commit(proofs=2)
    zkinfer.verify(key.prove(data[0]), key.public)


@needs_dynamo
def test_programs_and_compiled_modules():
    net, data = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh()), torch.rand(30, 3)
    for given in (torch.export.export(net, (data[:1],)), torch.compile(net), torch.nn.DataParallel(net)):
        model = zkinfer.compile(given, calibration=data)
        agrees(net, data, model)
    assert model.name == "Sequential"


class Spectrum(torch.nn.Module):
    def forward(self, x):
        return torch.fft.rfft(x).abs()


def test_fourier_transforms(capfd):
    data = torch.rand(30, 8)
    try:
        agrees(Spectrum(), data, zkinfer.compile(Spectrum(), calibration=data))
    except zkinfer.CompileError as error:
        assert not HAS_DYNAMO and "torch.fft.fft(torch.eye(n))" in error.remedy and error.remedy in str(error)
    assert not "".join(capfd.readouterr())

    class AsTold(torch.nn.Module):
        def __init__(self):
            super().__init__()
            whole = torch.fft.rfft(torch.eye(8))
            self.register_buffer("real", whole.real.clone())
            self.register_buffer("imag", whole.imag.clone())

        def forward(self, x):
            return torch.sqrt((x @ self.real) ** 2 + (x @ self.imag) ** 2)

    agrees(AsTold(), data, zkinfer.compile(AsTold(), calibration=data))
    assert torch.allclose(AsTold()(data), Spectrum()(data), atol=1e-5)


def test_modules_of_small_floats():
    data = torch.rand(30, 3)
    for net in (torch.nn.Linear(3, 2).half(), torch.nn.Linear(3, 2).bfloat16()):
        try:
            model = zkinfer.compile(net, calibration=data)
        except zkinfer.InputError as error:
            assert "copy.deepcopy(net).float()" in error.remedy and "float16" in error.reason
        else:
            agrees(copy.deepcopy(net).float(), data, model)
        agrees(copy.deepcopy(net).float(), data, zkinfer.compile(copy.deepcopy(net).float(), calibration=data))


def test_one_array_for_two_inputs():
    class Two(torch.nn.Module):
        def forward(self, left, right, factor=2.0):
            return left * factor + right

    rows = torch.rand(30, 3)
    for given in (rows, [rows, rows], [row for row in rows], {"left": rows}):
        with pytest.raises(zkinfer.InputError, match=r"forward takes left, right, .* no right; .*\{'left': \.\., 'right': \.\.\}"):
            zkinfer.compile(Two(), calibration=given)
    with pytest.raises(zkinfer.InputError, match=r"one array for a model with 2 inputs; give a dict by name \(left, right\)"):
        zkinfer.compile(export_onnx(Two(), (rows[:1], rows[:1])), calibration=rows)
    for given in ({"left": rows, "right": rows}, [(row, row) for row in rows]):
        assert [t.name for t in zkinfer.compile(Two(), calibration=given).inputs_info] == ["left", "right"]


def test_training_mode_is_said():
    nn, rows = torch.nn, torch.rand(30, 4)
    same, other = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Dropout(0.0)), nn.Sequential(nn.Linear(4, 4), nn.Sequential(nn.BatchNorm1d(4), nn.Dropout(0.5)))
    for net in (same.train(), copy.deepcopy(other).eval()):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            zkinfer.compile(net, calibration=rows)
    for net, where in ((other, r"'1\.0' \(BatchNorm1d\)"), (nn.TransformerEncoderLayer(4, 2, 8), "dropout|Dropout|MultiheadAttention")):
        with pytest.warns(zkinfer.ModelWarning, match=rf"{type(net).__name__} is in training mode.*({where}).*\.eval\(\)"):
            zkinfer.compile(net.train(), calibration=rows if net is other else rows.reshape(15, 2, 4))
        assert net.training


def test_what_is_no_network(net, images):
    for given, says in ((type(net), "the class Sequential; give a trained instance"), (net.state_dict(), "state_dict.*load_state_dict"), (list(net.parameters()), "type list")):
        with pytest.raises(zkinfer.InputError, match=says):
            zkinfer.compile(given, calibration=images)


def test_what_python_decides_is_said():
    class Decides(torch.nn.Module):
        def forward(self, x):
            return x * 2 if x.sum() > 0 else x * 3

    rows = torch.rand(20, 4)
    with pytest.warns(zkinfer.ModelWarning, match=r"Decides: Python decides .*test_torch\.py:\d+.*torch\.where"):
        zkinfer.compile(Decides(), calibration=rows)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        zkinfer.compile(torch.nn.Sequential(torch.nn.Linear(4, 4), torch.nn.ReLU()), calibration=rows)


def test_exports_of_several_threads(capfd):
    net, rows = torch.torch.nn.Linear(3, 2), torch.rand(20, 3)
    files = []
    threads = [threading.Thread(target=lambda: files.append(export_onnx(net, rows[:1]))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    os.write(1, b"still here")
    assert capfd.readouterr().out == "still here" and len(files) == 6
