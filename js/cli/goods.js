// SPDX-License-Identifier: Apache-2.0
// What is sold: sealed weights with all that a buyer checks them by, under one content identifier; and the shares that open them.
import {createHash} from 'node:crypto';
import {existsSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {concat, toHex} from '../src/bytes.js';
import {ZkinferError, invalidArgument} from '../src/errors.js';
import {archiveBlocks, archiveOf, blocksOf, fetchCid, fetcherOf} from '../src/ipfs.js';
import {openSealed, sealTo} from '../src/sealing.js';
import {gatewaysOf} from './data.js';
import {MOST_FORMAT, MOST_GOODS, MOST_JSON, readBytes, readJson, readSecretFile, writeFile} from './files.js';
import {zkinferJson, zkinferOption} from './native.js';
import {secondsOf} from './node.js';

const FORMAT = 'zkinfer goods v1';
const NAMES = {sealed: 'network.zksealed', proof: 'network.zkenc', key: 'network.zkkey', certificate: 'network.zkcert', export: 'first.evm.json'};
const LONGEST = {sealed: MOST_GOODS, proof: MOST_FORMAT, key: MOST_FORMAT, certificate: MOST_FORMAT, export: MOST_JSON};
const MOST_LIST = 2 ** 16;
const SHARE = 30;
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

export const sha256Hex = (bytes) => `0x${createHash('sha256').update(bytes).digest('hex')}`;
export const saleOfBounty = (bounty, submission) => `bounty ${bounty} submission ${submission}`;
/** What a sealed share is bound to. */
const infoOf = ({chainId, contract, c1}) => text(`zkinfer.market.share.v1 ${chainId} ${contract.toLowerCase()} ${c1}`);

/** {k1, k2} of a .zkshares (docs/formats/key_shares.md); a share that it has not is undefined. */
export function readShares(path) {
  const bytes = readSecretFile(path, 'key shares (.zkshares)');
  const which = bytes[8];
  const good = bytes.length >= 9 && toHex(bytes.subarray(0, 8)) === '5a4b494701000000' && which >= 1 && which <= 3 && bytes.length === 9 + SHARE * (which === 3 ? 2 : 1);
  if (!good) throw invalidArgument(`'${path}': expected key shares (.zkshares) of version 1`);
  const first = bytes.slice(9, 9 + SHARE);
  return which === 3 ? {k1: first, k2: bytes.slice(9 + SHARE)} : which === 1 ? {k1: first} : {k2: first};
}
export const sharesFile = (which, share) => concat(text('ZKIG'), Uint8Array.of(1, 0, 0, 0, which), share);

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
  if (shares.k1 === undefined || shares.k2 === undefined || sha256Hex(shares.k1) !== verdict.c1 || sha256Hex(shares.k2) !== verdict.c2) throw invalidArgument(`'${values.shares}': these are not both shares of '${values.sealed}'`);
  const files = {};
  const blocks = [];
  const add = async (path, most, noun) => {
    const made = await blocksOf(readBytes(path, most, noun));
    blocks.push(...made.blocks);
    return made.cid;
  };
  for (const name of Object.keys(NAMES)) files[name] = await add(at[name], LONGEST[name], `a file such as ${NAMES[name]}`);
  const paths = {};
  for (const identity of [verdict.serving_identity, readJson(at.export, 'an export').identity]) {
    const name = `${String(identity).replace(/^0x/, '').slice(0, 16)}.zkpath`;
    const found = [values.sealed, values.key, values.export].map((path) => join(dirname(path), name)).find(existsSync);
    if (found !== undefined) paths[name] = await add(found, MOST_FORMAT, 'a path (.zkpath)');
  }
  const whole = await blocksOf(text(`${JSON.stringify({format: FORMAT, sale, files, paths}, null, 1)}\n`));
  return {verdict, modelId, shares, cid: `ipfs://${whole.cid}`, ciphertextCid: `ipfs://${files.sealed}`, archive: archiveOf([whole.cid], [...whole.blocks, ...blocks])};
}

export const sealShare = (k2, publicKey, lock) => sealTo(publicKey, k2, infoOf(lock));

/** Fetches goods into a folder and checks them: {verdict, modelId, at}. expected: c1, c2, root that were offered. */
export async function fetchGoods(values, cid, folder, sale, expected) {
  if (values.archive !== undefined && values.gateway !== undefined) throw invalidArgument('--gateway changes nothing beside --archive; leave one of them out');
  const how = values.archive === undefined ? {gateways: gatewaysOf(values), timeout: 1000 * secondsOf(values)} : {gateways: [`file ${values.archive}`], fetcher: fetcherOf(archiveBlocks(readBytes(values.archive, MOST_GOODS, 'an archive of goods (.car)')))};
  let list;
  try {
    list = JSON.parse(new TextDecoder().decode(await fetchCid(cid, {...how, most: MOST_LIST})));
  } catch (error) {
    if (error.name !== 'SyntaxError') throw error;
  }
  const paths = Object.entries(list?.paths ?? {});
  const good = list?.format === FORMAT && Object.keys(NAMES).every((name) => typeof list.files?.[name] === 'string') && paths.length <= 8 && paths.every(([name, one]) => /^[0-9a-f]{16}\.zkpath$/.test(name) && typeof one === 'string');
  if (!good) throw new ZkinferError('not_good', `${cid}: it is not the list of goods that a seller makes`);
  const at = {};
  for (const [name, file] of Object.entries(NAMES)) at[name] = writeFile(join(folder, file), await fetchCid(list.files[name], {...how, most: LONGEST[name]}));
  for (const [name, one] of paths) writeFile(join(folder, name), await fetchCid(one, {...how, most: MOST_FORMAT}));
  const verdict = await verifySealed(values, at, sale);
  for (const [name, want] of Object.entries(expected)) {
    if (verdict[name] !== want.toLowerCase()) throw new ZkinferError('not_good', `the sealed weights have ${name} ${verdict[name]}, offered was ${want}`);
  }
  return {verdict, modelId: await checkExport(values, at), at};
}

/** The second share, opened and compared with c2, as a file in the folder of the goods. */
export async function openShare(keys, sealedShare, lock, c2, folder) {
  let k2;
  try {
    k2 = await openSealed(keys.secretKey, sealedShare, infoOf(lock));
  } catch (error) {
    throw new ZkinferError('not_good', `the second share: ${error.message}; without it the weights cannot be opened`);
  }
  if (sha256Hex(k2) !== c2.toLowerCase()) throw new ZkinferError('not_good', 'the second share is not the one whose SHA-256 is c2; without it the weights cannot be opened');
  return writeFile(join(folder, 'k2.zkshares'), sharesFile(2, k2), {secret: true});
}

export const goodsIn = (folder) => ({sealed: join(folder, NAMES.sealed), proof: join(folder, NAMES.proof), key: join(folder, NAMES.key), certificate: join(folder, NAMES.certificate), k2: join(folder, 'k2.zkshares')});
