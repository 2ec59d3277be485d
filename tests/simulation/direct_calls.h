#ifndef SSE_BRIDGE_TESTS_SIMULATION_DIRECT_CALLS_H_
#define SSE_BRIDGE_TESTS_SIMULATION_DIRECT_CALLS_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "bridge/upstream/call.h"
#include "tests/simulation/backend.h"

namespace sse_bridge {

// Things that travel one way and arrive in order.
class Link {
 public:
  explicit Link(SimulatedNetwork* network) : network_(network) {}

  void Carry(std::function<void()> arrival);

 private:
  SimulatedNetwork* const network_;
  int64_t last_arrival_ = 0;
};

// A stream with a call of its own. As specified for StreamCall: a message, and
// the end, is held back until it is asked for.
class DirectStream final : public ServerStream,
                           public std::enable_shared_from_this<DirectStream> {
 public:
  DirectStream(SimulatedNetwork* network,
               std::shared_ptr<StreamObserver> observer)
      : network_(network), link_(network), observer_(std::move(observer)) {}

  // The bridge's side.
  std::shared_ptr<StreamCall> Handle();

  void Open() override;
  void Send(std::string message) override;
  void End(const absl::Status& status) override;
  void Break() override;
  bool gone() const override { return cancelled_ || observer_ == nullptr; }
  bool done() const { return observer_ == nullptr; }

 private:
  class BridgeSide;
  struct Item {
    enum class What { kOpen, kMessage, kEnd } what;
    std::string message;
    absl::Status status;
  };

  void Carry(Item item);
  void PumpSoon();
  void Pump();
  void Read();
  void Cancel();

  SimulatedNetwork* const network_;
  Link link_;
  std::shared_ptr<StreamObserver> observer_;
  std::deque<Item> arrived_;
  uint64_t losses_ = 0;
  bool asked_ = true;
  bool ended_ = false;  // by the backend
  bool cancelled_ = false;
};

// A unary call; ends once, in a task of its own.
class DirectUnary final : public std::enable_shared_from_this<DirectUnary> {
 public:
  DirectUnary(SimulatedNetwork* network, Upstream::UnaryDone done)
      : network_(network), done_(std::move(done)) {}

  std::shared_ptr<UnaryCall> Handle();
  void FinishSoon(absl::Status status, std::string response);
  void Finish(absl::Status status, std::string response);
  bool done() const { return done_ == nullptr; }

 private:
  class BridgeSide;

  SimulatedNetwork* const network_;
  Upstream::UnaryDone done_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_TESTS_SIMULATION_DIRECT_CALLS_H_
