# SPDX-License-Identifier: Apache-2.0
"""zkinfer proves that a neural network was run correctly, without showing the network or the input.

    model = zkinfer.compile(net, calibration=images)   # nn.Module, ONNX path or bytes
    key = model.commit()                               # weights get a public name and stay secret
    proof = key.prove(x)                               # proof.output, proof.save("x.zkproof")
    zkinfer.verify(proof, key.public).output
"""

import atexit as _atexit
from importlib import import_module as _import_module

from typing import Any as _Any

from . import _native, _reprs
from ._compile import compile
from ._embedding import Embedding, VerifiedEmbedding, verify_embedding
from ._files import state_folder as _state_folder
from ._evaluation import DataSet, Evaluation, Figure, VerifiedEvaluation, verify_evaluation
from ._generation import Answer, Tokenizer, VerifiedAnswer, verify_conversation, verify_generation
from ._key import Soundness, VerificationKey
from ._model import Model, RunResult
from ._proofs import Batch, JointProof, Proof
from ._prover import Prover
from ._sealed import EncryptionProof, KeyShares, Sealed, SealedWeights, VerifiedSealed, unseal, verify_sealed
from ._tensors import CommittedTensor, TensorCommitment
from ._verify import Seat, Statement, VerifiedTensor, verify, verify_batch, verify_chain, verify_joint, verify_rotation
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
    "Answer",
    "Batch",
    "BudgetError",
    "Cancelled",
    "ClippingWarning",
    "CommittedTensor",
    "CompileError",
    "DataSet",
    "Embedding",
    "EncryptionProof",
    "Evaluation",
    "Figure",
    "FileError",
    "InputError",
    "InternalError",
    "JointProof",
    "KeyShares",
    "Model",
    "ModelWarning",
    "Proof",
    "Prover",
    "Rejected",
    "RunResult",
    "Sealed",
    "SealedWeights",
    "Seat",
    "Soundness",
    "Statement",
    "TensorCommitment",
    "Tokenizer",
    "VerificationKey",
    "VerifiedAnswer",
    "VerifiedEmbedding",
    "VerifiedEvaluation",
    "VerifiedSealed",
    "VerifiedTensor",
    "ZkinferError",
    "compile",
    "unseal",
    "verify",
    "verify_batch",
    "verify_joint",
    "verify_chain",
    "verify_embedding",
    "verify_evaluation",
    "verify_conversation",
    "verify_generation",
    "verify_rotation",
    "verify_sealed",
]

_reprs.give_reprs()
if _native.can_prove:
    # A second copy of a secret that serves, or an older one, is noticed.
    _native.remember_slots(_state_folder())
    from ._progress import end_left_behind as _end_left_behind

    # Operations that Ctrl-C left behind end before the interpreter does.
    _atexit.register(_end_left_behind)

    def __getattr__(name: str) -> _Any:
        # Read when they are first asked for: zkinfer.torch and zkinfer.sklearn need torch and scikit-learn, zkinfer.evm Python's HTTP.
        if name in ("evm", "torch", "sklearn"):
            return _import_module(f"zkinfer.{name}")
        raise AttributeError(f"module 'zkinfer' has no attribute {name!r}")

else:  # the package that only checks proofs
    _PROVING = ("Answer", "CommittedTensor", "Embedding", "Model", "Prover", "RunResult", "Tokenizer", "compile")
    for _name in _PROVING:
        del globals()[_name]
    __all__ = [_name for _name in __all__ if _name not in _PROVING]

    def __getattr__(name: str) -> _Any:
        if name == "evm":
            return _import_module("zkinfer.evm")
        if name in _PROVING:
            raise AttributeError(f"zkinfer.{name}: this is zkinfer-verify, which only checks proofs; install zkinfer in its place to make them")
        raise AttributeError(f"module 'zkinfer' has no attribute {name!r}")
