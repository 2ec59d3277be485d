#ifndef SSE_BRIDGE_TESTS_UNIT_NET_SIMULATED_TRANSPORT_H_
#define SSE_BRIDGE_TESTS_UNIT_NET_SIMULATED_TRANSPORT_H_

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"
#include "bridge/net/socket.h"
#include "bridge/net/transport.h"

namespace sse_bridge {

// What a client sends first, and what it then receives.
inline constexpr absl::string_view kHello = "hello\n";
inline constexpr absl::string_view kWelcome = "welcome\n";

// As TLS for the code above it, but readable: a handshake of one message each
// way, and then a socket that accepts up to a record of bytes and holds what
// does not fit.
class SimulatedTransportSocket final : public Socket {
 public:
  static constexpr size_t kRecordBytes = 1000;

  explicit SimulatedTransportSocket(std::unique_ptr<Socket> plain)
      : Socket(plain->fd(), {}), plain_(std::move(plain)) {}

  Progress Handshake() override {
    while (hello_.size() < kHello.size()) {
      char buffer[kHello.size()];
      const ssize_t n = plain_->Recv(buffer, kHello.size() - hello_.size());
      if (n == kWouldBlock) return Progress::kWantRead;
      if (n <= 0) return Progress::kFailed;
      hello_.append(buffer, static_cast<size_t>(n));
      if (hello_ != kHello.substr(0, hello_.size())) return Progress::kFailed;
      if (hello_ == kHello) held_ = std::string(kWelcome);
    }
    const ssize_t flushed = Flush();
    if (flushed == kWouldBlock) return Progress::kWantWrite;
    return flushed == 0 ? Progress::kDone : Progress::kFailed;
  }

  ssize_t Send(const iovec* parts, int count) override {
    if (const ssize_t flushed = Flush(); flushed != 0) return flushed;
    for (int i = 0; i < count && held_.size() < kRecordBytes; ++i) {
      held_.append(static_cast<const char*>(parts[i].iov_base),
                   std::min(parts[i].iov_len, kRecordBytes - held_.size()));
    }
    const auto accepted = static_cast<ssize_t>(held_.size());
    return Flush() == kFailed ? kFailed : accepted;
  }

  ssize_t Flush() override {
    while (!held_.empty()) {
      const iovec part{held_.data(), held_.size()};
      const ssize_t n = plain_->Send(&part, 1);
      if (n < 0) return n;
      held_.erase(0, static_cast<size_t>(n));
    }
    return 0;
  }

  // Reads less than there is.
  ssize_t Recv(char* buffer, size_t size) override {
    return plain_->Recv(buffer, std::min(size, kRecordBytes));
  }
  ssize_t Peek(char* buffer, size_t size) override {
    return plain_->Peek(buffer, std::min(size, kRecordBytes));
  }
  void ShutdownWrite() override { plain_->ShutdownWrite(); }
  void SetStreamOptions(const StreamSocketOptions& options) override {
    plain_->SetStreamOptions(options);
  }
  void ResetOnClose() override { plain_->ResetOnClose(); }

 private:
  const std::unique_ptr<Socket> plain_;
  std::string hello_;  // received so far
  std::string held_;
};

class SimulatedTransport final : public Transport {
 public:
  bool has_handshake() const override { return true; }
  std::unique_ptr<Socket> Wrap(std::unique_ptr<Socket> socket) const override {
    return std::make_unique<SimulatedTransportSocket>(std::move(socket));
  }
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_TESTS_UNIT_NET_SIMULATED_TRANSPORT_H_
