# SPDX-License-Identifier: Apache-2.0
"""Connect Four: what a board is to players, to the network and to whoever checks a move."""
import numpy as np

ROWS, COLUMNS, LINE = 6, 7, 4


def _lines() -> np.ndarray:
    """[69, 4]: cells of every line of four."""
    found = []
    for row in range(ROWS):
        for column in range(COLUMNS):
            for down, right in ((0, 1), (1, 0), (1, 1), (1, -1)):
                places = [(row + i * down, column + i * right) for i in range(LINE)]
                if all(r < ROWS and 0 <= c < COLUMNS for r, c in places):
                    found.append([r * COLUMNS + c for r, c in places])
    return np.array(found)


LINES = _lines()


class Board:
    """`cells` [6, 7], row 0 at the bottom: 0 empty, 1 the player who began, 2 the other."""

    def __init__(self) -> None:
        self.cells = np.zeros((ROWS, COLUMNS), dtype=np.int8)
        self.ply = 0

    @property
    def mover(self) -> int:
        return 1 + self.ply % 2

    def open_columns(self) -> np.ndarray:
        """[7], whether a column takes a stone."""
        return self.cells[-1] == 0

    def play(self, column: int) -> None:
        if not (0 <= column < COLUMNS and self.open_columns()[column]):
            raise ValueError(f"column {column} takes no stone")
        self.cells[int(np.argmax(self.cells[:, column] == 0)), column] = self.mover
        self.ply += 1

    def after(self, column: int) -> "Board":
        board = Board()
        board.cells, board.ply = self.cells.copy(), self.ply
        board.play(column)
        return board

    def has_won(self, player: int) -> bool:
        return bool((self.cells.ravel() == player)[LINES].all(1).any())

    @property
    def is_over(self) -> bool:
        return self.has_won(1) or self.has_won(2) or not self.open_columns().any()

    def inputs(self) -> "tuple[np.ndarray, np.ndarray]":
        """What the network reads: stones of the mover and of the other [1, 84], and which columns are open [1, 7]. Anybody makes them of the board."""
        stones = np.concatenate([(self.cells == self.mover).ravel(), (self.cells == 3 - self.mover).ravel()])
        return stones[None].astype(np.float32), self.open_columns()[None].astype(np.float32)

    def __str__(self) -> str:
        return "\n".join(" ".join(".XO"[cell] for cell in row) for row in self.cells[::-1])
