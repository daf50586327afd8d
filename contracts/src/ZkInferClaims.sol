// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Escrow} from "./Escrow.sol";
import {IZkInferPrograms} from "./IZkInferPrograms.sol";

// What the chain has not checked, with money behind it: that a root key has a certificate, and that a key on chain is under a root. **This contract
// cannot tell true from false.** Anybody can, off chain, with the native program, and every honest answer is the same; but where two sides disagree, somebody
// has to say. So a claim is made under terms, which name who that is, and consumers choose the terms that they trust, or none.
//
// The two statements, of a root (the identity of its key) and `evidence` (Keccak-256 of a file, which is to be had at the claim's URI beside the root's key, or was
// in a call of `publish`):
//   modelId 0:  the file is a certificate that `zkinfer verify --certificate` accepts for the root;
//   else:       the file is a path (.zkpath) from the root to a key, and `zkinfer evm check` says that this key and its program are modelId. evidence 0: no
//               path is needed, the key is the root itself.
//
// A claim takes a bond, and counts once it has stood for the terms' window (or the arbiter has said that it holds). Until then, and as long as it counts by its
// bond alone, anybody may challenge it with a bond of his own; while the arbiter has not spoken it does not count. The loser's bond goes half to the winner
// and half to the arbiter, whoever loses. So a claimant who challenges himself pays, and so does who only wants to delay. A claimant leaves when he likes: his claim
// counts no more from then on, and his bond stays for another window, against what he had said.
contract ZkInferClaims is Escrow {
    error BadTerms();
    error UnknownTerms(bytes32 termsId);
    error UnknownModel(bytes32 modelId);
    error UnknownClaim(bytes32 claimId);
    error WrongState(bytes32 claimId, State state);
    error NotYours(bytes32 claimId);
    error NothingBetter(bytes32 claimId);

    event TermsMade(bytes32 indexed termsId, address indexed arbiter, uint96 bond, uint32 window, uint32 ruling);
    event Claimed(
        bytes32 indexed claimId,
        bytes32 indexed root,
        bytes32 indexed modelId,
        bytes32 termsId,
        bytes32 evidence,
        address claimant,
        string uri
    );
    event Challenged(bytes32 indexed claimId, address indexed challenger, string why);
    event Ruled(bytes32 indexed claimId, bool holds);
    event Left(bytes32 indexed claimId);
    event Closed(bytes32 indexed claimId, State state);
    event Counted(bytes32 indexed claimId);
    event Published(bytes32 indexed digest);

    // None: there is no such claim. Only Standing and Upheld count.
    enum State {
        None,
        Open, // its window runs
        Standing, // bonded, and nobody has challenged it in its window
        Disputed,
        Undecided, // the arbiter has not spoken in time: it never counts, and bonds go back
        Upheld, // the arbiter has said that it holds; for good
        Refuted,
        Leaving, // the claimant has left, his bond is still there
        Left
    }

    struct Terms {
        address arbiter;
        uint96 bond; // wei, of a claimant and of a challenger
        uint32 window; // seconds that a claim is open, and that a bond stays after its claimant has left
        uint32 ruling; // seconds that the arbiter has
    }

    struct Claim {
        bytes32 termsId;
        bytes32 root;
        bytes32 modelId;
        bytes32 evidence;
        address claimant;
        uint64 madeAt;
        address challenger;
        uint64 challengedAt;
        uint64 leftAt;
        uint64 ruledAt;
        State end; // Undecided, Upheld, Refuted, Left once bonds are given back; else None
    }

    uint256 public constant MIN_TIME = 1 hours;
    uint256 public constant MAX_TIME = 90 days;

    IZkInferPrograms public immutable programs;

    mapping(bytes32 termsId => Terms) private termsById;
    mapping(bytes32 claimId => Claim) private claims;
    // How many claims somebody has made: no two have one id.
    mapping(address claimant => uint256) public claimsOf;
    // By terms, root and model: a claim that has counted (count).
    mapping(bytes32 statement => bytes32 claimId) private counted;
    // When a file of this digest was in calldata; 0: never.
    mapping(bytes32 digest => uint256) public publishedAt;

    constructor(IZkInferPrograms programs_) {
        programs = programs_;
    }

    // ---- terms

    function termsIdOf(Terms calldata terms) public pure returns (bytes32) {
        return keccak256(abi.encode(terms));
    }

    // Anybody may; the same terms have the same id.
    function makeTerms(Terms calldata terms) external returns (bytes32 termsId) {
        bool good = terms.arbiter != address(0) && terms.bond > 1 && terms.window >= MIN_TIME && terms.window <= MAX_TIME;
        if (!good || terms.ruling < MIN_TIME || terms.ruling > MAX_TIME) revert BadTerms();
        termsId = termsIdOf(terms);
        if (termsById[termsId].arbiter == address(0)) {
            termsById[termsId] = terms;
            emit TermsMade(termsId, terms.arbiter, terms.bond, terms.window, terms.ruling);
        }
    }

    function termsOf(bytes32 termsId) public view returns (Terms memory terms) {
        terms = termsById[termsId];
        if (terms.arbiter == address(0)) revert UnknownTerms(termsId);
    }

    // ---- claims

    // A file for all to see, in this call's data: nobody can say that it is not to be had.
    function publish(bytes calldata file) external returns (bytes32 digest) {
        digest = keccak256(file);
        if (publishedAt[digest] == 0) publishedAt[digest] = block.timestamp;
        emit Published(digest);
    }

    // With the terms' bond. An id belongs to chain, contract, claimant and all that is said, so nobody's challenge or ruling meets another claim than it was
    // made for, also after a reorganisation of the chain.
    function claim(bytes32 termsId, bytes32 root, bytes32 modelId, bytes32 evidence, string calldata uri)
        external
        payable
        nonReentrant
        returns (bytes32 claimId)
    {
        deposit(address(0), termsOf(termsId).bond);
        if (modelId != 0 && programs.programOf(modelId) == address(0)) revert UnknownModel(modelId);
        uint256 number = claimsOf[msg.sender]++;
        claimId = keccak256(
            abi.encode(
                "zkinfer evm claim", block.chainid, address(this), msg.sender, number, termsId, root, modelId, evidence, keccak256(bytes(uri))
            )
        );
        Claim storage c = claims[claimId];
        (c.termsId, c.root, c.modelId, c.evidence) = (termsId, root, modelId, evidence);
        (c.claimant, c.madeAt) = (msg.sender, uint64(block.timestamp));
        emit Claimed(claimId, root, modelId, termsId, evidence, msg.sender, uri);
    }

    // With a bond as large. why: for the arbiter and for people.
    function challenge(bytes32 claimId, string calldata why) external payable nonReentrant {
        Claim storage c = claims[claimId];
        State state = stateOf(claimId);
        if (state != State.Open && state != State.Standing && state != State.Leaving) revert WrongState(claimId, state);
        deposit(address(0), termsOf(c.termsId).bond);
        (c.challenger, c.challengedAt) = (msg.sender, uint64(block.timestamp));
        emit Challenged(claimId, msg.sender, why);
    }

    // The arbiter's word, once.
    function rule(bytes32 claimId, bool holds) external {
        Claim storage c = claims[claimId];
        State state = stateOf(claimId);
        if (state != State.Disputed) revert WrongState(claimId, state);
        Terms memory terms = termsOf(c.termsId);
        if (msg.sender != terms.arbiter) revert NotYours(claimId);
        c.end = holds ? State.Upheld : State.Refuted;
        c.ruledAt = uint64(block.timestamp);
        uint256 fee = terms.bond / 2;
        credit(address(0), holds ? c.claimant : c.challenger, 2 * uint256(terms.bond) - fee);
        credit(address(0), terms.arbiter, fee);
        emit Ruled(claimId, holds);
    }

    // The claimant's: what he claimed counts no more.
    function quit(bytes32 claimId) external {
        Claim storage c = claims[claimId];
        State state = stateOf(claimId);
        if (state != State.Open && state != State.Standing) revert WrongState(claimId, state);
        if (msg.sender != c.claimant) revert NotYours(claimId);
        c.leftAt = uint64(block.timestamp);
        emit Left(claimId);
    }

    // Gives bonds back, of a claim that is left, or that the arbiter has not decided. Anybody may call.
    function close(bytes32 claimId) external {
        Claim storage c = claims[claimId];
        State state = stateOf(claimId);
        if (c.end != State.None || (state != State.Left && state != State.Undecided)) revert WrongState(claimId, state);
        c.end = state;
        uint256 bond = termsOf(c.termsId).bond;
        credit(address(0), c.claimant, bond);
        if (state == State.Undecided) credit(address(0), c.challenger, bond);
        emit Closed(claimId, state);
    }

    // ---- what consumers ask

    function claimOf(bytes32 claimId) external view returns (Claim memory c) {
        c = claims[claimId];
        if (c.madeAt == 0) revert UnknownClaim(claimId);
    }

    // A deadline belongs to what comes after it.
    function stateOf(bytes32 claimId) public view returns (State) {
        Claim storage c = claims[claimId];
        if (c.madeAt == 0) return State.None;
        if (c.end != State.None) return c.end;
        Terms storage terms = termsById[c.termsId];
        if (c.challengedAt != 0) {
            return block.timestamp < c.challengedAt + terms.ruling ? State.Disputed : State.Undecided;
        }
        if (c.leftAt != 0) return block.timestamp < c.leftAt + terms.window ? State.Leaving : State.Left;
        return block.timestamp < c.madeAt + terms.window ? State.Open : State.Standing;
    }

    // Makes a claim that counts the one that answers for its statement, where none does, or by its bond alone and this one is upheld. Anybody may call.
    function count(bytes32 claimId) external {
        Claim storage c = claims[claimId];
        State state = stateOf(claimId);
        if (state != State.Standing && state != State.Upheld) revert WrongState(claimId, state);
        bytes32 statement = statementOf(c.termsId, c.root, c.modelId);
        State present = stateOf(counted[statement]);
        if (present == State.Upheld || (present == State.Standing && state == State.Standing)) revert NothingBetter(claimId);
        counted[statement] = claimId;
        emit Counted(claimId);
    }

    // By what a statement is shown under these terms, since when, and the claim: Standing (a bond, since the end of its window), Upheld (the arbiter, since his word),
    // else None, 0, 0. modelId 0: the certificate of the root.
    function standingOf(bytes32 termsId, bytes32 root, bytes32 modelId)
        public
        view
        returns (State means, uint256 since, bytes32 claimId)
    {
        claimId = counted[statementOf(termsId, root, modelId)];
        means = stateOf(claimId);
        Claim storage c = claims[claimId];
        if (means == State.Upheld) return (means, c.ruledAt, claimId);
        if (means == State.Standing) return (means, c.madeAt + termsById[termsId].window, claimId);
        return (State.None, 0, 0);
    }

    function isCertified(bytes32 termsId, bytes32 root) external view returns (bool) {
        (State means,,) = standingOf(termsId, root, 0);
        return means != State.None;
    }

    function isUnder(bytes32 termsId, bytes32 root, bytes32 modelId) external view returns (bool) {
        if (modelId == 0) return false;
        (State means,,) = standingOf(termsId, root, modelId);
        return means != State.None;
    }

    function statementOf(bytes32 termsId, bytes32 root, bytes32 modelId) private pure returns (bytes32) {
        return keccak256(abi.encode(termsId, root, modelId));
    }
}
