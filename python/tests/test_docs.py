# SPDX-License-Identifier: Apache-2.0
"""The code of docs/python.md runs, in the order of the page."""
import importlib.util
import re
import warnings


def test_docs_run(source, tmp_path, monkeypatch):
    page = (source / "docs/python.md").read_text()
    blocks = re.findall(r"^```python\n(.*?)^```$", page, re.S | re.M)
    assert len(blocks) >= 7
    (tmp_path / "examples").symlink_to(source / "examples")
    monkeypatch.chdir(tmp_path)
    names: dict = {}
    for block in blocks:
        needs = [package for package in ("torch", "sklearn") if re.search(rf"^(import|from) {package}\b", block, re.M)]
        missing = [package for package in needs + (["onnx"] if needs else []) if importlib.util.find_spec(package) is None]
        if missing:
            warnings.warn(f"a block of docs/python.md is left out: {', '.join(missing)} is not installed")
            continue
        exec(compile(block, "docs/python.md", "exec"), names)
