# SPDX-License-Identifier: Apache-2.0
"""The integer model."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Optional, Union

import numpy as np

from . import _data, _files, _native, _options, _progress
from .errors import InputError, ModelWarning

if TYPE_CHECKING:
    from . import _embedding, _generation
    from ._prover import Prover

_POLICIES = {
    "private": ("private", "none"),
    "private:sha256": ("private", "sha256"),
    "public": ("public", "none"),
    "public:sha256": ("public", "sha256"),
    "public:keccak256": ("public", "keccak256"),
    "committed": ("committed", "none"),
    "committed:sha256": ("committed", "sha256"),
}


def _policy(what: str, word: str) -> _native.TensorPolicy:
    exposure, hashed = _options.choice(what, word, _POLICIES)
    return _native.TensorPolicy(getattr(_native.Exposure, exposure), getattr(_native.TensorHash, hashed))


@_options.checked_calls
class RunResult:
    """An integer inference without a proof: what a proof would show. Made by :meth:`Model.run`.

    Attributes:
        outputs: float32 arrays in the shapes of the model's outputs.
        integers: the same as the int64 integers that a proof is about.
        clipping: per input, how many values lay outside of the model's range, by how much, and that range.
        saturation: nodes in which values were cut off at the end of their range.
    """

    def __init__(self, model: "Model", result: _native.RunResult) -> None:
        tensors = model.outputs_info
        self.integers = tuple(np.array(values, dtype=np.int64).reshape(tensor.shape) for tensor, values in zip(tensors, result.outputs))
        self.outputs = tuple(_data.real(tensor, values) for tensor, values in zip(tensors, self.integers))
        self.clipping = result.clipping
        self.saturation = result.saturation

    @property
    def num_clipped(self) -> int:
        """Values of inputs that lay outside of the model's range, in whose place the result is of the nearest end; 0 is what should be."""
        return _data.num_clipped(self.clipping)

    @property
    def output(self) -> np.ndarray:
        """The first output: all of a model that has one, the label of a classifier's label and probabilities. The others are in ``outputs``."""
        return self.outputs[0]

    def __repr__(self) -> str:
        return f"<zkinfer.RunResult: {', '.join(str(output.shape) for output in self.outputs)}>"

    def _repr_html_(self) -> str:
        from . import _html

        return _html.run_result(self)


def slots_for(proofs: Any, certified: bool) -> int:
    """Of a commitment for so many proofs: one for its certificate, and the last, which leads to the next one (Prover.rotate)."""
    return _options.integer("proofs", proofs, 1) + int(certified) + 1


def tensor_of(tensors: Sequence[_native.TensorInfo], which: Union[int, str]) -> _native.TensorInfo:
    names = [tensor.name for tensor in tensors]
    index: Any = names.index(which) if isinstance(which, str) and which in names else which
    if not isinstance(index, int) or isinstance(index, bool) or not 0 <= index < len(tensors):
        raise InputError(f"input {_options.shown(which)}: the model has {', '.join(map(repr, names))}")
    return tensors[index]


@_options.checked_calls
class Model:
    """A compiled model: an integer program with its weights (secret). Made by :func:`compile` or :meth:`load`; immutable, and may
    be used by any number of threads."""

    def __init__(self, native: _native.Model) -> None:
        self._native = native

    @classmethod
    def load(cls, path: _files.Path) -> "Model":
        """The model of a .zkmodel file, also one that the program ``zkinfer compile`` wrote.

        Raises: FileError where it cannot be read, InputError where it is another kind of file or cut.

        Examples:
            >>> model = zkinfer.Model.load("network.zkmodel")
        """
        return cls(_native.Model.open(_files.name_of(path)))

    @classmethod
    def from_bytes(cls, data: bytes) -> "Model":
        """The model of a .zkmodel file's bytes. Raises: InputError where they are something else or cut.

        Examples:
            >>> zkinfer.Model.from_bytes(model.to_bytes())
        """
        return cls(_native.Model.from_bytes(_options.data("Model.from_bytes", data)))

    def to_bytes(self) -> bytes:
        """The bytes of a .zkmodel file: secret, they hold the weights."""
        return self._native.to_bytes()

    def save(self, path: _files.Path) -> None:
        """Writes a .zkmodel file, readable by its owner only: it holds the weights.

        Raises: FileError where it cannot be written, InputError where another kind of file has the name, which is never replaced.

        Examples:
            >>> model.save("network.zkmodel")
        """
        _files.write(path, self.to_bytes(), "model package", secret=True)

    @property
    def name(self) -> str:
        """What verifiers are shown, as compile(name=..) said it."""
        return self._native.name

    @property
    def inputs_info(self) -> list[_native.TensorInfo]:
        """Name, shape and format of each input."""
        return self._native.inputs

    @property
    def outputs_info(self) -> list[_native.TensorInfo]:
        """Name, shape and format of each output."""
        return self._native.outputs

    @property
    def num_parameters(self) -> int:
        """Integers that are committed to: weights, biases and thresholds."""
        return self._native.num_parameters

    @property
    def num_segments(self) -> int:
        """Segments that are proven on their own; 1: it is not cut."""
        return self._native.num_segments

    @property
    def record(self) -> _native.CompileRecord:
        """What compiling found: ``measured_error`` beside ``float_target``, both relative to an output's largest element, and
        ``notes``, the warnings first."""
        return self._native.record

    @property
    def preprocessing(self) -> dict[str, Any]:
        """What was done to the calibration data before they were given, as compile(preprocessing=..) said it; empty: nothing. The program
        does it to files; arrays are taken as they are."""
        given = self._native.preprocessing
        parts = {"scale": given.scale, "mean": list(given.mean), "std": list(given.std)}
        return {name: value for name, value in parts.items() if value not in (None, [])}

    @property
    def quantization(self) -> str:
        """A table for people: scale and bits of every layer."""
        return self._native.quantization

    @property
    def structure_digest(self) -> str:
        """Hexadecimal Keccak-256 of what is computed, without weights."""
        return self._native.structure_digest.hex()

    def run(self, inputs: _data.Inputs, *, progress: _progress.Progress = None) -> RunResult:
        """The integer inference that :meth:`Prover.prove` would prove.

        Args:
            inputs: one array in the input's shape (axes of length 1 may be left out), a dict by input name, or a list of arrays; or the path of a
                .npy, .npz, .json, .png or IDX file, to which ``preprocessing`` is done.
            progress: True for a bar, or a function of (stage, fraction).
        Returns: a :class:`RunResult`. Values outside of the range that the model takes are cut off there: a ClippingWarning says it, and
            ``RunResult.num_clipped`` how many.
        Raises: InputError for a wrong shape, dtype, name or a value that is no finite number; FileError for a file that cannot be read.

        Examples:
            >>> model.run(x).output
        """
        with _progress.reporting(progress, "run") as report:
            result = self._native.run(_data.inputs(inputs, self.inputs_info, self._native.preprocessing), report)
        _data.warn_of_clipping(result.clipping, "the result is of", 3)
        return RunResult(self, result)

    def generate(
        self,
        prompt: "_generation.Prompt",
        *,
        tokens: Optional[int] = None,
        tokenizer: Union[None, "_generation.Tokenizer", _files.Path] = None,
        stream: "_generation.Stream" = None,
        special: bool = True,
        temperature: Optional[float] = None,
        top_k: Optional[int] = None,
        top_p: Optional[float] = None,
        repetition_penalty: Optional[float] = None,
        context: Union[None, bytes, str] = None,
        progress: _progress.Progress = None,
    ) -> "_generation.Answer":
        """What a language model says to a prompt, without a proof: at each step the token of the largest score, or one that is drawn.

        Args:
            prompt: a text, which needs the tokenizer, or a list of tokens.
            tokens: at most this many tokens of the answer, 64 by default; a token that ends a text, or what the model was compiled to read, may end it
                earlier. Where the latter must, a ModelWarning says it.
            tokenizer: the model's, a Tokenizer or the path of its file.
            stream: what is called with the text as it comes (without a tokenizer: with each token), and ends the answer where it returns False; True
                prints it.
            special: special tokens that the prompt holds are read as such; False for text of strangers.
            temperature: of models compiled with ``candidates``: draws each token with the probabilities of the scores divided by this, 0 to 2.
            top_k, top_p: draws from so many best tokens; from the best ones that together have this share of the probability.
            repetition_penalty: 0.5 to 2: scores of tokens that are there already are divided by it, those below 0 multiplied.
            context: up to 16 bytes from which what is drawn comes.
            progress: True for a bar, or a function of (stage, fraction).
        Returns: an Answer, with ``text`` and ``tokens``.
        Raises: InputError for a model that gives no choices (compiled with another head), a rule that it has no candidates for, tokens that it does not know, or a prompt that fills what it
            reads.

        Examples:
            >>> model.generate("Once upon a time", tokenizer="tokenizer.bin").text
        """
        from . import _generation

        with _progress.reporting(progress, "generate") as report:
            rule = _generation.rule_of(temperature, top_k, top_p, repetition_penalty)
            bound = _generation.context_of(context)
            return _generation.answer_of(self, prompt, tokens, tokenizer, stream, special, rule, bound, report)

    def embed(
        self,
        text: "_generation.Prompt",
        *,
        tokenizer: Union[None, "_generation.Tokenizer", _files.Path] = None,
        special: bool = True,
        progress: _progress.Progress = None,
    ) -> "_embedding.Embedding":
        """What an encoder makes of a text, without a proof.

        Args:
            text: a text, which needs the tokenizer, or a list of tokens with those that the model wants around a text: as many as it reads, or fewer where
                it knows padding.
            tokenizer: the model's, a Tokenizer or the path of its file.
            special: special tokens that the text holds are read as such; False for text of strangers.
            progress: True for a bar, or a function of (stage, fraction).
        Returns: an Embedding, with ``vector`` and ``tokens``.
        Raises: InputError for a model that reads no text, tokens that it does not know, or more of them than it reads.

        Examples:
            >>> model.embed("A cat sat on the mat", tokenizer="all-MiniLM-L6-v2").vector
        """
        from . import _embedding

        return _embedding.of_model(self, text, tokenizer, special, progress)

    def encoder_text(self, tokens: Sequence[int]) -> list[int]:
        """A text's tokens as an encoder reads them: filled up with its padding token (``record.pad_token``), which no word sees.

        Raises: InputError for a model that reads no text, tokens that it does not know, more than it reads, or, without padding, fewer.

        Examples:
            >>> model.encoder_text(tokenizer.encode("A cat"))
        """
        from . import _embedding

        return _embedding.padded(self, tokens)

    def input_digest(self, values: Any, *, input: Union[int, str] = 0, hash: str = "sha256") -> str:
        """The hexadecimal digest of an input as the model reads it: what a verifier gives to :func:`verify` where inputs are bound by a hash.

        Args:
            values: an array in the input's shape. input: its index or name. hash: "sha256" or "keccak256".
        Raises: InputError for a wrong shape, dtype, name or hash.

        Examples:
            >>> zkinfer.verify(proof, key, inputs={"image": model.input_digest(x)})
        """
        tensor = tensor_of(self.inputs_info, input)
        kind = getattr(_native.TensorHash, _options.choice("hash", hash, ("sha256", "keccak256")))
        return _native.hash_data(kind, _native.input_bytes(tensor, _data.inputs(values, [tensor])[0])).hex()

    def report(self, samples: Any = None, *, progress: _progress.Progress = None) -> _native.ModelReport:
        """What the model is made of and what each layer costs to prove.

        Args:
            samples: inputs (N, ..), as calibration of :func:`compile`, on which values that are cut off are counted.
            progress: True for a bar, or a function of (stage, fraction).
        Raises: InputError for samples that do not fit.

        Examples:
            >>> model.report().total_cost.seconds
        """
        with _progress.reporting(progress, "report") as report:
            if samples is None:
                return self._native.report([], report)
            measured = Model(_native.greedy_model(self._native))  # of one that samples the inputs are tokens alone
            return measured._native.report(_data.samples(samples, measured.inputs_info, "samples", self._native.preprocessing), report)

    def commit(
        self,
        *,
        inputs: str = "private",
        outputs: str = "public",
        public_parameters: bool = False,
        proofs: Optional[int] = None,
        tensor_budget: Optional[int] = None,
        security_bits: int = 128,
        decoding: str = "johnson",
        profile: str = "balanced",
        pow_bits: Optional[int] = None,
        zero_knowledge: bool = True,
        certify: bool = True,
        progress: _progress.Progress = None,
    ) -> "Prover":
        """Commits to the weights, once: they get a public name and stay secret.

        Args:
            inputs, outputs: who sees them: "private", "public" or "committed", also with a hash of their bytes as in
                "private:sha256" or "public:keccak256".
            public_parameters: the weights are public; whoever has the model derives the same key.
            proofs: how many (and batches) it may serve, at least 1; a default by model size. More make larger proofs. The commitment's budget,
                which ``--budget`` of the program says, has slots for the certificate and for one rotation besides.
            tensor_budget: proofs that a commitment to an input or output may serve.
            security_bits: soundness error at most 2^-security_bits, at most 128.
            decoding: "johnson", or "unique": larger proofs, without the theorem of a preprint.
            profile: what proofs prefer: "fast" makes them in about half the time with a third more bytes, "small" makes them smaller, as
                contracts pay for bytes, and takes seconds of a core for each.
            pow_bits: of security_bits, those that rest on searching for nonces; by default what the profile says (16, 12, 22).
            zero_knowledge: False only where everything is public.
            certify: also prove, once, that the weights are integers in their ranges. Verifiers ask for it. Later, :meth:`Prover.certify`
                takes one of the proofs.
            progress: True for a bar, or a function of (stage, fraction).
        Returns: the :class:`Prover`; its ``public`` is the key for everybody. Choices that prove or hide next to nothing are warned of (ModelWarning).
        Raises: InputError for options that do not go together; BudgetError where it needs too much memory.

        Examples:
            >>> key = model.commit(inputs="public", proofs=1000)
            >>> key.save("network.zksecret")
        """
        from ._prover import Prover

        options = _native.CommitOptions()
        options.inputs, options.outputs = _policy("inputs", inputs), _policy("outputs", outputs)
        options.public_parameters = _options.flag("public_parameters", public_parameters)
        certified = _options.flag("certify", certify) and not public_parameters and self.num_parameters > 0
        if proofs is not None:
            if public_parameters:
                raise InputError("proofs= with public_parameters=True: nothing is hidden, so nothing is counted; leave it out")
            options.budget = slots_for(proofs, certified)
        if tensor_budget is not None:
            options.tensor_budget = _options.integer("tensor_budget", tensor_budget, 1)
        security = _native.Security()
        security.bits = _options.integer("security_bits", security_bits, 1, 1000)
        security.profile = getattr(_native.Profile, _options.choice("profile", profile, ("balanced", "fast", "small")))
        usual = _native.usual_pow_bits(security.profile)
        security.pow_bits = usual if pow_bits is None else _options.integer("pow_bits", pow_bits, 0, 1000)
        security.zero_knowledge = _options.flag("zero_knowledge", zero_knowledge)
        security.decoding = getattr(_native.Decoding, _options.choice("decoding", decoding, ("johnson", "unique")))
        options.security = security
        for text in _native.commit_warnings(self._native, options):
            warnings.warn(f"{self.name}: {text}", ModelWarning, stacklevel=3)
        with _progress.reporting(progress, "commit") as report:
            native = _native.Prover.create(self._native, options, _progress.part(report, 0, 0.5 if certified else 1))
            certificate: Optional[bytes] = native.certify(_progress.part(report, 0.5, 1)) if certified else None
        prover = Prover(self, native, certificate)
        prover.public  # checked once, here
        return prover

    def __reduce__(self) -> Any:
        return Model.from_bytes, (self.to_bytes(),)

    @property
    def trained(self) -> bool:
        """Whether the weights were trained as integers (zkinfer.torch.IntegerModule) after compiling: then no float network is theirs."""
        return self.record.num_measured == 0 and any("trained as integers" in note.text for note in self.record.notes)

    def __repr__(self) -> str:
        record = self.record
        error = "trained as integers" if self.trained else f"error {100 * record.measured_error:.2g} %, asked for {record.target_text}"
        if any(note.text.startswith("no calibration inputs were given") for note in record.notes):
            error += ", measured on random inputs"
        shapes = ", ".join(f"{t.name}{tuple(t.shape)}" for t in self.inputs_info)
        return (
            f"<zkinfer.Model {self.name!r}: {shapes} -> {', '.join(f'{t.name}{tuple(t.shape)}' for t in self.outputs_info)}, "
            f"{self.num_parameters} parameters, {error}>"
        )

    def _repr_html_(self) -> str:
        from . import _html

        return _html.model(self)
