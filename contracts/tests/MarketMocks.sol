// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

// In the place of ZkInferReceipts, verifier and registry: what is verified, and which programs there are, is set.
contract SetReceipts {
    mapping(bytes32 => bool) public isVerified;
    mapping(bytes32 => address) public programOf;

    function setVerified(bytes32 id, bool yes) external {
        isVerified[id] = yes;
    }

    function setProgram(bytes32 modelId, address program) external {
        programOf[modelId] = program;
    }

    function receiptOf(bytes32 modelId, bytes32 inputs, bytes32 outputs, bytes32 context) external pure returns (bytes32) {
        return keccak256(abi.encode(modelId, inputs, outputs, context));
    }

    function verifier() external view returns (address) {
        return address(this);
    }

    function programs() external view returns (address) {
        return address(this);
    }
}

// A token with the habits of bad ones, which can be turned on and off.
contract OddToken is ERC20("Odd", "ODD") {
    error Refused();

    uint256 public fee; // in 1/10000 of each transfer, burnt
    mapping(address => bool) public isBlocked;
    bool public isStopped;
    // Called in each transfer.
    address public callee;
    bytes public callData;

    function mint(address account, uint256 amount) external {
        _mint(account, amount);
    }

    function setFee(uint256 fee_) external {
        fee = fee_;
    }

    function setBlocked(address account, bool yes) external {
        isBlocked[account] = yes;
    }

    function setStopped(bool yes) external {
        isStopped = yes;
    }

    function setCall(address callee_, bytes calldata data) external {
        (callee, callData) = (callee_, data);
    }

    function _update(address from, address to, uint256 amount) internal override {
        if (isStopped || isBlocked[from] || isBlocked[to]) revert Refused();
        super._update(from, to, amount);
        if (from == address(0) || to == address(0)) return;
        if (fee != 0) super._update(to, address(0), (amount * fee) / 10000);
        if (callee != address(0)) {
            (bool good, bytes memory answer) = callee.call(callData);
            if (!good) {
                assembly ("memory-safe") {
                    revert(add(answer, 0x20), mload(answer))
                }
            }
        }
    }
}

// A participant that does what it is told, and takes ETH as it is told: it may refuse, burn all gas, or call back.
contract Actor {
    error Refused();

    enum Habit {
        Takes,
        Refuses,
        Burns,
        CallsBack
    }

    Habit public habit;
    address public callee;
    bytes public callData;
    bool public calledBack; // and that succeeded

    function setHabit(Habit habit_, address callee_, bytes calldata data) external {
        (habit, callee, callData) = (habit_, callee_, data);
    }

    function act(address to, uint256 value, bytes calldata data) external returns (bool good, bytes memory answer) {
        return to.call{value: value}(data);
    }

    // The same, and what it calls reverted with is what this reverts with.
    function mustAct(address to, uint256 value, bytes calldata data) external returns (bytes memory) {
        (bool good, bytes memory answer) = to.call{value: value}(data);
        if (!good) {
            assembly ("memory-safe") {
                revert(add(answer, 0x20), mload(answer))
            }
        }
        return answer;
    }

    receive() external payable {
        if (habit == Habit.Refuses) revert Refused();
        if (habit == Habit.Burns) while (true) {}
        if (habit == Habit.CallsBack) {
            (bool good,) = callee.call(callData);
            calledBack = calledBack || good;
        }
    }
}
