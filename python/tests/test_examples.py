# SPDX-License-Identifier: Apache-2.0
"""The examples run, each in a process of its own."""
import json
import os
import re
import subprocess
import sys

import numpy as np
import pytest


def test_credit_scoring(source, tmp_path):
    done = subprocess.run(
        [sys.executable, str(source / "examples/credit_scoring/score.py"), str(tmp_path)], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "bank: proven score" in done.stdout and "bank: rejected, wrong statement" in done.stdout


def run(source, *words, timeout=300):
    done = subprocess.run([sys.executable, str(source / "examples" / words[0]), *words[1:]], capture_output=True, text=True, timeout=timeout)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_keras_file(source):
    told = run(source, "keras/prove.py")
    assert int(re.search(r"right for (\d+) of 50 pictures", told).group(1)) >= 48 and "proven: the committed network reads" in told


def test_training_at_few_bits(source):
    pytest.importorskip("torch", reason="PyTorch is not installed (python3-torch)")
    pytest.importorskip("sklearn", reason="scikit-learn is not installed (python3-sklearn)")
    told = run(source, "qat/train.py")
    rounded, trained = map(float, re.search(r"activations of 5 bits, weights of 4: ([\d.]+) % .*, ([\d.]+) % trained", told).groups())
    assert trained > rounded and "proven: the digit" in told


def test_medical_image(source):
    told = run(source, "medical_image/diagnose.py")
    assert "4 of 4 findings are right" in told and "insurer: rejected, wrong statement" in told


def test_scikit_learn(source):
    pytest.importorskip("sklearn", reason="scikit-learn is not installed (python3-sklearn)")
    pytest.importorskip("onnx", reason="onnx is not installed (python3-onnx)")
    told = run(source, "scikit_learn/churn.py")
    assert told.count("proven: ") == 2 and min(map(float, re.findall(r"the same answer on ([\d.]+) %", told))) >= 99


def test_batch_scoring(source, tmp_path):
    assert "64 proven scores" in run(source, "batch_scoring/score_table.py", str(tmp_path))
    assert len((tmp_path / "scores.csv").read_text().splitlines()) == 65


def test_hidden_quality(source, tmp_path):
    told = run(source, "hidden_quality/sell.py", str(tmp_path))
    assert told.count("proven mean absolute error") == 2 and "rejected with another nonce" in told
    assert float(re.search(r"chose: at least ([\d.]+)", told).group(1)) > 0.9


def test_image_authenticity(source, tmp_path):
    pytest.importorskip("cryptography", reason="cryptography is not installed (python3-cryptography)")
    told = run(source, "image_authenticity/authenticate.py", str(tmp_path))
    assert "a camera took it; the piece shows a 7" in told and told.count("reader: rejected") == 5


def test_board_game(source):
    told = run(source, "board_game/play.py")
    assert int(re.search(r"(\d+) moves of the house, each proven", told).group(1)) >= 4 and told.count("player: rejected") == 3


def test_behaviour_captcha(source):
    told = run(source, "behaviour_captcha/captcha.py")
    assert "a hand: True" in told and "a script; a hand: False" in told and told.count("site: refused") == 6


def test_iris_match(source):
    pytest.importorskip("cryptography", reason="cryptography is not installed (python3-cryptography)")
    told = run(source, "iris_match/match.py")
    assert "Ann again matches: True" in told and "Bob as Ann matches: False" in told and told.count("registry: rejected") == 4


def test_chain_is_cut_again(source, tmp_path):
    """With Debian's onnx, whatever it lacks."""
    pytest.importorskip("onnx", reason="onnx is not installed (python3-onnx)")
    run(source, "chain/split.py", str(tmp_path))
    values = [json.loads((folder / "head_calibration.json").read_text())["input_data"][0] for folder in (tmp_path, source / "examples/chain")]
    assert np.allclose(*values, atol=2e-6) and {"features.onnx", "head.onnx"} <= {path.name for path in tmp_path.iterdir()}


@pytest.mark.skipif("ZKINFER_VERIFY_PACKAGE" not in os.environ, reason="the package that only verifies is not there (ZKINFER_VERIFY_PACKAGE)")
def test_checked_in_another_process(source, tmp_path):
    identity = run(source, "other_process/prove.py", str(tmp_path), "nonce 1").strip()
    environment = {**os.environ, "PYTHONPATH": os.environ["ZKINFER_VERIFY_PACKAGE"]}
    check = [sys.executable, str(source / "examples/other_process/check.py"), str(tmp_path)]
    done = subprocess.run([*check, "nonce 1", identity], capture_output=True, text=True, env=environment, timeout=60)
    assert done.returncode == 0 and "setosa" in done.stdout and "a prover is not here" in done.stdout, done.stdout + done.stderr
    done = subprocess.run([*check, "nonce 2", identity], capture_output=True, text=True, env=environment, timeout=60)
    assert done.returncode == 1 and "rejected: wrong statement" in done.stdout
    asked = "import zkinfer; zkinfer.compile"
    # Where no zkinfer lies: Python looks into the current folder first.
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, env=environment, timeout=60, cwd=tmp_path)
    assert done.returncode == 1 and "which only checks proofs" in done.stderr


def test_what_lacks_arguments_says_so(source):
    for program in ("prove.py", "check.py"):
        done = subprocess.run([sys.executable, str(source / "examples/other_process" / program)], capture_output=True, text=True, timeout=60)
        assert done.returncode == 1 and done.stderr.startswith(f"{program} FOLDER NONCE") and "Traceback" not in done.stderr, done.stderr


def test_language_model(source, tmp_path):
    told = run(source, "language_model/answer.py", str(tmp_path))
    assert "customer: model " in told and "to 'the cat'" in told and "customer: rejected, wrong statement" in told
