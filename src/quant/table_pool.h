// SPDX-License-Identifier: Apache-2.0
// Lookup tables asked for by layers, merged where one table over the union of two domains has no more rows than two
// tables: every distinct table costs its rows once per proof.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <unordered_map>
#include <vector>

#include "qir/qgraph.h"

namespace zkinfer::quant {

// Rows of the power-of-two table that contains [lo, hi], as a log.
std::uint8_t log_rows(std::int64_t lo, std::int64_t hi);

// Of a number in a function's name: all its bits, so that no other number has the same.
std::string bits_text(double x);

// Tables of curves by what was asked for. A search lowers one network dozens of times, and a recurrent one has hundreds of curves,
// most of which stay as they are.
class CurveTables {
 public:
  const qir::Table* find(const std::string& request) const;
  void keep(const std::string& request, const qir::Table& table);
  // How steep a curve is, made when it is not known.
  double slope(const std::string& curve, const std::function<double()>& make);

 private:
  std::unordered_map<std::string, qir::Table> known_;
  std::unordered_map<std::string, double> slopes_;
  std::size_t num_bytes_ = 0;
};

class TablePool {
 public:
  // known: null, or what outlives the object.
  explicit TablePool(CurveTables* known = nullptr) : known_(known) {}
  // All return a request number, to be exchanged for a table index after build().
  std::size_t want_range(std::int64_t lo, std::int64_t hi);
  std::size_t want_clamp(std::int64_t clamp_lo, std::int64_t clamp_hi, std::int64_t lo, std::int64_t hi);
  // `name` identifies the function: requests with equal names may share a table.
  std::size_t want_function(std::string name, std::function<std::int32_t(std::int64_t)> function, std::int64_t lo,
                            std::int64_t hi);
  // Of a real function: y is `curve`, rounded, where the table is a list. Where it is long beside the elements that read it, linear
  // pieces within 1.25 of `curve` take its place if there are any.
  std::size_t want_curve(std::string name, std::function<double(std::int64_t)> curve, std::int64_t lo, std::int64_t hi,
                         std::int64_t num_elements);
  // Fills `tables`; result[request] is the request's table index.
  std::vector<std::int32_t> build(std::vector<qir::Table>& tables) const;

 private:
  struct Request {
    std::string key;
    qir::TableKind kind = qir::TableKind::kRange;
    std::int64_t clamp_lo = 0, clamp_hi = 0;
    std::int64_t lo = 0, hi = 0;                              // needed domain
    std::function<std::int32_t(std::int64_t)> function = {};  // of a list that is no curve's
    std::function<double(std::int64_t)> curve = {};
    std::int64_t num_elements = 0;
  };
  qir::Table make(const Request& request) const;
  qir::Table make_curve(const Request& request) const;
  CurveTables* known_;
  std::vector<Request> requests_;
};

}  // namespace zkinfer::quant
