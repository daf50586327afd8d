// SPDX-License-Identifier: Apache-2.0
// The page in headless Chromium on joint proofs and evaluations: what a person is asked for, told, and not told.
import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {readdirSync} from 'node:fs';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import {pathToFileURL} from 'node:url';
import {openBrowser} from './chromium.js';
import {Folder, source, web} from './native.js';

const folder = new Folder('page_kinds');
const nonce = '5f'.repeat(32);
let page, close, paths;

before(async () => {
  folder.copy('examples/mlp/mlp.onnx', 'examples/mlp/calibration.json');
  folder.run('compile', 'mlp.onnx', '-c', 'calibration.json');
  folder.run('commit', 'mlp.zkmodel', '--budget', '32');
  execFileSync(process.env.ZKINFER_JOINT_MAKER, ['mlp.zkmodel', 'mlp.zksecret', '4', '.'], {cwd: folder.path});
  const list = (name, values) => folder.write(name, new TextEncoder().encode(JSON.stringify({input_data: [values]})));
  list('labels.json', Array.from({length: 20}, (_, i) => i % 3));
  list('groups.json', Array.from({length: 20}, (_, i) => Number(i >= 12)));
  folder.run('dataset', 'build', '-i', 'calibration.json', '--labels', 'labels.json', '--groups', 'groups.json', '-o', 'test.zkset');
  folder.run('dataset', 'build', '-i', 'calibration.json', '--labels', 'groups.json', '-o', 'other.zkset');
  for (const [name, ...words] of [['accuracy', '--by-group'], ['confusion', '--metric', 'confusion'], ['sample', '--sample', '8', '--nonce', nonce]])
    folder.run('evaluate', 'mlp.zkmodel', '--data', 'test.zkset', '-o', `${name}.zkeval`, '--context', 'audit', ...words);
  paths = readdirSync(folder.path).filter((name) => name.endsWith('.zkpath'));
  execFileSync(process.execPath, [join(source, 'js/build.mjs'), join(web, 'zkinfer'), folder.path]);
  ({page, close} = await openBrowser());
});
after(() => close?.());

const open = () => page.goto(pathToFileURL(join(folder.path, 'page/index.html')).href);
const give = (...names) => page.getByLabel('Choose files').setInputFiles(names.map((name) => join(folder.path, name)));
const says = (pattern, id = 'result') => page.waitForFunction(([text, where]) => new RegExp(text, 's').test(document.getElementById(where).innerText), [pattern.source, id], {timeout: 20000});
const fill = async (label, text) => {
  await page.getByLabel(label).fill(text);
  await page.getByLabel(label).blur();
};
const native = (name, ...words) => folder.json('verify', `${name}.zkeval`, '--key', 'mlp.zkkey', '--data', 'test.zkset', ...words);

test('a joint proof is asked for its seat and its own data, and shows them', async () => {
  await open();
  await give('answer.zkjoint');
  await says(/joint proof of several requests/, 'list');
  await give('mlp.zkkey', 'mlp.zkcert', ...paths);
  await says(/The joint proof is there, of 4 seats. Now your seat in it/);
  await give('1.zkseat');
  await says(/shows no input and no output: give your input flower \(4 bytes\) and your output logits/);
  await give('1.in.bin');
  await says(/give your output/);
  await give('1.out.bin');
  await says(/ACCEPTED.*your output for your input, at seat 1 \(counted from 0\) of 4.*requests of the other 3 seats are hidden from you.*request 1/);
  const said = folder.json('verify', 'answer.zkjoint', '--key', 'mlp.zkkey', '--seat', '1.zkseat', '--input-data', '1.in.bin', '--output-data', '1.out.bin');
  const [output] = said.outputs;
  const shown = await page.locator('#result table').first().locator('tbody tr').evaluateAll((rows) => rows.map((row) => Number(row.children[2].innerText)));
  assert.deepEqual(shown, output.integers);
  // Another's output, another's seat: rejected as the program does.
  await page.getByRole('button', {name: 'Start again'}).click();
  const rejected = folder.json('verify', 'answer.zkjoint', '--key', 'mlp.zkkey', '--seat', '1.zkseat', '--input-data', '1.in.bin', '--output-data', '0.out.bin');
  await give('answer.zkjoint', 'mlp.zkkey', 'mlp.zkcert', ...paths, '1.zkseat', '1.in.bin', '0.out.bin');
  await says(/REJECTED/);
  const text = await page.locator('#result').innerText();
  assert.ok(text.includes(rejected.reason) && text.includes(rejected.where), text);
  await give('0.zkseat', '1.out.bin');
  await says(/REJECTED/);
});

test('two files of one size: whoever has them says which is which, and it is checked', async () => {
  // A network whose output is as long as its input.
  folder.python('js/tests/even_network.py');
  folder.run('compile', 'even.onnx', '-c', 'even.json');
  folder.run('commit', 'even.zkmodel', '--budget', '16');
  const before = new Set(readdirSync(folder.path));
  execFileSync(process.env.ZKINFER_JOINT_MAKER, ['even.zkmodel', 'even.zksecret', '2', '.'], {cwd: folder.path});
  const path = readdirSync(folder.path).find((name) => name.endsWith('.zkpath') && !before.has(name));
  assert.equal(folder.read('0.in.bin').length, folder.read('0.out.bin').length);
  await open();
  await give('answer.zkjoint', 'even.zkkey', 'even.zkcert', path, '0.zkseat', '0.in.bin', '0.out.bin');
  await says(/which of these is it\?.*which of these is it\?/, 'list');
  await page.getByLabel('what 0.in.bin is').selectOption('outputs/0');
  await page.getByLabel('what 0.out.bin is').selectOption('inputs/0');
  await says(/REJECTED/);
  await page.getByLabel('what 0.in.bin is').selectOption('inputs/0');
  await says(/not used: 0.out.bin is the same/, 'list');
  await page.getByLabel('what 0.out.bin is').selectOption('outputs/0');
  await says(/ACCEPTED.*seat 0/);
  // The names that the service's clients give them say it.
  folder.write('x.bin', folder.read('0.in.bin'));
  folder.write('y.bin', folder.read('0.out.bin'));
  await page.getByRole('button', {name: 'Start again'}).click();
  await give('answer.zkjoint', 'even.zkkey', 'even.zkcert', path, '0.zkseat', 'x.bin', 'y.bin');
  await says(/ACCEPTED.*seat 0/);
});

test('an evaluation is asked for its data set, and says what is shown, hidden and not shown', async () => {
  await open();
  await give('accuracy.zkeval', 'mlp.zkkey', 'mlp.zkcert', ...paths);
  const said = native('accuracy');
  await says(new RegExp(`Now the data set.*proof is about exactly its rows`));
  await says(new RegExp(said.data_set_digest));
  await give('other.zkset');
  await says(/REJECTED.*data set: the evaluation is about/);
  await give('test.zkset');
  await says(/ACCEPTED.*exactly the 20 rows of the data set .test., each once.*You demanded no value.*Shown: the counts of each of 1 chunk.*Hidden: the weights, the model's outputs for single rows.*What this does not show.*had not seen these rows/);
  const rows = await page.locator('#result .figures tr').evaluateAll((all) => all.map((row) => [...row.children].map((cell) => cell.innerText)));
  assert.equal(rows.length, said.figures.length);
  for (const [i, {name, group, numerator, denominator}] of said.figures.entries()) {
    assert.deepEqual([rows[i][0], rows[i][1], rows[i][3]], [name, group === undefined ? '' : `group ${group}`, `${numerator} of ${denominator}`]);
  }
  assert.ok(said.figures.some(({group}) => group === 1), 'there are groups');
  await page.getByText('What the evaluation must show').click();
  const {numerator, denominator} = said.figures[0];
  await fill(/^Metric/, 'accuracy');
  await fill(/^At least/, String(numerator / denominator + 0.01));
  await says(/REJECTED/);
  await fill(/^At least/, String(numerator / denominator));
  await says(/ACCEPTED.*As you demanded: metric accuracy, at least/);
  await fill(/^At least/, 'much');
  await says(/not checked.*At least: expected a number, got 'much'/);
  await fill(/^At least/, '');
  await fill(/^Metric/, 'auc-1');
  await says(/REJECTED/);
});

test('a confusion matrix is shown as the counts are', async () => {
  await open();
  await give('confusion.zkeval', 'mlp.zkkey', 'mlp.zkcert', ...paths, 'test.zkset');
  await says(/ACCEPTED.*Confusion matrix/);
  const {counts, num_classes: classes} = native('confusion');
  const shown = await page.locator('#result .matrix tbody tr').evaluateAll((all) => all.map((row) => [...row.querySelectorAll('td')].map((cell) => Number(cell.innerText))));
  assert.deepEqual(shown.flat(), counts.slice(0, classes * classes));
});

test('a sample is believed only for a nonce of one\'s own, with its number of rows', async () => {
  await open();
  await give('sample.zkeval', 'mlp.zkkey', 'mlp.zkcert', ...paths, 'test.zkset');
  await says(/counts 8 of 20 rows, a sample.*only if you drew the nonce/);
  assert.equal(await page.getByLabel(/^Nonce that you drew/).inputValue(), '', 'the file\'s own nonce is not filled in');
  await fill(/^Nonce that you drew/, nonce);
  await fill(/^Rows of the sample/, '7');
  await says(/REJECTED/);
  await fill(/^Rows of the sample/, '8');
  const {of_set: [low, high]} = native('sample', '--nonce', nonce, '--sample', '8');
  await says(new RegExp(`ACCEPTED.*the 8 rows that your nonce chooses among the 20.*confidence of 99.9 %.*${low} to ${high}`));
  await fill(/^Nonce that you drew/, '5f');
  await says(/not checked.*Nonce: expected 64 hexadecimal digits/);
  await fill(/^Nonce that you drew/, `00${nonce.slice(2)}`);
  await says(/REJECTED/);
});

test('what is changed is rejected for the reason that the program says', async () => {
  const changed = folder.read('accuracy.zkeval');
  changed[changed.length >> 1] ^= 1;
  folder.write('changed.zkeval', changed);
  const said = native('changed', '--path', ...paths);
  await open();
  await give('changed.zkeval', 'mlp.zkkey', 'mlp.zkcert', ...paths, 'test.zkset');
  await says(/REJECTED/);
  const text = await page.locator('#result').innerText();
  assert.ok(text.includes(said.reason) && text.includes(said.where), text);
  folder.write('cut.zkset', folder.read('test.zkset').subarray(0, 200));
  await give('accuracy.zkeval', 'cut.zkset');
  await says(/not checked/);
});
