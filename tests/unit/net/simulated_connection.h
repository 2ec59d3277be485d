#ifndef SSE_BRIDGE_TESTS_UNIT_NET_SIMULATED_CONNECTION_H_
#define SSE_BRIDGE_TESTS_UNIT_NET_SIMULATED_CONNECTION_H_

#include <sys/types.h>
#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"
#include "bridge/net/socket.h"

namespace sse_bridge {

class SimulatedNetwork;

// A connection of a SimulatedNetwork. Behaves like TCP: bytes arrive in order
// and in pieces; a sender stops when the receiver does not read; closing with
// unread bytes, and bytes for a closed end, reset the connection. A reset
// destroys what has not arrived yet.
class SimulatedConnection
    : public std::enable_shared_from_this<SimulatedConnection> {
 public:
  explicit SimulatedConnection(SimulatedNetwork* network);

  // Registers the server's end at the network. Called once.
  void Open();

  // The server's end. See Socket.
  int fd() const { return fd_; }
  ssize_t ServerSend(const iovec* parts, int count);
  ssize_t ServerRecv(char* buffer, size_t size, bool peek);
  void ServerEnd();
  void ServerResetOnClose() { reset_on_close_ = true; }
  void ServerClose();

  // The client's end. See SimulatedClient.
  void ClientSend(absl::string_view bytes);
  void ClientEnd();
  void ClientClose();
  void ClientReset();
  void ClientRead(bool reads);
  void Break() { client_broken_ = true; }
  const std::string& received() const { return received_; }
  bool ended() const { return to_client_.ended && to_client_.arrived.empty(); }
  bool broken() const { return client_broken_; }

 private:
  // One direction.
  struct Pipe {
    size_t capacity = 0;
    size_t in_flight = 0;
    std::string arrived;  // and not yet read
    bool end_sent = false;
    bool ended = false;  // the end has arrived
    int64_t last_arrival = 0;
    uint64_t losses = 0;  // what was sent before the last one is lost

    size_t space() const { return capacity - in_flight - arrived.size(); }
  };

  uint32_t ServerState() const;
  void Transmit(Pipe* pipe, absl::string_view bytes);
  void SendEnd(Pipe* pipe);
  // Runs `arrival` after everything that was sent before.
  void Schedule(Pipe* pipe, std::function<void()> arrival);
  static void Lose(Pipe* pipe);
  void Arrive(Pipe* pipe, const std::string& bytes);
  void ArriveEnd(Pipe* pipe);
  void ResetClient();
  void ResetServer();
  // Sends what the client has been given to send.
  void Pump();
  void TakeArrived();
  void ReportSpace();

  SimulatedNetwork* const network_;
  int fd_ = -1;
  Pipe to_server_, to_client_;

  bool server_open_ = true;
  bool server_broken_ = false;  // the reset has arrived
  bool reset_on_close_ = false;
  bool stalled_ = false;          // accepts nothing for a while
  bool waits_for_space_ = false;  // the server does

  bool client_open_ = true;
  bool client_broken_ = false;
  bool client_reads_ = true;
  bool client_ends_ = false;  // after `outbox_`
  std::string outbox_;
  std::string received_;
};

// The server's end of a SimulatedConnection.
class SimulatedSocket final : public Socket {
 public:
  explicit SimulatedSocket(std::shared_ptr<SimulatedConnection> connection);
  ~SimulatedSocket() override { connection_->ServerClose(); }

  Progress Handshake() override { return Progress::kDone; }
  ssize_t Send(const iovec* parts, int count) override {
    return connection_->ServerSend(parts, count);
  }
  ssize_t Flush() override { return 0; }
  ssize_t Recv(char* buffer, size_t size) override {
    return connection_->ServerRecv(buffer, size, /*peek=*/false);
  }
  ssize_t Peek(char* buffer, size_t size) override {
    return connection_->ServerRecv(buffer, size, /*peek=*/true);
  }
  void ShutdownWrite() override { connection_->ServerEnd(); }
  void SetStreamOptions(const StreamSocketOptions&) override {}
  void ResetOnClose() override { connection_->ServerResetOnClose(); }

 private:
  const std::shared_ptr<SimulatedConnection> connection_;
};

// The client's end of a SimulatedConnection, which the test plays.
class SimulatedClient {
 public:
  explicit SimulatedClient(std::shared_ptr<SimulatedConnection> connection)
      : connection_(std::move(connection)) {}
  ~SimulatedClient() { Close(); }
  SimulatedClient(const SimulatedClient&) = delete;
  SimulatedClient& operator=(const SimulatedClient&) = delete;

  // Sends bytes as far as the server reads them, and the rest later.
  void Send(absl::string_view bytes) { connection_->ClientSend(bytes); }
  // Half-closes, after everything has been sent.
  void EndSending() { connection_->ClientEnd(); }
  // Closes both directions, after everything has been sent.
  void Close() { connection_->ClientClose(); }
  void Reset() { connection_->ClientReset(); }
  // Clients read unless they are told not to.
  void SetReading(bool reads) { connection_->ClientRead(reads); }

  // What the client has read.
  const std::string& received() const { return connection_->received(); }
  // Whether the client has read everything, up to the server's end.
  bool ended() const { return connection_->ended(); }
  // Whether the connection was reset, or refused.
  bool broken() const { return connection_->broken(); }

 private:
  const std::shared_ptr<SimulatedConnection> connection_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_TESTS_UNIT_NET_SIMULATED_CONNECTION_H_
