# SPDX-License-Identifier: Apache-2.0
"""Language models behind OpenAI's paths: completions, chat, embeddings; streams end with a receipt."""

from __future__ import annotations

import asyncio
import json
import threading
import time
import warnings
from collections.abc import AsyncIterator
from typing import Any, Callable, Mapping, Optional

import numpy as np
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

import zkinfer
from zkinfer_client.canonical import NONCE_BYTES, proof_context, request_hash, uuid7
from zkinfer_client.strict import loads
from zkinfer_client.text import CONTEXT_BYTES, Generation, answer_parts, chat_prompt

from .api_keys import Caller
from .app import Front, idempotency_of, nonce_of, read_body, wait_of
from .models import ServedModel
from .problems import Problem
from .service import Ask, Reply, body_digest

_MOST_BYTES = 1 << 20  # of a body: far beyond what models read
_USUAL_TOKENS = 16  # of these paths
_IGNORED = {"user", "metadata", "store", "stream_options"}
_NEUTRAL: Mapping[str, tuple[Any, ...]] = {
    "n": (1,), "best_of": (1,), "echo": (False,), "stop": (None, []), "logprobs": (None, False), "presence_penalty": (0,), "frequency_penalty": (0,),
    "suffix": (None,), "encoding_format": ("float",), "dimensions": (None,),
}  # fmt: skip


def _number(form: Mapping[str, Any], name: str, kind: tuple[type, ...]) -> Any:
    value = form.get(name)
    if value is None:
        return None
    # So far above all that is taken that nobody misses more; 1e400 is read as an infinity.
    if isinstance(value, bool) or not isinstance(value, kind) or not abs(value) < 1 << 31:
        raise Problem("bad-request", f"{name}: expected a number below 2^31")
    return value


class TextRequest:
    """A body of these paths. Raises: Problem for what cannot be done, instead of leaving it out."""

    def __init__(self, body: bytes, takes: set[str]) -> None:
        try:
            form = loads(body)
        except (ValueError, RecursionError) as error:
            raise Problem("bad-request", f"the body is no JSON: {error}") from None
        if not isinstance(form, dict) or not isinstance(form.get("model"), str):
            raise Problem("bad-request", "expected an object with 'model': its name or root")
        for name, value in form.items():
            if name not in takes | _IGNORED | {"model", "zkinfer"} and not (name in _NEUTRAL and value in _NEUTRAL[name]):
                raise Problem("bad-request", f"'{name}' is not supported here" + (" with this value" if name in _NEUTRAL else ""))
        self.form, self.model = form, form["model"]
        self.extra = form.get("zkinfer") or {}
        if not isinstance(self.extra, dict) or not isinstance(self.extra.get("prove", True), bool):
            raise Problem("bad-request", "zkinfer: expected an object; prove: true or false")
        self.stream = form.get("stream") is True

    @property
    def tokens(self) -> int:
        found = [_number(self.form, name, (int,)) for name in ("max_tokens", "max_completion_tokens")]
        value = next((n for n in found if n is not None), _USUAL_TOKENS)
        if not 1 <= value <= 1 << 20:
            raise Problem("bad-request", f"max_tokens: {value}, expected at least 1")
        return int(value)

    @property
    def rule(self) -> dict[str, Any]:
        """Without a temperature, the most likely token, as models give it that were not compiled to draw."""
        out = {
            "temperature": _number(self.form, "temperature", (int, float)), "top_p": _number(self.form, "top_p", (int, float)),
            "top_k": _number(self.extra, "top_k", (int,)), "repetition_penalty": _number(self.extra, "repetition_penalty", (int, float)),
        }  # fmt: skip
        return {name: value for name, value in out.items() if value is not None}

    @property
    def messages(self) -> list[Mapping[str, str]]:
        given = self.form.get("messages")
        if not isinstance(given, list) or not given:
            raise Problem("bad-request", "messages: expected a list")
        for message in given:
            if not isinstance(message, dict) or not isinstance(message.get("role"), str) or not isinstance(message.get("content"), str):
                raise Problem("bad-request", "messages: expected objects with role and content, both texts")
        return given


class Language:
    def __init__(self, front: Front) -> None:
        self.front, self.service = front, front.service

    def find(self, name: str) -> tuple[ServedModel, zkinfer.Tokenizer]:
        model = self.service.models.find(name)
        if model.tokenizer is None:
            raise Problem("bad-request", f"'{model.name}' is no language model: no tokenizer lies beside it")
        return model, model.tokenizer

    def ask_of(self, caller: Caller, request: Request, body: bytes, text: TextRequest, model: ServedModel, inputs: Mapping[str, np.ndarray], path: str) -> Ask:
        nonce = text.extra.get("nonce")
        if nonce is not None and "X-Nonce" not in request.headers:
            if not isinstance(nonce, str) or len(nonce) != 2 * NONCE_BYTES or set(nonce) - set("0123456789abcdef"):
                raise Problem("bad-request", "zkinfer.nonce: expected 64 lower-case hexadecimal digits")
            chosen = bytes.fromhex(nonce)
        else:
            chosen = nonce_of(request)
        mode = "none" if not text.extra.get("prove", True) else "wait" if wait_of(request) else "optimistic"
        same = body_digest(path.encode(), body, request.headers.get("X-Nonce", "").encode(), mode.encode())
        return Ask(caller, model, inputs, chosen, idempotency_of(request), same, mode)

    async def complete(self, request: Request, is_chat: bool) -> Response:
        caller = await self.front.caller(request, "predict")
        body = await read_body(request, _MOST_BYTES)
        takes = {"max_tokens", "temperature", "top_p", "stream", "seed"} | ({"messages", "max_completion_tokens"} if is_chat else {"prompt"})
        text = TextRequest(body, takes)
        model, tokenizer = self.find(text.model)
        prompt = chat_prompt(text.messages) if is_chat else text.form.get("prompt")
        if not isinstance(prompt, (str, list)) or (isinstance(prompt, list) and not all(type(t) is int and 0 <= t < 1 << 31 for t in prompt)):
            raise Problem("bad-request", "prompt: expected a text or a list of tokens")
        try:
            numbers = await self.front.computed(prompt_tokens, tokenizer, prompt) if isinstance(prompt, str) else prompt
        except zkinfer.InputError as error:
            raise Problem("range", f"prompt: {error}") from None
        asked = Generation(numbers, text.tokens, text.rule)
        ask = self.ask_of(caller, request, body, text, model, asked.arrays(), "chat" if is_chat else "completions")
        found, backlog = await self.service.admit(ask)
        shape = _Shape(model, tokenizer, is_chat, asked)
        if text.stream:
            return StreamingResponse(self.stream(ask, asked, shape, found, backlog), media_type="text/event-stream")
        reply = found or await self.generate(ask, asked, backlog, lambda piece: True)
        form = shape.whole(reply)
        wait = wait_of(request)
        if wait and ask.mode == "wait":
            form["zkinfer"]["proof"] = await self.service.wait_for(reply.proof_id, wait)
        return JSONResponse(form, headers={"Location": f"/v1/proofs/{reply.proof_id}"})

    async def generate(self, ask: Ask, asked: Generation, backlog: float, told: Callable[[Any], Any], gone: Optional[threading.Event] = None) -> Reply:
        """gone: set where nobody waits for it any more; then it ends, and nothing is kept."""
        reply, change = await self.front.computed(self._generate, ask, asked, backlog, told)
        if gone is not None and gone.is_set():
            raise Problem("unavailable", "nobody listens any more: nothing was kept")
        return await self.service.kept(ask, reply, change)

    def _generate(self, ask: Ask, asked: Generation, backlog: float, told: Callable[[Any], Any]) -> tuple[Reply, Any]:
        receipt_id = uuid7()
        context = proof_context(receipt_id, request_hash(bytes.fromhex(ask.model.root), asked.parts(), ask.nonce))[:CONTEXT_BYTES]
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                answer = ask.model.model.generate(asked.prompt, tokens=asked.tokens, tokenizer=ask.model.tokenizer, stream=told, context=context, **asked.rule)
        except zkinfer.InputError as error:
            raise Problem("range", str(error)) from None
        tokens = np.array(answer.tokens, dtype=np.uint32)
        usage = {"in": len(asked.prompt), "out": len(tokens)}
        return self.service.receipt_of(ask, asked.parts(), answer_parts(answer.tokens), {}, {"answer": tokens}, backlog, "generate", receipt_id, usage)

    async def stream(self, ask: Ask, asked: Generation, shape: "_Shape", found: Optional[Reply], backlog: float) -> AsyncIterator[str]:
        """Pieces of text, the receipt as an event of its own, and [DONE]. The text comes before the receipt is kept; without one it counts for nothing."""
        if found is not None:
            yield _event(shape.piece(shape.text(found), None))
        else:
            loop = asyncio.get_running_loop()
            pieces: "asyncio.Queue[Optional[str]]" = asyncio.Queue()

            gone = threading.Event()

            def told(piece: Any) -> bool:
                if gone.is_set():
                    return False
                loop.call_soon_threadsafe(pieces.put_nowait, piece)
                return True

            work = asyncio.ensure_future(self.generate(ask, asked, backlog, told, gone))
            work.add_done_callback(lambda done: (pieces.put_nowait(None), done.cancelled() or done.exception()))
            try:
                while (piece := await pieces.get()) is not None:
                    yield _event(shape.piece(piece, None))
            except BaseException:  # nobody listens any more
                gone.set()
                raise
            try:
                found = await work
            except Problem as problem:
                yield f"event: error\ndata: {json.dumps(problem.body())}\n\n"
                return
            except Exception:
                yield f"event: error\ndata: {json.dumps(Problem('unavailable', 'the answer was not kept: there is no receipt of it').body())}\n\n"
                return
        yield _event(shape.piece("", shape.reason(found)))
        yield f"event: receipt\ndata: {json.dumps(shape.extension(found))}\n\n"
        yield "data: [DONE]\n\n"

    async def embed(self, request: Request) -> Response:
        caller = await self.front.caller(request, "predict")
        body = await read_body(request, _MOST_BYTES)
        text = TextRequest(body, {"input"})
        model, tokenizer = self.find(text.model)
        given = text.form.get("input")
        given = given[0] if isinstance(given, list) and len(given) == 1 and isinstance(given[0], str) else given
        if not isinstance(given, str):
            raise Problem("bad-request", "input: expected one text; a proof is of one")
        try:
            words = tokenizer.encode(given, special=False)
            tokens = model.model.encoder_text(words)
        except zkinfer.InputError as error:
            raise Problem("range", f"input: {error}") from None
        info = model.key.info.input_tensors[0]
        ask = self.ask_of(caller, request, body, text, model, {info.name: np.array(tokens, dtype=np.int64).reshape(tuple(info.shape))}, "embeddings")
        reply = await self.service.answer(ask)
        vector = next(iter(reply.outputs.values())).ravel().tolist()
        return JSONResponse({
            "object": "list", "model": model.name, "data": [{"object": "embedding", "index": 0, "embedding": vector}],
            "usage": {"prompt_tokens": len(words), "total_tokens": len(words)}, "zkinfer": {**reply.extension(), "tokens": tokens},
        })  # fmt: skip


def prompt_tokens(tokenizer: zkinfer.Tokenizer, prompt: str) -> list[int]:
    """Of a text of strangers: what looks like a special token is text. What begins a text stands before it, what ends one not behind."""
    tokens = tokenizer.encode(prompt, ends=False, special=False)
    return ([tokenizer.begin] if tokenizer.begin is not None and tokens[:1] != [tokenizer.begin] else []) + tokens


def _event(form: Mapping[str, Any]) -> str:
    return f"data: {json.dumps(form)}\n\n"


class _Shape:
    """Answers as these paths write them."""

    def __init__(self, model: ServedModel, tokenizer: zkinfer.Tokenizer, is_chat: bool, asked: Generation) -> None:
        self._model, self._tokenizer, self._is_chat, self._asked = model, tokenizer, is_chat, asked
        self._created, self._id = int(time.time()), ("chatcmpl-" if is_chat else "cmpl-") + uuid7()

    def _frame(self, kind: str, choice: Mapping[str, Any]) -> dict[str, Any]:
        return {"id": self._id, "object": kind, "created": self._created, "model": self._model.name, "choices": [{"index": 0, **choice}]}

    def text(self, reply: Reply) -> str:
        return self._tokenizer.decode(reply.integers["answer"].tolist(), continues=True)

    def reason(self, reply: Reply) -> str:
        tokens = reply.integers["answer"].tolist()
        return "stop" if tokens and tokens[-1] in self._tokenizer.end_tokens else "length"

    def piece(self, text: str, reason: Optional[str]) -> dict[str, Any]:
        if self._is_chat:
            return self._frame("chat.completion.chunk", {"delta": {"role": "assistant", "content": text} if text else {}, "finish_reason": reason})
        return self._frame("text_completion", {"text": text, "finish_reason": reason})

    def extension(self, reply: Reply) -> dict[str, Any]:
        return {"receipt": reply.receipt, "prompt_tokens": self._asked.prompt, "tokens": reply.integers["answer"].tolist()}

    def whole(self, reply: Reply) -> dict[str, Any]:
        said = {"message": {"role": "assistant", "content": self.text(reply)}} if self._is_chat else {"text": self.text(reply)}
        num_in, num_out = len(self._asked.prompt), len(reply.integers["answer"])
        return {
            **self._frame("chat.completion" if self._is_chat else "text_completion", {**said, "finish_reason": self.reason(reply)}),
            "usage": {"prompt_tokens": num_in, "completion_tokens": num_out, "total_tokens": num_in + num_out}, "zkinfer": self.extension(reply),
        }  # fmt: skip


def add_routes(app: FastAPI, front: Front) -> None:
    language = Language(front)

    @app.post("/v1/completions", tags=["answers"])
    async def completions(request: Request) -> Response:
        return await language.complete(request, False)

    @app.post("/v1/chat/completions", tags=["answers"])
    async def chat(request: Request) -> Response:
        return await language.complete(request, True)

    @app.post("/v1/embeddings", tags=["answers"])
    async def embeddings(request: Request) -> Response:
        return await language.embed(request)
