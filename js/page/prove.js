// SPDX-License-Identifier: Apache-2.0
// The page that proves: a model and an input in, a proof out. All work is done in a worker.
import {inputPart} from './input.js';
import {fromBase64, held, ownModule} from './own_module.js';
import {element, facts, kibibytes, milliseconds, tensorPart} from './show.js';

const byId = (id) => document.getElementById(id);
const result = byId('result');
const seconds = (value) => (value < 1 ? milliseconds(value) : `${value.toFixed(1)} s`);

let worker; // a promise of one that has its modules
let info = null; // of the model
let parts = []; // one for each input
let committed = null; // {key, certificate, publicWeights, seconds}: once for each model

function call(to, name, ...words) {
  return new Promise((resolve, reject) => {
    const id = Math.random();
    const answer = ({data}) => {
      if (data.id !== id) return;
      to.removeEventListener('message', answer);
      if (data.error !== undefined) reject(new Error(data.error));
      else resolve(data);
    };
    to.addEventListener('message', answer);
    to.postMessage({id, call: name, words});
  });
}

async function started() {
  const text = byId('worker').textContent;
  const made = new Worker(URL.createObjectURL(new Blob([text], {type: 'text/javascript'})));
  const modules = {};
  for (const name of Object.keys(held.modules)) modules[name] = await ownModule(name);
  await call(made, 'modules', modules);
  return made;
}

async function ask(name, ...words) {
  worker ??= started();
  return call(await worker, name, ...words);
}

function say(badge, kind, ...children) {
  result.replaceChildren(element('section', null, element('span', {class: `verdict ${kind}`}, badge), ...children));
}

async function load(name, bytes) {
  byId('about').textContent = `Reading ${name} ..`;
  byId('given').hidden = true;
  result.replaceChildren();
  committed = info = null;
  try {
    info = (await ask('load', bytes)).result;
  } catch (error) {
    byId('about').textContent = `${name}: ${error.message}`;
    return;
  }
  byId('about').textContent = `${name}: ${info.model}, ${info.parameters.toLocaleString('en')} parameters. Structure ${info.structure}.`;
  parts = info.inputs.map((input) => inputPart(input, info.preprocessing));
  byId('inputs').replaceChildren(...parts.map(({part}) => part));
  byId('given').hidden = false;
}

const link = (name, bytes) => element('a', {class: 'button', download: name, href: URL.createObjectURL(new Blob([bytes]))}, name);

async function prove() {
  const publicWeights = byId('public').checked;
  try {
    const inputs = parts.map(({read}) => read());
    if (!committed || committed.publicWeights !== publicWeights) {
      say('working', 'open', element('p', null, `Committing to the weights${publicWeights ? '' : ' and proving their ranges'}: once for this model, some seconds ..`));
      const made = await ask('commit', {publicWeights, profile: 'fast'});
      committed = {...made.result, publicWeights, seconds: made.seconds};
    }
    say('working', 'open', element('p', null, 'Running the network and proving the answer ..'));
    const context = byId('context').value;
    const made = await ask('prove', inputs, context === '' ? {} : {context});
    const checked = (await ask('check', made.result.proof, committed.certificate)).result;
    if (!checked.accepted) throw new Error(`the proof was not accepted here: ${checked.reason} at ${checked.where}. That is a bug in zkinfer`);
    show(made, checked);
  } catch (error) {
    say('not proved', 'bad', element('p', null, error.message));
  }
}

function show({result: made, seconds: proving}, checked) {
  const name = info.model;
  const clipped = made.clipped > 0 ? element('p', {class: 'no'}, `${made.clipped} numbers of the input lie outside of what the model was calibrated for: each was replaced by the nearest that it takes, and the proof is about those.`) : null;
  const how = committed.publicWeights
      ? element('p', null, 'Whoever has the same model checks it with ', element('code', null, `zkinfer verify ${name}.zkproof --key ${name}.zkkey --model ${name}.zkmodel`), '.')
      : element('p', null, 'Give it with key and certificate to whoever checks it, ', element('code', null, `zkinfer verify ${name}.zkproof --key ${name}.zkkey`), ', or on the page that checks proofs. The key is this page\'s own name of the model: closing the page ends it.');
  result.dataset.seconds = proving;
  result.replaceChildren(element('section', null, element('span', {class: 'verdict'}, 'PROVED'), clipped,
      facts([['to prove', seconds(proving)], ['to commit, once', seconds(committed.seconds)], ['to check', milliseconds(checked.verify_seconds)],
             ['proof', kibibytes(made.proof.length)], ['bits of security', String(Math.floor(checked.security_bits * 10) / 10)]]),
      ...checked.outputs.map((tensor) => tensorPart('Output', tensor)),
      element('p', null, `Hidden: the input, everything between${committed.publicWeights ? '' : ', the weights'}.`), how,
      element('p', {class: 'actions'}, link(`${name}.zkproof`, made.proof), link(`${name}.zkkey`, committed.key), committed.certificate ? link(`${name}.zkcert`, committed.certificate) : null)));
}

async function chosen(file) {
  if (file) await load(file.name, new Uint8Array(await file.arrayBuffer()));
}

byId('model').addEventListener('change', ({target}) => chosen(target.files[0]));
document.addEventListener('dragover', (event) => event.preventDefault());
document.addEventListener('drop', (event) => {
  event.preventDefault();
  chosen(event.dataTransfer.files[0]);
});
byId('prove').addEventListener('click', async ({target}) => {
  target.disabled = true;
  await prove();
  target.disabled = false;
});
const example = Object.keys(held.example ?? {}).find((file) => file.endsWith('.zkmodel'));
byId('example').hidden = !example;
byId('example').addEventListener('click', () => load(example, fromBase64(held.example[example])));
