// SPDX-License-Identifier: Apache-2.0
// What is sold: sealed weights with all that a buyer checks them by, under one content identifier; and the shares that open them.
import {existsSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {ZkinferError, invalidArgument} from '../src/errors.js';
import {GOODS, GOODS_FORMAT, MOST_GOODS_LIST, readGoodsList} from '../src/goods_list.js';
import {archiveBlocks, archiveOf, blocksOf, fetchCid, fetcherOf} from '../src/ipfs.js';
import {openShare, readSharesBytes, sha256Hex, sharesFile} from '../src/shares.js';
import {gatewaysOf} from './data.js';
import {MOST_FORMAT, MOST_GOODS, MOST_JSON, readBytes, readJson, readSecretFile, writeFile} from './files.js';
import {zkinferJson, zkinferOption} from './native.js';
import {secondsOf} from './node.js';

const LONGEST = {sealed: MOST_GOODS, proof: MOST_FORMAT, key: MOST_FORMAT, certificate: MOST_FORMAT, export: MOST_JSON};
const text = (string) => new TextEncoder().encode(string);

export const goodsOptions = [
  {name: 'sealed', value: 'FILE', required: true, help: 'sealed weights (.zksealed, `zkinfer seal --sale TEXT`), their proof (.zkenc) and path beside them'},
  {name: 'key', value: 'FILE', required: true, help: 'the model\'s key (.zkkey), its certificate (.zkcert) beside it'},
  {name: 'shares', value: 'FILE', required: true, help: 'shares of the weights\' key (.zkshares), secret'},
  {name: 'export', value: 'FILE', required: true, help: 'what `zkinfer evm export` wrote of a proof under that key: it ties the key to the name on chain'},
  zkinferOption,
];
export const fetchOptions = [
  {name: 'gateway', value: 'URL', many: true, help: 'a gateway of IPFS; not trusted, what it gives is compared with its name', otherwise: 'http://127.0.0.1:8080'},
  {name: 'archive', value: 'FILE', help: 'the goods as the seller\'s archive (.car) instead'},
  zkinferOption,
];

/** {k1, k2} of a .zkshares. */
export function readShares(path) {
  return readSharesBytes(path, readSecretFile(path, 'key shares (.zkshares)'));
}

async function verifySealed(values, at, sale) {
  const said = await zkinferJson(values, ['verify-sealed', at.sealed, '--proof', at.proof, '--key', at.key, '--certificate', at.certificate, `--sale=${sale}`]);
  if (!said.accepted) throw new ZkinferError('not_good', `the sealed weights are rejected: ${said.reason} at ${said.where}. ${said.hint}`);
  const prefixed = (digest) => `0x${String(digest).replace(/^0x/, '')}`;
  return {...said, c1: prefixed(said.c1), c2: prefixed(said.c2), root: prefixed(said.ciphertext_root)};
}

async function checkExport(values, at) {
  const said = await zkinferJson(values, ['evm', 'check', at.export, '--key', at.key]);
  if (!said.matches) throw new ZkinferError('not_good', `'${at.export}' is not of this key: ${said.where}`);
  return readJson(at.export, 'what `zkinfer evm export` wrote').model_id;
}

const besideSealed = (path) => path.replace(/\.zksealed$/, '.zkenc');
const besideKey = (path) => path.replace(/\.zkkey$/, '.zkcert');
/** What is read for goods, for checkOutputs. */
export const goodsInputs = (values) => [values.sealed, besideSealed(values.sealed), values.key, besideKey(values.key), values.export, values.shares];

/** A seller's goods, checked as a buyer will: {verdict, modelId, shares, cid, ciphertextCid, archive}. */
export async function packGoods(values, sale) {
  const at = {sealed: values.sealed, proof: besideSealed(values.sealed), key: values.key, certificate: besideKey(values.key), export: values.export};
  const verdict = await verifySealed(values, at, sale);
  const modelId = await checkExport(values, at);
  const shares = readShares(values.shares);
  if (shares.k1 === undefined || shares.k2 === undefined || (await sha256Hex(shares.k1)) !== verdict.c1 || (await sha256Hex(shares.k2)) !== verdict.c2) throw invalidArgument(`'${values.shares}': these are not both shares of '${values.sealed}'`);
  const files = {};
  const blocks = [];
  const add = async (path, most, noun) => {
    const made = await blocksOf(readBytes(path, most, noun));
    blocks.push(...made.blocks);
    return made.cid;
  };
  for (const name of Object.keys(GOODS)) files[name] = await add(at[name], LONGEST[name], `a file such as ${GOODS[name]}`);
  const paths = {};
  for (const identity of [verdict.serving_identity, readJson(at.export, 'an export').identity]) {
    const name = `${String(identity).replace(/^0x/, '').slice(0, 16)}.zkpath`;
    const found = [values.sealed, values.key, values.export].map((path) => join(dirname(path), name)).find(existsSync);
    if (found !== undefined) paths[name] = await add(found, MOST_FORMAT, 'a path (.zkpath)');
  }
  const whole = await blocksOf(text(`${JSON.stringify({format: GOODS_FORMAT, sale, files, paths}, null, 1)}\n`));
  return {verdict, modelId, shares, cid: `ipfs://${whole.cid}`, ciphertextCid: `ipfs://${files.sealed}`, archive: archiveOf([whole.cid], [...whole.blocks, ...blocks])};
}

/** Fetches goods into a folder and checks them: {verdict, modelId, at}. expected: c1, c2, root that were offered. */
export async function fetchGoods(values, cid, folder, sale, expected) {
  if (values.archive !== undefined && values.gateway !== undefined) throw invalidArgument('--gateway changes nothing beside --archive; leave one of them out');
  const how = values.archive === undefined ? {gateways: gatewaysOf(values), timeout: 1000 * secondsOf(values)} : {gateways: [`file ${values.archive}`], fetcher: fetcherOf(archiveBlocks(readBytes(values.archive, MOST_GOODS, 'an archive of goods (.car)')))};
  const list = readGoodsList(cid, await fetchCid(cid, {...how, most: MOST_GOODS_LIST}));
  const at = {};
  for (const [name, file] of Object.entries(GOODS)) at[name] = writeFile(join(folder, file), await fetchCid(list.files[name], {...how, most: LONGEST[name]}));
  for (const [name, one] of Object.entries(list.paths ?? {})) writeFile(join(folder, name), await fetchCid(one, {...how, most: MOST_FORMAT}));
  const verdict = await verifySealed(values, at, sale);
  for (const [name, want] of Object.entries(expected)) {
    if (verdict[name] !== want.toLowerCase()) throw new ZkinferError('not_good', `the sealed weights have ${name} ${verdict[name]}, offered was ${want}`);
  }
  return {verdict, modelId: await checkExport(values, at), at};
}

/** The second share, opened and compared with c2, as a file in the folder of the goods. */
export const keepShare = async (keys, sealedShare, lock, c2, folder) => writeFile(join(folder, 'k2.zkshares'), sharesFile(2, await openShare(keys.secretKey, sealedShare, lock, c2)), {secret: true});

export const goodsIn = (folder) => ({sealed: join(folder, GOODS.sealed), proof: join(folder, GOODS.proof), key: join(folder, GOODS.key), certificate: join(folder, GOODS.certificate), k2: join(folder, 'k2.zkshares')});
