// SPDX-License-Identifier: Apache-2.0
// A call that ends the module says why, is no verdict, and is in no later call's way.
import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {pathToFileURL} from 'node:url';
import {test} from 'node:test';
import {web, zkinferModule as zkinfer} from './native.js';

const {Module} = await import(pathToFileURL(join(web, 'zkinfer/src/module.js')));
const compiled = new WebAssembly.Module(readFileSync(join(web, 'zkinfer/zkinfer.wasm')));

test('memory that is missing is an error', () => {
  const module = new Module(compiled);
  const code = (f) => {
    try {
      f();
    } catch (error) {
      return error.code;
    }
  };
  // More than a module can have.
  assert.equal(code(() => module.withBytes([{length: 3 * 2 ** 30}], () => 0)), 'resource_limit');
  // The instance is not used again.
  assert.equal(code(() => module.withBytes([new Uint8Array(1)], () => 0)), 'resource_limit');
});

test('what ends the module otherwise is a bug of ours, with what it said', () => {
  const module = new Module(compiled);
  assert.throws(() => module.guarded(() => {
    module.said = 'file.cc:1: internal error';
    throw new WebAssembly.RuntimeError('unreachable');
  }), (error) => error.code === 'internal' && /file\.cc:1/.test(error.message) && /nothing is known of a proof/.test(error.message));
});

test('the module asks its host for nothing but a way to say why it ends', () => {
  const imports = WebAssembly.Module.imports(compiled).map(({module, name}) => `${module}.${name}`).sort();
  assert.ok(imports.length > 0);
  for (const name of imports) assert.match(name, /^wasi_snapshot_preview1\.(fd_write|fd_close|fd_seek|fd_fdstat_get|proc_exit)$/);
});

test('another module, or none, is refused', async () => {
  await assert.rejects(() => zkinfer.init('zkinfer.wasm'), /expected bytes/);
  await assert.rejects(() => zkinfer.init(new Uint8Array([0, 1, 2, 3])), WebAssembly.CompileError);
  // And tried again.
  await zkinfer.init();
  await assert.rejects(() => zkinfer.inspect(new Uint8Array(0)), (error) => error.code === 'invalid_argument');
});

test('package and module are of one version', () => {
  const module = new Module(compiled);
  const {version} = JSON.parse(readFileSync(join(web, 'zkinfer/package.json'), 'utf8'));
  assert.equal(module.textAt(module.exports.zkinfer_version()), version);
});
