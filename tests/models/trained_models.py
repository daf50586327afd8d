#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Trained networks on real pictures: top-1 against onnxruntime and against the labels, and the error of the outputs; needs onnxruntime, numpy.

Calibrated on other pictures than those measured, by the defaults. right: at least 99.5 % of the classes are the float network's (99 % of 100
pictures), accuracy within 0.3 points (1 of 100), and the proof of the first picture verifies. The error is that of a picture's outputs, of its
largest output; the bar for its mean is 0.1 %.
"""
import argparse
import csv
import gzip
import json
import pathlib
import sys
import tempfile

import numpy as np
import onnxruntime

from pipeline import STATES, Stopped, Zkinfer, data_folder

# Name, pictures, and how they are scaled: value * scale, then (x - mean) / std per channel.
CIFAR = {"scale": 1 / 255, "mean": (0.4914, 0.4822, 0.4465), "std": (0.2470, 0.2435, 0.2616)}
OVAL = {"scale": 1 / 255, "mean": (0.485, 0.456, 0.406), "std": (0.225, 0.225, 0.225)}
NETWORKS = [
    ("ort_examples/c_cxx/MNIST/mnist.onnx", "mnist", {"scale": 1}),
    ("wonnx/models/opt-mnist.onnx", "mnist", {"scale": 1}),
    ("vnncomp2021/mnistfc/mnist-net_256x2.onnx", "mnist", {"scale": 1 / 255}),
    ("vnncomp2021/mnistfc/mnist-net_256x4.onnx", "mnist", {"scale": 1 / 255}),
    ("vnncomp2021/eran/nets/mnist_relu_9_200.onnx", "mnist", {"scale": 1 / 255}),
    ("vnncomp2021/eran/nets/ffnnSIGMOID__Point_6x200.onnx", "mnist", {"scale": 1 / 255}),
    ("vnncomp2021/verivital/Convnet_maxpool.onnx", "mnist", {"scale": 1 / 255}),
    ("vnncomp2021/verivital/Convnet_avgpool.onnx", "mnist", {"scale": 1 / 255}),
    ("vnncomp2021/cifar10_resnet/onnx/resnet_2b.onnx", "cifar", CIFAR),
    ("vnncomp2021/oval21/nets/cifar_base_kw.onnx", "cifar", OVAL),
    ("vnncomp2021/oval21/nets/cifar_deep_kw.onnx", "cifar", OVAL),
    ("vnncomp2023/vit/onnx/pgd_2_3_16.onnx", "cifar", CIFAR),
]


def mnist(folder):
    """(64 to calibrate, 400 to measure, labels)"""
    images = np.frombuffer(gzip.open(folder / "data/mnist/t10k-first5000-images-idx3-ubyte.gz").read(), np.uint8, offset=16)
    labels = np.frombuffer(gzip.open(folder / "data/mnist/t10k-first5000-labels-idx1-ubyte.gz").read(), np.uint8, offset=8)
    images = images.reshape(-1, 1, 28, 28).astype(np.float32)
    return images[4000:4064], images[:400], labels[:400]


def cifar(folder):
    """(64 decoded from JPEG, the 100 exact ones, labels)"""
    rows = list(csv.reader((folder / "models/eran/cifar10_test.csv").open()))
    exact = np.array([[float(v) for v in row[1:]] for row in rows], np.float32).reshape(-1, 32, 32, 3).transpose(0, 3, 1, 2)
    others = np.load(folder / "data/cifar10/cifar10_test1000_from_jpg.npz")["x"].astype(np.float32).transpose(0, 3, 1, 2)
    return others[-64:], exact, np.array([int(row[0]) for row in rows])


def scaled(images, scale, mean=(0,), std=(1,)):
    channel = lambda values: np.array(values, np.float32).reshape(1, -1, 1, 1)  # noqa: E731
    return ((images * np.float32(scale) - channel(mean)) / channel(std)).astype(np.float32)


def check(zkinfer, path, calibration, images, labels):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    info = session.get_inputs()[0]
    shape = [n if isinstance(n, int) and n > 0 else 1 for n in info.shape]
    want = np.stack([session.run(None, {info.name: image.reshape(shape)})[0].ravel() for image in images])
    row = {"state": "right", "pictures": len(images)}
    with tempfile.TemporaryDirectory() as folder:
        np.save(f"{folder}/calibration.npy", np.stack([image.reshape(shape[1:]) for image in calibration]))
        np.save(f"{folder}/test.npy", np.stack([image.reshape(shape[1:]) for image in images]))
        try:
            _, row["compile_seconds"] = zkinfer.call(folder, "compile", path, "-c", "calibration.npy", "-o", "m.zkmodel")
            run, _ = zkinfer.call(folder, "run", "m.zkmodel", "-i", "test.npy", "--all")
            zkinfer.call(folder, "commit", "m.zkmodel")
            proof, _ = zkinfer.call(folder, "prove", "m.zkmodel", "-i", "test.npy", "--index", "0", "-o", "p.zkproof")
            verdict, _ = zkinfer.call(folder, "verify", "p.zkproof", "--key", "m.zkkey")
        except Stopped as stopped:
            return {"state": stopped.state, "reason": stopped.reason}
        if not verdict["accepted"]:
            return {"state": "failed", "reason": "the proof is rejected"}
        got = np.array([item["outputs"][0]["values"] for item in run["items"]])
    row.update(prove_seconds=proof["prove_seconds"], verify_seconds=verdict["verify_seconds"], proof_bytes=proof["proof_bytes"])
    errors = np.abs(got - want).max(1) / np.abs(want).max(1)
    row["mean_error"], row["largest_error"] = float(errors.mean()), float(errors.max())
    top, top_float = got.argmax(1), want.argmax(1)
    row["agreement"] = 100 * float((top == top_float).mean())
    row["accuracy"], row["accuracy_float"] = 100 * float((top == labels).mean()), 100 * float((top_float == labels).mean())
    few = len(images) <= 100
    if row["agreement"] < (99 if few else 99.5) or abs(row["accuracy"] - row["accuracy_float"]) > (1 if few else 0.3):
        row["state"] = "wrong"
        row["reason"] = f"agreement {row['agreement']:.2f} %, accuracy {row['accuracy']:.2f} against {row['accuracy_float']:.2f} %"
    return row


def table(rows):
    lines = ["| network | state | agreement % | accuracy % (float) | error mean, largest % | prove s | verify ms | proof KiB |",
             "| --- | --- | --- | --- | --- | --- | --- | --- |"]
    for name, row in rows.items():
        if "agreement" not in row:
            lines.append(f"| {name} | {row['state']}: {' '.join(row['reason'].split())[:120].replace('|', '/')} | | | | | | |")
            continue
        lines.append(f"| {name} | {row['state']} | {row['agreement']:.2f} | {row['accuracy']:.2f} ({row['accuracy_float']:.2f}) | "
                     f"{100 * row['mean_error']:.3f}, {100 * row['largest_error']:.3f} | {row['prove_seconds']:.3f} | "
                     f"{1e3 * row['verify_seconds']:.1f} | {row['proof_bytes'] / 1024:.0f} |")
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("zkinfer")
    parser.add_argument("--only", default="", help="part of a network's path")
    parser.add_argument("--json", type=pathlib.Path, default=pathlib.Path("trained.json"))
    parser.add_argument("--markdown", type=pathlib.Path)
    parser.add_argument("--at-least", type=int, default=0)
    arguments = parser.parse_args()
    folder = data_folder()
    if not folder.exists():
        print(f"skipped: no {folder} (set ZKINFER_TEST_DATA)")
        return 77
    pictures = {"mnist": mnist(folder), "cifar": cifar(folder)}
    zkinfer = Zkinfer(arguments.zkinfer, seconds=300, memory_gib=12)
    rows = {}
    for name, kind, scaling in NETWORKS:
        if arguments.only not in name:
            continue
        calibration, images, labels = pictures[kind]
        rows[name] = check(zkinfer, folder / "models" / name, scaled(calibration, **scaling), scaled(images, **scaling), labels)
        print(f"{name}: {rows[name]}", flush=True)
        arguments.json.write_text(json.dumps(rows, indent=1) + "\n")
    print(f"{len(rows)} networks: " + ", ".join(f"{sum(row['state'] == s for row in rows.values())} {s}" for s in STATES))
    if arguments.markdown:
        arguments.markdown.write_text(table(rows))
    right = sum(row["state"] == "right" for row in rows.values())
    return int(right < arguments.at_least or any(row["state"] == "failed" for row in rows.values()))


if __name__ == "__main__":
    sys.exit(main())
