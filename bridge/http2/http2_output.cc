#include "bridge/http2/http2_output.h"

#include <sys/uio.h>

#include <algorithm>

namespace sse_bridge {
namespace {

constexpr int kMaxVectors = 64;

// What is kept between batches.
constexpr size_t kKeptOwnBytes = 512;
constexpr size_t kKeptParts = 32;

}  // namespace

void Http2Output::AppendOwn(absl::string_view bytes) {
  if (bytes.empty()) return;
  own_.append(bytes.data(), bytes.size());
  bytes_ += bytes.size();
  if (!parts_.empty() && parts_.back().data == nullptr) {
    parts_.back().size += bytes.size();
  } else {
    parts_.push_back({nullptr, bytes.size()});
  }
}

void Http2Output::AppendShared(absl::string_view bytes) {
  if (bytes.empty()) return;
  bytes_ += bytes.size();
  has_shared_ = true;
  parts_.push_back({bytes.data(), bytes.size()});
}

ssize_t Http2Output::Flush(Socket* socket, uint64_t* writes, uint64_t* bytes) {
  blocked_ = false;
  ssize_t result = SendRest(socket, writes, bytes);
  if (result == 0) result = SendBatch(socket, writes, bytes);
  if (result == 0) result = socket->Flush();
  blocked_ = result == Socket::kWouldBlock;
  return result;
}

ssize_t Http2Output::SendRest(Socket* socket, uint64_t* writes,
                              uint64_t* bytes) {
  size_t sent = 0;
  while (sent < rest_.size()) {
    const iovec part{rest_.data() + sent, rest_.size() - sent};
    ++*writes;
    const ssize_t n = socket->Send(&part, 1);
    if (n < 0) {
      rest_.erase(0, sent);
      return n;
    }
    *bytes += static_cast<uint64_t>(n);
    sent += static_cast<size_t>(n);
  }
  std::string().swap(rest_);
  return 0;
}

ssize_t Http2Output::SendBatch(Socket* socket, uint64_t* writes,
                               uint64_t* bytes) {
  size_t part = 0;
  size_t offset = 0;  // in the part
  const char* own = own_.data();
  while (part < parts_.size()) {
    iovec vectors[kMaxVectors];
    int count = 0;
    const char* next_own = own;
    for (size_t i = part; i < parts_.size() && count < kMaxVectors; ++i) {
      const size_t from = i == part ? offset : 0;
      const size_t size = parts_[i].size - from;
      const char* data = parts_[i].data;
      if (data == nullptr) {
        data = next_own;
        next_own += size;
      } else {
        data += from;
      }
      vectors[count++] = {const_cast<char*>(data), size};
    }
    ++*writes;
    const ssize_t n = socket->Send(vectors, count);
    if (n < 0) {
      if (n == Socket::kWouldBlock) KeepFrom(part, offset, own);
      Clear();
      return n;
    }
    *bytes += static_cast<uint64_t>(n);
    auto left = static_cast<size_t>(n);
    while (left > 0) {
      const size_t step = std::min(left, parts_[part].size - offset);
      if (parts_[part].data == nullptr) own += step;
      offset += step;
      left -= step;
      if (offset == parts_[part].size) {
        ++part;
        offset = 0;
      }
    }
  }
  Clear();
  return 0;
}

void Http2Output::KeepFrom(size_t part, size_t offset, const char* own) {
  for (size_t i = part; i < parts_.size(); ++i, offset = 0) {
    const size_t size = parts_[i].size - offset;
    if (parts_[i].data == nullptr) {
      rest_.append(own, size);
      own += size;
    } else {
      rest_.append(parts_[i].data + offset, size);
    }
  }
}

void Http2Output::Clear() {
  parts_.clear();
  own_.clear();
  bytes_ = 0;
  has_shared_ = false;
  if (parts_.capacity() > kKeptParts) std::vector<Part>().swap(parts_);
  if (own_.capacity() > kKeptOwnBytes) std::string().swap(own_);
}

}  // namespace sse_bridge
