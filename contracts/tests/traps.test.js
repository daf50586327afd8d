// SPDX-License-Identifier: Apache-2.0
// What verifier contracts are known to get wrong: encodings, answers of inner calls, gas that runs out, programs of others, replay.
import assert from 'node:assert/strict';
import {before, test} from 'node:test';
import {artifacts, bytesToHex, concat, encode, hexToBytes, keccak, selector, word, words} from './abi.js';
import {addressWord} from './chain.js';
import {Deployment, Model, context, instructionsAt} from './models.js';

let model;
let on;
before(async () => {
  model = new Model('traps', 'mlp', ['--public-model', '--security-bits', '100'], []);
  on = await Deployment.of(model);
  await on.answer(model.native);
});

const is = (result, error) => assert.equal(bytesToHex(result.selector ?? new Uint8Array()), bytesToHex(selector(error)));

test('one call has one encoding', async () => {
  const data = on.calldata(model.proof);
  is(await on.send(concat(data, new Uint8Array(32))), 'NonStandardCalldata()');
  is(await on.send(concat(data, new Uint8Array(1))), 'NonStandardCalldata()');
  // Each offset moved by a word, with a word of room behind.
  for (const argument of [1, 2, 3]) {
    const moved = concat(data, new Uint8Array(64));
    const at = 4 + 32 * argument;
    moved.set(word(words(data.slice(at, at + 32))[0] + 32n), at);
    const {reason, error} = await on.send(moved);
    assert.equal(reason, undefined);
    assert.notEqual(error, undefined);
  }
  // Bytes behind the proof's last one, in its last word.
  assert.notEqual(model.proof.length % 32, 0);
  const dirty = data.slice();
  dirty[dirty.length - 1] = 1;
  is(await on.send(dirty), 'NonStandardCalldata()');
  for (const left of [0, 3, 4, 100, data.length - 32, data.length - 1]) {
    const {reason, error} = await on.send(data.slice(0, left));
    assert.equal(reason, undefined, `cut to ${left}`);
    assert.notEqual(error, undefined);
  }
});

test('gas that runs out is an error and no verdict, wherever it does', async () => {
  const {reason, gas} = await on.verify(model.proof);
  assert.equal(reason, 'None');
  for (let share = 1n; share < 16n; ++share) {
    const result = await on.verify(model.proof, {}, (gas * share) / 16n);
    assert.equal(result.reason, undefined, `${share} of 16`);
    assert.notEqual(result.error, undefined);
  }
});

test('an inner contract that answers oddly is an error and no verdict', async () => {
  const odd = await Deployment.of(model, 'OddFunctionals');
  for (const size of [0n, 1n, 32n, 63n, 65n, 96n, 20000n, 2n ** 256n - 1n]) {
    const done = await odd.chain.call(odd.functionals, concat(selector('setSize(uint256)'), encode(size)));
    assert.equal(done.error, undefined);
    const result = await odd.verify(model.proof, {}, 25_000_000n);
    assert.equal(result.reason, undefined, `an answer of ${size} bytes`);
    if (size < 2n ** 255n) is(result, 'InnerCallFailed(address)');
  }
});

test('a program that differs in one bit is refused, or has another id', async () => {
  const seen = new Set([bytesToHex(on.modelId)]);
  let refused = 0;
  // Of the words; what is behind them is the question of whole.test.js.
  const end = instructionsAt(on.program);
  for (let at = 0; at < end; at += 11) {
    const other = on.program.slice();
    other[at] ^= at % 7 === 0 ? 0x80 : 1;
    const {data, error} = await on.register(other);
    if (error !== undefined) {
      ++refused;
      continue;
    }
    assert.ok(!seen.has(bytesToHex(data)), `byte ${at}`);
    seen.add(bytesToHex(data));
  }
  assert.ok(refused > 10, `${refused} programs were refused`);
  for (const left of [0, 31, 32, 64, end, on.program.length - 1]) {
    assert.notEqual((await on.register(on.program.slice(0, left))).error, undefined, `cut to ${left}`);
  }
  // Again: the same id, and nothing changes.
  assert.deepEqual((await on.register(on.program)).data, on.modelId);
});

test('a key with a fixed seed is refused', async () => {
  const other = on.program.slice();
  other[32 + 0x60 + 29] |= 1; // bit 16 of the flags
  const {error, data} = await on.register(other);
  assert.notEqual(error, undefined);
  assert.deepEqual(data.slice(0, 4), selector('BadProgram(string)'));
});

test('receipts: once for a proof, one use per consumer, none for a rejected proof', async () => {
  const receipts = await on.chain.deploy('ZkInferReceipts', addressWord(on.verifier));
  const submit = (proof) => {
    const call = on.calldata(proof);
    call.set(selector('submit(bytes32,bytes,bytes,bytes,bytes32)'));
    return on.chain.call(receipts, call);
  };
  const broken = model.proof.slice();
  broken[broken.length - 1] ^= 1;
  assert.deepEqual((await submit(broken)).data.slice(0, 4), selector('Rejected(uint8)'));
  const publics = [model.native.public_inputs, model.native.public_outputs].map((x) => keccak(hexToBytes(x)));
  const id = keccak(encode(on.modelId, ...publics, context));
  const consume = () => on.chain.call(receipts, concat(selector('consume(bytes32)'), encode(id)));
  assert.deepEqual((await consume()).data.slice(0, 4), selector('NotVerified(bytes32)'));
  for (let i = 0; i < 2; ++i) {
    const {data, error} = await submit(model.proof);
    assert.equal(error, undefined);
    assert.deepEqual(data, id);
  }
  assert.equal((await consume()).error, undefined);
  assert.deepEqual((await consume()).data.slice(0, 4), selector('Consumed(bytes32)'));
});

test('contexts differ by chain, verifier, consumer, purpose and nonce', async () => {
  const ask = async (verifier, consumer, purpose, nonce) =>
    bytesToHex((await on.chain.ask(verifier, concat(selector('contextOf(address,bytes32,uint256)'), encode(consumer, purpose, nonce)))).data);
  const other = await on.chain.deploy('ZkInferVerifier', ...[on.outer, on.functionals, on.registry].map(addressWord));
  const all = new Set([await ask(on.verifier, 1, 2, 3), await ask(on.verifier, 2, 2, 3), await ask(on.verifier, 1, 3, 3), await ask(on.verifier, 1, 2, 4), await ask(other, 1, 2, 3)]);
  assert.equal(all.size, 5);
  const here = await ask(on.verifier, 1, 2, 3);
  const chainId = await on.chain.node.ask('eth_chainId');
  await on.chain.node.ask('anvil_setChainId', 4711);
  try {
    assert.notEqual(await ask(on.verifier, 1, 2, 3), here);
  } finally {
    await on.chain.node.ask('anvil_setChainId', Number(chainId));
  }
});

const ours = Object.entries(artifacts).filter(([name]) => name.startsWith('ZkInfer') || ['ExampleOracle', 'ExampleRootOracle', 'BountyMarket', 'DirectSale'].includes(name));
// What takes money, and says so.
const PAYABLE = ['BountyMarket.create', 'BountyMarket.commit', 'BountyMarket.offerWeights', 'DirectSale.lock', 'ZkInferClaims.claim', 'ZkInferClaims.challenge'];

test('no contract runs the code of others, ends itself, takes value that it does not keep account of, or looks at who began the transaction', () => {
  assert.equal(ours.length, 16);
  const forbidden = new Map([[0xf2, 'CALLCODE'], [0xf4, 'DELEGATECALL'], [0xff, 'SELFDESTRUCT'], [0x32, 'ORIGIN'], [0xf5, 'CREATE2']]);
  for (const [name, {abi, deployed}] of ours) {
    const code = hexToBytes(deployed);
    // What is behind an end and before a JUMPDEST cannot be run: constants are there.
    let runs = true;
    for (let at = 0; at < code.length; ++at) {
      if (code[at] === 0x5b) runs = true;
      if (runs && forbidden.has(code[at])) assert.fail(`${name} has ${forbidden.get(code[at])} at ${at}`);
      if ([0x00, 0x56, 0xf3, 0xfd, 0xfe].includes(code[at])) runs = false; // STOP, JUMP, RETURN, REVERT, INVALID
      if (code[at] >= 0x60 && code[at] <= 0x7f) at += code[at] - 0x5f;
    }
    const seen = new Set();
    for (const {type, name: of, inputs, stateMutability} of abi) {
      assert.ok(type !== 'fallback' && type !== 'receive' && (stateMutability === 'payable') === PAYABLE.includes(`${name}.${of}`), `${name}.${of}`);
      if (type === 'function') seen.add(bytesToHex(selector(`${of}(${inputs.map((input) => input.type).join(',')})`)));
    }
    assert.equal(seen.size, abi.filter(({type}) => type === 'function').length, `${name}: two functions of one selector`);
  }
});

test('words with bits above their type are refused', async () => {
  const above = (address) => concat(word(1).slice(20), hexToBytes(address));
  assert.equal(above(on.verifier).length, 32);
  const receipts = await on.chain.deploy('ZkInferReceipts', addressWord(on.verifier));
  const source = await on.chain.deployData(on.program);
  for (const [to, signature, ...rest] of [
    [on.verifier, 'contextOf(address,bytes32,uint256)', word(2), word(3)],
    [receipts, 'isConsumed(address,bytes32)', word(0)],
    [on.registry, 'validateProgram(address)'],
  ]) {
    const call = (first) => on.chain.ask(to, concat(selector(signature), first, ...rest));
    assert.equal((await call(addressWord(source))).error, undefined, signature);
    assert.notEqual((await call(above(source))).error, undefined, signature);
  }
});
