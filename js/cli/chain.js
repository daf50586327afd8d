// SPDX-License-Identifier: Apache-2.0
// A node, the market's contracts on it, and transactions whose price is said before they are sent. viem signs: it is the one package that this program needs.
import {createInterface} from 'node:readline/promises';
import {ETH} from '../src/bounty_terms.js';
import {ZkinferError, invalidArgument} from '../src/errors.js';
import {marketAbi, saleAbi} from '../src/market_abi.js';
import {Bounties} from '../src/market.js';
import {approveSteps, cleanSymbol, erc20Abi} from '../src/market_steps.js';
import {readJson, readSecret} from './files.js';
import {addressOfNode, secondsOf, timeoutOption, transportOf} from './node.js';
import {addressOf} from '../src/quantities.js';
import {explained} from '../src/refusals.js';

export {ETH};
const MOST_DATA = 131072 - 1024; // of a transaction, as nodes take it
const KEY_VARIABLE = 'ZKINFER_MARKET_KEY';

const nodeOptions = [
  {name: 'rpc', value: 'URL', required: true, help: 'the node, as in http://127.0.0.1:8545'},
  {name: 'deployment', value: 'FILE', required: true, help: 'what `zkinfer-market deploy` wrote'},
  timeoutOption,
];
const senderOptions = [
  {name: 'key-file', value: 'FILE', help: `private key of the account that sends, 64 hexadecimal digits that its owner alone can read; or the variable ${KEY_VARIABLE}`},
  {name: 'from', value: 'ADDRESS', help: 'an account that the node holds, instead'},
  {name: 'dry-run', help: 'ask and say what it would cost, and send nothing'},
  {name: 'yes', help: 'send without asking'},
];
export const reading = nodeOptions;
export const sending = [...nodeOptions, ...senderOptions];
export const deploying = [nodeOptions[0], timeoutOption, ...senderOptions];

async function loadViem() {
  try {
    return {...(await import('viem')), ...(await import('viem/accounts'))};
  } catch (error) {
    if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error;
    throw new ZkinferError('unsupported', 'the package viem is not installed beside zkinfer; `npm install viem` (2.x)');
  }
}

/** Digests without a node. */
export async function offlineBounties() {
  const {keccak256} = await loadViem();
  return new Bounties((bytes) => keccak256(bytes));
}

function deploymentOf(path) {
  const json = readJson(path, 'what `zkinfer-market deploy` wrote');
  for (const name of ['registry', 'verifier', 'receipts', 'market', 'sale']) {
    if (typeof json[name] !== 'string') throw invalidArgument(`'${path}' has no "${name}"; \`zkinfer-market deploy\` writes it`);
    addressOf(`'${path}': "${name}"`, json[name]);
  }
  if (json.block !== undefined && !(Number.isSafeInteger(json.block) && json.block >= 0)) throw invalidArgument(`'${path}': "block": expected the number of a block`);
  return json;
}

/** The clients' calls, with errors in words: of the node, of a contract, or of viem about what it was answered. */
const worded = (viem, client) => new Proxy(client, {
  get: (target, name) => (typeof target[name] !== 'function' ? target[name] : (...args) => {
    const answer = target[name](...args);
    return typeof answer?.catch === 'function' ? answer.catch((error) => Promise.reject(explained(String(name), error))) : answer;
  }),
});

export class Chain {
  /** say: where lines for people go. */
  static async open({rpc, deployment, timeout, keyFile, from, dryRun, yes}, say, {withoutMarket = false, sends = false} = {}) {
    const chain = new Chain();
    const viem = await loadViem();
    const node = addressOfNode(rpc);
    if (!withoutMarket) chain.deployment = deploymentOf(deployment);
    const transport = transportOf(viem, node, secondsOf({timeout}));
    const client = viem.createPublicClient({transport, cacheTime: 0, pollingInterval: 200});
    const id = await client.getChainId().catch((error) => Promise.reject(explained('--rpc', error)));
    const network = viem.defineChain({id, name: `chain ${id}`, nativeCurrency: {name: 'Ether', symbol: 'ETH', decimals: 18}, rpcUrls: {default: {http: [node.url]}}});
    const raw = viem.createPublicClient({chain: network, transport, cacheTime: 0, pollingInterval: 200});
    Object.assign(chain, {viem, say, id, dryRun, yes, raw, client: worded(viem, raw), bounties: new Bounties((bytes) => viem.keccak256(bytes))});
    if (!withoutMarket) {
      if (chain.deployment.chain_id !== id) throw invalidArgument(`'${deployment}' is of chain ${chain.deployment.chain_id}, ${node.name} is a node of chain ${id}`);
      for (const name of ['market', 'sale']) {
        if ((await chain.client.getCode({address: chain.deployment[name]})) === undefined) throw invalidArgument(`'${deployment}': there is no contract at ${chain.deployment[name]} ("${name}") on this chain`);
      }
    }
    if (sends) chain.#takeAccount({keyFile, from}, network, transport);
    return chain;
  }

  #takeAccount({keyFile, from}, network, transport) {
    const variable = process.env[KEY_VARIABLE];
    const given = [keyFile && '--key-file', from && '--from', variable && !keyFile && !from && KEY_VARIABLE].filter(Boolean);
    if (given.length !== 1) throw invalidArgument(`expected --key-file, --from or the variable ${KEY_VARIABLE}: who sends the transaction, and one of them${given.length ? `; got ${given.join(' and ')}` : ''}`);
    if (from) {
      this.account = addressOf('--from', from);
      this.signer = this.account;
    } else {
      const text = keyFile ? readSecret(keyFile, 'a private key') : variable.trim();
      const digits = text.replace(/^0x/, '');
      // What is wrong is said without what is there.
      if (!/^[0-9a-fA-F]{64}$/.test(digits)) throw invalidArgument(`${keyFile ? `'${keyFile}'` : KEY_VARIABLE}: expected a private key of 64 hexadecimal digits, got ${text.length} characters`);
      try {
        this.signer = this.viem.privateKeyToAccount(`0x${digits}`);
      } catch {
        throw invalidArgument(`${keyFile ? `'${keyFile}'` : KEY_VARIABLE}: it is no private key of secp256k1`);
      }
      this.account = this.signer.address.toLowerCase();
    }
    this.wallet = this.viem.createWalletClient({account: this.signer, chain: network, transport});
  }

  get market() {
    return {address: this.deployment.market, abi: marketAbi};
  }
  get sale() {
    return {address: this.deployment.sale, abi: saleAbi};
  }
  read(contract, functionName, ...args) {
    return this.raw.readContract({...contract, functionName, args}).catch((error) => Promise.reject(explained(functionName, error)));
  }
  /** Of the last block, in seconds: what contracts compare with. */
  async now() {
    return Number((await this.client.getBlock()).timestamp);
  }

  /** The events of one name with these arguments, the oldest first: in ranges that the node answers. */
  async events(contract, eventName, args = {}) {
    const last = await this.client.getBlockNumber();
    const out = [];
    let size = last + 1n;
    let silences = 0;
    for (let from = BigInt(this.deployment.block ?? 0); from <= last;) {
      const to = from + size - 1n < last ? from + size - 1n : last;
      try {
        out.push(...(await this.raw.getContractEvents({...contract, eventName, args, fromBlock: from, toBlock: to, strict: true})));
        from = to + 1n;
      } catch (error) {
        // Nodes limit ranges, each in its own words, and some take too long for one: but whoever is silent again and again is not asked on.
        const said = explained(`events ${eventName}`, error);
        if (size < 64n || (said.isSilent && ++silences > 1)) throw said;
        size /= 8n;
      }
    }
    return out;
  }

  /** {symbol, decimals} of a token. */
  async token(address) {
    if (address === ETH) return {address, symbol: 'ETH', decimals: 18};
    const of = {address, abi: erc20Abi};
    try {
      const [symbol, decimals] = await Promise.all([this.client.readContract({...of, functionName: 'symbol'}), this.client.readContract({...of, functionName: 'decimals'})]);
      return {address, symbol: cleanSymbol(symbol), decimals};
    } catch (error) {
      if (error.code === 'input/output' && error.isSilent) throw error;
      throw invalidArgument(`token ${address}: it answers no symbol and decimals as ERC-20 tokens do`);
    }
  }

  /** Lets the contract take `amount` of a token from the account, where it may not yet. */
  async approve(token, spender, amount) {
    if (token.address === ETH || amount === 0n) return [];
    const allowed = await this.client.readContract({address: token.address, abi: erc20Abi, functionName: 'allowance', args: [this.account, spender]});
    const sent = [];
    for (const step of approveSteps(token, spender, amount, allowed)) sent.push(await this.step(step));
    return sent;
  }

  /** One of market_steps.js. */
  step({what, contract, abi, name, args, value}, before) {
    return this.send(what, contract === 'market' ? this.market : {address: contract, abi}, name, args, {value, before});
  }

  send(what, contract, functionName, args, {value = 0n, before} = {}) {
    const data = this.viem.encodeFunctionData({abi: contract.abi, functionName, args});
    return this.sendData(what, {to: contract.address, data, value}, before);
  }

  /** Asks the contract, says what it costs, asks the person, calls before(), sends and waits. {step, transaction, gas}; of a dry run the estimate alone. */
  async sendData(what, {to, data, value = 0n}, before = () => {}) {
    const {client, viem, say} = this;
    if (data.length / 2 - 1 > MOST_DATA) throw new ZkinferError('resource_limit', `${what}: ${data.length / 2 - 1} bytes, more than nodes take in a transaction (${MOST_DATA})`);
    const request = {account: this.account, to, data, value};
    const balance = await client.getBalance({address: this.account});
    if (balance < value) throw invalidArgument(`${what}: it takes ${viem.formatEther(value)} ETH, the account ${this.account} has ${viem.formatEther(balance)}`);
    await this.raw.call(request).catch((error) => Promise.reject(explained(what, error)));
    const estimate = await this.raw.estimateGas(request).catch((error) => Promise.reject(explained(what, error)));
    // What is left over is not paid for.
    const gas = (estimate * 21n) / 20n;
    const {maxFeePerGas, maxPriorityFeePerGas} = await client.estimateFeesPerGas();
    const most = gas * maxFeePerGas;
    say(`${what}: about ${estimate} gas, at most ${viem.formatEther(most)} ETH at ${viem.formatGwei(maxFeePerGas)} gwei${value > 0n ? `, and ${viem.formatEther(value)} ETH with it` : ''}, from ${this.account}`);
    if (balance < value + most) throw invalidArgument(`${what}: the account ${this.account} has ${viem.formatEther(balance)} ETH, less than that together`);
    if (this.dryRun) return {step: what, transaction: null, estimated_gas: Number(estimate), most_fee_wei: most.toString(), value_wei: value.toString()};
    await this.#confirm();
    before();
    const hash = await this.wallet.sendTransaction({to, data, value, gas, maxFeePerGas, maxPriorityFeePerGas}).catch((error) => Promise.reject(explained(what, error)));
    const receipt = await this.raw.waitForTransactionReceipt({hash, timeout: 600_000}).catch(() => Promise.reject(new ZkinferError('input/output', `${what}: the transaction ${hash} is sent and was not mined within 10 minutes; look at it before you send again`)));
    if (receipt.status !== 'success') throw new ZkinferError('rejected', `${what}: the transaction ${hash} failed: something has changed meanwhile. Nothing moved but the fee of ${receipt.gasUsed} gas`);
    say(`${what}: done, ${receipt.gasUsed} gas, transaction ${hash}`);
    Object.defineProperty(this, 'lastReceipt', {value: receipt, configurable: true});
    return {step: what, transaction: hash, gas: Number(receipt.gasUsed)};
  }

  async #confirm() {
    if (this.yes) return;
    if (!process.stdin.isTTY) throw invalidArgument('nothing was sent: there is nobody to ask; --yes sends, --dry-run says what it would cost');
    const line = createInterface({input: process.stdin, output: process.stderr});
    // The end of what is typed (Ctrl-D, Ctrl-C) is a no.
    const answer = await Promise.race([line.question('Send it? [y/N] '), new Promise((resolve) => line.once('close', () => resolve('')))]);
    line.close();
    if (!/^y(es)?$/i.test(answer.trim())) throw invalidArgument('nothing was sent');
  }

  /** The event of this name in the transaction that was sent last. */
  lastEvent(contract, eventName) {
    const [event] = this.viem.parseEventLogs({abi: contract.abi, eventName, logs: this.lastReceipt.logs.filter(({address}) => address.toLowerCase() === contract.address.toLowerCase())});
    return event.args;
  }
}
