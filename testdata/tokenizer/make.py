#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Trains the small tokenizers of this folder on this project's own pages, and writes what the libraries that tokenizers come from
answer: expected.json, which src/tokenizer/tokenizer_test.cc compares with.

    pip install sentencepiece tokenizers
    testdata/tokenizer/make.py
"""
import json
import pathlib
import struct
import sys
import tempfile

import sentencepiece
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

HERE = pathlib.Path(__file__).resolve().parent
SOURCE = HERE.parent.parent
sys.path.insert(0, str(HERE.parent))
from protobuf_fields import fields  # noqa: E402

PAGES = ["README.md", "docs/architecture.md", "docs/protocol.md", "docs/quantization.md"]

TEXTS = [
    "",
    " ",
    "Once upon a time, there was a proof.",
    "  two  spaces,   three\n\nand lines\r\n\twith tabs ",
    "I'm sure it's they'll we've DON'T 'S 'll",
    "numbers 1234567 3.14159 2^26 1,000,000",
    "na\u00efve caf\u00e9 cafe\u0301 \u00c5ngstr\u00f6m \ufb01ne \u2460 \uff21\uff22 \u00bd",
    "\u4e2d\u6587\u5b57\u7b26 \u65e5\u672c\u8a9e \ud55c\uad6d\uc5b4 \u0440\u0443\u0441\u0441\u043a\u0438\u0439 \u0627\u0644\u0639\u0631\u0628\u064a\u0629 \u0939\u093f\u0928\u094d\u0926\u0940",
    "\U0001f600\U0001f468\u200d\U0001f469\u200d\U0001f467 \u2764\ufe0f \U0001f1e9\U0001f1ea e\u0301\u0323",
    "a\u00a0b\u3000c\u200bd\u0085e\x0bf\x0cg\u2028h",
    "\u0391\u03a3 \u0130stanbul STRASSE \u1e9e \u01c5",
    "<s>special</s> <sep> [SEP] <|end|> <unk> <0x41>",
    "def f(x):\n    return x*2  # comment\n\n\n    if (a==b) {c();}",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "\u2581already \u2581\u2581escaped\u2581",
    "\x01\x02 control \x7f \ufeffbom \ufffd \U0010ffff \U000e0001",
    "word\u0378unassigned \u0600 \u00ad soft",
    "trailing space ",
    "The commitment to the model is a root; every proof refers to it.",
]


def corpus(path):
    lines = [line for page in PAGES for line in (SOURCE / page).read_text().splitlines() if line.strip()]
    path.write_text("\n".join(lines) + "\n")
    return lines


def train_sentencepiece(work, pages, name, **options):
    sentencepiece.SentencePieceTrainer.train(
        input=str(pages), model_prefix=str(work / name), num_threads=1, minloglevel=2, **options)
    model = (work / f"{name}.model").read_bytes()
    (HERE / f"{name}.model").write_bytes(model)
    processor = sentencepiece.SentencePieceProcessor(model_proto=model)
    return processor


def answers_of_sentencepiece(processor):
    begin = [processor.bos_id()] if processor.bos_id() >= 0 else []
    return [{"text": text, "tokens": begin + processor.encode(text), "decoded": processor.decode(processor.encode(text))} for text in TEXTS]


def sentencepiece_map(path):
    """precompiled_charsmap of a model: field 2 of field 3."""
    normalizer = next(value for field, value in fields(path.read_bytes()) if field == 3)
    return next(value for field, value in fields(normalizer) if field == 2)


def write_llama2c(processor, path):
    """As llama2.c's tokenizer.py writes it."""
    rows = []
    for i in range(processor.vocab_size()):
        piece = processor.id_to_piece(i)
        piece = {1: "\n<s>\n", 2: "\n</s>\n"}.get(i, piece).replace("\u2581", " ")
        rows.append((processor.get_score(i), piece.encode()))
    longest = max(len(piece) for _, piece in rows)
    path.write_bytes(struct.pack("<I", longest) + b"".join(struct.pack("<fI", score, len(piece)) + piece for score, piece in rows))
    return rows


def join_plainly(rows, text):
    """What llama2.c's run.c computes, the plainest way: of all neighbours the pair with the best score, again and again."""
    index = {}
    for i, (_, piece) in enumerate(rows):
        index.setdefault(piece, i)
    tokens = []
    for character in (" " + text if text else ""):
        data = character.encode()
        tokens += [index[data]] if data in index else [byte + 3 for byte in data]
    while True:
        best = None
        for i in range(len(tokens) - 1):
            joined = index.get(rows[tokens[i]][1] + rows[tokens[i + 1]][1])
            if joined is not None and (best is None or rows[joined][0] > best[0]):
                best = (rows[joined][0], i, joined)
        if best is None:
            return [1] + tokens
        tokens[best[1]:best[1] + 2] = [best[2]]


# Patterns as the files of these families have them.
LLAMA3 = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
QWEN2 = LLAMA3.replace("{1,3}", "")
SPECIAL = ["<s>", "<|end|>"]


def byte_level(pattern, normalizer=None, **model):
    tokenizer = Tokenizer(models.BPE(**model))
    if normalizer:
        tokenizer.normalizer = normalizer
    if pattern:
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
            pre_tokenizers.Split(Regex(pattern), behavior="isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    else:
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer, trainers.BpeTrainer(vocab_size=400, special_tokens=SPECIAL, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False)


def build_gpt2():
    tokenizer, trainer = byte_level(None)
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    return tokenizer, trainer


def build_llama3():
    tokenizer, trainer = byte_level(LLAMA3, ignore_merges=True)
    return tokenizer, trainer


def build_qwen2():
    tokenizer, trainer = byte_level(QWEN2, normalizers.NFC())
    return tokenizer, trainer


def build_llama2():
    """As converted from sentencepiece."""
    tokenizer = Tokenizer(models.BPE(byte_fallback=True, fuse_unk=True, unk_token="<unk>"))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("\u2581"), normalizers.Replace(" ", "\u2581")])
    tokenizer.decoder = decoders.Sequence([decoders.Replace("\u2581", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)])
    return tokenizer, trainers.BpeTrainer(vocab_size=500, special_tokens=["<unk>", "<s>", "</s>"] + [f"<0x{i:02X}>" for i in range(256)], limit_alphabet=60, max_token_length=16, show_progress=False)


def build_gemma():
    tokenizer = Tokenizer(models.BPE(byte_fallback=True, fuse_unk=True, unk_token="<unk>"))
    tokenizer.normalizer = normalizers.Replace(" ", "\u2581")
    tokenizer.pre_tokenizer = pre_tokenizers.Split(" ", behavior="merged_with_previous")
    tokenizer.decoder = decoders.Sequence([decoders.Replace("\u2581", " "), decoders.ByteFallback(), decoders.Fuse()])
    return tokenizer, trainers.BpeTrainer(vocab_size=500, special_tokens=["<unk>", "<s>", "<|end|>"] + [f"<0x{i:02X}>" for i in range(256)], limit_alphabet=60, max_token_length=16, show_progress=False)


def build_bert(lower=True):
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]", max_input_chars_per_word=100))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=lower)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece(prefix="##", cleanup=True)
    return tokenizer, trainers.WordPieceTrainer(vocab_size=400, special_tokens=["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"], limit_alphabet=80, show_progress=False)


def build_t5(character_map):
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.Sequence([normalizers.Precompiled(character_map), normalizers.Strip(left=False), normalizers.Replace(Regex(" {2,}"), "\u2581")])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
    tokenizer.decoder = decoders.Metaspace(prepend_scheme="always")
    return tokenizer, trainers.UnigramTrainer(vocab_size=300, special_tokens=["<pad>", "</s>", "<unk>"], unk_token="<unk>", show_progress=False)


def build_steps():
    """Steps that the others have not."""
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>"))
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKD(), normalizers.StripAccents(), normalizers.Lowercase(), normalizers.Strip(),
                                                 normalizers.Replace(Regex(r"[0-9]+"), "0"), normalizers.Replace("\n", " ")])
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Whitespace(), pre_tokenizers.Digits(individual_digits=True),
                                                       pre_tokenizers.Punctuation("merged_with_previous"), pre_tokenizers.Split("o", "merged_with_next"),
                                                       pre_tokenizers.Metaspace(prepend_scheme="first", split=False)])
    tokenizer.decoder = decoders.Metaspace(prepend_scheme="first")
    return tokenizer, trainers.BpeTrainer(vocab_size=300, special_tokens=["<unk>", "<s>"], limit_alphabet=60, show_progress=False)


def ends_of(tokenizer, begin, end=None):
    names = [name for name in (begin, end) if name]
    return processors.TemplateProcessing(single=" ".join(filter(None, [begin, "$A", end])), special_tokens=[(name, tokenizer.token_to_id(name)) for name in names])


def answers_of_tokenizers(tokenizer):
    rows = []
    for text in TEXTS:
        tokens = tokenizer.encode(text).ids
        rows.append({"text": text, "tokens": tokens, "decoded": tokenizer.decode(tokens)})
    return rows


def train_tokenizers(lines, name, built, add=(), ends=()):
    tokenizer, trainer = built
    tokenizer.train_from_iterator(lines, trainer)
    for token in add:
        (tokenizer.add_special_tokens if token.special else tokenizer.add_tokens)([token])
    if ends:
        tokenizer.post_processor = ends_of(tokenizer, *ends)
    # What is written is what answers: adding is not the same as reading in every detail.
    made = json.loads(tokenizer.to_str())
    # Bytes are in the vocabulary, but nobody adds them.
    made["added_tokens"] = [token for token in made["added_tokens"] if not token["content"].startswith("<0x")]
    (HERE / f"{name}.json").write_text(json.dumps(made, ensure_ascii=False, separators=(",", ":")) + "\n")
    return answers_of_tokenizers(Tokenizer.from_file(str(HERE / f"{name}.json")))


def main():
    expected = {}
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder)
        pages = work / "pages.txt"
        lines = corpus(pages)
        # As Llama's: bytes for what is no piece, spaces kept.
        processor = train_sentencepiece(work, pages, "joined", model_type="bpe", vocab_size=420, byte_fallback=True, normalization_rule_name="identity",
                                        remove_extra_whitespaces=False, user_defined_symbols=["<sep>", "if ("], character_coverage=0.99)
        expected["joined.model"] = answers_of_sentencepiece(processor)
        plain = train_sentencepiece(work, pages, "plain", model_type="bpe", vocab_size=400, byte_fallback=True, normalization_rule_name="identity",
                                    remove_extra_whitespaces=False, character_coverage=0.99)
        (HERE / "plain.model").unlink()
        rows = write_llama2c(plain, HERE / "plain.bin")
        expected["plain.bin"] = [{"text": text, "tokens": join_plainly(rows, text)} for text in TEXTS]
        # With a map of characters of a few rows: one to one, one to many, many to one, one to none.
        rules = work / "rules.tsv"
        rules.write_text("".join("\t".join(" ".join(f"{ord(c):X}" for c in part) for part in row) + "\n" for row in [
            ("\u2460", "1"), ("\ufb01", "fi"), ("e\u0301", "\u00e9"), ("\u00a0", " "), ("\u3000", " "), ("\x0b", " "), ("\u00bd", "1 2"), ("\uff21", "A"), ("\u00ad", "")]))
        processor = train_sentencepiece(work, pages, "unigram", model_type="unigram", vocab_size=320, normalization_rule_tsv=str(rules),
                                        user_defined_symbols=["<sep>", "proof"], character_coverage=0.995)
        expected["unigram.model"] = answers_of_sentencepiece(processor)
    from_unigram = sentencepiece_map(HERE / "unigram.model")
    for name, built, add, ends in [
        ("gpt2", build_gpt2(), [AddedToken("<sep>")], ()),
        ("llama3", build_llama3(), [AddedToken("<|eot_id|>", special=True)], ("<s>",)),
        ("qwen2", build_qwen2(), [AddedToken("<tool>", normalized=False), AddedToken("caf\u00e9", normalized=True)], ()),
        ("llama2", build_llama2(), [AddedToken("<sep>", lstrip=True, rstrip=True, normalized=False)], ("<s>",)),
        ("gemma", build_gemma(), [AddedToken("\u2581\u2581", normalized=False), AddedToken("\n\n", normalized=False)], ("<s>",)),
        ("bert", build_bert(), [AddedToken("Angstrom", single_word=True, normalized=True)], ("[CLS]", "[SEP]")),
        ("cased", build_bert(False), [], ("[CLS]", "[SEP]")),
        ("t5", build_t5(from_unigram), [], (None, "</s>")),
        ("steps", build_steps(), [AddedToken("Once", single_word=True)], ("<s>",)),
    ]:
        expected[f"{name}.json"] = train_tokenizers(lines, name, built, add, ends)
    (HERE / "expected.json").write_text(json.dumps(expected, indent=0) + "\n")


if __name__ == "__main__":
    main()
