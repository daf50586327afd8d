#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""From a Keras file to a verified proof, without Keras or TensorFlow.

    PYTHONPATH=build/release/python /usr/bin/python3 examples/keras/prove.py
"""
import pathlib

import numpy as np

import zkinfer

HERE = pathlib.Path(__file__).resolve().parent


def main():
    data = np.load(HERE / "pictures.npz")
    model = zkinfer.compile(HERE / "digits.keras", calibration=data["calibration"].astype(np.float32))
    key = model.commit()
    right = 0
    for picture, label in zip(data["test"].astype(np.float32), data["labels"]):
        right += int(model.run(picture[None]).output.argmax() == label)
    print(f"the integer network is right for {right} of {len(data['test'])} pictures")
    proof = key.prove(data["test"][:1].astype(np.float32))
    digit = int(zkinfer.verify(proof, key.public).output.argmax())
    print(f"proven: the committed network reads a {digit}, in {len(proof)} bytes")


if __name__ == "__main__":
    main()
