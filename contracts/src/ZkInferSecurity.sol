// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IZkInferPrograms} from "./IZkInferPrograms.sol";
import {loadProgram} from "./Program.sol";
import {provenBits} from "./Soundness.sol";

// How many bits of soundness the parameters of a registered model prove, for consumers who refuse less. Nobody's word is taken: the number is
// computed from the program. It says nothing of what the program's instructions say, and of its key: whoever pins an id has looked, or asks
// ZkInferClaims.
contract ZkInferSecurity {
    error UnknownModel(bytes32 modelId);

    event Measured(bytes32 indexed modelId, uint256 bits);

    IZkInferPrograms public immutable programs;

    // One more than its bits; 0: not measured.
    mapping(bytes32 => uint256) private measured;

    constructor(IZkInferPrograms programs_) {
        programs = programs_;
    }

    // 0 .. 128: an attack succeeds with probability at most 2^-bits for each hash that it computes (docs/soundness.md).
    function bitsOf(bytes32 modelId) public view returns (uint256 bits) {
        uint256 known = measured[modelId];
        if (known != 0) return known - 1;
        address source = programs.programOf(modelId);
        if (source == address(0)) revert UnknownModel(modelId);
        return provenBits(loadProgram(source));
    }

    // Computes it once, so that bitsOf costs one read from then on. Anybody may call.
    function measure(bytes32 modelId) external returns (uint256 bits) {
        bits = bitsOf(modelId);
        if (measured[modelId] == 0) {
            measured[modelId] = bits + 1;
            emit Measured(modelId, bits);
        }
    }
}
