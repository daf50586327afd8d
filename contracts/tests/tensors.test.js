// SPDX-License-Identifier: Apache-2.0
// Publics of every kind: hashes of data beside the proof, and commitments. What the exporter writes is accepted, and nothing
// but that.
import assert from 'node:assert/strict';
import {before, describe, test} from 'node:test';
import {bytesToHex, concat, encode, hexToBytes, selector, text} from './abi.js';
import {Chain} from './chain.js';
import {Deployment, Model, REASONS} from './models.js';
import {Random} from './field.js';

const quick = ['--profile', 'fast', '--security-bits', '100', '--budget', '16'];
const models = [
  // name, words for commit, how the input comes, bytes of publicInputs and of publicOutputs
  ['input with SHA-256, beside', ['--inputs', 'public:sha256'], {beside: true}, undefined, undefined],
  ['input with Keccak-256, beside', ['--inputs', 'public:keccak256'], {beside: true}, undefined, undefined],
  ['input committed', ['--inputs', 'committed'], {committed: true}, 56, undefined],
  ['output committed', ['--outputs', 'committed'], {}, 0, 56],
  // Its circuit computes the hash: the program is the code of two contracts.
  ['input private, with its SHA-256', ['--inputs', 'private:sha256'], {long: true}, 32, undefined],
  ['output hidden', ['--outputs', 'private'], {}, 0, 0],
];

for (const [name, commitWords, how, inputBytes, outputBytes] of models) {
  describe(name, () => {
    let model;
    let on;
    before(async () => {
      const output = commitWords.join(' ') === '--outputs committed' ? ['--committed-output', 'output'] : [];
      model = new Model(`tensors_${name.replace(/[^a-z0-9]/gi, '_')}`, 'mlp', [...commitWords, ...quick], output, how);
      on = await Deployment.of(model, 'ZkInferFunctionals');
    });

    test('accepted, as the exporter wrote it', async () => {
      assert.equal(model.native.reason, 0, model.native.where);
      const exported = model.exported();
      assert.equal(exported.model_id, bytesToHex(on.modelId));
      assert.equal(on.program.length > 24575, how.long === true);
      if (how.long) assert.ok(21000 + 16 * on.program.length + Number(on.registrationGas) < 2 ** 24, `${on.registrationGas} gas to register`);
      const calldata = hexToBytes(exported.calldata);
      assert.deepEqual(calldata, on.calldata(model.proof));
      const {reason, error, gas} = await on.send(calldata);
      assert.equal(error, undefined);
      assert.equal(reason, 'None');
      console.log(`# ${name}: ${model.proof.length} bytes, ${gas} gas of execution`);
      if (inputBytes !== undefined) assert.equal(hexToBytes(model.native.public_inputs).length, inputBytes);
      if (outputBytes !== undefined) assert.equal(hexToBytes(model.native.public_outputs).length, outputBytes);
    });

    test('not with other publics', async () => {
      for (const side of ['inputs', 'outputs']) {
        const good = hexToBytes(model.native[`public_${side}`]);
        for (let at = 0; at < good.length; at += 7) {
          const bytes = good.slice();
          bytes[at] ^= 1;
          const {reason, error} = await on.verify(model.proof, {[side]: bytes});
          assert.equal(error, undefined);
          assert.ok(['WrongStatement', 'BadPublicValue'].includes(reason), `${side}, byte ${at}: ${reason}`);
        }
        const {selector: said} = await on.verify(model.proof, {[side]: new Uint8Array(good.length + 1)});
        assert.deepEqual(said, selector('WrongLength(bool,uint256,uint256)'));
      }
    });

    test('changed proofs are rejected for the native reason', async () => {
      const random = new Random(41);
      // The header's digests and commitments, the roots, and anywhere.
      for (const at of [85, 100, 115, 130, 150, 180, 100 + random.below(model.proof.length - 100), model.proof.length - 1]) {
        const proof = model.proof.slice();
        proof[at] ^= 1 << random.below(8);
        const native = model.fixture(proof);
        const {reason, error} = await on.verify(proof);
        assert.equal(error, undefined);
        // The caller's publics stay what they were: what the native verifier takes for another statement is one here.
        if (reason !== 'WrongStatement') assert.equal(reason, REASONS[native.reason], `byte ${at}: ${native.where}`);
        assert.notEqual(reason, 'None', `byte ${at}`);
      }
    });
  });
}

test('a program of more than 65,536 bytes is refused by the registry', async () => {
  const chain = await Chain.start();
  const registry = await chain.deploy('ZkInferRegistry');
  const {error, data} = await chain.call(registry, concat(selector('register(bytes,string)'), encode({bytes: new Uint8Array(65537)}, {bytes: new Uint8Array()})));
  assert.notEqual(error, undefined);
  assert.deepEqual(data, concat(selector('BadProgram(string)'), encode({bytes: text('size')})));
});
