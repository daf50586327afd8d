// SPDX-License-Identifier: Apache-2.0
// A chain for tests of contracts: calls with their gas of execution and nothing else, on a node of this process's own.
import {Node} from './anvil.js';
import {artifacts, bytesToHex, concat, encode, hexToBytes, word, words} from './abi.js';

// One for all chains: contracts do not meet unless one is told of another.
let node;
function shared() {
  // More than any transaction needs, so that only a call's own limit counts; blocks are not kept.
  node ??= Node.start(['--gas-limit', '1000000000', '--base-fee', '0', '--gas-price', '0', '--prune-history', '--transaction-block-keeper', '1']);
  return node;
}

/** Of `call`, for what it carries, before the contract that is asked gets its own. */
const AROUND = 100_000_000n;

export class Chain {
  static async start() {
    const chain = new Chain();
    chain.node = await shared();
    chain.caller = await chain.deploy('Caller');
    return chain;
  }

  /** Address of a new contract from init code. */
  async create(initCode) {
    const receipt = await this.node.sendUnsigned(null, initCode);
    if (!receipt.succeeded) throw new Error('deployment failed');
    return receipt.contractAddress;
  }

  deploy(name, ...args) {
    if (artifacts[name] === undefined) throw new Error(`no contract ${name}`);
    return this.create(concat(hexToBytes(artifacts[name].bytecode), encode(...args)));
  }

  /** Code 0x00 | bytes. */
  deployData(bytes) {
    const size = bytes.length + 1;
    // PUSH2 size, DUP1, PUSH1 10, PUSH0, CODECOPY, PUSH0, RETURN
    const init = new Uint8Array([0x61, size >> 8, size & 255, 0x80, 0x60, 0x0a, 0x5f, 0x39, 0x5f, 0xf3]);
    return this.create(concat(init, new Uint8Array(1), bytes));
  }

  /** {data, gas, error}: whether it ended in an error, data what was returned or reverted with, gas of the execution alone. Nothing is changed. */
  ask(to, data, gasLimit = 30_000_000n, caller = this.caller) {
    return this.#through(to, data, gasLimit, caller).answer;
  }
  /** The same, and what it changes stays. */
  async call(to, data, gasLimit = 30_000_000n, caller = this.caller) {
    const {answer, line} = this.#through(to, data, gasLimit, caller);
    const result = await answer;
    if (result.error === undefined) {
      const receipt = await this.node.sendUnsigned(caller, line, AROUND + gasLimit);
      if (!receipt.succeeded) throw new Error('a call that succeeded when it was asked did not when it was sent');
    }
    return result;
  }

  /** What a tracer in JavaScript says of a call. */
  trace(to, data, tracer) {
    const line = {from: this.caller, to, data: bytesToHex(data), gas: '0x8000000'};
    return this.node.ask('debug_traceCall', line, 'latest', {tracer, timeout: '600s'});
  }

  #through(to, data, gasLimit, caller) {
    const line = concat(word(to), word(gasLimit), data);
    const answer = this.node.call(caller, line, {gas: AROUND + gasLimit}).then(({data: got, error}) => {
      if (error !== undefined) throw new Error(error);
      const [succeeded, gas] = words(got.slice(0, 64));
      return {data: got.slice(64), gas, error: succeeded === 1n ? undefined : 'an error'};
    });
    return {line, answer};
  }
}

export const addressWord = (address) => hexToBytes(`0x${address.slice(2).padStart(64, '0')}`);
