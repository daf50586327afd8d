// SPDX-License-Identifier: Apache-2.0
// Random actors at a market (tests/MarketFuzz.sol): what it holds is what it owes, after every step. ZKINFER_MARKET_STEPS: how many steps,
// for long runs; ZKINFER_MARKET_SEED: where they begin.
import assert from 'node:assert/strict';
import {after, before, test} from 'node:test';
import {concat, encode, selector, words} from './abi.js';
import {Node, argument} from './anvil.js';

const STEPS = Number(process.env.ZKINFER_MARKET_STEPS ?? 20_000);
const SEED = Number(process.env.ZKINFER_MARKET_SEED ?? 1);
const STEPS_OF_A_RUN = 200;
const RUNS_OF_A_CALL = 5;
// What successes are counted of, by MarketFuzz's numbers.
const KINDS = ['create', 'commit', 'cancel', 'revealKey', 'challengeData', 'claimFault', 'announce', 'submitScore', 'settle', 'reclaim', 'offerWeights', 'accept', 'release', 'advance', 'withdraw', 'gift'];

let node;
let fuzz;
before(async () => {
  node = await Node.start(['--gas-limit', '1000000000000', '--base-fee', '0', '--gas-price', '0', '--disable-code-size-limit']);
  const at = {};
  const deploy = async (name, ...args) => (at[name] = argument(await node.deploy(name, ...args)));
  await deploy('SetReceipts');
  await deploy('ClockedMarket', at.SetReceipts);
  await deploy('OddToken');
  fuzz = await node.deploy('MarketFuzz', at.ClockedMarket, at.SetReceipts, at.OddToken);
  await node.ask('anvil_setBalance', fuzz, `0x${(10n ** 25n).toString(16)}`);
});
after(() => node?.stop());

test(`${STEPS} random steps: no money lost, nobody paid twice, nobody locked out`, async () => {
  const counts = KINDS.map(() => 0);
  const calls = Math.ceil(STEPS / (STEPS_OF_A_RUN * RUNS_OF_A_CALL));
  for (let i = 0; i < calls; ++i) {
    const {data, error} = await node.call(fuzz, concat(selector('run(uint256,uint256,uint256)'), encode(SEED + i, RUNS_OF_A_CALL, STEPS_OF_A_RUN)), {gas: 900_000_000_000});
    assert.equal(error, undefined, `seed ${SEED + i}: ${error}: ${Buffer.from(data).toString()}`);
    words(data).slice(2).forEach((count, kind) => (counts[kind] += Number(count)));
    if (i % 100 === 99) console.log(`# ${(i + 1) * STEPS_OF_A_RUN * RUNS_OF_A_CALL} steps`);
  }
  console.log(`# succeeded: ${KINDS.map((kind, i) => `${kind} ${counts[i]}`).join(', ')}`);
  // Steps that never succeed test nothing.
  KINDS.forEach((kind, i) => assert.ok(counts[i] > 0, `${kind} never succeeded`));
});
