# SPDX-License-Identifier: Apache-2.0
"""Evaluations: what is counted is what the model does; data sets; what is refused."""
import os
import pickle
import subprocess
import sys

import numpy as np
import pytest

import zkinfer


@pytest.fixture(scope="module")
def labelled(model, flowers):
    classes = np.array([model.run(row).integers[0].argmax() for row in flowers])
    labels = classes.copy()
    labels[3] = (labels[3] + 1) % 3
    return classes, labels


def test_counts_are_the_models(model, flowers, labelled, tmp_path):
    classes, labels = labelled
    groups = np.arange(len(labels)) % 2
    data = zkinfer.DataSet(flowers, labels, groups=groups, name="flowers")
    key = model.commit(proofs=20)
    evaluation = key.evaluate(data, chunk=8, context="audit")
    checked = zkinfer.verify_evaluation(evaluation, key.public, data, context="audit")
    assert checked.metric == "accuracy" and checked.value == (len(labels) - 1) / len(labels)
    assert checked.counts.tolist() == [1, len(labels) - 1] and (checked.chunk_counts.sum(axis=0) == checked.counts).all()
    assert checked.data_set == data.digest and checked.num_rows == len(data) and checked.context == "audit"

    matrix = zkinfer.verify_evaluation(key.evaluate(data, "confusion"), key.public, data)
    expected = np.zeros((3, 3), int)
    np.add.at(expected, (labels, classes), 1)
    assert (matrix.confusion == expected).all()
    f1 = {figure.label: figure for figure in matrix.figures if figure.name == "f1"}
    for label in range(3):
        assert (f1[label].numerator, f1[label].denominator) == (2 * expected[label, label], expected[label].sum() + expected[:, label].sum())
    by_group = zkinfer.verify_evaluation(key.evaluate(data, by_group=True), key.public, data)
    assert [figure.numerator for figure in by_group.figures] == [(classes == labels).sum()] + [((classes == labels) & (groups == g)).sum() for g in (0, 1)]
    scores = np.array([model.run(row).integers[0].ravel() for row in flowers])
    among_two = (scores > scores[np.arange(len(labels)), labels][:, None]).sum(axis=1) < 2
    assert zkinfer.verify_evaluation(key.evaluate(data, "top-2"), key.public, data).value == among_two.mean()
    with pytest.raises(zkinfer.InputError, match="best 3 of 3 classes, which are always right"):
        key.evaluate(data, "top-3")

    evaluation.save(tmp_path / "test.zkeval")
    data.save(tmp_path / "test.zkset")
    key.public.save(tmp_path / "network.zkkey")
    read = zkinfer.DataSet.load(tmp_path / "test.zkset")
    assert read == data and pickle.loads(pickle.dumps(data)) == data
    assert zkinfer.verify_evaluation(tmp_path / "test.zkeval", tmp_path / "network.zkkey", tmp_path / "test.zkset").value == checked.value
    assert zkinfer.Evaluation.load(tmp_path / "test.zkeval").to_bytes() == evaluation.to_bytes()
    if "ZKINFER_VERIFY_PACKAGE" in os.environ:
        check = "import zkinfer\nprint(zkinfer.verify_evaluation('test.zkeval', 'network.zkkey', 'test.zkset', context='audit').counts.tolist(), hasattr(zkinfer, 'Prover'))"
        environment = {**os.environ, "PYTHONPATH": os.environ["ZKINFER_VERIFY_PACKAGE"]}
        done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, env=environment, timeout=60, cwd=tmp_path)
        assert done.stdout.strip() == f"[1, {len(labels) - 1}] False", done.stdout + done.stderr


def test_what_is_refused(model, flowers, labelled):
    _, labels = labelled
    data = zkinfer.DataSet(flowers, labels)
    key = model.commit(proofs=4)
    evaluation = key.evaluate(data)
    with pytest.raises(zkinfer.Rejected, match="data set"):
        zkinfer.verify_evaluation(evaluation, key.public, zkinfer.DataSet(flowers, (labels + 1) % 3))
    with pytest.raises(zkinfer.Rejected, match="context"):
        zkinfer.verify_evaluation(evaluation, key.public, data, context="other")
    with pytest.raises(zkinfer.InputError, match="an evaluation, expected a proof; it is checked by zkinfer.verify_evaluation"):
        zkinfer.verify(evaluation.to_bytes(), key.public)
    with pytest.raises(zkinfer.InputError, match="a path, expected an array: np.load"):
        zkinfer.DataSet("rows.csv", labels)
    changed = bytearray(evaluation.to_bytes())
    changed[3000] ^= 1
    with pytest.raises(zkinfer.Rejected):
        zkinfer.verify_evaluation(bytes(changed), key.public, data)
    with pytest.raises(zkinfer.InputError, match="verify_evaluation"):
        zkinfer.verify(evaluation, key.public)
    with pytest.raises(zkinfer.InputError, match="zkinfer.verify"):
        zkinfer.verify_evaluation(key.prove(flowers[0]), key.public, data)
    left = key.num_proofs_left
    for call, says in (
        (lambda: key.evaluate(data, "f2"), "metric 'f2'"),
        (lambda: key.evaluate(data, by_group=True), "no groups"),
        (lambda: key.evaluate(data, output=3), "no output 3"),
        (lambda: key.evaluate(data, chunk=0), "chunk"),
        (lambda: key.evaluate(zkinfer.DataSet(flowers, labels + 5)), "row 0: label"),
        (lambda: key.evaluate(zkinfer.DataSet(flowers[:, :2], labels)), "rows of the data set"),
        (lambda: zkinfer.DataSet(flowers, labels[:-1]), "as many of both"),
        (lambda: zkinfer.DataSet(flowers, labels + 0.5), "whole number"),
    ):
        with pytest.raises(zkinfer.InputError, match=says):
            call()
    with pytest.raises(zkinfer.BudgetError, match="chunk="):
        key.evaluate(data, chunk=1)
    assert key.num_proofs_left == left


def test_the_same_numbers_are_the_same_set(flowers):
    labels = np.zeros(len(flowers), int)
    whole = np.round(flowers)
    assert zkinfer.DataSet(whole.astype(np.float64), labels).digest == zkinfer.DataSet(whole.astype(np.uint8), labels).digest
    assert zkinfer.DataSet(flowers, labels).digest != zkinfer.DataSet(flowers[::-1], labels).digest
    assert zkinfer.DataSet(np.concatenate([flowers, flowers[:2]]), np.zeros(len(flowers) + 2, int)).num_duplicates >= 2


def test_errors_auc_and_totals(model, flowers, labelled):
    _, labels = labelled
    outputs = np.array([model.run(row).output.ravel() for row in flowers], dtype=np.float64)
    targets = outputs + np.where(np.arange(len(flowers)) % 2, 0.25, -0.5)[:, None]
    data = zkinfer.DataSet(flowers, targets=targets, name="regression")
    key = model.commit(proofs=24)
    mse = zkinfer.verify_evaluation(key.evaluate(data, "mse", totals_only=True, chunk=8), key.public, data)
    assert mse.value == pytest.approx(((targets - outputs) ** 2).mean(), rel=0.01) and mse.totals_only and mse.chunk_counts.size == 0
    assert mse.r_squared == pytest.approx(1 - ((targets - outputs) ** 2).sum() / ((targets - targets.mean(axis=0)) ** 2).sum(), abs=0.01)
    assert mse.unrounded[0] <= ((targets - outputs) ** 2).mean() <= mse.unrounded[1] and mse.least_r_squared <= mse.r_squared
    mae = zkinfer.verify_evaluation(key.evaluate(data, "mae"), key.public, data)
    assert mae.value == pytest.approx(np.abs(targets - outputs).mean(), rel=0.01) and mae.unrounded[0] <= mae.value <= mae.unrounded[1] and mae.least_r_squared is None

    classes = zkinfer.DataSet(flowers, labels)
    auc = zkinfer.verify_evaluation(key.evaluate(classes, "auc-2", chunk=16), key.public, classes)
    ours, others = outputs[labels == 2, 2], outputs[labels != 2, 2]
    twice = (2 * (ours[:, None] > others) + (ours[:, None] == others)).sum()
    assert auc.metric == "auc-2" and auc.counts.tolist() == [twice, len(ours), len(others)] and auc.value == twice / (2 * len(ours) * len(others))
    with pytest.raises(zkinfer.InputError, match="labels.*targets"):
        zkinfer.DataSet(flowers)
    with pytest.raises(zkinfer.InputError, match="farther"):
        key.evaluate(zkinfer.DataSet(flowers, targets=targets + 1e6), "mse")


def test_perplexity(model, flowers, labelled):
    _, labels = labelled
    scores = np.array([model.run(row).output.ravel() for row in flowers], dtype=np.float64)
    losses = np.log(np.exp(scores).sum(axis=1)) - scores[np.arange(len(labels)), labels]
    groups = np.arange(len(labels)) % 2
    data = zkinfer.DataSet(flowers, labels, groups=groups)
    key = model.commit(proofs=24)
    checked = zkinfer.verify_evaluation(key.evaluate(data, "perplexity", by_group=True, totals_only=True, chunk=8), key.public, data)
    assert checked.metric == "perplexity" and checked.chunk_counts.size == 0
    assert checked.value == pytest.approx(np.exp(losses.mean()), rel=2**-10) and checked.value == checked.figures[0].value
    assert checked.unrounded[0] <= np.exp(losses.mean()) <= checked.unrounded[1] <= checked.value * 1.002
    assert [figure.value for figure in checked.figures[1:]] == pytest.approx([np.exp(losses[groups == g].mean()) for g in (0, 1)], rel=2**-10)
    evaluation = key.evaluate(zkinfer.DataSet(flowers, targets=labels[:, None]), "perplexity")
    assert zkinfer.verify_evaluation(evaluation, key.public, zkinfer.DataSet(flowers, targets=labels[:, None])).value == checked.value
    for targets, message in ((labels[:, None] + 0.5, "row 0.*number of a class"), (np.stack([labels] * 2, axis=1), "2 labels a row.*1 positions"), (labels[:, None] + 3, "row 0: label")):
        with pytest.raises(zkinfer.InputError, match=message):
            key.evaluate(zkinfer.DataSet(flowers, targets=targets), "perplexity")


def test_samples_are_the_verifiers(model, flowers, labelled):
    _, labels = labelled
    data = zkinfer.DataSet(flowers, labels)
    key = model.commit(proofs=8)
    nonce = bytes(range(32))
    evaluation = key.evaluate(data, sample=9, nonce=nonce)
    checked = zkinfer.verify_evaluation(evaluation, key.public, data, nonce=nonce.hex(), sample=9)
    assert (checked.num_rows, checked.set_rows, checked.nonce) == (9, len(flowers), nonce)
    (low, high), (least, most) = checked.bounds(0.95)
    assert least <= low <= checked.value <= high <= most
    with pytest.raises(zkinfer.InputError, match="the one that you drew"):
        zkinfer.verify_evaluation(evaluation, key.public, data)
    with pytest.raises(zkinfer.Rejected, match="nonce"):
        zkinfer.verify_evaluation(evaluation, key.public, data, nonce=b"\1" * 32, sample=9)
    with pytest.raises(zkinfer.InputError, match="the number of rows that you asked for"):
        zkinfer.verify_evaluation(evaluation, key.public, data, nonce=nonce)
    with pytest.raises(zkinfer.Rejected, match="sample: the evaluation is of 9 rows, expected 10"):
        zkinfer.verify_evaluation(evaluation, key.public, data, nonce=nonce, sample=10)
    with pytest.raises(zkinfer.InputError, match="sample and nonce"):
        key.evaluate(data, sample=9)
    # However it is called: one digest.
    assert zkinfer.DataSet(flowers, labels, name="another").digest == data.digest
