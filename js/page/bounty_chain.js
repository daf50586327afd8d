// SPDX-License-Identifier: Apache-2.0
// The market as a node tells it. A node is believed in what the chain says, and in nothing else.
import {decodeAnswer, decodeLog, encodeCall} from '../src/abi.js';
import {ETH} from '../src/bounty_terms.js';
import {fromHex, toHex} from '../src/bytes.js';
import {ZkinferError, invalidArgument} from '../src/errors.js';
import {marketAbi} from '../src/market_abi.js';
import {STATES} from '../src/market_states.js';
import {approveSteps, cleanSymbol, erc20Abi} from '../src/market_steps.js';
import {explained} from '../src/refusals.js';

const PAGE = 20;
const hex = (bytes) => `0x${toHex(bytes)}`;
const quantity = (number) => `0x${BigInt(number).toString(16)}`;

/** How a node is asked: by its address. */
export function nodeAt(url) {
  if (!/^https?:\/\//.test(url)) throw invalidArgument(`Expected the address of a node, such as http://127.0.0.1:8545, got '${url}'`);
  return async (method, params) => {
    let answer;
    try {
      const response = await fetch(url, {method: 'POST', headers: {'content-type': 'application/json'}, body: JSON.stringify({jsonrpc: '2.0', id: 1, method, params}), signal: AbortSignal.timeout(30_000)});
      answer = await response.json();
    } catch (error) {
      throw new ZkinferError('input/output', `${url} gives no answer of a node (${error.message}); it has to allow pages to ask it (CORS)`);
    }
    if (answer?.error !== undefined) throw Object.assign(new ZkinferError('rejected', `the node says to ${method}: ${String(answer.error?.message).slice(0, 300)}`), {data: answer.error?.data});
    if (answer?.result === undefined) throw new ZkinferError('input/output', `${url} gives no answer of a node to ${method}`);
    return answer.result;
  };
}

/** The wallet that the browser has: it asks its own node, and its owner before it sends. */
export const nodeOf = (wallet) => (method, params) => wallet.request({method, params});

export class Market {
  constructor(ask, address, firstBlock) {
    if (!/^0x[0-9a-fA-F]{40}$/.test(address)) throw invalidArgument(`Expected the market's address, 0x and 40 hexadecimal digits, got '${address}'`);
    if (!/^\d*$/.test(firstBlock)) throw invalidArgument(`Expected a block's number, got '${firstBlock}'`);
    Object.assign(this, {ask, address: address.toLowerCase(), firstBlock: BigInt(firstBlock || 0), events: new Map(), tokens: new Map()});
    this.nextBlock = this.firstBlock;
  }

  async read(name, ...values) {
    const call = {to: this.address, data: hex(encodeCall(marketAbi, name, values))};
    const answer = fromHex((await this.ask('eth_call', [call, 'latest'])).slice(2));
    if (answer.length === 0) throw invalidArgument(`There is no market at ${this.address} on this chain`);
    return decodeAnswer(marketAbi, name, answer);
  }

  /** Chain, time, all bounties with their states, and events since the last time. */
  async refresh() {
    await this.#mustBeTheChain();
    const block = await this.ask('eth_getBlockByNumber', ['latest', false]);
    this.block = BigInt(block.number);
    this.now = Number(BigInt(block.timestamp));
    const count = Number(await this.read('numBounties'));
    const bounties = [];
    for (let from = 0; from < count; from += PAGE) bounties.push(...(await this.read('bountiesFrom', from, PAGE)));
    await Promise.all(bounties.map(async (b, id) => Object.assign(b, {id, state: STATES[Number(await this.read('stateOf', id))]})));
    await this.#events();
    this.bounties = bounties;
    return bounties;
  }

  /** A wallet can be moved to another chain at any time; what was read of one is not sent to another. */
  async #mustBeTheChain() {
    const chainId = BigInt(await this.ask('eth_chainId', []));
    this.chainId ??= chainId;
    if (chainId !== this.chainId) throw invalidArgument(`this is chain ${chainId} now, the page was loaded from chain ${this.chainId}: load it anew, or go back`);
  }

  async #events() {
    let size = this.block - this.nextBlock + 1n;
    while (this.nextBlock <= this.block) {
      const to = this.nextBlock + size - 1n < this.block ? this.nextBlock + size - 1n : this.block;
      let logs;
      try {
        logs = await this.ask('eth_getLogs', [{address: this.address, fromBlock: quantity(this.nextBlock), toBlock: quantity(to)}]);
      } catch (error) {
        // Nodes limit ranges, each in its own words.
        if (size < 64n) throw error;
        size /= 8n;
        continue;
      }
      for (const log of logs) {
        const event = decodeLog(marketAbi, log);
        if (event === undefined || event.args.id === undefined) continue;
        const id = Number(event.args.id);
        if (!this.events.has(id)) this.events.set(id, []);
        this.events.get(id).push({...event, block: Number(BigInt(log.blockNumber)), transaction: log.transactionHash});
      }
      this.nextBlock = to + 1n;
    }
  }

  of(id, name) {
    return (this.events.get(id) ?? []).filter((event) => event.name === name);
  }
  termsOf(id) {
    const [created] = this.of(id, 'Created');
    if (created === undefined) throw invalidArgument(`The node has not the event of bounty ${id}'s creation: the first block is later than it, or the node keeps no old events`);
    return created.args.terms;
  }
  async submissionsOf(b) {
    const out = [];
    for (let from = 0; from < Number(b.submissions); from += PAGE) out.push(...(await this.read('submissionsFrom', b.id, from, PAGE)));
    return out;
  }

  /** The program that is registered under a model's name; undefined: none. */
  async programOf(modelId) {
    const abi = [{type: 'function', name: 'programOf', inputs: [{name: 'modelId', type: 'bytes32'}], outputs: [{name: '', type: 'address'}]}];
    const at = await this.readOf(await this.read('programs'), abi, 'programOf', modelId);
    const code = fromHex((await this.ask('eth_getCode', [at, 'latest'])).slice(2));
    return code.length < 2 ? undefined : code.slice(1);
  }

  /** A view of another contract. */
  async readOf(to, abi, name, ...values) {
    const answer = fromHex((await this.ask('eth_call', [{to, data: hex(encodeCall(abi, name, values))}, 'latest'])).slice(2));
    if (answer.length === 0) throw invalidArgument(`There is no contract at ${to} that answers ${name}`);
    return decodeAnswer(abi, name, answer);
  }

  /** {address, symbol, decimals}; of ETH too. */
  async token(address) {
    if (address === ETH) return {address, symbol: 'ETH', decimals: 18};
    if (!this.tokens.has(address)) {
      try {
        const [symbol, decimals] = await Promise.all([this.readOf(address, erc20Abi, 'symbol'), this.readOf(address, erc20Abi, 'decimals')]);
        this.tokens.set(address, {address, symbol: cleanSymbol(symbol), decimals: Number(decimals)});
      } catch {
        throw invalidArgument(`token ${address}: it answers no symbol and decimals as ERC-20 tokens do`);
      }
    }
    return this.tokens.get(address);
  }
  /** Steps that let the market take an amount of a token. */
  async approveSteps(account, token, amount) {
    return approveSteps(token, this.address, amount, token.address === ETH ? 0n : await this.readOf(token.address, erc20Abi, 'allowance', account, this.address));
  }

  /** What a step of src/market_steps.js would cost, after the contract was asked: {to, abi, data, gas, maxFeePerGas, most, send}. account: of the wallet. */
  async prepare(account, {what, contract, abi = marketAbi, name, args, value = 0n, to, data}) {
    const call = {from: account, to: to ?? (contract === 'market' ? this.address : contract), data: data ?? hex(encodeCall(abi, name, args)), ...(value > 0n && {value: quantity(value)})};
    let gas;
    await this.#mustBeTheChain();
    try {
      await this.ask('eth_call', [call, 'latest']);
      gas = BigInt(await this.ask('eth_estimateGas', [call]));
    } catch (error) {
      throw explained(what, error);
    }
    const [{baseFeePerGas}, tip] = await Promise.all([this.ask('eth_getBlockByNumber', ['latest', false]), this.ask('eth_maxPriorityFeePerGas', []).catch(() => '0x3b9aca00')]);
    const maxFeePerGas = 2n * BigInt(baseFeePerGas ?? 0) + BigInt(tip);
    // What is left over is not paid for.
    const limit = (gas * 21n) / 20n;
    const request = {...call, gas: quantity(limit), maxFeePerGas: quantity(maxFeePerGas), maxPriorityFeePerGas: tip};
    const send = async () => {
      await this.#mustBeTheChain();
      return this.ask('eth_sendTransaction', [request]).catch((error) => Promise.reject(explained(what, error)));
    };
    return {to: call.to, abi, data: call.data, gas, maxFeePerGas, most: limit * maxFeePerGas, send};
  }

  /** The receipt of a transaction. */
  async mined(what, hash) {
    for (let seconds = 0; seconds < 600; ++seconds) {
      const receipt = await this.ask('eth_getTransactionReceipt', [hash]);
      if (receipt !== null) {
        if (BigInt(receipt.status) !== 1n) throw new ZkinferError('rejected', `${what}: the transaction ${hash} failed: something has changed meanwhile. Nothing moved but the fee`);
        return receipt;
      }
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
    throw new ZkinferError('input/output', `${what}: the transaction ${hash} is sent and was not mined within 10 minutes; look at it before you send again`);
  }
}
