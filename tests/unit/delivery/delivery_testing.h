#ifndef SSE_BRIDGE_TESTS_UNIT_DELIVERY_DELIVERY_TESTING_H_
#define SSE_BRIDGE_TESTS_UNIT_DELIVERY_DELIVERY_TESTING_H_

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "bridge/base/mutex.h"
#include "bridge/delivery/connection.h"
#include "bridge/delivery/delivery.h"
#include "bridge/delivery/frame.h"
#include "bridge/delivery/topic.h"
#include "bridge/net/socket.h"
#include "gtest/gtest.h"
#include "tests/unit/net/manual_clock.h"

namespace sse_bridge {

// How long tests wait before they fail.
inline constexpr absl::Duration kPatience = absl::Seconds(30);

inline FramePtr Event(absl::string_view data, uint64_t key = 0) {
  return Frame::Create(absl::StrCat("data: ", data, "\n\n"), {.key = key});
}

// A counter that a test can wait for.
class Counter {
 public:
  void Add(int64_t n) {
    MutexLock lock(&mu_);
    value_ += n;
    changed_.notify_all();
  }
  int64_t value() {
    MutexLock lock(&mu_);
    return value_;
  }
  bool WaitFor(int64_t at_least) {
    const absl::Time deadline = absl::Now() + kPatience;
    MutexLock lock(&mu_);
    while (value_ < at_least) {
      if (absl::Now() > deadline) return false;
      changed_.wait_for(mu_, std::chrono::seconds(1));
    }
    return true;
  }

 private:
  Mutex mu_;
  std::condition_variable_any changed_;
  int64_t value_ ABSL_GUARDED_BY(mu_) = 0;
};

// Records what a test's ConnectionObserver has seen.
struct Closed {
  Counter times;
  Mutex mu;
  CloseInfo info ABSL_GUARDED_BY(mu) = {};

  CloseInfo Wait() {
    EXPECT_TRUE(times.WaitFor(1));
    MutexLock lock(&mu);
    return info;
  }
};

class RecordingObserver : public ConnectionObserver {
 public:
  explicit RecordingObserver(std::shared_ptr<Closed> closed)
      : closed_(std::move(closed)) {}
  void OnClosed(const CloseInfo& info) override {
    {
      MutexLock lock(&closed_->mu);
      closed_->info = info;
    }
    closed_->times.Add(1);
  }

 private:
  const std::shared_ptr<Closed> closed_;
};

class RecordingTopicObserver : public TopicObserver {
 public:
  void OnMemberGone(bool connection_closed) override {
    (connection_closed ? closed : detached).Add(1);
  }
  void OnSent(size_t bytes) override { sent.Add(bytes); }
  void OnWantsMore(ConnectionRef) override { wants_more.Add(1); }
  void OnWantsNoMore(ConnectionRef) override { wants_no_more.Add(1); }

  Counter wants_more;
  Counter wants_no_more;
  Counter closed;
  Counter detached;
  Counter sent;
};

// A valve of a socket's output, which a test opens byte by byte.
class Valve {
 public:
  void Allow(size_t bytes) {
    MutexLock lock(&mu_);
    budget_ += bytes;
  }
  ssize_t Take(const iovec* parts, int count) {
    MutexLock lock(&mu_);
    ssize_t taken = 0;
    for (int i = 0; i < count && budget_ > 0; ++i) {
      const size_t n = std::min(budget_, parts[i].iov_len);
      bytes_.append(static_cast<const char*>(parts[i].iov_base), n);
      budget_ -= n;
      taken += n;
    }
    if (taken == 0) return Socket::kWouldBlock;
    return taken;
  }
  std::string bytes() {
    MutexLock lock(&mu_);
    return bytes_;
  }

 private:
  Mutex mu_;
  size_t budget_ ABSL_GUARDED_BY(mu_) = 0;
  std::string bytes_ ABSL_GUARDED_BY(mu_);
};

class ValveSocket : public DescriptorSocket {
 public:
  ValveSocket(std::shared_ptr<Valve> valve, int fd, bool unbuffered = false)
      : DescriptorSocket(fd, {.unbuffered = unbuffered}),
        valve_(std::move(valve)) {}
  ssize_t Send(const iovec* parts, int count) override {
    return valve_->Take(parts, count);
  }

 private:
  const std::shared_ptr<Valve> valve_;
};

// A Delivery with one thread, and helpers to wait for it.
class DeliveryFixture : public ::testing::Test {
 protected:
  void StartDelivery(Delivery::Options options = {}) {
    if (options.threads == 0) options.threads = 1;
    options.clock = &clock_;
    delivery_ = std::make_unique<Delivery>(options);
    ASSERT_TRUE(delivery_->Start().ok());
    observer_ = std::make_shared<RecordingTopicObserver>();
  }

  std::shared_ptr<Topic> NewTopic(bool flow_control = false) {
    return Topic::Create(delivery_.get(), {.flow_control = flow_control},
                         observer_);
  }

  // Returns when loop 0 has executed everything posted before.
  void Sync() {
    // The first may run in a round that has already drained its inbox.
    for (int i = 0; i < 2; ++i) {
      const auto ran = std::make_shared<Counter>();
      delivery_->RunAfter(absl::ZeroDuration(), [ran] { ran->Add(1); });
      ASSERT_TRUE(ran->WaitFor(1));
    }
  }

  void Advance(absl::Duration by) {
    clock_.Advance(by);
    delivery_->WakeLoops();
    Sync();
  }

  ManualClock clock_;
  std::shared_ptr<RecordingTopicObserver> observer_;
  std::unique_ptr<Delivery> delivery_;
};

// Both ends of a stream. The client's socket blocks with a timeout.
class TestStream {
 public:
  // Creates a pair of connected sockets and the spec that passes one of them
  // on.
  TestStream() : closed(std::make_shared<Closed>()) {
    int fds[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
    spec.socket = std::make_unique<PlainSocket>(fds[0]);
    client = fds[1];
    spec.chunked = false;
    spec.observer = std::make_unique<RecordingObserver>(closed);
  }
  ~TestStream() { CloseClient(); }
  TestStream(const TestStream&) = delete;
  TestStream& operator=(const TestStream&) = delete;

  // Sends through a valve, which is initially shut.
  void UseValve(bool unbuffered = false) {
    valve = std::make_shared<Valve>();
    spec.socket =
        std::make_unique<ValveSocket>(valve, DuplicateFd(), unbuffered);
  }

  // A second descriptor of the spec's socket, for a socket that replaces it.
  int DuplicateFd() const {
    return ::fcntl(spec.socket->fd(), F_DUPFD_CLOEXEC, 0);
  }

  ConnectionRef Open(Delivery* delivery) {
    ref = delivery->Open(std::move(spec));
    return ref;
  }

  // Lets `bytes` more bytes through the valve.
  void Allow(size_t bytes) {
    valve->Allow(bytes);
    // Any edge makes the loop try again.
    EXPECT_EQ(::write(client, "x", 1), 1);
  }

  // Reads until `received` ends with `tail`; false at the end of the stream.
  bool ReadUntil(absl::string_view tail) {
    const absl::Time deadline = absl::Now() + kPatience;
    while (!EndsWith(tail)) {
      if (absl::Now() > deadline || !ReadSome()) return false;
    }
    return true;
  }

  // Reads until the bridge ends the stream.
  std::string ReadToEnd() {
    while (ReadSome()) {
    }
    return received;
  }

  bool ReadSome() {
    pollfd p{client, POLLIN, 0};
    if (::poll(&p, 1, static_cast<int>(absl::ToInt64Milliseconds(kPatience))) !=
        1) {
      ADD_FAILURE() << "timed out waiting for data";
      return false;
    }
    char buffer[65536];
    const ssize_t n = ::read(client, buffer, sizeof(buffer));
    if (n <= 0) return false;
    received.append(buffer, n);
    return true;
  }

  void CloseClient() {
    if (client >= 0) ::close(client);
    client = -1;
  }

  StreamSpec spec;
  ConnectionRef ref;
  std::shared_ptr<Closed> closed;
  std::shared_ptr<Valve> valve;
  int client = -1;
  std::string received;

 private:
  bool EndsWith(absl::string_view tail) const {
    return received.size() >= tail.size() &&
           absl::string_view(received).substr(received.size() - tail.size()) ==
               tail;
  }
};

// Returns the data of the events in a close-delimited stream.
inline std::vector<std::string> DataOf(absl::string_view stream) {
  std::vector<std::string> data;
  for (absl::string_view event : absl::StrSplit(stream, "\n\n")) {
    if (event.substr(0, 6) == "data: ") data.emplace_back(event.substr(6));
  }
  return data;
}

// Returns the content of a chunked body. Sets `*complete` to whether the last
// chunk is present.
inline std::string Unchunk(absl::string_view body, bool* complete) {
  std::string content;
  *complete = false;
  for (;;) {
    const size_t end = body.find("\r\n");
    if (end == absl::string_view::npos) return content;
    uint32_t size = 0;
    if (!absl::SimpleHexAtoi(body.substr(0, end), &size)) return content;
    body.remove_prefix(end + 2);
    if (size == 0) {
      *complete = body == "\r\n";
      return content;
    }
    if (body.size() < size + 2) return content;
    content.append(body.data(), size);
    EXPECT_EQ(body.substr(size, 2), "\r\n");
    body.remove_prefix(size + 2);
  }
}

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_TESTS_UNIT_DELIVERY_DELIVERY_TESTING_H_
