// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import "./Channel.sol";
import "./Field.sol";
import {spread} from "./Merkle.sol";

// rangeSum (Geometric.sol) at many bases x in F with one point and one range, as opened rows need it. The low `low` bits of the index, an
// even number, are cut in windows of two bits; begin is a multiple of 2^low, and the chunks of 2^low indices are a polynomial in x^(2^low):
//     sum = all * sum_{h0 <= h < h1} E_h X^(h - h0)  +  E_h1 X^(h1 - h0) * below,       X = x^(2^low), E = eq of the bits above,
// all = the sum over all low bits, below = over those below end's. Window by window, with d = end's digit there and e its four eq weights:
//     below <- all * sum_{h < d} e_h X^h + e_d X^d below,       all <- all * sum_h e_h X^h,       X <- X^4.
struct RowTables {
    uint256 windows; // records of WINDOW_BYTES
    uint256 chunks; // E_h0, .. E_h1, three words each
    uint256 numChunks; // h1 - h0
    bool hasRest; // end is no multiple of 2^low
}

// Three words each: e_0 .. e_3; the same, zero from digit d on; e_d; then d + 8, + 4 where the sum below is not zero; that sum before
// the window. Behind the last window are a zero and the sum below all of them.
uint256 constant WINDOW_BYTES = 0x3e0;

function trailingZeros(uint256 x, uint256 limit) pure returns (uint256 bits) {
    while (bits < limit && (x >> bits) & 1 == 0) ++bits;
}

// point: `bits` coordinates, the lowest first. begin < end <= 2^bits.
function makeRowTables(uint256 point, uint256 bits, uint256 begin, uint256 end) pure returns (RowTables memory t) {
    uint256 low = trailingZeros(begin, bits);
    // Where all of the index is low, some eight chunks are cheaper than their bits.
    uint256 sizeBits = log2Floor(end - begin);
    uint256 wanted = sizeBits > 2 ? sizeBits - 2 : 0;
    if (low > wanted) low = wanted;
    low &= ~uint256(1);
    t.windows = allocate((low / 2 + 1) * (WINDOW_BYTES / 32));
    // The sum below is zero up to the first digit that is not.
    for (uint256 i = 0; i <= low / 2; ++i) storeLimbs(t.windows + i * WINDOW_BYTES + 0x380, ZERO);
    store(t.windows + low / 2 * WINDOW_BYTES + 0x360, 0);
    bool isBelow = false;
    for (uint256 i = 0; i < low; i += 2) {
        uint256 digit = (end >> i) & 3;
        isBelow = isBelow || digit != 0;
        makeWindow(t.windows + i / 2 * WINDOW_BYTES, get(point, i), get(point, i + 1), digit, isBelow);
    }
    t.hasRest = isBelow;
    t.numChunks = (end >> low) - (begin >> low);
    uint256 high = bits - low;
    uint256 reversed = allocate(high);
    for (uint256 i = 0; i < high; ++i) put(reversed, i, get(point, bits - 1 - i));
    uint256 table = allocate((1 << high) + 1);
    expandEq(table, reversed, high, ONE);
    put(table, 1 << high, ZERO);
    t.chunks = spread(table + 32 * (begin >> low), t.numChunks + 1);
}

function log2Floor(uint256 x) pure returns (uint256 bits) {
    while (x >> (bits + 1) != 0) ++bits;
}

function makeWindow(uint256 window, K r0, K r1, uint256 digit, bool isBelow) pure {
    K e3 = r0 * r1;
    K e2 = sub(r1, e3);
    K e1 = sub(r0, e3);
    K e0 = sub(sub(ONE, r0), reduce(e2));
    for (uint256 h = 0; h < 4; ++h) {
        K e = reduce(h == 0 ? e0 : h == 1 ? e1 : h == 2 ? e2 : e3);
        storeLimbs(window + 0x60 * h, e);
        storeLimbs(window + 0x180 + 0x60 * h, h < digit ? e : ZERO);
        if (h == digit) storeLimbs(window + 0x300, e);
    }
    store(window + 0x360, 8 | digit | (isBelow ? 4 : 0));
}

function storeLimbs(uint256 to, K x) pure {
    store(to, K.unwrap(x) & LANE);
    store(to + 0x20, (K.unwrap(x) >> 85) & LANE);
    store(to + 0x40, K.unwrap(x) >> 170);
}

// Bounds: limbs of `all` and `below` are reduced; Horner's stay below 2^65, so products are below 2^130, and sums of ten below 2^134.
function rowSum(RowTables memory t, uint256 x) pure returns (K value) {
    assembly ("memory-safe") {
        let a0 := 1
        let a1 := 0
        let a2 := 0
        let w := mload(t)
        for {} mload(add(w, 0x360)) { w := add(w, 0x3e0) } {
            let f0
            let f1
            let f2
            if and(mload(add(w, 0x360)), 4) {
                // The next window's sum below: all * g + e_d x^d below, g the sum of the e before digit d.
                f0 := add(mulmod(mload(add(w, 0x240)), x, P), mload(add(w, 0x1e0)))
                f1 := add(mulmod(mload(add(w, 0x260)), x, P), mload(add(w, 0x200)))
                f2 := add(mulmod(mload(add(w, 0x280)), x, P), mload(add(w, 0x220)))
                f0 := add(mulmod(f0, x, P), mload(add(w, 0x180)))
                f1 := add(mulmod(f1, x, P), mload(add(w, 0x1a0)))
                f2 := add(mulmod(f2, x, P), mload(add(w, 0x1c0)))
                {
                    let u0 := add(mul(a0, f0), shl(1, add(mul(a1, f2), mul(a2, f1))))
                    let u1 := add(add(mul(a0, f1), mul(a1, f0)), shl(1, mul(a2, f2)))
                    f2 := add(add(mul(a0, f2), mul(a1, f1)), mul(a2, f0))
                    f0 := u0
                    f1 := u1
                }
                let y := 1
                if and(mload(add(w, 0x360)), 1) { y := x }
                if and(mload(add(w, 0x360)), 2) { y := mulmod(y, mulmod(x, x, P), P) }
                {
                    let b := mulmod(mload(add(w, 0x380)), y, P)
                    f0 := add(f0, mul(b, mload(add(w, 0x300))))
                    f1 := add(f1, mul(b, mload(add(w, 0x320))))
                    f2 := add(f2, mul(b, mload(add(w, 0x340))))
                    b := mulmod(mload(add(w, 0x3a0)), y, P)
                    f1 := add(f1, mul(b, mload(add(w, 0x300))))
                    f2 := add(f2, mul(b, mload(add(w, 0x320))))
                    f0 := add(f0, shl(1, mul(b, mload(add(w, 0x340)))))
                    b := mulmod(mload(add(w, 0x3c0)), y, P)
                    f2 := add(f2, mul(b, mload(add(w, 0x300))))
                    f0 := add(f0, shl(1, mul(b, mload(add(w, 0x320)))))
                    f1 := add(f1, shl(1, mul(b, mload(add(w, 0x340)))))
                }
                mstore(add(w, 0x760), mod(f0, P))
                mstore(add(w, 0x780), mod(f1, P))
                mstore(add(w, 0x7a0), mod(f2, P))
            }
            f0 := add(mulmod(mload(add(w, 0x120)), x, P), mload(add(w, 0xc0)))
            f1 := add(mulmod(mload(add(w, 0x140)), x, P), mload(add(w, 0xe0)))
            f2 := add(mulmod(mload(add(w, 0x160)), x, P), mload(add(w, 0x100)))
            f0 := add(mulmod(f0, x, P), mload(add(w, 0x60)))
            f1 := add(mulmod(f1, x, P), mload(add(w, 0x80)))
            f2 := add(mulmod(f2, x, P), mload(add(w, 0xa0)))
            f0 := add(mulmod(f0, x, P), mload(w))
            f1 := add(mulmod(f1, x, P), mload(add(w, 0x20)))
            f2 := add(mulmod(f2, x, P), mload(add(w, 0x40)))
            x := mulmod(x, x, P)
            x := mulmod(x, x, P)
            {
                let c0 := mod(add(mul(a0, f0), shl(1, add(mul(a1, f2), mul(a2, f1)))), P)
                let c1 := mod(add(add(mul(a0, f1), mul(a1, f0)), shl(1, mul(a2, f2))), P)
                a2 := mod(add(add(mul(a0, f2), mul(a1, f1)), mul(a2, f0)), P)
                a0 := c0
                a1 := c1
            }
        }
        // The chunks, from the last one down.
        let last := add(mload(add(t, 0x20)), mul(mload(add(t, 0x40)), 0x60))
        {
            let g0 := 0
            let g1 := 0
            let g2 := 0
            for { let c := last } gt(c, mload(add(t, 0x20))) {} {
                c := sub(c, 0x60)
                g0 := add(mulmod(g0, x, P), mload(c))
                g1 := add(mulmod(g1, x, P), mload(add(c, 0x20)))
                g2 := add(mulmod(g2, x, P), mload(add(c, 0x40)))
            }
            let c0 := add(mul(a0, g0), shl(1, add(mul(a1, g2), mul(a2, g1))))
            let c1 := add(add(mul(a0, g1), mul(a1, g0)), shl(1, mul(a2, g2)))
            a2 := add(add(mul(a0, g2), mul(a1, g1)), mul(a2, g0))
            a0 := c0
            a1 := c1
        }
        if mload(add(t, 0x60)) {
            // E_h1 x^(number of chunks) times the sum below.
            let y := 1
            for { let n := mload(add(t, 0x40)) } n { n := shr(1, n) } {
                if and(n, 1) { y := mulmod(y, x, P) }
                x := mulmod(x, x, P)
            }
            let b := mulmod(mload(add(w, 0x380)), y, P)
            a0 := add(a0, mul(b, mload(last)))
            a1 := add(a1, mul(b, mload(add(last, 0x20))))
            a2 := add(a2, mul(b, mload(add(last, 0x40))))
            b := mulmod(mload(add(w, 0x3a0)), y, P)
            a1 := add(a1, mul(b, mload(last)))
            a2 := add(a2, mul(b, mload(add(last, 0x20))))
            a0 := add(a0, shl(1, mul(b, mload(add(last, 0x40)))))
            b := mulmod(mload(add(w, 0x3c0)), y, P)
            a2 := add(a2, mul(b, mload(last)))
            a0 := add(a0, shl(1, mul(b, mload(add(last, 0x20)))))
            a1 := add(a1, shl(1, mul(b, mload(add(last, 0x40)))))
        }
        value := or(or(mod(a0, P), shl(85, mod(a1, P))), shl(170, mod(a2, P)))
    }
}
