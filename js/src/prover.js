// SPDX-License-Identifier: Apache-2.0
// Makes proofs where the input is: in a page, or in Node. prover.d.ts says what each function takes and gives.
import {asBytes, asOptions, contextBytes} from './bytes.js';
import {invalidArgument, ZkinferError} from './errors.js';
import {Instances} from './instances.js';

export {ZkinferError};

const EXPOSURES = ['private', 'public'];
const PROFILES = ['balanced', 'fast', 'small'];
const COMMIT_OPTIONS = ['publicWeights', 'inputs', 'outputs', 'profile', 'securityBits', 'budget'];
// Sizes and places of the C interface's structures in a module with 32-bit addresses.
const COMMIT_OPTIONS_BYTES = 64, TENSOR_BYTES = 16;
const DTYPES = new Map([[Float32Array, 0], [Float64Array, 1], [Int8Array, 2], [Uint8Array, 3], [Uint8ClampedArray, 3], [Int16Array, 4],
  [Uint16Array, 5], [Int32Array, 6], [Uint32Array, 7], [BigInt64Array, 8]]);

const proverInstances = new Instances('zkinfer_prover.wasm');

export const initProver = (source) => proverInstances.init(source);

/** A compiled model (.zkmodel) with its weights. */
export async function loadModel(bytes) {
  return new Model(await proverInstances.get(), asBytes('model', bytes));
}

const entries = (shape) => shape.reduce((product, dim) => product * dim, 1);

// {data, shape} of what the caller gave for one input.
function tensorOf(what, given, info) {
  const isTensor = given !== null && typeof given === 'object' && 'data' in given;
  const {data, shape} = isTensor ? asOptions(what, given, ['data', 'shape']) : {data: given};
  let values = data;
  if (Array.isArray(data)) {
    const flat = data.flat(Infinity);
    if (!flat.every((value) => typeof value === 'number')) throw invalidArgument(`${what}: expected numbers`);
    values = Float64Array.from(flat);
  }
  if (!DTYPES.has(values?.constructor)) throw invalidArgument(`${what}: expected an array of numbers or a typed array, got ${values === null ? 'null' : typeof values}`);
  const dims = shape ?? info.shape;
  if (!Array.isArray(dims) || !dims.every((dim) => Number.isSafeInteger(dim) && dim >= 0)) throw invalidArgument(`${what}.shape: expected a list of whole numbers`);
  if (values.length !== entries(dims)) throw invalidArgument(`${what}: expected ${entries(dims)} numbers, of the shape [${dims.join(', ')}], got ${values.length}`);
  return {values, dims};
}

// What a handle's tensor says, as numbers; BigInts where a number does not hold them.
function readTensor(module, address, info) {
  const view = module.view();
  const data = view.getUint32(address + 12, true), size = entries(info.shape);
  const exact = Array.from({length: size}, (_, i) => view.getBigInt64(data + 8 * i, true));
  const integers = exact.map(Number);
  return {name: info.name, shape: info.shape, integers: integers.every(Number.isSafeInteger) ? integers : exact, scale: info.scale, values: integers.map((value) => value * info.scale)};
}

export class Model {
  #module;
  #handle;

  /** Use loadModel(). */
  constructor(module, bytes) {
    this.#module = module;
    this.#handle = module.withBytes([bytes, new Uint8Array(4)], (address, out) => {
      const code = module.exports.zkinfer_model_create(address, bytes.length, out, module.freshError());
      if (code !== 0) throw module.failure(code);
      return module.view().getUint32(out, true);
    });
    this.info = module.guarded(() => module.jsonOf((json, size) => module.exports.zkinfer_model_json(this.#handle, json, size)));
  }

  #open() {
    if (!this.#handle) throw invalidArgument('the model was closed');
    return this.#module;
  }

  /** Integer inference without a proof. */
  run(inputs) {
    const module = this.#open(), e = module.exports;
    return this.#withInputs(inputs, (tensors, count, out) => {
      const code = e.zkinfer_model_run(this.#handle, tensors, count, out, module.freshError());
      if (code !== 0) throw module.failure(code);
      const handle = module.view().getUint32(out, true);
      try {
        return this.#outputs(handle, e.zkinfer_tensors_get, e.zkinfer_tensors_num_clipped);
      } finally {
        e.zkinfer_tensors_destroy(handle);
      }
    });
  }

  /** Commits to the weights: the costly step, once for many proofs. */
  commit(given) {
    const module = this.#open(), e = module.exports;
    const options = asOptions('options of commit', given, COMMIT_OPTIONS);
    const chosen = (name, words, otherwise) => {
      const index = words.indexOf(options[name] ?? otherwise);
      if (index < 0) throw invalidArgument(`${name}: expected ${words.join(', ')}, got ${options[name]}`);
      return index;
    };
    const whole = (name, most) => {
      const value = options[name] ?? 0;
      if (!(Number.isSafeInteger(value) && value >= 0 && value <= most)) throw invalidArgument(`${name}: expected a whole number, at most ${most}, got ${value}`);
      return value;
    };
    const profile = chosen('profile', PROFILES, 'balanced'), bits = whole('securityBits', 128);
    return module.withBytes([new Uint8Array(COMMIT_OPTIONS_BYTES), new Uint8Array(4)], (to, out) => {
      e.zkinfer_commit_options_init(to);
      const view = module.view();
      if (view.getUint32(to, true) !== COMMIT_OPTIONS_BYTES) throw new ZkinferError('internal', 'zkinfer_prover.wasm is of another version than this package');
      if (bits > 0) view.setUint32(to + 4, bits, true);
      view.setUint32(to + 12, [16, 12, 22][profile], true);
      view.setUint32(to + 16, profile, true);
      view.setInt32(to + 24, options.publicWeights === true ? 1 : 0, true);
      view.setUint32(to + 28, chosen('inputs', EXPOSURES, 'private'), true);
      view.setUint32(to + 32, chosen('outputs', EXPOSURES, 'public'), true);
      view.setBigUint64(to + 48, BigInt(whole('budget', 2 ** 32)), true);
      const code = e.zkinfer_prover_commit(this.#handle, to, out, module.freshError());
      if (code !== 0) throw module.failure(code);
      return new Prover(module, module.view().getUint32(out, true), this);
    });
  }

  close() {
    if (this.#handle && !this.#module.ended) this.#module.exports.zkinfer_model_destroy(this.#handle);
    this.#handle = 0;
  }

  // f(tensors, their number, four bytes for a result) with the inputs in the module's memory.
  #withInputs(inputs, f) {
    const module = this.#module, infos = this.info.inputs;
    // Of one input its numbers are enough, nested or not.
    const isList = Array.isArray(inputs) && (infos.length > 1 || (inputs.length === 1 && typeof inputs[0] === 'object' && !Array.isArray(inputs[0])));
    const list = infos.length === 1 && !isList ? [inputs] : inputs;
    if (!Array.isArray(list) || list.length !== infos.length)
      throw invalidArgument(`inputs: expected a list of ${infos.length} (${infos.map(({name, shape}) => `'${name}' [${shape.join(', ')}]`).join(', ')}), got ${Array.isArray(list) ? list.length : typeof list}`);
    const tensors = list.map((given, i) => tensorOf(`inputs[${i}]`, given, infos[i]));
    const copies = tensors.flatMap(({values, dims}) => [new Uint8Array(values.buffer, values.byteOffset, values.byteLength), new Uint8Array(BigInt64Array.from(dims, BigInt).buffer)]);
    return module.withBytes([...copies, new Uint8Array(TENSOR_BYTES * tensors.length), new Uint8Array(4)], (...at) => {
      const out = at.pop(), first = at.pop();
      const view = module.view();
      tensors.forEach(({values, dims}, i) => {
        const put = (place, value) => view.setUint32(first + TENSOR_BYTES * i + place, value, true);
        put(0, DTYPES.get(values.constructor));
        put(4, dims.length);
        put(8, at[2 * i + 1]);
        put(12, at[2 * i]);
      });
      return f(first, tensors.length, out);
    });
  }

  #outputs(handle, get, numClipped) {
    const module = this.#module;
    const outputs = this.info.outputs.map((info, index) => module.withBytes([new Uint8Array(TENSOR_BYTES)], (to) => {
      const code = get(handle, index, to);
      if (code !== 0) throw new ZkinferError(module.codeName(code), `output ${index} is not there`);
      return readTensor(module, to, info);
    }));
    return {outputs, clipped: Number(numClipped(handle))};
  }

  /** For Prover. */
  static prove(model, prover, inputs, context) {
    const module = model.#open(), e = module.exports;
    return model.#withInputs(inputs, (tensors, count, out) => module.withBytes([context], (bound) => {
      const code = e.zkinfer_prove(prover, tensors, count, bound, context.length, out, module.freshError());
      if (code !== 0) throw module.failure(code);
      const handle = module.view().getUint32(out, true);
      try {
        const proof = module.bytesOf((buffer, size) => e.zkinfer_proof_bytes(handle, buffer, size));
        return {proof, ...model.#outputs(handle, e.zkinfer_proof_output, e.zkinfer_proof_num_clipped)};
      } finally {
        e.zkinfer_proof_destroy(handle);
      }
    }));
  }
}

/** A commitment to a model's weights, in memory: it lives as long as the page. */
export class Prover {
  #module;
  #handle;
  #model;

  /** Use Model.commit(). */
  constructor(module, handle, model) {
    this.#module = module;
    this.#handle = handle;
    this.#model = model;
    this.key = module.bytesOf((buffer, size) => module.exports.zkinfer_prover_key(handle, buffer, size));
  }

  #open() {
    if (!this.#handle) throw invalidArgument('the prover was closed');
    return this.#handle;
  }

  /** Runs the model and proves it. */
  prove(inputs, given) {
    const options = asOptions('options of prove', given, ['context']);
    return Model.prove(this.#model, this.#open(), inputs, options.context === undefined ? new Uint8Array(0) : contextBytes(options.context));
  }

  /** Proves once that every weight is an integer in its range. Takes a slot. */
  certify() {
    const module = this.#module, e = module.exports, prover = this.#open();
    return module.withBytes([new Uint8Array(4)], (out) => {
      const code = e.zkinfer_certify(prover, out, module.freshError());
      if (code !== 0) throw module.failure(code);
      const handle = module.view().getUint32(out, true);
      try {
        return module.bytesOf((buffer, size) => e.zkinfer_proof_bytes(handle, buffer, size));
      } finally {
        e.zkinfer_proof_destroy(handle);
      }
    });
  }

  close() {
    if (this.#handle && !this.#module.ended) this.#module.exports.zkinfer_prover_destroy(this.#handle);
    this.#handle = 0;
  }
}
