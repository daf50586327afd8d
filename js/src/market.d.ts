// SPDX-License-Identifier: Apache-2.0

/** "0x" and hexadecimal digits. */
export type Hex = `0x${string}`;
/** Bytes, or their hexadecimal digits. */
export type Data = Uint8Array | string;

/** What a bounty measures, as BountyMarket takes it. */
export interface Spec {
  sealedChunks: Hex[];
  openedChunks: Hex[];
  rows: number;
  labelBytes: number;
  dataDigest: Hex;
}
/** A chunk of data: labels and inputs of its rows, both in canonical bytes. */
export interface Chunk {
  labels: Data;
  inputs: Data;
}
/** isAsPromised: false is what BountyMarket.challengeData is for. */
export interface OpenedChunk {
  labels: Uint8Array;
  inputs: Uint8Array;
  inputsDigest: Hex;
  isAsPromised: boolean;
}

/** 30 random bytes: a key of data, or a share of a sale. Keep it: whoever has it opens what it seals. */
export function newKey(): Hex;
/** SHA-256 of a key, as Terms.keyHash, c1 and c2 take it. */
export function keyHash(key: Data): Promise<Hex>;

/** Digests and data of bounties. Wrong sizes are a ZkinferError. */
export class Bounties {
  /** keccak256: bytes to their Keccak-256; viem's will do. */
  constructor(keccak256: (bytes: Uint8Array) => Data);
  /** Keccak-256 of bytes. */
  digest(bytes: Data): Hex;
  /** BountyMarket.commitHashOf, without a node. salt: 32 random bytes, kept until the score is entered. */
  commitHash(of: {chainId: number | bigint; market: Data; bounty: number | bigint; hunter: Data; modelId: Data; certDigest: Data; salt: Data}): Hex;
  /** BountyMarket.contextOf, for `zkinfer prove --context hex:..` (without the 0x). */
  contextOf(of: {chainId: number | bigint; market: Data; bounty: number | bigint; hunter: Data; submission: number | bigint; specDigest: Data; chunk: number}): Hex;
  specDigest(spec: Spec): Hex;
  /** What allowStructures takes: of the "program" of `zkinfer evm export`. */
  structureOf(program: Data): Hex;
  /** Seals chunk `index`, or opens it: both are the same. */
  seal(key: Data, index: number, chunk: Data): Uint8Array;
  /** For providers: the spec, and the chunks to publish. dataDigest: of the data set (`zkinfer dataset`), or any 32 bytes. */
  sealData(key: Data, chunks: Chunk[], options: {rows: number; dataDigest: Data}): {spec: Spec; sealed: Uint8Array[]};
  /** For hunters, before they commit: a ZkinferError where the published chunks are not the spec's, or could not be challenged. */
  checkSealed(spec: Spec, sealed: Data[]): void;
  /** With the revealed key. */
  openData(spec: Spec, key: Data, sealed: Data[]): OpenedChunk[];
}
