# SPDX-License-Identifier: Apache-2.0
"""A model with its commitment, and a service of it, for tests."""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import signal
import subprocess
import sys
import time
from typing import Any, Iterator, Optional

import zkinfer_client
from zkinfer_client.http import Connection

SOURCE = pathlib.Path(os.environ["ZKINFER_SOURCE_DIR"])
PROGRAM = os.environ["ZKINFER_PROGRAM"]


def make_model(folder: pathlib.Path, inputs: str = "public:keccak256", budget: Optional[int] = None) -> pathlib.Path:
    """The example network, compiled and committed as the README says."""
    folder.mkdir(parents=True, exist_ok=True)
    example = SOURCE / "examples/mlp"
    subprocess.run([PROGRAM, "compile", example / "mlp.onnx", "--calibration", example / "calibration.json", "-o", folder / "mlp.zkmodel"], check=True, capture_output=True)
    more = ["--budget", str(budget)] if budget else []
    subprocess.run([PROGRAM, "commit", folder / "mlp.zkmodel", "--inputs", inputs, "--profile", "fast", *more], check=True, capture_output=True)
    return folder


class Running:
    """`zkinfer-server run` in a process group of its own."""

    def __init__(self, models: pathlib.Path, data: pathlib.Path, *options: str, port: int = 0, environment: Optional[dict[str, str]] = None) -> None:
        self.models, self.data, self.options, self.port, self.environment = models, data, options, port, environment
        self.log = data.parent / f"{data.name}.log"
        self.start()

    def start(self) -> None:
        address = self.data.parent / f"{self.data.name}.address"
        address.unlink(missing_ok=True)
        # Services of one test have copies of the same secrets, as machines of their own would.
        state = {"XDG_STATE_HOME": str(self.data.parent / f"{self.data.name}.state")}
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "zkinfer_server", "run", "--models", self.models, "--data", self.data, "--port", str(self.port), "--port-file", address,
                 "--priority", "normal", *self.options],
                stdout=log, stderr=log, start_new_session=True, env={**os.environ, **state, **(self.environment or {})},
            )  # fmt: skip
        end = time.monotonic() + 60
        while not address.exists():
            if self.process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"the service did not start: {self.log.read_text()[-2000:]}")
            time.sleep(0.02)
        self.url = address.read_text()
        self.port = int(self.url.rsplit(":", 1)[1])

    def children(self) -> list[int]:
        """Its workers."""
        try:
            return [int(pid) for pid in pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()] + [
                int(pid)
                for task in pathlib.Path(f"/proc/{self.process.pid}/task").iterdir()
                if task.name != str(self.process.pid)
                for pid in (task / "children").read_text().split()
            ]
        except OSError:
            return []

    def kill(self) -> None:
        """As a power cut does to the front end; its workers end by themselves."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> int:
        self.process.terminate()
        return self.process.wait(60)

    def ask(self, method: str, path: str, body: Any = None, headers: Optional[dict[str, str]] = None, token: Optional[str] = None) -> tuple[int, Any, bytes]:
        data = json.dumps(body).encode() if body is not None and not isinstance(body, bytes) else body
        connection = Connection(self.url, {"Authorization": f"Bearer {token}"} if token else {}, 300)
        return connection.send(method, path, data, headers, allow=tuple(range(400, 600)))

    def keys(self) -> dict[str, bytes]:
        return zkinfer_client.keys_of(json.loads(self.ask("GET", "/.well-known/zkinfer-keys.json")[2]))

    def client(self, token: Optional[str] = None, **options: Any) -> zkinfer_client.Client:
        return zkinfer_client.Client(self.url, self.models / "mlp.zkkey", self.keys(), api_key=token, **options)


@contextlib.contextmanager
def held(server: Running) -> Iterator[None]:
    """Its workers stand still."""
    workers = server.children()
    assert workers
    for pid in workers:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in workers:
            os.kill(pid, signal.SIGCONT)


def key_of(server: Running, tenant: str) -> str:
    made = command("keys", "create", "--data", server.data, "--tenant", tenant)
    assert made.returncode == 0, made.stderr
    return made.stdout.strip()


def command(*arguments: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "zkinfer_server", *map(str, arguments)], capture_output=True, text=True)
