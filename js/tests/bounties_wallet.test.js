// SPDX-License-Identifier: Apache-2.0
// The page of bounties with a wallet in headless Chromium: a bounty's whole life, provider and hunter each at a page of their own, over a node that holds their accounts, a gateway, and the commands that the page shows. No key of
// anybody's is in the page's file, in a request or in the console.
import assert from 'node:assert/strict';
import {createServer} from 'node:http';
import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import {pathToFileURL} from 'node:url';
import {evm, startAnvil} from './anvil.js';
import {addWallet, openBrowser} from './chromium.js';
import {startWalk} from './market_walk.js';
import {source, web} from './native.js';

const load = (path) => import(pathToFileURL(join(web, 'zkinfer', path)));
const {archiveBlocks} = await load('src/ipfs.js');
const {decodeAll, encodeCall} = await load('src/abi.js');
const {fromHex, toHex} = await load('src/bytes.js');
const {keccak256} = await load('src/keccak.js');
const {marketAbi} = await load('src/market_abi.js');
const [PROVIDER, HUNTER] = ['0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266', '0x70997970c51812dc3a010c7d01b50e0d17dc79c8'];
// anvil's, known to everybody; of these accounts.
const KEYS = ['ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80', '59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d'];
const examples = join(source, 'examples/bounty');
const url = pathToFileURL(join(web, 'page/bounties.html')).href;

let anvil, walk, browser, gateway, market, token, pages;
const blocks = new Map();
const publish = (bytes) => archiveBlocks(bytes).forEach((block, cid) => blocks.set(cid, block));
before(async () => {
  anvil = await startAnvil();
  walk = startWalk('wallet_walk', anvil.url);
  await walk.run(1);
  await walk.shell('cp hunter.key account.key; cp examples/bounty/calibration.npy .\nzkinfer compile examples/bounty/wide.onnx --calibration calibration.npy -o network.zkmodel');
  ({market} = JSON.parse(readFileSync(join(walk.folder, 'market.json'), 'utf8')));
  gateway = createServer((request, response) => {
    const bytes = blocks.get(/^\/ipfs\/(\w+)\?format=raw$/.exec(request.url)?.[1]);
    response.writeHead(bytes === undefined ? 404 : 200, {'access-control-allow-origin': '*', 'access-control-allow-headers': '*'}).end(request.method === 'OPTIONS' ? undefined : bytes);
  });
  gateway.unref();
  await new Promise((resolve) => gateway.listen(0, '127.0.0.1', resolve));
  browser = await openBrowser([anvil.url, `http://127.0.0.1:${gateway.address().port}`]);
  pages = {provider: browser.page, hunter: await browser.newPage()};
  for (const [name, account] of [['provider', PROVIDER], ['hunter', HUNTER]]) {
    await addWallet(pages[name], anvil.url, account);
    await pages[name].goto(`${url}#${new URLSearchParams({market, rpc: anvil.url, gateway: `http://127.0.0.1:${gateway.address().port}`})}`);
    await pages[name].getByRole('button', {name: 'Through my wallet'}).click();
    await says(name, /\d bounties, \d open, on chain 31337/, 'said');
  }
});
after(async () => {
  gateway?.close();
  anvil?.stop();
  await browser?.close();
});

const says = (who, pattern, id) => pages[who].waitForFunction(([text, at]) => new RegExp(text, 's').test(document.getElementById(at)?.innerText ?? ''), [pattern.source, id], {timeout: 20000})
  .catch(async () => assert.match(await pages[who].locator(`#${id}`).innerText(), new RegExp(pattern.source, 's')));
const part = (who, id) => pages[who].locator(`#${id}`);
const press = (who, id, name) => part(who, id).getByRole('button', {name, exact: true}).click();
const choose = (who, id, label, ...names) => part(who, id).getByLabel(label).setInputFiles(names.map((name) => join(walk.folder, name)));
const fill = (who, id, label, text) => part(who, id).getByLabel(label, {exact: true}).fill(text);
/** Saves a file of the page's own beside the others. */
async function save(who, id, name) {
  const [download] = await Promise.all([pages[who].waitForEvent('download'), part(who, id).getByRole('link', {name: `Save ${name}`}).first().click()]);
  await download.saveAs(join(walk.folder, name));
  await walk.shell(`chmod 600 ${name}`);
  return readFileSync(join(walk.folder, name));
}
const sends = async (who, id, pattern) => {
  await says(who, pattern, id);
  await press(who, id, 'Send with my wallet');
};
const nonce = async (who) => Number(await anvil.ask('eth_getTransactionCount', who === 'provider' ? PROVIDER : HUNTER, 'latest'));
const commandOf = async (who, id) => (await part(who, id).locator('pre.command').first().innerText()).trim();
async function later(seconds) {
  await anvil.ask('evm_increaseTime', seconds);
  await anvil.ask('evm_mine');
}
async function openCard(who, number) {
  await says(who, new RegExp(`Bounty ${number}:`), `bounty-${number}`);
  if (!(await part(who, `bounty-${number}`).locator('details').first().evaluate((one) => one.open))) await part(who, `bounty-${number}`).locator('summary').first().click();
}
/** Fails where one of these is in the page's file, in anything that was asked, or in the console. */
const isNowhere = (what, ...secrets) => secrets.forEach((secret) => {
  const digits = secret.replace(/^0x/, '').trim().toLowerCase();
  assert.ok(digits.length >= 40);
  for (const text of [readFileSync(join(web, 'page/bounties.html'), 'utf8'), ...browser.said]) assert.ok(!text.toLowerCase().includes(digits.slice(0, 40)), `${what} is in: ${text.slice(0, 80)}`);
});
const lastCall = async (who) => {
  const block = await anvil.ask('eth_getBlockByNumber', 'latest', true);
  return block.transactions.find(({from}) => from === (who === 'provider' ? PROVIDER : HUNTER));
};

const secrets = {};
test('a bounty is created: data sealed and a key made in the page, terms, the cost, and nothing sent before its sender says so', async () => {
  const at = 'new';
  await part('provider', at).locator('summary').first().click();
  await press('provider', at, 'Show what would be sent');
  await says('provider', /seal data or take some first/, at);
  await pages.provider.getByLabel('Rows (.zkset').setInputFiles(join(examples, 'hidden.npy'));
  await press('provider', at, 'Seal them here');
  await says('provider', /'Their labels.*': 'hidden.npy' is no data set/, at);
  await pages.provider.getByLabel('Their labels').setInputFiles(join(examples, 'hidden_labels.npy'));
  await fill('provider', at, 'Rows of a chunk', '30');
  await press('provider', at, 'Seal them here');
  await says('provider', /'Rows of a chunk': 64 rows are no whole number of chunks of 30/, at);
  await fill('provider', at, 'Rows of a chunk', '32');
  await press('provider', at, 'Seal them here');
  await says('provider', /sealed: 64 rows in 2 chunks, ipfs:\/\/bafk/, at);
  await part('provider', at).getByLabel('Kind').selectOption('both');
  for (const [label, text] of [['Threshold', '75%'], ['Prize', '1'], ['Price', '0.1'], ['Bond of an offer', '0.01'], ['Your stake', '0.01'], ['Stake of a hunter', '0.001'], ['Commitments until', '30m'], ['Key until', '2h'], ['Proofs until', '4h'], ['Windows of the exchange', '2h']]) await fill('provider', at, label, text);
  await press('provider', at, 'Show what would be sent');
  await says('provider', /'Key that weights are sealed to': a price buys weights/, at);
  await press('provider', at, 'Make a new key in this page');
  await says('provider', /made: 0x[0-9a-f]{64}/, at);
  await press('provider', at, 'Show what would be sent');
  await says('provider', /'Commitments until': the window would be 30 minutes; the market takes an hour to 90 days/, at);
  await fill('provider', at, 'Commitments until', '3h');
  await press('provider', at, 'Show what would be sent');
  await says('provider', /To be sent: create.*1\.11 ETH are paid in: prize 1 ETH, price 0\.1 ETH, your stake 0\.01 ETH\..*at least 48 of 64 rows are ranked.*value\s+1\.11 ETH.*terms\.hunterStake\s+1000000000000000\s.*costs\s+about \d+ gas, at most 0\.\d+ ETH at [\d.]+ gwei/, at);
  const shown = await part('provider', at).locator('.review').innerText();
  const before = await nonce('provider');
  await press('provider', at, 'Send with my wallet');
  await says('provider', /Save data\.key and bounty\.car and buyer\.keys first: nobody can make them again/, at);
  await press('provider', at, 'Do not send');
  await says('provider', /nothing was sent/, at);
  assert.equal(await nonce('provider'), before);
  assert.ok(!(await pages.provider.evaluate(() => globalThis.asked)).includes('eth_sendTransaction'));
  secrets.dataKey = (await save('provider', at, 'data.key')).toString().trim();
  secrets.buyer = JSON.parse(await save('provider', at, 'buyer.keys')).secret_key;
  publish(await save('provider', at, 'bounty.car'));
  await press('provider', at, 'Show what would be sent');
  await sends('provider', at, /To be sent: create/);
  await says('provider', /done: 0x[0-9a-f]{64} in block \d+/, at);
  // What was sent is what was shown, to a byte.
  const {input, value} = await lastCall('provider');
  assert.equal(BigInt(value), 111n * 10n ** 16n);
  const [terms] = decodeAll(marketAbi.find(({name, type}) => name === 'create' && type === 'function').inputs, fromHex(input.slice(10)));
  assert.equal(toHex(encodeCall(marketAbi, 'create', [terms])), input.slice(2));
  for (const text of [terms.cid, terms.keyHash, terms.buyerKey, terms.specDigest, market.toLowerCase(), PROVIDER]) assert.ok(shown.includes(text), text);
  assert.equal(terms.threshold, 48n);
  isNowhere('a secret', secrets.dataKey, secrets.buyer, ...KEYS);
  await openCard('provider', 0);
  await says('provider', /commitments end in 2 h 5\d min/, 'bounty-0');
});

test('a hunter takes part: commands that the page shows, a structure that is allowed, a commitment that can be opened again', async () => {
  const at = 'bounty-0';
  await openCard('hunter', 0);
  // Every line, as it stands.
  await walk.shell(await commandOf('hunter', at));
  await choose('hunter', at, 'A first proof', 'first.evm.json');
  await choose('hunter', at, 'Certificate of the model', 'network.zkcert');
  await press('hunter', at, 'Commit to the model');
  await says('hunter', /has not allowed networks of the structure 0x[0-9a-f]{64} yet/, at);
  assert.match((await walk.shell(await commandOf('provider', at))).stdout, /matches|is that of|same/i);
  await choose('provider', at, 'What hunters', 'first.evm.json');
  await press('provider', at, 'Allow them');
  await says('provider', /could win without showing anything: check it first/, at);
  await part('provider', at).getByLabel('It said that each program').check();
  await press('provider', at, 'Allow them');
  await sends('provider', at, /To be sent: allow/);
  await says('provider', /done: 0x/, at);
  await press('hunter', at, 'Commit to the model');
  await says('hunter', /To be sent: commit.*The data are published as the terms promise\. The stake is 0\.001 ETH.*value\s+0\.001 ETH/, at);
  await press('hunter', at, 'Send with my wallet');
  await says('hunter', /Save submission\.json first/, at);
  const kept = JSON.parse(await save('hunter', at, 'submission.json'));
  secrets.salt = kept.salt;
  await press('hunter', at, 'Send with my wallet');
  await says('hunter', /Nobody has committed|submission\s+hunter/, at);
  const {input} = await lastCall('hunter');
  assert.equal(input.slice(-64), kept.commit_hash.slice(2));
  isNowhere('a secret', secrets.dataKey, secrets.buyer, secrets.salt, ...KEYS);
});

test('the key is revealed when it is time, proofs are dropped, the score is entered', async () => {
  const at = 'bounty-0';
  await later(3 * 3600);
  await says('provider', /REVEAL/, at);
  await choose('provider', at, 'Key of the data', 'hunter.key');
  await press('provider', at, 'Reveal the key');
  await says('provider', /'hunter\.key': expected a key of 60 hexadecimal digits, got 64 characters/, at);
  await choose('provider', at, 'Key of the data', 'data.key');
  await press('provider', at, 'Reveal the key');
  await says('provider', /the deadline is less than 12 blocks ago/, at);
  isNowhere('a secret', secrets.dataKey);
  await fill('provider', at, 'Blocks behind the deadline', '0');
  await press('provider', at, 'Reveal the key');
  await sends('provider', at, /To be sent: reveal.*everybody can read rows and labels/);
  await says('hunter', /PROVE/, at);
  await walk.shell(await commandOf('hunter', at));
  publish(readFileSync(join(walk.folder, 'proofs/proofs.car')));
  await choose('hunter', at, 'Your submission', 'submission.json');
  await choose('hunter', at, 'Proofs (all', 'proofs/chunk-01.evm.json', 'proofs/proofs.json');
  await press('hunter', at, 'Send the proofs and enter the score');
  await says('hunter', /there is no proof of chunk 0/, at);
  // One for the other's place.
  const swapped = readFileSync(join(walk.folder, 'proofs/chunk-01.evm.json'));
  await part('hunter', at).getByLabel('Proofs (all').setInputFiles([{name: 'chunk-00.evm.json', mimeType: 'application/json', buffer: swapped}, {name: 'chunk-01.evm.json', mimeType: 'application/json', buffer: swapped}]);
  await press('hunter', at, 'Send the proofs and enter the score');
  await says('hunter', /chunk 0: its proof is for another context than this submission's/, at);
  await choose('hunter', at, 'Proofs (all', 'proofs/chunk-00.evm.json', 'proofs/chunk-01.evm.json', 'proofs/proofs.json');
  await press('hunter', at, 'Announce the score, without proving it on chain');
  await sends('hunter', at, /To be sent: announce.*60 of 64 rows are right/);
  await says('hunter', /submission 0 says 60|60, said/, at);
  await press('hunter', at, 'Send the proofs and enter the score');
  await sends('hunter', at, /To be sent: proof of chunk 0.*Step 1 of 3.*data\s+7\d{4} bytes, Keccak-256/);
  await sends('hunter', at, /To be sent: proof of chunk 1.*Step 2 of 3/);
  isNowhere('a secret', secrets.salt);
  await sends('hunter', at, /To be sent: submit.*60 of 64 rows are right; that reaches the 48 that are ranked/);
  await says('hunter', /60, proven\s+1/, at);
  await part('provider', at).getByRole('button', {name: 'Check its proofs here'}).click();
  await says('provider', /GOOD: 60 of 64 rows are right, proven to this page/, at);
});

test('the weights are sold: offered, checked, accepted, released, opened with the key that the page made', async () => {
  const at = 'bounty-0';
  await later(6 * 3600);
  await says('hunter', /RANKED/, at);
  await press('hunter', at, 'Settle');
  await sends('hunter', at, /To be sent: settle/);
  await says('hunter', /Sell the weights/, at);
  for (const line of await part('hunter', at).locator('pre.command').allInnerTexts()) await walk.shell(line);
  await choose('hunter', at, 'Shares of the weights', 'network.zkshares');
  await choose('hunter', at, 'Goods', 'goods.car');
  await press('hunter', at, 'Offer the weights');
  await sends('hunter', at, /To be sent: offer.*The bond is 0\.01 ETH, the price 0\.1 ETH.*offer\.c1\s+0x[0-9a-f]{64}/);
  publish(readFileSync(join(walk.folder, 'goods.car')));
  await says('provider', /Accept the offered weights/, at);
  // Somebody else's key opens no share.
  await walk.shell('zkinfer-market new-keys -o stranger.keys');
  await choose('provider', at, 'Your key', 'stranger.keys');
  await press('provider', at, 'Accept the weights');
  await says('provider', /NOT GOOD: the second share/, at);
  await choose('provider', at, 'Your key', 'buyer.keys');
  await press('provider', at, 'Accept the weights');
  await says('provider', /this page does not check the proof of the ciphertext, the command above does: run it first/, at);
  await walk.shell(await commandOf('provider', at));
  await part('provider', at).getByLabel('It said that weights').check();
  await press('provider', at, 'Accept the weights');
  await sends('provider', at, /To be sent: accept/);
  await says('hunter', /Release the share/, at);
  await choose('hunter', at, 'Shares of the weights', 'network.zkshares');
  await later(3660);
  await says('hunter', /rank 1: release, until in 5\d min/, at);
  await press('hunter', at, 'Release the first share');
  await sends('hunter', at, /To be sent: release.*It is over in 5\d min, and a transaction can be held back/);
  await says('provider', /Open the weights that were bought/, at);
  await choose('provider', at, 'Your key', 'buyer.keys');
  await press('provider', at, 'Open the shares');
  await says('provider', /GOOD: both shares are those that were promised/, at);
  const shares = await save('provider', at, 'bought.zkshares');
  await walk.shell(await commandOf('provider', at));
  const runs = (model) => walk.shell(`zkinfer run ${model} --input calibration.npy --index 1 --json`).then(({stdout}) => JSON.parse(stdout));
  assert.deepEqual((await runs('bought.zkmodel')).outputs, (await runs('network.zkmodel')).outputs);
  // The second share, which the hunter's file has too, was sent sealed only.
  isNowhere('a share or key', toHex(shares.subarray(39)), secrets.buyer, ...KEYS);
  for (const who of ['hunter', 'provider']) {
    await press(who, at, 'Pay out what I am owed');
    await sends(who, at, /To be sent: withdraw/);
    await says(who, /done: 0x/, at);
  }
  assert.equal(BigInt(await anvil.ask('eth_getBalance', market, 'latest')), 0n);
});

test('a prize in a token, whose provider keeps the key back: approved and paid in, stakes and his own go to the hunter', async () => {
  const {OddToken} = JSON.parse(readFileSync(join(evm, 'artifacts.json'), 'utf8'));
  const call = async (request) => anvil.receipt(await anvil.ask('eth_sendTransaction', {from: PROVIDER, ...request}));
  token = (await call({data: OddToken.bytecode})).contractAddress;
  for (const account of [PROVIDER, HUNTER]) await call({to: token, data: `0x${toHex(encodeCall(OddToken.abi, 'mint', [account, 10n ** 21n]))}`});
  const balance = async (account) => BigInt(await anvil.ask('eth_call', {to: token, data: `0x${toHex(encodeCall(OddToken.abi, 'balanceOf', [account]))}`}, 'latest'));
  const at = 'new';
  // The data of before, by their name; the page asks the gateway for them.
  await part('provider', at).getByText('Data that were sealed before (zkinfer').click();
  const cid = (await part('provider', 'bounty-0').innerText()).match(/ipfs:\/\/\w+/)[0];
  await fill('provider', at, 'Content identifier of data that were sealed before', cid);
  await choose('provider', at, 'Their key', 'data.key');
  await press('provider', at, 'Take these');
  await says('provider', /taken: 64 rows in 2 chunks/, at);
  await part('provider', at).getByLabel('Kind').selectOption('prize');
  await fill('provider', at, 'Token of all amounts', `0x${'12'.repeat(20)}`);
  await press('provider', at, 'Show what would be sent');
  await says('provider', /it answers no symbol and decimals as ERC-20 tokens do/, at);
  await fill('provider', at, 'Token of all amounts', token);
  await fill('provider', at, 'Your stake', '0.5');
  await fill('provider', at, 'Stake of a hunter', '0.25');
  await press('provider', at, 'Show what would be sent');
  await sends('provider', at, /To be sent: approve 1\.5 ODD.*Step 1 of 2.*value\s+0 ETH.*spender\s+0x[0-9a-f]{40}.*amount\s+1500000000000000000/);
  await sends('provider', at, /To be sent: create.*1\.5 ODD are paid in: prize 1 ODD, price 0 ODD.*value\s+0 ETH/);
  await openCard('provider', 1);
  await openCard('hunter', 1);
  await choose('provider', 'bounty-1', 'What hunters', 'first.evm.json');
  await part('provider', 'bounty-1').getByLabel('It said that each program').check();
  await press('provider', 'bounty-1', 'Allow them');
  await sends('provider', 'bounty-1', /To be sent: allow/);
  await says('provider', /done: 0x/, 'bounty-1');
  await choose('hunter', 'bounty-1', 'A first proof', 'first.evm.json');
  await choose('hunter', 'bounty-1', 'Certificate of the model', 'network.zkcert');
  await press('hunter', 'bounty-1', 'Commit to the model');
  await sends('hunter', 'bounty-1', /To be sent: approve 0\.25 ODD/);
  await says('hunter', /To be sent: commit.*The stake is 0\.25 ODD/, 'bounty-1');
  await save('hunter', 'bounty-1', 'submission.json');
  await press('hunter', 'bounty-1', 'Send with my wallet');
  await says('hunter', /submission\s+hunter/, 'bounty-1');
  await later(5 * 3600);
  await says('hunter', /FAULT/, 'bounty-1');
  await press('hunter', 'bounty-1', 'Settle');
  await sends('hunter', 'bounty-1', /To be sent: settle/);
  await press('hunter', 'bounty-1', 'Take the stakes of submission 0');
  await sends('hunter', 'bounty-1', /To be sent: stakes of submission 0/);
  await says('hunter', /Compensated|submission 0 gets|DONE/, 'bounty-1');
  for (const who of ['hunter', 'provider']) {
    await press(who, 'bounty-1', 'Pay out what I am owed');
    await sends(who, 'bounty-1', /To be sent: withdraw/);
    await says(who, /done: 0x/, 'bounty-1');
  }
  assert.deepEqual([await balance(PROVIDER), await balance(HUNTER), await balance(market)], [10n ** 21n - 5n * 10n ** 17n, 10n ** 21n + 5n * 10n ** 17n, 0n]);
});

test('a bounty that nobody took part in is taken back; nothing of the page stays in the browser', async () => {
  await fill('provider', 'new', 'Token of all amounts', '');
  await press('provider', 'new', 'Show what would be sent');
  await sends('provider', 'new', /To be sent: create.*1\.5 ETH are paid in/);
  await openCard('provider', 2);
  // A wallet whose owner says no, and one that has been moved to another chain since.
  await pages.provider.evaluate(() => {
    const {request} = globalThis.ethereum;
    globalThis.said = {};
    globalThis.ethereum.request = async (one) => {
      const given = globalThis.said[one.method];
      if (given === undefined) return request(one);
      if (given === null) throw Object.assign(new Error('User rejected the request.'), {code: 4001});
      return given;
    };
  });
  const answers = (given) => pages.provider.evaluate((one) => (globalThis.said = one), given);
  for (const [given, pattern] of [[{eth_sendTransaction: null}, /cancel: User rejected the request\./], [{eth_chainId: '0x1'}, /this is chain 1 now, the page was loaded from chain 31337/]]) {
    await press('provider', 'bounty-2', 'Take the bounty back');
    await says('provider', /To be sent: cancel/, 'bounty-2');
    await answers(given);
    await press('provider', 'bounty-2', 'Send with my wallet');
    await says('provider', pattern, 'bounty-2');
    await answers({});
  }
  await press('provider', 'bounty-2', 'Take the bounty back');
  await sends('provider', 'bounty-2', /To be sent: cancel/);
  await says('provider', /DONE/, 'bounty-2');
  await press('provider', 'bounty-2', 'Pay out what I am owed');
  await sends('provider', 'bounty-2', /To be sent: withdraw/);
  await says('provider', /done: 0x/, 'bounty-2');
  assert.equal(BigInt(await anvil.ask('eth_getBalance', market, 'latest')), 0n);
  for (const page of Object.values(pages)) assert.deepEqual(await page.evaluate(async () => [localStorage.length, sessionStorage.length, document.cookie]), [0, 0, '']);
  isNowhere('a secret', secrets.buyer, ...KEYS);
});
