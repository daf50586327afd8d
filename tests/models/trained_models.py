#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Trained networks on real data (trained_list.py): agreement with onnxruntime, accuracy where there are labels, and the error of the outputs;
needs onnxruntime, onnx, numpy, and for some rows more, which then say so.

Calibrated on other samples than those measured, by the defaults. right: at least 99.5 % of the answers are the float network's (99 % of 100 or
fewer), accuracy within 0.3 points (1 of 100), and the proof of the first sample verifies. The error is a sample's largest, of the largest value
of the output; the bar for its mean is 0.1 %. Results go to a JSON file after each row; a second run with the same program goes on.
"""
import collections
import pathlib
import sys
import tempfile

import numpy as np
import onnxruntime

from judge import KINDS
from pipeline import STATES, Stopped
from runs import Runs
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
    runs = Runs(__doc__, "trained.json", what="networks", only="part of a row's name", memory_gib=12, packages=(onnxruntime,),
                states=(*STATES, "skipped"))
    runs.parser.add_argument("--made", type=pathlib.Path, help="folder for ONNX files made of other files, kept for the next run")
    runs.parser.add_argument("--no-prove", action="store_true", help="compile and run only")
    arguments = runs.options()
    if not DATA.exists():
        print(f"skipped: no {DATA} (set ZKINFER_TEST_DATA)")
        return 77
    zkinfer, run = runs.begin(), sessions()
    with tempfile.TemporaryDirectory() as temporary:
        made = (arguments.made or pathlib.Path(temporary)).resolve()
        made.mkdir(parents=True, exist_ok=True)
        for row in ROWS:
            if runs.wants(row.name):
                result = check(zkinfer, row, made, run, not arguments.no_prove)
                runs.add(row.name, result, table({row.name: result}).splitlines()[-1])
    return runs.finish(table)


if __name__ == "__main__":
    sys.exit(main())
