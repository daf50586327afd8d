// SPDX-License-Identifier: Apache-2.0
#include "lookup/gkr_prover.h"

#include <bit>
#include <optional>

#include "base/check.h"
#include "base/parallel.h"
#include "lookup/layer_sumcheck.h"

namespace zkinfer::lookup {
namespace {

constexpr std::size_t kRowsPerChunk = 4096;

struct Layer {
  FeVec p, q;
};

// Long layers are there up to a 32nd part of them, beyond which all nodes are 0 / 1: whole blocks of rows in every such layer.
constexpr int kShareBits = 5;
constexpr int kMinSharedLayer = kBlockBits + 2 + kShareBits;

std::size_t num_there(int layer, int log_leaves, std::size_t num_used) {
  const std::size_t size = std::size_t{1} << layer;
  if (layer < kMinSharedLayer) return size;
  const std::size_t share = std::size_t{1} << (log_leaves - kShareBits);
  // More than half of them: the low rows of the second round are all there.
  const std::size_t num_shares = std::max((num_used + share - 1) / share, (std::size_t{1} << kShareBits) / 2 + 1);
  return num_shares * (size >> kShareBits);
}

class CpuGrandSum final : public GrandSum {
 public:
  CpuGrandSum(const Children& leaves, std::size_t num_used) : leaves_(leaves), num_used_(num_used) { build_layers(); }
  CpuGrandSum(const LeafSource& leaves, int unkept_from)
      : source_(&leaves),
        unkept_from_(unkept_from),
        leaves_(leaves, there_of(leaves, std::countr_zero(leaves.size()))),
        num_used_(leaves.num_used()) {
    build_layers();
  }
  explicit CpuGrandSum(std::unique_ptr<const LeafSource> owned) : CpuGrandSum(*owned, kUnkeptFrom) {
    owned_ = std::move(owned);
  }

  int log_leaves() const override { return leaves_.log_size(); }
  Fraction root() override {
    if (layers_.empty()) return {leaves_.p(0), leaves_.q(0)};
    return {layers_[0].p.get(0), layers_[0].q.get(0)};
  }
  void begin_layer(const Fe& lambda, const Fe& claim, std::span<const Fe> r) override {
    if (r.empty()) return;
    if (!is_kept(layer_)) return static_cast<void>(sumcheck_.emplace(below(layer_), lambda, claim, r));
    sumcheck_.emplace(layers_[layer_].p, layers_[layer_].q, below(layer_), lambda, claim, r);
  }
  Round round() override { return sumcheck_->round(); }
  void bind(const Fe& s) override { sumcheck_->bind(s); }
  Opened end_layer() override {
    const Children nodes = below(layer_);
    const Opened out = sumcheck_ ? sumcheck_->children() : Opened{nodes.p(0), nodes.p(1), nodes.q(0), nodes.q(1)};
    sumcheck_.reset();
    layers_[layer_++] = {};
    return out;
  }

 private:
  static std::size_t there_of(const LeafSource& leaves, int layer) {
    return num_there(layer, std::countr_zero(leaves.size()), leaves.num_used());
  }
  bool is_kept(std::size_t l) const {
    return source_ == nullptr || log_leaves() < unkept_from_ || l + 1 < layers_.size();
  }
  // The nodes below layer l.
  Children below(std::size_t l) const {
    if (l + 1 == layers_.size()) return leaves_;
    if (!is_kept(l + 1)) return Children::parents_of(*source_, there_of(*source_, log_leaves() - 1));
    return {static_cast<int>(l) + 1, layers_[l + 1].p.span(), layers_[l + 1].q.span()};
  }

  // The inner layers 0 .. n - 1 above 2^n leaves.
  void build_layers() {
    layers_.resize(static_cast<std::size_t>(log_leaves()));
    for (std::size_t l = layers_.size(); l-- > 0;) {
      if (!is_kept(l)) continue;
      const Children children = below(l);
      const std::size_t num_parents = num_there(static_cast<int>(l), log_leaves(), num_used_);
      layers_[l] = {FeVec(num_parents, Contents::kUnset), FeVec(num_parents, Contents::kUnset)};
      parallel_for(num_parents, std::min(kRowsPerChunk, num_parents), [&](std::size_t begin, std::size_t end) {
        children.build_parents(begin, layers_[l].p.subspan(begin, end - begin),
                               layers_[l].q.subspan(begin, end - begin));
      });
    }
  }

  std::unique_ptr<const LeafSource> owned_;
  const LeafSource* source_ = nullptr;
  int unkept_from_ = 0;
  Children leaves_;
  std::size_t num_used_;
  std::vector<Layer> layers_;
  std::size_t layer_ = 0;
  std::optional<LayerSumcheck> sumcheck_;  // of the layer, where it has rounds
};

}  // namespace

LeafValues prove_grand_sum(hiding::ProverChannel& channel, GrandSum& sum) {
  const GrandSum::Fraction root = sum.root();
  channel.send_clear("lookup root", root.q);
  LeafValues claims{.point = {}, .p = root.p, .q = root.q};
  for (int l = 0; l < sum.log_leaves(); ++l) {
    const Fe lambda = l > 0 ? channel.challenge("lookup lambda") : Fe();
    sum.begin_layer(lambda, claims.p + lambda * claims.q, in_round_order(std::move(claims.point)));
    std::vector<Fe> point;
    for (int i = 0; i < l; ++i) {
      const GrandSum::Round h = sum.round();
      channel.send_hidden("lookup round", h.c1);
      channel.send_hidden("lookup round", h.c2);
      point.push_back(channel.challenge("lookup round"));
      sum.bind(point.back());
    }
    const GrandSum::Opened children = sum.end_layer();
    const auto first = channel.send_product("lookup p0", children.p0, "lookup q1", children.q1);
    const auto second = channel.send_product("lookup p1", children.p1, "lookup q0", children.q0);
    static_cast<void>(channel.pads().copied_triple(second.second, first.second));
    const Fe r = channel.challenge("lookup r");
    claims.p = children.p0 + r * (children.p1 - children.p0);
    claims.q = children.q0 + r * (children.q1 - children.q0);
    claims.point = children_point(std::move(point), r);
  }
  return claims;
}

LeafValues prove_grand_sum(hiding::ProverChannel& channel, FpCSpan p, FeCSpan q) {
  ZKI_CHECK(std::has_single_bit(q.size), "2^n leaves");
  ZKI_CHECK_EQ(p.size(), q.size, "numerators and denominators of the leaves");
  CpuGrandSum sum(Children(std::countr_zero(q.size), p, q), q.size);
  return prove_grand_sum(channel, sum);
}
LeafValues prove_grand_sum(hiding::ProverChannel& channel, FeCSpan p, FeCSpan q) {
  ZKI_CHECK(std::has_single_bit(q.size), "2^n leaves");
  ZKI_CHECK_EQ(p.size, q.size, "numerators and denominators of the leaves");
  CpuGrandSum sum(Children(std::countr_zero(q.size), p, q), q.size);
  return prove_grand_sum(channel, sum);
}
LeafValues prove_grand_sum(hiding::ProverChannel& channel, const LeafSource& leaves, int unkept_from) {
  CpuGrandSum sum(leaves, unkept_from);
  return prove_grand_sum(channel, sum);
}

std::unique_ptr<GrandSum> grand_sum(std::unique_ptr<const LeafSource> leaves) {
  return std::make_unique<CpuGrandSum>(std::move(leaves));
}

}  // namespace zkinfer::lookup
