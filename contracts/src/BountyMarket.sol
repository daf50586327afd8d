// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Bounty, Claim, MAX_RANKED, MAX_ROUNDS, Offer, Spec, Stage, State, Submission, Terms} from "./BountyTypes.sol";
import {
    NotAChunk, checkSpec, isAsPromised, scoreOf, specDigest, structureOf as structureOfProgram
} from "./BountyScoring.sol";
import {Escrow} from "./Escrow.sol";
import {IZkInferPrograms} from "./IZkInferPrograms.sol";
import {ZkInferReceipts} from "./ZkInferReceipts.sol";

/// @title Bounties for models whose weights stay hidden (docs/market.md)
/// @notice A provider pays for a model that does well on data that nobody has seen when the models are fixed. A *prize* is paid for a proven
/// score and needs nobody's consent; a *price* buys the weights and moves in an exchange only, in which either side may walk away.
/// No owner, no upgrade, no pause, no fee. What a bounty's state is follows from time and from what was done; every state ends by time alone,
/// by calls that anybody may make. Nobody is paid for having sent a call.
contract BountyMarket is Escrow {
    error UnknownBounty(uint256 id);
    error UnknownSubmission(uint256 id, uint256 submission);
    /// @notice The call belongs to another state.
    error WrongState(uint256 id, State state);
    /// @notice The first of the terms that is not as it must be.
    error BadTerms(string what);
    error NotYours(address account);
    error WrongKey();
    error WrongSpec();
    /// @notice The claim does not open the commitment.
    error WrongCommitment();
    error UnknownModel(bytes32 modelId);
    /// @notice The provider has not said that programs of this structure are honest ones (allowStructures).
    error NotAllowed(bytes32 structure);
    /// @notice No proof of this chunk was verified (ZkInferReceipts).
    error NotProven(uint256 chunk, bytes32 receiptId);
    error DoneBefore();
    /// @notice The chunk opens to what was promised.
    error DataAreAsPromised();

    event Created(uint256 indexed id, address indexed provider, Terms terms);
    event Allowed(uint256 indexed id, bytes32 indexed structure);
    event Cancelled(uint256 indexed id);
    event Committed(uint256 indexed id, address indexed hunter, uint256 indexed submission, bytes32 commitHash);
    event KeyRevealed(uint256 indexed id, bytes30 key);
    /// @notice The provider's fault is shown: a key before its time (`isEarly`), or a chunk that opens to something else.
    event Faulted(uint256 indexed id, bool isEarly);
    event Compensated(uint256 indexed id, address indexed hunter, uint256 indexed submission, uint256 amount);
    /// @notice A claim that nobody has checked, for people: `cid` has proofs that each can check for himself.
    event Announced(uint256 indexed id, address indexed hunter, uint256 indexed submission, uint256 score, string cid);
    event Scored(uint256 indexed id, address indexed hunter, uint256 indexed submission, bytes32 modelId, uint256 score);
    event Settled(uint256 indexed id, uint256 ranked);
    event PrizeWon(uint256 indexed id, address indexed hunter, uint256 indexed submission, uint256 amount);
    event StakeReturned(uint256 indexed id, address indexed hunter, uint256 indexed submission);
    event Offered(uint256 indexed id, address indexed hunter, uint256 rank, Offer offer);
    event Accepted(uint256 indexed id, uint256 rank, uint256 releaseUntil);
    event Released(uint256 indexed id, address indexed hunter, bytes30 k1);
    /// @notice A stage ended by time; `rank` sells next, or nobody (closed).
    event Advanced(uint256 indexed id, uint256 rank, bool closed);

    /// @notice Stakes of models whose score was not proven, while others' were, are credited here: nobody earns by another's silence.
    address public constant SINK = 0x000000000000000000000000000000000000dEaD;
    uint256 public constant MIN_WINDOW = 1 hours;
    uint256 public constant MAX_WINDOW = 90 days;
    uint256 private constant WHOLE = 10000;

    /// @notice Where proofs leave that they were verified, whether by one transaction or a session of several. Immutable: nobody can bring
    /// a verifier of his own.
    ZkInferReceipts public immutable receipts;
    /// @notice The registry of that verifier.
    IZkInferPrograms public immutable programs;

    /// @notice Bounties have the numbers below this one.
    uint256 public numBounties;
    /// @notice Structures whose programs count in a bounty. Never taken back.
    mapping(uint256 id => mapping(bytes32 structure => bool)) public isAllowed;
    mapping(uint256 id => Bounty) private bounties_;
    mapping(uint256 id => mapping(uint256 submission => Submission)) private submissions_;

    constructor(ZkInferReceipts receipts_) {
        receipts = receipts_;
        programs = receipts_.verifier().programs();
    }

    // ---- a bounty before its data are opened

    /// @notice Opens a bounty and takes prize, price and the provider's stake from the caller, its provider.
    /// @dev Windows between the deadlines, the first from now, are MIN_WINDOW to MAX_WINDOW long.
    /// @return id its number
    function create(Terms calldata terms) external payable nonReentrant returns (uint256 id) {
        checkTerms(terms);
        id = numBounties++;
        Bounty storage b = bounties_[id];
        (b.provider, b.token, b.prize, b.price) = (msg.sender, terms.token, terms.prize, terms.price);
        (b.providerStake, b.hunterStake, b.offerBond) = (terms.providerStake, terms.hunterStake, terms.offerBond);
        (b.commitUntil, b.revealUntil, b.proveUntil) = (terms.commitUntil, terms.revealUntil, terms.proveUntil);
        (b.offerWindow, b.acceptWindow, b.releaseWindow) = (terms.offerWindow, terms.acceptWindow, terms.releaseWindow);
        (b.threshold, b.shares, b.keyHash, b.specDigest) = (terms.threshold, terms.shares, terms.keyHash, terms.specDigest);
        emit Created(id, msg.sender, terms);
        deposit(terms.token, escrowOf(b));
    }

    /// @notice Says that programs of these structures are those of keys (`zkinfer evm check`): a registry knows that a program can be run, and
    /// not that it is that of a network. Of the provider; before anybody can know a score, and for good. What he lets pass could harm
    /// nobody but himself: he knows the labels, and needs no false program to win.
    /// @param structures as structureOf gives them; a hunter commits once his is allowed
    function allowStructures(uint256 id, bytes32[] calldata structures) external {
        Bounty storage b = inState(id, State.OPEN);
        if (msg.sender != b.provider) revert NotYours(b.provider);
        for (uint256 i = 0; i < structures.length; ++i) {
            isAllowed[id][structures[i]] = true;
            emit Allowed(id, structures[i]);
        }
    }

    /// @notice Commits the caller, as hunter, to a model, and takes the hunter's stake. Until the data are open nobody learns which model.
    /// @param hash commitHashOf this market, bounty and hunter; of anybody else's it opens nothing
    /// @return submission its number in this bounty
    function commit(uint256 id, bytes32 hash) external payable nonReentrant returns (uint256 submission) {
        Bounty storage b = inState(id, State.OPEN);
        submission = b.submissions++;
        Submission storage s = submissions_[id][submission];
        (s.hunter, s.commitHash) = (msg.sender, hash);
        emit Committed(id, msg.sender, submission, hash);
        deposit(b.token, b.hunterStake);
    }

    /// @notice Takes a bounty back to which nobody has committed. Of its provider.
    function cancel(uint256 id) external {
        Bounty storage b = inState(id, State.OPEN);
        if (msg.sender != b.provider) revert NotYours(b.provider);
        if (b.submissions != 0) revert WrongState(id, State.OPEN);
        b.isClosed = true;
        credit(b.token, b.provider, escrowOf(b));
        emit Cancelled(id);
    }

    // ---- opening the data

    /// @notice Publishes the key of the data. Anybody may, who has it. Before commitUntil it shows that the data have leaked: the bounty
    /// ends, and the provider's stake goes to the hunters. So a provider waits until blocks of before the deadline cannot come back.
    function revealKey(uint256 id, bytes30 key) external {
        Bounty storage b = bounty_(id);
        State state = stateOf(id);
        if (state != State.OPEN && state != State.REVEAL) revert WrongState(id, state);
        if (b.key != 0) revert DoneBefore();
        if (key == 0 || sha256(abi.encodePacked(key)) != b.keyHash) revert WrongKey();
        b.key = key;
        emit KeyRevealed(id, key);
        if (state == State.OPEN) fault(id, b, true);
    }

    /// @notice Shows that a chunk, as published, opens to something else than the spec promises. Anybody may, until the bounty is settled.
    /// @param index of the chunk; @param chunk its bytes as published, whose digest the spec has
    function challengeData(uint256 id, Spec calldata spec, uint256 index, bytes calldata chunk) external {
        Bounty storage b = bounty_(id);
        State state = stateOf(id);
        if (state != State.PROVE && state != State.RANKED) revert WrongState(id, state);
        checkSpecOf(b, spec);
        if (index >= spec.sealedChunks.length || keccak256(chunk) != spec.sealedChunks[index]) revert NotAChunk(index);
        if (isAsPromised(spec, b.key, index, chunk)) revert DataAreAsPromised();
        fault(id, b, false);
    }

    /// @notice After the provider's fault: credits a hunter's stake and an equal share of the provider's. Anybody may call.
    function claimFault(uint256 id, uint256 submission) external {
        Bounty storage b = bounty_(id);
        if (!isFault(b)) revert WrongState(id, stateOf(id));
        Submission storage s = submissionOf(id, submission);
        if (s.isCompensated) revert DoneBefore();
        // A proven score has given the stake back already.
        uint256 amount = b.providerStake / b.submissions + (s.isRefunded ? 0 : b.hunterStake);
        (s.isRefunded, s.isCompensated) = (true, true);
        credit(b.token, s.hunter, amount);
        emit Compensated(id, s.hunter, submission, amount);
    }

    // ---- scores

    /// @notice Says a score for people to check off chain, and does nothing else. Of the submission's hunter.
    /// @param cid of the proofs; an event only
    function announce(uint256 id, uint256 submission, uint256 score, string calldata cid) external {
        inState(id, State.PROVE);
        address hunter = submissionOf(id, submission).hunter;
        if (msg.sender != hunter) revert NotYours(hunter);
        emit Announced(id, hunter, submission, score, cid);
    }

    /// @notice Enters a score: opens the commitment, asks for each chunk whether a proof of it was verified, for this submission's context,
    /// and counts the rows whose output is their label. Anybody may send it; the stake goes back to the hunter.
    /// @dev Proofs come first, by ZkInferReceipts.submit or ZkInferSession, under contextOf(.., chunk).
    function submitScore(uint256 id, uint256 submission, Spec calldata spec, Claim calldata claim) external {
        Bounty storage b = inState(id, State.PROVE);
        Submission storage s = submissionOf(id, submission);
        if (s.isScored) revert DoneBefore();
        if (commitHashOf(id, s.hunter, claim.modelId, claim.certDigest, claim.salt) != s.commitHash) revert WrongCommitment();
        checkSpecOf(b, spec);
        address program = programs.programOf(claim.modelId);
        if (program == address(0)) revert UnknownModel(claim.modelId);
        bytes32 structure = structureOfProgram(program);
        if (!isAllowed[id][structure]) revert NotAllowed(structure);
        uint256 score = 0;
        for (uint256 i = 0; i < spec.sealedChunks.length; ++i) {
            score += scoreOf(spec, claim, b.key, i);
            bytes32 receipt = receipts.receiptOf(
                claim.modelId, claim.inputs[i], keccak256(claim.outputs[i]), contextOf(id, s.hunter, submission, b.specDigest, i)
            );
            if (!receipts.isVerified(receipt)) revert NotProven(i, receipt);
        }
        (s.isScored, s.isRefunded, s.score) = (true, true, uint64(score));
        ++b.proven;
        if (score >= b.threshold) rank(b, submission, score);
        credit(b.token, s.hunter, b.hunterStake);
        emit Scored(id, s.hunter, submission, claim.modelId, score);
    }

    // ---- money

    /// @notice Ends the measuring: pays the prize by rank, and begins the exchange if there is a price. After a fault it gives prize and price
    /// back to the provider (he knows the labels, and could have won them himself). Anybody may call, once.
    function settle(uint256 id) external {
        Bounty storage b = bounty_(id);
        State state = stateOf(id);
        if (state != State.RANKED && state != State.FAULT) revert WrongState(id, state);
        uint256 back = uint256(b.prize) + b.price + b.providerStake;
        if (state == State.FAULT) {
            b.isFaulted = true;
            if (b.submissions != 0) back -= (b.providerStake / b.submissions) * b.submissions;
        } else {
            // Where no score at all was proven nobody knows why, and every stake can be had back (reclaim).
            if (b.proven != 0) credit(b.token, SINK, uint256(b.submissions - b.proven) * b.hunterStake);
            back -= payPrize(id, b);
            if (b.ranked != 0 && b.price != 0) {
                back -= b.price;
                (b.stage, b.until) = (Stage.Offer, uint64(clock() + b.offerWindow));
            }
        }
        if (b.stage == Stage.None) b.isClosed = true;
        credit(b.token, b.provider, back);
        emit Settled(id, b.ranked);
    }

    /// @notice Credits a stake of a settled bounty in which no score at all was proven. Anybody may call.
    function reclaim(uint256 id, uint256 submission) external {
        Bounty storage b = bounty_(id);
        if (!b.isClosed || b.isFaulted || b.proven != 0) revert WrongState(id, stateOf(id));
        Submission storage s = submissionOf(id, submission);
        if (s.isRefunded) revert DoneBefore();
        s.isRefunded = true;
        credit(b.token, s.hunter, b.hunterStake);
        emit StakeReturned(id, s.hunter, submission);
    }

    // ---- the exchange

    /// @notice Offers the weights, and takes the bond. Of the hunter whose rank it is.
    /// @param offer c1 is what a release is compared with; the rest is for the provider, who has fetched, verified and unsealed it before he
    /// accepts
    function offerWeights(uint256 id, Offer calldata offer) external payable nonReentrant {
        Bounty storage b = inStage(id, Stage.Offer);
        (address hunter,) = seller(id, b);
        if (msg.sender != hunter) revert NotYours(hunter);
        (b.stage, b.until, b.offered) = (Stage.Accept, uint64(clock() + b.acceptWindow), offer.c1);
        emit Offered(id, hunter, b.round, offer);
        deposit(b.token, b.offerBond);
    }

    /// @notice Accepts the offer: the price waits for the key from now on. Of the provider.
    function accept(uint256 id) external {
        Bounty storage b = inStage(id, Stage.Accept);
        if (msg.sender != b.provider) revert NotYours(b.provider);
        (b.stage, b.until) = (Stage.Release, uint64(clock() + b.releaseWindow));
        emit Accepted(id, b.round, b.until);
    }

    /// @notice Publishes the key share of the accepted offer; price and bond are its hunter's. Anybody may call.
    function release(uint256 id, bytes30 k1) external {
        Bounty storage b = inStage(id, Stage.Release);
        if (sha256(abi.encodePacked(k1)) != b.offered) revert WrongKey();
        (address hunter,) = seller(id, b);
        (b.stage, b.isClosed) = (Stage.None, true);
        credit(b.token, hunter, uint256(b.price) + b.offerBond);
        emit Released(id, hunter, k1);
    }

    /// @notice Ends a stage whose time is over: the next rank may sell, or the price goes back. An offer that was not accepted gets its bond
    /// back; that of one that was accepted and not released is the provider's. Anybody may call.
    function advance(uint256 id) external {
        Bounty storage b = bounty_(id);
        if (b.stage == Stage.None || clock() < b.until) revert WrongState(id, stateOf(id));
        if (b.stage != Stage.Offer) {
            (address hunter,) = seller(id, b);
            credit(b.token, b.stage == Stage.Accept ? hunter : b.provider, b.offerBond);
        }
        ++b.round;
        if (b.round < b.ranked && b.round < MAX_ROUNDS) {
            (b.stage, b.until) = (Stage.Offer, uint64(clock() + b.offerWindow));
        } else {
            (b.stage, b.isClosed) = (Stage.None, true);
            credit(b.token, b.provider, b.price);
        }
        emit Advanced(id, b.round, b.isClosed);
    }

    // ---- to read

    /// @notice What a bounty waits for, by time and by what was done.
    function stateOf(uint256 id) public view returns (State) {
        Bounty storage b = bounty_(id);
        if (b.isClosed) return State.DONE;
        if (b.stage != Stage.None) return State.EXCHANGE;
        if (isFault(b)) return State.FAULT;
        uint256 time = clock();
        if (time < b.commitUntil) return State.OPEN;
        if (b.key == 0) return State.REVEAL;
        return time < b.proveUntil ? State.PROVE : State.RANKED;
    }

    /// @notice Up to `count` bounties from number `from` on.
    function bountiesFrom(uint256 from, uint256 count) external view returns (Bounty[] memory page) {
        page = new Bounty[](pageSize(from, count, numBounties));
        for (uint256 i = 0; i < page.length; ++i) page[i] = bounties_[from + i];
    }

    /// @notice Up to `count` submissions of a bounty from number `from` on.
    function submissionsFrom(uint256 id, uint256 from, uint256 count) external view returns (Submission[] memory page) {
        page = new Submission[](pageSize(from, count, bounty_(id).submissions));
        for (uint256 i = 0; i < page.length; ++i) page[i] = submissions_[id][from + i];
    }

    /// @notice The submissions that are ranked, the best first.
    function rankingOf(uint256 id) external view returns (uint256[] memory submissions) {
        Bounty storage b = bounty_(id);
        submissions = new uint256[](b.ranked);
        for (uint256 i = 0; i < b.ranked; ++i) submissions[i] = submissionAt(b, i);
    }

    /// @notice What a hunter commits to. The model is named by its id on chain, hence its weights, its network and its program are.
    /// @param certDigest Keccak-256 of the certificate of ranges, which buyers check; no contract does
    /// @param salt 32 random bytes, or anybody finds the model by trying
    function commitHashOf(uint256 id, address hunter, bytes32 modelId, bytes32 certDigest, bytes32 salt)
        public
        view
        returns (bytes32)
    {
        return keccak256(
            abi.encode("zkinfer.bounty.commit.v1", block.chainid, address(this), id, hunter, modelId, certDigest, salt)
        );
    }

    /// @notice The context of the proof of one chunk: what `zkinfer prove --context hex:..` is given.
    function contextOf(uint256 id, address hunter, uint256 submission, bytes32 digestOfSpec, uint256 chunk)
        public
        view
        returns (bytes32)
    {
        return keccak256(
            abi.encode("zkinfer.bounty.eval.v1", block.chainid, address(this), id, hunter, submission, digestOfSpec, chunk)
        );
    }

    /// @notice What models are allowed by: a registered program without its weights.
    function structureOf(bytes32 modelId) external view returns (bytes32) {
        address program = programs.programOf(modelId);
        if (program == address(0)) revert UnknownModel(modelId);
        return structureOfProgram(program);
    }

    // ---- inside

    // The only clock.
    function clock() internal view virtual returns (uint256) {
        return block.timestamp;
    }

    function bounty_(uint256 id) private view returns (Bounty storage) {
        if (id >= numBounties) revert UnknownBounty(id);
        return bounties_[id];
    }

    function submissionOf(uint256 id, uint256 submission) private view returns (Submission storage) {
        if (submission >= bounties_[id].submissions) revert UnknownSubmission(id, submission);
        return submissions_[id][submission];
    }

    function inState(uint256 id, State state) private view returns (Bounty storage) {
        State now_ = stateOf(id);
        if (now_ != state) revert WrongState(id, now_);
        return bounties_[id];
    }

    // Before its end: at `until` and later it is over.
    function inStage(uint256 id, Stage stage) private view returns (Bounty storage b) {
        b = bounty_(id);
        if (b.stage != stage || clock() >= b.until) revert WrongState(id, stateOf(id));
    }

    function isFault(Bounty storage b) private view returns (bool) {
        return b.isFaulted || (b.key == 0 && !b.isClosed && clock() >= b.revealUntil);
    }

    function fault(uint256 id, Bounty storage b, bool isEarly) private {
        b.isFaulted = true;
        emit Faulted(id, isEarly);
    }

    function escrowOf(Bounty storage b) private view returns (uint256) {
        return uint256(b.prize) + b.price + b.providerStake;
    }

    function checkSpecOf(Bounty storage b, Spec calldata spec) private view {
        if (specDigest(spec) != b.specDigest) revert WrongSpec();
        checkSpec(spec);
    }

    function submissionAt(Bounty storage b, uint256 place) private view returns (uint256) {
        return type(uint32).max - uint32(b.top[place]);
    }

    // Of the rank whose turn it is.
    function seller(uint256 id, Bounty storage b) private view returns (address hunter, uint256 submission) {
        submission = submissionAt(b, b.round);
        hunter = submissions_[id][submission].hunter;
    }

    // Among the best MAX_RANKED, in their order.
    function rank(Bounty storage b, uint256 submission, uint256 score) private {
        uint96 entry = (uint96(score) << 32) | uint96(type(uint32).max - submission);
        if (b.ranked < MAX_RANKED) ++b.ranked;
        else if (b.top[MAX_RANKED - 1] > entry) return;
        uint256 place = b.ranked - 1;
        for (; place > 0 && b.top[place - 1] < entry; --place) b.top[place] = b.top[place - 1];
        b.top[place] = entry;
    }

    // Shares of ranks that nobody has are not paid.
    function payPrize(uint256 id, Bounty storage b) private returns (uint256 paid) {
        for (uint256 i = 0; i < b.ranked; ++i) {
            uint256 amount = (uint256(b.prize) * b.shares[i]) / WHOLE;
            if (amount == 0) continue;
            paid += amount;
            uint256 submission = submissionAt(b, i);
            address hunter = submissions_[id][submission].hunter;
            credit(b.token, hunter, amount);
            emit PrizeWon(id, hunter, submission, amount);
        }
    }

    function pageSize(uint256 from, uint256 count, uint256 total) private pure returns (uint256) {
        if (from >= total) return 0;
        return count < total - from ? count : total - from;
    }

    function require_(bool good, string memory what) private pure {
        if (!good) revert BadTerms(what);
    }

    function checkTerms(Terms calldata terms) private view {
        uint256 time = clock();
        require_(terms.commitUntil >= time && isWindow(terms.commitUntil - time), "commitUntil");
        require_(terms.revealUntil >= terms.commitUntil && isWindow(terms.revealUntil - terms.commitUntil), "revealUntil");
        require_(terms.proveUntil >= terms.revealUntil && isWindow(terms.proveUntil - terms.revealUntil), "proveUntil");
        require_(isWindow(terms.offerWindow) && isWindow(terms.acceptWindow) && isWindow(terms.releaseWindow), "exchange windows");
        require_(terms.prize != 0 || terms.price != 0, "prize and price");
        require_(terms.keyHash != 0, "keyHash");
        uint256 sum = 0;
        for (uint256 i = 0; i < MAX_RANKED; ++i) {
            sum += terms.shares[i];
            require_(i == 0 || terms.shares[i] <= terms.shares[i - 1], "shares: more for less");
        }
        require_(sum == (terms.prize == 0 ? 0 : WHOLE), "shares");
    }

    function isWindow(uint256 seconds_) private pure returns (bool) {
        return seconds_ >= MIN_WINDOW && seconds_ <= MAX_WINDOW;
    }
}
