# SPDX-License-Identifier: Apache-2.0
"""scikit-learn estimators, read directly. Skipped, and said so, where scikit-learn or onnx is not installed (Debian: python3-sklearn, python3-onnx)."""
import warnings

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="scikit-learn is not installed (python3-sklearn)")
pytest.importorskip("onnx", reason="onnx is not installed (python3-onnx)")

from sklearn import cluster, compose, decomposition, discriminant_analysis, ensemble, feature_selection, impute  # noqa: E402
from sklearn import linear_model, model_selection, naive_bayes, neural_network, pipeline, preprocessing, svm, tree  # noqa: E402

import zkinfer  # noqa: E402
import zkinfer.sklearn  # noqa: E402
from estimator_zoo import rows, truth  # noqa: E402

# predict_proba of libsvm stops up to 0.005 early; classes may differ where two are as likely to the float target.
PROBABILITY, VALUE, NEAR = 0.005, 0.002, 0.01

make = pipeline.make_pipeline
forest = {"n_estimators": 6, "max_depth": 4, "random_state": 1}
ESTIMATORS = {
    "values": [
        linear_model.LinearRegression(), linear_model.SGDRegressor(random_state=1), svm.LinearSVR(random_state=1), svm.SVR(), svm.NuSVR(kernel="poly", degree=2),
        tree.DecisionTreeRegressor(max_depth=5), ensemble.RandomForestRegressor(**forest), ensemble.ExtraTreesRegressor(**forest),
        ensemble.GradientBoostingRegressor(n_estimators=6), ensemble.GradientBoostingRegressor(n_estimators=6, init="zero"),
        ensemble.HistGradientBoostingRegressor(max_iter=6, max_leaf_nodes=8), neural_network.MLPRegressor(hidden_layer_sizes=(8,), activation="logistic", max_iter=50, random_state=1),
        make(preprocessing.RobustScaler(), preprocessing.Normalizer(), linear_model.Ridge()),
        make(preprocessing.PolynomialFeatures(2), preprocessing.StandardScaler(), linear_model.Lasso(0.01)),
        make(impute.SimpleImputer(missing_values=0, strategy="mean"), decomposition.TruncatedSVD(3), linear_model.ElasticNet(0.01)),
        make(pipeline.FeatureUnion([("a", decomposition.PCA(2)), ("b", preprocessing.MinMaxScaler())]), linear_model.BayesianRidge()),
        ensemble.VotingRegressor([("a", linear_model.Ridge()), ("b", tree.DecisionTreeRegressor(max_depth=3))], weights=[1, 3]),
        ensemble.BaggingRegressor(tree.DecisionTreeRegressor(max_depth=3), 4, max_features=0.7, random_state=1),
        model_selection.GridSearchCV(linear_model.Ridge(), {"alpha": [1, 10]}),
    ],
    "two": [
        linear_model.LogisticRegression(), linear_model.LogisticRegression(solver="liblinear"), linear_model.SGDClassifier(loss="log_loss", random_state=1),
        linear_model.RidgeClassifier(), discriminant_analysis.LinearDiscriminantAnalysis(), svm.SVC(kernel="sigmoid"), svm.SVC(probability=True, random_state=1),
        svm.NuSVC(nu=0.3), ensemble.ExtraTreesClassifier(**forest), ensemble.GradientBoostingClassifier(n_estimators=6),
        ensemble.GradientBoostingClassifier(n_estimators=6, loss="exponential"), ensemble.HistGradientBoostingClassifier(max_iter=6, max_leaf_nodes=8),
        neural_network.MLPClassifier(hidden_layer_sizes=(8,), activation="tanh", max_iter=50, random_state=1),
    ],
    "three": [
        linear_model.LogisticRegression(), linear_model.SGDClassifier(loss="log_loss", random_state=1), svm.LinearSVC(random_state=1), svm.SVC(), svm.SVC(kernel="linear"),
        discriminant_analysis.LinearDiscriminantAnalysis(), tree.DecisionTreeClassifier(max_depth=5), ensemble.RandomForestClassifier(**forest),
        ensemble.GradientBoostingClassifier(n_estimators=4), ensemble.HistGradientBoostingClassifier(max_iter=3, max_leaf_nodes=6),
        neural_network.MLPClassifier(hidden_layer_sizes=(8,), max_iter=50, random_state=1), naive_bayes.GaussianNB(), make(preprocessing.MinMaxScaler(), naive_bayes.MultinomialNB()),
        make(preprocessing.MinMaxScaler(clip=True), svm.SVC(kernel="poly", degree=2)),
        make(preprocessing.MaxAbsScaler(), decomposition.PCA(3, whiten=True), svm.LinearSVC(random_state=1)),
        make(feature_selection.SelectKBest(k=3), linear_model.LogisticRegression()),
        make(compose.ColumnTransformer([("a", preprocessing.StandardScaler(), [0, 1, 2]), ("b", preprocessing.OneHotEncoder(handle_unknown="ignore"), [4]),
                                        ("c", preprocessing.OneHotEncoder(drop="first"), [5])], remainder="passthrough"), linear_model.LogisticRegression()),
        make(compose.ColumnTransformer([("a", preprocessing.OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1), [5, 4])],
                                       remainder="passthrough"), tree.DecisionTreeClassifier(max_depth=4)),
        ensemble.VotingClassifier([("a", linear_model.LogisticRegression()), ("b", tree.DecisionTreeClassifier(max_depth=3))], voting="soft", weights=[2, 1]),
        ensemble.VotingClassifier([("a", linear_model.LogisticRegression()), ("b", svm.SVC()), ("c", tree.DecisionTreeClassifier(max_depth=3))]),
        ensemble.BaggingClassifier(tree.DecisionTreeClassifier(max_depth=3), 4, max_features=0.7, random_state=1),
    ],
}  # fmt: skip


def compiled(estimator, x):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", zkinfer.ModelWarning)
        return zkinfer.compile(estimator, calibration=x)


def check_classes(estimator, model, test, got):
    """The same classes, but where two are as likely; probabilities beside them. Gives which rows differ."""
    expected = estimator.predict(test)
    if expected.dtype.kind in "UO":
        expected = np.searchsorted(estimator.classes_, expected)
    label = np.array([outputs[0].item() for outputs in got])
    differ = label != expected
    if model.outputs_info[1].name == "probabilities":
        exact = estimator.predict_proba(test)
        assert np.abs(np.array([outputs[1].ravel() for outputs in got]) - exact).max() < PROBABILITY
        best = np.sort(exact, axis=1)
        assert not (differ & (best[:, -1] - best[:, -2] > 2 * NEAR)).any()
    else:
        assert differ.mean() <= 0.05
    return differ


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind, number", [(kind, i) for kind, all in ESTIMATORS.items() for i in range(len(all))])
def test_estimators(kind, number):
    x, test = rows(), rows(30, seed=2)
    estimator = ESTIMATORS[kind][number].fit(x, truth(x, kind))
    model = compiled(zkinfer.sklearn.read(estimator, 6), x[:150])
    got = [model.run(row).outputs for row in test]
    if kind == "values":
        assert [t.name for t in model.outputs_info] == ["value"]
        expected = estimator.predict(test)
        assert np.abs(np.array([outputs[0].item() for outputs in got]) - expected).max() < VALUE * np.abs(expected).max()
    else:
        assert [t.name for t in model.outputs_info] in (["label", "probabilities"], ["label", "scores"])
        check_classes(estimator, model, test, got)


def test_clusters():
    x, test = rows(), rows(30, seed=2)
    estimator = cluster.KMeans(4, n_init=2, random_state=1).fit(x)
    model = compiled(estimator, x)
    got = [model.run(row).outputs for row in test]
    distances = estimator.transform(test)
    assert np.abs(np.array([outputs[1].ravel() for outputs in got]) - distances).max() < 0.01 * distances.max()
    nearest = np.sort(distances, axis=1)
    for outputs, expected, near in zip(got, estimator.predict(test), nearest):
        assert outputs[0].item() == expected or near[1] - near[0] < 0.02


def test_transformers_alone():
    x = rows()
    for estimator in (preprocessing.StandardScaler(), decomposition.PCA(3), make(preprocessing.Binarizer(threshold=0.3), preprocessing.MaxAbsScaler())):
        model = compiled(estimator.fit(x), x)
        expected = estimator.transform(x[:10])
        got = np.array([model.run(row).output.ravel() for row in x[:10]])
        assert np.abs(got - expected).max() < 0.002 * np.abs(expected).max()


def test_from_estimator_to_proof():
    x = rows()
    estimator = make(preprocessing.StandardScaler(), ensemble.RandomForestClassifier(**forest)).fit(x, truth(x, "three"))
    model = zkinfer.compile(estimator, calibration=x)
    key = model.commit()
    proof = key.prove(x[0])
    label, shares = zkinfer.verify(proof, key.public).outputs
    assert label.item() == estimator.predict(x[:1])[0]
    # The five lines of README: the first output is what predict says.
    for said in (proof, zkinfer.verify(proof, key.public), model.run(x[0])):
        assert np.array_equal(said.output, label)
    batch = key.prove_batch(x[:3])
    assert np.array_equal(batch.output.ravel(), estimator.predict(x[:3]))
    assert [row.output.item() for row in zkinfer.verify_batch(batch, key.public)] == list(estimator.predict(x[:3]))
    assert np.abs(shares.ravel() - estimator.predict_proba(x[:1])[0]).max() < 0.002


def test_what_is_refused(monkeypatch):
    import sys

    from sklearn.neighbors import RadiusNeighborsClassifier

    monkeypatch.setitem(sys.modules, "skl2onnx", None)
    x = rows()
    with pytest.raises(zkinfer.CompileError, match="RadiusNeighborsClassifier: compares with all .*pip install skl2onnx"):
        zkinfer.compile(RadiusNeighborsClassifier(5.0).fit(x, truth(x, "two")), calibration=x)
    with pytest.raises(zkinfer.InputError, match="not fitted"):
        zkinfer.compile(linear_model.Ridge(), calibration=x)

    class Mine(linear_model.LinearRegression):
        def predict(self, X):
            return super().predict(X) + 1

    with pytest.raises(zkinfer.CompileError, match="Mine: no reader"):
        zkinfer.compile(Mine().fit(x, x[:, 0]), calibration=x)
    words = np.array([["red"], ["blue"]] * 20, dtype=object)
    encoder = preprocessing.OneHotEncoder().fit(words)
    with pytest.raises(zkinfer.CompileError, match="text"):
        zkinfer.sklearn.export_onnx(encoder)


def test_thresholds_hold_for_every_float():
    """x <= threshold of float32 x says the same of the threshold in float64 and of what the reader makes of it."""
    from zkinfer._trees import not_above

    random = np.random.default_rng(1)
    exact = np.concatenate([random.normal(size=1000), random.normal(size=1000) * 1e-40, [0.0]])
    near = not_above(exact)
    for neighbour in (near, np.nextafter(near, np.float32(np.inf)), np.nextafter(near, np.float32(-np.inf))):
        assert np.array_equal(neighbour <= near, neighbour.astype(np.float64) <= exact)


def decimals():
    """A table as people have them: columns of a few decimals and of different ranges, so that means of neighbours are in the table."""
    random = np.random.default_rng(7)
    x = np.stack([random.integers(0, 847, 400), random.integers(78, 2420, 400) / 1000, random.integers(0, 671, 400) / 10, random.integers(0, 4, 400)], 1)
    y = (np.sin(40 * x[:, 1]) + x[:, 2] / 50 + random.normal(size=400) + (x[:, 3] == 2) > 0.6).astype(int)
    return x, y


def trees():
    members = {"n_estimators": 20, "random_state": 1}
    yield "forest", ensemble.RandomForestClassifier(**members)
    yield "extra", ensemble.ExtraTreesClassifier(**members)
    yield "boosting", ensemble.GradientBoostingClassifier(n_estimators=30)
    yield "histograms", ensemble.HistGradientBoostingClassifier(max_iter=30)
    yield "standard", pipeline.make_pipeline(preprocessing.StandardScaler(), ensemble.RandomForestClassifier(**members))
    yield "two scalers", pipeline.make_pipeline(preprocessing.RobustScaler(), preprocessing.MinMaxScaler((0, 0.7)), ensemble.ExtraTreesClassifier(**members))
    yield "scaled histograms", pipeline.make_pipeline(preprocessing.MaxAbsScaler(), ensemble.HistGradientBoostingClassifier(max_iter=20))
    mixed = compose.ColumnTransformer(
        [("kinds", preprocessing.OneHotEncoder(), [3]), ("scaled", preprocessing.StandardScaler(), [1, 0]), ("over", preprocessing.Binarizer(threshold=33.3), [2])]
    )
    yield "mixed", pipeline.make_pipeline(mixed, ensemble.RandomForestClassifier(**members))
    filled = pipeline.make_pipeline(impute.SimpleImputer(missing_values=2, strategy="median"), preprocessing.StandardScaler())
    yield "filled in", pipeline.make_pipeline(filled, ensemble.RandomForestClassifier(**members))
    beside = compose.ColumnTransformer([("filled", filled, [3, 1]), ("kinds", preprocessing.OneHotEncoder(), [3]), ("rest", preprocessing.StandardScaler(), [0, 2])])
    yield "filled in beside others", pipeline.make_pipeline(beside, ensemble.GradientBoostingClassifier(n_estimators=30))


@pytest.mark.parametrize("name, estimator", trees(), ids=[name for name, _ in trees()])
def test_trees_decide_as_the_library(name, estimator):
    """Every row: a threshold between two neighbours of the table is another number of it, and float32 and float64 round it apart."""
    x, y = decimals()
    estimator.fit(x[:250], y[:250])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", zkinfer.ModelWarning)
        model = zkinfer.compile(estimator, calibration=x[:250])
    for rows in (x, x.astype("float32")):
        if rows.dtype == np.float32 and name not in ("forest", "extra", "boosting"):
            continue  # what float64 was learned from, or scalers compute with, is another number as float32
        got = np.array([model.run(row).outputs[1].ravel() for row in rows])
        assert np.abs(got - estimator.predict_proba(rows)).max() < 2e-3  # a vote is 0.05


def test_thresholds_below_every_row_and_above():
    from zkinfer._tables import Column
    from zkinfer._trees import Trees

    most = np.finfo(np.float32).max
    modes, thresholds = Trees(1, "float32 <=")._branches(Column(0, value=lambda x: np.clip(x, 0, 1)), np.array([-1.0, 0.0, 0.5, 2.0]))
    assert modes == ["BRANCH_LEQ"] * 4 and thresholds.tolist() == [-most, 0.0, 0.5, most]
    modes, _ = Trees(1, "float32 <=")._branches(Column(0, equals=3.0), np.array([-0.5, 0.5, 1.0]))
    assert modes == ["BRANCH_GT", "BRANCH_NEQ", "BRANCH_LEQ"]
    modes, _ = Trees(1, "float32 <")._branches(Column(0, equals=3.0), np.array([0.0, 1.0, 1.5]))
    assert modes == ["BRANCH_GT", "BRANCH_NEQ", "BRANCH_LEQ"]


def test_thresholds_of_float64_rows():
    """What a library compares as float64, decided of the float32 that its row became."""
    from zkinfer._trees import not_above_of_float64

    table = np.round(np.random.default_rng(3).uniform(0.05, 900, 3000), 3)
    thresholds = (table[:-1] + table[1:]) * 0.5
    near = not_above_of_float64(thresholds)
    for rows in (table[:-1], table[1:], np.round(thresholds, 3), np.round(thresholds, 4)):
        assert np.array_equal(rows.astype(np.float32) <= near, rows <= thresholds)
    table = np.random.default_rng(3).normal(size=3000).astype(np.float32)
    thresholds = (table[:-1].astype(float) + table[1:]) * 0.5
    near = not_above_of_float64(thresholds)
    for rows in (table[:-1], table[1:], thresholds.astype(np.float32)):
        assert np.array_equal(rows <= near, rows.astype(float) <= thresholds)


def test_other_estimators_go_through_skl2onnx():
    pytest.importorskip("skl2onnx", reason="skl2onnx is not installed (PyPI)")
    x = rows()
    estimator = ensemble.AdaBoostClassifier(n_estimators=4, random_state=1).fit(x, (truth(x, "two") == "good").astype(int))
    model = compiled(zkinfer.sklearn._by_skl2onnx(estimator, 6), x)
    got = np.array([model.run(row).outputs[0].item() for row in x[:40]])
    assert np.mean(got == estimator.predict(x[:40])) >= 0.95


def test_a_model_is_called_as_its_class():
    x = rows()
    estimator = next(iter(ESTIMATORS["values"])).fit(x, truth(x, "values"))
    assert zkinfer.compile(estimator, calibration=x[:150]).name == type(estimator).__name__


@pytest.mark.filterwarnings("ignore")
def test_columns_of_unlike_sizes():
    """From a thousandth to thousands in one table, as tables of measurements are."""
    sizes, offsets = np.array([1e-3, 0.05, 1, 30, 500, 2000]), np.array([0.01, 0.2, 5, 100, 3000, 0])
    x, rows_ = rows() * sizes + offsets, rows(24, seed=2) * sizes + offsets
    y = truth(rows(), "three")
    for estimator in (
        make(preprocessing.QuantileTransformer(n_quantiles=50), linear_model.LogisticRegression()),
        make(preprocessing.KBinsDiscretizer(4), linear_model.LogisticRegression()), make(preprocessing.StandardScaler(), naive_bayes.GaussianNB()), naive_bayes.GaussianNB(), make(preprocessing.StandardScaler(), discriminant_analysis.QuadraticDiscriminantAnalysis()),
        discriminant_analysis.LinearDiscriminantAnalysis(),
    ):  # fmt: skip
        model = compiled(estimator.fit(x, y), x[:150])
        got = np.array([model.run(row).outputs[1].ravel() for row in rows_])
        differ = (np.abs(got - estimator.predict_proba(rows_)) > 0.02).any(axis=1)
        assert differ.mean() <= 0.05, f"{estimator}: {got[differ]} {estimator.predict_proba(rows_)[differ]}"


def test_trees_beside_a_linear_model_differ_within_a_unit_only():
    """As docs/python.md says: alone a tree decides every row as the library, beside what computes with the same columns all that are a unit away from its thresholds."""
    x, y, random = rows(400), truth(rows(400), "transformed"), np.random.default_rng(7)
    alone = tree.DecisionTreeClassifier(max_depth=6, random_state=0).fit(x, y)
    splits = np.flatnonzero(alone.tree_.feature >= 0)
    near = x[random.integers(0, len(x), 150)].copy()
    for row, node in zip(near, random.choice(splits, len(near))):  # beside a threshold, up to twenty units away
        row[alone.tree_.feature[node]] = alone.tree_.threshold[node] + random.normal() * 10.0 ** random.uniform(-7, -2)
    exact = zkinfer.compile(alone, calibration=x)
    assert [int(exact.run(row).output.item()) for row in near] == alone.predict(near).tolist()
    both = ensemble.VotingClassifier([("a", linear_model.LogisticRegression(max_iter=500)), ("b", alone)], voting="soft").fit(x, y)
    member = both.named_estimators_["b"].tree_
    model = zkinfer.compile(both, calibration=x)
    unit = model.inputs_info[0].format.scale
    far = [all(abs(row[f] - t) > unit for f, t in zip(member.feature, member.threshold) if f >= 0) for row in near]
    assert 10 < sum(far) < len(near) - 10
    off = [np.abs(model.run(row).outputs[1].ravel() - both.predict_proba(row[None])[0]).max() > NEAR for row in near]
    assert not any(o and f for o, f in zip(off, far))
