# SPDX-License-Identifier: Apache-2.0
"""Writes a small Llama with pseudo-random weights and a tokenizer for it, both as llama2.c has them: llama.bin, tokenizer.bin, in the current folder."""
import pathlib
import random
import struct

WIDTH, HIDDEN, LAYERS, HEADS, KV_HEADS, POSITIONS = 16, 24, 2, 4, 2, 32
LETTERS = " abcdefghijklmnopqrstuvwxyz"
PIECES = ["<unk>", "<s>", "</s>"] + [f"<0x{byte:02X}>" for byte in range(256)] + list(LETTERS) + [" a", "th", "the"]


def write(folder: pathlib.Path) -> None:
    numbers = random.Random(4)

    def floats(count: int, reach: float, middle: float = 0) -> bytes:
        return struct.pack(f"<{count}f", *(middle + numbers.uniform(-reach, reach) for _ in range(count)))

    kv = WIDTH // HEADS * KV_HEADS
    with open(folder / "llama.bin", "wb") as file:
        file.write(struct.pack("<7i", WIDTH, HIDDEN, LAYERS, HEADS, KV_HEADS, len(PIECES), POSITIONS))
        file.write(floats(len(PIECES) * WIDTH, 1))
        # Norm and matrices of attention, then of the MLP, each for all layers; tables of rotations that nobody reads.
        file.write(floats(LAYERS * WIDTH, 0.5, 1))
        for size in (WIDTH * WIDTH, kv * WIDTH, kv * WIDTH, WIDTH * WIDTH):
            file.write(floats(LAYERS * size, 0.5))
        file.write(floats(LAYERS * WIDTH, 0.5, 1))
        file.write(floats(3 * LAYERS * HIDDEN * WIDTH, 0.5))
        file.write(floats(WIDTH, 0.5, 1))
        file.write(floats(POSITIONS * WIDTH // HEADS, 1))
    with open(folder / "tokenizer.bin", "wb") as file:
        pieces = [piece.encode() for piece in PIECES]
        file.write(struct.pack("<I", max(map(len, pieces))))
        for index, piece in enumerate(pieces):
            file.write(struct.pack("<fI", -float(index), len(piece)) + piece)


if __name__ == "__main__":
    write(pathlib.Path())
