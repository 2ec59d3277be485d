#include "tests/integration/chaos_model.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "gtest/gtest.h"

namespace sse_bridge::testing {

std::string UserOf(size_t client) {
  return "user" + std::to_string(client % kUsers);
}

std::string ChannelOf(size_t client) {
  return "c" + std::to_string(client % kChannels);
}

std::string RecipientOf(const std::string& channel, int number) {
  if (number % 4 != 3) return "";
  const size_t of_channel = std::stoul(channel.substr(1));
  return UserOf(of_channel + kChannels * static_cast<size_t>(number / 4));
}

std::string TargetOf(size_t client) {
  const std::string channel = "/channels/" + ChannelOf(client) + "/stream";
  switch (client % 4) {
    case 0:
      return "/notifications/stream";
    case 1:
      return channel;
    case 2:
      return "/events?stream=/notifications/stream&stream=" + channel +
             "&stream=/prices/stream%3Fsymbols=CHAOS";
    default:
      return "/prices/stream?symbols=CHAOS";
  }
}

void Seen::Add(const std::string& user, const SseEvent& event) {
  ++events;
  resets += event.event == "reset" ? 1 : 0;
  const auto data = nlohmann::json::parse(event.data, nullptr, false);
  if (data.contains("title")) {
    box.push_back(std::stoi(data["title"].get<std::string>()));
  } else if (data.contains("price")) {
    price = data["price"];
  } else if (data.contains("payload") && data["payload"].contains("content")) {
    channel.push_back(std::stoi(data["payload"]["content"].get<std::string>()));
  } else if (data.contains("payload")) {
    own_presence += data["payload"].value("user_id", "") == user ? 1 : 0;
  }
}

void Check(const std::vector<int>& seen, const Written& written, int from,
           const std::string& who, const std::function<bool(int)>& is_for) {
  int last = -1;
  for (int number : seen) {
    ASSERT_GT(number, last) << who << ": a duplicate, or out of order";
    ASSERT_TRUE(is_for(number)) << who << ": " << number << " is for others";
    last = number;
  }
  const std::set<int> all(seen.begin(), seen.end());
  for (int number : written.acknowledged) {
    if (number < from || !is_for(number)) continue;
    ASSERT_TRUE(all.contains(number))
        << who << ": " << number << " is missing of " << written.next;
  }
}

int Post(const std::string& address, const std::string& token,
         const std::string& target, const std::string& body) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<uint16_t>(
      std::atoi(address.c_str() + address.rfind(':') + 1)));
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const timeval patience{10, 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  const std::string request =
      "POST " + target +
      " HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer " + token +
      "\r\nContent-Length: " + std::to_string(body.size()) +
      "\r\nConnection: close\r\n\r\n" + body;
  char answer[64] = "";
  const bool answered =
      connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0 &&
      send(fd, request.data(), request.size(), MSG_NOSIGNAL) > 0 &&
      recv(fd, answer, sizeof answer - 1, 0) > 12;
  close(fd);
  return answered ? std::atoi(answer + 9) : 0;
}

}  // namespace sse_bridge::testing
