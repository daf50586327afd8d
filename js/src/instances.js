// SPDX-License-Identifier: Apache-2.0
// One of the package's WebAssembly modules: compiled once, an instance that calls use until one of them ends it.
import {asBytes} from './bytes.js';
import {Module} from './module.js';
import {ownModule} from './own_module.js';

export class Instances {
  #name;
  #compiled; // a promise of the WebAssembly.Module
  #current;

  constructor(name) {
    this.#name = name;
  }

  async init(source) {
    if (source === undefined) this.#compiled ??= ownModule(this.#name);
    else if (source instanceof WebAssembly.Module) this.#compiled = Promise.resolve(source);
    else this.#compiled = WebAssembly.compile(asBytes(this.#name, source));
    this.#compiled.catch(() => (this.#compiled = undefined)); // to be tried again
    await this.#compiled;
  }

  async get() {
    await this.init();
    if (!this.#current || this.#current.ended) this.#current = new Module(await this.#compiled);
    return this.#current;
  }
}
