#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Prints docs/vectors.txt: test vectors of docs/protocol.md and docs/formats/, computed from the text of these pages with
the Python standard library and the second verifier (zkverify.py). tests/golden/vectors_test.cc computes the same values in C++.

Usage: make_vectors.py > docs/vectors.txt
"""
import struct

from zkverify import P, Transcript, keccak256, mul, power


def rotate_left(x, n, bits): return ((x << n) | (x >> (bits - n))) & ((1 << bits) - 1)


def chacha20_block(key, counter, nonce):
    words = list(struct.unpack("<4I", b"expand 32-byte k")) + list(struct.unpack("<8I", key))
    words += [counter & 0xFFFFFFFF, counter >> 32] + list(struct.unpack("<2I", nonce))
    state = words[:]

    def quarter(a, b, c, d):
        for first, second, target, turn in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
            state[first] = (state[first] + state[second]) & 0xFFFFFFFF
            state[target] = rotate_left(state[target] ^ state[first], turn, 32)

    for _ in range(10):
        for i in range(4):
            quarter(i, 4 + i, 8 + i, 12 + i)
        for i in range(4):
            quarter(i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4)
    return struct.pack("<16I", *((a + b) & 0xFFFFFFFF for a, b in zip(state, words)))


def content_digest(data):
    piece = 1 << 16
    whole = len(data) // piece
    digests = b"".join(keccak256(data[i * piece : (i + 1) * piece]) for i in range(whole))
    return keccak256(digests + data[whole * piece :] + struct.pack("<Q", len(data)))


def grind(transcript, bits):
    """The smallest good nonce; absorbs it."""
    seed, nonce = transcript.squeeze("pow"), 0
    while int.from_bytes(keccak256(b"\x03" + seed + struct.pack(">BQ", bits, nonce)), "big") >> (256 - bits):
        nonce += 1
    transcript.u64("pow", nonce)
    return nonce


def show(name, value):
    if isinstance(value, bytes):
        value = value.hex()
    elif isinstance(value, (list, tuple)):
        value = " ".join(str(x) for x in value)
    print(name, value)


def list_of(items): return struct.pack("<I", len(items)) + b"".join(items)
def i64s(*values): return list_of([struct.pack("<q", x) for x in values])
def u32s(*values): return list_of([struct.pack("<I", x) for x in values])
def text(s): return struct.pack("<I", len(s)) + s.encode()


def main():
    print("# Test vectors of docs/protocol.md. Made by tests/vectors/make_vectors.py, checked by tests/golden/vectors_test.cc.")
    print("# Bytes are hexadecimal, field elements decimal; an element of K is c0 c1 c2.")
    counting = bytes(range(32))

    show("field.product", mul((1, 2, 3), (P - 1, 5, 7)))
    show("field.inverse", power((1, 2, 3), P**3 - 2))

    show("keccak.empty", keccak256(b""))
    t = Transcript("zkinfer test vectors")
    t.u64("size", 77)
    t.fe("claim", [1, 2, 3])
    t.digest("root", counting)
    show("transcript.challenge", t.challenge("alpha"))
    show("transcript.indices", t.indices("queries", 5, 4))
    show("transcript.nonce", [grind(t, 8)])
    show("transcript.state", t.state())

    rows = [struct.pack(">2Q", i, i * i) for i in range(4)]
    leaves = [keccak256(b"\x00" + row) for row in rows]
    nodes = [keccak256(b"\x01" + leaves[2 * i] + leaves[2 * i + 1]) for i in range(2)]
    show("merkle.leaf", leaves[3])
    show("merkle.root", keccak256(b"\x01" + nodes[0] + nodes[1]))
    # Opened leaves 0 and 3: the siblings of both, level by level from the left.
    show("merkle.multiproof", leaves[1] + leaves[2])

    # Coefficients 1, 2 (message) and 3 (random), rate 3/8; row i belongs to the point 7 w^reverse(i).
    w = pow(7, (P - 1) // 8, P)
    points = [7 * pow(w, int(format(i, "03b")[::-1], 2), P) % P for i in range(8)]
    show("code.points", points)
    show("code.word", [(1 + 2 * x + 3 * x * x) % P for x in points])

    stream = b"".join(chacha20_block(counting, i, struct.pack("<Q", 5)) for i in range(2))
    show("prf.words", [x for x in struct.unpack("<16Q", stream) if x < P][:8])

    # A graph without parameters: y[i] = 2 x[i] + 1, x in [0, 3], public inputs, and hand-made opening parameters (no proof would be sound).
    x = text("x") + b"\x00" + i64s(2) + struct.pack("<qqqi", 0, 3, 1, 0)
    y = text("y") + b"\x02" + i64s(2) + struct.pack("<qqqi", 1, 7, 1, 0)
    node = b"\x03" + text("double") + u32s(0) + struct.pack("<IBi", 1, 0, -1) + i64s(2) + struct.pack("<q", 1)
    node += i64s() * 4 + struct.pack("<q", 1) + i64s() * 4
    structure = b"zkqir" + struct.pack("<H", 1) + text("tiny") + list_of([x, y]) + list_of([]) + list_of([node]) + u32s(0) + u32s(1)
    show("statement.structure", structure)
    # security 10 bits, Johnson, zero knowledge, 4 bits of grinding, balanced, no model; W: 8 + 3 rows, 2^2 lanes, domain 2^5, 2
    # queries; no folds; X: 2 * 2 rounds + 11 entries + 2 * 4 rounds, + 4 random ones, domain 2^6, 2 queries; no data oracles.
    oracle = lambda rows, random, lanes, domain, queries: struct.pack("<QQBBI", rows, random, lanes, domain, queries)
    params = struct.pack("<IBBBBQB", 10, 0, 1, 4, 0, 0, 0) + oracle(0, 0, 0, 0, 0) + oracle(8, 3, 2, 5, 2) + b"\x00" + oracle(23, 4, 0, 6, 2) + b"\x00"
    show("statement.parameters", params)
    t = Transcript("zkinfer model identity v2")
    t.bytes("structure", structure)
    t.u64("visibility", 1 | 1 << 4)  # public inputs, public outputs
    t.bytes("parameters", params)
    t.digest("model root", bytes(32))
    t.fe("model value", [0, 0, 0])
    identity = t.state()
    show("statement.identity", identity)
    t = Transcript("zkinfer model value v2")
    t.bytes("structure", structure)
    t.bytes("parameters", params)
    t.digest("model root", counting)
    show("statement.ood_point", t.challenge("model point"))
    # The key of M's random rows under the seed 00..1f, as if the model had the parameter tensors (-1, 2) in -128..127 and
    # (3) in 0..300.
    weights = keccak256(content_digest(struct.pack("<2b", -1, 2)) + content_digest(struct.pack("<h", 3)))
    t = Transcript("zkinfer model rows v2")
    for part in (counting, structure, params, weights):
        t.bytes("part", part)
    show("prf.rows_key", t.state())
    # One whole piece of 2^16 bytes 7 and three bytes more.
    show("prf.content", content_digest(bytes([7]) * 65536 + bytes([1, 2, 3])))
    t = Transcript("zkinfer proof v2")
    t.digest("model identity", identity)
    t.digest("context", counting)
    t.u64("slot", 3)
    for value in ([1, 7], [0, 3]):
        t.bytes("public values", bytes(value))
    t.digest("witness root", keccak256(b"W"))
    t.digest("mask root", keccak256(b"X"))
    show("statement.mask_point", t.challenge("mask point"))
    t.fe("mask value", [1, 2, 3])
    t.fe("mask value", [4, 5, 6])
    show("statement.alpha", t.challenge("lookup alpha"))
    show("statement.beta", t.challenge("lookup beta"))
    # A commitment to 10 numbers for 3 proofs: 4 + 19 rows, 2^2 lanes, domain 2^8, 5 queries; root 00..1f.
    data = oracle(4, 19, 2, 8, 5) + struct.pack("<Q", 3)
    t = Transcript("zkinfer data value v2")
    t.bytes("parameters", data)
    t.u64("size", 10)
    t.digest("data root", counting)
    show("data.point", t.challenge("data point"))
    # The key of its random rows under the seed 00..1f, for the numbers -1, 0, .., 8.
    t = Transcript("zkinfer data rows v2")
    for part in (counting, data + struct.pack("<10q", *range(-1, 9))):
        t.bytes("part", part)
    show("data.rows_key", t.state())
    # Canonical bytes of (1, 255), (-1, 127), (-129, 300) and (0, 65536) in the ranges that just hold them.
    show("data.bytes", struct.pack("<BB", 1, 255) + struct.pack("<bb", -1, 127) + struct.pack("<hh", -129, 300) + struct.pack("<II", 0, 65536))
    # The statement above with a Keccak-256 digest for the inputs, and one where the inputs are committed: the state.
    for name in ("digest", "commitment"):
        t = Transcript("zkinfer proof v2")
        t.digest("model identity", identity)
        t.digest("context", counting)
        t.u64("slot", 3)
        t.bytes("public values", bytes((1, 7)))
        if name == "digest":
            t.digest("public digest", keccak256(bytes((0, 3))))
        else:
            t.digest("data root", counting)
            t.fe("data value", [1, 2, 3])
        show("statement.with_" + name, t.state())


main()
