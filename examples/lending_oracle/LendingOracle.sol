// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ZkInferReceipts} from "zkinfer/ZkInferReceipts.sol";
import {Bar, SignedBars} from "./SignedBars.sol";

// How much may be lent against an asset, by a committed network on returns that a feed has signed. Anybody may post; what he posts can only be what the network says of the
// newest bar. A receipt says that the network said it of returns with this digest; the signature says that these returns are the feed's.
contract LendingOracle is SignedBars {
    error NotNewer(uint64 number, uint64 last);
    error NotNow(uint64 time);
    error Stale(uint64 time);

    event Posted(uint64 indexed number, uint128 price, uint256 percent);

    bytes32 public constant PURPOSE = keccak256("zkinfer example lending oracle");
    uint64 public constant MAX_AGE = 2 hours;

    ZkInferReceipts public immutable receipts;
    bytes32 public immutable modelId;

    Bar public last;
    uint256 public percent; // of the asset's value

    constructor(ZkInferReceipts receipts_, bytes32 modelId_, address feed_) SignedBars(feed_) {
        receipts = receipts_;
        modelId = modelId_;
    }

    // What the proof of a bar is to be made for (`zkinfer prove --context`).
    function contextOf(uint64 number) public view returns (bytes32) {
        return receipts.verifier().contextOf(address(this), PURPOSE, number);
    }

    // outputs: the class that the network gives, one byte.
    function post(Bar calldata bar, bytes calldata signature, bytes calldata outputs) external {
        if (bar.number <= last.number) revert NotNewer(bar.number, last.number);
        if (bar.time > block.timestamp || bar.time + MAX_AGE <= block.timestamp) revert NotNow(bar.time);
        mustBeSigned(bar, signature);
        receipts.consume(receipts.receiptOf(modelId, bar.returnsDigest, keccak256(outputs), contextOf(bar.number)));
        uint8 class = uint8(outputs[0]);
        percent = class == 2 ? 80 : class == 1 ? 65 : 40;
        last = bar;
        emit Posted(bar.number, bar.price, percent);
    }

    // Wei that may be lent against an amount of the asset. Nothing, loudly, where the last word is old.
    function limitOf(uint256 amount) external view returns (uint256) {
        if (last.time + MAX_AGE <= block.timestamp) revert Stale(last.time);
        return (amount * last.price * percent) / (100 * 1e18);
    }
}
