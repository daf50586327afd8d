# SPDX-License-Identifier: Apache-2.0
"""Progress of long operations: a bar (tqdm's where it is installed, in notebooks too), lines in a pipe, or a function of the caller's."""

from __future__ import annotations

import contextlib
import inspect
import signal
import sys
import threading
import time
from typing import Any, Callable, Iterator, Optional, Union

from . import _native
from .errors import InputError

Report = Callable[[str, float], Optional[bool]]
#: True: a bar on standard error, plain lines where that is no terminal and no notebook. A function is called with stage and fraction (0 to 1), in the caller's thread; if it returns False
#: the operation stops with zkinfer.Cancelled.
Progress = Union[None, bool, Report]


#: Of lines that are no bar: the first after so long, and the next ones, as the program prints them.
_FIRST_SECONDS, _LINE_SECONDS, _TERMINAL_SECONDS = 1.0, 5.0, 0.1


def _seconds(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"


class _Line:
    """One line that changes on a terminal, plain lines elsewhere."""

    def __init__(self, what: str) -> None:
        self._what, self._begin, self._shown, self._highest = what, time.monotonic(), 0.0, 0.0
        self._terminal = sys.stderr.isatty()

    def __call__(self, stage: str, fraction: float) -> None:
        elapsed = time.monotonic() - self._begin
        if elapsed < _FIRST_SECONDS or self._shown and elapsed - self._shown < (_TERMINAL_SECONDS if self._terminal else _LINE_SECONDS):
            return
        self._highest = fraction = min(1.0, max(fraction, self._highest))
        left = f", {_seconds(elapsed * (1 - fraction) / fraction)} left" if 0.02 < fraction < 1 else ""
        text = f"{self._what}: {stage}, {100 * fraction:.0f} %{left}"
        sys.stderr.write(f"\r{text}\033[K" if self._terminal else text + "\n")
        sys.stderr.flush()
        self._shown = elapsed

    def close(self) -> None:
        if self._shown and self._terminal:
            sys.stderr.write("\r\033[K")


class _Bar:
    def __init__(self, what: str, tqdm: Any) -> None:
        self._bar = tqdm(total=100, desc=what, bar_format="{l_bar}{bar}| {elapsed}<{remaining}{postfix}", leave=False)

    def __call__(self, stage: str, fraction: float) -> None:
        self._bar.set_postfix_str(stage, refresh=False)
        self._bar.update(100 * fraction - self._bar.n)

    def close(self) -> None:
        self._bar.close()


def _in_notebook() -> bool:
    get_shell = getattr(sys.modules.get("IPython"), "get_ipython", None)
    return get_shell is not None and type(get_shell()).__name__ == "ZMQInteractiveShell"


def _bar(what: str) -> Any:
    """tqdm's where people look at it: on a terminal and in notebooks."""
    if sys.stderr.isatty() or _in_notebook():
        try:
            from tqdm.auto import tqdm  # type: ignore[import-untyped]
        except ImportError:
            pass
        else:
            return _Bar(what, tqdm)
    return _Line(what)


#: What is left of an operation that Ctrl-C stopped.
_LEFT_BEHIND = {
    "prove": "no proof was made, and its place in the commitment is used",
    "rotate": "no key was made, and the place that is kept for it is used",
}


def _check_called(progress: Report) -> None:
    """InputError for a function that does not take what it will be given, before anything begins."""
    try:
        signature = inspect.signature(progress)
    except (TypeError, ValueError):  # of the interpreter's own
        return
    try:
        signature.bind("", 0.0)
    except TypeError as error:
        raise InputError(f"progress: {error}; give a function of (stage, fraction)") from None


@contextlib.contextmanager
def reporting(progress: Progress, what: str) -> Iterator[Optional[Report]]:
    """What the extension module is given for one operation."""
    bar: Any = None
    if progress is True:
        bar = _bar(what)
    elif progress is not None and progress is not False and not callable(progress):
        raise InputError(f"progress: a {type(progress).__name__}, expected True, or a function of (stage, fraction)")
    elif callable(progress):
        _check_called(progress)
    try:
        yield bar if bar is not None else progress if callable(progress) else None
    except KeyboardInterrupt as stopped:
        if not stopped.args:
            stopped.args = (f"zkinfer: {what} was stopped; {_LEFT_BEHIND.get(what, 'nothing was made or written')}",)
        raise
    finally:
        if bar is not None:
            bar.close()


def part(report: Optional[Report], begin: float, end: float) -> Optional[Report]:
    """One of several steps of an operation, which is done with the last."""
    if report is None:
        return None

    whole = report

    def told(stage: str, fraction: float) -> Optional[bool]:
        if fraction >= 1 and end < 1:
            return None
        return whole(stage, begin + (end - begin) * fraction)

    return told


def end_left_behind() -> None:
    """At the interpreter's end: waits for operations that Ctrl-C left behind, which stop at their next stage. Another Ctrl-C ends the process at
    once: nothing hands it to Python any more. Files are whole then as after any other end, for each appears under its name when all of it is written."""
    before = signal.getsignal(signal.SIGINT)
    ends = threading.current_thread() is threading.main_thread() and before not in (None, signal.SIG_IGN, signal.SIG_DFL)
    if ends:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        _native.end_left_behind()
    finally:
        if ends:
            signal.signal(signal.SIGINT, before)
