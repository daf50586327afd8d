// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IZkInferFunctionals} from "./IZkInferFunctionals.sol";
import {Instructions, instructionsOf} from "./Instructions.sol";
import {runInstructions} from "./Interpreter.sol";

// Runs the instructions of a verification program (docs/formats/program.md). They were validated when the program was registered: every
// instruction reads registers that are there, and they end.
contract ZkInferFunctionals is IZkInferFunctionals {
    error WrongRequest(uint256 expected, uint256 got);

    function evaluate(address program, uint256[] calldata request) external view returns (uint256 mu, uint256 value) {
        Instructions memory it = instructionsOf(program);
        if (request.length != it.inputs) revert WrongRequest(it.inputs, request.length);
        uint256 registers;
        assembly ("memory-safe") {
            registers := mload(0x40)
            mstore(0x40, add(registers, shl(5, mload(it)))) // the first field: all registers
            mstore(registers, 1)
            mstore(add(registers, 0x20), shl(85, 1))
            mstore(add(registers, 0x40), shl(170, 1))
            calldatacopy(add(registers, 0x60), request.offset, shl(5, request.length))
        }
        reverse(registers + 32 * it.index, it.indexBits);
        return runInstructions(registers, it.begin, 3 + it.inputs);
    }

    // The request has the opening's point with its lowest bit first.
    function reverse(uint256 array, uint256 n) private pure {
        if (n == 0) return;
        assembly ("memory-safe") {
            let low := array
            let high := add(array, shl(5, sub(n, 1)))
            for {} lt(low, high) {} {
                let x := mload(low)
                mstore(low, mload(high))
                mstore(high, x)
                low := add(low, 0x20)
                high := sub(high, 0x20)
            }
        }
    }
}
