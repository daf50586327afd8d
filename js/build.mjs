// SPDX-License-Identifier: Apache-2.0
// build.mjs WASM_FOLDER OUTPUT_FOLDER [EXAMPLE_FOLDER]: the npm package in OUTPUT_FOLDER/zkinfer, and three pages, each one file that needs
// nothing else, in OUTPUT_FOLDER/page: index.html checks proofs, prove.html makes them, bounties.html is a market's. The first two show the files of EXAMPLE_FOLDER where there is one.
// ZKINFER_EVM: where `make evm` has built the contracts, ZKINFER_NPM: js/package.json's packages; with both, index.html runs contracts.
import {execFileSync} from 'node:child_process';
import {existsSync} from 'node:fs';
import {cp, mkdir, readFile, readdir, rm, writeFile} from 'node:fs/promises';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const [built, output, example] = process.argv.slice(2);
if (output === undefined) {
  console.error('usage: build.mjs WASM_FOLDER OUTPUT_FOLDER [EXAMPLE_FOLDER]');
  process.exit(2);
}

const folder = join(output, 'zkinfer');
await rm(folder, {recursive: true, force: true});
await mkdir(folder, {recursive: true});
for (const part of ['src', 'cli']) await cp(join(here, part), join(folder, part), {recursive: true});
await cp(join(here, 'README.md'), join(folder, 'README.md'));
await cp(join(here, '..', 'LICENSE'), join(folder, 'LICENSE'));
const modules = ['zkinfer.wasm', 'zkinfer_prover.wasm'];
for (const name of modules) await cp(join(built, name), join(folder, name));
// What installs the package needs neither its tests nor what they need; zkinfer-market alone needs viem.
const {devDependencies, scripts, ...published} = JSON.parse(await readFile(join(here, 'package.json'), 'utf8'));
Object.assign(published, {peerDependencies: {viem: `^${devDependencies.viem}`}, peerDependenciesMeta: {viem: {optional: true}}});
await writeFile(join(folder, 'package.json'), JSON.stringify(published, null, 2) + '\n');

// A page as one classic script: modules are not loaded from files. Each name is used once, and no import spans lines.
async function script(...parts) {
  const bodies = await Promise.all(parts.map(async (part) => (await readFile(join(here, part), 'utf8'))
    .replace(/^import .*\n/gm, '').replace(/^export \{.*\n/gm, '').replace(/^export /gm, '')));
  return `(() => {\n${bodies.join('\n')}\n})();`;
}
// The same for parts that use names of their own: each in a scope, what it exports by name to those behind it. No import or list of exports spans lines.
async function linked(...parts) {
  const bodies = await Promise.all(parts.map(async (part) => {
    const text = await readFile(join(here, part), 'utf8');
    const exported = [...text.matchAll(/^export (?:async )?(?:function|const|let|class) (\w+)/gm)].map(([, name]) => name).concat([...text.matchAll(/^export \{(.*)\};$/gm)].flatMap(([, names]) => names.split(',').map((name) => name.trim())));
    const body = text.replace(/^import (\{.*\}) from .*$/gm, (_, names) => `const ${names.replace(/ as /g, ': ')} = $shared;`).replace(/^export \{.*\n/gm, '').replace(/^export /gm, '');
    return `(() => {\n${body}\nObject.assign($shared, {${exported.join(', ')}});\n})();`;
  }));
  return `(() => {\nconst $shared = {};\n${bodies.join('\n')}\n})();`;
}
const base64 = async (file) => (await readFile(file)).toString('base64');
const style = (await readFile(join(here, '../tools/cli/report/style.css'), 'utf8')) + (await readFile(join(here, 'page/page.css'), 'utf8'));

// The contracts, and the script that runs them.
const artifacts = join(process.env.ZKINFER_EVM ?? '', 'artifacts.json');
const esbuild = join(process.env.ZKINFER_NPM ?? '', `node_modules/@esbuild/linux-${process.arch}/bin/esbuild`);
const runsContracts = existsSync(artifacts) && existsSync(esbuild);
async function contracts() {
  const names = ['ZkInferOuter', 'ZkInferFunctionals', 'ZkInferRegistry', 'ZkInferVerifier', 'ZkInferReceipts', 'ZkInferSession'];
  const all = JSON.parse(await readFile(artifacts, 'utf8'));
  return Object.fromEntries(names.map((name) => [name, {bytecode: all[name].bytecode}]));
}
const bundle = (part) => execFileSync(esbuild, [join(here, part), '--bundle', '--minify', '--format=iife', '--platform=browser', '--legal-comments=inline', '--log-level=error'],
  {env: {...process.env, NODE_PATH: join(process.env.ZKINFER_NPM, 'node_modules')}, maxBuffer: 2 ** 26, encoding: 'utf8'});

async function page(file, {modules, examples, script, worker, chain}) {
  const data = {modules: {}};
  for (const name of modules) data.modules[name] = await base64(join(built, name));
  const shown = example === undefined ? [] : (await readdir(example)).filter((name) => examples.test(name));
  if (shown.length > 0) data.example = Object.fromEntries(await Promise.all(shown.map(async (name) => [name, await base64(join(example, name))])));
  if (chain) data.contracts = await contracts();
  const html = (await readFile(join(here, 'page', file), 'utf8')).replace('/*STYLE*/', () => style).replace('/*DATA*/', () => JSON.stringify(data))
    .replace('/*WORKER*/', () => worker).replace('/*SCRIPT*/', () => script)
    .replace('/*CHAIN*/', () => chain ?? '');
  await mkdir(join(output, 'page'), {recursive: true});
  await writeFile(join(output, 'page', file), html);
}

const common = ['src/errors.js', 'src/bytes.js', 'src/module.js'];
await page('index.html', {
  modules: ['zkinfer.wasm'], examples: /\.(zkproof|zkkey|zkcert|zkpath)$/,
  script: await script(...common, 'page/own_module.js', 'src/instances.js', 'src/key.js', 'src/index.js', 'page/show.js', 'page/tokenizer.js', 'page/data_files.js', 'page/evaluation.js', 'page/on_chain.js', 'page/page.js'),
  chain: runsContracts ? bundle('page/chain.js') : undefined,
});
await page('prove.html', {
  modules, examples: /\.zkmodel$/,
  script: await script('page/own_module.js', 'page/show.js', 'page/input.js', 'page/prove.js'),
  worker: await script(...common, 'page/worker_module.js', 'src/instances.js', 'src/key.js', 'src/index.js', 'src/prover.js', 'page/prove_worker.js'),
});
await page('bounties.html', {
  modules: ['zkinfer.wasm'], examples: /^$/,
  script: await linked(...common, 'page/own_module.js', 'src/instances.js', 'src/key.js', 'src/index.js', 'page/show.js', 'src/keccak.js', 'src/abi.js', 'src/market.js', 'src/jcs.js', 'src/ipfs.js', 'src/npy.js', 'src/bounty_data.js', 'src/bounty_rows.js',
    'src/market_abi.js', 'src/quantities.js', 'src/market_states.js', 'src/bounty_terms.js', 'src/market_steps.js', 'src/evm.js', 'src/refusals.js', 'src/bounty_submission.js', 'src/sealing.js', 'src/shares.js', 'src/goods_list.js', 'page/bounty_chain.js', 'page/bounty_check.js',
    'page/bounty_parts.js', 'page/bounty_send.js', 'page/bounty_create.js', 'page/bounty_provider.js', 'page/bounty_hunter.js', 'page/bounties.js'),
});
