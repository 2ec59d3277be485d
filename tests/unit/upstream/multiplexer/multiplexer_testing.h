#ifndef SSE_BRIDGE_TESTS_UNIT_UPSTREAM_MULTIPLEXER_MULTIPLEXER_TESTING_H_
#define SSE_BRIDGE_TESTS_UNIT_UPSTREAM_MULTIPLEXER_MULTIPLEXER_TESTING_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "bridge/upstream/multiplexer/bidi_call.h"
#include "bridge/upstream/multiplexer/multiplexed_stream.h"
#include "sse/v1/multiplexer.pb.h"

namespace sse_bridge {

// Timers that the test moves. Not thread-safe.
class ManualTimers {
 public:
  CallTimers timers() {
    return {[this] { return now_; },
            [this](absl::Duration delay, std::function<void()> task) {
              const Key key(now_ + delay, ++last_);
              tasks_.emplace(key, std::move(task));
              return last_;
            },
            [this](uint64_t timer) {
              for (auto it = tasks_.begin(); it != tasks_.end(); ++it) {
                if (it->first.second != timer) continue;
                tasks_.erase(it);
                return;
              }
            }};
  }

  // Runs what is due, in order.
  void Advance(absl::Duration time) {
    const absl::Duration end = now_ + time;
    while (!tasks_.empty() && tasks_.begin()->first.first <= end) {
      now_ = std::max(now_, tasks_.begin()->first.first);
      const std::function<void()> task = std::move(tasks_.begin()->second);
      tasks_.erase(tasks_.begin());
      task();
    }
    now_ = end;
  }
  void RunDue() { Advance(absl::ZeroDuration()); }

  size_t waiting() const { return tasks_.size(); }

 private:
  using Key = std::pair<absl::Duration, uint64_t>;

  absl::Duration now_ = absl::Hours(1);
  uint64_t last_ = 0;
  std::map<Key, std::function<void()>> tasks_;
};

// The backend's side of a call. Not thread-safe.
class FakeBidi : public BidiCall {
 public:
  explicit FakeBidi(std::shared_ptr<BidiObserver> observer)
      : observer_(std::move(observer)) {}

  void Write(std::string message) override {
    sse::v1::ToBackend parsed;
    if (!parsed.ParseFromString(message)) std::abort();
    sizes.push_back(message.size());
    written.push_back(std::move(parsed));
    if (auto_written_) pending_written_ = true;
  }
  void CloseWrites() override { closed = true; }
  void Cancel() override { cancelled = true; }

  // Completes the write, and those that follow from it.
  void Written() {
    pending_written_ = false;
    observer_->OnWritten();
    while (std::exchange(pending_written_, false)) observer_->OnWritten();
  }
  // From now on every write completes as soon as Settle is called.
  void set_auto_written() { auto_written_ = true; }
  void Settle() {
    while (std::exchange(pending_written_, false)) observer_->OnWritten();
  }

  void SayBytes(absl::string_view bytes) { observer_->OnMessage({&bytes, 1}); }
  void Say(const sse::v1::ToBridge& message) {
    SayBytes(message.SerializeAsString());
  }
  void SayHello(const std::vector<std::string>& methods) {
    sse::v1::ToBridge message;
    message.mutable_hello();
    for (const std::string& method : methods) {
      message.mutable_hello()->add_methods(method);
    }
    Say(message);
  }
  void SayMessage(uint64_t stream, const std::string& bytes) {
    sse::v1::ToBridge message;
    message.add_frames()->set_stream(stream);
    message.mutable_frames(0)->set_message(bytes);
    Say(message);
  }
  void SayEnd(uint64_t stream, int code, const std::string& text = "") {
    sse::v1::ToBridge message;
    message.add_frames()->set_stream(stream);
    message.mutable_frames(0)->mutable_end()->set_code(code);
    message.mutable_frames(0)->mutable_end()->set_message(text);
    Say(message);
  }

  // The call ends.
  void End(const absl::Status& status) {
    const std::shared_ptr<BidiObserver> observer = std::move(observer_);
    observer->OnDone(status);
  }
  bool ended() const { return observer_ == nullptr; }

  std::vector<sse::v1::ToBackend> written;
  std::vector<size_t> sizes;
  bool closed = false;
  bool cancelled = false;

 private:
  std::shared_ptr<BidiObserver> observer_;
  bool auto_written_ = false;
  bool pending_written_ = false;
};

// Starts calls that the test answers.
struct FakeCalls {
  // Every call ends some time: it and its observer hold each other until then.
  void EndAll() {
    for (size_t i = 0; i < calls.size(); ++i) {
      if (!calls[i]->ended()) calls[i]->End(absl::CancelledError("test over"));
    }
  }

  StartBidi start() {
    return [this](const CallOptions& options,
                  std::shared_ptr<BidiObserver> observer) {
      metadata.push_back(options.metadata);
      calls.push_back(std::make_shared<FakeBidi>(std::move(observer)));
      return calls.back();
    };
  }

  std::vector<std::shared_ptr<FakeBidi>> calls;
  std::vector<Metadata> metadata;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_TESTS_UNIT_UPSTREAM_MULTIPLEXER_MULTIPLEXER_TESTING_H_
