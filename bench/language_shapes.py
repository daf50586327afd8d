# SPDX-License-Identifier: Apache-2.0
"""A language model of known shapes with random weights, as a Hugging Face folder, and tokens to calibrate it with.

language_shapes.py SHAPE FOLDER [--layers N] [--vocabulary N] [--tokens N]

What a proof costs depends on shapes and ranges, not on the words: docs/benchmarks.md has what was measured with these. Weights are
normal with the deviation that each family begins its training with, in halves (float16), one file for each 2 GB.
"""
import argparse
import json
import os

import numpy as np

SHAPES = {
    # https://huggingface.co/openai-community/gpt2: config.json
    "gpt2": dict(family="gpt2", hidden=768, layers=12, heads=12, kv_heads=12, head=64, inner=3072, vocabulary=50257, context=1024),
    # Llama 3.2 1B, and Llama 3 8B (arXiv 2407.21783, table 3)
    "llama-3.2-1b": dict(family="llama", hidden=2048, layers=16, heads=32, kv_heads=8, head=64, inner=8192, vocabulary=128256, tied=True),
    "llama-3-8b": dict(family="llama", hidden=4096, layers=32, heads=32, kv_heads=8, head=128, inner=14336, vocabulary=128256, tied=False),
}
SHARD_BYTES = 2 << 30
DEVIATION = 0.02


def gpt2_tensors(s):
    d, i = s["hidden"], s["inner"]
    yield "wte.weight", (s["vocabulary"], d), "random"
    yield "wpe.weight", (s["context"], d), "random"
    for layer in range(s["layers"]):
        p = f"h.{layer}."
        for norm in ("ln_1", "ln_2"):
            yield p + norm + ".weight", (d,), "one"
            yield p + norm + ".bias", (d,), "zero"
        for name, rows, columns in (("attn.c_attn", d, 3 * d), ("attn.c_proj", d, d), ("mlp.c_fc", d, i), ("mlp.c_proj", i, d)):
            yield p + name + ".weight", (rows, columns), "random"
            yield p + name + ".bias", (columns,), "zero"
    yield "ln_f.weight", (d,), "one"
    yield "ln_f.bias", (d,), "zero"


def llama_tensors(s):
    d, i, q, kv = s["hidden"], s["inner"], s["heads"] * s["head"], s["kv_heads"] * s["head"]
    yield "model.embed_tokens.weight", (s["vocabulary"], d), "random"
    for layer in range(s["layers"]):
        p = f"model.layers.{layer}."
        yield p + "input_layernorm.weight", (d,), "one"
        yield p + "post_attention_layernorm.weight", (d,), "one"
        for name, rows, columns in (("self_attn.q_proj", q, d), ("self_attn.k_proj", kv, d), ("self_attn.v_proj", kv, d), ("self_attn.o_proj", d, q),
                                    ("mlp.gate_proj", i, d), ("mlp.up_proj", i, d), ("mlp.down_proj", d, i)):
            yield p + name + ".weight", (rows, columns), "random"
    yield "model.norm.weight", (d,), "one"
    if not s["tied"]:
        yield "lm_head.weight", (s["vocabulary"], d), "random"


def config(s):
    if s["family"] == "gpt2":
        return dict(model_type="gpt2", architectures=["GPT2LMHeadModel"], n_embd=s["hidden"], n_layer=s["layers"], n_head=s["heads"], n_inner=s["inner"],
                    n_positions=s["context"], vocab_size=s["vocabulary"], layer_norm_epsilon=1e-5, activation_function="gelu_new")
    return dict(model_type="llama", architectures=["LlamaForCausalLM"], hidden_size=s["hidden"], num_hidden_layers=s["layers"],
                num_attention_heads=s["heads"], num_key_value_heads=s["kv_heads"], head_dim=s["head"], intermediate_size=s["inner"],
                vocab_size=s["vocabulary"], rms_norm_eps=1e-5, rope_theta=500000.0, max_position_embeddings=8192, hidden_act="silu",
                tie_word_embeddings=s["tied"])


def values(shape, kind, random):
    if kind != "random":
        return np.full(shape, 1.0 if kind == "one" else 0.0, np.float16)
    return (random.standard_normal(shape, np.float32) * DEVIATION).astype(np.float16)


def write_shard(path, tensors, random):
    header, offset = {}, 0
    for name, shape, _ in tensors:
        end = offset + 2 * int(np.prod(shape))
        header[name] = dict(dtype="F16", shape=list(shape), data_offsets=[offset, end])
        offset = end
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for _, shape, kind in tensors:
            values(shape, kind, random).tofile(file)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("shape", choices=SHAPES)
    parser.add_argument("folder")
    parser.add_argument("--layers", type=int, help="fewer layers than the shape has")
    parser.add_argument("--vocabulary", type=int, help="another number of tokens")
    parser.add_argument("--tokens", type=int, default=64, help="tokens of a window (default: %(default)s)")
    parser.add_argument("--windows", type=int, default=4, help="windows to calibrate with (default: %(default)s)")
    options = parser.parse_args()
    shape = dict(SHAPES[options.shape])
    shape["layers"] = options.layers or shape["layers"]
    shape["vocabulary"] = options.vocabulary or shape["vocabulary"]
    random = np.random.default_rng(1)
    os.makedirs(options.folder, exist_ok=True)
    shards, size = [[]], 0
    for tensor in (gpt2_tensors if shape["family"] == "gpt2" else llama_tensors)(shape):
        num_bytes = 2 * int(np.prod(tensor[1]))
        if shards[-1] and size + num_bytes > SHARD_BYTES:
            shards.append([])
            size = 0
        shards[-1].append(tensor)
        size += num_bytes
    where = {}
    for i, shard in enumerate(shards):
        name = "model.safetensors" if len(shards) == 1 else f"model-{i + 1:05}-of-{len(shards):05}.safetensors"
        write_shard(os.path.join(options.folder, name), shard, random)
        where.update((tensor[0], name) for tensor in shard)
    if len(shards) > 1:
        with open(os.path.join(options.folder, "model.safetensors.index.json"), "w") as file:
            json.dump(dict(weight_map=where), file)
    with open(os.path.join(options.folder, "config.json"), "w") as file:
        json.dump(config(shape), file, indent=2)
    tokens = random.integers(0, shape["vocabulary"], (options.windows, 1, options.tokens), dtype=np.int64)
    np.save(os.path.join(options.folder, "calibration.npy"), tokens)
    np.save(os.path.join(options.folder, "input.npy"), tokens[0])


if __name__ == "__main__":
    main()
