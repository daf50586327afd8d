// SPDX-License-Identifier: Apache-2.0
// Gas of an accepted verification by section, as JSON on stdout: contracts built with marks (build.mjs PACKAGES FOLDER marks.json), in the
// environment of run.sh with ZKINFER_CONTRACTS=FOLDER. The functionals' own work and calldata are not in it. bench/evm.json keeps its output.
import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {Deployment, Model} from './models.js';

const {first, names} = JSON.parse(readFileSync(join(process.env.ZKINFER_CONTRACTS, 'marks.json'), 'utf8'));
const MODELS = {
  'digits, private input and weights, 128 bits': ['digits', []],
  'mlp, public input, private weights, 100 bits': ['mlp', ['--inputs', 'public', '--security-bits', '100']],
};

const out = [];
for (const [name, [example, words]] of Object.entries(MODELS)) {
  const model = new Model('gas', example, words, []);
  const on = await Deployment.of(model);
  await on.answer(model.native);
  const sections = {};
  let section = 'call';
  const outer = [];
  let last = null;
  on.chain.evm.events.on('step', (step, done) => {
    if (last !== null && last.depth === step.depth) sections[section] = (sections[section] ?? 0) + Number(last.gasLeft - step.gasLeft);
    if (last !== null && step.depth > last.depth) outer.push(section);
    if (last !== null && step.depth < last.depth) section = outer.pop();
    last = step;
    if (!['EQ', 'SUB', 'XOR'].includes(step.opcode.name)) return done?.();
    for (const x of step.stack.slice(-2)) {
      if (x >= BigInt(first) && x < BigInt(first + names.length)) section = names[Number(x) - first];
    }
    done?.();
  });
  const {reason, gas} = await on.verify(model.proof);
  if (reason !== 'None') throw new Error(`${name}: ${reason}`);
  out.push({name, proof_bytes: model.proof.length, gas: Number(gas), sections});
}
console.log(JSON.stringify(out, null, 1));
