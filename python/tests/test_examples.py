# SPDX-License-Identifier: Apache-2.0
"""The examples run, each in a process of its own."""
import re
import subprocess
import sys

import pytest


def test_credit_scoring(source, tmp_path):
    done = subprocess.run(
        [sys.executable, str(source / "examples/credit_scoring/score.py"), str(tmp_path)], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "bank: proven score" in done.stdout and "bank: rejected, wrong statement" in done.stdout


def run(source, *words, timeout=300):
    done = subprocess.run([sys.executable, str(source / "examples" / words[0]), *words[1:]], capture_output=True, text=True, timeout=timeout)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_training_at_few_bits(source):
    pytest.importorskip("torch", reason="PyTorch is not installed (python3-torch)")
    pytest.importorskip("sklearn", reason="scikit-learn is not installed (python3-sklearn)")
    told = run(source, "qat/train.py")
    rounded, trained = map(float, re.search(r"activations of 5 bits, weights of 4: ([\d.]+) % .*, ([\d.]+) % trained", told).groups())
    assert trained > rounded and "proven: the digit" in told
