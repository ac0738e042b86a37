/* modsha1.c: hashlib.sha1 (FIPS 180-4, 6.1), which MicroPython has only together with TLS. WebSocket's handshake needs
 * it (RFC 6455 4.2.2); it protects nothing there, and should protect nothing elsewhere.
 *   consumes  bytes of any object with a buffer, of any length, from whoever sent them: read once, in place
 *   produces  20 bytes, once: then update() and digest() raise ValueError, as MicroPython's other hashes do
 *   when full no memory for the object or the digest: MemoryError
 */
#include <string.h>

#include "py/objstr.h"
#include "py/runtime.h"

#define BLOCK 64
#define DIGEST 20

struct sha1 {
    mp_obj_base_t base;
    uint32_t state[5];
    uint64_t length; /* bytes so far */
    bool final;      /* its digest has been given: as MicroPython's others it takes no more */
    uint8_t block[BLOCK];
};

static uint32_t rotate(uint32_t x, unsigned count)
{
    return x << count | x >> (32 - count);
}

static void spread(const uint8_t *block, uint32_t word[80])
{
    for (size_t i = 0; i < 16; i++) {
        word[i] = (uint32_t)block[4 * i] << 24 | block[4 * i + 1] << 16 | block[4 * i + 2] << 8 | block[4 * i + 3];
    }
    for (size_t i = 16; i < 80; i++) {
        word[i] = rotate(word[i - 3] ^ word[i - 8] ^ word[i - 14] ^ word[i - 16], 1);
    }
}

static uint32_t mix(size_t round, uint32_t b, uint32_t c, uint32_t d)
{
    static const uint32_t constants[] = {0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6};
    uint32_t mixed = b ^ c ^ d;
    if (round < 20) {
        mixed = (b & c) | (~b & d);
    } else if (round >= 40 && round < 60) {
        mixed = (b & c) | (b & d) | (c & d);
    }
    return mixed + constants[round / 20];
}

static void take_block(uint32_t state[5], const uint8_t *block)
{
    uint32_t word[80], v[5];
    spread(block, word);
    memcpy(v, state, sizeof(v));
    for (size_t i = 0; i < 80; i++) {
        uint32_t next = rotate(v[0], 5) + mix(i, v[1], v[2], v[3]) + v[4] + word[i];
        v[4] = v[3];
        v[3] = v[2];
        v[2] = rotate(v[1], 30);
        v[1] = v[0];
        v[0] = next;
    }
    for (size_t i = 0; i < 5; i++) {
        state[i] += v[i];
    }
}

static void take(struct sha1 *sha1, const uint8_t *data, size_t size)
{
    while (size > 0) {
        size_t at = sha1->length % BLOCK;
        size_t count = size < BLOCK - at ? size : BLOCK - at;
        memcpy(sha1->block + at, data, count);
        sha1->length += count;
        data += count;
        size -= count;
        if (at + count == BLOCK) {
            take_block(sha1->state, sha1->block);
        }
    }
}

static struct sha1 *open_sha1(mp_obj_t self_in)
{
    struct sha1 *sha1 = MP_OBJ_TO_PTR(self_in);
    if (sha1->final) {
        mp_raise_ValueError(MP_ERROR_TEXT("hash is final"));
    }
    return sha1;
}

static mp_obj_t sha1_update(mp_obj_t self_in, mp_obj_t data_in)
{
    mp_buffer_info_t data;
    mp_get_buffer_raise(data_in, &data, MP_BUFFER_READ);
    take(open_sha1(self_in), data.buf, data.len);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(sha1_update_obj, sha1_update);

static mp_obj_t sha1_digest(mp_obj_t self_in)
{
    struct sha1 *sha1 = open_sha1(self_in);
    uint8_t end[8], digest[DIGEST];
    uint64_t bits = sha1->length * 8;
    for (size_t i = 0; i < 8; i++) {
        end[i] = (uint8_t)(bits >> (56 - 8 * i));
    }
    take(sha1, (const uint8_t *)"\x80", 1);
    while (sha1->length % BLOCK != BLOCK - 8) {
        take(sha1, (const uint8_t *)"", 1);
    }
    take(sha1, end, 8);
    sha1->final = true;
    for (size_t i = 0; i < DIGEST; i++) {
        digest[i] = (uint8_t)(sha1->state[i / 4] >> (24 - i % 4 * 8));
    }
    return mp_obj_new_bytes(digest, DIGEST);
}
static MP_DEFINE_CONST_FUN_OBJ_1(sha1_digest_obj, sha1_digest);

static mp_obj_t sha1_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw, const mp_obj_t *args)
{
    static const uint32_t start[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
    mp_arg_check_num(n_args, n_kw, 0, 1, false);
    struct sha1 *sha1 = mp_obj_malloc(struct sha1, type);
    memcpy(sha1->state, start, sizeof(start));
    sha1->length = 0;
    sha1->final = false;
    if (n_args > 0) {
        sha1_update(MP_OBJ_FROM_PTR(sha1), args[0]);
    }
    return MP_OBJ_FROM_PTR(sha1);
}

static const mp_rom_map_elem_t sha1_attributes_table[] = {
    {MP_ROM_QSTR(MP_QSTR_update), MP_ROM_PTR(&sha1_update_obj)},
    {MP_ROM_QSTR(MP_QSTR_digest), MP_ROM_PTR(&sha1_digest_obj)},
};
static MP_DEFINE_CONST_DICT(sha1_attributes, sha1_attributes_table);

static MP_DEFINE_CONST_OBJ_TYPE(sha1_type, MP_QSTR_sha1, MP_TYPE_FLAG_NONE, make_new, sha1_make_new, locals_dict,
                                &sha1_attributes);

/* What MicroPython's own module does not have is asked here. */
extern const mp_obj_module_t mp_module_hashlib;

void sha1_of_hashlib(mp_obj_t module, qstr name, mp_obj_t *place);

void sha1_of_hashlib(mp_obj_t module, qstr name, mp_obj_t *place)
{
    if (place[0] == MP_OBJ_NULL && name == MP_QSTR_sha1) {
        place[0] = MP_OBJ_FROM_PTR(&sha1_type);
    }
}

MP_REGISTER_MODULE_DELEGATION(mp_module_hashlib, sha1_of_hashlib);
