// SPDX-License-Identifier: Apache-2.0
// What a watcher checks himself: a bounty's data against its terms, and a submission's proofs against the data, its context and the model on chain.
import {concat, fromHex} from '../src/bytes.js';
import {MOST_DATA_FILE, readData} from '../src/bounty_data.js';
import {ZkinferError, invalidArgument} from '../src/errors.js';
import {archiveBlocks, fetchCid, fetcherOf} from '../src/ipfs.js';
import {loadKey} from '../src/index.js';

const MOST_PROOF = 2 ** 26;
const MOST_LIST = 2 ** 16;
const notGood = (why) => new ZkinferError('not_good', why);

/** Files by their identifiers, from archives that were given, then from a gateway. */
export class Files {
  constructor() {
    this.blocks = new Map();
    this.gateway = '';
  }
  take(bytes) {
    for (const [cid, block] of archiveBlocks(bytes)) this.blocks.set(cid, block);
  }
  async get(cid, most) {
    const held = fetcherOf(this.blocks);
    const fetcher = async (url, options) => {
      const response = await held(url);
      return response.ok || !url.startsWith('http') ? response : fetch(url, options);
    };
    return fetchCid(cid, {gateways: [this.gateway || 'archives'], most, fetcher});
  }
}

/** The bounty's data as its terms promise them, {description, spec, opened}; opened: where the key is out. */
export async function checkData(market, bounties, b, files) {
  const {cid} = market.termsOf(b.id);
  const data = await readData(bounties, cid, await files.get(cid, MOST_DATA_FILE), (name) => files.get(name, MOST_DATA_FILE));
  if (bounties.specDigest(data.spec) !== b.specDigest) throw notGood(`${cid} is not what the terms of bounty ${b.id} promise: the digest of its spec is another`);
  const isOpen = !/^0x0*$/.test(b.key);
  return {...data, opened: isOpen ? bounties.openData(data.spec, b.key, data.sealed) : undefined};
}

async function proofList(files, cid) {
  let list;
  try {
    list = JSON.parse(new TextDecoder().decode(await files.get(cid, MOST_LIST)));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  const isText = (value) => typeof value === 'string';
  if (list?.format !== 'zkinfer proofs v1' || !isText(list.files?.key) || !isText(list.files?.certificate) || !Array.isArray(list.proofs) || !list.proofs.every(isText)) throw notGood(`${cid}: it is not the list of proofs that \`zkinfer-market prove\` writes`);
  return list;
}

/** Checks every proof of a submission in this page: {score, rows, identity, modelIsOnChain}. modelId: of the score on chain, where there is one. */
export async function checkProofs(market, bounties, b, {number, hunter, cid, modelId}, files) {
  const {description, spec, opened} = await checkData(market, bounties, b, files);
  if (opened === undefined) throw invalidArgument('the data are not open yet');
  const wrong = opened.findIndex(({isAsPromised}) => !isAsPromised);
  if (wrong >= 0) throw notGood(`chunk ${wrong} opens to something else than was promised: the provider is at fault, and anybody can show it (\`zkinfer-market challenge\`)`);
  const list = await proofList(files, cid);
  if (list.proofs.length !== opened.length) throw notGood(`there are ${list.proofs.length} proofs of ${opened.length} chunks`);
  const [keyBytes, certificate] = [await files.get(list.files.key, MOST_PROOF), await files.get(list.files.certificate, MOST_PROOF)];
  const path = await Promise.all(Object.values(list.paths ?? {}).map((one) => files.get(one, MOST_PROOF)));
  const key = await loadKey(keyBytes, {certificate});
  try {
    const {inputs, inputs_seen: seen} = key.info;
    // A private input could be told the labels.
    if (inputs.length !== 1 || !seen.startsWith('public')) throw notGood(`the network has ${inputs.length} inputs, ${seen}: all have to be the rows, and public`);
    let score = 0;
    let serving;
    for (const [chunk, {labels, inputs: rows}] of opened.entries()) {
      const context = bounties.contextOf({chainId: market.chainId, market: market.address, bounty: b.id, hunter, submission: number, specDigest: b.specDigest, chunk});
      const result = key.verify(await files.get(list.proofs[chunk], MOST_PROOF), {path, context: `hex:${context.slice(2)}`, inputs: [{name: inputs[0].name, data: rows}]});
      if (!result.accepted) throw notGood(`the proof of chunk ${chunk} is rejected: ${result.reason} at ${result.where}. ${result.hint}`);
      if (serving !== undefined && result.serving_identity !== serving) throw notGood(`the proof of chunk ${chunk} is under another key than the first`);
      serving = result.serving_identity;
      const classes = result.outputs.length === 1 ? result.outputs[0].integers : undefined;
      const width = spec.labelBytes / description.chunk;
      if (classes?.length !== description.chunk || width > 2) throw notGood(`the network does not answer with a class for each of ${description.chunk} rows`);
      for (let i = 0; i < classes.length; ++i) if (Number(classes[i]) === labels[width * i] + (width === 2 ? 256 * labels[2 * i + 1] : 0)) ++score;
    }
    return {score, rows: description.rows, identity: key.info.root_identity, bits: key.info.security_bits, modelIsOnChain: modelId === undefined ? undefined : await isModel(market, bounties, modelId, serving)};
  } finally {
    key.close();
  }
}

/** Whether this name on chain is made of this identity and the program that is registered under it. */
async function isModel(market, bounties, modelId, identity) {
  const program = await market.programOf(modelId);
  if (program === undefined) return false;
  return bounties.digest(concat(new TextEncoder().encode('zkinfer evm model'), fromHex(identity), fromHex(bounties.digest(program).slice(2)))) === modelId;
}
