# SPDX-License-Identifier: Apache-2.0
"""What verifiers hold and do."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Optional, Union

import numpy as np

from . import _data, _files, _native, _options
from ._key import VerificationKey, accept, policy_text
from .errors import InputError

if TYPE_CHECKING:
    from ._proofs import Batch, JointProof, Proof

_CONTEXT_BYTES = 32


def bound_bytes(context: Union[None, bytes, str], most: int) -> bytes:
    if context is not None and not isinstance(context, (str, bytes, bytearray, memoryview)):
        raise InputError(f"context: a {type(context).__name__}, expected bytes or a str of at most {most} bytes")
    data = _options.utf8("context", context) if isinstance(context, str) else bytes(context or b"")
    if len(data) > most:
        raise InputError(f"a context of {len(data)} bytes, expected at most {most}; give a hash of it")
    return data


def context_bytes(context: Union[None, bytes, str]) -> bytes:
    return bound_bytes(context, _CONTEXT_BYTES)


class Context(bytes):
    """What a proof is bound to: the bytes that the prover gave, and zeros behind them. Equal to what was given, bytes or a str, with and without the zeros."""

    def _given(self) -> bytes:
        return bytes(self).rstrip(b"\0")

    def __eq__(self, other: object) -> bool:
        given = other.encode(errors="surrogatepass") if isinstance(other, str) else other
        return isinstance(given, (bytes, bytearray, memoryview)) and self._given() == bytes(given).rstrip(b"\0")

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(self._given())

    def __repr__(self) -> str:
        return repr(self._given())


def path_beside(proof_path: _files.Path, proof: bytes) -> str:
    """Where the path of a proof lies: beside it, named by the key that the proof says it was made under."""
    identity = _native.claimed_identity(proof)
    name = (identity.hex()[:16] if identity else "none") + ".zkpath"
    return os.path.join(os.path.dirname(_files.name_of(proof_path)), name)


class VerifiedTensor:
    """What an accepted proof says of one input or output.

    Attributes:
        name, shape, scale, policy: as the key has them; policy in words as of Model.commit. A real value is integer * scale.
        integers: int64 in the tensor's shape where it is public, else None.
        values: the same as float32.
        digest: hexadecimal hash of its canonical bytes where the key asks for one, else None.
        commitment: the TensorCommitment where it is committed, else None.
    """

    def __init__(self, native: _native.VerifiedTensor) -> None:
        from ._tensors import TensorCommitment

        self._native = native
        self.name: str = native.name
        self.shape: tuple[int, ...] = tuple(native.shape)
        self.scale: float = native.format.scale
        self.policy = policy_text(native.policy)
        known = native.policy.exposure.name == "public"
        self.integers: Optional[np.ndarray] = native.integers if known else None
        self.values: Optional[np.ndarray] = _data.real(native, native.integers) if known else None
        self.digest: Optional[str] = native.digest.hex() if native.digest is not None else None
        self.commitment = TensorCommitment(native.commitment) if native.commitment is not None else None

    def __repr__(self) -> str:
        return f"<zkinfer.VerifiedTensor {self.name!r}: {self.shape}, {self.policy}>"


class Statement:
    """What an accepted proof says: these outputs are those of the committed model, on an input that it may hide.

    Attributes:
        outputs, inputs: float32 arrays in their shapes; None each where the proof does not show it.
        output_tensors, input_tensors: the same as :class:`VerifiedTensor`, with integers, digests and commitments.
        context: what the prover bound, 32 bytes; equal to the context that was given.
        slot: the proof's number among those of its key.
        identity: the name of the model, hexadecimal.
        serving_identity: that of the key that the proof was made under, whose slots are counted; the same where there is no path.
        weights: what shows that the weights are integers: "certified", "rederived", "no weights" or "uncertified".
        security_bits: the weakest of proof and certificate.
        num_seats: of a joint proof, of how many requests it may be; else 1.
    """

    def __init__(self, summary: _native.VerifySummary, row: Any) -> None:
        self.output_tensors = tuple(VerifiedTensor(tensor) for tensor in row.outputs)
        self.input_tensors = tuple(VerifiedTensor(tensor) for tensor in row.inputs)
        self.outputs = tuple(tensor.values for tensor in self.output_tensors)
        self.inputs = tuple(tensor.values for tensor in self.input_tensors)
        self.context = Context(summary.context)
        self.slot: int = summary.slot
        self.identity: str = summary.root_identity.hex()
        self.serving_identity: str = summary.serving_identity.hex()
        self.weights: str = summary.weights
        self.security_bits: float = summary.security_bits
        self.num_seats = 1

    @property
    def output(self) -> np.ndarray:
        """The first output as float32, in its shape: all of a model that has one, the label of a classifier's label and probabilities. The others are
        in ``outputs``. InputError where it is not public."""
        tensor = self.output_tensors[0]
        if tensor.values is None:
            raise InputError(f"output '{tensor.name}' is {tensor.policy}: the proof does not show it")
        return tensor.values

    def __repr__(self) -> str:
        context = f", context {self.context!r}" if self.context != b"" else ""
        if _native.is_generation(bytes(self.context)):
            context = ", of an answer: zkinfer.verify_generation says which, and whether it is the model's"
        return f"<zkinfer.Statement of model {self.identity[:16]}..: {', '.join(map(repr, self.output_tensors))}, {self.security_bits:.0f} bits{context}>"

    def _repr_html_(self) -> str:
        from . import _html

        return _html.statement(self)


def _known(what: str, given: Optional[Mapping[str, Any]], tensors: Any, row: int) -> list[_native.KnownTensor]:
    from ._tensors import TensorCommitment

    names = [tensor.name for tensor in tensors]
    out = []
    if given is not None and not isinstance(given, Mapping):
        raise InputError(f"{what}: a {type(given).__name__}, expected a dict by name: {', '.join(map(repr, names))}")
    for name, value in (given or {}).items():
        if name not in names:
            raise InputError(f"{what}={{{name!r}: ..}}: the model has {', '.join(map(repr, names))}")
        known = _native.KnownTensor()
        known.index, known.row = names.index(name), row
        if isinstance(value, os.PathLike) or isinstance(value, str) and value.endswith(".zktensor"):
            value = TensorCommitment.load(value)
        if isinstance(value, TensorCommitment):
            known.commitment = value._native
        elif isinstance(value, (bytes, bytearray)):
            known.set_data(bytes(value))
        elif isinstance(value, str):
            try:
                known.set_digest(bytes.fromhex(value))
            except ValueError:
                raise InputError(f"{what}={{{name!r}: ..}}: neither a hexadecimal digest nor the path of a .zktensor file; give one of them, integers, bytes, or a TensorCommitment") from None
        else:
            integers = _data.array(value, name)
            if integers.dtype.kind == "f":
                raise InputError(f"{what}={{{name!r}: ..}}: real numbers; give the integers that the proof is about (.integers), bytes, a digest or a commitment")
            known.integers = [int(x) for x in integers.ravel()]
        out.append(known)
    return out


def _key_of(key: Any) -> VerificationKey:
    from ._proofs import Batch, Proof

    if isinstance(key, VerificationKey):
        return key
    is_path = isinstance(key, (str, os.PathLike))
    data = _files.read(key) if is_path else bytes(key) if isinstance(key, (bytes, bytearray, Proof, Batch)) else b""
    kind = _native.kind_of(data[:8])
    if is_path and kind not in _CHECKED_BY:
        return VerificationKey.load(key)
    found, hint = (_files.one(kind), "; the proof comes first, then the key") if kind in _CHECKED_BY else (type(key).__name__, "")
    raise InputError(f"key: {found}, expected a VerificationKey (Prover.public) or the path of a .zkkey file{hint}")


_SAYS = {"Answer": "verify_generation", "Embedding": "verify_embedding"}
_CHECKED_BY = {"proof": "zkinfer.verify", "batch proof": "zkinfer.verify_batch", "evaluation": "zkinfer.verify_evaluation", "joint proof": "zkinfer.verify_joint", "encryption proof": "zkinfer.verify_sealed"}


def _proof_bytes(proof: Any, kind: str) -> bytes:
    """Its bytes. InputError for what is something else of ours: only what may be a proof is accepted or rejected."""
    from ._proofs import _ProofFile

    if isinstance(proof, _ProofFile):
        data, where = proof.to_bytes(), f"a {type(proof).__name__}"
    elif isinstance(proof, (bytes, bytearray, memoryview)):
        data, where = bytes(proof), f"{len(proof)} bytes"
    elif isinstance(proof, (str, os.PathLike)):
        data, where = _files.read(proof), _files.quoted(proof)
    else:
        wanted = {
            "proof": "Proof", "batch proof": "Batch", "evaluation": "Evaluation", "joint proof": "JointProof", "sealed weights": "SealedWeights",
            "encryption proof": "EncryptionProof",
        }[kind]
        if type(proof).__name__ in _SAYS:
            raise InputError(f"{kind}: an {type(proof).__name__}, expected a {wanted}; zkinfer.{_SAYS[type(proof).__name__]} checks it and says what it is")
        raise InputError(f"{kind}: a {type(proof).__name__}, expected a {wanted}, its bytes or the path of its file")
    found = _native.kind_of(data[:8])
    if found in _CHECKED_BY and found != kind:
        raise InputError(f"{where}: {_files.one(found)}, expected {_files.one(kind)}; it is checked by {_CHECKED_BY[found]}")
    if found != kind and (found or isinstance(proof, (str, os.PathLike))):
        _files.check_kind(where, data, kind)
    return data


def _serving(key: VerificationKey, proof: Any, data: bytes, path: Union[None, bytes, _files.Path]) -> VerificationKey:
    """The key that the proof was made under: this one, or the one to which the path leads that was given, or that the proof came with."""
    if path is None:
        if _native.claimed_identity(data) in (None, key.info.model_identity):
            return key
        path = getattr(proof, "path", None)
        if path is None and isinstance(proof, (str, os.PathLike)) and os.path.isfile(path_beside(proof, data)):
            path = path_beside(proof, data)
        if path is None:
            return key
    return key.follow(bytes(path) if isinstance(path, (bytes, bytearray)) else _files.read(path, "path"))


def _request(key: VerificationKey, context: Any, accept_uncertified: bool) -> _native.VerifyRequest:
    request = _native.VerifyRequest()
    request.weights = key._weights
    if _options.flag("accept_uncertified", accept_uncertified) and not key.certified:
        request.weights = _native.CheckedWeights.uncertified()
    if context is not None:
        request.set_context(context_bytes(context))
    return request


def _remedy(verdict: _native.Verdict) -> Optional[str]:
    if verdict.reason == "wrong statement":
        return "the proof is of another model, key or context, lacks its path (path=), or was changed"
    return None


@_options.checked_call
def verify(
    proof: Union["Proof", bytes, _files.Path],
    key: Union[VerificationKey, _files.Path],
    *,
    context: Union[None, bytes, str] = None,
    inputs: Optional[Mapping[str, Any]] = None,
    outputs: Optional[Mapping[str, Any]] = None,
    path: Union[None, bytes, _files.Path] = None,
    accept_uncertified: bool = False,
) -> Statement:
    """Checks that a proof shows an inference of the key's model.

    Args:
        proof: a Proof, its bytes, or the path of a .zkproof file.
        key: a VerificationKey, or the path of a .zkkey file with its certificate beside it.
        context: up to 32 bytes that the proof must be bound to; None: any, which Statement.context says, and what a Statement shows of itself.
        inputs, outputs: what you hold of them, by name; all of it must agree with the proof. Integers as an array, canonical bytes
            (needed where the key says "public" with a hash), a digest in hexadecimal, or a TensorCommitment or the path of its .zktensor file.
        path: bytes or file of the .zkpath that leads from the key to the one that the proof was made under; by default what the proof came with
            (Proof.path), or what lies beside its file.
        accept_uncertified: also where nothing shows that the weights are integers in their ranges.
    Returns: the :class:`Statement`, whose ``output`` is now known to be the model's.
    Raises: Rejected with ``reason`` and ``where``; InputError where the call itself is wrong or the key came without its certificate; BudgetError
        where checking would take more than the key allows.

    Examples:
        >>> zkinfer.verify("x.zkproof", "network.zkkey").output
    """
    key = _key_of(key)
    data = _proof_bytes(proof, "proof")
    key = _serving(key, proof, data, path)
    request = _request(key, context, accept_uncertified)
    request.inputs = _known("inputs", inputs, key.info.input_tensors, 0)
    request.outputs = _known("outputs", outputs, key.info.output_tensors, 0)
    result = _native.verify(key._native, data, request)
    accept(result.verdict, _remedy(result.verdict))
    return Statement(result, result)


def _inference(proof: Any, key: VerificationKey, path: Union[None, bytes, _files.Path]) -> _native.VerifyResult:
    """An accepted proof of any context."""
    data = _proof_bytes(proof, "proof")
    serving = _serving(key, proof, data, path)
    result = _native.verify(serving._native, data, _request(serving, None, False))
    accept(result.verdict, _remedy(result.verdict))
    return result


@_options.checked_call
def verify_batch(
    batch: Union["Batch", bytes, _files.Path],
    key: Union[VerificationKey, _files.Path],
    *,
    context: Union[None, bytes, str] = None,
    path: Union[None, bytes, _files.Path] = None,
    accept_uncertified: bool = False,
) -> list[Statement]:
    """The same of a batch: a :class:`Statement` for each of its rows, in their order.

    Args:
        batch: a Batch, its bytes, or the path of a .zkbatch file.
        key, context, path, accept_uncertified: as of :func:`verify`.
    Raises: as :func:`verify`.

    Examples:
        >>> [row.output for row in zkinfer.verify_batch("table.zkbatch", "network.zkkey")]
    """
    key = _key_of(key)
    data = _proof_bytes(batch, "batch proof")
    key = _serving(key, batch, data, path)
    result = _native.verify_batch(key._native, data, _request(key, context, accept_uncertified))
    accept(result.verdict, _remedy(result.verdict))
    return [Statement(result, row) for row in result.rows]


class Seat(NamedTuple):
    """One request of a joint proof, for :func:`verify_joint`: what its owner was given, and what he asked for and was told.

    Attributes:
        seat: of JointProof.seats, or the path of a .zkseat file. Secret: with proof and key it lets others try what the request may have been.
        inputs, outputs: all of them, by name: integers as an array, or canonical bytes.
        context: up to 32 bytes that the request must be bound to; None: any.
    """

    seat: Union[bytes, _files.Path]
    inputs: Mapping[str, Any]
    outputs: Mapping[str, Any]
    context: Union[None, bytes, str] = None


@_options.checked_call
def verify_joint(
    proof: Union["JointProof", bytes, _files.Path],
    seats: Union[Seat, Sequence[Seat]],
    key: Union[VerificationKey, _files.Path],
    *,
    path: Union[None, bytes, _files.Path] = None,
    accept_uncertified: bool = False,
) -> list[Statement]:
    """Checks a request of a joint proof, as its owner: that the key's model gives these outputs on these inputs. The proof itself shows none.

    Args:
        proof: a JointProof, its bytes, or the path of a .zkjoint file.
        seats: a :class:`Seat`, or several, as who made the proof has them: what they have in common is checked once.
        key, path, accept_uncertified: as of :func:`verify`.
    Returns: a :class:`Statement` of each; its ``num_seats`` is of how many requests the proof may be.
    Raises: as :func:`verify`.

    Examples:
        >>> seat = zkinfer.Seat("x.zkseat", {"x": x}, {"y": y}, context=nonce)
        >>> zkinfer.verify_joint("x.zkjoint", seat, "network.zkkey")[0].output
    """
    key = _key_of(key)
    data = _proof_bytes(proof, "joint proof")
    key = _serving(key, proof, data, path)
    asked = []
    for one in [seats] if isinstance(seats, Seat) else seats:
        _options.instance("seats", one, Seat, "zkinfer.Seat(..)")
        request = _request(key, one.context, accept_uncertified)
        request.inputs = _known("inputs", one.inputs, key.info.input_tensors, 0)
        request.outputs = _known("outputs", one.outputs, key.info.output_tensors, 0)
        own = _files.read(one.seat, "seat") if isinstance(one.seat, (str, os.PathLike)) else _options.data("seat", one.seat)
        asked.append((own, request))
    if not asked:
        raise InputError("seats: none is given")
    results = _native.verify_joint(key._native, data, asked)
    accept(results[0].verdict, _remedy(results[0].verdict))
    return [_of_seat(result) for result in results]


def _of_seat(result: _native.VerifyJointResult) -> Statement:
    statement = Statement(result, result)
    statement.num_seats = result.num_seats
    return statement


@_options.checked_call
def verify_rotation(
    before: Union[VerificationKey, _files.Path], after: Union[VerificationKey, _files.Path], rotation: bytes
) -> None:
    """Checks that two keys commit to the same weights: whoever trusts `before` may trust `after`.

    Args:
        before, after: the keys, or paths of .zkkey files. rotation: what Prover.rotate of the first gave.
    Raises: Rejected; InputError where the call itself is wrong.

    Examples:
        >>> fresh, rotation = key.rotate()
        >>> zkinfer.verify_rotation(key.public, fresh.public, rotation)
    """
    data = _options.data("rotation", rotation)
    accept(_native.verify_rotation(_key_of(before)._native, _key_of(after)._native, data), "it is the rotation of other keys, or was changed")


@_options.checked_call
def verify_chain(
    steps: Sequence[tuple[Union["Proof", bytes, _files.Path], Union[VerificationKey, _files.Path]]],
    *,
    context: Union[None, bytes, str] = None,
    accept_uncertified: bool = False,
) -> list[Statement]:
    """Checks proofs of models in a chain: the first output of each is the first input of the next, public, committed or bound by a hash.

    Args:
        steps: (proof, key) each, in order.
        context, accept_uncertified: as of :func:`verify`, of every proof.
    Returns: a :class:`Statement` for each step.
    Raises: Rejected, whose ``where`` names the step; InputError where the call itself is wrong.

    Examples:
        >>> zkinfer.verify_chain([(first, features.public), (second, head.public)])[-1].output
    """
    native = []
    if not isinstance(steps, (list, tuple)):
        raise InputError(f"steps: {_options.shown(steps)}, expected a list of pairs (proof, key)")
    for number, step in enumerate(steps):
        if not isinstance(step, (tuple, list)) or len(step) != 2:
            raise InputError(f"steps[{number}]: a {type(step).__name__}, expected a pair (proof, key)")
        proof, given = step
        data = _proof_bytes(proof, "proof")
        key = _serving(_key_of(given), proof, data, None)
        native.append((key._native, data, _request(key, context, accept_uncertified), 0, 0))
    verdict, step, results = _native.verify_chain(native)
    accept(verdict, _remedy(verdict), f"step {step + 1} of {len(native)}: ")
    return [Statement(result, result) for result in results]
