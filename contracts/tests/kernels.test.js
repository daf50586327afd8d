// SPDX-License-Identifier: Apache-2.0
// The library against BigInt: field, tables, geometric sums, queries, multiproofs.
import assert from 'node:assert/strict';
import {before, test} from 'node:test';
import {concat, encode, hexToBytes, keccak, selector, word, words} from './abi.js';
import {Chain} from './chain.js';
import * as f from './field.js';

let chain;
let kernels;
before(async () => {
  chain = await Chain.start();
  kernels = await chain.deploy('Kernels');
});

const array = (items) => ({words: items});
async function ask(signature, ...args) {
  const result = await chain.ask(kernels, concat(selector(signature), encode(...args)));
  assert.equal(result.error, undefined, `${signature}: ${result.error}`);
  return words(result.data);
}
const tail = (answer) => answer.slice(2); // of one dynamic array

test('products, squares, scaling, reduction, differences', async () => {
  const random = new f.Random(1);
  const largest = f.toWord([f.LANE, f.LANE, (1n << 86n) - 1n]);
  const x = [largest, largest, f.toWord([f.P - 1n, f.P - 1n, f.P - 1n]), 0n];
  const y = [largest, 1n, f.toWord([f.P - 1n, f.P - 1n, f.P - 1n]), largest];
  for (let i = 0; i < 200; ++i) {
    // Lanes of any width, as sums leave them.
    x.push(f.toWord([random.bits(1 + random.below(85)), random.bits(1 + random.below(85)), random.bits(1 + random.below(86))]));
    y.push(f.toWord(random.k()));
  }
  const got = tail(await ask('mulAll(uint256[],uint256[])', array(x), array(y)));
  x.forEach((a, i) => {
    const [ka, kb] = [f.fromWord(a), f.fromWord(y[i])];
    assert.equal(got[5 * i], f.toWord(f.mul(ka, kb)), `product ${i}`);
    assert.equal(got[5 * i + 1], f.toWord(f.mul(ka, ka)), `square ${i}`);
    assert.equal(got[5 * i + 2], f.toWord(f.scale(ka, y[i] & 0x1ffffffffffffffffn)), `scaled ${i}`);
    assert.equal(got[5 * i + 3], f.toWord(ka), `reduced ${i}`);
    // Lanes that have no room for another P are no argument of sub.
    if (f.lanes(a).every((c) => c < 1n << 84n)) {
      assert.deepEqual(f.fromWord(got[5 * i + 4]), f.sub(ka, kb), `difference ${i}`);
    }
  });
});

test('elements in bytes: a limb that is not below p is seen, in each place', async () => {
  const limbs = [0n, 1n, f.P - 1n, f.P, f.P + 1n, (1n << 64n) - 1n, 0xffffffffn];
  const x = [];
  for (const a of limbs) for (const b of limbs) for (const c of limbs) x.push((a << 192n) | (b << 128n) | (c << 64n) | 0xdeadbeefn);
  const got = tail(await ask('unpackAll(uint256[])', array(x)));
  x.forEach((w, i) => {
    const c = [w >> 192n, (w >> 128n) & 0xffffffffffffffffn, (w >> 64n) & 0xffffffffffffffffn];
    assert.equal(got[2 * i + 1], c.every((limb) => limb < f.P) ? 1n : 0n, `canonical ${i}`);
    assert.equal(got[2 * i], f.toWord(c));
  });
});

test('challenges are the three 85-bit limbs of the state', async () => {
  const random = new f.Random(2);
  for (const state of [0n, (1n << 256n) - 1n, random.bits(256), random.bits(256)]) {
    const expected = [0n, 1n, 2n].map((i) => f.mod((state >> (85n * i)) & f.LANE));
    assert.equal((await ask('challengeFrom(bytes32)', state))[0], f.toWord(expected));
  }
});

test('eq tables', async () => {
  const random = new f.Random(3);
  for (const bits of [0, 1, 5, 7]) {
    const point = Array.from({length: bits}, () => random.k());
    const factor = random.k();
    const got = tail(await ask('eqTable(uint256[],uint256)', array(point.map(f.toWord)), f.toWord(factor)));
    assert.equal(got.length, 2 ** bits);
    got.forEach((x, i) => assert.equal(x, f.toWord(f.mul(factor, f.eqAt(point, i))), `entry ${i} of ${bits} bits`));
  }
});

test('geometric sums in closed form, both ways, against the sum itself', async () => {
  const random = new f.Random(4);
  const ranges = [[4, 0, 16], [4, 0, 1], [4, 15, 16], [1, 0, 2], [1, 1, 2], [8, 0, 256], [8, 64, 256], [8, 64, 200], [8, 128, 129], [8, 32, 252], [8, 0, 77]];
  for (let i = 0; i < 12; ++i) {
    const begin = 8 * random.below(30);
    ranges.push([8, begin, begin + 1 + random.below(256 - begin)]);
  }
  for (const [bits, begin, end] of ranges) {
    const point = Array.from({length: bits}, () => random.k()); // the lowest bit first
    const x = random.f();
    let expected = f.ZERO;
    let power = 1n;
    for (let j = begin; j < end; ++j) {
      expected = f.add(expected, f.scale(f.eqAt([...point].reverse(), j), power));
      power = (power * x) % f.P;
    }
    const got = await ask('rangeSums(uint256[],uint256,uint256,uint256)', array(point.map(f.toWord)), begin, end, x);
    assert.equal(got[0], f.toWord(expected), `general ${bits} ${begin} ${end}`);
    assert.equal(got[1], f.toWord(expected), `rows ${bits} ${begin} ${end}`);
  }
});

// Section 6.0 of docs/protocol.md, drawn one by one.
function indices(state, count, bits) {
  const found = new Set();
  for (let j = 0; found.size < count; ++j) {
    const block = words(keccak(concat(new Uint8Array([2]), word(state), word(j >> 2).slice(28))))[0];
    found.add(Number((block >> (64n * BigInt(3 - (j & 3)))) & ((1n << BigInt(bits)) - 1n)));
  }
  return [...found].sort((a, b) => a - b);
}

test('indices: distinct, ascending, repetitions skipped', async () => {
  const random = new f.Random(5);
  // 15 of 16: nearly all draws at the end are repetitions.
  for (const [count, bits] of [[1, 1], [15, 4], [16, 4], [5, 3], [60, 20], [77, 14], [200, 8], [40, 32]]) {
    const state = random.bits(256);
    const got = tail(await ask('indicesOf(bytes32,uint256,uint256)', state, count, bits));
    assert.deepEqual(got.map(Number), indices(state, count, bits), `${count} of 2^${bits}`);
  }
});

test('points of rows', async () => {
  const random = new f.Random(6);
  for (const bits of [1, 4, 5, 17, 32]) {
    const w = f.powerF(f.powerF(7n, (f.P - 1n) >> 32n), 1n << BigInt(32 - bits));
    const rows = [0, 1, 2 ** bits - 1, ...Array.from({length: 5}, () => random.below(2 ** bits))];
    const got = tail(await ask('pointsOf(uint256[],uint256)', array(rows), bits));
    rows.forEach((row, i) => {
      let exponent = 0n;
      for (let b = 0; b < bits; ++b) exponent |= BigInt(Math.floor(row / 2 ** b) % 2) << BigInt(bits - 1 - b);
      assert.equal(got[i], (7n * f.powerF(w, exponent)) % f.P, `row ${row} of 2^${bits}`);
    });
  }
});

test('polynomials at points of F', async () => {
  const random = new f.Random(7);
  for (const count of [1, 3, 4, 5, 50]) {
    const coefs = Array.from({length: count}, () => random.k());
    const x = random.f();
    const expected = coefs.reduceRight((sum, c) => f.add(f.scale(sum, x), c), f.ZERO);
    const got = await ask('polynomialAt(uint256[],uint256)', array(coefs.map(f.toWord)), x);
    assert.equal(got[0], f.toWord(expected));
  }
});

const bytesOf = (limbs) => concat(...limbs.map((x) => word(x).slice(24)));

test('folds of rows, and limbs that are not below p', async () => {
  const random = new f.Random(8);
  for (const count of [4, 8, 16]) {
    const weights = Array.from({length: count}, () => random.k());
    const rows = Array.from({length: count}, () => random.k());
    const signature = 'folds(bytes,uint256[],bool)';
    let base = f.ZERO;
    let extension = f.ZERO;
    weights.forEach((weight, i) => {
      base = f.add(base, f.scale(weight, rows[i][0]));
      extension = f.add(extension, f.mul(weight, rows[i]));
    });
    const baseRow = rows.map((x) => x[0]);
    const extensionRow = rows.flat();
    assert.deepEqual(await ask(signature, {bytes: bytesOf(baseRow)}, array(weights.map(f.toWord)), 0), [1n, f.toWord(base)]);
    assert.deepEqual(await ask(signature, {bytes: bytesOf(extensionRow)}, array(weights.map(f.toWord)), 1), [1n, f.toWord(extension)]);
    for (const [row, isExtension] of [[baseRow, 0], [extensionRow, 1]]) {
      for (let i = 0; i < row.length; ++i) {
        // The same element written as x + p, where that fits: only canonicity can see it.
        const other = row.map((x, j) => (j === i ? 5n + f.P : x));
        assert.equal((await ask(signature, {bytes: bytesOf(other)}, array(weights.map(f.toWord)), isExtension))[0], 0n);
      }
    }
  }
});

test('multiproofs: siblings exact, order and content seen', async () => {
  const random = new f.Random(9);
  const bits = 5;
  const rowBytes = 48;
  const rows = Array.from({length: 1 << bits}, () => bytesOf([1, 2, 3, 4, 5, 6].map(() => random.f())));
  let level = rows.map((row) => keccak(concat(new Uint8Array([0]), row)));
  const levels = [level];
  while (level.length > 1) {
    level = Array.from({length: level.length / 2}, (_, i) => keccak(concat(new Uint8Array([1]), level[2 * i], level[2 * i + 1])));
    levels.push(level);
  }
  const root = level[0];
  for (const chosen of [[0], [31], [0, 1], [2, 3, 4, 9, 30], [...Array(32).keys()], [1, 2, 17]]) {
    const siblings = [];
    let nodes = chosen;
    for (let l = 0; l < bits; ++l) {
      for (const node of nodes) if (!nodes.includes(node ^ 1)) siblings.push(levels[l][node ^ 1]);
      nodes = [...new Set(nodes.map((node) => node >> 1))];
    }
    const proof = concat(...chosen.map((i) => rows[i]), ...siblings);
    const run = async (bytes) =>
      Number((await ask('multiproof(bytes,bytes32,uint256,uint256[],uint256)', {bytes}, root, bits, array(chosen), rowBytes))[0]);
    assert.equal(await run(proof), 0);
    for (let i = 0; i < proof.length; i += 17) {
      const other = proof.slice();
      other[i] ^= 1 << (i % 8);
      assert.equal(await run(other), 10, `byte ${i}`);
    }
    if (siblings.length > 0) {
      assert.equal(await run(proof.slice(0, proof.length - 1)), 3);
      assert.equal(await run(proof.slice(0, proof.length - 32)), 3);
    }
    assert.equal(await run(concat(proof, new Uint8Array(1))), 4);
  }
  assert.equal(hexToBytes('0x00').length, 1);
});
