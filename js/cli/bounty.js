// SPDX-License-Identifier: Apache-2.0
// A bounty as the chain has it, for people.
import {ZkinferError, invalidArgument} from '../src/errors.js';
import {STATES, meaningOf} from '../src/market_states.js';
import {HOUR, distanceText, wholeOf} from '../src/quantities.js';

const PAGE = 100n;
const strange = (what) => new ZkinferError('input/output', `${what}; is it a node of this chain, and is it up to date?`);
export const idOf = (text) => wholeOf('BOUNTY', text);

/** Its fields, `state` by name, and `now`. */
export async function bountyOf(chain, id) {
  const state = STATES[Number(await chain.read(chain.market, 'stateOf', BigInt(id)))];
  const [bounty] = await chain.read(chain.market, 'bountiesFrom', BigInt(id), 1n);
  if (state === undefined || bounty === undefined) throw strange(`bounty ${id}: the node answers something that no market says`);
  return {id, state, now: await chain.now(), ...bounty, provider: bounty.provider.toLowerCase(), token: bounty.token.toLowerCase()};
}

/** The same where it is in this state. hint(state, bounty): what else to say. */
export async function inState(chain, id, state, hint = () => undefined) {
  const bounty = await bountyOf(chain, id);
  if (bounty.state !== state) {
    const more = hint(bounty.state, bounty);
    throw invalidArgument(`bounty ${id}: it is in the state ${bounty.state}: ${meaningOf(bounty.state)}; this belongs to ${state}${more ? `. ${more}` : ''}`);
  }
  return bounty;
}

/** Refuses what could come too late: who makes blocks can hold a transaction back for minutes. */
export function mustNotBeLate(what, until, now, late) {
  const left = Number(until) - now;
  if (left < HOUR && !late) throw invalidArgument(`${what}: it is over ${distanceText(left)}, and a transaction can be held back; --late sends it nevertheless`);
}
export const lateOption = {name: 'late', help: 'send in the last hour before a deadline, too'};

/** All submissions of a bounty. */
export async function submissionsOf(chain, id, count) {
  const out = [];
  for (let from = 0n; from < BigInt(count); from += PAGE) out.push(...(await chain.read(chain.market, 'submissionsFrom', BigInt(id), from, PAGE)));
  return out.map((submission, number) => ({number, ...submission, hunter: submission.hunter.toLowerCase()}));
}

/** What the last event of this name says; `missing` where the node has none. */
export async function lastEventOf(chain, name, args, missing) {
  const event = (await chain.events(chain.market, name, args)).pop();
  if (event === undefined) throw strange(`${missing}; "block" in the deployment is later than it, or the node keeps no old events`);
  return event.args;
}

/** What it was created with: addresses of data and the buyer's key are in the event alone. */
export async function termsOf(chain, id) {
  return (await lastEventOf(chain, 'Created', {id: BigInt(id)}, `bounty ${id}: the node does not have the event of its creation`)).terms;
}
