// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ZkInferReceipts} from "./ZkInferReceipts.sol";
import {ZkInferSecurity} from "./ZkInferSecurity.sol";

// An example of a consumer: holds what one model says of the latest input, and takes nothing that is not verified. The proof's context is
// made for this contract and this round, so a proof for another consumer, another chain or an earlier round changes nothing, and who sends it
// makes no difference. A model whose parameters prove less than 128 bits is refused when the oracle is made.
contract ExampleOracle {
    bytes32 public constant PURPOSE = keccak256("zkinfer example oracle");

    uint256 public constant MIN_BITS = 128;

    error TooFewBits(uint256 expected, uint256 got);

    event Answered(uint256 indexed round, bytes32 inputsDigest, bytes outputs);

    ZkInferReceipts public immutable receipts;
    bytes32 public immutable modelId;

    uint256 public round;
    bytes public answer; // canonical bytes of the model's public outputs

    constructor(ZkInferReceipts receipts_, ZkInferSecurity security, bytes32 modelId_) {
        uint256 bits = security.bitsOf(modelId_);
        if (bits < MIN_BITS) revert TooFewBits(MIN_BITS, bits);
        receipts = receipts_;
        modelId = modelId_;
    }

    // What `zkinfer prove --context hex:..` is to be given for this round.
    function context() public view returns (bytes32) {
        return receipts.verifier().contextOf(address(this), PURPOSE, round);
    }

    // After ZkInferReceipts.submit, or ZkInferSession, of the same statement.
    function update(bytes32 inputsDigest, bytes calldata outputs) external {
        receipts.consume(receipts.receiptOf(modelId, inputsDigest, keccak256(outputs), context()));
        answer = outputs;
        emit Answered(round++, inputsDigest, outputs);
    }
}
