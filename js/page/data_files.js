// SPDX-License-Identifier: Apache-2.0
// Which of the files that no proof says anything of are the canonical bytes of which tensor.
import {element} from './show.js';

// Canonical bytes of a tensor (docs/formats/tensor.md).
function canonicalSize({lo, hi, shape}) {
  const width = [1, 2, 4, 8].find((bytes) => (lo >= 0 ? hi < 2 ** (8 * bytes) : lo >= -(2 ** (8 * bytes - 1)) && hi < 2 ** (8 * bytes - 1))) ?? 8;
  return width * shape.reduce((product, dim) => product * dim, 1);
}

// Data that a proof holds only the hash of, by their size.
export function knownData(files, tensors, seen) {
  if (!seen.startsWith('public:')) return [];
  return tensors.flatMap((tensor, index) => {
    const file = files.find((other) => other.kind === 'data' && other.bytes.length === canonicalSize(tensor));
    return file ? [{index, data: file.bytes}] : [];
  });
}

// What the service's clients call the file of a tensor (`Answer.save`).
const fileName = (tensor) => `${tensor.name.replace(/[^A-Za-z0-9_.-]/g, '_').replace(/^\.+/, '')}.bin`;

const placesOf = (info) => ['inputs', 'outputs'].flatMap((side) => info[side].map((tensor, index) => ({id: `${side}/${index}`, side, index, tensor,
  label: `your ${side === 'inputs' ? 'input' : 'output'} ${tensor.name}`})));

// Of a joint proof, which shows none: {inputs, outputs} for verifyJoint and what is missing, as text. A file whose size is that of several tensors is
// what its name says, or what a person said of it (file.place); its choices are left in file.places.
export function ownData(files, info) {
  const places = placesOf(info), taken = new Map();
  for (const file of files.filter((one) => one.kind === 'data')) {
    file.places = places.filter(({tensor}) => canonicalSize(tensor) === file.bytes.length);
    const named = file.places.filter(({tensor}) => fileName(tensor) === file.name);
    const place = file.places.find(({id}) => id === file.place) ?? (named.length === 1 ? named[0] : file.places.length === 1 ? file.places[0] : undefined);
    file.note = file.places.length === 0 ? 'as long as no input or output of this model: not used' : place ? undefined : 'which of these is it?';
    if (!place) continue;
    file.place = place.id;
    const other = taken.get(place.id);
    if (other) other.note = `not used: ${file.name} is the same`;
    taken.set(place.id, file);
  }
  const of = (side) => places.filter((place) => place.side === side && taken.has(place.id)).map(({id, index}) => ({index, data: taken.get(id).bytes}));
  const missing = places.filter(({id}) => !taken.has(id)).map(({label, tensor}) => `${label} (${canonicalSize(tensor)} bytes)`);
  return {inputs: of('inputs'), outputs: of('outputs'), missing};
}

// Where one file could be several tensors, who has it says which. `changed` is called then.
export function placeChooser(file, changed) {
  if ((file.places ?? []).length < 2) return null;
  const chooser = element('select', {'aria-label': `what ${file.name} is`}, element('option', {value: ''}, 'choose'),
      ...file.places.map(({id, label}) => element('option', {value: id}, label)));
  chooser.value = file.place ?? '';
  chooser.addEventListener('change', () => {
    file.place = chooser.value;
    changed();
  });
  return chooser;
}
