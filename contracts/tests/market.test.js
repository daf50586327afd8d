// SPDX-License-Identifier: Apache-2.0
// BountyMarket: its states, and what people try.
import assert from 'node:assert/strict';
import {after, before, describe, test} from 'node:test';
import {Bounty, ETH, HOUR, SINK, World, bounties, hash, keyOf, refused, sha256} from './market_world.js';

let world;
before(async () => (world = await World.start()));
after(() => world?.stop());
const send = (from, name, ...values) => world.market.send(from, name, values);

describe('a bounty from beginning to end', () => {
  for (const asset of ['ETH', 'token']) {
    test(`in ${asset}: prize by rank, the weights sold, all paid`, async () => {
      const {alice, bob, carol, provider} = world;
      const token = asset === 'ETH' ? ETH : world.token.address;
      const bounty = await world.bounty({token});
      const before = await world.balance();
      assert.equal(await bounty.state(), 'OPEN');
      await bounty.commit(alice, 5);
      await bounty.commit(bob, 7);
      await bounty.commit(carol, 8); // who then stays away
      await bounty.reveal();
      assert.equal(await bounty.state(), 'PROVE');
      const sent = await bounty.score(0);
      assert.deepEqual(world.market.eventsOf(sent), ['Scored']);
      await bounty.score(1);
      await world.pass(3 * HOUR);
      assert.equal(await bounty.state(), 'RANKED');
      const at = {alice: await bounty.credit(alice), bob: await bounty.credit(bob), provider: await bounty.credit(provider), sink: await bounty.credit(SINK)};
      await send(carol, 'settle', bounty.id);
      assert.equal(await bounty.state(), 'EXCHANGE');
      assert.deepEqual(await world.market.read('rankingOf', bounty.id), [1n, 0n]);
      assert.equal(await bounty.credit(bob) - at.bob, 700n);
      assert.equal(await bounty.credit(alice) - at.alice, 300n);
      assert.equal(await bounty.credit(SINK) - at.sink, 30n);
      assert.equal(await bounty.credit(provider) - at.provider, 90n);
      await world.market.send(bob, 'offerWeights', [bounty.id, bounty.offer('share')], bounty.value(20));
      await send(provider, 'accept', bounty.id);
      await send(carol, 'release', bounty.id, keyOf('share'));
      assert.equal(await bounty.state(), 'DONE');
      assert.equal(await bounty.credit(bob) - at.bob, 700n + 520n);
      for (const account of [alice, bob, provider, SINK]) {
        const amount = await bounty.credit(account);
        const has = async () => (asset === 'ETH' ? BigInt(await world.node.ask('eth_getBalance', account, 'latest')) : world.token.read('balanceOf', account));
        const had = await has();
        await send(carol, 'withdraw', token, account);
        assert.equal(await has() - had, amount);
        await refused(send(carol, 'withdraw', token, account), /^NoCredit/);
      }
      const left = await world.balance();
      assert.equal((asset === 'ETH' ? left.eth - before.eth : left.token - before.token), -(1000n + 500n + 90n));
    });
  }

  test('views come in pages', async () => {
    const bounty = await world.bounty();
    for (let i = 0; i < 5; ++i) await bounty.commit(world.alice, 1);
    const page = await world.market.read('submissionsFrom', bounty.id, 1, 3);
    assert.deepEqual(page.map(({commitHash}) => commitHash), bounty.models.slice(1, 4).map((model) => bounty.hashOf(world.alice, {modelId: model.modelId, salt: model.salt})));
    assert.equal((await world.market.read('submissionsFrom', bounty.id, 3, 2n ** 255n)).length, 2);
    assert.deepEqual(await world.market.read('submissionsFrom', bounty.id, 5, 1), []);
    const [found] = await world.market.read('bountiesFrom', bounty.id, 10);
    assert.equal(found.provider, world.provider);
    assert.equal(found.submissions, 5n);
    assert.deepEqual(await world.market.read('bountiesFrom', bounty.id + 1n, 1), []);
    await refused(world.market.read('stateOf', bounty.id + 1n), /UnknownBounty/);
  });

  test('the eight best are ranked, of equal scores the earlier', async () => {
    const hits = [3, 5, 5, 1, 8, 2, 7, 6, 4, 5, 0];
    const bounty = await world.bounty({price: 0n, shares: [5000, 1000, 1000, 1000, 1000, 1000, 0, 0]});
    await bounty.settled(...hits.map((score) => [world.alice, score]));
    assert.deepEqual(await world.market.read('rankingOf', bounty.id), [4n, 6n, 7n, 1n, 2n, 9n, 8n, 0n]);
    assert.equal(await bounty.state(), 'DONE');
  });

  test('terms that cannot work are refused', async () => {
    const time = await world.time();
    const bad = [
      [{commitUntil: time + BigInt(HOUR) - 1n}, 'commitUntil'], [{commitUntil: time - 1n}, 'commitUntil'], [{revealUntil: time + BigInt(HOUR)}, 'revealUntil'], [{proveUntil: time + BigInt(2 * HOUR) + 60n}, 'proveUntil'],
      [{proveUntil: time + BigInt(91 * 24 * HOUR + 2 * HOUR)}, 'proveUntil'], [{acceptWindow: 0}, 'exchange windows'], [{prize: 0n, price: 0n}, 'prize and price'], [{shares: [7000, 2999, 0, 0, 0, 0, 0, 0]}, 'shares'],
      [{shares: [3000, 7000, 0, 0, 0, 0, 0, 0]}, 'shares: more for less'], [{prize: 0n}, 'shares'], [{keyHash: `0x${'00'.repeat(32)}`}, 'keyHash'],
    ];
    for (const [changes, what] of bad) await refused(world.bounty(changes), new RegExp(`^BadTerms\\(${what}\\)`));
    await refused(world.market.send(world.provider, 'create', [(await world.bounty()).terms], {value: 1n}), /^NotReceived|^BadTerms/);
  });
});

describe('somebody cheats with scores', () => {
  let bounty;
  before(async () => {
    bounty = await world.bounty();
    await bounty.commit(world.alice, 5);
    await bounty.commit(world.bob, 2);
    await bounty.commit(world.bob, 8, {program: 'otherwise'});
    // Bob commits to Alice's hash, and to her model.
    await send(world.bob, 'allowStructures', bounty.id, []).catch(() => {});
    await world.market.send(world.bob, 'commit', [bounty.id, bounty.hashOf(world.alice, bounty.models[0])], bounty.value(30));
    await bounty.reveal();
    await bounty.proofs(0);
  });

  test('no proof, no score', async () => refused(bounty.submit(1), /^NotProven\(0,/));
  test('a program that was not allowed, such as one whose constraints show nothing', async () => {
    await bounty.proofs(2);
    await refused(bounty.submit(2), new RegExp(`^NotAllowed\\(${world.programs.otherwise.structure}\\)`));
  });
  test('a model that nobody registered', async () => {
    const hunter = world.alice;
    await refused(bounty.submit(0, bounty.claim(0, {modelId: hash('other')})), /^WrongCommitment/);
    const [modelId, salt] = [hash('not registered'), hash('salt')];
    const other = await world.bounty();
    other.models.push({hunter, modelId, salt, outputs: other.data.map(({labels}) => labels)});
    await world.market.send(hunter, 'commit', [other.id, other.hashOf(hunter, {modelId, salt})], other.value(30));
    await other.reveal();
    await refused(other.submit(0), /^UnknownModel/);
  });
  test('another\'s commitment opens nothing', async () => {
    bounty.models.push({...bounty.models[0], hunter: world.bob});
    await refused(bounty.submit(3), /^WrongCommitment/);
  });
  test('a proof for another hunter, submission, bounty, chunk, market, chain or spec is none here', async () => {
    const other = new Bounty(world, {...bounty, models: bounty.models});
    const claim = bounty.claim(1);
    for (const changes of [{hunter: world.alice}, {submission: 0}, {bounty: bounty.id + 1n}, {market: world.token.address}, {chainId: world.chainId + 1n}, {specDigest: hash('spec')}]) {
      await other.proofs(1, claim, changes);
      await refused(bounty.submit(1), /^NotProven\(0,/);
    }
    // The first chunk's proof in the place of the second's.
    await bounty.proofs(1, {...claim, outputs: [claim.outputs[0]], inputs: [claim.inputs[0]]});
    await refused(bounty.submit(1), /^NotProven\(1,/);
  });
  test('outputs that were not proven, labels and inputs that are not the bounty\'s', async () => {
    const claim = bounty.claim(0);
    const changed = (list, i, x) => list.map((one, j) => (j === i ? x : one));
    await refused(bounty.submit(0, {...claim, outputs: changed(claim.outputs, 1, bounty.data[1].labels)}), /^NotProven\(1,/);
    await refused(bounty.submit(0, {...claim, labels: changed(claim.labels, 1, claim.outputs[1])}), /^WrongChunkData\(1/);
    await refused(bounty.submit(0, {...claim, inputs: changed(claim.inputs, 0, claim.inputs[1])}), /^WrongChunkData\(0/);
    await refused(bounty.submit(0, {...claim, outputs: changed(claim.outputs, 0, claim.outputs[0].slice(1))}), /^WrongChunkData\(0/);
    await refused(bounty.submit(0, {...claim, labels: changed(claim.labels, 0, claim.labels[0].slice(1)), outputs: changed(claim.outputs, 0, claim.outputs[0].slice(1))}), /^WrongChunkData\(0/);
    await refused(bounty.submit(0, {...claim, outputs: claim.outputs.slice(1)}), /^WrongChunkData\(2/);
  });
  test('another spec', async () => refused(bounty.submit(0, bounty.claim(0), {spec: {...bounty.spec, rows: 2}}), /^WrongSpec/));
  test('the same score twice; who sends it makes no difference', async () => {
    const at = await bounty.credit(world.alice);
    await bounty.submit(0, bounty.claim(0), {from: world.bob});
    assert.equal(await bounty.credit(world.alice) - at, 30n);
    assert.equal((await world.market.read('submissionsFrom', bounty.id, 0, 1))[0].score, 5n);
    await refused(bounty.submit(0), /^DoneBefore/);
  });
  test('junk takes no place from anybody', async () => {
    const other = await world.bounty({price: 0n});
    for (let i = 0; i < 12; ++i) await world.market.send(world.bob, 'commit', [other.id, hash('junk', Uint8Array.of(i))], other.value(30));
    for (let i = 0; i < 12; ++i) other.models.push({hunter: world.bob});
    const n = await other.commit(world.alice, 3);
    await other.reveal();
    await other.score(n);
    await world.pass(3 * HOUR);
    const at = [await other.credit(world.alice), await other.credit(SINK)];
    await send(world.bob, 'settle', other.id);
    assert.deepEqual([await other.credit(world.alice) - at[0], await other.credit(SINK) - at[1]], [700n, 360n]);
    await refused(send(world.bob, 'reclaim', other.id, 0), /^WrongState/);
  });
});

describe('a provider cheats', () => {
  test('the key never comes: stakes back, and his stake beside; he has the rest again', async () => {
    const bounty = await world.bounty();
    await bounty.commit(world.alice, 1);
    await bounty.commit(world.bob, 1);
    await world.pass(2 * HOUR);
    assert.equal(await bounty.state(), 'FAULT');
    await refused(send(world.provider, 'revealKey', bounty.id, bounty.key), /^WrongState/);
    const at = [await bounty.credit(world.alice), await bounty.credit(world.provider)];
    await send(world.carol, 'claimFault', bounty.id, 0);
    await refused(send(world.carol, 'claimFault', bounty.id, 0), /^DoneBefore/);
    await send(world.carol, 'settle', bounty.id);
    await refused(send(world.carol, 'settle', bounty.id), /^WrongState/);
    await send(world.carol, 'claimFault', bounty.id, 1); // after the end, too
    await refused(send(world.carol, 'claimFault', bounty.id, 2), /^UnknownSubmission/);
    assert.deepEqual([await bounty.credit(world.alice) - at[0], await bounty.credit(world.provider) - at[1]], [75n, 1500n]);
  });
  test('another key', async () => {
    const bounty = await world.bounty();
    await world.pass(HOUR);
    for (const key of [keyOf('other'), `0x${'00'.repeat(30)}`]) await refused(send(world.provider, 'revealKey', bounty.id, key), /^WrongKey/);
    await send(world.provider, 'revealKey', bounty.id, bounty.key);
    await refused(send(world.provider, 'revealKey', bounty.id, bounty.key), /^WrongState/);
  });
  test('labels leak while models may be committed: whoever has the key ends the bounty at his cost', async () => {
    const bounty = await world.bounty();
    await bounty.commit(world.alice, 1);
    await send(world.bob, 'revealKey', bounty.id, bounty.key);
    assert.equal(await bounty.state(), 'FAULT');
    await refused(bounty.commit(world.bob, 1), /^WrongState/);
    const at = await bounty.credit(world.alice);
    await send(world.carol, 'settle', bounty.id);
    await send(world.carol, 'claimFault', bounty.id, 0);
    assert.equal(await bounty.credit(world.alice) - at, 120n);
  });
  test('a chunk opens to something else: anybody shows it, and who has proven before loses nothing', async () => {
    const bounty = await world.bounty({}, {lie: true});
    await bounty.commit(world.alice, 1);
    await bounty.commit(world.bob, 1);
    await refused(send(world.bob, 'challengeData', bounty.id, bounty.spec, 1, bounty.sealed[1]), /^WrongState/);
    await bounty.reveal();
    const challenge = (index, chunk, spec = bounty.spec) => send(world.carol, 'challengeData', bounty.id, spec, index, chunk);
    await refused(challenge(0, bounty.sealed[0]), /^DataAreAsPromised/);
    await refused(challenge(1, bounty.sealed[0]), /^NotAChunk\(1/);
    await refused(challenge(2, bounty.sealed[0]), /^NotAChunk\(2/);
    await refused(challenge(1, bounty.sealed[1], {...bounty.spec, labelBytes: 8}), /^WrongSpec/);
    const opened = bounties.openData(bounty.spec, bounty.key, bounty.sealed);
    assert.deepEqual(opened.map(({isAsPromised}) => isAsPromised), [true, false]);
    await bounty.proofs(0);
    await refused(bounty.submit(0), /^WrongChunkData\(1/);
    await world.pass(3 * HOUR); // the last moment
    assert.equal(await bounty.state(), 'RANKED');
    await challenge(1, bounty.sealed[1]);
    assert.equal(await bounty.state(), 'FAULT');
    await refused(challenge(1, bounty.sealed[1]), /^WrongState/);
    const at = await bounty.credit(world.bob);
    await send(world.carol, 'claimFault', bounty.id, 1);
    await send(world.carol, 'settle', bounty.id);
    assert.equal(await bounty.credit(world.bob) - at, 75n);
  });
  test('a chunk shorter than its labels is challenged too', async () => {
    const {spec, sealed} = bounties.sealData(keyOf('short'), [{labels: Uint8Array.of(1, 2), inputs: new Uint8Array(1)}], {rows: 2, dataDigest: hash('data')});
    spec.labelBytes = 8;
    const bounty = await world.bounty({specDigest: bounties.specDigest(spec), keyHash: sha256(keyOf('short'))});
    await bounty.commit(world.alice, 1);
    await world.pass(HOUR);
    await send(world.carol, 'revealKey', bounty.id, keyOf('short'));
    await send(world.carol, 'challengeData', bounty.id, spec, 0, sealed[0]);
    assert.equal(await bounty.state(), 'FAULT');
  });
  test('a spec that no contract can work with: nobody scores, everybody has his stake back', async () => {
    const good = bounties.sealData(keyOf('empty'), [{labels: Uint8Array.of(1), inputs: new Uint8Array(1)}], {rows: 1, dataDigest: hash('data')}).spec;
    for (const changes of [{rows: 0}, {sealedChunks: [], openedChunks: []}, {openedChunks: []}, {labelBytes: 0}, {rows: 2, labelBytes: 3}]) {
      const spec = {...good, ...changes};
      const bounty = await world.bounty({specDigest: bounties.specDigest(spec)});
      const n = await bounty.commit(world.alice, 1);
      await bounty.reveal();
      await refused(bounty.submit(n, bounty.claim(n), {spec}), /^BadSpec/);
      await world.pass(3 * HOUR);
      const at = await bounty.credit(world.alice);
      await send(world.carol, 'settle', bounty.id);
      await send(world.carol, 'reclaim', bounty.id, n);
      await refused(send(world.carol, 'reclaim', bounty.id, n), /^DoneBefore/);
      assert.equal(await bounty.credit(world.alice) - at, 30n);
    }
  });
  test('he takes it back: only while nobody has committed', async () => {
    const bounty = await world.bounty();
    await refused(send(world.alice, 'cancel', bounty.id), /^NotYours/);
    const at = await bounty.credit(world.provider);
    await send(world.provider, 'cancel', bounty.id);
    assert.equal(await bounty.credit(world.provider) - at, 1590n);
    await refused(send(world.provider, 'cancel', bounty.id), /^WrongState/);
    await refused(send(world.provider, 'settle', bounty.id), /^WrongState/);
    const other = await world.bounty();
    await other.commit(world.alice, 1);
    await refused(send(world.provider, 'cancel', other.id), /^WrongState/);
  });
  test('he allows nothing after the commitments, others never', async () => {
    const bounty = await world.bounty();
    await refused(send(world.alice, 'allowStructures', bounty.id, [hash('x')]), /^NotYours/);
    await world.pass(HOUR);
    await refused(send(world.provider, 'allowStructures', bounty.id, [hash('x')]), /^WrongState/);
  });
  test('he never pays: the prize needs him for nothing, the price goes back to him, and he has no weights', async () => {
    const bounty = await world.bounty();
    const at = [await bounty.credit(world.alice), await bounty.credit(world.provider)];
    await bounty.settled([world.alice, 4]);
    await world.market.send(world.alice, 'offerWeights', [bounty.id, bounty.offer('k')], bounty.value(20));
    await refused(send(world.alice, 'accept', bounty.id), /^NotYours/);
    await refused(send(world.alice, 'release', bounty.id, keyOf('k')), /^WrongState/);
    await world.pass(HOUR);
    await refused(send(world.provider, 'accept', bounty.id), /^WrongState/);
    await send(world.carol, 'advance', bounty.id);
    assert.equal(await bounty.state(), 'DONE');
    // Stake, 70 % of the prize, the bond; his stake, the share of a second rank that nobody has, the price.
    assert.deepEqual([await bounty.credit(world.alice) - at[0], await bounty.credit(world.provider) - at[1]], [750n, 890n]);
  });
});

describe('a hunter cheats in the exchange', () => {
  test('accepted and never delivered: price to the next rank, the bond to the provider; late is never', async () => {
    const bounty = await world.bounty();
    await bounty.settled([world.alice, 4], [world.bob, 3], [world.carol, 2], [world.alice, 1]);
    await refused(world.market.send(world.bob, 'offerWeights', [bounty.id, bounty.offer('b')], bounty.value(20)), /^NotYours/);
    await world.market.send(world.alice, 'offerWeights', [bounty.id, bounty.offer('a')], bounty.value(20));
    await send(world.provider, 'accept', bounty.id);
    await refused(send(world.alice, 'release', bounty.id, keyOf('b')), /^WrongKey/);
    await refused(send(world.carol, 'advance', bounty.id), /^WrongState/);
    await world.pass(HOUR - 1);
    await refused(send(world.carol, 'advance', bounty.id), /^WrongState/);
    await world.pass(1);
    await refused(send(world.alice, 'release', bounty.id, keyOf('a')), /^WrongState/);
    const at = [await bounty.credit(world.provider), await bounty.credit(world.bob)];
    await send(world.carol, 'advance', bounty.id);
    assert.equal(await bounty.credit(world.provider) - at[0], 20n);
    await refused(send(world.carol, 'advance', bounty.id), /^WrongState/);
    // Bob does not offer; Carol, the third, sells; the fourth would have no turn.
    await world.pass(HOUR);
    await refused(world.market.send(world.bob, 'offerWeights', [bounty.id, bounty.offer('b')], bounty.value(20)), /^WrongState/);
    await send(world.carol, 'advance', bounty.id);
    const had = await bounty.credit(world.carol);
    await world.market.send(world.carol, 'offerWeights', [bounty.id, bounty.offer('c')], bounty.value(20));
    await send(world.provider, 'accept', bounty.id);
    await send(world.bob, 'release', bounty.id, keyOf('c')); // copied from her transaction: it pays her
    assert.equal(await bounty.credit(world.carol) - had, 520n);
    assert.equal(await bounty.credit(world.bob), at[1]);
    for (const call of [['release', keyOf('c')], ['advance'], ['accept'], ['settle']]) await refused(send(world.provider, call[0], bounty.id, ...call.slice(1)), /^WrongState/);
  });
  test('three rounds, then the price is the provider\'s again', async () => {
    const bounty = await world.bounty();
    await bounty.settled([world.alice, 4], [world.bob, 3], [world.carol, 2], [world.alice, 1]);
    const at = await bounty.credit(world.provider);
    for (let i = 0; i < 3; ++i) {
      await world.pass(HOUR);
      await send(world.bob, 'advance', bounty.id);
    }
    assert.equal(await bounty.state(), 'DONE');
    assert.equal(await bounty.credit(world.provider) - at, 500n);
  });
});

describe('deadlines, to the second', () => {
  test('at a deadline what had to be before it is over', async () => {
    const bounty = await world.bounty();
    await bounty.commit(world.alice, 1);
    await world.pass(HOUR - 1);
    await bounty.commit(world.bob, 2);
    await refused(send(world.provider, 'settle', bounty.id), /^WrongState/);
    await world.pass(1);
    assert.equal(await bounty.state(), 'REVEAL');
    await refused(bounty.commit(world.carol, 1), /^WrongState/);
    bounty.models.pop();
    await refused(bounty.submit(0), /^WrongState/);
    await world.pass(HOUR - 1);
    await send(world.carol, 'revealKey', bounty.id, bounty.key);
    await world.pass(2 * HOUR);
    await bounty.score(0);
    await send(world.bob, 'announce', bounty.id, 1, 2, 'ipfs://proofs');
    await refused(send(world.carol, 'announce', bounty.id, 1, 2, ''), /^NotYours/);
    await refused(send(world.carol, 'settle', bounty.id), /^WrongState/);
    await world.pass(1);
    await bounty.proofs(1);
    await refused(bounty.submit(1), /^WrongState/);
    await send(world.carol, 'settle', bounty.id);
    assert.deepEqual(await world.market.read('rankingOf', bounty.id), [0n]);
  });
  test('nobody reaches the threshold: all is the provider\'s, stakes of proven scores the hunters\'', async () => {
    const bounty = await world.bounty({threshold: 5});
    const at = [await bounty.credit(world.provider), await bounty.credit(world.alice)];
    await bounty.settled([world.alice, 4]);
    assert.equal(await bounty.state(), 'DONE');
    assert.deepEqual([await bounty.credit(world.provider) - at[0], await bounty.credit(world.alice) - at[1]], [1590n, 30n]);
  });
});

describe('tokens and payees with bad habits', () => {
  test('deposits of another amount', async () => {
    const {market, provider, alice} = world;
    const bounty = await world.bounty();
    for (const value of [29n, 31n, 0n]) await refused(market.send(alice, 'commit', [bounty.id, hash('x')], {value}), new RegExp(`^NotReceived\\(30, ${value}\\)`));
    const inToken = await world.bounty({token: world.token.address});
    await refused(market.send(alice, 'commit', [inToken.id, hash('x')], {value: 30n}), /^NotReceived\(0, 30\)/);
    await world.token.send(provider, 'setFee', [100]);
    const price = {token: world.token.address, prize: 1000n};
    await refused(world.bounty(price), /^NotReceived\(1590, 1575\)/);
    await world.token.send(provider, 'setFee', [0]);
    await refused(world.bounty({token: world.accounts[9]}), /./); // no contract
  });
  test('a token that blocks a payee, or stops, hurts him alone and not for ever', async () => {
    const bounty = await world.bounty({token: world.token.address});
    await bounty.settled([world.alice, 4], [world.bob, 3]);
    await world.token.send(world.provider, 'setBlocked', [world.alice, true]);
    await refused(send(world.carol, 'withdraw', world.token.address, world.alice), /^Refused/);
    await send(world.carol, 'withdraw', world.token.address, world.bob);
    await world.token.send(world.provider, 'setBlocked', [world.alice, false]);
    await world.token.send(world.provider, 'setStopped', [true]);
    await world.pass(HOUR);
    await send(world.carol, 'advance', bounty.id); // no state waits for the token
    await world.token.send(world.provider, 'setStopped', [false]);
    await send(world.carol, 'withdraw', world.token.address, world.alice);
  });
  test('calls from within a transfer', async () => {
    const bounty = await world.bounty({token: world.token.address});
    await bounty.commit(world.alice, 2);
    const {market, token} = world;
    const inner = [market.data('withdraw', token.address, world.provider), market.data('commit', bounty.id, hash('x')), market.data('create', bounty.terms), market.data('withdraw', ETH, world.provider)];
    for (const data of inner) {
      await token.send(world.provider, 'setCall', [market.address, data]);
      await refused(market.send(world.bob, 'commit', [bounty.id, hash('y')]), /^ReentrancyGuardReentrantCall/);
      await refused(send(world.carol, 'withdraw', token.address, world.provider), /^ReentrancyGuardReentrantCall|^NoCredit/);
    }
    await token.send(world.provider, 'setCall', [ETH, '0x']);
  });
  test('a payee in ETH that refuses, burns all gas, or comes back for more', async () => {
    const actor = await world.actor();
    const bounty = await world.bounty({price: 0n});
    await bounty.commit(actor.address, 6, {send: (name, values, {value}) => actor.send(world.alice, 'mustAct', [world.market.address, value, world.market.data(name, ...values)])});
    await bounty.commit(world.bob, 5);
    await bounty.reveal();
    await bounty.score(0);
    await bounty.score(1);
    await world.pass(3 * HOUR);
    for (const habit of [1, 2]) {
      await actor.send(world.alice, 'setHabit', [habit, ETH, '0x']);
      await refused(send(world.carol, 'withdraw', ETH, actor.address), /./);
    }
    await send(world.carol, 'settle', bounty.id); // nobody is paid in it
    await send(world.carol, 'withdraw', ETH, world.bob);
    await actor.send(world.alice, 'setHabit', [3, world.market.address, world.market.data('withdraw', ETH, actor.address)]);
    const had = BigInt(await world.node.ask('eth_getBalance', actor.address, 'latest'));
    await send(world.carol, 'withdraw', ETH, actor.address);
    assert.equal(BigInt(await world.node.ask('eth_getBalance', actor.address, 'latest')) - had, 730n);
    assert.equal(await actor.read('calledBack'), false);
  });
  test('gifts change nothing', async () => {
    const bounty = await world.bounty({token: world.token.address});
    await world.token.send(world.bob, 'transfer', [world.market.address, 12345]);
    await bounty.commit(world.alice, 1);
    assert.equal((await world.market.read('bountiesFrom', bounty.id, 1))[0].prize, 1000n);
  });
});
