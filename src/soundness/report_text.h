// SPDX-License-Identifier: Apache-2.0
// The analysis for people: what each term stands for, as a table or as JSON. No verdict depends on it.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "soundness/analyze.h"

namespace zkinfer::soundness {

struct TermText {
  std::string formula;            // with the numbers that were put in
  std::string source;             // where the bound comes from
  bool rests_on_johnson = false;  // whether it needs mutual correlated agreement up to the Johnson radius (BCHKS25)
};
// By the label of the term: one for every term of analyze().
std::map<std::string, TermText> term_texts(const pcs::OpeningParams& params, const OuterShape& shape);

// One proof of several that a statement needs together: a segment of a model that is cut.
struct ReportPart {
  const pcs::OpeningParams& params;
  const OuterShape& shape;
};

// A table, one line per term. Of several parts a term is that of the part where it is worst, which is said with it; rounds and sums
// are those of all parts.
std::string report_text(const std::vector<ReportPart>& parts);
// One JSON object: target_bits, bits, union_bits, hiding_bits, segments, weakest, terms, hiding_terms. An infinite number of bits
// is null.
std::string report_json(const std::vector<ReportPart>& parts);
inline std::string report_text(const pcs::OpeningParams& params, const OuterShape& shape) {
  return report_text({{params, shape}});
}
inline std::string report_json(const pcs::OpeningParams& params, const OuterShape& shape) {
  return report_json({{params, shape}});
}

}  // namespace zkinfer::soundness
