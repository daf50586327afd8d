// SPDX-License-Identifier: Apache-2.0
// Proves beside the page, which stays alive. A message {id, call, words} is answered by {id, result} or {id, error}.
import {verify} from '../src/index.js';
import {loadModel} from '../src/prover.js';
import {giveModules} from './worker_module.js';

let model, prover;

const calls = {
  modules: (modules) => giveModules(modules),
  async load(bytes) {
    prover?.close();
    model?.close();
    prover = model = undefined;
    model = await loadModel(bytes);
    return model.info;
  },
  commit(options) {
    prover?.close();
    prover = undefined;
    prover = model.commit(options);
    // Of public weights whoever checks has the model; of hidden ones a certificate shows that they are integers in their ranges.
    return {key: prover.key, certificate: options.publicWeights ? null : prover.certify()};
  },
  run: (inputs) => model.run(inputs),
  prove: (inputs, options) => prover.prove(inputs, options),
  check: (proof, certificate) => verify(proof, prover.key, certificate ? {certificate} : {uncertified: true}),
};

onmessage = async ({data: {id, call, words}}) => {
  try {
    const begin = performance.now();
    const result = await calls[call](...words);
    postMessage({id, result, seconds: (performance.now() - begin) / 1000});
  } catch (error) {
    postMessage({id, error: error.name === 'ZkinferError' ? error.message : `a bug in this page: ${error.stack}`});
  }
};
