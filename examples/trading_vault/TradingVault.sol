// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ZkInferReceipts} from "zkinfer/ZkInferReceipts.sol";
import {Bar, SignedBars} from "../lending_oracle/SignedBars.sol";
import {ExamplePool} from "./ExamplePool.sol";

// Holds an investor's ETH, and trades it against one token only as a committed network says, on bars that a feed has signed. Nobody operates it: whoever brings the proof for a bar sets going
// what the network says of it, once, while the bar is new, at no worse a price than the bar's.
contract TradingVault is SignedBars {
    error NotNewer(uint64 number, uint64 last);
    error NotNow(uint64 time);
    error NotTheInvestor(address account);
    error Failed();

    event Acted(uint64 indexed number, uint8 signal, uint256 eth, uint256 tokens);

    bytes32 public constant PURPOSE = keccak256("zkinfer example trading vault");
    uint64 public constant WINDOW = 1 hours;
    uint256 public constant SLIPPAGE = 2; // per cent of the bar's price

    uint8 public constant SELL = 0;
    uint8 public constant BUY = 2;

    ZkInferReceipts public immutable receipts;
    bytes32 public immutable modelId;
    address public immutable investor;
    ExamplePool public immutable pool;

    uint64 public lastBar;

    constructor(ZkInferReceipts receipts_, bytes32 modelId_, address feed_, address investor_, ExamplePool pool_) SignedBars(feed_) {
        receipts = receipts_;
        modelId = modelId_;
        investor = investor_;
        pool = pool_;
    }

    receive() external payable {}

    // What the proof of a bar is to be made for: this vault and this bar, so that no other vault's and no other bar's proof acts here.
    function contextOf(uint64 number) public view returns (bytes32) {
        return receipts.verifier().contextOf(address(this), PURPOSE, number);
    }

    // Anybody may call it. Who copies a call and sends it first does what it would have done; who moves the pool's price before it makes it fail, and it can be sent again.
    function act(Bar calldata bar, bytes calldata signature, bytes calldata outputs) external {
        if (bar.number <= lastBar) revert NotNewer(bar.number, lastBar);
        if (bar.time > block.timestamp || bar.time + WINDOW <= block.timestamp) revert NotNow(bar.time);
        mustBeSigned(bar, signature);
        receipts.consume(receipts.receiptOf(modelId, bar.returnsDigest, keccak256(outputs), contextOf(bar.number)));
        lastBar = bar.number;
        uint8 signal = uint8(outputs[0]);
        IERC20 token = pool.token();
        uint256 held = token.balanceOf(address(this));
        if (signal == BUY && address(this).balance > 0) {
            uint256 amount = address(this).balance;
            pool.buy{value: amount}((amount * 1e18 * (100 - SLIPPAGE)) / (uint256(bar.price) * 100));
        } else if (signal == SELL && held > 0) {
            if (!token.approve(address(pool), held)) revert Failed();
            pool.sell(held, (held * bar.price * (100 - SLIPPAGE)) / (100 * 1e18));
        }
        emit Acted(bar.number, signal, address(this).balance, token.balanceOf(address(this)));
    }

    // All of it, as it stands, to the investor.
    function withdraw() external {
        if (msg.sender != investor) revert NotTheInvestor(msg.sender);
        IERC20 token = pool.token();
        if (!token.transfer(investor, token.balanceOf(address(this)))) revert Failed();
        (bool good,) = investor.call{value: address(this).balance}("");
        if (!good) revert Failed();
    }
}
