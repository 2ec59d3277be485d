#include "tests/simulation/http1_reader.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace sse_bridge {

void Http1Reader::Read(absl::string_view received) {
  while (response_->status() == 0 && !Failed()) {
    if (!ReadHead(received)) return;
  }
  if (!Failed()) ReadBody(received);
}

void Http1Reader::End() {
  if (!Failed() && until_end_) response_->Complete();
}

bool Http1Reader::ReadHead(absl::string_view received) {
  const absl::string_view rest = received.substr(read_);
  const size_t end = rest.find("\r\n\r\n");
  if (end == absl::string_view::npos) return false;
  read_ += end + 4;
  const std::vector<absl::string_view> lines =
      absl::StrSplit(rest.substr(0, end), "\r\n");
  int status = 0;
  if (!absl::StartsWith(lines[0], "HTTP/1.1 ") ||
      !absl::SimpleAtoi(lines[0].substr(9, 3), &status)) {
    response_->Fail(absl::StrCat("status line ", lines[0]));
    return false;
  }
  if (status < 200) return true;  // interim
  Response::Headers headers;
  for (size_t i = 1; i < lines.size(); ++i) {
    const std::pair<absl::string_view, absl::string_view> header =
        absl::StrSplit(lines[i], absl::MaxSplits(": ", 1));
    headers.emplace_back(absl::AsciiStrToLower(header.first), header.second);
    const auto& [name, value] = headers.back();
    if (name == "content-length") {
      uint64_t length = 0;
      if (!absl::SimpleAtoi(value, &length)) response_->Fail("length");
      length_ = length;
    } else if (name == "transfer-encoding") {
      chunked_ = value == "chunked";
    }
  }
  response_->Head(status, headers);
  if (status == 204) {
    response_->Complete();
  } else if (!chunked_ && !length_.has_value()) {
    until_end_ = true;
  } else if (chunked_ && length_.has_value()) {
    response_->Fail("both a length and chunks");
  } else if (length_.has_value() && *length_ == 0) {
    response_->Complete();
  }
  return true;
}

void Http1Reader::ReadBody(absl::string_view received) {
  absl::string_view rest = received.substr(read_);
  while (!rest.empty() && !Failed()) {
    if (!chunked_) {
      absl::string_view bytes = rest;
      if (length_.has_value() && *length_ > 0) {
        bytes = rest.substr(0, *length_);
        *length_ -= bytes.size();
      }
      rest.remove_prefix(bytes.size());
      read_ += bytes.size();
      response_->Body(bytes);
      if (length_.has_value() && *length_ == 0) response_->Complete();
      continue;
    }
    if (response_->complete()) return response_->Body(rest);
    if (chunk_left_ > 0) {
      const size_t n = std::min(chunk_left_, rest.size());
      response_->Body(rest.substr(0, n));
      chunk_left_ -= n;
      rest.remove_prefix(n);
      read_ += n;
      if (chunk_left_ == 0) chunk_ends_ = true;
      continue;
    }
    const size_t end = rest.find("\r\n");
    if (end == absl::string_view::npos) return;
    if (std::exchange(chunk_ends_, false)) {
      if (end != 0) response_->Fail("no end of a chunk");
    } else {
      uint64_t size = 0;
      if (!absl::SimpleHexAtoi(rest.substr(0, end), &size)) {
        response_->Fail(absl::StrCat("size of a chunk ", rest.substr(0, end)));
      } else if (size == 0) {
        if (rest.size() < end + 4) return;
        if (rest.substr(end, 4) != "\r\n\r\n") {
          response_->Fail("the last chunk");
        }
        response_->Complete();
        rest.remove_prefix(2);
        read_ += 2;
      }
      chunk_left_ = size;
    }
    rest.remove_prefix(end + 2);
    read_ += end + 2;
  }
}

}  // namespace sse_bridge
