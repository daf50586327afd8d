// SPDX-License-Identifier: Apache-2.0
// What providers do: contracts, sealed data, a bounty, its end.
import {rmSync} from 'node:fs';
import {filesOf, sealRows} from '../src/bounty_rows.js';
import {ETH, termsOf} from '../src/bounty_terms.js';
import {toHex} from '../src/bytes.js';
import {ZkinferError, invalidArgument} from '../src/errors.js';
import {keyHash, newKey} from '../src/market.js';
import {timeLeft} from '../src/market_states.js';
import {bountyOf, idOf, inState} from './bounty.js';
import {Chain, deploying, offlineBounties, sending} from './chain.js';
import {optionOf} from './options.js';
import {readPublished, readRows} from './data.js';
import {checkOutputs, jsonObject, readJson, readSecret, readSecretBytes, writeFile, writeFolder, writeJson} from './files.js';
import {zkinferJson, zkinferOption} from './native.js';
import {allowStep, cancelStep, createStep, revealStep} from '../src/market_steps.js';
import {addressOf, amountText, timeText, wholeOf} from '../src/quantities.js';
import {newKeys, readKeysText} from '../src/shares.js';

const isDeployment = (bytes) => {
  const json = jsonObject(bytes);
  return ['receipts', 'market', 'sale'].every((name) => typeof json?.[name] === 'string');
};
const DATA_KEY = 'a key of data';
const who = 'For providers';

export const deploy = {
  name: 'deploy', who, summary: 'the market\'s two contracts on a chain, once for everybody',
  takes: [{name: 'ARTIFACTS', help: 'build/evm/artifacts.json, by `make evm`'}],
  options: [...deploying, {name: 'deployment', value: 'FILE', required: true, help: 'what `zkinfer evm deploy --json` printed: the verifier that the market asks'},
    {name: 'output', value: 'NEW-FILE', otherwise: 'market.json', help: 'deployment to write, with the market in it; `zkinfer evm` takes it too'}, {name: 'force', help: 'replace that file, if it is a deployment with a market'}],
  examples: ['deploy build/evm/artifacts.json --deployment deployment.json --rpc http://127.0.0.1:8545 --key-file account.key'],
  note: 'Neither contract has an owner. Who finds them on a chain already needs none of his own.',
  async run(values, say) {
    const output = values.output ?? 'market.json';
    const file = {path: output, option: '--output', replaces: values.force ? isDeployment : false, noun: 'a deployment by `zkinfer-market deploy`'};
    checkOutputs([file], [values.artifacts, values.deployment, values.keyFile]);
    const artifacts = readJson(values.artifacts, 'build/evm/artifacts.json');
    const below = readJson(values.deployment, 'what `zkinfer evm deploy --json` prints');
    const receipts = addressOf(`'${values.deployment}': "receipts"`, String(below.receipts));
    const chain = await Chain.open(values, say, {withoutMarket: true, sends: true});
    if (below.chain_id !== chain.id) throw invalidArgument(`'${values.deployment}' is of chain ${below.chain_id}, the node is of chain ${chain.id}`);
    if ((await chain.client.getCode({address: receipts})) === undefined) throw invalidArgument(`'${values.deployment}': there is no contract at ${receipts} ("receipts") on this chain`);
    const block = Number(await chain.client.getBlockNumber());
    const sent = [];
    const made = {};
    for (const [key, name, args] of [['market', 'BountyMarket', receipts.slice(2).padStart(64, '0')], ['sale', 'DirectSale', '']]) {
      const code = artifacts[name]?.bytecode;
      if (typeof code !== 'string' || !/^0x([0-9a-f]{2})+$/.test(code)) throw invalidArgument(`'${values.artifacts}' has no bytecode of ${name}; \`make evm\` writes it`);
      sent.push(await chain.sendData(name, {data: code + args}));
      if (!values.dryRun) made[key] = chain.lastReceipt.contractAddress.toLowerCase();
    }
    if (values.dryRun) return {transactions: sent};
    try {
      writeJson(output, {...below, ...made, block}, file);
    } catch (error) {
      throw new ZkinferError(error.code, `${error.message}. The contracts are there: market ${made.market}, sale ${made.sale}, block ${block}`);
    }
    return {output, ...made, transactions: sent};
  },
};

export const makeKeys = {
  name: 'new-keys', who: 'For buyers', summary: 'an application\'s key (X25519) that shares of weights are sealed to',
  options: [{name: 'output', value: 'NEW-FILE', otherwise: 'buyer.keys', help: 'file to write, secret; what is there is never replaced'}],
  examples: ['new-keys -o buyer.keys'],
  note: 'Back the file up: without it a share that was sealed to it cannot be read. It is no wallet\'s key and moves no money.',
  async run(values) {
    const output = values.output ?? 'buyer.keys';
    checkOutputs([{path: output, option: '--output', noun: 'what could be a secret'}]);
    const keys = await newKeys();
    writeJson(output, keys, {secret: true});
    return {output, public_key: keys.public_key};
  },
};

/** Of new-keys. */
export const readKeys = (path) => readKeysText(path, readSecret(path, 'keys by `zkinfer-market new-keys`'));

export const sealData = {
  name: 'seal-data', who, summary: 'hidden rows and labels to what is published of them, and the key that opens it',
  takes: [{name: 'DATA', help: 'data set (.zkset, `zkinfer dataset build`) of bytes, or inputs (.npy, uint8)'}],
  options: [{name: 'labels', value: 'FILE', help: 'labels (.npy, whole numbers) where DATA is an .npy: a label for each row, in the same leading dimensions'},
    {name: 'rows', value: 'N', required: true, help: 'rows of a chunk: what a network takes at once, and one proof is about'},
    {name: 'classes', value: 'N', help: 'labels are below it', otherwise: 'one more than the largest'},
    {name: 'name', value: 'TEXT', help: 'of the data, for people'}, {name: 'keep-order', help: 'do not shuffle the rows; their order must not tell their labels'},
    {name: 'output', value: 'NEW-FOLDER', required: true, help: 'folder to write, to be published whole: bounty.json, a file for each chunk, and bounty.car for IPFS'},
    {name: 'data-key', value: 'NEW-FILE', otherwise: 'data.key', help: 'key to write, secret until the commitments have ended'}],
  examples: ['seal-data hidden.npy --labels hidden_labels.npy --rows 32 -o bounty', 'seal-data hidden.zkset --rows 64 --classes 10 -o bounty --data-key data.key'],
  note: 'Back the key up: without it the bounty ends as your fault. `ipfs dag import bounty/bounty.car` publishes the folder under its identifier.',
  async run(values) {
    const keyFile = values.dataKey ?? 'data.key';
    checkOutputs([{path: values.output, option: '--output', isFolder: true}, {path: keyFile, option: '--data-key', noun: 'what could be a secret'}]);
    const rows = readRows(values.data, values.labels);
    const bounties = await offlineBounties();
    const key = newKey();
    const sealed = await sealRows(bounties, key, {...rows, name: values.name ?? rows.name}, {rows: wholeOf('--rows', values.rows), classes: values.classes && wholeOf('--classes', values.classes), keepOrder: values.keepOrder, rowsAre: '--rows'});
    // The key first: a folder that nothing opens must never be there to be published.
    writeFile(keyFile, `${key.slice(2)}\n`, {secret: true});
    try {
      writeFolder(values.output, [...filesOf(sealed), ['bounty.car', sealed.archive]]);
    } catch (error) {
      rmSync(keyFile);
      throw error;
    }
    const {description} = sealed;
    return {output: values.output, data_key: keyFile, cid: sealed.cid, rows: description.rows, chunks: description.chunks.length, classes: description.classes, key_hash: await keyHash(key)};
  },
};

export const create = {
  name: 'create', who, summary: 'opens a bounty and pays prize, price and stake in',
  takes: [{name: 'FOLDER', help: 'what `zkinfer-market seal-data` wrote, published before'}],
  options: [...sending, {name: 'data-key', value: 'FILE', required: true, help: 'key of the data, which is compared with them and not shown'},
    {name: 'prize', value: 'AMOUNT', otherwise: '0', help: 'for proven scores, by rank'}, {name: 'price', value: 'AMOUNT', otherwise: '0', help: 'for the winner\'s weights, if he sells and you accept'},
    {name: 'stake', value: 'AMOUNT', required: true, help: 'yours: hunters share it if the data are withheld, leaked or not as promised'},
    {name: 'hunter-stake', value: 'AMOUNT', required: true, help: 'of each commitment, back with a proven score: against junk'}, {name: 'bond', value: 'AMOUNT', otherwise: '0', help: 'of an offer of weights; yours, if it is not delivered'},
    {name: 'token', value: 'ADDRESS', otherwise: 'ETH', help: 'ERC-20 token of all amounts'},
    {name: 'metric', value: 'NAME', otherwise: 'accuracy', help: 'accuracy: rows whose class is their label'}, {name: 'threshold', value: 'HITS', required: true, help: 'fewest that are ranked, of all rows: 48, or 75%'},
    {name: 'shares', value: 'LIST', otherwise: '100', help: 'of the prize in hundredths, the best rank first, as in 70,20,10'},
    {name: 'commit-until', value: 'TIME', otherwise: '7d', help: 'from now on, or a time such as 2027-01-31T12:00Z'}, {name: 'reveal-until', value: 'TIME', otherwise: '2d', help: 'from then on: for you to open the data'},
    {name: 'prove-until', value: 'TIME', otherwise: '5d', help: 'from then on: for hunters to prove'}, {name: 'exchange-window', value: 'DURATION', otherwise: '3d', help: 'of offering, of accepting and of releasing'},
    {name: 'keys', value: 'FILE', help: 'of `zkinfer-market new-keys`; needed with a price'}, {name: 'cid', value: 'CID', otherwise: 'that of the folder', help: 'where the data are published, where it is another'}],
  examples: ['create bounty --data-key data.key --prize 1 --stake 0.1 --hunter-stake 0.01 --threshold 75% --rpc http://127.0.0.1:8545 --deployment market.json --key-file account.key',
    'create bounty --data-key data.key --prize 1 --price 0.5 --keys buyer.keys --bond 0.05 --stake 0.1 --hunter-stake 0.01 --threshold 900 --shares 70,20,10 --commit-until 14d --rpc URL --deployment market.json --key-file account.key'],
  note: 'A proposer of blocks can hold a transaction back for minutes; leave days. A threshold of 0 lets the best win whatever he does.',
  async run(values, say) {
    if ((values.metric ?? 'accuracy') !== 'accuracy') throw invalidArgument(`--metric: the market counts rows whose class is their label (accuracy), got '${values.metric}'`);
    const chain = await Chain.open(values, say, {sends: true});
    const key = readSecretBytes(values.dataKey, 30, DATA_KEY);
    const published = await readPublished(chain.bounties, {data: values.folder});
    if (chain.bounties.openData(published.spec, key, published.sealed).some(({isAsPromised}) => !isAsPromised)) throw invalidArgument(`'${values.dataKey}' does not open the data of '${values.folder}'`);
    const token = await chain.token(values.token === undefined ? ETH : addressOf('--token', values.token));
    const {terms, total} = termsOf(chain.bounties, values, {token, now: await chain.now(), published: {...published, cid: values.cid ?? published.cid}, keyHash: await keyHash(key), buyerKey: values.keys === undefined ? undefined : readKeys(values.keys).publicKey, called: optionOf});
    const {prize, price, providerStake} = terms;
    const [commitUntil, revealUntil, proveUntil] = [terms.commitUntil, terms.revealUntil, terms.proveUntil].map(Number);
    say(`${amountText(total, token.decimals)} ${token.symbol} are paid in: prize ${amountText(prize, token.decimals)}, price ${amountText(price, token.decimals)}, stake ${amountText(providerStake, token.decimals)}`);
    say(`commitments until ${timeText(commitUntil)}, the key until ${timeText(revealUntil)}, proofs until ${timeText(proveUntil)}; at least ${terms.threshold} of ${published.description.rows} rows are ranked`);
    const sent = await chain.approve(token, chain.deployment.market, total);
    sent.push(await chain.step(createStep(terms, total)));
    if (values.dryRun) return {transactions: sent};
    return {bounty: Number(chain.lastEvent(chain.market, 'Created').id), cid: terms.cid, commit_until: commitUntil, reveal_until: revealUntil, prove_until: proveUntil, transactions: sent};
  },
};

const id = {name: 'BOUNTY', help: 'its number'};

export const allow = {
  name: 'allow', who, summary: 'lets networks of these structures take part, while the bounty is open',
  takes: [id],
  options: [...sending, {name: 'export', value: 'FILE', many: true, required: true, help: 'what a hunter\'s `zkinfer evm export` wrote'}, {name: 'key', value: 'FILE', many: true, required: true, help: 'his key (.zkkey), in the same order'},
    zkinferOption],
  examples: ['allow 0 --export first.evm.json --key network.zkkey --rpc http://127.0.0.1:8545 --deployment market.json --key-file account.key'],
  note: 'It asks `zkinfer evm check` whether the program is that key\'s. Look at the network first (`zkinfer inspect`): every input of it has to be public and one of the rows\'. A structure that is allowed stays.',
  async run(values, say) {
    if (values.export.length !== values.key.length) throw invalidArgument(`--key: expected one for each --export, got ${values.key.length} for ${values.export.length}`);
    const chain = await Chain.open(values, say, {sends: true});
    const bounty = idOf(values.bounty);
    await inState(chain, bounty, 'OPEN');
    const structures = [];
    for (const [i, path] of values.export.entries()) {
      const checked = await zkinferJson(values, ['evm', 'check', path, '--key', values.key[i]]);
      if (!checked.matches) throw new ZkinferError('not_good', `'${path}': its program is not that of '${values.key[i]}': ${checked.where}. It could win without showing anything; nothing was sent`);
      structures.push(chain.bounties.structureOf(readJson(path, 'what `zkinfer evm export` wrote').program));
    }
    return {bounty, structures, transactions: [await chain.step(allowStep(bounty, structures))]};
  },
};

export const cancel = {
  name: 'cancel', who, summary: 'takes a bounty back to which nobody has committed',
  takes: [id], options: sending, examples: ['cancel 0 --rpc http://127.0.0.1:8545 --deployment market.json --key-file account.key'], note: '`zkinfer-market claim` then pays out.',
  async run(values, say) {
    const chain = await Chain.open(values, say, {sends: true});
    const bounty = idOf(values.bounty);
    const {submissions} = await bountyOf(chain, bounty);
    if (submissions > 0) throw invalidArgument(`bounty ${bounty}: ${submissions} models are committed to; it cannot be taken back any more`);
    return {bounty, transactions: [await chain.step(cancelStep(bounty))]};
  },
};

export const reveal = {
  name: 'reveal', who, summary: 'publishes the key of the hidden data, after the commitments have ended',
  takes: [id],
  options: [...sending, {name: 'data-key', value: 'FILE', required: true, help: 'key of the data'}, {name: 'blocks', value: 'N', otherwise: '12', help: 'wait for so many blocks after the deadline: a key in a block of before it costs your stake'}],
  examples: ['reveal 0 --data-key data.key --rpc http://127.0.0.1:8545 --deployment market.json --key-file account.key'],
  async run(values, say) {
    const chain = await Chain.open(values, say, {sends: true});
    const bounty = idOf(values.bounty);
    const b = await inState(chain, bounty, 'REVEAL', (state, b) => (state === 'OPEN' ? `commitments end ${timeLeft(b.commitUntil, b.now)}; a key that is public earlier costs your stake` : undefined));
    const key = readSecretBytes(values.dataKey, 30, DATA_KEY);
    if ((await keyHash(key)) !== b.keyHash) throw invalidArgument(`'${values.dataKey}' is not the key of bounty ${bounty}`);
    const behind = BigInt(wholeOf('--blocks', values.blocks ?? '12'));
    const last = await chain.client.getBlockNumber();
    const then = last < behind ? undefined : await chain.client.getBlock({blockNumber: last - behind});
    if (behind > 0n && (then === undefined || Number(then.timestamp) < Number(b.commitUntil))) throw invalidArgument(`bounty ${bounty}: the deadline is less than ${behind} blocks ago, and blocks can come back; wait, or say --blocks 0`);
    return {bounty, transactions: [await chain.step(revealStep(bounty, `0x${toHex(key)}`))]};
  },
};
