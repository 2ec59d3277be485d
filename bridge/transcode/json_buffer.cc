#include "bridge/transcode/json_buffer.h"

#include <algorithm>
#include <cstdlib>
#include <new>

namespace sse_bridge {
namespace {

// Initial size of a buffer, and the size above which GiveBack() frees it.
constexpr size_t kFirstBufferBytes = 4096;
constexpr size_t kMaxKeptBytes = 1 << 20;

}  // namespace

JsonBuffer::~JsonBuffer() { std::free(begin_); }

void JsonBuffer::GiveBack() {
  if (static_cast<size_t>(end_ - begin_) <= kMaxKeptBytes) return;
  std::free(begin_);
  begin_ = end_ = nullptr;
}

char* JsonBuffer::Grow(char* out, size_t n) {
  const auto used = static_cast<size_t>(out - begin_);
  const auto capacity = static_cast<size_t>(end_ - begin_);
  const size_t wanted =
      std::max({kFirstBufferBytes, 2 * capacity, used + n + kSlack});
  auto* const grown = static_cast<char*>(std::realloc(begin_, wanted));
  if (grown == nullptr) throw std::bad_alloc();
  begin_ = grown;
  end_ = grown + wanted;
  return begin_ + used;
}

}  // namespace sse_bridge
