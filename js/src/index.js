// SPDX-License-Identifier: Apache-2.0
// Checks zkinfer's proofs in Node, browsers and Deno. index.d.ts says what each function takes and gives.
import {asBytes, asOptions} from './bytes.js';
import {invalidArgument, ZkinferError} from './errors.js';
import {Instances} from './instances.js';
import {Key, keyOptions, LIMITS, VERIFY_OPTIONS} from './key.js';

export {Key, ZkinferError};

const instances = new Instances('zkinfer.wasm');

export const init = (source) => instances.init(source);

export async function loadKey(key, given) {
  const options = asOptions('options of loadKey', given, [...LIMITS, 'certificate']);
  const loaded = new Key(await instances.get(), asBytes('key', key), options);
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
  const loaded = await instances.get();
  const file = asBytes('file', bytes);
  return loaded.withBytes([file, keyOptions(options)], (address, limits) =>
    loaded.jsonOf((json, size) => loaded.exports.zkinfer_inspect(address, file.length, limits, json, size, loaded.freshError())));
}
