// Streams with a socket that holds bytes itself, as TLS does.

#include <memory>
#include <string>
#include <utility>

#include "tests/unit/delivery/delivery_testing.h"

namespace sse_bridge {
namespace {

// Accepts everything at once, as TLS does into its records, and passes it on
// only when allowed.
struct Held {
  Mutex mu;
  bool open ABSL_GUARDED_BY(mu) = false;
  bool fail ABSL_GUARDED_BY(mu) = false;
  bool shut_down ABSL_GUARDED_BY(mu) = false;
  std::string taken ABSL_GUARDED_BY(mu);
};

class HoldingSocket : public DescriptorSocket {
 public:
  HoldingSocket(std::shared_ptr<Held> held, int fd)
      : DescriptorSocket(fd, {}), held_(std::move(held)) {}
  ssize_t Send(const iovec* parts, int count) override {
    MutexLock lock(&held_->mu);
    if (held_->fail) return kFailed;
    // Accepts less than offered although it is not full: the loop must offer
    // the rest.
    const size_t n = std::min<size_t>(parts[0].iov_len, 5);
    EXPECT_GE(count, 1);
    held_->taken.append(static_cast<const char*>(parts[0].iov_base), n);
    return n;
  }
  ssize_t Flush() override {
    MutexLock lock(&held_->mu);
    return held_->open ? 0 : kWouldBlock;
  }
  void ShutdownWrite() override {
    DescriptorSocket::ShutdownWrite();
    MutexLock lock(&held_->mu);
    held_->shut_down = true;
  }

 private:
  const std::shared_ptr<Held> held_;
};

class BufferedSocketTest : public DeliveryFixture {
 protected:
  void SetUp() override {
    StartDelivery();
    s_.spec.socket = std::make_unique<HoldingSocket>(held_, s_.DuplicateFd());
  }
  void Edge() { ASSERT_EQ(::write(s_.client, "x", 1), 1); }

  const std::shared_ptr<Held> held_ = std::make_shared<Held>();
  TestStream s_;
};

TEST_F(BufferedSocketTest, EndWaitsForBytesHeldByTheSocket) {
  s_.Open(delivery_.get());
  delivery_->Send(s_.ref, Event("hello"));
  delivery_->Close(s_.ref, CloseReason::kEnded, nullptr);
  Sync();
  {
    MutexLock lock(&held_->mu);
    EXPECT_EQ(held_->taken, "data: hello\n\n");
    EXPECT_FALSE(held_->shut_down);
    held_->open = true;
  }
  EXPECT_EQ(s_.closed->times.value(), 0);
  Edge();
  EXPECT_EQ(s_.closed->Wait().reason, CloseReason::kEnded);
  EXPECT_EQ(s_.ReadToEnd(), "");
  MutexLock lock(&held_->mu);
  EXPECT_TRUE(held_->shut_down);
}

TEST_F(BufferedSocketTest, FailureClosesTheStream) {
  {
    MutexLock lock(&held_->mu);
    held_->fail = true;
  }
  s_.Open(delivery_.get());
  delivery_->Send(s_.ref, Event("hello"));
  EXPECT_EQ(s_.closed->Wait().reason, CloseReason::kClientGone);
}

}  // namespace
}  // namespace sse_bridge
