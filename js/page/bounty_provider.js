// SPDX-License-Identifier: Apache-2.0
// What a bounty's provider does in its states: allows networks, opens the data, accepts offered weights, opens what was bought.
import {exportedModel} from '../src/bounty_submission.js';
import {fromHex, toHex} from '../src/bytes.js';
import {ZkinferError, invalidArgument} from '../src/errors.js';
import {MOST_GOODS_LIST, encryptionHead, readGoodsList} from '../src/goods_list.js';
import {keyHash} from '../src/market.js';
import {acceptStep, allowStep, cancelStep, revealStep} from '../src/market_steps.js';
import {wholeOf} from '../src/quantities.js';
import {openShare, readKeysText, saleOfBounty, sha256Hex, sharesFile} from '../src/shares.js';
import {dataKeyOf} from './bounty_create.js';
import {chooser, command, field, good, keeper, promise_, task, textOf} from './bounty_parts.js';
import {sendAll} from './bounty_send.js';
import {element} from './show.js';

const MOST_PROOF = 2 ** 28;
const title = (text) => element('h3', null, text);

export function jsonOf({name, bytes}, noun) {
  let value;
  try {
    value = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    value = undefined;
  }
  if (value === null || typeof value !== 'object') throw invalidArgument(`'${name}' is not ${noun}`);
  return value;
}

function allowPart(at, b) {
  const exports = chooser('What hunters\' zkinfer evm export wrote (first.evm.json)', {accept: '.json', multiple: true});
  const checked = promise_('It said that each program is its key\'s, and I have looked at the networks (zkinfer inspect): every input is public and one of the rows\'');
  const send = task('Allow them', async (where) => {
    const structures = (await exports.files()).map((file) => exportedModel(at.bounties, file.name, jsonOf(file, 'what `zkinfer evm export` wrote')).structure);
    if (structures.length === 0) throw invalidArgument('choose what the hunters sent');
    if (!checked.isSaid()) throw invalidArgument('a program that is not its key\'s could win without showing anything: check it first, with the command above');
    return sendAll(at.market, at.account, [allowStep(b.id, structures)], where, {}, at.refresh);
  });
  return element('div', null, title('Allow networks'), command('zkinfer evm check first.evm.json --key network.zkkey'), exports.part, checked.part, send);
}

function revealPart(at, b) {
  const file = chooser('Key of the data (data.key)', {accept: '.key'});
  const blocks = field('Blocks behind the deadline', {value: '12', help: 'a key in a block of before it costs your stake, and blocks can come back'});
  const send = task('Reveal the key', async (where) => {
    const key = dataKeyOf(await file.one());
    if ((await keyHash(key)) !== b.keyHash) throw invalidArgument(`this is not the key of bounty ${b.id}`);
    const behind = wholeOf(`'${blocks.label}'`, blocks.text());
    const last = Number(BigInt(await at.market.ask('eth_blockNumber', [])));
    const then = last < behind ? null : await at.market.ask('eth_getBlockByNumber', [`0x${(last - behind).toString(16)}`, false]);
    if (behind > 0 && (then === null || BigInt(then.timestamp) < b.commitUntil)) throw invalidArgument(`bounty ${b.id}: the deadline is less than ${behind} blocks ago, and blocks can come back; wait, or write 0`);
    return sendAll(at.market, at.account, [revealStep(b.id, `0x${toHex(key)}`)], where, {about: ['From then on everybody can read rows and labels.']}, at.refresh);
  });
  return element('div', null, title('Open the data'), file.part, blocks.part, send);
}

/** What stands on chain of the offer in question, and its share as the key's owner opens it: {offer, lock, k2}. */
async function offered(at, b, keysFile) {
  const {offer} = at.market.of(b.id, 'Offered').at(-1).args;
  const keys = readKeysText(keysFile.name, textOf(keysFile));
  const k2 = await openShare(keys.secretKey, offer.sealedShare, {chainId: at.market.chainId, contract: at.market.address, c1: offer.c1}, offer.c2);
  return {offer, k2};
}

async function acceptPart(at, b) {
  const ranking = await at.market.read('rankingOf', b.id);
  const number = Number(ranking[Number(b.round)]);
  const keys = chooser('Your key (buyer.keys)', {accept: '.keys'});
  const checked = promise_('It said that weights, proof and share are good, and I keep the folder goods');
  const send = task('Accept the weights', async (where) => {
    const {offer} = await offered(at, b, await keys.one());
    const list = readGoodsList(offer.proofCid, await at.files.get(offer.proofCid, MOST_GOODS_LIST));
    if (list.sale !== saleOfBounty(b.id, number)) throw new ZkinferError('not_good', `the goods are for the sale '${list.sale}', not '${saleOfBounty(b.id, number)}'`);
    const head = encryptionHead(await at.files.get(list.files.proof, MOST_PROOF));
    for (const [name, want] of [['c1', offer.c1], ['c2', offer.c2], ['root', offer.ciphertextRoot]]) if (head[name] !== want) throw new ZkinferError('not_good', `the sealed weights have ${name} ${head[name]}, offered was ${want}`);
    if (!checked.isSaid()) throw invalidArgument('the share is good; this page does not check the proof of the ciphertext, the command above does: run it first');
    return sendAll(at.market, at.account, [acceptStep(b.id)], where, {about: ['With it the price is the seller\'s as soon as he releases his share.', ...at.late(b.until)]}, at.refresh);
  });
  return element('div', null, title('Accept the offered weights'), command(`zkinfer-market accept ${b.id} --keys buyer.keys -o goods ${at.from()} --dry-run ${at.gateway()}`.trim()), keys.part, checked.part, send);
}

function openPart(at, b) {
  const keys = chooser('Your key (buyer.keys)', {accept: '.keys'});
  const saved = element('div');
  const open = task('Open the shares', async () => {
    const {offer, k2} = await offered(at, b, await keys.one());
    const k1 = fromHex(at.market.of(b.id, 'Released').at(-1).args.k1.slice(2));
    if ((await sha256Hex(k1)) !== offer.c1) throw new ZkinferError('not_good', 'the released share is not the one whose SHA-256 was promised');
    saved.replaceChildren(keeper('bought.zkshares', sharesFile(3, k1, k2), 'secret: it opens the weights').part(),
      command('chmod 600 bought.zkshares', 'zkinfer unseal goods/network.zksealed --proof goods/network.zkenc --key goods/network.zkkey --certificate goods/network.zkcert --shares bought.zkshares -o bought.zkmodel'));
    return good('GOOD: both shares are those that were promised');
  });
  return element('div', null, title('Open the weights that were bought'), keys.part, open, saved);
}

/** What the provider may do now; a list of parts. */
export async function providerParts(at, b) {
  const isTaken = at.market.of(b.id, 'Released').length > 0;
  if (b.state === 'OPEN') {
    const cancel = Number(b.submissions) > 0 ? [] : [task('Take the bounty back', (where) => sendAll(at.market, at.account, [cancelStep(b.id)], where, {}, at.refresh))];
    return [allowPart(at, b), ...cancel];
  }
  if (b.state === 'REVEAL') return [revealPart(at, b)];
  if (b.state === 'EXCHANGE' && at.stageOf(b) === 'accept') return [await acceptPart(at, b)];
  return isTaken ? [openPart(at, b)] : [];
}
