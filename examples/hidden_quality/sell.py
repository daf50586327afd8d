#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Hidden quality: a buyer learns how good a credit model is, for two groups of applicants too, and never sees the model.

The seller commits to the model and gives away its key. The buyer has applicants whose scores he knows, and, once he has the key, draws a nonce.
The seller proves the mean absolute error of each group, and the squared error on those applicants that the nonce chooses. Neither shows the score of a single applicant, nor what single proofs counted.

    PYTHONPATH=build/release/python /usr/bin/python3 examples/hidden_quality/sell.py [FOLDER]
"""
import pathlib
import secrets
import sys
import tempfile

import numpy as np

import zkinfer

CREDIT = pathlib.Path(__file__).resolve().parent.parent / "credit_scoring"


def buyers_set(model: zkinfer.Model) -> zkinfer.DataSet:
    """A buyer has scores from elsewhere; these are the model's, and up to a tenth of their spread beside them."""
    rows = np.load(CREDIT / "applicants.npy")[:60]
    scores = np.array([np.ravel(model.run(row).output) for row in rows])
    noise = np.random.default_rng(1).uniform(-0.1, 0.1, scores.shape) * np.std(scores)
    return zkinfer.DataSet(rows, targets=scores + noise, groups=np.arange(len(rows)) % 2, name="applicants")


def main(folder: pathlib.Path) -> None:
    model = zkinfer.compile(CREDIT / "credit.onnx", calibration=np.load(CREDIT / "applicants.npy"))
    key = model.commit(proofs=24)
    key.public.save(folder / "credit.zkkey")
    print(f"seller: committed to {model.name!r}")

    data = buyers_set(model)
    data.save(folder / "applicants.zkset")
    nonce = secrets.token_bytes(32)
    print(f"buyer: {data!r}, nonce {nonce.hex()[:16]}..")

    key.evaluate(data, "mae", by_group=True, totals_only=True).save(folder / "groups.zkeval")
    key.evaluate(data, "mse", sample=30, nonce=nonce).save(folder / "sample.zkeval")

    groups = zkinfer.verify_evaluation(folder / "groups.zkeval", key.public, folder / "applicants.zkset")
    for figure in groups.figures[1:]:
        print(f"buyer: proven mean absolute error of group {figure.group}: {figure.value:.4g}")
    sample = zkinfer.verify_evaluation(folder / "sample.zkeval", key.public, folder / "applicants.zkset", nonce=nonce, sample=30)
    print(f"buyer: proven r squared of {sample.num_rows} rows that his nonce chose: at least {sample.least_r_squared:.3f}")
    try:
        zkinfer.verify_evaluation(folder / "sample.zkeval", key.public, folder / "applicants.zkset", nonce=secrets.token_bytes(32), sample=30)
    except zkinfer.Rejected as error:
        print(f"buyer: rejected with another nonce, {error.reason}")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(pathlib.Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as made:
            main(pathlib.Path(made))
