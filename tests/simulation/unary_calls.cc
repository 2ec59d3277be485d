#include "tests/simulation/unary_calls.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "tests/simulation/codes.h"

namespace sse_bridge {

void UnaryCalls::Ask(int code) {
  Call call;
  call.code = code;
  call.asked = context_->network->clock()->WallTime();
  Send(&call);
  calls_.push_back(std::move(call));
}

void UnaryCalls::Send(Call* call) {
  ClientRequest request;
  request.target = absl::StrCat("/get/", call->code);
  if (context_->network->OneIn(2)) {
    request.headers.emplace_back("accept-encoding", "gzip");
  }
  call->stream = context_->clients->Open("calls", request, "", nullptr);
}

void UnaryCalls::Look() {
  for (Call& call : calls_) {
    if (call.stream == nullptr) continue;
    call.stream->Look();
    const Response& response = call.stream->response();
    if (!response.error().empty()) {
      context_->trace->Fail("Framing", response.error());
    }
    if (call.answered) continue;
    if (response.complete()) {
      call.answered = true;
      OnAnswer(call);
    } else if (call.stream->ended()) {
      if (call.stream->may_be_repeated()) {
        Send(&call);
        continue;
      }
      context_->trace->Fail("OneAnswer", "a unary call is not answered");
      call.stream = nullptr;
    }
  }
}

void UnaryCalls::OnAnswer(const Call& call) {
  Trace& trace = *context_->trace;
  const SimulatedBackend& backend = *context_->backend;
  const int status = call.stream->response().status();
  const std::string& body = call.stream->response().body();
  trace.Add("a unary call with code ", call.code, " is answered ", status);
  const bool away = backend.down() || backend.last_away() >= call.asked;
  if (status == 503 && away) return;
  // The backend may be silent.
  if (status == 504 && context_->network->clock()->WallTime() - call.asked >=
                           absl::Seconds(29)) {
    return;
  }
  if (status != HttpStatusOf(call.code)) {
    trace.Fail("OneAnswer", "a unary call with code ", call.code,
               " is answered ", status);
  }
  if (status == 200 && body != "\"answer 0\"\n") {
    trace.Fail("OneAnswer", "a unary call's body: ", body);
  }
}

void UnaryCalls::Leave() {
  for (Call& call : calls_) call.stream = nullptr;
}

bool UnaryCalls::AllAreAnswered() const {
  return std::all_of(calls_.begin(), calls_.end(),
                     [](const Call& call) { return call.answered; });
}

}  // namespace sse_bridge
