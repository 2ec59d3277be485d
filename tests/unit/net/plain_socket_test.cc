#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <string>

#include "bridge/net/socket.h"
#include "gtest/gtest.h"

namespace sse_bridge {
namespace {

class PlainSocketTest : public ::testing::Test {
 protected:
  PlainSocketTest() {
    int fds[2];
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
    socket_ = std::make_unique<PlainSocket>(fds[0]);
    peer_ = fds[1];
  }
  ~PlainSocketTest() override {
    if (peer_ >= 0) close(peer_);
  }
  void ClosePeer() {
    close(peer_);
    peer_ = -1;
  }
  std::string ReadAtPeer() const {
    char buffer[100];
    const ssize_t n = read(peer_, buffer, sizeof buffer);
    return n < 0 ? "nothing" : std::string(buffer, static_cast<size_t>(n));
  }

  std::unique_ptr<Socket> socket_;
  int peer_ = -1;
};

TEST_F(PlainSocketTest, NeedsNoHandshake) {
  EXPECT_EQ(socket_->Handshake(), Socket::Progress::kDone);
  EXPECT_EQ(ReadAtPeer(), "nothing");
}

TEST_F(PlainSocketTest, TheKernelSendsItsBytesUnchanged) {
  EXPECT_TRUE(socket_->unbuffered());
  EXPECT_TRUE(socket_->may_half_close());
  ASSERT_EQ(socket_->kernel_fd(), socket_->fd());
  EXPECT_EQ(PlainSocket::SendTo(socket_->kernel_fd(), "abc"), 3);
  EXPECT_EQ(ReadAtPeer(), "abc");
}

TEST_F(PlainSocketTest, PeekLeavesTheBytesForRecv) {
  char buffer[10];
  EXPECT_EQ(socket_->Peek(buffer, sizeof buffer), Socket::kWouldBlock);
  ASSERT_EQ(write(peer_, "hello", 5), 5);
  EXPECT_EQ(socket_->Peek(buffer, 2), 2);
  EXPECT_EQ(socket_->Peek(buffer, sizeof buffer), 5);
  EXPECT_EQ(socket_->Recv(buffer, sizeof buffer), 5);
  ClosePeer();
  EXPECT_EQ(socket_->Peek(buffer, sizeof buffer), 0);
}

TEST_F(PlainSocketTest, MovesToTheLowestFreeDescriptor) {
  const int lower = dup(peer_);
  const int higher = dup(peer_);
  ASSERT_GT(higher, lower);
  PlainSocket socket(higher);
  close(lower);
  socket.UseLowestDescriptor();
  EXPECT_EQ(socket.fd(), lower);
  socket.UseLowestDescriptor();
  EXPECT_EQ(socket.fd(), lower) << "there is no lower one";
  char text[] = "x";
  const iovec part{text, 1};
  EXPECT_EQ(socket.Send(&part, 1), 1);
  char buffer[10];
  EXPECT_EQ(socket_->Recv(buffer, sizeof buffer), 1);
}

TEST_F(PlainSocketTest, SendsPartsInOrderAndHoldsNothing) {
  char text[] = "abcdef";
  const iovec parts[] = {{text, 2}, {text + 2, 1}, {text + 3, 3}};
  EXPECT_EQ(socket_->Send(parts, 3), 6);
  EXPECT_EQ(socket_->Flush(), 0);
  EXPECT_EQ(ReadAtPeer(), "abcdef");
  EXPECT_EQ(socket_->Send(parts, 1), 2);
  EXPECT_EQ(ReadAtPeer(), "ab");
}

TEST_F(PlainSocketTest, FullSocketWouldBlockForOneAndForSeveralParts) {
  std::string text(100'000, 'x');
  const iovec parts[] = {{text.data(), text.size()},
                         {text.data(), text.size()}};
  while (socket_->Send(parts, 2) > 0) {
  }
  EXPECT_EQ(socket_->Send(parts, 2), Socket::kWouldBlock);
  EXPECT_EQ(socket_->Send(parts, 1), Socket::kWouldBlock);
  EXPECT_EQ(PlainSocket::SendTo(socket_->fd(), text), Socket::kWouldBlock);
}

TEST_F(PlainSocketTest, SendToAPeerThatIsGoneFailsWithoutASignal) {
  ClosePeer();
  char text[] = "x";
  const iovec parts[] = {{text, 1}, {text, 1}};
  EXPECT_EQ(socket_->Send(parts, 1), Socket::kFailed);
  EXPECT_EQ(socket_->Send(parts, 2), Socket::kFailed);
}

TEST_F(PlainSocketTest, RecvDistinguishesNothingBytesAndTheEnd) {
  char buffer[10];
  EXPECT_EQ(socket_->Recv(buffer, sizeof buffer), Socket::kWouldBlock);
  ASSERT_EQ(write(peer_, "hello", 5), 5);
  EXPECT_EQ(socket_->Recv(buffer, sizeof buffer), 5);
  ClosePeer();
  EXPECT_EQ(socket_->Recv(buffer, sizeof buffer), 0);
}

TEST_F(PlainSocketTest, ShutdownWriteEndsOnlyTheOutput) {
  socket_->ShutdownWrite();
  EXPECT_EQ(ReadAtPeer(), "");
  ASSERT_EQ(write(peer_, "x", 1), 1);
  char buffer[10];
  EXPECT_EQ(socket_->Recv(buffer, sizeof buffer), 1);
}

TEST_F(PlainSocketTest, DestructorClosesTheDescriptor) {
  socket_.reset();
  EXPECT_EQ(ReadAtPeer(), "");
}

TEST(PlainSocketWithoutDescriptorTest, EverythingFails) {
  PlainSocket socket(-1);
  char buffer[10];
  const iovec part{buffer, 1};
  EXPECT_EQ(socket.Send(&part, 1), Socket::kFailed);
  EXPECT_EQ(socket.Recv(buffer, sizeof buffer), Socket::kFailed);
}

}  // namespace
}  // namespace sse_bridge
