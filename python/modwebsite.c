/* modwebsite.c: module `_website`: the native front (http/) as website.py sees it,
 * where the author's words are checked.
 *
 *     mount(prefix, folder, pages, others, fields, flags, claims)     flags: PRECOMPRESSED, INTERNAL; a program's first
 *                          one ends what the program before it had mounted and claimed, in one step
 *     listen(port)
 *     claims([(text, exact, gets), ..])      in place of those before; False: too many, all requests are claimed
 *     not_found(flag)      what the site does not have is the application's
 *     clean(path)          the path that it means, decoded; None: the site cannot have it
 *     chunk_size(line)     of a chunk's first line, with its end; None: it is none
 *     is_trailer(line)     behind the last chunk
 *     counters()           a dict
 *     Connection           connection.c
 */
#include "lib/pd.h"

#include <string.h>
#include "http/cache.h"
#include "http/chunk.h"
#include "http/request.h"
#include "http/server.h"
#include "http/site/site.h"
#include "python/config.h"
#include "python/endpoint.h"
#include "python/files.h"
#include "python/modwebsite.h"
#include "python/port.h"

#include "py/mperrno.h"
#include "py/runtime.h"

enum { PRECOMPRESSED_ = 1, INTERNAL_ = 2 };

static void need_front(void)
{
    if (!python_config.front) {
        mp_raise_OSError(MP_ENODEV);
    }
}

static void copy_text(mp_obj_t text_in, char text[SITE_TEXT_MAX])
{
    size_t length;
    const char *at = mp_obj_str_get_data(text_in, &length);
    if (length >= SITE_TEXT_MAX || memchr(at, 0, length)) {
        mp_raise_ValueError(MP_ERROR_TEXT("text too long"));
    }
    memcpy(text, at, length);
    text[length] = 0;
}

static bool claim(mp_obj_t route)
{
    mp_obj_t *items;
    mp_obj_get_array_fixed_n(route, 3, &items);
    return http_claim(mp_obj_str_get_str(items[0]), mp_obj_is_true(items[1]), mp_obj_is_true(items[2]), true);
}

static bool set_claims(mp_obj_t list)
{
    mp_obj_t *routes;
    size_t count;
    mp_obj_get_array(list, &count, &routes);
    http_claims_clear();
    for (size_t i = 0; i < count; i++) {
        if (!claim(routes[i])) {
            http_claims_clear();
            http_claim("/", false, true, true);
            return false;
        }
    }
    return true;
}

static mp_obj_t website_claims(mp_obj_t list)
{
    need_front();
    return mp_obj_new_bool(set_claims(list));
}
static MP_DEFINE_CONST_FUN_OBJ_1(website_claims_obj, website_claims);

static mp_obj_t website_mount(size_t n_args, const mp_obj_t *args)
{
    struct site_policy policy = {0};
    char prefix[SITE_TEXT_MAX], folder[SITE_TEXT_MAX];
    need_front();
    copy_text(args[0], prefix);
    copy_text(args[1], folder);
    copy_text(args[2], policy.pages);
    copy_text(args[3], policy.others);
    copy_text(args[4], policy.fields);
    mp_int_t flags = mp_obj_get_int(args[5]);
    policy.precompressed = flags & PRECOMPRESSED_;
    policy.internal = flags & INTERNAL_;
    endpoint_http_take_site();
    set_claims(args[6]);
    if (!site_mount(prefix, folder, &policy)) {
        mp_raise_ValueError(MP_ERROR_TEXT("one mount too many"));
    }
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(website_mount_obj, 7, 7, website_mount);

static mp_obj_t website_listen(mp_obj_t port_in)
{
    mp_int_t port = mp_obj_get_int(port_in);
    need_front();
    if (!http_owns((uint16_t)port) && !http_listen((uint16_t)port)) {
        mp_raise_OSError(MP_EADDRINUSE);
    }
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(website_listen_obj, website_listen);

static mp_obj_t website_not_found(mp_obj_t flag)
{
    need_front();
    http_not_found_is_the_apps(mp_obj_is_true(flag));
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(website_not_found_obj, website_not_found);

static mp_obj_t website_clean(mp_obj_t path_in)
{
    size_t length;
    char clean[HTTP_PATH_MAX];
    struct http_slice path = {.at = mp_obj_str_get_data(path_in, &length)};
    path.length = (uint32_t)length;
    length = http_path_clean(path, clean);
    return length ? mp_obj_new_str(clean, length) : mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(website_clean_obj, website_clean);

static struct http_slice slice_of(mp_obj_t bytes_in)
{
    mp_buffer_info_t bytes;
    mp_get_buffer_raise(bytes_in, &bytes, MP_BUFFER_READ);
    return (struct http_slice){bytes.buf, (uint32_t)bytes.len};
}

static mp_obj_t website_chunk_size(mp_obj_t line)
{
    uint64_t size;
    return http_chunk_size(slice_of(line), &size) ? mp_obj_new_int_from_ull(size) : mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(website_chunk_size_obj, website_chunk_size);

static mp_obj_t website_is_trailer(mp_obj_t line)
{
    return mp_obj_new_bool(http_is_trailer(slice_of(line)));
}
static MP_DEFINE_CONST_FUN_OBJ_1(website_is_trailer_obj, website_is_trailer);

static void put(mp_obj_t dict, qstr name, uint64_t value)
{
    mp_obj_dict_store(dict, MP_OBJ_NEW_QSTR(name), mp_obj_new_int_from_ull(value));
}

static mp_obj_t website_counters(void)
{
    struct http_counters front;
    struct cache_counters cache;
    mp_obj_t dict = mp_obj_new_dict(20);
    need_front();
    http_counters(&front);
    cache_counters(&cache);
    put(dict, MP_QSTR_connections, front.connections);
    put(dict, MP_QSTR_exchanges, front.exchanges);
    put(dict, MP_QSTR_accepted, front.accepted);
    put(dict, MP_QSTR_requests, front.requests);
    put(dict, MP_QSTR_files, front.files);
    put(dict, MP_QSTR_handed_over, front.handed_over);
    put(dict, MP_QSTR_refused, front.refused);
    put(dict, MP_QSTR_timed_out, front.timed_out);
    put(dict, MP_QSTR_given_way, front.given_way);
    put(dict, MP_QSTR_broken, front.broken);
    put(dict, MP_QSTR_cache_entries, cache.entries);
    put(dict, MP_QSTR_cache_pieces, cache.pieces);
    put(dict, MP_QSTR_cache_memory, cache.memory);
    put(dict, MP_QSTR_cache_memory_max, cache.memory_max);
    put(dict, MP_QSTR_cache_hits, cache.hits);
    put(dict, MP_QSTR_cache_looks, cache.looks);
    put(dict, MP_QSTR_cache_reads, cache.reads);
    put(dict, MP_QSTR_cache_evictions, cache.evictions);
    put(dict, MP_QSTR_cache_stale, cache.stale);
    return dict;
}
static MP_DEFINE_CONST_FUN_OBJ_0(website_counters_obj, website_counters);

static const mp_rom_map_elem_t website_globals_table[] = {
    {MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR__website)},
    {MP_ROM_QSTR(MP_QSTR_mount), MP_ROM_PTR(&website_mount_obj)},
    {MP_ROM_QSTR(MP_QSTR_listen), MP_ROM_PTR(&website_listen_obj)},
    {MP_ROM_QSTR(MP_QSTR_claims), MP_ROM_PTR(&website_claims_obj)},
    {MP_ROM_QSTR(MP_QSTR_not_found), MP_ROM_PTR(&website_not_found_obj)},
    {MP_ROM_QSTR(MP_QSTR_clean), MP_ROM_PTR(&website_clean_obj)},
    {MP_ROM_QSTR(MP_QSTR_chunk_size), MP_ROM_PTR(&website_chunk_size_obj)},
    {MP_ROM_QSTR(MP_QSTR_is_trailer), MP_ROM_PTR(&website_is_trailer_obj)},
    {MP_ROM_QSTR(MP_QSTR_counters), MP_ROM_PTR(&website_counters_obj)},
    {MP_ROM_QSTR(MP_QSTR_Connection), MP_ROM_PTR(&website_connection_type)},
    {MP_ROM_QSTR(MP_QSTR_PRECOMPRESSED), MP_ROM_INT(PRECOMPRESSED_)},
    {MP_ROM_QSTR(MP_QSTR_INTERNAL), MP_ROM_INT(INTERNAL_)},
};
static MP_DEFINE_CONST_DICT(website_globals, website_globals_table);

const mp_obj_module_t website_module = {
    .base = {&mp_type_module},
    .globals = (mp_obj_dict_t *)&website_globals,
};

MP_REGISTER_MODULE(MP_QSTR__website, website_module);
