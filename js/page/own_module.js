// SPDX-License-Identifier: Apache-2.0
// In the place of js/src/own_module.js: what the page holds itself.

export const held = JSON.parse(document.getElementById('data').textContent);

export function fromBase64(text) {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

export async function ownModule(name) {
  return WebAssembly.compile(fromBase64(held.modules[name]));
}
