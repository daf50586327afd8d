// SPDX-License-Identifier: Apache-2.0
// What the examples on a chain need: a node of their own (anvil, which `make evm` has brought), zkinfer's contracts on it, calls by name, and the program zkinfer.
import {execFileSync} from 'node:child_process';
import {mkdtempSync, readFileSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {dirname, join, resolve} from 'node:path';
import {fileURLToPath} from 'node:url';
import {decodeAnswer, decodeError, encodeAll, encodeCall} from '../../js/src/abi.js';
import {fromHex, toHex} from '../../js/src/bytes.js';
import {keccak256} from '../../js/src/keccak.js';

const source = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
process.env.ZKINFER_EVM ??= join(source, 'build/evm');
const {evm, startAnvil} = await import('../../js/tests/anvil.js');
const artifacts = JSON.parse(readFileSync(join(evm, 'artifacts.json'), 'utf8'));
const hex = (bytes) => `0x${toHex(bytes)}`;

export const keccak = (bytes) => hex(keccak256(bytes));
export {encodeAll, fromHex};

class Contract {
  constructor(chain, name, address) {
    Object.assign(this, {chain, name, address, abi: artifacts[name].abi});
  }
  async read(name, ...values) {
    const answer = await this.chain.ask('eth_call', {to: this.address, data: hex(encodeCall(this.abi, name, values))}, 'latest').catch(named);
    return decodeAnswer(this.abi, name, fromHex(answer.slice(2)));
  }
  /** A transaction of `from`, its gas. */
  async send(from, name, values, value = 0n) {
    const call = {from, to: this.address, data: hex(encodeCall(this.abi, name, values)), value: `0x${value.toString(16)}`};
    // Asked first, for what it would revert with.
    await this.chain.ask('eth_estimateGas', call).catch(named);
    const receipt = await this.chain.receipt(await this.chain.ask('eth_sendTransaction', call));
    if (receipt.status !== '0x1') throw new Error(`${name} failed`);
    return Number(receipt.gasUsed);
  }
}

/** Throws what a node said as an Error whose message is the contract's own error, where it has one. */
function named(error) {
  const data = /^0x/.test(error.data ?? '') ? fromHex(error.data.slice(2)) : new Uint8Array();
  for (const {abi} of Object.values(artifacts)) {
    const known = decodeError(abi, data);
    if (known !== undefined) throw new Error(`${known.name}(${known.args.join(', ')})`);
  }
  throw error;
}

export class Chain {
  /** folder: where zkinfer works and files of the example go; a new one where none is given. */
  static async start(folder = mkdtempSync(join(tmpdir(), 'example-'))) {
    const chain = new Chain();
    const anvil = await startAnvil();
    Object.assign(chain, {folder, rpc: anvil.url, receipt: anvil.receipt, stop: anvil.stop});
    chain.accounts = await chain.ask('eth_accounts');
    chain.deployment = chain.zkinfer('evm', 'deploy', join(evm, 'artifacts.json'), '--rpc', chain.rpc, '--from', chain.accounts[9]);
    writeFileSync(join(folder, 'deployment.json'), JSON.stringify(chain.deployment));
    return chain;
  }
  async ask(method, ...params) {
    const answer = await fetch(this.rpc, {method: 'POST', headers: {'content-type': 'application/json'}, body: JSON.stringify({jsonrpc: '2.0', id: 1, method, params})});
    const {result, error} = await answer.json();
    if (error) throw Object.assign(new Error(`${method}: ${error.message}`), {data: error.data});
    return result;
  }
  /** What `zkinfer .. --json` says, in the example's folder. */
  zkinfer(...words) {
    const program = process.env.ZKINFER ?? join(source, 'build/release/tools/cli/zkinfer');
    return JSON.parse(execFileSync(program, ['--quiet', ...words, '--json'], {cwd: this.folder, stdio: ['ignore', 'pipe', 'pipe'], encoding: 'utf8', maxBuffer: 2 ** 26}));
  }
  async deploy(name, values, value = 0n) {
    const parameters = artifacts[name].abi.find(({type}) => type === 'constructor')?.inputs ?? [];
    const {contractAddress} = await this.receipt(await this.ask('eth_sendTransaction', {from: this.accounts[9], data: artifacts[name].bytecode + toHex(encodeAll(parameters, values)), value: `0x${value.toString(16)}`}));
    return new Contract(this, name, contractAddress);
  }
  at(name, address) {
    return new Contract(this, name, address);
  }
  /** Of the last block, in seconds. */
  async now() {
    return BigInt((await this.ask('eth_getBlockByNumber', 'latest', false)).timestamp);
  }
  async later(seconds) {
    await this.ask('evm_increaseTime', seconds);
    await this.ask('evm_mine');
  }

  /** A network committed to and registered: its name on chain. calibration: rows of bytes, of whose first a proof tells the program. */
  register(network, calibration, from, name) {
    this.zkinfer('compile', network, '--calibration', calibration, '-o', `${name}.zkmodel`);
    this.zkinfer('commit', `${name}.zkmodel`, '--inputs', 'public:keccak256', '--profile', 'small', '--budget', '32');
    const {file, exported} = this.prove(name, calibration, 0, `0x${'00'.repeat(32)}`);
    this.zkinfer('evm', 'register', file, '--rpc', this.rpc, '--deployment', 'deployment.json', '--from', from);
    return exported.model_id;
  }

  /** {file, exported, inputs, outputs}: what the network says of one row, proven for a context; the bytes as contracts see them. */
  prove(name, rows, index, context) {
    const at = (ending) => `${name}-${++this.serial}${ending}`;
    const [proof, data, out, file] = [at('.zkproof'), at('.bin'), at('.out'), at('.evm.json')];
    this.zkinfer('prove', `${name}.zkmodel`, '--input', rows, '--index', String(index), '--context', `hex:${context.slice(2)}`, '-o', proof, '--write-output-data', out);
    this.zkinfer('digest', `${name}.zkkey`, '--input', rows, '--index', String(index), '--write-input-data', data);
    this.zkinfer('evm', 'export', proof, '--key', `${name}.zkkey`, '--input-data', data, '-o', file);
    const read = (path) => new Uint8Array(readFileSync(join(this.folder, path)));
    return {file, exported: JSON.parse(readFileSync(join(this.folder, file), 'utf8')), inputs: read(data), outputs: hex(read(out))};
  }
  serial = 0;

  /** The proof in a transaction, which leaves the receipt that consumers ask for. */
  publish(file, from) {
    return this.zkinfer('evm', 'verify', file, '--rpc', this.rpc, '--deployment', 'deployment.json', '--from', from);
  }
}

/** A feed of bars (SignedBars.sol). Its key is the node's; a real one's is in its own machine. */
export class Feed {
  constructor(chain, account) {
    Object.assign(this, {chain, account});
  }
  /** {bar, signature} of returns that it has seen itself. */
  async sign(number, time, price, returns) {
    const bar = {number, time, price, returnsDigest: keccak(returns)};
    return {bar, signature: await this.signatureOf(bar)};
  }
  signatureOf({number, time, price, returnsDigest}) {
    const types = ['string', 'uint64', 'uint64', 'uint128', 'bytes32'].map((type) => ({type}));
    return this.chain.ask('eth_sign', this.account, keccak(encodeAll(types, ['zkinfer example bar v1', number, time, price, returnsDigest])));
  }
}

/** Prints what was refused and why; throws where it was not. */
export async function refused(what, pattern, call) {
  try {
    await call();
  } catch (error) {
    if (!pattern.test(error.message)) throw error;
    console.log(`refused: ${what}: ${error.message}`);
    return;
  }
  throw new Error(`${what} was accepted`);
}
