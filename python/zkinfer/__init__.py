# SPDX-License-Identifier: Apache-2.0
"""zkinfer proves that a neural network was run correctly, without showing the network or the input.

    model = zkinfer.compile(net, calibration=images)   # nn.Module, ONNX path or bytes
    key = model.commit()                               # weights get a public name and stay secret
    proof = key.prove(x)                               # proof.output, proof.save("x.zkproof")
    zkinfer.verify(proof, key.public).output
"""

import atexit as _atexit

from . import _native
from ._model import Model, RunResult, compile
from ._prover import Batch, Proof, Prover
from ._tensors import CommittedTensor, TensorCommitment
from ._verify import Soundness, Statement, VerificationKey, VerifiedTensor, verify, verify_batch, verify_chain, verify_rotation
from .errors import (
    BudgetError,
    Cancelled,
    ClippingWarning,
    CompileError,
    FileError,
    InputError,
    InternalError,
    ModelWarning,
    Rejected,
    ZkinferError,
)

__version__: str = _native.version
__all__ = [
    "Batch",
    "BudgetError",
    "Cancelled",
    "ClippingWarning",
    "CommittedTensor",
    "CompileError",
    "FileError",
    "InputError",
    "InternalError",
    "Model",
    "ModelWarning",
    "Proof",
    "Prover",
    "Rejected",
    "RunResult",
    "Soundness",
    "Statement",
    "TensorCommitment",
    "VerificationKey",
    "VerifiedTensor",
    "ZkinferError",
    "compile",
    "verify",
    "verify_batch",
    "verify_chain",
    "verify_rotation",
]

# Operations that Ctrl-C left behind end before the interpreter does.
_atexit.register(_native.end_left_behind)
