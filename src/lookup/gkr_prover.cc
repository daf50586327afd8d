// SPDX-License-Identifier: Apache-2.0
#include "lookup/gkr_prover.h"

#include <bit>

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
    layers[l] = {FeVec(num_parents), FeVec(num_parents)};
    parallel_for(num_parents, kRowsPerChunk, [&](std::size_t begin, std::size_t end) {
      children.build_parents(begin, end, layers[l].p, layers[l].q);
    });
  }
  return layers;
}

LeafValues prove(hiding::ProverChannel& channel, const Children& leaves) {
  ZKI_CHECK(std::has_single_bit(leaves.size()), "2^n leaves");
  const int log_leaves = std::countr_zero(leaves.size());
  std::vector<Layer> layers = build_layers(leaves, log_leaves);

  channel.send_clear("lookup root", log_leaves == 0 ? leaves.q(0) : layers[0].q.get(0));
  LeafValues claims{.point = {}, .p = leaves.p(0), .q = leaves.q(0)};
  for (std::size_t l = 0; l < layers.size(); ++l) {
    const Children children = l + 1 == layers.size() ? leaves : children_in(layers[l + 1]);
    LayerOpening opening{
        .point = {}, .p0 = children.p(0), .p1 = children.p(1), .q0 = children.q(0), .q1 = children.q(1)};
    if (l > 0) {
      const Fe lambda = channel.challenge("lookup lambda");
      opening =
          prove_layer(channel, layers[l].p, layers[l].q, children, lambda, claims.p + lambda * claims.q, claims.point);
    }
    layers[l] = {};
    const auto first = channel.send_product("lookup p0", opening.p0, "lookup q1", opening.q1);
    const auto second = channel.send_product("lookup p1", opening.p1, "lookup q0", opening.q0);
    static_cast<void>(channel.pads().copied_triple(second.second, first.second));
    const Fe r = channel.challenge("lookup r");
    claims.p = opening.p0 + r * (opening.p1 - opening.p0);
    claims.q = opening.q0 + r * (opening.q1 - opening.q0);
    claims.point = std::move(opening.point);
    claims.point.insert(claims.point.begin(), r);
  }
  return claims;
}

}  // namespace

LeafValues prove_grand_sum(hiding::ProverChannel& channel, FpCSpan p, FeCSpan q) {
  ZKI_CHECK_EQ(p.size(), q.size, "numerators and denominators of the leaves");
  return prove(channel, Children(p, q));
}
LeafValues prove_grand_sum(hiding::ProverChannel& channel, FeCSpan p, FeCSpan q) {
  ZKI_CHECK_EQ(p.size, q.size, "numerators and denominators of the leaves");
  return prove(channel, Children(p, q));
}
LeafValues prove_grand_sum(hiding::ProverChannel& channel, const LeafSource& leaves) {
  return prove(channel, Children(leaves));
}

}  // namespace zkinfer::lookup
