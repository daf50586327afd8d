// SPDX-License-Identifier: Apache-2.0
// Arrays of whole numbers in NumPy's files (.npy, versions 1 and 2), as far as data of bounties go.
import {concat} from './bytes.js';
import {invalidArgument} from './errors.js';

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
const READERS = {u1: (view, at) => view.getUint8(at), i1: (view, at) => view.getInt8(at), u2: (view, at) => view.getUint16(at, true), i2: (view, at) => view.getInt16(at, true),
  u4: (view, at) => view.getUint32(at, true), i4: (view, at) => view.getInt32(at, true), i8: (view, at) => Number(view.getBigInt64(at, true)), u8: (view, at) => Number(view.getBigUint64(at, true))};

/** {dtype, shape, data}: data are the bytes as they stand, in C's order. */
export function readNpy(path, bytes) {
  const bad = (why) => invalidArgument(`'${path}': ${why}; expected an array of whole numbers as numpy.save writes it`);
  if (bytes.length < 12 || MAGIC.some((byte, i) => bytes[i] !== byte)) throw bad('it is no .npy file');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [size, begin] = bytes[6] === 1 ? [view.getUint16(8, true), 10] : [view.getUint32(8, true), 12];
  if (size > 4096 || begin + size > bytes.length) throw bad('its head is longer than the file');
  const head = new TextDecoder().decode(bytes.subarray(begin, begin + size));
  const dtype = /'descr':\s*'[|<]([ui][1248])'/.exec(head)?.[1];
  const shape = /'shape':\s*\(([\d,\s]*)\)/.exec(head)?.[1].split(',').filter((part) => part.trim() !== '').map(Number);
  if (dtype === undefined || shape === undefined) throw bad(`its numbers are ${/'descr':\s*'([^']*)'/.exec(head)?.[1] ?? 'of no type'}`);
  if (!/'fortran_order':\s*False/.test(head)) throw bad('it is in FORTRAN\'s order (numpy.ascontiguousarray)');
  const data = bytes.slice(begin + size);
  if (shape.reduce((product, n) => product * n, 1) * Number(dtype[1]) !== data.length) throw bad(`${data.length} bytes of numbers for the shape (${shape.join(', ')})`);
  return {dtype, shape, data};
}

export function numbersOf({dtype, data}) {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const width = Number(dtype[1]);
  return Array.from({length: data.length / width}, (_, i) => READERS[dtype](view, width * i));
}

export function npyOf({dtype, shape, data}) {
  const type = dtype.endsWith('1') ? `|${dtype}` : `<${dtype}`;
  const head = `{'descr': '${type}', 'fortran_order': False, 'shape': (${shape.join(', ')}${shape.length === 1 ? ',' : ''}), }`;
  const size = Math.ceil((11 + head.length) / 64) * 64 - 10;
  return concat(Uint8Array.of(...MAGIC, 1, 0, size & 255, size >> 8), new TextEncoder().encode(head.padEnd(size - 1, ' ') + '\n'), data);
}
