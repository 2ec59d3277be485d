#include "backends/prices/prices_service.h"

#include <cmath>
#include <utility>

#include "backends/stream/status.h"

namespace sse_bridge {

using realtime::v1::PriceUpdate;

// One stream's view of its symbols. While the stream is busy only the newest
// price of each symbol waits.
class PricesService::Follower {
 public:
  Follower(std::weak_ptr<Stream> stream, std::vector<std::string> symbols)
      : symbols(std::move(symbols)), stream_(std::move(stream)) {}

  void Tell(const PriceUpdate& update) {
    auto stream = stream_.lock();
    if (stream == nullptr) return;
    MutexLock lock(&mu_);
    // Behind what waits, or the newest price would be overtaken.
    if (waiting_.empty() && stream->idle()) {
      stream->Send(update);
    } else {
      waiting_[update.symbol()] = update;
    }
    if (stream->idle()) SendWaiting(stream.get());
  }

  void Drain() {
    auto stream = stream_.lock();
    if (stream == nullptr) return;
    MutexLock lock(&mu_);
    SendWaiting(stream.get());
  }

  const std::vector<std::string> symbols;

 private:
  void SendWaiting(Stream* stream) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    for (auto& [symbol, update] : waiting_) stream->Send(std::move(update));
    waiting_.clear();
  }

  const std::weak_ptr<Stream> stream_;
  Mutex mu_;
  absl::flat_hash_map<std::string, PriceUpdate> waiting_ ABSL_GUARDED_BY(mu_);
};

grpc::ServerWriteReactor<PriceUpdate>* PricesService::StreamPrices(
    grpc::CallbackServerContext*,
    const realtime::v1::StreamPricesRequest* request) {
  auto stream = Stream::Create();
  if (request->symbols().empty()) {
    stream->Finish(
        {grpc::StatusCode::INVALID_ARGUMENT, "at least one symbol is needed"});
    return stream->reactor();
  }
  auto follower = std::make_shared<Follower>(
      stream, std::vector<std::string>(request->symbols().begin(),
                                       request->symbols().end()));
  stream->Open();
  streams_.Add(stream);
  {
    // Under the lock: no price falls between the current ones and the rest.
    MutexLock lock(&mu_);
    for (const std::string& symbol : follower->symbols) {
      if (symbols_.size() >= kMaxSymbols && !symbols_.contains(symbol)) {
        stream->Finish({grpc::StatusCode::RESOURCE_EXHAUSTED,
                        "too many symbols are followed"});
        break;
      }
      Symbol& entry = symbols_[symbol];
      entry.followers.insert(follower);
      if (entry.has_price) follower->Tell(entry.last);
    }
  }
  std::weak_ptr<Stream> weak = stream;
  stream->SetCallbacks(
      {[follower] { follower->Drain(); },
       [this, follower, weak] {
         {
           MutexLock lock(&mu_);
           for (const std::string& symbol : follower->symbols) {
             auto it = symbols_.find(symbol);
             if (it == symbols_.end()) continue;
             it->second.followers.erase(follower);
             if (it->second.followers.empty() && !it->second.has_price) {
               symbols_.erase(it);
             }
           }
         }
         if (auto stream = weak.lock()) streams_.Remove(stream);
       }});
  follower->Drain();
  return stream->reactor();
}

bool PricesService::Publish(const std::string& symbol, double price,
                            PriceUpdate* update) {
  MutexLock lock(&mu_);
  if (symbols_.size() >= kMaxSymbols && !symbols_.contains(symbol)) {
    return false;
  }
  Symbol& entry = symbols_[symbol];
  update->set_symbol(symbol);
  update->set_price(price);
  update->set_change(entry.has_price ? price - entry.last.price() : 0);
  SetNow(update->mutable_timestamp());
  entry.last = *update;
  entry.has_price = true;
  for (const auto& follower : entry.followers) follower->Tell(*update);
  return true;
}

grpc::ServerUnaryReactor* PricesService::PublishPrice(
    grpc::CallbackServerContext* context,
    const realtime::v1::PublishPriceRequest* request, PriceUpdate* response) {
  if (request->symbol().empty() || !std::isfinite(request->price())) {
    return FinishNow(context, {grpc::StatusCode::INVALID_ARGUMENT,
                               "a symbol and a finite price are needed"});
  }
  return FinishNow(context,
                   Publish(request->symbol(), request->price(), response)
                       ? grpc::Status::OK
                       : grpc::Status(grpc::StatusCode::RESOURCE_EXHAUSTED,
                                      "too many symbols have a price"));
}

}  // namespace sse_bridge
