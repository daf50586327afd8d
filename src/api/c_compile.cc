// SPDX-License-Identifier: Apache-2.0
// The C interface of component compile.
#include "api/c_model.h"
#include "api/c_support.h"
#include "zkinfer/compile.h"

using namespace zkinfer;

void zkinfer_compile_options_init(zkinfer_compile_options* options) {
  *options = {};
  options->struct_size = sizeof(*options);
}

zkinfer_code zkinfer_compile_network(const char* path, const zkinfer_tensor* samples, size_t num_samples,
                                     size_t num_inputs, const zkinfer_compile_options* options, zkinfer_model** model,
                                     zkinfer_error* error) {
  return c::guarded(error, [&]() -> Status {
    if (path == nullptr || model == nullptr) return c::null_pointer(path == nullptr ? "path" : "model");
    *model = nullptr;
    zkinfer_compile_options read;
    zkinfer_compile_options_init(&read);
    ZKI_RETURN_IF_ERROR(c::read_options(options, read));
    CompileOptions compile;
    if (read.name != nullptr) compile.name = read.name;
    if (read.activation_bits != 0) compile.activation_bits = read.activation_bits;
    if (read.float_target != 0) compile.float_target = read.float_target;
    if (read.weight_bits != 0) compile.weight_bits = read.weight_bits;
    compile.progress = c::progress_of(read.progress, read.progress_data);
    if (num_inputs == 0 || num_samples > SIZE_MAX / sizeof(zkinfer_tensor) / num_inputs) {
      return invalid_argument("samples: expected num_samples * num_inputs tensors, at least one input each");
    }
    ZKI_ASSIGN_OR_RETURN(const std::vector<TensorView> views,
                         c::views_of("samples", samples, num_samples * num_inputs));
    std::vector<std::vector<TensorView>> calibration;
    for (std::size_t i = 0; i < num_samples; ++i) {
      const auto first = views.begin() + static_cast<std::ptrdiff_t>(i * num_inputs);
      calibration.emplace_back(first, first + static_cast<std::ptrdiff_t>(num_inputs));
    }
    ZKI_ASSIGN_OR_RETURN(Model made, compile_network(path, calibration, compile));
    *model = new zkinfer_model(std::move(made));
    return {};
  });
}
