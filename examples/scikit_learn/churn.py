#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""scikit-learn: a pipeline over numbers and categories, proven without a converter.

A telephone company predicts who leaves, from contract, months, bill and calls. Its customers are made up here, by a rule with noise. An auditor
picks customers and gets proofs that the published model, and no other, gave their scores, without the model or the customers being shown.

    PYTHONPATH=build/release/python /usr/bin/python3 examples/scikit_learn/churn.py
"""
import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import zkinfer


def customers(count, seed):
    """[count, 4]: contract (0 monthly, 1 a year, 2 two years), months, bill, calls to the hotline; and whether they left."""
    random = np.random.default_rng(seed)
    contract = random.choice(3, count, p=[0.6, 0.25, 0.15])
    months = random.exponential(24, count).clip(0, 72).round()
    bill, calls = random.normal(60, 20, count).clip(15, 130).round(2), random.poisson(1.2, count)
    score = 0.9 - 1.6 * (contract > 0) - 0.04 * months + 0.018 * bill + 0.5 * calls - 1.6
    left = random.random(count) < 1 / (1 + np.exp(-score))
    return np.stack([contract, months, bill, calls], axis=1).astype("float32"), np.where(left, "leaves", "stays")


def columns():
    return ColumnTransformer([("contract", OneHotEncoder(handle_unknown="ignore"), [0]), ("numbers", StandardScaler(), [1, 2, 3])])


def main():
    x, y = customers(2000, seed=1)
    test, truth = customers(200, seed=2)
    for last in (LogisticRegression(), RandomForestClassifier(20, max_depth=6, random_state=1)):
        pipeline = make_pipeline(columns(), last).fit(x, y)
        model = zkinfer.compile(pipeline, calibration=x[:300])
        places = np.array([int(model.run(row).outputs[0].item()) for row in test])
        labels = pipeline.classes_[places]
        print(
            f"{type(last).__name__}: {100 * np.mean(labels == truth):.1f} % right, scikit-learn {100 * np.mean(pipeline.predict(test) == truth):.1f} %, "
            f"the same answer on {100 * np.mean(labels == pipeline.predict(test)):.1f} %"
        )
        key = model.commit(proofs=50)
        proof = key.prove(test[0], context="audit 2026, customer 0")
        place, shares = zkinfer.verify(proof, key.public, context="audit 2026, customer 0").outputs
        print(f"  proven: {pipeline.classes_[int(place.item())]}, probability {shares.max():.3f} ({len(proof)} bytes)")


if __name__ == "__main__":
    main()
