// SPDX-License-Identifier: Apache-2.0
#include "commit/pcs/params.h"

#include <algorithm>
#include <bit>
#include <string>

namespace zkinfer::pcs {
namespace {

// Sane maxima: they bound every allocation that a parameter set can cause.
constexpr std::uint64_t kMaxCoefficients = std::uint64_t{1} << 32;
constexpr std::uint8_t kMaxLogDomain = 32;
constexpr std::uint8_t kMaxLogLanes = 10;
constexpr std::uint8_t kMaxFoldLanes = 6;
constexpr std::size_t kMaxFolds = 12;
constexpr std::size_t kMaxDataOracles = 16;
constexpr std::uint64_t kMaxFoldBits = 40;  // no vector has more index bits
constexpr std::uint32_t kMaxQueries = 4096;
constexpr std::uint64_t kMaxMaskElements = std::uint64_t{1} << 16;
constexpr std::uint64_t kMaxBudget = std::uint64_t{1} << 32;

Status bad(const std::string& where, const std::string& what) {
  return invalid_argument("opening parameters, " + where + ": " + what);
}

Status expect_equal(const std::string& where, const char* what, std::uint64_t got, std::uint64_t expected) {
  if (got == expected) return ok_status();
  return bad(where, std::string(what) + " is " + std::to_string(got) + ", expected " + std::to_string(expected));
}

Status at_most(const std::string& where, const char* what, std::uint64_t got, std::uint64_t limit) {
  if (got <= limit) return ok_status();
  return bad(where, std::string(what) + " is " + std::to_string(got) + ", at most " + std::to_string(limit));
}

Status at_least(const std::string& where, const char* what, std::uint64_t got, std::uint64_t limit) {
  if (got >= limit) return ok_status();
  return bad(where, std::string(what) + " is " + std::to_string(got) + ", at least " + std::to_string(limit));
}

// The bounds that every used oracle obeys, whatever its place in the chain.
Status validate_oracle(const std::string& where, const CodeParams& oracle, std::uint8_t min_log_lanes,
                       std::uint8_t max_log_lanes) {
  ZKI_RETURN_IF_ERROR(at_least(where, "num_coefs", oracle.num_coefs, 1));
  ZKI_RETURN_IF_ERROR(at_most(where, "num_coefs", oracle.num_coefs, kMaxCoefficients));
  ZKI_RETURN_IF_ERROR(at_most(where, "num_random_coefs", oracle.num_random_coefs, kMaxCoefficients));
  ZKI_RETURN_IF_ERROR(at_least(where, "log_lanes", oracle.log_lanes, min_log_lanes));
  ZKI_RETURN_IF_ERROR(at_most(where, "log_lanes", oracle.log_lanes, max_log_lanes));
  ZKI_RETURN_IF_ERROR(at_most(where, "log_domain", oracle.log_domain, kMaxLogDomain));
  ZKI_RETURN_IF_ERROR(at_most(where, "dimension", oracle.dimension(), oracle.domain_size() - 1));
  ZKI_RETURN_IF_ERROR(at_least(where, "num_queries", oracle.num_queries, 1));
  ZKI_RETURN_IF_ERROR(at_most(where, "num_queries", oracle.num_queries,
                              std::min<std::uint64_t>(kMaxQueries, oracle.domain_size() - 1)));
  return ok_status();
}

// Random rows: one more than the positions that are ever opened, none where nothing is hidden.
Status validate_random_rows(const std::string& where, const CodeParams& oracle, bool hides, std::uint64_t needed) {
  if (!hides) return expect_equal(where, "num_random_coefs (nothing is hidden here)", oracle.num_random_coefs, 0);
  return at_least(where, "num_random_coefs", oracle.num_random_coefs, needed);
}

Status validate_unused(const std::string& where, const CodeParams& oracle) {
  const bool empty = oracle.num_coefs == 0 && oracle.num_random_coefs == 0 && oracle.log_lanes == 0 &&
                     oracle.log_domain == 0 && oracle.num_queries == 0;
  return empty ? ok_status() : bad(where, "this oracle is unused, all its numbers must be 0");
}

// A commitment that `budget` proofs open: num_queries leaves in each, the three F-functionals of its value v, and one more.
Status validate_commitment(const std::string& where, const CodeParams& oracle, std::uint64_t budget) {
  ZKI_RETURN_IF_ERROR(at_most(where, "budget", budget, kMaxBudget));
  ZKI_RETURN_IF_ERROR(validate_oracle(where, oracle, 0, kMaxLogLanes));
  return validate_random_rows(where, oracle, budget > 0, budget * oracle.num_queries + 4);
}

Status validate_base_oracles(const OpeningParams& params) {
  if (params.has_model) {
    ZKI_RETURN_IF_ERROR(validate_commitment("model", params.model, params.model_budget));
  } else {
    ZKI_RETURN_IF_ERROR(validate_unused("model", params.model));
  }
  ZKI_RETURN_IF_ERROR(at_most("data", "count", params.data.size(), kMaxDataOracles));
  for (std::size_t i = 0; i < params.data.size(); ++i) {
    const std::string where = "data[" + std::to_string(i) + "]";
    if (params.data[i].budget > 0 && !params.security.zero_knowledge)
      return bad(where, "a budget needs zero knowledge, expected 0");
    ZKI_RETURN_IF_ERROR(validate_commitment(where, params.data[i].oracle, params.data[i].budget));
  }
  ZKI_RETURN_IF_ERROR(validate_oracle("witness", params.witness, 0, kMaxLogLanes));
  return validate_random_rows("witness", params.witness, params.security.zero_knowledge,
                              params.witness.num_queries + 1);
}

Status validate_folds(const OpeningParams& params) {
  ZKI_RETURN_IF_ERROR(at_most("folds", "count", params.folds.size(), kMaxFolds));
  ZKI_RETURN_IF_ERROR(
      at_most("folds", "total of log_lanes", static_cast<std::uint64_t>(params.fold_bits()), kMaxFoldBits));
  // Each vector is that of oracles whose numbers are bounded by then, so that no size overflows.
  for (std::size_t i = 0; i < params.folds.size(); ++i) {
    const CodeParams& fold = params.folds[i];
    const std::string where = "folds[" + std::to_string(i) + "]";
    ZKI_RETURN_IF_ERROR(validate_oracle(where, fold, 1, kMaxFoldLanes));
    ZKI_RETURN_IF_ERROR(validate_random_rows(where, fold, params.security.zero_knowledge, fold.num_queries + 1));
    const std::uint64_t rows = fold_rows(params.vector_size(i), fold.log_lanes);
    ZKI_RETURN_IF_ERROR(at_least(where, "num_coefs", fold.num_coefs, rows));
    ZKI_RETURN_IF_ERROR(at_most(where, "num_coefs", fold.num_coefs, 2 * rows));
  }
  return ok_status();
}

void write_oracle(const CodeParams& oracle, ByteWriter& out) {
  out.u64(oracle.num_coefs);
  out.u64(oracle.num_random_coefs);
  out.u8(oracle.log_lanes);
  out.u8(oracle.log_domain);
  out.u32(oracle.num_queries);
}

CodeParams read_oracle(ByteReader& reader) {
  CodeParams oracle;
  oracle.num_coefs = reader.u64();
  oracle.num_random_coefs = reader.u64();
  oracle.log_lanes = reader.u8();
  oracle.log_domain = reader.u8();
  oracle.num_queries = reader.u32();
  return oracle;
}

TensorOracle read_data_oracle(ByteReader& reader) {
  const CodeParams oracle = read_oracle(reader);
  return {oracle, reader.u64()};
}

bool read_bool(ByteReader& reader) {
  const std::uint8_t x = reader.u8();
  if (x > 1) reader.fail();
  return x == 1;
}

}  // namespace

void TensorOracle::write(ByteWriter& out) const {
  write_oracle(oracle, out);
  out.u64(budget);
}

std::vector<BaseOracle> OpeningParams::bases() const {
  std::vector<BaseOracle> out;
  std::uint64_t end = 0;
  const auto add = [&](const CodeParams& oracle) {
    const int bits = std::min(std::max(fold_bits(), oracle.block_bits()), 62);
    const std::uint64_t offset = ((end + (std::uint64_t{1} << bits) - 1) >> bits) << bits;
    if (!out.empty()) out.back().end = offset;
    end = offset + oracle.dimension();
    out.push_back({&oracle, offset, end});
  };
  if (has_model) add(model);
  for (const TensorOracle& oracle : data) add(oracle.oracle);
  add(witness);
  return out;
}

int OpeningParams::first_rounds() const {
  int rounds = 0;
  for (const BaseOracle& base : bases()) rounds = std::max<int>(rounds, base.params->log_lanes);
  return rounds;
}

int OpeningParams::fold_bits() const {
  int bits = 0;
  for (const CodeParams& fold : folds) bits += fold.log_lanes;
  return bits;
}

std::uint64_t OpeningParams::first_vector_size() const { return bases().back().end; }

std::uint64_t OpeningParams::vector_size(std::size_t fold_index) const {
  return fold_index == 0 ? first_vector_size() : folds[fold_index - 1].dimension();
}

int OpeningParams::final_rounds() const { return static_cast<int>(std::bit_width(final_size() - 1)); }

std::uint64_t OpeningParams::num_mask_elements() const {
  return 2 * static_cast<std::uint64_t>(num_rounds()) + folds.size() + final_size();
}

Status OpeningParams::validate() const {
  if (const Status status = security.validate(); !status.ok()) return status.with_context("opening parameters");
  ZKI_RETURN_IF_ERROR(at_most("model_budget", "it", model_budget, kMaxBudget));
  if (model_budget > 0 && !(has_model && security.zero_knowledge)) {
    return bad("model_budget", "a budget needs a model and zero knowledge, expected 0");
  }
  ZKI_RETURN_IF_ERROR(validate_base_oracles(*this));
  ZKI_RETURN_IF_ERROR(validate_folds(*this));
  ZKI_RETURN_IF_ERROR(at_most("folds", "number of hidden elements", num_mask_elements(), kMaxMaskElements));
  if (!security.zero_knowledge) return validate_unused("mask", mask);
  ZKI_RETURN_IF_ERROR(validate_oracle("mask", mask, 0, 0));
  ZKI_RETURN_IF_ERROR(expect_equal("mask", "num_coefs", mask.num_coefs, num_mask_elements()));
  return validate_random_rows("mask", mask, true, std::uint64_t{mask.num_queries} + 2);
}

Bytes OpeningParams::canonical_bytes() const {
  ByteWriter out;
  out.u32(security.bits);
  out.u8(static_cast<std::uint8_t>(security.decoding));
  out.u8(security.zero_knowledge ? 1 : 0);
  out.u8(static_cast<std::uint8_t>(security.pow_bits));
  out.u8(static_cast<std::uint8_t>(security.profile));
  out.u64(model_budget);
  out.u8(has_model ? 1 : 0);
  write_oracle(model, out);
  write_oracle(witness, out);
  out.u8(static_cast<std::uint8_t>(folds.size()));
  for (const CodeParams& fold : folds) write_oracle(fold, out);
  write_oracle(mask, out);
  out.u8(static_cast<std::uint8_t>(data.size()));
  for (const TensorOracle& oracle : data) oracle.write(out);
  return std::move(out).take();
}

Result<OpeningParams> parse_params(ByteReader& reader) {
  OpeningParams params;
  params.security.bits = reader.u32();
  params.security.decoding = static_cast<Decoding>(reader.u8());
  params.security.zero_knowledge = read_bool(reader);
  params.security.pow_bits = reader.u8();
  params.security.profile = static_cast<Profile>(reader.u8());
  params.model_budget = reader.u64();
  params.has_model = read_bool(reader);
  params.model = read_oracle(reader);
  params.witness = read_oracle(reader);
  const std::size_t num_folds = reader.u8();
  if (num_folds > kMaxFolds) reader.fail();
  for (std::size_t i = 0; i < num_folds && reader.ok(); ++i) params.folds.push_back(read_oracle(reader));
  params.mask = read_oracle(reader);
  const std::size_t num_data = reader.u8();
  if (num_data > kMaxDataOracles) reader.fail();
  for (std::size_t i = 0; i < num_data && reader.ok(); ++i) params.data.push_back(read_data_oracle(reader));
  if (!reader.ok()) return corrupt("opening parameters end early or hold a bad flag; make them with this version");
  ZKI_RETURN_IF_ERROR(params.validate());
  return params;
}

Result<TensorOracle> parse_data_oracle(ByteReader& reader) {
  const TensorOracle data = read_data_oracle(reader);
  if (!reader.ok()) return corrupt("parameters of a tensor commitment end early");
  ZKI_RETURN_IF_ERROR(validate_commitment("data", data.oracle, data.budget));
  return data;
}

}  // namespace zkinfer::pcs
