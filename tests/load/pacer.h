#ifndef SSE_BRIDGE_TESTS_LOAD_PACER_H_
#define SSE_BRIDGE_TESTS_LOAD_PACER_H_

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "bridge/base/mutex.h"

namespace sse_bridge::testing {

// Calls tasks at steady rates, one thread for each rate. What a thread could
// not do in time is not made up for. Thread-safe.
class Pacer {
 public:
  // Held: nothing is called before Begin.
  explicit Pacer(bool held) : held_(held) {}
  // False: it wants no more calls.
  using Task = std::function<bool()>;

  ~Pacer();

  void Begin() { held_ = false; }

  // A rate of 0 calls it never.
  void Add(double rate_per_second, Task task);

 private:
  struct Rate {
    std::vector<Task> added;
    std::thread thread;
  };

  void Run(double rate_per_second, Rate* rate);

  std::atomic<bool> held_;
  std::atomic<bool> stop_{false};
  Mutex mu_;
  std::map<double, std::unique_ptr<Rate>> rates_ ABSL_GUARDED_BY(mu_);
};

}  // namespace sse_bridge::testing

#endif  // SSE_BRIDGE_TESTS_LOAD_PACER_H_
