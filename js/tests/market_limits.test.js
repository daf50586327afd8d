// SPDX-License-Identifier: Apache-2.0
// zkinfer-market against files, nodes and gateways that are not what they should be: outputs that must not be replaced, reads and waits that have an end,
// text that must not look like ours, options that say something else than was meant. No chain is needed: all of it ends before one is asked, or at a node that lies.
import assert from 'node:assert/strict';
import {execFile, execFileSync} from 'node:child_process';
import {createServer} from 'node:http';
import {existsSync, mkdirSync, readFileSync, readdirSync, statSync, symlinkSync, truncateSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import {pathToFileURL} from 'node:url';
import {installMarket} from './market_package.js';
import {Folder, source} from './native.js';

const KEY = '59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d'; // anvil's, known to everybody
const ADDRESS = '0x70997970c51812dc3a010c7d01b50e0d17dc79c8';
const folder = new Folder('market_limits');
const at = (name) => join(folder.path, name);
const examples = join(source, 'examples/bounty');
let program;
let main;
let node; // answers by `answer`, and counts
let answer;
let asked = 0;

before(async () => {
  program = installMarket(folder.path);
  ({main} = await import(pathToFileURL(at('node_modules/zkinfer/cli/main.js'))));
  process.chdir(folder.path);
  delete process.env.ZKINFER_MARKET_KEY;
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (data) => (body += data));
    request.on('end', () => {
      ++asked;
      answer(response, body === '' ? {} : JSON.parse(body));
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  server.unref();
  node = `http://127.0.0.1:${server.address().port}`;
  answer = (response) => response.writeHead(500).end();
  const addresses = Object.fromEntries(['registry', 'verifier', 'receipts', 'market', 'sale'].map((name, i) => [name, `0x${String(i + 1).repeat(40)}`]));
  writeFileSync(at('market.json'), JSON.stringify({chain_id: 1, block: 0, ...addresses}));
  writeFileSync(at('account.key'), KEY, {mode: 0o600});
  writeFileSync(at('artifacts.json'), '{"BountyMarket": {"bytecode": "0x00"}, "DirectSale": {"bytecode": "0x00"}}');
});

async function market(...words) {
  const result = {out: '', err: ''};
  result.code = await main(words, (text) => (result.out += text), (text) => (result.err += text));
  assert.ok(!(result.out + result.err).includes(KEY.slice(0, 16)), 'a private key was shown');
  return result;
}
async function refused(pattern, words, expected = 2) {
  const {code, out, err} = await market(...words);
  assert.equal(code, expected, `${words.join(' ')}: ${out}${err}`);
  assert.match(err, pattern, words.join(' '));
  assert.equal(err.trimEnd().split('\n').length, 1, `one line: ${err}`);
  return err;
}
/** The program itself, by a shell. */
const shell = (command) => new Promise((resolve) => execFile('bash', ['-c', command], {cwd: folder.path, env: {...process.env, M: program}}, (error, stdout, stderr) => resolve({code: error?.code ?? 0, stdout, stderr})));
const there = () => ['--rpc', node, '--deployment', 'market.json', '--timeout', '1'];
const sends = () => [...there(), '--key-file', 'account.key', '--yes'];
const goods = ['--sealed', 'x.zksealed', '--key', 'x.zkkey', '--shares', 'x.zkshares', '--export', 'x.evm.json'];
const dataWords = () => [join(examples, 'hidden.npy'), '--labels', join(examples, 'hidden_labels.npy'), '--rows', '32'];

/** Every verb that writes, with the words in front of the name that it writes to. */
const writers = () => [
  ['deploy', ['deploy', 'artifacts.json', '--deployment', 'market.json', '--rpc', node, '--timeout', '1', '--key-file', 'account.key', '--yes', '-o']],
  ['deploy --force', ['deploy', 'artifacts.json', '--deployment', 'market.json', '--rpc', node, '--timeout', '1', '--key-file', 'account.key', '--yes', '--force', '-o']],
  ['new-keys', ['new-keys', '-o']],
  ['seal-data', ['seal-data', ...dataWords(), '--data-key', 'fresh.key', '-o']],
  ['seal-data --data-key', ['seal-data', ...dataWords(), '-o', 'fresh', '--data-key']],
  ['commit', ['commit', '0', ...sends(), '--export', 'x.evm.json', '--certificate', 'x.zkcert', '-o']],
  ['open', ['open', '0', ...there(), '-o']],
  ['prove', ['prove', '--model', 'x.zkmodel', ...there(), '-o']],
  ['offer', ['offer', '0', ...goods, ...sends(), '-o']],
  ['accept', ['accept', '0', '--keys', 'buyer.keys', ...sends(), '-o']],
  ['sell', ['sell', ...goods, '--text', 'x', '--buyer-key', `0x${'1'.repeat(64)}`, '--seller', ADDRESS, '--price', '1', ...there(), '-o']],
  ['sell --offer', ['sell', ...goods, '--text', 'x', '--buyer-key', `0x${'1'.repeat(64)}`, '--seller', ADDRESS, '--price', '1', ...there(), '--offer']],
  ['buy', ['buy', 'x.json', '--keys', 'buyer.keys', '--key', 'x.zkkey', ...sends(), '-o']],
  ['receive', ['receive', '0', '--goods', 'x', ...there(), '-o']],
];

test('no output replaces a secret, another kind of file, an input, a link, a pipe or a device', async () => {
  const secrets = {'m.zksecret': 'ZKIC\x03\0\0\0 slots', 'm.zkshares': 'ZKIG\x01\0\0\0\x01', 'm.zktsecret': 'ZKDC', 'old.keys': JSON.stringify({format: 'zkinfer market keys v1'}), 'old.data': 'ab'.repeat(30),
    'old.json': JSON.stringify({format: 'zkinfer market submission v1', receipts: 'x'}), 'm.zkmodel': 'ZKIM', 'notes.txt': 'words'};
  for (const [name, bytes] of Object.entries(secrets)) writeFileSync(at(name), bytes, {mode: 0o600});
  symlinkSync('m.zksecret', at('link'));
  symlinkSync('nothing', at('dangling'));
  execFileSync('mkfifo', [at('pipe')]);
  mkdirSync(at('folder'));
  const before = readdirSync(folder.path).sort();
  asked = 0;
  for (const [name, words] of writers()) {
    for (const path of [...Object.keys(secrets), 'link', 'dangling', 'pipe', 'folder', '/dev/null', 'market.json']) await refused(/is there already|is there; name a file|is what the command reads/, [...words, path]);
    await refused(/there is no folder 'none'; make it first/, [...words, 'none/x']);
    await refused(/is a file, not standard output; .\/- is one of that name/, [...words, '-']);
  }
  assert.equal(asked, 0, 'before a node is asked');
  for (const [name, bytes] of Object.entries(secrets)) assert.equal(readFileSync(at(name), 'latin1'), bytes, name);
  assert.deepEqual(readdirSync(folder.path).sort(), before, 'nothing was left');
  // --force is for a deployment with a market, but for the one that is read.
  const deploy = ['deploy', 'artifacts.json', '--deployment', 'market.json', '--rpc', node, '--key-file', 'account.key', '--yes', '--force'];
  await refused(/--output 'market.json' is what the command reads/, [...deploy, '-o', 'market.json']);
  await refused(/--output 'notes.txt' is there already and is not a deployment by `zkinfer-market deploy`: --force replaces no other kind/, [...deploy, '-o', 'notes.txt']);
  writeFileSync(at('earlier.json'), readFileSync(at('market.json')));
  await refused(/no answer of a node, but status 500/, [...deploy, '-o', 'earlier.json']);
  await refused(/there is no option --force/, ['new-keys', '--force', '-o', 'old.keys']);
  // Two outputs of one name, and a key where it would be published.
  await refused(/--data-key and --output: both are 'same'/, ['seal-data', ...dataWords(), '-o', 'same', '--data-key', 'same']);
  await refused(/--data-key 'open\/data.key' is in the new folder 'open'/, ['seal-data', ...dataWords(), '-o', 'open', '--data-key', 'open/data.key']);
  await refused(/--offer and --output: both are '.\/one'/, ['sell', ...goods, '--text', 'x', '--buyer-key', `0x${'1'.repeat(64)}`, '--seller', ADDRESS, '--price', '1', ...there(), '-o', 'one', '--offer', './one']);
  assert.ok(!existsSync(at('open')) && !existsSync(at('same')));
});

test('a file is read up to what its kind can have, and nothing else than files', async () => {
  writeFileSync(at('huge'), '', {mode: 0o600});
  truncateSync(at('huge'), 20 * 2 ** 30);
  const readers = [
    ['deploy', (path) => ['deploy', path, '--deployment', 'market.json', '--rpc', node, '--key-file', 'account.key', '-o', 'new.json']],
    ['deploy --deployment', (path) => ['deploy', 'artifacts.json', '--deployment', path, '--rpc', node, '--key-file', 'account.key', '-o', 'new.json']],
    ['seal-data', (path) => ['seal-data', path, '--labels', join(examples, 'hidden_labels.npy'), '--rows', '32', '-o', 'new']],
    ['seal-data --labels', (path) => ['seal-data', join(examples, 'hidden.npy'), '--labels', path, '--rows', '32', '-o', 'new']],
    ['prove --key', (path) => ['prove', '--model', 'x.zkmodel', '--key', path, ...there(), '-o', 'new']],
    ['list --deployment', (path) => ['list', '--rpc', node, '--deployment', path]],
    ['create --data-key', (path) => ['create', 'x', '--data-key', path, '--stake', '1', '--hunter-stake', '1', '--threshold', '1', ...sends()]],
    ['cancel --key-file', (path) => ['cancel', '0', ...there(), '--key-file', path, '--yes']],
    ['release --shares', (path) => ['release', '0', '--shares', path, ...sends()]],
  ];
  answer = (response, {id, method}) => response.end(JSON.stringify({jsonrpc: '2.0', id, result: method === 'eth_getCode' ? '0x00' : '0x1'}));
  for (const [name, words] of readers) {
    const begin = process.memoryUsage().rss;
    await refused(/'huge': 21474836480 bytes, and at most \d+ are read of .*; is it another file\? Name the right one/, words('huge'));
    await refused(/'\/dev\/zero' is a device, and .* is a regular file; name one, or - for standard input/, words('/dev/zero'));
    await refused(/'pipe' is a pipe/, words('pipe'));
    await refused(/'folder' is a folder/, words('folder'));
    assert.ok(process.memoryUsage().rss - begin < 2 ** 28, name);
  }
  assert.ok(!existsSync(at('new')) && !existsSync(at('new.json')));
  // Standard input has an end, too, and is read where it is meant.
  const endless = await shell('"$M" seal-data - --labels x --rows 1 -o new < /dev/zero');
  assert.equal(endless.code, 2);
  assert.match(endless.stderr, /'-': more than 67108864 bytes, and at most 67108864 are read of rows of a bounty/);
  const piped = await shell(`cat ${join(examples, 'hidden.npy')} | "$M" seal-data - --labels ${join(examples, 'hidden_labels.npy')} --rows 32 -o piped --data-key piped.key`);
  assert.equal(piped.code, 0, piped.stderr);
  assert.deepEqual(readdirSync(at('piped')).sort(), ['bounty.car', 'bounty.json', 'chunk-00.sealed', 'chunk-01.sealed']);
  assert.equal(statSync(at('piped.key')).mode & 0o777, 0o600);
  // More labels than a function takes arguments.
  const npy = (shape, data) => {
    const head = `{'descr': '|u1', 'fortran_order': False, 'shape': ${shape}, }`.padEnd(117) + '\n';
    return Buffer.concat([Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, 118, 0]), Buffer.from(head), data]);
  };
  writeFileSync(at('many.npy'), npy('(400000, 1)', Buffer.alloc(400000)));
  writeFileSync(at('labels.npy'), npy('(400000,)', Buffer.alloc(400000, 1)));
  await done('seal-data', 'many.npy', '--labels', 'labels.npy', '--rows', '40000', '-o', 'many', '--data-key', 'many.key');
});
async function done(...words) {
  const {code, err} = await market(...words);
  assert.equal(code, 0, err);
}

test('what cannot be printed is an error, and a reader that ends early is none', async () => {
  for (const words of ['--help', 'list --help', 'new-keys -o full.keys', 'new-keys -o full2.keys --json', 'list --rpc x --deployment x --json']) {
    const {code, stderr} = await shell(`"$M" ${words} > /dev/full`);
    assert.equal(code, 2, words);
    assert.match(stderr, /zkinfer-market: cannot write to standard output: ENOSPC(; what it did is done)?\n$/);
    assert.doesNotMatch(stderr, /\n\s+at /);
  }
  assert.ok(existsSync(at('full.keys')));
  assert.equal((await shell('"$M" new-keys -o quiet.keys 2> /dev/full')).code, 0);
  assert.equal((await shell('"$M" wrong 2> /dev/full')).code, 2);
  assert.equal((await shell('{ sleep 0.1; "$M" --help; echo $? > code; } | true; sleep 0.1; exit $(cat code)')).code, 141);
});

test('what a node says is on one line, without what a terminal obeys', async () => {
  for (const hostile of ['\u001b[2J\u0007\u009b1m \u202egnp\u2066\u200b\u2028zkinfer-market: ACCEPTED', 'no\nACCEPTED\r\n\u001b[2J\u0007\u009b1m \u202egnp\u2066\u200b\u2028zkinfer-market: ACCEPTED']) {
    answer = (response, {id}) => response.end(JSON.stringify({jsonrpc: '2.0', id, error: {code: -32000, message: hostile}}));
    for (const words of [['list'], ['show', '0'], ['check', '0'], ['cancel', '0', '--key-file', 'account.key', '--yes'], ['refund', '0', '--key-file', 'account.key', '--yes']]) {
      const {code, out, err} = await market(...words, ...there());
      assert.equal(code, 2);
      assert.equal(err.split('\n').length, 2, err);
      assert.doesNotMatch(out + err.slice(0, -1), /[\p{C}\u2028]/u);
      if (hostile[0] !== 'n') assert.match(err, /\\x1b\[2J\\x07\\u\{009b\}1m \\u\{202e\}gnp\\u\{2066\}\\u\{200b\}\\u\{2028\}zkinfer-market/);
    }
  }
  // A file's, too; JSON is ASCII.
  writeFileSync(at('bad\nACCEPTED\u202e.json'), '[]');
  for (const json of [[], ['--json']]) {
    const {out, err} = await market('list', '--rpc', node, '--deployment', 'bad\nACCEPTED\u202e.json', ...json);
    assert.equal(err.split('\n').length, 2, err);
    assert.match(err, /bad\\nACCEPTED\\u\{202e\}\.json/);
    assert.doesNotMatch(out, /[^\x20-\x7e\n]/);
    if (json.length > 0) assert.match(JSON.parse(out).error.message, /bad\nACCEPTED\u202e\.json/);
  }
});

test('a silent, slow, endless or strange node has its time and its size', async () => {
  const cases = [
    [() => {}, /the node http:\/\/127\.0\.0\.1:\d+: no answer of a node to eth_chainId within 1 seconds; ask another one, or say --timeout/],
    [(response) => {
      const drip = setInterval(() => response.write(' '), 100);
      response.on('close', () => clearInterval(drip));
    }, /no answer of a node to eth_chainId within 1 seconds/],
    [(response) => {
      const part = Buffer.alloc(2 ** 20, 32);
      const more = () => {
        while (response.write(part));
      };
      response.on('drain', more);
      response.on('error', () => {});
      more();
    }, /more than 67108864 bytes|within 1 seconds/],
    [(response) => response.end('<html>'), /it is no JSON-RPC; is --rpc the address of a node\?/],
    [(response) => response.end('null'), /it is no JSON-RPC/],
    [(response) => response.writeHead(404).end('{}'), /status 404/],
    [(response) => response.destroy(), /no answer of a node: /],
  ];
  for (const [how, pattern] of cases) {
    answer = how;
    const begin = Date.now();
    await refused(pattern, ['list', ...there()]);
    assert.ok(Date.now() - begin < 10_000);
  }
  // One that answers at first, and then is silent to every verb that asks on.
  answer = (response, {id, method}) => (method === 'eth_chainId' ? response.end(JSON.stringify({jsonrpc: '2.0', id, result: '0x1'})) : method === 'eth_getCode' ? response.end(JSON.stringify({jsonrpc: '2.0', id, result: '0x00'})) : undefined);
  for (const words of [['list'], ['show', '0'], ['cancel', '0', '--key-file', 'account.key', '--yes'], ['claim', '0', '--key-file', 'account.key', '--yes']]) await refused(/the node http.*within 1 seconds/, [...words, ...there()]);
  // And one whose answers are no market's.
  answer = (response, {id, method}) => response.end(JSON.stringify({jsonrpc: '2.0', id, result: method === 'eth_chainId' ? '0x1' : `0x${'ff'.repeat(96)}`}));
  for (const words of [['list'], ['show', '0'], ['list', '--state', 'OPEN'], ['cancel', '0', '--key-file', 'account.key', '--yes'], ['refund', '0', '--key-file', 'account.key', '--yes']]) await refused(/./, [...words, ...there()]);
  await refused(/--timeout: expected 1 to 600 seconds, got '0'/, ['list', '--rpc', node, '--deployment', 'market.json', '--timeout', '0']);
  // What may be somebody's key for a service is not repeated.
  answer = (response) => response.writeHead(403).end();
  assert.doesNotMatch(await refused(/the node http:\/\/127\.0\.0\.1:\d+\/\.\.: .* status 403/, ['list', '--rpc', `${node}/v3/0123secret`, '--deployment', 'market.json']), /secret/);
  assert.doesNotMatch(await refused(/a user or a password/, ['list', '--rpc', 'http://me:secret@127.0.0.1:1', '--deployment', 'market.json']), /secret/);
  for (const verb of ['list', 'deploy', 'buy']) assert.match((await market(verb, '--help')).out, /--timeout SECONDS +time limit of each request to a node or a gateway.*default: 30/);
});

test('a silent gateway has its time', async () => {
  const {fetchCid} = await import(pathToFileURL(at('node_modules/zkinfer/src/ipfs.js')));
  answer = () => {};
  await assert.rejects(fetchCid('bafkreicw73slckzib2q6pqnvkaacxmmlgqwmxvzcttklcr7ka6vbu2issq', {gateways: [node], timeout: 1000}), new RegExp(`${node}: no answer within 1 seconds`));
});

test('words that mean something else than they say', async () => {
  await refused(/--key-file: the value is empty; leave the option out/, ['cancel', '0', ...there(), '--key-file', '', '--yes']);
  await refused(/--rpc: the value is empty; expected URL/, ['list', '--rpc=', '--deployment', 'market.json']);
  await refused(/show: a word is empty/, ['show', '', ...there()]);
  await refused(/--key-file: expected FILE behind it, got the option --yes/, ['cancel', '0', ...there(), '--key-file', '--yes']);
  await refused(/there is no option -yes/, ['cancel', '0', ...there(), '--key-file', 'account.key', '-yes']);
  const {deadlineOf, wholeOf} = await import(pathToFileURL(at('node_modules/zkinfer/src/quantities.js')));
  for (const day of ['2027-02-31', '2027-02-29T10:00Z', '2027-04-31T00:00:00Z']) assert.throws(() => deadlineOf('x', day, 0), /expected a duration such as 7d or a time/, day);
  assert.equal(deadlineOf('x', '2028-02-29T10:00Z', 0), Date.UTC(2028, 1, 29, 10) / 1000);
  assert.throws(() => wholeOf('BOUNTY', '12345678901'), /expected a whole number of at most 9 digits/);
  // A key in the place of something else.
  answer = (response, {id, method}) => response.end(JSON.stringify({jsonrpc: '2.0', id, result: method === 'eth_getCode' ? '0x00' : '0x1'}));
  for (const words of [['cancel', '0', ...there(), '--key-file', KEY], ['cancel', '0', ...there(), '--from', `0x${KEY}`], ['show', KEY, 'x', ...there()], [KEY], ['list', '--rpc', KEY, '--deployment', 'market.json']]) await refused(/characters that could be a key and are not shown/, words);
});

test('files that somebody damaged say what they are not, and no secret', async () => {
  const {readKeys} = await import(pathToFileURL(at('node_modules/zkinfer/cli/provider.js')));
  for (const secret of [`0x${KEY}0`, KEY.slice(1), 7, null, `0x${KEY.replace(/.$/, 'g')}`]) {
    writeFileSync(at('damaged.keys'), JSON.stringify({format: 'zkinfer market keys v1', public_key: `0x${'1'.repeat(64)}`, secret_key: secret}), {mode: 0o600});
    assert.throws(() => readKeys('damaged.keys'), (error) => error.name === 'ZkinferError' && /'damaged.keys': "secret_key": expected 0x and 64 hexadecimal digits$/.test(error.message));
  }
  answer = (response, {id, method}) => response.end(JSON.stringify({jsonrpc: '2.0', id, result: method === 'eth_getCode' ? '0x00' : '0x1'}));
  const good = {format: 'zkinfer market submission v1', chain_id: 1, market: `0x${'4'.repeat(40)}`, bounty: 0, hunter: ADDRESS, ...Object.fromEntries(['model_id', 'certificate_digest', 'salt', 'commit_hash'].map((name) => [name, `0x${'1'.repeat(64)}`]))};
  for (const changes of [{bounty: 'x'}, {bounty: -1}, {bounty: 1e300}, {salt: '0x12'}, {hunter: 7}, {model_id: undefined}]) {
    writeFileSync(at('damaged.json'), JSON.stringify({...good, ...changes}), {mode: 0o600});
    for (const verb of ['submit', 'announce']) await refused(/'damaged.json': it is not what `zkinfer-market commit` writes/, [verb, '--proofs', 'x', '--submission', 'damaged.json', ...sends()]);
  }
  for (const block of ['x', -1, 1.5]) {
    writeFileSync(at('damaged.json'), JSON.stringify({...JSON.parse(readFileSync(at('market.json'))), block}));
    await refused(/"block": expected the number of a block/, ['list', '--rpc', node, '--deployment', 'damaged.json']);
  }
  const offer = {format: 'zkinfer sale offer v1', chain_id: 1, contract: `0x${'5'.repeat(40)}`, seller: ADDRESS, token: ADDRESS, price: '1', ...Object.fromEntries(['c1', 'c2', 'ciphertext_root', 'model_id'].map((name) => [name, `0x${'1'.repeat(64)}`])), goods: 'x', sealed_share: '0x00'};
  for (const text of ['a\0b', '', undefined, 'a\nb']) {
    writeFileSync(at('damaged.json'), JSON.stringify({...offer, text}));
    await refused(/"text": expected a text without control characters/, ['buy', 'damaged.json', '--keys', 'x', '--key', 'x', ...sends(), '-o', 'new']);
  }
});

after(() => process.chdir(source));
