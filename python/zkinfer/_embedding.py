# SPDX-License-Identifier: Apache-2.0
"""What encoders make of a text, and the proof of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional, Union

import numpy as np

from . import _files, _native, _options
from ._generation import _NO_TOKENIZER, Prompt, Tokenizer, _check_vocabulary, _numbers, _tokenizer, _utf8
from ._key import VerificationKey
from ._model import Model
from ._verify import Statement, _key_of, verify
from .errors import InputError

if TYPE_CHECKING:
    from ._proofs import Proof
    from ._prover import Prover

class Embedding:
    """What an encoder makes of a text. Made by :meth:`Model.embed`, and with a proof by :meth:`Prover.embed`.

    Attributes:
        vector: the model's output, float32.
        tokens: what it read.
        proof: the :class:`Proof`; None without one.
    """

    def __init__(self, vector: np.ndarray, tokens: list[int], proof: Optional["Proof"] = None) -> None:
        self.vector, self.tokens, self.proof = vector, tokens, proof

    def save(self, path: _files.Path) -> None:
        """Writes the proof, as :meth:`Proof.save`. Raises: as that, and InputError where there is none.

        Examples:
            >>> key.embed("A cat", tokenizer=tokenizer).save("cat.zkproof")
        """
        if self.proof is None:
            raise InputError("an embedding without a proof: take Prover.embed (model.commit(..).embed(..))")
        self.proof.save(path)

    def __repr__(self) -> str:
        return f"<zkinfer.Embedding of {len(self.tokens)} tokens: {self.vector.shape}{'' if self.proof is None else f', proof of {len(self.proof)} bytes'}>"


class VerifiedEmbedding:
    """What an accepted proof says: ``vector`` is what the committed model makes of a text, which the proof may hide.

    Attributes:
        vector: the model's output, float32.
        tokens: what it read; None where the key hides inputs.
        statement: the :class:`Statement` of the inference: the model's identity, context, commitments and digests.
    """

    def __init__(self, statement: Statement, tokenizer: Optional[Tokenizer]) -> None:
        self.statement, self.vector, self._tokenizer = statement, statement.output, tokenizer
        read = statement.input_tensors[0].integers
        self.tokens: Optional[list[int]] = None if read is None else read.ravel().tolist()

    @property
    def text(self) -> str:
        """The text that was read, without special tokens. InputError without a tokenizer, and where the proof hides it."""
        if self.tokens is None:
            raise InputError("the key hides inputs, so the proof does not show the text; model.commit(inputs='public') would")
        if self._tokenizer is None:
            raise InputError(_NO_TOKENIZER)
        return self._tokenizer.decode(self.tokens)

    def __repr__(self) -> str:
        said = "of a hidden text" if self.tokens is None else f"of {len(self.tokens)} tokens"
        return f"<zkinfer.VerifiedEmbedding of model {self.statement.identity[:16]}.. {said}: {self.vector.shape}>"


def _tokens_of(model: Model, text: Prompt, tokenizer: Any, special: bool) -> list[int]:
    reads = _native.encoder_input(model._native)
    known = _tokenizer(tokenizer)
    _check_vocabulary(known, reads.format.lo, reads.format.hi)
    if isinstance(text, str):
        if known is None:
            raise InputError("text: it needs the model's tokenizer=; without one, give a list of tokens")
        tokens = known._native.encode(_utf8("text", text), True, _options.flag("special", special))
    else:
        tokens = _numbers("text", text)
    return _native.encoder_text(model._native, tokens)


def padded(model: Model, tokens: Any) -> list[int]:
    """Model.encoder_text."""
    return _native.encoder_text(model._native, _numbers("tokens", tokens))


def _rows(model: Model, tokens: list[int]) -> np.ndarray:
    return np.array(tokens, dtype=np.int64).reshape(model.inputs_info[0].shape)


def of_model(model: Model, text: Prompt, tokenizer: Any, special: bool, progress: Any) -> Embedding:
    """Model.embed."""
    tokens = _tokens_of(model, text, tokenizer, special)
    return Embedding(model.run(_rows(model, tokens), progress=progress).output, tokens)


def of_prover(prover: "Prover", text: Prompt, tokenizer: Any, special: bool, context: Any, progress: Any) -> Embedding:
    """Prover.embed."""
    tokens = _tokens_of(prover.model, text, tokenizer, special)
    if prover.public.info.inputs.exposure.name == "committed":
        raise InputError("the key's inputs are committed: take CommittedTensor.create of the tokens, and Prover.prove of that")
    proof = prover.prove(_rows(prover.model, tokens), context=context, progress=progress)
    return Embedding(proof.output, tokens, proof)


@_options.checked_call
def verify_embedding(
    proof: Union["Proof", Embedding, bytes, _files.Path],
    key: Union[VerificationKey, _files.Path],
    *,
    tokenizer: Union[None, Tokenizer, _files.Path] = None,
    context: Union[None, bytes, str] = None,
    path: Union[None, bytes, _files.Path] = None,
    accept_uncertified: bool = False,
) -> VerifiedEmbedding:
    """Checks that a proof shows what the key's encoder makes of a text, and says which text, where the key does not hide it.

    Args:
        proof: a Proof, an Embedding that has one, its bytes, or the path of a .zkproof file.
        tokenizer: the model's, a Tokenizer or its file, for the text; it is no part of the proof.
        key, context, path, accept_uncertified: as of :func:`verify`.
    Returns: a :class:`VerifiedEmbedding`.
    Raises: Rejected; InputError where the call itself is wrong, or the key's model reads no text.

    Examples:
        >>> zkinfer.verify_embedding("cat.zkproof", "minilm.zkkey", tokenizer="all-MiniLM-L6-v2").text
    """
    known = _tokenizer(tokenizer)
    key = _key_of(key)
    if not _native.reads_text(list(key.info.input_tensors)):
        raise InputError(f"model '{key.info.model_name}': its input is no text, one row of tokens; take zkinfer.verify")
    if isinstance(proof, Embedding):
        if proof.proof is None:
            raise InputError("proof: an Embedding without a proof; take Prover.embed")
        proof = proof.proof
    return VerifiedEmbedding(verify(proof, key, context=context, path=path, accept_uncertified=accept_uncertified), known)
