#ifndef SSE_BRIDGE_TESTS_SIMULATION_BROWSER_H_
#define SSE_BRIDGE_TESTS_SIMULATION_BROWSER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "tests/simulation/backend.h"
#include "tests/simulation/client_pool.h"
#include "tests/simulation/client_stream.h"
#include "tests/simulation/plan.h"
#include "tests/simulation/stream_model.h"
#include "tests/unit/net/simulated_network.h"

namespace sse_bridge {

// What browsers know of the world.
struct BrowserContext {
  SimulatedNetwork* network;
  Trace* trace;
  ClientPool* clients;
  SimulatedBackend* backend;
  const Plan* plan;
  // Returns a token of this user.
  std::function<std::string(const std::string& user, absl::Time expires)> token;
  // Whether a connection's queue has been full, and lost values.
  std::function<bool()> drops;
  bool healed = false;   // from now on nothing fails
  bool leaving = false;  // nobody comes back
};

// A browser with an EventSource: one stream, or several on /events. It comes
// back with the last event's id until it is told to leave, and checks what it
// receives against a StreamModel of each stream.
class Browser {
 public:
  Browser(BrowserContext* context, std::string name, std::string user);

  // Opens the stream of this number.
  void Visit(uint64_t what);
  // Looks at what has arrived. Called after each step.
  void Look();

  void Leave(bool resets);
  void Cut();
  void Stall(absl::Duration time);

  // Whether nothing is missing, or nothing more is to come.
  bool HasAll() const;
  bool left() const { return left_; }
  bool has_connection() const { return stream_ != nullptr; }
  std::string State() const;
  const std::string& user() const { return user_; }

 private:
  struct Part {
    std::string name;  // of its events; "" on a connection of its own
    std::string path;
    StreamModel model;
  };

  void AddPart(const std::string& name, uint64_t what);
  void Connect();
  void ConnectLater(bool resumes);
  std::string Target() const;
  const Response& response() const { return stream_->response(); }
  void OnEvent(const SseEvent& event);
  void OnConnectionEnd();
  void OnAnswer();
  void OnStreamEnd();

  // Whether something in the world explains the end of a stream, or an answer
  // that is not a stream. In browser_rules.cc.
  bool MayEnd(const Part& part, int code) const;
  bool MayBeAnswered(int status) const;

  Part* FindPart(const std::string& name);

  BrowserContext* const context_;
  const std::string name_;
  const std::string user_;
  bool bundle_ = false;
  bool with_token_ = true;
  std::vector<Part> parts_;

  std::unique_ptr<ClientStream> stream_;
  std::string last_id_;  // of the connections before
  bool resumes_ = false;
  bool left_ = false, finished_ = false;
  bool sent_foreign_ = false;
  int after_end_ = -1;  // the code of an end for good, which an id stands for
  absl::Time token_expires_ = absl::InfiniteFuture();
  absl::Time asked_;
  uint64_t visits_ = 0;  // makes earlier tasks void
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_TESTS_SIMULATION_BROWSER_H_
