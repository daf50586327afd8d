// SPDX-License-Identifier: Apache-2.0
// zkinfer-market: what it refuses and how it says so, gas and money, secrets, data that are withheld or false, sales outside of bounties; and the
// modules under it. The whole life of a bounty is market_walk.test.js.
import assert from 'node:assert/strict';
import {execFile, execFileSync} from 'node:child_process';
import {createHash} from 'node:crypto';
import {createServer} from 'node:http';
import {chmodSync, existsSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync} from 'node:fs';
import {createRequire} from 'node:module';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import {pathToFileURL} from 'node:url';
import {promisify} from 'node:util';
import {evm, startAnvil} from './anvil.js';
import {installMarket} from './market_package.js';
import {Folder, source, web} from './native.js';

const run = promisify(execFile);
const load = (path) => import(pathToFileURL(join(web, 'zkinfer', path)));
const {archiveBlocks, archiveOf, blocksOf, fetchCid, fetcherOf, parseCid} = await load('src/ipfs.js');
const {newKeyPair, openSealed, sealTo} = await load('src/sealing.js');
const {amountOf, amountText, deadlineOf, sharesOf, thresholdOf} = await load('src/quantities.js');
const viem = await import(pathToFileURL(createRequire(join(web, 'npm/package.json')).resolve('viem').replace('/_cjs/', '/_esm/')).href);

const base32Of = (bytes) => [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('').match(/.{1,5}/g).map((bits) => 'abcdefghijklmnopqrstuvwxyz234567'[parseInt(bits.padEnd(5, '0'), 2)]).join('');
// anvil's, known to everybody.
const KEYS = ['ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80', '59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d', '5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a'];
const [PROVIDER, HUNTER, OTHER] = ['0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266', '0x70997970c51812dc3a010c7d01b50e0d17dc79c8', '0x3c44cdddb6a900fa2b585dd299e03d12fa4293bc'];
const folder = new Folder('market');
const at = (name) => join(folder.path, name);
const examples = join(source, 'examples/bounty');
let anvil;
let program;
let main;

before(async () => {
  anvil = await startAnvil();
  program = installMarket(folder.path);
  ({main} = await import(pathToFileURL(at('node_modules/zkinfer/cli/main.js'))));
  process.chdir(folder.path);
  delete process.env.ZKINFER_MARKET_KEY;
  Object.defineProperty(process.stdin, 'isTTY', {value: false});
  for (const [i, name] of ['provider', 'hunter', 'other'].entries()) writeFileSync(at(`${name}.key`), `${KEYS[i]}\n`, {mode: 0o600});
  folder.write('deployment.json', execFileSync(process.env.ZKINFER, ['evm', 'deploy', join(evm, 'artifacts.json'), '--rpc', anvil.url, '--key-file', 'provider.key', '--json'], {cwd: folder.path, stdio: ['ignore', 'pipe', 'ignore']}));
  // A model to commit to: only its name matters here.
  folder.copy('examples/mlp/mlp.onnx', 'examples/mlp/calibration.json', 'examples/mlp/input.json');
  folder.run('compile', 'mlp.onnx', '--calibration', 'calibration.json');
  folder.run('commit', 'mlp.zkmodel', '--inputs', 'public', '--profile', 'small', '--budget', '16');
  folder.run('prove', 'mlp.zkmodel', '--input', 'input.json', '-o', 'a.zkproof');
  folder.run('evm', 'export', 'a.zkproof', '--key', 'mlp.zkkey', '-o', 'a.evm.json');
  folder.run('evm', 'register', 'a.evm.json', '--rpc', anvil.url, '--deployment', 'deployment.json', '--key-file', 'hunter.key');
});
after(() => anvil?.stop());

/** {code, out, err}; whatever it says, no secret is in it. In this process: a new one takes as long as most verbs. */
async function market(...words) {
  const result = {out: '', err: ''};
  result.code = await main(words, (text) => (result.out += text), (text) => (result.err += text));
  for (const key of KEYS) assert.ok(!(result.out + result.err).includes(key.slice(0, 16)), 'a private key was shown');
  return result;
}
const there = (name, ...words) => [...words, '--rpc', anvil.url, '--deployment', 'market.json', ...(name ? ['--key-file', `${name}.key`, '--yes'] : [])];
async function done(...words) {
  const {code, out, err} = await market(...words, '--json');
  assert.equal(code, 0, `${words.join(' ')}: ${err}`);
  return JSON.parse(out);
}
async function refused(pattern, words, expected = 2) {
  const {code, out, err} = await market(...words);
  assert.equal(code, expected, `${words.join(' ')}: ${out}${err}`);
  assert.match(err, pattern);
  // --json says the same on stdout.
  return err;
}
const nonce = async (account) => Number(await anvil.ask('eth_getTransactionCount', account, 'latest'));
const balance = async (account) => BigInt(await anvil.ask('eth_getBalance', account, 'latest'));
async function later(seconds) {
  await anvil.ask('evm_increaseTime', seconds);
  await anvil.ask('evm_mine');
}
const TERMS = ['--prize', '1', '--stake', '0.5', '--hunter-stake', '0.25', '--threshold', '75%', '--commit-until', '2h', '--reveal-until', '1h', '--prove-until', '2h', '--exchange-window', '1h'];

test('the contracts\' interface in the package is that of the compiled contracts', () => {
  const made = execFileSync(process.execPath, [join(source, 'js/market_abi.mjs'), join(evm, 'artifacts.json')], {encoding: 'utf8'});
  assert.equal(made, readFileSync(join(source, 'js/src/market_abi.js'), 'utf8'), 'node js/market_abi.mjs build/evm/artifacts.json > js/src/market_abi.js');
});

test('help of every verb, whose examples it takes itself', async () => {
  const {code, out} = await market('--help');
  assert.equal(code, 0);
  const {parse} = await load('cli/options.js');
  const modules = await Promise.all(['provider', 'hunter', 'exchange', 'show'].map((name) => load(`cli/${name}.js`)));
  const verbs = modules.flatMap((module) => Object.values(module)).filter((one) => one.run !== undefined);
  assert.equal(verbs.length, 24);
  for (const verb of verbs) {
    assert.match(out, new RegExp(`^  ${verb.name} +`, 'm'));
    const help = await market(verb.name, '--help');
    assert.equal(help.code, 0);
    assert.match(help.out, /Usage: zkinfer-market/);
    for (const example of verb.examples) {
      assert.ok(help.out.includes(example));
      const [name, ...words] = example.split(/\s+/);
      assert.equal(name, verb.name);
      parse(verb, words);
    }
  }
  await refused(/there is no verb 'wihdraw'/, ['wihdraw']);
  await refused(/there is no option --pirze; `zkinfer-market create --help` lists them/, ['create', 'x', '--pirze', '1']);
  await refused(/create: --rpc, --deployment, --data-key, --stake, --hunter-stake, --threshold are missing/, ['create', 'x']);
  await refused(/show: expected BOUNTY beside its options, got none/, ['show']);
  assert.equal((await market()).code, 2);
});

test('amounts, times, shares and thresholds', () => {
  assert.equal(amountOf('x', '1.5', 18), 15n * 10n ** 17n);
  assert.equal(amountText(15n * 10n ** 17n, 18), '1.5');
  assert.equal(amountText(1n, 18), '0.000000000000000001');
  assert.equal(amountText(7n, 0), '7');
  for (const bad of ['', '-1', '1e3', '0x1', '1.', '.5', '1,5', '0.1234567890123456789', '9'.repeat(30)]) assert.throws(() => amountOf('x', bad, 18), /^ZkinferError: x: /);
  assert.equal(deadlineOf('x', '36h', 10), 10 + 36 * 3600);
  assert.equal(deadlineOf('x', '2027-01-31T12:00Z', 10), Date.UTC(2027, 0, 31, 12) / 1000);
  for (const bad of ['tomorrow', '2027-13-01', '5', '5s', '2027-01-31 12:00']) assert.throws(() => deadlineOf('x', bad, 10), /expected a duration such as 7d or a time/);
  assert.deepEqual(sharesOf('70,20,10'), [7000, 2000, 1000, 0, 0, 0, 0, 0]);
  for (const bad of ['70,20', '20,80', '100,0,0,0,0,0,0,0,0', '50,x']) assert.throws(() => sharesOf(bad), /ZkinferError/);
  assert.deepEqual(['75%', '48', '0', '33.4%', '100%'].map((text) => thresholdOf(text, 64)), [48, 48, 0, 22, 64]);
  for (const bad of ['65', '101%', '-1', 'all']) assert.throws(() => thresholdOf(bad, 64), /expected 0 to 64 hits/);
});

test('sealing is HPKE of RFC 9180, and says when it cannot be opened', async () => {
  // Made by @hpke/core 1.7.5 with @hpke/dhkem-x25519: secret key, then encapsulated key and ciphertext.
  const secret = '2d88e18e0fc39d004a30a1621ada429d8926b7ff0fdab07efd4937efd16ca5c2';
  const sealed = Buffer.from('61275f0f76d24d6d4e012e2de78ef241def7784c5b786d92ef18deccc611a75fc39cbd2a850cfa6a4d5ce33a4b26307d5b97fe2b769436a9e721ea5304c9e75dcba7e4cace9252d5e27c3e760a3936', 'hex');
  const info = new TextEncoder().encode('zkinfer test');
  assert.equal(Buffer.from(await openSealed(secret, sealed, info)).toString(), 'a share of thirty bytes, sealed');
  const {secretKey, publicKey} = await newKeyPair();
  const bytes = Uint8Array.of(1, 2, 3);
  const own = await sealTo(publicKey, bytes, info);
  assert.deepEqual(await openSealed(secretKey, own, info), bytes);
  assert.notDeepEqual(await sealTo(publicKey, bytes, info), own);
  await assert.rejects(openSealed(secretKey, own, Uint8Array.of(0)), /it is not for the key whose public one is 0x[0-9a-f]{64}, or for something else/);
  await assert.rejects(openSealed(secret, own, info), /ZkinferError|not for the key/);
  for (let i = 0; i < own.length; i += 7) await assert.rejects(openSealed(secretKey, own.map((byte, j) => (i === j ? byte ^ 1 : byte)), info));
  await assert.rejects(openSealed(secretKey, own.slice(0, 40), info), /40 bytes, expected at least 48/);
  // A key with which everybody shares the same secret.
  await assert.rejects(sealTo(new Uint8Array(32), bytes, info), /no X25519 key/);
  await assert.rejects(sealTo('0x12', bytes, info), /public key: expected 32 bytes, got 1/);
});

test('content identifiers are those of ipfs, and gateways are not believed', async () => {
  // By ipfs-unixfs-importer 15 with `ipfs add --cid-version 1`'s settings: bytes i -> 7 i + (i >> 8).
  const known = {0: 'bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku', 100: 'bafkreicw73slckzib2q6pqnvkaacxmmlgqwmxvzcttklcr7ka6vbu2issq', 262145: 'bafybeielov4zxeb3kwwrtgpluv2mh72hsf7vjypbok654v7i2ox5ylnlje',
    600000: 'bafybeidtfx2drdcs3chkd22slopllb5xdcrzumm23v7mkkl7mkmcsmkhr4', 45875205: 'bafybeibjzuycakaqx6nfwdbvy4q23aon7666mobksatgjzuiefnvshyubi'};
  const blocks = new Map();
  const files = {};
  for (const [size, cid] of Object.entries(known)) {
    files[cid] = new Uint8Array(Number(size)).map((_, i) => 7 * i + (i >> 8));
    const made = await blocksOf(files[cid]);
    assert.equal(made.cid, cid);
    for (const block of made.blocks) blocks.set(block.cid, block.bytes);
  }
  let lie;
  const server = createServer((request, response) => {
    const cid = /^\/ipfs\/(\w+)\?format=raw$/.exec(request.url)?.[1];
    const bytes = lie?.(cid) ?? blocks.get(cid);
    response.writeHead(bytes === undefined ? 404 : 200).end(bytes);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  server.unref();
  const gateways = [`http://127.0.0.1:${server.address().port}/`];
  for (const cid of Object.keys(files)) assert.ok(Buffer.from(files[cid]).equals(await fetchCid(`ipfs://${cid}`, {gateways})), cid);
  const [large, single] = [known[600000], known[100]];
  for (const at of [single, [...blocks.keys()].find((cid) => blocks.get(cid).length === 600000 - 2 ** 19)]) {
    lie = (cid) => (cid === at ? blocks.get(cid).map((byte, i) => (i === 50 ? byte ^ 1 : byte)) : undefined);
    await assert.rejects(fetchCid(at === single ? single : large, {gateways}), /other bytes than the identifier names; nothing of them was used/);
  }
  lie = () => new Uint8Array(2 ** 21 + 1);
  await assert.rejects(fetchCid(single, {gateways}), /more than 2097152 bytes/);
  lie = undefined;
  // A liar in front of an honest one costs nothing but time.
  assert.equal((await fetchCid(single, {gateways: ['http://127.0.0.1:1', ...gateways]})).length, 100);
  await assert.rejects(fetchCid(large, {gateways, most: 599_999}), /more than the 599999 bytes that are taken/);
  await assert.rejects(fetchCid(known[0].replace(/y/, 'a'), {gateways}), /status 404|base32/);
  for (const [bad, pattern] of [['QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWnPbdG', /version 1 in base32.*`ipfs cid base32`/], ['bafkrei', /base32/], ['bafyreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku', /raw block or a UnixFS file/], ['', /got ''/], ['bafkr!', /base32/]]) assert.throws(() => parseCid(bad), pattern);
  // What is named as a node and is none: names bind bytes, not sense.
  const named = (bytes) => `b${base32Of(Buffer.concat([Buffer.from([1, 0x70, 0x12, 32]), createHash('sha256').update(bytes).digest()]))}`;
  for (const [bytes, pattern] of [[[0x0a, 2, 8, 1], /it is no file \(a folder, perhaps\)/], [[0x12, 2, 0x12, 0], /a link to nothing/], [[0xff], /no node of a UnixFS file/], [[0x12, 9, 1], /a node that ends too early/], [[0x0d, 0, 0, 0, 0], /no node/]]) {
    const cid = named(Buffer.from(bytes));
    blocks.set(cid, Uint8Array.from(bytes));
    await assert.rejects(fetchCid(cid, {gateways}), pattern);
  }
  // An archive has each block once, and is compared like a gateway.
  const made = await blocksOf(files[large]);
  const archive = archiveOf([made.cid], made.blocks);
  assert.equal(archiveBlocks(archive).size, new Set(made.blocks.map(({cid}) => cid)).size);
  const fromArchive = (bytes) => fetchCid(large, {gateways: ['archive'], fetcher: fetcherOf(archiveBlocks(bytes))});
  assert.ok(Buffer.from(await fromArchive(archive)).equals(files[large]));
  await assert.rejects(fromArchive(archive.map((byte, i) => (i === archive.length - 9 ? byte ^ 1 : byte))), /other bytes than the identifier names/);
  for (const [bytes, pattern] of [[archive.slice(0, -1), /ends within a block/], [Uint8Array.of(255), /no archive/], [Uint8Array.of(200, 1), /no archive/], [new Uint8Array(), /no archive/]]) assert.throws(() => archiveBlocks(bytes), pattern);
  server.close();
});

test('deployed once, and nothing is sent unasked', async () => {
  const deploy = ['deploy', join(evm, 'artifacts.json'), '--deployment', 'deployment.json', '--rpc', anvil.url, '-o', 'market.json'];
  const count = await nonce(PROVIDER);
  await refused(/there is nobody to ask; --yes sends, --dry-run says what it would cost/, [...deploy, '--key-file', 'provider.key']);
  // Who ends what he types (Ctrl-D) has said no.
  for (const key of ['\\004', 'n\\n']) {
    const typed = `(sleep 3; printf '${key}') | /usr/bin/python3 -c 'import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))' ${[program, ...deploy, '--key-file', 'provider.key'].join(' ')}`;
    const {code, stdout} = await run('bash', ['-c', typed], {cwd: folder.path}).catch((error) => error);
    assert.equal(code, 2, stdout);
    assert.match(stdout, /nothing was sent/);
  }
  const {transactions} = await done(...deploy, '--key-file', 'provider.key', '--dry-run');
  assert.ok(transactions[0].estimated_gas > 3_000_000 && transactions[0].transaction === null);
  await refused(/expected --key-file, --from or the variable ZKINFER_MARKET_KEY/, [...deploy, '--yes']);
  chmodSync(at('provider.key'), 0o644);
  await refused(/others than its owner can use it; `chmod 600` it/, [...deploy, '--key-file', 'provider.key', '--yes']);
  chmodSync(at('provider.key'), 0o600);
  writeFileSync(at('bad.key'), `${KEYS[0]}00`, {mode: 0o600});
  await refused(/expected a private key of 64 hexadecimal digits, got 66 characters/, [...deploy, '--key-file', 'bad.key', '--yes']);
  writeFileSync(at('bad.key'), 'f'.repeat(64), {mode: 0o600});
  await refused(/no private key of secp256k1/, [...deploy, '--key-file', 'bad.key', '--yes']);
  assert.equal(await nonce(PROVIDER), count);
  assert.ok(!existsSync(at('market.json')));
  const {market: address, sale} = await done(...deploy, '--key-file', 'provider.key', '--yes');
  for (const one of [address, sale]) assert.notEqual(await anvil.ask('eth_getCode', one, 'latest'), '0x');
  await refused(/'market.json' is there already; --force replaces it/, [...deploy, '--key-file', 'provider.key', '--yes']);
  // The native program reads the same file.
  assert.equal(folder.json('evm', 'verify', 'a.evm.json', '--rpc', anvil.url, '--deployment', 'market.json').accepted, true);
  // A key by the environment.
  const {stdout} = await run(program, there(undefined, 'claim', '0', '--dry-run', '--json'), {cwd: folder.path, env: {...process.env, ZKINFER_MARKET_KEY: `0x${KEYS[1]}`}}).catch((error) => error);
  assert.match(stdout, /there is no bounty 0/);
});

test('what is no node, no deployment, no bounty', async () => {
  assert.deepEqual((await done(...there(undefined, 'list'))).bounties, []);
  await refused(/there is no bounty 7; `zkinfer-market list` shows those there are/, there(undefined, 'show', '7'));
  await refused(/BOUNTY: expected a whole number, got 'x'/, there(undefined, 'show', 'x'));
  await refused(/no answer of a node/, ['list', '--rpc', 'http://127.0.0.1:1', '--deployment', 'market.json']);
  await refused(/--rpc: expected an address/, ['list', '--rpc', 'file:///etc/hostname', '--deployment', 'market.json']);
  await refused(/has no "market"; `zkinfer-market deploy` writes it/, ['list', '--rpc', anvil.url, '--deployment', 'deployment.json']);
  await refused(/cannot read 'none.json': no such file/, ['list', '--rpc', anvil.url, '--deployment', 'none.json']);
  const deployment = JSON.parse(readFileSync(at('market.json')));
  for (const [changes, pattern] of [[{chain_id: 1}, /is of chain 1, .* of chain 31337/], [{market: `0x${'11'.repeat(20)}`}, /there is no contract at 0x1111/], [{sale: '0x1'}, /"sale": expected 0x and 40/]]) {
    writeFileSync(at('other.json'), JSON.stringify({...deployment, ...changes}));
    await refused(pattern, ['list', '--rpc', anvil.url, '--deployment', 'other.json']);
  }
  const {code, out} = await market('list', '--rpc', anvil.url, '--deployment', 'other.json', '--json');
  assert.deepEqual([code, JSON.parse(out).error.code], [2, 'invalid_argument']);
});

test('data are sealed whole or not at all', async () => {
  const seal = (...words) => ['seal-data', join(examples, 'hidden.npy'), '--labels', join(examples, 'hidden_labels.npy'), ...words];
  await refused(/64 rows are no whole number of chunks of 30/, seal('--rows', '30', '-o', 'x'));
  await refused(/its label is 9, expected 0 to 8/, seal('--rows', '32', '--classes', '9', '-o', 'x', '--keep-order'));
  await refused(/expected a label for each row/, ['seal-data', join(examples, 'calibration.npy'), '--labels', join(examples, 'hidden_labels.npy'), '--rows', '32', '-o', 'x']);
  await refused(/it is no .npy file/, ['seal-data', 'mlp.onnx', '--labels', join(examples, 'hidden_labels.npy'), '--rows', '32', '-o', 'x']);
  assert.ok(!existsSync(at('x')) && !existsSync(at('data.key')));
  const {cid, rows, chunks} = await done(...seal('--rows', '32', '-o', 'bounty', '--name', 'digits'));
  assert.deepEqual([rows, chunks], [64, 2]);
  assert.equal(statSync(at('data.key')).mode & 0o777, 0o600);
  assert.deepEqual(readdirSync(at('bounty')).sort(), ['bounty.car', 'bounty.json', 'chunk-00.sealed', 'chunk-01.sealed']);
  assert.equal(cid, `ipfs://${(await blocksOf(readFileSync(at('bounty/bounty.json')))).cid}`);
  await refused(/'data.key' is there already/, seal('--rows', '32', '-o', 'again'));
  await refused(/'bounty' is there already/, seal('--rows', '32', '-o', 'bounty', '--data-key', 'again.key'));
  // A data set of the native program, in the same words.
  folder.run('dataset', 'build', '-i', join(source, 'examples/digits/test.npy'), '--labels', join(source, 'examples/digits/test_labels.npy'), '--scale', '1', '-o', 'digits.zkset');
  const set = await done('seal-data', 'digits.zkset', '--rows', '40', '-o', 'set', '--data-key', 'set.key');
  assert.deepEqual([set.rows, set.chunks, set.classes], [400, 10, 10]);
});

test('a bounty is created with what the contract takes', async () => {
  const create = (...words) => there('provider', 'create', 'bounty', '--data-key', 'data.key', ...words);
  const changed = (name, value) => create(...TERMS.map((word, i) => (TERMS[i - 1] === name ? value : word)));
  const count = await nonce(PROVIDER);
  await refused(/'set.key' does not open the data of 'bounty'/, there('provider', 'create', 'bounty', '--data-key', 'set.key', ...TERMS));
  await refused(/--commit-until: the window would be 30 minutes; the market takes an hour to 90 days/, changed('--commit-until', '30m'));
  await refused(/--prize: expected an amount such as 1.5, got 'much'/, changed('--prize', 'much'));
  await refused(/it takes \d+\.\d+ ETH, the account .* has/, changed('--prize', '1000000'));
  await refused(/--keys: a price buys weights/, create(...TERMS, '--price', '1'));
  await refused(/--metric: the market counts rows .* got 'f1'/, create(...TERMS, '--metric', 'f1'));
  writeFileSync(at('bounty/chunk-01.sealed'), Buffer.concat([readFileSync(at('bounty/chunk-01.sealed')), Buffer.from([0])]), {flag: 'w'});
  await refused(/chunk 1 is not the one that its description names/, create(...TERMS));
  writeFileSync(at('bounty/chunk-01.sealed'), readFileSync(at('bounty/chunk-01.sealed')).subarray(0, -1));
  assert.equal(await nonce(PROVIDER), count);
  const before = await balance(PROVIDER);
  const {code, out, err} = await market(...create(...TERMS), '--json');
  assert.equal(code, 0, err);
  assert.match(err, /create: about \d+ gas, at most [\d.]+ ETH at [\d.]+ gwei, and 1.5 ETH with it, from 0xf39fd6/);
  const {bounty, transactions: [{gas}]} = JSON.parse(out);
  assert.equal(bounty, 0);
  const fee = before - (await balance(PROVIDER)) - 15n * 10n ** 17n;
  assert.ok(fee > 0n && fee < BigInt(gas) * 10n ** 11n);
  const shown = await done(...there(undefined, 'show', '0'));
  assert.deepEqual([shown.state, shown.prize, shown.provider_stake, shown.threshold, shown.shares], ['OPEN', '1 ETH', '0.5 ETH', 48, [100]]);
});

test('commitments: structure, stake, last hour, salt', async () => {
  const commit = (...words) => there('hunter', 'commit', '0', '--export', 'a.evm.json', '--certificate', 'mlp.zkcert', '--data', 'bounty', ...words);
  await refused(/has not allowed networks of the structure 0x[0-9a-f]{64} yet; send him key and export/, commit());
  await refused(/only 0xf39f.* may do this/i, there('hunter', 'allow', '0', '--export', 'a.evm.json', '--key', 'mlp.zkkey'));
  // A program that is not its key's.
  folder.run('commit', 'mlp.zkmodel', '--inputs', 'public', '--key', 'b.zkkey', '--secret', 'b.zksecret', '--certificate', 'b.zkcert');
  await refused(/'a.evm.json': its program is not that of 'b.zkkey'.*nothing was sent/, there('provider', 'allow', '0', '--export', 'a.evm.json', '--key', 'b.zkkey'), 1);
  await done(...there('provider', 'allow', '0', '--export', 'a.evm.json', '--key', 'mlp.zkkey'));
  await refused(/these are the data of another bounty than 0/, there('hunter', 'commit', '0', '--export', 'a.evm.json', '--certificate', 'mlp.zkcert', '--data', 'set'));
  await done(...commit('--dry-run'));
  assert.ok(!existsSync(at('submission.json')));
  const {submission} = await done(...commit());
  assert.equal(submission, 0);
  assert.equal(statSync(at('submission.json')).mode & 0o777, 0o600);
  await refused(/'submission.json' is there already/, commit());
  await later(3600 + 1800);
  await refused(/commit: it is over in 2\d min, and a transaction can be held back; --late sends it nevertheless/, commit('-o', 'late.json'));
  assert.ok(!existsSync(at('late.json')));
  await refused(/1 models are committed to; it cannot be taken back any more/, there('provider', 'cancel', '0'));
  await refused(/in the state OPEN.* this belongs to REVEAL. commitments end in 2\d min .*a key that is public earlier costs your stake/, there('provider', 'reveal', '0', '--data-key', 'data.key'));
});

test('a key that does not come: the hunter gets his stake and the provider\'s, the provider the prize', async () => {
  await later(1900);
  await refused(/the deadline is less than 12 blocks ago, and blocks can come back/, there('provider', 'reveal', '0', '--data-key', 'data.key'));
  await refused(/'set.key' is not the key of bounty 0/, there('provider', 'reveal', '0', '--data-key', 'set.key', '--blocks', '0'));
  await refused(/its data are not open; the key is due until in /, there(undefined, 'open', '0', '--data', 'bounty', '-o', 'opened'));
  await refused(/in the state REVEAL.*The key is due until in/, there(undefined, 'prove', '--model', 'mlp.zkmodel', '--data', 'bounty', '-o', 'proofs'));
  await later(3600);
  const hunter = await done(...there('hunter', 'claim', '0'));
  assert.deepEqual(hunter.transactions.map(({step}) => step), ['settle', 'stakes of submission 0', 'withdraw']);
  assert.equal(hunter.paid, '0.75 ETH');
  assert.equal((await done(...there('other', 'claim', '0', '--for', PROVIDER))).paid, '1 ETH');
  assert.match((await market(...there('hunter', 'claim', '0'))).err, /nothing is due to .* in the state DONE/);
  assert.equal(await balance(JSON.parse(readFileSync(at('market.json'))).market), 0n);
});

test('data that open to something else: open says so, challenge shows it, claim pays', async () => {
  const token = await deployToken();
  // A provider who lies about one chunk, with a program of his own.
  const description = JSON.parse(readFileSync(at('bounty/bounty.json')));
  description.spec.openedChunks[1] = `0x${'11'.repeat(32)}`;
  folder.write('false/bounty.json', Buffer.from(JSON.stringify(description)));
  for (const name of ['chunk-00.sealed', 'chunk-01.sealed']) folder.write(`false/${name}`, readFileSync(at(`bounty/${name}`)));
  await refused(/'data.key' does not open the data of 'false'/, there('provider', 'create', 'false', '--data-key', 'data.key', ...TERMS));
  const {Bounties} = await load('src/market.js');
  const {marketAbi} = await load('src/market_abi.js');
  const original = (await done(...there('provider', 'create', 'bounty', '--data-key', 'data.key', ...TERMS, '--token', token))).bounty;
  const events = await viem.createPublicClient({transport: viem.http(anvil.url)}).getContractEvents({address: JSON.parse(readFileSync(at('market.json'))).market, abi: marketAbi, eventName: 'Created', args: {id: BigInt(original)}, fromBlock: 0n});
  const terms = {...events[0].args.terms, specDigest: new Bounties((bytes) => viem.keccak256(bytes)).specDigest(description.spec)};
  const {market: address} = JSON.parse(readFileSync(at('market.json')));
  const send = async (to, abi, functionName, args) => anvil.receipt(await anvil.ask('eth_sendTransaction', {from: PROVIDER, to, data: viem.encodeFunctionData({abi, functionName, args})}));
  await send(token, viem.erc20Abi, 'approve', [address, 10n ** 30n]);
  assert.equal((await send(address, marketAbi, 'create', [terms])).status, '0x1');
  const id = String(original + 1);
  await done(...there('provider', 'allow', id, '--export', 'a.evm.json', '--key', 'mlp.zkkey'));
  // The stake is in the token: the program lets the market take just as much.
  const sent = await done(...there('hunter', 'commit', id, '--export', 'a.evm.json', '--certificate', 'mlp.zkcert', '--data', 'false', '-o', 'second.json'));
  assert.deepEqual(sent.transactions.map(({step}) => step), ['approve 0.25 ODD', 'commit']);
  await later(7300);
  await done(...there('provider', 'reveal', id, '--data-key', 'data.key', '--blocks', '0'));
  await refused(/chunks 1 open to something else than was promised; `zkinfer-market challenge/, there(undefined, 'open', id, '--data', 'false', '-o', 'opened'), 1);
  await refused(/its data are not as promised/, there(undefined, 'prove', '--submission', 'second.json', '--model', 'mlp.zkmodel', '--data', 'false', '-o', 'proofs'), 1);
  assert.equal((await done(...there('other', 'challenge', id, '--data', 'false'))).chunk, 1);
  assert.equal((await done(...there('hunter', 'claim', id))).paid, '0.75 ODD');
  // The honest one beside it, which nobody took part in, opens and cannot be challenged.
  await done(...there('provider', 'reveal', String(original), '--data-key', 'data.key', '--blocks', '0'));
  await refused(/all 2 chunks open to what was promised; there is nothing to challenge/, there('other', 'challenge', String(original), '--data', 'bounty'), 1);
  await done(...there(undefined, 'open', String(original), '--data', 'bounty', '-o', 'opened'));
  assert.equal(readFileSync(at('opened/chunk-01.npy')).length, 128 + 32 * 64);
});

async function deployToken() {
  const {OddToken} = JSON.parse(readFileSync(join(evm, 'artifacts.json'), 'utf8'));
  const send = async (call) => anvil.receipt(await anvil.ask('eth_sendTransaction', {from: PROVIDER, ...call}));
  const {contractAddress} = await send({data: OddToken.bytecode});
  for (const account of [PROVIDER, HUNTER, OTHER]) await send({to: contractAddress, data: viem.encodeFunctionData({abi: OddToken.abi, functionName: 'mint', args: [account, 10n ** 21n]})});
  return contractAddress;
}

test('weights are sold outside of bounties: checked before money is locked, released, or refunded', async () => {
  const {public_key: publicKey} = await done('new-keys', '-o', 'buyer.keys');
  await done('new-keys', '-o', 'stranger.keys');
  await refused(/'buyer.keys' is there already/, ['new-keys', '-o', 'buyer.keys']);
  folder.run('seal', 'mlp.zkmodel', '--sale', 'order-1');
  const sell = (...words) => there(undefined, 'sell', '--sealed', 'mlp.zksealed', '--key', 'mlp.zkkey', '--shares', 'mlp.zkshares', '--export', 'a.evm.json', '--buyer-key', publicKey, '--seller', HUNTER, '--price', '2', ...words);
  await refused(/the sealed weights are rejected: /, sell('--text', 'order-2'), 1);
  await done(...sell('--text', 'order-1'));
  const buy = (...words) => there('other', 'buy', 'offer.json', '--archive', 'goods.car', '--key', 'mlp.zkkey', ...words);
  const count = await nonce(OTHER);
  await refused(/the second share: sealed: it is not for the key/, buy('--keys', 'stranger.keys', '-o', 'goods0'), 1);
  await refused(/the goods are of another model than 'b.zkkey'/, there('other', 'buy', 'offer.json', '--archive', 'goods.car', '--key', 'b.zkkey', '--keys', 'buyer.keys', '-o', 'goods1'), 1);
  const offer = JSON.parse(readFileSync(at('offer.json')));
  writeFileSync(at('dear.json'), JSON.stringify({...offer, c2: `0x${'11'.repeat(32)}`}));
  await refused(/the sealed weights have c2 0x[0-9a-f]{64}, offered was 0x1111/, there('other', 'buy', 'dear.json', '--archive', 'goods.car', '--key', 'mlp.zkkey', '--keys', 'buyer.keys', '-o', 'goods2'), 1);
  const archive = readFileSync(at('goods.car'));
  archive[archive.length - 1000] ^= 1;
  writeFileSync(at('changed.car'), archive);
  await refused(/other bytes than the identifier names/, there('other', 'buy', 'offer.json', '--archive', 'changed.car', '--key', 'mlp.zkkey', '--keys', 'buyer.keys', '-o', 'goods3'));
  assert.equal(await nonce(OTHER), count, 'no money moved');
  const {sale} = await done(...buy('--keys', 'buyer.keys', '-o', 'goods'));
  assert.equal(statSync(at('goods/k2.zkshares')).mode & 0o777, 0o600);
  await refused(/the first share is not out yet; due until in 1 d 23 h/, there(undefined, 'receive', String(sale), '--sale', '--goods', 'goods', '-o', 'bought.zkmodel'));
  await refused(/the seller has until in 1 d 23 h/, there('other', 'refund', String(sale)));
  await refused(/its first share is not the one whose SHA-256 is/, there('hunter', 'release', String(sale), '--sale', '--shares', 'goods/k2.zkshares'));
  const before = await balance(HUNTER);
  await done(...there('hunter', 'release', String(sale), '--sale', '--shares', 'mlp.zkshares'));
  assert.ok((await balance(HUNTER)) > before + 19n * 10n ** 17n);
  await done(...there(undefined, 'receive', String(sale), '--sale', '--goods', 'goods', '-o', 'bought.zkmodel'));
  assert.equal(folder.run('run', 'bought.zkmodel', '--input', 'input.json').split('integer inference')[0], folder.run('run', 'mlp.zkmodel', '--input', 'input.json').split('integer inference')[0]);
  // A seller who never releases.
  const second = await done(...buy('--keys', 'buyer.keys', '-o', 'goods4', '--release-until', '2h'));
  await later(7300);
  await refused(/is over 1 min ago|over \d+ s ago|over 1 min/, there('hunter', 'release', String(second.sale), '--sale', '--shares', 'mlp.zkshares'));
  const poor = await balance(OTHER);
  await done(...there('other', 'refund', String(second.sale)));
  assert.ok((await balance(OTHER)) > poor + 19n * 10n ** 17n);
});

test('without viem it says what to install', async () => {
  rmSync(at('node_modules/viem'));
  const {code, stderr} = await run(program, there(undefined, 'list'), {cwd: folder.path}).catch((error) => error);
  assert.equal(code, 2);
  assert.match(stderr, /the package viem is not installed beside zkinfer; `npm install viem`/);
});
