// SPDX-License-Identifier: Apache-2.0
// Files named by their content in IPFS: their identifiers, what a node imports, and fetching from a gateway that need not be trusted, since every block is
// compared with the name under which it was asked for. Files are as `ipfs add --cid-version 1` makes them: raw blocks of 256 KiB, and above them
// UnixFS nodes of at most 174 links (dag-pb). ipfs.d.ts says what each function takes and gives.
import {asBytes, concat} from './bytes.js';
import {ZkinferError, invalidArgument} from './errors.js';

const LEAF = 2 ** 18;
const WIDTH = 174;
const MOST_BLOCK = 2 ** 21; // what nodes of IPFS exchange
const MOST_DEPTH = 8;
const MOST_FILE = 2 ** 30;
const RAW = 0x55;
const DAG_PB = 0x70;
const DIGITS = 'abcdefghijklmnopqrstuvwxyz234567';

const sha256 = async (bytes) => new Uint8Array(await globalThis.crypto.subtle.digest('SHA-256', bytes));

function base32(bytes) {
  let text = '';
  let bits = 0;
  let held = 0;
  for (const byte of bytes) {
    held = (held << 8) | byte;
    for (bits += 8; bits >= 5; bits -= 5) text += DIGITS[(held >> (bits - 5)) & 31];
    held &= (1 << bits) - 1;
  }
  return bits > 0 ? text + DIGITS[(held << (5 - bits)) & 31] : text;
}

function fromBase32(text) {
  const out = [];
  let bits = 0;
  let held = 0;
  for (const letter of text) {
    held = (held << 5) | DIGITS.indexOf(letter);
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    out.push(held >> bits);
    held &= (1 << bits) - 1;
  }
  return held === 0 && bits < 5 ? Uint8Array.from(out) : undefined;
}

// Version, codec, multihash: sha2-256 of 32 bytes.
const cidBytes = (codec, digest) => concat(Uint8Array.of(1, codec, 0x12, 32), digest);
const cidText = (bytes) => `b${base32(bytes)}`;

export function parseCid(text) {
  const name = String(text).replace(/^ipfs:\/\//, '').replace(/\/$/, '');
  const bytes = /^b[a-z2-7]+$/.test(name) ? fromBase32(name.slice(1)) : undefined;
  if (bytes === undefined) {
    const advice = /^Qm/.test(name) ? '; `ipfs cid base32` writes it as one of version 1' : '';
    throw invalidArgument(`content identifier: expected version 1 in base32 (bafk.., bafy..), got '${name.slice(0, 80)}'${advice}`);
  }
  const good = bytes.length === 36 && bytes[0] === 1 && (bytes[1] === RAW || bytes[1] === DAG_PB) && bytes[2] === 0x12 && bytes[3] === 32;
  if (!good) throw invalidArgument(`content identifier '${name.slice(0, 80)}': expected a raw block or a UnixFS file, by SHA-256`);
  return {cid: name, codec: bytes[1], digest: bytes.slice(4), bytes};
}

// ---- protobuf, as far as dag-pb and UnixFS go

function varint(number) {
  const out = [];
  for (let rest = BigInt(number); ; rest >>= 7n) {
    if (rest < 128n) return Uint8Array.of(...out, Number(rest));
    out.push(Number(rest & 127n) | 128);
  }
}
const bytesField = (field, bytes) => concat(varint((field << 3) | 2), varint(bytes.length), bytes);
const numberField = (field, number) => concat(varint(field << 3), varint(number));

/** [field, bytes or number].. of a message. */
function fieldsOf(what, bytes) {
  const bad = (why) => new ZkinferError('corrupt_data', `${what}: ${why}`);
  let at = 0;
  const number = () => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      if (at >= bytes.length || scale > 2 ** 49) throw bad('no node of a UnixFS file');
      const byte = bytes[at++];
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  const out = [];
  while (at < bytes.length) {
    const key = number();
    if ((key & 7) === 0) {
      out.push([key >> 3, number()]);
    } else if ((key & 7) === 2) {
      const size = number();
      if (size > bytes.length - at) throw bad('a node that ends too early');
      out.push([key >> 3, bytes.subarray(at, at + size)]);
      at += size;
    } else {
      throw bad('no node of a UnixFS file');
    }
  }
  return out;
}

function fileNode(children) {
  const links = children.map(({bytes, weight}) => bytesField(2, concat(bytesField(1, bytes), bytesField(2, new Uint8Array()), numberField(3, weight))));
  const size = children.reduce((sum, child) => sum + child.size, 0);
  const data = concat(numberField(1, 2), numberField(3, size), ...children.map((child) => numberField(4, child.size)));
  return {node: concat(...links, bytesField(1, data)), size};
}

/** Links of a node of a file, and the bytes that it holds itself. */
function readNode(cid, bytes) {
  const links = [];
  let inner = new Uint8Array();
  for (const [field, value] of fieldsOf(cid, bytes)) {
    if (field === 2 && typeof value !== 'number') {
      const hash = fieldsOf(cid, value).find(([name]) => name === 1)?.[1];
      if (!(hash instanceof Uint8Array)) throw new ZkinferError('corrupt_data', `${cid}: a link to nothing`);
      links.push(cidText(hash));
    } else if (field === 1 && typeof value !== 'number') {
      const parts = fieldsOf(cid, value);
      const kind = parts.find(([name]) => name === 1)?.[1];
      if (kind !== 2 && kind !== 0) throw invalidArgument(`${cid}: it is no file (a folder, perhaps); name a file`);
      inner = parts.find(([name, part]) => name === 2 && typeof part !== 'number')?.[1] ?? inner;
    }
  }
  return {links, inner};
}

export async function blocksOf(file) {
  const bytes = asBytes('file', file);
  const blocks = [];
  const add = async (codec, block, size, below) => {
    const made = cidBytes(codec, await sha256(block));
    blocks.push({cid: cidText(made), bytes: block});
    return {bytes: made, size, weight: block.length + below};
  };
  let level = [];
  for (let at = 0; at === 0 || at < bytes.length; at += LEAF) {
    const leaf = bytes.slice(at, at + LEAF);
    level.push(await add(RAW, leaf, leaf.length, 0));
  }
  while (level.length > 1) {
    const above = [];
    for (let at = 0; at < level.length; at += WIDTH) {
      const children = level.slice(at, at + WIDTH);
      const {node, size} = fileNode(children);
      above.push(await add(DAG_PB, node, size, children.reduce((sum, child) => sum + child.weight, 0)));
    }
    level = above;
  }
  return {cid: cidText(level[0].bytes), blocks};
}

export function archiveOf(roots, blocks) {
  const root = (text) => concat(Uint8Array.of(0xd8, 0x2a, 0x58, 37, 0), parseCid(text).bytes);
  if (roots.length < 1 || roots.length > 23) throw invalidArgument(`roots: expected 1 to 23, got ${roots.length}`);
  // CBOR: {"roots": [..], "version": 1}.
  const text = (string) => concat(Uint8Array.of(0x60 | string.length), new TextEncoder().encode(string));
  const head = concat(Uint8Array.of(0xa2), text('roots'), Uint8Array.of(0x80 | roots.length), ...roots.map(root), text('version'), Uint8Array.of(1));
  const known = new Map(blocks.map((block) => [block.cid, block.bytes]));
  const sections = [...known].map(([cid, bytes]) => concat(varint(36 + bytes.length), parseCid(cid).bytes, bytes));
  return concat(varint(head.length), head, ...sections);
}

export function archiveBlocks(file) {
  const bytes = asBytes('archive', file);
  const bad = (why) => new ZkinferError('corrupt_data', `archive: ${why}`);
  const blocks = new Map();
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let scale = 1; at < bytes.length && scale < 2 ** 35; scale *= 128) {
      const byte = bytes[at++];
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
    throw bad('it is no archive of blocks (CAR version 1)');
  };
  const head = varint();
  at += head;
  if (at > bytes.length) throw bad('it is no archive of blocks (CAR version 1)');
  while (at < bytes.length) {
    const size = varint();
    if (size < 36 || size > bytes.length - at) throw bad('it ends within a block');
    blocks.set(cidText(bytes.subarray(at, at + 36)), bytes.subarray(at + 36, at + size));
    at += size;
  }
  return blocks;
}

export function fetcherOf(blocks) {
  return async (url) => {
    const block = blocks.get(/\/ipfs\/([^?]*)/.exec(url)?.[1]);
    return block === undefined ? new Response(null, {status: 404}) : new Response(block);
  };
}

// ---- fetching

export async function readAtMost(response, most) {
  const parts = [];
  let size = 0;
  for (const reader = response.body.getReader(); ; ) {
    const {done, value} = await reader.read();
    if (done) return concat(...parts);
    size += value.length;
    if (size > most) {
      await reader.cancel();
      throw new Error(`more than ${most} bytes`);
    }
    parts.push(value);
  }
}

async function fetchBlock({cid, digest}, {gateways, timeout, fetcher}) {
  const complaints = [];
  for (const gateway of gateways) {
    try {
      const url = `${gateway.replace(/\/$/, '')}/ipfs/${cid}?format=raw`;
      const response = await fetcher(url, {headers: {accept: 'application/vnd.ipld.raw'}, signal: AbortSignal.timeout(timeout)});
      if (!response.ok) throw new Error(`status ${response.status}`);
      const bytes = await readAtMost(response, MOST_BLOCK);
      const got = await sha256(bytes);
      if (got.some((byte, i) => byte !== digest[i])) throw new Error('other bytes than the identifier names; nothing of them was used');
      return bytes;
    } catch (error) {
      complaints.push(`${gateway}: ${error.name === 'TimeoutError' ? `no answer within ${timeout / 1000} seconds` : error.cause?.message || error.cause?.code || error.message}`);
    }
  }
  throw new ZkinferError('input/output', `${cid}: no gateway has it: ${complaints.join('; ')}`);
}

export async function fetchCid(text, {gateways, most = MOST_FILE, timeout = 30_000, fetcher = globalThis.fetch}) {
  if (!Array.isArray(gateways) || gateways.length === 0) throw invalidArgument('gateways: expected at least one address, as in http://127.0.0.1:8080');
  const parts = [];
  let size = 0;
  // No block twice on one way down: names are hashes. Blocks may be many, so those that hold nothing count too.
  let blocks = 0;
  const visit = async (name, depth) => {
    const cid = parseCid(name);
    if (depth > MOST_DEPTH || ++blocks > 2 + most / 1024) throw new ZkinferError('resource_limit', `${text}: a tree of more blocks than a file of ${most} bytes has`);
    const bytes = await fetchBlock(cid, {gateways, timeout, fetcher});
    const {links, inner} = cid.codec === RAW ? {links: [], inner: bytes} : readNode(cid.cid, bytes);
    size += inner.length;
    if (size > most) throw new ZkinferError('resource_limit', `${text}: more than the ${most} bytes that are taken`);
    parts.push(inner);
    for (const link of links) await visit(link, depth + 1);
  };
  await visit(text, 0);
  return concat(...parts);
}
