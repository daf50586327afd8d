// SPDX-License-Identifier: Apache-2.0
// The page of bounties in headless Chromium, opened as a file, over a node and a gateway: what a watcher sees and checks, lies of a gateway and of a hunter, a wallet.
import assert from 'node:assert/strict';
import {createServer} from 'node:http';
import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import {pathToFileURL} from 'node:url';
import {startAnvil} from './anvil.js';
import {addWallet, openBrowser} from './chromium.js';
import {startWalk} from './market_walk.js';
import {web} from './native.js';

const load = (path) => import(pathToFileURL(join(web, 'zkinfer', path)));
const {archiveBlocks, blocksOf} = await load('src/ipfs.js');
const {encodeCall} = await load('src/abi.js');
const {marketAbi} = await load('src/market_abi.js');
const [HUNTER, OTHER] = ['0x70997970c51812dc3a010c7d01b50e0d17dc79c8', '0x3c44cdddb6a900fa2b585dd299e03d12fa4293bc'];

let anvil, walk, page, close, gateway, market;
const blocks = new Map();
let lie = () => undefined;
before(async () => {
  anvil = await startAnvil();
  walk = startWalk('page_walk', anvil.url);
  // Sealed, committed to, opened, announced and proven; and somebody else commits to the same model.
  await walk.run(4, `zkinfer-market commit 0 --export first.evm.json --certificate network.zkcert --data bounty -o second.json $there --from ${OTHER} --late --yes`);
  ({market} = JSON.parse(readFileSync(join(walk.folder, 'market.json'), 'utf8')));
  gateway = createServer((request, response) => {
    const cid = /^\/ipfs\/(\w+)\?format=raw$/.exec(request.url)?.[1];
    const bytes = lie(cid) ?? blocks.get(cid);
    response.writeHead(bytes === undefined ? 404 : 200, {'access-control-allow-origin': '*', 'access-control-allow-headers': '*'}).end(request.method === 'OPTIONS' ? undefined : bytes);
  });
  gateway.unref();
  await new Promise((resolve) => gateway.listen(0, '127.0.0.1', resolve));
  ({page, close} = await openBrowser([anvil.url, `http://127.0.0.1:${gateway.address().port}`]));
});
after(async () => {
  await close?.();
  gateway?.close();
  anvil?.stop();
});

const url = pathToFileURL(join(web, 'page/bounties.html')).href;
const shown = () => page.locator('#bounty-0');
async function open() {
  await page.goto('about:blank');
  await page.goto(url);
  await page.getByLabel('Address of a node').fill(anvil.url);
  await page.getByLabel('Address of the contract').fill(market);
  await page.getByText('Where events begin').click();
  await page.getByLabel('Gateway of IPFS').fill(`http://127.0.0.1:${gateway.address().port}`);
}
async function show() {
  await page.getByRole('button', {name: 'Show bounties'}).click();
  await page.getByText('Bounty 0: 1 ETH').click();
}
const says = (pattern, id = 'bounty-0') => page.waitForFunction(([text, at]) => new RegExp(text, 's').test(document.getElementById(at)?.innerText ?? ''), [pattern.source, id], {timeout: 60000})
  .catch(async () => assert.match(await page.locator(`#${id}`).innerText(), new RegExp(pattern.source, 's')));
const archive = (name) => {
  const bytes = readFileSync(join(walk.folder, name));
  for (const [cid, block] of archiveBlocks(bytes)) blocks.set(cid, block);
};

test('a bounty from the chain: state, time, terms, scores, events', async () => {
  await open();
  await show();
  await says(/PROVE/);
  await says(/scores are proven; proofs end in \d h/);
  await says(/price of the weights\s+0\.1 ETH/);
  await says(/ranked from\s+48 rows right/);
  await says(/60, proven\s+1/);
  await says(/ipfs:\/\/bafk\w+, open/);
  await page.getByText(/\d+ events/).click();
  await says(/submission 0 has proven 60/);
  // Nothing moves under a reader while nothing has changed: the page asks the node every six seconds.
  const [section] = await page.$$('#bounty-0');
  await page.waitForTimeout(7000);
  assert.ok(await section.evaluate((one) => one.isConnected && one === document.getElementById('bounty-0')));
  assert.match(page.url(), /#rpc=.*market=0x/);
  await says(/1 bounties, 0 open, on chain 31337 at block \d+/, 'said');
});

test('what the gateway has not is said; what it has is compared with its name', async () => {
  await shown().getByRole('button', {name: 'Check the data'}).click();
  await says(/no gateway has it: .* status 404/);
  archive('bounty/bounty.car');
  archive('proofs/proofs.car');
  await shown().getByRole('button', {name: 'Check the data'}).click();
  await says(/GOOD: 64 rows in 2 chunks are there as the terms promise, and the key opens them as promised/);
  const [large] = [...blocks.entries()].sort(([, a], [, b]) => b.length - a.length)[0];
  lie = (cid) => (cid === large ? blocks.get(cid).map((byte, i) => (i === 1000 ? byte ^ 1 : byte)) : undefined);
  await shown().getByRole('button', {name: 'Check its proofs here'}).first().click();
  await says(/other bytes than the identifier names/);
  lie = () => undefined;
});

test('a submission\'s proofs are checked in the page, against data, context and the model on chain', async () => {
  await shown().getByRole('button', {name: 'Check its proofs here'}).first().click();
  await says(/GOOD: 60 of 64 rows are right, proven to this page at 1[0-9]{2}(\.\d+)? bits\. It is the model whose score is on chain/);
});

const checkShown = async () => {
  await open();
  await show();
  await shown().getByRole('button', {name: 'Check its proofs here'}).first().click();
};

test('a hunter who announces more than he proves, or proofs of another submission', async () => {
  const cid = `ipfs://${(await blocksOf(readFileSync(join(walk.folder, 'proofs/proofs.json')))).cid}`;
  const announce = async (from, submission, score, name) => anvil.ask('eth_sendTransaction', {from, to: market, data: `0x${Buffer.from(encodeCall(marketAbi, 'announce', [0, submission, score, name])).toString('hex')}`});
  await announce(HUNTER, 0, 63, cid);
  await open();
  await show();
  await shown().getByRole('button', {name: 'Check its proofs here'}).first().click();
  await says(/NOT GOOD: announced were 63 rows, proven are 60/);
  // Another who copies them has them for another submission's contexts.
  await announce(OTHER, 1, 60, cid);
  await open();
  await show();
  await shown().getByRole('button', {name: 'Check its proofs here'}).nth(1).click();
  await says(/NOT GOOD: the proof of chunk 0 is rejected: wrong statement at context/);
  // The same proofs in another order are of other inputs.
  const list = JSON.parse(readFileSync(join(walk.folder, 'proofs/proofs.json'), 'utf8'));
  list.proofs.reverse();
  const swapped = await blocksOf(Buffer.from(JSON.stringify(list)));
  for (const block of swapped.blocks) blocks.set(block.cid, block.bytes);
  await announce(HUNTER, 0, 60, `ipfs://${swapped.cid}`);
  await checkShown();
  await says(/NOT GOOD: the proof of chunk 0 is rejected: bad public value at value 'pictures': the data has another hash/);
});
test('archives do without a gateway', async () => {
  blocks.clear();
  await open();
  await page.getByLabel('Gateway of IPFS').fill('');
  await page.getByLabel('Take data and proofs from archives').setInputFiles([join(walk.folder, 'bounty/bounty.car')]);
  await says(/\d+ blocks are here/, 'held');
  await show();
  await shown().getByRole('button', {name: 'Check the data'}).click();
  await says(/GOOD: 64 rows/);
});

test('what cannot be: no node, no market, a first block that is too late', async () => {
  await open();
  await page.getByLabel('Address of the contract').fill('0x12');
  await page.getByRole('button', {name: 'Show bounties'}).click();
  await says(/Expected the market's address, 0x and 40 hexadecimal digits, got '0x12'/, 'said');
  await page.getByLabel('Address of the contract').fill(`0x${'11'.repeat(20)}`);
  await page.getByRole('button', {name: 'Show bounties'}).click();
  await says(/There is no market at 0x1111/, 'said');
  await page.getByLabel('Address of the contract').fill(market);
  await page.getByLabel('Address of a node').fill('file:///etc/hostname');
  await page.getByRole('button', {name: 'Show bounties'}).click();
  await says(/Expected the address of a node/, 'said');
  await page.getByLabel('Address of a node').fill(anvil.url);
  await page.getByLabel('Block of the market').fill('100000');
  await page.getByRole('button', {name: 'Show bounties'}).click();
  await says(/The node has not the event of bounty 0's creation/, 'said');
});

test('a wallet that the browser has pays out; the page holds no key', async () => {
  await anvil.ask('evm_increaseTime', 21600);
  await anvil.ask('evm_mine');
  await addWallet(page, anvil.url, HUNTER);
  await open();
  await page.getByRole('button', {name: 'Through my wallet'}).click();
  await page.getByText('Bounty 0: 1 ETH').click();
  await says(/RANKED/);
  await shown().getByRole('button', {name: 'Settle'}).click();
  await shown().getByRole('button', {name: 'Send with my wallet'}).click();
  await says(/EXCHANGE/);
  await says(/rank 1: offer, until in (2 h 0|1 h 5\d) min/);
  const balance = async () => BigInt(await anvil.ask('eth_getBalance', HUNTER, 'latest'));
  const before = await balance();
  await shown().getByRole('button', {name: 'Pay out what I am owed'}).click();
  await says(/To be sent: withdraw.*function\s+withdraw\(address,address\).*value\s+0 ETH.*costs\s+about \d+ gas, at most 0\.\d+ ETH/);
  assert.equal(await balance(), before, 'nothing is sent before its sender says so');
  await shown().getByRole('button', {name: 'Send with my wallet'}).click();
  await says(/done: 0x[0-9a-f]{64}/);
  for (let i = 0; i < 100 && (await balance()) === before; ++i) await new Promise((resolve) => setTimeout(resolve, 100));
  assert.ok((await balance()) > before + 99n * 10n ** 16n);
  await shown().getByRole('button', {name: 'Pay out what I am owed'}).click();
  await says(/withdraw: nothing is owed to 0x70997970/);
});
