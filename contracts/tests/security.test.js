// SPDX-License-Identifier: Apache-2.0
// ZkInferSecurity: the bits that a program's parameters prove, as the native analysis says, and never more; a consumer that refuses too few.
import assert from 'node:assert/strict';
import {before, describe, test} from 'node:test';
import {artifacts, bytesToHex, concat, encode, hexToBytes, keccak, selector, text, words} from './abi.js';
import {Chain, addressWord} from './chain.js';
import {Deployment, Model} from './models.js';

let chain;
let functions;
before(async () => {
  chain = await Chain.start();
  functions = await chain.deploy('Logarithms');
});
const GAS = 90_000_000n;
const ask = async (signature, ...args) => {
  const {data, error} = await chain.ask(functions, concat(selector(signature), encode(...args)), GAS);
  assert.equal(error, undefined, signature);
  return words(data).map((x) => BigInt.asIntN(256, x));
};
const inBits = (x) => Number(x) / 2 ** 64;

describe('logarithms', () => {
  test('are on their side of the true one, and close', async () => {
    const xs = [1n, 2n, 3n, 5n, 10n, 1000n, 65537n, 2n ** 64n - 1n, 2n ** 64n + 1n, 2n ** 127n - 1n, 2n ** 128n - 1n, 2n ** 128n + 1n, 3n ** 160n, 2n ** 255n, 2n ** 256n - 1n];
    for (const x of xs) {
      const [down, up] = await ask('both(uint256)', x);
      assert.ok(up - down === 1n << 17n);
      // x^k = 2^(k log x), exactly: floor(k log2 x) is the number of bits of x^k.
      const power = 4096n;
      const floor = BigInt((x ** power).toString(2).length - 1);
      assert.ok(down * power >> 64n <= floor, `${x}`);
      assert.ok(up * power >> 64n >= floor, `${x}`);
      assert.ok(Math.abs(inBits(down) - (Math.log2(Number(x >> 60n || 1n)) + (x >> 60n ? 60 : Math.log2(Number(x))))) < (x >> 60n ? 1 : 1e-9), `${x}`);
    }
    for (const [a, b] of [[0, 0], [-10, -3], [-128.5, -156], [-300, 0]]) {
      const [sum] = await ask('sum(int256,int256)', ...[a, b].map((x) => BigInt.asUintN(256, BigInt(x * 2) << 63n)));
      assert.ok(inBits(sum) >= Math.log2(2 ** a + 2 ** b));
    }
  });

  test('folds and queries, as in docs/soundness.md', async () => {
    for (const [l, n, s] of [[5000, 18, 94], [200, 13, 190], [100, 16, 200], [3, 5, 3], [30000, 16, 20], [2, 30, 200]]) {
      const N = 2 ** n, rho = l / N, r = (l - 1) / N, h = s + 0.5, alpha = Math.sqrt(rho) * (1 + 1 / s);
      const bad = ((2 * h ** 5 + 3 * h * (1 - alpha) * rho) * N) / (3 * r ** 1.5) + h / Math.sqrt(r);
      const [fold] = await ask('fold(uint256,uint256,uint256)', l, n, s);
      const want = Math.log2(bad) - 191.99999793520097;
      assert.ok(Math.abs(inBits(fold) - want) < 1e-9, `${l}, ${n}, ${s}: ${inBits(fold)}, ${want}`);
      const agreeing = Math.floor(alpha * N);
      for (const t of [1, 2, 40, 1024]) {
        if (t >= N) continue;
        let sum = 0;
        for (let i = 0; i < t; ++i) sum += Math.log2(Math.max(agreeing - i, 0) / (N - i));
        const [error] = await ask('queries(uint256,uint256,uint256)', agreeing, N, t);
        if (sum === -Infinity) assert.equal(inBits(error), -1000);
        else assert.ok(Math.abs(inBits(error) - sum) < 1e-9, `${agreeing} of ${N}, ${t}: ${inBits(error)}, ${sum}`);
      }
    }
    // No radius: half of all words agree anyway.
    assert.equal((await ask('fold(uint256,uint256,uint256)', 7000, 13, 3))[0], 2n ** 255n - 1n);
  });
});

// Oracles of a program (docs/formats/program.md): bases, folds and mask, behind the word of sizes; their queries are bytes 18 and 19 of a word.
const u16 = (program, at) => 256 * program[at] + program[at + 1];
const sizesAt = 32 + 128;
const oracles = (program) => program[sizesAt + 12] + program[sizesAt + 13] + 1 + program[sizesAt + 14] + 1;
const queriesAt = (i) => sizesAt + 32 + 32 * i + 18;
function withQueries(program, i, change) {
  const out = program.slice();
  const at = queriesAt(i);
  const queries = u16(out, at) + change;
  [out[at], out[at + 1]] = [queries >> 8, queries & 255];
  return out;
}

const bits = async (program) => {
  const {data, error, gas} = await chain.ask(functions, concat(selector('bits(address)'), addressWord(await chain.deployData(program))), GAS);
  assert.equal(error, undefined, bytesToHex(data));
  return {bits: Number(words(data)[0]), gas};
};

const keys = {
  'digits, 128': ['digits', ['--profile', 'small', '--budget', '16']],
  'digits, 128, as by default': ['digits', []],
  'mlp, 100': ['mlp', ['--profile', 'small', '--budget', '16', '--security-bits', '100']],
  'mlp, 77': ['mlp', ['--profile', 'small', '--budget', '16', '--security-bits', '77']],
  'mlp, public, 128': ['mlp', ['--profile', 'small', '--public-model', '--inputs', 'public']],
  'mlp, committed input and output, 120': ['mlp', ['--profile', 'small', '--budget', '16', '--inputs', 'committed', '--outputs', 'committed', '--security-bits', '120'], {committed: true}],
  'mlp, unique decoding, 128': ['mlp', ['--profile', 'small', '--budget', '16', '--unique-decoding']],
  'mlp, unique decoding, 96': ['mlp', ['--profile', 'small', '--budget', '16', '--unique-decoding', '--security-bits', '96']],
};
describe('bits of a program', () => {
  for (const [name, [example, commitWords, options]] of Object.entries(keys)) {
    test(name, async () => {
      const model = new Model(`security_${name.replaceAll(/[^a-z0-9]+/g, '_')}`, example, commitWords, [], options);
      const program = hexToBytes(model.native.program);
      const {bits: got, gas} = await bits(program);
      console.log(`# ${name}: ${got} bits on chain, ${model.native.security_bits} native, ${gas} gas`);
      assert.equal(got, Math.floor(model.native.security_bits));
      // Each oracle's queries count: one less is less, or the oracle was not the weakest and had a bit to spare.
      for (let i = 0; i < oracles(program); ++i) {
        const {bits: less} = await bits(withQueries(program, i, -1));
        assert.ok(less <= got && less >= got - 8, `oracle ${i}: ${less}`);
        assert.ok((await bits(withQueries(program, i, 1 - u16(program, queriesAt(i))))).bits < 60, `oracle ${i}: one query`);
      }
    });
  }
});

describe('a consumer that refuses less than 128 bits', () => {
  test('takes a model of 128 bits and none of 100, nor one that is not there', async () => {
    const deployments = {};
    for (const [name, more] of [['strong', []], ['weak', ['--security-bits', '100']]]) {
      const model = new Model(`security_${name}`, 'mlp', ['--inputs', 'public', '--profile', 'small', '--budget', '16', ...more], []);
      deployments[name] = await Deployment.of(model, 'ZkInferFunctionals');
    }
    const {strong, weak} = deployments;
    const measured = {};
    for (const [name, on] of Object.entries(deployments)) {
      const security = await chain.deploy('ZkInferSecurity', addressWord(on.registry));
      const call = (signature, id = on.modelId) => chain.call(security, concat(selector(signature), encode(id)), GAS);
      const first = await call('bitsOf(bytes32)');
      const stored = await call('measure(bytes32)');
      const later = await call('bitsOf(bytes32)');
      measured[name] = [first, stored, later].map(({data}) => Number(words(data)[0]));
      assert.ok(later.gas < 6000n, `${later.gas}`);
      assert.deepEqual((await call('measure(bytes32)')).data, later.data);
      assert.deepEqual((await call('bitsOf(bytes32)', keccak(text('none')))).data.slice(0, 4), selector('UnknownModel(bytes32)'));
      const receipts = await chain.deploy('ZkInferReceipts', addressWord(on.verifier));
      on.oracle = () => chain.node.call(null, concat(hexToBytes(artifacts.ExampleOracle.bytecode), encode(addressWord(receipts), addressWord(security), on.modelId)), {gas: GAS});
    }
    const bitsOf = ({model}) => Array(3).fill(model.native.security_bits);
    assert.deepEqual(measured, {strong: bitsOf(strong), weak: bitsOf(weak)});
    assert.ok(measured.strong[0] === 128 && measured.weak[0] >= 100 && measured.weak[0] < 128);
    assert.equal((await strong.oracle()).error, undefined);
    const refused = await weak.oracle();
    assert.deepEqual(refused.data, concat(selector('TooFewBits(uint256,uint256)'), encode(128, measured.weak[0])));
  });
});
