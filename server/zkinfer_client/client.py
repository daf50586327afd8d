# SPDX-License-Identifier: Apache-2.0
"""A client that believes nothing: every answer is checked against the receipt, every receipt against a pinned key, every proof against a pinned model."""

from __future__ import annotations

import base64
import json
import os
import pathlib
import re
import time
from collections.abc import Callable, Mapping
from typing import Any, Optional, Union

import numpy as np

import zkinfer

from . import tensors
from .audit import check_proof, check_seat, fetch
from .canonical import Part, integers_of, nonce_hash, request_hash, response_hash, uuid7
from .http import Connection, ServiceError
from .receipt import ReceiptError, load_keys, seconds_of, verify_receipt

_RETRY = (429, 503)


class Refused(Exception):
    """What the service gave is not what was asked for, or its proof does not come: nothing of it is to be used."""


class Answer:
    """What came back, receipt and hashes checked.

    Attributes:
        outputs: float32 arrays by name; `output` is the first.
        receipt: the envelope as it came. Keep it: with it others can ask for the proof.
        statement: what the proof says, once it was checked (`proven`); None before.
    """

    def __init__(self, client: "Client", receipt: dict[str, Any], outputs: dict[str, np.ndarray], asked: list[Part], answered: list[Part]) -> None:
        self._client, self._asked, self._answered = client, asked, answered
        self.receipt, self.outputs = receipt, outputs
        self.statement: Optional[zkinfer.Statement] = None
        self.proof: Optional[bytes] = None
        self._path: Optional[bytes] = None
        self.seat: Optional[bytes] = None  # in a joint proof; secret: with it others could try what was asked

    def save(self, folder: Union[str, "os.PathLike[str]"]) -> None:
        """What shows others what was said: receipt.json, the canonical bytes of each input (NAME.bin), and answer.zkproof with its path once it was
        checked, for `zkinfer verify` and `zkinfer-server receipt audit`. Of a joint proof answer.zkjoint, answer.zkseat and the outputs' bytes, too (these also
        where a joint one may come), for `zkinfer.verify_joint`."""
        place = pathlib.Path(folder)
        place.mkdir(parents=True, exist_ok=True)
        (place / "receipt.json").write_text(json.dumps(self.receipt))
        for part in [*self._asked, *(self._answered if self.seat is not None or self.receipt["payload"]["proof"]["bucket"] > 1 else [])]:
            (place / (re.sub(r"[^A-Za-z0-9_.-]", "_", part.name).lstrip(".") + ".bin")).write_bytes(part.data)
        if self.proof is not None:
            proof = zkinfer.JointProof(self.proof) if self.seat is not None else zkinfer.Proof(self.proof)
            proof.path = self._path
            proof.save(place / ("answer.zkjoint" if self.seat is not None else "answer.zkproof"))
        if self.seat is not None:
            (place / "answer.zkseat").write_bytes(self.seat)

    @property
    def output(self) -> np.ndarray:
        return next(iter(self.outputs.values()))

    @property
    def proven(self) -> bool:
        return self.statement is not None

    def wait(self, timeout: Optional[float] = None) -> "Answer":
        """Fetches and checks the proof, until the receipt's deadline or so many seconds. Raises: Refused."""
        return self._client._prove(self, timeout)


class Client:
    """One model of one service.

    Args:
        url: of the service.
        key: the model's key, with its certificate, from a source that you trust; or the path of its .zkkey.
        signing_keys: the service's public keys (kid: 32 bytes), from a source that you trust; or the path of their JWK set.
        api_key: "zki_..".
        accept_hidden_input: also where proofs do not say of which input they are.
    Raises: ValueError where the key's proofs do not say which input.

    Examples:
        >>> client = Client("https://models.example", "digits.zkkey", "zkinfer-keys.json", api_key=secret)
        >>> client.predict(x).output
    """

    def __init__(
        self, url: str, key: Union[zkinfer.VerificationKey, str, "os.PathLike[str]"], signing_keys: Union[Mapping[str, bytes], str, "os.PathLike[str]"], *,
        api_key: Optional[str] = None, timeout: float = 60.0, accept_hidden_input: bool = False,
    ) -> None:  # fmt: skip
        self.key = key if isinstance(key, zkinfer.VerificationKey) else zkinfer.VerificationKey.load(key)
        if isinstance(signing_keys, Mapping):
            self._keys = dict(signing_keys)
        else:
            self._keys = load_keys(signing_keys)
        if not self._keys:
            raise ValueError("signing_keys: no Ed25519 key; a receipt says nothing without one that is pinned")
        if self.key.info.inputs.exposure.name == "private" and self.key.info.inputs.hash.name == "none" and not accept_hidden_input:
            raise ValueError("proofs under this key hide their input and do not say of which one they are; accept_hidden_input=True takes them nevertheless")
        secret = (api_key or "").strip()  # a file of one ends in a line break
        if not secret.isascii() or not secret.isprintable() or " " in secret:
            raise ValueError("api_key: expected one word, zki_..")
        self._connection = Connection(url, {"Authorization": f"Bearer {secret}"} if secret else {}, timeout)

    def _arrays(self, x: Any) -> tuple[dict[str, np.ndarray], list[Part]]:
        infos = self.key.info.input_tensors
        given = x if isinstance(x, Mapping) else {infos[0].name: x} if len(infos) == 1 else dict(zip((i.name for i in infos), x))
        if set(given) != {info.name for info in infos}:
            raise ValueError(f"inputs {sorted(given)}, expected {tensors.names(infos)}")
        arrays, parts = {}, []
        for info in infos:
            values = np.asarray(given[info.name])
            if values.dtype.kind == "f":
                values = values.astype(np.float32)
            if values.size != info.num_elements:
                raise ValueError(f"input '{info.name}': shape {values.shape}, expected {tuple(info.shape)}")
            arrays[info.name] = values.reshape(tuple(info.shape))
            parts.append(Part.of(info, integers_of(info, values)[0]))
        return arrays, parts

    def predict(self, x: Any, *, wait: bool = True, prove: bool = True, joint: bool = False, timeout: Optional[float] = None, idempotency_key: Optional[str] = None, retry_seconds: float = 30.0) -> Answer:
        """An answer that was checked, with its proof.

        Args:
            x: an array in the input's shape, or a dict by name.
            wait: return when the proof was checked too; False: `Answer.wait` does that later.
            prove: False: a receipt alone, no proof.
            joint: the proof may be one in which other customers have seats, who learn nothing of this request; it comes sooner where many wait. False: a
                proof of its own, which can be shown to others.
            timeout: for the proof; by default until the receipt's deadline.
            retry_seconds: how long a service that is busy or away is asked again, under one Idempotency-Key.
        Raises: Refused, ServiceError, ValueError for an input that is none of the model's.
        """
        arrays, asked = self._arrays(x)
        nonce, key = os.urandom(32), idempotency_key or uuid7()
        body, length = tensors.write({"model": self.key.identity, "zkinfer": {"prove": prove, "joint": joint}}, arrays, True)
        headers = {
            "X-Nonce": nonce.hex(), "Idempotency-Key": key, "Content-Type": "application/octet-stream", tensors.BINARY_HEADER: str(length),
        }  # fmt: skip
        _, got, data = self._patiently("/v1/predict", body, headers, retry_seconds)
        answer = self._checked(got, data, asked, nonce, joint)
        return self._prove(answer, timeout) if wait and prove else answer

    def _patiently(self, path: str, body: bytes, headers: Mapping[str, str], seconds: float) -> Any:
        end, delay = time.monotonic() + seconds, 0.1
        while True:
            try:
                return self._connection.send("POST", path, body, headers)
            except ServiceError as error:
                if error.status not in (0, *_RETRY) or time.monotonic() + delay > end:
                    raise
                time.sleep(min(error.retry_after or delay, max(0.0, end - time.monotonic())))
                delay = min(2.0, 2 * delay)

    def _checked(self, headers: Mapping[str, str], data: bytes, asked: list[Part], nonce: bytes, joint: bool) -> Answer:
        try:
            form, reals = tensors.parse(data, tensors.json_length(headers[tensors.BINARY_HEADER]), "outputs")
            extension = form["zkinfer"]
            payload = verify_receipt(extension["receipt"], self._keys)
            given = {name: np.frombuffer(base64.b64decode(text), "<i8") for name, text in extension["integers"].items()}
        except (ReceiptError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise Refused(f"the answer: {error}") from error
        if payload["model"]["root"] != self.key.identity:
            raise Refused(f"the answer is of the model {payload['model']['root'][:16]}.., not {self.key.identity[:16]}..")
        request = request_hash(bytes.fromhex(self.key.identity), asked, nonce)
        if payload["nonce_hash"] != nonce_hash(nonce).hex() or payload["request_hash"] != request.hex():
            raise Refused("the receipt is of another request")
        if not joint and payload["proof"]["bucket"] != 1:
            raise Refused("the receipt promises a proof in which others have seats, asked was one of its own (joint=False)")
        parts, outputs = [], {}
        for info in self.key.info.output_tensors:
            integers = given.get(info.name)
            if integers is None or integers.size != info.num_elements or info.name not in reals:
                raise Refused(f"the answer lacks the output '{info.name}'")
            outputs[info.name] = np.asarray(integers * info.format.scale, dtype=np.float32).reshape(tuple(info.shape))
            if not np.array_equal(outputs[info.name], reals[info.name]):
                raise Refused(f"the output '{info.name}' is not what its integers say")
            parts.append(Part.of(info, integers))
        if payload["outcome"] != "OK" or payload["response_hash"] != response_hash(request, parts).hex():
            raise Refused("the receipt is of another answer")
        return Answer(self, extension["receipt"], outputs, asked, parts)

    def _prove(self, answer: Answer, timeout: Optional[float]) -> Answer:
        payload = answer.receipt["payload"]

        def check(proof_id: str, state: Mapping[str, Any]) -> None:
            proof, path = fetch(self._connection, proof_id, "path_sha256" in state)
            if "seats" in state:
                seat = self._connection.send("GET", f"/v1/proofs/{proof_id}/seat")[2]
                answer.statement = check_seat(payload, self.key, proof, path, seat, answer._asked, answer._answered)
                answer.seat = seat
            else:
                answer.statement = check_proof(payload, self.key, proof, path, answer._asked, answer._answered)
            answer.proof, answer._path = proof, path

        self._until_proven(payload, timeout, check)
        return answer

    def _until_proven(self, payload: dict[str, Any], timeout: Optional[float], check: Callable[[str, Mapping[str, Any]], None]) -> None:
        """Calls `check` once there is a proof. Raises: Refused where it does not hold, or none comes in time."""
        proof_id, by = payload["proof"]["id"], seconds_of(payload["proof"]["by"])
        end = min(by, time.time() + timeout) if timeout is not None else by
        delay = 0.02
        while True:
            state: dict[str, Any] = {}
            try:
                state = json.loads(self._connection.send("GET", f"/v1/proofs/{proof_id}", allow=(404, 410))[2])
                if state.get("state") == "proven":
                    return check(proof_id, state)
            except ServiceError as error:
                if error.status not in (0, *_RETRY):
                    raise Refused(f"the proof: {error}") from error
            except (zkinfer.Rejected, ReceiptError, ValueError) as error:
                raise Refused(f"the proof: {error}") from error
            if state.get("state") in ("failed", "unknown"):
                raise Refused(f"the service has no proof of its answer (state '{state['state']}'); keep the receipt: `zkinfer-server receipt audit`")
            if time.time() >= end:
                raise Refused(f"no proof by {'the deadline of the receipt' if end == by else 'the time given'}; keep the receipt: `zkinfer-server receipt audit`")
            time.sleep(delay)
            delay = min(0.5, 1.3 * delay)
