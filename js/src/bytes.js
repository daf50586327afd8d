// SPDX-License-Identifier: Apache-2.0
// Bytes in the forms that callers have them in.
import {invalidArgument} from './errors.js';

export function asBytes(what, value) {
  if (value instanceof Uint8Array) return value;
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  throw invalidArgument(`${what}: expected bytes (Uint8Array or ArrayBuffer), got ${value === null ? 'null' : typeof value}; read files first`);
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
