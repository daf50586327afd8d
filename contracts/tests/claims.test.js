// SPDX-License-Identifier: Apache-2.0
// ZkInferClaims: what counts, when, under whose terms; where every wei goes; parties that cheat.
import assert from 'node:assert/strict';
import {after, before, beforeEach, describe, test} from 'node:test';
import {keccak, bytesToHex, text} from './abi.js';
import {argument} from './anvil.js';
import {ETH, HOUR, World, hash, refused} from './market_world.js';

const STATES = ['None', 'Open', 'Standing', 'Disputed', 'Undecided', 'Upheld', 'Refuted', 'Leaving', 'Left'];
const ZERO = `0x${'00'.repeat(32)}`;
const BOND = 1001n;
const WINDOW = 3 * HOUR;
const RULING = 2 * HOUR;
const model = hash('a registered model');
const root = hash('a root');
const evidence = hash('a file');
let world;
let claims;
let arbiter;
let terms;
let deposited; // what has come in, less what has gone out
const termsOf = (changes = {}) => ({arbiter, bond: BOND, window: WINDOW, ruling: RULING, ...changes});
before(async () => {
  world = await World.start();
  arbiter = world.accounts[4];
  await world.receipts.send(world.provider, 'setProgram', [model, world.programs.honest.source]);
});
after(() => world?.stop());
beforeEach(async () => {
  claims = await world.deploy('ZkInferClaims', argument(world.receipts.address));
  await claims.send(world.bob, 'makeTerms', [termsOf()]);
  terms = await claims.read('termsIdOf', termsOf());
});

const make = async (from, {termsId = terms, of = root, modelId = ZERO, bond = BOND, file = evidence} = {}) => {
  const {logs} = await claims.send(from, 'claim', [termsId, of, modelId, file, 'ipfs://files'], {value: bond});
  return logs[0].topics[1];
};
const state = async (id) => STATES[Number(await claims.read('stateOf', id))];
const challenge = (from, id, bond = BOND) => claims.send(from, 'challenge', [id, 'it is none'], {value: bond});
const rule = (id, holds, from = arbiter) => claims.send(from, 'rule', [id, holds]);
const credit = (account) => claims.read('credits', ETH, account);
const standing = async (modelId = ZERO, termsId = terms) => {
  const [means, since, id] = await claims.read('standingOf', termsId, root, modelId);
  return [STATES[Number(means)], since, id];
};
const NOTHING = ['None', 0n, ZERO];
// All that the contract has is owed to somebody, or is a bond.
const owes = async (bonds) => {
  const all = await Promise.all([...world.accounts].map(credit));
  const balance = BigInt(await world.node.ask('eth_getBalance', claims.address, 'latest'));
  assert.equal(balance, all.reduce((a, b) => a + b) + BigInt(bonds) * BOND);
};

describe('a claim', () => {
  test('counts behind its window, by its bond, since then, and says for what', async () => {
    const {alice, bob} = world;
    for (const modelId of [ZERO, model]) {
      const id = await make(alice, {modelId});
      const made = await world.time();
      assert.equal(await state(id), 'Open');
      await refused(claims.send(bob, 'count', [id]), /^WrongState/);
      await world.pass(WINDOW - 1);
      assert.equal(await state(id), 'Open');
      await world.pass(1);
      assert.equal(await state(id), 'Standing');
      // It counts when somebody has said so.
      assert.deepEqual(await standing(modelId), NOTHING);
      await claims.send(bob, 'count', [id]);
      assert.deepEqual(await standing(modelId), ['Standing', made + BigInt(WINDOW), id]);
      await refused(claims.send(bob, 'count', [id]), /^NothingBetter/);
    }
    assert.equal(await claims.read('isCertified', terms, root), true);
    assert.equal(await claims.read('isUnder', terms, root, model), true);
    // Of another root, model or terms nothing is said; and a certificate is no key.
    assert.equal(await claims.read('isCertified', terms, hash('another')), false);
    assert.equal(await claims.read('isUnder', terms, hash('another'), model), false);
    assert.equal(await claims.read('isUnder', terms, root, hash('another')), false);
    assert.equal(await claims.read('isUnder', terms, root, ZERO), false);
    assert.equal(await claims.read('isCertified', hash('other terms'), root), false);
    await owes(2);
  });

  test('needs terms, a registered model and the whole bond', async () => {
    const {alice} = world;
    await refused(make(alice, {termsId: hash('none')}), /^UnknownTerms/);
    await refused(make(alice, {modelId: hash('none')}), /^UnknownModel/);
    for (const bond of [0n, BOND - 1n, BOND + 1n]) await refused(make(alice, {bond}), /^NotReceived/);
    await refused(claims.read('claimOf', hash('none')), /UnknownClaim/);
    assert.equal(await state(hash('none')), 'None');
    for (const verb of ['quit', 'close', 'count']) await refused(claims.send(alice, verb, [hash('none')]), /^WrongState/);
    await refused(challenge(alice, hash('none')), /^WrongState/);
    await refused(rule(hash('none'), true), /^WrongState/);
    await owes(0);
  });

  test('the same said twice are two claims', async () => {
    const {alice, bob} = world;
    const ids = [await make(alice), await make(alice), await make(bob)];
    assert.equal(new Set(ids).size, 3);
    const c = await claims.read('claimOf', ids[2]);
    assert.deepEqual([c.root, c.modelId, c.evidence, c.claimant.toLowerCase()], [root, ZERO, evidence, bob.toLowerCase()]);
    await challenge(world.carol, ids[0]);
    assert.deepEqual(await Promise.all(ids.map(state)), ['Disputed', 'Open', 'Open']);
  });

  test('terms are checked, and are whose they are', async () => {
    for (const changes of [{arbiter: ETH}, {bond: 0n}, {bond: 1n}, {window: HOUR - 1}, {window: 91 * 24 * HOUR}, {ruling: 0}, {ruling: 91 * 24 * HOUR}])
      await refused(claims.send(world.bob, 'makeTerms', [termsOf(changes)]), /^BadTerms/);
    const other = termsOf({arbiter: world.bob});
    await claims.send(world.alice, 'makeTerms', [other]);
    await claims.send(world.alice, 'makeTerms', [other]);
    const id = await claims.read('termsIdOf', other);
    assert.notEqual(id, terms);
    const claim = await make(world.alice, {termsId: id});
    await challenge(world.carol, claim);
    await refused(rule(claim, true), /^NotYours/);
    await rule(claim, true, world.bob);
    await claims.send(world.carol, 'count', [claim]);
    assert.equal((await standing(ZERO, id))[0], 'Upheld');
    assert.deepEqual(await standing(), NOTHING);
  });
});

describe('a dispute', () => {
  test('upheld: the challenger pays, half of it to the arbiter; for good', async () => {
    const {alice, bob} = world;
    const id = await make(alice);
    for (const bond of [0n, BOND - 1n, BOND + 1n]) await refused(challenge(bob, id, bond), /^NotReceived/);
    await challenge(bob, id);
    assert.equal(await state(id), 'Disputed');
    await refused(challenge(world.carol, id), /^WrongState/);
    await refused(claims.send(alice, 'quit', [id]), /^WrongState/);
    await refused(claims.send(alice, 'close', [id]), /^WrongState/);
    for (const from of [alice, bob, world.carol]) await refused(rule(id, true, from), /^NotYours/);
    await owes(2);
    await rule(id, true);
    const ruled = await world.time();
    assert.equal(await state(id), 'Upheld');
    assert.deepEqual([await credit(alice), await credit(bob), await credit(arbiter)], [2n * BOND - BOND / 2n, 0n, BOND / 2n]);
    await owes(0);
    await refused(rule(id, false), /^WrongState/);
    await refused(challenge(bob, id), /^WrongState/);
    for (const verb of ['quit', 'close']) await refused(claims.send(alice, verb, [id]), /^WrongState/);
    await claims.send(bob, 'count', [id]);
    await world.pass(80 * 24 * HOUR);
    assert.deepEqual(await standing(), ['Upheld', ruled, id]);
  });

  test('refuted: the claimant pays, and it never counts; challenging himself saves him nothing', async () => {
    const {alice, bob} = world;
    const id = await make(alice);
    await world.pass(WINDOW);
    await claims.send(bob, 'count', [id]);
    assert.equal((await standing())[0], 'Standing');
    // Also behind its window, and at once it counts no more.
    await challenge(bob, id);
    assert.deepEqual(await standing(), NOTHING);
    await rule(id, false);
    assert.equal(await state(id), 'Refuted');
    assert.deepEqual(await standing(), NOTHING);
    await refused(claims.send(bob, 'count', [id]), /^WrongState/);
    assert.deepEqual([await credit(alice), await credit(bob), await credit(arbiter)], [0n, 2n * BOND - BOND / 2n, BOND / 2n]);
    const own = await make(alice);
    await challenge(alice, own);
    await rule(own, false);
    assert.ok((await credit(alice)) < 2n * BOND);
    await owes(0);
  });

  test('undecided: it never counts, bonds go back, a late word is none', async () => {
    const {alice, bob} = world;
    const id = await make(alice);
    await challenge(bob, id);
    await world.pass(RULING - 1);
    assert.equal(await state(id), 'Disputed');
    await world.pass(1);
    assert.equal(await state(id), 'Undecided');
    await refused(rule(id, true), /^WrongState/);
    await refused(challenge(bob, id), /^WrongState/);
    await claims.send(world.carol, 'close', [id]);
    await refused(claims.send(world.carol, 'close', [id]), /^WrongState/);
    assert.deepEqual([await credit(alice), await credit(bob), await credit(arbiter)], [BOND, BOND, 0n]);
    await world.pass(30 * 24 * HOUR);
    assert.equal(await state(id), 'Undecided');
    await refused(claims.send(bob, 'count', [id]), /^WrongState/);
    await owes(0);
  });
});

describe('who leaves', () => {
  test('counts no more at once, and can be challenged for another window', async () => {
    const {alice, bob} = world;
    const id = await make(alice);
    await refused(claims.send(bob, 'quit', [id]), /^NotYours/);
    await world.pass(WINDOW);
    await claims.send(alice, 'count', [id]);
    await claims.send(alice, 'quit', [id]);
    assert.deepEqual([await state(id), ...(await standing())], ['Leaving', ...NOTHING]);
    await refused(claims.send(alice, 'quit', [id]), /^WrongState/);
    await refused(claims.send(alice, 'close', [id]), /^WrongState/);
    await world.pass(WINDOW - 1);
    await challenge(bob, id);
    await rule(id, false);
    assert.equal(await credit(alice), 0n);
    await owes(0);
  });

  test('has his bond behind that, once', async () => {
    const {alice, bob} = world;
    const id = await make(alice);
    await claims.send(alice, 'quit', [id]);
    await world.pass(WINDOW - 1);
    assert.equal(await state(id), 'Leaving');
    await world.pass(1);
    assert.equal(await state(id), 'Left');
    await refused(challenge(bob, id), /^WrongState/);
    await claims.send(bob, 'close', [id]);
    await refused(claims.send(bob, 'close', [id]), /^WrongState/);
    assert.equal(await credit(alice), BOND);
    const before_ = BigInt(await world.node.ask('eth_getBalance', alice, 'latest'));
    await claims.send(bob, 'withdraw', [ETH, alice]);
    assert.equal(BigInt(await world.node.ask('eth_getBalance', alice, 'latest')) - before_, BOND);
    await refused(claims.send(bob, 'withdraw', [ETH, alice]), /^NoCredit/);
    await owes(0);
  });
});

describe('several claims of one statement', () => {
  test('one that falls is replaced, and a bond gives way to a word, never the other way', async () => {
    const {alice, bob, carol} = world;
    const [first, second, third] = [await make(alice), await make(bob, {file: hash('another file')}), await make(carol)];
    await world.pass(WINDOW);
    await claims.send(carol, 'count', [first]);
    await refused(claims.send(carol, 'count', [second]), /^NothingBetter/);
    // A false challenge takes the first for a while; the second stands in for it.
    await challenge(carol, first);
    assert.deepEqual(await standing(), NOTHING);
    await claims.send(bob, 'count', [second]);
    assert.equal((await standing())[2], second);
    await rule(first, true);
    await claims.send(alice, 'count', [first]);
    assert.deepEqual((await standing()).filter((_, i) => i !== 1), ['Upheld', first]);
    await refused(claims.send(carol, 'count', [third]), /^NothingBetter/);
    await refused(claims.send(carol, 'count', [second]), /^NothingBetter/);
    // Who leaves or is refuted changes nothing for it.
    await claims.send(bob, 'quit', [second]);
    await challenge(bob, third);
    await rule(third, false);
    assert.equal((await standing())[2], first);
  });
});

// What everybody may do, in any order, at any time: money is where the states say, and what answers counts.
test('after any steps every wei is a bond of a claim or a credit, and nothing counts that must not', async () => {
  let seed = 20261128;
  const below = (n) => (seed = (seed * 48271) % 2147483647) % n;
  const ids = [];
  const ends = new Map(); // of claims that have ended
  const counts = {};
  const actions = {
    claim: (who) => ids.length < 20 && make(who, {modelId: below(2) ? model : ZERO}).then((id) => ids.push(id)),
    challenge: (who, id) => challenge(who, id),
    rule: (who, id) => rule(id, below(2) === 1, below(4) ? arbiter : who),
    quit: (who, id) => claims.send(who, 'quit', [id]),
    close: (who, id) => claims.send(who, 'close', [id]),
    count: (who, id) => claims.send(who, 'count', [id]),
    withdraw: (who) => claims.send(who, 'withdraw', [ETH, who]),
    wait: () => world.pass(1 + below(2 * HOUR)),
  };
  const people = [world.alice, world.bob, world.carol];
  for (let step = 0; step < 250; ++step) {
    const name = Object.keys(actions)[below(8)];
    const id = ids[below(ids.length || 1)] ?? ZERO;
    const done = await Promise.resolve(actions[name](people[below(3)], id)).then((it) => it !== false, (error) => {
      assert.match(error.message, /^(WrongState|NotYours|NothingBetter|NoCredit)/);
      return false;
    });
    if (done) counts[name] = (counts[name] ?? 0) + 1;
    let bonds = 0;
    for (const each of ids) {
      const now = await state(each);
      const {end} = await claims.read('claimOf', each);
      if (Number(end) === 0) bonds += {Open: 1, Standing: 1, Leaving: 1, Left: 1, Disputed: 2, Undecided: 2}[now];
      if (ends.has(each)) assert.equal(now, ends.get(each));
      else if (Number(end) !== 0) ends.set(each, now);
    }
    if (done) await owes(bonds);
    for (const modelId of [ZERO, model]) {
      const [means, , by] = await standing(modelId);
      if (means === 'None') continue;
      const c = await claims.read('claimOf', by);
      assert.deepEqual([await state(by), c.root, c.modelId, c.termsId], [means, root, modelId, terms]);
      assert.ok(means === 'Standing' || means === 'Upheld');
    }
  }
  for (const name of Object.keys(actions)) assert.ok(counts[name] > 0, `${name}: ${counts[name]}`);
  console.log(`# ${ids.length} claims: ${JSON.stringify(counts)}, ends ${[...ends.values()].sort()}`);
});

test('a file that is in the calldata of a call', async () => {
  const file = text('a certificate');
  await claims.send(world.bob, 'publish', [file]);
  const at = await world.time();
  await world.pass(60);
  await claims.send(world.carol, 'publish', [file]);
  assert.equal(await claims.read('publishedAt', bytesToHex(keccak(file))), at);
  assert.equal(await claims.read('publishedAt', hash('another')), 0n);
});

test('a payee that calls back gets nothing twice', async () => {
  const actor = await world.actor();
  const act = (name, values, value = 0n) => actor.send(world.provider, 'mustAct', [claims.address, value, claims.data(name, ...values)]);
  const {logs} = await act('claim', [terms, root, ZERO, evidence, 'uri'], BOND);
  const [, id] = logs.find(({address}) => address === claims.address.toLowerCase()).topics;
  await make(world.alice);
  await act('quit', [id]);
  await world.pass(WINDOW);
  await claims.send(world.bob, 'close', [id]);
  assert.equal(await credit(actor.address), BOND);
  await actor.send(world.provider, 'setHabit', [3, claims.address, claims.data('withdraw', ETH, actor.address)]); // calls back
  const had = BigInt(await world.node.ask('eth_getBalance', actor.address, 'latest'));
  await claims.send(world.bob, 'withdraw', [ETH, actor.address]);
  assert.equal(BigInt(await world.node.ask('eth_getBalance', actor.address, 'latest')) - had, BOND);
  assert.equal(await actor.read('calledBack'), false);
  await owes(1);
});
