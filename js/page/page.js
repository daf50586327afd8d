// SPDX-License-Identifier: Apache-2.0
// Files in, verdict out, and what a contract says. What is there is checked again whenever something changes.
import {inspect, loadKey} from '../src/index.js';
import {fromBase64, held} from './own_module.js';
import {knownData, ownData, placeChooser} from './data_files.js';
import {demandsOf, evaluationParts} from './evaluation.js';
import {readExported, showOnChain} from './on_chain.js';
import {contextText, element, facts, kibibytes, milliseconds, tensorPart} from './show.js';
import {readTokenizer} from './tokenizer.js';

const byId = (id) => document.getElementById(id);
const result = byId('result');
const PROOFS = ['proof', 'batch', 'bundle', 'joint_proof', 'evaluation'];
// The kind of a file that is not what it says: a changed proof is the verifier's to judge.
const CLAIMED = {ZKIP: 'proof', ZKIQ: 'batch', ZKIN: 'bundle', ZKIJ: 'joint_proof', ZKIH: 'seat', ZKIV: 'evaluation', ZKIK: 'refused', ZKIR: 'refused', ZKIL: 'refused', ZKID: 'refused'};
// Of larger keys, and of evaluations in many chunks, somebody who opened this page is willing to wait for the verdict.
const PATIENCE = {maxSeconds: 60, maxMemoryBytes: 2 ** 30};
let files = []; // {name, kind, what, bytes, text}

const KIND_NAMES = {key: 'verification key', certificate: 'certificate of the weights', path: 'path to the key that serves', proof: 'proof',
  batch: 'proof of many inferences', bundle: 'proof with what it needs', joint_proof: 'joint proof of several requests', seat: 'seat in a joint proof', evaluation: 'evaluation on a data set',
  data_set: 'data set', tensor_commitment: 'tensor commitment', card: 'model card', onchain: 'data for contracts',
  tokenizer: 'tokenizer', data: 'data (canonical bytes)', secret: 'not for this page', refused: 'not read'};

async function describe(name, bytes) {
  const text = () => new TextDecoder().decode(bytes);
  const magic = String.fromCharCode(...bytes.subarray(0, 4));
  if (magic === 'ZKIU') return {name, bytes, kind: 'data_set'};
  if (magic.startsWith('ZK')) {
    try {
      const said = await inspect(bytes, PATIENCE);
      return {name, bytes, kind: said.kind, said};
    } catch (error) {
      const kind = CLAIMED[magic] ?? 'secret';
      return ['refused', 'secret'].includes(kind) ? {name, bytes, kind, problem: error.message} : {name, bytes, kind};
    }
  }
  const last = name.toLowerCase().split('.').pop();
  if (last.startsWith('zk')) return {name, bytes, kind: last === 'zkproof' ? 'proof' : 'secret', problem: last === 'zkproof' ? undefined : 'its first bytes are those of no file of zkinfer'};
  if (last === 'md' || last === 'markdown') return {name, bytes, kind: 'card', text: text()};
  if (last === 'json') {
    const exported = readExported(text());
    if (exported) return {name, bytes, kind: 'onchain', exported};
    const decode = readTokenizer(text());
    if (decode) return {name, bytes, kind: 'tokenizer', decode};
  }
  return {name, bytes, kind: 'data'};
}

async function add(list) {
  for (const {name, bytes} of list) {
    const file = await describe(name, bytes);
    // One key, one certificate, one proof, one seat, one data set, one card, one tokenizer: the newest.
    const place = ({kind, name}) => (PROOFS.includes(kind) ? 'proof' : ['path', 'data', 'tensor_commitment', 'secret', 'refused'].includes(kind) ? name : kind);
    files = files.filter((other) => place(other) !== place(file) && other.name !== name);
    files.push(file);
  }
  await show();
}

function listFiles() {
  byId('list').replaceChildren(...files.map((file) => element('li', null, element('b', null, file.name), ` ${KIND_NAMES[file.kind] ?? file.kind}, ${kibibytes(file.bytes.length)}`,
      file.problem ? element('span', {class: 'no'}, ` ${file.problem}`) : null, file.note ? element('span', {class: 'soft'}, ` ${file.note} `) : null, placeChooser(file, show))));
  byId('clear').hidden = files.length === 0;
  byId('demands').hidden = !find('evaluation');
}

const find = (...kinds) => files.find((file) => kinds.includes(file.kind));

function say(badge, kind, ...parts) {
  result.replaceChildren(element('section', null, element('span', {class: `verdict ${kind}`}, badge), ...parts));
}

// Paths from this key; others are said to be of another one.
function pathsFrom(identity) {
  const paths = files.filter((file) => file.kind === 'path');
  for (const path of paths) path.problem = path.said.root_identity === identity ? undefined : 'leads from another key: not used';
  listFiles();
  return paths.filter((path) => !path.problem).map((path) => path.bytes);
}

// What is still to come; a file that was refused is why.
function wait(text) {
  const refused = files.filter((file) => file.kind === 'refused');
  say(refused.length > 0 ? 'not read' : 'waiting', refused.length > 0 ? 'bad' : 'open',
      ...refused.map((file) => element('p', null, `${file.name} cannot be used: ${file.problem}.`)), element('p', null, text));
}

// What has to be there besides key and certificate before a proof of this kind can be looked at; null: nothing.
function missingBesides(proof) {
  if (proof.kind === 'joint_proof' && !find('seat')) {
    return `The joint proof is there${proof.said ? `, of ${proof.said.num_seats} seats` : ''}. Now your seat in it (.zkseat), and your input and output as the files of their canonical bytes: the proof shows neither, and each seat is checked on its own, by whoever has it.`;
  }
  if (proof.kind !== 'evaluation') return null;
  if (!find('data_set')) return `The evaluation is there${proof.said ? `, on the data set of digest ${proof.said.data_set_digest}` : ''}. Now the data set (.zkset): the proof is about exactly its rows.`;
  if (proof.said?.nonce && (byId('nonce').value.trim() === '' || byId('sample').value.trim() === '')) {
    byId('demands').open = true;
    return `The evaluation counts ${proof.said.num_rows} of ${proof.said.data_set_rows} rows, a sample. It says something of the others only if you drew the nonce that chose them: give it, and the number of rows that you asked for, above. What the file itself names is its maker's word.`;
  }
  return null;
}

function check(loaded, proof, given, {inputs, outputs}, demands) {
  if (proof.kind === 'evaluation') return loaded.verifyEvaluation(proof.bytes, find('data_set').bytes, {...given, ...demands});
  if (proof.kind === 'joint_proof') return loaded.verifyJoint(proof.bytes, find('seat').bytes, {...given, inputs, outputs});
  return loaded.verify(proof.bytes, {...given, inputs: knownData(files, loaded.info.inputs, loaded.info.inputs_seen), outputs: knownData(files, loaded.info.outputs, loaded.info.outputs_seen)});
}

async function show() {
  for (const file of files.filter((one) => one.kind === 'data')) Object.assign(file, {places: undefined, note: undefined});
  listFiles();
  showOnChain(byId('onchain'), find('onchain')?.exported, find('proof')?.bytes);
  const key = find('key'), proof = find(...PROOFS);
  if (!key && !proof) return files.some((file) => file.kind === 'refused') ? wait('Key and proof are still to come.') : result.replaceChildren();
  if (!proof) return wait('The key is there. Now the proof.');
  if (!key) return wait('The proof is there. Now the key of the model that it is about: it is what you trust, so take it from the model\'s owner, not from whoever sent the proof.');
  const uncertified = byId('uncertified').checked;
  let loaded;
  try {
    const begin = performance.now();
    loaded = await loadKey(key.bytes, proof.kind === 'evaluation' ? PATIENCE : {});
    const keySeconds = (performance.now() - begin) / 1000;
    if (!uncertified && loaded.info.parameters > 0 && !find('certificate') && proof.kind !== 'bundle') {
      return wait(`Proof and key are there. Now the certificate of the key's weights (.zkcert), which the model's owner gives with the key: without it nothing shows that the hidden weights are integers in their ranges. ${loaded.info.public_weights ? 'Of a model whose weights are public, the command line compares the model itself; ' : ''}Or say above that you take them as they are.`);
    }
    const missing = missingBesides(proof);
    if (missing) return wait(missing);
    const own = proof.kind === 'joint_proof' ? ownData(files, loaded.info) : null;
    if (own) listFiles();
    if (own?.missing.length > 0) return wait(`The joint proof shows no input and no output: give ${own.missing.join(' and ')}, as the files of canonical bytes that your client wrote beside the seat.`);
    const context = byId('context').value, identity = byId('identity').value.trim();
    const given = {certificate: find('certificate')?.bytes, path: pathsFrom(loaded.info.identity), uncertified, ...(context === '' ? {} : {context}), ...(identity === '' ? {} : {identity})};
    const demands = proof.kind === 'evaluation' ? demandsOf((id) => byId(id).value) : {};
    const checked = check(loaded, proof, given, own ?? {}, demands);
    result.dataset.seconds = checked.verify_seconds;
    if (!checked.accepted) rejected(checked);
    else if (proof.kind === 'evaluation') showSections(evaluationParts(checked, loaded.info, demands, keySeconds), checked);
    else accepted(checked, loaded.info, keySeconds);
  } catch (error) {
    if (error.name !== 'ZkinferError') throw error;
    say('not checked', 'open', element('p', null, error.message));
  } finally {
    loaded?.close();
  }
}

function rejected(checked) {
  say('REJECTED', 'bad', element('p', null, checked.hint),
      element('p', null, `Reason: ${checked.reason}, at ${checked.where}.`),
      element('p', {class: 'soft small'}, `Looked at for ${milliseconds(checked.verify_seconds)}. Nothing that this file says should be believed.`));
}

// What nobody learns from the proof.
function hidden(checked, info) {
  if (!checked.zero_knowledge) return 'Nothing is hidden: the proof was made without zero knowledge.';
  if (checked.num_seats) {
    return `Hidden: ${info.public_weights || info.parameters === 0 ? '' : 'the weights, '}everything between, and from everybody else your input and output: they are shown here because you gave them. The requests of the other ${checked.num_seats - 1} seats are hidden from you. What the network looks like is in the key for everybody.`;
  }
  const parts = [info.public_weights || info.parameters === 0 ? null : 'the weights', info.inputs_seen.startsWith('public') ? null : 'the input',
                 info.outputs_seen.startsWith('public') ? null : 'the output', 'everything between'].filter(Boolean);
  return `Hidden: ${parts.join(', ')}. What the network looks like (layers, shapes, scales) is in the key for everybody.`;
}

function accepted(checked, info, keySeconds) {
  const weights = {certified: 'certified', uncertified: 'taken as they are', 'no weights': 'none'}[checked.weights] ?? checked.weights;
  const sections = [element('section', null, element('span', {class: 'verdict'}, 'ACCEPTED'),
      element('p', null, checked.generation ? `The model ${checked.model} gave this answer, each token its own choice after all before it.`
          : checked.num_seats ? `The model ${checked.model} gave your output for your input, at seat ${checked.seat} (counted from 0) of ${checked.num_seats} in one proof.`
          : checked.num_rows ? `The model ${checked.model} gave these outputs, in ${checked.num_rows} inferences.`
          : `The model ${checked.model} gave this output${info.inputs_seen === 'private' ? ' for an input that stays hidden' : ''}.`),
      element('p', null, hidden(checked, info)),
      facts([['bits of security', String(Math.floor(checked.security_bits * 10) / 10)], ['weights', weights], ['context', contextText(checked.context)],
             ['to check the proof', milliseconds(checked.verify_seconds)], ['to read the key', milliseconds(keySeconds)], ['proof', kibibytes(checked.proof_bytes)]]),
      element('p', {class: 'small'}, 'Identity of the model: ', element('code', {class: 'id'}, checked.model_identity), '. Compare it with the one that its owner publishes: it stands for structure and weights.'),
      ...checked.warnings.map((warning) => element('p', {class: 'no'}, `Ask before you trust the key: ${warning}.`)))];
  if (checked.generation) sections.push(answer(checked.generation));
  const rows = checked.rows ?? [checked];
  rows.slice(0, 20).forEach((row, i) => {
    if (checked.generation) return;
    const title = checked.rows ? `Inference ${i + 1} of ${rows.length}` : 'What it says';
    sections.push(element('section', null, element('h2', null, title), ...row.outputs.map((tensor) => tensorPart('Output', tensor)), ...row.inputs.map((tensor) => tensorPart('Input', tensor))));
  });
  if (rows.length > 20) sections.push(element('p', {class: 'soft'}, `${rows.length - 20} more inferences are in the file.`));
  showSections(sections, checked);
}

function showSections(sections, checked) {
  const card = find('card');
  result.replaceChildren(...sections, ...(card ? [cardPart(card.text, checked.model_identity)] : []));
}

function answer(generation) {
  const tokenizer = find('tokenizer');
  const part = (title, name, tokens, count) => [element('h3', null, title),
    tokens === null ? element('p', {class: 'soft'}, `${count} tokens, hidden`)
    : tokenizer     ? element('p', {class: `text ${name}`}, tokenizer.decode(tokens))
                    : element('p', {class: `text ${name}`}, tokens.join(' '))];
  return element('section', null, element('h2', null, 'Answer'),
      ...part('Prompt', 'prompt', generation.prompt_tokens, generation.num_prompt_tokens), ...part('Answer', 'answer', generation.answer_tokens, generation.num_answer_tokens),
      element('p', {class: 'soft small'}, (generation.rule === 'greedy' ? 'Each token is the most likely one. ' : `Drawn at temperature ${generation.temperature}; seed: ${generation.seed}. `) +
        (tokenizer ? 'The text is what the tokenizer that you gave makes of the tokens; the tokenizer is no part of the proof.' : 'These are tokens; the model\'s tokenizer.json shows them as text.')));
}

// A card says what it likes: only whether it names this identity is checked.
function cardPart(text, identity) {
  const part = element('section', null, element('h2', null, 'Model card'),
      text.includes(identity) ? element('p', null, 'It names this model\'s identity.') : element('p', {class: 'no'}, 'It does not name this model\'s identity: it may be another model\'s.'));
  for (const block of text.split(/\n\s*\n/)) {
    const heading = /^(#+)\s+(.*)/.exec(block);
    if (heading) part.append(element('h3', null, heading[2]));
    const rest = heading ? block.slice(heading[0].length).trim() : block.trim();
    if (rest) part.append(element('p', {class: 'text'}, rest));
  }
  return part;
}

async function read(list) {
  return Promise.all([...list].map(async (file) => ({name: file.name, bytes: new Uint8Array(await file.arrayBuffer())})));
}

const drop = byId('drop');
for (const event of ['dragenter', 'dragover']) {
  document.addEventListener(event, (dragged) => {
    dragged.preventDefault();
    drop.classList.add('over');
  });
}
for (const event of ['dragleave', 'drop']) document.addEventListener(event, () => drop.classList.remove('over'));
document.addEventListener('drop', async (dropped) => {
  dropped.preventDefault();
  await add(await read(dropped.dataTransfer.files));
});
byId('files').addEventListener('change', async (chosen) => {
  const list = await read(chosen.target.files);
  chosen.target.value = '';
  await add(list);
});
for (const id of ['context', 'identity', 'uncertified', 'metric', 'of-output', 'at-least', 'at-most', 'nonce', 'sample', 'confidence']) byId(id).addEventListener('change', show);
byId('clear').addEventListener('click', () => {
  files = [];
  show();
});
byId('example').hidden = !held.example;
byId('example').addEventListener('click', async () => {
  files = [];
  await add(Object.entries(held.example).map(([name, base64]) => ({name, bytes: fromBase64(base64)})));
});
