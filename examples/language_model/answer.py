# SPDX-License-Identifier: Apache-2.0
"""A provider answers prompts with a language model whose weights nobody sees; whoever asked checks that the promised model gave every token.

Usage: answer.py [FOLDER]. The model is a toy of 8 thousand pseudo-random weights (make_model.py), so what it says is babble; stories260K.bin with
tok512.bin of llama2.c in their places tell a story.
"""
import pathlib
import random
import secrets
import sys
import tempfile

import zkinfer

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import make_model


def main() -> None:
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp())
    make_model.write(folder)
    tokenizer = zkinfer.Tokenizer(folder / "tokenizer.bin")

    # The provider, once: text of the kind that the model reads sets the scales of the integers.
    words = random.Random(1)
    text = " ".join("".join(words.choices("abcdefghijklmnopqrstuvwxyz", k=4)) for _ in range(200))
    model = zkinfer.compile(folder / "llama.bin", tokens=16, calibration=tokenizer.windows(text, 16), candidates=16)
    key = model.commit(inputs="public")
    key.public.save(folder / "llama.zkkey")

    # For each question: the text as it comes, and one proof of all of it.
    print("provider: ", end="")
    answer = key.generate("the cat", tokens=8, tokenizer=tokenizer, stream=True, context="question 1")
    answer.save(folder / "answer.zkproof")
    print(f"provider: {len(answer.tokens)} tokens, then {answer.end}; a proof of {len(answer.proof) // 1024} KiB")

    # Whoever asked.
    checked = zkinfer.verify_generation(folder / "answer.zkproof", folder / "llama.zkkey", tokenizer=tokenizer, context="question 1")
    print(f"customer: model {checked.statement.identity[:16]}.. said {checked.text!r} to {checked.prompt!r}")
    try:
        zkinfer.verify_generation(folder / "answer.zkproof", folder / "llama.zkkey", context="question 2")
    except zkinfer.Rejected as error:
        print(f"customer: rejected, {error.reason} at {error.where}")

    # Drawn instead of the most likely: the customer's number decides, which the provider learns with the prompt.
    number = secrets.token_bytes(16)
    answer = key.generate("the cat", tokens=8, tokenizer=tokenizer, temperature=1.2, top_k=12, top_p=0.95, context=number)
    checked = zkinfer.verify_generation(answer, key.public, tokenizer=tokenizer, context=number)
    print(f"customer: drawn by {checked.rule}, from {'my number' if checked.seeded else 'nobody knows what'}: {checked.text!r}")


if __name__ == "__main__":
    main()
