// SPDX-License-Identifier: Apache-2.0
// F and K in BigInt, as the contracts' words have them.
export const P = 0xffffffff00000001n;
export const LANE = (1n << 85n) - 1n;

export const mod = (x) => ((x % P) + P) % P;
/** @param {[bigint, bigint, bigint]} c */
export const toWord = ([c0, c1, c2]) => c0 | (c1 << 85n) | (c2 << 170n);
export const lanes = (word) => [word & LANE, (word >> 85n) & LANE, word >> 170n];
export const fromWord = (word) => lanes(word).map(mod);
export const add = (x, y) => x.map((c, i) => mod(c + y[i]));
export const sub = (x, y) => x.map((c, i) => mod(c - y[i]));
export const scale = (x, y) => x.map((c) => mod(c * y));
export const mul = ([a0, a1, a2], [b0, b1, b2]) => [
  mod(a0 * b0 + 2n * (a1 * b2 + a2 * b1)),
  mod(a0 * b1 + a1 * b0 + 2n * a2 * b2),
  mod(a0 * b2 + a1 * b1 + a2 * b0),
];
export const ZERO = [0n, 0n, 0n];
export const ONE = [1n, 0n, 0n];

export function powerF(x, n) {
  let z = 1n;
  for (let b = mod(x); n > 0n; n >>= 1n, b = (b * b) % P) if (n & 1n) z = (z * b) % P;
  return z;
}

/** eq of an index at a point, its coordinates from the highest bit on. */
export function eqAt(point, index) {
  let z = ONE;
  point.forEach((r, i) => {
    z = mul(z, (index >> (point.length - 1 - i)) & 1 ? r : sub(ONE, r));
  });
  return z;
}

/** Numbers that are the same in every run. */
export class Random {
  constructor(seed) {
    this.state = BigInt(seed) * 2n + 1n;
  }
  bits(n) {
    let x = 0n;
    for (let i = 0; i < n; i += 32) {
      this.state = (this.state * 6364136223846793005n + 1442695040888963407n) & ((1n << 64n) - 1n);
      x = (x << 32n) | (this.state >> 32n);
    }
    return x & ((1n << BigInt(n)) - 1n);
  }
  below(n) {
    return Number(this.bits(64) % BigInt(n));
  }
  /** Often the ends of the range. */
  f() {
    const edges = [0n, 1n, P - 1n, 0xffffffffn, 0x100000000n];
    return this.below(4) === 0 ? edges[this.below(edges.length)] : this.bits(64) % P;
  }
  k() {
    return [this.f(), this.f(), this.f()];
  }
}
