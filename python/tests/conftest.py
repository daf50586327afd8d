# SPDX-License-Identifier: Apache-2.0
import json
import os
import pathlib

import numpy as np
import pytest

import zkinfer

SOURCE = pathlib.Path(os.environ.get("ZKINFER_SOURCE_DIR", pathlib.Path(__file__).resolve().parents[2]))


@pytest.fixture(scope="session")
def source() -> pathlib.Path:
    """The project's folder."""
    return SOURCE


@pytest.fixture(scope="session")
def onnx_path() -> str:
    return str(SOURCE / "examples/mlp/mlp.onnx")


@pytest.fixture(scope="session")
def flowers() -> np.ndarray:
    """20 samples of the example network."""
    numbers = json.loads((SOURCE / "examples/mlp/calibration.json").read_text())["input_data"]
    return np.array(numbers, dtype=np.float32).reshape(-1, 4)


@pytest.fixture(scope="session")
def model(onnx_path, flowers) -> zkinfer.Model:
    return zkinfer.compile(onnx_path, calibration=flowers)


@pytest.fixture(scope="session")
def key(model) -> zkinfer.Prover:
    return model.commit()


@pytest.fixture(scope="session")
def proof(key, flowers) -> zkinfer.Proof:
    return key.prove(flowers[0], context=b"nonce")
