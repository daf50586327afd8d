// SPDX-License-Identifier: Apache-2.0
// The page in headless Chromium, opened as a file: what a person sees of proofs that are right, changed, or not all there.
import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import {pathToFileURL} from 'node:url';
import {openBrowser} from './chromium.js';
import {Folder, source, web} from './native.js';

const folder = new Folder('page');
let page, close;

before(async () => {
  folder.copy('examples/digits/digits.onnx', 'examples/digits/calibration.npy', 'examples/digits/digit_7.png');
  folder.run('demo', '--examples', join(source, 'examples'), '--output', 'demo');
  folder.run('compile', 'digits.onnx', '-c', 'calibration.npy');
  folder.run('commit', 'digits.zkmodel', '--budget', '16', '--inputs', 'public');
  folder.run('prove', 'digits.zkmodel', '-i', 'digit_7.png', '-o', 'x.zkproof', '--context', 'order-1');
  folder.copy('examples/mlp/mlp.onnx', 'examples/mlp/calibration.json', 'examples/mlp/input.json');
  folder.run('compile', 'mlp.onnx', '-c', 'calibration.json');
  folder.run('commit', 'mlp.zkmodel', '--budget', '16');
  const {path} = folder.json('prove', 'mlp.zkmodel', '-i', 'input.json');
  folder.write('other.zkpath', folder.read(path));
  execFileSync(process.execPath, [join(source, 'js/build.mjs'), join(web, 'zkinfer'), folder.path, join(folder.path, 'demo')]);
  ({page, close} = await openBrowser());
});
after(() => close?.());

const open = () => page.goto(pathToFileURL(join(folder.path, 'page/index.html')).href);
const give = (...names) => page.getByLabel('Choose files').setInputFiles(names.map((name) => join(folder.path, name)));
const verdict = () => page.locator('#result .verdict').first();
const says = async (pattern) => {
  await page.waitForFunction((text) => new RegExp(text, 's').test(document.getElementById('result').innerText), pattern.source, {timeout: 20000});
};
const pathFile = () => `${folder.json('inspect', 'x.zkproof').claimed_identity.slice(0, 16)}.zkpath`;

test('the example is accepted, and says what is hidden', async () => {
  await open();
  await page.getByRole('button', {name: 'Show an example'}).click();
  await says(/ACCEPTED/);
  await says(/Hidden: the weights, the input, everything between/);
  await says(/demo order 1/);
  const native = folder.json('verify', 'demo/digit.zkproof', '--key', 'demo/digits.zkkey');
  await says(new RegExp(native.model_identity));
  const [output] = native.outputs;
  const best = output.integers.indexOf(Math.max(...output.integers));
  await says(new RegExp(`${best}\\s+${Number(output.values[best].toPrecision(6))}`));
  // A value below zero lies left of where those above begin.
  const bars = await page.locator('#result .bar').evaluateAll((all) => all.map((bar) => [bar.getBoundingClientRect().left, bar.getBoundingClientRect().right]));
  const values = output.values.slice(0, bars.length);
  const zero = Math.max(...bars.filter((_, i) => values[i] < 0).map(([, right]) => right));
  assert.ok(values.some((value) => value < 0) && values.some((value) => value > 0), 'the example has both');
  for (const [i, [left, right]] of bars.slice(0, values.length).entries()) assert.ok(values[i] < 0 ? right <= zero + 1 : left >= zero - 1, `${values[i]} from ${left} to ${right}`);
  console.log(`digits in the page: ${Math.round(1000 * Number(await page.locator('#result').getAttribute('data-seconds')))} ms, the first time`);
});

test('files come one after the other, and the page says what is missing', async () => {
  await open();
  await give('x.zkproof');
  await says(/Now the key/);
  await give('digits.zkkey');
  await says(/Now the certificate/);
  await give('digits.zkcert');
  await says(/REJECTED.*no path from this key/);
  await give(pathFile());
  await says(/ACCEPTED/);
  // A path of another model is in nobody's way, and is said.
  await give('other.zkpath');
  await page.waitForFunction(() => document.getElementById('list').innerText.includes('leads from another key: not used'));
  await says(/ACCEPTED/);
  // The input is shown as the picture that it is.
  const shown = await page.getByRole('img', {name: /image as a picture of 8 by 8/}).evaluate((canvas) => [...canvas.getContext('2d').getImageData(0, 0, 8, 8).data].filter((_, i) => i % 4 === 0));
  const [input] = folder.json('verify', 'x.zkproof', '--key', 'digits.zkkey').inputs;
  const low = Math.min(...input.integers), high = Math.max(...input.integers);
  assert.deepEqual(shown, input.integers.map((value) => Math.round((255 * (value - low)) / (high - low))));
  await page.getByText('What the proof must be about').click();
  await page.getByLabel(/Context that you gave/).fill('order-2');
  await page.getByLabel(/Context that you gave/).blur();
  await says(/REJECTED.*context: the proof is bound to another one/);
  await page.getByLabel(/Context that you gave/).fill('order-1');
  await page.getByLabel(/Context that you gave/).blur();
  await says(/ACCEPTED/);
  await page.getByRole('button', {name: 'Start again'}).click();
  assert.equal(await page.locator('#result').innerText(), '');
});

test('a key or certificate that is refused is said, not waited for', async () => {
  const key = folder.read('digits.zkkey');
  folder.write('cut.zkkey', key.subarray(0, key.length - 7));
  const certificate = folder.read('digits.zkcert');
  certificate[4] ^= 0xff;  // its version
  folder.write('odd.zkcert', certificate);
  await open();
  await give('cut.zkkey');
  await says(/not read.*cut.zkkey cannot be used: .+Key and proof/);
  await give('x.zkproof');
  await says(/not read.*cut.zkkey cannot be used: .+Now the key/);
  await give('digits.zkkey', 'odd.zkcert');
  await says(/not read.*odd.zkcert cannot be used: .+Now the certificate/);
});

test('a changed proof is rejected for the reason that the program says', async () => {
  const changed = folder.read('x.zkproof');
  changed[changed.length >> 1] ^= 1;
  folder.write('changed.zkproof', changed);
  const native = folder.json('verify', 'changed.zkproof', '--key', 'digits.zkkey', '--path', pathFile());
  await open();
  await give('changed.zkproof', 'digits.zkkey', 'digits.zkcert', pathFile());
  await says(/REJECTED/);
  const text = await page.locator('#result').innerText();
  assert.ok(text.includes(native.reason) && text.includes(native.where), text);
  await give('digits.zkmodel');
  await page.waitForFunction(() => document.getElementById('list').innerText.includes('not for this page'));
});

test('a model card is compared with the key, and nothing in it is obeyed', async () => {
  const {identity} = folder.json('inspect', 'digits.zkkey');
  folder.write('card.md', `# Digits <img src=x onerror=alert(1)>\n\nidentity ${identity}\n`);
  folder.write('other.md', '# Another model\n\nsomething\n');
  await open();
  await give('x.zkproof', 'digits.zkkey', 'digits.zkcert', pathFile(), 'card.md');
  await says(/It names this model's identity.*Digits <img/);
  await give('other.md');
  await says(/does not name this model's identity/);
});

test('an answer is shown as tokens, with its tokenizer as text', async () => {
  folder.python('examples/language_model/make_model.py');
  folder.run('compile', 'llama.bin', '--tokens', '16');
  folder.run('commit', 'llama.zkmodel', '--inputs', 'public');
  folder.run('generate', 'llama.zkmodel', '--tokenizer', 'tokenizer.bin', '--prompt', 'the', '--prove');
  const native = folder.json('verify', 'llama.zkproof', '--key', 'llama.zkkey');
  await open();
  await give('llama.zkproof', 'llama.zkkey', 'llama.zkcert', `${folder.json('inspect', 'llama.zkproof').claimed_identity.slice(0, 16)}.zkpath`);
  await says(/each token its own choice/);
  assert.equal(await page.locator('.text.answer').innerText(), native.generation.answer_tokens.join(' '));
  const vocab = Object.fromEntries([...Array(1024).keys()].map((token) => [`\u2581w${token}`, token]));
  folder.write('tokenizer.json', JSON.stringify({model: {type: 'BPE', vocab}, decoder: {type: 'Replace'}}));
  await give('tokenizer.json');
  await says(new RegExp(native.generation.answer_tokens.map((token) => `w${token}`).join(' ')));
});
