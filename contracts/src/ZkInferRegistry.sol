// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {load} from "./Channel.sol";
import {K, unpack} from "./Field.sol";
import {checkInstructions} from "./InstructionCheck.sol";
import {Instructions, instructionsOf} from "./Instructions.sol";
import {IZkInferPrograms} from "./IZkInferPrograms.sol";
import {finalSize, firstRounds, foldBits, log2Ceil, numOpeningWords} from "./Opening.sol";
import "./Program.sol";
import {Tensor, isPublic, modelIdentity, tensorAt} from "./Statement.sol";

// Programs of models. Anybody registers anything: a model's id is a hash of its key's identity and of its program, so nobody can pair
// an identity with a program of his own making under an id that others pinned.
contract ZkInferRegistry is IZkInferPrograms {
    // The first thing about a program that is not as it must be, by its name.
    error BadProgram(string what);

    event Registered(bytes32 indexed modelId, bytes32 indexed identity, address program, address registrant);
    // What somebody says, at each call of `register`, of a model that others may have registered before: whose card counts is
    // ZkInferOwners' business.
    event CardNamed(bytes32 indexed modelId, address indexed by, string card);

    uint256 private constant MAX_CODE = 24576; // EIP-170
    uint256 private constant MAX_PART = MAX_CODE - 21;
    uint256 private constant MAX_PROGRAM = 65536;

    mapping(bytes32 => address) private programs;

    function programOf(bytes32 modelId) external view returns (address) {
        return programs[modelId];
    }

    function modelIdOf(bytes32 identity, bytes32 programDigest) public pure returns (bytes32) {
        return keccak256(abi.encodePacked("zkinfer evm model", identity, programDigest));
    }

    // Once per model. It makes nobody an owner, and registering again changes nothing. card: where a model card is, in the sender's words; "" for none.
    function register(bytes calldata program, string calldata card) external returns (bytes32 modelId) {
        address source = deploy(program);
        bytes32 identity = validateProgram(source);
        modelId = modelIdOf(identity, keccak256(program));
        if (programs[modelId] == address(0)) {
            programs[modelId] = source;
            emit Registered(modelId, identity, source, msg.sender);
        }
        if (bytes(card).length != 0) emit CardNamed(modelId, msg.sender, card);
    }

    // Data contracts: 0x00 | program, or a long one in parts, the last first, as copyProgram reads them. Their code never changes: none of
    // them begins with SELFDESTRUCT, or runs at all.
    function deploy(bytes calldata program) private returns (address source) {
        if (program.length > MAX_PROGRAM) revert BadProgram("size");
        if (program.length < MAX_CODE) return deployPart(hex"00", program);
        uint256 begin = ((program.length - 1) / MAX_PART) * MAX_PART;
        source = deployPart(hex"00", program[begin:]);
        for (; begin != 0; begin -= MAX_PART) {
            source = deployPart(abi.encodePacked(hex"01", source), program[begin - MAX_PART:begin]);
        }
    }

    function deployPart(bytes memory head, bytes calldata part) private returns (address source) {
        bytes memory init = abi.encodePacked(hex"61", uint16(head.length + part.length), hex"80600a5f395ff3", head, part);
        assembly ("memory-safe") {
            source := create(0, add(init, 0x20), mload(init))
        }
        if (source == address(0)) revert BadProgram("deployment");
    }

    // Every number that verifiers use as a size, an index or a bound; the identity of the key. Reverts on what a verifier could not
    // run safely. What the parameters prove is the key's business, and anybody can look it up (`zkinfer soundness`).
    function validateProgram(address source) public view returns (bytes32 identity) {
        Program memory p = loadProgram(source);
        require_(p.leaves >= 1 && p.leaves <= 40, "leaves");
        require_(p.tauBits <= 64 && p.rounds <= 64, "rounds");
        require_(p.degree >= 2 && p.degree <= 3, "degree");
        require_(p.contractions <= 1024 && p.equalities <= 4096 && p.tensors <= 64 && p.seen <= 64, "counts");
        require_(p.powBits <= 40, "proof of work");
        require_(p.models <= 1 && p.datas <= 16 && p.folds <= 12, "oracles");
        require_(numPads(p) <= 4096, "pads");
        uint256 flags = load(p.identityWords + 0x60) & 0xffffffffffffffff;
        // No fixed seed, not cut in segments.
        require_(flags <= 0x3ff, "flags");
        require_(isPadded(p, source), "padding");
        (, bool canonical) = unpack(load(p.identityWords + 0x60));
        require_(canonical, "model value");
        validateOracles(p);
        validateContractions(p);
        validateTensors(p);
        validateInstructions(p, source);
        return modelIdentity(p);
    }

    // Zeros in all that no number uses: one program has one encoding.
    function isPadded(Program memory p, address source) private view returns (bool good) {
        uint256 head;
        assembly ("memory-safe") {
            head := mload(0x40)
        }
        copyProgram(source, 0, 32, head);
        uint256 bits = load(head) << 96;
        bits |= load(p.identityWords + 0x80) << 224;
        for (uint256 word = p.baseWords; word <= p.maskWord; word += 32) bits |= load(word) << 160;
        for (uint256 i = 0; i < p.datas; ++i) bits |= load(p.dataWords + 64 * i + 32) << 64;
        for (uint256 i = 0; i < p.contractions; ++i) {
            uint256 word = load(p.contractionWords + 32 * i);
            bits |= word << (16 + 24 * ((word >> 240) & 0xff));
        }
        for (uint256 i = 0; i < p.seen; ++i) bits |= load(p.tensorWords + 32 * i) << 192;
        return bits == 0;
    }

    function require_(bool good, string memory what) private pure {
        if (!good) revert BadProgram(what);
    }

    function validateOracle(Oracle memory o, uint256 minLanes, uint256 maxLanes) private pure {
        require_(o.coefs >= 1 && o.logDomain >= 1 && o.logDomain <= 32, "code");
        require_(o.coefs + o.randoms < 1 << o.logDomain, "code rate");
        require_(o.logLanes >= minLanes && o.logLanes <= maxLanes, "lanes");
        require_(o.queries >= 1 && o.queries <= 1024 && o.queries < 1 << o.logDomain, "queries");
    }

    // Each base oracle begins where pcs::OpeningParams::bases() says, each fold encodes the vector before it, and X has an entry for
    // every message.
    function validateOracles(Program memory p) private pure {
        uint256 bits = 0;
        for (uint256 i = 0; i < p.folds; ++i) {
            validateOracle(oracleAt(p.foldWords, i), 1, 6);
            bits += oracleAt(p.foldWords, i).logLanes;
        }
        uint256 end = 0;
        for (uint256 i = 0; i < p.bases; ++i) {
            Oracle memory base = oracleAt(p.baseWords, i);
            validateOracle(base, 2, 10);
            uint256 digits = 0;
            while (base.coefs >> digits != 0) ++digits;
            uint256 align = digits > 3 ? digits - 3 : 0;
            if (align < bits) align = bits;
            uint256 begin = ((end + (1 << align) - 1) >> align) << align;
            require_(base.begin == begin, "begin");
            if (i > 0) require_(oracleAt(p.baseWords, i - 1).end == begin, "end");
            end = begin + base.coefs + base.randoms;
        }
        require_(oracleAt(p.baseWords, p.bases - 1).end == end, "end");
        uint256 size = end;
        for (uint256 i = 0; i < p.folds; ++i) {
            Oracle memory fold = oracleAt(p.foldWords, i);
            // As many rows as the vector takes, or up to twice as many.
            uint256 rows = (size + (1 << fold.logLanes) - 1) >> fold.logLanes;
            require_(fold.coefs >= rows && fold.coefs <= 2 * rows, "fold");
            size = fold.coefs + fold.randoms;
        }
        require_(size <= 1024, "final vector");
        uint256 rounds = firstRounds(p) + foldBits(p) + log2Ceil(size);
        require_(rounds <= 62, "opening rounds");
        Oracle memory mask = oracleAt(p.maskWord, 0);
        validateOracle(mask, 0, 0);
        require_(mask.coefs == 2 * rounds + p.folds + size && mask.coefs + mask.randoms <= 4096, "mask");
    }

    function validateContractions(Program memory p) private pure {
        for (uint256 i = 0; i < p.contractions; ++i) {
            uint256 word = load(p.contractionWords + 32 * i);
            require_(word >> 248 <= p.rounds, "contraction");
            uint256 count = (word >> 240) & 0xff;
            require_(count <= 10, "contraction");
            for (uint256 j = 0; j < count; ++j) {
                uint256 axis = word >> (216 - 24 * j);
                uint256 bits = axis & 0xff;
                require_(((axis >> 16) & 0xff) + bits <= p.tauBits, "contraction");
                require_(((axis >> 8) & 0xff) + bits <= p.rounds, "contraction");
            }
        }
    }

    // They take what the verifier asks (IZkInferFunctionals), and can be run without further checks.
    function validateInstructions(Program memory p, address source) private view {
        Instructions memory it = instructionsOf(source);
        require_(it.inputs == numOuterWords(p) + numOpeningWords(p) + p.values, "inputs");
        require_(it.index == 3 + numOuterWords(p) && it.indexBits == foldBits(p) + log2Ceil(finalSize(p)), "index");
        checkInstructions(source);
    }

    function validateTensors(Program memory p) private pure {
        uint256 values = 0;
        uint256 committed = 0;
        bool inputs = false;
        for (uint256 i = 0; i < p.seen; ++i) {
            Tensor memory t = tensorAt(p, i);
            require_(t.exposure <= 2 && t.hash <= 2 && t.lo <= t.hi && t.entries >= 1 && t.entries <= 65536, "tensor");
            require_(t.width == widthOf(t.lo, t.hi), "tensor width");
            require_(t.isInput || !inputs, "tensor order");
            inputs = t.isInput;
            if (isPublic(t)) values += t.entries;
            else if (t.hash != 0) values += 8;
            if (t.exposure == 2) ++committed;
        }
        require_(values == p.values && values <= 65536, "public values");
        require_(committed == p.datas, "committed tensors");
    }

    // The fewest of 1, 2, 4, 8 bytes that hold the range (statement::entry_format).
    function widthOf(int64 lo, int64 hi) private pure returns (uint256) {
        for (uint256 width = 1; width < 8; width *= 2) {
            int256 limit = int256(1 << (8 * width - 1));
            if (lo >= 0 ? hi < 2 * limit : lo >= -limit && hi < limit) return width;
        }
        return 8;
    }
}
