// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

// F is the field of P = 2^64 - 2^32 + 1 elements, K = F[x] / (x^3 - 2). An element c0 + c1 x + c2 x^2 of K is one word
//     c0 | c1 << 85 | c2 << 170,
// three lanes of 85, 85 and 86 bits. A *reduced* element has lanes below P. Lanes may be larger, up to 2^85 - 1: adding is one
// ADD, and whoever adds says how far lanes grow. mul takes any lanes and gives reduced ones.
type K is uint256;

using {add as +, mul as *} for K global;

uint256 constant P = 0xffffffff00000001;
uint256 constant HALF = 0x7fffffff80000001; // 1 / 2
uint256 constant LANE = 0x1fffffffffffffffffffff; // 2^85 - 1
// P in each lane.
uint256 constant PPP = 0x3fffffffc0000000400001fffffffe0000000200000ffffffff00000001;
// 2^32 - 1 in each lane, and bit 64 of each: c + 2^32 - 1 has bit 64 exactly where a c of 64 bits is not below P.
uint256 constant EPSILONS = 0x3fffffffc0000000000001fffffffe0000000000000ffffffff;
uint256 constant BIT64S = 0x40000000000000000000020000000000000000000010000000000000000;

K constant ZERO = K.wrap(0);
K constant ONE = K.wrap(1);

// Lanes add up: the caller's bounds.
function add(K x, K y) pure returns (K z) {
    assembly ("memory-safe") {
        z := add(x, y)
    }
}

// y is reduced, or at most P in each lane; lanes of x grow by P at most.
function sub(K x, K y) pure returns (K z) {
    assembly ("memory-safe") {
        z := add(x, sub(PPP, y))
    }
}

// Lanes below 2^86: products below 2^172, sums of five below 2^175.
function mul(K x, K y) pure returns (K z) {
    assembly ("memory-safe") {
        let a0 := and(x, LANE)
        let a1 := and(shr(85, x), LANE)
        let a2 := shr(170, x)
        let b0 := and(y, LANE)
        let b1 := and(shr(85, y), LANE)
        let b2 := shr(170, y)
        z := or(
            or(
                mod(add(mul(a0, b0), shl(1, add(mul(a1, b2), mul(a2, b1)))), P),
                shl(85, mod(add(add(mul(a0, b1), mul(a1, b0)), shl(1, mul(a2, b2))), P))
            ),
            shl(170, mod(add(add(mul(a0, b2), mul(a1, b1)), mul(a2, b0)), P))
        )
    }
}

function square(K x) pure returns (K z) {
    assembly ("memory-safe") {
        let a0 := and(x, LANE)
        let a1 := and(shr(85, x), LANE)
        let a2 := shr(170, x)
        z := or(
            or(
                mod(add(mul(a0, a0), shl(2, mul(a1, a2))), P),
                shl(85, mod(shl(1, add(mul(a0, a1), mul(a2, a2))), P))
            ),
            shl(170, mod(add(shl(1, mul(a0, a2)), mul(a1, a1)), P))
        )
    }
}

// y in F, below 2^65; lanes of x below 2^86: products below 2^151.
function scale(K x, uint256 y) pure returns (K z) {
    assembly ("memory-safe") {
        z := or(
            or(mod(mul(and(x, LANE), y), P), shl(85, mod(mul(and(shr(85, x), LANE), y), P))),
            shl(170, mod(mul(shr(170, x), y), P))
        )
    }
}

// Any lanes; the result is reduced.
function reduce(K x) pure returns (K z) {
    assembly ("memory-safe") {
        z := or(
            or(mod(and(x, LANE), P), shl(85, mod(and(shr(85, x), LANE), P))), shl(170, mod(shr(170, x), P))
        )
    }
}

function isZero(K x) pure returns (bool) {
    return K.unwrap(reduce(x)) == 0;
}

function equal(K x, K y) pure returns (bool) {
    return K.unwrap(reduce(x)) == K.unwrap(reduce(y));
}

// 1 - x, x reduced: lanes at most P, and P + 1 in the first.
function oneMinus(K x) pure returns (K z) {
    return sub(ONE, x);
}

// base^exponent, base any lanes.
function power(K base, uint256 exponent) pure returns (K z) {
    z = ONE;
    while (exponent != 0) {
        if (exponent & 1 != 0) z = z * base;
        base = square(base);
        exponent >>= 1;
    }
}

// base^exponent in F.
function powerF(uint256 base, uint256 exponent) pure returns (uint256 z) {
    z = 1;
    while (exponent != 0) {
        if (exponent & 1 != 0) z = mulmod(z, base, P);
        base = mulmod(base, base, P);
        exponent >>= 1;
    }
}

// The element whose 24 bytes are the first of `word`, limbs big-endian; not canonical: a limb is P or more.
function unpack(uint256 word) pure returns (K z, bool canonical) {
    assembly ("memory-safe") {
        z := or(
            shr(192, word),
            or(shl(85, and(shr(128, word), 0xffffffffffffffff)), shl(170, and(shr(64, word), 0xffffffffffffffff)))
        )
        canonical := iszero(and(add(z, EPSILONS), BIT64S))
    }
}

// The element that a squeezed state is: lanes of 85 bits, reduced; the highest bit is not used.
function challengeOf(bytes32 state) pure returns (K) {
    return reduce(K.wrap(uint256(state) & 0x7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff));
}

// 24 bytes, limbs big-endian, in the high bits. x reduced.
function pack(K x) pure returns (uint256 z) {
    assembly ("memory-safe") {
        z := or(shl(192, and(x, LANE)), or(shl(128, and(shr(85, x), LANE)), shl(64, shr(170, x))))
    }
}

// table[i] = factor * prod_j (bit j of i, from the highest one of `count` bits on, ? point[j] : 1 - point[j]) for the 2^count
// indices i, at `table`; point: `count` words, reduced. Lanes of the entries: reduced, or below (count + 2) P.
function expandEq(uint256 table, uint256 point, uint256 count, K factor) pure {
    assembly ("memory-safe") {
        mstore(table, factor)
        let size := 0x20
        for { let j := 0 } lt(j, count) { j := add(j, 1) } {
            let y := mload(add(point, shl(5, j)))
            let b0 := and(y, LANE)
            let b1 := and(shr(85, y), LANE)
            let b2 := shr(170, y)
            let to := add(table, shl(1, size))
            for { let from := add(table, size) } gt(from, table) {} {
                from := sub(from, 0x20)
                let x := mload(from)
                let a0 := and(x, LANE)
                let a1 := and(shr(85, x), LANE)
                let a2 := shr(170, x)
                let z := or(
                    or(
                        mod(add(mul(a0, b0), shl(1, add(mul(a1, b2), mul(a2, b1)))), P),
                        shl(85, mod(add(add(mul(a0, b1), mul(a1, b0)), shl(1, mul(a2, b2))), P))
                    ),
                    shl(170, mod(add(add(mul(a0, b2), mul(a1, b1)), mul(a2, b0)), P))
                )
                mstore(sub(to, 0x20), z)
                to := sub(to, 0x40)
                // At most P more than the entry it comes from, once per coordinate.
                mstore(to, add(x, sub(PPP, z)))
            }
            size := shl(1, size)
        }
    }
}
