// SPDX-License-Identifier: Apache-2.0

export interface Block {
  cid: string;
  bytes: Uint8Array;
}
/** How files are fetched. */
export interface Fetching {
  /** Addresses of gateways, tried in their order; none of them is trusted. */
  gateways: string[];
  /** Most bytes of the file; 2^30. */
  most?: number;
  /** Of each block, in milliseconds; 30,000. */
  timeout?: number;
  fetcher?: typeof fetch;
}

/** A content identifier of version 1 in base32, with or without ipfs://, of a raw block or a UnixFS file. A ZkinferError for others. */
export function parseCid(text: string): {cid: string; codec: number; digest: Uint8Array; bytes: Uint8Array};
/** A file's identifier and its blocks, the ones that `ipfs add --cid-version 1` makes. */
export function blocksOf(file: Uint8Array | ArrayBuffer): Promise<{cid: string; blocks: Block[]}>;
/** Blocks in one file (CAR version 1), for `ipfs dag import` and services that keep files. */
export function archiveOf(roots: string[], blocks: Block[]): Uint8Array;
/** Blocks of an archive by their identifiers, which nobody has compared yet. */
export function archiveBlocks(file: Uint8Array | ArrayBuffer): Map<string, Uint8Array>;
/** For fetchCid, in the place of a network: blocks that are here. They are compared with their names all the same. */
export function fetcherOf(blocks: Map<string, Uint8Array>): typeof fetch;
/** The file that an identifier names. Every block is compared with its name. A ZkinferError where no gateway has it, or it is longer than `most`. */
export function fetchCid(cid: string, options: Fetching): Promise<Uint8Array>;
