// SPDX-License-Identifier: Apache-2.0
// What a provider agrees to, from words as people write them; for the command line and for pages.
import {invalidArgument} from './errors.js';
import {HOUR, amountOf, deadlineOf, durationOf, sharesOf, thresholdOf} from './quantities.js';

export const ETH = `0x${'00'.repeat(20)}`;
const NO_KEY = `0x${'00'.repeat(32)}`;

/** In the place of words that are not given. */
export const TERM_DEFAULTS = {prize: '0', price: '0', bond: '0', shares: '100', commitUntil: '7d', revealUntil: '2d', proveUntil: '5d', exchangeWindow: '3d'};

/** {terms, total}: what `create` takes and what it takes in. words: prize, price, stake, hunterStake, bond, threshold, shares, commitUntil, revealUntil, proveUntil, exchangeWindow. token: {address, decimals}; now: of the chain, in seconds;
    published: {spec, description, cid} of the data; buyerKey: public, undefined where there is none; called(name): how the interface calls a word. */
export function termsOf(bounties, words, {token, now, published, keyHash, buyerKey, called}) {
  const given = {...TERM_DEFAULTS, ...Object.fromEntries(Object.entries(words).filter(([, text]) => text !== undefined && text !== ''))};
  const amount = (name) => amountOf(called(name), given[name] ?? '', token.decimals);
  const [prize, price, providerStake] = ['prize', 'price', 'stake'].map(amount);
  if (price > 0n && buyerKey === undefined) throw invalidArgument(`${called('keys')}: a price buys weights, and shares of them are sealed to a key of yours; \`zkinfer-market new-keys\` or the page of bounties makes one`);
  const commitUntil = deadlineOf(called('commitUntil'), given.commitUntil, now);
  const revealUntil = deadlineOf(called('revealUntil'), given.revealUntil, commitUntil);
  const proveUntil = deadlineOf(called('proveUntil'), given.proveUntil, revealUntil);
  for (const [name, length] of [['commitUntil', commitUntil - now], ['revealUntil', revealUntil - commitUntil], ['proveUntil', proveUntil - revealUntil]]) {
    if (length < HOUR || length > 90 * 24 * HOUR) throw invalidArgument(`${called(name)}: the window would be ${Math.round(length / 60)} minutes; the market takes an hour to 90 days`);
  }
  const window = durationOf(called('exchangeWindow'), given.exchangeWindow);
  const terms = {
    token: token.address, prize, price, providerStake, hunterStake: amount('hunterStake'), offerBond: amount('bond'), commitUntil: BigInt(commitUntil), revealUntil: BigInt(revealUntil), proveUntil: BigInt(proveUntil),
    offerWindow: window, acceptWindow: window, releaseWindow: window, threshold: BigInt(thresholdOf(given.threshold ?? '', published.description.rows, called('threshold'))),
    shares: prize === 0n ? Array(8).fill(0) : sharesOf(given.shares, called('shares')), keyHash, specDigest: bounties.specDigest(published.spec), buyerKey: buyerKey ?? NO_KEY, cid: published.cid,
  };
  return {terms, total: prize + price + providerStake};
}
