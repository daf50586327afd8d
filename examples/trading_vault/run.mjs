// SPDX-License-Identifier: Apache-2.0
// The vault through three bars, and what others try. node examples/trading_vault/run.mjs [FOLDER]; README.md says what it shows.
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {readFileSync} from 'node:fs';
import {Chain, Feed, refused} from '../support/chain.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const rows = join(here, 'bars.npy');
const ETHER = 10n ** 18n;
const HOURS = 64;
const [BUYS, HOLDS, SELLS] = [0, 1, 2]; // rows of bars.npy
const returnsOf = (index) => new Uint8Array(readFileSync(rows)).slice(-48 * HOURS).slice(HOURS * index, HOURS * (index + 1));
const eth = (wei) => `${(Number(wei) / 1e18).toFixed(4)} ETH`;

const chain = await Chain.start(process.argv[2]);
try {
  const [feedAccount, investor, bringer, other] = chain.accounts;
  const feed = new Feed(chain, feedAccount);
  const modelId = chain.register(join(here, 'strategy.onnx'), rows, bringer, 'strategy');
  const pool = await chain.deploy('ExamplePool', [1000n * ETHER], 1000n * ETHER);
  const asset = chain.at('ExampleAsset', await pool.read('token'));
  const vaultOf = () => chain.deploy('TradingVault', [chain.deployment.receipts, modelId, feedAccount, investor, pool.address]);
  const [vault, twin] = [await vaultOf(), await vaultOf()];
  await chain.receipt(await chain.ask('eth_sendTransaction', {from: investor, to: vault.address, value: `0x${(5n * ETHER).toString(16)}`}));
  const holds = async () => `${eth(await chain.ask('eth_getBalance', vault.address, 'latest'))} and ${eth(await asset.read('balanceOf', vault.address)).replace('ETH', 'of the asset')}`;
  const price = async () => (ETHER * (await pool.read('eth'))) / (await asset.read('balanceOf', pool.address));

  /** All that acting on a bar needs, its receipt included. */
  const prepare = async (number, index, {time} = {}) => {
    const {bar, signature} = await feed.sign(number, time ?? (await chain.now()), await price(), returnsOf(index));
    const {file, outputs} = chain.prove('strategy', rows, index, await vault.read('contextOf', number));
    return {call: [bar, signature, outputs], gas: chain.publish(file, bringer).gas};
  };
  const bought = await prepare(1, BUYS);
  // A front-runner takes the call from the mempool and sends it first: the vault does the same, for the same investor.
  const gas = await vault.send(other, 'act', bought.call);
  console.log(`bar 1: bought, though somebody else sent the call; the vault holds ${await holds()}; gas: proof ${bought.gas}, act ${gas}`);
  await refused('the call once more', /^NotNewer/, () => vault.send(bringer, 'act', bought.call));
  await refused('the call at another vault of the same strategy', /^NotVerified/, () => twin.send(other, 'act', bought.call));

  const held = await prepare(2, HOLDS);
  await refused('a signal that is not the network\'s', /^NotVerified/, () => vault.send(other, 'act', [held.call[0], held.call[1], '0x00']));
  await refused('a bar with another price', /^NotTheFeeds/, () => vault.send(other, 'act', [{...held.call[0], price: held.call[0].price / 2n}, held.call[1], held.call[2]]));
  await vault.send(bringer, 'act', held.call);
  console.log(`bar 2: nothing is done; the vault holds ${await holds()}`);
  await refused('an older bar', /^NotNewer/, () => vault.send(other, 'act', bought.call));
  await refused('a bar that is two hours old', /^NotNow/, async () => vault.send(bringer, 'act', (await prepare(3, SELLS, {time: (await chain.now()) - 7200n})).call));

  const sold = await prepare(3, SELLS);
  // A sandwich: the price is pushed down before the vault sells.
  const attack = 100n * ETHER;
  await pool.send(other, 'buy', [0n], attack);
  const tokens = await asset.read('balanceOf', other);
  await asset.send(other, 'approve', [pool.address, 2n * tokens]);
  const pushed = await prepare(4, SELLS); // signed at the price of the moment
  await pool.send(other, 'sell', [tokens, 0n]);
  await refused('a sale after the price was pushed down', /^Slipped/, () => vault.send(bringer, 'act', pushed.call));
  await vault.send(bringer, 'act', sold.call);
  console.log(`bar 3: sold; the vault holds ${await holds()}`);

  await refused('a withdrawal by somebody else', /^NotTheInvestor/, () => vault.send(other, 'withdraw', []));
  await vault.send(investor, 'withdraw', []);
  console.log(`the investor has withdrawn: the vault holds ${await holds()}`);
} finally {
  chain.stop();
}
