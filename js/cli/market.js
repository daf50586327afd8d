#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
// zkinfer-market: bounties and sales of weights from the command line (docs/market.md).
import {main} from './main.js';
import {shown} from './text.js';

const INTERNAL = 3;
// Node says that X25519 in WebCrypto is young; people cannot act on it.
process.removeAllListeners('warning');
// A write that fails ends no process where it stands: money may be under way. Nobody can be told when standard error does.
process.stderr.on('error', () => {});
process.on('uncaughtException', (error) => {
  process.stderr.write(`zkinfer-market: a fault of zkinfer-market, please report it: ${shown(error?.stack ?? error)}\n`);
  process.exit(INTERNAL);
});

const said = [];
const code = await main(process.argv.slice(2), (text) => said.push(text), (text) => process.stderr.write(text));
const failure = await new Promise((resolve) => {
  process.stdout.on('error', resolve);
  process.stdout.write(said.join(''), (error) => resolve(error));
});
if (!failure) {
  process.exitCode = code;
} else if (failure.code === 'EPIPE') {
  // Who read it has enough; as the native program ends.
  process.exitCode = 141;
} else {
  process.stderr.write(`zkinfer-market: cannot write to standard output: ${shown(failure.code ?? failure.message)}${code === 0 ? '; what it did is done' : ''}\n`);
  process.exitCode = 2;
}
