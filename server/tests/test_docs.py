# SPDX-License-Identifier: Apache-2.0
"""The blocks of commands and code of docs/server.md, and that of README.md, as they stand there but for the port."""

import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import time
import urllib.request

import pytest
import running
from test_language import talker  # noqa: F401  a fixture

PART = re.compile(r"^```([a-z]+)\n(.*?)^```$|^<!-- (js)\n(.*?)^-->$|^<!-- run by (server) -->$", re.S | re.M)


def blocks_of(page: str, language: str) -> list[str]:
    """Those that `<!-- run by server -->` gives to this test, each behind what is hidden before it."""
    found, hidden, ours = [], "", False
    for match in PART.finditer((running.SOURCE / page).read_text(encoding="utf-8")):
        if match.group(3):
            hidden += match.group(4)
        elif match.group(5):
            ours = True
        else:
            if ours and match.group(1) == language:
                found.append(hidden + match.group(2))
            hidden, ours = "", False
    return found


class Provider:
    """A block that ends in `zkinfer-server run`, in a folder that looks like the project's."""

    def __init__(self, folder: pathlib.Path, block: str) -> None:
        (folder / "build").mkdir(parents=True, exist_ok=True)
        for name in ("examples", "server"):
            (folder / name).symlink_to(running.SOURCE / name)
        (folder / "build/release").symlink_to(pathlib.Path(running.PROGRAM).parents[2])
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        code, count = re.subn(r"(zkinfer-server run [^#\n]*)", rf"\1 --port {self.port} ", block)
        assert count == 1
        self.folder, self.log = folder, folder / "provider.log"
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(["bash", "-euo", "pipefail", "-c", code], cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                                            env={**os.environ, "XDG_STATE_HOME": str(folder / "state")})  # fmt: skip
        end = time.monotonic() + 400
        while True:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz") as answer:
                    assert answer.status == 200
                    return
            except OSError:
                if self.process.poll() is not None or time.monotonic() > end:
                    self.stop()
                    raise RuntimeError(f"the service did not start: {self.log.read_text()[-2000:]}") from None
                time.sleep(0.1)

    def here(self, block: str) -> str:
        return block.replace("127.0.0.1:8700", f"127.0.0.1:{self.port}")

    def stop(self) -> None:
        try:
            os.killpg(self.process.pid, signal.SIGTERM)
        except ProcessLookupError:
            pass
        self.process.wait(60)


def run(words: list[str], folder: pathlib.Path) -> str:
    path = f"{pathlib.Path(running.PROGRAM).parent}:{os.environ['PATH']}"
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=240, env={**os.environ, "PATH": path})
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_quick_start(tmp_path):
    provide, ask = blocks_of("docs/server.md", "sh")
    provider = Provider(tmp_path, provide)
    try:
        folder = tmp_path / "build/serve"
        assert "ACCEPTED" in run(["bash", "-euo", "pipefail", "-c", provider.here(ask)], folder)
        assert (folder / "order-17/answer.zkproof").exists()
        for name, kind in (("order-17/receipt.json", "receipt"), ("zkinfer-keys.json", "signing_keys"), ("alice.key", "api_key")):
            said = json.loads(run(["zkinfer", "inspect", name, "--json"], folder))
            assert said["kind"] == kind and said.get("outcome", "OK") == "OK", said
        (script,) = blocks_of("docs/server.md", "js")
        web = running.SOURCE / "build/web/zkinfer"
        if shutil.which("node") is None or not (web / "src/client.js").exists():
            pytest.skip("there is no build/web/zkinfer: make web; the page's JavaScript is not run")
        (folder / "node_modules").mkdir()
        (folder / "node_modules/zkinfer").symlink_to(web)
        (folder / "ask.mjs").write_text(provider.here(script) + "\nconsole.log(answer.output.length, answer.proven);\n")
        assert run(["node", "ask.mjs"], folder).split() == ["3", "true"]
    finally:
        provider.stop()


def test_without_keys(models, tmp_path):
    (block,) = blocks_of("README.md", "sh")
    shutil.copytree(models, tmp_path / "models")
    Provider(tmp_path, block).stop()


def test_language_models(talker, monkeypatch, tmp_path):  # noqa: F811
    (block,) = blocks_of("docs/server.md", "python")
    (tmp_path / "zkinfer-keys.json").write_bytes(talker.ask("GET", "/.well-known/zkinfer-keys.json")[2])
    for name in ("llama.zkkey", "llama.zkcert", "llama.tokenizer.bin"):
        shutil.copy(talker.models / name, tmp_path)
    monkeypatch.chdir(tmp_path)
    names: dict = {"url": talker.url, "secret": None}
    *lines, last = block.rstrip().splitlines()
    exec("\n".join([*lines, "text = " + last]), names)
    assert isinstance(names["text"], str) and names["text"]
    assert json.loads((tmp_path / "zkinfer-keys.json").read_text())["keys"]
