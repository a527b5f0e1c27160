#include "CCallgrind.h"

/* VG_USERREQ__RUNNING_ON_VALGRIND, and VG_USERREQ_TOOL_BASE('C','T') + 4 and + 5 of callgrind.h. */
enum { RUNNING_ON_VALGRIND = 0x1001, START_INSTRUMENTATION = 0x43540004, STOP_INSTRUMENTATION = 0x43540005 };

static unsigned long request(unsigned long code) {
    volatile unsigned long arguments[6] = {code, 0, 0, 0, 0, 0};
    unsigned long result = 0;
#if defined(__x86_64__)
    __asm__ volatile(
        "rolq $3, %%rdi\n\trolq $13, %%rdi\n\trolq $61, %%rdi\n\trolq $51, %%rdi\n\txchgq %%rbx, %%rbx"
        : "=d"(result)
        : "a"(&arguments[0]), "0"(result)
        : "cc", "memory");
#elif defined(__aarch64__)
    __asm__ volatile(
        "mov x3, %1\n\tmov x4, %2\n\t"
        "ror x12, x12, #3\n\tror x12, x12, #13\n\tror x12, x12, #51\n\tror x12, x12, #61\n\torr x10, x10, x10\n\t"
        "mov %0, x3"
        : "=r"(result)
        : "r"(result), "r"(&arguments[0])
        : "cc", "memory", "x3", "x4");
#else
    (void)arguments;
#endif
    return result;
}

unsigned long callgrind_depth(void) { return request(RUNNING_ON_VALGRIND); }
void callgrind_start(void) { request(START_INSTRUMENTATION); }
void callgrind_stop(void) { request(STOP_INSTRUMENTATION); }
