// SPDX-License-Identifier: Apache-2.0
// Words of a command line against what a verb takes, and its help. A verb: {name, summary, takes: positionals, options, examples, note, run}; an option:
// {name, value, many, required, otherwise (said in the help), help}, without `value` a flag.
import {invalidArgument} from '../src/errors.js';
import {quoted} from '../src/quantities.js';

const program = 'zkinfer-market';
/** How the command line calls a value. */
export const optionOf = (key) => `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
const camel = (name) => name.replace(/-(.)/g, (_, letter) => letter.toUpperCase());

const everywhere = [{name: 'json', help: 'print the result as one JSON object, errors too'}, {name: 'help', help: 'print this and exit'}];
const optionsOf = (verb) => [...(verb.options ?? []), ...everywhere];

/** {values, isJson}: by camel case names; positionals by theirs. */
export function parse(verb, words) {
  const values = {};
  const positionals = [];
  const known = optionsOf(verb);
  for (let i = 0; i < words.length; ++i) {
    const word = words[i];
    if (word === '-h') {
      values.help = true;
      continue;
    }
    if (!/^-[-a-zA-Z]/.test(word)) {
      // As a script's variable that is not set gives it: it does not stand for leaving the word out.
      if (word === '') throw invalidArgument(`${verb.name}: a word is empty; leave it out`);
      positionals.push(word);
      continue;
    }
    const [, name, joined] = /^--([^=]*)(?:=(.*))?$/s.exec(word === '-o' ? '--output' : word) ?? [];
    const option = known.find((one) => one.name === name);
    if (option === undefined) throw invalidArgument(`${verb.name}: there is no option ${word.split('=')[0]}; \`${program} ${verb.name} --help\` lists them`);
    const key = camel(name);
    if (option.value === undefined) {
      if (joined !== undefined) throw invalidArgument(`--${name}: it takes no value`);
      values[key] = true;
      continue;
    }
    const value = joined ?? words[++i];
    if (value === undefined) throw invalidArgument(`--${name}: expected ${option.value} behind it`);
    if (joined === undefined && value.startsWith('--')) throw invalidArgument(`--${name}: expected ${option.value} behind it, got the option ${value.split('=')[0]}; --${name}=${value.split('=')[0]} means just that`);
    if (value === '') throw invalidArgument(`--${name}: the value is empty; ${option.required ? `expected ${option.value}` : 'leave the option out'}`);
    if (!option.many && values[key] !== undefined) throw invalidArgument(`--${name}: given twice`);
    values[key] = option.many ? [...(values[key] ?? []), value] : value;
  }
  if (values.help) return values;
  const takes = verb.takes ?? [];
  const fewest = takes.filter(({optional}) => !optional).length;
  if (positionals.length < fewest || positionals.length > takes.length) {
    throw invalidArgument(`${verb.name}: expected ${takes.length === 0 ? 'no words' : takes.map(({name}) => name).join(', ')} beside its options, got ${positionals.length === 0 ? 'none' : positionals.map(quoted).join(', ')}`);
  }
  takes.forEach(({name}, i) => (values[camel(name.toLowerCase())] = positionals[i]));
  const missing = known.filter(({name, required}) => required && values[camel(name)] === undefined).map(({name}) => `--${name}`);
  if (missing.length > 0) throw invalidArgument(`${verb.name}: ${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} missing; \`${program} ${verb.name} --help\` says what for`);
  return values;
}

const table = (rows) => {
  const width = Math.max(...rows.map(([name]) => name.length)) + 2;
  return rows.map(([name, text]) => `  ${name.padEnd(width)}${text}`).join('\n');
};

export function helpOf(verb) {
  const takes = verb.takes ?? [];
  const option = ({name, value, many, required, help, otherwise}) =>
    [`${name === 'output' ? '-o,' : ''}--${name}${value ? ` ${value}` : ''}${many ? ' ..' : ''}${required ? ' REQUIRED' : ''}`, help + (otherwise ? ` (default: ${otherwise})` : '')];
  return [
    verb.summary,
    `Usage: ${program} ${verb.name} [OPTIONS]${takes.map(({name, optional}) => (optional ? ` [${name}]` : ` ${name}`)).join('')}`,
    ...(takes.length > 0 ? ['', table(takes.map(({name, help}) => [name, help]))] : []),
    '\nOptions:',
    table(optionsOf(verb).map(option)),
    '\nExamples:',
    ...verb.examples.map((example) => `  ${program} ${example}`),
    ...(verb.note ? [verb.note] : []),
  ].join('\n');
}

export function helpOfAll(verbs) {
  return [
    'Bounties for models whose weights stay hidden, and sales of weights, on a chain (docs/market.md)',
    `Usage: ${program} VERB [OPTIONS]`,
    ...[...new Set(verbs.map(({who}) => who))].flatMap((who) => ['', `${who}:`, table(verbs.filter((verb) => verb.who === who).map(({name, summary}) => [name, summary]))]),
    '',
    `\`${program} VERB --help\` shows options and examples. Exit codes: 0 done, 1 checked and not good (a proof, data or an offer), 2 bad input, a call that the contract refuses, or no answer, a file or standard output that cannot be read or written, 3 a fault of ours, 141 whoever read standard output ended before.`,
  ].join('\n');
}
