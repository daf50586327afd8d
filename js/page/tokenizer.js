// SPDX-License-Identifier: Apache-2.0
// From tokens to text, for what a person is shown: Hugging Face's tokenizer.json (BPE on bytes, with a space sign, WordPiece, Unigram). Which text
// tokens stand for is no part of a proof.

// The bytes that byte-level BPE writes as other characters.
function byteOfCharacter() {
  const bytes = new Map();
  let next = 256;
  for (let byte = 0; byte < 256; ++byte) {
    const shown = (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
    bytes.set(String.fromCharCode(shown ? byte : next++), byte);
  }
  return bytes;
}

function decoderSteps(decoder) {
  if (!decoder) return [];
  return decoder.type === 'Sequence' ? decoder.decoders.flatMap(decoderSteps) : [decoder];
}

// No space before a sign, as WordPiece's decoder has it.
function withoutSpaceBefore(piece) {
  return piece.replace(/^ (?=[.?!,]$|n't$|'m$|'s$|'ve$|'re$)/, '');
}

/** tokens -> text, of the text of a tokenizer.json; null where it is none. */
export function readTokenizer(text) {
  let file;
  try {
    file = JSON.parse(text);
  } catch {
    return null;
  }
  const vocabulary = file?.model?.vocab;
  if (!vocabulary) return null;
  const pieces = Array.isArray(vocabulary) ? vocabulary.map(([piece]) => piece) : [];
  if (!Array.isArray(vocabulary)) for (const [piece, id] of Object.entries(vocabulary)) pieces[id] = piece;
  const special = new Set();
  // Added pieces stand as the normalizer leaves them.
  const isLowered = /"type":"Lowercase"|"lowercase":true/.test(JSON.stringify(file.normalizer ?? null));
  for (const token of file.added_tokens ?? []) {
    pieces[token.id] = token.normalized && isLowered ? token.content.toLowerCase() : token.content;
    if (token.special) special.add(token.id);
  }
  const steps = decoderSteps(file.decoder), step = (type) => steps.find((one) => one.type === type);
  const isByteLevel = step('ByteLevel') !== undefined, isWordPiece = step('WordPiece') !== undefined || file.model.type === 'WordPiece';
  // A space that was put before the text.
  const isStripped = step('Strip')?.content === ' ' || ['always', 'first'].includes(step('Metaspace')?.prepend_scheme);
  const byteOf = byteOfCharacter();
  return (tokens) => {
    const bytes = [], utf8 = new TextEncoder();
    for (const token of tokens) {
      const piece = pieces[token];
      if (special.has(token)) continue;
      if (piece === undefined) bytes.push(...utf8.encode(`[token ${token}]`));
      else if (isByteLevel) for (const character of piece) bytes.push(...(byteOf.has(character) ? [byteOf.get(character)] : utf8.encode(character)));
      else if (/^<0x[0-9A-F]{2}>$/.test(piece)) bytes.push(parseInt(piece.slice(3, 5), 16));
      else if (isWordPiece) bytes.push(...utf8.encode(piece.startsWith('##') ? piece.slice(2) : bytes.length > 0 ? withoutSpaceBefore(' ' + piece) : piece));
      else bytes.push(...utf8.encode(piece.replaceAll('\u2581', ' ')));
    }
    const text = new TextDecoder().decode(Uint8Array.from(bytes));
    return isStripped && text.startsWith(' ') ? text.slice(1) : text;
  };
}
