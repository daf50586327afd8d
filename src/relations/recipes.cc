// SPDX-License-Identifier: Apache-2.0
#include "relations/recipes.h"

#include "base/check.h"

namespace zkinfer::relations {

namespace {

class Recipes final : public RecipeSink {
 public:
  const Recipe& of(std::size_t id) const {
    static const Recipe kGiven;
    return id < recipes_.size() ? recipes_[id] : kGiven;
  }

  void parameter(ColumnId id, qir::ValueId value) override { at(id, Recipe::Kind::kParameter).value = value; }
  void value(ColumnId id, qir::ValueId value) override { at(id, Recipe::Kind::kValue).value = value; }
  void rounded(ColumnId id, std::uint32_t node, Map map) override {
    Recipe& recipe = at(id, Recipe::Kind::kRounded);
    recipe.node = node;
    recipe.map = std::move(map);
  }
  void expression(ColumnId id, const LinExpr& expr, const Box& box) override {
    over(id, Recipe::Kind::kExpression, expr, box);
  }
  void positive_part(ColumnId id, const LinExpr& expr, const Box& box, int shift) override {
    over(id, Recipe::Kind::kPositivePart, expr, box).limb_shift = shift;
  }
  void maximum(ColumnId id, const LinExpr& expr, const Box& box) override {
    over(id, Recipe::Kind::kMaximum, expr, box);
  }
  void arg_max_step(ColumnId id, const LinExpr& expr, const Box& box) override {
    over(id, Recipe::Kind::kArgMaxStep, expr, box);
  }
  void picked(ColumnId id, const LinExpr& expr, const LinExpr& index, const Box& box) override {
    over(id, Recipe::Kind::kPicked, expr, box).other = index;
  }
  void table(ColumnId id, std::int32_t table, const LinExpr& expr, const Box& box) override {
    over(id, Recipe::Kind::kTable, expr, box).table = table;
  }
  void limb(ColumnId id, const LinExpr& expr, const Box& box, int shift, int bits) override {
    Recipe& recipe = over(id, Recipe::Kind::kLimb, expr, box);
    recipe.limb_shift = shift;
    recipe.limb_bits = bits;
  }
  void product(ColumnId id, const LinExpr& expr, const LinExpr& other, const Box& box) override {
    over(id, Recipe::Kind::kProduct, expr, box).other = other;
  }
  void sha256(ColumnId id, Sha256Column column, const LinExpr& expr, const Box& box, std::size_t entry_bytes) override {
    Recipe& recipe = over(id, Recipe::Kind::kSha256, expr, box);
    recipe.sha256 = column;
    recipe.entry_bytes = entry_bytes;
  }
  void keystream(ColumnId id, KeystreamColumn column) override { at(id, Recipe::Kind::kKeystream).keystream = column; }

 private:
  Recipe& at(ColumnId id, Recipe::Kind kind) {
    if (id >= recipes_.size()) recipes_.resize(id + 1);
    recipes_[id].kind = kind;
    return recipes_[id];
  }
  Recipe& over(ColumnId id, Recipe::Kind kind, const LinExpr& expr, const Box& box) {
    Recipe& recipe = at(id, kind);
    recipe.expr = expr;
    recipe.box = box;
    return recipe;
  }

  std::vector<Recipe> recipes_;
};

Result<CompiledCircuit> completed(Result<circuit::Circuit> built, bool zero_knowledge,
                                  std::shared_ptr<RecipeSink> recipes) {
  if (!built.ok()) return built.status();
  return CompiledCircuit{argument::compile(std::move(built).value(), zero_knowledge), std::move(recipes)};
}

}  // namespace

const Recipe& recipe_of(const CompiledCircuit& compiled, std::size_t column) {
  ZKI_CHECK(compiled.recipes != nullptr, "a circuit that was compiled for a prover");
  return static_cast<const Recipes&>(*compiled.recipes).of(column);
}

std::int64_t param_of_column(const CompiledCircuit& compiled, std::size_t column) {
  const Recipe& recipe = recipe_of(compiled, column);
  return recipe.kind == Recipe::Kind::kParameter ? static_cast<std::int64_t>(recipe.value) : -1;
}

std::shared_ptr<RecipeSink> new_recipes() { return std::make_shared<Recipes>(); }

Result<CompiledCircuit> compile(const qir::QGraph& graph, bool zero_knowledge, const qir::Visibility& visibility,
                                std::uint64_t num_rows) {
  std::shared_ptr<RecipeSink> recipes = new_recipes();
  return completed(build(graph, visibility, kMaxCircuitBytes, recipes.get(), num_rows), zero_knowledge, recipes);
}

Result<CompiledCircuit> compile_certificate(const qir::QGraph& graph, bool zero_knowledge) {
  std::shared_ptr<RecipeSink> recipes = new_recipes();
  return completed(build_certificate(graph, recipes.get()), zero_knowledge, recipes);
}

Result<CompiledCircuit> compile_rotation(const qir::QGraph& graph) {
  std::shared_ptr<RecipeSink> recipes = new_recipes();
  return completed(build_rotation(graph, recipes.get()), true, recipes);
}

Result<CompiledCircuit> compile_encryption(const qir::QGraph& graph, const EncryptionChunk& chunk,
                                           bool zero_knowledge) {
  std::shared_ptr<RecipeSink> recipes = new_recipes();
  return completed(build_encryption(graph, chunk, recipes.get()), zero_knowledge, recipes);
}

}  // namespace zkinfer::relations
