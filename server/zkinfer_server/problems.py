# SPDX-License-Identifier: Apache-2.0
"""What goes wrong, as RFC 9457 says it. The type is stable; nothing of a prover's own messages is in it, for those name values."""

from __future__ import annotations

from typing import Any, Optional

_TITLES = {
    "bad-request": (400, "The request cannot be read"),
    "unauthorized": (401, "An API key is needed"),
    "budget": (402, "The query budget of this key is used up"),
    "forbidden": (403, "The API key does not allow this"),
    "not-found": (404, "There is no such thing"),
    "idempotency": (409, "The Idempotency-Key was used with another request"),
    "exists": (409, "There is one of that name"),
    "gone": (410, "It was removed"),
    "too-large": (413, "The body is too large"),
    "range": (422, "Values outside of what the model takes"),
    "refused": (422, "The model cannot be served"),
    "address": (422, "Notices cannot be sent there"),
    "too-many": (429, "Too many requests"),
    "internal": (500, "A fault of the server"),
    "unavailable": (503, "Not now"),
}


class Problem(Exception):
    """An answer that is an error: `kind` is a row above."""

    def __init__(self, kind: str, detail: str, *, retry_after: Optional[float] = None, **more: Any) -> None:
        super().__init__(detail)
        self.status, self.title = _TITLES[kind]
        self.kind, self.detail, self.retry_after, self.more = kind, detail, retry_after, more

    def body(self) -> dict[str, Any]:
        # Of a stranger's words only what can be written as UTF-8.
        detail = self.detail.encode(errors="backslashreplace").decode()
        return {"type": f"urn:zkinfer:problem:{self.kind}", "title": self.title, "status": self.status, "detail": detail, **self.more}

    def headers(self) -> dict[str, str]:
        return {} if self.retry_after is None else {"Retry-After": str(max(1, int(self.retry_after + 0.999)))}
