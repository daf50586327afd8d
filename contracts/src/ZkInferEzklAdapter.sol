// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Program, loadProgram} from "./Program.sol";
import {Reason} from "./Reason.sol";
import {Tensor, isPublic, tensorAt} from "./Statement.sol";
import {ZkInferVerifier} from "./ZkInferVerifier.sol";

// One model behind the call that contracts for EZKL's verifiers make: a proof, and all public values as instances, inputs first. A negative
// value x is R - |x|, R being the order of BN254's scalars.
//
// Instances are all that such a caller compares, so proofs for any purpose are taken whose context is the one set here: whoever acts on more
// than a value asks ZkInferVerifier.
contract ZkInferEzklAdapter {
    error NotPublic(uint256 tensor);
    error WrongInstances(uint256 expected, uint256 got);

    uint256 private constant R = 0x30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001;

    ZkInferVerifier public immutable verifier;
    bytes32 public immutable modelId;
    bytes32 public immutable context;

    constructor(ZkInferVerifier verifier_, bytes32 modelId_, bytes32 context_) {
        verifier = verifier_;
        modelId = modelId_;
        context = context_;
        Program memory p = programOf(verifier_, modelId_);
        for (uint256 i = 0; i < p.seen; ++i) {
            Tensor memory t = tensorAt(p, i);
            if (!isPublic(t) || t.hash != 0) revert NotPublic(i);
        }
    }

    function verifyProof(bytes calldata proof, uint256[] calldata instances) external view returns (bool) {
        Program memory p = programOf(verifier, modelId);
        (bytes memory inputs, uint256 used, bool inRange) = canonical(p, true, instances, 0);
        bytes memory outputs;
        bool alsoInRange;
        (outputs, used, alsoInRange) = canonical(p, false, instances, used);
        if (used != instances.length) revert WrongInstances(used, instances.length);
        if (!inRange || !alsoInRange) return false;
        return verifier.verify(modelId, inputs, outputs, proof, context) == Reason.None;
    }

    function programOf(ZkInferVerifier verifier_, bytes32 modelId_) private view returns (Program memory) {
        address source = verifier_.programs().programOf(modelId_);
        if (source == address(0)) revert ZkInferVerifier.UnknownModel(modelId_);
        return loadProgram(source);
    }

    // The canonical bytes of one side's tensors: little-endian, in two's complement.
    function canonical(Program memory p, bool isInput, uint256[] calldata instances, uint256 next)
        private
        pure
        returns (bytes memory out, uint256 end, bool inRange)
    {
        uint256 size = 0;
        end = next;
        for (uint256 i = 0; i < p.seen; ++i) {
            Tensor memory t = tensorAt(p, i);
            if (t.isInput != isInput) continue;
            size += t.entries * t.width;
            end += t.entries;
        }
        if (end > instances.length) revert WrongInstances(end, instances.length);
        out = new bytes(size);
        inRange = true;
        uint256 to = 0;
        for (uint256 i = 0; i < p.seen; ++i) {
            Tensor memory t = tensorAt(p, i);
            if (t.isInput != isInput) continue;
            for (uint256 j = 0; j < t.entries; ++j) {
                int256 x = valueOf(instances[next++]);
                if (x < t.lo || x > t.hi) inRange = false;
                for (uint256 k = 0; k < t.width; ++k) {
                    out[to++] = bytes1(uint8(uint256(x) >> (8 * k)));
                }
            }
        }
    }

    // Beyond every range what is no scalar: one value has one instance.
    function valueOf(uint256 instance) private pure returns (int256) {
        if (instance >= R) return type(int256).max;
        return instance <= R / 2 ? int256(instance) : -int256(R - instance);
    }
}
