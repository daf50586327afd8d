// SPDX-License-Identifier: Apache-2.0
// The seam for other back ends (a GPU) in commitments and openings. Cut at the phases of the protocol: what a phase works
// on (coefficients, code words, v and u) stays where the back end keeps it; what crosses is what the transcript sees
// (roots, sums, opened rows), challenges, randomness, and, at the beginning, inputs. The protocol (opening_prover.cc) sends.
// argument/backend.h has the phases before the opening; the one implementation here is commit/pcs/cpu_backend.h.
//
// A back end must give the same bytes as the CPU's: every value here is exact. Where memory runs out it throws like
// operator new (base/out_of_memory.h).
#pragma once

#include <memory>
#include <vector>

#include "commit/pcs/opening.h"
#include "commit/pcs/oracle_prover.h"
#include "commit/pcs/weights.h"

namespace zkinfer::pcs {

class ProverHooks;

// h(s) = c0 + c1 s + c2 s^2; c0 follows from the claim.
struct RoundPolynomial {
  Fe c1;
  Fe c2;
};

// What the opening proves. The caller's transcript has absorbed the parameters, the roots, and all that mu and the
// functionals depend on.
struct OpeningStatement {
  struct Base {
    const WeightSource* weights = nullptr;  // null: the zero functional
    std::vector<PowerFunctional> powers;
  };
  std::vector<Base> bases;  // in the order of OpeningParams::bases()
  Fe mu;
};

struct OpeningOracles {
  std::vector<const CommittedOracle*> bases;  // in the order of OpeningParams::bases()
  const MaskOracle* mask = nullptr;           // null without zero knowledge
};

// What a fold ties to the claim beside the carried one: functionals added to u_i, each times its power of xi.
struct FoldTerms {
  struct OpenedRow {
    Fp point;  // u[range.begin + j] += coef point^j up to range.end
    Fe coef;
  };
  struct Opened {
    IndexRange range;
    std::vector<OpenedRow> rows;
  };
  // u[range.begin + j] += coef ratio^j up to range.end: entries that must be zero.
  struct Pinned {
    IndexRange range;
    Fe coef;
    Fe ratio;
  };
  Fe out_of_domain;  // times zeta^j at index j of e_i; of a fold only, zero at the end
  std::vector<Opened> opened;
  std::vector<Pinned> pinned;
};

// The vector v and the functional u of one opening, where the back end keeps them. In this order:
//   params.first_rounds() rounds; per fold: commit, evaluate, add, its log_lanes rounds; then vector, add, functional.
class Folding {
 public:
  virtual ~Folding() = default;
  // A round of the sumcheck of <v, u>: first over the lanes of the base oracles, highest bit first, then over the index
  // of v, lowest bit first. The last bind of a phase leaves the next v and u.
  virtual RoundPolynomial round() = 0;
  virtual void bind(const Fe& s) = 0;
  // g_i: e_i = (v_i, zeros up to the oracle's size, random rows), encoded. random: [num_lanes, num_random_coefs] of K.
  virtual std::shared_ptr<const RowSource> commit(FpCSpan random) = 0;
  // sum_j zeta^j e_i[j].
  virtual Fe evaluate(const Fe& zeta) = 0;
  virtual void add(const FoldTerms& terms) = 0;
  // The last v, params.final_size() entries, and u, 2^params.final_rounds() of them.
  virtual FeVec vector() const = 0;
  virtual FeVec functional() const = 0;
};

// Any number of threads may use one back end.
class Backend {
 public:
  virtual ~Backend() = default;
  // Encodes and hashes. The back end may keep the coefficients (RowSource::keeper) or leave them with the oracle.
  virtual CommittedOracle commit(LaneCoefs coefs) const = 0;
  // Oracles of this back end, or such whose coefficients are in this process's memory, whoever encoded them. All arguments
  // outlive the result. hooks: fold_vector and fold_codeword are the CPU's back end's to call; others have no use for them.
  virtual std::unique_ptr<Folding> begin_opening(const OpeningParams& params, const OpeningStatement& statement,
                                                 const OpeningOracles& oracles, ProverHooks& hooks) const = 0;
};

}  // namespace zkinfer::pcs
