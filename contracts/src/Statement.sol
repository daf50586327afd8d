// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import "./Channel.sol";
import "./Field.sol";
import "./Program.sol";
import {Reason} from "./Reason.sol";

// What a proof is about: its header, and the first items of the transcript (docs/protocol.md, section 6.1, docs/formats/proof.md).

error WrongLength(bool isInputs, uint256 expected, uint256 got);

uint256 constant PROOF_MAGIC = 0x5a4b495006000000; // "ZKIP", version 6, little-endian
uint256 constant HEADER_BYTES = 84;
uint256 constant COMMITMENT_BYTES = 56;
uint256 constant PUBLIC_EXPOSURE = 1;
uint256 constant COMMITTED_EXPOSURE = 2;
uint256 constant SHA256_HASH = 2;

// A tensor of the statement.
struct Tensor {
    uint256 exposure; // 0 private, 1 public, 2 committed
    uint256 hash; // 0 none, 1 Keccak-256, 2 SHA-256
    uint256 width; // bytes of an entry
    bool isInput;
    uint256 entries;
    int64 lo;
    int64 hi;
}

function tensorAt(Program memory p, uint256 i) pure returns (Tensor memory t) {
    uint256 word = load(p.tensorWords + 32 * i);
    t.exposure = word >> 248;
    t.hash = (word >> 240) & 0xff;
    t.width = (word >> 232) & 0xff;
    t.isInput = (word >> 224) & 0xff != 0;
    t.entries = (word >> 192) & 0xffffffff;
    t.lo = int64(uint64(word >> 128));
    t.hi = int64(uint64(word >> 64));
}

function isPublic(Tensor memory t) pure returns (bool) {
    return t.exposure == PUBLIC_EXPOSURE;
}

// What the caller gives of a tensor: canonical bytes of a public one; else its digest, and its commitment, if it has any.
function publicBytes(Tensor memory t) pure returns (uint256) {
    if (isPublic(t)) return t.entries * t.width;
    return (t.hash != 0 ? 32 : 0) + (t.exposure == COMMITTED_EXPOSURE ? COMMITMENT_BYTES : 0);
}

// The statement while it is read.
struct Statement {
    Program p;
    uint256 inputs; // calldata: the next byte of the caller's
    uint256 outputs;
    uint256 proof; // the next byte of the header
    uint256 items; // memory: the next item of the transcript
    uint256 values; // memory: the next public value
    uint256 digests; // calldata: the first digest of the header
}

function reverse64(uint256 x) pure returns (uint256) {
    x = ((x & 0x00ff00ff00ff00ff) << 8) | ((x >> 8) & 0x00ff00ff00ff00ff);
    x = ((x & 0x0000ffff0000ffff) << 16) | ((x >> 16) & 0x0000ffff0000ffff);
    return ((x & 0xffffffff) << 32) | (x >> 32);
}

function modelIdentity(Program memory p) pure returns (bytes32 identity) {
    uint256 from = p.identityWords;
    uint256 buffer = allocate(6);
    bytes32 name = keccak256("zkinfer model identity v2");
    assembly ("memory-safe") {
        mstore(buffer, name)
        mstore(add(buffer, 0x20), 0)
        let to := add(buffer, 0x24)
        mstore(to, mload(from)) // structure
        let valueAndFlags := mload(add(from, 0x60))
        mstore(add(to, 0x20), shl(192, valueAndFlags)) // flags as u64
        mstore(add(to, 0x28), mload(add(from, 0x20))) // parameters
        mstore(add(to, 0x48), mload(add(from, 0x40))) // root
        mstore(add(to, 0x68), valueAndFlags) // the first 24 bytes of it
        identity := keccak256(buffer, add(0x24, 0x80))
    }
}

// z of M, from structure, parameters and root.
function modelPoint(Program memory p) pure returns (K) {
    uint256 from = p.identityWords;
    uint256 buffer = allocate(5);
    bytes32 name = keccak256("zkinfer model value v2");
    bytes32 state;
    assembly ("memory-safe") {
        mstore(buffer, name)
        mstore(add(buffer, 0x20), shl(224, TAG_MODEL_POINT))
        mstore(add(buffer, 0x24), mload(from))
        mstore(add(buffer, 0x44), mload(add(from, 0x20)))
        mstore(add(buffer, 0x64), mload(add(from, 0x40)))
        state := keccak256(buffer, 0x84)
    }
    return challengeOf(state);
}

// z of D_i, from its parameters, size and root.
function dataPoint(Program memory p, uint256 i, bytes32 root) pure returns (K) {
    uint256 from = p.dataWords + 64 * i;
    uint256 buffer = allocate(4);
    bytes32 name = keccak256("zkinfer data value v2");
    bytes32 state;
    assembly ("memory-safe") {
        mstore(buffer, name)
        mstore(add(buffer, 0x20), shl(224, TAG_DATA_POINT))
        mstore(add(buffer, 0x24), mload(from))
        mstore(add(buffer, 0x44), mload(add(from, 0x20))) // the size as u64 and zeros
        mstore(add(buffer, 0x4c), root)
        state := keccak256(buffer, 0x6c)
    }
    return challengeOf(state);
}

// Fixed part of the header. The identity of the program is the caller's to check.
function checkHeader(Program memory p, uint256 proof, uint256 size, uint256 headerSize, bytes32 identity, bytes32 context)
    pure
{
    if (size < 8) reject(Reason.Truncated);
    if (calldataWord(proof) >> 192 != PROOF_MAGIC) reject(Reason.BadHeader);
    if (size >= 44 && bytes32(calldataWord(proof + 12)) != identity) reject(Reason.WrongStatement);
    if (size < headerSize) reject(Reason.Truncated);
    // Zero knowledge, not cut in segments; little-endian.
    if (calldataWord(proof + 8) >> 224 != 0x01000000) reject(Reason.BadHeader);
    uint256 slot = reverse64(calldataWord(proof + 76) >> 192);
    if (p.budget == 0 ? slot != 0 : slot >= p.budget) reject(Reason.BadHeader);
    if (bytes32(calldataWord(proof + 44)) != context) reject(Reason.WrongStatement);
}

// Entry of canonical bytes at `offset` in calldata: little-endian, in two's complement if the range has negative numbers.
function entryAt(uint256 offset, uint256 width, bool isSigned) pure returns (int256 x) {
    uint256 raw = reverse64((calldataWord(offset) >> (256 - 8 * width)) << (64 - 8 * width));
    assembly ("memory-safe") {
        x := raw
        if isSigned { x := signextend(sub(width, 1), raw) }
    }
}

function addItem(Statement memory s, uint256 item) pure {
    store(s.items, item);
    s.items += 32;
}

function hashCalldata(uint256 offset, uint256 size) pure returns (bytes32 digest) {
    assembly ("memory-safe") {
        let free := mload(0x40)
        calldatacopy(free, offset, size)
        digest := keccak256(free, size)
    }
}

function sha256Calldata(uint256 offset, uint256 size) view returns (bytes32 digest) {
    bool good;
    assembly ("memory-safe") {
        let free := mload(0x40)
        calldatacopy(free, offset, size)
        good := staticcall(gas(), 2, free, size, 0, 0x20)
        good := and(good, eq(returndatasize(), 0x20))
        digest := mload(0)
    }
    require(good, "SHA-256 precompile");
}

// The values of a public tensor: in their range, and those of the header, where the proof holds them.
function readValues(Statement memory s, Tensor memory t) pure {
    uint256 from = t.isInput ? s.inputs : s.outputs;
    bool isSigned = t.lo < 0;
    bool inProof = t.hash == 0;
    uint256 to = s.values;
    for (uint256 i = 0; i < t.entries; ++i) {
        int256 x = entryAt(from + i * t.width, t.width, isSigned);
        if (inProof) {
            int256 held = int64(uint64(reverse64(calldataWord(s.proof) >> 192)));
            // One in its range has one encoding: a header that says something else is of another statement.
            if (held < t.lo || held > t.hi) reject(Reason.BadPublicValue);
            if (held != x) reject(Reason.WrongStatement);
            s.proof += 8;
        }
        if (x < t.lo || x > t.hi) reject(Reason.BadPublicValue);
        // |x| <= 2^63 < P.
        store(to, x < 0 ? P - uint256(-x) : uint256(x) % P);
        to += 32;
    }
    s.values = to;
}

// A digest of the header: of the bytes beside the proof, or the one that the caller expects.
function readDigest(Statement memory s, Tensor memory t) view {
    uint256 digest = calldataWord(s.proof);
    s.proof += 32;
    uint256 from = t.isInput ? s.inputs : s.outputs;
    if (!isPublic(t)) {
        if (calldataWord(from) != digest) reject(Reason.WrongStatement);
    } else {
        uint256 size = t.entries * t.width;
        bytes32 got = t.hash == SHA256_HASH ? sha256Calldata(from, size) : hashCalldata(from, size);
        if (uint256(got) != digest) reject(Reason.BadPublicValue);
    }
    addItem(s, digest);
    if (isPublic(t)) return;
    // Computed by the circuit: eight words.
    for (uint256 i = 0; i < 8; ++i) {
        store(s.values, (digest >> (224 - 32 * i)) & 0xffffffff);
        s.values += 32;
    }
}

function advance(Statement memory s, Tensor memory t) pure {
    if (t.isInput) s.inputs += publicBytes(t);
    else s.outputs += publicBytes(t);
}

// The public tensors and digests of the header against the caller's, in the header's order, and what of them the transcript absorbs.
function readPublics(Statement memory s) view {
    Program memory p = s.p;
    uint256 inputs = s.inputs;
    uint256 outputs = s.outputs;
    for (uint256 i = 0; i < p.seen; ++i) {
        Tensor memory t = tensorAt(p, i);
        if (isPublic(t)) {
            readValues(s, t);
            if (t.hash == 0) addItem(s, uint256(hashCalldata(t.isInput ? s.inputs : s.outputs, t.entries * t.width)));
        }
        advance(s, t);
    }
    s.inputs = inputs;
    s.outputs = outputs;
    for (uint256 i = 0; i < p.seen; ++i) {
        Tensor memory t = tensorAt(p, i);
        if (t.hash != 0) readDigest(s, t);
        advance(s, t);
    }
    s.inputs = inputs;
    s.outputs = outputs;
}

// Commitments to tensors: roots, pins. roots: words, a root and a value each, for the caller.
function readCommitments(Statement memory s, uint256 commitments) pure {
    Program memory p = s.p;
    for (uint256 i = 0; i < p.seen; ++i) {
        Tensor memory t = tensorAt(p, i);
        if (t.exposure == COMMITTED_EXPOSURE) {
            uint256 root = calldataWord(s.proof);
            (K value, bool canonical) = unpack(calldataWord(s.proof + 32));
            if (!canonical) reject(Reason.NonCanonical);
            uint256 from = (t.isInput ? s.inputs : s.outputs) + (t.hash != 0 ? 32 : 0);
            if (calldataWord(from) != root || calldataWord(from + 32) >> 64 != calldataWord(s.proof + 32) >> 64) {
                reject(Reason.WrongStatement);
            }
            store(commitments, root);
            put(commitments, 1, value);
            commitments += 64;
            addItem(s, root);
            store(s.items, (calldataWord(s.proof + 32) >> 64) << 64);
            s.items += 24;
            s.proof += COMMITMENT_BYTES;
        }
        advance(s, t);
    }
}

// Bytes of the header, and what the caller must give of outputs and inputs.
function headerSizes(Program memory p) pure returns (uint256 header, uint256 outputs, uint256 inputs) {
    header = HEADER_BYTES;
    for (uint256 i = 0; i < p.seen; ++i) {
        Tensor memory t = tensorAt(p, i);
        if (isPublic(t) && t.hash == 0) header += 8 * t.entries;
        if (t.hash != 0) header += 32;
        if (t.exposure == COMMITTED_EXPOSURE) header += COMMITMENT_BYTES;
        if (t.isInput) inputs += publicBytes(t);
        else outputs += publicBytes(t);
    }
}
