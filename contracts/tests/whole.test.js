// SPDX-License-Identifier: Apache-2.0
// Whole verifications: the contract that runs a program's instructions gives what the native verifier computes, proofs are accepted with
// nothing mocked, and programs that would read or write where they must not are refused when they are registered.
import assert from 'node:assert/strict';
import {before, describe, test} from 'node:test';
import {concat, hexToBytes, selector, words} from './abi.js';
import {Deployment, Model, REASONS, instructionsAt} from './models.js';
import {Random} from './field.js';

const models = [
  // name, example, words for commit, largest transaction in gas: 21,000, 16 a byte, execution
  ['digits, profile small', 'digits', ['--profile', 'small', '--budget', '16'], 9_000_000],
  ['public input', 'mlp', ['--inputs', 'public', '--security-bits', '100'], 9_000_000],
  ['public weights', 'mlp', ['--public-model', '--security-bits', '100', '--profile', 'fast'], 13_000_000],
];

for (const [name, example, commitWords, most] of models) {
  describe(name, () => {
    let model;
    let on;
    before(async () => {
      model = new Model(`whole_${name.replace(/[^a-z]/g, '_')}`, example, commitWords, []);
      on = await Deployment.of(model, 'ZkInferFunctionals');
    });

    test('mu and value are the native verifier\'s', async () => {
      const {data, error, gas} = await on.evaluate(on.program, model.native.request);
      assert.equal(error, undefined);
      assert.deepEqual(words(data), [BigInt(model.native.mu), BigInt(model.native.value)]);
      console.log(`# ${name}: functionals ${gas} gas, program ${on.program.length} bytes`);
    });

    test('a request of another length is an error', async () => {
      const {error, data} = await on.evaluate(on.program, model.native.request.slice(1));
      assert.notEqual(error, undefined);
      assert.deepEqual(data.slice(0, 4), selector('WrongRequest(uint256,uint256)'));
    });

    test('accepted, within one transaction', async () => {
      const {reason, error, gas} = await on.verify(model.proof);
      assert.equal(error, undefined);
      assert.equal(reason, 'None');
      const calldata = on.calldata(model.proof);
      const transaction = 21000 + 16 * calldata.length + Number(gas);
      console.log(`# ${name}: ${model.proof.length} bytes, ${gas} gas of execution, ${transaction} in all`);
      assert.ok(calldata.length <= 131072 - 256);
      assert.ok(transaction <= most, `${transaction} gas, at most ${most}`);
    });

    test('changed proofs are rejected for the native reason', async () => {
      const random = new Random(23);
      const size = model.proof.length;
      for (let i = 0; i < 6; ++i) {
        const proof = model.proof.slice();
        // Among them the mask's response, where only the functionals' answer says what is wrong.
        proof[i < 3 ? size - 1 - random.below(12000) : 100 + random.below(size - 100)] ^= 1 << random.below(8);
        const native = model.fixture(proof);
        const {reason, error} = await on.verify(proof);
        assert.equal(error, undefined);
        assert.equal(reason, REASONS[native.reason], native.where);
      }
    });

    test('a proof of this model is none of the same model with other outputs', async () => {
      const outputs = hexToBytes(model.native.public_outputs);
      if (outputs.length === 0) return;
      outputs[outputs.length - 1] ^= 1;
      assert.ok(['WrongStatement', 'BadPublicValue'].includes((await on.verify(model.proof, {outputs})).reason));
    });
  });
}

describe('registration of instructions', () => {
  let model;
  let on;
  before(async () => {
    model = new Model('whole_registration', 'mlp', ['--inputs', 'public', '--security-bits', '100'], []);
    on = await Deployment.of(model, 'ZkInferFunctionals');
  });

  test('none that reads or writes outside its registers is taken', async () => {
    const begin = instructionsAt(on.program);
    const random = new Random(31);
    let refused = 0;
    let taken = 0;
    for (let i = 0; i < 30; ++i) {
      const program = on.program.slice();
      const at = i < 7 ? begin + i : begin + 7 + random.below(program.length - begin - 7);
      program[at] ^= i < 7 ? 0x80 : 1 + random.below(255);
      const {error, data} = await on.register(program);
      if (error !== undefined) {
        ++refused;
        continue;
      }
      // What is taken can be run: it ends, within the gas that is given, and says something else or the same.
      ++taken;
      const ran = await on.evaluate(program, model.native.request);
      assert.equal(ran.error, undefined, `byte ${at}`);
      assert.notDeepEqual(data, on.modelId, 'another program has another id');
    }
    assert.ok(refused > 8 && taken > 0, `${refused} refused, ${taken} taken`);
  });

  test('cut off, longer, of other inputs', async () => {
    for (const program of [on.program.slice(0, -1), on.program.slice(0, instructionsAt(on.program)), concat(on.program, new Uint8Array(1))]) {
      const {error} = await on.register(program);
      assert.notEqual(error, undefined);
    }
    const other = on.program.slice();
    other[instructionsAt(other) + 1] ^= 1; // inputs
    const {error, data} = await on.register(other);
    assert.notEqual(error, undefined);
    assert.deepEqual(data.slice(0, 4), selector('BadProgram(string)'));
  });

  test('a proof checked with another program is not accepted', async () => {
    // A coefficient of the last sum: a program that can be run, of the same identity, under an id of its own.
    const begin = instructionsAt(on.program);
    let tried = 0;
    for (let at = on.program.length - 6; at > begin && tried < 3; at -= 37) {
      const program = on.program.slice();
      program[at] ^= 1;
      const {error, data} = await on.register(program);
      if (error !== undefined) continue;
      ++tried;
      assert.notDeepEqual(data, on.modelId);
      const {reason} = await on.verify(model.proof, {modelId: data});
      assert.equal(reason, 'Opening');
    }
    assert.ok(tried > 0);
  });
});
