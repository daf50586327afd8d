// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {K, LANE, P, PPP, expandEq} from "./Field.sol";

// Instructions of verification programs, on registers in memory: one word each, lanes below 2^75. An instruction appends its results. Sums
// of products are not reduced: a product of lanes is below 2^150, its three and their doubling below 2^153, and no sum has more than
// 2^16 terms: below 2^169. The lanes of a product are written out in each hot loop: a function for them takes 1 % more gas of a verification.

// A multiple of P above 2^16 terms of lanes below 2^75 and coefficients of 15 bits: 2^44 P, almost 2^108.
uint256 constant SMALL_SUMS = 0xffffffff0000000100000000000;

// registers: where register 0 is. ip: the first instruction. top: how many registers are filled.
function runInstructions(uint256 registers, uint256 ip, uint256 top) pure returns (uint256 mu, uint256 value) {
    assembly ("memory-safe") {
        function kmul(x, y) -> z {
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
        function packed(c0, c1, c2) -> z {
            z := or(or(mod(c0, P), shl(85, mod(c1, P))), shl(170, mod(c2, P)))
        }
        // sum_{i<n} r[a + i] r[b + i]
        function dot(a, b, n) -> z {
            let c0 := 0
            let c1 := 0
            let c2 := 0
            for { let end := add(a, shl(5, n)) } lt(a, end) {} {
                let x := mload(a)
                let y := mload(b)
                a := add(a, 0x20)
                b := add(b, 0x20)
                let x0 := and(x, LANE)
                let x1 := and(shr(85, x), LANE)
                x := shr(170, x)
                let y0 := and(y, LANE)
                let y1 := and(shr(85, y), LANE)
                y := shr(170, y)
                c0 := add(c0, add(mul(x0, y0), shl(1, add(mul(x1, y), mul(x, y1)))))
                c1 := add(c1, add(add(mul(x0, y1), mul(x1, y0)), shl(1, mul(x, y))))
                c2 := add(c2, add(add(mul(x0, y), mul(x1, y1)), mul(x, y0)))
            }
            z := packed(c0, c1, c2)
        }
        // The same where the r[b + i] are in F.
        function fieldDot(a, b, n) -> z {
            let c0 := 0
            let c1 := 0
            let c2 := 0
            for { let end := add(a, shl(5, n)) } lt(a, end) {} {
                let x := mload(a)
                let y := mload(b)
                a := add(a, 0x20)
                b := add(b, 0x20)
                c0 := add(c0, mul(and(x, LANE), y))
                c1 := add(c1, mul(and(shr(85, x), LANE), y))
                c2 := add(c2, mul(shr(170, x), y))
            }
            z := packed(c0, c1, c2)
        }
        // 1 - x - y + x y, of which the last is given; lanes below 2^73 + 2^66
        function zeroOf(x, y, product) -> z {
            z := add(add(product, 1), sub(mul(0x200, PPP), add(x, y)))
        }
        // sum_{i<2^bits} eq(a, i) eq(b, i)
        function eqDot(a, b, bits) -> z {
            z := 1
            if iszero(bits) { leave }
            let x := mload(a)
            let y := mload(b)
            let one := kmul(x, y)
            z := add(zeroOf(x, y, one), one)
            for { let end := add(a, shl(5, sub(bits, 1))) } lt(a, end) {} {
                a := add(a, 0x20)
                b := add(b, 0x20)
                x := mload(a)
                y := mload(b)
                one := kmul(x, y)
                z := kmul(z, add(zeroOf(x, y, one), one))
            }
        }
        // The same over i < count, count below 2^bits, from the lowest bit on: over all of the bits so far, and over those below count's.
        function partialEqDot(a, b, bits, count) -> below {
            let all := 1
            for { let i := 0 } lt(i, bits) { i := add(i, 1) } {
                let at := shl(5, sub(sub(bits, 1), i))
                let x := mload(add(a, at))
                let y := mload(add(b, at))
                let one := kmul(x, y)
                let zero := zeroOf(x, y, one)
                switch and(shr(i, count), 1)
                case 0 { below := kmul(below, zero) }
                default { below := add(kmul(all, zero), kmul(below, one)) }
                all := kmul(all, add(zero, one))
            }
        }
        // sum_{i<end} eq(r[src ..], i), and of eq times i.
        function belowOf(src, bits, end) -> weight, first {
            let allFirst := 0
            for { let i := 0 } lt(i, bits) { i := add(i, 1) } {
                let r := mload(add(src, shl(5, sub(sub(bits, 1), i))))
                let zero := add(1, sub(mul(0x100, PPP), r))
                let bit := shl(i, 1)
                switch and(shr(i, end), 1)
                case 0 {
                    first := kmul(zero, first)
                    weight := kmul(zero, weight)
                }
                default {
                    // Lanes of weight are below 2^73, of 32 bits' multiple below 2^85 after the reduction.
                    first := add(kmul(zero, allFirst), kmul(r, add(first, kmul(weight, bit))))
                    weight := kmul(1, add(zero, kmul(r, weight)))
                }
                allFirst := add(allFirst, kmul(r, bit))
            }
        }
        function signed(x) -> z {
            z := signextend(3, x)
        }
        // parts {factor, offset, 3 sources}: out[offset + sum stride i] += factor prod r[base + step i]
        function correlate(regs, at, length, parts, out) -> next {
            for { let i := 0 } lt(i, length) { i := add(i, 1) } { mstore(add(out, shl(5, i)), 0) }
            let summands := 0 // of an entry, at most
            for {} parts { parts := sub(parts, 1) } {
                // 6 bytes of factor and offset, then 9 bytes of each source
                summands := add(summands, correlatePart(regs, at, length, out))
                at := add(at, 33)
            }
            next := at
            // A summand is an entry of a table, below 2^68, or a product; sums of up to 64 are below 2^75, those of
            // 2^16, more than an exporter writes, below 2^84.
            if lt(summands, 65) { leave }
            for { let end := add(out, shl(5, length)) } lt(out, end) { out := add(out, 0x20) } {
                let x := mload(out)
                mstore(out, packed(and(x, LANE), and(shr(85, x), LANE), shr(170, x)))
            }
        }
        function correlatePart(regs, at, length, out) -> summands {
            let head := mload(at)
            let factor := mload(add(regs, shl(5, shr(240, head))))
            if gt(factor, 1) { factor := kmul(1, factor) } // reduced
            let offset := signed(and(shr(208, head), 0xffffffff))
            let first := mload(add(at, 6))
            let second := mload(add(at, 15))
            summands := mul(and(shr(224, first), 0xffff), and(shr(224, second), 0xffff))
            if iszero(strideOf(mload(add(at, 24)))) { summands := 0xffffff }
            for { let i := and(shr(224, first), 0xffff) } i {} {
                i := sub(i, 1)
                let x := times(factor, regs, first, i)
                let base := add(offset, mul(strideOf(first), i))
                for { let j := and(shr(224, second), 0xffff) } j {} {
                    j := sub(j, 1)
                    addRun(regs, mload(add(at, 24)), length, out, times(x, regs, second, j), add(base, mul(strideOf(second), j)))
                }
            }
        }
        // x times entry i of a source: one where its step is 0.
        function times(x, regs, source, i) -> y {
            y := x
            if and(shr(216, source), 0xff) { y := kmul(x, mload(add(regs, shl(5, add(shr(240, source), i))))) }
        }
        // out[index + stride k] += x r[base + k]
        function addRun(regs, source, length, out, x, index) {
            let n := and(shr(224, source), 0xffff)
            let stride := strideOf(source)
            switch and(shr(216, source), 0xff)
            case 0 {
                for {} n { n := sub(n, 1) } {
                    // Negative indices are large.
                    if lt(index, length) { mstore(add(out, shl(5, index)), add(mload(add(out, shl(5, index))), x)) }
                    index := add(index, stride)
                }
            }
            default {
                if eq(x, 1) {
                    let source_ := add(regs, shl(5, shr(240, source)))
                    for {} n { n := sub(n, 1) } {
                        if lt(index, length) {
                            mstore(add(out, shl(5, index)), add(mload(add(out, shl(5, index))), mload(source_)))
                        }
                        source_ := add(source_, 0x20)
                        index := add(index, stride)
                    }
                    leave
                }
                let x0 := and(x, LANE)
                let x1 := and(shr(85, x), LANE)
                x := shr(170, x)
                let from := add(regs, shl(5, shr(240, source)))
                for { let end := add(from, shl(5, n)) } lt(from, end) { from := add(from, 0x20) } {
                    if lt(index, length) {
                        let y := mload(from)
                        let y0 := and(y, LANE)
                        let y1 := and(shr(85, y), LANE)
                        y := shr(170, y)
                        let z := packed(
                            add(mul(x0, y0), shl(1, add(mul(x1, y), mul(x, y1)))),
                            add(add(mul(x0, y1), mul(x1, y0)), shl(1, mul(x, y))),
                            add(add(mul(x0, y), mul(x1, y1)), mul(x, y0))
                        )
                        let to := add(out, shl(5, index))
                        mstore(to, add(mload(to), z))
                    }
                    index := add(index, stride)
                }
            }
        }
        // A source: u16 base, u16 length, u8 step (0 or 1), i32 stride.
        function strideOf(source) -> x {
            x := signed(and(shr(184, source), 0xffffffff))
        }

        let to := add(registers, shl(5, top))
        for {} 1 {} {
            let w := mload(ip)
            let op := shr(248, w)
            // a b: the operands that most instructions begin with
            let a := add(registers, and(shr(227, w), 0x1fffe0))
            let b := add(registers, and(shr(211, w), 0x1fffe0))
            switch op
            case 1 {
                let end := add(add(ip, 3), shl(2, and(shr(232, w), 0xffff)))
                for { ip := add(ip, 3) } lt(ip, end) { ip := add(ip, 4) } {
                    w := mload(ip)
                    let x := mload(add(registers, and(shr(235, w), 0x1fffe0)))
                    let y := mload(add(registers, and(shr(219, w), 0x1fffe0)))
                    let x0 := and(x, LANE)
                    let x1 := and(shr(85, x), LANE)
                    x := shr(170, x)
                    let y0 := and(y, LANE)
                    let y1 := and(shr(85, y), LANE)
                    y := shr(170, y)
                    mstore(
                        to,
                        or(
                            or(
                                mod(add(mul(x0, y0), shl(1, add(mul(x1, y), mul(x, y1)))), P),
                                shl(85, mod(add(add(mul(x0, y1), mul(x1, y0)), shl(1, mul(x, y))), P))
                            ),
                            shl(170, mod(add(add(mul(x0, y), mul(x1, y1)), mul(x, y0)), P))
                        )
                    )
                    to := add(to, 0x20)
                }
            }
            case 2 {
                let c0 := 0
                let c1 := 0
                let c2 := 0
                let end := add(add(ip, 3), shl(2, and(shr(232, w), 0xffff)))
                for { ip := add(ip, 3) } lt(ip, end) { ip := add(ip, 4) } {
                    w := mload(ip)
                    let x := mload(add(registers, and(shr(235, w), 0x1fffe0)))
                    let y := mload(add(registers, and(shr(219, w), 0x1fffe0)))
                    let x0 := and(x, LANE)
                    let x1 := and(shr(85, x), LANE)
                    x := shr(170, x)
                    let y0 := and(y, LANE)
                    let y1 := and(shr(85, y), LANE)
                    y := shr(170, y)
                    c0 := add(c0, add(mul(x0, y0), shl(1, add(mul(x1, y), mul(x, y1)))))
                    c1 := add(c1, add(add(mul(x0, y1), mul(x1, y0)), shl(1, mul(x, y))))
                    c2 := add(c2, add(add(mul(x0, y), mul(x1, y1)), mul(x, y0)))
                }
                mstore(to, packed(c0, c1, c2))
                to := add(to, 0x20)
            }
            case 3 {
                let c0 := 0
                let c1 := 0
                let c2 := 0
                let end := add(add(ip, 3), mul(10, and(shr(232, w), 0xffff)))
                for { ip := add(ip, 3) } lt(ip, end) { ip := add(ip, 10) } {
                    w := mload(ip)
                    let x := mload(add(registers, and(shr(171, w), 0x1fffe0)))
                    w := shr(192, w)
                    c0 := add(c0, mul(and(x, LANE), w))
                    c1 := add(c1, mul(and(shr(85, x), LANE), w))
                    c2 := add(c2, mul(shr(170, x), w))
                }
                mstore(to, packed(c0, c1, c2))
                to := add(to, 0x20)
            }
            case 13 {
                // Negative coefficients are two's complements: their lanes are, too, and a multiple of P makes them positive.
                let c0 := SMALL_SUMS
                let c1 := SMALL_SUMS
                let c2 := SMALL_SUMS
                let end := add(add(ip, 3), shl(2, and(shr(232, w), 0xffff)))
                for { ip := add(ip, 3) } lt(ip, end) { ip := add(ip, 4) } {
                    w := mload(ip)
                    let x := mload(add(registers, and(shr(219, w), 0x1fffe0)))
                    w := signextend(1, shr(240, w))
                    c0 := add(c0, mul(and(x, LANE), w))
                    c1 := add(c1, mul(and(shr(85, x), LANE), w))
                    c2 := add(c2, mul(shr(170, x), w))
                }
                mstore(to, packed(c0, c1, c2))
                to := add(to, 0x20)
            }
            case 7 {
                let bits := and(shr(208, w), 0xff)
                let count := and(shr(176, w), 0xffffffff)
                switch shr(bits, count)
                case 0 { mstore(to, partialEqDot(a, b, bits, count)) }
                default { mstore(to, eqDot(a, b, bits)) }
                to := add(to, 0x20)
                ip := add(ip, 10)
            }
            case 4 {
                let n := and(shr(200, w), 0xffff)
                let end := add(to, shl(5, and(shr(184, w), 0xffff)))
                for {} lt(to, end) { to := add(to, 0x20) } {
                    mstore(to, dot(a, b, n))
                    b := add(b, shl(5, n))
                }
                ip := add(ip, 9)
            }
            case 5 {
                let n := and(shr(200, w), 0xffff)
                let end := add(to, shl(5, and(shr(184, w), 0xffff)))
                for {} lt(to, end) { to := add(to, 0x20) } {
                    mstore(to, fieldDot(a, b, n))
                    b := add(b, shl(5, n))
                }
                ip := add(ip, 9)
            }
            case 8 {
                let n := and(shr(216, w), 0xffff)
                for { let end := add(to, shl(5, n)) } lt(to, end) { to := add(to, 0x20) } {
                    // r is a challenge: reduced
                    mstore(to, add(1, sub(PPP, mload(a))))
                    a := add(a, 0x20)
                }
                ip := add(ip, 5)
            }
            case 9 {
                let n := and(shr(216, w), 0xffff)
                let x := mload(a)
                let power := 1
                for { let end := add(to, shl(5, n)) } lt(to, end) { to := add(to, 0x20) } {
                    mstore(to, power)
                    power := kmul(power, x)
                }
                ip := add(ip, 5)
            }
            case 10 {
                let weight, first := belowOf(a, and(shr(224, w), 0xff), and(shr(192, w), 0xffffffff))
                mstore(to, weight)
                mstore(add(to, 0x20), first)
                to := add(to, 0x40)
                ip := add(ip, 8)
            }
            case 6 {
                // The table of all indices; those behind count are written over.
                let bits := and(shr(224, w), 0xff)
                mstore(to, 1)
                let size := 0x20
                for {} bits { bits := sub(bits, 1) } {
                    let y := mload(a)
                    a := add(a, 0x20)
                    let y0 := and(y, LANE)
                    let y1 := and(shr(85, y), LANE)
                    y := shr(170, y)
                    let write := add(to, shl(1, size))
                    for { let read := add(to, size) } gt(read, to) {} {
                        read := sub(read, 0x20)
                        let x := mload(read)
                        let x0 := and(x, LANE)
                        let x1 := and(shr(85, x), LANE)
                        let x2 := shr(170, x)
                        let z := or(
                            or(
                                mod(add(mul(x0, y0), shl(1, add(mul(x1, y), mul(x2, y1)))), P),
                                shl(85, mod(add(add(mul(x0, y1), mul(x1, y0)), shl(1, mul(x2, y))), P))
                            ),
                            shl(170, mod(add(add(mul(x0, y), mul(x1, y1)), mul(x2, y0)), P))
                        )
                        mstore(sub(write, 0x20), z)
                        write := sub(write, 0x40)
                        // At most P more than x, once for each bit.
                        mstore(write, add(x, sub(PPP, z)))
                    }
                    size := shl(1, size)
                }
                to := add(to, shl(5, and(shr(208, w), 0xffff)))
                ip := add(ip, 6)
            }
            case 11 {
                let length := and(shr(232, w), 0xffff)
                ip := correlate(registers, add(ip, 5), length, and(shr(216, w), 0xffff), to)
                to := add(to, shl(5, length))
            }
            case 12 {
                let n := and(shr(232, w), 0xffff)
                ip := add(ip, 3)
                for { let end := add(to, shl(5, n)) } lt(to, end) { to := add(to, 0x20) } {
                    mstore(to, shr(192, mload(ip)))
                    ip := add(ip, 8)
                }
            }
            case 0 {
                mu := kmul(1, mload(a))
                value := kmul(1, mload(b))
                break
            }
            default { invalid() }
        }
    }
}
