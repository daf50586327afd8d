// SPDX-License-Identifier: Apache-2.0
#include "verifier/joint.h"

#include <algorithm>
#include <bit>

#include "commit/merkle/merkle_verifier.h"
#include "field/limbs.h"
#include "formats/frame.h"
#include "hash/keccak.h"
#include "statement/canonical_bytes.h"

namespace zkinfer::verifier {

namespace {

// Outputs, then inputs: the order of every statement.
std::vector<qir::ValueId> shown_values(const qir::QGraph& graph) {
  std::vector<qir::ValueId> ids = graph.outputs;
  ids.insert(ids.end(), graph.inputs.begin(), graph.inputs.end());
  return ids;
}

Verdict check_values(const qir::QGraph& graph, const statement::PublicValues& values) {
  const std::vector<qir::ValueId> ids = shown_values(graph);
  if (values.size() != ids.size())
    return Verdict::reject(RejectReason::kBadPublicValue, "a joint proof: give all outputs and inputs beside it");
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const qir::Value& value = graph.value(ids[i]);
    const auto num_elements = static_cast<std::size_t>(value.shape.num_elements());
    if (Verdict verdict = check_value(value, values[i], num_elements); !verdict.accepted()) return verdict;
  }
  return Verdict::accept();
}

// The leaf under the root.
Verdict check_path(const Seat& seat, const Digest& leaf, const RowsHead& head) {
  const auto wrong = [](const std::string& what) {
    return Verdict::reject(RejectReason::kWrongStatement, "seat: " + what);
  };
  if (seat.index >= head.num_rows)
    return wrong("its number is " + std::to_string(seat.index) + ", the proof has " + std::to_string(head.num_rows));
  const merkle::TreeShape shape{std::countr_zero(head.num_rows), leaf.size()};
  const merkle::MerkleVerdict verdict =
      merkle::verify_multiproof(shape, head.context, std::array{seat.index}, leaf, seat.path);
  if (verdict.ok()) return Verdict::accept();
  if (verdict.reason == merkle::MerkleReason::kBadCount)
    return wrong("a path of " + std::to_string(seat.path.size()) + " digests, " + std::to_string(head.num_rows) +
                 " seats have " + std::to_string(shape.log_leaves));
  return wrong("it is none of this proof, or of another request, input or output");
}

}  // namespace

Verdict read_seat(ByteView bytes, Seat& seat) {
  const auto truncated = [] { return Verdict::reject(RejectReason::kTruncated, "seat"); };
  if (bytes.size() < kFrameBytes) return truncated();
  Result<ByteReader> opened = open_frame(FileKind::kSeat, bytes);
  if (!opened.ok()) return Verdict::reject(RejectReason::kBadHeader, opened.status().message());
  ByteReader reader = *opened;
  seat.index = reader.u64();
  seat.context = read_digest(reader);
  ByteReader limbs(reader.raw(3 * sizeof(std::uint64_t)));
  if (!reader.ok()) return truncated();
  if (!read_limbs(limbs, seat.pad.c)) return Verdict::reject(RejectReason::kNonCanonical, "seat: pad");
  seat.salt = read_digest(reader);
  if (!reader.ok() || reader.remaining() % sizeof(Digest) != 0) return truncated();
  if (reader.remaining() > kMaxLogSeats * sizeof(Digest))
    return Verdict::reject(RejectReason::kTrailingBytes, "seat: a path of more than 20 digests");
  seat.path.clear();
  while (reader.remaining() > 0) seat.path.push_back(read_digest(reader));
  return Verdict::accept();
}

Digest seat_leaf(const qir::QGraph& graph, std::uint64_t num_seats, const Seat& seat,
                 const statement::PublicValues& values) {
  ByteWriter writer;
  writer.raw(ByteView(reinterpret_cast<const std::uint8_t*>(kSeatLeaf.data()), kSeatLeaf.size()));
  writer.u64(num_seats);
  writer.u64(seat.index);
  writer.raw(seat.context);
  const std::vector<qir::ValueId> ids = shown_values(graph);
  for (std::size_t i = 0; i < ids.size(); ++i) writer.raw(statement::canonical_bytes(graph.value(ids[i]), values[i]));
  writer.raw(limb_bytes(seat.pad.c));
  writer.raw(seat.salt);
  return keccak256(writer.bytes());
}

Status check_num_seats(std::uint64_t num_seats) {
  if (!std::has_single_bit(num_seats))
    return invalid_argument("a joint proof of " + std::to_string(num_seats) + " seats, expected a power of two");
  if (num_seats <= std::uint64_t{1} << kMaxLogSeats) return ok_status();
  return resource_limit("a joint proof of " + std::to_string(num_seats) + " seats, at most 2^20 are allowed");
}

Result<PreparedKey> prepare_joint(const PreparedKey& prepared, const pcs::OpeningParams& params,
                                  std::uint64_t num_seats, std::shared_ptr<relations::RecipeSink> recipes) {
  const pcs::OpeningParams& own = prepared.key.params;
  ZKI_RETURN_IF_ERROR(check_num_seats(num_seats));
  ZKI_RETURN_IF_ERROR(check_same_weights(own, params, "joint proof"));
  if (!params.data.empty()) return invalid_argument("joint proof: its parameters are for committed data");
  if (!own.security.zero_knowledge)
    return invalid_argument("joint proof: without zero knowledge everybody sees all rows");
  PreparedKey base;
  base.key = prepared.key;
  base.key.visibility = {{}, {}, prepared.key.visibility.public_params, false};
  base.limits = prepared.limits;
  base.floor = prepared.floor;
  base.ood_point = prepared.ood_point;
  base.identity = prepared.identity;
  ZKI_ASSIGN_OR_RETURN(
      PreparedKey out,
      prepare_key_proof(base, params,
                        relations::build_joint(base.key.graph, num_seats, prepared.limits.memory_bytes, recipes.get()),
                        recipes, "joint proof", own.security.bits, {}, num_seats));
  out.identity = prepared.identity;
  return out;
}

void absorb_joint_statement(Transcript& transcript, const PreparedKey& joint_key, const RowsHead& head,
                            std::uint64_t slot) {
  transcript.absorb_u64("seats", head.num_rows);
  transcript.absorb_bytes("parameters", joint_key.key.params.canonical_bytes());
  statement::absorb_statement(transcript, head.identity, joint_key.key, head.context, slot, {});
}

std::optional<RowsHead> joint_head(ByteView proof) {
  KeyProofFile file;
  RowsHead head;
  if (!read_key_proof(kJointKind, proof, file).accepted()) return std::nullopt;
  ByteReader reader(file.messages);
  return read_rows_head(reader, head).accepted() ? std::optional(head) : std::nullopt;
}

Verdict verify_joint(const PreparedKey& prepared, ByteView proof, std::span<const SeatClaim> claims, Joint& joint) {
  if (prepared.key.is_segmented())
    return Verdict::reject(RejectReason::kWrongStatement, "joint proof: a model that is cut into segments has none");
  KeyProofFile file;
  if (Verdict verdict = read_key_proof(kJointKind, proof, file); !verdict.accepted()) return verdict;
  ByteReader reader(file.messages);
  RowsHead& head = joint.head;
  if (Verdict verdict = read_rows_head(reader, head); !verdict.accepted()) return verdict;
  if (head.identity != prepared.identity)
    return Verdict::reject(RejectReason::kWrongStatement, "model identity: the proof was made under another key");
  if (Verdict verdict = check_slot(file.slots[0], prepared); !verdict.accepted()) return verdict;
  joint.slot = file.slots[0];
  if (const Status status = check_num_seats(head.num_rows); !status.ok()) return unprepared(status);
  for (const SeatClaim& claim : claims) {
    Seat& seat = joint.seats.emplace_back();
    if (Verdict verdict = read_seat(claim.seat, seat); !verdict.accepted()) return verdict;
    if (Verdict verdict = check_values(prepared.key.graph, claim.values); !verdict.accepted()) return verdict;
    if (Verdict verdict = check_path(seat, seat_leaf(prepared.key.graph, head.num_rows, seat, claim.values), head);
        !verdict.accepted())
      return verdict;
  }
  const auto key = prepare_joint(prepared, file.params, head.num_rows);
  if (!key.ok()) return unprepared(key.status());
  joint.soundness = key->soundness;
  Transcript transcript(kJointProtocol);
  absorb_joint_statement(transcript, *key, head, joint.slot);
  argument::SeatMarks marks;
  const ByteView messages = file.messages.subspan(reader.offset());
  if (Verdict verdict = verify_messages(*key, {}, {}, messages, transcript, &marks); !verdict.accepted())
    return verdict;
  const std::vector<Fe> weights = argument::seat_weights(*key->compiled.circuit.seats, marks);
  for (std::size_t i = 0; i < claims.size(); ++i) {
    Fe mark = joint.seats[i].pad;
    std::size_t next = 0;
    for (const std::vector<std::int64_t>& tensor : claims[i].values) {
      for (const std::int64_t x : tensor) mark += weights[next++] * Fp::from_int(x);
    }
    if (mark == marks.of_rows[joint.seats[i].index]) continue;
    return Verdict::reject(RejectReason::kWrongStatement, "seat " + std::to_string(joint.seats[i].index) +
                                                              ": its row is about another input or output");
  }
  return Verdict::accept();
}

}  // namespace zkinfer::verifier
