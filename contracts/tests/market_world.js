// SPDX-License-Identifier: Apache-2.0
// A market on a node whose time is set, proofs that are set (MarketMocks.sol), its people, and bounties in any state.
import assert from 'node:assert/strict';
import {createHash} from 'node:crypto';
import {Bounties} from '../../js/src/market.js';
import {artifacts, bytesToHex, concat, encode, hexToBytes, keccak, text} from './abi.js';
import {Node, argument} from './anvil.js';
import {Contract} from './contract.js';

export const HOUR = 3600;
export const ETH = `0x${'00'.repeat(20)}`;
export const SINK = '0x000000000000000000000000000000000000dead';
export const STATES = ['OPEN', 'REVEAL', 'FAULT', 'PROVE', 'RANKED', 'EXCHANGE', 'DONE'];
export const bounties = new Bounties(keccak);
export const hash = (...parts) => bytesToHex(keccak(concat(...parts.map((part) => (typeof part === 'string' ? text(part) : part)))));
export const sha256 = (bytes) => `0x${createHash('sha256').update(hexToBytes(bytes)).digest('hex')}`;
export const keyOf = (name) => hash('key of', name).slice(0, 62);
/** The call reverts with the contract's error of this name (and arguments, where they are given). */
export const refused = (promise, pattern) => assert.rejects(promise, (error) => {
  assert.match(error.message, pattern);
  return true;
});

export class World {
  static async start() {
    const world = new World();
    world.node = await Node.start(['--gas-limit', '1000000000', '--base-fee', '0', '--gas-price', '0']);
    const deploy = async (name, ...args) => new Contract(world.node, name, await world.node.deploy(name, ...args));
    world.deploy = deploy;
    // Time stands still but for pass().
    await world.node.ask('anvil_setBlockTimestampInterval', 0);
    world.receipts = await deploy('SetReceipts');
    world.market = await deploy('BountyMarket', argument(world.receipts.address));
    world.token = await deploy('OddToken');
    world.accounts = await world.node.ask('eth_accounts');
    [world.provider, world.alice, world.bob, world.carol] = world.accounts;
    for (const account of world.accounts) {
      await world.token.send(account, 'mint', [account, 10n ** 24n]);
      await world.token.send(account, 'approve', [world.market.address, 2n ** 256n - 1n]);
    }
    // Programs as the registry keeps them; only their digests count here.
    world.programs = {};
    for (const name of ['honest', 'otherwise']) {
      const program = concat(text('ZKEV'), new Uint8Array(28), keccak(text(name)), keccak(text('parameters')), keccak(text('root')), keccak(text('value')), keccak(text('words')), text('run'));
      world.programs[name] = {program, structure: bounties.structureOf(program), source: await world.#data(program)};
    }
    world.chainId = BigInt(world.node.chainId);
    return world;
  }
  stop() {
    this.node?.stop();
  }
  async #data(bytes) {
    const size = bytes.length + 1;
    const init = concat(Uint8Array.of(0x61, size >> 8, size & 255, 0x80, 0x60, 0x0a, 0x5f, 0x39, 0x5f, 0xf3, 0), bytes);
    return (await this.node.sendUnsigned(null, init)).contractAddress;
  }
  /** A participant that is a contract, with money. */
  async actor() {
    const actor = await this.deploy('Actor');
    await this.node.ask('anvil_setBalance', actor.address, '0x56bc75e2d63100000');
    await this.token.send(this.provider, 'mint', [actor.address, 10n ** 24n]);
    await actor.send(this.provider, 'mustAct', [this.token.address, 0, this.token.data('approve', this.market.address, 2n ** 256n - 1n)]);
    return actor;
  }
  async time() {
    return BigInt((await this.node.ask('eth_getBlockByNumber', 'latest', false)).timestamp);
  }
  async pass(seconds) {
    await this.node.ask('evm_setNextBlockTimestamp', Number(await this.time()) + seconds);
    await this.node.ask('evm_mine');
  }
  credit(token, account) {
    return this.market.read('credits', token, account);
  }
  async balance() {
    return {eth: BigInt(await this.node.ask('eth_getBalance', this.market.address, 'latest')), token: await this.token.read('balanceOf', this.market.address)};
  }

  /** A bounty that is open; changes: of its terms. */
  async bounty(changes = {}, {lie = false, chunks = 2, provider = this.provider} = {}) {
    const id = await this.market.read('numBounties');
    const key = keyOf(`bounty ${id}`);
    const data = Array.from({length: chunks}, (_, i) => ({labels: Uint8Array.of(1, 2, 3, i), inputs: hexToBytes(hash('inputs', Uint8Array.of(i)))}));
    const {spec, sealed} = bounties.sealData(key, data, {rows: 4, dataDigest: hash('data')});
    if (lie) spec.openedChunks[chunks - 1] = hash('something else');
    const time = await this.time();
    const terms = {
      token: ETH, prize: 1000n, price: 500n, providerStake: 90n, hunterStake: 30n, offerBond: 20n, commitUntil: time + BigInt(HOUR), revealUntil: time + BigInt(2 * HOUR), proveUntil: time + BigInt(4 * HOUR),
      offerWindow: HOUR, acceptWindow: HOUR, releaseWindow: HOUR, threshold: 1, shares: [7000, 3000, 0, 0, 0, 0, 0, 0], keyHash: sha256(key), specDigest: bounties.specDigest(spec), buyerKey: hash('X25519'), cid: 'ipfs://folder', ...changes,
    };
    const amount = BigInt(terms.prize) + BigInt(terms.price) + BigInt(terms.providerStake);
    await this.market.send(provider, 'create', [terms], {value: terms.token === ETH ? amount : 0n});
    const bounty = new Bounty(this, {id, key, spec, sealed, data, terms, provider});
    await this.market.send(provider, 'allowStructures', [id, [this.programs.honest.structure]]);
    return bounty;
  }
}

/** One bounty, and what its hunters keep to themselves. */
export class Bounty {
  constructor(world, fields) {
    Object.assign(this, {world, market: world.market, models: []}, fields);
  }
  async state() {
    return STATES[Number(await this.market.read('stateOf', this.id))];
  }
  value(amount) {
    return {value: this.terms.token === ETH ? BigInt(amount) : 0n};
  }
  hashOf(hunter, model) {
    return bounties.commitHash({chainId: this.world.chainId, market: this.market.address, bounty: this.id, hunter, certDigest: hash('certificate'), ...model});
  }
  /** Commits `hunter` to a model of `hits` hits; its submission's number. */
  async commit(hunter, hits, {program = 'honest', send} = {}) {
    const n = this.models.length;
    const model = {modelId: hash('model', Uint8Array.of(n), hunter, word8(this.id)), salt: hash('salt', Uint8Array.of(n))};
    await this.world.receipts.send(this.world.provider, 'setProgram', [model.modelId, this.world.programs[program].source]);
    let left = hits;
    const outputs = this.data.map(({labels}) => labels.map((label) => (left-- > 0 ? label : label ^ 0x80)));
    this.models.push({hunter, ...model, outputs});
    const call = ['commit', [this.id, this.hashOf(hunter, model)], this.value(this.terms.hunterStake)];
    await (send ? send(...call) : this.market.send(hunter, ...call));
    return n;
  }
  claim(n, changes = {}) {
    const {modelId, salt, outputs} = this.models[n];
    return {modelId, certDigest: hash('certificate'), salt, inputs: this.data.map(({inputs}) => hash(inputs)), labels: this.data.map(({labels}) => labels), outputs, ...changes};
  }
  contextOf(n, chunk, changes = {}) {
    return bounties.contextOf({chainId: this.world.chainId, market: this.market.address, bounty: this.id, hunter: this.models[n].hunter, submission: n, specDigest: this.terms.specDigest, chunk, ...changes});
  }
  /** A proof of each chunk of this claim is verified. */
  async proofs(n, claim = this.claim(n), changes = {}) {
    for (let i = 0; i < claim.outputs.length; ++i) {
      const receipt = bytesToHex(keccak(encode(hexToBytes(claim.modelId), hexToBytes(claim.inputs[i]), keccak(claim.outputs[i]), hexToBytes(this.contextOf(n, i, changes)))));
      await this.world.receipts.send(this.world.provider, 'setVerified', [receipt, true]);
    }
  }
  submit(n, claim = this.claim(n), {from = this.world.carol, spec = this.spec} = {}) {
    return this.market.send(from, 'submitScore', [this.id, n, spec, claim]);
  }
  async score(n) {
    await this.proofs(n);
    return this.submit(n);
  }
  async reveal() {
    await this.world.pass(Number(this.terms.commitUntil - (await this.world.time())));
    await this.market.send(this.world.carol, 'revealKey', [this.id, this.key]);
  }
  /** Scored hunters, then time, then settled. */
  async settled(...scores) {
    for (const [hunter, hits] of scores) await this.commit(hunter, hits);
    await this.reveal();
    for (let n = 0; n < scores.length; ++n) await this.score(n);
    await this.world.pass(3 * HOUR);
    return this.market.send(this.world.carol, 'settle', [this.id]);
  }
  offer(name) {
    return {c1: sha256(keyOf(name)), c2: hash('c2'), ciphertextRoot: hash('root'), ciphertextCid: 'ipfs://ciphertext', proofCid: 'ipfs://proof', sealedShare: hexToBytes('0x0102')};
  }
  credit(account) {
    return this.world.credit(this.terms.token, account);
  }
}
const word8 = (id) => hexToBytes(`0x${id.toString(16).padStart(16, '0')}`);
export {artifacts};
