// perf_event_open(2): a counter of one tracepoint on one CPU. Its value is read with read(2).
#include <linux/perf_event.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "addon.h"
#include "error.h"

// Arguments: the tracepoint's id, the CPU, a filter as in tracefs (empty: every hit). Counts from the moment of the
// return.
Napi::Value PerfTracepoint(const Napi::CallbackInfo& info) {
  int32_t id, cpu;
  std::string filter;
  if (!IntArgument(info, 0, &id) || !IntArgument(info, 1, &cpu) || !TextArgument(info, 2, &filter))
    return info.Env().Undefined();
  perf_event_attr attr = {};
  attr.size = sizeof attr;
  attr.type = PERF_TYPE_TRACEPOINT;
  attr.config = static_cast<uint32_t>(id);
  attr.disabled = 1;
  const long fd = syscall(SYS_perf_event_open, &attr, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC);
  if (fd < 0) return ThrowErrno(info.Env(), "perf_event_open");
  const char* failed = nullptr;
  if (!filter.empty() && ioctl(fd, PERF_EVENT_IOC_SET_FILTER, filter.c_str()) < 0)
    failed = "PERF_EVENT_IOC_SET_FILTER";
  else if (ioctl(fd, PERF_EVENT_IOC_ENABLE, 0) < 0)
    failed = "PERF_EVENT_IOC_ENABLE";
  if (failed != nullptr) {
    const int error = errno;
    close(fd);
    errno = error;
    return ThrowErrno(info.Env(), failed);
  }
  return Napi::Number::New(info.Env(), static_cast<double>(fd));
}
