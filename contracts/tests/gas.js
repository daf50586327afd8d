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

// Gas by section: what each step takes at its own depth; a mark is a comparison with a number of marks.json, and a call's end brings
// back its caller's section.
const tracer = `{
  sections: {}, section: 'call', outer: [], last: null, names: ${JSON.stringify(names)},
  step: function(log) {
    var step = {depth: log.getDepth(), gas: log.getGas()};
    var last = this.last;
    if (last !== null && last.depth === step.depth) this.sections[this.section] = (this.sections[this.section] || 0) + last.gas - step.gas;
    if (last !== null && step.depth > last.depth) this.outer.push(this.section);
    if (last !== null && step.depth < last.depth) this.section = this.outer.pop();
    this.last = step;
    var name = log.op.toString();
    if (name !== 'EQ' && name !== 'SUB' && name !== 'XOR') return;
    for (var i = 0; i < 2; ++i) {
      var x = Number(log.stack.peek(i)) - ${first};
      if (x >= 0 && x < this.names.length) this.section = this.names[x];
    }
  },
  fault: function() {},
  result: function() { return this.sections; }
}`;

const out = [];
for (const [name, [example, words]] of Object.entries(MODELS)) {
  const model = new Model('gas', example, words, []);
  const on = await Deployment.of(model);
  await on.answer(model.native);
  const sections = await on.chain.trace(on.verifier, on.calldata(model.proof), tracer);
  const {reason, gas} = await on.verify(model.proof);
  if (reason !== 'None') throw new Error(`${name}: ${reason}`);
  out.push({name, proof_bytes: model.proof.length, gas: Number(gas), sections});
}
console.log(JSON.stringify(out, null, 1));
