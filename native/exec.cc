// execve(2): this process becomes another program, with the same pid, terminal and standard streams.
#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <string>

#include "addon.h"
#include "error.h"

namespace {
bool Strings(const Napi::CallbackInfo& info, size_t index, std::vector<std::string>* out) {
  if (!info[index].IsArray()) return false;
  auto array = info[index].As<Napi::Array>();
  for (uint32_t i = 0; i < array.Length(); i++) {
    Napi::Value value = array.Get(i);
    if (!value.IsString()) return false;
    out->push_back(value.As<Napi::String>().Utf8Value());
  }
  return true;
}

bool Descriptors(const Napi::CallbackInfo& info, size_t index, std::vector<int>* out) {
  if (!info[index].IsArray()) return false;
  auto array = info[index].As<Napi::Array>();
  for (uint32_t i = 0; i < array.Length(); i++) {
    Napi::Value value = array.Get(i);
    if (!value.IsNumber()) return false;
    out->push_back(value.As<Napi::Number>().Int32Value());
  }
  return true;
}

std::vector<char*> Pointers(std::vector<std::string>* strings) {
  std::vector<char*> pointers;
  for (std::string& each : *strings) pointers.push_back(each.data());
  pointers.push_back(nullptr);
  return pointers;
}
}  // namespace

Napi::Value Execve(const Napi::CallbackInfo& info) {
  std::vector<std::string> arguments, environment;
  std::vector<int> kept;
  if (!info[0].IsString() || !Strings(info, 1, &arguments) || !Strings(info, 2, &environment) ||
      !Descriptors(info, 3, &kept)) {
    Napi::TypeError::New(info.Env(), "arguments must be a string, two arrays of strings and one of numbers")
        .ThrowAsJavaScriptException();
    return info.Env().Undefined();
  }
  std::string file = info[0].As<Napi::String>().Utf8Value();
  // Node ignores SIGPIPE, and an ignored signal stays ignored in the next program.
  auto sigpipe = signal(SIGPIPE, SIG_DFL);
  for (int fd = 0; fd <= 2; fd++) fcntl(fd, F_SETFD, 0);
  for (int fd : kept) fcntl(fd, F_SETFD, 0);
  execve(file.c_str(), Pointers(&arguments).data(), Pointers(&environment).data());
  Napi::Value undefined = ThrowErrno(info.Env(), "execve");
  signal(SIGPIPE, sigpipe);
  return undefined;
}
