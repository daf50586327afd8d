// SPDX-License-Identifier: Apache-2.0
// market_abi.mjs ARTIFACTS: prints js/src/market_abi.js, what callers of the market's contracts know of them. Test `js_market` compares.
import {readFileSync} from 'node:fs';

const artifacts = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const parameter = ({name, type, indexed, components}) => ({name, type, ...(indexed && {indexed}), ...(components && {components: components.map(parameter)})});
function entry({type, name, inputs, outputs, stateMutability}) {
  const line = JSON.stringify({type, name, inputs: inputs.map(parameter), ...(outputs && {outputs: outputs.map(parameter)}), ...(stateMutability && {stateMutability})});
  return `  ${line.replace(/"([a-zA-Z]+)":/g, '$1: ').replace(/"/g, '\'').replace(/,(?=[{a-z'])/g, ', ')},`;
}
const list = (name, contract) => `export const ${name} = [\n${artifacts[contract].abi.filter(({type}) => ['function', 'event', 'error'].includes(type)).map(entry).join('\n')}\n];\n`;
process.stdout.write(`// SPDX-License-Identifier: Apache-2.0
// Made by js/market_abi.mjs of the compiled contracts: functions, events and errors of BountyMarket and DirectSale.

${list('marketAbi', 'BountyMarket')}
${list('saleAbi', 'DirectSale')}`);
