#include "bridge/feed/read_window.h"

#include <utility>

namespace sse_bridge {

void ReadWindow::Published(size_t bytes) {
  if (!shared_) unsent_.fetch_add(static_cast<int64_t>(bytes));
}

bool ReadWindow::Sent(size_t bytes) {
  if (shared_) return false;
  const int64_t before = unsent_.fetch_sub(static_cast<int64_t>(bytes));
  return before - static_cast<int64_t>(bytes) <= kBytes / 2;
}

void ReadWindow::Reset() { paused_ = owed_ = false; }

bool ReadWindow::AskNext(bool known) {
  if (!shared_ && unsent_ > kBytes) {
    paused_ = true;
    return false;
  }
  owed_ = !known;
  return known;
}

bool ReadWindow::Resume(bool known) {
  if (!paused_) return false;
  paused_ = false;
  owed_ = !known;
  return known;
}

bool ReadWindow::TakeOwed() { return std::exchange(owed_, false); }

}  // namespace sse_bridge
