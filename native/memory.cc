// malloc_trim(3), and madvise(2) on what the program and its libraries map of their files.
#include <link.h>
#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include "addon.h"

// Only glibc keeps freed memory that it could give back.
Napi::Value TrimMemory(const Napi::CallbackInfo& info) {
#ifdef __GLIBC__
  malloc_trim(0);
#endif
  return info.Env().Undefined();
}

namespace {

// A segment that cannot be written holds what is in its file: a page that is used again comes back from the page cache.
int ForgetSegments(dl_phdr_info* object, size_t, void*) {
  const uintptr_t page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  for (ElfW(Half) i = 0; i < object->dlpi_phnum; i++) {
    const ElfW(Phdr)& segment = object->dlpi_phdr[i];
    if (segment.p_type != PT_LOAD || (segment.p_flags & PF_W)) continue;
    const uintptr_t start = (object->dlpi_addr + segment.p_vaddr) & ~(page - 1);
    const uintptr_t end = (object->dlpi_addr + segment.p_vaddr + segment.p_memsz + page - 1) & ~(page - 1);
    madvise(reinterpret_cast<void*>(start), end - start, MADV_DONTNEED);
  }
  return 0;
}

}  // namespace

Napi::Value ForgetCode(const Napi::CallbackInfo& info) {
  dl_iterate_phdr(ForgetSegments, nullptr);
  return info.Env().Undefined();
}
