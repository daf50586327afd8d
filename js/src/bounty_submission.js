// SPDX-License-Identifier: Apache-2.0
// A hunter's submission: what opens his commitment, and what of his proofs the market is told; for the command line and for pages.
import {decodeAll} from './abi.js';
import {fromHex, toHex} from './bytes.js';
import {ZkinferError, invalidArgument} from './errors.js';
import {digestOf} from './quantities.js';

const FORMAT = 'zkinfer market submission v1';
// In front of each proof's call: 4 bytes, then five arguments of verify.
const VERIFY_ARGUMENTS = [{type: 'bytes32'}, {type: 'bytes'}, {type: 'bytes'}, {type: 'bytes'}, {type: 'bytes32'}];
export const receiptsAbi = [
  {type: 'function', name: 'isVerified', stateMutability: 'view', inputs: [{name: 'id', type: 'bytes32'}], outputs: [{name: '', type: 'bool'}]},
  {type: 'function', name: 'receiptOf', stateMutability: 'pure', inputs: ['modelId', 'inputs', 'outputs', 'context'].map((name) => ({name, type: 'bytes32'})), outputs: [{name: '', type: 'bytes32'}]},
];

/** {modelId, structure} of what `zkinfer evm export` wrote. where: its file, for messages. */
export function exportedModel(bounties, where, exported) {
  return {modelId: digestOf(`'${where}': "model_id"`, String(exported?.model_id)), structure: bounties.structureOf(exported?.program)};
}

/** A new commitment, with all that opens it: secret until the score is entered. */
export function newSubmission(bounties, {chainId, market, bounty, hunter, modelId, certificate}) {
  const certDigest = bounties.digest(certificate);
  const salt = `0x${toHex(globalThis.crypto.getRandomValues(new Uint8Array(32)))}`;
  const commitHash = bounties.commitHash({chainId, market, bounty, hunter, modelId, certDigest, salt});
  return {format: FORMAT, chain_id: Number(chainId), market, bounty, hunter, model_id: modelId, certificate_digest: certDigest, salt, commit_hash: commitHash};
}

/** The same, of its text. */
export function readSubmission(where, text, {chainId, market}) {
  let kept;
  try {
    kept = JSON.parse(text);
  } catch {
    kept = undefined;
  }
  const isWhole = kept?.format === FORMAT && Number.isSafeInteger(kept.bounty) && kept.bounty >= 0 && ['model_id', 'certificate_digest', 'salt', 'commit_hash'].every((name) => /^0x[0-9a-f]{64}$/.test(kept[name])) && /^0x[0-9a-f]{40}$/.test(kept.hunter);
  if (!isWhole) throw invalidArgument(`'${where}': it is not what \`zkinfer-market commit\` writes, nor what the page of bounties does`);
  if (kept.chain_id !== Number(chainId) || kept.market !== market.toLowerCase()) throw invalidArgument(`'${where}' is of another chain or market`);
  return kept;
}

/** The number of a commitment among its bounty's submissions. */
export function numberOf(where, kept, submissions) {
  const number = submissions.findIndex(({commitHash, hunter}) => commitHash === kept.commit_hash && hunter.toLowerCase() === kept.hunter);
  if (number < 0) throw invalidArgument(`'${where}': bounty ${kept.bounty} has no such commitment; was its transaction mined?`);
  return number;
}

export const contextsOf = (bounties, {chainId, market, kept, number, specDigest}, chunks) => Array.from({length: chunks}, (_, chunk) => bounties.contextOf({chainId, market, bounty: kept.bounty, hunter: kept.hunter, submission: number, specDigest, chunk}));

/** What a proof's call says. */
export function publicsOf({calldata}) {
  try {
    const [modelId, inputs, outputs, , context] = decodeAll(VERIFY_ARGUMENTS, fromHex(calldata.slice(10)));
    return {modelId, inputs, outputs, context};
  } catch {
    throw invalidArgument('"calldata" of a proof: it is not what `zkinfer evm export` writes; `zkinfer-market prove` makes the proofs anew');
  }
}

/** Rows whose output is their label. outputs: of each chunk, in hexadecimal digits. */
export function hitsOf(outputs, opened, rowsOfAChunk) {
  let hits = 0;
  outputs.forEach((digits, i) => {
    const bytes = fromHex(digits.slice(2));
    const width = opened[i].labels.length / rowsOfAChunk;
    for (let at = 0; at < bytes.length; at += width) if (bytes.subarray(at, at + width).every((byte, j) => byte === opened[i].labels[at + j])) ++hits;
  });
  return hits;
}

/** {claim, receipts, hits}: what `submitScore` takes of proofs (as `zkinfer evm export` wrote them, undefined where one is missing), the arguments of each one's receipt, and rows that are right. Refuses proofs of anything else. */
export function claimOf(bounties, {kept, contexts, opened, proofs, rowsOfAChunk}) {
  if (opened.some(({isAsPromised}) => !isAsPromised)) throw new ZkinferError('not_good', 'the data open to something else than was promised; `zkinfer-market challenge` ends the bounty at its provider\'s cost');
  const claim = {modelId: kept.model_id, certDigest: kept.certificate_digest, salt: kept.salt, inputs: [], labels: [], outputs: []};
  const receipts = contexts.map((context, i) => {
    if (proofs[i] === undefined) throw invalidArgument(`there is no proof of chunk ${i} (chunk-${String(i).padStart(2, '0')}.evm.json): every chunk is proven`);
    const publics = publicsOf(proofs[i]);
    if (publics.modelId !== kept.model_id) throw invalidArgument(`chunk ${i}: it is a proof of the model ${publics.modelId}, committed to was ${kept.model_id}`);
    if (publics.context !== context) throw invalidArgument(`chunk ${i}: its proof is for another context than this submission's; \`zkinfer-market prove\` makes it`);
    if (bounties.digest(publics.inputs) !== opened[i].inputsDigest) throw invalidArgument(`chunk ${i}: its proof is of other inputs than the bounty's`);
    claim.inputs.push(opened[i].inputsDigest);
    claim.labels.push(`0x${toHex(opened[i].labels)}`);
    claim.outputs.push(publics.outputs);
    return [kept.model_id, opened[i].inputsDigest, bounties.digest(publics.outputs), context];
  });
  return {claim, receipts, hits: hitsOf(claim.outputs, opened, rowsOfAChunk)};
}
