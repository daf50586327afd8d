// SPDX-License-Identifier: Apache-2.0
// The examples on a chain, each as its README has it, and their contracts' sizes.
import assert from 'node:assert/strict';
import {execFile} from 'node:child_process';
import {mkdirSync, rmSync} from 'node:fs';
import {join} from 'node:path';
import {test} from 'node:test';
import {promisify} from 'node:util';
import {artifacts} from './abi.js';

const run = promisify(execFile);
async function example(name) {
  const folder = join(process.env.ZKINFER_WORK, name);
  rmSync(folder, {recursive: true, force: true});
  mkdirSync(folder, {recursive: true});
  const {stdout} = await run(process.execPath, [join(process.env.ZKINFER_SOURCE, 'examples', name, 'run.mjs'), folder], {env: {...process.env, ZKINFER_EVM: process.env.ZKINFER_CONTRACTS}}).catch((error) => assert.fail(`${error.stdout}\n${error.stderr}`));
  console.log(stdout.replace(/^/gm, '# '));
  return stdout;
}
/** The errors that refusals were for, in order. */
const errorsOf = (text) => [...text.matchAll(/^refused: .*: (\w+)\(/gm)].map(([, name]) => name);

test('a lending oracle takes what the network says of what the feed signed, and nothing else', async () => {
  const said = await example('lending_oracle');
  assert.match(said, /bar 1: (40|65|80) % may be lent, (800|1300|1600)000000000000000 wei for one unit/);
  assert.match(said, /bar 2: (40|65|80) % may be lent/);
  assert.deepEqual(errorsOf(said), ['Stale', 'NotNewer', 'NotVerified', 'NotVerified', 'NotTheFeeds', 'NotTheFeeds', 'NotTheFeeds', 'NotNow', 'Stale']);
});

test('a vault trades as its strategy says, whoever sends it, once a bar and at the bar\'s price', async () => {
  const said = await example('trading_vault');
  assert.match(said, /bar 1: bought, .* holds 0\.0000 ETH and 4\.97\d\d of the asset/);
  assert.match(said, /bar 2: nothing is done; the vault holds 0\.0000 ETH and 4\.97/);
  assert.match(said, /bar 3: sold; the vault holds [45]\.\d{4} ETH and 0\.0000 of the asset/);
  assert.match(said, /the investor has withdrawn: the vault holds 0\.0000 ETH and 0\.0000 of the asset/);
  assert.deepEqual(errorsOf(said), ['NotNewer', 'NotVerified', 'NotVerified', 'NotTheFeeds', 'NotNewer', 'NotNow', 'Slipped', 'NotTheInvestor']);
});

test('their contracts are ones that a chain takes', () => {
  for (const name of ['LendingOracle', 'TradingVault', 'ExamplePool']) assert.ok(artifacts[name].deployed.length / 2 - 1 <= 24576, name);
});
