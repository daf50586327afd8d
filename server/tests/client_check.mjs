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

// What people give wrongly is said before anything is sent; keys are taken as the file has them.
const bytes = new Uint8Array(readFileSync(keys));
out.forms = 0;
for (const form of [bytes, new TextDecoder().decode(bytes), pinned]) {
  const other = await Client.open(`${url}/`, {...options, signingKeys: form, apiKey: 'zki_a_b\n'});
  out.forms += (await other.predict([flower], {prove: false})).output.length === 3 ? 1 : 0;
  other.close();
}
out.said = {};
const says = async (name, work) => {
  try {
    await work();
    out.said[name] = null;
  } catch (error) {
    out.said[name] = error.message;
  }
};
await says('keys', () => Client.open(url, {...options, signingKeys: options.key}));
await says('empty keys', () => Client.open(url, {...options, signingKeys: '{"keys": []}'}));
await says('key text', () => Client.open(url, {...options, signingKeys: {kid: 'x'}}));
await says('address', () => Client.open('127.0.0.1:8700', options));
await says('option', () => Client.open(url, {...options, apikey: 'zki_'}));
await says('nothing', () => Client.open(url));
await says('no input', () => client.predict());
await says('other name', () => client.predict({flowr: flower}));
await says('a word', () => client.predict(['5.1', 3.5, 1.4, 0.2]));
await says('no number', () => client.predict([NaN, 3.5, 1.4, 0.2]));
await says('predict option', () => client.predict(flower, {wiat: false}));

// What a service may change on its way.
const real = globalThis.fetch;
const lying = async (name, change, timeout = 60000) => {
  globalThis.fetch = async (target, init) => change(String(target), await real(target, init));
  await refused(name, () => client.predict(flower, {timeout}));
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
await lying('late', (target, response) => target.includes('/v1/proofs/') ? new Response('{"state":"queued"}') : response, 500);
client.close();
console.log(JSON.stringify(out));
