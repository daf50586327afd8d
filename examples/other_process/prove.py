#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The side that proves: writes network.zkkey (with its certificate) and flower.zkproof into a folder, for check.py.

    PYTHONPATH=build/release/python /usr/bin/python3 examples/other_process/prove.py FOLDER NONCE
"""
import json
import pathlib
import sys

import numpy as np

import zkinfer

MLP = pathlib.Path(__file__).resolve().parents[1] / "mlp"


def main(folder, nonce):
    typical = np.array(json.loads((MLP / "calibration.json").read_text())["input_data"], dtype=np.float32).reshape(-1, 4)
    key = zkinfer.compile(MLP / "mlp.onnx", calibration=typical).commit()
    key.public.save(folder / "network.zkkey")
    key.prove([5.1, 3.5, 1.4, 0.2], context=nonce).save(folder / "flower.zkproof")
    print(key.public.identity)


if __name__ == "__main__":
    if len(sys.argv) != 3 or not pathlib.Path(sys.argv[1]).is_dir():
        sys.exit("prove.py FOLDER NONCE: a folder that is there, and up to 32 bytes that the checking side chose")
    main(pathlib.Path(sys.argv[1]), sys.argv[2])
