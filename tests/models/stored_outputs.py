#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""stored_outputs.py ZKINFER FLOOR [--write] [--json FILE] [--only PART]: models whose folder holds the float outputs, without any package.

Reads models/ezkl (output_data of input.json) in ../shared/data or ZKINFER_TEST_DATA, a vision transformer on a picture of CIFAR-10 (float outputs
below), and cases/imports (expected.json) beside that folder;
exit code 77 (skipped) where neither is there. FLOOR holds the state of each model; fails where one is worse than that, or where one fails that did not.
"""
import argparse
import json
import pathlib
import struct
import sys
import tempfile

from pipeline import LEAST_COSINE, Zkinfer, check_model, data_folder, flat, markdown

ORDER = {"failed": 0, "limit": 1, "wrong": 2, "refused": 3, "right": 4}


# Whose output_data are the float network's, to 1e-4 of the largest by onnxruntime; the others' are rounded by EZKL, up to 68 % away.
FLOAT = frozenset("""
1l_downsample 1l_eltwise_div 1l_elu 1l_flatten 1l_identity 1l_relu 1l_reshape 1l_sigmoid 2l_relu_fc 2l_relu_sigmoid
2l_relu_sigmoid_conv 2l_relu_sigmoid_small 2l_relu_small layernorm linear_regression lstm_medium min oh_decision_tree variable_cnn
xgboost
""".split())


# Cases that must be refused, and what the message must name.
REFUSED = {"imports/nan_weight": "'w'", "imports/pad_huge": "elements", "imports/tile_huge": "elements"}


def imports(folder):
    for model in sorted(folder.glob("*/model.onnx")):
        names = [n for n in ("input.json", "x.npy", "cal.npy") if (model.parent / n).exists()]
        calibration = [n for n in ("cal64.npy", "cal.npy") if (model.parent / n).exists()] or names
        expected = model.parent / "expected.json"
        if not names:
            continue
        reference = None
        if expected.exists():
            reference = {name: output["data"] for name, output in json.loads(expected.read_text())["outputs"].items()}
        yield "imports/" + model.parent.name, model, model.parent / calibration[0], model.parent / names[0], reference


def ezkl(folder):
    for model in sorted(folder.glob("*/network.onnx")):
        sample = model.parent / "input.json"
        data = json.loads(sample.read_text()) if sample.exists() else {}
        if data.get("output_data") and model.parent.name in FLOAT:
            yield "ezkl/" + model.parent.name, model, sample, sample, [flat(values) for values in data["output_data"]]


# onnxruntime's outputs of models/vnncomp2023's ViT for the first picture of models/eran/cifar10_test.csv.
VIT = [-0.25028, -0.27604, 0.39805, 1.85129, 0.12284, 1.20165, 0.21676, -1.54158, 0.4978, -2.12092]


def vision_transformer(folder, made):
    model, pictures = folder / "vnncomp2023/vit/onnx/pgd_2_3_16.onnx", folder / "eran/cifar10_test.csv"
    if not model.exists() or not pictures.exists():
        return
    rows = [[float(v) for v in line.split(",")[1:]] for line in pictures.read_text().splitlines()[:17]]
    mean, std = (0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)
    planes = [[(row[i * 3 + c] / 255 - mean[c]) / std[c] for c in range(3) for i in range(1024)] for row in rows]
    for name, part in (("calibration", planes[1:]), ("sample", planes[:1])):
        header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({len(part)}, 3, 32, 32), }}"
        header += " " * (63 - (10 + len(header)) % 64) + "\n"
        data = struct.pack(f"<{len(part) * 3072}f", *(v for plane in part for v in plane))
        (made / f"{name}.npy").write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + data)
    yield "trained/vision_transformer", model, made / "calibration.npy", made / "sample.npy", [VIT]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("zkinfer")
    parser.add_argument("floor", type=pathlib.Path)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--json", type=pathlib.Path)
    parser.add_argument("--only", default="")
    arguments = parser.parse_args()
    data = data_folder()
    made = tempfile.TemporaryDirectory()
    cases = [*imports(data.parent / "cases" / "imports"), *ezkl(data / "models" / "ezkl"),
             *vision_transformer(data / "models", pathlib.Path(made.name))]
    if not cases:
        print(f"skipped: no models in {data} (set ZKINFER_TEST_DATA)")
        return 77
    zkinfer = Zkinfer(arguments.zkinfer, seconds=60, memory_gib=4)
    rows = {}
    for name, model, calibration, sample, reference in cases:
        if arguments.only not in name:
            continue
        index = None if sample.suffix == ".json" else 0
        least = 0.9999 if name.startswith("imports/") else LEAST_COSINE
        rows[name] = check_model(zkinfer, model, calibration, sample, reference, index=index, classes=False,
                                 shapes=["batch_size=1"] if name.startswith("trained/") else (), least_cosine=least)
        if name in REFUSED:
            named = rows[name]["state"] == "refused" and REFUSED[name] in rows[name]["reason"]
            rows[name].update(state="right" if named else "wrong", reason=f"must be refused, naming {REFUSED[name]}: {rows[name].get('reason', '')}")
        print(f"{name}: {rows[name]['state']} {rows[name].get('reason', '')[:160]}", flush=True)
    print(markdown(rows).splitlines()[0])
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=1) + "\n")
    if arguments.write:
        arguments.floor.write_text("# Written by stored_outputs.py --write: model, state.\n" +
                                   "".join(f"{name}\t{row['state']}\n" for name, row in sorted(rows.items())))
        return 0
    floor = dict(line.split("\t") for line in arguments.floor.read_text().splitlines() if line and line[0] != "#")
    worse = [f"{name}: {row['state']}, was {floor.get(name, 'not listed')}" for name, row in rows.items()
             if ORDER[row["state"]] < ORDER.get(floor.get(name), 3)]
    # What works now and stands in the list as refused would be no loss when it is.
    better = [f"{name}: right, was {floor[name]}; --write" for name, row in rows.items() if row["state"] == "right" and floor.get(name, "right") != "right"]
    for word, lines in (("worse", worse), ("the list is behind", better)):
        for line in lines:
            print(f"{word}: {line}")
    return 1 if worse or better else 0


if __name__ == "__main__":
    sys.exit(main())
