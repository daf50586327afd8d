# SPDX-License-Identifier: Apache-2.0
"""Objects in a bucket of an S3-compatible store, for services on several machines (decision 108)."""

from __future__ import annotations

import base64
import datetime
import hashlib
import ipaddress
import logging
import os
import re
import threading
import time
import urllib.parse
from collections.abc import Callable, Mapping
from typing import Any, Iterator, NoReturn, Optional, TypeVar

from .objects import MOST_BYTES, StoreUnavailable, check_ref, ref_of

log = logging.getLogger("zkinfer.objects")
_ADDRESS = re.compile(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:/([A-Za-z0-9._/-]*))?")
_REST_SECONDS = 5.0  # after it did not answer, nobody waits for it again: threads that answer are few
_PROBE_SECONDS = 5.0
_ATTEMPTS = 3
T = TypeVar("T")

_ENVIRONMENT = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")


class S3Store:
    """The same as `FolderStore`: a PUT is seen whole or not at all, and what is under a hash is the same whoever puts it."""

    def __init__(self, address: str, endpoint: Optional[str] = None, environment: Mapping[str, str] = os.environ, *, timeout: float = 10.0) -> None:
        """address: s3://BUCKET or s3://BUCKET/PREFIX. The access key is taken from the environment, and from nowhere else.
        timeout: seconds without a byte. Raises: ValueError in the words of the command line."""
        found = _ADDRESS.fullmatch(address)
        if found is None or ".." in address:
            raise ValueError(f"--objects {address}: expected s3://BUCKET or s3://BUCKET/PREFIX")
        self._bucket, self._prefix = found[1], (found[2] or "").strip("/")
        self._where = f"the object store s3://{self._bucket}" + (f" at {endpoint}" if endpoint else "")
        self._client = _client(endpoint, environment, timeout)
        self._lock = threading.Lock()
        self._rests_until, self._why = 0.0, ""
        self._probed, self._said = 0.0, None  # type: float, Optional[str]

    def has_room(self) -> bool:
        """Buckets are never full. While the store is away answers go on, and their proofs wait for it: the backlog ends that (429)."""
        return True

    def problem(self) -> Optional[str]:
        """For who asks whether the service is ready: asked of the store every five seconds at most."""
        with self._lock:
            if time.monotonic() - self._probed < _PROBE_SECONDS and self._probed:
                return self._said
            self._probed = time.monotonic()
        try:
            self._do("list", lambda: self._client.list_objects_v2(Bucket=self._bucket, Prefix=self._key("probe/"), MaxKeys=1))
            said = None
        except StoreUnavailable as error:
            said = str(error)
        with self._lock:
            self._said = said
        return said

    def check(self) -> None:
        """At the start: everything that is needed of it is done once. Raises: StoreUnavailable with what cannot be done."""
        data = os.urandom(32)
        ref = self.put("probe", data)
        if self.get(ref) != data:
            raise StoreUnavailable(f"{self._where}: what was put there is not what comes back")
        if ref not in self._listed("probe/"):
            raise StoreUnavailable(f"{self._where}: what was put there is not listed")
        self.remove(ref)

    def put(self, kind: str, data: bytes) -> str:
        """Raises: StoreUnavailable where it cannot be written; ValueError where it is too large to be read again."""
        ref = ref_of(kind, data)
        digest = base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode()  # so that a store refuses what was cut on the way
        self._do("put", lambda: self._client.put_object(Bucket=self._bucket, Key=self._key_of(ref), Body=data, ContentMD5=digest, ContentType="application/octet-stream"))
        return ref

    def get(self, ref: str) -> Optional[bytes]:
        """None where it is not there, or is no longer what it was. Raises: StoreUnavailable."""
        key = self._key_of(ref)
        for _ in range(2):  # bytes that changed on the way come right the second time
            data = self._do("get", lambda: self._read(key))
            if data is None:
                return None
            if hashlib.sha256(data).hexdigest() == ref.split("/")[1]:
                return data
        log.error("%s: %s holds other bytes", self._where, ref)
        return None

    def remove(self, ref: str) -> None:
        key = self._key_of(ref)
        self._do("delete", lambda: self._client.delete_object(Bucket=self._bucket, Key=key))

    def every(self) -> Iterator[str]:
        return self._listed("")

    def older_than(self, seconds: float) -> Iterator[str]:
        """Objects by age, as the store's clock has it. Nothing is ever half written."""
        return self._listed("", datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(seconds=seconds))

    def _listed(self, beginning: str, limit: Optional[datetime.datetime] = None) -> Iterator[str]:
        more: dict[str, str] = {}
        while True:
            page = self._do("list", lambda: self._client.list_objects_v2(Bucket=self._bucket, Prefix=self._key(beginning), **more))
            for row in page.get("Contents", []):
                parts = row["Key"][len(self._key("")) :].split("/")
                if len(parts) == 3 and check_ref(f"{parts[0]}/{parts[2]}") and parts[1] == parts[2][:2] and (limit is None or row["LastModified"] < limit):
                    yield f"{parts[0]}/{parts[2]}"
            if not page.get("IsTruncated") or not page.get("NextContinuationToken"):
                return
            more = {"ContinuationToken": page["NextContinuationToken"]}

    def _key(self, name: str) -> str:
        return f"{self._prefix}/{name}" if self._prefix else name

    def _key_of(self, ref: str) -> str:
        if not check_ref(ref):
            raise ValueError(f"'{ref}' names no object")
        kind, digest = ref.split("/")
        return self._key(f"{kind}/{digest[:2]}/{digest}")

    def _read(self, key: str) -> Optional[bytes]:
        from botocore.exceptions import ClientError, IncompleteReadError

        try:
            answer = self._client.get_object(Bucket=self._bucket, Key=key)
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") == "NoSuchKey":
                return None
            raise
        body, length = answer["Body"], answer["ContentLength"]
        try:
            if length > MOST_BYTES:
                log.error("%s: %s has %d bytes, more than any object of ours", self._where, key, length)
                return None
            data: bytes = body.read(length)
        finally:
            body.close()
        if len(data) < length:
            raise IncompleteReadError(actual_bytes=len(data), expected_bytes=length)
        return data

    def _do(self, what: str, call: Callable[[], T]) -> T:
        """Raises: StoreUnavailable. botocore has tried requests again by itself; what broke in a body it has not."""
        from botocore.exceptions import BotoCoreError, ClientError
        from botocore.parsers import ResponseParserError
        from urllib3.exceptions import HTTPError

        with self._lock:
            if time.monotonic() < self._rests_until:
                raise StoreUnavailable(self._why)
        for attempt in range(_ATTEMPTS):
            try:
                return call()
            except ClientError as error:
                self._gives_up(_refusal(error, what, self._bucket), error)
            except (BotoCoreError, ResponseParserError, HTTPError, OSError, RecursionError) as error:
                if attempt + 1 == _ATTEMPTS or type(error).__name__ not in ("IncompleteReadError", "ProtocolError", "ResponseStreamingError"):
                    self._gives_up(_failure(error), error)
        raise AssertionError("unreachable")

    def _gives_up(self, why: str, error: BaseException) -> NoReturn:
        """What the store or the library says is not passed on: it may name keys."""
        text = f"{self._where}: {why}"
        with self._lock:
            self._rests_until, self._why = time.monotonic() + _REST_SECONDS, text
        raise StoreUnavailable(text) from None


def _client(endpoint: Optional[str], environment: Mapping[str, str], timeout: float) -> Any:
    try:
        import botocore.session
        from botocore.config import Config
    except ImportError:
        raise ValueError("--objects s3://..: install python3-boto3 (scripts/install_packages.sh server), or PyPI's boto3") from None
    missing = [name for name in _ENVIRONMENT if not environment.get(name)]
    if missing:
        raise ValueError(f"--objects s3://..: set {' and '.join(missing)} in the environment; nothing else is looked at")
    if endpoint is not None:
        _check_endpoint(endpoint)
    logging.getLogger("botocore").setLevel(logging.WARNING)
    # No file of this machine's users, and no address of a cloud's, is asked for keys or settings.
    nothing = {name: (None, None, None, None) for name in ("profile",)} | {name: (None, None, os.devnull, None) for name in ("config_file", "credentials_file")}
    session = botocore.session.Session(session_vars=nothing)
    settings: dict[str, Any] = {
        "connect_timeout": min(3.0, timeout), "read_timeout": timeout, "retries": {"mode": "standard", "total_max_attempts": _ATTEMPTS}, "max_pool_connections": 16,
        "s3": {"addressing_style": "path" if endpoint else "auto", "payload_signing_enabled": True}, "signature_version": "s3v4",
    }  # fmt: skip
    # Newer ones add checksums that other stores than Amazon's do not know; ours is Content-MD5.
    newer = {name: "when_required" for name in ("request_checksum_calculation", "response_checksum_validation")}
    try:
        config = Config(**settings, **newer)
    except TypeError:
        config = Config(**settings)
    return session.create_client(
        "s3", region_name=environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION") or "us-east-1", endpoint_url=endpoint, config=config,
        aws_access_key_id=environment[_ENVIRONMENT[0]], aws_secret_access_key=environment[_ENVIRONMENT[1]], aws_session_token=environment.get("AWS_SESSION_TOKEN") or None,
    )  # fmt: skip


def _check_endpoint(endpoint: str) -> None:
    """Raises: ValueError."""
    parts = urllib.parse.urlsplit(endpoint)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/") or parts.query:
        raise ValueError(f"--objects-endpoint {endpoint}: expected http(s)://HOST or http(s)://HOST:PORT")
    if parts.username or parts.password:
        raise ValueError("--objects-endpoint: an address without names and passwords; the access key comes from the environment")
    try:
        near = parts.hostname == "localhost" or ipaddress.ip_address(parts.hostname).is_loopback
    except ValueError:
        near = False
    if parts.scheme == "http" and not near:
        log.warning("--objects-endpoint %s: without TLS; who listens in between sees proofs, and what customers sent encrypted", endpoint)


_DOES = {"put": "put objects (s3:PutObject)", "get": "get objects (s3:GetObject)", "delete": "delete objects (s3:DeleteObject)", "list": "list the bucket (s3:ListBucket)"}


def _refusal(error: Any, what: str, bucket: str) -> str:
    """Of what the store answered."""
    code = re.sub(r"[^A-Za-z0-9]", "", str(error.response.get("Error", {}).get("Code", "")))[:40]
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code == "NoSuchBucket":
        return f"there is no bucket '{bucket}'"
    if code in ("InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidToken", "ExpiredToken"):
        return f"it does not know this access key ({code}); look at AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN where there is one"
    if code == "RequestTimeTooSkewed":
        return "its clock and this machine's differ too much"
    if status in (301, 307) or code in ("PermanentRedirect", "AuthorizationHeaderMalformed"):
        return "the bucket is in another region; set AWS_REGION"
    if status in (401, 403):
        return f"this access key may not {_DOES[what]} ({code})"
    if code in ("SlowDown", "TooManyRequests") or status == 429:
        return f"it is overloaded ({code})"
    if code == str(status):  # botocore's own word for an answer that is no XML
        return f"it answers {status} and no reason: perhaps what answers there is no S3-compatible store"
    return f"it answers {status} ({code}) where it should {_DOES[what].split(' (')[0]}"


def _failure(error: BaseException) -> str:
    """Of what came between."""
    name = type(error).__name__
    if "SSL" in name:
        return "its TLS certificate is not one that this machine trusts"
    if "Timeout" in name:
        return "it does not answer in time"
    if name in ("IncompleteReadError", "ProtocolError", "ResponseStreamingError"):
        return "it breaks its answers off"
    if name == "RecursionError":  # what botocore 1.29 makes of a redirect that names no region
        return "the bucket is in another region; set AWS_REGION"
    if name == "ResponseParserError":
        return "what answers there is no S3-compatible store"
    return f"it cannot be reached ({name})"


__all__ = ["S3Store"]
