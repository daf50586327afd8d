// SPDX-License-Identifier: Apache-2.0
// A client of zkinfer-server that believes nothing (docs/server.md, docs/formats/receipt.md): answers are checked against receipts, receipts against
// pinned keys, proofs against a pinned model.
import {asOptions} from './bytes.js';
import {loadKey} from './index.js';
import {jcs} from './jcs.js';

export {jcs};

const text = new TextEncoder();

/** What the service gave is not what was asked for, or its proof does not come: nothing of it is to be used. */
export class Refused extends Error {
  name = 'Refused';
}

/** The service said no (`status`, `problem` as RFC 9457), or cannot be reached (status 0). */
export class ServiceError extends Error {
  name = 'ServiceError';
  constructor(message, status, problem = {}, retryAfter = undefined) {
    super(message);
    Object.assign(this, {status, problem, retryAfter});
  }
}

const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
const fromHex = (digits) => Uint8Array.from(digits.match(/../g) ?? [], (pair) => parseInt(pair, 16));
const fromBase64 = (letters) => Uint8Array.from(atob(letters.replace(/-/g, '+').replace(/_/g, '/')), (c) => c.charCodeAt(0));
const base64url = (bytes) => btoa(String.fromCharCode(...bytes)).replace(/\+/g, '-').replace(/\//g, '_').replace(/=/g, '');

function joined(...parts) {
  const out = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
const sha256 = async (...parts) => new Uint8Array(await crypto.subtle.digest('SHA-256', joined(...parts)));

function littleEndian(value, bytes) {
  const out = new Uint8Array(bytes);
  let rest = BigInt.asUintN(8 * bytes, BigInt(value));
  for (let i = 0; i < bytes; ++i, rest >>= 8n) out[i] = Number(rest & 255n);
  return out;
}

/** docs/formats/tensor.md. */
function canonicalBytes(tensor, integers) {
  const [lo, hi] = [BigInt(tensor.lo), BigInt(tensor.hi)];
  const width = [1, 2, 4, 8].find((bytes) => lo >= 0n ? hi < 1n << BigInt(8 * bytes) : lo >= -(1n << BigInt(8 * bytes - 1)) && hi < 1n << BigInt(8 * bytes - 1));
  return joined(...Array.from(integers, (value) => littleEndian(value, width)));
}

const numElements = (tensor) => tensor.shape.reduce((product, n) => product * n, 1);

/** The integers that the model reads: floor(float32(x) * (1 / scale) + 0.5). */
function integersOf(tensor, numbers) {
  if (numbers.length !== numElements(tensor)) throw new TypeError(`input '${tensor.name}': ${numbers.length} numbers, expected ${numElements(tensor)}`);
  const inverse = 1 / tensor.scale;
  return Array.from(numbers, (x) => {
    if (typeof x !== 'bigint' && (typeof x !== 'number' || !Number.isFinite(x))) throw new TypeError(`input '${tensor.name}': '${x}' is no number`);
    const integer = Math.floor((tensor.scale === 1 ? Number(x) : Math.fround(x)) * inverse + 0.5);
    if (!(integer >= Number(tensor.lo) && integer <= Number(tensor.hi))) throw new RangeError(`input '${tensor.name}': ${x} is outside of what the model takes`);
    return integer;
  });
}

function headers(parts) {
  const out = [littleEndian(parts.length, 4)];
  for (const {name, shape, data} of parts) {
    const letters = text.encode(name);
    out.push(littleEndian(letters.length, 4), letters, littleEndian(shape.length, 4), ...shape.map((n) => littleEndian(n, 8)), littleEndian(data.length, 8));
  }
  return joined(...out);
}
const contents = (parts) => parts.map((part) => part.data);

/** kid: public key, of a JWK set; keys whose kid is not their own name are left out. */
export async function keysOf(jwks) {
  const out = {};
  for (const key of jwks?.keys ?? []) {
    if (key?.kty !== 'OKP' || key.crv !== 'Ed25519' || typeof key.x !== 'string') continue;
    const bytes = fromBase64(key.x);
    if (base64url((await sha256(text.encode('zkinfer kid v1'), bytes)).slice(0, 16)) === key.kid) out[key.kid] = bytes;
  }
  return out;
}

/** The payload of a receipt that a pinned key has signed. Throws Refused. */
export async function verifyReceipt(envelope, keys) {
  const {payload, signature} = envelope ?? {};
  const bytes = Object.hasOwn(keys, signature?.kid ?? '') ? keys[signature.kid] : undefined;
  if (signature?.alg !== 'EdDSA' || payload?.v !== 1 || payload.kid !== signature.kid) throw new Refused('no receipt of version 1');
  if (bytes === undefined) throw new Refused(`signed by the key '${signature.kid}', which is not pinned`);
  const key = await crypto.subtle.importKey('raw', bytes, 'Ed25519', false, ['verify']);
  let signed;
  try {
    signed = jcs(payload);
  } catch (error) {
    throw new Refused(error.message);
  }
  if (!await crypto.subtle.verify('Ed25519', key, fromBase64(signature.sig), text.encode('zkinfer receipt v1\n' + signed))) {
    throw new Refused('the signature is not that of the pinned key over this receipt');
  }
  return payload;
}

// As callers have them: a JWK set, its text or the bytes of its file; or keys by kid.
async function pinnedKeys(given) {
  const isText = typeof given === 'string' || given instanceof ArrayBuffer || ArrayBuffer.isView(given);
  let form = given;
  if (isText) {
    try {
      form = JSON.parse(typeof given === 'string' ? given : new TextDecoder().decode(given));
    } catch {
      throw new TypeError('signingKeys: no JSON, expected the JWK set that `zkinfer-server signing show` prints');
    }
  }
  const keys = isText || Array.isArray(form?.keys) ? await keysOf(form) : form ?? {};
  if (Object.keys(keys).length === 0) throw new TypeError('signingKeys: no Ed25519 key; a receipt says nothing without one that is pinned');
  for (const [kid, key] of Object.entries(keys)) if (!(key instanceof Uint8Array) || key.length !== 32) throw new TypeError(`signingKeys: '${kid}' is no public key of 32 bytes`);
  return keys;
}

function addressOf(url) {
  if (!/^https?:\/\/[^/]/.test(url)) throw new TypeError(`'${url}' is no address, expected http://.. or https://..`);
  return String(url).replace(/\/$/, '');
}

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export class Client {
  #url; #key; #keys; #headers;

  constructor(url, key, keys, apiKey) {
    this.#url = url;
    this.#key = key;
    this.#keys = keys;
    this.#headers = apiKey === undefined ? {} : {Authorization: `Bearer ${apiKey}`};
  }

  /** options: key and certificate (bytes), signingKeys (a JWK set, its text or bytes, or kid: bytes), apiKey, acceptHiddenInput. */
  static async open(url, options) {
    const {key, certificate, signingKeys, apiKey, acceptHiddenInput = false} = asOptions('options of open', options, ['key', 'certificate', 'signingKeys', 'apiKey', 'acceptHiddenInput']);
    const address = addressOf(url);
    const keys = await pinnedKeys(signingKeys);
    const loaded = await loadKey(key, {certificate});
    if (loaded.info.inputs_seen === 'private' && !acceptHiddenInput) throw new TypeError('proofs under this key do not say of which input they are; acceptHiddenInput takes them nevertheless');
    return new Client(address, loaded, keys, apiKey?.trim() || undefined);  // a file of one ends in a line break
  }

  async #send(path, init = {}, allowed = []) {
    let response;
    try {
      response = await fetch(this.#url + path, {...init, headers: {...this.#headers, ...init.headers}});
    } catch (error) {
      throw new ServiceError(`the service is not reached: ${error.message}`, 0);
    }
    if (response.ok || allowed.includes(response.status)) return response;
    const problem = await response.json().catch(() => ({}));
    throw new ServiceError(`${response.status}: ${problem.detail ?? response.statusText}`, response.status, problem, Number(response.headers.get('Retry-After')) || undefined);
  }

  /** inputs: numbers, or numbers by name. options: wait (true), prove (true), joint (false), timeout in ms for the proof, retryMs, idempotencyKey. Throws Refused. */
  async predict(inputs, options) {
    const said = asOptions('options of predict', options, ['wait', 'prove', 'joint', 'timeout', 'retryMs', 'idempotencyKey']);
    const {wait = true, prove = true, joint = false, timeout = Infinity, retryMs = 30000, idempotencyKey = crypto.randomUUID()} = said;
    const info = this.#key.info;
    const given = ArrayBuffer.isView(inputs) || Array.isArray(inputs) ? {[info.inputs[0].name]: inputs} : inputs;
    const names = info.inputs.map((tensor) => tensor.name);
    const named = typeof given === 'object' && given !== null ? Object.keys(given) : [];
    if (named.length !== names.length || !names.every((name) => named.includes(name))) {
      throw new TypeError(`inputs: ${named.length === 0 ? String(inputs) : named.map((name) => `'${name}'`).join(', ')}, expected numbers${names.length > 1 ? ' by name' : ''}, of ${names.map((name) => `'${name}'`).join(', ')}`);
    }
    const numbers = info.inputs.map((tensor) => Array.from(given[tensor.name] ?? []).flat(Infinity));
    const asked = info.inputs.map((tensor, i) => ({name: tensor.name, shape: tensor.shape, data: canonicalBytes(tensor, integersOf(tensor, numbers[i]))}));
    const nonce = crypto.getRandomValues(new Uint8Array(32));
    const body = JSON.stringify({
      model: info.root_identity, ...(prove ? joint ? {zkinfer: {joint: true}} : {} : {zkinfer: {prove: false}}),
      inputs: info.inputs.map((tensor, i) => ({name: tensor.name, shape: tensor.shape, datatype: 'FP32', data: numbers[i].map(Math.fround)})),
    });
    const init = {method: 'POST', body, headers: {'Content-Type': 'application/json', 'X-Nonce': hex(nonce), 'Idempotency-Key': idempotencyKey}};
    const answer = await this.#checked(await (await this.#patiently('/v1/predict', init, retryMs)).json(), asked, nonce);
    if (!joint && answer.receipt.payload.proof.bucket !== 1) throw new Refused('the receipt promises a proof with others\', which was not asked for');
    return wait && prove ? this.#proven(answer, timeout) : answer;
  }

  async #patiently(path, init, retryMs) {
    for (let end = Date.now() + retryMs, delay = 100; ; delay = Math.min(2000, 2 * delay)) {
      try {
        return await this.#send(path, init);
      } catch (error) {
        if (!(error instanceof ServiceError) || ![0, 429, 503].includes(error.status) || Date.now() + delay > end) throw error;
        await sleep(error.retryAfter ? 1000 * error.retryAfter : delay);
      }
    }
  }

  async #checked(form, asked, nonce) {
    const info = this.#key.info;
    const receipt = form?.zkinfer?.receipt;
    const payload = await verifyReceipt(receipt, this.#keys);
    if (payload.model.root !== info.root_identity) throw new Refused(`the answer is of the model ${payload.model.root.slice(0, 16)}.., not ${info.root_identity.slice(0, 16)}..`);
    const request = await sha256(text.encode('zkinfer req v1'), fromHex(info.root_identity), headers(asked), ...contents(asked), nonce);
    if (payload.request_hash !== hex(request) || payload.nonce_hash !== hex(await sha256(text.encode('zkinfer nonce v1'), nonce))) throw new Refused('the receipt is of another request');
    const answered = info.outputs.map((tensor) => {
      const bytes = fromBase64(form.zkinfer.integers?.[tensor.name] ?? '');
      if (bytes.length !== 8 * numElements(tensor)) throw new Refused(`the answer lacks the output '${tensor.name}'`);
      const integers = Array.from(new BigInt64Array(bytes.buffer));
      return {name: tensor.name, shape: tensor.shape, data: canonicalBytes(tensor, integers), values: Float32Array.from(integers, (n) => Number(n) * tensor.scale)};
    });
    if (payload.outcome !== 'OK' || payload.response_hash !== hex(await sha256(text.encode('zkinfer resp v1'), request, headers(answered), ...contents(answered)))) {
      throw new Refused('the receipt is of another answer');
    }
    const outputs = Object.fromEntries(answered.map(({name, values}) => [name, values]));
    const answer = {outputs, output: answered[0].values, receipt, proven: false, result: undefined, proof: undefined};
    answer.wait = (timeout = Infinity) => this.#proven(answer, timeout, asked, answered, request);
    Object.defineProperty(answer, 'wait', {enumerable: false});
    return answer;
  }

  async #proven(answer, timeout, asked, answered, request) {
    if (asked === undefined) return answer.wait(timeout);
    const {id, proof: {id: proofId, by, bucket}} = answer.receipt.payload;
    const end = Math.min(Date.parse(by), Date.now() + timeout);
    const known = (seen, parts) => seen === 'private' || seen.startsWith('committed') ? undefined : parts.map(({name, data}) => ({name, data}));
    for (let delay = 20; ; delay = Math.min(500, 1.3 * delay)) {
      let state = {};
      try {
        state = await (await this.#send(`/v1/proofs/${proofId}`, {}, [404, 410])).json();
        if (state.state === 'proven') {
          const bytes = async (what) => new Uint8Array(await (await this.#send(`/v1/proofs/${proofId}/${what}`)).arrayBuffer());
          const proof = await bytes('bytes');
          const bound = {context: await sha256(text.encode('zkinfer context v1'), text.encode(id), request), path: state.path_sha256 === undefined ? undefined : await bytes('path')};
          const seat = state.seats === undefined ? undefined : await bytes('seat');
          const result = seat === undefined
              ? this.#key.verify(proof, {...bound, inputs: known(this.#key.info.inputs_seen, asked), outputs: known(this.#key.info.outputs_seen, answered)})
              : this.#key.verifyJoint(proof, seat, {...bound, inputs: known('', asked), outputs: known('', answered)});
          if (!result.accepted) throw new Refused(`the proof: ${result.reason} at ${result.where}. ${result.hint}`);
          if (seat !== undefined && result.num_seats > bucket) throw new Refused(`a proof of ${result.num_seats} requests, promised were ${bucket} at most`);
          return Object.assign(answer, {proven: true, result, proof, seat});
        }
      } catch (error) {
        if (!(error instanceof ServiceError) || ![0, 429, 503].includes(error.status)) throw error instanceof Refused ? error : new Refused(`the proof: ${error.message}`);
      }
      if (['failed', 'unknown'].includes(state.state)) throw new Refused(`the service has no proof of its answer (state '${state.state}'); keep the receipt`);
      if (Date.now() >= end) throw new Refused('no proof in time; keep the receipt');
      await sleep(delay);
    }
  }

  /** Gives the key's memory back. */
  close() {
    this.#key.close();
  }
}
