// SPDX-License-Identifier: Apache-2.0
// The page that proves, in headless Chromium, opened as a file: a drawing becomes a proof that the native program accepts, and nothing
// leaves the page.
import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import {pathToFileURL} from 'node:url';
import {openBrowser} from './chromium.js';
import {Folder, source, web} from './native.js';

const folder = new Folder('prove_page');
let page, close;

before(async () => {
  folder.copy('examples/digits/digits.onnx', 'examples/digits/calibration.npy', 'examples/digits/digit_7.png', 'examples/mlp/mlp.onnx', 'examples/mlp/calibration.json');
  folder.write('example/readme.txt', 'shown by the page: its model');
  folder.run('compile', 'digits.onnx', '-c', 'calibration.npy', '-o', 'example/digits.zkmodel');
  folder.run('compile', 'mlp.onnx', '-c', 'calibration.json');
  execFileSync(process.execPath, [join(source, 'js/build.mjs'), join(web, 'zkinfer'), folder.path, join(folder.path, 'example')]);
  ({page, close} = await openBrowser());
});
after(() => close?.());

const open = () => page.goto(pathToFileURL(join(folder.path, 'page/prove.html')).href);
const prove = async () => {
  await page.getByRole('button', {name: 'Prove', exact: true}).click();
  await page.waitForFunction(() => /PROVED/.test(document.getElementById('result').innerText) || document.querySelector('#result .bad'), null, {timeout: 120000});
  const said = await page.locator('#result').innerText();
  assert.match(said, /PROVED/);
  return said;
};
const save = async (name) => {
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', {name, exact: true}).click()]);
  await download.saveAs(join(folder.path, name));
};

test('a drawing is proved, and the program accepts the proof with the model alone', async () => {
  await open();
  await page.getByRole('button', {name: 'Use the network of the example'}).click();
  const pad = page.getByRole('img', {name: 'drawing for image'});
  const box = await pad.boundingBox();
  await page.mouse.move(box.x + 60, box.y + 40);
  await page.mouse.down();
  await page.mouse.move(box.x + 160, box.y + 40, {steps: 5});
  await page.mouse.move(box.x + 100, box.y + 190, {steps: 5});
  await page.mouse.up();
  await page.getByLabel(/Context, if/).fill('order-7');
  const said = await prove();
  assert.match(said, /Hidden: the input, everything between\./);
  const first = Number(await page.locator('#result').getAttribute('data-seconds'));
  await save('digits.zkproof');
  await save('digits.zkkey');
  const native = folder.json('verify', 'digits.zkproof', '--key', 'digits.zkkey', '--model', 'example/digits.zkmodel', '--context', 'order-7');
  assert.equal(native.accepted, true, JSON.stringify(native));
  const [output] = native.outputs;
  assert.equal(output.integers.indexOf(Math.max(...output.integers)), 7, 'what was drawn is a seven');
  await prove();
  console.log(`digits proved in the page: ${Math.round(1000 * first)} ms, then ${Math.round(1000 * Number(await page.locator('#result').getAttribute('data-seconds')))} ms`);
});

test('a picture is what the program makes of it', async () => {
  await page.getByLabel('picture for image').setInputFiles(join(folder.path, 'digit_7.png'));
  await page.getByLabel(/Context, if/).fill('');
  await prove();
  await save('digits.zkproof');
  const native = folder.json('verify', 'digits.zkproof', '--key', 'digits.zkkey', '--model', 'example/digits.zkmodel');
  const run = folder.json('run', 'example/digits.zkmodel', '-i', 'digit_7.png');
  assert.deepEqual(native.outputs[0].integers, run.outputs[0].integers);
});

test('hidden weights come with key and certificate; numbers are taken where there is no picture', async () => {
  await open();
  await page.getByLabel('Choose a model').setInputFiles(join(folder.path, 'mlp.zkmodel'));
  await page.getByLabel(/weights are public/).uncheck();
  await page.getByLabel(/numbers for/).fill('5.1, 3.5, 1.4');
  await page.getByRole('button', {name: 'Prove', exact: true}).click();
  await page.waitForFunction(() => /expected 4 numbers, got 3/.test(document.getElementById('result').innerText));
  await page.getByLabel(/numbers for/).fill('5.1, 3.5, 1.4, 0.2');
  const said = await prove();
  assert.match(said, /the weights/);
  const {model} = folder.json('inspect', 'mlp.zkmodel');
  for (const end of ['zkproof', 'zkkey', 'zkcert']) await save(`${model}.${end}`);
  const native = folder.json('verify', `${model}.zkproof`, '--key', `${model}.zkkey`);
  assert.equal(native.accepted, true, JSON.stringify(native));
  assert.equal(native.weights, 'certified');
});

test('what is no model is said', async () => {
  await open();
  await page.getByLabel('Choose a model').setInputFiles(join(folder.path, 'digits.onnx'));
  await page.waitForFunction(() => /digits\.onnx: /.test(document.getElementById('about').innerText));
  assert.equal(await page.locator('#given').isVisible(), false);
});
