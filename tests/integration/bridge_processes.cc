#include "tests/integration/bridge_processes.h"

#include <sys/wait.h>

#include <cstdio>

#include "gtest/gtest.h"

namespace sse_bridge::testing {

std::string RepositoryRoot() { return SSE_BRIDGE_ROOT; }
std::string BridgeProgram() { return SSE_BRIDGE_PROGRAM; }

std::string RunCommand(const std::string& command) {
  FILE* pipe = popen(command.c_str(), "r");
  std::string output;
  char buffer[4096];
  size_t n;
  while ((n = fread(buffer, 1, sizeof buffer, pipe)) > 0) {
    output.append(buffer, n);
  }
  const int status = pclose(pipe);
  EXPECT_EQ(WEXITSTATUS(status), 0) << command;
  return output;
}

Backends::Backends(const std::string& store_directory,
                   const std::string& listen,
                   std::vector<std::string> options) {
  std::vector<std::string> argv = {SSE_BRIDGE_BACKENDS, "--listen", listen,
                                   "--store",
                                   "sqlite:" + store_directory + "/events.db"};
  argv.insert(argv.end(), options.begin(), options.end());
  process = std::make_unique<Process>(argv);
  address = process->WaitForLine("listening on ");
}

ForeignBackend::ForeignBackend() {
  process = std::make_unique<Process>(std::vector<std::string>{
      "node", RepositoryRoot() + "/tests/foreign/backend.js",
      RepositoryRoot() + "/proto"});
  address = process->WaitForLine("listening on ");
}

Bridge::Bridge(const std::string& upstream, std::vector<std::string> options) {
  WriteFile(directory.path() + "/key",
            "0123456789abcdef0123456789abcdef0123456789abcdef\n");
  std::vector<std::string> argv = {SSE_BRIDGE_PROGRAM,
                                   "--listen",
                                   "127.0.0.1:0",
                                   "--upstream",
                                   upstream,
                                   "--auth-key",
                                   directory.path() + "/key",
                                   "--drain-timeout",
                                   "1s"};
  argv.insert(argv.end(), options.begin(), options.end());
  process = std::make_unique<Process>(argv);
  address = process->WaitForLine("listening on ");
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
