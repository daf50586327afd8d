// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {LOG_ONE, log2Down, log2Up, logSumUp} from "./Logarithm.sol";
import "./Program.sol";

// How many bits of soundness a program's parameters prove: docs/soundness.md, whose terms and names these are, in integers that are
// rounded to the side of a larger error. A number of bits is proven if every round's error is at most 2^-bits, for one choice of each code's radius.
//
// The shape of the circuit is taken from above, since a program has only sizes: no lookup has more than 2^16 columns (each takes two bytes or more of
// instructions, of which there are less than 2^16 bytes), and relations are fewer than 2^16 alike. Queries and folds, which decide, are exact.

int256 constant CHALLENGE_BITS = 3541774824063414655855; // 191.99999793.., rounded down
int256 constant LOG2_3 = 29237397617229858719; // rounded down
int256 constant FOLD_MARGIN = 29422556797566734828; // 1.595
int256 constant DATA_FOLD_MARGIN = 12 * LOG_ONE;
uint256 constant MIN_MULTIPLICITY = 3;
uint256 constant MAX_MULTIPLICITY = 200;
uint256 constant MAX_BITS = 128; // the digests give no more

enum Decoding {
    Johnson,
    Unique
}

// What is asked of all codes.
struct Goal {
    Program p;
    int256 most; // log2 of each round's error, at most: -bits
    Decoding decoding;
    int256 batching; // log2 of what each query term has besides
    int256 lists; // log2 of the lists of all base oracles, multiplied
}

// The most bits, up to 128, that are proven by either theorem.
function provenBits(Program memory p) pure returns (uint256 bits) {
    uint256 low = 0;
    uint256 high = MAX_BITS + 1; // not proven
    for (uint256 next = MAX_BITS; high - low > 1; next = (low + high) / 2) {
        if (isProven(p, next, Decoding.Johnson) || isProven(p, next, Decoding.Unique)) low = next;
        else high = next;
    }
    return low;
}

function isProven(Program memory p, uint256 bits, Decoding decoding) pure returns (bool) {
    Goal memory goal;
    goal.p = p;
    goal.most = -int256(bits) * LOG_ONE;
    goal.decoding = decoding;
    // (t + 2 + padding) L/|K|: each vector is padded to at most twice its size and what fills the lanes. L: of any fold.
    uint256 size = oracleAt(p.baseWords, p.bases - 1).end;
    for (uint256 i = 0; i < p.folds; ++i) {
        Oracle memory fold = oracleAt(p.foldWords, i);
        uint256 l = fold.coefs + fold.randoms;
        if (l > size) size = l;
        if (decoding == Decoding.Unique) continue;
        int256 list = log2List(l, fold.logDomain, MAX_MULTIPLICITY);
        if (list > goal.batching) goal.batching = list;
    }
    goal.batching += log2Up(4 * size + (1 << 15)) - CHALLENGE_BITS;
    int256 margin = p.bases > 3 ? DATA_FOLD_MARGIN : FOLD_MARGIN;
    for (uint256 i = 0; i < p.bases; ++i) {
        bool isData = i >= p.models && i < p.models + p.datas;
        (bool good, int256 list) = isCodeProven(
            goal, oracleAt(p.baseWords, i), isData ? margin : FOLD_MARGIN, isData && p.datas > 1, i + 1 < p.bases
        );
        if (!good) return false;
        goal.lists += list;
        // W's list alone: the lookups' fingerprints, the largest term before delta.
        if (i + 1 == p.bases && int256(p.leaves + 17) * LOG_ONE + list - CHALLENGE_BITS > goal.most) return false;
    }
    for (uint256 i = 0; i < p.folds; ++i) {
        (bool good,) = isCodeProven(goal, oracleAt(p.foldWords, i), FOLD_MARGIN, false, true);
        if (!good) return false;
    }
    (bool isMask,) = isCodeProven(goal, oracleAt(p.maskWord, 0), FOLD_MARGIN, false, true);
    // Fold rounds: three codes at the margin, or two and sixteen data oracles at theirs, leave 2^-8 of the error for 2 L_all/|K|. Delta: all
    // constraints, pins among them.
    return isMask && LOG_ONE + goal.lists - CHALLENGE_BITS <= goal.most - 8 * LOG_ONE
        && log2Up(numConstraints(p) + p.bases + 64) + goal.lists - CHALLENGE_BITS <= goal.most;
}

// Folds and queries of one code, and, where its members are told apart by a value, that.
function isCodeProven(Goal memory goal, Oracle memory o, int256 margin, bool isShort, bool isIdentified)
    pure
    returns (bool good, int256 list)
{
    uint256 l = o.coefs + o.randoms;
    int256 most = goal.most - margin - int256(o.logLanes > 1 ? o.logLanes - 1 : 0) * LOG_ONE;
    uint256 agreeing; // floor(alpha N)
    if (goal.decoding == Decoding.Unique) {
        int256 bad = l == 1 ? int256(2 * o.logDomain - 1) : int256(o.logDomain);
        if (bad * LOG_ONE - CHALLENGE_BITS > most) return (false, 0);
        agreeing = ((1 << o.logDomain) + l) / 2;
    } else {
        uint256 limit = MAX_MULTIPLICITY;
        // A list of at most 2^6.
        if (isShort) limit = Math.max(MIN_MULTIPLICITY, Math.min(limit, (128 * l) >> o.logDomain));
        uint256 s = multiplicity(l, o.logDomain, most, limit);
        if (s == 0) return (false, 0);
        agreeing = Math.sqrt((l * (s + 1) * (s + 1)) << o.logDomain) / s;
        list = log2List(l, o.logDomain, s);
        // A value of a random power tells two members apart: L^2/2 n/|K|. Rounds of its own: 2 L/|K|.
        if (LOG_ONE + list - CHALLENGE_BITS > goal.most - 8 * LOG_ONE) return (false, 0);
        int256 identity = 2 * list - LOG_ONE + log2Up(l) + int256(o.logLanes) * LOG_ONE - CHALLENGE_BITS;
        if (isIdentified && identity > goal.most) return (false, 0);
    }
    int256 queries = log2Queries(agreeing, 1 << o.logDomain, o.queries) - int256(goal.p.powBits) * LOG_ONE;
    good = logSumUp(queries, goal.batching) <= goal.most;
}

// s/(2 rho), or 1.
function log2List(uint256 l, uint256 logDomain, uint256 s) pure returns (int256 list) {
    list = log2Up(s) + int256(logDomain) * LOG_ONE - LOG_ONE - log2Down(l);
    if (list < 0) list = 0;
}

// The largest s from 3 to limit whose fold error is at most `most`, as best_code_bound finds it; 0: none.
function multiplicity(uint256 l, uint256 logDomain, int256 most, uint256 limit) pure returns (uint256) {
    int256 logDegree = l == 1 ? int256(0) : log2Down(l - 1);
    if (log2Fold(l, logDomain, limit, logDegree) <= most) return limit;
    uint256 low = MIN_MULTIPLICITY;
    uint256 high = limit;
    if (log2Fold(l, logDomain, low, logDegree) > most) return 0;
    while (low + 1 < high) {
        uint256 middle = (low + high) / 2;
        if (log2Fold(l, logDomain, middle, logDegree) <= most) low = middle;
        else high = middle;
    }
    return low;
}

// [ (2 h^5 + 3 h (1 - alpha) rho) N / (3 r^1.5) + h / sqrt(r) ] / |K|, h = s + 1/2, r = (l - 1)/N: N / (3 r^1.5) times
// 2 h^5 + 3 h (1 - alpha) rho + 3 h r / N. logDegree: log2Down(l - 1). The largest number where there is no radius.
function log2Fold(uint256 l, uint256 logDomain, uint256 s, int256 logDegree) pure returns (int256) {
    // In units of 2^-64, rounded down.
    uint256 alpha = Math.sqrt(l << (128 - logDomain)) * (s + 1) / s;
    if (alpha >= 1 << 64) return type(int256).max;
    if (l == 1) return int256(2 * logDomain - 1) * LOG_ONE - CHALLENGE_BITS;
    uint256 h = 2 * s + 1; // twice h
    uint256 sum = (h ** 5 << 60) + ((3 * h * l * ((1 << 64) - alpha + 2)) >> (logDomain + 1)) + 1;
    sum += ((3 * h * (l - 1)) << 64 >> (2 * logDomain + 1)) + 1;
    int256 n = int256(logDomain) * LOG_ONE;
    return log2Up(sum) - 64 * LOG_ONE + n - LOG2_3 + (3 * (n - logDegree) + 1) / 2 - CHALLENGE_BITS;
}

// log2 of prod_{i<t} (A - i)/(N - i), from above.
function log2Queries(uint256 agreeing, uint256 domain, uint256 queries) pure returns (int256) {
    uint256 product = 1 << 200; // in units of 2^-scale
    uint256 scale = 200;
    for (uint256 i = 0; i < queries; ++i) {
        if (agreeing <= i) return -1000 * LOG_ONE;
        unchecked {
            // product < 2^202, factors are below 2^33, and not below 2^-32: it stays above 2^118, and its rounding below 2^-117 of it.
            product = product * (agreeing - i) / (domain - i) + 1;
        }
        if (product >> 150 == 0) {
            product <<= 48;
            scale += 48;
        }
    }
    return log2Up(product) - int256(scale) * LOG_ONE;
}
