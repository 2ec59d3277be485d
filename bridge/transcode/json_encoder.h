#ifndef SSE_BRIDGE_BRIDGE_TRANSCODE_JSON_ENCODER_H_
#define SSE_BRIDGE_BRIDGE_TRANSCODE_JSON_ENCODER_H_

#include <google/protobuf/descriptor.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/base/attributes.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "bridge/transcode/json_options.h"
#include "bridge/transcode/json_tables.h"
#include "bridge/transcode/normalizer.h"

namespace sse_bridge {

class JsonPass;

// The position of one field in a message type, for EncodeField().
class JsonField {
 private:
  friend class JsonEncoder;
  const MessageTable* type_ = nullptr;
  std::vector<const FieldTable*> path_;  // never empty
};

// Converts protobuf wire bytes to ProtoJSON (protobuf.dev, "ProtoJSON Format"),
// for every type of a descriptor pool.
//
// Encodes in one pass over the bytes, without a message object, and without
// allocating once the thread's buffer has grown to the size of its messages.
// Fields are written in the order of their numbers. Legal but unusual bytes
// take a slower path with the same result (see Normalizer).
//
// Thread-safe. Errors are InvalidArgument and include the field's path if it is
// known. They occur for malformed or truncated bytes, for messages nested
// deeper than 100 levels, and for values without a JSON form (such as a
// timestamp out of range). Strings with invalid UTF-8 and an Any of a type that
// is not in the pool are errors too, unless JsonOptions::lenient is set.
class JsonEncoder {
 public:
  // `pool` must outlive the encoder. Types are looked up in it on first use.
  static std::unique_ptr<JsonEncoder> Create(
      const google::protobuf::DescriptorPool* pool, JsonOptions options);

  JsonEncoder(const JsonEncoder&) = delete;
  JsonEncoder& operator=(const JsonEncoder&) = delete;

  // Returns the encoding table of a type of the pool. Takes a lock, so callers
  // should keep the result, which lives as long as the encoder.
  const MessageTable* TableFor(
      const google::protobuf::Descriptor* descriptor) const;

  // Resolves a dotted path of proto field names in `descriptor` ("order",
  // "a.b") through singular messages. Returns an error if there is no such
  // field.
  absl::StatusOr<JsonField> FieldFor(
      const google::protobuf::Descriptor* descriptor,
      absl::string_view path) const;

  // Appends the JSON of a message of this type to *json. On error, *json is
  // unchanged. A chain of slices is read as one contiguous message.
  absl::Status Encode(const MessageTable* type, absl::string_view wire,
                      std::string* json) const;
  absl::Status Encode(const MessageTable* type,
                      absl::Span<const absl::string_view> wire,
                      std::string* json) const;

  // Same as Encode, but returns FailedPrecondition if the slower path would be
  // needed.
  absl::Status EncodeFast(const MessageTable* type, absl::string_view wire,
                          std::string* json) const;

  // Appends the JSON of one field of the message. An absent field is written as
  // its default: an empty message, list or map, or zero.
  absl::Status EncodeField(const JsonField& field, absl::string_view wire,
                           std::string* json) const;

  const JsonOptions& options() const { return tables_.options(); }

 private:
  JsonEncoder(const google::protobuf::DescriptorPool* pool,
              JsonOptions options);

  // `path` is empty for the whole message.
  absl::Status EncodePart(const MessageTable& type,
                          absl::Span<const FieldTable* const> path,
                          absl::string_view wire, bool fast_only,
                          std::string* json) const;
  // Called after the fast path has failed.
  ABSL_ATTRIBUTE_NOINLINE
  absl::Status EncodeSlowly(const MessageTable& type,
                            absl::Span<const FieldTable* const> path,
                            absl::string_view wire, bool fast_only,
                            const JsonPass& fast, std::string* json) const;

  const JsonTables tables_;
  const Normalizer normalizer_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_TRANSCODE_JSON_ENCODER_H_
