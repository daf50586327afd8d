// SPDX-License-Identifier: Apache-2.0
// The program zkinfer, which proves and checks.
import {spawn} from 'node:child_process';
import {ZkinferError} from '../src/errors.js';

const MOST_SAID = 2 ** 26;
export const zkinferOption = {name: 'zkinfer', value: 'PROGRAM', otherwise: 'the variable ZKINFER, or zkinfer', help: 'program that proves and checks'};

/** What `zkinfer .. --json` says, accepted or not. An error of the program is one of ours, in its words. */
export async function zkinferJson({zkinfer}, words) {
  const program = zkinfer || process.env.ZKINFER || 'zkinfer';
  // Progress goes to people.
  const child = spawn(program, ['--quiet', ...words, '--json'], {stdio: ['ignore', 'pipe', 'pipe']});
  const parts = {stdout: [], stderr: []};
  let size = 0;
  for (const name of ['stdout', 'stderr']) {
    child[name].on('data', (data) => {
      if ((size += data.length) > MOST_SAID) child.kill();
      else parts[name].push(data);
    });
  }
  const code = await new Promise((resolve, reject) => {
    child.on('error', (error) => reject(new ZkinferError('input/output', `'${program}' cannot be run: ${error.code}; --zkinfer or the variable ZKINFER names the program`)));
    child.on('close', resolve);
  });
  let said;
  try {
    said = JSON.parse(Buffer.concat(parts.stdout).toString());
  } catch {
    said = undefined;
  }
  if (size > MOST_SAID) throw new ZkinferError('resource_limit', `'${program}' said more than ${MOST_SAID} bytes; is it the program zkinfer? --zkinfer or the variable ZKINFER names it`);
  if ((code === 0 || code === 1) && said !== undefined && said.error === undefined) return said;
  throw new ZkinferError('native', `zkinfer ${words[0]}: ${said?.error?.message || Buffer.concat(parts.stderr).toString().trim().slice(0, 500) || `exit code ${code}`}`);
}
