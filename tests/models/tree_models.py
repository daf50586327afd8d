#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Trains scikit-learn models on the tables of data/tabular_uci, exports them by skl2onnx with its defaults, proves one row each and compares
the labels (values) of all test rows with scikit-learn's; needs scikit-learn, skl2onnx, numpy.

right: at least 99.5 % of the labels are scikit-learn's and the accuracy is within 0.3 points (regression: R squared within 0.003), and the proof
of the first test row verifies. Exit code 1 where a model fails or fewer than --at-least are right.
"""
import csv
import pathlib
import sys
import tempfile
import warnings

import numpy as np
import skl2onnx
import sklearn
from skl2onnx import convert_sklearn
from skl2onnx.common.data_types import FloatTensorType
from sklearn.ensemble import (AdaBoostClassifier, ExtraTreesClassifier, GradientBoostingClassifier, GradientBoostingRegressor,
                              RandomForestClassifier, RandomForestRegressor)
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, Normalizer, StandardScaler
from sklearn.svm import SVC, SVR
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from pipeline import Stopped, data_folder
from runs import Runs

CLASSIFIERS = {
    "decision tree": DecisionTreeClassifier(max_depth=6, random_state=0),
    "random forest": RandomForestClassifier(20, max_depth=6, random_state=0),
    "forest of whole trees": RandomForestClassifier(100, random_state=0),
    "extra trees": ExtraTreesClassifier(10, max_depth=6, random_state=0),
    "gradient boosting": GradientBoostingClassifier(n_estimators=20, random_state=0),
    "AdaBoost": AdaBoostClassifier(n_estimators=10, random_state=0),
    "logistic regression": make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)),
    "linear SVM": make_pipeline(MinMaxScaler(), SVC(kernel="linear", random_state=0)),
    "SVM": make_pipeline(StandardScaler(), SVC(random_state=0)),
    "MLP": make_pipeline(StandardScaler(), Normalizer(), MLPClassifier((16,), max_iter=500, random_state=0)),
}
REGRESSORS = {
    "decision tree": DecisionTreeRegressor(max_depth=6, random_state=0),
    "random forest": RandomForestRegressor(20, max_depth=6, random_state=0),
    "forest of whole trees": RandomForestRegressor(50, random_state=0),
    "gradient boosting": GradientBoostingRegressor(n_estimators=20, random_state=0),
    "linear regression": LinearRegression(),
    "ridge": make_pipeline(StandardScaler(), Ridge()),
    "SVM": make_pipeline(StandardScaler(), SVR()),
}
TABLES = {"iris": CLASSIFIERS, "pima-indians-diabetes": CLASSIFIERS, "phoneme": CLASSIFIERS, "glass": CLASSIFIERS, "housing": REGRESSORS,
          "winequality-red": REGRESSORS}
MOST_ROWS = 1000


def read_table(path, classes):
    """Features as float32, and the last column: numbers, or positions in the sorted list of its words."""
    text = path.read_text()
    rows = list(csv.reader(text.splitlines(), delimiter=";" if ";" in text.splitlines()[0] else ","))
    if not rows[0][0].replace(".", "").replace("-", "").isdigit():
        rows = rows[1:]
    x = np.array([row[:-1] for row in rows], np.float32)
    y = np.unique([row[-1] for row in rows], return_inverse=True)[1] if classes else np.array([float(row[-1]) for row in rows])
    order = np.random.default_rng(0).permutation(len(x))[:MOST_ROWS]
    return x[order], y[order]


def score(predicted, truth, classes):
    if classes:
        return 100 * float(np.mean(predicted == truth))
    return 1 - float(np.sum((predicted - truth)**2) / np.sum((truth - truth.mean())**2))


def check(zkinfer, trained, x_train, x_test, y_test, classes):
    row = {"state": "right"}
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            converted = convert_sklearn(trained, initial_types=[("X", FloatTensorType([None, x_test.shape[1]]))])
            (pathlib.Path(folder) / "m.onnx").write_bytes(converted.SerializeToString())
            np.save(f"{folder}/calibration.npy", x_train[:256])
            np.save(f"{folder}/test.npy", x_test)
            zkinfer.call(folder, "compile", "m.onnx", "-c", "calibration.npy", "-o", "m.zkmodel", "--shape", f"X=1,{x_test.shape[1]}")
            run, _ = zkinfer.call(folder, "run", "m.zkmodel", "-i", "test.npy", "--all")
            got = np.array([item["outputs"][0]["values"][0] for item in run["items"]])
            zkinfer.call(folder, "commit", "m.zkmodel")
            proof, _ = zkinfer.call(folder, "prove", "m.zkmodel", "-i", "test.npy", "--index", "0", "-o", "p.zkproof")
            verdict, _ = zkinfer.call(folder, "verify", "p.zkproof", "--key", "m.zkkey")
        except Stopped as stopped:
            return {"state": stopped.state, "reason": stopped.reason}
        if not verdict["accepted"] or verdict["outputs"][0]["values"][0] != got[0]:
            return {"state": "failed", "reason": "the proof is rejected, or shows another output than `run`"}
        want = trained.predict(x_test)
        row["prove_seconds"], row["verify_seconds"] = proof["prove_seconds"], verdict["verify_seconds"]
        row["score_float"], row["score"] = score(want, y_test, classes), score(got, y_test, classes)
        row["agreement"] = 100 * float(np.mean(got == want)) if classes else score(got, want, False)
        near = abs(row["score"] - row["score_float"]) <= (0.3 if classes else 0.003)
        if not near or row["agreement"] < (99.5 if classes else 0.999):
            row["state"] = "wrong"
            row["reason"] = f"agreement {row['agreement']:.4g}, score {row['score']:.4g} against {row['score_float']:.4g}"
    return row


def main():
    runs = Runs(__doc__, "trees.json", only="part of 'table, model'", seconds=120, packages=(sklearn, skl2onnx))
    runs.options()
    folder = data_folder() / "data" / "tabular_uci"
    if not folder.exists():
        print(f"skipped: no {folder} (set ZKINFER_TEST_DATA)")
        return 77
    zkinfer = runs.begin()
    for table, models in TABLES.items():
        classes = models is CLASSIFIERS
        x, y = read_table(folder / f"{table}.csv", classes)
        cut = len(x) * 2 // 3
        for name, model in models.items():
            if runs.wants(f"{table}, {name}"):
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    model.fit(x[:cut], y[:cut])
                runs.add(f"{table}, {name}", check(zkinfer, model, x[:cut], x[cut:], y[cut:], classes))
    return runs.finish()


if __name__ == "__main__":
    sys.exit(main())
