// SPDX-License-Identifier: Apache-2.0
// Transactions of the market, before anybody signs them: {what, contract, name, args, value}. contract: 'market', or an address with its `abi`, or {to, data} that is made already. For the command line and for pages.
import {ETH} from './bounty_terms.js';
import {amountText} from './quantities.js';

export const erc20Abi = [
  {type: 'function', name: 'symbol', stateMutability: 'view', inputs: [], outputs: [{name: '', type: 'string'}]},
  {type: 'function', name: 'decimals', stateMutability: 'view', inputs: [], outputs: [{name: '', type: 'uint8'}]},
  {type: 'function', name: 'allowance', stateMutability: 'view', inputs: [{name: 'owner', type: 'address'}, {name: 'spender', type: 'address'}], outputs: [{name: '', type: 'uint256'}]},
  {type: 'function', name: 'approve', stateMutability: 'nonpayable', inputs: [{name: 'spender', type: 'address'}, {name: 'amount', type: 'uint256'}], outputs: [{name: '', type: 'bool'}]},
];
/** A token writes its own name: letters and digits only. */
export const cleanSymbol = (symbol) => symbol.replace(/[^A-Za-z0-9.$_-]/g, '?').slice(0, 16);

const step = (what, name, args, value = 0n) => ({what, contract: 'market', name, args, value});
/** An amount that goes with a call: in ETH as its value. */
const inEth = (token, amount) => (token === ETH ? amount : 0n);

/** Lets the market take an amount of a token, where it may not yet: a list of none or one. allowed: what it may already. */
export const approveSteps = (token, spender, amount, allowed) =>
  (token.address === ETH || amount === 0n || allowed >= amount ? [] : [{what: `approve ${amountText(amount, token.decimals)} ${token.symbol}`, contract: token.address, abi: erc20Abi, name: 'approve', args: [spender, amount], value: 0n}]);

export const createStep = (terms, total) => step('create', 'create', [terms], inEth(terms.token, total));
export const allowStep = (bounty, structures) => step('allow', 'allowStructures', [BigInt(bounty), structures]);
export const cancelStep = (bounty) => step('cancel', 'cancel', [BigInt(bounty)]);
export const revealStep = (bounty, key) => step('reveal', 'revealKey', [BigInt(bounty), key]);
export const commitStep = (b, hash) => step('commit', 'commit', [BigInt(b.id), hash], inEth(b.token, b.hunterStake));
export const announceStep = (bounty, submission, score, cid) => step('announce', 'announce', [BigInt(bounty), BigInt(submission), BigInt(score), cid]);
export const submitStep = (bounty, submission, spec, claim) => step('submit', 'submitScore', [BigInt(bounty), BigInt(submission), spec, claim]);
export const offerStep = (b, offer) => step('offer', 'offerWeights', [BigInt(b.id), offer], inEth(b.token, b.offerBond));
export const acceptStep = (bounty) => step('accept', 'accept', [BigInt(bounty)]);
export const releaseStep = (bounty, k1) => step('release', 'release', [BigInt(bounty), k1]);
export const withdrawStep = (token, account) => step('withdraw', 'withdraw', [token, account]);

/** What time allows of a bounty by now, for an account's own submissions too; after each of them there may be others. b: with id, state, until, isFaulted, proven. */
export function dueSteps(b, submissions, account, now) {
  const id = BigInt(b.id);
  if (b.state === 'RANKED' || b.state === 'FAULT') return [step('settle', 'settle', [id])];
  if (b.state === 'EXCHANGE' && Number(b.until) <= now) return [step('advance', 'advance', [id])];
  return submissions.flatMap(({hunter, isCompensated, isRefunded}, number) => {
    if (hunter.toLowerCase() !== account) return [];
    if (b.isFaulted && !isCompensated) return [step(`stakes of submission ${number}`, 'claimFault', [id, BigInt(number)])];
    if (!b.isFaulted && b.state === 'DONE' && Number(b.proven) === 0 && !isRefunded) return [step(`stake of submission ${number}`, 'reclaim', [id, BigInt(number)])];
    return [];
  });
}
