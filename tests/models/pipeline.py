# SPDX-License-Identifier: Apache-2.0
"""One model through `zkinfer compile, run, commit, prove, verify`, each a process with limits, and what came of it.

Only the standard library: the scripts that need packages import this one.
"""
import json
import math
import os
import pathlib
import resource
import subprocess
import tempfile
import time

LEAST_COSINE = 0.9995

# right: agrees with the reference and its proof verifies; wrong: does not agree; refused: `compile` says why; limit: our limits of
# time or memory; failed: a crash, an internal error, a hang, or a model that compiles and does not prove.
STATES = ("right", "wrong", "refused", "limit", "failed", "no reference")


def data_folder():
    """Models and data sets that are no part of the project."""
    beside = pathlib.Path(__file__).resolve().parents[3] / "shared" / "data"
    return pathlib.Path(os.environ.get("ZKINFER_TEST_DATA", beside))


class Stopped(Exception):
    def __init__(self, state, reason):
        super().__init__(reason)
        self.state, self.reason = state, reason


class Zkinfer:
    def __init__(self, program, seconds=300, memory_gib=8):
        self.program, self.seconds, self.memory = str(pathlib.Path(program).resolve()), seconds, int(memory_gib * 2**30)

    def call(self, folder, *arguments):
        """The JSON that a command prints and its wall time; Stopped where there is none."""
        def limits():
            resource.setrlimit(resource.RLIMIT_AS, (self.memory, self.memory))
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        since = time.monotonic()
        try:
            done = subprocess.run([self.program, *map(str, arguments), "--json"], cwd=folder, capture_output=True, timeout=self.seconds,
                                  preexec_fn=limits, check=False)
        except subprocess.TimeoutExpired:
            raise Stopped("limit", f"{arguments[0]}: not done in {self.seconds} s") from None
        seconds = time.monotonic() - since
        said = done.stderr.decode(errors="replace").strip()
        try:
            out = json.loads(done.stdout)
        except ValueError:
            out = {}
        error = out.get("error", {})
        message = error.get("message", said.splitlines()[-1] if said else "")
        if done.returncode == 0 and "error" not in out:
            return out, seconds
        if done.returncode == 2 and "memory" in error.get("code", "") + message:
            raise Stopped("limit", f"{arguments[0]}: {message}")
        if done.returncode == 2 and arguments[0] == "compile":
            raise Stopped("refused", message)
        raise Stopped("failed", f"{arguments[0]}, exit code {done.returncode}: {message or said[-300:]}")


def flat(values):
    if not isinstance(values, list):
        return [float(values)]
    out = []
    for value in values:
        out += flat(value)
    return out


def compare(got, want):
    """(cosine, largest error of the largest number) of two lists of numbers; cosine 1 where both are zero."""
    if len(got) != len(want):
        return 0.0, math.inf
    product = sum(a * b for a, b in zip(got, want))
    norms = math.sqrt(sum(a * a for a in got) * sum(b * b for b in want))
    largest = max((abs(b) for b in want), default=0.0)
    error = max((abs(a - b) for a, b in zip(got, want)), default=0.0)
    if norms == 0:
        cosine = 1.0 if error <= 1e-6 else 0.0
    else:
        cosine = product / norms
    return cosine, error / largest if largest > 0 else error


def same_top(got, want, last_axis):
    """Whether every line of the last axis has its largest entry where the reference has its (or one equal to it)."""
    if last_axis < 2 or len(got) != len(want):
        return True
    for i in range(0, len(got), last_axis):
        line = want[i:i + last_axis]
        at = max(range(last_axis), key=lambda k: got[i + k])
        if line[at] < max(line) - 1e-6 * max(map(abs, line)):
            return False
    return True


def judge(outputs, reference, classes, least_cosine):
    """outputs: {name: (values, shape)}, reference: {name: values}. What a row says of them."""
    row = {"cosine": 1.0, "error": 0.0, "top1": True}
    worst = ""
    missing = [name for name in reference if name not in outputs]
    if missing:
        return {**row, "state": "failed", "reason": "no output " + ", ".join(missing)}
    for name, want in reference.items():
        got, shape = outputs[name]
        cosine, error = compare(got, want)
        if cosine < row["cosine"]:
            row["cosine"], worst = cosine, name
        row["error"] = max(row["error"], error)
        if classes and len(shape) <= 2:
            row["top1"] = row["top1"] and same_top(got, want, shape[-1] if shape else 1)
    right = row["cosine"] >= least_cosine and row["top1"]
    row["state"] = "right" if right else "wrong"
    if not right:
        row["reason"] = f"cosine {row['cosine']:.6f}, error {100 * row['error']:.3g} % of the largest" 
        row["reason"] += f", output {worst}" * (len(reference) > 1) + ", another top-1" * (not row["top1"])
    return row


def check_model(zkinfer, model, calibration, sample, reference, *, index=None, shapes=(), classes=True, prove=True,
                least_cosine=LEAST_COSINE):
    """Everything for one model. sample: a file; index: which of it. reference: {output: numbers}, or a list of them, or None."""
    row = {"state": "right"}
    seconds = {}
    which = [] if index is None else ["--index", index]
    try:
        with tempfile.TemporaryDirectory() as folder:
            shape_options = [word for shape in shapes for word in ("--shape", shape)]
            _, seconds["compile"] = zkinfer.call(folder, "compile", model, "-c", calibration, "-o", "m.zkmodel", *shape_options)
            run, _ = zkinfer.call(folder, "run", "m.zkmodel", "-i", sample, *which)
            outputs = {o["name"]: (o["values"], o["shape"]) for o in run["outputs"]}
            row["clipped"] = sum(c["num_clipped"] for c in run["clipping"])
            if isinstance(reference, list):  # in the model's order, without names
                reference = dict(zip(outputs, reference))
            if reference is not None:
                row.update(judge(outputs, reference, classes, least_cosine))
            if prove:
                zkinfer.call(folder, "commit", "m.zkmodel")
                proof, seconds["prove"] = zkinfer.call(folder, "prove", "m.zkmodel", "-i", sample, "-o", "p.zkproof", *which)
                verdict, seconds["verify"] = zkinfer.call(folder, "verify", "p.zkproof", "--key", "m.zkkey")
                if not verdict["accepted"]:
                    raise Stopped("failed", "the proof is rejected")
                if [o["integers"] for o in verdict["outputs"]] != [o["integers"] for o in run["outputs"]]:
                    raise Stopped("failed", "the proof shows other outputs than `run`")
                row.update(proof_bytes=proof["proof_bytes"], memory_bytes=proof["peak_memory_bytes"],
                           prove_seconds=proof["prove_seconds"], verify_seconds=verdict["verify_seconds"])
    except Stopped as stopped:
        row.update(state=stopped.state, reason=stopped.reason)
    row["process_seconds"] = {step: round(value, 3) for step, value in seconds.items()}
    return row


def markdown(rows):
    """rows: {name: row}."""
    count = {state: sum(row["state"] == state for row in rows.values()) for state in STATES}
    lines = [f"{len(rows)} models: " + ", ".join(f"{count[state]} {state}" for state in STATES), "",
             "| model | state | cosine | error of the largest | compile s | prove s | verify ms | proof KiB | why |",
             "| --- | --- | --- | --- | --- | --- | --- | --- | --- |"]
    for name, row in sorted(rows.items()):
        number = lambda key, form, factor=1: form % (factor * row[key]) if key in row else ""  # noqa: E731
        lines.append(f"| {name} | {row['state']} | {number('cosine', '%.6f')} | {number('error', '%.2g %%', 100)} | "
                     f"{row['process_seconds'].get('compile', '')} | {number('prove_seconds', '%.3f')} | {number('verify_seconds', '%.1f', 1e3)} | "
                     f"{number('proof_bytes', '%.0f', 1 / 1024)} | {' '.join(row.get('reason', '').split())[:200].replace('|', '/')} |")
    return "\n".join(lines) + "\n"
