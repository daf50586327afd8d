// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IZkInferPrograms} from "../src/IZkInferPrograms.sol";
import {IValidationRegistry} from "../src/ZkInferValidator.sol";

// Of ERC-8004's registry, what a validator meets: an answer counts from the validator that was asked.
contract ValidationRegistry is IValidationRegistry {
    mapping(bytes32 => address) public validatorOf;
    mapping(bytes32 => uint8) public responseOf;

    function validationRequest(address validator, uint256, string calldata, bytes32 requestHash) external {
        require(validatorOf[requestHash] == address(0), "asked before");
        validatorOf[requestHash] = validator;
    }

    function validationResponse(bytes32 requestHash, uint8 response, string calldata, bytes32, string calldata) external {
        require(validatorOf[requestHash] == msg.sender, "another validator was asked");
        responseOf[requestHash] = response;
    }
}
