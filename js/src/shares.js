// SPDX-License-Identifier: Apache-2.0
// Shares of sold weights' key, and the application's key that one of them is sealed to; for the command line and for pages.
import {concat, fromHex, toHex} from './bytes.js';
import {ZkinferError, invalidArgument} from './errors.js';
import {digestOf} from './quantities.js';
import {newKeyPair, openSealed, sealTo} from './sealing.js';

const SHARE = 30;
const KEYS_FORMAT = 'zkinfer market keys v1';
const text = (string) => new TextEncoder().encode(string);
const hex = (bytes) => `0x${toHex(bytes)}`;

export const sha256Hex = async (bytes) => hex(new Uint8Array(await globalThis.crypto.subtle.digest('SHA-256', bytes)));
export const saleOfBounty = (bounty, submission) => `bounty ${bounty} submission ${submission}`;
/** What a sealed share is bound to. */
const infoOf = ({chainId, contract, c1}) => text(`zkinfer.market.share.v1 ${chainId} ${contract.toLowerCase()} ${c1}`);

/** An application's key (X25519) of fresh randomness, as its file has it: secret, no wallet's, and of nobody but its owner. */
export async function newKeys() {
  const {secretKey, publicKey} = await newKeyPair();
  return {format: KEYS_FORMAT, public_key: hex(publicKey), secret_key: hex(secretKey)};
}

/** {publicKey, secretKey} of such a file. */
export function readKeysText(where, content) {
  let keys;
  try {
    keys = JSON.parse(content);
  } catch {
    keys = undefined;
  }
  if (keys?.format !== KEYS_FORMAT) throw invalidArgument(`'${where}': it is not what \`zkinfer-market new-keys\` writes, nor what the page of bounties does`);
  // Said without what is there.
  if (!/^0x[0-9a-f]{64}$/.test(keys.secret_key)) throw invalidArgument(`'${where}': "secret_key": expected 0x and 64 hexadecimal digits`);
  return {publicKey: digestOf(`'${where}': "public_key"`, keys.public_key), secretKey: keys.secret_key};
}

/** {k1, k2} of a .zkshares (docs/formats/key_shares.md); a share that it has not is undefined. */
export function readSharesBytes(where, bytes) {
  const which = bytes[8];
  const good = bytes.length >= 9 && toHex(bytes.subarray(0, 8)) === '5a4b494701000000' && which >= 1 && which <= 3 && bytes.length === 9 + SHARE * (which === 3 ? 2 : 1);
  if (!good) throw invalidArgument(`'${where}': expected key shares (.zkshares) of version 1`);
  const first = bytes.slice(9, 9 + SHARE);
  return which === 3 ? {k1: first, k2: bytes.slice(9 + SHARE)} : which === 1 ? {k1: first} : {k2: first};
}
/** Such a file: which is 1, 2 or, of both, 3. */
export const sharesFile = (which, ...shares) => concat(text('ZKIG'), Uint8Array.of(1, 0, 0, 0, which), ...shares);

export const sealShare = (k2, publicKey, lock) => sealTo(publicKey, k2, infoOf(lock));

/** The second share of what was offered, for whoever has the key that it is sealed to. lock: {chainId, contract, c1}. */
export async function openShare(secretKey, sealedShare, lock, c2) {
  let k2;
  try {
    k2 = await openSealed(secretKey, typeof sealedShare === 'string' ? fromHex(sealedShare.slice(2)) : sealedShare, infoOf(lock));
  } catch (error) {
    throw new ZkinferError('not_good', `the second share: ${error.message}; without it the weights cannot be opened`);
  }
  if ((await sha256Hex(k2)) !== c2.toLowerCase()) throw new ZkinferError('not_good', 'the second share is not the one whose SHA-256 is c2; without it the weights cannot be opened');
  return k2;
}
