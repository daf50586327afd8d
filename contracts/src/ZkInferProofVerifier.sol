// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Reason} from "./Reason.sol";
import {ZkInferReceipts} from "./ZkInferReceipts.sol";
import {ZkInferVerifier} from "./ZkInferVerifier.sol";

// The verifier interface of the draft ERC-8274. Hashes are Keccak-256 of the publics as ZkInferVerifier.verify takes them. With a proof, metadata
// are abi.encode(bytes32 modelId, bytes32 context, bytes publicInputs, bytes publicOutputs); without one, abi.encode(bytes32 modelId, bytes32
// context), and the answer is whether there is a receipt for them.
contract ZkInferProofVerifier {
    ZkInferReceipts public immutable receipts;
    ZkInferVerifier public immutable verifier;

    constructor(ZkInferReceipts receipts_) {
        receipts = receipts_;
        verifier = receipts_.verifier();
    }

    function verify(bytes32 inputHash, bytes32 outputHash, bytes calldata metadata, bytes calldata proof)
        external
        view
        returns (bool)
    {
        if (proof.length == 0) {
            (bytes32 id, bytes32 purpose) = abi.decode(metadata, (bytes32, bytes32));
            return receipts.isVerified(receipts.receiptOf(id, inputHash, outputHash, purpose));
        }
        (bytes32 modelId, bytes32 context, bytes memory inputs, bytes memory outputs) =
            abi.decode(metadata, (bytes32, bytes32, bytes, bytes));
        if (keccak256(inputs) != inputHash || keccak256(outputs) != outputHash) return false;
        return verifier.verify(modelId, inputs, outputs, proof, context) == Reason.None;
    }

    function proofSystem() external pure returns (string memory) {
        return "zkML/zkinfer";
    }

    // Of the format of proofs.
    function proofProfile() external pure returns (bytes32) {
        return keccak256("zkinfer proof v2");
    }
}
