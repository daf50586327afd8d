// SPDX-License-Identifier: Apache-2.0
// Contracts on EVM chains, through clients of viem (or whatever has their methods); evm.d.ts says what each function takes and gives.
import {invalidArgument} from './errors.js';

// The first four bytes of Keccak-256 of each signature.
const VERIFY = '0xc428a021'; // verify(bytes32,bytes,bytes,bytes,bytes32)
const SUBMIT = '0x99a51a2b'; // submit(bytes32,bytes,bytes,bytes,bytes32)
const REGISTER = '0x92255fbf'; // register(bytes,string)
const PROGRAM_OF = '0x473ca926'; // programOf(bytes32)

// Of the contracts' Reason, by its numbers.
export const REASONS = ['accepted', 'bad header', 'wrong statement', 'truncated', 'trailing bytes', 'non-canonical field element', 'bad public value', 'zero denominator', 'sumcheck', 'proof of work', 'merkle path',
  'opening', 'mask code word', 'final check'];
const ERRORS = {
  '0xa2dc0625': 'no model is registered under this id; registerModel does it',
  '0x5c0f93e3': 'the data are not encoded in the standard way',
  '0xeea8a78c': 'public inputs or outputs of another length than the model\'s',
  '0xf30b41da': 'an inner call ran out of gas, or met another contract than it should',
  '0xac041c60': 'no program that the registry takes', // BadProgram(string)
  '0x16828558': 'no program that the registry takes', // BadInstruction(uint256,string)
};

// The contracts in the order of their deployment, with those before them that a constructor takes.
const CONTRACTS = [['outer', 'ZkInferOuter'], ['functionals', 'ZkInferFunctionals'], ['registry', 'ZkInferRegistry'], ['verifier', 'ZkInferVerifier', 'outer', 'functionals', 'registry'],
  ['receipts', 'ZkInferReceipts', 'verifier'], ['session', 'ZkInferSession', 'receipts']];

function hexOf(what, value, bytes) {
  const good = typeof value === 'string' && /^0x([0-9a-fA-F]{2})*$/.test(value) && (bytes === undefined || value.length === 2 + 2 * bytes);
  if (!good) throw invalidArgument(`${what}: expected 0x and ${bytes === undefined ? 'pairs of' : 2 * bytes} hexadecimal digits, got ${typeof value === 'string' ? `'${value.slice(0, 80)}'` : typeof value}`);
  return value;
}

function exportedOf(exported) {
  hexOf('exported.model_id', exported?.model_id, 32);
  hexOf('exported.program', exported.program);
  hexOf('exported.calldata', exported.calldata);
  if (!exported.calldata.startsWith(VERIFY)) throw invalidArgument('exported.calldata: no call of ZkInferVerifier.verify');
  if (exported.calldata.slice(10, 74) !== exported.model_id.slice(2)) throw invalidArgument('exported.calldata is of another model than exported.model_id; export it again');
  return exported;
}

const address = (deployment, name) => hexOf(`deployment.${name}`, deployment?.[name], 20);
const word = (number) => number.toString(16).padStart(64, '0');
// Length, digits, and zeros up to a whole word.
const padded = (digits) => word(digits.length / 2) + digits + '0'.repeat((64 - (digits.length % 64)) % 64);

// What a contract reverted with, wherever viem put it; undefined where the call failed otherwise.
function revertOf(error) {
  for (let at = error, depth = 0; at && depth < 12; at = at.cause, ++depth) {
    const data = typeof at.data === 'string' ? at.data : at.data?.data ?? at.raw;
    if (typeof data === 'string' && data.startsWith('0x') && data.length >= 10) return data;
  }
  return undefined;
}

function explained(what, error) {
  const data = revertOf(error);
  if (data === undefined) return error;
  const rejected = data.startsWith('0xf73a052c') ? `the proof is rejected: ${REASONS[parseInt(data.slice(-2), 16)] ?? 'for a reason that is not known'}` : undefined;
  return invalidArgument(`${what}: it reverts: ${rejected ?? ERRORS[data.slice(0, 10)] ?? data.slice(0, 138)}`);
}

async function send(what, {publicClient, walletClient}, to, data) {
  // Asked first: what would fail costs nothing.
  await publicClient.call({account: walletClient.account, to, data}).catch((error) => Promise.reject(explained(what, error)));
  const hash = await walletClient.sendTransaction({account: walletClient.account, chain: walletClient.chain, to, data});
  const receipt = await publicClient.waitForTransactionReceipt({hash});
  if (receipt.status !== 'success') throw invalidArgument(`${what}: the transaction ${hash} failed; nothing has changed but the fee`);
  return {transaction: hash, gas: receipt.gasUsed, contract: receipt.contractAddress};
}

export async function deployContracts(artifacts, clients) {
  const deployment = {};
  for (const [key, name, ...args] of CONTRACTS) {
    const code = hexOf(`artifacts.${name}.bytecode`, artifacts?.[name]?.bytecode);
    const data = code + args.map((other) => deployment[other].slice(2).toLowerCase().padStart(64, '0')).join('');
    deployment[key] = hexOf(name, (await send(name, clients, undefined, data)).contract, 20);
  }
  return deployment;
}

export async function registerModel(exported, deployment, clients, {card = ''} = {}) {
  const {model_id: id, program} = exportedOf(exported);
  const to = address(deployment, 'registry');
  const {data: known} = await clients.publicClient.call({to, data: PROGRAM_OF + id.slice(2)});
  if (known === undefined || known.length !== 66) throw invalidArgument(`deployment.registry: no registry at ${to}`);
  if (!/^0x0*$/.test(known)) return {modelId: id, wasRegistered: true};
  const digits = Array.from(new TextEncoder().encode(card), (byte) => byte.toString(16).padStart(2, '0')).join('');
  const first = padded(program.slice(2));
  const {transaction, gas} = await send('register', clients, to, REGISTER + word(64) + word(64 + first.length / 2) + first + padded(digits));
  return {modelId: id, wasRegistered: false, transaction, gas};
}

export async function verifyOnChain(exported, deployment, {publicClient}) {
  const {calldata} = exportedOf(exported);
  const to = address(deployment, 'verifier');
  const {data} = await publicClient.call({to, data: calldata}).catch((error) => Promise.reject(explained('verify', error)));
  const reason = data !== undefined && data.length === 66 ? Number(BigInt(data)) : -1;
  if (!(reason in REASONS)) throw invalidArgument(`deployment.verifier: no verifier at ${to}, it answers ${data ?? 'nothing'}`);
  return reason === 0 ? {accepted: true} : {accepted: false, reason: REASONS[reason]};
}

export function receiptCall(exported, deployment) {
  return {to: address(deployment, 'receipts'), data: SUBMIT + exportedOf(exported).calldata.slice(10)};
}

export async function storeReceipt(exported, deployment, clients) {
  const {to, data} = receiptCall(exported, deployment);
  const {transaction, gas} = await send('submit', clients, to, data);
  return {transaction, gas};
}
