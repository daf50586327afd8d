// SPDX-License-Identifier: Apache-2.0
// A chain in memory for tests: contracts of artifacts.json in @ethereumjs/evm, calls with their gas.
import {readFileSync} from 'node:fs';
import {createRequire} from 'node:module';
import {join} from 'node:path';
import {pathToFileURL} from 'node:url';

const packages = process.env.ZKINFER_NPM;
const require = createRequire(join(packages, 'package.json'));
const load = (name) => import(pathToFileURL(require.resolve(name)).href);
const {createEVM} = await load('@ethereumjs/evm');
const {Common, Hardfork, Mainnet} = await load('@ethereumjs/common');
const {createAddressFromString, Account, hexToBytes, bytesToHex} = await load('@ethereumjs/util');
export const {keccak_256} = await load('@noble/hashes/sha3.js');

export {hexToBytes, bytesToHex};
export const artifacts = JSON.parse(readFileSync(join(process.env.ZKINFER_CONTRACTS, 'artifacts.json'), 'utf8'));

export const keccak = (bytes) => keccak_256(bytes);
export function concat(...parts) {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
export function word(x) {
  return hexToBytes(`0x${BigInt(x).toString(16).padStart(64, '0')}`);
}
export const text = (string) => new TextEncoder().encode(string);
export const selector = (signature) => keccak(text(signature)).slice(0, 4);

// ABI encoding of static words (bigint, number, Uint8Array of up to 32 bytes), dynamic bytes ({bytes}) and arrays of words ({words}).
export function encode(...values) {
  const heads = [];
  const tails = [];
  let tail = 32 * values.length;
  for (const value of values) {
    if (value.words !== undefined) {
      heads.push(word(tail));
      tails.push(word(value.words.length), ...value.words.map(word));
      tail += 32 + 32 * value.words.length;
    } else if (value.bytes instanceof Uint8Array) {
      const padded = new Uint8Array(Math.ceil(value.bytes.length / 32) * 32);
      padded.set(value.bytes);
      heads.push(word(tail));
      tails.push(word(value.bytes.length), padded);
      tail += 32 + padded.length;
    } else {
      heads.push(value instanceof Uint8Array ? concat(new Uint8Array(32 - value.length), value) : word(value));
    }
  }
  return concat(...heads, ...tails);
}

export const CALLER = createAddressFromString('0x00000000000000000000000000000000000c0de5');

export class Chain {
  static async start() {
    const chain = new Chain();
    chain.evm = await createEVM({common: new Common({chain: Mainnet, hardfork: Hardfork.Osaka})});
    await chain.evm.stateManager.putAccount(CALLER, new Account(0n, 10n ** 20n));
    return chain;
  }

  // Address of a new contract from init code.
  async create(initCode, gasLimit = 30_000_000n) {
    const result = await this.evm.runCall({caller: CALLER, data: initCode, gasLimit});
    if (result.execResult.exceptionError) throw new Error(`deployment: ${result.execResult.exceptionError.error}`);
    return result.createdAddress;
  }

  deploy(name, ...args) {
    if (artifacts[name] === undefined) throw new Error(`no contract ${name}`);
    return this.create(concat(hexToBytes(artifacts[name].bytecode), encode(...args)));
  }

  // Code 0x00 | bytes.
  deployData(bytes) {
    const size = bytes.length + 1;
    // PUSH2 size, DUP1, PUSH1 10, PUSH0, CODECOPY, PUSH0, RETURN
    const init = new Uint8Array([0x61, size >> 8, size & 255, 0x80, 0x60, 0x0a, 0x5f, 0x39, 0x5f, 0xf3]);
    return this.create(concat(init, new Uint8Array(1), bytes));
  }

  // {data, gas, error}: error is that of the EVM, data what was returned or reverted with.
  async call(to, data, gasLimit = 30_000_000n, caller = CALLER) {
    const {execResult} = await this.evm.runCall({caller, to, data, gasLimit});
    return {data: execResult.returnValue, gas: execResult.executionGasUsed, error: execResult.exceptionError?.error};
  }
}

export const addressWord = (address) => concat(new Uint8Array(12), address.bytes);
export const words = (bytes) => {
  const out = [];
  for (let i = 0; i < bytes.length; i += 32) out.push(BigInt(bytesToHex(bytes.slice(i, i + 32))));
  return out;
};
