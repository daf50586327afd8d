// SPDX-License-Identifier: Apache-2.0

/** A fresh X25519 key of random bytes. Keep secretKey where only its owner reads. */
export function newKeyPair(): Promise<{secretKey: Uint8Array; publicKey: Uint8Array}>;
/** `bytes` for whoever has the secret key of `publicKey` (32 bytes, or their digits) and the same info: encapsulated key (32 bytes), then ciphertext and tag. */
export function sealTo(publicKey: Uint8Array | string, bytes: Uint8Array, info: Uint8Array): Promise<Uint8Array>;
/** What sealTo was given. A ZkinferError where key or info are others. */
export function openSealed(secretKey: Uint8Array | string, sealed: Uint8Array, info: Uint8Array): Promise<Uint8Array>;
