// SPDX-License-Identifier: Apache-2.0
// Bounties (docs/market.md): the digests that contracts compare, and the data sealed and opened. market.d.ts says what each function takes and gives.
import {asBytes, concat, fromHex, toHex} from './bytes.js';
import {invalidArgument} from './errors.js';

const WORD = 32;
const KEY_BYTES = 30;
const MOST_CHUNKS = 64;
// What one transaction takes of a chunk, so that anybody can challenge it.
const MOST_CHUNK_BYTES = 100_000;

const text = (string) => new TextEncoder().encode(string);
const padded = (bytes) => concat(bytes, new Uint8Array((WORD - (bytes.length % WORD)) % WORD));
function word(number, what = 'a number') {
  if (typeof number !== 'bigint' && !Number.isSafeInteger(number)) throw invalidArgument(`${what}: expected a whole number (BigInt beyond 2^53), got ${number === null ? 'null' : typeof number === 'number' ? number : typeof number}`);
  if (number < 0) throw invalidArgument(`${what}: a number below 0: ${number}`);
  return fromHex(BigInt(number).toString(16).padStart(2 * WORD, '0'));
}

// What functions are given by name; `what` it is of.
function named(what, given) {
  if (typeof given !== 'object' || given === null) throw invalidArgument(`${what}: expected an object, got ${given === null ? 'null' : typeof given}`);
  return given;
}
function listOf(what, value) {
  if (!Array.isArray(value)) throw invalidArgument(`${what}: expected a list, got ${value === null ? 'null' : typeof value}`);
  return value;
}

function bytesOf(what, value, size) {
  const bytes = typeof value === 'string' ? fromHex(value.replace(/^0x/, '')) : asBytes(what, value);
  if (size !== undefined && bytes.length !== size) throw invalidArgument(`${what}: expected ${size} bytes, got ${bytes.length}`);
  return bytes;
}
const digestOf = (what, value) => bytesOf(what, value, WORD);
const addressWord = (what, value) => concat(new Uint8Array(WORD - 20), bytesOf(what, value, 20));
const keyWord = (key) => concat(bytesOf('key', key, KEY_BYTES), new Uint8Array(WORD - KEY_BYTES));
const hex = (bytes) => `0x${toHex(bytes)}`;

function listsOf(spec) {
  named('spec', spec);
  for (const name of ['sealedChunks', 'openedChunks']) listOf(`spec: ${name}`, spec[name]);
  return spec;
}

export async function keyHash(key) {
  const digest = await globalThis.crypto.subtle.digest('SHA-256', bytesOf('key', key, KEY_BYTES));
  return hex(new Uint8Array(digest));
}

export function newKey() {
  return hex(globalThis.crypto.getRandomValues(new Uint8Array(KEY_BYTES)));
}

export class Bounties {
  #keccak;
  constructor(keccak256) {
    if (typeof keccak256 !== 'function') throw invalidArgument("keccak256: expected a function from bytes to their Keccak-256, such as viem's");
    this.#keccak = (...parts) => digestOf('what keccak256 gives', keccak256(concat(...parts)));
  }

  digest(bytes) {
    return hex(this.#keccak(bytesOf('bytes', bytes)));
  }

  // abi.encode of a text and words behind it.
  #tagged(tag, ...words) {
    const name = text(tag);
    return this.#keccak(word(WORD * (words.length + 1)), ...words, word(name.length), padded(name));
  }

  commitHash(of) {
    const {chainId, market, bounty, hunter, modelId, certDigest, salt} = named('commitHash', of);
    return hex(this.#tagged('zkinfer.bounty.commit.v1', word(chainId, 'chainId'), addressWord('market', market), word(bounty, 'bounty'), addressWord('hunter', hunter), digestOf('modelId', modelId),
      digestOf('certDigest', certDigest), digestOf('salt', salt)));
  }

  contextOf(of) {
    const {chainId, market, bounty, hunter, submission, specDigest, chunk} = named('contextOf', of);
    return hex(this.#tagged('zkinfer.bounty.eval.v1', word(chainId, 'chainId'), addressWord('market', market), word(bounty, 'bounty'), addressWord('hunter', hunter),
      word(submission, 'submission'), digestOf('specDigest', specDigest), word(chunk, 'chunk')));
  }

  specDigest(spec) {
    const {sealedChunks, openedChunks} = listsOf(spec);
    const list = (what, digests) => concat(word(digests.length), ...digests.map((digest) => digestOf(what, digest)));
    const sealed = list('sealedChunks', sealedChunks);
    const opened = list('openedChunks', openedChunks);
    const heads = 5 * WORD;
    const tuple = concat(word(heads), word(heads + sealed.length), word(spec.rows, 'rows'), word(spec.labelBytes, 'labelBytes'), digestOf('dataDigest', spec.dataDigest), sealed, opened);
    const name = text('zkinfer.bounty.spec.v1');
    const tail = concat(word(name.length), padded(name));
    return hex(this.#keccak(word(2 * WORD), word(2 * WORD + tail.length), tail, tuple));
  }

  structureOf(program) {
    const bytes = bytesOf('program', program).slice();
    if (bytes.length < 5 * WORD || toHex(bytes.subarray(0, 4)) !== '5a4b4556') throw invalidArgument('program: expected what `zkinfer evm export` writes under "program"');
    // root_M and v_M; the key's flags, behind them in the same word, stay.
    bytes.fill(0, 3 * WORD, 4 * WORD + 24);
    return hex(this.#keccak(text('zkinfer evm structure v1'), bytes));
  }

  #openedDigest(key, index, labels, inputs) {
    return this.#tagged('zkinfer.bounty.chunk.v1', keyWord(key), word(index), this.#keccak(labels), this.#keccak(inputs));
  }

  seal(key, index, chunk) {
    const out = bytesOf('chunk', chunk).slice();
    for (let begin = 0; begin < out.length; begin += WORD) {
      const stream = this.#keccak(keyWord(key), word((BigInt(index) << 128n) | BigInt(begin / WORD)));
      for (let i = 0; i < WORD && begin + i < out.length; ++i) out[begin + i] ^= stream[i];
    }
    return out;
  }

  sealData(key, chunks, options) {
    const {rows, dataDigest} = named('options', options);
    if (!(listOf('chunks', chunks).length >= 1 && chunks.length <= MOST_CHUNKS)) throw invalidArgument(`chunks: expected 1 to ${MOST_CHUNKS}, got ${chunks.length}`);
    const parts = chunks.map(({labels, inputs}) => ({labels: bytesOf('labels', labels), inputs: bytesOf('inputs', inputs)}));
    const labelBytes = parts[0].labels.length;
    if (!(rows >= 1) || labelBytes === 0 || labelBytes % rows !== 0 || parts.some(({labels}) => labels.length !== labelBytes)) {
      throw invalidArgument(`labels: expected as many bytes in each chunk, a multiple of its ${rows} rows, got ${parts.map(({labels}) => labels.length)}`);
    }
    if (parts.some(({inputs}) => inputs.length !== parts[0].inputs.length)) {
      throw invalidArgument(`inputs: expected as many bytes in each chunk, those of its ${rows} rows, got ${parts.map(({inputs}) => inputs.length)}`);
    }
    const sealed = parts.map(({labels, inputs}, index) => this.seal(key, index, concat(labels, inputs)));
    const spec = {
      sealedChunks: sealed.map((chunk) => hex(this.#keccak(chunk))),
      openedChunks: parts.map(({labels, inputs}, index) => hex(this.#openedDigest(key, index, labels, inputs))),
      rows,
      labelBytes,
      dataDigest: hex(digestOf('dataDigest', dataDigest)),
    };
    this.checkSealed(spec, sealed);
    return {spec, sealed};
  }

  checkSealed(spec, sealed) {
    const chunks = listsOf(spec).sealedChunks.length;
    if (!(chunks >= 1 && chunks <= MOST_CHUNKS) || spec.openedChunks.length !== chunks) throw invalidArgument(`spec: expected 1 to ${MOST_CHUNKS} chunks, as many sealed as opened digests`);
    if (!(spec.rows >= 1) || !(spec.labelBytes >= 1) || spec.labelBytes % spec.rows !== 0) throw invalidArgument('spec: its labelBytes are no multiple of its rows; no score of it could be entered');
    if (listOf('data', sealed).length !== chunks) throw invalidArgument(`data: expected ${chunks} sealed chunks, got ${sealed.length}; do not commit before all of them are there`);
    sealed.forEach((chunk, index) => {
      const bytes = bytesOf('chunk', chunk);
      if (bytes.length > MOST_CHUNK_BYTES) throw invalidArgument(`chunk ${index}: ${bytes.length} bytes, more than a transaction takes (${MOST_CHUNK_BYTES}): nobody could challenge it`);
      if (hex(this.#keccak(bytes)) !== spec.sealedChunks[index].toLowerCase()) throw invalidArgument(`chunk ${index} is not the one of the spec`);
    });
    const lengths = sealed.map((chunk) => bytesOf('chunk', chunk).length);
    if (lengths.some((length) => length !== lengths[0])) throw invalidArgument(`data: chunks of ${lengths} bytes; a network takes the same in each, so no score of them could be entered`);
  }

  openData(spec, key, sealed) {
    this.checkSealed(spec, sealed);
    return sealed.map((chunk, index) => {
      const opened = this.seal(key, index, chunk);
      const [labels, inputs] = [opened.slice(0, spec.labelBytes), opened.slice(spec.labelBytes)];
      const isAsPromised = opened.length >= spec.labelBytes && hex(this.#openedDigest(key, index, labels, inputs)) === spec.openedChunks[index].toLowerCase();
      return {labels, inputs, inputsDigest: hex(this.#keccak(inputs)), isAsPromised};
    });
  }
}
