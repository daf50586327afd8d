// SPDX-License-Identifier: Apache-2.0
#include "commit/pcs/oracle_prover.h"

#include <algorithm>

#include "base/check.h"
#include "base/parallel.h"
#include "field/limbs.h"
#include "poly/ntt.h"

namespace zkinfer::pcs {
namespace {

constexpr std::size_t kRowGrain = 4096;
// Rows of a transposition step: what they are of every lane stays in the first-level cache.
constexpr std::size_t kTile = 64;

// Evaluates one lane at base.
Fe evaluate(const LaneCoefs& coefs, std::size_t lane, Fe base) {
  const std::size_t dimension = coefs.params().dimension();
  FeVec powers(std::min(kRowGrain, dimension));
  vec::powers(Fe::one(), base, powers);
  const Fe step = pow(base, kRowGrain);
  FpVec scratch(powers.size());
  Fe sum;
  for (std::size_t end = dimension; end > 0;) {
    const std::size_t begin = (end - 1) / kRowGrain * kRowGrain;
    sum = sum * step +
          vec::dot(coefs.read(lane, begin, scratch.span().first(end - begin)), powers.subspan(0, end - begin));
    end = begin;
  }
  return sum;
}

}  // namespace

EncodedOracle::EncodedOracle(const CodeParams& params, std::size_t row_values, FpVec codeword) {
  ZKI_CHECK_EQ(codeword.size(), params.domain_size() * row_values, "code word size");
  poly::encode_rows(codeword.span(), row_values, params.log_domain, params.dimension());
  *this = from_codeword(params, row_values, std::move(codeword));
}

EncodedOracle EncodedOracle::from_codeword(const CodeParams& params, std::size_t row_values, FpVec codeword) {
  ZKI_CHECK_EQ(codeword.size(), params.domain_size() * row_values, "code word size");
  EncodedOracle oracle;
  oracle.row_values_ = row_values;
  oracle.codeword_ = std::move(codeword);
  oracle.tree_ = merkle::MerkleTree::over_field(params.log_domain, oracle.codeword_.span());
  return oracle;
}

Result<RowSource::Opened> EncodedOracle::open(std::span<const std::uint64_t> indices) const {
  ByteWriter rows;
  for (const std::uint64_t index : indices) rows.raw(limb_bytes(row(index)));
  ByteWriter siblings;
  for (const Digest& digest : tree_.open(indices)) siblings.raw(digest);
  return Opened{std::move(rows).take(), std::move(siblings).take()};
}

namespace {

// With room for the random coefficients behind every lane.
FpVec spread(const CodeParams& params, FpCSpan message) {
  ZKI_CHECK_EQ(message.size(), params.num_lanes() * params.num_coefs, "message size");
  FpVec lanes(params.num_lanes() * params.dimension(), Contents::kUnset);
  for (std::size_t lane = 0; lane < params.num_lanes(); ++lane)
    std::copy_n(message.data() + lane * params.num_coefs, params.num_coefs, lanes.data() + lane * params.dimension());
  return lanes;
}

}  // namespace

LaneCoefs::LaneCoefs(const CodeParams& params, FpCSpan message, hiding::RandomSource& random)
    : LaneCoefs(params, spread(params, message), random) {}

LaneCoefs::LaneCoefs(const CodeParams& params, FpVec lanes, hiding::RandomSource& random)
    : params_(params), elements_(std::move(lanes)) {
  ZKI_CHECK_EQ(elements_.size(), params.num_lanes() * params.dimension(), "lanes of the oracle");
  for (std::size_t lane = 0; lane < params.num_lanes(); ++lane)
    random.fill(elements_.span().subspan(lane * params.dimension() + params.num_coefs, params.num_random_coefs));
}

LaneCoefs::LaneCoefs(const CodeParams& params, IntLanes message, FpVec random_coefs)
    : params_(params), ints_(std::move(message)), random_(std::move(random_coefs)) {
  ZKI_CHECK_EQ(ints_.num_lanes(), params.num_lanes(), "lanes of the message");
  ZKI_CHECK_EQ(random_.size(), params.num_lanes() * params.num_random_coefs, "random coefficients");
}

LaneCoefs::LaneCoefs(const CodeParams& params, IntLanes message, hiding::RandomSource& random)
    : LaneCoefs(params, std::move(message), FpVec(params.num_lanes() * params.num_random_coefs)) {
  for (std::size_t lane = 0; lane < params.num_lanes(); ++lane)
    random.fill(random_.span().subspan(lane * params.num_random_coefs, params.num_random_coefs));
}

FpCSpan LaneCoefs::read(std::size_t lane, std::size_t begin, FpSpan scratch) const {
  const std::size_t count = scratch.size();
  if (!elements_.empty()) return elements_.span().subspan(lane * params_.dimension() + begin, count);
  const std::size_t num_ints = params_.num_coefs > begin ? std::min<std::size_t>(count, params_.num_coefs - begin) : 0;
  const FpCSpan random = random_.span();
  const std::size_t own = lane * params_.num_random_coefs;
  if (num_ints == 0) return random.subspan(own + begin - params_.num_coefs, count);
  if (!ints_.has_elements(lane)) {
    vec::from_ints(ints_.lane(lane).subspan(begin, num_ints), scratch.first(num_ints));
  } else if (num_ints == count) {
    return ints_.elements(lane).subspan(begin, count);
  } else {
    for (std::size_t i = 0; i < num_ints; ++i) scratch[i] = ints_.elements(lane)[begin + i];
  }
  std::copy_n(random.data() + own, count - num_ints, scratch.data() + num_ints);
  return scratch;
}

void CodeCoefs::transpose(FpSpan matrix, Fp constant) const {
  const std::size_t num_lanes = num_polynomials(), dimension = params().dimension();
  const std::size_t num_rows = std::min(matrix.size() / num_lanes, dimension);
  parallel_for(num_rows, kRowGrain, [&](std::size_t begin, std::size_t end) {
    Fp scratch[kTile], sums[kTile];
    for (std::size_t tile = begin; tile < end; tile += kTile) {
      const std::size_t count = std::min(kTile, end - tile);
      for (std::size_t b = 0; b < num_lanes; ++b) {
        FpCSpan coefs = read(b, tile, FpSpan(scratch, count));
        Fp power = constant;
        for (std::size_t from = tile + num_rows; from < dimension; from += num_rows, power *= constant) {
          if (coefs.data() != sums) std::copy_n(coefs.data(), count, sums);
          coefs = FpCSpan(sums, count);
          const std::size_t rest = std::min(count, dimension - from);
          vec::axpy(power, read(b, from, FpSpan(scratch, rest)), FpSpan(sums, rest));
        }
        for (std::size_t row = 0; row < count; ++row) matrix[(tile + row) * num_lanes + b] = coefs[row];
      }
    }
  });
}

CommittedOracle::CommittedOracle(LaneCoefs coefs)
    : params_(coefs.params()), coefs_(std::make_shared<const LaneCoefs>(std::move(coefs))) {
  FpVec codeword(params().domain_size() * params().num_lanes(), Contents::kUnset);
  coefs_->transpose(codeword.span());
  replace_encoded(EncodedOracle(params(), base_leaf_values(params()), std::move(codeword)));
}

CommittedOracle::CommittedOracle(LaneCoefs coefs, std::shared_ptr<const RowSource> rows)
    : CommittedOracle(std::make_shared<const LaneCoefs>(std::move(coefs)), std::move(rows)) {}

CommittedOracle::CommittedOracle(std::shared_ptr<const LaneCoefs> coefs, std::shared_ptr<const RowSource> rows)
    : params_(coefs->params()), coefs_(std::move(coefs)), rows_(std::move(rows)) {}

CommittedOracle::CommittedOracle(const CodeParams& params, std::shared_ptr<const RowSource> rows)
    : params_(params), rows_(std::move(rows)) {
  ZKI_CHECK(rows_->keeper() != nullptr, "somebody has the coefficients");
}

const RowSource& CommittedOracle::rows() const {
  ZKI_CHECK(rows_ != nullptr, "an oracle that was committed to");
  return *rows_;
}

const LaneCoefs& CommittedOracle::coefs() const {
  ZKI_CHECK(rows().keeper() == nullptr, "coefficients that another back end keeps");
  return *coefs_;
}

const EncodedOracle& CommittedOracle::encoded() const {
  ZKI_CHECK(encoded_ != nullptr, "a code word in memory");
  return *encoded_;
}

void CommittedOracle::replace_encoded(EncodedOracle encoded) {
  encoded_ = std::make_shared<const EncodedOracle>(std::move(encoded));
  rows_ = encoded_;
}

FpVec CommittedOracle::lane(std::size_t lane) const {
  FpVec out(params().dimension());
  const FpCSpan values = coefs().read(lane, 0, out.span());
  if (values.data() != out.data()) std::copy_n(values.data(), values.size(), out.data());
  return out;
}

std::vector<Fe> CommittedOracle::lane_evaluations(Fe base) const {
  if (known_base_ && *known_base_ == base) return known_evaluations_;
  std::vector<Fe> evaluations(params().num_lanes());
  parallel_chunks(evaluations.size(), 1,
                  [&](std::size_t b, std::size_t, std::size_t) { evaluations[b] = evaluate(coefs(), b, base); });
  return evaluations;
}

void CommittedOracle::set_evaluations(Fe base, std::vector<Fe> evaluations) {
  known_evaluations_ = std::move(evaluations);
  known_base_ = base;
}

void CommittedOracle::remember_evaluations(Fe base) { set_evaluations(base, lane_evaluations(base)); }

Fe ood_value(const std::vector<Fe>& lane_evaluations, std::uint64_t dimension, Fe z) {
  const Fe step = pow(z, dimension);
  Fe value;
  for (std::size_t b = lane_evaluations.size(); b-- > 0;) value = value * step + lane_evaluations[b];
  return value;
}

Fe ood_value(CommittedOracle& oracle, Fe z) {
  oracle.remember_evaluations(z);
  return ood_value(oracle.lane_evaluations(z), oracle.params().dimension(), z);
}

MaskOracle::MaskOracle(const OpeningParams& params, hiding::RandomSource& random) {
  ZKI_CHECK(params.security.zero_knowledge, "a mask oracle exists with zero knowledge only");
  const std::size_t dimension = params.mask.dimension();
  FpVec limbs(3 * dimension);
  FpVec codeword(params.mask.domain_size() * kMaskLeafValues);
  std::size_t column = 0;
  for (std::vector<Fe>* values : {&x_, &s_}) {
    random.fill(limbs.span());
    for (std::size_t i = 0; i < dimension; ++i) {
      values->emplace_back(limbs[3 * i], limbs[3 * i + 1], limbs[3 * i + 2]);
      for (std::size_t j = 0; j < 3; ++j) codeword[i * kMaskLeafValues + column + j] = limbs[3 * i + j];
    }
    column += 3;
  }
  encoded_ = EncodedOracle(params.mask, kMaskLeafValues, std::move(codeword));
}

MaskPin MaskOracle::pin(Fe point) const {
  MaskPin pin;
  pin.point = point;
  for (std::size_t i = x_.size(); i-- > 0;) {
    pin.x = pin.x * point + x_[i];
    pin.s = pin.s * point + s_[i];
  }
  return pin;
}

}  // namespace zkinfer::pcs
