#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A whole table scored with one proof: rows in, one .zkbatch out, and a table of proven scores on the other side.

A batch takes one slot of the key's budget and is smaller and faster than as many single proofs. The network is the one of examples/credit_scoring,
here with secret weights; the applicants are made up.

    PYTHONPATH=build/release/python /usr/bin/python3 examples/batch_scoring/score_table.py [FOLDER]
"""
import csv
import pathlib
import sys
import tempfile
import time

import numpy as np

import zkinfer

CREDIT = pathlib.Path(__file__).resolve().parents[1] / "credit_scoring"
COLUMNS = ["income", "debt", "years_in_job", "late_payments", "age"]
ROWS = 64


def write_applicants(path):
    """As typical as those that the network was calibrated on: it knows nothing beyond."""
    seen = np.load(CREDIT / "applicants.npy")
    random = np.random.default_rng(7)
    rows = np.stack([random.choice(seen[:, column], ROWS) for column in range(seen.shape[1])], axis=1)
    with open(path, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["applicant", *COLUMNS])
        writer.writerows([number, *map(float, row)] for number, row in enumerate(rows))


def read_table(path):
    with open(path, newline="") as file:
        rows = list(csv.DictReader(file))
    return [row["applicant"] for row in rows], np.array([[float(row[name]) for name in COLUMNS] for row in rows], dtype=np.float32)


def lender_scores(folder):
    key = zkinfer.compile(CREDIT / "credit.onnx", calibration=np.load(CREDIT / "applicants.npy")).commit()
    key.public.save(folder / "lender.zkkey")
    _, rows = read_table(folder / "applicants.csv")
    begin = time.monotonic()
    batch = key.prove_batch(rows, context="portfolio 2026-11", refuse_clipping=True)
    seconds = time.monotonic() - begin
    begin = time.monotonic()
    single = key.prove(rows[0])
    alone = time.monotonic() - begin
    batch.save(folder / "portfolio.zkbatch")
    print(
        f"lender: {len(rows)} rows in {seconds:.2f} s and {len(batch)} bytes, {1000 * seconds / len(rows):.1f} ms and {len(batch) // len(rows)} bytes a row; "
        f"one row alone takes {1000 * alone:.0f} ms and {len(single)} bytes"
    )


def regulator_reads(folder):
    """Proven scores beside the lender's names of the rows, in their order."""
    statements = zkinfer.verify_batch(folder / "portfolio.zkbatch", folder / "lender.zkkey", context="portfolio 2026-11")
    names, _ = read_table(folder / "applicants.csv")
    with open(folder / "scores.csv", "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["applicant", "score"])
        writer.writerows([name, f"{statement.output.item():.5f}"] for name, statement in zip(names, statements))
    scores = np.array([statement.output.item() for statement in statements])
    print(f"regulator: {len(scores)} proven scores, {100 * np.mean(scores > 0.5):.0f} % of them above a half; the numbers of no applicant were shown to it")


def main(folder):
    write_applicants(folder / "applicants.csv")
    lender_scores(folder)
    regulator_reads(folder)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(pathlib.Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as temporary:
            main(pathlib.Path(temporary))
