// SPDX-License-Identifier: Apache-2.0
// js/src/evm.js with viem against a node: deploy, register, verify, store a receipt; what is wrong is said before anything is sent.
import assert from 'node:assert/strict';
import {spawnSync} from 'node:child_process';
import {readFileSync, writeFileSync} from 'node:fs';
import {createRequire} from 'node:module';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import {pathToFileURL} from 'node:url';
import {evm, startAnvil} from './anvil.js';
import {Folder, source, web} from './native.js';
import {blocksOf} from './pages.js';

const require = createRequire(join(web, 'npm/package.json'));
const load = (name) => import(pathToFileURL(require.resolve(name).replace('/_cjs/', '/_esm/')).href);
const {createPublicClient, createWalletClient, http, toFunctionSelector} = await load('viem');
const {privateKeyToAccount} = await load('viem/accounts');
const {foundry} = await load('viem/chains');
const {deployContracts, registerModel, storeReceipt, verifyOnChain} = await import(pathToFileURL(join(web, 'zkinfer/src/evm.js')));
const {ZkinferError} = await import(pathToFileURL(join(web, 'zkinfer/src/index.js')));

let anvil;
let clients;
let exported;
let deployment;
before(async () => {
  anvil = await startAnvil();
  const {url} = anvil;
  // anvil's first account, of every anvil.
  const account = privateKeyToAccount('0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80');
  const transport = http(url);
  clients = {publicClient: createPublicClient({chain: foundry, transport, pollingInterval: 50}), walletClient: createWalletClient({account, chain: foundry, transport})};
  const folder = new Folder('evm');
  folder.copy('examples/mlp/mlp.onnx', 'examples/mlp/calibration.json', 'examples/mlp/input.json');
  folder.run('compile', 'mlp.onnx', '--calibration', 'calibration.json');
  folder.run('commit', 'mlp.zkmodel', '--inputs', 'public', '--profile', 'small', '--budget', '16');
  folder.run('prove', 'mlp.zkmodel', '--input', 'input.json');
  folder.run('evm', 'export', 'input.zkproof', '--key', 'mlp.zkkey');
  exported = JSON.parse(Buffer.from(folder.read('input.evm.json')));
});
after(() => anvil?.stop());

const refused = (promise, pattern) => assert.rejects(promise, (error) => error instanceof ZkinferError && pattern.test(error.message));

test('selectors are those of the signatures', () => {
  const text = readFileSync(join(source, 'js/src/evm.js'), 'utf8');
  const rows = [...text.matchAll(/^const [A-Z_]+ = '(0x[0-9a-f]{8})'; \/\/ (.*)$/gm)];
  assert.equal(rows.length, 4);
  for (const [, selector, signature] of rows) assert.equal(toFunctionSelector(signature), selector);
});

test('deployed, registered once, verified, with a receipt', async () => {
  deployment = await deployContracts(JSON.parse(readFileSync(join(evm, 'artifacts.json'), 'utf8')), clients);
  await refused(verifyOnChain(exported, deployment, clients), /no model is registered under this id/);
  const first = await registerModel(exported, deployment, clients, {card: 'ipfs://a card'});
  assert.equal(first.wasRegistered, false);
  assert.ok(first.gas > 1_000_000n);
  assert.deepEqual(await registerModel(exported, deployment, clients), {modelId: exported.model_id, wasRegistered: true});
  assert.deepEqual(await verifyOnChain(exported, deployment, clients), {accepted: true});
  const {gas, transaction} = await storeReceipt(exported, deployment, clients);
  assert.ok(gas < 2n ** 24n && transaction.length === 66);
});

test('a rejected proof has its reason, and is not sent', async () => {
  const at = exported.calldata.length - 300;
  const changed = {...exported, calldata: exported.calldata.slice(0, at) + (exported.calldata[at] === '0' ? '1' : '0') + exported.calldata.slice(at + 1)};
  const verdict = await verifyOnChain(changed, deployment, clients);
  assert.equal(verdict.accepted, false);
  assert.match(verdict.reason, /merkle path|mask code word|opening/);
  const count = () => clients.publicClient.getTransactionCount({address: clients.walletClient.account.address});
  const sent = await count();
  await refused(storeReceipt(changed, deployment, clients), new RegExp(`submit: it reverts: the proof is rejected: ${verdict.reason}`));
  assert.equal(await count(), sent);
});

test('what is wrong is said', async () => {
  await refused(verifyOnChain({...exported, model_id: '0x12'}, deployment, clients), /exported.model_id: expected 0x and 64 hexadecimal digits, got '0x12'/);
  await refused(verifyOnChain(undefined, deployment, clients), /exported.model_id: .* got undefined/);
  await refused(verifyOnChain({...exported, calldata: '0x00'}, deployment, clients), /no call of ZkInferVerifier.verify/);
  await refused(verifyOnChain({...exported, model_id: `0x${'00'.repeat(32)}`}, deployment, clients), /of another model/);
  await refused(verifyOnChain(exported, {}, clients), /deployment.verifier: expected/);
  await refused(verifyOnChain(exported, {...deployment, verifier: `0x${'11'.repeat(20)}`}, clients), /no verifier at 0x1111/);
  await refused(registerModel(exported, {...deployment, registry: `0x${'11'.repeat(20)}`}, clients), /no registry at 0x1111/);
  await refused(deployContracts({}, clients), /artifacts.ZkInferOuter.bytecode: expected/);
});

test('what docs/guides/javascript.md shows', async () => {
  const blocks = blocksOf('docs/guides/javascript.md', 'js_evm');
  assert.equal(blocks.length, 1);
  const body = blocks[0].code.replaceAll(/^import .*$/gm, '');
  const {publicClient, walletClient} = clients;
  const run = Object.getPrototypeOf(async () => {}).constructor;
  const verdict = await new run('publicClient', 'walletClient', 'exported', 'deployment', 'registerModel', 'storeReceipt', 'verifyOnChain', `${body}; return verdict;`)(
    publicClient, walletClient, exported, deployment, registerModel, storeReceipt, verifyOnChain);
  assert.deepEqual(verdict, {accepted: true});
});

test('types are those of viem', () => {
  writeFileSync(join(web, 'npm/use_evm.ts'), readFileSync(join(source, 'js/tests/use_evm.ts')));
  const run = spawnSync(process.execPath, [join(web, 'npm/node_modules/typescript/bin/tsc'), '--noEmit', '--strict', '--skipLibCheck', '--target', 'es2022', '--module', 'nodenext', '--lib', 'es2022,dom',
    join(web, 'npm/use_evm.ts')], {encoding: 'utf8'});
  assert.equal(run.status, 0, run.stdout + run.stderr);
});
