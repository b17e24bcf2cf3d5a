// malloc_trim(3): gives the kernel back what was freed.
#include <malloc.h>

#include "addon.h"

// Only glibc keeps freed memory that it could give back.
Napi::Value TrimMemory(const Napi::CallbackInfo& info) {
#ifdef __GLIBC__
  malloc_trim(0);
#endif
  return info.Env().Undefined();
}
