// SPDX-License-Identifier: Apache-2.0
// What hunters do: check the data, commit, open them, prove, enter the score; and what anybody may.
import {basename, join} from 'node:path';
import {claimOf, contextsOf, exportedModel, hitsOf, newSubmission, numberOf, publicsOf, readSubmission, receiptsAbi} from '../src/bounty_submission.js';
import {fromHex, toHex} from '../src/bytes.js';
import {ZkinferError, invalidArgument} from '../src/errors.js';
import {receiptCall} from '../src/evm.js';
import {archiveOf, blocksOf} from '../src/ipfs.js';
import {announceStep, commitStep, submitStep} from '../src/market_steps.js';
import {timeLeft} from '../src/market_states.js';
import {bountyOf, idOf, inState, lateOption, mustNotBeLate, submissionsOf, termsOf} from './bounty.js';
import {Chain, reading, sending} from './chain.js';
import {chunkName, proofsIn, publishedOptions, readPublished} from './data.js';
import {MOST_FORMAT, MOST_JSON, checkOutputs, newFolder, readBytes, readJson, readSecret, writeFile, writeFolder, writeJson} from './files.js';
import {zkinferJson, zkinferOption} from './native.js';
import {npyOf} from '../src/npy.js';
import {amountText} from '../src/quantities.js';

const who = 'For hunters';
const id = {name: 'BOUNTY', help: 'its number'};
const there = '--rpc http://127.0.0.1:8545 --deployment market.json';
const PROOFS = 'zkinfer proofs v1';
const submissionOption = {name: 'submission', value: 'FILE', otherwise: 'submission.json', help: 'what `zkinfer-market commit` wrote, secret'};
const key30 = (key) => fromHex(key.slice(2));
/** The bounty's published data, which its terms name. */
async function dataOf(chain, bounty, values) {
  const cid = values.data === undefined ? (await termsOf(chain, bounty.id)).cid : undefined;
  const published = await readPublished(chain.bounties, values, cid);
  if (chain.bounties.specDigest(published.spec) !== bounty.specDigest) throw invalidArgument(`these are the data of another bounty than ${bounty.id}: their digest is not that of its terms`);
  return published;
}

/** The same, opened with the key that the chain has. */
async function openedOf(chain, bounty, values) {
  if (/^0x0*$/.test(bounty.key)) throw invalidArgument(`bounty ${bounty.id}: its data are not open; the key is due until ${timeLeft(bounty.revealUntil, bounty.now)}`);
  const published = await dataOf(chain, bounty, values);
  return {...published, opened: chain.bounties.openData(published.spec, key30(bounty.key), published.sealed)};
}

export const check = {
  name: 'check', who, summary: 'that a bounty\'s data are published whole, before anything is committed or staked',
  takes: [id], options: [...reading, ...publishedOptions], examples: [`check 0 ${there}`, `check 0 --data bounty ${there}`],
  note: 'Keep what was checked: with it and the key that comes nobody can withhold or change the data.',
  async run(values, say) {
    const chain = await Chain.open(values, say);
    const bounty = await bountyOf(chain, idOf(values.bounty));
    const {description, cid} = await dataOf(chain, bounty, values);
    const terms = await termsOf(chain, bounty.id);
    return {bounty: bounty.id, state: bounty.state, published: true, is_as_in_terms: cid === terms.cid, ...description, threshold: Number(bounty.threshold), commit_until: Number(bounty.commitUntil)};
  },
};

export const commit = {
  name: 'commit', who, summary: 'commits to a model, unseen, and pays the stake in',
  takes: [id],
  options: [...sending, ...publishedOptions, lateOption, {name: 'export', value: 'FILE', required: true, help: 'what `zkinfer evm export` wrote of a first proof, of anything'},
    {name: 'certificate', value: 'FILE', required: true, help: 'certificate of the model\'s key (.zkcert)'}, {name: 'output', value: 'NEW-FILE', otherwise: 'submission.json', help: 'file to write, secret: it opens the commitment'}],
  examples: [`commit 0 --export first.evm.json --certificate network.zkcert ${there} --key-file account.key`],
  note: 'It checks the data as `zkinfer-market check` does, and that the model is registered and its structure allowed.',
  async run(values, say) {
    const output = values.output ?? 'submission.json';
    checkOutputs([{path: output, option: '--output', noun: 'what could open a commitment'}]);
    const chain = await Chain.open(values, say, {sends: true});
    const bounty = await inState(chain, idOf(values.bounty), 'OPEN');
    mustNotBeLate('commit', bounty.commitUntil, bounty.now, values.late);
    await dataOf(chain, bounty, values);
    const {modelId, structure} = exportedModel(chain.bounties, values.export, readJson(values.export, 'what `zkinfer evm export` wrote'));
    if ((await chain.read(chain.market, 'structureOf', modelId)) !== structure) throw invalidArgument(`'${values.export}': its program is not the one that is registered under its model_id`);
    if (!(await chain.read(chain.market, 'isAllowed', BigInt(bounty.id), structure))) throw invalidArgument(`bounty ${bounty.id}: its provider ${bounty.provider} has not allowed networks of the structure ${structure} yet; send him key and export, and commit when he has`);
    const market = chain.deployment.market.toLowerCase();
    const kept = newSubmission(chain.bounties, {chainId: chain.id, market, bounty: bounty.id, hunter: chain.account, modelId, certificate: readBytes(values.certificate, MOST_FORMAT, 'a certificate (.zkcert)')});
    const token = await chain.token(bounty.token);
    say(`the stake is ${amountText(bounty.hunterStake, token.decimals)} ${token.symbol}; it comes back with a proven score`);
    const approved = await chain.approve(token, market, bounty.hunterStake);
    // Before it is sent: a commitment whose salt is lost is a stake that is lost.
    const before = () => writeJson(output, kept, {secret: true});
    const sent = await chain.step(commitStep(bounty, kept.commit_hash), before);
    if (values.dryRun) return {transactions: [...approved, sent]};
    return {bounty: bounty.id, submission: Number(chain.lastEvent(chain.market, 'Committed').submission), output, transactions: [...approved, sent]};
  },
};

/** {kept, bounty, number}: of a submission's file, which names its bounty. */
async function ownSubmission(chain, values, state, hint) {
  const path = values.submission ?? 'submission.json';
  const kept = readSubmission(path, readSecret(path, 'a submission by `zkinfer-market commit`'), {chainId: chain.id, market: chain.deployment.market});
  const bounty = await inState(chain, kept.bounty, state, hint);
  const submissions = await submissionsOf(chain, bounty.id, bounty.submissions);
  const number = numberOf(path, kept, submissions);
  return {kept, bounty, number, submission: submissions[number]};
}
const notOpen = (state, b) => (state === 'REVEAL' ? `The key is due until ${timeLeft(b.revealUntil, b.now)}` : undefined);
const contexts = (chain, {kept, bounty, number}, chunks) => contextsOf(chain.bounties, {chainId: chain.id, market: chain.deployment.market, kept, number, specDigest: bounty.specDigest}, chunks);

export const open = {
  name: 'open', who, summary: 'the hidden rows and labels as arrays, once their key is out',
  takes: [id], options: [...reading, ...publishedOptions, {name: 'output', value: 'NEW-FOLDER', required: true, help: 'folder to write: chunk-00.npy and labels-00.npy for each chunk'}],
  examples: [`open 0 -o opened ${there}`],
  note: 'Exit code 1 where a chunk opens to something else than was promised: `zkinfer-market challenge` ends the bounty at its provider\'s cost.',
  async run(values, say) {
    checkOutputs([{path: values.output, option: '--output', isFolder: true}]);
    const chain = await Chain.open(values, say);
    const bounty = await bountyOf(chain, idOf(values.bounty));
    const {description, spec, opened} = await openedOf(chain, bounty, values);
    const wrong = opened.flatMap(({isAsPromised}, i) => (isAsPromised ? [] : [i]));
    if (wrong.length > 0) throw new ZkinferError('not_good', `bounty ${bounty.id}: chunks ${wrong.join(', ')} open to something else than was promised; \`zkinfer-market challenge ${bounty.id}\` shows it on chain`);
    const {chunk, shape} = description;
    writeFolder(values.output, opened.flatMap(({labels, inputs}, i) => [
      [`${chunkName(i)}.npy`, npyOf({dtype: 'u1', shape: [chunk, ...shape], data: inputs})],
      [`${chunkName(i).replace('chunk', 'labels')}.npy`, npyOf({dtype: spec.labelBytes === chunk ? 'u1' : 'u2', shape: [chunk], data: labels})],
    ]));
    return {bounty: bounty.id, output: values.output, chunks: opened.length, rows: description.rows, as_promised: true};
  },
};

export const challenge = {
  name: 'challenge', who: 'For anybody', summary: 'shows on chain that data open to something else than was promised',
  takes: [id], options: [...sending, ...publishedOptions], examples: [`challenge 0 ${there} --key-file account.key`],
  note: 'Until the bounty is settled. Stakes then come back with the provider\'s: `zkinfer-market claim`.',
  async run(values, say) {
    const chain = await Chain.open(values, say, {sends: true});
    const bounty = await bountyOf(chain, idOf(values.bounty));
    const {spec, sealed, opened} = await openedOf(chain, bounty, values);
    const index = opened.findIndex(({isAsPromised}) => !isAsPromised);
    if (index < 0) throw new ZkinferError('not_good', `bounty ${bounty.id}: all ${opened.length} chunks open to what was promised; there is nothing to challenge`);
    return {bounty: bounty.id, chunk: index, transactions: [await chain.send('challenge', chain.market, 'challengeData', [BigInt(bounty.id), spec, BigInt(index), `0x${toHex(sealed[index])}`])]};
  },
};

export const prove = {
  name: 'prove', who, summary: 'proves the model on every chunk of the opened data, for this submission',
  options: [...reading, ...publishedOptions, submissionOption, zkinferOption, {name: 'model', value: 'FILE', required: true, help: 'model package (.zkmodel), its secret and key beside it'},
    {name: 'key', value: 'FILE', otherwise: 'the model\'s name with .zkkey', help: 'key'}, {name: 'output', value: 'NEW-FOLDER', required: true, help: 'folder to write: proofs, what `zkinfer evm export` makes of them, and proofs.car for who checks them off chain'}],
  examples: [`prove --model network.zkmodel -o proofs ${there}`],
  note: 'It opens the data itself, and takes a slot of the secret for each chunk. Nothing is sent: `zkinfer-market submit` does.',
  async run(values, say) {
    const key = values.key ?? values.model.replace(/\.zkmodel$/, '.zkkey');
    const certificate = values.model.replace(/\.zkmodel$/, '.zkcert');
    checkOutputs([{path: values.output, option: '--output', isFolder: true}]);
    const known = [readBytes(key, MOST_FORMAT, 'a key (.zkkey)'), readBytes(certificate, MOST_FORMAT, 'a certificate (.zkcert)')];
    const chain = await Chain.open(values, say);
    const mine = await ownSubmission(chain, values, 'PROVE', notOpen);
    const {description, opened} = await openedOf(chain, mine.bounty, values);
    if (opened.some(({isAsPromised}) => !isAsPromised)) throw new ZkinferError('not_good', `bounty ${mine.bounty.id}: its data are not as promised; \`zkinfer-market challenge ${mine.bounty.id}\``);
    const list = {format: PROOFS, files: {}, paths: {}, proofs: []};
    const blocks = [];
    const add = async (bytes) => {
      const made = await blocksOf(bytes);
      blocks.push(...made.blocks);
      return made.cid;
    };
    const proveChunk = async (i, context) => {
      const at = (ending) => join(values.output, `${chunkName(i)}${ending}`);
      writeFile(at('.npy'), npyOf({dtype: 'u1', shape: [description.chunk, ...description.shape], data: opened[i].inputs}));
      // Before a slot is taken for a proof that nobody could use.
      const {digests} = await zkinferJson(values, ['digest', key, '--input', at('.npy'), '--write-input-data', at('.bin')]);
      if (toHex(readBytes(at('.bin'), MOST_FORMAT, 'an input')) !== toHex(opened[i].inputs)) throw invalidArgument(`chunk ${i}: the network reads these rows as other integers than the bounty's bytes (${digests ? 'its input has another scale' : 'another scale'}); it has to be calibrated on bytes (uint8)`);
      say(`chunk ${i + 1} of ${opened.length}: proving ${description.chunk} rows`);
      const {path} = await zkinferJson(values, ['prove', values.model, '--input', at('.npy'), '--output', at('.zkproof'), '--context', `hex:${context.slice(2)}`]);
      await zkinferJson(values, ['evm', 'export', at('.zkproof'), '--key', key, '--input-data', at('.bin'), '--output', at('.evm.json')]);
      const {model_id} = readJson(at('.evm.json'), 'what `zkinfer evm export` wrote');
      if (model_id !== mine.kept.model_id) throw invalidArgument(`'${values.model}' proves under the model ${model_id}, committed to was ${mine.kept.model_id}`);
      list.proofs.push(await add(readBytes(at('.zkproof'), MOST_FORMAT, 'a proof (.zkproof)')));
      if (path !== undefined) list.paths[basename(path)] ??= await add(readBytes(path, MOST_FORMAT, 'a path (.zkpath)'));
    };
    // Proofs that were made are kept, whatever comes behind them: each took a slot.
    const cid = await newFolder(values.output, async () => {
      for (const [i, name] of ['key', 'certificate'].entries()) list.files[name] = await add(known[i]);
      for (const [i, context] of contexts(chain, mine, opened.length).entries()) await proveChunk(i, context);
      const text = new TextEncoder().encode(`${JSON.stringify(list, null, 1)}\n`);
      writeFile(join(values.output, 'proofs.json'), text);
      const made = await add(text);
      writeFile(join(values.output, 'proofs.car'), archiveOf([made], blocks));
      return made;
    }, (names) => names.some((name) => name.endsWith('.zkproof')));
    return {bounty: mine.bounty.id, submission: mine.number, output: values.output, chunks: opened.length, cid: `ipfs://${cid}`, ...scoreIn(values.output, opened, description, mine.bounty)};
  },
};

/** Rows of the proofs in a folder whose output is their label. */
function scoreIn(folder, opened, {chunk, rows}, {threshold}) {
  const score = hitsOf(proofsIn(folder, opened.length).map((exported) => publicsOf(exported).outputs), opened, chunk);
  return {score, rows, threshold: Number(threshold), ranks: score >= Number(threshold)};
}

export const submit = {
  name: 'submit', who, summary: 'sends the proofs, then enters the score; the stake comes back',
  options: [...sending, ...publishedOptions, lateOption, submissionOption, {name: 'proofs', value: 'FOLDER', required: true, help: 'what `zkinfer-market prove` wrote'}],
  examples: [`submit --proofs proofs ${there} --key-file account.key`, `submit --proofs proofs ${there} --key-file account.key --dry-run`],
  note: 'A proof that was verified before is not sent again, whoever sent it. Anybody may pay for the gas: the hunter is the one who committed.',
  async run(values, say) {
    const chain = await Chain.open(values, say, {sends: true});
    const mine = await ownSubmission(chain, values, 'PROVE', notOpen);
    const {kept, bounty, number, submission} = mine;
    if (submission.isScored) throw invalidArgument(`submission ${number} of bounty ${bounty.id} has its score: ${submission.score}`);
    mustNotBeLate('submit', bounty.proveUntil, bounty.now, values.late);
    const {description, spec, opened} = await openedOf(chain, bounty, values);
    const proofs = proofsIn(values.proofs, opened.length);
    const {claim, receipts} = claimOf(chain.bounties, {kept, contexts: contexts(chain, mine, opened.length), opened, proofs, rowsOfAChunk: description.chunk});
    const calls = [];
    for (const [i, of] of receipts.entries()) {
      const contract = {address: chain.deployment.receipts, abi: receiptsAbi};
      if (!(await chain.read(contract, 'isVerified', await chain.read(contract, 'receiptOf', ...of)))) calls.push([i, receiptCall(proofs[i], chain.deployment)]);
    }
    const score = scoreIn(values.proofs, opened, description, bounty);
    say(`${score.score} of ${score.rows} rows are right; ${score.ranks ? `that reaches the ${score.threshold} that are ranked` : `fewer than the ${score.threshold} that are ranked: it gives the stake back and no rank`}`);
    const sent = [];
    for (const [i, call] of calls) sent.push(await chain.sendData(`proof of chunk ${i}`, call));
    if (values.dryRun && calls.length > 0) {
      say('the score itself can be estimated once the proofs are there: some 150,000 gas');
      return {...score, transactions: sent};
    }
    sent.push(await chain.step(submitStep(bounty.id, number, spec, claim)));
    return {bounty: bounty.id, submission: number, ...score, transactions: sent};
  },
};

export const announce = {
  name: 'announce', who, summary: 'says a score without proof on chain, for people who check its proofs themselves',
  options: [...sending, ...publishedOptions, submissionOption, {name: 'proofs', value: 'FOLDER', required: true, help: 'what `zkinfer-market prove` wrote; publish its proofs.car'}],
  examples: [`announce --proofs proofs ${there} --key-file account.key`],
  note: 'The page of bounties (build/web/page/bounties.html) checks such proofs in a browser. It ranks nobody: `submit` does.',
  async run(values, say) {
    const chain = await Chain.open(values, say, {sends: true});
    const {bounty, number} = await ownSubmission(chain, values, 'PROVE', notOpen);
    const {description, opened} = await openedOf(chain, bounty, values);
    if (proofsIn(values.proofs, opened.length).some((proof) => proof === undefined)) throw invalidArgument(`'${values.proofs}' has not a proof of each of the ${opened.length} chunks`);
    const {score} = scoreIn(values.proofs, opened, description, bounty);
    const {cid} = await blocksOf(readBytes(join(values.proofs, 'proofs.json'), MOST_JSON, 'a list of proofs'));
    return {bounty: bounty.id, submission: number, score, cid: `ipfs://${cid}`, transactions: [await chain.step(announceStep(bounty.id, number, score, `ipfs://${cid}`))]};
  },
};
