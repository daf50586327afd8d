#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Runs every block of commands and code of the documentation, in the order of the page, each page in a folder of its own.

```sh blocks run in bash with -euo pipefail and `zkinfer` in PATH, in a folder that has `examples` as the folder `try` of the pages' first blocks has; ```python blocks share their names over
the page. ```text is what something prints, or a layout. What a page supposes to be there, it makes in a comment before the block, which readers do not see:

    <!-- sh
    cp examples/mlp/mlp.onnx network.onnx
    -->

A block that cannot run here says so in a comment before it: `<!-- run by TEST -->`, a test that reads the block from the page and runs it, or `<!-- not run: WHY -->`, which is printed. Any other
block would be code that nobody runs: it is a failure. Pages of the specification have formulas and layouts, which may be indented or without a language, but no commands.

Usage: docs_run.py SOURCE_FOLDER ZKINFER PYTHON_PACKAGE_FOLDER WORK_FOLDER [PAGE..]      without pages: all
"""
import importlib.util
import os
import pathlib
import re
import shutil
import subprocess
import sys
import textwrap

# A fence, a hidden block, or a word on the block that comes next.
PART = re.compile(r"^ *```([a-z]*)\n(.*?)^ *```$|^ *<!-- (sh|python|js)\n(.*?)^ *-->$|^ *<!-- (run by [a-z_]+|not run: [^\n]+) -->$", re.S | re.M)
INDENTED = re.compile(r"(?:^|\n)\n((?:    [^\n]*\n|\n(?=    ))+)")
COMMAND = re.compile(r"^ *(zkinfer(-server)? [a-z]|(make|cmake|pip3?|npm|node|python3|curl|apt-get|ctest) [-./a-z]|scripts/)", re.M)
SPECIFICATION = re.compile(r"docs/(formats/.*|decisions/.*|protocol|circuit|soundness|security|architecture)\.md")

# Pages whose Python another test runs whole.
OTHERS = {"docs/python.md": "python"}


def pages_of(source: pathlib.Path) -> list[str]:
    found = [source / "README.md", source / "CONTRIBUTING.md", source / "SECURITY.md", *sorted((source / "docs").rglob("*.md"))]
    found += [page for folder in ("bench", "examples", "js", "server", "contracts") for page in sorted((source / folder).rglob("README.md"))]
    return [str(page.relative_to(source)) for page in found if "node_modules" not in page.parts]


def parts_of(source: pathlib.Path, page: str, tests: set[str]):
    """(language, code, line, said) of each block of a page; `said` is the comment that stands before a block that is not run here."""
    text = (source / page).read_text(encoding="utf-8")
    specification = SPECIFICATION.fullmatch(page)
    parts, said = [], ""
    for match in PART.finditer(text):
        language, code, hidden, hidden_code, comment = (textwrap.dedent(group or "") for group in match.groups())
        line = text.count("\n", 0, match.start()) + 2
        if comment:
            said = comment
            if comment.startswith("run by ") and comment.removeprefix("run by ") not in tests:
                sys.exit(f"{page}:{line - 1}: there is no test '{comment.removeprefix('run by ')}'")
            continue
        if hidden:
            parts.append((hidden, hidden_code, line, "of a block of another test" if hidden == "js" else ""))
            continue
        if language not in ("sh", "python", "text") and not said and not (specification and language == ""):
            sys.exit(f"{page}:{line}: a block of '{language}' is run by nobody; write ```sh, ```python or ```text, or <!-- run by TEST --> before it")
        if language in ("text", "") and COMMAND.search(code):
            sys.exit(f"{page}:{line}: a command in a block that is run by nobody; write ```sh")
        if language == "python" and page in OTHERS:
            said = f"run by {OTHERS[page]}"
        if language in ("sh", "python") or said:
            parts.append((language, code, line, said))
        said = ""
    rest = PART.sub("", text)
    for match in INDENTED.finditer(rest):
        above = [line for line in rest[: match.start(1)].splitlines() if re.match(r"\S", line)]
        in_list = above and re.match(r"(\d+\.|[-*]) ", above[-1])
        if not (specification or in_list) or COMMAND.search(match.group(1)):
            sys.exit(f"{page}: an indented block is run by nobody; write ```sh, ```python or ```text: {match.group(1).strip()[:80]}")
    return parts


def run_page(source, zkinfer, work, page, parts) -> int:
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    os.chdir(work)
    (work / "examples").symlink_to(source / "examples")
    environment = os.environ | {"PATH": f"{zkinfer.parent}:{os.environ['PATH']}", "NO_COLOR": "1", "SOURCE": str(source), "PYTHON": sys.executable}
    environment.pop("EXAMPLES", None)
    names: dict = {}
    count = 0
    for language, code, line, said in parts:
        where = f"{page}:{line}"
        if said:
            if said.startswith("not run: "):
                print(f"{where}: {said}")
            continue
        count += 1
        if language == "sh":
            done = subprocess.run(["bash", "-euo", "pipefail", "-c", code], env=environment, capture_output=True, text=True, timeout=300,
                                  stdin=subprocess.DEVNULL)
            if done.returncode != 0:
                print(done.stdout, done.stderr, sep="\n")
                sys.exit(f"{where}: exit code {done.returncode}")
        else:
            missing = [package for package in re.findall(r"^import (torch)\b", code, re.M) if importlib.util.find_spec(package) is None]
            if missing:
                print(f"{where}: left out, {missing[0]} is not installed")
                continue
            try:
                exec(compile("\n" * (line - 1) + code, str(source / page), "exec"), names)
            except Exception as error:
                raise SystemExit(f"{where}: {type(error).__name__}: {error}") from error
    return count


def main() -> None:
    source, zkinfer, package, work = (pathlib.Path(argument).resolve() for argument in sys.argv[1:5])
    sys.path.insert(0, str(package))
    listed = subprocess.run(["ctest", "--test-dir", str(package.parent), "-N"], capture_output=True, text=True, check=True).stdout
    tests = set(re.findall(r"Test +#\d+: (\S+)", listed))
    pages = {page: parts_of(source, page, tests) for page in sys.argv[5:] or pages_of(source)}
    total = 0
    for page, parts in pages.items():
        if any(not said for *_, said in parts):
            folder = work / page.removesuffix(".md").replace("/", "_")
            count = run_page(source, zkinfer, folder, page, parts)
            os.chdir(work)
            shutil.rmtree(folder)  # code files are large
            print(f"{page}: {count} blocks", flush=True)
            total += count
    if total == 0:
        sys.exit("no block was found")


if __name__ == "__main__":
    main()
