// SPDX-License-Identifier: Apache-2.0
// The package says of every proof, changed proof and bad input what the native program says.
import assert from 'node:assert/strict';
import {spawnSync} from 'node:child_process';
import {cpSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {before, describe, test} from 'node:test';
import {gzipSync} from 'node:zlib';
import {Folder, web, zkinferModule as zkinfer} from './native.js';

const {verify, inspect, loadKey, ZkinferError} = zkinfer;

// Without what differs from run to run.
function settled({verify_seconds, ...result}) {
  assert.equal(typeof verify_seconds, 'number');
  return result;
}

// Changed copies of a proof: bytes all over it, cut off, and longer.
function mutations(proof, count) {
  const out = {};
  for (let i = 0; i < count; ++i) {
    const at = Math.floor((i * (proof.length - 1)) / (count - 1));
    const changed = proof.slice();
    changed[at] ^= 1 << i % 8;
    out[`byte${at}`] = changed;
  }
  for (const part of [0.1, 0.5, 0.99]) out[`cut${part}`] = proof.slice(0, Math.floor(part * proof.length));
  out.longer = new Uint8Array([...proof, 0]);
  return out;
}

// Each changed proof in one run of the native program, and in the module.
async function compareMutations(folder, name, proofFile, keyFile, certificateFile, options = {}, words = []) {
  const proof = folder.read(proofFile);
  const changed = mutations(proof, 40);
  for (const [at, bytes] of Object.entries(changed)) folder.write(`${name}/${at}.zkproof`, bytes);
  const native = folder.json('verify', name, '--key', keyFile, '--certificate', certificateFile, ...words);
  assert.equal(native.num_items, Object.keys(changed).length);
  const key = await loadKey(folder.read(keyFile), {certificate: folder.read(certificateFile)});
  let rejected = 0;
  for (const item of native.items) {
    const bytes = changed[item.proof.split('/').pop().replace('.zkproof', '')];
    if (item.error) {
      assert.throws(() => key.verify(bytes, options), (error) => error.code === item.error.code.replace(' ', '_'), item.proof);
      continue;
    }
    const result = key.verify(bytes, options);
    assert.equal(result.accepted, item.accepted, item.proof);
    assert.deepEqual([result.reason, result.where.replace(/, and .*/, '')], [item.reason, item.where.replace(/, and .*/, '')], item.proof);
    ++rejected;
  }
  assert.ok(rejected >= 40, `${rejected} rejections were compared`);
  key.close();
}

test('the module is not larger than a page should load', () => {
  const size = gzipSync(readFileSync(join(web, 'zkinfer/zkinfer.wasm')), {level: 9}).length;
  assert.ok(size <= 500 * 1024, `${size} bytes gzipped`);
});

describe('digits, weights and input private', () => {
  const folder = new Folder('digits');
  before(() => {
    folder.copy('examples/digits/digits.onnx', 'examples/digits/calibration.npy', 'examples/digits/digit_7.png', 'examples/digits/digit_3.png');
    folder.run('compile', 'digits.onnx', '-c', 'calibration.npy');
    folder.run('commit', 'digits.zkmodel', '--budget', '16');
    folder.run('prove', 'digits.zkmodel', '-i', 'digit_7.png', '-o', 'x.zkproof', '--context', 'order-1');
    folder.run('bundle', 'x.zkproof', '--key', 'digits.zkkey', '-o', 'x.zkbundle');
  });
  const given = () => ({certificate: folder.read('digits.zkcert'), path: paths(folder, 'x.zkproof')});

  test('says what the command line says', async () => {
    const native = folder.json('verify', 'x.zkproof', '--key', 'digits.zkkey');
    assert.equal(native.accepted, true);
    assert.deepEqual(settled(await verify(folder.read('x.zkproof'), folder.read('digits.zkkey'), given())), settled(native));
    const bound = await verify(folder.read('x.zkproof'), folder.read('digits.zkkey'), {...given(), context: 'order-1'});
    assert.equal(bound.accepted, true);
  });
  test('a bundle needs nothing else', async () => {
    const native = folder.json('verify', 'x.zkbundle', '--key', 'digits.zkkey');
    assert.deepEqual(settled(await verify(folder.read('x.zkbundle'), folder.read('digits.zkkey'))), settled(native));
  });
  test('the example does the same, with the package as npm installs it', () => {
    folder.copy('js/examples/verify.mjs');
    cpSync(join(web, 'zkinfer'), join(folder.path, 'node_modules/zkinfer'), {recursive: true});
    folder.write('package.json', JSON.stringify({dependencies: {zkinfer: '*'}}));
    const run = (...files) => spawnSync(process.execPath, ['verify.mjs', ...files], {cwd: folder.path, encoding: 'utf8'});
    const accepted = run('x.zkbundle', 'digits.zkkey');
    assert.deepEqual([accepted.status, accepted.stdout.split('\n')[0]], [0, 'ACCEPTED'], accepted.stderr);
    assert.match(accepted.stdout, /logits \[/);
    assert.equal(run('x.zkproof', 'digits.zkkey', 'digits.zkcert').status, 1);
    const bad = run('digits.zkkey', 'digits.zkkey');
    assert.equal(bad.status, 2);
    assert.match(bad.stderr, /^zkinfer: proof: this is a key/);
  });
  test('another context, key, identity or path is rejected as there', async () => {
    for (const [words, options] of [[['--context', 'order-2'], {context: 'order-2'}], [['--identity', '00'.repeat(32)], {identity: '00'.repeat(32)}]]) {
      const native = folder.json('verify', 'x.zkproof', '--key', 'digits.zkkey', ...words);
      const result = await verify(folder.read('x.zkproof'), folder.read('digits.zkkey'), {...given(), ...options});
      assert.equal(native.accepted, false);
      assert.deepEqual([result.accepted, result.reason, result.hint], [false, native.reason, native.hint]);
    }
    const {certificate} = given();
    const missing = await verify(folder.read('x.zkproof'), folder.read('digits.zkkey'), {certificate});
    assert.match(missing.where, /no path from this key to that one is there/);
    const changed = certificate.slice();
    changed[changed.length >> 1] ^= 4;
    folder.write('changed.zkcert', changed);
    const native = folder.json('verify', 'x.zkproof', '--key', 'digits.zkkey', '--certificate', 'changed.zkcert');
    const result = await verify(folder.read('x.zkproof'), folder.read('digits.zkkey'), {...given(), certificate: changed});
    assert.deepEqual([result.reason, result.where], [native.reason, native.where]);
  });
  test('changed proofs are rejected for the same reason at the same place', async () => {
    await compareMutations(folder, 'changed', 'x.zkproof', 'digits.zkkey', 'digits.zkcert', {path: paths(folder, 'x.zkproof')}, ['--path', ...pathFiles(folder, 'x.zkproof')]);
  });
  test('files say what they are', async () => {
    for (const file of ['digits.zkkey', 'x.zkproof', 'digits.zkcert', 'x.zkbundle', ...pathFiles(folder, 'x.zkproof')]) {
      // Alone: beside its key a certificate is checked.
      folder.write(`alone_${file}/${file}`, folder.read(file));
      const {file: name, text, warnings, ...native} = folder.json('inspect', `alone_${file}/${file}`);
      assert.deepEqual(await inspect(folder.read(file)), native, file);
    }
  });
  test('bad input is an error that says what to do', async () => {
    const key = folder.read('digits.zkkey'), proof = folder.read('x.zkproof');
    const bad = async (pattern, call) => assert.rejects(call, (error) => error instanceof ZkinferError && error.code === 'invalid_argument' && pattern.test(error.message));
    await bad(/no certificate.*give it as `certificate`/, () => verify(proof, key));
    await bad(/this is a proof of zkinfer; give the key/, () => verify(proof, proof));
    await bad(/this is a key of zkinfer; give the proof/, () => verify(key, key));
    await bad(/got a model package \(\.zkmodel\)/, () => verify(folder.read('digits.zkmodel'), key));
    await bad(/no bytes at all/, () => verify(new Uint8Array(), key));
    await bad(/33 bytes, expected at most 32/, () => verify(proof, key, {...given(), context: 'x'.repeat(33)}));
    await bad(/nothing is none of the model's outputs, which are 'logits'/, () => verify(proof, key, {...given(), outputs: [{name: 'nothing'}]}));
    await bad(/expected bytes \(Uint8Array or ArrayBuffer\), got string/, () => verify('x.zkproof', key));
    await bad(/WebAssembly can give/, () => verify(proof, key, {...given(), maxMemoryBytes: 2 ** 40}));
    await bad(/no 'certficate'; there are/, () => verify(proof, key, {certficate: new Uint8Array(1)}));
    await bad(/options of verify: expected an object, got null/, () => verify(proof, key, null));
    await bad(/minSecurityBits: expected a number, got null/, () => verify(proof, key, {...given(), minSecurityBits: null}));
    // What is of the wrong type is refused before the module sees it, and a loaded key goes on.
    const loaded = await loadKey(key, {certificate: folder.read('digits.zkcert')});
    const later = {path: paths(folder, 'x.zkproof')};
    for (const [pattern, outputs] of [[/row: expected a whole number/, [{row: 1.5}]], [/row: expected 0 to 4294967296/, [{row: 2n ** 64n}]], [/index 0.5/, [{index: 0.5}]],
      [/integers\[0\]: expected -9223372036854775808 to/, [{integers: [2n ** 64n]}]], [/integers\[0\]: expected a whole number/, [{integers: [1.5]}]],
      [/integers: expected a list of whole numbers, got string/, [{integers: 'abc'}]], [/outputs: expected a list/, {}], [/outputs\[0\]: expected an object, got null/, [null]]])
      await bad(pattern, async () => loaded.verify(proof, {...later, outputs}));
    await assert.rejects(async () => loaded.verify({__proto__: Uint8Array.prototype, length: 2 ** 31}), (error) => error.code === 'resource_limit');
    assert.equal(loaded.verify(proof, later).accepted, true);
    await assert.rejects(() => verify(proof, key, {...given(), maxSeconds: 1e-6}), (error) => error.code === 'resource_limit');
    await assert.rejects(() => verify(proof, key, {...given(), minSecurityBits: 129}), ZkinferError);
    // Changed keys: an error of the same kind, or a rejection.
    for (const [at, bytes] of Object.entries(mutations(key, 40))) {
      folder.write('changed.zkkey', bytes);
      const native = folder.json('verify', 'x.zkproof', '--key', 'changed.zkkey', '--certificate', 'digits.zkcert', '--path', ...pathFiles(folder, 'x.zkproof'));
      let said;
      try {
        said = (await verify(proof, bytes, given())).reason;
      } catch (error) {
        said = error.code;
      }
      assert.equal(said, native.error?.code.replace(' ', '_') ?? native.reason, at);
    }
  });
});

// The path that a proof needs, by its name.
function pathFiles(folder, proofFile) {
  const {claimed_identity} = folder.json('inspect', proofFile);
  return [`${claimed_identity.slice(0, 16)}.zkpath`];
}
function paths(folder, proofFile) {
  return pathFiles(folder, proofFile).map((file) => folder.read(file));
}

describe('inputs seen, hashed and committed', () => {
  const folder = new Folder('policies');
  before(() => {
    folder.copy('examples/digits/digits.onnx', 'examples/digits/calibration.npy', 'examples/digits/digit_7.png', 'examples/digits/digit_3.png');
    folder.run('compile', 'digits.onnx', '-c', 'calibration.npy');
  });
  const commit = (name, ...words) => folder.run('commit', 'digits.zkmodel', '--key', `${name}.zkkey`, '--secret', `${name}.zksecret`, ...words);
  const prove = (name, ...words) => folder.run('prove', 'digits.zkmodel', '-i', 'digit_7.png', '-s', `${name}.zksecret`, '-o', `${name}.zkproof`, ...words);
  const compare = async (name, options = {}, words = []) => {
    const native = folder.json('verify', `${name}.zkproof`, '--key', `${name}.zkkey`, ...words);
    const result = await verify(folder.read(`${name}.zkproof`), folder.read(`${name}.zkkey`),
        {certificate: folder.read(`${name}.zkcert`), path: paths(folder, `${name}.zkproof`), ...options});
    assert.deepEqual(settled(result), settled(native));
    return native;
  };

  test('public', async () => {
    commit('open', '--inputs', 'public');
    prove('open');
    const native = await compare('open');
    assert.equal(native.inputs[0].integers.length, 64);
    const given = {certificate: folder.read('open.zkcert'), path: paths(folder, 'open.zkproof')};
    const same = await verify(folder.read('open.zkproof'), folder.read('open.zkkey'), {...given, inputs: [{integers: native.inputs[0].integers}]});
    assert.equal(same.accepted, true);
    const other = await verify(folder.read('open.zkproof'), folder.read('open.zkkey'), {...given, inputs: [{name: 'image', integers: native.inputs[0].integers.map((x) => 255 - x)}]});
    assert.match(other.where, /input 'image'/);
  });
  test('a hash of public data', async () => {
    commit('hashed', '--inputs', 'public:sha256', '--outputs', 'public:keccak256');
    prove('hashed', '--write-input-data', 'seven.bin', '--write-output-data', 'scores.bin');
    const known = {inputs: [{data: folder.read('seven.bin')}], outputs: [{data: folder.read('scores.bin')}]};
    const native = await compare('hashed', known, ['--input-data', 'seven.bin', '--output-data', 'scores.bin']);
    await compare('hashed', {...known, inputs: [{...known.inputs[0], digest: native.inputs[0].sha256}]}, ['--input-data', 'seven.bin', '--output-data', 'scores.bin']);
    await assert.rejects(compare('hashed'), /only the hash of 'image'/);
    const wrong = folder.read('seven.bin');
    wrong[0] ^= 1;
    folder.write('wrong.bin', wrong);
    const rejected = await compare('hashed', {...known, inputs: [{data: wrong}]}, ['--input-data', 'wrong.bin', '--output-data', 'scores.bin']);
    assert.equal(rejected.accepted, false);
  });
  test('a commitment', async () => {
    commit('committed', '--inputs', 'committed', '--outputs', 'committed', '--tensor-budget', '4');
    folder.run('commit-tensor', 'committed.zkkey', '-i', 'digit_7.png', '-o', 'seven');
    folder.run('commit-tensor', 'committed.zkkey', '-i', 'digit_3.png', '-o', 'three');
    folder.run('prove', 'digits.zkmodel', '--committed-input', 'seven.zktsecret', '-s', 'committed.zksecret', '-o', 'committed.zkproof');
    await compare('committed', {inputs: [{commitment: folder.read('seven.zktensor')}]}, ['--input-commitment', 'seven.zktensor']);
    const native = await compare('committed', {inputs: [{commitment: folder.read('three.zktensor')}]}, ['--input-commitment', 'three.zktensor']);
    assert.equal(native.accepted, false);
    const {file, text, warnings, ...said} = folder.json('inspect', 'seven.zktensor');
    assert.deepEqual(await inspect(folder.read('seven.zktensor')), said);
  });
  test('no zero knowledge, everything public', async () => {
    commit('clear', '--inputs', 'public', '--public-model', '--no-zk');
    prove('clear');
    const native = folder.json('verify', 'clear.zkproof', '--key', 'clear.zkkey', '--uncertified');
    const result = await verify(folder.read('clear.zkproof'), folder.read('clear.zkkey'), {uncertified: true});
    assert.deepEqual(settled(result), settled(native));
    const changed = mutations(folder.read('clear.zkproof'), 30);
    for (const [at, bytes] of Object.entries(changed)) folder.write(`clear/${at}.zkproof`, bytes);
    for (const item of folder.json('verify', 'clear', '--key', 'clear.zkkey', '--uncertified').items) {
      const mine = await verify(changed[item.proof.split('/').pop().replace('.zkproof', '')], folder.read('clear.zkkey'), {uncertified: true});
      assert.deepEqual([mine.accepted, mine.reason, mine.where], [item.accepted, item.reason, item.where], item.proof);
    }
  });
});

describe('many inferences in one proof', () => {
  test('a batch', async () => {
    const folder = new Folder('batch');
    folder.copy('examples/mlp/mlp.onnx', 'examples/mlp/calibration.json');
    folder.run('compile', 'mlp.onnx', '-c', 'calibration.json');
    folder.run('commit', 'mlp.zkmodel', '--inputs', 'public');
    folder.run('prove', 'mlp.zkmodel', '-i', 'calibration.json', '--index', '0-4', '--batch', '-o', 'five.zkbatch');
    const native = folder.json('verify', 'five.zkbatch', '--key', 'mlp.zkkey');
    const options = {certificate: folder.read('mlp.zkcert'), path: paths(folder, 'five.zkbatch')};
    const result = await verify(folder.read('five.zkbatch'), folder.read('mlp.zkkey'), options);
    assert.equal(result.num_rows, 5);
    assert.deepEqual(settled(result), settled(native));
    const {file, text, warnings, ...said} = folder.json('inspect', 'five.zkbatch');
    assert.deepEqual(await inspect(folder.read('five.zkbatch')), said);
    await compareMutations(folder, 'changed', 'five.zkbatch', 'mlp.zkkey', 'mlp.zkcert', {path: options.path}, ['--path', ...pathFiles(folder, 'five.zkbatch')]);
  });
});

describe('an answer of a language model', () => {
  test('is shown token for token, and is the model\'s', async () => {
    const folder = new Folder('answer');
    folder.python('examples/language_model/make_model.py');
    folder.run('compile', 'llama.bin', '--tokens', '16');
    folder.run('commit', 'llama.zkmodel', '--inputs', 'public');
    folder.run('generate', 'llama.zkmodel', '--tokenizer', 'tokenizer.bin', '--prompt', 'the', '--prove', '--context', 'order-7');
    const native = folder.json('verify', 'llama.zkproof', '--key', 'llama.zkkey');
    const given = {certificate: folder.read('llama.zkcert'), path: paths(folder, 'llama.zkproof')};
    const answer = (options) => verify(folder.read('llama.zkproof'), folder.read('llama.zkkey'), {...given, ...options});
    assert.ok(native.generation.answer_tokens.length > 0);
    assert.deepEqual(settled(await answer()), settled(native));
    assert.equal((await answer({context: 'order-7'})).accepted, true);
    assert.equal((await answer({context: 'order-8'})).reason, 'wrong statement');
    const uncertified = folder.json('verify', 'llama.zkproof', '--key', 'llama.zkkey', '--uncertified');
    const mine = await answer({certificate: undefined, uncertified: true});
    assert.deepEqual([mine.reason, mine.where], [uncertified.reason, uncertified.where]);
  });
});
