// SPDX-License-Identifier: Apache-2.0
// The page of bounties: what a market says, what time makes of it, and what a watcher checks and a wallet's owner sets going.
import {ETH} from '../src/bounty_terms.js';
import {ZkinferError} from '../src/errors.js';
import {keccak256} from '../src/keccak.js';
import {Bounties} from '../src/market.js';
import {EXCHANGE_STAGES, meaningOf, nextOf, timeLeft} from '../src/market_states.js';
import {dueSteps, withdrawStep} from '../src/market_steps.js';
import {HOUR, amountText, distanceText, timeText} from '../src/quantities.js';
import {Market, nodeAt, nodeOf} from './bounty_chain.js';
import {Files, checkData, checkProofs} from './bounty_check.js';
import {createForm} from './bounty_create.js';
import {hunterParts} from './bounty_hunter.js';
import {action, line, messageOf, outcome, short} from './bounty_parts.js';
import {providerParts} from './bounty_provider.js';
import {sendAll} from './bounty_send.js';
import {element} from './show.js';

const byId = (id) => document.getElementById(id);
const bounties = new Bounties(keccak256);
const files = new Files();
const FIELDS = ['rpc', 'market', 'block', 'gateway'];
const INTERVAL = 6000;
let market;
let account;
// The node's clock and ours, when it was asked.
let clock = {node: 0, own: 0};
const open = new Set();
const checked = new Map();
// Cards that are shown, by their bounty: made anew only where something has changed, so that nothing moves under a reader.
const shownCards = new Map();

const now = () => clock.node + Math.floor((Date.now() - clock.own) / 1000);
function say(text, isBad = false) {
  byId('said').textContent = text;
  byId('said').className = isBad ? 'bad' : '';
}
function amount(b, value) {
  const token = b.token === ETH ? {symbol: 'ETH', decimals: 18} : market.tokens.get(b.token);
  return token === undefined ? `${value} of the smallest unit of token ${b.token}` : `${amountText(value, token.decimals)} ${token.symbol}`;
}
/** What a card shows of time: written anew each time the node was asked. */
class Clock {
  #ticks = [];
  text(textOf) {
    const span = element('span', null, textOf());
    this.#ticks.push(() => (span.textContent = textOf()));
    return span;
  }
  tick() {
    for (const one of this.#ticks) one();
  }
}

// What stays as it is while a card is made anew.
function place(key) {
  if (!checked.has(key)) checked.set(key, outcome());
  return checked.get(key);
}

function dataPart(b) {
  const where = place(`data ${b.id}`);
  const work = async () => {
    const {description, opened} = await checkData(market, bounties, b, files);
    const lied = (opened ?? []).flatMap(({isAsPromised}, i) => (isAsPromised ? [] : [i]));
    if (lied.length > 0) throw new ZkinferError('not_good', `chunks ${lied.join(', ')} open to something else than was promised; \`zkinfer-market challenge\` ends the bounty at the provider's cost`);
    return element('span', {class: 'good'}, `GOOD: ${description.rows} rows in ${description.chunks.length} chunks are there as the terms promise${opened === undefined ? ', sealed' : ', and the key opens them as promised'}`);
  };
  return element('div', null, element('p', {class: 'actions'}, action('Check the data', where, work)), where);
}

function submissionRow(b, s, number, ranking) {
  const rank = ranking.findIndex((one) => Number(one) === number);
  const announced = market.of(b.id, 'Announced').filter(({args}) => Number(args.submission) === number).at(-1);
  const scored = market.of(b.id, 'Scored').find(({args}) => Number(args.submission) === number);
  const where = place(`proofs ${b.id} ${number}`);
  const work = async () => {
    const result = await checkProofs(market, bounties, b, {number, hunter: s.hunter, cid: announced.args.cid, modelId: scored?.args.modelId}, files);
    if (Number(announced.args.score) !== result.score) throw new ZkinferError('not_good', `announced were ${announced.args.score} rows, proven are ${result.score}`);
    if (result.modelIsOnChain === false) throw new ZkinferError('not_good', 'the proofs are of another model than the one whose score is on chain');
    const onChain = result.modelIsOnChain ? 'It is the model whose score is on chain.' : 'Its score is not on chain.';
    return [element('span', {class: 'good'}, `GOOD: ${result.score} of ${result.rows} rows are right, proven to this page at ${result.bits} bits. ${onChain}`), element('br'), 'model ', element('code', {class: 'id'}, result.identity)];
  };
  const check = announced === undefined ? element('span', {class: 'soft'}, 'no proofs announced') : action('Check its proofs here', where, work);
  return element('tr', {class: 'submission'}, element('td', {class: 'n'}, String(number)), element('td', null, short(s.hunter)), element('td', {class: 'n'}, s.isScored ? `${s.score}, proven` : announced ? `${announced.args.score}, said` : 'none'),
    element('td', {class: 'n'}, rank < 0 ? '' : String(rank + 1)), element('td', null, check, where));
}

/** What panels work with. */
const working = () => ({
  market, account, bounties, files, refresh: () => refresh().catch((error) => say(messageOf(error), true)), stageOf: (b) => (Number(b.until) > now() ? EXCHANGE_STAGES[Number(b.stage)] : 'late'),
  late: (until) => (Number(until) - now() < HOUR ? [`It is over ${distanceText(Number(until) - now())}, and a transaction can be held back.`] : []),
  there: () => `--rpc ${byId('rpc').value.trim() || 'URL'} --deployment market.json`, from: () => `--rpc ${byId('rpc').value.trim() || 'URL'} --deployment market.json --from ${account}`,
  gateway: () => (byId('gateway').value.trim() ? `--gateway ${byId('gateway').value.trim()}` : ''),
});

const DUE_LABELS = {settle: () => 'Settle', advance: () => 'Go on to the next rank', claimFault: ([, number]) => `Take the stakes of submission ${number}`, reclaim: ([, number]) => `Take the stake of submission ${number} back`};

/** What the wallet's owner may set going: his own steps, and what anybody may for anybody. */
async function walletPart(b, submissions) {
  if (account === undefined) return undefined;
  const where = place(`wallet ${b.id}`);
  const at = working();
  const send = (label, step) => action(label, where, () => sendAll(market, account, [step], where, {}, at.refresh));
  const buttons = dueSteps(b, submissions, account, now()).map((step) => send(DUE_LABELS[step.name](step.args), step));
  buttons.push(send('Pay out what I am owed', withdrawStep(b.token, account)));
  // A panel stays as it is, with the files that were chosen, while its state lasts.
  const key = `panel ${b.id} ${b.state} ${at.stageOf(b)} ${b.round} ${Number(b.submissions) > 0} ${submissions.some(({hunter, isScored}) => hunter === account && !isScored)} ${market.of(b.id, 'Released').length}`;
  if (!checked.has(key)) checked.set(key, element('div', {class: 'panel'}, ...(b.provider === account ? await providerParts(at, b) : []), ...(await hunterParts(at, b, submissions))));
  const panel = checked.get(key);
  return element('div', null, panel, element('p', {class: 'actions'}, ...buttons), where);
}

const EVENT_TEXTS = {
  Created: () => 'created', Cancelled: () => 'taken back', Allowed: ({structure}) => `structure ${structure.slice(0, 10)}.. is allowed`, Committed: ({submission}) => `submission ${submission} is committed to`, KeyRevealed: () => 'the key of the data is out',
  Faulted: ({isEarly}) => (isEarly ? 'the key came before its time' : 'a chunk opens to something else than was promised'), Compensated: ({submission, amount: paid}, b) => `submission ${submission} gets ${amount(b, paid)} of stakes`, Announced: ({submission, score}) => `submission ${submission} says ${score}`,
  Scored: ({submission, score}) => `submission ${submission} has proven ${score}`, Settled: ({ranked}) => `settled, ${ranked} ranked`, PrizeWon: ({submission, amount: won}, b) => `submission ${submission} wins ${amount(b, won)}`, StakeReturned: ({submission}) => `submission ${submission} has its stake back`,
  Offered: ({rank}) => `rank ${Number(rank) + 1} offers its weights`, Accepted: () => 'the provider accepts', Released: () => 'the share is released, the price paid', Advanced: ({closed}) => (closed ? 'nobody sells, the price goes back' : 'the next rank may sell'),
};

const plain = (_, value) => (typeof value === 'bigint' ? value.toString() : value);

async function card(b) {
  const isLate = b.state === 'EXCHANGE' && Number(b.until) <= now();
  const signature = JSON.stringify([b, isLate, account, (market.events.get(b.id) ?? []).length], plain);
  const kept = shownCards.get(b.id);
  if (kept?.signature === signature) {
    kept.time.tick();
    return kept.section;
  }
  const time = new Clock();
  const [submissions, ranking] = await Promise.all([market.submissionsOf(b), market.read('rankingOf', b.id)]);
  const terms = market.termsOf(b.id);
  const shares = b.shares.map(Number).filter((share) => share > 0).map((share) => `${share / 100} %`).join(', ');
  const deadline = (until) => time.text(() => timeLeft(until, now()));
  const events = (market.events.get(b.id) ?? []).filter(({name}) => EVENT_TEXTS[name] !== undefined);
  const details = element('details', open.has(b.id) ? {open: ''} : null, element('summary', null, `Bounty ${b.id}: ${amount(b, b.prize)}, `, element('b', {class: 'state'}, b.state)),
    element('p', {class: 'next'}, time.text(() => [meaningOf(b.state), nextOf(b, b.state, now())].filter(Boolean).join('; '))),
    element('div', {class: 'scroll'}, element('table', null, element('tbody', null,
      line('prize', amount(b, b.prize), shares ? ` (${shares})` : ''), line('price of the weights', amount(b, b.price)), line('stakes', `${amount(b, b.providerStake)} of the provider, ${amount(b, b.hunterStake)} of a hunter`),
      line('ranked from', `${b.threshold} rows right`), line('provider', short(b.provider)), line('commitments until', deadline(b.commitUntil)), line('key until', deadline(b.revealUntil)), line('proofs until', deadline(b.proveUntil)),
      line('data', element('code', {class: 'id'}, terms.cid), /^0x0*$/.test(b.key) ? ', sealed' : ', open')))),
    dataPart(b),
    submissions.length === 0 ? element('p', {class: 'soft'}, 'Nobody has committed to a model.') : element('div', {class: 'scroll'}, element('table', {class: 'submissions'}, element('thead', null, element('tr', null, ...['submission', 'hunter', 'rows right', 'rank', 'proofs'].map((name) => element('th', null, name)))),
      element('tbody', null, ...submissions.map((s, number) => submissionRow(b, s, number, ranking))))),
    await walletPart(b, submissions),
    element('details', null, element('summary', null, `${events.length} events`), element('ol', {class: 'files small'}, ...events.map((event) => element('li', null, `block ${event.block}: ${EVENT_TEXTS[event.name](event.args, b)}`)))));
  details.addEventListener('toggle', () => (details.open ? open.add(b.id) : open.delete(b.id)));
  const section = element('section', {id: `bounty-${b.id}`, class: 'bounty'}, details);
  shownCards.set(b.id, {signature, section, time});
  return section;
}

async function refresh() {
  const list = await market.refresh();
  // A token that says nothing of itself has amounts in its smallest unit.
  await Promise.all([...new Set(list.map(({token}) => token))].map((token) => market.token(token).catch(() => undefined)));
  clock = {node: market.now, own: Date.now()};
  const cards = (await Promise.all(list.map(card))).reverse();
  const place_ = byId('bounties');
  if (cards.length !== place_.children.length || cards.some((one, i) => one !== place_.children[i])) place_.replaceChildren(...cards);
  const open_ = list.filter(({state}) => state === 'OPEN').length;
  say(`${list.length} bounties, ${open_} open, on chain ${market.chainId} at block ${market.block}, ${timeText(market.now)}`);
}

let timer;
function refreshLater() {
  timer = setTimeout(() => refresh().catch((error) => say(messageOf(error), true)).finally(refreshLater), INTERVAL);
}

async function load(ask) {
  clearTimeout(timer);
  say('asking the node ..');
  byId('bounties').replaceChildren();
  checked.clear();
  shownCards.clear();
  byId('new').hidden = true;
  try {
    files.gateway = byId('gateway').value.trim();
    if (files.gateway !== '' && !/^https?:\/\//.test(files.gateway)) throw new ZkinferError('invalid_argument', `Expected a gateway's address, such as http://127.0.0.1:8080, got '${files.gateway}'`);
    market = new Market(ask(), byId('market').value.trim(), byId('block').value.trim());
    history.replaceState(null, '', `#${new URLSearchParams(FIELDS.map((id) => [id, byId(id).value.trim()]).filter(([, value]) => value !== ''))}`);
    await refresh();
    byId('new').replaceChildren(...(account === undefined ? [] : [createForm(working())]));
    byId('new').hidden = account === undefined;
    refreshLater();
  } catch (error) {
    say(messageOf(error), true);
  }
}

for (const [id, value] of new URLSearchParams(location.hash.slice(1))) if (FIELDS.includes(id)) byId(id).value = value;
byId('load').addEventListener('click', () => {
  account = undefined;
  load(() => nodeAt(byId('rpc').value.trim()));
});
byId('wallet').hidden = globalThis.ethereum === undefined;
byId('wallet').addEventListener('click', async () => {
  try {
    const accounts = await globalThis.ethereum.request({method: 'eth_requestAccounts', params: []});
    account = String(accounts[0]).toLowerCase();
    await load(() => nodeOf(globalThis.ethereum));
  } catch (error) {
    say(messageOf(error), true);
  }
});
byId('archives').addEventListener('change', async (chosen) => {
  for (const file of chosen.target.files) {
    try {
      files.take(new Uint8Array(await file.arrayBuffer()));
    } catch (error) {
      say(`${file.name}: ${messageOf(error)}`, true);
    }
  }
  chosen.target.value = '';
  byId('held').textContent = `${files.blocks.size} blocks are here`;
});
if (byId('rpc').value !== '' && byId('market').value !== '') byId('load').click();
