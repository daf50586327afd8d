// SPDX-License-Identifier: Apache-2.0
// A joint proof: a batch whose rows belong to different people. Inputs and outputs of all rows stay hidden; who has a seat in it, and his
// own input and output, checks that his row is about these, and learns of the others how many seats there are. Byte grammars:
// docs/formats/joint.md; the argument: docs/protocol.md, section 12.
#pragma once

#include "verifier/key_proof.h"

namespace zkinfer::verifier {

inline constexpr KeyProofKind kJointKind{FileKind::kJoint, 1};
inline constexpr const char* kJointProtocol = "zkinfer joint v1";
inline constexpr std::string_view kSeatLeaf = "zkinfer seat v1";
// Their number is a power of two.
inline constexpr int kMaxLogSeats = 20;

// What one of the rows' owners gets beside the proof.
struct Seat {
  std::uint64_t index = 0;
  Digest context{};  // of his request: what makes two equal ones two
  Fe pad;            // hides his mark; drawn for this proof alone
  Digest salt{};     // hides his leaf from the others
  std::vector<Digest> path;
};

// Total. kTruncated, kBadHeader, kNonCanonical.
Verdict read_seat(ByteView bytes, Seat& seat);
// What the root binds of it: Keccak-256 of kSeatLeaf, number of seats and index (u64), context, the canonical bytes of outputs, then
// inputs, the pad's limbs (most significant byte first, as everywhere) and the salt; other numbers little-endian. values: outputs, then inputs, in their ranges.
Digest seat_leaf(const qir::QGraph& graph, std::uint64_t num_seats, const Seat& seat,
                 const statement::PublicValues& values);

// Whether so many seats may be in one proof. resource_limit, invalid_argument.
Status check_num_seats(std::uint64_t num_seats);
// The key under the circuit of so many seats and these parameters, whose M must be the key's. invalid_argument for keys that hide nothing, too.
Result<PreparedKey> prepare_joint(const PreparedKey& prepared, const pcs::OpeningParams& params,
                                  std::uint64_t num_seats, std::shared_ptr<relations::RecipeSink> recipes = nullptr);
// Step 0: number of seats, the proof's own parameters, identity, the root of the leaves, slot.
void absorb_joint_statement(Transcript& transcript, const PreparedKey& joint_key, const RowsHead& head,
                            std::uint64_t slot);

struct Joint {
  RowsHead head;  // context: the root
  std::uint64_t slot = 0;
  std::vector<Seat> seats;  // of the claims
  soundness::SoundnessReport soundness;
};
// What somebody has who has a seat: outputs, then inputs.
struct SeatClaim {
  ByteView seat;
  statement::PublicValues values;
};
// That the key's model gives these outputs on these inputs, in the rows that the seats say. Total on arbitrary bytes, for values of any number and
// size; messages are checked once. joint: whole only if accepted.
Verdict verify_joint(const PreparedKey& prepared, ByteView proof, std::span<const SeatClaim> claims, Joint& joint);

// What a joint proof says of itself, checked by nobody; none if the bytes do not begin like one.
std::optional<RowsHead> joint_head(ByteView proof);

}  // namespace zkinfer::verifier
