# SPDX-License-Identifier: Apache-2.0
"""A toy language model behind OpenAI's paths."""

import json
import random
import shutil
import subprocess
import sys
import time

import pytest
import running

import zkinfer
from zkinfer_client import Refused, verify_receipt
from zkinfer_client.text import TextClient


@pytest.fixture(scope="module")
def talker(tmp_path_factory):
    folder = tmp_path_factory.mktemp("talker")
    subprocess.run([sys.executable, running.SOURCE / "examples/language_model/make_model.py"], cwd=folder, check=True, env={"PATH": "/usr/bin:/bin"})
    words = random.Random(1)
    (folder / "text.txt").write_text(" ".join("".join(words.choices("abcdefghijklmnopqrstuvwxyz", k=4)) for _ in range(200)))
    models = folder / "models"
    models.mkdir()
    compiled = ["compile", "llama.bin", "--tokens", "32", "--calibration", "text.txt", "--tokenizer", "tokenizer.bin", "--candidates", "16", "-o", "models/llama.zkmodel"]
    for words in (compiled, ["commit", "models/llama.zkmodel", "--inputs", "public", "--profile", "fast"]):
        subprocess.run([running.PROGRAM, *words], cwd=folder, check=True, capture_output=True)
    encoder = ["compile", "llama.bin", "--tokens", "9", "--head", "mean", "--calibration", "text.txt", "--tokenizer", "tokenizer.bin", "-o", "models/encoder.zkmodel"]
    for words in (encoder, ["commit", "models/encoder.zkmodel", "--inputs", "public:keccak256", "--profile", "fast"]):
        subprocess.run([running.PROGRAM, *words], cwd=folder, check=True, capture_output=True)
    shutil.copy(folder / "tokenizer.bin", models / "encoder.tokenizer.bin")
    (folder / "tokenizer.bin").rename(models / "llama.tokenizer.bin")
    made = running.Running(models, folder / "data", "--no-auth")
    yield made
    assert made.stop() == 0


def client(talker):
    return TextClient(talker.url, talker.models / "llama.zkkey", talker.keys(), talker.models / "llama.tokenizer.bin")


def test_an_answer_is_proven_token_by_token(talker):
    answer = client(talker).complete("the cat", tokens=6)
    tokenizer = zkinfer.Tokenizer(talker.models / "llama.tokenizer.bin")
    direct = zkinfer.Model.load(talker.models / "llama.zkmodel").generate("the cat", tokens=6, tokenizer=tokenizer)
    assert answer.tokens == direct.tokens and answer.text == direct.text and answer.statement.weights == "certified"


def test_what_is_drawn_comes_from_the_clients_nonce(talker):
    answers = [client(talker).complete("the cat", tokens=8, temperature=1.3, top_k=12, top_p=0.95).tokens for _ in range(4)]
    assert len({tuple(answer) for answer in answers}) > 1


def test_a_stream_ends_with_its_receipt(talker):
    body = {"model": "llama", "messages": [{"role": "user", "content": "cat"}], "stream": True, "max_tokens": 4}
    status, headers, data = talker.ask("POST", "/v1/chat/completions", body)
    events = [dict(line.split(": ", 1) for line in event.splitlines()) for event in data.decode().strip().split("\n\n")]
    assert status == 200 and headers["Content-Type"].startswith("text/event-stream")
    assert events[-1] == {"data": "[DONE]"} and events[-2]["event"] == "receipt"
    payload = verify_receipt(json.loads(events[-2]["data"])["receipt"], talker.keys())
    text = "".join(json.loads(event["data"])["choices"][0]["delta"].get("content", "") for event in events[:-2])
    assert payload["usage"]["out"] == len(json.loads(events[-2]["data"])["tokens"]) == 4
    whole = json.loads(talker.ask("POST", "/v1/chat/completions", {**body, "stream": False})[2])
    assert whole["choices"][0]["message"]["content"] == text and whole["object"] == "chat.completion"


def test_the_same_question_has_one_answer(talker):
    body = {"model": "llama", "prompt": "a hat", "max_tokens": 5, "temperature": 1.2, "zkinfer": {"top_k": 8}}
    first, second = (json.loads(talker.ask("POST", "/v1/completions", body, {"Idempotency-Key": "q"})[2]) for _ in range(2))
    assert first["zkinfer"] == second["zkinfer"] and first["choices"] == second["choices"]
    streamed = talker.ask("POST", "/v1/completions", {**body, "stream": True}, {"Idempotency-Key": "q"})
    assert streamed[0] == 409


@pytest.mark.parametrize(
    "change, status",
    [({"stop": ["x"]}, 400), ({"n": 2}, 400), ({"tools": []}, 400), ({"max_tokens": 0}, 400), ({"prompt": 7}, 400), ({"prompt": [9999999]}, 422), ({"temperature": "hot"}, 400),
     ({"temperature": -1}, 422), ({"model": "none"}, 404), ({"zkinfer": {"nonce": "x"}}, 400)],
)  # fmt: skip
def test_what_is_not_supported_is_said(talker, change, status):
    assert talker.ask("POST", "/v1/completions", {"model": "llama", "prompt": "the cat", **change})[0] == status


def test_an_embedding_is_proven(talker):
    tokenizer, model = zkinfer.Tokenizer(talker.models / "encoder.tokenizer.bin"), zkinfer.Model.load(talker.models / "encoder.zkmodel")
    text = next(words for words in ("a" * n for n in range(1, 40)) if len(tokenizer.encode(words)) == 9)
    form = json.loads(talker.ask("POST", "/v1/embeddings", {"model": "encoder", "input": text})[2])
    assert form["data"][0]["embedding"] == model.embed(text, tokenizer=tokenizer).vector.ravel().tolist()
    state = json.loads(talker.ask("GET", f"/v1/proofs/{form['zkinfer']['receipt']['payload']['proof']['id']}")[2])
    for _ in range(200):
        state = json.loads(talker.ask("GET", f"/v1/proofs/{state['id']}")[2])
        if state["state"] == "proven":
            break
        time.sleep(0.05)
    assert state["state"] == "proven"
    assert talker.ask("POST", "/v1/embeddings", {"model": "encoder", "input": text + "aaa"})[0] == 422
    assert talker.ask("POST", "/v1/completions", {"model": "encoder", "prompt": "a"})[0] == 422


def test_a_client_refuses_another_answer(talker):
    mine = client(talker)
    send = mine._connection.send

    def changed(method, path, *rest, **more):
        status, headers, data = send(method, path, *rest, **more)
        if path == "/v1/completions":
            form = json.loads(data)
            form["zkinfer"]["tokens"][-1] ^= 1
            data = json.dumps(form).encode()
        return status, headers, data

    mine._connection.send = changed
    with pytest.raises(Refused, match="another answer"):
        mine.complete("the cat", tokens=4)
