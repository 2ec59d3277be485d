#include "bridge/http/http_exchange.h"

#include <utility>

#include "absl/strings/match.h"
#include "bridge/http/accept_encoding.h"
#include "bridge/http/framing/request_target.h"
#include "bridge/http/http_error.h"

namespace sse_bridge {
namespace {

// Returns the target without scheme and host.
absl::string_view OriginForm(absl::string_view target) {
  const auto absolute = SplitAbsoluteForm(target);
  return absolute.has_value() ? absolute->rest : target;
}

bool HasHeader(const HttpResponse& response, absl::string_view name) {
  for (const auto& [each, value] : response.headers) {
    if (absl::EqualsIgnoreCase(each, name)) return true;
  }
  return false;
}

}  // namespace

HttpExchange::HttpExchange(ParsedRequest request,
                           std::unique_ptr<ConnectionHandle> link)
    : request_(std::move(request)), link_(std::move(link)) {}

HttpExchange::~HttpExchange() {
  Respond(ErrorResponse(500, "INTERNAL", "the request was not answered"));
}

absl::string_view HttpExchange::raw_path() const {
  const absl::string_view target = OriginForm(request_.target);
  const absl::string_view path =
      target.substr(0, target.find('?')).substr(base_path_size_);
  return path.empty() ? "/" : path;
}

bool HttpExchange::EnterBasePath(const std::string& base_path) {
  const absl::string_view path = raw_path();
  if (!absl::StartsWith(path, base_path)) return false;
  if (path.size() > base_path.size() && path[base_path.size()] != '/') {
    return false;
  }
  base_path_size_ = base_path.size();
  public_path_ += base_path;
  return true;
}

bool HttpExchange::IsBasePathItself() const {
  const absl::string_view target = OriginForm(request_.target);
  return base_path_size_ > 0 &&
         target.substr(0, target.find('?')).size() == base_path_size_;
}

absl::string_view HttpExchange::raw_query() const {
  const absl::string_view target = OriginForm(request_.target);
  const size_t mark = target.find('?');
  return mark == absl::string_view::npos ? absl::string_view()
                                         : target.substr(mark + 1);
}

std::vector<absl::string_view> HttpExchange::HeaderValues(
    absl::string_view name) const {
  std::vector<absl::string_view> values;
  for (const auto& [each, value] : request_.headers) {
    if (absl::EqualsIgnoreCase(each, name)) values.push_back(value);
  }
  return values;
}

std::optional<absl::string_view> HttpExchange::Header(
    absl::string_view name) const {
  const std::vector<absl::string_view> values = HeaderValues(name);
  if (values.empty()) return std::nullopt;
  return values[0];
}

std::unique_ptr<ConnectionHandle> HttpExchange::TakeLink() {
  // The abort callback may own the exchange itself, so it is destroyed with the
  // response, outside the lock.
  std::function<void()> dropped;
  MutexLock lock(&mu_);
  dropped.swap(on_abort_);
  return std::move(link_);
}

void HttpExchange::Respond(HttpResponse response) {
  const std::unique_ptr<ConnectionHandle> link = TakeLink();
  if (link == nullptr) return;
  const bool keep_alive = request_.keep_alive && link->MayKeepAlive();
  for (const auto& header : response_headers_) {
    if (header.first == "Vary" || !HasHeader(response, header.first)) {
      response.headers.push_back(header);
    }
  }
  CompressResponse(HeaderValues("Accept-Encoding"), &response);
  link->Respond(std::move(response), keep_alive, request_.verb == "HEAD");
}

bool HttpExchange::StartServing() {
  MutexLock lock(&mu_);
  served_ = true;
  return link_ != nullptr;
}

void HttpExchange::Hold(size_t bytes) {
  MutexLock lock(&mu_);
  if (link_ != nullptr) link_->Hold(bytes);
}

void HttpExchange::Refuse(const HttpResponse& response) {
  std::unique_ptr<ConnectionHandle> link;
  std::function<void()> aborted;
  {
    MutexLock lock(&mu_);
    if (link_ == nullptr) return;
    link = std::move(link_);
    refused_ = true;
    if (!aborted_) aborted.swap(on_abort_);
    if (!served_) ReleaseBody();
  }
  link->Respond(response, /*keep_alive=*/false, request_.verb == "HEAD");
  if (aborted) aborted();
}

DetachedSocket HttpExchange::DetachForStream() {
  const std::unique_ptr<ConnectionHandle> link = TakeLink();
  DetachedSocket socket;
  if (link != nullptr) socket.socket = link->Detach();
  socket.chunked =
      request_.minor_version >= 1 &&
      (socket.socket == nullptr || socket.socket->multiplexed() == nullptr);
  return socket;
}

void HttpExchange::OnAbort(std::function<void()> aborted) {
  {
    MutexLock lock(&mu_);
    if (link_ == nullptr && !refused_) return;
    if (!aborted_ && !refused_) {
      on_abort_ = std::move(aborted);
      return;
    }
  }
  aborted();
}

void HttpExchange::Abort() {
  std::function<void()> aborted;
  {
    MutexLock lock(&mu_);
    if (link_ == nullptr || aborted_) return;
    aborted_ = true;
    aborted.swap(on_abort_);
  }
  if (aborted) aborted();
}

}  // namespace sse_bridge
