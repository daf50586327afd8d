# SPDX-License-Identifier: Apache-2.0
"""Proofs, as they are made and as files hold them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Optional, TypeVar

import numpy as np

from . import _data, _files, _native, _options
from ._key import VerificationKey
from ._model import Model
from ._tensors import CommittedTensor
from ._verify import path_beside
from .errors import InputError

_F = TypeVar("_F", bound="_ProofFile")


def reals(tensors: Sequence[_native.TensorInfo], integers: Sequence[Any]) -> tuple[tuple[np.ndarray, ...], tuple[np.ndarray, ...]]:
    arrays = tuple(np.array(values, dtype=np.int64).reshape(tensor.shape) for tensor, values in zip(tensors, integers))
    return arrays, tuple(_data.real(tensor, values) for tensor, values in zip(tensors, arrays))


@_options.checked_calls
class _ProofFile:
    """The bytes of a proof or a batch, and the path that leads to it, in memory and as files."""

    _kind: str  # as files say it

    def __init__(self, data: bytes) -> None:
        self._data = _options.data(type(self).__name__, data)
        _files.check_kind(self._kind.split()[0], self._data, self._kind)
        self.stats: Optional[_native.ProveStats] = None
        self.path: Optional[bytes] = None

    @classmethod
    def load(cls: type[_F], path: _files.Path) -> _F:
        """What a file of :meth:`save` holds. Raises: FileError where it cannot be read, InputError for another kind of file.

        Examples:
            >>> zkinfer.Proof.load("x.zkproof").to_bytes()
        """
        return cls(_files.read(path, cls._kind))

    def save(self, path: _files.Path) -> None:
        """Writes a .zkproof or .zkbatch file, and where it has a path, that beside it, under the name by which verifiers find it.

        Raises: FileError where it cannot be written, InputError where another kind of file has the name, which is never replaced.

        Examples:
            >>> proof.save("x.zkproof")
        """
        _files.check_target(path, self._kind)
        if self.path is not None:
            _files.write(path_beside(path, self._data), self.path, "path")
        _files.write(path, self._data, self._kind)

    def to_bytes(self) -> bytes:
        """The bytes of its file: what verifiers are sent."""
        return self._data

    def __bytes__(self) -> bytes:
        return self._data

    def __len__(self) -> int:
        """Bytes."""
        return len(self._data)

    def __copy__(self: _F) -> _F:
        made = object.__new__(type(self))
        vars(made).update(vars(self))
        return made

    def __deepcopy__(self: _F, memo: Any) -> _F:
        return self.__copy__()  # its parts are never changed

    def __reduce__(self) -> Any:
        """As its file: what is pickled may be sent, and outputs may be what nobody shall see."""
        return _unpickle, (type(self), self._data, self.path)


@_options.checked_calls
class Proof(_ProofFile):
    """A proof of one inference. Made by :meth:`Prover.prove`, read by :meth:`load`.

    Attributes:
        outputs: float32 arrays in the shapes of the model's outputs, hidden ones too; None of a proof that was read from a file, which
            :func:`verify` says the outputs of.
        integers: the outputs as the int64 integers that the proof is about; None likewise.
        clipping: per input, how many values lay outside of the model's range, by how much, and that range.
        committed_outputs: where outputs are committed, what opens them in later proofs.
        path: where the proof was made below a root key (Prover.open), the bytes of the .zkpath that leads from it to this proof; else None.
        stats: seconds of each stage.
    """

    _kind = "proof"

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.outputs: Optional[tuple[np.ndarray, ...]] = None
        self.integers: Optional[tuple[np.ndarray, ...]] = None
        self.clipping: Sequence[_native.Clipping] = ()
        self.committed_outputs: Sequence[CommittedTensor] = ()
        self._key: Optional[VerificationKey] = None

    @classmethod
    def _made(cls, result: _native.ProofResult, model: Model, key: VerificationKey, path: Optional[bytes]) -> "Proof":
        proof = cls(result.proof)
        proof.integers, proof.outputs = reals(model.outputs_info, result.outputs)
        proof.clipping, proof.stats, proof._key, proof.path = result.clipping, result.stats, key, path
        proof.committed_outputs = [CommittedTensor(native) for native in result.committed_outputs]
        return proof

    @property
    def num_clipped(self) -> int:
        """Values of inputs that lay outside of the model's range, in whose place the proof is about the nearest end; 0 is what should be."""
        return _data.num_clipped(self.clipping)

    @property
    def output(self) -> np.ndarray:
        """The first output, float32: all of a model that has one, the label of a classifier's label and probabilities. The others are in ``outputs``.
        InputError where the proof was read from a file."""
        if self.outputs is None:
            raise InputError("a proof that was read says nothing that you know to be true; take zkinfer.verify(proof, key).output")
        return self.outputs[0]

    def size_report(self, key: Optional[VerificationKey] = None) -> dict[str, int]:
        """Bytes by part of the protocol, in order.

        Args:
            key: of a proof that was read from a file.
        Raises: InputError where the key is needed, or is another's.

        Examples:
            >>> proof.size_report()
        """
        key = key if key is not None else self._key
        if key is None:
            raise InputError("size_report of a proof that was read from a file: give the key")
        _options.instance("key", key, VerificationKey, "Prover.public")
        return dict(key.follow(self.path)._native.proof_sizes(self._data) if self.path else key._native.proof_sizes(self._data))

    def __repr__(self) -> str:
        shapes = "read from bytes" if self.outputs is None else "outputs " + ", ".join(str(o.shape) for o in self.outputs)
        return f"<zkinfer.Proof: {shapes}, {len(self)} bytes>"

    def _repr_html_(self) -> str:
        from . import _html

        return _html.proof(self)


@_options.checked_calls
class Batch(_ProofFile):
    """One proof of many inferences (.zkbatch), for :func:`verify_batch`. Made by :meth:`Prover.prove_batch`, read by :meth:`load`.

    Attributes:
        rows: the outputs of each row, float32 arrays in the model's shapes; None where it was read from a file.
        clipping: per row and input.
    """

    _kind = "batch proof"

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.rows: Optional[list[tuple[np.ndarray, ...]]] = None
        self.clipping: Sequence[Sequence[_native.Clipping]] = ()

    @property
    def num_clipped(self) -> int:
        """Values of all rows that lay outside of the model's range."""
        return sum(_data.num_clipped(row) for row in self.clipping)

    @property
    def output(self) -> np.ndarray:
        """The first output of every row, stacked along a first axis: (N, ..). The others are in ``rows``."""
        if self.rows is None:
            raise InputError("a batch that was read says nothing that you know to be true; take zkinfer.verify_batch(batch, key)")
        return np.stack([row[0] for row in self.rows])

    def __repr__(self) -> str:
        count = _native.claimed_rows(self._data)
        return f"<zkinfer.Batch: {count} rows, {len(self)} bytes>"

    def _repr_html_(self) -> str:
        from . import _html

        return _html.batch(self, _native.claimed_rows(self._data))


@_options.checked_calls
class JointProof(_ProofFile):
    """One proof of several people's requests (.zkjoint), for :func:`verify_joint`. Made by :meth:`Prover.prove_joint`, read by :meth:`load`.

    Attributes:
        seats: bytes for each request's owner, to be given to him alone; none where it was read from a file.
        rows: the outputs of each request, float32 arrays in the model's shapes; None likewise. integers: the same as int64.
        path: as of a :class:`Proof`.
    """

    _kind = "joint proof"

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.seats: Sequence[bytes] = ()
        self.rows: Optional[list[tuple[np.ndarray, ...]]] = None
        self.integers: Optional[list[tuple[np.ndarray, ...]]] = None

    def __repr__(self) -> str:
        return f"<zkinfer.JointProof: {len(self)} bytes>"


def _unpickle(kind: Any, data: bytes, path: Optional[bytes]) -> Any:
    proof = kind(data)
    proof.path = path
    return proof
