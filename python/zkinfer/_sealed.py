# SPDX-License-Identifier: Apache-2.0
"""A model's weights, encrypted for a sale: what is checked before paying, and the model again."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from typing import Any, NamedTuple, Optional, Union

from . import _files, _native, _options
from ._key import VerificationKey
from ._model import Model
from ._proofs import _ProofFile
from ._verify import Context, _key_of, _proof_bytes, _remedy, _request, _serving, accept
from .errors import InputError

_SHARE_BYTES = 30


@_options.checked_calls
class SealedWeights(_ProofFile):
    """A committed model's weights, encrypted (.zksealed): public. Made by :meth:`Prover.seal`, read by :meth:`load`."""

    _kind = "sealed weights"

    def __repr__(self) -> str:
        return f"<zkinfer.SealedWeights: {len(self)} bytes>"


@_options.checked_calls
class EncryptionProof(_ProofFile):
    """The proof that sealed weights are those of the model (.zkenc): public. Made by :meth:`Prover.seal`, read by :meth:`load`."""

    _kind = "encryption proof"

    def __repr__(self) -> str:
        return f"<zkinfer.EncryptionProof: {len(self)} bytes>"


@_options.checked_calls
class KeyShares:
    """The key of sealed weights, in two shares of 30 bytes: secret. k1 is released against payment, k2 is the buyer's own; each may be missing.

    Examples:
        >>> shares = zkinfer.KeyShares(k1=released, k2=mine)
        >>> model = zkinfer.unseal("network.zksealed", "network.zkenc", "network.zkkey", shares)
    """

    def __init__(self, k1: Optional[bytes] = None, k2: Optional[bytes] = None) -> None:
        for name, share in (("k1", k1), ("k2", k2)):
            if share is not None and (not isinstance(share, (bytes, bytearray)) or len(share) != _SHARE_BYTES):
                raise InputError(f"{name}: expected {_SHARE_BYTES} bytes")
        if k1 is None and k2 is None:
            raise InputError("KeyShares: neither k1 nor k2 is given")
        self.k1: Optional[bytes] = None if k1 is None else bytes(k1)
        self.k2: Optional[bytes] = None if k2 is None else bytes(k2)

    @property
    def c1(self) -> Optional[str]:
        """The SHA-256 of k1, hexadecimal: what a payment is locked to. None without k1."""
        return None if self.k1 is None else hashlib.sha256(self.k1).hexdigest()

    @property
    def c2(self) -> Optional[str]:
        """The SHA-256 of k2, hexadecimal. None without k2."""
        return None if self.k2 is None else hashlib.sha256(self.k2).hexdigest()

    @classmethod
    def load(cls, path: _files.Path) -> "KeyShares":
        """What a .zkshares file holds. Raises: FileError; InputError for another kind of file, or a damaged one.

        Examples:
            >>> zkinfer.KeyShares.load("network.zkshares").c1
        """
        return cls(*_native.key_shares_from_bytes(_files.read(path, "key shares")))

    def save(self, path: _files.Path) -> None:
        """Writes a .zkshares file that its owner alone can read. Raises: FileError; InputError where another file has the name, other shares too: nothing
        can make those again.

        Examples:
            >>> zkinfer.KeyShares(k2=mine).save("mine.zkshares")
        """
        data = _native.key_shares_to_bytes(self.k1, self.k2)
        _files.check_target(path, "key shares")
        if os.path.isfile(_files.name_of(path)) and _files.read(path) not in (b"", data):
            raise InputError(f"{_files.quoted(path)} has the key shares of another sealing, which nothing can make again; name another file")
        _files.write(path, data, "key shares", secret=True)

    def __repr__(self) -> str:
        held = [name for name, share in (("k1", self.k1), ("k2", self.k2)) if share is not None]
        return f"<zkinfer.KeyShares: {' and '.join(held)} (secret)>"


class Sealed(NamedTuple):
    """What :meth:`Prover.seal` makes: two public files, and the shares of their key."""

    weights: SealedWeights
    proof: EncryptionProof
    shares: KeyShares


class VerifiedSealed:
    """What an accepted encryption proof says: these sealed weights are the committed model's, for whoever has the preimages of c1 and c2.

    Attributes:
        c1, c2: the SHA-256 of the shares, hexadecimal: what the payment has to be locked to, and what the buyer's own share has to give.
        ciphertext_root: of the sealed weights, hexadecimal.
        sale: what they are bound to, 32 bytes; equal to what was given.
        slots, identity, serving_identity, weights, security_bits: as of a Statement.
    """

    def __init__(self, result: _native.SealedResult) -> None:
        self.c1: str = result.c1.hex()
        self.c2: str = result.c2.hex()
        self.ciphertext_root: str = result.ciphertext_root.hex()
        self.sale = Context(result.context)
        self.slots: Sequence[int] = result.slots
        self.identity: str = result.root_identity.hex()
        self.serving_identity: str = result.serving_identity.hex()
        self.weights: str = result.weights
        self.security_bits: float = result.security_bits

    def __repr__(self) -> str:
        return f"<zkinfer.VerifiedSealed: weights of model {self.identity[:16]}.., c1 {self.c1[:16]}.., c2 {self.c2[:16]}..>"


def _checked(weights: Any, proof: Any, key: Any, sale: Any, path: Any) -> tuple[_native.SealedResult, bytes, VerificationKey]:
    key = _key_of(key)
    sealed = _proof_bytes(weights, "sealed weights")
    bytes_ = _proof_bytes(proof, "encryption proof")
    key = _serving(key, proof, bytes_, path)
    result = _native.verify_sealed(key._native, sealed, bytes_, _request(key, sale, False))
    if result.verdict.reason == "weights not certified":  # no word of the caller's takes the certificate's place here
        raise InputError("the key came without its certificate, and weights outside of their ranges would not read back; load it with VerificationKey(certificate=..)")
    accept(result.verdict, _remedy(result.verdict))
    return result, sealed, key


@_options.checked_call
def verify_sealed(
    weights: Union[SealedWeights, bytes, _files.Path],
    proof: Union[EncryptionProof, bytes, _files.Path],
    key: Union[VerificationKey, _files.Path],
    *,
    sale: Union[None, bytes, str] = None,
    path: Union[None, bytes, _files.Path] = None,
) -> VerifiedSealed:
    """Checks that sealed weights are those of the key's model, before anybody pays for them. The key needs its certificate.

    Args:
        weights: SealedWeights, their bytes, or the path of a .zksealed file.
        proof: an EncryptionProof, its bytes, or the path of a .zkenc file.
        sale: they must be bound to it.
        key, path: as of :func:`verify`.
    Returns: a :class:`VerifiedSealed`, whose ``c1`` and ``c2`` are for you to compare.
    Raises: Rejected with ``reason`` and ``where``; InputError where the call itself is wrong or the key came without its certificate.

    Examples:
        >>> zkinfer.verify_sealed("network.zksealed", "network.zkenc", "network.zkkey").c1
    """
    return VerifiedSealed(_checked(weights, proof, key, sale, path)[0])


@_options.checked_call
def unseal(
    weights: Union[SealedWeights, bytes, _files.Path],
    proof: Union[EncryptionProof, bytes, _files.Path],
    key: Union[VerificationKey, _files.Path],
    shares: Union[KeyShares, _files.Path],
    *,
    sale: Union[None, bytes, str] = None,
    path: Union[None, bytes, _files.Path] = None,
) -> Model:
    """The model of sealed weights, for whoever has both shares of their key. Checks what :func:`verify_sealed` does, and that every weight is in its range.

    Args:
        shares: KeyShares with both, or the path of a .zkshares file.
        weights, proof, key, sale, path: as of :func:`verify_sealed`.
    Returns: a Model that answers as the seller's does; what only the seller knew of the network is not in it.
    Raises: Rejected as :func:`verify_sealed`; InputError where a share is missing or is another one.

    Examples:
        >>> zkinfer.unseal("network.zksealed", "network.zkenc", "network.zkkey", "network.zkshares").save("bought.zkmodel")
    """
    held = shares if isinstance(shares, KeyShares) else KeyShares.load(shares)
    _, sealed, serving = _checked(weights, proof, key, sale, path)
    return Model(_native.unseal(serving._native, sealed, held.k1, held.k2))
