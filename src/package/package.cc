// SPDX-License-Identifier: Apache-2.0
#include "package/package.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <span>
#include <utility>

#include "base/check.h"
#include "base/text.h"
#include "formats/frame.h"
#include "segments/split.h"

namespace zkinfer::package {

namespace {

constexpr std::uint32_t kStructure = 1;
constexpr std::uint32_t kParams = 2;
constexpr std::uint32_t kReport = 3;
constexpr std::uint32_t kPreprocessing = 4;
constexpr std::uint32_t kRecord = 5;
constexpr std::uint32_t kCuts = 6;  // only of a model that is cut

void write_section(ByteWriter& out, std::uint32_t id, ByteView bytes) {
  out.u32(id);
  out.u64(bytes.size());
  out.raw(bytes);
}

ByteView as_bytes(const std::string& text) { return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}; }

Status corrupt_model(const std::string& what) { return corrupt("model file: " + what); }

void write_numbers(ByteWriter& out, std::span<const double> numbers) {
  out.u32(static_cast<std::uint32_t>(numbers.size()));
  for (const double x : numbers) out.u64(std::bit_cast<std::uint64_t>(x));
}

std::vector<double> read_numbers(ByteReader& in, std::size_t max_count) {
  const std::uint32_t count = in.u32();
  if (!in.ok() || count > max_count || count > in.remaining() / 8) {
    in.fail();
    return {};
  }
  std::vector<double> numbers(count);
  for (double& x : numbers) x = std::bit_cast<double>(in.u64());
  return numbers;
}

Bytes preprocessing_bytes(const Preprocessing& preprocessing) {
  ByteWriter out;
  write_numbers(out,
                preprocessing.scale.has_value() ? std::vector<double>{*preprocessing.scale} : std::vector<double>{});
  write_numbers(out, preprocessing.mean);
  write_numbers(out, preprocessing.std);
  return std::move(out).take();
}

Result<Preprocessing> parse_preprocessing(ByteView bytes) {
  ByteReader in(bytes);
  Preprocessing out;
  if (const std::vector<double> scale = read_numbers(in, 1); !scale.empty()) out.scale = scale[0];
  out.mean = read_numbers(in, Preprocessing::kMaxChannels);
  out.std = read_numbers(in, Preprocessing::kMaxChannels);
  if (!in.finished()) return corrupt_model("the preprocessing section is cut off, or longer than what it holds");
  if (const Status status = out.validate(); !status.ok()) return corrupt_model(status.message());
  return out;
}

bool is_error(double x) { return std::isfinite(x) && x >= 0 && !std::signbit(x); }

Bytes record_bytes(const CompileRecord& record) {
  ByteWriter out;
  out.u64(std::bit_cast<std::uint64_t>(record.float_target));
  out.u64(std::bit_cast<std::uint64_t>(record.measured_error));
  out.u32(record.num_measured);
  out.u8(record.held_out ? 1 : 0);
  out.raw(record.network);
  out.u64(record.num_network_parameters);
  out.u32(static_cast<std::uint32_t>(record.notes.size()));
  for (const Note& note : record.notes) {
    out.u8(note.is_warning ? 1 : 0);
    out.text(note.text);
  }
  out.u32(static_cast<std::uint32_t>(record.fused.size()));
  for (const FusedOp& fused : record.fused) {
    out.text(fused.value);
    out.text(fused.op);
  }
  out.u32(static_cast<std::uint32_t>(record.whole.size()));
  for (const WholeTensor& whole : record.whole) {
    out.text(whole.name);
    out.u8(whole.is_input ? 1 : 0);
    for (const std::int64_t x : {whole.lo, whole.hi, whole.zero_point}) out.u64(static_cast<std::uint64_t>(x));
    out.u64(std::bit_cast<std::uint64_t>(whole.scale));
  }
  out.u8(record.pad_token.has_value() ? 1 : 0);
  if (record.pad_token.has_value()) out.u64(static_cast<std::uint64_t>(*record.pad_token));
  return std::move(out).take();
}

Result<CompileRecord> parse_record(ByteView bytes) {
  ByteReader in(bytes);
  CompileRecord out;
  const auto flag = [&] {
    const std::uint8_t x = in.u8();
    if (x > 1) in.fail();
    return x == 1;
  };
  out.float_target = std::bit_cast<double>(in.u64());
  out.measured_error = std::bit_cast<double>(in.u64());
  out.num_measured = in.u32();
  out.held_out = flag();
  std::ranges::copy(in.raw(sizeof(Digest)), out.network.begin());
  out.num_network_parameters = in.u64();
  const std::uint32_t num_notes = in.u32();
  if (num_notes > CompileRecord::kMaxNotes) return corrupt_model("more than 1000 notes");
  for (std::uint32_t i = 0; i < num_notes && in.ok(); ++i) {
    const bool is_warning = flag();
    out.notes.push_back({is_warning, in.text(CompileRecord::kMaxNoteBytes)});
  }
  const std::uint32_t num_fused = in.u32();
  if (num_fused > CompileRecord::kMaxFused) return corrupt_model("more than 2^20 names of operators");
  for (std::uint32_t i = 0; i < num_fused && in.ok(); ++i) {
    FusedOp fused;
    fused.value = in.text(kMaxNameBytes);
    fused.op = in.text(kMaxNameBytes);
    out.fused.push_back(std::move(fused));
  }
  const std::uint32_t num_whole = in.u32();
  if (num_whole > CompileRecord::kMaxWhole) return corrupt_model("more than 2^16 tensors of whole numbers");
  for (std::uint32_t i = 0; i < num_whole && in.ok(); ++i) {
    WholeTensor whole;
    whole.name = in.text(kMaxNameBytes);
    whole.is_input = flag();
    for (std::int64_t* x : {&whole.lo, &whole.hi, &whole.zero_point}) *x = static_cast<std::int64_t>(in.u64());
    whole.scale = std::bit_cast<double>(in.u64());
    if (!is_error(whole.scale)) return corrupt_model("a scale in the compiler's record is no number from 0 on");
    out.whole.push_back(std::move(whole));
  }
  if (flag()) out.pad_token = static_cast<std::int64_t>(in.u64());
  if (!in.finished()) return corrupt_model("the compiler's record is cut off, or longer than what it holds");
  if (!is_error(out.float_target) || !is_error(out.measured_error))
    return corrupt_model("an error in the compiler's record is no number from 0 on");
  return out;
}

}  // namespace

Bytes weight_bytes(const qir::QGraph& graph, const qir::WeightStore& weights) {
  ZKI_CHECK_EQ(weights.size(), graph.values.size(), "one list of weights per value");
  std::size_t total = 0;
  for (std::size_t id = 0; id < weights.size(); ++id) {
    total += weights[id].size * int_width(graph.values[id].lo, graph.values[id].hi);
  }
  Bytes out;
  out.reserve(total);
  for (std::size_t id = 0; id < weights.size(); ++id) {
    const IntSpan& tensor = weights[id];
    const std::size_t width = int_width(graph.values[id].lo, graph.values[id].hi);
    if (tensor.width == width) {
      out.insert(out.end(), tensor.data, tensor.data + tensor.num_bytes());
      continue;
    }
    for (std::size_t i = 0; i < tensor.size; ++i) {
      const auto x = static_cast<std::uint32_t>(tensor[i]);
      for (std::size_t byte = 0; byte < width; ++byte) out.push_back(static_cast<std::uint8_t>(x >> (8 * byte)));
    }
  }
  return out;
}

Result<qir::WeightStore> parse_weights(const qir::QGraph& graph, ByteView bytes, std::shared_ptr<const void> owner) {
  std::vector<IntSpan> spans(graph.values.size());
  ByteReader in(bytes);
  for (std::size_t id = 0; id < spans.size(); ++id) {
    const qir::Value& value = graph.values[id];
    if (value.kind != qir::ValueKind::kParam) continue;
    const std::uint8_t width = int_width(value.lo, value.hi);
    const std::size_t num_elements = static_cast<std::size_t>(value.shape.num_elements());
    const ByteView raw = in.raw(num_elements * width);
    if (!in.ok()) return corrupt_model("parameter '" + value.name + "' is cut off");
    spans[id] = {raw.data(), num_elements, width};
  }
  if (!in.finished()) return corrupt_model(std::to_string(in.remaining()) + " bytes after the last parameter");
  qir::WeightStore weights(std::move(spans), std::move(owner));
  for (std::size_t id = 0; id < weights.size(); ++id) {
    const qir::Value& value = graph.values[id];
    if (weights[id].empty() || (weights.least(id) >= value.lo && weights.greatest(id) <= value.hi)) continue;
    std::size_t i = 0;
    while (weights[id][i] >= value.lo && weights[id][i] <= value.hi) ++i;
    return corrupt_model("parameter '" + value.name + "' element " + std::to_string(i) + " is " +
                         std::to_string(weights[id][i]) + ", outside [" + std::to_string(value.lo) + ", " +
                         std::to_string(value.hi) + "]");
  }
  return weights;
}

Bytes to_bytes(const Package& package) {
  ByteWriter out;
  write_frame(out, FileKind::kModel);
  write_section(out, kStructure, qir::structure_bytes(package.graph));
  write_section(out, kParams, weight_bytes(package.graph, package.weights));
  write_section(out, kReport, as_bytes(package.report));
  write_section(out, kPreprocessing, preprocessing_bytes(package.preprocessing));
  write_section(out, kRecord, record_bytes(package.record));
  if (!package.cuts.empty()) {
    ByteWriter cuts;
    for (const std::uint32_t cut : package.cuts) cuts.u32(cut);
    write_section(out, kCuts, cuts.bytes());
  }
  return std::move(out).take();
}

Result<Package> from_bytes(std::shared_ptr<const Bytes> bytes) {
  ZKI_ASSIGN_OR_RETURN(ByteReader in, open_frame(FileKind::kModel, *bytes));
  Package package;
  for (std::uint32_t expected = 1; expected <= kRecord || (expected == kCuts && in.remaining() > 0); ++expected) {
    const std::uint32_t id = in.u32();
    const std::uint64_t size = in.u64();
    if (!in.ok() || size > in.remaining()) return corrupt_model("section " + std::to_string(expected) + " is cut off");
    if (id != expected) return corrupt_model("section id " + std::to_string(id) + " is out of order");
    const ByteView body = in.raw(static_cast<std::size_t>(size));
    switch (id) {
      case kStructure: {
        ZKI_ASSIGN_OR_RETURN(package.graph, qir::parse_structure(body));
        break;
      }
      case kParams: {
        ZKI_ASSIGN_OR_RETURN(package.weights, parse_weights(package.graph, body, bytes));
        break;
      }
      case kReport: {
        if (body.size() > kMaxReportBytes) return corrupt_model("the report is longer than 2^24 bytes");
        package.report.assign(body.begin(), body.end());
        break;
      }
      case kPreprocessing: {
        ZKI_ASSIGN_OR_RETURN(package.preprocessing, parse_preprocessing(body));
        break;
      }
      case kRecord: {
        ZKI_ASSIGN_OR_RETURN(package.record, parse_record(body));
        break;
      }
      default: {
        ByteReader cuts(body);
        while (cuts.remaining() >= sizeof(std::uint32_t)) package.cuts.push_back(cuts.u32());
        if (!cuts.finished() || package.cuts.empty()) return corrupt_model("the cuts are cut off");
        if (const Status status = segments::check_cuts(package.graph, package.cuts); !status.ok())
          return corrupt_model(status.message());
        break;
      }
    }
  }
  if (!in.finished()) return corrupt_model(std::to_string(in.remaining()) + " bytes after the last section");
  return package;
}

Status check_sizes(std::uint64_t file_bytes,
                   const std::function<Result<Bytes>(std::uint64_t offset, std::uint64_t num_bytes)>& read) {
  constexpr std::uint64_t kSectionHead = 4 + 8;
  constexpr std::uint64_t kMaxOthers = std::uint64_t{1} << 28;  // report, preprocessing and record together
  std::uint64_t offset = kFrameBytes;
  ZKI_ASSIGN_OR_RETURN(const Bytes head, read(0, offset + kSectionHead));
  ZKI_RETURN_IF_ERROR(check_frame(FileKind::kModel, head));
  // The size of the section at `offset`, which is then its content's.
  const auto enter = [&](const char* name, std::uint64_t max_bytes) -> Result<std::uint64_t> {
    ZKI_ASSIGN_OR_RETURN(const Bytes bytes, read(offset, kSectionHead));
    ByteReader in(bytes);
    in.u32();
    const std::uint64_t size = in.u64();
    offset += kSectionHead;
    if (!in.ok() || offset > file_bytes || size > file_bytes - offset)
      return corrupt_model(std::string(name) + " cut off");
    if (size > max_bytes) {
      return resource_limit("model file: " + std::string(name) + " of " + std::to_string(size) + " bytes, at most " +
                            std::to_string(max_bytes) + " are possible");
    }
    return size;
  };
  ZKI_ASSIGN_OR_RETURN(const std::uint64_t structure_bytes, enter("the structure", kMaxKeyBytes));
  ZKI_ASSIGN_OR_RETURN(const Bytes structure, read(offset, structure_bytes));
  ZKI_ASSIGN_OR_RETURN(const qir::QGraph graph, qir::parse_structure(structure));
  offset += structure_bytes;
  std::uint64_t weight_bytes = 0;
  for (const qir::Value& value : graph.values) {
    if (value.kind != qir::ValueKind::kParam) continue;
    weight_bytes += static_cast<std::uint64_t>(value.shape.num_elements()) * int_width(value.lo, value.hi);
    if (weight_bytes > file_bytes) return corrupt_model("its weights are cut off");
  }
  ZKI_ASSIGN_OR_RETURN(const std::uint64_t given_bytes, enter("the weights", kMaxModelBytes));
  if (given_bytes != weight_bytes) {
    return corrupt_model(std::to_string(given_bytes) + " bytes of weights, its structure has " +
                         std::to_string(weight_bytes));
  }
  if (file_bytes - offset - weight_bytes > kMaxOthers) {
    return resource_limit("model file: " + std::to_string(file_bytes - offset - weight_bytes) +
                          " bytes after the weights, at most " + std::to_string(kMaxOthers) + " are possible");
  }
  return ok_status();
}

Result<Package> from_bytes(ByteView bytes) {
  return from_bytes(std::make_shared<const Bytes>(bytes.begin(), bytes.end()));
}

}  // namespace zkinfer::package
