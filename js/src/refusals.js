// SPDX-License-Identifier: Apache-2.0
// What contracts revert with, in words that say what to do.
import {decodeError} from './abi.js';
import {fromHex} from './bytes.js';
import {ZkinferError} from './errors.js';
import {marketAbi, saleAbi} from './market_abi.js';
import {REASONS} from './evm.js';
import {STATES, meaningOf} from './market_states.js';
import {timeText} from './quantities.js';

const stateText = (state) => `it is in the state ${STATES[Number(state)]}: ${meaningOf(STATES[Number(state)])}`;

const SAID = {
  UnknownBounty: (id) => `there is no bounty ${id}; \`zkinfer-market list\` shows those there are`,
  UnknownSubmission: (id, submission) => `bounty ${id} has no submission ${submission}`,
  WrongState: (id, state) => `bounty ${id}: ${stateText(state)}, and this belongs to another one or to another stage of it; \`zkinfer-market show ${id}\``,
  BadTerms: (what) => `the market does not take these terms: ${what}. Windows between deadlines are an hour to 90 days`,
  NotYours: (account) => `only ${account} may do this`,
  WrongKey: () => 'this key or share is not the one whose SHA-256 was promised',
  WrongSpec: () => 'the data\'s description is not that of the bounty\'s terms; was it fetched for this bounty?',
  BadSpec: () => 'the data\'s description is one that no score could be entered for',
  NotAChunk: (index) => `chunk ${index} is not the one that was published`,
  WrongChunkData: (index) => `labels, inputs or outputs of chunk ${index} are not the bounty's`,
  WrongCommitment: () => 'model, certificate and salt are not those of the commitment; give the submission\'s own file, and proofs of the model that was committed to',
  UnknownModel: (id) => `the model ${id} is not registered; \`zkinfer evm register\` does it`,
  NotAllowed: (structure) => `the provider has not allowed networks of this structure (${structure}); that was for him to do before the commitments ended`,
  NotProven: (chunk) => `no proof of chunk ${chunk} was verified for this submission; give its proof too`,
  DoneBefore: () => 'it was done before',
  DataAreAsPromised: () => 'the chunk opens to what was promised; there is nothing to challenge',
  NotReceived: (expected, got) => `the token brought ${got} of ${expected}: tokens that take a fee of transfers are not taken`,
  NoCredit: (token, account) => `nothing is owed to ${account} in this token`,
  UnknownSale: (id) => `there is no sale ${id}`,
  BadTime: (time) => `the time ${timeText(time)} has passed, or is more than 90 days away`,
  NotNow: (id) => `sale ${id} is over, or this is not its time`,
  Rejected: (reason) => `the proof is rejected: ${REASONS[Number(reason)] ?? 'for a reason that is not known'}`,
  SafeERC20FailedOperation: (token) => `the token ${token} refuses the transfer; has the account enough of it?`,
};
// Of the contracts that proofs go to.
const others = [
  {type: 'error', name: 'Rejected', inputs: [{name: 'reason', type: 'uint8'}]},
  {type: 'error', name: 'UnknownModel', inputs: [{name: 'modelId', type: 'bytes32'}]},
  // The compiler's own, of which tokens make use.
  {type: 'error', name: 'Error', inputs: [{name: 'message', type: 'string'}]},
  {type: 'error', name: 'Panic', inputs: [{name: 'code', type: 'uint256'}]},
];

function revertOf(error) {
  for (let at = error, depth = 0; at && depth < 12; at = at.cause, ++depth) {
    const data = typeof at.data === 'string' ? at.data : typeof at.raw === 'string' ? at.raw : at.data?.data;
    if (typeof data === 'string' && /^0x[0-9a-f]{8}/.test(data)) return data;
  }
  return undefined;
}

/** A ZkinferError of what a node or a contract said to `what`. */
export function explained(what, error) {
  if (error instanceof ZkinferError) return error;
  for (let at = error, depth = 0; at && depth < 12; at = at.cause, ++depth) if (at instanceof ZkinferError) return Object.assign(new ZkinferError(at.code, `${what}: ${at.message}`), {isSilent: at.isSilent});
  const data = revertOf(error);
  if (data === undefined) return new ZkinferError('input/output', `${what}: ${(error.details ?? error.shortMessage ?? error.message).split('\n')[0].slice(0, 300)}`);
  for (const abi of [marketAbi, saleAbi, others]) {
    try {
      const known = decodeError(abi, fromHex(data.slice(2)));
      if (known !== undefined) return new ZkinferError('rejected', `${what}: ${SAID[known.name]?.(...known.args) ?? `the contract refuses: ${known.name}(${known.args.join(', ')})`}`);
    } catch {
      // Of another contract.
    }
  }
  return new ZkinferError('rejected', `${what}: the contract refuses: ${data.slice(0, 138)}`);
}
