// SPDX-License-Identifier: Apache-2.0
#include "soundness/choose_params.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "soundness/analyze.h"
#include "soundness/caps.h"
#include "soundness/chain_search.h"
#include "soundness/code_bound.h"
#include "soundness/contract_price.h"
#include "soundness/oracle_search.h"
#include "soundness/proof_size.h"
#include "soundness/prover_work.h"

namespace zkinfer::soundness {

namespace {

constexpr std::uint64_t kMaxElements = std::uint64_t{1} << 34;
constexpr std::size_t kExactCandidates = 24;

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
  double bytes = 0.0;
  double work = 0.0;
  double cost = 0.0;  // bytes, plus the price of the work
};

// Bytes per unit of work (prover_work.h) before a first solution shows what its bytes and its work are: 2 KiB for 2^20.
constexpr double kFirstPrice = 2048.0 / 1048576.0;
constexpr int kMaxPrices = 4;
// On a chain an opened row costs by the chunks that a fold's rows end on (contracts/src/RowSums.sol); rows cost bytes.
constexpr int kShortEnd = 5;

Status check_request(const ParamRequest& request) {
  if (const Status status = request.security.validate(); !status.ok()) return status.with_context("parameter request");
  if (request.witness_elements == 0) return bad_request("witness_elements is 0, expected at least 1");
  if (request.witness_elements > kMaxElements || request.model_elements > kMaxElements) {
    return bad_request("more than 2^34 elements; split the model");
  }
  if (!request.witness_rows || (request.model_elements > 0 && !request.fixed_model && !request.model_rows)) {
    return bad_request("no layout says how many rows W or M need");
  }
  if (request.model_budget > 0 && (request.model_elements == 0 || !request.security.zero_knowledge)) {
    return bad_request("a model budget needs a model and zero knowledge; expected model_budget = 0");
  }
  if (request.model_budget > (std::uint64_t{1} << 24))
    return bad_request("model_budget above 2^24; rotate the commitment");
  if (!(request.work_weight >= 0.0 && request.work_weight <= 1.0)) return bad_request("work_weight is not in [0, 1]");
  if (!(request.second_weight >= 0.0 && request.second_weight <= 1.0))
    return bad_request("second_weight is not in [0, 1]");
  if (request.shape.log_leaves > 40 || request.shape.batched_rounds > 64 || request.shape.log_triple_rows > 40) {
    return bad_request("the outer shape has more than 2^40 leaves, 64 rounds or 2^40 triples");
  }
  return ok_status();
}

class Search {
 public:
  explicit Search(const ParamRequest& request)
      : request_(request), of_proofs_(goal(proof_rows())), of_masks_(goal({1, 2})) {
    for (int log_lanes = kMinLogLanes; log_lanes <= kMaxLogLanes; ++log_lanes) {
      const bool ask_model = request.model_elements > 0 && !request.fixed_model;
      model_rows_.push_back(ask_model ? request.model_rows(log_lanes) : 0);
      witness_rows_.push_back(request.witness_rows(log_lanes));
    }
  }

  std::optional<Solution> run();

 private:
  std::optional<Solution> cheapest(const std::vector<BaseCandidate>& models);
  OracleGoal goal(RandomRows random_rows) const {
    OracleGoal result;
    result.decoding = request_.security.decoding;
    result.fold_bits = request_.security.bits + kFoldMargin;
    result.query_bits = static_cast<double>(request_.security.bits) - request_.security.pow_bits + kQueryMargin;
    result.random_rows = random_rows;
    return result;
  }
  // Random rows of oracles that one proof opens.
  RandomRows proof_rows() const { return request_.security.zero_knowledge ? RandomRows{1, 1} : RandomRows{}; }
  double priced(double work) const { return price_ * work; }
  double paid(double by_contract) const { return request_.for_contracts ? by_contract : 0.0; }
  std::uint64_t capped(std::uint64_t cap) const { return request_.for_contracts ? wider_cap(cap) : cap; }
  std::vector<BaseCandidate> model_candidates() const;
  std::vector<BaseCandidate> base_candidates(bool model, SolvedOracles& oracles, std::uint64_t cap) const;
  const ChainPlan& best_chain(std::uint64_t length);
  std::vector<Candidate> rank(const std::vector<BaseCandidate>& models, const std::vector<BaseCandidate>& witnesses);
  std::optional<Solution> solve_exactly(const Candidate& candidate);
  bool solve_mask(pcs::OpeningParams& params);

  const ParamRequest& request_;
  SolvedOracles of_proofs_, of_masks_;
  double price_ = 0.0;                     // of a unit of work, in bytes
  std::vector<std::uint64_t> model_rows_;  // index: log_lanes - kMinLogLanes
  std::vector<std::uint64_t> witness_rows_;
  std::map<std::uint64_t, ChainSearch> chains_;  // by cap on g_1's code word
};

std::vector<BaseCandidate> Search::base_candidates(bool model, SolvedOracles& oracles, std::uint64_t cap) const {
  std::vector<BaseCandidate> candidates;
  for (int log_lanes = kMinLogLanes; log_lanes <= kMaxLogLanes; ++log_lanes) {
    const std::uint64_t num_coefs =
        (model ? model_rows_ : witness_rows_)[static_cast<std::size_t>(log_lanes - kMinLogLanes)];
    if (num_coefs == 0 || num_coefs > kMaxElements) continue;
    for (int log_domain = least_log_domain(num_coefs); log_domain <= kMaxLogBaseDomain; ++log_domain) {
      if (std::exp2(log_domain + log_lanes) > static_cast<double>(cap)) break;
      const std::optional<pcs::CodeParams>& oracle = oracles(num_coefs, log_lanes, log_domain);
      if (!oracle) continue;
      BaseCandidate candidate;
      candidate.oracle = *oracle;
      candidate.cost = expected_query_bytes(oracle->log_domain, oracle->num_queries, std::uint64_t{8} << log_lanes);
      candidate.cost += paid(contract_rows(*oracle, true) + contract_lanes(*oracle));
      // M is committed once, W in every proof.
      if (!model) candidate.cost += priced(code_word_work(log_domain, std::uint64_t{1} << log_lanes));
      candidates.push_back(candidate);
    }
  }
  return candidates;
}

std::vector<BaseCandidate> Search::model_candidates() const {
  if (request_.fixed_model) {
    const pcs::CodeParams& model = *request_.fixed_model;
    return {{model, expected_query_bytes(model.log_domain, model.num_queries, std::uint64_t{8} << model.log_lanes)}};
  }
  if (request_.model_elements == 0) return {{}};
  const bool hidden = request_.security.zero_knowledge && request_.model_budget > 0;
  SolvedOracles oracles(goal(hidden ? RandomRows{request_.model_budget, 4} : RandomRows{}));
  return base_candidates(true, oracles, capped(model_cap(request_.model_elements, request_.model_budget)));
}

// Lengths of v_1 in one search differ by a few powers of two, so there are a few caps only.
const ChainPlan& Search::best_chain(std::uint64_t length) {
  const std::uint64_t cap =
      capped(fold_cap(request_.witness_elements, request_.model_elements, length, request_.fixed_model.has_value()));
  const auto [found, is_new] =
      chains_.try_emplace(cap, ChainPrices{&of_proofs_, request_.security.zero_knowledge, cap, price_,
                                           request_.for_contracts, request_.end_digits});
  return found->second.best(length);
}

std::vector<Candidate> Search::rank(const std::vector<BaseCandidate>& models,
                                    const std::vector<BaseCandidate>& witnesses) {
  const double copies = request_.security.zero_knowledge ? 2.0 : 1.0;
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
      const ChainPlan& plan = best_chain(length);
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

bool Search::solve_mask(pcs::OpeningParams& params) {
  bool found = false;
  double best_bytes = 0.0;
  const std::uint64_t num_coefs = params.num_mask_elements();
  for (int log_domain = least_log_domain(num_coefs); log_domain <= request_.max_log_mask_domain; ++log_domain) {
    const std::optional<pcs::CodeParams>& oracle = of_masks_(num_coefs, 0, log_domain);
    if (!oracle) continue;
    const double bytes = expected_query_bytes(oracle->log_domain, oracle->num_queries, 48) +
                         24.0 * static_cast<double>(oracle->num_random_coefs) + priced(code_word_work(log_domain, 6)) +
                         paid(contract_mask(*oracle));
    if (found && bytes >= best_bytes) continue;
    found = true;
    best_bytes = bytes;
    params.mask = *oracle;
  }
  return found;
}

std::optional<Solution> Search::solve_exactly(const Candidate& candidate) {
  Solution solution;
  pcs::OpeningParams& params = solution.params;
  params.security = request_.security;
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
  for (std::size_t i = 0; i < num_folds; ++i) {
    const FoldShape& shape = candidate.folds[i];
    const std::uint64_t num_coefs =
        rounded_to_digits(pcs::fold_rows(params.vector_size(i), shape.log_lanes), request_.end_digits);
    const std::optional<pcs::CodeParams>& oracle = of_proofs_(num_coefs, shape.log_lanes, shape.log_domain);
    if (!oracle) return std::nullopt;
    params.folds[i] = *oracle;
  }
  if (request_.security.zero_knowledge && !solve_mask(params)) return std::nullopt;
  if (!params.validate().ok()) return std::nullopt;
  solution.bytes = estimate_proof_bytes(params).total();
  solution.work = prover_work(params);
  solution.cost = solution.bytes + priced(solution.work) + paid(contract_price(params));
  return solution;
}

// The best at the present price.
std::optional<Solution> Search::cheapest(const std::vector<BaseCandidate>& models) {
  chains_.clear();
  const std::vector<BaseCandidate> witnesses =
      base_candidates(false, of_proofs_, capped(witness_cap(request_.witness_elements)));
  std::optional<Solution> best;
  for (const Candidate& candidate : rank(models, witnesses)) {
    std::optional<Solution> solution = solve_exactly(candidate);
    if (!solution || (best && solution->cost >= best->cost)) continue;
    const SoundnessReport report = analyze(solution->params, request_.shape);
    if (!report.meets_target() || !report.hides_enough()) continue;
    best = std::move(solution);
  }
  return best;
}

// The search adds up costs, so bytes * work^a * e^(b dear work) is made linear where the last solution lies: there a unit of
// work is worth (a / work + b) * bytes, or a / work * bytes where no work is dear. A few steps, the best of which counts.
std::optional<Solution> Search::run() {
  const double weight = request_.work_weight;
  constexpr double kFreeWork = kFreeSeconds * kElementsPerSecond;
  const double by_work = request_.second_weight / kElementsPerSecond;
  const bool has_price = weight > 0.0 || by_work > 0.0;
  const auto objective = [&](const Solution& s) {
    return std::log(s.bytes) + weight * std::log(s.work) + by_work * std::max(0.0, s.work - kFreeWork);
  };
  const std::vector<BaseCandidate> models = model_candidates();  // M has no price: it is committed once
  price_ = has_price ? kFirstPrice : 0.0;
  std::optional<Solution> best = cheapest(models);
  for (int step = 1; best && has_price && step < kMaxPrices; ++step) {
    price_ = (weight / best->work + (best->work > kFreeWork ? by_work : 0.0)) * best->bytes;
    std::optional<Solution> next = cheapest(models);
    if (!next || objective(*next) >= objective(*best)) break;
    best = std::move(next);
  }
  return best;
}

}  // namespace

void set_price(ParamRequest& request, Profile profile) {
  switch (profile) {
    case Profile::kBalanced:
      request.work_weight = kWorkWeight;
      request.second_weight = kSecondWeight;
      return;
    case Profile::kFast:
      request.work_weight = 0.4;
      request.second_weight = 0.3;
      return;
    case Profile::kSmall:
      request.work_weight = 0.0;
      request.second_weight = 0.0;
      request.for_contracts = true;
      request.end_digits = kShortEnd;
      request.max_log_mask_domain = 20;  // X* is evaluated at each queried point
      return;
  }
}

Result<pcs::OpeningParams> choose_params(const ParamRequest& request) {
  ZKI_RETURN_IF_ERROR(check_request(request));
  if (std::optional<Solution> best = Search(request).run()) return std::move(best->params);
  return resource_limit("parameter request: no parameters reach " + std::to_string(request.security.bits) +
                        " bits within the caps on the sizes of code words; allow fewer proofs per commitment "
                        "(budget), ask for fewer bits of security, or use a smaller model");
}

}  // namespace zkinfer::soundness
