// SPDX-License-Identifier: Apache-2.0
// Bytes in the forms that callers have them in.
import {ZkinferError, invalidArgument} from './errors.js';

const MOST_BYTES = 3 * 2 ** 28; // of a bundle, the longest file that verifiers read (docs/formats/README.md)

// Nothing longer than any file of ours is copied.
export function asBytes(what, value) {
  const bytes = bytesOf(what, value);
  if (bytes.length > MOST_BYTES) throw new ZkinferError('resource_limit', `${what}: ${bytes.length} bytes, more than any file of zkinfer for verifiers has (${MOST_BYTES})`);
  return bytes;
}

function bytesOf(what, value) {
  if (value instanceof Uint8Array) return value;
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  throw invalidArgument(`${what}: expected bytes (Uint8Array or ArrayBuffer), got ${value === null ? 'null' : typeof value}; read files first`);
}

export function concat(...parts) {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

export function toHex(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

export function fromHex(text) {
  if (!/^([0-9a-fA-F]{2})*$/.test(text)) throw invalidArgument(`expected hexadecimal digits, two for each byte, got '${text}'`);
  return Uint8Array.from(text.match(/../g) ?? [], (digits) => parseInt(digits, 16));
}

// 32 bytes, or 64 hexadecimal digits.
export function digestBytes(what, value) {
  const bytes = typeof value === 'string' ? fromHex(value) : asBytes(what, value);
  if (bytes.length !== 32) throw invalidArgument(`${what}: expected 32 bytes, or 64 hexadecimal digits, got ${bytes.length} bytes`);
  return bytes;
}

// Text, "hex:00ff..", or bytes: at most 32.
export function contextBytes(value) {
  let bytes;
  if (typeof value !== 'string') bytes = asBytes('context', value);
  else bytes = value.startsWith('hex:') ? fromHex(value.slice(4)) : new TextEncoder().encode(value);
  if (bytes.length > 32) throw invalidArgument(`context: ${bytes.length} bytes, expected at most 32; hash longer ones`);
  return bytes;
}

// A whole number from lo to hi, of either kind, as a BigInt: no rounding, no wrapping.
export function wholeNumber(what, value, lo, hi) {
  if (typeof value !== 'bigint' && !Number.isSafeInteger(value))
    throw invalidArgument(`${what}: expected a whole number (BigInt beyond 2^53), got ${typeof value === 'number' ? value : value === null ? 'null' : typeof value}`);
  const whole = BigInt(value);
  if (whole < lo || whole > hi) throw invalidArgument(`${what}: expected ${lo} to ${hi}, got ${whole}`);
  return whole;
}

// An object whose members are among those known; undefined: none of them.
export function asOptions(what, value, known) {
  if (value === undefined) return {};
  if (value === null || typeof value !== 'object' || Array.isArray(value)) throw invalidArgument(`${what}: expected an object, got ${value === null ? 'null' : Array.isArray(value) ? 'a list' : typeof value}`);
  for (const name of Object.keys(value)) {
    if (!known.includes(name)) throw invalidArgument(`${what}: there is no '${name}'; there are ${known.join(', ')}`);
  }
  return value;
}
