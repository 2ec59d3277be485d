#include "bridge/upstream/reflection/reflection.h"

#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "bridge/upstream/grpc/grpc_upstream.h"
#include "gmock/gmock.h"
#include "google/protobuf/descriptor.h"
#include "grpc/reflection/v1/reflection.pb.h"
#include "gtest/gtest.h"
#include "realtime/v1/prices.grpc.pb.h"
#include "realtime/v1/tasks.grpc.pb.h"

namespace sse_bridge {
namespace {

namespace v1 = ::grpc::reflection::v1;
using google::protobuf::DescriptorPool;
using google::protobuf::FileDescriptorProto;
using google::protobuf::FileDescriptorSet;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr absl::Duration kTimeout = absl::Seconds(20);

std::vector<std::string> Names(const FileDescriptorSet& set) {
  std::vector<std::string> names;
  for (const FileDescriptorProto& file : set.file()) {
    names.push_back(file.name());
  }
  return names;
}

// Builds the whole set in order: each import before its importers.
void ExpectBuilds(const FileDescriptorSet& set) {
  DescriptorPool pool;
  for (const FileDescriptorProto& file : set.file()) {
    EXPECT_NE(pool.BuildFile(file), nullptr) << file.name();
  }
}

TEST(FetchSchemaTest, ReadsTheReflectionOfGrpcItself) {
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  realtime::v1::Prices::Service prices;
  realtime::v1::Tasks::Service tasks;
  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(),
                           &port);
  builder.RegisterService(&prices);
  builder.RegisterService(&tasks);
  std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  ASSERT_NE(server, nullptr);

  GrpcUpstreamOptions options;
  options.address = absl::StrCat("127.0.0.1:", port);
  auto upstream = GrpcUpstream::Create(options);
  ASSERT_TRUE(upstream.ok());
  auto set = FetchSchema(upstream->get(), kTimeout);
  ASSERT_TRUE(set.ok()) << set.status();
  EXPECT_THAT(Names(set->files), Contains("realtime/v1/prices.proto"));
  EXPECT_THAT(Names(set->files), Contains("realtime/v1/tasks.proto"));
  EXPECT_THAT(Names(set->files), Contains("google/api/annotations.proto"));
  EXPECT_THAT(Names(set->files), Contains("google/protobuf/descriptor.proto"));
  EXPECT_THAT(Names(set->files), Not(Contains(HasSubstr("reflection"))));
  ExpectBuilds(set->files);

  // Options are included.
  const auto* linked = DescriptorPool::generated_pool()->FindFileByName(
      "realtime/v1/prices.proto");
  FileDescriptorProto expected;
  linked->CopyTo(&expected);
  for (const FileDescriptorProto& file : set->files.file()) {
    if (file.name() != expected.name()) continue;
    EXPECT_EQ(file.SerializeAsString(), expected.SerializeAsString());
  }
}

// A reflection service for given files, whose behaviour each test can change.
class FakeBackend : public Upstream {
 public:
  using Answerer =
      std::function<v1::ServerReflectionResponse(v1::ServerReflectionRequest)>;

  ~FakeBackend() override {
    for (std::thread& thread : threads_) thread.join();
  }

  absl::string_view address() const override { return "fake:1"; }

  std::shared_ptr<StreamCall> StartStream(
      absl::string_view path, std::string request, CallOptions options,
      std::shared_ptr<StreamObserver> observer) override {
    EXPECT_TRUE(options.wait_for_ready);
    paths.insert(std::string(path));
    ++calls;
    if (silent || calls > silent_after) return nullptr;
    const bool known = path.find(version) != absl::string_view::npos;
    v1::ServerReflectionRequest question;
    EXPECT_TRUE(question.ParseFromString(request));
    threads_.emplace_back([this, known, question, observer] {
      if (!end.ok()) {
        observer->OnDone(end);
      } else if (!known) {
        observer->OnDone(absl::UnimplementedError("no such method"));
      } else {
        observer->OnOpen();
        const std::string answer = raw_answer.empty()
                                       ? answerer(question).SerializeAsString()
                                       : raw_answer;
        // In two slices.
        const absl::string_view all = answer;
        const std::vector<absl::string_view> slices = {
            all.substr(0, all.size() / 2), all.substr(all.size() / 2)};
        observer->OnMessage(slices);
        observer->OnDone(absl::OkStatus());
      }
    });
    return nullptr;
  }

  std::shared_ptr<UnaryCall> StartUnary(absl::string_view, std::string,
                                        CallOptions, UnaryDone) override {
    return nullptr;
  }

  void Add(FileDescriptorProto file) { files[file.name()] = std::move(file); }

  v1::ServerReflectionResponse Answer(
      const v1::ServerReflectionRequest& request) {
    v1::ServerReflectionResponse response;
    if (request.has_list_services()) {
      auto* list = response.mutable_list_services_response();
      list->add_service()->set_name("grpc.reflection.v1.ServerReflection");
      list->add_service()->set_name("grpc.health.v1.Health");
      for (const auto& [name, file] : files) {
        for (const auto& service : file.service()) {
          list->add_service()->set_name(
              absl::StrCat(file.package(), ".", service.name()));
        }
      }
      return response;
    }
    for (const auto& [name, file] : files) {
      bool hit = name == request.file_by_filename();
      for (const auto& service : file.service()) {
        hit |= absl::StrCat(file.package(), ".", service.name()) ==
               request.file_containing_symbol();
      }
      if (hit) {
        response.mutable_file_descriptor_response()->add_file_descriptor_proto(
            file.SerializeAsString());
        return response;
      }
    }
    response.mutable_error_response()->set_error_code(5);
    response.mutable_error_response()->set_error_message("not here");
    return response;
  }

  std::string version = "reflection.v1.";
  bool silent = false;
  int silent_after = 1000;  // calls
  absl::Status end;
  std::string raw_answer;
  std::map<std::string, FileDescriptorProto> files;
  Answerer answerer = [this](const v1::ServerReflectionRequest& request) {
    return Answer(request);
  };
  std::set<std::string> paths;
  int calls = 0;

 private:
  std::vector<std::thread> threads_;
};

FileDescriptorProto File(const std::string& name,
                         std::vector<std::string> imports,
                         const std::string& service = "") {
  FileDescriptorProto file;
  file.set_name(name);
  file.set_package("t");
  file.set_syntax("proto3");
  for (const std::string& import : imports) file.add_dependency(import);
  if (!service.empty()) file.add_service()->set_name(service);
  return file;
}

TEST(FetchSchemaTest, SpeaksV1WhereItIsThere) {
  FakeBackend backend;
  backend.Add(File("a.proto", {}, "A"));
  auto set = FetchSchema(&backend, kTimeout);
  ASSERT_TRUE(set.ok()) << set.status();
  EXPECT_THAT(Names(set->files), ElementsAre("a.proto"));
  EXPECT_THAT(
      backend.paths,
      ElementsAre("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"));
}

TEST(FetchSchemaTest, FallsBackToV1Alpha) {
  FakeBackend backend;
  backend.version = "reflection.v1alpha.";
  backend.Add(File("a.proto", {}, "A"));
  auto set = FetchSchema(&backend, kTimeout);
  ASSERT_TRUE(set.ok()) << set.status();
  EXPECT_THAT(Names(set->files), ElementsAre("a.proto"));
  EXPECT_EQ(backend.calls, 3);  // v1 once, then v1alpha only
}

TEST(FetchSchemaTest, WatcherIsToldWhileTheBackendIsSilentAndMayGiveUp) {
  FakeBackend backend;
  backend.silent = true;
  std::vector<ReflectionProgress> told;
  const absl::Status status =
      FetchSchema(&backend, kTimeout, [&](const ReflectionProgress& progress) {
        told.push_back(progress);
        return told.size() < 3;
      }).status();
  EXPECT_TRUE(absl::IsCancelled(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("fake:1"));
  ASSERT_EQ(told.size(), 3u);
  EXPECT_FALSE(told[2].answered);
  EXPECT_EQ(told[2].files, 0u);
  EXPECT_GT(told[2].waited, told[1].waited);
}

TEST(FetchSchemaTest, WatcherIsToldHowManyFilesThereAre) {
  FakeBackend backend;
  backend.Add(File("b.proto", {"a.proto"}, "B"));
  backend.Add(File("a.proto", {}));
  backend.silent_after = 2;  // the list of services and the first file
  ReflectionProgress last;
  const auto schema =
      FetchSchema(&backend, kTimeout, [&](const ReflectionProgress& progress) {
        last = progress;
        return false;
      });
  EXPECT_TRUE(absl::IsCancelled(schema.status())) << schema.status();
  EXPECT_TRUE(last.answered);
  EXPECT_EQ(last.files, 1u);
}

TEST(FetchSchemaTest, NeitherVersionIsUnimplemented) {
  FakeBackend backend;
  backend.version = "reflection.v2.";
  const absl::Status status = FetchSchema(&backend, kTimeout).status();
  EXPECT_TRUE(absl::IsUnimplemented(status));
  EXPECT_THAT(std::string(status.message()), HasSubstr("fake:1"));
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("no reflection service"));
}

TEST(FetchSchemaTest, AsksForImportsUntilNoneIsMissing) {
  FakeBackend backend;
  backend.Add(File("d.proto", {"c.proto", "b.proto"}, "D"));
  backend.Add(File("c.proto", {"b.proto"}));
  backend.Add(File("b.proto", {"a.proto"}));
  backend.Add(File("a.proto", {}));
  backend.Add(File("e.proto", {"d.proto"}, "E"));
  auto set = FetchSchema(&backend, kTimeout);
  ASSERT_TRUE(set.ok()) << set.status();
  EXPECT_THAT(Names(set->files), ElementsAre("a.proto", "b.proto", "c.proto",
                                             "d.proto", "e.proto"));
  ExpectBuilds(set->files);
}

TEST(FetchSchemaTest, WellKnownImportsAreTakenFromTheProgram) {
  FakeBackend backend;
  backend.Add(
      File("a.proto",
           {"google/protobuf/timestamp.proto", "google/api/annotations.proto"},
           "A"));
  auto set = FetchSchema(&backend, kTimeout);
  ASSERT_TRUE(set.ok()) << set.status();
  EXPECT_THAT(Names(set->files), Contains("google/protobuf/timestamp.proto"));
  EXPECT_THAT(Names(set->files), Contains("google/api/http.proto"));
  ExpectBuilds(set->files);
}

TEST(FetchSchemaTest, MissingImportIsReportedAndKept) {
  FakeBackend backend;
  backend.Add(File("a.proto", {"lost.proto"}, "A"));
  backend.Add(File("b.proto", {}, "B"));
  auto schema = FetchSchema(&backend, kTimeout);
  ASSERT_TRUE(schema.ok()) << schema.status();
  EXPECT_THAT(Names(schema->files), ElementsAre("a.proto", "b.proto"));
  EXPECT_THAT(schema->warnings,
              ElementsAre("gRPC reflection of fake:1: the import "
                          "\"lost.proto\": not here"));
  // Nothing of it is used.
  ExpectBuilds(schema->files);
}

TEST(FetchSchemaTest, TypesOfAMissingImportAreLookedForUnderAnotherFileName) {
  FakeBackend backend;
  FileDescriptorProto user = File("a.proto", {"sub/types.proto"}, "A");
  auto* field = user.add_message_type()->add_field();
  user.mutable_message_type(0)->set_name("M");
  field->set_name("x");
  field->set_number(1);
  field->set_label(google::protobuf::FieldDescriptorProto::LABEL_OPTIONAL);
  field->set_type(google::protobuf::FieldDescriptorProto::TYPE_MESSAGE);
  field->set_type_name(".t.X");
  backend.Add(std::move(user));
  FileDescriptorProto types = File("types.proto", {});
  types.add_message_type()->set_name("X");
  backend.answerer = [&](const v1::ServerReflectionRequest& request) {
    if (request.file_containing_symbol() != "t.X") {
      return backend.Answer(request);
    }
    v1::ServerReflectionResponse response;
    response.mutable_file_descriptor_response()->add_file_descriptor_proto(
        types.SerializeAsString());
    return response;
  };
  auto schema = FetchSchema(&backend, kTimeout);
  ASSERT_TRUE(schema.ok()) << schema.status();
  EXPECT_THAT(Names(schema->files), ElementsAre("types.proto", "a.proto"));
  ExpectBuilds(schema->files);
}

TEST(FetchSchemaTest, UndescribedServiceDoesNotAffectOthers) {
  FakeBackend backend;
  backend.Add(File("a.proto", {}, "A"));
  backend.answerer = [&](const v1::ServerReflectionRequest& request) {
    v1::ServerReflectionResponse response = backend.Answer(request);
    if (request.has_list_services()) {
      response.mutable_list_services_response()->add_service()->set_name(
          "ghost.v1.Ghost");
    }
    return response;
  };
  auto schema = FetchSchema(&backend, kTimeout);
  ASSERT_TRUE(schema.ok()) << schema.status();
  EXPECT_THAT(Names(schema->files), ElementsAre("a.proto"));
  EXPECT_THAT(schema->warnings,
              ElementsAre(HasSubstr("ghost.v1.Ghost is not served")));

  // Without another service, there is nothing to serve.
  backend.files.clear();
  EXPECT_TRUE(absl::IsNotFound(FetchSchema(&backend, kTimeout).status()));
}

TEST(FetchSchemaTest, LosingTheBackendIsAnError) {
  FakeBackend backend;
  backend.Add(File("a.proto", {}, "A"));
  backend.answerer = [&](const v1::ServerReflectionRequest& request) {
    v1::ServerReflectionResponse response = backend.Answer(request);
    if (request.has_file_containing_symbol()) {
      response.mutable_error_response()->set_error_code(14);
    }
    return response;
  };
  EXPECT_TRUE(absl::IsUnavailable(FetchSchema(&backend, kTimeout).status()));
}

TEST(FetchSchemaTest, ImportCycleIsKept) {
  FakeBackend backend;
  backend.Add(File("a.proto", {"b.proto"}, "A"));
  backend.Add(File("b.proto", {"a.proto"}));
  auto schema = FetchSchema(&backend, kTimeout);
  ASSERT_TRUE(schema.ok()) << schema.status();
  EXPECT_EQ(schema->files.file_size(), 2);
}

TEST(FetchSchemaTest, LongImportChainWorks) {
  FakeBackend backend;
  constexpr int kFiles = 300;
  for (int i = 0; i < kFiles; ++i) {
    std::vector<std::string> imports;
    if (i + 1 < kFiles) imports = {absl::StrCat("f", i + 1)};
    backend.Add(File(absl::StrCat("f", i), imports, i == 0 ? "A" : ""));
  }
  auto set = FetchSchema(&backend, kTimeout);
  ASSERT_TRUE(set.ok()) << set.status();
  EXPECT_EQ(set->files.file(0).name(), absl::StrCat("f", kFiles - 1));
  EXPECT_EQ(set->files.file_size(), kFiles);
}

TEST(FetchSchemaTest, FilesAreBounded) {
  for (const auto& [files, ok] : {std::pair(4000, true), {4001, false}}) {
    FakeBackend backend;
    backend.answerer = [files =
                            files](const v1::ServerReflectionRequest& request) {
      v1::ServerReflectionResponse response;
      if (request.has_list_services()) {
        response.mutable_list_services_response()->add_service()->set_name(
            "t.A");
        return response;
      }
      for (int i = 0; i < files; ++i) {
        response.mutable_file_descriptor_response()->add_file_descriptor_proto(
            File(absl::StrCat("f", i), {}).SerializeAsString());
      }
      return response;
    };
    const absl::Status status = FetchSchema(&backend, kTimeout).status();
    EXPECT_EQ(status.code(), ok ? absl::StatusCode::kOk
                                : absl::StatusCode::kResourceExhausted);
  }
}

TEST(FetchSchemaTest, BackendWithoutServicesIsNotFound) {
  FakeBackend backend;
  EXPECT_TRUE(absl::IsNotFound(FetchSchema(&backend, kTimeout).status()));
}

TEST(FetchSchemaTest, UnreadableResponsesAreRejected) {
  FakeBackend backend;
  backend.raw_answer = "\xff\xff";
  EXPECT_TRUE(absl::IsDataLoss(FetchSchema(&backend, kTimeout).status()));

  FakeBackend other;
  other.answerer = [&](const v1::ServerReflectionRequest&) {
    return v1::ServerReflectionResponse();
  };
  EXPECT_TRUE(absl::IsDataLoss(FetchSchema(&other, kTimeout).status()));

  FakeBackend broken;
  broken.Add(File("a.proto", {}, "A"));
  broken.answerer = [&](const v1::ServerReflectionRequest& request) {
    v1::ServerReflectionResponse response = broken.Answer(request);
    if (response.has_file_descriptor_response()) {
      response.mutable_file_descriptor_response()->set_file_descriptor_proto(
          0, "\xff\xff");
    }
    return response;
  };
  EXPECT_TRUE(absl::IsDataLoss(FetchSchema(&broken, kTimeout).status()));
}

TEST(FetchSchemaTest, EndOfTheCallIsPassedOnWithTheAddress) {
  FakeBackend backend;
  backend.end = absl::DeadlineExceededError("Deadline Exceeded");
  EXPECT_EQ(FetchSchema(&backend, kTimeout).status(),
            absl::DeadlineExceededError(
                "gRPC reflection of fake:1: the list of services: Deadline "
                "Exceeded"));
}

TEST(FetchSchemaTest, UnreachableBackendEndsAtTheTimeout) {
  GrpcUpstreamOptions options;
  options.address = "127.0.0.1:1";
  auto upstream = GrpcUpstream::Create(options);
  ASSERT_TRUE(upstream.ok());
  const absl::Status status =
      FetchSchema(upstream->get(), absl::Milliseconds(200)).status();
  EXPECT_TRUE(absl::IsDeadlineExceeded(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("127.0.0.1:1"));
}

}  // namespace
}  // namespace sse_bridge
