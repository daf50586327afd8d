# SPDX-License-Identifier: Apache-2.0
"""Commitments to inputs and outputs."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import _files, _native, _options
from .errors import InputError


@_options.checked_calls
class TensorCommitment:
    """The public side of a commitment to one tensor (.zktensor): what others compare. It says nothing of the values."""

    def __init__(self, native: _native.TensorCommitment) -> None:
        self._native = native

    @classmethod
    def from_bytes(cls, data: bytes) -> "TensorCommitment":
        """What :meth:`to_bytes` gave. Raises: InputError for other bytes.

        Examples:
            >>> zkinfer.TensorCommitment.from_bytes(data).id
        """
        return cls(_native.TensorCommitment.from_bytes(_options.data("TensorCommitment.from_bytes", data)))

    @classmethod
    def load(cls, path: _files.Path) -> "TensorCommitment":
        """What a .zktensor file holds. Raises: FileError where it cannot be read, InputError for another kind of file.

        Examples:
            >>> zkinfer.verify(proof, key, inputs={"x": zkinfer.TensorCommitment.load("x.zktensor")})
        """
        return cls.from_bytes(_files.read(path, "tensor commitment"))

    def to_bytes(self) -> bytes:
        """The bytes of a .zktensor file. Public."""
        return self._native.to_bytes()

    def save(self, path: _files.Path) -> None:
        """Writes a .zktensor file. Raises: FileError where it cannot be written, InputError where another kind of file has the name.

        Examples:
            >>> patient.commitment.save("x.zktensor")
        """
        _files.write(path, self.to_bytes(), "tensor commitment")

    @property
    def id(self) -> str:
        """Hexadecimal, equal for commitments to the same integers."""
        return self._native.id.hex()

    @property
    def tensor(self) -> _native.TensorInfo:
        """Name, shape and format of what is committed to."""
        return self._native.tensor

    def __eq__(self, other: Any) -> bool:
        return isinstance(other, TensorCommitment) and self.id == other.id

    def __hash__(self) -> int:
        return hash(self.id)

    def __repr__(self) -> str:
        return f"<zkinfer.TensorCommitment {self.id[:16]}.. to {self.tensor.name!r} {tuple(self.tensor.shape)}>"


@_options.checked_calls
class CommittedTensor:
    """A tensor with its commitment (secret: it holds the values and the randomness). Made by :meth:`VerificationKey.commit_tensor`, by a proof
    whose outputs are committed, or by :meth:`open`. Every proof that opens it takes one of its slots."""

    def __init__(self, native: _native.CommittedTensor) -> None:
        self._native = native

    @classmethod
    def open(cls, path: _files.Path) -> "CommittedTensor":
        """The same commitment again, from the file of :meth:`save`, where its slots are counted. Raises: FileError, InputError for another
        kind of file.

        Examples:
            >>> key.prove(zkinfer.CommittedTensor.open("x.zktsecret"))
        """
        return cls(_native.CommittedTensor.open(_files.name_of(path)))

    def save(self, path: _files.Path) -> None:
        """Writes the secret and the count to a .zktsecret file, which must not be there; later slots are taken from it. Raises: FileError where
        it cannot be written, InputError where there is a file of that name.

        Examples:
            >>> patient.save("x.zktsecret")
        """
        _files.check_new(path)
        self._native.save(_files.name_of(path))

    @property
    def commitment(self) -> TensorCommitment:
        """The public side."""
        return TensorCommitment(self._native.commitment)

    @property
    def integers(self) -> np.ndarray:
        """What is committed to, int64: secret."""
        return self._native.integers

    def __reduce__(self) -> Any:
        raise InputError("a CommittedTensor counts how often it was opened and is not copied; save it and open the file, in one process at a time or many; its .commitment is copied")

    def __repr__(self) -> str:
        return f"<zkinfer.CommittedTensor {self.commitment.id[:16]}..>"
