#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every TFLite model of ../shared/data and what the interpreter gives for it (reference kernels); needs ai-edge-litert, numpy.

Each is compiled with drawn inputs, run on others, and proven and verified on one. right: cosine of all outputs at least 0.9995 and the same top-1
for each input. same: how many of the output's integers are the interpreter's own, and the largest difference. A model that the interpreter
refuses must be refused here too, or it has no reference.
"""
import pathlib
import sys
import tempfile

import ai_edge_litert
import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter, OpResolverType

from pipeline import Stopped, compare, data_folder, flat, same_top
from runs import Runs

CALIBRATION, SAMPLES = 32, 8
# What inputs are drawn from; others from the whole range of their integers, or -1 to 1.
RANGES = {"pretrainedResnet": (0, 255), "ad01": (-10, 10), "kws": (-100, 100), "hello_world": (0, 6.28), "trained_lstm": (0, 1)}


def drawn(name, details, count, random):
    """count inputs of the interpreter's type. Neighbours are alike, as in pictures and sound."""
    low, high = next((r for key, r in RANGES.items() if name.startswith(key)), (None, None))
    shape = [count, *details["shape"]]
    scale, zero = details["quantization"]
    dtype = details["dtype"]
    if np.issubdtype(dtype, np.integer):
        ends = np.iinfo(dtype)
        if scale and low is not None:
            low, high = max(ends.min, low / scale + zero), min(ends.max, high / scale + zero)
        else:
            low, high = ends.min, ends.max
    elif low is None:
        low, high = -1.0, 1.0
    coarse = random.random(shape)
    for axis in range(2, len(shape)):
        coarse = (coarse + np.roll(coarse, 1, axis)) / 2
    middle = random.random([count] + [1] * (len(shape) - 1))
    x = low + (high - low) * np.clip(coarse - 0.5 + middle, 0, 1)
    return np.round(x).astype(dtype) if np.issubdtype(dtype, np.integer) else x.astype(dtype)


def interpreter_of(path):
    """With the axes of scales mended that old converters wrote beside biases, and newer interpreters refuse."""
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(path.read_bytes()))
    for tensor in model.subgraphs[0].tensors:
        if tensor.quantization is not None and tensor.shape is not None and len(tensor.shape) == 1:
            tensor.quantization.quantizedDimension = 0
    builder = flatbuffers.Builder()
    builder.Finish(model.Pack(builder), b"TFL3")
    return Interpreter(model_content=bytes(builder.Output()), experimental_op_resolver_type=OpResolverType.BUILTIN_REF)


def reference(path, inputs):
    """A list of outputs for each input; a fresh state for each. The interpreter's own reason where it refuses."""
    out = []
    for i in range(len(next(iter(inputs.values())))):
        interpreter = interpreter_of(path)
        interpreter.allocate_tensors()
        for details in interpreter.get_input_details():
            interpreter.set_tensor(details["index"], inputs[details["name"]][i])
        interpreter.invoke()
        out.append([interpreter.get_tensor(details["index"]) for details in interpreter.get_output_details()])
    return out


def check(zkinfer, path, prove=True):
    random = np.random.default_rng(7)
    try:
        interpreter = interpreter_of(path)
        inputs = {d["name"]: drawn(path.name, d, CALIBRATION + SAMPLES, random) for d in interpreter.get_input_details()}
        expected = reference(path, {name: x[CALIBRATION:] for name, x in inputs.items()})
    except (ValueError, RuntimeError) as error:
        inputs, expected = None, None
        reason = " ".join(str(error).split())[:120]
    row = {"state": "right"}
    with tempfile.TemporaryDirectory() as folder:
        try:
            if inputs is None:  # one input of integers, as all of these have
                zkinfer.call(folder, "compile", path, "-o", "m.zkmodel")
                zkinfer.call(folder, "commit", "m.zkmodel")
                return {"state": "no reference", "reason": "the interpreter says: " + reason}
            arrays = list(inputs.values())
            for name, part in (("calibration", slice(0, CALIBRATION)), ("samples", slice(CALIBRATION, None))):
                if len(arrays) == 1:
                    np.save(pathlib.Path(folder, name + ".npy"), arrays[0][part])
                else:
                    np.savez(pathlib.Path(folder, name + ".npz"), **{key: x[part] for key, x in inputs.items()})
            end = ".npy" if len(arrays) == 1 else ".npz"
            zkinfer.call(folder, "compile", path, "-c", "calibration" + end, "-o", "m.zkmodel")
            got, want, steps, top = [], [], [], True
            for i, outputs in enumerate(expected):
                run, _ = zkinfer.call(folder, "run", "m.zkmodel", "-i", "samples" + end, "--index", i)
                for mine, theirs in zip(run["outputs"], outputs):
                    a, b = np.asarray(flat(mine["values"])), np.asarray(theirs, np.float64).ravel()
                    if np.issubdtype(theirs.dtype, np.integer):
                        steps.append(np.abs(np.round(a) - b))
                    top = top and (theirs.size < 2 or same_top(a.tolist(), b.tolist(), theirs.shape[-1]))
                    got += a.tolist()
                    want += b.tolist()
            row["cosine"], row["error"] = compare(got, want)
            row["top1"] = top
            if steps:
                steps = np.concatenate(steps)
                row.update(same=float(np.mean(steps == 0)), most=int(steps.max()))
            if row["cosine"] < 0.9995 or not top:
                row["state"] = "wrong"
            if prove:
                zkinfer.call(folder, "commit", "m.zkmodel")
                proof, row["prove_seconds"] = zkinfer.call(folder, "prove", "m.zkmodel", "-i", "samples" + end, "--index", 0, "-o", "p.zkproof")
                verdict, row["verify_seconds"] = zkinfer.call(folder, "verify", "p.zkproof", "--key", "m.zkkey")
                row["proof_bytes"] = proof["proof_bytes"]
                if not verdict["accepted"]:
                    raise Stopped("failed", "the proof is rejected")
        except Stopped as stopped:
            if stopped.state == "refused" and expected is None:
                return {"state": "refused", "reason": stopped.args[0]}
            return {**row, "state": stopped.state, "reason": stopped.args[0]}
    return row


def line(name, row):
    if "cosine" not in row:
        return f"{name}: {row['state']} {' '.join(row.get('reason', '').split())[:160]}"
    same = f", {100 * row['same']:.2f} % the same, at most {row['most']} apart" if "same" in row else ""
    return f"{name}: {row['state']}, cosine {row['cosine']:.6f}, error {100 * row['error']:.3f} %{same} {row.get('reason', '')}"


def table(rows):
    text = "| model | state | cosine | largest error, % | integers the same, % | at most apart | proof, KiB |\n| --- | --- | --- | --- | --- | --- | --- |\n"
    for name, row in sorted(rows.items()):
        cells = [name, row["state"], f"{row['cosine']:.6f}" if "cosine" in row else "", f"{100 * row['error']:.3f}" if "error" in row else "",
                 f"{100 * row['same']:.2f}" if "same" in row else "", str(row.get("most", "")), str(row["proof_bytes"] // 1024) if "proof_bytes" in row else ""]
        text += "| " + " | ".join(cells) + " |\n"
    return text


def main():
    runs = Runs(__doc__, "tflite.json", packages=(ai_edge_litert,))
    runs.options()
    folder = data_folder() / "models"
    paths = sorted(folder.rglob("*.tflite"))
    if not paths:
        print(f"no TFLite models in {folder}: set ZKINFER_TEST_DATA to the data folder")
        return 77
    zkinfer = runs.begin()
    for path in paths:
        if runs.wants(path.stem):
            row = check(zkinfer, path)
            runs.add(path.stem, row, line(path.stem, row))
    return runs.finish(table, failing=("wrong", "failed"))


if __name__ == "__main__":
    sys.exit(main())
