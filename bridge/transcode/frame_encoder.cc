#include "bridge/transcode/frame_encoder.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "bridge/base/event_names.h"
#include "bridge/base/own_ids.h"
#include "bridge/transcode/http_body.h"
#include "bridge/transcode/sse_format.h"
#include "bridge/transcode/wire_slices.h"

namespace sse_bridge {
namespace {

absl::Status Named(absl::string_view option, const absl::Status& status) {
  return absl::Status(status.code(),
                      absl::StrCat(option, ": ", status.message()));
}

absl::Status MakeReader(const google::protobuf::Descriptor* type,
                        absl::string_view option, const std::string& path,
                        std::optional<FieldReader>* reader) {
  if (path.empty()) return absl::OkStatus();
  auto made = FieldReader::Create(type, path);
  if (!made.ok()) return Named(option, made.status());
  *reader = *std::move(made);
  return absl::OkStatus();
}

absl::Status MakeListReader(const google::protobuf::Descriptor* type,
                            absl::string_view option, const std::string& path,
                            std::optional<StringListReader>* reader) {
  if (path.empty()) return absl::OkStatus();
  auto made = StringListReader::Create(type, path);
  if (!made.ok()) return Named(option, made.status());
  *reader = *std::move(made);
  return absl::OkStatus();
}

}  // namespace

FrameEncoder::FrameEncoder(std::shared_ptr<const JsonEncoder> encoder)
    : encoder_(std::move(encoder)) {}

absl::StatusOr<std::unique_ptr<FrameEncoder>> FrameEncoder::Create(
    std::shared_ptr<const JsonEncoder> encoder, const Options& options) {
  auto frames =
      std::unique_ptr<FrameEncoder>(new FrameEncoder(std::move(encoder)));
  frames->raw_body_ = options.raw_body;
  if (options.raw_body) return frames;
  if (!options.event.empty()) {
    std::string name = options.event;
    RemoveLineEnds(0, &name);
    frames->event_line_ = absl::StrCat(kSseName, name, "\n");
  }
  for (const absl::Status& status : {
           MakeReader(options.response, "event_from", options.event_from,
                      &frames->event_),
           MakeReader(options.response, "id_from", options.id_from,
                      &frames->id_),
           MakeReader(options.response, "key", options.key, &frames->key_),
           MakeListReader(options.response, "only_to", options.only_to,
                          &frames->only_to_),
           MakeListReader(options.response, "not_to", options.not_to,
                          &frames->not_to_),
       }) {
    if (!status.ok()) return status;
  }
  frames->whole_ = frames->encoder_->TableFor(options.response);
  if (!options.data_field.empty()) {
    auto field =
        frames->encoder_->FieldFor(options.response, options.data_field);
    if (!field.ok()) return Named("response_body", field.status());
    frames->data_ = *std::move(field);
  }
  return frames;
}

absl::Status FrameEncoder::Encode(absl::Span<const absl::string_view> wire,
                                  EncodedFrame* frame) const {
  frame->Clear();
  const absl::Status status = EncodeFlat(Flatten(wire), frame);
  if (ABSL_PREDICT_FALSE(!status.ok())) frame->Clear();
  return status;
}

absl::Status FrameEncoder::EncodeFlat(absl::string_view wire,
                                      EncodedFrame* frame) const {
  std::string& payload = frame->payload;
  if (raw_body_) {
    HttpBodyView body;
    if (!ReadHttpBody(wire, &body)) {
      return absl::InvalidArgumentError(
          "google.api.HttpBody: malformed or truncated wire bytes");
    }
    payload.assign(body.data.data(), body.data.size());
    frame->spans.data = SpanOf(0, payload.size());
    frame->content_type.assign(body.content_type.data(),
                               body.content_type.size());
    return absl::OkStatus();
  }
  bool present;
  if (event_.has_value()) {
    payload.append(kSseName.data(), kSseName.size());
    const size_t begin = payload.size();
    const absl::Status status = event_->Append(wire, &payload, &present);
    if (!status.ok()) return status;
    RemoveLineEnds(begin, &payload);
    // Check only now: removing characters can produce a reserved name.
    if (IsReservedEventName(absl::string_view(payload).substr(begin))) {
      payload.insert(begin, kDataEventPrefix.data(), kDataEventPrefix.size());
    }
    if (payload.size() == begin) {
      payload.clear();
    } else {
      payload += '\n';
    }
  }
  if (payload.empty()) payload = event_line_;
  if (!payload.empty()) {
    frame->spans.name = SpanOf(kSseName.size(), payload.size() - 1);
  }

  if (id_.has_value()) {
    const size_t line = payload.size();
    payload.append(kSseId.data(), kSseId.size());
    const size_t begin = payload.size();
    const absl::Status status = id_->Append(wire, &payload, &present);
    if (!status.ok()) return status;
    const absl::string_view id = absl::string_view(payload).substr(begin);
    if (!present || id.empty() || !IsOneLine(id)) {
      payload.resize(line);
    } else {
      if (id.size() > kMaxIdBytes || IsOwnId(id)) {
        payload.resize(begin);
        absl::StrAppend(&payload, kLostId);
      }
      frame->spans.id = SpanOf(begin, payload.size());
      payload += '\n';
    }
  }

  if (key_.has_value()) {
    const absl::Status status = key_->Append(wire, &frame->key, &present);
    if (!status.ok()) return status;
  }

  if (absl::Status status = ReadSubjects(wire, frame); !status.ok()) {
    return status;
  }

  payload.append(kSseData.data(), kSseData.size());
  const size_t data = payload.size();
  const absl::Status status = EncodeData(wire, &payload);
  if (!status.ok()) return status;
  frame->spans.data = SpanOf(data, payload.size());
  payload += "\n\n";
  return absl::OkStatus();
}

absl::Status FrameEncoder::ReadSubjects(absl::string_view wire,
                                        EncodedFrame* frame) const {
  if (only_to_.has_value()) {
    absl::Status status = only_to_->Read(wire, &frame->only_to);
    if (!status.ok()) return status;
  }
  return not_to_.has_value() ? not_to_->Read(wire, &frame->not_to)
                             : absl::OkStatus();
}

void FrameEncoder::EncodeUnreadable(absl::Span<const absl::string_view> wire,
                                    absl::string_view data,
                                    EncodedFrame* frame) const {
  frame->Clear();
  // The event has nothing of the message except its ID, so everybody may see it
  // if the subjects cannot be read.
  ReadSubjects(Flatten(wire), frame).IgnoreError();
  std::string id;
  if (id_.has_value()) {
    id_->AppendReached(Flatten(wire), &id);
    if (id.size() > kMaxIdBytes || IsOwnId(id)) id = std::string(kLostId);
    if (!IsOneLine(id)) id.clear();
  }
  StreamEvent event;
  event.kind = EventKind::kUnreadable;
  event.name = kUnreadableEventName;
  event.id = id;
  event.data = data;
  AppendSseEvent(event, &frame->payload, &frame->spans);
}

absl::Status FrameEncoder::EncodeBody(absl::Span<const absl::string_view> wire,
                                      std::string* json) const {
  return EncodeData(Flatten(wire), json);
}

absl::Status FrameEncoder::EncodeData(absl::string_view wire,
                                      std::string* json) const {
  if (data_.has_value()) return encoder_->EncodeField(*data_, wire, json);
  return encoder_->Encode(whole_, wire, json);
}

}  // namespace sse_bridge
