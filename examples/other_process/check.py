#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The side that checks: another process, perhaps another machine, with the package zkinfer-verify, which has no prover and needs NumPy alone.

    PYTHONPATH=build/release/python/verify /usr/bin/python3 examples/other_process/check.py FOLDER NONCE IDENTITY

Exit code 0: accepted, 1: rejected.
"""
import pathlib
import sys

import zkinfer


def main(folder, nonce, identity):
    key = zkinfer.VerificationKey.load(folder / "network.zkkey")
    if key.identity != identity:
        sys.exit(f"the key is of the network {key.identity}, expected {identity}")
    try:
        statement = zkinfer.verify(folder / "flower.zkproof", key, context=nonce)
    except zkinfer.Rejected as error:
        print(f"rejected: {error}")
        return 1
    kind = ["setosa", "versicolor", "virginica"][int(statement.output.argmax())]
    print(f"accepted: the network says {kind}, {statement.security_bits:.0f} bits; a prover is {'here' if hasattr(zkinfer, 'compile') else 'not here'}")
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 4 or not pathlib.Path(sys.argv[1]).is_dir():
        sys.exit("check.py FOLDER NONCE IDENTITY: the folder that prove.py filled, the nonce that it was given, and what it printed")
    sys.exit(main(pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3]))
