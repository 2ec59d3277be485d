#ifndef SSE_BRIDGE_BRIDGE_UPSTREAM_DIRECT_DIRECT_LOOP_H_
#define SSE_BRIDGE_BRIDGE_UPSTREAM_DIRECT_DIRECT_LOOP_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "bridge/net/clock.h"
#include "bridge/net/event_loop.h"
#include "bridge/net/mailbox.h"

namespace sse_bridge {

class DirectLoop;

// What other threads ask of something that lives on a loop.
class DirectTarget {
 public:
  virtual ~DirectTarget() = default;

  // Called on the thread of `loop`. `what` is the target's own.
  virtual void OnCommand(DirectLoop* loop, int what) = 0;
};

// A deadline of something that lives on a loop. Disarmed when destroyed, which
// must happen on the loop's thread if it is armed.
class DirectTimer {
 public:
  // `run` is called with `owner`, and may destroy the timer.
  DirectTimer(void (*run)(void* owner), void* owner)
      : run_(run), owner_(owner) {}
  ~DirectTimer() { Disarm(); }
  DirectTimer(const DirectTimer&) = delete;
  DirectTimer& operator=(const DirectTimer&) = delete;

  // `at_ns` is a time of the loop's clock. Replaces the time that was set.
  void Arm(DirectLoop* loop, int64_t at_ns);
  void Disarm();
  bool armed() const { return loop_ != nullptr; }

 private:
  friend DirectLoop;
  void (*const run_)(void*);
  void* const owner_;
  DirectLoop* loop_ = nullptr;
  int64_t at_ns_ = 0;
  size_t index_ = 0;  // in the loop's heap
};

// An event loop of the direct client: connections, and the calls on them, live
// on one each. The loops are shared by all upstreams and never end, as calls
// may outlive whoever made them. Methods are for the loop's thread, unless
// noted.
class DirectLoop final : public EventLoop::Handler {
 public:
  // What has a socket.
  class Watcher {
   public:
    virtual void OnEvent(uint32_t events) = 0;
    // Called at the end of a round in which FlushLater was called.
    virtual void Flush() = 0;
    // Called in the next round after ReadLater.
    virtual void ReadOn() = 0;

   protected:
    ~Watcher() = default;
  };

  // Returns one of the loops, in turn. Thread-safe.
  static DirectLoop* Next();

  // Thread-safe.
  void Post(std::shared_ptr<DirectTarget> target, int what);

  int64_t now() const { return loop_.now(); }

  // Reports all edges of the socket until Unwatch. Returns 0 on failure.
  uint64_t Watch(int fd, Watcher* watcher);
  // Also forgets FlushLater and ReadLater.
  void Unwatch(uint64_t id);
  void FlushLater(uint64_t id) { flush_.push_back(id); }
  void ReadLater(uint64_t id) { read_.push_back(id); }

  // Destroys the object when nothing of it is running any more.
  void Bury(std::shared_ptr<void> object) {
    buried_.push_back(std::move(object));
  }

  // Scratch space for reading.
  char* buffer() { return buffer_.get(); }
  static constexpr size_t kBufferBytes = size_t{64} << 10;

 private:
  friend DirectTimer;
  struct Command {
    std::shared_ptr<DirectTarget> target;
    int what = 0;
  };

  DirectLoop();

  void OnWake() override;
  void OnEvent(uint64_t data, uint32_t events) override;
  void OnRound() override;
  int64_t PrepareToWait() override;
  void OnStop() override {}

  Watcher* Find(uint64_t id) const;
  void RunTimers();
  // The heap of armed timers, the earliest first.
  void Place(DirectTimer* timer, size_t index);
  void SiftUp(size_t index);
  void SiftDown(size_t index);
  void Insert(DirectTimer* timer);
  void Erase(DirectTimer* timer);

  Mailbox<Command> mailbox_;
  EventLoop loop_;
  // Used on the loop's thread only.
  absl::flat_hash_map<uint64_t, Watcher*> watchers_;
  uint64_t next_id_ = 1;
  std::vector<uint64_t> flush_, read_;
  std::vector<DirectTimer*> timers_;
  std::vector<std::shared_ptr<void>> buried_;
  const std::unique_ptr<char[]> buffer_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_UPSTREAM_DIRECT_DIRECT_LOOP_H_
