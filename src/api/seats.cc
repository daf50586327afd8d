// SPDX-License-Identifier: Apache-2.0
#include "zkinfer/seats.h"

#include "base/json_text.h"
#include "verifier/joint.h"
#include "zkinfer/result_json.h"

namespace zkinfer {

namespace {

Status cut_off(const char* what, const Verdict& verdict) {
  return corrupt(std::string(what) + ": cut off or damaged: " + verdict.where + "; get it again from the prover");
}

std::string tensors_json(std::span<const VerifiedTensor> tensors) {
  JsonList list;
  for (const VerifiedTensor& tensor : tensors) {
    JsonObject seen;
    seen.text("seen", "private");  // the proof shows none
    list.add(json_joined(values_json(tensor.name, tensor.shape, tensor.format.scale(), tensor.integers),
                         std::move(seen).take()));
  }
  return std::move(list).take();
}

}  // namespace

Result<JointOutline> outline_of_joint(ByteView proof) {
  verifier::KeyProofFile file;
  verifier::RowsHead head;
  Verdict verdict = verifier::read_key_proof(verifier::kJointKind, proof, file);
  if (verdict.accepted()) {
    ByteReader reader(file.messages);
    verdict = verifier::read_rows_head(reader, head);
  }
  if (!verdict.accepted()) return cut_off("joint proof", verdict);
  return JointOutline{head.identity, head.num_rows, file.slots[0], head.context};
}

Result<SeatOutline> outline_of_seat(ByteView bytes) {
  verifier::Seat seat;
  if (const Verdict verdict = verifier::read_seat(bytes, seat); !verdict.accepted()) return cut_off("seat", verdict);
  return SeatOutline{seat.index, std::uint64_t{1} << seat.path.size(), seat.context};
}

std::string joint_json(const VerifySummary& result, const VerifiedRow& row, std::uint64_t seat,
                       std::uint64_t num_seats) {
  JsonObject json;
  json.number("seat", seat);
  json.number("num_seats", num_seats);
  json.add("outputs", tensors_json(row.outputs));
  json.add("inputs", tensors_json(row.inputs));
  return json_joined(summary_json(result), std::move(json).take());
}

}  // namespace zkinfer
