// SPDX-License-Identifier: Apache-2.0
// A new bounty: data sealed in the page or before, terms, an application's key for shares of weights, and what would be sent.
import {MOST_DATA_FILE, readData} from '../src/bounty_data.js';
import {rowsOf, sealRows} from '../src/bounty_rows.js';
import {ETH, TERM_DEFAULTS, termsOf} from '../src/bounty_terms.js';
import {fromHex} from '../src/bytes.js';
import {ZkinferError, invalidArgument} from '../src/errors.js';
import {keyHash, newKey} from '../src/market.js';
import {createStep} from '../src/market_steps.js';
import {addressOf, amountText, timeText, wholeOf} from '../src/quantities.js';
import {newKeys, readKeysText} from '../src/shares.js';
import {choice, chooser, field, good, keeper, task, textOf} from './bounty_parts.js';
import {sendAll} from './bounty_send.js';
import {element} from './show.js';

/** The key of data, of its file. */
export function dataKeyOf(file) {
  const digits = textOf(file).trim().replace(/^0x/, '');
  if (!/^[0-9a-fA-F]{60}$/.test(digits)) throw invalidArgument(`'${file.name}': expected a key of 60 hexadecimal digits, got ${digits.length} characters`);
  return fromHex(digits);
}

/** Data that are sealed here, or were before: {part, taken(), kept}; taken: {spec, description, cid, keyHash}. */
function dataPart({bounties, files}) {
  let taken;
  const kept = [];
  const rows = chooser('Rows (.zkset, or .npy of bytes)', {accept: '.zkset,.npy'});
  const labels = chooser('Their labels (.npy; a .zkset has its own)', {accept: '.npy'});
  const size = field('Rows of a chunk', {help: 'what a network takes at once, and one proof is about'});
  const classes = field('Classes', {help: 'labels are below it', placeholder: 'one more than the largest label'});
  const name = field('Name of the data', {help: 'for people'});
  const saved = element('div');
  const seal = task('Seal them here', async () => {
    const key = newKey();
    const [labelsFile] = await labels.files();
    const made = rowsOf(await rows.one(), labelsFile, `'${labels.label}'`);
    const sealed = await sealRows(bounties, key, {...made, name: name.text() || made.name}, {rows: wholeOf(`'${size.label}'`, size.text()), classes: classes.text() === '' ? undefined : wholeOf(`'${classes.label}'`, classes.text()), rowsAre: `'${size.label}'`});
    files.take(sealed.archive);
    const secret = keeper('data.key', `${key.slice(2)}\n`, 'secret until commitments have ended; without it the bounty ends as your fault');
    const archive = keeper('bounty.car', sealed.archive, 'to be published (ipfs dag import bounty.car) before hunters come');
    kept.splice(0, kept.length, secret, archive);
    saved.replaceChildren(secret.part(), archive.part());
    taken = {...sealed, keyHash: await keyHash(key)};
    return good(`sealed: ${sealed.description.rows} rows in ${sealed.description.chunks.length} chunks, ${sealed.cid}`);
  });
  const cid = field('Content identifier of data that were sealed before', {placeholder: 'ipfs://bafk..'});
  const keyFile = chooser('Their key (data.key)', {accept: '.key'});
  const take = task('Take these', async () => {
    const published = await readData(bounties, cid.text(), await files.get(cid.text(), MOST_DATA_FILE), (one) => files.get(one, MOST_DATA_FILE));
    const key = dataKeyOf(await keyFile.one());
    if (bounties.openData(published.spec, key, published.sealed).some(({isAsPromised}) => !isAsPromised)) throw new ZkinferError('not_good', 'this key does not open these data');
    kept.length = 0;
    saved.replaceChildren();
    taken = {...published, keyHash: await keyHash(key)};
    return good(`taken: ${published.description.rows} rows in ${published.description.chunks.length} chunks, ${published.cid}`);
  });
  const part = element('div', null, element('h3', null, 'Hidden data'), element('p', {class: 'soft'}, 'Rows are shuffled and encrypted in this page. Labels and key stay here until you reveal the key.'), rows.part, labels.part, size.part, classes.part, name.part, seal, saved,
    element('details', null, element('summary', null, 'Data that were sealed before (zkinfer-market seal-data)'), cid.part, keyFile.part, take));
  return {part, kept, taken: () => taken};
}

/** {part, publicKey(), kept}: undefined where there is none yet. */
function keysPart() {
  let publicKey;
  const kept = [];
  const saved = element('div');
  const make = task('Make a new key in this page', async () => {
    const keys = await newKeys();
    const secret = keeper('buyer.keys', `${JSON.stringify(keys, null, 2)}\n`, 'secret, and yours to back up: without it what you buy cannot be opened');
    kept.splice(0, kept.length, secret);
    saved.replaceChildren(secret.part());
    publicKey = keys.public_key;
    return good('made: ', element('code', {class: 'id'}, publicKey));
  });
  const held = chooser('One that you have (buyer.keys)', {accept: '.keys'});
  const take = task('Take its public half', async () => {
    const file = await held.one();
    ({publicKey} = readKeysText(file.name, textOf(file)));
    kept.length = 0;
    saved.replaceChildren();
    return good('taken: ', element('code', {class: 'id'}, publicKey));
  });
  const part = element('div', null, element('h3', null, 'Key that weights are sealed to'), element('p', {class: 'soft'}, 'An application\'s key (X25519) of your browser\'s randomness. It is no wallet\'s, moves no money, and never leaves this page but as the file that you save.'), make, saved, held.part, take);
  return {part, kept, publicKey: () => publicKey};
}

/** The form. at: {market, account, bounties, files, refresh}. */
export function createForm(at) {
  const {market, account, bounties} = at;
  const data = dataPart(at);
  const keys = keysPart();
  const kind = choice('Kind', [['prize', 'a prize for proven scores'], ['price', 'a price for the winner\'s weights'], ['both', 'both: a prize, and a price for the weights']]);
  const metric = choice('Metric', [['accuracy', 'accuracy: rows whose class is their label']]);
  const fields = {
    threshold: field('Threshold', {help: 'fewest rows right that are ranked: 48, or 75%'}), prize: field('Prize', {help: 'for proven scores, by rank'}), shares: field('Shares of the prize', {value: TERM_DEFAULTS.shares, help: 'in hundredths, the best rank first: 70,20,10'}),
    price: field('Price', {help: 'for the winner\'s weights, if he sells and you accept'}), bond: field('Bond of an offer', {value: TERM_DEFAULTS.bond, help: 'yours if it is not delivered'}),
    stake: field('Your stake', {help: 'hunters share it if the data are withheld, leaked or not as promised'}), hunterStake: field('Stake of a hunter', {help: 'back with a proven score: against junk'}),
    commitUntil: field('Commitments until', {value: TERM_DEFAULTS.commitUntil, help: 'from now on (7d, 36h), or a time such as 2027-01-31T12:00Z'}), revealUntil: field('Key until', {value: TERM_DEFAULTS.revealUntil, help: 'from then on'}),
    proveUntil: field('Proofs until', {value: TERM_DEFAULTS.proveUntil, help: 'from then on'}), exchangeWindow: field('Windows of the exchange', {value: TERM_DEFAULTS.exchangeWindow, help: 'of offering, of accepting and of releasing'}),
  };
  const token = field('Token of all amounts', {placeholder: 'empty for ETH, else an ERC-20\'s address'});
  const ofPrice = element('div', null, fields.price.part, fields.bond.part, keys.part);
  const ofPrize = element('div', null, fields.prize.part, fields.shares.part);
  const chosen = () => {
    ofPrize.hidden = kind.value() === 'price';
    ofPrice.hidden = kind.value() === 'prize';
  };
  kind.select.addEventListener('change', chosen);
  chosen();
  const called = (name) => `'${(fields[name] ?? {label: 'Key that weights are sealed to'}).label}'`;
  const send = task('Show what would be sent', async (place) => {
    const published = data.taken();
    if (published === undefined) throw invalidArgument('seal data or take some first');
    const words = Object.fromEntries(Object.entries(fields).map(([name, one]) => [name, one.text()]));
    const [hasPrize, hasPrice] = [kind.value() !== 'price', kind.value() !== 'prize'];
    if (!hasPrize) words.prize = '0';
    if (!hasPrice) words.price = words.bond = '0';
    const of = await market.token(token.text() === '' ? ETH : addressOf(`'${token.label}'`, token.text()));
    const block = await market.ask('eth_getBlockByNumber', ['latest', false]);
    const {terms, total} = termsOf(bounties, words, {token: of, now: Number(BigInt(block.timestamp)), published, keyHash: published.keyHash, buyerKey: hasPrice ? keys.publicKey() : undefined, called});
    for (const [has, name] of [[hasPrize, 'prize'], [hasPrice, 'price']]) if (has && terms[name] === 0n) throw invalidArgument(`${called(name)}: expected an amount above 0, or another kind`);
    const amount = (value) => `${amountText(value, of.decimals)} ${of.symbol}`;
    const about = [`${amount(total)} are paid in: prize ${amount(terms.prize)}, price ${amount(terms.price)}, your stake ${amount(terms.providerStake)}.`,
      `Commitments until ${timeText(terms.commitUntil)}, the key until ${timeText(terms.revealUntil)}, proofs until ${timeText(terms.proveUntil)}; at least ${terms.threshold} of ${published.description.rows} rows are ranked.`];
    return sendAll(market, account, [...(await market.approveSteps(account, of, total)), createStep(terms, total)], place, {about, kept: [...data.kept, ...(hasPrice ? keys.kept : [])]}, at.refresh);
  });
  return element('details', null, element('summary', null, 'A new bounty'), data.part, element('h3', null, 'Terms'), kind.part, metric.part, fields.threshold.part, ofPrize, ofPrice, token.part, fields.stake.part, fields.hunterStake.part,
    fields.commitUntil.part, fields.revealUntil.part, fields.proveUntil.part, fields.exchangeWindow.part, element('p', {class: 'soft'}, 'A proposer of blocks can hold a transaction back for minutes; leave days. A threshold of 0 lets the best win whatever you do.'), send);
}
