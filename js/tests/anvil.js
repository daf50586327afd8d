// SPDX-License-Identifier: Apache-2.0
// A node of a chain for one test, with Ethereum's limits of transactions, from the packages of `make evm`. ZKINFER_EVM: their folder.
import {spawn} from 'node:child_process';
import {readdirSync} from 'node:fs';
import {join} from 'node:path';

export const evm = process.env.ZKINFER_EVM;

export async function startAnvil() {
  const packages = join(evm, 'npm/node_modules/@foundry-rs');
  const platform = readdirSync(packages).find((name) => name.startsWith('anvil-'));
  const anvil = spawn(join(packages, platform, 'bin/anvil'), ['--hardfork', 'osaka', '--enable-tx-gas-limit', '--gas-limit', '60000000', '--port', '0'], {stdio: ['ignore', 'pipe', 'inherit']});
  const url = await new Promise((resolve, reject) => {
    let text = '';
    anvil.on('error', reject);
    anvil.on('exit', (code) => reject(new Error(`anvil ended with ${code}`)));
    anvil.stdout.on('data', (data) => {
      text += data;
      const match = /Listening on (\S+)/.exec(text);
      if (match) resolve(`http://${match[1]}`);
    });
  });
  const ask = async (method, ...params) => {
    const answer = await fetch(url, {method: 'POST', headers: {'content-type': 'application/json'}, body: JSON.stringify({jsonrpc: '2.0', id: 1, method, params})});
    const {result, error} = await answer.json();
    if (error) throw new Error(`${method}: ${error.message}`);
    return result;
  };
  /** Of a transaction, once it is in a block. */
  const receipt = async (hash) => {
    for (;;) {
      const found = await ask('eth_getTransactionReceipt', hash);
      if (found !== null) return found;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  return {url, ask, receipt, stop: () => anvil.kill()};
}
