#include "error.h"

#include <uv.h>

#include <cerrno>
#include <string>

#include "addon.h"

Napi::Error SystemError(Napi::Env env, const char* syscall, int error) {
  char code[64];
  char text[128];
  uv_err_name_r(-error, code, sizeof code);
  uv_strerror_r(-error, text, sizeof text);
  Napi::Error result = Napi::Error::New(env, std::string(syscall) + ": " + code + ", " + text);
  result.Set("code", code);
  result.Set("errno", static_cast<double>(-error));
  result.Set("syscall", syscall);
  return result;
}

Napi::Value ThrowErrno(Napi::Env env, const char* syscall) {
  SystemError(env, syscall, errno).ThrowAsJavaScriptException();
  return env.Undefined();
}

bool IntArgument(const Napi::CallbackInfo& info, size_t index, int32_t* out) {
  if (info[index].IsNumber()) {
    *out = info[index].As<Napi::Number>().Int32Value();
    if (static_cast<double>(*out) == info[index].As<Napi::Number>().DoubleValue()) return true;
  }
  std::string message = "argument " + std::to_string(index) + " must be a 32-bit integer";
  Napi::TypeError::New(info.Env(), message).ThrowAsJavaScriptException();
  return false;
}

bool TextArgument(const Napi::CallbackInfo& info, size_t index, std::string* out) {
  if (info[index].IsString()) {
    *out = info[index].As<Napi::String>().Utf8Value();
    if (out->find('\0') == std::string::npos) return true;
  }
  std::string message = "argument " + std::to_string(index) + " must be a string without zero bytes";
  Napi::TypeError::New(info.Env(), message).ThrowAsJavaScriptException();
  return false;
}

bool BytesArgument(const Napi::CallbackInfo& info, size_t index, std::vector<uint8_t>* out) {
  if (info[index].IsTypedArray() &&
      info[index].As<Napi::TypedArray>().TypedArrayType() == napi_uint8_array) {
    auto bytes = info[index].As<Napi::Uint8Array>();
    out->assign(bytes.Data(), bytes.Data() + bytes.ByteLength());
    return true;
  }
  std::string message = "argument " + std::to_string(index) + " must be a Uint8Array";
  Napi::TypeError::New(info.Env(), message).ThrowAsJavaScriptException();
  return false;
}

Napi::Promise AsyncCall::Start() {
  Napi::Promise promise = deferred_.Promise();
  Queue();
  return promise;
}

void AsyncCall::Fail(const char* syscall) {
  error_ = errno;
  syscall_ = syscall;
}

void AsyncCall::OnOK() {
  if (error_ == 0) {
    deferred_.Resolve(Result());
  } else {
    deferred_.Reject(SystemError(Env(), syscall_, error_).Value());
  }
}
