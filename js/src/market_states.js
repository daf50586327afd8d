// SPDX-License-Identifier: Apache-2.0
// What BountyMarket's states mean, and what comes next; for pages and the command line.
import {distanceText, timeText} from './quantities.js';

export const STATES = ['OPEN', 'REVEAL', 'FAULT', 'PROVE', 'RANKED', 'EXCHANGE', 'DONE'];
export const EXCHANGE_STAGES = ['none', 'offer', 'accept', 'release'];

const MEANINGS = {
  OPEN: 'models are committed to',
  REVEAL: 'the key of the data is awaited',
  FAULT: 'the key did not come, came early, or opens something else; hunters get their stakes and the provider\'s',
  PROVE: 'scores are proven',
  RANKED: 'time to prove is over; anybody has the prize paid',
  EXCHANGE: 'the weights are sold',
  DONE: 'nothing is left but what is owed',
};
export const meaningOf = (state) => MEANINGS[state];

export const timeLeft = (until, now) => `${distanceText(Number(until) - now)} (${timeText(until)})`;

/** What comes next of a bounty, and when; undefined where time brings nothing more. */
export function nextOf(b, state, now) {
  if (state === 'OPEN') return `commitments end ${timeLeft(b.commitUntil, now)}`;
  if (state === 'REVEAL') return `the key is due until ${timeLeft(b.revealUntil, now)}`;
  if (state === 'PROVE') return `proofs end ${timeLeft(b.proveUntil, now)}`;
  if (state !== 'EXCHANGE') return undefined;
  const rank = Number(b.round) + 1;
  return Number(b.until) > now ? `rank ${rank}: ${EXCHANGE_STAGES[Number(b.stage)]}, until ${timeLeft(b.until, now)}` : `rank ${rank} is late: anybody goes on`;
}
