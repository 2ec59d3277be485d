// Every setting has a test that shows its effect: here as SettingsTest.KEY in
// CamelCase, or elsewhere as kShownElsewhere says.

#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <csignal>
#include <filesystem>
#include <map>
#include <set>
#include <sstream>

#include "bridge/v1/config.pb.h"
#include "tests/integration/load_testing.h"
#include "tests/integration/services_testing.h"

namespace sse_bridge::testing {
namespace {

// Below tests/integration: the file, and the test in it.
struct Place {
  std::string file;
  std::string test;
};

const std::map<std::string, Place>& ShownElsewhere() {
  static const auto* const kPlaces = new std::map<std::string, Place>{
      {"config", {"configuration_test.cc", "FileStartsABridge"}},
      {"pages", {"pages_test.cc", "AreNotServedWithNoPages"}},
      {"admin", {"admin_test.cc", "HealthAndReadiness"}},
      {"admin_allowed_host", {"admin_test.cc", "ListenerHasNamesOfItsOwn"}},
      {"max_connections",
       {"tls_test.cc", "SilentHandshakesGiveWayToNewConnections"}},
      {"documents", {"default_access_test.cc", "GoWithThePagesUnlessAskedFor"}},
      {"default_access",
       {"default_access_test.cc", "WithKeysAMethodThatSaysNothingNeedsAToken"}},
      {"descriptor_set",
       {"programs_test.cc", "SighupReadsTheSchemaAgainWithoutDroppingStreams"}},
      {"reflect", {"foreign_schema_test.cc", "ReflectionNeedsNoFile"}},
      {"service_config",
       {"service_config_test.cc", "MethodsAreServedAsItSays"}},
      {"strict",
       {"default_access_test.cc",
        "MethodThatCannotBeServedIsLeftOutAndReported"}},
      {"default_routes",
       {"foreign_schema_test.cc", "MethodWithoutRouteIsHiddenUnlessAskedFor"}},
      {"auth_key", {"access_test.cc", "PublicKeyVerifiesWhatItsOwnerSigned"}},
      {"auth_issuer",
       {"access_test.cc", "IssuerAndAudienceAreCheckedWhenGiven"}},
      {"auth_audience",
       {"access_test.cc", "IssuerAndAudienceAreCheckedWhenGiven"}},
      {"auth_cookie",
       {"access_test.cc", "CookieCarriesTheTokenWhereItIsNamed"}},
      {"max_streams_per_subject",
       {"access_test.cc", "StreamThatEndsByItselfFreesItsSlot"}},
      {"limits_redis", {"scale_out_test.cc", "LimitsPerSubjectAreShared"}},
      {"max_streams_per_address",
       {"access_test.cc", "AddressLimitAnswers503WithRetryAfter"}},
      {"max_streams", {"access_test.cc", "TotalLimitAnswers503WithRetryAfter"}},
      {"keep_alive", {"foreign_schema_test.cc", "QuietStreamIsKeptAlive"}},
      {"open_grace",
       {"foreign_schema_test.cc",
        "SilentBackendStillOpensTheStreamAfterAGrace"}},
      {"linger", {"feeds_test.cc", "LastOutEndsTheCall"}},
      {"queue_bytes",
       {"slow_consumers_test.cc", "DropOldestKeepsTheNewestUpToTheBound"}},
      {"flush_window",
       {"slow_consumers_test.cc", "EventsOfOneWindowLeaveTogether"}},
      {"drain_timeout",
       {"programs_test.cc", "SecondSigtermEndsTheBridgeAtOnce"}},
      {"max_body", {"configuration_test.cc", "FileStartsABridge"}},
      {"head_timeout",
       {"http_listener_test.cc",
        "UnfinishedRequestsHoldUpNobodyAndAreDropped"}},
      {"body_timeout",
       {"http_listener_test.cc",
        "UnfinishedRequestsHoldUpNobodyAndAreDropped"}},
      {"auth_jwks_url",
       {"tokens_test.cc", "KeysFromAUrlAreLookedForAgainWhenOneIsUnknown"}},
      {"auth_type", {"tokens_test.cc", "TypeCanBeRequired"}},
      {"auth_subject_claim",
       {"tokens_test.cc", "ClaimsAreFoundWhereTheOptionsSay"}},
      {"auth_scopes_claim",
       {"tokens_test.cc", "ClaimsAreFoundWhereTheOptionsSay"}},
      {"auth_roles_claim",
       {"tokens_test.cc", "ClaimsAreFoundWhereTheOptionsSay"}},
      {"auth_query", {"tokens_test.cc", "QueryCarriesATokenOnlyWhereItMay"}},
      {"auth_deny_list",
       {"tokens_test.cc", "DenyListEndsOpenStreamsAndRefusesNewOnes"}},
      {"ticket_lifetime",
       {"tokens_test.cc", "TicketsAreForWhoHasATokenAndForNothingElse"}},
      {"max_tickets_per_subject",
       {"tokens_test.cc", "TicketsOfAUserAreLimitedAndNobodyElsesSuffer"}},
      {"tickets_per_second", {"tokens_test.cc", "TicketsOfAUserHaveARate"}},
      {"ticket_key",
       {"tokens_test.cc", "BridgesThatShareAKeyTakeEachOthersTickets"}},
      {"max_calls_per_subject",
       {"limits_test.cc", "CallsOfAUserThatAreUnderWayAreBounded"}},
      {"max_feeds_per_address",
       {"limits_test.cc", "FeedsOfAnAddressAreBounded"}},
      {"max_streams_per_upstream",
       {"limits_test.cc", "StreamsOfABackendAreBounded"}},
      {"cors_origin",
       {"browser_rules_test.cc", "AllowedOriginsReadStreamsAnswersAndErrors"}},
      {"allowed_host",
       {"browser_rules_test.cc", "HostsThatAreNotOursAreRefused"}},
      {"trusted_proxy",
       {"limits_test.cc", "ForwardedAddressesCountFromTrustedProxiesOnly"}},
      {"proxy_protocol", {"limits_test.cc", "ProxyHeadersTellTheAddress"}},
      {"connections_per_second",
       {"limits_test.cc", "NewConnectionsOfAnAddressHaveARate"}},
      {"connections_burst",
       {"limits_test.cc", "NewConnectionsOfAnAddressHaveARate"}},
      {"tls_cert", {"tls_test.cc", "RequestsAndStreamsOverHttps"}},
      {"tls_key", {"tls_test.cc", "RequestsAndStreamsOverHttps"}},
      {"tls_client_ca",
       {"tls_test.cc", "ClientsNeedACertificateWhereOneIsAskedFor"}},
      {"upstream_tls", {"tls_test.cc", "BackendsOverTls"}},
      {"upstream_ca", {"tls_test.cc", "BackendsOverTls"}},
      {"upstream_cert", {"tls_test.cc", "BackendsOverTls"}},
      {"upstream_key", {"tls_test.cc", "BackendsOverTls"}},
      {"forward_headers", {"metadata_test.cc", "NamedHeadersReachTheBackend"}},
      {"expose_metadata", {"metadata_test.cc", "NamedMetadataBecomesHeaders"}},
      {"forward_client_address",
       {"metadata_test.cc", "ClientAddressIsTheBridgesWord"}},
      {"forward_claims",
       {"metadata_test.cc", "ClaimsReachTheBackendAndCannotBeForged"}},
      {"upstream_direct", {"connections_test.cc", "EitherClientServes"}},
      {"upstream_streams_per_connection",
       {"connections_test.cc", "EndOfAllConnectionsIsAClear503"}},
      {"upstream_max_connections",
       {"connections_test.cc", "EndOfAllConnectionsIsAClear503"}},
      {"upstream_keepalive",
       {"connections_test.cc", "PathThatGoesDarkOnAQuietStreamIsNoticed"}},
      {"upstream_keepalive_timeout",
       {"connections_test.cc", "PathThatGoesDarkOnAQuietStreamIsNoticed"}},
      {"upstream_max_metadata",
       {"connections_test.cc", "MetadataBeyondTheLimitAreTheBackendsFault"}},
      {"upstream_authority",
       {"connections_test.cc", "SettingsOfOneServiceAreForItsBackendOnly"}},
      {"upstream_metadata_file",
       {"connections_test.cc", "MetadataOfAFileGoWithEveryCall"}},
      {"upstream_tls_name", {"tls_test.cc", "BackendOfAnotherName"}},
      {"ignore_query_params",
       {"resume_ids_test.cc",
        "UnknownParametersAreRefusedUnlessTheyAreToBeIgnored"}},
      {"log_streams",
       {"admin_test.cc", "LifecycleIsLoggedWithTheTraceAndWithoutSecrets"}},
  };
  return *kPlaces;
}

// max_streams is MaxStreams.
std::string CamelCase(const std::string& key) {
  std::string name;
  bool upper = true;
  for (char c : key) {
    if (c != '_') name += upper ? static_cast<char>(std::toupper(c)) : c;
    upper = c == '_';
  }
  return name;
}

// The names of this program's tests.
std::set<std::string> TestsHere() {
  std::set<std::string> names;
  const auto* unit_test = ::testing::UnitTest::GetInstance();
  for (int i = 0; i < unit_test->total_test_suite_count(); ++i) {
    const auto* suite = unit_test->GetTestSuite(i);
    for (int k = 0; k < suite->total_test_count(); ++k) {
      names.insert(suite->GetTestInfo(k)->name());
    }
  }
  return names;
}

TEST(EverySettingTest, HasATestThatShowsItsEffect) {
  const std::set<std::string> here = TestsHere();
  const auto* message = ::bridge::v1::Config::descriptor();
  for (int i = 0; i < message->field_count(); ++i) {
    const std::string& key = message->field(i)->name();
    const auto place = ShownElsewhere().find(key);
    if (place == ShownElsewhere().end()) {
      EXPECT_EQ(here.count(CamelCase(key)), 1u)
          << key << ": no test SettingsTest." << CamelCase(key)
          << " shows what it does, and none is named in ShownElsewhere";
      continue;
    }
    EXPECT_EQ(here.count(CamelCase(key)), 0u) << key << " is shown twice";
    const std::string text =
        ReadFile(RepositoryRoot() + "/tests/integration/" + place->second.file);
    EXPECT_NE(text.find(", " + place->second.test + ") {"), std::string::npos)
        << key << ": " << place->second.file << " has no test "
        << place->second.test;
    std::string flag = "--" + key;
    std::replace(flag.begin(), flag.end(), '_', '-');
    EXPECT_TRUE(text.find(flag) != std::string::npos ||
                text.find("--no-" + flag.substr(2)) != std::string::npos ||
                text.find(key + ": ") != std::string::npos)
        << key << ": " << place->second.file << " never sets it";
  }
  for (const auto& [key, place] : ShownElsewhere()) {
    EXPECT_NE(message->FindFieldByName(key), nullptr)
        << key << " is no setting";
  }
}

class SettingsTest : public LoadTest {
 protected:
  // The load backend behind a bridge with these options.
  Bridge With(std::vector<std::string> options) const {
    return Bridge(backend_.address, WithSchema(std::move(options)),
                  Bridge::Key::kNone);
  }

  // Threads of the process whose names begin so.
  static int Threads(const Process& process, const std::string& prefix) {
    int count = 0;
    for (const auto& task : std::filesystem::directory_iterator(
             "/proc/" + std::to_string(process.pid()) + "/task")) {
      count += ReadFile(task.path() / "comm").rfind(prefix, 0) == 0;
    }
    return count;
  }

  // Connections of the process to a port of this machine, once established.
  static int ConnectionsTo(const Process& process, const std::string& address) {
    std::set<std::string> sockets;
    for (const auto& fd : std::filesystem::directory_iterator(
             "/proc/" + std::to_string(process.pid()) + "/fd")) {
      std::error_code ignored;
      sockets.insert(std::filesystem::read_symlink(fd.path(), ignored));
    }
    char port[8];
    snprintf(port, sizeof port, ":%04X",
             std::stoi(address.substr(address.rfind(':') + 1)));
    int count = 0;
    std::istringstream lines(ReadFile("/proc/self/net/tcp") +
                             ReadFile("/proc/self/net/tcp6"));
    for (std::string line; std::getline(lines, line);) {
      std::istringstream words(line);
      std::string number, local, remote, state, queues, timer, retransmits, uid,
          timeout, inode;
      words >> number >> local >> remote >> state >> queues >> timer >>
          retransmits >> uid >> timeout >> inode;
      const bool to_port =
          remote.size() > 5 && remote.compare(remote.size() - 5, 5, port) == 0;
      count += to_port && state == "01" &&
               sockets.count("socket:[" + inode + "]") > 0;
    }
    return count;
  }

  // What a browser gets that comes back with this id: "reset", or the n of the
  // first event.
  static std::string BackWith(const Bridge& bridge, const std::string& id) {
    HttpConnection stream = bridge.Stream("/kept/t", "", id);
    const SseEvent event = stream.Event();
    return event.event == "reset" ? "reset" : Data(event)["n"].dump();
  }

  // Publishes items of `pad` bytes; a browser stays, so the feed does too.
  HttpConnection FillKept(const Bridge& bridge, int count, int pad) const {
    HttpConnection stays = bridge.Stream("/kept/t");
    WaitFor("the upstream call", [&] { return Count("t", "open") > 0; });
    Publish("t", count, pad);
    for (int n = 1; n <= count; ++n) EXPECT_EQ(Data(stays.Event())["n"], n);
    return stays;
  }
};

TEST_F(SettingsTest, Listen) {
  Process bridge({BridgeProgram(), "--listen=127.0.0.2:0",
                  "--upstream=" + backend_.address});
  const std::string address = bridge.WaitForLine("listening on http://");
  EXPECT_EQ(address.rfind("127.0.0.2:", 0), 0u) << address;
}

TEST_F(SettingsTest, ReusePort) {
  const Bridge first = With({"--reuse-port"});
  const std::string port =
      "127.0.0.1" + first.address.substr(first.address.rfind(':'));
  Process second({BridgeProgram(), "--listen=" + port, "--reuse-port",
                  "--upstream=" + backend_.address});
  EXPECT_EQ(second.WaitForLine("listening on "), first.address);
  Process third(
      {BridgeProgram(), "--listen=" + port, "--upstream=" + backend_.address});
  EXPECT_NE(third.Wait(), 0);
}

TEST_F(SettingsTest, Workers) {
  EXPECT_EQ(Threads(*bridge_.process, "http-worker"), 2);
  EXPECT_EQ(Threads(*With({"--workers=5"}).process, "http-worker"), 5);
}

TEST_F(SettingsTest, DeliveryThreads) {
  EXPECT_EQ(Threads(*With({"--delivery-threads=3"}).process, "delivery"), 3);
}

TEST_F(SettingsTest, Upstream) {
  const Bridge bridge(
      "127.0.0.1:1",
      WithSchema({"--upstream=load.v1.Load=" + backend_.address}),
      Bridge::Key::kNone);
  EXPECT_EQ(bridge.Call("GET", "/counts/t").status, 200);
}

TEST_F(SettingsTest, Serve) {
  const Bridge bridge = With({"--serve=load.v1.Load/Counts"});
  EXPECT_EQ(bridge.Call("GET", "/counts/t").status, 200);
  EXPECT_EQ(bridge.Call("GET", "/kept/t").status, 404);
}

TEST_F(SettingsTest, Hide) {
  const Bridge bridge =
      With({"--serve=load.v1.*", "--hide=load.v1.Load.Counts"});
  EXPECT_EQ(bridge.Call("GET", "/counts/t").status, 404);
  EXPECT_EQ(bridge.Call("HEAD", "/kept/t").status, 200);
}

TEST_F(SettingsTest, UpstreamChannels) {
  const Bridge bridge = With({"--upstream-channels=3"});
  std::vector<HttpConnection> streams;
  for (int i = 0; i < 6; ++i) {
    streams.push_back(bridge.Stream("/own-ticks?rate=1"));
  }
  WaitFor("three connections", [&] {
    return ConnectionsTo(*bridge.process, backend_.address) == 3;
  });
  EXPECT_EQ(bridge_.Call("GET", "/counts/t").status, 200);
  EXPECT_EQ(ConnectionsTo(*bridge_.process, backend_.address), 1);
}

TEST_F(SettingsTest, MaxMessage) {
  const Bridge bridge = With({"--max-message=1KiB"});
  HttpConnection stream = bridge.Stream("/disconnect/t");
  WaitFor("the upstream call", [&] { return Count("t", "open") > 0; });
  Publish("t", 1, 500);
  EXPECT_EQ(Data(stream.Event())["n"], 1);
  Publish("t", 1, 2000);
  ExpectStatusEvent(stream.Event(), 8);
}

TEST_F(SettingsTest, RequestTimeout) {
  const Bridge bridge = With({"--request-timeout=200ms"});
  WaitFor("the connection",
          [&] { return bridge.Call("GET", "/counts/t").status == 200; });
  backend_.process->Signal(SIGSTOP);
  HttpAnswer answer;
  WaitFor("the backend's silence", [&] {
    answer = bridge.Call("GET", "/counts/t");
    return answer.status != 200;
  });
  ExpectError(answer, 504);
  // Who asks for more does not get it.
  HttpRequest patient = bridge.Request("GET", "/counts/t");
  patient.headers.emplace_back("Grpc-Timeout", "99999999H");
  ExpectError(Fetch(bridge.address, patient), 504);
  backend_.process->Signal(SIGCONT);
}

TEST_F(SettingsTest, MaxCallsPerAddress) {
  const Bridge bridge = With({"--max-calls-per-address=2"});
  WaitFor("the connection",
          [&] { return bridge.Call("GET", "/counts/t").status == 200; });
  siginfo_t info;
  backend_.process->Signal(SIGSTOP);
  EXPECT_EQ(waitid(P_PID, static_cast<id_t>(backend_.process->pid()), &info,
                   WSTOPPED),
            0);
  // Of three that are asked for at the same time one is refused.
  std::vector<HttpConnection> calls;
  std::vector<pollfd> sockets;
  for (int i = 0; i < 3; ++i) {
    calls.emplace_back(bridge.address);
    calls.back().Send(bridge.Request("GET", "/counts/t"));
    sockets.push_back({calls.back().fd(), POLLIN, 0});
  }
  ASSERT_EQ(poll(sockets.data(), sockets.size(), 20'000), 1);
  for (size_t i = 0; i < calls.size(); ++i) {
    if (sockets[i].revents == 0) continue;
    const HttpAnswer answer = calls[i].ReadAnswer();
    ExpectError(answer, 429, "max_calls_per_address is 2");
    EXPECT_EQ(answer.headers.count("retry-after"), 1u);
  }
  backend_.process->Signal(SIGCONT);
  for (size_t i = 0; i < calls.size(); ++i) {
    if (sockets[i].revents != 0) continue;
    EXPECT_EQ(calls[i].ReadAnswer().status, 200);
  }
  EXPECT_EQ(bridge.Call("GET", "/counts/t").status, 200);
}

TEST_F(SettingsTest, UpstreamGiveUp) {
  const Bridge bridge = With({"--upstream-give-up=300ms"});
  HttpConnection stream = bridge.Stream("/last/t");
  HttpConnection patient = bridge_.Stream("/last/t");
  WaitFor("the calls", [&] { return Count("t", "open") == 2; });
  backend_.process->Signal(SIGKILL);
  ExpectStatusEvent(stream.Event(), 14);
  // With the default of 5 minutes it goes on.
  EXPECT_EQ(patient.NextBlock()->comment, "open");
  EXPECT_EQ(patient.NextBlock()->comment, "upstream is away");
}

TEST_F(SettingsTest, Retry) {
  const Bridge bridge = With({"--retry=1234ms"});
  EXPECT_EQ(bridge.Stream("/disconnect/t").NextBlock()->retry, "1234");
  EXPECT_EQ(bridge_.Stream("/disconnect/t").NextBlock()->retry, "2000");
}

TEST_F(SettingsTest, ReplayEvents) {
  const Bridge bridge = With({"--replay-events=2"});
  const HttpConnection stays = FillKept(bridge, 5, 0);
  EXPECT_EQ(BackWith(bridge, "4"), "5");
  EXPECT_EQ(BackWith(bridge, "1"), "reset");
}

TEST_F(SettingsTest, ReplayBytes) {
  const Bridge bridge = With({"--replay-bytes=2500B"});
  const HttpConnection stays = FillKept(bridge, 5, 1000);
  EXPECT_EQ(BackWith(bridge, "4"), "5");
  EXPECT_EQ(BackWith(bridge, "1"), "reset");
}

TEST_F(SettingsTest, ReplayAge) {
  const Bridge bridge = With({"--replay-age=200ms"});
  HttpConnection stays = FillKept(bridge, 2, 0);
  usleep(300'000);
  Publish("t", 1);  // what is too old goes when something new comes
  EXPECT_EQ(Data(stays.Event())["n"], 3);
  EXPECT_EQ(BackWith(bridge, "1"), "reset");
}

TEST_F(SettingsTest, MaxHead) {
  const Bridge bridge = With({"--max-head=1KiB"});
  HttpRequest request;
  request.target = "/counts/t";
  request.headers.emplace_back("X-Long", std::string(2000, 'x'));
  EXPECT_EQ(Fetch(bridge.address, request).status, 431);
  EXPECT_EQ(Fetch(bridge_.address, request).status, 200);
}

TEST_F(SettingsTest, BasePath) {
  const Bridge bridge = With({"--base-path=/realtime"});
  EXPECT_EQ(
      Fetch(bridge.address, bridge.Request("GET", "/realtime/counts/t")).status,
      200);
  ExpectError(bridge.Call("GET", "/counts/t"), 404, "/realtime/");
  ExpectError(bridge.Call("GET", "/realtimes/counts/t"), 404);
  // Pages are beside what they load.
  HttpAnswer answer = bridge.Call("GET", "/realtime");
  EXPECT_EQ(answer.status, 308);
  EXPECT_EQ(answer.headers.at("location"), "/realtime/");
  EXPECT_EQ(bridge.Call("GET", "/realtime/explorer").status, 200);
  const auto servers = [](const HttpAnswer& document) {
    return nlohmann::json::parse(document.body)["servers"][0]["url"];
  };
  EXPECT_EQ(servers(bridge.Call("GET", "/realtime/openapi.json")), "/realtime");
  EXPECT_EQ(servers(bridge_.Call("GET", "/openapi.json")), ".");

  // What a trusted proxy has taken off stands before it.
  const Bridge behind = With({"--base-path=/b/", "--trusted-proxy=127.0.0.1"});
  HttpRequest request = behind.Request("GET", "/b/openapi.json");
  request.headers.emplace_back("X-Forwarded-Prefix", "/a");
  EXPECT_EQ(servers(Fetch(behind.address, request)), "/a/b");
  request.headers.back().second = "//evil.example";
  EXPECT_EQ(servers(Fetch(behind.address, request)), "/b");
  request = bridge_.Request("GET", "/openapi.json");
  request.headers.emplace_back("X-Forwarded-Prefix", "/a");
  EXPECT_EQ(servers(Fetch(bridge_.address, request)), ".");
}

TEST_F(SettingsTest, MaxBufferedBytes) {
  const Bridge bridge = With({"--max-body=1MiB", "--max-buffered-bytes=4MiB"});
  const std::string half_sent =
      "POST /publish/t HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n" +
      std::string(600'000, ' ');
  // One address may hold half of it.
  std::vector<HttpConnection> clients;
  for (int i = 0; i < 4; ++i) {
    clients.emplace_back(bridge.address);
    clients.back().SendRaw(half_sent);
  }
  std::vector<pollfd> waiting;
  for (const HttpConnection& each : clients) {
    waiting.push_back({each.fd(), POLLIN, 0});
  }
  ASSERT_GT(poll(waiting.data(), waiting.size(), 20'000), 0);
  HttpAnswer refused;
  for (size_t i = 0; i < clients.size() && refused.status == 0; ++i) {
    if (waiting[i].revents != 0) refused = clients[i].ReadAnswer();
  }
  ExpectError(refused, 503);
  EXPECT_NE(refused.headers.count("retry-after"), 0u);
  EXPECT_EQ(bridge.Call("GET", "/counts/t").status, 200);

  Process wrong({BridgeProgram(), "--listen=127.0.0.1:0",
                 "--upstream=" + backend_.address, "--max-body=1MiB",
                 "--max-buffered-bytes=3MiB"});
  EXPECT_EQ(wrong.Wait(), 2);
  EXPECT_NE(wrong.Stderr().find("max-buffered-bytes"), std::string::npos);
}

TEST_F(SettingsTest, MaxConnectionsPerAddress) {
  const Bridge bridge = With({"--max-connections-per-address=5"});
  HttpConnection stream = bridge.Stream("/ticks?rate=20");
  std::vector<HttpConnection> silent;
  for (int i = 0; i < 6; ++i) silent.emplace_back(bridge.address);
  EXPECT_TRUE(silent.front().AtEnd());
  HttpConnection next(bridge.address);
  next.Send(bridge.Request("GET", "/counts/t"));
  EXPECT_EQ(next.ReadAnswer().status, 200);
  // Streams do not count.
  EXPECT_TRUE(Data(stream.Event()).contains("n"));
}

TEST_F(SettingsTest, LogLevel) {
  const Bridge bridge = With({"--log-level=off"});
  EXPECT_EQ(bridge.Call("GET", "/counts/t").status, 200);
  EXPECT_EQ(bridge.process->Stderr(), "");
  EXPECT_NE(bridge_.process->Stderr().find("[info]"), std::string::npos);
}

TEST_F(SettingsTest, LogSampling) {
  const Bridge bridge =
      With({"--log-streams", "--log-sampling=0", "--max-streams=1"});
  HttpConnection stream = bridge.Stream("/disconnect/t");
  ExpectError(bridge.Call("GET", "/disconnect/t"), 503);
  const std::string log = bridge.process->Stderr();
  EXPECT_EQ(log.find("http.stream.started"), std::string::npos) << log;
  EXPECT_NE(log.find("http.stream.error"), std::string::npos) << log;
}

// With the five services, which have access rules.
TEST_F(SettingsTest, Http2) {
  // The preface of HTTP/2 and an empty SETTINGS frame.
  const std::string preface(
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
      "\0\0\0\x04\0\0\0\0\0",
      33);
  const auto answer = [&](const Bridge& bridge) {
    HttpConnection connection(bridge.address);
    connection.SendRaw(preface);
    std::string first(9, ' ');
    EXPECT_EQ(recv(connection.fd(), first.data(), first.size(), MSG_WAITALL),
              9);
    return first;
  };
  EXPECT_EQ(answer(bridge_)[3], 4) << "SETTINGS";
  EXPECT_EQ(answer(With({"--no-http2"})).substr(0, 7), "HTTP/1.");
}

// Asks for a stream as a client that accepts gzip.
HttpConnection GzipStream(const Bridge& bridge, const std::string& target,
                          const std::string& token, bool compressed) {
  HttpRequest request = bridge.Request("GET", target, token);
  request.headers.emplace_back("Accept-Encoding", "gzip");
  HttpConnection stream(bridge.address);
  stream.Send(request);
  HttpAnswer head = stream.ReadHead();
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.headers["content-encoding"], compressed ? "gzip" : "");
  return stream;
}

TEST_F(SettingsTest, Compress) {
  GzipStream(bridge_, "/kept/t", "", true);
  GzipStream(With({"--no-compress"}), "/kept/t", "", false);
}

// The bytes that have arrived and were not read.
int Waiting(const HttpConnection& stream) {
  int bytes = 0;
  EXPECT_EQ(ioctl(stream.fd(), FIONREAD, &bytes), 0);
  return bytes;
}

TEST_F(SettingsTest, CompressMemory) {
  // Of the feeds of so many topics, each with an event of 10,000 bytes, how
  // many did not compress it.
  constexpr int kTopics = 24;
  const auto uncompressed = [this](const std::string& prefix,
                                   std::vector<std::string> options) {
    options.emplace_back("--drain-timeout=1s");
    const Bridge bridge = With(std::move(options));
    std::vector<HttpConnection> streams;
    for (int i = 0; i < kTopics; ++i) {
      const std::string topic = prefix + std::to_string(i);
      streams.push_back(GzipStream(bridge, "/kept/" + topic, "", true));
      HttpConnection plain = bridge.Stream("/kept/" + topic);
      WaitFor("the upstream call", [&] { return Count(topic, "open") > 0; });
      // A stream that joins is sent what follows as it is until the feed's
      // next keyframe, which is the event after the first that it was sent.
      for (int n = 0; n < 3; ++n) {
        const int before = Waiting(streams.back());
        Publish(topic, 1);
        WaitFor("the event on the compressed stream",
                [&] { return Waiting(streams.back()) > before; });
        EXPECT_NE(plain.Event().data, "null");
      }
      Publish(topic, 1, 10'000);
      EXPECT_NE(plain.Event().data, "null");
    }
    bridge.process->Signal(SIGTERM);
    int count = 0;
    for (HttpConnection& stream : streams) {
      if (stream.ReadRaw().size() > 10'000) ++count;
    }
    return count;
  };
  EXPECT_EQ(uncompressed("a", {}), 0);
  const int without_memory = uncompressed("b", {"--compress-memory=1MiB"});
  EXPECT_GT(without_memory, 0);
  EXPECT_LT(without_memory, kTopics);
}

class ServicesSettingsTest : public ServicesTest {};

TEST_F(ServicesSettingsTest, CompressExclusive) {
  const std::string scope = "--scope notifications:read";
  GzipStream(bridge_, "/notifications/stream", bridge_.Token("ann", scope),
             false);
  const Bridge all(backends_.address, {"--compress-exclusive"});
  GzipStream(all, "/notifications/stream", all.Token("ann", scope), true);
}

TEST_F(ServicesSettingsTest, AuthLeeway) {
  const Bridge lenient(backends_.address, {"--auth-leeway=5m"});
  const std::string expired = lenient.Sign(
      {{"sub", "ann"}, {"exp", static_cast<int64_t>(time(nullptr)) - 60}});
  EXPECT_EQ(lenient.Call("GET", "/channels/c/members", expired).status, 200);
  EXPECT_EQ(bridge_.Call("GET", "/channels/c/members", expired).status, 401);
}

// Publishes an empty set of keys at /, over TLS if there is a certificate, and
// says on stdout when it was asked.
constexpr char kKeyServer[] = R"(
import http.server, ssl, sys
class Keys(http.server.BaseHTTPRequestHandler):
  def do_GET(self):
    print("asked", flush=True)
    self.send_response(200)
    self.end_headers()
    self.wfile.write(b'{"keys":[]}')
server = http.server.HTTPServer(("127.0.0.1", 0), Keys)
if len(sys.argv) > 1:
  context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
  context.load_cert_chain(sys.argv[1], sys.argv[2])
  server.socket = context.wrap_socket(server.socket, server_side=True)
print("port", server.server_port, flush=True)
server.serve_forever()
)";

int TimesAsked(const Process& key_server) {
  int times = 0;
  std::istringstream lines(key_server.Stdout());
  for (std::string line; std::getline(lines, line);) times += line == "asked";
  return times;
}

TEST_F(ServicesSettingsTest, AuthJwksRefresh) {
  Process keys({"python3", "-c", kKeyServer});
  const std::string url = "http://127.0.0.1:" + keys.WaitForLine("port ");
  const Bridge bridge(backends_.address,
                      {"--auth-jwks-url", url, "--auth-jwks-refresh=10s"},
                      Bridge::Key::kNone);
  WaitFor("the first fetch", [&] { return TimesAsked(keys) >= 1; });
  WaitFor("the second", [&] { return TimesAsked(keys) >= 2; });
}

TEST_F(ServicesSettingsTest, AuthJwksCa) {
  const std::string cert = store_.path() + "/cert",
                    key = store_.path() + "/key";
  RunCommand("openssl req -x509 -newkey rsa:2048 -nodes -days 1 -keyout " +
             key + " -out " + cert +
             " -subj /CN=keys -addext subjectAltName=IP:127.0.0.1 2>&1");
  Process keys({"python3", "-c", kKeyServer, cert, key});
  const std::string url = "https://127.0.0.1:" + keys.WaitForLine("port ");
  const Bridge distrustful(backends_.address, {"--auth-jwks-url", url},
                           Bridge::Key::kNone);
  WaitFor("the refusal", [&] {
    return distrustful.process->Stderr().find("keys of tokens: ") !=
           std::string::npos;
  });
  EXPECT_EQ(TimesAsked(keys), 0);
  const Bridge trusting(backends_.address,
                        {"--auth-jwks-url", url, "--auth-jwks-ca", cert},
                        Bridge::Key::kNone);
  WaitFor("the fetch", [&] { return TimesAsked(keys) >= 1; });
}

TEST_F(ServicesSettingsTest, CorsMaxAge) {
  const std::string page = "https://app.example";
  const Bridge bridge(backends_.address,
                      {"--cors-origin", page, "--cors-max-age=77s"});
  HttpRequest preflight = bridge.Request("OPTIONS", "/prices");
  preflight.headers.emplace_back("Origin", page);
  preflight.headers.emplace_back("Access-Control-Request-Method", "POST");
  EXPECT_EQ(Fetch(bridge.address, preflight).headers["access-control-max-age"],
            "77");
}

TEST_F(ServicesSettingsTest, LogSubjects) {
  const nlohmann::json kAnn = {
      {"sub", "ann"}, {"exp", static_cast<int64_t>(time(nullptr)) + 600}};
  for (const auto& [how, shown] :
       std::vector<std::pair<std::string, std::string>>{
           {"plain", R"("subject":"ann")"},
           {"hash", R"("subject":"49915e0d7d4b402e")"},
           {"omit", ""}}) {
    const Bridge bridge(backends_.address,
                        {"--log-streams", "--log-subjects=" + how});
    HttpConnection stream =
        bridge.Stream("/channels/c/stream", bridge.Sign(kAnn));
    const std::string log = bridge.process->Stderr();
    EXPECT_NE(log.find("http.stream.started"), std::string::npos) << log;
    EXPECT_EQ(log.find("\"ann\"") != std::string::npos, how == "plain") << log;
    EXPECT_EQ(log.find("\"subject\"") == std::string::npos, how == "omit");
    EXPECT_NE(log.find(shown), std::string::npos) << log;
  }
}

}  // namespace
}  // namespace sse_bridge::testing
