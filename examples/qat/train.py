#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Quantization-aware training: a small CNN on handwritten digits at 6 bits, at 4 and at 3, and one that was quantized already.

zkinfer.torch.prepare_qat gives a network's integer program as a module, so what is trained is what is proven; the accuracies printed
are those of the models that make proofs. The fewer the bits, the more there is to gain: at 6 bits rounding costs a picture or two of 400, at
4-bit activations and 3-bit weights many more.

Data: sklearn.datasets.load_digits, split as examples/digits/train.py does it. Needs Debian's python3-torch, python3-sklearn, python3-onnx.

    PYTHONPATH=build/release/python /usr/bin/python3 examples/qat/train.py
"""
import pathlib
import warnings

import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import nn

import zkinfer
import zkinfer.torch

DIGITS = pathlib.Path(__file__).resolve().parents[1] / "digits"


def data():
    """Pictures as the digits example makes them, with labels: training, calibration, test."""
    digits = load_digits()
    pictures = torch.tensor((digits.images * 15 / 255).astype("float32"))[:, None]
    labels = torch.tensor(digits.target)
    order = np.random.RandomState(20).permutation(len(labels))
    return [(pictures[part], labels[part]) for part in (order[:1297], order[1297:1397], order[1397:])]


def fit(module, pictures, labels, epochs, rate):
    module.train()
    optimizer = torch.optim.Adam(module.parameters(), lr=rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs)
    for _ in range(epochs):
        for part in torch.randperm(len(labels)).split(64):
            optimizer.zero_grad()
            nn.functional.cross_entropy(module(pictures[part]), labels[part]).backward()
            optimizer.step()
        schedule.step()


def accuracy(answers, labels):
    return 100 * float(np.mean(np.asarray(answers) == labels.numpy()))


def accuracy_of_model(model, pictures, labels):
    return accuracy([model.run(picture).output.argmax() for picture in pictures], labels)


def main():
    torch.manual_seed(1)
    (pictures, labels), (calibration, _), test = data()
    net = nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(64, 10),
    )  # fmt: skip
    fit(net, pictures, labels, epochs=8, rate=3e-3)
    net.eval()
    with torch.no_grad():
        print(f"float network: {accuracy(net(test[0]).argmax(1), test[1]):.2f} % of {len(test[1])} pictures")

    for activation_bits, weight_bits in ((6, 6), (5, 4), (4, 3)):
        qat = zkinfer.torch.prepare_qat(net, calibration, activation_bits=activation_bits, weight_bits=weight_bits)
        before = accuracy_of_model(qat.model, *test)
        fit(qat, pictures, labels, epochs=10, rate=2e-3)
        model = qat.finish()
        print(
            f"activations of {activation_bits} bits, weights of {weight_bits}: {before:.2f} % by rounding the float network, "
            f"{accuracy_of_model(model, *test):.2f} % trained as integers"
        )

    # What the module computes is what a proof shows.
    key = model.commit()
    statement = zkinfer.verify(key.prove(test[0][0]), key.public)
    with torch.no_grad():
        computed = qat.run_integers(test[0][:1])[0].numpy()
    assert np.array_equal(statement.output_tensors[0].integers, computed[0])
    print(f"proven: the digit {statement.output.argmax()}, in the integers that the module was trained with")

    # A model that was quantized before, of which only the integers are at hand.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", zkinfer.ModelWarning)  # so few bits miss the usual error target; that is what is mended here
        levels = np.load(DIGITS / "calibration.npy").astype("float32")
        model = zkinfer.compile(DIGITS / "digits.onnx", calibration=levels / 255, activation_bits=4, weight_bits=3)
    tuned = zkinfer.torch.IntegerModule(model)
    before = accuracy_of_model(model, *test)
    fit(tuned, pictures, labels, epochs=3, rate=5e-4)
    print(f"examples/digits at 4 and 3 bits: {before:.2f} %, {accuracy_of_model(tuned.finish(), *test):.2f} % after training on")


if __name__ == "__main__":
    main()
