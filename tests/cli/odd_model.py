# SPDX-License-Identifier: Apache-2.0
# Writes an ONNX file whose second output does not depend on any weight: odd_model.py FILE [NAME [constant|other|twice|beside|int8|masked|guarded]]. NAME: of
# the first output; constant: the weights are an output too; other: they are other weights; twice: they are used twice; beside: they
# are in FILE.bin; int8: input and output are integers, of the scales 0.5 and 0.25 and the zero points 3 and -7;
# masked: a Softmax of which a constant mask of minus infinity leaves nothing in the first of two rows; guarded: its NaN becomes 0.
# Protobuf by hand, so that the tests need nothing but Python.
import os
import struct
import sys


def varint(x):
    out = b""
    while x > 127:
        out += bytes([x & 127 | 128])
        x >>= 7
    return out + bytes([x])


def number(field, x):
    return varint(field << 3) + varint(x)


def part(field, content):
    content = content.encode() if isinstance(content, str) else content
    return varint(field << 3 | 2) + varint(len(content)) + content


def node(op, inputs, output):
    return part(1, b"".join(part(1, name) for name in inputs) + part(2, output) + part(3, op.lower()) + part(4, op))


def value(name, shape, kind=1):
    dims = b"".join(part(1, number(1, size)) for size in shape)
    return part(1, name) + part(2, part(1, number(1, kind) + part(2, dims)))


def scalar(name, kind, data):
    return part(5, number(2, kind) + part(8, name) + part(9, data))


scores = sys.argv[2] if len(sys.argv) > 2 else "scores"
kind = sys.argv[3] if len(sys.argv) > 3 else ""
wide = 4 if kind == "twice" else 3
first = -0.4 if kind == "other" else -0.5
weights = number(1, 4) + number(1, wide) + number(2, 1) + part(8, "w")
data = struct.pack(f"<{4 * wide}f", *[0.1 * i + first for i in range(4 * wide)])
if kind == "beside":
    with open(sys.argv[1] + ".bin", "wb") as file:
        file.write(data)
    weights += part(13, part(1, "location") + part(2, os.path.basename(sys.argv[1]) + ".bin")) + number(14, 1)
else:
    weights += part(9, data)
if kind == "twice":
    graph = node("MatMul", ["x", "w"], "once") + node("Relu", ["once"], "kept") + node("MatMul", ["kept", "w"], scores)
else:
    graph = node("MatMul", ["x", "w"], scores)
if kind == "int8":
    graph = node("DequantizeLinear", ["x", "s", "z"], "real") + node("MatMul", ["real", "w"], "sum") + node("QuantizeLinear", ["sum", "t", "y"], scores)
    graph += part(2, "odd") + part(5, weights) + scalar("s", 1, struct.pack("<f", 0.5)) + scalar("z", 3, struct.pack("<b", 3))
    graph += scalar("t", 1, struct.pack("<f", 0.25)) + scalar("y", 3, struct.pack("<b", -7))
    graph += part(11, value("x", [1, 4], 3)) + part(12, value(scores, [1, wide], 3))
    with open(sys.argv[1], "wb") as file:
        file.write(number(1, 8) + part(7, graph) + part(8, number(2, 17)))
    sys.exit()
if kind in ("masked", "guarded"):
    low = -float("inf")
    mask = number(1, 2) + number(1, 4) + number(2, 1) + part(8, "m") + part(9, struct.pack("<8f", low, low, low, low, 0, low, 0, 0))
    graph = node("Add", ["x", "m"], "sum") + node("Softmax", ["sum"], "p" if kind == "guarded" else scores)
    if kind == "guarded":
        graph += node("IsNaN", ["p"], "lost") + node("Where", ["lost", "zero", "p"], scores)
    graph += part(2, "odd") + part(5, mask) + scalar("zero", 1, struct.pack("<f", 0))
    graph += part(11, value("x", [2, 4])) + part(12, value(scores, [2, 4]))
    with open(sys.argv[1], "wb") as file:
        file.write(number(1, 8) + part(7, graph) + part(8, number(2, 17)))
    sys.exit()
graph += node("Relu", ["x"], "copy") + part(2, "odd") + part(5, weights)
graph += part(11, value("x", [1, 4])) + part(12, value(scores, [1, wide])) + part(12, value("copy", [1, 4]))
if kind == "constant":
    graph += part(12, value("w", [4, 3]))
with open(sys.argv[1], "wb") as file:
    file.write(number(1, 8) + part(7, graph) + part(8, number(2, 17)))
