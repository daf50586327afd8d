// SPDX-License-Identifier: Apache-2.0
#include "evm/program.h"

#include <algorithm>
#include <string>

#include "evm/append.h"
#include "evm/functionals.h"
#include "statement/canonical_bytes.h"

namespace zkinfer::evm {
namespace {

constexpr std::size_t kWord = 32;
constexpr std::uint32_t kVersion = 1;
constexpr std::size_t kMaxSharedAxes = 10;  // what a contraction's word holds

// Words of 32 bytes, filled from the most significant byte on.
class WordWriter {
 public:
  void u(std::uint64_t x, int num_bytes) { append_integer(bytes_, x, num_bytes); }
  void digest(const Digest& digest) { append(bytes_, digest); }
  // Zeros up to the end of the word.
  void end_word() { bytes_.resize((bytes_.size() + kWord - 1) / kWord * kWord); }
  Bytes& bytes() { return bytes_; }

 private:
  Bytes bytes_;
};

Status check_at_most(const char* what, std::uint64_t got, std::uint64_t limit) {
  if (got <= limit) return ok_status();
  return invalid_argument("no contract checks proofs of this key: " + std::string(what) + " is " + std::to_string(got) +
                          ", at most " + std::to_string(limit));
}

Status check_key(const verifier::PreparedKey& prepared) {
  const statement::Key& key = prepared.key;
  if (key.is_segmented()) return invalid_argument("no contract checks proofs of a model that is cut into segments");
  if (prepared.num_rows != 1) return invalid_argument("no contract checks proofs of a batch");
  if (!key.params.security.zero_knowledge)
    return invalid_argument("no contract checks proofs without zero knowledge; expected a key with it");
  const argument::OuterPlan& plan = prepared.compiled.plan;
  if (plan.log_leaves == 0) return invalid_argument("no contract checks proofs of a model without lookups");
  ZKI_RETURN_IF_ERROR(check_at_most("log2 of the lookup leaves", static_cast<std::uint64_t>(plan.log_leaves), 40));
  ZKI_RETURN_IF_ERROR(check_at_most("the number of pads", prepared.compiled.pads.layout().num_pads(), 4096));
  ZKI_RETURN_IF_ERROR(check_at_most("the final vector's size", key.params.final_size(), 1024));
  ZKI_RETURN_IF_ERROR(check_at_most("the first vector's size", key.params.first_vector_size(), (1ull << 32) - 1));
  return check_at_most("the number of contractions", prepared.compiled.circuit.contractions.size(), 1024);
}

void write_oracle(WordWriter& out, const pcs::CodeParams& oracle, std::uint64_t begin, std::uint64_t end) {
  out.u(oracle.num_coefs, 4);
  out.u(oracle.num_random_coefs, 4);
  out.u(begin, 4);
  out.u(end, 4);
  out.u(oracle.log_lanes, 1);
  out.u(oracle.log_domain, 1);
  out.u(oracle.num_queries, 2);
  out.end_word();
}

// The bits of a contraction's c axes: where they are in tau, in the rounds' point, and how many.
Status write_contraction(WordWriter& out, const circuit::Contraction& relation, const argument::ContractionPlan& plan,
                         int rounds) {
  struct Shared {
    int tau, sum, bits;
  };
  std::vector<Shared> shared;
  int tau = 0, sum = rounds - plan.sum_bits;
  for (std::size_t axis = 0; axis < relation.box.size(); ++axis) {
    const int bits = circuit::axis_bits(relation.box[axis]);
    const circuit::AxisRole role = relation.roles[axis];
    if (role == circuit::AxisRole::kC && bits > 0) shared.push_back({tau, sum, bits});
    if (role != circuit::AxisRole::kK) tau += bits;
    if (role == circuit::AxisRole::kC || role == circuit::AxisRole::kK) sum += bits;
  }
  ZKI_RETURN_IF_ERROR(check_at_most("the number of a contraction's shared axes", shared.size(), kMaxSharedAxes));
  out.u(static_cast<std::uint64_t>(plan.sum_bits), 1);
  out.u(shared.size(), 1);
  for (const Shared& axis : shared) {
    for (const int x : {axis.tau, axis.sum, axis.bits}) out.u(static_cast<std::uint64_t>(x), 1);
  }
  out.end_word();
  return ok_status();
}

void write_tensor(WordWriter& out, const qir::Value& value, const TensorPolicy& policy, bool is_input) {
  const statement::EntryFormat format = statement::entry_format(value.lo, value.hi);
  out.u(static_cast<std::uint64_t>(policy.exposure), 1);
  out.u(static_cast<std::uint64_t>(policy.hash), 1);
  out.u(format.num_bytes, 1);
  out.u(is_input ? 1 : 0, 1);
  out.u(static_cast<std::uint64_t>(value.shape.num_elements()), 4);
  out.u(static_cast<std::uint64_t>(value.lo), 8);
  out.u(static_cast<std::uint64_t>(value.hi), 8);
  out.end_word();
}

Bytes data_bytes(const pcs::TensorOracle& oracle) {
  ByteWriter out;
  oracle.write(out);
  return std::move(out).take();
}

void write_identity(WordWriter& out, const statement::Key& key) {
  out.digest(keccak256(qir::structure_bytes(key.graph)));
  out.digest(keccak256(key.params.canonical_bytes()));
  out.digest(key.commitment.root);
  for (const Fp& limb : key.commitment.ood_value.c) out.u(limb.v, 8);
  out.u(key.flags(), 8);
}

// The section "parameters".
Result<Bytes> parameter_words(const verifier::PreparedKey& prepared) {
  const statement::Key& key = prepared.key;
  const pcs::OpeningParams& params = key.params;
  const argument::OuterPlan& plan = prepared.compiled.plan;
  const circuit::Circuit& circuit = prepared.compiled.circuit;
  const std::vector<qir::SeenTensor> seen = qir::seen_tensors(key.graph, key.visibility);
  WordWriter out;
  write_identity(out, key);
  out.u(static_cast<std::uint64_t>(plan.log_leaves), 1);
  out.u(static_cast<std::uint64_t>(plan.tau_bits), 1);
  out.u(static_cast<std::uint64_t>(plan.rounds), 1);
  out.u(static_cast<std::uint64_t>(plan.degree), 1);
  out.u(circuit.contractions.size(), 2);
  out.u(circuit.equalities.size(), 2);
  out.u(circuit.public_tensors.size(), 2);
  out.u(params.security.pow_bits, 1);
  out.u(params.has_model ? 1 : 0, 1);
  out.u(params.data.size(), 1);
  out.u(params.folds.size(), 1);
  out.u(seen.size(), 2);
  out.u(params.model_budget, 8);
  const std::uint64_t num_values = num_public_values(circuit);
  ZKI_RETURN_IF_ERROR(check_at_most("the number of public values", num_values, 1u << 16));
  out.u(num_values, 4);
  out.end_word();
  for (const pcs::BaseOracle& base : params.bases()) write_oracle(out, *base.params, base.offset, base.end);
  for (const pcs::CodeParams& fold : params.folds) write_oracle(out, fold, 0, 0);
  write_oracle(out, params.mask, 0, 0);
  const std::vector<qir::ValueId> committed = qir::committed_values(key.graph, key.visibility);
  for (std::size_t i = 0; i < params.data.size(); ++i) {
    out.digest(keccak256(data_bytes(params.data[i])));
    out.u(static_cast<std::uint64_t>(key.graph.value(committed[i]).shape.num_elements()), 8);
    out.end_word();
  }
  for (std::size_t i = 0; i < circuit.contractions.size(); ++i)
    ZKI_RETURN_IF_ERROR(write_contraction(out, circuit.contractions[i], plan.contractions[i], plan.rounds));
  for (std::size_t i = 0; i < seen.size(); ++i)
    write_tensor(out, key.graph.value(seen[i].id), seen[i].policy, i >= key.graph.outputs.size());
  return std::move(out.bytes());
}

}  // namespace

Result<Bytes> program_bytes(const verifier::PreparedKey& prepared) {
  ZKI_RETURN_IF_ERROR(check_key(prepared));
  ZKI_ASSIGN_OR_RETURN(const Bytes parameters, parameter_words(prepared));
  WordWriter out;
  for (const char c : {'Z', 'K', 'E', 'V'}) out.u(static_cast<std::uint8_t>(c), 1);
  out.u(kVersion, 4);
  out.u(parameters.size() / kWord, 4);
  out.end_word();
  append(out.bytes(), parameters);
  ZKI_ASSIGN_OR_RETURN(const Bytes instructions, functional_instructions(prepared));
  append(out.bytes(), instructions);
  return std::move(out.bytes());
}

}  // namespace zkinfer::evm
