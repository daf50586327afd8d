// SPDX-License-Identifier: Apache-2.0
// The blocks of code of a page of the documentation, as tests/repo/docs_run.py has them: what a block supposes to be there stands in a comment
// before it, which readers do not see, and so does the test that runs it.
import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {source} from './native.js';

const PART = /^ *```([a-z]*)\n(.*?)^ *```$|^ *<!-- (sh|python|js)\n(.*?)^ *-->$|^ *<!-- run by ([a-z_]+) -->$/gms;

/** [{code, line}] of the blocks of `page` in this language that `<!-- run by TEST -->` gives to this test, each with what is hidden before it. */
export function blocksOf(page, test, wanted = 'js') {
  const text = readFileSync(join(source, page), 'utf8');
  const found = [];
  let before = '';
  let by = '';
  for (const match of text.matchAll(PART)) {
    const [, language, code, hidden, hiddenCode, runBy] = match;
    if (hidden === wanted) before += hiddenCode;
    if (runBy) by = runBy;
    if (language === undefined) continue;
    if (language === wanted && by === test) found.push({code: before + code, line: text.slice(0, match.index).split('\n').length + 1});
    if (language === wanted) before = '';
    by = '';
  }
  return found;
}
