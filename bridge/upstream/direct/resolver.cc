#include "bridge/upstream/direct/resolver.h"

#include <netdb.h>
#include <netinet/in.h>
#include <string.h>

#include <system_error>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"

namespace sse_bridge {
namespace {

Resolution::Result Lookup(const std::string& host, int port, int flags) {
  addrinfo hints = {};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int error =
      getaddrinfo(host.c_str(), absl::StrCat(port).c_str(), &hints, &found);
  Resolution::Result result;
  if (error != 0) {
    result.error = absl::StrCat("DNS resolution failed for ", host, ": ",
                                gai_strerror(error));
    return result;
  }
  for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
    if (each->ai_addrlen > sizeof(sockaddr_storage)) continue;
    ResolvedAddress address;
    memcpy(&address.address, each->ai_addr, each->ai_addrlen);
    address.size = each->ai_addrlen;
    result.addresses.push_back(address);
  }
  freeaddrinfo(found);
  return result;
}

}  // namespace

std::vector<ResolvedAddress> LiteralAddress(const std::string& host, int port) {
  return Lookup(host, port, AI_NUMERICHOST).addresses;
}

void ResolveName(std::string host, int port,
                 std::function<void(Resolution::Result)> done) {
  try {
    std::thread([host = std::move(host), port, done] {
      done(Lookup(host, port, /*flags=*/0));
    }).detach();
  } catch (const std::system_error&) {
    done({{}, "DNS resolution failed: no thread can be started"});
  }
}

}  // namespace sse_bridge
