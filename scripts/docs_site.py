#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Stages the documentation for MkDocs and builds the site. The pages stand in docs/ and README.md; nothing is written twice.

README.md becomes the home page. Links that leave docs/ (examples, sources) stay as text, since a site has no such files.
Usage: docs_site.py SOURCE_FOLDER      writes build/docs/site
"""
import pathlib
import re
import shutil
import subprocess
import sys

LINK = re.compile(r"(?<!!)\[([^\]]*)\]\(([^)\s#]*)(#[^)\s]*)?\)")


def staged(text: str, page: pathlib.Path, source: pathlib.Path) -> str:
    """The page with links as the site has them. `page` is its path in the source tree."""
    docs = source / "docs"
    place = docs if page == source / "README.md" else page.parent

    def link(match: re.Match) -> str:
        label, target, anchor = match.group(1), match.group(2), match.group(3) or ""
        if re.match(r"[a-z]+:", target) or not target:
            return match.group(0)
        path = (page.parent / target).resolve()
        if path == source / "README.md":
            path = docs / "index.md"
        elif path.is_dir():
            path = path / "README.md"
        if docs not in path.parents or path.suffix not in (".md", ".svg"):
            return label
        relative = pathlib.Path("/".join([".."] * len(place.relative_to(docs).parts)) or ".") / path.relative_to(docs)
        return f"[{label}]({relative}{anchor})"

    return LINK.sub(link, text)


def main() -> None:
    source = pathlib.Path(sys.argv[1]).resolve()
    pages = source / "build/docs/pages"
    shutil.rmtree(pages, ignore_errors=True)
    for file in sorted((source / "docs").rglob("*")):
        target = pages / file.relative_to(source / "docs")
        if file.suffix == ".md":
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(staged(file.read_text(encoding="utf-8"), file, source), encoding="utf-8")
        elif file.suffix == ".svg":
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, target)
    (pages / "index.md").write_text(staged((source / "README.md").read_text(encoding="utf-8"), source / "README.md", source), encoding="utf-8")
    program = shutil.which("mkdocs")
    if program is None:
        sys.exit("mkdocs is not installed; scripts/install_packages.sh docs installs it")
    done = subprocess.run([program, "build", "--config-file", str(source / "mkdocs.yml")], capture_output=True, text=True)
    said = [line for line in (done.stdout + done.stderr).splitlines() if "WARNING" in line or "ERROR" in line]
    # Sections of docstrings that name several arguments at once are shown as they stand.
    wrong = [line for line in said if "griffe" not in line]
    if done.returncode != 0 or wrong:
        sys.exit("\n".join(wrong) or done.stderr)
    # Examples of docstrings are code; under any other title than "Examples:" they would be quotations.
    if "<blockquote>" in (source / "build/docs/site/python_reference.html").read_text(encoding="utf-8"):
        sys.exit("python_reference.md: a docstring's code is shown as a quotation; its title is to be 'Examples:'")
    print(f"site: {source}/build/docs/site/index.html")


if __name__ == "__main__":
    main()
