// SPDX-License-Identifier: Apache-2.0
#include "commit/pcs/unkept_code.h"

#include <algorithm>
#include <bit>

#include "base/check.h"
#include "base/parallel.h"
#include "field/limbs.h"
#include "poly/ntt.h"

namespace zkinfer::pcs {
namespace {

constexpr std::size_t kTile = 512;  // coefficients of a lane that a core takes at a time
constexpr std::size_t kTileGrain = 8;

int log_at_least(std::uint64_t x) { return static_cast<int>(std::bit_width(std::max<std::uint64_t>(x, 1) - 1)); }

// The rows of a code word at some points, [rows, lanes].
class RowEvaluation {
 public:
  RowEvaluation(const CodeCoefs& coefs, std::span<const std::uint64_t> indices)
      : coefs_(coefs), params_(coefs.params()), points_(domain_points(params_, indices)) {
    choose_residues(indices);
    for (std::size_t q = 0; q < indices.size(); ++q) {
      if (q == 0 || indices[q] >> log_residues_ != indices[q - 1] >> log_residues_) groups_.push_back({q, q});
      groups_.back().end = q + 1;
    }
    table_ = FpVec(points_.size() * tile());
    for (std::size_t q = 0; q < points_.size(); ++q)
      vec::powers(Fp(1), points_[q], table_.span().subspan(q * tile(), tile()));
  }

  FpVec run() const {
    const std::size_t num_tiles = num_residues() / tile();
    std::vector<FpVec> partial(num_chunks(num_tiles, kTileGrain));
    parallel_chunks(num_tiles, kTileGrain, [&](std::size_t chunk, std::size_t begin, std::size_t end) {
      partial[chunk] = FpVec(points_.size() * coefs_.num_polynomials());
      for (std::size_t i = begin; i < end; ++i) add_tile(i * tile(), partial[chunk].span());
    });
    FpVec rows(points_.size() * coefs_.num_polynomials());
    for (const FpVec& part : partial) vec::add(rows.span(), part.span(), rows.span());
    return rows;
  }

 private:
  // Rows with one x^(2^a).
  struct Group {
    std::size_t begin, end;
  };

  std::size_t num_residues() const { return std::size_t{1} << log_residues_; }
  std::size_t tile() const { return std::min(kTile, num_residues()); }

  void choose_residues(std::span<const std::uint64_t> indices) {
    std::uint64_t least = ~std::uint64_t{0};
    const int most = std::min<int>(log_at_least(params_.dimension()), params_.log_domain);
    for (int a = std::min(most, 9); a <= most; ++a) {
      std::uint64_t num_groups = 0;
      for (std::size_t q = 0; q < indices.size(); ++q)
        num_groups += q == 0 || indices[q] >> a != indices[q - 1] >> a ? 1 : 0;
      const std::uint64_t cost = num_groups * params_.dimension() + (indices.size() << a);
      if (cost >= least) continue;
      least = cost;
      log_residues_ = a;
    }
  }

  // What the coefficients with residues [begin, begin + tile) add to every row.
  void add_tile(std::size_t begin, FpSpan rows) const {
    const std::size_t dimension = params_.dimension();
    const std::size_t num_pieces = dimension > begin ? (dimension - begin - 1) / num_residues() + 1 : 0;
    FpVec scratch(num_pieces * tile()), value(tile());
    std::vector<FpCSpan> pieces(num_pieces);
    std::vector<Fp> starts(points_.size());
    for (std::size_t q = 0; q < points_.size(); ++q) starts[q] = pow(points_[q], begin);
    for (std::size_t lane = 0; lane < coefs_.num_polynomials(); ++lane) {
      for (std::size_t k = 0; k < num_pieces; ++k) {
        const std::size_t first = begin + k * num_residues();
        pieces[k] = coefs_.read(lane, first, scratch.span().subspan(k * tile(), std::min(tile(), dimension - first)));
      }
      for (const Group& group : groups_) {
        const Fp step = pow(points_[group.begin], num_residues());
        std::fill(value.begin(), value.end(), Fp());
        Fp power(1);
        for (const FpCSpan piece : pieces) {
          vec::axpy(power, piece, value.span().first(piece.size()));
          power *= step;
        }
        for (std::size_t q = group.begin; q < group.end; ++q) {
          const FpCSpan powers = FpCSpan(table_.span()).subspan(q * tile(), tile());
          rows[q * coefs_.num_polynomials() + lane] += starts[q] * vec::dot(FpCSpan(value.span()), powers);
        }
      }
    }
  }

  const CodeCoefs& coefs_;
  const CodeParams& params_;
  std::vector<Fp> points_;
  int log_residues_ = 0;
  std::vector<Group> groups_;
  FpVec table_;  // points^j, j < tile
};

}  // namespace

FpVec evaluate_rows(const CodeCoefs& coefs, std::span<const std::uint64_t> indices) {
  return RowEvaluation(coefs, indices).run();
}

Status encode_in_blocks(const CodeCoefs& coefs, std::size_t max_bytes,
                        const std::function<Status(std::uint64_t first, FpCSpan rows)>& visit) {
  const CodeParams& params = coefs.params();
  const std::size_t num_lanes = coefs.num_polynomials();
  // Block c of 2^log_rows rows belongs to the points shift w^reverse(c) times a subgroup: an encoding of its own, of the
  // polynomials modulo x^(2^log_rows) - constant.
  int log_rows = std::min<int>(log_at_least(params.dimension()), params.log_domain);
  while (log_rows > 0 && num_lanes * sizeof(Fp) << log_rows > max_bytes) --log_rows;
  FpVec block(num_lanes << log_rows, Contents::kUnset);
  for (std::uint64_t first = 0; first < params.domain_size(); first += std::uint64_t{1} << log_rows) {
    const Fp shift = poly::domain_point(first, params.log_domain);
    coefs.transpose(block.span(), pow(shift, std::uint64_t{1} << log_rows));
    poly::encode_rows(block.span(), num_lanes, log_rows,
                      std::min<std::uint64_t>(params.dimension(), std::uint64_t{1} << log_rows), shift);
    ZKI_RETURN_IF_ERROR(visit(first, block.span()));
  }
  return ok_status();
}

UnkeptCode::UnkeptCode(std::shared_ptr<const CodeCoefs> coefs, std::size_t max_block_bytes)
    : coefs_(std::move(coefs)), tree_(tree_shape(coefs_->params(), coefs_->num_polynomials())) {
  const Status encoded = encode_in_blocks(*coefs_, max_block_bytes, [&](std::uint64_t first, FpCSpan rows) {
    tree_.hash_leaves(first, rows);
    return ok_status();
  });
  ZKI_CHECK(encoded.ok(), "hashing cannot fail");
  tree_.hash_nodes();
}

Result<RowSource::Opened> UnkeptCode::open(std::span<const std::uint64_t> indices) const {
  ByteWriter siblings;
  for (const Digest& digest : tree_.open(indices)) siblings.raw(digest);
  return Opened{limb_bytes(evaluate_rows(*coefs_, indices).span()), std::move(siblings).take()};
}

CommittedOracle commit_lanes(LaneCoefs coefs, std::size_t most_kept_bytes) {
  const CodeParams& params = coefs.params();
  if (params.domain_size() * params.num_lanes() * sizeof(Fp) <= most_kept_bytes)
    return CommittedOracle(std::move(coefs));
  const auto shared = std::make_shared<const LaneCoefs>(std::move(coefs));
  return {shared, std::make_shared<const UnkeptCode>(shared, kUnkeptBlockBytes)};
}

}  // namespace zkinfer::pcs
