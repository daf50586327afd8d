// SPDX-License-Identifier: Apache-2.0
// Checks zkinfer's proofs in Node, browsers and Deno. index.d.ts says what each function takes and gives.
import {asBytes, asOptions} from './bytes.js';
import {invalidArgument, ZkinferError} from './errors.js';
import {Key, keyOptions, LIMITS, VERIFY_OPTIONS} from './key.js';
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

export async function loadKey(key, given) {
  const options = asOptions('options of loadKey', given, [...LIMITS, 'certificate']);
  const loaded = new Key(await module(), asBytes('key', key), options);
  if (options.certificate === undefined) return loaded;
  const rejected = loaded.certify(options.certificate);
  if (rejected) throw invalidArgument(`certificate: rejected, ${rejected.reason} at ${rejected.where}`);
  return loaded;
}

export async function verify(proof, key, given) {
  const options = asOptions('options of verify', given, [...LIMITS, ...VERIFY_OPTIONS]);
  const some = (names) => Object.fromEntries(names.filter((name) => options[name] !== undefined).map((name) => [name, options[name]]));
  const loaded = await loadKey(key, some(LIMITS));
  try {
    return loaded.verify(proof, some(VERIFY_OPTIONS));
  } finally {
    loaded.close();
  }
}

export async function inspect(bytes, given) {
  const options = asOptions('options of inspect', given, LIMITS);
  const loaded = await module();
  const file = asBytes('file', bytes);
  return loaded.withBytes([file, keyOptions(options)], (address, limits) =>
    loaded.jsonOf((json, size) => loaded.exports.zkinfer_inspect(address, file.length, limits, json, size, loaded.freshError())));
}
