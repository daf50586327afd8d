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

Children children_in(const Layer& layer) { return {layer.p.span(), layer.q.span()}; }

// The inner layers 0 .. n - 1 above 2^n leaves; layer l has 2^l nodes.
std::vector<Layer> build_layers(const Children& leaves, int log_leaves) {
  std::vector<Layer> layers(static_cast<std::size_t>(log_leaves));
  for (std::size_t l = layers.size(); l-- > 0;) {
    const std::size_t num_parents = std::size_t{1} << l;
    const Children children = l + 1 == layers.size() ? leaves : children_in(layers[l + 1]);
    layers[l] = {FeVec(num_parents, Contents::kUnset), FeVec(num_parents, Contents::kUnset)};
    parallel_for(num_parents, kRowsPerChunk, [&](std::size_t begin, std::size_t end) {
      children.build_parents(begin, end, layers[l].p, layers[l].q);
    });
  }
  return layers;
}

class CpuGrandSum final : public GrandSum {
 public:
  // owned: what `leaves` reads, or null where the caller keeps it.
  explicit CpuGrandSum(const Children& leaves, std::unique_ptr<const LeafSource> owned = nullptr)
      : owned_(std::move(owned)), leaves_(leaves), log_leaves_(std::countr_zero(leaves.size())) {
    ZKI_CHECK(std::has_single_bit(leaves.size()), "2^n leaves");
    layers_ = build_layers(leaves_, log_leaves_);
  }

  int log_leaves() const override { return log_leaves_; }
  Fraction root() override {
    if (layers_.empty()) return {leaves_.p(0), leaves_.q(0)};
    return {layers_[0].p.get(0), layers_[0].q.get(0)};
  }
  void begin_layer(const Fe& lambda, const Fe& claim, std::span<const Fe> r) override {
    if (r.empty()) return;
    sumcheck_.emplace(layers_[layer_].p, layers_[layer_].q, children(), lambda, claim, r);
  }
  Round round() override { return sumcheck_->round(); }
  void bind(const Fe& s) override { sumcheck_->bind(s); }
  Opened end_layer() override {
    const Children below = children();
    const Opened out = sumcheck_ ? sumcheck_->children() : Opened{below.p(0), below.p(1), below.q(0), below.q(1)};
    sumcheck_.reset();
    layers_[layer_++] = {};
    return out;
  }

 private:
  Children children() const { return layer_ + 1 == layers_.size() ? leaves_ : children_in(layers_[layer_ + 1]); }

  std::unique_ptr<const LeafSource> owned_;
  Children leaves_;
  int log_leaves_;
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
    sum.begin_layer(lambda, claims.p + lambda * claims.q, claims.point);
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
    claims.point = std::move(point);
    claims.point.insert(claims.point.begin(), r);
  }
  return claims;
}

LeafValues prove_grand_sum(hiding::ProverChannel& channel, FpCSpan p, FeCSpan q) {
  ZKI_CHECK_EQ(p.size(), q.size, "numerators and denominators of the leaves");
  CpuGrandSum sum{Children(p, q)};
  return prove_grand_sum(channel, sum);
}
LeafValues prove_grand_sum(hiding::ProverChannel& channel, FeCSpan p, FeCSpan q) {
  ZKI_CHECK_EQ(p.size, q.size, "numerators and denominators of the leaves");
  CpuGrandSum sum{Children(p, q)};
  return prove_grand_sum(channel, sum);
}
LeafValues prove_grand_sum(hiding::ProverChannel& channel, const LeafSource& leaves) {
  CpuGrandSum sum{Children(leaves)};
  return prove_grand_sum(channel, sum);
}

std::unique_ptr<GrandSum> grand_sum(std::unique_ptr<const LeafSource> leaves) {
  const Children all(*leaves);
  return std::make_unique<CpuGrandSum>(all, std::move(leaves));
}

}  // namespace zkinfer::lookup
