// SPDX-License-Identifier: Apache-2.0
// Proofs of several models and parameters: what the native verifier accepts, the contract accepts, having asked the functionals exactly
// what the native verifier asks; what it rejects, the contract rejects for the same reason.
import assert from 'node:assert/strict';
import {before, describe, test} from 'node:test';
import {hexToBytes, concat, selector, keccak, text} from './abi.js';
import {Deployment, Model, REASONS} from './models.js';
import {Random} from './field.js';

const models = [
  // name, example, words for commit, words for prove
  ['digits, private input', 'digits', [], []],
  ['public input', 'mlp', ['--inputs', 'public', '--security-bits', '100'], []],
  ['public weights', 'mlp', ['--public-model', '--security-bits', '100', '--profile', 'fast'], []],
];

for (const [name, example, commitWords, proveWords] of models) {
  describe(name, () => {
    let model;
    let on;
    before(async () => {
      model = new Model(name.replace(/[^a-z]/g, '_'), example, commitWords, proveWords);
      on = await Deployment.of(model);
    });

    test('accepted, with the native verifier\'s question to the functionals', async () => {
      assert.equal(model.native.reason, 0, model.native.where);
      await on.answer(model.native);
      const {reason, error, gas} = await on.verify(model.proof);
      assert.equal(error, undefined);
      assert.equal(reason, 'None');
      console.log(`# ${name}: ${model.proof.length} bytes, ${gas} gas without the functionals, registered with ${on.registrationGas}`);
    });

    test('the functionals\' answer matters', async () => {
      await on.answer({...model.native, value: `0x${(BigInt(model.native.value) ^ 1n).toString(16)}`});
      assert.equal((await on.verify(model.proof)).reason, 'Opening');
      await on.answer({...model.native, mu: `0x${(BigInt(model.native.mu) ^ 1n).toString(16)}`});
      assert.equal((await on.verify(model.proof)).reason, 'Opening');
    });

    test('mutations are rejected for the native reason', async () => {
      const random = new Random(11);
      const size = model.proof.length;
      const cases = [];
      const flip = (at, bit) => {
        const proof = model.proof.slice();
        proof[at] ^= 1 << bit;
        cases.push([`bit ${bit} of byte ${at}`, proof]);
      };
      // The header byte by byte in steps, the messages before the opening, all the rest, and the mask's end.
      for (const at of [0, 4, 8, 12, 43, 76, 80, 84, 90]) flip(at, random.below(8));
      for (let i = 0; i < 3; ++i) flip(100 + random.below(8000), random.below(8));
      for (let i = 0; i < 5; ++i) flip(random.below(size), random.below(8));
      for (let i = 0; i < 3; ++i) flip(size - 1 - random.below(20000), random.below(8));
      flip(size - 1, 0);
      for (const left of [0, 43, 83, 200, size >> 1, size - 1]) cases.push([`cut to ${left}`, model.proof.slice(0, left)]);
      cases.push(['one byte more', concat(model.proof, new Uint8Array(1))]);
      // A limb that is not below p: all ones in eight bytes somewhere, often enough that not all of them are in hashes.
      for (let i = 0; i < 12; ++i) {
        const proof = model.proof.slice();
        const at = 1000 + 8 * random.below((size - 1100) / 8);
        proof.fill(0xff, at, at + 16);
        cases.push([`ones at ${at}`, proof]);
      }
      const seen = new Set();
      for (const [what, proof] of cases) {
        const native = model.fixture(proof);
        await on.answer(native);
        // What the caller expects stays what it was: a proof of other publics or another context is of another statement.
        const {reason, error} = await on.verify(proof);
        assert.equal(error, undefined, what);
        const expected = REASONS[native.reason];
        if (expected === 'None' || (reason === 'WrongStatement' && native.reason !== 2)) {
          assert.equal(reason, 'WrongStatement', what);
        } else {
          assert.equal(reason, expected, `${what}: ${native.where}`);
        }
        seen.add(reason);
      }
      for (const reason of ['BadHeader', 'WrongStatement', 'Truncated', 'TrailingBytes', 'NonCanonical', 'ProofOfWork', 'MerklePath']) {
        assert.ok(seen.has(reason), `no mutation was rejected as ${reason}`);
      }
    });

    test('other publics, another context, another model', async () => {
      await on.answer(model.native);
      const outputs = hexToBytes(model.native.public_outputs ?? '0x');
      if (outputs.length > 0) {
        outputs[0] ^= 1;
        assert.ok(['WrongStatement', 'BadPublicValue'].includes((await on.verify(model.proof, {outputs})).reason));
        const short = await on.verify(model.proof, {outputs: outputs.slice(1)});
        assert.deepEqual(short.selector, selector('WrongLength(bool,uint256,uint256)'));
      }
      assert.equal((await on.verify(model.proof, {context: keccak(text('another'))})).reason, 'WrongStatement');
      const unknown = await on.verify(model.proof, {modelId: keccak(text('another'))});
      assert.deepEqual(unknown.selector, selector('UnknownModel(bytes32)'));
    });
  });
}
