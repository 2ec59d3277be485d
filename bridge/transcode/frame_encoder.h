#ifndef SSE_BRIDGE_BRIDGE_TRANSCODE_FRAME_ENCODER_H_
#define SSE_BRIDGE_BRIDGE_TRANSCODE_FRAME_ENCODER_H_

#include <google/protobuf/descriptor.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "bridge/base/stream_event.h"
#include "bridge/transcode/field_reader.h"
#include "bridge/transcode/json_encoder.h"

namespace sse_bridge {

// One server-sent event, and where its parts are. Reuse it from one message
// to the next: its memory is kept.
struct EncodedFrame {
  // [event: NAME\n][id: ID\n]data: JSON\n\n
  std::string payload;

  // In `payload`. Of a raw body all of it is the data.
  EventSpans spans;

  // The text of the key field; empty if there is none.
  std::string key;

  // Of raw bodies: what the payload is.
  std::string content_type;

  absl::string_view name() const { return spans.name.In(payload); }
  absl::string_view id() const { return spans.id.In(payload); }
  absl::string_view data() const { return spans.data.In(payload); }

  void Clear() {
    payload.clear();
    key.clear();
    content_type.clear();
    spans = EventSpans();
  }
};

// Turns the response messages of one method into server-sent events (WHATWG
// HTML, "Server-sent events"), and into JSON bodies. Immutable, thread-safe.
class FrameEncoder {
 public:
  // Paths are of proto names with dots, from `response`.
  struct Options {
    // Required; its pool must outlive the frame encoder.
    const google::protobuf::Descriptor* response = nullptr;

    std::string event;       // the constant name of events; or
    std::string event_from;  // the path of the field that holds it
    std::string id_from;     // the path of the field that becomes `id:`
    std::string key;         // the path of the field that becomes the key

    // The path of the field whose JSON is the data (`response_body`), of any
    // type; empty for the whole message.
    std::string data_field;

    // The response is a google.api.HttpBody, and a frame is nothing but its
    // bytes. Of the other options only `response` counts.
    bool raw_body = false;
  };

  // `encoder` is shared by the methods with the same JsonOptions.
  // INVALID_ARGUMENT, naming the option, if a path leads nowhere or to the
  // wrong type.
  static absl::StatusOr<std::unique_ptr<FrameEncoder>> Create(
      std::shared_ptr<const JsonEncoder> encoder, const Options& options);

  FrameEncoder(const FrameEncoder&) = delete;
  FrameEncoder& operator=(const FrameEncoder&) = delete;

  // Replaces *frame. CR, LF and NUL are removed from an event's name that
  // comes from data, and one of the bridge's own gets a prefix
  // (EventNameOfData); an id with one of them is left out, and so is an id
  // whose field is not set. An id that no browser could come back with (too
  // long, or like the bridge's own) becomes kLostId. On error (see JsonEncoder)
  // *frame is cleared.
  absl::Status Encode(absl::Span<const absl::string_view> wire,
                      EncodedFrame* frame) const;

  bool raw_body() const { return raw_body_; }

  // Replaces *frame by what stands for a message that Encode has failed with:
  // an event `unreadable` with this data (one line), and with the message's id
  // if that can be read, so that resuming goes past it.
  void EncodeUnreadable(absl::Span<const absl::string_view> wire,
                        absl::string_view data, EncodedFrame* frame) const;

  // Appends only the JSON. On error *json is as it was before.
  absl::Status EncodeBody(absl::Span<const absl::string_view> wire,
                          std::string* json) const;

 private:
  explicit FrameEncoder(std::shared_ptr<const JsonEncoder> encoder);
  absl::Status EncodeFlat(absl::string_view wire, EncodedFrame* frame) const;
  absl::Status EncodeData(absl::string_view wire, std::string* json) const;

  const std::shared_ptr<const JsonEncoder> encoder_;
  std::string event_line_;  // of a constant name
  std::optional<FieldReader> event_;
  std::optional<FieldReader> id_;
  std::optional<FieldReader> key_;
  bool raw_body_ = false;
  const MessageTable* whole_ = nullptr;
  std::optional<JsonField> data_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_TRANSCODE_FRAME_ENCODER_H_
