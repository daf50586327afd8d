// SPDX-License-Identifier: Apache-2.0
// Parts that the page of bounties is made of: what says in words what came of something, fields, files that are chosen, files that must be kept, commands for a terminal.
import {ZkinferError, invalidArgument} from '../src/errors.js';
import {element} from './show.js';

export const messageOf = (error) => (error instanceof ZkinferError ? error.message : `${error.name}: ${error.message}`);
export const short = (address) => element('code', {class: 'id', title: address}, `${address.slice(0, 8)}..${address.slice(-4)}`);
export const line = (name, ...values) => element('tr', null, element('th', {scope: 'row'}, name), element('td', null, ...values));
export const table = (...lines) => element('div', {class: 'scroll'}, element('table', null, element('tbody', null, ...lines)));
export const good = (...words) => element('span', {class: 'good'}, ...words);

/** A button whose work says in `where` what came of it. */
export function action(label, where, work) {
  const button = element('button', {type: 'button'}, label);
  button.addEventListener('click', async () => {
    button.disabled = true;
    where.replaceChildren('..');
    try {
      where.replaceChildren(...[await work(where)].flat());
    } catch (error) {
      const isVerdict = error instanceof ZkinferError && error.code === 'not_good';
      where.replaceChildren(element('span', {class: 'bad'}, isVerdict ? `NOT GOOD: ${messageOf(error)}` : messageOf(error)));
    } finally {
      button.disabled = false;
    }
  });
  return button;
}
export const outcome = () => element('div', {class: 'outcome', role: 'status'});
/** A button with its own place for what came of it. */
export function task(label, work) {
  const where = outcome();
  return element('div', null, element('p', {class: 'actions'}, action(label, where, work)), where);
}

let serial = 0;
const newId = () => `part-${++serial}`;

/** {part, text()}. */
export function field(label, {value = '', placeholder = '', help} = {}) {
  const id = newId();
  const input = element('input', {id, type: 'text', autocomplete: 'off', spellcheck: 'false', value, placeholder});
  return {label, input, part: element('p', null, element('label', {for: id}, label), help ? element('span', {class: 'soft small'}, ` ${help}`) : null, element('br'), input), text: () => input.value.trim()};
}

/** {part, value()} of a choice; options: [value, what people read]. */
export function choice(label, options) {
  const id = newId();
  const select = element('select', {id}, ...options.map(([value, text]) => element('option', {value}, text)));
  return {select, part: element('p', null, element('label', {for: id}, label), element('br'), select), value: () => select.value};
}

/** {part, isSaid()}: what only its owner can know. */
export function promise_(label) {
  const id = newId();
  const input = element('input', {id, type: 'checkbox'});
  return {part: element('p', null, input, ' ', element('label', {for: id}, label)), isSaid: () => input.checked};
}

/** {part, files(), one()}: files that are chosen or dropped on it, as {name, bytes}; they stay in the page. */
export function chooser(label, {accept, multiple = false} = {}) {
  const id = newId();
  const input = element('input', {id, type: 'file', class: 'away', ...(accept && {accept}), ...(multiple && {multiple: ''})});
  const names = element('span', {class: 'soft small'}, 'none yet');
  const changed = () => (names.textContent = [...input.files].map(({name}) => name).join(', ') || 'none yet');
  input.addEventListener('change', changed);
  const part = element('p', {class: 'actions'}, element('label', {class: 'button', for: id}, label), input, names);
  part.addEventListener('dragover', (event) => event.preventDefault());
  part.addEventListener('drop', (event) => {
    event.preventDefault();
    input.files = event.dataTransfer.files;
    changed();
  });
  const files = () => Promise.all([...input.files].map(async (file) => ({name: file.name, bytes: new Uint8Array(await file.arrayBuffer())})));
  const one = async () => {
    const [first] = await files();
    if (first === undefined) throw invalidArgument(`'${label}': choose the file, or drop it there`);
    return first;
  };
  return {label, part, files, one};
}
export const textOf = ({bytes}) => new TextDecoder().decode(bytes);

/** {part(), name, isKept()}: a file of the page's own that its owner saves; what is sent afterwards waits for it where it is a secret that nobody can make again. */
export function keeper(name, content, about) {
  let isKept = false;
  const href = URL.createObjectURL(new Blob([content]));
  const part = () => {
    const link = element('a', {class: 'button', download: name, href}, `Save ${name}`);
    link.addEventListener('click', () => (isKept = true));
    return element('p', {class: 'actions'}, link, element('span', {class: 'soft small'}, about));
  };
  return {name, part, isKept: () => isKept};
}

/** What is typed in a terminal, to be copied. */
export const command = (...lines) => element('pre', {class: 'command'}, lines.join('\n'));
