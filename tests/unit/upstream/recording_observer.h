#ifndef SSE_BRIDGE_TESTS_UNIT_UPSTREAM_RECORDING_OBSERVER_H_
#define SSE_BRIDGE_TESTS_UNIT_UPSTREAM_RECORDING_OBSERVER_H_

#include <atomic>
#include <condition_variable>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "bridge/base/mutex.h"
#include "bridge/upstream/call.h"

namespace sse_bridge {

// Records its calls. Aborts the test program if calls overlap.
class RecordingObserver : public StreamObserver {
 public:
  // With `auto_read`, requests the next message in OnMessage, once Attach has
  // set the call.
  explicit RecordingObserver(bool auto_read = false) : auto_read_(auto_read) {}

  void Attach(std::shared_ptr<StreamCall> call);

  void OnOpen() override;
  void OnMessage(absl::Span<const absl::string_view> slices) override;
  void OnDone(const absl::Status& status) override;

  // "open", "message BYTES" and "done", in order.
  std::vector<std::string> events() const;
  int messages() const;
  bool open() const;
  bool done() const;

  // Waits for OnDone and returns its status.
  absl::Status WaitDone();

 private:
  const bool auto_read_;
  std::atomic<bool> busy_{false};

  mutable Mutex mu_;
  std::condition_variable_any changed_;
  std::vector<std::string> events_ ABSL_GUARDED_BY(mu_);
  int messages_ ABSL_GUARDED_BY(mu_) = 0;
  bool open_ ABSL_GUARDED_BY(mu_) = false;
  bool done_ ABSL_GUARDED_BY(mu_) = false;
  bool read_owed_ ABSL_GUARDED_BY(mu_) = false;
  absl::Status status_ ABSL_GUARDED_BY(mu_);
  std::shared_ptr<StreamCall> call_ ABSL_GUARDED_BY(mu_);
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_TESTS_UNIT_UPSTREAM_RECORDING_OBSERVER_H_
