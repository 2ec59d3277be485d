#include "bridge/upstream/direct/direct_connection.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <random>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "bridge/base/host_port.h"
#include "bridge/upstream/direct/direct_call.h"

namespace sse_bridge {
namespace {

constexpr absl::Duration kBetweenResolutions = absl::Seconds(5);
constexpr double kBackoffFactor = 1.6;
constexpr double kJitter = 0.2;

constexpr char kQuestion[] = "/grpc.health.v1.Health/Check";

absl::Duration WithJitter(absl::Duration delay) {
  thread_local std::minstd_rand random{std::random_device()()};
  return delay * std::uniform_real_distribution<double>(1 - kJitter,
                                                        1 + kJitter)(random);
}

}  // namespace

absl::StatusOr<std::shared_ptr<const DirectSettings>> MakeDirectSettings(
    const GrpcUpstreamOptions& options) {
  const auto parts = SplitHostPort(options.address);
  if (!options.direct || options.use_proxy ||
      absl::StrContains(options.address, ',') || !parts.has_value() ||
      !parts->has_port || parts->host.empty()) {
    return nullptr;
  }
  const auto port = ParsePort(parts->port);
  // Also excludes targets such as dns:///name.
  if (!port.has_value() || *port == 0) return nullptr;
  auto settings = std::make_shared<DirectSettings>();
  settings->host = std::string(parts->host);
  settings->port = *port;
  settings->authority = options.authority;
  if (settings->authority.empty()) {
    settings->authority = options.tls.has_value() && !options.tls->name.empty()
                              ? options.tls->name
                              : options.address;
  }
  settings->session.peer = options.address;
  settings->session.stream_window_bytes = options.stream_window_bytes;
  settings->session.max_metadata_bytes = options.max_metadata_bytes;
  settings->session.connect_timeout = options.connect_timeout;
  settings->session.keepalive_time = options.keepalive_time;
  settings->session.keepalive_timeout = options.keepalive_timeout;
  settings->min_backoff = options.min_backoff;
  settings->max_backoff = options.max_backoff;
  settings->max_message_bytes = static_cast<size_t>(options.max_message_bytes);
  settings->metadata = options.metadata;
  if (options.tls.has_value()) {
    std::string name = options.tls->name;
    if (name.empty()) {
      const auto authority = SplitHostPort(settings->authority);
      name =
          authority.has_value() ? std::string(authority->host) : settings->host;
    }
    auto tls = DirectTls::Create(*options.tls, std::move(name));
    if (!tls.ok()) {
      return absl::InvalidArgumentError(absl::StrCat(
          "upstream \"", options.address, "\": ", tls.status().message()));
    }
    settings->tls = *std::move(tls);
  }
  return settings;
}

DirectLink::DirectLink(DirectLoop* loop,
                       std::shared_ptr<const DirectSettings> settings)
    : loop_(loop),
      settings_(std::move(settings)),
      backoff_(settings_->min_backoff),
      retry_([](void* self) { static_cast<DirectLink*>(self)->Connect(); },
             this) {}

void DirectLink::OnCommand(DirectLoop*, int what) {
  switch (what) {
    case kConnect:
      if (session_ == nullptr && !retry_.armed()) Connect();
      break;
    case kResolved: {
      if (resolution_ == nullptr) break;
      Resolution::Result result = std::exchange(resolution_, nullptr)->Take();
      if (result.addresses.empty()) {
        Failed(std::move(result.error));
        break;
      }
      addresses_ = std::move(result.addresses);
      resolved_at_ = loop_->now();
      next_address_ = 0;
      TryNextAddress();
      break;
    }
    case kBeginWaiting: {
      std::vector<std::shared_ptr<DirectCall>> later;
      later.swap(later_);
      for (const auto& call : later) Begin(call);
      break;
    }
    case kEnd:
      ended_ = true;
      Retire();
      CloseAll();
      break;
    default:
      break;
  }
}

void DirectLink::Begin(const std::shared_ptr<DirectCall>& call) {
  if (session_ != nullptr && session_->ready()) {
    if (session_->MayOpen()) {
      if (session_->HasSpace()) {
        call->OpenOn(session_.get());
      } else {
        call->Move(static_cast<int>(session_->max_streams()));
      }
      return;
    }
    Retire();
  }
  if (failing_ && !call->wait_for_ready()) {
    call->Unreachable(/*why=*/"");
    return;
  }
  waiting_.push_back(call);
  if (!connecting_ && !retry_.armed()) Connect();
}

void DirectLink::BeginLater(std::shared_ptr<DirectCall> call) {
  if (later_.empty()) loop_->Post(shared_from_this(), kBeginWaiting);
  later_.push_back(std::move(call));
}

void DirectLink::Forget(DirectCall* call) {
  for (auto* calls : {&waiting_, &later_}) {
    std::erase_if(*calls,
                  [call](const auto& each) { return each.get() == call; });
  }
}

void DirectLink::Connect() {
  if (connecting_) return;
  connecting_ = true;
  if (addresses_.empty()) {
    addresses_ = LiteralAddress(settings_->host, settings_->port);
    resolved_at_ = EventLoop::kNever;  // never again
  }
  const bool resolve =
      addresses_.empty() || (resolved_at_ != EventLoop::kNever &&
                             loop_->now() - resolved_at_ >=
                                 absl::ToInt64Nanoseconds(kBetweenResolutions));
  if (!resolve) {
    next_address_ = 0;
    TryNextAddress();
    return;
  }
  resolution_ = std::make_shared<Resolution>();
  ResolveName(settings_->host, settings_->port,
              [self = shared_from_this(),
               resolution = resolution_](Resolution::Result result) {
                resolution->Set(std::move(result));
                self->loop()->Post(self, kResolved);
              });
}

std::unique_ptr<Socket> DirectLink::NewSocket(const ResolvedAddress& address,
                                              std::string* why) const {
  const int fd =
      ::socket(address.address.ss_family,
               SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, /*protocol=*/0);
  if (fd < 0) {
    *why = absl::StrCat("socket: ", strerror(errno));
    return nullptr;
  }
  auto socket = std::make_unique<PlainSocket>(fd);
  StreamSocketOptions options;
  options.user_timeout =
      settings_->session.keepalive_time > absl::ZeroDuration()
          ? settings_->session.keepalive_timeout
          : absl::ZeroDuration();
  socket->SetStreamOptions(options);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address.address),
                address.size) != 0 &&
      errno != EINPROGRESS) {
    *why = absl::StrCat("cannot connect: ", strerror(errno));
    return nullptr;
  }
  if (settings_->tls == nullptr) return socket;
  std::unique_ptr<Socket> wrapped = settings_->tls->Wrap(std::move(socket));
  if (wrapped == nullptr) *why = "cannot set up TLS";
  return wrapped;
}

void DirectLink::TryNextAddress() {
  std::string why;
  while (next_address_ < addresses_.size()) {
    std::unique_ptr<Socket> socket =
        NewSocket(addresses_[next_address_++], &why);
    if (socket == nullptr) continue;
    session_ = std::make_shared<DirectSession>(loop_, this, &settings_->session,
                                               std::move(socket));
    if (session_->Start()) return;
    why = "too many open files";
    loop_->Bury(std::move(session_));
  }
  Failed(std::move(why));
}

void DirectLink::Failed(std::string why) {
  connecting_ = false;
  failing_ = true;
  if (resolved_at_ != EventLoop::kNever) addresses_.clear();
  std::vector<std::shared_ptr<DirectCall>> waiting;
  waiting.swap(waiting_);
  for (const auto& call : waiting) {
    if (call->wait_for_ready()) {
      waiting_.push_back(call);
    } else {
      call->Unreachable(why);
    }
  }
  if (ended_ && waiting_.empty()) return;
  const absl::Duration delay = WithJitter(backoff_);
  backoff_ = std::min(backoff_ * kBackoffFactor, settings_->max_backoff);
  retry_.Arm(loop_, loop_->now() + absl::ToInt64Nanoseconds(delay));
}

void DirectLink::OnReady(DirectSession* session) {
  if (session != session_.get()) return;
  connecting_ = failing_ = false;
  backoff_ = settings_->min_backoff;
  ready_.store(true, std::memory_order_relaxed);
  std::vector<std::shared_ptr<DirectCall>> waiting;
  waiting.swap(waiting_);
  for (const auto& call : waiting) Begin(call);
}

void DirectLink::OnGoaway(DirectSession* session) {
  if (session == session_.get()) Retire();
}

// What is open on the session may end; new streams need another.
void DirectLink::Retire() {
  ready_.store(false, std::memory_order_relaxed);
  if (session_ == nullptr || !session_->ready()) return;
  retired_.push_back(std::exchange(session_, nullptr));
  for (size_t i = 0; i < retired_.size();) {
    if (retired_[i]->streams() > 0) {
      ++i;
      continue;
    }
    retired_[i]->Close();
    loop_->Bury(std::move(retired_[i]));
    retired_.erase(retired_.begin() + static_cast<std::ptrdiff_t>(i));
  }
}

// Calls hold their place in the pool, and so the connection, until they end.
void DirectLink::CloseAll() {
  retry_.Disarm();
  if (session_ != nullptr) {
    session_->Close();
    loop_->Bury(std::exchange(session_, nullptr));
  }
  for (auto& session : retired_) {
    session->Close();
    loop_->Bury(std::move(session));
  }
  retired_.clear();
  connecting_ = false;
  resolution_ = nullptr;
}

void DirectLink::OnQuiet(DirectSession* session) {
  if (!session->MayOpen() || !session->HasSpace()) return;
  std::erase_if(questions_, [](const auto& call) { return call->over(); });
  CallOptions options;
  options.deadline = absl::Now() + settings_->session.keepalive_time +
                     settings_->session.keepalive_timeout;
  if (settings_->metadata != nullptr) {
    settings_->metadata->AddTo(&options.metadata);
  }
  auto call =
      DirectCall::Question(shared_from_this(), kQuestion, std::move(options));
  questions_.push_back(call);
  call->BeginOn(session);
}

void DirectLink::OnLost(DirectSession* session, const std::string& why) {
  if (session == session_.get()) {
    const bool was_ready = ready_.exchange(false, std::memory_order_relaxed);
    loop_->Bury(std::exchange(session_, nullptr));
    if (connecting_) {
      if (next_address_ < addresses_.size()) {
        TryNextAddress();
      } else {
        Failed(why);
      }
      return;
    }
    // The next call connects at once.
    if (was_ready && !waiting_.empty()) Connect();
    return;
  }
  const auto retired =
      std::find_if(retired_.begin(), retired_.end(),
                   [session](const auto& s) { return s.get() == session; });
  if (retired == retired_.end()) return;
  loop_->Bury(std::move(*retired));
  retired_.erase(retired);
}

}  // namespace sse_bridge
