// SPDX-License-Identifier: Apache-2.0
#include "quant/table_pool.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>
#include <optional>
#include <utility>

#include "quant/pieces.h"

namespace zkinfer::quant {

std::uint8_t log_rows(std::int64_t lo, std::int64_t hi) {
  return static_cast<std::uint8_t>(std::bit_width(static_cast<std::uint64_t>(hi - lo)));
}

std::string bits_text(double x) { return std::to_string(std::bit_cast<std::uint64_t>(x)); }

const qir::Table* CurveTables::find(const std::string& request) const {
  const auto found = known_.find(request);
  return found == known_.end() ? nullptr : &found->second;
}

void CurveTables::keep(const std::string& request, const qir::Table& table) {
  constexpr std::size_t kMostBytes = std::size_t{256} << 20;
  num_bytes_ += (table.values.size() + table.slopes.size()) * sizeof(std::int32_t);
  if (num_bytes_ > kMostBytes) {
    known_.clear();
    num_bytes_ = 0;
    return;
  }
  known_.emplace(request, table);
}

double CurveTables::slope(const std::string& curve, const std::function<double()>& make) {
  const auto found = slopes_.find(curve);
  return found != slopes_.end() ? found->second : slopes_.emplace(curve, make()).first->second;
}

std::size_t TablePool::want_range(std::int64_t lo, std::int64_t hi) {
  requests_.push_back({"range", qir::TableKind::kRange, 0, 0, lo, hi, {}});
  return requests_.size() - 1;
}

std::size_t TablePool::want_clamp(std::int64_t clamp_lo, std::int64_t clamp_hi, std::int64_t lo, std::int64_t hi) {
  requests_.push_back({"clamp " + std::to_string(clamp_lo) + " " + std::to_string(clamp_hi),
                       qir::TableKind::kClamp,
                       clamp_lo,
                       clamp_hi,
                       lo,
                       hi,
                       {}});
  return requests_.size() - 1;
}

std::size_t TablePool::want_function(std::string name, std::function<std::int32_t(std::int64_t)> function,
                                     std::int64_t lo, std::int64_t hi) {
  requests_.push_back({"function " + std::move(name), qir::TableKind::kExplicit, 0, 0, lo, hi, std::move(function)});
  return requests_.size() - 1;
}

std::size_t TablePool::want_curve(std::string name, std::function<double(std::int64_t)> curve, std::int64_t lo,
                                  std::int64_t hi, std::int64_t num_elements) {
  // Apart from lists of the same function: pieces are no list.
  const std::size_t request = want_function("by curve " + std::move(name), {}, lo, hi);
  requests_[request].curve = std::move(curve);
  requests_[request].num_elements = num_elements;
  return request;
}

qir::Table TablePool::make(const Request& request) const {
  qir::Table table;
  table.kind = request.kind;
  table.log_size = log_rows(request.lo, request.hi);
  table.clamp_lo = request.clamp_lo;
  table.clamp_hi = request.clamp_hi;
  // The rows beyond the needed domain go to its far side; Softmax needs its domain to end at hi.
  table.first = request.hi - table.num_rows() + 1;
  if (request.kind != qir::TableKind::kExplicit) return table;
  table.values.reserve(static_cast<std::size_t>(table.num_rows()));
  if (!request.curve) {
    for (std::int64_t x = table.first; x <= request.hi; ++x)
      table.values.push_back(request.function(std::max(x, request.lo)));
    return table;
  }
  std::vector<double> curve;
  curve.reserve(static_cast<std::size_t>(table.num_rows()));
  for (std::int64_t x = table.first; x <= request.hi; ++x) {
    curve.push_back(request.curve(std::max(x, request.lo)));
    table.values.push_back(static_cast<std::int32_t>(std::floor(curve.back() + 0.5)));
  }
  std::optional<qir::Table> pieces = fit_pieces(table, curve, request.num_elements);
  return pieces ? std::move(*pieces) : table;
}

qir::Table TablePool::make_curve(const Request& request) const {
  const std::string asked = request.key + " " + std::to_string(request.lo) + " " + std::to_string(request.hi) + " " +
                            std::to_string(request.num_elements);
  if (const qir::Table* known = known_->find(asked)) return *known;
  qir::Table table = make(request);
  known_->keep(asked, table);
  return table;
}

std::vector<std::int32_t> TablePool::build(std::vector<qir::Table>& tables) const {
  std::vector<std::size_t> order(requests_.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return requests_[a].hi - requests_[a].lo > requests_[b].hi - requests_[b].lo;
  });
  std::vector<Request> merged;
  std::unordered_map<std::string, std::vector<std::size_t>> of_key;  // places in merged
  std::vector<std::int32_t> index(requests_.size());
  for (const std::size_t i : order) {
    const Request& request = requests_[i];
    std::vector<std::size_t>& places = of_key[request.key];
    const auto place = std::find_if(places.begin(), places.end(), [&](std::size_t at) {
      const Request& other = merged[at];
      const std::uint8_t together = log_rows(std::min(other.lo, request.lo), std::max(other.hi, request.hi));
      const std::int64_t apart =
          (std::int64_t{1} << log_rows(other.lo, other.hi)) + (std::int64_t{1} << log_rows(request.lo, request.hi));
      return (std::int64_t{1} << together) <= apart;
    });
    if (place == places.end()) {
      index[i] = static_cast<std::int32_t>(merged.size());
      places.push_back(merged.size());
      merged.push_back(request);
      continue;
    }
    Request& home = merged[*place];
    home.num_elements += request.num_elements;
    home.lo = std::min(home.lo, request.lo);
    home.hi = std::max(home.hi, request.hi);
    index[i] = static_cast<std::int32_t>(*place);
  }
  for (const Request& request : merged)
    tables.push_back(known_ != nullptr && request.curve ? make_curve(request) : make(request));
  return index;
}

}  // namespace zkinfer::quant
