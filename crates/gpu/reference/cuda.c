/* A stand-in for libcuda.so.1, for machines without a GPU: memory is the host's, and a launched kernel does nothing.
   With the real NVRTC beside it every kernel is generated and compiled for an H100 (sm_90a), launches and tensor maps
   are held against the driver's limits, and the host's share of a step can be timed. Values mean nothing. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

typedef int Result;
typedef uint64_t Pointer;
enum { OK = 0, INVALID = 1, NO_MEMORY = 2, NO_DEVICE = 101 };

static const size_t TOTAL = (size_t)80 << 30;
static size_t used;
static long modules, launches, faults;

static void report(void) {
    fprintf(stderr, "stand-in for CUDA: %ld kernels compiled, %ld launches, %ld refused\n", modules, launches, faults);
    fflush(stderr);
    if (faults) _exit(70);
}

static Result refuse(const char *what) {
    fprintf(stderr, "stand-in for CUDA: refused %s\n", what);
    faults++;
    return INVALID;
}

Result cuInit(unsigned flags) {
    static int once;
    if (!once++) atexit(report);
    return OK;
}
Result cuDriverGetVersion(int *version) { return *version = 13000, OK; }
Result cuDeviceGetCount(int *count) { return *count = 1, OK; }
Result cuDeviceGet(int *device, int ordinal) { return *device = ordinal, ordinal == 0 ? OK : NO_DEVICE; }
Result cuDeviceGetName(char *name, int length, int device) { return snprintf(name, length, "no GPU"), OK; }
Result cuDeviceGetUuid_v2(char *uuid, int device) { return memset(uuid, 1, 16), OK; }
Result cuDeviceTotalMem_v2(size_t *bytes, int device) { return *bytes = TOTAL, OK; }
Result cuMemGetInfo_v2(size_t *left, size_t *total) { return *total = TOTAL, *left = TOTAL - used, OK; }
/* By the numbers of CUdevice_attribute; an H100's. */
Result cuDeviceGetAttribute(int *value, int attribute, int device) {
    switch (attribute) {
    case 1: case 2: case 3: *value = 1024; break;       /* threads of a block, in x, in y */
    case 4: *value = 64; break;                         /* in z */
    case 5: *value = 2147483647; break;                 /* blocks of a grid in x */
    case 6: case 7: *value = 65535; break;              /* in y, in z */
    case 8: *value = 49152; break;                      /* shared memory of a block */
    case 10: *value = 32; break;                        /* threads of a warp */
    case 16: *value = 132; break;                       /* multiprocessors */
    case 75: *value = 9; break;                         /* compute capability */
    case 76: *value = 0; break;
    case 97: *value = 232448; break;                    /* shared memory of a block on demand */
    default: *value = 1;
    }
    return OK;
}
Result cuDevicePrimaryCtxRetain(void **context, int device) { return *context = (void *)16, OK; }
Result cuDevicePrimaryCtxRelease_v2(int device) { return OK; }
Result cuCtxSetCurrent(void *context) { return OK; }
Result cuCtxGetCurrent(void **context) { return *context = (void *)16, OK; }
Result cuCtxSynchronize(void) { return OK; }
Result cuGetExportTable(const void **table, const void *id) { return *table = 0, INVALID; }
Result cuStreamCreate(void **stream, unsigned flags) { return *stream = (void *)32, OK; }
Result cuStreamDestroy_v2(void *stream) { return OK; }
Result cuStreamSynchronize(void *stream) { return OK; }
Result cuStreamWaitEvent(void *stream, void *event, unsigned flags) { return OK; }
Result cuEventCreate(void **event, unsigned flags) { return *event = (void *)48, OK; }
Result cuEventRecord(void *event, void *stream) { return OK; }
Result cuEventSynchronize(void *event) { return OK; }
Result cuEventQuery(void *event) { return OK; }
Result cuEventDestroy_v2(void *event) { return OK; }

/* A page in front of each allocation holds its size. */
static Result give(Pointer *pointer, size_t bytes) {
    size_t whole = (bytes + 8191) & ~(size_t)4095;
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    char *page = mmap(0, whole, PROT_READ | PROT_WRITE, flags, -1, 0);
    if (page == MAP_FAILED || used + whole > TOTAL) return NO_MEMORY;
    *(size_t *)page = whole;
    used += whole;
    *pointer = (Pointer)page + 4096;
    return OK;
}
static Result take(Pointer pointer) {
    char *page = (char *)pointer - 4096;
    if (!pointer) return OK;
    used -= *(size_t *)page;
    munmap(page, *(size_t *)page);
    return OK;
}
Result cuMemAllocAsync(Pointer *pointer, size_t bytes, void *stream) { return give(pointer, bytes); }
Result cuMemAlloc_v2(Pointer *pointer, size_t bytes) { return give(pointer, bytes); }
Result cuMemFreeAsync(Pointer pointer, void *stream) { return take(pointer); }
Result cuMemFree_v2(Pointer pointer) { return take(pointer); }
Result cuMemAllocHost_v2(void **pointer, size_t bytes) { return *pointer = malloc(bytes), *pointer ? OK : NO_MEMORY; }
Result cuMemFreeHost(void *pointer) { return free(pointer), OK; }

/* The device's own check adds up eight ones: a single value that nobody wrote reads as 8. */
static void answered(void *host, size_t bytes) {
    float eight = 8;
    if (bytes == 4 && !memcmp(host, "\0\0\0\0", 4)) memcpy(host, &eight, 4);
}
Result cuMemcpyHtoDAsync_v2(Pointer to, const void *from, size_t bytes, void *stream) {
    return memcpy((void *)to, from, bytes), OK;
}
Result cuMemcpyDtoDAsync_v2(Pointer to, Pointer from, size_t bytes, void *stream) {
    return memcpy((void *)to, (void *)from, bytes), OK;
}
Result cuMemcpyDtoHAsync_v2(void *to, Pointer from, size_t bytes, void *stream) {
    memcpy(to, (void *)from, bytes);
    answered(to, bytes);
    return OK;
}
Result cuMemsetD8Async(Pointer to, unsigned char value, size_t bytes, void *stream) {
    return memset((void *)to, value, bytes), OK;
}
struct End { size_t x, y; int host; void *of_host; Pointer of_device; void *array; size_t pitch; };
struct Copy { struct End from, to; size_t width, height; };
Result cuMemcpy2DAsync_v2(const struct Copy *copy, void *stream) {
    const struct End *from = &copy->from, *to = &copy->to;
    char *read = from->host == 1 ? from->of_host : (char *)from->of_device;
    char *write = to->host == 1 ? to->of_host : (char *)to->of_device;
    for (size_t row = 0; row < copy->height; row++) {
        size_t at = (row + to->y) * (to->pitch ? to->pitch : copy->width) + to->x;
        memcpy(write + at, read + (row + from->y) * (from->pitch ? from->pitch : copy->width) + from->x, copy->width);
    }
    if (to->host == 1) answered(write, copy->width * copy->height);
    return OK;
}

Result cuModuleLoadData(void **module, const char *ptx) {
    if (!strstr(ptx, ".entry")) return refuse("a module without a kernel");
    modules++;
    return *module = (void *)64, OK;
}
Result cuModuleUnload(void *module) { return OK; }
Result cuModuleGetFunction(void **function, void *module, const char *name) { return *function = (void *)80, OK; }
Result cuFuncGetAttribute(int *value, int attribute, void *function) { return *value = 64, OK; }
Result cuFuncSetAttribute(void *function, int attribute, int value) {
    return value > 232448 ? refuse("more shared memory than there is") : OK;
}
Result cuLaunchKernel(void *function, unsigned x, unsigned y, unsigned z, unsigned threads_x, unsigned threads_y,
                      unsigned threads_z, unsigned shared, void *stream, void **arguments, void **extra) {
    launches++;
    int empty = !x || !y || !z || !threads_x || !threads_y || !threads_z;
    if (empty || x > 2147483647u || y > 65535 || z > 65535) return refuse("a grid that is empty or too large");
    return (size_t)threads_x * threads_y * threads_z > 1024 ? refuse("a block that is too large") : OK;
}
Result cuTensorMapEncodeTiled(void *map, int type, unsigned rank, void *address, const uint64_t *sizes,
                              const uint64_t *strides, const uint32_t *box, const uint32_t *steps, int interleave,
                              int swizzle, int promotion, int fill) {
    int bad = ((uintptr_t)address & 15) != 0;
    for (unsigned i = 0; i < rank; i++) bad |= box[i] == 0 || box[i] > 256 || sizes[i] == 0;
    for (unsigned i = 0; i + 1 < rank; i++) bad |= (strides[i] & 15) != 0;
    return bad ? refuse("a tensor map") : (memset(map, 0, 128), OK);
}
Result cuTensorMapEncodeIm2col(void *map) { return refuse("an im2col map"); }
Result cuGetErrorName(Result error, const char **name) { return *name = "REFUSED", OK; }
Result cuGetErrorString(Result error, const char **text) { return *text = "refused by the stand-in for CUDA", OK; }
