// SPDX-License-Identifier: Apache-2.0
// Gas of an accepted verification by section, as JSON on stdout: contracts built with marks (build.mjs PACKAGES FOLDER marks.json), in the
// environment of run.sh with ZKINFER_CONTRACTS=FOLDER. Arguments, besides the examples: NAME MODEL.zkmodel INPUT, paths absolute. Every model
// with private weights and input, zero knowledge on, under keys of `--profile small --budget 16`. bench/evm.json keeps its output.
import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {Deployment, Model} from './models.js';
import {transactionGas} from './pricing.js';

const {first, names} = JSON.parse(readFileSync(join(process.env.ZKINFER_CONTRACTS, 'marks.json'), 'utf8'));
const models = {digits: 'digits', mlp: 'mlp'};
for (let i = 2; i + 2 < process.argv.length; i += 3) models[process.argv[i]] = {model: process.argv[i + 1], input: process.argv[i + 2]};

// Gas by section: what each step takes at its own depth; a mark is a comparison with a number of marks.json, and a call's end brings
// back its caller's section.
const tracer = `{
  sections: {}, section: 'call', outer: [], last: null, names: ${JSON.stringify(names)},
  step: function(log) {
    var step = {depth: log.getDepth(), gas: log.getGas()};
    var last = this.last;
    if (last !== null && last.depth === step.depth) this.sections[this.section] = (this.sections[this.section] || 0) + last.gas - step.gas;
    if (last !== null && step.depth > last.depth) {
      this.outer.push(this.section);
      if (this.section === 'functionals call') this.section = 'functionals';
    }
    if (last !== null && step.depth < last.depth) this.section = this.outer.pop();
    this.last = step;
    var code = log.op.toNumber();
    if (code !== 0x14 && code !== 0x03 && code !== 0x18) return; // EQ, SUB, XOR
    for (var i = 0; i < 2; ++i) {
      var x = Number(log.stack.peek(i)) - ${first};
      if (x >= 0 && x < this.names.length) this.section = this.names[x];
    }
  },
  fault: function() {},
  result: function() { return this.sections; }
}`;

const out = [];
for (const [name, example] of Object.entries(models)) {
  for (const bits of [128, 100]) {
    const model = new Model('gas', example, ['--profile', 'small', '--budget', '16', '--security-bits', `${bits}`], []);
    const on = await Deployment.of(model, 'ZkInferFunctionals');
    const calldata = on.calldata(model.proof);
    const {reason, gas} = await on.verify(model.proof);
    if (reason !== 'None') throw new Error(`${name}: ${reason}`);
    const {today, draft} = transactionGas(calldata, Number(gas));
    out.push({
      name, security_bits: bits, proof_bytes: model.proof.length, calldata_bytes: calldata.length, program_bytes: on.program.length,
      registration_gas: Number(on.registrationGas), execution_gas: Number(gas),
      transaction_gas: today, transaction_gas_eip_7976: draft,
      sections: await on.chain.trace(on.verifier, calldata, tracer),
    });
    console.error(`${name}, ${bits} bits: ${gas}`);
  }
}
console.log(JSON.stringify(out, null, 1));
process.exit(0);
