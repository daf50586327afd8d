// SPDX-License-Identifier: Apache-2.0
// A page in headless Chromium, and what must not happen in it: errors, and requests that leave it.
import assert from 'node:assert/strict';
import {join} from 'node:path';
import {pathToFileURL} from 'node:url';
import {web} from './native.js';

const {chromium} = await import(pathToFileURL(join(web, 'npm/node_modules/playwright-core/index.mjs')));

/** {page, close}: close() fails where there was any. allowed: beginnings of addresses that the page may ask, whose answers may be errors. */
export async function openBrowser(allowed = []) {
  const browser = await chromium.launch({executablePath: '/usr/bin/chromium', args: ['--no-sandbox']});
  const page = await browser.newPage();
  const complaints = [];
  page.on('console', (message) => message.type() === 'error' && !(allowed.length > 0 && /Failed to load resource/.test(message.text())) && complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('request', (request) => /^(file|data|blob|about):/.test(request.url()) || allowed.some((one) => request.url().startsWith(one)) || complaints.push(request.url()));
  const close = async () => {
    assert.deepEqual(complaints, []);
    await browser.close();
  };
  return {page, close};
}
