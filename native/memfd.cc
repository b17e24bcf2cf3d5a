// memfd_create(2): a file that a child can open as /dev/stdin, which is impossible with Node's own pipes.
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>

#include "addon.h"
#include "error.h"

Napi::Value Memfd(const Napi::CallbackInfo& info) {
  std::vector<uint8_t> bytes;
  if (!BytesArgument(info, 0, &bytes)) return info.Env().Undefined();
  int fd = memfd_create("locality-tune", MFD_CLOEXEC);
  if (fd < 0) return ThrowErrno(info.Env(), "memfd_create");
  for (size_t at = 0; at < bytes.size();) {
    ssize_t written = pwrite(fd, bytes.data() + at, bytes.size() - at, at);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      int error = errno;
      close(fd);
      errno = error;
      return ThrowErrno(info.Env(), "pwrite");
    }
    at += written;
  }
  return Napi::Number::New(info.Env(), fd);
}
