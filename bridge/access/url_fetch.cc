#include "bridge/access/url_fetch.h"

#include <curl/curl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <memory>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace sse_bridge {
namespace {

constexpr std::chrono::milliseconds kLookAgain{1000};

template <auto free>
struct CurlFree {
  template <typename T>
  void operator()(T* object) const {
    free(object);
  }
};
using CurlEasy = std::unique_ptr<CURL, CurlFree<curl_easy_cleanup>>;
using CurlMulti = std::unique_ptr<CURLM, CurlFree<curl_multi_cleanup>>;
using CurlList = std::unique_ptr<curl_slist, CurlFree<curl_slist_free_all>>;
using CurlUrl = std::unique_ptr<CURLU, CurlFree<curl_url_cleanup>>;

void InitializeCurl() {
  static const CURLcode initialized = curl_global_init(CURL_GLOBAL_DEFAULT);
  (void)initialized;
}

// Returns "" if the URL has no such part.
std::string Part(CURLU* url, CURLUPart part) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, 0) != CURLUE_OK) return "";
  std::string copy(text);
  curl_free(text);
  return copy;
}

bool IsThisMachine(absl::string_view host) {
  return host == "localhost" || host == "127.0.0.1" || host == "[::1]";
}

bool IsLoopback(const curl_sockaddr& address) {
  if (address.family == AF_INET) {
    const auto* v4 = reinterpret_cast<const sockaddr_in*>(&address.addr);
    return ntohl(v4->sin_addr.s_addr) >> 24 == 127;
  }
  if (address.family != AF_INET6) return false;
  const auto* v6 = reinterpret_cast<const sockaddr_in6*>(&address.addr);
  return IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
}

curl_socket_t OpenSocket(void*, curlsocktype, curl_sockaddr* address) {
  return socket(address->family, address->socktype | SOCK_CLOEXEC,
                address->protocol);
}

// Rejects other addresses: the hosts file may map "localhost" to anything.
curl_socket_t OpenLoopbackSocket(void* user, curlsocktype purpose,
                                 curl_sockaddr* address) {
  if (!IsLoopback(*address)) return CURL_SOCKET_BAD;
  return OpenSocket(user, purpose, address);
}

}  // namespace

absl::Status CheckFetchUrl(const std::string& url) {
  const auto bad = [&url](absl::string_view why) {
    return absl::InvalidArgumentError(absl::StrCat("'", url, "': ", why));
  };
  absl::string_view rest = url;
  const bool tls = absl::ConsumePrefix(&rest, "https://");
  if (!tls && !absl::ConsumePrefix(&rest, "http://")) {
    return bad("expected https://HOST/PATH");
  }
  const absl::string_view authority = rest.substr(0, rest.find('/'));
  if (authority.empty() || absl::StrContains(authority, '@')) {
    return bad("expected https://HOST/PATH");
  }
  for (unsigned char c : url) {
    if (c <= 0x20 || c >= 0x7f) return bad("contains an invalid character");
  }
  // Check the host as libcurl parses it.
  InitializeCurl();
  const CurlUrl parsed(curl_url());
  if (parsed == nullptr ||
      curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(),
                   CURLU_DISALLOW_USER) != CURLUE_OK) {
    return bad("expected https://HOST/PATH");
  }
  if (!tls && !IsThisMachine(Part(parsed.get(), CURLUPART_HOST))) {
    return bad("keys must be fetched over TLS: use https");
  }
  return absl::OkStatus();
}

// A fetch and its result.
struct UrlFetch::Transfer {
  CurlEasy easy;
  CurlList headers;
  char error[CURL_ERROR_SIZE] = {};
  size_t max_body = 0;
  size_t max_all = 0;
  std::string body;
  size_t head_bytes = 0;
  size_t all_bytes = 0;
  bool too_large = false;

  static size_t OnHead(char*, size_t size, size_t count, void* self) {
    auto* const transfer = static_cast<Transfer*>(self);
    transfer->head_bytes += size * count;
    if (transfer->head_bytes <= kMaxHeadBytes) return size * count;
    transfer->too_large = true;
    return 0;
  }

  static size_t OnBody(char* data, size_t size, size_t count, void* self) {
    auto* const transfer = static_cast<Transfer*>(self);
    const size_t bytes = size * count;
    if (bytes > transfer->max_body - transfer->body.size()) {
      transfer->too_large = true;
      return 0;
    }
    transfer->body.append(data, bytes);
    return bytes;
  }

  // Receives all data, including what no other callback sees (chunk framing).
  static int OnDebug(CURL*, curl_infotype type, char*, size_t size,
                     void* self) {
    auto* const transfer = static_cast<Transfer*>(self);
    if (type == CURLINFO_HEADER_IN || type == CURLINFO_DATA_IN) {
      transfer->all_bytes += size;
      transfer->too_large |= transfer->all_bytes > transfer->max_all;
    }
    return 0;
  }
};

UrlFetch::UrlFetch(Options options) : options_(std::move(options)) {
  InitializeCurl();
}

bool UrlFetch::Begin(void* multi) {
  MutexLock lock(&mu_);
  if (cancelled_) return false;
  multi_ = multi;
  return true;
}

void UrlFetch::End() {
  MutexLock lock(&mu_);
  multi_ = nullptr;
}

void UrlFetch::Cancel() {
  MutexLock lock(&mu_);
  cancelled_ = true;
  if (multi_ != nullptr) curl_multi_wakeup(static_cast<CURLM*>(multi_));
}

bool UrlFetch::cancelled() const {
  MutexLock lock(&mu_);
  return cancelled_;
}

absl::StatusOr<std::string> UrlFetch::Get() {
  Transfer transfer;
  transfer.easy.reset(curl_easy_init());
  transfer.headers.reset(curl_slist_append(
      nullptr, absl::StrCat("Accept: ", options_.accept).c_str()));
  transfer.max_body = options_.max_bytes;
  transfer.max_all = 2 * options_.max_bytes + kMaxHeadBytes;
  CURL* const easy = transfer.easy.get();
  if (easy == nullptr || transfer.headers == nullptr) {
    return absl::ResourceExhaustedError("out of memory");
  }
  const bool tls = absl::StartsWith(options_.url, "https://");
  const auto set = [easy](CURLoption option, auto value) {
    return curl_easy_setopt(easy, option, value) == CURLE_OK;
  };
  bool ready = set(CURLOPT_URL, options_.url.c_str());
  ready &= set(CURLOPT_PROTOCOLS_STR, tls ? "https" : "http");
  ready &= set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  ready &= set(CURLOPT_HTTPHEADER, transfer.headers.get());
  ready &= set(CURLOPT_FOLLOWLOCATION, 0L);
  ready &= set(CURLOPT_PROXY, "");
  ready &= set(CURLOPT_NOSIGNAL, 1L);
  // Abandon a resolver that hangs.
  ready &= set(CURLOPT_QUICK_EXIT, 1L);
  ready &= set(CURLOPT_SSL_VERIFYPEER, 1L);
  ready &= set(CURLOPT_SSL_VERIFYHOST, 2L);
  ready &= set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (!options_.ca_file.empty()) {
    ready &= set(CURLOPT_CAINFO, options_.ca_file.c_str());
    ready &= set(CURLOPT_CAPATH, static_cast<char*>(nullptr));
  }
  ready &=
      set(CURLOPT_OPENSOCKETFUNCTION, tls ? &OpenSocket : &OpenLoopbackSocket);
  ready &= set(CURLOPT_ERRORBUFFER, transfer.error);
  ready &= set(CURLOPT_HEADERFUNCTION, &Transfer::OnHead);
  ready &= set(CURLOPT_HEADERDATA, &transfer);
  ready &= set(CURLOPT_WRITEFUNCTION, &Transfer::OnBody);
  ready &= set(CURLOPT_WRITEDATA, &transfer);
  ready &= set(CURLOPT_DEBUGFUNCTION, &Transfer::OnDebug);
  ready &= set(CURLOPT_DEBUGDATA, &transfer);
  ready &= set(CURLOPT_VERBOSE, 1L);
  if (!ready) return absl::InternalError("libcurl lacks an option");

  const absl::Status performed = Perform(&transfer);
  if (!performed.ok()) return performed;
  return std::move(transfer.body);
}

absl::Status UrlFetch::Perform(Transfer* transfer) {
  const auto deadline = std::chrono::steady_clock::now() +
                        absl::ToChronoMicroseconds(options_.timeout);
  const CurlMulti multi(curl_multi_init());
  if (multi == nullptr ||
      curl_multi_add_handle(multi.get(), transfer->easy.get()) != CURLM_OK) {
    return absl::ResourceExhaustedError("out of memory");
  }
  absl::Status result;
  bool done = false;
  if (!Begin(multi.get())) result = absl::CancelledError("stopped");
  while (result.ok() && !done) {
    int running = 0;
    if (curl_multi_perform(multi.get(), &running) != CURLM_OK) {
      result = absl::InternalError("libcurl failed");
    } else if (cancelled()) {
      result = absl::CancelledError("stopped");
    } else if (transfer->too_large) {
      result = absl::UnavailableError("the response is too large");
    } else if (running == 0) {
      done = true;
    } else if (const auto left = deadline - std::chrono::steady_clock::now();
               left <= std::chrono::steady_clock::duration::zero()) {
      result = absl::DeadlineExceededError(
          absl::StrCat("no complete response within ",
                       absl::FormatDuration(options_.timeout)));
    } else {
      const auto wait = std::min(
          kLookAgain, std::chrono::ceil<std::chrono::milliseconds>(left));
      curl_multi_poll(multi.get(), nullptr, 0, static_cast<int>(wait.count()),
                      nullptr);
    }
  }
  End();
  if (result.ok()) {
    int left = 0;
    const CURLMsg* const message = curl_multi_info_read(multi.get(), &left);
    long status = 0;
    curl_easy_getinfo(transfer->easy.get(), CURLINFO_RESPONSE_CODE, &status);
    if (message == nullptr || message->msg != CURLMSG_DONE) {
      result = absl::InternalError("libcurl failed");
    } else if (const CURLcode code = message->data.result; code != CURLE_OK) {
      result = absl::UnavailableError(transfer->error[0] != '\0'
                                          ? transfer->error
                                          : curl_easy_strerror(code));
    } else if (status != 200) {
      result = absl::UnavailableError(absl::StrCat("HTTP status ", status));
    }
  }
  curl_multi_remove_handle(multi.get(), transfer->easy.get());
  return result;
}

}  // namespace sse_bridge
