// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {BountyMarket} from "../src/BountyMarket.sol";
import {openedDigest, structureOf} from "../src/BountyScoring.sol";
import {Bounty, Claim, Offer, Spec, Stage, State, Submission, Terms} from "../src/BountyTypes.sol";
import {ZkInferReceipts} from "../src/ZkInferReceipts.sol";
import {Actor, OddToken, SetReceipts} from "./MarketMocks.sol";

// A market whose time is set.
contract ClockedMarket is BountyMarket {
    uint256 public time = 1_000_000;

    constructor(ZkInferReceipts receipts_) BountyMarket(receipts_) {}

    function pass(uint256 seconds_) external {
        time += seconds_;
    }

    function clock() internal view override returns (uint256) {
        return time;
    }
}

// Random actors at a market, in random order and at random times. After every step the market holds exactly what it owes, counted in two
// ways that know nothing of each other: from what it stores, and by a ledger that is kept here from what was done. Every run ends with time
// alone: calls of anybody close every bounty, and withdrawals leave nothing but gifts.
contract MarketFuzz {
    error Broken(string what, uint256 expected, uint256 got);

    struct Known {
        uint256 id;
        bytes30 key;
        bytes30 k1;
        bool liesAboutData;
        Terms terms;
        address provider;
        Spec spec;
        bytes labels;
    }

    struct Model {
        bytes32 modelId;
        bytes32 salt;
        bytes outputs;
        uint256 score;
        bool isProven;
    }

    uint256 private constant ACTORS = 5;
    uint256 private constant BOUNTIES = 4; // of a run
    uint256 private constant MODELS = 12; // of a bounty
    uint256 public constant KINDS = 16;

    ClockedMarket public market;
    SetReceipts public receipts;
    OddToken public token;
    Actor[] public actors;
    bytes32 private structure;
    uint256 private random_;

    Known[] private known;
    mapping(uint256 => Model[]) private models; // by place in `known`
    // Of this run: what each has to have in credits and withdrawn, by token and account.
    mapping(address => mapping(address => uint256)) private earned;
    mapping(address => mapping(address => uint256)) private withdrawn;
    mapping(address => uint256) private gifts;
    mapping(uint256 => uint256) public successes; // by kind of step

    constructor(ClockedMarket market_, SetReceipts receipts_, OddToken token_) {
        (market, receipts, token) = (market_, receipts_, token_);
        for (uint256 i = 0; i < ACTORS; ++i) {
            Actor actor = new Actor();
            actors.push(actor);
            token.mint(address(actor), 1e24);
            actor.mustAct(address(token), 0, abi.encodeCall(token.approve, (address(market), type(uint256).max)));
        }
        // A program of nothing: only its digest counts here.
        bytes memory init = abi.encodePacked(hex"60a180600a5f395ff3", hex"00", new bytes(160));
        address program;
        assembly {
            program := create(0, add(init, 0x20), mload(init))
        }
        structure = structureOf(program);
        for (uint256 i = 0; i < 64; ++i) receipts.setProgram(bytes32(i), program);
    }

    // Runs of `steps` steps each. Returns how often each kind of step succeeded. This contract has to have ETH.
    function run(uint256 seed, uint256 runs, uint256 steps) external returns (uint256[] memory counts) {
        random_ = seed;
        for (uint256 i = 0; i < ACTORS; ++i) {
            (bool good,) = address(actors[i]).call{value: address(this).balance / ACTORS}("");
            if (!good) revert Broken("funding", i, 0);
        }
        for (uint256 i = 0; i < runs; ++i) {
            begin();
            for (uint256 j = 0; j < steps; ++j) {
                step();
                check();
            }
            finish();
        }
        counts = new uint256[](KINDS);
        for (uint256 i = 0; i < KINDS; ++i) counts[i] = successes[i];
    }

    // ---- chance

    function random(uint256 below) private returns (uint256) {
        random_ = uint256(keccak256(abi.encode(random_)));
        return random_ % below;
    }

    function oneIn(uint256 n) private returns (bool) {
        return random(n) == 0;
    }

    function anActor() private returns (Actor) {
        return actors[random(ACTORS)];
    }

    // ---- steps

    function begin() private {
        for (uint256 i = 0; i < known.length; ++i) delete models[i];
        delete known;
    }

    function step() private {
        if (oneIn(5)) market.pass(random(oneIn(6) ? 2 hours : 20 minutes));
        if (known.length == 0 || (known.length < BOUNTIES && oneIn(8))) return count(0, create());
        uint256 place = random(known.length);
        uint256 kind = 1 + random(KINDS - 1);
        // Most bounties get somewhere.
        if (!oneIn(4)) kind = likely(known[place].id);
        count(kind, doStep(kind, place));
    }

    function likely(uint256 id) private returns (uint256) {
        State state = market.stateOf(id);
        if (state == State.OPEN) return 1;
        if (state == State.REVEAL) return 3;
        if (state == State.FAULT) return oneIn(2) ? 5 : 8;
        if (state == State.PROVE) return 7;
        if (state == State.RANKED) return 8;
        if (state == State.EXCHANGE) return oneIn(4) ? 13 : 9 + uint256(market.bountiesFrom(id, 1)[0].stage);
        return oneIn(2) ? (oneIn(2) ? 5 : 9) : 14;
    }

    function count(uint256 kind, bool good) private {
        if (good) ++successes[kind];
    }

    function doStep(uint256 kind, uint256 place) private returns (bool) {
        Known storage k = known[place];
        if (kind == 1) return commit(place);
        if (kind == 2) return cancel(place);
        if (kind == 3) {
            if (market.stateOf(k.id) == State.OPEN && !oneIn(20)) return false;
            return call(anActor(), 0, abi.encodeCall(market.revealKey, (k.id, oneIn(8) ? bytes30(uint240(1)) : k.key)));
        }
        if (kind == 4) return challenge(place);
        if (kind == 5) return compensate(place);
        if (kind == 6) {
            Actor who = anActor();
            bytes memory data = abi.encodeCall(market.announce, (k.id, random(MODELS), 1, "cid"));
            return call(who, 0, data);
        }
        if (kind == 7) return prove(place);
        if (kind == 8) return settle(place);
        if (kind == 9) return reclaim(place);
        if (kind == 10) return offer(place);
        if (kind == 11) return call(oneIn(4) ? anActor() : Actor(payable(k.provider)), 0, abi.encodeCall(market.accept, (k.id)));
        if (kind == 12) return release(place);
        if (kind == 13) return advance(place);
        if (kind == 14) {
            address asset = oneIn(2) ? address(0) : address(token);
            address who = oneIn(8) ? market.SINK() : address(anActor());
            return withdraw(asset, who);
        }
        return gift();
    }

    function call(Actor who, uint256 sent, bytes memory data) private returns (bool good) {
        (good,) = who.act(address(market), sent, data);
    }

    function value(Known storage k, uint256 amount) private view returns (uint256) {
        return k.terms.token == address(0) ? amount : 0;
    }

    function create() private returns (bool) {
        Known storage k = known.push();
        Actor who = anActor();
        k.provider = address(who);
        k.id = market.numBounties();
        k.key = bytes30(keccak256(abi.encode("key", k.id)));
        k.k1 = bytes30(keccak256(abi.encode("k1", k.id)));
        k.liesAboutData = oneIn(6);
        bytes memory chunk = abi.encodePacked(bytes32(random(type(uint256).max)), uint8(3));
        bytes memory labels = new bytes(2);
        bytes memory inputs = new bytes(31);
        for (uint256 i = 0; i < 33; ++i) {
            bytes32 pad = keccak256(abi.encodePacked(bytes32(k.key), (uint256(0) << 128) | (i / 32)));
            bytes1 opened = chunk[i] ^ pad[i % 32];
            if (i < 2) labels[i] = opened;
            else inputs[i - 2] = opened;
        }
        k.labels = labels;
        k.spec.sealedChunks.push(keccak256(chunk));
        bytes32 said = openedDigest(k.key, 0, keccak256(labels), keccak256(inputs));
        k.spec.openedChunks.push(k.liesAboutData ? bytes32(uint256(1)) : said);
        (k.spec.rows, k.spec.labelBytes, k.spec.dataDigest) = (2, 2, keccak256(chunk));
        chunks[k.id] = chunk;
        inputs_[k.id] = keccak256(inputs);
        Terms storage t = k.terms;
        t.token = oneIn(2) ? address(0) : address(token);
        t.prize = oneIn(4) ? 0 : uint128(random(1e18));
        t.price = oneIn(4) ? 0 : uint128(random(1e18));
        (t.providerStake, t.hunterStake, t.offerBond) = (uint128(random(1000)), uint128(random(1000)), uint128(random(1000)));
        t.commitUntil = uint64(market.time() + 1 hours + random(1 hours));
        t.revealUntil = uint64(t.commitUntil + 1 hours + random(1 hours));
        t.proveUntil = uint64(t.revealUntil + 1 hours + random(1 hours));
        (t.offerWindow, t.acceptWindow, t.releaseWindow) = (1 hours, 1 hours, uint32(1 hours + random(1 hours)));
        t.threshold = uint64(random(4));
        if (t.prize != 0) (t.shares[0], t.shares[1], t.shares[2]) = oneIn(2) ? (10000, 0, 0) : (5001, 2500, 2499);
        t.keyHash = sha256(abi.encodePacked(k.key));
        t.specDigest = specDigestOf(k.spec);
        uint256 amount = uint256(t.prize) + t.price + t.providerStake;
        bool good = call(who, value(k, amount), abi.encodeCall(market.create, (t)));
        if (!good) {
            known.pop();
            return false;
        }
        spend(t.token, amount);
        bytes32[] memory structures = new bytes32[](1);
        structures[0] = structure;
        return call(who, 0, abi.encodeCall(market.allowStructures, (k.id, structures)));
    }

    mapping(uint256 => bytes) private chunks;
    mapping(uint256 => bytes32) private inputs_;

    function specDigestOf(Spec memory spec) private pure returns (bytes32) {
        return keccak256(abi.encode("zkinfer.bounty.spec.v1", spec));
    }

    function commit(uint256 place) private returns (bool good) {
        Known storage k = known[place];
        if (models[place].length == MODELS) return false;
        Actor who = anActor();
        bytes memory outputs = abi.encodePacked(oneIn(2) ? k.labels[0] : ~k.labels[0], oneIn(2) ? k.labels[1] : ~k.labels[1]);
        uint256 score = (outputs[0] == k.labels[0] ? 1 : 0) + (outputs[1] == k.labels[1] ? 1 : 0);
        Model memory model = Model(bytes32(random(64)), bytes32(random(type(uint256).max)), outputs, score, false);
        bytes32 hash = market.commitHashOf(k.id, address(who), model.modelId, 0, model.salt);
        uint256 stake = k.terms.hunterStake;
        good = call(who, value(k, oneIn(10) ? stake + 1 : stake), abi.encodeCall(market.commit, (k.id, hash)));
        if (!good) return false;
        models[place].push(model);
        spend(k.terms.token, stake);
    }

    function cancel(uint256 place) private returns (bool good) {
        Known storage k = known[place];
        if (!oneIn(5)) return false;
        good = call(oneIn(3) ? anActor() : Actor(payable(k.provider)), 0, abi.encodeCall(market.cancel, (k.id)));
        if (good) earn(k, k.provider, uint256(k.terms.prize) + k.terms.price + k.terms.providerStake);
    }

    function challenge(uint256 place) private returns (bool good) {
        Known storage k = known[place];
        good = call(anActor(), 0, abi.encodeCall(market.challengeData, (k.id, k.spec, 0, chunks[k.id])));
        if (good && !k.liesAboutData) revert Broken("honest data were challenged", 0, k.id);
    }

    function compensate(uint256 place) private returns (bool) {
        if (models[place].length == 0) return false;
        return compensateOne(place, random(models[place].length));
    }

    function compensateOne(uint256 place, uint256 i) private returns (bool good) {
        Known storage k = known[place];
        good = call(anActor(), 0, abi.encodeCall(market.claimFault, (k.id, i)));
        if (!good) return false;
        uint256 amount = k.terms.providerStake / models[place].length + (models[place][i].isProven ? 0 : k.terms.hunterStake);
        earn(k, hunterOf(k.id, i), amount);
    }

    function prove(uint256 place) private returns (bool good) {
        Known storage k = known[place];
        if (models[place].length == 0) return false;
        uint256 i = random(models[place].length);
        Model storage model = models[place][i];
        address hunter = hunterOf(k.id, i);
        bytes32 context = market.contextOf(k.id, hunter, i, k.terms.specDigest, 0);
        bytes32 receipt = keccak256(abi.encode(model.modelId, inputs_[k.id], keccak256(model.outputs), context));
        bool proves = !oneIn(5);
        receipts.setVerified(receipt, proves);
        Claim memory claim;
        (claim.modelId, claim.salt) = (model.modelId, oneIn(10) ? bytes32(0) : model.salt);
        claim.inputs = new bytes32[](1);
        (claim.labels, claim.outputs) = (new bytes[](1), new bytes[](1));
        (claim.inputs[0], claim.labels[0], claim.outputs[0]) = (inputs_[k.id], k.labels, model.outputs);
        good = call(anActor(), 0, abi.encodeCall(market.submitScore, (k.id, i, k.spec, claim)));
        receipts.setVerified(receipt, false);
        if (!good) return false;
        if (!proves || model.isProven || k.liesAboutData) revert Broken("a score without a proof", 0, i);
        model.isProven = true;
        earn(k, hunter, k.terms.hunterStake);
    }

    function reclaim(uint256 place) private returns (bool) {
        if (models[place].length == 0) return false;
        return reclaimOne(place, random(models[place].length));
    }

    function reclaimOne(uint256 place, uint256 i) private returns (bool good) {
        Known storage k = known[place];
        good = call(anActor(), 0, abi.encodeCall(market.reclaim, (k.id, i)));
        if (good) earn(k, hunterOf(k.id, i), k.terms.hunterStake);
    }

    function settle(uint256 place) private returns (bool good) {
        Known storage k = known[place];
        bool isFault = market.stateOf(k.id) == State.FAULT;
        good = call(anActor(), 0, abi.encodeCall(market.settle, (k.id)));
        if (!good) return false;
        Terms storage t = k.terms;
        uint256 n = models[place].length;
        uint256 back = uint256(t.prize) + t.price + t.providerStake;
        if (isFault) {
            if (n != 0) back -= (t.providerStake / n) * n;
            earn(k, k.provider, back);
            return true;
        }
        uint256[] memory order = ranking(place);
        for (uint256 i = 0; i < order.length && i < 8; ++i) {
            uint256 share = (uint256(t.prize) * t.shares[i]) / 10000;
            earn(k, hunterOf(k.id, order[i]), share);
            back -= share;
        }
        if (order.length != 0 && t.price != 0) back -= t.price;
        earn(k, k.provider, back);
        uint256 proven = 0;
        for (uint256 i = 0; i < n; ++i) if (models[place][i].isProven) ++proven;
        if (proven != 0) earn(k, market.SINK(), (n - proven) * t.hunterStake);
    }

    // Proven scores at the threshold, the best first, of equal ones the earlier commitment.
    function ranking(uint256 place) private view returns (uint256[] memory order) {
        uint256 n = models[place].length;
        order = new uint256[](n);
        uint256 size = 0;
        for (uint256 score = 3; score > known[place].terms.threshold;) {
            --score;
            for (uint256 i = 0; i < n; ++i) {
                if (models[place][i].isProven && models[place][i].score == score) order[size++] = i;
            }
        }
        assembly ("memory-safe") {
            mstore(order, size)
        }
    }

    function sellerOf(uint256 place) private view returns (address) {
        Bounty memory b = market.bountiesFrom(known[place].id, 1)[0];
        uint256[] memory order = ranking(place);
        return b.round < order.length ? hunterOf(known[place].id, order[b.round]) : address(0);
    }

    function offer(uint256 place) private returns (bool good) {
        Known storage k = known[place];
        address hunter = sellerOf(place);
        Actor who = hunter == address(0) || oneIn(4) ? anActor() : Actor(payable(hunter));
        Offer memory o;
        o.c1 = sha256(abi.encodePacked(k.k1));
        good = call(who, value(k, k.terms.offerBond), abi.encodeCall(market.offerWeights, (k.id, o)));
        if (!good) return false;
        if (address(who) != hunter) revert Broken("an offer of another", 0, k.id);
        spend(k.terms.token, k.terms.offerBond);
    }

    function release(uint256 place) private returns (bool good) {
        Known storage k = known[place];
        address hunter = sellerOf(place);
        good = call(anActor(), 0, abi.encodeCall(market.release, (k.id, oneIn(5) ? k.key : k.k1)));
        if (good) earn(k, hunter, uint256(k.terms.price) + k.terms.offerBond);
    }

    function advance(uint256 place) private returns (bool good) {
        Known storage k = known[place];
        Bounty memory b = market.bountiesFrom(k.id, 1)[0];
        address hunter = sellerOf(place);
        good = call(anActor(), 0, abi.encodeCall(market.advance, (k.id)));
        if (!good) return false;
        if (b.stage == Stage.Accept) earn(k, hunter, k.terms.offerBond);
        if (b.stage == Stage.Release) earn(k, k.provider, k.terms.offerBond);
        if (market.stateOf(k.id) == State.DONE) earn(k, k.provider, k.terms.price);
    }

    function withdraw(address asset, address who) private returns (bool good) {
        uint256 amount = market.credits(asset, who);
        uint256 before = asset == address(0) ? who.balance : token.balanceOf(who);
        good = call(anActor(), 0, abi.encodeCall(market.withdraw, (asset, who)));
        if (good != (amount != 0)) revert Broken("a withdrawal", amount, good ? 1 : 0);
        if (!good) return false;
        uint256 got = (asset == address(0) ? who.balance : token.balanceOf(who)) - before;
        if (got != amount) revert Broken("what was withdrawn", amount, got);
        withdrawn[asset][who] += amount;
    }

    function gift() private returns (bool) {
        uint256 amount = random(100);
        anActor().mustAct(address(token), 0, abi.encodeCall(token.transfer, (address(market), amount)));
        gifts[address(token)] += amount;
        return true;
    }

    // ---- what has to hold

    function hunterOf(uint256 id, uint256 i) private view returns (address) {
        return market.submissionsFrom(id, i, 1)[0].hunter;
    }

    function earn(Known storage k, address account, uint256 amount) private {
        earned[k.terms.token][account] += amount;
    }

    mapping(address => uint256) private paidIn;

    function spend(address asset, uint256 amount) private {
        paidIn[asset] += amount;
    }

    // What the market owes for a bounty, besides credits.
    function owed(Bounty memory b, Submission[] memory all) private pure returns (uint256 sum) {
        uint256 share = all.length == 0 ? 0 : b.providerStake / all.length;
        bool isSettled = b.isClosed || b.stage != Stage.None;
        if (!isSettled) sum = uint256(b.prize) + b.price + b.providerStake;
        if (b.stage != Stage.None) sum = b.price;
        if (b.stage == Stage.Accept || b.stage == Stage.Release) sum += b.offerBond;
        for (uint256 i = 0; i < all.length; ++i) {
            if (all[i].isCompensated && !isSettled) sum -= share;
            if (!all[i].isCompensated && isSettled && b.isFaulted) sum += share;
            bool isSunk = isSettled && !b.isFaulted && b.proven != 0;
            if (!all[i].isRefunded && !isSunk) sum += b.hunterStake;
        }
    }

    function check() private view {
        uint256[2] memory sums;
        for (uint256 i = 0; i < known.length; ++i) {
            uint256 id = known[i].id;
            uint256 sum = owed(market.bountiesFrom(id, 1)[0], market.submissionsFrom(id, 0, MODELS));
            sums[known[i].terms.token == address(0) ? 0 : 1] += sum;
        }
        for (uint256 i = 0; i < 2; ++i) {
            address asset = i == 0 ? address(0) : address(token);
            uint256 out = 0;
            for (uint256 j = 0; j <= ACTORS; ++j) {
                address who = j == ACTORS ? market.SINK() : address(actors[j]);
                uint256 has = market.credits(asset, who);
                sums[i] += has;
                out += withdrawn[asset][who];
                if (has + withdrawn[asset][who] != earned[asset][who]) {
                    revert Broken("somebody's earnings", earned[asset][who], has + withdrawn[asset][who]);
                }
            }
            uint256 balance = i == 0 ? address(market).balance : token.balanceOf(address(market));
            if (balance != sums[i] + gifts[asset]) revert Broken("what the market holds", sums[i] + gifts[asset], balance);
            if (balance != paidIn[asset] + gifts[asset] - out) revert Broken("what came and went", paidIn[asset] - out, balance);
        }
    }

    // Time passes, and anybody calls: everything ends, and nothing stays.
    function finish() private {
        for (uint256 place = 0; place < known.length; ++place) {
            uint256 id = known[place].id;
            for (uint256 i = 0; market.stateOf(id) != State.DONE; ++i) {
                if (i == 20) revert Broken("a bounty that does not end", uint256(State.DONE), uint256(market.stateOf(id)));
                market.pass(3 hours);
                settle(place);
                advance(place);
            }
            for (uint256 i = 0; i < models[place].length; ++i) {
                compensateOne(place, i);
                reclaimOne(place, i);
            }
        }
        check();
        for (uint256 i = 0; i < 2 * ACTORS + 2; ++i) {
            withdraw(i % 2 == 0 ? address(0) : address(token), i / 2 == ACTORS ? market.SINK() : address(actors[i / 2]));
        }
        check();
        if (address(market).balance != 0) revert Broken("ETH that nobody can have", 0, address(market).balance);
        uint256 left = token.balanceOf(address(market));
        if (left != gifts[address(token)]) revert Broken("tokens that nobody can have", gifts[address(token)], left);
    }
}
