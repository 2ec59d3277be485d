// The syntax of configuration files, and the positions in their errors.

#include "bridge/config/config_file.h"

#include <string>

#include "bridge/config/setting_value.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace sse_bridge {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

class ConfigFileTest : public ::testing::Test {
 protected:
  ConfigFileTest() { SetDefaults(BridgeSettings(), &config_); }

  absl::Status Read(absl::string_view text) {
    return ReadConfigText("b.yaml", text, BridgeSettings(), &config_,
                          &origins_);
  }

  bridge::v1::Config config_;
  Origins origins_;
};

TEST_F(ConfigFileTest, YamlSetsFieldsOfEachKind) {
  ASSERT_EQ(Read("# comment\n"
                 "listen: \"[::1]:80\"\n"
                 "reuse_port: true\n"
                 "workers: 3\n"
                 "max_message: 8MiB\n"
                 "retry: 1m30s\n"
                 "log_level: off\n"
                 "upstream:\n"
                 "  - 127.0.0.1:1\n"
                 "  - a.B=127.0.0.1:2\n"),
            absl::OkStatus());
  EXPECT_EQ(config_.listen(), "[::1]:80");
  EXPECT_TRUE(config_.reuse_port());
  EXPECT_EQ(config_.workers(), 3);
  EXPECT_EQ(config_.max_message(), 8 << 20);
  EXPECT_EQ(ToDuration(config_.retry()), absl::Seconds(90));
  EXPECT_EQ(config_.log_level(), bridge::v1::LOG_LEVEL_OFF);
  EXPECT_THAT(config_.upstream(),
              ElementsAre("127.0.0.1:1", "a.B=127.0.0.1:2"));
  EXPECT_EQ(config_.queue_bytes(), 256 << 10);  // the default
}

TEST_F(ConfigFileTest, JsonIsAccepted) {
  ASSERT_EQ(Read("{\n\t\"workers\": 3,\n\t\"max_body\": \"2MiB\",\n"
                 "\t\"upstream\": [\"127.0.0.1:1\"], \"reflect\": true,\n"
                 "\t\"retry\": \"1s\", \"auth_issuer\": \"a\\/\\u00e9\"\n}\n"),
            absl::OkStatus());
  EXPECT_EQ(config_.workers(), 3);
  EXPECT_EQ(config_.max_body(), 2 << 20);
  EXPECT_THAT(config_.upstream(), ElementsAre("127.0.0.1:1"));
  EXPECT_TRUE(config_.reflect());
  EXPECT_EQ(config_.auth_issuer(), "a/\xc3\xa9");
}

TEST_F(ConfigFileTest, RepeatedSettingAcceptsASingleValue) {
  ASSERT_EQ(Read("upstream: 127.0.0.1:1"), absl::OkStatus());
  EXPECT_THAT(config_.upstream(), ElementsAre("127.0.0.1:1"));
  ASSERT_EQ(Read("upstream: []"), absl::OkStatus());
  EXPECT_THAT(config_.upstream(), IsEmpty());
}

TEST_F(ConfigFileTest, EmptyFilesSetNothing) {
  const std::string before = config_.SerializeAsString();
  for (const char* text :
       {"", "\n", "# only a comment\n", "---\n", "{}", "~"}) {
    EXPECT_EQ(Read(text), absl::OkStatus()) << text;
    EXPECT_EQ(config_.SerializeAsString(), before) << text;
  }
}

TEST_F(ConfigFileTest, OriginsAreFileLineAndColumn) {
  ASSERT_EQ(Read("workers: 3\nupstream:\n- 127.0.0.1:1\n- 127.0.0.1:2\n"),
            absl::OkStatus());
  EXPECT_EQ(origins_.Of("workers"), "b.yaml:1:10: workers");
  EXPECT_EQ(origins_.Of("upstream", 1), "b.yaml:4:3: upstream");
  EXPECT_EQ(origins_.Of("retry"), "");
}

TEST_F(ConfigFileTest, OfALongKeyTheBeginningIsNamedAsWholeCharacters) {
  const std::string begin(79, 'x');
  EXPECT_THAT(std::string(Read(begin + "\u20ac: 1").message()),
              StartsWith("b.yaml:1:1: " + begin + ": no such setting"));
}

TEST_F(ConfigFileTest, ErrorsNameLineKeyAndReason) {
  struct Case {
    const char* text;
    const char* place;   // the start of the message
    const char* reason;  // part of the message
  };
  for (const Case& c : std::vector<Case>{
           // Keys.
           {"workers: 2\nworker: 3\n",
            "b.yaml:2:1: worker: ", "no such setting; did you mean 'workers'?"},
           {"\n\nmax-streams: 3\n",
            "b.yaml:3:1: max-streams: ", "did you mean 'max_streams'?"},
           {"frobnicate: 1\n", "b.yaml:1:1: frobnicate: ", "no such setting"},
           {"Workers: 2", "b.yaml:1:1: Workers: ", "did you mean 'workers'?"},
           {"workers: 2\nretry: 1s\nworkers: 3\n",
            "b.yaml:3:1: workers: ", "is set twice"},
           {"config: other.yaml\n",
            "b.yaml:1:1: config: ", "cannot be set in a file"},
           {"http:\n  workers: 2\n", "b.yaml:1:1: http: ", "no such setting"},
           {"[a, b]: 1\n", "b.yaml:1:1: ", "a key must be a name"},
           {"<<: {workers: 2}\n", "b.yaml:1:1: <<: ", "no such setting"},
           {"{\"workers\": 2,\n \"worker\": 2}",
            "b.yaml:2:2: worker: ", "no such setting"},
           // Kinds.
           {"- workers\n", "b.yaml:1:1: ", "must be a mapping"},
           {"just words\n", "b.yaml:1:1: ", "must be a mapping"},
           {"workers:\n", "b.yaml:1:1: workers: ", "has no value"},
           {"auth_issuer: ~\n", "b.yaml:1:1: auth_issuer: ", "has no value"},
           {"workers:\n  - 2\n", "b.yaml:2:3: workers: ", "not a list"},
           {"workers: {a: 2}\n", "b.yaml:1:10: workers: ", "not a mapping"},
           {"upstream:\n  host: a\n",
            "b.yaml:2:3: upstream: ", "not a mapping"},
           {"upstream:\n  - [a]\n", "b.yaml:2:5: upstream: ", "not a list"},
           {"retry: 1s\nupstream:\n  - 127.0.0.1:1\n  -\n",
            "b.yaml:2:1: upstream: ", "has no value"},
           // Types.
           {"workers: two\n",
            "b.yaml:1:10: workers: ", "'two' is not a whole number"},
           {"workers: 2.5\n", "b.yaml:1:10: workers: ", "not a whole number"},
           {"workers: \"2\"\n", "b.yaml:1:10: workers: ", "without quotes"},
           {"workers: 99999999999999999999\n",
            "b.yaml:1:10: workers: ", "not a whole number"},
           {"reflect: 1\n", "b.yaml:1:10: reflect: ", "true or false"},
           {"reflect: yes\n", "b.yaml:1:10: reflect: ", "true or false"},
           {"reflect: \"true\"\n", "b.yaml:1:10: reflect: ", "true or false"},
           {"retry: 5\n", "b.yaml:1:8: retry: ", "'5' is not a time"},
           {"retry: 5 s\n", "b.yaml:1:8: retry: ", "not a time"},
           {"retry: inf\n", "b.yaml:1:8: retry: ", "not a time"},
           {"max_body: 1MiBs\n", "b.yaml:1:11: max_body: ", "not a size"},
           {"max_body: 1.5MiB\n", "b.yaml:1:11: max_body: ", "not a size"},
           {"max_body: 9999999999TiB\n",
            "b.yaml:1:11: max_body: ", "not a size"},
           {"log_level: loud\n", "b.yaml:1:12: log_level: ",
            "must be trace, debug, info, warning, error, off"},
           {"listen: 8080\n", "b.yaml:1:9: listen: ", "is not HOST:PORT"},
           {"listen: 127.0.0.1:65536\n",
            "b.yaml:1:9: listen: ", "is not HOST:PORT"},
           // Ranges.
           {"retry: 1s\nworkers: 0\n",
            "b.yaml:2:10: workers: ", "must be from 1 to 64"},
           {"workers: 65\n", "b.yaml:1:10: workers: ", "must be from 1 to 64"},
           {"max_streams: -1\n",
            "b.yaml:1:14: max_streams: ", "must be from 0 to 1000000000"},
           {"retry: -1s\n", "b.yaml:1:8: retry: ", "must be from 0 to 24h"},
           {"keep_alive: 99ms\n",
            "b.yaml:1:13: keep_alive: ", "must be from 100ms to 24h, or 0"},
           {"queue_bytes: 1023\n",
            "b.yaml:1:14: queue_bytes: ", "must be from 1KiB to 1GiB"},
           {"auth_leeway: 6m\n",
            "b.yaml:1:14: auth_leeway: ", "must be from 0 to 5m"},
           // Syntax.
           {"workers: 2\nretry: [1s\n", "b.yaml:", "end of sequence"},
           {"workers: 2\n  retry: 1s\n", "b.yaml:2:", "illegal map value"},
           {"workers: 2\n\tretry: 1s\n", "b.yaml:2:", ""},
           {"workers: 2\nauth_issuer: \"open", "b.yaml:2:", "scalar"},
           {"a: *nothing\n", "b.yaml:1:4: ", "anchor"},
           {"workers: 2\n---\nworkers: 3\n",
            "b.yaml:3:1: ", "only one YAML document"},
       }) {
    const absl::Status status = Read(c.text);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << c.text;
    EXPECT_THAT(std::string(status.message()), StartsWith(c.place)) << c.text;
    EXPECT_THAT(std::string(status.message()), HasSubstr(c.reason)) << c.text;
  }
}

TEST_F(ConfigFileTest, BinaryAndHugeFilesAreRefused) {
  EXPECT_THAT(std::string(Read(absl::string_view("a\0b", 3)).message()),
              HasSubstr("control characters are not allowed"));
  // yaml-cpp treats EOT as the end of the file.
  EXPECT_THAT(std::string(Read("workers: 2\n\x04workers: 3\n").message()),
              StartsWith("b.yaml:2: control characters are not allowed"));
  EXPECT_THAT(
      std::string(Read(std::string(kMaxConfigBytes + 1, '#')).message()),
      HasSubstr("is larger than"));
  EXPECT_EQ(Read(std::string(kMaxConfigBytes, '#')), absl::OkStatus());
}

TEST_F(ConfigFileTest, DeepNestingIsAnError) {
  EXPECT_EQ(Read(std::string(100000, '[')).code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(ConfigFileTest, UnreadableFileIsNamed) {
  for (const char* path : {"/none/b.yaml", "/"}) {
    const absl::Status status =
        ReadConfigFile(path, BridgeSettings(), &config_, &origins_);
    EXPECT_EQ(status.code(), absl::StatusCode::kNotFound) << path;
    EXPECT_THAT(std::string(status.message()), HasSubstr(path));
  }
}

}  // namespace
}  // namespace sse_bridge
