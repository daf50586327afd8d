// SPDX-License-Identifier: Apache-2.0
// Keccak-256 as contracts have it (FIPS 202's permutation, the padding of before), in halves of 32 bits, for pages that load nothing else.
import {asBytes} from './bytes.js';

const RATE = 136;
// Rotations and places of rho and pi, lane after lane.
const ROTATIONS = [1, 3, 6, 10, 15, 21, 28, 36, 45, 55, 2, 14, 27, 41, 56, 8, 25, 43, 62, 18, 39, 61, 20, 44];
const PLACES = [10, 7, 11, 17, 18, 3, 5, 16, 8, 21, 24, 4, 15, 23, 19, 13, 12, 2, 20, 14, 22, 9, 6, 1];

// Low and high halves of iota's constants: bits of a linear feedback register.
const CONSTANTS = (() => {
  const out = [];
  let register = 1;
  for (let round = 0; round < 24; ++round) {
    const halves = [0, 0];
    for (let j = 0; j < 7; ++j) {
      const bit = 2 ** j - 1;
      if (register & 1) halves[bit >> 5] ^= 1 << (bit & 31);
      register = register & 0x80 ? (register << 1) ^ 0x171 : register << 1;
    }
    out.push(halves);
  }
  return out;
})();

function permute(lo, hi) {
  const [c, d] = [new Int32Array(5), new Int32Array(5)];
  const [rowLo, rowHi] = [new Int32Array(5), new Int32Array(5)];
  for (const [constantLo, constantHi] of CONSTANTS) {
    for (let x = 0; x < 5; ++x) {
      c[x] = lo[x] ^ lo[x + 5] ^ lo[x + 10] ^ lo[x + 15] ^ lo[x + 20];
      d[x] = hi[x] ^ hi[x + 5] ^ hi[x + 10] ^ hi[x + 15] ^ hi[x + 20];
    }
    for (let x = 0; x < 5; ++x) {
      const [next, last] = [(x + 1) % 5, (x + 4) % 5];
      const tLo = c[last] ^ ((c[next] << 1) | (d[next] >>> 31));
      const tHi = d[last] ^ ((d[next] << 1) | (c[next] >>> 31));
      for (let y = x; y < 25; y += 5) {
        lo[y] ^= tLo;
        hi[y] ^= tHi;
      }
    }
    let [heldLo, heldHi] = [lo[1], hi[1]];
    for (let i = 0; i < 24; ++i) {
      const place = PLACES[i];
      const by = ROTATIONS[i];
      const [a, b] = by < 32 ? [heldLo, heldHi] : [heldHi, heldLo];
      const r = by & 31;
      [heldLo, heldHi] = [lo[place], hi[place]];
      lo[place] = r === 0 ? a : (a << r) | (b >>> (32 - r));
      hi[place] = r === 0 ? b : (b << r) | (a >>> (32 - r));
    }
    for (let y = 0; y < 25; y += 5) {
      for (let x = 0; x < 5; ++x) [rowLo[x], rowHi[x]] = [lo[y + x], hi[y + x]];
      for (let x = 0; x < 5; ++x) {
        lo[y + x] ^= ~rowLo[(x + 1) % 5] & rowLo[(x + 2) % 5];
        hi[y + x] ^= ~rowHi[(x + 1) % 5] & rowHi[(x + 2) % 5];
      }
    }
    lo[0] ^= constantLo;
    hi[0] ^= constantHi;
  }
}

export function keccak256(data) {
  const bytes = asBytes('data', data);
  const padded = new Uint8Array(Math.floor(bytes.length / RATE + 1) * RATE);
  padded.set(bytes);
  padded[bytes.length] = 1;
  padded[padded.length - 1] |= 0x80;
  const view = new DataView(padded.buffer);
  const [lo, hi] = [new Int32Array(25), new Int32Array(25)];
  for (let at = 0; at < padded.length; at += RATE) {
    for (let i = 0; i < RATE / 8; ++i) {
      lo[i] ^= view.getInt32(at + 8 * i, true);
      hi[i] ^= view.getInt32(at + 8 * i + 4, true);
    }
    permute(lo, hi);
  }
  const out = new DataView(new ArrayBuffer(32));
  for (let i = 0; i < 4; ++i) {
    out.setInt32(8 * i, lo[i], true);
    out.setInt32(8 * i + 4, hi[i], true);
  }
  return new Uint8Array(out.buffer);
}
