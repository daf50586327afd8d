// SPDX-License-Identifier: Apache-2.0
// ZkInferOwners: who knew a name first owns it, whoever is quicker.
import assert from 'node:assert/strict';
import {after, before, beforeEach, describe, test} from 'node:test';
import {bytesToHex, encode, hexToBytes, keccak, text} from './abi.js';
import {argument} from './anvil.js';
import {ETH, HOUR, World, hash, refused} from './market_world.js';

const DAY = 24 * HOUR;
let world;
let owners;
let name;
let count = 0;
before(async () => {
  world = await World.start();
  owners = await world.deploy('ZkInferOwners');
});
after(() => world?.stop());
beforeEach(() => (name = hash('a key', Uint8Array.of(++count))));

const commitment = (of, owner, card, salt = hash('salt of', owner)) => owners.read('commitmentOf', of, owner, card, salt);
const commit = async (owner, {of = name, card = `ipfs://${owner}`, from = owner} = {}) => owners.send(from, 'commit', [await commitment(of, owner, card)]);
const claim = (owner, {of = name, card = `ipfs://${owner}`, from = owner} = {}) => owners.send(from, 'claim', [of, owner, card, hash('salt of', owner)]);
const owner = (of = name) => owners.read('ownerOf', of);
const same = (a, b) => assert.equal(a.toLowerCase(), b.toLowerCase());

describe('a name', () => {
  test('is of who committed, a day later; with the card that he committed to', async () => {
    const {alice, bob} = world;
    await commit(alice);
    const at = await world.time();
    // In the block of the commitment, or what was not committed to.
    await refused(claim(alice), /^NotNow/);
    await world.pass(12);
    for (const changes of [{card: 'ipfs://another'}, {of: hash('another')}]) await refused(claim(alice, changes), /^NotCommitted/);
    await refused(owners.send(bob, 'claim', [name, bob, `ipfs://${alice}`, hash('salt of', alice)]), /^NotCommitted/);
    await claim(alice, {from: bob});
    const [claimant, since] = await owners.read('claimOf', name);
    same(claimant, alice);
    assert.equal(since, at);
    same(await owner(), ETH);
    assert.equal(await owners.read('cardOf', name), '');
    await world.pass(Number(at) + DAY - Number(await world.time()));
    same(await owner(), ETH);
    await refused(owners.send(alice, 'setCard', [name, 'x']), /^NotTheOwner/);
    await world.pass(1);
    same(await owner(), alice);
    assert.equal(await owners.read('cardOf', name), `ipfs://${alice}`);
    same(await owner(hash('nobody')), ETH);
  });

  test('who sees the claim and is quicker loses it again', async () => {
    const {alice, bob} = world;
    await commit(alice);
    await world.pass(HOUR);
    // Bob reads Alice's claim before it is in a block, commits and claims before her.
    await commit(bob);
    await world.pass(1);
    await claim(bob);
    same((await owners.read('claimOf', name))[0], bob);
    same(await owner(), ETH);
    await claim(alice);
    same((await owners.read('claimOf', name))[0], alice);
    await refused(claim(bob), /^CommittedEarlier/);
    await world.pass(DAY);
    same(await owner(), alice);
    assert.equal(await owners.read('cardOf', name), `ipfs://${alice}`);
  });

  test('a commitment that is copied, or sent again, stays what it is', async () => {
    const {alice, bob, carol} = world;
    const digest = await commitment(name, alice, 'card');
    await owners.send(bob, 'commit', [digest]);
    const at = await world.time();
    await world.pass(HOUR);
    await owners.send(alice, 'commit', [digest]);
    assert.equal(await owners.read('committedAt', digest), at);
    await commit(carol);
    await world.pass(1);
    await owners.send(alice, 'claim', [name, alice, 'card', hash('salt of', alice)]);
    await refused(claim(carol), /^CommittedEarlier/);
  });

  test('a commitment is good for a day, so what is settled stays, also against who had it', async () => {
    const {alice, bob, carol} = world;
    // Alice keeps a second commitment, of another address of hers, back, and sells.
    await commit(carol);
    await world.pass(1);
    await commit(alice);
    await world.pass(1);
    await claim(alice);
    await world.pass(DAY - 2);
    await refused(owners.send(alice, 'offer', [name, bob]), /^NotTheOwner/);
    await world.pass(2);
    await owners.send(alice, 'offer', [name, bob]);
    await refused(owners.send(carol, 'accept', [name]), /^NotTheOwner/);
    await owners.send(bob, 'accept', [name]);
    same(await owner(), bob);
    await refused(claim(carol), /^NotNow/);
    await refused(owners.send(bob, 'accept', [name]), /^NotTheOwner/);
    for (const [verb, values] of [['setCard', [name, 'x']], ['offer', [name, alice]]]) await refused(owners.send(alice, verb, values), /^NotTheOwner/);
    await owners.send(bob, 'setCard', [name, 'ipfs://of bob']);
    assert.equal(await owners.read('cardOf', name), 'ipfs://of bob');
    // An offer is taken back.
    await owners.send(bob, 'offer', [name, alice]);
    await owners.send(bob, 'offer', [name, ETH]);
    await refused(owners.send(alice, 'accept', [name]), /^NotTheOwner/);
  });

  test('who committed first and claims last still has it, within his day', async () => {
    const {alice, bob} = world;
    await commit(alice);
    await world.pass(1);
    await commit(bob);
    await world.pass(DAY - 1);
    await claim(bob);
    same(await owner(), ETH);
    await claim(alice);
    await world.pass(1);
    same(await owner(), alice);
    await refused(claim(bob), /^CommittedEarlier/);
  });

  test('commitments differ by chain, contract, name, owner, card and salt; cards have a length', async () => {
    const {alice, bob} = world;
    const other = await world.deploy('ZkInferOwners');
    const salt = hash('salt');
    const all = new Set(await Promise.all([
      owners.read('commitmentOf', name, alice, 'a', salt), other.read('commitmentOf', name, alice, 'a', salt), owners.read('commitmentOf', hash('x'), alice, 'a', salt),
      owners.read('commitmentOf', name, bob, 'a', salt), owners.read('commitmentOf', name, alice, 'b', salt), owners.read('commitmentOf', name, alice, 'a', hash('y')),
    ]));
    assert.equal(all.size, 6);
    const here = await owners.read('commitmentOf', name, alice, 'a', salt);
    // As docs/evm.md has it, for who asks no node.
    const words = [world.chainId, argument(owners.address), hexToBytes(name), argument(alice), keccak(text('a')), hexToBytes(salt)];
    assert.equal(here, bytesToHex(keccak(encode({bytes: text('zkinfer evm owner')}, ...words))));
    await world.node.ask('anvil_setChainId', 4711);
    try {
      assert.notEqual(await owners.read('commitmentOf', name, alice, 'a', salt), here);
    } finally {
      await world.node.ask('anvil_setChainId', Number(world.chainId));
    }
    const card = 'x'.repeat(1025);
    await commit(alice, {card});
    await world.pass(1);
    await refused(claim(alice, {card}), /^CardTooLong\(1024, 1025\)/);
    await refused(claim(bob), /^NotCommitted/);
  });
});
