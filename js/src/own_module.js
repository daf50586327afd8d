// SPDX-License-Identifier: Apache-2.0

// A module beside this package.
export async function ownModule(name) {
  const url = new URL(`../${name}`, import.meta.url);
  if (url.protocol !== 'file:') return WebAssembly.compileStreaming(fetch(url));
  const {readFile} = await import('node:fs/promises');
  return WebAssembly.compile(await readFile(url));
}
