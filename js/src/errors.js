// SPDX-License-Identifier: Apache-2.0

/** Bad input: a request that cannot be served, bytes that follow no grammar, limits. A rejected proof is no error, but a result. */
export class ZkinferError extends Error {
  constructor(code, message) {
    super(message);
    this.name = 'ZkinferError';
    this.code = code;
  }
}

export function invalidArgument(message) {
  return new ZkinferError('invalid_argument', message);
}
