# SPDX-License-Identifier: Apache-2.0
"""How long answers take, and how many proofs are made meanwhile.

python3 load.py MODELS NAME [--rate 100] [--seconds 10] [options of `zkinfer-server run`]: MODELS/NAME.zkmodel with what `zkinfer commit` put beside it."""

from __future__ import annotations

import argparse
import os
import pathlib
import tempfile
import threading
import time

import numpy as np
import running

import zkinfer
from zkinfer_client import tensors
from zkinfer_client.http import Connection
from zkinfer_server.database import Database

CLIENTS = 4


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", type=pathlib.Path)
    parser.add_argument("name")
    parser.add_argument("--rate", type=float, default=100)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--ahead", type=int, default=60, help="requests that wait before it begins")
    parser.add_argument("--joint", action="store_true", help="take joint proofs")
    given, options = parser.parse_known_args()
    info = zkinfer.VerificationKey.load(given.models / f"{given.name}.zkkey").info.input_tensors[0]
    low, high = info.format.lo * info.format.scale, info.format.hi * info.format.scale
    values = np.random.default_rng(0).uniform(low, high, tuple(info.shape)).astype(np.float32)
    body, length = tensors.write({"zkinfer": {"joint": given.joint}}, {info.name: values}, True)
    with tempfile.TemporaryDirectory() as folder:
        server = running.Running(given.models, pathlib.Path(folder) / "data", "--no-auth", "--max-backlog", "100000", *options)
        seconds: list[float] = []
        lock = threading.Lock()

        def ask(connection: Connection) -> None:
            began = time.perf_counter()
            connection.send("POST", f"/v2/models/{given.name}/infer", body, {tensors.BINARY_HEADER: str(length)})
            with lock:
                seconds.append(time.perf_counter() - began)

        def client(number: int, end: float) -> None:
            connection, due = Connection(server.url, {}, 30), time.time() + number / given.rate
            while time.time() < end:
                time.sleep(max(0.0, due - time.time()))
                due += CLIENTS / given.rate
                ask(connection)

        def proven() -> int:
            database = Database(str(server.data / "server.db"))
            with database.read() as tx:
                return int(tx.one("SELECT count(*) AS n FROM request WHERE state = 'proven'")["n"])

        try:
            first = Connection(server.url, {}, 30)
            ask(first)
            while not proven():  # a worker is there, and has said what it can
                time.sleep(0.1)
            for _ in range(given.ahead):  # so that there is something to prove
                ask(first)
            seconds.clear()
            before, began = proven(), time.time()
            threads = [threading.Thread(target=client, args=(number, began + given.seconds)) for number in range(CLIENTS)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            took, made = time.time() - began, proven() - before
        finally:
            server.stop()
        at = sorted(seconds)
        shown = ", ".join(f"{name} {1000 * at[min(len(at) - 1, int(len(at) * share))]:.1f} ms" for name, share in (("median", 0.5), ("p95", 0.95), ("p99", 0.99), ("most", 1)))
        print(f"{len(at) / took:.1f} answers/s: {shown}; {made / took:.1f} proofs/s; load average {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
