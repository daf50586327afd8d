// SPDX-License-Identifier: Apache-2.0
#include "commit/pcs/opening_verifier.h"

#include <algorithm>
#include <string>

#include "base/check.h"
#include "commit/merkle/merkle_verifier.h"
#include "field/eq.h"
#include "field/limbs.h"
#include "hiding/verifier_channel.h"

namespace zkinfer::pcs {
namespace {

using hiding::LinearForm;

// An opened row's fold: sum of v[range.begin + j] point^j over the range = value.
struct OpenedPoint {
  IndexRange range;
  Fp point;
  Fe value;
};

// coef base^(j - begin) for the j of a range of indices of some v_i.
template <class Base>
struct PowersOnRange {
  IndexRange range;
  Base base;
  Fe coef;
  std::size_t first_bit;  // index bits bound before v_i

  Fe at(std::span<const Fe> point) const {
    return coef * range_sum(point.subspan(first_bit), range.begin, range.end, base);
  }
};

class OpeningVerifier {
 public:
  OpeningVerifier(const OpeningParams& params, const OpeningClaim& claim, const OpeningRoots& roots,
                  hiding::VerifierChannel& channel)
      : params_(params), opened_claim_(claim), roots_(roots), channel_(channel) {
    ZKI_CHECK(params.validate().ok(), "opening parameters are valid");
    ZKI_CHECK_EQ(claim.powers().size(), params.num_bases(), "power functionals per base oracle");
    ZKI_CHECK_EQ(roots.bases.size(), params.num_bases(), "a root per base oracle");
    for (const BaseOracle& base : params.bases()) bases_.push_back({base, {}, Fp(1)});
  }

  LinearForm reduce();
  Verdict run();

 private:
  struct Base {
    BaseOracle oracle;
    std::vector<Fe> lanes;  // eq weights of the lane challenges
    Fp scale;
  };

  bool failed() const { return channel_.failed(); }
  std::vector<Fe> receive_rounds(int num_rounds, bool is_final = false);
  void first_rounds();
  void fold(std::size_t fold_index);
  void check_pow();
  // [indices, row_values].
  std::vector<Fp> receive_rows(const char* label, const CodeParams& oracle, std::size_t row_values, const Digest& root,
                               std::span<const std::uint64_t> indices);
  // Queries of the oracle or oracles before fold `fold_index` (folds.size(): before the final check).
  std::vector<OpenedPoint> query_previous(std::size_t fold_index);
  // Opened rows, and entries that must be zero.
  void add_constraints(std::size_t stage, const std::vector<OpenedPoint>& opened, const Fe& xi, Fe power);
  void receive_rounds_and_final();
  void receive_final();
  void receive_mask();
  // What is left of the claim.
  LinearForm settle();
  void check_mask_product(const LinearForm& form);

  const OpeningParams& params_;
  const OpeningClaim& opened_claim_;
  const OpeningRoots& roots_;
  hiding::VerifierChannel& channel_;
  RunningClaim claim_;
  // Functionals that the claim does not know: opened rows, and others.
  std::vector<PowersOnRange<Fp>> rows_;
  std::vector<PowersOnRange<Fe>> powers_;
  std::vector<Fe> point_;  // of the index of v_1, lowest bit first
  std::vector<Base> bases_;
  std::vector<Fe> fold_lanes_;  // of the latest fold oracle
  Digest fold_root_{};
  LinearForm final_value_;  // v_(I+1) at its part of the point
  struct Mask {
    Fe mu_s, eta;
    std::vector<Fe> response;  // X* and r*
  };
  Mask mask_;
};

std::vector<Fe> OpeningVerifier::receive_rounds(int num_rounds, bool is_final) {
  std::vector<Fe> point;
  for (int i = 0; i < num_rounds && !failed(); ++i) {
    const LinearForm c1 = channel_.receive_hidden(is_final ? "final c1" : "opening c1");
    const LinearForm c2 = channel_.receive_hidden(is_final ? "final c2" : "opening c2");
    point.push_back(channel_.challenge("opening s"));
    claim_.advance(c1, c2, point.back());
  }
  return point;
}

void OpeningVerifier::first_rounds() {
  channel_.set_part("opening, lanes");
  const int num_rounds = params_.first_rounds();
  const std::vector<Fe> point = receive_rounds(num_rounds);
  if (failed()) return;
  for (std::size_t i = 0; i < bases_.size(); ++i) {
    // An oracle of fewer lanes takes part in the last rounds only; its functional is halved in each earlier one.
    Base& base = bases_[i];
    const int skipped = num_rounds - base.oracle.params->log_lanes;
    base.lanes = eq_vector(std::span(point).subspan(static_cast<std::size_t>(skipped)));
    for (int round = 0; round < skipped; ++round) base.scale *= kInverseOfTwo;
    const CodeParams& oracle = *base.oracle.params;
    const std::vector<Fe> low_first(point.rbegin(), point.rbegin() + oracle.log_lanes);
    for (const PowerFunctional& power : opened_claim_.powers()[i]) {
      const Fe lanes = range_sum(low_first, 0, oracle.num_lanes(), pow(power.base, oracle.dimension()));
      const IndexRange range{base.oracle.offset, base.oracle.offset + oracle.dimension()};
      powers_.push_back({range, power.base, power.coef * lanes * base.scale, 0});
    }
  }
}

void OpeningVerifier::check_pow() {
  const std::uint64_t nonce = channel_.receive_u64_raw("opening nonce");
  const bool good = channel_.transcript().check_pow(nonce, params_.security.pow_bits);
  if (!good) channel_.reject(RejectReason::kProofOfWork, "opening nonce");
}

std::vector<Fp> OpeningVerifier::receive_rows(const char* label, const CodeParams& oracle, std::size_t row_values,
                                              const Digest& root, std::span<const std::uint64_t> indices) {
  const merkle::TreeShape shape = tree_shape(oracle, row_values);
  const ByteView row_bytes = channel_.receive_raw(label, indices.size() * shape.row_bytes);
  std::vector<Digest> siblings(merkle::multiproof_digests(shape, indices));
  const ByteView sibling_bytes = channel_.receive_raw(label, siblings.size() * sizeof(Digest));
  if (failed()) return {};
  ByteReader sibling_reader(sibling_bytes);
  for (Digest& digest : siblings) {
    const ByteView bytes = sibling_reader.raw(digest.size());
    std::copy(bytes.begin(), bytes.end(), digest.begin());
  }
  std::vector<Fp> rows(indices.size() * row_values);
  ByteReader reader(row_bytes);
  if (!read_limbs(reader, rows)) {
    channel_.reject(RejectReason::kNonCanonical, label);
  } else if (!merkle::verify_multiproof(shape, root, indices, row_bytes, siblings).ok()) {
    channel_.reject(RejectReason::kMerklePath, label);
  }
  return rows;
}

std::vector<OpenedPoint> OpeningVerifier::query_previous(std::size_t fold_index) {
  std::vector<OpenedPoint> opened;
  check_pow();
  if (failed()) return opened;
  struct Target {
    const char* label;
    const CodeParams& oracle;
    std::size_t row_values;
    const Digest& root;
    const std::vector<Fe>& lanes;
  };
  std::vector<Target> targets;
  const bool first = fold_index == 0;
  if (!first) {
    const CodeParams& oracle = params_.folds[fold_index - 1];
    targets.push_back({"fold rows", oracle, fold_leaf_values(oracle), fold_root_, fold_lanes_});
  } else {
    for (std::size_t i = 0; i < bases_.size(); ++i) {
      const CodeParams& oracle = *bases_[i].oracle.params;
      targets.push_back(
          {base_rows_label(params_, i), oracle, base_leaf_values(oracle), roots_.bases[i], bases_[i].lanes});
    }
  }
  std::vector<std::vector<std::uint64_t>> indices;
  for (const Target& target : targets) {
    indices.push_back(channel_.transcript().challenge_indices("opening queries", target.oracle.num_queries,
                                                              target.oracle.log_domain));
  }
  const std::vector<IndexRange> ranges = row_ranges(params_, fold_index);
  for (std::size_t i = 0; i < targets.size(); ++i) {
    const Target& target = targets[i];
    const std::vector<Fp> rows = receive_rows(target.label, target.oracle, target.row_values, target.root, indices[i]);
    if (failed()) return opened;
    const std::vector<Fp> points = domain_points(target.oracle, indices[i]);
    for (std::size_t q = 0; q < points.size(); ++q) {
      const auto row = std::span(rows).subspan(q * target.row_values, target.row_values);
      const Fe value = first ? fold_base_row(row, target.lanes) : fold_extension_row(row, target.lanes);
      opened.push_back({ranges[i], points[q], value});
    }
  }
  return opened;
}

void OpeningVerifier::add_constraints(std::size_t stage, const std::vector<OpenedPoint>& opened, const Fe& xi,
                                      Fe power) {
  for (const OpenedPoint& point : opened) {
    power *= xi;
    rows_.push_back({point.range, point.point, power, point_.size()});
    claim_.add(LinearForm(point.value), power);
  }
  for (const IndexRange& range : zero_ranges(params_, stage)) {
    powers_.push_back({range, xi, power * xi, point_.size()});
    power *= pow(xi, range.end - range.begin);
  }
}

void OpeningVerifier::fold(std::size_t fold_index) {
  channel_.set_part("opening, fold " + std::to_string(fold_index + 1));
  const CodeParams& oracle = params_.folds[fold_index];
  const Digest root = channel_.receive_digests("fold root", 1)[0];
  const Fe zeta = channel_.challenge("fold zeta");
  const LinearForm y = channel_.receive_hidden("fold out of domain");
  const std::vector<OpenedPoint> opened = query_previous(fold_index);
  if (failed()) return;

  const Fe xi = channel_.challenge("fold xi");
  claim_.add(y, xi);
  powers_.push_back({{0, oracle.dimension() * oracle.num_lanes()}, zeta, xi, point_.size()});
  add_constraints(fold_index, opened, xi, xi);
  const std::vector<Fe> point = receive_rounds(oracle.log_lanes);
  if (failed()) return;
  fold_lanes_ = eq_low_first(point);
  point_.insert(point_.end(), point.begin(), point.end());
  fold_root_ = root;
}

void OpeningVerifier::receive_final() {
  channel_.set_part("opening, end");
  std::vector<LinearForm> vector;
  for (std::uint64_t t = 0; t < params_.final_size() && !failed(); ++t)
    vector.push_back(channel_.receive_hidden("final vector"));
  if (failed()) return;
  const std::vector<OpenedPoint> opened = query_previous(params_.folds.size());
  if (failed()) return;
  const Fe xi = channel_.challenge("final xi");
  add_constraints(params_.folds.size(), opened, xi, Fe::one());
  // Highest bit first.
  const std::vector<Fe> point = receive_rounds(params_.final_rounds(), true);
  if (failed()) return;
  const std::vector<Fe> eq = eq_vector(point);
  for (std::size_t t = 0; t < vector.size(); ++t) final_value_.add_scaled(vector[t], eq[t]);
  point_.insert(point_.end(), point.rbegin(), point.rend());
}

// What is left of the claim: v times u at the point must be it.
LinearForm OpeningVerifier::settle() {
  std::vector<BasePoint> bases;
  for (const Base& base : bases_) {
    bases.push_back({base.oracle.offset, base.lanes});
    for (Fe& weight : bases.back().lane_weights) weight *= base.scale;
  }
  const auto [mu, value] = opened_claim_.evaluate(bases, point_);
  Fe u = value;
  for (const auto& row : rows_) u += row.at(point_);
  for (const auto& power : powers_) u += power.at(point_);
  LinearForm form = final_value_ * u;
  form -= claim_.form();
  form -= mu * claim_.weight_of_mu();
  return form;
}

// X* + r*, the pin, and rows of X: all but the one check that needs the claim.
void OpeningVerifier::receive_mask() {
  channel_.set_part("opening, mask");
  const CodeParams& mask = params_.mask;
  mask_.mu_s = channel_.receive_clear("mask product");
  mask_.eta = channel_.challenge("mask eta");
  std::vector<Fe>& response = mask_.response;
  for (std::uint64_t i = 0; i < mask.dimension() && !failed(); ++i) {
    response.push_back(channel_.receive_clear("mask response"));
  }
  if (failed()) return;
  Fe pinned;
  for (std::size_t i = response.size(); i-- > 0;) pinned = pinned * roots_.pin.point + response[i];
  if (!(pinned == roots_.pin.s + mask_.eta * roots_.pin.x)) channel_.reject(RejectReason::kOpening, "mask pin");
  if (failed()) return;
  check_pow();
  if (failed()) return;
  const std::vector<std::uint64_t> indices =
      channel_.transcript().challenge_indices("mask queries", mask.num_queries, mask.log_domain);
  const std::vector<Fp> rows = receive_rows("mask rows", mask, kMaskLeafValues, roots_.mask, indices);
  if (failed()) return;
  const std::vector<Fp> points = domain_points(mask, indices);
  for (std::size_t q = 0; q < points.size(); ++q) {
    Fe encoded;
    for (std::size_t i = response.size(); i-- > 0;) encoded = encoded * points[q] + response[i];
    const Fp* row = rows.data() + q * kMaskLeafValues;
    if (!(encoded == Fe(row[3], row[4], row[5]) + mask_.eta * Fe(row[0], row[1], row[2]))) {
      return channel_.reject(RejectReason::kMaskCodeword, "mask rows");
    }
  }
}

// form = constant + <X, weights> must vanish: <X, weights> = -constant.
void OpeningVerifier::check_mask_product(const LinearForm& form) {
  Fe product;
  for (const LinearForm::Term& term : form.terms()) product += mask_.response[term.pad] * term.coef;
  if (!(product == mask_.mu_s - mask_.eta * form.constant())) channel_.reject(RejectReason::kOpening, "mask response");
}

LinearForm OpeningVerifier::reduce() {
  receive_rounds_and_final();
  return failed() ? LinearForm() : settle();
}

Verdict OpeningVerifier::run() {
  receive_rounds_and_final();
  if (failed()) return channel_.verdict();
  ZKI_CHECK_EQ(channel_.pads().used().num_plain, params_.mask.num_coefs, "every pad of the mask serves one message");
  if (params_.security.zero_knowledge) receive_mask();
  channel_.set_part({});
  if (!failed() && channel_.bytes_left() != 0) channel_.reject(RejectReason::kTrailingBytes, "opening");
  if (failed()) return channel_.verdict();
  const LinearForm form = settle();
  if (params_.security.zero_knowledge) {
    check_mask_product(form);
  } else if (!form.constant().is_zero()) {
    channel_.reject(RejectReason::kFinalCheck, "final vector");
  }
  return channel_.verdict();
}

void OpeningVerifier::receive_rounds_and_final() {
  first_rounds();
  for (std::size_t i = 0; i < params_.folds.size() && !failed(); ++i) fold(i);
  if (!failed()) receive_final();
}

}  // namespace

hiding::LinearForm reduce_opening(const OpeningParams& params, const OpeningClaim& claim, const OpeningRoots& roots,
                                  hiding::VerifierChannel& channel) {
  return OpeningVerifier(params, claim, roots, channel).reduce();
}

Verdict verify_opening(const OpeningParams& params, const OpeningClaim& claim, const OpeningRoots& roots,
                       ByteView proof, Transcript& transcript) {
  hiding::PadAllocator pads(params.security.zero_knowledge);
  hiding::VerifierChannel channel(transcript, pads, proof);
  return OpeningVerifier(params, claim, roots, channel).run();
}

}  // namespace zkinfer::pcs
