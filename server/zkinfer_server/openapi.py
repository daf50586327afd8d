# SPDX-License-Identifier: Apache-2.0
"""What /openapi.json says of bodies that are read as bytes."""

from typing import Any

_TENSOR = {
    "type": "object", "required": ["name", "shape", "datatype"],
    "properties": {
        "name": {"type": "string"}, "shape": {"type": "array", "items": {"type": "integer", "minimum": 0}},
        "datatype": {"type": "string", "example": "FP32"}, "data": {"type": "array", "items": {}}, "parameters": {"type": "object"},
    },
}  # fmt: skip
_PROBLEM = {
    "content": {
        "application/problem+json": {
            "schema": {"type": "object", "properties": {name: {"type": kind} for name, kind in (("type", "string"), ("title", "string"), ("status", "integer"), ("detail", "string"))}}
        }
    }
}


def _header(name: str, description: str) -> dict[str, Any]:
    return {"name": name, "in": "header", "required": False, "description": description, "schema": {"type": "string"}}


PREDICT: dict[str, Any] = {
    "tags": ["answers"],
    "responses": {
        200: {"description": "outputs in KServe's protocol v2, and `zkinfer`: the receipt, the integers, with `Prefer: wait=` the proof's state"},
        **{code: {**_PROBLEM, "description": "RFC 9457"} for code in (400, 401, 402, 403, 404, 409, 413, 422, 429, 503)},
    },
    "openapi_extra": {
        "security": [{}, {"bearer": []}],
        "parameters": [
            _header("X-Nonce", "64 hexadecimal digits of the client's own: salts the receipt's hashes, and tells this answer from another"),
            _header("Idempotency-Key", "the same request with the same key has the same answer; another one is refused (409)"),
            _header("Prefer", "wait=10: hold the answer until its proof is made, so many seconds at most"),
            _header("Inference-Header-Content-Length", "of a binary body: where its JSON ends"),
        ],
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {
                        "type": "object", "required": ["inputs"],
                        "properties": {
                            "model": {"type": "string", "description": "name or root; of /v1/predict"}, "id": {"type": "string"},
                            "inputs": {"type": "array", "items": _TENSOR},
                            "zkinfer": {"type": "object", "properties": {"prove": {"type": "boolean", "default": True}}},
                        },
                    }
                },
                "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
            },
        },
    },
}  # fmt: skip
