// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {loadProgram} from "../src/Program.sol";
import {log2Down, log2Up, logSumUp} from "../src/Logarithm.sol";
import {Decoding, isProven, log2Fold, log2Queries, provenBits} from "../src/Soundness.sol";

// The arithmetic of ZkInferSecurity, and its answer for any data contract.
contract Logarithms {
    function both(uint256 x) external pure returns (int256, int256) {
        return (log2Down(x), log2Up(x));
    }

    function sum(int256 a, int256 b) external pure returns (int256) {
        return logSumUp(a, b);
    }

    function fold(uint256 l, uint256 logDomain, uint256 s) external pure returns (int256) {
        return log2Fold(l, logDomain, s, l == 1 ? int256(0) : log2Down(l - 1));
    }

    function queries(uint256 agreeing, uint256 domain, uint256 count) external pure returns (int256) {
        return log2Queries(agreeing, domain, count);
    }

    function bits(address source) external view returns (uint256) {
        return provenBits(loadProgram(source));
    }

    function proven(address source, uint256 bits_, Decoding decoding) external view returns (bool) {
        return isProven(loadProgram(source), bits_, decoding);
    }
}
