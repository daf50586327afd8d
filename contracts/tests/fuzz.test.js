// SPDX-License-Identifier: Apache-2.0
// Changed calldata is never accepted: a reason, an error by its name, or, where no arguments can be read from it, an empty revert. With
// ZKINFER_FUZZ_RUNS as many calls as it says, from another seed each time.
import assert from 'node:assert/strict';
import {before, test} from 'node:test';
import {artifacts, bytesToHex, concat, selector} from './abi.js';
import {Deployment, Model} from './models.js';
import {Random} from './field.js';

const runs = Number(process.env.ZKINFER_FUZZ_RUNS ?? 150);
const seed = process.env.ZKINFER_FUZZ_RUNS === undefined ? 20 : Date.now() % 2 ** 31;
const HEAD = 4 + 5 * 32;
let on;
let good;
before(async () => {
  const model = new Model('fuzz', 'mlp', ['--inputs', 'public', '--profile', 'fast', '--security-bits', '100', '--budget', '16'], []);
  on = await Deployment.of(model, 'ZkInferFunctionals');
  good = on.calldata(model.proof);
  assert.equal((await on.send(good)).reason, 'None');
});

const errors = new Map(artifacts.ZkInferVerifier.abi.filter(({type}) => type === 'error')
  .map(({name, inputs}) => [bytesToHex(selector(`${name}(${inputs.map(({type}) => type).join(',')})`)), name]));

// Where: the head, the publics, the proof's header and messages, and anywhere.
function place(random, bytes) {
  switch (random.below(4)) {
    case 0: return random.below(HEAD);
    case 1: return random.below(Math.min(bytes.length, 700));
    case 2: return random.below(Math.min(bytes.length, 8000));
    default: return random.below(bytes.length);
  }
}

const changes = [
  (bytes, random) => { bytes[place(random, bytes)] ^= 1 << random.below(8); return bytes; },
  (bytes, random) => { bytes[place(random, bytes)] = random.below(256); return bytes; },
  (bytes, random) => { const at = place(random, bytes); return bytes.fill([0, 0xff][random.below(2)], at, at + 1 + random.below(64)); },
  // Two words exchanged, or one over another.
  (bytes, random) => {
    const [a, b] = [0, 0].map(() => Math.min(place(random, bytes), bytes.length - 32));
    const x = bytes.slice(a, a + 32);
    if (random.below(2)) bytes.copyWithin(a, b, b + 32);
    bytes.set(x, b);
    return bytes;
  },
  (bytes, random) => bytes.slice(0, place(random, bytes)),
  (bytes, random) => concat(bytes, new Uint8Array(1 + random.below(100)).fill(random.below(256))),
  // Bytes taken out, or put in.
  (bytes, random) => { const at = place(random, bytes); return concat(bytes.slice(0, at), bytes.slice(at + 1 + random.below(40))); },
  (bytes, random) => { const at = place(random, bytes); return concat(bytes.slice(0, at), new Uint8Array(1 + random.below(40)), bytes.slice(at)); },
  // An offset or length that is small, large, or another's.
  (bytes, random) => {
    const at = 4 + 32 * random.below(8);
    const values = [0n, 1n, 31n, 32n, 160n, BigInt(good.length), 2n ** 32n, 2n ** 64n - 1n, 2n ** 255n, 2n ** 256n - 1n];
    bytes.set(Buffer.from(values[random.below(values.length)].toString(16).padStart(64, '0'), 'hex'), at);
    return bytes;
  },
];

test('no changed call is accepted', async () => {
  const random = new Random(seed);
  const seen = {};
  for (let run = 0; run < runs; ++run) {
    let bytes = good.slice();
    for (let i = 0; i <= random.below(2); ++i) bytes = changes[random.below(changes.length)](bytes, random);
    if (Buffer.compare(bytes, good) === 0) continue;
    const result = await on.send(bytes);
    const where = `run ${run} of seed ${seed}`;
    assert.notEqual(result.reason, 'None', where);
    const error = bytesToHex(result.selector ?? new Uint8Array());
    if (result.reason === undefined && error !== '0x') assert.ok(errors.has(error), `${where}: ${error}`);
    assert.ok(result.gas < 20_000_000n, where);
    const name = result.reason ?? errors.get(error) ?? 'no arguments';
    seen[name] = (seen[name] ?? 0) + 1;
  }
  console.log(`# ${runs} calls: ${JSON.stringify(seen)}`);
  assert.ok(Object.keys(seen).length >= (runs >= 100 ? 6 : 1));
});
