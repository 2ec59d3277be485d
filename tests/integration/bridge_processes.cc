#include "tests/integration/bridge_processes.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstdio>

#include "gtest/gtest.h"

namespace sse_bridge::testing {

namespace {

constexpr char kKey[] = "0123456789abcdef0123456789abcdef0123456789abcdef";

std::string Base64Url(const std::string& bytes) {
  std::string text(4 * (bytes.size() / 3 + 1) + 1, '\0');
  text.resize(static_cast<size_t>(
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                      reinterpret_cast<const unsigned char*>(bytes.data()),
                      static_cast<int>(bytes.size()))));
  while (!text.empty() && text.back() == '=') text.pop_back();
  for (char& c : text) c = c == '+' ? '-' : c == '/' ? '_' : c;
  return text;
}

}  // namespace

std::string RepositoryRoot() { return SSE_BRIDGE_ROOT; }
std::string BridgeProgram() { return SSE_BRIDGE_PROGRAM; }
std::string BackendsProgram() { return SSE_BRIDGE_BACKENDS; }

CommandResult TryCommand(const std::string& command) {
  CommandResult result;
  FILE* pipe = popen(command.c_str(), "r");
  char buffer[4096];
  size_t n;
  while ((n = fread(buffer, 1, sizeof buffer, pipe)) > 0) {
    result.output.append(buffer, n);
  }
  const int status = pclose(pipe);
  result.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return result;
}

std::string RunCommand(const std::string& command) {
  CommandResult result = TryCommand(command);
  EXPECT_EQ(result.code, 0) << command;
  return std::move(result.output);
}

Backends::Backends(const std::string& store, const std::string& listen,
                   std::vector<std::string> options) {
  const bool is_directory = store.rfind('/', 0) == 0;
  std::vector<std::string> argv = {
      BackendsProgram(), "--listen", listen, "--store",
      store.empty()  ? "sqlite::memory:"
      : is_directory ? "sqlite:" + store + "/events.db"
                     : store};
  argv.insert(argv.end(), options.begin(), options.end());
  process = std::make_unique<Process>(argv);
  address = process->WaitForLine("listening on ");
}

ForeignBackend::ForeignBackend(bool lossy_reflection) {
  std::vector<std::string> argv = {
      "node", RepositoryRoot() + "/tests/foreign/backend.js",
      RepositoryRoot() + "/proto"};
  if (lossy_reflection) argv.push_back("--lossy-reflection");
  process = std::make_unique<Process>(argv);
  address = process->WaitForLine("listening on ");
}

std::string ShortLeaseSchema() {
  static const TemporaryDirectory directory;
  static const std::string file = [] {
    RunCommand(
        "cp -r " + RepositoryRoot() + "/proto " + directory.path() + " && cd " +
        directory.path() +
        "/proto && sed -i 's/renew { seconds: 15 }/renew { seconds: 2 }/' "
        "realtime/v1/channels.proto && "
        "grep -q 'renew { seconds: 2 }' realtime/v1/channels.proto && "
        "protoc -I . --include_imports --descriptor_set_out=../all.binpb "
        "realtime/v1/*.proto");
    return directory.path() + "/all.binpb";
  }();
  return file;
}

Bridge::Bridge(const std::string& upstream, std::vector<std::string> options,
               Key key, std::vector<std::string> launcher) {
  std::vector<std::string> argv = std::move(launcher);
  argv.insert(argv.end(), {BridgeProgram(), "--listen", "127.0.0.1:0",
                           "--upstream", upstream, "--drain-timeout", "1s"});
  WriteFile(directory.path() + "/key", std::string(kKey) + "\n");
  if (key == Key::kOwn) {
    argv.insert(argv.end(), {"--auth-key", directory.path() + "/key"});
  }
  // Most schemas of tests say nothing about access.
  if (std::none_of(options.begin(), options.end(), [](const std::string& each) {
        return each.rfind("--default-access", 0) == 0;
      })) {
    argv.push_back("--default-access=public");
  }
  argv.insert(argv.end(), options.begin(), options.end());
  process = std::make_unique<Process>(argv);
  address = process->WaitForLine("listening on ");
}

std::string Bridge::Sign(const nlohmann::json& claims) const {
  const std::string text =
      Base64Url(R"({"alg":"HS256"})") + "." + Base64Url(claims.dump());
  unsigned char mac[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  HMAC(EVP_sha256(), kKey, sizeof kKey - 1,
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), mac,
       &size);
  return text + "." +
         Base64Url(std::string(reinterpret_cast<char*>(mac), size));
}

std::string Bridge::Token(const std::string& subject,
                          const std::string& options) const {
  std::string token =
      RunCommand(RepositoryRoot() + "/scripts/token.sh " + subject + " --key " +
                 directory.path() + "/key " + options);
  while (!token.empty() && token.back() == '\n') token.pop_back();
  return token;
}

HttpRequest Bridge::Request(const std::string& verb, const std::string& target,
                            const std::string& token,
                            const std::string& body) const {
  HttpRequest request;
  request.verb = verb;
  request.target = target;
  request.body = body;
  if (!token.empty()) {
    request.headers.emplace_back("Authorization", "Bearer " + token);
  }
  return request;
}

HttpAnswer Bridge::Call(const std::string& verb, const std::string& target,
                        const std::string& token,
                        const std::string& body) const {
  return Fetch(address, Request(verb, target, token, body));
}

HttpConnection Bridge::Stream(const std::string& target,
                              const std::string& token,
                              const std::string& last_event_id) const {
  HttpConnection connection(address);
  HttpRequest request = Request("GET", target, token);
  if (!last_event_id.empty()) {
    request.headers.emplace_back("Last-Event-ID", last_event_id);
  }
  connection.Send(request);
  const HttpAnswer head = connection.ReadHead();
  EXPECT_EQ(head.status, 200) << target;
  return connection;
}

}  // namespace sse_bridge::testing
