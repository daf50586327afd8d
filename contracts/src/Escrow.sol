// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {ReentrancyGuard} from "@openzeppelin/contracts/utils/ReentrancyGuard.sol";

/// @title Money that a contract holds for others, in ETH (token 0) and ERC-20 tokens
/// @notice Nothing is ever pushed to anybody: what somebody is owed is a credit, and leaves by `withdraw`. So a payee that cannot be paid
/// stops nobody but himself.
abstract contract Escrow is ReentrancyGuard {
    using SafeERC20 for IERC20;

    /// @notice A deposit of another amount than was asked for. Tokens that take a fee of a transfer end here: a promise of an amount is
    /// one of what comes in.
    error NotReceived(uint256 expected, uint256 got);
    /// @notice There is nothing to withdraw.
    error NoCredit(address token, address account);

    /// @notice `account` has been paid `amount` of `token`.
    event Withdrawn(address indexed token, address indexed account, uint256 amount);

    /// @notice What `account` may withdraw of `token`, in its smallest unit.
    mapping(address token => mapping(address account => uint256)) public credits;

    /// @notice Pays `account` all that it is owed of `token`. Anybody may call: it goes to nobody else.
    /// @param token an ERC-20 contract, or 0 for ETH
    /// @return amount what was paid
    function withdraw(address token, address account) external nonReentrant returns (uint256 amount) {
        amount = credits[token][account];
        if (amount == 0) revert NoCredit(token, account);
        credits[token][account] = 0;
        emit Withdrawn(token, account, amount);
        if (token == address(0)) Address.sendValue(payable(account), amount);
        else IERC20(token).safeTransfer(account, amount);
    }

    function credit(address token, address account, uint256 amount) internal {
        credits[token][account] += amount;
    }

    // From the caller. Only within nonReentrant: the balance is compared.
    function deposit(address token, uint256 amount) internal {
        uint256 got = msg.value;
        if (token != address(0) && got == 0) {
            uint256 before = IERC20(token).balanceOf(address(this));
            if (amount != 0) IERC20(token).safeTransferFrom(msg.sender, address(this), amount);
            got = IERC20(token).balanceOf(address(this)) - before;
        } else if (token != address(0)) {
            revert NotReceived(0, got);
        }
        if (got != amount) revert NotReceived(amount, got);
    }
}
