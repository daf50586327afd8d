# SPDX-License-Identifier: Apache-2.0
"""Answers of language models, as they are hashed and checked."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from typing import Any, Callable, Optional, Union

import numpy as np

import zkinfer

from .audit import fetch
from .canonical import Part, jcs, nonce_hash, proof_context, request_hash, response_hash, uuid7
from .client import Client, Refused
from .receipt import ReceiptError, verify_receipt

CONTEXT_BYTES = 16
#: What else there is of a request, as texts: floats have no one form.
RULE = ("temperature", "top_k", "top_p", "repetition_penalty")


class Generation:
    """What is asked of a language model: tokens of the prompt, at most how many of the answer, and how they are drawn."""

    def __init__(self, prompt: Sequence[int], tokens: int, rule: Mapping[str, Union[int, float]]) -> None:
        self.prompt, self.tokens = [int(token) for token in prompt], int(tokens)
        self.options: dict[str, Any] = {"tokens": self.tokens, **{name: repr(rule[name]) for name in RULE if name in rule}}

    @classmethod
    def of(cls, inputs: Mapping[str, np.ndarray]) -> "Generation":
        options = json.loads(inputs["options"].tobytes())
        return cls(inputs["prompt"].tolist(), options["tokens"], {name: json.loads(options[name]) for name in RULE if name in options})

    @property
    def rule(self) -> dict[str, Any]:
        """As Model.generate takes it."""
        return {name: json.loads(self.options[name]) for name in RULE if name in self.options}

    def arrays(self) -> dict[str, np.ndarray]:
        return {"prompt": np.array(self.prompt, dtype=np.uint32), "options": np.frombuffer(jcs(self.options), dtype=np.uint8)}

    def parts(self) -> list[Part]:
        return [part(name, values) for name, values in self.arrays().items()]


def part(name: str, values: np.ndarray) -> Part:
    return Part(name, values.shape, values.astype(values.dtype.newbyteorder("<")).tobytes())


def answer_parts(tokens: Sequence[int]) -> list[Part]:
    return [part("answer", np.array(tokens, dtype=np.uint32))]


def check_generation(
    payload: Mapping[str, Any], key: zkinfer.VerificationKey, asked: Generation, tokens: Sequence[int], proof: bytes, path: Optional[bytes]
) -> zkinfer.VerifiedAnswer:
    """What a proof says, where it is of this receipt, prompt, rule and answer. Raises: zkinfer.Rejected, ReceiptError."""
    context = proof_context(payload["id"], bytes.fromhex(payload["request_hash"]))[:CONTEXT_BYTES]
    said = zkinfer.verify_generation(proof, key, context=context, path=path, **asked.rule)
    if said.prompt_tokens != asked.prompt or said.tokens != list(tokens):
        raise ReceiptError("the proof shows another prompt or answer")
    if said.rule is not None and said.rule.temperature > 0 and not said.seeded:
        raise ReceiptError("what was drawn did not come from the request")
    return said


def chat_prompt(messages: Sequence[Mapping[str, str]]) -> str:
    """Of models without a template of their own: a line for each message, and who speaks next."""
    return "".join(f"{message['role']}: {message['content']}\n" for message in messages) + "assistant:"


class TextAnswer:
    """text, tokens, receipt; statement once the proof was checked."""

    def __init__(self, text: str, tokens: list[int], receipt: dict[str, Any]) -> None:
        self.text, self.tokens, self.receipt = text, tokens, receipt
        self.statement: Optional[zkinfer.Statement] = None


class TextClient(Client):
    """A language model of a service. tokenizer: the model's, from a source that you trust, so that the prompt is read as you meant it.

    Examples:
        >>> TextClient(url, "llama.zkkey", keys, "tokenizer.bin", api_key=secret).complete("Once upon a time", tokens=40).text
    """

    def __init__(self, url: str, key: Any, signing_keys: Any, tokenizer: Union[zkinfer.Tokenizer, str, "os.PathLike[str]"], **options: Any) -> None:
        super().__init__(url, key, signing_keys, **options)
        self.tokenizer = tokenizer if isinstance(tokenizer, zkinfer.Tokenizer) else zkinfer.Tokenizer(tokenizer)

    def complete(
        self, prompt: str, *, tokens: int = 64, stream: Optional[Callable[[str], Any]] = None, wait: bool = True, timeout: Optional[float] = None,
        retry_seconds: float = 30.0, **rule: Any,
    ) -> TextAnswer:  # fmt: skip
        """An answer that was checked, with its proof; wait=False: with its receipt only. rule: temperature, top_k, top_p, repetition_penalty.
        stream: gets the text once it has come. Raises: Refused, ServiceError."""
        nonce = os.urandom(32)
        more = {name: value for name, value in rule.items() if name in ("temperature", "top_p")}
        extra = {name: value for name, value in rule.items() if name in ("top_k", "repetition_penalty")}
        body = json.dumps({"model": self.key.identity, "prompt": prompt, "max_tokens": tokens, **more, "zkinfer": extra}).encode()
        headers = {"X-Nonce": nonce.hex(), "Idempotency-Key": uuid7(), "Content-Type": "application/json"}
        _, _, data = self._patiently("/v1/completions", body, headers, retry_seconds)
        try:
            form = json.loads(data)
            extension = form["zkinfer"]
            payload = verify_receipt(extension["receipt"], self._keys)
            shown, said = [int(t) for t in extension["prompt_tokens"]], [int(t) for t in extension["tokens"]]
        except (ReceiptError, ValueError, KeyError, TypeError) as error:
            raise Refused(f"the answer: {error}") from error
        read = self.tokenizer.encode(prompt, ends=False, special=False)
        if [t for t in shown if t != self.tokenizer.begin] != [t for t in read if t != self.tokenizer.begin]:
            raise Refused("the answer is to another prompt")
        asked = Generation(shown, tokens, rule)
        request = request_hash(bytes.fromhex(self.key.identity), asked.parts(), nonce)
        if payload["model"]["root"] != self.key.identity or payload["request_hash"] != request.hex() or payload["nonce_hash"] != nonce_hash(nonce).hex():
            raise Refused("the receipt is of another request or model")
        if payload["response_hash"] != response_hash(request, answer_parts(said)).hex():
            raise Refused("the receipt is of another answer")
        answer = TextAnswer(self.tokenizer.decode(said, continues=True), said, extension["receipt"])
        if stream is not None:
            stream(answer.text)
        if wait:

            def check(proof_id: str, state: Mapping[str, Any]) -> None:
                proof, path = fetch(self._connection, proof_id, "path_sha256" in state)
                answer.statement = check_generation(payload, self.key, asked, said, proof, path).statement

            self._until_proven(payload, timeout, check)
        return answer
