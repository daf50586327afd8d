// SPDX-License-Identifier: Apache-2.0
// The whole life of a bounty on a node with Ethereum's limits, with real networks and proofs (examples/bounty): what people run, in their order,
// and what each step costs.
import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {mkdirSync, readFileSync, rmSync} from 'node:fs';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import {artifacts, bytesToHex, concat, encode, hexToBytes, keccak, selector, text, words} from './abi.js';
import {MAX_TRANSACTION_BYTES, MAX_TRANSACTION_GAS, Node, argument} from './anvil.js';
import {Contract} from './contract.js';
import {HOUR, ETH, bounties, hash, keyOf, refused, sha256} from './market_world.js';

const ROWS = 32;
const example = join(process.env.ZKINFER_SOURCE, 'examples/bounty');
const limits = JSON.parse(readFileSync(join(process.env.ZKINFER_SOURCE, 'bench/evm_limits.json'), 'utf8')).gas.bounty;
const SUBMIT = selector('submit(bytes32,bytes,bytes,bytes,bytes32)');
const REGISTER = selector('register(bytes,string)');

const gas = {};
function cost(step, receipt) {
  gas[step] = receipt.gas ?? Number(receipt.gasUsed);
  assert.ok(limits[step] !== undefined, `${step} (${gas[step]} gas) has no limit in bench/evm_limits.json`);
  assert.ok(gas[step] <= 1.01 * limits[step], `${step}: ${gas[step]} gas, more than 1 % above the ${limits[step]} of bench/evm_limits.json`);
  return receipt;
}

let node;
let market;
const at = {};
let provider;
const hunters = [];
before(async () => {
  node = await Node.start();
  const deploy = async (name, ...others) => (at[name] = await node.deploy(name, ...others.map((other) => argument(at[other]))));
  await deploy('ZkInferOuter');
  await deploy('ZkInferFunctionals');
  await deploy('ZkInferRegistry');
  await deploy('ZkInferVerifier', 'ZkInferOuter', 'ZkInferFunctionals', 'ZkInferRegistry');
  await deploy('ZkInferReceipts', 'ZkInferVerifier');
  await deploy('BountyMarket', 'ZkInferReceipts');
  market = new Contract(node, 'BountyMarket', at.BountyMarket);
  const accounts = await node.ask('eth_accounts');
  provider = accounts[0];
  hunters.push(new Hunter('wide', accounts[1]), new Hunter('narrow', accounts[2]));
});
after(() => {
  node?.stop();
  console.log(`# gas: ${JSON.stringify(gas)}`);
});

/** A hunter at his machine. */
class Hunter {
  constructor(network, account) {
    Object.assign(this, {network, account, folder: join(process.env.ZKINFER_WORK, network)});
    rmSync(this.folder, {recursive: true, force: true});
    mkdirSync(this.folder, {recursive: true});
    this.run('compile', join(example, `${network}.onnx`), '--calibration', join(example, 'calibration.npy'), '--output', 'model.zkmodel');
    this.run('commit', 'model.zkmodel', '--inputs', 'public:keccak256', '--profile', 'small', '--budget', '16', '--no-code-file');
  }
  run(...line) {
    return execFileSync(process.env.ZKINFER, ['--quiet', ...line], {cwd: this.folder, stdio: ['ignore', 'pipe', 'pipe']});
  }
  /** What `zkinfer evm export` writes of a proof of rows `index` of `data`. */
  prove(data, index, context) {
    const words_ = ['--input', join(example, data), '--index', String(index)];
    this.run('prove', 'model.zkmodel', ...words_, '--output', 'a.zkproof', '--force', ...(context ? ['--context', `hex:${context.slice(2)}`] : []));
    this.run('digest', 'model.zkkey', ...words_, '--write-input-data', 'input.bin', '--force');
    this.run('evm', 'export', 'a.zkproof', '--key', 'model.zkkey', '--input-data', 'input.bin', '--output', 'a.evm.json', '--force');
    const exported = JSON.parse(readFileSync(join(this.folder, 'a.evm.json'), 'utf8'));
    const calldata = hexToBytes(exported.calldata);
    const part = (i) => {
      const [begin] = words(calldata.slice(4 + 32 * i, 36 + 32 * i));
      const [size] = words(calldata.slice(4 + Number(begin), 36 + Number(begin)));
      return calldata.slice(36 + Number(begin), 36 + Number(begin + size));
    };
    return {...exported, submission: concat(SUBMIT, calldata.slice(4)), inputs: part(1), outputs: part(2)};
  }
}

const time = async () => BigInt((await node.ask('eth_getBlockByNumber', 'latest', false)).timestamp);
async function pass(seconds) {
  await node.ask('evm_increaseTime', seconds);
  await node.ask('evm_mine');
}
const send = (step, from, ...values) => market.send(from, step, values).then((receipt) => cost(step, receipt));

test('a provider seals data and offers a prize and a price', async () => {
  const rest = (file, size) => new Uint8Array(readFileSync(join(example, file)).subarray(-size));
  const inputs = rest('hidden.npy', 2 * ROWS * 64);
  const labels = rest('hidden_labels.npy', 2 * ROWS);
  const key = keyOf('data');
  const chunks = [0, 1].map((i) => ({labels: labels.slice(ROWS * i, ROWS * (i + 1)), inputs: inputs.slice(64 * ROWS * i, 64 * ROWS * (i + 1))}));
  Object.assign(at, {key, ...bounties.sealData(key, chunks, {rows: ROWS, dataDigest: hash('digits')})});
  const now = await time();
  at.terms = {
    token: ETH, prize: 10n ** 18n, price: 10n ** 17n, providerStake: 10n ** 16n, hunterStake: 10n ** 15n, offerBond: 10n ** 16n, commitUntil: now + BigInt(2 * HOUR), revealUntil: now + BigInt(4 * HOUR), proveUntil: now + BigInt(8 * HOUR),
    offerWindow: 2 * HOUR, acceptWindow: 2 * HOUR, releaseWindow: 2 * HOUR, threshold: 48, shares: [10000, 0, 0, 0, 0, 0, 0, 0], keyHash: sha256(key), specDigest: bounties.specDigest(at.spec), buyerKey: hash('X25519'),
    cid: 'ipfs://bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi',
  };
  cost('create', await market.send(provider, 'create', [at.terms], {value: 10n ** 18n + 10n ** 17n + 10n ** 16n}));
});

test('hunters check the data, register programs, which the provider allows, and commit', async () => {
  for (const hunter of hunters) {
    bounties.checkSealed(at.spec, at.sealed);
    // A first proof, of anything: its export has the program under which the others will be.
    Object.assign(hunter, hunter.prove('calibration.npy', 0));
    const registered = await node.send(at.ZkInferRegistry, concat(REGISTER, encode({bytes: hexToBytes(hunter.program)}, {bytes: text('')})));
    assert.ok(registered.succeeded);
    cost(`register ${hunter.network}`, registered);
    hunter.structure = bounties.structureOf(hunter.program);
    assert.equal(await market.read('structureOf', hunter.model_id), hunter.structure);
  }
  assert.notEqual(hunters[0].structure, hunters[1].structure);
  await send('allowStructures', provider, 0, hunters.map(({structure}) => structure));
  const chainId = BigInt(node.chainId);
  for (const [i, hunter] of hunters.entries()) {
    hunter.opening = {modelId: hunter.model_id, certDigest: bytesToHex(keccak(readFileSync(join(hunter.folder, 'model.zkcert')))), salt: hash('salt', Uint8Array.of(i))};
    const commitment = bounties.commitHash({chainId, market: at.BountyMarket, bounty: 0, hunter: hunter.account, ...hunter.opening});
    cost('commit', await market.send(hunter.account, 'commit', [0, commitment], {value: at.terms.hunterStake}));
  }
});

test('a commitment of the same weights has another id and the same structure', () => {
  const [hunter] = hunters;
  hunter.run('commit', 'model.zkmodel', '--inputs', 'public:keccak256', '--profile', 'small', '--budget', '16', '--no-code-file', '--key', 'b.zkkey', '--secret', 'b.zksecret', '--certificate', 'b.zkcert');
  hunter.run('prove', 'model.zkmodel', '--secret', 'b.zksecret', '--input', join(example, 'calibration.npy'), '--index', '0', '--output', 'b.zkproof', '--force');
  hunter.run('digest', 'b.zkkey', '--input', join(example, 'calibration.npy'), '--index', '0', '--write-input-data', 'b.bin', '--force');
  hunter.run('evm', 'export', 'b.zkproof', '--key', 'b.zkkey', '--input-data', 'b.bin', '--output', 'b.evm.json');
  const other = JSON.parse(readFileSync(join(hunter.folder, 'b.evm.json'), 'utf8'));
  assert.notEqual(other.model_id, hunter.model_id);
  assert.equal(bounties.structureOf(other.program), hunter.structure);
});

test('the data are opened, and a challenge of honest ones fails', async () => {
  await pass(2 * HOUR);
  await send('revealKey', provider, 0, at.key);
  await refused(market.send(hunters[0].account, 'challengeData', [0, at.spec, 0, at.sealed[0]]), /^DataAreAsPromised/);
  const opened = bounties.openData(at.spec, at.key, at.sealed);
  assert.ok(opened.every(({isAsPromised}) => isAsPromised));
  at.opened = opened;
});

test('scores are proven: without a proof, or with another\'s, there is none', async () => {
  const chainId = BigInt(node.chainId);
  for (const [submission, hunter] of hunters.entries()) {
    const contexts = at.opened.map((_, chunk) => bounties.contextOf({chainId, market: at.BountyMarket, bounty: 0, hunter: hunter.account, submission, specDigest: at.terms.specDigest, chunk}));
    assert.equal(contexts[1], await market.read('contextOf', 0, hunter.account, submission, at.terms.specDigest, 1));
    const proofs = contexts.map((context, chunk) => hunter.prove('hidden.npy', chunk, context));
    proofs.forEach(({model_id: id, inputs}, chunk) => {
      assert.equal(id, hunter.model_id);
      assert.deepEqual(inputs, at.opened[chunk].inputs);
    });
    hunter.claim = {...hunter.opening, inputs: at.opened.map(({inputsDigest}) => inputsDigest), labels: at.opened.map(({labels}) => labels), outputs: proofs.map(({outputs}) => outputs)};
    const submit = () => market.send(provider, 'submitScore', [0, submission, at.spec, hunter.claim]);
    await refused(submit(), /^NotProven\(0,/);
    for (const {submission: call} of proofs) {
      const receipt = await node.send(at.ZkInferReceipts, call);
      assert.ok(receipt.succeeded);
      assert.ok(receipt.bytes <= MAX_TRANSACTION_BYTES && receipt.gas < MAX_TRANSACTION_GAS);
      cost(`proof ${hunter.network}`, receipt);
    }
    // What the chain counts is what anybody counts.
    hunter.hits = at.opened.reduce((sum, {labels}, i) => sum + labels.filter((label, j) => label === proofs[i].outputs[j]).length, 0);
    const receipt = await submit();
    cost(`submitScore ${hunter.network}`, receipt);
    assert.deepEqual(market.eventsOf(receipt), ['Scored']);
    assert.equal((await market.read('submissionsFrom', 0, submission, 1))[0].score, BigInt(hunter.hits));
    console.log(`# ${hunter.network}: ${hunter.hits} of ${2 * ROWS} right, proven`);
  }
  assert.ok(hunters[0].hits >= 48 && hunters[1].hits < 48, 'one reaches the threshold, one does not');
  // The second hunter claims what the first has shown.
  await refused(market.send(hunters[1].account, 'submitScore', [0, 1, at.spec, hunters[0].claim]), /^DoneBefore/);
});

test('the prize is paid, the weights are sold, everybody has his money', async () => {
  await pass(6 * HOUR);
  const [winner, other] = hunters.map(({account}) => account);
  await send('settle', other, 0);
  const offer = {c1: sha256(keyOf('k1')), c2: sha256(keyOf('k2')), ciphertextRoot: hash('root'), ciphertextCid: at.terms.cid, proofCid: at.terms.cid, sealedShare: new Uint8Array(80).fill(1)};
  cost('offerWeights', await market.send(winner, 'offerWeights', [0, offer], {value: at.terms.offerBond}));
  await send('accept', provider, 0);
  await send('release', winner, 0, keyOf('k1'));
  assert.equal(await market.read('stateOf', 0), 6n);
  const {prize, price, providerStake, hunterStake, offerBond} = at.terms;
  for (const [account, amount] of [[winner, prize + price + offerBond + hunterStake], [other, hunterStake], [provider, providerStake]]) {
    assert.equal(await market.read('credits', ETH, account), amount);
    await send('withdraw', other, ETH, account);
  }
  assert.equal(BigInt(await node.ask('eth_getBalance', at.BountyMarket, 'latest')), 0n);
});

test('data that are not as promised: the challenge, and what it costs', async () => {
  const spec = {...at.spec, openedChunks: [at.spec.openedChunks[0], hash('something else')]};
  const now = await time();
  const terms = {...at.terms, specDigest: bounties.specDigest(spec), commitUntil: now + BigInt(2 * HOUR), revealUntil: now + BigInt(4 * HOUR), proveUntil: now + BigInt(8 * HOUR)};
  await market.send(provider, 'create', [terms], {value: 10n ** 18n + 10n ** 17n + 10n ** 16n});
  await market.send(hunters[0].account, 'commit', [1, hash('x')], {value: terms.hunterStake});
  await pass(2 * HOUR);
  await market.send(provider, 'revealKey', [1, at.key]);
  await send('challengeData', hunters[1].account, 1, spec, 1, at.sealed[1]);
  await send('claimFault', hunters[1].account, 1, 0);
  await market.send(hunters[1].account, 'settle', [1]);
  // All that he is owed: of this bounty alone, since he has taken the rest.
  assert.equal(await market.read('credits', ETH, hunters[0].account), terms.hunterStake + terms.providerStake);
  assert.ok(artifacts.BountyMarket.deployed.length / 2 - 1 <= 24576);
});
