#include "tests/simulation/response.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace sse_bridge {
namespace {

constexpr int kGzip = 15 + 16;  // zlib's windowBits

}  // namespace

Response::~Response() {
  if (gzip_) inflateEnd(&inflate_);
}

void Response::Head(int status, const Headers& headers) {
  status_ = status;
  bool event_stream = false;
  for (const auto& [name, value] : headers) {
    if (name == "content-type") {
      event_stream = absl::StartsWith(value, "text/event-stream");
    } else if (name == "content-encoding") {
      if (value != "gzip") Fail(absl::StrCat("encoding ", value));
      gzip_ = inflateInit2(&inflate_, kGzip) == Z_OK;
    }
  }
  is_stream_ = status_ == 200 && event_stream;
}

void Response::Body(absl::string_view bytes) {
  if (complete_) {
    return Fail(absl::StrCat("after the response: ", bytes.substr(0, 40)));
  }
  if (gzip_) {
    Inflate(bytes);
  } else {
    Take(bytes);
  }
}

void Response::Complete() {
  if (complete_) return;
  complete_ = true;
  if (gzip_ && !gzip_ended_) Fail("the gzip member has no end");
}

void Response::Inflate(absl::string_view bytes) {
  inflate_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  inflate_.avail_in = static_cast<uInt>(bytes.size());
  char buffer[4096];
  do {
    if (gzip_ended_) return Fail("after the gzip member");
    inflate_.next_out = reinterpret_cast<Bytef*>(buffer);
    inflate_.avail_out = sizeof buffer;
    const int result = inflate(&inflate_, Z_SYNC_FLUSH);
    gzip_ended_ = result == Z_STREAM_END;
    if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR) {
      return Fail(
          absl::StrCat("gzip: ", inflate_.msg == nullptr ? "" : inflate_.msg));
    }
    Take({buffer, sizeof buffer - inflate_.avail_out});
  } while (error_.empty() &&
           (inflate_.avail_in > 0 || inflate_.avail_out == 0));
}

void Response::Take(absl::string_view bytes) {
  if (!is_stream_) {
    body_.append(bytes.data(), bytes.size());
    return;
  }
  for (const char c : bytes) {
    if (c != '\n') {
      line_ += c;
      continue;
    }
    TakeLine(line_);
    line_.clear();
  }
}

void Response::TakeLine(absl::string_view line) {
  if (line.empty()) {
    if (has_id_) last_id_ = id_;
    if (has_data_) on_event_({name_, data_, last_id_});
    name_.clear();
    data_.clear();
    has_data_ = has_id_ = false;
    return;
  }
  if (line[0] == ':') return;
  const std::pair<absl::string_view, absl::string_view> field =
      absl::StrSplit(line, absl::MaxSplits(':', 1));
  absl::string_view value = field.second;
  absl::ConsumePrefix(&value, " ");
  if (field.first == "event") {
    name_ = std::string(value);
  } else if (field.first == "data") {
    if (has_data_) data_ += '\n';
    has_data_ = true;
    data_.append(value.data(), value.size());
  } else if (field.first == "id") {
    has_id_ = true;
    id_ = std::string(value);
  } else if (field.first != "retry") {
    Fail(absl::StrCat("line ", line.substr(0, 40)));
  }
}

}  // namespace sse_bridge
