# SPDX-License-Identifier: Apache-2.0
"""XGBoost's and LightGBM's boosters as ONNX, read from the JSON that they write themselves."""

from __future__ import annotations

import json
from typing import Any, Optional, Sequence

import numpy as np

from ._estimators import Prediction, Unknown, best_index, single
from ._onnx_graph import Graph
from ._tables import Table
from ._trees import Trees


def _refuse(what: str, remedy: str) -> Unknown:
    return Unknown(f"{what}; {remedy}")


def _linked(graph: Graph, raw: str, link: str, classes: Optional[np.ndarray], num: int) -> Prediction:
    """raw [1, num] through what the objective says: "identity", "exp", "logistic" or "softmax", or "each": a logistic for each class."""
    if classes is None and link in ("identity", "exp", "logistic"):
        functions = {"exp": "Exp", "logistic": "Sigmoid"}
        return Prediction(value=graph.add(functions[link], raw) if link in functions else raw)
    if num == 1:
        index = single(graph, graph.positive(raw))
        shares = graph.two_classes(graph.add("Sigmoid", raw))
        return Prediction(index=index, classes=classes if classes is not None else np.arange(2), probabilities=shares)
    index = best_index(graph, raw)
    if link == "each":
        shares = graph.add("Sigmoid", raw)
    else:
        shares = graph.add("Softmax", raw, axis=1)
    return Prediction(index=index, classes=classes if classes is not None else np.arange(num), probabilities=shares)


# XGBoost: https://xgboost.readthedocs.io/en/stable/tutorials/saving_model.html

_XGB_LINKS = {
    "reg:squarederror": "identity", "reg:linear": "identity", "reg:squaredlogerror": "identity", "reg:absoluteerror": "identity",
    "reg:pseudohubererror": "identity", "reg:quantileerror": "identity", "rank:pairwise": "identity", "rank:ndcg": "identity", "rank:map": "identity",
    "binary:logitraw": "identity", "reg:logistic": "logistic", "binary:logistic": "logistic", "count:poisson": "exp", "reg:gamma": "exp",
    "reg:tweedie": "exp", "multi:softprob": "softmax", "multi:softmax": "softmax",
}  # fmt: skip
_XGB_CLASSES = ("binary:logistic", "multi:softprob", "multi:softmax")


def _base_score(learner: Any) -> np.ndarray:
    """As predictions, before the link: one number, or one per target, in brackets since 3.1."""
    text = str(learner["learner_model_param"]["base_score"]).strip("[]")
    return np.array([float(part) for part in text.split(",")])


def _margin(base: np.ndarray, link: str) -> np.ndarray:
    if link == "logistic":
        return np.asarray(np.log(base / (1 - base)))
    return np.asarray(np.log(base)) if link == "exp" else base


def _trees_of_rounds(forest: Any, num_rounds: int, num: int) -> int:
    ends = forest.get("iteration_indptr")  # of XGBoost 2 and later
    if ends:
        return int(ends[num_rounds])
    return num_rounds * num * max(1, int(forest.get("gbtree_model_param", {}).get("num_parallel_tree", 1)))


def xgboost_json(graph: Graph, x: Table, model: Any, classes: Optional[np.ndarray], num_rounds: Optional[int] = None) -> Prediction:
    """model: what Booster.save_model("model.json") writes. num_rounds: of boosting, the first; all by default."""
    learner = model["learner"]
    objective, booster = learner["objective"]["name"], learner["gradient_booster"]
    link = _XGB_LINKS.get(objective)
    if link is None:
        raise _refuse(f"XGBoost's objective {objective!r}", f"the reader knows {', '.join(sorted(_XGB_LINKS))}")
    num = max(1, int(learner["learner_model_param"]["num_class"]), int(learner["learner_model_param"].get("num_target", 1)))
    if classes is None and objective in _XGB_CLASSES:
        classes = np.arange(max(num, 2))
    base = np.broadcast_to(_margin(_base_score(learner), link), (num,))
    if booster["name"] == "gblinear":
        numbers = np.array(booster["model"]["weights"], dtype=np.float64).reshape(-1, num)
        # The first base score goes to every class.
        return _linked(graph, graph.linear(x.name, numbers[:-1].T, numbers[-1] + base[0]), link, classes, num)
    dropped = booster.get("weight_drop")  # dart
    forest = booster["gbtree"]["model"] if booster["name"] == "dart" else booster["model"]
    trees = Trees(num, "float32 <")
    trees.base = np.array(base, dtype=np.float64)
    num_trees = None if num_rounds is None else _trees_of_rounds(forest, num_rounds, num)
    for place, (tree, target) in enumerate(zip(forest["trees"], forest["tree_info"])):
        if num_trees is not None and place >= num_trees:
            break
        if tree.get("categories"):
            raise _refuse("XGBoost's splits of categories", "encode categories as columns, as OneHotEncoder does")
        if int(tree["tree_param"].get("size_leaf_vector", 1)) > 1:
            raise _refuse("XGBoost's trees with several outputs (multi_strategy='multi_output_tree')", "leave it out")
        number, weight = trees.add_tree(), float(dropped[place]) if dropped else 1.0
        for node, left in enumerate(tree["left_children"]):
            threshold = float(np.float32(tree["split_conditions"][node]))
            if left < 0:
                trees.leaf(number, node, [weight * threshold], int(target))
            else:
                trees.split(number, node, tree["split_indices"][node], threshold, left, tree["right_children"][node])
    return _linked(graph, trees.write(graph, x), link, classes, num)


def xgboost_estimator(graph: Graph, x: Table, model: Any) -> Prediction:
    """An XGBClassifier, XGBRegressor, .., or a Booster."""
    booster = model.get_booster() if hasattr(model, "get_booster") else model
    data = json.loads(bytes(booster.save_raw("json")))
    classes = np.asarray(model.classes_) if hasattr(model, "classes_") else None
    # After early stopping an estimator predicts with the best round and those before it, a Booster with all.
    stopped = booster is not model and "best_iteration" in data["learner"].get("attributes", {})
    return xgboost_json(graph, x, data, classes, int(model.best_iteration) + 1 if stopped else None)


# LightGBM: Booster.dump_model


def _lightgbm_link(objective: str) -> tuple[str, bool]:
    """The link, and whether the answer is a class."""
    words = objective.split()
    name = words[0] if words else "regression"
    if any(word.startswith("sigmoid:") and float(word[len("sigmoid:") :]) != 1 for word in words):
        raise _refuse(f"LightGBM's objective {objective!r}", "take sigmoid=1")
    if name == "binary":
        return "logistic", True
    if name in ("multiclass", "softmax"):
        return "softmax", True
    if name in ("multiclassova", "ova", "ovr"):
        return "each", True
    if name in ("poisson", "gamma", "tweedie"):
        return "exp", False
    if name in ("cross_entropy", "xentropy"):
        return "logistic", False
    if name in ("regression", "regression_l1", "huber", "fair", "quantile", "mape", "lambdarank", "rank_xendcg"):
        if "sqrt" in words:
            raise _refuse(f"LightGBM's objective {objective!r}", "leave reg_sqrt out")
        return "identity", False
    raise _refuse(f"LightGBM's objective {objective!r}", "the reader knows binary, multiclass, multiclassova, poisson, gamma, tweedie and the regressions")


def lightgbm_dump(graph: Graph, x: Table, model: Any, classes: Optional[np.ndarray]) -> Prediction:
    """model: what Booster.dump_model() gives."""
    link, is_class = _lightgbm_link(model.get("objective", ""))
    num = int(model["num_tree_per_iteration"])
    if classes is None and is_class:
        classes = np.arange(max(num, 2))
    trees = Trees(num, "float64 <=")
    rounds = max(1, len(model["tree_info"]) // num)
    weight = 1 / rounds if model.get("average_output") else 1.0
    for place, info in enumerate(model["tree_info"]):
        number, count = trees.add_tree(), 0
        waiting: list[tuple[int, Any]] = [(0, info["tree_structure"])]
        while waiting:
            node, part = waiting.pop()
            if "split_feature" not in part:
                if "leaf_const" in part:
                    raise _refuse("LightGBM's linear trees", "leave linear_tree out")
                trees.leaf(number, node, [weight * part["leaf_value"]], place % num)
                continue
            if part["decision_type"] != "<=":
                raise _refuse("LightGBM's splits of categories", "encode categories as columns, as OneHotEncoder does")
            if part.get("missing_type") == "Zero":
                raise _refuse("LightGBM's zero_as_missing", "leave it out")
            left, right = count + 1, count + 2
            count += 2
            trees.split(number, node, part["split_feature"], part["threshold"], left, right)
            waiting += [(left, part["left_child"]), (right, part["right_child"])]
    return _linked(graph, trees.write(graph, x), link, classes, num)


def lightgbm_estimator(graph: Graph, x: Table, model: Any) -> Prediction:
    """An LGBMClassifier, LGBMRegressor, .., or a Booster."""
    booster = getattr(model, "booster_", model)
    classes = np.asarray(model.classes_) if hasattr(model, "classes_") else None
    return lightgbm_dump(graph, x, booster.dump_model(), classes)


def library_of(model: Any) -> Optional[str]:
    """"xgboost" or "lightgbm" of their boosters and estimators."""
    for cls in type(model).__mro__:
        root = cls.__module__.split(".")[0]
        if root in ("xgboost", "lightgbm"):
            return root
    return None


def predict(graph: Graph, x: Table, model: Any) -> Prediction:
    reader = xgboost_estimator if library_of(model) == "xgboost" else lightgbm_estimator
    return reader(graph, x, model)


def num_features(model: Any) -> int:
    """Of a booster or a fitted estimator."""
    count: Any = getattr(model, "n_features_in_", None)
    if count is None:
        count = model.num_features() if library_of(model) == "xgboost" else model.num_feature()
    return int(count)


__all__: Sequence[str] = ("library_of", "lightgbm_dump", "lightgbm_estimator", "num_features", "predict", "xgboost_estimator", "xgboost_json")
