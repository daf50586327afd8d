#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Trained networks on real data (trained_list.py): agreement with onnxruntime, accuracy where there are labels, and the error of the outputs;
needs onnxruntime, onnx, numpy, and for some rows more, which then say so.

Calibrated on other samples than those measured, by the defaults. right: at least 99.5 % of the answers are the float network's (99 % of 100 or
fewer), accuracy within 0.3 points (1 of 100), and the proof of the first sample verifies. The error is a sample's largest, of the largest value
of the output; the bar for its mean is 0.1 %. Results go to a JSON file after each row; a second run with the same program goes on.
"""
import argparse
import collections
import hashlib
import json
import pathlib
import sys
import tempfile

import numpy as np
import onnxruntime

from judge import KINDS
from pipeline import STATES, Stopped, Zkinfer
from trained_data import DATA, Absent
from trained_list import ROWS


def sessions():
    """(path, {input: array}) -> {output: array}, each network loaded once."""
    loaded = {}

    def run(path, feed):
        if path not in loaded:
            loaded.clear()
            options = onnxruntime.SessionOptions()
            options.log_severity_level = 4
            loaded[path] = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        names = [o.name for o in loaded[path].get_outputs()]
        return dict(zip(names, loaded[path].run(None, feed)))
    run.inputs = lambda path: (run.load(path), [(i.name, i.shape) for i in loaded[path].get_inputs()])[1]

    def load(path):
        try:
            run(path, {})
        except Exception:  # noqa: BLE001: inputs are missing, as they must
            pass
    run.load = load
    return run


def named(samples, inputs):
    """{input: samples of its own shape}; samples of one array are the only input's."""
    if not isinstance(samples, dict):
        samples = {inputs[0][0]: samples}
    out = {}
    for name, shape in inputs:
        values = samples[name]
        fixed = [n if isinstance(n, int) and n > 0 else None for n in shape]
        given = values.shape[1:]
        if len(given) == len(fixed) - 1:  # without the axis of batches
            values = values[:, None]
        if None not in fixed:
            values = values.reshape(len(values), *fixed)
        out[name] = values
    return out


def row_of(samples, i):
    return {name: np.asarray(values[i]) for name, values in samples.items()}


def measure(zkinfer, row, made, run, prove):
    path = row.model(made)
    calibration, measured, labels = row.samples(path, run)
    inputs = run.inputs(path)
    calibration, measured = named(calibration, inputs), named(measured, inputs)
    count = len(next(iter(measured.values())))
    out = {"state": "right", "samples": count}
    shapes = row.shapes or [f"{name}={','.join(map(str, measured[name].shape[1:]))}" for name, shape in inputs
                            if any(not isinstance(n, int) or n <= 0 for n in shape)]
    with tempfile.TemporaryDirectory() as folder:
        np.savez(f"{folder}/calibration.npz", **calibration)
        np.savez(f"{folder}/measured.npz", **measured)
        _, out["compile_seconds"] = zkinfer.call(folder, "compile", path, "-c", "calibration.npz", "-o", "m.zkmodel",
                                                 *(word for shape in shapes for word in ("--shape", shape)))
        items, _ = zkinfer.call(folder, "run", "m.zkmodel", "-i", "measured.npz", "--all")
        judge(out, row, run, path, items["items"], measured, labels)
        if not prove:
            return out
        zkinfer.call(folder, "commit", "m.zkmodel")
        proof, _ = zkinfer.call(folder, "prove", "m.zkmodel", "-i", "measured.npz", "--index", "0", "-o", "p.zkproof")
        verdict, _ = zkinfer.call(folder, "verify", "p.zkproof", "--key", "m.zkkey")
        if not verdict["accepted"]:
            raise Stopped("failed", "the proof is rejected")
    out.update(prove_seconds=proof["prove_seconds"], verify_seconds=verdict["verify_seconds"], proof_bytes=proof["proof_bytes"],
               memory_bytes=proof["peak_memory_bytes"])
    return out


def judge(out, row, run, path, items, measured, labels):
    agreeing = everything = 0
    wrong, largest, overall = collections.defaultdict(list), collections.defaultdict(list), collections.defaultdict(float)
    right = right_float = 0
    for i, item in enumerate(items):
        sample = row_of(measured, i)
        want = {name: np.asarray(value, np.float64) for name, value in run(path, sample).items()}
        got = {o["name"]: np.array(o["values"]).reshape(want[o["name"]].shape) for o in item["outputs"]}
        if row.kind != "values":
            a, n = KINDS[row.kind](got, want, sample)
            agreeing, everything = agreeing + a, everything + n
        for k in want:
            wrong[k].append(float(np.abs(got[k] - want[k]).max()))
            largest[k].append(float(np.abs(want[k]).max()) if want[k].size > 1 else 0.0)
            overall[k] = max(overall[k], float(np.abs(want[k]).max()))
        if labels is not None:
            right += int(next(iter(got.values())).ravel().argmax() == labels[i])
            right_float += int(next(iter(want.values())).ravel().argmax() == labels[i])
    # A single number is measured by the largest of all samples.
    errors = np.max([np.array(wrong[k]) / np.maximum(largest[k], 1e-30 if largest[k][0] else overall[k]) for k in wrong], axis=0)
    if row.kind == "values":
        agreeing, everything = int((errors <= 0.01).sum()), len(items)
    few, count = len(items) <= 120, len(items)
    out.update(mean_error=float(np.mean(errors)), largest_error=float(np.max(errors)), compared=everything,
               agreement=100 * agreeing / everything if everything else 0.0)
    reasons = []
    if out["agreement"] < (99 if few or everything <= 120 else 99.5):
        reasons.append(f"agreement {out['agreement']:.2f} % of {everything}")
    if labels is not None:
        out["accuracy"], out["accuracy_float"] = 100 * right / count, 100 * right_float / count
        if abs(right - right_float) > (1 if few else 0.003 * count):
            reasons.append(f"accuracy {out['accuracy']:.2f} against {out['accuracy_float']:.2f} %")
    if reasons:
        out.update(state="wrong", reason=", ".join(reasons))


def check(zkinfer, row, made, run, prove):
    try:
        return measure(zkinfer, row, made, run, prove)
    except Absent as why:
        return {"state": "skipped", "reason": str(why)}
    except onnxruntime.capi.onnxruntime_pybind11_state.Fail as why:
        return {"state": "no reference", "reason": f"onnxruntime: {str(why).splitlines()[0][:200]}"}
    except Stopped as stopped:
        return {"state": stopped.state, "reason": stopped.reason}


def table(rows):
    lines = ["| network | state | agreement % | accuracy % (float) | error mean, largest % | compile s | prove s | verify ms | proof KiB | MiB |",
             "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |"]
    for name, row in rows.items():
        if "agreement" not in row:
            lines.append(f"| {name} | {row['state']}: {' '.join(row['reason'].split())[:200].replace('|', '/')} | | | | | | | | |")
            continue
        number = lambda key, form, factor=1: form % (factor * row[key]) if key in row else ""  # noqa: E731
        accuracy = f"{row['accuracy']:.2f} ({row['accuracy_float']:.2f})" if "accuracy" in row else ""
        lines.append(f"| {name} | {row['state']} | {row['agreement']:.2f} of {row['compared']} | {accuracy} | "
                     f"{100 * row['mean_error']:.3f}, {100 * row['largest_error']:.3f} | {row['compile_seconds']:.1f} | {number('prove_seconds', '%.3f')} | "
                     f"{number('verify_seconds', '%.1f', 1e3)} | {number('proof_bytes', '%.0f', 1 / 1024)} | {number('memory_bytes', '%.0f', 2**-20)} |")
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("zkinfer")
    parser.add_argument("--only", default="", help="part of a row's name")
    parser.add_argument("--json", type=pathlib.Path, default=pathlib.Path("trained.json"))
    parser.add_argument("--markdown", type=pathlib.Path)
    parser.add_argument("--made", type=pathlib.Path, help="folder for ONNX files made of other files, kept for the next run")
    parser.add_argument("--seconds", type=int, default=300, help="at most, for each command")
    parser.add_argument("--memory-gib", type=float, default=12, help="at most, for each process")
    parser.add_argument("--no-prove", action="store_true", help="compile and run only")
    parser.add_argument("--again", action="store_true", help="also those that the JSON file holds")
    parser.add_argument("--at-least", type=int, default=0)
    arguments = parser.parse_args()
    if not DATA.exists():
        print(f"skipped: no {DATA} (set ZKINFER_TEST_DATA)")
        return 77
    program = hashlib.sha256(pathlib.Path(arguments.zkinfer).read_bytes()).hexdigest()
    done = {"program": program, "rows": {}}
    if arguments.json.exists() and not arguments.again:
        earlier = json.loads(arguments.json.read_text())
        if earlier.get("program") == program:
            done = earlier
    zkinfer, run = Zkinfer(arguments.zkinfer, arguments.seconds, arguments.memory_gib), sessions()
    rows = done["rows"]
    with tempfile.TemporaryDirectory() as temporary:
        made = (arguments.made or pathlib.Path(temporary)).resolve()
        made.mkdir(parents=True, exist_ok=True)
        for row in ROWS:
            if arguments.only in row.name and row.name not in rows:
                rows[row.name] = check(zkinfer, row, made, run, not arguments.no_prove)
                print(table({row.name: rows[row.name]}).splitlines()[-1], flush=True)
                arguments.json.write_text(json.dumps(done, indent=1) + "\n")
    print(f"{len(rows)} networks: " + ", ".join(f"{sum(row['state'] == s for row in rows.values())} {s}" for s in (*STATES, "skipped")))
    if arguments.markdown:
        arguments.markdown.write_text(table(rows))
    right = sum(row["state"] == "right" for row in rows.values())
    if right < arguments.at_least:
        print(f"{right} are right, expected at least {arguments.at_least}")
    return int(right < arguments.at_least or any(row["state"] == "failed" for row in rows.values()))


if __name__ == "__main__":
    sys.exit(main())
