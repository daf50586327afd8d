// SPDX-License-Identifier: Apache-2.0
// A provider's rows and labels to what is published of them: sealed chunks and their description. Files are {name, bytes}, of a folder or of a page.
import {DATA_FORMAT, describe, digestOfAbout} from './bounty_data.js';
import {concat} from './bytes.js';
import {invalidArgument} from './errors.js';
import {archiveOf, blocksOf} from './ipfs.js';
import {numbersOf, readNpy} from './npy.js';

export const chunkFile = (index) => `chunk-${String(index).padStart(2, '0')}.sealed`;

/** docs/formats/data_set.md, with one input of bytes. */
function readDataSet({name: file, bytes}) {
  const bad = (why) => invalidArgument(`'${file}': ${why}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 8;
  const need = (size) => {
    if (!(size >= 0 && size <= bytes.length - at)) throw bad('the data set ends too early');
    at += size;
    return at - size;
  };
  const u32 = () => view.getUint32(need(4), true);
  const u64 = () => Number(view.getBigUint64(need(8), true));
  if (bytes.length < 8 || view.getUint32(4, true) !== 2) throw bad('expected a data set of version 2; build it again');
  const name = new TextDecoder().decode(bytes.slice(need(u32()), at));
  need(u32());
  const rows = u64();
  const flags = view.getUint8(need(1));
  if ((flags & 2) !== 0) throw bad('it has targets; bounties count rows whose class is their label');
  if (u32() !== 1) throw bad('it has several inputs; a bounty\'s rows have one');
  need(u32());
  const dtype = view.getUint8(need(1));
  if (dtype !== 3) throw bad('its inputs are no bytes; a bounty\'s rows are numbers of 0 to 255 that networks take as they are; `zkinfer dataset build --scale 1` keeps bytes bytes');
  const rank = u32();
  if (rank > 16) throw bad('it has more than 16 dimensions');
  const shape = Array.from({length: rank}, u64);
  need(32); // the root, which is no part of what bounties promise
  const size = shape.reduce((product, n) => product * n, 1);
  const stride = size + 4 + (flags & 1 ? 4 : 0);
  if (rows * stride !== bytes.length - at) throw bad('the data set has another size than its head says');
  const begin = at;
  const labels = Array.from({length: rows}, (_, i) => view.getInt32(begin + i * stride + size, true));
  return {name, shape, labels, row: (i) => bytes.subarray(begin + i * stride, begin + i * stride + size)};
}

/** {name, shape, labels, row(i)}: of a .zkset, or of an array of bytes and one of labels. labelsAre: how the interface calls the file of labels. */
export function rowsOf(data, labelsFile, labelsAre) {
  const {name: file, bytes} = data;
  if (bytes.length >= 4 && String.fromCharCode(...bytes.subarray(0, 4)) === 'ZKIU') {
    if (labelsFile !== undefined) throw invalidArgument(`${labelsAre}: the data set '${file}' has its own`);
    return readDataSet(data);
  }
  if (labelsFile === undefined) throw invalidArgument(`${labelsAre}: '${file}' is no data set (.zkset), so its labels are a file of their own`);
  const inputs = readNpy(file, bytes);
  if (inputs.dtype !== 'u1') throw invalidArgument(`'${file}': expected bytes (uint8), got ${inputs.dtype}: a bounty's rows are numbers of 0 to 255 that networks take as they are`);
  const labels = readNpy(labelsFile.name, labelsFile.bytes);
  const axes = labels.shape.length;
  if (axes === 0 || labels.shape.some((n, i) => n !== inputs.shape[i])) throw invalidArgument(`'${labelsFile.name}': expected a label for each row, got (${labels.shape.join(', ')}) for inputs (${inputs.shape.join(', ')})`);
  const shape = inputs.shape.slice(axes);
  const size = shape.reduce((product, n) => product * n, 1);
  return {name: '', shape, labels: numbersOf(labels), row: (i) => inputs.data.subarray(i * size, (i + 1) * size)};
}

/** A uniform whole number below `count`, which is at most 2^32. */
function randomBelow(count) {
  const limit = 2 ** 32 - (2 ** 32 % count);
  for (;;) {
    const [drawn] = globalThis.crypto.getRandomValues(new Uint32Array(1));
    if (drawn < limit) return drawn % count;
  }
}

function shuffled(count) {
  const order = Array.from({length: count}, (_, i) => i);
  for (let i = count - 1; i > 0; --i) {
    const j = randomBelow(i + 1);
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}

/** Sealed data and their description: {description, spec, sealed, cid, archive}, all but the key to be published. rowsAre: how the interface calls the rows of a chunk. */
export async function sealRows(bounties, key, {name, shape, labels, row}, {rows, classes, keepOrder, rowsAre}) {
  const all = labels.length;
  if (!(rows >= 1 && all >= rows && all % rows === 0)) throw invalidArgument(`${rowsAre}: ${all} rows are no whole number of chunks of ${rows}; leave some out, or take another size (networks take a chunk at once)`);
  const numClasses = classes ?? labels.reduce((most, label) => Math.max(most, label), 0) + 1;
  const wrong = labels.findIndex((label) => !(label >= 0 && label < numClasses));
  if (wrong >= 0 || numClasses > 65536) throw invalidArgument(`row ${Math.max(wrong, 0)}: its label is ${labels[Math.max(wrong, 0)]}, expected 0 to ${Math.min(numClasses, 65536) - 1}`);
  // As canonical bytes of a class that is at most numClasses - 1 (docs/formats/tensor.md).
  const width = numClasses <= 256 ? 1 : 2;
  const order = keepOrder ? labels.map((_, i) => i) : shuffled(all);
  const chunks = [];
  for (let at = 0; at < all; at += rows) {
    const part = order.slice(at, at + rows);
    const labelBytes = new Uint8Array(width * rows);
    part.forEach((from, i) => {
      labelBytes[width * i] = labels[from] & 255;
      if (width === 2) labelBytes[2 * i + 1] = labels[from] >> 8;
    });
    chunks.push({labels: labelBytes, inputs: concat(...part.map(row))});
  }
  const about = {format: DATA_FORMAT, name, metric: 'accuracy', rows: all, chunk: rows, shape, classes: numClasses};
  const {spec, sealed} = bounties.sealData(key, chunks, {rows, dataDigest: digestOfAbout(bounties, about)});
  const files = await Promise.all(sealed.map((chunk) => blocksOf(chunk)));
  const description = {...about, spec, chunks: files.map(({cid}) => cid)};
  const whole = await blocksOf(describe(description));
  return {description, spec, sealed, cid: `ipfs://${whole.cid}`, archive: archiveOf([whole.cid], [...whole.blocks, ...files.flatMap(({blocks}) => blocks)])};
}

export const filesOf = ({description, sealed}) => [['bounty.json', describe(description)], ...sealed.map((chunk, i) => [chunkFile(i), chunk])];
