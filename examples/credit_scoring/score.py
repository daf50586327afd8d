#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Credit scoring: the bank's model is public, the applicant's numbers are not.

Ann scores herself with the bank's model, at home. The bank sees her score and that its own model gave it for the numbers with
the digest that her employer has signed; it sees none of the numbers. (Numbers that can be guessed can be found from their digest: where that
matters, commit to them instead, with inputs="committed".)

    PYTHONPATH=build/release/python /usr/bin/python3 examples/credit_scoring/score.py [FOLDER]
"""
import pathlib
import sys
import tempfile

import numpy as np

import zkinfer

HERE = pathlib.Path(__file__).resolve().parent


def bank_publishes(folder: pathlib.Path) -> None:
    model = zkinfer.compile(HERE / "credit.onnx", calibration=np.load(HERE / "applicants.npy"))
    model.save(folder / "credit.zkmodel")
    key = model.commit(public_parameters=True, inputs="private:sha256")
    key.public.save(folder / "credit.zkkey")
    print(f"bank: published {model!r}")


def employer_signs(folder: pathlib.Path, numbers: np.ndarray) -> str:
    """The digest of the numbers as the model reads them; a real employer would sign it."""
    model = zkinfer.Model.load(folder / "credit.zkmodel")
    digest = model.input_digest(numbers)
    print(f"employer: these numbers have the digest {digest[:16]}..")
    return digest


def ann_proves(folder: pathlib.Path, numbers: np.ndarray, application: str) -> None:
    model = zkinfer.Model.load(folder / "credit.zkmodel")
    key = model.commit(public_parameters=True, inputs="private:sha256")  # the same key: nothing in it is secret
    proof = key.prove(numbers, context=application, refuse_clipping=True)
    proof.save(folder / "ann.zkproof")
    print(f"Ann: my score is {proof.output.item():.3f}, proof of {len(proof)} bytes")


def bank_decides(folder: pathlib.Path, digest: str, application: str) -> float:
    key = zkinfer.VerificationKey((folder / "credit.zkkey").read_bytes(), model=zkinfer.Model.load(folder / "credit.zkmodel"))
    statement = zkinfer.verify(folder / "ann.zkproof", key, context=application, inputs={"applicant": digest})
    score = statement.output.item()
    print(f"bank: proven score {score:.3f}, so {'granted' if score > 0.5 else 'refused'}; of the numbers it knows {statement.inputs[0]}")
    return score


def main(folder: pathlib.Path) -> None:
    numbers = np.array([52.0, 8.5, 6.0, 0, 41.0], dtype=np.float32)  # income, debt, years in the job, late payments, age
    bank_publishes(folder)
    digest = employer_signs(folder, numbers)
    ann_proves(folder, numbers, application="application 4711")
    bank_decides(folder, digest, application="application 4711")
    # Better numbers than those that were signed are found out.
    ann_proves(folder, numbers * np.float32([2, 0.1, 1, 1, 1]), application="application 4711")
    try:
        bank_decides(folder, digest, application="application 4711")
    except zkinfer.Rejected as error:
        print(f"bank: rejected, {error.reason}")
    else:
        sys.exit("other numbers were accepted")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(pathlib.Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as temporary:
            main(pathlib.Path(temporary))
