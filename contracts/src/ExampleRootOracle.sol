// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ZkInferClaims} from "./ZkInferClaims.sol";
import {ZkInferReceipts} from "./ZkInferReceipts.sol";
import {ZkInferSecurity} from "./ZkInferSecurity.sol";

// An example of a consumer that pins a root and not one key under it: what the model says counts under every key that a rotation has led to. That the chain
// has not checked; it takes the claims that stand under terms which it was made with (ZkInferClaims), as it does for the root's certificate. The bits
// of each key it looks up itself.
contract ExampleRootOracle {
    bytes32 public constant PURPOSE = keccak256("zkinfer example root oracle");
    uint256 public constant MIN_BITS = 128;

    error TooFewBits(uint256 expected, uint256 got);
    error NotCertified(bytes32 root);
    error NotUnderRoot(bytes32 root, bytes32 modelId);

    event Answered(uint256 indexed round, bytes32 indexed modelId, bytes32 inputsDigest, bytes outputs);

    ZkInferReceipts public immutable receipts;
    ZkInferSecurity public immutable security;
    ZkInferClaims public immutable claims;
    bytes32 public immutable termsId;
    bytes32 public immutable root; // identity of the root key

    uint256 public round;
    bytes public answer; // canonical bytes of the model's public outputs

    constructor(ZkInferReceipts receipts_, ZkInferSecurity security_, ZkInferClaims claims_, bytes32 termsId_, bytes32 root_) {
        claims_.termsOf(termsId_); // they exist
        (receipts, security, claims, termsId, root) = (receipts_, security_, claims_, termsId_, root_);
    }

    // What `zkinfer prove --context hex:..` is to be given for this round.
    function context() public view returns (bytes32) {
        return receipts.verifier().contextOf(address(this), PURPOSE, round);
    }

    // After a receipt of the same statement under modelId, any key under the root.
    function update(bytes32 modelId, bytes32 inputsDigest, bytes calldata outputs) external {
        if (!claims.isCertified(termsId, root)) revert NotCertified(root);
        if (!claims.isUnder(termsId, root, modelId)) revert NotUnderRoot(root, modelId);
        uint256 bits = security.measure(modelId); // once a key
        if (bits < MIN_BITS) revert TooFewBits(MIN_BITS, bits);
        receipts.consume(receipts.receiptOf(modelId, inputsDigest, keccak256(outputs), context()));
        answer = outputs;
        emit Answered(round++, modelId, inputsDigest, outputs);
    }
}
