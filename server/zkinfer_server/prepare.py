# SPDX-License-Identifier: Apache-2.0
"""python -m zkinfer_server.prepare FOLDER: compiles a stranger's network in a process that may die of it, and writes report.json.

FOLDER holds network.onnx (or .tflite, .keras), calibration.* and perhaps options.json; model.zkmodel comes beside them."""

from __future__ import annotations

import json
import os
import pathlib
import resource
import sys
import time
import warnings
from typing import Any

import numpy as np

import zkinfer

_MOST_NODES = 500


def measured(model: zkinfer.Model) -> dict[str, Any]:
    """Of the second of two proofs here, under a commitment that is thrown away: what counting operations says leaves out what each proof costs anyhow."""
    key = model.commit(inputs="public:keccak256", certify=False, profile="fast")
    inputs = {t.name: np.full(tuple(t.shape), (t.format.lo + t.format.hi) // 2 * t.format.scale, dtype=np.float32) for t in model.inputs_info}
    key.prove(inputs)
    began, processor = time.monotonic(), time.process_time()
    proof = key.prove(inputs)
    # Of the processor: what others do meanwhile makes no proof dearer.
    return {
        "seconds_per_proof": time.monotonic() - began, "processor_seconds_per_proof": time.process_time() - processor, "proof_bytes": len(proof), "verify_seconds": key.public.info.verify_nanoseconds / 1e9,
        "peak_memory_bytes": 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
    }  # fmt: skip


def prepare(folder: pathlib.Path) -> dict[str, Any]:
    os.chdir(folder)  # messages name files, and where these lie is nobody's business
    network, calibration = (next(pathlib.Path(".").glob(name + ".*")) for name in ("network", "calibration"))
    began = time.monotonic()
    try:
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            model = zkinfer.compile(str(network), calibration=str(calibration))
    except zkinfer.CompileError as error:
        parts = [{"node": part.node, "op": part.op, "reason": part.reason, "remedy": part.remedy} for part in error.parts] or [
            {"node": error.node, "op": error.op, "reason": error.reason, "remedy": error.remedy}
        ]
        return {"accepted": False, "refused": parts}
    except zkinfer.ZkinferError as error:
        return {"accepted": False, "refused": [{"node": None, "op": None, "reason": error.reason, "remedy": error.remedy}]}
    model.save("model.zkmodel")
    report, record = model.report(), model.record
    return {
        "accepted": True,
        "structure": model.structure_digest,
        "parameters": int(model.num_parameters),
        "inputs": [{"name": t.name, "shape": list(t.shape)} for t in model.inputs_info],
        "outputs": [{"name": t.name, "shape": list(t.shape)} for t in model.outputs_info],
        "measured_error": record.measured_error,
        "error_target": record.target_text,
        "meets_target": bool(record.meets_target),
        "warnings": [str(warning.message) for warning in said] + list(report.structure_warnings),
        "estimate": measured(model),
        "nodes": [{"name": n.name, "op": n.op, "seconds": n.cost.seconds} for n in report.nodes[:_MOST_NODES]],
        "compile_seconds": time.monotonic() - began,
    }


if __name__ == "__main__":
    place = pathlib.Path(sys.argv[1])
    (place / "report.json").write_text(json.dumps(prepare(place)))
