# SPDX-License-Identifier: Apache-2.0
"""The code of docs/python.md runs, in the order of the page."""
import importlib.util
import inspect
import re
import warnings

import zkinfer


def test_docs_run(source, tmp_path, monkeypatch):
    page = (source / "docs/python.md").read_text()
    page = re.sub(r"^<!-- run by python -->\n```python\n.*?^```$", "", page, flags=re.S | re.M)  # by test_evm.py, which has a node
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


def public_callables():
    modules = [zkinfer, zkinfer.evm]
    if importlib.util.find_spec("torch") is not None:
        modules.append(importlib.import_module("zkinfer.torch"))
    for module in modules:
        for name in module.__all__:
            what = getattr(module, name)
            yield name, what
            if inspect.isclass(what) and not issubclass(what, (Exception, Warning)):
                for member, value in inspect.getmembers(what):
                    own = any(member in vars(cls) and cls.__module__.startswith("zkinfer") for cls in what.__mro__)
                    if own and not member.startswith("_") and member not in ("extra_repr",):
                        yield f"{name}.{member}", value


def test_everything_public_is_explained():
    """Each has a docstring; what takes arguments has an example and says what it raises."""
    for name, what in public_callables():
        if not callable(what) and not isinstance(what, property):
            continue
        doc = inspect.getdoc(what) or ""
        assert doc, name
        if inspect.isclass(what) or isinstance(what, property):
            continue
        if [parameter for parameter in inspect.signature(what).parameters if parameter != "self"]:
            assert "Examples:" in doc and re.search(r"Raises|Error|Rejected", doc), name
