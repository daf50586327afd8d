# SPDX-License-Identifier: Apache-2.0
"""The notebooks run from the first cell to the last. Skipped, and said so, where Jupyter's nbconvert or matplotlib is not installed: `make test-full` has them."""
import os
import subprocess
import sys

import pytest

for package in ("nbconvert", "ipykernel", "matplotlib"):
    pytest.importorskip(package, reason=f"{package} is not installed (PyPI)")


@pytest.mark.parametrize("name, needs", [("digits", []), ("estimators", ["sklearn", "onnx"])])
def test_notebook(name, needs, source, tmp_path):
    for package in needs:
        pytest.importorskip(package, reason=f"{package} is not installed")
    done = subprocess.run(
        [sys.executable, "-m", "nbconvert", "--to", "html", "--execute", "--output-dir", str(tmp_path), f"{name}.ipynb"],
        cwd=source / "examples/notebooks", env={k: v for k, v in os.environ.items() if k != "MPLBACKEND"}, capture_output=True, text=True, timeout=900,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    page = (tmp_path / f"{name}.html").read_text()
    assert page.count("data:image/png;base64") >= (4 if name == "digits" else 1) and "zkinfer" in page
