// SPDX-License-Identifier: Apache-2.0
// The native program as the other side of every comparison. ZKINFER: the program; ZKINFER_WEB: the folder of js/build.mjs;
// ZKINFER_WORK: a folder to make files in.
import {execFileSync, spawnSync} from 'node:child_process';
import {cpSync, mkdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {dirname, join, resolve} from 'node:path';
import {fileURLToPath, pathToFileURL} from 'node:url';

export const source = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const setting = (name) => {
  if (!process.env[name]) throw new Error(`set ${name} (js/tests/native.js)`);
  return resolve(process.env[name]);
};
const program = setting('ZKINFER');
export const web = setting('ZKINFER_WEB');
export const zkinferModule = await import(pathToFileURL(join(web, 'zkinfer/src/index.js')));

/** A fresh folder in which the native program runs. */
export class Folder {
  constructor(name) {
    this.path = join(setting('ZKINFER_WORK'), name);
    rmSync(this.path, {recursive: true, force: true});
    mkdirSync(this.path, {recursive: true});
  }
  copy(...files) {
    for (const file of files) cpSync(join(source, file), join(this.path, file.split('/').pop()));
  }
  run(...words) {
    return execFileSync(program, words, {cwd: this.path, stdio: ['ignore', 'pipe', 'pipe'], encoding: 'utf8', maxBuffer: 2 ** 28});
  }
  /** What --json says, whatever the exit code. */
  json(...words) {
    const run = spawnSync(program, [...words, '--json'], {cwd: this.path, encoding: 'utf8', maxBuffer: 2 ** 28});
    return JSON.parse(run.stdout);
  }
  python(script) {
    execFileSync('/usr/bin/python3', [join(source, script)], {cwd: this.path, stdio: ['ignore', 'pipe', 'pipe']});
  }
  read(file) {
    return new Uint8Array(readFileSync(join(this.path, file)));
  }
  write(file, bytes) {
    mkdirSync(dirname(join(this.path, file)), {recursive: true});
    writeFileSync(join(this.path, file), bytes);
  }
}
