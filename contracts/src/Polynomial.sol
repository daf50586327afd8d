// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {allocate} from "./Channel.sol";
import {K, LANE, P} from "./Field.sol";

// Polynomials with coefficients in K at points of F. Coefficients stand in blocks of four: the four words of a limb one behind the other,
// limb by limb. Lanes of coefficients are below 2^70.

uint256 constant BLOCK_BYTES = 0x180;

// One block after the other *downwards* from `to`, zeros behind the last coefficient: valueAt begins with the highest ones.
function writeBlocks(uint256 to, uint256 coefs, uint256 count) pure {
    assembly ("memory-safe") {
        for { let end := add(coefs, shl(5, count)) } lt(coefs, end) { to := sub(to, 0x180) } {
            for { let at := to } lt(at, add(to, 0x80)) { at := add(at, 0x20) } {
                let c := 0
                if lt(coefs, end) { c := mload(coefs) }
                mstore(at, and(c, LANE))
                mstore(add(at, 0x80), and(shr(85, c), LANE))
                mstore(add(at, 0x100), shr(170, c))
                coefs := add(coefs, 0x20)
            }
        }
    }
}

function blocksOf(uint256 coefs, uint256 count) pure returns (uint256 blocks, uint256 blocksEnd) {
    uint256 size = (count + 3) / 4;
    blocks = allocate(12 * size);
    blocksEnd = blocks + BLOCK_BYTES * size;
    writeBlocks(blocksEnd - BLOCK_BYTES, coefs, count);
}

// The polynomial at x, reduced. By Horner in steps of four: products are below 2^134, sums of five below 2^137.
function valueAt(uint256 blocks, uint256 blocksEnd, uint256 x) pure returns (K value) {
    assembly ("memory-safe") {
        let x2 := mulmod(x, x, P)
        let x3 := mulmod(x2, x, P)
        let x4 := mulmod(x2, x2, P)
        let c0 := 0
        let c1 := 0
        let c2 := 0
        for {} lt(blocks, blocksEnd) { blocks := add(blocks, 0x180) } {
            c0 := add(add(mulmod(c0, x4, P), mload(blocks)), add(mul(x, mload(add(blocks, 0x20))), add(mul(x2, mload(add(blocks, 0x40))), mul(x3, mload(add(blocks, 0x60))))))
            c1 := add(add(mulmod(c1, x4, P), mload(add(blocks, 0x80))), add(mul(x, mload(add(blocks, 0xa0))), add(mul(x2, mload(add(blocks, 0xc0))), mul(x3, mload(add(blocks, 0xe0))))))
            c2 := add(add(mulmod(c2, x4, P), mload(add(blocks, 0x100))), add(mul(x, mload(add(blocks, 0x120))), add(mul(x2, mload(add(blocks, 0x140))), mul(x3, mload(add(blocks, 0x160))))))
        }
        value := or(or(mod(c0, P), shl(85, mod(c1, P))), shl(170, mod(c2, P)))
    }
}

// The product of one polynomial of four coefficients at x, the next at x^4, and so on; and x^(4^blocks). A block's value is below 2^137,
// a product of it and a reduced limb below 2^201, sums of five below 2^204.
function windowsAt(uint256 blocks, uint256 blocksEnd, uint256 x) pure returns (K value, uint256 power) {
    assembly ("memory-safe") {
        let a0 := 1
        let a1 := 0
        let a2 := 0
        for {} lt(blocks, blocksEnd) { blocks := add(blocks, 0x180) } {
            let x2 := mulmod(x, x, P)
            let x3 := mulmod(x2, x, P)
            let f0 := add(add(mload(blocks), mul(x, mload(add(blocks, 0x20)))), add(mul(x2, mload(add(blocks, 0x40))), mul(x3, mload(add(blocks, 0x60)))))
            let f1 := add(add(mload(add(blocks, 0x80)), mul(x, mload(add(blocks, 0xa0)))), add(mul(x2, mload(add(blocks, 0xc0))), mul(x3, mload(add(blocks, 0xe0)))))
            let f2 := add(add(mload(add(blocks, 0x100)), mul(x, mload(add(blocks, 0x120)))), add(mul(x2, mload(add(blocks, 0x140))), mul(x3, mload(add(blocks, 0x160)))))
            x := mulmod(x2, x2, P)
            let c0 := mod(add(mul(a0, f0), shl(1, add(mul(a1, f2), mul(a2, f1)))), P)
            let c1 := mod(add(add(mul(a0, f1), mul(a1, f0)), shl(1, mul(a2, f2))), P)
            a2 := mod(add(add(mul(a0, f2), mul(a1, f1)), mul(a2, f0)), P)
            a0 := c0
            a1 := c1
        }
        value := or(or(a0, shl(85, a1)), shl(170, a2))
        power := x
    }
}
