// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

// Whose a model is, and where its card is. A name is the identity of a key (of a root, for all keys under it) or a model's id on chain: 32 bytes that
// nobody can guess before the key is shown, where weights are hidden. So the one who knew it first is the one who committed first:
//
//   1. commit(commitmentOf(..)) while the key has not left its owner: a hash, which says nothing;
//   2. at least a block and at most a day later, claim(..) with what was committed to;
//   3. a day after the commitment the owner is settled, and ownerOf names him.
//
// Who sees a claim, or a key, and is quicker with a claim of his own has committed later: the earlier commitment takes the name from him. A
// commitment is good for a day, so what was settled stays: no earlier one can come any more, not even a former owner's. An owner who shows
// his key before he commits, on another chain too, has no such order; and of a model with public weights anybody can compute the name.
contract ZkInferOwners {
    error NotCommitted(bytes32 commitment);
    // Too early (in the block of the commitment), or more than a day after it.
    error NotNow(uint256 committedAt);
    error CommittedEarlier(uint256 committedAt);
    error NotTheOwner(address owner);
    error CardTooLong(uint256 most, uint256 got);

    event Claimed(bytes32 indexed name, address indexed owner, uint256 committedAt, string card);
    event CardChanged(bytes32 indexed name, string card);
    event Offered(bytes32 indexed name, address indexed to);
    event Transferred(bytes32 indexed name, address indexed from, address indexed to);

    struct Entry {
        address owner;
        uint64 committedAt;
        address offeredTo;
        string card;
    }

    uint256 public constant PERIOD = 1 days;
    uint256 public constant MAX_CARD = 1024;

    mapping(bytes32 commitment => uint256) public committedAt;
    mapping(bytes32 name => Entry) private entries;

    // salt: 32 bytes that nobody guesses, else a commitment can be tried against names.
    function commitmentOf(bytes32 name, address owner, string calldata card, bytes32 salt) public view returns (bytes32) {
        return keccak256(
            abi.encode("zkinfer evm owner", block.chainid, address(this), name, owner, keccak256(bytes(card)), salt)
        );
    }

    // Sending it again changes nothing: who copies a commitment makes nobody's later, and none of his own.
    function commit(bytes32 commitment) external {
        if (committedAt[commitment] == 0) committedAt[commitment] = block.timestamp;
    }

    // Anybody may send it: owner and card are those of the commitment.
    function claim(bytes32 name, address owner, string calldata card, bytes32 salt) external {
        checkCard(card);
        bytes32 commitment = commitmentOf(name, owner, card, salt);
        uint256 time = committedAt[commitment];
        if (time == 0) revert NotCommitted(commitment);
        if (block.timestamp <= time || block.timestamp > time + PERIOD) revert NotNow(time);
        Entry storage entry = entries[name];
        if (entry.committedAt != 0 && entry.committedAt <= time) revert CommittedEarlier(entry.committedAt);
        entry.owner = owner;
        entry.committedAt = uint64(time);
        entry.card = card;
        emit Claimed(name, owner, time, card);
    }

    // 0: nobody's, or not settled yet.
    function ownerOf(bytes32 name) public view returns (address) {
        return isSettled(name) ? entries[name].owner : address(0);
    }

    // "" where there is no owner.
    function cardOf(bytes32 name) external view returns (string memory) {
        return isSettled(name) ? entries[name].card : "";
    }

    // Who would be the owner, and since when he is committed; 0, 0: nobody.
    function claimOf(bytes32 name) external view returns (address owner, uint256 time) {
        return (entries[name].owner, entries[name].committedAt);
    }

    function isSettled(bytes32 name) public view returns (bool) {
        uint256 time = entries[name].committedAt;
        return time != 0 && block.timestamp > time + PERIOD;
    }

    function setCard(bytes32 name, string calldata card) external {
        checkOwner(name);
        checkCard(card);
        entries[name].card = card;
        emit CardChanged(name, card);
    }

    // The next owner takes it by `accept`, so that it cannot go to an address that nobody holds. 0: to nobody, after all.
    function offer(bytes32 name, address to) external {
        checkOwner(name);
        entries[name].offeredTo = to;
        emit Offered(name, to);
    }

    function accept(bytes32 name) external {
        Entry storage entry = entries[name];
        if (entry.offeredTo != msg.sender) revert NotTheOwner(entry.offeredTo);
        emit Transferred(name, entry.owner, msg.sender);
        entry.owner = msg.sender;
        entry.offeredTo = address(0);
    }

    function checkOwner(bytes32 name) private view {
        if (ownerOf(name) != msg.sender) revert NotTheOwner(ownerOf(name));
    }

    function checkCard(string calldata card) private pure {
        if (bytes(card).length > MAX_CARD) revert CardTooLong(MAX_CARD, bytes(card).length);
    }
}
