# SPDX-License-Identifier: Apache-2.0
"""A Keras model with its configuration in an HDF5 file as ONNX, channels last outside and first inside; needs h5py, onnx, numpy.

Knows the layers of small convolutional networks; another is an error that names it.
"""
import json

import h5py
import numpy as np

import networks


def arrays(file, layer):
    group = file["model_weights"][layer]
    names = [n.decode() if isinstance(n, bytes) else n for n in group.attrs["weight_names"]]
    return [np.asarray(group[n], np.float32) for n in names]


def window(config, kind):
    """Size, stride and `same` padding of a convolution or pool."""
    size = config["kernel_size"] if kind == "kernel" else config["pool_size"]
    return tuple(size), tuple(config["strides"]), "SAME_UPPER" if config["padding"] == "same" else "VALID"


def write(path, target):
    with h5py.File(path) as file:
        config = json.loads(file.attrs["model_config"])["config"]
        layers = config["layers"] if isinstance(config, dict) else config
        shape = layers[0]["config"]["batch_input_shape"]
        net = networks.Network((1, *shape[1:]), {})
        values = {layers[0]["name"]: net.node("Transpose", "input", perm=[0, 3, 1, 2])}
        last = layers[0]["name"]
        for layer in layers[1:]:
            inputs = [values[node[0]] for node in layer["inbound_nodes"][0]] if layer.get("inbound_nodes") else [values[last]]
            last = layer["name"]
            values[last] = emit(net, layer["class_name"], layer["config"], inputs, lambda: arrays(file, last), last)  # noqa: B023
    net.save(target, values[last])


def emit(net, kind, config, inputs, weights, name):
    x = inputs[0]

    def conv(x, suffix, kernel, groups=1, strides=(1, 1), pad="VALID", bias=None):
        more = [net.constant(name + ".bias", bias)] if bias is not None else []
        return net.node("Conv", x, net.constant(name + suffix, kernel), *more, group=groups, strides=list(strides), auto_pad=pad)
    if kind == "Conv2D":
        (_, strides, pad), parts = window(config, "kernel"), weights()
        x = conv(x, ".kernel", parts[0].transpose(3, 2, 0, 1), 1, strides, pad, parts[1] if config["use_bias"] else None)
        return activation(net, config["activation"], x)
    if kind == "SeparableConv2D":
        (_, strides, pad), parts = window(config, "kernel"), weights()
        channels = parts[0].shape[2]
        x = conv(x, ".depthwise", parts[0].transpose(2, 3, 0, 1), channels, strides, pad)
        return activation(net, config["activation"], conv(x, ".pointwise", parts[1].transpose(3, 2, 0, 1), bias=parts[2] if config["use_bias"] else None))
    if kind == "BatchNormalization":
        parts = [net.constant(f"{name}.{i}", part) for i, part in enumerate(weights())]
        return net.node("BatchNormalization", x, *parts, epsilon=config["epsilon"])
    if kind in ("MaxPooling2D", "AveragePooling2D"):
        size, strides, pad = window(config, "pool")
        return net.node({"MaxPooling2D": "MaxPool", "AveragePooling2D": "AveragePool"}[kind], x, kernel_shape=list(size), strides=list(strides), auto_pad=pad)
    if kind == "GlobalAveragePooling2D":
        return net.pooled(x)
    if kind == "Activation":
        return activation(net, config["activation"], x)
    if kind == "Add":
        return net.node("Add", *inputs)
    raise ValueError(f"layer {name}: {kind} is not known here")


def activation(net, kind, x):
    if kind in (None, "linear"):
        return x
    return net.node({"relu": "Relu", "softmax": "Softmax", "sigmoid": "Sigmoid"}[kind], x, **({"axis": -1} if kind == "softmax" else {}))
