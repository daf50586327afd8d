# SPDX-License-Identifier: Apache-2.0
"""Answers of language models: text, stream, proof, and what is refused."""
import os
import random
import struct
import subprocess
import sys

import numpy as np
import pytest

import zkinfer


@pytest.fixture(scope="module")
def folder(source, tmp_path_factory):
    sys.path.insert(0, str(source / "examples/language_model"))
    import make_model

    path = tmp_path_factory.mktemp("language")
    make_model.write(path)
    return path


@pytest.fixture(scope="module")
def tokenizer(folder):
    return zkinfer.Tokenizer(folder / "tokenizer.bin")


@pytest.fixture(scope="module")
def llama(folder, tokenizer):
    letters = random.Random(3)
    text = " ".join("".join(letters.choices("abcdefghijklmnopqrstuvwxyz", k=4)) for _ in range(200))
    return zkinfer.compile(folder / "llama.bin", tokens=16, calibration=tokenizer.windows(text, 16))


@pytest.fixture(scope="module")
def key(llama):
    return llama.commit(inputs="public")


@pytest.fixture(scope="module")
def answer(key, tokenizer):
    return key.generate("the cat", tokens=6, tokenizer=tokenizer, context="order 7")


def test_tokenizer(folder, tokenizer):
    tokens = tokenizer.encode("the cat", ends=False)
    assert tokenizer.decode(tokens) == "the cat" and tokenizer.begin == 1 and len(tokenizer) == 289
    assert tokenizer.encode("the cat") == [1, *tokens]
    again = zkinfer.Tokenizer.from_bytes((folder / "tokenizer.bin").read_bytes())
    assert again.digest == tokenizer.digest and again.digest[:16] in repr(again)
    assert tokenizer.windows("abcdefghij", 4).shape[1] == 4
    for wrong in (lambda: tokenizer.windows("a", 64), lambda: tokenizer.encode(7), lambda: tokenizer.decode([289]), lambda: tokenizer.decode("the"),
                  lambda: tokenizer.encode("\ud800"), lambda: zkinfer.Tokenizer.from_bytes(b"x"), lambda: tokenizer.encode("a", plain=True)):
        with pytest.raises(zkinfer.InputError):
            wrong()
    with pytest.raises(zkinfer.InputError):
        zkinfer.Tokenizer(folder / "nowhere")


def test_answers_come_as_a_stream(llama, tokenizer):
    parts, tokens = [], []
    whole = llama.generate("the cat", tokens=6, tokenizer=tokenizer, stream=parts.append)
    assert "".join(parts).strip() == whole.text.strip() and str(whole) == whole.text and whole.prompt == "the cat"
    assert whole.proof is None and whole.end == "as many tokens as asked for" and len(whole.tokens) == 6
    plain = llama.generate(whole.prompt_tokens, tokens=6, stream=tokens.append)
    assert plain.tokens == whole.tokens == tokens
    # Each is the whole program's choice behind those before it.
    given = np.zeros(16, dtype=np.int64)
    given[: len(whole.prompt_tokens) + 6] = whole.prompt_tokens + whole.tokens
    first = len(whole.prompt_tokens) - 1
    assert llama.run(given).integers[0].ravel()[first : first + 6].tolist() == whole.tokens
    stopped = llama.generate("the cat", tokenizer=tokenizer, stream=lambda text: False)
    assert stopped.end == "stopped" and len(stopped.tokens) <= 2
    with pytest.warns(zkinfer.ModelWarning, match="99 tokens were asked for, and the model reads 16, of which the prompt has"):
        assert llama.generate("the cat", tokens=99, tokenizer=tokenizer).end in ("as many tokens as the model reads", "end token")
    assert llama.generate("", tokens=2, tokenizer=tokenizer).prompt_tokens == [tokenizer.begin]
    with pytest.raises(zkinfer.InputError, match="without a proof"):
        whole.save("x.zkproof")
    with pytest.raises(zkinfer.InputError, match="give the model's tokenizer="):
        plain.text
    assert str(plain) == repr(plain) and "6 tokens" in str(plain)

    def fails(text):
        raise KeyError("of the caller's")

    with pytest.raises(KeyError, match="of the caller's"):
        llama.generate("the cat", tokenizer=tokenizer, stream=fails)


def test_one_proof_shows_an_answer(key, llama, answer, tokenizer, folder):
    assert answer.tokens == llama.generate("the cat", tokens=6, tokenizer=tokenizer).tokens
    checked = zkinfer.verify_generation(answer, key.public, tokenizer=folder / "tokenizer.bin", context="order 7")
    assert checked.text == answer.text and checked.prompt == "the cat" and checked.tokens == answer.tokens
    assert checked.context == "order 7" and checked.ends_itself is False and "'the cat' -> " in repr(checked) and "order 7" in repr(checked)
    assert checked.statement.identity == key.public.identity and checked.statement.weights == "certified"
    answer.save(folder / "answer.zkproof")
    key.public.save(folder / "llama.zkkey")
    assert zkinfer.verify_generation(folder / "answer.zkproof", folder / "llama.zkkey").tokens == answer.tokens
    with pytest.raises(zkinfer.Rejected, match="wrong statement"):
        zkinfer.verify_generation(answer, key.public, context="order 8")
    # As an inference it says that it is more.
    assert "of an answer: zkinfer.verify_generation" in repr(zkinfer.verify(answer.proof, key.public))
    with pytest.raises(zkinfer.InputError, match="an Answer, expected a Proof; zkinfer.verify_generation"):
        zkinfer.verify(answer, key.public)
    with pytest.raises(zkinfer.InputError, match="integers in their ranges"):
        zkinfer.verify_generation(answer, zkinfer.VerificationKey(key.public.to_bytes()))


def test_nothing_else_passes_for_an_answer(key, answer):
    tokens = answer.prompt_tokens + answer.tokens
    forged = tokens[:-2] + [(tokens[-2] + 1) % 289] + tokens[-1:]
    context = b"gen1" + struct.pack("<III", 0, len(answer.prompt_tokens), len(tokens))
    proof = key.prove(np.array(forged + [0] * (16 - len(forged))), context=context)
    with pytest.raises(zkinfer.Rejected, match="the model's choice is"):
        zkinfer.verify_generation(proof, key.public)
    with pytest.raises(zkinfer.Rejected, match="not one of a generation"):
        zkinfer.verify_generation(key.prove(np.zeros(16)), key.public)


def test_what_is_refused(llama, key, tokenizer, model):
    for wrong, says in (
        (lambda: llama.generate("the cat"), "tokenizer="),
        (lambda: llama.generate([1, 289]), "289"),
        (lambda: llama.generate([]), "no token"),
        (lambda: llama.generate([1] * 16), "the model reads 16"),
        (lambda: llama.generate([1], tokens=0), "an answer of 0 tokens; ask for at least 1"),
        (lambda: llama.generate([1], tokens=-1), "tokens="),
        (lambda: llama.generate([1], stream=3), "stream="),
        (lambda: llama.generate("a", tokenizer=3), "tokenizer"),
        (lambda: key.generate([1], context=b"x" * 17), "at most 16"),
        (lambda: model.generate([1]), "head 'choice'"),
        (lambda: zkinfer.verify_generation(llama.generate([1], tokens=1), key.public), "without a proof"),
    ):
        with pytest.raises(zkinfer.InputError, match=says):
            wrong()
    with pytest.raises(zkinfer.InputError, match="inputs='public'"):
        llama.commit(certify=False).generate([1, 7])


def test_sampled_answers(folder, tokenizer, llama):
    model = zkinfer.compile(folder / "llama.bin", tokens=16, calibration=tokenizer.windows("the cat and a hat sat on the mat " * 30, 16), candidates=12)
    rule = dict(tokens=6, tokenizer=tokenizer, temperature=1.5, top_k=8, top_p=0.9, repetition_penalty=1.2)
    said = [model.generate("the cat", context=f"order {i}", **rule).tokens for i in range(4)]
    assert len({tuple(tokens) for tokens in said}) > 1
    key = model.commit(inputs="public")
    proven = key.generate("the cat", context="order 2", **rule)
    assert proven.tokens == said[2]
    checked = zkinfer.verify_generation(proven, key.public, tokenizer=tokenizer, context="order 2")
    assert checked.tokens == said[2] and checked.seeded and checked.rule.top_k == 8 and checked.rule.temperature == 1.5
    assert str(checked.rule) == "temperature 1.5, top-k 8, top-p 0.9, repetition penalty 1.2" and str(checked.rule) in repr(checked.rule)
    with pytest.raises(zkinfer.Rejected, match="context"):
        zkinfer.verify_generation(proven, key.public, context="order 3")
    greedy = key.generate("the cat", tokens=6, tokenizer=tokenizer)
    plain = zkinfer.verify_generation(greedy, key.public)
    assert not plain.seeded and plain.rule.temperature == 0
    # A rule that is demanded is that one, exactly.
    demanded = {name: value for name, value in rule.items() if name not in ("tokens", "tokenizer")}
    assert zkinfer.verify_generation(proven, key.public, **demanded).tokens == said[2]
    assert zkinfer.verify_generation(greedy, key.public, temperature=0).tokens == greedy.tokens
    for answer, other in ((proven, {**demanded, "top_k": 7}), (proven, {"temperature": 1.5}), (proven, {"temperature": 0}), (greedy, demanded)):
        with pytest.raises(zkinfer.Rejected, match="the answer is by temperature .*, expected temperature"):
            zkinfer.verify_generation(answer, key.public, **other)
    with pytest.raises(zkinfer.InputError, match="temperature 9"):
        zkinfer.verify_generation(proven, key.public, temperature=9)
    if "ZKINFER_VERIFY_PACKAGE" in os.environ:
        proven.save(folder / "sampled.zkproof")
        key.public.save(folder / "sampled.zkkey")
        check = "import zkinfer\nchecked = zkinfer.verify_generation('sampled.zkproof', 'sampled.zkkey', temperature=1.5, top_k=8, top_p=0.9, repetition_penalty=1.2)\n"
        check += "print(checked, checked.rule, checked.tokens)\nzkinfer.verify_generation('sampled.zkproof', 'sampled.zkkey', tokenizer='tokenizer.bin')"
        environment = {**os.environ, "PYTHONPATH": os.environ["ZKINFER_VERIFY_PACKAGE"]}
        done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, env=environment, timeout=60, cwd=folder)
        assert str(said[2]) in done.stdout and str(checked.rule) in done.stdout, done.stdout + done.stderr
        assert "InputError: tokenizer: this is zkinfer-verify, which reads no tokenizers; install zkinfer" in done.stderr
    assert len(model.inputs_info) == 2 and model.report(np.arange(32).reshape(2, 16)).num_inputs == 2
    for call, words in (
        (lambda: llama.generate("the cat", tokenizer=tokenizer, temperature=1), "candidates="),
        (lambda: model.generate("the cat", tokenizer=tokenizer, top_k=3), "give a temperature too"),
        (lambda: model.generate("the cat", tokenizer=tokenizer, temperature=1, top_k=0), "top-k 0"),
        (lambda: model.generate("the cat", tokenizer=tokenizer, temperature=1e-9), "temperature 1e-09: expected 0, or 0.001 to 2"),
        (lambda: model.generate("the cat", tokenizer=tokenizer, temperature=9), "expected 0 to 2"),
        (lambda: model.generate("the cat", tokenizer=tokenizer, temperature=1, top_k=13), "12 candidates"),
        (lambda: zkinfer.compile(folder / "llama.bin", tokens=8, candidates=0), "candidates"),
    ):
        with pytest.raises(zkinfer.InputError, match=words):
            call()


def test_embeddings(folder, tokenizer, llama, tmp_path):
    encoder = zkinfer.compile(folder / "llama.bin", tokens=9, head="mean", calibration=tokenizer.windows("the cat and a hat sat on the mat " * 30, 9))
    made = encoder.embed("cat hat", tokenizer=tokenizer)
    assert made.vector.shape == (1, 16) and len(made.tokens) == 9 and made.proof is None and "9 tokens" in repr(made)
    key = encoder.commit(inputs="public")
    proven = key.embed("cat hat", tokenizer=tokenizer, context="order 8")
    assert (proven.vector == made.vector).all()
    proven.save(tmp_path / "cat.zkproof")
    checked = zkinfer.verify_embedding(tmp_path / "cat.zkproof", key.public, tokenizer=tokenizer, context="order 8")
    assert checked.text == "cat hat" and checked.tokens == made.tokens and (checked.vector == made.vector).all()
    with pytest.raises(zkinfer.Rejected, match="context"):
        zkinfer.verify_embedding(proven, key.public, context="order 9")
    # A text that nobody sees.
    hidden = encoder.commit()
    unseen = zkinfer.verify_embedding(hidden.embed(made.tokens), hidden.public, tokenizer=tokenizer)
    assert unseen.tokens is None and (unseen.vector == made.vector).all() and "hidden text" in repr(unseen)
    for call, words in (
        (lambda: unseen.text, "does not show the text"),
        (lambda: zkinfer.verify_embedding(proven, key.public).text, "tokenizer="),
        (lambda: encoder.embed("cat", tokenizer=tokenizer), "compile it for 5 .tokens= of zkinfer.compile"),
        (lambda: encoder.embed("cat hat"), "tokenizer="),
        (lambda: llama.embed("the", tokenizer=tokenizer), "says the next token for each that it reads.*the head 'mean'"),
        (lambda: encoder.embed([289] * 9), "token 0 is 289, the model knows 0 to 288"),
        (lambda: made.save(tmp_path / "x.zkproof"), "without a proof"),
        (lambda: zkinfer.verify_embedding(made, key.public), "without a proof"),
    ):
        with pytest.raises(zkinfer.InputError, match=words):
            call()


def test_hidden_text(folder, tokenizer, llama):
    windows = tokenizer.windows("the cat and a hat sat on the mat " * 30, 16)
    model = zkinfer.compile(folder / "llama.bin", tokens=16, calibration=windows, candidates=12, hidden_text=True)
    key = model.commit()
    made = key.generate("the cat", tokens=6, tokenizer=tokenizer, temperature=1, context="order 7", hide="prompt")
    checked = zkinfer.verify_generation(made, key.public, tokenizer=tokenizer, context="order 7")
    assert checked.prompt_tokens is None and checked.num_prompt == len(made.prompt_tokens) and checked.tokens == made.tokens
    assert f"hidden prompt of {checked.num_prompt} tokens -> '" in repr(checked) and str(checked) == checked.text
    assert checked.seeded and checked.statement.inputs[0] is None
    unseen = zkinfer.verify_generation(key.generate("the cat", tokens=6, tokenizer=tokenizer, hide="both"), key.public, tokenizer=tokenizer)
    assert unseen.tokens is None and unseen.num_tokens == 6 and unseen.ends_itself is None and "hidden answer of 6 tokens" in repr(unseen)
    for call, words in (
        (lambda: key.generate("the cat", tokenizer=tokenizer, hide="all"), "expected one of 'prompt', 'answer', 'both'"),
        (lambda: checked.prompt, "the proof hides the prompt"),
        (lambda: unseen.text, "the proof hides the answer"),
        (lambda: llama.commit().generate("the cat", tokenizer=tokenizer, hide="both"), "hidden_text=True"),
        (lambda: llama.commit().generate("the cat", tokenizer=tokenizer), "inputs='public'"),
    ):
        with pytest.raises(zkinfer.InputError, match=words):
            call()


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_every_argument(llama, key, answer, tokenizer):
    from test_arguments import CPP, WRONG

    def calls():
        rule = ("temperature", "top_k", "top_p", "repetition_penalty")
        for call in (llama.generate, key.generate):
            yield "generate(prompt)", lambda value, call=call: call(value, tokens=1, tokenizer=tokenizer)
            for name in ("tokens", "tokenizer", "special", "progress", "context", "hide", *rule):
                if name == "hide" and call == llama.generate:
                    continue
                yield f"generate({name}=)", lambda value, call=call, name=name: call("the", **{"tokenizer": tokenizer, "tokens": 1, name: value})
        for name in ("tokenizer", "context", "path", *rule):
            yield f"verify_generation({name}=)", lambda value, name=name: zkinfer.verify_generation(answer, key.public, **{name: value})
        yield "verify_generation(proof)", lambda value: zkinfer.verify_generation(value, key.public)
        yield "verify_embedding(proof)", lambda value: zkinfer.verify_embedding(value, key.public)
        yield "embed(text)", lambda value: llama.embed(value, tokenizer=tokenizer)

    for name, call in calls():
        for value in WRONG:
            if value is len and "progress" in name:
                continue
            try:
                call(value)
            except zkinfer.ZkinferError as error:
                assert not CPP.search(str(error)), f"{name} of {value!r}: {error}"
            except Exception as error:
                raise AssertionError(f"{name} of {value!r}: {type(error).__name__}: {error}") from error


def test_a_tokenizer_of_another_model_is_told(key, llama, answer, source, folder):
    """By one rule for the program and the package: more pieces are refused, fewer are warned of."""
    more = zkinfer.Tokenizer(source / "testdata/tokenizer/plain.bin")
    for wrong in (lambda: llama.generate("the", tokenizer=more), lambda: zkinfer.verify_generation(answer, key.public, tokenizer=more)):
        with pytest.raises(zkinfer.InputError, match="tokenizer: it has 400 pieces, and the model knows 289 tokens: it is another model's"):
            wrong()
    data = (folder / "tokenizer.bin").read_bytes()
    place = 4
    for _ in range(288):  # llama2.c's: a score, a length and a piece each
        place += 8 + struct.unpack_from("<i", data, place + 4)[0]
    fewer = zkinfer.Tokenizer.from_bytes(data[:place])
    assert len(fewer) == 288
    with pytest.warns(zkinfer.ModelWarning, match="it has 288 pieces, and the model knows 289 tokens: if it is another model's, tokens mean other texts"):
        llama.generate("the", tokenizer=fewer, tokens=1)


def test_a_text_is_no_path(folder, tokenizer, tmp_path):
    text = "Once upon a time there was a cat.\nIt sat on a mat. " * 40
    for given in (text, [text], text.replace("\n", " ")):
        with pytest.raises(zkinfer.FileError, match=r"'Once upon a time there was a cat\..*'? \(a text of \d+ characters\).*Tokenizer.windows") as error:
            zkinfer.compile(folder / "llama.bin", tokens=8, calibration=given)
        assert len(str(error.value)) < 400
    (tmp_path / "story.txt").write_text(text)
    with pytest.raises(zkinfer.InputError, match="story.txt' is a text; .*Tokenizer.windows"):
        zkinfer.compile(folder / "llama.bin", tokens=8, calibration=tmp_path / "story.txt")
    for wrong in (lambda: zkinfer.compile(text), lambda: zkinfer.VerificationKey.load(text), lambda: zkinfer.Proof.load(text), lambda: zkinfer.Tokenizer(text)):
        with pytest.raises((zkinfer.FileError, zkinfer.InputError)) as error:
            wrong()
        assert len(str(error.value)) < 400, error.value


def test_conversations_go_on_turn_by_turn(folder, tokenizer, tmp_path):
    story = "the cat and a hat sat on the mat, and that was that " * 20
    model = zkinfer.compile(folder / "llama.bin", tokens=8, conversation=16, calibration=tokenizer.windows(story, 16))
    key = model.commit(inputs="public")
    first = key.generate("the", tokens=3, tokenizer=tokenizer)
    second = key.generate([5], tokens=4, tokenizer=tokenizer, after=first)
    assert first.num_before == 0 and second.num_before == len(first.prompt_tokens) + len(first.tokens)
    second.save(tmp_path / "second.zkproof")
    turns = zkinfer.verify_conversation([first, tmp_path / "second.zkproof"], key.public, tokenizer=tokenizer)
    assert [turn.tokens for turn in turns] == [first.tokens, second.tokens] and turns[1].num_before == second.num_before
    # Another answer behind the same turn: the same words, since they are the most likely ones.
    assert key.generate([5], tokens=4, tokenizer=tokenizer, after=first).tokens == second.tokens
    with pytest.raises(zkinfer.Rejected, match="give them first, in order"):
        zkinfer.verify_generation(second, key.public)
    other = key.generate([9] * len(first.prompt_tokens), tokens=len(first.tokens))
    with pytest.raises(zkinfer.Rejected, match="different commitments"):
        zkinfer.verify_conversation([other, second], key.public)
    with pytest.raises(zkinfer.InputError, match="expected an Answer"):
        key.generate("the", after=model.generate("the", tokens=1, tokenizer=tokenizer), tokenizer=tokenizer)
