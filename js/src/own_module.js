// SPDX-License-Identifier: Apache-2.0

// zkinfer.wasm beside this package.
export async function ownModule() {
  const url = new URL('../zkinfer.wasm', import.meta.url);
  if (url.protocol !== 'file:') return WebAssembly.compileStreaming(fetch(url));
  const {readFile} = await import('node:fs/promises');
  return WebAssembly.compile(await readFile(url));
}
