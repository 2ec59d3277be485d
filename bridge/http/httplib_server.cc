#include "bridge/http/httplib_server.h"

#include <httplib.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <functional>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"

namespace sse_bridge {
namespace {

// Headers that httplib adds to those of the request.
constexpr std::array<absl::string_view, 4> kAddedHeaders = {
    "REMOTE_ADDR", "REMOTE_PORT", "LOCAL_ADDR", "LOCAL_PORT"};

// The verbs that httplib knows. It refuses all others.
constexpr std::array<absl::string_view, 10> kParsedVerbs = {
    "GET",     "HEAD",    "POST",  "PUT",   "DELETE",
    "CONNECT", "OPTIONS", "TRACE", "PATCH", "PRI"};

// What httplib reads in place of another verb.
constexpr absl::string_view kVerbInstead = "POST";

struct HeaderView {
  absl::string_view name, value;
};

bool IsAddedHeader(absl::string_view name) {
  return std::any_of(kAddedHeaders.begin(), kAddedHeaders.end(),
                     [name](absl::string_view added) {
                       return absl::EqualsIgnoreCase(added, name);
                     });
}

// Returns whether all versions of httplib parse the header unchanged.
// `line_size` includes the line end.
bool IsParsedAsItIs(const HeaderView& header, size_t line_size) {
  return line_size <= CPPHTTPLIB_HEADER_MAX_LENGTH && !header.value.empty() &&
         !absl::StrContains(header.value, '%') &&
         !absl::EqualsIgnoreCase(header.name, "Range") &&
         !IsAddedHeader(header.name);
}

// Feeds a request head to httplib byte by byte, without the parts that httplib
// must not parse (see the header file). These are kept here. httplib's own
// response is ignored, except for the status of a refusal.
class HeadStream : public httplib::Stream {
 public:
  // `head` must outlive this object.
  explicit HeadStream(absl::string_view head) {
    absl::string_view line = TakeLine(&head);
    const absl::string_view verb = line.substr(0, line.find(' '));
    if (std::find(kParsedVerbs.begin(), kParsedVerbs.end(), verb) ==
        kParsedVerbs.end()) {
      other_verb_ = verb;
      part_ = kVerbInstead;
      line.remove_prefix(verb.size());
    }
    const size_t query = std::min(line.find('?'), line.size());
    path_ = line.substr(0, query);
    after_query_ = line.substr(std::min(line.find(' ', query), line.size()));
    query_ = line.substr(query, line.size() - query - after_query_.size());
    headers_ = head;
  }

  // Includes the '?'; empty if there is no query.
  absl::string_view query() const { return query_; }

  // The request's verb if httplib does not know it; otherwise empty.
  absl::string_view other_verb() const { return other_verb_; }

  // The withheld headers, once the head has been read.
  const std::vector<HeaderView>& left_out() const { return left_out_; }

  // The status of httplib's response, or 0 if there was none.
  int status() const { return status_; }

  bool is_readable() const override { return true; }
  bool is_writable() const override { return true; }
  ssize_t read(char* out, size_t size) override {
    while (part_.empty() &&
           !(path_.empty() && after_query_.empty() && headers_.empty())) {
      part_ = !path_.empty()          ? std::exchange(path_, {})
              : !after_query_.empty() ? std::exchange(after_query_, {})
                                      : NextHeader();
    }
    if (part_.empty() || size == 0) return 0;
    *out = part_.front();  // httplib never asks for more than one byte
    part_.remove_prefix(1);
    return 1;
  }
  ssize_t write(const char* bytes, size_t size) override {
    constexpr size_t kStatusAt = sizeof "HTTP/1.1 " - 1;
    constexpr size_t kStatusSize = 3;
    if (status_ == 0 && size >= kStatusAt + kStatusSize &&
        !absl::SimpleAtoi(absl::string_view(bytes + kStatusAt, kStatusSize),
                          &status_)) {
      status_ = 0;
    }
    return static_cast<ssize_t>(size);
  }
  void get_remote_ip_and_port(std::string&, int&) const override {}
  void get_local_ip_and_port(std::string&, int&) const override {}
  socket_t socket() const override { return INVALID_SOCKET; }

 private:
  static absl::string_view TakeLine(absl::string_view* bytes) {
    const size_t end = bytes->find('\n');
    const size_t size =
        end == absl::string_view::npos ? bytes->size() : end + 1;
    const absl::string_view line = bytes->substr(0, size);
    bytes->remove_prefix(size);
    return line;
  }

  // Returns the next header's line, or nothing if the header is withheld.
  absl::string_view NextHeader() {
    const absl::string_view line = TakeLine(&headers_);
    const size_t colon = line.find(':');
    if (colon == absl::string_view::npos)
      return line;  // the empty line after the headers
    const HeaderView header{line.substr(0, colon),
                            absl::StripAsciiWhitespace(line.substr(colon + 1))};
    const bool repeated =
        std::any_of(names_.begin(), names_.end(), [&](absl::string_view name) {
          return absl::EqualsIgnoreCase(name, header.name);
        });
    if (!repeated) {
      names_.push_back(header.name);
      if (IsParsedAsItIs(header, line.size())) return line;
    }
    left_out_.push_back(header);
    return "";
  }

  absl::string_view part_;  // the part that is being read
  absl::string_view path_, query_, after_query_;
  absl::string_view other_verb_;
  absl::string_view headers_;             // not read yet
  std::vector<absl::string_view> names_;  // names of the headers so far
  std::vector<HeaderView> left_out_;
  int status_ = 0;
};

// Moves the parts that httplib has parsed, and adds the withheld parts.
void TakeRequest(httplib::Request* parsed, const HeadStream& stream,
                 ParsedRequest* request) {
  request->verb = stream.other_verb().empty()
                      ? std::exchange(parsed->method, {})
                      : std::string(stream.other_verb());
  request->target = std::exchange(parsed->target, {});
  request->target.append(stream.query().data(), stream.query().size());
  request->minor_version = parsed->version == "HTTP/1.0" ? 0 : 1;
  httplib::Headers& headers = parsed->headers;
  request->headers.clear();
  request->headers.reserve(headers.size() + stream.left_out().size());
  while (!headers.empty()) {
    auto node = headers.extract(headers.begin());
    if (IsAddedHeader(node.key())) continue;
    request->headers.emplace_back(std::move(node.key()),
                                  std::move(node.mapped()));
  }
  for (const auto& [name, value] : stream.left_out()) {
    request->headers.emplace_back(std::string(name), std::string(value));
  }
}

}  // namespace

class HttplibServer::Impl : public httplib::Server {
 public:
  explicit Impl(bool reuse_port) {
    set_socket_options([reuse_port](socket_t fd) {
      const int one = 1;
      setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
      if (reuse_port) {
        setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof one);
      }
    });
  }

  int Listen(const std::string& host, int* port) {
    if (*port == 0) {
      *port = bind_to_any_port(host);
      if (*port <= 0) return -1;
    } else if (!bind_to_port(host, *port)) {
      return -1;
    }
    return svr_sock_.exchange(INVALID_SOCKET);
  }

  // Calls `parsed` with the request unless httplib refuses it. A template, so
  // that overloads which this version of httplib lacks are not compiled.
  template <typename Stream>
  void Process(Stream* stream,
               const std::function<void(httplib::Request&)>& parsed) {
    bool closed = false;
    if constexpr (requires {
                    this->process_request(*stream, true, closed, parsed);
                  }) {
      process_request(*stream, /*close_connection=*/true, closed, parsed);
    } else {
      // Since 0.16, httplib takes the addresses as arguments instead of asking
      // the stream.
      process_request(*stream, /*remote_addr=*/"", /*remote_port=*/0,
                      /*local_addr=*/"", /*local_port=*/0,
                      /*close_connection=*/true, closed, parsed);
    }
  }
};

HttplibServer::HttplibServer(bool reuse_port)
    : impl_(std::make_unique<Impl>(reuse_port)) {}

HttplibServer::~HttplibServer() = default;

int HttplibServer::Listen(const std::string& host, int* port) {
  return impl_->Listen(host, port);
}

int HttplibServer::ParseHead(absl::string_view head, ParsedRequest* request) {
  HeadStream stream(head);
  bool parsed = false;
  impl_->Process(&stream, [&](httplib::Request& from) {
    TakeRequest(&from, stream, request);
    parsed = true;
  });
  if (parsed) return 0;
  return stream.status() != 0 ? stream.status() : 400;
}

}  // namespace sse_bridge
