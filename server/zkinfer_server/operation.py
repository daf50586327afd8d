# SPDX-License-Identifier: Apache-2.0
"""Routes of operators and of who brings models, and the page."""

from __future__ import annotations

import asyncio
import json
import pathlib
from typing import Any, Optional

from fastapi import FastAPI, Request
from fastapi.responses import FileResponse, JSONResponse, Response

from zkinfer_client.strict import loads

from . import audit
from .app import Front, read_body
from .problems import Problem
from .uploads import Uploads

_PAGE = pathlib.Path(__file__).parent / "page"
_MEDIA = {".js": "text/javascript", ".wasm": "application/wasm", ".html": "text/html; charset=utf-8", ".css": "text/css"}
_POLICY = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
_LISTED = 50


def _file(folder: pathlib.Path, name: str, policy: Optional[str] = _POLICY) -> Response:
    """A file of ours, by its name alone. policy None: the page has its own."""
    path = (folder / name).resolve()
    if not path.is_relative_to(folder.resolve()) or path.suffix not in _MEDIA or not path.is_file():
        raise Problem("not-found", "no such path")
    return FileResponse(path, media_type=_MEDIA[path.suffix], headers={"X-Content-Type-Options": "nosniff", **({"Content-Security-Policy": policy} if policy else {})})


def add_routes(app: FastAPI, front: Front, uploads: Uploads, web: Optional[pathlib.Path]) -> None:
    """web: the folder of `make web`, for verifying in the page."""
    service = front.service

    @app.get("/", include_in_schema=False)
    async def page() -> Response:
        return _file(_PAGE, "index.html")

    @app.get("/page/{name}", include_in_schema=False)
    async def page_file(name: str) -> Response:
        return _file(_PAGE, name)

    @app.get("/web/{name:path}", include_in_schema=False)
    async def web_file(name: str) -> Response:
        if web is None:
            raise Problem("not-found", "no such path")
        return _file(web, name, None)

    @app.post("/v1/models", tags=["models"])
    async def upload(request: Request) -> Response:
        """A network and calibration inputs: what it would be as a model, what a proof costs, or what of it cannot be proven. Nothing is committed."""
        caller = await front.caller(request, "models")
        body = await read_body(request, service.policy.max_body)
        return JSONResponse(await front.apart(uploads.draft, caller.tenant, body), 201)

    @app.post("/v1/models/{draft}/commit", tags=["models"])
    async def commit(request: Request, draft: str) -> Response:
        """Commits to a draft and serves it. Body: {inputs, profile}, both optional."""
        caller = await front.caller(request, "models")
        try:
            form = loads(await read_body(request, 1 << 16) or b"{}")
            inputs, profile = form.get("inputs", "public:keccak256"), form.get("profile", "fast")
        except (ValueError, AttributeError, RecursionError):
            raise Problem("bad-request", "expected an object with inputs and profile") from None
        if unknown := sorted(set(form) - {"inputs", "profile"}):
            raise Problem("bad-request", f"there is no '{unknown[0][:40]}', expected some of inputs, profile")
        name = await front.apart(uploads.commit, caller.tenant, draft, inputs, profile)
        await front.aside(service.models.scan)
        model = service.models.find(name)
        noted = service.writer.submit(lambda tx: audit.note(tx, caller.id, event="model", name=name, root=model.root))
        await asyncio.wrap_future(noted)
        return JSONResponse(front.model_row(model, None), 201)

    @app.get("/v1/answers", tags=["proofs"])
    async def answers(request: Request) -> Response:
        """The last answers of this key's tenant, newest first."""
        caller = await front.caller(request, "predict")

        def listed() -> list[dict[str, Any]]:
            with service.database.read() as tx:
                return tx.all(
                    "SELECT request.id, request.kind, request.model_root, request.state, request.job_id AS proof, request.created, request.proof_by, job.state AS job_state,"
                    " job.proof_bytes, job.proven FROM request LEFT JOIN job ON job.id = request.job_id WHERE request.tenant = ? ORDER BY request.created DESC LIMIT ?",
                    caller.tenant, _LISTED,
                )  # fmt: skip

        return JSONResponse({"object": "list", "data": await front.aside(listed)})

    @app.get("/v1/answers/{receipt_id}", tags=["proofs"])
    async def receipt(request: Request, receipt_id: str) -> Response:
        """The receipt of an answer, again."""
        caller = await front.caller(request, "predict")

        def found() -> Optional[dict[str, Any]]:
            with service.database.read() as tx:
                return tx.one("SELECT receipt FROM request WHERE id = ? AND tenant = ?", receipt_id, caller.tenant)

        row = await front.aside(found)
        if row is None:
            raise Problem("not-found", "no such answer")
        return JSONResponse(json.loads(row["receipt"]))

    @app.post("/admin/drain", tags=["operation"])
    async def drain(request: Request) -> Response:
        await front.caller(request, "admin")
        service.draining = True
        return JSONResponse({"draining": True})
