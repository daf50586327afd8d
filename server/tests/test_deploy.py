# SPDX-License-Identifier: Apache-2.0
"""Units, container and compose file call the program as it is, and name packages and files that there are."""

import re
import shutil
import subprocess

import pytest
import running

from zkinfer_server.cli import _parser

DEPLOY = running.SOURCE / "server/deploy"


def commands():
    for unit in sorted(DEPLOY.glob("*.service")):
        yield unit.name, re.search(r"^ExecStart=\S+/zkinfer-server (.*?)(?: \$ZKINFER_OPTIONS)?$", unit.read_text(), re.M)[1]
    for file in sorted(DEPLOY.glob("compose*.yaml")):
        for number, words in enumerate(re.findall(r"^    command: (.*)$", file.read_text(), re.M)):
            yield f"{file.name} {number}", words
    yield "container", " ".join(re.findall(r'"([^"]*)"', re.search(r"^CMD (.*)$", (DEPLOY / "Containerfile").read_text(), re.M)[1]))


@pytest.mark.parametrize("where, words", list(commands()))
def test_commands_are_ours(where, words):
    _parser().parse_args(words.split())


def test_packages_are_those_that_the_script_installs():
    script = (running.SOURCE / "scripts/install_packages.sh").read_text()
    wanted = set(re.search(r"^server=\((.*?)\)", script, re.M | re.S)[1].split()) - {"postgresql-15"}
    assert wanted <= set((DEPLOY / "Containerfile").read_text().split())


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd-analyze")
def test_units_are_units(tmp_path):
    for unit in DEPLOY.glob("*.service"):
        # The program and its user are of another machine.
        text = re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", unit.read_text(), flags=re.M).replace("User=zkinfer\n", "")
        name = tmp_path / unit.name.replace("@", "@1")
        name.write_text(text)
        done = subprocess.run(["systemd-analyze", "verify", name], capture_output=True, text=True)
        assert unit.stem.split("@")[0] not in done.stderr, done.stderr
