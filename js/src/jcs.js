// SPDX-License-Identifier: Apache-2.0
// One text for one value, to be signed or hashed.

/** RFC 8785 of texts, whole numbers below 2^53, booleans, lists and objects. */
export function jcs(value) {
  if (typeof value === 'number' && !Number.isSafeInteger(value)) throw new TypeError(`${value}: expected a whole number below 2^53`);
  if (Array.isArray(value)) return `[${value.map(jcs).join(',')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  return `{${Object.keys(value).sort().map((name) => `${JSON.stringify(name)}:${jcs(value[name])}`).join(',')}}`;
}
