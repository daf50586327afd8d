// SPDX-License-Identifier: Apache-2.0
// Bytes, words, Keccak-256 and calls as contracts take them, and the contracts of artifacts.json.
import {readFileSync} from 'node:fs';
import {createRequire} from 'node:module';
import {join} from 'node:path';
import {pathToFileURL} from 'node:url';
import {concat} from '../../js/src/bytes.js';

export {concat};

const require = createRequire(join(process.env.ZKINFER_NPM, 'package.json'));
/** A module of the packages that `make evm` has got. */
export const load = (name) => import(pathToFileURL(require.resolve(name)).href);
const {keccak_256} = await load('@noble/hashes/sha3.js');
const {bytesToHex: digits, hexToBytes: fromDigits} = await load('@noble/hashes/utils.js');

export const artifacts = JSON.parse(readFileSync(join(process.env.ZKINFER_CONTRACTS, 'artifacts.json'), 'utf8'));

export const hexToBytes = (hex) => fromDigits(hex.slice(2));
export const bytesToHex = (bytes) => `0x${digits(bytes)}`;
export const keccak = (bytes) => keccak_256(bytes);
export function word(x) {
  return hexToBytes(`0x${BigInt(x).toString(16).padStart(64, '0')}`);
}
export const text = (string) => new TextEncoder().encode(string);
export const selector = (signature) => keccak(text(signature)).slice(0, 4);

// ABI encoding of static words (bigint, number, Uint8Array of up to 32 bytes), dynamic bytes ({bytes}) and arrays of words ({words}).
export function encode(...values) {
  const heads = [];
  const tails = [];
  let tail = 32 * values.length;
  for (const value of values) {
    if (value.words !== undefined) {
      heads.push(word(tail));
      tails.push(word(value.words.length), ...value.words.map(word));
      tail += 32 + 32 * value.words.length;
    } else if (value.bytes instanceof Uint8Array) {
      const padded = new Uint8Array(Math.ceil(value.bytes.length / 32) * 32);
      padded.set(value.bytes);
      heads.push(word(tail));
      tails.push(word(value.bytes.length), padded);
      tail += 32 + padded.length;
    } else {
      heads.push(value instanceof Uint8Array ? concat(new Uint8Array(32 - value.length), value) : word(value));
    }
  }
  return concat(...heads, ...tails);
}
export const words = (bytes) => {
  const out = [];
  for (let i = 0; i < bytes.length; i += 32) out.push(BigInt(bytesToHex(bytes.slice(i, i + 32))));
  return out;
};
