#include "addon.h"

static Napi::Object Init(Napi::Env env, Napi::Object exports) {
  auto add = [&](const char* name, Napi::Value (*call)(const Napi::CallbackInfo&)) {
    exports.Set(name, Napi::Function::New(env, call, name));
  };
  add("borrow", Borrow);
  add("bpf", Bpf);
  add("unlimitMemlock", UnlimitMemlock);
  add("pidfdOpen", PidfdOpen);
  add("pidfdGetfd", PidfdGetfd);
  add("close", Close);
  add("getsockoptInt", GetsockoptInt);
  add("getsockoptU64", GetsockoptU64);
  add("netnsCookie", NetnsCookie);
  add("getsockname", Getsockname);
  add("attachReuseportCbpf", AttachReuseportCbpf);
  add("detachReuseportBpf", DetachReuseportBpf);
  add("descriptors", Descriptors);
  add("schedGetaffinity", SchedGetaffinity);
  add("schedSetaffinity", SchedSetaffinity);
  add("netlinkRequest", NetlinkRequest);
  add("ethtoolIoctl", EthtoolIoctl);
  add("execve", Execve);
  add("setns", Setns);
  add("unshare", Unshare);
  add("mount", Mount);
  add("memfd", Memfd);
  add("listen", Listen);
  add("netlinkJoin", NetlinkJoin);
  add("fanotifyInit", FanotifyInit);
  add("fanotifyMark", FanotifyMark);
  add("sendDatagram", SendDatagram);
  add("flock", Flock);
  add("epollCreate", EpollCreate);
  add("epollAdd", EpollAdd);
  add("perfHardware", PerfHardware);
  add("perfTracepoint", PerfTracepoint);
  add("trimMemory", TrimMemory);
  add("forgetCode", ForgetCode);
  return exports;
}

NODE_API_MODULE(locality_tune, Init)
