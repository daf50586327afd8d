// SPDX-License-Identifier: Apache-2.0
// An instance of one of our modules: its memory, and calls of the C interface (include/zkinfer/zkinfer.h). A call that ends the module
// (memory that is missing, a failed self check) ends this instance only: nothing is known of the proof then.
import {ZkinferError} from './errors.js';

const CODE_BUFFER_TOO_SMALL = 8;
const ERROR_BYTES = 4096; // of the text of an error
const JSON_BYTES = 1 << 16; // at first

export class Module {
  constructor(compiled) {
    this.said = '';
    const instance = new WebAssembly.Instance(compiled, {wasi_snapshot_preview1: this.#system(), zkinfer: {random: (...to) => this.#random(...to)}});
    this.exports = instance.exports;
    this.memory = instance.exports.memory;
    this.exports._initialize();
    this.error = this.exports.malloc(16 + ERROR_BYTES);
    this.json = this.exports.malloc(JSON_BYTES);
    this.jsonBytes = JSON_BYTES;
  }

  // All that a module asks of a system: to write to standard error before it ends; the prover also what time it is. There are no files.
  #system() {
    const ebadf = 8, enosys = 52;
    return {
      fd_write: (file, list, count, written) => {
        if (file !== 2) return ebadf;
        const view = this.view();
        let total = 0;
        for (let i = 0; i < count; ++i) {
          const begin = view.getUint32(list + 8 * i, true);
          const size = view.getUint32(list + 8 * i + 4, true);
          this.said += new TextDecoder().decode(new Uint8Array(this.memory.buffer, begin, size));
          total += size;
        }
        view.setUint32(written, total, true);
        return 0;
      },
      fd_close: () => ebadf,
      fd_seek: () => ebadf,
      fd_fdstat_get: () => ebadf,
      fd_prestat_get: () => ebadf,
      fd_prestat_dir_name: () => ebadf,
      path_remove_directory: () => enosys,
      path_unlink_file: () => enosys,
      clock_time_get: (clock, precision, to) => {
        this.view().setBigUint64(to, BigInt(Math.round(1e6 * performance.now())), true);
        return 0;
      },
      proc_exit: () => {
        throw new WebAssembly.RuntimeError('exit');
      },
    };
  }

  // Seeds of the prover, from the browser's or Node's own generator; at most 65,536 bytes a call.
  #random(address, size) {
    crypto.getRandomValues(new Uint8Array(this.memory.buffer, address, size));
    return 0;
  }

  view() {
    return new DataView(this.memory.buffer);
  }

  // f(), whose trap becomes an error that says why.
  guarded(f) {
    if (this.ended) throw this.ended;
    try {
      return f();
    } catch (error) {
      if (error instanceof ZkinferError) throw error;
      const said = this.said;
      this.ended = said.startsWith('not enough memory')
          ? new ZkinferError('resource_limit', 'not enough memory: a WebAssembly module has 2 GiB at most, and gets what the machine has left')
          : new ZkinferError('internal', 'the module ended, a bug in zkinfer; nothing is known of a proof that it looked at: ' + (said || error.message));
      throw this.ended;
    }
  }

  // So many bytes, for free().
  take(count) {
    const address = this.exports.malloc(Math.max(count, 1));
    if (address === 0) {
      this.said = 'not enough memory';
      throw new WebAssembly.RuntimeError('malloc');
    }
    return address;
  }

  // The address of a copy of `bytes`, for free().
  put(bytes) {
    const address = this.take(bytes.length);
    new Uint8Array(this.memory.buffer, address, bytes.length).set(bytes);
    return address;
  }

  // f(addresses) with a copy of each of `arrays`, which is freed behind it.
  withBytes(arrays, f) {
    return this.guarded(() => {
      const addresses = [];
      try {
        for (const bytes of arrays) addresses.push(this.put(bytes));
        return f(...addresses);
      } finally {
        for (const address of addresses) this.exports.free(address);
      }
    });
  }

  // zkinfer_error, for the last argument of a call.
  freshError() {
    const view = this.view();
    view.setUint32(this.error, this.error + 16, true);
    view.setUint32(this.error + 4, ERROR_BYTES, true);
    view.setUint32(this.error + 8, 0, true);
    view.setInt32(this.error + 12, 0, true);
    return this.error;
  }

  errorText() {
    return this.textAt(this.error + 16);
  }

  errorReason() {
    return this.view().getInt32(this.error + 12, true);
  }

  textAt(address) {
    const bytes = new Uint8Array(this.memory.buffer, address);
    return new TextDecoder().decode(bytes.subarray(0, bytes.indexOf(0)));
  }

  codeName(code) {
    return this.textAt(this.exports.zkinfer_code_name(code)).replaceAll(' ', '_');
  }

  // What a failed call said.
  failure(code) {
    return new ZkinferError(this.codeName(code), this.errorText());
  }

  // call(buffer, size) -> zkinfer_code: the bytes that it gave.
  bytesOf(call, fail = (code) => this.failure(code)) {
    for (;;) {
      const size = this.put(new Uint8Array(4));
      try {
        this.view().setUint32(size, this.jsonBytes, true);
        const code = call(this.json, size);
        const told = this.view().getUint32(size, true);
        if (code === 0) return new Uint8Array(this.memory.buffer, this.json, told).slice();
        if (code !== CODE_BUFFER_TOO_SMALL) throw fail(code);
        this.exports.free(this.json);
        this.jsonBytes = 0;
        this.json = this.take(told);
        this.jsonBytes = told;
      } finally {
        this.exports.free(size);
      }
    }
  }

  jsonOf(call, fail) {
    return JSON.parse(new TextDecoder().decode(this.bytesOf(call, fail)));
  }
}
