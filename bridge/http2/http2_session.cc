#include "bridge/http2/http2_session.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "bridge/http/http_date.h"
#include "bridge/http2/http2_session_callbacks.h"

namespace sse_bridge {
namespace {

// Streams leave this part of a small connection window to others: one whose
// client reads nothing must not use up what all of them share. A window of a
// frame's size or less is used as it is.
constexpr int32_t kReservedPart = 4;
constexpr int32_t kSmallWindow = 16384;

// Headers of HTTP/1.1 connections (RFC 9113, 8.2.2).
constexpr absl::string_view kConnectionHeaders[] = {
    "connection", "keep-alive", "proxy-connection", "transfer-encoding",
    "upgrade"};

bool IsConnectionHeader(absl::string_view lower_name) {
  return std::find(std::begin(kConnectionHeaders), std::end(kConnectionHeaders),
                   lower_name) != std::end(kConnectionHeaders);
}

nghttp2_nv Field(absl::string_view name, absl::string_view value) {
  return {reinterpret_cast<uint8_t*>(const_cast<char*>(name.data())),
          reinterpret_cast<uint8_t*>(const_cast<char*>(value.data())),
          name.size(), value.size(), NGHTTP2_NV_FLAG_NONE};
}

}  // namespace

Http2Session::Http2Session(const Options* options, Observer* observer,
                           int64_t now)
    : options_(*options),
      observer_(observer),
      nghttp2_(std::make_unique<Nghttp2>()),
      guard_(options->floods, now),
      now_(now),
      connection_window_(NGHTTP2_INITIAL_CONNECTION_WINDOW_SIZE) {
  nghttp2_session_server_new2(&nghttp2_->session, Callbacks::All(), this,
                              Callbacks::SessionOptions());
  const FramingLimits& limits = options_.framing;
  const nghttp2_settings_entry settings[] = {
      {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, options_.max_streams},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE,
       static_cast<uint32_t>(limits.max_head_bytes +
                             limits.max_event_id_line_bytes)},
      // Priorities are ignored: what a stream sends is already made.
      {NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1},
  };
  nghttp2_submit_settings(nghttp2_->session, NGHTTP2_FLAG_NONE, settings,
                          std::size(settings));
}

Http2Session::~Http2Session() = default;

Http2Stream* Http2Session::Find(int32_t id) const {
  const auto it = streams_.find(id);
  return it == streams_.end() ? nullptr : it->second.get();
}

bool Http2Session::Receive(absl::string_view bytes, int64_t now) {
  now_ = now;
  if (failure_ != Failure::kNone) return false;
  if (guard_.exhausted()) {
    EndWith(Failure::kFlood);
    return false;
  }
  absl::string_view scanned = bytes;
  Http2FrameHead head;
  while (scanner_.Next(&scanned, &head)) {
    const Http2Stream* const stream = Find(static_cast<int32_t>(head.stream));
    const bool answered =
        stream != nullptr && stream->state >= Http2Stream::State::kAnswering;
    if (!guard_.Admit(head, answered, now)) {
      EndWith(Failure::kFlood);
      return false;
    }
  }
  const ssize_t read = nghttp2_session_mem_recv(
      nghttp2_->session, reinterpret_cast<const uint8_t*>(bytes.data()),
      bytes.size());
  if (read < 0) {
    EndWith(failure_ != Failure::kNone    ? failure_
            : read == NGHTTP2_ERR_FLOODED ? Failure::kFlood
                                          : Failure::kProtocol);
    return false;
  }
  return true;
}

void Http2Session::EndWith(Failure failure) {
  failure_ = failure;
  gone_away_ = true;
  nghttp2_session_terminate_session(nghttp2_->session,
                                    failure == Failure::kProtocol
                                        ? NGHTTP2_PROTOCOL_ERROR
                                        : NGHTTP2_ENHANCE_YOUR_CALM);
}

bool Http2Session::Pump() {
  while (!output_.blocked() && !output_.full()) {
    const uint8_t* bytes = nullptr;
    const ssize_t size = nghttp2_session_mem_send(nghttp2_->session, &bytes);
    if (size < 0) {
      failure_ = Failure::kProtocol;
      return false;
    }
    if (size == 0 && guard_.exhausted() && failure_ == Failure::kNone) {
      EndWith(Failure::kFlood);  // says why
      continue;
    }
    if (size == 0) break;
    output_.AppendOwn(View(bytes, static_cast<size_t>(size)));
  }
  return true;
}

bool Http2Session::over() const {
  return nghttp2_session_want_read(nghttp2_->session) == 0 &&
         nghttp2_session_want_write(nghttp2_->session) == 0;
}

void Http2Session::SetHeld(Http2Stream* stream, size_t bytes) {
  held_bytes_ += bytes - stream->held_bytes;
  stream->held_bytes = bytes;
}

void Http2Session::CountRequest(Http2Stream* stream) {
  SetHeld(stream, stream->request->held_bytes());
}

void Http2Session::HeadComplete(Http2Stream* stream) {
  if (stream->request == nullptr) return;
  stream->request->EndHead();
  CountRequest(stream);
  if (stream->request->head_too_large()) guard_.HeadRefused();
  if (stream->whole_request || stream->request->refused() != 0) {
    RequestComplete(stream);
  } else if (stream->request->expects_continue()) {
    const nghttp2_nv status = Field(":status", "100");
    nghttp2_submit_headers(nghttp2_->session, NGHTTP2_FLAG_NONE, stream->id,
                           nullptr, &status, 1, nullptr);
  }
}

void Http2Session::RequestComplete(Http2Stream* stream) {
  if (stream->state != Http2Stream::State::kReading) return;
  stream->state = Http2Stream::State::kBusy;
  stream->since_ns = now_;
  observer_->OnRequest(stream);
}

void Http2Session::Submit(Http2Stream* stream, const HttpResponse& head,
                          bool has_body, const std::string* length) {
  std::vector<std::string> names;
  std::vector<std::string> values;
  names.reserve(head.headers.size());
  values.reserve(head.headers.size());
  std::vector<nghttp2_nv> fields;
  fields.reserve(head.headers.size() + 3);
  const std::string status = absl::StrCat(head.status);
  const absl::string_view date = HttpDateNow();
  fields.push_back(Field(":status", status));
  bool dated = false;
  for (const auto& [name, value] : head.headers) {
    std::string lower = absl::AsciiStrToLower(name);
    if (nghttp2_check_header_name(
            reinterpret_cast<const uint8_t*>(lower.data()), lower.size()) ==
            0 ||
        lower[0] == ':' || IsConnectionHeader(lower)) {
      continue;
    }
    dated = dated || lower == "date";
    std::string clean(absl::StripAsciiWhitespace(value));
    for (char& c : clean) {
      if (c == '\r' || c == '\n' || c == '\0') c = ' ';
    }
    names.push_back(std::move(lower));
    values.push_back(std::move(clean));
    fields.push_back(Field(names.back(), values.back()));
    // Another one each time.
    if (names.back() == "x-request-id") {
      fields.back().flags |= NGHTTP2_NV_FLAG_NO_INDEX;
    }
  }
  if (!dated) fields.push_back(Field("date", date));
  if (length != nullptr) fields.push_back(Field("content-length", *length));
  nghttp2_data_provider body{};
  body.read_callback = &Callbacks::OnRead;
  if (nghttp2_submit_response(nghttp2_->session, stream->id, fields.data(),
                              fields.size(), has_body ? &body : nullptr) != 0) {
    Reset(stream, NGHTTP2_INTERNAL_ERROR);
  }
}

void Http2Session::Respond(Http2Stream* stream, HttpResponse response,
                           bool without_body) {
  const bool bodiless = response.status == 204 || response.status == 304;
  const std::string length = absl::StrCat(response.body.size());
  stream->request.reset();
  stream->state = Http2Stream::State::kAnswering;
  stream->since_ns = now_;
  const bool has_body = !without_body && !bodiless && !response.body.empty();
  if (has_body) stream->body = std::move(response.body);
  SetHeld(stream, stream->body.capacity());
  Submit(stream, response, has_body,
         response.has_length && !bodiless ? &length : nullptr);
}

void Http2Session::Begin(Http2Stream* stream, const HttpResponse& head) {
  stream->request.reset();
  stream->state = Http2Stream::State::kStreaming;
  SetHeld(stream, 0);
  Submit(stream, head, /*has_body=*/true, nullptr);
}

size_t Http2Session::Room(const Http2Stream& stream) const {
  const int32_t shared =
      nghttp2_session_get_remote_window_size(nghttp2_->session);
  int32_t own = nghttp2_session_get_stream_remote_window_size(nghttp2_->session,
                                                              stream.id);
  const auto initial = static_cast<int32_t>(nghttp2_session_get_remote_settings(
      nghttp2_->session, NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE));
  if (initial > kSmallWindow && connection_window_ / kReservedPart <= initial) {
    own -= std::min(initial, connection_window_) / kReservedPart;
  }
  return static_cast<size_t>(std::max(std::min(shared, own), 0));
}

size_t Http2Session::Write(Http2Stream* stream, const iovec* parts, int count) {
  size_t total = 0;
  for (int i = 0; i < count; ++i) total += parts[i].iov_len;
  stream->waiting = false;
  stream->parts = parts;
  stream->part_offset = 0;
  stream->left = total;
  if (!output_.blocked() && !output_.full() && Room(*stream) > 0) {
    nghttp2_session_resume_data(nghttp2_->session, stream->id);
    Pump();
  }
  const size_t left = std::exchange(stream->left, 0);
  stream->parts = nullptr;
  stream->waiting = left > 0;
  return total - left;
}

void Http2Session::End(Http2Stream* stream) {
  stream->ended = true;
  nghttp2_session_resume_data(nghttp2_->session, stream->id);
}

void Http2Session::Reset(Http2Stream* stream, uint32_t error_code) {
  nghttp2_submit_rst_stream(nghttp2_->session, NGHTTP2_FLAG_NONE, stream->id,
                            error_code);
}

void Http2Session::MakeWritable(Http2Stream* stream) {
  if (!stream->waiting || stream->listed) return;
  stream->listed = true;
  writable_.push_back(stream->id);
}

std::vector<int32_t> Http2Session::TakeWritable() {
  if (std::exchange(all_writable_, false)) {
    for (const auto& [id, stream] : streams_) MakeWritable(stream.get());
    // So that what they share does not go to the same first each time.
    if (!writable_.empty()) {
      std::rotate(writable_.begin(),
                  writable_.begin() + rotor_++ % writable_.size(),
                  writable_.end());
    }
  }
  std::vector<int32_t> taken;
  taken.swap(writable_);
  std::erase_if(taken, [this](int32_t id) {
    Http2Stream* const stream = Find(id);
    if (stream == nullptr) return true;
    stream->listed = stream->waiting = false;
    if (stream->state == Http2Stream::State::kStreaming && !stream->ended) {
      return false;
    }
    nghttp2_session_resume_data(nghttp2_->session, id);
    return true;
  });
  return taken;
}

void Http2Session::DropStreams() {
  const auto dropped = std::exchange(streams_, {});
  held_bytes_ = 0;
  for (const auto& [id, stream] : dropped) observer_->OnClosed(stream.get());
}

void Http2Session::AnnounceGoAway() {
  if (std::exchange(announced_, true)) return;
  nghttp2_submit_shutdown_notice(nghttp2_->session);
}

void Http2Session::GoAway() {
  if (std::exchange(gone_away_, true)) return;
  nghttp2_submit_goaway(
      nghttp2_->session, NGHTTP2_FLAG_NONE,
      nghttp2_session_get_last_proc_stream_id(nghttp2_->session),
      NGHTTP2_NO_ERROR, nullptr, 0);
}

}  // namespace sse_bridge
