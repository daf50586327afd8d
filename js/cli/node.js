// SPDX-License-Identifier: Apache-2.0
// Requests to a node (JSON-RPC over HTTP), of which each has a time limit and a longest answer.
import {ZkinferError, invalidArgument} from '../src/errors.js';
import {readAtMost} from '../src/ipfs.js';
import {quoted} from '../src/quantities.js';

const MOST_ANSWER = 2 ** 26;
const BUSY = [429, 502, 503, 504];
const TRIES = 3;
const MOST_SECONDS = 600;
const sleep = (time) => new Promise((resolve) => setTimeout(resolve, time));

export const timeoutOption = {name: 'timeout', value: 'SECONDS', otherwise: '30', help: `time limit of each request to a node or a gateway, 1 to ${MOST_SECONDS}`};

export function secondsOf({timeout = '30'}) {
  const seconds = /^\d{1,3}$/.test(timeout) ? Number(timeout) : 0;
  if (seconds < 1 || seconds > MOST_SECONDS) throw invalidArgument(`--timeout: expected 1 to ${MOST_SECONDS} seconds, got '${timeout}'`);
  return seconds;
}

/** {url, name}: the name leaves out what could be somebody's key for the service. */
export function addressOfNode(rpc) {
  let url;
  try {
    url = new URL(rpc);
  } catch {
    url = undefined;
  }
  if (url === undefined || !/^https?:$/.test(url.protocol)) throw invalidArgument(`--rpc: expected an address such as http://127.0.0.1:8545, got ${quoted(rpc)}`);
  if (url.username !== '' || url.password !== '') throw invalidArgument('--rpc: an address with a user or a password in it cannot be asked; use one without');
  return {url: url.href, name: url.pathname === '/' && url.search === '' ? url.origin : `${url.origin}/..`};
}

/** A transport for viem's clients. */
export function transportOf(viem, {url, name}, seconds) {
  const failed = (why) => new ZkinferError('input/output', `the node ${name}: ${why}`);
  let count = 0;
  const ask = async (body, signal) => {
    for (let attempt = 1; ; ++attempt) {
      const response = await fetch(url, {method: 'POST', headers: {'content-type': 'application/json'}, body: JSON.stringify(body), signal});
      const bytes = response.body === null ? new Uint8Array() : await readAtMost(response, MOST_ANSWER);
      if (BUSY.includes(response.status) && attempt < TRIES) {
        await sleep(200 * attempt);
        continue;
      }
      let answer;
      try {
        answer = JSON.parse(new TextDecoder().decode(bytes));
      } catch {
        answer = undefined;
      }
      const isAnswer = typeof answer === 'object' && answer !== null && (answer.result !== undefined || typeof answer.error === 'object');
      if (!isAnswer) throw failed(response.ok ? 'no answer of a node: it is no JSON-RPC; is --rpc the address of a node?' : `no answer of a node, but status ${response.status}`);
      return answer;
    }
  };
  const request = async ({method, params}) => {
    const body = {jsonrpc: '2.0', id: ++count, method, params};
    let answer;
    try {
      answer = await ask(body, AbortSignal.timeout(1000 * seconds));
    } catch (error) {
      if (error instanceof ZkinferError) throw error;
      if (error.name === 'TimeoutError') throw Object.assign(failed(`no answer of a node to ${method} within ${seconds} seconds; ask another one, or say --timeout`), {isSilent: true});
      throw failed(`no answer of a node: ${error.cause?.message || error.cause?.code || error.message}`);
    }
    if (answer.error) throw new viem.RpcRequestError({body, error: answer.error, url: name});
    return answer.result;
  };
  return viem.custom({request}, {retryCount: 0});
}
