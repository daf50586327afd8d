// SPDX-License-Identifier: Apache-2.0
// A real node for tests: anvil in a process of its own, on a port that it chooses, with Ethereum's rules (Osaka); with its limits of
// transactions too (EIP-7623, EIP-7825), signed here, so that their size is known.
import {spawn} from 'node:child_process';
import {request} from 'node:http';
import {join} from 'node:path';
import {artifacts, bytesToHex, concat, encode, hexToBytes, keccak, load} from './abi.js';

const {secp256k1} = await load('@noble/curves/secp256k1.js');

/** EIP-7825. */
export const MAX_TRANSACTION_GAS = 2 ** 24;
/** What nodes take of one transaction; local ones take more. */
export const MAX_TRANSACTION_BYTES = 131072;
/** The private key of anvil's account `i`: published, of tests everywhere. */
export const DEV_KEYS = ['0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80', '0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d'];

const hex = (x) => `0x${x.toString(16)}`;
const number = (x) => {
  const digits = BigInt(x).toString(16);
  return digits === '0' ? new Uint8Array() : hexToBytes(`0x${digits.length % 2 ? '0' : ''}${digits}`);
};
function rlp(x) {
  const isList = Array.isArray(x);
  const body = isList ? concat(...x.map(rlp)) : x;
  if (!isList && body.length === 1 && body[0] < 0x80) return body;
  const base = isList ? 0xc0 : 0x80;
  if (body.length < 56) return concat(Uint8Array.of(base + body.length), body);
  const size = number(body.length);
  return concat(Uint8Array.of(base + 55 + size.length), size, body);
}

export const addressOf = (key) => bytesToHex(keccak(secp256k1.getPublicKey(hexToBytes(key), false).slice(1)).slice(12));

/** A signed transaction of type 2 (EIP-1559). to: null for a deployment. */
export function signed({chainId, nonce, gas, to, data}, key) {
  const fields = [number(chainId), number(nonce), number(10 ** 9), number(10 ** 11), number(gas), to === null ? new Uint8Array() : hexToBytes(to), new Uint8Array(), data, []];
  const digest = keccak(concat(Uint8Array.of(2), rlp(fields)));
  const signature = secp256k1.sign(digest, hexToBytes(key), {prehash: false, format: 'recovered'});
  const [r, s] = [signature.slice(1, 33), signature.slice(33)].map((x) => number(BigInt(bytesToHex(x))));
  return concat(Uint8Array.of(2), rlp([...fields, number(signature[0]), r, s]));
}

// However long it takes: a trace on a busy machine takes longer than fetch waits.
function post(url, body) {
  return new Promise((resolve, reject) => {
    const asked = request(url, {method: 'POST', headers: {'content-type': 'application/json', 'content-length': Buffer.byteLength(body)}}, (answer) => {
      const parts = [];
      answer.on('data', (part) => parts.push(part)).on('error', reject).on('end', () => resolve(Buffer.concat(parts).toString()));
    });
    asked.on('error', reject);
    asked.end(body);
  });
}

export class Node {
  /** Rejects where anvil cannot be started. It ends with this process at the latest. */
  static async start(words = ['--enable-tx-gas-limit', '--gas-limit', '60000000']) {
    const node = new Node();
    const anvil = join(process.env.ZKINFER_NPM, `node_modules/@foundry-rs/anvil-linux-${process.arch === 'x64' ? 'amd64' : process.arch}/bin/anvil`);
    node.process = spawn(anvil, ['--hardfork', 'osaka', ...words, '--port', '0'], {stdio: ['ignore', 'pipe', 'inherit']});
    node.url = await new Promise((resolve, reject) => {
      let text = '';
      node.process.on('error', reject);
      node.process.on('exit', (code) => reject(new Error(`anvil ended with ${code}: ${text}`)));
      node.process.stdout.on('data', (data) => {
        text += data;
        const match = /Listening on (\S+)/.exec(text);
        if (match) resolve(`http://${match[1]}`);
      });
    });
    process.on('exit', () => node.stop());
    node.process.unref();
    node.process.stdout.unref();
    node.chainId = await node.ask('eth_chainId');
    return node;
  }
  stop() {
    this.process.kill();
  }

  async ask(method, ...params) {
    const {result, error} = JSON.parse(await post(this.url, JSON.stringify({jsonrpc: '2.0', id: 1, method, params})));
    if (error !== undefined) throw Object.assign(new Error(`${method}: ${error.message}`), {data: error.data});
    return result;
  }

  /** The receipt of a transaction from DEV_KEYS[from], and its size in bytes. */
  async send(to, data, {from = 0, gas = MAX_TRANSACTION_GAS} = {}) {
    const key = DEV_KEYS[from];
    const nonce = await this.ask('eth_getTransactionCount', addressOf(key), 'latest');
    const raw = signed({chainId: this.chainId, nonce, gas, to, data}, key);
    return {...await this.#receipt(await this.ask('eth_sendRawTransaction', bytesToHex(raw))), bytes: raw.length};
  }
  /** The receipt of a transaction that the node signs. */
  async sendUnsigned(to, data, gas = 2 ** 28) {
    return this.#receipt(await this.ask('eth_sendTransaction', {from: addressOf(DEV_KEYS[0]), ...(to && {to}), data: bytesToHex(data), gas: hex(gas)}));
  }
  async #receipt(hash) {
    for (;;) {
      const receipt = await this.ask('eth_getTransactionReceipt', hash);
      if (receipt !== null) return {...receipt, gas: Number(receipt.gasUsed), succeeded: receipt.status === '0x1'};
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** The address of a new contract; args as encode takes them. */
  async deploy(name, ...args) {
    const receipt = await this.send(null, concat(hexToBytes(artifacts[name].bytecode), encode(...args)));
    if (!receipt.succeeded) throw new Error(`${name} cannot be deployed`);
    return receipt.contractAddress;
  }

  /** {data}, or {error, data: what it reverted with}. */
  async call(to, data, {from = 0, gas = 30_000_000} = {}) {
    try {
      return {data: hexToBytes(await this.ask('eth_call', {from: addressOf(DEV_KEYS[from]), to, data: bytesToHex(data), gas: hex(gas)}, 'latest'))};
    } catch (error) {
      return {error: error.message, data: hexToBytes(error.data ?? '0x')};
    }
  }
}

/** An address of JSON as an argument of encode. */
export const argument = (address) => BigInt(address);
