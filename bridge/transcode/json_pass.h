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

// One pass over the wire bytes of one message, writing JSON. Made anew for
// each message, on the stack.
//
// On the fast way it takes bytes as serializers write them: fields in order of
// their numbers, each singular field once, elements of a repeated field side
// by side, map keys once. It stops with kUnusual when they are legal but not
// so. On the normalised way it expects the outcome of Normalizer, and
// normalises what is inside an Any itself.
class JsonPass {
 public:
  enum class Result {
    kOk,
    kUnusual,    // needs normalising
    kMalformed,  // no message of this type, however it is read
    kInvalid,    // a value that has no JSON, as far as was read
  };

  // Borrows all; they must outlive the pass. `normalizer` is null on the fast
  // way.
  JsonPass(const JsonTables* tables, const Normalizer* normalizer,
           JsonBuffer* buffer)
      : tables_(*tables), normalizer_(normalizer), buffer_(*buffer) {}
  JsonPass(const JsonPass&) = delete;
  JsonPass& operator=(const JsonPass&) = delete;

  // Each leaves the JSON in the buffer from begin() to *end.
  Result WriteMessage(const MessageTable& type, absl::string_view wire,
                      char** end);

  // Writes only the value of the field at the end of `path`, which is not
  // empty and leads through singular message fields. A field that is not there
  // is written as its default.
  Result WriteField(const MessageTable& type,
                    absl::Span<const FieldTable* const> path,
                    absl::string_view wire, char** end);

  Result result() const {
    return failure_ == nullptr ? Result::kOk : failure_->result;
  }

  // What was wrong and where, once the result was not kOk.
  std::string Error() const;

 private:
  // Positions after something was read and written. `in` is null on failure.
  struct Step {
    const char* in;
    char* out;
  };
  // What of a map entry is there; null for nothing.
  struct Entry {
    const char* key = nullptr;
    const char* value = nullptr;
  };

  char* Reserve(char* out, size_t n) { return buffer_.Reserve(out, n); }

  // The functions below read a value and write it. Where they are entered,
  // room for a number is reserved at `out`. For a value that counts as absent,
  // the position returned for `out` is null.
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
  // In json_pass_field.cc: writes the value of one field of the message and
  // nothing of the others.
  Step OnlyField(const MessageTable& type, const FieldTable& field,
                 const char* in, const char* end, char* out);
  // Narrows the input to the submessage of one field.
  bool Narrow(const MessageTable& type, const FieldTable& field,
              const char** in, const char** end);
  // Whether `other`, where it is set, unsets `field`.
  bool Unsets(const FieldTable* other, const FieldTable& field) const {
    return other != nullptr && field.oneof != 0 &&
           other->oneof == field.oneof && normalizer_ == nullptr;
  }
  Step Default(const FieldTable& field, const char* end, char* out);

  // A string with its quotes. Null when it is not UTF-8, which is a failure.
  char* String(absl::string_view s, char* out);
  char* InlineString(absl::string_view s, char* out);

  // Without quotes. Needs room for the string and 16 bytes. Null when it is
  // not UTF-8.
  char* StringContents(absl::string_view s, char* out);
  char* InlineContents(absl::string_view s, char* out);
  char* StringWithCare(const char* in, const char* end, char* out);

  // Maps, in json_pass_map.cc. Finds key and value of an entry. False on
  // failure.
  bool ReadEntry(const MessageTable& type, const char* in, const char* end,
                 Entry* entry);
  bool KeysDiffer(const FieldTable& field, const char* in, const char* end);

  // Well-known types, in json_pass_known.cc.
  char* Known(const MessageTable& type, const char* in, const char* end,
              char* out);
  char* Any(const char* in, const char* end, char* out);
  // The message inside of an Any, in place of its closing bracket.
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

  // Keep the first failure. `what` is a literal.
  Step Fail(Result result, const char* what, char* out,
            absl::string_view detail = "");
  char* FailKnown(Result result, const char* what,
                  absl::string_view detail = "") {
    return Fail(result, what, nullptr, detail).out;
  }
  Step Unusual(char* out) {
    return Fail(Result::kUnusual, "unusual wire bytes", out);
  }
  // The slower way replaces what is not UTF-8, if it may be: two keys of a map
  // can become one by it.
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
  // Remembers that the failure was in this field.
  Step In(const FieldTable& field, char* out);

  const JsonTables& tables_;
  const Normalizer* const normalizer_;
  JsonBuffer& buffer_;
  int depth_left_ = wire::kMaxDepth + 1;  // the outermost message counts too

  struct Failure {
    Result result;
    const char* what;
    std::string detail;
    std::vector<const google::protobuf::FieldDescriptor*> where;  // inside out
  };
  std::unique_ptr<Failure> failure_;  // null while all is well
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_TRANSCODE_JSON_PASS_H_
