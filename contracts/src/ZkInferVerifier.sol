// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import "./Channel.sol";
import "./Field.sol";
import "./Opening.sol";
import "./Program.sol";
import "./Statement.sol";
import {IZkInferFunctionals} from "./IZkInferFunctionals.sol";
import {IZkInferPrograms} from "./IZkInferPrograms.sol";
import {Reason} from "./Reason.sol";
import {ZkInferOuter} from "./ZkInferOuter.sol";

// Checks proofs of zkinfer: the same bytes as the native verifier, for every registered model.
//
// Replay: verifying is a view, so the same proof is accepted as often as it is shown. Whoever acts on it makes the context out of what
// makes the act unique (contextOf), and remembers what was used (ZkInferReceipts).
contract ZkInferVerifier {
    error UnknownModel(bytes32 modelId);
    error NonStandardCalldata();
    // An inner contract ran out of gas, or is not what it should be: nothing is known of the proof.
    error InnerCallFailed(address callee);

    ZkInferOuter public immutable outer;
    IZkInferFunctionals public immutable functionals;
    IZkInferPrograms public immutable programs;

    constructor(ZkInferOuter outer_, IZkInferFunctionals functionals_, IZkInferPrograms programs_) {
        outer = outer_;
        functionals = functionals_;
        programs = programs_;
    }

    // The context of a proof that is meant for one consumer on this chain and this verifier: purpose and nonce are the consumer's.
    function contextOf(address consumer, bytes32 purpose, uint256 nonce) external view returns (bytes32) {
        return keccak256(abi.encode("zkinfer evm", block.chainid, address(this), consumer, purpose, nonce));
    }

    // None: the proof shows that the model of this identity, run on these inputs, gives these outputs, as far as its key's visibility
    // lets them be seen, and it was made for this context. Else why not.
    //
    // publicInputs and publicOutputs: of every tensor of that side in the key's order, canonical bytes if it is public; else its digest,
    // if it has one, and its commitment (root, value), if it has one. proof: a .zkproof file. context: 32 bytes that the proof must be
    // made for. Reverts when the call is malformed: arguments of wrong lengths, an encoding that is not the standard one, no such model.
    function verify(
        bytes32 modelId,
        bytes calldata publicInputs,
        bytes calldata publicOutputs,
        bytes calldata proof,
        bytes32 context
    ) external view returns (Reason) {
        // gas: statement
        checkEncoding(publicInputs, publicOutputs, proof);
        address source = programs.programOf(modelId);
        if (source == address(0)) revert UnknownModel(modelId);
        Opening memory o;
        o.p = loadProgram(source);
        uint256 commitments = allocate(2 * o.p.datas);
        uint256 publicValues = allocate(o.p.values);
        readStatement(o, publicInputs, publicOutputs, proof, context, commitments, publicValues);
        readRoots(o);
        // gas: outer call
        (uint256 request, K mu, K power_) = callOuter(o, source);
        // gas: pins
        K pins = addRoots(o, commitments, get(request, 3), power_);
        runOpening(o);
        // gas: pins
        addPins(o, commitments, get(request, 3), power_);
        uint256 words = numOuterWords(o.p) + numOpeningWords(o.p) + o.p.values;
        copyWords(publicValues, request + 32 * (words - o.p.values), o.p.values);
        // gas: functionals call
        (K functionalMu, K value) = callFunctionals(source, request, words);
        checkEnd(o, geometricSum(o) + value, mu + pins + functionalMu);
        return Reason.None;
    }

    // Offsets and lengths as abi.encode makes them, nothing behind them, zeros in what pads them: one call, one encoding.
    function checkEncoding(bytes calldata inputs, bytes calldata outputs, bytes calldata proof) private pure {
        uint256 end = 4 + 5 * 32;
        bool good = true;
        bytes calldata part = inputs;
        for (uint256 i = 0; i < 3; ++i) {
            if (i == 1) part = outputs;
            if (i == 2) part = proof;
            uint256 offset;
            assembly ("memory-safe") {
                offset := part.offset
            }
            uint256 padding = (32 - (part.length & 31)) & 31;
            good = good && offset == end + 32;
            end = offset + part.length + padding;
            uint256 tail = calldataWord(offset + part.length);
            good = good && (padding == 0 || tail >> (256 - 8 * padding) == 0);
        }
        if (!good || end != msg.data.length) revert NonStandardCalldata();
    }

    function readStatement(
        Opening memory o,
        bytes calldata inputs,
        bytes calldata outputs,
        bytes calldata proof,
        bytes32 context,
        uint256 commitments,
        uint256 publicValues
    ) private view {
        Program memory p = o.p;
        (uint256 headerSize, uint256 outputBytes, uint256 inputBytes) = headerSizes(p);
        if (outputs.length != outputBytes) revert WrongLength(false, outputBytes, outputs.length);
        if (inputs.length != inputBytes) revert WrongLength(true, inputBytes, inputs.length);
        Statement memory s;
        s.p = p;
        uint256 start;
        assembly ("memory-safe") {
            start := proof.offset
            mstore(add(s, 0x20), inputs.offset)
            mstore(add(s, 0x40), outputs.offset)
        }
        bytes32 identity = modelIdentity(p);
        checkHeader(p, start, proof.length, headerSize, identity, context);
        s.proof = start + HEADER_BYTES;
        s.values = publicValues;
        // The buffer of the transcript: step 0 and the roots, or the longest message.
        Oracle memory mask = oracleAt(p.maskWord, 0);
        uint256 longest = finalSize(p) > mask.coefs + mask.randoms ? finalSize(p) : mask.coefs + mask.randoms;
        uint256 buffer = allocate(8 + longest + 4 * p.seen);
        store(buffer, uint256(keccak256("zkinfer proof v2")));
        s.items = buffer + 36;
        addItem(s, uint256(identity));
        addItem(s, uint256(context));
        store(s.items, reverse64(calldataWord(start + 76) >> 192) << 192);
        s.items += 8;
        readPublics(s);
        readCommitments(s, commitments);
        o.channel.buffer = buffer;
        o.channel.waiting = s.items; // of memory, until readRoots
        o.channel.cursor = start + headerSize;
        o.channel.end = start + proof.length;
    }

    // Roots of W and X, and X's pin. The first squeeze: what waits is in the buffer already.
    function readRoots(Opening memory o) private pure {
        Channel memory channel = o.channel;
        uint256 to = channel.waiting;
        o.roots = allocate(o.p.bases);
        uint256 root = calldataWord(take(channel, 32));
        o.maskRoot = bytes32(calldataWord(take(channel, 32)));
        store(o.roots + 32 * (o.p.bases - 1), root);
        store(to, root);
        store(to + 32, uint256(o.maskRoot));
        uint256 buffer = channel.buffer;
        bytes32 state;
        assembly ("memory-safe") {
            let tagWord := mload(add(buffer, 0x20))
            // The tag's four bytes, before the items.
            mstore(add(buffer, 0x20), or(shl(224, TAG_MASK_POINT), and(tagWord, sub(shl(224, 1), 1))))
            state := keccak256(buffer, sub(add(to, 64), buffer))
            mstore(buffer, state)
        }
        absorbNothing(channel);
        o.maskPoint = challengeOf(state);
        o.maskX = takeK(channel);
        o.maskS = takeK(channel);
    }

    // The messages before the opening: a request with their words in place, their mu, and the power of delta for the first pin.
    function callOuter(Opening memory o, address source) private view returns (uint256 request, K mu, K power_) {
        Program memory p = o.p;
        Channel memory channel = o.channel;
        uint256 n = p.leaves;
        uint256 size = 48 + 24 * (3 + n * (n + 3) + p.rounds * p.degree + 2 * p.contractions + 2 * logTripleRows(p));
        uint256 left = channel.end - channel.waiting;
        uint256 sent = left < size ? left : size;
        bytes4 selector = ZkInferOuter.reduceMessages.selector;
        address callee = address(outer);
        uint256 words = numOuterWords(p);
        // Room for the opening's words and the public values behind those of the answer, and for five words before them.
        request = allocate(5 + words + numOpeningWords(p) + p.values) + 0xa0;
        bool good;
        uint256 answered;
        assembly ("memory-safe") {
            let call_ := mload(0x40)
            mstore(call_, selector)
            mstore(add(call_, 0x04), source)
            mstore(add(call_, 0x24), mload(mload(channel)))
            mstore(add(call_, 0x44), 0x60)
            mstore(add(call_, 0x64), sent)
            calldatacopy(add(call_, 0x84), mload(add(channel, 0x20)), sent)
            good := staticcall(gas(), callee, call_, add(0x84, sent), 0, 0x20)
            answered := returndatasize()
        }
        if (good && answered == 32) {
            uint256 reason;
            assembly ("memory-safe") {
                reason := mload(0)
            }
            if (reason != 0 && reason <= uint256(type(Reason).max)) reject(Reason(reason));
            good = false;
        }
        if (!good || answered != 32 * (5 + words) || sent != size) revert InnerCallFailed(callee);
        uint256 head = request - 0xa0;
        assembly ("memory-safe") {
            returndatacopy(head, 0, returndatasize())
        }
        if (load(head) != 0 || load(head + 0x40) != size) revert InnerCallFailed(callee);
        store(channel.buffer, load(head + 0x20));
        channel.cursor = channel.waiting + size;
        absorbNothing(channel);
        mu = get(head, 3);
        power_ = get(head, 4);
        o.request = request + 32 * words;
    }

    // The known roots, and what the pins add to mu: their values with the next powers of delta.
    function addRoots(Opening memory o, uint256 commitments, K delta, K weight) private pure returns (K mu) {
        Program memory p = o.p;
        if (p.models != 0) {
            store(o.roots, load(p.identityWords + 0x40));
            (K value,) = unpack(load(p.identityWords + 0x60));
            mu = weight * value;
            weight = weight * delta;
        }
        for (uint256 i = 0; i < p.datas; ++i) {
            store(o.roots + 32 * (p.models + i), load(commitments + 64 * i));
            mu = mu + weight * get(commitments + 64 * i, 1);
            weight = weight * delta;
        }
    }

    // The functionals of the pins: the powers of the points that the roots determine.
    function addPins(Opening memory o, uint256 commitments, K delta, K weight) private pure {
        Program memory p = o.p;
        if (p.models != 0) {
            addPin(o, 0, modelPoint(p), weight);
            weight = weight * delta;
        }
        for (uint256 i = 0; i < p.datas; ++i) {
            addPin(o, p.models + i, dataPoint(p, i, bytes32(load(commitments + 64 * i))), weight);
            weight = weight * delta;
        }
    }

    function copyWords(uint256 from, uint256 to, uint256 count) private pure {
        assembly ("memory-safe") {
            mcopy(to, from, shl(5, count))
        }
    }

    function callFunctionals(address source, uint256 request, uint256 words) private view returns (K mu, K value) {
        address callee = address(functionals);
        bytes4 selector = IZkInferFunctionals.evaluate.selector;
        bool good;
        assembly ("memory-safe") {
            // Selector, program, offset and length are written before the request, into the five words of room and back.
            let call_ := sub(request, 0x64)
            mstore(call_, selector)
            mstore(add(call_, 0x04), source)
            mstore(add(call_, 0x24), 0x40)
            mstore(add(call_, 0x44), words)
            good := staticcall(gas(), callee, call_, add(0x64, shl(5, words)), 0, 0x40)
            good := and(good, eq(returndatasize(), 0x40))
            mu := mload(0)
            value := mload(0x20)
        }
        if (!good) revert InnerCallFailed(callee);
    }
}
