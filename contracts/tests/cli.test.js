// SPDX-License-Identifier: Apache-2.0
// `zkinfer evm` against a node: deploy, register, verify, gas, calldata, with a key file and with an account of the node; and against
// servers that are none.
import assert from 'node:assert/strict';
import {execFile} from 'node:child_process';
import {chmodSync, copyFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync} from 'node:fs';
import {createServer} from 'node:http';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import {promisify} from 'node:util';
import {bytesToHex, concat, hexToBytes, keccak, text} from './abi.js';
import {DEV_KEYS, MAX_TRANSACTION_GAS, Node, addressOf} from './anvil.js';
import {Model} from './models.js';

const run = promisify(execFile);
let node;
let model;
let at; // a file of the model's folder
before(async () => {
  node = await Node.start();
  model = new Model('cli', 'mlp', ['--inputs', 'public', '--profile', 'small', '--budget', '16'], []);
  model.exported();
  at = (name) => join(model.folder, name);
  writeFileSync(at('account.key'), `${DEV_KEYS[1]}\n`, {mode: 0o600});
});
after(() => node?.stop());

// {code, out, err}; no output ever holds a private key.
async function zkinfer(...words) {
  const result = await run(process.env.ZKINFER, ['evm', ...words], {cwd: model.folder, maxBuffer: 2 ** 26})
    .then(({stdout, stderr}) => ({code: 0, out: stdout, err: stderr}), ({code, stdout, stderr}) => ({code, out: stdout, err: stderr}));
  for (const key of DEV_KEYS) assert.ok(!(result.out + result.err).includes(key.slice(2, 20)), 'a private key was shown');
  return result;
}
const json = async (...words) => {
  const {code, out, err} = await zkinfer(...words, '--json');
  assert.equal(code, 0, err);
  return JSON.parse(out);
};
const refused = async (pattern, ...words) => {
  const {code, out, err} = await zkinfer(...words);
  assert.equal(code, 2, `${words.join(' ')}: ${out}${err}`);
  assert.match(err, pattern);
};
const there = () => ['--rpc', node.url, '--deployment', 'deployment.json'];

test('deployed with a key file', async () => {
  const {code, out, err} = await zkinfer('deploy', join(process.env.ZKINFER_CONTRACTS, 'artifacts.json'), '--rpc', node.url, '--key-file', 'account.key', '--json');
  assert.equal(code, 0, err);
  writeFileSync(at('deployment.json'), out);
  const deployment = JSON.parse(out);
  assert.equal(deployment.chain_id, 31337);
  for (const key of ['outer', 'functionals', 'registry', 'verifier', 'receipts']) {
    assert.notEqual(await node.ask('eth_getCode', deployment[key], 'latest'), '0x', key);
  }
});

test('a model that is not registered is said', async () => {
  await refused(/no model is registered under this id; register it first/, 'verify', 'a.evm.json', ...there());
});

test('registered once, by an account of the node', async () => {
  const first = await json('register', 'a.evm.json', ...there(), '--from', addressOf(DEV_KEYS[0]), '--card-uri', 'ipfs://card');
  assert.equal(first.model_id, JSON.parse(readFileSync(at('a.evm.json'))).model_id);
  assert.equal(first.was_registered, false);
  assert.ok(first.gas > 1_000_000);
  const again = await json('register', 'a.evm.json', ...there());
  assert.deepEqual([again.was_registered, again.transaction], [true, null]);
});

test('verified by a call and in a transaction, whose gas was estimated', async () => {
  const {accepted, reason} = await json('verify', 'a.evm.json', ...there());
  assert.deepEqual([accepted, reason], [true, null]);
  const estimate = await json('gas', 'a.evm.json', ...there(), '--key-file', 'account.key');
  assert.ok(estimate.fits_transaction && estimate.gas <= MAX_TRANSACTION_GAS);
  const sent = await json('verify', 'a.evm.json', ...there(), '--key-file', 'account.key');
  const receipt = await node.ask('eth_getTransactionReceipt', sent.transaction);
  assert.equal(Number(receipt.gasUsed), sent.gas);
  assert.equal(receipt.logs.length, 1);
  assert.ok(sent.gas <= estimate.gas && estimate.gas < sent.gas * 1.05, `${sent.gas} of ${estimate.gas}`);
});

test('a rejected proof: exit code 1, the reason, and no transaction', async () => {
  const file = JSON.parse(readFileSync(at('a.evm.json')));
  const digits = file.calldata.length - 300;
  file.calldata = file.calldata.slice(0, digits) + (file.calldata[digits] === '0' ? '1' : '0') + file.calldata.slice(digits + 1);
  writeFileSync(at('changed.evm.json'), JSON.stringify(file));
  const nonce = () => node.ask('eth_getTransactionCount', addressOf(DEV_KEYS[1]), 'latest');
  const sent = await nonce();
  const {code, out} = await zkinfer('verify', 'changed.evm.json', ...there(), '--key-file', 'account.key');
  assert.equal(code, 1);
  assert.match(out, /REJECTED by the contract: /);
  assert.equal(await nonce(), sent);
  await refused(/submit: it reverts: the proof is rejected: /, 'gas', 'changed.evm.json', ...there());
});

test('calldata is that of the file', async () => {
  const file = JSON.parse(readFileSync(at('a.evm.json')));
  assert.equal((await zkinfer('calldata', 'a.evm.json')).out.trim(), file.calldata);
  const {calldata} = await json('calldata', 'a.evm.json', '--submit');
  assert.equal(calldata.slice(10), file.calldata.slice(10));
});

test('a name on chain is checked against the key', async () => {
  assert.equal((await json('check', 'a.evm.json', '--key', 'model.zkkey')).matches, true);
  const file = JSON.parse(readFileSync(at('a.evm.json')));
  // Another program of the same identity, under the name that it has.
  const program = hexToBytes(file.program);
  program[program.length - 3] ^= 1;
  const model_id = bytesToHex(keccak(concat(text('zkinfer evm model'), hexToBytes(file.identity), keccak(program))));
  writeFileSync(at('false.evm.json'), JSON.stringify({...file, program: bytesToHex(program), model_id, calldata: file.calldata.slice(0, 10) + model_id.slice(2) + file.calldata.slice(74)}));
  const check = async (...words) => {
    const {code, out} = await zkinfer('check', ...words);
    assert.equal(code, 1);
    return out;
  };
  assert.match(await check('false.evm.json', '--key', 'model.zkkey'), /NO MATCH: its program is not what/);
  await run(process.env.ZKINFER, ['commit', 'model.zkmodel', '--public-model', '--key', 'other.zkkey', '--secret', 'other.zksecret', '--no-code-file'], {cwd: model.folder});
  assert.match(await check('a.evm.json', '--key', 'other.zkkey'), /NO MATCH: wrong statement at model identity/);
});

test('keys and accounts that are none', async () => {
  const send = (...words) => ['verify', 'a.evm.json', ...there(), ...words];
  chmodSync(at('account.key'), 0o644);
  await refused(/others than its owner can use it; `chmod 600` it/, ...send('--key-file', 'account.key'));
  chmodSync(at('account.key'), 0o600);
  for (const [text, pattern] of [['', /got 0/], ['0x1234', /got 4/], ['zz'.repeat(32), /something else/], ['00'.repeat(32), /above 0/], ['ff'.repeat(32), /order of secp256k1/]]) {
    writeFileSync(at('bad.key'), text, {mode: 0o600});
    await refused(pattern, ...send('--key-file', 'bad.key'));
  }
  await refused(/not both/, ...send('--key-file', 'account.key', '--from', addressOf(DEV_KEYS[0])));
  await refused(/--from: expected 0x and 40 hexadecimal digits/, ...send('--from', '0x12'));
  await refused(/eth_sendTransaction: the node refuses/, ...send('--from', `0x${'11'.repeat(20)}`));
});

test('files that are others', async () => {
  const file = JSON.parse(readFileSync(at('a.evm.json')));
  const changed = (changes) => {
    writeFileSync(at('other.json'), JSON.stringify({...file, ...changes}));
    return ['verify', 'other.json', ...there()];
  };
  await refused(/"model_id" is not that of identity and program/, ...changed({program: `${file.program}00`}));
  await refused(/"calldata" is no call of verify/, ...changed({calldata: '0x12345678'}));
  await refused(/"identity": expected 0x and 64/, ...changed({identity: '0x00'}));
  await refused(/it has no text "program"/, ...changed({program: 7}));
  await refused(/it is no JSON object/, 'verify', 'a.zkproof', ...there());
  await refused(/is not what `zkinfer evm deploy --json` prints/, 'verify', 'a.evm.json', '--rpc', node.url, '--deployment', 'a.evm.json');
  await refused(/has no bytecode of ZkInferOuter; `make evm`/, 'deploy', 'a.evm.json', '--rpc', node.url, '--key-file', 'account.key');
  const deployment = JSON.parse(readFileSync(at('deployment.json')));
  const elsewhere = (changes) => {
    writeFileSync(at('elsewhere.json'), JSON.stringify({...deployment, ...changes}));
    return ['verify', 'a.evm.json', '--rpc', node.url, '--deployment', 'elsewhere.json'];
  };
  await refused(/is of chain 1, .* is a node of chain 31337/, ...elsewhere({chain_id: 1}));
  await refused(/no verifier at 0x1111/, ...elsewhere({verifier: `0x${'11'.repeat(20)}`}));
});

test('servers that are no nodes', async () => {
  let answer;
  const server = createServer((request, response) => {
    if (answer === undefined) return request.socket.destroy();
    response.end(answer);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${server.address().port}`;
  const ask = (pattern) => refused(pattern, 'verify', 'a.evm.json', '--rpc', url, '--deployment', 'deployment.json');
  await ask(/eth_chainId: no answer: /);
  answer = '<html>no';
  await ask(new RegExp(`'${url}': eth_chainId: expected JSON-RPC's object .*, got '<html>no'`));
  for (const [text, pattern] of [['{}', /expected JSON-RPC's object/], ['{"result": 1, "error": 2}', /JSON-RPC's object/], ['{"result": "0xzz"}', /expected a number .*got '0xzz'/],
    ['{"result": "0x1ffffffffffffffff"}', /64 bits/], ['{"result": null}', /got 'null'/], ['{"error": {"message": "go away\\u001b[2J"}}', /the node refuses: 'go away\\x1b/],
    ['{"error": 5}', /refuses/], ['[]', /JSON-RPC's object/], ['', /JSON-RPC's object/], ['{"result": "0x7a69"}', /verify at|no verifier/]]) {
    answer = text;
    await ask(pattern);
  }
  answer = 'x'.repeat(2 ** 24 + 1);
  await ask(/an answer of more than 16777216 bytes/);
  server.close();
  await ask(/eth_chainId: no answer: /);
  await refused(/no answer: /, 'verify', 'a.evm.json', '--rpc', 'file:///etc/hostname', '--deployment', 'deployment.json');
});

// The blocks of `<!-- run by evm_cli -->`, in a folder that has the files under the names of the pages.
test('what the pages show', async () => {
  const block = /<!-- run by evm_cli -->\n *```sh\n(.*?)^ *```$/gms;
  mkdirSync(at('build'));
  symlinkSync(process.env.ZKINFER_CONTRACTS, at('build/evm'));
  for (const [from, to] of [['a.zkproof', 'input.zkproof'], ['model.zkkey', 'network.zkkey'], ['model.zkcert', 'network.zkcert']]) copyFileSync(at(from), at(to));
  let count = 0;
  for (const page of ['docs/cli.md', 'docs/market.md']) {
    for (const [, code] of readFileSync(join(process.env.ZKINFER_SOURCE, page), 'utf8').matchAll(block)) {
      count += 1;
      const path = `${join(process.env.ZKINFER, '..')}:${process.env.PATH}`;
      // What `make evm` builds is there: run.sh has looked.
      await run('bash', ['-euo', 'pipefail', '-c', code.replace(/^make evm .*$/m, '')], {cwd: model.folder, env: {...process.env, PATH: path, RPC: node.url}, maxBuffer: 2 ** 26});
    }
    copyFileSync(at('input.evm.json'), at('chunk.evm.json'));
  }
  assert.equal(count, 2);
  const kind = async (file) => JSON.parse((await run(process.env.ZKINFER, ['inspect', file, '--json'], {cwd: model.folder})).stdout).kind;
  assert.deepEqual([await kind('deployment.json'), await kind('build/evm/artifacts.json'), await kind('input.evm.json')], ['deployment', 'contracts', 'evm']);
});
