// SPDX-License-Identifier: Apache-2.0
// Files of the market's program. Read: regular ones, and `-`, of no more bytes than their kind has. Written: whole or not at all, where nothing is; a file of the
// same kind is replaced with --force only, and a secret never. All outputs are looked at before work is done or money spent for them.
import {closeSync, constants, fstatSync, fsyncSync, linkSync, lstatSync, mkdirSync, openSync, readSync, readdirSync, realpathSync, renameSync, rmSync, statSync, writeSync} from 'node:fs';
import {basename, dirname, join, resolve, sep} from 'node:path';
import {fromHex} from '../src/bytes.js';
import {ZkinferError, invalidArgument} from '../src/errors.js';
import {quoted} from '../src/quantities.js';

// As docs/formats/README.md has them, or as long as they can be.
export const MOST_SECRET = 2 ** 16;
export const MOST_JSON = 2 ** 26;
export const MOST_ROWS = 2 ** 26; // 64 chunks of 100,000 bytes; labels of 8 bytes each in front of that
export const MOST_FORMAT = 2 ** 28; // keys, certificates, proofs, paths
export const MOST_GOODS = 3 * 2 ** 28;

const reasonOf = (error) => (error.code === 'ENOENT' ? 'no such file' : error.code ?? error.message);
const failed = (what, path, error) => new ZkinferError('input/output', `cannot ${what} ${quoted(path)}: ${reasonOf(error)}`);
const namedKind = (entry) => (entry.isDirectory() ? 'a folder' : entry.isFIFO() ? 'a pipe' : entry.isSocket() ? 'a socket' : entry.isSymbolicLink() ? 'a symbolic link' : 'a device');

function readUpTo(file, size, most) {
  const parts = [];
  let total = 0;
  while (total <= most) {
    const part = Buffer.allocUnsafe(Math.min(Math.max(size + 1 - total, 2 ** 16), most + 1 - total));
    const count = readSync(file, part, 0, part.length, null);
    if (count === 0) break;
    parts.push(part.subarray(0, count));
    total += count;
  }
  return {total, bytes: parts.length === 1 ? parts[0] : Buffer.concat(parts)};
}

/** {bytes, mode} of a file; noun: what it should be, "a key (.zkkey)". */
function readFile(path, most, noun) {
  const tooLong = (size) => new ZkinferError('resource_limit', `'${path}': ${size} bytes, and at most ${most} are read of ${noun}; is it another file? Name the right one`);
  let file;
  try {
    // Without waiting for who writes into a pipe: it is refused.
    file = path === '-' ? 0 : openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const entry = fstatSync(file);
    if (path !== '-' && !entry.isFile()) throw invalidArgument(`'${path}' is ${namedKind(entry)}, and ${noun} is a regular file; name one${entry.isDirectory() ? '' : ', or - for standard input'}`);
    const size = entry.isFile() ? entry.size : 0;
    if (size > most) throw tooLong(size);
    const {total, bytes} = readUpTo(file, size, most);
    if (total > most) throw tooLong(`more than ${most}`);
    return {bytes: new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length), mode: path === '-' ? 0o600 : entry.mode};
  } catch (error) {
    if (error instanceof ZkinferError) throw error;
    throw failed('read', path, error);
  } finally {
    if (file !== undefined && file !== 0) closeSync(file);
  }
}

export const readBytes = (path, most, noun) => readFile(path, most, noun).bytes;

/** The object of a text in JSON; undefined where it is none. */
export function jsonObject(bytes) {
  let value;
  try {
    value = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
  return value === null || typeof value !== 'object' || Array.isArray(value) ? undefined : value;
}

export function readJson(path, noun, most = MOST_JSON) {
  const value = jsonObject(readBytes(path, most, noun));
  if (value === undefined) throw invalidArgument(`'${path}' is not ${noun}: it is no JSON object`);
  return value;
}

/** Bytes of a file that nobody but its owner can use. */
export function readSecretFile(path, noun) {
  const {bytes, mode} = readFile(path, MOST_SECRET, noun);
  if ((mode & 0o077) !== 0) throw invalidArgument(`'${path}': others than its owner can use it; \`chmod 600\` it`);
  return bytes;
}
export const readSecret = (path, noun) => new TextDecoder().decode(readSecretFile(path, noun)).trim();

/** A secret of `size` bytes in hexadecimal digits. What is wrong is said without what is there. */
export function readSecretBytes(path, size, noun) {
  const digits = readSecret(path, noun).replace(/^0x/, '');
  if (!/^[0-9a-fA-F]*$/.test(digits) || digits.length !== 2 * size) throw invalidArgument(`'${path}': expected ${2 * size} hexadecimal digits, got ${digits.length} characters`);
  return fromHex(digits);
}

// ---- writing

const entryOf = (path) => lstatSync(path, {throwIfNoEntry: false});
const partOf = (path) => join(dirname(path), `.zkinfer-${process.pid}-${Math.random().toString(36).slice(2)}.tmp`);
/** The same where the folder is reached by another name. */
function placeOf(path) {
  try {
    return join(realpathSync(dirname(resolve(path))), basename(resolve(path)));
  } catch {
    return resolve(path);
  }
}
const hasSame = (entry, path) => {
  const other = statSync(path, {throwIfNoEntry: false});
  return other !== undefined && other.dev === entry.dev && other.ino === entry.ino;
};

/** What may be at an output: nothing, or with `replaces(bytes)` a file that it says is of the same kind. */
function checkFile({path, option, replaces, noun}, inputs) {
  const where = `${option} '${path}'`;
  const entry = entryOf(path);
  if (entry === undefined) return undefined;
  if (!entry.isFile()) throw invalidArgument(`${where}: ${namedKind(entry)} is there; name a file that is new`);
  const input = inputs.find((one) => hasSame(entry, one));
  if (input !== undefined) throw invalidArgument(`${where} is what the command reads ('${input}'); name another file`);
  if (replaces === undefined) throw invalidArgument(`${where} is there already${noun === undefined ? '' : `, and ${noun} is never replaced`}; name another file, or move it away`);
  if (replaces === false) throw invalidArgument(`${where} is there already; --force replaces it`);
  let bytes;
  try {
    bytes = entry.size <= MOST_JSON ? readBytes(path, MOST_JSON, noun) : undefined;
  } catch {
    bytes = undefined;
  }
  if (bytes === undefined || !replaces(bytes)) throw invalidArgument(`${where} is there already and is not ${noun}: --force replaces no other kind of file; name another one, or move it away`);
  return entry;
}

/** That a file can be made beside it: a folder that is there and can be written into. */
function tryFolder({path, option}) {
  const beside = partOf(path);
  try {
    closeSync(openSync(beside, 'wx', 0o600));
  } catch (error) {
    throw new ZkinferError('input/output', `${option} '${path}' cannot be written: ${error.code === 'ENOENT' || error.code === 'ENOTDIR' ? `there is no folder '${dirname(path)}'; make it first` : reasonOf(error)}`);
  } finally {
    rmSync(beside, {force: true});
  }
}

/**
 * Refuses outputs before any work is done for them. outputs: [{path, option, isFolder, replaces, noun}..], `replaces` a function where --force was given, false where it
 * could be, undefined where there is none; inputs: paths that the command reads.
 */
export function checkOutputs(outputs, inputs = []) {
  const there = inputs.filter((path) => path !== undefined && path !== '-');
  outputs.forEach((output, i) => {
    const {path, option, isFolder} = output;
    if (path === '-') throw invalidArgument(`${option} -: it is a file, not standard output; ./- is one of that name`);
    if (!isFolder && path.endsWith('/')) throw invalidArgument(`${option} '${path}' names a folder; name a file`);
    if (isFolder && entryOf(path.replace(/(?<=.)\/+$/, '')) !== undefined) throw invalidArgument(`${option} '${path}' is there already; name a new folder`);
    if (!isFolder) output.before = checkFile(output, there);
    const place = placeOf(path);
    for (const other of outputs) {
      if (other === output) continue;
      const others = placeOf(other.path);
      if (others === place && outputs.indexOf(other) < i) throw invalidArgument(`${option} and ${other.option}: both are '${path}'; name two files`);
      if (other.isFolder && place.startsWith(others + sep)) throw invalidArgument(`${option} '${path}' is in the new folder '${other.path}'; name one outside`);
    }
  });
  for (const output of outputs) tryFolder(output);
}

function writeAll(path, content, mode) {
  const file = openSync(path, 'wx', mode);
  try {
    const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
    for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** before: what checkOutputs found there and may be replaced, if nobody has changed it since. */
export function writeFile(path, content, {secret = false, before} = {}) {
  const beside = partOf(path);
  try {
    writeAll(beside, content, secret ? 0o600 : 0o666);
    if (before === undefined) {
      linkSync(beside, path);
    } else {
      const now = entryOf(path);
      if (now === undefined || now.ino !== before.ino || now.dev !== before.dev || now.mtimeMs !== before.mtimeMs) throw invalidArgument(`'${path}' was changed by another process meanwhile; it was left as it is`);
      renameSync(beside, path);
    }
  } catch (error) {
    if (error instanceof ZkinferError) throw error;
    if (error.code === 'EEXIST') throw invalidArgument(`'${path}' is there already; name another file, or move it away`);
    throw failed('write', path, error);
  } finally {
    rmSync(beside, {force: true});
  }
  return path;
}

export const writeJson = (path, value, options) => writeFile(path, `${JSON.stringify(value, null, 2)}\n`, options);

/** A new folder with what `fill` writes into it; where that fails there is none, unless keeps(names of its files). */
export async function newFolder(path, fill, keeps = () => false) {
  try {
    mkdirSync(path, {recursive: false});
  } catch (error) {
    throw error.code === 'EEXIST' ? invalidArgument(`'${path}' is there already; name a new folder`) : failed('make', path, error);
  }
  try {
    return await fill();
  } catch (error) {
    if (!keeps(readdirSync(path))) rmSync(path, {recursive: true, force: true});
    throw error;
  }
}

/** A new folder of files ([name, content]..), all of them or none. */
export function writeFolder(path, files) {
  const beside = partOf(path);
  try {
    mkdirSync(beside);
    for (const [name, content] of files) writeAll(join(beside, name), content, 0o666);
    if (entryOf(path) !== undefined) throw Object.assign(new Error(), {code: 'EEXIST'});
    renameSync(beside, path);
  } catch (error) {
    rmSync(beside, {recursive: true, force: true});
    throw ['EEXIST', 'ENOTEMPTY', 'ENOTDIR'].includes(error.code) ? invalidArgument(`'${path}' is there already; name a new folder`) : failed('write', path, error);
  }
  return path;
}
