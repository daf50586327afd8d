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

// An opened row's fold: sum_j v[offset + j] point^j = value, j < dimension.
struct OpenedPoint {
  std::uint64_t offset;
  std::uint64_t dimension;
  Fp point;
  Fe value;
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
  struct Rows {
    std::vector<std::uint64_t> indices;
    std::vector<Fp> values;  // [indices, row_values]
  };

  struct Base {
    BaseOracle oracle;
    std::vector<Fe> lanes;  // eq weights of the lane challenges
    Fp scale;
  };

  bool failed() const { return channel_.failed(); }
  std::vector<Fe> receive_rounds(int num_rounds);
  void first_rounds();
  void fold(std::size_t fold_index);
  void check_pow();
  Rows receive_rows(const char* label, const CodeParams& oracle, std::size_t row_values, const Digest& root,
                    std::span<const std::uint64_t> indices);
  // Queries of the oracle or oracles before fold `fold_index` (folds.size(): before the final check).
  std::vector<OpenedPoint> query_previous(std::size_t fold_index);
  void add_opened(const std::vector<OpenedPoint>& opened, Fe challenge, Fe& power);
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
  // Functionals on the current v_i that the weight sources do not know, and the index bits bound since v_1.
  std::vector<RangeFunctional> functionals_;
  std::vector<Fe> low_point_;
  std::vector<Base> bases_;
  std::vector<Fe> fold_lanes_;  // of the latest fold oracle
  Digest fold_root_{};
  std::vector<LinearForm> final_vector_;
  struct Mask {
    Fe mu_s, eta;
    std::vector<Fe> response;  // X* and r*
  };
  Mask mask_;
};

std::vector<Fe> OpeningVerifier::receive_rounds(int num_rounds) {
  std::vector<Fe> point;
  for (int i = 0; i < num_rounds && !failed(); ++i) {
    const LinearForm c1 = channel_.receive_hidden("opening c1");
    const LinearForm c2 = channel_.receive_hidden("opening c2");
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
    const std::uint64_t begin = base.oracle.offset;
    const std::uint64_t dimension = base.oracle.params->dimension();
    const std::vector<Fe> low_first(point.rbegin(), point.rbegin() + base.oracle.params->log_lanes);
    for (const PowerFunctional& power : opened_claim_.powers()[i]) {
      const Fe lanes = eq_powers(low_first, pow(power.base, dimension));
      functionals_.emplace_back(begin, begin + dimension, power.base, power.coef * lanes * base.scale);
    }
  }
}

void OpeningVerifier::check_pow() {
  const std::uint64_t nonce = channel_.receive_u64_raw("opening nonce");
  const bool good = channel_.transcript().check_pow(nonce, params_.security.pow_bits);
  if (!good) channel_.reject(RejectReason::kProofOfWork, "opening nonce");
}

OpeningVerifier::Rows OpeningVerifier::receive_rows(const char* label, const CodeParams& oracle, std::size_t row_values,
                                                    const Digest& root, std::span<const std::uint64_t> indices) {
  Rows rows;
  rows.indices.assign(indices.begin(), indices.end());
  const merkle::TreeShape shape = tree_shape(oracle, row_values);
  const ByteView row_bytes = channel_.receive_raw(label, indices.size() * shape.row_bytes);
  std::vector<Digest> siblings(merkle::multiproof_digests(shape, indices));
  const ByteView sibling_bytes = channel_.receive_raw(label, siblings.size() * sizeof(Digest));
  if (failed()) return rows;
  ByteReader sibling_reader(sibling_bytes);
  for (Digest& digest : siblings) {
    const ByteView bytes = sibling_reader.raw(digest.size());
    std::copy(bytes.begin(), bytes.end(), digest.begin());
  }
  rows.values.resize(indices.size() * row_values);
  ByteReader reader(row_bytes);
  if (!read_limbs(reader, rows.values)) {
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
    std::uint64_t offset;
    const std::vector<Fe>& lanes;
  };
  std::vector<Target> targets;
  const bool first = fold_index == 0;
  if (!first) {
    const CodeParams& oracle = params_.folds[fold_index - 1];
    targets.push_back({"fold rows", oracle, fold_leaf_values(oracle), fold_root_, 0, fold_lanes_});
  } else {
    for (std::size_t i = 0; i < bases_.size(); ++i) {
      const CodeParams& oracle = *bases_[i].oracle.params;
      targets.push_back({base_rows_label(params_, i), oracle, base_leaf_values(oracle), roots_.bases[i],
                         bases_[i].oracle.offset, bases_[i].lanes});
    }
  }
  std::vector<std::vector<std::uint64_t>> indices;
  for (const Target& target : targets) {
    indices.push_back(channel_.transcript().challenge_indices("opening queries", target.oracle.num_queries,
                                                              target.oracle.log_domain));
  }
  for (std::size_t i = 0; i < targets.size(); ++i) {
    const Target& target = targets[i];
    const Rows rows = receive_rows(target.label, target.oracle, target.row_values, target.root, indices[i]);
    if (failed()) return opened;
    const std::vector<Fp> points = domain_points(target.oracle, rows.indices);
    for (std::size_t q = 0; q < points.size(); ++q) {
      const auto row = std::span(rows.values).subspan(q * target.row_values, target.row_values);
      const Fe value = first ? fold_base_row(row, target.lanes) : fold_extension_row(row, target.lanes);
      opened.push_back({target.offset, target.oracle.dimension(), points[q], value});
    }
  }
  return opened;
}

void OpeningVerifier::add_opened(const std::vector<OpenedPoint>& opened, Fe challenge, Fe& power) {
  for (const OpenedPoint& point : opened) {
    power *= challenge;
    functionals_.emplace_back(point.offset, point.offset + point.dimension, Fe(point.point), power);
    claim_.add(LinearForm(point.value), power);
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
  Fe power = xi;
  claim_.add(y, power);
  functionals_.emplace_back(0, oracle.dimension() * oracle.num_lanes(), zeta, power);
  add_opened(opened, xi, power);
  const auto pin_zeros = [&](std::uint64_t begin, std::uint64_t end) {
    if (begin >= end) return;
    functionals_.emplace_back(begin, end, xi, power * xi);
    power *= pow(xi, end - begin);
  };
  if (fold_index == 0) {
    for (std::size_t i = 1; i < bases_.size(); ++i) {
      const BaseOracle& before = bases_[i - 1].oracle;
      pin_zeros(before.offset + before.params->dimension(), bases_[i].oracle.offset);
    }
  }
  pin_zeros(params_.vector_size(fold_index), oracle.num_coefs * oracle.num_lanes());

  const std::vector<Fe> point = receive_rounds(oracle.log_lanes);
  if (failed()) return;
  fold_lanes_ = eq_low_first(point);
  for (RangeFunctional& functional : functionals_) functional.bind_low(point, fold_lanes_);
  low_point_.insert(low_point_.end(), point.begin(), point.end());
  fold_root_ = root;
}

void OpeningVerifier::receive_final() {
  channel_.set_part("opening, end");
  for (std::uint64_t t = 0; t < params_.final_size() && !failed(); ++t) {
    final_vector_.push_back(channel_.receive_hidden("final vector"));
  }
  if (failed()) return;
  const std::vector<OpenedPoint> opened = query_previous(params_.folds.size());
  if (failed()) return;
  const Fe xi = channel_.challenge("final xi");
  Fe power = Fe::one();
  add_opened(opened, xi, power);
}

// <v_(I+1), u_(I+1)> - claim.
LinearForm OpeningVerifier::settle() {
  std::vector<std::vector<Fe>> lane_weights;
  for (const Base& base : bases_) {
    lane_weights.push_back(base.lanes);
    for (Fe& weight : lane_weights.back()) weight *= base.scale;
  }
  const OpeningClaim::Folded folded = opened_claim_.fold(lane_weights, low_point_);
  std::vector<Fe> weights(params_.final_size());
  RangeFunctional::add_all(functionals_, weights);
  for (std::size_t i = 0; i < bases_.size(); ++i) {
    const std::uint64_t begin = bases_[i].oracle.offset >> low_point_.size();
    ZKI_CHECK(begin + folded.weights[i].size() <= weights.size(), "length of a folded functional");
    for (std::size_t t = 0; t < folded.weights[i].size(); ++t) weights[begin + t] += folded.weights[i][t];
  }
  LinearForm form = claim_.form() * -Fe::one();
  form -= folded.mu * claim_.weight_of_mu();
  for (std::size_t t = 0; t < final_vector_.size(); ++t) form.add_scaled(final_vector_[t], weights[t]);
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
  const Rows rows = receive_rows("mask rows", mask, kMaskLeafValues, roots_.mask, indices);
  if (failed()) return;
  const std::vector<Fp> points = domain_points(mask, indices);
  for (std::size_t q = 0; q < points.size(); ++q) {
    Fe encoded;
    for (std::size_t i = response.size(); i-- > 0;) encoded = encoded * points[q] + response[i];
    const Fp* row = rows.values.data() + q * kMaskLeafValues;
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
