# SPDX-License-Identifier: Apache-2.0
"""The HTTP side: reads requests, writes answers. What they mean is in service.py."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import re
import time
from collections.abc import AsyncIterator, Sequence
from typing import Any, Literal, Optional

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse

from zkinfer_client import tensors
from zkinfer_client.canonical import NONCE_BYTES

from . import openapi, tracing, webhooks
from .api_keys import ApiKeys, Caller
from .database import Unavailable
from .metrics import Metrics
from .models import ServedModel
from .problems import Problem
from .service import Ask, Reply, Service, body_digest

log = logging.getLogger("zkinfer.app")
_WAIT = re.compile(r"(?:^|[,;\s])wait\s*=\s*([0-9]{1,4})(?:$|[,;\s])")
_IDEMPOTENCY = re.compile(r"[\x21-\x7e]{1,255}")


def problem_response(problem: Problem) -> Response:
    return JSONResponse(problem.body(), problem.status, problem.headers(), media_type="application/problem+json")


async def read_body(request: Request, most: int) -> bytes:
    """At most so many bytes. Raises: Problem before more are in memory."""
    out = bytearray()
    async for chunk in request.stream():
        out += chunk
        if len(out) > most:
            raise Problem("too-large", f"a body of more than {most} bytes")
    return bytes(out)


def nonce_of(request: Request) -> bytes:
    """The client's, or one of ours where it gave none: then it checks nothing against replay."""
    text = request.headers.get("X-Nonce")
    if text is None:
        return os.urandom(NONCE_BYTES)
    if not re.fullmatch(r"[0-9a-f]{64}", text):
        raise Problem("bad-request", "X-Nonce: expected 64 lower-case hexadecimal digits")
    return bytes.fromhex(text)


def wait_of(request: Request) -> Optional[int]:
    """Seconds of `Prefer: wait=`."""
    found = _WAIT.search(request.headers.get("Prefer", ""))
    return int(found[1]) if found else None


def idempotency_of(request: Request) -> Optional[str]:
    key = request.headers.get("Idempotency-Key")
    if key is not None and not _IDEMPOTENCY.fullmatch(key):
        raise Problem("bad-request", "Idempotency-Key: expected 1 to 255 printable characters")
    return key


def extension_of(form: dict[str, Any], switches: Sequence[str], others: Sequence[str] = ()) -> dict[str, Any]:
    """`zkinfer` of a body: true or false for each of `switches`, and `others`. Raises: Problem for what would be left out, too: a switch that is misspelled is none."""
    given = form.get("zkinfer") or {}
    if not isinstance(given, dict) or not all(isinstance(given.get(name, True), bool) for name in switches):
        raise Problem("bad-request", f"zkinfer: expected an object; {', '.join(switches)}: true or false")
    unknown = sorted(set(given) - {*switches, *others})
    if unknown:
        raise Problem("bad-request", f"zkinfer: there is no '{unknown[0][:40]}', expected some of {', '.join([*switches, *others])}")
    return given


def is_foreign(request: Request) -> bool:
    """Whether a browser asks for another site's page, or under a name that somebody else has made lead here."""
    host = request.headers.get("Host", "")
    name = host.rsplit(":", 1)[0] if not host.endswith("]") else host
    origin = request.headers.get("Origin")
    return name not in ("127.0.0.1", "localhost", "[::1]") or origin not in (None, f"http://{host}")


class Front:
    """The routes of one service."""

    def __init__(self, service: Service, keys: ApiKeys, metrics: Metrics) -> None:
        self.service, self.keys, self.metrics = service, keys, metrics

    async def aside(self, function: Any, *arguments: Any) -> Any:
        """Off the loop: what reads the database."""
        return await asyncio.get_running_loop().run_in_executor(self.service.lookups, function, *arguments)

    async def apart(self, function: Any, *arguments: Any) -> Any:
        """Off the loop and apart from all answers: what takes minutes, or waits for others' machines."""
        return await asyncio.get_running_loop().run_in_executor(self.service.apart, function, *arguments)

    async def computed(self, function: Any, *arguments: Any) -> Any:
        """Off the loop: what takes long for large bodies."""
        return await asyncio.get_running_loop().run_in_executor(self.service.compute, function, *arguments)

    async def caller(self, request: Request, scope: str) -> Caller:
        """Before anything else is read of a request. Raises: Problem."""
        caller: Caller = await self.aside(self.keys.check, request.headers.get("Authorization"))
        caller.need(scope)
        return caller

    async def infer(self, request: Request, name: Optional[str]) -> Response:
        began = time.perf_counter()
        caller = await self.caller(request, "predict")
        header = request.headers.get(tensors.BINARY_HEADER)
        of_one = self.service.models.find(name) if name is not None else None
        body = await read_body(request, min(self.service.policy.max_body, self.service.models.largest_body(of_one)))
        try:
            form, inputs = await self.computed(tensors.parse, body, tensors.json_length(header))
        except tensors.TensorError as error:
            raise Problem("bad-request", str(error)) from None
        if name is None:
            name = form.get("model")
            if not isinstance(name, str):
                raise Problem("bad-request", "expected 'model': its name or root")
        model = self.service.models.find(name)
        wait, extra = wait_of(request), extension_of(form, ("prove", "joint"))
        mode = "none" if not extra.get("prove", True) else "wait" if wait else "optimistic"
        same = body_digest(b"infer", model.root.encode(), body, request.headers.get("X-Nonce", "").encode(), mode.encode())
        reply = await self.service.answer(Ask(caller, model, inputs, nonce_of(request), idempotency_of(request), same, mode, extra.get("joint", False)))
        self.metrics.answered(model.name, time.perf_counter() - began)
        return await self.written(reply, model, wait if mode == "wait" else None, header is not None, form.get("id"))

    async def written(self, reply: Reply, model: ServedModel, wait: Optional[int], binary: bool, request_id: Any) -> Response:
        extension = reply.extension()
        if wait:
            extension["proof"] = await self.service.wait_for(reply.proof_id, wait)
        form = {"model_name": model.name, "model_version": model.root, **({"id": request_id} if isinstance(request_id, str) else {}), "zkinfer": extension}
        body, length = tensors.write(form, reply.outputs, binary, "outputs")
        headers = {"Location": f"/v1/proofs/{reply.proof_id}"}
        if wait and (extension["proof"] or {}).get("state") in ("queued", "proving"):
            headers["Preference-Applied"] = "respond-async"
        if reply.replayed:
            headers["Idempotent-Replayed"] = "true"
        if length is not None:
            headers[tensors.BINARY_HEADER] = str(length)
        return Response(body, 200, headers, "application/octet-stream" if binary else "application/json")

    async def events(self, proof_id: str, last: Optional[str]) -> AsyncIterator[str]:
        """States of a proof as they come; the id of an event is its state, so that who returns goes on behind it."""
        said, quiet = last, time.monotonic()
        while True:
            state = await self.aside(self.service.proof_state, proof_id)
            if state is None:
                yield f"event: unknown\ndata: {json.dumps({'id': proof_id})}\n\n"
                return
            if state["state"] != said:
                said, quiet = state["state"], time.monotonic()
                yield f"id: {said}\nevent: {said}\ndata: {json.dumps(state)}\n\n"
            if state["state"] in ("proven", "failed"):
                return
            if time.monotonic() - quiet > 15:
                quiet = time.monotonic()
                yield ": waiting\n\n"
            if self.service.draining:
                return
            await asyncio.sleep(0.1)

    def model_row(self, model: ServedModel, budget: Optional[dict[str, Any]]) -> dict[str, Any]:
        seen = budget or {}
        return {
            "id": model.name, "object": "model", "root": model.root, "card": model.card, "card_digest": model.card_digest,
            "proofs_left": seen.get("proofs_left"), "seconds_per_proof": seen.get("seconds_per_proof"), "problem": seen.get("problem"),
        }  # fmt: skip


def make_app(service: Service, keys: ApiKeys, metrics: Metrics) -> FastAPI:
    app = FastAPI(title="zkinfer-server", version="1", openapi_url="/openapi.json", docs_url=None, redoc_url=None)
    front = Front(service, keys, metrics)
    app.state.front = front

    @app.middleware("http")
    async def traced(request: Request, call_next: Any) -> Response:
        if not request.scope["path"].startswith(("/v1/", "/v2/models/")):  # who looks whether it lives is nobody's trace
            return await count(request, call_next)
        with tracing.span(request.method, tracing.SERVER, request.headers.get("traceparent")) as span:
            response: Response = await count(request, call_next)
            route = getattr(request.scope.get("route"), "path", None)
            span.name = f"{request.method} {route}" if route else request.method
            span.attributes.update({"http.request.method": request.method, "http.route": route, "http.response.status_code": response.status_code})
            if response.status_code >= 500:
                span.error = str(response.status_code)
            return response

    async def count(request: Request, call_next: Any) -> Response:
        try:
            if not request.scope["path"].isprintable():  # no name of ours has such, and databases refuse some
                raise Problem("not-found", "no such path")
            if keys.is_open and is_foreign(request):
                raise Problem("forbidden", "without API keys, only programs and pages of this machine may ask")
            response: Response = await call_next(request)
        except Problem as problem:
            response = problem_response(problem)
        except Unavailable:
            response = problem_response(Problem("unavailable", "the service cannot keep answers now: nothing was done", retry_after=2))
        except asyncio.CancelledError:  # the server stops and waits no longer; what was begun may be done or not
            response = problem_response(Problem("unavailable", "the service is stopping; ask again with the same Idempotency-Key, which is answered once", retry_after=2))
        except Exception:
            log.exception("%s %s", request.method, request.url.path)
            response = problem_response(Problem("internal", "a fault of the server; it is in its log"))
        route = request.scope.get("route")
        metrics.counted(getattr(route, "path", "other"), response.status_code)
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    app.exception_handler(Problem)(lambda request, problem: problem_response(problem))
    app.exception_handler(Unavailable)(
        lambda request, error: problem_response(Problem("unavailable", "the service cannot keep answers now: nothing was done", retry_after=2))
    )
    app.exception_handler(404)(lambda request, error: problem_response(Problem("not-found", "no such path")))

    @app.post("/v1/predict", **openapi.PREDICT)
    async def predict(request: Request) -> Response:
        return await front.infer(request, None)

    @app.post("/v2/models/{name}/infer", **openapi.PREDICT)
    async def infer(request: Request, name: str) -> Response:
        return await front.infer(request, name)

    @app.get("/v2/health/live")
    @app.get("/healthz", tags=["operation"])
    async def health() -> Response:
        return PlainTextResponse("ok\n")

    @app.get("/v2/health/ready")
    @app.get("/readyz", tags=["operation"])
    async def ready() -> Response:
        why = await front.aside(service.ready)
        return PlainTextResponse((why or "ready") + "\n", 200 if why is None else 503)

    @app.get("/metrics", tags=["operation"])
    async def show_metrics() -> Response:
        return Response(await front.aside(metrics.text, service), media_type=metrics.MEDIA_TYPE)

    @app.get("/.well-known/zkinfer-keys.json", tags=["models"])
    async def jwks() -> Response:
        return JSONResponse(service.signer.jwks())

    @app.get("/v1/models", tags=["models"])
    async def models() -> Response:
        budgets = await front.aside(service.budgets)
        return JSONResponse({"object": "list", "data": [front.model_row(model, budgets.get(model.root)) for model in service.models]})

    @app.get("/v1/models/{name}", tags=["models"])
    async def model(name: str) -> Response:
        found = service.models.find(name)
        return JSONResponse(front.model_row(found, (await front.aside(service.budgets)).get(found.root)))

    @app.get("/v1/models/{name}/key", tags=["models"])
    async def key(name: str) -> Response:
        return Response(service.models.find(name).key.to_bytes(), media_type="application/octet-stream")

    @app.get("/v1/models/{name}/certificate", tags=["models"])
    async def certificate(name: str) -> Response:
        data = service.models.find(name).key.certificate
        if data is None:
            raise Problem("not-found", "this model's weights are public, and need no certificate")
        return Response(data, media_type="application/octet-stream")

    @app.get("/v1/models/{name}/evaluations/{digest}", tags=["models"])
    async def evaluation(name: str, digest: str, part: Literal["evaluation", "data", "path"] = "evaluation") -> Response:
        found = next((one for one in service.models.find(name).evaluations if one.entry["sha256"] == digest), None)
        file = None if found is None else {"evaluation": found.file, "data": found.data, "path": found.path}[part]
        if file is None:
            raise Problem("not-found", "no such evaluation of this model" if found is None else "it was made under the model's own key, and needs no path")
        return Response(await front.aside(file.read_bytes), media_type="application/octet-stream")

    @app.get("/v1/proofs/{proof_id}", tags=["proofs"])
    async def proof(proof_id: str) -> Response:
        state = await front.aside(service.proof_state, proof_id)
        signed = service.signed_state(proof_id, state)
        return JSONResponse({**(state or {"id": proof_id, "state": "unknown"}), "signed": signed}, 200 if state else 404)

    @app.get("/v1/proofs/{proof_id}/bytes", tags=["proofs"])
    async def proof_bytes(proof_id: str) -> Response:
        return Response(await front.aside(service.proof_bytes, proof_id, "proof"), media_type="application/octet-stream")

    @app.get("/v1/proofs/{proof_id}/path", tags=["proofs"])
    async def proof_path(proof_id: str) -> Response:
        return Response(await front.aside(service.proof_bytes, proof_id, "path"), media_type="application/octet-stream")

    @app.get("/v1/proofs/{proof_id}/seat", tags=["proofs"])
    async def proof_seat(request: Request, proof_id: str) -> Response:
        caller = await front.caller(request, "predict")
        return Response(await front.aside(service.seat, proof_id, caller), media_type="application/octet-stream")

    @app.get("/v1/proofs/{proof_id}/events", tags=["proofs"])
    async def proof_events(request: Request, proof_id: str) -> Response:
        return StreamingResponse(front.events(proof_id, request.headers.get("Last-Event-ID")), media_type="text/event-stream")

    @app.post("/v1/webhooks", tags=["webhooks"])
    async def add_webhook(request: Request) -> Response:
        caller = await front.caller(request, "predict")
        url = webhooks.body_of(await read_body(request, 1 << 16))
        try:
            await asyncio.wait_for(front.apart(webhooks.addresses_of, url, service.policy.private_webhooks), webhooks.SECONDS)
        except asyncio.TimeoutError:
            raise Problem("address", "url: its name was not found in time") from None
        except (webhooks.Refused, ValueError) as error:
            raise Problem("address", f"url: {error}") from None
        except OSError as error:
            raise Problem("address", f"url: its name is not found ({error.strerror})") from None
        name, secret = await asyncio.wrap_future(service.writer.submit(lambda tx: webhooks.register(tx, caller.tenant, url)))
        return JSONResponse({"id": name, "url": url, "secret": secret}, 201)

    @app.delete("/v1/webhooks/{name}", tags=["webhooks"])
    async def remove_webhook(request: Request, name: str) -> Response:
        caller = await front.caller(request, "predict")
        removed = service.writer.submit(lambda tx: tx.run("DELETE FROM webhook WHERE id = ? AND tenant = ?", name, caller.tenant).rowcount)
        if await asyncio.wrap_future(removed) != 1:
            raise Problem("not-found", "no such webhook")
        return Response(status_code=204)

    return app
