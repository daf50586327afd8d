// SPDX-License-Identifier: Apache-2.0
// The contracts in an EVM of the page's own (@ethereumjs/evm), without a node or a wallet: what a transaction would cost, and what the contract
// says. A script of its own, which the page reads when it is asked for; it gives zkinferChain.
import {Common, Hardfork, Mainnet} from '@ethereumjs/common';
import {createEVM} from '@ethereumjs/evm';
import {bytesToHex, createAddressFromString, hexToBytes} from '@ethereumjs/util';
import {deployContracts, registerModel, storeReceipt, verifyOnChain} from '../src/evm.js';

const SENDER = `0x${'11'.repeat(20)}`;
// EIP-7825.
const MAX_GAS = 2n ** 24n;

// EIP-2028, EIP-7623, and for a contract's creation EIP-2, EIP-3860.
function chargeOf(data, isCreation) {
  const zeros = data.filter((byte) => byte === 0).length;
  const tokens = zeros + 4 * (data.length - zeros);
  return {data: BigInt(4 * tokens), floor: 21000n + BigInt(10 * tokens), rest: 21000n + (isCreation ? 32000n + 2n * BigInt(Math.ceil(data.length / 32)) : 0n)};
}

/** A chain of one's own: clients as zkinfer/evm takes them. */
class LocalChain {
  static async start() {
    const chain = new LocalChain();
    chain.evm = await createEVM({common: new Common({chain: Mainnet, hardfork: Hardfork.Osaka})});
    chain.receipts = new Map();
    chain.publicClient = {call: (request) => chain.#ask(request), waitForTransactionReceipt: async ({hash}) => chain.receipts.get(hash)};
    chain.walletClient = {account: SENDER, sendTransaction: (request) => chain.#send(request)};
    return chain;
  }

  // As a transaction begins: only these are warm.
  async #execute(to, data, gasLimit) {
    const {journal, stateManager} = this.evm;
    journal.cleanJournal();
    stateManager.originalStorageCache.clear();
    for (const address of [SENDER, to ?? SENDER, ...Array.from({length: 17}, (_, i) => `0x${(i + 1).toString(16).padStart(40, '0')}`)]) journal.addAlwaysWarmAddress(address);
    return this.evm.runCall({caller: createAddressFromString(SENDER), to: to && createAddressFromString(to), data, gasLimit});
  }

  async #ask({to, data}) {
    await this.evm.journal.checkpoint();
    try {
      const {execResult} = await this.#execute(to, hexToBytes(data), 2n ** 26n);
      if (execResult.exceptionError !== undefined) throw Object.assign(new Error(`it ends with ${execResult.exceptionError.error}`), {data: bytesToHex(execResult.returnValue)});
      return {data: bytesToHex(execResult.returnValue)};
    } finally {
      await this.evm.journal.revert();
    }
  }

  async #send({to, data}) {
    const bytes = hexToBytes(data);
    const charge = chargeOf(bytes, to === undefined);
    const {execResult, createdAddress} = await this.#execute(to, bytes, MAX_GAS - charge.rest - charge.data);
    const used = charge.rest + charge.data + execResult.executionGasUsed;
    const refund = execResult.gasRefund ?? 0n;
    const gas = used - (refund < used / 5n ? refund : used / 5n); // EIP-3529
    const hash = `0x${this.receipts.size.toString(16).padStart(64, '0')}`;
    this.receipts.set(hash, {status: execResult.exceptionError === undefined ? 'success' : 'reverted', gasUsed: gas > charge.floor ? gas : charge.floor, contractAddress: createdAddress?.toString()});
    return hash;
  }
}

/** What `zkinfer evm export` wrote, on a chain of its own with these contracts: the verdict, and the gas of both transactions; of the second, of its data and the least that it pays. */
async function gasOf(exported, artifacts) {
  const chain = await LocalChain.start();
  const deployment = await deployContracts(artifacts, chain);
  const {gas: registration} = await registerModel(exported, deployment, chain);
  const verdict = await verifyOnChain(exported, deployment, chain);
  if (!verdict.accepted) return {verdict, registration};
  const {gas: transaction} = await storeReceipt(exported, deployment, chain);
  const {data, floor} = chargeOf(hexToBytes(exported.calldata), false);
  return {verdict, registration, transaction, data, floor};
}

globalThis.zkinferChain = {gasOf};
