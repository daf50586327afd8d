// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {allocate, load} from "./Channel.sol";

// The first section of a verification program (docs/formats/program.md): what the protocol's messages need. Numbers come from a program
// that a registry has validated; arrays are pointers to memory, one word an entry.
struct Program {
    uint256 leaves; // log2 of the lookup's leaves
    uint256 tauBits;
    uint256 rounds; // of the contractions' sumcheck
    uint256 degree;
    uint256 contractions;
    uint256 equalities;
    uint256 tensors; // public ones
    uint256 powBits;
    uint256 models; // 1 where there is an oracle M, else 0
    uint256 datas; // oracles D
    uint256 folds;
    uint256 seen; // tensors of the statement
    uint256 budget;
    uint256 values; // of public tensors
    uint256 bases; // M, D_i, W
    uint256 identityWords; // 4 words: structure, parameters, root, value and flags
    uint256 baseWords;
    uint256 foldWords;
    uint256 maskWord;
    uint256 dataWords; // two each
    uint256 contractionWords;
    uint256 tensorWords;
}

struct Oracle {
    uint256 coefs;
    uint256 randoms;
    uint256 begin; // in v_1
    uint256 end;
    uint256 logLanes;
    uint256 logDomain;
    uint256 queries;
}

error NoProgram(address program);

uint256 constant PROGRAM_MAGIC = 0x5a4b455600000001; // "ZKEV", version 1

// A program is the code of data contracts: behind a zero byte of the last one, behind 0x01 and the address of the next of others.
// copyProgram copies its bytes from `from` on to memory at `to`, `size` of them, zeros behind its end, and says how many bytes it has.
function copyProgram(address source, uint256 from, uint256 size, uint256 to) view returns (uint256 total) {
    assembly ("memory-safe") {
        for {} 1 {} {
            extcodecopy(source, 0, 0, 0x20)
            let next := mul(eq(byte(0, mload(0)), 1), and(shr(88, mload(0)), 0xffffffffffffffffffffffffffffffffffffffff))
            let head := add(1, mul(20, iszero(iszero(next))))
            let length := mul(sub(extcodesize(source), head), gt(extcodesize(source), head))
            total := add(total, length)
            let here := mul(sub(length, from), lt(from, length))
            if or(gt(here, size), iszero(next)) { here := size }
            extcodecopy(source, to, add(head, from), here)
            to := add(to, here)
            size := sub(size, here)
            from := mul(sub(from, length), gt(from, length))
            source := next
            if iszero(next) { break }
        }
    }
}

function loadProgram(address source) view returns (Program memory p) {
    uint256 head = allocate(1);
    uint256 total = copyProgram(source, 0, 32, head);
    uint256 word = load(head);
    uint256 count = (word >> 160) & 0xffffffff;
    if (word >> 192 != PROGRAM_MAGIC || total < 32 + 32 * count || count < 7) revert NoProgram(source);
    uint256 words = allocate(count);
    copyProgram(source, 32, 32 * count, words);
    p.identityWords = words;
    uint256 sizes = load(words + 0x80);
    p.leaves = sizes >> 248;
    p.tauBits = (sizes >> 240) & 0xff;
    p.rounds = (sizes >> 232) & 0xff;
    p.degree = (sizes >> 224) & 0xff;
    p.contractions = (sizes >> 208) & 0xffff;
    p.equalities = (sizes >> 192) & 0xffff;
    p.tensors = (sizes >> 176) & 0xffff;
    p.powBits = (sizes >> 168) & 0xff;
    p.models = (sizes >> 160) & 0xff;
    p.datas = (sizes >> 152) & 0xff;
    p.folds = (sizes >> 144) & 0xff;
    p.seen = (sizes >> 128) & 0xffff;
    p.budget = (sizes >> 64) & 0xffffffffffffffff;
    p.values = (sizes >> 32) & 0xffffffff;
    p.bases = p.models + p.datas + 1;
    p.baseWords = words + 0xa0;
    p.foldWords = p.baseWords + 32 * p.bases;
    p.maskWord = p.foldWords + 32 * p.folds;
    p.dataWords = p.maskWord + 32;
    p.contractionWords = p.dataWords + 64 * p.datas;
    p.tensorWords = p.contractionWords + 32 * p.contractions;
    if (p.tensorWords + 32 * p.seen != words + 32 * count) revert NoProgram(source);
}

function oracleAt(uint256 words, uint256 i) pure returns (Oracle memory o) {
    uint256 word = load(words + 32 * i);
    o.coefs = word >> 224;
    o.randoms = (word >> 192) & 0xffffffff;
    o.begin = (word >> 160) & 0xffffffff;
    o.end = (word >> 128) & 0xffffffff;
    o.logLanes = (word >> 120) & 0xff;
    o.logDomain = (word >> 112) & 0xff;
    o.queries = (word >> 96) & 0xffff;
}

// Triples of the lookup's layers and of the contractions.
function numTriples(Program memory p) pure returns (uint256) {
    return 3 * p.leaves + p.contractions;
}

// log2 of their rows: the smallest power of two above their number.
function logTripleRows(Program memory p) pure returns (uint256 bits) {
    for (uint256 n = numTriples(p); n != 0; n >>= 1) ++bits;
}

function numPlainPads(Program memory p) pure returns (uint256) {
    return p.leaves * (p.leaves - 1) + p.rounds * p.degree + 2 * logTripleRows(p);
}

function numPads(Program memory p) pure returns (uint256) {
    return numPlainPads(p) + (3 << logTripleRows(p));
}

// The outer constraints before the messages' own: p, q, two of each contraction, the end of their sumcheck, equalities, public tensors.
function numFunctionalConstraints(Program memory p) pure returns (uint256) {
    return 3 + 2 * p.contractions + p.equalities + p.tensors;
}

// Root p and q and two copies; two copies and a check of each other layer; three of the triples.
function numConstraints(Program memory p) pure returns (uint256) {
    return numFunctionalConstraints(p) + 3 * p.leaves + 4;
}

// Words of the request to ZkInferFunctionals that the messages before the opening give.
function numOuterWords(Program memory p) pure returns (uint256) {
    return 4 + p.leaves + p.tauBits + p.rounds + numPads(p);
}
