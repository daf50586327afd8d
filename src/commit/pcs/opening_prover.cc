// SPDX-License-Identifier: Apache-2.0
#include "commit/pcs/opening_prover.h"

#include <algorithm>
#include <optional>

#include "base/check.h"
#include "base/parallel.h"
#include "commit/pcs/dense_sumcheck.h"
#include "commit/pcs/lane_sumcheck.h"
#include "hiding/prover_channel.h"
#include "poly/ntt.h"
#include "transcript/grind.h"

namespace zkinfer::pcs {
namespace {

using hiding::LinearForm;
using hiding::PadIndex;

constexpr std::size_t kGrain = 4096;
constexpr std::size_t kPowerBlock = 256;

// A term coef * x^j, j < count, of a functional that begins at `offset`.
struct PowerTerm {
  Fp x;
  Fe coef;
};

// out[j] += sum_q terms[q].coef terms[q].x^j. Powers are tabled for one block and shared by all blocks.
void add_power_terms(const std::vector<PowerTerm>& terms, FeSpan out) {
  const std::size_t block = std::min(kPowerBlock, out.size);
  FpVec table(terms.size() * block);
  for (std::size_t q = 0; q < terms.size(); ++q) vec::powers(Fp(1), terms[q].x, table.span().subspan(q * block, block));
  parallel_for(out.size, 16 * kPowerBlock, [&](std::size_t begin, std::size_t end) {
    std::vector<Fe> coefs;
    std::vector<Fp> steps;
    for (const PowerTerm& term : terms) {
      coefs.push_back(term.coef * pow(term.x, begin));
      steps.push_back(pow(term.x, block));
    }
    for (std::size_t first = begin; first < end; first += block) {
      const std::size_t count = std::min(block, end - first);
      for (std::size_t q = 0; q < terms.size(); ++q) {
        vec::axpy(coefs[q], FpCSpan(table.span()).subspan(q * block, count), out.subspan(first, count));
        coefs[q] *= steps[q];
      }
    }
  });
}

std::span<const Fe> pad_values(const OpeningParams& params, const OpeningOracles& oracles) {
  return params.security.zero_knowledge ? std::span(oracles.mask->x()).first(params.mask.num_coefs)
                                        : std::span<const Fe>();
}

class OpeningProver {
 public:
  OpeningProver(const OpeningParams& params, const OpeningStatement& statement, const OpeningOracles& oracles,
                hiding::RandomSource& random, Transcript& transcript, ProverHooks& hooks)
      : params_(params),
        statement_(statement),
        oracles_(oracles),
        random_(random),
        hooks_(hooks),
        pads_(params.security.zero_knowledge),
        channel_(transcript, pads_, pad_values(params, oracles)) {}

  Result<OpeningProof> run() &&;

 private:
  PadIndex send_hidden(const char* label, const Fe& value);
  void mark(const char* label, std::size_t begin);
  Status send_rows(const char* label, const RowSource& oracle, std::span<const std::uint64_t> indices);
  Fe send_round(RoundPolynomial h);
  void first_rounds();
  Status fold(std::size_t fold_index);
  void arrange(const FeVec& from, FeVec& to, const CodeParams& oracle) const;
  EncodedOracle encode(const FeVec& v, std::size_t fold_index);
  // Queries and opens the previous oracle or oracles: the queried rows of each.
  Result<std::vector<std::vector<std::uint64_t>>> query_previous(std::size_t fold_index);
  // Adds one term per opened row to functional_, with the powers of `challenge` that follow `power`.
  void add_opened(std::size_t fold_index, const std::vector<std::vector<std::uint64_t>>& indices, Fe challenge,
                  Fe& power);
  Status final_step();
  Status mask_step(const LinearForm& form);

  const OpeningParams& params_;
  const OpeningStatement& statement_;
  const OpeningOracles& oracles_;
  hiding::RandomSource& random_;
  ProverHooks& hooks_;
  hiding::PadAllocator pads_;
  hiding::ProverChannel channel_;
  std::vector<ProofSection> sections_;
  std::size_t num_rounds_ = 0;
  LinearForm claim_;        // coefficients of the pads only; its constant is not tracked
  FeVec vector_;            // v_i
  FeVec functional_;        // u_i
  EncodedOracle previous_;  // the latest g_i
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

Fe OpeningProver::send_round(RoundPolynomial h) {
  hooks_.round(num_rounds_++, h.c1, h.c2);
  const PadIndex c1 = send_hidden("opening c1", h.c1);
  const PadIndex c2 = send_hidden("opening c2", h.c2);
  const Fe s = channel_.challenge("opening s");
  advance_claim(claim_, LinearForm::from_ciphertext(Fe(), c1), LinearForm::from_ciphertext(Fe(), c2), s);
  return s;
}

void OpeningProver::first_rounds() {
  struct Part {
    LaneSumcheck sumcheck;
    int skipped;
    Fp scale{1};
    std::uint64_t offset;
    std::uint64_t dimension;
  };
  const int num_rounds = params_.first_rounds();
  std::vector<Part> parts;
  const std::vector<BaseOracle> bases = params_.bases();
  parts.reserve(bases.size());
  for (std::size_t i = 0; i < bases.size(); ++i) {
    const OpeningStatement::Base& statement = statement_.bases[i];
    parts.push_back({LaneSumcheck(*oracles_.bases[i], statement.weights, statement.powers),
                     num_rounds - bases[i].params->log_lanes, Fp(1), bases[i].offset, bases[i].params->dimension()});
    for (int round = 0; round < parts.back().skipped; ++round) parts.back().scale *= kInverseOfTwo;
  }

  for (int i = 0; i < num_rounds; ++i) {
    // A part that has not begun adds a constant to the round polynomial, which is not sent.
    RoundPolynomial h;
    for (Part& part : parts) {
      if (i < part.skipped) continue;
      const RoundPolynomial own = part.sumcheck.round();
      h.c1 += own.c1 * part.scale;
      h.c2 += own.c2 * part.scale;
    }
    const Fe s = send_round(h);
    for (Part& part : parts) {
      if (i >= part.skipped) part.sumcheck.bind(s);
    }
  }
  vector_ = FeVec(params_.first_vector_size());
  functional_ = FeVec(params_.first_vector_size());
  for (Part& part : parts) {
    part.sumcheck.finish(part.scale, vector_.subspan(part.offset, part.dimension),
                         functional_.subspan(part.offset, part.dimension));
  }
}

// to: lane l, the low k bits of the index, becomes block reverse(l) of [dimension], so that the lowest index bit is the
// highest of the new address. Rows from num_coefs on stay.
void OpeningProver::arrange(const FeVec& from, FeVec& to, const CodeParams& oracle) const {
  const std::size_t num_lanes = oracle.num_lanes();
  ZKI_CHECK_EQ(from.size(), oracle.num_coefs * num_lanes, "arranged vector");
  for (int j = 0; j < 3; ++j) {
    const Fp* in = from.plane(j);
    Fp* out = to.plane(j);
    parallel_for(oracle.num_coefs, kGrain, [&](std::size_t begin, std::size_t end) {
      for (std::size_t lane = 0; lane < num_lanes; ++lane) {
        Fp* block = out + poly::reverse_bits(lane, oracle.log_lanes) * oracle.dimension();
        for (std::size_t row = begin; row < end; ++row) {
          block[row] = in[row * num_lanes + lane];
        }
      }
    });
  }
}

EncodedOracle OpeningProver::encode(const FeVec& v, std::size_t fold_index) {
  const CodeParams& oracle = params_.folds[fold_index];
  const std::size_t row_values = fold_leaf_values(oracle);
  FpVec codeword(oracle.domain_size() * row_values);
  parallel_for(oracle.dimension(), kGrain, [&](std::size_t begin, std::size_t end) {
    for (std::size_t lane = 0; lane < oracle.num_lanes(); ++lane) {
      const std::size_t block = poly::reverse_bits(lane, oracle.log_lanes) * oracle.dimension();
      for (int j = 0; j < 3; ++j) {
        const Fp* in = v.plane(j) + block;
        Fp* out = codeword.data() + 3 * lane + static_cast<std::size_t>(j);
        for (std::size_t row = begin; row < end; ++row) out[row * row_values] = in[row];
      }
    }
  });
  poly::encode_rows(codeword.span(), row_values, oracle.log_domain, oracle.dimension());
  hooks_.fold_codeword(fold_index, codeword);
  return EncodedOracle::from_codeword(oracle, row_values, std::move(codeword));
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
    targets.push_back({"fold rows", params_.folds[fold_index - 1], previous_});
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

void OpeningProver::add_opened(std::size_t fold_index, const std::vector<std::vector<std::uint64_t>>& indices,
                               Fe challenge, Fe& power) {
  std::size_t next = 0;
  const auto add = [&](const CodeParams& oracle, std::uint64_t offset) {
    std::vector<PowerTerm> terms;
    for (const Fp x : domain_points(oracle, indices[next++])) {
      power *= challenge;
      terms.push_back({x, power});
    }
    add_power_terms(terms, functional_.subspan(offset, oracle.dimension()));
  };
  if (fold_index > 0) return add(params_.folds[fold_index - 1], 0);
  for (const BaseOracle& base : params_.bases()) add(*base.params, base.offset);
}

Status OpeningProver::fold(std::size_t fold_index) {
  const CodeParams& oracle = params_.folds[fold_index];
  const std::size_t num_lanes = oracle.num_lanes();
  const std::size_t dimension = oracle.dimension();
  vector_.resize(oracle.num_coefs * num_lanes);
  hooks_.fold_vector(fold_index, vector_);

  // Commit to e_i = (v_i, random rows).
  FeVec v(num_lanes * dimension);
  arrange(vector_, v, oracle);
  FpVec random(3 * oracle.num_random_coefs);
  for (std::size_t lane = 0; lane < num_lanes; ++lane) {
    random_.fill(random.span());
    const std::size_t first = poly::reverse_bits(lane, oracle.log_lanes) * dimension + oracle.num_coefs;
    for (std::size_t row = 0; row < oracle.num_random_coefs; ++row) {
      v.set(first + row, {random[3 * row], random[3 * row + 1], random[3 * row + 2]});
    }
  }
  EncodedOracle encoded = encode(v, fold_index);
  const std::size_t begin = channel_.proof().size();
  channel_.send_digests("fold root", std::span(&encoded.root(), 1));
  mark("fold root", begin);

  // Out-of-domain value: block reverse(l) contributes zeta^l <e_l, (zeta^(2^k))^row>.
  const Fe zeta = channel_.challenge("fold zeta");
  FeVec row_powers(dimension);
  vec::powers(Fe::one(), pow(zeta, num_lanes), row_powers);
  Fe y;
  for (std::size_t lane = num_lanes; lane-- > 0;) {
    const std::size_t first = poly::reverse_bits(lane, oracle.log_lanes) * dimension;
    y = y * zeta + parallel_dot(v.subspan(first, dimension), row_powers);
  }
  hooks_.out_of_domain(fold_index, y);
  const PadIndex y_pad = send_hidden("fold out of domain", y);

  ZKI_ASSIGN_OR_RETURN(const auto indices, query_previous(fold_index));
  const Fe xi = channel_.challenge("fold xi");
  Fe power = xi;
  claim_.add_scaled(LinearForm::from_ciphertext(Fe(), y_pad), power);
  Fe lane_factor = power;
  add_opened(fold_index, indices, xi, power);
  const std::uint64_t capacity = oracle.num_coefs * num_lanes;
  const auto pin_zeros = [&](std::uint64_t from, std::uint64_t to) {
    for (std::uint64_t t = from; t < to; ++t) {
      power *= xi;
      functional_.set(t, functional_.get(t) + power);
    }
  };
  if (fold_index == 0) {
    const std::vector<BaseOracle> bases = params_.bases();
    for (std::size_t i = 1; i < bases.size(); ++i) {
      pin_zeros(bases[i - 1].offset + bases[i - 1].params->dimension(), bases[i].offset);
    }
  }
  functional_.resize(capacity);
  pin_zeros(params_.vector_size(fold_index), capacity);
  FeVec u(num_lanes * dimension);
  arrange(functional_, u, oracle);
  for (std::size_t lane = 0; lane < num_lanes; ++lane, lane_factor *= zeta) {
    const FeSpan block = u.subspan(poly::reverse_bits(lane, oracle.log_lanes) * dimension, dimension);
    parallel_for(dimension, kGrain, [&](std::size_t from, std::size_t to) {
      vec::axpy(lane_factor, row_powers.subspan(from, to - from), block.subspan(from, to - from));
    });
  }

  const Fe claim = parallel_dot(v, u);
  DenseSumcheck sumcheck(std::move(v), std::move(u), claim);
  for (int i = 0; i < oracle.log_lanes; ++i) sumcheck.bind(send_round(sumcheck.round()));
  sumcheck.finish();
  vector_ = std::move(sumcheck.v());
  functional_ = std::move(sumcheck.u());
  previous_ = std::move(encoded);
  return ok_status();
}

Status OpeningProver::final_step() {
  hooks_.final_vector(vector_);
  std::vector<PadIndex> pads;
  for (std::size_t t = 0; t < vector_.size(); ++t) pads.push_back(send_hidden("final vector", vector_.get(t)));
  ZKI_ASSIGN_OR_RETURN(const auto indices, query_previous(params_.folds.size()));
  const Fe xi = channel_.challenge("final xi");
  Fe power = Fe::one();
  add_opened(params_.folds.size(), indices, xi, power);
  LinearForm form = claim_ * -Fe::one();
  for (std::size_t t = 0; t < pads.size(); ++t) {
    form.add_scaled(LinearForm::from_ciphertext(Fe(), pads[t]), functional_.get(t));
  }
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
  first_rounds();
  for (std::size_t i = 0; i < params_.folds.size(); ++i) ZKI_RETURN_IF_ERROR(fold(i));
  ZKI_RETURN_IF_ERROR(final_step());
  return OpeningProof{std::move(channel_).take_proof(), std::move(sections_)};
}

}  // namespace

Result<OpeningProof> prove_opening(const OpeningParams& params, const OpeningStatement& statement,
                                   const OpeningOracles& oracles, hiding::RandomSource& random, Transcript& transcript,
                                   ProverHooks* hooks) {
  ZKI_CHECK(params.validate().ok(), "opening parameters are valid");
  ZKI_CHECK_EQ(statement.bases.size(), params.num_bases(), "a functional per base oracle");
  ZKI_CHECK_EQ(oracles.bases.size(), params.num_bases(), "every base oracle");
  ZKI_CHECK(!params.security.zero_knowledge || oracles.mask != nullptr, "a mask oracle");
  ProverHooks no_hooks;
  return OpeningProver(params, statement, oracles, random, transcript, hooks == nullptr ? no_hooks : *hooks).run();
}

}  // namespace zkinfer::pcs
