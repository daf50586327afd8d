#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""One-operator models of other shapes and attributes than ONNX's node tests have, against onnxruntime; needs onnx, onnxruntime, numpy.

Each is compiled on eight drawn inputs and run (with --prove proven and verified) on the first. wrong: an error above --bound of the largest
output, so that another function is computed, or another integer of integers; errors above 1 % and 0.1 % are counted. Exit code 1 where one is
wrong or fails, or fewer than --at-least are right.
"""
import pathlib
import sys
import tempfile

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from forms import FORMS
from pipeline import Stopped, compare, flat
from runs import Runs

F, I, B = np.float32, np.int64, np.bool_


class Drawn:
    """An input at run time: what is drawn for it."""

    def __init__(self, *shape, lo=-3.0, hi=3.0, dtype=F):
        self.shape, self.lo, self.hi, self.dtype = shape, lo, hi, dtype

    def draw(self, random):
        if self.dtype == B:
            return random.integers(0, 2, self.shape).astype(B)
        if np.issubdtype(self.dtype, np.integer):
            return random.integers(self.lo, self.hi, self.shape).astype(self.dtype)
        return random.uniform(self.lo, self.hi, self.shape).astype(self.dtype)


def const(*values, dtype=I):
    return np.array(values, dtype)


def weights(*shape, seed=0, scale=1.0, dtype=F):
    drawn = np.random.default_rng(seed).normal(0, scale, shape)
    return drawn.astype(dtype)


X = Drawn


def unary():
    whole = {"lo": -4, "hi": 4}
    for op in ("Abs Neg Relu Sigmoid Tanh Erf Exp Sin Cos Atan Sinh Cosh Asinh Softplus Softsign Elu Selu Celu Gelu Mish HardSigmoid HardSwish "
               "ThresholdedRelu LeakyRelu Floor Ceil Round Sign Identity Shrink").split():
        yield op, [X(2, 3, 5, **whole)], {}
    yield "Tan", [X(17, lo=-1.2, hi=1.2)], {}
    for op in ("Asin", "Acos", "Atanh"):
        yield op, [X(17, lo=-0.95, hi=0.95)], {}
    yield "Acosh", [X(17, lo=1.05, hi=8)], {}
    for op in ("Sqrt", "Log", "Reciprocal"):
        yield op, [X(4, 9, lo=0.1, hi=20)], {}
        yield op, [X(4, 9, lo=10, hi=3000)], {}
    yield "Sqrt", [X(40, lo=0, hi=1e-4)], {}
    yield "Exp", [X(40, lo=-20, hi=5)], {}
    yield "Elu", [X(40)], {"alpha": 0.3}
    yield "Selu", [X(40)], {"alpha": 1.2, "gamma": 2.0}
    yield "Celu", [X(40)], {"alpha": 2.5}
    yield "Gelu", [X(40)], {"approximate": "tanh"}
    yield "HardSigmoid", [X(40)], {"alpha": 0.4, "beta": 0.3}
    yield "LeakyRelu", [X(40)], {"alpha": -0.2}
    yield "Shrink", [X(40)], {"bias": 0.4, "lambd": 1.1}
    yield "ThresholdedRelu", [X(40)], {"alpha": 0.5}


def binary():
    for op in ("Add", "Sub", "Mul", "Max", "Min"):
        yield op, [X(2, 3, 4), X(3, 1)], {}
        yield op, [X(1, 3, 1), X(2, 1, 4, lo=100, hi=300)], {}
        yield op, [X(2, 3, dtype=I, lo=-9, hi=9), X(3, dtype=I, lo=-9, hi=9)], {}
    yield "Div", [X(2, 3, 4), X(3, 4, lo=0.5, hi=9)], {}
    yield "Div", [X(2, 3, 4), X(3, 4, lo=-9, hi=-0.5)], {}
    yield "Div", [X(2, 3, dtype=I, lo=-50, hi=50), X(3, dtype=I, lo=1, hi=9)], {}
    yield "Div", [weights(3, seed=2), X(2, 3, lo=1, hi=2)], {}
    yield "Mod", [X(2, 6, dtype=I, lo=-50, hi=50), X(6, dtype=I, lo=1, hi=9)], {}
    yield "Mod", [X(2, 6, dtype=I, lo=-50, hi=50), const(7)], {"fmod": 1}
    for exponent in (2.0, 3.0, 0.5, -1.0, 1.7, 4.0):
        yield "Pow", [X(3, 5, lo=0.2, hi=4), const(exponent, dtype=F)], {}
    yield "Pow", [X(3, 5), const(3.0, dtype=F)], {}
    yield "Pow", [X(3, 5, lo=0.5, hi=2), X(5, lo=-2, hi=2)], {}
    for op in ("Less", "LessOrEqual", "Greater", "GreaterOrEqual", "Equal"):
        yield op, [X(2, 3, dtype=I, lo=-3, hi=3), X(3, dtype=I, lo=-3, hi=3)], {}
        yield op, [X(2, 30), const(0.0, dtype=F)], {}
    for op in ("And", "Or", "Xor"):
        yield op, [X(2, 3, dtype=B), X(3, dtype=B)], {}
    yield "Not", [X(2, 3, dtype=B)], {}
    yield "Where", [X(2, 3, dtype=B), X(2, 3), X(3)], {}
    yield "Clip", [X(20), np.float32(-1), np.float32(1.5)], {}
    yield "PRelu", [X(2, 3, 4), weights(3, 1, seed=1)], {}
    for op in ("BitwiseAnd", "BitwiseOr", "BitwiseXor"):
        yield op, [X(2, 3, dtype=np.int32, lo=0, hi=200), X(3, dtype=np.int32, lo=0, hi=200)], {}
    yield "BitShift", [X(6, dtype=np.uint8, lo=0, hi=250), np.array([1, 2, 3, 0, 1, 2], np.uint8)], {"direction": "RIGHT"}


def reduce_and_order():
    for op in ("ReduceSum ReduceMean ReduceMax ReduceMin ReduceProd ReduceL1 ReduceL2 ReduceSumSquare ReduceLogSumExp").split():
        yield op, [X(2, 3, 4), const(1)], {"keepdims": 0}
        yield op, [X(2, 3, 4), const(0, 2)], {}
        yield op, [X(2, 5)], {}
    yield "ReduceLogSum", [X(2, 3, 4, lo=0.5, hi=3), const(1)], {}
    for op in ("ArgMax", "ArgMin"):
        yield op, [X(3, 7, 2)], {"axis": 1, "keepdims": 0}
        yield op, [X(3, 7)], {"axis": -1}
    yield "TopK", [X(3, 7), const(3)], {}
    yield "TopK", [X(3, 7, 2), const(2)], {"axis": 1, "largest": 0}
    yield "CumSum", [X(3, 7), np.array(1)], {}
    yield "CumSum", [X(3, 7), np.array(0)], {"exclusive": 1, "reverse": 1}
    for op in ("Softmax", "LogSoftmax", "Hardmax"):
        yield op, [X(3, 7)], {}
        yield op, [X(2, 5, 3, lo=-9, hi=9)], {"axis": 1}
    for equation, shapes in (("ij,jk->ik", [(2, 3), (3, 4)]), ("bij,bkj->bik", [(2, 3, 4), (2, 5, 4)]), ("ij->ji", [(2, 3)]), ("ij->i", [(2, 3)]),
                             ("bhqd,bhkd->bhqk", [(1, 2, 3, 4), (1, 2, 5, 4)])):
        yield "Einsum", [X(*shape) for shape in shapes], {"equation": equation}


def contraction_and_space():
    yield "MatMul", [X(2, 3, 4), X(4, 5)], {}
    yield "MatMul", [X(3, 4), weights(4, 6)], {}
    yield "MatMul", [X(2, 1, 3, 4), weights(2, 4, 5)], {}
    yield "Gemm", [X(4, 3), weights(4, 5), weights(3, 1, seed=3)], {"transA": 1, "alpha": 0.5, "beta": 2.0}
    yield "Conv", [X(1, 3, 9, 7), weights(4, 3, 3, 3), weights(4, seed=1)], {"pads": [1, 0, 2, 1], "strides": [2, 1]}
    yield "Conv", [X(1, 4, 11), weights(4, 2, 3)], {"group": 2, "dilations": [2]}
    yield "Conv", [X(1, 2, 5, 6, 4), weights(3, 2, 2, 3, 1)], {"pads": [1, 1, 0, 0, 1, 0]}
    yield "Conv", [X(1, 3, 6, 6), X(2, 3, 3, 3)], {}
    yield "Conv", [X(1, 3, 10, 10), weights(3, 1, 3, 3)], {"group": 3, "auto_pad": "SAME_UPPER", "strides": [2, 2]}
    yield "ConvTranspose", [X(1, 3, 4, 5), weights(3, 2, 3, 3)], {"strides": [2, 2], "pads": [1, 1, 1, 1], "output_padding": [1, 0]}
    yield "ConvTranspose", [X(1, 4, 6), weights(4, 2, 3)], {"group": 2, "strides": [3]}
    for op in ("MaxPool", "AveragePool"):
        yield op, [X(1, 2, 9, 7)], {"kernel_shape": [3, 2], "strides": [2, 2], "pads": [1, 1, 1, 0]}
        yield op, [X(1, 2, 9)], {"kernel_shape": [3], "ceil_mode": 1, "strides": [2]}
        yield op, [X(1, 2, 5, 6, 4)], {"kernel_shape": [2, 3, 2]}
    yield "LpPool", [X(1, 2, 6, 6)], {"kernel_shape": [2, 2], "p": 2}
    yield "GlobalAveragePool", [X(1, 3, 5, 4)], {}
    yield "GlobalMaxPool", [X(1, 3, 5, 4)], {}
    for mode in ("nearest", "linear", "cubic"):
        for coordinates in ("half_pixel", "align_corners", "asymmetric", "pytorch_half_pixel"):
            yield "Resize", [X(1, 2, 4, 5), None, np.array([1, 1, 2, 1.6], F)], {"mode": mode, "coordinate_transformation_mode": coordinates}
    for mode in ("linear", "nearest"):
        yield "GridSample", [X(1, 2, 4, 5), X(1, 3, 3, 2, lo=-1.1, hi=1.1)], {"mode": mode}
    yield "DepthToSpace", [X(1, 8, 2, 3)], {"blocksize": 2, "mode": "CRD"}
    yield "SpaceToDepth", [X(1, 2, 4, 6)], {"blocksize": 2}


def normalization():
    yield "BatchNormalization", [X(1, 3, 4, 4), weights(3), weights(3, seed=1), weights(3, seed=2), np.abs(weights(3, seed=3)) + F(0.1)], {}
    yield "LayerNormalization", [X(2, 3, 8), weights(8), weights(8, seed=1)], {}
    yield "LayerNormalization", [X(2, 3, 4), weights(3, 4)], {"axis": 1, "epsilon": 1e-3}
    yield "InstanceNormalization", [X(1, 3, 4, 5), weights(3), weights(3, seed=1)], {}
    yield "LRN", [X(1, 5, 3, 3)], {"size": 3, "alpha": 0.01, "beta": 0.5, "bias": 2.0}
    yield "LpNormalization", [X(3, 6)], {"p": 2}
    yield "LpNormalization", [X(3, 6)], {"p": 1, "axis": 0}
    yield "MeanVarianceNormalization", [X(2, 3, 4, 4)], {}


def movement():
    yield "Gather", [X(5, 3), X(2, 2, dtype=I, lo=0, hi=5)], {}
    yield "Gather", [X(3, 5), const(4, -1, 0)], {"axis": 1}
    yield "Gather", [weights(9, 4), X(3, dtype=I, lo=0, hi=9)], {}
    yield "GatherElements", [X(4, 5), X(4, 2, dtype=I, lo=0, hi=5)], {"axis": 1}
    yield "GatherND", [X(4, 5, 2), const(*[[0, 1], [3, 4]])], {}
    yield "GatherND", [X(4, 5, 2), X(3, 2, dtype=I, lo=0, hi=4)], {}
    yield "ScatterElements", [X(4, 5), const([1, 0, 2], [3, 4, 0]), X(2, 3)], {"axis": 1}
    yield "ScatterND", [X(4, 5), const([1], [3]), X(2, 5)], {}
    yield "OneHot", [X(4, dtype=I, lo=0, hi=6), const(6), const(0.0, 1.0, dtype=F)], {}
    yield "Expand", [X(3, 1), const(2, 3, 4)], {}
    yield "Tile", [X(2, 3), const(2, 2)], {}
    yield "Trilu", [X(4, 5), np.array(1)], {"upper": 0}
    for mode in ("constant", "reflect", "edge", "wrap"):
        yield "Pad", [X(1, 2, 4, 5), const(0, 0, 1, 2, 0, 0, 2, 1)], {"mode": mode}
    yield "Pad", [X(3, 4), const(1, 0, 0, 2), np.float32(1.5)], {}
    yield "Pad", [X(3, 4), const(-1, 0, 0, -2)], {}
    yield "Slice", [X(5, 7), const(4, 1), const(-9, 6), const(0, 1), const(-2, 2)], {}
    yield "Transpose", [X(2, 3, 4)], {"perm": [2, 0, 1]}
    yield "Reshape", [X(2, 6), const(3, -1)], {}
    yield "Concat", [X(2, 3), X(2, 4, lo=50, hi=90)], {"axis": 1}
    yield "ReverseSequence", [X(4, 3), const(2, 4, 1)], {}
    yield "CenterCropPad", [X(7, 4), const(5, 6)], {}
    for to in (TensorProto.INT32, TensorProto.BOOL, TensorProto.FLOAT16):
        yield "Cast", [X(30)], {"to": to}
    yield "Cast", [X(2, 5, dtype=I, lo=-5, hi=5)], {"to": TensorProto.FLOAT}


def integers():
    scale, zero = np.float32(0.05), np.uint8(120)
    yield "QuantizeLinear", [X(3, 8), scale, zero], {}
    yield "DequantizeLinear", [X(3, 8, dtype=np.uint8, lo=0, hi=255), scale, zero], {}
    yield "DequantizeLinear", [X(3, 8, dtype=np.int8, lo=-128, hi=127), np.array([0.1, 0.2, 0.01], F), np.array([0, 0, 0], np.int8)], {"axis": 0}
    yield "QLinearMatMul", [X(3, 8, dtype=np.uint8, lo=0, hi=255), scale, zero, weights(8, 4, scale=30, dtype=np.int8), np.float32(0.01), np.int8(0), np.float32(0.2), zero], {}
    yield "QLinearConv", [X(1, 2, 6, 6, dtype=np.uint8, lo=0, hi=255), scale, zero, weights(3, 2, 3, 3, scale=30, dtype=np.int8), np.float32(0.01), np.int8(0), np.float32(0.2), zero], {}
    yield "ConvInteger", [X(1, 2, 6, 6, dtype=np.uint8, lo=0, hi=255), weights(3, 2, 3, 3, scale=30).clip(0, 255).astype(np.uint8), zero], {}
    yield "MatMulInteger", [X(3, 8, dtype=np.uint8, lo=0, hi=255), weights(8, 4, scale=30, dtype=np.int8), zero, np.int8(0)], {}
    yield "DynamicQuantizeLinear", [X(3, 8)], {}


def recurrence():
    for op, gates in (("RNN", 1), ("GRU", 3), ("LSTM", 4)):
        for direction in ("forward", "bidirectional"):
            n = 2 if direction == "bidirectional" else 1
            yield op, [X(5, 1, 3), weights(n, gates * 4, 3), weights(n, gates * 4, 4, seed=1), weights(n, 2 * gates * 4, seed=2)], {"hidden_size": 4, "direction": direction}
    yield "GRU", [X(5, 1, 3), weights(1, 12, 3), weights(1, 12, 4, seed=1)], {"hidden_size": 4, "linear_before_reset": 1}
    yield "GRU", [X(5, 1, 3), weights(1, 12, 3), weights(1, 12, 4, seed=1), weights(1, 24, seed=2)], {"hidden_size": 4, "linear_before_reset": 1}
    lstm = [X(5, 1, 3), weights(1, 16, 3), weights(1, 16, 4, seed=1), weights(1, 32, seed=2)]
    peepholes = [None, None, weights(1, 1, 4, seed=4), weights(1, 12, seed=3)]
    yield "LSTM", [*lstm, *peepholes], {"hidden_size": 4, "input_forget": 1}
    yield "LSTM", [*lstm, *peepholes], {"hidden_size": 4, "clip": 0.3}
    yield "LSTM", lstm, {"hidden_size": 4, "activations": ["HardSigmoid", "ScaledTanh", "Affine"], "activation_alpha": [0.25, 0.9, 0.8], "activation_beta": [0.4, 1.1, 0.1]}
    yield "LSTM", lstm, {"hidden_size": 4, "activations": ["HardSigmoid", "Softsign", "Tanh"]}
    yield "GRU", [X(5, 1, 3), weights(2, 12, 3), weights(2, 12, 4, seed=1)], {
        "hidden_size": 4, "direction": "bidirectional", "clip": 0.5, "activations": ["Sigmoid", "LeakyRelu", "HardSigmoid", "Elu"], "activation_alpha": [0.1, 0.3, 0.7],
        "activation_beta": [0.4]}  # fmt: skip
    yield "RNN", [X(5, 1, 3), weights(1, 4, 3), weights(1, 4, 4, seed=1)], {"hidden_size": 4, "activations": ["Softplus"], "clip": 1.0}
    yield "RNN", [X(5, 1, 3), X(1, 4, 3), X(1, 4, 4), X(1, 8)], {"hidden_size": 4}
    yield "LSTM", [X(5, 2, 3), weights(1, 16, 3), weights(1, 16, 4, seed=1), None, X(2, dtype=np.int32, lo=1, hi=6)], {"hidden_size": 4}
    for each, direction in ((False, "forward"), (True, "bidirectional")):
        n = 2 if direction == "bidirectional" else 1
        parameters = [np.full((n, 16) if each else (n,), 0.02, F) * (np.arange(1, 17, dtype=F) / 16 if each else 1), np.zeros((n, 16) if each else (n,), np.int8)]
        integers = [weights(n, 3, 16, scale=30).clip(-127, 127).astype(np.int8), weights(n, 4, 16, seed=1, scale=30).clip(-127, 127).astype(np.int8)]
        yield "com.microsoft.DynamicQuantizeLSTM", [X(5, 1, 3), *integers, weights(n, 32, seed=2), None, None, None, None, *parameters, *parameters], {
            "hidden_size": 4, "direction": direction}  # fmt: skip


def fused():
    """Of com.microsoft."""
    h, mask = 16, np.array([[1, 1, 1, 1, 0], [1, 1, 1, 0, 0]], np.int32)
    for activation, parameters in (("Relu", None), ("LeakyRelu", [0.2]), ("Clip", [-0.5, 0.5]), ("HardSigmoid", [0.3, 0.4]), ("Tanh", None)):
        more = {"activation_params": parameters} if parameters else {}
        yield "com.microsoft.FusedConv", [X(1, 3, 8, 8), weights(4, 3, 3, 3, scale=0.3), weights(4)], {"activation": activation, "pads": [1, 1, 1, 1], **more}
    yield "com.microsoft.FusedConv", [X(1, 3, 8, 8), weights(4, 3, 3, 3, scale=0.3), weights(4), X(1, 4, 6, 6)], {"activation": "Relu"}
    yield "com.microsoft.FusedGemm", [X(3, 5), weights(4, 5), weights(4, seed=1)], {"activation": "LeakyRelu", "activation_alpha": 0.3, "transB": 1, "alpha": 0.5, "beta": 2.0}
    yield "com.microsoft.FusedMatMul", [X(2, 5, 3), X(2, 4, 5)], {"alpha": 0.25, "transA": 1, "transB": 1}
    yield "com.microsoft.FusedMatMul", [X(3, 2, 5), X(2, 5, 4)], {"transBatchA": 1}
    for op in ("Gelu", "FastGelu", "QuickGelu"):
        yield "com.microsoft." + op, [X(2, 9)], {}
    for op in ("BiasGelu", "FastGelu"):
        yield "com.microsoft." + op, [X(2, 9), weights(9)], {}
    yield "com.microsoft.SkipLayerNormalization", [X(2, 3, h), X(2, 3, h), weights(h), weights(h, seed=1), weights(h, seed=2)], {"epsilon": 1e-5}
    yield "com.microsoft.SkipSimplifiedLayerNormalization", [X(2, 3, h), X(2, 3, h), weights(h), weights(h, seed=2)], {"epsilon": 1e-5}
    tables = [weights(20, h), weights(8, h, seed=1), weights(2, h, seed=2), weights(h, seed=3), weights(h, seed=4)]
    yield "com.microsoft.EmbedLayerNormalization", [X(2, 5, dtype=np.int32, lo=0, hi=20), X(2, 5, dtype=np.int32, lo=0, hi=2), *tables], {"epsilon": 1e-6}
    projection = [weights(h, 3 * h, scale=0.3), weights(3 * h, seed=1, scale=0.3)]
    yield "com.microsoft.Attention", [X(2, 5, h), *projection], {"num_heads": 4}
    yield "com.microsoft.Attention", [X(2, 5, h), *projection], {"num_heads": 4, "unidirectional": 1}
    yield "com.microsoft.Attention", [X(2, 5, h), *projection, mask], {"num_heads": 4}
    yield "com.microsoft.Attention", [X(2, 5, h), *projection, X(2, 5, dtype=np.int32, lo=0, hi=2)], {"num_heads": 4}
    yield "com.microsoft.Attention", [X(2, 5, h), *projection, None, None, X(2, 4, 5, 5)], {"num_heads": 4}
    yield "com.microsoft.MultiHeadAttention", [X(2, 5, h), X(2, 7, h), X(2, 7, h)], {"num_heads": 4}
    yield "com.microsoft.MultiHeadAttention", [X(2, 5, h), X(2, 7, h), X(2, 7, h), weights(3 * h)], {"num_heads": 4, "scale": 0.7}
    yield "com.microsoft.MultiHeadAttention", [X(2, 5, h), X(2, 5, h), X(2, 5, h), None, mask], {"num_heads": 4}
    for interleaved in (0, 1):
        yield "com.microsoft.RotaryEmbedding", [X(2, 5, h), const([0, 1, 2, 3, 4], [0, 1, 2, 3, 4]), weights(10, 2), weights(10, 2, seed=1)], {"interleaved": interleaved}
        yield "com.microsoft.RotaryEmbedding", [X(2, 4, 5, 8), const(2), weights(10, 4), weights(10, 4, seed=1)], {"interleaved": interleaved}
    byte = {"dtype": np.uint8, "lo": 0, "hi": 255}
    a, y = [np.float32(0.02), np.uint8(120)], [np.float32(0.05), np.uint8(128)]
    for op in ("QLinearAdd", "QLinearMul"):
        yield "com.microsoft." + op, [X(3, 4, **byte), *a, X(3, 4, **byte), np.float32(0.03), np.uint8(130), *y], {}
    yield "com.microsoft.QLinearSigmoid", [X(3, 4, **byte), *a, np.float32(0.004), np.uint8(0)], {}
    yield "com.microsoft.QLinearLeakyRelu", [X(3, 4, **byte), *a, *y], {"alpha": 0.2}
    yield "com.microsoft.QLinearGlobalAveragePool", [X(1, 3, 4, 4, **byte), *a, *y], {}
    # Scales without ties: a mean half-way between two results may go either way.
    yield "com.microsoft.QLinearAveragePool", [X(1, 3, 4, 4, **byte), *a, np.float32(0.0173), np.uint8(128)], {"kernel_shape": [2, 2], "strides": [2, 2]}
    yield "com.microsoft.QLinearConcat", [*y, X(3, 4, **byte), *a, X(3, 2, **byte), *a], {"axis": 1}
    weight = weights(5, 4, scale=30, dtype=np.int8)
    yield "com.microsoft.QGemm", [X(3, 4, **byte), *a, weight, np.float32(0.03), np.int8(2), const(100, -200, 300, 0, 7).astype(np.int32)], {"transB": 1}
    yield "com.microsoft.MatMulIntegerToFloat", [X(3, 5, **byte), weight, np.float32(0.02), np.float32(0.01), np.uint8(120), np.int8(0), weights(4)], {}
    yield "com.microsoft.QAttention", [X(2, 5, h, **byte), weights(h, 3 * h, scale=30, dtype=np.int8), weights(3 * h), np.float32(0.01), np.float32(0.01), None,
                                       np.uint8(128), np.int8(0)], {"num_heads": 4}
    yield "com.microsoft.MatMulNBits", [X(3, 32), weights(6, 2, 8, scale=60).astype(np.int8).view(np.uint8), weights(12)], {"K": 32, "N": 6, "bits": 4, "block_size": 16}


def forms():
    yield "form.weightless", [X(1, 12)], {}
    yield "form.weightless_xor", [X(1, 12)], {}
    yield "form.polynomial", [X(1, 12)], {}
    for dtype, reach in ((np.uint8, 256), (np.int16, 2**15), (np.int32, 2**24), (np.uint32, 2**24)):
        lo = 0 if np.dtype(dtype).kind == "u" else -reach
        yield "form.bit_chain", [X(1, 6, dtype=dtype, lo=lo, hi=reach), X(6, dtype=dtype, lo=lo, hi=reach), X(6, dtype=dtype, lo=lo, hi=reach)], {}


GROUPS = (unary, binary, reduce_and_order, contraction_and_space, normalization, movement, integers, recurrence, fused, forms)
NEEDS = {"Gelu": 20, "GridSample": 20, "Mish": 18}  # later than OPSET
OPSET = 19
OUTPUTS = {"TopK": 2, "DynamicQuantizeLinear": 3}


def model_of(name, inputs, attributes):
    domain, _, op = name.rpartition(".")
    names, values, constants = [], [], []
    for i, given in enumerate(inputs):
        if given is None:
            names.append("")
            continue
        names.append(f"x{i}")
        if isinstance(given, Drawn):
            values.append(helper.make_tensor_value_info(names[-1], helper.np_dtype_to_tensor_dtype(np.dtype(given.dtype)), given.shape))
        else:
            constants.append(numpy_helper.from_array(np.asarray(given), names[-1]))
    if domain == "form":
        made = {}
        nodes, outputs = FORMS[op](made)
        constants = [numpy_helper.from_array(np.asarray(value), key) for key, value in made.items()]
        graph = helper.make_graph(nodes, op, values, [helper.make_empty_tensor_value_info(key) for key in outputs], constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=9)
        return onnx.shape_inference.infer_shapes(model, strict_mode=True)
    outputs = [f"y{i}" for i in range(OUTPUTS.get(op, 1))]
    unnamed = [""] if op == "EmbedLayerNormalization" else []  # its second output must be there
    graph = helper.make_graph([helper.make_node(op, names, outputs + unnamed, name="node", domain=domain, **attributes)], "g", values,
                              [helper.make_empty_tensor_value_info(name) for name in outputs], constants)
    opsets = [helper.make_opsetid("", max(OPSET, NEEDS.get(op, 0)))]
    if domain:  # onnx does not know their results
        opsets.append(helper.make_opsetid(domain, 1))
        kind = TensorProto.UINT8 if op.startswith("QLinear") else TensorProto.FLOAT
        del graph.output[:]
        graph.output.extend(helper.make_tensor_value_info(name, kind, None) for name in outputs)
        return helper.make_model(graph, opset_imports=opsets, ir_version=9)
    model = helper.make_model(graph, opset_imports=opsets, ir_version=9)
    return onnx.shape_inference.infer_shapes(model, strict_mode=True)


def check(zkinfer, op, inputs, attributes, bound, prove):
    drawn = [(f"x{i}", given) for i, given in enumerate(inputs) if isinstance(given, Drawn)]
    random = np.random.default_rng(3)
    samples = {name: np.stack([given.draw(random) for _ in range(8)]) for name, given in drawn}
    try:
        model = model_of(op, inputs, attributes)
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4
        session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
        outputs = session.run(None, {name: values[0] for name, values in samples.items()})
    except Exception as error:  # noqa: BLE001
        return {"state": "no reference", "reason": str(error).splitlines()[0][:200]}
    row = {"state": "right"}
    with tempfile.TemporaryDirectory() as folder:
        (pathlib.Path(folder) / "m.onnx").write_bytes(model.SerializeToString())
        as_stored = {name: values.astype(np.uint8) if values.dtype == B else values for name, values in samples.items()}
        np.savez(f"{folder}/calibration.npz", **as_stored)
        np.savez(f"{folder}/sample.npz", **{name: values[:1] for name, values in as_stored.items()})
        try:
            zkinfer.call(folder, "compile", "m.onnx", "-c", "calibration.npz", "-o", "m.zkmodel")
            run, _ = zkinfer.call(folder, "run", "m.zkmodel", "-i", "sample.npz", "--index", "0")
            if prove:
                zkinfer.call(folder, "commit", "m.zkmodel")
                zkinfer.call(folder, "prove", "m.zkmodel", "-i", "sample.npz", "--index", "0", "-o", "p.zkproof")
                zkinfer.call(folder, "verify", "p.zkproof", "--key", "m.zkkey")
        except Stopped as stopped:
            return {"state": stopped.state, "reason": stopped.reason}
    for got, want in zip(run["outputs"], outputs):
        _, error = compare(flat(got["values"]), np.asarray(want, np.float64).ravel().tolist())
        if want.dtype.kind in "iub" and not any(np.issubdtype(given.dtype, np.floating) for _, given in drawn):
            error = error if error == 0 else np.inf
        if want.dtype.kind in "iub" and error:  # of floats: near a step, the rounding of an input decides
            different = np.mean(np.asarray(flat(got["values"])) != np.asarray(want, np.float64).ravel())
            error = error if error == np.inf else (0 if different <= 0.1 else 1.0)
        row["error"] = max(row.get("error", 0.0), float(error))
        if error > bound:
            row.update(state="wrong", reason=f"output {got['name']}: error {100 * error:.3g} % of the largest: {flat(got['values'])[:6]}, "
                       f"expected {np.asarray(want).ravel()[:6].tolist()}")
    return row


def main():
    runs = Runs(__doc__, "sweep.json", only="an operator, or the domain of some", seconds=60, memory_gib=4, packages=(onnx, onnxruntime))
    runs.parser.add_argument("--prove", action="store_true")
    runs.parser.add_argument("--bound", type=float, default=0.1)
    arguments = runs.options()
    only, arguments.only = arguments.only, ""  # of an operator's own name
    zkinfer = runs.begin()
    for group in GROUPS:
        for i, (op, inputs, attributes) in enumerate(group()):
            if only not in ("", op, op.rpartition(".")[0]):
                continue
            shapes = " ".join(("x" if isinstance(v, Drawn) else "c") + str(list(np.shape(v) if not isinstance(v, Drawn) else v.shape)) for v in inputs if v is not None)
            name = f"{group.__name__} {i}: {op} {shapes} {attributes or ''}".strip()
            if runs.wants(name):
                runs.add(name, check(zkinfer, op, inputs, attributes, arguments.bound, arguments.prove))
    above = [sum(row.get("error", 0) > limit for row in runs.rows.values()) for limit in (0.01, 0.001)]
    print(f"errors: {above[0]} above 1 %, {above[1]} above 0.1 %")
    return runs.finish(failing=("wrong", "failed"))


if __name__ == "__main__":
    sys.exit(main())
