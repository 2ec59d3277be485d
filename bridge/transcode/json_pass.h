#ifndef SSE_BRIDGE_BRIDGE_TRANSCODE_JSON_PASS_H_
#define SSE_BRIDGE_BRIDGE_TRANSCODE_JSON_PASS_H_

#include <google/protobuf/descriptor.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/attributes.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "bridge/transcode/json_buffer.h"
#include "bridge/transcode/json_tables.h"
#include "bridge/transcode/normalizer.h"
#include "bridge/transcode/wire_reader.h"

namespace sse_bridge {

// One pass over the wire bytes of one message that writes JSON. Created on the
// stack for each message.
//
// The fast path expects bytes as serialisers write them: fields in the order of
// their numbers, each singular field once, elements of a repeated field
// adjacent, map keys unique. It stops with kUnusual if the bytes are legal but
// not in this form. The normalised path expects the output of Normalizer, and
// normalises the contents of an Any itself.
class JsonPass {
 public:
  enum class Result {
    kOk,
    kUnusual,    // needs normalising
    kMalformed,  // not a valid message of this type
    kInvalid,    // the bytes read so far have no JSON form
  };

  // Borrows its arguments, which must outlive the pass. `normalizer` is null on
  // the fast path.
  JsonPass(const JsonTables* tables, const Normalizer* normalizer,
           JsonBuffer* buffer)
      : tables_(*tables), normalizer_(normalizer), buffer_(*buffer) {}
  JsonPass(const JsonPass&) = delete;
  JsonPass& operator=(const JsonPass&) = delete;

  // Writes the JSON to the buffer, from begin() to *end.
  Result WriteMessage(const MessageTable& type, absl::string_view wire,
                      char** end);

  // Writes only the value of the field at the end of `path`, which must not be
  // empty and must lead through singular message fields. An absent field is
  // written as its default.
  Result WriteField(const MessageTable& type,
                    absl::Span<const FieldTable* const> path,
                    absl::string_view wire, char** end);

  Result result() const {
    return failure_ == nullptr ? Result::kOk : failure_->result;
  }

  // What failed and where. Call it only after a result other than kOk.
  std::string Error() const;

 private:
  // Positions after reading and writing a value. `in` is null on failure.
  struct Step {
    const char* in;
    char* out;
  };
  // The parts of a map entry; null if absent.
  struct Entry {
    const char* key = nullptr;
    const char* value = nullptr;
  };

  char* Reserve(char* out, size_t n) { return buffer_.Reserve(out, n); }

  // The functions below read a value and write it. The caller has reserved
  // space for a number at `out`. If a value counts as absent, the returned
  // `out` is null.
  Step Message(const MessageTable& type, const char* in, const char* end,
               char* out);
  Step Fields(const MessageTable& type, const char* in, const char* end,
              char* out, uint32_t group);
  Step MessageSetFields(const MessageTable& type, const char* in,
                        const char* end, char* out);
  char* Absent(const FieldTable* field, const FieldTable* end, char* out);
  Step Value(const FieldTable& field, const char* in, const char* end,
             char* out);
  Step InlineValue(const FieldTable& field, const char* in, const char* end,
                   char* out);
  Step FieldValue(const FieldTable& field, uint32_t tag, const char* in,
                  const char* end, char* out);
  Step Elements(const FieldTable& field, uint32_t tag, const char* in,
                const char* end, char* out);
  Step Map(const FieldTable& field, const char* in, const char* end, char* out);
  Step MapKey(const FieldTable& key, const char* in, const char* end,
              char* out);
  Step Enum(const FieldTable& field, const char* in, const char* end,
            char* out);
  Step StringField(const FieldTable& field, const char* in, const char* end,
                   char* out);
  Step Bytes(const FieldTable& field, const char* in, const char* end,
             char* out);
  // Writes the value of one field of the message, and nothing of the other
  // fields. These four are in json_pass_field.cc.
  Step OnlyField(const MessageTable& type, const FieldTable& field,
                 const char* in, const char* end, char* out);
  // Narrows the input to the submessage of one field.
  bool Narrow(const MessageTable& type, const FieldTable& field,
              const char** in, const char** end);
  // Returns whether setting `other` clears `field`.
  bool Unsets(const FieldTable* other, const FieldTable& field) const {
    return other != nullptr && field.oneof != 0 &&
           other->oneof == field.oneof && normalizer_ == nullptr;
  }
  Step Default(const FieldTable& field, const char* end, char* out);

  // Writes a string with its quotes. Returns null, which is a failure, if it is
  // not valid UTF-8.
  char* String(absl::string_view s, char* out);
  char* InlineString(absl::string_view s, char* out);

  // Writes a string without quotes. Needs space for the string and 16 bytes
  // more. Returns null if it is not valid UTF-8.
  char* StringContents(absl::string_view s, char* out);
  char* InlineContents(absl::string_view s, char* out);
  char* StringWithCare(const char* in, const char* end, char* out);

  // Maps, in json_pass_map.cc. Finds key and value of an entry. Returns false
  // on failure.
  bool ReadEntry(const MessageTable& type, const char* in, const char* end,
                 Entry* entry);
  bool KeysDiffer(const FieldTable& field, const char* in, const char* end);

  // Well-known types, in json_pass_known.cc.
  char* Known(const MessageTable& type, const char* in, const char* end,
              char* out);
  char* Any(const char* in, const char* end, char* out);
  // Writes the message inside an Any, replacing the Any's closing bracket.
  char* Packed(const MessageTable& type, absl::string_view url,
               absl::string_view value, char* out);
  char* Timestamp(const char* in, const char* end, char* out);
  char* Duration(const char* in, const char* end, char* out);
  char* FieldMask(const char* in, const char* end, char* out);
  char* FieldMaskPath(absl::string_view path, char* out);
  char* StructValue(const MessageTable& type, const char* in, const char* end,
                    char* out);
  char* Wrapper(const MessageTable& type, const char* in, const char* end,
                char* out);
  bool SecondsAndNanos(const char* in, const char* end, int64_t* seconds,
                       int32_t* nanos);

  // Records the first failure. `what` must be a string literal.
  Step Fail(Result result, const char* what, char* out,
            absl::string_view detail = "");
  char* FailKnown(Result result, const char* what,
                  absl::string_view detail = "") {
    return Fail(result, what, nullptr, detail).out;
  }
  Step Unusual(char* out) {
    return Fail(Result::kUnusual, "unusual wire bytes", out);
  }
  // Lenient mode replaces invalid UTF-8 only on the slower path, because the
  // replacement can make two map keys equal.
  char* NotUtf8() {
    return FailKnown(
        tables_.options().lenient ? Result::kUnusual : Result::kMalformed,
        "a string is not UTF-8");
  }
  bool replaces_invalid_utf8() const {
    return normalizer_ != nullptr && tables_.options().lenient;
  }
  Step Malformed(char* out) {
    return Fail(Result::kMalformed, "malformed or truncated wire bytes", out);
  }
  // Records that the failure occurred in this field.
  Step In(const FieldTable& field, char* out);

  const JsonTables& tables_;
  const Normalizer* const normalizer_;
  JsonBuffer& buffer_;
  int depth_left_ = wire::kMaxDepth + 1;  // the outermost message counts too

  struct Failure {
    Result result;
    const char* what;
    std::string detail;
    std::vector<const google::protobuf::FieldDescriptor*>
        where;  // innermost first
  };
  std::unique_ptr<Failure> failure_;  // null unless the pass failed
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_TRANSCODE_JSON_PASS_H_
