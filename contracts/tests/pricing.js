// SPDX-License-Identifier: Apache-2.0
// What a transaction pays for its data, by today's rules and by those that may follow.

const zerosOf = (data) => data.filter((byte) => byte === 0).length;

/** EIP-2028: beside the execution. */
export const dataGas = (data) => 16 * data.length - 12 * zerosOf(data);
/** The least that the whole transaction pays. EIP-7623: 40 a byte, 10 for zeros. */
export const floorOf7623 = (data) => 21000 + 40 * data.length - 30 * zerosOf(data);
/** The same of the draft EIP-7976: 64 a byte, whatever it is. */
export const floorOf7976 = (data) => 21000 + 64 * data.length;

/** Of a transaction that creates nothing: {standard, today, draft}, before floors, with that of EIP-7623, with that of EIP-7976. */
export function transactionGas(data, execution) {
  const standard = 21000 + dataGas(data) + execution;
  return {standard, today: Math.max(standard, floorOf7623(data)), draft: Math.max(standard, floorOf7976(data))};
}
