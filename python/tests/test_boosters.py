# SPDX-License-Identifier: Apache-2.0
"""XGBoost and LightGBM: models in their own JSON, and, where they are installed, their estimators (skipped, and said so, otherwise)."""
import warnings

import numpy as np
import pytest

pytest.importorskip("onnx", reason="onnx is not installed (python3-onnx)")

import zkinfer  # noqa: E402
import zkinfer.sklearn  # noqa: E402
from zkinfer import _boosters, _tables  # noqa: E402
from zkinfer._onnx_graph import Graph  # noqa: E402


def model_of(reader, *arguments, width=2):
    graph = Graph()
    x = _tables.Table(graph.input("features", width), width)
    zkinfer.sklearn._outputs(graph, reader(graph, x, *arguments))
    x = np.random.default_rng(1).uniform(-4, 4, (200, width)).astype("float32")
    return zkinfer.compile(graph.to_bytes("booster"), calibration=x), x


def xgb_tree(feature, threshold, left, right):
    return {
        "left_children": [1, -1, -1], "right_children": [2, -1, -1], "split_indices": [feature, 0, 0], "split_conditions": [threshold, left, right],
        "default_left": [0, 0, 0], "tree_param": {"size_leaf_vector": "1"}, "categories": [],
    }  # fmt: skip


def xgb_model(objective, trees, info, num_class="0", base="5E-1"):
    return {
        "learner": {
            "learner_model_param": {"base_score": base, "num_class": num_class, "num_feature": "2"},
            "objective": {"name": objective},
            "gradient_booster": {"name": "gbtree", "model": {"trees": trees, "tree_info": info}},
        }
    }


def test_xgboost_by_hand():
    trees = [xgb_tree(0, 0.5, -1.0, 2.0), xgb_tree(1, -1.25, 0.5, -0.75)]
    model, x = model_of(_boosters.xgboost_json, xgb_model("reg:squarederror", trees, [0, 0], base="[2.5E-1]"), None)
    expected = 0.25 + np.where(x[:, 0] < 0.5, -1.0, 2.0) + np.where(x[:, 1] < -1.25, 0.5, -0.75)
    assert np.abs(np.array([model.run(row).output.item() for row in x]) - expected).max() < 1e-3
    model, x = model_of(_boosters.xgboost_json, xgb_model("binary:logistic", trees, [0, 0]), np.array([0, 1]))
    p = 1 / (1 + np.exp(-(expected - 0.25)))
    got = [model.run(row).outputs for row in x]
    assert np.abs(np.array([outputs[1].ravel() for outputs in got]) - np.stack([1 - p, p], 1)).max() < 2e-3
    assert [outputs[0].item() for outputs in got] == [int(value > 0.5) for value in p]
    with pytest.raises(zkinfer.CompileError):
        model_of(_boosters.xgboost_json, xgb_model("mine", trees, [0, 0]), None)


def lgb_split(feature, threshold, left, right, kind="<="):
    return {"split_feature": feature, "threshold": threshold, "decision_type": kind, "missing_type": "None", "left_child": left, "right_child": right}


def test_lightgbm_by_hand():
    leaf = [{"leaf_value": value} for value in (1.0, -2.0, 0.5)]
    trees = [{"tree_structure": lgb_split(0, 0.25, leaf[0], lgb_split(1, 1.5, leaf[1], leaf[2]))}, {"tree_structure": leaf[2]}]
    dump = {"objective": "regression", "num_tree_per_iteration": 1, "tree_info": trees}
    model, x = model_of(_boosters.lightgbm_dump, dump, None)
    expected = 0.5 + np.where(x[:, 0] <= 0.25, 1.0, np.where(x[:, 1] <= 1.5, -2.0, 0.5))
    assert np.abs(np.array([model.run(row).output.item() for row in x]) - expected).max() < 1e-3
    with pytest.raises(zkinfer.CompileError, match="categories"):
        split = lgb_split(0, "1||2", leaf[0], leaf[1], "==")
        model_of(_boosters.lightgbm_dump, {**dump, "tree_info": [{"tree_structure": split}], "pandas_categorical": [["a", "b"]]}, None)
    with pytest.raises(zkinfer.CompileError, match="objective"):
        model_of(_boosters.lightgbm_dump, {**dump, "objective": "mine"}, None)


def data(kind):
    random = np.random.default_rng(1)
    x = random.normal(size=(400, 5)).astype("float32")
    y = x[:, 0] + x[:, 1] * x[:, 2]
    return x, {"two": (y > 0.2).astype(int), "three": np.digitize(y, [-0.5, 0.6]), "values": y + 1, "counts": np.abs(y)}[kind]


def check(estimator, kind):
    x, y = data(kind)
    estimator.fit(x[:300], y[:300])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", zkinfer.ModelWarning)
        model = zkinfer.compile(estimator, calibration=x[:200])
    got = [model.run(row).outputs for row in x[300:340]]
    expected = estimator.predict(x[300:340])
    assert np.abs(np.array([outputs[0].item() for outputs in got]) - expected).max() < 2e-3 * np.abs(expected).max()
    if kind in ("two", "three"):
        shares = estimator.predict_proba(x[300:340])
        assert np.abs(np.array([outputs[1].ravel() for outputs in got]) - shares).max() < 2e-3


@pytest.mark.parametrize("kind", ["two", "three", "values"])
@pytest.mark.parametrize("booster", ["gbtree", "dart", "gblinear"])
def test_xgboost(kind, booster):
    xgboost = pytest.importorskip("xgboost", reason="XGBoost is not installed (python3-xgboost)")
    options = {"n_estimators": 5, "booster": booster} | ({} if booster == "gblinear" else {"max_depth": 3})
    check((xgboost.XGBRegressor if kind == "values" else xgboost.XGBClassifier)(**options), kind)


@pytest.mark.parametrize("kind", ["two", "three", "values", "counts"])
def test_lightgbm(kind):
    lightgbm = pytest.importorskip("lightgbm", reason="LightGBM is not installed (PyPI)")
    options = {"n_estimators": 5, "num_leaves": 8, "verbose": -1} | ({"objective": "poisson"} if kind == "counts" else {})
    check((lightgbm.LGBMRegressor if kind in ("values", "counts") else lightgbm.LGBMClassifier)(**options), kind)


@pytest.mark.parametrize("library", ["xgboost", "lightgbm"])
def test_trees_decide_as_the_library(library):
    """Decimals, whose means are in the table too."""
    package = pytest.importorskip(library, reason=f"{library} is not installed (PyPI)")
    random = np.random.default_rng(7)
    x = np.stack([random.integers(0, 847, 600), random.integers(78, 2420, 600) / 1000, random.integers(0, 671, 600) / 10], 1)
    y = (np.sin(40 * x[:, 1]) + x[:, 2] / 50 + random.normal(size=600) > 0.6).astype(int)
    estimator = package.XGBClassifier(n_estimators=30) if library == "xgboost" else package.LGBMClassifier(n_estimators=30, min_child_samples=3, verbose=-1)
    estimator.fit(x[:400], y[:400])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", zkinfer.ModelWarning)
        model = zkinfer.compile(estimator, calibration=x[:400])
    got = np.array([model.run(row).outputs[1].ravel() for row in x])
    assert np.abs(got - estimator.predict_proba(x)).max() < 2e-3


def table_of_kinds(missing=None):
    """Numbers and categories; missing: stands for a fifth of two columns."""
    random = np.random.default_rng(5)
    x = np.stack([random.normal(size=500), random.integers(0, 7, 500), random.normal(size=500), random.integers(0, 4, 500)], 1).astype("float32")
    y = x[:, 0] + 2 * np.isin(x[:, 1], [1, 4, 6]) - (x[:, 3] == 2) * x[:, 2]
    if missing is not None:
        x[random.random(500) < 0.2, 0], x[random.random(500) < 0.2, 2] = missing, missing
    return x, y


def agree(estimator, x, kind):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", zkinfer.ModelWarning)
        model = zkinfer.compile(estimator, calibration=x[:300])
    got = [model.run(row).outputs for row in x[300:400]]
    expected = np.asarray(estimator.predict(x[300:400]))
    ours = np.array([outputs[0].ravel() for outputs in got]).reshape(expected.shape)
    assert np.abs(ours - expected).max() < (1e-9 if kind == "class" else 2e-3) * max(1, np.abs(expected).max())
    if kind == "class" and model.outputs_info[1].name == "probabilities":
        assert np.abs(np.array([outputs[1].ravel() for outputs in got]) - estimator.predict_proba(x[300:400])).max() < 2e-3


@pytest.mark.filterwarnings("ignore")
def test_xgboost_of_every_kind():
    """Categories, numbers that stand for what is missing, rankings, several targets, early ends, every objective."""
    xgboost = pytest.importorskip("xgboost", reason="XGBoost is not installed (python3-xgboost)")
    x, y = table_of_kinds()
    few = {"n_estimators": 5, "max_depth": 4, "tree_method": "hist"}
    kinds = {"feature_types": ["q", "c", "q", "c"], "enable_categorical": True}
    for most_one_hot in (1, 10):
        agree(xgboost.XGBRegressor(**few, **kinds, max_cat_to_onehot=most_one_hot).fit(x, y), x, "value")
    agree(xgboost.XGBClassifier(**few, **kinds, booster="dart", rate_drop=0.3).fit(x, np.digitize(y, [0, 1])), x, "class")
    for missing in (-999.0, 0.25):
        holes, y = table_of_kinds(missing)
        agree(xgboost.XGBRegressor(**few, missing=missing).fit(holes, y), holes, "value")
    agree(xgboost.XGBClassifier(**few, **kinds, missing=-1).fit(table_of_kinds(-1)[0], y > 0.5), table_of_kinds(-1)[0], "class")
    agree(xgboost.XGBRegressor(**few, base_score=3.0).fit(x, y), x, "value")
    agree(xgboost.XGBClassifier(**few, base_score=0.2).fit(x, y > 0.5), x, "class")
    agree(xgboost.XGBRFClassifier(n_estimators=6, max_depth=3).fit(x, np.digitize(y, [0, 1])), x, "class")
    agree(xgboost.XGBRanker(**few).fit(x, np.digitize(y, [0, 1]), group=[100] * 5), x, "value")
    for objective, target in (("count:poisson", np.abs(y)), ("reg:gamma", np.abs(y) + 0.1), ("reg:tweedie", np.abs(y)), ("reg:logistic", y > 0), ("reg:squaredlogerror", np.abs(y))):
        agree(xgboost.XGBRegressor(**few, objective=objective).fit(x, target), x, "value")
    agree(xgboost.XGBClassifier(**few, objective="binary:hinge").fit(x, y > 0.5), x, "class")
    agree(xgboost.XGBRegressor(**few).fit(x, np.stack([y, -y], axis=1)), x, "value")
    if int(xgboost.__version__.split(".")[0]) >= 3:
        agree(xgboost.XGBRegressor(**few, multi_strategy="multi_output_tree").fit(x, np.stack([y, 1 - y], axis=1)), x, "value")


@pytest.mark.filterwarnings("ignore")
def test_lightgbm_of_every_kind():
    lightgbm = pytest.importorskip("lightgbm", reason="LightGBM is not installed (PyPI)")
    x, y = table_of_kinds()
    few = {"n_estimators": 5, "num_leaves": 8, "verbose": -1, "min_child_samples": 3}
    agree(lightgbm.LGBMRegressor(**few).fit(x, y, categorical_feature=[1, 3]), x, "value")
    agree(lightgbm.LGBMClassifier(**few).fit(x, np.digitize(y, [0, 1]), categorical_feature=[1, 3]), x, "class")
    holes = table_of_kinds(0.0)[0]
    agree(lightgbm.LGBMRegressor(**few, zero_as_missing=True).fit(holes, y), holes, "value")
    agree(lightgbm.LGBMRegressor(**few, reg_sqrt=True).fit(x, y), x, "value")
    agree(lightgbm.LGBMClassifier(**few, sigmoid=0.7).fit(x, y > 0.5), x, "class")
    agree(lightgbm.LGBMClassifier(**few, objective="multiclassova").fit(x, np.digitize(y, [0, 1])), x, "class")
    agree(lightgbm.LGBMClassifier(**few, boosting_type="dart").fit(x, y > 0.5), x, "class")
    agree(lightgbm.LGBMRegressor(**few, boosting_type="rf", bagging_freq=1, bagging_fraction=0.5).fit(x, y), x, "value")
    agree(lightgbm.LGBMRanker(**few).fit(x, np.digitize(y, [0, 1]), group=[100] * 5), x, "value")
    for objective, target in (("tweedie", np.abs(y)), ("quantile", y), ("huber", y), ("cross_entropy", (y > 0).astype(float)), ("gamma", np.abs(y) + 0.1)):
        agree(lightgbm.LGBMRegressor(**few, objective=objective).fit(x, target), x, "value")
    with pytest.raises(zkinfer.CompileError, match="linear_tree"):
        zkinfer.compile(lightgbm.LGBMRegressor(**few, linear_tree=True).fit(x.astype(float), y), calibration=x)
