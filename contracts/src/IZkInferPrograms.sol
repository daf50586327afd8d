// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

// Where verifiers find programs: only such that were validated, under the identity of their key.
interface IZkInferPrograms {
    // The data contract of a model's program; the zero address: not registered.
    function programOf(bytes32 modelId) external view returns (address);
}
