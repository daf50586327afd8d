# SPDX-License-Identifier: Apache-2.0
"""The code of docs/python.md runs, in the order of the page."""
import re


def test_docs_run(source, tmp_path, monkeypatch):
    page = (source / "docs/python.md").read_text()
    blocks = re.findall(r"^```python\n(.*?)^```$", page, re.S | re.M)
    assert len(blocks) >= 7
    (tmp_path / "examples").symlink_to(source / "examples")
    monkeypatch.chdir(tmp_path)
    names: dict = {}
    for block in blocks:
        exec(compile(block, "docs/python.md", "exec"), names)
