# SPDX-License-Identifier: Apache-2.0
"""Networks that customers bring: first what it would be and cost, then the commitment. Everything that reads their bytes is a child with limits."""

from __future__ import annotations

import base64
import binascii
import json
import os
import pathlib
import re
import resource
import shutil
import subprocess
import sys
import threading
import time
from typing import Any, Optional

from zkinfer_client.canonical import uuid7
from zkinfer_client.strict import loads

from .problems import Problem

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_SUFFIX = {"network": ("onnx", "tflite", "keras", "h5"), "calibration": ("npy", "npz", "json", "png")}
_NEEDED = {"network": "the network itself", "calibration": "typical inputs, from which the ranges of all values are taken"}
_DRAFT = re.compile(r"[0-9a-f-]{36}")
_KEPT_SECONDS = 86400.0
INPUTS = ("public:keccak256", "public", "private:sha256")


def decode(body: bytes) -> tuple[str, dict[str, tuple[str, bytes]]]:
    """Name and files of an upload. Raises: Problem."""
    try:
        form = loads(body)
        name, given = form["name"], form["files"]
        missing = [what for what in _SUFFIX if what not in given]
        pairs = {what: (given[what]["suffix"], given[what]["base64"]) for what in _SUFFIX if what in given}
    except (ValueError, KeyError, TypeError, RecursionError):
        raise Problem("bad-request", "expected name, and files: {network: {suffix, base64}, calibration: {suffix, base64}}") from None
    if missing:
        raise Problem("bad-request", f"files.{missing[0]} is missing: {_NEEDED[missing[0]]}")
    try:
        files = {what: (suffix, base64.b64decode(text, validate=True)) for what, (suffix, text) in pairs.items()}
    except (ValueError, TypeError, binascii.Error):
        raise Problem("bad-request", "files: base64 expected, without line breaks") from None
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise Problem("bad-request", "name: expected a letter or digit, then letters, digits, - and _, all lower case, 64 at most")
    for what, (suffix, _) in files.items():
        if suffix not in _SUFFIX[what]:
            raise Problem("bad-request", f"files.{what}.suffix: {suffix!r}, expected one of {', '.join(_SUFFIX[what])}")
    return name, files


class Uploads:
    """Drafts in a folder, one child at a time. seconds, memory: what a child may take."""

    def __init__(self, folder: pathlib.Path, models: pathlib.Path, *, seconds: int, memory: int, price: Optional[str]) -> None:
        self._folder, self._models, self._seconds, self._memory, self._price = folder, models, seconds, memory, price
        self._busy = threading.Lock()
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def _limits(self) -> None:
        os.nice(10)
        resource.setrlimit(resource.RLIMIT_AS, (self._memory, self._memory))
        resource.setrlimit(resource.RLIMIT_CPU, (self._seconds, self._seconds))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        os.setsid()

    def _run(self, *command: Any) -> None:
        """Raises: Problem where it does not end well; of what it said nothing is passed on."""
        try:
            done = subprocess.run([str(word) for word in command], stdin=subprocess.DEVNULL, capture_output=True, timeout=2 * self._seconds, preexec_fn=self._limits)
        except FileNotFoundError:
            raise Problem("unavailable", "the program `zkinfer` is not in PATH here") from None
        except subprocess.TimeoutExpired:
            raise Problem("refused", f"it took more than {2 * self._seconds} s") from None
        if done.returncode != 0:
            raise Problem("refused", f"it took more than {self._memory >> 20} MiB or {self._seconds} s of processor, or could not be read")

    def draft(self, tenant: str, body: bytes) -> dict[str, Any]:
        """Compiles it. Raises: Problem, of 422 with what is refused."""
        name, files = decode(body)
        if (self._models / f"{name}.zkmodel").exists():
            raise Problem("exists", f"there is a model '{name}'")
        if not self._busy.acquire(blocking=False):
            raise Problem("too-many", "another model is being read", retry_after=10)
        draft = uuid7()
        folder = self._folder / draft
        try:
            self._sweep()
            folder.mkdir(mode=0o700)
            (folder / "owner.json").write_text(json.dumps({"tenant": tenant, "name": name}))
            for what, (suffix, data) in files.items():
                (folder / f"{what}.{suffix}").write_bytes(data)
            self._run(sys.executable, "-m", "zkinfer_server.prepare", folder)
            report = json.loads((folder / "report.json").read_text())
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        finally:
            self._busy.release()
        if not report.pop("accepted"):
            shutil.rmtree(folder, ignore_errors=True)
            raise Problem("refused", "the network, or its calibration, is not taken: `refused` says what of it and why", refused=report["refused"])
        if self._price is not None:
            amount, _, unit = self._price.partition(" ")
            report["estimate"]["price_per_proof"] = f"{float(amount) * report['estimate']['processor_seconds_per_proof']:.3g} {unit}".strip()
        return {"draft": draft, "name": name, **report}

    def commit(self, tenant: str, draft: str, inputs: str, profile: str) -> str:
        """Commits to a draft and serves it: its name. Raises: Problem."""
        folder = self._folder / draft
        if not _DRAFT.fullmatch(draft) or not (folder / "model.zkmodel").is_file():
            raise Problem("not-found", "no such draft")
        owner = json.loads((folder / "owner.json").read_text())
        if owner["tenant"] != tenant:
            raise Problem("not-found", "no such draft")
        if inputs not in INPUTS or profile not in ("balanced", "fast", "small"):
            raise Problem("bad-request", f"inputs: one of {', '.join(INPUTS)}; profile: balanced, fast or small")
        if not self._busy.acquire(blocking=False):
            raise Problem("too-many", "another model is being read", retry_after=10)
        name: str = owner["name"]
        try:
            if (self._models / f"{name}.zkmodel").exists():
                raise Problem("exists", f"there is a model '{name}'")
            # In a folder of its own: any name may be that of a file of the draft.
            made = folder / "made" / f"{name}.zkmodel"
            made.parent.mkdir(mode=0o700, exist_ok=True)
            shutil.copy(folder / "model.zkmodel", made)
            self._run("zkinfer", "commit", made, "--inputs", inputs, "--profile", profile)
            # The model last: what sees it finds all that belongs to it.
            for path in sorted(made.parent.iterdir(), key=lambda path: path == made):
                os.rename(path, self._models / path.name)
            shutil.rmtree(folder, ignore_errors=True)
        finally:
            self._busy.release()
        return name

    def _sweep(self) -> None:
        for path in self._folder.iterdir():
            if path.stat().st_mtime < time.time() - _KEPT_SECONDS:
                shutil.rmtree(path, ignore_errors=True)
