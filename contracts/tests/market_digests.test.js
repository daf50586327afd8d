// SPDX-License-Identifier: Apache-2.0
// js/src/market.js against the contract's own values.
import assert from 'node:assert/strict';
import {after, before, describe, test} from 'node:test';
import {Bounties, keyHash, newKey} from '../../js/src/market.js';
import {ZkinferError} from '../../js/src/errors.js';
import {keccak256} from '../../js/src/keccak.js';
import {bytesToHex, hexToBytes, keccak} from './abi.js';
import {ETH, World, bounties, hash, keyOf, refused, sha256} from './market_world.js';

let world;
before(async () => (world = await World.start()));
after(() => world?.stop());

describe('digests of js/src/market.js are the contract\'s', () => {
  test('commitHash, context, spec, structure', async () => {
    const {market, alice} = world;
    const [modelId, certDigest, salt, specDigest] = ['a', 'b', 'c', 'd'].map((x) => hash(x));
    const common = {chainId: world.chainId, market: market.address, bounty: 7n, hunter: alice};
    assert.equal(bounties.commitHash({...common, modelId, certDigest, salt}), await market.read('commitHashOf', 7, alice, modelId, certDigest, salt));
    assert.equal(bounties.contextOf({...common, submission: 3, specDigest, chunk: 2}), await market.read('contextOf', 7, alice, 3, specDigest, 2));
    const {program, structure, source} = world.programs.honest;
    await world.receipts.send(alice, 'setProgram', [modelId, source]);
    assert.equal(await market.read('structureOf', modelId), structure);
    // Of the weights nothing, of the rest everything.
    for (let i = 0; i < program.length; ++i) {
      if (i < 4) continue;
      const other = program.slice();
      other[i] ^= 1;
      assert.equal(bounties.structureOf(other) === structure, i >= 96 && i < 152, `byte ${i}`);
    }
    await refused(market.read('structureOf', hash('nobody')), /^structureOf: UnknownModel/);
  });

  test('what is sealed opens to itself, and to nothing under another key', () => {
    const key = keyOf('x');
    for (const size of [1, 31, 32, 33, 100]) {
      const chunk = hexToBytes(`0x${'a5'.repeat(size)}`);
      assert.deepEqual(bounties.seal(key, 3, bounties.seal(key, 3, chunk)), chunk);
      assert.notDeepEqual(bounties.seal(keyOf('y'), 3, bounties.seal(key, 3, chunk)), chunk);
      assert.notDeepEqual(bounties.seal(key, 3, chunk), bounties.seal(key, 4, chunk));
    }
  });
});

test('js/src/market.js says what is wrong with what it is given', async () => {
  const {spec, sealed} = bounties.sealData(keyOf('x'), [{labels: Uint8Array.of(1, 2), inputs: new Uint8Array(5)}], {rows: 2, dataDigest: hash('data')});
  const good = {chainId: 1, market: ETH, bounty: 0, hunter: ETH, modelId: hash('a'), certDigest: hash('b'), salt: hash('c')};
  const wrong = [
    [() => new Bounties('keccak'), /keccak256: expected a function/],
    [() => bounties.commitHash({...good, hunter: hash('a')}), /hunter: expected 20 bytes, got 32/],
    [() => bounties.commitHash({...good, salt: '0x01'}), /salt: expected 32 bytes, got 1/],
    [() => bounties.commitHash({...good, salt: 'salt'}), /expected hexadecimal digits/],
    [() => bounties.commitHash({...good, bounty: -1}), /a number below 0/],
    [() => bounties.commitHash({...good, chainId: undefined}), /chainId: expected a whole number/],
    [() => bounties.commitHash(), /commitHash: expected an object, got undefined/],
    [() => bounties.contextOf({...good, submission: 0, specDigest: hash('s')}), /chunk: expected a whole number .*got undefined/],
    [() => bounties.contextOf({...good, submission: 0.5, specDigest: hash('s'), chunk: 0}), /submission: expected a whole number .*got 0.5/],
    [() => bounties.specDigest({}), /spec: sealedChunks: expected a list/],
    [() => bounties.checkSealed(spec), /data: expected a list, got undefined/],
    [() => bounties.sealData(keyOf('x'), {labels: '0x00'}, {rows: 1, dataDigest: hash('data')}), /chunks: expected a list/],
    [() => bounties.sealData(keyOf('x'), [{labels: '0x00', inputs: '0x00'}]), /options: expected an object, got undefined/],
    [() => bounties.sealData(keyOf('x'), [3, 4].map((n) => ({labels: '0x00', inputs: new Uint8Array(n)})), {rows: 1, dataDigest: hash('data')}), /inputs: expected as many bytes in each chunk.*got 3,4/],
    [() => bounties.seal(hash('a'), 0, sealed[0]), /key: expected 30 bytes, got 32/],
    [() => bounties.structureOf(new Uint8Array(200)), /evm export/],
    [() => bounties.sealData(keyOf('x'), [], {rows: 2, dataDigest: hash('data')}), /chunks: expected 1 to 64, got 0/],
    [() => bounties.sealData(keyOf('x'), [{labels: Uint8Array.of(1, 2, 3), inputs: new Uint8Array(5)}], {rows: 2, dataDigest: hash('data')}), /a multiple of its 2 rows, got 3/],
    [() => bounties.sealData(keyOf('x'), [{labels: Uint8Array.of(1), inputs: new Uint8Array(100_000)}], {rows: 1, dataDigest: hash('data')}), /100001 bytes, more than a transaction takes/],
    [() => bounties.checkSealed(spec, []), /expected 1 sealed chunks, got 0/],
    [() => bounties.checkSealed(spec, [sealed[0].map((x) => x ^ 1)]), /chunk 0 is not the one of the spec/],
    [() => bounties.checkSealed({...spec, rows: 3}, sealed), /no multiple of its rows/],
    [() => bounties.checkSealed({...spec, openedChunks: []}, sealed), /as many sealed as opened/],
  ];
  for (const [call, pattern] of wrong) assert.throws(call, (error) => error instanceof ZkinferError && pattern.test(error.message), String(pattern));
  const uneven = [new Uint8Array(4), new Uint8Array(6)];
  const digests = uneven.map((chunk) => bytesToHex(keccak(chunk)));
  assert.throws(() => bounties.checkSealed({...spec, sealedChunks: digests, openedChunks: digests}, uneven), /chunks of 4,6 bytes/);
  assert.equal(await keyHash(keyOf('x')), sha256(keyOf('x')));
  assert.equal(newKey().length, 62);
  assert.notEqual(newKey(), newKey());
  assert.equal(bounties.openData(spec, keyOf('y'), sealed)[0].isAsPromised, false);
});

test('js/src/keccak.js is Keccak-256', () => {
  for (let size = 0; size < 300; ++size) {
    const bytes = Uint8Array.from({length: size}, (_, i) => 31 * i + size);
    assert.deepEqual(keccak256(bytes), keccak(bytes));
  }
});
