// SPDX-License-Identifier: Apache-2.0
// What a hunter does in a bounty's states: commits to a model, sends proofs, sells its weights. Proofs are made by the command line, whose commands stand here; files are dropped.
import {claimOf, contextsOf, exportedModel, hitsOf, newSubmission, numberOf, publicsOf, readSubmission, receiptsAbi} from '../src/bounty_submission.js';
import {toHex} from '../src/bytes.js';
import {ZkinferError, invalidArgument} from '../src/errors.js';
import {receiptCall} from '../src/evm.js';
import {encryptionHead, readGoodsList} from '../src/goods_list.js';
import {archiveBlocks, blocksOf, fetchCid, fetcherOf} from '../src/ipfs.js';
import {announceStep, commitStep, offerStep, releaseStep, submitStep} from '../src/market_steps.js';
import {amountText} from '../src/quantities.js';
import {readSharesBytes, saleOfBounty, sealShare, sha256Hex} from '../src/shares.js';
import {checkData} from './bounty_check.js';
import {chooser, command, keeper, task, textOf} from './bounty_parts.js';
import {jsonOf} from './bounty_provider.js';
import {sendAll} from './bounty_send.js';
import {element} from './show.js';

const EXPORTED = 'what `zkinfer evm export` wrote';
const title = (text) => element('h3', null, text);
const amountIn = async (at, b, value) => {
  const token = await at.market.token(b.token);
  return {token, text: `${amountText(value, token.decimals)} ${token.symbol}`};
};

function commitPart(at, b) {
  const exported = chooser('A first proof\'s export (first.evm.json)', {accept: '.json'});
  const certificate = chooser('Certificate of the model\'s key (network.zkcert)', {accept: '.zkcert'});
  const send = task('Commit to the model', async (where) => {
    await checkData(at.market, at.bounties, b, at.files);
    const file = await exported.one();
    const {modelId, structure} = exportedModel(at.bounties, file.name, jsonOf(file, EXPORTED));
    if ((await at.market.read('structureOf', modelId)) !== structure) throw invalidArgument(`'${file.name}': its program is not the one that is registered under its model_id`);
    if (!(await at.market.read('isAllowed', b.id, structure))) throw invalidArgument(`bounty ${b.id}: its provider ${b.provider} has not allowed networks of the structure ${structure} yet; send him key and export, and commit when he has`);
    const kept = newSubmission(at.bounties, {chainId: at.market.chainId, market: at.market.address, bounty: b.id, hunter: at.account, modelId, certificate: (await certificate.one()).bytes});
    const {token, text} = await amountIn(at, b, b.hunterStake);
    const secret = keeper('submission.json', `${JSON.stringify(kept, null, 2)}\n`, 'secret: it opens the commitment; without it the stake is lost');
    return sendAll(at.market, at.account, [...(await at.market.approveSteps(at.account, token, b.hunterStake)), commitStep(b, kept.commit_hash)], where, {about: [`The data are published as the terms promise. The stake is ${text}; it comes back with a proven score.`, ...at.late(b.commitUntil)], kept: [secret]}, at.refresh);
  });
  return element('div', null, title('Take part'), element('p', {class: 'soft'}, 'The network takes a chunk\'s rows at once and ends in ArgMax (examples/bounty). In a terminal, with any input for the first proof:'),
    command('zkinfer commit network.zkmodel --inputs public:keccak256 --profile small --budget 16', 'zkinfer prove network.zkmodel --input calibration.npy --index 0 -o first.zkproof', 'zkinfer digest network.zkkey --input calibration.npy --index 0 --write-input-data first.bin',
      'zkinfer evm export first.zkproof --key network.zkkey --input-data first.bin', `zkinfer evm register first.evm.json ${at.there()} --key-file account.key`),
    element('p', {class: 'soft'}, 'Registering is anybody\'s to do, from any account. Send first.evm.json and network.zkkey to the provider, who allows the structure.'), exported.part, certificate.part, send);
}

function provePart(at, b) {
  const submission = chooser('Your submission (submission.json)', {accept: '.json'});
  const proofs = chooser('Proofs (all of the folder proofs: chunk-*.evm.json, proofs.json)', {multiple: true});
  const read = async () => {
    const file = await submission.one();
    const kept = readSubmission(file.name, textOf(file), {chainId: at.market.chainId, market: at.market.address});
    if (kept.bounty !== b.id) throw invalidArgument(`'${file.name}' is of bounty ${kept.bounty}`);
    const submissions = await at.market.submissionsOf(b);
    const number = numberOf(file.name, kept, submissions);
    const {description, spec, opened} = await checkData(at.market, at.bounties, b, at.files);
    const given = await proofs.files();
    const named = (name) => given.find((one) => one.name === name);
    const exports = opened.map((_, i) => named(`chunk-${String(i).padStart(2, '0')}.evm.json`)).map((one) => one && jsonOf(one, EXPORTED));
    return {kept, number, own: submissions[number], description, spec, opened, exports, named};
  };
  const announce = task('Announce the score, without proving it on chain', async (where) => {
    const {number, description, opened, exports, named} = await read();
    const list = named('proofs.json');
    if (list === undefined || exports.includes(undefined)) throw invalidArgument('choose all files of the folder of proofs: a proof of each chunk, and proofs.json');
    const score = hitsOf(exports.map((one) => publicsOf(one).outputs), opened, description.chunk);
    const {cid} = await blocksOf(list.bytes);
    return sendAll(at.market, at.account, [announceStep(b.id, number, score, `ipfs://${cid}`)], where, {about: [`${score} of ${description.rows} rows are right. Publish proofs.car, so that others can check it. It ranks nobody.`]}, at.refresh);
  });
  const submit = task('Send the proofs and enter the score', async (where) => {
    const {kept, number, own, description, spec, opened, exports} = await read();
    if (own.isScored) throw invalidArgument(`submission ${number} of bounty ${b.id} has its score: ${own.score}`);
    const contexts = contextsOf(at.bounties, {chainId: at.market.chainId, market: at.market.address, kept, number, specDigest: b.specDigest}, opened.length);
    const {claim, receipts, hits} = claimOf(at.bounties, {kept, contexts, opened, proofs: exports, rowsOfAChunk: description.chunk});
    const at_ = await at.market.read('receipts');
    const steps = [];
    for (const [i, of] of receipts.entries()) {
      if (!(await at.market.readOf(at_, receiptsAbi, 'isVerified', await at.market.readOf(at_, receiptsAbi, 'receiptOf', ...of)))) steps.push({what: `proof of chunk ${i}`, ...receiptCall(exports[i], {receipts: at_})});
    }
    const ranks = hits >= Number(b.threshold);
    return sendAll(at.market, at.account, [...steps, submitStep(b.id, number, spec, claim)], where, {about: [`${hits} of ${description.rows} rows are right; ${ranks ? `that reaches the ${b.threshold} that are ranked` : `fewer than the ${b.threshold} that are ranked: it gives the stake back and no rank`}.`, ...at.late(b.proveUntil)]}, at.refresh);
  });
  return element('div', null, title('Prove and submit'), command(`zkinfer-market prove --model network.zkmodel --submission submission.json -o proofs ${at.there()} ${at.gateway()}`.trim()), submission.part, proofs.part, submit, announce);
}

/** k1 and k2 of a seller's file, and their hashes. */
async function sharesOf(file) {
  const {k1, k2} = readSharesBytes(file.name, file.bytes);
  if (k1 === undefined || k2 === undefined) throw invalidArgument(`'${file.name}': expected both shares, as \`zkinfer seal\` writes them`);
  return {k1, k2, c1: await sha256Hex(k1), c2: await sha256Hex(k2)};
}

function offerPart(at, b, number) {
  const shares = chooser('Shares of the weights\' key (network.zkshares)', {accept: '.zkshares'});
  const goods = chooser('Goods (goods.car)', {accept: '.car'});
  const sale = saleOfBounty(b.id, number);
  const send = task('Offer the weights', async (where) => {
    const {k2, c1, c2} = await sharesOf(await shares.one());
    const {bytes} = await goods.one();
    const blocks = archiveBlocks(bytes);
    // The list stands first in what `zkinfer-market offer` writes.
    const goodsCid = `ipfs://${[...blocks.keys()][0]}`;
    const how = {gateways: ['the archive'], fetcher: fetcherOf(blocks)};
    const list = readGoodsList(goodsCid, await fetchCid(goodsCid, how));
    if (list.sale !== sale) throw new ZkinferError('not_good', `the goods are for the sale '${list.sale}', not '${sale}'`);
    const head = encryptionHead(await fetchCid(list.files.proof, how));
    if (head.c1 !== c1 || head.c2 !== c2) throw invalidArgument('these are not both shares of the goods');
    const sealed = await sealShare(k2, at.market.termsOf(b.id).buyerKey, {chainId: at.market.chainId, contract: at.market.address, c1});
    const {token, text} = await amountIn(at, b, b.offerBond);
    const {text: price} = await amountIn(at, b, b.price);
    const offer = {c1, c2, ciphertextRoot: head.root, ciphertextCid: `ipfs://${list.files.sealed}`, proofCid: goodsCid, sealedShare: `0x${toHex(sealed)}`};
    return sendAll(at.market, at.account, [...(await at.market.approveSteps(at.account, token, b.offerBond)), offerStep(b, offer)], where, {about: [`The bond is ${text}, the price ${price}. With it you promise to release the first share once the provider has accepted. Publish goods.car before.`, ...at.late(b.until)]}, at.refresh);
  });
  return element('div', null, title('Sell the weights'), command(`zkinfer seal network.zkmodel --sale "${sale}"`, `zkinfer-market offer ${b.id} --sealed network.zksealed --key network.zkkey --shares network.zkshares --export first.evm.json ${at.from()} --dry-run`), shares.part, goods.part, send);
}
function releasePart(at, b) {
  const shares = chooser('Shares of the weights\' key (network.zkshares)', {accept: '.zkshares'});
  const send = task('Release the first share', async (where) => {
    const {k1, c1} = await sharesOf(await shares.one());
    if (c1 !== b.offered) throw invalidArgument(`its first share is not the one whose SHA-256 is ${b.offered}`);
    return sendAll(at.market, at.account, [releaseStep(b.id, `0x${toHex(k1)}`)], where, {about: ['The price is yours with it. The share is public from then on, and opens nothing for those who lack the second.', ...at.late(b.until)]}, at.refresh);
  });
  return element('div', null, title('Release the share'), shares.part, send);
}

/** What a hunter may do now; a list of parts. */
export async function hunterParts(at, b, submissions) {
  if (b.state === 'OPEN') return [commitPart(at, b)];
  if (b.state === 'PROVE' && submissions.some(({hunter, isScored}) => hunter === at.account && !isScored)) return [provePart(at, b)];
  if (b.state !== 'EXCHANGE') return [];
  const number = Number((await at.market.read('rankingOf', b.id))[Number(b.round)]);
  if (submissions[number]?.hunter !== at.account) return [];
  if (at.stageOf(b) === 'offer') return [offerPart(at, b, number)];
  return at.stageOf(b) === 'release' ? [releasePart(at, b)] : [];
}
