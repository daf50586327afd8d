// SPDX-License-Identifier: Apache-2.0
// A contract by the names of its functions.
import {decodeAnswer, decodeError, encodeCall, topicOf} from '../../js/src/abi.js';
import {artifacts, bytesToHex, hexToBytes} from './abi.js';

/** accounts: of the node, unlocked. */
export class Contract {
  constructor(node, name, address) {
    Object.assign(this, {node, name, address});
  }
  /** The data of a call, by the function's name and its arguments. */
  data(name, ...values) {
    return encodeCall(artifacts[this.name].abi, name, values);
  }
  /** What a view answers; one value alone where it gives one. */
  async read(name, ...values) {
    const {data, error} = await this.node.call(this.address, this.data(name, ...values));
    if (error !== undefined) throw new Error(`${name}: ${this.reasonOf(data) ?? error}`);
    return decodeAnswer(artifacts[this.name].abi, name, data);
  }
  /** A transaction of `from`. Throws an error whose message begins with the name of the contract's own error, where it has one. */
  async send(from, name, values, {value = 0n, gas = 2 ** 24} = {}) {
    const call = {from, to: this.address, data: bytesToHex(this.data(name, ...values)), value: `0x${BigInt(value).toString(16)}`, gas: `0x${gas.toString(16)}`};
    try {
      await this.node.ask('eth_call', call, 'latest');
    } catch (error) {
      throw new Error(this.reasonOf(hexToBytes(error.data ?? '0x')) ?? error.message);
    }
    const hash = await this.node.ask('eth_sendTransaction', call);
    for (;;) {
      const receipt = await this.node.ask('eth_getTransactionReceipt', hash);
      if (receipt === null) continue;
      if (receipt.status !== '0x1') throw new Error(`${name} failed`);
      return {...receipt, gas: Number(receipt.gasUsed)};
    }
  }
  /** Name and arguments of what it reverted with, of all contracts' errors. */
  reasonOf(data) {
    for (const {abi} of Object.values(artifacts)) {
      const error = decodeError(abi, data);
      if (error !== undefined) return `${error.name}(${error.args.join(', ')})`;
    }
    return undefined;
  }
  /** The events of a receipt that are this contract's, by name. */
  eventsOf(receipt) {
    return receipt.logs.filter(({address}) => address === this.address.toLowerCase()).map(({topics}) => artifacts[this.name].abi.find((one) => one.type === 'event' && topicOf(one) === topics[0])?.name);
  }
}
