#ifndef SSE_BRIDGE_BACKENDS_PRICES_MARKET_H_
#define SSE_BRIDGE_BACKENDS_PRICES_MARKET_H_

#include <condition_variable>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "backends/prices/prices_service.h"
#include "bridge/base/mutex.h"

namespace sse_bridge {

// A simulated market: random walks of the default symbols' prices, one step per
// `interval`.
class Market {
 public:
  // `prices` must outlive the market.
  Market(PricesService* prices, absl::Duration interval);
  ~Market();

 private:
  void Run(absl::Duration interval);

  PricesService* const prices_;  // must outlive this object
  Mutex mu_;
  std::condition_variable_any stopping_;
  bool stop_ ABSL_GUARDED_BY(mu_) = false;
  std::thread thread_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BACKENDS_PRICES_MARKET_H_
