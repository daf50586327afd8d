#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A game against a committed model: Connect Four, where every move of the machine is proven to be its own.

The house commits to its network before the first game and gives away the key. With each move comes a proof: this is the network's first choice among the columns that are open, on
this board, in this game, at this ply. So the house cannot let a stronger program or a person play, cannot play another network when it loses, and cannot claim a
move that the rules forbid; the player learns no weight.

What it does not show: that the network is any good, or that nobody at the house knew a better move. Money, clocks and quitting are for whoever holds the stakes.

    PYTHONPATH=build/release/python /usr/bin/python3 examples/board_game/play.py [--ask]      --ask: you play; otherwise a player who picks columns at random
"""
import hashlib
import pathlib
import secrets
import sys

import numpy as np

import zkinfer
from board import COLUMNS, Board

HERE = pathlib.Path(__file__).resolve().parent


def context_of(game: bytes, ply: int) -> bytes:
    """What a move's proof is bound to: of another game, or an earlier ply of the same, it is no use."""
    return hashlib.sha256(b"zkinfer connect four v1" + game + ply.to_bytes(2, "big")).digest()


class House:
    def __init__(self, proofs: int = 32) -> None:
        positions = np.load(HERE / "positions.npz")
        self.model = zkinfer.compile(HERE / "connect4.onnx", calibration={name: positions[name] for name in ("stones", "open")})
        self._key = self.model.commit(inputs="public", proofs=proofs)
        self.public = self._key.public

    def move(self, board: Board, game: bytes) -> "tuple[int, zkinfer.Proof]":
        proof = self._key.prove(dict(zip(("stones", "open"), board.inputs())), context=context_of(game, board.ply))
        return int(proof.output.item()), proof


def checked_move(key: zkinfer.VerificationKey, board: Board, game: bytes, proof: zkinfer.Proof) -> int:
    """For the player: the column that is proven for this board, which he has kept himself. Raises zkinfer.Rejected."""
    stones, free = board.inputs()
    statement = zkinfer.verify(proof, key, context=context_of(game, board.ply), inputs={"stones": stones.astype(np.int64), "open": free.astype(np.int64)})
    column = int(statement.output.item())
    if not board.open_columns()[column]:
        raise ValueError(f"column {column} is closed: the network is not one that keeps to the rules")
    return column


def a_players_move(board: Board, ask: bool) -> int:
    while ask:
        print(board, " ".join(map(str, range(COLUMNS))), sep="\n")
        answer = input("your column: ")
        if answer.isdigit() and int(answer) < COLUMNS and board.open_columns()[int(answer)]:
            return int(answer)
        print("that column takes no stone")
    return int(secrets.choice([int(c) for c in np.flatnonzero(board.open_columns())]))


def main(ask: bool) -> None:
    house = House()
    game = secrets.token_bytes(16)  # drawn by the player
    print(f"house: committed to {house.public.identity[:16]}.., player: game {game.hex()[:8]}..")
    board, proofs = Board(), []
    while not board.is_over:
        if board.mover == 1:
            claimed, proof = house.move(board, game)
            column = checked_move(house.public, board, game, proof)
            assert column == claimed
            proofs.append((board.after(column), proof))
        else:
            column = a_players_move(board, ask)
        board.play(column)
    print(board)
    print(f"{'the house' if board.has_won(1) else 'the player' if board.has_won(2) else 'nobody'} won; {len(proofs)} moves of the house, each proven")
    cheats(house, game, proofs[0][1])


def cheats(house: House, game: bytes, first: zkinfer.Proof) -> None:
    """What a house might try on the first move."""
    after = Board().after(COLUMNS // 2)
    tries = {
        "a move for another game": (house.public, Board(), secrets.token_bytes(16), first),
        "the move of another board": (house.public, after.after(0), game, first),
        "a move of another network": (house.public, Board(), game, House(proofs=4).move(Board(), game)[1]),
    }
    for what, (key, board, where, proof) in tries.items():
        try:
            checked_move(key, board, where, proof)
        except zkinfer.Rejected as error:
            print(f"player: rejected {what}, {error.reason}")
        else:
            raise SystemExit(f"{what} was accepted")


if __name__ == "__main__":
    main("--ask" in sys.argv[1:])
