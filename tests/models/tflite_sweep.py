#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Small networks that TensorFlow converts to TFLite, float and int8, against TensorFlow's own interpreter (reference kernels); needs tensorflow.

Each is compiled on drawn inputs and run on others. right: an error of at most --bound of the largest output; of int8 every integer at most one apart,
but where its kernels approximate (APPROXIMATE). Exit code 1 where one is wrong or fails.
"""
import os
import pathlib
import sys
import tempfile

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

import numpy as np
import tensorflow as tf

from pipeline import Stopped, flat
from runs import Runs

CALIBRATION, SAMPLES = 24, 4
random = np.random.default_rng(5)


def weights(*shape):
    return tf.constant(random.normal(0, 0.5, shape).astype(np.float32))


def pad(x, mode):
    return tf.pad(x, [[0, 0], [1, 2], [2, 1], [0, 0]], mode)


IMAGE, ROWS, MATRIX = (1, 8, 6, 4), (1, 12), (1, 5, 7)


def floats():
    """name: (function of the inputs, their shapes)"""
    k, d = weights(3, 3, 4, 5), weights(3, 3, 4, 2)
    one, square = weights(1, 1, 4, 6), weights(7, 7)
    table, column = weights(1, 1, 1, 4), weights(4)
    positive = tf.constant(random.uniform(0.5, 2, (1, 12)).astype(np.float32))
    cases = {
        "conv_same_stride": (lambda x: tf.nn.relu(tf.nn.conv2d(x, k, [1, 2, 2, 1], "SAME")), [IMAGE]),
        "conv_valid_bias": (lambda x: tf.nn.relu6(tf.nn.bias_add(tf.nn.conv2d(x, k, 1, "VALID"), weights(5))), [IMAGE]),
        "conv_dilated": (lambda x: tf.nn.conv2d(x, k, 1, "SAME", dilations=[1, 2, 2, 1]), [IMAGE]),
        "conv_1x1": (lambda x: tf.nn.tanh(tf.nn.conv2d(x, one, 1, "VALID")), [IMAGE]),
        "conv_groups": (lambda x: tf.nn.conv2d(x, weights(3, 3, 2, 6), 1, "SAME"), [IMAGE]),
        "depthwise": (lambda x: tf.nn.depthwise_conv2d(x, d, [1, 1, 1, 1], "SAME"), [IMAGE]),
        "depthwise_stride": (lambda x: tf.nn.depthwise_conv2d(x, d, [1, 2, 2, 1], "VALID"), [IMAGE]),
        "conv3d": (lambda x: tf.nn.conv3d(x, weights(2, 2, 2, 2, 3), [1, 1, 2, 1, 1], "SAME"), [(1, 4, 5, 3, 2)]),
        "transpose_same": (lambda x: tf.nn.conv2d_transpose(x, weights(3, 3, 5, 4), [1, 16, 12, 5], 2, "SAME"), [IMAGE]),
        "transpose_valid": (lambda x: tf.nn.conv2d_transpose(x, weights(3, 2, 5, 4), [1, 17, 12, 5], 2, "VALID"), [IMAGE]),
        "conv1d": (lambda x: tf.nn.conv1d(x, weights(3, 7, 4), 1, "SAME"), [MATRIX]),
        "max_pool_same": (lambda x: tf.nn.max_pool2d(x, 3, 2, "SAME"), [IMAGE]),
        "average_pool_same": (lambda x: tf.nn.avg_pool2d(x, 3, 2, "SAME"), [IMAGE]),
        "average_pool": (lambda x: tf.nn.avg_pool2d(x, 2, 2, "VALID"), [IMAGE]),
        "dense": (lambda x: tf.nn.relu(tf.matmul(x, weights(12, 9)) + weights(9)), [ROWS]),
        "dense_of_matrix": (lambda x: tf.einsum("bij,jk->bik", x, square), [MATRIX]),
        "batch_matmul": (lambda x, y: tf.matmul(x, y, transpose_b=True), [(2, 4, 5), (2, 3, 5)]),
        "batch_matmul_left": (lambda x, y: tf.matmul(x, y, transpose_a=True), [(2, 5, 4), (2, 5, 3)]),
        "channel_scale": (lambda x: tf.nn.relu(tf.nn.conv2d(x, one, 1, "SAME") * weights(6) + weights(6)), [IMAGE]),
        "squeeze_excite": (lambda x: x * tf.sigmoid(tf.reduce_mean(x, [1, 2], keepdims=True) * table), [IMAGE]),
        "residual": (lambda x: tf.nn.relu(x + tf.nn.conv2d(tf.nn.relu(tf.nn.conv2d(x, weights(3, 3, 4, 4), 1, "SAME")), weights(3, 3, 4, 4), 1, "SAME")), [IMAGE]),
        "concat_channels": (lambda x: tf.concat([tf.nn.conv2d(x, one, 1, "SAME"), tf.nn.max_pool2d(x, 3, 1, "SAME")], 3), [IMAGE]),
        "global_mean": (lambda x: tf.reduce_mean(tf.nn.conv2d(x, one, 1, "SAME"), [1, 2]), [IMAGE]),
        "mean_last": (lambda x: tf.reduce_mean(x, -1), [MATRIX]),
        "sum_first": (lambda x: tf.reduce_sum(x, [1], keepdims=True), [MATRIX]),
        "max": (lambda x: tf.reduce_max(x, [2]), [MATRIX]),
        "prod": (lambda x: tf.reduce_prod(x, [2]), [(1, 4, 3)]),
        "softmax": (lambda x: tf.nn.softmax(x * 2), [ROWS]),
        "log_softmax": (tf.nn.log_softmax, [ROWS]),
        "leaky": (lambda x: tf.nn.leaky_relu(x, 0.2), [ROWS]),
        "prelu": (tf.keras.layers.PReLU(shared_axes=[1, 2], alpha_initializer=tf.constant_initializer(0.3)), [IMAGE]),
        "elu": (tf.nn.elu, [ROWS]),
        "gelu": (lambda x: tf.nn.gelu(x), [ROWS]),
        "gelu_tanh": (lambda x: tf.nn.gelu(x, approximate=True), [ROWS]),
        "hard_swish": (lambda x: x * tf.nn.relu6(x + 3) * np.float32(1 / 6), [ROWS]),
        "swish": (tf.nn.silu, [ROWS]),
        "exp": (tf.exp, [ROWS]),
        "log": (lambda x: tf.math.log(tf.abs(x) + 0.5), [ROWS]),
        "sqrt": (lambda x: tf.sqrt(tf.abs(x) + 0.1), [ROWS]),
        "rsqrt": (lambda x: tf.math.rsqrt(tf.abs(x) + 0.2), [ROWS]),
        "pow": (lambda x: tf.pow(tf.abs(x) + 0.1, 1.5), [ROWS]),
        "square_difference": (lambda x, y: tf.math.squared_difference(x, y), [ROWS, ROWS]),
        "divide": (lambda x: x / positive, [ROWS]),
        "divide_computed": (lambda x, y: x / (tf.abs(y) + 0.5), [ROWS, ROWS]),
        "maximum": (lambda x, y: tf.maximum(x, y) - tf.minimum(x, 0.25), [ROWS, ROWS]),
        "floor_round": (lambda x: tf.floor(x) + tf.round(x * 3) + tf.math.ceil(x), [ROWS]),
        "sin_cos": (lambda x: tf.sin(x) * tf.cos(x), [ROWS]),
        "select": (lambda x, y: tf.where(x > y, x * 2, y - 1), [ROWS, ROWS]),
        "logic": (lambda x, y: tf.cast(tf.logical_and(x > 0, tf.logical_not(y >= 0.5)), tf.float32) + x, [ROWS, ROWS]),
        "not_equal": (lambda x: tf.where(tf.not_equal(tf.floor(x), 0.0), x, -x), [ROWS]),
        "floor_mod": (lambda x: tf.math.floormod(x, 0.7), [ROWS]),
        "l2_normalize": (lambda x: tf.math.l2_normalize(x, -1), [ROWS]),
        "lrn": (lambda x: tf.nn.local_response_normalization(x, 2, 1.0, 0.1, 0.75), [IMAGE]),
        "reshape_transpose": (lambda x: tf.reshape(tf.transpose(x, [0, 2, 3, 1]), [1, -1, 8]), [IMAGE]),
        "slice_strided": (lambda x: x[:, 1:7:2, ::-1, 1], [IMAGE]),
        "slice_ellipsis": (lambda x: x[..., tf.newaxis, 2:], [MATRIX]),
        "split_join": (lambda x: tf.concat(tf.split(x, 3, 1)[::-1], 1), [ROWS]),
        "split_sizes": (lambda x: tf.concat(tf.split(x, [2, 7, 3], 1)[::-1], 1), [ROWS]),
        "pad": (lambda x: pad(x, "CONSTANT"), [IMAGE]),
        "pad_value": (lambda x: tf.pad(x, [[0, 0], [2, 1]], constant_values=0.75), [ROWS]),
        "pad_reflect": (lambda x: pad(x, "REFLECT"), [IMAGE]),
        "pad_symmetric": (lambda x: pad(x, "SYMMETRIC"), [IMAGE]),
        "pad_conv": (lambda x: tf.nn.conv2d(pad(x, "CONSTANT"), k, 2, "VALID"), [IMAGE]),
        "stack_unstack": (lambda x: tf.stack(tf.unstack(x, axis=1)[::-1], 2), [MATRIX]),
        "gather": (lambda x: tf.gather(x, [4, 0, 2], axis=1), [MATRIX]),
        "gather_nd": (lambda x: tf.gather_nd(x, [[0, 1], [0, 3]]), [MATRIX]),
        "tile": (lambda x: tf.tile(x, [1, 2, 3]), [MATRIX]),
        "reverse": (lambda x: tf.reverse(x, [1]), [MATRIX]),
        "depth_to_space": (lambda x: tf.nn.depth_to_space(x, 2), [IMAGE]),
        "space_to_depth": (lambda x: tf.nn.space_to_depth(x, 2), [IMAGE]),
        "cumsum": (lambda x: tf.cumsum(x, 1, reverse=True), [MATRIX]),
        "top_k": (lambda x: tf.math.top_k(x, 3).values, [ROWS]),
        "arg_max": (lambda x: tf.cast(tf.argmax(x, 1), tf.float32) + tf.cast(tf.argmin(x, 1), tf.float32), [ROWS]),
        "one_hot": (lambda x: tf.one_hot(tf.argmax(x, 1), 12, 2.0, -1.0), [ROWS]),
        "resize_bilinear": (lambda x: tf.compat.v1.image.resize_bilinear(x, [13, 11]), [IMAGE]),
        "resize_bilinear_half": (lambda x: tf.image.resize(x, [13, 11]), [IMAGE]),
        "resize_bilinear_aligned": (lambda x: tf.compat.v1.image.resize_bilinear(x, [13, 11], align_corners=True), [IMAGE]),
        "resize_nearest": (lambda x: tf.compat.v1.image.resize_nearest_neighbor(x, [13, 11]), [IMAGE]),
        "resize_nearest_half": (lambda x: tf.image.resize(x, [13, 11], method="nearest"), [IMAGE]),
        "broadcast": (lambda x: tf.broadcast_to(tf.reduce_sum(x, -1, keepdims=True), [1, 5, 4]) * 2, [MATRIX]),
        "layer_norm": (tf.keras.layers.LayerNormalization(), [MATRIX]),
        "attention": (lambda x: tf.matmul(tf.nn.softmax(tf.matmul(x, x, transpose_b=True) / 2.6), x), [MATRIX]),
        "fake_quant": (lambda x: tf.quantization.fake_quant_with_min_max_args(x, -1.5, 2.0), [ROWS]),
        "lstm": (tf.keras.layers.LSTM(5, return_sequences=True, unroll=True), [MATRIX]),
        "lstm_last": (tf.keras.layers.LSTM(4, unroll=True), [MATRIX]),
        "open_dilated": (tf.keras.layers.Conv2D(5, 3, dilation_rate=2, padding="same"), [IMAGE]),
        "open_dilated_depthwise": (tf.keras.layers.DepthwiseConv2D(3, dilation_rate=2, padding="same"), [IMAGE]),
        "open_dilated_causal": (tf.keras.layers.Conv1D(5, 3, dilation_rate=2, padding="causal"), [MATRIX]),
        "open_transpose": (tf.keras.layers.Conv2DTranspose(5, 3, strides=2, padding="same"), [IMAGE]),
    }
    return cases


# Networks of kinds that are quantized to int8 too.
INT8 = ("conv_same_stride conv_valid_bias conv_dilated conv_1x1 depthwise depthwise_stride transpose_same max_pool_same average_pool_same average_pool dense "
        "channel_scale squeeze_excite residual concat_channels global_mean mean_last softmax leaky prelu elu hard_swish maximum l2_normalize reshape_transpose pad "
        "pad_value pad_reflect pad_conv stack_unstack split_join resize_bilinear resize_bilinear_half resize_nearest batch_matmul divide_computed rsqrt lstm "
        "open_dilated open_dilated_depthwise open_dilated_causal open_transpose").split()
# Their kernels of 8 bits compute with tables or polynomials of their own: so many steps apart. Of the residual sum, three elements of 768 were two or
# three apart, where our integers leave the network in floats.
APPROXIMATE = {"lstm": 4, "l2_normalize": 2, "squeeze_excite": 2, "softmax": 1, "residual": 3}
# The reference kernel leaves out the last neighbour, unlike TensorFlow and the usual kernel.
USUAL = {"lrn"}


def converted(name, function, shapes, int8, samples):
    if isinstance(function, tf.keras.layers.Layer):
        batch = None if name.startswith("open_") else shapes[0][0]
        converter = tf.lite.TFLiteConverter.from_keras_model(tf.keras.Sequential([tf.keras.Input(batch_shape=(batch, *shapes[0][1:])), function]))
    else:
        signature = [tf.TensorSpec(shape, tf.float32) for shape in shapes]
        concrete = tf.function(lambda *x: function(*x), input_signature=signature).get_concrete_function()
        converter = tf.lite.TFLiteConverter.from_concrete_functions([concrete])
    if int8:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = lambda: ([x[i] for x in samples] for i in range(CALIBRATION))
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = converter.inference_output_type = tf.int8
    return converter.convert()


def interpreter_of(content, usual=False):
    """With the reference kernels, or the usual ones of an operator that has none."""
    resolvers = tf.lite.experimental.OpResolverType
    try:
        if usual:
            raise ValueError("as asked")
        return tf.lite.Interpreter(model_content=content, experimental_op_resolver_type=resolvers.BUILTIN_REF)
    except ValueError:
        return tf.lite.Interpreter(model_content=content, experimental_op_resolver_type=resolvers.BUILTIN_WITHOUT_DEFAULT_DELEGATES)


def check(zkinfer, name, function, shapes, int8, bound):
    samples = [random.normal(0, 1, (CALIBRATION + SAMPLES, *shape)).astype(np.float32) for shape in shapes]
    try:
        content = converted(name, function, shapes, int8, samples)
    except Exception as error:  # converters raise all kinds
        return {"state": "no reference", "reason": "conversion: " + str(error).strip().splitlines()[0][:120] if str(error).strip() else "conversion"}
    usual = name in USUAL
    interpreter = interpreter_of(content, usual)
    details = interpreter.get_input_details()
    given = {}
    for d in details:
        place = next(i for i, s in enumerate(samples) if s.shape[1:] == tuple(d["shape"]) and not any(s is g for g in given.values()))
        x = samples[place]
        samples[place] = np.zeros(0)
        if int8:
            scale, zero = d["quantization"]
            x = np.clip(np.round(x / scale) + zero, -128, 127).astype(np.int8)
        given[d["name"]] = x
    row = {"state": "right", "error": 0.0}
    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(folder, "m.tflite").write_bytes(content)
        arrays = {n.split(";")[0].replace(" ", "_"): x for n, x in given.items()}
        for part, where in (("calibration", slice(0, CALIBRATION)), ("samples", slice(CALIBRATION, None))):
            if len(arrays) == 1:
                np.save(pathlib.Path(folder, part + ".npy"), next(iter(arrays.values()))[where])
            else:
                np.savez(pathlib.Path(folder, part + ".npz"), **{n: x[where] for n, x in arrays.items()})
        end = ".npy" if len(arrays) == 1 else ".npz"
        try:
            zkinfer.call(folder, "compile", "m.tflite", "-c", "calibration" + end, "-o", "m.zkmodel")
            for i in range(SAMPLES):
                fresh = interpreter_of(content, usual)
                fresh.allocate_tensors()
                for d in fresh.get_input_details():
                    fresh.set_tensor(d["index"], given[d["name"]][CALIBRATION + i])
                fresh.invoke()
                run, _ = zkinfer.call(folder, "run", "m.zkmodel", "-i", "samples" + end, "--index", i)
                row["clipped"] = row.get("clipped", 0) + sum(c["num_clipped"] for c in run["clipping"])
                for out, d in zip(run["outputs"], fresh.get_output_details()):
                    want = fresh.get_tensor(d["index"])
                    got = np.asarray(flat(out["values"])).reshape(want.shape)
                    difference = float(np.abs(got - want.astype(np.float64)).max())
                    if int8 and want.dtype == np.int8:
                        row["most"] = max(row.get("most", 0), round(difference))
                        row["same"] = min(row.get("same", 1.0), float(np.mean(got == want)))
                    else:
                        row["error"] = max(row["error"], difference / max(float(np.abs(want).max()), 1e-9))
        except Stopped as stopped:
            return {"state": stopped.state, "reason": stopped.args[0]}
    if row["error"] > bound or row.get("most", 0) > APPROXIMATE.get(name, 1 if int8 else 0):
        row.update(state="wrong", reason=f"error {100 * row['error']:.3g} %, {row.get('most', 0)} apart, {row['clipped']} numbers clipped")
    return row


def main():
    runs = Runs(__doc__, "tflite_sweep.json", what="networks", seconds=120, packages=(tf,))
    runs.parser.add_argument("--bound", type=float, default=0.01)
    arguments = runs.options()
    zkinfer = runs.begin()
    for name, (function, shapes) in floats().items():
        for int8 in (False, True) if name in INT8 else (False,):
            shown = name + (" int8" if int8 else "")
            if runs.wants(shown):
                row = check(zkinfer, name, function, shapes, int8, arguments.bound)
                same = f" {100 * row['same']:.1f} % the same, at most {row['most']} apart" if "same" in row else ""
                runs.add(shown, row, f"{shown}: {row['state']} {100 * row.get('error', 0):.3f} %{same} {' '.join(row.get('reason', '').split())[:200]}")
    return runs.finish(failing=("wrong", "failed", "refused"))


if __name__ == "__main__":
    sys.exit(main())
