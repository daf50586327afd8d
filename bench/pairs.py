#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Two programs in turn, one fresh process each, so that both see the same minutes of a shared machine.

usage: pairs.py OLD NEW FOLDER [--runs N] [--models digits,vgg16,mnist_cnn] [--output pairs.json]

OLD, NEW: programs `zkinfer`, of any version since 5601d3c. FOLDER is kept: models, commitments and keys of each are made there once.
vgg16 needs python3-torch; mnist_cnn needs the folder of models and data in ZKINFER_DATA (bench/README.md). Of each run: seconds that a
person waits for `prove` and `verify` with all their files, processor seconds, largest resident set, bytes of the proof, and what the
program says the proof itself took. The JSON has the medians, and commit and machine.
"""
import argparse
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import time

SOURCE = pathlib.Path(__file__).resolve().parent.parent


def inputs(model: str, folder: pathlib.Path):
    """(network, options of compile, options of prove)"""
    if model == "digits":
        examples = SOURCE / "examples/digits"
        return examples / "digits.onnx", ["-c", examples / "calibration.npy"], ["-i", examples / "digit_7.png"]
    if model == "vgg16":
        made = folder / "vgg16"
        if not (made / "vgg16.onnx").exists():
            subprocess.run(["/usr/bin/python3", SOURCE / "examples/vgg16/make_vgg16.py", made], check=True)
        return made / "vgg16.onnx", ["-c", made / "calibration.npy", "--limit", "32"], ["-i", made / "input.npy"]
    if model == "mnist_cnn":
        data = pathlib.Path(os.environ["ZKINFER_DATA"])
        images = data / "data/mnist/t10k-first5000-images-idx3-ubyte.gz"
        return data / "models/ort_examples/c_cxx/MNIST/mnist.onnx", ["-c", images, "--limit", "500", "--scale", "1"], ["-i", images, "--index", "0", "--scale", "1"]
    sys.exit(f"pairs.py: no model '{model}'; expected digits, vgg16 or mnist_cnn")


def run(words, folder):
    """(seconds, processor seconds, bytes resident, standard output) of a process that must succeed."""
    begin = time.monotonic()
    process = subprocess.Popen([str(word) for word in words], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    out, errors = process.stdout.read(), process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        sys.exit(f"pairs.py: {' '.join(map(str, words))}\n{errors.decode()}")
    return time.monotonic() - begin, usage.ru_utime + usage.ru_stime, 1024 * usage.ru_maxrss, out


def measure(program, model, folder, options):
    proof = folder / "p.zkproof"
    proof.unlink(missing_ok=True)
    seconds, processor, memory, out = run([program, "prove", f"{model}.zkmodel", *options, "-o", proof.name, "--json"], folder)
    said = json.loads(out)
    checking, *_ = run([program, "verify", proof.name, "-k", f"{model}.zkkey"], folder)
    return {
        "prove_process_seconds": seconds, "prove_seconds": said["prove_seconds"], "processor_seconds": processor, "peak_memory_bytes": memory,
        "verify_process_seconds": checking, "verify_seconds": said["verify_seconds"], "proof_bytes": proof.stat().st_size,
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("old")
    parser.add_argument("new")
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--runs", type=int, default=11)
    parser.add_argument("--models", default="digits,vgg16")
    parser.add_argument("--output", type=pathlib.Path)
    given = parser.parse_args()
    programs = {"old": pathlib.Path(given.old).resolve(), "new": pathlib.Path(given.new).resolve()}
    result = {"machine": {"cpu": platform.processor() or platform.machine(), "cores": os.cpu_count(), "system": platform.platform()}, "runs": given.runs, "models": {}}
    for which, program in programs.items():
        result[which] = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    for model in given.models.split(","):
        network, compile_options, prove_options = inputs(model, given.folder.resolve())
        folders = {}
        for which, program in programs.items():
            folder = folders[which] = given.folder.resolve() / which
            folder.mkdir(parents=True, exist_ok=True)
            if not (folder / f"{model}.zkmodel").exists():
                run([program, "compile", network, *compile_options, "-o", f"{model}.zkmodel"], folder)
            if not (folder / f"{model}.zksecret").exists():
                run([program, "commit", f"{model}.zkmodel"], folder)
            measure(program, model, folder, prove_options)  # the first proof makes the commitment that serves
        rows = {which: [] for which in programs}
        for _ in range(given.runs):
            for which, program in programs.items():
                rows[which].append(measure(program, model, folders[which], prove_options))
        result["models"][model] = {which: {name: statistics.median(row[name] for row in measured) for name in measured[0]} for which, measured in rows.items()}
        for which, medians in result["models"][model].items():
            print(model, which, ", ".join(f"{name} {value:.4g}" for name, value in medians.items()), flush=True)
    if given.output:
        given.output.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
