// SPDX-License-Identifier: Apache-2.0
// js/src/index.d.ts under TypeScript: js/tests/use.ts is right, and what it marks as wrong is refused.
import assert from 'node:assert/strict';
import {spawnSync} from 'node:child_process';
import {join} from 'node:path';
import {test} from 'node:test';
import {source, web, zkinferModule} from './native.js';

test('a program that uses the package compiles', () => {
  const compiler = join(web, 'npm/node_modules/typescript/bin/tsc');
  const run = spawnSync(process.execPath, [compiler, '--noEmit', '--strict', '--target', 'es2022', '--module', 'nodenext', '--lib', 'es2022,dom', join(source, 'js/tests/use.ts')], {encoding: 'utf8'});
  assert.equal(run.status, 0, run.stdout + run.stderr);
});

test('what is declared is there', () => {
  assert.deepEqual(Object.keys(zkinferModule).sort(), ['Key', 'ZkinferError', 'init', 'inspect', 'loadKey', 'verify', 'verifyEvaluation', 'verifyJoint']);
});
