#include "tests/simulation/world.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "bridge/upstream/limited_upstream.h"
#include "tests/unit/schema/schema_testing.h"

namespace sse_bridge {
namespace {

constexpr char kSchema[] = R"(
import "google/protobuf/duration.proto";
service S {
  rpc Log(WatchRequest) returns (stream Response) {
    option (google.api.http) = { get: '/log/{topic}' response_body: 'text' };
    option (sse.v1.stream) = {
      shared: true id_from: 'id' resume_into: 'after'
    };
  }
  rpc Mine(WatchRequest) returns (stream Response) {
    option (google.api.http) = { get: '/mine' response_body: 'text' };
    option (sse.v1.access) = { subject_into: 'user' };
    option (sse.v1.stream) = { id_from: 'id' resume_into: 'after' };
  }
  rpc Rooms(WatchRequest) returns (stream Response) {
    option (google.api.http) = { get: '/rooms/{topic}' response_body: 'text' };
    option (sse.v1.access) = { subject_into: 'user' };
    option (sse.v1.stream) = {
      shared: true id_from: 'id' resume_into: 'after' only_to: 'only_to'
      admission {
        enter: 'test.S.Enter' leave: 'test.S.Leave' renew { seconds: 2 }
        greeting: 'hello' session_into: 'session' lease_into: 'lease'
        timeout { seconds: 2 }
      }
    };
  }
  rpc Prices(WatchRequest) returns (stream Response) {
    option (google.api.http) = { get: '/prices/{topic}' response_body: 'text' };
    option (sse.v1.stream) = {
      shared: true snapshot { what: LAST_PER_KEY key: 'key' }
      slow { policy: CONFLATE key: 'key' }
    };
  }
  rpc Job(WatchRequest) returns (stream Response) {
    option (google.api.http) = { get: '/jobs/{topic}' response_body: 'text' };
    option (sse.v1.stream) = { id_from: 'id' resume_into: 'after' };
  }
  rpc Get(GetRequest) returns (Response) {
    option (google.api.http) = { get: '/get/{name}' response_body: 'text' };
  }
  rpc Enter(EnterRequest) returns (EnterResponse) {
    option (sse.v1.access) = { subject_into: 'user' };
  }
  rpc Leave(LeaveRequest) returns (LeaveResponse);
}
message GetRequest { string name = 1; }
message WatchRequest { string topic = 1; string user = 2; string after = 3; }
message EnterRequest {
  string topic = 1; string user = 2; string after = 3; string session = 4;
  google.protobuf.Duration lease = 5;
}
message EnterResponse { Response hello = 1; }
message LeaveRequest { string topic = 1; string session = 4; }
message LeaveResponse {}
message Response {
  string id = 1; string key = 2; string text = 3; repeated string only_to = 4;
}
)";

// How long it may take, in simulated time, until everybody has everything, and
// until everything is given back: longer than every timeout and backoff.
constexpr absl::Duration kConvergence = absl::Minutes(3);

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

void Require(bool holds, const absl::Status& status) {
  if (holds) return;
  fprintf(stderr, "simulation: %s\n", status.ToString().c_str());
  abort();
}

SimulatedNetwork* g_network = nullptr;

double SeededFraction() {
  return static_cast<double>(g_network->Random(1 << 20)) / (1 << 20);
}

}  // namespace

Fixtures Fixtures::Make() {
  Fixtures fixtures;
  for (auto& served : fixtures.served) {
    auto schema = LoadTestProto(kSchema);
    Require(schema.ok(), schema.status());
    auto made = ServedSchema::Create(*std::move(schema), {});
    Require(made.ok(), made.status());
    served = *std::move(made);
  }
  auto keys = KeySet::Parse(fixtures.key.secret(), "keys");
  Require(keys.ok(), keys.status());
  TokenVerifier::Options options;
  options.claims.leeway = absl::ZeroDuration();
  auto verifier = TokenVerifier::CreateWithKeys(options, *std::move(keys));
  Require(verifier.ok(), verifier.status());
  fixtures.verifier = *std::move(verifier);
  return fixtures;
}

World::World(const Fixtures& fixtures, const Plan& plan, uint64_t seed,
             bool prints)
    : fixtures_(fixtures),
      plan_(plan),
      network_(seed, NetworkOptions(plan)),
      trace_(&network_, prints),
      backend_(std::make_unique<SimulatedBackend>(&network_, &trace_,
                                                  plan.window_bytes)),
      circuits_(network_.clock()),
      limits_(LimitOptions(plan)),
      call_limits_({}, nullptr, ConnectionLimits::Kind::kCalls),
      delivery_(DeliveryOptions(plan, &network_)),
      open_streams_(&denied_, &delivery_),
      registry_(&feed_context_),
      opener_(&feed_context_, &router_, &registry_, OpenerOptions(plan)),
      admissions_(&delivery_, LeaveQueue::Limits()),
      admitter_(&router_, &admissions_, AdmitterOptions(plan)),
      authenticator_(AuthenticatorParts(fixtures, &network_, &denied_),
                     absl::ZeroDuration(), TokenSourceOptions()) {
  g_network = &network_;
  SetRandomFractionForTest(SeededFraction);
  context_.network = &network_;
  context_.trace = &trace_;
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
  api_ = std::make_unique<Api>(parts, options, fixtures_.served[0]);

  status = delivery_.Start();
  Require(status.ok(), status);
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
  return options;
}

BackendTopic* World::TopicOf(uint64_t what) {
  switch (what % 7) {
    case 0:
    case 1:
      return backend_->FindTopic(absl::StrCat("l", what % 7), TopicKind::kLog);
    case 2:
    case 3:
      return backend_->FindTopic("r0", TopicKind::kRoom);
    case 4:
      return backend_->FindTopic("p0", TopicKind::kPrices);
    default:
      return backend_->FindTopic(absl::StrCat("m-u", what % 3),
                                 TopicKind::kMine);
  }
}

void World::PublishTo(BackendTopic* topic, bool to_all, uint64_t events) {
  for (uint64_t i = 0; i < events; ++i) {
    std::string key;
    if (topic->kind == TopicKind::kPrices) {
      key = absl::StrCat("k", network_.Random(4));
    }
    std::set<std::string> only_to;
    if (topic->kind == TopicKind::kRoom && !to_all && network_.OneIn(2)) {
      only_to.insert(absl::StrCat("u", network_.Random(3)));
      if (network_.OneIn(2)) {
        only_to.insert(absl::StrCat("u", network_.Random(3)));
      }
    }
    // The newest values must fit into a queue, or some are dropped.
    const bool large = network_.OneIn(10) && topic->kind != TopicKind::kPrices;
    const size_t padding = network_.Random(large ? 3000 : 40);
    backend_->Publish(topic, key, only_to, padding);
  }
}

void World::Do(const Action& action) {
  using Kind = Action::Kind;
  trace_.Add("action ", action.ToString());
  Browser* browser = nullptr;
  while (browsers_.size() <= action.who &&
         (action.kind == Kind::kVisit || action.kind == Kind::kBan)) {
    const size_t n = browsers_.size();
    browsers_.push_back(std::make_unique<Browser>(
        &context_, absl::StrCat("browser", n), absl::StrCat("u", n % 3)));
  }
  if (action.who < browsers_.size()) browser = browsers_[action.who].get();
  const auto ms = absl::Milliseconds(static_cast<int64_t>(action.amount));
  switch (action.kind) {
    case Kind::kVisit:
      return browser->Visit(action.what);
    case Kind::kLeave:
      if (browser != nullptr) browser->Leave(action.amount % 2 == 0);
      return;
    case Kind::kCut:
      if (browser != nullptr) browser->Cut();
      return;
    case Kind::kStall:
      if (browser != nullptr) browser->Stall(ms);
      return;
    case Kind::kPublish:
      return PublishTo(TopicOf(action.what), /*to_all=*/false,
                       1 + action.amount % (action.amount > 800 ? 60 : 6));
    case Kind::kAsk:
      return Ask(static_cast<int>(action.what % 17));
    case Kind::kRestart:
      return backend_->Restart(ms * 2);
    case Kind::kEnd:
      return backend_->EndCalls(TopicOf(action.what),
                                static_cast<int>(action.amount % 17));
    case Kind::kRefuse:
      return backend_->RefuseNext(TopicOf(action.what), 1 + action.who,
                                  static_cast<int>(action.amount % 17));
    case Kind::kForget: {
      BackendTopic* const topic = TopicOf(action.what);
      const uint64_t keep = std::min(action.amount % 5, topic->last());
      topic->kept_from = std::max(topic->kept_from, topic->last() - keep + 1);
      return;
    }
    case Kind::kBan:
      backend_->FindTopic("r0", TopicKind::kRoom)
          ->banned.insert(browser->user());
      return;
    case Kind::kReload:
      return api_->Replace(fixtures_.served[action.amount % 2]);
  }
}

void World::Ask(int code) {
  auto question = std::make_unique<Question>();
  question->code = code;
  question->asked = network_.clock()->WallTime();
  question->client = network_.Connect("192.0.2.9");
  question->client->Send(
      absl::StrCat("GET /get/", code, " HTTP/1.1\r\nHost: bridge\r\n\r\n"));
  questions_.push_back(std::move(question));
}

void World::LookAtQuestions() {
  constexpr int kStatuses[] = {200, 499, 500, 400, 504, 404, 409, 403, 429,
                               400, 409, 400, 501, 500, 503, 500, 401};
  for (const auto& question : questions_) {
    if (question->client == nullptr) continue;
    question->reader.Read(question->client->received());
    if (!question->reader.error().empty()) {
      trace_.Fail("Framing", question->reader.error());
    }
    if (question->done) continue;
    if (!question->reader.complete()) {
      if (question->client->broken() || question->client->ended()) {
        trace_.Fail("OneAnswer", "a unary call is not answered");
        question->client = nullptr;
      }
      continue;
    }
    question->done = true;
    const int status = question->reader.status();
    const bool away =
        backend_->down() || backend_->last_away() >= question->asked;
    trace_.Add("a unary call with code ", question->code, " is answered ",
               status);
    if (status == 503 && away) continue;
    // The backend may be silent.
    if (status == 504 &&
        network_.clock()->WallTime() - question->asked >= absl::Seconds(29)) {
      continue;
    }
    if (status != kStatuses[question->code]) {
      trace_.Fail("OneAnswer", "a unary call with code ", question->code,
                  " is answered ", status);
    }
    if (status == 200 && question->reader.body() != "\"answer 0\"\n") {
      trace_.Fail("OneAnswer",
                  "a unary call's body: ", question->reader.body());
    }
  }
}

void World::Look() {
  for (const auto& browser : browsers_) browser->Look();
  LookAtQuestions();
}

void World::CheckBounds() {
  const DeliveryStats stats = delivery_.Stats();
  // An exclusive stream stops to read at 64 KiB; a shared one ends at the
  // limit. One more event, at most, comes on top, and the end.
  constexpr uint64_t kOneEvent = 4096;
  const uint64_t each =
      std::max<uint64_t>(plan_.queue_limit_bytes, 64 << 10) + kOneEvent;
  if (stats.queue_bytes > stats.open * each * 2) {
    trace_.Fail("MemoryBound", stats.queue_bytes, " bytes wait for ",
                stats.open, " streams");
  }
  if (plan_.max_streams > 0 && !context_.healed &&
      limits_.counts().total > plan_.max_streams) {
    trace_.Fail("Limits", limits_.counts().total, " streams");
  }
}

bool World::StepUntil(absl::Duration time,
                      const std::function<bool()>& condition) {
  const int64_t end =
      network_.clock()->MonotonicNanos() + absl::ToInt64Nanoseconds(time);
  bool reached = false;
  network_.After(time, [] {});  // so that time passes
  while (!trace_.failed() && !reached) {
    if (condition()) return true;
    if (network_.clock()->MonotonicNanos() > end || !network_.Step()) break;
    Look();
    if (++steps_ % 64 == 0) CheckBounds();
    // Time stands still: a loop spins.
    if (steps_ > 2'000'000) trace_.Fail("Progress", "too many steps");
  }
  return condition();
}

void World::Run() {
  for (const Action& action : plan_.actions) {
    network_.After(absl::Milliseconds(action.at_ms),
                   [this, action] { Do(action); });
  }
  StepUntil(absl::Milliseconds(plan_.length_ms), [] { return false; });
  if (trace_.failed()) return;
  Converge();
  if (trace_.failed()) return;
  if (plan_.drains) {
    Drain();
  } else {
    SayGoodbye();
  }
}

void World::Converge() {
  trace_.Add("from now on, nothing fails");
  context_.healed = true;
  backend_->Heal();
  // With few streams allowed, not all can be there.
  ConnectionLimits::Options unlimited;
  unlimited.per_subject = 0;
  limits_.SetOptions(unlimited);
  const auto all = [this] {
    return std::all_of(browsers_.begin(), browsers_.end(),
                       [](const auto& browser) { return browser->HasAll(); }) &&
           std::all_of(questions_.begin(), questions_.end(),
                       [](const auto& each) { return each->done; });
  };
  if (plan_.upstream_streams > 0) {
    // Some are refused for ever. What they hold must be given back all the
    // same.
    StepUntil(absl::Seconds(5), [] { return false; });
    return;
  }
  std::string missing;
  const absl::Time end = network_.clock()->WallTime() + kConvergence;
  while (!trace_.failed() && network_.clock()->WallTime() < end) {
    if (StepUntil(absl::Seconds(3), all)) {
      // Nothing more comes that should not.
      StepUntil(absl::Milliseconds(200), [] { return false; });
      if (!all()) continue;
      return;
    }
    missing.clear();
    for (const auto& browser : browsers_) {
      if (!browser->HasAll()) absl::StrAppend(&missing, browser->State(), "; ");
    }
    // Those who begin anew need something to begin with.
    for (const auto& [name, topic] : backend_->topics()) {
      if (topic->kind == TopicKind::kJob) continue;
      PublishTo(topic.get(), /*to_all=*/true,
                topic->kind == TopicKind::kPrices ? 0 : 1);
    }
  }
  trace_.Fail("NothingWaitsForEver",
              missing.empty() ? "a unary call" : missing);
}

void World::SayGoodbye() {
  trace_.Add("all browsers leave");
  context_.leaving = true;
  for (const auto& browser : browsers_) browser->Leave(network_.OneIn(2));
  for (const auto& question : questions_) question->client = nullptr;
  std::string what;
  if (!StepUntil(kConvergence, [&] { return IsReleased(&what); })) {
    trace_.Fail("AllIsReleased", what);
  }
}

void World::Drain() {
  // As Bridge::Drain, where each wait is a step.
  trace_.Add("the bridge drains");
  context_.leaving = true;
  listener_->StopAccepting();
  for (const auto& question : questions_) question->client = nullptr;
  StepUntil(absl::Seconds(2),
            [this] { return listener_->WaitUntilIdle(absl::InfinitePast()); });
  api_->StartDraining();
  delivery_.CloseAll(absl::Seconds(1), nullptr);
  if (!StepUntil(absl::Seconds(20), [this] {
        return delivery_.WaitUntilEmpty(absl::InfinitePast());
      })) {
    trace_.Fail("AllIsReleased", delivery_.Stats().open,
                " streams after a drain");
  }
  StepUntil(absl::Seconds(2),
            [this] { return listener_->WaitUntilIdle(absl::InfinitePast()); });
  registry_.StopAll(absl::UnavailableError("the bridge is shutting down"));
  for (const auto& browser : browsers_) {
    if (!browser->left() && browser->has_connection()) {
      trace_.Fail("NothingWaitsForEver", browser->State(), " after a drain");
    }
  }
  for (const auto& browser : browsers_) browser->Leave(/*resets=*/false);
  std::string what;
  if (!StepUntil(kConvergence, [&] { return IsReleased(&what); })) {
    trace_.Fail("AllIsReleased", what);
  }
}

bool World::IsReleased(std::string* what) const {
  const auto counts = limits_.counts();
  const auto calls = call_limits_.counts();
  const size_t listening = plan_.drains ? 0 : 1;
  *what = absl::StrCat(
      listener_->connections(), " connections, ", delivery_.Stats().open,
      " streams, ", delivery_.Stats().queue_bytes, " queued bytes, ",
      counts.total, "/", counts.subjects, "/", counts.addresses, " leases, ",
      calls.total, "/", calls.subjects, "/", calls.addresses, " call leases, ",
      registry_.size(), " feeds, ", admissions_.stats().sessions.load(),
      " sessions, ", admissions_.leaves_waiting(), " leaves, ",
      backend_->sessions_left_over(), " sessions at the backend, ",
      backend_->open_calls(), " calls, ",
      multiplexed_ == nullptr ? 0 : multiplexed_->streams(),
      " multiplexed streams, ", open_streams_.size(), " open streams, ",
      circuits_.away(), " outages, ", network_.open_sockets(), " sockets");
  return listener_->connections() == 0 && delivery_.Stats().open == 0 &&
         delivery_.Stats().queue_bytes == 0 && counts.total == 0 &&
         counts.subjects == 0 && counts.addresses == 0 && calls.total == 0 &&
         calls.addresses == 0 && registry_.size() == 0 &&
         admissions_.stats().sessions.load() == 0 &&
         admissions_.leaves_waiting() == 0 &&
         backend_->sessions_left_over() == 0 && backend_->open_calls() == 0 &&
         (multiplexed_ == nullptr || multiplexed_->streams() == 0) &&
         open_streams_.size() == 0 && circuits_.away() == 0 &&
         network_.open_sockets() == listening;
}

}  // namespace sse_bridge
