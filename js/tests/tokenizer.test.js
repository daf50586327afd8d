// SPDX-License-Identifier: Apache-2.0
// The page's text of tokens is that of the tokenizers (testdata/tokenizer/expected.json, which the command line's are held to as well).
import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {test} from 'node:test';
import {readTokenizer} from '../page/tokenizer.js';

const folder = new URL('../../testdata/tokenizer/', import.meta.url);
const expected = JSON.parse(readFileSync(new URL('expected.json', folder), 'utf8'));

for (const [name, cases] of Object.entries(expected)) {
  if (!name.endsWith('.json')) continue;
  test(name, () => {
    const decode = readTokenizer(readFileSync(new URL(name, folder), 'utf8'));
    let compared = 0;
    for (const {tokens, decoded} of cases) {
      if (decoded === undefined || decoded === null) continue;
      assert.equal(decode(tokens), decoded, JSON.stringify(tokens));
      ++compared;
    }
    assert.ok(compared > 0);
  });
}

test('what is no tokenizer is none', () => {
  for (const text of ['', '{', '{}', '[1]', 'null', '{"model": {}}', '{"model": 3}']) assert.equal(readTokenizer(text), null, text);
});
