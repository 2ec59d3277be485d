#include "tests/integration/stream_clients.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "gtest/gtest.h"

namespace sse_bridge::testing {
namespace {

constexpr int kDefaultRetryMs = 2000;
constexpr int kAfterRefusalMs = 1000;
constexpr int kClientsTickMs = 10;

sockaddr_in Parse(const std::string& address) {
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<uint16_t>(
      std::atoi(address.c_str() + address.rfind(':') + 1)));
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return to;
}

std::string Encoded(const std::string& text) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  for (unsigned char c : text) {
    if (std::isalnum(c)) {
      out += static_cast<char>(c);
    } else {
      out += '%';
      out += kHex[c >> 4];
      out += kHex[c & 15];
    }
  }
  return out;
}

// Clients in a failure, for each thing that they lack.
constexpr size_t kMaxDescribed = 20;

std::string Describe(size_t client, const StreamRecord& record) {
  std::string text = "client " + std::to_string(client) + ": opened " +
                     std::to_string(record.opened) + " times, dropped " +
                     std::to_string(record.dropped) + ", ended " +
                     std::to_string(record.ended) + ", unanswered " +
                     std::to_string(record.failed);
  for (const auto& [status, times] : record.refused) {
    text += ", " + std::to_string(times) + " times " + std::to_string(status);
  }
  if (record.away) text += ", upstream away";
  return text;
}

}  // namespace

struct StreamClients::Client {
  enum class State { kWaiting, kConnecting, kHead, kBody, kStopped };

  size_t number = 0;
  std::string target;
  std::string token;
  State state = State::kWaiting;
  int fd = -1;
  int64_t connect_at_ms = 0;
  int retry_ms = kDefaultRetryMs;
  bool id_in_query = false;  // after a refusal
  std::string last_event_id;
  std::string in;    // as it came
  std::string body;  // without chunk framing
  bool chunked = false;
  bool proper_end = false;
  bool first_retry = true;
  StreamRecord record;
};

StreamClients::StreamClients(const std::string& address, Sink sink)
    : address_(address),
      sink_(std::move(sink)),
      start_(std::chrono::steady_clock::now()) {
  epoll_fd_ = epoll_create1(EPOLL_CLOEXEC);
  thread_ = std::thread([this] { Run(); });
}

StreamClients::~StreamClients() {
  Stop();
  close(epoll_fd_);
}

void StreamClients::Stop() {
  {
    std::lock_guard<std::mutex> lock(mu_);
    stop_ = true;
  }
  if (thread_.joinable()) thread_.join();
  std::lock_guard<std::mutex> lock(mu_);
  for (auto& client : clients_) {
    if (client->fd >= 0) close(std::exchange(client->fd, -1));
  }
}

int64_t StreamClients::NowMs() const {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::steady_clock::now() - start_)
      .count();
}

size_t StreamClients::Add(const std::string& target, const std::string& token) {
  std::lock_guard<std::mutex> lock(mu_);
  auto client = std::make_unique<Client>();
  client->number = clients_.size();
  client->target = target;
  client->token = token;
  clients_.push_back(std::move(client));
  return clients_.size() - 1;
}

size_t StreamClients::open() const {
  std::lock_guard<std::mutex> lock(mu_);
  return open_;
}

StreamRecord StreamClients::Record(size_t client) const {
  std::lock_guard<std::mutex> lock(mu_);
  return clients_[client]->record;
}

void StreamClients::ForEach(
    const std::function<void(size_t, const StreamRecord&)>& look) const {
  std::lock_guard<std::mutex> lock(mu_);
  for (size_t i = 0; i < clients_.size(); ++i) look(i, clients_[i]->record);
}

bool StreamClients::WaitForAll(
    const std::function<bool(size_t, const StreamRecord&)>& holds,
    std::chrono::seconds patience) const {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  for (;;) {
    bool all = true;
    ForEach([&](size_t i, const StreamRecord& record) {
      all = all && holds(i, record);
    });
    if (all) return true;
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

::testing::AssertionResult StreamClients::WaitUntilNoneLacks(
    const std::function<std::vector<std::string>(size_t, const StreamRecord&)>&
        lacks,
    std::chrono::seconds patience) const {
  std::map<std::string, std::vector<std::string>> clients;  // by what they lack
  const bool none = WaitForAll(
      [&](size_t i, const StreamRecord& record) {
        return lacks(i, record).empty();
      },
      patience);
  if (none) return ::testing::AssertionSuccess();
  ForEach([&](size_t i, const StreamRecord& record) {
    for (const std::string& what : lacks(i, record)) {
      clients[what].push_back(Describe(i, record));
    }
  });
  ::testing::AssertionResult failure = ::testing::AssertionFailure();
  if (clients.empty()) failure << "something was lacking for too long";
  for (const auto& [what, who] : clients) {
    failure << "\n" << who.size() << " client(s) lack " << what << ":";
    for (size_t i = 0; i < std::min(who.size(), kMaxDescribed); ++i) {
      failure << "\n  " << who[i];
    }
    if (who.size() > kMaxDescribed) failure << "\n  ...";
  }
  return failure;
}

void StreamClients::Cut(size_t client) {
  std::lock_guard<std::mutex> lock(mu_);
  Reset(clients_[client].get());
}

void StreamClients::Remove(size_t client) {
  std::lock_guard<std::mutex> lock(mu_);
  Reset(clients_[client].get());
  clients_[client]->state = Client::State::kStopped;
}

void StreamClients::Reset(Client* client) {
  if (client->fd < 0) return;
  const linger reset{1, 0};
  setsockopt(client->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  Disconnect(client, client->retry_ms);
}

void StreamClients::Run() {
  std::vector<epoll_event> events(512);
  for (;;) {
    const int n = epoll_wait(epoll_fd_, events.data(),
                             static_cast<int>(events.size()), kClientsTickMs);
    std::lock_guard<std::mutex> lock(mu_);
    if (stop_) return;
    for (int i = 0; i < n; ++i) {
      Client* const client =
          clients_[events[static_cast<size_t>(i)].data.u64].get();
      if (client->fd >= 0) OnReadable(client);
    }
    const int64_t now = NowMs();
    for (auto& client : clients_) {
      if (client->state == Client::State::kWaiting &&
          now >= client->connect_at_ms) {
        Connect(client.get());
      }
    }
  }
}

void StreamClients::Connect(Client* client) {
  const sockaddr_in to = Parse(address_);
  client->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  client->in.clear();
  client->body.clear();
  client->proper_end = false;
  client->first_retry = true;
  client->record.away = false;
  if (client->fd < 0 ||
      (connect(client->fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) !=
           0 &&
       errno != EINPROGRESS)) {
    ++client->record.failed;
    Disconnect(client, client->retry_ms);
    return;
  }
  client->state = Client::State::kConnecting;
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLET;
  event.data.u64 = client->number;
  epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, client->fd, &event);
}

void StreamClients::Disconnect(Client* client, int wait_ms) {
  if (client->fd >= 0) close(std::exchange(client->fd, -1));
  if (client->state == Client::State::kBody) --open_;
  client->state = Client::State::kWaiting;
  client->connect_at_ms = NowMs() + wait_ms;
}

void StreamClients::OnReadable(Client* client) {
  if (client->state == Client::State::kConnecting) {
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(client->fd, SOL_SOCKET, SO_ERROR, &error, &size);
    std::string target = client->target;
    std::string headers = "Accept: text/event-stream\r\n";
    if (!client->token.empty()) {
      headers += "Authorization: Bearer " + client->token + "\r\n";
    }
    if (!client->last_event_id.empty() && client->id_in_query) {
      target += target.find('?') == std::string::npos ? "?" : "&";
      target += "last_event_id=" + Encoded(client->last_event_id);
    } else if (!client->last_event_id.empty()) {
      headers += "Last-Event-ID: " + client->last_event_id + "\r\n";
    }
    const std::string request =
        "GET " + target + " HTTP/1.1\r\nHost: 127.0.0.1\r\n" + headers + "\r\n";
    if (error != 0 ||
        send(client->fd, request.data(), request.size(), MSG_NOSIGNAL) !=
            static_cast<ssize_t>(request.size())) {
      if (error == 0 && errno == EAGAIN) return;  // not connected yet
      ++client->record.failed;
      Disconnect(client, client->retry_ms);
      return;
    }
    client->state = Client::State::kHead;
  }
  bool at_end = false;
  char buffer[65536];
  for (;;) {
    const ssize_t n = recv(client->fd, buffer, sizeof buffer, 0);
    if (n > 0) {
      client->in.append(buffer, static_cast<size_t>(n));
      continue;
    }
    at_end = n == 0 || (errno != EAGAIN && errno != EINTR);
    break;
  }
  if (client->state == Client::State::kHead && !TakeHead(client)) {
    if (client->fd < 0 || client->state == Client::State::kStopped) return;
    if (!at_end) return;
    ++client->record.failed;
    Disconnect(client, client->retry_ms);
    return;
  }
  TakeBody(client);
  if (!at_end && !client->proper_end) return;
  ++(client->proper_end ? client->record.ended : client->record.dropped);
  client->record.ended_at_ms.push_back(NowMs());
  Disconnect(client, client->retry_ms);
}

bool StreamClients::TakeHead(Client* client) {
  const size_t end = client->in.find("\r\n\r\n");
  if (end == std::string::npos) return false;
  const std::string head = client->in.substr(0, end + 2);
  client->in.erase(0, end + 4);
  const int status = head.size() > 12 ? std::atoi(&head[9]) : 0;
  client->chunked =
      head.find("Transfer-Encoding: chunked") != std::string::npos;
  if (status != 200) {
    ++client->record.refused[status];
    Disconnect(client, kAfterRefusalMs);
    client->id_in_query = true;
    if (status == 204) client->state = Client::State::kStopped;
    return false;
  }
  client->id_in_query = false;
  client->state = Client::State::kBody;
  ++open_;
  ++client->record.opened;
  client->record.opened_at_ms.push_back(NowMs());
  return true;
}

void StreamClients::TakeBody(Client* client) {
  if (!client->chunked) {
    client->body += std::exchange(client->in, "");
  } else {
    size_t at = 0;
    for (;;) {
      const size_t eol = client->in.find("\r\n", at);
      if (eol == std::string::npos) break;
      const size_t size = std::strtoul(&client->in[at], nullptr, 16);
      if (client->in.size() < eol + 2 + size + 2) break;
      client->body.append(client->in, eol + 2, size);
      at = eol + 2 + size + 2;
      if (size == 0) {
        client->proper_end = true;
        break;
      }
    }
    client->in.erase(0, at);
  }
  size_t at = 0;
  for (size_t end; (end = client->body.find("\n\n", at)) != std::string::npos;
       at = end + 2) {
    TakeBlock(client, client->body.substr(at, end + 1 - at));
  }
  client->body.erase(0, at);
}

void StreamClients::TakeBlock(Client* client, const std::string& block) {
  SseEvent event = ParseBlock(block);
  if (!event.comment.empty()) {
    client->record.away = event.comment == "upstream is away";
  }
  if (!event.retry.empty()) {
    client->retry_ms = std::atoi(event.retry.c_str());
    if (!std::exchange(client->first_retry, false)) {
      client->record.retries_ms.push_back(client->retry_ms);
    }
  }
  if (event.has_id) client->last_event_id = event.id;
  if (event.event == "upstream") {
    client->record.away = event.data.find("away") != std::string::npos;
  } else if (!event.data.empty()) {
    client->record.away = false;
    if (sink_) {
      sink_(client->number, event);
    } else {
      client->record.events.push_back(std::move(event));
    }
  }
}

}  // namespace sse_bridge::testing
