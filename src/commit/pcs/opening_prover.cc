// SPDX-License-Identifier: Apache-2.0
#include "commit/pcs/opening_prover.h"

#include <memory>

#include "base/check.h"
#include "commit/pcs/dense_sumcheck.h"
#include "field/eq.h"
#include "hiding/prover_channel.h"
#include "transcript/grind.h"

namespace zkinfer::pcs {
namespace {

using hiding::LinearForm;
using hiding::PadIndex;

std::span<const Fe> pad_values(const OpeningParams& params, const OpeningOracles& oracles) {
  return params.security.zero_knowledge ? std::span(oracles.mask->x()).first(params.mask.num_coefs)
                                        : std::span<const Fe>();
}

class OpeningProver {
 public:
  OpeningProver(const OpeningParams& params, const OpeningStatement& statement, const OpeningOracles& oracles,
                const Backend& backend, hiding::RandomSource& random, Transcript& transcript, ProverHooks& hooks)
      : params_(params),
        oracles_(oracles),
        random_(random),
        hooks_(hooks),
        folding_(backend.begin_opening(params, statement, oracles, hooks)),
        pads_(params.security.zero_knowledge),
        channel_(transcript, pads_, pad_values(params, oracles)) {}

  Result<OpeningProof> run() &&;

 private:
  PadIndex send_hidden(const char* label, const Fe& value);
  void mark(const char* label, std::size_t begin);
  Status send_rows(const char* label, const RowSource& oracle, std::span<const std::uint64_t> indices);
  // Of Folding or DenseSumcheck; the challenges.
  template <class Sumcheck>
  std::vector<Fe> send_rounds(Sumcheck& sumcheck, int num_rounds, bool is_final = false);
  Status fold(std::size_t fold_index);
  // Queries and opens the previous oracle or oracles: the queried rows of each.
  Result<std::vector<std::vector<std::uint64_t>>> query_previous(std::size_t fold_index);
  // One term per opened row, with the powers of `challenge` that follow `power`.
  std::vector<FoldTerms::Opened> opened_terms(std::size_t fold_index,
                                              const std::vector<std::vector<std::uint64_t>>& indices, Fe challenge,
                                              Fe& power) const;
  // The entries of e_i that must be zero, likewise.
  std::vector<FoldTerms::Pinned> pinned_terms(std::size_t fold_index, Fe challenge, Fe& power) const;
  Status final_step();
  Status mask_step(const LinearForm& form);

  const OpeningParams& params_;
  const OpeningOracles& oracles_;
  hiding::RandomSource& random_;
  ProverHooks& hooks_;
  std::unique_ptr<Folding> folding_;  // v_i and u_i
  hiding::PadAllocator pads_;
  hiding::ProverChannel channel_;
  std::vector<ProofSection> sections_;
  std::size_t num_rounds_ = 0;
  // <v_i, u_i> as the verifier sees it: coefficients of the pads only, its constant is not tracked.
  RunningClaim claim_;
  std::shared_ptr<const RowSource> previous_;  // the latest g_i
};

PadIndex OpeningProver::send_hidden(const char* label, const Fe& value) {
  const std::size_t begin = channel_.proof().size();
  const PadIndex pad = pads_.plain();
  channel_.send_hidden_at(label, value, pad);
  mark(label, begin);
  return pad;
}

void OpeningProver::mark(const char* label, std::size_t begin) {
  sections_.push_back({label, begin, channel_.proof().size() - begin});
}

template <class Sumcheck>
std::vector<Fe> OpeningProver::send_rounds(Sumcheck& sumcheck, int num_rounds, bool is_final) {
  std::vector<Fe> point;
  for (int i = 0; i < num_rounds; ++i) {
    RoundPolynomial h = sumcheck.round();
    hooks_.round(num_rounds_++, h.c1, h.c2);
    const PadIndex c1 = send_hidden(is_final ? "final c1" : "opening c1", h.c1);
    const PadIndex c2 = send_hidden(is_final ? "final c2" : "opening c2", h.c2);
    const Fe s = channel_.challenge("opening s");
    claim_.advance(LinearForm::from_ciphertext(Fe(), c1), LinearForm::from_ciphertext(Fe(), c2), s);
    sumcheck.bind(s);
    point.push_back(s);
  }
  return point;
}

Status OpeningProver::send_rows(const char* label, const RowSource& oracle, std::span<const std::uint64_t> indices) {
  ZKI_ASSIGN_OR_RETURN(const RowSource::Opened opened, oracle.open(indices));
  std::size_t begin = channel_.proof().size();
  channel_.send_raw(opened.rows);
  mark(label, begin);
  begin = channel_.proof().size();
  channel_.send_raw(opened.siblings);
  mark("siblings", begin);
  return ok_status();
}

Result<std::vector<std::vector<std::uint64_t>>> OpeningProver::query_previous(std::size_t fold_index) {
  Transcript& transcript = channel_.transcript();
  const std::size_t begin = channel_.proof().size();
  channel_.send_u64_raw(grind(transcript, params_.security.pow_bits));
  mark("opening nonce", begin);
  struct Target {
    const char* label;
    const CodeParams& params;
    const RowSource& rows;
  };
  std::vector<Target> targets;
  if (fold_index > 0) {
    targets.push_back({"fold rows", params_.folds[fold_index - 1], *previous_});
  } else {
    const std::vector<BaseOracle> bases = params_.bases();
    for (std::size_t i = 0; i < bases.size(); ++i) {
      targets.push_back({base_rows_label(params_, i), *bases[i].params, oracles_.bases[i]->rows()});
    }
  }
  std::vector<std::vector<std::uint64_t>> indices;
  for (const Target& target : targets) {
    indices.push_back(
        transcript.challenge_indices("opening queries", target.params.num_queries, target.params.log_domain));
  }
  for (std::size_t i = 0; i < targets.size(); ++i) {
    ZKI_RETURN_IF_ERROR(send_rows(targets[i].label, targets[i].rows, indices[i]));
  }
  return indices;
}

std::vector<FoldTerms::Opened> OpeningProver::opened_terms(std::size_t fold_index,
                                                           const std::vector<std::vector<std::uint64_t>>& indices,
                                                           Fe challenge, Fe& power) const {
  std::vector<FoldTerms::Opened> terms;
  const std::vector<IndexRange> ranges = row_ranges(params_, fold_index);
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    const CodeParams& oracle = fold_index > 0 ? params_.folds[fold_index - 1] : *params_.bases()[i].params;
    FoldTerms::Opened& opened = terms.emplace_back(FoldTerms::Opened{ranges[i], {}});
    for (const Fp x : domain_points(oracle, indices[i])) {
      power *= challenge;
      opened.rows.push_back({x, power});
    }
  }
  return terms;
}

std::vector<FoldTerms::Pinned> OpeningProver::pinned_terms(std::size_t fold_index, Fe challenge, Fe& power) const {
  std::vector<FoldTerms::Pinned> terms;
  for (const IndexRange& range : zero_ranges(params_, fold_index)) {
    terms.push_back({range, power * challenge, challenge});
    power *= pow(challenge, range.end - range.begin);
  }
  return terms;
}

Status OpeningProver::fold(std::size_t fold_index) {
  const CodeParams& oracle = params_.folds[fold_index];
  FpVec random(3 * oracle.num_random_coefs * oracle.num_lanes());
  for (std::size_t lane = 0; lane < oracle.num_lanes(); ++lane) {
    random_.fill(random.span().subspan(3 * oracle.num_random_coefs * lane, 3 * oracle.num_random_coefs));
  }
  std::shared_ptr<const RowSource> committed = folding_->commit(random.span());
  const std::size_t begin = channel_.proof().size();
  channel_.send_digests("fold root", std::span(&committed->root(), 1));
  mark("fold root", begin);

  Fe y = folding_->evaluate(channel_.challenge("fold zeta"));
  hooks_.out_of_domain(fold_index, y);
  const PadIndex y_pad = send_hidden("fold out of domain", y);

  ZKI_ASSIGN_OR_RETURN(const auto indices, query_previous(fold_index));
  previous_ = std::move(committed);

  // The claim becomes <v_i, u_i> + xi y + xi^2 (first opened row) + .. + (entries that must be zero).
  const Fe xi = channel_.challenge("fold xi");
  Fe power = xi;
  claim_.add(LinearForm::from_ciphertext(Fe(), y_pad), power);
  FoldTerms terms;
  terms.out_of_domain = power;
  terms.opened = opened_terms(fold_index, indices, xi, power);
  terms.pinned = pinned_terms(fold_index, xi, power);
  folding_->add(terms);
  send_rounds(*folding_, oracle.log_lanes);
  return ok_status();
}

Status OpeningProver::final_step() {
  FeVec vector = folding_->vector();
  hooks_.final_vector(vector);
  std::vector<PadIndex> pads;
  for (std::size_t t = 0; t < vector.size(); ++t) pads.push_back(send_hidden("final vector", vector.get(t)));
  ZKI_ASSIGN_OR_RETURN(const auto indices, query_previous(params_.folds.size()));
  const Fe xi = channel_.challenge("final xi");
  Fe power = Fe::one();
  FoldTerms terms;
  terms.opened = opened_terms(params_.folds.size(), indices, xi, power);
  terms.pinned = pinned_terms(params_.folds.size(), xi, power);
  folding_->add(terms);
  FeVec functional = folding_->functional();
  vector.resize(functional.size());
  const Fe claim = parallel_dot(vector, functional);
  DenseSumcheck sumcheck(std::move(vector), std::move(functional), claim);
  const std::vector<Fe> eq = eq_vector(send_rounds(sumcheck, params_.final_rounds(), true));
  sumcheck.finish();
  const Fe u = sumcheck.u().get(0);
  LinearForm form = claim_.form() * -Fe::one();
  for (std::size_t t = 0; t < pads.size(); ++t) form.add_scaled(LinearForm::from_ciphertext(Fe(), pads[t]), u * eq[t]);
  ZKI_CHECK_EQ(pads_.used().num_plain, params_.mask.num_coefs, "every pad of the mask serves one message");
  return params_.security.zero_knowledge ? mask_step(form) : ok_status();
}

Status OpeningProver::mask_step(const LinearForm& form) {
  const MaskOracle& mask = *oracles_.mask;
  Fe mu_s;
  for (const LinearForm::Term& term : form.terms()) mu_s += term.coef * mask.s()[term.pad];
  hooks_.mask_product(mu_s);
  std::size_t begin = channel_.proof().size();
  channel_.send_clear("mask product", mu_s);
  mark("mask product", begin);
  const Fe eta = channel_.challenge("mask eta");
  std::vector<Fe> response;
  for (std::size_t i = 0; i < mask.x().size(); ++i) response.push_back(mask.s()[i] + eta * mask.x()[i]);
  hooks_.mask_response(response);
  for (const Fe& x : response) {
    begin = channel_.proof().size();
    channel_.send_clear("mask response", x);
    mark("mask response", begin);
  }
  begin = channel_.proof().size();
  channel_.send_u64_raw(grind(channel_.transcript(), params_.security.pow_bits));
  mark("opening nonce", begin);
  const std::vector<std::uint64_t> indices =
      channel_.transcript().challenge_indices("mask queries", params_.mask.num_queries, params_.mask.log_domain);
  return send_rows("mask rows", mask.encoded(), indices);
}

Result<OpeningProof> OpeningProver::run() && {
  send_rounds(*folding_, params_.first_rounds());
  for (std::size_t i = 0; i < params_.folds.size(); ++i) ZKI_RETURN_IF_ERROR(fold(i));
  ZKI_RETURN_IF_ERROR(final_step());
  return OpeningProof{std::move(channel_).take_proof(), std::move(sections_)};
}

}  // namespace

Result<OpeningProof> prove_opening(const OpeningParams& params, const OpeningStatement& statement,
                                   const OpeningOracles& oracles, const Backend& backend, hiding::RandomSource& random,
                                   Transcript& transcript, ProverHooks* hooks) {
  ZKI_CHECK(params.validate().ok(), "opening parameters are valid");
  ZKI_CHECK_EQ(statement.bases.size(), params.num_bases(), "a functional per base oracle");
  ZKI_CHECK_EQ(oracles.bases.size(), params.num_bases(), "every base oracle");
  ZKI_CHECK(!params.security.zero_knowledge || oracles.mask != nullptr, "a mask oracle");
  ProverHooks no_hooks;
  return OpeningProver(params, statement, oracles, backend, random, transcript, hooks == nullptr ? no_hooks : *hooks)
      .run();
}

}  // namespace zkinfer::pcs
