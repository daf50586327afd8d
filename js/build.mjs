// SPDX-License-Identifier: Apache-2.0
// build.mjs WASM OUTPUT_FOLDER: the npm package in OUTPUT_FOLDER/zkinfer, and the page, one file that needs nothing else, as
// OUTPUT_FOLDER/page/index.html.
import {cp, mkdir, readFile, rm, writeFile} from 'node:fs/promises';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const [wasm, output] = process.argv.slice(2);
if (output === undefined) {
  console.error('usage: build.mjs WASM OUTPUT_FOLDER');
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
