// SPDX-License-Identifier: Apache-2.0
// What a person gives for one input of a model: a drawing or a picture where it has the shape of one, or numbers.
import {element, pictureLayout} from './show.js';

const PAD = 224; // pixels of the drawing, at least

// Levels 0 to 255 of a picture as the model's numbers (docs/cli.md, --scale).
function scaled(levels, layout, preprocessing) {
  const {width, height, channels, planar} = layout;
  const of = (list, channel, otherwise) => (list.length === 0 ? otherwise : list[list.length === 1 ? 0 : channel]);
  const out = new Float64Array(width * height * channels);
  for (let at = 0; at < width * height; ++at) {
    for (let channel = 0; channel < channels; ++channel) {
      const level = channels === 1 ? (levels[4 * at] + levels[4 * at + 1] + levels[4 * at + 2]) / 3 : levels[4 * at + channel];
      const value = (level * (preprocessing.scale ?? 1 / 255) - of(preprocessing.mean, channel, 0)) / of(preprocessing.std, channel, 1);
      out[planar ? channel * width * height + at : at * channels + channel] = value;
    }
  }
  return out;
}

// A canvas of the size that people draw on, and its small copy that the model sees.
function drawing(info, layout) {
  const size = Math.ceil(PAD / layout.width) * layout.width;
  const large = element('canvas', {class: 'picture pad', width: size, height: Math.round(size * layout.height / layout.width), role: 'img', 'aria-label': `drawing for ${info.name}`});
  const small = element('canvas', {class: 'picture', width: layout.width, height: layout.height, role: 'img', 'aria-label': `what the model sees of ${info.name}`});
  small.style.width = `${PAD / 2}px`;
  const pen = large.getContext('2d'), seen = small.getContext('2d', {willReadFrequently: true});
  const copy = () => {
    seen.imageSmoothingQuality = 'high';
    seen.drawImage(large, 0, 0, layout.width, layout.height);
  };
  const clear = () => {
    pen.fillStyle = '#000';
    pen.fillRect(0, 0, large.width, large.height);
    copy();
  };
  clear();
  let last = null;
  const place = (event) => {
    const box = large.getBoundingClientRect();
    return [(event.clientX - box.left) * large.width / box.width, (event.clientY - box.top) * large.height / box.height];
  };
  large.addEventListener('pointerdown', (event) => {
    large.setPointerCapture(event.pointerId);
    last = place(event);
  });
  large.addEventListener('pointermove', (event) => {
    if (!last) return;
    const next = place(event);
    pen.strokeStyle = '#fff';
    pen.lineWidth = large.width / 9;
    pen.lineCap = pen.lineJoin = 'round';
    pen.beginPath();
    pen.moveTo(...last);
    pen.lineTo(...next);
    pen.stroke();
    last = next;
    copy();
  });
  large.addEventListener('pointerup', () => (last = null));
  const show = async (file) => {
    const bitmap = await createImageBitmap(file);
    pen.imageSmoothingQuality = 'high';
    pen.drawImage(bitmap, 0, 0, large.width, large.height);
    seen.imageSmoothingQuality = 'high';
    seen.drawImage(bitmap, 0, 0, layout.width, layout.height);
  };
  return {large, small, clear, show, levels: () => seen.getImageData(0, 0, layout.width, layout.height).data};
}

// {part, read}: read() gives the tensor's numbers, or throws an Error that says what is wrong.
export function inputPart(info, preprocessing) {
  const title = element('h3', null, `${info.name} `, element('span', {class: 'soft small'}, `[${info.shape.join(', ')}]`));
  const size = info.shape.reduce((product, dim) => product * dim, 1);
  const text = element('textarea', {rows: 3, spellcheck: 'false', 'aria-label': `numbers for ${info.name}`});
  const written = () => {
    const values = text.value.trim().split(/[\s,[\]]+/).filter((word) => word !== '').map(Number);
    if (!values.every(Number.isFinite)) throw new Error(`${info.name}: expected numbers, separated by commas or spaces`);
    if (values.length !== size) throw new Error(`${info.name}: expected ${size} numbers, got ${values.length}`);
    return Float64Array.from(values);
  };
  const layout = pictureLayout(info.shape);
  if (!layout) {
    return {part: element('div', {class: 'pair'}, title, element('p', {class: 'soft small'}, `${size} numbers, separated by commas or spaces.`), text), read: written};
  }
  const pad = drawing(info, layout);
  const file = element('input', {type: 'file', accept: 'image/*', 'aria-label': `picture for ${info.name}`});
  file.addEventListener('change', async () => {
    try {
      await pad.show(file.files[0]);
    } catch {
      title.after(element('p', {class: 'no'}, `${file.files[0]?.name}: no picture that this browser reads`));
    }
  });
  const wipe = element('button', null, 'Wipe');
  wipe.addEventListener('click', pad.clear);
  const part = element('div', {class: 'pair'}, title, element('p', {class: 'soft small'}, 'Draw, or choose a picture; or write numbers below, which then count.'),
      element('div', {class: 'actions'}, pad.large, pad.small), element('p', {class: 'actions'}, file, wipe), element('details', null, element('summary', null, 'Numbers'), text));
  return {part, read: () => (text.value.trim() === '' ? scaled(pad.levels(), layout, preprocessing) : written())};
}
