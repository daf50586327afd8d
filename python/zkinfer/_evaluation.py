# SPDX-License-Identifier: Apache-2.0
"""How a committed model does on a data set: data sets, evaluations and their checks."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Optional, Union

import numpy as np

from . import _data, _files, _native, _options
from ._key import VerificationKey
from ._proofs import _ProofFile
from ._verify import Context, _key_of, _proof_bytes, _remedy, _request, _serving, accept
from .errors import InputError, Rejected


def _whole(what: str, values: Any) -> list[int]:
    try:
        array = np.asarray(values)
    except Exception as error:  # rows of unlike lengths, or an object's own __array__
        raise InputError(f"{what}: no array ({error}), expected a whole number for each row") from None
    if array.ndim != 1 or not np.issubdtype(array.dtype, np.number) or not np.array_equal(array, array.astype(np.int64)):
        raise InputError(f"{what}: an array of shape {array.shape} and type {array.dtype}, expected a whole number for each row")
    return [int(value) for value in array]


@_options.checked_calls
class DataSet:
    """Rows with labels or targets, under one digest: what :meth:`Prover.evaluate` and :func:`verify_evaluation` are about, given to everybody (.zkset).

    Args:
        inputs: an array (N, ..) of what the model takes, or a dict of them by input name, in the model's order.
        labels: N whole numbers, the classes; or, for the metrics "mse" and "mae",
        targets: an array (N, ..) of what the model's output should be.
        groups: N whole numbers from 0 on, for ``by_group``.
        name: what people call it; no part of the digest.
    Raises: InputError where they do not fit together, or a value is no number.

    Examples:
        >>> data = zkinfer.DataSet(images, labels, name="test set")
        >>> data.save("test.zkset")
    """

    def __init__(
        self,
        inputs: Union[_data.ArrayLike, Mapping[str, _data.ArrayLike]],
        labels: Any = None,
        *,
        targets: Optional[_data.ArrayLike] = None,
        groups: Any = None,
        name: str = "data set",
    ) -> None:
        if (labels is None) == (targets is None):
            raise InputError("a data set has labels, the class of each row, or targets, what the output should be; give one of them")
        columns = dict(inputs) if isinstance(inputs, Mapping) else {"input": inputs}
        arrays = [_data.array(value, f"input {key!r}") for key, value in columns.items()]
        given = _whole("labels", labels) if labels is not None else []
        wanted = _data.array(targets, "targets") if targets is not None else None
        kinds = _whole("groups", groups) if groups is not None else []
        if any(not 0 <= kind < 1 << 16 for kind in kinds):
            raise InputError("groups: expected numbers from 0 to 65535")
        self._native = _native.DataSet.build(_options.text("name", name), [str(key) for key in columns], arrays, given, wanted, kinds)

    @classmethod
    def _of(cls, native: _native.DataSet) -> "DataSet":
        made = cls.__new__(cls)
        made._native = native
        return made

    @classmethod
    def load(cls, path: _files.Path) -> "DataSet":
        """What a file of :meth:`save` or of ``zkinfer dataset build`` holds. Raises: FileError; InputError for another kind of file, or a damaged one.

        Examples:
            >>> zkinfer.DataSet.load("test.zkset").digest
        """
        return cls._of(_native.DataSet.from_bytes(_files.read(path, "data set")))

    def save(self, path: _files.Path) -> None:
        """Writes a .zkset file. Raises: FileError where it cannot be written, InputError where another kind of file has the name.

        Examples:
            >>> data.save("test.zkset")
        """
        _files.check_target(path, "data set")
        _files.write(path, self._native.to_bytes(), "data set")

    @property
    def digest(self) -> str:
        """Its name, hexadecimal: of all rows, labels and groups, and how they are stored."""
        return self._native.digest.hex()

    @property
    def num_rows(self) -> int:
        """Its rows."""
        return self._native.num_rows

    @property
    def num_groups(self) -> int:
        """Groups that its rows are in; 1 without."""
        return self._native.num_groups

    @property
    def num_duplicates(self) -> int:
        """Rows whose inputs are those of an earlier one."""
        return self._native.num_duplicates

    def __len__(self) -> int:
        return self.num_rows

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DataSet) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    def __reduce__(self) -> Any:
        return _restored, (self._native.to_bytes(),)

    def __repr__(self) -> str:
        return f"<zkinfer.DataSet {self._native.name!r}: {self.num_rows} rows, digest {self.digest[:16]}..>"


def _restored(data: bytes) -> DataSet:
    return DataSet._of(_native.DataSet.from_bytes(data))


class Figure(NamedTuple):
    """A share that follows from counts, exactly: ``numerator`` of ``denominator``; of one group or class where it says so. Of errors times ``factor``, what one unit is worth;
    of a perplexity e to the power of this (``is_exponential``), which are nats for each label."""

    name: str
    group: Optional[int]
    label: Optional[int]
    numerator: int
    denominator: int
    factor: float = 1.0
    is_exponential: bool = False

    @property
    def value(self) -> float:
        """As a number, ``factor * numerator / denominator``, or e to the power of this; nan of nothing."""
        if not self.denominator:
            return float("nan")
        mean = self.factor * self.numerator / self.denominator
        return math.exp(mean) if self.is_exponential else mean


@_options.checked_calls
class Evaluation(_ProofFile):
    """A proof of how a committed model does on a data set (.zkeval), for :func:`verify_evaluation`. Made by :meth:`Prover.evaluate`, read by :meth:`load`."""

    _kind = "evaluation"

    def __repr__(self) -> str:
        return f"<zkinfer.Evaluation: {len(self)} bytes>"


class VerifiedEvaluation:
    """What an accepted evaluation says: the committed model counts this on exactly the rows of the data set; nothing of single rows.

    Attributes:
        metric: "accuracy", "confusion", "top-5", "auc-1", "mse", "mae" or "perplexity"; output: of which output of the model.
        value: the first figure, of shares and AUCs a number between 0 and 1, of errors in the output's units (of "mse" their square), of a perplexity 1 and more; figures: all of them, exact (:class:`Figure`).
        counts: rows by cell; of errors and perplexities sums by group, in units of ``unit`` (of a perplexity in nats) or its square; of an AUC pairs in order counted twice and equal ones once, rows of the class, others.
        chunk_counts: those of each chunk, whose sum they are; empty where totals_only is true.
        r_squared: of "mse", against the targets' mean; else None.
        unrounded: of errors (low, high) of what ``value`` would be, were outputs and targets not rounded to units, which a model of a wide range has large
            ones of, and of a perplexity without the rounding in its head: hold a limit against ``high``. least_r_squared: r_squared then is no smaller. Else None.
        nonce: of a sample the 32 bytes that chose its rows out of set_rows, else None.
        confusion: rows by label (down) and class (across), of the metric "confusion", else None; of several groups with a leading axis.
        num_rows, chunk_rows, num_groups: of the data set, of a proof; first_class: the lowest label.
        data_set: the digest of the data set, hexadecimal.
        context, slots, identity, serving_identity, weights, security_bits: as of a Statement.
    """

    def __init__(self, result: _native.EvaluationResult) -> None:
        self.metric, self.output = result.metric, result.output
        self.figures = [Figure(*figure) for figure in result.figures]
        self.value = self.figures[0].value
        self.counts = np.array(result.counts, dtype=np.int64)
        self.chunk_counts = np.array(result.chunks, dtype=np.int64)
        self.num_rows, self.chunk_rows, self.num_groups = result.num_rows, result.chunk_rows, result.num_groups
        self.totals_only, self.set_rows, self.nonce = result.totals_only, result.set_rows, result.nonce
        self.unit, self.r_squared = result.unit, result.r_squared
        self.unrounded, self.least_r_squared = result.unrounded, result.least_r_squared
        self._result = result
        self.first_class = result.first_class
        shape = (self.num_groups,) * (self.num_groups > 1) + (result.num_classes,) * 2
        self.confusion: Optional[np.ndarray] = self.counts.reshape(shape) if self.metric == "confusion" else None
        self.data_set: str = result.data_set.hex()
        self.slots: Sequence[int] = result.slots
        self.context = Context(result.context)
        self.identity: str = result.root_identity.hex()
        self.serving_identity: str = result.serving_identity.hex()
        self.weights: str = result.weights
        self.security_bits: float = result.security_bits

    def bounds(self, confidence: float = 0.999) -> Optional[tuple[tuple[float, float], tuple[float, float]]]:
        """What the first figure says of other rows, exactly: (low, high) of its share of all rows of the data set (hypergeometric), and of
        rows drawn as these were (Clopper and Pearson). None of what is no share of all rows.

        Args:
            confidence: above 0, below 1.
        Returns: two pairs of numbers from 0 to 1.
        Raises: InputError for another confidence.

        Examples:
            >>> (low, high), _ = checked.bounds(0.99)
        """
        if not 0 < confidence < 1:
            raise InputError(f"confidence: {confidence}, expected a number between 0 and 1")
        return self._result.bounds(confidence)

    def __repr__(self) -> str:
        first = self.figures[0]
        return f"<zkinfer.VerifiedEvaluation: {first.name} {first.numerator} of {first.denominator} on {self.data_set[:16]}.., model {self.identity[:16]}..>"


def metric_numbers(metric: Any, output: Any, by_group: Any, data: DataSet) -> tuple[int, int, int, int]:
    kind, _, _, k = _native.metric_of(_options.text("metric", metric))
    if _options.flag("by_group", by_group) and data.num_groups < 2:
        raise InputError("by_group: the data set has no groups; give them to zkinfer.DataSet(groups=..)")
    return kind, _options.integer("output", output, 0, (1 << 32) - 1), data.num_groups if by_group else 1, k


def nonce_bytes(nonce: Union[None, bytes, str]) -> bytes:
    if nonce is None:
        return b""
    try:
        drawn = bytes.fromhex(nonce) if isinstance(nonce, str) else bytes(nonce)
    except (TypeError, ValueError):
        raise InputError("nonce: expected 32 bytes, or 64 hexadecimal digits") from None
    if len(drawn) != 32 or not any(drawn):
        raise InputError(f"nonce: {len(drawn)} bytes, expected 32 that are drawn, not zeros")
    return drawn


@_options.checked_call
def verify_evaluation(
    evaluation: Union["Evaluation", bytes, _files.Path],
    key: Union[VerificationKey, _files.Path],
    data: Union[DataSet, _files.Path],
    *,
    context: Union[None, bytes, str] = None,
    path: Union[None, bytes, _files.Path] = None,
    nonce: Union[None, bytes, str] = None,
    sample: Optional[int] = None,
    accept_uncertified: bool = False,
) -> VerifiedEvaluation:
    """Checks that the key's model counts on a data set what an evaluation says.

    Args:
        evaluation: an Evaluation, its bytes, or the path of a .zkeval file.
        key, context, path, accept_uncertified: as of :func:`verify`.
        data: the DataSet that you mean, or the path of a .zkset file.
        nonce: the 32 bytes, or 64 hexadecimal digits, that you drew for a sample; asked for where the evaluation is one.
        sample: the number of rows that you asked for with it; another number of rows is another draw, of which a prover could take the best.
    Returns: a :class:`VerifiedEvaluation`, whose ``metric`` and ``output`` are for you to look at.
    Raises: Rejected with ``reason`` and ``where``; InputError where the call itself is wrong.

    Examples:
        >>> zkinfer.verify_evaluation("test.zkeval", "network.zkkey", "test.zkset").value
    """
    key = _key_of(key)
    given = data if isinstance(data, DataSet) else DataSet.load(data)
    bytes_ = _proof_bytes(evaluation, "evaluation")
    key = _serving(key, evaluation, bytes_, path)
    result = _native.verify_evaluation(key._native, bytes_, given._native, _request(key, context, accept_uncertified))
    accept(result.verdict, _remedy(result.verdict))
    drawn = nonce_bytes(nonce)
    asked = None if sample is None else _options.integer("sample", sample, 1, 1 << 26)
    if result.nonce is not None and (not drawn or asked is None):
        raise InputError(
            f"nonce: the evaluation is of {result.num_rows} of {result.set_rows} rows, which a nonce chose; give the one that you drew (nonce=) and the number of rows that you asked for (sample=)"
        )
    if drawn != (result.nonce or b""):
        raise Rejected("wrong statement", "nonce: the rows were chosen by " + (result.nonce.hex() if result.nonce else "none"))
    if asked is not None and asked != result.num_rows:
        raise Rejected("wrong statement", f"sample: the evaluation is of {result.num_rows} rows, expected {asked}")
    return VerifiedEvaluation(result)
