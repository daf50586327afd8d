// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Escrow} from "./Escrow.sol";

/// @title Sale of something encrypted under two key shares: one is sealed to the buyer, the other is paid for by being published
/// @notice The buyer has fetched and checked the ciphertext and the first share before he locks the price (docs/market.md); so a release is
/// all that is left. Nobody else can open the ciphertext with what is public. Either side may stay away: before the lock nothing has
/// happened, after it the price goes to the seller by release or back at releaseUntil.
contract DirectSale is Escrow {
    struct Sale {
        address buyer;
        uint64 releaseUntil;
        address seller;
        address token; // 0: ETH
        uint128 price;
        bool isOver;
        bytes32 c1;
    }

    error UnknownSale(uint256 id);
    error BadTime(uint256 releaseUntil);
    error WrongKey();
    /// @notice Released or refunded before, or not in its time.
    error NotNow(uint256 id);

    event Locked(
        uint256 indexed id, address indexed buyer, address indexed seller, address token, uint256 price, bytes32 c1, uint256 releaseUntil, bytes32 subject
    );
    event Released(uint256 indexed id, bytes30 k1);
    event Refunded(uint256 indexed id);

    uint256 public constant MAX_WINDOW = 90 days;

    /// @notice Sales have the numbers below this one.
    uint256 public numSales;
    mapping(uint256 id => Sale) private sales;

    /// @notice Locks the caller's price for the 30 bytes whose SHA-256 is c1.
    /// @param releaseUntil the seller has until then; from then on the price can be had back
    /// @param subject what is sold, for people: a digest of the offer that the buyer has checked; an event only
    function lock(address token, uint128 price, bytes32 c1, address seller, uint64 releaseUntil, bytes32 subject)
        external
        payable
        nonReentrant
        returns (uint256 id)
    {
        if (releaseUntil <= block.timestamp || releaseUntil > block.timestamp + MAX_WINDOW) revert BadTime(releaseUntil);
        id = numSales++;
        sales[id] = Sale(msg.sender, releaseUntil, seller, token, price, false, c1);
        emit Locked(id, msg.sender, seller, token, price, c1, releaseUntil, subject);
        deposit(token, price);
    }

    /// @notice Publishes the key share; the price is the seller's. Anybody may call, before releaseUntil.
    function release(uint256 id, bytes30 k1) external {
        Sale storage sale = open(id);
        if (block.timestamp >= sale.releaseUntil) revert NotNow(id);
        if (sha256(abi.encodePacked(k1)) != sale.c1) revert WrongKey();
        sale.isOver = true;
        credit(sale.token, sale.seller, sale.price);
        emit Released(id, k1);
    }

    /// @notice Gives the buyer his price back, from releaseUntil on. Anybody may call.
    function refund(uint256 id) external {
        Sale storage sale = open(id);
        if (block.timestamp < sale.releaseUntil) revert NotNow(id);
        sale.isOver = true;
        credit(sale.token, sale.buyer, sale.price);
        emit Refunded(id);
    }

    /// @notice A sale.
    function saleOf(uint256 id) external view returns (Sale memory) {
        if (id >= numSales) revert UnknownSale(id);
        return sales[id];
    }

    function open(uint256 id) private view returns (Sale storage sale) {
        if (id >= numSales) revert UnknownSale(id);
        sale = sales[id];
        if (sale.isOver) revert NotNow(id);
    }
}
