/*
 * The floor: what no verifier can do without. Maps an image, reads every block that a list names, decompresses it where it is
 * compressed, and makes one SHA-256 over all of it. No parsing, no tree, no look at what is inside; one thread.
 *
 *     floor IMAGE BLOCKS [MEMBERS BLOCKS]
 *
 * BLOCKS is an array of struct block, written by floor.py. MEMBERS are the gzip files of the tree, one after the other: what
 * measures an image to its ground decompresses these too. Prints the SHA-256 and the bytes of content.
 * Whole blocks of deflate by libdeflate, streams of it by ISA-L, where these are to be had (else zlib); xz by liblzma; zstd, lz4
 * and lzo by the libraries of these names, where they are to be had (else such a block fails); SHA-256 by OpenSSL.
 */

#include <fcntl.h>
#include <lzma.h>
#include <openssl/evp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#ifdef HAVE_LIBDEFLATE
#include <libdeflate.h>
#endif
#ifdef HAVE_ISAL
#include <isa-l/igzip_lib.h>
#endif
#ifdef HAVE_ZSTD
#include <zstd.h>
#endif
#ifdef HAVE_LZ4
#include <lz4.h>
#endif
#ifdef HAVE_LZO
#include <lzo/lzo1x.h>
#endif

enum codec { STORED, ZLIB, XZ, GZIP_STREAM, DEFLATE, ZSTD, LZ4, LZ4_PADDED, LZO, RTIME };

struct block {
    uint64_t offset, stored;
    uint32_t room; /* bytes that it holds at most, once decompressed; of a stream, bytes to decompress at a time */
    uint32_t codec;
};

struct map {
    const uint8_t *bytes;
    size_t size;
};

static uint64_t total;
static EVP_MD_CTX *digest;

static void fail(const char *what) {
    fprintf(stderr, "floor: %s\n", what);
    exit(1);
}

static void take(const uint8_t *bytes, size_t size) {
    total += size;
    EVP_DigestUpdate(digest, bytes, size);
}

static struct map map_file(const char *path) {
    int file = open(path, O_RDONLY);
    struct stat status;
    if (file < 0 || fstat(file, &status)) fail(path);
    void *bytes = mmap(NULL, status.st_size, PROT_READ, MAP_PRIVATE, file, 0);
    if (bytes == MAP_FAILED) fail(path);
    close(file);
    return (struct map){bytes, status.st_size};
}

static void take_zlib(const uint8_t *in, size_t size, uint8_t *room, size_t most) {
#ifdef HAVE_LIBDEFLATE
    static struct libdeflate_decompressor *decompressor;
    size_t made;
    if (!decompressor) decompressor = libdeflate_alloc_decompressor();
    if (libdeflate_zlib_decompress(decompressor, in, size, room, most, &made)) fail("zlib block");
#else
    uLongf made = most;
    if (uncompress(room, &made, in, size) != Z_OK) fail("zlib block");
#endif
    take(room, made);
}

static void take_deflate(uint8_t *in, size_t size, uint8_t *room, size_t most) {
    size_t made;
#ifdef HAVE_LIBDEFLATE
    static struct libdeflate_decompressor *decompressor;
    if (!decompressor) decompressor = libdeflate_alloc_decompressor();
    if (libdeflate_deflate_decompress(decompressor, in, size, room, most, &made)) fail("deflate block");
#else
    z_stream state = {.next_in = in, .avail_in = size, .next_out = room, .avail_out = most};
    if (inflateInit2(&state, -15) != Z_OK || inflate(&state, Z_FINISH) != Z_STREAM_END) fail("deflate block");
    made = state.total_out;
    inflateEnd(&state);
#endif
    take(room, made);
}

static void take_zstd(const uint8_t *in, size_t size, uint8_t *room, size_t most) {
#ifdef HAVE_ZSTD
    static ZSTD_DCtx *context;
    if (!context) context = ZSTD_createDCtx();
    size_t made = ZSTD_decompressDCtx(context, room, most, in, size);
    if (ZSTD_isError(made)) fail("zstd block");
    take(room, made);
#else
    fail("built without zstd");
#endif
}

static void take_lz4(const uint8_t *in, size_t size, uint8_t *room, size_t most) {
#ifdef HAVE_LZ4
    int made = LZ4_decompress_safe((const char *)in, (char *)room, size, most);
    if (made < 0) fail("lz4 block");
    take(room, made);
#else
    fail("built without lz4");
#endif
}

static void take_lz4_padded(const uint8_t *in, size_t size, uint8_t *room, size_t most) {
    while (size && !*in) in++, size--;
    take_lz4(in, size, room, most);
}

static void take_lzo(const uint8_t *in, size_t size, uint8_t *room, size_t most) {
#ifdef HAVE_LZO
    lzo_uint made = most;
    if (lzo1x_decompress_safe(in, size, room, &made, NULL) != LZO_E_OK) fail("lzo block");
    take(room, made);
#else
    fail("built without lzo");
#endif
}

/* of jffs2: each byte, then how many to repeat from behind where that byte was last */
static void take_rtime(const uint8_t *in, size_t size, uint8_t *room, size_t most) {
    size_t behind[256] = {0}, made = 0;
    for (size_t i = 0; i + 1 < size && made < most; i += 2) {
        size_t from = behind[in[i]], repeat = in[i + 1];
        room[made++] = in[i];
        behind[in[i]] = made;
        if (repeat > most - made) fail("rtime block");
        while (repeat--) room[made++] = room[from++];
    }
    take(room, made);
}

static void take_xz(const uint8_t *in, size_t size, uint8_t *room, size_t most) {
    uint64_t memory = UINT64_MAX;
    size_t read = 0, made = 0;
    if (lzma_stream_buffer_decode(&memory, 0, NULL, in, &read, size, room, &made, most) != LZMA_OK) fail("xz block");
    take(room, made);
}

static void take_gzip(uint8_t *in, size_t size, uint8_t *room, size_t step) {
#ifdef HAVE_ISAL
    static struct inflate_state state;
    isal_inflate_init(&state);
    state.crc_flag = ISAL_GZIP;
    state.next_in = in;
    state.avail_in = size;
    do {
        state.next_out = room;
        state.avail_out = step;
        if (isal_inflate(&state)) fail("gzip stream");
        take(room, step - state.avail_out);
    } while (state.block_state != ISAL_BLOCK_FINISH);
#else
    z_stream state = {.next_in = in, .avail_in = size};
    int told = inflateInit2(&state, 31);
    while (told == Z_OK) {
        state.next_out = room;
        state.avail_out = step;
        told = inflate(&state, Z_NO_FLUSH);
        take(room, step - state.avail_out);
    }
    if (told != Z_STREAM_END) fail("gzip stream");
    inflateEnd(&state);
#endif
}

static void work(const char *image_path, const char *list_path) {
    struct map image = map_file(image_path), list = map_file(list_path);
    const struct block *blocks = (const struct block *)list.bytes;
    size_t number = list.size / sizeof *blocks, most = 0;
    for (size_t i = 0; i < number; i++)
        if (blocks[i].room > most) most = blocks[i].room;
    uint8_t *room = malloc(most + 1);
    if (!room) fail("memory");
    for (size_t i = 0; i < number; i++) {
        const struct block *block = blocks + i;
        if (block->offset + block->stored > image.size) fail("block outside of the image");
        uint8_t *in = (uint8_t *)image.bytes + block->offset;
        switch (block->codec) {
        case STORED: take(in, block->stored); break;
        case ZLIB: take_zlib(in, block->stored, room, block->room); break;
        case XZ: take_xz(in, block->stored, room, block->room); break;
        case GZIP_STREAM: take_gzip(in, block->stored, room, block->room); break;
        case DEFLATE: take_deflate(in, block->stored, room, block->room); break;
        case ZSTD: take_zstd(in, block->stored, room, block->room); break;
        case LZ4: take_lz4(in, block->stored, room, block->room); break;
        case LZ4_PADDED: take_lz4_padded(in, block->stored, room, block->room); break;
        case LZO: take_lzo(in, block->stored, room, block->room); break;
        case RTIME: take_rtime(in, block->stored, room, block->room); break;
        default: fail("codec");
        }
    }
    free(room);
}

int main(int count, char **words) {
    uint8_t sum[EVP_MAX_MD_SIZE];
    if (count < 3 || count % 2 == 0) fail("usage: floor IMAGE BLOCKS [MEMBERS BLOCKS]");
    digest = EVP_MD_CTX_new();
    EVP_DigestInit_ex(digest, EVP_sha256(), NULL);
    for (int i = 1; i < count; i += 2) work(words[i], words[i + 1]);
    EVP_DigestFinal_ex(digest, sum, NULL);
    for (int i = 0; i < 32; i++) printf("%02x", sum[i]);
    printf(" %llu\n", (unsigned long long)total);
    return 0;
}
