// SPDX-License-Identifier: Apache-2.0
// The cheating provers of the native tests against the contracts: the tests run and keep what they verify (tests/soundness/keep_proofs.cc), and
// the contracts, with nothing mocked, say of every such proof what the native verifier says. Of each test and reason one proof, or as many
// as ZKINFER_KEEP_PROOFS_OF_TEST. ZKINFER_CHEATING_TESTS: the programs, separated by ':'.
import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {mkdirSync, readFileSync, rmSync} from 'node:fs';
import {join} from 'node:path';
import {test} from 'node:test';
import {concat, encode, hexToBytes, selector, words} from './abi.js';
import {Chain, addressWord} from './chain.js';
import {REASONS} from './models.js';

const folder = join(process.env.ZKINFER_WORK, 'kept');
rmSync(folder, {recursive: true, force: true});
mkdirSync(folder, {recursive: true});
for (const program of process.env.ZKINFER_CHEATING_TESTS.split(':')) {
  execFileSync(program, ['--gtest_brief=1'], {env: {ZKINFER_KEEP_PROOFS_OF_TEST: '1', ...process.env, ZKINFER_KEEP_PROOFS: folder}, stdio: 'pipe', maxBuffer: 2 ** 28});
}
const byKey = new Map();
for (const line of readFileSync(join(folder, 'list'), 'utf8').trim().split('\n')) {
  const [name, key, proof, ...reason] = line.split(' ');
  if (!byKey.has(key)) byKey.set(key, []);
  byKey.get(key).push({name, proof, reason: reason.join(' ')});
}

/** What the native verifier says, or the error why contracts do not verify proofs under this key. */
function fixture(key, proof) {
  try {
    return JSON.parse(execFileSync(process.env.ZKINFER_FIXTURE, [join(folder, key), join(folder, proof)], {maxBuffer: 2 ** 28, stdio: ['ignore', 'pipe', 'pipe']}));
  } catch (error) {
    if (error.status !== 2) throw error;
    return {refused: error.stderr.toString()};
  }
}

test('every kept proof is judged as the native verifier judges it', async () => {
  const chain = await Chain.start();
  const inner = [await chain.deploy('ZkInferOuter'), await chain.deploy('ZkInferFunctionals'), await chain.deploy('ZkInferRegistry')];
  const verifier = await chain.deploy('ZkInferVerifier', ...inner.map(addressWord));
  const seen = new Map();
  const tests = new Set();
  let refused = 0;
  let others = 0;
  for (const [key, proofs] of byKey) {
    let modelId;
    let publics = ['0x', '0x'];
    // An accepted proof first: others may have no publics that can be read.
    for (const {name, proof, reason} of proofs.sort((a, b) => (b.reason === 'accepted') - (a.reason === 'accepted'))) {
      const native = fixture(key, proof);
      if (native.refused !== undefined) {
        assert.match(native.refused, /no contract checks proofs|verification program/, `${name}: ${native.refused}`);
        refused += 1;
        continue;
      }
      // A graph of a test that is not written as files are: the key that is read is another one.
      if (native.identity !== `0x${key.slice(0, 64)}`) {
        others += 1;
        continue;
      }
      if (modelId === undefined) {
        const call = concat(selector('register(bytes,string)'), encode({bytes: hexToBytes(native.program)}, {bytes: new Uint8Array()}));
        const {data, error} = await chain.call(inner[2], call);
        assert.equal(error, undefined, `${name}: registration`);
        modelId = data;
      }
      if (native.public_inputs !== undefined) publics = [native.public_inputs, native.public_outputs];
      const bytes = new Uint8Array(readFileSync(join(folder, proof)));
      const context = concat(bytes.slice(44, 76), new Uint8Array(32)).slice(0, 32);
      const ask = () => chain.ask(verifier, concat(selector('verify(bytes32,bytes,bytes,bytes,bytes32)'),
        encode(modelId, ...publics.map((hex) => ({bytes: hexToBytes(hex)})), {bytes}, context)), 60_000_000n);
      let {data, error} = await ask();
      // No proof that could be read has said how long the publics are: zeros will do.
      for (let side = 0; side < 2 && Buffer.compare(data.slice(0, 4), selector('WrongLength(bool,uint256,uint256)')) === 0; ++side) {
        const [isInput, expected] = words(data.slice(4, 68));
        publics = publics.map((hex, i) => (i === (isInput ? 0 : 1) ? `0x${'00'.repeat(Number(expected))}` : hex));
        ({data, error} = await ask());
      }
      assert.equal(error, undefined, `${name} (${reason}): ${Buffer.from(data).toString('hex')}`);
      const got = REASONS[Number(words(data)[0])];
      assert.equal(got, REASONS[native.reason], `${name}, ${proof}: ${native.where}`);
      seen.set(got, (seen.get(got) ?? 0) + 1);
      tests.add(name);
    }
  }
  console.log(`# ${tests.size} tests, ${byKey.size} keys: ${[...seen].map(([reason, n]) => `${reason} ${n}`).join(', ')}; ${refused} proofs under keys that contracts refuse, ${others} under keys that no file holds`);
  assert.ok(tests.size >= 20, `${tests.size} tests`);
  for (const reason of ['None', 'Opening', 'MerklePath', 'NonCanonical', 'Truncated']) assert.ok(seen.has(reason), reason);
});
