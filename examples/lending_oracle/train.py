#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes risk.onnx and bars.npy of this folder: a network that says of 64 hourly returns how much may be lent against the asset, and returns to try it on.

Data are made here: returns whose volatility follows a GARCH(1,1) process. A return r is the byte 128 + 1000 r (clipped), so one step is a tenth of a percent. The class is what the next 24
hours were like: 0 turbulent, 1 uneasy, 2 calm, by the standard deviation of their returns (above 0.9 %, above 0.3 %). Needs Debian's python3-onnx, python3-numpy. Same output on every run of one machine.
"""
import os
import sys

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
import perceptron  # noqa: E402  (beside the other examples)

HOURS, AHEAD = 64, 24


def windows(random: np.random.RandomState, count: int):
    length = HOURS + AHEAD
    returns = np.zeros((count, length))
    # Begun at volatilities of quiet and of wild days.
    variance = np.exp(random.uniform(np.log(0.001), np.log(0.02), count)) ** 2
    base = variance.copy()
    for hour in range(length):
        returns[:, hour] = np.sqrt(variance) * random.standard_normal(count)
        variance = 0.05 * base + 0.1 * returns[:, hour] ** 2 + 0.85 * variance
    ahead = returns[:, HOURS:].std(1)
    bytes_ = np.clip(np.round(128 + 1000 * returns[:, :HOURS]), 0, 255).astype(np.uint8)
    return bytes_, np.where(ahead > 0.009, 0, np.where(ahead > 0.003, 1, 2))


def main() -> None:
    random = np.random.RandomState(1)
    x, y = windows(random, 20000)
    weights = perceptron.train(x, y, 24, 2000, 1)
    test, truth = windows(random, 4000)
    right = (perceptron.classes_of(weights, test) == truth).mean()
    wild = perceptron.classes_of(weights, test[truth == 0])
    print(f"{100 * right:.1f} % of {len(test)} windows right, the commonest class alone {100 * np.bincount(truth).max() / len(truth):.1f} %; of the turbulent {100 * (wild == 2).mean():.1f} % are called calm")
    assert right > 0.8 and (wild == 2).mean() < 0.01
    perceptron.save(weights, os.path.join(HERE, "risk.onnx"), "risk")
    np.save(os.path.join(HERE, "bars.npy"), test[:48].reshape(-1, 1, HOURS))


if __name__ == "__main__":
    main()
