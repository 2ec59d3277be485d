#ifndef SSE_BRIDGE_TESTS_UNIT_FEED_FAKE_UPSTREAM_H_
#define SSE_BRIDGE_TESTS_UNIT_FEED_FAKE_UPSTREAM_H_

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "bridge/base/mutex.h"
#include "bridge/upstream/call.h"

namespace sse_bridge {

class FakeUpstream;

// A streaming call from the backend's point of view. The upstream's single
// thread passes on what the test sends, in order and by the rules of
// StreamCall: a message and the end are held back until they are requested.
// Thread-safe.
class FakeCall : public std::enable_shared_from_this<FakeCall> {
 public:
  const std::string& path() const { return path_; }
  const std::string& request() const { return request_; }
  const Metadata& metadata() const { return metadata_; }

  void Open();  // sends initial metadata
  void Send(std::string message);
  void End(absl::Status status);

  int delivered() const;  // messages that the observer has received
  bool cancelled() const;
  bool done() const;

  // Returns false on timeout.
  bool WaitDelivered(int at_least) const;
  bool WaitCancelled() const;
  bool WaitDone() const;

 private:
  friend class FakeUpstream;
  class Handle;

  struct Event {
    enum class What { kOpen, kMessage, kEnd };
    What what;
    std::string message;
    absl::Status status;
  };

  bool Pump(FakeUpstream* upstream);
  void Push(Event event);
  void Read();
  void Cancel();
  bool WaitFor(const std::function<bool()>& holds) const;

  FakeUpstream* upstream_ = nullptr;  // must outlive this object
  std::string path_;
  std::string request_;
  Metadata metadata_;

  // All guarded by FakeUpstream::mu_.
  std::shared_ptr<StreamObserver> observer_;
  std::deque<Event> events_;
  bool asked_ = true;
  bool cancelled_ = false;
  bool done_ = false;
  int delivered_ = 0;
};

// One unary call as the backend sees it. Thread-safe.
class FakeUnaryCall {
 public:
  const std::string& path() const { return path_; }
  const std::string& request() const { return request_; }
  const Metadata& metadata() const { return options_.metadata; }
  absl::Time deadline() const { return options_.deadline; }

  // Ends the call, on this thread. Has no effect the second time.
  void Finish(absl::Status status, std::string response);

  // False when it was not cancelled in time, or has ended before.
  bool WaitCancelled() const;

 private:
  friend class FakeUpstream;
  class Handle;

  void Cancel();

  FakeUpstream* upstream_ = nullptr;  // must outlive this
  std::string path_;
  std::string request_;
  CallOptions options_;

  // Guarded by FakeUpstream::mu_.
  Upstream::UnaryDone done_;  // null: the call has ended
  bool cancelled_ = false;
};

class FakeUpstream : public Upstream {
 public:
  using Script = std::function<void(FakeCall*)>;

  FakeUpstream();
  ~FakeUpstream() override;  // ends all calls

  std::shared_ptr<StreamCall> StartStream(
      absl::string_view path, std::string request, CallOptions options,
      std::shared_ptr<StreamObserver> observer) override;
  std::shared_ptr<UnaryCall> StartUnary(absl::string_view path,
                                        std::string request,
                                        CallOptions options,
                                        UnaryDone done) override;

  // Runs `script` for each call that is started from now on, before StartStream
  // returns.
  void OnStart(Script script);

  // Waits for the call with this index, counted from 0. Returns null on
  // timeout.
  std::shared_ptr<FakeCall> WaitCall(size_t index);

  // The same for unary calls, which have numbers of their own.
  std::shared_ptr<FakeUnaryCall> WaitUnary(size_t index);
  size_t unary_calls() const;  // ever

  size_t calls() const;   // ever
  size_t active() const;  // calls that are not done

  // Returns when nothing more can be passed on until it is requested or sent.
  void Settle();

 private:
  friend class FakeCall;
  friend class FakeUnaryCall;

  void Run();

  mutable Mutex mu_;
  mutable std::condition_variable_any changed_;
  Script on_start_ ABSL_GUARDED_BY(mu_);
  std::vector<std::shared_ptr<FakeCall>> calls_ ABSL_GUARDED_BY(mu_);
  std::vector<std::shared_ptr<FakeUnaryCall>> unary_calls_ ABSL_GUARDED_BY(mu_);
  std::deque<std::shared_ptr<FakeCall>> ready_ ABSL_GUARDED_BY(mu_);
  bool busy_ ABSL_GUARDED_BY(mu_) = false;
  bool stop_ ABSL_GUARDED_BY(mu_) = false;
  std::thread thread_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_TESTS_UNIT_FEED_FAKE_UPSTREAM_H_
