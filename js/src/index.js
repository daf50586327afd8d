// SPDX-License-Identifier: Apache-2.0
// Checks zkinfer's proofs in Node, browsers and Deno. index.d.ts says what each function takes and gives.
import {asBytes, asOptions} from './bytes.js';
import {invalidArgument, ZkinferError} from './errors.js';
import {Instances} from './instances.js';
import {EVALUATION_OPTIONS, Key, keyOptions, LIMITS, VERIFY_OPTIONS} from './key.js';

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

// One key for one call of its method `name`.
async function once(name, known, key, files, given) {
  const options = asOptions(`options of ${name}`, given, [...LIMITS, ...known]);
  const some = (names) => Object.fromEntries(names.filter((one) => options[one] !== undefined).map((one) => [one, options[one]]));
  const loaded = await loadKey(key, some(LIMITS));
  try {
    return loaded[name](...files, some(known));
  } finally {
    loaded.close();
  }
}

export const verify = (proof, key, options) => once('verify', VERIFY_OPTIONS, key, [proof], options);

export const verifyJoint = (proof, seat, key, options) => once('verifyJoint', VERIFY_OPTIONS, key, [proof, seat], options);

export const verifyEvaluation = (evaluation, dataSet, key, options) => once('verifyEvaluation', EVALUATION_OPTIONS, key, [evaluation, dataSet], options);

export async function inspect(bytes, given) {
  const options = asOptions('options of inspect', given, LIMITS);
  const loaded = await instances.get();
  const file = asBytes('file', bytes);
  return loaded.withBytes([file, keyOptions(options)], (address, limits) =>
    loaded.jsonOf((json, size) => loaded.exports.zkinfer_inspect(address, file.length, limits, json, size, loaded.freshError())));
}
