# SPDX-License-Identifier: Apache-2.0
"""What everybody holds of a model: its key."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any, Optional, Union

from . import _data, _files, _native, _options
from ._model import Model, tensor_of
from .errors import BudgetError, InputError, Rejected

if TYPE_CHECKING:
    from ._tensors import CommittedTensor


_NO_CERTIFICATE = (
    "nothing shows that the weights of this key are integers in their ranges; load the key with its certificate (VerificationKey(certificate=..), or model=.. "
    "where the weights are public), or say accept_uncertified=True"
)


def accept(verdict: _native.Verdict, remedy: Optional[str] = None, place: str = "") -> None:
    """Rejected for what a proof, certificate or path does not show; InputError, BudgetError where it was not looked at: what that takes is missing."""
    if verdict.accepted:
        return
    if verdict.reason == "weights not certified":
        raise InputError(place + _NO_CERTIFICATE)
    if verdict.reason == "over the limit":
        raise BudgetError(f"{place}{verdict.where}; load the key with larger max_seconds or max_memory_bytes if you trust whoever made it")
    raise Rejected(verdict.reason, place + verdict.where, remedy or hint_of(verdict))


def hint_of(verdict: _native.Verdict) -> str:
    """What most likely happened, as the program says it behind its verdict."""
    return verdict.hint[:1].lower() + verdict.hint[1:].rstrip(".")


def policy_text(policy: _native.TensorPolicy) -> str:
    return policy.exposure.name + ("" if policy.hash.name == "none" else ":" + policy.hash.name)


@_options.checked_calls
class Soundness:
    """Every error term of a key: ``bits`` in all, ``terms`` as the library's JSON has them; ``str()`` is the table for people."""

    def __init__(self, key: _native.VerificationKey) -> None:
        self.bits: float = key.info.security_bits
        self.terms: Any = json.loads(key.soundness_json())
        self._text = key.soundness_text()

    def __str__(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return f"<zkinfer.Soundness: {self.bits:.1f} bits>"

    def _repr_html_(self) -> str:
        from . import _html

        return _html.soundness(self)


@_options.checked_calls
class VerificationKey:
    """What everybody holds of a model: what it computes, without its weights, and the commitment to them. Proofs are checked against it.

    A key comes with what shows that the hidden weights are integers in their ranges: a certificate, or, where the weights are
    public, the model itself. Immutable, and may be used by any number of threads.

    Args:
        data: the bytes of a .zkkey file.
        certificate: those of its .zkcert; checked here, once.
        model: the model, where its weights are public.
        min_security_bits: keys that prove less are refused (100).
        max_seconds, max_memory_bytes: keys whose proofs may take longer or more to check are refused, before anything is spent.
    Raises: InputError for what is no key; BudgetError beyond the limits; Rejected for a certificate that is none of this key.

    Examples:
        >>> key = zkinfer.VerificationKey.load("network.zkkey")
    """

    def __init__(
        self,
        data: bytes,
        *,
        certificate: Optional[bytes] = None,
        model: Optional[Model] = None,
        min_security_bits: float = _native.default_min_security_bits,
        max_seconds: float = _native.default_verify_nanoseconds / 1e9,
        max_memory_bytes: int = _native.default_verify_memory_bytes,
    ) -> None:
        self._data = _options.data("VerificationKey", data)
        nanoseconds = min(_options.number("max_seconds", max_seconds) * 1e9, float(1 << 62))
        if nanoseconds < 0:
            raise InputError(f"max_seconds={max_seconds}, expected at least 0")
        memory = _options.integer("max_memory_bytes", max_memory_bytes, 0)
        bits = _options.number("min_security_bits", min_security_bits)
        self._native = _native.VerificationKey.from_bytes(self._data, bits, int(nanoseconds), memory)
        self._certificate: Optional[bytes] = None
        self._weights = _native.CheckedWeights()
        if certificate is not None:
            verdict, self._weights = _native.weights_from_certificate(self._native, _options.data("certificate", certificate))
            accept(verdict, "it is the certificate of another key, or was changed")
            self._certificate = bytes(certificate)
        if model is not None:
            _options.instance("model", model, Model, "zkinfer.compile, Model.load")
            verdict, self._weights = _native.weights_from_model(model._native, self._native)
            accept(verdict, "the key is another model's, or its weights are not public")

    @classmethod
    def load(cls, path: _files.Path, *, certificate: Optional[_files.Path] = None, **options: Any) -> "VerificationKey":
        """The key of a .zkkey file, with the certificate that lies beside it (network.zkkey, network.zkcert) or is named.

        Args:
            certificate: path of the .zkcert file. options: of :class:`VerificationKey`.
        Raises: FileError where it cannot be read, and as :class:`VerificationKey`.

        Examples:
            >>> key = zkinfer.VerificationKey.load("network.zkkey", max_seconds=10)
        """
        data = _files.read(path, "verification key")
        beside = _files.certificate_beside(path)
        if certificate is None and os.path.isfile(beside):
            certificate = beside
        if certificate is not None:
            options["certificate"] = _files.read(certificate, "certificate")
        return cls(data, **options)

    def save(self, path: _files.Path) -> None:
        """Writes the key, and its certificate beside it (network.zkkey, network.zkcert). Both are public.

        Raises: FileError where it cannot be written, InputError where another kind of file has the name, which is never replaced.

        Examples:
            >>> key.public.save("network.zkkey")
        """
        _files.check_target(path, "verification key")
        if self._certificate is not None:
            _files.write(_files.certificate_beside(path), self._certificate, "certificate")
        _files.write(path, self._data, "verification key")

    def to_bytes(self) -> bytes:
        """The bytes of a .zkkey file, without the certificate (``certificate``). Public."""
        return self._data

    @property
    def certificate(self) -> Optional[bytes]:
        """The bytes of the certificate that was checked; None where there is none."""
        return self._certificate

    @property
    def info(self) -> _native.KeyInfo:
        """Everything that the key says: tensors, policies, security, what verifying costs."""
        return self._native.info

    @property
    def identity(self) -> str:
        """The name of the model: 64 hexadecimal digits, the same for as long as its weights."""
        return self.info.root_identity.hex()

    @property
    def certified(self) -> bool:
        """Whether the weights are known to be integers in their ranges."""
        return self._weights.evidence != "none" or self.info.num_parameters == 0

    def soundness(self) -> Soundness:
        """Every soundness error term with its bits."""
        return Soundness(self._native)

    def structure(self) -> str:
        """What the model computes, for people: one line per value, table and node."""
        return _native.structure_of(self._native)

    def follow(self, path: bytes) -> "VerificationKey":
        """The serving key to which a .zkpath leads from this root key; proofs of the program ``zkinfer prove`` are made under one.
        Raises: Rejected where it leads elsewhere, InputError for what is no bytes.

        Examples:
            >>> key.follow(proof.path).info.model_identity
        """
        verdict, native = _native.verify_path(self._native, _options.data("path", path))
        accept(verdict)
        key = object.__new__(VerificationKey)
        key._data, key._native, key._certificate, key._weights = self._data, native, None, self._weights
        return key

    def _causal_model(self) -> _native.CausalModel:
        """That its choices depend on nothing behind them, looked at once."""
        if not hasattr(self, "_causal"):
            self._causal = _native.CausalModel.of(self._native)
        return self._causal

    def commit_tensor(self, values: Any, input: Union[int, str] = 0) -> "CommittedTensor":
        """Commits to an input of a model whose inputs are committed, so that proofs can be made about it without its being seen.

        Args:
            values: an array in the input's shape.
            input: its index or name.
        Raises: InputError for a wrong shape, dtype or name, or where the key's inputs are not committed.

        Examples:
            >>> committed = key.public.commit_tensor(x)
            >>> proof = key.prove(committed)
        """
        from ._tensors import CommittedTensor

        tensor = tensor_of(self.info.input_tensors, input)
        index = [t.name for t in self.info.input_tensors].index(tensor.name)
        return CommittedTensor(_native.CommittedTensor.create(self._native, index, _data.inputs(values, [tensor])[0]))

    def __reduce__(self) -> Any:
        return _unpickle_key, (self._data, self._certificate)

    def __repr__(self) -> str:
        info = self.info
        return (
            f"<zkinfer.VerificationKey {info.model_name!r}: {self.identity[:16]}.., inputs {policy_text(info.inputs)}, outputs "
            f"{policy_text(info.outputs)}, weights {'public' if info.public_parameters else 'private'}, {info.weakest_bits:.0f} bits"
            f"{'' if self.certified else ', not certified'}>"
        )

    def _repr_html_(self) -> str:
        from . import _html

        return _html.key(self)


def _unpickle_key(data: bytes, certificate: Optional[bytes]) -> VerificationKey:
    return VerificationKey(data, certificate=certificate)
