// SPDX-License-Identifier: Apache-2.0
// End to end on a node with the limits of Ethereum: contracts deployed, a model registered from what `zkinfer evm export` writes, proofs
// verified in transactions.
import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {after, before, describe, test} from 'node:test';
import {artifacts, bytesToHex, concat, encode, hexToBytes, keccak, selector, text, words} from './abi.js';
import {DEV_KEYS, MAX_TRANSACTION_BYTES, MAX_TRANSACTION_GAS, Node, addressOf, argument} from './anvil.js';
import {Model, REASONS, context} from './models.js';
import {dataGas, floorOf7623, floorOf7976, transactionGas} from './pricing.js';

const CONTRACTS = ['ZkInferOuter', 'ZkInferFunctionals', 'ZkInferRegistry', 'ZkInferVerifier', 'ZkInferReceipts', 'ZkInferSession', 'ZkInferOwners', 'ZkInferSecurity', 'ZkInferClaims'];
const ARGUMENTS = {ZkInferVerifier: ['ZkInferOuter', 'ZkInferFunctionals', 'ZkInferRegistry'], ZkInferReceipts: ['ZkInferVerifier'], ZkInferSession: ['ZkInferReceipts'], ZkInferSecurity: ['ZkInferRegistry'], ZkInferClaims: ['ZkInferRegistry']};
const SUBMIT = selector('submit(bytes32,bytes,bytes,bytes,bytes32)');

// Measured figures (docs/evm.md); a change that is worth it changes them.
const limits = JSON.parse(readFileSync(join(process.env.ZKINFER_SOURCE, 'bench/evm_limits.json'), 'utf8'));
function within(got, limit, what) {
  assert.ok(got <= 1.01 * limit, `${what}: ${got}, more than 1 % above the ${limit} of bench/evm_limits.json`);
}

// What the node took, which has the floor of EIP-7623, is what it would take with that of EIP-7976, and both are within the limits of a transaction and of a block.
async function withinPrices(receipt, data, what) {
  assert.ok(receipt.gas > floorOf7623(data), `${what}: ${receipt.gas} gas, the floor of EIP-7623 is ${floorOf7623(data)}`);
  const {today, draft} = transactionGas(data, receipt.gas - 21000 - dataGas(data));
  assert.equal(today, receipt.gas);
  const {gasLimit} = await node.ask('eth_getBlockByNumber', 'latest', false);
  for (const gas of [today, draft]) assert.ok(gas <= MAX_TRANSACTION_GAS && gas <= Number(gasLimit), `${what}: ${gas} gas`);
  console.log(`# ${what}: ${today} gas, ${draft} with EIP-7976 (floors ${floorOf7623(data)}, ${floorOf7976(data)})`);
  return draft;
}

let node;
const at = {};
before(async () => {
  node = await Node.start();
  for (const name of CONTRACTS) {
    at[name] = await node.deploy(name, ...(ARGUMENTS[name] ?? []).map((other) => argument(at[other])));
  }
});
after(() => node?.stop());

test('every contract is there, at the limit of code', async () => {
  for (const name of CONTRACTS) {
    const code = hexToBytes(await node.ask('eth_getCode', at[name], 'latest'));
    assert.equal(code.length, hexToBytes(artifacts[name].deployed).length, name);
    assert.ok(code.length <= 24576, name);
  }
});

test('the node has the limit of EIP-7825', async () => {
  await assert.rejects(node.send(at.ZkInferReceipts, SUBMIT, {gas: MAX_TRANSACTION_GAS + 1}), /tx_gas_limit/);
});

test('floors are what the node takes of a transaction that does next to nothing, and no transaction of 131,072 bytes reaches a limit by EIP-7976', async () => {
  const data = new Uint8Array(20000).fill(1);
  data.fill(0, 15000);
  // To an address without code.
  const receipt = await node.send(addressOf(DEV_KEYS[1]), data);
  assert.equal(receipt.gas, floorOf7623(data));
  assert.deepEqual(transactionGas(data, 0), {standard: 21000 + 15000 * 16 + 5000 * 4, today: 21000 + 15000 * 40 + 5000 * 10, draft: 21000 + 20000 * 64});
  assert.ok(floorOf7976(new Uint8Array(MAX_TRANSACTION_BYTES)) <= MAX_TRANSACTION_GAS / 2 + 21000);
});

test('no contract is larger than its limit', () => {
  for (const [name, most] of Object.entries(limits.code)) within(hexToBytes(artifacts[name].deployed).length, most, `${name}: bytes of code`);
});

async function register(exported, card = 'ipfs://card', from = 0) {
  const call = concat(selector('register(bytes,string)'), encode({bytes: hexToBytes(exported.program)}, {bytes: text(card)}));
  assert.equal(bytesToHex((await node.call(at.ZkInferRegistry, call)).data), exported.model_id);
  const receipt = await node.send(at.ZkInferRegistry, call, {from});
  assert.ok(receipt.succeeded);
  assert.ok(receipt.bytes <= MAX_TRANSACTION_BYTES);
  await withinPrices(receipt, call, 'registration');
  for (const {topics} of receipt.logs) assert.equal(topics[1], exported.model_id);
  return receipt;
}

const models = [
  // name, example, words for commit
  ['digits', 'digits', ['--profile', 'small', '--budget', '16']],
  ['public_input', 'mlp', ['--inputs', 'public', '--profile', 'small', '--budget', '16']],
];
for (const [name, example, commitWords] of models) {
  describe(name, () => {
    let model;
    let exported;
    let receiptId;
    before(() => {
      model = new Model(`chain_${name}`, example, commitWords, []);
      exported = model.exported();
    });
    const verify = async (calldata) => {
      const {data, error} = await node.call(at.ZkInferVerifier, calldata);
      assert.equal(error, undefined);
      return REASONS[Number(words(data)[0])];
    };
    // verify and submit take the same arguments.
    const submission = (calldata) => concat(SUBMIT, calldata.slice(4));
    const changed = () => {
      const calldata = hexToBytes(exported.calldata);
      calldata[calldata.length - 100] ^= 1;
      return calldata;
    };

    test('registered under the name that the exporter says', async () => {
      const receipt = await register(exported);
      console.log(`# ${name}: registered with ${receipt.gas} gas`);
      within(receipt.gas, limits.gas[name].register, `${name}: gas of the registration`);
    });

    test('a card is of who says it, also of who registers later, and registering makes nobody an owner', async () => {
      const {logs} = await register(exported, 'ipfs://another', 1);
      const [named, ...more] = logs;
      assert.equal(more.length, 0);
      assert.deepEqual(named.topics, [bytesToHex(keccak(text('CardNamed(bytes32,address,string)'))), exported.model_id, bytesToHex(encode(argument(addressOf(DEV_KEYS[1]))))]);
      assert.deepEqual(hexToBytes(named.data), encode({bytes: text('ipfs://another')}));
      assert.deepEqual((await register(exported, '', 1)).logs, []);
      const {data} = await node.call(at.ZkInferOwners, concat(selector('ownerOf(bytes32)'), encode(hexToBytes(exported.model_id))));
      assert.equal(words(data)[0], 0n);
    });

    test('accepted in one transaction, with a receipt', async () => {
      const calldata = hexToBytes(exported.calldata);
      assert.equal(await verify(calldata), 'None');
      const receipt = await node.send(at.ZkInferReceipts, submission(calldata), {from: 1});
      assert.ok(receipt.succeeded);
      assert.ok(receipt.bytes <= MAX_TRANSACTION_BYTES, `${receipt.bytes} bytes`);
      assert.ok(receipt.gas < MAX_TRANSACTION_GAS, `${receipt.gas} gas`);
      within(receipt.gas, limits.gas[name].verify, `${name}: gas of the verification`);
      within(await withinPrices(receipt, submission(calldata), `${name}, verified`), limits.gas[name].verify, `${name}: gas of the verification with EIP-7976`);
      const publics = [model.native.public_inputs, model.native.public_outputs].map((x) => keccak(hexToBytes(x)));
      receiptId = keccak(encode(hexToBytes(exported.model_id), ...publics, context));
      const [event] = receipt.logs;
      assert.equal(event.topics[1], bytesToHex(receiptId));
      assert.equal(event.topics[2], exported.model_id);
      assert.equal(argument(addressOf(DEV_KEYS[1])), words(hexToBytes(event.data))[1]);
      console.log(`# ${name}: a transaction of ${receipt.bytes} bytes, ${receipt.gas} gas`);
    });

    test('a rejected proof says why, and leaves nothing', async () => {
      const native = model.fixture(changed().slice(-model.proof.length - ((32 - (model.proof.length & 31)) & 31)).slice(0, model.proof.length));
      assert.notEqual(native.reason, 0);
      assert.equal(await verify(changed()), REASONS[native.reason]);
      const {data} = await node.call(at.ZkInferReceipts, submission(changed()));
      assert.deepEqual(data, concat(selector('Rejected(uint8)'), encode(native.reason)));
      const receipt = await node.send(at.ZkInferReceipts, submission(changed()));
      assert.ok(!receipt.succeeded);
      assert.deepEqual(receipt.logs, []);
    });

    test('a receipt is used once, a copy of the transaction gives nothing new', async () => {
      const again = await node.send(at.ZkInferReceipts, submission(hexToBytes(exported.calldata)), {from: 1});
      assert.ok(again.succeeded);
      assert.deepEqual(again.logs, []);
      const consume = concat(selector('consume(bytes32)'), encode(receiptId));
      assert.ok((await node.send(at.ZkInferReceipts, consume)).succeeded);
      const {data} = await node.call(at.ZkInferReceipts, consume);
      assert.deepEqual(data.slice(0, 4), selector('Consumed(bytes32)'));
    });
  });
}

describe('a proof of more bytes than one transaction takes', () => {
  let model;
  let exported;
  before(async () => {
    model = new Model('chain_large', 'digits', [], []);
    exported = model.exported();
    await register(exported);
  });

  test('comes in two transactions and leaves a receipt', async () => {
    assert.ok(hexToBytes(exported.calldata).length > MAX_TRANSACTION_BYTES - 256);
    const [inputs, outputs] = [model.native.public_inputs, model.native.public_outputs].map(hexToBytes);
    const statement = [hexToBytes(exported.model_id), keccak(inputs), keccak(outputs), context, keccak(model.proof)];
    const half = 65000;
    const calls = {
      add: concat(selector('add(bytes32,bytes32,bytes32,bytes32,bytes32,uint256,bytes)'), encode(...statement, 0, {bytes: model.proof.slice(0, half)})),
      finish: concat(selector('finish(bytes32,bytes,bytes,bytes32,bytes32,bytes)'),
        encode(statement[0], {bytes: inputs}, {bytes: outputs}, context, statement[4], {bytes: model.proof.slice(half)})),
    };
    const receipts = {};
    for (const [name, data] of Object.entries(calls)) {
      const receipt = (receipts[name] = await node.send(at.ZkInferSession, data));
      assert.ok(receipt.succeeded);
      assert.ok(receipt.bytes <= MAX_TRANSACTION_BYTES && receipt.gas < MAX_TRANSACTION_GAS, `${receipt.bytes} bytes, ${receipt.gas} gas`);
    }
    const {add, finish} = receipts;
    // What a chunk takes is creating code; what is given back when it ends keeps `finish` from being the sum of its parts.
    await withinPrices(add, calls.add, 'a chunk');
    assert.ok(Math.max(finish.gas, floorOf7976(calls.finish)) <= MAX_TRANSACTION_GAS);
    console.log(`# digits, default key: ${model.proof.length} bytes of proof, ${add.gas} and ${finish.gas} gas`);
    const id = keccak(encode(...statement.slice(0, 4)));
    assert.equal(finish.logs[0].topics[1], bytesToHex(id));
    const {data} = await node.call(at.ZkInferReceipts, concat(selector('isVerified(bytes32)'), encode(id)));
    assert.equal(words(data)[0], 1n);
  });
});
