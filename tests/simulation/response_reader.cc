#include "tests/simulation/response_reader.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace sse_bridge {

void ResponseReader::Read(absl::string_view received) {
  while (status_ == 0 && error_.empty()) {
    if (!ReadHead(received)) return;
  }
  if (error_.empty()) ReadBody(received);
}

void ResponseReader::End() {
  if (!complete_ && error_.empty() && until_end_) complete_ = true;
}

bool ResponseReader::ReadHead(absl::string_view received) {
  const absl::string_view rest = received.substr(read_);
  const size_t end = rest.find("\r\n\r\n");
  if (end == absl::string_view::npos) return false;
  read_ += end + 4;
  const std::vector<absl::string_view> lines =
      absl::StrSplit(rest.substr(0, end), "\r\n");
  int status = 0;
  if (!absl::StartsWith(lines[0], "HTTP/1.1 ") ||
      !absl::SimpleAtoi(lines[0].substr(9, 3), &status)) {
    error_ = absl::StrCat("status line ", lines[0]);
    return false;
  }
  if (status < 200) return true;  // interim
  status_ = status;
  bool event_stream = false;
  for (size_t i = 1; i < lines.size(); ++i) {
    const std::pair<absl::string_view, absl::string_view> header =
        absl::StrSplit(lines[i], absl::MaxSplits(": ", 1));
    const std::string name = absl::AsciiStrToLower(header.first);
    if (name == "content-length") {
      uint64_t length = 0;
      if (!absl::SimpleAtoi(header.second, &length)) error_ = "length";
      length_ = length;
    } else if (name == "transfer-encoding") {
      chunked_ = header.second == "chunked";
    } else if (name == "content-type") {
      event_stream = absl::StartsWith(header.second, "text/event-stream");
    }
  }
  is_stream_ = status_ == 200 && event_stream;
  if (status_ == 204) {
    complete_ = true;
  } else if (!chunked_ && !length_.has_value()) {
    until_end_ = true;
  } else if (chunked_ && length_.has_value()) {
    error_ = "both a length and chunks";
  } else if (length_.has_value() && *length_ == 0) {
    complete_ = true;
  }
  return true;
}

void ResponseReader::ReadBody(absl::string_view received) {
  absl::string_view rest = received.substr(read_);
  while (!rest.empty() && error_.empty()) {
    if (complete_) {
      error_ = absl::StrCat("after the response: ", rest.substr(0, 40));
      return;
    }
    if (!chunked_) {
      absl::string_view bytes = rest;
      if (length_.has_value()) bytes = rest.substr(0, *length_ - body_.size());
      rest.remove_prefix(bytes.size());
      read_ += bytes.size();
      TakeBody(bytes);
      if (length_.has_value() && body_.size() == *length_) complete_ = true;
      continue;
    }
    if (chunk_left_ > 0) {
      const size_t n = std::min(chunk_left_, rest.size());
      TakeBody(rest.substr(0, n));
      chunk_left_ -= n;
      rest.remove_prefix(n);
      read_ += n;
      if (chunk_left_ == 0) chunk_ends_ = true;
      continue;
    }
    const size_t end = rest.find("\r\n");
    if (end == absl::string_view::npos) return;
    if (std::exchange(chunk_ends_, false)) {
      if (end != 0) error_ = "no end of a chunk";
    } else {
      uint64_t size = 0;
      if (!absl::SimpleHexAtoi(rest.substr(0, end), &size)) {
        error_ = absl::StrCat("size of a chunk ", rest.substr(0, end));
      } else if (size == 0) {
        if (rest.size() < end + 4) return;
        if (rest.substr(end, 4) != "\r\n\r\n") error_ = "the last chunk";
        complete_ = true;
        rest.remove_prefix(2);
        read_ += 2;
      }
      chunk_left_ = size;
    }
    rest.remove_prefix(end + 2);
    read_ += end + 2;
  }
}

void ResponseReader::TakeBody(absl::string_view bytes) {
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

void ResponseReader::TakeLine(absl::string_view line) {
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
    error_ = absl::StrCat("line ", line.substr(0, 40));
  }
}

}  // namespace sse_bridge
