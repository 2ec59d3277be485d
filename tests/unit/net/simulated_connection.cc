#include "tests/unit/net/simulated_connection.h"

#include <sys/epoll.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "tests/unit/net/simulated_network.h"

namespace sse_bridge {

SimulatedConnection::SimulatedConnection(SimulatedNetwork* network)
    : network_(network) {
  for (Pipe* pipe : {&to_server_, &to_client_}) {
    const size_t max = network->options().max_buffer_bytes;
    pipe->capacity = std::max({1 + network->Random(max), max / 64,
                               network->options().min_buffer_bytes});
  }
}

void SimulatedConnection::Open() {
  fd_ = network_->Register(
      [weak = weak_from_this()] { return weak.lock()->ServerState(); });
}

uint32_t SimulatedConnection::ServerState() const {
  if (server_broken_) {
    return EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLERR | EPOLLHUP;
  }
  uint32_t state = 0;
  if (!to_server_.arrived.empty() || to_server_.ended) state |= EPOLLIN;
  if (!stalled_ && to_client_.space() > 0) state |= EPOLLOUT;
  if (to_server_.ended) state |= EPOLLRDHUP;
  if (to_server_.ended && to_client_.end_sent) state |= EPOLLHUP;
  return state;
}

ssize_t SimulatedConnection::ServerSend(const iovec* parts, int count) {
  if (server_broken_ || to_client_.end_sent) return Socket::kFailed;
  std::string bytes;
  for (int i = 0; i < count; ++i) {
    bytes.append(static_cast<const char*>(parts[i].iov_base), parts[i].iov_len);
  }
  const size_t space = stalled_ ? 0 : to_client_.space();
  size_t n = std::min(bytes.size(), space);
  if (n > 1 && network_->OneIn(4)) n = 1 + network_->Random(n - 1);
  if (n < bytes.size()) {
    waits_for_space_ = true;
    if (n < space) {  // stop although there is space
      stalled_ = true;
      network_->Soon([self = shared_from_this()] {
        self->stalled_ = false;
        self->ReportSpace();
      });
    }
  }
  if (n == 0) return Socket::kWouldBlock;
  Transmit(&to_client_, absl::string_view(bytes).substr(0, n));
  return static_cast<ssize_t>(n);
}

ssize_t SimulatedConnection::ServerRecv(char* buffer, size_t size, bool peek) {
  std::string& arrived = to_server_.arrived;
  const size_t n = std::min(size, arrived.size());
  if (n > 0) {
    memcpy(buffer, arrived.data(), n);
    if (!peek) {
      arrived.erase(0, n);
      Pump();
    }
    return static_cast<ssize_t>(n);
  }
  if (server_broken_) return Socket::kFailed;
  return to_server_.ended ? 0 : Socket::kWouldBlock;
}

void SimulatedConnection::ServerEnd() {
  if (!server_broken_) SendEnd(&to_client_);
}

void SimulatedConnection::ServerClose() {
  server_open_ = false;
  network_->Unregister(fd_);
  if (server_broken_) return;
  if (reset_on_close_ || !to_server_.arrived.empty()) {
    ResetClient();
  } else {
    SendEnd(&to_client_);
  }
}

void SimulatedConnection::ClientSend(absl::string_view bytes) {
  if (!client_open_ || client_ends_) return;
  outbox_.append(bytes.data(), bytes.size());
  Pump();
}

void SimulatedConnection::ClientEnd() {
  client_ends_ = true;
  Pump();
}

void SimulatedConnection::ClientClose() {
  if (!std::exchange(client_open_, false)) return;
  if (!to_client_.arrived.empty()) {
    ResetServer();
  } else {
    ClientEnd();
  }
}

void SimulatedConnection::ClientReset() {
  if (!std::exchange(client_open_, false)) return;
  outbox_.clear();
  if (network_->OneIn(2)) Lose(&to_server_);
  ResetServer();
}

void SimulatedConnection::ClientRead(bool reads) {
  client_reads_ = reads;
  if (reads) TakeArrived();
}

void SimulatedConnection::Pump() {
  if (client_broken_) return;
  const size_t n = std::min(outbox_.size(), to_server_.space());
  if (n > 0) {
    Transmit(&to_server_, absl::string_view(outbox_).substr(0, n));
    outbox_.erase(0, n);
  }
  if (outbox_.empty() && client_ends_) SendEnd(&to_server_);
}

void SimulatedConnection::Transmit(Pipe* pipe, absl::string_view bytes) {
  pipe->in_flight += bytes.size();
  while (!bytes.empty()) {
    const size_t n = 1 + network_->Random(bytes.size());
    Schedule(pipe, [this, pipe, piece = std::string(bytes.substr(0, n))] {
      Arrive(pipe, piece);
    });
    bytes.remove_prefix(n);
  }
}

void SimulatedConnection::SendEnd(Pipe* pipe) {
  if (std::exchange(pipe->end_sent, true)) return;
  Schedule(pipe, [this, pipe] { ArriveEnd(pipe); });
}

void SimulatedConnection::Schedule(Pipe* pipe, std::function<void()> arrival) {
  const int64_t now = network_->clock()->MonotonicNanos();
  const absl::Duration delay =
      network_->RandomDelay(network_->options().max_delay);
  pipe->last_arrival =
      std::max(pipe->last_arrival, now + absl::ToInt64Nanoseconds(delay));
  network_->After(absl::Nanoseconds(pipe->last_arrival - now),
                  [self = shared_from_this(), pipe, losses = pipe->losses,
                   arrival = std::move(arrival)] {
                    if (pipe->losses == losses) arrival();
                  });
}

void SimulatedConnection::Lose(Pipe* pipe) {
  ++pipe->losses;
  pipe->in_flight = 0;
}

void SimulatedConnection::Arrive(Pipe* pipe, const std::string& bytes) {
  pipe->in_flight -= bytes.size();
  if (pipe == &to_server_) {
    if (!server_open_) return ResetClient();
    pipe->arrived += bytes;
    network_->Changed(fd_);
  } else {
    if (!client_open_) return ResetServer();
    pipe->arrived += bytes;
    if (client_reads_) TakeArrived();
  }
}

void SimulatedConnection::ArriveEnd(Pipe* pipe) {
  pipe->ended = true;
  if (pipe == &to_server_ && server_open_) network_->Changed(fd_);
}

void SimulatedConnection::ResetClient() {
  Lose(&to_client_);
  network_->Soon([self = shared_from_this()] { self->client_broken_ = true; });
}

void SimulatedConnection::ResetServer() {
  network_->Soon([self = shared_from_this()] {
    if (std::exchange(self->server_broken_, true)) return;
    if (self->server_open_) self->network_->Changed(self->fd_);
  });
}

void SimulatedConnection::TakeArrived() {
  received_ += to_client_.arrived;
  to_client_.arrived.clear();
  ReportSpace();
}

void SimulatedConnection::ReportSpace() {
  if (!waits_for_space_ || stalled_ || to_client_.space() == 0) return;
  waits_for_space_ = false;
  if (server_open_) network_->Changed(fd_);
}

SimulatedSocket::SimulatedSocket(
    std::shared_ptr<SimulatedConnection> connection)
    : Socket(connection->fd(), {.unbuffered = true, .may_half_close = true}),
      connection_(std::move(connection)) {}

}  // namespace sse_bridge
