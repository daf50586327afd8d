# SPDX-License-Identifier: Apache-2.0
"""Keras: files as bytes and paths, and models themselves where Keras is installed (make test-full)."""
import json

import numpy as np
import pytest

import zkinfer


def test_files(source):
    folder = source / "testdata/keras"
    expected = json.loads((folder / "expected.json").read_text())
    # One network as .keras file, in its bytes, in HDF5, and another as a folder.
    for network, name in ((folder / "small_keras3.keras", "small_keras3.keras"), ((folder / "small_keras2.keras").read_bytes(), "small_keras2.keras"),
                          (folder / "small_keras2.h5", "small_keras2.h5"), (folder / "sequence_new", "sequence_new")):
        inputs, want = expected[name]["inputs"][0], expected[name]["outputs"][0]
        x = np.array(inputs, np.float32 if "small" in name else np.int32)
        x = x.reshape(1, 6, 5, 2) if "small" in name else x.reshape(1, 5)
        model = zkinfer.compile(network, calibration=np.concatenate([x, x]))
        assert np.allclose(model.run(x).output, np.reshape(want, (1, -1)), atol=0.01 * max(map(abs, want)))


def test_models():
    keras = pytest.importorskip("keras", reason="Keras is not installed")
    layers = keras.layers
    model = keras.Sequential([keras.Input((6, 6, 1)), layers.Conv2D(3, 3, activation="relu"), layers.Flatten(), layers.Dense(4)])
    x = np.random.default_rng(1).normal(size=(16, 6, 6, 1)).astype(np.float32)
    key = zkinfer.compile(model, calibration=x).commit()
    output = zkinfer.verify(key.prove(x[:1]), key.public).output
    assert np.allclose(output, model.predict(x[:1], verbose=0), atol=0.01)
