// SPDX-License-Identifier: Apache-2.0
// Proofs made in WebAssembly are proofs for the native program; the model computes and is committed as it does there.
import assert from 'node:assert/strict';
import {join} from 'node:path';
import {before, test} from 'node:test';
import {pathToFileURL} from 'node:url';
import {Folder, web, zkinferModule as zkinfer} from './native.js';

const {loadModel} = await import(pathToFileURL(join(web, 'zkinfer/src/prover.js')));
const folder = new Folder('prove');
let model;
const image = Array.from({length: 64}, (_, i) => ((7 * i) % 17) / 16);
const refused = (f, code, pattern) => assert.throws(f, (error) => error instanceof zkinfer.ZkinferError && error.code === code && pattern.test(error.message));

before(async () => {
  folder.copy('examples/digits/digits.onnx', 'examples/digits/calibration.npy', 'examples/mlp/mlp.onnx', 'examples/mlp/calibration.json', 'examples/mlp/input.json');
  folder.run('compile', 'digits.onnx', '-c', 'calibration.npy');
  folder.run('compile', 'mlp.onnx', '-c', 'calibration.json');
  folder.write('image.json', JSON.stringify({input_data: [image]}));
  model = await loadModel(folder.read('digits.zkmodel'));
});

test('a model says of itself what the program says, and computes the same', () => {
  const native = folder.json('inspect', 'digits.zkmodel');
  assert.equal(model.info.structure, native.structure);
  assert.equal(model.info.parameters, native.parameters);
  assert.deepEqual(model.info.preprocessing, native.preprocessing);
  const run = folder.json('run', 'digits.zkmodel', '-i', 'image.json');
  assert.deepEqual(model.run(image).outputs[0].integers, run.outputs[0].integers);
  assert.equal(model.run(image.map((x) => 3 * x)).clipped, image.filter((x) => 3 * x > 1.001).length);
});

test('a public model has the program\'s key, and its proofs need nothing but the model', () => {
  folder.run('commit', 'digits.zkmodel', '--public-model', '--key', 'public.zkkey');
  const prover = model.commit({publicWeights: true});
  assert.deepEqual(prover.key, folder.read('public.zkkey'));
  const {proof, outputs} = prover.prove(image, {context: 'order-1'});
  folder.write('public.zkproof', proof);
  const native = folder.json('verify', 'public.zkproof', '--key', 'public.zkkey', '--model', 'digits.zkmodel', '--context', 'order-1');
  assert.equal(native.accepted, true, JSON.stringify(native));
  assert.deepEqual(outputs[0].integers, native.outputs[0].integers);
  assert.equal(native.inputs[0].integers, undefined, 'the input is hidden');
  assert.equal(folder.json('verify', 'public.zkproof', '--key', 'public.zkkey', '--model', 'digits.zkmodel', '--context', 'order-2').accepted, false);
  prover.close();
  refused(() => prover.prove(image), 'invalid_argument', /closed/);
});

test('hidden weights have a key of their own each time, with a certificate; every proof is another', async () => {
  const prover = model.commit({profile: 'fast', budget: 4});
  assert.notDeepEqual(prover.key, model.commit({profile: 'fast', budget: 4}).key);
  const certificate = prover.certify();
  const first = prover.prove([image]), second = prover.prove({data: Float32Array.from(image), shape: [1, 1, 8, 8]});
  assert.notDeepEqual(first.proof, second.proof, 'fresh randomness');
  folder.write('own.zkkey', prover.key);
  folder.write('own.zkcert', certificate);
  for (const [name, {proof}] of Object.entries({first, second})) {
    folder.write(`${name}.zkproof`, proof);
    const native = folder.json('verify', `${name}.zkproof`, '--key', 'own.zkkey');
    assert.equal(native.accepted, true, JSON.stringify(native));
    assert.equal(native.zero_knowledge && native.security_bits >= 127.9, true);
    assert.equal((await zkinfer.verify(proof, prover.key, {certificate})).accepted, true);
  }
  const changed = first.proof.slice();
  changed[changed.length >> 1] ^= 1;
  assert.equal((await zkinfer.verify(changed, prover.key, {certificate})).accepted, false);
  // The last slot is kept for a rotation.
  refused(() => prover.prove(image), 'resource_limit', /budget|slot/);
});

test('what cannot be proved is said before anything is computed', async () => {
  refused(() => model.run([1, 2]), 'invalid_argument', /expected 64 numbers, of the shape \[1, 1, 8, 8\], got 2/);
  refused(() => model.run('x'), 'invalid_argument', /expected an array of numbers/);
  refused(() => model.run([image, image]), 'invalid_argument', /expected 64 numbers, .* got 128/);
  refused(() => model.run(image.map((x, i) => (i === 5 ? NaN : x))), 'out_of_range', /element 5 is not a number/);
  refused(() => model.commit({profile: 'tiny'}), 'invalid_argument', /profile: expected balanced, fast, small/);
  refused(() => model.commit({hidden: true}), 'invalid_argument', /there is no 'hidden'/);
  refused(() => model.commit({budget: 1}), 'invalid_argument', /budget|2/);
  refused(() => model.commit({securityBits: 8}), 'invalid_argument', /bits/);
  const bytes = folder.read('digits.zkmodel');
  for (const changed of [bytes.slice(0, 1000), new Uint8Array(0), folder.read('digits.onnx')])
    await assert.rejects(loadModel(changed), (error) => error instanceof zkinfer.ZkinferError && error.code !== 'internal');
  const again = await loadModel(folder.read('mlp.zkmodel'));
  assert.equal(again.run([5.1, 3.5, 1.4, 0.2]).outputs[0].values.length, 3);
});
