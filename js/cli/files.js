// SPDX-License-Identifier: Apache-2.0
// Files of the market's program: written whole or not at all, never over another one without --force, secrets for their owner alone.
import {closeSync, existsSync, fsyncSync, linkSync, lstatSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, statSync, writeSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {fromHex} from '../src/bytes.js';
import {ZkinferError, invalidArgument} from '../src/errors.js';

const MOST_TEXT = 2 ** 26;
const failed = (what, path, error) => new ZkinferError('input/output', `cannot ${what} '${path}': ${error.code === 'ENOENT' ? 'no such file' : error.code ?? error.message}`);

export function readBytes(path) {
  try {
    return new Uint8Array(readFileSync(path));
  } catch (error) {
    throw failed('read', path, error);
  }
}

export function readJson(path, noun) {
  const bytes = readBytes(path);
  if (bytes.length > MOST_TEXT) throw invalidArgument(`'${path}': ${bytes.length} bytes, more than any ${noun}`);
  let value;
  try {
    value = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    value = undefined;
  }
  if (value === null || typeof value !== 'object' || Array.isArray(value)) throw invalidArgument(`'${path}' is not ${noun}: it is no JSON object`);
  return value;
}

/** Text of a file that nobody but its owner can use. */
export function readSecret(path) {
  const bytes = readBytes(path);
  if ((statSync(path).mode & 0o077) !== 0) throw invalidArgument(`'${path}': others than its owner can use it; \`chmod 600\` it`);
  return new TextDecoder().decode(bytes).trim();
}

/** A secret of `size` bytes in hexadecimal digits. What is wrong is said without what is there. */
export function readSecretBytes(path, size) {
  const digits = readSecret(path).replace(/^0x/, '');
  if (!/^[0-9a-fA-F]*$/.test(digits) || digits.length !== 2 * size) throw invalidArgument(`'${path}': expected ${2 * size} hexadecimal digits, got ${digits.length} characters`);
  return fromHex(digits);
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

/** Refused before any work is done for it. */
export function mustBeNew(path, force) {
  if (existsSync(path) && !lstatSync(path).isFile()) throw invalidArgument(`'${path}' is no file; nothing was written`);
  if (existsSync(path) && !force) throw invalidArgument(`'${path}' is there already; --force replaces it`);
}

export function writeFile(path, content, {force = false, secret = false} = {}) {
  const beside = join(dirname(path), `.${process.pid}.${Math.random().toString(36).slice(2)}.part`);
  try {
    writeAll(beside, content, secret ? 0o600 : 0o666);
    try {
      if (force) renameSync(beside, path);
      else linkSync(beside, path);
    } finally {
      rmSync(beside, {force: true});
    }
  } catch (error) {
    if (error.code === 'EEXIST') throw invalidArgument(`'${path}' is there already; --force replaces it`);
    throw failed('write', path, error);
  }
  return path;
}

export const writeJson = (path, value, options) => writeFile(path, `${JSON.stringify(value, null, 2)}\n`, options);

/** A folder that is new or empty. */
export function newFolder(path) {
  try {
    mkdirSync(path, {recursive: false});
  } catch (error) {
    throw error.code === 'EEXIST' ? invalidArgument(`'${path}' is there already; name a new folder`) : failed('make', path, error);
  }
  return path;
}
