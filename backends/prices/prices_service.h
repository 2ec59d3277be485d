#ifndef SSE_BRIDGE_BACKENDS_PRICES_PRICES_SERVICE_H_
#define SSE_BRIDGE_BACKENDS_PRICES_PRICES_SERVICE_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "backends/stream/stream_set.h"
#include "bridge/base/mutex.h"
#include "realtime/v1/prices.grpc.pb.h"

namespace sse_bridge {

// Live prices: the newest of each symbol, in memory, and who follows it.
class PricesService : public realtime::v1::Prices::CallbackService {
 public:
  // More symbols than this are refused; they would stay for ever.
  static constexpr size_t kMaxSymbols = 100'000;

  grpc::ServerWriteReactor<realtime::v1::PriceUpdate>* StreamPrices(
      grpc::CallbackServerContext* context,
      const realtime::v1::StreamPricesRequest* request) override;
  grpc::ServerUnaryReactor* PublishPrice(
      grpc::CallbackServerContext* context,
      const realtime::v1::PublishPriceRequest* request,
      realtime::v1::PriceUpdate* response) override;

  // Sets a price and tells those who follow it. False: too many symbols.
  bool Publish(const std::string& symbol, double price,
               realtime::v1::PriceUpdate* update);

  // Ends the open streams.
  void Shutdown() { streams_.Shutdown(); }

 private:
  using Stream = EventStream<realtime::v1::PriceUpdate>;
  class Follower;

  struct Symbol {
    bool has_price = false;
    realtime::v1::PriceUpdate last;
    absl::flat_hash_set<std::shared_ptr<Follower>> followers;
  };

  StreamSet<realtime::v1::PriceUpdate> streams_;
  Mutex mu_;
  absl::flat_hash_map<std::string, Symbol> symbols_ ABSL_GUARDED_BY(mu_);
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BACKENDS_PRICES_PRICES_SERVICE_H_
