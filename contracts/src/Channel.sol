// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {BIT64S, EPSILONS, K, challengeOf, unpack} from "./Field.sol";
import {Reason} from "./Reason.sol";

// Messages in calldata, and the transcript that absorbs them (docs/protocol.md, section 6.0): what waits is the part of the calldata from
// `waiting` to `at`, since a squeeze hashes elements, digests and nonces as they stand in the proof.
struct Channel {
    uint256 buffer; // memory: S, 4 bytes of tag, what is absorbed; as long as the longest message needs
    uint256 waiting; // calldata: the first byte that is not absorbed yet
    uint256 cursor; // calldata: the next byte
    uint256 end; // calldata: behind the last byte
}

// Tags of squeezes: FNV-1a of their labels.
uint256 constant TAG_LOOKUP_ALPHA = 0x0bac1b57;
uint256 constant TAG_LOOKUP_BETA = 0x52e49643;
uint256 constant TAG_LOOKUP_LAMBDA = 0xb3a6764e;
uint256 constant TAG_LOOKUP_ROUND = 0xb7645b7f;
uint256 constant TAG_LOOKUP_R = 0x22586d79;
uint256 constant TAG_RELATIONS_TAU = 0xfe385804;
uint256 constant TAG_RELATIONS_GAMMA = 0xd801808b;
uint256 constant TAG_RELATIONS_ROUND = 0xa6735242;
uint256 constant TAG_ZEROCHECK_TAU = 0x49f62d9f;
uint256 constant TAG_ZEROCHECK_ROUND = 0x059b4b9d;
uint256 constant TAG_DELTA = 0x6b017c21;
uint256 constant TAG_MASK_POINT = 0xc63df953;
uint256 constant TAG_OPENING_S = 0x04731512;
uint256 constant TAG_FOLD_ZETA = 0x09576384;
uint256 constant TAG_POW = 0x58336ad5;
uint256 constant TAG_OPENING_QUERIES = 0x6eb92833;
uint256 constant TAG_FOLD_XI = 0x9fa06f21;
uint256 constant TAG_FINAL_XI = 0xa74c4e7a;
uint256 constant TAG_MASK_ETA = 0xb1d4b561;
uint256 constant TAG_MASK_QUERIES = 0xeef14c75;
uint256 constant TAG_MODEL_POINT = 0x634e7920;
uint256 constant TAG_DATA_POINT = 0xf21594f7;

// Ends the call with this reason as its whole answer: a verdict, not an error. Only for contracts whose functions answer so.
function reject(Reason reason) pure {
    assembly ("memory-safe") {
        mstore(0, reason)
        return(0, 0x20)
    }
}

// Words of memory, not zeroed. Sizes come from a validated program.
function allocate(uint256 words) pure returns (uint256 array) {
    assembly ("memory-safe") {
        array := mload(0x40)
        mstore(0x40, add(array, shl(5, words)))
    }
}

function get(uint256 array, uint256 i) pure returns (K x) {
    assembly ("memory-safe") {
        x := mload(add(array, shl(5, i)))
    }
}

function put(uint256 array, uint256 i, K x) pure {
    assembly ("memory-safe") {
        mstore(add(array, shl(5, i)), x)
    }
}

function load(uint256 pointer) pure returns (uint256 x) {
    assembly ("memory-safe") {
        x := mload(pointer)
    }
}

function store(uint256 pointer, uint256 x) pure {
    assembly ("memory-safe") {
        mstore(pointer, x)
    }
}

function calldataWord(uint256 offset) pure returns (uint256 x) {
    assembly ("memory-safe") {
        x := calldataload(offset)
    }
}

// Moves on by `size` bytes and says where they are.
function take(Channel memory channel, uint256 size) pure returns (uint256 offset) {
    offset = channel.cursor;
    if (channel.end - offset < size) reject(Reason.Truncated);
    channel.cursor = offset + size;
}

function takeK(Channel memory channel) pure returns (K x) {
    bool canonical;
    (x, canonical) = unpack(calldataWord(take(channel, 24)));
    if (!canonical) reject(Reason.NonCanonical);
}

// `count` elements to `array`.
function takeMany(Channel memory channel, uint256 array, uint256 count) pure {
    uint256 from = channel.cursor;
    uint256 whole = (channel.end - from) / 24;
    // Of fewer elements than there should be, those that are there come first.
    uint256 read = whole < count ? whole : count;
    channel.cursor = from + 24 * read;
    bool bad;
    assembly ("memory-safe") {
        let bits := 0
        for { let end := add(from, mul(24, read)) } lt(from, end) { from := add(from, 24) } {
            let word := calldataload(from)
            let x := or(
                shr(192, word),
                or(shl(85, and(shr(128, word), 0xffffffffffffffff)), shl(170, and(shr(64, word), 0xffffffffffffffff)))
            )
            bits := or(bits, add(x, EPSILONS))
            mstore(array, x)
            array := add(array, 0x20)
        }
        bad := iszero(iszero(and(bits, BIT64S)))
    }
    if (bad) reject(Reason.NonCanonical);
    if (read != count) reject(Reason.Truncated);
}

function squeeze(Channel memory channel, uint256 tag) pure returns (bytes32 state) {
    assembly ("memory-safe") {
        let buffer := mload(channel)
        let from := mload(add(channel, 0x20))
        let to := mload(add(channel, 0x40))
        mstore(add(buffer, 0x20), shl(224, tag))
        calldatacopy(add(buffer, 0x24), from, sub(to, from))
        state := keccak256(buffer, add(0x24, sub(to, from)))
        mstore(buffer, state)
        mstore(add(channel, 0x20), to)
    }
}

function challenge(Channel memory channel, uint256 tag) pure returns (K) {
    return challengeOf(squeeze(channel, tag));
}

// Behind bytes that the transcript does not absorb.
function absorbNothing(Channel memory channel) pure {
    channel.waiting = channel.cursor;
}

// The nonce that comes next; it is absorbed.
function checkPow(Channel memory channel, uint256 bits) pure {
    // The nonce is read first: a proof that ends here is cut off.
    uint256 offset = take(channel, 8);
    channel.cursor = offset;
    bytes32 state = squeeze(channel, TAG_POW);
    channel.cursor = offset + 8;
    uint256 nonce = calldataWord(offset) >> 192;
    uint256 digest;
    assembly ("memory-safe") {
        let free := mload(0x40)
        mstore8(free, 3)
        mstore(add(free, 1), state)
        mstore8(add(free, 33), bits)
        mstore(add(free, 34), shl(192, nonce))
        digest := keccak256(free, 42)
    }
    if (bits == 0 ? nonce != 0 : digest >> (256 - bits) != 0) reject(Reason.ProofOfWork);
}
