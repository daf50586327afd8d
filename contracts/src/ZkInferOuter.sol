// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import "./Channel.sol";
import "./Field.sol";
import "./Program.sol";
import {Reason} from "./Reason.sol";

// The messages before the opening (docs/protocol.md, sections 6.2, 6.3, 6.5, 6.6): lookups, contractions, triples.
//
// With zero knowledge every check of them is a constraint on the pads, and what the opening needs is their sum weighted by powers of
// delta: a constant, and a weight per pad. No linear forms are kept for it: the weight of every message in that sum is a product of a
// few challenges, since a layer's claims are the operands of the layer before it alone.
//
// Weights: the sum of the constraints, as far as messages go, is
//     sum_m w_m (ct_m - pad_m) + sum_t W_t (u v)_t + what is sent in clear,
//     (u v)_t = ct_u ct_v - ct_u B_t - ct_v A_t + C_t,
// so a plain pad m has the weight -w_m, and mu is minus the constant part.
contract ZkInferOuter {
    // What the messages leave, in memory.
    struct Run {
        Program p;
        Channel channel;
        uint256 request; // words: alpha, beta, gamma, delta, leaf point, tau, rounds' point, pad weights
        uint256 leafPoint;
        uint256 tau;
        uint256 roundPoint;
        uint256 plain; // weights of the plain pads; before delta is known, of the messages' challenges alone
        uint256 rowsA; // weights of the triples' pads, a section each
        uint256 rowsB;
        uint256 rowsC;
        uint256 layers; // six words each: r, lambda, p0, q1, p1, q0
        uint256 inner; // per layer: what its rounds add to the claim, ciphertexts for messages
        uint256 operands; // two words each: lhs, rhs
        uint256 triplePoint;
        uint256 powers; // of delta
        K qRoot;
        K tripleInner;
        K tripleA;
        K tripleB;
        K mu;
        uint256 nextPlain;
    }

    // messages: from the first one after the mask's values on; state: of the transcript that has squeezed "mask point", with the 48
    // bytes before `messages` still to absorb. Answers one word, the reason, if it is not None; else
    //     0, the state after "delta", bytes read, mu of the messages, delta^(number of constraints), words of the request.
    function reduceMessages(address program, bytes32 state, bytes calldata messages) external view {
        Run memory run;
        run.p = loadProgram(program);
        Program memory p = run.p;
        // gas: outer open
        open(run, state, messages);
        // gas: lookup messages
        receiveLookups(run);
        // gas: contraction messages
        receiveContractions(run);
        // gas: triple messages
        receiveTriples(run);
        // gas: powers of delta
        K delta = challenge(run.channel, TAG_DELTA);
        put(run.request, 3, delta);
        uint256 count = numConstraints(p);
        run.powers = allocate(count + 1);
        K x = ONE;
        for (uint256 i = 0; i <= count; ++i) {
            put(run.powers, i, x);
            x = x * delta;
        }
        // gas: triple weights
        weighTriples(run);
        // gas: lookup weights
        weighLookups(run);
        // gas: contraction weights
        weighContractions(run);
        // gas: outer answer
        answer(run, messages);
    }

    function answer(Run memory run, bytes calldata messages) private pure {
        Channel memory channel = run.channel;
        uint256 words = numOuterWords(run.p);
        // The five words before the request were set aside for this.
        uint256 head = run.request - 0xa0;
        uint256 start;
        assembly ("memory-safe") {
            start := messages.offset
        }
        store(head, 0);
        store(head + 0x20, load(channel.buffer));
        store(head + 0x40, channel.cursor - start);
        put(head, 3, reduce(run.mu));
        put(head, 4, get(run.powers, numConstraints(run.p)));
        assembly ("memory-safe") {
            return(head, add(0xa0, shl(5, words)))
        }
    }

    function open(Run memory run, bytes32 state, bytes calldata messages) private pure {
        Program memory p = run.p;
        uint256 start;
        assembly ("memory-safe") {
            start := messages.offset
        }
        // The longest message: the operands of all contractions and nothing between them, or three elements.
        run.channel.buffer = allocate(8 + 2 * p.contractions);
        store(run.channel.buffer, uint256(state));
        if (messages.length < 48) reject(Reason.Truncated);
        run.channel.waiting = start;
        run.channel.cursor = start + 48;
        run.channel.end = start + messages.length;
        run.request = allocate(5 + numOuterWords(p)) + 0xa0;
        run.leafPoint = run.request + 0x80;
        run.tau = run.leafPoint + 32 * p.leaves;
        run.roundPoint = run.tau + 32 * p.tauBits;
        run.plain = run.roundPoint + 32 * p.rounds;
        run.rowsA = run.plain + 32 * numPlainPads(p);
        run.rowsB = run.rowsA + (32 << logTripleRows(p));
        run.rowsC = run.rowsB + (32 << logTripleRows(p));
        run.layers = allocate(6 * p.leaves);
        run.inner = allocate(p.leaves);
        run.operands = allocate(2 * p.contractions);
        run.triplePoint = allocate(logTripleRows(p));
    }

    // Of an eq-factored round at coordinate z: writes s - z and s^2 - z for the two messages' pads, and gives s and what the
    // round adds to the claim.
    function eqRound(Run memory run, uint256 tag, K z) private pure returns (K s, K added) {
        K c1 = takeK(run.channel);
        K c2 = takeK(run.channel);
        s = challenge(run.channel, tag);
        K e1 = sub(s, z); // lanes below 2 P
        K e2 = sub(square(s), z);
        put(run.plain, run.nextPlain, e1);
        put(run.plain, run.nextPlain + 1, e2);
        run.nextPlain += 2;
        added = c1 * e1 + c2 * e2;
    }

    function receiveLookups(Run memory run) private pure {
        Channel memory channel = run.channel;
        put(run.request, 0, challenge(channel, TAG_LOOKUP_ALPHA));
        put(run.request, 1, challenge(channel, TAG_LOOKUP_BETA));
        run.qRoot = takeK(channel);
        if (K.unwrap(run.qRoot) == 0) reject(Reason.ZeroDenominator);
        uint256 n = run.p.leaves;
        uint256 point = run.leafPoint; // of layer l: l coordinates, the most significant first
        uint256 drawn = allocate(n + 1);
        for (uint256 l = 0; l < n; ++l) {
            uint256 layer = run.layers + 192 * l;
            K inner = ZERO; // at most 2 l reduced terms
            // Round 0 binds the coordinate of index bit min(l - 1, 9); those above it follow, then those below.
            uint256 first = l > 10 ? l - 10 : 0;
            if (l > 0) put(layer, 1, challenge(channel, TAG_LOOKUP_LAMBDA));
            for (uint256 i = 0; i < l; ++i) {
                uint256 coordinate = i == 0 ? first : (i <= first ? i - 1 : i);
                (K s, K added) = eqRound(run, TAG_LOOKUP_ROUND, get(point, coordinate));
                put(drawn, coordinate, s);
                inner = inner + added;
            }
            put(run.inner, l, inner);
            for (uint256 i = 2; i < 6; ++i) put(layer, i, takeK(channel));
            K r = challenge(channel, TAG_LOOKUP_R);
            put(layer, 0, r);
            nextPoint(point, drawn, l, r);
        }
    }

    // The point of layer l + 1: the coordinates drawn for layer l, and r for index bit min(l, 9).
    function nextPoint(uint256 point, uint256 drawn, uint256 l, K r) private pure {
        uint256 bit = l < 9 ? l : 9;
        for (uint256 i = 0; i < l; ++i) put(point, i < l - bit ? i : i + 1, get(drawn, i));
        put(point, l - bit, r);
    }

    function receiveContractions(Run memory run) private pure {
        Program memory p = run.p;
        Channel memory channel = run.channel;
        for (uint256 i = 0; i < p.tauBits; ++i) put(run.tau, i, challenge(channel, TAG_RELATIONS_TAU));
        put(run.request, 2, challenge(channel, TAG_RELATIONS_GAMMA));
        for (uint256 i = 0; i < p.rounds; ++i) {
            uint256 first = run.nextPlain;
            for (uint256 j = 0; j < p.degree; ++j) put(run.plain, first + j, takeK(channel));
            K s = challenge(channel, TAG_RELATIONS_ROUND);
            put(run.roundPoint, i, s);
            run.nextPlain = first + p.degree;
        }
        for (uint256 i = 0; i < 2 * p.contractions; ++i) put(run.operands, i, takeK(channel));
    }

    function receiveTriples(Run memory run) private pure {
        Channel memory channel = run.channel;
        uint256 bits = logTripleRows(run.p);
        uint256 tau = allocate(bits);
        for (uint256 i = 0; i < bits; ++i) put(tau, i, challenge(channel, TAG_ZEROCHECK_TAU));
        for (uint256 i = 0; i < bits; ++i) {
            (K s, K added) = eqRound(run, TAG_ZEROCHECK_ROUND, get(tau, i));
            put(run.triplePoint, i, s);
            run.tripleInner = run.tripleInner + added;
        }
        run.tripleA = takeK(channel);
        run.tripleB = takeK(channel);
    }

    // <A, eq> = a, <B, eq> = b, claim - a b + <C, eq> = 0: the last three constraints.
    function weighTriples(Run memory run) private pure {
        uint256 last = numConstraints(run.p) - 3;
        K zA = get(run.powers, last);
        K zB = get(run.powers, last + 1);
        K zC = get(run.powers, last + 2);
        uint256 bits = logTripleRows(run.p);
        expandEq(run.rowsA, run.triplePoint, bits, zA);
        expandEq(run.rowsB, run.triplePoint, bits, zB);
        expandEq(run.rowsC, run.triplePoint, bits, zC);
        uint256 first = numPlainPads(run.p) - 2 * bits;
        for (uint256 i = first; i < first + 2 * bits; ++i) put(run.plain, i, sub(ZERO, get(run.plain, i) * zC));
        run.mu = run.mu + zA * run.tripleA + zB * run.tripleB;
        run.mu = run.mu + zC * sub(run.tripleA * run.tripleB, reduce(run.tripleInner));
    }

    // section[row] += x. Lanes: at most (bits + 2) P from expandEq, and 7 P more from here.
    function addTo(uint256 section, uint256 row, K x) private pure {
        put(section, row, get(section, row) + x);
    }

    function weighLookups(Run memory run) private pure {
        uint256 n = run.p.leaves;
        uint256 nextPlain = 0;
        uint256 constraint = numFunctionalConstraints(run.p);
        for (uint256 l = 0; l < n; ++l) {
            K copyA = get(run.powers, constraint);
            K copyB = get(run.powers, constraint + 1);
            K weightP = get(run.powers, constraint + 2);
            K weightQ;
            constraint += 3;
            if (l == 0) {
                weightQ = get(run.powers, constraint++);
                run.mu = run.mu + weightQ * run.qRoot;
            } else {
                weightQ = weightP * get(run.layers + 192 * l, 1);
                run.mu = run.mu + weightP * get(run.inner, l);
                for (uint256 i = 0; i < 2 * l; ++i) {
                    put(run.plain, nextPlain, weightP * get(run.plain, nextPlain));
                    ++nextPlain;
                }
            }
            // The claims that the operands become have these weights, negated: in the next layer's check, or in the leaves'.
            K claimP = l + 1 < n ? get(run.powers, constraint + 2) : ONE;
            K claimQ = l + 1 < n ? claimP * get(run.layers + 192 * (l + 1), 1) : get(run.powers, 1);
            weighLayer(run, l, weightP, weightQ, claimP, claimQ);
            addTo(run.rowsA, 3 * l + 2, copyA);
            addTo(run.rowsB, 3 * l + 1, sub(ZERO, copyA));
            addTo(run.rowsB, 3 * l + 2, copyB);
            addTo(run.rowsB, 3 * l, sub(ZERO, copyB));
        }
    }

    // The layer's check weightP (p0 q1 + p1 q0) + weightQ q0 q1, less claimP (p0 + r (p1 - p0)) + claimQ (q0 + r (q1 - q0)).
    function weighLayer(Run memory run, uint256 l, K weightP, K weightQ, K claimP, K claimQ) private pure {
        uint256 layer = run.layers + 192 * l;
        uint256 row = 3 * l;
        K r = get(layer, 0);
        K mu;
        K q1 = get(layer, 3);
        K q0 = get(layer, 5);
        {
            K p1Part = claimP * r;
            K p0 = get(layer, 2);
            K p1 = get(layer, 4);
            // Lanes below 3 P.
            K a0 = sub(sub(claimP, p1Part), weightP * q1);
            K a1 = sub(p1Part, weightP * q0);
            addTo(run.rowsA, row, a0);
            addTo(run.rowsA, row + 1, a1);
            mu = p0 * a0 + p1 * a1;
            K q1Part = claimQ * r;
            K q0Part = sub(claimQ, q1Part);
            addTo(run.rowsB, row, sub(q1Part, weightP * p0));
            addTo(run.rowsB, row + 1, sub(q0Part, weightP * p1));
            mu = mu + q0 * q0Part + q1 * q1Part;
        }
        K weightedQ0 = weightQ * q0;
        K weightedQ1 = weightQ * q1;
        addTo(run.rowsA, row + 2, sub(ZERO, weightedQ1));
        addTo(run.rowsB, row + 2, sub(ZERO, weightedQ0));
        addTo(run.rowsC, row, weightP);
        addTo(run.rowsC, row + 1, weightP);
        addTo(run.rowsC, row + 2, weightQ);
        // Five reduced terms per layer, and what sub adds: below 8 P a layer, 40 layers.
        run.mu = run.mu + sub(mu, weightedQ0 * q1);
    }

    function weighContractions(Run memory run) private pure {
        Program memory p = run.p;
        K end = get(run.powers, 2 + 2 * p.contractions);
        weighRounds(run, end);
        // The weight of the product of relation i: gamma^i 2^-(rounds - its own) eq over its shared axes.
        K gammaPower = end;
        K gamma = get(run.request, 2);
        uint256 row = 3 * p.leaves;
        for (uint256 i = 0; i < p.contractions; ++i) {
            uint256 word = load(p.contractionWords + 32 * i);
            K x = scale(gammaPower, powerF(HALF, p.rounds - (word >> 248))) * sharedEq(run, word);
            gammaPower = gammaPower * gamma;
            K lhs = get(run.operands, 2 * i);
            K rhs = get(run.operands, 2 * i + 1);
            K powerL = get(run.powers, 2 + 2 * i);
            K powerR = get(run.powers, 3 + 2 * i);
            K a = powerL + x * rhs;
            addTo(run.rowsA, row, a);
            addTo(run.rowsB, row, powerR + x * lhs);
            addTo(run.rowsC, row, sub(ZERO, x));
            run.mu = run.mu + lhs * a + rhs * powerR;
            ++row;
        }
    }

    // claim = sum_i 2^-(rounds - 1 - i) sum_j c_(i, j) (s_i^j - 1/2), with the weight `end`.
    function weighRounds(Run memory run, K end) private pure {
        Program memory p = run.p;
        uint256 next = p.leaves * (p.leaves - 1) + p.rounds * p.degree;
        K factor = end;
        for (uint256 i = p.rounds; i > 0; --i) {
            K s = get(run.roundPoint, i - 1);
            next -= p.degree;
            K x = s;
            for (uint256 j = 0; j < p.degree; ++j) {
                K weight = factor * sub(x, K.wrap(HALF));
                // The ciphertext was kept here.
                run.mu = run.mu + sub(ZERO, weight * get(run.plain, next + j));
                put(run.plain, next + j, sub(ZERO, weight));
                x = x * s;
            }
            factor = scale(factor, HALF);
        }
    }

    // eq(tau, rounds' point) over the bits of the relation's c axes.
    function sharedEq(Run memory run, uint256 word) private pure returns (K product) {
        product = ONE;
        uint256 count = (word >> 240) & 0xff;
        for (uint256 i = 0; i < count; ++i) {
            uint256 tauAt = (word >> (232 - 24 * i)) & 0xff;
            uint256 sumAt = (word >> (224 - 24 * i)) & 0xff;
            uint256 bits = (word >> (216 - 24 * i)) & 0xff;
            for (uint256 j = 0; j < bits; ++j) {
                K x = get(run.tau, tauAt + j);
                K y = get(run.roundPoint, sumAt + j);
                K both = x * y;
                product = product * (sub(sub(ONE, x), y) + both + both);
            }
        }
    }
}
