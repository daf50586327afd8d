// SPDX-License-Identifier: Apache-2.0
// zkinfer/generate.h, and the tokenizers of language models.
#include "zkinfer/generate.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>

#include "native.h"
#include "tokenizer/conversation.h"
#include "tokenizer/windows.h"
#include "work.h"

namespace zkinfer::python {

namespace {

// Tokens as models take them are 64-bit; what no tokenizer has is left to it to refuse.
std::vector<int> narrow(const std::vector<std::int64_t>& tokens) {
  std::vector<int> out;
  for (const std::int64_t token : tokens)
    out.push_back(token >= 0 && token <= INT32_MAX ? static_cast<int>(token) : -1);
  return out;
}

void bind_tokenizer(py::module_& module) {
  py::class_<Tokenizer>(module, "Tokenizer")
      .def_static("read", [](const std::string& path) { return must(Tokenizer::read(path)); })
      .def_static("from_bytes", [](const py::bytes& bytes) { return must(Tokenizer::from_bytes(view_of(bytes))); })
      .def(
          "encode",
          [](const Tokenizer& tokenizer, const py::bytes& text, bool ends, bool special) {
            const ByteView bytes = view_of(text);
            return must(tokenizer.encode({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, {ends, special}));
          })
      .def("decode",
           [](const Tokenizer& tokenizer, const std::vector<std::int64_t>& tokens, bool special, bool continues) {
             return py::bytes(must(tokenizer.decode(narrow(tokens), {special, continues})));
           })
      .def(
          "prompt",
          [](const Tokenizer& tokenizer, const py::bytes& text, bool special) {
            const ByteView bytes = view_of(text);
            return must(prompt_tokens(tokenizer, {reinterpret_cast<const char*>(bytes.data()), bytes.size()}, special));
          })
      .def("continued",
           [](const Tokenizer& tokenizer, const py::bytes& text, bool special) {
             const ByteView bytes = view_of(text);
             return must(
                 continued_tokens(tokenizer, {reinterpret_cast<const char*>(bytes.data()), bytes.size()}, special));
           })
      .def("text", [](const Tokenizer& tokenizer, const std::vector<std::int64_t>& tokens,
                      bool continues) { return py::bytes(tokens_text(tokenizer, tokens, continues)); })
      .def("windows",
           [](const Tokenizer& tokenizer, const py::bytes& text, std::size_t tokens) {
             const ByteView bytes = view_of(text);
             const TokenWindows windows =
                 must(token_windows(tokenizer, {reinterpret_cast<const char*>(bytes.data()), bytes.size()}, tokens));
             return new_array("int64",
                              {static_cast<std::int64_t>(windows.count), static_cast<std::int64_t>(windows.tokens)},
                              windows.values.data());
           })
      .def("vocabulary_warning",
           [](const Tokenizer& tokenizer, const std::string& name, std::int64_t lo, std::int64_t hi) {
             return must(vocabulary_warning(tokenizer, name, {lo, hi}));
           })
      .def("piece",
           [](const Tokenizer& tokenizer, int token) { return py::bytes(std::string(tokenizer.piece(token))); })
      .def_property_readonly("size", &Tokenizer::size)
      .def_property_readonly("begin", &Tokenizer::begin)
      .def_property_readonly("end_tokens", &Tokenizer::end_tokens)
      .def_property_readonly("format", &Tokenizer::format)
      .def_property_readonly("digest", [](const Tokenizer& tokenizer) { return to_python(tokenizer.digest()); });
  py::class_<TextStream>(module, "TextStream")
      .def(py::init([](const Tokenizer& tokenizer) {
             return TextStream(tokenizer, {false, true});
           }),
           py::keep_alive<1, 2>())
      .def("push", [](TextStream& stream, int token) { return py::bytes(must(stream.push(token))); })
      .def("finish", [](TextStream& stream) { return py::bytes(stream.finish()); });
}

// Python's function of a token; False ends the answer. What it raises is kept, and raised where the call ends.
struct Told {
  explicit Told(const py::object& given) : function(given) {}
  ~Told() {
    const py::gil_scoped_acquire gil;
    function = {};
    raised.reset();
  }
  Told(const Told&) = delete;
  Told& operator=(const Told&) = delete;
  bool operator()(std::int64_t token) {
    const py::gil_scoped_acquire gil;
    try {
      return function(token).ptr() != Py_False;
    } catch (py::error_already_set& error) {
      raised.emplace(std::move(error));
      return false;
    }
  }
  py::object function;
  std::optional<py::error_already_set> raised;
};

py::tuple generate_tokens(const Model& model, const std::vector<std::int64_t>& prompt, std::uint32_t most_tokens,
                          const std::vector<std::int64_t>& end_tokens, const std::optional<SamplingRule>& sampling,
                          const py::bytes& context, std::uint32_t num_before,
                          const std::optional<CommittedTensor>& history, const py::object& told,
                          const py::object& progress) {
  const auto call = told.is_none() ? nullptr : std::make_shared<Told>(told);
  const auto work = [=, bound = bytes_of(context)](const Progress& report) -> Result<Generated> {
    Status stopped;
    double count = 0;
    GenerateOptions options;
    options.most_tokens = most_tokens;
    options.end_tokens = end_tokens;
    options.sampling = sampling;
    options.context = bound;
    options.before = {num_before, history.has_value() ? &*history : nullptr};
    options.told = [&](std::int64_t token) {
      stopped = report("generate", std::min(++count / most_tokens, 0.999));
      return stopped.ok() && (call == nullptr || (*call)(token));
    };
    ZKI_ASSIGN_OR_RETURN(Generated out, generate(model, prompt, options));
    if (call != nullptr && call->raised.has_value()) return Status(StatusCode::kCancelled, "stopped by what it told");
    ZKI_RETURN_IF_ERROR(stopped);
    return out;
  };
  Generated generated;
  try {
    generated = run<Generated>(progress, work);
  } catch (const StatusError&) {
    if (call != nullptr && call->raised.has_value()) throw py::error_already_set(*call->raised);
    throw;
  }
  return py::make_tuple(generated.tokens, generated.num_prompt, generation_end_name(generated.end));
}

}  // namespace

void bind_generate(py::module_& module) {
  bind_tokenizer(module);
  module.def("language_shape", [](const Model& model) {
    const LanguageShape shape = must(language_shape(model));
    return py::make_tuple(shape.capacity, shape.most_token, shape.num_candidates, shape.hides_text, shape.conversation);
  });
  module.def("greedy_model", &greedy_model);
  module.def("with_hidden_text", [](const Model& model) { return must(with_hidden_text(model)); });
  module.def("with_sampling", [](const Model& model, std::uint32_t num_candidates) {
    return must(with_sampling(model, num_candidates));
  });
  module.def("encoder_input", [](const Model& model) { return must(encoder_input(model)); });
  module.def("encoder_text", [](const Model& model, const std::vector<std::int64_t>& tokens) {
    return must(encoder_text(model, tokens));
  });
  module.def("shorter_answer",
             [](const Model& model, std::size_t num_prompt, std::uint64_t most_tokens, std::uint32_t num_before) {
               return shorter_answer(must(language_shape(model)), num_prompt, most_tokens, num_before);
             });
  module.def("new_history", [](const VerificationKey& key) { return must(new_history(key)); });
  module.def("generate", &generate_tokens);
  module.def("prove_generation", [](const std::shared_ptr<Prover>& prover, const Model& model,
                                    const std::vector<std::int64_t>& tokens, std::uint32_t num_prompt,
                                    const std::optional<SamplingRule>& sampling, const py::bytes& context,
                                    bool shows_prompt, bool shows_answer, std::uint32_t num_before,
                                    const std::optional<CommittedTensor>& history, const py::object& progress) {
    return run<ProofResult>(progress, [=, bound = bytes_of(context)](const Progress& report) -> Result<ProofResult> {
      Generated generated;
      generated.tokens = tokens;
      generated.num_prompt = num_prompt;
      generated.sampling = sampling;
      generated.context = bound;
      generated.shown = {shows_prompt, shows_answer};
      generated.before = {num_before, history.has_value() ? &*history : nullptr};
      ZKI_ASSIGN_OR_RETURN(ProveRequest request, generation_request(model, generated));
      request.progress = report;
      return prover->prove(request);
    });
  });
}

}  // namespace zkinfer::python
