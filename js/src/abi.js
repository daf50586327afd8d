// SPDX-License-Identifier: Apache-2.0
// Calls, answers, errors and events of contracts as bytes, by the entries of their ABI (Ethereum's contract ABI), as far as contracts here need it. For pages and
// tests that load nothing else. Answers are of nodes that nobody knows: what does not fit is a ZkinferError.
import {asBytes, concat, fromHex, toHex} from './bytes.js';
import {ZkinferError, invalidArgument} from './errors.js';
import {keccak256} from './keccak.js';

const WORD = 32;
const text = (string) => new TextEncoder().encode(string);
const bytesOf = (value) => (typeof value === 'string' ? fromHex(value.replace(/^0x/, '')) : asBytes('value', value));
const hex = (bytes) => `0x${toHex(bytes)}`;
const corrupt = (why) => new ZkinferError('corrupt_data', `a contract's answer ${why}`);

export function abiWord(value) {
  return fromHex(BigInt.asUintN(256, BigInt(value)).toString(16).padStart(2 * WORD, '0'));
}

const isDynamic = ({type, components}) => {
  const array = /^(.*)\[(\d*)\]$/.exec(type);
  if (array) return array[2] === '' || isDynamic({type: array[1], components});
  return type === 'bytes' || type === 'string' || (type === 'tuple' && components.some(isDynamic));
};
const elements = ({type, components}, count) => Array.from({length: count}, () => ({type: type.replace(/\[\d*\]$/, ''), components}));
const fields = (parameter, value) => (Array.isArray(value) ? value : parameter.components.map(({name}) => value[name]));
const padded = (bytes) => concat(bytes, new Uint8Array((WORD - (bytes.length % WORD)) % WORD));

function encodeOne(parameter, value) {
  const {type} = parameter;
  const array = /\[(\d*)\]$/.exec(type);
  if (array) {
    const body = encodeAll(elements(parameter, value.length), value);
    return array[1] === '' ? concat(abiWord(value.length), body) : body;
  }
  if (type === 'tuple') return encodeAll(parameter.components, fields(parameter, value));
  if (type === 'string' || type === 'bytes') {
    const bytes = type === 'string' ? text(value) : bytesOf(value);
    return concat(abiWord(bytes.length), padded(bytes));
  }
  if (/^bytes\d/.test(type)) {
    const bytes = bytesOf(value);
    if (bytes.length !== Number(type.slice(5))) throw invalidArgument(`${type}: ${bytes.length} bytes`);
    return padded(bytes);
  }
  return abiWord(typeof value === 'boolean' ? Number(value) : value);
}

export function encodeAll(parameters, values) {
  if (parameters.length !== values.length) throw invalidArgument(`${parameters.length} values expected, got ${values.length}`);
  const encoded = parameters.map((parameter, i) => encodeOne(parameter, values[i]));
  const heads = parameters.map((parameter, i) => (isDynamic(parameter) ? WORD : encoded[i].length));
  let tail = heads.reduce((sum, x) => sum + x, 0);
  const out = [];
  parameters.forEach((parameter, i) => {
    if (!isDynamic(parameter)) return out.push(encoded[i]);
    out.push(abiWord(tail));
    tail += encoded[i].length;
  });
  return concat(...out, ...parameters.flatMap((parameter, i) => (isDynamic(parameter) ? [encoded[i]] : [])));
}

function number(bytes, at) {
  if (!(at >= 0 && at + WORD <= bytes.length)) throw corrupt('ends too early');
  return BigInt(hex(bytes.subarray(at, at + WORD)));
}
/** A place or length within the answer. */
function within(bytes, at) {
  const value = number(bytes, at);
  if (value > BigInt(bytes.length)) throw corrupt('points behind its end');
  return Number(value);
}
const sizeOf = (parameter) => {
  if (isDynamic(parameter)) return WORD;
  const array = /\[(\d+)\]$/.exec(parameter.type);
  if (array) return elements(parameter, Number(array[1])).reduce((sum, x) => sum + sizeOf(x), 0);
  return parameter.type === 'tuple' ? parameter.components.reduce((sum, x) => sum + sizeOf(x), 0) : WORD;
};

function decodeOne(parameter, bytes, at) {
  const {type, components} = parameter;
  const array = /\[(\d*)\]$/.exec(type);
  if (array) {
    const count = array[1] === '' ? within(bytes, at) : Number(array[1]);
    // Each element has a word at least.
    if (count * WORD > bytes.length) throw corrupt('has a list longer than itself');
    return decodeAll(elements(parameter, count), bytes.subarray(array[1] === '' ? at + WORD : at));
  }
  if (type === 'tuple') {
    const values = decodeAll(components, bytes.subarray(at));
    return Object.fromEntries(components.map(({name}, i) => [name, values[i]]));
  }
  if (type === 'bytes' || type === 'string') {
    const size = within(bytes, at);
    const body = bytes.subarray(at + WORD, at + WORD + size);
    if (body.length !== size) throw corrupt('ends too early');
    return type === 'bytes' ? hex(body) : new TextDecoder().decode(body);
  }
  const value = number(bytes, at);
  if (type === 'bool') return value !== 0n;
  if (type === 'address') return hex(bytes.subarray(at + 12, at + WORD));
  if (/^bytes/.test(type)) return hex(bytes.subarray(at, at + Number(type.slice(5))));
  return value;
}

export function decodeAll(parameters, bytes) {
  let at = 0;
  return parameters.map((parameter) => {
    const value = decodeOne(parameter, bytes, isDynamic(parameter) ? within(bytes, at) : at);
    at += sizeOf(parameter);
    return value;
  });
}

const typeName = ({type, components}) => type.replace('tuple', components ? `(${components.map(typeName).join(',')})` : '');
export const signatureOf = ({name, inputs}) => `${name}(${inputs.map(typeName).join(',')})`;
const digests = new WeakMap();
export function topicOf(entry) {
  if (!digests.has(entry)) digests.set(entry, hex(keccak256(text(signatureOf(entry)))));
  return digests.get(entry);
}
export const selectorOf = (entry) => fromHex(topicOf(entry).slice(2, 10));

export function functionOf(abi, name, numValues) {
  const entry = abi.find((one) => one.type === 'function' && one.name === name && (numValues === undefined || one.inputs.length === numValues));
  if (entry === undefined) throw invalidArgument(`the contract has no ${name}${numValues === undefined ? '' : ` of ${numValues} arguments`}`);
  return entry;
}

export function encodeCall(abi, name, values) {
  const entry = functionOf(abi, name, values.length);
  return concat(selectorOf(entry), encodeAll(entry.inputs, values));
}

export function decodeAnswer(abi, name, bytes) {
  const answer = decodeAll(functionOf(abi, name).outputs, bytes);
  return answer.length === 1 ? answer[0] : answer;
}

/** {name, args: list} of what a call reverted with; undefined where it is none of these entries'. */
export function decodeError(abi, bytes) {
  const entry = abi.find((one) => one.type === 'error' && hex(selectorOf(one)) === hex(bytes.subarray(0, 4)));
  return entry && {name: entry.name, args: decodeAll(entry.inputs, bytes.subarray(4))};
}

/** {name, args: by name} of a log; undefined where it is of another event. */
export function decodeLog(abi, {topics, data}) {
  const entry = abi.find((one) => one.type === 'event' && topicOf(one) === topics[0]);
  if (entry === undefined) return undefined;
  const rest = entry.inputs.filter(({indexed}) => !indexed);
  const values = decodeAll(rest, bytesOf(data));
  let topic = 0;
  const args = {};
  for (const input of entry.inputs) {
    if (!input.indexed) args[input.name] = values[rest.indexOf(input)];
    else if (topics[++topic] === undefined) throw corrupt('lacks a topic');
    else [args[input.name]] = decodeAll([input], bytesOf(topics[topic]));
  }
  return {name: entry.name, args};
}
