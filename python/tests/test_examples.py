# SPDX-License-Identifier: Apache-2.0
"""The examples run, each in a process of its own."""
import subprocess
import sys


def test_credit_scoring(source, tmp_path):
    done = subprocess.run(
        [sys.executable, str(source / "examples/credit_scoring/score.py"), str(tmp_path)], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "bank: proven score" in done.stdout and "bank: rejected, wrong statement" in done.stdout
