# SPDX-License-Identifier: Apache-2.0
"""HTTP without dependencies: one connection a thread, kept open."""

from __future__ import annotations

import http.client
import json
import re
import threading
import urllib.parse
from collections.abc import Mapping
from typing import Any, Optional


class ServiceError(Exception):
    """The service said no, or cannot be reached. `status` (0: not reached), `problem` as RFC 9457, `retry_after` in seconds."""

    def __init__(self, message: str, status: int = 0, problem: Optional[dict[str, Any]] = None, retry_after: Optional[float] = None) -> None:
        super().__init__(message)
        self.status, self.problem, self.retry_after = status, problem or {}, retry_after


class Connection:
    def __init__(self, url: str, headers: Mapping[str, str], timeout: float) -> None:
        parsed = urllib.parse.urlsplit(url)
        if parsed.scheme not in ("http", "https") or not parsed.hostname:
            raise ValueError(f"'{url}' is no address, expected http://.. or https://..")
        self._host, self._port, self._prefix, self._tls = parsed.hostname, parsed.port, parsed.path.rstrip("/"), parsed.scheme == "https"
        self._headers, self._timeout, self._local = dict(headers), timeout, threading.local()

    def _open(self) -> http.client.HTTPConnection:
        made = getattr(self._local, "open", None)
        if made is None:
            kind = http.client.HTTPSConnection if self._tls else http.client.HTTPConnection
            made = self._local.open = kind(self._host, self._port, timeout=self._timeout)
        return made

    def send(
        self, method: str, path: str, body: Optional[bytes] = None, headers: Optional[Mapping[str, str]] = None, *, allow: tuple[int, ...] = ()
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Status, headers and body. Raises: ServiceError for what is not 2xx nor allowed, and where the service is not reached."""
        for attempt in (0, 1):  # a kept connection may have been closed
            connection = self._open()
            fresh = connection.sock is None
            try:
                connection.request(method, self._prefix + path, body, {**self._headers, **(headers or {})})
                response = connection.getresponse()
                data = response.read()
                break
            except (OSError, http.client.HTTPException) as error:
                connection.close()
                if fresh or attempt or method != "GET":
                    raise ServiceError(f"the service is not reached: {error or type(error).__name__}") from error
        if 200 <= response.status < 300 or response.status in allow:
            return response.status, response.headers, data
        problem: dict[str, Any] = {}
        try:
            problem = json.loads(data)
        except ValueError:
            pass
        detail = problem.get("detail") if isinstance(problem, dict) else None
        retry = response.headers.get("Retry-After")
        raise ServiceError(
            f"{response.status}: {detail or response.reason}", response.status, problem if isinstance(problem, dict) else {}, float(retry) if retry and re.fullmatch(r"[0-9]{1,9}", retry) else None
        )
