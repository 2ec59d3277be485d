#include "bridge/transcode/json_encoder.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "bridge/transcode/field_path.h"
#include "bridge/transcode/json_pass.h"
#include "bridge/transcode/wire_slices.h"

namespace sse_bridge {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::DescriptorPool;
using google::protobuf::FieldDescriptor;

JsonBuffer& ThreadBuffer() {
  thread_local JsonBuffer buffer;
  return buffer;
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
  auto fields = ResolveFieldPath(descriptor, path);
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
  using Result = JsonPass::Result;
  JsonBuffer& buffer = ThreadBuffer();
  char* end = nullptr;
  const auto write = [&](JsonPass* pass, absl::string_view bytes) {
    const Result result = path.empty()
                              ? pass->WriteMessage(type, bytes, &end)
                              : pass->WriteField(type, path, bytes, &end);
    if (result == Result::kOk) {
      json->append(buffer.begin(), static_cast<size_t>(end - buffer.begin()));
    }
    return result;
  };

  JsonPass fast(&tables_, /*normalizer=*/nullptr, &buffer);
  const Result result = write(&fast, wire);
  if (ABSL_PREDICT_TRUE(result == Result::kOk)) return absl::OkStatus();
  if (result == Result::kMalformed) {
    return absl::InvalidArgumentError(fast.Error());
  }
  if (fast_only) {
    return result == Result::kUnusual
               ? absl::FailedPreconditionError("not on the fast path")
               : absl::InvalidArgumentError(fast.Error());
  }

  // What looked invalid may be set right by what comes after it.
  std::string normal;
  if (!normalizer_.Normalize(type.descriptor, wire, &normal)) {
    return absl::InvalidArgumentError(
        result == Result::kInvalid
            ? fast.Error()
            : absl::StrCat(type.descriptor->full_name(),
                           ": malformed or truncated wire bytes"));
  }
  JsonPass slow(&tables_, &normalizer_, &buffer);
  switch (write(&slow, normal)) {
    case Result::kOk:
      return absl::OkStatus();
    case Result::kUnusual:
      return absl::InternalError(absl::StrCat(type.descriptor->full_name(),
                                              ": wire bytes stay unusual"));
    default:
      return absl::InvalidArgumentError(slow.Error());
  }
}

}  // namespace sse_bridge
