# SPDX-License-Identifier: Apache-2.0
"""`zkinfer-server run`: a front end, and the workers that it starts again when they die."""

from __future__ import annotations

import contextlib
import logging
import os
import pathlib
import signal
import socket
import subprocess
import sys
import threading
import time
from typing import Any, Iterator, Optional, Sequence

import uvicorn

from . import language, operation
from .api_keys import ApiKeys
from .app import make_app
from .housekeeping import Housekeeper
from .metrics import Metrics
from .models import Models
from .oidc import Issuer
from .place import Place
from .service import Policy, Service
from .uploads import Uploads
from .webhooks import Sender

log = logging.getLogger("zkinfer.server")
_STOP_SECONDS = 30.0


class Child:
    """A worker process. It ends when we do: its standard input is a pipe that we hold."""

    def __init__(self, arguments: Sequence[str]) -> None:
        self._command = [sys.executable, "-m", "zkinfer_server", "worker", *arguments]
        self._process: Optional[subprocess.Popen[bytes]] = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._keep, daemon=True)
        self._thread.start()

    def _keep(self) -> None:
        delay = 0.1
        while not self._stopping.is_set():
            began = time.monotonic()
            self._process = subprocess.Popen(self._command, stdin=subprocess.PIPE)
            code = self._process.wait()
            if self._stopping.is_set():
                return
            delay = 0.1 if time.monotonic() - began > 10 else min(10.0, 2 * delay)
            log.error("the worker ended with %s; it is started again", code)
            self._stopping.wait(delay)

    def stop(self) -> None:
        """It ends its proof first."""
        self._stopping.set()
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()


class _Server(uvicorn.Server):
    """Says first that it stops, so that new answers go elsewhere while those begun are ended."""

    def __init__(self, config: uvicorn.Config, service: Service) -> None:
        super().__init__(config)
        self._service = service

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)

    def _stop(self, number: int, frame: Any) -> None:
        self._service.draining = True
        self.force_exit = self.should_exit and number == signal.SIGINT
        self.should_exit = True

    # uvicorn's own handlers, of older and newer versions: newer ones raise the signal again, and our workers would not be waited for.
    def install_signal_handlers(self) -> None:
        pass

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def run(
    place: Place, models: str, host: str, port: int, workers: Sequence[Sequence[str]], policy: Policy, *, open_to_all: bool, port_file: Optional[str] = None,
    web: Optional[str] = None, issuer: Optional[Issuer] = None, rps: Optional[int] = None, queries: Optional[int] = None,
) -> int:
    """Serves until a signal. workers: the arguments of each."""
    place.lock()
    place.store().check()
    database = place.database()
    service = Service(database, place.store(), place.vault(), place.signer(), Models(pathlib.Path(models)), policy)
    app = make_app(service, ApiKeys(None if open_to_all else database, issuer, rps=rps, queries=queries), Metrics())
    language.add_routes(app, app.state.front)
    drafts = Uploads(place.folder / "drafts", pathlib.Path(models), seconds=policy.upload_seconds, memory=policy.upload_memory, price=policy.price)
    operation.add_routes(app, app.state.front, drafts, pathlib.Path(web) if web else None)
    listener = socket.create_server((host, port), backlog=512)
    for problem in service.models.problems.values():
        log.error("not served: %s", problem)
    for model in service.models:
        log.info("serves %s, %s", model.name, model.root)
        if not model.shows_input:
            log.warning("%s: proofs do not say of which input they are; clients refuse them: commit with --inputs public:keccak256", model.name)
    if len(service.models) == 0:
        log.warning("no model is served: put a .zkmodel into %s, with what `zkinfer commit` makes beside it", models)
    address = f"http://{host}:{listener.getsockname()[1]}"
    print(f"zkinfer-server: {address}  kid {service.signer.kid}", flush=True)
    if port_file:
        beside = port_file + ".new"
        with open(beside, "w") as file:
            file.write(address)
        os.replace(beside, port_file)
    children = [Child(arguments) for arguments in workers]
    config = uvicorn.Config(app, log_level="warning", access_log=False, timeout_keep_alive=30, lifespan="off", server_header=False)
    server = _Server(config, service)
    sender = Sender(database, policy.private_webhooks)
    keeper = Housekeeper(database, place.store(), place.vault(), policy.keep_seconds)
    try:
        server.run(sockets=[listener])
    finally:
        sender.stop()
        keeper.stop()
        for child in children:
            child.stop()
        service.close()
    return 0


def work(worker: Any) -> int:
    """A worker's process: until SIGTERM, or until whoever started it is gone."""

    def watch() -> None:
        with contextlib.suppress(OSError):
            while os.read(0, 1):
                pass
        os._exit(3)

    def stop(number: int, frame: Any) -> None:
        worker.stopping.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # of a terminal: the front end says when
    if not os.isatty(0):
        threading.Thread(target=watch, daemon=True).start()
    worker.run()
    return 0
