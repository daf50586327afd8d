// SPDX-License-Identifier: Apache-2.0
// The walk-through of docs/market.md, block by block, in a project as `make build web evm` leaves it.
import assert from 'node:assert/strict';
import {execFile} from 'node:child_process';
import {mkdirSync, symlinkSync} from 'node:fs';
import {join} from 'node:path';
import {promisify} from 'node:util';
import {evm} from './anvil.js';
import {installMarket, programFolder} from './market_package.js';
import {Folder, source} from './native.js';
import {blocksOf} from './pages.js';

const run = promisify(execFile);

export const blocks = blocksOf('docs/market.md', 'js_market_walk', 'sh').map(({code}) => code);

/** {folder, run, shell}: shell(code) runs it in the folder as the page has it; run(count, more) runs the first `count` blocks in one shell, `more` after the third, and gives what it said. */
export function startWalk(name, rpc) {
  const project = new Folder(name).path;
  mkdirSync(join(project, 'build/release/tools'), {recursive: true});
  symlinkSync(programFolder, join(project, 'build/release/tools/cli'));
  symlinkSync(evm, join(project, 'build/evm'));
  symlinkSync(join(source, 'examples'), join(project, 'examples'));
  mkdirSync(join(project, 'try'));
  // In the place of the `npm install` that the page names.
  installMarket(join(project, 'try'));
  const folder = join(project, 'try');
  const bash = (code, cwd, more) => run('bash', ['-euo', 'pipefail', '-c', code], {cwd, env: {...process.env, ZKINFER: '', RPC: rpc, ...more}, maxBuffer: 2 ** 26}).catch((error) => assert.fail(`${error.stdout}\n${error.stderr}`));
  return {
    folder,
    run: (count, more = '') => bash([...blocks.slice(0, Math.min(3, count)), more, ...blocks.slice(3, count)].join('\n'), project),
    shell: (code) => bash(`umask 077\n${code}`, folder, {PATH: `${folder}/node_modules/.bin:${project}/build/release/tools/cli:${process.env.PATH}`}),
  };
}
