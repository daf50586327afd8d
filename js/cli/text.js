// SPDX-License-Identifier: Apache-2.0
// What comes from files, nodes, gateways and contracts, before it is shown: nothing of it may move a cursor, begin a line of its own, be invisible or turn the
// direction of text around, since all of these make one text look like another. As the native program does (src/base/text.h).

const NAMED = {'\n': '\\n', '\t': '\\t', '\r': '\\r'};
// Controls, formats, surrogates, what is no character; what is drawn as nothing; separators but the space.
const HIDDEN = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]|(?! )\p{Zs}/gu;

/** `text` on one line. */
export function shown(text) {
  return String(text).replace(HIDDEN, (character) => {
    const code = character.codePointAt(0);
    return NAMED[character] ?? (code < 128 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16).padStart(4, '0')}}`);
  });
}

const plain = (_, value) => (typeof value === 'bigint' ? value.toString() : value);
/** JSON in ASCII: a terminal shows it too. */
export const asciiJson = (value, indent) => JSON.stringify(value, plain, indent).replace(/[\u007f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
