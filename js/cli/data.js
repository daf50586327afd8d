// SPDX-License-Identifier: Apache-2.0
// A bounty's data as files: rows to seal, the folder that is published (bounty.json and a file for each chunk), the same fetched from IPFS, proofs of its chunks.
import {existsSync} from 'node:fs';
import {join} from 'node:path';
import {MOST_DATA_FILE, readData} from '../src/bounty_data.js';
import {chunkFile, rowsOf} from '../src/bounty_rows.js';
import {fetchCid} from '../src/ipfs.js';
import {MOST_ROWS, readBytes, readJson} from './files.js';
import {secondsOf} from './node.js';

export const publishedOptions = [
  {name: 'data', value: 'FOLDER', help: 'the data as published (`zkinfer-market seal-data`), instead of fetching them'},
  {name: 'gateway', value: 'URL', many: true, help: 'a gateway of IPFS; not trusted, what it gives is compared with its name', otherwise: 'http://127.0.0.1:8080'},
];
export const gatewaysOf = ({gateway}) => gateway ?? ['http://127.0.0.1:8080'];

const fileAt = (path, noun) => ({name: path, bytes: readBytes(path, MOST_ROWS, noun)});
/** Rows of a .zkset, or of two arrays. */
export const readRows = (path, labelsPath) => rowsOf(fileAt(path, 'rows of a bounty (.zkset or .npy)'), labelsPath === undefined ? undefined : fileAt(labelsPath, 'labels (.npy)'), '--labels');

/** What readData gives, of --data or of the bounty's own `cid`. */
export async function readPublished(bounties, values, cid) {
  if (values.data !== undefined && values.gateway !== undefined) throw invalidArgument('--gateway changes nothing beside --data; leave one of them out');
  if (values.data !== undefined) {
    const read = (name, noun) => readBytes(join(values.data, name), MOST_DATA_FILE, noun);
    return readData(bounties, `'${values.data}'`, read('bounty.json', 'the description of a bounty\'s data'), (_, i) => read(chunkFile(i), 'a sealed chunk'));
  }
  const how = {gateways: gatewaysOf(values), most: MOST_DATA_FILE, timeout: 1000 * secondsOf(values)};
  return readData(bounties, `'${cid}'`, await fetchCid(cid, how), (name) => fetchCid(name, how));
}

/** The proofs of a folder by `zkinfer-market prove`, in the order of their chunks; undefined where there is none. */
export const proofsIn = (folder, chunks) => Array.from({length: chunks}, (_, i) => join(folder, `${chunkName(i)}.evm.json`)).map((path) => (existsSync(path) ? readJson(path, 'what `zkinfer evm export` wrote') : undefined));
export const chunkName = (index) => `chunk-${String(index).padStart(2, '0')}`;
