// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import "./Channel.sol";
import "./Field.sol";
import "./Geometric.sol";
import "./Merkle.sol";
import {blocksOf, valueAt} from "./Polynomial.sol";
import "./Program.sol";
import "./RowSums.sol";
import {Reason} from "./Reason.sol";

// The opening (docs/protocol.md, section 7), but for the claim's own functional. All that is sent under a pad of X enters the end's
// check with one weight; weights are kept times 2^(rounds so far), so that a round changes no weight that is there.
//
// With X* and eta, the last two checks on the pads are one: sum_i w_i (eta ct_i - X*_i) + eta (what is known) = mu_S.
struct Opening {
    Program p;
    Channel channel;
    uint256 roots; // of base oracles
    bytes32 maskRoot;
    K maskPoint;
    K maskX;
    K maskS;
    uint256 point; // of the index of v_1, lowest bit first
    uint256 pointSize;
    uint256 request; // what the claim is asked, from the opening's part on: the point, then the lane weights
    uint256 lanes; // of base oracles, one behind the other, with their factors 1/2: inside the request
    uint256 limbs; // the lane weights of the oracles that the next queries are of, spread, one behind the other
    uint256 laneDraws; // challenges of the first rounds
    uint256 pointTable; // of the largest domain, hence of all
    bytes32 foldRoot; // of the latest fold oracle
    uint256 weights; // of the entries of X, in order of use; those of the final vector stay open
    uint256 ciphertexts;
    uint256 used;
    uint256 finalAt; // where those of the final vector begin
    uint256 finalEq; // eq of the last rounds
    uint256 round;
    K known; // the claim's part that is in clear: opened rows
    uint256 groups; // of opened rows, and of powers of elements of K
    uint256 numGroups;
    uint256 ranges;
    uint256 numRanges;
    K maskProduct;
    K eta;
    uint256 response;
}

uint256 constant GROUP_WORDS = 6; // begin, end, first bit, count, points, weights
uint256 constant RANGE_WORDS = 5; // begin, end, first bit, base, weight

function foldBits(Program memory p) pure returns (uint256 bits) {
    for (uint256 i = 0; i < p.folds; ++i) bits += oracleAt(p.foldWords, i).logLanes;
}

// Of the last vector: the dimension of the last fold, or of v_1.
function finalSize(Program memory p) pure returns (uint256) {
    if (p.folds == 0) return oracleAt(p.baseWords, p.bases - 1).end;
    Oracle memory last = oracleAt(p.foldWords, p.folds - 1);
    return last.coefs + last.randoms;
}

function log2Ceil(uint256 x) pure returns (uint256 bits) {
    while ((1 << bits) < x) ++bits;
}

function firstRounds(Program memory p) pure returns (uint256 rounds) {
    for (uint256 i = 0; i < p.bases; ++i) {
        uint256 logLanes = oracleAt(p.baseWords, i).logLanes;
        if (logLanes > rounds) rounds = logLanes;
    }
}

function numLanes(Program memory p) pure returns (uint256 lanes) {
    for (uint256 i = 0; i < p.bases; ++i) lanes += 1 << oracleAt(p.baseWords, i).logLanes;
}

// Words that the opening puts into the request.
function numOpeningWords(Program memory p) pure returns (uint256) {
    return foldBits(p) + log2Ceil(finalSize(p)) + numLanes(p);
}

function largestDomain(Program memory p) pure returns (uint256 bits) {
    // Base oracles, folds and the mask stand one behind the other.
    for (uint256 i = 0; i <= p.bases + p.folds; ++i) {
        uint256 logDomain = oracleAt(p.baseWords, i).logDomain;
        if (logDomain > bits) bits = logDomain;
    }
}

// All messages up to the mask's rows. o.request is where the opening's words of the request go.
function runOpening(Opening memory o) pure {
    Program memory p = o.p;
    Oracle memory mask = oracleAt(p.maskWord, 0);
    o.point = o.request;
    o.lanes = o.request + 32 * (foldBits(p) + log2Ceil(finalSize(p)));
    o.weights = allocate(mask.coefs);
    o.ciphertexts = allocate(mask.coefs);
    o.groups = allocate(GROUP_WORDS * (p.bases + p.folds));
    // Pins, zeta and the end of each fold, gaps.
    o.ranges = allocate(RANGE_WORDS * (2 * p.bases + 2 * p.folds));
    // gas: indices
    o.pointTable = pointTable(largestDomain(p));
    // gas: opening rounds
    receiveLanes(o);
    for (uint256 i = 0; i < p.folds; ++i) receiveFold(o, i);
    receiveFinal(o);
    if (o.used != mask.coefs) revert NoProgram(address(0));
    receiveMask(o, mask);
    if (o.channel.cursor != o.channel.end) reject(Reason.TrailingBytes);
}

// A message under the next pad of X, with the weight `weight` 2^-(rounds so far) in the claim.
function receiveHidden(Opening memory o) pure returns (K c) {
    c = takeK(o.channel);
    put(o.ciphertexts, o.used, c);
    o.used += 1;
}

// claim <- (claim - c1 - c2) / 2 + c1 s + c2 s^2: twice that, 2 s - 1 and 2 s^2 - 1 are the weights, times 2^round.
function receiveRound(Opening memory o) pure returns (K s) {
    uint256 i = o.used;
    receiveHidden(o);
    receiveHidden(o);
    s = challenge(o.channel, TAG_OPENING_S);
    K x = square(s);
    uint256 factor = 1 << o.round; // rounds <= 62
    put(o.weights, i, scale(sub(s + s, ONE), factor));
    put(o.weights, i + 1, scale(sub(x + x, ONE), factor));
    o.round += 1;
}

function receiveLanes(Opening memory o) pure {
    Program memory p = o.p;
    uint256 rounds = firstRounds(p);
    uint256 drawn = allocate(rounds);
    for (uint256 i = 0; i < rounds; ++i) put(drawn, i, receiveRound(o));
    uint256 to = o.lanes;
    uint256 all = allocate(numLanes(p));
    o.limbs = spreadLanes(p, drawn, rounds, all);
    for (uint256 i = 0; i < p.bases; ++i) {
        uint256 bits = oracleAt(p.baseWords, i).logLanes;
        uint256 factor = powerF(HALF, rounds - bits);
        for (uint256 lane = 0; lane < (1 << bits); ++lane) {
            store(to, K.unwrap(scale(K.wrap(load(all)), factor)));
            to += 32;
            all += 32;
        }
    }
    o.laneDraws = drawn;
}

// eq of the lane challenges of each base oracle at `all`, highest bit first; the same spread.
function spreadLanes(Program memory p, uint256 drawn, uint256 rounds, uint256 all) pure returns (uint256) {
    uint256 to = all;
    for (uint256 i = 0; i < p.bases; ++i) {
        uint256 bits = oracleAt(p.baseWords, i).logLanes;
        expandEq(to, drawn + 32 * (rounds - bits), bits, ONE);
        to += 32 << bits;
    }
    return spread(all, numLanes(p));
}

// weight * sum of base^j over all entries of base oracle i, j = lane * dimension + row: the pins of M and D.
function addPin(Opening memory o, uint256 i, K base, K weight) pure {
    Oracle memory oracle = oracleAt(o.p.baseWords, i);
    uint256 dimension = oracle.coefs + oracle.randoms;
    uint256 rounds = firstRounds(o.p);
    K power_ = power(base, dimension);
    K lanes = weight;
    for (uint256 bit = 0; bit < oracle.logLanes; ++bit) {
        lanes = lanes * (ONE + get(o.laneDraws, rounds - 1 - bit) * sub(power_, ONE));
        power_ = square(power_);
    }
    lanes = scale(lanes, powerF(HALF, rounds - oracle.logLanes));
    addRange(o, oracle.begin, oracle.begin + dimension, 0, base, lanes);
}

function addRange(Opening memory o, uint256 begin, uint256 end, uint256 firstBit, K base, K weight) pure {
    uint256 range = o.ranges + 32 * RANGE_WORDS * o.numRanges;
    o.numRanges += 1;
    store(range, begin);
    store(range + 0x20, end);
    store(range + 0x40, firstBit);
    put(range, 3, base);
    put(range, 4, weight);
}

function receiveFold(Opening memory o, uint256 i) pure {
    Channel memory channel = o.channel;
    Oracle memory oracle = oracleAt(o.p.foldWords, i);
    bytes32 root = bytes32(calldataWord(take(channel, 32)));
    K zeta = challenge(channel, TAG_FOLD_ZETA);
    uint256 outOfDomain = o.used;
    receiveHidden(o);
    uint256 firstGroup = o.numGroups;
    queryPrevious(o, i);
    K xi = challenge(channel, TAG_FOLD_XI);
    put(o.weights, outOfDomain, scale(xi, 1 << o.round));
    addRange(o, 0, (oracle.coefs + oracle.randoms) << oracle.logLanes, o.pointSize, zeta, xi);
    addConstraints(o, i, firstGroup, xi, xi);
    // gas: opening rounds
    uint256 bits = oracle.logLanes;
    uint256 reversed = allocate(bits);
    for (uint256 j = 0; j < bits; ++j) {
        K s = receiveRound(o);
        put(o.point, o.pointSize, s);
        o.pointSize += 1;
        put(reversed, bits - 1 - j, s);
    }
    uint256 lanes = allocate(1 << bits);
    expandEq(lanes, reversed, bits, ONE);
    o.limbs = spread(lanes, 1 << bits);
    o.foldRoot = root;
}

// Where the rows of the last queried oracle of a stage end: behind a fold's message rows, or the final vector's eq.
function stageEnd(Program memory p, uint256 stage) pure returns (uint256) {
    if (stage == p.folds) return 1 << log2Ceil(finalSize(p));
    Oracle memory fold = oracleAt(p.foldWords, stage);
    return fold.coefs << fold.logLanes;
}

function queryPrevious(Opening memory o, uint256 stage) pure {
    Program memory p = o.p;
    Channel memory channel = o.channel;
    // gas: indices
    checkPow(channel, p.powBits);
    uint256 first = stage == 0 ? p.baseWords : p.foldWords + 32 * (stage - 1);
    uint256 count = stage == 0 ? p.bases : 1;
    uint256 drawn = allocate(count);
    for (uint256 i = 0; i < count; ++i) {
        Oracle memory oracle = oracleAt(first, i);
        store(drawn + 32 * i, drawIndices(squeeze(channel, TAG_OPENING_QUERIES), oracle.queries, oracle.logDomain));
    }
    uint256 limbs = o.limbs;
    // gas: rows
    for (uint256 i = 0; i < count; ++i) {
        Oracle memory oracle = oracleAt(first, i);
        bytes32 root = stage == 0 ? bytes32(load(o.roots + 32 * i)) : o.foldRoot;
        uint256 begin = stage == 0 ? oracle.begin : 0;
        uint256 end = i + 1 < count ? oracle.end : stageEnd(p, stage);
        uint256 group = addGroup(o, begin, end, oracle.queries);
        openRows(channel, oracle, stage == 0 ? 8 : 24, root, load(drawn + 32 * i), limbs, group, o.pointTable);
        limbs += 96 << oracle.logLanes;
    }
    absorbNothing(channel);
    // gas: row weights
}

function addGroup(Opening memory o, uint256 begin, uint256 end, uint256 count) pure returns (uint256 group) {
    group = o.groups + 32 * GROUP_WORDS * o.numGroups;
    o.numGroups += 1;
    store(group, begin);
    store(group + 0x20, end);
    store(group + 0x40, o.pointSize);
    store(group + 0x60, count);
    store(group + 0x80, allocate(count));
    store(group + 0xa0, allocate(count));
}

// Rows and multiproof of one oracle: points and folds of the rows go into the group, the folds where weights will be.
function openRows(
    Channel memory channel,
    Oracle memory oracle,
    uint256 entryBytes,
    bytes32 root,
    uint256 indices,
    uint256 limbs,
    uint256 group,
    uint256 table
) pure {
    // gas: rows
    uint256 rowBytes = entryBytes << oracle.logLanes;
    uint256 rows = take(channel, oracle.queries * rowBytes);
    uint256 points = load(group + 0x80);
    uint256 values = load(group + 0xa0);
    uint256 lanes = 1 << oracle.logLanes;
    uint256 count = oracle.queries;
    bool good = true;
    for (uint256 q = 0; q + 1 < count; q += 2) {
        good = openRow(entryBytes, rows + q * rowBytes, limbs, lanes, values + 32 * q) && good;
        good = openRow(entryBytes, rows + (q + 1) * rowBytes, limbs, lanes, values + 32 * q + 32) && good;
    }
    if (count & 1 != 0) {
        good = openRow(entryBytes, rows + (count - 1) * rowBytes, limbs, lanes, values + 32 * count - 32) && good;
    }
    if (!good) reject(Reason.NonCanonical);
    for (uint256 q = 0; q < count; ++q) store(points + 32 * q, pointOf(table, load(indices + 32 * q)));
    // gas: merkle
    checkMultiproof(channel, root, oracle.logDomain, indices, oracle.queries, rows, rowBytes);
}

// The row's fold to `to`; whether its limbs are below P.
function openRow(uint256 entryBytes, uint256 row, uint256 limbs, uint256 lanes, uint256 to) pure returns (bool canonical) {
    K value;
    (value, canonical) = entryBytes == 8 ? foldBaseRow(row, limbs, lanes) : foldExtensionRow(row, limbs, lanes);
    store(to, K.unwrap(value));
}

// Opened rows, and entries that are zero, by powers of xi from `weight` xi on.
function addConstraints(Opening memory o, uint256 stage, uint256 firstGroup, K xi, K weight) pure {
    K sum = ZERO;
    for (uint256 g = firstGroup; g < o.numGroups; ++g) {
        uint256 group = o.groups + 32 * GROUP_WORDS * g;
        uint256 values = load(group + 0xa0);
        uint256 count = load(group + 0x60);
        for (uint256 q = 0; q < count; ++q) {
            weight = weight * xi;
            sum = sum + weight * get(values, q); // at most 2^13 reduced terms
            put(values, q, weight);
        }
    }
    o.known = o.known + scale(sum, 1 << o.round);
    Program memory p = o.p;
    if (stage == 0) {
        for (uint256 i = 0; i < p.bases; ++i) {
            Oracle memory oracle = oracleAt(p.baseWords, i);
            weight = addZeros(o, oracle.begin + oracle.coefs + oracle.randoms, oracle.end, xi, weight);
        }
    }
    if (stage < p.folds) {
        uint256 size = oracleAt(p.baseWords, p.bases - 1).end;
        if (stage > 0) {
            Oracle memory before = oracleAt(p.foldWords, stage - 1);
            size = before.coefs + before.randoms;
        }
        addZeros(o, size, stageEnd(p, stage), xi, weight);
    }
}

function addZeros(Opening memory o, uint256 begin, uint256 end, K xi, K weight) pure returns (K) {
    if (begin == end) return weight;
    addRange(o, begin, end, o.pointSize, xi, weight * xi);
    return weight * power(xi, end - begin);
}

function receiveFinal(Opening memory o) pure {
    Program memory p = o.p;
    uint256 size = finalSize(p);
    o.finalAt = o.used;
    takeMany(o.channel, o.ciphertexts + 32 * o.used, size);
    o.used += size;
    uint256 firstGroup = o.numGroups;
    queryPrevious(o, p.folds);
    K xi = challenge(o.channel, TAG_FINAL_XI);
    addConstraints(o, p.folds, firstGroup, xi, ONE);
    // gas: opening rounds
    uint256 bits = log2Ceil(size);
    uint256 drawn = allocate(bits);
    for (uint256 i = 0; i < bits; ++i) {
        K s = receiveRound(o);
        put(drawn, i, s);
        put(o.point, o.pointSize + bits - 1 - i, s);
    }
    o.pointSize += bits;
    o.finalEq = allocate(1 << bits);
    expandEq(o.finalEq, drawn, bits, ONE);
}

// X* and r*, their pin, and the rows of X: all but the one check that needs the claim.
function receiveMask(Opening memory o, Oracle memory mask) pure {
    Channel memory channel = o.channel;
    // gas: mask response
    o.maskProduct = takeK(channel);
    o.eta = challenge(channel, TAG_MASK_ETA);
    uint256 count = mask.coefs + mask.randoms;
    o.response = allocate(count);
    takeMany(channel, o.response, count);
    K pinned = ZERO;
    K point = o.maskPoint;
    for (uint256 i = o.response + 32 * count; i > o.response;) {
        i -= 32;
        pinned = pinned * point + K.wrap(load(i));
    }
    if (!equal(pinned, o.maskS + o.eta * o.maskX)) reject(Reason.Opening);
    // gas: indices
    checkPow(channel, o.p.powBits);
    uint256 indices = drawIndices(squeeze(channel, TAG_MASK_QUERIES), mask.queries, mask.logDomain);
    // gas: mask rows
    uint256 rows = take(channel, 48 * mask.queries);
    for (uint256 q = 0; q < 2 * mask.queries; ++q) {
        (, bool canonical) = unpack(calldataWord(rows + 24 * q));
        if (!canonical) reject(Reason.NonCanonical);
    }
    // gas: merkle
    checkMultiproof(channel, o.maskRoot, mask.logDomain, indices, mask.queries, rows, 48);
    // gas: mask values
    uint256 table = o.pointTable;
    (uint256 blocks, uint256 blocksEnd) = blocksOf(o.response, count);
    K eta = o.eta;
    for (uint256 q = 0; q + 1 < mask.queries; q += 2) {
        checkMaskRow(rows + 48 * q, eta, valueAt(blocks, blocksEnd, pointOf(table, load(indices + 32 * q))));
        checkMaskRow(rows + 48 * q + 48, eta, valueAt(blocks, blocksEnd, pointOf(table, load(indices + 32 * q + 32))));
    }
    if (mask.queries & 1 != 0) {
        uint256 q = mask.queries - 1;
        checkMaskRow(rows + 48 * q, eta, valueAt(blocks, blocksEnd, pointOf(table, load(indices + 32 * q))));
    }
}

// encoded = S + eta X of the row.
function checkMaskRow(uint256 row, K eta, K encoded) pure {
    (K x,) = unpack(calldataWord(row));
    (K s,) = unpack(calldataWord(row + 24));
    if (!equal(encoded, s + eta * x)) reject(Reason.MaskCodeword);
}

// The functionals that the claim does not know, at the point.
function geometricSum(Opening memory o) pure returns (K sum) {
    // gas: row functionals
    for (uint256 g = 0; g < o.numGroups; ++g) {
        uint256 group = o.groups + 32 * GROUP_WORDS * g;
        uint256 first = load(group + 0x40);
        RowPart[] memory parts = makeRowParts(o.point + 32 * first, o.pointSize - first, load(group), load(group + 0x20));
        uint256 count = load(group + 0x60);
        uint256 points = load(group + 0x80);
        uint256 weights = load(group + 0xa0);
        // Two places call rowSum, so that it is not inlined: inside of a larger function it would keep its variables in memory. The same
        // goes for the other loops by twos here.
        for (uint256 q = 0; q + 1 < count; q += 2) {
            sum = sum + rowSum(parts, load(points + 32 * q)) * get(weights, q);
            sum = sum + rowSum(parts, load(points + 32 * q + 32)) * get(weights, q + 1);
        }
        if (count & 1 != 0) sum = sum + rowSum(parts, load(points + 32 * count - 32)) * get(weights, count - 1);
    }
    // gas: other ranges
    for (uint256 i = 0; i < o.numRanges; ++i) {
        uint256 range = o.ranges + 32 * RANGE_WORDS * i;
        uint256 first = load(range + 0x40);
        K here = rangeSum(o.point + 32 * first, o.pointSize - first, load(range), load(range + 0x20), get(range, 3));
        sum = sum + here * get(range, 4);
    }
    return reduce(sum); // at most 2^13 reduced terms
}

// sum_i w_i (eta ct_i - X*_i), at most 2^12 reduced terms.
function dotMasked(uint256 ciphertexts, uint256 responses, uint256 weights, uint256 count, K eta) pure returns (K sum) {
    for (uint256 end = ciphertexts + 32 * count; ciphertexts < end;) {
        sum = sum + sub(eta * K.wrap(load(ciphertexts)), K.wrap(load(responses))) * K.wrap(load(weights));
        ciphertexts += 32;
        responses += 32;
        weights += 32;
    }
}

// The end: with u = the functionals at the point, v = the final vector there,
//     form = u v - 2^-rounds (claim + mu), X's part of it against mu_S - eta * its constant part.
function checkEnd(Opening memory o, K u, K mu) pure {
    // gas: end
    uint256 size = finalSize(o.p);
    uint256 last = o.finalAt + size;
    K eta = o.eta;
    K vector = dotMasked(o.ciphertexts + 32 * o.finalAt, o.response + 32 * o.finalAt, o.finalEq, size, eta);
    K claim = dotMasked(o.ciphertexts, o.response, o.weights, o.finalAt, eta);
    claim = claim + dotMasked(o.ciphertexts + 32 * last, o.response + 32 * last, o.weights + 32 * last, o.used - last, eta);
    claim = claim + o.eta * (o.known + mu);
    K form = sub(u * vector, scale(claim, powerF(HALF, o.round)));
    if (!equal(form, o.maskProduct)) reject(Reason.Opening);
}
