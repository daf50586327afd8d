#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the files of this folder: sounds that stand for four words (two glides of a voice's formants each, with noise, pitch and speed of
their own), their spectrograms, and a small CNN that tells them apart. The sounds are computed, nobody's voice is in them. Needs Debian's
python3-torch and python3-onnx; the same output on every run of one machine.
"""
import pathlib

import numpy as np
import torch
from torch import nn

HERE = pathlib.Path(__file__).resolve().parent
RATE, SECONDS, BANDS, FRAMES = 8000, 0.8, 20, 32
WORDS = ["up", "down", "left", "right"]
# Of each word the two formants in Hz at its beginning, middle and end.
FORMANTS = {"up": [(500, 1100), (700, 1200), (350, 900)], "down": [(300, 1700), (750, 1300), (350, 1000)],
            "left": [(350, 1200), (550, 1800), (450, 2300)], "right": [(400, 1100), (750, 1400), (400, 2100)]}  # fmt: skip


def say(word, random):
    """One second of the word, by a voice of its own, [RATE * SECONDS] floats."""
    count = int(RATE * SECONDS)
    time = np.arange(count) / RATE
    place = np.clip((time / SECONDS - random.uniform(0.05, 0.2)) / random.uniform(0.6, 0.8), 0, 1)
    pitch = random.uniform(90, 220) * (1 + 0.1 * np.sin(2 * np.pi * random.uniform(2, 5) * time))
    voice = np.zeros(count)
    formants = [np.interp(place, [0, 0.5, 1], [point[i] for point in FORMANTS[word]]) * random.uniform(0.92, 1.08) for i in (0, 1)]
    for k in range(1, 18):  # harmonics, louder near a formant
        gain = sum(np.exp(-(((k * pitch - formant) / 180) ** 2)) for formant in formants)
        voice += gain * np.sin(2 * np.pi * np.cumsum(k * pitch) / RATE)
    loud = np.exp(-(((place - 0.5) / 0.35) ** 4))
    return voice * loud + random.uniform(0.05, 0.5) * random.normal(size=count)


def spectrogram(sound):
    """Logarithm of the power in BANDS bands of FRAMES frames, as levels 0..255: what a device would hand over, [1, FRAMES, BANDS]."""
    length = 256
    starts = np.linspace(0, len(sound) - length, FRAMES).astype(int)
    frames = np.stack([sound[start : start + length] for start in starts]) * np.hanning(length)
    power = np.abs(np.fft.rfft(frames, axis=1)[:, 1:101]) ** 2
    bands = np.log(power.reshape(FRAMES, BANDS, -1).sum(axis=2) + 1e-3)
    return np.clip((bands + 4) * 18, 0, 255).round().astype(np.uint8)[None]


def record(count, seed):
    random = np.random.default_rng(seed)
    labels = random.integers(0, len(WORDS), count)
    return np.stack([spectrogram(say(WORDS[label], random)) for label in labels]), labels


class Spotter(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(1, 8, (5, 3), stride=2, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU(),
            nn.Conv2d(8, 8, 3, padding=1, groups=8, bias=False), nn.Conv2d(8, 16, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(16, 16, 3, padding=1, groups=16, bias=False), nn.Conv2d(16, 24, 1, bias=False), nn.BatchNorm2d(24), nn.ReLU(),
            nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(24, len(WORDS)),
        )  # fmt: skip

    def forward(self, sound):
        return self.layers(sound)


def main():
    torch.manual_seed(1)
    sounds, labels = record(1200, seed=1)
    test, expected = record(200, seed=2)
    net, inputs, targets = Spotter(), torch.tensor(sounds).float() / 255, torch.tensor(labels)
    optimizer = torch.optim.Adam(net.parameters(), lr=4e-3)
    for _ in range(20):
        for part in torch.randperm(len(inputs)).split(32):
            optimizer.zero_grad()
            nn.functional.cross_entropy(net(inputs[part]), targets[part]).backward()
            optimizer.step()
    net.eval()
    with torch.no_grad():
        right = (net(torch.tensor(test).float() / 255).argmax(1).numpy() == expected).mean()
    print(f"right on {100 * right:.1f} % of {len(test)} recordings")
    torch.onnx.export(net, inputs[:1], HERE / "words.onnx", input_names=["sound"], output_names=["word"], opset_version=13)
    np.save(HERE / "calibration.npy", sounds[:60])
    np.save(HERE / "recordings.npy", test[:60])
    np.save(HERE / "words.npy", expected[:60])


if __name__ == "__main__":
    main()
