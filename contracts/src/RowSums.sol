// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import "./Channel.sol";
import "./Field.sol";
import {BLOCK_BYTES, blocksOf, valueAt, windowsAt, writeBlocks} from "./Polynomial.sol";

// rangeSum (Geometric.sol) at many bases x in F with one point and one range, as opened rows need it. The range is cut in parts that begin
// and end on multiples of some 2^low; a part is a few chunks of 2^low indices, and its sum is, times x^(where it begins in the range),
//     prod_{i < low} (1 + r_i (x^(2^i) - 1)) * sum_h E_h X^h,     X = x^(2^low), E the eq of the bits above at the part's chunks.
// Two bits make one factor, a polynomial with four coefficients. Where the search of parameters rounds the ends of folds, ranges are one part.
struct RowPart {
    uint256 offset; // where it begins in the range
    uint256 lowest; // of an odd number of low bits: where the lowest bit's coordinate is; else 0
    uint256 windows; // blocks of Polynomial.sol, ascending: one for each two bits
    uint256 windowsEnd;
    uint256 chunks; // the E_h, for valueAt
    uint256 chunksEnd;
}

function log2Floor(uint256 x) pure returns (uint256 bits) {
    while (x >> (bits + 1) != 0) ++bits;
}

function trailingZeros(uint256 x, uint256 limit) pure returns (uint256 bits) {
    while (bits < limit && (x >> bits) & 1 == 0) ++bits;
}

// The next part of begin <= j < end: its low bits, and where it ends. It has 4 to 31 chunks, unless begin is a multiple of too little.
function nextPart(uint256 begin, uint256 end) pure returns (uint256 low, uint256 to) {
    uint256 size = log2Floor(end - begin);
    low = trailingZeros(begin | end, size > 2 ? size - 2 : 0);
    // Chunks would be too many: what is behind the last whole one of a larger size is another part.
    if (low + 4 < size) low = trailingZeros(begin, size - 4);
    to = (end >> low) << low;
}

// point: `bits` coordinates, the lowest first, reduced. begin < end <= 2^bits.
function makeRowParts(uint256 point, uint256 bits, uint256 begin, uint256 end) pure returns (RowPart[] memory parts) {
    uint256 count = 0;
    uint256 from = begin;
    for (; from < end; ++count) (, from) = nextPart(from, end);
    parts = new RowPart[](count);
    from = begin;
    for (uint256 i = 0; i < count; ++i) {
        (uint256 low, uint256 to) = nextPart(from, end);
        makePart(parts[i], point, bits, low, from, to);
        parts[i].offset = from - begin;
        from = to;
    }
}

function makePart(RowPart memory t, uint256 point, uint256 bits, uint256 low, uint256 from, uint256 to) pure {
    t.windows = allocate(12 * (low / 2));
    t.windowsEnd = t.windows + BLOCK_BYTES * (low / 2);
    if (low & 1 != 0) t.lowest = point;
    uint256 window = allocate(4);
    uint256 drawn = allocate(bits);
    for (uint256 i = low & 1; i < low; i += 2) {
        put(drawn, 0, get(point, i + 1));
        put(drawn, 1, get(point, i));
        expandEq(window, drawn, 2, ONE);
        writeBlocks(t.windows + BLOCK_BYTES * (i / 2), window, 4);
    }
    // The bits above that all of the part's indices have in common are a factor.
    uint256 common = low;
    while ((from ^ (to - 1)) >> common != 0) ++common;
    K factor = ONE;
    for (uint256 i = common; i < bits; ++i) {
        K r = get(point, i);
        factor = factor * ((from >> i) & 1 != 0 ? r : oneMinus(r));
    }
    for (uint256 i = low; i < common; ++i) put(drawn, common - 1 - i, get(point, i));
    uint256 table = allocate(1 << (common - low));
    expandEq(table, drawn, common - low, factor);
    uint256 first = (from >> low) & ((1 << (common - low)) - 1);
    uint256 count = (to - from) >> low;
    (t.chunks, t.chunksEnd) = blocksOf(table + 32 * first, count);
}

function rowSum(RowPart[] memory parts, uint256 x) pure returns (K sum) {
    for (uint256 i = 0; i < parts.length; ++i) {
        RowPart memory t = parts[i];
        (K value, uint256 y) = windowsAt(t.windows, t.windowsEnd, t.lowest == 0 ? x : mulmod(x, x, P));
        value = value * valueAt(t.chunks, t.chunksEnd, y);
        if (t.lowest != 0) value = value * (ONE + scale(K.wrap(load(t.lowest)), x + P - 1));
        if (t.offset != 0) value = scale(value, powerF(x, t.offset));
        sum = sum + value; // reduced terms, one a part
    }
}
