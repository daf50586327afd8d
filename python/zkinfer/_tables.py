# SPDX-License-Identifier: Apache-2.0
"""Features on their way through an estimator. Trees compare what the caller gave, not what scalers made of it in between: every
decision is then the library's, and nothing is computed before it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable, Optional, Sequence, Union

import numpy as np

from ._onnx_graph import Graph


def same(x: np.ndarray) -> np.ndarray:
    return x


@dataclass(frozen=True)
class Column:
    """value(x) of column `index` of the table before, x as float64, which never falls as x grows; or value(1 where x is `equals`, else 0);
    or value(number) where x is what stands for a missing number, filled = (what stands, number)."""

    index: int
    value: Callable[[np.ndarray], np.ndarray] = same
    equals: Optional[float] = None
    filled: Optional[tuple[float, float]] = None

    @property
    def is_given(self) -> bool:
        return self.value is same and self.equals is None and self.filled is None

    def then(self, value: Callable[[np.ndarray], np.ndarray]) -> "Column":
        first = self.value
        return Column(self.index, value if first is same else lambda x: value(first(x)), self.equals, self.filled)


class Table:
    """A tensor [1, width], made when it is first asked for, whose columns may be Columns of a table before."""

    def __init__(self, name: Union[str, Callable[[], str]], width: int, before: Optional["Table"] = None, columns: Sequence[Column] = ()) -> None:
        self._name = name
        self.width = width
        self.before: Table = before if before is not None else self
        self.columns = list(columns) if before is not None else [Column(i) for i in range(width)]

    @property
    def name(self) -> str:
        if not isinstance(self._name, str):
            self._name = self._name()
        return self._name

    def select(self, graph: Graph, indices: Any) -> "Table":
        """Some of its columns."""
        chosen = [int(i) for i in indices]
        if chosen == list(range(self.width)):
            return self
        return Table(lambda: graph.columns(self.name, chosen, self.width), len(chosen), self.before, [self.columns[i] for i in chosen])

    def rising(self, make: Callable[[], str], values: Callable[[int], Callable[[np.ndarray], np.ndarray]]) -> "Table":
        """What `make` makes of it, column by column; values(i) computes column i as the library does, and never falls."""
        return Table(make, self.width, self.before, [column.then(values(i)) for i, column in enumerate(self.columns)])


def joined(graph: Graph, parts: Sequence[Table]) -> Table:
    """Beside each other."""
    if len(parts) == 1:
        return parts[0]
    width = sum(part.width for part in parts)
    if any(part.before is not parts[0].before for part in parts):
        return Table(lambda: graph.joined([part.name for part in parts]), width)
    columns = [column for part in parts for column in part.columns]
    return Table(lambda: graph.joined([part.name for part in parts]), width, parts[0].before, columns)
