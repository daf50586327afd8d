// SPDX-License-Identifier: Apache-2.0
#include "soundness/contract_price.h"

#include "soundness/proof_size.h"

namespace zkinfer::soundness {

namespace {

constexpr double kGasPerByte = 16.0;
// Gas, measured.
constexpr double kRow = 7000.0;            // point, weight, leaf, and the closed form of its functional
constexpr double kBaseEntry = 150.0;       // an element of F in a row
constexpr double kExtensionEntry = 340.0;  // of K
constexpr double kNode = 250.0;            // of a multiproof
constexpr double kLane = 26000.0;          // some 12 blocks
constexpr double kMaskRow = 1500.0;
constexpr double kMaskCoef = 80.0;  // a coefficient of X* at one point
constexpr double kFinal = 1500.0;   // an entry: hidden, in X*, in two products and a table

double nodes(const pcs::CodeParams& oracle) {
  return expected_digests(oracle.log_domain, oracle.num_queries) + static_cast<double>(oracle.num_queries);
}

}  // namespace

double contract_rows(const pcs::CodeParams& oracle, bool is_base) {
  const double entry = is_base ? kBaseEntry : kExtensionEntry;
  const double row = kRow + entry * static_cast<double>(oracle.num_lanes());
  return (static_cast<double>(oracle.num_queries) * row + kNode * nodes(oracle)) / kGasPerByte;
}

double contract_lanes(const pcs::CodeParams& oracle) {
  return kLane * static_cast<double>(oracle.num_lanes()) / kGasPerByte;
}

double contract_mask(const pcs::CodeParams& mask) {
  const double row = kMaskRow + kMaskCoef * static_cast<double>(mask.dimension());
  return (static_cast<double>(mask.num_queries) * row + kNode * nodes(mask)) / kGasPerByte;
}

double contract_final(std::uint64_t entries) { return kFinal * static_cast<double>(entries) / kGasPerByte; }

double contract_price(const pcs::OpeningParams& params) {
  double price = contract_rows(params.witness, true) + contract_lanes(params.witness);
  if (params.has_model) price += contract_rows(params.model, true) + contract_lanes(params.model);
  for (const pcs::TensorOracle& data : params.data) price += contract_rows(data.oracle, true);
  for (const pcs::CodeParams& fold : params.folds) price += contract_rows(fold, false);
  price += contract_final(params.final_size());
  if (params.security.zero_knowledge) price += contract_mask(params.mask);
  return price;
}

}  // namespace zkinfer::soundness
