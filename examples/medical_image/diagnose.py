#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A medical image: the maker's network is secret, and so is the patient's picture.

A maker sells findings by its network and shows neither it nor how it was trained. A clinic that has licensed it proves, for one picture, what the
network finds; an insurer who sees neither the network nor the picture checks that the finding comes from the network with the name that the maker
published, and that it was made for this case. The pictures are drawn (train.py).

    PYTHONPATH=build/release/python /usr/bin/python3 examples/medical_image/diagnose.py [FOLDER]
"""
import pathlib
import sys
import tempfile

import numpy as np

import zkinfer

HERE = pathlib.Path(__file__).resolve().parent


def maker_publishes(folder):
    """Model and commitment go to the clinic under contract, key and name to everybody."""
    model = zkinfer.compile(HERE / "scans.onnx", calibration=np.load(HERE / "typical.npy"))
    model.save(folder / "scans.zkmodel")
    key = model.commit(proofs=100)  # weights and pictures are private, findings public
    key.save(folder / "scans.zksecret")
    key.public.save(folder / "scans.zkkey")
    print(f"maker: published the network {key.public.identity[:16]}.., {model.num_parameters} weights hidden")
    return key.public.identity


def clinic_proves(folder, picture, case):
    key = zkinfer.Prover.open(zkinfer.Model.load(folder / "scans.zkmodel"), folder / "scans.zksecret")
    proof = key.prove(picture, context=case, refuse_clipping=True)
    proof.save(folder / "finding.zkproof")
    print(f"clinic: {case}, a spot with probability {proof.output.item():.3f}; proof of {len(proof)} bytes in {proof.stats.total_seconds:.2f} s")


def insurer_checks(folder, identity, case):
    statement = zkinfer.verify(folder / "finding.zkproof", folder / "scans.zkkey", context=case)
    if statement.identity != identity:
        sys.exit("insurer: this is another network")
    probability = statement.output.item()
    print(f"insurer: {case}, proven probability {probability:.3f} ({statement.security_bits:.0f} bits); of the picture it knows {statement.inputs[0]}")
    return probability


def main(folder):
    patients, truth = np.load(HERE / "patients.npy"), np.load(HERE / "patients_truth.npy")
    identity = maker_publishes(folder)
    right = 0
    for number, (picture, has_spot) in enumerate(zip(patients[:4], truth)):
        clinic_proves(folder, picture, f"case {number}")
        right += (insurer_checks(folder, identity, f"case {number}") > 0.5) == bool(has_spot)
    print(f"{right} of 4 findings are right")
    try:
        insurer_checks(folder, identity, "case 9")  # the last proof, for another case
    except zkinfer.Rejected as error:
        print(f"insurer: rejected, {error.reason}")
    else:
        sys.exit("a proof for another case was accepted")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(pathlib.Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as temporary:
            main(pathlib.Path(temporary))
