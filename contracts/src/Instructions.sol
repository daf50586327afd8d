// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {load} from "./Channel.sol";
import {copyProgram} from "./Program.sol";

// The section "instructions" of a verification program (docs/formats/program.md), behind its words.
struct Instructions {
    uint256 registers; // that they fill, with constants and inputs; the first field, which assembly reads
    uint256 inputs;
    uint256 index; // register of the opening's point
    uint256 indexBits;
    uint256 begin; // memory: the first instruction
    uint256 end; // behind the last byte; 64 zero bytes follow
}

error NoInstructions(address program);

uint256 constant INSTRUCTIONS_HEAD = 7; // u16 inputs, u16 registers, u16 index, u8 bits of the index

// Copies the instructions of a program into memory.
function instructionsOf(address program) view returns (Instructions memory it) {
    uint256 begin;
    assembly ("memory-safe") {
        begin := mload(0x40)
    }
    uint256 size = copyProgram(program, 0, 32, begin);
    uint256 head = load(begin);
    // "ZKEV", version, number of words behind this one.
    uint256 skipped = 32 + 32 * ((head >> 160) & 0xffffffff);
    if (size < skipped + INSTRUCTIONS_HEAD) revert NoInstructions(program);
    uint256 length = size - skipped;
    copyProgram(program, skipped, length, begin);
    assembly ("memory-safe") {
        calldatacopy(add(begin, length), calldatasize(), 0x40) // zeros: an instruction's head may be read beyond the end
        mstore(0x40, and(add(add(begin, length), 0x5f), not(0x1f)))
        head := mload(begin)
    }
    it.inputs = head >> 240;
    it.registers = (head >> 224) & 0xffff;
    it.index = (head >> 208) & 0xffff;
    it.indexBits = (head >> 200) & 0xff;
    it.begin = begin + INSTRUCTIONS_HEAD;
    it.end = begin + length;
}
