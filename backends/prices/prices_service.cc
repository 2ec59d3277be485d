#include "backends/prices/prices_service.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "backends/event_log/keys.h"
#include "backends/stream/status.h"

namespace sse_bridge {

using realtime::v1::PriceUpdate;

namespace {

constexpr char kTopic[] = "prices";
// Number of symbols looked up together.
constexpr size_t kMaxFetched = 500;

std::string StateKey(const std::string& symbol) {
  return LogKey({"price", symbol});
}

bool IsOlder(const PriceUpdate& a, const PriceUpdate& b) {
  return std::pair(a.timestamp().seconds(), a.timestamp().nanos()) <
         std::pair(b.timestamp().seconds(), b.timestamp().nanos());
}

}  // namespace

// Receives the prices of all backends.
class PricesService::Listener : public EventLog::Subscriber {
 public:
  explicit Listener(PricesService* service) : service_(service) {}

  // Some prices may have been missed.
  void OnEvents() override {
    MutexLock lock(&mu_);
    if (service_ != nullptr) service_->FetchAll();
  }
  void OnBroadcast(const std::string& payload) override {
    PriceUpdate update;
    if (!update.ParseFromString(payload)) return;
    MutexLock lock(&mu_);
    if (service_ != nullptr) service_->Apply(update);
  }
  void Stop() {
    MutexLock lock(&mu_);
    service_ = nullptr;
  }

 private:
  Mutex mu_;
  PricesService* service_ ABSL_GUARDED_BY(mu_);
};

PricesService::PricesService(EventLog* shared) : shared_(shared) {
  if (shared_ == nullptr) return;
  listener_ = std::make_shared<Listener>(this);
  subscription_ = shared_->Subscribe(kTopic, listener_);
}

PricesService::~PricesService() {
  if (listener_ != nullptr) listener_->Stop();
}

// A stream's view of its symbols. While the stream is busy, only the newest
// price of each symbol is queued.
class PricesService::Follower {
 public:
  Follower(std::weak_ptr<Stream> stream, std::vector<std::string> symbols)
      : symbols(std::move(symbols)), stream_(std::move(stream)) {}

  void Tell(const PriceUpdate& update) {
    auto stream = stream_.lock();
    if (stream == nullptr) return;
    MutexLock lock(&mu_);
    // Queue it behind waiting prices, so that a newer price is not overtaken.
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
  if (shared_ != nullptr) {
    std::vector<std::string> unknown;
    {
      MutexLock lock(&mu_);
      for (const std::string& symbol : follower->symbols) {
        auto found = symbols_.find(symbol);
        if (found == symbols_.end() || !found->second.has_price) {
          unknown.push_back(symbol);
        }
      }
    }
    // If the log is unavailable, the stream waits for live prices. When it is
    // back, all followed symbols are loaded.
    (void)Fetch(unknown);
  }
  stream->Open();
  streams_.Add(stream);
  {
    // Under the lock, so that no price is missed between the current ones and
    // later ones.
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

bool PricesService::Apply(const PriceUpdate& update) {
  MutexLock lock(&mu_);
  if (symbols_.size() >= kMaxSymbols && !symbols_.contains(update.symbol())) {
    return false;
  }
  Symbol& entry = symbols_[update.symbol()];
  entry.last = update;
  entry.has_price = true;
  for (const auto& follower : entry.followers) follower->Tell(update);
  return true;
}

void PricesService::Publish(const std::string& symbol, double price,
                            PriceUpdate* update,
                            std::function<void(absl::Status)> done) {
  update->set_symbol(symbol);
  update->set_price(price);
  update->set_change(price - Last(symbol, price));
  SetNow(update->mutable_timestamp());
  if (shared_ == nullptr) {
    done(Apply(*update)
             ? absl::OkStatus()
             : absl::ResourceExhaustedError("too many symbols have a price"));
    return;
  }
  // Update the state first: a client that receives a price and then queries
  // must find it.
  const std::string bytes = update->SerializeAsString();
  EventLog::Change newest = {StateKey(symbol), bytes};
  newest.expires = true;
  shared_->Append("", "", {std::move(newest)}, {},
                  [done = std::move(done)](absl::Status status, std::string) {
                    done(std::move(status));
                  });
  shared_->Broadcast(kTopic, bytes);
}

double PricesService::Last(const std::string& symbol, double otherwise) {
  MutexLock lock(&mu_);
  auto found = symbols_.find(symbol);
  return found != symbols_.end() && found->second.has_price
             ? found->second.last.price()
             : otherwise;
}

absl::Status PricesService::Fetch(const std::vector<std::string>& symbols) {
  if (symbols.empty()) return absl::OkStatus();
  std::vector<std::string> keys;
  keys.reserve(symbols.size());
  for (const std::string& symbol : symbols) keys.push_back(StateKey(symbol));
  auto values = shared_->GetAll(keys);
  if (!values.ok()) return values.status();
  for (const auto& value : *values) {
    PriceUpdate update;
    if (!value.has_value() || !update.ParseFromString(*value)) continue;
    {
      MutexLock lock(&mu_);
      auto known = symbols_.find(update.symbol());
      if (known != symbols_.end() && known->second.has_price &&
          !IsOlder(known->second.last, update)) {
        continue;
      }
    }
    Apply(update);
  }
  return absl::OkStatus();
}

void PricesService::FetchAll() {
  std::vector<std::string> symbols;
  {
    MutexLock lock(&mu_);
    for (const auto& [symbol, entry] : symbols_) symbols.push_back(symbol);
  }
  for (size_t i = 0; i < symbols.size(); i += kMaxFetched) {
    const size_t end = std::min(symbols.size(), i + kMaxFetched);
    if (!Fetch({symbols.begin() + i, symbols.begin() + end}).ok()) return;
  }
}

grpc::ServerUnaryReactor* PricesService::PublishPrice(
    grpc::CallbackServerContext* context,
    const realtime::v1::PublishPriceRequest* request, PriceUpdate* response) {
  if (request->symbol().empty() || !std::isfinite(request->price())) {
    return FinishNow(context, {grpc::StatusCode::INVALID_ARGUMENT,
                               "a symbol and a finite price are needed"});
  }
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  Publish(request->symbol(), request->price(), response,
          [reactor](const absl::Status& status) {
            reactor->Finish(ToGrpc(status));
          });
  return reactor;
}

}  // namespace sse_bridge
