#ifndef SSE_BRIDGE_TESTS_SIMULATION_STREAM_MODEL_H_
#define SSE_BRIDGE_TESTS_SIMULATION_STREAM_MODEL_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "tests/simulation/topics.h"
#include "tests/simulation/trace.h"

namespace sse_bridge {

// What one browser may receive of one stream, over all its connections.
// Breaking it is a failure of the run. The rules have the names of those in
// bridge/feed/model.
class StreamModel {
 public:
  // `user` is who the browser is: what it may see.
  StreamModel(Trace* trace, std::string browser, BackendTopic* topic,
              std::string user)
      : trace_(trace),
        browser_(std::move(browser)),
        topic_(topic),
        user_(std::move(user)) {}

  // A new connection. `resumes`: it says what has been received before.
  // `foreign`: it says something that was never received.
  void Connect(bool resumes, bool foreign, absl::Time now);

  // An event with data, the text of the topic's event or of a greeting.
  // `last_event_id` is empty where ids are the bridge's own (/events).
  void OnData(const std::string& text, const std::string& last_event_id);
  void OnReset();
  void OnEnd(int code);
  // The stream has ended or been refused, and will not be asked for again.
  void Finish() { finished_ = true; }

  // Whether the browser has everything.
  bool HasAll() const;
  std::string Missing() const;
  // An event, on this connection.
  const BackendTopic& topic() const { return *topic_; }
  // The number of the last event that the browser knows; if it knows none, it
  // may begin anywhere.
  std::optional<uint64_t> last() const { return last_; }
  bool ended() const { return end_code_.has_value(); }
  std::optional<int> end_code() const { return end_code_; }

 private:
  void OnGreeting(const std::string& text, const std::string& last_event_id);
  void OnNumbered(const TopicEvent& event, const std::string& last_event_id);
  void OnValue(const TopicEvent& event);
  template <typename... Parts>
  void Fail(absl::string_view rule, const Parts&... parts) {
    trace_->Fail(rule, browser_, " on ", topic_->name, ": ", parts...);
  }

  Trace* const trace_;
  const std::string browser_;
  BackendTopic* const topic_;
  const std::string user_;
  std::optional<uint64_t> last_;
  // Nothing at or before it may come, even if the browser may begin anywhere.
  uint64_t floor_ = 0;
  bool foreign_ = false;   // the reset that must come first has not come
  bool greeted_ = false;   // on this connection
  bool received_ = false;  // an event, on this connection
  bool resumes_ = false;
  bool finished_ = false;
  std::optional<int> end_code_;             // of this connection
  std::map<std::string, uint64_t> values_;  // on this connection
  std::map<std::string, uint64_t> newest_;
  absl::Time connected_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_TESTS_SIMULATION_STREAM_MODEL_H_
