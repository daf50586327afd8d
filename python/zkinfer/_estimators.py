# SPDX-License-Identifier: Apache-2.0
"""Fitted scikit-learn estimators as ONNX, read from what they learned: no converter is needed. One function per kind of estimator,
found by the names of its class and of those it derives from; what predict, predict_proba and transform compute is what the graph computes."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import Any, Callable, Optional

import numpy as np

from ._onnx_graph import Graph, Trees, not_above
from .errors import CompileError


class Unknown(CompileError):
    """No reader here knows the estimator, or this way of using it."""


@dataclass
class Table:
    """Features on their way: a tensor [1, width]."""

    name: str
    width: int


@dataclass
class Prediction:
    """What a last step says: a class with probabilities or scores, or values."""

    value: Optional[str] = None  # [1, k] of a regressor
    index: Optional[str] = None  # of the class among classes, whole, one number
    classes: Any = None
    probabilities: Optional[str] = None  # [1, classes]
    scores: Optional[str] = None  # where there are no probabilities


def _refuse(estimator: Any, why: str, remedy: str) -> Unknown:
    return Unknown(f"{type(estimator).__name__}: {why}; {remedy}")


_COMPUTES = ("predict", "predict_proba", "decision_function", "transform")

_TRANSFORMERS: dict[str, Callable[[Graph, Table, Any], Table]] = {}
_PREDICTORS: dict[str, Callable[[Graph, Table, Any], Prediction]] = {}


def _reads(registry: dict[str, Any], *names: str) -> Callable[[Any], Any]:
    def keep(function: Any) -> Any:
        registry.update(dict.fromkeys(names, function))
        return function

    return keep


def _found(registry: dict[str, Any], estimator: Any) -> Any:
    """By class; by a base class only where the estimator does not compute anything of its own."""
    for cls in type(estimator).__mro__:
        if cls.__name__ in registry and cls.__module__.split(".")[0] == "sklearn":
            own = [name for name in _COMPUTES if inspect.getattr_static(type(estimator), name, None) is not inspect.getattr_static(cls, name, None)]
            return None if own else registry[cls.__name__]
    return None


def transform(graph: Graph, x: Table, estimator: Any) -> Table:
    """What estimator.transform gives."""
    if estimator is None or isinstance(estimator, str) and estimator == "passthrough":
        return x
    reader = _found(_TRANSFORMERS, estimator)
    if reader is None and hasattr(estimator, "get_support"):  # whatever chooses columns
        chosen = estimator.get_support(indices=True)
        return Table(graph.columns(x.name, chosen, x.width), len(chosen))
    if reader is None:
        raise _refuse(estimator, "no reader for this transformer", "docs/python.md lists what is read")
    made: Table = reader(graph, x, estimator)
    return made


def predict(graph: Graph, x: Table, estimator: Any) -> Prediction:
    """What estimator.predict and predict_proba give."""
    reader = _found(_PREDICTORS, estimator)
    if reader is None:
        raise _refuse(estimator, "no reader for this estimator", "docs/python.md lists what is read")
    made: Prediction = reader(graph, x, estimator)
    return made


def predicts(estimator: Any) -> bool:
    last = estimator
    while type(last).__name__ == "Pipeline":
        last = last.steps[-1][1]
    return hasattr(last, "predict") and _found(_TRANSFORMERS, last) is None


# Tables to tables.


@_reads(_TRANSFORMERS, "StandardScaler")
def _standard_scaler(graph: Graph, x: Table, scaler: Any) -> Table:
    return Table(graph.shifted(x.name, scaler.mean_ if scaler.with_mean else None, 1 / scaler.scale_ if scaler.with_std else None), x.width)


@_reads(_TRANSFORMERS, "RobustScaler")
def _robust_scaler(graph: Graph, x: Table, scaler: Any) -> Table:
    return Table(graph.shifted(x.name, scaler.center_ if scaler.with_centering else None, 1 / scaler.scale_ if scaler.with_scaling else None), x.width)


@_reads(_TRANSFORMERS, "MinMaxScaler")
def _min_max_scaler(graph: Graph, x: Table, scaler: Any) -> Table:
    y = graph.shifted(x.name, -scaler.min_ / scaler.scale_, scaler.scale_)
    if getattr(scaler, "clip", False):
        lo, hi = scaler.feature_range
        y = graph.add("Clip", y, graph.constant(lo), graph.constant(hi))
    return Table(y, x.width)


@_reads(_TRANSFORMERS, "MaxAbsScaler")
def _max_abs_scaler(graph: Graph, x: Table, scaler: Any) -> Table:
    y = graph.shifted(x.name, None, 1 / scaler.scale_)
    if getattr(scaler, "clip", False):
        y = graph.add("Clip", y, graph.constant(-1.0), graph.constant(1.0))
    return Table(y, x.width)


@_reads(_TRANSFORMERS, "Normalizer")
def _normalizer(graph: Graph, x: Table, normalizer: Any) -> Table:
    return Table(graph.add("Normalizer", x.name, domain="ai.onnx.ml", norm=normalizer.norm.upper()), x.width)


@_reads(_TRANSFORMERS, "Binarizer")
def _binarizer(graph: Graph, x: Table, binarizer: Any) -> Table:
    over = graph.add("Greater", x.name, graph.constant(not_above(binarizer.threshold)))
    return Table(graph.as_float(over), x.width)


@_reads(_TRANSFORMERS, "PCA", "IncrementalPCA", "TruncatedSVD")
def _projection(graph: Graph, x: Table, pca: Any) -> Table:
    y = x.name if getattr(pca, "mean_", None) is None else graph.shifted(x.name, pca.mean_, None)
    rows = pca.components_
    if getattr(pca, "whiten", False):
        rows = rows / np.sqrt(pca.explained_variance_)[:, None]
    return Table(graph.linear(y, rows), len(rows))


@_reads(_TRANSFORMERS, "SimpleImputer")
def _imputer(graph: Graph, x: Table, imputer: Any) -> Table:
    if getattr(imputer, "add_indicator", False):
        raise _refuse(imputer, "add_indicator=True", "leave it out")
    missing = imputer.missing_values
    try:
        statistics = np.asarray(imputer.statistics_, dtype=np.float64)
    except (TypeError, ValueError):
        raise _refuse(imputer, "fills in text", "encode text as numbers first") from None
    kept = np.flatnonzero(~np.isnan(statistics))
    y = x.name
    if missing is not None and not (isinstance(missing, float) and np.isnan(missing)):
        y = graph.add("Where", graph.add("Equal", y, graph.constant(missing)), graph.constant(np.nan_to_num(statistics)[None]), y)
    # Inputs that are not a number are never proven: nothing is left of them to fill in.
    return Table(graph.columns(y, kept.tolist(), x.width), len(kept))


def _categories(encoder: Any) -> list[np.ndarray]:
    out = []
    for column, values in enumerate(encoder.categories_):
        try:
            out.append(np.asarray(values, dtype=np.float64))
        except (TypeError, ValueError):
            raise _refuse(encoder, f"column {column} has text or mixed values as categories", "give numbers, such as an OrdinalEncoder's, to fit it") from None
    return out


@_reads(_TRANSFORMERS, "OneHotEncoder")
def _one_hot(graph: Graph, x: Table, encoder: Any) -> Table:
    if getattr(encoder, "_infrequent_enabled", False):
        raise _refuse(encoder, "infrequent categories", "leave min_frequency and max_categories out")
    parts, width = [], 0
    for column, values in enumerate(_categories(encoder)):
        dropped = encoder.drop_idx_[column] if getattr(encoder, "drop_idx_", None) is not None else None
        kept = np.delete(values, dropped) if dropped is not None else values
        if len(kept) == 0:
            continue
        parts.append(graph.as_float(graph.add("Equal", graph.columns(x.name, [column], -1), graph.constant(kept[None]))))
        width += len(kept)
    return Table(graph.joined(parts), width)


@_reads(_TRANSFORMERS, "OrdinalEncoder")
def _ordinal(graph: Graph, x: Table, encoder: Any) -> Table:
    parts = []
    for column, values in enumerate(_categories(encoder)):
        hot = graph.as_float(graph.add("Equal", graph.columns(x.name, [column], -1), graph.constant(values[None])))
        unknown = encoder.unknown_value if encoder.handle_unknown == "use_encoded_value" else 0
        if unknown is None or np.isnan(unknown):
            raise _refuse(encoder, "unknown values become NaN", "take a number as unknown_value")
        parts.append(graph.linear(hot, np.arange(len(values)) - float(unknown), float(unknown)))
    return Table(graph.joined(parts), x.width)


@_reads(_TRANSFORMERS, "PolynomialFeatures")
def _polynomial(graph: Graph, x: Table, features: Any) -> Table:
    columns = [graph.columns(x.name, [i], -1) for i in range(x.width)]
    parts, zero = [], graph.constant(0.0)
    for powers in features.powers_:
        factors = [columns[i] for i, power in enumerate(powers) for _ in range(power)]
        if not factors:
            parts.append(graph.add("Add", graph.add("Mul", columns[0], zero), graph.constant(1.0)))
            continue
        product = factors[0]
        for factor in factors[1:]:
            product = graph.add("Mul", product, factor)
        parts.append(product)
    return Table(graph.joined(parts), len(parts))


@_reads(_TRANSFORMERS, "FunctionTransformer")
def _function(graph: Graph, x: Table, transformer: Any) -> Table:
    known_functions = {np.exp: "Exp", np.log: "Log", np.sqrt: "Sqrt", np.abs: "Abs", np.tanh: "Tanh", np.square: "Square"}
    if transformer.func is None:
        return x
    if transformer.kw_args or transformer.func not in known_functions and transformer.func is not np.log1p:
        raise _refuse(transformer, "a function of Python's", "take one of NumPy's exp, log, log1p, sqrt, abs, tanh, square, or compute it before")
    if transformer.func is np.log1p:
        return Table(graph.add("Log", graph.add("Add", x.name, graph.constant(1.0))), x.width)
    if transformer.func is np.square:
        return Table(graph.add("Mul", x.name, x.name), x.width)
    return Table(graph.add(known_functions[transformer.func], x.name), x.width)


def _indices(transformer: Any, name: str, columns: Any, width: int) -> list[int]:
    found = getattr(transformer, "_transformer_to_input_indices", {}).get(name)
    if found is not None:
        return [int(i) for i in found]
    if isinstance(columns, (str, int)):
        columns = [columns]
    if isinstance(columns, slice):
        return list(range(width))[columns]
    names = list(getattr(transformer, "feature_names_in_", []))
    return [names.index(column) if isinstance(column, str) else int(column) for column in columns]


@_reads(_TRANSFORMERS, "ColumnTransformer")
def _column_transformer(graph: Graph, x: Table, transformer: Any) -> Table:
    parts = []
    for name, step, columns in transformer.transformers_:
        indices = _indices(transformer, name, columns, x.width)
        if not indices or isinstance(step, str) and step == "drop":
            continue
        made = transform(graph, Table(graph.columns(x.name, indices, x.width), len(indices)), step)
        weight = (transformer.transformer_weights or {}).get(name, 1)
        parts.append(Table(graph.shifted(made.name, None, weight), made.width))
    return Table(graph.joined([part.name for part in parts]), sum(part.width for part in parts))


@_reads(_TRANSFORMERS, "FeatureUnion")
def _union(graph: Graph, x: Table, union: Any) -> Table:
    parts = []
    for name, step in union.transformer_list:
        if not (isinstance(step, str) and step == "drop"):
            made = transform(graph, x, step)
            parts.append(Table(graph.shifted(made.name, None, (union.transformer_weights or {}).get(name, 1)), made.width))
    return Table(graph.joined([part.name for part in parts]), sum(part.width for part in parts))


@_reads(_TRANSFORMERS, "Pipeline")
def _pipeline(graph: Graph, x: Table, pipeline: Any) -> Table:
    for _, step in pipeline.steps:
        x = transform(graph, x, step)
    return x


# Tables to predictions.


@_reads(_PREDICTORS, "Pipeline")
def _predicting_pipeline(graph: Graph, x: Table, pipeline: Any) -> Prediction:
    for _, step in pipeline.steps[:-1]:
        x = transform(graph, x, step)
    return predict(graph, x, pipeline.steps[-1][1])


@_reads(_PREDICTORS, "GridSearchCV", "RandomizedSearchCV", "HalvingGridSearchCV", "HalvingRandomSearchCV")
def _search(graph: Graph, x: Table, search: Any) -> Prediction:
    return predict(graph, x, search.best_estimator_)


def best_index(graph: Graph, scores: str) -> str:
    return graph.add("ArgMax", scores, axis=1, keepdims=0)


def single(graph: Graph, x: str) -> str:
    """One number as [1]."""
    return graph.add("Reshape", x, graph.constant([1], np.int64))


@_reads(
    _PREDICTORS, "LinearRegression", "Ridge", "RidgeCV", "Lasso", "LassoCV", "ElasticNet", "ElasticNetCV", "Lars", "LassoLars", "SGDRegressor", "LinearSVR",
    "HuberRegressor", "BayesianRidge", "ARDRegression", "TheilSenRegressor", "OrthogonalMatchingPursuit", "PassiveAggressiveRegressor", "QuantileRegressor",
)  # fmt: skip
def _linear_regressor(graph: Graph, x: Table, model: Any) -> Prediction:
    return Prediction(value=graph.linear(x.name, model.coef_, model.intercept_))


@_reads(_PREDICTORS, "PoissonRegressor", "GammaRegressor")
def _log_regressor(graph: Graph, x: Table, model: Any) -> Prediction:
    return Prediction(value=graph.add("Exp", graph.linear(x.name, model.coef_, model.intercept_)))


def _link(model: Any, width: int) -> Optional[str]:
    """How predict_proba follows from decision_function: tried out, because it differs by version and option."""
    if not hasattr(model, "predict_proba"):
        return None
    rows = np.random.default_rng(0).normal(size=(16, width))
    scores, found = model.decision_function(rows), model.predict_proba(rows)
    # Kept where the links differ.
    rows *= 2 / max(1e-9, float(np.abs(scores).max()))
    scores, found = model.decision_function(rows), model.predict_proba(rows)
    wide = np.stack([-scores, scores], axis=1) if scores.ndim == 1 else scores
    soft = np.exp(wide - wide.max(axis=1, keepdims=True))
    logistic = 1 / (1 + np.exp(-scores))
    two = np.stack([1 - logistic, logistic], axis=1) if scores.ndim == 1 else logistic / logistic.sum(axis=1, keepdims=True)
    for name, values in (("logistic", two), ("softmax", soft / soft.sum(axis=1, keepdims=True))):
        if np.abs(values - found).max() < 1e-5:
            return name
    return None


def _classified(graph: Graph, scores: str, classes: Any, link: Optional[str]) -> Prediction:
    """scores [1, 1] of two classes or [1, classes]."""
    if len(classes) == 2:
        out = Prediction(index=single(graph, graph.positive(scores)), classes=classes)
        if link is not None:
            twice = graph.shifted(scores, None, 2.0) if link == "softmax" else scores
            out.probabilities = graph.two_classes(graph.add("Sigmoid", twice))
    else:
        out = Prediction(index=best_index(graph, scores), classes=classes)
        if link == "softmax":
            out.probabilities = graph.add("Softmax", scores, axis=1)
        elif link == "logistic":
            each = graph.add("Sigmoid", scores)
            out.probabilities = graph.add("Div", each, graph.add("ReduceSum", each, graph.constant([1], np.int64), keepdims=1))
    if out.probabilities is None:
        out.scores = scores
    return out


@_reads(
    _PREDICTORS, "LogisticRegression", "LogisticRegressionCV", "SGDClassifier", "LinearSVC", "RidgeClassifier", "RidgeClassifierCV", "Perceptron",
    "PassiveAggressiveClassifier", "LinearDiscriminantAnalysis",
)  # fmt: skip
def _linear_classifier(graph: Graph, x: Table, model: Any) -> Prediction:
    if np.ndim(model.classes_) != 1 or isinstance(model.classes_, list):
        raise _refuse(model, "several labels at once", "fit one classifier for each")
    return _classified(graph, graph.linear(x.name, model.coef_, model.intercept_), model.classes_, _link(model, x.width))


@_reads(_PREDICTORS, "GaussianNB")
def _gaussian_nb(graph: Graph, x: Table, model: Any) -> Prediction:
    variance = model.var_ if hasattr(model, "var_") else model.sigma_
    deviations = graph.add("Mul", graph.add("Sub", x.name, graph.constant(model.theta_)), graph.constant(np.sqrt(0.5 / variance)))
    squares = graph.sum_last(graph.add("Mul", deviations, deviations))
    prior = np.log(model.class_prior_) - 0.5 * np.log(2 * np.pi * variance).sum(axis=1)
    scores = graph.add("Sub", graph.constant(prior[None]), graph.row(squares, len(prior)))
    return Prediction(index=best_index(graph, scores), classes=model.classes_, probabilities=graph.add("Softmax", scores, axis=1))


@_reads(_PREDICTORS, "MultinomialNB")
def _multinomial_nb(graph: Graph, x: Table, model: Any) -> Prediction:
    scores = graph.linear(x.name, model.feature_log_prob_, model.class_log_prior_)
    return Prediction(index=best_index(graph, scores), classes=model.classes_, probabilities=graph.add("Softmax", scores, axis=1))


@_reads(_PREDICTORS, "BernoulliNB")
def _bernoulli_nb(graph: Graph, x: Table, model: Any) -> Prediction:
    name = x.name if model.binarize is None else graph.as_float(graph.add("Greater", x.name, graph.constant(not_above(model.binarize))))
    absent = np.log1p(-np.exp(model.feature_log_prob_))
    scores = graph.linear(name, model.feature_log_prob_ - absent, model.class_log_prior_ + absent.sum(axis=1))
    return Prediction(index=best_index(graph, scores), classes=model.classes_, probabilities=graph.add("Softmax", scores, axis=1))


@_reads(_PREDICTORS, "KMeans", "MiniBatchKMeans")
def _k_means(graph: Graph, x: Table, model: Any) -> Prediction:
    squares = graph.squared_distances(x.name, model.cluster_centers_)
    index = graph.add("ArgMin", squares, axis=1, keepdims=0)
    return Prediction(index=index, classes=np.arange(len(model.cluster_centers_)), scores=graph.add("Sqrt", squares))


_ACTIVATIONS = {"relu": "Relu", "tanh": "Tanh", "logistic": "Sigmoid", "identity": "Identity"}


@_reads(_PREDICTORS, "MLPClassifier", "MLPRegressor")
def _mlp(graph: Graph, x: Table, model: Any) -> Prediction:
    y = x.name
    for layer, (weights, bias) in enumerate(zip(model.coefs_, model.intercepts_)):
        y = graph.linear(y, weights.T, bias)
        if layer + 1 < len(model.coefs_):
            y = graph.add(_ACTIVATIONS[model.activation], y)
    if type(model).__name__ == "MLPRegressor":
        return Prediction(value=y)
    if model.out_activation_ == "logistic" and len(model.classes_) != 2:
        raise _refuse(model, "several labels at once", "fit one classifier for each")
    return _classified(graph, y, model.classes_, "logistic" if model.out_activation_ == "logistic" else "softmax")


def _kernel(graph: Graph, x: Table, model: Any) -> str:
    """[1, support vectors]"""
    vectors = np.asarray(model.support_vectors_.todense() if hasattr(model.support_vectors_, "todense") else model.support_vectors_)
    if model.kernel == "linear":
        return graph.linear(x.name, vectors)
    gamma = model._gamma
    if model.kernel == "rbf":
        return graph.add("Exp", graph.shifted(graph.squared_distances(x.name, vectors), None, -gamma))
    if model.kernel not in ("poly", "sigmoid"):
        raise _refuse(model, f"kernel {model.kernel!r}", "take linear, rbf, poly or sigmoid")
    product = graph.linear(x.name, gamma * vectors, np.full(len(vectors), model.coef0))
    if model.kernel == "sigmoid":
        return graph.add("Tanh", product)
    return graph.add("Pow", product, graph.constant(float(model.degree)))


@_reads(_PREDICTORS, "SVR", "NuSVR")
def _svr(graph: Graph, x: Table, model: Any) -> Prediction:
    return Prediction(value=graph.linear(_kernel(graph, x, model), model.dual_coef_, model.intercept_))


@_reads(_PREDICTORS, "SVC", "NuSVC")
def _svc(graph: Graph, x: Table, model: Any) -> Prediction:
    classes, kernel = model.classes_, _kernel(graph, x, model)
    num, dual = len(classes), np.asarray(model.dual_coef_)
    if num == 2:
        scores = graph.linear(kernel, dual, model.intercept_)
        out = Prediction(index=single(graph, graph.positive(scores)), classes=classes)
        platt = np.ravel(model.probA_), np.ravel(model.probB_)
        if platt[0].size:
            # Of minus what decision_function says.
            a, b = float(platt[0][0]), float(platt[1][0])
            out.probabilities = graph.two_classes(graph.add("Sigmoid", graph.add("Add", graph.shifted(scores, None, -a), graph.constant(b))))
        else:
            out.scores = scores
        return out
    if getattr(model, "break_ties", False):
        raise _refuse(model, "break_ties=True", "leave it out")
    ends = np.concatenate([[0], np.cumsum(model.n_support_)])
    rows, votes, constant = [], [], np.zeros(num)
    for i in range(num):
        for j in range(i + 1, num):
            row, vote = np.zeros(dual.shape[1]), np.zeros(num)
            row[ends[i] : ends[i + 1]] = dual[j - 1, ends[i] : ends[i + 1]]
            row[ends[j] : ends[j + 1]] = dual[i, ends[j] : ends[j + 1]]
            vote[i], vote[j] = 1, -1
            constant[j] += 1
            rows.append(row)
            votes.append(vote)
    scores = graph.linear(kernel, np.array(rows), model.intercept_)
    won = graph.as_float(graph.positive(scores))
    return Prediction(index=best_index(graph, graph.linear(won, np.array(votes).T, constant)), classes=classes, scores=scores)


# Trees.


def add_tree(trees: Trees, tree: Any, weight: float, first_target: int = 0, normalized: bool = False) -> None:
    """One of sklearn.tree. normalized: leaves count samples, probabilities are their shares."""
    number, arrays = trees.add_tree(), tree.tree_
    values = arrays.value[:, 0, :] if arrays.value.shape[1] == 1 else arrays.value[:, :, 0]
    if normalized:
        values = values / values.sum(axis=1, keepdims=True)
    thresholds = not_above(arrays.threshold)
    for node in range(arrays.node_count):
        if arrays.children_left[node] < 0:
            trees.leaf(number, node, weight * values[node], first_target)
        else:
            trees.split(
                number, node, arrays.feature[node], "BRANCH_LEQ", thresholds[node], arrays.children_left[node], arrays.children_right[node]
            )


def _check_single(model: Any) -> None:
    if isinstance(model.classes_, list):
        raise _refuse(model, "several labels at once", "fit one classifier for each")


def _tree_classes(graph: Graph, x: Table, model: Any, members: Any) -> Prediction:
    _check_single(model)
    trees = Trees(len(model.classes_))
    for member in members:
        add_tree(trees, member, 1 / len(members), normalized=True)
    shares = trees.write(graph, x.name)
    return Prediction(index=best_index(graph, shares), classes=model.classes_, probabilities=shares)


@_reads(_PREDICTORS, "DecisionTreeClassifier", "ExtraTreeClassifier")
def _tree_classifier(graph: Graph, x: Table, model: Any) -> Prediction:
    return _tree_classes(graph, x, model, [model])


@_reads(_PREDICTORS, "RandomForestClassifier", "ExtraTreesClassifier")
def _forest_classifier(graph: Graph, x: Table, model: Any) -> Prediction:
    return _tree_classes(graph, x, model, model.estimators_)


@_reads(_PREDICTORS, "DecisionTreeRegressor", "ExtraTreeRegressor", "RandomForestRegressor", "ExtraTreesRegressor")
def _tree_regressor(graph: Graph, x: Table, model: Any) -> Prediction:
    members = getattr(model, "estimators_", [model])
    trees = Trees(model.n_outputs_)
    for member in members:
        add_tree(trees, member, 1 / len(members))
    return Prediction(value=trees.write(graph, x.name))


@_reads(_PREDICTORS, "GradientBoostingClassifier", "GradientBoostingRegressor")
def _gradient_boosting(graph: Graph, x: Table, model: Any) -> Prediction:
    stages = model.estimators_
    trees = Trees(stages.shape[1])
    rows = np.random.default_rng(0).normal(size=(2, x.width)).astype(np.float32)
    first = np.atleast_2d(np.zeros((2, trees.num_targets)) if model.init_ == "zero" else model._raw_predict_init(rows))
    if not np.array_equal(first[0], first[1]):
        raise _refuse(model, f"begins with {type(model.init_).__name__}, which depends on the features", "leave init out")
    trees.base = np.ravel(first[0]).astype(np.float64)
    for stage in stages:
        for target, member in enumerate(stage):
            add_tree(trees, member, model.learning_rate, target)
    raw = trees.write(graph, x.name)
    if type(model).__name__ == "GradientBoostingRegressor":
        return Prediction(value=raw)
    return _classified(graph, raw, model.classes_, "softmax" if len(model.classes_) > 2 or model.loss == "exponential" else "logistic")


@_reads(_PREDICTORS, "HistGradientBoostingClassifier", "HistGradientBoostingRegressor")
def _hist_gradient_boosting(graph: Graph, x: Table, model: Any) -> Prediction:
    base = np.ravel(model._baseline_prediction).astype(np.float64)
    trees = Trees(len(base))
    trees.base = base
    for stage in model._predictors:
        for target, member in enumerate(stage):
            number = trees.add_tree()
            thresholds = not_above(member.nodes["num_threshold"])
            for index, node in enumerate(member.nodes):
                if node["is_leaf"]:
                    trees.leaf(number, index, [node["value"]], target)
                elif node["is_categorical"]:
                    raise _refuse(model, "splits of categories", "encode categories as columns, as OneHotEncoder does")
                else:
                    trees.split(number, index, node["feature_idx"], "BRANCH_LEQ", thresholds[index], node["left"], node["right"])
    raw = trees.write(graph, x.name)
    if type(model).__name__ == "HistGradientBoostingClassifier":
        return _classified(graph, raw, model.classes_, "softmax" if len(model.classes_) > 2 else "logistic")
    if model.loss in ("poisson", "gamma"):
        return Prediction(value=graph.add("Exp", raw))
    return Prediction(value=raw)


# Estimators of estimators.


def _shares(graph: Graph, member: Any, made: Prediction) -> str:
    if made.probabilities is None:
        raise _refuse(member, "gives no probabilities to average", "take voting='hard', or another estimator")
    return made.probabilities


def _member_class(graph: Graph, made: Prediction, num: int) -> str:
    """1 at its class, [1, num]."""
    return graph.as_float(graph.add("Equal", graph.add("Reshape", made.index or "", graph.constant([1, 1], np.int64)), graph.constant(np.arange(num)[None], np.int64)))


@_reads(_PREDICTORS, "VotingClassifier")
def _voting_classifier(graph: Graph, x: Table, model: Any) -> Prediction:
    members = [predict(graph, x, member) for member in model.estimators_]
    weights = model._weights_not_none
    if model.voting == "soft":
        shares = graph.mean([_shares(graph, member, made) for member, made in zip(model.estimators_, members)], weights)
        return Prediction(index=best_index(graph, shares), classes=model.classes_, probabilities=shares)
    votes = graph.mean([_member_class(graph, made, len(model.classes_)) for made in members], weights)
    return Prediction(index=best_index(graph, votes), classes=model.classes_, scores=votes)


@_reads(_PREDICTORS, "VotingRegressor")
def _voting_regressor(graph: Graph, x: Table, model: Any) -> Prediction:
    values = [predict(graph, x, member).value or "" for member in model.estimators_]
    return Prediction(value=graph.mean(values, model._weights_not_none))


@_reads(_PREDICTORS, "BaggingClassifier", "BaggingRegressor")
def _bagging(graph: Graph, x: Table, model: Any) -> Prediction:
    members = [
        (member, predict(graph, Table(graph.columns(x.name, columns, x.width), len(columns)), member))
        for member, columns in zip(model.estimators_, model.estimators_features_)
    ]
    if type(model).__name__ == "BaggingRegressor":
        return Prediction(value=graph.mean([made.value or "" for _, made in members]))
    shares = graph.mean([_shares(graph, member, made) for member, made in members])
    return Prediction(index=best_index(graph, shares), classes=model.classes_, probabilities=shares)
