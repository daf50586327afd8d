// SPDX-License-Identifier: Apache-2.0
// build.mjs PACKAGES OUTPUT: compiles contracts/src, contracts/tests/*.sol and examples/*/*.sol, which import the first as zkinfer/.., with the solc of PACKAGES/node_modules; OUTPUT gets
// artifacts.json, {name: {abi, bytecode, deployed}}. Fails on a compiler's warning, and on a contract of src beyond EIP-170's limit.
// With a third argument, marks.json, it builds for measuring instead: a comment "gas: name" becomes a comparison with MARK + number of
// the name, for a tracer to see, and marks.json gets the names.
import {mkdirSync, readFileSync, readdirSync, writeFileSync} from 'node:fs';
import {createRequire} from 'node:module';
import {dirname, join, resolve} from 'node:path';
import {fileURLToPath} from 'node:url';

const MAX_CODE = 24576;
// Small contracts that run long: constants in full, which cost a byte of code each time and nothing to run.
const FAST = ['ZkInferFunctionals', 'ZkInferOuter'];
// Large ones of tests, where time to compile counts.
const LIGHT = ['tests/MarketFuzz.sol'];
const here = dirname(fileURLToPath(import.meta.url));
const [packages, output] = process.argv.slice(2, 4).map((path) => resolve(path));
const marks = process.argv[4];
if (output === undefined) {
  console.error('usage: build.mjs PACKAGES OUTPUT');
  process.exit(2);
}
const solc = createRequire(join(packages, 'package.json'))('solc');

const MARK = 0xfeed0000;
const names = [];
function withMarks(source) {
  return source.replace(/\/\/ gas: (.*)/g, (_, name) => {
    if (!names.includes(name)) names.push(name);
    return `assembly ("memory-safe") { if eq(calldatasize(), ${MARK + names.indexOf(name)}) { invalid() } }`;
  });
}

const sources = {};
for (const folder of ['src', 'tests']) {
  for (const name of readdirSync(join(here, folder)).sort()) {
    if (name.endsWith('.sol')) {
      const content = readFileSync(join(here, folder, name), 'utf8');
      sources[`${folder}/${name}`] = {content: marks ? withMarks(content) : content};
    }
  }
}
const examples = join(here, '../examples');
for (const {name: folder} of readdirSync(examples, {withFileTypes: true}).filter((entry) => entry.isDirectory())) {
  for (const name of readdirSync(join(examples, folder)).sort()) {
    if (name.endsWith('.sol')) sources[`examples/${folder}/${name}`] = {content: readFileSync(join(examples, folder, name), 'utf8')};
  }
}
function compile(runs, selection, details = {}) {
  const outputs = ['abi', 'evm.bytecode.object', 'evm.deployedBytecode.object'];
  const input = {
    language: 'Solidity',
    sources,
    settings: {
      remappings: ['zkinfer/=src/'],
      viaIR: true,
      evmVersion: 'osaka',
      optimizer: {enabled: true, runs, ...details},
      metadata: {bytecodeHash: 'none', appendCBOR: false},
      outputSelection: Object.fromEntries(Object.entries(selection).map(([file, names]) => [file, Object.fromEntries(names.map((name) => [name, outputs]))])),
    },
  };
  // Packages of others, by the names that npm gives them.
  const imported = (name) => {
    try {
      return {contents: readFileSync(join(packages, 'node_modules', name), 'utf8')};
    } catch (error) {
      return {error: error.message};
    }
  };
  return JSON.parse(solc.compile(JSON.stringify(input), {import: imported}));
}
const all = Object.fromEntries(Object.keys(sources).filter((file) => !LIGHT.includes(file) && !FAST.some((name) => file === `src/${name}.sol`)).map((file) => [file, ['*']]));
const result = compile(200, all);
for (const name of FAST) {
  const file = `src/${name}.sol`;
  const fast = compile(1000000, {[file]: [name]});
  result.errors = [...(result.errors ?? []), ...(fast.errors ?? [])];
  if (fast.contracts?.[file]) result.contracts[file] = fast.contracts[file];
}
const light = compile(200, Object.fromEntries(LIGHT.map((file) => [file, ['*']])), {details: {yul: true, yulDetails: {optimizerSteps: 'u:'}}});
// What it warns of is the size of a contract of tests, which no chain will see.
result.errors = [...(result.errors ?? []), ...(light.errors ?? []).filter(({errorCode}) => errorCode !== '5574')];
for (const file of LIGHT) if (light.contracts?.[file]) result.contracts[file] = light.contracts[file];
for (const problem of result.errors ?? []) if (marks === undefined || problem.severity === 'error') console.error(problem.formattedMessage);
if ((result.errors ?? []).some((problem) => marks === undefined || problem.severity === 'error')) process.exit(1);

const artifacts = {};
let failed = false;
for (const [file, contracts] of Object.entries(result.contracts)) {
  for (const [name, {abi, evm}] of Object.entries(contracts)) {
    const deployed = evm.deployedBytecode.object;
    if (deployed.length === 0 || file.startsWith('@')) continue;
    const size = deployed.length / 2;
    if (file.startsWith('src/')) {
      console.log(`${name}: ${size} bytes`);
      if (size > MAX_CODE && marks === undefined) {
        console.error(`${name}: ${size} bytes, at most ${MAX_CODE} (EIP-170)`);
        failed = true;
      }
    }
    artifacts[name] = {abi, bytecode: `0x${evm.bytecode.object}`, deployed: `0x${deployed}`};
  }
}
if (failed) process.exit(1);
mkdirSync(output, {recursive: true});
writeFileSync(join(output, 'artifacts.json'), JSON.stringify(artifacts));
if (marks !== undefined) writeFileSync(join(output, marks), JSON.stringify({first: MARK, names}));
