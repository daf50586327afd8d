#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes captcha.onnx and trajectories.npz of this folder: a network that says of 32 steps of a mouse whether a hand made them.

Data are made here, hands by a model of them: one to three strokes of the minimum-jerk profile (Flash and Hogan 1985), bent to a side, with tremor and uneven sampling; robots by what simple scripts do: straight lines at one
speed, the same with noise, jumps, and smooth curves at one speed. A trajectory is 32 x (dx, dy, dt): the bytes 128 + pixels, 128 + pixels, milliseconds. Needs Debian's python3-onnx, python3-numpy. Same output on every run of one machine.
"""
import os
import sys

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
import perceptron  # noqa: E402  (beside the other examples)

STEPS = 32
ROBOT, HAND = 0, 1


def as_bytes(path: np.ndarray, times: np.ndarray) -> np.ndarray:
    """path: [STEPS + 1, 2] in pixels; times: [STEPS] in milliseconds."""
    moves = np.round(np.diff(np.round(path), axis=0)) + 128
    return np.clip(np.concatenate([moves, np.round(times)[:, None]], 1), 0, 255).astype(np.uint8).reshape(-1)


def hand(random: np.random.RandomState) -> np.ndarray:
    times = np.clip(16 + random.gamma(1.5, 3, STEPS) * random.choice([0, 1], STEPS, p=[0.6, 0.4]), 8, 255)
    clock = np.concatenate([[0], np.cumsum(times)])
    path = np.zeros((STEPS + 1, 2))
    strokes = random.randint(1, 4)
    starts = np.sort(random.uniform(0, 0.5, strokes)) * clock[-1]
    for start in starts:
        s = np.clip((clock - start) / random.uniform(180, 450), 0, 1)
        along = 10 * s**3 - 15 * s**4 + 6 * s**5
        aim = random.uniform(-1, 1, 2) * 300 / strokes
        side = np.array([-aim[1], aim[0]]) * random.normal(0, 0.12)
        path += along[:, None] * aim + (16 * s**2 * (1 - s) ** 2)[:, None] * side
    return as_bytes(path + random.normal(0, 0.4, path.shape), times)


def robot(random: np.random.RandomState) -> np.ndarray:
    kind = random.randint(4)
    s = np.linspace(0, 1, STEPS + 1)[:, None]
    aim = random.uniform(-1, 1, 2) * 300
    path = s * aim
    if kind == 1:
        path = path + random.normal(0, random.uniform(0.5, 4), path.shape)
    elif kind == 2:
        path = np.where(np.arange(STEPS + 1)[:, None] < random.randint(2, STEPS), 0, 1) * aim
    elif kind == 3:
        path = path + np.sin(np.pi * s) * np.array([-aim[1], aim[0]]) * random.normal(0, 0.3)
    times = np.full(STEPS, random.choice([8, 10, 16, 20]))
    return as_bytes(path, times + (random.normal(0, 2, STEPS) if random.uniform() < 0.5 else 0))


def people(random: np.random.RandomState, count: int):
    y = random.randint(0, 2, count)
    return np.stack([hand(random) if one == HAND else robot(random) for one in y]), y


def main() -> None:
    random = np.random.RandomState(3)
    x, y = people(random, 12000)
    weights = perceptron.train(x, y, 32, 2000, 3)
    test, truth = people(random, 4000)
    said = perceptron.classes_of(weights, test)
    print(f"{100 * (said == truth).mean():.1f} % of {len(test)} right; {100 * (said[truth == HAND] == ROBOT).mean():.1f} % of hands are taken for robots, {100 * (said[truth == ROBOT] == HAND).mean():.1f} % of robots for hands")
    assert (said == truth).mean() > 0.95
    perceptron.save(weights, os.path.join(HERE, "captcha.onnx"), "captcha", takes_bytes=True)
    np.savez(os.path.join(HERE, "trajectories.npz"), calibration=x[:64].reshape(-1, 1, 3 * STEPS), hands=test[truth == HAND][:8].reshape(-1, 1, 3 * STEPS), robots=test[truth == ROBOT][:8].reshape(-1, 1, 3 * STEPS))


if __name__ == "__main__":
    main()
