#include "tests/simulation/world.h"

#include <utility>

#include "bridge/upstream/limited_upstream.h"
#include "tests/simulation/outside.h"

namespace sse_bridge {
namespace {

Delivery::Options DeliveryOptions(const Plan& plan, SimulatedNetwork* network) {
  Delivery::Options options;
  options.threads = plan.delivery_threads;
  options.flush_window = plan.flush_window;
  options.queue_limit_bytes = plan.queue_limit_bytes;
  options.network = network;
  options.clock = network->clock();
  return options;
}

SimulatedNetwork::Options NetworkOptions(const Plan& plan) {
  SimulatedNetwork::Options options;
  options.max_delay = plan.max_delay;
  options.max_buffer_bytes = plan.max_buffer_bytes;
  options.min_buffer_bytes = Plan::kMinBufferBytes;
  return options;
}

ConnectionLimits::Options LimitOptions(const Plan& plan) {
  ConnectionLimits::Options options;
  options.per_subject = plan.streams_per_subject;
  options.total = plan.max_streams;
  return options;
}

StreamOpener::Options OpenerOptions(const Plan& plan) {
  StreamOpener::Options options;
  options.replay = {plan.replay_events, plan.replay_bytes, plan.replay_age,
                    plan.queue_limit_bytes};
  options.linger = plan.linger;
  options.give_up_after = plan.give_up;
  return options;
}

Admitter::Options AdmitterOptions(const Plan& plan) {
  Admitter::Options options;
  options.give_up_after = plan.give_up;
  return options;
}

Authenticator::Parts AuthenticatorParts(const Fixtures& fixtures,
                                        SimulatedNetwork* network,
                                        const DenyList* denied) {
  Authenticator::Parts parts;
  parts.verifier = fixtures.verifier.get();
  parts.denied = denied;
  parts.clock = network->clock();
  return parts;
}

SimulatedNetwork* g_network = nullptr;

double SeededFraction() {
  return static_cast<double>(g_network->Random(1 << 20)) / (1 << 20);
}

}  // namespace

World::World(const Fixtures& fixtures, const Plan& plan, uint64_t seed,
             bool prints)
    : fixtures_(fixtures),
      plan_(plan),
      network_(seed, NetworkOptions(plan)),
      trace_(&network_, prints),
      backend_(std::make_unique<SimulatedBackend>(&network_, &trace_,
                                                  plan.window_bytes)),
      shared_limits_(&network_, &trace_),
      clients_(&network_, &trace_, plan.http2_window_bytes),
      circuits_(network_.clock()),
      limits_(LimitOptions(plan),
              plan.shared_limits ? &shared_limits_ : nullptr),
      call_limits_({}, nullptr, ConnectionLimits::Kind::kCalls),
      delivery_(DeliveryOptions(plan, &network_)),
      open_streams_(&denied_, &delivery_),
      gzip_(plan.compress_memory),
      registry_(&feed_context_),
      opener_(&feed_context_, &router_, &registry_, OpenerOptions(plan)),
      admissions_(&delivery_, LeaveQueue::Limits()),
      admitter_(&router_, &admissions_, AdmitterOptions(plan)),
      authenticator_(AuthenticatorParts(fixtures, &network_, &denied_),
                     absl::ZeroDuration(), TokenSourceOptions()) {
  g_network = &network_;
  SetRandomFractionForTest(SeededFraction);
  TakeOutsideFrom(&network_);
  context_.network = &network_;
  context_.trace = &trace_;
  context_.clients = &clients_;
  context_.backend = backend_.get();
  context_.plan = &plan_;
  context_.token = [this](const std::string& user, absl::Time expires) {
    return MakeToken(
        fixtures_.key, "HS256",
        nlohmann::json{{"sub", user}, {"exp", absl::ToUnixSeconds(expires)}});
  };
  context_.drops = [this] { return delivery_.Stats().dropped > 0; };
  Start();
}

World::~World() {
  if (!stopped_) {
    delivery_.Stop();
    listener_->Stop();
  }
  SetRandomFractionForTest(nullptr);
  TakeOutsideFrom(nullptr);
}

void World::Start() {
  std::shared_ptr<Upstream> upstream(std::shared_ptr<void>(), backend_.get());
  if (plan_.multiplexed) {
    MultiplexedUpstream::Options options;
    options.connection.stream.window_bytes = plan_.window_bytes;
    options.connection.stream.timers = {
        [this] { return absl::Nanoseconds(delivery_.MonotonicNanos()); },
        [this](absl::Duration delay, std::function<void()> task) {
          return delivery_.RunAfter(delay, std::move(task));
        },
        [this](uint64_t timer) { delivery_.Cancel(timer); }};
    multiplexed_ = std::make_shared<MultiplexedUpstream>(
        upstream, std::vector<StartBidi>{backend_->Multiplexer()}, options);
    upstream = multiplexed_;
  }
  if (plan_.upstream_streams > 0) {
    upstream = std::make_shared<LimitedUpstream>(
        upstream, plan_.upstream_streams, [this](std::function<void()> task) {
          delivery_.RunAfter(absl::ZeroDuration(), std::move(task));
        });
  }
  absl::Status status = router_.Add("", std::move(upstream));
  Require(status.ok(), status);

  feed_context_.delivery = &delivery_;
  feed_context_.circuits = &circuits_;
  feed_context_.gzip = &gzip_;
  feed_context_.status_json = [this](const absl::Status& told) {
    return api_->served()->StatusJson(told);
  };
  Api::Parts parts;
  parts.delivery = &delivery_;
  parts.upstreams = &router_;
  parts.limits = &limits_;
  parts.call_limits = &call_limits_;
  parts.authenticator = &authenticator_;
  parts.opener = &opener_;
  parts.admitter = &admitter_;
  parts.errors = &errors_;
  parts.open_streams = &open_streams_;
  Api::Options options;
  options.open_grace = plan_.open_grace;
  options.retry = absl::Milliseconds(100);
  options.compress_exclusive = plan_.compress_exclusive;
  api_ = std::make_unique<Api>(parts, options, fixtures_.served[0]);

  status = delivery_.Start();
  Require(status.ok(), status);
  Http2Server::Settings settings;
  settings.max_streams = plan_.http2_streams;
  http2_ = std::make_shared<Http2Server>(&delivery_, settings);
  listener_ = std::make_unique<HttpListener>(
      ListenerOptions(), &httplib_,
      [this](std::shared_ptr<HttpExchange> exchange) {
        // A worker takes it later.
        network_.After(network_.RandomDelay(absl::Milliseconds(20)),
                       [this, exchange = std::move(exchange)] {
                         if (exchange->StartServing()) api_->Handle(exchange);
                       });
        return true;
      });
  status = listener_->Start(network_.Listen());
  Require(status.ok(), status);
}

ConnectionOptions World::ListenerOptions() {
  ConnectionOptions options;
  options.network = &network_;
  options.clock = network_.clock();
  options.http2 = http2_;
  return options;
}

}  // namespace sse_bridge
