// SPDX-License-Identifier: Apache-2.0
// Amounts, times, shares and thresholds as people write them. No floating point: 0.1 of something is a tenth of it.
import {invalidArgument} from '../src/errors.js';

export const HOUR = 3600;
const SECONDS = {m: 60, h: HOUR, d: 24 * HOUR};

/** In apostrophes, but for what could be a private key that was given where something else belongs. */
export const quoted = (text) => (/^(0x)?[0-9a-fA-F]{60,}$/.test(text) ? `${text.length} characters that could be a key and are not shown` : `'${text}'`);

/** "1.5" in units of 10^-decimals, below 2^128. */
export function amountOf(what, text, decimals) {
  const parts = /^(\d+)(?:\.(\d+))?$/.exec(text);
  if (!parts) throw invalidArgument(`${what}: expected an amount such as 1.5, got '${text}'`);
  const [, whole, fraction = ''] = parts;
  if (fraction.length > decimals) throw invalidArgument(`${what}: '${text}' has ${fraction.length} digits behind the point, the token has ${decimals}`);
  const amount = BigInt(whole + fraction.padEnd(decimals, '0'));
  if (amount >= 1n << 128n) throw invalidArgument(`${what}: '${text}' is more than a contract takes`);
  return amount;
}

export function amountText(amount, decimals) {
  const digits = BigInt(amount).toString().padStart(decimals + 1, '0');
  return decimals === 0 ? digits : `${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`.replace(/\.?0+$/, '');
}

/** Seconds of "90m", "36h" or "7d". */
export function durationOf(what, text) {
  const parts = /^(\d{1,6})([mhd])$/.exec(text);
  if (!parts) throw invalidArgument(`${what}: expected a duration such as 7d, 36h or 90m, got '${text}'`);
  return Number(parts[1]) * SECONDS[parts[2]];
}

/** A time in seconds: a duration from `from` on, or a time such as 2027-01-31T12:00Z. */
export function deadlineOf(what, text, from) {
  if (/^\d+[mhd]$/.test(text)) return from + durationOf(what, text);
  const time = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d)?Z)?$/.test(text) ? Date.parse(text) : NaN;
  // February has no 31st: Date would take another day.
  const isDay = !Number.isNaN(time) && new Date(time).toISOString().startsWith(text.slice(0, 10));
  if (!isDay) throw invalidArgument(`${what}: expected a duration such as 7d or a time such as 2027-01-31T12:00Z, got '${text}'`);
  return time / 1000;
}

export function timeText(seconds) {
  const date = new Date(1000 * Number(seconds));
  if (Number.isNaN(date.getTime())) return `${seconds} s after 1970`;
  return date.toISOString().replace(':00.000Z', 'Z').replace('.000Z', 'Z');
}

/** "in 3 d 4 h", "2 h ago". */
export function distanceText(seconds) {
  const size = Math.abs(Math.trunc(seconds));
  const [days, hours, minutes] = [Math.floor(size / SECONDS.d), Math.floor((size % SECONDS.d) / HOUR), Math.floor((size % HOUR) / 60)];
  const text = days > 0 ? `${days} d ${hours} h` : hours > 0 ? `${hours} h ${minutes} min` : minutes > 0 ? `${minutes} min` : `${size} s`;
  return seconds < 0 ? `${text} ago` : `in ${text}`;
}

/** Hits of `rows`: "48", or "75%" (rounded up). */
export function thresholdOf(text, rows, what = '--threshold') {
  const percent = /^(\d{1,3})(?:\.(\d{1,6}))?%$/.exec(text);
  let hits;
  if (percent) {
    const [, whole, fraction = ''] = percent;
    const share = BigInt(whole + fraction);
    const of = 100n * 10n ** BigInt(fraction.length);
    hits = Number((share * BigInt(rows) + of - 1n) / of);
  } else {
    hits = /^\d{1,9}$/.test(text) ? Number(text) : NaN;
  }
  if (!(hits >= 0 && hits <= rows)) throw invalidArgument(`${what}: expected 0 to ${rows} hits, or a share of the rows such as 75%, got '${text}'`);
  return hits;
}

/** "70,30" of a hundred, the best rank first, as eight numbers of 10,000. */
export function sharesOf(text, what = '--shares') {
  const parts = text.split(',').map((part) => amountOf(what, part.trim(), 2));
  if (parts.length > 8 || parts.reduce((sum, part) => sum + part, 0n) !== 10000n || parts.some((part, i) => i > 0 && part > parts[i - 1])) {
    throw invalidArgument(`${what}: expected at most eight shares that are 100 together, none larger than the one before, as in 70,20,10; got '${text}'`);
  }
  return Array.from({length: 8}, (_, i) => Number(parts[i] ?? 0n));
}

export function wholeOf(what, text) {
  if (!/^\d{1,9}$/.test(String(text))) throw invalidArgument(`${what}: expected a whole number${/^\d+$/.test(String(text)) ? ' of at most 9 digits' : ''}, got '${text}'`);
  return Number(text);
}

export function addressOf(what, text) {
  if (!/^0x[0-9a-fA-F]{40}$/.test(text)) throw invalidArgument(`${what}: expected 0x and 40 hexadecimal digits, got ${quoted(text)}`);
  return text.toLowerCase();
}

export function digestOf(what, text) {
  if (!/^0x[0-9a-fA-F]{64}$/.test(text)) throw invalidArgument(`${what}: expected 0x and 64 hexadecimal digits, got '${text}'`);
  return text.toLowerCase();
}
