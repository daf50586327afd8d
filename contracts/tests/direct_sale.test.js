// SPDX-License-Identifier: Apache-2.0
// DirectSale: the price goes to the seller for the key share, or back.
import assert from 'node:assert/strict';
import {after, before, describe, test} from 'node:test';
import {ETH, HOUR, World, hash, keyOf, refused, sha256} from './market_world.js';

let world;
before(async () => (world = await World.start()));
after(() => world?.stop());

describe('DirectSale', () => {
  let sale;
  const lock = async (token = ETH, seconds = HOUR) => {
    const id = await sale.read('numSales');
    await sale.send(world.provider, 'lock', [token, 100n, sha256(keyOf('share')), world.alice, (await world.time()) + BigInt(seconds), hash('offer')], {value: token === ETH ? 100n : 0n});
    return id;
  };
  before(async () => {
    sale = await world.deploy('DirectSale');
    await world.token.send(world.provider, 'approve', [sale.address, 2n ** 256n - 1n]);
  });
  test('the share pays the seller, whoever sends it, once', async () => {
    for (const token of [ETH, world.token.address]) {
      const id = await lock(token);
      await refused(sale.send(world.bob, 'release', [id, keyOf('other')]), /^WrongKey/);
      await refused(sale.send(world.provider, 'refund', [id]), /^NotNow/);
      await sale.send(world.bob, 'release', [id, keyOf('share')]);
      assert.equal(await sale.read('credits', token, world.alice), 100n);
      await refused(sale.send(world.bob, 'release', [id, keyOf('share')]), /^NotNow/);
      await world.pass(2 * HOUR);
      await refused(sale.send(world.provider, 'refund', [id]), /^NotNow/);
      await sale.send(world.bob, 'withdraw', [token, world.alice]);
    }
  });
  test('nothing comes: the buyer has it back, and late is never', async () => {
    const id = await lock();
    await world.pass(HOUR);
    await refused(sale.send(world.alice, 'release', [id, keyOf('share')]), /^NotNow/);
    await sale.send(world.bob, 'refund', [id]);
    assert.equal(await sale.read('credits', ETH, world.provider), 100n);
    await refused(sale.send(world.bob, 'refund', [id]), /^NotNow/);
    assert.equal((await sale.read('saleOf', id)).isOver, true);
  });
  test('times that make no sense', async () => {
    for (const seconds of [-1, 91 * 24 * HOUR]) await refused(lock(ETH, seconds), /^BadTime/);
    await refused(sale.read('saleOf', 99), /UnknownSale/);
  });
});
