// SPDX-License-Identifier: Apache-2.0

/** "0x" and hexadecimal digits. */
export type Hex = `0x${string}`;

/** What is asked of viem's PublicClient. */
export interface ReadingClient {
  call(request: {account?: any; to?: Hex; data: Hex}): Promise<{data?: Hex}>;
  waitForTransactionReceipt(request: {hash: Hex}): Promise<{status: 'success' | 'reverted'; gasUsed: bigint; contractAddress?: Hex | null}>;
}
/** What is asked of viem's WalletClient, which has an account and a chain. */
export interface SendingClient {
  account?: any;
  chain?: any;
  sendTransaction(request: any): Promise<Hex>;
}
export interface Clients {
  publicClient: ReadingClient;
  walletClient: SendingClient;
}

/** The JSON that `zkinfer evm export` writes. */
export interface Exported {
  model_id: string;
  program: string;
  calldata: string;
}
/** The JSON that `zkinfer evm deploy --json` prints, or deployContracts gives. */
export interface Deployment {
  registry: string;
  verifier: string;
  receipts: string;
}

export interface Sent {
  transaction: Hex;
  gas: bigint;
}

/** Deploys the contracts of build/evm/artifacts.json. */
export function deployContracts(artifacts: Record<string, {bytecode: string}>, clients: Clients): Promise<Deployment & {outer: string; functionals: string; session: string}>;
/** Registers the model's program, unless it is there; card: where the model card is, for people. */
export function registerModel(exported: Exported, deployment: Deployment, clients: Clients, options?: {card?: string}): Promise<{modelId: string} & ({wasRegistered: true} | ({wasRegistered: false} & Sent))>;
/** The contract's verdict, by a call that costs nothing. A malformed call is a ZkinferError; the node is believed. */
export function verifyOnChain(exported: Exported, deployment: Deployment, clients: {publicClient: ReadingClient}): Promise<{accepted: true} | {accepted: false; reason: string}>;
/** The call of which storeReceipt makes a transaction, for whoever sends himself. */
export function receiptCall(exported: Exported, deployment: Deployment): {to: Hex; data: Hex};
/** What a contract rejects a proof for, by the number that it answers. */
export const REASONS: string[];
/** Verifies in a transaction and stores the receipt. A proof that would be rejected is a ZkinferError, and is not sent. */
export function storeReceipt(exported: Exported, deployment: Deployment, clients: Clients): Promise<Sent>;
