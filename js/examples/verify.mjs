// SPDX-License-Identifier: Apache-2.0
// Checks a proof and prints what it says: node verify.mjs PROOF KEY [CERTIFICATE] [PATH..]   (a .zkbundle needs only the key)
import {readFile} from 'node:fs/promises';
import {verify, ZkinferError} from 'zkinfer';

const [proof, key, certificate, ...path] = await Promise.all(process.argv.slice(2).map((file) => readFile(file)));
try {
  const result = await verify(proof, key, {certificate, path});
  console.log(result.accepted ? 'ACCEPTED' : `REJECTED: ${result.reason} at ${result.where}\n${result.hint}`);
  for (const output of result.outputs ?? []) console.log(output.name, output.values);
  process.exitCode = result.accepted ? 0 : 1;
} catch (error) {
  if (!(error instanceof ZkinferError)) throw error;
  console.error(`zkinfer: ${error.message}`);
  process.exitCode = 2;
}
