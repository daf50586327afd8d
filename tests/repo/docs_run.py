#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Runs every block of commands and code of documentation pages, in the order of the page, each page in a folder of its own.

```sh blocks run in bash with -euo pipefail and `zkinfer` in PATH, in a folder that has `examples` as the folder `try` of the pages' first blocks has; ```python blocks share their names over
the page. ```text is what something prints. Any other block would be code that nobody runs: it is a failure, but in README.md, whose ```sh blocks
are run and whose other code is an extract.

Usage: docs_run.py SOURCE_FOLDER ZKINFER PYTHON_PACKAGE_FOLDER WORK_FOLDER PAGE..
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys

FENCE = re.compile(r"^```([a-z]*)\n(.*?)^```$", re.S | re.M)


def blocks_of(page: pathlib.Path):
    """(language, code, line) of each block that is run."""
    text = page.read_text(encoding="utf-8")
    found = [(m.group(1), m.group(2), text.count("\n", 0, m.start()) + 2) for m in FENCE.finditer(text)]
    if page.name == "README.md":
        return [block for block in found if block[0] == "sh"]
    rest = FENCE.sub("", text)
    stray = re.search(r"(?:^|\n)\n    \S[^\n]*", rest)
    if stray:
        sys.exit(f"{page}: an indented block is run by nobody; write ```sh, ```python or ```text: {stray.group(0).strip()[:80]}")
    for language, code, line in found:
        if language not in ("sh", "python", "text"):
            sys.exit(f"{page}:{line}: a block of '{language}' is run by nobody; write ```sh, ```python or ```text")
    return [block for block in found if block[0] != "text"]


def run_page(source, zkinfer, work, page) -> int:
    blocks = blocks_of(source / page)
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    os.chdir(work)
    (work / "examples").symlink_to(source / "examples")
    environment = os.environ | {"PATH": f"{zkinfer.parent}:{os.environ['PATH']}", "NO_COLOR": "1"}
    environment.pop("EXAMPLES", None)
    names: dict = {}
    for language, code, line in blocks:
        where = f"{page}:{line}"
        if language == "sh":
            done = subprocess.run(["bash", "-euo", "pipefail", "-c", code], env=environment, capture_output=True, text=True, timeout=300,
                                  stdin=subprocess.DEVNULL)
            if done.returncode != 0:
                print(done.stdout, done.stderr, sep="\n")
                sys.exit(f"{where}: exit code {done.returncode}")
        else:
            try:
                exec(compile("\n" * (line - 1) + code, str(source / page), "exec"), names)
            except Exception as error:
                raise SystemExit(f"{where}: {type(error).__name__}: {error}") from error
    return len(blocks)


def main() -> None:
    source, zkinfer, package, work = (pathlib.Path(argument).resolve() for argument in sys.argv[1:5])
    sys.path.insert(0, str(package))
    total = 0
    for page in sys.argv[5:]:
        count = run_page(source, zkinfer, work / pathlib.Path(page).stem, page)
        print(f"{page}: {count} blocks")
        total += count
    if total == 0:
        sys.exit("no block was found")


if __name__ == "__main__":
    main()
