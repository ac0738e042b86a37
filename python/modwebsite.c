/* modwebsite.c: module `_website`: the site's front as website.py sees it, where the author's words are checked.
 *
 *     mount(prefix, folder, fields, rules, flags, claims, not_found, port)      flags: PRECOMPRESSED, INTERNAL; rules:
 *                          http/site/rules.h. The front has it when this returns; what it refuses is a ValueError or
 *                          OSError, and what was before holds. A program's first one ends what the program before it
 *                          had mounted and claimed
 *     attach(claims, not_found, port)      the same without a mount: the site stays as it is described
 *     claims([(text, exact, gets), ..])      in place of those before; too many, and all requests are claimed
 *     not_found(flag)      what the site does not have is the application's. Both are told when the program's turn ends
 *     clean(path)          the path that it means, decoded; None: the site cannot have it
 *     counters()           a dict; those of TLS where the front has it
 *     forget()             the next change of the site takes the place of all that this program has mounted and claimed
 *     serve(flag)          requests are taken, or no more
 *     await accept()       a Request (request.c); None: no more; False: somebody is to look, as look_every() says
 *     start(coroutine)     as a task, its first step at once (asyncio_start.h)
 *     look_every(ms)       a request that comes later than this after the last look waits: somebody is to look first
 *                          for changes of the program's files. So when the site did not have what somebody asked for;
 *                          0: nobody looks
 *     when_busy(ms, function)      called with None, between two steps of a program that has not come back to its event
 *                          loop for so long, whatever it does, and each time that has passed again; it may call begin_anew()
 *     under_way()          requests that have been taken and are not answered yet
 *     requests()           how many the front has had, whoever answers them
 *     is_frozen(path)      whether the image has a module there
 *     gzip(body, accept_encoding)      bytes, or None (gzip.c)
 *     begin_anew()         the interpreter starts anew at once, past all the program's handlers. Does not return
 *
 * Serves website.py and whoever imports it, NOT trusted with numbers: each argument is checked before the front hears of
 * it. Trusts the front's answers (control.c checks their form).
 *   when full of mounts or their text it is a ValueError, and the site stays as it was; of claims the program has all
 *             requests; of requests the front says 503 (incoming.c). Of memory it is MemoryError
 */
#include "lib/pd.h"

#include <string.h>
#include "http/parse/request.h"
#include "python/asyncio_start.h"
#include "python/config.h"
#include "python/control.h"
#include "python/modwebsite.h"
#include "python/port.h"

#include "py/frozenmod.h"
#include "py/mperrno.h"
#include "py/runtime.h"

#define ATTACH_ARGUMENTS 3
#define MOUNT_ARGUMENTS (APP_MOUNT_TEXTS + 1 + ATTACH_ARGUMENTS)

static void need_site(void)
{
    if (!python_config.site) {
        mp_raise_OSError(MP_ENODEV);
    }
}

/* -- what the site is -- */

static void add_routes(mp_obj_t list)
{
    mp_obj_t *routes, *items;
    size_t count;
    mp_obj_get_array(list, &count, &routes);
    for (size_t i = 0; i < count; i++) { /* before anything changes */
        mp_obj_get_array_fixed_n(routes[i], 3, &items);
        mp_obj_str_get_str(items[0]);
    }
    control_no_routes();
    for (size_t i = 0; i < count; i++) {
        struct control_text text;
        mp_obj_get_array_fixed_n(routes[i], 3, &items);
        text.at = mp_obj_str_get_data(items[0], &text.length);
        if (!control_route(text, mp_obj_is_true(items[1]), mp_obj_is_true(items[2]))) {
            control_no_routes();
            control_route((struct control_text){"/", 1}, false, true);
            return;
        }
    }
}

static mp_obj_t website_claims(mp_obj_t list)
{
    need_site();
    control_take_site();
    add_routes(list);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(website_claims_obj, website_claims);

static mp_obj_t website_not_found(mp_obj_t flag)
{
    need_site();
    control_take_site();
    control_set_not_found(mp_obj_is_true(flag));
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(website_not_found_obj, website_not_found);

static void raise_refusal(int status)
{
    switch ((enum app_site_status)status) {
    case APP_SITE_OK: return;
    case APP_SITE_TOO_MANY: mp_raise_ValueError(MP_ERROR_TEXT("one mount too many"));
    case APP_SITE_TOO_LONG: mp_raise_ValueError(MP_ERROR_TEXT("text too long"));
    case APP_SITE_NO_FOLDER: mp_raise_ValueError(MP_ERROR_TEXT("prefix or folder is none"));
    case APP_SITE_FIELDS: mp_raise_ValueError(MP_ERROR_TEXT("headers or rules that may not be, or too long"));
    case APP_SITE_PORT: mp_raise_OSError(MP_EADDRINUSE);
    case APP_SITE_NONSENSE: break;
    }
    mp_raise_OSError(MP_EIO);
}

/* texts: of a mount, or NULL. args: flags, where there is one; claims, not_found, port. */
static void change_site(const struct control_text *texts, const mp_obj_t *args)
{
    control_take_site();
    if (texts && !control_mount(texts, (uint16_t)mp_obj_get_int(*args++))) {
        raise_refusal(APP_SITE_TOO_MANY);
    }
    control_set_port((uint16_t)mp_obj_get_int(args[2]));
    control_set_not_found(mp_obj_is_true(args[1]));
    add_routes(args[0]);
    uint32_t which;
    raise_refusal(control_commit(&which));
}

/* As a whole, or not at all. */
static mp_obj_t try_to_change_site(const struct control_text *texts, const mp_obj_t *args)
{
    struct control_site before = control_site();
    byte *kept = m_new(byte, before.count);
    memcpy(kept, before.bytes, before.count);
    nlr_buf_t nlr;
    if (nlr_push(&nlr) == 0) {
        change_site(texts, args);
        nlr_pop();
        m_del(byte, kept, before.count);
        return mp_const_none;
    }
    control_put_back(&before, kept);
    nlr_jump(nlr.ret_val);
}

static mp_obj_t website_attach(size_t n_args, const mp_obj_t *args)
{
    need_site();
    return try_to_change_site(NULL, args);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(website_attach_obj, ATTACH_ARGUMENTS, ATTACH_ARGUMENTS, website_attach);

static mp_obj_t website_mount(size_t n_args, const mp_obj_t *args)
{
    struct control_text texts[APP_MOUNT_TEXTS];
    need_site();
    for (size_t i = 0; i < APP_MOUNT_TEXTS; i++) {
        texts[i].at = mp_obj_str_get_data(args[i], &texts[i].length);
        if (texts[i].length > UINT16_MAX) {
            mp_raise_ValueError(MP_ERROR_TEXT("text too long"));
        }
        if (memchr(texts[i].at, 0, texts[i].length)) {
            mp_raise_ValueError(MP_ERROR_TEXT("embedded null"));
        }
    }
    return try_to_change_site(texts, args + APP_MOUNT_TEXTS);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(website_mount_obj, MOUNT_ARGUMENTS, MOUNT_ARGUMENTS, website_mount);

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

/* -- requests -- */

static mp_obj_t website_serve(mp_obj_t flag)
{
    need_site();
    return acceptor_serve(flag);
}
static MP_DEFINE_CONST_FUN_OBJ_1(website_serve_obj, website_serve);

static MP_DEFINE_CONST_FUN_OBJ_0(website_accept_obj, acceptor_accept);

static mp_obj_t website_start(mp_obj_t coroutine)
{
    asyncio_start(coroutine);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(website_start_obj, website_start);

/* -- the program's end -- */

static mp_obj_t website_look_every(mp_obj_t ms)
{
    mp_int_t every = mp_obj_get_int(ms);
    need_site();
    acceptor_look_every(every > 0 ? (uint64_t)every * 1000000 : 0);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(website_look_every_obj, website_look_every);

static void program_is_busy(void)
{
    mp_sched_schedule(MP_STATE_VM(website_when_busy), mp_const_none);
}

static mp_obj_t website_when_busy(mp_obj_t ms, mp_obj_t function)
{
    mp_int_t after = mp_obj_get_int(ms);
    MP_STATE_VM(website_when_busy) = function;
    port_when_busy((uint64_t)(after > 0 ? after : 0) * 1000000, program_is_busy);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(website_when_busy_obj, website_when_busy);
MP_REGISTER_ROOT_POINTER(mp_obj_t website_when_busy);

static mp_obj_t website_under_way(void)
{
    return MP_OBJ_NEW_SMALL_INT(incoming_under_way());
}
static MP_DEFINE_CONST_FUN_OBJ_0(website_under_way_obj, website_under_way);

static mp_obj_t website_forget(void)
{
    control_program_begins();
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_0(website_forget_obj, website_forget);

static mp_obj_t website_requests(void)
{
    need_site();
    return mp_obj_new_int_from_ull(control_counters()->requests);
}
static MP_DEFINE_CONST_FUN_OBJ_0(website_requests_obj, website_requests);

static mp_obj_t website_is_frozen(mp_obj_t path)
{
    return mp_obj_new_bool(mp_find_frozen_module(mp_obj_str_get_str(path), NULL, NULL) != MP_IMPORT_STAT_NO_EXIST);
}
static MP_DEFINE_CONST_FUN_OBJ_1(website_is_frozen_obj, website_is_frozen);

static mp_obj_t website_begin_anew(void)
{
    port_end_program(NULL);
    mp_raise_type(&mp_type_SystemExit); /* of the prompt's program */
}
static MP_DEFINE_CONST_FUN_OBJ_0(website_begin_anew_obj, website_begin_anew);

static MP_DEFINE_CONST_FUN_OBJ_2(website_gzip_obj, website_gzip);

/* -- numbers -- */

static void put(mp_obj_t dict, qstr name, uint64_t value)
{
    mp_obj_dict_store(dict, MP_OBJ_NEW_QSTR(name), mp_obj_new_int_from_ull(value));
}

#define PUT(name) put(dict, MP_QSTR_##name, counters.name);
#define PUT_CACHE(name) PUT(cache_##name)
#define PUT_TLS(name) PUT(tls_##name)

static mp_obj_t website_counters(void)
{
    need_site();
    mp_obj_t dict = mp_obj_new_dict(20);
    struct app_counters counters = *control_counters(); /* the next ones are put in the same place */
    APP_COUNTERS_FRONT(PUT)
    PUT(nonsense)
    APP_COUNTERS_CACHE(PUT_CACHE)
    if (counters.has_tls) {
        APP_COUNTERS_HANDSHAKES(PUT_TLS)
        APP_COUNTERS_RECORDS(PUT_TLS)
    }
    return dict;
}
static MP_DEFINE_CONST_FUN_OBJ_0(website_counters_obj, website_counters);

static const mp_rom_map_elem_t website_globals_table[] = {
    {MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR__website)},
    {MP_ROM_QSTR(MP_QSTR_mount), MP_ROM_PTR(&website_mount_obj)},
    {MP_ROM_QSTR(MP_QSTR_attach), MP_ROM_PTR(&website_attach_obj)},
    {MP_ROM_QSTR(MP_QSTR_claims), MP_ROM_PTR(&website_claims_obj)},
    {MP_ROM_QSTR(MP_QSTR_not_found), MP_ROM_PTR(&website_not_found_obj)},
    {MP_ROM_QSTR(MP_QSTR_clean), MP_ROM_PTR(&website_clean_obj)},
    {MP_ROM_QSTR(MP_QSTR_counters), MP_ROM_PTR(&website_counters_obj)},
    {MP_ROM_QSTR(MP_QSTR_forget), MP_ROM_PTR(&website_forget_obj)},
    {MP_ROM_QSTR(MP_QSTR_serve), MP_ROM_PTR(&website_serve_obj)},
    {MP_ROM_QSTR(MP_QSTR_accept), MP_ROM_PTR(&website_accept_obj)},
    {MP_ROM_QSTR(MP_QSTR_start), MP_ROM_PTR(&website_start_obj)},
    {MP_ROM_QSTR(MP_QSTR_look_every), MP_ROM_PTR(&website_look_every_obj)},
    {MP_ROM_QSTR(MP_QSTR_when_busy), MP_ROM_PTR(&website_when_busy_obj)},
    {MP_ROM_QSTR(MP_QSTR_under_way), MP_ROM_PTR(&website_under_way_obj)},
    {MP_ROM_QSTR(MP_QSTR_requests), MP_ROM_PTR(&website_requests_obj)},
    {MP_ROM_QSTR(MP_QSTR_is_frozen), MP_ROM_PTR(&website_is_frozen_obj)},
    {MP_ROM_QSTR(MP_QSTR_gzip), MP_ROM_PTR(&website_gzip_obj)},
    {MP_ROM_QSTR(MP_QSTR_begin_anew), MP_ROM_PTR(&website_begin_anew_obj)},
    {MP_ROM_QSTR(MP_QSTR_PRECOMPRESSED), MP_ROM_INT(APP_PRECOMPRESSED)},
    {MP_ROM_QSTR(MP_QSTR_INTERNAL), MP_ROM_INT(APP_INTERNAL)},
};
static MP_DEFINE_CONST_DICT(website_globals, website_globals_table);

const mp_obj_module_t website_module = {
    .base = {&mp_type_module},
    .globals = (mp_obj_dict_t *)&website_globals,
};

MP_REGISTER_MODULE(MP_QSTR__website, website_module);
