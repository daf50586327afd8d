# SPDX-License-Identifier: Apache-2.0
"""Two models in a chain (examples/chain): the hidden output of one is the input of the next."""
import json

import numpy as np
import pytest

import zkinfer


def test_chain(source, flowers):
    folder = source / "examples/chain"
    first = zkinfer.compile(folder / "features.onnx", calibration=flowers)
    numbers = np.array(json.loads((folder / "head_calibration.json").read_text())["input_data"], dtype=np.float32)
    between = first.outputs_info[0]
    second = zkinfer.compile(
        folder / "head.onnx", calibration=numbers.reshape((-1, *between.shape[1:])), input_formats={"": between.format}
    )
    features, head = first.commit(outputs="committed"), second.commit(inputs="committed")
    one = features.prove(flowers[0])
    two = head.prove(one.committed_outputs)
    statements = zkinfer.verify_chain([(one, features.public), (two, head.public)])
    assert statements[0].outputs == (None,) and statements[1].output.shape == (1, 3)
    other = features.prove(flowers[1])
    with pytest.raises(zkinfer.Rejected, match="step 2 of 2"):
        zkinfer.verify_chain([(other, features.public), (two, head.public)])
