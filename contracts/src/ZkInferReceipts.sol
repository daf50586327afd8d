// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Reason} from "./Reason.sol";
import {ZkInferVerifier} from "./ZkInferVerifier.sol";

// What was verified, once for all who ask later. A receipt says that a proof for this model, these publics and this context was accepted; it
// says nothing of who may use it: a consumer makes the context out of that (ZkInferVerifier.contextOf) and consumes the receipt.
contract ZkInferReceipts {
    error Rejected(Reason reason);
    error NotVerified(bytes32 receiptId);
    error Consumed(bytes32 receiptId);

    event Verified(bytes32 indexed receiptId, bytes32 indexed modelId, bytes32 context, address submitter);

    ZkInferVerifier public immutable verifier;

    mapping(bytes32 => bool) public isVerified;
    // By consumer.
    mapping(address => mapping(bytes32 => bool)) public isConsumed;

    constructor(ZkInferVerifier verifier_) {
        verifier = verifier_;
    }

    function receiptOf(bytes32 modelId, bytes32 inputsDigest, bytes32 outputsDigest, bytes32 context)
        public
        pure
        returns (bytes32)
    {
        return keccak256(abi.encode(modelId, inputsDigest, outputsDigest, context));
    }

    // Anybody may submit, and again: the same proof gives the same receipt.
    function submit(
        bytes32 modelId,
        bytes calldata publicInputs,
        bytes calldata publicOutputs,
        bytes calldata proof,
        bytes32 context
    ) external returns (bytes32 receiptId) {
        Reason reason = verifier.verify(modelId, publicInputs, publicOutputs, proof, context);
        if (reason != Reason.None) revert Rejected(reason);
        receiptId = receiptOf(modelId, keccak256(publicInputs), keccak256(publicOutputs), context);
        if (!isVerified[receiptId]) {
            isVerified[receiptId] = true;
            emit Verified(receiptId, modelId, context, msg.sender);
        }
    }

    // Marks a receipt as used by the caller. Reverts if there is none, or the caller has used it.
    function consume(bytes32 receiptId) external {
        if (!isVerified[receiptId]) revert NotVerified(receiptId);
        if (isConsumed[msg.sender][receiptId]) revert Consumed(receiptId);
        isConsumed[msg.sender][receiptId] = true;
    }
}
