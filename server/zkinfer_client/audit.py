# SPDX-License-Identifier: Apache-2.0
"""What became of the proof that a receipt promised."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from typing import Any, Optional

import zkinfer

from .canonical import Part, canonical_bytes, canonical_size, proof_context, response_hash
from .http import Connection
from .known import known, policy_of
from .receipt import STATE, ReceiptError, seconds_of, verify_envelope


def check_proof(
    payload: Mapping[str, Any], key: zkinfer.VerificationKey, proof: bytes, path: Optional[bytes], asked: Optional[list[Part]] = None,
    answered: Optional[list[Part]] = None,
) -> zkinfer.Statement:  # fmt: skip
    """The statement of a proof that is the receipt's: of its model, bound to it, with its answer. asked: the request's tensors, which the proof must
    be about; without them, what it says of its inputs is not compared. answered: those of the answer, of which a proof may hold a hash.

    Raises: zkinfer.Rejected; ReceiptError where the receipt says another model or answer."""
    if payload["model"]["root"] != key.identity:
        raise ReceiptError(f"the receipt is of the model {payload['model']['root'][:16]}.., the key is {key.identity[:16]}..")
    request = bytes.fromhex(payload["request_hash"])
    info = key.info
    if asked is None and policy_of(info.inputs).startswith("public:"):
        raise ValueError("the proof holds only a hash of its input: give the input's canonical bytes (`Answer.save` writes them) as --input-data")
    statement = zkinfer.verify(
        proof, key, context=proof_context(payload["id"], request), path=path, inputs=known(policy_of(info.inputs), asked) if asked is not None else None,
        outputs=known(policy_of(info.outputs), answered) if answered is not None else None,
    )  # fmt: skip
    if all(tensor.integers is not None for tensor in statement.output_tensors):
        shown = [Part(t.name, t.shape, canonical_bytes(info.output_tensors[i], t.integers)) for i, t in enumerate(statement.output_tensors)]
        if response_hash(request, shown).hex() != payload["response_hash"]:
            raise ReceiptError("the proof shows another answer than the receipt's")
    return statement


def seat_of(seat: bytes, payload: Mapping[str, Any], asked: Sequence[Part], answered: Sequence[Part]) -> zkinfer.Seat:
    """A seat in a joint proof as the owner of the receipt checks it."""
    context = proof_context(payload["id"], bytes.fromhex(payload["request_hash"]))
    return zkinfer.Seat(seat, {part.name: part.data for part in asked}, {part.name: part.data for part in answered}, context)


def check_seat(
    payload: Mapping[str, Any], key: zkinfer.VerificationKey, proof: bytes, path: Optional[bytes], seat: bytes, asked: Sequence[Part], answered: Sequence[Part]
) -> zkinfer.Statement:
    """The same of a joint proof, of which the receipt's owner has a seat. Raises: as `check_proof`."""
    if payload["model"]["root"] != key.identity:
        raise ReceiptError(f"the receipt is of the model {payload['model']['root'][:16]}.., the key is {key.identity[:16]}..")
    if response_hash(bytes.fromhex(payload["request_hash"]), answered).hex() != payload["response_hash"]:
        raise ReceiptError("the receipt is of another answer")
    _may_be_joint(payload)
    (statement,) = zkinfer.verify_joint(proof, seat_of(seat, payload, asked, answered), key, path=path)
    _may_be_joint(payload, statement.num_seats)
    return statement


def _may_be_joint(payload: Mapping[str, Any], seats: int = 1) -> None:
    """Raises: ReceiptError where the promise is of a proof that others can check, or of fewer seats."""
    most = payload["proof"]["bucket"]
    if most < 2:
        raise ReceiptError("a proof in which others have seats, promised was one of this request alone")
    if seats > most:
        raise ReceiptError(f"a proof of {seats} requests, promised were {most} at most")


def fetch(connection: Connection, proof_id: str, has_path: bool) -> tuple[bytes, Optional[bytes]]:
    proof = connection.send("GET", f"/v1/proofs/{proof_id}/bytes")[2]
    return proof, connection.send("GET", f"/v1/proofs/{proof_id}/path")[2] if has_path else None


def _parts(option: str, tensors: Sequence[zkinfer.TensorInfo], given: Optional[Sequence[bytes]]) -> list[Part]:
    """Canonical bytes of all inputs, or outputs. Raises: ValueError."""
    given = given or ()
    if len(given) != len(tensors):
        names = ", ".join(f"'{info.name}'" for info in tensors)
        raise ValueError(f"a joint proof is checked with the canonical bytes of {names}, as {option} in this order; {len(given)} given (`Answer.save` writes them)")
    for info, data in zip(tensors, given):
        if len(data) != canonical_size(info):
            raise ValueError(f"{option}: {len(data)} bytes, those of '{info.name}' are {canonical_size(info)}")
    return [Part(info.name, info.shape, data) for info, data in zip(tensors, given)]


def audit_receipt(
    payload: Mapping[str, Any], key: zkinfer.VerificationKey, url: str, keys: Mapping[str, bytes], data: Optional[Sequence[bytes]] = None, *,
    outputs: Optional[Sequence[bytes]] = None, seat: Optional[bytes] = None, api_key: Optional[str] = None,
) -> str:  # fmt: skip
    """What to say of a checked receipt after asking the service. data: the canonical bytes of each input, which the proof must be about. Of a joint proof they are
    needed, with those of each output and the seat, or the API key with which the service gives it.

    Raises: ReceiptError where the promise is broken, and says what the service signed; zkinfer.Rejected where its proof is none; ValueError where something is
    missing to check it; ServiceError."""
    connection = Connection(url, {}, 30.0)
    status, _, body = connection.send("GET", f"/v1/proofs/{payload['proof']['id']}", allow=(404, 410))
    state = json.loads(body)
    signed = verify_envelope(state.get("signed"), keys, STATE)
    if signed.get("id") != payload["proof"]["id"]:
        raise ReceiptError("the service answered for another proof")
    if signed.get("state") == "proven":
        proof, path = fetch(connection, payload["proof"]["id"], "path_sha256" in signed)
        if "seats" in signed:
            seats = signed["seats"]
            _may_be_joint(payload, seats if isinstance(seats, int) else 1 << 20)
            if seat is None and api_key is None:
                raise ValueError("the proof is one in which others have seats: give yours as --seat (answer.zkseat), or the file of your API key as --api-key, with --input-data and --output-data")
            asked, answered = _parts("--input-data", key.info.input_tensors, data), _parts("--output-data", key.info.output_tensors, outputs)
            if seat is None:
                seat = Connection(url, {"Authorization": f"Bearer {api_key}"}, 30.0).send("GET", f"/v1/proofs/{payload['proof']['id']}/seat")[2]
            statement = check_seat(payload, key, proof, path, seat, asked, answered)
            return f"proven, jointly with others: {len(proof)} bytes, slot {statement.slot}, a seat of {statement.num_seats}, {statement.security_bits:.0f} bits"
        given = [Part(info.name, info.shape, one) for info, one in zip(key.info.input_tensors, data)] if data else None
        statement = check_proof(payload, key, proof, path, given)
        return f"proven: {len(proof)} bytes, slot {statement.slot}, {statement.security_bits:.0f} bits"
    late = time.time() - seconds_of(payload["proof"]["by"])
    if late > 0 or status != 200 or signed.get("state") == "failed":
        raise ReceiptError(f"no proof: the service signed state '{signed.get('state')}' at {signed.get('at')}, promised was {payload['proof']['by']}: {json.dumps(state['signed'])}")
    return f"not yet: state '{signed.get('state')}', promised by {payload['proof']['by']}"
