// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {K, reduce} from "../src/Field.sol";
import {IZkInferFunctionals} from "../src/IZkInferFunctionals.sol";

// Answers one request, that of the native verifier, and refuses any other.
contract FixtureFunctionals is IZkInferFunctionals {
    error OtherRequest(bytes32 expected, bytes32 got);

    bytes32 digest;
    uint256 mu;
    uint256 value;

    function set(bytes32 digest_, uint256 mu_, uint256 value_) external {
        digest = digest_;
        mu = mu_;
        value = value_;
    }

    function evaluate(address, uint256[] calldata request) external view returns (uint256, uint256) {
        uint256[] memory words = request;
        for (uint256 i = 0; i < words.length; ++i) words[i] = K.unwrap(reduce(K.wrap(words[i])));
        bytes32 got = keccak256(abi.encodePacked(words));
        if (got != digest) revert OtherRequest(digest, got);
        return (mu, value);
    }
}

// Answers what it is told, of any size, or burns all gas: what a verifier must not take for an answer.
contract OddFunctionals is IZkInferFunctionals {
    uint256 size;

    function setSize(uint256 size_) external {
        size = size_;
    }

    function evaluate(address, uint256[] calldata) external view returns (uint256, uint256) {
        uint256 n = size;
        if (n == type(uint256).max) while (gasleft() > 0) n = gasleft();
        assembly {
            return(0, n)
        }
    }
}
