#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Trains the network of this folder with Keras on scikit-learn's handwritten digits: digits.keras, and some pictures it has not seen, pictures.npz.

Pictures go in as they are, 8x8 numbers from 0 to 16: the network scales them itself. Needs tensorflow-cpu (or another backend), keras, scikit-learn.
"""
import pathlib

import keras
import numpy as np
from keras import layers
from sklearn.datasets import load_digits

HERE = pathlib.Path(__file__).resolve().parent


def network():
    return keras.Sequential([
        keras.Input((8, 8, 1), name="picture"),
        layers.Rescaling(1 / 16),
        layers.Conv2D(12, 3, padding="same", use_bias=False), layers.BatchNormalization(), layers.ReLU(),
        layers.MaxPooling2D(),
        layers.SeparableConv2D(24, 3, padding="same", activation="relu"),
        layers.MaxPooling2D(),
        layers.Flatten(),
        layers.Dropout(0.2),
        layers.Dense(10, activation="softmax", name="digit"),
    ], name="digits")


def main():
    keras.utils.set_random_seed(20)
    digits = load_digits()
    pictures = digits.images[..., None].astype(np.float32)
    order = np.random.default_rng(20).permutation(len(pictures))
    train, test = order[:1297], order[1297:]
    model = network()
    model.compile(keras.optimizers.Adam(4e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(pictures[train], digits.target[train], batch_size=32, epochs=60, verbose=2)
    print("not seen before:", model.evaluate(pictures[test], digits.target[test], verbose=0))
    model.optimizer = None  # its state is no part of the network
    model.save(HERE / "digits.keras")
    np.savez_compressed(HERE / "pictures.npz", calibration=pictures[train[:100]].astype(np.uint8), test=pictures[test[:50]].astype(np.uint8),
                        labels=digits.target[test[:50]].astype(np.uint8))


if __name__ == "__main__":
    main()
