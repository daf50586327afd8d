# SPDX-License-Identifier: Apache-2.0
"""The package's types hold, and a program that is wrong is told so by them."""
import os
import re
import subprocess
import sys

import pytest

pytest.importorskip("mypy", reason="mypy is not installed (PyPI)")

PROGRAM = '''
import numpy as np
import zkinfer

rows = np.zeros((20, 4), dtype=np.float32)
model: zkinfer.Model = zkinfer.compile("mlp.onnx", calibration=rows, float_target="0.1%")
key: zkinfer.Prover = model.commit(inputs="public", proofs=100, progress=lambda stage, fraction: fraction < 0.5)
proof: zkinfer.Proof = key.prove(rows[0], context="order 17")
output: np.ndarray = proof.output
statement: zkinfer.Statement = zkinfer.verify(proof, key.public, context=b"order 17")
bits: float = statement.security_bits
seconds: list[float] = [node.cost.seconds for node in model.report(rows).nodes]
try:
    key.prove_batch(rows).save("x.zkbatch")
except zkinfer.BudgetError as error:
    text: str = error.reason
'''
WRONG = '''
model.comit()  # attr-defined
key.prove(rows[0], contxt="order 17")  # call-arg
number: int = zkinfer.verify(proof, key.public)  # assignment
'''


def checked(tmp_path, *words: str) -> "subprocess.CompletedProcess[str]":
    folder = os.path.dirname(os.path.dirname(os.path.abspath(sys.modules["zkinfer"].__file__ or "")))
    environment = os.environ | ({} if "site-packages" in folder else {"MYPYPATH": os.path.realpath(os.path.join(folder, "zkinfer", "__init__.py")).rsplit("/", 2)[0]})
    environment.pop("PYTHONPATH", None)
    return subprocess.run([sys.executable, "-m", "mypy", "--cache-dir", str(tmp_path / "cache"), "--ignore-missing-imports", *words], cwd=tmp_path, env=environment, capture_output=True, text=True)


def test_types(tmp_path):
    import zkinfer  # noqa: F401

    package = checked(tmp_path, "-p", "zkinfer")
    assert package.returncode == 0, package.stdout + package.stderr
    (tmp_path / "program.py").write_text(PROGRAM + WRONG)
    lines = (PROGRAM + WRONG).splitlines()
    told = {int(number): code for number, code in re.findall(r"^program\.py:(\d+): error: .*\[([a-z-]+)\]$", checked(tmp_path, "program.py").stdout, re.M)}
    assert told == {number: line.split("# ")[1] for number, line in enumerate(lines, 1) if "  # " in line}
