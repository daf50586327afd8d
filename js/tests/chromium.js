// SPDX-License-Identifier: Apache-2.0
// A page in headless Chromium, and what must not happen in it: errors, and requests that leave it.
import assert from 'node:assert/strict';
import {join} from 'node:path';
import {pathToFileURL} from 'node:url';
import {web} from './native.js';

const {chromium} = await import(pathToFileURL(join(web, 'npm/node_modules/playwright-core/index.mjs')));

/** {page, newPage, said, close}: close() fails where there was any. allowed: beginnings of addresses that the page may ask, whose answers may be errors; said: all that pages asked (address and body) and wrote to their consoles, in order. */
export async function openBrowser(allowed = []) {
  const browser = await chromium.launch({executablePath: '/usr/bin/chromium', args: ['--no-sandbox']});
  const complaints = [];
  const said = [];
  const newPage = async () => {
    const page = await browser.newPage();
    page.on('console', (message) => said.push(message.text()) && message.type() === 'error' && !(allowed.length > 0 && /Failed to load resource/.test(message.text())) && complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('request', (request) => said.push(`${request.url()} ${request.postData() ?? ''}`) && (/^(file|data|blob|about):/.test(request.url()) || allowed.some((one) => request.url().startsWith(one)) || complaints.push(request.url())));
    return page;
  };
  const page = await newPage();
  const close = async () => {
    assert.deepEqual(complaints, []);
    await browser.close();
  };
  return {page, newPage, said, close};
}

/** A wallet as browsers have them (EIP-1193), before the page loads: it asks its own node, which holds the account; so no key is anywhere in the browser. asked: methods, in the page. */
export const addWallet = (page, rpc, account) => page.addInitScript(([url, owner]) => {
  globalThis.asked = [];
  globalThis.ethereum = {
    request: async ({method, params}) => {
      globalThis.asked.push(method);
      if (method === 'eth_requestAccounts') return [owner];
      const answer = await (await fetch(url, {method: 'POST', headers: {'content-type': 'application/json'}, body: JSON.stringify({jsonrpc: '2.0', id: 1, method, params})})).json();
      if (answer.error) throw Object.assign(new Error(answer.error.message), {data: answer.error.data});
      return answer.result;
    },
  };
}, [rpc, account]);
