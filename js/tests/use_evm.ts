// SPDX-License-Identifier: Apache-2.0
// For evm.test.js; never run. Compiled beside viem.
import {createPublicClient, createWalletClient, http} from 'viem';
import {privateKeyToAccount} from 'viem/accounts';
import {foundry} from 'viem/chains';
import {deployContracts, registerModel, storeReceipt, verifyOnChain} from '../zkinfer/src/evm.js';
import type {Exported} from '../zkinfer/src/evm.js';

export async function use(exported: Exported, artifacts: Record<string, {bytecode: string}>): Promise<bigint> {
  const publicClient = createPublicClient({chain: foundry, transport: http()});
  const walletClient = createWalletClient({account: privateKeyToAccount('0x01'), chain: foundry, transport: http()});
  const clients = {publicClient, walletClient};
  const deployment = await deployContracts(artifacts, clients);
  const registered = await registerModel(exported, deployment, clients, {card: 'ipfs://card'});
  if (!registered.wasRegistered) return registered.gas;
  const verdict = await verifyOnChain(exported, deployment, {publicClient});
  // @ts-expect-error: an accepted proof has no reason
  if (verdict.accepted) return BigInt(verdict.reason.length);
  // @ts-expect-error: it cannot be sent without a wallet
  await storeReceipt(exported, deployment, {publicClient});
  return (await storeReceipt(exported, deployment, clients)).gas;
}
