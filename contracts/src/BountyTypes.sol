// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

// What BountyMarket stores and is told (docs/market.md).

uint256 constant MAX_RANKED = 8;
// Ranks that may sell their weights, one after the other.
uint256 constant MAX_ROUNDS = 3;
uint256 constant MAX_CHUNKS = 64;

enum State {
    OPEN, // models are committed to
    REVEAL, // the key of the data is awaited
    FAULT, // it did not come, came too early, or opens something else than was promised
    PROVE, // scores are proven
    RANKED, // anybody settles
    EXCHANGE, // the weights are sold
    DONE // nothing is left but withdrawals, and refunds of stakes
}

/// What a bounty is created with. Amounts are in the smallest unit of `token`, times in seconds.
struct Terms {
    address token; // 0: ETH
    uint128 prize; // for proven scores
    uint128 price; // for the weights, moved by an exchange only
    uint128 providerStake; // shared among hunters if the data are withheld, leaked or not as promised
    uint128 hunterStake; // of a commitment; back when its score is proven
    uint128 offerBond; // of an offer of weights; the provider's, if they are accepted and not delivered
    uint64 commitUntil;
    uint64 revealUntil;
    uint64 proveUntil;
    uint32 offerWindow;
    uint32 acceptWindow;
    uint32 releaseWindow;
    uint64 threshold; // fewest hits that are ranked
    uint16[8] shares; // of the prize, by rank, in 1/10000
    bytes32 keyHash; // SHA-256 of the 30 bytes that open the data
    bytes32 specDigest; // of a Spec
    bytes32 buyerKey; // X25519: what offers are sealed to
    string cid; // of the folder with spec and sealed data
}

/// What is measured: published with the sealed data, and given again with a score.
struct Spec {
    bytes32[] sealedChunks; // Keccak-256 of each chunk as published
    bytes32[] openedChunks; // openedDigest of each chunk
    uint32 rows; // of a chunk, all alike
    uint32 labelBytes; // of the labels of a chunk: its first bytes; a multiple of rows
    bytes32 dataDigest; // of the data set's description
}

struct Bounty {
    address provider;
    uint64 commitUntil;
    uint32 submissions;
    //
    address token;
    uint64 revealUntil;
    uint32 proven;
    //
    uint128 prize;
    uint128 price;
    //
    uint128 providerStake;
    uint128 hunterStake;
    //
    uint128 offerBond;
    uint64 proveUntil;
    uint64 threshold;
    //
    bytes32 keyHash;
    bytes32 specDigest;
    uint16[8] shares;
    // (score, then all ones minus the submission), so that a larger number is a better rank and of equal scores the earlier is.
    uint96[8] top;
    //
    bytes30 key;
    bool isFaulted;
    bool isClosed;
    //
    uint32 offerWindow;
    uint32 acceptWindow;
    uint32 releaseWindow;
    uint8 ranked;
    uint8 round; // of the exchange: the rank that sells
    Stage stage;
    uint64 until; // end of the stage
    //
    bytes32 offered; // SHA-256 of the key share that releases
}

/// Of an exchange.
enum Stage {
    None,
    Offer,
    Accept,
    Release
}

struct Submission {
    address hunter;
    uint64 score;
    bool isScored;
    bool isRefunded;
    bool isCompensated;
    bytes32 commitHash;
}

/// A rank's offer of its weights; only `c1` is the market's business, the rest is for the buyer, who checks it before he accepts.
struct Offer {
    bytes32 c1; // SHA-256 of the 30 bytes that the release publishes
    bytes32 c2; // SHA-256 of the share that only the buyer gets
    bytes32 ciphertextRoot;
    string ciphertextCid;
    string proofCid; // that the ciphertext holds the committed weights
    bytes sealedShare; // the second share, sealed to the buyer's key
}

/// What opens a commitment and shows its score: chunk by chunk, what was proven under contextOf.
struct Claim {
    bytes32 modelId;
    bytes32 certDigest;
    bytes32 salt;
    bytes32[] inputs; // Keccak-256 of each chunk's public inputs
    bytes[] labels; // of each chunk
    bytes[] outputs; // public outputs of each chunk's proof
}
