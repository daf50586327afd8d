# SPDX-License-Identifier: Apache-2.0
"""Files of the program `zkinfer` and of Python are the same files."""
import os
import subprocess

import numpy as np
import pytest

import zkinfer

PROGRAM = os.environ.get("ZKINFER_PROGRAM")
pytestmark = pytest.mark.skipif(not PROGRAM, reason="the program zkinfer is not there (ZKINFER_PROGRAM)")


def run(folder, *words):
    done = subprocess.run([PROGRAM, *words], cwd=folder, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def committed(tmp_path_factory, source):
    folder = tmp_path_factory.mktemp("program")
    run(folder, "compile", str(source / "examples/mlp/mlp.onnx"), "-c", str(source / "examples/mlp/calibration.json"), "-o", "mlp.zkmodel")
    run(folder, "commit", "mlp.zkmodel", "--budget", "8")
    return folder


def test_proofs_of_the_program(committed, source):
    run(committed, "prove", "mlp.zkmodel", "--input", str(source / "examples/mlp/input.json"), "-o", "flower.zkproof")
    statement = zkinfer.verify(committed / "flower.zkproof", committed / "mlp.zkkey")
    assert statement.output.shape == (1, 3) and statement.weights == "certified"


def test_proofs_under_its_root(committed, flowers):
    key = zkinfer.Prover.open(zkinfer.Model.load(committed / "mlp.zkmodel"), committed / "mlp.zksecret")
    public = zkinfer.VerificationKey.load(committed / "mlp.zkkey")
    assert key.public.identity == public.identity and key.public.certified
    for number in range(10):  # more than one commitment below the root can
        proof = key.prove(flowers[number])
        assert proof.path is not None
        assert np.array_equal(zkinfer.verify(proof, public).output, proof.output)
    assert sum(proof.size_report().values()) == len(proof)
    proof.save(committed / "mine.zkproof")
    assert "ACCEPTED" in run(committed, "verify", "mine.zkproof", "--key", "mlp.zkkey")
    with pytest.raises(zkinfer.Rejected, match="path"):
        zkinfer.verify(proof.to_bytes(), public)
    assert len(zkinfer.verify_batch(key.prove_batch(flowers[:3]), public)) == 3


def test_proofs_of_python_for_the_program(tmp_path, key, model, proof):
    key.public.save(tmp_path / "m.zkkey")
    proof.save(tmp_path / "x.zkproof")
    assert "ACCEPTED" in run(tmp_path, "verify", "x.zkproof", "--key", "m.zkkey")
