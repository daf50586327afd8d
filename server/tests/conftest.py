# SPDX-License-Identifier: Apache-2.0
import json
import pathlib
import sys

import numpy as np
import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import running  # noqa: E402


@pytest.fixture(scope="session")
def models(tmp_path_factory) -> pathlib.Path:
    return running.make_model(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="session")
def flowers() -> np.ndarray:
    numbers = json.loads((running.SOURCE / "examples/mlp/calibration.json").read_text())["input_data"]
    return np.array(numbers, dtype=np.float32).reshape(-1, 4)


@pytest.fixture(scope="session")
def server(models, tmp_path_factory):
    """One that needs no API key."""
    made = running.Running(models, tmp_path_factory.mktemp("open") / "data", "--no-auth")
    yield made
    assert made.stop() == 0
