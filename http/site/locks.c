/* http/site/locks.c: who may see what a mount has: those who say a user's name and password (RFC 7617).
 *   consumes  an Authorization field's value   from a client, NOT trusted: any text
 *   produces  yes or no, in a time that says nothing of how much of it is right
 */
#include "http/parse/text.h"
#include "http/site/mounts.h"

/* Behind "Basic"; as the client has put name and password together. */
static bool take_credentials(struct http_slice authorization, struct http_slice *credentials)
{
    const char *at = authorization.at, *end = at ? at + authorization.length : at;
    if (end - at < 7 || !http_same(at, "basic", 5) || at[5] != ' ') {
        return false;
    }
    *credentials = http_trim(at + 6, end);
    return credentials->length > 0;
}

/* Every byte of `right` is looked at, whatever `said` is. */
static bool is_same(struct http_slice right, struct http_slice said)
{
    uint32_t difference = right.length ^ said.length;
    for (uint32_t i = 0; i < right.length; i++) {
        difference |= (uint8_t)(right.at[i] ^ said.at[i < said.length ? i : 0]);
    }
    return difference == 0;
}

bool site_unlocks(uint8_t number, struct http_slice authorization)
{
    const struct mount *mount = site_mount_with_number(number);
    struct http_slice said, right;
    if (!mount || !mount->locked) {
        return true;
    }
    if (!take_credentials(authorization, &said)) {
        return false;
    }
    bool any = false;
    for (const char *at = mount->policy.rules; site_next_rule(&at, RULE_USER, &right);) {
        any |= is_same(right, said); /* all are looked at */
    }
    return any;
}

/* What a quoted string may have as it is; of the rest, which is rare, a browser shows nothing that matters. */
void site_put_realm(uint8_t number, char realm[SITE_REALM_MAX])
{
    const struct mount *mount = site_mount_with_number(number);
    uint32_t length = 0;
    for (; mount && length < SITE_REALM_MAX - 1 && length < mount->prefix_length; length++) {
        char c = mount->prefix[length];
        realm[length] = http_is(c, CLASS_TOKEN) || c == '/' ? c : '_';
    }
    realm[length] = '\0';
}
