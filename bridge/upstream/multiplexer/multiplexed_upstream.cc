#include "bridge/upstream/multiplexer/multiplexed_upstream.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "bridge/base/mutex.h"
#include "bridge/upstream/multiplexer/grpc_bidi_call.h"
#include "bridge/upstream/multiplexer/undecided_stream.h"

namespace sse_bridge {
namespace {

constexpr char kConnectPath[] = "/sse.v1.Multiplexer/Connect";

// Reflection and the like: asked before the program runs, and never carried.
constexpr absl::string_view kOrdinaryPaths = "/grpc.";

// How long an address that could not be reached is avoided, if there are
// others.
constexpr absl::Duration kAvoided = absl::Seconds(5);

}  // namespace

// Timers for connections and streams, which outlive the upstream: they may use
// the given ones only until then.
class MultiplexedUpstream::Timers
    : public std::enable_shared_from_this<Timers> {
 public:
  explicit Timers(CallTimers given) : given_(std::move(given)) {}

  CallTimers timers() {
    return {[self = shared_from_this()] {
              MutexLock lock(&self->mu_);
              return self->stopped_ ? absl::ZeroDuration() : self->given_.now();
            },
            [self = shared_from_this()](absl::Duration delay,
                                        std::function<void()> task) {
              MutexLock lock(&self->mu_);
              return self->stopped_
                         ? uint64_t{0}
                         : self->given_.after(delay, std::move(task));
            },
            [self = shared_from_this()](uint64_t timer) {
              MutexLock lock(&self->mu_);
              if (!self->stopped_) self->given_.cancel(timer);
            }};
  }

  void Stop() {
    MutexLock lock(&mu_);
    stopped_ = true;
  }

 private:
  const CallTimers given_;
  Mutex mu_;
  bool stopped_ ABSL_GUARDED_BY(mu_) = false;
};

// One address of the backend, and its connection.
class MultiplexedUpstream::Address
    : public std::enable_shared_from_this<Address> {
 public:
  Address(std::shared_ptr<Upstream> next, StartBidi start,
          std::shared_ptr<const Options> options)
      : next_(std::move(next)),
        start_(std::move(start)),
        options_(std::move(options)) {}

  bool FailedRecently() const {
    MutexLock lock(&mu_);
    return state_ == State::kUnknown && Now() < avoid_until_;
  }

  std::shared_ptr<StreamCall> StartStream(
      absl::string_view path, std::string request, CallOptions options,
      std::shared_ptr<StreamObserver> observer) {
    mu_.Lock();
    if (state_ == State::kOrdinary && Now() >= ask_at_) {
      state_ = State::kUnknown;
    }
    if (state_ == State::kUnknown || state_ == State::kAsking) {
      const bool ask = state_ == State::kUnknown;
      state_ = State::kAsking;
      const auto undecided = std::make_shared<UndecidedStream>(
          path, std::move(request), std::move(options), std::move(observer));
      waiting_.push_back(undecided);
      mu_.Unlock();
      if (ask) Ask();
      return undecided->Handle(std::shared_ptr<const CallTimers>(
          options_, &options_->connection.stream.timers));
    }
    const std::shared_ptr<MultiplexerConnection> connection =
        state_ == State::kOpen ? connection_ : nullptr;
    mu_.Unlock();
    return Carry(connection, path, std::move(request), std::move(options),
                 std::move(observer));
  }

  void Close() {
    std::shared_ptr<MultiplexerConnection> connection;
    {
      MutexLock lock(&mu_);
      closing_ = true;
      connection = connection_;
    }
    if (connection != nullptr) connection->CloseWhenIdle();
  }

  size_t streams() const {
    std::shared_ptr<MultiplexerConnection> connection;
    {
      MutexLock lock(&mu_);
      connection = connection_;
    }
    return connection == nullptr ? 0 : connection->streams();
  }

 private:
  enum class State { kUnknown, kAsking, kOpen, kOrdinary };

  // Starts a stream on the connection, or in the ordinary way.
  std::shared_ptr<StreamCall> Carry(
      const std::shared_ptr<MultiplexerConnection>& connection,
      absl::string_view path, std::string request, CallOptions options,
      std::shared_ptr<StreamObserver> observer) {
    if (connection != nullptr && connection->Serves(path)) {
      auto call = connection->Open(path, request, options, observer);
      if (call != nullptr) return call;
    }
    return next_->StartStream(path, std::move(request), std::move(options),
                              std::move(observer));
  }

  void Ask() {
    CallOptions call;
    if (options_->metadata != nullptr)
      options_->metadata->AddTo(&call.metadata);
    MultiplexerConnection::Events events;
    events.open = [self = shared_from_this()](const auto& connection) {
      self->OnOpen(connection);
    };
    events.closed = [self = shared_from_this()](bool spoke,
                                                const absl::Status& status) {
      self->OnClosed(spoke, status);
    };
    MultiplexerConnection::Start(
        std::shared_ptr<const MultiplexerConnection::Options>(
            options_, &options_->connection),
        start_, call, std::move(events));
  }

  void OnOpen(const std::shared_ptr<MultiplexerConnection>& connection) {
    spdlog::debug("{}: streams are multiplexed", std::string(next_->address()));
    std::vector<std::shared_ptr<UndecidedStream>> waiting;
    bool closing;
    {
      MutexLock lock(&mu_);
      state_ = State::kOpen;
      was_open_ = true;
      connection_ = connection;
      waiting.swap(waiting_);
      closing = closing_;
    }
    if (closing) connection->CloseWhenIdle();
    for (const auto& stream : waiting) {
      stream->Start([this, &connection](auto&&... parts) {
        return Carry(connection, std::forward<decltype(parts)>(parts)...);
      });
    }
  }

  void OnClosed(bool spoke, const absl::Status& status) {
    std::vector<std::shared_ptr<UndecidedStream>> waiting;
    std::shared_ptr<MultiplexerConnection> lost;  // released after the lock
    // A multiplexer that is away is waited for, as in a call. Otherwise all its
    // streams would have calls of their own when it comes back.
    bool unreachable, away;
    {
      MutexLock lock(&mu_);
      lost = std::move(connection_);
      unreachable = absl::IsUnavailable(status) ||
                    (absl::IsDeadlineExceeded(status) && was_open_);
      // If it cannot be read, or sends batches that are too large, it would be
      // lost again and again.
      const bool unfit =
          spoke ? absl::IsInternal(status) || absl::IsResourceExhausted(status)
                : !unreachable;
      state_ = unfit ? State::kOrdinary : State::kUnknown;
      if (unfit) {
        was_open_ = false;
        ask_at_ = Now() + options_->ask_again;
      }
      if (unreachable) avoid_until_ = Now() + kAvoided;
      away = was_open_ && unreachable;
      waiting.swap(waiting_);
    }
    if (!unreachable && !absl::IsUnimplemented(status) &&
        !absl::IsCancelled(status)) {
      spdlog::warn("{}: streams are not multiplexed: {}",
                   std::string(next_->address()), status.ToString());
    }
    for (const auto& stream : waiting) {
      if (away && !stream->wait_for_ready()) {
        stream->End(absl::UnavailableError("the backend cannot be reached"));
        continue;
      }
      stream->Start([this](auto&&... parts) {
        return Carry(nullptr, std::forward<decltype(parts)>(parts)...);
      });
    }
  }

  absl::Duration Now() const {
    return options_->connection.stream.timers.now();
  }

  const std::shared_ptr<Upstream> next_;
  const StartBidi start_;
  const std::shared_ptr<const Options> options_;

  mutable Mutex mu_;
  State state_ ABSL_GUARDED_BY(mu_) = State::kUnknown;
  bool was_open_ ABSL_GUARDED_BY(mu_) = false;
  bool closing_ ABSL_GUARDED_BY(mu_) = false;
  std::shared_ptr<MultiplexerConnection> connection_ ABSL_GUARDED_BY(mu_);
  absl::Duration ask_at_ ABSL_GUARDED_BY(mu_);       // with kOrdinary
  absl::Duration avoid_until_ ABSL_GUARDED_BY(mu_);  // see FailedRecently
  // With kAsking. Bounded by the limits of the clients, and in time by
  // MultiplexerConnection::Options::patience.
  std::vector<std::shared_ptr<UndecidedStream>> waiting_ ABSL_GUARDED_BY(mu_);
};

MultiplexedUpstream::MultiplexedUpstream(std::shared_ptr<Upstream> next,
                                         std::vector<StartBidi> addresses,
                                         Options options)
    : next_(std::move(next)),
      timers_(std::make_shared<Timers>(
          std::move(options.connection.stream.timers))),
      metadata_(options.metadata) {
  options.connection.stream.timers = timers_->timers();
  const auto shared = std::make_shared<const Options>(std::move(options));
  for (StartBidi& start : addresses) {
    addresses_.push_back(
        std::make_shared<Address>(next_, std::move(start), shared));
  }
}

MultiplexedUpstream::~MultiplexedUpstream() {
  for (const auto& address : addresses_) address->Close();
  timers_->Stop();
}

std::shared_ptr<StreamCall> MultiplexedUpstream::StartStream(
    absl::string_view path, std::string request, CallOptions options,
    std::shared_ptr<StreamObserver> observer) {
  if (metadata_ != nullptr) metadata_->AddTo(&options.metadata);
  if (absl::StartsWith(path, kOrdinaryPaths) ||
      !CheckMetadata(options.metadata).ok()) {
    // In the second case, it reports the error.
    return next_->StartStream(path, std::move(request), std::move(options),
                              std::move(observer));
  }
  const size_t first = next_address_.fetch_add(1, std::memory_order_relaxed);
  size_t chosen = first % addresses_.size();
  for (size_t i = 0; i < addresses_.size(); ++i) {
    const size_t each = (first + i) % addresses_.size();
    if (addresses_[each]->FailedRecently()) continue;
    chosen = each;
    break;
  }
  return addresses_[chosen]->StartStream(
      path, std::move(request), std::move(options), std::move(observer));
}

std::shared_ptr<UnaryCall> MultiplexedUpstream::StartUnary(
    absl::string_view path, std::string request, CallOptions options,
    UnaryDone done) {
  return next_->StartUnary(path, std::move(request), std::move(options),
                           std::move(done));
}

size_t MultiplexedUpstream::streams() const {
  size_t streams = 0;
  for (const auto& address : addresses_) streams += address->streams();
  return streams;
}

std::shared_ptr<MultiplexedUpstream> Multiplexed(
    std::shared_ptr<Upstream> upstream, const GrpcUpstreamOptions& options,
    CallTimers timers) {
  if (absl::StartsWith(options.address, "dns:")) return nullptr;
  std::vector<StartBidi> addresses;
  const std::pair<absl::string_view, absl::string_view> parts =
      absl::StrSplit(options.address, absl::MaxSplits(':', 1));
  const bool list = absl::StrContains(options.address, ',');
  for (const absl::string_view each :
       absl::StrSplit(list ? parts.second : options.address, ',')) {
    GrpcUpstreamOptions one = options;
    // "ipv4:ADDRESS,ADDRESS" becomes "ipv4:ADDRESS" twice.
    one.address =
        list ? absl::StrCat(parts.first, ":", each) : std::string(each);
    addresses.push_back(
        GrpcBidiCalls(one, kConnectPath, MultiplexerConnection::kExtraBytes));
  }
  MultiplexedUpstream::Options own;
  own.connection.stream.max_message_bytes =
      static_cast<size_t>(options.max_message_bytes);
  own.connection.stream.max_metadata_bytes =
      static_cast<size_t>(options.max_metadata_bytes);
  own.connection.stream.timers = std::move(timers);
  own.connection.ping_after = options.keepalive_time / 3;
  own.metadata = options.metadata;
  return std::make_shared<MultiplexedUpstream>(
      std::move(upstream), std::move(addresses), std::move(own));
}

}  // namespace sse_bridge
