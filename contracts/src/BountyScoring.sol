// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {allocate} from "./Channel.sol";
import {copyProgram} from "./Program.sol";
import {Claim, MAX_CHUNKS, Spec} from "./BountyTypes.sol";

// What bounties are about, as digests (docs/market.md, "Digests"). Nothing here knows of money or time.

/// The spec is not what a contract can work with; hunters see that before they commit.
error BadSpec();
error NotAChunk(uint256 index);
/// Labels, inputs or outputs of a chunk that are not those of the bounty; its number of chunks: there are more or fewer of them.
error WrongChunkData(uint256 index);

function specDigest(Spec calldata spec) pure returns (bytes32) {
    return keccak256(abi.encode("zkinfer.bounty.spec.v1", spec));
}

function checkSpec(Spec calldata spec) pure {
    uint256 chunks = spec.sealedChunks.length;
    bool good = chunks != 0 && chunks <= MAX_CHUNKS && spec.openedChunks.length == chunks && spec.rows != 0
        && spec.labelBytes != 0 && spec.labelBytes % spec.rows == 0;
    if (!good) revert BadSpec();
}

// Blinded by the key, so that nothing can be tried against it before the key is there.
function openedDigest(bytes30 key, uint256 index, bytes32 labels, bytes32 inputs) pure returns (bytes32) {
    return keccak256(abi.encode("zkinfer.bounty.chunk.v1", key, index, labels, inputs));
}

// The digest of a registered program with root_M and v_M, the only words that depend on the weights, set to zero: network, integers, what is
// seen, and the opening's parameters, hence the bits of its proofs.
function structureOf(address program) view returns (bytes32 structure) {
    uint256 total = copyProgram(program, 0, 32, allocate(1));
    uint256 named = allocate((24 + total + 31) / 32);
    copyProgram(program, 0, total, named + 24);
    assembly ("memory-safe") {
        let tail := mload(add(named, 0x18))
        mstore(named, "zkinfer evm structure v1")
        mstore(add(named, 0x18), tail)
        // Words of the program: head, structure, parameters, root, value and flags.
        mstore(add(named, 0x78), 0)
        mstore(add(named, 0x98), and(mload(add(named, 0x98)), 0xffffffffffffffff))
        structure := keccak256(named, add(24, total))
    }
}

// Of a chunk as it was published: XOR with Keccak-256(key | zeros{2} | u128 index | u128 number of the word).
function unseal(bytes30 key, uint256 index, bytes calldata chunk) pure returns (bytes memory opened) {
    opened = chunk;
    assembly ("memory-safe") {
        let end := add(add(opened, 0x20), mload(opened))
        mstore(0, key)
        let counter := shl(128, index)
        let at := add(opened, 0x20)
        for {} lt(at, end) { at := add(at, 0x20) } {
            mstore(0x20, counter)
            mstore(at, xor(mload(at), keccak256(0, 0x40)))
            counter := add(counter, 1)
        }
    }
}

// Whether a chunk as published opens to what the spec promises.
function isAsPromised(Spec calldata spec, bytes30 key, uint256 index, bytes calldata chunk) pure returns (bool) {
    if (chunk.length < spec.labelBytes) return false;
    bytes memory opened = unseal(key, index, chunk);
    uint256 split = spec.labelBytes;
    bytes32 labels;
    bytes32 inputs;
    assembly ("memory-safe") {
        labels := keccak256(add(opened, 0x20), split)
        inputs := keccak256(add(add(opened, 0x20), split), sub(mload(opened), split))
    }
    return openedDigest(key, index, labels, inputs) == spec.openedChunks[index];
}

// Rows whose output is their label, both in canonical bytes.
function hitsOf(bytes calldata outputs, bytes calldata labels, uint256 rows) pure returns (uint256 hits) {
    uint256 width = labels.length / rows;
    for (uint256 i = 0; i < labels.length; i += width) {
        if (width == 1 ? outputs[i] == labels[i] : keccak256(outputs[i:i + width]) == keccak256(labels[i:i + width])) ++hits;
    }
}

// The hits of a chunk whose proof has these publics. Reverts where they are not the bounty's.
function scoreOf(Spec calldata spec, Claim calldata claim, bytes30 key, uint256 index) pure returns (uint256) {
    uint256 chunks = spec.sealedChunks.length;
    if (claim.labels.length != chunks || claim.outputs.length != chunks || claim.inputs.length != chunks) revert WrongChunkData(chunks);
    bytes calldata labels = claim.labels[index];
    bytes calldata outputs = claim.outputs[index];
    bool good = labels.length == spec.labelBytes && outputs.length == labels.length
        && openedDigest(key, index, keccak256(labels), claim.inputs[index]) == spec.openedChunks[index];
    if (!good) revert WrongChunkData(index);
    return hitsOf(outputs, labels, spec.rows);
}
