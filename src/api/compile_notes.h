// SPDX-License-Identifier: Apache-2.0
// What the compiler says of its calibration data and of the program it made (CompileRecord::notes), and the inputs that it makes
// where nobody gives any.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "package/package.h"
#include "quant/quantize.h"
#include "tensor/tensor.h"
#include "zkinfer/compile_record.h"

namespace zkinfer::api {

// Random inputs of the declared types, the same each time. note is called with what was assumed of each input.
std::vector<TensorMap> stand_in_inputs(const ir::Graph& graph, const std::function<void(std::string)>& note);

// Of texts without padding, every other one becomes shorter (an eighth to three quarters), its last token kept at its end: ranges and errors are of texts
// of all lengths then.
void shorten_texts(std::int64_t pad_token, std::vector<TensorMap>& texts, const std::function<void(std::string)>& note);

// Few inputs, one number throughout, a few far beyond the others, bytes, inputs that nothing reads.
// run: also outputs that do not move on them, or whose largest entry is always the same one; runs the network on some of them.
Status add_calibration_notes(const ir::Graph& graph, const std::vector<TensorMap>& inputs, bool run,
                             std::vector<Note>& notes);

// Ranges without room for what calibration did not see. Values that are cut off on calibration inputs; where the error target was missed, which layer limits and what to do.
// Runs both networks on some of the inputs.
Result<std::vector<Note>> precision_notes(const ir::Graph& graph, const package::Package& package,
                                          const CompileRecord& record, const quant::QuantOptions& options,
                                          const std::vector<TensorMap>& inputs);

// Adds where the program has other numbers than the network as given: by what the passes changed on calibration inputs, which raises
// the record's error (core: what they made; null where they only rearrange), and by integers of 32 bits that leave their type, which
// are refused where calibration inputs show them.
Status add_notes_as_given(const ir::Graph& given, const ir::Graph* core, const qir::QGraph& program,
                          const std::vector<TensorMap>& inputs, CompileRecord& record, std::vector<Note>& notes);

// Warnings first, and no more than a package may hold.
void keep_notes(std::vector<Note> notes, CompileRecord& record);

}  // namespace zkinfer::api
