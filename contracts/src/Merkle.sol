// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import "./Channel.sol";
import {LANE, P} from "./Field.sol";
import {Reason} from "./Reason.sol";

// Queries: indices, opened rows and their multiproofs (docs/protocol.md, section 3 and 6.0).

// `count` distinct indices below 2^bits from a squeezed state, ascending: words in memory. count <= 2^bits, bits <= 32.
function drawIndices(bytes32 state, uint256 count, uint256 bits) pure returns (uint256 indices) {
    // Sorting by linear probing: an index begins at the place that it would have if all were evenly spread, and no place holds a larger
    // one before it. 2^logSlots >= 2 count slots, and `count` more behind them for what is pushed on.
    uint256 logSlots = 1;
    while ((1 << logSlots) < 2 * count) ++logSlots;
    uint256 slots = (1 << logSlots) + count;
    uint256 table = allocate(slots);
    indices = allocate(count);
    uint256 scratch = allocate(3);
    assembly ("memory-safe") {
        // Behind the calldata are zeros: every slot is empty. A slot holds index + 1.
        calldatacopy(table, calldatasize(), shl(5, slots))
        mstore8(scratch, 2)
        mstore(add(scratch, 1), state)
        let mask := sub(shl(bits, 1), 1)
        let found := 0
        let block_ := 0
        for { let j := 0 } lt(found, count) { j := add(j, 1) } {
            if iszero(and(j, 3)) {
                mstore(add(scratch, 33), shl(224, shr(2, j)))
                block_ := keccak256(scratch, 37)
            }
            let index := and(shr(sub(192, shl(6, and(j, 3))), block_), mask)
            let slot := add(table, shl(5, shr(bits, shl(logSlots, index))))
            index := add(index, 1)
            // At most `found` < count slots are in use, so that this ends inside the table.
            for {} 1 {} {
                let other := mload(slot)
                if iszero(other) {
                    mstore(slot, index)
                    found := add(found, 1)
                    break
                }
                if eq(other, index) { break } // drawn before
                if gt(other, index) {
                    mstore(slot, index)
                    index := other
                }
                slot := add(slot, 0x20)
            }
        }
        let to := indices
        for { let slot := table } lt(to, add(indices, shl(5, count))) { slot := add(slot, 0x20) } {
            let index := mload(slot)
            if index {
                mstore(to, sub(index, 1))
                to := add(to, 0x20)
            }
        }
    }
}

// The rows at `rows` (calldata, rowBytes each, by ascending index) hash to the root with the digests that follow in the channel. Ends the
// call if not.
function checkMultiproof(
    Channel memory channel,
    bytes32 root,
    uint256 logLeaves,
    uint256 indices,
    uint256 count,
    uint256 rows,
    uint256 rowBytes
) pure {
    uint256 nodes = allocate(2 * count + 1); // (node, digest), and one that is no node behind the last
    hashLeaves(nodes, indices, count, rows, rowBytes);
    uint256 left = (allocate(4) + 0x5f) & ~uint256(0x3f);
    store(left - 0x20, 1);
    // Two calls, so that it is not inlined, which would keep its variables in memory.
    (uint256 end, uint256 siblings) = climb(nodes, nodes + 64 * count, left, logLeaves - 1, channel.cursor);
    (, siblings) = climb(nodes, end, left, 1, siblings);
    // The number of siblings depends on the indices alone, so it is enough to look at the end of them once.
    if (siblings > channel.end) reject(Reason.Truncated);
    channel.cursor = siblings;
    // One node is left, of index 0: indices are below 2^logLeaves.
    if (bytes32(load(nodes + 0x20)) != root) reject(Reason.MerklePath);
}

function hashLeaves(uint256 nodes, uint256 indices, uint256 count, uint256 rows, uint256 rowBytes) pure {
    uint256 scratch = allocate(1 + (rowBytes + 31) / 32);
    assembly ("memory-safe") {
        mstore8(scratch, 0)
        for { let end := add(indices, shl(5, count)) } lt(indices, end) { indices := add(indices, 0x20) } {
            calldatacopy(add(scratch, 1), rows, rowBytes)
            mstore(nodes, mload(indices))
            mstore(add(nodes, 0x20), keccak256(scratch, add(rowBytes, 1)))
            rows := add(rows, rowBytes)
            nodes := add(nodes, 0x40)
        }
    }
}

// `levels` steps from nodes .. end to their parents, which take their place, with siblings from calldata. Children are hashed at `left`,
// a multiple of 64 behind the byte 0x01, where bit 5 of an address says which of the two it is.
function climb(uint256 nodes, uint256 end, uint256 left, uint256 levels, uint256 siblings)
    pure
    returns (uint256 newEnd, uint256 newSiblings)
{
    assembly ("memory-safe") {
        for {} levels { levels := sub(levels, 1) } {
            mstore(end, not(0)) // no node's number
            let to := nodes
            for { let from := nodes } lt(from, end) {} {
                let node := mload(from)
                let own := or(left, shl(5, and(node, 1)))
                mstore(own, mload(add(from, 0x20)))
                from := add(from, 0x40)
                // The sibling is the next node, if that was computed, too: of an odd one it never is.
                switch eq(mload(from), or(node, 1))
                case 0 {
                    mstore(xor(own, 0x20), calldataload(siblings))
                    siblings := add(siblings, 0x20)
                }
                default {
                    mstore(add(left, 0x20), mload(add(from, 0x20)))
                    from := add(from, 0x40)
                }
                mstore(to, shr(1, node))
                mstore(add(to, 0x20), keccak256(sub(left, 1), 65))
                to := add(to, 0x40)
            }
            end := to
        }
        newEnd := end
        newSiblings := siblings
    }
}

// 7 times the product of root_of_unity(b + 1) over the bits b of the index: the row's point (docs/protocol.md, section 3). By windows
// of four bits: table[16 window + digit].
function pointTable(uint256 bits) pure returns (uint256 table) {
    uint256 windows = (bits + 3) / 4;
    table = allocate(16 * windows);
    // root_of_unity(2^b), for b from 1 on: those of the bits in turn, by squaring from the finest one down.
    uint256 roots = allocate(4 * windows);
    assembly ("memory-safe") {
        let root := 0x185629dcda58878c // 7^((p - 1) / 2^32), of order 2^32
        for { let b := 31 } 1 { b := sub(b, 1) } {
            if lt(b, shl(2, windows)) { mstore(add(roots, shl(5, b)), root) }
            if iszero(b) { break }
            root := mulmod(root, root, P)
        }
        for { let w := 0 } lt(w, windows) { w := add(w, 1) } {
            let to := add(table, shl(9, w))
            mstore(to, 1)
            for { let size := 0x20 } lt(size, 0x200) { size := shl(1, size) } {
                root := mload(roots)
                roots := add(roots, 0x20)
                for { let i := 0 } lt(i, size) { i := add(i, 0x20) } {
                    mstore(add(add(to, size), i), mulmod(mload(add(to, i)), root, P))
                }
            }
        }
    }
}

// bits <= 32: eight windows at most, the table's.
function pointOf(uint256 table, uint256 index) pure returns (uint256 point) {
    assembly ("memory-safe") {
        point := 7
        for {} index {} {
            point := mulmod(point, mload(add(table, shl(5, and(index, 15)))), P)
            index := shr(4, index)
            table := add(table, 0x200)
        }
    }
}

// Weights with a word for each limb, as foldRow takes them; any lanes, which get reduced.
function spread(uint256 weights, uint256 count) pure returns (uint256 limbs) {
    limbs = allocate(3 * count);
    assembly ("memory-safe") {
        let to := limbs
        for { let from := weights } lt(from, add(weights, shl(5, count))) { from := add(from, 0x20) } {
            let x := mload(from)
            mstore(to, mod(and(x, LANE), P))
            mstore(add(to, 0x20), mod(and(shr(85, x), LANE), P))
            mstore(add(to, 0x40), mod(shr(170, x), P))
            to := add(to, 0x60)
        }
    }
}

// sum_lane weight * entry of a row of elements of F at `row` in calldata, four at a time. count: a multiple of 4, at most 2^10; products
// below 2^128: sums below 2^138.
function foldBaseRow(uint256 row, uint256 limbs, uint256 count) pure returns (K value, bool canonical) {
    assembly ("memory-safe") {
        let c0 := 0
        let c1 := 0
        let c2 := 0
        let bad := 0
        for { let end := add(row, shl(3, count)) } lt(row, end) { row := add(row, 0x20) } {
            let word := calldataload(row)
            let x := shr(192, word)
            bad := or(bad, gt(x, 0xffffffff00000000))
            c0 := add(c0, mul(x, mload(limbs)))
            c1 := add(c1, mul(x, mload(add(limbs, 0x20))))
            c2 := add(c2, mul(x, mload(add(limbs, 0x40))))
            x := and(shr(128, word), 0xffffffffffffffff)
            bad := or(bad, gt(x, 0xffffffff00000000))
            c0 := add(c0, mul(x, mload(add(limbs, 0x60))))
            c1 := add(c1, mul(x, mload(add(limbs, 0x80))))
            c2 := add(c2, mul(x, mload(add(limbs, 0xa0))))
            x := and(shr(64, word), 0xffffffffffffffff)
            bad := or(bad, gt(x, 0xffffffff00000000))
            c0 := add(c0, mul(x, mload(add(limbs, 0xc0))))
            c1 := add(c1, mul(x, mload(add(limbs, 0xe0))))
            c2 := add(c2, mul(x, mload(add(limbs, 0x100))))
            x := and(word, 0xffffffffffffffff)
            bad := or(bad, gt(x, 0xffffffff00000000))
            c0 := add(c0, mul(x, mload(add(limbs, 0x120))))
            c1 := add(c1, mul(x, mload(add(limbs, 0x140))))
            c2 := add(c2, mul(x, mload(add(limbs, 0x160))))
            limbs := add(limbs, 0x180)
        }
        value := or(or(mod(c0, P), shl(85, mod(c1, P))), shl(170, mod(c2, P)))
        canonical := iszero(bad)
    }
}

// The same of elements of K. count <= 2^6: products below 2^128, five of them per lane and limb: sums below 2^137.
function foldExtensionRow(uint256 row, uint256 limbs, uint256 count) pure returns (K value, bool canonical) {
    assembly ("memory-safe") {
        let c0 := 0
        let c1 := 0
        let c2 := 0
        let bad := 0
        for { let end := add(row, mul(24, count)) } lt(row, end) { row := add(row, 24) } {
            let x := calldataload(row)
            let a0 := shr(192, x)
            let a1 := and(shr(128, x), 0xffffffffffffffff)
            let a2 := and(shr(64, x), 0xffffffffffffffff)
            bad := or(bad, or(gt(a0, 0xffffffff00000000), or(gt(a1, 0xffffffff00000000), gt(a2, 0xffffffff00000000))))
            let b0 := mload(limbs)
            let b1 := mload(add(limbs, 0x20))
            let b2 := mload(add(limbs, 0x40))
            limbs := add(limbs, 0x60)
            c0 := add(c0, add(mul(a0, b0), shl(1, add(mul(a1, b2), mul(a2, b1)))))
            c1 := add(c1, add(add(mul(a0, b1), mul(a1, b0)), shl(1, mul(a2, b2))))
            c2 := add(c2, add(add(mul(a0, b2), mul(a1, b1)), mul(a2, b0)))
        }
        value := or(or(mod(c0, P), shl(85, mod(c1, P))), shl(170, mod(c2, P)))
        canonical := iszero(bad)
    }
}
