#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes strategy.onnx and bars.npy of this folder: a network that says of 64 hourly returns whether to sell, to leave things as they are, or to buy, and returns to try it on.

Data are made here: returns with a drift that turns now and then, so that there is something to find; in a market there need not be. A return r is the byte 128 + 1000 r (clipped). Needs Debian's
python3-onnx, python3-numpy. Same output on every run of one machine.
"""
import os
import sys

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
import perceptron  # noqa: E402  (beside the other examples)

HOURS, AHEAD = 64, 24
SELL, HOLD, BUY = 0, 1, 2


def windows(random: np.random.RandomState, count: int):
    length = HOURS + AHEAD
    drift = random.choice([-0.004, 0, 0.004], count)
    returns = np.zeros((count, length))
    for hour in range(length):
        turns = random.uniform(size=count) < 0.01
        drift = np.where(turns, random.choice([-0.004, 0, 0.004], count), drift)
        returns[:, hour] = drift + 0.01 * random.standard_normal(count)
    gain = returns[:, HOURS:].sum(1)
    bytes_ = np.clip(np.round(128 + 1000 * returns[:, :HOURS]), 0, 255).astype(np.uint8)
    return bytes_, np.where(gain < -0.03, SELL, np.where(gain > 0.03, BUY, HOLD)), gain


def main() -> None:
    random = np.random.RandomState(2)
    x, y, _ = windows(random, 20000)
    weights = perceptron.train(x, y, 16, 1500, 2)
    test, truth, gain = windows(random, 4000)
    signals = perceptron.classes_of(weights, test)
    print(f"{100 * (signals == truth).mean():.1f} % of {len(test)} windows right; mean return of the next {AHEAD} hours {100 * gain[signals == BUY].mean():+.2f} % after buy, {100 * gain[signals == SELL].mean():+.2f} % after sell")
    assert gain[signals == BUY].mean() > 0.02 and gain[signals == SELL].mean() < -0.02
    perceptron.save(weights, os.path.join(HERE, "strategy.onnx"), "strategy")
    # Windows that the network buys, sells and leaves, so that the example shows each; and others to calibrate with.
    first = [int(np.flatnonzero(signals == wanted)[0]) for wanted in (BUY, HOLD, SELL)]
    rest = [i for i in range(48) if i not in first][:45]
    np.save(os.path.join(HERE, "bars.npy"), test[first + rest].reshape(-1, 1, HOURS))


if __name__ == "__main__":
    main()
