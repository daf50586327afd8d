# SPDX-License-Identifier: Apache-2.0
"""Progress of long operations: a bar (tqdm's where it is installed, in notebooks too), or a function of the caller's."""

from __future__ import annotations

import contextlib
import sys
from typing import Any, Callable, Iterator, Optional, Union

from .errors import InputError

#: True: a bar on standard error. A function is called with stage and fraction (0 to 1), in the caller's thread; if it returns False
#: the operation stops with zkinfer.Cancelled.
Progress = Union[None, bool, Callable[[str, float], Optional[bool]]]


class _Line:
    """Without tqdm: one line on a terminal, nothing elsewhere."""

    def __init__(self, what: str) -> None:
        self._what, self._shown = what, False

    def __call__(self, stage: str, fraction: float) -> None:
        if sys.stderr.isatty():
            sys.stderr.write(f"\r{self._what}: {stage}, {100 * fraction:.0f} %\033[K")
            sys.stderr.flush()
            self._shown = True

    def close(self) -> None:
        if self._shown:
            sys.stderr.write("\r\033[K")


class _Bar:
    def __init__(self, what: str, tqdm: Any) -> None:
        self._bar = tqdm(total=100, desc=what, bar_format="{l_bar}{bar}| {elapsed}<{remaining}{postfix}", leave=False)

    def __call__(self, stage: str, fraction: float) -> None:
        self._bar.set_postfix_str(stage, refresh=False)
        self._bar.update(100 * fraction - self._bar.n)

    def close(self) -> None:
        self._bar.close()


@contextlib.contextmanager
def reporting(progress: Progress, what: str) -> Iterator[Optional[Callable[[str, float], Optional[bool]]]]:
    """What the extension module is given for one operation."""
    if progress is None or progress is False:
        yield None
    elif callable(progress):
        yield progress
    elif progress is not True:
        raise InputError(f"progress: a {type(progress).__name__}, expected True, or a function of (stage, fraction)")
    else:
        bar: Any
        try:
            from tqdm.auto import tqdm  # type: ignore[import-untyped]
        except ImportError:
            bar = _Line(what)
        else:
            bar = _Bar(what, tqdm)
        try:
            yield bar
        finally:
            bar.close()
