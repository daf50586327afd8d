// SPDX-License-Identifier: Apache-2.0
import type {Bytes, TensorInfo} from './index.js';
export {ZkinferError} from './index.js';

/** zkinfer_prover.wasm, where it is not beside the package's scripts. */
export function initProver(source?: WebAssembly.Module | Bytes): Promise<void>;

/** A compiled model, from the bytes of a .zkmodel. ZkinferError `corrupt_data`, `unsupported`, `invalid_argument`. */
export function loadModel(model: Bytes): Promise<Model>;

export interface ModelInfo {
  model: string;
  parameters: number;
  /** Digest of its structure, 64 hexadecimal digits. */
  structure: string;
  inputs: TensorInfo[];
  outputs: TensorInfo[];
  /** What was done to the numbers of files: (value * scale - mean) / std, by channel. Not done here: inputs are what the network takes. */
  preprocessing: {scale: number | null; mean: number[]; std: number[]};
}

type Numbers = ArrayLike<number> | BigInt64Array | readonly unknown[];

/** Real numbers in row-major order (nested lists too); their shape where it is not the model's. */
export type Input = Numbers | {data: Numbers; shape?: number[]};

export interface Output {
  name: string;
  shape: number[];
  /** BigInts where a number does not hold them. */
  integers: number[] | bigint[];
  /** Real value of the integer 1. */
  scale: number;
  values: number[];
}

export interface Inference {
  outputs: Output[];
  /** Numbers of the inputs that were replaced by the nearest that the model takes. */
  clipped: number;
}

export interface CommitOptions {
  /** The weights are public: whoever has the model derives the same key. false: they are hidden, under a key of this process's own. */
  publicWeights?: boolean;
  /** Who sees the inputs; private. */
  inputs?: 'private' | 'public';
  /** Who sees the outputs; public. */
  outputs?: 'private' | 'public';
  /** Of proofs: time against bytes. */
  profile?: 'balanced' | 'fast' | 'small';
  /** 40 to 128; 128. */
  securityBits?: number;
  /** Proofs that the commitment may serve; by the model's size. */
  budget?: number;
}

export class Model {
  private constructor();
  readonly info: ModelInfo;
  /** Integer inference without a proof. One input, or a list of them in the model's order. */
  run(inputs: Input | Input[]): Inference;
  /** Commits to the weights, in memory: the costly step, once for many proofs. */
  commit(options?: CommitOptions): Prover;
  close(): void;
}

export class Prover {
  private constructor();
  /** The verification key: bytes of a .zkkey. */
  readonly key: Uint8Array;
  /** One proof (bytes of a .zkproof). `context`: text, "hex:00ff..", or bytes, at most 32. `resource_limit`: the budget is used up. */
  prove(inputs: Input | Input[], options?: {context?: string | Bytes}): Inference & {proof: Uint8Array};
  /** Bytes of a .zkcert: that every weight is an integer in its range. Takes one of the budget's proofs. */
  certify(): Uint8Array;
  close(): void;
}
