// SPDX-License-Identifier: Apache-2.0
// What is published of a bounty's data: a description (bounty.json), which names the sealed chunks by their content identifiers, and the chunks.
import {invalidArgument} from './errors.js';
import {blocksOf, parseCid} from './ipfs.js';
import {jcs} from './jcs.js';

export const DATA_FORMAT = 'zkinfer bounty data v1';
export const MOST_DATA_FILE = 2 ** 20; // of bounty.json and of a chunk
const utf8 = (string) => new TextEncoder().encode(string);

export const describe = (description) => utf8(`${JSON.stringify(description, null, 1)}\n`);
/** Of all but chunks and spec: what the spec's dataDigest names. */
export const digestOfAbout = (bounties, about) => bounties.digest(utf8(jcs(about)));

function checkDescription(bounties, where, given) {
  const {format, name, metric, rows, chunk, shape, classes, spec, chunks} = given ?? {};
  const isCount = (n) => Number.isSafeInteger(n) && n >= 1 && n < 2 ** 31;
  const isDigest = (digest) => typeof digest === 'string' && /^0x[0-9a-f]{64}$/.test(digest);
  const good = format === DATA_FORMAT && metric === 'accuracy' && typeof name === 'string' && [rows, chunk, classes].every(isCount) && Array.isArray(shape) && shape.every(isCount) && Array.isArray(chunks)
    && [spec?.sealedChunks, spec?.openedChunks].every((list) => Array.isArray(list) && list.length === chunks.length && list.every(isDigest))
    && isCount(spec.rows) && isCount(spec.labelBytes) && isDigest(spec.dataDigest) && spec.rows === chunk && rows === chunk * chunks.length;
  if (!good) throw invalidArgument(`${where}: it is not the description of a bounty's data that \`zkinfer-market seal-data\` writes`);
  chunks.forEach(parseCid);
  const about = {format, name, metric, rows, chunk, shape, classes};
  if (digestOfAbout(bounties, about) !== spec.dataDigest) throw invalidArgument(`${where}: what it says of the data is not what their digest names`);
  return {description: {...about, chunks}, spec};
}

/** {description, spec, sealed, cid} of a description's bytes; chunk(cid, index): bytes of one. All that is said of them is checked, but not whose bounty they are. */
export async function readData(bounties, where, bytes, chunk) {
  let given;
  try {
    given = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    given = undefined;
  }
  const {description, spec} = checkDescription(bounties, where, given);
  const sealed = [];
  for (const [i, cid] of description.chunks.entries()) {
    const part = await chunk(cid, i);
    if ((await blocksOf(part)).cid !== cid) throw invalidArgument(`${where}: chunk ${i} is not the one that its description names`);
    sealed.push(part);
  }
  bounties.checkSealed(spec, sealed);
  return {description, spec, sealed, cid: `ipfs://${(await blocksOf(bytes)).cid}`};
}
