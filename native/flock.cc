// flock(2): a lock that ends with its process.
#include <sys/file.h>

#include "addon.h"
#include "error.h"

Napi::Value Flock(const Napi::CallbackInfo& info) {
  int32_t fd, operation;
  if (!IntArgument(info, 0, &fd) || !IntArgument(info, 1, &operation)) return info.Env().Undefined();
  // Never waits.
  if (flock(fd, operation | LOCK_NB) < 0) return ThrowErrno(info.Env(), "flock");
  return info.Env().Undefined();
}
