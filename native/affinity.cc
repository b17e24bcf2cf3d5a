// sched_getaffinity(2), sched_setaffinity(2) of one thread, as raw calls, because the C library's cpu_set_t ends at
// 1,024 CPUs.
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <climits>

#include "addon.h"
#include "error.h"

namespace {
constexpr size_t kMaxCpus = 8192;  // the largest NR_CPUS of all architectures
constexpr size_t kWordBits = sizeof(unsigned long) * CHAR_BIT;
struct Mask {
  unsigned long words[kMaxCpus / kWordBits] = {};
};
}  // namespace

Napi::Value SchedGetaffinity(const Napi::CallbackInfo& info) {
  int32_t tid;
  if (!IntArgument(info, 0, &tid)) return info.Env().Undefined();
  Mask mask;
  long bytes = syscall(SYS_sched_getaffinity, tid, sizeof mask.words, mask.words);
  if (bytes < 0) return ThrowErrno(info.Env(), "sched_getaffinity");
  Napi::Array cpus = Napi::Array::New(info.Env());
  uint32_t count = 0;
  for (uint32_t cpu = 0; cpu < static_cast<size_t>(bytes) * CHAR_BIT; cpu++) {
    if (mask.words[cpu / kWordBits] >> (cpu % kWordBits) & 1) {
      cpus.Set(count++, Napi::Number::New(info.Env(), cpu));
    }
  }
  return cpus;
}

Napi::Value SchedSetaffinity(const Napi::CallbackInfo& info) {
  int32_t tid;
  if (!IntArgument(info, 0, &tid)) return info.Env().Undefined();
  if (!info[1].IsArray()) {
    Napi::TypeError::New(info.Env(), "argument 1 must be an array").ThrowAsJavaScriptException();
    return info.Env().Undefined();
  }
  auto cpus = info[1].As<Napi::Array>();
  Mask mask;
  for (uint32_t i = 0; i < cpus.Length(); i++) {
    Napi::Value value = cpus.Get(i);
    double number = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : -1;
    const bool fits = number >= 0 && number < kMaxCpus;
    auto cpu = fits ? static_cast<uint32_t>(number) : 0;
    if (!fits || cpu != number) {
      errno = EINVAL;
      return ThrowErrno(info.Env(), "sched_setaffinity");
    }
    mask.words[cpu / kWordBits] |= 1UL << (cpu % kWordBits);
  }
  if (syscall(SYS_sched_setaffinity, tid, sizeof mask.words, mask.words) < 0) {
    return ThrowErrno(info.Env(), "sched_setaffinity");
  }
  return info.Env().Undefined();
}
