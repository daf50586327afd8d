// SPDX-License-Identifier: Apache-2.0
// build.mjs WASM OUTPUT_FOLDER [EXAMPLE_FOLDER]: the npm package in OUTPUT_FOLDER/zkinfer, and the page, one file that needs nothing else, as
// OUTPUT_FOLDER/page/index.html, which shows the proof of EXAMPLE_FOLDER where there is one.
import {cp, mkdir, readFile, readdir, rm, writeFile} from 'node:fs/promises';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const [wasm, output, example] = process.argv.slice(2);
if (output === undefined) {
  console.error('usage: build.mjs WASM OUTPUT_FOLDER [EXAMPLE_FOLDER]');
  process.exit(2);
}

const folder = join(output, 'zkinfer');
await rm(folder, {recursive: true, force: true});
await mkdir(folder, {recursive: true});
await cp(join(here, 'src'), join(folder, 'src'), {recursive: true});
await cp(join(here, 'README.md'), join(folder, 'README.md'));
await cp(join(here, '..', 'LICENSE'), join(folder, 'LICENSE'));
await cp(wasm, join(folder, 'zkinfer.wasm'));
// What installs the package needs neither its tests nor what they need.
const {devDependencies, scripts, ...published} = JSON.parse(await readFile(join(here, 'package.json'), 'utf8'));
await writeFile(join(folder, 'package.json'), JSON.stringify(published, null, 2) + '\n');

// The page as one classic script: modules are not loaded from files. Each name is used once, and no import spans lines.
const parts = ['src/errors.js', 'src/bytes.js', 'src/module.js', 'src/key.js', 'page/own_module.js', 'src/index.js', 'page/show.js', 'page/tokenizer.js', 'page/page.js'];
const bodies = await Promise.all(parts.map(async (part) => (await readFile(join(here, part), 'utf8'))
  .replace(/^import .*\n/gm, '').replace(/^export \{.*\n/gm, '').replace(/^export /gm, '')));
const base64 = async (file) => (await readFile(file)).toString('base64');
const data = {wasm: await base64(wasm)};
if (example !== undefined) {
  data.example = {};
  for (const file of await readdir(example)) if (/\.(zkproof|zkkey|zkcert|zkpath)$/.test(file)) data.example[file] = await base64(join(example, file));
}
const style = (await readFile(join(here, '../tools/cli/report/style.css'), 'utf8')) + (await readFile(join(here, 'page/page.css'), 'utf8'));
const page = (await readFile(join(here, 'page/index.html'), 'utf8')).replace('/*STYLE*/', () => style).replace('/*DATA*/', () => JSON.stringify(data))
  .replace('/*SCRIPT*/', () => `(() => {\n${bodies.join('\n')}\n})();`);
await mkdir(join(output, 'page'), {recursive: true});
await writeFile(join(output, 'page', 'index.html'), page);
