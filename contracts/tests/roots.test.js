// SPDX-License-Identifier: Apache-2.0
// A consumer that pins a root: proofs count under every key that rotations have led to, as claims say it, and under no other.
import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {readFileSync, readdirSync} from 'node:fs';
import {join} from 'node:path';
import {before, test} from 'node:test';
import {bytesToHex, concat, encode, hexToBytes, keccak, selector} from './abi.js';
import {addressWord} from './chain.js';
import {Contract} from './contract.js';
import {Deployment, Model} from './models.js';

const HOUR = 3600;
const ZERO = `0x${'00'.repeat(32)}`;
let model;
let on;
let node;
let people; // of the node
let at; // contracts
let root;
before(async () => {
  model = new Model('roots', 'mlp', ['--inputs', 'public', '--profile', 'small', '--budget', '8'], []);
  on = await Deployment.of(model, 'ZkInferFunctionals');
  ({node} = on.chain);
  people = await node.ask('eth_accounts');
  at = {};
  const deploy = async (name, ...args) => (at[name] = new Contract(node, name, await on.chain.deploy(name, ...args)));
  await deploy('ZkInferReceipts', addressWord(on.verifier));
  await deploy('ZkInferSecurity', addressWord(on.registry));
  await deploy('ZkInferClaims', addressWord(on.registry));
  const terms = {arbiter: people[1], bond: 1000n, window: HOUR, ruling: HOUR};
  await at.ZkInferClaims.send(people[0], 'makeTerms', [terms]);
  at.terms = await at.ZkInferClaims.read('termsIdOf', terms);
  root = bytesToHex(new Uint8Array(readFileSync(model.path[0])).slice(8, 40)); // docs/formats/path.md
  await deploy('ExampleRootOracle', ...['ZkInferReceipts', 'ZkInferSecurity', 'ZkInferClaims'].map((name) => addressWord(at[name].address)), hexToBytes(at.terms), hexToBytes(root));
});

const send = (contract, name, values, options = {}) => at[contract].send(people[0], name, values, options);
const refused = (promise, pattern) => assert.rejects(promise, (error) => pattern.test(error.message) || assert.fail(error.message));
/** A claim that nobody challenges, of the model's file; counted. */
async function stands(file, modelId = ZERO) {
  const {logs} = await send('ZkInferClaims', 'claim', [at.terms, root, modelId, bytesToHex(keccak(readFileSync(file))), 'ipfs://files'], {value: 1000n});
  await node.ask('evm_increaseTime', HOUR);
  await node.ask('evm_mine');
  await send('ZkInferClaims', 'count', [logs[0].topics[1]]);
}
/** A proof for the oracle's round under the key that serves now: its model id, and the path to the key. */
async function answer() {
  const context = hexToBytes(await at.ExampleRootOracle.read('context'));
  const proof = model.prove(context);
  const prepared = Object.assign(Object.create(Model.prototype), model);
  const paths = readdirSync(model.folder).filter((file) => file.endsWith('.zkpath')).map((file) => join(model.folder, file));
  const native = paths.map((path) => [path, Object.assign(prepared, {path: [path]}).fixture(proof)]).find(([, {reason}]) => reason === 0);
  assert.ok(native, 'no path leads to the key of the proof');
  const [path, {program, public_inputs: inputs, public_outputs: outputs}] = native;
  const {data, error} = await on.register(hexToBytes(program));
  assert.equal(error, undefined);
  const modelId = bytesToHex(data);
  const submit = concat(selector('submit(bytes32,bytes,bytes,bytes,bytes32)'), encode(data, {bytes: hexToBytes(inputs)}, {bytes: hexToBytes(outputs)}, {bytes: proof}, context));
  assert.equal((await on.chain.call(at.ZkInferReceipts.address, submit)).error, undefined);
  return {modelId, path, update: () => send('ExampleRootOracle', 'update', [modelId, bytesToHex(keccak(hexToBytes(inputs))), hexToBytes(outputs)])};
}

test('an oracle of one root goes on after a rotation', async () => {
  const key = join(model.folder, 'model.zkkey');
  let {modelId, path, update} = await answer();
  assert.equal(modelId, bytesToHex(on.modelId));
  await refused(update(), /^NotCertified/);
  await stands(join(model.folder, 'model.zkcert'));
  await refused(update(), /^NotUnderRoot/);
  await stands(path, modelId);
  await update();
  // A receipt is of one round.
  await refused(update(), /^NotVerified/);
  // Until the budget is used up, and the next key serves.
  const first = modelId;
  for (let i = 0; i < 10 && modelId === first; ++i) ({modelId, path, update} = await answer());
  assert.notEqual(modelId, first);
  // What the claim says is what the native program says of these files.
  execFileSync(process.env.ZKINFER, ['--quiet', 'verify-path', key, path]);
  await refused(update(), /^NotUnderRoot/);
  await stands(path, modelId);
  const {gas} = await update();
  console.log(`# an answer under a claimed key: ${gas} gas`);
  assert.equal(await at.ExampleRootOracle.read('round'), 2n);
});

test('a claim does not make up for bits', async () => {
  const weak = new Model('roots_weak', 'mlp', ['--inputs', 'public', '--profile', 'small', '--budget', '8', '--security-bits', '100'], []);
  const {data} = await on.register(hexToBytes(weak.native.program));
  await stands(weak.path[0], bytesToHex(data));
  assert.equal(await at.ZkInferClaims.read('isUnder', at.terms, root, bytesToHex(data)), true);
  await refused(send('ExampleRootOracle', 'update', [bytesToHex(data), ZERO, '0x']), /^TooFewBits\(128, 10\d\)/);
});

test('an oracle needs terms that are there', async () => {
  const {deploy} = on.chain;
  await assert.rejects(deploy.call(on.chain, 'ExampleRootOracle', ...['ZkInferReceipts', 'ZkInferSecurity', 'ZkInferClaims'].map((name) => addressWord(at[name].address)), keccak(hexToBytes(root)), hexToBytes(root)), /deployment failed/);
});
