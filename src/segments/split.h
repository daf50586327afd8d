// SPDX-License-Identifier: Apache-2.0
// An integer program cut into segments that are programs of their own. A cut before node i puts the nodes below i on one side; the
// tensors that cross are outputs of the segment that makes them and inputs of every later one that reads them. The first segment
// takes the whole's inputs and the last gives its outputs: what another one reads or makes of these is carried along, since an
// output may be an input. A parameter is in every segment that reads it.
#pragma once

#include <cstdint>
#include <vector>

#include "qir/qgraph.h"
#include "zkinfer/formats.h"
#include "zkinfer/status.h"

namespace zkinfer::segments {

struct Segment {
  qir::QGraph graph;                 // valid; of the whole's name
  std::vector<qir::ValueId> origin;  // by its own value: the whole's
};

// A boundary is a tensor that crosses. They are numbered by the segment that gives them, in the order of its outputs.
struct Split {
  std::vector<Segment> segments;
  std::vector<std::vector<std::uint32_t>>
      reads;  // [segment][input]: which boundary it is, ascending; none for the first
};

// Node indices in (0, number of nodes), ascending, fewer than kMaxSegments; none: not cut. corrupt.
Status check_cuts(const qir::QGraph& graph, const std::vector<std::uint32_t>& cuts);
// graph is valid and cuts are none of none. Errors: a segment that takes or gives nothing.
Result<Split> split(const qir::QGraph& graph, const std::vector<std::uint32_t>& cuts);

// The whole again, for people and for questions about structure: what `split` made of it, in one graph, where parameters that several
// segments read are there several times. reads as in Split.
qir::QGraph join(const std::vector<const qir::QGraph*>& segments, const std::vector<std::vector<std::uint32_t>>& reads);

}  // namespace zkinfer::segments
