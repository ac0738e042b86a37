/* tests/unit/fs_nfs_zdr.c: XDR and RPC headers byte by byte: what is written, what is read, and what is refused: messages
 * that end early at every place, lengths that lie, lists without end, no memory. Every buffer is of exactly its size, so
 * that the address sanitizer sees a byte too many.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "fs/nfs/counters.h"
#include "nfsc/libnfs-zdr.h"
#include "tests/unit/check.h"

/* zdr.c's calloc(): counted, and refused when a test says so. */
static uint32_t allocated, allocations_left = UINT32_MAX;

void *zdr_test_calloc(size_t count, size_t size)
{
    if (allocations_left == 0) {
        return NULL;
    }
    allocations_left--;
    allocated++;
    void *memory = malloc(count * size);
    memset(memory, 0, count * size);
    return memory;
}

static uint64_t counters_page[COUNTERS_BYTES / sizeof(uint64_t)];
const struct counters_config counters_config = {.page = counters_page};

/* A message under construction or under examination. */
static ZDR zdr;
static uint8_t *bytes;
static uint32_t bytes_size;

static void encode_into(uint32_t size)
{
    free(bytes);
    bytes = malloc(size ? size : 1);
    bytes_size = size;
    memset(bytes, 0xee, size);
    libnfs_zdrmem_create(&zdr, (caddr_t)bytes, size, ZDR_ENCODE);
}

static void decode_from(const void *message, uint32_t size)
{
    free(bytes);
    bytes = malloc(size ? size : 1);
    bytes_size = size;
    memcpy(bytes, message, size);
    libnfs_zdrmem_create(&zdr, (caddr_t)bytes, size, ZDR_DECODE);
}

#define WRITTEN(text) (libnfs_zdr_getpos(&zdr) == sizeof(text) - 1 && memcmp(bytes, text, sizeof(text) - 1) == 0)
#define DECODE(text) decode_from(text, sizeof(text) - 1)

static void test_numbers_are_written(void)
{
    uint32_t u = 0x01020304, e = 7, yes = TRUE;
    int32_t i = -2;
    uint64_t wide = 0x0102030405060708;
    int64_t negative = -2;

    encode_into(32);
    CHECK(libnfs_zdr_u_int(&zdr, &u) && libnfs_zdr_int(&zdr, &i) && libnfs_zdr_enum(&zdr, &e));
    CHECK(libnfs_zdr_bool(&zdr, &yes) && libnfs_zdr_void(&zdr, NULL));
    CHECK(libnfs_zdr_uint64_t(&zdr, &wide) && libnfs_zdr_int64_t(&zdr, &negative));
    CHECK(WRITTEN("\1\2\3\4\xff\xff\xff\xfe\0\0\0\7\0\0\0\1\1\2\3\4\5\6\7\10\xff\xff\xff\xff\xff\xff\xff\xfe"));
    CHECK(!libnfs_zdr_u_int(&zdr, &u)); /* it is full */
    CHECK(libnfs_zdr_setpos(&zdr, 4) && libnfs_zdr_getpos(&zdr) == 4);
    CHECK(libnfs_zdr_u_int(&zdr, &e) && memcmp(bytes + 4, "\0\0\0\7", 4) == 0);
    CHECK(libnfs_zdr_setpos(&zdr, 32) && !libnfs_zdr_setpos(&zdr, 33) && libnfs_zdr_getpos(&zdr) == 32);
    encode_into(7);
    CHECK(!libnfs_zdr_uint64_t(&zdr, &wide));
    encode_into(3);
    CHECK(!libnfs_zdr_u_int(&zdr, &u) && bytes[0] == 0xee);
}

static void test_numbers_are_read(void)
{
    uint32_t u, e, yes;
    int32_t i;
    uint64_t wide;
    int64_t negative;

    DECODE("\1\2\3\4\xff\xff\xff\xfe\0\0\0\7\0\0\0\1\1\2\3\4\5\6\7\10\xff\xff\xff\xff\xff\xff\xff\xfe");
    CHECK(libnfs_zdr_u_int(&zdr, &u) && libnfs_zdr_int(&zdr, &i) && libnfs_zdr_enum(&zdr, &e));
    CHECK(libnfs_zdr_bool(&zdr, &yes) && libnfs_zdr_uint64_t(&zdr, &wide) && libnfs_zdr_int64_t(&zdr, &negative));
    CHECK(u == 0x01020304 && i == -2 && e == 7 && yes == TRUE && wide == 0x0102030405060708 && negative == -2);
    CHECK(!libnfs_zdr_u_int(&zdr, &u));
    DECODE("\1\2\3\4\5\6\7");
    CHECK(!libnfs_zdr_uint64_t(&zdr, &wide));
}

/* RFC 4506 4.9 to 4.11: padded with zeros to four. */
static void test_bytes_are_written(void)
{
    char five[] = "abcde", *text = "xy", *data = "1234567", *nothing = "";
    uint32_t size = 7;

    encode_into(8 + 8 + 12 + 4);
    CHECK(libnfs_zdr_opaque(&zdr, five, 5) && libnfs_zdr_string(&zdr, &text, 2));
    CHECK(libnfs_zdr_bytes(&zdr, &data, &size, 7) && libnfs_zdr_string(&zdr, &nothing, 0));
    CHECK(WRITTEN("abcde\0\0\0\0\0\0\2xy\0\0\0\0\0\7"
                  "1234567\0\0\0\0\0"));
    for (uint32_t room = 0; room < 12; room++) { /* none of them finds room, and none writes outside */
        encode_into(room);
        CHECK(room >= 8 || !libnfs_zdr_opaque(&zdr, five, 5));
        encode_into(room);
        CHECK(room >= 8 || !libnfs_zdr_string(&zdr, &text, 2));
        encode_into(room);
        CHECK(!libnfs_zdr_bytes(&zdr, &data, &size, 7));
    }
    encode_into(100);
    CHECK(!libnfs_zdr_string(&zdr, &text, 1) && !libnfs_zdr_bytes(&zdr, &data, &size, 6)); /* longer than they may be */
}

static void test_bytes_are_read(void)
{
    char fixed[5], *text = NULL, *other = NULL, *data = NULL, own[8] = "-------", *place = own;
    uint32_t size;

    DECODE("abcde\0\0\0\0\0\0\2xy\0\0\0\0\0\4four\0\0\0\7"
           "1234567\0\0\0\0\3abc\0");
    CHECK(libnfs_zdr_opaque(&zdr, fixed, 5) && memcmp(fixed, "abcde", 5) == 0);
    CHECK(libnfs_zdr_string(&zdr, &text, 2) && strcmp(text, "xy") == 0);
    CHECK((uint8_t *)text == bytes + 12); /* in place: there is padding for its end */
    CHECK(libnfs_zdr_string(&zdr, &other, 100) && strcmp(other, "four") == 0);
    CHECK((uint8_t *)other < bytes || (uint8_t *)other >= bytes + bytes_size); /* there was none */
    CHECK(libnfs_zdr_bytes(&zdr, &data, &size, 7) && size == 7 && (uint8_t *)data == bytes + 28);
    CHECK(libnfs_zdr_bytes(&zdr, &place, &size, 8) && size == 3 && memcmp(own, "abc----", 7) == 0);
    CHECK_EQUAL(libnfs_zdr_getpos(&zdr), bytes_size);
    libnfs_zdr_destroy(&zdr);
    CHECK(!zdr.mem);
}

static void test_lengths_that_lie(void)
{
    static const uint32_t lengths[] = {9,          12,         13,         0x7ffffffc, 0x7fffffff,
                                       0x80000000, 0xfffffffc, 0xfffffffd, 0xffffffff};
    char own[16], *text = NULL, *data = NULL, *place = own;
    uint32_t size;

    for (uint32_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        uint8_t message[12] = {(uint8_t)(lengths[i] >> 24), (uint8_t)(lengths[i] >> 16), (uint8_t)(lengths[i] >> 8),
                               (uint8_t)lengths[i]};
        decode_from(message, 12);
        CHECK(!libnfs_zdr_string(&zdr, &text, UINT32_MAX));
        decode_from(message, 12);
        CHECK(!libnfs_zdr_bytes(&zdr, &data, &size, UINT32_MAX));
        decode_from(message, 12);
        CHECK(!libnfs_zdr_bytes(&zdr, &place, &size, sizeof(own)));
        decode_from(message, 12);
        CHECK(!libnfs_zdr_opaque(&zdr, own, lengths[i] < 13 ? 13 : lengths[i]));
        CHECK(!zdr.mem);
    }
    DECODE("\0\0\0\5abcde\0\0\0");
    CHECK(!libnfs_zdr_string(&zdr, &text, 4));
    DECODE("\0\0\0\5abcde\0\0\0");
    CHECK(!libnfs_zdr_bytes(&zdr, &data, &size, 4));
    DECODE("\0\0\0\5abcde"); /* without its padding */
    CHECK(!libnfs_zdr_string(&zdr, &text, 100));
    libnfs_zdrmem_create(&zdr, own, 0x80000000, ZDR_DECODE); /* a message of nonsense has no bytes */
    CHECK(!libnfs_zdr_u_int(&zdr, &size));
}

/* A list, as of directory entries. */
struct entry {
    uint64_t id;
    char *name;
    struct entry *next;
};

static uintptr_t deepest; /* the lowest frame of an entry's decoder */

static uint32_t code_entry(ZDR *to, struct entry *entry)
{
    uintptr_t frame = (uintptr_t)__builtin_frame_address(0);
    deepest = frame < deepest ? frame : deepest;
    return libnfs_zdr_uint64_t(to, &entry->id) && libnfs_zdr_string(to, &entry->name, 255) &&
           libnfs_zdr_pointer(to, (char **)&entry->next, sizeof(struct entry), (zdrproc_t)code_entry);
}

static bool_t code_list(struct entry **list)
{
    return libnfs_zdr_pointer(&zdr, (char **)list, sizeof(struct entry), (zdrproc_t)code_entry);
}

static const char list_message[] = "\0\0\0\1\0\0\0\0\0\0\0\1\0\0\0\3one\0\0\0\0\1\0\0\0\0\0\0\0\2\0\0\0\4four\0\0\0\0";

static void test_lists(void)
{
    struct entry second = {2, "four", NULL}, first = {1, "one", &second}, *list = &first, *none = NULL;

    encode_into(sizeof(list_message) - 1);
    CHECK(code_list(&list) && WRITTEN(list_message));
    for (uint32_t room = 0; room < sizeof(list_message) - 1; room++) {
        encode_into(room);
        CHECK(!code_list(&list));
    }
    encode_into(4);
    CHECK(code_list(&none) && WRITTEN("\0\0\0\0"));
    DECODE(list_message);
    list = NULL;
    CHECK(code_list(&list) && list->id == 1 && strcmp(list->name, "one") == 0);
    CHECK(list->next->id == 2 && strcmp(list->next->name, "four") == 0 && !list->next->next);
    CHECK_EQUAL(libnfs_zdr_getpos(&zdr), bytes_size);
    libnfs_zdr_destroy(&zdr);
    for (uint32_t size = 0; size < sizeof(list_message) - 1; size++) { /* it ends early, at each byte */
        decode_from(list_message, size);
        list = NULL;
        CHECK(!code_list(&list));
        libnfs_zdr_destroy(&zdr);
    }
    for (uint32_t left = 0; left < 3; left++) { /* two entries, and the name that has no padding */
        DECODE(list_message);
        list = NULL;
        allocations_left = left;
        CHECK(!code_list(&list));
        allocations_left = UINT32_MAX;
        libnfs_zdr_destroy(&zdr);
    }
}

/* What an element has beside the next one may be optional, or a list of its own. */
struct group {
    struct entry *names;
    struct group *next;
};

static uint32_t code_group(ZDR *to, struct group *group)
{
    return libnfs_zdr_pointer(to, (char **)&group->names, sizeof(struct entry), (zdrproc_t)code_entry) &&
           libnfs_zdr_pointer(to, (char **)&group->next, sizeof(struct group), (zdrproc_t)code_group);
}

static void test_a_list_of_lists(void)
{
    struct entry b = {2, "b", NULL}, a = {1, "a", &b}, c = {3, "c", NULL};
    struct group third = {&c, NULL}, second = {NULL, &third}, first = {&a, &second}, *list = &first;
    uint8_t message[256];

    encode_into(sizeof(message));
    CHECK(libnfs_zdr_pointer(&zdr, (char **)&list, sizeof(struct group), (zdrproc_t)code_group));
    uint32_t size = libnfs_zdr_getpos(&zdr);
    CHECK_EQUAL(size, 3 * 20 + 2 * 4 + 4 + 3 * 4 + 4); /* entries, their ends, none, groups, the end */
    memcpy(message, bytes, size);
    decode_from(message, size);
    list = NULL;
    CHECK(libnfs_zdr_pointer(&zdr, (char **)&list, sizeof(struct group), (zdrproc_t)code_group));
    CHECK(list->names->id == 1 && list->names->next->id == 2 && !list->names->next->next);
    CHECK(!list->next->names && list->next->next->names->id == 3 && !list->next->next->next);
    CHECK_EQUAL(libnfs_zdr_getpos(&zdr), size);
    libnfs_zdr_destroy(&zdr);
}

/* What one message makes us allocate is bounded, however long it is; and it takes no stack. */
static void test_a_list_of_great_length(void)
{
    static uint8_t message[600 * 20 + 4];
    struct entry *list = NULL;

    for (uint32_t i = 0; i < 600; i++) {
        memcpy(message + i * 20, "\0\0\0\1\0\0\0\0\0\0\0\1\0\0\0\1n\0\0\0", 20);
    }
    decode_from(message, 512 * 20);
    memset(bytes + 511 * 20, 0, 20); /* the end, after 511 */
    allocated = 0;
    deepest = UINTPTR_MAX;
    CHECK(code_list(&list) && allocated == 511);
    CHECK((uintptr_t)__builtin_frame_address(0) - deepest < 4096);
    libnfs_zdr_destroy(&zdr);
    decode_from(message, sizeof(message));
    allocated = 0;
    list = NULL;
    CHECK(!code_list(&list) && allocated == 512);
    libnfs_zdr_destroy(&zdr);
}

static void test_arrays(void)
{
    uint32_t values[] = {1, 2, 3}, *array = values, count = 3;

    encode_into(16);
    CHECK(libnfs_zdr_array(&zdr, (char **)&array, &count, 3, 4, (zdrproc_t)libnfs_zdr_u_int));
    CHECK(WRITTEN("\0\0\0\3\0\0\0\1\0\0\0\2\0\0\0\3"));
    encode_into(15);
    CHECK(!libnfs_zdr_array(&zdr, (char **)&array, &count, 3, 4, (zdrproc_t)libnfs_zdr_u_int));
    encode_into(16);
    CHECK(!libnfs_zdr_array(&zdr, (char **)&array, &count, 2, 4, (zdrproc_t)libnfs_zdr_u_int));
    DECODE("\0\0\0\3\0\0\0\1\0\0\0\2\0\0\0\3");
    array = NULL;
    CHECK(libnfs_zdr_array(&zdr, (char **)&array, &count, 3, 4, (zdrproc_t)libnfs_zdr_u_int));
    CHECK(count == 3 && array[0] == 1 && array[1] == 2 && array[2] == 3);
    libnfs_zdr_destroy(&zdr);
    CHECK(libnfs_zdr_setpos(&zdr, 0) &&
          !libnfs_zdr_array(&zdr, (char **)&array, &count, 2, 4, (zdrproc_t)libnfs_zdr_u_int));
    static const char *const lies[] = {"\0\0\0\4", "\x40\0\0\1", "\x80\0\0\0", "\xff\xff\xff\xff"};
    for (uint32_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
        DECODE("\0\0\0\0\0\0\0\1\0\0\0\2\0\0\0\3");
        memcpy(bytes, lies[i], 4);
        CHECK(!libnfs_zdr_array(&zdr, (char **)&array, &count, UINT32_MAX, 4, (zdrproc_t)libnfs_zdr_u_int) && !zdr.mem);
    }
    DECODE("\0\0\0\1\0\0\0\1"); /* elements that take more of the message than of it is there */
    CHECK(!libnfs_zdr_array(&zdr, (char **)&array, &count, 1, 8, (zdrproc_t)libnfs_zdr_uint64_t));
    libnfs_zdr_destroy(&zdr);
    DECODE("\0\0\0\1\0\0\0\1");
    allocations_left = 0;
    CHECK(!libnfs_zdr_array(&zdr, (char **)&array, &count, 1, 4, (zdrproc_t)libnfs_zdr_u_int));
    allocations_left = UINT32_MAX;
}

/* -- RFC 5531 section 9 -- */

static void test_calls(void)
{
    struct rpc_msg call = {.xid = 0x11223344, .direction = CALL};

    call.body.cbody = (struct call_body){.rpcvers = 2, .prog = 100003, .vers = 3, .proc = 6};
    call.body.cbody.cred = (struct opaque_auth){.oa_flavor = AUTH_UNIX, .oa_base = "cred", .oa_length = 4};
    static const char expected[] = "\x11\x22\x33\x44\0\0\0\0\0\0\0\2\0\1\x86\xa3\0\0\0\3\0\0\0\6"
                                   "\0\0\0\1\0\0\0\4cred\0\0\0\0\0\0\0\0";
    encode_into(sizeof(expected) - 1);
    CHECK(libnfs_zdr_callmsg(NULL, &zdr, &call) && WRITTEN(expected));
    call.body.cbody.prog = 100005; /* the mount daemon's */
    encode_into(sizeof(expected) - 1);
    CHECK(libnfs_zdr_callmsg(NULL, &zdr, &call));
    call.body.cbody.prog = 100003;
    for (uint32_t room = 0; room < sizeof(expected) - 1; room++) {
        encode_into(room);
        CHECK(!libnfs_zdr_callmsg(NULL, &zdr, &call));
    }
    DECODE(expected);
    CHECK(!libnfs_zdr_callmsg(NULL, &zdr, &call)); /* we serve nobody */
    CHECK(nfs_counts()->calls_read == 1 && nfs_counts()->calls_null + nfs_counts()->calls_lookup == 0);
    encode_into(100);
    CHECK(!libnfs_zdr_replymsg(NULL, &zdr, &call));
}

static uint32_t where;
static struct rpc_msg reply;

static bool_t read_reply(void)
{
    memset(&reply, 0, sizeof(reply));
    where = 0;
    reply.body.rbody.reply.areply.reply_data.results.where = (caddr_t)&where;
    reply.body.rbody.reply.areply.reply_data.results.proc = (zdrproc_t)libnfs_zdr_u_int;
    return libnfs_zdr_replymsg(NULL, &zdr, &reply);
}

#define XID "\0\0\0\x2a"
#define HEAD XID "\0\0\0\1"                      /* REPLY */
#define ACCEPTED HEAD "\0\0\0\0\0\0\0\0\0\0\0\0" /* no verifier */
#define DENIED HEAD "\0\0\0\1"

/* Each form is read, and refused where it ends early. */
#define READ_ALL_OF(message)                                          \
    do {                                                              \
        for (uint32_t size = 0; size < sizeof(message) - 1; size++) { \
            decode_from(message, size);                               \
            CHECK(!read_reply());                                     \
        }                                                             \
        DECODE(message);                                              \
        CHECK(read_reply() && reply.xid == 42);                       \
    } while (0)

static void test_replies(void)
{
    const struct reply_body *body = &reply.body.rbody;

    READ_ALL_OF(ACCEPTED "\0\0\0\0\0\0\0\7");
    CHECK(body->stat == MSG_ACCEPTED && body->reply.areply.stat == SUCCESS && where == 7);
    READ_ALL_OF(HEAD "\0\0\0\0\0\0\0\6\0\0\0\5verif\0\0\0"
                     "\0\0\0\0\0\0\0\7");
    CHECK(body->reply.areply.verf.oa_flavor == 6 && body->reply.areply.verf.oa_length == 5 && where == 7);
    READ_ALL_OF(ACCEPTED "\0\0\0\2\0\0\0\3\0\0\0\4");
    CHECK(body->reply.areply.stat == PROG_MISMATCH && body->reply.areply.reply_data.mismatch_info.low == 3);
    CHECK(body->reply.areply.reply_data.mismatch_info.high == 4);
    READ_ALL_OF(ACCEPTED "\0\0\0\1");
    READ_ALL_OF(ACCEPTED "\0\0\0\3");
    READ_ALL_OF(ACCEPTED "\0\0\0\4");
    READ_ALL_OF(ACCEPTED "\0\0\0\5");
    READ_ALL_OF(ACCEPTED "\0\0\0\x63"); /* none of RFC 5531's: libnfs says so */
    CHECK(body->reply.areply.stat == 0x63 && where == 0);
    READ_ALL_OF(DENIED "\0\0\0\0\0\0\0\2\0\0\0\2");
    CHECK(body->stat == MSG_DENIED && body->reply.rreply.stat == RPC_MISMATCH);
    CHECK(body->reply.rreply.reject_data.mismatch_info.low == 2);
    READ_ALL_OF(DENIED "\0\0\0\1\0\0\0\5");
    CHECK(body->reply.rreply.stat == AUTH_ERROR && body->reply.rreply.reject_data.stat == AUTH_TOOWEAK);
    DECODE(HEAD "\0\0\0\2\0\0\0\0\0\0\0\0\0\0\0\0");
    CHECK(!read_reply()); /* neither accepted nor denied */
    DECODE(XID "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\7");
    CHECK(!read_reply()); /* a call */
}

/* RFC 5531 8.2: of 400 bytes at most. */
static void test_a_long_verifier(void)
{
    static uint8_t message[12 + 8 + 404 + 8] = HEAD;

    memcpy(message + 12, "\0\0\0\1\0\0\1\x90", 8);
    decode_from(message, 12 + 8 + 400 + 8);
    CHECK(read_reply());
    message[19] = 0x91;
    decode_from(message, sizeof(message));
    CHECK(!read_reply());
}

static void test_credentials(void)
{
    uint32_t groups[] = {5, 6};
    struct AUTH *auth = libnfs_authunix_create("host5", 1, 2, 2, groups);

    CHECK(auth->ah_cred.oa_flavor == AUTH_UNIX && auth->ah_cred.oa_length == 36 && auth->ah_verf.oa_length == 0);
    CHECK(memcmp(auth->ah_cred.oa_base, "\0\0\0\0\0\0\0\5host5\0\0\0\0\0\0\1\0\0\0\2\0\0\0\2\0\0\0\5\0\0\0\6", 36) ==
          0);
    libnfs_auth_destroy(auth);
    auth = libnfs_authunix_create_default();
    uint32_t uid = getuid();
    CHECK(auth->ah_cred.oa_length == 28 && memcmp(auth->ah_cred.oa_base + 4, "\0\0\0\6serval\0\0", 12) == 0);
    CHECK((uint8_t)auth->ah_cred.oa_base[19] == (uid & 0xff));
    libnfs_auth_destroy(auth);
    auth = libnfs_authnone_create();
    CHECK(auth->ah_cred.oa_flavor == AUTH_NONE && auth->ah_cred.oa_length == 0);
    libnfs_auth_destroy(auth);
    allocations_left = 0;
    CHECK(!libnfs_authunix_create("host", 1, 2, 0, NULL) && !libnfs_authnone_create());
    allocations_left = UINT32_MAX;
}

/* libnfs frees what belongs to the message: nothing is freed twice. */
void *zdr_malloc(ZDR *of, uint32_t size);

static void test_memory(void)
{
    char *text = NULL;

    DECODE("\0\0\0\4four");
    CHECK(libnfs_zdr_string(&zdr, &text, 4));
    libnfs_zdr_free((zdrproc_t)libnfs_zdr_string, (char *)&text);
    CHECK(strcmp(text, "four") == 0);
    memset(zdr_malloc(&zdr, 100), 1, 100);
    libnfs_zdr_destroy(&zdr);
    libnfs_zdr_destroy(&zdr);
}

int main(void)
{
    test_numbers_are_written();
    test_numbers_are_read();
    test_bytes_are_written();
    test_bytes_are_read();
    test_lengths_that_lie();
    test_lists();
    test_a_list_of_lists();
    test_a_list_of_great_length();
    test_arrays();
    test_calls();
    test_replies();
    test_a_long_verifier();
    test_credentials();
    test_memory();
    free(bytes);
    return 0;
}
