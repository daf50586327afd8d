// SPDX-License-Identifier: Apache-2.0
// Checks zkinfer's proofs in Node, browsers and Deno. index.d.ts says what each function takes and gives.
import {asBytes} from './bytes.js';
import {invalidArgument, ZkinferError} from './errors.js';
import {Key, keyOptions} from './key.js';
import {Module} from './module.js';
import {ownModule} from './own_module.js';

export {Key, ZkinferError};

let compiled; // a promise of the WebAssembly.Module
let current; // the instance that calls use until one ends it

export async function init(source) {
  if (source === undefined) compiled ??= ownModule();
  else if (source instanceof WebAssembly.Module) compiled = Promise.resolve(source);
  else compiled = WebAssembly.compile(asBytes('zkinfer.wasm', source));
  compiled.catch(() => (compiled = undefined)); // to be tried again
  await compiled;
}

async function module() {
  await init();
  if (!current || current.ended) current = new Module(await compiled);
  return current;
}

export async function loadKey(key, options = {}) {
  const loaded = new Key(await module(), asBytes('key', key), options);
  if (options.certificate === undefined) return loaded;
  const rejected = loaded.certify(options.certificate);
  if (rejected) throw invalidArgument(`certificate: rejected, ${rejected.reason} at ${rejected.where}`);
  return loaded;
}

export async function verify(proof, key, options = {}) {
  const {certificate, ...limits} = options;
  const loaded = await loadKey(key, limits);
  try {
    return loaded.verify(proof, options);
  } finally {
    loaded.close();
  }
}

export async function inspect(bytes, options = {}) {
  const loaded = await module();
  const file = asBytes('file', bytes);
  return loaded.withBytes([file, keyOptions(options)], (address, limits) =>
    loaded.jsonOf((json, size) => loaded.exports.zkinfer_inspect(address, file.length, limits, json, size, loaded.freshError())));
}
