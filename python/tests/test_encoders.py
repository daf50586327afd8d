# SPDX-License-Identifier: Apache-2.0
"""Encoders of Hugging Face's folders, against a reference of this file's own: texts shorter than the program, poolings, classifiers."""
import json
import math
import struct

import numpy as np
import pytest

import zkinfer

WIDTH, HEADS, HIDDEN, LAYERS, WORDS, POSITIONS, TOKENS = 16, 2, 24, 2, 30, 14, 9


def write_folder(folder, architecture, tensors, more=None):
    folder.mkdir(parents=True, exist_ok=True)
    sizes = {"hidden_size": WIDTH, "intermediate_size": HIDDEN, "num_attention_heads": HEADS, "num_hidden_layers": LAYERS, "hidden_act": "gelu"}
    if architecture.startswith("DistilBert"):
        sizes = {"dim": WIDTH, "hidden_dim": HIDDEN, "n_heads": HEADS, "n_layers": LAYERS, "activation": "gelu"}
    config = {"architectures": [architecture], "vocab_size": WORDS, "max_position_embeddings": POSITIONS, **sizes, **(more or {})}
    (folder / "config.json").write_text(json.dumps(config))
    header, data = {}, b""
    for name, values in tensors.items():
        content = np.ascontiguousarray(values, dtype="<f4").tobytes()
        header[name] = {"dtype": "F32", "shape": list(values.shape), "data_offsets": [len(data), len(data) + len(content)]}
        data += content
    text = json.dumps(header).encode()
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + data)
    return folder


BERT = {
    "prefix": "bert.", "layer": "encoder.layer.", "query": "attention.self.query", "key": "attention.self.key", "value": "attention.self.value",
    "output": "attention.output.dense", "attention_norm": "attention.output.LayerNorm", "up": "intermediate.dense", "down": "output.dense",
    "norm": "output.LayerNorm",
}  # fmt: skip
DISTILBERT = {
    "prefix": "distilbert.", "layer": "transformer.layer.", "query": "attention.q_lin", "key": "attention.k_lin", "value": "attention.v_lin",
    "output": "attention.out_lin", "attention_norm": "sa_layer_norm", "up": "ffn.lin1", "down": "ffn.lin2", "norm": "output_layer_norm",
}  # fmt: skip


class Encoder:
    """Random weights, and what they make of a text, in float64."""

    def __init__(self, seed, names, types=0, first_position=0, heads=()):
        random = np.random.default_rng(seed)
        self.names, self.first_position, self.tensors = names, first_position, {}
        at = names["prefix"]

        def matrix(name, outputs, inputs):
            self.tensors[name + ".weight"] = random.normal(0, 1.5 / math.sqrt(inputs), (outputs, inputs))
            self.tensors[name + ".bias"] = random.normal(0, 0.1, outputs)

        def norm(name):
            self.tensors[name + ".weight"] = random.uniform(0.5, 1.5, WIDTH)
            self.tensors[name + ".bias"] = random.normal(0, 0.2, WIDTH)

        self.tensors[at + "embeddings.word_embeddings.weight"] = random.normal(0, 1, (WORDS, WIDTH))
        self.tensors[at + "embeddings.position_embeddings.weight"] = random.normal(0, 0.5, (POSITIONS, WIDTH))
        if types:
            self.tensors[at + "embeddings.token_type_embeddings.weight"] = random.normal(0, 0.5, (types, WIDTH))
        norm(at + "embeddings.LayerNorm")
        for i in range(LAYERS):
            here = f"{at}{names['layer']}{i}."
            for part in ("query", "key", "value", "output"):
                matrix(here + names[part], WIDTH, WIDTH)
            matrix(here + names["up"], HIDDEN, WIDTH)
            matrix(here + names["down"], WIDTH, HIDDEN)
            norm(here + names["attention_norm"])
            norm(here + names["norm"])
        for name, outputs in heads:
            matrix(name, outputs, WIDTH)

    def linear(self, name, x):
        return x @ self.tensors[name + ".weight"].T + self.tensors[name + ".bias"]

    def normed(self, name, x):
        centred = x - x.mean(-1, keepdims=True)
        return centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-12) * self.tensors[name + ".weight"] + self.tensors[name + ".bias"]

    def hidden(self, tokens):
        """Of a text alone: nothing of padding comes near it."""
        names, at, width = self.names, self.names["prefix"], WIDTH // HEADS
        count = len(tokens)
        x = self.tensors[at + "embeddings.word_embeddings.weight"][tokens]
        x = x + self.tensors[at + "embeddings.position_embeddings.weight"][self.first_position : self.first_position + count]
        types = at + "embeddings.token_type_embeddings.weight"
        x = self.normed(at + "embeddings.LayerNorm", x + (self.tensors[types][0] if types in self.tensors else 0))
        for i in range(LAYERS):
            here = f"{at}{names['layer']}{i}."
            query, key, value = (self.linear(here + names[part], x).reshape(count, HEADS, width) for part in ("query", "key", "value"))
            scores = np.exp(np.einsum("qhd,khd->hqk", query, key) / math.sqrt(width))
            mixed = np.einsum("hqk,khd->qhd", scores / scores.sum(-1, keepdims=True), value).reshape(count, WIDTH)
            x = self.normed(here + names["attention_norm"], x + self.linear(here + names["output"], mixed))
            inner = self.linear(here + names["up"], x)
            inner = inner * 0.5 * (1 + np.vectorize(math.erf)(inner / math.sqrt(2)))
            x = self.normed(here + names["norm"], x + self.linear(here + names["down"], inner))
        return x


def texts(count, seed, low=2):
    random = np.random.default_rng(seed)
    return random.integers(low, WORDS, (count, TOKENS))


def unit(x):
    return x / np.linalg.norm(x)


def close(got, expected):
    got, expected = np.ravel(got), np.ravel(expected)
    assert np.abs(got - expected).max() <= 0.01 * np.abs(expected).max(), (got, expected)


def pooled(folder, mode):
    (folder / "1_Pooling").mkdir(exist_ok=True)
    (folder / "modules.json").write_text(json.dumps([{"type": "sentence_transformers.models.Pooling", "path": "1_Pooling"}]))
    modes = {name: name == mode for name in ("pooling_mode_mean_tokens", "pooling_mode_cls_token", "pooling_mode_max_tokens")}
    (folder / "1_Pooling/config.json").write_text(json.dumps(modes))


@pytest.mark.parametrize("mode, of_rows", [("pooling_mode_mean_tokens", lambda x: x.mean(0)), ("pooling_mode_cls_token", lambda x: x[0])])
def test_a_text_is_embedded_whatever_its_length(tmp_path, mode, of_rows):
    encoder = Encoder(1, BERT, types=2)
    folder = write_folder(tmp_path / "bert", "BertModel", encoder.tensors)
    pooled(folder, mode)
    model = zkinfer.compile(folder, tokens=TOKENS, calibration=texts(40, 2))
    assert model.record.pad_token == 0
    for length in (1, 2, 3, 5, 8, 9):
        text = texts(1, 10 + length)[0][:length].tolist()
        got = model.embed(text)
        assert got.tokens == text + [0] * (TOKENS - length) == model.encoder_text(text)
        close(got.vector, unit(of_rows(encoder.hidden(text))))
    for wrong in ([], list(range(2, 12)), [WORDS]):
        with pytest.raises(zkinfer.InputError):
            model.embed(wrong)


def test_a_short_text_is_proven(tmp_path):
    encoder = Encoder(3, BERT, types=2)
    folder = write_folder(tmp_path / "bert", "BertModel", encoder.tensors)
    pooled(folder, "pooling_mode_mean_tokens")
    model = zkinfer.compile(folder, tokens=TOKENS, calibration=texts(40, 4))
    key = model.commit(inputs="public")
    made = key.embed([7, 8, 9])
    said = zkinfer.verify_embedding(made.proof, key.public)
    assert said.tokens == [7, 8, 9] + [0] * 6
    close(said.vector, unit(encoder.hidden([7, 8, 9]).mean(0)))
    # A text that is nothing but padding has no words, and no vector.
    nothing = key.embed([0])
    assert not zkinfer.verify_embedding(nothing.proof, key.public).vector.any()


@pytest.mark.parametrize("kind", ["bert", "roberta", "distilbert"])
def test_classifiers(tmp_path, kind):
    names = dict(DISTILBERT if kind == "distilbert" else BERT, prefix=kind + ".")
    architecture = {"bert": "BertForSequenceClassification", "roberta": "RobertaForSequenceClassification", "distilbert": "DistilBertForSequenceClassification"}[kind]
    dense, classes = {"bert": ("bert.pooler.dense", "classifier"), "roberta": ("classifier.dense", "classifier.out_proj"), "distilbert": ("pre_classifier", "classifier")}[kind]
    first = 2 if kind == "roberta" else 0
    encoder = Encoder(5, names, types=0 if kind == "distilbert" else 1, first_position=first, heads=((dense, WIDTH), (classes, 3)))
    folder = write_folder(tmp_path / kind, architecture, encoder.tensors, {"pad_token_id": 1} if kind == "roberta" else None)
    model = zkinfer.compile(folder, tokens=TOKENS, calibration=texts(40, 6))
    assert model.record.pad_token == (1 if kind == "roberta" else 0)

    def expected(text):
        x = encoder.linear(dense, encoder.hidden(text)[0])
        return encoder.linear(classes, np.maximum(x, 0) if kind == "distilbert" else np.tanh(x))

    for length in (2, 4, 9):
        text = texts(1, 20 + length)[0][:length].tolist()
        close(model.embed(text).vector, expected(text))
    choice = zkinfer.compile(folder, tokens=TOKENS, calibration=texts(40, 6), head="choice")
    assert choice.run(np.array([choice.encoder_text(text)])).integers[0].ravel().tolist() == [int(np.argmax(expected(text)))]


def test_what_cannot_be_read_is_said(tmp_path):
    encoder = Encoder(7, BERT, types=2)
    folder = write_folder(tmp_path / "bert", "BertModel", encoder.tensors, {"pad_token_id": WORDS})
    with pytest.raises(zkinfer.ZkinferError, match="pad_token_id"):
        zkinfer.compile(folder, tokens=TOKENS, calibration=texts(4, 8))
    folder = write_folder(tmp_path / "roberta", "RobertaModel", {k.replace("bert.", "roberta.", 1): v for k, v in encoder.tensors.items()}, {"pad_token_id": POSITIONS - 1})
    with pytest.raises(zkinfer.ZkinferError, match="no position"):
        zkinfer.compile(folder, tokens=TOKENS, calibration=texts(4, 8))
