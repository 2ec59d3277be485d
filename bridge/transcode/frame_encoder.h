#ifndef SSE_BRIDGE_BRIDGE_TRANSCODE_FRAME_ENCODER_H_
#define SSE_BRIDGE_BRIDGE_TRANSCODE_FRAME_ENCODER_H_

#include <google/protobuf/descriptor.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "bridge/base/stream_event.h"
#include "bridge/transcode/field_reader.h"
#include "bridge/transcode/json_encoder.h"
#include "bridge/transcode/string_list_reader.h"

namespace sse_bridge {

// One server-sent event and the positions of its parts. Reuse the object
// between messages to avoid allocations.
struct EncodedFrame {
  // [event: NAME\n][id: ID\n]data: JSON\n\n
  std::string payload;

  // Positions in `payload`. All of a raw body is data.
  EventSpans spans;

  // The text of the key field; empty if the method has none.
  std::string key;

  // The content type of a raw body; empty otherwise.
  std::string content_type;

  // The subjects that may, and those that may not, see the event. Both are
  // empty if everybody may.
  std::vector<std::string> only_to;
  std::vector<std::string> not_to;

  absl::string_view name() const { return spans.name.In(payload); }
  absl::string_view id() const { return spans.id.In(payload); }
  absl::string_view data() const { return spans.data.In(payload); }

  void Clear() {
    payload.clear();
    key.clear();
    content_type.clear();
    only_to.clear();
    not_to.clear();
    spans = EventSpans();
  }
};

// Encodes the response messages of one method as server-sent events (WHATWG
// HTML, "Server-sent events") and as JSON bodies. Immutable and thread-safe.
class FrameEncoder {
 public:
  // Paths are dotted paths of proto field names, starting at `response`.
  struct Options {
    // Required. Its pool must outlive the frame encoder.
    const google::protobuf::Descriptor* response = nullptr;

    std::string event;       // a constant event name, or
    std::string event_from;  // the path of the field with the event name
    std::string id_from;     // the path of the field with the ID
    std::string key;         // the path of the key field

    // The paths of the fields with the subjects that may, or may not, see the
    // event.
    std::string only_to;
    std::string not_to;

    // The path of the field whose JSON becomes the data (`response_body`), of
    // any type. Empty for the whole message.
    std::string data_field;

    // The response is a google.api.HttpBody, and a frame consists of its bytes
    // only. All other options except `response` are ignored.
    bool raw_body = false;
  };

  // `encoder` may be shared by all methods with the same JsonOptions. Returns
  // InvalidArgument, naming the option, if a path does not exist or leads to a
  // field of the wrong type.
  static absl::StatusOr<std::unique_ptr<FrameEncoder>> Create(
      std::shared_ptr<const JsonEncoder> encoder, const Options& options);

  FrameEncoder(const FrameEncoder&) = delete;
  FrameEncoder& operator=(const FrameEncoder&) = delete;

  // Replaces *frame.
  //
  // - An event name that comes from data: CR, LF and NUL are removed, and a
  //   name that the bridge reserves gets a prefix (EventNameOfData).
  // - An ID that contains CR, LF or NUL, or whose field is not set, is omitted.
  //   An ID that a browser could not send back (too long, or in the form of the
  //   bridge's own IDs) becomes kLostId.
  //
  // - Subjects that cannot be read are an error.
  //
  // On error (see JsonEncoder), *frame is cleared.
  absl::Status Encode(absl::Span<const absl::string_view> wire,
                      EncodedFrame* frame) const;

  bool raw_body() const { return raw_body_; }

  // Replaces *frame with an `unreadable` event for a message that Encode failed
  // to encode. `data` must be a single line. The event has the message's ID if
  // that can be read, so that resuming skips the message, and its subjects.
  void EncodeUnreadable(absl::Span<const absl::string_view> wire,
                        absl::string_view data, EncodedFrame* frame) const;

  // Appends only the JSON. On error, *json is unchanged.
  absl::Status EncodeBody(absl::Span<const absl::string_view> wire,
                          std::string* json) const;

 private:
  explicit FrameEncoder(std::shared_ptr<const JsonEncoder> encoder);
  absl::Status EncodeFlat(absl::string_view wire, EncodedFrame* frame) const;
  absl::Status EncodeData(absl::string_view wire, std::string* json) const;
  absl::Status ReadSubjects(absl::string_view wire, EncodedFrame* frame) const;

  const std::shared_ptr<const JsonEncoder> encoder_;
  std::string event_line_;  // of a constant name
  std::optional<FieldReader> event_;
  std::optional<FieldReader> id_;
  std::optional<FieldReader> key_;
  std::optional<StringListReader> only_to_;
  std::optional<StringListReader> not_to_;
  bool raw_body_ = false;
  const MessageTable* whole_ = nullptr;
  std::optional<JsonField> data_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_TRANSCODE_FRAME_ENCODER_H_
