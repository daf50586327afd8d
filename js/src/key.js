// SPDX-License-Identifier: Apache-2.0
// A verification key, and proofs that are checked under it. What happens in which order is that of `zkinfer verify`.
import {ZkinferError, invalidArgument} from './errors.js';
import {asBytes, asOptions, contextBytes, digestBytes, fromHex, toHex, wholeNumber} from './bytes.js';

const VERDICT_ACCEPTED = 0, VERDICT_REJECTED = 1;
const REASON_WRONG_STATEMENT = 2, REASON_OVER_LIMIT = 16;
const INPUT = 0, OUTPUT = 1;
const PART_PROOF = 0, PART_PATH = 1, PART_CERTIFICATE = 2;
// Sizes and places of the C interface's structures in a module with 32-bit addresses.
const KEY_OPTIONS_BYTES = 32, VERIFY_OPTIONS_BYTES = 24, KNOWN_BYTES = 48, VERIFIED_TENSOR_BYTES = 24, DEMANDS_BYTES = 56;
const MOST_MEMORY = 2 ** 30; // of a module's 2 GiB, for what the key's count says

export const LIMITS = ['minSecurityBits', 'maxSeconds', 'maxMemoryBytes'];
const TRUST_OPTIONS = ['certificate', 'uncertified', 'path', 'context', 'identity'];
export const VERIFY_OPTIONS = [...TRUST_OPTIONS, 'inputs', 'outputs'];
export const EVALUATION_OPTIONS = [...TRUST_OPTIONS, 'metric', 'output', 'nonce', 'sample', 'atLeast', 'atMost', 'confidence'];
const KNOWN = ['name', 'index', 'row', 'integers', 'data', 'digest', 'commitment'];

// zkinfer_key_options, as bytes.
export function keyOptions({minSecurityBits = 100, maxSeconds = 2, maxMemoryBytes = 2 ** 29} = {}) {
  for (const [name, value] of Object.entries({minSecurityBits, maxSeconds, maxMemoryBytes}))
    if (typeof value !== 'number') throw invalidArgument(`${name}: expected a number, got ${value === null ? 'null' : typeof value}`);
  if (!(minSecurityBits >= 0)) throw invalidArgument(`minSecurityBits: expected a number of bits, got ${minSecurityBits}`);
  if (!(maxSeconds > 0)) throw invalidArgument(`maxSeconds: expected a positive number, got ${maxSeconds}`);
  if (!(maxMemoryBytes > 0 && maxMemoryBytes <= MOST_MEMORY))
    throw invalidArgument(`maxMemoryBytes: expected at most ${MOST_MEMORY} bytes, which WebAssembly can give, got ${maxMemoryBytes}; larger keys are for the native verifier`);
  const view = new DataView(new ArrayBuffer(KEY_OPTIONS_BYTES));
  view.setUint32(0, KEY_OPTIONS_BYTES, true);
  view.setFloat64(8, minSecurityBits, true);
  view.setBigUint64(16, BigInt(Math.min(Math.round(maxSeconds * 1e9), Number.MAX_SAFE_INTEGER)), true);
  view.setBigUint64(24, BigInt(Math.floor(maxMemoryBytes)), true);
  return new Uint8Array(view.buffer);
}

// A rejection, of the text "rejected: REASON at WHERE" and its number.
function rejection(module, reason, text) {
  const name = module.textAt(module.exports.zkinfer_reason_name(reason));
  const begin = `rejected: ${name} at `;
  return {reason: name, where: text.startsWith(begin) ? text.slice(begin.length) : text, hint: hintOf(module, reason)};
}

function hintOf(module, reason) {
  return module.textAt(module.exports.zkinfer_reason_hint(reason));
}

function wrongStatement(module, where, hint) {
  return {
    reason: module.textAt(module.exports.zkinfer_reason_name(REASON_WRONG_STATEMENT)),
    where,
    hint: hint ?? hintOf(module, REASON_WRONG_STATEMENT),
  };
}

// The rejection that a verdict says, or null where it is accepted. Not to have looked is an error.
function rejectionOf(module, verdict) {
  if (verdict === VERDICT_ACCEPTED) return null;
  const reason = module.errorReason(), text = module.errorText();
  if (verdict === VERDICT_REJECTED) return rejection(module, reason, text);
  if (reason === REASON_OVER_LIMIT) throw new ZkinferError('resource_limit', `${rejection(module, reason, text).where}; raise maxSeconds or maxMemoryBytes if you trust whoever made it`);
  throw new ZkinferError(module.codeName(reason < 0 ? -reason : 7), text);
}

// Bytes that say they are another file of ours: the verifier rejects only what may be a changed file of the kind that is expected.
function refuseOtherKinds(module, what, bytes, kinds) {
  if (bytes.length === 0) throw invalidArgument(`${what}: no bytes at all; read the file first`);
  const magic = String.fromCharCode(...bytes.subarray(0, 4));
  if (!/^ZK[ID]/.test(magic) || kinds.includes(magic)) return;
  let said;
  try {
    said = module.withBytes([bytes], (address) => module.jsonOf((json, size) => module.exports.zkinfer_inspect(address, bytes.length, 0, json, size, module.freshError())));
  } catch (error) {
    if (error.code === 'invalid_argument') throw new ZkinferError(error.code, `${what}: ${error.message}`);
    return;
  }
  throw invalidArgument(`${what}: this is ${/^[aeiou]/.test(said.kind) ? 'an' : 'a'} ${said.kind.replace('_', ' ')} of zkinfer; give the ${what} instead`);
}

function integersOf(what, values) {
  if (typeof values === 'string' || values === null || typeof values !== 'object' || !Number.isSafeInteger(values.length))
    throw invalidArgument(`${what}: expected a list of whole numbers, got ${values === null ? 'null' : typeof values}`);
  return BigInt64Array.from(values, (value, i) => wholeNumber(`${what}[${i}]`, value, -(2n ** 63n), 2n ** 63n - 1n));
}

// A statement's or key's handle, freed behind f.
function withHandle(module, address, destroy, f) {
  try {
    return f(address);
  } finally {
    if (!module.ended) destroy(address);
  }
}

export class Key {
  #module;
  #handle;
  #sealed = false; // whether a certificate was accepted

  /** Use loadKey(). */
  constructor(module, bytes, options) {
    this.#module = module;
    refuseOtherKinds(module, 'key', bytes, ['ZKIK']);
    const limits = keyOptions(options);
    this.#handle = module.withBytes([bytes, limits, new Uint8Array(4)], (key, given, out) => {
      const code = module.exports.zkinfer_key_create(key, bytes.length, given, out, module.freshError());
      if (code !== 0) throw module.failure(code);
      return module.view().getUint32(out, true);
    });
    this.info = module.guarded(() => module.jsonOf((json, size) => module.exports.zkinfer_key_json(this.#handle, json, size)));
    this.warnings = module.guarded(() => module.jsonOf((json, size) => module.exports.zkinfer_key_warnings(this.#handle, json, size))).warnings;
  }

  /** Whether a certificate of its weights was accepted. */
  get certified() {
    return this.#sealed;
  }

  /** Checks the certificate of the key's weights, once for all proofs. A rejection {reason, where, hint}, or null: it is accepted. */
  certify(certificate) {
    const module = this.#module, bytes = asBytes('certificate', certificate);
    refuseOtherKinds(module, 'certificate', bytes, ['ZKIR']);
    const rejected = module.withBytes([bytes], (address) => rejectionOf(module, module.exports.zkinfer_key_certify(this.#handle, address, bytes.length, module.freshError())));
    this.#sealed ||= rejected === null;
    return rejected;
  }

  close() {
    if (this.#handle && !this.#module.ended) this.#module.exports.zkinfer_key_destroy(this.#handle);
    this.#handle = 0;
  }

  /** Checks a proof, batch or bundle. See index.d.ts. */
  verify(proof, given) {
    const options = this.#options('verify', given, VERIFY_OPTIONS);
    const file = this.#open(asBytes('proof', proof));
    const context = options.context === undefined ? null : contextBytes(options.context);
    const known = this.#knownOf(options);
    this.#requireData('inputs', known, INPUT);
    this.#requireData('outputs', known, OUTPUT);
    const e = this.#module.exports;
    // The context is compared by #say: of an answer the verifier's own is a part.
    return this.#judge(file, options, (handle) => this.#withOptions([file.proof], {known, options}, ([bytes], asked, out, error) => {
      const check = e.zkinfer_claimed_rows(bytes, file.proof.length) > 0n ? e.zkinfer_verify_batch : e.zkinfer_verify;
      return check(handle, bytes, file.proof.length, asked, out, error);
    }, e.zkinfer_statement_destroy, (statement) => this.#say(handle, statement, context)));
  }

  /** Checks a joint proof, for the owner of a seat in it. See index.d.ts. */
  verifyJoint(proof, seat, given) {
    const options = this.#options('verifyJoint', given, VERIFY_OPTIONS);
    const file = {proof: asBytes('proof', proof)}, own = asBytes('seat', seat);
    refuseOtherKinds(this.#module, 'proof', file.proof, ['ZKIJ']);
    refuseOtherKinds(this.#module, 'seat', own, ['ZKIH']);
    const context = options.context === undefined ? null : contextBytes(options.context);
    const known = this.#knownOf(options);
    for (const [what, side] of [['inputs', INPUT], ['outputs', OUTPUT]]) {
      this.info[what].forEach((tensor, index) => {
        if (!known.some((one) => one.side === side && one.index === index && (one.data || one.integers)))
          throw invalidArgument(`${what}: a joint proof holds no data; give those of '${tensor.name}' that are yours as ${what}: [{integers}] or [{data}]`);
      });
    }
    if (known.some((one) => one.digest || one.commitment)) throw invalidArgument('a joint proof names no hash and no commitment; give integers or data of all inputs and outputs');
    const e = this.#module.exports;
    return this.#judge(file, options, (handle) => this.#withOptions([file.proof, own], {known, options, context}, ([bytes, seatBytes], asked, out, error) =>
      e.zkinfer_verify_joint(handle, bytes, file.proof.length, seatBytes, own.length, asked, out, error),
    e.zkinfer_statement_destroy, (statement) => ({statement: this.#said(statement)})));
  }

  /** Checks an evaluation on its data set. See index.d.ts. */
  verifyEvaluation(evaluation, dataSet, given) {
    const options = this.#options('verifyEvaluation', given, EVALUATION_OPTIONS);
    const module = this.#module, e = module.exports;
    const file = {proof: asBytes('evaluation', evaluation)}, set = asBytes('dataSet', dataSet);
    refuseOtherKinds(module, 'evaluation', file.proof, ['ZKIV']);
    refuseOtherKinds(module, 'dataSet', set, ['ZKIU']);
    const context = options.context === undefined ? null : contextBytes(options.context);
    const nonce = options.nonce === undefined ? null : digestBytes('nonce', options.nonce);
    for (const name of ['atLeast', 'atMost', 'confidence']) {
      if (options[name] !== undefined && !Number.isFinite(options[name])) throw invalidArgument(`${name}: expected a number, got ${options[name]}`);
    }
    for (const [name, least] of [['output', 0], ['sample', 1]]) {
      if (options[name] !== undefined && !(Number.isSafeInteger(options[name]) && options[name] >= least && options[name] < 2 ** 32)) throw invalidArgument(`${name}: expected a whole number from ${least} on, got ${options[name]}`);
    }
    if (options.metric !== undefined && typeof options.metric !== 'string') throw invalidArgument(`metric: expected a name, got ${typeof options.metric}`);
    const metric = new TextEncoder().encode((options.metric ?? '') + '\0');
    return module.withBytes([set, new Uint8Array(4)], (setBytes, out) => {
      const code = e.zkinfer_data_set_create(setBytes, set.length, out, module.freshError());
      if (code !== 0) throw module.failure(code);
      return withHandle(module, module.view().getUint32(out, true), e.zkinfer_data_set_destroy, (data) => this.#judge(file, options, (handle) =>
        this.#withOptions([file.proof, metric, nonce ?? new Uint8Array(1), new Uint8Array(DEMANDS_BYTES)], {known: [], options, context}, ([bytes, name, drawn, demands], asked, result, error) => {
          e.zkinfer_evaluation_demands_init(demands);
          const view = module.view();
          this.#sameVersion(view.getUint32(demands, true) === DEMANDS_BYTES);
          if (options.metric !== undefined) view.setUint32(demands + 4, name, true);
          if (nonce) view.setUint32(demands + 8, drawn, true);
          ['atLeast', 'atMost', 'confidence'].forEach((one, i) => options[one] !== undefined && view.setFloat64(demands + 16 + 8 * i, options[one], true));
          view.setBigUint64(demands + 40, BigInt(options.sample ?? 0), true);
          view.setUint32(demands + 48, options.output ?? 0, true);
          return e.zkinfer_verify_evaluation(handle, bytes, file.proof.length, data, asked, demands, result, error);
        }, e.zkinfer_evaluation_destroy, (checked) => ({statement: module.jsonOf((json, size) => e.zkinfer_evaluation_json(checked, json, size))}))));
    });
  }

  #options(name, given, known) {
    if (!this.#handle) throw invalidArgument('the key was closed');
    return asOptions(`options of ${name}`, given, known);
  }

  #knownOf(options) {
    return [...this.#known('inputs', INPUT, options.inputs), ...this.#known('outputs', OUTPUT, options.outputs)];
  }

  #sameVersion(is) {
    if (!is) throw new ZkinferError('internal', 'zkinfer.wasm is of another version than this package');
  }

  // What is the same of every kind of proof: weights, identity and path come first. check(handle of the serving key) -> {rejected} or {statement}.
  #judge(file, options, check) {
    const expected = options.identity === undefined ? null : toHex(digestBytes('identity', options.identity));
    const paths = [].concat(options.path ?? []).map((path) => asBytes('path', path));
    const certificate = options.certificate ?? file.certificate;
    let rejected = null;
    if (options.uncertified !== true && this.info.parameters > 0) {
      if (certificate) rejected = this.certify(certificate);
      else if (!this.#sealed) {
        throw invalidArgument('there is no certificate, so nothing shows that the weights are integers in their ranges; give it as `certificate`, or take the weights as they are with `uncertified: true`');
      }
    }
    const begin = performance.now();
    if (!rejected && expected && expected !== this.info.identity)
      rejected = wrongStatement(this.#module, `model identity: the key is that of ${this.info.identity}, expected ${expected}`);
    const checked = rejected ? {rejected} : this.#check(file, paths, check);
    return {
      accepted: !checked.rejected,
      model: this.info.model,
      model_identity: this.info.identity,
      security_bits: this.info.security_bits,
      zero_knowledge: this.info.zero_knowledge,
      verify_seconds: (performance.now() - begin) / 1000,
      proof_bytes: file.proof.length,
      ...(checked.rejected ?? checked.statement),
      warnings: this.warnings,
    };
  }

  // The parts of a bundle, or a proof alone.
  #open(bytes) {
    const module = this.#module;
    refuseOtherKinds(module, 'proof', bytes, ['ZKIP', 'ZKIQ', 'ZKIN']);
    return module.withBytes([bytes], (address) => {
      if (!module.exports.zkinfer_is_bundle(address, bytes.length)) return {proof: bytes};
      const part = (which) => {
        const found = module.bytesOf((buffer, size) => module.exports.zkinfer_bundle_part(address, bytes.length, which, buffer, size, module.freshError()));
        return found.length > 0 ? found : undefined;
      };
      return {proof: part(PART_PROOF), path: part(PART_PATH), certificate: part(PART_CERTIFICATE)};
    });
  }

  // What the caller knows of one side's tensors, with their index.
  #known(what, side, given = []) {
    const tensors = this.info[what];
    if (!Array.isArray(given)) throw invalidArgument(`${what}: expected a list of tensors, got ${given === null ? 'null' : typeof given}`);
    return given.map((one, position) => {
      const known = asOptions(`${what}[${position}]`, one, KNOWN);
      let index = known.index ?? position;
      if (known.name !== undefined) index = tensors.findIndex((tensor) => tensor.name === known.name);
      if (!(Number.isInteger(index) && index >= 0 && index < tensors.length)) {
        throw invalidArgument(`${what}[${position}]: ${known.name ?? 'index ' + index} is none of the model's ${what}, which are ${tensors.map((tensor) => `'${tensor.name}'`).join(', ')}`);
      }
      const where = `${what}[${position}].`;
      return {
        side, index, row: wholeNumber(where + 'row', known.row ?? 0, 0n, 2n ** 32n),
        integers: known.integers === undefined ? null : integersOf(where + 'integers', known.integers),
        data: known.data === undefined ? null : asBytes(where + 'data', known.data),
        digest: known.digest === undefined ? null : digestBytes(where + 'digest', known.digest),
        commitment: known.commitment === undefined ? null : asBytes(where + 'commitment', known.commitment),
      };
    });
  }

  // Data that a proof holds only the hash of must be given.
  #requireData(what, known, side) {
    if (!/^public:/.test(this.info[what + '_seen'])) return;
    this.info[what].forEach((tensor, index) => {
      if (known.some((one) => one.side === side && one.index === index && (one.data || one.integers))) return;
      throw invalidArgument(`${what}: the proof holds only the hash of '${tensor.name}' (it is ${this.info[what + '_seen']}); give its canonical bytes as ${what}: [{data}]`);
    });
  }

  #check(file, paths, check) {
    const module = this.#module;
    const identity = module.withBytes([file.proof, new Uint8Array(32)], (proof, out) =>
      module.exports.zkinfer_claimed_identity(proof, file.proof.length, out) ? toHex(new Uint8Array(module.memory.buffer, out, 32)) : null);
    if (identity === null || identity === this.info.identity) return check(this.#handle);
    const from = `model identity: the proof was made under the key ${identity}`;
    if (this.info.parameters === 0 || this.info.public_weights)
      return {rejected: wrongStatement(module, `${from}, expected ${this.info.identity}: with public weights no other key serves under it`)};
    const candidates = paths.length > 0 ? paths : file.path ? [file.path] : [];
    for (const path of candidates) {
      refuseOtherKinds(module, 'path', path, ['ZKIL']);
      let rejected = null;
      const serving = module.withBytes([path, new Uint8Array(4)], (bytes, out) => {
        rejected = rejectionOf(module, module.exports.zkinfer_key_from_path(this.#handle, bytes, path.length, out, module.freshError()));
        return module.view().getUint32(out, true);
      });
      if (rejected) return {rejected};
      const found = withHandle(module, serving, module.exports.zkinfer_key_destroy, () => {
        const info = module.guarded(() => module.jsonOf((json, size) => module.exports.zkinfer_key_json(serving, json, size)));
        return info.identity === identity ? check(serving) : null;
      });
      if (found) return found;
    }
    const tried = candidates.length === 0 ? 'no path from this key to that one is there'
        : paths.length === 0              ? 'the bundle\'s path from this key leads to another one'
                                          : 'the paths given lead from this key to others';
    return {rejected: wrongStatement(module, `${from}, and ${tried}`,
        `Ask whoever made the proof for ${identity.slice(0, 16)}.zkpath, which shows that that key serves under this one, and give it as \`path\`. Where there is no such path, the proof is another model's.`)};
  }

  // Calls verify(addresses of files, address of the options, where its handle goes, error), and say(handle) of what is accepted.
  #withOptions(files, {known, options, context = null}, verify, destroy, say) {
    const module = this.#module, e = module.exports;
    // Everything that the options point to, and where each of it lies in the list of copies.
    const copies = [...files];
    const copied = (bytes) => (bytes === null ? -1 : copies.push(bytes) - 1);
    const places = known.map((one) => ({
      integers: copied(one.integers === null ? null : new Uint8Array(one.integers.buffer)), data: copied(one.data),
      digest: copied(one.digest), commitment: copied(one.commitment),
    }));
    const contextAt = copied(context);
    const knownAt = copies.push(new Uint8Array(KNOWN_BYTES * known.length)) - 1;
    const optionsAt = copies.push(new Uint8Array(VERIFY_OPTIONS_BYTES)) - 1;
    const outAt = copies.push(new Uint8Array(4)) - 1;
    return module.withBytes(copies, (...at) => {
      const address = (place) => (place < 0 ? 0 : at[place]);
      const view = module.view();
      known.forEach((one, i) => {
        const to = at[knownAt] + KNOWN_BYTES * i;
        const put = (place, value) => view.setUint32(to + place, value, true);
        put(0, one.side);
        put(4, one.index);
        put(8, address(places[i].integers));
        put(12, one.integers?.length ?? 0);
        put(16, address(places[i].data));
        put(20, one.data?.length ?? 0);
        put(24, address(places[i].digest));
        put(28, address(places[i].commitment));
        put(32, one.commitment?.length ?? 0);
        view.setBigUint64(to + 40, BigInt(one.row), true);
      });
      e.zkinfer_verify_options_init(at[optionsAt]);
      this.#sameVersion(view.getUint32(at[optionsAt], true) === VERIFY_OPTIONS_BYTES);
      view.setUint32(at[optionsAt] + 4, address(contextAt), true);
      view.setUint32(at[optionsAt] + 8, context?.length ?? 0, true);
      view.setUint32(at[optionsAt] + 12, known.length > 0 ? at[knownAt] : 0, true);
      view.setUint32(at[optionsAt] + 16, known.length, true);
      view.setInt32(at[optionsAt] + 20, options.uncertified === true ? 1 : 0, true);
      const rejected = rejectionOf(module, verify(at.slice(0, files.length), at[optionsAt], at[outAt], module.freshError()));
      if (rejected) return {rejected};
      return withHandle(module, module.view().getUint32(at[outAt], true), destroy, say);
    });
  }

  // A statement as JSON, its integers exact.
  #said(statement) {
    const said = this.#module.jsonOf((json, size) => this.#module.exports.zkinfer_statement_json(statement, json, size));
    (said.rows ?? [said]).forEach((row, i) => {
      this.#exact(statement, row.inputs, INPUT, i);
      this.#exact(statement, row.outputs, OUTPUT, i);
    });
    return said;
  }

  // What an accepted proof says.
  #say(handle, statement, context) {
    const module = this.#module, e = module.exports;
    const said = this.#said(statement);
    const bound = said.context === null ? new Uint8Array(32) : fromHex(said.context.slice(4));
    const isAnswer = !said.rows && /^gen[12]/.test(String.fromCharCode(...bound.subarray(0, 4)));
    if (context !== null) {
      const own = isAnswer ? bound.subarray(16) : bound;
      const is = (bytes) => context.length <= bytes.length && bytes.every((byte, i) => byte === (context[i] ?? 0));
      if (!is(own) && !is(bound)) return {rejected: wrongStatement(module, `context: the proof is bound to another one, ${own.some((byte) => byte) ? 'hex:' + toHex(own) : 'none'}`)};
    }
    if (!isAnswer) return {statement: said};
    return module.withBytes([new Uint8Array(4)], (out) => {
      const rejected = rejectionOf(module, e.zkinfer_check_generation(handle, statement, out, module.freshError()));
      if (rejected) return {rejected};
      return withHandle(module, module.view().getUint32(out, true), e.zkinfer_generation_destroy, (generation) => {
        said.generation = module.jsonOf((json, size) => e.zkinfer_generation_json(generation, json, size));
        return {statement: said};
      });
    });
  }

  // Integers that a JavaScript number does not hold become a BigInt each.
  #exact(statement, tensors, side, row) {
    const module = this.#module;
    tensors.forEach((tensor, index) => {
      if (!tensor.integers || tensor.integers.every(Number.isSafeInteger)) return;
      tensor.integers = module.withBytes([new Uint8Array(VERIFIED_TENSOR_BYTES)], (out) => {
        module.exports.zkinfer_statement_row_tensor(statement, BigInt(row), side, index, out);
        const view = module.view();
        const begin = view.getUint32(out + 8, true), count = view.getUint32(out + 12, true);
        return Array.from({length: count}, (_, i) => view.getBigInt64(begin + 8 * i, true));
      });
    });
  }
}
