// SPDX-License-Identifier: Apache-2.0
// client_check.mjs WEB_FOLDER URL MODELS KEYS: the JavaScript client against a service; prints what it saw as JSON. For test_javascript.py.
import {readFileSync} from 'node:fs';
import {pathToFileURL} from 'node:url';

const [web, url, models, keys] = process.argv.slice(2);
const {Client, Refused, jcs, keysOf, verifyReceipt} = await import(pathToFileURL(`${web}/zkinfer/src/client.js`));
const read = (name) => new Uint8Array(readFileSync(`${models}/${name}`));
const signingKeys = JSON.parse(readFileSync(keys, 'utf8'));
const options = {key: read('mlp.zkkey'), certificate: read('mlp.zkcert'), signingKeys};
const flower = [5.1, 3.5, 1.4, 0.2];
const out = {refused: {}};

const client = await Client.open(url, options);
const answer = await client.predict(flower);
out.output = Array.from(answer.output);
out.proven = answer.proven && answer.result.weights_certified;
out.jcs = jcs(answer.receipt.payload);
const unproven = await client.predict({flower: [flower]}, {prove: false});
out.mode = unproven.receipt.payload.proof.mode;

// Some of those that wait while one is proven share a proof.
const several = await Promise.all(Array.from({length: 12}, (_, i) => client.predict([5.1, 3.5, 1.4, 0.2 + i / 10], {joint: true})));
out.seats = several.map((one) => one.result.num_seats ?? 1);
out.seated = several.every((one) => one.proven && (one.seat === undefined) === (one.result.num_seats === undefined) && one.result.inputs.length === 1);

const refused = async (name, work) => {
  try {
    await work();
    out.refused[name] = null;
  } catch (error) {
    out.refused[name] = error instanceof Refused ? error.message : `${error.name}: ${error.message}`;
  }
};
const pinned = await keysOf(signingKeys);
for (const field of Object.keys(answer.receipt.payload)) {
  const payload = {...answer.receipt.payload, [field]: typeof answer.receipt.payload[field] === 'number' ? 7 : 'x'};
  await refused(`receipt ${field}`, () => verifyReceipt({...answer.receipt, payload}, pinned));
}
await refused('not pinned', async () => (await Client.open(url, {...options, signingKeys: {other: new Uint8Array(32)}})).predict(flower));

// What a service may change on its way.
const real = globalThis.fetch;
const lying = async (name, change) => {
  globalThis.fetch = async (target, init) => change(String(target), await real(target, init));
  await refused(name, () => client.predict(flower, {timeout: 500}));
  globalThis.fetch = real;
};
const json = async (response, change) => {
  const form = await response.json();
  change(form);
  return new Response(JSON.stringify(form), {status: response.status});
};
await lying('other integers', (target, response) => target.endsWith('/predict') ? json(response, (form) => { form.zkinfer.integers.logits = btoa('\x01'.repeat(24)); }) : response);
await lying('other receipt', (target, response) => target.endsWith('/predict') ? json(response, (form) => { form.zkinfer.receipt = answer.receipt; }) : response);
await lying('no receipt', (target, response) => target.endsWith('/predict') ? json(response, (form) => { delete form.zkinfer.receipt; }) : response);
await lying('other proof', (target, response) => target.endsWith('/bytes') ? new Response(answer.proof) : response);
await lying('late', (target, response) => target.includes('/v1/proofs/') ? new Response('{"state":"queued"}') : response);
client.close();
console.log(JSON.stringify(out));
