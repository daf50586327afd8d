# SPDX-License-Identifier: Apache-2.0
"""Models that are cut into segments: compiled, committed to, proven and verified by the same calls."""
import warnings

import pytest

import zkinfer


@pytest.fixture(scope="module")
def cut(onnx_path, flowers):
    with pytest.warns(zkinfer.ModelWarning, match="segments save little"):
        return zkinfer.compile(onnx_path, flowers, segments=2)


def test_the_same_calls(cut, model, flowers):
    assert cut.num_segments == 2 and model.num_segments == 1
    key = cut.commit(proofs=4)
    proof = key.prove(flowers[0], context="order 3")
    statement = zkinfer.verify(proof, key.public, context="order 3")
    assert (statement.output == model.run(flowers[0]).output).all()
    assert key.public.soundness().terms["segments"] == 2
    with pytest.raises(zkinfer.ZkinferError, match="a batch of a model that is cut .*segments= of zkinfer.compile"):
        key.prove_batch(flowers[:2])
    assert key.num_proofs_left == 3


def test_by_memory(onnx_path, flowers):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for memory in ("64GiB", "70 GB", 1 << 36):
            assert zkinfer.compile(onnx_path, flowers, memory=memory).num_segments == 1
    for memory, says in (("1KiB", r"memory= of zkinfer\.compile: 1024 bytes, and the program alone takes"), ("much", "memory= .*'much': expected an amount"), (2.5, "memory=2.5")):
        with pytest.raises(zkinfer.ZkinferError, match=says):
            zkinfer.compile(onnx_path, flowers, memory=memory)
    with pytest.raises(zkinfer.ZkinferError, match="segments= .* and memory= .*one of the two"):
        zkinfer.compile(onnx_path, flowers, memory="1GiB", segments=2)


def test_fewer_than_asked_for(onnx_path, flowers):
    with pytest.warns(zkinfer.ModelWarning, match="not 50: more would not make"):
        assert zkinfer.compile(onnx_path, flowers, segments=50).num_segments < 50
    for wrong in (0, 1025, "2", 2.5, True):
        with pytest.raises(zkinfer.ZkinferError, match="segments="):
            zkinfer.compile(onnx_path, flowers, segments=wrong)
