// SPDX-License-Identifier: Apache-2.0
// The list of goods that a seller publishes under one content identifier, and what stands at the head of the proof that belongs to them.
import {toHex} from './bytes.js';
import {ZkinferError} from './errors.js';

export const GOODS_FORMAT = 'zkinfer goods v1';
export const GOODS = {sealed: 'network.zksealed', proof: 'network.zkenc', key: 'network.zkkey', certificate: 'network.zkcert', export: 'first.evm.json'};
export const MOST_GOODS_LIST = 2 ** 16;

/** {sale, files: identifiers by GOODS' names, paths} of a list's bytes. */
export function readGoodsList(cid, bytes) {
  let list;
  try {
    list = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    list = undefined;
  }
  const paths = Object.entries(list?.paths ?? {});
  const good = list?.format === GOODS_FORMAT && typeof list.sale === 'string' && Object.keys(GOODS).every((name) => typeof list.files?.[name] === 'string') && paths.length <= 8 && paths.every(([name, one]) => /^[0-9a-f]{16}\.zkpath$/.test(name) && typeof one === 'string');
  if (!good) throw new ZkinferError('not_good', `${cid}: it is not the list of goods that a seller makes`);
  return list;
}

/** {c1, c2, root} that an encryption proof (docs/formats/encryption.md) says of itself; nobody has checked it. */
export function encryptionHead(bytes) {
  if (bytes.length < 168 || toHex(bytes.subarray(0, 8)) !== '5a4b495901000000') throw new ZkinferError('not_good', 'the goods\' proof is no encryption proof (.zkenc) of version 1');
  const at = (begin) => `0x${toHex(bytes.subarray(begin, begin + 32))}`;
  return {c1: at(72), c2: at(104), root: at(136)};
}
