# SPDX-License-Identifier: Apache-2.0
"""One of every estimator that scikit-learn has, fitted on small tables, for test_estimators.py. A case is a kind of target and an estimator."""
import numpy as np
from sklearn import calibration, cluster, compose, covariance, cross_decomposition, decomposition, discriminant_analysis, dummy, ensemble, feature_selection
from sklearn import gaussian_process, impute, isotonic, kernel_approximation, kernel_ridge, linear_model, manifold, mixture, model_selection, multiclass, multioutput
from sklearn import naive_bayes, neighbors, neural_network, pipeline, preprocessing, random_projection, semi_supervised, svm, tree

make = pipeline.make_pipeline
LR, Ridge, NB = linear_model.LogisticRegression, linear_model.Ridge, naive_bayes.GaussianNB
stump, few = tree.DecisionTreeClassifier(max_depth=2), {"n_estimators": 5, "random_state": 1}
samme = {"algorithm": "SAMME"} if "algorithm" in ensemble.AdaBoostClassifier().get_params() else {}  # before 1.8
nan = float("nan")


def rows(count=300, seed=1):
    random = np.random.default_rng(seed)
    x = random.normal(size=(count, 6)).astype("float32")
    x[:, 4], x[:, 5] = random.integers(0, 4, count), random.integers(0, 2, count)
    return x


def truth(x, kind):
    y = x[:, 0] + x[:, 1] * x[:, 2] + 0.5 * (x[:, 4] == 2)
    return {
        "values": y + 1, "above": np.exp(y / 2), "pairs": np.stack([y, x[:, 1] - x[:, 3]], axis=1), "two": np.where(y > 0.2, "good", "bad"),
        "three": np.array([7, 3, 5])[np.digitize(y, [-0.5, 0.6])], "labels": np.stack([y > 0, x[:, 3] > 0.3, x[:, 1] > x[:, 0]], axis=1).astype(int),
        "several": np.stack([np.digitize(y, [-0.5, 0.6]), x[:, 3] > 0.3], axis=1).astype(int), "transformed": np.digitize(y, [-0.5, 0.6]),
        "missing labels": np.where(np.arange(len(x)) % 4 == 0, -1, y > 0.2).astype(int),
    }.get(kind)  # fmt: skip


#: Read: kind of target and estimators.
READ = {
    "values": [
        ensemble.AdaBoostRegressor(**few), ensemble.AdaBoostRegressor(Ridge(), n_estimators=4, random_state=1),
        ensemble.StackingRegressor([("a", Ridge()), ("b", tree.DecisionTreeRegressor(max_depth=3))]),
        ensemble.StackingRegressor([("a", Ridge())], final_estimator=ensemble.RandomForestRegressor(n_estimators=5, max_depth=3, random_state=1), passthrough=True),
        neighbors.KNeighborsRegressor(3), compose.TransformedTargetRegressor(Ridge(), transformer=preprocessing.StandardScaler()),
        linear_model.RANSACRegressor(random_state=1),
        feature_selection.RFE(Ridge(), n_features_to_select=3), kernel_ridge.KernelRidge(kernel="rbf"), kernel_ridge.KernelRidge(kernel="poly", degree=2),
        dummy.DummyRegressor(),
        cross_decomposition.PLSRegression(2), linear_model.LarsCV(), linear_model.TweedieRegressor(power=0),
        linear_model.PassiveAggressiveRegressor(random_state=1), linear_model.LassoLarsIC(),
        make(kernel_approximation.Nystroem(n_components=20, random_state=1), Ridge()),
        make(kernel_approximation.RBFSampler(n_components=20, random_state=1), Ridge()),
        make(cluster.KMeans(3, n_init=1, random_state=1), Ridge()), make(preprocessing.QuantileTransformer(n_quantiles=50), tree.DecisionTreeRegressor(max_depth=5)),
        make(preprocessing.PowerTransformer(), tree.DecisionTreeRegressor(max_depth=5)),
        make(preprocessing.KBinsDiscretizer(4, encode="ordinal"), tree.DecisionTreeRegressor(max_depth=5)),
        make(preprocessing.FunctionTransformer(), Ridge()), make(preprocessing.FunctionTransformer(np.cbrt), Ridge()), ensemble.VotingRegressor([("a", Ridge())]),
    ],
    "above": [
        compose.TransformedTargetRegressor(Ridge(), func=np.log1p, inverse_func=np.expm1), linear_model.TweedieRegressor(power=1.5), linear_model.GammaRegressor(),
        ensemble.HistGradientBoostingRegressor(loss="poisson", max_iter=5, max_leaf_nodes=6),
        ensemble.HistGradientBoostingRegressor(categorical_features=[4, 5], max_iter=5, max_leaf_nodes=8),
    ],
    "pairs": [
        multioutput.MultiOutputRegressor(Ridge()), multioutput.RegressorChain(Ridge(), order=[1, 0]), linear_model.LinearRegression(),
        linear_model.MultiTaskLasso(0.01),
        ensemble.ExtraTreesRegressor(4, max_depth=3, random_state=1), neural_network.MLPRegressor(hidden_layer_sizes=(6,), max_iter=50, random_state=1),
        neighbors.KNeighborsRegressor(3), cross_decomposition.CCA(2),
        cross_decomposition.PLSCanonical(2), linear_model.MultiTaskElasticNet(0.01),
    ],
    "two": [
        ensemble.AdaBoostClassifier(**few), ensemble.AdaBoostClassifier(LR(), **few, **samme),
        calibration.CalibratedClassifierCV(svm.LinearSVC(random_state=1), cv=2),
        calibration.CalibratedClassifierCV(NB(), cv=2, method="isotonic"), ensemble.StackingClassifier([("a", LR()), ("b", NB())]),
        ensemble.BaggingClassifier(LR(), n_estimators=3, random_state=1),
        ensemble.StackingClassifier([("a", LR()), ("b", svm.LinearSVC(random_state=1))], passthrough=True, final_estimator=tree.DecisionTreeClassifier(max_depth=3)),
        multiclass.OneVsRestClassifier(LR()), multiclass.OneVsOneClassifier(svm.LinearSVC(random_state=1)),
        discriminant_analysis.QuadraticDiscriminantAnalysis(), NB(),
        linear_model.SGDClassifier(loss="modified_huber", random_state=1), linear_model.PassiveAggressiveClassifier(random_state=1),
        neighbors.KNeighborsClassifier(5),
        feature_selection.RFECV(LR(), cv=2), neural_network.MLPClassifier(hidden_layer_sizes=(6,), max_iter=50, random_state=1),
        ensemble.BaggingClassifier(svm.LinearSVC(random_state=1), n_estimators=3, random_state=1),
        ensemble.VotingClassifier([("a", LR()), ("b", NB())], voting="soft"), dummy.DummyClassifier(),
        make(preprocessing.KBinsDiscretizer(3, encode="onehot-dense"), LR()),
    ],
    "three": [
        multiclass.OneVsRestClassifier(LR()), multiclass.OneVsRestClassifier(svm.SVC()),
        multiclass.OneVsRestClassifier(tree.DecisionTreeClassifier(max_depth=3, random_state=1)),
        multiclass.OneVsOneClassifier(svm.LinearSVC(random_state=1)), multiclass.OneVsOneClassifier(NB()),
        multiclass.OutputCodeClassifier(svm.LinearSVC(random_state=1), random_state=1),
        ensemble.AdaBoostClassifier(**few), ensemble.AdaBoostClassifier(stump, **few, **samme), ensemble.AdaBoostClassifier(LR(), **few, **samme),
        calibration.CalibratedClassifierCV(svm.LinearSVC(random_state=1), cv=2), calibration.CalibratedClassifierCV(NB(), cv=2, method="isotonic"),
        calibration.CalibratedClassifierCV(stump, cv=2),
        ensemble.StackingClassifier([("a", LR()), ("b", NB())], cv=2),
        ensemble.StackingClassifier([("a", svm.SVC()), ("b", tree.DecisionTreeClassifier(max_depth=3))], cv=2, stack_method="predict"),
        ensemble.BaggingClassifier(LR(), n_estimators=3, max_samples=0.1, random_state=1), neighbors.KNeighborsClassifier(5),
        neighbors.KNeighborsClassifier(3, metric="manhattan"), neighbors.NearestCentroid(),
        discriminant_analysis.QuadraticDiscriminantAnalysis(reg_param=0.1), make(preprocessing.MinMaxScaler(), naive_bayes.ComplementNB()),
        naive_bayes.BernoulliNB(),
        linear_model.SGDClassifier(loss="modified_huber", random_state=1), linear_model.Perceptron(random_state=1), linear_model.RidgeClassifierCV(),
        svm.SVC(break_ties=True), svm.SVC(decision_function_shape="ovo"),
        make(preprocessing.QuantileTransformer(n_quantiles=50, output_distribution="normal"), LR()), make(preprocessing.PowerTransformer(), LR()),
        make(decomposition.FastICA(3, random_state=1), LR()),
        make(compose.ColumnTransformer([("a", preprocessing.KBinsDiscretizer(3), [0, 1]), ("b", preprocessing.OneHotEncoder(), [4, 5])], remainder="passthrough"), LR()),
        make(discriminant_analysis.LinearDiscriminantAnalysis(), LR()),
        make(impute.SimpleImputer(missing_values=0, strategy="median", add_indicator=True), stump), dummy.DummyClassifier(strategy="most_frequent"),
        make(impute.SimpleImputer(missing_values=nan, add_indicator=True), LR()),
        make(pipeline.FeatureUnion([("a", impute.MissingIndicator(missing_values=0)), ("b", preprocessing.StandardScaler())]), LR()),
        make(feature_selection.VarianceThreshold(0.5), LR()), make(feature_selection.SelectFromModel(LR()), LR()), make(impute.KNNImputer(), LR()),
        model_selection.RandomizedSearchCV(LR(), {"C": [1.0, 10.0]}, n_iter=2),
        make(compose.ColumnTransformer([("a", preprocessing.OrdinalEncoder(), [4, 5])]), naive_bayes.CategoricalNB()),
    ],
    "labels": [
        multiclass.OneVsRestClassifier(LR()), neural_network.MLPClassifier(hidden_layer_sizes=(6,), max_iter=50, random_state=1),
        multioutput.ClassifierChain(LR(), order=[2, 0, 1]), multioutput.MultiOutputClassifier(LR()),
        ensemble.RandomForestClassifier(4, max_depth=3, random_state=1), multiclass.OneVsRestClassifier(svm.LinearSVC(random_state=1)),
    ],
    "several": [multioutput.MultiOutputClassifier(LR()), tree.DecisionTreeClassifier(max_depth=3), multioutput.MultiOutputClassifier(svm.LinearSVC(random_state=1))],
    "missing labels": [semi_supervised.SelfTrainingClassifier(LR())],
    "none": [
        ensemble.IsolationForest(n_estimators=5, random_state=1), ensemble.IsolationForest(n_estimators=5, max_features=3, contamination=0.1, random_state=1),
        svm.OneClassSVM(), linear_model.SGDOneClassSVM(random_state=1),
        covariance.EllipticEnvelope(random_state=1), mixture.GaussianMixture(3, random_state=1),
        mixture.GaussianMixture(3, covariance_type="diag", random_state=1), mixture.GaussianMixture(2, covariance_type="tied", random_state=1),
        mixture.GaussianMixture(2, covariance_type="spherical", random_state=1), mixture.BayesianGaussianMixture(n_components=2, random_state=1),
        cluster.MeanShift(), cluster.AffinityPropagation(random_state=1), cluster.Birch(n_clusters=3),
        cluster.MiniBatchKMeans(3, n_init=1, random_state=1),
    ],
    "transformed": [
        decomposition.FactorAnalysis(2), decomposition.FastICA(3, random_state=1), decomposition.SparsePCA(2, random_state=1),
        decomposition.MiniBatchSparsePCA(2, random_state=1), decomposition.KernelPCA(n_components=2, kernel="rbf"),
        decomposition.IncrementalPCA(2), random_projection.GaussianRandomProjection(2, random_state=1),
        random_projection.SparseRandomProjection(2, random_state=1), cluster.FeatureAgglomeration(2),
        neighbors.NeighborhoodComponentsAnalysis(n_components=2, random_state=1), preprocessing.QuantileTransformer(n_quantiles=50),
        preprocessing.QuantileTransformer(n_quantiles=50, output_distribution="normal"), preprocessing.PowerTransformer(standardize=False),
        preprocessing.KBinsDiscretizer(3, encode="ordinal"), preprocessing.PolynomialFeatures(2), kernel_approximation.RBFSampler(n_components=5, random_state=1),
        kernel_approximation.Nystroem(n_components=5, random_state=1), preprocessing.FunctionTransformer(np.expm1),
        feature_selection.SelectPercentile(percentile=50), feature_selection.SelectFpr(), feature_selection.SelectFdr(),
        feature_selection.SelectFwe(), feature_selection.GenericUnivariateSelect(mode="k_best", param=2), impute.SimpleImputer(missing_values=0),
        impute.MissingIndicator(missing_values=0),
        feature_selection.SequentialFeatureSelector(LR(), n_features_to_select=2, cv=2), preprocessing.MaxAbsScaler(), preprocessing.RobustScaler(),
        preprocessing.Normalizer(), preprocessing.Binarizer(),
    ],
}  # fmt: skip

#: Refused by name, fitted where that is needed.
REFUSED = [
    decomposition.NMF(2), cluster.DBSCAN(), cluster.AgglomerativeClustering(), manifold.Isomap(), manifold.LocallyLinearEmbedding(),
    neighbors.RadiusNeighborsClassifier(5.0), gaussian_process.GaussianProcessClassifier(),
    gaussian_process.GaussianProcessRegressor(), neighbors.LocalOutlierFactor(novelty=True), semi_supervised.LabelSpreading(),
    decomposition.LatentDirichletAllocation(2), ensemble.RandomTreesEmbedding(n_estimators=4), cluster.BisectingKMeans(n_clusters=2),
    preprocessing.SplineTransformer(), kernel_approximation.PolynomialCountSketch(n_components=4), kernel_approximation.AdditiveChi2Sampler(),
    decomposition.DictionaryLearning(2, max_iter=5), neighbors.RadiusNeighborsRegressor(5.0),
]  # fmt: skip
#: Of text, or without a way to say what a row that was not fitted is: not fitted here.
OF_NO_TABLE = (
    "CountVectorizer", "TfidfVectorizer", "HashingVectorizer", "DictVectorizer", "FeatureHasher", "MultiLabelBinarizer", "PatchExtractor", "LabelEncoder",
    "LabelBinarizer", "TfidfTransformer", "KernelCenterer",
    "MDS", "TSNE", "SpectralEmbedding", "ClassicalMDS", "OPTICS", "HDBSCAN", "SpectralClustering", "SpectralBiclustering", "SpectralCoclustering",
    "SparseCoder", "NearestNeighbors", "KernelDensity",
    "KNeighborsTransformer", "RadiusNeighborsTransformer", "BernoulliRBM", "MiniBatchDictionaryLearning", "MiniBatchNMF", "LabelPropagation", "TargetEncoder",
    "SkewedChi2Sampler", "IterativeImputer",
)  # fmt: skip
#: What are estimators of a distribution and no models of a row.
NO_MODELS = ("EmpiricalCovariance", "GraphicalLasso", "GraphicalLassoCV", "LedoitWolf", "MinCovDet", "OAS", "ShrunkCovariance")


def isotonic_column():
    """One that takes a single column."""
    x = rows()[:, :1]
    return isotonic.IsotonicRegression(out_of_bounds="clip").fit(x, x[:, 0] ** 3), x


def fitted(estimator, x, kind):
    y = truth(x, kind)
    return estimator.fit(x) if y is None else estimator.fit(x, y)
