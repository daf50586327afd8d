// SPDX-License-Identifier: Apache-2.0
// All verbs, and what any of them says and ends with.
import {ZkinferError} from '../src/errors.js';
import {accept, buy, offer, receive, refund, release, sell} from './exchange.js';
import {announce, challenge, check, commit, open, prove, submit} from './hunter.js';
import {helpOf, helpOfAll, parse} from './options.js';
import {allow, cancel, create, deploy, makeKeys, reveal, sealData} from './provider.js';
import {claim, list, show} from './show.js';
import {quoted} from '../src/quantities.js';
import {asciiJson, shown} from './text.js';

const VERBS = [deploy, sealData, create, allow, cancel, reveal, check, commit, open, prove, submit, announce, offer, sell, makeKeys, accept, buy, receive, list, show, claim, release, refund, challenge];

const linesOf = (result) => Object.entries(result).filter(([name]) => name !== 'transactions').map(([name, value]) => `${name}: ${typeof value === 'object' ? asciiJson(value) : value}`);

/** The exit code. out and err: where text goes. */
export async function main(words, out, err) {
  const isJson = words.includes('--json');
  const say = (line) => err(`${shown(line)}\n`);
  const [name, ...rest] = words;
  try {
    if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
      out(`${helpOfAll(VERBS)}\n`);
      return name === undefined ? 2 : 0;
    }
    const verb = VERBS.find((one) => one.name === name);
    if (verb === undefined) throw new ZkinferError('invalid_argument', `there is no verb ${quoted(name)}; \`zkinfer-market --help\` lists them`);
    const values = parse(verb, rest);
    if (values.help) {
      out(`${helpOf(verb)}\n`);
      return 0;
    }
    const result = await verb.run(values, say);
    out(isJson ? `${asciiJson(result, 2)}\n` : (verb.text ?? linesOf)(result).map((line) => `${shown(line)}\n`).join(''));
    return 0;
  } catch (error) {
    const isOurs = !(error instanceof ZkinferError);
    const message = isOurs ? `a fault of zkinfer-market, please report it: ${error?.stack ?? error}` : error.message;
    if (isJson) out(`${asciiJson({error: {code: isOurs ? 'internal' : error.code, message}}, 2)}\n`);
    // Only where it went wrong in our own code has lines.
    err(isOurs ? `zkinfer-market: ${message.split('\n').map(shown).join('\n')}\n` : `zkinfer-market: ${shown(message)}\n`);
    return isOurs ? 3 : error.code === 'not_good' ? 1 : 2;
  }
}
