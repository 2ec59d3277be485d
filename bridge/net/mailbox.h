#ifndef SSE_BRIDGE_BRIDGE_NET_MAILBOX_H_
#define SSE_BRIDGE_BRIDGE_NET_MAILBOX_H_

#include <atomic>
#include <cstddef>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/types/span.h"
#include "bridge/base/mutex.h"

namespace sse_bridge {

// The commands that wait for one loop, and whether the loop sleeps. The loop
// takes all of them at once.
//
// Its size has no bound of its own: each user bounds what its commands are
// about (connections, requests in flight), or watches backlog_bytes().
template <typename Command>
class Mailbox {
 public:
  enum class Posted {
    kRefused,    // closed; the command is unchanged
    kQueued,     // the loop will see it
    kWakeNeeded  // the loop sleeps: the caller must wake it
  };

  Mailbox() = default;
  Mailbox(const Mailbox&) = delete;
  Mailbox& operator=(const Mailbox&) = delete;

  // May be called on any thread. `bytes` is included in backlog_bytes() until
  // the command is processed.
  Posted Post(Command&& command, size_t bytes = 0) {
    MutexLock lock(&mu_);
    if (closed_) return Posted::kRefused;
    if (bytes > 0) {
      bytes_ += bytes;
      backlog_bytes_.fetch_add(bytes, std::memory_order_relaxed);
    }
    commands_.push_back(std::move(command));
    return std::exchange(asleep_, false) ? Posted::kWakeNeeded
                                         : Posted::kQueued;
  }

  // The bytes of commands that the loop has not processed. May be called on any
  // thread.
  size_t backlog_bytes() const {
    return backlog_bytes_.load(std::memory_order_relaxed);
  }

  // All others are called on the loop's thread.
  //
  // Returns false if commands are waiting. Otherwise the next Post returns
  // kWakeNeeded.
  bool PrepareToSleep() {
    MutexLock lock(&mu_);
    asleep_ = commands_.empty();
    return asleep_;
  }

  // To be called when the loop does not sleep any more, whatever woke it.
  void WokeUp() {
    MutexLock lock(&mu_);
    asleep_ = false;
  }

  // Takes all commands, in the order of posting. They belong to the mailbox and
  // stay valid until Processed, which must be called before the next Take. It
  // may be omitted if there are none.
  absl::Span<Command> Take() {
    MutexLock lock(&mu_);
    batch_.swap(commands_);
    batch_bytes_ = std::exchange(bytes_, 0);
    return absl::MakeSpan(batch_);
  }

  void Processed() {
    if (batch_.capacity() > kMaxKeptBatch) {
      std::vector<Command>().swap(batch_);
    } else {
      batch_.clear();
    }
    backlog_bytes_.fetch_sub(std::exchange(batch_bytes_, 0),
                             std::memory_order_relaxed);
  }

  // Refuses all further commands. Returns false, without effect, while commands
  // are waiting.
  bool CloseIfEmpty() {
    MutexLock lock(&mu_);
    closed_ = commands_.empty();
    return closed_;
  }

 private:
  // The memory of larger batches is released.
  static constexpr size_t kMaxKeptBatch = 4096;

  std::atomic<size_t> backlog_bytes_{0};  // taken commands included

  Mutex mu_;
  std::vector<Command> commands_ ABSL_GUARDED_BY(mu_);
  size_t bytes_ ABSL_GUARDED_BY(mu_) = 0;  // of `commands_`
  bool asleep_ ABSL_GUARDED_BY(mu_) = false;
  bool closed_ ABSL_GUARDED_BY(mu_) = false;

  // Used on the loop's thread only.
  std::vector<Command> batch_;  // taken; empty between uses
  size_t batch_bytes_ = 0;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_NET_MAILBOX_H_
