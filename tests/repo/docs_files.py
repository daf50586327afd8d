#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes into the current folder the files that pages of the documentation suppose: small ones of the same form, under the pages' names.
Usage: docs_files.py KIND..      KIND: network, language, encoder, tflite"""
import json
import pathlib
import random
import shutil
import struct
import sys

import numpy as np

SOURCE = pathlib.Path(__file__).resolve().parents[2]


def network() -> None:
    """A network for pictures, its calibration data, rows with labels to try it on, and one input."""
    digits = SOURCE / "examples/digits"
    for name, copy in (("digits.onnx", "network.onnx"), ("digits.onnx", "digits.onnx"), ("test.npy", "images.npy"), ("test_labels.npy", "labels.npy")):
        shutil.copy(digits / name, copy)
    for name in ("calibration.npy", "test.npy", "test_labels.npy", "digit_7.png", "input.json"):
        shutil.copy(digits / name, name)
    np.save("input.npy", np.load("test.npy")[:1])


def language() -> None:
    """A language model and its tokenizer as llama2.c has them, one of Hugging Face's, a text, and windows of tokens."""
    sys.path.insert(0, str(SOURCE / "examples/language_model"))
    import make_model

    make_model.POSITIONS = 128
    make_model.write(pathlib.Path())
    pathlib.Path("llama.bin").rename("stories260K.bin")
    pathlib.Path("tokenizer.bin").rename("tok512.bin")
    shutil.copy("tok512.bin", "tokenizer.bin")
    shutil.copy(SOURCE / "testdata/tokenizer/gpt2.json", "tokenizer.json")
    pathlib.Path("story.txt").write_text("Once upon a time the cat and a hat sat on the mat, and that was that. " * 20)
    np.save("tokens.npy", np.random.default_rng(1).integers(3, 280, (8, 64)))


def encoder() -> None:
    """A folder of Hugging Face's: a BERT of one layer with drawn weights, which gives the mean of its hidden states, and its tokenizer."""
    width, inner, words = 16, 32, "[PAD] [UNK] [CLS] [SEP] [MASK] a cat sat on the mat dog ran".split()
    folder = pathlib.Path("all-MiniLM-L6-v2")
    (folder / "1_Pooling").mkdir(parents=True)
    config = {
        "architectures": ["BertModel"], "model_type": "bert", "hidden_size": width, "intermediate_size": inner, "num_hidden_layers": 1, "num_attention_heads": 2,
        "vocab_size": len(words), "max_position_embeddings": 32, "type_vocab_size": 2, "hidden_act": "gelu", "layer_norm_eps": 1e-12,
        "position_embedding_type": "absolute", "pad_token_id": 0,
    }  # fmt: skip
    (folder / "config.json").write_text(json.dumps(config))
    numbers = random.Random(5)
    shapes: dict[str, tuple[int, ...]] = {f"embeddings.{name}_embeddings.weight": (count, width) for name, count in (("word", len(words)), ("position", 32), ("token_type", 2))}

    def norm(name: str) -> None:
        shapes.update({f"{name}.LayerNorm.weight": (width,), f"{name}.LayerNorm.bias": (width,)})

    def dense(name: str, rows: int, columns: int) -> None:
        shapes.update({f"{name}.weight": (rows, columns), f"{name}.bias": (rows,)})

    norm("embeddings")
    layer = "encoder.layer.0"
    for part in ("query", "key", "value"):
        dense(f"{layer}.attention.self.{part}", width, width)
    dense(f"{layer}.attention.output.dense", width, width)
    norm(f"{layer}.attention.output")
    dense(f"{layer}.intermediate.dense", inner, width)
    dense(f"{layer}.output.dense", width, inner)
    norm(f"{layer}.output")
    head, data = {}, b""
    for name, shape in shapes.items():
        count = int(np.prod(shape))
        middle = 1.0 if name.endswith("LayerNorm.weight") else 0.0
        values = struct.pack(f"<{count}f", *(middle + numbers.uniform(-0.3, 0.3) for _ in range(count)))
        head[name] = {"dtype": "F32", "shape": shape, "data_offsets": [len(data), len(data) + len(values)]}
        data += values
    text = json.dumps(head).encode()
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + data)
    modules = [{"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
               {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"}]  # fmt: skip
    (folder / "modules.json").write_text(json.dumps(modules))
    (folder / "1_Pooling/config.json").write_text(json.dumps({"word_embedding_dimension": width, "pooling_mode_mean_tokens": True}))
    tokenizer = json.loads((SOURCE / "testdata/tokenizer/bert.json").read_text())
    tokenizer["model"]["vocab"] = {word: number for number, word in enumerate(words)}
    tokenizer["added_tokens"] = [token | {"id": words.index(token["content"])} for token in tokenizer["added_tokens"] if token["content"] in words]
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer))


def flat(out: bytearray, what) -> int:
    """Appends a FlatBuffers object, and behind it what it refers to; its place. A dict is a table, its scalars (format, number); an array, a text or a list of objects a vector."""
    waiting = []
    out.extend(bytes(-len(out) % 16))
    if isinstance(what, dict):
        slots = max(what, default=-1) + 1
        table = len(out) + 4 + 2 * slots
        table += -table % 8
        places = {field: table + 8 * (index + 1) for index, field in enumerate(sorted(what))}
        begin = table - 4 - 2 * slots
        out.extend(bytes(begin - len(out)))
        out.extend(struct.pack(f"<{slots + 2}H", 4 + 2 * slots, 8 * (len(what) + 1), *(places[i] - table if i in what else 0 for i in range(slots))))
        out.extend(struct.pack("<iI", table - begin, 0))
        for field in sorted(what):
            value = what[field]
            if isinstance(value, tuple):
                out.extend(struct.pack("<" + value[0], value[1]).ljust(8, b"\0"))
            else:
                waiting.append((len(out), value))
                out.extend(bytes(8))
    elif isinstance(what, list):
        table = len(out)
        out.extend(struct.pack("<I", len(what)))
        for value in what:
            waiting.append((len(out), value))
            out.extend(bytes(4))
    else:
        data = what.encode() + b"\0" if isinstance(what, str) else what.tobytes()
        out.extend(bytes(12))  # numbers begin at a multiple of 16
        table = len(out)
        out.extend(struct.pack("<I", len(what)) + data)
    for place, value in waiting:
        out[place : place + 4] = struct.pack("<I", flat(out, value) - place)
    return table


def tflite() -> None:
    """A TensorFlow Lite file of one dense layer with ReLU, four numbers to three, and typical inputs."""
    numbers = np.random.default_rng(2)
    weights, bias = numbers.normal(size=(3, 4)).astype("<f4"), numbers.normal(size=3).astype("<f4")

    def tensor(name: str, shape: list[int], buffer: int) -> dict:
        return {0: np.array(shape, "<i4"), 1: ("b", 0), 2: ("I", buffer), 3: name}

    def places(*numbers: int) -> np.ndarray:
        return np.array(numbers, "<i4")

    dense = {0: ("I", 0), 1: places(0, 1, 2), 2: places(3), 3: ("B", 8), 4: {0: ("b", 1)}}
    tensors = [tensor("x", [1, 4], 0), tensor("weights", [3, 4], 1), tensor("bias", [3], 2), tensor("y", [1, 3], 0)]
    graph = {0: tensors, 1: places(0), 2: places(3), 3: [dense]}
    buffers = [{}, {0: weights.ravel().view("u1")}, {0: bias.view("u1")}]
    out = bytearray(b"\0\0\0\0TFL3")
    out[:4] = struct.pack("<I", flat(out, {0: ("I", 3), 1: [{0: ("b", 9), 2: ("i", 1), 3: ("i", 9)}], 2: [graph], 4: buffers}))
    pathlib.Path("model.tflite").write_bytes(bytes(out))
    np.save("typical.npy", numbers.normal(size=(40, 1, 4)).astype("f4"))


if __name__ == "__main__":
    for kind in sys.argv[1:]:
        {"network": network, "language": language, "encoder": encoder, "tflite": tflite}[kind]()
