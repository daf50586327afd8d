// SPDX-License-Identifier: Apache-2.0
#include "verifier/key_proof.h"

#include "formats/frame.h"

namespace zkinfer::verifier {

Verdict read_key_proof(const KeyProofKind& kind, ByteView bytes, KeyProofFile& file) {
  if (bytes.size() < kFrameBytes) return Verdict::reject(RejectReason::kTruncated, "header");
  Result<ByteReader> opened = open_frame(kind.kind, bytes);
  if (!opened.ok()) return Verdict::reject(RejectReason::kBadHeader, opened.status().message());
  ByteReader reader = *opened;
  for (std::size_t i = 0; i < kind.num_slots; ++i) file.slots[i] = reader.u64();
  ByteReader params_reader(reader.blob(pcs::kMaxParamsBytes));
  if (!reader.ok()) return Verdict::reject(RejectReason::kTruncated, "parameters");
  auto params = pcs::parse_params(params_reader);
  if (!params.ok() || !params_reader.finished()) return Verdict::reject(RejectReason::kBadHeader, "parameters");
  file.params = std::move(params).value();
  file.messages = bytes.subspan(reader.offset());
  return Verdict::accept();
}

Verdict check_slot(std::uint64_t slot, const PreparedKey& prepared) {
  if (statement::slot_exists(slot, prepared.key.params.model_budget)) return Verdict::accept();
  return Verdict::reject(RejectReason::kBadHeader, "slot " + std::to_string(slot));
}

Result<PreparedKey> prepare_key_proof(const PreparedKey& prepared, const pcs::OpeningParams& params,
                                      Result<circuit::Circuit> built, std::shared_ptr<relations::RecipeSink> recipes,
                                      const std::string& name, std::uint32_t least_bits, std::uint64_t num_rows) {
  if (!built.ok()) return built.status();
  PreparedKey out;
  out.key = prepared.key;
  out.key.params = params;
  out.num_rows = num_rows;
  out.limits = prepared.limits;
  out.floor = prepared.floor;
  out.ood_point = prepared.ood_point;  // the commitment's value was taken there
  ZKI_RETURN_IF_ERROR(complete(out, std::move(built).value(), std::move(recipes)));
  if (const Status floor = out.floor.check(out.soundness); !floor.ok()) return floor.with_context(name);
  if (!out.soundness.meets_target() || params.security.bits < least_bits || !out.soundness.hides_enough()) {
    return invalid_argument(name + ": it proves " + std::to_string(out.soundness.bits()) + " bits, the key " +
                            std::to_string(least_bits));
  }
  return out;
}

}  // namespace zkinfer::verifier
