# SPDX-License-Identifier: Apache-2.0
"""A model with its commitment."""

from __future__ import annotations

import io
import os
import threading
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Callable, Optional, TypeVar, Union

import numpy as np

from . import _data, _embedding, _evaluation, _files, _generation, _native, _options, _progress, _sealed
from ._key import VerificationKey
from ._model import Model, slots_for
from ._proofs import Batch, JointProof, Proof, reals
from ._tensors import CommittedTensor
from ._verify import context_bytes
from .errors import BudgetError, InputError

_T = TypeVar("_T")
_ABOUT = "the proof is about"
_MOST_TRIES = 4  # others may use up what was just made

_NO_LIMIT_SECONDS, _NO_LIMIT_BYTES = 4e9, 1 << 62  # for a key of one's own


@_options.checked_calls
class Prover:
    """A model with its commitment: makes proofs (secret). Made by :meth:`Model.commit` or :meth:`open`.

    Any number of threads may prove with one at once; each proof takes a slot of the budget for good before anything is computed.
    """

    def __init__(self, model: Model, native: _native.Prover, certificate: Optional[bytes] = None) -> None:
        self._model, self._native = model, native
        self._certificate = certificate
        self._public: Optional[VerificationKey] = None
        self._lock = threading.Lock()
        self._secret_path: Optional[str] = None
        self._root = False
        self._path: Optional[bytes] = None  # from the root's key to this native prover's

    @classmethod
    def open(
        cls, model: Model, path: _files.Path, *, certificate: Optional[_files.Path] = None, progress: _progress.Progress = None
    ) -> "Prover":
        """The same commitment again, from the .zksecret file that :meth:`save` or the program ``zkinfer commit`` wrote, where its slots are counted.

        What ``zkinfer commit`` makes is a root, whose name lives as long as the weights: proofs are made under commitments below it, in the folder
        beside the secret (network.zkserving), new ones as needed; ``Proof.path`` leads from the root's key to them.

        Args:
            model: the one that it was made of.
            path: of the .zksecret file.
            certificate: the key's .zkcert; by default the one beside the secret (network.zksecret, network.zkcert), if there is one.
            progress: True for a bar, or a function of (stage, fraction).
        Raises: FileError, InputError for another kind of file or another model's, Rejected for a certificate that is none of this commitment.

        Examples:
            >>> key = zkinfer.Prover.open(zkinfer.Model.load("network.zkmodel"), "network.zksecret")
        """
        path = _files.name_of(path)
        _options.instance("model", model, Model, "zkinfer.compile, Model.load")
        root, serving_path = _native.role_of_file(path).name == "root", None
        with _progress.reporting(progress, "open") as report:
            if root:
                native, serving_path = _native.serve(model._native, path, report, 1)
            else:
                native = _native.Prover.open(model._native, path, report)
        beside = _files.certificate_beside(path)
        if certificate is None and os.path.isfile(beside):
            certificate = beside
        prover = cls(model, native, _files.read(certificate, "certificate") if certificate is not None else None)
        prover._secret_path, prover._root, prover._path = path, root, serving_path
        prover.public  # a certificate that is none of this commitment is found here
        return prover

    def save(self, path: _files.Path) -> None:
        """Writes the secret and the count of used slots to a new .zksecret file, from which later slots are taken, and the
        certificate beside it. Keep the file: nothing else can make proofs under this name, and copies would use slots twice.

        Raises: FileError where it cannot be written, InputError where there is a file of that name.

        Examples:
            >>> key.save("network.zksecret")
        """
        path = _files.name_of(path)
        _files.check_new(path)
        if self._certificate is not None:
            _files.check_target(_files.certificate_beside(path), "certificate")
            # First: a secret that is there cannot be saved again.
            _files.write(_files.certificate_beside(path), self._certificate, "certificate")
        try:
            self._native.save(path)
        except BaseException:
            if self._certificate is not None:
                os.unlink(_files.certificate_beside(path))
            raise
        self._secret_path = path

    @property
    def model(self) -> Model:
        """What it proves inferences of."""
        return self._model

    @property
    def public(self) -> VerificationKey:
        """What verifiers need, with the certificate where there is one."""
        with self._lock:
            if self._public is None:
                is_public = self._native.options.public_parameters
                key = _native.root_key(self._model._native, self._secret_path) if self._root and self._secret_path else self._native.verification_key
                self._public = VerificationKey(
                    key,
                    certificate=self._certificate,
                    model=self._model if is_public and self._model.num_parameters > 0 else None,
                    min_security_bits=0,
                    max_seconds=_NO_LIMIT_SECONDS,
                    max_memory_bytes=_NO_LIMIT_BYTES,
                )
            return self._public

    def certify(self, *, progress: _progress.Progress = None) -> bytes:
        """Proves, once, that every weight is an integer in its range; ``public`` has the certificate from then on. Takes a slot.

        Args:
            progress: True for a bar, or a function of (stage, fraction).
        Returns: the bytes of the .zkcert file.
        Raises: BudgetError where no slot is left, InputError below a root.

        Examples:
            >>> key = model.commit(certify=False)
            >>> key.certify()
        """
        if self._root:
            raise InputError("the certificate of a root is made by `zkinfer commit` or `zkinfer certify`; keep it beside the secret")
        with _progress.reporting(progress, "certify") as report:
            certificate = self._native.certify(report)
        with self._lock:
            self._certificate, self._public = certificate, None
        return certificate

    @property
    def num_proofs_left(self) -> Optional[int]:
        """Proofs that the budget still allows; None with public parameters, which need no budget."""
        whole = self._native.all_slots
        if whole.total == 0:
            return None
        if self._root and self._secret_path is not None:
            return _native.num_proofs_under(self._secret_path)
        if self._secret_path is not None:
            return _native.slots_of_file(self._secret_path).num_left
        return whole.num_left - self._native.proofs_made

    @property
    def num_slots(self) -> Optional[int]:
        """What the commitment was made for, used or not: proofs, certificate and a rotation; None with public parameters."""
        return self._native.all_slots.total or None

    @property
    def price(self) -> _native.BudgetPrice:
        """What the budget costs: ``opening_bytes`` of each proof, ``committed_elements`` that each proof encodes, ``code_word_bytes`` once."""
        return self._native.price

    def circuit_report(self) -> str:
        """Sizes of what is proven, for people."""
        return self._native.circuit_report

    def audit_key(self) -> bytes:
        """The bytes that show an auditor who has the model that the key commits to it (``zkinfer commitment check``). Secret towards all others."""
        return self._native.audit_key()

    def _under_next(self, prove: Callable[[_native.Prover], _T]) -> tuple[_T, Optional[bytes]]:
        """prove under this commitment; below a root, where it is used up, under the next."""
        for _ in range(_MOST_TRIES):
            native, path = self._native, self._path
            try:
                return prove(native), path
            except BudgetError:
                if not self._root or self._secret_path is None:
                    raise
                with self._lock:
                    if self._native is native:
                        following, following_path = _native.serve(self._model._native, self._secret_path, None, 1)
                        if following.verification_key == native.verification_key:
                            raise  # something else is used up
                        self._native, self._path = following, following_path
        return prove(self._native), self._path

    def prove(
        self,
        inputs: Union[_data.Inputs, CommittedTensor, Sequence[CommittedTensor]],
        *,
        context: Union[None, bytes, str] = None,
        refuse_clipping: bool = False,
        progress: _progress.Progress = None,
    ) -> Proof:
        """Proves one inference.

        Args:
            inputs: one array in the input's shape (axes of length 1 may be left out), a dict by input name, or a list in the model's order; real
                numbers or integers of any dtype; or the path of a .npy, .npz, .json, .png or IDX file, to which ``Model.preprocessing`` is done. Where
                inputs are committed: a CommittedTensor per input.
            context: up to 32 bytes bound into the proof, against replay: a nonce of the verifier, an order number.
            refuse_clipping: raise InputError, before a slot is taken, where values lie outside of the range that the model takes; otherwise a
                ClippingWarning and ``Proof.num_clipped`` say it, and the proof is about the nearest ends of the range.
            progress: True for a bar, or a function of (stage, fraction).
        Returns: a :class:`Proof`.
        Raises: InputError for a wrong shape, dtype or name, or a value that is no finite number; BudgetError when the proofs are used up;
            FileError for a file that cannot be read; Cancelled where progress returned False.

        Examples:
            >>> proof = key.prove(x, context=nonce)
            >>> proof.save("x.zkproof")
        """
        _options.flag("refuse_clipping", refuse_clipping)
        arrays: list[np.ndarray] = []
        committed: list[_native.CommittedTensor] = []
        if isinstance(inputs, CommittedTensor):
            committed = [inputs._native]
        elif isinstance(inputs, Mapping) and inputs and all(isinstance(value, CommittedTensor) for value in inputs.values()):
            committed = [value._native for value in _data.by_name(inputs, self._model.inputs_info)]
        elif isinstance(inputs, (list, tuple)) and inputs and all(isinstance(value, CommittedTensor) for value in inputs):
            committed = [value._native for value in inputs]
        else:
            arrays = _data.inputs(inputs, self._model.inputs_info, self._model._native.preprocessing)
        bound = context_bytes(context)
        with _progress.reporting(progress, "prove") as report:
            result, path = self._under_next(lambda native: native.prove(arrays, committed, bound, refuse_clipping, report))
        _data.warn_of_clipping(result.clipping, _ABOUT, 3)
        return Proof._made(result, self._model, self.public, path)

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
        hide: Optional[str] = None,
        after: Optional["_generation.Answer"] = None,
        progress: _progress.Progress = None,
    ) -> "_generation.Answer":
        """Answers a prompt, as :meth:`Model.generate` does, and proves every token of the answer with one proof, for :func:`verify_generation`.

        The key must show inputs and outputs (``model.commit(inputs="public")``), but of a model compiled with ``hidden_text``.

        Args:
            prompt, tokens, tokenizer, stream, special, temperature, top_k, top_p, repetition_penalty: as of :meth:`Model.generate`.
            context: up to 16 bytes bound into the proof, against replay, and from which what is drawn comes: of the verifier, who gives them once
                model and prompt are fixed. Without them the proof says that the prover chose what was drawn.
            hide: "prompt", "answer" or "both": what the proof does not show, of a model compiled with ``hidden_text`` and a key that hides inputs.
            after: of a model compiled with ``conversation``: the Answer to go on from, which this process has proven; for :func:`verify_conversation`.
            progress: True for a bar, or a function of (stage, fraction).
        Returns: an Answer with its ``proof``.
        Raises: as :meth:`Model.generate` and :meth:`prove`; InputError too where the key hides inputs or outputs, or its structure allows the model
            to look ahead.

        Examples:
            >>> answer = key.generate("Once upon a time", tokenizer="tokenizer.bin", stream=True)
            >>> answer.save("story.zkproof")
        """
        rule = _generation.rule_of(temperature, top_k, top_p, repetition_penalty)
        return _generation.prove(self, prompt, tokens, tokenizer, stream, special, rule, context, hide, after, progress)

    def embed(
        self,
        text: "_generation.Prompt",
        *,
        tokenizer: Union[None, "_generation.Tokenizer", _files.Path] = None,
        special: bool = True,
        context: Union[None, bytes, str] = None,
        progress: _progress.Progress = None,
    ) -> "_embedding.Embedding":
        """Proves what an encoder makes of a text, for :func:`verify_embedding`. Whether verifiers see the text, ``model.commit(inputs=..)`` says.

        Args:
            text, tokenizer, special: as of :meth:`Model.embed`.
            context, progress: as of :meth:`prove`.
        Returns: an Embedding with its ``proof``.
        Raises: as :meth:`Model.embed` and :meth:`prove`; InputError too where the key's inputs are committed.

        Examples:
            >>> key.embed("A cat sat on the mat", tokenizer="all-MiniLM-L6-v2").save("cat.zkproof")
        """
        return _embedding.of_prover(self, text, tokenizer, special, context, progress)

    def prove_batch(
        self, inputs: Any, *, context: Union[None, bytes, str] = None, refuse_clipping: bool = False, progress: _progress.Progress = None
    ) -> Batch:
        """One proof of many inferences, which takes one slot: smaller and faster than as many proofs.

        Args:
            inputs: as calibration of :func:`compile`: an array (N, ..), a dict of them by name, an iterable of samples, or files or a folder.
            context, refuse_clipping, progress: as of :meth:`prove`.
        Returns: a :class:`Batch`, for :func:`verify_batch`.
        Raises: as :meth:`prove`.

        Examples:
            >>> batch = key.prove_batch(table)
            >>> [row.output for row in zkinfer.verify_batch(batch, key.public)]
        """
        _options.flag("refuse_clipping", refuse_clipping)
        rows = _data.samples(inputs, self._model.inputs_info, "inputs", self._model._native.preprocessing)
        bound = context_bytes(context)
        with _progress.reporting(progress, "prove") as report:
            result, path = self._under_next(lambda native: native.prove_batch(rows, bound, refuse_clipping, report))
        batch = Batch(result.proof)
        batch.path = path
        batch.rows = [reals(self._model.outputs_info, row.outputs)[1] for row in result.rows]
        batch.clipping, batch.stats = [row.clipping for row in result.rows], result.stats
        for row in result.rows:
            _data.warn_of_clipping(row.clipping, _ABOUT, 3)
        return batch

    def prove_joint(
        self, inputs: Any, contexts: Sequence[Union[bytes, str]], *, seats: Optional[int] = None, refuse_clipping: bool = False,
        progress: _progress.Progress = None,
    ) -> JointProof:  # fmt: skip
        """One proof of several people's requests, which takes one slot: each checks his own with :func:`verify_joint`, and learns nothing of the others'.

        Whatever the key says of inputs and outputs, the proof shows none. Proving the same requests again makes other seats.

        Args:
            inputs: as of :meth:`prove_batch`, a row for each request.
            contexts: of each request its own, up to 32 bytes: a nonce of its owner.
            seats: of the proof, a power of two, which all of them learn; by default the least.
            refuse_clipping, progress: as of :meth:`prove`.
        Returns: a :class:`JointProof`, with a seat for each request.
        Raises: as :meth:`prove`; InputError too where a context comes twice, or the key has no zero knowledge or commits to inputs or outputs.

        Examples:
            >>> joint = key.prove_joint(table, [os.urandom(32) for row in table])
            >>> seat = zkinfer.Seat(joint.seats[0], {"x": table[0]}, {"y": joint.integers[0][0]})
            >>> zkinfer.verify_joint(joint, seat, key.public)[0].output
        """
        _options.flag("refuse_clipping", refuse_clipping)
        rows = _data.samples(inputs, self._model.inputs_info, "inputs", self._model._native.preprocessing)
        if not isinstance(contexts, Iterable) or isinstance(contexts, (str, bytes, io.IOBase)):
            raise InputError(f"contexts: {_options.shown(contexts)}, expected a list of contexts, one for each request")
        bound = [context_bytes(context) for context in contexts]
        least = _options.integer("seats", seats, 1, 1 << 20) if seats is not None else 0
        with _progress.reporting(progress, "prove") as report:
            result, path = self._under_next(lambda native: native.prove_joint(rows, bound, least, refuse_clipping, report))
        joint = JointProof(result.proof)
        joint.path, joint.stats, joint.seats = path, result.stats, [row.seat for row in result.rows]
        made = [reals(self._model.outputs_info, row.outputs) for row in result.rows]
        joint.integers, joint.rows = [row[0] for row in made], [row[1] for row in made]
        for row in result.rows:
            _data.warn_of_clipping(row.clipping, _ABOUT, 3)
        return joint

    @property
    def usual_seats(self) -> int:
        """How many seats of a joint proof suit time and memory, at most 128; 1: this key has no joint proofs."""
        return self._native.usual_seats

    def evaluate(
        self,
        data: Union["_evaluation.DataSet", _files.Path],
        metric: str = "accuracy",
        *,
        by_group: bool = False,
        output: int = 0,
        chunk: Optional[int] = None,
        totals_only: bool = False,
        sample: Optional[int] = None,
        nonce: Union[None, bytes, str] = None,
        context: Union[None, bytes, str] = None,
        progress: _progress.Progress = None,
    ) -> "_evaluation.Evaluation":
        """Proves how the model does on a data set, for :func:`verify_evaluation`; predictions of single rows stay hidden, what each chunk counts is shown.

        Args:
            data: a :class:`DataSet`, or the path of a .zkset file.
            metric: "accuracy", "confusion" (rows of each label and class, from which precision, recall and F1 follow), "top-5" and the like, "auc" (of class 1; "auc-3" of class 3), or, of targets, "mse" and "mae"; "perplexity" of scores of
                classes or tokens at one or more positions, whose numbers are the labels, or the targets where there are several positions.
            by_group: count each group of the data set on its own.
            output: which of the model's outputs.
            chunk: rows that one proof has, which takes a slot; by default as many as suit time and memory.
            totals_only: hide what single chunks count, at a commitment more each; always so for an AUC.
            sample, nonce: prove so many of the rows, which the nonce chooses: 32 bytes or 64 hexadecimal digits, drawn by whoever will check, when he had key and data set.
            context, progress: as of :meth:`prove`.
        Returns: an :class:`Evaluation`.
        Raises: InputError for labels that are no classes, or rows of another shape; BudgetError where fewer slots are left than chunks.

        Examples:
            >>> evaluation = key.evaluate(zkinfer.DataSet(images, labels))
            >>> zkinfer.verify_evaluation(evaluation, key.public, data).value
        """
        rows = data if isinstance(data, _evaluation.DataSet) else _evaluation.DataSet.load(data)
        numbers = _evaluation.metric_numbers(metric, output, by_group, rows)
        chunk_rows = _options.integer("chunk", chunk, 1, 1 << 26) if chunk is not None else 0
        bound = context_bytes(context)
        drawn = _evaluation.nonce_bytes(nonce)
        if (sample is None) != (nonce is None):
            raise InputError("sample and nonce go together: so many rows, and the nonce of whoever will check them")
        sampled = _options.integer("sample", sample, 1, 1 << 26) if sample is not None else 0
        request = _native.EvaluationRequest(numbers, chunk_rows, _options.flag("totals_only", totals_only), sampled, drawn, bound)
        count = _native.evaluation_chunks(self._native, rows._native, request)
        with _progress.reporting(progress, "evaluate") as report:
            native, path = self._with_slots(count, "the evaluation", "use larger chunks (chunk=)")
            proof, clipping = _native.evaluate(native, rows._native, request, bytes.fromhex(self.public.identity), report)
        _data.warn_of_clipping(clipping, _ABOUT, 3)
        evaluation = _evaluation.Evaluation(proof)
        evaluation.path = path
        return evaluation

    def seal(self, sale: Union[None, bytes, str] = None, *, progress: _progress.Progress = None) -> "_sealed.Sealed":
        """Encrypts the weights under a fresh key of two shares and proves that the ciphertext is these, for :func:`verify_sealed`. Takes a slot for each proof.

        Args:
            sale: up to 32 bytes that both are bound to: an order, the offer of a contract.
            progress: as of :meth:`prove`.
        Returns: a :class:`Sealed`: ``weights`` and ``proof``, which are public, and ``shares``, secret.
        Raises: InputError where the weights are public, or the model is cut into segments; BudgetError where too few slots are left.

        Examples:
            >>> weights, proof, shares = key.seal("order-4711")
            >>> zkinfer.unseal(weights, proof, key.public, shares).run(x)
        """
        bound = context_bytes(sale)
        count = _native.seal_chunks(self._native)
        with _progress.reporting(progress, "seal") as report:
            native, path = self._with_slots(count, "sealing", "commit with more (proofs=)")
            sealed, proof, k1, k2 = _native.seal(native, bound, report)
        made = _sealed.Sealed(_sealed.SealedWeights(sealed), _sealed.EncryptionProof(proof), _sealed.KeyShares(k1, k2))
        made.proof.path = path
        return made

    def _with_slots(self, count: int, what: str, remedy: str) -> tuple[_native.Prover, Optional[bytes]]:
        """A commitment that has so many slots left: this one; below a root also another."""
        total, secret = self._native.all_slots.total, self._secret_path if self._root else None
        left = self.num_proofs_left if secret is None else total - 1
        if left is not None and total > 0 and left < count:
            raise BudgetError(f"{what} takes {count} slots of one commitment, a proof each, and there are {left}; {remedy}")
        if secret is None:
            return self._native, self._path
        with self._lock:
            self._native, self._path = _native.serve(self._model._native, secret, None, count)
            return self._native, self._path

    def rotate(
        self, *, proofs: Optional[int] = None, certify: bool = True, progress: _progress.Progress = None
    ) -> tuple["Prover", bytes]:
        """The next commitment to the same model, and the proof that it holds the same weights; works with no proof left too.

        Args:
            proofs: of the new one, as of :meth:`Model.commit`; by default, as many slots as this one has.
            certify: also make a certificate under it.
        Returns: the new Prover, whose ``public`` is a new key, and the rotation, public bytes for :func:`zkinfer.verify_rotation`.
        Raises: InputError with public parameters, whose keys are never used up, and below a root, where the next commitment is made by
            itself; BudgetError where not even the slot that is kept for this is left.

        Examples:
            >>> fresh, rotation = key.rotate()
            >>> zkinfer.verify_rotation(key.public, fresh.public, rotation)
        """
        if self._root:
            raise InputError("rotate: below a root the next commitment is made when it is needed; ahead of that, by `zkinfer rotate`")
        options = self._native.options
        if options.public_parameters:
            raise InputError("rotate: the weights are public, nothing is counted, and the key serves any number of proofs")
        certified = _options.flag("certify", certify) and self._model.num_parameters > 0
        if proofs is not None:
            options.budget = slots_for(proofs, certified)
        with _progress.reporting(progress, "rotate") as report:
            fresh = _native.Prover.create(self._model._native, options, _progress.part(report, 0, 0.3))
            rotation = self._native.rotate(fresh, _progress.part(report, 0.3, 0.65 if certified else 1))
            certificate: Optional[bytes] = fresh.certify(_progress.part(report, 0.65, 1)) if certified else None
        prover = Prover(self._model, fresh, certificate)
        prover.public  # a certificate is checked here
        return prover, rotation

    def __reduce__(self) -> Any:
        raise InputError("a Prover counts how often it was used and is not copied; save it and open the file, in one process at a time or many")

    def __repr__(self) -> str:
        left = self.num_proofs_left
        return f"<zkinfer.Prover of {self._model.name!r}: {'any number of' if left is None else left} proofs left, identity {self.public.identity[:16]}..>"

    def _repr_html_(self) -> str:
        return self.public._repr_html_()
