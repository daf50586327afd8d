// SPDX-License-Identifier: Apache-2.0
// For types.test.js; never run.
import {loadModel} from '../src/prover.js';
import {Client} from '../src/client.js';
import {Bounties, keyHash, newKey} from '../src/market.js';
import {init, inspect, loadKey, verify, verifyEvaluation, verifyJoint, ZkinferError} from '../src/index.js';

export async function use(bytes: Uint8Array): Promise<number> {
  await init(bytes.buffer);
  const result = await verify(bytes, bytes, {certificate: bytes, path: [bytes], context: 'x', maxSeconds: 1, inputs: [{name: 'x', integers: [1, 2n]}]});
  if (!result.accepted) return result.reason.length + result.hint.length;
  // @ts-expect-error: an accepted proof has no reason
  result.reason;
  if (result.num_rows !== undefined) return result.rows[0].outputs.length;
  const key = await loadKey(bytes, {certificate: bytes});
  const again = key.verify(bytes, {uncertified: true});
  // @ts-expect-error: an option that there is not
  key.verify(bytes, {certified: true});
  const joint = await verifyJoint(bytes, bytes, bytes, {certificate: bytes, inputs: [{integers: [1]}], outputs: [{data: bytes}]});
  if (joint.accepted && joint.num_seats > joint.seat) return joint.outputs[0].shape.length;
  const evaluation = await verifyEvaluation(bytes, bytes, bytes, {metric: 'accuracy', atLeast: 0.97, nonce: bytes});
  if (evaluation.accepted && evaluation.figures[0].value !== null) return evaluation.figures[0].value;
  // @ts-expect-error: of single rows an evaluation says nothing
  key.verifyEvaluation(bytes, bytes, {inputs: []});
  const client = await Client.open('https://x', {key: bytes, certificate: bytes, signingKeys: {keys: []}});
  const answer = await client.predict([1, [2]], {wait: false});
  // @ts-expect-error: an option that there is not
  await client.predict([1], {nonce: bytes});
  if (!(await answer.wait(10)).proven) return answer.output[0];
  const bounties = new Bounties((data) => data);
  const {spec, sealed} = bounties.sealData(newKey(), [{labels: bytes, inputs: bytes}], {rows: 1, dataDigest: await keyHash(bytes)});
  // @ts-expect-error: a spec has its rows
  bounties.checkSealed({sealedChunks: spec.sealedChunks}, sealed);
  if (!bounties.openData(spec, bytes, sealed)[0].isAsPromised) return 0;
  const model = await loadModel(bytes);
  const prover = model.commit({publicWeights: true, profile: 'fast'});
  const made = prover.prove([Float32Array.of(1), [[1, 2]]], {context: bytes});
  // @ts-expect-error: an option that there is not
  model.commit({hidden: true});
  await verify(made.proof, prover.key, {uncertified: true});
  const said = await inspect(bytes);
  if (said.kind === 'path') return said.depth;
  key.close();
  try {
    return result.outputs[0].values?.[0] ?? Number(again.accepted);
  } catch (error) {
    return error instanceof ZkinferError && error.code === 'corrupt_data' ? 1 : 0;
  }
}
