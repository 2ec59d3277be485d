#ifndef SSE_BRIDGE_TESTS_SIMULATION_MULTIPLEXER_CALL_H_
#define SSE_BRIDGE_TESTS_SIMULATION_MULTIPLEXER_CALL_H_

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "bridge/upstream/multiplexer/bidi_call.h"
#include "sse/v1/multiplexer.pb.h"
#include "tests/simulation/backend.h"
#include "tests/simulation/direct_calls.h"

namespace sse_bridge {

// The backend's side of a call of sse.v1.Multiplexer.Connect. Checks that the
// bridge keeps the protocol, above all that it never gives more credit than its
// window.
class MultiplexerCall final
    : public std::enable_shared_from_this<MultiplexerCall> {
 public:
  MultiplexerCall(SimulatedBackend* backend,
                  std::shared_ptr<BidiObserver> observer)
      : backend_(backend),
        network_(backend->network()),
        to_backend_(network_),
        to_bridge_(network_),
        observer_(std::move(observer)) {}

  std::shared_ptr<BidiCall> Handle();
  void Break();

 private:
  class BridgeSide;
  class Stream;

  void Write(std::string bytes);
  void Handle(const sse::v1::ToBackend& message);
  void HandleOpen(const sse::v1::Open& open);
  void HandleCredit(const sse::v1::Credit& credit);
  void Say(sse::v1::ToBridge message);
  void SayFrame(sse::v1::Frame frame);
  void SayBatch();
  void EndSoon(const absl::Status& status);

  SimulatedBackend* const backend_;
  SimulatedNetwork* const network_;
  Link to_backend_, to_bridge_;
  std::shared_ptr<BidiObserver> observer_;
  bool broken_ = false;
  bool greeted_ = false;
  uint64_t last_stream_ = 0;
  std::map<uint64_t, std::shared_ptr<Stream>> streams_;
  sse::v1::ToBridge batch_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_TESTS_SIMULATION_MULTIPLEXER_CALL_H_
