// HTTPS to browsers and TLS to backends.

#include <openssl/ssl.h>

#include <cstdlib>
#include <nlohmann/json.hpp>
#include <vector>

#include "gtest/gtest.h"
#include "tests/integration/loopback.h"
#include "tests/integration/services_testing.h"

namespace sse_bridge::testing {
namespace {

// Authorities and certificates, made once: "NAME.pem", "NAME.key".
class Certificates {
 public:
  Certificates() {
    Authority("ca");
    Authority("other-ca");
    Issue("server", "ca", "10");
    Issue("renewed", "ca", "11");
    Issue("client", "ca", "12");
    Issue("stranger", "other-ca", "13");
    Issue("internal", "ca", "14", "DNS:backend.internal");
  }
  std::string Pem(const std::string& name) const { return Path(name + ".pem"); }
  std::string Key(const std::string& name) const { return Path(name + ".key"); }
  std::string Path(const std::string& file) const {
    return directory_.path() + "/" + file;
  }

 private:
  void Authority(const std::string& name) {
    RunCommand(
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 "
        "-nodes -days 2 -subj /CN=" +
        name + " -keyout " + Key(name) + " -out " + Pem(name) + " 2>/dev/null");
  }
  void Issue(const std::string& name, const std::string& authority,
             const std::string& serial,
             const std::string& names = "IP:127.0.0.1,DNS:localhost") {
    WriteFile(Path("extensions"), "subjectAltName=" + names + "\n");
    RunCommand(
        "openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes "
        "-subj /CN=" +
        name + " -keyout " + Key(name) + " -out " + Path("request") +
        " 2>/dev/null && openssl x509 -req -in " + Path("request") + " -CA " +
        Pem(authority) + " -CAkey " + Key(authority) + " -set_serial " +
        serial + " -days 2 -extfile " + Path("extensions") + " -out " +
        Pem(name) + " 2>/dev/null");
  }

  TemporaryDirectory directory_;
};

const Certificates& Certs() {
  static const auto* certificates = new Certificates;
  return *certificates;
}

class TlsTest : public ServicesTest {
 protected:
  static void SetUpTestSuite() { RaiseDescriptors(); }
  TlsTest() {
    Use("server");
    secure_ = Start({});
  }
  // The files that the bridge reads.
  std::string Cert() const { return files_.path() + "/cert"; }
  std::string Key() const { return files_.path() + "/key"; }
  void Use(const std::string& name) {
    // In the order in which the two do not fit for a moment.
    for (const auto& [to, from] : {std::pair(Cert(), Certs().Pem(name)),
                                   std::pair(Key(), Certs().Key(name))}) {
      WriteFile(to + ".new", ReadFile(from));
      ASSERT_EQ(rename((to + ".new").c_str(), to.c_str()), 0);
    }
  }
  std::unique_ptr<Bridge> Start(std::vector<std::string> options) {
    options.insert(options.end(), {"--tls-cert", Cert(), "--tls-key", Key()});
    return std::make_unique<Bridge>(backends_.address, options);
  }
  static ClientTls Trusting(const std::string& authority = "ca") {
    ClientTls tls;
    tls.ca_file = Certs().Pem(authority);
    return tls;
  }
  HttpConnection Connect(const ClientTls& tls = Trusting()) const {
    return HttpConnection(secure_->address, tls);
  }
  HttpConnection Stream(const std::string& target,
                        const std::string& token = "") const {
    HttpConnection connection = Connect();
    EXPECT_TRUE(connection.tls());
    connection.Send(secure_->Request("GET", target, token));
    EXPECT_EQ(connection.ReadHead().status, 200);
    return connection;
  }

  TemporaryDirectory files_;
  std::unique_ptr<Bridge> secure_;
};

TEST_F(TlsTest, RequestsAndStreamsOverHttps) {
  EXPECT_EQ(secure_->address.substr(0, 8), "https://");
  HttpConnection connection = Connect();
  ASSERT_TRUE(connection.tls());
  // One connection, many requests, large ones too.
  const std::string token = secure_->Token("ann", "--scope tasks:write");
  for (int i = 0; i < 3; ++i) {
    connection.Send(secure_->Request("GET", "/nowhere"));
    EXPECT_EQ(connection.ReadAnswer().status, 404);
  }
  // Blanks are part of no value.
  connection.Send(secure_->Request(
      "POST", "/tasks", token,
      R"({"task_id": "t", "message": "large"})" + std::string(200'000, ' ')));
  EXPECT_EQ(connection.ReadAnswer().status, 200);
  // And then it becomes a stream.
  connection.Send(secure_->Request("GET", "/tasks/t/progress", token));
  EXPECT_EQ(connection.ReadHead().status, 200);
  EXPECT_EQ(Data(connection.Event())["message"], "large");
  secure_->process->Signal(SIGTERM);
  while (connection.NextBlock()) {
  }
  EXPECT_EQ(secure_->process->Wait(), 0);
}

TEST_F(TlsTest, APageOfTheSameHostByHttpMayNotUseTheCookie) {
  const auto bridge = Start({"--auth-cookie", "session"});
  const std::string host = bridge->address.substr(8);
  for (const auto& [origin, status] :
       {std::pair("https://" + host, 200), {"http://" + host, 403}}) {
    HttpRequest request = bridge->Request("GET", "/channels/c/members");
    request.headers = {{"Host", host},
                       {"Origin", origin},
                       {"Cookie", "session=" + bridge->Token("ann")}};
    HttpConnection connection(bridge->address, Trusting());
    connection.Send(request);
    EXPECT_EQ(connection.ReadAnswer().status, status) << origin;
  }
}

// 10,000 by TLS_STREAMS=10000.
TEST_F(TlsTest, ReloadDropsNoStream) {
  const char* asked = std::getenv("TLS_STREAMS");
  const int count = asked == nullptr ? 200 : std::atoi(asked);
  Publish("TLS", 1);
  std::vector<HttpConnection> streams;
  streams.reserve(static_cast<size_t>(count));
  for (int i = 0; i < count; ++i) {
    streams.push_back(Stream("/prices/stream?symbols=TLS"));
    ASSERT_EQ(Data(streams.back().Event())["price"], 1);
  }
  EXPECT_EQ(streams[0].ServerSerial(), "10");
  Use("renewed");
  WaitFor("the new certificate", [&] {
    HttpConnection connection = Connect();
    return connection.tls() && connection.ServerSerial() == "11";
  });
  // A certificate that is none changes nothing.
  WriteFile(Cert(), "nonsense");
  secure_->process->Signal(SIGHUP);
  WaitFor("the complaint", [&] {
    return secure_->process->Stderr().find(
               "--tls-cert: reload failed, keeping the current certificate") !=
           std::string::npos;
  });
  EXPECT_EQ(Connect().ServerSerial(), "11");
  // Those from before go on, to the last.
  for (int price = 2; price <= 5; ++price) {
    Publish("TLS", price);
    for (HttpConnection& stream : streams) {
      ASSERT_EQ(Data(stream.Event())["price"], price);
    }
  }
}

TEST_F(TlsTest, OldVersionsAndPlainTextAreRefused) {
  ClientTls old = Trusting();
  old.max_version = TLS1_1_VERSION;
  EXPECT_FALSE(Connect(old).tls());
  old.max_version = TLS1_2_VERSION;
  EXPECT_TRUE(Connect(old).tls());
  HttpConnection plain(secure_->address);
  plain.Send(secure_->Request("GET", "/nowhere"));
  // An alert at most, and no answer.
  EXPECT_EQ(plain.ReadHead().status, 0);
}

TEST_F(TlsTest, WhoDoesNotShakeHandsHoldsUpNobody) {
  auto hasty = Start({"--head-timeout", "300ms"});
  std::vector<HttpConnection> silent;
  for (int i = 0; i < 300; ++i) {
    silent.emplace_back(hasty->address);
    if (i % 2 == 0) silent.back().SendRaw(std::string("\x16\x03\x01\x02", 4));
  }
  HttpConnection connection(hasty->address, Trusting());
  ASSERT_TRUE(connection.tls());
  connection.Send(hasty->Request("GET", "/nowhere"));
  EXPECT_EQ(connection.ReadAnswer().status, 404);
  for (HttpConnection& each : silent) EXPECT_TRUE(each.AtEnd());
}

TEST_F(TlsTest, SilentHandshakesGiveWayToNewConnections) {
  const auto few = Start({"--max-connections=20"});
  std::vector<HttpConnection> silent;
  for (int i = 0; i < 60; ++i) {
    // Whoever does not begin the handshake; the address without its scheme.
    silent.emplace_back(few->address.substr(few->address.find("//") + 2));
  }
  for (int i = 0; i < 10; ++i) {
    HttpConnection client(few->address, ClientTls{Certs().Pem("ca"), "", ""});
    ASSERT_TRUE(client.tls());
    client.Send(few->Request("GET", "/openapi.json"));
    EXPECT_EQ(client.ReadAnswer().status, 200);
  }
  EXPECT_TRUE(silent.front().AtEnd());
}

TEST_F(TlsTest, ClientsNeedACertificateWhereOneIsAskedFor) {
  secure_ = Start({"--tls-client-ca", Certs().Pem("ca")});
  const auto status = [&](const ClientTls& tls) {
    // In TLS 1.3 the client is done before the server has looked.
    HttpConnection connection = Connect(tls);
    if (!connection.tls()) return 0;
    connection.Send(secure_->Request("GET", "/nowhere"));
    return connection.ReadHead().status;
  };
  ClientTls tls = Trusting();
  EXPECT_EQ(status(tls), 0);
  tls.cert_file = Certs().Pem("stranger");
  tls.key_file = Certs().Key("stranger");
  EXPECT_EQ(status(tls), 0);
  tls.cert_file = Certs().Pem("client");
  tls.key_file = Certs().Key("client");
  EXPECT_EQ(status(tls), 404);
}

TEST_F(TlsTest, ClientsThatLeaveFreeTheirSlots) {
  secure_ = Start({"--max-streams", "1"});
  for (int i = 0; i < 5; ++i) {
    WaitFor("a free slot", [&] {
      HttpConnection connection = Connect();
      connection.Send(secure_->Request("GET", "/prices/stream?symbols=A"));
      return connection.ReadHead().status == 200;
    });
  }
}

TEST_F(TlsTest, BackendsOverTls) {
  const std::vector<std::string> server = {
      "--nosimulate_market", "--tls-cert",          Certs().Pem("server"),
      "--tls-key",           Certs().Key("server"), "--tls-client-ca",
      Certs().Pem("ca")};
  Backends secure_backends("", "127.0.0.1:0", server);
  const auto status = [&](const std::vector<std::string>& options) {
    Bridge bridge(secure_backends.address, options);
    return bridge.Call("GET", "/channels/c/members", bridge.Token("ann"))
        .status;
  };
  const std::vector<std::string> good = {
      "--upstream-tls",     "--upstream-ca",       Certs().Pem("ca"),
      "--upstream-cert",    Certs().Pem("client"), "--upstream-key",
      Certs().Key("client")};
  EXPECT_EQ(status(good), 200);
  EXPECT_EQ(status({}), 503) << "plain";
  EXPECT_EQ(status({"--upstream-tls", "--upstream-ca", Certs().Pem("ca")}), 503)
      << "without a certificate of its own";
  std::vector<std::string> wrong = good;
  wrong[2] = Certs().Pem("other-ca");
  EXPECT_EQ(status(wrong), 503) << "a backend that another has signed";
  Bridge bridge(secure_backends.address, good);
  HttpConnection stream =
      bridge.Stream("/channels/c/stream", bridge.Token("ann"));
  EXPECT_EQ(stream.Event().event, "system");
}

TEST_F(TlsTest, BackendOfAnotherName) {
  // Its certificate is not for the address.
  Backends backends(
      "", "127.0.0.1:0",
      {"--nosimulate_market", "--tls-cert", Certs().Pem("internal"),
       "--tls-key", Certs().Key("internal")});
  const auto status = [&](std::vector<std::string> options) {
    options.insert(options.end(),
                   {"--upstream-tls", "--upstream-ca", Certs().Pem("ca")});
    Bridge bridge(backends.address, options);
    return bridge.Call("GET", "/channels/c/members", bridge.Token("ann"))
        .status;
  };
  EXPECT_EQ(status({}), 503);
  EXPECT_EQ(status({"--upstream-tls-name=backend.internal"}), 200);
  EXPECT_EQ(status({"--upstream-tls-name=other.internal"}), 503);
  // The authority says so too, and need not be the certificate's name.
  EXPECT_EQ(status({"--upstream-authority=backend.internal"}), 200);
  EXPECT_EQ(status({"--upstream-authority=public.example",
                    "--upstream-tls-name=backend.internal"}),
            200);
}

TEST_F(TlsTest, FilesThatAreNoGoodStopTheStart) {
  const std::string& cert = Cert();
  for (const auto& [options, word] :
       std::vector<std::pair<std::string, std::string>>{
           {"--tls-cert " + cert, "--tls-key"},
           {"--tls-key " + cert, "--tls-cert"},
           {"--tls-cert /nowhere --tls-key " + Key(), "/nowhere"},
           {"--tls-cert " + cert + " --tls-key " + cert, Cert()},
           {"--tls-cert " + cert + " --tls-key " + Certs().Key("client"),
            "client.key"},
           {"--tls-cert " + cert + " --tls-key " + Key() + " --tls-client-ca " +
                Key(),
            "key"},
           {"--tls-client-ca " + cert, "--tls-client-ca"},
           {"--upstream-ca " + cert, "--upstream-tls"},
           {"--upstream-tls --upstream-ca /nowhere", "/nowhere"},
           {"--upstream-tls --upstream-cert " + cert, "--upstream-key"}}) {
    const CommandResult result = TryCommand(
        BridgeProgram() + " --upstream 127.0.0.1:1 " + options + " 2>&1");
    EXPECT_EQ(result.code, 2) << options;
    EXPECT_NE(result.output.find(word), std::string::npos)
        << options << ": " << result.output;
  }
}

}  // namespace
}  // namespace sse_bridge::testing
