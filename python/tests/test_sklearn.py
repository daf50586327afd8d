# SPDX-License-Identifier: Apache-2.0
"""scikit-learn estimators. Skipped, and said so, where scikit-learn or skl2onnx is not installed."""
import numpy as np
import pytest

pytest.importorskip("sklearn", reason="scikit-learn is not installed (python3-sklearn)")

import zkinfer  # noqa: E402


def rows(count=200, seed=1):
    return np.random.default_rng(seed).normal(size=(count, 5)).astype("float32")


def test_without_converter_it_is_said(monkeypatch):
    import sys

    from sklearn.linear_model import LogisticRegression

    monkeypatch.setitem(sys.modules, "skl2onnx", None)
    fitted = LogisticRegression().fit(rows(), rows()[:, 0] > 0)
    with pytest.raises(zkinfer.CompileError, match="pip install skl2onnx"):
        zkinfer.compile(fitted, calibration=rows())


@pytest.mark.parametrize("kind", ["logistic", "forest", "pipeline", "regression"])
def test_estimators(kind):
    pytest.importorskip("skl2onnx", reason="skl2onnx is not installed (PyPI)")
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.linear_model import LinearRegression, LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    data, labels = rows(), (rows()[:, 0] + rows()[:, 1] > 0).astype(int)
    estimator = {
        "logistic": LogisticRegression(),
        "forest": RandomForestClassifier(n_estimators=5, max_depth=4, random_state=1),
        "pipeline": make_pipeline(StandardScaler(), LogisticRegression()),
        "regression": LinearRegression(),
    }[kind].fit(data, labels)
    model = zkinfer.compile(estimator, calibration=data)
    key = model.commit()
    test = rows(20, seed=2)
    expected = estimator.predict(test)
    got = [zkinfer.verify(key.prove(row), key.public).outputs[0].item() for row in test[:3]]
    runs = np.array([model.run(row).outputs[0].item() for row in test])
    assert np.array_equal(got, runs[:3])
    if kind == "regression":
        assert np.abs(runs - expected).max() < 0.01
    else:
        assert np.mean(runs == expected) >= 0.95
