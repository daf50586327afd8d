// SPDX-License-Identifier: Apache-2.0
// The page runs the contracts: in headless Chromium, without a network, it says the verdict and the gas that a node says.
import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {copyFileSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import {pathToFileURL} from 'node:url';
import {evm, startAnvil} from './anvil.js';
import {openBrowser} from './chromium.js';
import {Folder, source, web} from './native.js';

const folder = new Folder('page_evm');
let page, close;

before(async () => {
  folder.copy('examples/mlp/mlp.onnx', 'examples/mlp/calibration.json', 'examples/mlp/input.json');
  folder.run('compile', 'mlp.onnx', '-c', 'calibration.json');
  folder.run('commit', 'mlp.zkmodel', '--profile', 'small', '--budget', '16');
  folder.run('prove', 'mlp.zkmodel', '-i', 'input.json', '-o', 'x.zkproof');
  folder.run('prove', 'mlp.zkmodel', '-i', 'input.json', '-o', 'y.zkproof');
  folder.run('evm', 'export', 'x.zkproof', '--key', 'mlp.zkkey');
  const exported = JSON.parse(readFileSync(join(folder.path, 'x.evm.json')));
  const at = exported.calldata.length - 300;
  folder.write('changed.evm.json', Buffer.from(JSON.stringify({...exported, calldata: exported.calldata.slice(0, at) + (exported.calldata[at] === '0' ? '1' : '0') + exported.calldata.slice(at + 1)})));
  folder.write('other.evm.json', Buffer.from(JSON.stringify({...exported, program: `${exported.program.slice(0, -2)}77`})));
  execFileSync(process.execPath, [join(source, 'js/build.mjs'), join(web, 'zkinfer'), folder.path], {env: {...process.env, ZKINFER_NPM: join(web, 'npm')}});
  ({page, close} = await openBrowser());
});
after(() => close?.());

const open = () => page.goto(pathToFileURL(join(folder.path, 'page/index.html')).href);
const give = (...names) => page.getByLabel('Choose files').setInputFiles(names.map((name) => join(folder.path, name)));
const says = (pattern) => page.waitForFunction((text) => new RegExp(text, 's').test(document.getElementById('onchain').innerText), pattern.source, {timeout: 240000});
const press = () => page.getByRole('button', {name: 'Run the contracts here'}).click({timeout: 240000, noWaitAfter: true});
const number = async (label) => Number(new RegExp(`([\\d,]+) gas[^\\n]*\\s+${label}`).exec(await page.locator('#onchain').innerText())[1].replaceAll(',', ''));

// What a node says of the same: the program, which asks it.
async function onNode() {
  const {url, stop} = await startAnvil();
  try {
    copyFileSync(join(evm, 'artifacts.json'), join(folder.path, 'artifacts.json'));
    const account = ['--from', '0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266', '--rpc', url];
    folder.write('deployment.json', Buffer.from(JSON.stringify(folder.json('evm', 'deploy', 'artifacts.json', ...account))));
    const registered = folder.json('evm', 'register', 'x.evm.json', '--deployment', 'deployment.json', ...account);
    const verified = folder.json('evm', 'verify', 'x.evm.json', '--deployment', 'deployment.json', ...account);
    return {registration: registered.gas, transaction: verified.gas};
  } finally {
    stop();
  }
}

test('the gas is that of a node', async () => {
  await open();
  await give('x.evm.json');
  await says(/On a chain.*0x[0-9a-f]{64}\s+model id/);
  await press();
  await says(/Accepted by the contract\./);
  const {registration, transaction} = await onNode();
  assert.equal(await number('verify and store a receipt'), transaction);
  assert.equal(await number('register the model, once'), registration);
  console.log(`mlp: ${transaction} gas, ${registration} to register; the page took ${Math.round(1000 * Number(await page.locator('#onchain [data-seconds]').getAttribute('data-seconds')))} ms`);
});

test('a changed proof is rejected for its reason, another program is refused, another proof is said', async () => {
  await open();
  await give('changed.evm.json');
  await press();
  await says(/Rejected by the contract: (opening|mask code word|non-canonical field element|merkle path)\./);
  await give('other.evm.json');
  await press();
  await says(/no program that the registry takes|no model is registered/);
  await give('x.evm.json', 'y.zkproof', 'mlp.zkkey');
  await says(/another proof than the file above/);
  await give('x.zkproof');
  await page.waitForFunction(() => !/another proof/.test(document.getElementById('onchain').innerText));
});

test('a page without contracts says so', async () => {
  execFileSync(process.execPath, [join(source, 'js/build.mjs'), join(web, 'zkinfer'), join(folder.path, 'bare')], {env: {...process.env, ZKINFER_EVM: '/nowhere'}});
  await page.goto(pathToFileURL(join(folder.path, 'bare/page/index.html')).href);
  await give('x.evm.json');
  await says(/built without contracts/);
});
