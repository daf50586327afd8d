// SPDX-License-Identifier: Apache-2.0
// The service's page. Everything that the service says is put in as text, never as markup.
const $ = (id) => document.getElementById(id);

function element(name, text, more = {}) {
  const made = Object.assign(document.createElement(name), more);
  if (text !== undefined && text !== null) made.textContent = text;
  return made;
}
function row(...cells) {
  const made = document.createElement('tr');
  for (const cell of cells) made.append(cell instanceof Node && cell.nodeName === 'TD' ? cell : Object.assign(document.createElement('td'), cell instanceof Node ? {} : {textContent: cell ?? ''}));
  cells.forEach((cell, i) => { if (cell instanceof Node && cell.nodeName !== 'TD') made.children[i].append(cell); });
  return made;
}
const code = (text) => element('code', text);
function button(text, work) {
  const made = element('button', text, {type: 'button'});
  made.addEventListener('click', () => guarded(work));
  return made;
}

function show(id, text, kind = '') {
  const place = $(id);
  place.hidden = false;
  place.className = kind;
  place.textContent = text;
}
async function guarded(work) {
  $('error').hidden = true;
  $('error').textContent = '';
  try {
    await work();
  } catch (error) {
    show('error', inPageWords(error));
  }
}

// A person has a field where a program has a header.
const isKeyAsked = (error) => error.status === 401 || error.problem?.status === 401;
const inPageWords = (error) => isKeyAsked(error) ? ($('key').value === '' ? 'This service asks for an API key: write yours into the field above.' : 'The API key above is unknown or revoked.') : error.message;

const authorization = () => $('key').value === '' ? {} : {Authorization: `Bearer ${$('key').value}`};
async function call(path, init = {}) {
  const response = await fetch(path, {...init, headers: {...authorization(), ...init.headers}});
  const form = await response.json();
  if (!response.ok) throw Object.assign(new Error(form.detail ?? response.statusText), {problem: form});
  return form;
}
const bytes = async (path) => {
  const response = await fetch(path, {headers: authorization()});
  return response.ok ? new Uint8Array(await response.arrayBuffer()) : undefined;
};
const post = (path, form) => call(path, {method: 'POST', body: JSON.stringify(form), headers: {'Content-Type': 'application/json'}});
const when = (seconds) => new Date(1000 * seconds).toLocaleString();

// What evaluations beside the model show; each links to its file, with which anybody checks it.
function proven(model) {
  const made = element('span');
  for (const one of model.card.evaluations) {
    made.append(made.childNodes.length > 0 ? ', ' : '',
      element('a', `${one.metric} ${one.exact.split('/')[1] === String(one.rows) ? (100 * Number(one.value)).toFixed(2) + ' %' : one.value} of ${one.rows} rows`,
        {href: `/v1/models/${encodeURIComponent(model.id)}/evaluations/${one.sha256}`, download: `${model.id}.${one.metric}.zkeval`}));
  }
  return made;
}

const names = new Map();
async function models() {
  const {data} = await call('/v1/models');
  const chosen = $('ask-model').value;
  $('ask-model').replaceChildren(...data.map((model) => element('option', model.id, {value: model.id})));
  if (chosen !== '') $('ask-model').value = chosen;
  $('models').tBodies[0].replaceChildren(...data.map((model) => {
    names.set(model.root, model.id);
    const {card} = model;
    return row(model.id, code(model.root.slice(0, 16)), `${card.inputs.map((t) => t.shape.join('x')).join(', ')}, ${card.inputs_seen}`, card.public_weights ? 'public' : 'private',
      model.problem ?? model.proofs_left ?? 'any number', model.seconds_per_proof?.toPrecision(2), proven(model), button('card', () => show('card', JSON.stringify(card, null, 2))));
  }));
}

// A key that was refused is not tried again until there is another one.
let refusedKey;
async function answers() {
  const key = $('key').value;
  if (key === refusedKey) return;
  const {data} = await call('/v1/answers').catch((error) => {
    if (isKeyAsked(error)) refusedKey = key;
    throw error;
  });
  $('answers').tBodies[0].replaceChildren(...data.map((answer) => row(when(answer.created), names.get(answer.model_root) ?? answer.model_root.slice(0, 16),
    element('span', answer.state === 'proven' ? `proven, ${Math.round(answer.proof_bytes / 1024)} KiB` : answer.state === 'unproven' ? 'none asked for' : answer.state === 'failed' ? 'failed' : 'on its way',
      {className: answer.state === 'proven' ? 'good' : answer.state === 'failed' ? 'bad' : ''}),
    when(answer.proof_by), button('receipt', async () => show('receipt-result', JSON.stringify(await call(`/v1/answers/${answer.id}`), null, 2))))));
}

const client = () => import('/web/zkinfer/src/client.js').catch(() => {
  throw new Error('this service has no verifier to give (make web, --web)');
});

// Separated by commas, spaces or lines, in brackets or not.
function numbersOf(text) {
  const words = text.split(/[\s,[\]]+/).filter(Boolean);
  const other = words.find((word) => !Number.isFinite(Number(word)));
  if (other !== undefined) throw new Error(`'${other}' is no number; expected numbers with commas between, as in 5.1, 3.5`);
  return words.map(Number);
}

let asked = 0;
async function ask() {
  // What an earlier question gave, or gives later, is not shown beside this one.
  const mine = ++asked;
  $('ask-result').hidden = true;
  const showMine = (...what) => { if (mine === asked) show('ask-result', ...what); };
  const numbers = numbersOf($('ask-input').value);
  const {Client} = await client();
  const name = $('ask-model').value;
  if (name === '') throw new Error('This service serves no model yet.');
  const [key, certificate] = await Promise.all([bytes(`/v1/models/${name}/key`), bytes(`/v1/models/${name}/certificate`)]);
  const signingKeys = await call('/.well-known/zkinfer-keys.json');
  const made = await Client.open(location.origin, {key, certificate, signingKeys, apiKey: $('key').value || undefined});
  try {
    const answer = await made.predict(numbers, {wait: false});
    const said = `${Array.from(answer.output).map((x) => x.toPrecision(6)).join(', ')}\nsigned by ${answer.receipt.payload.kid}`;
    showMine(`${said}\nwaiting for the proof ..`);
    await answer.wait();
    showMine(`${said}\nproven: ${answer.proof.length} bytes checked in this page, ${answer.result.security_bits.toFixed(0)} bits, weights ${answer.result.weights}`, 'good');
  } finally {
    made.close();
  }
}

async function jsonOf(id, expected) {
  const [file] = $(id).files;
  try {
    return JSON.parse(await file.text());
  } catch {
    throw new Error(`${file.name} is no JSON, expected ${expected}`);
  }
}

async function checkReceipt() {
  $('receipt-result').hidden = true;
  const pinned = $('pinned').files.length > 0;
  const read = pinned ? await jsonOf('pinned', 'a JWK set (zkinfer-keys.json)') : undefined;
  if ($('receipt').files.length === 0) return;
  const {verifyReceipt, keysOf} = await client();
  let form = await jsonOf('receipt', 'a receipt (receipt.json)');
  form = form?.zkinfer?.receipt ?? form?.receipt ?? form;
  const keys = await keysOf(pinned ? read : await call('/.well-known/zkinfer-keys.json'));
  if (Object.keys(keys).length === 0) throw new Error(`${$('pinned').files[0]?.name ?? 'The service'}: no signing key is there, expected a JWK set (zkinfer-keys.json)`);
  const payload = await verifyReceipt(form, keys);
  const state = await (await fetch(`/v1/proofs/${encodeURIComponent(payload.proof.id)}`)).json();
  show('receipt-result', `signed by ${payload.kid}${pinned ? ', which you pinned' : ', which this service says is its own'}\nproof: ${state.state}\n${JSON.stringify(payload, null, 2)}`, 'good');
}

async function base64(file) {
  const data = new Uint8Array(await file.arrayBuffer());
  let text = '';
  for (let i = 0; i < data.length; i += 0x8000) text += String.fromCharCode(...data.subarray(i, i + 0x8000));
  return {suffix: file.name.split('.').pop().toLowerCase(), base64: btoa(text)};
}

async function upload() {
  const place = $('draft');
  place.hidden = false;
  place.replaceChildren('reading ..');
  let draft;
  try {
    const files = {network: await base64($('upload-network').files[0]), calibration: await base64($('upload-calibration').files[0])};
    draft = await post('/v1/models', {name: $('upload-name').value, files});
  } catch (error) {
    const refused = (error.problem?.refused ?? []).map((part) => element('li', [part.op, part.node, part.reason, part.remedy].filter(Boolean).join(' · ')));
    place.replaceChildren(element('p', inPageWords(error), {className: 'bad'}), ...refused);
    return;
  }
  const {estimate} = draft;
  const costs = `${draft.parameters} parameters, error ${draft.measured_error.toPrecision(2)} (${draft.error_target} asked for), about ${estimate.seconds_per_proof.toPrecision(2)} s and ${Math.round(estimate.proof_bytes / 1024)} KiB a proof` +
    (estimate.price_per_proof === undefined ? '' : `, ${estimate.price_per_proof} each`);
  const table = element('table');
  table.append(...draft.nodes.map((node) => row(node.name, node.op, `${(1000 * node.seconds).toPrecision(2)} ms`)));
  const details = element('details');
  details.append(element('summary', `${draft.nodes.length} nodes, all of them provable`), table);
  place.replaceChildren(element('p', costs), ...draft.warnings.map((text) => element('p', text, {className: 'bad'})), details, button('Commit and serve it', async () => {
    place.append(element('p', 'committing ..'));
    const model = await post(`/v1/models/${draft.draft}/commit`, {});
    place.replaceChildren(element('p', `served as ${model.id}, root ${model.root}`, {className: 'good'}));
    await models();
  }));
}

const on = (id, event, work) => $(id).addEventListener(event, (happened) => {
  happened.preventDefault();
  guarded(work);
});
on('ask', 'submit', ask);
on('upload', 'submit', upload);
for (const id of ['receipt', 'pinned']) on(id, 'change', checkReceipt);
on('key', 'change', async () => { await models(); await answers(); });

// Live, while somebody looks.
await guarded(models);
setInterval(() => { if (!document.hidden) answers().catch(() => {}); }, 1000);
setInterval(() => { if (!document.hidden) models().catch(() => {}); }, 5000);
