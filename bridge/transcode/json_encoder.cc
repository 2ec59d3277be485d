#include "bridge/transcode/json_encoder.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "bridge/transcode/json_pass.h"
#include "bridge/transcode/utf8_repair.h"
#include "bridge/transcode/wire_path.h"
#include "bridge/transcode/wire_slices.h"

namespace sse_bridge {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::DescriptorPool;
using google::protobuf::FieldDescriptor;

using Result = JsonPass::Result;

JsonBuffer& ThreadBuffer() {
  thread_local JsonBuffer buffer;
  return buffer;
}

// Returns the thread's buffer to its normal size when encoding ends.
struct BufferUse {
  ~BufferUse() { buffer.GiveBack(); }
  JsonBuffer& buffer;
};

// Appending to a large string without spare capacity copies it, and needs twice
// its memory for a moment. Callers append a line end or insert a response head.
constexpr size_t kLargeJsonBytes = size_t{64} << 10;
constexpr size_t kSpareBytes = size_t{4} << 10;

inline void AppendJson(const char* begin, const char* end, std::string* json) {
  const auto size = static_cast<size_t>(end - begin);
  if (ABSL_PREDICT_FALSE(size > kLargeJsonBytes)) {
    json->reserve(json->size() + size + kSpareBytes);
  }
  json->append(begin, size);
}

inline Result Write(const MessageTable& type,
                    absl::Span<const FieldTable* const> path,
                    absl::string_view wire, JsonPass* pass, char** end) {
  return path.empty() ? pass->WriteMessage(type, wire, end)
                      : pass->WriteField(type, path, wire, end);
}

}  // namespace

std::unique_ptr<JsonEncoder> JsonEncoder::Create(const DescriptorPool* pool,
                                                 JsonOptions options) {
  return std::unique_ptr<JsonEncoder>(new JsonEncoder(pool, options));
}

JsonEncoder::JsonEncoder(const DescriptorPool* pool, JsonOptions options)
    : tables_(pool, options), normalizer_(pool) {}

const MessageTable* JsonEncoder::TableFor(const Descriptor* descriptor) const {
  return tables_.For(descriptor);
}

absl::StatusOr<JsonField> JsonEncoder::FieldFor(const Descriptor* descriptor,
                                                absl::string_view path) const {
  auto fields = ResolveWirePath(descriptor, path);
  if (!fields.ok()) return fields.status();
  JsonField result;
  result.type_ = tables_.For(descriptor);
  const MessageTable* type = result.type_;
  for (const FieldDescriptor* field : *fields) {
    const FieldTable* const table =
        type->Find(static_cast<uint32_t>(field->number()));
    result.path_.push_back(table);
    type = table->message;
  }
  return result;
}

absl::Status JsonEncoder::Encode(const MessageTable* type,
                                 absl::string_view wire,
                                 std::string* json) const {
  return EncodePart(*type, {}, wire, /*fast_only=*/false, json);
}

absl::Status JsonEncoder::Encode(const MessageTable* type,
                                 absl::Span<const absl::string_view> wire,
                                 std::string* json) const {
  return EncodePart(*type, {}, Flatten(wire), /*fast_only=*/false, json);
}

absl::Status JsonEncoder::EncodeFast(const MessageTable* type,
                                     absl::string_view wire,
                                     std::string* json) const {
  return EncodePart(*type, {}, wire, /*fast_only=*/true, json);
}

absl::Status JsonEncoder::EncodeField(const JsonField& field,
                                      absl::string_view wire,
                                      std::string* json) const {
  return EncodePart(*field.type_, field.path_, wire, /*fast_only=*/false, json);
}

absl::Status JsonEncoder::EncodePart(const MessageTable& type,
                                     absl::Span<const FieldTable* const> path,
                                     absl::string_view wire, bool fast_only,
                                     std::string* json) const {
  JsonBuffer& buffer = ThreadBuffer();
  const BufferUse use{buffer};
  JsonPass pass(&tables_, /*normalizer=*/nullptr, &buffer);
  char* end = nullptr;
  const Result result = Write(type, path, wire, &pass, &end);
  if (ABSL_PREDICT_FALSE(result != Result::kOk)) {
    return EncodeSlowly(type, path, wire, fast_only, pass, json);
  }
  AppendJson(buffer.Begin(), end, json);
  return absl::OkStatus();
}

absl::Status JsonEncoder::EncodeSlowly(const MessageTable& type,
                                       absl::Span<const FieldTable* const> path,
                                       absl::string_view wire, bool fast_only,
                                       const JsonPass& fast,
                                       std::string* json) const {
  if (fast.result() == Result::kUnusual && fast_only) {
    return absl::FailedPreconditionError("not on the fast path");
  }
  if (fast.result() == Result::kMalformed || fast_only) {
    return absl::InvalidArgumentError(fast.Error());
  }

  std::string repaired;
  if (tables_.options().lenient && RepairUtf8(type, wire, &repaired)) {
    wire = repaired;
  }
  // Later bytes may override a value that looked invalid.
  std::string normal;
  if (!normalizer_.Normalize(type.descriptor, wire, &normal)) {
    return absl::InvalidArgumentError(
        fast.result() == Result::kInvalid
            ? fast.Error()
            : absl::StrCat(type.descriptor->full_name(),
                           ": malformed or truncated wire bytes"));
  }
  JsonBuffer& buffer = ThreadBuffer();
  JsonPass slow(&tables_, &normalizer_, &buffer);
  char* end = nullptr;
  switch (Write(type, path, normal, &slow, &end)) {
    case Result::kOk:
      AppendJson(buffer.Begin(), end, json);
      return absl::OkStatus();
    case Result::kUnusual:
      return absl::InternalError(
          absl::StrCat(type.descriptor->full_name(),
                       ": wire bytes could not be normalised"));
    default:
      return absl::InvalidArgumentError(slow.Error());
  }
}

}  // namespace sse_bridge
