// SPDX-License-Identifier: Apache-2.0
// The lending oracle from a feed's bar to a limit, and what others try. node examples/lending_oracle/run.mjs [FOLDER]; README.md says what it shows.
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {readFileSync} from 'node:fs';
import {Chain, Feed, refused} from '../support/chain.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const rows = join(here, 'bars.npy');
const ETHER = 10n ** 18n;
const HOURS = 64;
/** The returns of one bar, as the feed knows them. */
const returnsOf = (index) => new Uint8Array(readFileSync(rows)).slice(-48 * HOURS).slice(HOURS * index, HOURS * (index + 1));

const chain = await Chain.start(process.argv[2]);
try {
  const [feedAccount, poster, other] = chain.accounts;
  const feed = new Feed(chain, feedAccount);
  const modelId = chain.register(join(here, 'risk.onnx'), rows, poster, 'risk');
  const oracle = await chain.deploy('LendingOracle', [chain.deployment.receipts, modelId, feedAccount]);
  const twin = await chain.deploy('LendingOracle', [chain.deployment.receipts, modelId, feedAccount]);
  console.log(`model ${modelId}, oracle ${oracle.address}`);
  await refused('a limit before any bar', /^Stale/, () => oracle.read('limitOf', ETHER));

  const post = async (number, index, {time, price = 2n * ETHER, change = (x) => x} = {}) => {
    const {bar, signature} = await feed.sign(number, time ?? (await chain.now()), price, returnsOf(index));
    const {file, outputs, inputs} = chain.prove('risk', rows, index, await oracle.read('contextOf', number));
    if (Buffer.compare(inputs, returnsOf(index)) !== 0) throw new Error('the network reads other bytes than the feed signed');
    const {gas} = chain.publish(file, poster);
    const call = change({bar, signature, outputs});
    const more = await oracle.send(poster, 'post', [call.bar, call.signature, call.outputs]);
    return {bar, signature, outputs, gas: [gas, more]};
  };
  const first = await post(1, 0);
  console.log(`bar 1: ${await oracle.read('percent')} % may be lent, ${await oracle.read('limitOf', ETHER)} wei for one unit; gas: proof ${first.gas[0]}, post ${first.gas[1]}`);
  await refused('the same bar again', /^NotNewer/, () => oracle.send(other, 'post', [first.bar, first.signature, first.outputs]));
  await refused('its proof at another oracle', /^NotVerified/, () => twin.send(other, 'post', [first.bar, first.signature, first.outputs]));

  // Better news than the network's: other outputs, other returns, another price.
  await refused('another class than the network gives', /^NotVerified/, () => post(2, 1, {change: (call) => ({...call, outputs: call.outputs === '0x02' ? '0x00' : '0x02'})}));
  await refused('calm returns in the place of the feed\'s', /^NotTheFeeds/, async () => {
    const time = await chain.now();
    const {bar, signature} = await feed.sign(2, time, 2n * ETHER, returnsOf(1));
    const made = chain.prove('risk', rows, 2, await oracle.read('contextOf', 2));
    chain.publish(made.file, poster);
    const changed = {...bar, returnsDigest: (await feed.sign(2, time, 2n * ETHER, returnsOf(2))).bar.returnsDigest};
    await oracle.send(other, 'post', [changed, signature, made.outputs]);
  });
  await refused('another price than was signed', /^NotTheFeeds/, () => post(2, 1, {change: (call) => ({...call, bar: {...call.bar, price: 200n * ETHER}})}));
  await refused('a bar that somebody else signed', /^NotTheFeeds/, async () => {
    const forged = await new Feed(chain, other).sign(2, await chain.now(), 2n * ETHER, returnsOf(1));
    await oracle.send(other, 'post', [forged.bar, forged.signature, '0x02']);
  });
  await refused('a bar of three hours ago', /^NotNow/, async () => post(2, 1, {time: (await chain.now()) - 10800n}));
  const second = await post(2, 1);
  console.log(`bar 2: ${await oracle.read('percent')} % may be lent; gas: post ${second.gas[1]}`);
  await chain.later(7200);
  await refused('a limit from two hours ago', /^Stale/, () => oracle.read('limitOf', ETHER));
} finally {
  chain.stop();
}
