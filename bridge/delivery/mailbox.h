#ifndef SSE_BRIDGE_BRIDGE_DELIVERY_MAILBOX_H_
#define SSE_BRIDGE_BRIDGE_DELIVERY_MAILBOX_H_

#include <atomic>
#include <cstddef>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "bridge/base/mutex.h"
#include "bridge/delivery/command.h"

namespace sse_bridge {

// The commands that wait for one loop, and whether the loop sleeps. The loop
// takes all of them at once.
//
// Its size has no bound of its own: feeds stop reading while backlog_bytes() is
// large, and the other commands are bounded by the number of connections.
class Mailbox {
 public:
  enum class Posted {
    kRefused,    // closed; the command is unchanged
    kQueued,     // the loop will see it
    kWakeNeeded  // the loop sleeps: the caller must wake it
  };
  enum class Waiting { kNothing, kCommands, kStop };

  Mailbox() = default;
  Mailbox(const Mailbox&) = delete;
  Mailbox& operator=(const Mailbox&) = delete;

  // May be called on any thread.
  Posted Post(Command&& command);
  // Returns false if a stop was requested before. The caller must wake the
  // loop.
  bool RequestStop();
  // The bytes of published frames that the loop has not processed.
  size_t backlog_bytes() const {
    return backlog_bytes_.load(std::memory_order_relaxed);
  }

  // Called on the loop's thread.
  //
  // Returns what is waiting. If it is nothing, the next Post returns
  // kWakeNeeded.
  Waiting PrepareToSleep();
  // Returns true if a stop was requested.
  bool WokeUp();
  // Moves all commands to `batch`, which must be empty. Returns false if there
  // are none. `*bytes` is to be passed to Processed later.
  bool Take(std::vector<Command>* batch, size_t* bytes);
  void Processed(size_t bytes) {
    backlog_bytes_.fetch_sub(bytes, std::memory_order_relaxed);
  }
  // Refuses all further commands. Returns false, without effect, while commands
  // are waiting.
  bool CloseIfEmpty();

 private:
  std::atomic<size_t> backlog_bytes_{0};  // taken commands included

  Mutex mu_;
  std::vector<Command> commands_ ABSL_GUARDED_BY(mu_);
  size_t bytes_ ABSL_GUARDED_BY(mu_) = 0;  // of frames in `commands_`
  bool asleep_ ABSL_GUARDED_BY(mu_) = false;
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  bool closed_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_DELIVERY_MAILBOX_H_
