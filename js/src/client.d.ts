// SPDX-License-Identifier: Apache-2.0
import type {Accepted, AcceptedJoint, Bytes} from './index.js';

/** A JWK set (OKP, Ed25519), as an object, its text or the bytes of its file; or public keys by kid. */
export type SigningKeys = {keys: unknown[]} | Bytes | string | Record<string, Uint8Array>;

export interface ClientOptions {
  /** The model's .zkkey, and its .zkcert, from a source that you trust. */
  key: Bytes;
  certificate?: Bytes;
  /** The service's keys, from a source that you trust. */
  signingKeys: SigningKeys;
  /** "zki_..". */
  apiKey?: string;
  /** Also where proofs do not say of which input they are. */
  acceptHiddenInput?: boolean;
}

export interface Envelope {
  payload: {id: string; kid: string; model: {root: string}; proof: {id: string; mode: string; by: string; bucket: number}; [field: string]: unknown};
  signature: {alg: 'EdDSA'; kid: string; sig: string};
}

/** What came back, receipt and hashes checked. */
export interface Answer {
  outputs: Record<string, Float32Array>;
  /** The first output. */
  output: Float32Array;
  /** Keep it: with it others can ask for the proof. */
  receipt: Envelope;
  proven: boolean;
  /** What the proof says, once it was checked. */
  result?: Accepted | AcceptedJoint;
  proof?: Uint8Array;
  /** Where the proof is of several customers' requests: yours in it; keep it to yourself. */
  seat?: Uint8Array;
  /** Fetches and checks the proof, until the receipt's deadline or so many milliseconds. Throws Refused. */
  wait(timeout?: number): Promise<Answer>;
}

export interface PredictOptions {
  /** Return when the proof was checked too; true. */
  wait?: boolean;
  /** false: a receipt alone. */
  prove?: boolean;
  /** Whether the proof may be one of several customers' requests, of which you are told your own alone; false. */
  joint?: boolean;
  /** Milliseconds for the proof; until the receipt's deadline. */
  timeout?: number;
  /** How long a service that is busy or away is asked again, under one Idempotency-Key; 30000. */
  retryMs?: number;
  idempotencyKey?: string;
}

type Numbers = ArrayLike<number> | readonly unknown[];

/** One model of one service. */
export class Client {
  private constructor();
  static open(url: string, options: ClientOptions): Promise<Client>;
  predict(inputs: Numbers | Record<string, Numbers>, options?: PredictOptions): Promise<Answer>;
  close(): void;
}

/** What the service gave is not what was asked for, or its proof does not come. */
export class Refused extends Error {}

/** The service said no, or cannot be reached (status 0). */
export class ServiceError extends Error {
  readonly status: number;
  readonly problem: Record<string, unknown>;
  readonly retryAfter?: number;
}

/** RFC 8785 of what receipts hold. */
export function jcs(value: unknown): string;
export function keysOf(jwks: {keys: unknown[]}): Promise<Record<string, Uint8Array>>;
/** The payload of a receipt that a pinned key has signed. Throws Refused. */
export function verifyReceipt(envelope: unknown, keys: Record<string, Uint8Array>): Promise<Envelope['payload']>;
