# SPDX-License-Identifier: Apache-2.0
"""The types of the extension module name what is there."""
import ast

from zkinfer import _native


def test_stubs(source):
    tree = ast.parse((source / "python/zkinfer/_native.pyi").read_text())
    stubbed = {}
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            stubbed[node.name] = {
                part.name if isinstance(part, ast.FunctionDef) else part.target.id
                for part in node.body
                if isinstance(part, (ast.FunctionDef, ast.AnnAssign))
            }
        elif isinstance(node, ast.FunctionDef):
            stubbed[node.name] = set()
        elif isinstance(node, ast.AnnAssign):
            stubbed[node.target.id] = set()
    there = {name for name in vars(_native) if not name.startswith("_")}
    assert there == {name for name in stubbed if not name.startswith("_")}
    for name, members in stubbed.items():
        cls = getattr(_native, name)
        if not isinstance(cls, type):
            continue
        own = {member for member in vars(cls) if not member.startswith("_")}
        assert own - {"name", "value"} == {member for member in members if not member.startswith("_")} - {"name", "value"}, name
