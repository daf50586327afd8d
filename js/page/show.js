// SPDX-License-Identifier: Apache-2.0
// Elements of what a result says. Text from files becomes text nodes only.

export function element(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes ?? {})) made.setAttribute(key, value);
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

// A number for people.
export function shortNumber(value) {
  if (typeof value === 'bigint' || Number.isInteger(value)) return String(value);
  return Math.abs(value) >= 1e-3 && Math.abs(value) < 1e7 ? String(Number(value.toPrecision(6))) : value.toExponential(4);
}

export function milliseconds(seconds) {
  return seconds < 0.1 ? `${(1000 * seconds).toFixed(1)} ms` : `${Math.round(1000 * seconds)} ms`;
}

export function kibibytes(bytes) {
  return bytes < 1024 ? `${bytes} bytes` : `${Math.round(bytes / 1024)} KiB`;
}

// "order-4711" where the bytes are such a text, else hexadecimal digits.
export function contextText(context) {
  if (context === null) return 'none';
  const bytes = context.slice(4).match(/../g).map((digits) => parseInt(digits, 16));
  while (bytes.length > 0 && bytes[bytes.length - 1] === 0) bytes.pop();
  return bytes.every((byte) => byte >= 0x20 && byte < 0x7f) ? String.fromCharCode(...bytes) : context;
}

// Rows, columns and channels of a tensor that may be a picture, and where its entries are; null: it has not the shape of one.
export function pictureLayout(shape) {
  const dims = shape[0] === 1 ? shape.slice(1) : shape;
  const fits = (size) => size >= 8 && size <= 1024;
  const channels = (size) => size === 1 || size === 3;
  if (dims.length === 2 && fits(dims[0]) && fits(dims[1])) return {height: dims[0], width: dims[1], channels: 1, planar: true};
  if (dims.length !== 3) return null;
  if (channels(dims[0]) && fits(dims[1]) && fits(dims[2])) return {channels: dims[0], height: dims[1], width: dims[2], planar: true};
  if (channels(dims[2]) && fits(dims[0]) && fits(dims[1])) return {height: dims[0], width: dims[1], channels: dims[2], planar: false};
  return null;
}

// Its entries from the smallest to the largest as grey levels or colours.
function picture(tensor, layout) {
  const {width, height, channels, planar} = layout;
  const canvas = element('canvas', {class: 'picture', width, height, role: 'img', 'aria-label': `${tensor.name} as a picture of ${width} by ${height}`});
  canvas.style.width = `${Math.max(1, Math.floor(224 / width)) * width}px`;
  const image = canvas.getContext('2d').createImageData(width, height);
  let low = Infinity, high = -Infinity;
  for (const value of tensor.values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  for (let at = 0; at < width * height; ++at) {
    for (let channel = 0; channel < 3; ++channel) {
      const from = Math.min(channel, channels - 1);
      const value = tensor.values[planar ? from * width * height + at : at * channels + from];
      image.data[4 * at + channel] = high > low ? Math.round(255 * (value - low) / (high - low)) : 128;
    }
    image.data[4 * at + 3] = 255;
  }
  canvas.getContext('2d').putImageData(image, 0, 0);
  return canvas;
}

const MOST_ROWS = 12;

function numbers(tensor) {
  const order = tensor.values.map((_, i) => i);
  const all = order.length <= MOST_ROWS;
  if (!all) order.sort((a, b) => tensor.values[b] - tensor.values[a] || a - b).splice(MOST_ROWS);
  // One axis for all: what is below zero lies left of it.
  const low = Math.min(0, ...order.map((i) => tensor.values[i])), high = Math.max(0, ...order.map((i) => tensor.values[i]));
  const unit = 8 / (high - low || 1);
  const body = element('tbody');
  for (const i of order) {
    const bar = element('span', {class: 'bar', 'aria-hidden': 'true'});
    bar.style.width = `${unit * Math.abs(tensor.values[i])}em`;
    bar.style.marginLeft = `${unit * (Math.min(0, tensor.values[i]) - low)}em`;
    body.append(element('tr', null, element('td', {class: 'n'}, String(i)), element('td', {class: 'n'}, shortNumber(tensor.values[i])),
        element('td', {class: 'n soft'}, String(tensor.integers[i])), element('td', null, bar)));
  }
  const table = element('table', null, element('thead', null, element('tr', null, element('th', {class: 'n'}, 'entry'),
      element('th', {class: 'n'}, 'value'), element('th', {class: 'n'}, 'integer'), element('th'))), body);
  return [element('div', {class: 'scroll'}, table),
          all ? null : element('p', {class: 'soft small'}, `The largest ${MOST_ROWS} of ${tensor.values.length}.`)];
}

// What a proof says of one input or output.
export function tensorPart(kind, tensor) {
  const part = element('div', {class: 'pair'}, element('h3', null, `${kind} ${tensor.name} `, element('span', {class: 'soft small'}, `[${tensor.shape.join(', ')}], ${tensor.seen}`)));
  if (tensor.values) {
    const layout = pictureLayout(tensor.shape);
    if (layout) part.append(picture(tensor, layout));
    else part.append(...numbers(tensor).filter(Boolean));
  } else if (!tensor.sha256 && !tensor.keccak256 && !tensor.commitment) {
    part.append(element('p', {class: 'soft'}, 'Hidden: the proof says nothing of its values.'));
  }
  for (const [key, name] of [['sha256', 'SHA-256'], ['cid', 'IPFS CID'], ['keccak256', 'Keccak-256'], ['commitment', 'commitment']]) {
    if (tensor[key]) part.append(element('p', {class: 'small'}, `${name} `, element('code', {class: 'id'}, tensor[key])));
  }
  return part;
}

export function facts(rows) {
  return element('div', {class: 'facts'}, ...rows.map(([name, value]) => element('div', null, element('b', null, value), element('span', null, name))));
}
