# SPDX-License-Identifier: Apache-2.0
"""The library's messages name the fields of its headers; here are the same things in Python's words."""

from __future__ import annotations

_WORDS = {
    "CommitOptions::budget": "proofs= of Model.commit",
    "CommitOptions::code_files": "`zkinfer commit --no-code-file`",
    "CommitOptions::inputs": "inputs= of Model.commit",
    "CommitOptions::security": "security_bits=, decoding=, profile= and pow_bits= of Model.commit",
    "CommitOptions::tensor_budget": "tensor_budget= of Model.commit",
    "CommitmentTree::rotate": "`zkinfer rotate`",
    "CommittedTensor::create": "VerificationKey.commit_tensor",
    "CommittedTensor::save": "CommittedTensor.save",
    "CompileOptions::activation_bits": "activation_bits= of zkinfer.compile",
    "CompileOptions::conversation": "conversation= of zkinfer.compile",
    "CompileOptions::float_target": "float_target= of zkinfer.compile",
    "CompileOptions::head": "head= of zkinfer.compile",
    "CompileOptions::input_formats": "input_formats= of zkinfer.compile",
    "CompileOptions::input_shapes": "input_shapes= of zkinfer.compile",
    "CompileOptions::name": "name= of zkinfer.compile",
    "CompileOptions::tokens": "tokens= of zkinfer.compile",
    "CompileOptions::weight_bits": "weight_bits= of zkinfer.compile",
    "CutOptions::memory_bytes": "memory= of zkinfer.compile",
    "CutOptions::num_segments": "segments= of zkinfer.compile",
    "Preprocessing::mean": "preprocessing={'mean': ..}",
    "Preprocessing::scale": "preprocessing={'scale': ..}",
    "Preprocessing::std": "preprocessing={'std': ..}",
    "Prover::rotate": "Prover.rotate",
    "Prover::save": "Prover.save",
    "RestoreOptions::margin": "`zkinfer commitment restore --margin`",
    "`backup_root`": "`zkinfer commitment backup`",
    "`canonical_data`": "an integer array",
    "`restore_root`": "`zkinfer commitment restore`",
}


def in_python_words(message: str) -> str:
    for library, python in _WORDS.items():
        message = message.replace(library, python)
    return message
