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

// Who calls a contract with no more than the gas that it is told: address | gas | calldata gives whether it succeeded | gas | what it returned.
contract Caller {
    fallback() external {
        assembly {
            let to := calldataload(0)
            let size := sub(calldatasize(), 64)
            calldatacopy(0, 64, size)
            // From here on the account is warm.
            pop(extcodesize(to))
            let before := gas()
            let succeeded := call(calldataload(32), to, 0, 0, size, 0, 0)
            let used := sub(before, gas())
            mstore(0, succeeded)
            // Without the call itself.
            mstore(32, sub(used, 100))
            returndatacopy(64, 0, returndatasize())
            return(0, add(64, returndatasize()))
        }
    }
}
