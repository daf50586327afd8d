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

// The inner layers 0 .. n - 1 above 2^n leaves; layer l has 2^l nodes.
std::vector<Layer> build_layers(const Numerators& leaf_p, FeCSpan leaf_q, int log_leaves) {
  std::vector<Layer> layers(static_cast<std::size_t>(log_leaves));
  for (std::size_t l = layers.size(); l-- > 0;) {
    const std::size_t num_parents = std::size_t{1} << l;
    const bool above_leaves = l + 1 == layers.size();
    const Numerators p = above_leaves ? leaf_p : Numerators(layers[l + 1].p.span());
    const FeCSpan q = above_leaves ? leaf_q : layers[l + 1].q.span();
    layers[l] = {FeVec(num_parents), FeVec(num_parents)};
    parallel_for(num_parents, kRowsPerChunk, [&](std::size_t begin, std::size_t end) {
      build_parents(p, q, begin, end, layers[l].p, layers[l].q);
    });
  }
  return layers;
}

LeafValues prove(hiding::ProverChannel& channel, const Numerators& leaf_p, FeCSpan leaf_q) {
  ZKI_CHECK(std::has_single_bit(leaf_q.size), "2^n leaves");
  ZKI_CHECK_EQ(leaf_p.size(), leaf_q.size, "numerators and denominators of the leaves");
  const int log_leaves = std::countr_zero(leaf_q.size);
  std::vector<Layer> layers = build_layers(leaf_p, leaf_q, log_leaves);

  channel.send_clear("lookup root", log_leaves == 0 ? leaf_q.get(0) : layers[0].q.get(0));
  LeafValues claims{.point = {}, .p = leaf_p.get(0), .q = leaf_q.get(0)};
  for (std::size_t l = 0; l < layers.size(); ++l) {
    const bool above_leaves = l + 1 == layers.size();
    const Numerators p = above_leaves ? leaf_p : Numerators(layers[l + 1].p.span());
    const FeCSpan q = above_leaves ? leaf_q : layers[l + 1].q.span();
    LayerOpening opening{.point = {}, .p0 = p.get(0), .p1 = p.get(1), .q0 = q.get(0), .q1 = q.get(1)};
    if (l > 0) {
      const Fe lambda = channel.challenge("lookup lambda");
      opening =
          prove_layer(channel, layers[l].p, layers[l].q, p, q, lambda, claims.p + lambda * claims.q, claims.point);
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
  return prove(channel, Numerators(p), q);
}
LeafValues prove_grand_sum(hiding::ProverChannel& channel, FeCSpan p, FeCSpan q) {
  return prove(channel, Numerators(p), q);
}

}  // namespace zkinfer::lookup
