// SPDX-License-Identifier: Apache-2.0
// A contract by the names of its functions: the ABI's types, as far as calls here need them.
import {artifacts, bytesToHex, concat, encode, hexToBytes, keccak, selector, text, word} from './abi.js';

const isDynamic = ({type, components}) => {
  const array = /^(.*)\[(\d*)\]$/.exec(type);
  if (array) return array[2] === '' || isDynamic({type: array[1], components});
  return type === 'bytes' || type === 'string' || (type === 'tuple' && components.some(isDynamic));
};
const elements = ({type, components}, count) => Array.from({length: count}, () => ({type: type.replace(/\[\d*\]$/, ''), components}));
const fields = (parameter, value) => (Array.isArray(value) ? value : parameter.components.map(({name}) => value[name]));

function encodeOne(parameter, value) {
  const {type} = parameter;
  const array = /\[(\d*)\]$/.exec(type);
  if (array) {
    const body = encodeAll(elements(parameter, value.length), value);
    return array[1] === '' ? concat(word(value.length), body) : body;
  }
  if (type === 'tuple') return encodeAll(parameter.components, fields(parameter, value));
  if (type === 'string') return encode({bytes: text(value)}).slice(32);
  if (type === 'bytes') return encode({bytes: typeof value === 'string' ? hexToBytes(value) : value}).slice(32);
  if (/^bytes\d/.test(type)) {
    const bytes = typeof value === 'string' ? hexToBytes(value) : value;
    if (bytes.length !== Number(type.slice(5))) throw new Error(`${type}: ${bytes.length} bytes`);
    return concat(bytes, new Uint8Array(32 - bytes.length));
  }
  return word(typeof value === 'boolean' ? Number(value) : value);
}
export function encodeAll(parameters, values) {
  if (parameters.length !== values.length) throw new Error(`${parameters.length} values expected, got ${values.length}`);
  const encoded = parameters.map((parameter, i) => encodeOne(parameter, values[i]));
  const heads = parameters.map((parameter, i) => (isDynamic(parameter) ? 32 : encoded[i].length));
  let tail = heads.reduce((sum, x) => sum + x, 0);
  const out = [];
  parameters.forEach((parameter, i) => {
    if (!isDynamic(parameter)) return out.push(encoded[i]);
    out.push(word(tail));
    tail += encoded[i].length;
  });
  return concat(...out, ...parameters.flatMap((parameter, i) => (isDynamic(parameter) ? [encoded[i]] : [])));
}

const number = (bytes, at) => BigInt(bytesToHex(bytes.slice(at, at + 32)));
const sizeOf = (parameter) => {
  if (isDynamic(parameter)) return 32;
  const array = /\[(\d+)\]$/.exec(parameter.type);
  if (array) return elements(parameter, Number(array[1])).reduce((sum, x) => sum + sizeOf(x), 0);
  return parameter.type === 'tuple' ? parameter.components.reduce((sum, x) => sum + sizeOf(x), 0) : 32;
};
function decodeOne(parameter, bytes, at) {
  const {type, components} = parameter;
  const array = /\[(\d*)\]$/.exec(type);
  if (array) {
    const count = array[1] === '' ? Number(number(bytes, at)) : Number(array[1]);
    return decodeAll(elements(parameter, count), bytes.slice(array[1] === '' ? at + 32 : at));
  }
  if (type === 'tuple') {
    const values = decodeAll(components, bytes.slice(at));
    return Object.fromEntries(components.map(({name}, i) => [name, values[i]]));
  }
  if (type === 'bytes' || type === 'string') {
    const body = bytes.slice(at + 32, at + 32 + Number(number(bytes, at)));
    return type === 'bytes' ? bytesToHex(body) : new TextDecoder().decode(body);
  }
  if (type === 'bool') return number(bytes, at) !== 0n;
  if (type === 'address') return bytesToHex(bytes.slice(at + 12, at + 32));
  if (/^bytes/.test(type)) return bytesToHex(bytes.slice(at, at + Number(type.slice(5))));
  return number(bytes, at);
}
function decodeAll(parameters, bytes) {
  let at = 0;
  return parameters.map((parameter) => {
    const value = decodeOne(parameter, bytes, isDynamic(parameter) ? Number(number(bytes, at)) : at);
    at += sizeOf(parameter);
    return value;
  });
}

const signatureOf = ({name, inputs}) => `${name}(${inputs.map(typeName).join(',')})`;
const typeName = ({type, components}) => type.replace('tuple', components ? `(${components.map(typeName).join(',')})` : '');

/** accounts: of the node, unlocked. */
export class Contract {
  constructor(node, name, address) {
    Object.assign(this, {node, name, address});
  }
  /** The data of a call, by the function's name and its arguments. */
  data(name, ...values) {
    const entry = artifacts[this.name].abi.find((one) => one.type === 'function' && one.name === name && one.inputs.length === values.length);
    if (entry === undefined) throw new Error(`${this.name} has no ${name} of ${values.length} arguments`);
    return concat(selector(signatureOf(entry)), encodeAll(entry.inputs, values));
  }
  /** What a view answers; one value alone where it gives one. */
  async read(name, ...values) {
    const {data, error} = await this.node.call(this.address, this.data(name, ...values));
    if (error !== undefined) throw new Error(`${name}: ${this.reasonOf(data) ?? error}`);
    const {outputs} = artifacts[this.name].abi.find((one) => one.name === name && one.type === 'function');
    const answer = decodeAll(outputs, data);
    return answer.length === 1 ? answer[0] : answer;
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
      for (const entry of abi) {
        if (entry.type !== 'error' || bytesToHex(selector(signatureOf(entry))) !== bytesToHex(data.slice(0, 4))) continue;
        return `${entry.name}(${decodeAll(entry.inputs, data.slice(4)).join(', ')})`;
      }
    }
    return undefined;
  }
  /** The events of a receipt that are this contract's, by name. */
  eventsOf(receipt) {
    return receipt.logs.filter(({address}) => address === this.address.toLowerCase()).map(({topics}) => artifacts[this.name].abi.find((one) => one.type === 'event' && bytesToHex(keccak(text(signatureOf(one)))) === topics[0])?.name);
  }
}
