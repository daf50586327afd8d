# SPDX-License-Identifier: Apache-2.0
"""Answers of language models: their text, and the proof of it."""

from __future__ import annotations

import functools
import os
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Callable, Optional, Union

import numpy as np

from . import _files, _native, _options, _progress
from ._key import VerificationKey, accept
from ._model import Model
from ._verify import Context, Statement, _inference, _key_of, bound_bytes
from .errors import CompileError, InputError, ModelWarning, Rejected

if TYPE_CHECKING:
    from ._proofs import Proof
    from ._prover import Prover

Prompt = Union[str, Sequence[int], np.ndarray]
#: False ends the answer.
Stream = Union[None, bool, Callable[[Any], Any]]
_CONTEXT_BYTES = 16
_USUAL_TOKENS = 64
_NO_TOKENIZER = "these are tokens; give the model's tokenizer= to read them as text, or take .tokens"


@_options.checked_calls
class Tokenizer:
    """Makes tokens of text, and text of tokens: what a language model comes with.

    Args:
        path: a tokenizer.json or the folder that holds it, a tokenizer.model, llama2.c's tokenizer.bin, or a GGUF file.
    Raises: FileError where it cannot be read; InputError for what is no tokenizer, or one of an unknown kind.

    Examples:
        >>> tokenizer = zkinfer.Tokenizer("tokenizer.json")
        >>> tokenizer.encode("Once upon a time")
    """

    def __init__(self, path: _files.Path) -> None:
        self._native = _read(_native.Tokenizer.read, _files.name_of(path))

    @classmethod
    def from_bytes(cls, data: bytes) -> "Tokenizer":
        """The tokenizer of a file's bytes. Raises: InputError.

        Examples:
            >>> zkinfer.Tokenizer.from_bytes(data).digest
        """
        tokenizer = object.__new__(cls)
        tokenizer._native = _read(_native.Tokenizer.from_bytes, _options.data("Tokenizer.from_bytes", data))
        return tokenizer

    def encode(self, text: str, *, ends: bool = True, special: bool = True) -> list[int]:
        """The tokens of a text.

        Args:
            ends: with those that the model wants before and behind a text.
            special: special tokens that the text holds ("<|endoftext|>") are read as such; False for text of strangers.
        Raises: InputError for characters that the vocabulary has no token for.

        Examples:
            >>> tokenizer.encode("Once upon a time")
        """
        return self._native.encode(_utf8("text", text), _options.flag("ends", ends), _options.flag("special", special))

    def decode(self, tokens: Prompt, *, special: bool = False, continues: bool = False) -> str:
        """The text of tokens; a character that is cut off comes as U+FFFD.

        Args:
            special: special tokens as text too; else they are left out.
            continues: the tokens go on after others: a first space stays.
        Raises: InputError for numbers that are no token.

        Examples:
            >>> tokenizer.decode([1, 403, 407])
        """
        numbers = _numbers("tokens", tokens)
        return self._native.decode(numbers, _options.flag("special", special), _options.flag("continues", continues)).decode(errors="replace")

    def windows(self, text: str, length: int) -> np.ndarray:
        """A text as inputs of a model that reads `length` tokens: int64 (N, length), one window behind the other. What to calibrate and measure on.

        Raises: InputError where the text has fewer tokens than one window.

        Examples:
            >>> model = zkinfer.compile("model.gguf", tokens=64, calibration=tokenizer.windows(story, 64))
        """
        windows: np.ndarray = self._native.windows(_utf8("text", text), _options.integer("length", length, 1))
        return windows

    def __len__(self) -> int:
        """Tokens are 0 to this, less one."""
        return self._native.size

    @property
    def begin(self) -> Optional[int]:
        """The token that begins a text, if there is one."""
        return self._native.begin

    @property
    def end_tokens(self) -> list[int]:
        """Any of them ends an answer."""
        return self._native.end_tokens

    @property
    def digest(self) -> str:
        """Hexadecimal SHA-256 of vocabulary and rule: two files with one digest make the same tokens."""
        return self._native.digest.hex()

    def __repr__(self) -> str:
        return f"<zkinfer.Tokenizer: {self._native.format}, {len(self)} pieces, {self.digest[:16]}..>"


def _read(read: Callable[[Any], _native.Tokenizer], source: Any) -> _native.Tokenizer:
    try:
        return read(source)
    except CompileError as error:  # of an unknown kind: nothing is compiled here
        raise InputError(str(error)) from None


def _utf8(what: str, text: Any) -> bytes:
    if not isinstance(text, str):
        raise InputError(f"{what}: {_options.shown(text)}, expected a str")
    return _options.utf8(what, text)


def _numbers(what: str, tokens: Any) -> list[int]:
    if isinstance(tokens, (str, bytes)) or not hasattr(tokens, "__iter__"):
        raise InputError(f"{what}: {_options.shown(tokens)}, expected token numbers")
    return [_options.integer(f"{what}[{place}]", token, 0, (1 << 62)) for place, token in enumerate(tokens)]


def _tokenizer(given: Any) -> Optional[Tokenizer]:
    if given is None or isinstance(given, Tokenizer):
        return given
    if isinstance(given, (str, os.PathLike)):
        if not _native.can_prove:
            raise InputError("tokenizer: this is zkinfer-verify, which reads no tokenizers; install zkinfer in its place for the text, or take .tokens")
        return Tokenizer(given)
    raise InputError(f"tokenizer: a {type(given).__name__}, expected a zkinfer.Tokenizer or the path of its file")


def _check_vocabulary(tokenizer: Optional[Tokenizer], lo: int, hi: int) -> None:
    """InputError where it makes tokens that a model, whose input of tokens has this range, does not know; a warning where it knows fewer."""
    warning = tokenizer._native.vocabulary_warning("tokenizer: it", lo, hi) if tokenizer is not None else ""
    if warning:
        warnings.warn(warning, ModelWarning, stacklevel=5)


class _Words:
    """Tokens of a prompt and of what follows, as text where a tokenizer is there."""

    tokens: Any  # list[int]; of a VerifiedAnswer None where they are hidden
    prompt_tokens: Any

    def __init__(self, prompt: Optional[Sequence[int]], tokens: Optional[Sequence[int]], tokenizer: Optional[Tokenizer]) -> None:
        self.prompt_tokens, self.tokens = (None if given is None else list(given) for given in (prompt, tokens))
        self._tokenizer = tokenizer

    def _text(self, what: str, tokens: Optional[Sequence[int]], continues: bool) -> str:
        if tokens is None:
            raise InputError(f"the proof hides the {what}; ask whoever proved it for one that shows it (Prover.generate(.., hide=None))")
        if self._tokenizer is None:
            raise InputError(_NO_TOKENIZER)
        return self._tokenizer._native.text(list(tokens), continues).decode(errors="replace")

    @property
    def prompt(self) -> str:
        """The text that was given, special tokens too. InputError without a tokenizer, and where the proof hides it."""
        return self._text("prompt", self.prompt_tokens, False)

    @property
    def text(self) -> str:
        """The text that follows, special tokens too. InputError without a tokenizer, and where the proof hides it."""
        return self._text("answer", self.tokens, True)

    def __str__(self) -> str:
        """The text that follows, where it is to be had."""
        return repr(self) if self.tokens is None or self._tokenizer is None else self.text

    def _said(self, what: str, tokens: Optional[Sequence[int]], count: int, continues: bool) -> str:
        if tokens is None:
            return f"hidden {what} of {count} tokens"
        return _options.shown(self._text(what, tokens, continues)) if self._tokenizer is not None else f"{count} tokens"


class Answer(_Words):
    """What a model says to a prompt. Made by :meth:`Model.generate`, and with a proof by :meth:`Prover.generate`.

    Attributes:
        text, prompt: as text, special tokens too.
        tokens, prompt_tokens: as numbers.
        end: why it ends: "end token", "as many tokens as asked for", "as many tokens as the model reads" or "stopped".
        proof: the :class:`Proof`; None without one.
        num_before: of a turn of a conversation, how many tokens the turns before it have.
    """

    def __init__(self, prompt: Sequence[int], tokens: Sequence[int], end: str, tokenizer: Optional[Tokenizer], num_before: int = 0) -> None:
        super().__init__(prompt, tokens, tokenizer)
        self.end, self.num_before = end, num_before
        self.proof: Optional["Proof"] = None

    def save(self, path: _files.Path) -> None:
        """Writes the proof, as :meth:`Proof.save`. Raises: as that, and InputError where there is none.

        Examples:
            >>> key.generate("the cat", tokenizer=tokenizer).save("answer.zkproof")
        """
        if self.proof is None:
            raise InputError("an answer without a proof: take Prover.generate (model.commit(inputs='public').generate(..))")
        self.proof.save(path)

    def __repr__(self) -> str:
        said = self._said("answer", self.tokens, len(self.tokens), True)
        return f"<zkinfer.Answer: {said}, {self.end}{'' if self.proof is None else f', proof of {len(self.proof)} bytes'}>"


class VerifiedAnswer(_Words):
    """What an accepted proof says: each of ``tokens`` is the committed model's most likely one after all that are before it, or the one that ``rule`` drew.

    Attributes:
        text, prompt: as text, special tokens too; InputError without a tokenizer, and where the proof hides them.
        tokens, prompt_tokens: as numbers; None where the proof hides them.
        ends_itself: whether the last token ends a text; else whoever proved it stopped there. None without a tokenizer or shown tokens.
        num_prompt, num_tokens: how many tokens prompt and answer have, hidden ones too.
        context: what the prover bound, 16 bytes; equal to the context that was given.
        rule: how each token was drawn: temperature, top_k (0: all candidates), top_p, repetition_penalty; None where the model gives its most likely ones.
        seeded: whether what was drawn came from the context: who gave it once model and prompt were fixed knows that the prover did not choose. False: the
            prover may have tried as often as it liked.
        statement: the :class:`Statement` of the inference, with the model's identity and the bits of security.
        num_before: of a turn of a conversation, how many tokens the turns before it have.
    """

    def __init__(
        self,
        prompt: Optional[Sequence[int]],
        tokens: Optional[Sequence[int]],
        tokenizer: Optional[Tokenizer],
        context: Context,
        statement: Statement,
        rule: Optional[_native.SamplingRule],
        seeded: bool,
        num_prompt: int,
        num_tokens: int,
        num_before: int = 0,
    ) -> None:
        super().__init__(prompt, tokens, tokenizer)
        self.num_before = num_before
        self.context, self.statement, self.rule, self.seeded = context, statement, rule, seeded
        self.num_prompt, self.num_tokens = num_prompt, num_tokens
        self.ends_itself: Optional[bool] = None if tokenizer is None or not self.tokens else self.tokens[-1] in tokenizer.end_tokens

    def __repr__(self) -> str:
        prompt = self._said("prompt", self.prompt_tokens, self.num_prompt, False)
        said = self._said("answer", self.tokens, self.num_tokens, True)
        context = f", context {self.context!r}" if self.context != b"" else ""
        rule = "" if self.rule is None else f", by {self.rule}" + ("" if self.seeded or self.rule.temperature == 0 else ", not seeded")
        return f"<zkinfer.VerifiedAnswer of model {self.statement.identity[:16]}..: {prompt} -> {said}{rule}{context}>"


def _told(stream: Stream, tokenizer: Optional[Tokenizer]) -> tuple[Optional[Callable[[int], Any]], Callable[[], None]]:
    """What is called with each token, and at the end."""
    if stream is None or stream is False:
        return None, lambda: None
    show: Callable[[Any], Any]
    if stream is True:
        show = functools.partial(print, end="" if tokenizer is not None else " ", flush=True)
    elif callable(stream):
        show = stream
    else:
        raise InputError(f"stream={_options.shown(stream)}, expected True or a function")
    if tokenizer is None:
        return show, lambda: None
    text, count = _native.TextStream(tokenizer._native), len(tokenizer)

    def told(token: int) -> Any:
        part = text.push(token) if token < count else f"<{token}>".encode()
        return show(part.decode(errors="replace")) if part else None

    def finish() -> None:
        rest = text.finish()
        if rest:
            show(rest.decode(errors="replace"))
        if stream is True:
            print(flush=True)

    return told, finish


def rule_of(temperature: Any, top_k: Any, top_p: Any, repetition_penalty: Any) -> Optional[_native.SamplingRule]:
    """Of the options of Model.generate and Prover.generate; None where none was given."""

    def number(what: str, given: Any) -> Optional[float]:
        return None if given is None else _options.number(what, given)

    return _native.SamplingRule.of(
        number("temperature", temperature),
        _options.optional_integer("top_k", top_k, -(1 << 63), (1 << 63) - 1),  # the library names the least
        number("top_p", top_p),
        number("repetition_penalty", repetition_penalty),
    )


def context_of(context: Union[None, bytes, str]) -> bytes:
    return bound_bytes(context, _CONTEXT_BYTES)


def answer_of(
    model: Model,
    prompt: Prompt,
    tokens: Optional[int],
    tokenizer: Union[None, Tokenizer, _files.Path],
    stream: Stream,
    special: bool,
    rule: Optional[_native.SamplingRule],
    context: bytes,
    report: Any,
    num_before: int = 0,
    history: Optional[_native.CommittedTensor] = None,
) -> Answer:
    """What Model.generate and Prover.generate say."""
    most = _options.optional_integer("tokens", tokens, 0, (1 << 32) - 1)  # the library names the least
    known = _tokenizer(tokenizer)
    _, most_token, candidates, _, _ = _native.language_shape(model._native)
    if rule is not None and candidates == 0:
        raise InputError("sampling: this model gives its most likely tokens only; compile it with candidates=")
    _check_vocabulary(known, 0, most_token)
    if isinstance(prompt, str):
        if known is None:
            raise InputError("prompt: a text needs the model's tokenizer=; without one, give a list of tokens")
        given = (known._native.continued if num_before else known._native.prompt)(_utf8("prompt", prompt), _options.flag("special", special))
    else:
        given = _numbers("prompt", prompt)
    shorter = _native.shorter_answer(model._native, len(given), most, num_before) if most is not None else ""
    if shorter:
        warnings.warn(f"tokens: {shorter}", ModelWarning, stacklevel=4)
    told, finish = _told(stream, known)
    ends = known.end_tokens if known is not None else []
    made, num_prompt, end = _native.generate(model._native, given, most if most is not None else _USUAL_TOKENS, ends, rule, context, num_before, history, told, report)
    finish()
    return Answer(made[:num_prompt], made[num_prompt:], end, known, num_before)


def prove(
    prover: "Prover",
    prompt: Prompt,
    tokens: Optional[int],
    tokenizer: Any,
    stream: Stream,
    special: bool,
    rule: Optional[_native.SamplingRule],
    context: Union[None, bytes, str],
    hide: Optional[str],
    after: Optional[Answer],
    progress: Any,
) -> Answer:
    """Prover.generate."""
    from ._proofs import Proof

    bound = context_of(context)
    info = prover.public.info
    _, _, _, hides_text, conversation = _native.language_shape(prover.model._native)
    if hide is not None:
        _options.choice("hide", hide, ("prompt", "answer", "both"))
    if hide is not None and not hides_text:
        raise InputError("hide: the proofs of this model show prompt and answer; compile it with hidden_text=True")
    if hide is not None and info.inputs.exposure.name != "private":
        raise InputError("hide: the key does not keep inputs private; take model.commit()")
    shown = "private" if hides_text else "public"
    if info.inputs.exposure.name not in ("public", shown) or info.outputs.exposure.name != "public":
        raise InputError("the key hides inputs or outputs, so a proof would not show prompt and answer; take model.commit(inputs='public')")
    prover.public._causal_model()  # refused before the model says a word
    num_before, history = _turn_before(prover, after, conversation)
    with _progress.reporting(progress, "prove") as whole_report:
        report = _progress.part(whole_report, 0, 0.1)
        answer = answer_of(prover.model, prompt, tokens, tokenizer, stream, special, rule, bound, report, num_before, history)
        whole = answer.prompt_tokens + answer.tokens
        report = _progress.part(whole_report, 0.1, 1)
        result, path = prover._under_next(
            lambda native: _native.prove_generation(native, prover.model._native, whole, len(answer.prompt_tokens), rule, bound, hide in (None, "answer"), hide in (None, "prompt"), num_before, history, report)
        )
    answer.proof = Proof._made(result, prover.model, prover.public, path)
    return answer


def _turn_before(prover: "Prover", after: Optional[Answer], conversation: int) -> tuple[int, Optional[_native.CommittedTensor]]:
    """How many tokens are before a turn, and what they have left."""
    if conversation == 0:
        if after is not None:
            raise InputError("after: this model reads one text; compile it with conversation= to go on from an answer")
        return 0, None
    if after is None:
        return 0, _native.new_history(prover.public._native)
    if not isinstance(after, Answer) or after.proof is None or not after.proof.committed_outputs:
        raise InputError(f"after={_options.shown(after)}, expected an Answer that Prover.generate proved in this process")
    return after.num_before + len(after.prompt_tokens) + len(after.tokens), after.proof.committed_outputs[0]._native


@_options.checked_call
def verify_generation(
    proof: Union["Proof", Answer, bytes, _files.Path],
    key: Union[VerificationKey, _files.Path],
    *,
    tokenizer: Union[None, Tokenizer, _files.Path] = None,
    context: Union[None, bytes, str] = None,
    temperature: Optional[float] = None,
    top_k: Optional[int] = None,
    top_p: Optional[float] = None,
    repetition_penalty: Optional[float] = None,
    path: Union[None, bytes, _files.Path] = None,
) -> VerifiedAnswer:
    """Checks that a proof shows an answer of the key's language model, and says prompt and answer.

    Args:
        proof: a Proof, an Answer that has one, its bytes, or the path of a .zkproof file.
        key: a VerificationKey, or the path of a .zkkey file with its certificate beside it, which an answer needs.
        tokenizer: the model's, a Tokenizer or its file, for the text; it is no part of the proof.
        context: up to 16 bytes that the proof must be bound to; None: any.
        temperature, top_k, top_p, repetition_penalty: the answer must be drawn by exactly this rule; temperature=0 alone: each token the most likely
            one. None of them: any rule, which VerifiedAnswer.rule says.
        path: as of :func:`verify`.
    Returns: a :class:`VerifiedAnswer`.
    Raises: Rejected where the proof shows no answer of this model; InputError where the call itself is wrong, or the model's structure allows it to
        look ahead.

    Examples:
        >>> print(zkinfer.verify_generation("story.zkproof", "stories.zkkey", tokenizer="tokenizer.bin").text)
    """
    demanded = rule_of(temperature, top_k, top_p, repetition_penalty)
    return _verified(proof, key, tokenizer, context, path, demanded, None)[0]


@_options.checked_call
def verify_conversation(
    turns: Sequence[Union["Proof", Answer, bytes, _files.Path]],
    key: Union[VerificationKey, _files.Path],
    *,
    tokenizer: Union[None, Tokenizer, _files.Path] = None,
) -> list[VerifiedAnswer]:
    """Checks that proofs show the turns of one conversation, in order: each goes on from what the one before it has left.

    Args:
        turns: the first turn and all behind it, each as of :func:`verify_generation`.
        key, tokenizer: as of :func:`verify_generation`.
    Returns: a :class:`VerifiedAnswer` of each turn.
    Raises: as :func:`verify_generation`; Rejected too where a turn does not go on from the one before it.

    Examples:
        >>> for turn in zkinfer.verify_conversation(["first.zkproof", "second.zkproof"], "stories.zkkey", tokenizer="tokenizer.bin"):
        ...     print(turn.prompt, turn.text)
    """
    if isinstance(turns, (str, bytes, os.PathLike)) or not hasattr(turns, "__iter__"):
        raise InputError(f"turns: {_options.shown(turns)}, expected a list of proofs")
    out: list[VerifiedAnswer] = []
    before: Optional[_native.VerifyResult] = None
    known, key = _tokenizer(tokenizer), _key_of(key)
    for turn in turns:
        answer, before = _verified(turn, key, known, None, None, None, before)
        out.append(answer)
    return out


def _verified(
    proof: Any, key: Any, tokenizer: Any, context: Any, path: Any, demanded: Optional[_native.SamplingRule], before: Optional[_native.VerifyResult]
) -> tuple[VerifiedAnswer, _native.VerifyResult]:
    known = _tokenizer(tokenizer)
    key = _key_of(key)
    if isinstance(proof, Answer):
        if proof.proof is None:
            raise InputError("proof: an Answer without a proof; take Prover.generate")
        proof = proof.proof
    result = _inference(proof, key, path)
    verdict, prompt, tokens, bound, rule, seeded, num_prompt, num_tokens, num_before = _native.check_generation(key._causal_model(), result, demanded, before)
    if verdict.accepted and context is not None and Context(bound) != bound_bytes(context, _CONTEXT_BYTES):
        raise Rejected("wrong statement", "context", "it was made for another one")
    accept(verdict, "it is no answer of this model" if verdict.reason == "wrong statement" else None)
    words = key.info.input_tensors[0].format
    _check_vocabulary(known, words.lo, words.hi)
    return VerifiedAnswer(prompt, tokens, known, Context(bound), Statement(result, result), rule, seeded, num_prompt, num_tokens, num_before), result
