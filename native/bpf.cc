// bpf(2) and the limit of locked memory that it needs before Linux 5.11.
#include <linux/bpf.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "addon.h"
#include "error.h"

namespace {

struct Bytes {
  uint8_t* data;
  size_t size;
};

// The memory of a Uint8Array itself, not a copy: the kernel writes its answers there.
bool MemoryOf(const Napi::Value& value, Bytes* out) {
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array) {
    Napi::TypeError::New(value.Env(), "expected a Uint8Array").ThrowAsJavaScriptException();
    return false;
  }
  Napi::Uint8Array array = value.As<Napi::Uint8Array>();
  *out = {array.Data(), array.ByteLength()};
  return true;
}

bool NaturalOf(const Napi::Value& value, size_t most, size_t* out) {
  double number = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : -1;
  if (!(number >= 0 && number <= static_cast<double>(most)) || number != static_cast<size_t>(number)) {
    Napi::TypeError::New(value.Env(), "expected a natural number in range").ThrowAsJavaScriptException();
    return false;
  }
  *out = static_cast<size_t>(number);
  return true;
}

constexpr size_t kMostBuffers = 16;

}  // namespace

// bpf(command, buffers, pointers): buffers[0] is union bpf_attr. Each pointer is [holder, offset, target]: the address
// of buffers[target] is written to buffers[holder] at `offset`. The caller answers for the sizes in the attributes.
Napi::Value Bpf(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  int32_t command;
  if (!IntArgument(info, 0, &command)) return env.Undefined();
  if (!info[1].IsArray() || !info[2].IsArray()) {
    Napi::TypeError::New(env, "expected arrays").ThrowAsJavaScriptException();
    return env.Undefined();
  }
  Napi::Array given = info[1].As<Napi::Array>(), pointers = info[2].As<Napi::Array>();
  if (given.Length() == 0 || given.Length() > kMostBuffers) {
    errno = EINVAL;
    return ThrowErrno(env, "bpf");
  }
  Bytes buffers[kMostBuffers];
  for (uint32_t at = 0; at < given.Length(); at++) {
    Napi::Value each = given.Get(at);
    if (env.IsExceptionPending() || !MemoryOf(each, &buffers[at])) return env.Undefined();
  }
  for (uint32_t at = 0; at < pointers.Length(); at++) {
    Napi::Value each = pointers.Get(at);
    if (env.IsExceptionPending()) return env.Undefined();
    if (!each.IsArray()) {
      Napi::TypeError::New(env, "expected [holder, offset, target]").ThrowAsJavaScriptException();
      return env.Undefined();
    }
    size_t parts[3];
    for (uint32_t part = 0; part < 3; part++) {
      Napi::Value number = each.As<Napi::Array>().Get(part);
      if (env.IsExceptionPending() || !NaturalOf(number, part == 1 ? 4096 : given.Length() - 1, &parts[part])) {
        return env.Undefined();
      }
    }
    uint64_t address = reinterpret_cast<uintptr_t>(buffers[parts[2]].data);
    if (parts[1] + sizeof address > buffers[parts[0]].size) {
      errno = EINVAL;
      return ThrowErrno(env, "bpf");
    }
    std::memcpy(buffers[parts[0]].data + parts[1], &address, sizeof address);
  }
  long result;
  do {
    result = syscall(SYS_bpf, command, buffers[0].data, buffers[0].size);
    // The verifier gives way to signals with EAGAIN.
  } while (result < 0 && errno == EAGAIN && command == BPF_PROG_LOAD);
  if (result < 0) return ThrowErrno(env, "bpf");
  return Napi::Number::New(env, static_cast<double>(result));
}

// Before 5.11 maps and programs count as locked memory, of which a process may have 64 KiB. Without CAP_SYS_RESOURCE it
// becomes as much as the hard limit allows.
Napi::Value UnlimitMemlock(const Napi::CallbackInfo& info) {
  rlimit limit = {RLIM_INFINITY, RLIM_INFINITY};
  if (setrlimit(RLIMIT_MEMLOCK, &limit) < 0) {
    if (errno != EPERM || getrlimit(RLIMIT_MEMLOCK, &limit) < 0) {
      return ThrowErrno(info.Env(), "setrlimit");
    }
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_MEMLOCK, &limit) < 0) return ThrowErrno(info.Env(), "setrlimit");
  }
  return info.Env().Undefined();
}
