// TLS over a socket whose buffer is usually full.

#include "bridge/net/tls_socket.h"

#include <fcntl.h>
#include <openssl/pem.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "gtest/gtest.h"

namespace sse_bridge {
namespace {

// Writes a key and its self-signed certificate to files.
class TlsSocketTest : public ::testing::Test {
 protected:
  TlsSocketTest() {
    char name[] = "/tmp/tls_socket_test.XXXXXX";
    directory_ = mkdtemp(name);
    WriteCertificate();
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, fds_), 0);
    const int small = 4096;
    setsockopt(fds_[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
    fcntl(fds_[0], F_SETFL, O_NONBLOCK);
  }
  ~TlsSocketTest() override {
    socket_.reset();
    SSL_free(client_);
    SSL_CTX_free(client_context_);
    close(fds_[1]);
    unlink(File("cert").c_str());
    unlink(File("key").c_str());
    rmdir(directory_.c_str());
  }
  std::string File(const std::string& name) const {
    return directory_ + "/" + name;
  }
  void WriteCertificate() {
    EvpPkeyPtr key(EVP_EC_gen("P-256"));
    X509Ptr cert(X509_new());
    ASN1_INTEGER_set(X509_get_serialNumber(cert.get()), 1);
    X509_gmtime_adj(X509_getm_notBefore(cert.get()), 0);
    X509_gmtime_adj(X509_getm_notAfter(cert.get()), 3600);
    X509_set_pubkey(cert.get(), key.get());
    X509_sign(cert.get(), key.get(), EVP_sha256());
    FILE* file = fopen(File("cert").c_str(), "w");
    PEM_write_X509(file, cert.get());
    fclose(file);
    file = fopen(File("key").c_str(), "w");
    PEM_write_PrivateKey(file, key.get(), nullptr, nullptr, 0, nullptr,
                         nullptr);
    fclose(file);
  }

  std::unique_ptr<Socket> NewTls() const {
    return tls_->Wrap(std::make_unique<PlainSocket>(fds_[0]));
  }

  // Performs the handshake of both ends, the client's on its own thread.
  void Connect() {
    tls_ = *TlsContext::Create({File("cert"), File("key"), ""});
    socket_ = NewTls();
    client_context_ = SSL_CTX_new(TLS_client_method());
    client_ = SSL_new(client_context_);
    SSL_set_fd(client_, fds_[1]);
    std::thread client([this] { EXPECT_EQ(SSL_connect(client_), 1); });
    for (;;) {
      const Socket::Progress state = socket_->Handshake();
      if (state == Socket::Progress::kDone) break;
      ASSERT_NE(state, Socket::Progress::kFailed);
      Wait(state == Socket::Progress::kWantRead ? POLLIN : POLLOUT);
    }
    client.join();
  }
  void Wait(short events) const {
    pollfd wait{fds_[0], events, 0};
    poll(&wait, 1, 20'000);
  }

  std::string directory_;
  int fds_[2];
  std::unique_ptr<TlsContext> tls_;
  std::unique_ptr<Socket> socket_;
  SSL_CTX* client_context_ = nullptr;
  SSL* client_ = nullptr;
};

TEST_F(TlsSocketTest, EveryByteArrivesInOrderHoweverFullTheSocketIs) {
  Connect();
  std::string sent;
  for (int i = 0; sent.size() < size_t{2} << 20; ++i) {
    sent += std::to_string(i) + std::string(static_cast<size_t>(i % 300), '.');
  }
  std::string received;
  std::thread client([&] {
    char buffer[5000];
    int n;
    while ((n = SSL_read(client_, buffer, sizeof buffer)) > 0) {
      received.append(buffer, static_cast<size_t>(n));
    }
    EXPECT_EQ(SSL_get_error(client_, n), SSL_ERROR_ZERO_RETURN);
  });
  size_t at = 0;
  bool was_full = false;
  while (at < sent.size()) {
    // Several parts of odd sizes. After a full socket, the rest is offered with
    // other boundaries, as by a queue that changed in the meantime.
    iovec parts[3];
    int count = 0;
    size_t end = at;
    for (const size_t size : {size_t{7}, size_t{1000}, size_t{30'000}}) {
      const size_t n = std::min(size, sent.size() - end);
      if (n == 0) break;
      parts[count++] = {sent.data() + end, n};
      end += n;
    }
    if (was_full) count = 1;
    const ssize_t n = socket_->Send(parts, count);
    if (n == Socket::kWouldBlock) {
      was_full = !was_full;
      Wait(POLLOUT);
      continue;
    }
    ASSERT_GT(n, 0);
    at += static_cast<size_t>(n);
  }
  ssize_t flushed;
  while ((flushed = socket_->Flush()) == Socket::kWouldBlock) {
    Wait(POLLOUT);
  }
  EXPECT_EQ(flushed, 0);
  Wait(POLLOUT);  // a full socket would not accept the closing alert
  socket_->ShutdownWrite();
  client.join();
  EXPECT_TRUE(received == sent);
}

TEST_F(TlsSocketTest, ReadsAvailableBytesAndReportsTheEnd) {
  Connect();
  char buffer[100];
  EXPECT_EQ(socket_->Recv(buffer, sizeof buffer), Socket::kWouldBlock);
  ASSERT_EQ(SSL_write(client_, "hello", 5), 5);
  Wait(POLLIN);
  ASSERT_EQ(socket_->Recv(buffer, sizeof buffer), 5);
  EXPECT_EQ(std::string(buffer, 5), "hello");
  SSL_shutdown(client_);
  Wait(POLLIN);
  EXPECT_EQ(socket_->Recv(buffer, sizeof buffer), 0);
}

TEST_F(TlsSocketTest, GarbageFails) {
  Connect();
  ASSERT_EQ(write(fds_[1], std::string(100, 'x').data(), 100), 100);
  Wait(POLLIN);
  char buffer[100];
  EXPECT_EQ(socket_->Recv(buffer, sizeof buffer), Socket::kFailed);
}

TEST_F(TlsSocketTest, HoldsRecordsAndIsNotSentByTheKernel) {
  Connect();
  EXPECT_FALSE(socket_->unbuffered());
  EXPECT_FALSE(socket_->may_half_close());
  EXPECT_EQ(socket_->kernel_fd(), -1);
  EXPECT_EQ(socket_->fd(), fds_[0]);
}

TEST_F(TlsSocketTest, PeekLeavesTheBytesForRecv) {
  Connect();
  ASSERT_EQ(SSL_write(client_, "hello", 5), 5);
  char buffer[10];
  ssize_t n;
  while ((n = socket_->Peek(buffer, sizeof buffer)) == Socket::kWouldBlock) {
    Wait(POLLIN);
  }
  EXPECT_EQ(n, 5);
  EXPECT_EQ(socket_->Recv(buffer, sizeof buffer), 5);
  EXPECT_EQ(socket_->Recv(buffer, sizeof buffer), Socket::kWouldBlock);
}

TEST_F(TlsSocketTest, HandshakeFailsIfTheClientDoesNotSpeakTls) {
  tls_ = *TlsContext::Create({File("cert"), File("key"), ""});
  const auto socket = NewTls();
  EXPECT_EQ(socket->Handshake(), Socket::Progress::kWantRead);
  ASSERT_EQ(write(fds_[1], "GET / HTTP/1.1\r\n", 16), 16);
  Wait(POLLIN);
  EXPECT_EQ(socket->Handshake(), Socket::Progress::kFailed);
}

}  // namespace
}  // namespace sse_bridge
