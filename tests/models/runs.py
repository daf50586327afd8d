# SPDX-License-Identifier: Apache-2.0
"""What the scripts share that try many models one after the other: options, results in a JSON file that is written after each model, the last line
and the exit code. Only the standard library.
"""
import argparse
import hashlib
import json
import pathlib

from pipeline import STATES, Zkinfer


class Runs:
    """With the same program and packages a second run goes on where the first ended."""

    def __init__(self, doc, json_name, *, what="models", only="part of a name", seconds=300, memory_gib=8, packages=(), states=STATES):
        self.what, self.states, self.packages = what, states, {module.__name__: module.__version__ for module in packages}
        self.parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
        add = self.parser.add_argument
        add("zkinfer", nargs="?", help="the program")
        add("--only", default="", help=only)
        add("--json", type=pathlib.Path, default=pathlib.Path(json_name))
        add("--markdown", type=pathlib.Path, help="a table")
        add("--seconds", type=int, default=seconds, help="at most, for each command")
        add("--memory-gib", type=float, default=memory_gib, help="at most, for each process")
        add("--again", action="store_true", help="also those that the JSON file holds")
        add("--at-least", type=int, default=0, help="fail where fewer are right")

    def options(self):
        """What the command line says; before anything is run."""
        self.arguments = self.parser.parse_args()
        return self.arguments

    def begin(self):
        """The program with its limits."""
        if not self.arguments.zkinfer:
            self.parser.error("the program is missing")
        program = hashlib.sha256(pathlib.Path(self.arguments.zkinfer).read_bytes()).hexdigest()
        self.head = {"program": program, "packages": self.packages}
        self.rows = {}
        if self.arguments.json.exists() and not self.arguments.again:
            earlier = json.loads(self.arguments.json.read_text())
            if all(earlier.get(key) == value for key, value in self.head.items()):
                self.rows = earlier["rows"]
        return Zkinfer(self.arguments.zkinfer, self.arguments.seconds, self.arguments.memory_gib)

    def wants(self, name):
        return self.arguments.only in name and name not in self.rows

    def add(self, name, row, line=None):
        self.rows[name] = row
        self.arguments.json.write_text(json.dumps({**self.head, "rows": self.rows}, indent=1) + "\n")
        print(line or f"{name}: {row['state']} {' '.join(row.get('reason', '').split())[:160]}", flush=True)

    def count(self, state):
        return sum(row["state"] == state for row in self.rows.values())

    def finish(self, table=None, failing=("failed",)):
        """The exit code. table: from rows to Markdown. failing: states of which there must be none."""
        if self.arguments.markdown and table:
            self.arguments.markdown.write_text(table(self.rows))
        print(f"{len(self.rows)} {self.what}: " + ", ".join(f"{self.count(state)} {state}" for state in self.states))
        if self.count("right") < self.arguments.at_least:
            print(f"{self.count('right')} are right, expected at least {self.arguments.at_least}")
            return 1
        return int(any(self.count(state) for state in failing))
