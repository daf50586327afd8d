// SPDX-License-Identifier: Apache-2.0

/** Whatever holds bytes. */
export type Bytes = Uint8Array | ArrayBuffer | ArrayBufferView;

/** Bad input: what was wrong, what was expected, what was there and what to do. A rejected proof is no error, but a result. */
export class ZkinferError extends Error {
  constructor(code: ErrorCode, message: string);
  readonly code: ErrorCode;
}
export type ErrorCode =
  | 'invalid_argument' // a request that cannot be served
  | 'unsupported'
  | 'out_of_range'
  | 'corrupt_data' // bytes that follow no grammar
  | 'resource_limit' // over the limits, or memory is missing: nothing is known of the proof
  | 'internal'; // a bug in zkinfer

/** What checking may cost, by the key's own count, before anything is spent. */
export interface Limits {
  /** Keys that prove fewer bits are refused; 100. */
  minSecurityBits?: number;
  /** 2. */
  maxSeconds?: number;
  /** 2^29; at most 2^30. */
  maxMemoryBytes?: number;
}

/** What the verifier holds of an input or output. All that is given must agree with the proof. */
export interface KnownTensor {
  /** Which one; otherwise that of its place in the list. */
  name?: string;
  index?: number;
  /** Of a batch; 0. */
  row?: number;
  integers?: ArrayLike<number | bigint>;
  /** Canonical bytes (docs/formats/tensor.md): needed where the proof holds only their hash. */
  data?: Bytes;
  /** 64 hexadecimal digits, or 32 bytes. */
  digest?: string | Bytes;
  /** The bytes of a .zktensor. */
  commitment?: Bytes;
}

export interface VerifyOptions {
  /** The bytes of the key's .zkcert. Needed once for each key with weights, unless `uncertified` is set. */
  certificate?: Bytes;
  /** Take the weights as they are: nothing then shows that they are integers in their ranges. */
  uncertified?: boolean;
  /** The bytes of one or more .zkpath, from the key to the one that the proof was made under. */
  path?: Bytes | Bytes[];
  /** What the proof must be bound to: text, "hex:00ff..", or bytes, at most 32. Without it any. */
  context?: string | Bytes;
  /** The key must be that of the model with this identity (64 hexadecimal digits). */
  identity?: string | Bytes;
  inputs?: KnownTensor[];
  outputs?: KnownTensor[];
}

export interface EvaluationOptions extends Omit<VerifyOptions, 'inputs' | 'outputs'> {
  /** It must be of this metric: "accuracy", "confusion", "top-5", "auc-1", "mse", "mae", "perplexity". */
  metric?: string;
  /** And of this output of the model, counted from 0; with a metric the first unless said. */
  output?: number;
  /** Its first figure must be no smaller, or no larger; of a sample what it says of the whole data set, of errors what they may be unrounded, at the worse end. The metric must be named. */
  atLeast?: number;
  atMost?: number;
  /** The nonce that you drew for a sample, needed for one: 64 hexadecimal digits, or 32 bytes. */
  nonce?: string | Bytes;
  /** The number of rows that you asked for with it, needed for a sample: each number is another draw. */
  sample?: number;
  /** Of what a sample says of other rows, 0.5 to 0.999999; 0.999. */
  confidence?: number;
}

export interface TensorInfo {
  name: string;
  shape: number[];
  lo: number;
  hi: number;
  /** Real value of the integer 1. */
  scale: number;
}

/** What an accepted proof says of an input or output. */
export interface VerifiedTensor {
  name: string;
  shape: number[];
  /** "private", "public", "committed", then perhaps ":sha256" or ":keccak256". */
  seen: string;
  /** Where it is public. BigInts where a number does not hold them. */
  integers?: number[] | bigint[];
  scale?: number;
  /** Real values: integer times scale. */
  values?: number[];
  sha256?: string;
  cid?: string;
  keccak256?: string;
  commitment?: string;
  commitment_root?: string;
  commitment_budget?: number;
}

/** An answer of a language model, each token the model's choice after all before it. */
export interface Generation {
  rule: 'greedy' | 'sampled';
  temperature: number;
  top_k: number;
  top_p: number;
  repetition_penalty: number;
  seed: string | null;
  num_prompt_tokens: number;
  num_answer_tokens: number;
  /** null: hidden. */
  prompt_tokens: number[] | null;
  answer_tokens: number[] | null;
}

interface Checked {
  /** Name and identity of the key's model. */
  model: string;
  model_identity: string;
  /** The weakest of proof, path and certificate; of a rejected proof that of the key. */
  security_bits: number;
  zero_knowledge: boolean;
  verify_seconds: number;
  proof_bytes: number;
  /** What to ask about before the key's structure is trusted; empty for most models. */
  warnings: string[];
}

interface AcceptedStatement extends Checked {
  accepted: true;
  weights: 'certified' | 'uncertified' | 'no weights' | string;
  weights_certified: boolean;
  /** The key that the proof was made under. */
  serving_identity: string;
  slot: number;
  /** "hex:..", or null: bound to none. */
  context: string | null;
}

export interface Accepted extends AcceptedStatement {
  outputs: VerifiedTensor[];
  inputs: VerifiedTensor[];
  generation?: Generation;
  num_rows?: undefined;
}

export interface AcceptedBatch extends AcceptedStatement {
  num_rows: number;
  rows: {outputs: VerifiedTensor[]; inputs: VerifiedTensor[]}[];
}

/** What a joint proof says to the owner of a seat: the inputs and outputs that he gave, which it shows nobody. */
export interface AcceptedJoint extends AcceptedStatement {
  /** His seat's number, and how many the proof has. */
  seat: number;
  num_seats: number;
  outputs: VerifiedTensor[];
  inputs: VerifiedTensor[];
}

/** A figure that follows from counts, exactly. */
export interface Figure {
  name: string;
  group?: number;
  class?: number;
  numerator: number;
  denominator: number;
  /** null: of no rows. */
  value: number | null;
}

/** What an accepted evaluation says; docs/cli.md has the meaning of each. */
export interface AcceptedEvaluation extends AcceptedStatement {
  metric: string;
  output: number;
  num_groups: number;
  totals_only: boolean;
  num_rows: number;
  chunk_rows: number;
  data_set: string;
  data_set_digest: string;
  data_set_rows: number;
  num_duplicates: number;
  figures: Figure[];
  counts: number[];
  chunk_counts: number[][];
  slots: number[];
  /** Whether fewer rows than ten are counted together somewhere, so that it says how single rows did. */
  shows_rows: boolean;
  first_class?: number;
  num_classes?: number;
  unit?: number;
  r_squared?: number;
  /** Of a sample: who chose its rows, and what its share says of the whole data set and of rows like them, low and high. */
  nonce?: string;
  confidence?: number;
  of_set?: [number, number];
  of_source?: [number, number];
}

export interface Rejected extends Checked {
  accepted: false;
  /** Why, where in the protocol, and the usual cause. */
  reason: string;
  where: string;
  hint: string;
}

/** As `zkinfer verify --json`. */
export type VerifyResult = Accepted | AcceptedBatch | Rejected;

export interface KeyInfo {
  model: string;
  identity: string;
  root_identity: string;
  depth: number;
  structure: string;
  parameters: number;
  segments: number;
  security_bits: number;
  pow_bits: number;
  profile: 'balanced' | 'fast' | 'small';
  verify_seconds_at_most: number;
  verify_memory_bytes_at_most: number;
  zero_knowledge: boolean;
  public_weights: boolean;
  inputs_seen: string;
  outputs_seen: string;
  /** A turn of a conversation: its last input and output are committed. */
  carries_history: boolean;
  budget: number;
  tensor_budget: number;
  inputs: TensorInfo[];
  outputs: TensorInfo[];
}

/** What a file says of itself, checked against nothing; as `zkinfer inspect --json`. */
export type Inspected =
  | ({kind: 'key'} & KeyInfo)
  | {kind: 'proof'; claimed_identity: string}
  | {kind: 'batch'; claimed_identity: string; claimed_rows: number}
  | {kind: 'evaluation'; claimed_identity: string; metric: string; data_set_digest: string; num_rows: number; chunk_rows: number; totals_only: boolean; data_set_rows: number; nonce?: string}
  | {kind: 'joint_proof'; claimed_identity: string; num_seats: number; slot: number; seats_root: string}
  | {kind: 'seat'; seat: number; num_seats: number; context: string | null}
  | {kind: 'bundle'; claimed_identity: string; claimed_rows?: number; root_identity?: string; proof_bytes: number; path_bytes: number; certificate_bytes: number}
  | {kind: 'certificate'; slot: number}
  | {kind: 'path'; root_identity: string; depth: number; commitments: number}
  | {kind: 'tensor_commitment'; tensor: TensorInfo; commitment: string; commitment_root: string; commitment_budget: number};

/** A rejection of a certificate. */
export interface Rejection {
  reason: string;
  where: string;
  hint: string;
}

/** A verification key: parsed once, for many proofs. */
export class Key {
  private constructor();
  readonly info: KeyInfo;
  /** What to ask about before its structure is trusted; empty for most models. */
  readonly warnings: string[];
  /** Whether a certificate of its weights was accepted. */
  readonly certified: boolean;
  /** null: accepted. */
  certify(certificate: Bytes): Rejection | null;
  verify(proof: Bytes, options?: VerifyOptions): VerifyResult;
  verifyJoint(proof: Bytes, seat: Bytes, options?: VerifyOptions): AcceptedJoint | Rejected;
  verifyEvaluation(evaluation: Bytes, dataSet: Bytes, options?: EvaluationOptions): AcceptedEvaluation | Rejected;
  /** Gives its memory back. */
  close(): void;
}

/** Checks a proof, batch or bundle under a key. Throws ZkinferError for bad input; a rejected proof is a result. */
export function verify(proof: Bytes, key: Bytes, options?: VerifyOptions & Limits): Promise<VerifyResult>;
/** Checks a joint proof (.zkjoint) for the owner of a seat (.zkseat) in it: `inputs` and `outputs` are his, all of them, with integers or data. */
export function verifyJoint(proof: Bytes, seat: Bytes, key: Bytes, options?: VerifyOptions & Limits): Promise<AcceptedJoint | Rejected>;
/** Checks an evaluation (.zkeval) on its data set (.zkset). What is not asked for (metric, atLeast, ..) is for you to look at. */
export function verifyEvaluation(evaluation: Bytes, dataSet: Bytes, key: Bytes, options?: EvaluationOptions & Limits): Promise<AcceptedEvaluation | Rejected>;
/** A key for many proofs; its certificate, where it is given, is checked once. */
export function loadKey(key: Bytes, options?: Limits & {certificate?: Bytes}): Promise<Key>;
/** What a file is and says of itself. */
export function inspect(bytes: Bytes, options?: Limits): Promise<Inspected>;
/** Where zkinfer.wasm is, if not beside this package: its bytes, or the compiled module. Not needed otherwise. */
export function init(source?: Bytes | WebAssembly.Module): Promise<void>;
