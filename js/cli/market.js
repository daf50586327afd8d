#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
// zkinfer-market: bounties and sales of weights from the command line (docs/market.md).
import {main} from './main.js';

// Node says that X25519 in WebCrypto is young; people cannot act on it.
process.removeAllListeners('warning');
process.exitCode = await main(process.argv.slice(2), (text) => process.stdout.write(text), (text) => process.stderr.write(text));
