# SPDX-License-Identifier: Apache-2.0
"""Text of a llama2.c checkpoint (version 0) in float, one token after the other with a cache of keys and values: sequences drawn by its
scores, as calibration, and the greedy answer to "Once upon a time" in stories260K's tokens.

Usage: sample_llama.py CHECKPOINT TOKENS SEQUENCES CALIBRATION.npy GREEDY.json
       sample_llama.py --perplexity CHECKPOINT WINDOWS.npy"""
import json
import sys

import numpy as np

PROMPT = [1, 403, 407, 261, 378]


class Llama:
    def __init__(self, path: str) -> None:
        data = open(path, "rb").read()
        width, hidden, layers, heads, kv_heads, vocabulary, _ = np.frombuffer(data, "<i4", 7)
        self.heads, self.kv_heads, self.head = int(heads), int(kv_heads), int(width // heads)
        at = 28

        def read(*shape: int) -> np.ndarray:
            nonlocal at
            size = int(np.prod(shape))
            at += 4 * size
            return np.frombuffer(data, "<f4", size, at - 4 * size).reshape(shape)

        kv = self.head * self.kv_heads
        self.embedding = read(abs(vocabulary), width)
        self.attention_norm = read(layers, width)
        self.query, self.key = read(layers, width, width), read(layers, kv, width)
        self.value, self.output = read(layers, kv, width), read(layers, width, width)
        self.mlp_norm = read(layers, width)
        self.gate, self.down, self.up = read(layers, hidden, width), read(layers, width, hidden), read(layers, hidden, width)
        self.final_norm = read(width)
        self.layers = int(layers)

    def turn(self, x: np.ndarray, position: int) -> np.ndarray:
        """x [heads, head]: pairs of neighbours turn by position / 10000^(i / head)."""
        angle = position / 10000 ** (np.arange(0, self.head, 2) / self.head)
        cos, sin = np.cos(angle), np.sin(angle)
        out = np.empty_like(x)
        out[:, 0::2] = x[:, 0::2] * cos - x[:, 1::2] * sin
        out[:, 1::2] = x[:, 0::2] * sin + x[:, 1::2] * cos
        return out

    def sequence(self, prompt: list[int], tokens: int, choose, told=lambda position, scores: None) -> list[int]:
        keys: list[list[np.ndarray]] = [[] for _ in range(self.layers)]
        values: list[list[np.ndarray]] = [[] for _ in range(self.layers)]
        norm = lambda x, scale: x / np.sqrt(np.mean(x * x) + 1e-5) * scale
        text = list(prompt)
        for position in range(tokens - 1):
            x = self.embedding[text[position]].copy()
            for l in range(self.layers):
                a = norm(x, self.attention_norm[l])
                query = self.turn((self.query[l] @ a).reshape(self.heads, -1), position)
                keys[l].append(self.turn((self.key[l] @ a).reshape(self.kv_heads, -1), position))
                values[l].append((self.value[l] @ a).reshape(self.kv_heads, -1))
                k, v = (np.repeat(np.stack(c), self.heads // self.kv_heads, axis=1) for c in (keys[l], values[l]))
                scores = np.einsum("hd,thd->ht", query, k) / np.sqrt(self.head)
                weights = np.exp(scores - scores.max(axis=1, keepdims=True))
                weights /= weights.sum(axis=1, keepdims=True)
                x += self.output[l] @ np.einsum("ht,thd->hd", weights, v).reshape(-1)
                b = norm(x, self.mlp_norm[l])
                gate = self.gate[l] @ b
                x += self.down[l] @ (gate / (1 + np.exp(-gate)) * (self.up[l] @ b))
            scores = self.embedding @ norm(x, self.final_norm)
            told(position, scores)
            if position + 1 == len(text):
                text.append(int(choose(scores)))
        return text

    def perplexity(self, windows: np.ndarray) -> float:
        surprise = []
        for window in windows.astype(int):
            def told(position: int, scores: np.ndarray) -> None:
                surprise.append(np.log(np.exp(scores - scores.max()).sum()) + scores.max() - scores[window[position + 1]])

            self.sequence(list(window), len(window), None, told)
        return float(np.exp(np.mean(surprise)))


def main() -> None:
    if sys.argv[1] == "--perplexity":
        print(Llama(sys.argv[2]).perplexity(np.load(sys.argv[3])))
        return
    path, tokens, sequences, calibration, greedy = sys.argv[1:]
    model = Llama(path)
    chance = np.random.default_rng(5)

    def draw(scores: np.ndarray) -> int:
        odds = np.exp(scores - scores.max())
        return chance.choice(len(scores), p=odds / odds.sum())

    np.save(calibration, np.array([model.sequence([1], int(tokens), draw) for _ in range(int(sequences))]))
    json.dump(model.sequence(PROMPT, int(tokens), np.argmax), open(greedy, "w"))


if __name__ == "__main__":
    main()
