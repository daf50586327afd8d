#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compiles, proves and verifies every ONNX model below a folder and compares it with onnxruntime; needs onnx, onnxruntime, numpy.

Input: input.json beside the model (EZKL's form), else numbers of the declared type and shape, drawn with a fixed seed; calibrated on it and
on seven like it. Every model runs in processes with limits. Results go to a JSON file after each model; a second run with the same program
goes on where the first ended. Exit code 1 where a model fails (crash, internal error, rejected proof) or is below the floor.
"""
import json
import pathlib
import sys
import tempfile

import numpy as np
import onnx
import onnxruntime

from pipeline import check_model, data_folder, markdown
from runs import Runs

TYPES = {onnx.TensorProto.FLOAT: np.float32, onnx.TensorProto.DOUBLE: np.float64, onnx.TensorProto.FLOAT16: np.float16,
         onnx.TensorProto.INT64: np.int64, onnx.TensorProto.INT32: np.int32, onnx.TensorProto.INT16: np.int16,
         onnx.TensorProto.INT8: np.int8, onnx.TensorProto.UINT8: np.uint8, onnx.TensorProto.BOOL: np.bool_}
SAMPLES = 8  # the first is the one that is proven


# Dynamic axes whose length the network's own code gives, and inputs that are settings, by the end of a path.
SHAPES = {"silero_vad_16k_op15.onnx": {"input": (1, 576), "state": (2, 1, 128)}}
SETTINGS = {"silero_vad_16k_op15.onnx": {"sr": 16000}}


class NoReference(Exception):
    pass


def input_shape(declared, elements):
    """Dynamic axes: the first is 1; one other takes what the given data leave, else 32 where axes are pictures', 4 elsewhere."""
    shape = [n if isinstance(n, int) and n > 0 else None for n in declared]
    if shape and shape[0] is None:
        shape[0] = 1
    unknown = [i for i, n in enumerate(shape) if n is None]
    if len(unknown) == 1 and elements is not None:
        rest = int(np.prod([n for n in shape if n is not None]))
        shape[unknown[0]] = max(1, elements // max(rest, 1))
        unknown = []
    for i in unknown:
        shape[i] = 64 if len(shape) == 4 and i >= 2 else 4
    return shape


def given_inputs(model):
    path = model.parent / "input.json"
    if not path.exists():
        return None
    return [np.array(values, dtype=object).reshape(-1) for values in json.loads(path.read_text()).get("input_data", [])]


def draw(shape, dtype, random):
    if dtype == np.bool_:
        return random.integers(0, 2, shape).astype(bool)
    if np.issubdtype(dtype, np.integer):
        return random.integers(0, 8, shape).astype(dtype)
    return random.random(shape).astype(dtype)


def alike(x, random):
    if not np.issubdtype(x.dtype, np.floating) or x.size == 0:
        return x
    return (x + random.normal(0, 0.1, x.shape) * (np.abs(x).mean() + 1e-3)).clip(x.min(), x.max()).astype(x.dtype)


def declared_inputs(model):
    """(name, NumPy type, axes: numbers or None) of each input that is no initializer."""
    graph = onnx.load(str(model), load_external_data=False).graph
    constants = {tensor.name for tensor in graph.initializer}
    for value in graph.input:
        if value.name in constants:
            continue
        tensor = value.type.tensor_type
        if tensor.elem_type not in TYPES:
            raise NoReference(f"input {value.name} is of type {tensor.elem_type}")
        yield value.name, TYPES[tensor.elem_type], [dim.dim_value or None for dim in tensor.shape.dim]


def prepare(model):
    """Names of inputs, their values for every sample (lists of arrays), and `--shape` options."""
    given = given_inputs(model)
    random = np.random.default_rng(1)
    declared = list(declared_inputs(model))
    if given is not None and len(given) != len(declared):
        given = None
    samples = [[] for _ in range(SAMPLES)]
    shapes = []
    for i, (name, dtype, axes) in enumerate(declared):
        data = None if given is None else given[i]
        shape = list(SHAPES.get(model.name, {}).get(name, input_shape(axes, None if data is None else data.size)))
        if None in axes:
            shapes.append(f"{name}={','.join(map(str, shape))}")
        if data is not None and data.size == int(np.prod(shape)):
            first = data.astype(dtype).reshape(shape)
            samples[0].append(first)
            for sample in samples[1:]:
                sample.append(alike(first, random))
        elif name in SETTINGS.get(model.name, {}):
            for sample in samples:
                sample.append(np.full(shape, SETTINGS[model.name][name], dtype))
        else:
            for sample in samples:
                sample.append(draw(shape, dtype, random))
    if not declared:
        raise NoReference("it has no inputs, so that nothing is computed for anybody")
    return [name for name, _, _ in declared], samples, shapes


def float_outputs(model, feed):
    """{output: numbers} by onnxruntime."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
        outputs = session.run(None, feed)
    except Exception as error:  # noqa: BLE001: whatever it says
        raise NoReference(f"onnxruntime: {str(error).splitlines()[0][:200]}") from None
    if any(not isinstance(o, np.ndarray) or o.dtype.kind not in "fiub" for o in outputs):
        raise NoReference("outputs that are no tensors of numbers")
    if not all(np.isfinite(np.asarray(o, np.float64)).all() for o in outputs):
        raise NoReference("onnxruntime gives infinite outputs")
    return {info.name: np.asarray(o, np.float64).ravel().tolist() for info, o in zip(session.get_outputs(), outputs)}


def write_samples(path, names, samples):
    """zkinfer's form: one array per input, the first axis counts samples."""
    np.savez(path, **{name: np.stack([s[i] for s in samples]) for i, name in enumerate(names)})


def check(zkinfer, model, prove):
    try:
        names, samples, shapes = prepare(model)
    except NoReference as reason:
        return {"state": "no reference", "reason": str(reason), "process_seconds": {}}
    reference, why = None, ""
    try:
        reference = float_outputs(model, dict(zip(names, samples[0])))
    except NoReference as reason:
        why = str(reason)
    with tempfile.TemporaryDirectory() as folder:
        calibration, sample = pathlib.Path(folder) / "calibration.npz", pathlib.Path(folder) / "sample.npz"
        write_samples(calibration, names, samples)
        write_samples(sample, names, samples[:1])
        row = check_model(zkinfer, model, calibration, sample, reference, shapes=shapes, index=0, prove=prove)
    if reference is None and row["state"] == "right":  # as far as there is something to compare
        row.update(state="no reference", reason=why)
    return row


def main():
    runs = Runs(__doc__, "models.json", only="part of a path below the folder", packages=(onnx, onnxruntime))
    runs.parser.add_argument("--folder", type=pathlib.Path, default=data_folder() / "models")
    runs.parser.add_argument("--no-prove", action="store_true", help="compile and run only")
    arguments = runs.options()
    models = sorted(p for p in arguments.folder.rglob("*.onnx") if arguments.only in str(p.relative_to(arguments.folder)))
    if not models:
        print(f"skipped: no models in {arguments.folder} (set ZKINFER_TEST_DATA)")
        return 77
    zkinfer = runs.begin()
    for model in models:
        name = str(model.relative_to(arguments.folder))
        if runs.wants(name):
            runs.add(name, check(zkinfer, model, not arguments.no_prove))
    return runs.finish(markdown)


if __name__ == "__main__":
    sys.exit(main())
