// SPDX-License-Identifier: Apache-2.0
// Four verifiers of the same proofs: the native program, WebAssembly, the second implementation in Python (tests/vectors/zkverify.py) and the
// contracts on a node. Of models, policies and parameters, and of changed copies of each proof, all four say the same.
import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import {pathToFileURL} from 'node:url';
import {evm, startAnvil} from './anvil.js';
import {Folder, source, web, zkinferModule} from './native.js';

const {REASONS, deployContracts, registerModel, verifyOnChain} = await import(pathToFileURL(join(web, 'zkinfer/src/evm.js')));
const CHANGES = Number(process.env.ZKINFER_FOUR_CHANGES ?? 10);

const quick = ['--profile', 'fast', '--security-bits', '100', '--budget', '16'];
const models = [
  // name, example, words for commit, for prove
  ['private', 'mlp', ['--profile', 'small', '--budget', '16'], []],
  ['picture', 'digits', ['--profile', 'small', '--budget', '16'], []],
  ['public input', 'mlp', ['--inputs', 'public', ...quick], []],
  ['public weights', 'mlp', ['--public-model', '--security-bits', '100', '--profile', 'fast'], []],
  ['committed output', 'mlp', ['--outputs', 'committed', ...quick], ['--committed-output', 'output']],
  ['hidden output', 'mlp', ['--outputs', 'private', '--profile', 'balanced', '--security-bits', '100', '--budget', '16'], []],
];

let anvil, clients, deployment;
before(async () => {
  anvil = await startAnvil();
  const from = '0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266';
  clients = {
    publicClient: {
      call: async ({to, data}) => ({data: await anvil.ask('eth_call', {from, to, data, gas: '0x3000000'}, 'latest')}),
      waitForTransactionReceipt: async ({hash}) => {
        const {status, gasUsed, contractAddress} = await anvil.receipt(hash);
        return {status: status === '0x1' ? 'success' : 'reverted', gasUsed: BigInt(gasUsed), contractAddress};
      },
    },
    walletClient: {sendTransaction: async ({to, data}) => anvil.ask('eth_sendTransaction', {from, to, data, gas: '0x1000000'})},
  };
  deployment = await deployContracts(JSON.parse(readFileSync(join(evm, 'artifacts.json'), 'utf8')), clients);
});
after(() => anvil?.stop());

// Changed copies, by their names: bits of messages, rows, siblings and the mask, limbs that are not below p, cut off, longer. The header is what
// the contract's caller says again, so its changes are rejected by all, but not for one reason.
function changesOf(proof) {
  const out = {};
  const put = (name, change) => {
    const bytes = proof.slice();
    out[name] = change(bytes) ?? bytes;
  };
  const begin = 400;
  for (let i = 0; i < CHANGES; ++i) {
    const at = begin + Math.floor((i * i * (proof.length - begin - 1)) / ((CHANGES - 1) * (CHANGES - 1)));
    put(`bit${at}`, (bytes) => { bytes[at] ^= 1 << i % 8; });
  }
  for (const at of [1000, 1024, proof.length >> 1, proof.length - 4000]) put(`ones${at}`, (bytes) => { bytes.fill(0xff, at, at + 16); });
  for (const size of [begin, proof.length >> 1, proof.length - 1]) put(`cut${size}`, (bytes) => bytes.slice(0, size));
  put('longer', (bytes) => new Uint8Array([...bytes, 0]));
  for (const at of [12, 50, 80]) put(`header${at}`, (bytes) => { bytes[at] ^= 1; });
  return out;
}

// What zkverify.py says of each file, in one run.
function inPython(folder, key, path, names) {
  const script = `import sys, json, os; sys.path.insert(0, ${JSON.stringify(join(source, 'tests/vectors'))})
from zkverify import *
key = read_key(read_file(sys.argv[1]), 100)
key = verify_path(key, read_file(sys.argv[2])) if sys.argv[2] else key
out = {}
for name in sys.argv[3:]:
    try:
        verify_proof(key, read_file(name), [], None)
        out[name] = "accepted"
    except Rejected as error:
        out[name] = error.reason
print(json.dumps(out))`;
  return JSON.parse(execFileSync('/usr/bin/python3', ['-c', script, key, path ?? '', ...names], {cwd: folder.path, encoding: 'utf8'}));
}

for (const [name, example, commitWords, proveWords] of models) {
  test(`${name}: accepted by four, and every change rejected for one reason`, async () => {
    const folder = new Folder(`four_${name.replace(' ', '_')}`);
    const input = {mlp: 'input.json', digits: 'digit_7.png'}[example], calibration = {mlp: 'calibration.json', digits: 'calibration.npy'}[example];
    folder.copy(`examples/${example}/${example}.onnx`, `examples/${example}/${calibration}`, `examples/${example}/${input}`);
    folder.run('compile', `${example}.onnx`, '-c', calibration, '-o', 'm.zkmodel');
    folder.run('commit', 'm.zkmodel', ...commitWords);
    const {path} = folder.json('prove', 'm.zkmodel', '-i', input, '-o', 'p.zkproof', '--context', 'an order', ...proveWords);
    folder.run('evm', 'export', 'p.zkproof', '--key', 'm.zkkey');
    const exported = JSON.parse(Buffer.from(folder.read('p.evm.json')));
    await registerModel(exported, deployment, clients);

    const proof = folder.read('p.zkproof');
    const copies = {same: proof, ...changesOf(proof)};
    for (const [file, bytes] of Object.entries(copies)) folder.write(`copies/${file}.zkproof`, bytes);
    const weights = commitWords.includes('--public-model') ? ['--uncertified'] : ['--certificate', 'm.zkcert'];
    const native = Object.fromEntries(folder.json('verify', 'copies', '--key', 'm.zkkey', ...weights, ...(path ? ['--path', path] : [])).items
      .map((item) => [item.proof.split('/').pop().replace('.zkproof', ''), item.accepted ? 'accepted' : item.reason ?? item.error.message]));
    const python = inPython(folder, 'm.zkkey', path, Object.keys(copies).map((file) => `copies/${file}.zkproof`));
    const key = await zkinferModule.loadKey(folder.read('m.zkkey'), weights.length > 1 ? {certificate: folder.read('m.zkcert')} : {});
    // The proof is the last argument of the call.
    const at = 2 + 2 * (4 + Number(BigInt(`0x${exported.calldata.slice(10 + 3 * 64, 10 + 4 * 64)}`)));
    const word = (number) => number.toString(16).padStart(64, '0');
    const seen = {};
    for (const [file, bytes] of Object.entries(copies)) {
      const result = key.verify(bytes, {...(path ? {path: [folder.read(path)]} : {}), ...(weights.length > 1 ? {} : {uncertified: true})});
      const web = result.accepted ? 'accepted' : result.reason;
      const hex = Buffer.from(bytes).toString('hex');
      const calldata = exported.calldata.slice(0, at) + word(bytes.length) + hex + '0'.repeat((64 - (hex.length % 64)) % 64);
      const verdict = await verifyOnChain({...exported, calldata}, deployment, clients);
      const chain = verdict.accepted ? 'accepted' : verdict.reason;
      const own = python[`copies/${file}.zkproof`];
      if (file.startsWith('header')) {
        assert.ok([web, chain, own, native[file]].every((said) => said !== undefined && said !== 'accepted') || (file === 'header50' && chain === 'wrong statement'), `${file}: ${[native[file], web, own, chain]}`);
        continue;
      }
      assert.deepEqual([web, own, chain], [native[file], native[file], native[file]], `${file}: WebAssembly, Python and the contract, where the program says ${native[file]}`);
      assert.ok(REASONS.includes(chain));
      seen[chain] = (seen[chain] ?? 0) + 1;
    }
    key.close();
    assert.equal(seen.accepted, 1, JSON.stringify(seen));
    assert.ok(Object.keys(seen).length >= 5, JSON.stringify(seen));
    console.log(`${name}, ${proof.length} bytes: ${JSON.stringify(seen)}`);
  });
}
