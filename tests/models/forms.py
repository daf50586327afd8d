# SPDX-License-Identifier: Apache-2.0
"""Networks of few parts that are no usual layers, in the form in which they can be exported to ONNX: weightless ones (thermometer codes, hashing
by exclusive or, lookups in tables), polynomial activations, and chains of bitwise operators. Needs onnx, numpy.

Each function gives nodes, constants and the names of its outputs, for inputs x0, x1, ..
"""
import numpy as np
from onnx import TensorProto, helper

FEATURES, LEVELS, FILTERS, TUPLE, HASHES, BITS, CLASSES = 12, 8, 8, 12, 2, 6, 5


def node(op, inputs, output, **attributes):
    return helper.make_node(op, inputs, [output], name=output, **attributes)


def thermometer(constants):
    """bits [1, FILTERS, TUPLE]: x0 above each of its thresholds, in an order drawn once."""
    random = np.random.default_rng(5)
    constants.update(thresholds=np.sort(random.normal(0, 1.5, (FEATURES, LEVELS)), 1).astype(np.float32), column=np.array([1, FEATURES, 1]),
                     order=random.permutation(FEATURES * LEVELS), flat=np.array([1, FEATURES * LEVELS]),
                     tuples=np.array([1, FILTERS, TUPLE]))
    return [node("Reshape", ["x0", "column"], "each"), node("Greater", ["each", "thresholds"], "above"),
            node("Reshape", ["above", "flat"], "code"), node("Gather", ["code", "order"], "mixed", axis=1),
            node("Reshape", ["mixed", "tuples"], "bits")]


def tables(constants):
    """From places [1, FILTERS, HASHES] to how many filters of each class know the input: a filter does where all its hashes do."""
    random = np.random.default_rng(6)
    constants.update(start=(np.arange(FILTERS) * 2**BITS).reshape(1, FILTERS, 1),
                     known=random.integers(0, 2, (CLASSES, FILTERS * 2**BITS)).astype(np.float32), last=np.array([3]), filters=np.array([2]))
    return [node("Add", ["places", "start"], "where"), node("Gather", ["known", "where"], "hits", axis=1),
            node("ReduceMin", ["hits", "last"], "both", keepdims=0), node("ReduceSum", ["both", "filters"], "y0", keepdims=0),
            node("ArgMax", ["y0"], "y1", axis=0, keepdims=0)]


def weightless(constants):
    """Hashes as products of bits modulo 2."""
    random = np.random.default_rng(7)
    constants.update(hashes=random.integers(0, 2, (TUPLE, HASHES * BITS)).astype(np.float32), two=np.float32(2),
                     split=np.array([1, FILTERS, HASHES, BITS]), powers=(2.0**np.arange(BITS)).astype(np.float32).reshape(BITS, 1),
                     pair=np.array([1, FILTERS, HASHES]))
    return thermometer(constants) + [
        node("Cast", ["bits"], "numbers", to=TensorProto.FLOAT), node("MatMul", ["numbers", "hashes"], "sums"),
        node("Mod", ["sums", "two"], "parities", fmod=1), node("Reshape", ["parities", "split"], "words"),
        node("MatMul", ["words", "powers"], "single"), node("Reshape", ["single", "pair"], "real"),
        node("Cast", ["real"], "places", to=TensorProto.INT64)] + tables(constants), ["y0", "y1"]


def weightless_xor(constants):
    """Hashes as numbers of the bits that are set, put together by exclusive or."""
    random = np.random.default_rng(8)
    constants.update(words=random.integers(0, 2**BITS, (TUPLE, HASHES)).astype(np.uint8), nothing=np.uint8(0), behind=np.array([3]))
    nodes = thermometer(constants) + [node("Unsqueeze", ["bits", "behind"], "wide"), node("Where", ["wide", "words", "nothing"], "set"),
                                      helper.make_node("Split", ["set"], [f"part{i}" for i in range(TUPLE)], name="split", axis=2, num_outputs=TUPLE)]
    left = [f"part{i}" for i in range(TUPLE)]
    while len(left) > 1:
        name = f"xor{len(nodes)}"
        nodes.append(node("BitwiseXor", left[:2], name))
        left = left[2:] + [name]
    constants["pair"] = np.array([1, FILTERS, HASHES])
    nodes += [node("Reshape", [left[0], "pair"], "hashed"), node("Cast", ["hashed"], "places", to=TensorProto.INT64)]
    return nodes + tables(constants), ["y0", "y1"]


def polynomial(constants):
    """Activations x^2 + x between dense layers, as networks for circuits have them (circomlib-ml's Poly)."""
    random = np.random.default_rng(9)
    nodes, last, sizes = [], "x0", (FEATURES, 16, 16, CLASSES)
    for i, (a, b) in enumerate(zip(sizes, sizes[1:])):
        constants.update({f"w{i}": random.normal(0, 1 / a, (a, b)).astype(np.float32), f"b{i}": random.normal(0, 0.1, b).astype(np.float32)})
        nodes.append(node("Gemm", [last, f"w{i}", f"b{i}"], f"dense{i}"))
        last = f"dense{i}"
        if i < 2:
            square = node("Mul", [last, last], f"square{i}") if i == 0 else node("Pow", [last, "exponent"], f"square{i}")
            nodes += [square, node("Add", [f"square{i}", last], f"poly{i}")]
            last = f"poly{i}"
    constants["exponent"] = np.float32(2)
    return nodes, [last]


def bit_chain(_constants):
    ops = ("BitwiseAnd", "BitwiseXor", "BitwiseOr", "BitwiseXor")
    names = ["x0", *(f"step{i}" for i in range(len(ops)))]
    return [node(op, [names[i], f"x{1 + i % 2}"], names[i + 1]) for i, op in enumerate(ops)], [names[-1]]


FORMS = {"weightless": weightless, "weightless_xor": weightless_xor, "polynomial": polynomial, "bit_chain": bit_chain}
