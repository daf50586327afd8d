// SPDX-License-Identifier: Apache-2.0
#include "soundness/choose_params.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <optional>
#include <string>
#include <vector>

#include "soundness/analyze.h"
#include "soundness/chain_search.h"
#include "soundness/code_bound.h"
#include "soundness/oracle_search.h"
#include "soundness/proof_size.h"

namespace zkinfer::soundness {

namespace {

constexpr std::uint64_t kMaxElements = std::uint64_t{1} << 34;
constexpr std::uint64_t kRowAlignment = 4096;
constexpr std::size_t kExactCandidates = 24;
constexpr int kMaxLogMaskDomain = 18;
constexpr int kMaxLogBaseDomain = 30;
// A little more than asked for, against rounding at the boundary.
constexpr double kQueryMargin = 0x1p-20;
// Prices of a data oracle (data_oracle), in bytes of proof.
constexpr double kDataBytesPerRow = 1.0;
constexpr double kDataBytesPerElement = 0x1p-7;

Status bad_request(const std::string& what) { return invalid_argument("parameter request: " + what); }

struct BaseCandidate {
  pcs::CodeParams oracle;
  double cost = 0.0;
};

struct Candidate {
  const BaseCandidate* model = nullptr;
  const BaseCandidate* witness = nullptr;
  double cost = 0.0;
  std::vector<FoldShape> folds;
};

struct Solution {
  pcs::OpeningParams params;
  double cost = 0.0;
};

Status check_request(const ParamRequest& request) {
  if (request.security_bits < 1 || request.security_bits > 128) {
    return bad_request("security_bits is " + std::to_string(request.security_bits) +
                       ", expected 1 .. 128 (a 32-byte digest gives no more)");
  }
  if (request.regime != pcs::Regime::kJohnson && request.regime != pcs::Regime::kUniqueDecoding) {
    return bad_request("unknown regime");
  }
  if (request.pow_bits > 32)
    return bad_request("pow_bits is " + std::to_string(request.pow_bits) + ", expected at most 32");
  if (request.pow_bits >= request.security_bits) return bad_request("pow_bits has to be below security_bits");
  if (request.witness_elements == 0) return bad_request("witness_elements is 0, expected at least 1");
  if (request.witness_elements > kMaxElements || request.model_elements > kMaxElements) {
    return bad_request("more than 2^34 elements; split the model");
  }
  if (request.witness_max_block > 34 || request.model_max_block > 34) {
    return bad_request("a block of more than 2^34 elements; split the block");
  }
  if (request.model_budget > 0 && (request.model_elements == 0 || !request.zero_knowledge)) {
    return bad_request("a model budget needs a model and zero knowledge; expected model_budget = 0");
  }
  if (request.model_budget > (std::uint64_t{1} << 24))
    return bad_request("model_budget above 2^24; rotate the commitment");
  if (!(request.prover_bytes >= 0.0) || request.prover_bytes > 1e12) return bad_request("prover_bytes is not a price");
  if (request.shape.log_leaves > 40 || request.shape.batched_rounds > 64 || request.shape.log_triple_rows > 40) {
    return bad_request("the outer shape has more than 2^40 leaves, 64 rounds or 2^40 triples");
  }
  return ok_status();
}

class Search {
 public:
  explicit Search(const ParamRequest& request) : request_(request) {
    witness_cap_ = request.witness_cap > 0 ? request.witness_cap : default_witness_cap(request.witness_elements);
    fold_cap_ =
        request.fold_cap > 0 ? request.fold_cap : default_fold_cap(request.witness_elements, request.model_elements);
    model_cap_ = request.model_cap > 0 ? request.model_cap : default_model_cap(request.model_elements);
    for (int log_lanes = kMinLogLanes; log_lanes <= kMaxLogLanes; ++log_lanes) {
      model_rows_.push_back(request.model_elements > 0 ? ask_layout(true, log_lanes) : 0);
      witness_rows_.push_back(ask_layout(false, log_lanes));
    }
  }

  // The best solution when the list of an unpinned mask is kept below 2^log2_mask_list.
  std::optional<Solution> run(double log2_mask_list);

 private:
  OracleGoal goal(double log2_mask_list, RandomRows random_rows) const {
    OracleGoal result;
    result.regime = request_.regime;
    result.fold_bits = request_.security_bits + kFoldMargin;
    result.query_bits = static_cast<double>(request_.security_bits) - request_.pow_bits + log2_mask_list + kQueryMargin;
    result.random_rows = random_rows;
    return result;
  }
  std::uint64_t ask_layout(bool model, int log_lanes) const;
  std::vector<BaseCandidate> base_candidates(bool model, const OracleGoal& goal, std::uint64_t cap) const;
  std::vector<Candidate> rank(const std::vector<BaseCandidate>& models, const std::vector<BaseCandidate>& witnesses,
                              ChainSearch& chains) const;
  std::optional<Solution> solve_exactly(const Candidate& candidate, double log2_mask_list) const;
  bool solve_mask(pcs::OpeningParams& params, double log2_mask_list) const;

  const ParamRequest& request_;
  std::uint64_t witness_cap_ = 0;
  std::uint64_t fold_cap_ = 0;
  std::uint64_t model_cap_ = 0;
  std::vector<std::uint64_t> model_rows_;  // index: log_lanes - kMinLogLanes
  std::vector<std::uint64_t> witness_rows_;
};

std::uint64_t Search::ask_layout(bool model, int log_lanes) const {
  const RowsForLanes& layout = model ? request_.model_rows : request_.witness_rows;
  if (layout) return layout(log_lanes);
  return model ? default_rows(request_.model_elements, request_.model_max_block, log_lanes)
               : default_rows(request_.witness_elements, request_.witness_max_block, log_lanes);
}

std::vector<BaseCandidate> Search::base_candidates(bool model, const OracleGoal& goal, std::uint64_t cap) const {
  std::vector<BaseCandidate> candidates;
  for (int log_lanes = kMinLogLanes; log_lanes <= kMaxLogLanes; ++log_lanes) {
    const std::uint64_t num_coefs =
        (model ? model_rows_ : witness_rows_)[static_cast<std::size_t>(log_lanes - kMinLogLanes)];
    if (num_coefs == 0 || num_coefs > kMaxElements) continue;
    for (int log_domain = least_log_domain(num_coefs); log_domain <= kMaxLogBaseDomain; ++log_domain) {
      if (std::exp2(log_domain + log_lanes) > static_cast<double>(cap)) break;
      const auto oracle = solve_oracle(goal, num_coefs, log_lanes, log_domain);
      if (!oracle) continue;
      BaseCandidate candidate;
      candidate.oracle = *oracle;
      candidate.cost = expected_query_bytes(oracle->log_domain, oracle->num_queries, std::uint64_t{8} << log_lanes);
      // M is committed once, W in every proof.
      if (!model) candidate.cost += request_.prover_bytes * std::exp2(log_domain + log_lanes) / 1048576.0;
      candidates.push_back(candidate);
    }
  }
  return candidates;
}

std::vector<Candidate> Search::rank(const std::vector<BaseCandidate>& models,
                                    const std::vector<BaseCandidate>& witnesses, ChainSearch& chains) const {
  const double copies = request_.zero_knowledge ? 2.0 : 1.0;
  std::vector<Candidate> candidates;
  for (const BaseCandidate& witness : witnesses) {
    for (const BaseCandidate& model : models) {
      Candidate candidate;
      candidate.model = &model;
      candidate.witness = &witness;
      std::uint64_t length = model.oracle.dimension() + witness.oracle.dimension();
      int first_rounds = std::max(model.oracle.log_lanes, witness.oracle.log_lanes);
      for (const pcs::TensorOracle& data : request_.data) {
        length += data.oracle.dimension();
        first_rounds = std::max<int>(first_rounds, data.oracle.log_lanes);
      }
      const ChainPlan& plan = chains.best(length);
      if (!plan.found) continue;
      candidate.cost = model.cost + witness.cost + plan.cost + copies * 48.0 * first_rounds;
      candidate.folds = plan.folds;
      candidates.push_back(std::move(candidate));
    }
  }
  std::stable_sort(candidates.begin(), candidates.end(), [](const auto& a, const auto& b) { return a.cost < b.cost; });
  if (candidates.size() > kExactCandidates) candidates.resize(kExactCandidates);
  return candidates;
}

bool Search::solve_mask(pcs::OpeningParams& params, double log2_mask_list) const {
  OracleGoal mask_goal = goal(0.0, {1, 2});
  if (!request_.shape.mask_pinned) mask_goal.max_log2_list = log2_mask_list;
  bool found = false;
  double best_bytes = 0.0;
  const std::uint64_t num_coefs = params.num_mask_elements();
  for (int log_domain = least_log_domain(num_coefs); log_domain <= kMaxLogMaskDomain; ++log_domain) {
    const auto oracle = solve_oracle(mask_goal, num_coefs, 0, log_domain);
    if (!oracle) continue;
    const double bytes = expected_query_bytes(oracle->log_domain, oracle->num_queries, 48) +
                         24.0 * static_cast<double>(oracle->num_random_coefs) +
                         request_.prover_bytes * 6.0 * std::exp2(log_domain) / 1048576.0;
    if (found && bytes >= best_bytes) continue;
    found = true;
    best_bytes = bytes;
    params.mask = *oracle;
  }
  return found;
}

std::optional<Solution> Search::solve_exactly(const Candidate& candidate, double log2_mask_list) const {
  Solution solution;
  pcs::OpeningParams& params = solution.params;
  params.security_bits = request_.security_bits;
  params.regime = request_.regime;
  params.zero_knowledge = request_.zero_knowledge;
  params.pow_bits = static_cast<std::uint8_t>(request_.pow_bits);
  params.model_budget = request_.model_budget;
  params.has_model = request_.model_elements > 0;
  if (params.has_model) params.model = candidate.model->oracle;
  params.data = request_.data;
  params.witness = candidate.witness->oracle;
  const std::size_t num_folds = candidate.folds.size();
  params.folds.resize(num_folds);
  // v_1 is aligned to all fold bits, so the lanes have to be known before the first length is.
  for (std::size_t i = 0; i < num_folds; ++i)
    params.folds[i].log_lanes = static_cast<std::uint8_t>(candidate.folds[i].log_lanes);
  const RandomRows random_rows = request_.zero_knowledge ? RandomRows{1, 1} : RandomRows{};
  double elements = std::exp2(params.witness.log_domain + params.witness.log_lanes);
  for (std::size_t i = 0; i < num_folds; ++i) {
    const FoldShape& shape = candidate.folds[i];
    const std::uint64_t lanes = params.folds[i].num_lanes();
    const std::uint64_t num_coefs = (params.vector_size(i) + lanes - 1) / lanes;
    const auto oracle = solve_oracle(goal(log2_mask_list, random_rows), num_coefs, shape.log_lanes, shape.log_domain);
    if (!oracle) return std::nullopt;
    params.folds[i] = *oracle;
    elements += 3.0 * std::exp2(shape.log_domain + shape.log_lanes);
  }
  if (request_.zero_knowledge) {
    if (!solve_mask(params, log2_mask_list)) return std::nullopt;
    elements += 6.0 * std::exp2(params.mask.log_domain);
  }
  if (!params.validate().ok()) return std::nullopt;
  solution.cost = estimate_proof_bytes(params).total() + request_.prover_bytes * elements / 1048576.0;
  return solution;
}

std::optional<Solution> Search::run(double log2_mask_list) {
  const bool hidden_model = request_.zero_knowledge && request_.model_budget > 0;
  const RandomRows witness_rows = request_.zero_knowledge ? RandomRows{1, 1} : RandomRows{};
  const RandomRows model_rows = hidden_model ? RandomRows{request_.model_budget, 4} : RandomRows{};
  std::vector<BaseCandidate> models(1);
  if (request_.fixed_model) {
    models[0].oracle = *request_.fixed_model;
    models[0].cost = expected_query_bytes(models[0].oracle.log_domain, models[0].oracle.num_queries,
                                          std::uint64_t{8} << models[0].oracle.log_lanes);
  } else if (request_.model_elements > 0)
    models = base_candidates(true, goal(log2_mask_list, model_rows), model_cap_);
  const std::vector<BaseCandidate> witnesses = base_candidates(false, goal(log2_mask_list, witness_rows), witness_cap_);
  ChainSearch chains(goal(log2_mask_list, witness_rows), request_.zero_knowledge, fold_cap_, request_.prover_bytes);
  std::optional<Solution> best;
  for (const Candidate& candidate : rank(models, witnesses, chains)) {
    std::optional<Solution> solution = solve_exactly(candidate, log2_mask_list);
    if (!solution || (best && solution->cost >= best->cost)) continue;
    if (!analyze(solution->params, request_.shape).meets_target()) continue;
    best = std::move(solution);
  }
  return best;
}

}  // namespace

Result<pcs::TensorOracle> data_oracle(const TensorRequest& request) {
  OracleGoal goal;
  goal.regime = request.regime;
  goal.fold_bits = request.security_bits + kDataFoldMargin;
  goal.query_bits = static_cast<double>(request.security_bits) - request.pow_bits + kQueryMargin;
  goal.max_log2_list = kMaxDataLog2List;
  if (request.budget > 0) goal.random_rows = {request.budget, 4};
  std::optional<pcs::CodeParams> best;
  double best_cost = 0.0;
  for (int log_lanes = kMinLogLanes; log_lanes <= kMaxLogLanes; ++log_lanes) {
    const std::uint64_t num_coefs = request.rows(log_lanes);
    for (int log_domain = least_log_domain(num_coefs); log_domain <= kMaxLogBaseDomain; ++log_domain) {
      const double size = std::exp2(log_domain + log_lanes);
      if (size > static_cast<double>(default_witness_cap(request.elements)) * 4) break;
      const auto oracle = solve_oracle(goal, num_coefs, log_lanes, log_domain);
      if (!oracle) continue;
      // The dimension lengthens v_1, which the folds pay for in bytes as well; code words cost time.
      const double cost = expected_query_bytes(oracle->log_domain, oracle->num_queries, std::uint64_t{8} << log_lanes) +
                          kDataBytesPerRow * static_cast<double>(oracle->dimension()) + kDataBytesPerElement * size;
      if (best && cost >= best_cost) continue;
      best = oracle;
      best_cost = cost;
    }
  }
  if (!best)
    return resource_limit("no parameters for a commitment to " + std::to_string(request.elements) + " numbers and " +
                          std::to_string(request.budget) + " proofs; allow fewer proofs (data budget)");
  return pcs::TensorOracle{*best, request.budget};
}

std::uint64_t default_witness_cap(std::uint64_t witness_elements) {
  return std::max(std::bit_ceil(std::max<std::uint64_t>(witness_elements, 1)) * 16, std::uint64_t{1} << 16);
}

std::uint64_t default_fold_cap(std::uint64_t witness_elements, std::uint64_t model_elements) {
  const std::uint64_t model = std::bit_ceil(std::max<std::uint64_t>(model_elements, 1));
  return std::max(default_witness_cap(witness_elements), std::min(model, std::uint64_t{1} << 24));
}

std::uint64_t default_model_cap(std::uint64_t model_elements) {
  const std::uint64_t model = std::bit_ceil(std::max<std::uint64_t>(model_elements, 1));
  return std::max(std::clamp(model * 16, std::uint64_t{1} << 20, std::uint64_t{1} << 27), model * 4);
}

std::uint64_t default_rows(std::uint64_t elements, std::uint32_t max_block, int log_lanes) {
  const std::uint64_t lanes = std::uint64_t{1} << log_lanes;
  std::uint64_t num_coefs = (elements + lanes - 1) / lanes;
  if (num_coefs > kRowAlignment) num_coefs = (num_coefs + kRowAlignment - 1) / kRowAlignment * kRowAlignment;
  num_coefs = std::max(num_coefs, std::uint64_t{1} << max_block);
  // Twice the elements: fewer lanes hold the same blocks.
  if (log_lanes > kMinLogLanes && num_coefs * lanes > 2 * std::max<std::uint64_t>(elements, 64)) return 0;
  return num_coefs;
}

std::uint64_t default_model_budget(std::uint64_t model_elements) {
  return model_elements < (std::uint64_t{1} << 18) ? 64 : 1024;
}

Result<pcs::OpeningParams> choose_params(const ParamRequest& request) {
  ZKI_RETURN_IF_ERROR(check_request(request));
  Search search(request);
  std::optional<Solution> best;
  const bool unpinned = request.zero_knowledge && !request.shape.mask_pinned && request.regime == pcs::Regime::kJohnson;
  // An unpinned mask's list costs queries everywhere, a short list costs a larger mask: try both ends.
  const std::vector<double> mask_lists = unpinned ? std::vector<double>{5.0, 8.0} : std::vector<double>{0.0};
  for (const double log2_mask_list : mask_lists) {
    std::optional<Solution> solution = search.run(log2_mask_list);
    if (solution && (!best || solution->cost < best->cost)) best = std::move(solution);
  }
  if (!best) {
    return resource_limit(
        "parameter request: no parameters reach " + std::to_string(request.security_bits) +
        " bits within the caps on the sizes of code words; allow fewer proofs per commitment (budget), ask for "
        "fewer bits of security, or use a smaller model");
  }
  return best->params;
}

}  // namespace zkinfer::soundness
