// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ZkInferReceipts} from "./ZkInferReceipts.sol";

// Of the validation registry of ERC-8004, what a validator calls.
interface IValidationRegistry {
    function validationResponse(
        bytes32 requestHash,
        uint8 response,
        string calldata responseURI,
        bytes32 responseHash,
        string calldata tag
    ) external;
}

// A validator of ERC-8004 that answers 100 where an inference was verified, and never anything else: the absence of a receipt says nothing.
// A request's hash says what was to be shown (requestOf), and the proof's context names the request (contextOf): so anybody may bring the
// answer, no model but the one that was asked for counts, and no receipt answers two requests.
contract ZkInferValidator {
    error NotVerified(bytes32 receiptId);

    IValidationRegistry public immutable registry;
    ZkInferReceipts public immutable receipts;

    constructor(IValidationRegistry registry_, ZkInferReceipts receipts_) {
        registry = registry_;
        receipts = receipts_;
    }

    // What validationRequest is to be called with. nonce: of the one who asks, so that the same question can be asked again.
    function requestOf(bytes32 modelId, bytes32 inputsDigest, bytes32 outputsDigest, bytes32 nonce)
        public
        pure
        returns (bytes32)
    {
        return keccak256(abi.encode("zkinfer evm request", modelId, inputsDigest, outputsDigest, nonce));
    }

    // The context that the proof is to be made for.
    function contextOf(bytes32 requestHash) public view returns (bytes32) {
        return receipts.verifier().contextOf(address(this), requestHash, 0);
    }

    // responseURI: where the proof is, for people.
    function respond(
        bytes32 modelId,
        bytes32 inputsDigest,
        bytes32 outputsDigest,
        bytes32 nonce,
        string calldata responseURI
    ) external {
        bytes32 request = requestOf(modelId, inputsDigest, outputsDigest, nonce);
        bytes32 receipt = receipts.receiptOf(modelId, inputsDigest, outputsDigest, contextOf(request));
        if (!receipts.isVerified(receipt)) revert NotVerified(receipt);
        registry.validationResponse(request, 100, responseURI, receipt, "zkinfer");
    }
}
