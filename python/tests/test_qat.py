# SPDX-License-Identifier: Apache-2.0
"""What is trained is what is proven: the module's integers are the model's, whatever the network and the weights. Skipped, and said so,
where PyTorch is not installed (Debian: python3-torch)."""
import math

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed (python3-torch)")

import zkinfer  # noqa: E402
from zkinfer.torch import IntegerModule, compare, prepare_qat  # noqa: E402

N = torch.nn


class Attention(N.Module):
    def __init__(self):
        super().__init__()
        self.norm = N.LayerNorm(16)
        self.attention = N.MultiheadAttention(16, 4, batch_first=True)
        self.last = N.Sequential(N.Linear(16, 24), N.GELU(), N.Linear(24, 16))

    def forward(self, x):
        y = self.norm(x)
        return x + self.last(x + self.attention(y, y, y, need_weights=False)[0])


class Words(N.Module):
    def __init__(self):
        super().__init__()
        self.embed, self.gru, self.head = N.Embedding(50, 8), N.GRU(8, 6, batch_first=True), N.Linear(6, 3)

    def forward(self, tokens):
        return self.head(self.gru(self.embed(tokens))[0][:, -1])


class Odd(N.Module):
    """Two inputs and outputs; quotients, roots, maxima, choices, shifted and flipped parts, places of maxima."""

    def __init__(self):
        super().__init__()
        self.linear = N.Linear(6, 6)

    def forward(self, left, right):
        x = self.linear(left)
        y = torch.where(x > right, x, right.flip(1)) / (1 + torch.sqrt(right.abs() + 0.5))
        return torch.cat([torch.maximum(x, y)[:, ::2], y[:, 1:3]], 1), torch.argmax(x * right, 1)


def kinds():
    yield "conv", N.Sequential(
        N.Conv2d(1, 4, 3, padding=1), N.BatchNorm2d(4), N.ReLU(), N.MaxPool2d(2), N.Conv2d(4, 8, 3, groups=2, bias=False), N.ReLU6(),
        N.AvgPool2d(2), N.Flatten(), N.Linear(8, 5),
    ), (torch.rand(64, 1, 8, 8),), {"activation_bits": 6, "weight_bits": 6}  # fmt: skip
    yield "odd windows", N.Sequential(
        N.Conv2d(2, 3, (3, 2), stride=2, padding=(2, 1), dilation=(2, 1)), N.Hardtanh(), N.AvgPool2d(2, 1, padding=1), N.MaxPool2d(3, 2, padding=1),
        N.Conv2d(3, 2, 1), N.LeakyReLU(0.1),
    ), (torch.randn(64, 2, 11, 9),), {"activation_bits": 8}  # fmt: skip
    yield "signal", N.Sequential(N.Conv1d(2, 4, 3, stride=2), N.ELU(), N.AdaptiveAvgPool1d(1), N.Flatten(), N.Linear(4, 2)), (torch.randn(64, 2, 15),), {}
    yield "curves", N.Sequential(N.Linear(10, 32), N.Sigmoid(), N.Linear(32, 20), N.SiLU(), N.Linear(20, 5), N.Softmax(-1)), (torch.randn(64, 10),), {}
    yield "attention", Attention(), (torch.randn(64, 5, 16),), {"activation_bits": 8}
    yield "encoder", N.Sequential(N.TransformerEncoderLayer(16, 2, 32, dropout=0.0, batch_first=True), N.Flatten(), N.Linear(80, 3)), (torch.randn(64, 5, 16),), {
        "activation_bits": 6, "weight_bits": 6, "float_target": 0.5,
    }  # fmt: skip
    yield "groups", N.Sequential(N.Conv2d(1, 8, 3), N.GroupNorm(2, 8), N.ReLU(), N.Conv2d(8, 4, 3), N.InstanceNorm2d(4, affine=True), N.Flatten(), N.Linear(64, 3)), (
        torch.randn(64, 1, 8, 8),
    ), {"activation_bits": 8}  # fmt: skip
    yield "wide norm", N.Sequential(N.Linear(16, 300), N.LayerNorm(300), N.GELU(), N.Linear(300, 3)), (torch.randn(64, 16),), {"activation_bits": 6}
    yield "words", Words(), (torch.randint(0, 50, (64, 4)),), {}
    yield "odd", Odd(), (torch.randn(64, 6), torch.randn(64, 6)), {"activation_bits": 10}


def check_same(module, model, data):
    with torch.no_grad():
        got = module.run_integers(*data)
    for i in range(len(data[0])):
        for one, other in zip(got, model.run([part[i] for part in data]).integers):
            assert np.array_equal(one[i].numpy(), other.astype(np.float64)), i


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("kind", [name for name, *_ in kinds()])
def test_bit_for_bit(kind):
    torch.manual_seed(1)
    net, data, options = next(rest for name, *rest in kinds() if name == kind)
    names = ["left", "right"][: len(data)] if len(data) > 1 else None
    calibration = dict(zip(names, data)) if names else data[0]
    model = zkinfer.compile(net, calibration=calibration, **options)
    module = IntegerModule(model)
    test = tuple(part[:20] * 3 if part.dtype.is_floating_point else part[:20] for part in data)  # some of it is cut off
    check_same(module, model, test)
    assert module.finish().to_bytes() == model.to_bytes()
    outputs = module(*data)
    first = outputs if isinstance(outputs, torch.Tensor) else outputs[0]
    first.square().sum().backward()
    without = [name for name, parameter in module.named_parameters() if parameter.grad is None or not parameter.grad.abs().sum() > 0]
    assert not without, without
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(torch.randn_like(parameter) * parameter.abs().mean() * 0.7)
    trained = module.finish()
    check_same(module, trained, test)
    key = trained.commit()
    statement = zkinfer.verify(key.prove([part[0] for part in test]), key.public)
    with torch.no_grad():
        whole = module.run_integers(*test)
    for tensor, integers in zip(statement.output_tensors, whole):
        assert np.array_equal(tensor.integers, integers[0].numpy())


def node_of(op, shapes, out, **fields):
    """A node of an operation between tensors of these shapes, and their values."""
    from zkinfer._program import Node, Value

    values = [Value(str(i), "node", shape, 0, 0, 1.0) for i, shape in enumerate([*shapes, out])]
    data = {"op": op, "name": "it", "inputs": list(range(len(shapes))), "output": len(shapes), "shift": 0, "table": -1, "constant": 0, "groups": 1}
    return Node({**data, **fields}, values, []), values


def test_integers_beyond_float64():
    """Of a sum of squares and its root: exact to 2^62, where float64 rounds to multiples of 1024, with gradients."""
    numbers = [(1 << 29) - 1 - i * i for i in range(8)]
    x = torch.tensor([numbers], dtype=torch.float64, requires_grad=True)
    squares, values = node_of("Mul", [(8,), (8,)], (8,), coefs=[1])
    total, _ = node_of("ReduceSum", [(8,)], (1,), coefs=[1], axes=[0])
    shifted, _ = node_of("Linear", [(1,)], (1,), coefs=[1], constant=12345)
    root, _ = node_of("SquareRoot", [(1,)], (1,), coefs=[1])
    most = squares.largest(values, [1 << 29] * 2)
    for node, shape in ((total, (8,)), (shifted, (1,)), (root, (1,))):
        most = node.largest(node_of(node.op, [shape], (1,))[1], [most])
    assert squares.wide and total.wide and shifted.wide and root.wide and most == math.isqrt((1 << 61) + 12345)
    y, whole = squares([(x, (8,), True)] * 2, [None] * 2)
    for node, shape in ((total, (8,)), (shifted, (1,))):
        y, whole = node([(y, shape, True)], [whole])
    exact = sum(n * n for n in numbers) + 12345
    assert whole.tolist() == [[exact]] and int(float(exact)) != exact
    y, whole = root([(y, (1,), True)], [whole])
    assert whole.tolist() == [[math.isqrt(exact)]] == y.tolist()
    y.sum().backward()
    assert torch.allclose(x.grad, x.detach() / math.sqrt(exact))


def test_integers_that_are_too_large():
    for op, of in (("Mul", 1 << 31), ("MatMul", 1 << 25)):
        node, values = node_of(op, [(8, 8), (8, 8)], (8, 8), coefs=[1])
        with pytest.raises(zkinfer.InputError, match="it.*may reach") as caught:
            node.largest(values, [of, of])
        assert "train the float network" in caught.value.remedy


def test_no_numbers_are_refused_in_inputs(blobs):
    """As run refuses them."""
    for last in (N.ReLU(), N.Sigmoid()):
        model = zkinfer.compile(N.Sequential(N.Linear(12, 16), last, N.Linear(16, 3)), calibration=blobs[0][:100])
        module = IntegerModule(model)
        for value, says in ((float("nan"), "element 14 is not a number"), (float("inf"), "element 14 is infinite"), (1e39, "element 14 is 1e\\+39, beyond float32")):
            x = torch.zeros(2, 12, dtype=torch.float64)
            x[1, 2] = value
            for given in (x, x.numpy(), {model.inputs_info[0].name: x}):
                with pytest.raises(zkinfer.InputError, match=says):
                    module(given)
        for given in (torch.zeros(2, 12, device="meta"), torch.zeros(2, 12, dtype=torch.complex64), [["a"] * 12], object()):
            with pytest.raises(zkinfer.InputError, match="input '"):
                module(given)


@pytest.fixture(scope="module")
def blobs():
    """Three classes of points, hard at few bits."""
    torch.manual_seed(3)
    labels = torch.randint(0, 3, (900,))
    return torch.randn(3, 12)[labels] + 0.9 * torch.randn(900, 12), labels


def fit(module, points, labels, epochs):
    optimizer = torch.optim.Adam(module.parameters(), lr=2e-3)
    for _ in range(epochs):
        for part in torch.randperm(len(points)).split(60):
            optimizer.zero_grad()
            N.functional.cross_entropy(module(points[part]), labels[part]).backward()
            optimizer.step()


def share_right(model, points, labels):
    return np.mean([model.run(x).output.argmax() == y.item() for x, y in zip(points, labels)])


def test_training_gains_and_goes_on(blobs):
    points, labels = blobs
    torch.manual_seed(4)
    hidden = [layer for _ in range(2) for layer in (N.Linear(16, 16), N.ReLU())]
    net = N.Sequential(N.Linear(12, 16), N.ReLU(), *hidden, N.Linear(16, 3))
    fit(net, points[:600], labels[:600], 15)
    module = prepare_qat(net, points[:100], activation_bits=4, weight_bits=2)
    before = share_right(module.model, points[600:], labels[600:])
    fit(module, points[:600], labels[:600], 30)
    trained = module.finish()
    after = share_right(trained, points[600:], labels[600:])
    assert after > before + 0.2, (before, after)
    assert trained.trained and "trained as integers" in repr(trained) and not module.model.trained
    found = compare(net, trained, points[600:700])
    assert found.fidelity is None and found.agreement > 0.8 and "same answer" in found._repr_html_()
    # From a file, weeks later.
    again = IntegerModule(zkinfer.Model.from_bytes(trained.to_bytes()))
    assert again.finish().to_bytes() == trained.to_bytes()
    fit(again, points[:600], labels[:600], 2)
    assert again.finish().to_bytes() != trained.to_bytes()


def test_what_is_refused(blobs):
    net = N.Sequential(N.Linear(12, 16), N.ReLU(), N.Linear(16, 3))
    module = prepare_qat(net, blobs[0][:100])
    with pytest.raises(zkinfer.InputError, match=r"shape \(5, 11\), expected a batch"):
        module(torch.rand(5, 11))
    with pytest.raises(zkinfer.InputError, match="2 inputs, the model has 1"):
        module(torch.rand(5, 12), torch.rand(5, 12))
    with pytest.raises(zkinfer.InputError, match="model: "):
        IntegerModule(net)
