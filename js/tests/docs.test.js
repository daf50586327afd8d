// SPDX-License-Identifier: Apache-2.0
// Every block of JavaScript of the documentation that needs no chain and no service runs, each as a module of its own in a folder that has
// what `zkinfer` made of examples/mlp.
import assert from 'node:assert/strict';
import {spawnSync} from 'node:child_process';
import {mkdirSync, readdirSync, renameSync, symlinkSync} from 'node:fs';
import {join} from 'node:path';
import {before, test} from 'node:test';
import {Folder, web} from './native.js';
import {blocksOf} from './pages.js';

const folder = new Folder('docs');
before(() => {
  folder.copy('examples/mlp/mlp.onnx', 'examples/mlp/calibration.json', 'examples/mlp/input.json');
  folder.run('compile', 'mlp.onnx', '--calibration', 'calibration.json');
  folder.run('commit', 'mlp.zkmodel');
  folder.run('prove', 'mlp.zkmodel', '--input', 'input.json', '--context', 'order-4711', '-o', 'flower.zkproof');
  const path = readdirSync(folder.path).find((name) => name.endsWith('.zkpath'));
  renameSync(join(folder.path, path), join(folder.path, '3f2a91c04d5e6f70.zkpath'));
  mkdirSync(join(folder.path, 'node_modules'));
  symlinkSync(join(web, 'zkinfer'), join(folder.path, 'node_modules/zkinfer'));
  symlinkSync(join(web, 'npm/node_modules/viem'), join(folder.path, 'node_modules/viem'));
});

for (const [page, least] of [['README.md', 1], ['js/README.md', 1], ['docs/guides/javascript.md', 4], ['docs/market.md', 1]]) {
  test(page, () => {
    const blocks = blocksOf(page, 'js_docs');
    assert.ok(blocks.length >= least, `${page} has ${blocks.length} blocks`);
    for (const {code, line} of blocks) {
      folder.write('block.mjs', Buffer.from(code));
      const run = spawnSync(process.execPath, ['block.mjs'], {cwd: folder.path, encoding: 'utf8', timeout: 120000});
      assert.equal(run.status, 0, `${page}:${line}: ${run.stderr}`);
      assert.ok(!/^rejected/m.test(run.stdout), `${page}:${line}: ${run.stdout}`);
    }
  });
}
