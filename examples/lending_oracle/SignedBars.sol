// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";

// A bar of a feed: a price, and the digest of the returns that led to it, which are a network's input. The feed signs every bar once, for whoever
// uses it: what a bar may do, and how often, is the consumer's to say.
struct Bar {
    uint64 number; // of the feed, ascending
    uint64 time; // in seconds since 1970
    uint128 price; // in wei, of 10^18 units
    bytes32 returnsDigest; // Keccak-256 of the returns' bytes
}

abstract contract SignedBars {
    error NotTheFeeds(address signer);

    address public immutable feed;

    constructor(address feed_) {
        feed = feed_;
    }

    // What the feed signs (EIP-191, `eth_sign`).
    function messageOf(Bar calldata bar) public pure returns (bytes32) {
        return keccak256(abi.encode("zkinfer example bar v1", bar));
    }

    function mustBeSigned(Bar calldata bar, bytes calldata signature) internal view {
        address signer = ECDSA.recover(MessageHashUtils.toEthSignedMessageHash(messageOf(bar)), signature);
        if (signer != feed) revert NotTheFeeds(signer);
    }
}
