// SPDX-License-Identifier: Apache-2.0
// A transaction as it would be sent, with its cost, for its sender to read before his wallet signs it. No key is here: the wallet has it.
import {functionOf, signatureOf} from '../src/abi.js';
import {ZkinferError} from '../src/errors.js';
import {fromHex, toHex} from '../src/bytes.js';
import {keccak256} from '../src/keccak.js';
import {amountText} from '../src/quantities.js';
import {good, line, table} from './bounty_parts.js';
import {element} from './show.js';

const code = (text) => element('code', {class: 'id'}, text);
const digestText = (digits) => `${digits.length / 2 - 1} bytes, Keccak-256 0x${toHex(keccak256(fromHex(digits.slice(2))))}`;

function shown(type, value) {
  if (/^bytes$/.test(type) && value.length > 2 + 2 * 96) return digestText(value);
  if (Array.isArray(value)) return `[${value.map((one) => shown(type.replace(/\[\d*\]$/, ''), one)).join(', ')}]`;
  return String(value);
}
/** A line for every number and text of a call. */
function linesOf(inputs, values, prefix = '') {
  return inputs.flatMap((input, i) => {
    const value = Array.isArray(values) ? values[i] : values[input.name];
    if (input.type === 'tuple') return linesOf(input.components, value, `${prefix}${input.name}.`);
    return [line(`${prefix}${input.name}`, code(shown(input.type, value)))];
  });
}

/** Shows what would be sent and waits for its sender: the receipt once it is mined. kept: files that have to be saved before; about: in words what it does. Throws where he says no. */
export async function review(market, account, step, where, {kept = [], about = []} = {}) {
  where.replaceChildren('asking the contract ..');
  const made = await market.prepare(account, step);
  const entry = step.abi === undefined && step.data !== undefined ? undefined : functionOf(made.abi, step.name, step.args.length);
  const eth = (wei) => `${amountText(wei, 18)} ETH`;
  const lines = [
    line('function', code(entry === undefined ? step.what : signatureOf(entry).slice(0, 60))), line('of the contract', code(made.to)), line('from', code(account)), line('chain', String(market.chainId)), line('value', eth(step.value ?? 0n)),
    ...(entry === undefined ? [] : linesOf(entry.inputs, step.args)), line('data', code(digestText(made.data))),
    line('costs', `about ${made.gas} gas, at most ${eth(made.most)} at ${amountText(made.maxFeePerGas, 9)} gwei; your wallet may change the fee`),
  ];
  const said = element('p', {class: 'bad'});
  const send = element('button', {type: 'button'}, 'Send with my wallet');
  const leave = element('button', {type: 'button'}, 'Do not send');
  where.replaceChildren(element('div', {class: 'review'}, element('h3', null, `To be sent: ${step.what}`), ...about.map((text) => element('p', null, text)), table(...lines), ...kept.map(({part}) => part()), element('p', {class: 'actions'}, send, leave), said));
  await new Promise((resolve, reject) => {
    leave.addEventListener('click', () => reject(new ZkinferError('invalid_argument', 'nothing was sent')));
    send.addEventListener('click', () => {
      const missing = kept.filter(({isKept}) => !isKept()).map(({name}) => name);
      if (missing.length === 0) resolve();
      else said.textContent = `Save ${missing.join(' and ')} first: nobody can make ${missing.length === 1 ? 'it' : 'them'} again.`;
    });
  });
  where.replaceChildren(`${step.what}: your wallet asks you`);
  const hash = await made.send();
  where.replaceChildren(`${step.what}: sent, waiting for a block .. `, code(hash));
  return market.mined(step.what, hash);
}

/** One after the other; `step`s may be functions that make it once those before are mined. after(): when all are. */
export async function sendAll(market, account, steps, where, options, after = () => {}) {
  let receipt;
  for (const [i, one] of steps.entries()) receipt = await review(market, account, typeof one === 'function' ? await one() : one, where, i === steps.length - 1 ? options : {about: [`Step ${i + 1} of ${steps.length}.`]});
  setTimeout(after, 200);
  return [good('done: '), code(receipt.transactionHash), ` in block ${Number(receipt.blockNumber)}, ${Number(receipt.gasUsed)} gas`];
}
