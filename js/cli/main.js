// SPDX-License-Identifier: Apache-2.0
// All verbs, and what any of them says and ends with.
import {ZkinferError} from '../src/errors.js';
import {accept, buy, offer, receive, refund, release, sell} from './exchange.js';
import {announce, challenge, check, commit, open, prove, submit} from './hunter.js';
import {helpOf, helpOfAll, parse} from './options.js';
import {allow, cancel, create, deploy, newKeys, reveal, sealData} from './provider.js';
import {claim, list, show} from './show.js';

const VERBS = [deploy, sealData, create, allow, cancel, reveal, check, commit, open, prove, submit, announce, offer, sell, newKeys, accept, buy, receive, list, show, claim, release, refund, challenge];

const plain = (_, value) => (typeof value === 'bigint' ? value.toString() : value);
const textOf = (result) => Object.entries(result).filter(([name]) => name !== 'transactions').map(([name, value]) => `${name}: ${typeof value === 'object' ? JSON.stringify(value, plain) : value}`).join('\n');
// What comes from files, nodes and contracts must not move a terminal's cursor.
// eslint-disable-next-line no-control-regex
const visible = (text) => String(text).replace(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/g, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`);

/** The exit code. out and err: where text goes. */
export async function main(words, out, err) {
  const isJson = words.includes('--json');
  const say = (line) => err(`${visible(line)}\n`);
  const [name, ...rest] = words;
  try {
    if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
      out(`${helpOfAll(VERBS)}\n`);
      return name === undefined ? 2 : 0;
    }
    const verb = VERBS.find((one) => one.name === name);
    if (verb === undefined) throw new ZkinferError('invalid_argument', `there is no verb '${name}'; \`zkinfer-market --help\` lists them`);
    const values = parse(verb, rest);
    if (values.help) {
      out(`${helpOf(verb)}\n`);
      return 0;
    }
    const result = await verb.run(values, say);
    out(isJson ? `${JSON.stringify(result, plain, 2)}\n` : `${visible((verb.text ?? textOf)(result))}\n`);
    return 0;
  } catch (error) {
    const isOurs = !(error instanceof ZkinferError);
    const message = isOurs ? `a fault of zkinfer-market: ${error.stack}` : error.message;
    if (isJson) out(`${JSON.stringify({error: {code: isOurs ? 'internal' : error.code, message}}, null, 2)}\n`);
    err(`zkinfer-market: ${visible(message)}\n`);
    return isOurs ? 3 : error.code === 'not_good' ? 1 : 2;
  }
}
