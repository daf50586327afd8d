// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

// Why a well-formed call's proof is rejected; None: it is accepted. Numbers and names as zkinfer::RejectReason
// (include/zkinfer/verdict.h).
enum Reason {
    None,
    BadHeader,
    WrongStatement,
    Truncated,
    TrailingBytes,
    NonCanonical,
    BadPublicValue,
    ZeroDenominator,
    Sumcheck,
    ProofOfWork,
    MerklePath,
    Opening,
    MaskCodeword,
    FinalCheck
}
