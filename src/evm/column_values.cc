// SPDX-License-Identifier: Apache-2.0
#include "evm/column_values.h"

#include <algorithm>

namespace zkinfer::evm {

namespace {

constexpr Reg kNothing = ~Reg{0};
constexpr int kMaxTableBits = 10;
constexpr int kLeastSplitBits = 6;

}  // namespace

ColumnValues::ColumnValues(const verifier::PreparedKey& prepared, const Inputs& inputs, ProgramWriter& out)
    : prepared_(prepared),
      inputs_(inputs),
      point_complements_(out.complement(inputs.leaf, inputs.leaf_bits + inputs.tau_bits + inputs.num_rounds)),
      index_complements_(out.complement(inputs.index, inputs.index_bits)),
      out_(out) {
  const std::vector<pcs::BaseOracle> bases = prepared.key.params.bases();
  const std::size_t first_data = prepared.key.params.has_model ? 1 : 0;
  for (std::size_t i = 0; i < bases.size(); ++i) {
    circuit::Oracle oracle = circuit::Oracle::kWitness;
    if (i < first_data) {
      oracle = circuit::Oracle::kModel;
    } else if (i + 1 < bases.size()) {
      oracle = circuit::data_oracle(i - first_data);
    }
    bases_[oracle] = {inputs.lanes[i], bases[i].offset};
  }
}

void ColumnValues::add(circuit::ColumnId column, const BoxVectors& vectors, const Linear& coef) {
  Linear& sum = terms_[{column, vectors}];
  for (const auto& [reg, x] : coef) add_to(sum, reg, x);
}

Reg ColumnValues::sum() {
  std::set<std::pair<int, std::uint64_t>> prefixes;
  const int bits = static_cast<int>(inputs_.index_bits);
  for (const auto& [term, coef] : terms_) {
    const circuit::Oracle oracle = prepared_.compiled.circuit.columns[term.first].oracle;
    for (const circuit::PlacedBlock& placed : prepared_.layouts.of(oracle).columns[term.first].blocks) {
      const int low = placed.block.log_size();
      prefixes.emplace(bits - low, (bases_.at(oracle).second + placed.row) >> low);
    }
  }
  expect_prefixes(inputs_.index, bits, prefixes);
  std::vector<std::pair<Reg, Reg>> products;
  for (const auto& [term, coef] : terms_) {
    const Reg value = value_of(term.first, term.second);
    if (value != kNothing && !coef.empty()) products.emplace_back(out_.linear(coef), value);
  }
  return out_.dot(std::move(products));
}

// 1 - r for the point of `bits` registers at `src`.
Reg ColumnValues::complements_of(Reg src, int bits) {
  if (src >= inputs_.public_values) return out_.complement(src, static_cast<std::size_t>(bits));
  return src >= inputs_.index ? index_complements_ + (src - inputs_.index) : point_complements_ + (src - inputs_.leaf);
}

Reg ColumnValues::prefix(Reg src, int bits, int low, std::uint64_t at) {
  Reg product = kOne;
  int first = bits;
  if (const auto known = tables_.find(src); known != tables_.end() && bits - low >= known->second.first) {
    first -= known->second.first;
    product = known->second.second + static_cast<Reg>(at >> first);
  }
  if (first == low) return product;
  const Reg zeros = complements_of(src, bits);
  for (int bit = first; bit-- > low;) {
    const auto i = static_cast<Reg>(bits - 1 - bit);
    product = out_.mul(product, ((at >> bit & 1) != 0 ? src : zeros) + i);
  }
  return product;
}

void ColumnValues::expect_prefixes(Reg src, int bits, const std::set<std::pair<int, std::uint64_t>>& prefixes) {
  for (int high = std::min(bits, kMaxTableBits); high > 1; --high) {
    std::set<std::uint64_t> distinct;
    for (const auto& [length, prefix] : prefixes) {
      if (length >= high) distinct.insert(prefix >> (length - high));
    }
    if (2 * distinct.size() < std::size_t{1} << high) continue;
    tables_[src] = {high, out_.eq(src, high, std::uint64_t{1} << high)};
    return;
  }
}

bool ColumnValues::misses(const AxisVector& vector, std::uint64_t begin, std::uint64_t end) const {
  begin = std::max(begin, vector.begin);
  end = std::min(end, vector.end());
  if (begin >= end) return true;
  const auto known = supports_.find(vector);
  if (known == supports_.end()) return false;
  const auto at = known->second.lower_bound(begin);
  return at == known->second.end() || *at >= end;
}

// As argument::FunctionalValue::factor: sum_{i in the piece} vector[i] eq(the piece's address bits, i - piece.begin).
Reg ColumnValues::factor(const AxisVector& vector, const circuit::AxisPiece& piece, int position) {
  const std::uint64_t begin = std::max(piece.begin, vector.begin);
  const std::uint64_t end = std::min(piece.begin + piece.length, vector.end());
  const Reg address = inputs_.index + static_cast<Reg>(static_cast<int>(inputs_.index_bits) - position - piece.bits);
  const std::uint64_t first = begin - vector.begin;
  if (vector.is_eq && begin == piece.begin && vector.bits >= piece.bits && first >> piece.bits << piece.bits == first) {
    const int high = vector.bits - piece.bits;
    const Reg low = out_.eq_dot(vector.src + static_cast<Reg>(high), address, piece.bits, end - begin);
    return out_.mul(low, prefix(vector.src, high, 0, first >> piece.bits));
  }
  const Reg values = vector.is_eq ? out_.eq(vector.src, vector.bits, vector.length) : vector.src;
  const auto n = static_cast<std::size_t>(end - begin);
  if (begin == piece.begin && piece.bits >= kLeastSplitBits)
    return long_factor(values + static_cast<Reg>(first), n, address, piece.bits);
  const Reg eq = out_.eq(address, piece.bits, std::uint64_t{1} << piece.bits);
  return out_.vector_dot(values + static_cast<Reg>(first), eq + static_cast<Reg>(begin - piece.begin), n);
}

// sum_{i < n} r[values + i] eq(r[address ..], i): the low bits of i first, so that no table of all of them is needed.
Reg ColumnValues::long_factor(Reg values, std::size_t n, Reg address, int bits) {
  const int low = (bits + 1) / 2;
  const std::size_t run = std::size_t{1} << low, runs = n / run, rest = n % run;
  const Reg eq_low = out_.eq(address + static_cast<Reg>(bits - low), low, run);
  const Reg eq_high = out_.eq(address, bits - low, (n + run - 1) / run);
  std::vector<std::pair<Reg, Reg>> products;
  if (runs > 0) products.emplace_back(kOne, out_.vector_dot(out_.vector_dot(eq_low, values, run, runs), eq_high, runs));
  if (rest > 0) {
    const Reg last = out_.vector_dot(eq_low, values + static_cast<Reg>(runs * run), rest);
    products.emplace_back(eq_high + static_cast<Reg>(runs), last);
  }
  return out_.dot(std::move(products));
}

Reg ColumnValues::value_of(circuit::ColumnId column, const BoxVectors& vectors) {
  const circuit::Oracle oracle = prepared_.compiled.circuit.columns[column].oracle;
  const circuit::ColumnLayout& layout = prepared_.layouts.of(oracle).columns[column];
  const auto& [lanes, offset] = bases_.at(oracle);
  std::vector<std::pair<Reg, Reg>> products;
  for (const circuit::PlacedBlock& placed : layout.blocks) {
    const std::vector<circuit::AxisPiece>& pieces = placed.block.pieces;
    bool is_zero = false;
    for (std::size_t axis = 0; axis < pieces.size() && !is_zero; ++axis)
      is_zero = misses(vectors[axis], pieces[axis].begin, pieces[axis].begin + pieces[axis].length);
    if (is_zero) continue;
    Reg product = kOne;
    int position = 0;
    for (std::size_t k = layout.cuts.order.size(); k-- > 0;) {
      const std::uint32_t axis = layout.cuts.order[k];
      product = out_.mul(product, factor(vectors[axis], pieces[axis], position));
      position += pieces[axis].bits;
    }
    const Reg above = prefix(inputs_.index, static_cast<int>(inputs_.index_bits), position, offset + placed.row);
    products.emplace_back(out_.mul(lanes + placed.lane, above), product);
  }
  return products.empty() ? kNothing : out_.dot(std::move(products));
}

}  // namespace zkinfer::evm
