// SPDX-License-Identifier: Apache-2.0
// page_check.mjs WEB_FOLDER URL EXAMPLES: a person's way over the service's page in headless Chromium; prints what was seen as JSON. For test_javascript.py.
import {pathToFileURL} from 'node:url';

const [web, url, examples] = process.argv.slice(2);
const {chromium} = await import(pathToFileURL(`${web}/npm/node_modules/playwright-core/index.mjs`));
const browser = await chromium.launch({executablePath: '/usr/bin/chromium', args: ['--no-sandbox']});
const page = await browser.newPage();
const out = {complaints: []};
page.on('console', (message) => message.type() === 'error' && out.complaints.push(message.text()));
page.on('pageerror', (error) => out.complaints.push(error.message));
page.on('request', (request) => /^(data|blob):/.test(request.url()) || request.url().startsWith(`${url}/`) || out.complaints.push(request.url()));
const says = (id, pattern) => page.waitForFunction(([where, text]) => new RegExp(text, 's').test(document.getElementById(where).innerText), [id, pattern], {timeout: 60000});
try {
  await page.goto(url);
  await says('models', 'mlp');
  await page.locator('#ask-input').fill('5.1, 3.5, 1.4, 0.2');
  await page.getByRole('button', {name: 'Ask', exact: true}).click();
  await says('ask-result', 'proven: \\d+ bytes checked in this page');
  out.asked = await page.locator('#ask-result').innerText();
  // A question that is none leaves nothing of the one before it.
  await page.locator('#ask-input').fill('5.1, 3.5, x, 0.2');
  await page.getByRole('button', {name: 'Ask', exact: true}).click();
  await says('error', "'x' is no number");
  out.stale = await page.locator('#ask-result').isVisible();
  await page.locator('#receipt').setInputFiles({name: 'net.onnx', mimeType: 'application/octet-stream', buffer: Buffer.from([8, 1, 18])});
  await says('error', 'net.onnx is no JSON, expected a receipt');
  await says('answers', 'proven, \\d+ KiB');
  const receipt = {name: 'receipt.json', mimeType: 'application/json'};
  await page.locator('#answers').getByRole('button', {name: 'receipt'}).first().click();
  await says('receipt-result', 'request_hash');
  const text = await page.locator('#receipt-result').innerText();
  await page.locator('#receipt').setInputFiles({...receipt, buffer: Buffer.from(text)});
  await says('receipt-result', 'signed by .*proof: proven');
  await page.locator('#receipt').setInputFiles({...receipt, buffer: Buffer.from(text.replace('"outcome": "OK"', '"outcome": "REFUSED"'))});
  await says('error', 'signature');
  await page.locator('#upload-name').fill('brought');
  await page.locator('#upload-network').setInputFiles(`${examples}/mlp.onnx`);
  await page.locator('#upload-calibration').setInputFiles(`${examples}/calibration.json`);
  await page.getByRole('button', {name: 'What would it cost?'}).click();
  await says('draft', 'parameters.*KiB a proof');
  out.draft = await page.locator('#draft').innerText();
  await page.getByRole('button', {name: 'Commit and serve it'}).click();
  await says('draft', 'served as brought');
  await says('models', 'brought');
  await page.goto(`${url}/web/page/index.html`);
  await page.getByLabel('Choose files').waitFor({timeout: 20000});
} catch (error) {
  out.failed = error.message;
} finally {
  await browser.close();
}
console.log(JSON.stringify(out));
