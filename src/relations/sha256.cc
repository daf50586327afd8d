// SPDX-License-Identifier: Apache-2.0
#include "relations/sha256.h"

#include <algorithm>

#include "hash/sha256.h"
#include "statement/canonical_bytes.h"

namespace zkinfer::relations {

using circuit::View;

std::uint64_t sha256_blocks(std::uint64_t num_bytes) { return (num_bytes + 8) / kSha256BlockBytes + 1; }

std::uint64_t sha256_lookups_per_word(std::uint64_t num_blocks) {
  // Two tables of 2^16 rows against 8 * (64 + 48) lookups a block.
  return num_blocks < 150 ? 16 : 8;
}

namespace {

constexpr int kWordBits = 32;
constexpr std::int64_t kWord = std::int64_t{1} << kWordBits;

AxisMap axis(std::uint32_t box_axis, std::int64_t offset = 0, std::int64_t stride = 1) {
  return {offset, {{box_axis, stride}}, {}};
}

// What a key's digit is made of: one operand's bit at a position, with its weight in the digit.
struct Operand {
  bool shifted;      // else rotated
  int distance;      // to the right
  std::int64_t row;  // of the bit column, for round 0
  int weight;
};

// The three rotations of a row at one weight, then the row and the two before it as they are.
std::vector<Operand> round_operands(std::int64_t row, std::array<int, 3> rotations, int weight,
                                    std::array<int, 3> plain_weights) {
  std::vector<Operand> out;
  for (const int distance : rotations) out.push_back({false, distance, row, weight});
  for (const int plain : plain_weights) out.push_back({false, 0, row--, plain});
  return out;
}

// A table of functions of bits, one digit per position of a word.
struct Lookups {
  std::string name;
  std::vector<Operand> operands;
  int digit_bits;
  int (*value)(int digit);  // of one position
  std::uint64_t num_rounds;
};

int parity(int sum) { return sum & 1; }

// 8 (sum of the three rotations) + 4 e + 2 f + g.
int choice_value(int digit) { return parity(digit >> 3) + ((digit & 4) != 0 ? digit >> 1 & 1 : digit & 1); }
// 4 (sum of the three rotations) + a + b + c.
int majority_value(int digit) { return parity(digit >> 2) + ((digit & 3) >= 2 ? 1 : 0); }
// 4 (sum of sigma0's three) + (sum of sigma1's three).
int schedule_value(int digit) { return parity(digit >> 2) + parity(digit & 3); }

class Sha256Circuit {
 public:
  Sha256Circuit(Builder& builder, qir::ValueId id)
      : builder_(builder),
        id_(id),
        value_(builder.value(id)),
        tensor_(without_unit_atoms(builder.tensor(id))),
        format_(statement::entry_format(value_.lo, value_.hi)),
        num_bytes_(static_cast<std::uint64_t>(value_.shape.num_elements()) * format_.num_bytes),
        num_blocks_(sha256_blocks(num_bytes_)),
        name_(value_.name + " sha256") {}

  void add() {
    add_columns();
    add_booleanity();
    add_lookups();
    add_rounds();
    add_states();
    add_message();
  }

 private:
  ColumnId add_column(const char* what, Sha256Column column, std::vector<std::uint64_t> shape) {
    const ColumnId id = builder_.add_column(name_ + " " + what, circuit::Oracle::kWitness, std::move(shape));
    builder_.recipes().sha256(id, column, tensor_.expr, tensor_.atoms, format_.num_bytes);
    return id;
  }

  void add_columns() {
    const std::uint64_t per_word = sha256_lookups_per_word(num_blocks_);
    bits_ = add_column("bits", Sha256Column::kBits, {num_blocks_, kWordBits, kSha256Rows});
    choice_ = add_column("choice", Sha256Column::kChoice, {num_blocks_, kWordBits / 2, kSha256Rounds});
    majority_ = add_column("majority", Sha256Column::kMajority, {num_blocks_, per_word, kSha256Rounds});
    schedule_ = add_column("schedule", Sha256Column::kSchedule, {num_blocks_, per_word, kSha256Rounds - 16});
    carries_ = add_column("carries", Sha256Column::kCarries, {num_blocks_, kSha256Carries});
    digest_ = add_column("digest", Sha256Column::kDigest, {1, 8});
    std::vector<std::int64_t> powers, rounds(kSha256Constants.begin(), kSha256Constants.end());
    for (int k = 0; k < kWordBits; ++k) powers.push_back(std::int64_t{1} << k);
    powers_ = builder_.constant_column("powers of two", {kWordBits}, std::move(powers));
    constants_ = builder_.constant_column("sha256 round constants", {kSha256Rounds}, std::move(rounds));
    start_ = builder_.constant_column("sha256 start", {1, 8}, {kSha256Start.begin(), kSha256Start.end()});
  }

  void add_booleanity() {
    const LinExpr bits = builder_.whole(bits_);
    builder_.add_pointwise(name_ + " bits", builder_.columns()[bits_].shape, bits, bits, bits);
  }

  // Boxes [N, L, rounds]: entry i of a word stands for the bits i, i + L, .., digit j of the key for bit i + j L.
  void add_lookups() {
    const std::int64_t a = kSha256FirstA + 3, e = kSha256FirstE + 3, w = kSha256FirstW;
    add_lookup({"choice", round_operands(e, {6, 11, 25}, 8, {4, 2, 1}), 5, choice_value, kSha256Rounds}, choice_);
    add_lookup({"majority", round_operands(a, {2, 13, 22}, 4, {1, 1, 1}), 4, majority_value, kSha256Rounds}, majority_);
    const std::vector<Operand> small = {{false, 7, w + 1, 4},   {false, 18, w + 1, 4},  {true, 3, w + 1, 4},
                                        {false, 17, w + 14, 1}, {false, 19, w + 14, 1}, {true, 10, w + 14, 1}};
    add_lookup({"schedule", small, 4, schedule_value, kSha256Rounds - 16}, schedule_);
  }

  void add_lookup(const Lookups& lookups, ColumnId out) {
    const Box box = builder_.columns()[out].shape;
    const int length = static_cast<int>(box[1]);
    const int num_digits = kWordBits / length;
    LinExpr key;
    for (int digit = 0; digit < num_digits; ++digit) {
      for (const Operand& operand : lookups.operands) {
        const std::int64_t weight = static_cast<std::int64_t>(operand.weight) << (lookups.digit_bits * digit);
        const int first = length * digit + operand.distance;
        // Reads beyond bit 31 are zeros; a rotation reads what is left from bit 0 on.
        const auto read = [&](int offset) {
          if (offset >= kWordBits || offset + length <= 0) return;
          key.views.push_back({bits_, Fp::from_int(weight), {axis(0), axis(1, offset), axis(2, operand.row)}});
        };
        read(operand.shifted ? first : first % kWordBits);
        if (!operand.shifted) read(first % kWordBits - kWordBits);
      }
    }
    const int log_size = lookups.digit_bits * num_digits;
    std::vector<std::int32_t> values(std::size_t{1} << log_size);
    for (std::size_t row = 0; row < values.size(); ++row) {
      for (int digit = 0; digit < num_digits; ++digit) {
        const auto bits =
            static_cast<int>(row >> (lookups.digit_bits * digit) & ((std::size_t{1} << lookups.digit_bits) - 1));
        values[row] += lookups.value(bits) << (length * digit);
      }
    }
    builder_.add_lookup(name_ + " " + lookups.name, box, builder_.explicit_table(log_size, std::move(values)),
                        {std::move(key), builder_.whole(out)});
  }

  View bit_rows(std::int64_t coef, std::int64_t row) const {
    return {bits_, Fp::from_int(coef), {axis(0), axis(2), axis(1, row)}};
  }
  // Entry k of a column of sums stands for bit k; beyond its length it reads 0.
  View sums(std::int64_t coef, ColumnId column) const {
    return {column, Fp::from_int(coef), {axis(0), axis(2), axis(1)}};
  }
  View carry(std::size_t first) const {
    return {carries_, Fp::from_int(-kWord), {axis(0), axis(1, static_cast<std::int64_t>(first))}};
  }

  // sum_k 2^k terms_k = y over [N, rounds].
  void add_equation(const std::string& what, std::uint64_t num_rounds, std::vector<View> terms, LinExpr y) {
    BoxBuilder b;
    b.add({num_blocks_, num_rounds}, AxisRole::kA);
    b.add({kWordBits}, AxisRole::kK);
    builder_.add_contraction({name_ + " " + what,
                              b.box,
                              b.roles,
                              std::move(y),
                              {Fp(), std::move(terms)},
                              {Fp(), {{powers_, Fp(1), {axis(2)}}}}});
  }

  void add_rounds() {
    const std::int64_t a = kSha256FirstA, e = kSha256FirstE, w = kSha256FirstW;
    // e_new = d + h + Sigma1(e) + Ch(e, f, g) + K_t + w_t and a_new = e_new - d + Sigma0(a) + Maj(a, b, c), mod 2^32.
    add_equation("new e", kSha256Rounds,
                 {bit_rows(1, e + 4), bit_rows(-1, a), bit_rows(-1, e), sums(-1, choice_), bit_rows(-1, w)},
                 {Fp(), {{constants_, Fp(1), {axis(1)}}, carry(0)}});
    add_equation("new a", kSha256Rounds, {bit_rows(1, a + 4), bit_rows(-1, e + 4), bit_rows(1, a), sums(-1, majority_)},
                 {Fp::from_int(kWord), {carry(kSha256CarryA)}});
    add_equation("next w", kSha256Rounds - 16,
                 {bit_rows(1, w + 16), sums(-1, schedule_), bit_rows(-1, w + 9), bit_rows(-1, w)},
                 {Fp(), {carry(kSha256CarryW)}});
    const Box box = builder_.columns()[carries_].shape;
    // Seven is the most an honest carry needs room for; any bound below 2^30 keeps the equations from wrapping.
    builder_.add_nonnegative_check(name_ + " carries", box, builder_.whole(carries_), 7, kMaxRangeBits);
  }

  // Box [N + 1, 2, 4, 32]: point n, s, r is row r of a (s = 0) or e (s = 1) at the start of block n; block N is the digest's.
  void add_states() {
    const std::int64_t first_e = kSha256FirstE;
    const auto state = [&](std::int64_t coef, std::int64_t block, std::int64_t row) {
      return View{bits_, Fp::from_int(coef), {axis(0, block), axis(3), {row, {{1, first_e}, {2, 1}}, {}}}};
    };
    // Word of the hash value that row r of s holds: 4 s + 3 - r.
    const AxisMap word = {3, {{1, 4}, {2, -1}}, {}};
    const View start{start_, Fp(1), {axis(0), word}};
    const View digest{digest_, Fp::from_int(-1), {axis(0, -static_cast<std::int64_t>(num_blocks_)), word}};
    const View carries{carries_,
                       Fp::from_int(-kWord),
                       {axis(0, -1), {static_cast<std::int64_t>(kSha256CarryState), {{1, 4}, {2, 1}}, {}}}};
    BoxBuilder b;
    b.add({num_blocks_ + 1, 2, 4}, AxisRole::kA);
    b.add({kWordBits}, AxisRole::kK);
    builder_.add_contraction({name_ + " state",
                              b.box,
                              b.roles,
                              {Fp(), {start, digest, carries}},
                              {Fp(), {state(1, 0, 0), state(-1, -1, 0), state(-1, -1, kSha256Rounds)}},
                              {Fp(), {{powers_, Fp(1), {axis(3)}}}}});
    builder_.add_public_tensor(
        {id_, {8}, {Fp(), {{digest_, Fp(1), {{}, axis(0)}}}}, circuit::PublicTensor::Source::kDigest});
  }

  // The padding, as numbers of unit_bytes bytes like the message before it.
  std::vector<std::int64_t> padding_units(std::size_t unit_bytes, bool is_signed) const {
    const Bytes bytes = sha256_padding(num_bytes_);
    std::vector<std::int64_t> out(bytes.size() / unit_bytes);
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      out[i / unit_bytes] |= static_cast<std::int64_t>(bytes[i]) << (8 * (i % unit_bytes));
    }
    const std::int64_t modulus = std::int64_t{1} << (8 * unit_bytes);
    for (std::int64_t& x : out) {
      if (is_signed && x >= modulus / 2) x -= modulus;
    }
    return out;
  }

  // The message is cut in units of 1, 2 or 4 bytes: entries, or halves of entries of 8 bytes.
  void add_message() {
    const std::size_t unit_bytes = std::min<std::size_t>(format_.num_bytes, 4);
    const bool is_signed = format_.is_signed && format_.num_bytes == unit_bytes;
    const std::uint64_t num_units = num_bytes_ / unit_bytes;
    const ColumnId words = add_column("words", Sha256Column::kWords, {num_units});
    const std::vector<std::int64_t> padding = padding_units(unit_bytes, is_signed);
    const ColumnId padding_column = builder_.constant_column(name_ + " padding", {padding.size()}, padding);
    // Little-endian units in big-endian words: byte j of unit u of a word has the bits from 24 - 8 (u * unit_bytes + j) on.
    std::vector<std::int64_t> weights;
    for (std::size_t k = 0; k < 8 * unit_bytes; ++k) weights.push_back(std::int64_t{1} << k);
    if (is_signed) weights.back() = -weights.back();
    const ColumnId weights_column = builder_.constant_column(name_ + " unit", {weights.size()}, weights);
    const auto bytes = static_cast<std::int64_t>(unit_bytes);
    BoxBuilder b;
    b.add({num_blocks_, 16, 4 / unit_bytes}, AxisRole::kA);
    b.add({unit_bytes, 8}, AxisRole::kK);
    const View bits{bits_, Fp(1), {axis(0), {24, {{2, -8 * bytes}, {3, -8}, {4, 1}}, {}}, axis(1, kSha256FirstW)}};
    const View weight{weights_column, Fp(1), {{0, {{3, 8}, {4, 1}}, {}}}};
    AxisMap unit = mixed_radix(0, {num_blocks_, 16, 4 / unit_bytes});
    const View word{words, Fp(1), {unit}};
    unit.offset = -static_cast<std::int64_t>(num_units);
    const View pad{padding_column, Fp(1), {unit}};
    builder_.add_contraction(
        {name_ + " message", b.box, b.roles, {Fp(), {word, pad}}, {Fp(), {bits}}, {Fp(), {weight}}});
    add_entries(words, unit_bytes);
  }

  // Ties the units to the tensor.
  void add_entries(ColumnId words, std::size_t unit_bytes) {
    const Box& box = tensor_.atoms;
    const auto per_entry = static_cast<std::int64_t>(format_.num_bytes / unit_bytes);
    const AxisMap index = mixed_radix(0, box, per_entry);
    LinExpr entry{Fp(), {{words, Fp(1), {index}}}};
    if (per_entry == 2) {
      // High half h in [0, 2^32), entry = low + 2^32 (h - 2^32 sign): a range of 2^31 numbers for h - 2^32 sign leaves one sign
      // and, as 2^63 < p, one pair of halves.
      AxisMap high_index = index;
      high_index.offset = 1;
      LinExpr high{Fp(), {{words, Fp(1), {high_index}}}};
      entry = circuit::plus(std::move(entry), circuit::scaled(high, kWord));
      if (format_.is_signed) {
        const LinExpr sign = builder_.add_witness(name_ + " sign", box);
        builder_.recipes().limb(Builder::column_of(sign), tensor_.expr, box, 63, 1);
        builder_.add_range_check(name_ + " sign", box, sign, 1);
        high = circuit::minus(high, circuit::scaled(sign, kWord));
        // 2^64 = 2^32 - 1 in F.
        entry = circuit::minus(entry, circuit::scaled(sign, kWord - 1));
      }
      builder_.add_range_check(name_ + " high half", box,
                               circuit::plus_constant(high, format_.is_signed ? kWord / 4 : 0), 31);
    }
    builder_.add_equality(name_ + " entries", box, circuit::minus(entry, tensor_.expr));
  }

  Builder& builder_;
  const qir::ValueId id_;
  const qir::Value& value_;
  const Tensor tensor_;
  const statement::EntryFormat format_;
  const std::uint64_t num_bytes_;
  const std::uint64_t num_blocks_;
  const std::string name_;
  ColumnId bits_ = 0, choice_ = 0, majority_ = 0, schedule_ = 0, carries_ = 0, digest_ = 0;
  ColumnId powers_ = 0, constants_ = 0, start_ = 0;  // constants
};

}  // namespace

Status add_sha256(Builder& builder, qir::ValueId id) {
  Sha256Circuit(builder, id).add();
  return ok_status();
}

}  // namespace zkinfer::relations
