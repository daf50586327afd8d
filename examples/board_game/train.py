#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Trains the network of this folder and writes connect4.onnx and positions.npz (for calibration): 84-48-7 with ReLU, from positions of random games, labelled by a
search of two plies: win, else do not lose at once, else the middle.

A column that takes no stone gets 2^6 less than it would, more than any two logits differ; so the first maximum is a legal move whenever there is one, and that is part of
what is proven. Needs Debian's python3-onnx, python3-numpy. Same output on every run of one machine.
"""
import pathlib

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from board import COLUMNS, Board

HERE = pathlib.Path(__file__).resolve().parent
CLOSED = 64.0
GAMES, STEPS, WIDTH = 400, 2500, 48


def advised(board: Board) -> int:
    legal = [int(c) for c in np.flatnonzero(board.open_columns())]
    winning = [c for c in legal if board.after(c).has_won(board.mover)]
    if winning:
        return winning[0]

    def loses(column: int) -> bool:
        after = board.after(column)
        return any(after.after(int(c)).has_won(after.mover) for c in np.flatnonzero(after.open_columns()))

    safe = [c for c in legal if not loses(c)] or legal
    return min(safe, key=lambda c: abs(c - COLUMNS // 2))


def main() -> None:
    random = np.random.RandomState(5)
    stones, opens, moves = [], [], []
    for _ in range(GAMES):
        board = Board()
        while not board.is_over:
            move = advised(board)
            x, free = board.inputs()
            stones.append(x[0])
            opens.append(free[0])
            moves.append(move)
            board.play(move if random.rand() < 0.5 else int(random.choice(np.flatnonzero(board.open_columns()))))
    x, y = np.array(stones), np.array(moves)
    weights = [random.randn(84, WIDTH) * 0.15, np.zeros(WIDTH), random.randn(WIDTH, COLUMNS) * 0.2, np.zeros(COLUMNS)]
    first, second = [np.zeros_like(w) for w in weights], [np.zeros_like(w) for w in weights]
    for step in range(1, STEPS + 1):
        rows = random.randint(0, len(x), 128)
        hidden = np.maximum(x[rows] @ weights[0] + weights[1], 0)
        scores = hidden @ weights[2] + weights[3]
        error = np.exp(scores - scores.max(1, keepdims=True))
        error /= error.sum(1, keepdims=True)
        error[np.arange(128), y[rows]] -= 1
        error /= 128
        back = (error @ weights[2].T) * (hidden > 0)
        for i, slope in enumerate((x[rows].T @ back, back.sum(0), hidden.T @ error, error.sum(0))):
            slope = slope + 1e-3 * weights[i]
            first[i] = 0.9 * first[i] + 0.1 * slope
            second[i] = 0.999 * second[i] + 0.001 * slope**2
            weights[i] = weights[i] - 0.003 * (first[i] / (1 - 0.9**step)) / (np.sqrt(second[i] / (1 - 0.999**step)) + 1e-8)
    logits = np.maximum(x @ weights[0] + weights[1], 0) @ weights[2] + weights[3]
    spread = float((logits.max(1) - logits.min(1)).max())
    assert spread < CLOSED, f"logits differ by {spread}"
    print(f"{len(x)} positions, as advised in {100 * np.mean(logits.argmax(1) == y):.1f} %, logits differ by {spread:.1f} at most")

    parameters = [numpy_helper.from_array(w.astype(np.float32), name) for w, name in zip(weights, ("w1", "b1", "w2", "b2"))]
    parameters += [numpy_helper.from_array(np.array(value, dtype=np.float32), name) for value, name in ((1.0, "one"), (CLOSED, "closed"))]
    nodes = [helper.make_node("MatMul", ["stones", "w1"], ["a"]), helper.make_node("Add", ["a", "b1"], ["b"]), helper.make_node("Relu", ["b"], ["c"]),
             helper.make_node("MatMul", ["c", "w2"], ["d"]), helper.make_node("Add", ["d", "b2"], ["logits"]), helper.make_node("Sub", ["open", "one"], ["e"]),
             helper.make_node("Mul", ["e", "closed"], ["f"]), helper.make_node("Add", ["logits", "f"], ["masked"]), helper.make_node("ArgMax", ["masked"], ["move"], axis=1, keepdims=0)]
    graph = helper.make_graph(nodes, "connect4", [helper.make_tensor_value_info("stones", TensorProto.FLOAT, [1, 84]), helper.make_tensor_value_info("open", TensorProto.FLOAT, [1, COLUMNS])],
                              [helper.make_tensor_value_info("move", TensorProto.INT64, [1])], parameters)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8, producer_name="train.py"), str(HERE / "connect4.onnx"))
    some = np.unique(np.concatenate([random.choice(len(x), 160, replace=False), np.flatnonzero(np.array(opens).min(1) == 0)[:40]]))
    np.savez(HERE / "positions.npz", stones=x[some, None].astype(np.float32), open=np.array(opens)[some, None].astype(np.float32))


if __name__ == "__main__":
    main()
