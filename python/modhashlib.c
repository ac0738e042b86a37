/* modhashlib.c: what MicroPython's module hashlib lacks.
 *     sha1([data])         which MicroPython has only together with TLS. WebSocket's handshake needs it (RFC 6455 4.2.2);
 *                          it protects nothing there, and should protect nothing elsewhere
 *     pbkdf2_hmac(name, password, salt, iterations, dklen=None)   as CPython's, with "sha1" and "sha256": a key that
 *                          costs who guesses passwords as much as it says. Events have their turn meanwhile
 *   consumes  bytes of any object with a buffer, of any length, from whoever sent them: read in place
 *   produces  20 bytes, once: then update() and digest() raise ValueError, as MicroPython's other hashes do
 *   when full no memory for the object, the digest or the key: MemoryError
 */
#include <string.h>
#include "python/hash.h"
#include "python/port.h"

#include "py/objstr.h"
#include "py/runtime.h"

#define BLOCK HASH_BLOCK
#define DIGEST 20

struct sha1 {
    mp_obj_base_t base;
    uint32_t state[5];
    uint64_t length; /* bytes so far */
    bool final;      /* its digest has been given: as MicroPython's others it takes no more */
    uint8_t block[BLOCK];
};

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
            hash_sha1.take_block(sha1->state, sha1->block);
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
    mp_arg_check_num(n_args, n_kw, 0, 1, false);
    struct sha1 *sha1 = mp_obj_malloc(struct sha1, type);
    memcpy(sha1->state, hash_sha1.start, sizeof(sha1->state));
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

/* -- pbkdf2_hmac -- */

static const struct hash_kind *kind_of(mp_obj_t name_in)
{
    const char *name = mp_obj_str_get_str(name_in);
    if (strcmp(name, hash_sha256.name) == 0) {
        return &hash_sha256;
    }
    if (strcmp(name, hash_sha1.name) != 0) {
        mp_raise_ValueError(MP_ERROR_TEXT("unsupported hash type"));
    }
    return &hash_sha1;
}

static void let_events_pass(void)
{
    port_yield();
    mp_handle_pending(true);
}

static mp_int_t at_least_one(mp_obj_t value_in, mp_rom_error_text_t otherwise)
{
    mp_int_t value = mp_obj_get_int(value_in);
    if (value < 1 || value > INT32_MAX) {
        mp_raise_ValueError(otherwise);
    }
    return value;
}

static mp_obj_t hashlib_pbkdf2_hmac(size_t n_args, const mp_obj_t *positional, mp_map_t *keywords)
{
    enum { NAME, PASSWORD, SALT, ITERATIONS, LENGTH };
    static const mp_arg_t allowed[] = {
        {MP_QSTR_hash_name, MP_ARG_REQUIRED | MP_ARG_OBJ, {.u_obj = MP_OBJ_NULL}},
        {MP_QSTR_password, MP_ARG_REQUIRED | MP_ARG_OBJ, {.u_obj = MP_OBJ_NULL}},
        {MP_QSTR_salt, MP_ARG_REQUIRED | MP_ARG_OBJ, {.u_obj = MP_OBJ_NULL}},
        {MP_QSTR_iterations, MP_ARG_REQUIRED | MP_ARG_OBJ, {.u_obj = MP_OBJ_NULL}},
        {MP_QSTR_dklen, MP_ARG_OBJ, {.u_obj = MP_ROM_NONE}},
    };
    mp_arg_val_t args[MP_ARRAY_SIZE(allowed)];
    mp_arg_parse_all(n_args, positional, keywords, MP_ARRAY_SIZE(allowed), allowed, args);
    mp_buffer_info_t password, salt;
    mp_get_buffer_raise(args[PASSWORD].u_obj, &password, MP_BUFFER_READ);
    mp_get_buffer_raise(args[SALT].u_obj, &salt, MP_BUFFER_READ);
    struct hash_pbkdf2 of = {
        .kind = kind_of(args[NAME].u_obj),
        .password = password.buf,
        .password_length = password.len,
        .salt = salt.buf,
        .salt_length = salt.len,
        .iterations = (uint32_t)at_least_one(args[ITERATIONS].u_obj, MP_ERROR_TEXT("iteration value must be positive")),
        .pause = let_events_pass,
    };
    size_t length = 4 * of.kind->words;
    if (args[LENGTH].u_obj != mp_const_none) {
        length = (size_t)at_least_one(args[LENGTH].u_obj, MP_ERROR_TEXT("key length must be positive"));
    }
    vstr_t key;
    vstr_init_len(&key, length);
    hash_pbkdf2(&of, (uint8_t *)key.buf, length);
    return mp_obj_new_bytes_from_vstr(&key);
}
static MP_DEFINE_CONST_FUN_OBJ_KW(hashlib_pbkdf2_hmac_obj, 4, hashlib_pbkdf2_hmac);

/* What MicroPython's own module does not have is asked here. */
extern const mp_obj_module_t mp_module_hashlib;

void rest_of_hashlib(mp_obj_t module, qstr name, mp_obj_t *place);

void rest_of_hashlib(mp_obj_t module, qstr name, mp_obj_t *place)
{
    if (place[0] == MP_OBJ_NULL && name == MP_QSTR_sha1) {
        place[0] = MP_OBJ_FROM_PTR(&sha1_type);
    } else if (place[0] == MP_OBJ_NULL && name == MP_QSTR_pbkdf2_hmac) {
        place[0] = MP_OBJ_FROM_PTR(&hashlib_pbkdf2_hmac_obj);
    }
}

MP_REGISTER_MODULE_DELEGATION(mp_module_hashlib, rest_of_hashlib);
