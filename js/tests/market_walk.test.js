// SPDX-License-Identifier: Apache-2.0
// The blocks of docs/market.md as they stand, on a node of a chain.
import assert from 'node:assert/strict';
import {readFileSync, readdirSync, statSync} from 'node:fs';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import {startAnvil} from './anvil.js';
import {blocks, startWalk} from './market_walk.js';

let anvil;
before(async () => (anvil = await startAnvil()));
after(() => anvil?.stop());

test('the walk-through of docs/market.md', async () => {
  assert.equal(blocks.length, 5);
  const walk = startWalk('walk', anvil.url);
  const {stdout, stderr} = await walk.run(blocks.length);
  assert.match(stdout, /score: 60\nrows: 64\nthreshold: 48\nranks: true/);
  assert.match(stdout, /bounties\n0: DONE, prize 1 ETH, price 0\.1 ETH, 1 submissions, 1 proven/);
  assert.match(stderr, /submit: about \d+ gas, at most [\d.]+ ETH/);
  // No secret is shown, and none is for others to read.
  const at = (name) => join(walk.folder, name);
  for (const name of ['provider.key', 'hunter.key', 'buyer.keys', 'submission.json', 'network.zkshares', 'goods/k2.zkshares']) assert.equal(statSync(at(name)).mode & 0o077, 0, name);
  const {salt} = JSON.parse(readFileSync(at('submission.json'), 'utf8'));
  const {secret_key: secretKey} = JSON.parse(readFileSync(at('buyer.keys'), 'utf8'));
  const secrets = [salt, secretKey, ...['provider.key', 'hunter.key', 'data.key'].map((name) => readFileSync(at(name), 'utf8').trim())].map((secret) => secret.replace(/^0x/, '').slice(0, 24));
  for (const secret of secrets) assert.ok(!(stdout + stderr).includes(secret), 'a secret was shown');
  assert.deepEqual(readdirSync(at('.')).filter((name) => name.endsWith('.part')), []);
});
