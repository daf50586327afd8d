// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Instructions, instructionsOf} from "./Instructions.sol";

// An instruction that Interpreter.sol must not run: at byte `place` of the section "instructions".
error BadInstruction(uint256 place, string what);

uint256 constant MAX_REGISTERS = 16384;
uint256 constant MAX_TABLE_BITS = 12;

// What a registry checks once, so that running costs no checks: every instruction reads registers that are filled, writes behind them,
// and there are no more registers than memory is set aside for; the last one ends the program. Whether the instructions say what the
// key's circuit says is not seen here: their digest is part of the model's name, and anybody can make them from the key.
function checkInstructions(address program) view {
    Instructions memory it = instructionsOf(program);
    Walk memory walk = Walk(it.begin, 3 + it.inputs, it.begin, it.end);
    if (it.registers > MAX_REGISTERS) revert BadInstruction(0, "too many registers");
    if (it.index < 3 || it.index + it.indexBits > walk.top) revert BadInstruction(0, "index outside the inputs");
    while (walk.step()) {
        if (walk.top > it.registers) revert BadInstruction(walk.next - walk.begin, "more registers than the head says");
    }
    if (walk.next != walk.end || walk.top != it.registers) revert BadInstruction(walk.next - walk.begin, "not the end");
}

struct Walk {
    uint256 next; // memory: the next byte
    uint256 top; // registers so far
    uint256 begin;
    uint256 end;
}

using {get, registers, fail, step, products, linear, tables, correlation} for Walk;

function fail(Walk memory walk, string memory what) pure {
    revert BadInstruction(walk.next - walk.begin, what);
}

function get(Walk memory walk, uint256 bytes_) pure returns (uint256 x) {
    if (walk.next + bytes_ > walk.end) walk.fail("truncated");
    uint256 from = walk.next;
    assembly ("memory-safe") {
        x := shr(sub(256, shl(3, bytes_)), mload(from))
    }
    walk.next += bytes_;
}

// `count` registers from `first` on must be there.
function registers(Walk memory walk, uint256 first, uint256 count) pure {
    if (count == 0) walk.fail("nothing");
    if (first + count > walk.top) walk.fail("a register that is not filled");
}

// The next instruction; false: it was the end.
function step(Walk memory walk) pure returns (bool) {
    uint256 op = walk.get(1);
    if (op == 0) {
        walk.registers(walk.get(2), 1);
        walk.registers(walk.get(2), 1);
        return false;
    }
    if (op == 1) {
        for (uint256 n = walk.get(2); n != 0; --n) {
            walk.registers(walk.get(2), 1);
            walk.registers(walk.get(2), 1);
            ++walk.top;
        }
    } else if (op == 2) {
        for (uint256 n = 2 * walk.get(2); n != 0; --n) walk.registers(walk.get(2), 1);
        ++walk.top;
    } else if (op == 3 || op == 13) {
        walk.linear(op == 3 ? 8 : 2);
    } else if (op == 4 || op == 5) {
        walk.products();
    } else if (op >= 6 && op <= 10) {
        walk.tables(op);
    } else if (op == 11) {
        walk.correlation();
    } else if (op == 12) {
        uint256 n = walk.get(2);
        if (walk.next + 8 * n > walk.end) walk.fail("truncated");
        walk.next += 8 * n;
        walk.top += n;
    } else {
        walk.fail("no such instruction");
    }
    return true;
}

function linear(Walk memory walk, uint256 coefBytes) pure {
    for (uint256 n = walk.get(2); n != 0; --n) {
        walk.get(coefBytes);
        walk.registers(walk.get(2), 1);
    }
    ++walk.top;
}

function products(Walk memory walk) pure {
    uint256 a = walk.get(2);
    uint256 b = walk.get(2);
    uint256 n = walk.get(2);
    uint256 groups = walk.get(2);
    walk.registers(a, n);
    walk.registers(b, n * groups);
    walk.top += groups;
}

// eq, its product, complements, powers, sums below an end.
function tables(Walk memory walk, uint256 op) pure {
    uint256 src = walk.get(2);
    if (op == 6) {
        uint256 bits = walk.get(1);
        uint256 count = walk.get(2);
        walk.registers(src, bits);
        if (bits > MAX_TABLE_BITS || count > 1 << bits) walk.fail("a table that is too long");
        walk.top += count;
    } else if (op == 7) {
        uint256 other = walk.get(2);
        uint256 bits = walk.get(1);
        walk.registers(src, bits);
        walk.registers(other, bits);
        if (bits > 64 || walk.get(4) >> bits > 1) walk.fail("more than all indices");
        ++walk.top;
    } else if (op == 10) {
        uint256 bits = walk.get(1);
        walk.registers(src, bits);
        if (bits > 64 || walk.get(4) >> bits > 1) walk.fail("more than all indices");
        walk.top += 2;
    } else {
        uint256 n = walk.get(2);
        walk.registers(src, op == 8 ? n : 1);
        walk.top += n;
    }
}

function correlation(Walk memory walk) pure {
    uint256 length = walk.get(2);
    for (uint256 parts = walk.get(2); parts != 0; --parts) {
        walk.registers(walk.get(2), 1);
        walk.get(4);
        for (uint256 i = 0; i < 3; ++i) {
            uint256 base = walk.get(2);
            uint256 n = walk.get(2);
            uint256 increment = walk.get(1);
            walk.get(4);
            if (increment > 1) walk.fail("a step of more than one");
            walk.registers(base, increment == 0 ? 1 : n);
        }
    }
    walk.top += length;
}
