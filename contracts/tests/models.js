// SPDX-License-Identifier: Apache-2.0
// Keys and proofs of small models by the native program, and the contracts that check them. ZKINFER: the program; ZKINFER_FIXTURE:
// evm_fixture; ZKINFER_WORK: a folder to make files in.
import {execFileSync} from 'node:child_process';
import {copyFileSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync} from 'node:fs';
import {dirname, join, resolve} from 'node:path';
import {fileURLToPath} from 'node:url';
import {concat, encode, hexToBytes, keccak, selector, word, words} from './abi.js';
import {Chain, addressWord} from './chain.js';

const examples = resolve(dirname(fileURLToPath(import.meta.url)), '../../examples');
export const REASONS = ['None', 'BadHeader', 'WrongStatement', 'Truncated', 'TrailingBytes', 'NonCanonical', 'BadPublicValue',
  'ZeroDenominator', 'Sumcheck', 'ProofOfWork', 'MerklePath', 'Opening', 'MaskCodeword', 'FinalCheck'];

/** Where a program's instructions begin, behind its words. */
export const instructionsAt = (program) => 32 + 32 * Number(words(concat(new Uint8Array(28), program.slice(8, 12)))[0]);

/** One key and one proof under it. */
export class Model {
  /** example: a folder of examples/, or {model, input}, a compiled one and what it is run on; words: for `zkinfer commit`, then for `zkinfer prove`. committed: the input is; beside:
   * the input's canonical bytes travel beside the proof. */
  constructor(name, example, commitWords, proveWords, {committed = false, beside = false} = {}) {
    this.example = example;
    this.folder = join(process.env.ZKINFER_WORK, name);
    rmSync(this.folder, {recursive: true, force: true});
    mkdirSync(this.folder, {recursive: true});
    const run = (...line) => execFileSync(process.env.ZKINFER, ['--quiet', ...line], {cwd: this.folder, stdio: ['ignore', 'pipe', 'pipe']});
    if (example.model) {
      copyFileSync(example.model, join(this.folder, 'model.zkmodel'));
    } else {
      const from = join(examples, example);
      const calibration = {digits: 'calibration.npy', mlp: 'calibration.json'}[example];
      run('compile', join(from, `${example}.onnx`), '--calibration', join(from, calibration), '--output', 'model.zkmodel');
    }
    run('commit', 'model.zkmodel', ...commitWords);
    const input = example.input ?? join(examples, example, 'input.json');
    if (committed) run('commit-tensor', 'model.zkkey', '--input', input, '--output', 'input');
    if (beside) run('digest', 'model.zkkey', '--input', input, '--write-input-data', 'input.bin');
    this.beside = beside ? join(this.folder, 'input.bin') : undefined;
    run('prove', 'model.zkmodel', ...(committed ? ['--committed-input', 'input.zktsecret'] : ['--input', input]), '--output', 'a.zkproof', '--context', 'an order', ...proveWords);
    // Proofs of private weights are under a serving key.
    this.path = readdirSync(this.folder).filter((file) => file.endsWith('.zkpath')).map((file) => join(this.folder, file));
    this.proof = new Uint8Array(readFileSync(join(this.folder, 'a.zkproof')));
    this.native = this.fixture(this.proof);
  }

  /** A proof of the same input for another context, 32 bytes. */
  prove(bytes) {
    const hex = Buffer.from(bytes).toString('hex');
    execFileSync(process.env.ZKINFER, ['--quiet', 'prove', 'model.zkmodel', '--input', join(examples, this.example, 'input.json'), '--output', 'c.zkproof', '--context', `hex:${hex}`, '--force'], {cwd: this.folder});
    return new Uint8Array(readFileSync(join(this.folder, 'c.zkproof')));
  }

  /** All public values, inputs first, as EZKL's verifiers take them. */
  get instances() {
    const {outputs, inputs} = JSON.parse(execFileSync(process.env.ZKINFER, ['verify', 'a.zkproof', '--key', 'model.zkkey', '--context', 'an order', '--json'], {cwd: this.folder}));
    const order = 0x30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001n;
    return [...inputs, ...outputs].flatMap(({integers}) => integers).map((x) => (BigInt(x) + order) % order);
  }

  /** What `zkinfer evm export` writes: model_id, identity, program, calldata. */
  exported() {
    execFileSync(process.env.ZKINFER, ['--quiet', 'evm', 'export', 'a.zkproof', '--key', 'model.zkkey', '--output', 'a.evm.json', '--force', ...(this.beside ? ['--input-data', this.beside] : [])], {cwd: this.folder, stdio: 'pipe'});
    return JSON.parse(readFileSync(join(this.folder, 'a.evm.json'), 'utf8'));
  }

  /** What the native verifier says of these bytes (tests/evm/evm_fixture.cc). */
  fixture(proof) {
    writeFileSync(join(this.folder, 'b.zkproof'), proof);
    const text = execFileSync(process.env.ZKINFER_FIXTURE, [join(this.folder, 'model.zkkey'), join(this.folder, 'b.zkproof'), ...this.path, ...(this.beside ? ['--beside', this.beside] : [])], {maxBuffer: 2 ** 28});
    return JSON.parse(text);
  }
}

export const context = (() => {
  const bytes = new Uint8Array(32);
  bytes.set(new TextEncoder().encode('an order'));
  return bytes;
})();

/** Verifier, registry and functionals that answer from fixtures, with one model registered. */
export class Deployment {
  static async of(model, functionals = 'FixtureFunctionals') {
    const it = new Deployment();
    it.model = model;
    it.chain = await Chain.start();
    it.outer = await it.chain.deploy('ZkInferOuter');
    it.functionals = await it.chain.deploy(functionals);
    it.registry = await it.chain.deploy('ZkInferRegistry');
    it.verifier = await it.chain.deploy('ZkInferVerifier', ...[it.outer, it.functionals, it.registry].map(addressWord));
    it.program = hexToBytes(model.native.program);
    const done = await it.register(it.program);
    if (done.error) throw new Error(`registration: ${done.error}`);
    it.registrationGas = done.gas;
    it.modelId = done.data;
    return it;
  }

  register(program) {
    const call = concat(selector('register(bytes,string)'), encode({bytes: program}, {bytes: new TextEncoder().encode('ipfs://card')}));
    return this.chain.call(this.registry, call);
  }

  /** The functionals' next answer is that of the native verifier for this fixture. */
  async answer(fixture) {
    const digest = keccak(concat(...(fixture.request ?? []).map(word)));
    const call = concat(selector('set(bytes32,uint256,uint256)'), encode(digest, BigInt(fixture.mu ?? 0), BigInt(fixture.value ?? 0)));
    const done = await this.chain.call(this.functionals, call);
    if (done.error) throw new Error(done.error);
  }

  /** What the functionals' contract answers for a program, registered or not. */
  async evaluate(program, request) {
    const source = await this.chain.deployData(program);
    return this.chain.ask(this.functionals, concat(
      selector('evaluate(address,uint256[])'), addressWord(source), word(64), word(request.length), ...request.map(word)));
  }

  calldata(proof, changes = {}) {
    const {native} = this.model;
    const publics = {modelId: this.modelId, inputs: hexToBytes(native.public_inputs), outputs: hexToBytes(native.public_outputs), context, ...changes};
    return concat(selector('verify(bytes32,bytes,bytes,bytes,bytes32)'),
      encode(publics.modelId, {bytes: publics.inputs}, {bytes: publics.outputs}, {bytes: proof}, publics.context));
  }

  /** The reason's name, or {error, selector}; and the gas of the execution. */
  async verify(proof, changes = {}, gasLimit = undefined) {
    return this.send(this.calldata(proof, changes), gasLimit);
  }
  async send(data, gasLimit = undefined) {
    const {data: answer, gas, error} = await this.chain.ask(this.verifier, data, gasLimit);
    if (error !== undefined) return {error, selector: answer.slice(0, 4), gas};
    if (answer.length !== 32) throw new Error(`an answer of ${answer.length} bytes`);
    return {reason: REASONS[Number(words(answer)[0])], gas};
  }
}
