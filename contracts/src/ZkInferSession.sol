// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ZkInferReceipts} from "./ZkInferReceipts.sol";

// Proofs of more bytes than one transaction takes: chunks come first, one transaction each, and are kept as code; the last transaction brings
// the rest of the proof, and verifies all of it in one go (docs/evm.md, "Several transactions"). Its execution has to fit the limit of one
// transaction (EIP-7825): only the bytes are split, not the work.
//
// A session belongs to its sender and to one statement: chain, this contract, model, publics, context and the digest of the whole proof. Nobody
// else can add to it, and what another sender stores is another session. Chunks have an index, so that a transaction that is sent twice
// changes nothing, and one who was interrupted asks how many there are (chunksOf). Only a proof of that digest is verified.
contract ZkInferSession {
    // The chunk that comes next: this transaction came before or twice.
    error WrongChunk(uint256 expected, uint256 got);
    error EmptyChunk();
    // What is stored and what came last are not the proof of the session.
    error WrongProof(bytes32 expected, bytes32 got);
    error NotStored();

    event Stored(bytes32 indexed session, uint256 chunk, uint256 size);

    uint256 private constant MAX_DATA = 24575; // bytes of a contract's code, behind one zero

    ZkInferReceipts public immutable receipts;

    // By session: data contracts, in their order.
    mapping(bytes32 => address[]) private pieces;
    mapping(bytes32 => uint256) public chunksOf;

    constructor(ZkInferReceipts receipts_) {
        receipts = receipts_;
    }

    function sessionOf(
        address owner,
        bytes32 modelId,
        bytes32 inputsDigest,
        bytes32 outputsDigest,
        bytes32 context,
        bytes32 proofDigest
    ) public view returns (bytes32) {
        return keccak256(
            abi.encode(
                "zkinfer evm session",
                block.chainid,
                address(this),
                owner,
                modelId,
                inputsDigest,
                outputsDigest,
                context,
                proofDigest
            )
        );
    }

    // The bytes of the proof behind those of the chunks before. Up to some 70,000 in one transaction.
    function add(
        bytes32 modelId,
        bytes32 inputsDigest,
        bytes32 outputsDigest,
        bytes32 context,
        bytes32 proofDigest,
        uint256 index,
        bytes calldata chunk
    ) external returns (bytes32 session) {
        session = sessionOf(msg.sender, modelId, inputsDigest, outputsDigest, context, proofDigest);
        if (index != chunksOf[session]) revert WrongChunk(chunksOf[session], index);
        if (chunk.length == 0) revert EmptyChunk();
        chunksOf[session] = index + 1;
        for (uint256 begin = 0; begin < chunk.length; begin += MAX_DATA) {
            uint256 end = begin + MAX_DATA < chunk.length ? begin + MAX_DATA : chunk.length;
            pieces[session].push(store(chunk[begin:end]));
        }
        emit Stored(session, index, chunk.length);
    }

    // Verifies the chunks and `rest` behind them, and stores the receipt, as ZkInferReceipts.submit; reverts with the same errors, and the
    // session is still there then.
    function finish(
        bytes32 modelId,
        bytes calldata publicInputs,
        bytes calldata publicOutputs,
        bytes32 context,
        bytes32 proofDigest,
        bytes calldata rest
    ) external returns (bytes32 receiptId) {
        bytes32 session = sessionOf(
            msg.sender, modelId, keccak256(publicInputs), keccak256(publicOutputs), context, proofDigest
        );
        // The call's data, made in place: the proof is the largest thing here, and memory has its price.
        bytes memory call_ = abi.encodeWithSelector(
            ZkInferReceipts.submit.selector, modelId, publicInputs, publicOutputs, new bytes(0), context
        );
        uint256 size = appendProof(call_, pieces[session], rest, proofDigest);
        delete pieces[session];
        delete chunksOf[session];
        address callee = address(receipts);
        assembly ("memory-safe") {
            let good := call(gas(), callee, 0, add(call_, 0x20), size, 0, 0x20)
            if iszero(good) {
                let free := mload(0x40)
                returndatacopy(free, 0, returndatasize())
                revert(free, returndatasize())
            }
            receiptId := mload(0)
        }
    }

    // Forgets the chunks of a session, after one that was wrong.
    function drop(
        bytes32 modelId,
        bytes32 inputsDigest,
        bytes32 outputsDigest,
        bytes32 context,
        bytes32 proofDigest
    ) external {
        bytes32 session = sessionOf(msg.sender, modelId, inputsDigest, outputsDigest, context, proofDigest);
        delete pieces[session];
        delete chunksOf[session];
    }

    // A data contract: 0x00 | bytes.
    function store(bytes calldata bytes_) private returns (address data) {
        bytes memory init = abi.encodePacked(hex"61", uint16(bytes_.length + 1), hex"80600a5f395ff3", hex"00", bytes_);
        assembly ("memory-safe") {
            data := create(0, add(init, 0x20), mload(init))
        }
        if (data == address(0)) revert NotStored();
    }

    // call_ ends in the length 0 of its last argument, the proof: makes that the stored bytes and `rest`, padded. The size of the call.
    function appendProof(bytes memory call_, address[] storage stored, bytes calldata rest, bytes32 proofDigest)
        private
        view
        returns (uint256 size)
    {
        uint256 start;
        assembly ("memory-safe") {
            start := add(add(call_, 0x20), mload(call_))
        }
        uint256 to = start;
        uint256 count = stored.length;
        for (uint256 i = 0; i < count; ++i) {
            address data = stored[i];
            uint256 length = data.code.length - 1;
            assembly ("memory-safe") {
                extcodecopy(data, to, 1, length)
            }
            to += length;
        }
        uint256 proofSize;
        bytes32 got;
        assembly ("memory-safe") {
            calldatacopy(to, rest.offset, rest.length)
            to := add(to, rest.length)
            proofSize := sub(to, start)
            got := keccak256(start, proofSize)
            mstore(to, 0) // what pads it
            mstore(sub(start, 0x20), proofSize)
            mstore(0x40, and(add(to, 0x3f), not(0x1f)))
        }
        if (got != proofDigest) revert WrongProof(proofDigest, got);
        size = call_.length + (proofSize + 31) / 32 * 32;
    }
}
