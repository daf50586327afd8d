// SPDX-License-Identifier: Apache-2.0
// Weights against money: in a bounty the winner's, in a direct sale anybody's. The buyer checks everything before his money is bound.
import {existsSync} from 'node:fs';
import {join} from 'node:path';
import {fromHex, toHex} from '../src/bytes.js';
import {jcs} from '../src/jcs.js';
import {ZkinferError, invalidArgument} from '../src/errors.js';
import {EXCHANGE_STAGES, timeLeft} from '../src/market_states.js';
import {bountyOf, idOf, inState, lastEventOf, lateOption, mustNotBeLate, termsOf} from './bounty.js';
import {Chain, ETH, reading, sending} from './chain.js';
import {MOST_FORMAT, checkOutputs, newFolder, readBytes, readJson, readSecretFile, writeFile, writeJson} from './files.js';
import {fetchGoods, fetchOptions, goodsIn, goodsInputs, goodsOptions, keepShare, packGoods, readShares} from './goods.js';
import {zkinferJson, zkinferOption} from './native.js';
import {readKeys} from './provider.js';
import {acceptStep, offerStep, releaseStep} from '../src/market_steps.js';
import {addressOf, amountOf, amountText, deadlineOf, digestOf, timeText, wholeOf} from '../src/quantities.js';
import {saleOfBounty, sealShare, sha256Hex, sharesFile} from '../src/shares.js';

const there = '--rpc http://127.0.0.1:8545 --deployment market.json';
const id = {name: 'BOUNTY', help: 'its number'};
const bountyOrSale = {name: 'NUMBER', help: 'of the bounty, or with --sale of the sale'};
const saleOption = {name: 'sale', help: 'the number is that of a direct sale'};
const archiveOut = {name: 'output', value: 'NEW-FILE', otherwise: 'goods.car', help: 'archive of the goods to write, to be published (`ipfs dag import`) before'};
const folderOut = {name: 'output', value: 'NEW-FOLDER', required: true, help: 'folder to write: the goods, and your share (k2.zkshares, secret)'};
const OFFER = 'zkinfer sale offer v1';

async function inStage(chain, number, stage) {
  const bounty = await inState(chain, number, 'EXCHANGE');
  const now = EXCHANGE_STAGES[bounty.stage];
  if (now !== stage) throw invalidArgument(`bounty ${number}: rank ${bounty.round + 1} is at the stage '${now}', not '${stage}'`);
  if (Number(bounty.until) <= bounty.now) throw invalidArgument(`bounty ${number}: the stage '${now}' is over since ${timeText(bounty.until)}; \`zkinfer-market claim ${number}\` goes on`);
  return bounty;
}

/** Whose turn it is: {hunter, number} of the submission. */
async function sellerOf(chain, bounty) {
  const ranking = await chain.read(chain.market, 'rankingOf', BigInt(bounty.id));
  const number = Number(ranking[bounty.round]);
  const [{hunter}] = await chain.read(chain.market, 'submissionsFrom', BigInt(bounty.id), BigInt(number), 1n);
  return {hunter: hunter.toLowerCase(), number};
}
async function scoredModel(chain, bounty, submission) {
  return (await lastEventOf(chain, 'Scored', {id: BigInt(bounty), submission: BigInt(submission)}, `bounty ${bounty}: the node does not have the event of submission ${submission}'s score`)).modelId;
}

export const offer = {
  name: 'offer', who: 'For hunters', summary: 'offers the weights of a model that ranks, for the bounty\'s price',
  takes: [id], options: [...sending, lateOption, ...goodsOptions, archiveOut],
  examples: ['offer 0 --sealed network.zksealed --key network.zkkey --shares network.zkshares --export first.evm.json ' + there + ' --key-file account.key'],
  note: 'Seal with the sale that the message names: `zkinfer seal network.zkmodel --sale "bounty 0 submission 1"`. With the bond you promise to release the first share once the provider has accepted.',
  async run(values, say) {
    const output = values.output ?? 'goods.car';
    checkOutputs([{path: output, option: '--output'}], goodsInputs(values));
    const chain = await Chain.open(values, say, {sends: true});
    const bounty = await inStage(chain, idOf(values.bounty), 'offer');
    mustNotBeLate('offer', bounty.until, bounty.now, values.late);
    const {hunter, number} = await sellerOf(chain, bounty);
    if (hunter !== chain.account) throw invalidArgument(`bounty ${bounty.id}: it is the turn of ${hunter} (submission ${number})`);
    const sale = saleOfBounty(bounty.id, number);
    say(`the weights are for the sale '${sale}'`);
    const goods = await packGoods(values, sale);
    const model = await scoredModel(chain, bounty.id, number);
    if (goods.modelId !== model) throw invalidArgument(`'${values.export}' is of the model ${goods.modelId}, the score is of ${model}`);
    const terms = await termsOf(chain, bounty.id);
    const {c1, c2, root} = goods.verdict;
    const share = await sealShare(goods.shares.k2, terms.buyerKey, {chainId: chain.id, contract: chain.deployment.market, c1});
    writeFile(output, goods.archive);
    const token = await chain.token(bounty.token);
    say(`the bond is ${amountText(bounty.offerBond, token.decimals)} ${token.symbol}; the price ${amountText(bounty.price, token.decimals)} ${token.symbol}`);
    const sent = await chain.approve(token, chain.deployment.market, bounty.offerBond);
    sent.push(await chain.step(offerStep(bounty, {c1, c2, ciphertextRoot: root, ciphertextCid: goods.ciphertextCid, proofCid: goods.cid, sealedShare: `0x${toHex(share)}`})));
    return {bounty: bounty.id, rank: bounty.round + 1, goods: goods.cid, output, c1, c2, transactions: sent};
  },
};

export const accept = {
  name: 'accept', who: 'For buyers', summary: 'checks the offered weights and the share, then accepts',
  takes: [id], options: [...sending, lateOption, ...fetchOptions, {name: 'keys', value: 'FILE', required: true, help: 'of `zkinfer-market new-keys`, whose public key is in the bounty'}, folderOut],
  examples: [`accept 0 --keys buyer.keys -o goods ${there} --key-file account.key`, `accept 0 --keys buyer.keys --archive goods.car -o goods ${there} --key-file account.key --dry-run`],
  note: 'Exit code 1, and nothing is sent, where anything is not as offered. Keep the folder: what is lost is not sent again.',
  async run(values, say) {
    checkOutputs([{path: values.output, option: '--output', isFolder: true}]);
    const chain = await Chain.open(values, say, {sends: true});
    const bounty = await inStage(chain, idOf(values.bounty), 'accept');
    mustNotBeLate('accept', bounty.until, bounty.now, values.late);
    const keys = readKeys(values.keys);
    const {number} = await sellerOf(chain, bounty);
    const {offer: offered} = await lastEventOf(chain, 'Offered', {id: BigInt(bounty.id)}, `bounty ${bounty.id}: the node does not have the event of its offer`);
    const goods = await newFolder(values.output, async () => {
      const made = await fetchGoods(values, offered.proofCid, values.output, saleOfBounty(bounty.id, number), {c1: offered.c1, c2: offered.c2, root: offered.ciphertextRoot});
      const model = await scoredModel(chain, bounty.id, number);
      if (made.modelId !== model) throw new ZkinferError('not_good', `the goods are of the model ${made.modelId}, the score is of ${model}`);
      await keepShare(keys, fromHex(offered.sealedShare.slice(2)), {chainId: chain.id, contract: chain.deployment.market, c1: offered.c1}, offered.c2, values.output);
      return made;
    });
    say(`weights, proof and share are good: ${goods.verdict.weights ?? 'the'} weights of the model ${goods.verdict.model_identity}`);
    const sent = [await chain.step(acceptStep(bounty.id))];
    return {bounty: bounty.id, output: values.output, model_identity: goods.verdict.model_identity, transactions: sent};
  },
};

export const sell = {
  name: 'sell', who: 'For sellers', summary: 'makes an offer of weights to one buyer, outside of bounties; sends nothing',
  options: [...reading, ...goodsOptions, {name: 'text', value: 'TEXT', required: true, help: 'the sale that the weights were sealed for (`zkinfer seal --sale TEXT`)'}, {name: 'buyer-key', value: 'HEX', required: true, help: 'public key of the buyer\'s `zkinfer-market new-keys`'},
    {name: 'seller', value: 'ADDRESS', required: true, help: 'who is paid'}, {name: 'price', value: 'AMOUNT', required: true, help: 'in the token'}, {name: 'token', value: 'ADDRESS', otherwise: 'ETH', help: 'ERC-20 token'},
    {...archiveOut}, {name: 'offer', value: 'NEW-FILE', otherwise: 'offer.json', help: 'offer to write, for the buyer'}],
  examples: [`sell --sealed network.zksealed --key network.zkkey --shares network.zkshares --export first.evm.json --text order-4711 --buyer-key 0x.. --seller 0x.. --price 0.5 ${there}`],
  note: 'Seal anew for every sale: released shares are public. A sale to many is one that anybody passes on.',
  async run(values, say) {
    const output = values.output ?? 'goods.car';
    const path = values.offer ?? 'offer.json';
    checkOutputs([{path: output, option: '--output'}, {path, option: '--offer'}], goodsInputs(values));
    const chain = await Chain.open(values, say);
    const token = await chain.token(values.token === undefined ? ETH : addressOf('--token', values.token));
    const goods = await packGoods(values, values.text);
    const {c1, c2, root} = goods.verdict;
    const contract = chain.deployment.sale.toLowerCase();
    const share = await sealShare(goods.shares.k2, digestOf('--buyer-key', values.buyerKey), {chainId: chain.id, contract, c1});
    const made = {format: OFFER, chain_id: chain.id, contract, seller: addressOf('--seller', values.seller), token: token.address, price: amountOf('--price', values.price, token.decimals).toString(), text: values.text, c1, c2, ciphertext_root: root,
      model_id: goods.modelId, goods: goods.cid, sealed_share: `0x${toHex(share)}`};
    writeFile(output, goods.archive);
    writeJson(path, made);
    return {offer: path, output, goods: goods.cid, c1, c2};
  },
};

export const buy = {
  name: 'buy', who: 'For buyers', summary: 'checks an offer of weights, then locks the price for its share',
  takes: [{name: 'OFFER', help: 'what `zkinfer-market sell` wrote'}],
  options: [...sending, ...fetchOptions, {name: 'keys', value: 'FILE', required: true, help: 'of `zkinfer-market new-keys`'}, {name: 'key', value: 'FILE', required: true, help: 'key of the model that you want (.zkkey), from where you know it'},
    {name: 'release-until', value: 'TIME', otherwise: '2d', help: 'the seller has until then, afterwards `zkinfer-market refund` gives the price back'}, folderOut],
  examples: [`buy offer.json --keys buyer.keys --key network.zkkey -o goods ${there} --key-file account.key`],
  note: 'Exit code 1, and nothing is sent, where anything is not as offered.',
  async run(values, say) {
    checkOutputs([{path: values.output, option: '--output', isFolder: true}]);
    const chain = await Chain.open(values, say, {sends: true});
    const made = readJson(values.offer, 'an offer by `zkinfer-market sell`');
    if (made.format !== OFFER) throw invalidArgument(`'${values.offer}': it is not what \`zkinfer-market sell\` writes`);
    if (made.chain_id !== chain.id || made.contract !== chain.deployment.sale.toLowerCase()) throw invalidArgument(`'${values.offer}' is for another chain or contract`);
    const where = (name) => `'${values.offer}': "${name}"`;
    for (const name of ['c1', 'c2', 'ciphertext_root', 'model_id']) digestOf(where(name), String(made[name]));
    for (const name of ['seller', 'token']) addressOf(where(name), String(made[name]));
    if (!/^\d{1,39}$/.test(made.price) || BigInt(made.price) >= 1n << 128n) throw invalidArgument(`${where('price')}: expected a number below 2^128`);
    if (!/^0x([0-9a-f]{2})+$/.test(made.sealed_share)) throw invalidArgument(`${where('sealed_share')}: expected hexadecimal digits`);
    if (typeof made.text !== 'string' || made.text === '' || /\p{Cc}/u.test(made.text)) throw invalidArgument(`${where('text')}: expected a text without control characters`);
    const keys = readKeys(values.keys);
    const wanted = readBytes(values.key, MOST_FORMAT, 'a key (.zkkey)');
    const goods = await newFolder(values.output, async () => {
      const got = await fetchGoods(values, String(made.goods), values.output, made.text, {c1: made.c1, c2: made.c2, root: made.ciphertext_root});
      if (!Buffer.from(readBytes(got.at.key, MOST_FORMAT, 'a key (.zkkey)')).equals(wanted)) throw new ZkinferError('not_good', `the goods are of another model than '${values.key}'`);
      if (got.modelId !== made.model_id) throw new ZkinferError('not_good', `the goods are of the model ${got.modelId}, offered was ${made.model_id}`);
      await keepShare(keys, fromHex(made.sealed_share.slice(2)), {chainId: chain.id, contract: made.contract, c1: made.c1}, made.c2, values.output);
      return got;
    });
    const token = await chain.token(made.token);
    const until = deadlineOf('--release-until', values.releaseUntil ?? '2d', await chain.now());
    const price = BigInt(made.price);
    say(`weights, proof and share are good. ${amountText(price, token.decimals)} ${token.symbol} wait for the other share until ${timeText(until)}`);
    const sent = await chain.approve(token, chain.deployment.sale, price);
    sent.push(await chain.send('buy', chain.sale, 'lock', [token.address, price, made.c1, made.seller, BigInt(until), chain.bounties.digest(new TextEncoder().encode(jcs(made)))], {value: token.address === ETH ? price : 0n}));
    if (values.dryRun) return {output: values.output, transactions: sent};
    return {sale: Number(chain.lastEvent(chain.sale, 'Locked').id), release_until: until, output: values.output, model_identity: goods.verdict.model_identity, transactions: sent};
  },
};

async function payOut(chain, contract, token, account, sent) {
  const owed = await chain.read(contract, 'credits', token, account);
  if (owed > 0n) sent.push(await chain.send('withdraw', contract, 'withdraw', [token, account]));
}

export const release = {
  name: 'release', who: 'For sellers', summary: 'publishes the first share: the price is the seller\'s',
  takes: [bountyOrSale], options: [...sending, lateOption, saleOption, {name: 'shares', value: 'FILE', required: true, help: 'shares of the weights\' key (.zkshares)'}],
  examples: [`release 0 --shares network.zkshares ${there} --key-file account.key`, `release 3 --sale --shares network.zkshares ${there} --key-file account.key`],
  note: 'Only the first share is sent; it opens nothing for those who lack the second. Late is never: what comes after the deadline is not paid.',
  async run(values, say) {
    const chain = await Chain.open(values, say, {sends: true});
    const number = wholeOf('NUMBER', values.number);
    const {k1} = readShares(values.shares);
    const want = async (c1) => {
      if (k1 === undefined || (await sha256Hex(k1)) !== c1) throw invalidArgument(`'${values.shares}': its first share is not the one whose SHA-256 is ${c1}; nothing was sent`);
    };
    const sent = [];
    if (values.sale) {
      const sale = await chain.read(chain.sale, 'saleOf', BigInt(number));
      await want(sale.c1);
      if (sale.isOver) throw invalidArgument(`sale ${number} is over`);
      mustNotBeLate('release', sale.releaseUntil, await chain.now(), values.late);
      sent.push(await chain.send('release', chain.sale, 'release', [BigInt(number), `0x${toHex(k1)}`]));
      if (!values.dryRun) await payOut(chain, chain.sale, sale.token, sale.seller, sent);
      return {sale: number, seller: sale.seller.toLowerCase(), transactions: sent};
    }
    const bounty = await inStage(chain, number, 'release');
    await want(bounty.offered);
    mustNotBeLate('release', bounty.until, bounty.now, values.late);
    sent.push(await chain.step(releaseStep(number, `0x${toHex(k1)}`)));
    if (!values.dryRun) await payOut(chain, chain.market, bounty.token, (await sellerOf(chain, bounty)).hunter, sent);
    return {bounty: number, transactions: sent};
  },
};

export const receive = {
  name: 'receive', who: 'For buyers', summary: 'opens weights that were bought, once their first share is out',
  takes: [bountyOrSale], options: [...reading, saleOption, zkinferOption, {name: 'goods', value: 'FOLDER', required: true, help: 'what `zkinfer-market accept` or `buy` wrote'}, {name: 'output', value: 'NEW-FILE', required: true, help: 'model package to write (.zkmodel)'}],
  examples: [`receive 0 --goods goods -o bought.zkmodel ${there}`, `receive 3 --sale --goods goods -o bought.zkmodel ${there}`],
  async run(values, say) {
    const at = goodsIn(values.goods);
    checkOutputs([{path: values.output, option: '--output'}], Object.values(at));
    const chain = await Chain.open(values, say);
    const number = wholeOf('NUMBER', values.number);
    const contract = values.sale ? chain.sale : chain.market;
    const [event] = await chain.events(contract, 'Released', {id: BigInt(number)});
    if (event === undefined) {
      const until = values.sale ? (await chain.read(chain.sale, 'saleOf', BigInt(number))).releaseUntil : (await bountyOf(chain, number)).until;
      throw invalidArgument(`the first share is not out yet; due until ${timeLeft(until, await chain.now())}`);
    }
    // What is there of an earlier call is the same share, or is somebody's secret.
    const k1 = join(values.goods, 'k1.zkshares');
    const share = sharesFile(1, fromHex(event.args.k1.slice(2)));
    if (!existsSync(k1)) writeFile(k1, share, {secret: true});
    else if (!Buffer.from(readSecretFile(k1, 'key shares (.zkshares)')).equals(share)) throw invalidArgument(`'${k1}' is there already and is not the share that was released; move it away`);
    const said = await zkinferJson(values, ['unseal', at.sealed, '--proof', at.proof, '--key', at.key, '--certificate', at.certificate, '--shares', k1, '--shares', at.k2, '--output', values.output]);
    if (!said.accepted) throw new ZkinferError('not_good', `the weights are rejected: ${said.reason} at ${said.where}. ${said.hint}`);
    return {output: values.output, parameters: said.parameters, model_identity: said.model_identity};
  },
};

export const refund = {
  name: 'refund', who: 'For buyers', summary: 'takes the price of a direct sale back that was not released in time',
  takes: [{name: 'SALE', help: 'its number'}], options: sending, examples: [`refund 3 ${there} --key-file account.key`], note: 'In a bounty `zkinfer-market claim` does the same.',
  async run(values, say) {
    const chain = await Chain.open(values, say, {sends: true});
    const number = wholeOf('SALE', values.sale);
    const sale = await chain.read(chain.sale, 'saleOf', BigInt(number));
    const now = await chain.now();
    if (sale.isOver) throw invalidArgument(`sale ${number} is over`);
    if (Number(sale.releaseUntil) > now) throw invalidArgument(`sale ${number}: the seller has until ${timeLeft(sale.releaseUntil, now)}`);
    const sent = [await chain.send('refund', chain.sale, 'refund', [BigInt(number)])];
    if (!values.dryRun) await payOut(chain, chain.sale, sale.token, sale.buyer, sent);
    return {sale: number, buyer: sale.buyer.toLowerCase(), transactions: sent};
  },
};
