// SPDX-License-Identifier: Apache-2.0
// Joint proofs and evaluations: the package says of each what the native program says. ZKINFER_JOINT_MAKER: tests/cli/joint_maker.cc.
import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {readdirSync} from 'node:fs';
import {before, describe, test} from 'node:test';
import {Folder, zkinferModule as zkinfer} from './native.js';

const {inspect, loadKey, verify, verifyEvaluation, verifyJoint, ZkinferError} = zkinfer;

// Without what differs from run to run.
function settled({verify_seconds, ...result}) {
  assert.equal(typeof verify_seconds, 'number');
  return result;
}
const bad = (pattern, call) => assert.rejects(call, (error) => error instanceof ZkinferError && error.code === 'invalid_argument' && pattern.test(error.message));
const pathsOf = (folder) => readdirSync(folder.path).filter((name) => name.endsWith('.zkpath')).map((name) => folder.read(name));
function changed(bytes, at) {
  const copy = bytes.slice();
  copy[at] ^= 1;
  return copy;
}

describe('a joint proof', () => {
  const folder = new Folder('joint');
  let certificate, key, proof, path;
  before(() => {
    folder.copy('examples/mlp/mlp.onnx', 'examples/mlp/calibration.json');
    folder.run('compile', 'mlp.onnx', '-c', 'calibration.json');
    folder.run('commit', 'mlp.zkmodel', '--budget', '16');
    execFileSync(process.env.ZKINFER_JOINT_MAKER, ['mlp.zkmodel', 'mlp.zksecret', '4', '.'], {cwd: folder.path});
    [certificate, key, proof] = ['mlp.zkcert', 'mlp.zkkey', 'answer.zkjoint'].map((name) => folder.read(name));
    path = pathsOf(folder);
  });
  const own = (row) => ({certificate, path, inputs: [{data: folder.read(`${row}.in.bin`)}], outputs: [{data: folder.read(`${row}.out.bin`)}]});
  const words = (row, ...more) => ['verify', 'answer.zkjoint', '--key', 'mlp.zkkey', '--seat', `${row}.zkseat`, '--input-data', `${row}.in.bin`, '--output-data', `${row}.out.bin`, ...more];

  test('its owners are told what the command line tells them', async () => {
    for (const row of [0, 1, 2]) {
      const native = folder.json(...words(row));
      assert.equal(native.accepted, true);
      const seat = folder.read(`${row}.zkseat`);
      const result = await verifyJoint(proof, seat, key, own(row));
      assert.deepEqual(settled(result), settled(native));
      assert.equal((await verifyJoint(proof, seat, key, {...own(row), context: `request ${row}`})).accepted, true);
      const integers = {inputs: [{integers: native.inputs[0].integers}], outputs: [{integers: native.outputs[0].integers}]};
      assert.equal((await verifyJoint(proof, seat, key, {certificate, path, ...integers})).seat, row);
    }
  });
  test('what is another\'s, or changed, is rejected as there', async () => {
    const seat = folder.read('1.zkseat');
    const cases = [
      [await verifyJoint(proof, folder.read('0.zkseat'), key, own(1)), words(1).map((word) => word.replace('1.zkseat', '0.zkseat'))],
      [await verifyJoint(proof, seat, key, {...own(1), inputs: own(0).inputs}), words(1).map((word) => word.replace('1.in', '0.in'))],
      [await verifyJoint(proof, seat, key, {...own(1), outputs: own(0).outputs}), words(1).map((word) => word.replace('1.out', '0.out'))],
      [await verifyJoint(proof, seat, key, {...own(1), context: 'request 2'}), words(1, '--context', 'request 2')],
      [await verifyJoint(proof, seat, key, {...own(1), identity: '00'.repeat(32)}), words(1, '--identity', '00'.repeat(32))],
    ];
    const paths = readdirSync(folder.path).filter((name) => name.endsWith('.zkpath'));
    for (let i = 0; i < 20; ++i) {
      const at = 8 + Math.floor((i * (proof.length - 9)) / 19); // behind what says which kind of file it is
      folder.write('changed.zkjoint', changed(proof, at));
      cases.push([null, words(1, '--path', ...paths).map((word) => word.replace('answer', 'changed')), () => verifyJoint(changed(proof, at), seat, key, own(1))]);
      const native = folder.json(...cases.at(-1)[1]);
      try {
        const result = await cases.pop()[2]();
        assert.deepEqual([result.accepted, result.reason], [false, native.reason], `byte ${at}: ${result.where}; ${native.where ?? native.error?.message}`);
      } catch (error) {
        if (!(error instanceof ZkinferError)) throw error;
        assert.equal(error.code, native.error?.code.replace(' ', '_'), `byte ${at}: ${error.message}`);
      }
    }
    for (const [result, command] of cases) {
      const native = folder.json(...command);
      assert.equal(native.accepted, false);
      assert.deepEqual([result.accepted, result.reason, result.where, result.hint], [false, native.reason, native.where, native.hint]);
    }
  });
  test('bad input is an error that says what to do', async () => {
    const seat = folder.read('1.zkseat');
    await bad(/inputs: a joint proof holds no data/, () => verifyJoint(proof, seat, key, {certificate, path, outputs: own(1).outputs}));
    await bad(/outputs: a joint proof holds no data/, () => verifyJoint(proof, seat, key, {certificate, path, inputs: own(1).inputs}));
    await bad(/names no hash/, () => verifyJoint(proof, seat, key, {...own(1), inputs: [{...own(1).inputs[0], digest: '00'.repeat(32)}]}));
    await bad(/no certificate/, () => verifyJoint(proof, seat, key, {...own(1), certificate: undefined}));
    await bad(/this is a seat of zkinfer; give the proof/, () => verifyJoint(seat, seat, key, own(1)));
    await bad(/this is a joint proof of zkinfer; give the seat/, () => verifyJoint(proof, proof, key, own(1)));
    await bad(/this is a joint proof of zkinfer; give the proof/, () => verify(proof, key, {certificate, path}));
    await bad(/there is no 'nonce'/, () => verifyJoint(proof, seat, key, {...own(1), nonce: seat}));
  });
  test('its files say what they are', async () => {
    for (const file of ['answer.zkjoint', '1.zkseat']) {
      const {file: name, text, warnings, ...native} = folder.json('inspect', file);
      assert.deepEqual(await inspect(folder.read(file)), native, file);
    }
  });
});

describe('an evaluation', () => {
  const folder = new Folder('evaluation');
  const nonce = '5f'.repeat(32);
  let given, key, set;
  before(() => {
    folder.copy('examples/mlp/mlp.onnx', 'examples/mlp/calibration.json');
    folder.run('compile', 'mlp.onnx', '-c', 'calibration.json');
    folder.run('commit', 'mlp.zkmodel', '--budget', '32');
    folder.write('labels.json', new TextEncoder().encode(JSON.stringify({input_data: [Array.from({length: 20}, (_, i) => i % 3)]})));
    folder.run('dataset', 'build', '-i', 'calibration.json', '--labels', 'labels.json', '-o', 'test.zkset');
    folder.run('dataset', 'build', '-i', 'calibration.json', '--targets', 'calibration.json', '-o', 'other.zkset', '--name', 'targets');
    for (const [name, ...words] of [['accuracy', '--chunk', '8'], ['matrix', '--metric', 'confusion', '--chunk', '10'], ['auc', '--metric', 'auc', '--chunk', '10'], ['sample', '--sample', '8', '--nonce', nonce]])
      folder.run('evaluate', 'mlp.zkmodel', '--data', 'test.zkset', '-o', `${name}.zkeval`, '--context', 'audit', ...words);
    given = {certificate: folder.read('mlp.zkcert'), path: pathsOf(folder)};
    [key, set] = [folder.read('mlp.zkkey'), folder.read('test.zkset')];
  });
  const native = (name, ...words) => folder.json('verify', `${name}.zkeval`, '--key', 'mlp.zkkey', '--data', 'test.zkset', ...words);
  const check = (name, options = {}) => verifyEvaluation(folder.read(`${name}.zkeval`), set, key, {...given, ...options});

  test('says what the command line says', async () => {
    for (const name of ['accuracy', 'matrix', 'auc']) {
      const said = native(name);
      assert.equal(said.accepted, true);
      assert.deepEqual(settled(await check(name)), settled(said));
    }
    assert.deepEqual(settled(await check('sample', {nonce, sample: 8})), settled(native('sample', '--nonce', nonce, '--sample', '8')));
    assert.deepEqual(settled(await check('sample', {nonce, sample: 8, confidence: 0.9})), settled(native('sample', '--nonce', nonce, '--sample', '8', '--confidence', '0.9')));
  });
  test('what is asked for is checked', async () => {
    const share = native('accuracy').figures[0].value;
    assert.equal((await check('accuracy', {metric: 'accuracy', atLeast: share, context: 'audit'})).accepted, true);
    for (const [name, options, words] of [
      ['accuracy', {metric: 'accuracy', atLeast: share + 0.01}, ['--metric', 'accuracy', '--at-least', `${share + 0.01}`]],
      ['accuracy', {metric: 'accuracy', atMost: share - 0.01}, ['--metric', 'accuracy', '--at-most', `${share - 0.01}`]], ['accuracy', {output: 1}, ['--of-output', '1']],
      ['accuracy', {metric: 'confusion'}, ['--metric', 'confusion']], ['accuracy', {context: 'another'}, ['--context', 'another']], ['accuracy', {nonce}, ['--nonce', nonce]],
      ['sample', {nonce: 'ff' + nonce.slice(2), sample: 8}, ['--nonce', 'ff' + nonce.slice(2), '--sample', '8']],
      ['sample', {nonce, sample: 7}, ['--nonce', nonce, '--sample', '7']],
      ['sample', {nonce, sample: 8, metric: 'accuracy', atLeast: 1}, ['--nonce', nonce, '--sample', '8', '--metric', 'accuracy', '--at-least', '1']],
      ['auc', {identity: '00'.repeat(32)}, ['--identity', '00'.repeat(32)]]]) {
      const said = native(name, ...words), result = await check(name, options);
      assert.equal(said.accepted, false, JSON.stringify(said));
      assert.deepEqual([result.accepted, result.reason, result.where, result.hint], [false, said.reason, said.where, said.hint]);
    }
  });
  test('changed evaluations and another data set are rejected as there', async () => {
    const bytes = folder.read('matrix.zkeval'), loaded = await loadKey(key, {certificate: given.certificate});
    for (let i = 0; i < 20; ++i) {
      const at = Math.floor((i * (bytes.length - 1)) / 19);
      folder.write('changed.zkeval', changed(bytes, at));
      const said = native('changed', '--path', ...readdirSync(folder.path).filter((name) => name.endsWith('.zkpath')));
      try {
        const result = loaded.verifyEvaluation(changed(bytes, at), set, {path: given.path});
        assert.deepEqual([result.accepted, result.reason], [false, said.reason], `byte ${at}: ${result.where}; ${said.where ?? said.error?.message}`);
      } catch (error) {
        if (!(error instanceof ZkinferError)) throw error;
        assert.equal(error.code, said.error?.code.replace(' ', '_'), `byte ${at}: ${error.message}`);
      }
    }
    folder.run('dataset', 'build', '-i', 'calibration.json', '--labels', 'labels.json', '-o', 'same.zkset', '--name', 'another name');
    assert.equal(loaded.verifyEvaluation(bytes, folder.read('same.zkset'), {path: given.path}).data_set, 'another name');
    assert.match(loaded.verifyEvaluation(bytes, folder.read('other.zkset'), {path: given.path}).where, /^data set: the evaluation is about/);
    loaded.close();
  });
  test('bad input is an error that says what to do', async () => {
    await bad(/give the nonce that you drew/, () => check('sample'));
    await bad(/metric 'f2'/, () => check('accuracy', {metric: 'f2'}));
    await bad(/metric: expected a name/, () => check('accuracy', {metric: 7}));
    await bad(/atLeast: expected a number/, () => check('accuracy', {atLeast: '0.9'}));
    await bad(/whoever proves chooses it/, () => check('accuracy', {atLeast: 0.1}));
    await bad(/number of rows/, () => check('sample', {nonce}));
    await bad(/sample: expected a whole number/, () => check('sample', {nonce, sample: 1.5}));
    await bad(/confidence/, () => check('sample', {nonce, sample: 8, confidence: 2}));
    await bad(/nonce: expected 32 bytes/, () => check('sample', {nonce: '00'}));
    await bad(/nonce/, () => check('sample', {nonce: '00'.repeat(32)}));
    await bad(/there is no 'inputs'/, () => check('accuracy', {inputs: []}));
    await bad(/this is a key of zkinfer; give the dataSet/, () => verifyEvaluation(folder.read('accuracy.zkeval'), key, key, given));
    await bad(/this is a key of zkinfer; give the evaluation/, () => verifyEvaluation(key, set, key, given));
    await bad(/this is an evaluation of zkinfer; give the proof/, () => verify(folder.read('accuracy.zkeval'), key, given));
    await assert.rejects(() => verifyEvaluation(folder.read('accuracy.zkeval'), set.slice(0, 200), key, given), (error) => error instanceof ZkinferError);
  });
});
