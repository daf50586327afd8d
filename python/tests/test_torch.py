# SPDX-License-Identifier: Apache-2.0
"""PyTorch modules. Skipped, and said so, where PyTorch is not installed (Debian: python3-torch)."""
import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed (python3-torch)")

import zkinfer  # noqa: E402
from zkinfer.torch import compare  # noqa: E402


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
        def forward(self, x):
            if torch._C._get_tracing_state():
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
