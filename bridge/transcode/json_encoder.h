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

// The place of one field inside a message type, for EncodeField().
class JsonField {
 private:
  friend class JsonEncoder;
  const MessageTable* type_ = nullptr;
  std::vector<const FieldTable*> path_;  // never empty
};

// Protobuf wire bytes to ProtoJSON (protobuf.dev, "ProtoJSON Format"), for
// every type of a descriptor pool.
//
// One pass over the bytes, without a message object, and without allocation
// once the memory that a thread keeps for it has grown to the size of its
// messages. Fields come in the order of their numbers. Legal but unusual bytes
// take a slower way with the same outcome (see Normalizer).
//
// Thread-safe. Errors are INVALID_ARGUMENT, with the path of the field where
// it is known: malformed or truncated bytes, messages nested deeper than 100,
// and values that have no JSON (a timestamp out of range, ...). Strings that
// are not UTF-8 and an Any of a type that the pool does not have are errors
// too, unless JsonOptions::lenient.
class JsonEncoder {
 public:
  // `pool` must outlive the encoder; types are looked up in it as they appear.
  static std::unique_ptr<JsonEncoder> Create(
      const google::protobuf::DescriptorPool* pool, JsonOptions options);

  JsonEncoder(const JsonEncoder&) = delete;
  JsonEncoder& operator=(const JsonEncoder&) = delete;

  // What Encode() needs to know of a type of the pool. Takes a lock: ask once.
  // Lives as long as the encoder.
  const MessageTable* TableFor(
      const google::protobuf::Descriptor* descriptor) const;

  // A field of `descriptor` by its path ("order", "a.b"), of proto
  // names with dots, through singular messages. An error if there is none.
  absl::StatusOr<JsonField> FieldFor(
      const google::protobuf::Descriptor* descriptor,
      absl::string_view path) const;

  // Appends the JSON of a message of this type to *json. On error *json is as
  // it was before. A chain of slices is read as if it were one piece.
  absl::Status Encode(const MessageTable* type, absl::string_view wire,
                      std::string* json) const;
  absl::Status Encode(const MessageTable* type,
                      absl::Span<const absl::string_view> wire,
                      std::string* json) const;

  // The same, but FAILED_PRECONDITION where the slower way would be needed.
  absl::Status EncodeFast(const MessageTable* type, absl::string_view wire,
                          std::string* json) const;

  // Appends the JSON of one field of the message. A field that is not there is
  // written as its default: an empty message, list or map, zero.
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
  // After the fast way has failed.
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
