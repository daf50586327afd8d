#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the table of docs/benchmarks.md from the JSON files that scripts/bench.sh makes.

Usage: bench_table.py [--write] [FILE.json ..]     default: all of bench/; --write: into the page, else to standard output
"""
import json
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "benchmarks.md"
BEGIN, END = "<!-- made by scripts/bench_table.py -->\n", "<!-- end -->\n"


def seconds(value):
    return f"{value:.2f} s" if value >= 0.2 else f"{value * 1000:.1f} ms"


def row(path):
    run = json.loads(path.read_text())
    machine, options = run["machine"], run["options"]
    zero_knowledge = "" if options["zero_knowledge"] else ", no zero knowledge"
    return [
        run["label"], f"{run['model']['parameters']:,}", seconds(run["prove_seconds"]),
        f"{seconds(min(run['prove_seconds_all']))} to {seconds(max(run['prove_seconds_all']))}",
        seconds(run["verify_seconds"]), f"{run['proof_bytes'] / 1024:.0f} KiB",
        f"{run['prove_peak_memory_bytes'] / 2**20:,.0f} MiB", f"{options['security_bits']}{zero_knowledge}",
        f"{machine['cpu']}, {machine['cores']} cores", run["commit"],
    ]


def table(paths):
    rows = sorted((row(path) for path in paths), key=lambda r: int(r[1].replace(",", "")))
    head = ["model", "parameters", "prove", "all runs", "verify", "proof", "memory", "bits", "machine", "commit"]
    return "".join("| " + " | ".join(cells) + " |\n" for cells in [head, ["---"] * len(head), *rows])


def main():
    arguments = [a for a in sys.argv[1:] if a != "--write"]
    paths = [pathlib.Path(a) for a in arguments] or sorted(p for p in (ROOT / "bench").glob("*.json") if p.stem != "kernels")
    made = table(paths)
    if "--write" not in sys.argv:
        print(made, end="")
        return
    page = PAGE.read_text()
    begin, end = page.index(BEGIN) + len(BEGIN), page.index(END)
    PAGE.write_text(page[:begin] + made + page[end:])


if __name__ == "__main__":
    main()
