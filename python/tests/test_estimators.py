# SPDX-License-Identifier: Apache-2.0
"""Every estimator of scikit-learn is read, with what it says itself beside it, or refused by its name with what to do (estimator_zoo.py)."""
import warnings

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="scikit-learn is not installed (python3-sklearn)")
pytest.importorskip("onnx", reason="onnx is not installed (python3-onnx)")

from sklearn.utils import all_estimators  # noqa: E402

import estimator_zoo as zoo  # noqa: E402
import test_sklearn  # noqa: E402
import zkinfer  # noqa: E402
import zkinfer.sklearn  # noqa: E402
from zkinfer import _estimators  # noqa: E402

#: Of the largest number that the estimator says; probabilities as they are.
NEAR = 0.006
CASES = [(kind, number) for kind, all in zoo.READ.items() for number in range(len(all))]


def name_of(case):
    return f"{case[0]}-{type(zoo.READ[case[0]][case[1]]).__name__}-{case[1]}"


def said_of(estimator, name, rows):
    """What the library says where the model has this output, [rows, ..]; None where it says nothing."""
    if name.startswith("probabilities"):
        said = estimator.predict_proba(rows)
        return said[int(name.split("_")[1])] if isinstance(said, list) else said
    if name == "scores":
        return np.reshape(estimator.decision_function(rows), (len(rows), -1)) if hasattr(estimator, "decision_function") else None
    if name == "transformed":
        said = estimator.transform(rows)
        return np.asarray(said.todense() if hasattr(said, "todense") else said, dtype=float)
    said = np.asarray(estimator.predict(rows))
    return np.reshape(np.searchsorted(estimator.classes_, said) if said.dtype.kind in "UO" else said, (len(rows), -1))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind, number", CASES, ids=map(name_of, CASES))
def test_read(kind, number):
    """In at least 95 % of the rows every output is as near as it should: what lies beside a threshold, or between two neighbours, may go the other way."""
    x, rows = zoo.rows(), zoo.rows(24, seed=2)
    estimator = zoo.fitted(zoo.READ[kind][number], x, kind)
    model = zkinfer.compile(zkinfer.sklearn.read(estimator, 6), calibration=x[:120])
    got = [model.run(row).outputs for row in rows]
    for place, tensor in enumerate(model.outputs_info):
        # QuantileTransformer asks of float32 whether they are at the end after it has added what they cannot hold.
        said = said_of(estimator, tensor.name, rows.astype(float) if "Quantile" in str(estimator) else rows)
        if said is None:
            continue
        ours = np.array([np.ravel(outputs[place]) for outputs in got])
        assert ours.shape == said.shape
        room = 0 if tensor.name == "label" else NEAR * (1 if tensor.name.startswith("prob") else np.abs(said).max())
        differ = (np.abs(ours - said) > room).any(axis=1)
        assert differ.mean() <= (0.15 if "KNeighbors" in type(estimator).__name__ else 0.05), f"{tensor.name}: {ours[differ][:3]} and {said[differ][:3]}"


def test_a_single_column():
    estimator, x = zoo.isotonic_column()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", zkinfer.ModelWarning)
        model = zkinfer.compile(estimator, calibration=x)
    got = np.array([model.run(row).output.item() for row in x[:40]])
    assert np.abs(got - estimator.predict(x[:40])).max() < NEAR * np.abs(got).max()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("estimator", zoo.REFUSED, ids=lambda estimator: type(estimator).__name__)
def test_refused_by_name(estimator):
    x = np.abs(zoo.rows(60))
    zoo.fitted(estimator, x, "values" if "Regressor" in type(estimator).__name__ else "transformed")
    with pytest.raises(zkinfer.CompileError) as refused:
        zkinfer.sklearn.read(estimator, 6)
    assert str(refused.value).startswith(type(estimator).__name__) and refused.value.remedy and "no reader for" not in str(refused.value)


def members(estimator):
    """The names of its class and of those of the estimators in it."""
    yield type(estimator).__name__
    for value in estimator.get_params().values():
        parts = [part for entry in value for part in (entry if isinstance(entry, tuple) else ())] if isinstance(value, list) else [value]
        for part in parts:
            if hasattr(part, "get_params") and not isinstance(part, type):
                yield from members(part)


def test_nothing_is_forgotten():
    """A scikit-learn that has more estimators shows it here."""
    tried = {name for all in (*zoo.READ.values(), *test_sklearn.ESTIMATORS.values()) for estimator in all for name in members(estimator)}
    refused = {type(estimator).__name__ for estimator in zoo.REFUSED} | set(zoo.OF_NO_TABLE)
    known = set(_estimators.base.PREDICTORS) | set(_estimators.base.TRANSFORMERS) | set(_estimators.base.STAND_FOR)
    for name, cls in all_estimators():
        if name in zoo.NO_MODELS or not (hasattr(cls, "predict") or hasattr(cls, "transform") or hasattr(cls, "fit_predict") or hasattr(cls, "fit")):
            continue
        if name in known or hasattr(cls, "get_support"):
            continue
        assert name in _estimators.base.REFUSED and name in refused, f"{name} is neither read nor refused by its name"
    assert not {name for name in refused if name in tried}


@pytest.mark.filterwarnings("ignore")
def test_probabilities_that_a_member_does_not_give():
    x = zoo.rows()
    voting = zoo.ensemble.VotingClassifier([("a", zoo.LR()), ("b", zoo.svm.SVC(probability=True))], voting="soft").fit(x, zoo.truth(x, "three"))
    with pytest.raises(zkinfer.CompileError, match="SVC: gives no probabilities here; "):
        zkinfer.sklearn.read(voting, 6)
