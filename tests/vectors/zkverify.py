#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A second verifier of proofs, written from docs/protocol.md and docs/formats with Python's standard library alone. It shares no
code with the C++ verifier, so that the specification is checked by two readings of it.

    zkverify.py KEY PROOF [--public FILE ..] [--path FILE] [--certificate FILE]

for instance

    zkinfer commit digits.zkmodel && zkinfer prove digits.zkmodel --input digit_7.png
    zkverify.py digits.zkkey digit_7.zkproof --path 3f2a91c04d5e6f70.zkpath --certificate digits.zkcert

KEY is the key that the verifier trusts. Where the proof was made under a serving key, --path leads there. Public tensors of
which the proof holds a hash only are given by --public: their canonical bytes, outputs first.
Exit codes are those of `zkinfer verify`: 0 accepted, 1 rejected (with the reason and the place), 2 a bad key or command line.

It has no limit on what a key may cost to check, and shows names as they are.

Sections: 1 numbers and hashes, 2 transcript, 3 the structure, 4 expressions, 5 the circuit, 6 layout and plan, 7 messages,
8 functionals, 9 opening, 10 soundness, 11 statements. Section numbers of docs/protocol.md are written as "protocol 6.2".
"""
import argparse
import copy
import functools
import hashlib
import itertools
import json
import struct
import sys
from math import exp2, floor, inf, isqrt, log1p, log2, prod, sqrt
from types import SimpleNamespace
from typing import NamedTuple

# ---- 1. Numbers and hashes (protocol 1). F: integers mod P; K = F[x]/(x^3 - 2): tuples (c0, c1, c2).

P = 2**64 - 2**32 + 1
HALF = (P + 1) // 2
ZERO, ONE = (0, 0, 0), (1, 0, 0)


class BadInput(Exception):
    """A key or a command that is not in order: nothing is said of any proof."""


class Rejected(Exception):
    """A proof that is not accepted: `reason` as docs/formats/proof.md has it, `where` the place."""

    def __init__(self, reason, where):
        super().__init__(f"{reason} at {where}")
        self.reason, self.where = reason, where


def add(x, y): return ((x[0] + y[0]) % P, (x[1] + y[1]) % P, (x[2] + y[2]) % P)
def sub(x, y): return ((x[0] - y[0]) % P, (x[1] - y[1]) % P, (x[2] - y[2]) % P)
def scale(x, n): return (x[0] * n % P, x[1] * n % P, x[2] * n % P)
def of_int(n): return (n % P, 0, 0)


def mul(x, y):
    a, b, c = x
    d, e, f = y
    return ((a * d + 2 * (b * f + c * e)) % P, (a * e + b * d + 2 * c * f) % P, (a * f + b * e + c * d) % P)


def power(x, exponent):
    result = ONE
    while exponent:
        if exponent & 1:
            result = mul(result, x)
        x = mul(x, x)
        exponent >>= 1
    return result


def dot(xs, ys):
    """sum xs[i] ys[i] of elements of K."""
    r0 = r1 = r2 = 0
    for (a, b, c), (d, e, f) in zip(xs, ys):
        r0 += a * d + 2 * (b * f + c * e)
        r1 += a * e + b * d + 2 * c * f
        r2 += a * f + b * e + c * d
    return (r0 % P, r1 % P, r2 % P)


def dot_ints(xs, ns):
    """sum xs[i] ns[i], xs in K and ns integers."""
    r0 = r1 = r2 = 0
    for (a, b, c), n in zip(xs, ns):
        r0 += a * n
        r1 += b * n
        r2 += c * n
    return (r0 % P, r1 % P, r2 % P)


def total(xs):
    return (sum(x[0] for x in xs) % P, sum(x[1] for x in xs) % P, sum(x[2] for x in xs) % P)


def product(xs):
    result = ONE
    for x in xs:
        result = mul(result, x)
    return result


def horner(xs, x):
    """sum xs[j] x^j."""
    result = ZERO
    for value in reversed(xs):
        result = add(mul(result, x), value)
    return result


def eq_bit(r, bit): return r if bit else sub(ONE, r)


def eq_vector(point):
    """eq(point, i) for all i, point[0] for the most significant bit of i."""
    out = [ONE]
    for r in point:
        longer = []
        for x in out:
            high = mul(x, r)
            longer += (sub(x, high), high)
        out = longer
    return out


def axis_bits(n): return (n - 1).bit_length()


def round_constants():
    out, lfsr = [], 1
    for _ in range(24):
        constant = 0
        for j in range(7):
            lfsr = (lfsr << 1 ^ (lfsr >> 7) * 0x71) % 256
            if lfsr & 2:
                constant ^= 1 << ((1 << j) - 1)
        out.append(constant)
    return out


def lane_moves():
    """Of lane x + 5 y: where rho and pi take it, and by how many bits it is turned."""
    moves = [(0, 0)] * 25
    x, y = 1, 0
    for t in range(24):
        target = y + 5 * ((2 * x + 3 * y) % 5)
        moves[x + 5 * y] = (target, (t + 1) * (t + 2) // 2 % 64)
        x, y = y, (2 * x + 3 * y) % 5
    return moves


KECCAK_ROUNDS, KECCAK_MOVES = round_constants(), lane_moves()
KECCAK_ROW = [(i, 5 * (i // 5) + (i + 1) % 5, 5 * (i // 5) + (i + 2) % 5) for i in range(25)]


@functools.lru_cache(maxsize=None)
def keccak_masks(count):
    """Of `count` lanes in one integer, 64 bits each: 1 in each, all bits, and how lanes are turned (target, n, 64 - n, the n low bits of each)."""
    ones = sum(1 << 64 * i for i in range(count))
    return ones, ones * (2**64 - 1), [(target, n, 64 - n, ones * ((1 << n) - 1)) for target, n in KECCAK_MOVES]


def keccak_f(a, count):
    """Of `count` states side by side."""
    ones, full, moves = keccak_masks(count)
    for constant in KECCAK_ROUNDS:
        c = [a[x] ^ a[x + 5] ^ a[x + 10] ^ a[x + 15] ^ a[x + 20] for x in range(5)]
        d = [c[x - 1] ^ (c[x - 4] << 1 & (full ^ ones) | c[x - 4] >> 63 & ones) for x in range(5)] * 5
        b = [0] * 25
        for lane, turned, (target, left, right, low) in zip(a, d, moves):
            lane ^= turned
            b[target] = lane << left & (full ^ low) | lane >> right & low
        a = [b[i] ^ (b[j] ^ full) & b[k] for i, j, k in KECCAK_ROW]
        a[0] ^= constant * ones
    return a


def keccak256_many(messages):
    """Of messages of one length. The original padding, as in Ethereum."""
    count, length = len(messages), len(messages[0])
    padding = bytearray(136 - length % 136)
    padding[0] ^= 0x01
    padding[-1] ^= 0x80
    padded, lanes = [bytes(message) + padding for message in messages], [0] * 25
    for begin in range(0, length + len(padding), 136):
        for i in range(17):
            at = begin + 8 * i
            lanes[i] ^= int.from_bytes(b"".join([message[at : at + 8] for message in padded]), "little")
        lanes = keccak_f(lanes, count)
    words = [lane.to_bytes(8 * count, "little") for lane in lanes[:4]]
    return [b"".join(word[8 * i : 8 * i + 8] for word in words) for i in range(count)]


def keccak256(message): return keccak256_many([message])[0]


@functools.lru_cache(maxsize=16)
def digest_of(data):
    """Of what is hashed again and again: the structure, for every key that has it."""
    return keccak256(data)


# ---- 2. Transcript (protocol 6.0) and the bytes of files

def tag_of(label):  # FNV-1a
    tag = 0x811C9DC5
    for byte in label.encode():
        tag = (tag ^ byte) * 0x01000193 % 2**32
    return tag


class Transcript:
    """`trace`, if any, is called with a dictionary after each squeeze (label, state, and what was drawn from it) and where claims
    are known (claims: of what; of hidden values the constant parts)."""

    def __init__(self, protocol, trace=None):
        self.s, self.waiting, self.trace = keccak256(protocol.encode()), b"", trace

    # Labels of what is absorbed are for the reader.
    def bytes(self, label, data): self.waiting += digest_of(data)
    def u64(self, label, x): self.waiting += struct.pack(">Q", x)
    def fe(self, label, x): self.waiting += struct.pack(">3Q", *x)
    def digest(self, label, x): self.waiting += x

    def state(self):
        return keccak256(self.s + bytes(4) + self.waiting)

    def squeeze(self, label):
        self.s = keccak256(self.s + struct.pack(">I", tag_of(label)) + self.waiting)
        self.waiting = b""
        return self.s

    def note(self, label, **drawn):
        if self.trace:
            self.trace({"label": label, "state": self.s.hex(), **drawn})

    def note_claims(self, what, **values):
        if self.trace:
            self.trace({"claims": what, **values})

    def challenge(self, label):
        x = int.from_bytes(self.squeeze(label), "big")
        value = tuple((x >> 85 * i) % 2**85 % P for i in range(3))
        self.note(label, challenge=value)
        return value

    def indices(self, label, count, log_range):
        seed, found, j = self.squeeze(label), set(), 0
        while len(found) < count:
            if j % 4 == 0:
                words = struct.unpack(">4Q", keccak256(b"\x02" + seed + struct.pack(">I", j // 4)))
            found.add(words[j % 4] % 2**log_range)
            j += 1
        self.note(label, indices=sorted(found))
        return sorted(found)

    def pow_is_good(self, nonce, bits):
        """Squeezes, and absorbs the nonce."""
        seed = self.squeeze("pow")
        good = nonce == 0
        if bits > 0:
            good = int.from_bytes(keccak256(b"\x03" + seed + struct.pack(">BQ", bits, nonce)), "big") >> 256 - bits == 0
        self.note("pow", bits=bits, nonce=nonce)
        self.u64("pow", nonce)
        return good


class Reader:
    """Little-endian; `fail` says what an end before its time is."""

    def __init__(self, data, fail):
        self.data, self.at, self.fail = data, 0, fail

    def left(self): return len(self.data) - self.at

    def raw(self, count, what="data"):
        if count > self.left():
            raise self.fail(what)
        self.at += count
        return self.data[self.at - count : self.at]

    def number(self, form, what="data"): return struct.unpack(form, self.raw(struct.calcsize(form), what))[0]
    def u8(self): return self.number("<B")
    def u32(self, what="data"): return self.number("<I", what)
    def i32(self): return self.number("<i")
    def u64(self): return self.number("<Q")
    def i64(self): return self.number("<q")
    def blob(self, what="data"): return self.raw(self.u32(what), what)
    def items(self, least_bytes, read):
        count = self.u32()
        if count * least_bytes > self.left():
            raise self.fail("a list")
        return [read() for _ in range(count)]
    def i64s(self): return self.items(8, self.i64)
    def i32s(self): return self.items(4, self.i32)
    def u32s(self): return self.items(4, self.u32)

    def text(self):
        data = self.raw(self.u32())
        if len(data) > 4096:
            raise self.fail("a name of more than 4096 bytes")
        return data.decode("utf-8", "replace")


def limbs(data):
    """The elements of F that the bytes are, or None."""
    values = struct.unpack(f">{len(data) // 8}Q", data)
    return values if all(x < P for x in values) else None


# ---- 3. The structure: values, tables, nodes (docs/formats/model.md) and what it takes to be well formed

INPUT, PARAMETER, COMPUTED = range(3)
RANGE, CLAMP, EXPLICIT, PIECES = range(4)
BOUND = 2**62
UNBOUNDED = (-(2**100), 2**100)


class Refused(Exception):
    """Says why a node is not well formed."""


def require(condition, what):
    if not condition:
        raise Refused(what)


# Intervals are exact while their ends are within 2^63; what is beyond stays unbounded.
def is_unbounded(a): return a[0] < -(2**63) or a[1] > 2**63
def interval(lo, hi): return UNBOUNDED if is_unbounded((lo, hi)) else (lo, hi)
def hull(a, b): return (min(a[0], b[0]), max(a[1], b[1]))
def plus(a, b): return UNBOUNDED if is_unbounded(a) or is_unbounded(b) else interval(a[0] + b[0], a[1] + b[1])


def times(a, b):
    if is_unbounded(a) or is_unbounded(b):
        return UNBOUNDED
    corners = [x * y for x in a for y in b]
    return interval(min(corners), max(corners))


def times_int(a, n): return times(a, interval(n, n))
def within(a, bound): return -bound < a[0] and a[1] < bound
def width(a): return a[1] - a[0]


class Table:
    def __init__(self, kind, first, log_size, clamp_lo=0, clamp_hi=0, values=(), piece_bits=0, slope_shift=0, slopes=()):
        self.kind, self.first, self.log_size, self.clamp_lo, self.clamp_hi = kind, first, log_size, clamp_lo, clamp_hi
        self.values, self.piece_bits, self.slope_shift, self.slopes = list(values), piece_bits, slope_shift, list(slopes)
        self.last = first + 2**log_size - 1

    def range_of_values(self):
        lo, hi = min(self.values), max(self.values)
        for value, slope in zip(self.values, self.slopes):
            end = self.in_piece(value, slope, 2**self.piece_bits - 1)
            lo, hi = min(lo, end), max(hi, end)
        return lo, hi

    def in_piece(self, value, slope, low): return value + (slope * low + (1 << self.slope_shift >> 1) >> self.slope_shift)

    def all_values(self):
        """Of a table that is listed row by row."""
        if self.kind != PIECES:
            return self.values
        return [self.in_piece(*piece, low) for piece in zip(self.values, self.slopes) for low in range(2**self.piece_bits)]

    def clamped(self, a):
        return tuple(min(max(x, self.clamp_lo), self.clamp_hi) for x in a)

    def image(self, reach):
        a = (max(self.first, reach[0]), min(self.last, reach[1]))
        if a[0] > a[1]:
            return (0, 0)
        return a if self.kind == RANGE else self.clamped(a) if self.kind == CLAMP else self.range_of_values()

    def check(self):
        listed = 2**self.log_size if self.kind == EXPLICIT else 0
        if self.kind == PIECES:
            require(self.piece_bits <= min(self.log_size, 28) and self.slope_shift <= 28, "bits of its pieces")
            require(self.log_size - self.piece_bits <= 20, "more than 2^20 pieces")
            listed = 2 ** (self.log_size - self.piece_bits)
        require(self.kind <= PIECES and self.log_size <= (26 if self.kind == EXPLICIT else 44), "kind or size")
        require(abs(self.first) <= 2**44, "domain")
        require(len(self.values) == listed and len(self.slopes) == (listed if self.kind == PIECES else 0), "values")
        if self.kind == CLAMP:
            require(-(2**44) <= self.clamp_lo <= self.clamp_hi <= 2**44, "bounds of a clamp")
            require(self.log_size <= 26 or (self.clamp_hi >= self.first and self.clamp_lo <= self.last), "clamps everything")
        else:
            require(self.clamp_lo == self.clamp_hi == 0, "bounds of no clamp")


def read_structure(data):
    """The graph, validated."""
    def fail(what): return BadInput(f"structure: it ends in {what}")
    reader = Reader(data, fail)

    def value():
        out = SimpleNamespace(name=reader.text(), kind=reader.u8(), shape=reader.i64s(), lo=reader.i64(), hi=reader.i64())
        out.mantissa, out.exponent = reader.i64(), reader.i32()
        return out

    def table():
        fields = [reader.u8(), reader.i64(), reader.u8(), reader.i64(), reader.i64(), reader.i32s()]
        if fields[0] == PIECES:
            fields += [reader.u8(), reader.u8(), reader.i32s()]
        return Table(*fields)

    def node():
        out = SimpleNamespace(op=reader.u8(), name=reader.text(), inputs=reader.u32s(), output=reader.u32(),
                              shift=reader.u8(), table=reader.i32(), coefs=reader.i64s(), constant=reader.i64())
        for field in ("kernel", "strides", "dilations", "pads_begin"):
            setattr(out, field, reader.i64s())
        out.groups = reader.i64()
        for field in ("axes", "perm", "starts", "steps"):
            setattr(out, field, reader.i64s())
        return out

    if reader.raw(5) != b"zkqir" or reader.number("<H") != 1:
        raise BadInput("structure: it does not begin with 'zkqir', version 1")
    graph = SimpleNamespace(name=reader.text(), values=reader.items(45, value), tables=reader.items(30, table),
                            nodes=reader.items(66, node), inputs=reader.u32s(), outputs=reader.u32s(), data=data)
    if reader.left():
        raise BadInput("structure: bytes after its end")
    try:
        graph.sound = sound_ranges(graph)
    except Refused as error:
        raise BadInput(f"structure: {error}") from None
    return graph


def broadcast(a, b):
    rank = max(len(a), len(b))
    a, b = [1] * (rank - len(a)) + list(a), [1] * (rank - len(b)) + list(b)
    require(all(x == y or 1 in (x, y) for x, y in zip(a, b)), f"shapes {a} and {b} do not broadcast")
    return [y if x == 1 else x for x, y in zip(a, b)]


def declared_range(value): return interval(value.lo, value.hi)


# What follows of the shape and range of a node's result from its inputs (docs/circuit.md, "Operators"): of the accumulator, where
# it is rounded. One function per operator: (graph, node, ranges) -> (shape, interval).

def shapes_of(graph, node):
    return [graph.values[i].shape for i in node.inputs] + [graph.values[node.output].shape]


def check_window(node, shape, out):
    """Whether some window leaves the input."""
    axes = len(shape) - 2
    require(len(shape) >= 3 and len(out) == len(shape), "x [N, C, spatial..] and an output of its rank")
    require({len(node.kernel), len(node.strides), len(node.dilations), len(node.pads_begin)} == {axes}, "window")
    padded = False
    for k, s, d, p, n, m in zip(node.kernel, node.strides, node.dilations, node.pads_begin, shape[2:], out[2:]):
        require(1 <= k <= 2**20 and 1 <= s <= 2**20 and 1 <= d <= 2**20 and 0 <= p <= 2**20, "window sizes")
        padded = padded or p > 0 or (m - 1) * s + (k - 1) * d - p >= n
    return padded


def check_comparable(a): require(width(a) < BOUND, "compares values that are 2^62 wide")


def dot_range(a, b, count, padded):
    term = times(a, b)
    return times_int(hull(term, (0, 0)) if padded else term, count)


def infer_conv(graph, node, ranges):
    x, w, *rest, out = shapes_of(graph, node)
    require(len(x) >= 3 and len(w) == len(x) == len(out), "ranks of a convolution")
    groups = node.groups
    require(groups >= 1 and x[1] % groups == 0 and w[0] % groups == 0 and w[1] == x[1] // groups, "groups")
    padded = check_window(node, x, out)
    require(node.kernel == w[2:] and (not rest or rest[0] == [w[0]]), "kernel or bias")
    acc = dot_range(ranges[node.inputs[0]], ranges[node.inputs[1]], prod(w[1:]), padded)
    return [x[0], w[0]] + out[2:], plus(acc, ranges[node.inputs[2]]) if rest else acc


def infer_matmul(graph, node, ranges):
    a, b, *rest, _ = shapes_of(graph, node)
    require(len(a) >= 2 and len(b) >= 2 and a[-1] == b[-2], "a [.., M, K] and b [.., K, N]")
    require(not rest or rest[0] == [b[-1]], "bias")
    acc = dot_range(ranges[node.inputs[0]], ranges[node.inputs[1]], a[-1], False)
    return broadcast(a[:-2], b[:-2]) + [a[-2], b[-1]], plus(acc, ranges[node.inputs[2]]) if rest else acc


def infer_mul(graph, node, ranges):
    require(len(node.coefs) == 1, "one coefficient")
    a, b, _ = shapes_of(graph, node)
    acc = times(ranges[node.inputs[0]], ranges[node.inputs[1]])
    if node.inputs[0] == node.inputs[1] and not is_unbounded(acc):
        acc = (max(acc[0], 0), acc[1])
    return broadcast(a, b), times_int(acc, node.coefs[0])


def infer_linear(graph, node, ranges):
    require(len(node.coefs) == len(node.inputs), "a coefficient for each input")
    shape, acc = graph.values[node.inputs[0]].shape, interval(node.constant, node.constant)
    for i, coef in zip(node.inputs, node.coefs):
        shape, acc = broadcast(shape, graph.values[i].shape), plus(acc, times_int(ranges[i], coef))
    return shape, acc


def reduced_shape(graph, node):
    shape, out = shapes_of(graph, node)
    axes = node.axes
    require(axes and axes == sorted(set(axes)) and 0 <= axes[0] and axes[-1] < len(shape), "axes")
    kept = [1 if i in axes else n for i, n in enumerate(shape)]
    dropped = [n for i, n in enumerate(shape) if i not in axes]
    return kept if len(out) == len(shape) else dropped, prod(shape[i] for i in axes)


def infer_reduce_sum(graph, node, ranges):
    require(len(node.coefs) == 1, "one coefficient")
    shape, count = reduced_shape(graph, node)
    return shape, times_int(times_int(ranges[node.inputs[0]], count), node.coefs[0])


def infer_sum_pool(graph, node, ranges):
    require(len(node.coefs) == 1, "one coefficient")
    x, out = shapes_of(graph, node)
    acc = ranges[node.inputs[0]]
    if check_window(node, x, out):
        acc = hull(acc, (0, 0))
    for size in node.kernel:
        acc = times_int(acc, size)
    return x[:2] + out[2:], times_int(acc, node.coefs[0])


def infer_max_pool(graph, node, ranges):
    x, out = shapes_of(graph, node)
    check_window(node, x, out)
    for k, s, d, p, n, m in zip(node.kernel, node.strides, node.dilations, node.pads_begin, x[2:], out[2:]):
        require((m - 1) * s - p < n, "a window of padding only")
        for start in range(-p, min(0, -p + m * s), s):
            first = (-start + d - 1) // d
            require(first < k and start + first * d < n, "a window of padding only")
    check_comparable(ranges[node.inputs[0]])
    return x[:2] + out[2:], ranges[node.inputs[0]]


def infer_reduce_max(graph, node, ranges):
    shape, _ = reduced_shape(graph, node)
    check_comparable(ranges[node.inputs[0]])
    return shape, ranges[node.inputs[0]]


def infer_arg_max(graph, node, ranges):
    require(len(node.axes) == 1, "one axis")
    shape, count = reduced_shape(graph, node)
    check_comparable(ranges[node.inputs[0]])
    return shape, (0, count - 1)


def one_axis(graph, node):
    shape = graph.values[node.inputs[0]].shape
    require(len(node.axes) == 1 and 0 <= node.axes[0] < len(shape), "one axis")
    return shape[node.axes[0]]


def infer_softmax(graph, node, ranges):
    one_axis(graph, node)
    table = graph.tables[node.table]
    require(table.kind == EXPLICIT and table.last == 0, "a table of exponentials")
    e = table.values
    require(0 <= e[0] < e[-1] and all(a <= b for a, b in zip(e, e[1:])), "exponentials")
    check_comparable(ranges[node.inputs[0]])
    if node.coefs:
        require(list(node.coefs) == [1] and node.shift == 0, "its coefficient")
        return graph.values[node.inputs[0]].shape, (0, e[-1])
    plan_softmax(graph, node)
    return graph.values[node.inputs[0]].shape, (0, 1 << node.shift)


def infer_reshape(graph, node, ranges):
    x, out = shapes_of(graph, node)
    require(prod(x) == prod(out), "a reshape of other size")
    return out, ranges[node.inputs[0]]


def infer_transpose(graph, node, ranges):
    x, _ = shapes_of(graph, node)
    require(sorted(node.perm) == list(range(len(x))), "a permutation")
    return [x[i] for i in node.perm], ranges[node.inputs[0]]


def infer_slice(graph, node, ranges):
    x, out = shapes_of(graph, node)
    require(len(out) == len(x) == len(node.starts) == len(node.steps), "a start and a step for each axis")
    for start, step, n, m in zip(node.starts, node.steps, x, out):
        require(0 <= start < n and abs(step) <= 2**31 and 0 <= start + (m - 1) * step < n, "a slice beyond its tensor")
    return out, ranges[node.inputs[0]]


def infer_pad(graph, node, ranges):
    x, out = shapes_of(graph, node)
    require(len(out) == len(x) == len(node.pads_begin), "a pad for each axis")
    require(all(0 <= p <= m - n for p, n, m in zip(node.pads_begin, x, out)), "pads")
    return out, ranges[node.inputs[0]] if out == x else hull(ranges[node.inputs[0]], (0, 0))


def infer_concat(graph, node, ranges):
    one_axis(graph, node)
    axis, (first, *_) = node.axes[0], shapes_of(graph, node)
    shape, out = list(first), ranges[node.inputs[0]]
    shape[axis] = 0
    for i in node.inputs:
        x = graph.values[i].shape
        require(len(x) == len(first) and all(n == m or a == axis for a, (n, m) in enumerate(zip(x, first))), "a concat")
        shape[axis] += x[axis]
        out = hull(out, ranges[i])
    return shape, out


def infer_select(graph, node, ranges):
    condition = ranges[node.inputs[0]]
    require(0 <= condition[0] and condition[1] <= 1, "a condition of 0 or 1")
    c, a, b, _ = shapes_of(graph, node)
    return broadcast(broadcast(c, a), b), hull(ranges[node.inputs[1]], ranges[node.inputs[2]])


def infer_gather(graph, node, ranges):
    n = one_axis(graph, node)
    data, indices, _ = shapes_of(graph, node)
    axis, value = node.axes[0], graph.values[node.inputs[1]]
    require(node.coefs in ([], [1]), "no coefficient, or 1")
    require(0 <= value.lo and value.hi < n, "indices that may leave the axis")
    if not node.coefs:
        return data[:axis] + indices + data[axis + 1 :], ranges[node.inputs[0]]
    shape = data[:axis] + [indices[axis] if len(indices) == len(data) else 1] + data[axis + 1 :]
    require(indices == shape, "indices of another shape")
    return shape, ranges[node.inputs[0]]


def infer_sort(graph, node, ranges):
    n = one_axis(graph, node)
    require(node.coefs in ([1], [-1]), "the coefficient 1 or -1")
    check_comparable(plus(times_int(ranges[node.inputs[0]], n), (0, 2 * n)))
    return graph.values[node.inputs[0]].shape, (0, n - 1)


def infer_divide(graph, node, ranges):
    require(len(node.coefs) == 2 and node.coefs[1] in (0, 1), "two coefficients, the second 0 or 1")
    a, b, _ = shapes_of(graph, node)
    shape, divisor = broadcast(a, b), ranges[node.inputs[1]]
    x = times_int(ranges[node.inputs[0]], node.coefs[0])

    def at(x, by):
        by = max(1, by)
        return x // by if node.coefs[1] == 0 else (2 * x + by) // (2 * by)
    quotient = interval(at(x[0], divisor[x[0] >= 0]), at(x[1], divisor[x[1] < 0]))
    plan_division(*division_of(node, ranges[node.inputs[0]], divisor), quotient)
    return shape, quotient


def infer_square_root(graph, node, ranges):
    require(len(node.coefs) == 1, "one coefficient")
    x = plus(times_int(ranges[node.inputs[0]], node.coefs[0]), interval(node.constant, node.constant))
    require(x[0] >= 0 and within(x, BOUND), "the root of what may be negative or 2^62")
    return graph.values[node.inputs[0]].shape, (isqrt(x[0]), isqrt(x[1]))


def division_of(node, a, b):
    """Numerator and denominator of a Divide."""
    x = times_int(a, node.coefs[0])
    return (x, b) if node.coefs[1] == 0 else (plus(times_int(x, 2), b), times_int(b, 2))


def plan_softmax(graph, node):
    most = graph.tables[node.table].values[-1]
    sums = times((1, most), (1, graph.values[node.inputs[0]].shape[node.axes[0]]))
    unit = 1 << node.shift
    return plan_division(plus(times_int((0, most), 2 * unit), sums), times_int(sums, 2), (0, unit))


def magnitude(a): return max(-a[0], a[1])


def plan_division(numerator, denominator, quotient):
    """How wide the parts of a quotient are that are range-checked (docs/circuit.md, "Quotients")."""
    require(denominator[0] >= 1, "divides by what may be below 1")
    require(within(numerator, BOUND) and within(denominator, BOUND), "divides what may be 2^62")
    half = 2**63 - 2**31
    for low in range(31):
        unit = 1 << low
        least = quotient[0] >> low << low
        bits = axis_bits(max(1, quotient[1] - least + 1))

        def fits(bits):
            return magnitude(numerator) + denominator[1] * (1 + magnitude((least, least + 2**bits - 1))) < unit * half
        if not fits(bits):
            continue
        plan = SimpleNamespace(low=low, least=least, bits=bits, most_bits=bits, remainder_bits=axis_bits(denominator[1]),
                               denominator_bits=axis_bits(denominator[1] + 1))
        if low == 0:
            while plan.most_bits < 30 and fits(plan.most_bits + 1):
                plan.most_bits += 1
            return plan
        taken = denominator[1] + unit * unit
        plan.least_carry = numerator[0] - taken >> low
        plan.carry_bits = axis_bits(max(1, (numerator[1] >> low) - plan.least_carry + 1))
        carries = magnitude((plan.least_carry, plan.least_carry + 2**plan.carry_bits - 1))
        if magnitude(numerator) + taken + unit * carries < 2 * half:
            return plan
    raise Refused("divides what is too large")


# By number: name, fewest and most inputs, attributes that are read, whether a table may be (0), must be (1), or must not be there (-1).
COEFS, WINDOW, STARTS = ("coefs",), ("kernel", "strides", "dilations", "pads_begin"), ("starts", "steps")
OPERATORS = [
    ("Conv", 2, 3, WINDOW + ("groups",), 0, infer_conv),
    ("MatMul", 2, 3, (), 0, infer_matmul),
    ("Mul", 2, 2, COEFS, 0, infer_mul),
    ("Linear", 1, 4096, COEFS + ("constant",), 0, infer_linear),
    ("ReduceSum", 1, 1, COEFS + ("axes",), 0, infer_reduce_sum),
    ("SumPool", 1, 1, COEFS + WINDOW, 0, infer_sum_pool),
    ("MaxPool", 1, 1, WINDOW, -1, infer_max_pool),
    ("ReduceMax", 1, 1, ("axes",), -1, infer_reduce_max),
    ("ArgMax", 1, 1, ("axes",), -1, infer_arg_max),
    ("Softmax", 1, 1, ("coefs", "axes"), 1, infer_softmax),
    ("Reshape", 1, 1, (), -1, infer_reshape),
    ("Transpose", 1, 1, ("perm",), -1, infer_transpose),
    ("Slice", 1, 1, STARTS, -1, infer_slice),
    ("Pad", 1, 1, ("pads_begin",), -1, infer_pad),
    ("Concat", 1, 4096, ("axes",), -1, infer_concat),
    ("Select", 3, 3, (), -1, infer_select),
    ("Gather", 2, 2, COEFS + ("axes",), -1, infer_gather),
    ("Sort", 1, 1, COEFS + ("axes",), -1, infer_sort),
    ("Divide", 2, 2, COEFS, -1, infer_divide),
    ("SquareRoot", 1, 1, COEFS + ("constant",), -1, infer_square_root),
]
ATTRIBUTES = dict(coefs=[], constant=0, kernel=[], strides=[], dilations=[], pads_begin=[], groups=1, axes=[], perm=[],
                  starts=[], steps=[])


def infer(graph, node, ranges): return OPERATORS[node.op][5](graph, node, ranges)
def is_rounded(node): return node.table != -1 and OPERATORS[node.op][4] == 0


def arguments_of(node, acc):
    half = 1 << node.shift >> 1
    return interval(acc[0] + half >> node.shift, acc[1] + half >> node.shift)


def looked_up(graph, node, acc):
    """What a proof shows of y for any accumulator in `acc`: the argument of a clamp may be outside its domain."""
    table, reach = graph.tables[node.table], arguments_of(node, acc)
    return table.clamped(reach) if table.kind == CLAMP else table.image(reach)


def check_node(graph, node, declared, sound):
    name, least, most, attributes, rule, _ = OPERATORS[node.op]
    require(least <= len(node.inputs) <= most, "its inputs")
    for field, default in ATTRIBUTES.items():
        require(field in attributes or getattr(node, field) == default, f"an attribute that it does not read, {field}")
    require(all(abs(x) <= 2**40 for x in node.coefs) and abs(node.constant) < BOUND, "coefficients")
    require(node.shift <= 40 and -1 <= node.table < len(graph.tables), "shift or table")
    require((node.table != -1 or node.shift == 0) and (rule >= 0 or node.table == -1), "a table that it does not take")
    require(rule != 1 or node.table != -1, "a table is missing")
    shape, acc = infer(graph, node, declared)
    _, worst = infer(graph, node, sound)
    output, has_parameter = graph.values[node.output], any(graph.values[i].kind == PARAMETER for i in node.inputs)
    require(list(shape) == output.shape, f"its output has another shape than {shape}")
    require(within(acc, BOUND) and within(worst, BOUND), "its accumulator reaches 2^62")
    y = acc
    if is_rounded(node):
        table, unit = graph.tables[node.table], 1 << node.shift
        require(table.log_size <= 26 or table.log_size + node.shift <= 60, "a wide table and a large shift")
        require(within(times_int((table.first, table.last), unit), BOUND - unit), "its table's domain leaves 2^62")
        reach = arguments_of(node, acc)
        require(has_parameter or (table.first <= reach[0] and reach[1] <= table.last), "arguments beyond its table")
        y = table.image(reach)
    free = node.table == -1 and has_parameter
    require(free or (output.lo <= y[0] and y[1] <= output.hi), f"its output may reach {y}")
    sound[node.output] = hull(declared[node.output], looked_up(graph, node, worst)) if is_rounded(node) else worst


def sound_ranges(graph):
    """Validates the graph, and gives the range of each value that follows when parameters only lie in their declared ranges."""
    for i, table in enumerate(graph.tables):
        try:
            table.check()
        except Refused as error:
            raise Refused(f"table {i}: {error}") from None
    for value in graph.values:
        shape = value.shape
        require(value.kind <= COMPUTED and len(shape) <= 16 and all(n >= 1 for n in shape) and prod(shape) <= 2**31,
                f"value '{value.name}': kind or shape")
        require(-BOUND < value.lo <= value.hi < BOUND, f"value '{value.name}': range")
        require(value.kind != INPUT or value.hi - value.lo < BOUND, f"input '{value.name}': range")
        require(value.kind != PARAMETER or -(2**31) <= value.lo and value.hi < 2**31, f"parameter '{value.name}': range")
        require(value.mantissa > 0 and abs(value.exponent) <= 4096, f"value '{value.name}': scale")
    count = len(graph.values)
    inputs = [i for i, value in enumerate(graph.values) if value.kind == INPUT]
    require(sorted(graph.inputs) == inputs, "its list of inputs")
    require(graph.outputs and all(i < count and graph.values[i].kind != PARAMETER for i in graph.outputs), "its outputs")
    known = {i for i, value in enumerate(graph.values) if value.kind != COMPUTED}
    declared = [declared_range(value) for value in graph.values]
    sound = list(declared)
    for i, node in enumerate(graph.nodes):
        where = f"node {i} '{node.name}'"
        if node.op >= len(OPERATORS):
            raise BadInput(f"{where}: operator {node.op} is not in this verifier")
        require(all(j in known for j in node.inputs), f"{where}: an input that is not computed before")
        require(node.output < count and node.output not in known, f"{where}: its output")
        try:
            check_node(graph, node, declared, sound)
        except Refused as error:
            raise Refused(f"{where}: {error}") from None
        known.add(node.output)
    require(len(known) == count, "a value that is never computed")
    return sound


def proven_ranges(graph):
    """The ranges that the relations prove whatever the parameters are."""
    proven = [UNBOUNDED] * len(graph.values)
    for i in graph.inputs:
        proven[i] = declared_range(graph.values[i])
    for node in graph.nodes:
        try:
            acc = infer(graph, node, proven)[1]
        except Refused:
            acc = UNBOUNDED
        if not within(acc, BOUND):
            acc = UNBOUNDED
        proven[node.output] = looked_up(graph, node, acc) if is_rounded(node) else acc
    return proven


def honest_arguments(graph, node, declared):
    table = graph.tables[node.table]
    domain = (table.first, table.last)
    try:
        reach = arguments_of(node, infer(graph, node, declared)[1])
    except Refused:
        return domain
    both = (max(domain[0], reach[0]), min(domain[1], reach[1]))
    return both if both[0] <= both[1] else domain


# Who sees what: (exposure, hash) of inputs and of outputs.
PRIVATE, PUBLIC, COMMITTED = range(3)
NO_HASH, KECCAK, SHA256 = range(3)


class Visibility:
    def __init__(self, bits):
        self.bits = bits
        self.inputs, self.outputs = (bits & 3, bits >> 2 & 3), (bits >> 4 & 3, bits >> 6 & 3)
        self.public_parameters, self.carries = bool(bits >> 8 & 1), bool(bits >> 9 & 1)
        if bits >> 10 or not all(e < 3 and h < 3 and (e == PUBLIC or h != KECCAK) for e, h in (self.inputs, self.outputs)):
            raise BadInput("verification key: unknown visibility flags")

    def everything_is_public(self):
        return self.inputs[0] == self.outputs[0] == PUBLIC and self.public_parameters and not self.carries

    def seen(self, graph):
        """(value, exposure, hash) of the statement's tensors, outputs first."""
        out = []
        for ids, policy in ((graph.outputs, self.outputs), (graph.inputs, self.inputs)):
            out += [(i, *policy) for i in ids]
            if self.carries and ids:
                out[-1] = (ids[-1], COMMITTED, NO_HASH)
        return out


def entry_format(value):
    """Bytes of an entry in canonical bytes, and whether it is signed."""
    signed = value.lo < 0
    for count in (1, 2, 4, 8):
        most = 2 ** (8 * count - signed) - 1
        if count == 8 or (value.hi <= most and (not signed or value.lo >= -most - 1)):
            return count, signed


def canonical_bytes(value, entries):
    count, _ = entry_format(value)
    return b"".join((x % 2 ** (8 * count)).to_bytes(count, "little") for x in entries)


# ---- 4. Linear expressions of columns over boxes (protocol 4)

MODEL, WITNESS, CONSTANT, FIRST_DATA = range(4)
MAX_STRIDE = 2**48


class View(NamedTuple):
    """coef times a column, whose axis j is read at offset + sum stride i_(box axis) + summed indices:
    axes[j] = (offset, ((box axis, stride), ..), ((length, stride), ..))."""
    column: int
    coef: int
    axes: tuple


class Expr(NamedTuple):
    constant: int = 0
    views: tuple = ()
    slopes: tuple = ()  # (box axis, coef): multiples of the point's own indices

    def __add__(self, other):
        if isinstance(other, int):
            return self._replace(constant=(self.constant + other) % P)
        return Expr((self.constant + other.constant) % P, self.views + other.views, self.slopes + other.slopes)

    def __mul__(self, n):
        return Expr(self.constant * n % P, tuple(v._replace(coef=v.coef * n % P) for v in self.views),
                    tuple((axis, coef * n % P) for axis, coef in self.slopes))

    def __sub__(self, other): return self + -other if isinstance(other, int) else self + other * -1


def reach(x):
    if abs(x) > MAX_STRIDE:
        raise BadInput("structure: strides of slices, pads and windows multiply to more than 2^48")
    return x


def rebase(expr, maps):
    """Another box: old index b becomes maps[b], an index like those of a view's axes. Summed indices multiply the constant and
    the views that do not read them by their length."""
    lengths = [prod(n for n, _ in sums) for _, _, sums in maps]
    constant, slopes, views = expr.constant * prod(lengths), [], []
    for axis, coef in expr.slopes:
        offset, terms, sums = maps[axis]
        factor = coef * prod(lengths)
        constant += factor * offset + sum(factor * (n - 1) * HALF * stride for n, stride in sums)
        slopes += [(b, factor * stride % P) for b, stride in terms]
    for view in expr.views:
        used, axes = set(), []
        for offset, terms, sums in view.axes:
            new_terms, new_sums = [], list(sums)
            for axis, stride in terms:
                used.add(axis)
                offset = reach(offset + maps[axis][0] * stride)
                new_terms += [(b, reach(inner * stride)) for b, inner in maps[axis][1]]
                new_sums += [(n, reach(inner * stride)) for n, inner in maps[axis][2]]
            axes.append((offset, tuple(new_terms), tuple(new_sums)))
        coef = view.coef * prod(n for b, n in enumerate(lengths) if b not in used) % P
        views.append(View(view.column, coef, tuple(axes)))
    return Expr(constant % P, tuple(views), tuple(slopes))


NOWHERE = (0, (), ())


def mixed_radix(first, sizes, stride=1):
    """The row-major number of a run of box axes, times stride."""
    terms = []
    for i in reversed(range(len(sizes))):
        terms.append((first + i, stride))
        stride *= sizes[i]
    return (0, tuple(reversed(terms)), ())


def each_axis(first, sizes): return [mixed_radix(first + i, [n]) for i, n in enumerate(sizes)]
def identity_maps(box): return each_axis(0, box)


def position(first, sizes):
    """The row-major number of a point, as slopes."""
    slopes, stride = [], 1
    for i in reversed(range(len(sizes))):
        slopes.append((first + i, stride % P))
        stride *= sizes[i]
    return Expr(0, (), tuple(slopes))


def offset_by(index, by): return (index[0] + by, index[1], index[2])


class Tensor:
    """A value of the graph: an expression over atoms; each axis is a run of atoms, the first most significant."""

    def __init__(self, atoms=(), per_axis=(), expr=Expr()):
        self.atoms, self.per_axis, self.expr = list(atoms), list(per_axis), expr

    def first_atom(self, axis): return sum(self.per_axis[:axis])
    def axis_atoms(self, axis): return self.atoms[self.first_atom(axis) :][: self.per_axis[axis]]
    def axis_size(self, axis): return prod(self.axis_atoms(axis))

    def add_axis(self, sizes, maps):
        maps += each_axis(len(self.atoms), sizes)
        self.atoms += sizes
        self.per_axis.append(len(sizes))


def common_refinement(factorizations):
    """The coarsest factors that all of these refine into; None where their cuts do not nest."""
    cuts = {1}
    for factors in factorizations:
        cuts |= {prod(factors[i:]) for i in range(len(factors))}
    cuts = sorted(cuts, reverse=True)
    if any(high % low for high, low in zip(cuts, cuts[1:])):
        return None
    return [high // low for high, low in zip(cuts, cuts[1:])]


def refine_axis(tensor, axis, factors):
    """Splits the atoms of an axis into these factors; atoms of length 1 go."""
    out, maps = Tensor(), []
    for a in range(len(tensor.per_axis)):
        atoms = tensor.axis_atoms(a)
        if a != axis:
            out.add_axis(atoms, maps)
            continue
        left = list(factors)
        for n in atoms:
            parts = []
            while prod(parts) < n:
                parts.append(left.pop(0))
            assert prod(parts) == n
            maps.append(mixed_radix(len(out.atoms), parts))
            out.atoms += parts
        assert not left
        out.per_axis.append(len(factors))
    out.expr = rebase(tensor.expr, maps)
    return out


def permuted(tensor, order):
    out, maps = Tensor(), [NOWHERE] * len(tensor.atoms)
    for axis in order:
        moved = []
        out.add_axis(tensor.axis_atoms(axis), moved)
        first = tensor.first_atom(axis)
        maps[first : first + len(moved)] = moved
    out.expr = rebase(tensor.expr, maps)
    return out


def axis_last(tensor, axis):
    return permuted(tensor, [a for a in range(len(tensor.per_axis)) if a != axis] + [axis])


def without_unit_atoms(tensor):
    tensor = Tensor(tensor.atoms, tensor.per_axis, tensor.expr)
    for axis in range(len(tensor.per_axis)):
        tensor = refine_axis(tensor, axis, [n for n in tensor.axis_atoms(axis) if n != 1])
    return tensor


def is_zero_extended(expr, columns, box, extensions):
    """Whether the expression is 0 on the box extended along all these axes (axis, before, after), outside of the old one."""
    if not any(before or after for _, before, after in extensions):
        return True
    if expr.constant or expr.slopes:
        return False

    def reads_outside(view, ranges, axis, before, after):
        for (offset, terms, sums), size in zip(view.axes, columns[view.column].shape):
            stride = sum(s for b, s in terms if b == axis)
            others = [(s, ranges[b]) for b, s in terms if b != axis] + [(s, (0, n - 1)) for n, s in sums]
            least = offset + sum(min(s * lo, s * hi) for s, (lo, hi) in others)
            most = offset + sum(max(s * lo, s * hi) for s, (lo, hi) in others)
            if stride > 0 and (not before or most - stride < 0) and (not after or least + stride * box[axis] >= size):
                return True
        return False

    for view in expr.views:
        ranges = [(0, n - 1) for n in box]
        for axis, before, after in extensions:
            if before or after:
                if not reads_outside(view, ranges, axis, before, after):
                    return False
                ranges[axis] = (ranges[axis][0] - before, ranges[axis][1] + after)
    return True


# ---- 5. The circuit: columns and relations that follow from the structure (docs/circuit.md)

VALUES, OUTSIDE, PIECE_LIST, GRID, ROWS = range(5)  # forms of tables: what a row is
A, B, C, K = range(4)  # roles of the axes of a contraction
NEVER = 2**62


class Tuples(NamedTuple):
    """At each point of the box the entries, then those of `run` at each point of run_box."""
    box: tuple
    entries: tuple
    run_box: tuple = ()
    run: Expr = Expr()


class Grid(NamedTuple):
    first: int
    side: int
    width: int


def table_bits(table):
    """log2 of the rows of a public table."""
    if table.form == GRID:
        return axis_bits(table.grid.side**table.grid.width)
    return table.rows.log_size - (table.rows.piece_bits if table.form == PIECE_LIST else 0)


def tuple_size(table):
    if table.form == ROWS:
        return len(table.tuples.entries) + (prod(table.tuples.run_box) if table.tuples.run_box else 0)
    if table.form == GRID:
        return table.grid.width
    return 3 if table.form != VALUES else 1 if table.rows.kind == RANGE else 2


def table_lines(table, entry):
    """All rows of an entry as lines (end, value, rises): rows up to end are the value, plus the row's index if it rises. None
    where they are listed."""
    end = 1 << table_bits(table)
    if table.form == GRID:
        first, side, width = table.grid
        return [(side, first, True), (end, first + side - 1, False)] if width == 1 else None
    rows = table.rows
    if entry == 0:
        return [(end, 0 if table.form == PIECE_LIST else rows.first, True)]
    if rows.kind != CLAMP:
        return None
    low = min(end, max(0, rows.clamp_lo - rows.first))
    high = max(low, min(end, max(0, rows.clamp_hi + 1 - rows.first)))
    if entry == 2:
        return [(low, 1, False), (high, 0, False), (end, 1, False)]
    return [(low, rows.clamp_lo, False), (high, rows.first, True), (end, rows.clamp_hi, False)]


def table_list(table, entry):
    if table.form == GRID:
        first, side, width = table.grid
        last = side**width - 1
        return [first + min(row, last) // side**entry % side for row in range(1 << table_bits(table))]
    if table.form == PIECE_LIST:
        return table.rows.slopes if entry == 1 else table.rows.values
    return table.rows.all_values()


class Builder:
    """Follows docs/circuit.md; the order in which columns and relations are made is part of it."""

    def __init__(self, graph, visibility, num_rows=1):
        self.graph, self.visibility, self.num_rows, self.shared = graph, visibility, num_rows, False
        self.columns, self.tables, self.contractions, self.lookups, self.equalities = [], [], [], [], []
        self.public_tensors = []  # (value, box, expr, whether it is the digest)
        self.tensors = [None] * len(graph.values)
        self.looked_up, self.range_tables, self.positive_tables, self.clamp_tables = set(), {}, {}, {}
        self.made_of, self.piece_tables, self.roundings = {}, {}, {}
        self.uses, self.remainders = {}, [0] * 64

    # -- columns

    def add_column(self, name, oracle, shape, constants=None):
        column = SimpleNamespace(name=name, oracle=oracle, shape=tuple(shape), constants=constants, shared=self.shared)
        self.columns.append(column)
        return len(self.columns) - 1

    def is_shared(self, expr):
        """Whether it follows from parameters and constants alone (what batches have once for all rows)."""
        columns = [self.columns[view.column] for view in expr.views]
        return all(column.oracle != WITNESS or column.shared for column in columns)

    def whole(self, column):
        return Expr(0, (View(column, 1, tuple(identity_maps(self.columns[column].shape))),))

    def witness(self, name, shape): return self.whole(self.add_column(name, WITNESS, shape))

    def constant_column(self, name, shape, values):
        for i, column in enumerate(self.columns):
            if column.oracle == CONSTANT and column.shape == tuple(shape) and column.constants == values:
                return i
        return self.add_column(name, CONSTANT, shape, values)

    def like(self, name, tensor): return Tensor(tensor.atoms, tensor.per_axis, self.witness(name, tensor.atoms))

    @staticmethod
    def shape_only(shape): return Tensor([n for n in shape if n > 1], [int(n > 1) for n in shape])

    def parameter_column(self, i, oracle):
        value = self.graph.values[i]
        return self.add_column(value.name, oracle, self.shape_only(value.shape).atoms)

    # -- tables and relations

    def add_table(self, form=VALUES, rows=None, grid=None, tuples=None):
        index = len(self.tables)
        self.tables.append(SimpleNamespace(form=form, rows=rows, grid=grid, tuples=tuples, multiplicity=None))
        if rows is not None and rows.kind == RANGE and rows.log_size <= 16:
            self.range_tables.setdefault(rows.log_size, index)
        if rows is not None and rows.kind == CLAMP:
            self.clamp_tables.setdefault((form, rows.first, rows.log_size, rows.clamp_lo, rows.clamp_hi), index)
        return index

    def clamp_table(self, form, first, log_size, lo, hi):
        known = self.clamp_tables.get((form, first, log_size, lo, hi))
        return self.add_table(form, Table(CLAMP, first, log_size, lo, hi)) if known is None else known

    def explicit_table(self, log_size, values):
        for i, table in enumerate(self.tables):
            if table.rows and table.rows.kind == EXPLICIT and table.rows.first == 0 and table.rows.values == values:
                return i
        return self.add_table(rows=Table(EXPLICIT, 0, log_size, values=values))

    def committed_table(self, value, tuples):
        known = self.made_of.get(value)
        if known is None or self.tables[known].tuples != tuples:
            known = self.made_of[value] = self.add_table(ROWS, tuples=tuples)
        return known

    def look_up(self, table, tuples):
        if table not in self.looked_up:
            self.looked_up.add(table)
            rows = self.tables[table].rows
            if self.tables[table].form == VALUES and rows.kind == RANGE and rows.log_size <= 16:
                self.range_tables[rows.log_size] = table
            if self.tables[table].form == VALUES and rows.kind == CLAMP and rows.clamp_lo == 0 and rows.clamp_hi >= rows.last:
                self.positive_tables.setdefault(min(-rows.first, rows.last), table)
        self.lookups.append((table, tuples))

    def look_up_entries(self, box, table, *entries): self.look_up(table, Tuples(tuple(box), entries))

    def contract(self, box, roles, y, lhs, rhs): self.contractions.append((tuple(box), tuple(roles), y, lhs, rhs))
    def multiply(self, box, y, lhs, rhs): self.contract(box, [C] * len(box), y, lhs, rhs)
    def equal_zero(self, box, expr): self.equalities.append((tuple(box), expr))

    # -- ranges (docs/circuit.md, "Range checks")

    def new_rows(self, bits):
        table = self.range_tables.get(bits)
        return 0 if table is not None and table in self.looked_up else 1 << bits

    def limbs_of(self, count, log_size, bits):
        """What limbs of so many bits cost."""
        limbs = -(-log_size // bits)
        last = log_size - (limbs - 1) * bits
        return count * (3 * limbs - 2) + 6 * (self.new_rows(bits) + (0 if last == bits else self.new_rows(last)))

    def cheapest_limb(self, count, log_size):
        if log_size <= 8:
            return log_size
        return min(range(min(16, log_size), 0, -1), key=lambda bits: self.limbs_of(count, log_size, bits))

    def range_cost(self, count, log_size):
        bits = self.cheapest_limb(count, log_size)
        return self.limbs_of(count, log_size, bits) if bits else 0

    def range_lookup(self, box, expr, bits):
        table = self.range_tables.get(bits)
        if table is None:
            table = self.add_table(rows=Table(RANGE, 0, bits))
        self.look_up_entries(box, table, expr + self.tables[table].rows.first)

    def check_range(self, name, box, expr, log_size):
        """expr in [0, 2^log_size)."""
        bits = self.cheapest_limb(max(self.num_rows * prod(box), self.remainders[log_size]), log_size)
        lowest = expr
        for shift in range(bits, log_size, bits) if bits else ():
            limb = self.witness(name + " limb", box)
            self.range_lookup(box, limb, min(bits, log_size - shift))
            lowest = lowest - limb * (1 << shift)
        self.range_lookup(box, lowest, bits)

    def check_nonnegative(self, name, box, expr, most, most_bits=63):
        log_size = axis_bits(most + 1)
        known = [bits for bits in range(log_size, min(most_bits, 16) + 1) if bits in self.range_tables]
        self.check_range(name, box, expr, known[0] if known else log_size)

    def check_between(self, name, box, expr, most, bits):
        self.check_range(name, box, expr, bits)
        self.check_range(name, box, most - expr, bits)

    def check_interval(self, name, box, expr, lo, hi):
        bits = axis_bits(hi - lo + 1)
        self.check_range(name, box, expr - lo, bits)
        if hi - lo + 1 != 1 << bits:
            self.check_range(name, box, expr * -1 + hi, bits)

    # -- copies (docs/circuit.md, "Copies")

    def materialize(self, name, tensor, flat):
        sizes = [tensor.axis_size(axis) for axis in range(len(tensor.per_axis))]
        axes = [mixed_radix(tensor.first_atom(axis), tensor.axis_atoms(axis)) for axis in range(len(sizes))]
        shape = sizes
        if flat:
            shape, axes = [prod(tensor.atoms)], [mixed_radix(0, tensor.atoms)]
        column = self.add_column(name + " copy", WITNESS, shape)
        self.columns[column].shared = self.is_shared(tensor.expr)
        self.equal_zero(tensor.atoms, Expr(0, (View(column, 1, tuple(axes)),)) - tensor.expr)
        out = Tensor(sizes, [1] * len(sizes), self.whole(column))
        if not flat:
            return out
        out.expr = Expr(0, (View(column, 1, (mixed_radix(0, sizes),)),))
        return without_unit_atoms(out)

    def zero_extended(self, name, tensor, paddings):
        """paddings: (axis, before, after)."""
        if any(tensor.per_axis[axis] != 1 for axis, _, _ in paddings):
            return self.materialize(name, tensor, False)
        extensions = [(tensor.first_atom(axis), before, after) for axis, before, after in paddings]
        fits = is_zero_extended(tensor.expr, self.columns, tensor.atoms, extensions)
        return tensor if fits else self.materialize(name, tensor, False)

    def plain(self, name, tensor):
        out = without_unit_atoms(tensor)
        return out if all(n <= 1 for n in out.per_axis) else self.materialize(name, out, True)

    def refined(self, name, tensor, axis, factors):
        wanted = [n for n in factors if n != 1]
        if common_refinement([tensor.axis_atoms(axis), factors]) != wanted:
            tensor = self.materialize(name, tensor, True)
        return refine_axis(tensor, axis, wanted)

    def single_axis(self, name, tensor, axis):
        out = without_unit_atoms(tensor)
        n = out.axis_size(axis)
        return self.refined(name, out, axis, [n]) if n > 1 else out

    def aligned(self, name, tensors, shape):
        """The tensors broadcast to the shape on common atoms, and these atoms by axis."""
        tensors = [without_unit_atoms(tensor) for tensor in tensors]
        for tensor in tensors:
            tensor.per_axis = [0] * (len(shape) - len(tensor.per_axis)) + tensor.per_axis
        copied = True
        while copied:
            copied, atoms = False, []
            for axis, n in enumerate(shape):
                own = [tensor.axis_atoms(axis) for tensor in tensors if tensor.per_axis[axis]]
                refinement = common_refinement([[n]] + own)
                atoms.append([] if n == 1 else [n] if refinement is None else refinement)
            for i, tensor in enumerate(tensors):
                if any(tensor.per_axis[axis] and common_refinement([tensor.axis_atoms(axis), atoms[axis]]) != atoms[axis]
                       for axis in range(len(shape))):
                    tensors[i], copied = self.materialize(name, tensor, True), True
                    break
        for i, tensor in enumerate(tensors):
            for axis in range(len(shape)):
                if tensor.per_axis[axis]:
                    tensor = refine_axis(tensor, axis, atoms[axis])
            tensors[i] = tensor
        return tensors, atoms

    # -- what values may be

    def honest_range(self, i):
        declared, sound = declared_range(self.graph.values[i]), self.graph.sound[i]
        both = (max(declared[0], sound[0]), min(declared[1], sound[1]))
        return both if both[0] <= both[1] else declared

    def honest_reach(self, i): return width(self.honest_range(i))

    # -- the whole

    def build(self):
        graph = self.graph
        for rows in graph.tables:
            self.add_table(rows=rows)
        declared = [declared_range(value) for value in graph.values]
        for node in graph.nodes:
            if node.table != -1 and OPERATORS[node.op][0] != "Softmax":
                count, arguments = self.uses.get(node.table, (0, None))
                own, reached = self.num_rows * prod(graph.values[node.output].shape), honest_arguments(graph, node, declared)
                self.uses[node.table] = (count + own, hull(arguments, reached) if arguments else reached)
                self.remainders[node.shift] += own
        for i, value in enumerate(graph.values):
            if value.kind == COMPUTED:
                continue
            tensor = self.shape_only(value.shape)
            if value.kind == PARAMETER:
                tensor.expr = self.whole(self.parameter_column(i, MODEL))
            else:
                tensor.expr = self.witness(value.name, tensor.atoms)
                self.check_interval(value.name, tensor.atoms, tensor.expr, value.lo, value.hi)
            self.tensors[i] = tensor
        for node in graph.nodes:
            name = OPERATORS[node.op][0]
            make = getattr(self, "build_" + name, None)
            if make is None:
                raise BadInput(f"node '{node.name}': operator {name} is not in this verifier")
            self.shared = all(self.is_shared(self.tensors[i].expr) for i in node.inputs)
            self.tensors[node.output] = make(node)
            self.shared = False
        self.finish_statement()
        return self.finish_tables()

    def finish_statement(self):
        graph, seen = self.graph, self.visibility.seen(self.graph)
        proven, done = proven_ranges(graph), set()
        for i, exposure, _ in seen[: len(graph.outputs)]:
            value = graph.values[i]
            if exposure == PUBLIC or i in done or (value.lo <= proven[i][0] and proven[i][1] <= value.hi):
                continue
            done.add(i)
            if value.hi - value.lo >= BOUND:
                raise BadInput(f"output '{value.name}' is 2^62 wide, and not public")
            tensor = without_unit_atoms(self.tensors[i])
            self.check_interval(value.name + " output", tensor.atoms, tensor.expr, value.lo, value.hi)
        for i, exposure, _ in seen:
            if exposure == PUBLIC:
                tensor = without_unit_atoms(self.tensors[i])
                self.public_tensors.append((i, tuple(tensor.atoms), tensor.expr, False))
        committed = [i for i, exposure, _ in seen if exposure == COMMITTED]
        if len(committed) > 16:
            raise BadInput("more than 16 committed tensors")
        for number, i in enumerate(committed):
            tensor, value = self.tensors[i], graph.values[i]
            column = self.add_column(value.name + " committed", FIRST_DATA + number, [prod(value.shape)])
            flat = Expr(0, (View(column, 1, (mixed_radix(0, tensor.atoms),)),))
            self.equal_zero(tensor.atoms, flat - tensor.expr)
        for i, exposure, hashed in seen:
            if exposure != PUBLIC and hashed != NO_HASH:
                Sha256(self, i).add()

    def finish_tables(self):
        """Tables that nothing looks up go; each of the others gets its multiplicities."""
        used = sorted({table for table, _ in self.lookups})
        number = {table: i for i, table in enumerate(used)}
        self.tables = [self.tables[table] for table in used]
        self.lookups = [(number[table], tuples) for table, tuples in self.lookups]
        for i, table in enumerate(self.tables):
            box = table.tuples.box if table.form == ROWS else [1 << table_bits(table)]
            table.multiplicity = self.add_column(f"multiplicities of table {i}", WITNESS, box)
        self.blind = self.add_column("lookup blind", WITNESS, [3])
        return self

    def build_rotation(self):
        """The parameters in M and in D_1 are the same."""
        for i, value in enumerate(self.graph.values):
            if value.kind == PARAMETER:
                before, after = self.parameter_column(i, MODEL), self.parameter_column(i, FIRST_DATA)
                self.equal_zero(self.columns[before].shape, self.whole(after) - self.whole(before))
        return self.finish_tables()

    def build_certificate(self):
        """Each parameter lies in its declared range (docs/formats/certificate.md)."""
        graph, shapes, widths, grids = self.graph, {}, {}, {}
        parameters = [i for i, value in enumerate(graph.values) if value.kind == PARAMETER]
        for i in parameters:
            value = graph.values[i]
            shapes.setdefault((value.lo, value.hi), []).append(self.shape_only(value.shape).atoms)
        for (lo, hi), boxes in sorted(shapes.items()):
            n = hi - lo + 1
            bits = axis_bits(n)
            count = certificate_leaves(boxes, lo, hi, 1) - (1 << bits)
            if bits <= 16 or (bits <= 24 and count + (6 << bits) < 2 * self.range_cost(count, bits)):
                choices = [w for w in range(1, 9) if w == 1 or n**w <= 2**16]
                widths[lo, hi] = min(choices, key=lambda w: certificate_leaves(boxes, lo, hi, w))

        def grid_table(lo, hi, w):
            if (lo, hi, w) not in grids:
                grids[lo, hi, w] = self.add_table(GRID, grid=Grid(lo, hi - lo + 1, w))
            return grids[lo, hi, w]
        for i in parameters:
            value, column = graph.values[i], self.parameter_column(i, MODEL)
            box, w = list(self.columns[column].shape), widths.get((value.lo, value.hi))
            if w is None:
                self.check_interval(value.name, box, self.whole(column), value.lo, value.hi)
                continue
            cut = certificate_cut(box, value.lo, value.hi, w) if w > 1 else None
            if cut is None:
                self.look_up_entries(box, grid_table(value.lo, value.hi, 1), self.whole(column))
                continue
            axis, part = cut
            entries = []
            for index in range(w):
                maps = identity_maps(box)
                maps[axis] = offset_by(maps[axis], index * part)
                entries.append(Expr(0, (View(column, 1, tuple(maps)),)))
            box[axis] = part
            self.look_up_entries(box, grid_table(value.lo, value.hi, w), *entries)
        return self.finish_tables()

    # -- rounding (docs/circuit.md, "Rounding")

    def requantize(self, node, acc):
        return Rounding(self, node, acc, acc.expr).build() if node.table != -1 else acc

    def accumulator(self, node, like):
        """The tensors of y and of acc, where acc is no expression."""
        if node.table == -1:
            y = self.like(node.name, like)
            return y, y
        rounding = Rounding(self, node, like, None)
        y = rounding.build()
        return y, Tensor(like.atoms, like.per_axis, rounding.acc)

    # -- products, sums, windows

    def window_input(self, node):
        x, out = shapes_of(self.graph, node)[0], self.graph.values[node.output].shape
        return self.zero_extended(node.name + " input", self.tensors[node.inputs[0]], window_paddings(node, x, out))

    def build_Conv(self, node):
        w_shape, out = self.graph.values[node.inputs[1]].shape, self.graph.values[node.output].shape
        per_group, outputs = w_shape[1], w_shape[0] // node.groups
        w = self.plain(node.name + " weights", self.tensors[node.inputs[1]])
        x = self.window_input(node)
        channels = common_refinement([x.axis_atoms(1), [node.groups, per_group]])
        if channels is None:
            x = self.materialize(node.name + " input", x, False)
            channels = common_refinement([[node.groups, per_group]])
        x = refine_axis(x, 1, channels)
        inner = next(i for i in range(len(channels) + 1) if prod(channels[i:]) <= per_group)
        group_atoms, channel_atoms = channels[:inner], channels[inner:]
        axes = Axes()
        batch_atoms = x.axis_atoms(0)
        batch, group = axes.add(batch_atoms, B), axes.add(group_atoms, C)
        o_atoms = [outputs] if outputs > 1 else []
        o = axes.add(o_atoms, A)
        places = [axes.add([n], B) for n in out[2:]]
        channel = axes.add(channel_atoms, K)
        taps = [axes.add([k], K) for k in node.kernel]
        x_maps = each_axis(batch, batch_atoms) + each_axis(group, group_atoms) + each_axis(channel, channel_atoms)
        x_maps += [(-pad, ((place, stride), (tap, dilation)), ())
                   for pad, place, stride, tap, dilation in zip(node.pads_begin, places, node.strides, taps, node.dilations)]
        out_channel = (0, mixed_radix(group, group_atoms, outputs)[1] + mixed_radix(o, o_atoms)[1], ())
        w_maps = [out_channel] * (w_shape[0] > 1) + [mixed_radix(channel, channel_atoms)] * (per_group > 1)
        w_maps += [mixed_radix(tap, [k]) for tap, k in zip(taps, node.kernel) if k > 1]
        y_maps = [mixed_radix(batch, batch_atoms)] * (out[0] > 1) + [out_channel] * (out[1] > 1)
        y_maps += [mixed_radix(place, [n]) for place, n in zip(places, out[2:]) if n > 1]
        y, acc = self.accumulator(node, self.shape_only(out))
        target = rebase(acc.expr, y_maps)
        if len(node.inputs) > 2:
            bias = self.plain(node.name + " bias", self.tensors[node.inputs[2]])
            target = target - rebase(bias.expr, [out_channel] * (w_shape[0] > 1))
        self.contract(axes.box, axes.roles, target, rebase(w.expr, w_maps), rebase(x.expr, x_maps))
        return y

    def build_MatMul(self, node):
        out = self.graph.values[node.output].shape
        name, rank = node.name + " input", len(out)
        a, b = (without_unit_atoms(self.tensors[i]) for i in node.inputs[:2])
        a_axis, b_axis = len(a.per_axis) - 1, len(b.per_axis) - 2

        def factors(): return common_refinement([a.axis_atoms(a_axis), b.axis_atoms(b_axis)])
        if factors() is None:
            b = self.materialize(name, b, True)
            if factors() is None:
                a = self.materialize(name, a, True)
        k_atoms = factors()
        a, b = refine_axis(a, a_axis, k_atoms), refine_axis(b, b_axis, k_atoms)
        for t in (a, b):
            t.per_axis = [0] * (rank - len(t.per_axis)) + t.per_axis
        axes, a_maps, b_maps, y_maps = Axes(), [], [], []
        for axis in range(rank - 2):
            if out[axis] == 1:
                continue
            in_a, in_b = a.per_axis[axis] > 0, b.per_axis[axis] > 0
            atoms = a.axis_atoms(axis) if in_a else b.axis_atoms(axis)
            if in_a and in_b:
                atoms = common_refinement([a.axis_atoms(axis), b.axis_atoms(axis)])
                if atoms is None:
                    raise BadInput(f"node '{node.name}': leading axes that reshapes cut in different ways")
                a, b = refine_axis(a, axis, atoms), refine_axis(b, axis, atoms)
            first = axes.add(atoms, C if in_a and in_b else A if in_a else B)
            a_maps += each_axis(first, atoms) if in_a else []
            b_maps += each_axis(first, atoms) if in_b else []
            y_maps.append(mixed_radix(first, atoms))
        m_atoms, n_atoms = a.axis_atoms(rank - 2), b.axis_atoms(rank - 1)
        m, n, k = axes.add(m_atoms, A), axes.add(n_atoms, B), axes.add(k_atoms, K)
        a_maps += each_axis(m, m_atoms) + each_axis(k, k_atoms)
        b_maps += each_axis(k, k_atoms) + each_axis(n, n_atoms)
        y_maps += [mixed_radix(m, m_atoms)] * (out[-2] > 1) + [mixed_radix(n, n_atoms)] * (out[-1] > 1)
        y, acc = self.accumulator(node, self.shape_only(out))
        target = rebase(acc.expr, y_maps)
        if len(node.inputs) > 2:
            bias = self.plain(node.name + " bias", self.tensors[node.inputs[2]])
            target = target - rebase(bias.expr, [mixed_radix(n, n_atoms)] * len(bias.atoms))
        self.contract(axes.box, axes.roles, target, rebase(a.expr, a_maps), rebase(b.expr, b_maps))
        return y

    def align(self, node):
        """The result's atoms, each operand over them, and which atoms each one reads."""
        tensors = [self.tensors[i] for i in node.inputs]
        tensors, atoms = self.aligned(node.name + " input", tensors, self.graph.values[node.output].shape)
        like, operands, reads = Tensor(), [], []
        for own in atoms:
            like.add_axis(own, [])
        for tensor in tensors:
            maps, read = [], []
            for axis, own in enumerate(atoms):
                maps += each_axis(like.first_atom(axis), own) if tensor.per_axis[axis] else []
                read += [tensor.per_axis[axis] > 0] * len(own)
            operands.append(rebase(tensor.expr, maps))
            reads.append(read)
        return like, operands, reads

    def point_product(self, like, y, left, left_reads, right, right_reads):
        roles = [C if x == z else A if x else B for x, z in zip(left_reads, right_reads)]
        self.contract(like.atoms, roles, y, left, right)

    def build_Mul(self, node):
        like, operands, reads = self.align(node)
        y, acc = self.accumulator(node, like)
        self.point_product(like, acc.expr, operands[0] * node.coefs[0], reads[0], operands[1], reads[1])
        return y

    def build_Select(self, node):
        like, (c, a, b), reads = self.align(node)
        y = self.like(node.name, like)
        self.point_product(like, y.expr - b, c, reads[0], a - b, [x or z for x, z in zip(reads[1], reads[2])])
        return y

    def build_Linear(self, node):
        like, operands, _ = self.align(node)
        like.expr = Expr(node.constant % P)
        for operand, coef in zip(operands, node.coefs):
            like.expr = like.expr + operand * coef
        return self.requantize(node, like)

    def build_ReduceSum(self, node):
        x = without_unit_atoms(self.tensors[node.inputs[0]])
        keep = len(self.graph.values[node.output].shape) == len(x.per_axis)
        acc, maps = Tensor(), []
        for axis in range(len(x.per_axis)):
            if axis not in node.axes:
                acc.add_axis(x.axis_atoms(axis), maps)
                continue
            maps += [(0, (), ((n, 1),)) for n in x.axis_atoms(axis)]
            acc.per_axis += [0] * keep
        acc.expr = rebase(x.expr, maps) * node.coefs[0]
        return self.requantize(node, acc)

    def build_SumPool(self, node):
        out, x = self.graph.values[node.output].shape, self.window_input(node)
        acc, maps = Tensor(), []
        for axis in range(2):
            acc.add_axis(x.axis_atoms(axis), maps)
        for n, k, stride, dilation, pad in zip(out[2:], node.kernel, node.strides, node.dilations, node.pads_begin):
            maps.append((-pad, ((len(acc.atoms), stride),), ((k, dilation),)))
            acc.atoms.append(n)
            acc.per_axis.append(1)
        acc.expr = rebase(x.expr, maps) * node.coefs[0]
        return self.requantize(node, without_unit_atoms(acc))

    # -- movement

    def build_Reshape(self, node):
        x = without_unit_atoms(self.tensors[node.inputs[0]])
        shape = self.graph.values[node.output].shape
        wanted = [n for n in shape if n > 1]
        if common_refinement([x.atoms, wanted]) is None:
            x = self.materialize(node.name + " input", x, True)
        factors = common_refinement([x.atoms, wanted])
        if factors is None:  # the copy is flat: it can be cut anywhere
            view = x.expr.views[0]._replace(axes=(mixed_radix(0, wanted),))
            x, factors = Tensor(wanted, [len(wanted)], x.expr._replace(views=(view,))), wanted
        x.per_axis = [len(x.atoms)]
        x = refine_axis(x, 0, factors)
        x.per_axis, at = [], 0
        for n in shape:
            begin, size = at, 1
            while size < n:
                size *= x.atoms[at]
                at += 1
            x.per_axis.append(at - begin)
        return x

    def build_Transpose(self, node): return permuted(self.tensors[node.inputs[0]], node.perm)

    def build_Slice(self, node):
        shape, x = self.graph.values[node.output].shape, self.tensors[node.inputs[0]]

        def is_kept(axis): return shape[axis] == x.axis_size(axis) and (node.steps[axis] == 1 or shape[axis] == 1)
        for axis in range(len(shape)):
            if x.per_axis[axis] > 1 and not is_kept(axis):
                x = self.materialize(node.name + " input", x, False)
        y, maps = Tensor(), []
        for axis, n in enumerate(shape):
            first, kept = len(y.atoms), is_kept(axis)
            y.add_axis(x.axis_atoms(axis) if kept else [n], maps if kept else [])
            if not kept and x.per_axis[axis] == 1:
                step = node.steps[axis]
                maps.append((node.starts[axis], ((first, step),) if step else (), ()))
        y.expr = rebase(x.expr, maps)
        return without_unit_atoms(y)

    def extended(self, name, tensor, begin, shape):
        """With zeros: old index 0 of an axis at begin[axis]."""
        paddings = [(axis, begin[axis], n - begin[axis] - tensor.axis_size(axis))
                    for axis, n in enumerate(shape) if n != tensor.axis_size(axis)]
        tensor = self.zero_extended(name + " input", tensor, paddings)
        tensor, maps = Tensor(tensor.atoms, tensor.per_axis, tensor.expr), identity_maps(tensor.atoms)
        for axis, _, _ in paddings:
            atom = tensor.first_atom(axis)
            maps[atom] = offset_by(maps[atom], -begin[axis])
            tensor.atoms[atom] = shape[axis]
        tensor.expr = rebase(tensor.expr, maps)
        return tensor

    def build_Pad(self, node):
        return self.extended(node.name, self.tensors[node.inputs[0]], node.pads_begin, self.graph.values[node.output].shape)

    def build_Concat(self, node):
        shape, axis, parts, at = self.graph.values[node.output].shape, node.axes[0], [], 0
        for i in node.inputs:
            begin = [at if a == axis else 0 for a in range(len(shape))]
            parts.append(self.extended(node.name, self.tensors[i], begin, shape))
            at += self.graph.values[i].shape[axis]
        parts, _ = self.aligned(node.name + " input", parts, shape)
        y = parts[0]
        for part in parts[1:]:
            y.expr = y.expr + part.expr
        return y

    # -- maxima (docs/circuit.md, "Maxima")

    def positive_part(self, name, box, expr, most, count):
        """max(0, expr), |expr| <= most; count: all such expressions of the node."""
        y, count = self.witness(name, box), self.num_rows * count
        bits = axis_bits(most + 1)
        known = [key for key in sorted(self.positive_tables) if key >= most]
        rows = 0 if known else 2 << bits if bits < 26 else NEVER // 6
        if bits < 8 or count + 6 * rows <= 2 * self.range_cost(count, bits) + count:
            half = 1 << bits
            table = self.positive_tables[known[0]] if known else self.clamp_table(VALUES, -half, bits + 1, 0, half)
            self.look_up_entries(box, table, expr, y)
            return y
        self.check_range(name, box, y, bits)
        self.check_range(name, box, y - expr, bits)
        self.multiply(box, Expr(), y, y - expr)
        return y

    def maximum_along(self, name, expr, box, axis, most):
        """The maximum along a box axis, which it makes 1 long."""
        count = prod(n for b, n in enumerate(box) if b != axis) * (box[axis] - 1)
        while box[axis] > 1:
            half, maps = box[axis] // 2, identity_maps(box)
            maps[axis] = offset_by(maps[axis], half)
            last, pairs = rebase(expr, maps), list(box)
            pairs[axis] = half
            expr = last + self.positive_part(name + " maximum", pairs, expr - last, most, count)
            box[axis] -= half
        return expr

    @staticmethod
    def drop_axis(expr, box, axis):
        del box[axis]
        maps = identity_maps(box)
        maps.insert(axis, NOWHERE)
        return rebase(expr, maps)

    def build_MaxPool(self, node):
        i = node.inputs[0]
        shape, out = shapes_of(self.graph, node)
        paddings = window_paddings(node, shape, out)
        x, added, most, name = self.tensors[i], 0, self.honest_reach(i), node.name + " input"
        if any(before or after for _, before, after in paddings):
            added = min(self.graph.sound[i][0], 0)
            most = max(most, self.honest_range(i)[1] - added)
        if added:
            x = self.materialize(name, Tensor(x.atoms, x.per_axis, x.expr - added), False)
        x = self.zero_extended(name, x, paddings)
        y, maps = Tensor(), []
        for axis in range(2):
            y.add_axis(x.axis_atoms(axis), maps)
        first, spatial = len(y.atoms), len(node.kernel)
        maps += [(-pad, ((first + s, stride), (first + spatial + s, dilation)), ())
                 for s, (pad, stride, dilation) in enumerate(zip(node.pads_begin, node.strides, node.dilations))]
        y.atoms += out[2:]
        y.per_axis += [1] * spatial
        box, expr = y.atoms + node.kernel, rebase(x.expr, maps)
        for tap in reversed(range(first + spatial, first + 2 * spatial)):
            expr = self.maximum_along(node.name, expr, box, tap, most)
            expr = self.drop_axis(expr, box, tap)
        y.expr = expr + added
        return without_unit_atoms(y)

    def build_ReduceMax(self, node):
        x = without_unit_atoms(self.tensors[node.inputs[0]])
        keep = len(self.graph.values[node.output].shape) == len(x.per_axis)
        box, expr, y, reduced = list(x.atoms), x.expr, Tensor(), []
        for axis in range(len(x.per_axis)):
            atoms = x.axis_atoms(axis)
            if axis in node.axes:
                reduced += [x.first_atom(axis) + a for a in range(len(atoms))]
                y.per_axis += [0] * keep
            else:
                y.add_axis(atoms, [])
        for axis in reversed(reduced):
            expr = self.maximum_along(node.name, expr, box, axis, self.honest_reach(node.inputs[0]))
            expr = self.drop_axis(expr, box, axis)
        y.expr = expr
        return y

    def build_ArgMax(self, node):
        axis = node.axes[0]
        n = self.graph.values[node.inputs[0]].shape[axis]
        x, y, maps = without_unit_atoms(self.tensors[node.inputs[0]]), Tensor(), []
        keep = len(self.graph.values[node.output].shape) == len(x.per_axis)
        if n > 1:
            x = self.refined(node.name + " input", x, axis, [n])
        for a in range(len(x.per_axis)):
            if a != axis:
                y.add_axis(x.axis_atoms(a), maps)
                continue
            y.per_axis += [0] * keep
            maps += [NOWHERE] * (n > 1)
        if n == 1:
            return y
        last = len(y.atoms)
        maps[x.first_atom(axis)] = mixed_radix(last, [n])
        value, box = rebase(x.expr, maps), y.atoms + [n]
        m = self.witness(node.name + " maximum", y.atoms)
        c = self.witness(node.name + " step", box)
        back = identity_maps(box)
        back[last] = offset_by(back[last], -1)
        e = c - rebase(c, back)
        self.check_range(node.name + " one-hot", box, e, 1)
        at_end = back[:last] + [(n - 1, (), ())]
        self.equal_zero(y.atoms, rebase(c, at_end) - 1)
        gap = m - value
        self.multiply(box, Expr(), e, gap)
        self.check_nonnegative(node.name + " order", box, gap + c - 1, self.honest_reach(node.inputs[0]))
        y.expr = rebase(c, back[:last] + [(0, (), ((n, 1),))]) * -1 + n
        return y

    # -- quotients (docs/circuit.md, "Quotients")

    def product(self, name, box, lhs, rhs):
        out = self.witness(name, box)
        self.contract(box, [C if reads(lhs, axis) else B for axis in range(len(box))], out, lhs, rhs)
        return out

    def low_part(self, name, box, expr, size, bits):
        """expr mod 2^bits for 0 <= expr < 2^size, over the axes that it reads."""
        if size <= bits:
            return expr
        own, to_own, back = [], [], []
        for axis, n in enumerate(box):
            if not reads(expr, axis):
                to_own.append(NOWHERE)
                continue
            to_own.append(mixed_radix(len(own), [n]))
            back.append(mixed_radix(axis, [n]))
            own.append(n)
        whole = rebase(expr, to_own)
        low = self.witness(name + " low", own)
        self.check_range(name + " low", own, low, bits)
        self.check_range(name + " high", own, (whole - low) * pow(2, -bits, P), size - bits)
        return rebase(low, back)

    def quotient(self, name, box, numerator, denominator, y, plan):
        whole = self.product(name + " product", box, denominator, y)
        self.check_between(name + " remainder", box, numerator - whole, denominator - 1, plan.remainder_bits)
        above = y - plan.least
        if plan.low == 0:
            self.check_nonnegative(name + " value", box, above, (1 << plan.bits) - 1, plan.most_bits)
            return
        if plan.bits <= plan.low:
            self.check_range(name + " value", box, above, plan.bits)
        y0 = self.low_part(name + " value", box, above, plan.bits, plan.low)
        d0 = self.low_part(name + " divisor", box, denominator, plan.denominator_bits, plan.low)
        z = self.product(name + " low product", box, d0, y0)
        carry = (whole - z) * pow(2, -plan.low, P)
        self.check_range(name + " carry", box, carry - plan.least_carry, plan.carry_bits)

    def build_Divide(self, node):
        sound = self.graph.sound
        ranges = division_of(node, sound[node.inputs[0]], sound[node.inputs[1]])
        plan = plan_division(*ranges, sound[node.output])
        like, (a, b), _ = self.align(node)
        numerator, denominator = a * node.coefs[0], b
        if node.coefs[1] == 1:
            numerator, denominator = numerator * 2 + b, b * 2
        y = self.like(node.name, like)
        self.quotient(node.name, y.atoms, numerator, denominator, y.expr, plan)
        return y

    def build_SquareRoot(self, node):
        x = without_unit_atoms(self.tensors[node.inputs[0]])
        z = x.expr * node.coefs[0] + node.constant
        y, most = self.like(node.name, x), self.graph.sound[node.output][1]
        self.check_nonnegative(node.name + " value", x.atoms, y.expr, most, 31)
        square = self.product(node.name + " square", x.atoms, y.expr, y.expr)
        self.check_between(node.name + " remainder", x.atoms, z - square, y.expr * 2, axis_bits(2 * most + 1))
        return y

    def build_Softmax(self, node):
        i, table = node.inputs[0], self.graph.tables[node.table]
        axis, n = node.axes[0], self.graph.values[i].shape[node.axes[0]]
        x = without_unit_atoms(self.tensors[i])
        if n > 1:
            x = self.refined(node.name + " input", x, axis, [n])
        if n == 1:
            return Tensor(x.atoms, x.per_axis, Expr((table.values[-1] if node.coefs else 1 << node.shift) % P))
        data, x = x, axis_last(x, axis)
        box, lines = x.atoms, x.atoms[:-1]
        summed = identity_maps(box)[:-1] + [(0, (), ((n, 1),))]
        m = self.witness(node.name + " maximum", lines)
        t, below, reach = x.expr - m, None, self.honest_reach(i)
        if reach > -table.first:
            c = sum(1 for e in table.values if e == table.values[0]).bit_length() - 1
            below = self.witness(node.name + " below", box)
            self.check_nonnegative(node.name + " below", box, below, (reach + table.first + (1 << c) - 1) >> c)
            t = t + below * (1 << c)
        mark = self.witness(node.name + " mark", box)
        y = self.like(node.name, data)
        e = axis_last(y, axis).expr if node.coefs else self.witness(node.name + " exponential", box)
        if node.table not in self.piece_tables:
            marked = copy.copy(table)
            marked.slopes = [0] * (len(table.values) - 1) + [1]
            self.piece_tables[node.table] = (self.add_table(PIECE_LIST, marked), 0, 0)
        self.look_up_entries(box, self.piece_tables[node.table][0], t - table.first, mark, e)
        if below is not None:
            self.multiply(box, Expr(), below, e - table.values[0])
        self.check_nonnegative(node.name + " maxima", lines, rebase(mark, summed) - 1, n - 1)
        if not node.coefs:
            s = rebase(e, summed)
            self.quotient(node.name, box, e * (2 << node.shift) + s, s * 2, axis_last(y, axis).expr, plan_softmax(self.graph, node))
        return y

    # -- choices by computed indices

    @staticmethod
    def line_tuples(box, num_lines, index, value):
        """(index, line, value); no line where there is none."""
        line = (position(0, box[:num_lines]),) if num_lines else ()
        return Tuples(tuple(box), (index, *line, value))

    def build_Gather(self, node):
        return self.gather_along(node) if node.coefs else self.gather_slices(node)

    def gather_slices(self, node):
        axis = node.axes[0]
        data = self.single_axis(node.name + " data", self.tensors[node.inputs[0]], axis)
        indices = without_unit_atoms(self.tensors[node.inputs[1]])
        n, y, part, of_row, of_output = data.axis_size(axis), Tensor(), [], [], []
        for a in range(len(data.per_axis)):
            if a != axis:
                atoms = data.axis_atoms(a)
                of_row += each_axis(1 + len(part), atoms)
                of_output += each_axis(len(indices.atoms) + len(part), atoms)
                part += atoms
                y.add_axis(atoms, [])
                continue
            of_row += [mixed_radix(0, [n])] * (n > 1)
            for b in range(len(indices.per_axis)):
                of_output += each_axis(indices.first_atom(b), indices.axis_atoms(b))
                y.add_axis(indices.axis_atoms(b), [])
        y.expr = self.witness(node.name, y.atoms)

        def slices(box, index, values):
            return Tuples(tuple(box), (index,), tuple(part), values) if part else Tuples(tuple(box), (index, values))
        table = self.committed_table(node.inputs[0], slices([n], position(0, [n]), rebase(data.expr, of_row)))
        self.look_up(table, slices(indices.atoms, indices.expr, rebase(y.expr, of_output)))
        return y

    def gather_along(self, node):
        axis, shape, name = node.axes[0], self.graph.values[node.output].shape, node.name + " data"
        rank = len(shape)
        data = axis_last(self.single_axis(name, self.tensors[node.inputs[0]], axis), axis)
        indices = axis_last(without_unit_atoms(self.tensors[node.inputs[1]]), axis)
        n = data.axis_size(rank - 1)
        both = [shape[a] for a in range(rank) if a != axis] + [n, shape[axis]]
        data.per_axis.append(0)
        indices.per_axis.insert(-1, 0)
        (data, indices), atoms = self.aligned(name, [data, indices], both)
        lines, y = sum(atoms[: rank - 1], []), Tensor()
        for a in range(rank):
            y.add_axis(atoms[rank] if a == axis else atoms[a if a < axis else a - 1], [])
        y.expr = self.witness(node.name, y.atoms)
        rows = self.line_tuples(lines + [n], len(lines), position(len(lines), [n]), data.expr)
        table = self.committed_table(node.inputs[0], rows)
        self.look_up(table, self.line_tuples(indices.atoms, len(lines), indices.expr, axis_last(y, axis).expr))
        return y

    def build_Sort(self, node):
        axis = node.axes[0]
        data = self.single_axis(node.name + " data", self.tensors[node.inputs[0]], axis)
        n = data.axis_size(axis)
        if n == 1:
            return Tensor(data.atoms, data.per_axis)
        x = axis_last(data, axis)
        box, last = x.atoms, len(x.atoms) - 1
        y = self.like(node.name, data)
        p, s = axis_last(y, axis).expr, self.witness(node.name + " sorted", box)
        table = self.committed_table(node.inputs[0], self.line_tuples(box, last, position(last, [n]), x.expr))
        self.look_up(table, self.line_tuples(box, last, p, s))
        following = identity_maps(box)
        following[last] = offset_by(following[last], 1)

        def rise(expr): return rebase(expr, following) - expr
        order = rise(s) * (node.coefs[0] * n) + rise(p) - 1
        most = self.honest_reach(node.inputs[0]) * n + n - 2
        self.check_nonnegative(node.name + " order", box[:last] + [n - 1], order, most)
        return y


class Batched:
    """The circuit of a batch from that of a row (protocol 12): columns of a row and relations that read them get a leading axis."""

    def __init__(self, circuit, num_rows):
        self.circuit, self.num_rows, columns = circuit, num_rows, circuit.columns
        self.of_row = [column.oracle >= FIRST_DATA or (column.oracle == WITNESS and not column.shared) for column in columns]
        self.of_row[circuit.blind] = False
        for table in circuit.tables:
            self.of_row[table.multiplicity] = table.form == ROWS and self.tuples_read_row(table.tuples)
        circuit.lookups = [(table, self.looked_up(circuit.tables[table], tuples)) for table, tuples in circuit.lookups]
        for table in circuit.tables:
            if self.of_row[table.multiplicity]:
                table.tuples = self.numbered(table.tuples, table.tuples.box)
        circuit.contractions = [self.contraction(*relation) for relation in circuit.contractions]
        circuit.equalities = [((num_rows, *box), self.expr(expr)) if self.reads_row(expr) else (box, expr)
                              for box, expr in circuit.equalities]
        circuit.public_tensors = [(i, (num_rows, *box), self.expr(expr), digest)
                                  for i, box, expr, digest in circuit.public_tensors]
        for column, own in zip(columns, self.of_row):
            if own and column.oracle >= FIRST_DATA:
                column.shape = (num_rows * column.shape[0],)
            elif own:
                column.shape = (num_rows, *column.shape)

    def reads_row(self, expr): return any(self.of_row[view.column] for view in expr.views)
    def tuples_read_row(self, tuples): return any(map(self.reads_row, tuples.entries + (tuples.run,)))

    def expr(self, expr):
        """Over the box with the leading axis."""
        views = []
        for view in expr.views:
            axes = [(offset, tuple((axis + 1, stride) for axis, stride in terms), sums) for offset, terms, sums in view.axes]
            column = self.circuit.columns[view.column]
            if self.of_row[view.column] and column.oracle >= FIRST_DATA:
                offset, terms, sums = axes[0]
                axes[0] = (offset, terms + ((0, column.shape[0]),), sums)
            elif self.of_row[view.column]:
                axes.insert(0, (0, ((0, 1),), ()))
            views.append(view._replace(axes=tuple(axes)))
        return Expr(expr.constant, tuple(views), tuple((axis + 1, coef) for axis, coef in expr.slopes))

    def tuples(self, tuples):
        return Tuples((self.num_rows, *tuples.box), tuple(map(self.expr, tuples.entries)), tuples.run_box, self.expr(tuples.run))

    def numbered(self, tuples, rows_box):
        """The row's number in the line, the second entry: row * lines + line, or an entry of its own."""
        row, out = (0, prod(rows_box[:-1]) % P), self.tuples(tuples)
        index, *rest = out.entries
        if len(rows_box) > 1:
            line, *rest = rest
            return out._replace(entries=(index, line._replace(slopes=line.slopes + (row,)), *rest))
        return out._replace(entries=(index, Expr(slopes=(row,)), *rest))

    def looked_up(self, table, tuples):
        if table.form == ROWS and self.of_row[table.multiplicity]:
            return self.numbered(tuples, table.tuples.box)
        return self.tuples(tuples) if self.tuples_read_row(tuples) else tuples

    def contraction(self, box, roles, y, lhs, rhs):
        left, right = self.reads_row(lhs), self.reads_row(rhs)
        if not (left or right or self.reads_row(y)):
            return box, roles, y, lhs, rhs
        role = C if left and right else B if right else A
        return (self.num_rows, *box), (role, *roles), self.expr(y), self.expr(lhs), self.expr(rhs)


class Axes:
    """The axes of a contraction's box, with their roles."""

    def __init__(self): self.box, self.roles = [], []

    def add(self, sizes, role):
        self.box += sizes
        self.roles += [role] * len(sizes)
        return len(self.box) - len(sizes)


def reads(expr, axis): return any(b == axis for view in expr.views for _, terms, _ in view.axes for b, _ in terms)


def window_paddings(node, shape, out):
    """How far the windows of each spatial axis go beyond it: (axis, before, after)."""
    result = []
    for s, (k, stride, dilation, pad) in enumerate(zip(node.kernel, node.strides, node.dilations, node.pads_begin)):
        last = (out[s + 2] - 1) * stride + (k - 1) * dilation - pad
        result.append((s + 2, pad, max(0, last - (shape[s + 2] - 1))))
    return result


def certificate_cut(shape, lo, hi, w):
    """(axis, length of a part): the longest axis that is a multiple of w, else, where 0 is in range, the longest."""
    best = None
    for axis, n in enumerate(shape):
        divides = n % w == 0
        if n >= w and (divides or lo <= 0 <= hi) and (best is None or (divides, n) > best[:2]):
            best = (divides, n, axis)
    return None if best is None else (best[2], -(-best[1] // w))


def certificate_leaves(shapes, lo, hi, w):
    n, leaves = hi - lo + 1, 0
    cuts = [certificate_cut(shape, lo, hi, w) for shape in shapes]
    for shape, cut in zip(shapes, cuts):
        leaves += prod(shape) // shape[cut[0]] * cut[1] if cut else prod(shape)
    return leaves + any(cuts) * 2 ** axis_bits(n**w) + (None in cuts) * 2 ** axis_bits(n)


class Rounding:
    """y = T[floor((acc + round) / 2^s)] of one node: the form that costs least, and its relations."""

    def __init__(self, builder, node, like, known):
        self.builder, self.node, self.like, self.known = builder, node, like, known
        self.table, self.shift, self.unit = builder.graph.tables[node.table], node.shift, 1 << node.shift
        key = (node.table, node.shift)
        if key not in builder.roundings:
            builder.roundings[key] = self.choose()
        self.how = builder.roundings[key]

    # Costs: 2 for a column, 1 for a lookup or a contraction, each per element; 6 for a table's row.
    def choose(self):
        builder, table, s = self.builder, self.table, self.shift
        count, (least, most) = builder.uses[self.node.table]
        n = min(count, 2**40)
        if table.kind == CLAMP and (most < table.clamp_lo or least > table.clamp_hi):
            least, most = table.first, table.last
        costs = [builder.range_cost(n, bits) for bits in range(64)]
        best = SimpleNamespace(form="from table", cost=NEVER, low=0, coarse=0, least=least, most=most)

        def consider(form, cost, low=0, coarse=0):
            if cost < best.cost:
                best.form, best.cost, best.low, best.coarse = form, cost, low, coarse

        def rows(bits): return 6 << bits if bits <= 22 else NEVER
        def bits_of(count): return axis_bits(max(count, 1))
        def ceil_shift(x, by): return x + (1 << by) - 1 >> by
        quotient = 2 * n + costs[s] if s else 0
        listed = quotient + (0 if table.kind == RANGE else 2 * n) + n + (6 << table.log_size)
        consider("from table", listed if table.log_size <= 26 else NEVER - 1)
        if table.log_size <= 8 or table.log_size + s > 60:
            return best
        if table.kind == RANGE:
            consider("limbs", quotient + costs[table.log_size])
        if table.kind == PIECES:
            q, values = table.slope_shift, table.range_of_values()
            slope = 2 * n + costs[q] + costs[bits_of(width(values) + 1)] if q else 0
            consider("pieces", quotient + 8 * n + slope + n + costs[table.piece_bits] + n + rows(table.log_size - table.piece_bits))
        lo, hi = table.clamp_lo, table.clamp_hi
        if table.kind != CLAMP or hi < least or lo > most:
            return best
        if lo == hi:
            consider("constant", 0)
            return best
        below, above, inside = max(0, lo - least), max(0, most - hi), min(most, hi) - max(least, lo) + 1
        if hi == lo + 1:
            first, last = (least - hi) << s, ((most - hi + 1) << s) - 1
            for w in range(62):
                consider("step", (4 if w else 2) * n + n + costs[w] + rows(bits_of((last >> w) - (first >> w) + 1)), w)
        if below or above:
            for coarse in range(1, 45):
                bits = bits_of(inside + ceil_shift(below, coarse) + ceil_shift(above, coarse))
                if bits + coarse + s > 60:
                    continue
                for low in range(s + 1):
                    cost = (8 if low else 6) * n + 2 * n + costs[low] + rows(bits) + rows(s + coarse + 1 - low)
                    consider("coarse ends", cost, low, coarse)
        exact = below and above and inside & (inside - 1)
        value = 2 * n + (2 if exact else 1) * costs[bits_of(inside)] + costs[s]
        factor = n + (2 * n if s else 0)
        if not below and not above:
            consider("excess", value)
        elif not below or not above:
            consider("excess", value + factor + costs[bits_of(below + above + 1)])
        else:
            for low in range(table.log_size):
                ends = (4 if low else 2) * n + n + costs[low] + rows(bits_of((above >> low) + ceil_shift(below, low) + 1))
                consider("excess", value + factor + ends, low)
        return best

    def build(self):
        y = Tensor(self.like.atoms, self.like.per_axis)
        y.expr = getattr(self, self.how.form.replace(" ", "_"))()
        return y

    def column(self, what): return self.builder.witness(f"{self.node.name} {what}", self.like.atoms)
    def value_column(self): return self.builder.witness(self.node.name, self.like.atoms)
    def check_range(self, expr, bits): self.builder.check_range(self.node.name, self.like.atoms, expr, bits)
    def look_up(self, table, *entries): self.builder.look_up_entries(self.like.atoms, table, *entries)

    def rest(self, what, others):
        """The last part of X = acc + round = others + it."""
        half = self.unit // 2
        if self.known is not None:
            return self.known + half - others
        last = self.column(what)
        self.acc = others + last - half
        return last

    def check_remainder(self, others): self.check_range(self.rest("remainder", others), self.shift)

    def quotient(self):
        if self.shift == 0:
            return self.rest("quotient", Expr())
        h = self.column("quotient")
        self.check_remainder(h * self.unit)
        return h

    def from_table(self):
        h = self.quotient()
        if self.table.kind == RANGE:
            self.look_up(self.node.table, h)
            return h
        y = self.value_column()
        self.look_up(self.node.table, h, y)
        return y

    def limbs(self):
        h = self.quotient()
        self.check_range(h - self.table.first, self.table.log_size)
        return h

    def constant(self):
        self.rest("quotient", Expr())
        return Expr(self.table.clamp_lo % P)

    def sign_table(self, least, most, bits):
        first = least >> bits
        return self.builder.clamp_table(VALUES, first, axis_bits((most >> bits) - first + 1), -1, 0)

    def step(self):
        w, hi, how = self.how.low, self.table.clamp_hi, self.how
        others = Expr(hi * self.unit % P)
        if w:
            t = self.column("step")
            self.check_range(self.rest("step remainder", others + t * (1 << w)), w)
        else:
            t = self.rest("step", others)
        y = self.value_column()
        table = self.sign_table((how.least - hi) * self.unit, (how.most - hi + 1) * self.unit - 1, w)
        self.look_up(table, t, y - hi)
        return y

    def coarse_ends(self):
        s, how = self.shift, self.how
        w, c = s + how.coarse, how.low
        lo, hi = max(self.table.clamp_lo, how.least), min(self.table.clamp_hi, how.most)

        def beyond(x):
            if x < lo << s:
                return x - (lo << s) >> w
            return 0 if x < hi + 1 << s else (x - (hi + 1 << s) >> w) + 1
        x, y, outside = self.column("coarse quotient"), self.value_column(), self.column("outside")
        first, last = lo + beyond(how.least * self.unit), hi + beyond(how.most * self.unit + self.unit - 1)
        table = self.builder.clamp_table(OUTSIDE, first, axis_bits(last - first + 1), self.table.clamp_lo, self.table.clamp_hi)
        self.look_up(table, x, y, outside)
        others = y * self.unit + (x - y - outside) * (1 << w)
        if c:
            high = self.column("remainder top")
            self.check_range(self.rest("remainder", others + high * (1 << c)), c)
        else:
            high = self.rest("remainder", others)
        threshold = 1 << s - c
        self.look_up(self.builder.clamp_table(VALUES, -threshold, w + 1 - c, -1, 0), high - threshold, outside - 1)
        return y

    def excess(self):
        how, table = self.how, self.table
        below, above = how.least < table.clamp_lo, how.most > table.clamp_hi
        lo, hi = max(table.clamp_lo, how.least), min(table.clamp_hi, how.most)
        if not below and not above:
            h = self.quotient()
            self.check_value(h, lo, hi)
            return h
        y = self.value_column()
        self.check_value(y, lo, hi)
        if self.shift:
            e = self.column("excess")
            self.check_remainder((y + e) * self.unit)
        else:
            e = self.rest("excess", y)
        least, most = how.least - lo if below else 0, how.most - hi if above else 0
        if below and above:
            c, t = how.low, e
            if c:
                t = self.column("excess top")
                self.check_range(e - t * (1 << c), c)
            side = self.column("side")
            self.look_up(self.sign_table(least, most, c), t, side - 1)
            end = side * (hi - lo) + lo
        else:
            end = Expr((lo if below else hi) % P)
            self.check_range(e * (-1 if below else 1), axis_bits(most - least + 1))
        self.builder.multiply(self.like.atoms, Expr(), e, y - end)
        return y

    def check_value(self, y, lo, hi):
        bits = axis_bits(hi - lo + 1)
        slack = (1 << bits) - 1 - (hi - lo)
        if self.table.clamp_hi - hi >= slack:
            self.check_range(y - lo, bits)
        elif lo - self.table.clamp_lo >= slack:
            self.check_range(y * -1 + hi, bits)
        else:
            self.builder.check_interval(self.node.name, self.like.atoms, y, lo, hi)

    def pieces(self):
        table, builder = self.table, self.builder
        k, q = table.piece_bits, table.slope_shift
        if self.node.table not in builder.piece_tables:
            values = table.range_of_values()
            builder.piece_tables[self.node.table] = (builder.add_table(PIECE_LIST, table), values[0], axis_bits(width(values) + 1))
        index, least, bits = builder.piece_tables[self.node.table]
        t = self.column("piece")
        others = t * (self.unit << k) + table.first * self.unit
        if self.shift:
            low = self.column("low part")
            self.check_remainder(others + low * self.unit)
        else:
            low = self.rest("low part", others)
        self.check_range(low, k)
        slope, base = self.column("slope"), self.column("base")
        self.look_up(index, t, slope, base)
        y = self.value_column()
        scaled = (y - base) * (1 << q)
        if q:
            g = self.column("slope remainder")
            self.check_range(g, q)
            self.check_range(y - least, bits)
            scaled = scaled + g - (1 << q >> 1)
        builder.multiply(self.like.atoms, scaled, slope, low)
        return y


def whole_root(x, n):
    """floor(x^(1/n))."""
    low, high = 0, 1 << x.bit_length() // n + 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if middle**n <= x else (low, middle)
    return low


PRIMES = [n for n in range(2, 312) if all(n % d for d in range(2, n))]
SHA_ROUNDS = [whole_root(p << 96, 3) % 2**32 for p in PRIMES]
SHA_START = [whole_root(p << 64, 2) % 2**32 for p in PRIMES[:8]]


class Sha256:
    """The SHA-256 of a tensor's canonical bytes in the circuit (docs/circuit.md, "SHA-256")."""

    FIRST_A, FIRST_E, FIRST_W = 0, 68, 136
    WORD = 2**32

    def __init__(self, builder, i):
        self.builder, self.i, self.value = builder, i, builder.graph.values[i]
        self.tensor, self.name = without_unit_atoms(builder.tensors[i]), self.value.name + " sha256"
        self.entry_bytes, self.signed = entry_format(self.value)
        self.num_bytes = prod(self.value.shape) * self.entry_bytes
        self.blocks = (self.num_bytes + 8) // 64 + 1
        self.per_word = 16 if self.blocks < 150 else 8

    def column(self, what, shape): return self.builder.add_column(f"{self.name} {what}", WITNESS, shape)

    def add(self):
        builder, n = self.builder, self.blocks
        self.bits = self.column("bits", [n, 32, 200])
        self.choice = self.column("choice", [n, 16, 64])
        self.majority = self.column("majority", [n, self.per_word, 64])
        self.schedule = self.column("schedule", [n, self.per_word, 48])
        self.carries = self.column("carries", [n, 184])
        self.digest = self.column("digest", [1, 8])
        self.powers = builder.constant_column("powers of two", [32], [1 << k for k in range(32)])
        self.constants = builder.constant_column("sha256 round constants", [64], SHA_ROUNDS)
        self.start = builder.constant_column("sha256 start", [1, 8], SHA_START)
        bits = builder.whole(self.bits)
        builder.multiply([n, 32, 200], bits, bits, bits)
        self.add_lookups()
        self.add_rounds()
        self.add_states()
        self.add_message()

    @staticmethod
    def axis(box_axis, offset=0): return (offset, ((box_axis, 1),), ())

    def add_lookups(self):
        a, e, w = self.FIRST_A + 3, self.FIRST_E + 3, self.FIRST_W

        def of_round(row, turns, weight, plain):  # (is shifted, distance, row, weight)
            return [(False, turn, row, weight) for turn in turns] + [(False, 0, row - i, x) for i, x in enumerate(plain)]

        def parity(x): return x & 1
        def choice(d): return parity(d >> 3) + (d >> 1 & 1 if d & 4 else d & 1)
        def majority(d): return parity(d >> 2) + (d & 3 >= 2)
        def schedule(d): return parity(d >> 2) + parity(d & 3)
        small = [(False, 7, w + 1, 4), (False, 18, w + 1, 4), (True, 3, w + 1, 4),
                 (False, 17, w + 14, 1), (False, 19, w + 14, 1), (True, 10, w + 14, 1)]
        self.add_lookup(of_round(e, (6, 11, 25), 8, (4, 2, 1)), 5, choice, self.choice)
        self.add_lookup(of_round(a, (2, 13, 22), 4, (1, 1, 1)), 4, majority, self.majority)
        self.add_lookup(small, 4, schedule, self.schedule)

    def add_lookup(self, operands, digit_bits, value, out):
        box = self.builder.columns[out].shape
        length, views = box[1], []
        digits = 32 // length
        for digit in range(digits):
            for is_shifted, distance, row, weight in operands:
                coef, first = weight << digit_bits * digit, length * digit + distance
                starts = [first] if is_shifted else [first % 32, first % 32 - 32]
                views += [View(self.bits, coef, (self.axis(0), self.axis(1, start), self.axis(2, row)))
                          for start in starts if start < 32 and start + length > 0]
        log_size, mask = digit_bits * digits, (1 << digit_bits) - 1
        values = [sum(value(row >> digit_bits * d & mask) << length * d for d in range(digits)) for row in range(1 << log_size)]
        table = self.builder.explicit_table(log_size, values)
        self.builder.look_up_entries(box, table, Expr(0, tuple(views)), self.builder.whole(out))

    def bit_rows(self, coef, row): return View(self.bits, coef % P, (self.axis(0), self.axis(2), self.axis(1, row)))
    def sums(self, coef, column): return View(column, coef % P, (self.axis(0), self.axis(2), self.axis(1)))
    def carry(self, first): return View(self.carries, -self.WORD % P, (self.axis(0), self.axis(1, first)))

    def equation(self, rounds, terms, y):
        powers = Expr(0, (View(self.powers, 1, (self.axis(2),)),))
        self.builder.contract([self.blocks, rounds, 32], [A, A, K], y, Expr(0, tuple(terms)), powers)

    def add_rounds(self):
        a, e, w, rows = self.FIRST_A, self.FIRST_E, self.FIRST_W, self.bit_rows
        constants = View(self.constants, 1, (self.axis(1),))
        self.equation(64, [rows(1, e + 4), rows(-1, a), rows(-1, e), self.sums(-1, self.choice), rows(-1, w)],
                      Expr(0, (constants, self.carry(0))))
        self.equation(64, [rows(1, a + 4), rows(-1, e + 4), rows(1, a), self.sums(-1, self.majority)],
                      Expr(self.WORD, (self.carry(64),)))
        self.equation(48, [rows(1, w + 16), self.sums(-1, self.schedule), rows(-1, w + 9), rows(-1, w)],
                      Expr(0, (self.carry(128),)))
        carries = self.builder.whole(self.carries)
        self.builder.check_nonnegative(self.name + " carries", [self.blocks, 184], carries, 7, 16)

    def add_states(self):
        def state(coef, block, row):
            return View(self.bits, coef % P, (self.axis(0, block), self.axis(3), (row, ((1, self.FIRST_E), (2, 1)), ())))
        word = (3, ((1, 4), (2, -1)), ())
        y = (View(self.start, 1, (self.axis(0), word)), View(self.digest, P - 1, (self.axis(0, -self.blocks), word)),
             View(self.carries, -self.WORD % P, (self.axis(0, -1), (176, ((1, 4), (2, 1)), ()))))
        self.builder.contract([self.blocks + 1, 2, 4, 32], [A, A, A, K], Expr(0, y),
                              Expr(0, (state(1, 0, 0), state(-1, -1, 0), state(-1, -1, 64))),
                              Expr(0, (View(self.powers, 1, (self.axis(3),)),)))
        self.builder.public_tensors.append((self.i, (8,), Expr(0, (View(self.digest, 1, (NOWHERE, self.axis(0))),)), True))

    def add_message(self):
        builder, unit = self.builder, min(self.entry_bytes, 4)
        signed = self.signed and self.entry_bytes == unit
        units = self.num_bytes // unit
        words = self.column("words", [units])
        padding = b"\x80" + bytes(64 * self.blocks - self.num_bytes - 9) + struct.pack(">Q", 8 * self.num_bytes)
        values = [int.from_bytes(padding[i : i + unit], "little", signed=signed) for i in range(0, len(padding), unit)]
        padding_column = builder.constant_column(self.name + " padding", [len(values)], values)
        weights = [1 << k for k in range(8 * unit)]
        if signed:
            weights[-1] *= -1
        weights_column = builder.constant_column(self.name + " unit", [len(weights)], weights)
        box = [self.blocks, 16, 4 // unit, unit, 8]
        bits = View(self.bits, 1, (self.axis(0), (24, ((2, -8 * unit), (3, -8), (4, 1)), ()), self.axis(1, self.FIRST_W)))
        place = mixed_radix(0, box[:3])
        y = (View(words, 1, (place,)), View(padding_column, 1, (offset_by(place, -units),)))
        weight = View(weights_column, 1, ((0, ((3, 8), (4, 1)), ()),))
        builder.contract(box, [A, A, A, K, K], Expr(0, y), Expr(0, (bits,)), Expr(0, (weight,)))
        self.add_entries(words, unit)

    def add_entries(self, words, unit):
        builder, box, per_entry = self.builder, self.tensor.atoms, self.entry_bytes // unit
        index = mixed_radix(0, box, per_entry)
        entry = Expr(0, (View(words, 1, (index,)),))
        if per_entry == 2:
            high = Expr(0, (View(words, 1, (offset_by(index, 1),)),))
            entry = entry + high * self.WORD
            if self.signed:
                sign = builder.witness(self.name + " sign", box)
                builder.check_range(self.name + " sign", box, sign, 1)
                high = high - sign * self.WORD
                entry = entry - sign * (self.WORD - 1)
            builder.check_range(self.name + " high half", box, high + (self.WORD // 4 if self.signed else 0), 31)
        builder.equal_zero(box, entry - self.tensor.expr)


# ---- 6. Layout of columns in oracles, plan of the outer protocol (protocol 4, "Layout"; 6.2, 6.3)

BLOCK_SHARE = 3  # a block has at most 2^(d - this) rows, d the binary digits of an oracle's elements per lane


def cut_axis(n):
    """Pieces (begin, length, bits) of [0, n): powers of two, the rest padded once that wastes at most an eighth of the axis."""
    pieces, begin = [], 0
    while begin < n:
        left = n - begin
        up = axis_bits(left)
        if ((1 << up) - left) * 8 <= n:
            return pieces + [(begin, left, up)]
        down = left.bit_length() - 1
        pieces.append((begin, 1 << down, down))
        begin += 1 << down
    return pieces


def halved(pieces):
    """Every piece of an axis that has the most bits becomes two."""
    most, out = max(bits for _, _, bits in pieces), []
    for begin, length, bits in pieces:
        if bits < most:
            out.append((begin, length, bits))
            continue
        half = 1 << most - 1
        out.append((begin, min(half, length), most - 1))
        if length > half:
            out.append((begin + half, length - half, most - 1))
    return out


class Cuts:
    """How a box is cut in blocks: all combinations of one piece of each axis, row-major. order: axes, highest bits first."""

    def __init__(self, shape, limit, whole=False):
        self.order = sorted(range(len(shape)), key=lambda axis: shape[axis])
        small = whole or prod(shape) <= 512
        self.pieces = [[(0, n, axis_bits(n))] if small else cut_axis(n) for n in shape]
        def most(axis): return max(bits for _, _, bits in self.pieces[axis])
        while limit is not None and sum(map(most, self.order)) > limit:
            axis = next(axis for axis in self.order if most(axis) > 0)
            self.pieces[axis] = halved(self.pieces[axis])
        self.key = (tuple(self.order), tuple(map(tuple, self.pieces)))

    def blocks(self): return [list(block) for block in itertools.product(*self.pieces)]


def log_size(block): return sum(bits for _, _, bits in block)


class Layout:
    """Where the columns of one oracle are: cuts and places (lane, row) of the blocks, by column."""

    def __init__(self, circuit, oracle, log_lanes):
        own = [(i, column) for i, column in enumerate(circuit.columns) if column.oracle == oracle]
        per_lane = sum(prod(column.shape) for _, column in own) >> log_lanes
        limit, self.cuts, self.places, items = max(0, per_lane.bit_length() - BLOCK_SHARE), {}, {}, []
        for i, column in own:
            self.cuts[i] = Cuts(column.shape, limit)
            sizes = [1 << log_size(block) for block in self.cuts[i].blocks()]
            self.places[i] = [None] * len(sizes)
            items += [(size, i, number) for number, size in enumerate(sizes)]
        items.sort(key=lambda item: -item[0])
        lanes, largest = 1 << log_lanes, items[0][0] if items else 1
        height = max(1, -(-sum(item[0] for item in items) // lanes))
        height = -(-height // largest) * largest
        fill, first_open = [0] * lanes, 0
        for size, i, number in items:
            while fill[first_open] == height:
                first_open += 1
            lane = first_open
            while fill[lane] + size > height:
                lane += 1
            self.places[i][number] = (lane, fill[lane])
            fill[lane] += size
        self.rows = max(1, max(fill))


LOOKUP_LEAF, TABLE_LEAF, BLIND_LEAF = range(3)


class Plan:
    """Leaves, numbers of rounds, and the layout of the pads; appends the pad column to the circuit."""

    def __init__(self, circuit, zero_knowledge):
        self.leaves = []
        boxes = [tuples.box for _, tuples in circuit.lookups] + [table.tuples.box for table in circuit.tables if table.form == ROWS]
        others = 1 + sum(1 << table_bits(table) for table in circuit.tables if table.form != ROWS)

        def bits_of(whole):
            return axis_bits(others + sum(1 << log_size(block) for box in boxes for block in Cuts(box, None, whole).blocks()))
        whole = bits_of(True) <= bits_of(False)

        def add_box(kind, index, box):
            cuts = Cuts(box, None, whole)
            for block in cuts.blocks():
                self.leaves.append(SimpleNamespace(kind=kind, index=index, block=block, order=cuts.order, bits=log_size(block)))
        for i, (_, tuples) in enumerate(circuit.lookups):
            add_box(LOOKUP_LEAF, i, tuples.box)
        for i, table in enumerate(circuit.tables):
            if table.form == ROWS:
                add_box(TABLE_LEAF, i, table.tuples.box)
            else:
                self.leaves.append(SimpleNamespace(kind=TABLE_LEAF, index=i, block=[], order=[], bits=table_bits(table)))
        self.leaves.append(SimpleNamespace(kind=BLIND_LEAF, index=0, block=[], order=[], bits=0))
        self.leaves.sort(key=lambda leaf: -leaf.bits)
        used = 0
        for leaf in self.leaves:
            leaf.offset = used
            used += 1 << leaf.bits
        self.log_leaves = axis_bits(used)
        self.tau_bits, self.rounds, self.degree, self.sum_bits = 0, 0, 2, []
        for box, roles, *_ in circuit.contractions:
            bits = [axis_bits(n) for n in box]
            self.tau_bits = max(self.tau_bits, sum(b for b, role in zip(bits, roles) if role != K))
            self.sum_bits.append(sum(b for b, role in zip(bits, roles) if role in (C, K)))
            self.degree = 3 if any(b for b, role in zip(bits, roles) if role == C) else self.degree
        self.rounds = max(self.sum_bits, default=0)
        for box in [box for box, _ in circuit.equalities] + [box for _, box, _, _ in circuit.public_tensors]:
            self.tau_bits = max(self.tau_bits, sum(axis_bits(n) for n in box))
        n, triples = self.log_leaves, 3 * self.log_leaves + len(circuit.contractions)
        self.triples, self.triple_bits, self.zero_knowledge = triples, triples.bit_length(), zero_knowledge
        triple_rounds = self.triple_bits if triples else 0
        self.plain = n * (n - 1) + self.rounds * self.degree + 2 * triple_rounds if zero_knowledge else 0
        self.triple_rows = 1 << self.triple_bits if triples else 0
        self.pads = self.plain + 3 * self.triple_rows
        circuit.pad_column = circuit.add_column("pads", WITNESS, [3, max(1, self.pads)])


# ---- 7. Messages before the opening (protocol 5, 6.1 to 6.5)

class Form:
    """What is known of a hidden value: a constant and coefficients of pads (protocol 5)."""
    __slots__ = ("constant", "terms")

    def __init__(self, constant=ZERO, terms=None):
        self.constant, self.terms = constant, {} if terms is None else terms

    def add(self, other, factor=ONE):
        self.constant = add(self.constant, mul(other.constant, factor))
        for pad, coef in other.terms.items():
            coef = mul(coef, factor)
            self.terms[pad] = add(self.terms[pad], coef) if pad in self.terms else coef
        return self

    def times(self, factor): return Form().add(self, factor)


class Channel:
    """Reads messages in order, absorbs them, hands out pads and collects what has to be zero."""

    def __init__(self, messages, transcript, zero_knowledge):
        def fail(where): return self.rejected("truncated", where)
        self.reader, self.transcript, self.zero_knowledge = Reader(messages, fail), transcript, zero_knowledge
        self.next_pad, self.next_triple, self.constraints, self.part = 0, 0, [], ""

    def rejected(self, reason, where): return Rejected(reason, self.part + where)

    def clear(self, label):
        value = limbs(self.reader.raw(24, label))
        if value is None:
            raise self.rejected("non-canonical field element", label)
        self.transcript.fe(label, value)
        return value

    def digest(self, label):
        value = self.reader.raw(32, label)
        self.transcript.digest(label, value)
        return value

    def hidden(self, label, pad=None):
        """Under the next plain pad, or this one."""
        if pad is None:
            pad, self.next_pad = self.next_pad, self.next_pad + 1
        value = self.clear(label)
        return Form(value, {pad: (P - 1, 0, 0)} if self.zero_knowledge else {})

    def challenge(self, label): return self.transcript.challenge(label)

    def require_zero(self, label, form):
        if form.terms:
            self.constraints.append(form)
        elif form.constant != ZERO:
            raise self.rejected("sumcheck", label)

    def pow(self, label, bits):
        nonce = self.reader.number(">Q", label)
        if not self.transcript.pow_is_good(nonce, bits):
            raise self.rejected("proof of work", label)


def receive_round(channel, label, degree, offset, factor, claim):
    """claim += sum_j c_j (s^j - offset) factor."""
    coefs = [channel.hidden(label) for _ in range(degree)]
    s = channel.challenge(label)
    at = s
    for coef in coefs:
        claim.add(coef, mul(sub(at, offset), factor))
        at = mul(at, s)
    return s


def receive_outer(channel, circuit, plan):
    """All messages from "lookup alpha" to "delta"; what they leave to be shown."""
    out = SimpleNamespace(alpha=channel.challenge("lookup alpha"), beta=channel.challenge("lookup beta"))
    a_pads = plan.plain
    b_pads, c_pads = a_pads + plan.triple_rows, a_pads + 2 * plan.triple_rows

    def product_form(u, v, row):
        form = Form(mul(u, v))
        if channel.zero_knowledge:
            form.terms = {b_pads + row: sub(ZERO, u), a_pads + row: sub(ZERO, v), c_pads + row: ONE}
        return form

    def receive_product(label_u, label_v):
        row, channel.next_triple = channel.next_triple, channel.next_triple + 1
        u, v = channel.hidden(label_u, a_pads + row), channel.hidden(label_v, b_pads + row)
        return SimpleNamespace(u=u, v=v, uv=product_form(u.constant, v.constant, row), v_pad=b_pads + row)

    def copied_product(first, second):
        """Of the two values that were sent as v."""
        row, channel.next_triple = channel.next_triple, channel.next_triple + 1
        if channel.zero_knowledge:
            channel.require_zero("triple copy a", Form(ZERO, {a_pads + row: ONE, second.v_pad: (P - 1, 0, 0)}))
            channel.require_zero("triple copy b", Form(ZERO, {b_pads + row: ONE, first.v_pad: (P - 1, 0, 0)}))
        return product_form(second.v.constant, first.v.constant, row)

    # Lookups.
    q_root = channel.clear("lookup root")
    if q_root == ZERO:
        raise channel.rejected("zero denominator", "lookup root")
    p, q, point = Form(), Form(q_root), []
    for layer in range(plan.log_leaves):
        channel.part = f"lookup layer {layer} of {plan.log_leaves}: "
        child = min(layer, 9)  # the index bit that tells children apart
        rounds = []
        if layer > 0:
            weight = channel.challenge("lookup lambda")
            claim = Form().add(p).add(q, weight)
            # Round 0 binds index bit min(layer - 1, 9): the coordinates are most significant first.
            first = layer - 1 - min(layer - 1, 9)
            for z in [point[first]] + point[:first] + point[first + 1 :]:
                rounds.append(receive_round(channel, "lookup round", 2, z, ONE, claim))
        p0_q1, p1_q0 = receive_product("lookup p0", "lookup q1"), receive_product("lookup p1", "lookup q0")
        q_form = copied_product(p0_q1, p1_q0)
        p_form = Form().add(p0_q1.uv).add(p1_q0.uv)
        minus = (P - 1, 0, 0)
        if layer > 0:
            channel.require_zero("lookup layer", p_form.add(q_form, weight).add(claim, minus))
            first = layer - 1 - min(layer - 1, 9)
            rounds = rounds[1 : first + 1] + rounds[:1] + rounds[first + 1 :]
        else:
            channel.require_zero("lookup root p", p_form.add(p, minus))
            channel.require_zero("lookup root q", q_form.add(q, minus))
        r = channel.challenge("lookup r")
        p = Form().add(p0_q1.u, sub(ONE, r)).add(p1_q0.u, r)
        q = Form().add(p1_q0.v, sub(ONE, r)).add(p0_q1.v, r)
        point = rounds[: layer - child] + [r] + rounds[layer - child :]
        channel.transcript.note_claims(f"lookup layer {layer}", point=point, p=p.constant, q=q.constant)
    out.p, out.q, out.point, channel.part = p, q, point, ""

    # Contractions: plain rounds from the claim 0; each halves all that was before.
    out.tau = [channel.challenge("relations tau") for _ in range(plan.tau_bits)]
    out.gamma = channel.challenge("relations gamma")
    out.claim, out.rounds, half = Form(), [], of_int(HALF)
    for i in range(plan.rounds):
        factor = of_int(pow(HALF, plan.rounds - 1 - i, P))
        out.rounds.append(receive_round(channel, "relations round", plan.degree, half, factor, out.claim))
    channel.transcript.note_claims("relations", point=out.rounds, claim=out.claim.constant)
    out.operands = [receive_product("relations lhs", "relations rhs") for _ in circuit.contractions]

    # Triples.
    if channel.zero_knowledge and plan.triples:
        tau = [channel.challenge("zerocheck tau") for _ in range(plan.triple_bits)]
        claim, s = Form(), []
        for coordinate in tau:
            s.append(receive_round(channel, "zerocheck round", 2, coordinate, ONE, claim))
        a, b = channel.clear("zerocheck a"), channel.clear("zerocheck b")
        eq = eq_vector(s)

        def at_point(first): return Form(ZERO, {first + row: x for row, x in enumerate(eq)})
        minus = (P - 1, 0, 0)
        channel.require_zero("zerocheck a", at_point(a_pads).add(Form(a), minus))
        channel.require_zero("zerocheck b", at_point(b_pads).add(Form(b), minus))
        channel.require_zero("zerocheck claim", claim.add(at_point(c_pads)).add(Form(mul(a, b)), minus))
    out.messages = channel.constraints
    out.delta = channel.challenge("delta")
    return out


# ---- 8. Functionals at one point (protocol 4, 6.6, 7)

def eq_dot(a, b, count):
    """sum_{i < count} eq(a, i) eq(b, i)."""
    everything, below = ONE, ZERO
    for i, (x, y) in enumerate(zip(reversed(a), reversed(b))):
        one = mul(x, y)
        zero = add(sub(sub(ONE, x), y), one)
        below = add(mul(everything, zero), mul(below, one)) if count >> i & 1 else mul(below, zero)
        everything = mul(everything, add(zero, one))
    return everything if count >> len(a) else below


def eq_moments(point, end):
    """sum eq(point, row) and sum row eq(point, row) over the rows below `end`."""
    means, bits = [ZERO], len(point)
    for i, r in enumerate(reversed(point)):
        means.append(add(means[-1], scale(r, 1 << i)))
    if end >> bits:
        return ONE, means[-1]
    weight, first, prefix, worth = ZERO, ZERO, ONE, 0
    for left in reversed(range(bits)):
        with_one = mul(prefix, point[bits - 1 - left])
        with_zero = sub(prefix, with_one)
        if end >> left & 1:
            weight = add(weight, with_zero)
            first = add(first, mul(with_zero, add(means[left], of_int(worth))))
            prefix, worth = with_one, worth + (1 << left)
        else:
            prefix = with_zero
    return weight, first


class Weights:
    """Weights of an axis: values[i] at index begin + i; those of one Evaluation, which keeps its factors in them. A list, or eq(point, i) for i < length, listed when somebody asks."""

    def __init__(self, values=None, point=None, length=None, begin=0):
        self.listed, self.point, self.begin = values, point, begin
        self.length = len(values) if values is not None else length
        self.end = begin + self.length
        self.known_total, self.factors = None, {}

    @property
    def values(self):
        if self.listed is None:
            self.listed = eq_vector(self.point)[: self.length]
        return self.listed

    def total(self):
        if self.known_total is None:
            self.known_total = eq_moments(self.point, self.length)[0] if self.point is not None else total(self.values)
        return self.known_total

    def moment(self):
        """sum (begin + i) values[i]."""
        if self.point is not None:
            return add(eq_moments(self.point, self.length)[1], scale(self.total(), self.begin))
        return dot_ints(self.values, range(self.begin, self.end))


class Evaluation:
    """The sum of all constraints on columns, each with its power of delta, at the opening's point. lanes: by oracle, where its part
    of v_1 begins and the weights of its lanes; point: of v_1's index, lowest bit first."""

    def __init__(self, circuit, layouts, lanes, point):
        self.circuit, self.layouts, self.lanes, self.point = circuit, layouts, lanes, point
        self.value, self.eq_tables, self.vectors, self.block_weights, self.products = ZERO, {}, {}, {}, {}
        self.first_index, self.limbs = Weights([ONE]), Weights([(1, 0, 0), (0, 1, 0), (0, 0, 1)])

    # sum_{i in the piece} vector[i] eq(the point's bits from `position` on, i - the piece's begin)
    def factor(self, vector, piece, position):
        key = (piece, position)
        if key not in vector.factors:
            vector.factors[key] = self.new_factor(vector, piece, position)
        return vector.factors[key]

    def new_factor(self, vector, piece, position):
        piece_begin, length, bits = piece
        begin, end = max(piece_begin, vector.begin), min(piece_begin + length, vector.end)
        own = self.point[position : position + bits][::-1]
        first = begin - vector.begin
        if vector.point is not None and begin == piece_begin and len(vector.point) >= bits and first % (1 << bits) == 0:
            cut = len(vector.point) - bits
            above = product(eq_bit(r, first >> bits >> cut - 1 - i & 1) for i, r in enumerate(vector.point[:cut]))
            return mul(above, eq_dot(vector.point[cut:], own, end - begin))
        if (position, bits) not in self.eq_tables:
            self.eq_tables[position, bits] = eq_vector(own)
        table = self.eq_tables[position, bits]
        return dot(vector.values[first : end - vector.begin], table[begin - piece_begin :])

    def block_weight(self, column, number):
        """Its lane's weight, and the eq of the address bits above its own."""
        if (column, number) not in self.block_weights:
            oracle = self.circuit.columns[column].oracle
            begin, lanes = self.lanes[oracle]
            lane, row = self.layouts[oracle].places[column][number]
            block = self.layouts[oracle].cuts[column].blocks()[number]
            low, at = log_size(block), begin + row
            assert at % (1 << low) == 0, "blocks are aligned"
            above = product(eq_bit(r, at >> low + i & 1) for i, r in enumerate(self.point[low:]))
            self.block_weights[column, number] = mul(lanes[lane], above)
        return self.block_weights[column, number]

    def column_value(self, column, vectors):
        """<column, outer product of the vectors>."""
        cuts = self.layouts[self.circuit.columns[column].oracle].cuts[column]
        key = (cuts.key, tuple(map(id, vectors)))
        if key not in self.products:
            self.products[key] = (self.block_products(cuts, vectors), {}, vectors)
        blocks, known, _ = self.products[key]
        if column not in known:
            known[column] = dot([x for _, x in blocks], [self.block_weight(column, number) for number, _ in blocks])
        return known[column]

    def block_products(self, cuts, vectors):
        hits = [[(i, piece) for i, piece in enumerate(pieces) if piece[0] < vector.end and vector.begin < piece[0] + piece[1]]
                for pieces, vector in zip(cuts.pieces, vectors)]
        out = []
        for choice in itertools.product(*hits):
            number, position, value = 0, 0, ONE
            for pieces, (i, _) in zip(cuts.pieces, choice):
                number = number * len(pieces) + i
            for axis in reversed(cuts.order):
                piece = choice[axis][1]
                value = mul(value, self.factor(vectors[axis], piece, position))
                position += piece[2]
            out.append((number, value))
        return out

    def constant_value(self, column, vectors):
        values = [of_int(x) for x in column.constants]
        for vector, n in reversed(list(zip(vectors, column.shape))):
            part = slice(vector.begin, min(vector.end, n))
            values = [dot(values[i : i + n][part], vector.values) for i in range(0, len(values), n)]
        return values[0]

    def axis_vector(self, index, weights, length):
        """The vector on a column's axis of this length: the correlation of the weights that feed it."""
        offset, terms, sums = index
        if offset == 0 and not sums and len(terms) == 1 and terms[0][1] == 1 and weights[terms[0][0]].end <= length:
            return weights[terms[0][0]]
        used = [weights[axis] for axis, _ in terms]
        key = (index, tuple(map(id, used)), length)
        if key not in self.vectors:
            taps = [(offset, ONE)]
            for (_, stride), w in zip(terms, used):
                listed = [(stride * (w.begin + i), x) for i, x in enumerate(w.values)]
                taps = [(at + by, mul(x, y) if x is not ONE else y) for at, x in taps for by, y in listed]
            for n, stride in sums:
                taps = [(at + stride * i, x) for at, x in taps for i in range(n)]
            taps = [(at, x) for at, x in taps if 0 <= at < length]
            begin, end = min((at for at, _ in taps), default=0), max((at for at, _ in taps), default=-1) + 1
            values = [ZERO] * (end - begin)
            for at, x in taps:
                values[at - begin] = x if values[at - begin] is ZERO else add(values[at - begin], x)
            self.vectors[key] = (Weights(values, begin=begin), used)
        return self.vectors[key][0]

    def constraint(self, weight, expr, weights):
        """Adds weight * sum_i prod_b weights_b[i_b] expr(i), but for its constant part, which it returns (times weight)."""
        totals = [w.total() for w in weights]
        constant = scale(product(totals), expr.constant)
        for axis, coef in expr.slopes:
            others = product(t for b, t in enumerate(totals) if b != axis)
            constant = add(constant, scale(mul(weights[axis].moment(), others), coef))
        for view in expr.views:
            column = self.circuit.columns[view.column]
            read = {axis for _, terms, _ in view.axes for axis, _ in terms}
            factor = scale(product(t for b, t in enumerate(totals) if b not in read), view.coef)
            vectors = [self.axis_vector(index, weights, n) for index, n in zip(view.axes, column.shape)]
            if any(vector.length == 0 for vector in vectors):
                continue
            if column.oracle == CONSTANT:
                constant = add(constant, mul(factor, self.constant_value(column, vectors)))
            else:
                self.add_term(mul(weight, factor), view.column, vectors)
        return mul(weight, constant)

    def add_term(self, coef, column, vectors):
        self.value = add(self.value, mul(coef, self.column_value(column, vectors)))

    def forget(self):
        """What the next relation will not need."""
        self.vectors, self.products = {}, {}


def box_weights(box, point):
    out, at = [], 0
    for n in box:
        bits = axis_bits(n)
        out.append(Weights(point=point[at : at + bits], length=n))
        at += bits
    return out


def contraction_weights(box, roles, tau, point, first_index):
    """Weights for y, lhs and rhs, and eq(tau, point) over the axes c."""
    y, lhs, rhs, shared, at_tau, at_sum = [], [], [], ONE, 0, 0
    for n, role in zip(box, roles):
        bits = axis_bits(n)
        own_tau = Weights(point=tau[at_tau : at_tau + bits], length=n) if role != K else first_index
        y.append(own_tau)
        if role in (C, K):
            own = Weights(point=point[at_sum : at_sum + bits], length=n)
            lhs.append(own)
            rhs.append(own)
            if role == C:
                shared = mul(shared, eq_dot(tau[at_tau : at_tau + bits], point[at_sum : at_sum + bits], 1 << bits))
            at_sum += bits
        else:
            lhs.append(own_tau if role == A else first_index)
            rhs.append(own_tau if role == B else first_index)
        at_tau += bits if role != K else 0
    return y, lhs, rhs, shared


def leaf_prefix(leaf, point):
    """The eq of the address bits above the leaf block's own."""
    cut = len(point) - leaf.bits
    return product(eq_bit(r, leaf.offset >> len(point) - 1 - i & 1) for i, r in enumerate(point[:cut]))


def evaluate_outer(circuit, plan, outer, public_values, evaluation, note):
    """Adds all constraints (protocol 6.6) to the evaluation; returns mu. note: is told value and mu after each relation."""
    powers, pads = [ONE], [ZERO] * plan.pads
    contractions, equalities = len(circuit.contractions), len(circuit.equalities)
    for _ in range(3 + 2 * contractions + equalities + len(circuit.public_tensors) + len(outer.messages)):
        powers.append(mul(powers[-1], outer.delta))
    mu = ZERO

    def add_form(number, form):
        """A form that a constraint adds to its terms."""
        nonlocal mu
        mu = sub(mu, mul(form.constant, powers[number]))
        for pad, coef in form.terms.items():
            pads[pad] = add(pads[pad], mul(coef, powers[number]))

    def add_expr(number, factor, expr, weights):
        nonlocal mu
        mu = sub(mu, evaluation.constraint(mul(powers[number], factor), expr, weights))

    def done(what, number=None):
        note(what if number is None else f"{what} {number}", value=evaluation.value, mu=mu)

    # Leaves: constraints 0 and 1.
    minus = (P - 1, 0, 0)
    add_form(0, outer.p.times(minus))
    add_form(1, Form(ONE).add(outer.q, minus))
    by_lookup, by_table = {}, {}
    for leaf in plan.leaves:
        leaf.prefix = leaf_prefix(leaf, outer.point)
        own = outer.point[len(outer.point) - leaf.bits :]
        if leaf.kind == BLIND_LEAF:
            add_form(1, Form(sub(ZERO, leaf.prefix)))
            evaluation.add_term(mul(powers[1], leaf.prefix), circuit.blind, [evaluation.limbs])
        elif leaf.kind == LOOKUP_LEAF:
            by_lookup.setdefault(leaf.index, []).append(leaf)
        elif circuit.tables[leaf.index].form == ROWS:
            by_table.setdefault(leaf.index, []).append(leaf)
        else:
            table = circuit.tables[leaf.index]
            q, beta, rows = sub(outer.alpha, of_int(leaf.index + 1)), outer.beta, None
            for entry in range(tuple_size(table)):
                lines = table_lines(table, entry)
                if lines is None:
                    rows = rows or eq_vector(own)
                    value = dot_ints(rows, table_list(table, entry))
                else:
                    value, before = ZERO, (ZERO, ZERO)
                    for end, start, rises in lines:
                        reached = eq_moments(own, end)
                        value = add(value, scale(sub(reached[0], before[0]), start))
                        value = add(value, sub(reached[1], before[1])) if rises else value
                        before = reached
                q, beta = sub(q, mul(beta, value)), mul(beta, outer.beta)
            add_form(1, Form(mul(leaf.prefix, q)))
            counts = Weights(point=own, length=1 << len(own))
            evaluation.add_term(sub(ZERO, mul(powers[0], leaf.prefix)), table.multiplicity, [counts])
            done("table", leaf.index)
    evaluation.forget()

    def add_tuples(tuples, tag, numerator, leaves, axis_weights):
        runs, step = [], outer.beta
        for n in reversed(tuples.run_box):
            values = [ONE]
            while len(values) < n:
                values.append(mul(values[-1], step))
            step = mul(values[-1], step)
            runs.insert(0, Weights(values))
        covered = ZERO
        for leaf in leaves:
            weights, cut = [None] * len(leaf.block), len(outer.point) - leaf.bits
            for axis in leaf.order:
                begin, length, bits = leaf.block[axis]
                key = (axis, begin, bits, cut)
                if key not in axis_weights:
                    axis_weights[key] = Weights(point=outer.point[cut : cut + bits], length=length, begin=begin)
                weights[axis] = axis_weights[key]
                cut += bits
            covered = add(covered, mul(leaf.prefix, product(w.total() for w in weights)))
            beta = sub(ZERO, mul(leaf.prefix, outer.beta))
            for entry in tuples.entries:
                add_expr(1, beta, entry, weights)
                beta = mul(beta, outer.beta)
            if tuples.run_box:
                add_expr(1, beta, tuples.run, weights + runs)
            add_expr(0, leaf.prefix, numerator, weights)
        add_form(1, Form(mul(covered, sub(outer.alpha, of_int(tag + 1)))))

    last_box, axis_weights = None, {}
    for i, (table, tuples) in enumerate(circuit.lookups):
        if tuples.box != last_box:
            last_box, axis_weights = tuples.box, {}
            evaluation.forget()
        add_tuples(tuples, table, Expr(1), by_lookup[i], axis_weights)
        done("lookup", i)
    for i, leaves in sorted(by_table.items()):
        table = circuit.tables[i]
        evaluation.forget()
        add_tuples(table.tuples, i, circuit.whole(table.multiplicity) * -1, leaves, {})
        done("table", i)

    # Contractions: constraints 2 .. 2 C + 1, then the end of their sumcheck.
    end, gamma = 2 + 2 * contractions, ONE
    add_form(end, outer.claim)
    for i, (box, roles, y, lhs, rhs) in enumerate(circuit.contractions):
        evaluation.forget()
        point = outer.rounds[plan.rounds - plan.sum_bits[i] :]
        of_y, of_lhs, of_rhs, shared = contraction_weights(box, roles, outer.tau, point, evaluation.first_index)
        operands = outer.operands[i]
        add_expr(end, scale(gamma, pow(HALF, plan.rounds, P)), y, of_y)
        weight = mul(scale(gamma, pow(HALF, plan.rounds - plan.sum_bits[i], P)), shared)
        add_form(end, operands.uv.times(sub(ZERO, weight)))
        add_form(2 + 2 * i, operands.u.times(minus))
        add_expr(2 + 2 * i, ONE, lhs, of_lhs)
        add_form(3 + 2 * i, operands.v.times(minus))
        add_expr(3 + 2 * i, ONE, rhs, of_rhs)
        gamma = mul(gamma, outer.gamma)
        done("contraction", i)
    number = end + 1
    for i, (box, expr) in enumerate(circuit.equalities):
        evaluation.forget()
        add_expr(number, ONE, expr, box_weights(box, outer.tau))
        done("equality", i)
        number += 1
    for (_, box, expr, _), values in zip(circuit.public_tensors, public_values):
        evaluation.forget()
        weights = box_weights(box, outer.tau)
        add_expr(number, ONE, expr, weights)
        sums = [of_int(x) for x in values]
        for w, n in reversed(list(zip(weights, box))):
            sums = [dot(w.values, sums[i : i + n]) for i in range(0, len(sums), n)]
        add_form(number, Form(sub(ZERO, sums[0])))
        done("public values", number)
        number += 1
    for form in outer.messages:
        add_form(number, form)
        number += 1
    evaluation.forget()
    if pads:
        evaluation.add_term(ONE, circuit.pad_column, [evaluation.limbs, Weights(pads)])
    done("pads")
    return mu


# ---- 9. The opening (protocol 3, 7)

class Oracle(NamedTuple):
    rows: int
    random: int
    log_lanes: int
    log_domain: int
    queries: int

    @property
    def dimension(self): return self.rows + self.random

    @property
    def block_bits(self): return max(0, self.rows.bit_length() - BLOCK_SHARE)


NO_ORACLE = Oracle(0, 0, 0, 0, 0)


class Parameters:
    """Of an opening (docs/formats/key.md); `data` are their bytes."""

    def __init__(self, data):
        def fail(what): return BadInput("opening parameters end early")
        reader = Reader(data, fail)
        def oracle(): return Oracle(*struct.unpack("<QQBBI", reader.raw(22)))
        self.data, self.bits, self.decoding, zero_knowledge, self.pow_bits, self.profile = data, *struct.unpack("<IBBBB", reader.raw(8))
        self.budget, has_model = reader.u64(), reader.u8()
        self.model, self.witness = oracle(), oracle()
        self.folds = [oracle() for _ in range(self.bounded(reader.u8(), 12, "folds"))]
        self.mask = oracle()
        self.data_oracles = [(oracle(), reader.u64()) for _ in range(self.bounded(reader.u8(), 16, "data oracles"))]
        self.zero_knowledge, self.has_model = zero_knowledge == 1, has_model == 1
        if reader.left() or max(zero_knowledge, has_model) > 1:
            raise BadInput("opening parameters: bytes after their end, or a bad flag")
        self.validate()

    @staticmethod
    def bounded(x, most, what):
        if x > most:
            raise BadInput(f"opening parameters: {x} {what}, at most {most}")
        return x

    @staticmethod
    def check_oracle(name, oracle, least_lanes, most_lanes, hides, random):
        fits = 1 <= oracle.rows <= 2**32 and oracle.random <= 2**32 and least_lanes <= oracle.log_lanes <= most_lanes
        fits = fits and oracle.log_domain <= 32 and oracle.dimension < 1 << oracle.log_domain
        fits = fits and 1 <= oracle.queries <= min(4096, (1 << oracle.log_domain) - 1)
        if not fits or (oracle.random < random if hides else oracle.random != 0):
            raise BadInput(f"opening parameters: {name}: {oracle}")

    def validate(self):
        def check(condition, what):
            if not condition:
                raise BadInput(f"opening parameters: {what}")
        check(1 <= self.bits <= 128 and self.pow_bits <= 32 and self.pow_bits < self.bits, "bits")
        check(self.decoding <= 1 and self.profile <= 2, "decoding or profile")
        check(self.budget <= 2**32 and (self.budget == 0 or (self.has_model and self.zero_knowledge)), "budget")
        for name, oracle, budget in [("model", self.model, self.budget)] * self.has_model + [
                ("data", oracle, budget) for oracle, budget in self.data_oracles]:
            check(budget <= 2**32 and (budget == 0 or self.zero_knowledge), "budget")
            self.check_oracle(name, oracle, 0, 10, budget > 0, budget * oracle.queries + 4)
        check(self.has_model or self.model == NO_ORACLE, "a model oracle that is unused")
        self.check_oracle("witness", self.witness, 0, 10, self.zero_knowledge, self.witness.queries + 1)
        for fold in self.folds:
            self.check_oracle("fold", fold, 1, 6, self.zero_knowledge, fold.queries + 1)
        self.fold_bits = sum(fold.log_lanes for fold in self.folds)
        check(self.fold_bits <= 40, "lanes of all folds")
        # (oracle, where its part of v_1 begins, where the next one does)
        self.bases, end = [], 0
        for oracle in [self.model] * self.has_model + [oracle for oracle, _ in self.data_oracles] + [self.witness]:
            bits = min(max(self.fold_bits, oracle.block_bits), 62)
            begin = -(-end >> bits) << bits if end else 0
            begin = (end + (1 << bits) - 1) >> bits << bits
            if self.bases:
                self.bases[-1][2] = begin
            end = begin + oracle.dimension
            self.bases.append([oracle, begin, end])
        self.first_rounds = max(oracle.log_lanes for oracle, _, _ in self.bases)
        self.sizes = [end] + [fold.dimension for fold in self.folds]  # of v_1, .., v_(I+1)
        for fold, size in zip(self.folds, self.sizes):
            rows = -(-size >> fold.log_lanes)
            check(rows <= fold.rows <= 2 * rows, f"a fold of {size} entries: {fold}")
        self.final_rounds = axis_bits(self.sizes[-1])
        hidden = 2 * (self.first_rounds + self.fold_bits + self.final_rounds) + len(self.folds) + self.sizes[-1]
        check(hidden <= 2**16, "hidden elements")
        if self.zero_knowledge:
            self.check_oracle("mask", self.mask, 0, 0, True, self.mask.queries + 2)
            check(self.mask.rows == hidden, f"mask rows, expected {hidden}")
        else:
            check(self.mask == NO_ORACLE, "a mask that is unused")


def domain_point(oracle, row):
    w = pow(7, (P - 1) >> oracle.log_domain, P)
    reverse = int(format(row, f"0{oracle.log_domain}b")[::-1], 2) if oracle.log_domain else 0
    return 7 * pow(w, reverse, P) % P


def multiproof_size(log_leaves, indices):
    count, nodes = 0, list(indices)
    for _ in range(log_leaves):
        parents = sorted({node >> 1 for node in nodes})
        count += 2 * len(parents) - len(nodes)
        nodes = parents
    return count


def merkle_root(log_leaves, indices, rows, siblings):
    siblings, digests = iter(siblings), dict(zip(indices, keccak256_many([b"\0" + row for row in rows])))
    for _ in range(log_leaves):
        parents, pairs = [], []
        for node in sorted(digests):
            if not parents or parents[-1] != node >> 1:
                pair = (digests[node], digests[node ^ 1] if node ^ 1 in digests else next(siblings))
                parents.append(node >> 1)
                pairs.append(b"\1" + b"".join(pair if node % 2 == 0 else reversed(pair)))
        digests = dict(zip(parents, keccak256_many(pairs)))
    return digests[0]


def receive_rows(channel, label, oracle, row_values, root, indices):
    """The opened rows, each a tuple of elements of F."""
    data = channel.reader.raw(len(indices) * 8 * row_values, label)
    proof = channel.reader.raw(32 * multiproof_size(oracle.log_domain, indices), label)
    if limbs(data) is None:
        raise channel.rejected("non-canonical field element", label)
    rows = [data[i : i + 8 * row_values] for i in range(0, len(data), 8 * row_values)]
    siblings = [proof[i : i + 32] for i in range(0, len(proof), 32)]
    if merkle_root(oracle.log_domain, indices, rows, siblings) != root:
        raise channel.rejected("merkle path", label)
    return [limbs(row) for row in rows]


def elements(row): return [row[i : i + 3] for i in range(0, len(row), 3)]


def range_sum(point, begin, end, base):
    """sum_{begin <= j < end} eq(point, j) base^(j - begin), point[0] for the lowest bit of j."""
    def from_on(first):
        """sum_{j >= first} eq(point, j) base^(j - first), from the low bits up."""
        if first >> len(point):
            return ZERO
        result, everything, at, gap = ONE, ONE, base, base  # of the bits so far; base^(2^i); base^(2^i - first mod 2^i)
        for i, r in enumerate(point):
            above = mul(r, everything)
            if first >> i & 1:
                result = mul(r, result)
            else:
                result = add(sub(result, mul(r, result)), mul(above, gap))
                gap = mul(gap, at)
            everything = add(sub(everything, above), mul(above, at))
            at = mul(at, at)
        return result
    if end >> len(point):
        return from_on(begin)
    return sub(from_on(begin), mul(power(base, end - begin), from_on(end)))


class OpeningVerifier:
    def __init__(self, parameters, roots, pin, pins, channel):
        """pins: by base oracle, None or (point, coefficient): coefficient sum_j point^j e_j is part of the claim."""
        self.parameters, self.roots, self.pin, self.channel = parameters, roots, pin, channel
        self.claim, self.scale = Form(), 1  # the claim without mu, times 2^rounds
        self.functionals = []  # (first bit, begin, end, base, coefficient): powers of base over a range of some v_i
        self.point = []  # of v_1's index, lowest bit first
        self.pins = pins

    def rounds(self, count, part="opening"):
        point = []
        for _ in range(count):
            c1, c2 = self.channel.hidden(part + " c1"), self.channel.hidden(part + " c2")
            s = self.channel.challenge("opening s")
            twice = add(s, s)
            self.claim.add(c1, scale(sub(twice, ONE), self.scale))
            self.claim.add(c2, scale(sub(mul(twice, s), ONE), self.scale))
            self.scale = 2 * self.scale % P
            point.append(s)
        return point

    def add_to_claim(self, form, coef): self.claim.add(form, scale(coef, self.scale))

    def first_rounds(self):
        parameters = self.parameters
        self.channel.part = "opening, lanes: "
        point = self.rounds(parameters.first_rounds)
        self.lanes = []  # by base oracle: the eq of the lanes
        self.lane_scales = []
        for (oracle, begin, _), pin in zip(parameters.bases, self.pins):
            skipped = parameters.first_rounds - oracle.log_lanes
            self.lanes.append(eq_vector(point[skipped:]))
            self.lane_scales.append(pow(HALF, skipped, P))
            if pin:
                base, coef = pin
                over_lanes = range_sum(point[skipped:][::-1], 0, 1 << oracle.log_lanes, power(base, oracle.dimension))
                coef = scale(mul(coef, over_lanes), self.lane_scales[-1])
                self.functionals.append((0, begin, begin + oracle.dimension, base, coef))

    def query(self, stage):
        """Opens rows of what stage `stage` folds: (range, point, value)."""
        parameters, channel, opened = self.parameters, self.channel, []
        channel.pow("opening nonce", parameters.pow_bits)
        last = len(parameters.folds)
        end = 1 << parameters.final_rounds if stage == last else parameters.folds[stage].rows << parameters.folds[stage].log_lanes
        if stage > 0:
            fold = parameters.folds[stage - 1]
            targets = [("fold rows", fold, 3 << fold.log_lanes, self.fold_root, self.fold_lanes, (0, end))]
        else:
            targets = []
            for i, ((oracle, begin, after), root, lanes) in enumerate(zip(parameters.bases, self.roots, self.lanes)):
                is_last = i + 1 == len(parameters.bases)
                label = "witness rows" if is_last else "model rows" if parameters.has_model and i == 0 else "data rows"
                targets.append((label, oracle, 1 << oracle.log_lanes, root, lanes, (begin, end if is_last else after)))
        drawn = [channel.transcript.indices("opening queries", t[1].queries, t[1].log_domain) for t in targets]
        for (label, oracle, values, root, lanes, span), indices in zip(targets, drawn):
            rows = receive_rows(channel, label, oracle, values, root, indices)
            for index, row in zip(indices, rows):
                value = dot_ints(lanes, row) if stage == 0 else dot(lanes, elements(row))
                opened.append((span, domain_point(oracle, index), value))
        return opened

    def zero_ranges(self, stage):
        """Entries of v_(stage + 1) that are pinned to zero."""
        parameters, ranges = self.parameters, []
        if stage == 0:
            ranges += [(begin + oracle.dimension, end) for oracle, begin, end in parameters.bases]
        if stage < len(parameters.folds):
            fold = parameters.folds[stage]
            ranges.append((parameters.sizes[stage], fold.rows << fold.log_lanes))
        return [(begin, end) for begin, end in ranges if begin < end]

    def add_constraints(self, stage, opened, xi, coef):
        first_bit = len(self.point)
        for (begin, end), x, value in opened:
            coef = mul(coef, xi)
            self.functionals.append((first_bit, begin, end, of_int(x), coef))
            self.add_to_claim(Form(value), coef)
        for begin, end in self.zero_ranges(stage):
            self.functionals.append((first_bit, begin, end, xi, mul(coef, xi)))
            coef = mul(coef, power(xi, end - begin))

    def fold(self, i):  # g_(i + 1)
        channel, oracle = self.channel, self.parameters.folds[i]
        channel.part = f"opening, fold {i + 1}: "
        root = channel.digest("fold root")
        zeta = channel.challenge("fold zeta")
        y = channel.hidden("fold out of domain")
        opened = self.query(i)
        xi = channel.challenge("fold xi")
        self.add_to_claim(y, xi)
        self.functionals.append((len(self.point), 0, oracle.dimension << oracle.log_lanes, zeta, xi))
        self.add_constraints(i, opened, xi, xi)
        point = self.rounds(oracle.log_lanes)
        self.fold_lanes, self.fold_root = eq_vector(point[::-1]), root
        self.point += point

    def final(self):
        channel, parameters = self.channel, self.parameters
        channel.part = "opening, end: "
        vector = [channel.hidden("final vector") for _ in range(parameters.sizes[-1])]
        opened = self.query(len(parameters.folds))
        xi = channel.challenge("final xi")
        self.add_constraints(len(parameters.folds), opened, xi, ONE)
        point = self.rounds(parameters.final_rounds, "final")
        self.final_value = Form()
        for form, weight in zip(vector, eq_vector(point)):
            self.final_value.add(form, weight)
        self.point += point[::-1]

    def receive_mask(self):
        channel, mask = self.channel, self.parameters.mask
        channel.part = "opening, mask: "
        mu_s = channel.clear("mask product")
        eta = channel.challenge("mask eta")
        response = [channel.clear("mask response") for _ in range(mask.dimension)]
        z, x, s = self.pin
        if horner(response, z) != add(s, mul(eta, x)):
            raise channel.rejected("opening", "mask pin")
        channel.pow("opening nonce", self.parameters.pow_bits)
        indices = channel.transcript.indices("mask queries", mask.queries, mask.log_domain)
        rows = receive_rows(channel, "mask rows", mask, 6, self.mask_root, indices)
        for index, row in zip(indices, rows):
            x = domain_point(mask, index)
            powers = [1]
            while len(powers) < len(response):
                powers.append(powers[-1] * x % P)
            if dot_ints(response, powers) != add(row[3:], mul(eta, row[:3])):
                raise channel.rejected("mask code word", "mask rows")
        return mu_s, eta, response

    def run(self, mask_root, evaluate):
        """evaluate(lanes, point) gives mu and the claim's functional there."""
        self.mask_root = mask_root
        self.first_rounds()
        for i in range(len(self.parameters.folds)):
            self.fold(i)
        self.final()
        if self.parameters.zero_knowledge:
            mu_s, eta, response = self.receive_mask()
        if self.channel.reader.left():
            raise Rejected("trailing bytes", "opening")
        lanes = [(begin, [scale(x, factor) for x in lanes])
                 for (_, begin, _), lanes, factor in zip(self.parameters.bases, self.lanes, self.lane_scales)]
        mu, u = evaluate(lanes, self.point)
        for first_bit, begin, end, base, coef in self.functionals:
            u = add(u, mul(coef, range_sum(self.point[first_bit:], begin, end, base)))
        left = pow(self.scale, -1, P)
        form = self.final_value.times(u)
        form.add(self.claim, of_int(-left)).add(Form(mu), of_int(-left))
        self.channel.transcript.note_claims("opening", point=self.point, mu=mu, u=u, v=self.final_value.constant, form=form.constant)
        if not self.parameters.zero_knowledge:
            if form.constant != ZERO:
                raise Rejected("final check", "final vector")
            return
        masked = ZERO
        for pad, coef in form.terms.items():
            masked = add(masked, mul(response[pad], coef))
        if masked != sub(mu_s, mul(eta, form.constant)):
            raise Rejected("opening", "mask response")


# ---- 10. How many bits parameters prove (docs/soundness.md; terms: docs/security.md)

# log2 of the inverse of the largest probability of one challenge, a little below log2 |K|.
CHALLENGE_BITS = 3 * (64 + log1p(-(2.0**-32) + 2.0**-64) / log1p(1) - log1p(2.0**-21) / log1p(1))
SLACK = 2.0**-30  # of logarithms that are doubles


def fraction(count): return log2(count) - CHALLENGE_BITS if count > 0 else -inf
def bits_of_error(error): return inf if error == -inf else max(0.0, -error - SLACK)


def log2_sum(*errors):
    high = max(errors)
    return high if high == -inf else high + log2(sum(exp2(error - high) for error in errors))


class Code:
    """The radius that is used of one code, its list, the error of folding a pair of lanes, and that of its queries."""

    def __init__(self, oracle, is_unique, fold_bits, most=200):
        self.oracle, self.is_unique = oracle, is_unique
        pairs = max(0, oracle.log_lanes - 1)
        def fits(s): return self.set(s) and self.fold + pairs <= -fold_bits
        low, high = 3, max(most, 3)
        if not is_unique and not fits(high):
            while low + 1 < high:
                middle = (low + high) // 2
                low, high = (middle, high) if fits(middle) else (low, middle)
            high = low
        self.is_usable = self.set(high)

    def set(self, s):
        """The bounds with multiplicity s; whether there is a radius."""
        size, dimension = 1 << self.oracle.log_domain, self.oracle.dimension
        rate = dimension / size
        self.list, self.fold, self.agreement = 0.0, 0.0, 1.0
        if self.is_unique:
            self.agreement, bad = (1 + rate) / 2, size
        else:
            agreement = sqrt(rate) * (1 + 1 / s)
            if agreement >= 1:
                return False
            self.agreement, self.list = agreement, max(0.0, log2(s / (2 * rate)))
            h, degree = s + 0.5, (dimension - 1) / size
            if dimension > 1:
                bad = (2 * h**5 + 3 * h * (1 - agreement) * rate) * size / (3 * degree * sqrt(degree)) + h / sqrt(degree)
        self.fold = fraction(size * (size - 1) / 2 if dimension == 1 else bad)
        return True

    def queries(self, pow_bits):
        size, missed, i = 1 << self.oracle.log_domain, 1.0, 0
        agreeing = floor(self.agreement * size)
        if not self.is_usable:
            return -pow_bits
        while i < self.oracle.queries and missed > 2.0**-900:
            missed *= max(0, agreeing - i) / (size - i)
            i += 1
        return log2(max(missed, 2.0**-900)) - pow_bits

    def identity(self):
        """Two members of the list with one out-of-domain value."""
        if self.list <= 0:
            return -inf
        return 2 * self.list - 1 + log2(self.oracle.dimension) + self.oracle.log_lanes + fraction(1)


class Soundness:
    """Terms (label, bits, rounds, bits of all rounds) of a statement's parameters."""

    def __init__(self, circuit, parameters):
        self.terms, self.hiding, self.claimed = [], [], parameters.bits
        plan, unique, margin = circuit.plan, parameters.decoding == 1, parameters.bits + 1.595
        oracles, pow_bits = [oracle for oracle, _, _ in parameters.bases], parameters.pow_bits
        num_data, has_model = len(parameters.data_oracles), parameters.has_model
        names = ["M"] * has_model + [f"D_{i + 1}" for i in range(num_data)] + ["W"]
        codes = []
        for name, oracle in zip(names, oracles):
            if name[0] != "D":
                codes.append(Code(oracle, unique, margin))
                continue
            rate = oracle.dimension / (1 << oracle.log_domain)
            most = 200 if unique or num_data == 1 else max(3, min(200, floor(2 * rate * 2**6)))
            codes.append(Code(oracle, unique, margin if len(oracles) <= 3 else parameters.bits + 12, most))
        folds = [Code(fold, unique, margin) for fold in parameters.folds]
        mask = Code(parameters.mask, unique, margin) if parameters.zero_knowledge else None
        own, lists = codes[-1].list, sum(code.list for code in codes)

        # What each root stands for.
        for name, code in list(zip(names, codes))[:-1]:
            self.add("model identity" if name == "M" else f"data identity {name}", code.identity())
        if mask:
            self.add("mask identity", mask.identity())
        for i, code in enumerate(folds):
            self.add(f"out-of-domain g_{i + 1}", code.identity())

        # Before the opening.
        n, relations = plan.log_leaves, len(circuit.contractions)
        widest = max([1] + [tuple_size(table) for table in circuit.tables])
        if n > 0:
            self.add("LogUp fingerprint, zero leaf", fraction(widest + 2) + n + own)
            self.add("GKR layer point, lambda", fraction(2) + own, n)
            if n > 1:
                self.add("GKR sumcheck round", fraction(3) + own, n * (n - 1) // 2)
        tau, no_message = max(1, (plan.tau_bits or plan.rounds) + relations + (n > 0)), plan.rounds == 0 and relations == 0
        triple_bits = plan.triple_bits if plan.triples else 0
        tau = fraction(tau + (triple_bits if no_message else 0)) + own
        self.add("tau, gamma", tau)
        if plan.rounds > 0:
            self.add("batched sumcheck round", fraction(plan.degree) + own, plan.rounds)
        if mask and triple_bits:
            self.add("product tau'", fraction(triple_bits) + own)
            self.add("product zero-check round", fraction(3) + own, triple_bits)
        functionals = 9 + 2 * relations + len(circuit.equalities) + len(circuit.public_tensors) + 3 * n + num_data
        delta = fraction(functionals) + lists
        self.add("delta", log2_sum(delta, tau) if no_message and triple_bits == 0 else delta)

        # Folds.
        all_names = ", ".join(names)
        if parameters.first_rounds:
            rounds = range(1, parameters.first_rounds + 1)
            self.add_rounds("fold round of " + all_names, [
                log2_sum(fraction(2) + lists, *[code.fold + left - 1 for code in codes if left <= code.oracle.log_lanes])
                for left in rounds])
        for i, code in enumerate(folds):
            self.add_rounds(f"fold round of g_{i + 1}", [log2_sum(fraction(2) + code.list, code.fold + left - 1)
                                                         for left in range(1, code.oracle.log_lanes + 1)])
        if parameters.final_rounds:
            self.add("final round", fraction(2), parameters.final_rounds)

        # Queries, with the batching behind them.
        gaps = parameters.sizes[0] - sum(oracle.dimension for oracle in oracles)
        for stage in range(len(folds) + 1):
            queried = codes if stage == 0 else [folds[stage - 1]]
            padding, list_after = gaps if stage == 0 else 0, 0.0
            if stage < len(folds):
                fold = parameters.folds[stage]
                padding, list_after = padding + (fold.rows << fold.log_lanes) - parameters.sizes[stage], folds[stage].list
            batching = fraction(sum(code.oracle.queries for code in queried) + padding + 2) + list_after
            for name, code in zip(names if stage == 0 else [f"g_{stage}"], queried):
                self.add("queries of " + name, log2_sum(code.queries(pow_bits), batching))
            self.add("batching after " + (all_names if stage == 0 else f"g_{stage}"), batching)
        if mask:
            self.add("eta", log2_sum(mask.fold, fraction(2) + mask.list))
            self.add("queries of X", mask.queries(pow_bits))
        self.terms.append(("hash", 128.0, 1, 128.0))
        if mask:
            self.add_hiding(parameters, n, widest, triple_bits)

    def add(self, label, error, rounds=1, terms=None):
        (self.terms if terms is None else terms).append((label, bits_of_error(error), rounds, bits_of_error(error + log2(rounds))))

    def add_rounds(self, label, errors):
        self.terms.append((label, bits_of_error(max(errors)), len(errors), bits_of_error(log2_sum(*errors))))

    def add_hiding(self, parameters, n, widest, triple_bits):
        """Challenges at which a hiding weight is zero."""
        def add(label, error): self.add(label, error, 1, self.hiding)
        def value(oracle): return fraction((1 << oracle.log_domain) + 1)
        if n > 0:
            add("zero leaf", fraction(widest) + n)
            add("blind leaf", fraction(1))
        if triple_bits:
            add("random triple", fraction(2 * triple_bits))
        leaves = [(parameters.witness, 1)] + [(fold, 3) for fold in parameters.folds] + [(parameters.mask, 3)]
        if parameters.has_model and parameters.budget:
            add("model value", value(parameters.model))
            leaves.append((parameters.model, 1))
        for i, (oracle, budget) in enumerate(parameters.data_oracles):
            if budget:
                add(f"data value D_{i + 1}", value(oracle))
                leaves.append((oracle, 1))
        add("mask value", value(parameters.mask))
        add("guess of an unopened leaf",
            max(oracle.log_domain - 63.999999 * limbs * (1 << oracle.log_lanes) for oracle, limbs in leaves))

    def bits(self): return min(bits for _, bits, _, _ in self.terms)
    def weakest(self): return min(self.terms, key=lambda term: term[1])[0]

    def check(self):
        if self.bits() < self.claimed:
            raise BadInput(f"parameters: they claim {self.claimed} bits but only {self.bits():.1f} are proven, by {self.weakest()}")
        check_hiding(self.hiding, self.claimed)


def check_hiding(terms, claimed):
    if terms and bits_of_error(log2_sum(*[-total for _, _, _, total in terms])) < max(claimed, 100):
        raise BadInput("parameters: zero knowledge holds with too few bits")


# ---- 11. Statements: keys, proofs, rotations and certificates (protocol 2, 3, 12; docs/formats)

VERSIONS = {b"ZKIK": 4, b"ZKIP": 6, b"ZKIR": 5, b"ZKIX": 5, b"ZKIQ": 4, b"ZKIL": 3, b"ZKIN": 1}


def read_commitment(reader, error):
    root, value = reader.raw(32), limbs(reader.raw(24))
    if value is None:
        raise error
    return root, value


class Key:
    """A verification key, or one that a step of a path makes of it."""

    def __init__(self, data):
        def fail(what): return BadInput(f"verification key: it ends in {what}")
        reader = Reader(data, fail)
        if len(data) < 8 or reader.raw(4) != b"ZKIK" or reader.u32() != VERSIONS[b"ZKIK"]:
            raise BadInput(f"this is no verification key of version {VERSIONS[b'ZKIK']}")
        self.flags = reader.u32()
        self.visibility = Visibility(self.flags & ~(1 << 16))
        structure, parameters = reader.blob(), reader.blob()
        self.root, self.value = read_commitment(reader, BadInput("verification key: the model's value is not below p"))
        if reader.left():
            raise BadInput("verification key: bytes after its end")
        self.graph, self.parameters = read_structure(structure), Parameters(parameters)
        parameters, hidden = self.parameters, [1 for _, exposure, _ in self.visibility.seen(self.graph) if exposure == COMMITTED]
        if not parameters.zero_knowledge and not self.visibility.everything_is_public():
            raise BadInput("verification key: zero knowledge is off although something is private")
        if len(parameters.data_oracles) != len(hidden) or any(budget == 0 for _, budget in parameters.data_oracles):
            raise BadInput("verification key: not one oracle with a budget for each committed tensor")
        if not parameters.has_model and (self.root, self.value) != (bytes(32), ZERO):
            raise BadInput("verification key: a weight commitment although the model has no weights")
        if parameters.has_model and self.visibility.public_parameters != (parameters.budget == 0):
            raise BadInput("verification key: a private model needs a budget, a public one must not have any")
        self.statement = Statement(Builder(self.graph, self.visibility).build(), parameters)
        self.finish()

    def finish(self):
        t = Transcript("zkinfer model identity v2")
        t.bytes("structure", self.graph.data)
        t.u64("visibility", self.flags)
        t.bytes("parameters", self.parameters.data)
        t.digest("model root", self.root)
        t.fe("model value", self.value)
        self.identity = t.state()
        t = Transcript("zkinfer model value v2")
        t.bytes("structure", self.graph.data)
        t.bytes("parameters", self.parameters.data)
        t.digest("model root", self.root)
        self.model_point = t.challenge("model point")

    def descendant(self, parameters, root, value):
        """The key of the same structure and visibility with other parameters and another commitment."""
        key = Key.__new__(Key)
        key.flags, key.visibility, key.graph = self.flags, self.visibility, self.graph
        key.parameters, key.root, key.value = parameters, root, value
        key.statement = Statement(self.statement.circuit, parameters)
        key.finish()
        return key

    segments = None

    def model_pin(self): return [(self.root, self.model_point, self.value)] if self.parameters.has_model else []


class CutKey:
    """Of a model that is cut into segments (protocol 14): their keys, and which boundaries their inputs are."""

    def __init__(self, segments, reads):
        self.segments, self.reads, first, last = segments, reads, segments[0], segments[-1]
        def check(condition, what):
            if not condition:
                raise BadInput("segments of a key: " + what)
        check(2 <= len(segments) <= 1024 and not reads[0], "2 to 1024 of them")
        security = [(k.graph.name, k.parameters.data[:8], k.flags >> 8) for k in segments]
        check(all(x == security[0] for x in security) and not first.visibility.carries, "another name, security or flags")
        check(all(k.visibility.inputs == (COMMITTED, NO_HASH) for k in segments[1:]), "inputs that are not committed")
        check(all(k.visibility.outputs == (COMMITTED, NO_HASH) for k in segments[:-1]), "outputs that are not committed")
        budgets = {k.parameters.budget for k in segments if k.parameters.has_model}
        check(len(budgets) <= 1, "budgets")
        def meaning(key, i):
            value = key.graph.values[i]
            return value.shape, value.lo, value.hi, value.mantissa, value.exponent
        boundaries = [(number, meaning(k, i), k.parameters.data_oracles[j])
                      for number, k in enumerate(segments[:-1]) for j, i in enumerate(k.graph.outputs)]
        for number, (k, own) in enumerate(zip(segments, reads)):
            check(number == 0 or len(own) == len(k.graph.inputs), "inputs")
            check(own == sorted(set(own)), "boundaries in another order")
            for i, boundary, oracle in zip(k.graph.inputs, own, k.parameters.data_oracles[-len(own) :]):
                check(boundary < len(boundaries), "a boundary that nobody gives")
                check(boundaries[boundary][0] < number and boundaries[boundary][1:] == (meaning(k, i), oracle), "a boundary")
        for i, (_, _, (_, budget)) in enumerate(boundaries):
            readers = sum(i in own for own in reads)
            check(readers and budget == 1 + readers, "a boundary that nobody reads, or its budget")
        self.num_boundaries = len(boundaries)
        check_hiding(sum((k.statement.soundness.hiding for k in segments), []), first.parameters.bits)
        # Of the whole: inputs of the first, outputs of the last.
        values = [first.graph.values[i] for i in first.graph.inputs] + [last.graph.values[i] for i in last.graph.outputs]
        count = len(first.graph.inputs)
        self.graph = SimpleNamespace(values=values, inputs=list(range(count)), outputs=list(range(count, len(values))))
        self.flags = first.flags & 0x1010F | last.flags & 0xF0 | 1 << 17
        self.visibility = Visibility(self.flags & 0x3FF)
        oracles = last.parameters.data_oracles[: len(last.graph.outputs)] if self.visibility.outputs[0] == COMMITTED else []
        oracles = oracles + first.parameters.data_oracles[len(first.graph.outputs) :]
        self.parameters = SimpleNamespace(bits=first.parameters.bits, zero_knowledge=first.parameters.zero_knowledge,
                                          budget=max(budgets, default=0), has_model=bool(budgets), data_oracles=oracles)
        t = Transcript("zkinfer segmented model identity v2")
        t.u64("segments", len(segments))
        for k in segments:
            t.digest("segment identity", k.identity)
        for own in reads:
            t.u64("reads", len(own))
            for boundary in own:
                t.u64("boundary", boundary)
        t.u64("visibility", self.flags)
        t.u64("bits", self.parameters.bits)
        self.identity = t.state()

    @staticmethod
    def read(data):
        reader = Reader(data, lambda what: BadInput(f"verification key: it ends in {what}"))
        reader.raw(8)
        flags, segments, reads = reader.u32(), [], []
        for i in range(reader.u32()):
            segments.append(Key(reader.blob()))
            reads.append([reader.u32() for _ in segments[i].graph.inputs] if i else [])
        if reader.left() or not segments:
            raise BadInput("verification key: bytes after its end, or no segments")
        key = CutKey(segments, reads)
        if key.flags != flags:
            raise BadInput("verification key: flags that are not those of its segments")
        return key


def read_key(data, least_bits=0):
    """A key that proves so many bits."""
    is_cut = len(data) >= 12 and data[:8] == b"ZKIK" + struct.pack("<I", VERSIONS[b"ZKIK"]) and data[10] >> 1 & 1
    key = CutKey.read(data) if is_cut else Key(data)
    key.proven = min(k.statement.soundness.bits() for k in key.segments or [key])
    if key.proven < least_bits:
        raise BadInput(f"the key proves {key.proven:.1f} bits of security, at least {least_bits} are asked for")
    return key


class Statement:
    """A circuit under opening parameters."""

    def __init__(self, circuit, parameters):
        self.circuit, self.parameters = circuit, parameters
        if not hasattr(circuit, "plan"):
            circuit.plan = Plan(circuit, parameters.zero_knowledge)
        oracles = [(MODEL, parameters.model)] * parameters.has_model
        oracles += [(FIRST_DATA + i, oracle) for i, (oracle, _) in enumerate(parameters.data_oracles)]
        oracles.append((WITNESS, parameters.witness))
        if {o for o, _ in oracles} | {CONSTANT} != {column.oracle for column in circuit.columns} | {CONSTANT}:
            raise BadInput("parameters: their oracles are not the circuit's")
        self.oracles, self.layouts = [o for o, _ in oracles], {}
        for number, oracle in oracles:
            self.layouts[number] = Layout(circuit, number, oracle.log_lanes)
            if self.layouts[number].rows != oracle.rows:
                raise BadInput(f"parameters: {oracle.rows} rows, the circuit needs {self.layouts[number].rows}")
        self.soundness = Soundness(circuit, parameters)
        self.soundness.check()

    def verify(self, messages, transcript, pins, public_values):
        """pins: (root, point, value) of each base oracle but W."""
        parameters, circuit = self.parameters, self.circuit
        channel = Channel(messages, transcript, parameters.zero_knowledge)
        roots, mask_root, pin = [root for root, _, _ in pins] + [channel.digest("witness root")], None, None
        if parameters.zero_knowledge:
            mask_root = channel.digest("mask root")
            pin = (channel.challenge("mask point"), channel.clear("mask value"), channel.clear("mask value"))
        outer = receive_outer(channel, circuit, circuit.plan)
        claims, mu_pins = [], ZERO
        count = 3 + 2 * len(circuit.contractions) + len(circuit.equalities) + len(circuit.public_tensors) + len(outer.messages)
        coef = power(outer.delta, count)
        for _, point, value in pins:
            claims.append((point, coef))
            mu_pins, coef = add(mu_pins, mul(coef, value)), mul(coef, outer.delta)

        def evaluate(lanes, point):
            evaluation = Evaluation(circuit, self.layouts, dict(zip(self.oracles, lanes)), point)
            mu = evaluate_outer(circuit, circuit.plan, outer, public_values, evaluation, transcript.note_claims)
            return add(mu, mu_pins), evaluation.value
        channel.next_pad = 0  # of X from here on
        OpeningVerifier(parameters, roots, pin, claims + [None], channel).run(mask_root, evaluate)


def read_public_data(key, reader, beside, num_rows=1):
    """The header's data, a record of each of the statement's tensors. beside: canonical bytes, in order. Of a batch values have a
    leading axis of rows, and each row has its digest."""
    records, beside = [], list(beside)
    for i, exposure, hashed in key.visibility.seen(key.graph):
        value = key.graph.values[i]
        record = SimpleNamespace(value=value, exposure=exposure, hashed=hashed, entries=[], digests=[], commitment=None)
        records.append(record)
        if exposure != PUBLIC:
            continue
        where, size = f"value '{value.name}'", num_rows * prod(value.shape)
        if hashed == NO_HASH:
            record.entries = [reader.i64() for _ in range(size)]
        elif not beside:
            raise Rejected("bad public value", where + ": the proof holds only its hash; give the data with --public")
        else:
            count, signed = entry_format(value)
            data = beside.pop(0)
            record.entries = [int.from_bytes(data[j : j + count], "little", signed=signed) for j in range(0, len(data), count)]
            if len(data) != count * size:
                raise Rejected("bad public value", where + f": {len(data)} bytes")
        if any(not value.lo <= x <= value.hi for x in record.entries):
            raise Rejected("bad public value", where)
    if beside:
        raise Rejected("bad public value", f"{len(beside)} tensors too many beside the proof")
    for record in records:
        if record.hashed == NO_HASH:
            continue
        record.digests, size = [reader.raw(32) for _ in range(num_rows)], prod(record.value.shape)
        for row, digest in enumerate(record.digests if record.exposure == PUBLIC else []):
            data = canonical_bytes(record.value, record.entries[row * size : (row + 1) * size])
            if digest != (keccak256(data) if record.hashed == KECCAK else hashlib.sha256(data).digest()):
                raise Rejected("bad public value", f"value '{record.value.name}': the data has another hash than the proof")
    for i, record in enumerate(r for r in records if r.exposure == COMMITTED):
        record.commitment = read_commitment(reader, Rejected("non-canonical field element", f"tensor commitment {i}"))
    return records


def in_proof(records): return [r for r in records if r.exposure == PUBLIC and r.hashed == NO_HASH]


def public_tensors(records):
    """As the circuit's public tensors need them: values, then the words of digests that it computes."""
    words = [[word for digest in r.digests for word in struct.unpack(">8I", digest)]
             for r in records if r.hashed != NO_HASH and r.exposure != PUBLIC]
    return [r.entries for r in records if r.exposure == PUBLIC] + words


def header_bytes(key):
    seen = key.visibility.seen(key.graph)
    values = sum(prod(key.graph.values[i].shape) for i, exposure, hashed in seen if exposure == PUBLIC and hashed == NO_HASH)
    hashes = sum(hashed != NO_HASH for _, _, hashed in seen)
    return 84 + 8 * values + 32 * hashes + 56 * len(key.parameters.data_oracles)


def slot_exists(slot, budget): return slot < budget if budget else slot == 0


def open_frame(data, magic):
    """A reader behind the first eight bytes."""
    reader = Reader(data, lambda what: Rejected("truncated", "header"))
    if reader.raw(4) != magic or reader.u32() != VERSIONS[magic]:
        raise Rejected("bad header", f"no {magic.decode()} of version {VERSIONS[magic]}")
    return reader


def verify_proof(key, proof, beside=(), trace=None):
    """Raises Rejected; returns the header."""
    reader = open_frame(proof, b"ZKIP")
    if reader.left() < 36:
        raise Rejected("truncated", "header")
    flags, identity = reader.u32(), reader.raw(32)
    if identity != key.identity:
        raise Rejected("wrong statement", "model identity: the proof was made under another key")
    if len(proof) < header_bytes(key):
        raise Rejected("truncated", "header")
    context, slot = reader.raw(32), reader.u64()
    if flags != key.parameters.zero_knowledge + 2 * (key.segments is not None):
        raise Rejected("bad header", "flags")
    if not slot_exists(slot, key.parameters.budget):
        raise Rejected("bad header", f"slot {slot}: the key has {key.parameters.budget}")
    header = SimpleNamespace(context=context, slot=slot, records=read_public_data(key, reader, beside))
    if key.segments:
        verify_segments(key, header, reader, trace)
    else:
        verify_statement(key, context, slot, header.records, reader.raw(reader.left()), trace)
    return header


def verify_statement(key, context, slot, records, messages, trace):
    transcript = Transcript("zkinfer proof v2", trace)
    pins = absorb_statement(transcript, key, key.parameters, context, slot, records, 1)
    key.statement.verify(messages, transcript, pins, public_tensors(records))


def absorb_public_data(transcript, records):
    for record in in_proof(records):
        transcript.bytes("public values", canonical_bytes(record.value, record.entries))
    for record in records:
        for digest in record.digests:
            transcript.digest("public digest", digest)
    for record in records:
        if record.commitment:
            transcript.digest("data root", record.commitment[0])
            transcript.fe("data value", record.commitment[1])


def absorb_statement(transcript, key, parameters, context, slot, records, num_rows):
    """Step 0 of the transcript; gives the pins of M and the D_i."""
    transcript.digest("model identity", key.identity)
    transcript.digest("context", context)
    transcript.u64("slot", slot)
    absorb_public_data(transcript, records)
    pins = key.model_pin()
    for record, (oracle, budget) in zip([r for r in records if r.commitment], parameters.data_oracles):
        root, value = record.commitment
        own = Transcript("zkinfer data value v2")
        own.bytes("parameters", struct.pack("<QQBBIQ", *oracle, budget))
        own.u64("size", num_rows * prod(record.value.shape))
        own.digest("data root", root)
        pins.append((root, own.challenge("data point"), value))
    return pins


def segment_name(key, i): return f"segment {i + 1} of {len(key.segments)}: "


def verify_segments(key, header, reader, trace):
    """Boundaries, then each segment's messages (protocol 14)."""
    boundaries = []
    for i in range(key.num_boundaries):
        reader.fail = lambda what: Rejected("truncated", f"boundary {i}")
        boundaries.append(read_commitment(reader, Rejected("non-canonical field element", f"boundary {i}")))
    chain = Transcript("zkinfer chain context v2")
    chain.digest("model identity", key.identity)
    chain.digest("context", header.context)
    chain.u64("slot", header.slot)
    absorb_public_data(chain, header.records)
    for root, value in boundaries:
        chain.digest("boundary root", root)
        chain.fe("boundary value", value)
    chain, given = chain.state(), iter(boundaries)

    def committed(segment, i, commitment):
        return SimpleNamespace(value=segment.graph.values[i], exposure=COMMITTED, hashed=NO_HASH, entries=[], digests=[],
                               commitment=commitment)
    for i, (segment, reads) in enumerate(zip(key.segments, key.reads)):
        is_last, outputs = i + 1 == len(key.segments), segment.graph.outputs
        records = header.records[: len(outputs)] if is_last else [committed(segment, j, next(given)) for j in outputs]
        records = records + (header.records[len(key.graph.outputs) :] if i == 0 else [])
        records = records + [committed(segment, j, boundaries[b]) for j, b in zip(segment.graph.inputs, reads)]
        own = Transcript("zkinfer segment context v2")
        own.digest("chain", chain)
        own.u64("segment", i)
        try:
            reader.fail = lambda what: Rejected("truncated", "messages")
            slot = header.slot if segment.parameters.budget else 0
            verify_statement(segment, own.state(), slot, records, reader.blob(), trace)
        except Rejected as error:
            raise Rejected(error.reason, segment_name(key, i) + error.where) from None
    if reader.left():
        raise Rejected("trailing bytes", "segments")


def verify_batch(key, batch, beside=(), trace=None):
    """One proof of several rows (docs/formats/batch.md)."""
    if key.segments:
        raise Rejected("wrong statement", "batch: a model that is cut into segments has none")
    reader, (slot,) = read_slots(batch, b"ZKIQ", 1)
    parameters, rest = read_parameters(reader)
    reader, own = Reader(rest, lambda what: Rejected("truncated", "header")), key.parameters
    num_rows, identity, context = reader.u64(), reader.raw(32), reader.raw(32)
    if identity != key.identity:
        raise Rejected("wrong statement", "model identity: the batch was made under another key")
    if not slot_exists(slot, own.budget):
        raise Rejected("bad header", f"slot {slot}")
    row_bytes = header_bytes(key) - 84 - 56 * len(own.data_oracles)
    if row_bytes and num_rows > reader.left() // row_bytes:
        raise Rejected("truncated", f"public data of {num_rows} rows")
    if not 1 <= num_rows <= 2**26:
        raise Rejected("over the limit", f"a batch of {num_rows} rows")
    if (parameters.has_model, parameters.model, parameters.budget, parameters.zero_knowledge, parameters.decoding) != (
            own.has_model, own.model, own.budget, own.zero_knowledge, own.decoding) or parameters.bits < own.bits or (
            [budget for _, budget in parameters.data_oracles] != [budget for _, budget in own.data_oracles]):
        raise Rejected("wrong statement", "batch: its parameters are for another weight commitment")

    def make():
        circuit = Builder(key.graph, key.visibility, num_rows).build()
        Batched(circuit, num_rows)
        return Statement(circuit, parameters)
    statement = same_statement(make)
    records = read_public_data(key, reader, beside, num_rows)
    transcript = Transcript("zkinfer batch v2", trace)
    transcript.u64("rows", num_rows)
    transcript.bytes("parameters", parameters.data)
    pins = absorb_statement(transcript, key, parameters, context, slot, records, num_rows)
    statement.verify(reader.raw(reader.left()), transcript, pins, public_tensors(records))
    return SimpleNamespace(context=context, slot=slot, records=records)


def read_slots(data, magic, num_slots):
    """Of a certificate, rotation or batch: the reader behind its slots, and these."""
    reader = open_frame(data, magic)
    reader.fail = lambda what: Rejected("truncated", "parameters")
    return reader, [reader.u64() for _ in range(num_slots)]


def read_parameters(reader):
    """Opening parameters, and the messages to the end."""
    return checked_parameters(reader.blob()), reader.raw(reader.left())


def each_key_proof(key, reader, verify):
    """verify(key, its number, parameters, messages) of the key, or of each segment that has weights."""
    if not key.segments:
        return verify(key, 0, *read_parameters(reader))
    if reader.u32() != 0:
        raise Rejected("bad header", "it is of a model that is not cut")
    for i, segment in enumerate(key.segments):
        try:
            rest = Reader(reader.blob(), reader.fail)
            if segment.parameters.has_model:
                verify(segment, i, *read_parameters(rest))
            elif rest.left():
                raise Rejected("trailing bytes", "it has no weights")
        except Rejected as error:
            raise Rejected(error.reason, segment_name(key, i) + error.where) from None
    if reader.left():
        raise Rejected("trailing bytes", "segments")
    if not key.parameters.has_model:
        raise Rejected("wrong statement", "the model has no parameters")


def checked_parameters(data):
    try:
        return Parameters(data)
    except BadInput:
        raise Rejected("bad header", "parameters") from None


def same_statement(make):
    """What a wrong circuit or wrong parameters of a file are: another statement."""
    try:
        return make()
    except BadInput as error:
        raise Rejected("wrong statement", str(error)) from None


def verify_certificate(key, data):
    """That the parameters behind the key's commitment lie in their declared ranges."""
    reader, (slot,) = read_slots(data, b"ZKIR", 1)

    def verify(key, _, parameters, messages):
        own = key.parameters
        if not own.has_model:
            raise Rejected("wrong statement", "the model has no parameters")
        if not slot_exists(slot, own.budget):
            raise Rejected("bad header", f"slot {slot}")
        if (parameters.has_model, parameters.model, parameters.budget, parameters.zero_knowledge, parameters.decoding) != (
                True, own.model, own.budget, own.zero_knowledge, own.decoding) or parameters.bits < own.bits:
            raise Rejected("wrong statement", "certificate: its parameters are for another weight commitment")
        statement = same_statement(lambda: Statement(Builder(key.graph, key.visibility).build_certificate(), parameters))
        transcript = Transcript("zkinfer certificate v2")
        transcript.digest("model identity", key.identity)
        transcript.u64("slot", slot)
        transcript.bytes("parameters", parameters.data)
        statement.verify(messages, transcript, key.model_pin(), [])
    each_key_proof(key, reader, verify)


def verify_rotation(above, below, data):
    """That both keys commit to the same parameters."""
    reader, (slot, new_slot) = read_slots(data, b"ZKIX", 2)
    if new_slot != 0:
        raise Rejected("wrong statement", f"the rotation uses slot {new_slot} of the new key, expected 0")

    def verify(key, i, parameters, messages):
        fresh = below.segments[i] if below.segments else below
        own, other = key.parameters, fresh.parameters
        if not slot_exists(slot, own.budget):
            raise Rejected("bad header", f"slot {slot}")
        if (parameters.has_model, parameters.model, parameters.budget, parameters.data_oracles, parameters.zero_knowledge) != (
                True, own.model, own.budget, [(other.model, other.budget)], True) or not (
                parameters.decoding == own.decoding == other.decoding) or parameters.bits < max(own.bits, other.bits):
            raise Rejected("wrong statement", "rotation: its parameters are for other weight commitments")
        statement = same_statement(lambda: Statement(Builder(key.graph, key.visibility).build_rotation(), parameters))
        transcript = Transcript("zkinfer rotation v2")
        transcript.digest("model identity", key.identity)
        transcript.digest("new model identity", fresh.identity)
        transcript.u64("slot", slot)
        transcript.u64("new slot", new_slot)
        transcript.bytes("parameters", parameters.data)
        statement.verify(messages, transcript, key.model_pin() + fresh.model_pin(), [])
    each_key_proof(above, reader, verify)


def descendant(root, commitments):
    """The key of a step of a path: the root's structure and visibility under other parameters and commitments."""
    commitments = iter(commitments)

    def one(key):
        own, (parameters, commitment, value) = key.parameters, next(commitments)
        if key.flags >> 16 & 1 or not own.has_model or own.budget == 0 or not parameters.has_model or parameters.budget == 0:
            raise BadInput("no commitment to private weights, or a test's")
        if (parameters.decoding, parameters.zero_knowledge, parameters.data_oracles) != (
                own.decoding, own.zero_knowledge, own.data_oracles) or parameters.bits < own.bits:
            raise BadInput("parameters of another kind than the root's")
        return key.descendant(parameters, commitment, value)
    if not root.segments:
        return one(root)
    return CutKey([one(k) if k.parameters.has_model else k for k in root.segments], root.reads)


def verify_path(root, data):
    """The serving key that the path leads to."""
    reader = open_frame(data, b"ZKIL")
    identity, count, steps = reader.raw(32), reader.u8(), []
    if not 1 <= count <= 8:
        raise Rejected("bad header", f"{count} steps, expected 1 to 8")
    def read_step():
        parameters = checked_parameters(reader.blob())
        return (parameters, *read_commitment(reader, Rejected("non-canonical field element", f"step {i + 1}: commitment")))
    for i in range(count):
        reader.fail = lambda what: Rejected("truncated", f"step {i + 1}")
        is_cut = reader.data[reader.at : reader.at + 4] == bytes(4)
        commitments = [read_step() for _ in range(reader.number("<4xI"))] if is_cut else [read_step()]
        steps.append((is_cut, commitments, reader.blob()))
    if reader.left():
        raise Rejected("trailing bytes", "path")
    if identity != root.identity:
        raise Rejected("wrong statement", "root identity: the path leads from another key")
    above, identities = root, {root.identity}
    expected = sum(k.parameters.has_model for k in root.segments) if root.segments else 1
    for i, (is_cut, commitments, rotation) in enumerate(steps):
        where = f"step {i + 1}"
        if is_cut != (root.segments is not None) or len(commitments) != expected:
            raise Rejected("wrong statement", where + ": not one commitment for each segment with weights")
        below = same_statement(lambda: descendant(root, commitments))
        if below.identity in identities:
            raise Rejected("wrong statement", where + ": a key that the path has been at before")
        try:
            verify_rotation(above, below, rotation)
        except Rejected as error:
            raise Rejected(error.reason, f"{where}: {error.where}") from None
        identities.add(below.identity)
        above = below
    return above


def read_bundle(data):
    """Certificate, path (either may be empty) and proof."""
    reader = open_frame(data, b"ZKIN")
    parts = [reader.blob(), reader.blob(), reader.blob()]
    if reader.left():
        raise Rejected("trailing bytes", "bundle")
    return parts


def read_file(name):
    try:
        with open(name, "rb") as file:
            return file.read(3 * 2**28 + 1)
    except OSError as error:
        raise BadInput(f"{name}: {error.strerror}") from None


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("key", metavar="KEY", help="verification key (.zkkey)")
    parser.add_argument("proof", metavar="PROOF", help="proof (.zkproof, .zkbatch, .zkbundle)")
    parser.add_argument("--public", metavar="FILE", action="append", default=[],
                        help="canonical bytes of a public tensor of which the proof holds a hash; outputs first")
    parser.add_argument("--path", metavar="FILE", help="path (.zkpath) from KEY to the key of the proof")
    parser.add_argument("--certificate", metavar="FILE", help="certificate (.zkcert) of the weights behind KEY")
    parser.add_argument("--min-security", metavar="BITS", type=float, default=100,
                        help="refuse keys that prove fewer bits (default: 100)")
    parser.add_argument("--trace", metavar="FILE", help="write lines of JSON: each squeeze of the proof's transcript, and claims")
    options = parser.parse_args(arguments)
    lines = []
    try:
        key = read_key(read_file(options.key), options.min_security)
        proof, beside = read_file(options.proof), [read_file(name) for name in options.public]
        certificate = read_file(options.certificate) if options.certificate else b""
        path = read_file(options.path) if options.path else b""
        try:
            if proof[:4] == b"ZKIN":
                certificate, path, proof = read_bundle(proof)
            if certificate:
                verify_certificate(key, certificate)
            serving = verify_path(key, path) if path else key
            verify = verify_batch if proof[:4] == b"ZKIQ" else verify_proof
            header = verify(serving, proof, beside, lines.append if options.trace else None)
        finally:
            if options.trace:
                with open(options.trace, "w") as file:
                    file.writelines(json.dumps(line) + "\n" for line in lines)
    except BadInput as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except Rejected as error:
        print(f"REJECTED: {error}")
        return 1
    report = ["ACCEPTED", f"context {header.context.hex()}, slot {header.slot}"]
    for record in in_proof(header.records):
        count = len(record.entries)
        report.append(f"'{record.value.name}' = {record.entries if count <= 16 else f'{count} public entries'}")
    report.append(f"{key.proven:.1f} bits of security are proven")
    if key.parameters.has_model:
        report.append("weight ranges certified" if certificate else "weight ranges not certified")
    print("\n".join(report))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
