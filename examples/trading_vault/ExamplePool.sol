// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

contract ExampleAsset is ERC20("Example asset", "XMP") {
    constructor(address owner, uint256 amount) {
        _mint(owner, amount);
    }
}

// A market to try the vault on: ETH against one token at a constant product, without a fee. Its liquidity is nobody's, so nothing more than an example.
contract ExamplePool {
    error Slipped(uint256 got, uint256 least);
    error Failed();

    ExampleAsset public immutable token;
    uint256 public eth; // reserve

    constructor(uint256 tokens) payable {
        token = new ExampleAsset(address(this), tokens);
        eth = msg.value;
    }

    function buy(uint256 least) external payable {
        uint256 tokens = token.balanceOf(address(this));
        uint256 got = (tokens * msg.value) / (eth + msg.value);
        if (got < least) revert Slipped(got, least);
        eth += msg.value;
        if (!token.transfer(msg.sender, got)) revert Failed();
    }

    function sell(uint256 amount, uint256 least) external {
        uint256 tokens = token.balanceOf(address(this));
        uint256 got = (eth * amount) / (tokens + amount);
        if (got < least) revert Slipped(got, least);
        eth -= got;
        if (!token.transferFrom(msg.sender, address(this), amount)) revert Failed();
        (bool good,) = msg.sender.call{value: got}("");
        if (!good) revert Failed();
    }
}
