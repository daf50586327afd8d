// SPDX-License-Identifier: Apache-2.0
// What anybody may see and set going: bounties, one bounty, and what time allows of it.
import {addressOf, amountText, wholeOf} from '../src/quantities.js';
import {invalidArgument} from '../src/errors.js';
import {dueSteps, withdrawStep} from '../src/market_steps.js';
import {STATES, meaningOf, nextOf} from '../src/market_states.js';
import {bountyOf, idOf, submissionsOf, termsOf} from './bounty.js';
import {Chain, reading, sending} from './chain.js';

const who = 'For anybody';
const there = '--rpc http://127.0.0.1:8545 --deployment market.json';
const id = {name: 'BOUNTY', help: 'its number'};

export const list = {
  name: 'list', who, summary: 'bounties, the newest first',
  options: [...reading, {name: 'state', value: 'STATE', help: `only those in one state: ${STATES.join(', ')}`}, {name: 'count', value: 'N', otherwise: '20', help: 'at most so many'}],
  examples: [`list ${there}`, `list --state OPEN ${there} --json`],
  async run(values, say) {
    const wanted = values.state?.toUpperCase();
    if (wanted !== undefined && !STATES.includes(wanted)) throw invalidArgument(`--state: expected ${STATES.join(', ')}, got '${values.state}'`);
    const count = wholeOf('--count', values.count ?? '20');
    const chain = await Chain.open(values, say);
    const total = Number(await chain.read(chain.market, 'numBounties'));
    if (!Number.isSafeInteger(total)) throw invalidArgument(`--rpc: the node answers ${total} bounties; is it a node of this chain?`);
    const bounties = [];
    for (let number = total - 1; number >= 0 && bounties.length < count; --number) {
      const b = await bountyOf(chain, number);
      if (wanted !== undefined && b.state !== wanted) continue;
      const {symbol, decimals} = await chain.token(b.token);
      bounties.push({bounty: number, state: b.state, prize: `${amountText(b.prize, decimals)} ${symbol}`, price: `${amountText(b.price, decimals)} ${symbol}`, submissions: b.submissions, proven: b.proven, provider: b.provider, next: nextOf(b, b.state, b.now)});
    }
    return {total, bounties};
  },
  text: ({total, bounties}) => [`${bounties.length} of ${total} bounties`, ...bounties.map((b) => `${b.bounty}: ${b.state}, prize ${b.prize}, price ${b.price}, ${b.submissions} submissions, ${b.proven} proven, by ${b.provider}${b.next ? `; ${b.next}` : ''}`)],
};

export const show = {
  name: 'show', who, summary: 'one bounty: terms, state, submissions, ranks, what comes next',
  takes: [id], options: reading, examples: [`show 0 ${there}`],
  async run(values, say) {
    const chain = await Chain.open(values, say);
    const b = await bountyOf(chain, idOf(values.bounty));
    const [{symbol, decimals}, terms, submissions, ranking] = await Promise.all([chain.token(b.token), termsOf(chain, b.id), submissionsOf(chain, b.id, b.submissions), chain.read(chain.market, 'rankingOf', BigInt(b.id))]);
    const amount = (value) => `${amountText(value, decimals)} ${symbol}`;
    return {
      bounty: b.id, state: b.state, next: nextOf(b, b.state, b.now) ?? null, provider: b.provider, prize: amount(b.prize), price: amount(b.price), provider_stake: amount(b.providerStake), hunter_stake: amount(b.hunterStake), bond: amount(b.offerBond), token: b.token,
      threshold: Number(b.threshold), shares: b.shares.filter((share) => share > 0).map((share) => share / 100), commit_until: Number(b.commitUntil), reveal_until: Number(b.revealUntil), prove_until: Number(b.proveUntil),
      cid: terms.cid, buyer_key: terms.buyerKey, key: /^0x0*$/.test(b.key) ? null : b.key, is_faulted: b.isFaulted || b.state === 'FAULT',
      submissions: submissions.map((s) => ({submission: s.number, hunter: s.hunter, score: s.isScored ? Number(s.score) : null, rank: ranking.indexOf(BigInt(s.number)) < 0 ? null : ranking.indexOf(BigInt(s.number)) + 1, stake_returned: s.isRefunded})),
    };
  },
  text: (b) => [
    `bounty ${b.bounty} is in the state ${b.state}: ${meaningOf(b.state)}${b.next ? `; ${b.next}` : ''}`,
    `prize ${b.prize} (${b.shares.map((share) => `${share} %`).join(', ') || 'none'}), price ${b.price}, stakes ${b.provider_stake} of the provider and ${b.hunter_stake} of a hunter, bond ${b.bond}`,
    `provider ${b.provider}; he knows the labels, and can win his own prize`,
    `at least ${b.threshold} rows right are ranked; data ${b.cid}${b.key ? ', open' : ', sealed'}`,
    ...(b.is_faulted ? ['the provider is at fault: hunters get their stakes and his'] : []),
    ...b.submissions.map((s) => `submission ${s.submission} by ${s.hunter}: ${s.score === null ? 'no score proven' : `${s.score} rows right, proven`}${s.rank ? `, rank ${s.rank}` : ''}`),
  ],
};

export const claim = {
  name: 'claim', who, summary: 'what is due: settles, ends what is late, takes stakes back, pays out',
  takes: [id], options: [...sending, {name: 'for', value: 'ADDRESS', otherwise: 'the account that sends', help: 'who is paid: it goes to nobody else'}],
  examples: [`claim 0 ${there} --key-file account.key`, `claim 0 --for 0x1111111111111111111111111111111111111111 ${there} --key-file account.key`],
  note: 'Anybody may call it for anybody, as often as he likes. Every step says what it costs before.',
  async run(values, say) {
    const chain = await Chain.open(values, say, {sends: true});
    const account = values.for === undefined ? chain.account : addressOf('--for', values.for);
    const bounty = idOf(values.bounty);
    const sent = [];
    let b;
    for (;;) {
      b = await bountyOf(chain, bounty);
      const due = dueSteps(b, await submissionsOf(chain, bounty, b.submissions), account, b.now);
      // What comes behind the first of a dry run nobody knows yet.
      if (due.length === 0 || (values.dryRun && sent.length > 0)) break;
      for (const step of values.dryRun ? due.slice(0, 1) : due) sent.push(await chain.step(step));
    }
    const dry = () => values.dryRun && sent.length > 0;
    const owed = dry() ? 0n : await chain.read(chain.market, 'credits', b.token, account);
    const {symbol, decimals} = await chain.token(b.token);
    if (owed > 0n) {
      say(`${amountText(owed, decimals)} ${symbol} are owed to ${account}, of this bounty and others`);
      sent.push(await chain.step(withdrawStep(b.token, account)));
    }
    if (sent.length === 0) say(`nothing is due to ${account}: bounty ${bounty} is in the state ${b.state}: ${meaningOf(b.state)}${nextOf(b, b.state, b.now) ? `; ${nextOf(b, b.state, b.now)}` : ''}`);
    if (values.dryRun && sent.length > 0) say('what comes behind the first step shows once it is done');
    return {bounty, account, state: b.state, paid: `${amountText(values.dryRun ? 0n : owed, decimals)} ${symbol}`, transactions: sent};
  },
};
