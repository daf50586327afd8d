# SPDX-License-Identifier: Apache-2.0
"""A PostgreSQL of a test's own: a cluster in a folder, reached by a socket."""

from __future__ import annotations

import contextlib
import os
import pathlib
import random
import shutil
import signal
import subprocess
import tempfile

_BIN = next(iter(sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)), None)


def why_not() -> str:
    """Why there is none; empty where there is."""
    if _BIN is None:
        return "PostgreSQL is not installed (scripts/install_packages.sh server)"
    try:
        import psycopg  # noqa: F401
    except ImportError:
        return "psycopg is not installed (scripts/install_packages.sh server)"
    return ""


class Postgres:
    def __init__(self) -> None:
        # Its own user may not see a test's folder, and a socket's path is short.
        self._folder = pathlib.Path(tempfile.mkdtemp(prefix="zkipg"))
        self._as = []
        if os.geteuid() == 0:
            self._as = ["runuser", "-u", "postgres", "--"]
            shutil.chown(self._folder, "postgres")
        self._run("initdb", "-D", self._folder / "db", "-U", "zkinfer", "-A", "trust", "--no-sync")
        self.start()
        self._run("createdb", "-h", self._folder, "-U", "zkinfer", "zkinfer")
        self.url = f"postgresql:///zkinfer?host={self._folder}&user=zkinfer"

    def _run(self, program: str, *arguments: object) -> None:
        assert _BIN is not None
        subprocess.run([*self._as, _BIN / program, *map(str, arguments)], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd="/")

    def start(self) -> None:
        self._run("pg_ctl", "-D", self._folder / "db", "-w", "-l", self._folder / "log", "-o", f"-k {self._folder} -c listen_addresses=''", "start")

    def crash(self) -> None:
        """As `kill -9` does to it, but for its shared memory."""
        self._run("pg_ctl", "-D", self._folder / "db", "-w", "-m", "immediate", "stop")

    def kill_one(self, random_: random.Random) -> None:
        """One of its processes, whichever: it ends the others, and recovers by itself."""
        main = int((self._folder / "db/postmaster.pid").read_text().split()[0])
        others = pathlib.Path(f"/proc/{main}/task/{main}/children").read_text().split()
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(random_.choice(others)), signal.SIGKILL)

    def close(self) -> None:
        self._run("pg_ctl", "-D", self._folder / "db", "-w", "-m", "fast", "stop")
        shutil.rmtree(self._folder, ignore_errors=True)
