// SPDX-License-Identifier: Apache-2.0
// What stands around the verifier: sessions for proofs of several transactions, the calls of other standards, and an example of a consumer.
import assert from 'node:assert/strict';
import {before, describe, test} from 'node:test';
import {bytesToHex, concat, encode, hexToBytes, keccak, selector, text, words} from './abi.js';
import {addressWord} from './chain.js';
import {Deployment, Model} from './models.js';

const R = 0x30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001n;
let model;
let on;
let receipts;
let inputs;
let outputs;
let digests; // of inputs and outputs
before(async () => {
  model = new Model('consumers', 'mlp', ['--inputs', 'public', '--profile', 'small', '--budget', '16'], []);
  on = await Deployment.of(model, 'ZkInferFunctionals');
  receipts = await on.chain.deploy('ZkInferReceipts', addressWord(on.verifier));
  inputs = hexToBytes(model.native.public_inputs);
  outputs = hexToBytes(model.native.public_outputs);
  digests = [keccak(inputs), keccak(outputs)];
});

const is = (result, error) => assert.equal(bytesToHex(result.data.slice(0, 4)), bytesToHex(selector(error)));
const done = (result) => {
  assert.equal(result.error, undefined, bytesToHex(result.data));
  return result.data;
};
const ask = (contract, signature, ...args) => on.chain.call(contract, concat(selector(signature), encode(...args)));
const isTrue = (result) => words(done(result))[0] === 1n;
const receiptOf = (context) => keccak(encode(on.modelId, ...digests, context));
const isVerified = async (context) => isTrue(await ask(receipts, 'isVerified(bytes32)', receiptOf(context)));
const submit = (proof, context) => ask(receipts, 'submit(bytes32,bytes,bytes,bytes,bytes32)', on.modelId, {bytes: inputs}, {bytes: outputs}, {bytes: proof}, context);

describe('sessions', () => {
  let session;
  let context;
  let proof;
  let other; // another sender
  before(async () => {
    session = await on.chain.deploy('ZkInferSession', addressWord(receipts));
    other = await on.chain.deploy('Caller');
    context = keccak(text('a session'));
    proof = model.prove(context);
  });
  const statement = (digest = keccak(proof)) => [on.modelId, ...digests, context, digest];
  const add = (index, chunk, digest = undefined, caller = undefined) => on.chain.call(session,
    concat(selector('add(bytes32,bytes32,bytes32,bytes32,bytes32,uint256,bytes)'), encode(...statement(digest), index, {bytes: chunk})), undefined, caller);
  const finish = (rest, digest = keccak(proof), caller = undefined) => on.chain.call(session,
    concat(selector('finish(bytes32,bytes,bytes,bytes32,bytes32,bytes)'), encode(on.modelId, {bytes: inputs}, {bytes: outputs}, context, digest, {bytes: rest})), undefined, caller);
  const drop = (digest = keccak(proof)) => ask(session, 'drop(bytes32,bytes32,bytes32,bytes32,bytes32)', ...statement(digest));

  test('chunks in order, each once; nobody else finishes; a receipt at the end', async () => {
    const id = done(await add(0, proof.slice(0, 30000)));
    is(await add(0, proof.slice(0, 30000)), 'WrongChunk(uint256,uint256)');
    is(await add(2, proof.slice(30000, 50000)), 'WrongChunk(uint256,uint256)');
    is(await add(1, new Uint8Array()), 'EmptyChunk()');
    // Another sender's chunks are another session's, and his end finds nothing of this one.
    assert.notDeepEqual(done(await add(0, proof.slice(0, 100), undefined, other)), id);
    is(await finish(proof.slice(30000), undefined, other), 'WrongProof(bytes32,bytes32)');
    assert.deepEqual(done(await add(1, proof.slice(30000, 50000))), id);
    assert.equal(words(done(await ask(session, 'chunksOf(bytes32)', id)))[0], 2n);
    is(await finish(proof.slice(50001)), 'WrongProof(bytes32,bytes32)');
    assert.ok(!await isVerified(context));
    const {data, gas} = await finish(proof.slice(50000));
    assert.deepEqual(data, receiptOf(context));
    assert.ok(await isVerified(context));
    assert.equal(words(done(await ask(session, 'chunksOf(bytes32)', id)))[0], 0n);
    const direct = await submit(proof, context);
    console.log(`# finished with ${gas} gas of execution, ${direct.gas} in one transaction`);
    assert.ok(gas < direct.gas + 400_000n);
    // What was finished is gone.
    is(await finish(proof.slice(50000)), 'WrongProof(bytes32,bytes32)');
  });

  test('all sizes of chunks at the limits of code', async () => {
    for (const size of [24575, 24576, 49151]) {
      done(await add(0, proof.slice(0, size)));
      done(await finish(proof.slice(size)));
    }
    done(await add(0, proof));
    done(await finish(new Uint8Array()));
  });

  test('a rejected proof says its reason, and its session is still there; a wrong chunk is dropped', async () => {
    const broken = proof.slice();
    broken[broken.length - 1] ^= 1;
    const digest = keccak(broken);
    const id = done(await add(0, broken.slice(0, 40000), digest));
    const rejected = await finish(broken.slice(40000), digest);
    is(rejected, 'Rejected(uint8)');
    assert.equal(words(done(await ask(session, 'chunksOf(bytes32)', id)))[0], 1n);
    done(await drop(digest));
    assert.equal(words(done(await ask(session, 'chunksOf(bytes32)', id)))[0], 0n);
    is(await finish(broken.slice(40000), digest), 'WrongProof(bytes32,bytes32)');
  });
});

describe('calls of other standards', () => {
  test('EZKL: a proof and instances', async () => {
    const context = new Uint8Array(32);
    const proof = model.prove(context);
    const adapter = await on.chain.deploy('ZkInferEzklAdapter', addressWord(on.verifier), on.modelId, context);
    const {instances} = model;
    const verifyProof = (p, list) => ask(adapter, 'verifyProof(bytes,uint256[])', {bytes: p}, {words: list});
    assert.ok(isTrue(await verifyProof(proof, instances)));
    assert.ok(instances.some((x) => x > R / 2n), 'a negative value among the instances');
    for (let i = 0; i < instances.length; ++i) {
      const other = instances.slice();
      other[i] = (other[i] + 1n) % R;
      assert.ok(!isTrue(await verifyProof(proof, other)), `instance ${i}`);
    }
    // One value has one instance: no other representatives, nor what has the same low bytes.
    for (const change of [R, 1n << 64n, 256n, R - 256n, 2n ** 255n]) {
      const other = instances.slice();
      other[0] = (other[0] + change) % 2n ** 256n;
      assert.ok(!isTrue(await verifyProof(proof, other)));
    }
    is(await verifyProof(proof, instances.slice(1)), 'WrongInstances(uint256,uint256)');
    is(await verifyProof(proof, [...instances, 0n]), 'WrongInstances(uint256,uint256)');
    const broken = proof.slice();
    broken[5000] ^= 1;
    assert.ok(!isTrue(await verifyProof(broken, instances)));
    assert.ok(!isTrue(await verifyProof(model.proof, instances)), 'a proof for another context');
  });

  test('ERC-8274: with a proof, or by its receipt', async () => {
    const verifier = await on.chain.deploy('ZkInferProofVerifier', addressWord(receipts));
    const context = keccak(text('8274'));
    const proof = model.prove(context);
    const verify = (a, b, metadata, p) => ask(verifier, 'verify(bytes32,bytes32,bytes,bytes)', a, b, {bytes: metadata}, {bytes: p});
    const metadata = encode(on.modelId, context, {bytes: inputs}, {bytes: outputs});
    assert.ok(isTrue(await verify(...digests, metadata, proof)));
    assert.ok(!isTrue(await verify(digests[1], digests[0], metadata, proof)));
    const brief = encode(on.modelId, context);
    assert.ok(!isTrue(await verify(...digests, brief, new Uint8Array())), 'no receipt yet');
    done(await submit(proof, context));
    assert.ok(isTrue(await verify(...digests, brief, new Uint8Array())));
    assert.ok(!isTrue(await verify(digests[0], keccak(text('x')), brief, new Uint8Array())));
    assert.notEqual((await verify(...digests, brief.slice(1), new Uint8Array())).error, undefined);
    assert.deepEqual(done(await ask(verifier, 'proofProfile()')), keccak(text('zkinfer proof v2')));
  });

  test('ERC-8004: an answer to the request that the proof was made for, and to no other', async () => {
    const registry = await on.chain.deploy('ValidationRegistry');
    const validator = await on.chain.deploy('ZkInferValidator', addressWord(registry), addressWord(receipts));
    const nonce = keccak(text('a request'));
    const request = done(await ask(validator, 'requestOf(bytes32,bytes32,bytes32,bytes32)', on.modelId, ...digests, nonce));
    const context = done(await ask(validator, 'contextOf(bytes32)', request));
    done(await ask(registry, 'validationRequest(address,uint256,string,bytes32)', addressWord(validator), 7, {bytes: text('ipfs://request')}, request));
    const respond = (salt) => ask(validator, 'respond(bytes32,bytes32,bytes32,bytes32,string)', on.modelId, ...digests, salt, {bytes: text('ipfs://proof')});
    is(await respond(nonce), 'NotVerified(bytes32)');
    done(await submit(model.prove(context), context));
    is(await respond(keccak(text('another'))), 'NotVerified(bytes32)');
    done(await respond(nonce));
    assert.equal(words(done(await ask(registry, 'responseOf(bytes32)', request)))[0], 100n);
  });
});

test('an oracle acts once a round, on proofs that were made for it', async () => {
  const security = await on.chain.deploy('ZkInferSecurity', addressWord(on.registry));
  const make = () => on.chain.deploy('ExampleOracle', addressWord(receipts), addressWord(security), on.modelId);
  const oracle = await make();
  const other = await make();
  const update = (contract, out = outputs) => ask(contract, 'update(bytes32,bytes)', digests[0], {bytes: out});
  const contextOf = async (contract) => done(await ask(contract, 'context()'));
  is(await update(oracle), 'NotVerified(bytes32)');
  const first = await contextOf(oracle);
  const proof = model.prove(first);
  done(await submit(proof, first));
  is(await update(other), 'NotVerified(bytes32)');
  const changed = outputs.slice();
  changed[0] ^= 1;
  is(await update(oracle, changed), 'NotVerified(bytes32)');
  done(await update(oracle));
  // The next round has another context.
  assert.notDeepEqual(await contextOf(oracle), first);
  is(await update(oracle), 'NotVerified(bytes32)');
  done(await submit(proof, first));
  is(await update(oracle), 'NotVerified(bytes32)');
  assert.deepEqual(done(await ask(oracle, 'answer()')).slice(64, 64 + outputs.length), outputs);
});
