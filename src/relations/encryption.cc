// SPDX-License-Identifier: Apache-2.0
#include "relations/encryption.h"

#include <algorithm>

#include "hash/poseidon2.h"
#include "qir/packing.h"

namespace zkinfer::relations {

namespace {

using circuit::View;

constexpr std::size_t kSboxes = poseidon2::kSboxes;
constexpr std::size_t kLimbs = 10, kLimbBytes = 6, kShareLimbs = 5;
constexpr std::size_t kInputs = kSboxes + kLimbs + 1;  // of the linear layers: outputs of S-boxes, limbs, the counter

// A linear form of the inputs, and a constant.
struct Form {
  std::array<Fp, kInputs> coefs{};
  Fp constant;

  friend Form operator+(Form a, const Form& b) {
    for (std::size_t k = 0; k < kInputs; ++k) a.coefs[k] += b.coefs[k];
    a.constant += b.constant;
    return a;
  }
  friend Form operator*(Form a, Fp factor) {
    for (Fp& x : a.coefs) x *= factor;
    a.constant *= factor;
    return a;
  }
};

Form input_form(std::size_t k) {
  Form form;
  form.coefs[k] = Fp(1);
  return form;
}

// Of the inputs of all S-boxes, then of the numbers of a block.
std::vector<Form> permutation_forms(std::uint64_t nonce) {
  std::array<Form, poseidon2::kWidth> state;
  for (std::size_t limb = 0; limb < kLimbs; ++limb) state[limb] = input_form(kSboxes + limb);
  state[kLimbs].constant = Fp(nonce);
  state[kLimbs + 1] = input_form(kSboxes + kLimbs);
  std::vector<Form> forms;
  poseidon2::permute(state, [&](std::size_t number, const Form& x) {
    forms.push_back(x);
    forms.back().constant += poseidon2::kRoundConstants[number];
    return input_form(number);
  });
  forms.insert(forms.end(), state.begin(), state.begin() + kStreamNumbers);
  return forms;
}

AxisMap axis(std::uint32_t box_axis, std::int64_t offset = 0, std::int64_t stride = 1) {
  return {offset, {{box_axis, stride}}, {}};
}

// One chunk.
class Encryption {
 public:
  Encryption(Builder& builder, const EncryptionChunk& chunk, ColumnId share1, ColumnId share2)
      : builder_(builder), chunk_(chunk), blocks_(chunk.num_blocks), shares_{share1, share2} {}

  // The column of the stream.
  ColumnId add_stream() {
    const ColumnId counter = add_counter();
    const LinExpr x = add_power("S-box input", KeystreamColumn::kInput);
    const LinExpr square = add_power("S-box square", KeystreamColumn::kSquare);
    const LinExpr cube = add_power("S-box cube", KeystreamColumn::kCube);
    const LinExpr sixth = add_power("S-box sixth power", KeystreamColumn::kSixth);
    const LinExpr y = add_power("S-box output", KeystreamColumn::kOutput);
    const ColumnId stream = add_column("stream", KeystreamColumn::kStream, {kStreamNumbers * blocks_});
    const std::vector<Form> forms = permutation_forms(chunk_.nonce);
    const LinExpr inputs = linear_inputs(Builder::column_of(y), counter);
    add_linear("S-box inputs", std::span(forms).first(kSboxes), x, inputs);
    // Over (o, t).
    const LinExpr numbers{Fp(), {{stream, Fp(1), {{0, {{0, 1}, {1, kStreamNumbers}}, {}}}}}};
    add_linear("stream", std::span(forms).subspan(kSboxes), numbers, inputs);
    const Box box = {kSboxes, blocks_};
    builder_.add_pointwise("S-box square", box, square, x, x);
    builder_.add_pointwise("S-box cube", box, cube, square, x);
    builder_.add_pointwise("S-box sixth power", box, sixth, cube, cube);
    builder_.add_pointwise("S-box output", box, y, sixth, x);
    return stream;
  }

  // The chunk's part of one parameter.
  void add_ciphertext(const qir::PackedParam& param, ColumnId column, ColumnId stream) {
    const NumberRange numbers{chunk_.first_block * kStreamNumbers, (chunk_.first_block + blocks_) * kStreamNumbers};
    const std::uint64_t begin = std::max(param.first, numbers.begin);
    const std::uint64_t end = std::min(param.first + param.size, numbers.end);
    if (begin >= end) return;
    for (const qir::BoxPart& part : qir::box_parts(param.box, begin - param.first, end - param.first)) {
      Box box;
      std::vector<AxisMap> axes;
      AxisMap at;  // of the stream
      std::int64_t stride = 1, offset = 0;
      for (std::size_t i = param.box.size(); i-- > 0;) {
        offset += stride * static_cast<std::int64_t>(part.start[i]);
        stride *= static_cast<std::int64_t>(param.box[i]);
      }
      at.offset = static_cast<std::int64_t>(param.first) + offset - static_cast<std::int64_t>(numbers.begin);
      for (std::size_t i = 0; i < param.box.size(); ++i) {
        stride /= static_cast<std::int64_t>(param.box[i]);
        AxisMap map;
        map.offset = static_cast<std::int64_t>(part.start[i]);
        if (part.size[i] > 1) {
          const auto box_axis = static_cast<std::uint32_t>(box.size());
          map.terms.push_back({box_axis, 1});
          at.terms.push_back({box_axis, stride});
          box.push_back(part.size[i]);
        }
        axes.push_back(std::move(map));
      }
      LinExpr expr{Fp(), {{stream, Fp(1), {std::move(at)}}}};
      for (std::uint32_t i = 0; i < param.per_number; ++i) {
        const Fp weight(std::uint64_t{1} << (i * static_cast<std::uint32_t>(param.bits)));
        expr.views.push_back({column, weight, axes});
        expr.constant += weight * Fp::from_int(-param.base);
        if (!axes.empty()) axes[param.axis].offset += static_cast<std::int64_t>(param.part);
      }
      builder_.add_public_tensor({param.id, std::move(box), std::move(expr)});
    }
  }

 private:
  ColumnId add_column(const char* name, KeystreamColumn kind, Box shape) {
    const ColumnId id = builder_.add_column(name, circuit::Oracle::kWitness, std::move(shape));
    builder_.recipes().keystream(id, kind);
    return id;
  }
  LinExpr add_power(const char* name, KeystreamColumn kind) {
    return builder_.whole(add_column(name, kind, {kSboxes, blocks_}));
  }

  ColumnId add_counter() {
    const LinExpr counter = builder_.add_witness("counter", {blocks_, 1});
    const Box box = {blocks_, 1};
    LinExpr number{Fp(chunk_.first_block), {}};
    number.slopes.push_back({0, Fp(1)});
    builder_.recipes().expression(Builder::column_of(counter), number, box);
    builder_.add_equality("counter", box, circuit::minus(counter, number));
    return Builder::column_of(counter);
  }

  // Over (any, t, k): input k of block t. Reads beside the columns give 0.
  LinExpr linear_inputs(ColumnId y, ColumnId counter) const {
    LinExpr out{Fp(), {{y, Fp(1), {axis(2), axis(1)}}}};
    for (std::size_t share = 0; share < 2; ++share) {
      const auto first = static_cast<std::int64_t>(kSboxes + share * kShareLimbs);
      for (std::size_t byte = 0; byte < kLimbBytes; ++byte) {
        const auto at = static_cast<std::int64_t>(byte);
        out.views.push_back(
            {shares_[share], Fp(std::uint64_t{1} << (8 * byte)), {axis(2, at - kLimbBytes * first, kLimbBytes)}});
      }
    }
    out.views.push_back({counter, Fp(1), {axis(1), axis(2, -static_cast<std::int64_t>(kSboxes + kLimbs))}});
    return out;
  }

  // values, over (form, t), are the forms of the inputs.
  void add_linear(const std::string& name, std::span<const Form> forms, const LinExpr& values, const LinExpr& inputs) {
    std::vector<std::int64_t> matrix, constants;
    for (const Form& form : forms) {
      for (const Fp x : form.coefs) matrix.push_back(x.to_int());
      constants.push_back(form.constant.to_int());
    }
    const ColumnId matrix_column =
        builder_.constant_column(name + " matrix", {forms.size(), kInputs}, std::move(matrix));
    const ColumnId constant_column =
        builder_.constant_column(name + " constants", {forms.size()}, std::move(constants));
    BoxBuilder b;
    b.add({forms.size()}, AxisRole::kA);
    b.add({blocks_}, AxisRole::kB);
    b.add({kInputs}, AxisRole::kK);
    const LinExpr constant{Fp(), {{constant_column, Fp(1), {axis(0)}}}};
    builder_.add_contraction({name,
                              b.box,
                              b.roles,
                              circuit::minus(values, constant),
                              {Fp(), {{matrix_column, Fp(1), {axis(0), axis(2)}}}},
                              inputs});
  }

  Builder& builder_;
  const EncryptionChunk& chunk_;
  const std::uint64_t blocks_;
  const std::array<ColumnId, 2> shares_;
};

}  // namespace

NumberRange numbers_of(const EncryptionChunk& chunk, std::uint64_t num_numbers) {
  return {chunk.first_block * kStreamNumbers,
          std::min(num_numbers, (chunk.first_block + chunk.num_blocks) * kStreamNumbers)};
}

std::vector<std::uint64_t> encrypted_sizes(const qir::QGraph& graph, const EncryptionChunk& chunk) {
  const qir::Packing packing = qir::packing_of(graph);
  const NumberRange numbers = numbers_of(chunk, packing.num_numbers);
  std::vector<std::uint64_t> out;
  for (const qir::PackedParam& param : packing.params) {
    const std::uint64_t begin = std::max(param.first, numbers.begin);
    const std::uint64_t end = std::min(param.first + param.size, numbers.end);
    if (begin >= end) continue;
    for (const qir::BoxPart& part : qir::box_parts(param.box, begin - param.first, end - param.first))
      out.push_back(circuit::box_size(part.size));
  }
  return out;
}

Result<circuit::Circuit> Builder::build_encryption(const EncryptionChunk& chunk) && {
  tensors_.resize(graph_.values.size());
  std::map<qir::ValueId, ColumnId> params;
  for (qir::ValueId id = 0; id < graph_.values.size(); ++id) {
    // In the order of build(), so that the layout of M is the same.
    if (value(id).kind == qir::ValueKind::kParam) params[id] = add_param_column(id, circuit::Oracle::kModel);
  }
  for (const qir::ValueId id : graph_.inputs) {
    tensors_[id] = shape_only(value(id).shape);
    tensors_[id].expr = add_witness(value(id).name, tensors_[id].atoms);
    recipes().value(column_of(tensors_[id].expr), id);
  }
  Encryption encryption(*this, chunk, column_of(tensors_[graph_.inputs[0]].expr),
                        column_of(tensors_[graph_.inputs[1]].expr));
  const ColumnId stream = encryption.add_stream();
  for (const qir::PackedParam& param : qir::packing_of(graph_).params)
    encryption.add_ciphertext(param, params[param.id], stream);
  for (const qir::ValueId id : graph_.inputs) ZKI_RETURN_IF_ERROR(add_sha256(*this, id));
  finish_tables();
  return std::move(circuit_);
}

}  // namespace zkinfer::relations
