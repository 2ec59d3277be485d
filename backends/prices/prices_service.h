#ifndef SSE_BRIDGE_BACKENDS_PRICES_PRICES_SERVICE_H_
#define SSE_BRIDGE_BACKENDS_PRICES_PRICES_SERVICE_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "backends/event_log/event_log.h"
#include "backends/stream/stream_set.h"
#include "bridge/base/mutex.h"
#include "realtime/v1/prices.grpc.pb.h"

namespace sse_bridge {

// Live prices: the newest price of each symbol, in memory, and the streams that
// follow it.
//
// With a log shared by several backends, all prices go through it: every
// backend sees them in the same order, and a new backend finds the newest ones.
class PricesService : public realtime::v1::Prices::CallbackService {
 public:
  // Limits the number of symbols, because they are never removed.
  static constexpr size_t kMaxSymbols = 100'000;

  // `shared` may be null; otherwise it must outlive the service and its calls.
  explicit PricesService(EventLog* shared = nullptr);
  ~PricesService() override;

  grpc::ServerWriteReactor<realtime::v1::PriceUpdate>* StreamPrices(
      grpc::CallbackServerContext* context,
      const realtime::v1::StreamPricesRequest* request) override;
  grpc::ServerUnaryReactor* PublishPrice(
      grpc::CallbackServerContext* context,
      const realtime::v1::PublishPriceRequest* request,
      realtime::v1::PriceUpdate* response) override;

  // Sets a price and notifies the streams that follow it. `done` receives
  // kResourceExhausted if there are too many symbols, or the log's error.
  void Publish(const std::string& symbol, double price,
               realtime::v1::PriceUpdate* update,
               std::function<void(absl::Status)> done);

  // Returns the newest price, or `otherwise`.
  double Last(const std::string& symbol, double otherwise);

  // Ends the open streams.
  void Shutdown() { streams_.Shutdown(); }

 private:
  using Stream = EventStream<realtime::v1::PriceUpdate>;
  class Follower;
  class Listener;

  struct Symbol {
    bool has_price = false;
    realtime::v1::PriceUpdate last;
    absl::flat_hash_set<std::shared_ptr<Follower>> followers;
  };

  // Returns false if there are too many symbols.
  bool Apply(const realtime::v1::PriceUpdate& update) ABSL_LOCKS_EXCLUDED(mu_);
  // Loads the newest prices of these symbols from the log, if newer.
  absl::Status Fetch(const std::vector<std::string>& symbols);
  // Like Fetch, for all followed symbols.
  void FetchAll();

  EventLog* const shared_;  // may be null
  StreamSet<realtime::v1::PriceUpdate> streams_;
  Mutex mu_;
  absl::flat_hash_map<std::string, Symbol> symbols_ ABSL_GUARDED_BY(mu_);
  std::shared_ptr<Listener> listener_;
  EventLog::Subscription subscription_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BACKENDS_PRICES_PRICES_SERVICE_H_
