#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Networks of one Keras layer and small whole ones, saved as .keras and .h5 by Keras 3 and by Keras 2 (tf_keras), read by zkinfer and compared
with model.predict; needs tensorflow-cpu, keras, tf_keras, numpy.

Then the Keras files of ../shared/data, where that is. Weights are drawn, those that are counted while training too. Each file is compiled on drawn inputs and run on one; the .keras file of Keras 3 is
proven too (--prove: all). Layers that must be refused are there as well, with what the message must say. Exit code 1 where one is wrong, fails, is
refused that should not be, or fewer than --at-least are right.
"""
import os
import pathlib
import sys
import tempfile

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

import keras as keras_3  # noqa: E402
import numpy as np  # noqa: E402

import keras_networks  # noqa: E402
from pipeline import Stopped, check_model, data_folder, markdown  # noqa: E402
from runs import Runs  # noqa: E402

try:
    import tf_keras as keras_2
except ImportError:
    keras_2 = None

SAMPLES = 16  # the first is the one that is compared


def draw_weights(model, random):
    """Every weight: small ones around zero; scales around one; variances positive."""
    drawn = []
    for variable in model.weights:
        name, shape = getattr(variable, "path", variable.name), tuple(variable.shape)
        if "seed" in name or "count" in name:
            drawn.append(np.asarray(variable))
        elif "variance" in name:
            drawn.append(random.uniform(0.5, 2.0, shape))
        elif "gamma" in name or "scale" in name:
            drawn.append(random.uniform(0.5, 1.5, shape))
        else:
            fan_in = max(1, int(np.prod(shape[:-1]))) if len(shape) > 1 else 4
            drawn.append(random.normal(0, 1.2 / np.sqrt(fan_in), shape))
    model.set_weights([np.asarray(x, np.asarray(v).dtype) for x, v in zip(drawn, model.weights)])
    for layer in model.layers:  # Normalization computes from its weights when it is loaded
        if hasattr(layer, "finalize_state"):
            layer.finalize_state()


def draw_inputs(model, case, random):
    out = {}
    for tensor in model.inputs:
        history = tensor._keras_history  # the name of the input's layer, which Keras 3 does not give the tensor
        name = (getattr(history, "operation", None) or history.layer).name
        shape = [SAMPLES] + [case.lengths.get(i, n) if n is None else n for i, n in enumerate(tensor.shape)][1:]
        if case.tokens:
            out[name] = random.integers(0, case.tokens, shape).astype(np.int32)
        else:
            out[name] = random.uniform(case.low, case.high, shape).astype(np.float32)
    return out


def check(zkinfer, case, keras, form, folder, prove):
    random = np.random.default_rng(7)
    keras.utils.set_random_seed(7)
    keras.backend.clear_session()
    model = case.build(keras)
    draw_weights(model, random)
    inputs = draw_inputs(model, case, random)
    path = folder / f"network.{form}"
    model.save(path)
    if case.refused:
        try:
            zkinfer.call(folder, "compile", path, "-o", "m.zkmodel")
        except Stopped as stopped:
            if stopped.state == "refused" and all(part in str(stopped) for part in case.refused):
                return {"state": "right", "process_seconds": {}}
            return {"state": "failed", "reason": f"expected {case.refused}: {stopped}", "process_seconds": {}}
        return {"state": "failed", "reason": "it is not refused", "process_seconds": {}}
    outputs = model.predict(list(inputs.values()) if len(inputs) > 1 else next(iter(inputs.values())), verbose=0)
    if isinstance(outputs, dict):
        outputs = list(outputs.values())
    outputs = outputs if isinstance(outputs, (list, tuple)) else [outputs]
    np.savez(folder / "inputs.npz", **inputs)
    shapes = [f"{name}=1," + ",".join(map(str, x.shape[1:])) for name, x in inputs.items()] if case.lengths else ()
    reference = [np.asarray(y[0], np.float64).ravel().tolist() for y in outputs]
    return check_model(zkinfer, path, folder / "inputs.npz", folder / "inputs.npz", reference, index=0, shapes=shapes, classes=case.classes, prove=prove)


# Keras files of other people below ../shared/data/models, and what goes in.
FILES = (("mlperf_tiny/training/anomaly_detection/trained_models/ad01.h5", -8, 2),
         ("mlperf_tiny/training/image_classification/trained_models/pretrainedResnet.h5", 0, 255),
         ("mlperf_tiny/training/keyword_spotting/trained_models/kws_ref_model", -1, 1),
         ("face_classification_keras/trained_models/emotion_models/fer2013_mini_XCEPTION.102-0.66.hdf5", -1, 1),
         ("face_classification_keras/trained_models/emotion_models/tiny_XCEPTION_KDEF.hdf5", -1, 1))


def check_file(zkinfer, path, low, high, folder):
    keras_2.backend.clear_session()
    random = np.random.default_rng(7)
    model = keras_2.models.load_model(path, compile=False)
    # Smooth fields: noise in every pixel is like no picture.
    shape = [SAMPLES, *model.inputs[0].shape[1:]]
    field = random.uniform(0, 1, [n if i in (0, len(shape) - 1) and len(shape) > 2 else max(1, n // 4) for i, n in enumerate(shape)])
    for axis in range(1, len(shape)):
        field = np.take(field, np.arange(shape[axis]) * field.shape[axis] // shape[axis], axis=axis)
    inputs = (low + (high - low) * field).astype(np.float32)
    np.save(folder / "inputs.npy", inputs)
    reference = [np.asarray(model.predict(inputs, verbose=0)[0], np.float64).ravel().tolist()]
    return check_model(zkinfer, path, folder / "inputs.npy", folder / "inputs.npy", reference, index=0)


def main():
    runs = Runs(__doc__, "keras_models.json", packages=[keras_3, np])
    runs.parser.add_argument("--prove", action="store_true", help="all files, not one of each network")
    arguments = runs.options()
    zkinfer = runs.begin()
    for case in keras_networks.CASES:
        for label, keras in (("keras3", keras_3), ("keras2", keras_2)):
            if keras is None or (case.only and case.only != label):
                continue
            for form in ("keras", "h5"):
                name = f"{case.name} {label} .{form}"
                if not runs.wants(name) or (case.operations and (label, form) == ("keras3", "h5")):
                    continue
                with tempfile.TemporaryDirectory() as folder:
                    try:
                        row = check(zkinfer, case, keras, form, pathlib.Path(folder), arguments.prove or (label, form) == ("keras3", "keras"))
                    except Exception as error:  # of Keras: it cannot build or save this network
                        row = {"state": "no reference", "reason": f"{type(error).__name__}: {error}", "process_seconds": {}}
                runs.add(name, row)
    for name, low, high in FILES if keras_2 is not None else ():
        path = data_folder() / "models" / name
        if not path.exists():
            print(f"{name} is not there")
        elif runs.wants(name):
            with tempfile.TemporaryDirectory() as folder:
                runs.add(name, check_file(zkinfer, path, low, high, pathlib.Path(folder)))
    return runs.finish(markdown, failing=("failed", "wrong", "refused"))


if __name__ == "__main__":
    sys.exit(main())
