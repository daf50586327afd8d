// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import "./Channel.sol";
import "./Field.sol";

// Geometric functionals in closed form: sum_{begin <= j < end} eq(point, j) base^(j - begin), point[0] for the lowest of `bits` bits
// (pcs::range_sum in src/commit/pcs/common.h).

// sum_{first <= j} eq(point, j) base^(j - first), over the bits of j so far. Lanes stay below 3 P.
struct Suffix {
    uint256 first;
    K sum;
    K gap; // base^(2^bits - first), once a bit of first was set
    bool isAll; // no bit of first was set
}

function addBit(Suffix memory s, uint256 i, K r, K all, K next, K power_) pure {
    if ((s.first >> i) & 1 != 0) {
        if (s.isAll) s.gap = power_;
        s.sum = r * (s.isAll ? all : s.sum);
        s.isAll = false;
    } else if (s.isAll) {
        s.sum = next;
    } else {
        s.sum = reduce(s.sum + r * sub(all * s.gap, reduce(s.sum)));
        s.gap = s.gap * power_;
    }
}

// sum_{j < end} eq(point, j) base^j, end <= 2^bits: over all indices of the bits so far, and over those below end's.
function prefixSum(uint256 point, uint256 bits, uint256 end, K base) pure returns (K sum) {
    K all = ONE;
    for (uint256 i = 0; i < bits; ++i) {
        K r = get(point, i);
        K high = r * base;
        K low = oneMinus(r);
        // Lanes at most 2 P.
        sum = (end >> i) & 1 != 0 ? all * low + high * sum : low * sum;
        all = all * (low + high);
        base = square(base);
    }
    return end >> bits != 0 ? all : reduce(sum);
}

// begin <= end <= 2^bits; point reduced.
function rangeSum(uint256 point, uint256 bits, uint256 begin, uint256 end, K base) pure returns (K) {
    if (begin == 0) return prefixSum(point, bits, end, base);
    K all = ONE;
    Suffix memory from = Suffix(begin, ONE, ZERO, true);
    Suffix memory to = Suffix(end, ONE, ZERO, true);
    K power_ = base;
    for (uint256 i = 0; i < bits; ++i) {
        K r = get(point, i);
        K next = all * (ONE + r * sub(power_, ONE));
        addBit(from, i, r, all, next, power_);
        addBit(to, i, r, all, next, power_);
        all = next;
        power_ = square(power_);
    }
    if (begin >> bits != 0) return ZERO;
    if (end >> bits != 0) return from.sum;
    return sub(from.sum, to.sum * power(base, end - begin));
}
