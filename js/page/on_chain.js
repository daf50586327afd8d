// SPDX-License-Identifier: Apache-2.0
// What a transaction would cost: the contracts run in the page, by a script that is read when somebody asks (chain.js).
import {held} from './own_module.js';
import {element, facts, kibibytes} from './show.js';

// What `zkinfer evm export` writes; undefined where it is something else.
export function readExported(text) {
  try {
    const found = JSON.parse(text);
    return ['model_id', 'identity', 'program', 'calldata'].every((key) => typeof found?.[key] === 'string' && found[key].startsWith('0x')) ? found : undefined;
  } catch {
    return undefined;
  }
}

const hexOf = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
const grouped = (gas) => `${String(gas).replace(/\B(?=(\d{3})+$)/g, ',')} gas`;
let shown; // what the part is about

function chainOf() {
  if (globalThis.zkinferChain === undefined) document.body.append(element('script', null, document.getElementById('chain').textContent));
  return globalThis.zkinferChain;
}

async function run(exported, into) {
  into.replaceChildren(element('p', {class: 'soft'}, 'The contracts are running; this takes a few seconds ..'));
  await new Promise((resolve) => setTimeout(resolve, 30)); // painted first
  const begin = performance.now();
  try {
    const {verdict, registration, transaction, data, floor} = await chainOf().gasOf(exported, held.contracts);
    if (shown !== exported) return;
    into.dataset.seconds = (performance.now() - begin) / 1000;
    into.replaceChildren(element('p', null, element('b', {class: verdict.accepted ? 'yes' : 'no'}, verdict.accepted ? 'Accepted by the contract.' : `Rejected by the contract: ${verdict.reason}.`)),
        facts([['register the model, once', grouped(registration)],
          ...(verdict.accepted ? [['verify and store a receipt', `${grouped(transaction)}, of at most 16,777,216 (EIP-7825)`], ['of it calldata', grouped(data)], ['at least (EIP-7623)', grouped(floor)]] : [])]),
        element('p', {class: 'soft small'}, 'In @ethereumjs/evm by the rules of Osaka, with the contracts that this page was built with. Whether a chain has the same ones, and this model\'s id, is another question.'));
  } catch (error) {
    if (shown === exported) into.replaceChildren(element('p', {class: 'no'}, error.message));
  }
}

// exported: undefined where there is none. proof: the file that is checked beside it.
export function showOnChain(part, exported, proof) {
  if (exported === undefined) {
    shown = undefined;
    return part.replaceChildren();
  }
  if (shown !== exported) {
    shown = exported;
    const into = element('div');
    const button = element('button', null, 'Run the contracts here');
    button.addEventListener('click', () => run(exported, into));
    part.replaceChildren(element('section', null, element('h2', null, 'On a chain'),
        facts([['model id', exported.model_id], ['program, registered once', kibibytes((exported.program.length - 2) / 2)], ['calldata of a verification', kibibytes((exported.calldata.length - 2) / 2)]]),
        element('p', {id: 'onchain-proof'}), held.contracts ? button : element('p', {class: 'soft'}, 'This page was built without contracts (make evm, then make web): it cannot run them.'), into));
  }
  document.getElementById('onchain-proof').textContent = proof !== undefined && !exported.calldata.includes(hexOf(proof)) ? 'Its calldata hold another proof than the file above.' : '';
}
