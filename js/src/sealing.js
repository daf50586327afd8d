// SPDX-License-Identifier: Apache-2.0
// Short secrets sealed to a person's key: HPKE in mode base, DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM (RFC 9180; numbers 0x0020, 0x0001,
// 0x0002). All by WebCrypto. The key is an application's own, of random bytes: no wallet's key is asked for (docs/market.md). sealing.d.ts says what each takes.
import {asBytes, concat, fromHex, toHex} from './bytes.js';
import {ZkinferError, invalidArgument} from './errors.js';

const KEY = 32;
const TAG = 16;
const KEM_SUITE = concat(text('KEM'), u16(0x20));
const SUITE = concat(text('HPKE'), u16(0x20), u16(1), u16(2));
// What stands before the 32 bytes of a private X25519 key in PKCS #8 (RFC 8410).
const PKCS8 = fromHex('302e020100300506032b656e04220420');

function text(string) {
  return new TextEncoder().encode(string);
}
function u16(number) {
  return Uint8Array.of(number >> 8, number & 255);
}

const {subtle} = globalThis.crypto;

function keyBytes(what, value) {
  const bytes = typeof value === 'string' ? fromHex(value.replace(/^0x/, '')) : asBytes(what, value);
  if (bytes.length !== KEY) throw invalidArgument(`${what}: expected ${KEY} bytes, got ${bytes.length}`);
  return bytes;
}
const publicKey = (bytes) => subtle.importKey('raw', bytes, {name: 'X25519'}, true, []);
const privateKey = (bytes) => subtle.importKey('pkcs8', concat(PKCS8, bytes), {name: 'X25519'}, true, ['deriveBits']);

async function hmac(key, bytes) {
  // WebCrypto takes no empty key; zeros to the block's length are the same one.
  const imported = await subtle.importKey('raw', key.length === 0 ? new Uint8Array(64) : key, {name: 'HMAC', hash: 'SHA-256'}, false, ['sign']);
  return new Uint8Array(await subtle.sign('HMAC', imported, bytes));
}
const extract = (suite, salt, label, bytes) => hmac(salt, concat(text('HPKE-v1'), suite, text(label), bytes));
/** At most 32 bytes: one block of HKDF-Expand. */
async function expand(suite, secret, label, info, size) {
  return (await hmac(secret, concat(u16(size), text('HPKE-v1'), suite, text(label), info, Uint8Array.of(1)))).slice(0, size);
}

async function shared(own, others, sent, recipient) {
  const dh = new Uint8Array(await subtle.deriveBits({name: 'X25519', public: await publicKey(others)}, own, 8 * KEY)
    .catch(() => Promise.reject(invalidArgument('public key: it is no X25519 key that a secret can be shared with'))));
  const secret = await extract(KEM_SUITE, new Uint8Array(), 'eae_prk', dh);
  return expand(KEM_SUITE, secret, 'shared_secret', concat(sent, recipient), KEY);
}

/** Key and nonce of the one message that is sealed. */
async function schedule(secret, info) {
  const none = new Uint8Array();
  const [idHash, infoHash] = await Promise.all([extract(SUITE, none, 'psk_id_hash', none), extract(SUITE, none, 'info_hash', info)]);
  const context = concat(Uint8Array.of(0), idHash, infoHash);
  const prk = await extract(SUITE, secret, 'secret', none);
  const key = await subtle.importKey('raw', await expand(SUITE, prk, 'key', context, 32), 'AES-GCM', false, ['encrypt', 'decrypt']);
  return {key, algorithm: {name: 'AES-GCM', iv: await expand(SUITE, prk, 'base_nonce', context, 12)}};
}

async function publicOf(own) {
  const {x} = await subtle.exportKey('jwk', own);
  return Uint8Array.from(atob(x.replace(/-/g, '+').replace(/_/g, '/')), (letter) => letter.charCodeAt(0));
}

export async function newKeyPair() {
  const secretKey = globalThis.crypto.getRandomValues(new Uint8Array(KEY));
  return {secretKey, publicKey: await publicOf(await privateKey(secretKey))};
}

/** `ephemeral`: the secret key of this message alone; only tests give one. */
export async function sealTo(recipient, bytes, info, ephemeral = globalThis.crypto.getRandomValues(new Uint8Array(KEY))) {
  const to = keyBytes('public key', recipient);
  const own = await privateKey(keyBytes('ephemeral', ephemeral));
  const sent = await publicOf(own);
  const {key, algorithm} = await schedule(await shared(own, to, sent, to), asBytes('info', info));
  return concat(sent, new Uint8Array(await subtle.encrypt(algorithm, key, asBytes('bytes', bytes))));
}

export async function openSealed(secretKey, sealed, info) {
  const bytes = asBytes('sealed', sealed);
  if (bytes.length < KEY + TAG) throw invalidArgument(`sealed: ${bytes.length} bytes, expected at least ${KEY + TAG}`);
  const own = await privateKey(keyBytes('secret key', secretKey));
  const sent = bytes.slice(0, KEY);
  const {key, algorithm} = await schedule(await shared(own, sent, sent, await publicOf(own)), asBytes('info', info));
  try {
    return new Uint8Array(await subtle.decrypt(algorithm, key, bytes.slice(KEY)));
  } catch {
    throw new ZkinferError('invalid_argument', `sealed: it is not for the key whose public one is 0x${toHex(await publicOf(own))}, or for something else`);
  }
}
